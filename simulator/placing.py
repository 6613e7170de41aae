"""Where mines lie: evenly, along a belt or in clusters, inside the region, and at a distance from settlements.

The keep-away rule is a policy condition whose consequences are to be seen; nothing here looks for a place. A cell is
all that is ever kept of a mine's place.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.clocks import Array
from simulator.contamination import KeepAway as KeepAwaySpec
from simulator.contamination import Placement
from simulator.problems import Mark, input_error
from simulator.region import Region, Triangles, cell_shares, outline_of, triangulated

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

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
    ``triangles`` are there for belts and clusters.
    """

    cumulative: Array | None
    line: Line | None
    triangles: Triangles | None


@dataclass(frozen=True, slots=True, eq=False)
class KeepAway:
    """A rule that a share ``compliance`` of the mines follows: at least ``distance_km`` from every settlement.

    ``ground`` is where it lets mines lie, ``part`` [C] the part of each cell's area that belongs to it.
    """

    settlements: "cKDTree"
    distance_km: float
    compliance: float
    ground: Ground
    part: Array


@dataclass(frozen=True, slots=True, eq=False)
class Placing:
    """How the mines of a class are placed on the ground, and the rule that some of them follow, if any.

    ``clusters`` is 0 and there is no line for mines spread evenly. ``spread_km`` is the standard deviation across the
    line, or in each direction from a cluster's centre.
    """

    ground: Ground
    rule: KeepAway | None
    clusters: int
    spread_km: float

    @property
    def is_even(self) -> bool:
        """Whether mines are spread evenly over their ground, so that the share of each cell is known."""
        return self.clusters == 0 and self.ground.line is None


def even_placing(region: Region) -> Placing:
    """Mines spread evenly over the region."""
    return Placing(Ground(_cumulative(region.area_km2), None, None), None, 0, 0.0)


def placing_of(
    placement: Placement, region: Region, line: Any, settlements_km: Array | None, mark: Callable[[str], Mark]
) -> Placing:
    """Make a placement ready to draw from.

    ``line`` is the belt's line in the region's plane, a shapely geometry or None; ``settlements_km`` [S, 2] the places
    to keep away from; ``mark`` finds the place of a key below the placement. Raises InputError where there is no room.
    """
    ground = _ground(placement, outline_of(region), line, mark)
    rule = None
    if placement.keep_away is not None and placement.keep_away.distance > 0 and settlements_km is not None:
        rule = _rule(placement, placement.keep_away, region, line, settlements_km, mark)
    if placement.belt is not None:
        spread = placement.belt.width / _SD_PER_WIDTH
    else:
        spread = placement.clusters.spread if placement.clusters is not None else 0.0
    _refuse_too_wide(placement, spread, region, mark)
    clusters = placement.clusters.count if placement.clusters is not None else 0
    if placement.belt is None and not clusters:
        ground = Ground(_cumulative(region.area_km2), None, None)
    return Placing(ground, rule, clusters, spread)


def cell_probabilities(placing: Placing, region: Region) -> Array:
    """The share of a class's mines that each cell is expected to hold [C]; known only for even placing."""
    if not placing.is_even:
        raise ValueError("the cells of belts and clusters have no known shares")

    def shares(area_km2: Array) -> Array:
        return area_km2 / float(area_km2.sum())

    anywhere = shares(region.area_km2)
    if placing.rule is None:
        return anywhere
    complying = placing.rule.compliance
    return complying * shares(region.area_km2 * placing.rule.part) + (1.0 - complying) * anywhere


def _cumulative(area_km2: Array) -> Array | None:
    share = area_km2 / area_km2.sum()
    if np.ptp(share) <= 1e-12 * share[0]:
        return None
    total = np.cumsum(share)
    # Past the last cell that has any, nothing may follow by rounding.
    total[np.flatnonzero(area_km2)[-1] :] = 1.0
    return total


def _refuse_too_wide(placement: Placement, spread_km: float, region: Region, mark: Callable[[str], Mark]) -> None:
    """Refuse a scatter so wide that most draws fall outside: cut off at the border it is even, but for the border."""
    most = max(region.width_km, region.height_km) / 2
    if spread_km > most:
        key, factor = ("belt.width", _SD_PER_WIDTH) if placement.belt is not None else ("clusters.spread", 1.0)
        message = f"must be at most {factor * most:g} km in a region of this size, got {factor * spread_km:g} km; "
        raise input_error(f"{message}mines so far apart lie evenly, use 'uniform'", mark=mark(key), path=key)


def _ground(placement: Placement, area: Any, line: Any, mark: Callable[[str], Mark]) -> Ground:
    if placement.belt is not None:
        return Ground(None, _line_on(line, area, mark("belt.line"), "belt.line", "lies outside the region"), None)
    return Ground(None, None, triangulated(area) if placement.clusters is not None else None)


def _rule(
    placement: Placement,
    spec: KeepAwaySpec,
    region: Region,
    line: Any,
    settlements_km: Array,
    mark: Callable[[str], Mark],
) -> KeepAway:
    import shapely
    from scipy.spatial import cKDTree

    place, key = mark("keep_away.distance"), "keep_away.distance"
    discs = shapely.buffer(shapely.points(settlements_km), spec.distance, quad_segs=_ARC_SEGMENTS)
    area = outline_of(region).difference(shapely.union_all(discs))
    if not area.area > 1e-9 * region.total_area_km2:
        no_room = f"leaves no room: no place is {spec.distance:g} km from every settlement; take a smaller distance"
        raise input_error(no_room, mark=place, path=key)
    shares = cell_shares(region, area)
    ground = Ground(_cumulative(shares), None, None)
    if placement.belt is not None:
        no_room = f"leaves no room: no part of the line is {spec.distance:g} km from every settlement"
        ground = Ground(None, _line_on(line, area, place, key, no_room), None)
    elif placement.clusters is not None:
        ground = Ground(None, None, triangulated(area))
    part = np.clip(shares * area.area / region.area_km2, 0.0, 1.0)
    return KeepAway(cKDTree(settlements_km), spec.distance, spec.compliance, ground, part)


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
