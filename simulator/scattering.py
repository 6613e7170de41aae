"""Scattering mines over their ground: the cell of each, from its own uniforms, whatever the rule is."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from simulator.clocks import Array
from simulator.placing import KeepAway, Line, Placing
from simulator.region import Region, cells_at, points_in

Cells = NDArray[np.intp]
Column = Callable[[int], Array]

# Times a mine that falls outside is drawn again before it is put where its line or group is.
ATTEMPTS = 64
_FAR_KM = 1e9


@dataclass(frozen=True, slots=True, eq=False)
class Centres:
    """The centres of one world's clusters [J] in the plane [km]: for mines that ignore the rule, and that follow it."""

    anywhere: tuple[Array, Array]
    allowed: tuple[Array, Array]


@dataclass(frozen=True, slots=True)
class Columns:
    """Uniform columns [M] that place mines, each by attempt: a cell, a place along the line or a cluster; offsets from
    it. ``complies`` tells who follows a rule.
    """

    along: Column
    first: Column
    second: Column
    complies: Array | None


def centres_of(placing: Placing, columns: Callable[[int], tuple[Array, Array, Array]]) -> Centres | None:
    """The clusters' centres, from three uniform columns [J] by attempt; None where there are no clusters.

    For mines that follow a rule a centre too near a settlement is drawn again; all others stay where they are.
    """
    triangles = placing.ground.triangles
    if triangles is None:
        return None
    anywhere = points_in(triangles, *columns(0))
    if placing.rule is None:
        return Centres(anywhere, anywhere)
    x, y = (column.copy() for column in anywhere)
    waiting = np.flatnonzero(_too_near(placing.rule, x, y))
    for attempt in range(1, ATTEMPTS):
        if not waiting.size:
            break
        drawn = points_in(triangles, *columns(attempt))
        x[waiting], y[waiting] = drawn[0][waiting], drawn[1][waiting]
        waiting = waiting[_too_near(placing.rule, x[waiting], y[waiting])]
    if waiting.size and placing.rule.ground.triangles is not None:
        drawn = points_in(placing.rule.ground.triangles, *columns(ATTEMPTS))
        x[waiting], y[waiting] = drawn[0][waiting], drawn[1][waiting]
    return Centres(anywhere, (x, y))


def placed(placing: Placing, region: Region, centres: Centres | None, columns: Columns) -> Cells:
    """The cell of each mine, shape [M].

    A mine that falls outside the region, or too near a settlement although it follows the rule, is drawn again; so a
    rule moves none but those that break it. One that finds no place in many attempts is put on its line, at its centre
    or into what the rule leaves.
    """
    if placing.is_even and placing.rule is None:
        return _cell_at_share(placing.ground.cumulative, region.area_km2.size, columns.along(0))
    cells = np.full(columns.along(0).size, -1, dtype=np.intp)
    waiting = np.arange(cells.size)
    for attempt in range(ATTEMPTS):
        found = _attempt(placing, region, centres, columns, waiting, attempt)
        cells[waiting] = found
        waiting = waiting[found < 0]
        if not waiting.size:
            return cells
    cells[waiting] = _last_resort(placing, region, centres, columns, waiting)
    return cells


def _attempt(
    placing: Placing, region: Region, centres: Centres | None, columns: Columns, rows: Cells, attempt: int
) -> Cells:
    """The cells of some mines at one attempt, -1 for those to be drawn again."""
    follows = _following(placing, columns, rows)
    if placing.is_even:
        cells = _cell_at_share(placing.ground.cumulative, region.area_km2.size, columns.along(attempt)[rows])
        if placing.rule is not None:
            cells[follows & (columns.first(attempt)[rows] > placing.rule.part[cells])] = -1
        return cells
    # A uniform of exactly 1 is infinitely far; it falls outside like any other.
    first = np.minimum(placing.spread_km * special.ndtri(columns.first(attempt)[rows]), _FAR_KM)
    if placing.ground.line is not None:
        x, y, unit = _along(placing.ground.line, columns.along(attempt)[rows])
        x, y = x - unit[:, 1] * first, y + unit[:, 0] * first
    else:
        x, y = _centres(placing, centres, columns, rows, follows)
        second = np.minimum(placing.spread_km * special.ndtri(columns.second(attempt)[rows]), _FAR_KM)
        x, y = x + first, y + second
    cells = cells_at(region, x, y)
    if placing.rule is not None:
        cells[follows & _too_near(placing.rule, x, y)] = -1
    return cells


def _last_resort(placing: Placing, region: Region, centres: Centres | None, columns: Columns, rows: Cells) -> Cells:
    """The cells of mines that found no place by themselves."""
    follows, along = _following(placing, columns, rows), columns.along(ATTEMPTS)[rows]
    ground = placing.ground if placing.rule is None else placing.rule.ground
    if placing.is_even:
        return _cell_at_share(ground.cumulative, region.area_km2.size, along)
    if placing.ground.line is not None and ground.line is not None:
        there, anywhere = _along(ground.line, along), _along(placing.ground.line, along)
        x, y = np.where(follows, there[0], anywhere[0]), np.where(follows, there[1], anywhere[1])
    else:
        x, y = _centres(placing, centres, columns, rows, follows)
    cells = cells_at(region, x, y)
    # A point on the very border, lost to rounding: the nearest cell.
    for row in np.flatnonzero(cells < 0):
        cells[row] = int(np.argmin(np.hypot(region.x_km - x[row], region.y_km - y[row])))
    return cells


def _following(placing: Placing, columns: Columns, rows: Cells) -> NDArray[np.bool_]:
    if placing.rule is None or columns.complies is None:
        return np.zeros(rows.size, dtype=bool)
    return columns.complies[rows] <= placing.rule.compliance


def _too_near(rule: KeepAway, x: Array, y: Array) -> NDArray[np.bool_]:
    near, _ = rule.settlements.query(np.column_stack((x, y)), distance_upper_bound=rule.distance_km)
    return np.asarray(near < rule.distance_km)


def _along(line: Line, shares: Array) -> tuple[Array, Array, Array]:
    """The points at shares of a line's length, and its direction there [M, 2]."""
    at = shares * line.until_km[-1]
    piece = np.minimum(np.searchsorted(line.until_km, at), line.until_km.size - 1)
    begun = np.diff(line.until_km, prepend=0.0)[piece] - (line.until_km[piece] - at)
    unit = line.direction[piece]
    x, y = (line.start[piece] + unit * begun[:, None]).T
    return x, y, unit


def _centres(
    placing: Placing, centres: Centres | None, columns: Columns, rows: Cells, follows: NDArray[np.bool_]
) -> tuple[Array, Array]:
    """The centre of each mine's cluster, which its first draw has chosen."""
    if centres is None:
        raise ValueError("clusters need their centres")
    which = np.minimum((columns.along(0)[rows] * placing.clusters).astype(np.intp), placing.clusters - 1)
    x, y = (
        np.where(follows, there[which], anywhere[which])
        for there, anywhere in zip(centres.allowed, centres.anywhere, strict=True)
    )
    return x, y


def _cell_at_share(cumulative: Array | None, count: int, shares: Array) -> Cells:
    """The cell in which the cumulated area reaches each share in (0, 1]."""
    if cumulative is None:
        return np.minimum((shares * count).astype(np.intp), count - 1)
    return np.minimum(np.searchsorted(cumulative, shares, side="left"), count - 1)
