"""Evaluating the points of a study: what the store has is taken from it, the rest is computed and kept."""

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

from simulator.closed_form import obstacles
from simulator.console import Progress
from simulator.costs import BYTES_OF_POINT, need_of_worlds
from simulator.executor import Failed, Pool, Resources
from simulator.limits import Asked, refuse_beyond
from simulator.place import read_place
from simulator.point_store import (
    Store,
    curves_to_go_on_from,
    keep_point,
    point_store,
    record_of,
    replicates_kept,
)
from simulator.points import Point, Record, Study, Task, evaluate, key_of, scenario_at, world_of
from simulator.problems import InputError, Problem, input_error
from simulator.store import POINTS
from simulator.variation import AS_IT_STANDS, varied
from simulator.world import World

# Fewer points in closed form take seconds; of many, so many groups tell what they take.
_MANY_EXACT, _GROUPS = 1_000, 4


@dataclass(frozen=True, slots=True)
class Gathered:
    """Where the records of the points are: their keys in the store, in order; None for a point that failed, and why."""

    keys: tuple[str | None, ...]
    failures: Mapping[int, str]
    replicates: int


@contextmanager
def opened_store(path: Path | None) -> Iterator[Store]:
    """Open the store of a study; without a path, one that is gone when the block ends."""
    if path is not None:
        with point_store(path) as store:
            yield store
        return
    with tempfile.TemporaryDirectory(prefix="minesim-") as folder, point_store(Path(folder) / POINTS) as store:
        yield store


def gather(
    study: Study, points: Sequence[Point], replicates: int, store: Store, pool: Pool, progress: Progress
) -> Gathered:
    """Compute what the store lacks of some points. A point that fails does not stop the others.

    ``points`` may make each point as it is asked for. Raises InputError when the disk is full; KeyboardInterrupt passes
    through. What had finished is kept then.
    """
    refuse_long_study(study, points, replicates, pool.resources)
    n = 1 if study.exact else replicates
    keys: list[str | None] = []
    failures: dict[int, str] = {}
    waiting: dict[tuple[str, bool], list[int]] = {}
    done = 0

    def finished(indices: Sequence[int], reason: str | None = None) -> None:
        nonlocal done
        done += len(indices)
        if reason is not None:
            failures.update(dict.fromkeys(indices, reason))
        progress(done, len(points), len(failures))

    # A reference that nothing changes comes back at every point.
    @lru_cache(maxsize=8)
    def key_at(point: Point) -> str:
        return key_of(study, scenario_at(study, point))

    def tasks() -> Iterator[Task]:
        for index, point in enumerate(points):
            try:
                key = key_at(point)
            except InputError as error:
                keys.append(None)
                finished([index], _first_line(error))
                continue
            keys.append(key)
            if (key, point.curves) in waiting:
                waiting[key, point.curves].append(index)
                continue
            task = _missing(store, key, point, n)
            if task is None:
                finished([index])
            else:
                waiting[key, point.curves] = [index]
                yield task

    for task, result in pool.as_finished(partial(evaluate, study), tasks()):
        asked = task.key, task.point.curves
        if isinstance(result, Failed):
            finished(waiting.pop(asked), result.reason)
        else:
            keep_point(store, task, result)
            finished(waiting.pop(asked))
    for index in failures:
        keys[index] = None
    return Gathered(tuple(keys), failures, n)


def refuse_long_study(study: Study, points: Sequence[Point], replicates: int, resources: Resources) -> None:
    """Raise InputError where some points take more than this machine can give, by the cost of a few spread over them.

    Points that are kept already count too.
    """
    if study.exact and len(points) < _MANY_EXACT:
        return
    worlds: dict[int, list[World]] = {}
    seen: dict[int, set[Point]] = {}
    for point in _some_of(points, len(study.scenarios)):
        if point in seen.setdefault(point.scenario, set()):
            continue
        seen[point.scenario].add(point)
        # What makes no scenario fails when its turn comes, for its own reason.
        with suppress(InputError):
            worlds.setdefault(point.scenario, []).append(world_of(study, scenario_at(study, point)))
    every = [world for its in worlds.values() for world in its]
    if not every:
        return
    need = need_of_worlds(every, len(points), replicates, BYTES_OF_POINT, exact=study.exact)
    refuse_beyond(need, study.scenarios, resources, closed_form=not any(map(obstacles, every)))


def refuse_many_points(
    study: Study, count: int, replicates: int, resources: Resources, asked: Asked, bytes_of_point: float
) -> None:
    """Raise InputError where ``count`` points like the first scenario as it stands take more than this machine can
    give, before any of them is made; ``asked`` is the option that asks for them.
    """
    world = world_of(study, varied(study.scenarios[0], AS_IT_STANDS))
    need = need_of_worlds([world], count, replicates, bytes_of_point, exact=study.exact)
    refuse_beyond(need, study.scenarios, resources, asked=asked, closed_form=not obstacles(world))


def _some_of(points: Sequence[Point], scenarios: int) -> Iterator[Point]:
    """A few points spread over all, the last ones among them, each with its neighbours of the other scenarios."""
    together = min(scenarios, 2)
    groups = len(points) // together
    if groups < 1:
        yield from points
        return
    chosen = {groups - 1 - place * groups // _GROUPS for place in range(min(_GROUPS, groups))}
    for group in sorted(chosen):
        yield from (points[group * together + place] for place in range(together))


def read_record(store: Store, gathered: Gathered, index: int) -> Record | None:
    """Read the record of a point; None where it failed. Raises InputError when it is not in the store any more."""
    key = gathered.keys[index]
    if key is None:
        return None
    record = record_of(store, key, gathered.replicates)
    if record is None:
        raise input_error("a point was taken out of the store while it was read; run the command again")
    return record


def refuse_wrong_points(study: Study, points: Iterable[Point]) -> None:
    """Raise InputError when the first of some points makes no scenario, no world, or has no closed form where one is
    asked for.
    """
    problems: list[Problem] = []
    for point in points:
        loaded = scenario_at(study, point)
        read_place(loaded)
        if study.exact:
            for reason in obstacles(world_of(study, loaded)):
                path, _, why = reason.partition(": ")
                mark = loaded.key_place(path.split("."))
                problems.append(Problem(mark, path, f"has no closed form: {why}; use --method simulate"))
    if problems:
        raise InputError(problems)


def _missing(store: Store, key: str, point: Point, replicates: int) -> Task | None:
    """What is still to be computed of a world, None if nothing."""
    first = min(replicates_kept(store, key), replicates)
    if not point.curves:
        return None if first == replicates else Task(key, point, first, replicates)
    first, before = curves_to_go_on_from(store, key, first)
    return None if first == replicates else Task(key, point, first, replicates, before)


def _first_line(error: InputError) -> str:
    problem = error.problems[0]
    return f"{problem.path}: {problem.message}" if problem.path else problem.message
