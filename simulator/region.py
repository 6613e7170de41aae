"""The region: square cells that mines lie in and people move through, in a rectangle or inside a boundary.

Cells are numbered in rows from the south-west; those on the edge may be cut, and weigh by the area they have inside.
"""

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from simulator.clocks import Array
from simulator.cutting import IntArray, cut
from simulator.geography import Projection, projected, projection_of
from simulator.problems import Mark, input_error
from simulator.scenario import RegionSpec
from simulator.wording import lasting, size

if TYPE_CHECKING:
    from shapely import MultiPolygon, Polygon

MOST_CELLS = 2_000_000
# Of a world and of a replicate (`simulator.costs`).
_BYTES_PER_CELL, _SECONDS_PER_CELL = 260.0, 2e-7


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """The cells [C] of a region, in a plane of km; arrays are read-only.

    ``row`` and ``column`` [C] are a cell's place in a grid of ``cell_km`` from the corner ``west_km``, ``south_km``;
    ``area_km2`` [C] is what of it lies inside the region, ``x_km`` and ``y_km`` [C] the centroid of that. ``outline``
    is the boundary [km], ``projection`` where its plane comes from: both None for a rectangle, whose corner is 0, 0.
    """

    name: str
    cell_km: float
    columns: int
    rows: int
    row: IntArray
    column: IntArray
    area_km2: Array
    x_km: Array
    y_km: Array
    west_km: float
    south_km: float
    outline: "Polygon | MultiPolygon | None"
    width_km: float
    height_km: float
    projection: Projection | None

    def __post_init__(self) -> None:
        for array in (self.row, self.column, self.area_km2, self.x_km, self.y_km):
            array.flags.writeable = False

    @property
    def total_area_km2(self) -> float:
        """Area of the region [km2]."""
        return float(self.area_km2.sum())


@dataclass(frozen=True, slots=True, eq=False)
class Triangles:
    """Triangles that fill an area: ``corners`` [3, 2, T] in km, and ``cumulative`` [T], the share of the area up to
    and with each; read-only.
    """

    corners: Array
    cumulative: Array

    def __post_init__(self) -> None:
        self.corners.flags.writeable = self.cumulative.flags.writeable = False


def rectangle_region(spec: RegionSpec, mark: Mark | None) -> Region:
    """Make the cells of a rectangle.

    Raises InputError, pointing to ``mark``, when there would be too many cells to hold.
    """
    if spec.rectangle is None:
        raise ValueError("the region is not a rectangle")
    width, height = spec.rectangle.width, spec.rectangle.height
    columns, rows = _grid(width, height, spec.cell, mark)
    widths, heights = _sides(width, spec.cell, columns), _sides(height, spec.cell, rows)
    row, column = np.divmod(np.arange(rows * columns), columns)
    return Region(
        name=spec.name,
        cell_km=spec.cell,
        columns=columns,
        rows=rows,
        row=row,
        column=column,
        area_km2=np.outer(heights, widths).ravel(),
        x_km=(spec.cell * np.arange(columns) + widths / 2)[column],
        y_km=(spec.cell * np.arange(rows) + heights / 2)[row],
        west_km=0.0,
        south_km=0.0,
        outline=None,
        width_km=width,
        height_km=height,
        projection=None,
    )


def boundary_region(name: str, boundary: "Polygon | MultiPolygon", cell_km: float, mark: Mark | None) -> Region:
    """Make the cells of the land inside a boundary given in degrees, in a plane of equal areas around its middle.

    Raises InputError, pointing to ``mark``, when the grid around it would have too many cells to hold.
    """
    projection = projection_of(boundary)
    return outlined_region(name, projected(boundary, projection), cell_km, mark, projection)


def outlined_region(
    name: str, outline: "Polygon | MultiPolygon", cell_km: float, mark: Mark | None, projection: Projection | None
) -> Region:
    """Make the cells of the land inside an outline given in km in the plane; see `boundary_region`."""
    import shapely

    west, south, east, north = outline.bounds
    columns, rows = _grid(east - west, north - south, cell_km, mark)
    place, area_km2, x_km, y_km = cut(
        outline, west, south, _sides(east - west, cell_km, columns), _sides(north - south, cell_km, rows)
    )
    row, column = np.divmod(place, columns)
    shapely.prepare(outline)
    return Region(
        name=name,
        cell_km=cell_km,
        columns=columns,
        rows=rows,
        row=row,
        column=column,
        area_km2=area_km2,
        x_km=x_km,
        y_km=y_km,
        west_km=west,
        south_km=south,
        outline=outline,
        width_km=east - west,
        height_km=north - south,
        projection=projection,
    )


def outline_of(region: Region) -> "Polygon | MultiPolygon":
    """Give the outline of a region in its plane [km]."""
    import shapely

    return region.outline if region.outline is not None else shapely.box(0, 0, region.width_km, region.height_km)


def cells_of(region: Region, uniforms: Array) -> IntArray:
    """Find the cell of each mine placed uniformly over the area, from uniforms in (0, 1], shape [M]."""
    share = region.area_km2 / region.total_area_km2
    count = share.size
    if np.ptp(share) <= 1e-12 * share[0]:
        return np.minimum((uniforms * count).astype(np.intp), count - 1)
    return np.minimum(np.searchsorted(np.cumsum(share), uniforms, side="left"), count - 1)


def cells_at(region: Region, x_km: Array, y_km: Array) -> IntArray:
    """Find the cell that each point [M] of the plane lies in; -1 outside the region. Its border belongs to it.

    Only points in cut cells are tested against the outline.
    """
    east, north = x_km - region.west_km, y_km - region.south_km
    # In this form, NaN is outside.
    framed = (east >= 0) & (east <= region.width_km) & (north >= 0) & (north <= region.height_km)
    column = np.minimum(np.where(framed, east / region.cell_km, 0).astype(np.intp), region.columns - 1)
    row = np.minimum(np.where(framed, north / region.cell_km, 0).astype(np.intp), region.rows - 1)
    cells = _numbers(region)
    found = np.where(framed, cells[row + 1, column + 1], -1)
    if region.outline is None:
        return found
    import shapely

    partial = region.area_km2 < region.cell_km**2 * (1 - 1e-12)
    (unsure,) = np.nonzero(framed & ((found < 0) | partial[found]))
    shapely.prepare(region.outline)
    inside = shapely.intersects_xy(region.outline, x_km[unsure], y_km[unsure])
    found[unsure[~inside]] = -1
    # A point on the border may fall to a cell that has no area inside: it belongs to a neighbour.
    for up, right in product((0, -1, 1), repeat=2):
        lost = unsure[inside & (found[unsure] < 0)]
        found[lost] = cells[row[lost] + 1 + up, column[lost] + 1 + right]
    return found


def cell_shares(region: Region, area: "Polygon | MultiPolygon") -> Array:
    """Compute the share [C] of an area, a part of the region given in km, that lies in each cell; their sum is 1.

    Raises ValueError when nothing of it lies in the region.
    """
    if area.is_empty:
        raise ValueError("the area is empty")
    place, area_km2, _, _ = cut(
        area,
        region.west_km,
        region.south_km,
        _sides(region.width_km, region.cell_km, region.columns),
        _sides(region.height_km, region.cell_km, region.rows),
    )
    cell = _numbers(region)[1:-1, 1:-1].ravel()[place]
    known = cell >= 0
    inside = np.bincount(cell[known], weights=area_km2[known], minlength=region.area_km2.size).astype(float)
    total = float(inside.sum())
    if not total > 0:
        raise ValueError("the area has no part in the region")
    shares: Array = inside / total
    return shares


def triangulated(polygon: "Polygon | MultiPolygon") -> Triangles:
    """Cut an area in triangles along its own edges. Raises ValueError when it has no area."""
    import shapely

    if not polygon.area > 0:
        raise ValueError("the area is empty")
    triangles = shapely.get_parts(shapely.constrained_delaunay_triangles(polygon))
    corners = shapely.get_coordinates(triangles).reshape(-1, 4, 2)[:, :3]
    total = np.cumsum(shapely.area(triangles))
    return Triangles(np.ascontiguousarray(corners.transpose(1, 2, 0)), total / total[-1])


def points_in(triangles: Triangles, u1: Array, u2: Array, u3: Array) -> tuple[Array, Array]:
    """Place points [M] evenly over an area, from three columns [M] of uniforms in (0, 1]; x and y in km.

    Turk (1990), "Generating random points in triangles", Graphics Gems, pp. 24-28. Rounding may leave a point beyond
    the border by its last digit.
    """
    triangle = np.minimum(np.searchsorted(triangles.cumulative, u1, side="left"), triangles.cumulative.size - 1)
    first, second, third = triangles.corners
    away = np.sqrt(u2)
    b, c = away * (1 - u3), away * u3
    x_km, y_km = ((1 - away) * first[i][triangle] + b * second[i][triangle] + c * third[i][triangle] for i in (0, 1))
    return x_km, y_km


def _grid(width_km: float, height_km: float, cell_km: float, mark: Mark | None) -> tuple[int, int]:
    """Count the columns and rows of a grid, refused before anything of its size is made."""
    for length_km in (width_km, height_km):
        if not length_km / cell_km <= MOST_CELLS:
            message = f"is too small for a side of {length_km:g} km; take larger cells"
            raise input_error(message, mark=mark, path="region.cell")
    columns, rows = (max(1, int(np.ceil(length_km / cell_km - 1e-9))) for length_km in (width_km, height_km))
    if not columns * rows <= MOST_CELLS:
        memory, seconds = (each * columns * rows for each in (_BYTES_PER_CELL, _SECONDS_PER_CELL))
        takes = f"{size(memory)} of memory and {lasting(seconds)} for each replicate"
        message = f"makes {columns * rows:,} cells, which take some {takes}; at most {MOST_CELLS:,} fit"
        raise input_error(f"{message}; take larger cells", mark=mark, path="region.cell")
    return columns, rows


def _sides(length_km: float, cell_km: float, count: int) -> Array:
    sides = np.full(count, cell_km, dtype=float)
    sides[-1] = length_km - cell_km * (count - 1)
    return sides


def _numbers(region: Region) -> IntArray:
    """Number of the cell at each place of the grid [rows + 2, columns + 2], with a margin around; -1 for none."""
    numbers = np.full((region.rows + 2, region.columns + 2), -1)
    numbers[region.row + 1, region.column + 1] = np.arange(region.row.size)
    return numbers
