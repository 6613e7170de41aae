"""What a sweep found: its files, written point by point, and the numbers of one metric for figures and sentences."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from simulator.clocks import Array, date_of
from simulator.evaluation import Gathered, read_record
from simulator.metrics import Metric
from simulator.point_store import Store, curve_of
from simulator.points import CurveRecord, scenario_at, world_of
from simulator.statistics import PERCENTILES, Band
from simulator.sweep_grid import CellResult, Grid, cell_result

SWEEP, DIFFERENCES, CURVES = "sweep.csv", "differences.csv", "curves.csv"
_BAND = ("mean", "standard_error", "p05", "p95")
_CURVE_BAND = ("mean", "standard_error", "p05", "p50", "p95")
_DIFFERENCE = ("difference", "standard_error", "p05", "p95", "ratio", "ratio_p05", "ratio_p95")


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """The curves of one combination of a sweep over ``times`` [T], by quantity, of all mines together."""

    cell: int
    times: Array
    bands: Mapping[str, Band]


@dataclass(frozen=True, slots=True, eq=False)
class SweepTable:
    """One metric over the grid, columns of shape [cells], NaN where a point failed: the scenario's ``values`` by name
    (mean, standard_error, p05, p95) and, against a reference, ``differences`` by name (as in differences.csv) and the
    reference's own mean. ``failures`` say why, by cell. ``lines`` are curves of some cells of a sweep of one number.
    """

    grid: Grid
    metric: Metric
    values: Mapping[str, Array]
    differences: Mapping[str, Array] | None
    reference: Array | None
    failures: Mapping[int, str]
    lines: tuple[Line, ...]
    replicates: int

    @property
    def names(self) -> tuple[str, ...]:
        """The scenario's name, then the reference's if there is one."""
        scenarios = self.grid.study.scenarios
        return (scenarios[-1].name, *(one.name for one in scenarios[:-1]))

    def shaped(self, column: Array) -> Array:
        """A column as an array with an axis for each number that is varied."""
        return column.reshape(self.grid.shape)


def tabulate(
    grid: Grid, metric: Metric, store: Store, gathered: Gathered, folder: Path
) -> tuple[SweepTable, dict[str, Path]]:
    """Write the files of a sweep into a folder, one point at a time, and keep the columns of one metric."""
    compared = len(grid.study.scenarios) > 1
    values = {name: np.full(grid.cells, np.nan) for name in _BAND}
    differences = {name: np.full(grid.cells, np.nan) for name in _DIFFERENCE} if compared else None
    reference = np.full(grid.cells, np.nan) if compared else None
    files = {SWEEP: folder / SWEEP, **({DIFFERENCES: folder / DIFFERENCES} if compared else {})}
    labels = [axis.label for axis in grid.axes]
    with _csv(files[SWEEP]) as rows, _csv(files.get(DIFFERENCES)) as paired_rows:
        rows.writerow([*labels, "metric", *_BAND])
        paired_rows.writerow([*labels, "metric", *_DIFFERENCE])
        for cell, result in _results(grid, store, gathered):
            settings = [f"{value:.12g}" for value in grid.values(cell)]
            for place, name in enumerate(result.metrics):
                row = [float(getattr(result.band, field)[place]) for field in _BAND]
                rows.writerow([*settings, name, *map(_number, row)])
                if name == metric.name:
                    for field, value in zip(_BAND, row, strict=True):
                        values[field][cell] = value
            if result.difference is None or differences is None or reference is None:
                continue
            for place, name in enumerate(result.compared):
                row = [float(getattr(result.difference, field)[place]) for field in _DIFFERENCE]
                paired_rows.writerow([*settings, name, *map(_number, row)])
                if name == metric.name:
                    for field, value in zip(_DIFFERENCE, row, strict=True):
                        differences[field][cell] = value
                    reference[cell] = values["mean"][cell] - row[0]
    lines = tuple(_lines(grid, store, gathered))
    if lines:
        files[CURVES] = folder / CURVES
        _write_curves(files[CURVES], grid, lines)
    failures = {place // len(grid.study.scenarios): reason for place, reason in sorted(gathered.failures.items())}
    table = SweepTable(grid, metric, values, differences, reference, failures, lines, gathered.replicates)
    return table, files


def _results(grid: Grid, store: Store, gathered: Gathered) -> Iterator[tuple[int, CellResult]]:
    size = len(grid.study.scenarios)
    for cell in range(grid.cells):
        record = read_record(store, gathered, cell * size + size - 1)
        reference = read_record(store, gathered, cell * size) if size > 1 else None
        if record is None or (size > 1 and reference is None):
            continue
        yield cell, cell_result(record, reference, exact=grid.study.exact)


def _lines(grid: Grid, store: Store, gathered: Gathered) -> Iterator[Line]:
    size = len(grid.study.scenarios)
    for cell in grid.lines:
        key = gathered.keys[cell * size + size - 1]
        if key is None:
            continue
        world = world_of(grid.study, scenario_at(grid.study, grid[cell * size + size - 1]))
        bands = {}
        for mines, quantity in grid.study.curves or ():
            kept = curve_of(store, key, (mines, quantity), gathered.replicates)
            if kept is not None:
                bands[quantity] = curve_band(kept)
        yield Line(cell, world.times, bands)


def curve_band(kept: CurveRecord) -> Band:
    """Summarise the curve of one world, [T]; in closed form without percentiles."""
    n = kept.played.shape[0]
    if n == 0:
        nothing = np.full(kept.mean.shape, np.nan)
        return Band(kept.mean, np.zeros_like(kept.mean), nothing, nothing, nothing, 0)
    p05, p50, p95 = np.quantile(kept.played, PERCENTILES, axis=0)
    error = np.sqrt(kept.squares / max(n - 1, 1) / n)
    return Band(kept.mean, np.maximum(error, kept.least / np.sqrt(n)), p05, p50, p95, n)


def _write_curves(path: Path, grid: Grid, lines: Sequence[Line]) -> None:
    start = grid.study.scenarios[-1].scenario.start
    with _csv(path) as rows:
        rows.writerow([*(axis.label for axis in grid.axes), "time_days", "date", "quantity", *_CURVE_BAND])
        for line in lines:
            settings = [f"{value:.12g}" for value in grid.values(line.cell)]
            calendar = [(f"{days:.12g}", date_of(float(days), start)) for days in line.times]
            for quantity, one in line.bands.items():
                columns = [getattr(one, name) for name in _CURVE_BAND]
                for place, (days, day) in enumerate(calendar):
                    rows.writerow([*settings, days, day, quantity, *(_number(column[place]) for column in columns)])


class _Rows:
    """A CSV file that is written row by row, or none."""

    def __init__(self, path: Path | None) -> None:
        self._stream = path.open("w", encoding="utf-8", errors="replace", newline="") if path is not None else None
        self._writer: Any = csv.writer(self._stream, lineterminator="\n") if self._stream is not None else None

    def __enter__(self) -> "_Rows":
        return self

    def __exit__(self, *_: object) -> None:
        if self._stream is not None:
            self._stream.close()

    def writerow(self, row: Sequence[object]) -> None:
        if self._writer is not None:
            self._writer.writerow(row)


def _csv(path: Path | None) -> _Rows:
    return _Rows(path)


def _number(value: float) -> str:
    return f"{value + 0.0:.12g}" if np.isfinite(value) else ""
