"""The numbers under each figure of a run or a comparison, read from its data files at a few days."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from simulator.metrics import KEY_DATES, TIME
from simulator.report_parts import Table
from simulator.report_periods import periods_table
from simulator.result_folder import CURVES, DIFFERENCES, WORLDS, ResultFolder, as_number, rows_of
from simulator.statistics import zero_events_bound
from simulator.units import DAYS_PER_YEAR
from simulator.wording import bound, duration, number, span
from simulator.world import build_world

_ALL = "all"
_EVENTS = frozenset({"hazardous", "accidents", "casualties", "killed", "accidents_per_year"})
_NEGLIGIBLE = 1e-9
_QUANTILES = (0.05, 0.25, 0.50, 0.75, 0.95)
_WORDS = {
    "hazardous": "hazardous mines",
    "inert": "inert mines",
    "gone": "mines gone",
    "accidents_per_year": "accidents per year",
    "casualties": "casualties since the start",
}
_OF_WORLDS = "Mean, in brackets 90 % of the simulated worlds."
_EXACT = "Expected values of the closed form, exact."
_UNSEEN = " “<”: none is left to expect, or the 95 % upper bound of a mean of which no world showed any."
_REST = " Every day stands in {}."

Rows = Sequence[Mapping[str, str]]


def run_table(stem: str, result: ResultFolder) -> Table | None:
    """The table of a figure of a run or a comparison; None where its numbers stand in no file."""
    match stem:
        case "hazardous":
            return _curves(result, ("hazardous",))
        case "states":
            return _curves(result, ("hazardous", "inert", "gone"))
        case "harm":
            return _curves(result, ("accidents_per_year", "casualties"))
        case "fan":
            return _quantiles(result)
        case "difference":
            return _differences(result)
        case "dots":
            return _dots(result)
        case "maps":
            return _ground(result)
        case "uncertain":
            return _kinds(result)
        case "timeline":
            return periods_table(result)
    return None


def _moments(rows: Rows) -> list[tuple[str, str]]:
    """The days at which tables are read, as they stand in a file, and their dates: key dates and the last day."""
    dates = {row["time_days"]: row["date"] for row in rows}
    times = sorted(dates, key=float)
    if not times:
        return []
    numbers = np.array([float(time) for time in times])
    chosen = [times[int(np.searchsorted(numbers, days - 1e-9))] for _, days in KEY_DATES if days <= numbers[-1]]
    return [(time, dates[time]) for time in dict.fromkeys([*chosen, times[-1]])]


def _curve_rows(result: ResultFolder, quantities: Sequence[str]) -> list[dict[str, str]]:
    """Rows of curves.csv of all mines together; of several kinds of spread only chance."""
    wanted = frozenset(quantities)
    return [
        row
        for row in rows_of(result, CURVES)
        if row["mines"] == _ALL and row["quantity"] in wanted and row.get("kind", "chance") == "chance"
    ]


def _names(result: ResultFolder) -> list[str]:
    return [loaded.name for loaded in result.scenarios]


def _curves(result: ResultFolder, quantities: Sequence[str]) -> Table:
    rows = _curve_rows(result, quantities)
    known = {(row["scenario"], row["quantity"], row["time_days"]): row for row in rows}
    header = ["after", "date"]
    columns = [(name, quantity) for quantity in quantities for name in _names(result)]
    header += [_column(name, quantity, result) for name, quantity in columns]
    table = []
    for time, day in _moments(rows):
        cells = [_cell(known.get((name, quantity, time)), quantity, result) for name, quantity in columns]
        table.append((duration(float(time)), day, *cells))
    caption = f"{', '.join(_WORDS[quantity] for quantity in quantities)}, all mines together"
    unseen = _UNSEEN if any("<" in cell for row in table for cell in row) else ""
    note = (_EXACT if result.is_exact else _OF_WORLDS) + unseen + _REST.format(CURVES)
    return Table(caption[0].upper() + caption[1:], tuple(header), tuple(table), note)


def _column(name: str, quantity: str, result: ResultFolder) -> str:
    return _WORDS[quantity] if len(result.scenarios) == 1 else f"{_WORDS[quantity]}, {name}"


def _cell(row: Mapping[str, str] | None, quantity: str, result: ResultFolder) -> str:
    """A mean with its range; of what may be none, never 0 but a bound."""
    if row is None:
        return ""
    mean = float(row["mean"])
    if result.is_exact:
        small = quantity in _EVENTS and abs(mean) < _NEGLIGIBLE and float(row["time_days"]) > 0
        return f"< {number(_NEGLIGIBLE)}" if small else number(mean)
    if quantity in _EVENTS and mean < _NEGLIGIBLE and float(row["time_days"]) > 0:
        return f"< {bound(zero_events_bound(result.worlds) * _worth(row['scenario'], quantity, result))}"
    if mean == float(row["p95"]) == 0:
        return "none seen"
    return _with_range(mean, float(row["p05"]), float(row["p95"]))


def _with_range(mean: float, low: float, high: float) -> str:
    """A mean and the range around it, unless that reads the same."""
    first, last = number(low), number(high)
    if first == last:
        return number(mean) if first == number(mean) else f"{number(mean)} ({first} to {last})"
    return f"{number(mean)} ({span(low, high) if low >= 0 else f'{first} to {last}'})"


def _worth(name: str, quantity: str, result: ResultFolder) -> float:
    """The most that one event adds to a quantity."""
    loaded = next(one for one in result.scenarios if one.name == name)
    scenario = loaded.scenario
    # Mines of a lot may fail together.
    mines = float(max(1 if kind.lots is None else kind.lots.size for kind in scenario.mines.values()))
    casualties = scenario.civilians.casualties_per_accident
    if quantity == "accidents_per_year":
        exposure = build_world(loaded).exposure
        return mines * float(np.max(exposure.activity) * exposure.clock.paces.max()) * DAYS_PER_YEAR
    worth = {
        "casualties": casualties,
        "killed": casualties * (scenario.civilians.killed_share or 0.0),
        "accidents": 1.0,
    }
    return worth.get(quantity, mines)


def _differences(result: ResultFolder) -> Table | None:
    wanted = ("hazardous", "casualties")
    rows = [
        row
        for row in rows_of(result, DIFFERENCES)
        if row["quantity"] in wanted and row.get("kind", "chance") == "chance"
    ]
    if not rows:
        return None
    known = {(row["scenario"], row["quantity"], row["time_days"]): row for row in rows}
    reference = rows[0]["reference"]
    columns = [(name, quantity) for quantity in wanted for name in _names(result)[1:]]
    header = ("after", "date", *(f"{_WORDS[quantity]}, {name}" for name, quantity in columns))
    table = []
    for time, day in _moments(rows):
        cells = (_difference_cell(known.get((name, quantity, time))) for name, quantity in columns)
        table.append((duration(float(time)), day, *cells))
    mean = _EXACT if result.is_exact else "Mean, in brackets 90 % of the paired worlds."
    return Table(f"Difference to {reference}", header, tuple(table), mean + _REST.format(DIFFERENCES))


def _difference_cell(row: Mapping[str, str] | None) -> str:
    if row is None:
        return ""
    if not row["p05"]:
        return number(float(row["difference"]))
    return _with_range(*(float(row[key]) for key in ("difference", "p05", "p95")))


def _signed_span(low: float, high: float) -> str:
    return span(low, high) if low >= 0 else f"{number(low)} to {number(high)}"


def _quantiles(result: ResultFolder) -> Table | None:
    """Casualties at a few days: the median of the worlds and the middle 90 %; all five of them at the end."""
    rows = _curve_rows(result, ("casualties",))
    if result.is_exact or not rows:
        return None
    known = {(row["scenario"], row["time_days"]): row for row in rows}
    table = []
    for time, day in _moments(rows):
        for name in _names(result):
            row = known[name, time]
            cells = (number(float(row[key])) for key in ("p05", "p50", "p95"))
            table.append((duration(float(time)), day, name, *cells))
    header = ("after", "date", "scenario", "5 % of worlds below", "median world", "95 % of worlds below")
    note = f"Percentiles of {result.worlds:,} played worlds, chance alone; 0 is what a world showed, no mean."
    note += _REST.format(CURVES)
    return Table("Casualties since the start in the simulated worlds", header, tuple(table), note)


def _dots(result: ResultFolder) -> Table | None:
    """Quantiles over the worlds: casualties averted against the reference, and times that differ among worlds."""
    worlds: dict[str, list[dict[str, str]]] = {}
    for row in rows_of(result, WORLDS):
        worlds.setdefault(row["scenario"], []).append(row)
    if not worlds:
        return None
    table = []
    names = list(worlds)
    for name in names[1:]:
        pairs = zip(worlds[names[0]], worlds[name], strict=True)
        averted = [float(before["casualties"]) - float(after["casualties"]) for before, after in pairs]
        found = np.quantile(averted, _QUANTILES)
        table.append((f"casualties averted, {name} against {names[0]}", *(number(float(one)) for one in found)))
    for column in worlds[names[0]][0]:
        if not column.startswith(TIME):
            continue
        for name in names:
            label = result.summary["scenarios"][name]["metrics"].get(column, {}).get("label")
            times = [math.inf if (value := as_number(row[column])) is None else value for row in worlds[name]]
            if label is not None and len(set(times)) > 1:
                found = np.quantile(times, _QUANTILES, method="nearest")
                table.append((f"{label}, {name}", *(_time(float(one)) for one in found)))
    if not table:
        return None
    header = ("what", *(f"{100 * share:.0f} % of worlds at or below" for share in _QUANTILES))
    note = f"Quantiles over {result.worlds:,} worlds, chance alone; below 0 there are more casualties."
    note += " Every world stands in worlds.csv."
    return Table("Quantiles of the simulated worlds", header, tuple(table), note)


def _time(days: float) -> str:
    if not math.isfinite(days):
        return "not within the time looked at"
    return duration(days) if days > 0 else "always below"


def _kinds(result: ResultFolder) -> Table:
    """What is not known, and what is chance, of casualties and hazardous mines at the end."""
    rows = []
    for name, scenario in result.summary["scenarios"].items():
        for metric, entry in scenario["metrics"].items():
            if metric.startswith("hazardous_at_") or metric == "casualties":
                cells = [_ends(entry), *(_ends(entry.get(kind)) for kind in ("knowledge", "both"))]
                rows.append((entry["label"], name, *cells))
    header = ("what", "scenario", "chance alone", "knowledge", "knowledge and chance")
    note = (
        "Each range holds 90 %: of the worlds with the inputs as stated, of the expected values over the parameter "
        "sets, and of all worlds over the parameter sets." + _REST.format(CURVES)
    )
    return Table("What uncertain inputs leave open", header, tuple(rows), note)


def _ends(entry: Mapping[str, float] | None) -> str:
    if entry is None or entry["p05"] is None or entry["p95"] is None:
        return "none (closed form)"
    return _signed_span(entry["p05"], entry["p95"])


def _ground(result: ResultFolder) -> Table:
    """What maps show as sums: land that is denied or released, and accidents per year, at the days of the maps."""
    quantities = ("hazardous", "accidents_per_year", "denied_km2")
    rows = _curve_rows(result, quantities)
    known = {(row["scenario"], row["quantity"], row["time_days"]): row for row in rows}
    days = sorted({float(row["time_days"]) for row in rows})
    table = []
    for asked in result.manifest.options.map_days:
        if not days or asked > days[-1]:
            continue
        day = days[int(np.searchsorted(days, asked - 1e-9))]
        time = f"{day:.12g}"
        for name in _names(result):
            cells = (_cell(known.get((name, quantity, time)), quantity, result) for quantity in quantities)
            table.append((duration(day), name, *cells))
    header = ("after", "scenario", "hazardous mines", "accidents per year", "land denied [km2]")
    note = (
        "Sums over the whole region on the days of the maps; the cells stand in the GeoJSON files, where there are any."
    )
    return Table("What the maps add up to", header, tuple(table), note)
