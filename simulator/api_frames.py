"""Results as data frames and datasets: the numbers of the data files, in pandas and xarray, which are optional."""

import csv
import importlib
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from simulator.clocks import date_of
from simulator.ensemble import mine_names, quantities
from simulator.experiment import Outcome
from simulator.knowledge import Knowledge
from simulator.outputs import part_bands
from simulator.statistics import Band

CHANCE, KNOWLEDGE, BOTH = "chance", "knowledge", "both"
UNITS: Mapping[str, str] = {
    "hazardous": "mines", "inert": "mines", "gone": "mines", "accidents_per_year": "accidents per year",
    "accidents": "accidents", "casualties": "people", "killed": "people", "individual_risk": "per year",
    "denied_km2": "km2", "cleared_hazardous": "mines", "cleared_inert": "mines", "missed_hazardous": "mines",
    "missed_inert": "mines", "released_km2": "km2", "team_years": "team-years", "cost_usd": "USD",
}  # fmt: skip
_BAND = ("mean", "standard_error", "p05", "p50", "p95")
_TEXTS = frozenset({"scenario", "reference", "date", "mines", "quantity", "kind", "metric"})
_WHOLE = frozenset({"replicate"})


def optional(library: str, extra: str) -> Any:
    """Import a library that is not needed otherwise. Raises ImportError that says how to install it."""
    try:
        return importlib.import_module(library)
    except ImportError as error:
        message = f'this needs {library}, which is not installed here: pip install "minesim[{extra}]"'
        raise ImportError(message, name=library) from error


def frame_of_csv(content: bytes) -> Any:
    """Read a data file as a pandas DataFrame: its columns, rows and numbers; what is empty in it is NaN.

    Dates stay texts: a horizon may lie beyond the dates that pandas knows.
    """
    pandas = optional("pandas", "data")
    header, *rows = csv.reader(io.StringIO(content.decode("utf-8")))
    columns = dict(zip(header, zip(*rows, strict=True), strict=True)) if rows else dict.fromkeys(header, ())
    # Read here and not by pandas, whose reading of numbers differs between versions in the last place.
    return pandas.DataFrame({name: _read(name, cells) for name, cells in columns.items()})


def _read(name: str, cells: Sequence[str]) -> Any:
    if name in _TEXTS:
        return list(cells)
    return np.array([float(cell) if cell else np.nan for cell in cells], dtype="int64" if name in _WHOLE else float)


def frame_of_metrics(summary: Mapping[str, Any]) -> Any:
    """Read the metrics of a summary.json as a pandas DataFrame, a row for each scenario and metric."""
    pandas = optional("pandas", "data")
    columns = ("scenario", "metric", "label", "unit", *_BAND, "upper_bound_95", "sentence")
    rows = [
        {"scenario": name, "metric": metric, **entry}
        for name, part in summary["scenarios"].items()
        for metric, entry in part["metrics"].items()
    ]
    numbers = dict.fromkeys((*_BAND, "upper_bound_95"), "float64")
    return pandas.DataFrame(rows).reindex(columns=list(columns)).astype(numbers)


def dataset_of(outcome: Outcome, knowledge: Sequence[Knowledge] = ()) -> Any:
    """The curves as an xarray Dataset: ``mean``, ``standard_error``, ``p05``, ``p50`` and ``p95`` over scenario, mines,
    quantity and time [days], and kind (chance, knowledge, both) where inputs were varied; NaN where there is none.

    ``unit`` is that of each quantity.
    """
    xarray = optional("xarray", "data")
    parts = outcome.scenarios
    world = parts[0].world
    mines = list(dict.fromkeys(name for part in parts for name in mine_names(part.world)))
    names = list(dict.fromkeys(name for part in parts for name in quantities(part.world)))
    kinds = [CHANCE, KNOWLEDGE, BOTH] if knowledge else [CHANCE]
    shape = (len(parts), len(kinds), len(mines), len(names), world.times.size)
    values = {name: np.full(shape, np.nan) for name in _BAND}
    for place, part in enumerate(parts):
        for whose, quantity, chance in part_bands(part):
            spread = knowledge[place].curves[whose, quantity] if knowledge else None
            found = (chance,) if spread is None else (chance, spread.knowledge, spread.both)
            for row, band in enumerate(found):
                _put(values, (place, row, mines.index(whose), names.index(quantity)), band)
    dimensions = ["scenario", "kind", "mines", "quantity", "time"]
    dataset = xarray.Dataset(
        {name: (dimensions, array) for name, array in values.items()},
        coords={
            "scenario": [part.loaded.name for part in parts],
            "kind": kinds,
            "mines": mines,
            "quantity": names,
            "time": ("time", world.times.copy(), {"units": "days", "long_name": f"time since {world.start}"}),
            "unit": ("quantity", [UNITS[name] for name in names], {"long_name": "unit of the quantity"}),
            "date": ("time", [date_of(float(days), world.start) for days in world.times]),
        },
        attrs={
            "title": "; ".join(part.world.title for part in parts),
            "method": outcome.plan.method,
            "replicates": outcome.replicates,
            "seed": world.seed,
            "scope": "Civilian harm, contamination and clean-up only; never evidence that land is safe.",
        },
    )
    return dataset if knowledge else dataset.isel(kind=0, drop=True)


def _put(values: Mapping[str, Any], place: tuple[int, ...], band: Band | None) -> None:
    for name in _BAND if band is not None else ():
        values[name][place] = getattr(band, name)
