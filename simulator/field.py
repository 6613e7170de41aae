"""The field that mines, people and teams share, played in SimPy.

What interacts is an event: a mine laid where it can be reached, the dose of a cell reaching the next mine's accident
threshold, a cell marked after an accident, a team that begins and finishes a search (`simulator.teams`). Each cell has
one pending accident at most; a change of its pace schedules a new one, and the old one, when its turn comes, sees by
its version that it is stale. Whatever concerns one mine alone is read from its latent columns by `simulator.tally`.

Ties: self-destruction, battery and ageing come first, then clearance, then an accident.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import simpy
from numpy.typing import NDArray

from simulator.clocks import Array, read
from simulator.exposure import bent, reached_days
from simulator.history import Accidents, History, Visits
from simulator.teams import Campaign, Contamination, campaign_of, clear_region, note_accident, timeout
from simulator.world import World

Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Mines that an accident could reach while they are hazardous, shape [M] each.

    ``threshold`` is the dose they stand, ``end`` the day on which they end by themselves, ``found_in`` the pass of a
    team that finds them (one more than there are: none).
    """

    kind: NDArray[np.intp]
    mine: NDArray[np.int64]
    cell: NDArray[np.intp]
    laid: Array
    threshold: Array
    end: Array
    found_in: NDArray[np.intp]


@dataclass(slots=True, eq=False)
class CellQueue:
    """Mines of a cell that wait for its dose to reach them: a heap of (own clock's reading, row).

    ``version`` tells what is pending from what is stale; ``rows`` are all that will ever wait here.
    """

    rows: Rows
    version: int = 0
    accidents: int = 0
    waiting: list[tuple[float, int]] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Field:
    """The state of a world while it is played; columns [M] go by candidate, [C] by cell.

    ``target`` is the reading of the cell's own clock at which a mine is reached, ``due`` the day of it.
    """

    world: World
    candidates: Candidates
    env: simpy.Environment
    queues: dict[int, CellQueue]
    marked_day: Array
    marked_at: Array
    campaign: Campaign | None
    target: Array
    due: Array
    reached: list[int]


def play_field(world: World, candidates: Candidates, laid: Contamination, order: Array | None) -> History:
    """Let people, marking and teams act until the horizon and record what happened to the cells.

    ``order`` [C] are uniforms for a random order of the cells.
    """
    ground = _field(world, candidates, order)
    _reach(ground, np.arange(candidates.mine.size))
    for row in range(candidates.mine.size):
        queue = ground.queues[int(candidates.cell[row])]
        if candidates.laid[row] > 0:
            _lay_later(ground, queue, row)
        else:
            queue.waiting.append((float(ground.target[row]), row))
    for queue in ground.queues.values():
        heapq.heapify(queue.waiting)
        _schedule_next(ground, queue)
    if ground.campaign is not None:
        ground.env.process(clear_region(ground.env, ground.campaign, laid))
    events = 0
    while ground.env.peek() <= world.horizon_days:
        ground.env.step()
        events += 1
    return _history(ground, events)


def mark(ground: Field, cell: int, reached: float) -> None:
    """Mark a cell: from now on its own clock goes slower, and what it was about to reach comes later.

    ``reached`` is the reading of its first accident, which no rounding of the day may put beyond the mark.
    """
    now, queue = ground.env.now, ground.queues[cell]
    ground.marked_day[cell] = now
    ground.marked_at[cell] = max(float(read(ground.world.exposure.clock, np.array([now]))[0]), reached)
    _reach(ground, queue.rows)
    _schedule_next(ground, queue)


def _field(world: World, candidates: Candidates, cell_order: Array | None) -> Field:
    cells, plan = world.region.area_km2.size, world.clearance
    order = np.argsort(candidates.cell, kind="stable")
    values, starts = np.unique(candidates.cell[order], return_index=True)
    queues = {
        int(cell): CellQueue(rows) for cell, rows in zip(values, np.split(order, starts[1:]), strict=bool(order.size))
    }
    return Field(
        world=world,
        candidates=candidates,
        env=simpy.Environment(),
        queues=queues,
        marked_day=np.full(cells, np.inf),
        marked_at=np.full(cells, np.inf),
        campaign=None if plan is None else campaign_of(world, plan, cell_order),
        target=np.empty(candidates.mine.size),
        due=np.empty(candidates.mine.size),
        reached=[],
    )


def _reach(ground: Field, rows: Rows) -> None:
    """Compute when the cells' own clocks, as they go now, reach the mines of some rows."""
    some = ground.candidates
    pace = ground.world.marking.pace if ground.world.marking is not None else 1.0
    ground.target[rows], ground.due[rows] = accident_days(
        ground.world, some.cell[rows], some.laid[rows], some.threshold[rows], ground.marked_at, pace
    )


def accident_days(
    world: World, cell: Rows, laid: Array, threshold: Array, marked_at: Array | None, pace: float
) -> tuple[Array, Array]:
    """The readings of the cells' own clocks at which mines are reached, and the days of it, both [M].

    A mine laid later starts from its cell's reading of that day.
    """
    exposure = world.exposure
    own = read(exposure.clock, laid)
    its: Array | float = np.inf
    if marked_at is not None:
        its = marked_at[cell]
        own = bent(own, its, pace)
    with np.errstate(divide="ignore"):
        # Where nobody goes, no threshold is ever reached.
        target = own + threshold / exposure.activity[cell]
    return target, reached_days(exposure, target, its, pace)


def _lay_later(ground: Field, queue: CellQueue, row: int) -> None:
    """Schedule the laying of a mine: on that day it joins its cell's queue, and may be the next to be reached."""

    def lay(_: simpy.Event) -> None:
        heapq.heappush(queue.waiting, (float(ground.target[row]), row))
        if queue.waiting[0][1] == row:
            _schedule_next(ground, queue)

    _at(ground, float(ground.candidates.laid[row]), lay)


def _schedule_next(ground: Field, queue: CellQueue) -> None:
    """Schedule the accident of the mine that the cell's dose reaches next, in place of whatever was pending."""
    queue.version += 1
    if not queue.waiting:
        return
    version, (_, row) = queue.version, queue.waiting[0]

    def reach(_: simpy.Event) -> None:
        if version != queue.version:
            return
        heapq.heappop(queue.waiting)
        if ground.due[row] < _end(ground, row):
            _accident(ground, queue, row)
        _schedule_next(ground, queue)

    if ground.due[row] <= ground.world.horizon_days:
        _at(ground, float(ground.due[row]), reach)


def _end(ground: Field, row: int) -> float:
    """When a mine ends other than by an accident, as far as it is known now: by itself, or found by a team."""
    some = ground.candidates
    end, visit = float(some.end[row]), int(some.found_in[row]) - 1
    campaign = ground.campaign
    if campaign is not None and visit < campaign.plan.passes:
        end = min(end, float(campaign.done[some.cell[row], visit]))
    return end


def _accident(ground: Field, queue: CellQueue, row: int) -> None:
    ground.reached.append(row)
    queue.accidents += 1
    cell, marking = int(ground.candidates.cell[row]), ground.world.marking
    if marking is not None and queue.accidents == 1:
        reached = float(ground.target[row])
        _at(ground, ground.env.now + marking.delay_days, lambda _: mark(ground, cell, reached))
    if ground.campaign is not None:
        note_accident(ground.campaign, cell)


def _at(ground: Field, day: float, action: Callable[[simpy.Event], None]) -> None:
    callbacks = timeout(ground.env, day).callbacks
    if callbacks is not None:
        callbacks.append(action)


def _history(ground: Field, events: int) -> History:
    some, world = ground.candidates, ground.world
    order = np.array(ground.reached, dtype=np.intp)
    accidents = Accidents(ground.due[order], some.kind[order], some.mine[order], some.cell[order])
    marking = world.marking
    return History(
        accidents,
        ground.marked_day if marking is not None else None,
        ground.marked_at if marking is not None else None,
        marking.pace if marking is not None else 1.0,
        Visits(ground.campaign.begun, ground.campaign.done) if ground.campaign is not None else None,
        events,
    )
