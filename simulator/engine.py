"""Playing a world: the only door to SimPy.

What interacts is an event: a mine laid in a cell, and the dose of a cell reaching the next mine's accident threshold.
Each cell has one pending accident at most; when another mine's becomes the next, a new one is scheduled and the old
one, when its turn comes, sees by its version that it is stale. Everything else is read from the latent columns by
`simulator.tally`.
"""

import heapq
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import simpy
from numpy.typing import NDArray

from simulator.clocks import Array, day_of, pace_at, read
from simulator.population import CHUNK, chunks
from simulator.tally import Candidates, Tally, add_chunk
from simulator.trajectory import Bins, Curves, TimeBins, Trajectory, bins_of, time_bins
from simulator.units import DAYS_PER_YEAR
from simulator.world import World


@dataclass(frozen=True, slots=True, eq=False)
class Accidents:
    """Accidents in the order they happened, shape [A] each: day, class, mine, cell, and how the mine would have ended.

    ``events`` is what the event queue handled for them.
    """

    day: Array
    kind: NDArray[np.intp]
    mine: NDArray[np.int64]
    cell: NDArray[np.intp]
    end: Array
    inert_after: NDArray[np.bool_]
    events: int


@dataclass(slots=True, eq=False)
class CellQueue:
    """Mines of a cell that wait for the cell's dose to reach them: a heap of (dose, row); ``version`` marks what is
    pending.
    """

    version: int = 0
    waiting: list[tuple[float, int]] = field(default_factory=list)


def play(world: World, replicate: int, chunk_size: int = CHUNK, seed: int | None = None) -> Trajectory:
    """Play one replicate of a world, with its own seed unless another is given.

    The result depends on the world, the seed and ``replicate``, never on ``chunk_size``.
    """
    seed = world.seed if seed is None else seed
    grid = time_bins(world.times)
    tallies = []
    for kind in world.kinds:
        tally = Tally(world.exposure.group_activity.size, grid.size + 1, world.region.area_km2.size)
        for chunk in chunks(kind, world.region, seed, replicate, chunk_size):
            add_chunk(tally, chunk, kind, world.exposure, grid)
        tallies.append(tally)
    accidents = play_accidents(world, [tally.candidates for tally in tallies])
    return Trajectory(
        _played(world, tallies, accidents, grid),
        _estimated(world, tallies, grid),
        _denied(world, tallies, grid),
        accidents.events,
    )


def play_accidents(world: World, candidates: Sequence[Sequence[Candidates]]) -> Accidents:
    """Let the dose of every cell rise to the horizon and record which mines it reaches while they are hazardous.

    ``candidates`` are, class by class, the mines that could be reached at all.
    """
    kind = np.concatenate([np.empty(0, np.intp), *(np.full(part.mine.size, index)
                           for index, parts in enumerate(candidates) for part in parts)])  # fmt: skip
    mine, cell, laid, threshold, end, inert = (
        np.concatenate([np.empty(0, dtype), *(getattr(part, name) for parts in candidates for part in parts)])
        for name, dtype in (("mine", int), ("cell", int), ("laid", float), ("threshold", float), ("end", float),
                            ("inert_after", bool))
    )  # fmt: skip
    exposure = world.exposure
    # A mine laid later starts from its cell's dose of that day.
    target = read(exposure.clock, laid) + threshold / exposure.activity[cell]
    due = day_of(exposure.clock, target)

    env = simpy.Environment()
    reached: list[int] = []
    cells: dict[int, CellQueue] = defaultdict(CellQueue)
    for row in range(mine.size):
        if laid[row] > 0:
            lay_later(env, cells[int(cell[row])], row, float(laid[row]), target, due, end, reached)
        else:
            cells[int(cell[row])].waiting.append((float(target[row]), row))
    for queue in cells.values():
        heapq.heapify(queue.waiting)
        schedule_next(env, queue, due, end, reached)
    events = 0
    while env.peek() <= world.horizon_days:
        env.step()
        events += 1
    order = np.array(reached, dtype=np.intp)
    return Accidents(
        due[order], kind[order].astype(np.intp), mine[order], cell[order], end[order], inert[order], events
    )


def lay_later(
    env: simpy.Environment,
    queue: CellQueue,
    row: int,
    day: float,
    target: Array,
    due: Array,
    end: Array,
    reached: list[int],
) -> None:
    """Schedule the laying of a mine: on that day it joins its cell's queue, and may be the next to be reached."""

    def lay(_: simpy.Event) -> None:
        heapq.heappush(queue.waiting, (float(target[row]), row))
        if queue.waiting[0][1] == row:
            schedule_next(env, queue, due, end, reached)

    timeout(env, day).callbacks.append(lay)


def schedule_next(env: simpy.Environment, queue: CellQueue, due: Array, end: Array, reached: list[int]) -> None:
    """Schedule the accident of the mine that the cell's dose reaches next, in place of whatever was pending."""
    queue.version += 1
    if not queue.waiting:
        return
    version, (_, row) = queue.version, queue.waiting[0]

    def reach(_: simpy.Event) -> None:
        if version != queue.version:
            return
        heapq.heappop(queue.waiting)
        # A tie goes to expiry: a mine that ends at this very time is no longer hazardous.
        if due[row] < end[row]:
            reached.append(row)
        schedule_next(env, queue, due, end, reached)

    timeout(env, float(due[row])).callbacks.append(reach)


def timeout(env: simpy.Environment, day: float) -> simpy.Timeout:
    """A timeout that ends on a day; raises ValueError for a day in the past or NaN, which SimPy would accept in
    silence.
    """
    delay = max(day - env.now, 0.0) if day - env.now > -1e-6 else day - env.now
    if not delay >= 0:
        raise ValueError(f"cannot wait from day {env.now} until day {day}")
    return env.timeout(delay)


def _played(world: World, tallies: Sequence[Tally], accidents: Accidents, grid: TimeBins) -> Curves:
    size, groups = grid.size + 1, world.exposure.group_activity.size
    pace = pace_at(world.exposure.clock, grid.times) * DAYS_PER_YEAR
    rows = []
    for index, tally in enumerate(tallies):
        mine = accidents.kind == index
        day, end = accidents.day[mine], accidents.end[mine]
        at, ended = bins_of(day, grid), bins_of(end, grid)
        group = world.exposure.group[accidents.cell[mine]] * size

        def by_group(bins: Bins, group: Bins = group) -> Bins:
            return np.bincount(bins + group, minlength=groups * size)

        # From its accident on a mine is not hazardous; what it would have done later does not happen.
        armed = tally.group_sums["armed"].reshape(groups, -1)
        ended_now = (tally.group_sums["ended"] + by_group(at) - by_group(ended)).reshape(groups, -1)
        working = _cumulated(armed - ended_now)
        hazardous, sums = working.sum(axis=0), tally.sums
        laid, lost = _cumulated(sums["laid"]), _cumulated(np.bincount(at, minlength=size))
        inert_lost = _cumulated(np.bincount(ended[accidents.inert_after[mine]], minlength=size))
        days_ended = _cumulated(sums["ended_days"] - np.bincount(ended, np.minimum(end, grid.times[-1]), size))
        days_ended += _cumulated(np.bincount(at, day, size))
        rows.append(
            (
                laid,
                hazardous,
                laid - _cumulated(armed.sum(axis=0)) + _cumulated(sums["ended_inert"]) - inert_lost,
                lost,
                world.exposure.group_activity @ working * pace,
                days_ended + grid.times * hazardous - _cumulated(sums["laid_days"]),
            )
        )
    return _curves(rows)


def _estimated(world: World, tallies: Sequence[Tally], grid: TimeBins) -> Curves:
    exposure = world.exposure
    dose = exposure.group_activity[:, None] * read(exposure.clock, grid.times)
    middle = exposure.group_activity[:, None] * read(exposure.clock, (grid.times[1:] + grid.times[:-1]) / 2)
    rows = []
    for kind, tally in zip(world.kinds, tallies, strict=True):
        armed = 1.0 - kind.arming_failure
        # Counted from the end, so that a residue of a few in a million is not the difference of two large numbers.
        sums = {name: histogram.reshape(tally.groups, -1) for name, histogram in tally.group_sums.items()}
        working = _later(sums["estimate_ended"]) - _later(sums["estimate_started"])
        by_group = armed * np.exp(-dose) * working
        hazardous = by_group.sum(axis=0)
        laid = _cumulated(tally.sums["laid"])
        device_days = _cumulated(sums["estimate_ended_days"] - sums["estimate_started_days"]) + grid.times * working
        mine_days = armed * (np.exp(-middle) * np.diff(device_days)).sum(axis=0)
        rows.append(
            (
                laid,
                hazardous,
                laid * kind.arming_failure + armed * _cumulated(tally.sums["estimate_inert"]),
                armed * laid - hazardous - armed * _cumulated(tally.sums["estimate_ended"]),
                exposure.group_activity @ by_group * pace_at(exposure.clock, grid.times) * DAYS_PER_YEAR,
                np.concatenate(([0.0], np.cumsum(mine_days))),
            )
        )
    return _curves(rows)


def _denied(world: World, tallies: Sequence[Tally], grid: TimeBins) -> Array:
    first = [tally.first_laid for tally in tallies]
    rows = [
        _cumulated(np.bincount(bins_of(days, grid), world.region.area_km2, grid.size + 1))
        for days in (*first, np.min(first, axis=0))
    ]
    return np.array(rows)


def _curves(rows: Sequence[Sequence[Array]]) -> Curves:
    return Curves(*(np.array(column) for column in zip(*rows, strict=True)))


def _later(histogram: Array) -> Array:
    """What happens only after each grid time, shape [G, T], from a histogram [G, T + 1]."""
    return np.cumsum(histogram[:, :0:-1], axis=1)[:, ::-1]


def _cumulated(histogram: NDArray[np.generic]) -> Array:
    """What has happened by each grid time, from a histogram over bins [..., T + 1]."""
    return np.cumsum(histogram[..., :-1], axis=-1, dtype=float)
