"""Studies that compute many worlds: from what was asked to the files, figures and sentences of the result.

What is asked is a Request, the same whether it comes from the command line or from the manifest of a result that is to
be computed again.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any


from simulator.console import Progress
from simulator.evaluation import gather, refuse_wrong_points
from simulator.executor import Pool
from simulator.manifest import versions
from simulator.points import Study
from simulator.scenario_file import LoadedScenario
from simulator.sweep import FAMILY, Grid, read_axes
from simulator.sweep_table import SweepTable, chosen_metric, tabulate

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUMMARY = "summary.json"
FORMAT = 1
SCOPE = "Civilian harm, contamination and clean-up only; never evidence that land is safe."

Table = tuple[Sequence[str], Sequence[Sequence[str]]]


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
    figures: Callable[[], "Iterator[tuple[str, Figure]]"]
    sentences: tuple[str, ...]
    tables: tuple[Table, ...]
    failures: tuple[str, ...] = ()


def perform(
    request: Request, folder: Path, store: sqlite3.Connection, pool: Pool, progress: Callable[[str, int], Progress]
) -> Answer:
    """Do what is asked, with finished points in ``store``, and write the data files into ``folder``.

    ``progress`` starts a report of so many points under a name. Raises InputError for what cannot be asked, before
    anything is computed.
    """
    if request.verb == "sweep":
        return _swept(request, folder, store, pool, progress)
    raise ValueError(f"no such study: {request.verb}")


def sweep_grid(request: Request) -> Grid:
    """The grid of a sweep. Raises InputError when it is none."""
    axes = read_axes(request.arguments["vary"], request.scenarios)
    study = Study(request.scenarios, request.method, curves=FAMILY, versions=versions())
    return Grid(study, axes)


def _swept(
    request: Request, folder: Path, store: sqlite3.Connection, pool: Pool, progress: Callable[[str, int], Progress]
) -> Answer:
    from simulator import sweep_words

    grid = sweep_grid(request)
    refuse_wrong_points(grid.study, grid[: len(request.scenarios)])
    metric = chosen_metric(grid, request.arguments["metric"])
    gathered = gather(grid.study, grid, request.replicates, store, pool, progress("sweeping", len(grid)))
    table, files = tabulate(grid, metric, store, gathered, folder)
    said = tuple(sweep_words.sentences(table))
    summary = _sweep_summary(request, table, said)
    return Answer(
        {**files, SUMMARY: _written(folder / SUMMARY, summary)},
        lambda: _sweep_figures(table),
        said,
        (sweep_words.table_rows(table),),
        tuple(
            f"{_settings(grid, cell)}: {reason}" for cell, reason in table.failures.items()
        ),
    )


def _sweep_figures(table: SweepTable) -> "Iterator[tuple[str, Figure]]":
    # Matplotlib takes half a second to load.
    from simulator.figure_sweep import sweep_figures

    return sweep_figures(table)


def _sweep_summary(request: Request, table: SweepTable, said: Sequence[str]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "verb": request.verb,
        "method": request.method,
        "replicates": 0 if table.grid.study.exact else table.replicates,
        "scenarios": [loaded.name for loaded in request.scenarios],
        "axes": [
            {"path": axis.label, "unit": axis.unit, "values": list(axis.values), "logarithmic": axis.log}
            for axis in table.grid.axes
        ],
        "points": table.grid.cells,
        "metric": {"name": table.metric.name, "label": table.metric.label, "unit": table.metric.unit},
        "failed": [
            {"values": list(table.grid.values(cell)), "reason": reason} for cell, reason in table.failures.items()
        ],
        "sentences": list(said),
        "scope": SCOPE,
    }


def _settings(grid: Grid, cell: int) -> str:
    return ", ".join(
        f"{axis.label} = {value:.12g}{' ' if axis.unit else ''}{axis.unit}"
        for axis, value in zip(grid.axes, grid.values(cell), strict=True)
    )


def _written(path: Path, content: Mapping[str, Any]) -> Path:
    text = json.dumps(content, indent=1, allow_nan=False, ensure_ascii=False) + "\n"
    path.write_bytes(text.encode("utf-8", "replace"))
    return path
