"""The study behind ``minesim sweep``: from what is varied to its table, sentences and figures."""

from collections.abc import Iterator, Sequence
from typing import Any

from simulator import sweep_words
from simulator.evaluation import gather, refuse_wrong_points
from simulator.manifest import versions
from simulator.points import Point, Study
from simulator.study import FORMAT, SCOPE, SUMMARY, Answer, Bench, Request, as_written, metric_of
from simulator.sweep_grid import FAMILY, Grid, read_axes
from simulator.sweep_table import SweepTable, tabulate


def swept(request: Request, bench: Bench) -> Answer:
    """Vary numbers over a grid. Raises InputError for what cannot be varied, before anything is computed."""
    axes = read_axes(request.arguments["vary"], request.scenarios)
    grid = Grid(Study(request.scenarios, request.method, curves=FAMILY, versions=versions()), axes)
    # As they stand: a first combination that makes no scenario must not stop the others.
    refuse_wrong_points(grid.study, [Point(scenario) for scenario in range(len(request.scenarios))])
    metric = metric_of(grid.study, len(request.scenarios) - 1, request.arguments["metric"], averaged=False)
    progress = bench.watch("sweeping", len(grid))
    gathered = gather(grid.study, grid, request.replicates, bench.store, bench.pool, progress)
    table, files = tabulate(grid, metric, bench.store, gathered, bench.folder)
    said = tuple(sweep_words.sentences(table))
    return Answer(
        {**files, SUMMARY: as_written(bench.folder / SUMMARY, _summary(request, table, said))},
        lambda: _figures(table),
        said,
        (sweep_words.table_rows(table),),
        tuple(f"{_settings(grid, cell)}: {reason}" for cell, reason in table.failures.items()),
    )


def _figures(table: SweepTable) -> Iterator[tuple[str, Any]]:
    # Matplotlib takes half a second to load.
    from simulator.figure_sweep import sweep_figures

    yield from sweep_figures(table)


def _summary(request: Request, table: SweepTable, said: Sequence[str]) -> dict[str, Any]:
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
