"""Boundaries and lines as shapes, checked, and the plane of equal areas that they are simulated in."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulator.clocks import Array
from simulator.geojson import MOST_BYTES, MOST_POSITIONS, Reading, Row, read_parts
from simulator.json_text import Path

if TYPE_CHECKING:
    from pyproj import Proj
    from shapely import LineString, MultiLineString, MultiPolygon, Polygon
    from shapely.geometry.base import BaseGeometry

__all__ = [
    "MOST_BYTES",
    "MOST_POSITIONS",
    "Projection",
    "projected",
    "projected_points",
    "projection_of",
    "read_boundary",
    "read_line",
    "unprojected",
]

_LONGEST_EDGE = 0.05  # degrees
_PLACE = re.compile(r"\[(\S+) (\S+)\]")


@dataclass(frozen=True, slots=True)
class Projection:
    """Lambert's azimuthal equal-area projection of WGS 84 around a centre [degrees]; its plane is in km."""

    longitude: float
    latitude: float


def read_boundary(text: str, name: str) -> "Polygon | MultiPolygon":
    """Read the polygons of a GeoJSON file, united, in degrees; ``name`` is what messages call the file.

    Raises InputError with every problem found, each at its place in the text.
    """
    import shapely

    reading = read_parts(text, name, ("Polygon", "MultiPolygon"), geographic=True)
    polygons = [_polygon(reading, rings) for rings in reading.parts]
    reading.refuse_problems()
    boundary = polygons[0] if len(polygons) == 1 else shapely.union_all(polygons)
    _check_extent(reading, boundary)
    return boundary


def read_line(text: str, name: str, *, geographic: bool = True) -> "LineString | MultiLineString":
    """Read the lines of a GeoJSON file, in degrees; without ``geographic``, in km from a rectangle's south-west corner.

    Raises InputError with every problem found, each at its place in the text.
    """
    import shapely

    reading = read_parts(text, name, ("LineString", "MultiLineString"), geographic=geographic)
    rows = [row for part in reading.parts for row in part]
    lines = [shapely.LineString(row) for _, row in rows]
    for (path, _), line in zip(rows, lines, strict=True):
        if not line.length > 0:
            reading.add(path, "has no length: all its positions are the same")
    reading.refuse_problems()
    line = lines[0] if len(lines) == 1 else shapely.MultiLineString(lines)
    if geographic:
        _check_extent(reading, line)
    return line


def projection_of(boundary: "BaseGeometry") -> Projection:
    """Choose the projection of a region given in degrees: its centre is the middle of the region's extent."""
    west, south, east, north = boundary.bounds
    return Projection(round((west + east) / 2, 3), round((south + north) / 2, 3))


def projected(geometry: "BaseGeometry", projection: Projection) -> "BaseGeometry":
    """Bring a geometry from degrees to km in the plane; its edges are straight in degrees, so they are cut short first.

    Polygons stay valid.
    """
    import shapely

    dense = shapely.segmentize(geometry, _LONGEST_EDGE)
    flat = shapely.transform(dense, lambda at: np.column_stack(projected_points(at[:, 0], at[:, 1], projection)))
    if flat.geom_type in {"Polygon", "MultiPolygon"} and not flat.is_valid:
        # A ring that touches the middle of an edge in degrees may cross it by a hair in the plane.
        return shapely.make_valid(flat, method="structure", keep_collapsed=False)
    return flat


def projected_points(longitude: Array, latitude: Array, projection: Projection) -> tuple[Array, Array]:
    """Bring points [degrees] to the plane [km]; the point opposite of the centre is infinitely far."""
    x_km, y_km = _lambert(projection)(np.array(longitude, dtype=float), np.array(latitude, dtype=float))
    return x_km, y_km


def unprojected(geometry: "BaseGeometry", projection: Projection) -> "BaseGeometry":
    """Bring a geometry from km in the plane back to degrees, position by position."""
    import shapely

    lambert = _lambert(projection)
    return shapely.transform(geometry, lambda at: np.column_stack(lambert(at[:, 0], at[:, 1], inverse=True)))


def _lambert(projection: Projection) -> "Proj":
    from pyproj import Proj

    # Evenden et al., PROJ user guide, "Lambert Azimuthal Equal Area"; an ellipsoid alone needs no database or grids.
    centre = f"+lon_0={projection.longitude!r} +lat_0={projection.latitude!r}"
    return Proj(f"+proj=laea {centre} +ellps=WGS84 +units=km")


def _polygon(reading: Reading, rings: Sequence[Row]) -> "Polygon":
    """Make a polygon of its outer ring and its holes; what is wrong with them is added to the reading's problems."""
    import shapely

    before = len(reading.problems)
    for path, ring in rings:
        _check_ring(reading, path, ring)
    outer = shapely.Polygon(rings[0][1])
    if len(reading.problems) == before:
        shapely.prepare(outer)
        for path, ring in rings[1:]:
            hole = shapely.Polygon(ring)
            if not outer.intersects(hole):
                reading.add(path, f"this hole lies outside the outer ring, near {_said(ring[0])}")
            elif not outer.covers(hole):
                place = shapely.get_coordinates(hole.difference(outer).representative_point())[0]
                reading.add(path, f"this hole leaves the outer ring, near {_said(place)}")
    polygon = shapely.Polygon(rings[0][1], [ring for _, ring in rings[1:]])
    if len(reading.problems) == before and (place := _fault(polygon)) is not None:
        reading.add(rings[0][0][:-1], f"the rings of this polygon cross, or overlap, near {_said(place)}")
    return polygon


def _check_ring(reading: Reading, path: Path, ring: Array) -> None:
    import shapely

    line = shapely.LineString(ring)
    if not line.convex_hull.area > 1e-12 * line.length**2:
        reading.add(path, "this ring encloses no area: its positions lie on a line")
    elif (place := _fault(shapely.Polygon(ring))) is not None:
        nearest = int(np.argmin(np.hypot(*(ring - place).T)))
        reading.add((*path, nearest), f"this ring crosses or touches itself near {_said(place)}", shown=path)


def _fault(polygon: "Polygon") -> Array | None:
    """Find where a polygon is not valid; None where it is."""
    import shapely

    reason = shapely.is_valid_reason(polygon)
    match = _PLACE.search(reason)
    return np.array([float(match[1]), float(match[2])]) if match else None


def _said(place: Array) -> str:
    return f"longitude {place[0]:.6g}, latitude {place[1]:.6g}"


def _check_extent(reading: Reading, geometry: "BaseGeometry") -> None:
    west, _, east, _ = geometry.bounds
    path = reading.parts[0][0][0]
    if not east - west <= 180:
        reading.add(path, f"goes from longitude {west:.6g} to {east:.6g}: what crosses the 180th meridian, or more "
                    "than half of the Earth, cannot be simulated as one region")  # fmt: skip
    elif not geometry.length <= _LONGEST_EDGE * MOST_POSITIONS:
        reading.add(path, f"is {geometry.length:,.0f} degrees long, at most {_LONGEST_EDGE * MOST_POSITIONS:,.0f} "
                    "are handled; simplify the geometry")  # fmt: skip
    reading.refuse_problems()
