"""Running scenarios: replicates played together, stopped early when tight enough, kept as they finish."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from simulator import store
from simulator.clocks import Array
from simulator.closed_form import Expected, Spreads, expected, obstacles, spreads
from simulator.costs import BYTES_OF_POINT, Need, need_of_run, need_of_worlds, together
from simulator.counts import count, courses
from simulator.engine import play
from simulator.ensemble import Ensemble, stack
from simulator.executor import Resources, in_order
from simulator.limits import Asked, refuse_beyond
from simulator.metrics import widest_relative_error
from simulator.problems import InputError, Problem
from simulator.scenario_file import LoadedScenario
from simulator.trajectory import Trajectory
from simulator.world import World, build_world, stream_slots

SIMULATE, EXPECTED = "simulate", "expected"
CHECK_EVERY = 10
_KEEP_EVERY_SECONDS = 1.0

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """How to run: replicates at most, worker processes, the relative precision that is enough (None: play them all).

    ``map_days`` are the days of which maps are kept; ``uncertain`` is how many parameter sets are drawn.
    """

    replicates: int
    workers: int = 1
    precision: float | None = None
    method: str = SIMULATE
    map_days: tuple[float, ...] = ()
    uncertain: int = 0
    scheduler: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ScenarioOutcome:
    """One scenario's part of a result: simulated (``ensemble``), or in closed form (``expected``); the other is None.

    ``spreads`` bound the errors of a simulation from below.
    """

    loaded: LoadedScenario
    world: World
    expected: Expected | None
    ensemble: Ensemble | None
    spreads: Spreads

    @property
    def closed_form(self) -> Expected:
        """The closed form of a scenario that was computed in it."""
        if self.expected is None:
            raise ValueError("the scenario was simulated")
        return self.expected


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What a run or a comparison found; the first scenario is the reference. ``precise`` is None if none was asked
    for.
    """

    scenarios: tuple[ScenarioOutcome, ...]
    plan: Plan
    replicates: int
    precise: bool | None
    seconds: float


def build_worlds(scenarios: Sequence[LoadedScenario], map_days: Sequence[float] = ()) -> list[World]:
    """Worlds that can be compared: on the first one's time grid, with classes in the slots of their counterparts.

    Raises InputError when scenarios differ in start or horizon, or a file of theirs is wrong.
    """
    reference = scenarios[0]
    if problems := [problem for loaded in scenarios[1:] for problem in _differing(loaded, reference)]:
        raise InputError(problems)
    names = list(reference.scenario.mines)
    return [
        build_world(loaded, stream_slots(names, list(loaded.scenario.mines)), map_days=map_days) for loaded in scenarios
    ]


def refuse_without_closed_form(scenarios: Sequence[LoadedScenario], worlds: Sequence[World]) -> None:
    """Raise InputError, a line for each key that keeps a scenario from having a closed form."""
    problems = []
    for loaded, world in zip(scenarios, worlds, strict=True):
        for reason in obstacles(world):
            path, _, why = reason.partition(": ")
            mark = loaded.key_place(path.split("."))
            problems.append(Problem(mark, path, f"has no closed form: {why}; use --method simulate"))
    if problems:
        raise InputError(problems)


def refuse_long_run(scenarios: Sequence[LoadedScenario], worlds: Sequence[World], plan: Plan) -> Need:
    """Raise InputError where a run takes more than this machine can give; else say what it takes."""
    exact, resources = plan.method == EXPECTED, Resources(plan.workers, plan.scheduler)
    closed_form = not any(map(obstacles, worlds))
    need = need_of_run(worlds, plan.replicates, exact=exact)
    refuse_beyond(need, scenarios, resources, closed_form=closed_form)
    if not plan.uncertain:
        return need
    bytes_of_set = BYTES_OF_POINT + 24.0 * worlds[0].times.size * (1 if exact else plan.replicates)
    sets = need_of_worlds(worlds, plan.uncertain * len(worlds), plan.replicates, bytes_of_set, exact=exact)
    asked = Asked("--uncertain", plan.uncertain, "parameter sets")
    refuse_beyond(sets, scenarios, resources, asked=asked, closed_form=closed_form)
    return together(need, sets)


def _differing(loaded: LoadedScenario, reference: LoadedScenario) -> Iterator[Problem]:
    """What keeps a scenario from being compared with the reference."""
    for key in ("start", "horizon"):
        own, its = getattr(loaded.scenario, key), getattr(reference.scenario, key)
        if own != its:
            shown = [f"{value:g} days" if key == "horizon" else str(value) for value in (own, its)]
            message = f"is {shown[0]}, but {shown[1]} in the reference {reference.name}; a comparison needs the same"
            yield Problem(loaded.place([key]), key, message)


def run(
    scenarios: Sequence[LoadedScenario],
    plan: Plan,
    *,
    digest: str = "",
    folder: Path | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Run scenarios on the same draws: those of the first one's seed.

    Finished replicates are kept in ``folder`` under ``digest`` when the run takes longer than a second, and taken from
    there if they exist. KeyboardInterrupt passes through after they are safe.
    """
    started = time.perf_counter()
    worlds = build_worlds(scenarios, plan.map_days)
    refuse_long_run(scenarios, worlds, plan)
    nothing = [None] * len(worlds)
    if plan.method == EXPECTED:
        refuse_without_closed_form(scenarios, worlds)
        parts = tuple(map(ScenarioOutcome, scenarios, worlds, map(expected, worlds), nothing, map(spreads, worlds)))
        return Outcome(parts, plan, 0, None, time.perf_counter() - started)
    played, precise = _replicates(worlds, plan, digest, folder, progress or _unseen)
    ensembles = _stacked(worlds, played)
    parts = tuple(map(ScenarioOutcome, scenarios, worlds, nothing, ensembles, map(spreads, worlds)))
    return Outcome(parts, plan, len(played), precise, time.perf_counter() - started)


def play_together(worlds: Sequence[World], replicate: int) -> list[Trajectory]:
    """One replicate of every world, from the first world's seed."""
    return [play(world, replicate, seed=worlds[0].seed) for world in worlds]


def count_replicates(world: World, replicates: int, workers: int, progress: Progress | None) -> list[dict[str, Array]]:
    """The same replicates by the count-based engine."""
    counted = []
    for one in in_order(partial(count, world, courses(world)), range(replicates), Resources(workers)):
        counted.append(one)
        (progress or _unseen)(len(counted), replicates)
    return counted


def _replicates(
    worlds: Sequence[World], plan: Plan, digest: str, folder: Path | None, progress: Progress
) -> tuple[list[list[Trajectory]], bool | None]:
    path = None if folder is None else folder / store.REPLICATES
    known: dict[int, list[Trajectory]] = {}
    if path is not None and path.exists():
        with store.opened(path) as connection:
            known = store.kept(connection, digest, len(worlds))
    todo = [replicate for replicate in range(plan.replicates) if replicate not in known]
    fresh = in_order(partial(play_together, worlds), todo, Resources(plan.workers, plan.scheduler))
    done: list[list[Trajectory]] = []
    unsaved: list[tuple[int, list[Trajectory]]] = []
    saved_at = time.monotonic()
    precise = None if plan.precision is None else False
    try:
        for replicate in range(plan.replicates):
            trajectories = known.pop(replicate, None)
            if trajectories is None:
                trajectories = next(fresh)
                unsaved.append((replicate, trajectories))
            done.append(trajectories)
            progress(len(done), plan.replicates)
            if path is not None and time.monotonic() - saved_at > _KEEP_EVERY_SECONDS:
                _save(path, digest, unsaved)
                saved_at = time.monotonic()
            if plan.precision is not None and _is_checked(len(done)):
                precise = widest_relative_error(_stacked(worlds, done)) <= plan.precision
                if precise:
                    break
    except KeyboardInterrupt:
        if path is not None:
            _save(path, digest, unsaved)
        raise
    finally:
        fresh.close()
    return done, precise


def _unseen(done: int, total: int) -> None:
    """Progress that nobody watches."""


def _save(path: Path, digest: str, unsaved: list[tuple[int, list[Trajectory]]]) -> None:
    if not unsaved:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with store.opened(path) as connection:
        store.keep(connection, digest, unsaved)
    unsaved.clear()


def _is_checked(done: int) -> bool:
    """Whether precision is looked at after so many replicates: ever more rarely, at counts fixed beforehand."""
    step = CHECK_EVERY if done <= 200 else CHECK_EVERY * 10
    return done % step == 0


def _stacked(worlds: Sequence[World], played: Sequence[Sequence[Trajectory]]) -> list[Ensemble]:
    return [stack(world, [one[index] for one in played]) for index, world in enumerate(worlds)]
