"""GeoJSON read strictly, from a text to rows of positions: structure, numbers, degrees and rings that close.

The format is RFC 7946: longitude before latitude, in degrees of WGS 84. Shapes are made of the rows elsewhere.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from simulator.clocks import Array
from simulator.json_text import Path, dotted, find_marks, places_of, read_json
from simulator.problems import InputError, Mark, Problem, closest, input_error
from simulator.units import describe

MOST_BYTES = 16 * 2**20
MOST_POSITIONS = 1_000_000

_MOST_PROBLEMS = 100
_LARGEST_KM = 1e6
# How many lists hold each row of positions.
_LEVELS = {"LineString": 0, "Polygon": 1, "MultiLineString": 1, "MultiPolygon": 2}
_TYPES = (*_LEVELS, "Point", "MultiPoint", "GeometryCollection", "Feature", "FeatureCollection")
_WGS84 = re.compile(
    r"(urn:ogc:def:crs:(OGC|EPSG):[\d.]*:)?(CRS84h?|4326)|EPSG:4326|OGC:CRS84h?|WGS[ _]?84"
    r"|https?://www\.opengis\.net/def/crs/(OGC/1\.3/CRS84|EPSG/0/4326)",
    re.IGNORECASE,
)

Row = tuple[Path, Array]


@dataclass(slots=True)
class Reading:
    """A file being read: its text, the geometries due, and what was found so far.

    ``parts`` are polygons or lines, each as its rows: the path of a ring or a line, and its positions [P, 2].
    """

    text: str
    name: str
    kinds: tuple[str, str]
    geographic: bool
    parts: list[list[Row]] = field(default_factory=list)
    positions: int = 0
    problems: list[tuple[Path, Path, str]] = field(default_factory=list)

    def add(self, place: Path, message: str, shown: Path | None = None) -> None:
        """Note a problem at a place; its path is ``shown`` where that says more."""
        self.problems.append((place, place if shown is None else shown, message))

    def refuse_problems(self) -> None:
        """Raise InputError when there are problems: the first 100 at their marks, and the number of the others."""
        if not self.problems:
            return
        kept = self.problems[:_MOST_PROBLEMS]
        marks = find_marks(self.text, self.name, [place for place, _, _ in kept])
        found = [Problem(marks[place], dotted(shown), message) for place, shown, message in kept]
        if len(self.problems) > len(kept):
            end = places_of(self.text, self.name).mark(len(self.text), len(self.text))
            found.append(Problem(end, "", f"{len(self.problems) - len(kept):,} more problems are not shown"))
        raise InputError(found)


def read_parts(text: str, name: str, kinds: tuple[str, str], *, geographic: bool) -> Reading:
    """Read the polygons or lines of a GeoJSON text: numbers sound, rings closed and of four positions at least.

    ``kinds`` are the geometries due; without ``geographic``, positions are km from a rectangle's south-west corner.
    Heights are left out. Raises InputError with every problem found.
    """
    reading = Reading(text.removeprefix("\ufeff"), name, kinds, geographic)
    if len(reading.text) > MOST_BYTES or len(reading.text.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        message = f"has more than {MOST_BYTES:,} bytes (16 MiB); simplify the geometry"
        raise input_error(message, mark=Mark(name, 0, 0, 0, 0, ()))
    data = read_json(reading.text, name)
    for path, geometry in _geometries(reading, data, (), ("FeatureCollection", "Feature", *kinds)):
        _read_geometry(reading, geometry, path)
    if geographic:
        _check_degrees(reading)
    reading.refuse_problems()
    return reading


def wrong_degrees(longitude: Array, latitude: Array) -> list[tuple[int, int, str]]:
    """Find positions [degrees] that are nowhere on Earth: their index, 0 for longitude or 1 for latitude, and what
    to say. One stands for all when they look like metres, or swapped. NaN is passed over.
    """
    both = np.stack([longitude, latitude], axis=1)
    size = np.abs(both)
    if (far := np.argwhere(size > 360)).size:
        index, axis = map(int, far[0])
        message = f"looks like metres of a projected system, got {both[index, axis]:.10g}; save it in degrees of WGS 84"
        return [(index, axis, message)]
    known = size[~np.isnan(size).any(axis=1)]
    if known.size and (known[:, 1] > 90).all() and (known[:, 1] <= 180).all() and (known[:, 0] <= 90).all():
        index = int(np.argmax(size[:, 1] > 90))
        message = f"every latitude is beyond 90 degrees, here {both[index, 1]:.10g}; longitude comes first"
        return [(index, 1, f"{message}, then latitude: are they swapped?")]
    words = (("longitude", 180), ("latitude", 90))
    return [
        (int(index), int(axis), f"{words[axis][0]} must be between -{words[axis][1]} and {words[axis][1]}, "
         f"got {both[index, axis]:.10g}")
        for index, axis in np.argwhere(size > (180, 90))
    ]  # fmt: skip


def _geometries(
    reading: Reading, value: Any, path: Path, allowed: Sequence[str]
) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Find the geometries of a GeoJSON object of one of the ``allowed`` types."""
    if not isinstance(value, dict):
        reading.add(path, f"must be a GeoJSON object {{…}}, got {_described(value)}")
        return
    _check_crs(reading, value, path)
    kind, due = value.get("type"), " or ".join(reading.kinds)
    if "type" not in value:
        reading.add(path, f"needs a 'type': {', '.join(allowed)}")
    elif kind not in allowed:
        reading.add((*path, "type"), _wrong_type(kind, allowed))
    elif kind == "FeatureCollection":
        features = value.get("features")
        if not isinstance(features, list) or not features:
            reading.add((*path, "features"), f"must be a list of features with a {due}, got {_described(features)}")
            return
        for index, feature in enumerate(features):
            yield from _geometries(reading, feature, (*path, "features", index), ["Feature"])
    elif kind == "Feature":
        if value.get("geometry") is None:
            reading.add((*path, "geometry"), f"has no geometry; give it a {due}, or remove the feature")
        else:
            yield from _geometries(reading, value["geometry"], (*path, "geometry"), reading.kinds)
    else:
        yield path, value


def _wrong_type(kind: Any, allowed: Sequence[str]) -> str:
    hint = ""
    if kind == "GeometryCollection":
        hint = "; make each of its geometries a feature"
    elif kind not in _TYPES and (close := closest(kind, allowed) if isinstance(kind, str) else None):
        hint = f", did you mean '{close}'?"
    elif kind == "Topology":
        hint = "; this is TopoJSON, save it as GeoJSON"
    return f"must be {' or '.join(allowed)}, got {_described(kind)}{hint}"


def _check_crs(reading: Reading, value: dict[str, Any], path: Path) -> None:
    crs = value.get("crs")
    if crs is None:
        return
    place = (*path, "crs", "properties", "name")
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    if not reading.geographic:
        message = "goes with degrees; in a rectangle, coordinates are km from its south-west corner; remove it"
        reading.add(place, message, shown=(*path, "crs"))
    elif not isinstance(name, str) or not _WGS84.fullmatch(name.strip()):
        message = f"must be WGS 84 (EPSG:4326 or CRS84), got {_described(name)}; save the file in WGS 84"
        reading.add(place, message, shown=(*path, "crs"))


def _read_geometry(reading: Reading, geometry: dict[str, Any], path: Path) -> None:
    kind = geometry["type"]
    if "coordinates" not in geometry:
        reading.add(path, "needs 'coordinates'")
        return
    coordinates, path = geometry["coordinates"], (*path, "coordinates")
    due, depth = _LEVELS[kind] + 2, _depth(coordinates)
    if depth not in {0, due}:
        fault = "too many" if depth > due else "too few"
        reading.add(path, f"{kind} coordinates open {due} brackets before the first number, these {depth}: {fault}")
    elif not kind.startswith("Multi"):
        _read_part(reading, coordinates, path, kind)
    elif _is_list(reading, coordinates, path, "polygons" if kind == "MultiPolygon" else "lines"):
        for index, part in enumerate(coordinates):
            _read_part(reading, part, (*path, index), kind.removeprefix("Multi"))


def _read_part(reading: Reading, part: Any, path: Path, kind: str) -> None:
    """Read one polygon or line."""
    closed = kind == "Polygon"
    rows = [(path, part)]
    if closed:
        rows = [((*path, i), ring) for i, ring in enumerate(part)] if _is_list(reading, part, path, "rings") else []
    reading.parts.append([
        (below, _row(reading, row, below, closed=closed))
        for below, row in rows
        if _is_list(reading, row, below, "positions")
    ])  # fmt: skip


def _is_list(reading: Reading, value: Any, path: Path, held: str) -> bool:
    if isinstance(value, list) and value:
        return True
    reading.add(path, f"must be a list of {held}, got {_described(value)}")
    return False


def _row(reading: Reading, positions: list[Any], path: Path, *, closed: bool) -> Array:
    """Read the positions of a ring or line [P, 2]; NaN for those that are no positions."""
    reading.positions += len(positions)
    if reading.positions > MOST_POSITIONS:
        reading.problems.clear()
        reading.add(path, f"has the file's position {MOST_POSITIONS + 1:,}, at most {MOST_POSITIONS:,} are read; "
                    "simplify the geometry")  # fmt: skip
        reading.refuse_problems()
    row = np.array([_position(reading, position, path, index) for index, position in enumerate(positions)])
    if not reading.geographic:
        for index, axis in np.argwhere(np.abs(row) > _LARGEST_KM):
            message = f"must be at most {_LARGEST_KM:,.0f} km, got {row[index, axis]:.10g}"
            reading.add((*path, int(index), int(axis)), message, shown=(*path, int(index)))
    least, what = (4, "ring") if closed else (2, "line")
    if len(row) < least:
        reading.add(path, f"a {what} has at least {least} positions, got {len(row)}")
    elif closed and (row[0] != row[-1]).any() and not np.isnan(row[[0, -1]]).any():
        reading.add((*path, len(row) - 1), "a ring ends where it begins: make its last position the same as its first")
    return row


def _position(reading: Reading, position: Any, path: Path, index: int) -> tuple[float, float]:
    if not isinstance(position, list) or len(position) < 2:
        unit = "[longitude, latitude]" if reading.geographic else "[east, north] in km"
        reading.add((*path, index), f"must be a position {unit}, got {_described(position)}")
        return math.nan, math.nan
    x, y = position[:2]
    if type(x) is float and type(y) is float and abs(x) < math.inf and abs(y) < math.inf:
        return x, y
    axis = int(type(x) is float and abs(x) < math.inf)
    message = f"must be a finite number, got {_described(position[axis])}"
    reading.add((*path, index, axis), message, shown=(*path, index))
    return math.nan, math.nan


def _check_degrees(reading: Reading) -> None:
    rows = [row for part in reading.parts for row in part]
    if not rows:
        return
    longitude, latitude = np.concatenate([row for _, row in rows]).T
    ends = np.cumsum([len(row) for _, row in rows])
    for index, axis, message in wrong_degrees(longitude, latitude):
        number = int(np.searchsorted(ends, index, side="right"))
        path, row = rows[number]
        position = (*path, index - int(ends[number]) + len(row))
        reading.add((*position, axis), message, shown=position)


def _depth(value: Any) -> int:
    """Count the brackets that open before the first number; 0 where no number comes."""
    depth = 0
    while isinstance(value, list) and value:
        value, depth = value[0], depth + 1
    return depth if isinstance(value, float) else 0


def _described(value: Any) -> str:
    return f"{value:.10g}" if isinstance(value, float) else describe(value)
