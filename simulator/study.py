"""What every study of many worlds has in common: what is asked, what is answered, and how values are gathered."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from simulator.clocks import Array
from simulator.closed_form import obstacles
from simulator.console import Progress
from simulator.evaluation import gather, read_record, refuse_long_study
from simulator.executor import Failed, Pool
from simulator.experiment import EXPECTED, SIMULATE
from simulator.metrics import Metric, metrics
from simulator.point_store import Store
from simulator.points import Point, Record, Study, Task, evaluate, world_of
from simulator.problems import closest, input_error
from simulator.scenario_file import LoadedScenario
from simulator.variation import AS_IT_STANDS, varied

SUMMARY = "summary.json"
FORMAT = 1
SCOPE = "Civilian harm, contamination and clean-up only; never evidence that land is safe."
SAID_SCOPE = "A model of civilian harm and clean-up; no result is evidence that land is safe."

Table = tuple[Sequence[str], Sequence[Sequence[str]]]
Watch = Callable[[str, int], Progress]


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """What is asked of a study: everything that determines its numbers.

    ``scenarios`` stand with the reference first; ``arguments`` are those of the verb, as they stand in a manifest.
    """

    verb: str
    scenarios: tuple[LoadedScenario, ...]
    replicates: int
    method: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What a study found: its data files, its figures when they are asked for, and what is printed."""

    files: Mapping[str, Path]
    figures: Callable[[], Iterator[tuple[str, Any]]]
    sentences: tuple[str, ...]
    tables: tuple[Table, ...]
    failures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Bench:
    """Where a study is made: the folder of its files, the store of finished points, who computes and who watches."""

    folder: Path
    store: Store
    pool: Pool
    watch: Watch


def best_method(scenarios: Sequence[LoadedScenario]) -> str:
    """The closed form where every scenario has one, else simulation."""
    study = Study(tuple(scenarios), SIMULATE)
    worlds = (world_of(study, varied(loaded, AS_IT_STANDS)) for loaded in scenarios)
    return SIMULATE if any(obstacles(world) for world in worlds) else EXPECTED


def metric_of(study: Study, scenario: int, name: str, *, averaged: bool = True) -> Metric:
    """Find a metric of a scenario by its name. Raises InputError, with the one that may be meant, where there is none.

    Times cannot be ``averaged``: a world in which something never happens has no time.
    """
    world = world_of(study, varied(study.scenarios[scenario], AS_IT_STANDS))
    known = {metric.name: metric for metric in metrics(world) if not (averaged and metric.is_time)}
    if name not in known:
        near = closest(name, list(known), cutoff=0.5)
        hint = f", did you mean '{near}'?" if near else f" (metrics: {', '.join(known)})"
        which = " that can be averaged" if averaged else " of this scenario"
        raise input_error(f"no metric '{name}'{which}{hint}", path="--metric")
    return known[name]


def values_at(
    study: Study, points: Sequence[Point], replicates: int, metric: str, bench: Bench, label: str
) -> tuple[list[Array | None], dict[int, str]]:
    """One metric at every point, by replicate [n] (n = 1 in closed form), None where the point failed; and why.

    Closed forms take about as long as writing them down, so only simulated points are kept in the store.
    """
    progress = bench.watch(label, len(points))
    if not study.exact:
        gathered = gather(study, points, replicates, bench.store, bench.pool, progress)
        records = (read_record(bench.store, gathered, index) for index in range(len(points)))
        return [None if record is None else _samples(record, metric) for record in records], dict(gathered.failures)
    refuse_long_study(study, points, replicates, bench.pool.resources)
    found: list[Array | None] = [None] * len(points)
    failures: dict[int, str] = {}
    tasks = (Task(str(index), points[index], 0, 1) for index in range(len(points)))
    for done, (task, result) in enumerate(bench.pool.as_finished(partial(evaluate, study), tasks), start=1):
        if isinstance(result, Failed):
            failures[int(task.key)] = result.reason
        else:
            found[int(task.key)] = _samples(result, metric)
        progress(done, len(points), len(failures))
    return found, failures


def as_written(path: Path, content: Mapping[str, Any]) -> Path:
    """Write a JSON file."""
    text = json.dumps(content, indent=1, allow_nan=False, ensure_ascii=False) + "\n"
    path.write_bytes(text.encode("utf-8", "replace"))
    return path


def as_csv(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> Path:
    """Write a CSV file; numbers with twelve digits, empty where there is none."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([[_cell(value) if isinstance(value, float) else value for value in row] for row in rows])
    path.write_bytes(buffer.getvalue().encode("utf-8", "replace"))
    return path


def rounded(value: float) -> float | None:
    """A number with twelve digits, as it stands in JSON; None for what does not exist or has no end."""
    return float(f"{value + 0.0:.12g}") if np.isfinite(value) else None


def _samples(record: Record, metric: str) -> Array:
    return np.asarray(record.estimate[:, record.column(metric)])


def _cell(value: float) -> str:
    return f"{value + 0.0:.12g}" if np.isfinite(value) else ""
