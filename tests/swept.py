"""Sweeps for tests, computed point by point without a store, or made up."""

from dataclasses import replace

import numpy as np

from simulator.metrics import Metric
from simulator.points import Study, Task, evaluate, scenario_at
from simulator.scenario_file import from_tree
from simulator.statistics import Band
from simulator.study import metric_of
from simulator.sweep_grid import FAMILY, Grid, cell_result, read_axes
from simulator.sweep_table import Line, SweepTable, curve_band
from simulator.world import default_times

FAILURE = "mines.battery-limited.self_destruct.failure"
BACK_UP = "mines.battery-limited.battery.failure"
COUNT = "mines.battery-limited.count"
RATE = "civilians.accident_rate"
VALUES = ("mean", "standard_error", "p05", "p95")
DIFFERENCES = ("difference", "standard_error", "p05", "p95", "ratio", "ratio_p05", "ratio_p95")
PERSISTENT = {"ageing": {"exponential": {"mean": "57.7 years"}}}
BATTERY_LIMITED = {
    "self_destruct": {"time": {"normal": {"mean": "15 days", "sd": "1 day"}}, "failure": 0.1},
    "battery": {"life": {"weibull": {"shape": 4, "scale": "81.9 days"}}, "failure": 0.01},
}


def scenario(name, mines, *, horizon="10 years", rate="0.002", laid="2024-12-01"):
    """A scenario as a file would give it, on a small region."""
    tree = {
        "title": name,
        "start": "2024-12-01",
        "horizon": horizon,
        "region": {"rectangle": {"width": "4 km", "height": "3 km"}, "cell": "1 km"},
        "mines": {kind: {"count": 2000, "laid": laid, **device} for kind, device in mines.items()},
        "civilians": {
            "density": "14 per km2",
            "accident_rate": f"{rate} per mine-year",
            "reference_density": "14 per km2",
            "casualties_per_accident": 1.44,
        },
    }
    return from_tree(name, tree)


def pair(name="treaty-limit", **changes):
    """A persistent reference and mines at the treaty's limits."""
    return (
        scenario("persistent", {"persistent": PERSISTENT}, **changes),
        scenario(name, {"battery-limited": BATTERY_LIMITED}, **changes),
    )


def swept(*vary, scenarios=None, metric="casualties", replicates=0):
    """The table of a sweep against a reference, or of a single scenario; without replicates in closed form."""
    scenarios = pair() if scenarios is None else scenarios
    study = Study(tuple(scenarios), "simulate" if replicates else "expected", (metric,), FAMILY)
    grid = Grid(study, read_axes(vary, scenarios))
    size = len(scenarios)
    chosen = metric_of(grid.study, size - 1, metric, averaged=False)
    values = {name: np.full(grid.cells, np.nan) for name in VALUES}
    differences = {name: np.full(grid.cells, np.nan) for name in DIFFERENCES} if size > 1 else None
    reference = np.full(grid.cells, np.nan) if size > 1 else None
    lines = []
    for cell in range(grid.cells):
        records = [
            evaluate(study, Task("", point, 0, max(replicates, 1))) for point in grid[cell * size : (cell + 1) * size]
        ]
        found = cell_result(records[-1], records[0] if size > 1 else None, exact=study.exact)
        for name in VALUES:
            values[name][cell] = getattr(found.band, name)[found.metrics.index(metric)]
        if differences is not None and metric in found.compared:
            for name in DIFFERENCES:
                differences[name][cell] = getattr(found.difference, name)[found.compared.index(metric)]
            reference[cell] = values["mean"][cell] - differences["difference"][cell]
        if cell in grid.lines:
            bands = {quantity: curve_band(kept) for (_, quantity), kept in records[-1].curves.items()}
            varied = scenario_at(study, grid[(cell + 1) * size - 1]).scenario
            lines.append(Line(cell, default_times(varied.horizon), bands))
    return SweepTable(grid, chosen, values, differences, reference, {}, tuple(lines), max(replicates, 1))


def made_up(differences, *vary, replicates=0, error=0.0, failures=None, mean=None, reference=10.0, metric=None):
    """A table whose differences to a reference of 10 are given, in the shape of its grid; NaN where a point failed."""
    scenarios = pair()
    study = Study(scenarios, "simulate" if replicates else "expected", curves=FAMILY)
    grid = Grid(study, read_axes(vary, scenarios))
    difference = np.asarray(differences, dtype=float).ravel()
    assert difference.size == grid.cells
    means = reference + difference if mean is None else np.asarray(mean, dtype=float)
    spread = np.full(grid.cells, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = means / reference
    reach = 1.73 * error
    columns = {
        "difference": difference,
        "standard_error": np.full(grid.cells, error),
        "p05": difference - 3 * reach if replicates else spread,
        "p95": difference + 3 * reach if replicates else spread,
        "ratio": ratio,
        "ratio_p05": ratio - reach / 10 if replicates else spread,
        "ratio_p95": ratio + reach / 10 if replicates else spread,
    }
    values = {
        "mean": means,
        "standard_error": np.full(grid.cells, error),
        "p05": np.maximum(means - 3 * reach, 0.0) if replicates else spread,
        "p95": means + 3 * reach if replicates else spread,
    }
    chosen = metric or Metric("casualties", "casualties", "people", lambda *_: np.array(0.0), True)
    before = np.where(np.isfinite(difference), reference, np.nan)
    failed = {} if failures is None else failures
    return SweepTable(grid, chosen, values, columns, before, failed, (), max(replicates, 1))


def alone(table):
    """The same table without its reference."""
    study = replace(table.grid.study, scenarios=table.grid.study.scenarios[1:])
    grid = Grid(study, table.grid.axes)
    return replace(table, grid=grid, differences=None, reference=None)


def curve(mean, *, replicates=0):
    """A band of a curve, closed form or with worlds that are all alike."""
    mean = np.asarray(mean, dtype=float)
    nothing = np.full(mean.shape, np.nan)
    if not replicates:
        return Band(mean, np.zeros_like(mean), nothing, nothing, nothing, 0)
    return Band(mean, np.zeros_like(mean), mean, mean, mean, replicates)
