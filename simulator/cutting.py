"""Cutting an area along a grid of cells: which cells have a part of it, how much, and where that lies."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simulator.clocks import Array

if TYPE_CHECKING:
    from shapely import MultiPolygon, Polygon

IntArray = NDArray[np.intp]


def cut(
    area: "Polygon | MultiPolygon", west: float, south: float, widths: Array, heights: Array
) -> tuple[IntArray, Array, Array, Array]:
    """Cut an area along a grid whose corner is ``west``, ``south`` and whose cells have ``widths`` [X] and ``heights``
    [Y], all in km.

    Gives the places [C] in the grid, in rows from the south-west, that have a part of the area, in order, and of each
    part the area [km2] and the centroid's x and y [km]. Blocks of cells are halved until they are wholly inside, wholly
    outside, or one cell: so the cost follows the length of the border, not the number of cells.
    """
    import shapely

    x, y = (
        np.concatenate([start + sides[0] * np.arange(sides.size), [start + sides.sum()]])
        for start, sides in ((west, widths), (south, heights))
    )
    inside, x_km, y_km = (np.zeros((heights.size, widths.size)) for _ in range(3))
    blocks, pieces = np.array([[0], [widths.size], [0], [heights.size]]), np.array([area], dtype=object)
    while pieces.size:
        left, right, low, high = blocks
        pieces = _polygons(shapely.intersection(pieces, shapely.box(x[left], y[low], x[right], y[high])))
        size = shapely.area(pieces)
        block_size = (x[right] - x[left]) * (y[high] - y[low])
        whole = (shapely.get_num_coordinates(pieces) == 5) & (size >= block_size * (1 - 1e-12))
        for w, e, s, n in blocks[:, whole].T:
            inside[s:n, w:e] = np.outer(heights[s:n], widths[w:e])
            x_km[s:n, w:e] = x[w:e] + widths[w:e] / 2
            y_km[s:n, w:e] = (y[s:n] + heights[s:n] / 2)[:, None]
        cell = ~whole & (size > 0) & (right - left == 1) & (high - low == 1)
        at = low[cell], left[cell]
        inside[at], centroids = size[cell], shapely.centroid(pieces[cell])
        x_km[at], y_km[at] = shapely.get_x(centroids), shapely.get_y(centroids)
        rest = ~whole & ~cell & (size > 0)
        blocks, pieces = _halves(blocks[:, rest]), np.tile(pieces[rest], 2)
    places = np.flatnonzero(inside)
    return places, inside.ravel()[places], x_km.ravel()[places], y_km.ravel()[places]


def _halves(blocks: IntArray) -> IntArray:
    """Halve blocks [4, B] (left, right, low, high) across their longer side [4, 2B]."""
    left, right, low, high = blocks
    wide = right - left >= high - low
    x, y = np.where(wide, (left + right) // 2, right), np.where(wide, high, (low + high) // 2)
    return np.hstack([
        np.array([left, x, low, y]),
        np.array([np.where(wide, x, left), right, np.where(wide, low, y), high]),
    ])  # fmt: skip


def _polygons(pieces: NDArray[Any]) -> NDArray[Any]:
    """Keep the polygons of pieces that also have points or lines where they touch an edge."""
    import shapely

    for index in np.flatnonzero(shapely.get_type_id(pieces) == shapely.GeometryType.GEOMETRYCOLLECTION):
        parts = shapely.get_parts(shapely.get_parts(pieces[index]))
        pieces[index] = shapely.MultiPolygon([part for part in parts if part.geom_type == "Polygon"])
    return pieces
