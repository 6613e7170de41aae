"""The field that mines, people and teams share: the only door to SimPy.

What interacts is an event: a mine laid where it can be reached, the dose of a cell reaching the next mine's accident
threshold, a cell marked after an accident, a team that begins and finishes a search. Each cell has one pending accident
at most; a change of its pace schedules a new one, and the old one, when its turn comes, sees by its version that it is
stale. Whatever concerns one mine alone is read from its latent columns by `simulator.tally`.

Ties: self-destruction, battery and ageing come first, then clearance, then an accident.
"""

import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Generator
from dataclasses import dataclass, field

import numpy as np
import simpy
from numpy.typing import NDArray

from simulator.clearance import ACCIDENTS_FIRST, RANDOM, ClearancePlan
from simulator.clocks import Array, Clock, read
from simulator.exposure import bent, reached_days
from simulator.history import Accidents, History, Visits
from simulator.world import World

Rows = NDArray[np.intp]
Process = Generator[simpy.Event, object, None]


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


@dataclass(frozen=True, slots=True, eq=False)
class Contamination:
    """When each cell received its first and its last item [C]; infinite and minus infinite where it has none."""

    first_laid: Array
    last_laid: Array


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
    begun: Array
    done: Array
    target: Array
    due: Array
    reached: list[int]
    worklist: list[tuple[int, int, int]]
    rank: list[int]
    listed: NDArray[np.bool_]


def play_field(world: World, candidates: Candidates, laid: Contamination, order: Array | None) -> History:
    """Let people, marking and teams act until the horizon and record what happened to the cells.

    ``order`` [C] are uniforms for a random order of the cells.
    """
    ground = _field(world, candidates)
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
    if world.clearance is not None:
        ground.rank = _ranks(world, world.clearance, order)
        ground.env.process(clear_region(ground.env, ground, world.clearance, laid))
    events = 0
    while ground.env.peek() <= world.horizon_days:
        ground.env.step()
        events += 1
    return _history(ground, events)


def clear_region(env: simpy.Environment, ground: Field, plan: ClearancePlan, laid: Contamination) -> Process:
    """Give each free team the next cell of the order, once all that will ever lie there has been laid."""
    teams = simpy.Resource(env, capacity=plan.teams)
    opening = _openings(plan, laid)
    yield timeout(env, plan.first_day)
    while True:
        request = teams.request()
        yield request
        yield timeout(env, working_day(plan.calendar, env.now))
        while opening and opening[-1][0] <= env.now:
            _put_on_worklist(ground, opening.pop()[1])
        cell = _next_cell(ground)
        if cell is not None:
            env.process(search(env, ground, plan, cell, teams, request))
        elif opening:
            teams.release(request)
            yield timeout(env, opening[-1][0])
        else:
            return


def search(
    env: simpy.Environment,
    ground: Field,
    plan: ClearancePlan,
    cell: int,
    teams: simpy.Resource,
    request: simpy.resources.resource.Request,
) -> Process:
    """A team searches a cell, pass after pass, releases it, and is free again."""
    for visit in range(plan.passes):
        ground.begun[cell, visit] = working_day(plan.calendar, env.now)
        # Nothing interrupts a pass, so its last day is known: whoever asks in between sees the same.
        ground.done[cell, visit] = day_of_work(plan.calendar, env.now, float(plan.work_days[cell]))
        yield timeout(env, float(ground.done[cell, visit]))
    teams.release(request)


def mark(ground: Field, cell: int, reached: float) -> None:
    """Mark a cell: from now on its own clock goes slower, and what it was about to reach comes later.

    ``reached`` is the reading of its first accident, which no rounding of the day may put beyond the mark.
    """
    now, queue = ground.env.now, ground.queues[cell]
    ground.marked_day[cell] = now
    ground.marked_at[cell] = max(float(read(ground.world.exposure.clock, np.array([now]))[0]), reached)
    _reach(ground, queue.rows)
    _schedule_next(ground, queue)


def timeout(env: simpy.Environment, day: float) -> simpy.Timeout:
    """A timeout that ends on a day; raises ValueError for a day in the past or NaN, which SimPy would accept in
    silence.
    """
    delay = max(day - env.now, 0.0) if day - env.now > -1e-6 else day - env.now
    if not delay >= 0:
        raise ValueError(f"cannot wait from day {env.now} until day {day}")
    return env.timeout(delay)


def working_day(calendar: Clock, day: float) -> float:
    """The first moment of work from ``day`` on: ``day`` itself, or the end of the winter stop it falls in."""
    if calendar.is_linear:
        return day
    piece = min(max(bisect_right(calendar.days, day) - 1, 0), calendar.days.size - 2)
    while piece < calendar.days.size - 2 and calendar.readings[piece + 1] == calendar.readings[piece]:
        piece += 1
    return max(day, float(calendar.days[piece]))


def day_of_work(calendar: Clock, begun: float, work_days: float) -> float:
    """The day on which ``work_days`` of work are done since ``begun``, at the end of the work, before any stop."""
    if calendar.is_linear:
        return begun + work_days
    if work_days <= 0:
        return begun
    wanted = float(read(calendar, np.array([begun]))[0]) + work_days
    piece = min(max(bisect_left(calendar.readings, wanted), 1), calendar.days.size - 1)
    pace = (calendar.readings[piece] - calendar.readings[piece - 1]) / (calendar.days[piece] - calendar.days[piece - 1])
    if not pace > 0:
        return np.inf
    return float(calendar.days[piece - 1] + (wanted - calendar.readings[piece - 1]) / pace)


def _field(world: World, candidates: Candidates) -> Field:
    cells, passes = world.region.area_km2.size, world.clearance.passes if world.clearance is not None else 0
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
        begun=np.full((cells, passes), np.inf),
        done=np.full((cells, passes), np.inf),
        target=np.empty(candidates.mine.size),
        due=np.empty(candidates.mine.size),
        reached=[],
        worklist=[],
        rank=[],
        listed=np.zeros(cells, dtype=bool),
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
    return min(end, float(ground.done[some.cell[row], visit])) if visit < ground.done.shape[1] else end


def _accident(ground: Field, queue: CellQueue, row: int) -> None:
    ground.reached.append(row)
    queue.accidents += 1
    cell, marking = int(ground.candidates.cell[row]), ground.world.marking
    if marking is not None and queue.accidents == 1:
        reached = float(ground.target[row])
        _at(ground, ground.env.now + marking.delay_days, lambda _: mark(ground, cell, reached))
    if ground.listed[cell]:
        _put_on_worklist(ground, cell)


def _at(ground: Field, day: float, action: Callable[[simpy.Event], None]) -> None:
    callbacks = timeout(ground.env, day).callbacks
    if callbacks is not None:
        callbacks.append(action)


def _ranks(world: World, plan: ClearancePlan, order: Array | None) -> list[int]:
    """Each cell's place in the order, before any accident: by people in it, or by chance."""
    if plan.order == RANDOM:
        if order is None:
            raise ValueError("a random order needs its uniforms")
        first = np.argsort(order, kind="stable")
    else:
        first = np.argsort(-world.exposure.activity * world.region.area_km2, kind="stable")
    rank = np.empty(first.size, dtype=np.intp)
    rank[first] = np.arange(first.size)
    return [*map(int, rank)]


def _openings(plan: ClearancePlan, laid: Contamination) -> list[tuple[float, int]]:
    """The cells that hold an item, with the day from which they can be cleared, the latest first."""
    cells = np.flatnonzero(np.isfinite(laid.first_laid))
    days = np.maximum(laid.last_laid[cells], plan.first_day)
    return sorted(zip(days.tolist(), cells.tolist(), strict=True), reverse=True)


def _put_on_worklist(ground: Field, cell: int) -> None:
    """Put a cell where it belongs by its accidents so far; where it stood before, it is skipped later."""
    heapq.heappush(ground.worklist, (-_accidents_that_count(ground, cell), ground.rank[cell], cell))
    ground.listed[cell] = True


def _accidents_that_count(ground: Field, cell: int) -> int:
    plan = ground.world.clearance
    if plan is None or plan.order != ACCIDENTS_FIRST or cell not in ground.queues:
        return 0
    return ground.queues[cell].accidents


def _next_cell(ground: Field) -> int | None:
    """Take the first cell off the worklist, and never again."""
    while ground.worklist:
        _, _, cell = heapq.heappop(ground.worklist)
        if ground.listed[cell]:
            ground.listed[cell] = False
            return cell
    return None


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
        Visits(ground.begun, ground.done) if world.clearance is not None else None,
        events,
    )
