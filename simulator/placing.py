"""Where mines lie: evenly, along a belt or in clusters, inside the region, and at a distance from settlements.

The keep-away rule is a policy condition whose consequences are to be seen; nothing here looks for a place. A cell is
all that is ever kept of a mine's place.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from simulator.clocks import Array
from simulator.contamination import Placement
from simulator.problems import Mark, input_error
from simulator.region import Region, Triangles, cell_shares, cells_at, outline_of, points_in, triangulated

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

Cells = NDArray[np.intp]
Column = Callable[[int], Array]

# Times a mine that falls outside is drawn again before it is put where its line or group is.
ATTEMPTS = 32
_SD_PER_WIDTH = 4.0  # 95 % of a normal law lie within four standard deviations
_ARC_SEGMENTS = 64


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """Straight pieces in the region's plane [km]: starts and unit directions [L, 2], and the length up to each end."""

    start: Array
    direction: Array
    until_km: Array


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """Where mines may lie: the region, or what a keep-away rule leaves of it.

    ``cumulative`` [C] is the share of its area up to each cell, None where all cells are alike. ``line`` and
    ``triangles`` are there for belts and clusters; ``settlements``, if any, are at least ``distance_km`` away.
    """

    cumulative: Array | None
    line: Line | None
    triangles: Triangles | None
    settlements: "cKDTree | None"
    distance_km: float


@dataclass(frozen=True, slots=True, eq=False)
class Placing:
    """How the mines of a class are placed: a share ``compliance`` on ``allowed`` ground, the others anywhere.

    ``clusters`` is 0 and there is no line for mines spread evenly. ``spread_km`` is the standard deviation across the
    line, or in each direction from a cluster's centre.
    """

    everywhere: Ground
    allowed: Ground | None
    compliance: float
    clusters: int
    spread_km: float

    @property
    def is_even(self) -> bool:
        """Whether mines are spread evenly over their ground, so that the share of each cell is known."""
        return self.clusters == 0 and self.everywhere.line is None


@dataclass(frozen=True, slots=True, eq=False)
class Centres:
    """The centres of one world's clusters [J] in the plane [km], on each ground."""

    everywhere: tuple[Array, Array]
    allowed: tuple[Array, Array] | None


def even_placing(region: Region) -> Placing:
    """Mines spread evenly over the region."""
    return Placing(Ground(_cumulative(region.area_km2), None, None, None, 0.0), None, 1.0, 0, 0.0)


def placing_of(
    placement: Placement, region: Region, line: Any, settlements_km: Array | None, mark: Callable[[str], Mark]
) -> Placing:
    """Make a placement ready to draw from.

    ``line`` is the belt's line in the region's plane, a shapely geometry or None; ``settlements_km`` [S, 2] the places
    to keep away from; ``mark`` finds the place of a key below the placement. Raises InputError where there is no room.
    """
    everywhere = _ground(placement, region, outline_of(region), line, mark)
    rule = placement.keep_away
    allowed = None
    if rule is not None and rule.distance > 0 and settlements_km is not None:
        allowed = _allowed_ground(placement, region, line, settlements_km, mark)
    if placement.belt is not None:
        spread = placement.belt.width / _SD_PER_WIDTH
    else:
        spread = placement.clusters.spread if placement.clusters is not None else 0.0
    clusters = placement.clusters.count if placement.clusters is not None else 0
    return Placing(everywhere, allowed, 1.0 if rule is None else rule.compliance, clusters, spread)


def cell_probabilities(placing: Placing, region: Region) -> Array:
    """The share of a class's mines that each cell is expected to hold [C]; known only for even placing."""
    if not placing.is_even:
        raise ValueError("the cells of belts and clusters have no known shares")

    def shares(ground: Ground) -> Array:
        if ground.cumulative is None:
            return np.full(region.area_km2.size, 1.0 / region.area_km2.size)
        return np.diff(ground.cumulative, prepend=0.0)

    if placing.allowed is None:
        return shares(placing.everywhere)
    return placing.compliance * shares(placing.allowed) + (1.0 - placing.compliance) * shares(placing.everywhere)


def centres_of(placing: Placing, first: Array, second: Array, third: Array) -> Centres | None:
    """The clusters' centres from three uniform columns [J]; None where there are no clusters."""
    if placing.everywhere.triangles is None:
        return None
    allowed = placing.allowed
    there = None if allowed is None or allowed.triangles is None else points_in(allowed.triangles, first, second, third)
    return Centres(points_in(placing.everywhere.triangles, first, second, third), there)


def placed(
    placing: Placing,
    region: Region,
    centres: Centres | None,
    along: Array,
    complies: Array | None,
    offsets: tuple[Column, Column],
) -> Cells:
    """The cell of each mine, shape [M].

    ``along`` [M] chooses the cell, the place along the line or the cluster; ``complies`` [M], if any, whether the rule
    is followed; ``offsets`` give, for each attempt, the two columns [M] of offsets from there.
    """
    if placing.allowed is None or complies is None:
        return _on_ground(placing, placing.everywhere, region, centres.everywhere if centres else None, along, offsets)
    there = centres.allowed if centres else None
    cells = _on_ground(placing, placing.allowed, region, there, along, offsets)
    rest = complies > placing.compliance
    if rest.any():
        anywhere = centres.everywhere if centres else None
        cells[rest] = _on_ground(placing, placing.everywhere, region, anywhere, along, offsets)[rest]
    return cells


def _on_ground(
    placing: Placing,
    ground: Ground,
    region: Region,
    centres: tuple[Array, Array] | None,
    along: Array,
    offsets: tuple[Column, Column],
) -> Cells:
    if placing.is_even:
        return _cell_at_share(ground.cumulative, region.area_km2.size, along)
    if ground.line is not None:
        piece = np.minimum(
            np.searchsorted(ground.line.until_km, along * ground.line.until_km[-1]), ground.line.until_km.size - 1
        )
        begun = ground.line.until_km[piece] - along * ground.line.until_km[-1]
        # From the end of the piece back; across is at right angles.
        length = np.diff(ground.line.until_km, prepend=0.0)[piece]
        unit = ground.line.direction[piece]
        x, y = (ground.line.start[piece] + unit * (length - begun)[:, None]).T
        across = (-unit[:, 1], unit[:, 0])
    elif centres is not None:
        which = np.minimum((along * placing.clusters).astype(np.intp), placing.clusters - 1)
        x, y = centres[0][which], centres[1][which]
        across = None
    else:
        raise ValueError("clusters need their centres")
    return _around(placing, ground, region, (x, y), across, offsets)


def _around(
    placing: Placing,
    ground: Ground,
    region: Region,
    middle: tuple[Array, Array],
    across: tuple[Array, Array] | None,
    offsets: tuple[Column, Column],
) -> Cells:
    """Cells of mines scattered normally around ``middle``, each drawn again while it falls off its ground."""
    x, y = middle
    cells = np.full(x.size, -1, dtype=np.intp)
    waiting = np.arange(x.size)
    for attempt in range(ATTEMPTS):
        first = placing.spread_km * special.ndtri(offsets[0](attempt)[waiting])
        if across is not None:
            dx, dy = first * across[0][waiting], first * across[1][waiting]
        else:
            dx, dy = first, placing.spread_km * special.ndtri(offsets[1](attempt)[waiting])
        # A uniform of exactly 1 is infinitely far; it falls outside like any other.
        far_x, far_y = (np.nan_to_num(a, posinf=1e9, neginf=-1e9) for a in (x[waiting] + dx, y[waiting] + dy))
        found = _cells_on(ground, region, far_x, far_y)
        cells[waiting] = found
        waiting = waiting[found < 0]
        if not waiting.size:
            return cells
    cells[waiting] = _cells_on(ground, region, x[waiting], y[waiting], keep_away=False)
    lost = cells < 0
    if lost.any():
        # A middle on the very border, lost to rounding: the nearest cell.
        near = [int(np.argmin(np.hypot(region.x_km - px, region.y_km - py))) for px, py in zip(x[lost], y[lost],
                                                                                            strict=True)]  # fmt: skip
        cells[lost] = near
    return cells


def _cells_on(ground: Ground, region: Region, x: Array, y: Array, *, keep_away: bool = True) -> Cells:
    cells = cells_at(region, x, y)
    if ground.settlements is not None and keep_away:
        near, _ = ground.settlements.query(
            np.column_stack((x, y)), distance_upper_bound=np.nextafter(ground.distance_km, np.inf)
        )
        cells = np.where(near < ground.distance_km, -1, cells)
    return cells


def _cell_at_share(cumulative: Array | None, count: int, shares: Array) -> Cells:
    """The cell in which the cumulated area reaches each share in (0, 1]."""
    if cumulative is None:
        return np.minimum((shares * count).astype(np.intp), count - 1)
    return np.minimum(np.searchsorted(cumulative, shares, side="left"), count - 1)


def _cumulative(area_km2: Array) -> Array | None:
    share = area_km2 / area_km2.sum()
    if np.ptp(share) <= 1e-12 * share[0]:
        return None
    total = np.cumsum(share)
    # Past the last cell that has any, nothing may follow by rounding.
    total[np.flatnonzero(area_km2)[-1] :] = 1.0
    return total


def _ground(placement: Placement, region: Region, area: Any, line: Any, mark: Callable[[str], Mark]) -> Ground:
    if placement.belt is not None:
        return Ground(None, _line_on(line, area, mark("belt.line"), "belt.line", "lies outside the region"), None, None,
                      0.0)  # fmt: skip
    if placement.clusters is not None:
        return Ground(None, None, triangulated(area), None, 0.0)
    return Ground(_cumulative(region.area_km2), None, None, None, 0.0)


def _allowed_ground(
    placement: Placement, region: Region, line: Any, settlements_km: Array, mark: Callable[[str], Mark]
) -> Ground:
    import shapely
    from scipy.spatial import cKDTree

    rule = placement.keep_away
    if rule is None:
        raise ValueError("there is no rule")
    discs = shapely.buffer(shapely.points(settlements_km), rule.distance, quad_segs=_ARC_SEGMENTS)
    area = outline_of(region).difference(shapely.union_all(discs))
    no_room = f"leaves no room: no place is {rule.distance:g} km from every settlement; take a smaller distance"
    if not area.area > 1e-9 * region.total_area_km2:
        raise input_error(no_room, mark=mark("keep_away.distance"), path="keep_away.distance")
    tree = cKDTree(settlements_km)
    if placement.belt is not None:
        no_room = f"leaves no room: no part of the line is {rule.distance:g} km from every settlement"
        its = _line_on(line, area, mark("keep_away.distance"), "keep_away.distance", no_room)
        return Ground(None, its, None, tree, rule.distance)
    if placement.clusters is not None:
        return Ground(None, None, triangulated(area), tree, rule.distance)
    return Ground(_cumulative(cell_shares(region, area)), None, None, tree, rule.distance)


def _line_on(line: Any, area: Any, mark: Mark, path: str, nowhere: str) -> Line:
    """The straight pieces of a line inside an area."""
    import shapely

    inside = shapely.intersection(line, area)
    pieces = [part for part in shapely.get_parts(inside).tolist() if part.geom_type == "LineString" and part.length > 0]
    if not pieces:
        raise input_error(nowhere, mark=mark, path=path)
    ends = [np.asarray(part.coords)[:, :2] for part in pieces]
    start = np.concatenate([points[:-1] for points in ends])
    step = np.concatenate([np.diff(points, axis=0) for points in ends])
    length = np.hypot(step[:, 0], step[:, 1])
    keep = length > 0
    return Line(start[keep], step[keep] / length[keep, None], np.cumsum(length[keep]))
