"""A second engine that counts: expected numbers of items per cell, stepped through time. It checks the first.

It knows no single mine. For each cell and class it carries the probability that an item is hazardous, inert or has had
an accident, given what happened to the cell so far; only what feeds back is drawn: accidents, from the rate they imply.
Marking and teams act on whole cells. It shares the device laws of the closed form and the number of items in each cell
with the event engine, nothing else; its answers tend to the same means as the steps get short. Correlation within lots
is not counted.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simulator.clearance import ACCIDENTS_FIRST, RANDOM, ClearancePlan
from simulator.clocks import Array, read
from simulator.closed_form import outcome_probabilities
from simulator.fates import NOWHERE, fate
from simulator.population import Purpose, chunks, uniforms
from simulator.world import MineKind, World

QUANTITIES = ("hazardous", "inert", "accidents", "cleared_hazardous", "cleared_inert", "released_km2")
_COHORTS = 24  # parts of a laying period after the start, at least


@dataclass(frozen=True, slots=True, eq=False)
class Courses:
    """What is the same in every replicate: the ``steps`` [S], and cohorts, groups of items laid at about the same time.

    By cohort [J]: its class, the day from which it is there, the share that arms; ``working`` and ``deactivated``
    [J, S] are the shares of armed items that their devices alone leave hazardous, and have made inert, at the steps.
    """

    steps: Array
    kind: NDArray[np.intp]
    laid: Array
    armed: Array
    working: Array
    deactivated: Array


@dataclass(frozen=True, slots=True, eq=False)
class _Ground:
    """One replicate's contaminated cells: their numbers in the region, the day from which each is open to teams, [C],
    and the items of each cohort in them [J, C].
    """

    cell: NDArray[np.intp]
    opening: Array
    items: Array


@dataclass(slots=True, eq=False)
class _Cells:
    """The state of a world in numbers.

    By cohort and cell [J, C]: the probabilities that an item is in a state and that no team has found it, or that it is
    ``lost`` to an accident; accidents that happened, and that were ``expected`` step by step. By cell [C]: when it is
    marked and released. ``taken`` [J]: the cohort is laid.
    """

    hazardous: Array
    inert: Array
    unarmed: Array
    lost: Array
    accidents: Array
    expected: Array
    marked: Array
    released: Array
    taken: NDArray[np.bool_]
    cleared_hazardous: float
    cleared_inert: float


@dataclass(frozen=True, slots=True)
class _Visit:
    """A pass of a team that ends on a day; the last one releases its cell."""

    day: float
    cell: int
    last: bool


def courses(world: World, step_days: float = 1.0) -> Courses:
    """Prepare a world to be counted in steps of at most so many days, that meet all of its times."""
    cohorts = [(index, its) for index, kind in enumerate(world.kinds) for its in _cohorts(kind, world.times)]
    # A cohort comes into play at a step of its own: half a step of exposure matters to mines that live for days.
    laid_days = [its.laid_from for _, its in cohorts if 0 < its.laid_from < world.times[-1]]
    steps = np.unique(np.concatenate([world.times, np.arange(0.0, world.times[-1], step_days), laid_days]))
    rows = [
        (index, max(its.laid_from, 0.0), 1.0 - its.arming_failure, *_devices(world, its, steps))
        for index, its in cohorts
    ]
    kinds, laid, armed, working, deactivated = (np.array(column) for column in zip(*rows, strict=True))
    return Courses(steps, kinds, laid, armed, working, deactivated)


def count(world: World, course: Courses, replicate: int, seed: int | None = None) -> dict[str, Array]:
    """One replicate in counts: each of QUANTITIES over all classes at the world's times, shape [T].

    Cells hold the items that the event engine puts there in the same replicate. Accidents are those expected given
    what happened before each step.
    """
    seed = world.seed if seed is None else seed
    ground = _ground(world, course, replicate, seed)
    rng = np.random.Generator(np.random.Philox(np.random.SeedSequence(seed, spawn_key=(replicate, 0))))
    plan, steps = world.clearance, course.steps
    order = _first_order(world, replicate, seed)[ground.cell]
    diary = _Diary([] if plan is None else [plan.first_day] * plan.teams, ground.opening.copy(), [])
    cells = _empty(ground)
    clock = read(world.exposure.clock, steps)
    seen = set(np.searchsorted(steps, world.times).tolist())
    rows: list[dict[str, float]] = []
    for index, day in enumerate(steps.tolist()):
        if index:
            gain = float(clock[index] - clock[index - 1])
            _step(world, course, ground, cells, index, gain, rng)
            if plan is not None:
                work = plan.work_days[ground.cell]
                for visit in _visits(plan, diary, (order, work), day, cells.accidents.sum(axis=0)):
                    _clear(plan, ground, cells, visit)
        _lay(course, cells, index)
        if index in seen:
            rows.append(_numbers(world, ground, cells))
    return {name: np.array([row[name] for row in rows]) for name in QUANTITIES}


@dataclass(slots=True, eq=False)
class _Diary:
    """The teams' diary: when each is free, when each cell can be cleared [C] (never once it is taken), what goes on."""

    free: list[float]
    opening: Array
    under_way: list[_Visit]


def _visits(
    plan: ClearancePlan, diary: _Diary, cells: tuple[NDArray[np.intp], Array], until: float, accidents: Array
) -> list[_Visit]:
    """The passes that end by a day, in order; teams that get free before it choose by ``accidents`` so far.

    ``cells`` are the rank of each and the work it takes, [C] both.
    """
    order, work = cells
    while (moment := _working(plan, min(diary.free))) <= until:
        team = int(np.argmin(diary.free))
        waiting = np.flatnonzero(diary.opening <= moment)
        if not waiting.size:
            later = diary.opening[np.isfinite(diary.opening)]
            diary.free[team] = float(later.min()) if later.size else np.inf
            continue
        worth = accidents[waiting] if plan.order == ACCIDENTS_FIRST else np.zeros(waiting.size)
        cell = int(waiting[np.lexsort((order[waiting], -worth))[0]])
        diary.opening[cell] = np.inf
        for visit in range(plan.passes):
            moment = _done(plan, _working(plan, moment), float(work[cell]))
            diary.under_way.append(_Visit(moment, cell, visit == plan.passes - 1))
        diary.free[team] = moment
    ended = sorted((visit for visit in diary.under_way if visit.day <= until), key=lambda visit: visit.day)
    diary.under_way = [visit for visit in diary.under_way if visit.day > until]
    return ended


def _working(plan: ClearancePlan, day: float) -> float:
    """The first day of work from a day on: the last knot at which the calendar still reads what it reads now."""
    if plan.calendar.is_linear or not np.isfinite(day):
        return day
    now = np.interp(day, plan.calendar.days, plan.calendar.readings)
    return max(day, float(plan.calendar.days[np.flatnonzero(plan.calendar.readings <= now)[-1]]))


def _done(plan: ClearancePlan, day: float, work: float) -> float:
    """The day on which work begun on a day is done: so much before the next knot, for a working day counts one."""
    if plan.calendar.is_linear or work <= 0:
        return day + work
    days, readings = plan.calendar.days, plan.calendar.readings
    wanted = np.interp(day, days, readings) + work
    after = int(np.searchsorted(readings, wanted, side="left"))
    return float(days[after] - (readings[after] - wanted)) if after < days.size else np.inf


def _cohort_edges(kind: MineKind, times: Array) -> Array:
    """The days between which a class is divided into cohorts; none where all of it is there from the start, or at once.

    They meet the times that are looked at, so that a cohort is laid either wholly before one or wholly after it.
    """
    if not (kind.is_wave and kind.laid_to > 0):
        return np.empty(0)
    within = times[(times > kind.laid_from) & (times < kind.laid_to)]
    return np.unique(np.concatenate([np.linspace(kind.laid_from, kind.laid_to, _COHORTS + 1), within]))


def _cohorts(kind: MineKind, times: Array) -> list[MineKind]:
    """The cohorts of a class, each as a class of its own that is laid at one time."""
    edges = _cohort_edges(kind, times)
    if not edges.size:
        return [kind]
    middles = (edges[:-1] + edges[1:]) / 2
    return [replace(kind, laid_from=day, laid_to=day) for day in middles.tolist()]


def _ground(world: World, course: Courses, replicate: int, seed: int) -> _Ground:
    last = np.full(world.region.area_km2.size, -np.inf)
    items = np.zeros((course.kind.size, last.size))
    for index, kind in enumerate(world.kinds):
        edges, first = _cohort_edges(kind, world.times), int(np.flatnonzero(course.kind == index)[0])
        for chunk in chunks(world, kind, replicate, seed):
            laid = np.broadcast_to(chunk.laid, chunk.cell.size)
            part = np.zeros(laid.size, dtype=np.intp)
            if edges.size:
                part = np.searchsorted(edges[1:-1], laid)
            np.add.at(items, (first + part, chunk.cell), 1.0)
            np.maximum.at(last, chunk.cell, laid)
    cell = np.flatnonzero(np.isfinite(last))
    return _Ground(cell, last[cell], items[:, cell])


def _devices(world: World, kind: MineKind, steps: Array) -> tuple[Array, Array]:
    """What the devices alone leave hazardous and make inert of an armed item, at the steps [S] each."""
    alone = fate(replace(world, times=steps), kind, NOWHERE, rough=kind.laid_to <= 0)
    q = outcome_probabilities(kind)
    incidence = np.einsum("s,sct->ct", q, alone.incidence)
    return q @ alone.hazardous, incidence[1] + incidence[2]


def _first_order(world: World, replicate: int, seed: int) -> NDArray[np.intp]:
    """The rank of each cell before any accident [C]: by people in it, or by chance as the event engine draws it."""
    area = world.region.area_km2
    plan = world.clearance
    if plan is not None and plan.order == RANDOM:
        key = uniforms(seed, replicate, Purpose.CELL_ORDER, 0, 0, area.size)
    else:
        key = -world.exposure.activity * area
    return np.argsort(np.argsort(key, kind="stable"), kind="stable")


def _empty(ground: _Ground) -> _Cells:
    cohorts, cells = ground.items.shape
    hazardous, inert, unarmed, lost, accidents, awaited = (np.zeros((cohorts, cells)) for _ in range(6))
    never = np.full(cells, np.inf)
    taken = np.zeros(cohorts, dtype=bool)
    return _Cells(hazardous, inert, unarmed, lost, accidents, awaited, never, never.copy(), taken, 0.0, 0.0)


def _lay(course: Courses, cells: _Cells, index: int) -> None:
    """Items that have been laid by a step come into play, as their devices have left them by then."""
    if cells.taken.all():
        return
    for row in np.flatnonzero(~cells.taken & (course.laid <= course.steps[index])):
        cells.taken[row] = True
        cells.hazardous[row] = course.armed[row] * course.working[row, index]
        cells.inert[row] = course.armed[row] * course.deactivated[row, index]
        cells.unarmed[row] = 1.0 - course.armed[row]


def _step(
    world: World, course: Courses, ground: _Ground, cells: _Cells, index: int, gain: float, rng: np.random.Generator
) -> None:
    """One step: half the dose, the devices, the other half; then accidents happen at the rate they imply."""
    begin, end = course.steps[index - 1], course.steps[index]
    dose = world.exposure.activity[ground.cell] * gain
    if world.marking is not None:
        slowed = np.clip((end - cells.marked) / (end - begin), 0.0, 1.0)
        dose = dose * (1.0 - slowed * (1.0 - world.marking.pace))
    half = np.exp(-dose / 2)
    before, after = course.working[:, index - 1], course.working[:, index]
    made_inert = course.deactivated[:, index] - course.deactivated[:, index - 1]
    keeps = np.divide(after, before, out=np.zeros_like(before), where=before > 0)[:, None]
    turns = np.divide(made_inert, before, out=np.zeros_like(before), where=before > 0)[:, None]
    lost = cells.hazardous * (1.0 - half)
    left = cells.hazardous * half
    cells.inert += left * turns
    left = left * keeps
    lost += left * (1.0 - half)
    cells.hazardous = left * half
    standing = ground.items - cells.accidents
    rate = np.divide(standing * lost, 1.0 - cells.lost, out=np.zeros_like(lost), where=cells.lost < 1.0)
    happened = np.minimum(rng.poisson(np.maximum(rate, 0.0)), standing)
    cells.accidents += happened
    cells.expected += rate
    cells.lost += lost
    if world.marking is not None:
        struck = np.flatnonzero(happened.any(axis=0) & ~np.isfinite(cells.marked))
        moment = begin + (end - begin) * rng.random(struck.size)
        cells.marked[struck] = moment + world.marking.delay_days


def _clear(plan: ClearancePlan, ground: _Ground, cells: _Cells, visit: _Visit) -> None:
    """Take the share that a pass finds out of a cell."""
    cell = visit.cell
    there = _standing(ground, cells)[:, cell]
    cells.cleared_hazardous += float(there @ cells.hazardous[:, cell]) * plan.detection
    cells.cleared_inert += float(there @ (cells.inert + cells.unarmed)[:, cell]) * plan.detection
    for state in (cells.hazardous, cells.inert, cells.unarmed):
        state[:, cell] *= 1.0 - plan.detection
    if visit.last:
        cells.released[cell] = visit.day


def _standing(ground: _Ground, cells: _Cells) -> Array:
    """Items without an accident, over the chance that one has had none so far [J, C]: what multiplies a state."""
    rest = 1.0 - cells.lost
    return np.divide(ground.items - cells.accidents, rest, out=np.zeros_like(rest), where=rest > 0)


def _numbers(world: World, ground: _Ground, cells: _Cells) -> dict[str, float]:
    there = _standing(ground, cells)
    return {
        "hazardous": float((there * cells.hazardous).sum()),
        "inert": float((there * (cells.inert + cells.unarmed)).sum()),
        "accidents": float(cells.expected.sum()),
        "cleared_hazardous": cells.cleared_hazardous,
        "cleared_inert": cells.cleared_inert,
        "released_km2": float(world.region.area_km2[ground.cell][np.isfinite(cells.released)].sum()),
    }
