"""Evaluating scenarios under many settings: what one world gives, addressed by what determines it.

A point of a study is a scenario with some settings. Its world is built and played, or computed in closed form, where
there is a free process; what comes back is small: metrics by replicate and, where asked for, curves. The same world
under another name, in another study or in another process has the same key, and so is computed once.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np
from pydantic import BaseModel

from simulator.clocks import Array
from simulator.closed_form import expected, spreads
from simulator.engine import play
from simulator.ensemble import ALL, Ensemble, curve, least_error, mine_names, quantities, samples, stack
from simulator.experiment import EXPECTED
from simulator.metrics import Metric, expected_value, least_metric_error, metric_samples, metrics
from simulator.referenced import named_files
from simulator.scenario_file import LoadedScenario
from simulator.variation import AS_IT_STANDS, Settings, varied
from simulator.world import World, at_times, build_world, stream_slots

# What changes no number of a world: names, among them those of files, and what a study sets itself.
_SILENT = frozenset({"title", "question", "sources", "name", "boundary", "line", "settlements", "replicates", "seed"})
_ONLY_DRAWS = "matplotlib"
_MOST_TOGETHER = 100


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """Scenarios that are varied, the reference first: its seed and its classes' streams are those of all.

    ``metrics`` are those wanted, None for all; ``curves`` names (mines, quantity) of curves wanted, None for all.
    ``with_errors`` asks for the least standard errors known from the devices' laws; ``slots`` gives classes their
    streams where those are not to be found from the reference.
    """

    scenarios: tuple[LoadedScenario, ...]
    method: str
    metrics: tuple[str, ...] | None = None
    curves: tuple[tuple[str, str], ...] | None = ()
    with_errors: bool = True
    versions: Mapping[str, str] = field(default_factory=dict)
    slots: Mapping[str, int] | None = None

    @property
    def exact(self) -> bool:
        """Whether points are computed in closed form, which takes no replicates."""
        return self.method == EXPECTED


@dataclass(frozen=True, slots=True)
class Point:
    """One scenario of a study under some settings; ``curves`` says whether its curves are kept too."""

    scenario: int
    settings: Settings = AS_IT_STANDS
    curves: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class CurveRecord:
    """A curve of one world: running ``mean`` and sum of squared deviations ``squares`` [T] of the estimate over the
    replicates so far, the ``played`` values [n, T] of the new ones, and the least error of one replicate [T].
    """

    mean: Array
    squares: Array
    played: Array
    least: Array


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """What a point's world gives: the ``metrics`` by name, their ``estimate`` and ``played`` value by replicate [n, M],
    the ``least`` error of one replicate [M], and curves by (mines, quantity). In closed form n is 1.
    """

    metrics: tuple[str, ...]
    estimate: Array
    played: Array
    least: Array
    curves: Mapping[tuple[str, str], CurveRecord]

    def column(self, metric: str) -> int:
        """The place of a metric. Raises KeyError where it does not apply to this world."""
        if metric not in self.metrics:
            raise KeyError(metric)
        return self.metrics.index(metric)


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """Replicates ``first`` to ``stop`` of a point, going on from the curves of those before it."""

    key: str
    point: Point
    first: int
    stop: int
    before: Mapping[tuple[str, str], CurveRecord] = field(default_factory=dict)


def scenario_at(study: Study, point: Point) -> LoadedScenario:
    """The scenario of a point. Raises InputError when its settings make none."""
    return varied(study.scenarios[point.scenario], point.settings)


def world_of(study: Study, loaded: LoadedScenario) -> World:
    """The world of a varied scenario: on the draws of the reference, and only at the days that metrics read."""
    slots = slots_of(study, loaded)
    world = build_world(loaded, slots)
    if study.exact and study.metrics is not None and study.curves == ():
        days = [metric.days for metric in wanted(study, world)]
        if all(one is not None for one in days):
            read_at = {0.0, world.horizon_days, *(day for one in days for day in one or ())}
            return at_times(world, loaded, np.array(sorted(read_at)))
    return world


def slots_of(study: Study, loaded: LoadedScenario) -> dict[str, int]:
    """The places of a scenario's classes among the random streams."""
    if study.slots is not None:
        return {name: study.slots[name] for name in loaded.scenario.mines}
    return stream_slots(list(study.scenarios[0].scenario.mines), list(loaded.scenario.mines))


def wanted(study: Study, world: World) -> list[Metric]:
    """The metrics of a world that the study asks for."""
    every = list(metrics(world))
    return every if study.metrics is None else [metric for metric in every if metric.name in study.metrics]


def key_of(study: Study, loaded: LoadedScenario) -> str:
    """Digest everything that determines what a world gives: its numbers as they were read, in their units; files,
    draws and method; and what is kept of it.

    Classes of mines count in their order, in which they are summed, by their streams; their names only where curves
    are kept by class.
    """
    scenario = loaded.scenario
    classes, slots = list(scenario.mines), slots_of(study, loaded)
    by_class = study.curves is None or any(mines != ALL for mines, _ in study.curves)
    content = {
        "numbers": _numbers(scenario),
        "files": [_digest_of_text(loaded.files[".".join(path)].text) for path, _ in named_files(scenario)],
        "draws": None if study.exact else [study.scenarios[0].scenario.seed, [slots[name] for name in classes]],
        "classes": classes if by_class else None,
        "method": study.method,
        "metrics": study.metrics,
        "curves": study.curves,
        "errors": study.with_errors,
        "versions": {name: version for name, version in study.versions.items() if name != _ONLY_DRAWS},
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def evaluate(study: Study, task: Task) -> Record:
    """Build a point's world and compute or play it: the replicates the task names."""
    world = world_of(study, scenario_at(study, task.point))
    if study.exact:
        return _computed(study, world, task)
    parts: list[Record] = []
    before = task.before
    known = spreads(world) if study.with_errors and task.first == 0 else None
    seed = study.scenarios[0].scenario.seed
    for first in range(task.first, task.stop, _MOST_TOGETHER):
        stop = min(first + _MOST_TOGETHER, task.stop)
        ensemble = stack(world, [play(world, replicate, seed=seed) for replicate in range(first, stop)])
        chosen = wanted(study, world)
        read = [metric_samples(metric, ensemble) for metric in chosen]
        least = [least_metric_error(metric, world, known) if known else 0.0 for metric in chosen]
        curves = {}
        if task.point.curves:
            for name in _curve_names(study, world):
                floor = least_error(world, known, *name, replicates=1) if known else 0.0
                curves[name] = _continued(before.get(name), first, ensemble, name, floor)
            before = curves
        parts.append(
            Record(
                tuple(metric.name for metric in chosen),
                np.column_stack([estimate for estimate, _ in read]),
                np.column_stack([played for _, played in read]),
                np.array(least),
                curves,
            )
        )
    return joined(parts)


def joined(parts: Sequence[Record]) -> Record:
    """Put records of replicates that follow each other together."""
    if len(parts) == 1:
        return parts[0]
    first, last = parts[0], parts[-1]
    return Record(
        first.metrics,
        np.concatenate([part.estimate for part in parts]),
        np.concatenate([part.played for part in parts]),
        first.least,
        {
            name: CurveRecord(
                one.mean,
                one.squares,
                np.concatenate([part.curves[name].played for part in parts]),
                first.curves[name].least,
            )
            for name, one in last.curves.items()
        },
    )


def _computed(study: Study, world: World, task: Task) -> Record:
    chosen = wanted(study, world)
    reference = expected(world, with_land=study.metrics is None or any(metric.days is None for metric in chosen))
    values = np.array([[expected_value(metric, world, reference) for metric in chosen]])
    curves = {}
    if task.point.curves:
        for name in _curve_names(study, world):
            mean = curve(world, reference.curves, reference.land, *name)
            nothing = np.zeros_like(mean)
            curves[name] = CurveRecord(mean, nothing, np.empty((0, mean.size)), nothing)
    names = tuple(metric.name for metric in chosen)
    return Record(names, values, np.full_like(values, np.nan), np.zeros(len(names)), curves)


def _curve_names(study: Study, world: World) -> Iterator[tuple[str, str]]:
    if study.curves is not None:
        yield from (name for name in study.curves if name[1] in quantities(world, ALL))
        return
    for mines in mine_names(world):
        for quantity in quantities(world, mines):
            yield mines, quantity


def _continued(
    before: CurveRecord | None, count: int, ensemble: Ensemble, name: tuple[str, str], floor: Array | float
) -> CurveRecord:
    """A curve after more replicates. One is added after the other (Welford 1962, Technometrics 4, 419), so that it
    does not matter for a single bit in which portions they came.
    """
    estimate, played = samples(ensemble, *name)
    if before is None:
        mean, squares = np.zeros(estimate.shape[1]), np.zeros(estimate.shape[1])
        least = np.broadcast_to(np.asarray(floor, dtype=float), mean.shape).copy()
    else:
        mean, squares, least = before.mean.copy(), before.squares.copy(), before.least
    for row in estimate:
        count += 1
        step = row - mean
        mean += step / count
        squares += step * (row - mean)
    return CurveRecord(mean, squares, played, least)


def _numbers(value: Any) -> Any:
    """What a part of a scenario says, without names: its kind and its numbers, in order."""
    if isinstance(value, BaseModel):
        fields = {name: _numbers(getattr(value, name)) for name in type(value).model_fields if name not in _SILENT}
        return [type(value).__name__, fields]
    if isinstance(value, Mapping):
        return [_numbers(child) for child in value.values()]
    if isinstance(value, list | tuple):
        return [_numbers(child) for child in value]
    return value.isoformat() if isinstance(value, date) else value


# A border may have megabytes, and stays the same from point to point.
@lru_cache(maxsize=64)
def _digest_of_text(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
