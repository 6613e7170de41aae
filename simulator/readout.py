"""From what was summed to what is reported: curves, land and maps of one played world."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulator.clocks import Array, pace_at, read
from simulator.history import History
from simulator.region import Region
from simulator.tally import Reading, Sums, Tally
from simulator.trajectory import RELEASED_SHARES, Curves, Land, Maps, bins_of
from simulator.units import DAYS_PER_YEAR
from simulator.world import MineKind

_MOST_BLOCKS = 10_000
_LEAST_WIDTH_KM = 0.25


def read_curves(
    reading: Reading, history: History, sums: Sequence[Sums], tallies: Sequence[Tally], *, played: bool
) -> Curves:
    """The curves of every class from its sums.

    Accidents of the played reading are counted. Those of the estimate are the integral of the accident rates of the
    mines that are hazardous: it has the same mean, and far less variance.
    """
    rows = []
    for index, (its, tally) in enumerate(zip(sums, tallies, strict=True)):
        events = its.events if played or not reading.order_depends_on_accidents else _inert_as_played(its, tally)
        laid = _cumulated(tally.laid)
        if reading.averaged and not played:
            hazardous, mine_days, rate, accidents = _averaged(reading, its, laid, reading.world.kinds[index])
        else:
            # Counted from the end, so that a residue of a few in a million is not the difference of large numbers.
            hazardous = _later(events["stopped"]) - _later(events["started"])
            mine_days = reading.grid.times * hazardous - _cumulated(events["started_days"] - events["stopped_days"])
            rate, accidents = _accident_rate(reading, its, hazardous, mine_days, played=played)
        if played:
            days = history.accidents.day[history.accidents.kind == index]
            accidents = _cumulated(np.bincount(bins_of(days, reading.grid), minlength=reading.grid.size + 1))
        rows.append(
            (
                laid,
                *(np.maximum(curve, 0.0) for curve in (
                    hazardous, _cumulated(events["inert_from"] - events["inert_until"]), accidents, rate, mine_days
                )),
                *(_cumulated(events[name]) for name in ("cleared_hazardous", "cleared_inert")),
                *(_cumulated(events[name]) for name in ("missed_hazardous", "missed_inert")),
            )
        )  # fmt: skip
    return Curves(*(np.array(column) for column in zip(*rows, strict=True)))


def land_of(reading: Reading, history: History, first_laid: Sequence[Array]) -> Land:
    """What land each class denied and the teams released, and their days of work."""
    area, grid = reading.world.region.area_km2, reading.grid
    every = np.min(first_laid, axis=0)
    visits = history.visits
    released = np.full(area.size, np.inf) if visits is None else visits.released
    rows = []
    for first in (*first_laid, every):
        denied = np.isfinite(first)
        gained = np.bincount(bins_of(first, grid), area * denied, grid.size + 1)
        rows.append(_cumulated(gained - np.bincount(bins_of(released, grid), area * denied, grid.size + 1)))
    contaminated = area * np.isfinite(every)
    total = _cumulated(np.bincount(bins_of(released, grid), contaminated, grid.size + 1))
    denied_km2 = np.array(rows)
    # What is left after the last release is nothing, not rounding.
    denied_km2[np.abs(denied_km2) < 1e-9 * area.sum()] = 0.0
    return Land(denied_km2, total, _team_days(reading, history), _release_days(reading, released, contaminated))


def maps_of(reading: Reading, history: History, tallies: Sequence[Tally]) -> Maps | None:
    """The maps of one world, of all classes together; None where no map is asked for."""
    world = reading.world
    if reading.blocks is None:
        return None
    area, exposure, days = world.region.area_km2, world.exposure, np.array(world.map_days)
    hazardous, pull = (
        np.sum([getattr(tally.estimate, name) for tally in tallies], axis=0) for name in ("map_hazardous", "map_pull")
    )
    as_played = reading.order_depends_on_accidents
    inert = np.sum([(tally.played if as_played else tally.estimate).map_inert for tally in tallies], axis=0)
    if reading.averaged:
        survived = np.exp(-float(exposure.activity[0]) * read(exposure.clock, days))[:, None]
        hazardous, pull = hazardous * survived, pull * survived
    now = pace_at(exposure.clock, days)[:, None] * DAYS_PER_YEAR
    ahead = (read(exposure.clock, days + DAYS_PER_YEAR) - read(exposure.clock, days))[:, None]
    laid = np.min([tally.first_laid for tally in tallies], axis=0) <= days[:, None]
    released = np.zeros_like(laid) if history.visits is None else laid & (history.visits.released <= days[:, None])
    contaminated_km2, released_km2 = (
        np.array([_by_block(reading, row * area) for row in cells]) for cells in (laid, released)
    )
    return Maps(hazardous, inert, pull * now, pull * ahead, contaminated_km2, released_km2)


def block_of_cells(region: Region) -> NDArray[np.intp]:
    """The block of each cell on maps [C]: the cell itself, or squares of cells where there are very many.

    Blocks are numbered in the order of their first cell; those without a cell do not exist.
    """
    side = blocks_side(region)
    across = -(-region.columns // side)
    place = (region.row // side) * across + region.column // side
    return np.asarray(np.unique(place, return_inverse=True)[1], dtype=np.intp)


def blocks_side(region: Region) -> int:
    """How many cells a block is wide: a map is coarse, whatever the cells are, and shows no single item's place."""
    few = np.sqrt(region.area_km2.size / _MOST_BLOCKS)
    return int(np.ceil(max(few, _LEAST_WIDTH_KM / region.cell_km - 1e-9, 1.0)))


def _accident_rate(
    reading: Reading, sums: Sums, hazardous: Array, mine_days: Array, *, played: bool
) -> tuple[Array, Array]:
    """The sum of the accident rates of hazardous mines [per year], and its integral: expected accidents, [T] each.

    The integral is not summed for the played reading, whose accidents are counted.
    """
    world, times = reading.world, reading.grid.times
    exposure = world.exposure
    if reading.plain or (played and reading.same_pull):
        pull = float(exposure.activity[0])
        return pull * hazardous * pace_at(exposure.clock, times) * DAYS_PER_YEAR, (
            pull * mine_days * float(exposure.clock.paces[0])
        )
    events = sums.events
    stopped, stopped_reading = events["stopped_pull"], events["stopped_reading"]
    history = reading.history
    if history is not None and history.marked_day is not None and history.marked_at is not None:
        marked = np.flatnonzero(np.isfinite(history.marked_day))
        slowed = (1.0 - history.pace) * exposure.activity[marked] * sums.through_marking[marked]
        bins = bins_of(history.marked_day[marked], reading.grid)
        stopped = stopped + np.bincount(bins, slowed, stopped.size)
        stopped_reading = stopped_reading + np.bincount(bins, slowed * history.marked_at[marked], stopped.size)
    pull_now = _later(stopped) - _later(events["started_pull"])
    dose = read(exposure.clock, times) * pull_now - _cumulated(events["started_reading"] - stopped_reading)
    return pull_now * pace_at(exposure.clock, times) * DAYS_PER_YEAR, dose


def _inert_as_played(sums: Sums, tally: Tally) -> dict[str, Array]:
    """The events of the estimate, those of inert items as played.

    Where accidents bring teams to a cell, an outcome in which a mine was inert before its own accident belongs to a
    world in which they come later: to average over it at the days played would be biased.
    """
    names = ("inert_from", "inert_until", "cleared_inert", "missed_inert")
    return sums.events | {name: tally.played.events[name] for name in names}


def _averaged(reading: Reading, sums: Sums, laid: Array, kind: MineKind) -> tuple[Array, Array, Array, Array]:
    """Hazardous mines, mine-days, accident rate and accidents where thresholds are averaged out, [T] each."""
    exposure, times, events = reading.world.exposure, reading.grid.times, sums.events
    pull, armed = float(exposure.activity[0]), 1.0 - kind.arming_failure
    working = _later(events["stopped"]) - _later(events["started"])
    hazardous = np.exp(-pull * read(exposure.clock, times)) * working
    device_days = _cumulated(events["stopped_days"] - events["started_days"]) + times * working
    middle = np.exp(-pull * read(exposure.clock, (times[1:] + times[:-1]) / 2))
    mine_days = np.concatenate(([0.0], np.cumsum(middle * np.diff(device_days))))
    rate = pull * hazardous * pace_at(exposure.clock, times) * DAYS_PER_YEAR
    return hazardous, mine_days, rate, armed * laid - hazardous - _cumulated(events["ended"])


def _team_days(reading: Reading, history: History) -> Array:
    """Days of work that the teams have done by each time, [T]."""
    times, plan, visits = reading.grid.times, reading.world.clearance, history.visits
    if plan is None or visits is None:
        return np.zeros(times.size)
    begun, done = visits.begun[np.isfinite(visits.begun)], visits.done[np.isfinite(visits.begun)]
    worked = np.zeros(reading.grid.size + 1)
    at_work = np.zeros(reading.grid.size + 1)
    for days, sign in ((begun, 1.0), (done, -1.0)):
        bins = bins_of(days, reading.grid)
        at_work += sign * np.bincount(bins, minlength=at_work.size)
        # Work after the horizon falls into the last bin, which is not read.
        worked += sign * np.bincount(bins, read(plan.calendar, np.minimum(days, times[-1])), worked.size)
    return read(plan.calendar, times) * _cumulated(at_work) - _cumulated(worked)


def _release_days(reading: Reading, released: Array, contaminated: Array) -> Array:
    """The days by which RELEASED_SHARES of the contaminated area are released, infinite beyond the horizon."""
    order = np.argsort(released, kind="stable")
    share = np.cumsum(contaminated[order])
    if not share.size or not share[-1] > 0:
        return np.full(len(RELEASED_SHARES), np.inf)
    place = np.searchsorted(share, np.array(RELEASED_SHARES) * share[-1] * (1 - 1e-12))
    days = released[order][np.minimum(place, share.size - 1)]
    return np.where(days <= reading.world.horizon_days, days, np.inf)


def _by_block(reading: Reading, values: Array) -> Array:
    if reading.blocks is None:
        raise ValueError("no maps are kept")
    return np.asarray(np.bincount(reading.blocks, values, reading.block_count), dtype=float)


def _later(histogram: Array) -> Array:
    """What happens only after each grid time, shape [T], from a histogram [T + 1]."""
    return np.cumsum(histogram[:0:-1])[::-1]


def _cumulated(histogram: NDArray[np.generic]) -> Array:
    """What has happened by each grid time, from a histogram over bins [..., T + 1]."""
    return np.cumsum(histogram[..., :-1], axis=-1, dtype=float)
