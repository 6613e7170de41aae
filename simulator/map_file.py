"""The maps as a file for geographic programs: GeoJSON (RFC 7946) in WGS 84, a feature for each block of cells.

Coarse by design: what it says of a block is an expected number, and its borders are those of cells and of the region.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.experiment import ScenarioOutcome
from simulator.geography import Projection, unprojected
from simulator.readout import block_of_cells, blocks_side
from simulator.region import Region, outline_of
from simulator.trajectory import Maps

SCOPE = (
    "Expected numbers per cell of a simulation, coarse by design: no item's position; never evidence that land is safe."
)
MEANING = (
    "On days since the start, as means of simulated worlds: hazardous and inert mines; accidents_per_year of those "
    "hazardous on the day, at the pace of the day, and accidents_per_year_ahead at the mean pace of the year that "
    "begins then, which the maps show; released_share of the contaminated area, 0 where none "
    "is contaminated."
)
_DIGITS = 6  # of a degree: a tenth of a metre
_LONGEST_NAME = 50  # in a file name, which may have 255 bytes
_PROPERTIES = (
    ("hazardous", "hazardous"),
    ("inert", "inert"),
    ("accidents_per_year", "accident_rate"),
    ("accidents_per_year_ahead", "accident_rate_ahead"),
    ("released_share", "released"),
)


def cells_geojson(part: ScenarioOutcome) -> str | None:
    """Write the maps of a scenario, a line for each block; ``cell`` is its number, from 1 in the south-west.

    None where no maps were kept, or where the region has no longitude and latitude.
    """
    region, ensemble = part.world.region, part.ensemble
    if ensemble is None or ensemble.maps is None or region.projection is None:
        return None
    head = {"type": "FeatureCollection", "name": part.loaded.name, "title": part.world.title}
    head |= {"description": f"{SCOPE} {MEANING}", "start": part.world.start.isoformat()}
    opening = json.dumps(head, ensure_ascii=False)[:-1]
    features = ",\n".join(_features(region, region.projection, ensemble.maps, part.world.map_days))
    return f'{opening}, "features": [\n{features}\n]}}\n'


def file_names(names: Sequence[str]) -> list[str]:
    """Name the file of each scenario, by the scenario's own name where there are several; no two are alike."""
    if len(names) == 1:
        return ["cells.geojson"]
    found: list[str] = []
    taken: set[str] = set()
    for name in names:
        plain = re.sub(r"[^\w-]+", "-", name).strip("-")[:_LONGEST_NAME] or "scenario"
        again = (plain if count == 1 else f"{plain}-{count}" for count in range(1, len(names) + 1))
        # Some file systems hold upper and lower case to be the same.
        free = next(choice for choice in again if choice.casefold() not in taken)
        taken.add(free.casefold())
        found.append(f"cells-{free}.geojson")
    return found


def block_polygons(region: Region) -> NDArray[Any]:
    """Return the land of each block [blocks], polygons in km: its square, cut along the outline.

    Squares that the outline does not touch are not cut, the others row by row, so that a long border is cut once.
    """
    import shapely

    side = blocks_side(region)
    _, first = np.unique(block_of_cells(region), return_index=True)
    size = side * region.cell_km
    row, column = region.row[first] // side, region.column[first] // side
    west, south = region.west_km + size * column, region.south_km + size * row
    east = np.minimum(west + size, region.west_km + region.width_km)
    north = np.minimum(south + size, region.south_km + region.height_km)
    blocks: NDArray[Any] = shapely.box(west, south, east, north)
    outline = outline_of(region)
    shapely.prepare(outline)
    cut = ~shapely.contains_properly(outline, blocks)
    for place in np.unique(row[cut]):
        its = cut & (row == place)
        strip = shapely.box(west[its].min(), south[its].min(), east[its].max(), north[its].max())
        blocks[its] = shapely.intersection(blocks[its], shapely.intersection(outline, strip))
    return blocks


def _features(region: Region, projection: Projection, maps: Maps, days: Sequence[float]) -> Iterator[str]:
    """Write a line for each block."""
    areas = np.bincount(block_of_cells(region), region.area_km2)
    columns = {
        f"{name}_day_{f'{day:g}'.replace('.', '_')}": getattr(maps, field)[place]
        for place, day in enumerate(days)
        for name, field in _PROPERTIES
    }
    for block, land in enumerate(_in_degrees(block_polygons(region), projection)):
        properties: dict[str, Any] = {"cell": block + 1, "area_km2": _rounded(areas[block])}
        properties |= {name: _rounded(values[block]) for name, values in columns.items()}
        feature = {"type": "Feature", "properties": properties, "geometry": _geometry(land)}
        yield json.dumps(feature, ensure_ascii=False, allow_nan=False)


def _in_degrees(areas: NDArray[Any], projection: Projection) -> NDArray[Any]:
    """Bring areas [blocks] from the plane to degrees, rounded; they stay valid, and may become empty."""
    import shapely

    geographic = unprojected(areas, projection)
    wrong = ~shapely.is_valid(geographic)
    geographic[wrong] = shapely.make_valid(geographic[wrong])
    return np.asarray(shapely.set_precision(geographic, 10.0**-_DIGITS))


def _geometry(land: Any) -> dict[str, Any] | None:
    """Return the GeoJSON of an area in degrees; None where nothing is left of it.

    Its outer rings turn to the left and its holes to the right (RFC 7946, section 3.1.6).
    """
    import shapely

    parts = [part for part in shapely.get_parts(land) if part.geom_type == "Polygon" and not part.is_empty]
    if not parts:
        return None
    ordered = shapely.get_parts(shapely.orient_polygons(shapely.normalize(shapely.MultiPolygon(parts))))
    polygons = [[_positions(ring) for ring in (part.exterior, *part.interiors)] for part in ordered]
    if len(polygons) == 1:
        return {"type": "Polygon", "coordinates": polygons[0]}
    return {"type": "MultiPolygon", "coordinates": polygons}


def _positions(ring: Any) -> list[list[float]]:
    return [[round(longitude, _DIGITS), round(latitude, _DIGITS)] for longitude, latitude in ring.coords]


def _rounded(value: float) -> float:
    return float(f"{float(value):.6g}") + 0.0  # not -0
