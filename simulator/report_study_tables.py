"""The numbers under each figure of a study: the swept grid, the inputs, the changes, the values looked at."""

from collections.abc import Mapping, Sequence

from simulator.report_calibration import profile_table, record_table
from simulator.report_metric import INTERVAL, metric_label, signed, value_said
from simulator.report_parts import Table
from simulator.report_studies import change_words, share_words
from simulator.report_sweep import cell_said, swept_rows
from simulator.result_folder import CURVES, ResultFolder, as_number, rows_of
from simulator.wording import duration, number

_MOST_ROWS, _MOST_DOWN, _MOST_ACROSS, _MOST_DAYS = 20, 15, 8, 5


def study_table(stem: str, result: ResultFolder) -> Table | None:
    """The table of a figure of a study; None where its numbers stand in no file."""
    match stem:
        case "metric":
            return _swept(result)
        case "heatmap":
            return _matrix(result)
        case "family":
            return _family(result)
        case "indices":
            return _indices(result)
        case "tornado":
            return _tornado(result)
        case "breakeven":
            return _looked_at(result)
        case "attribution":
            return _changes(result)
        case "record":
            return record_table(result)
        case "profiles":
            return profile_table(result)
    return None


def _spread(count: int, most: int) -> list[int]:
    """At most so many of a number of places, evenly, with the first and the last."""
    if count <= most:
        return list(range(count))
    return sorted({round(place * (count - 1) / (most - 1)) for place in range(most)})


def _some(shown: int, known: int, file: str) -> str:
    return f"All {known:,} points." if shown == known else f"{shown:,} of {known:,} points; the rest stands in {file}."


def _swept(result: ResultFolder) -> Table:
    """A row for each value of one swept number, with the difference to the reference if there is one."""
    (axis,) = result.summary["axes"]
    path, rows = axis["path"], swept_rows(result, "sweep.csv")
    paired = {row[path]: row for row in swept_rows(result, "differences.csv")}
    name = result.summary["scenarios"][-1]
    header = [path, f"{metric_label(result)}, {name}"]
    if paired:
        header.append(f"difference to {result.summary['scenarios'][0]}")
    table = []
    for place in _spread(len(rows), _MOST_ROWS):
        row = rows[place]
        cells = [value_said(path, float(row[path]), result), cell_said(row, "mean", result)]
        if paired:
            cells.append(cell_said(paired.get(row[path]), "difference", result))
        table.append(tuple(cells))
    exact = "Exact, in closed form." if result.is_exact else f"In brackets the {INTERVAL} of the mean."
    return Table("The metric at the swept values", tuple(header), tuple(table),
                 f"{exact} {_some(len(table), len(rows), 'sweep.csv')}")  # fmt: skip


def _matrix(result: ResultFolder) -> Table:
    """The first number down and the second across: the difference to the reference, or else the mean."""
    down, across = result.summary["axes"]
    compared = len(result.scenarios) > 1
    rows = swept_rows(result, "differences.csv" if compared else "sweep.csv")
    column = "difference" if compared else "mean"
    known = {(row[down["path"]], row[across["path"]]): row for row in rows}
    lines, columns = _spread(len(down["values"]), _MOST_DOWN), _spread(len(across["values"]), _MOST_ACROSS)

    def key(axis: Mapping[str, Sequence[float]], place: int) -> str:
        return f"{axis['values'][place]:.12g}"

    header = [f"{down['path']} (downwards), {across['path']} (across)"]
    header += [value_said(across["path"], across["values"][place], result) for place in columns]
    table = []
    for line in lines:
        cells = (cell_said(known.get((key(down, line), key(across, place))), column, result) for place in columns)
        table.append((value_said(down["path"], down["values"][line], result), *cells))
    names = result.summary["scenarios"]
    what = (
        f"{metric_label(result)}, {names[-1]} minus {names[0]}" if compared else f"{metric_label(result)}, {names[-1]}"
    )
    exact = "Exact, in closed form." if result.is_exact else f"In brackets the {INTERVAL} of the mean."
    note = f"{exact} {_some(len(lines) * len(columns), len(rows), 'differences.csv' if compared else 'sweep.csv')}"
    return Table(what[0].upper() + what[1:], tuple(header), tuple(table), note)


def _family(result: ResultFolder) -> Table | None:
    """Curves of a sweep of one number at a few days, a column for each value."""
    (axis,) = result.summary["axes"]
    path = axis["path"]
    rows = [row for row in rows_of(result, CURVES) if row["quantity"] in {"hazardous", "casualties"}]
    if not rows:
        return None
    values = list(dict.fromkeys(row[path] for row in rows))
    times = sorted({row["time_days"] for row in rows}, key=float)
    known = {(row["quantity"], row[path], row["time_days"]): row for row in rows}
    scenario = result.scenarios[-1].scenario
    lots = max(1 if kind.lots is None else kind.lots.size for kind in scenario.mines.values())
    worths = {"hazardous": float(lots), "casualties": scenario.civilians.casualties_per_accident}
    table = []
    for quantity, label in (("hazardous", "hazardous mines"), ("casualties", "casualties since the start")):
        # Day 0 is as the scenario says.
        for place in _spread(len(times), _MOST_DAYS)[1:]:
            its = (known.get((quantity, value, times[place])) for value in values)
            cells = ("" if one is None else cell_said(one, "mean", result, worths[quantity]) for one in its)
            table.append((label, duration(float(times[place])), *cells))
    header = ("what", "after", *(value_said(path, float(value), result) for value in values))
    exact = "Exact, in closed form." if result.is_exact else f"In brackets the {INTERVAL} of the mean."
    return Table(f"Curves by {path}", header, tuple(table), f"{exact} Every day stands in {CURVES}.")


def _indices(result: ResultFolder) -> Table:
    table = []
    for row in rows_of(result, "sensitivity.csv"):
        shares = []
        for which in ("first", "total"):
            its = [as_number(row[key]) for key in (which, f"{which}_p05", f"{which}_p95")]
            known = [one for one in its if one is not None]
            shares.append(f"{(said := share_words(*known))[0]} ({said[1]})" if len(known) == len(its) else "not known")
        table.append((row["input"], *shares, row["range"], row["grade"] or "none", row["source"] or "none"))
    header = ("input", "by itself", "with interactions", "range", "grade", "source")
    note = f"Shares of the variance, in brackets the {INTERVAL}."
    if not result.summary["enough"]:
        note += " n was not enough: these shares are too uncertain to be used."
    return Table(f"Which input makes how much of the variance of {metric_label(result)}", header, tuple(table), note)


def _tornado(result: ResultFolder) -> Table:
    table = []
    for row in rows_of(result, "sensitivity.csv"):
        numbers = [as_number(row[key]) for key in ("at_low", "at_reference", "at_high")]
        said = ["failed" if one is None else number(one) for one in numbers]
        table.append((row["input"], row["low"], said[0], row["reference"], said[1], row["high"], said[2]))
    label = metric_label(result)
    header = ("input", "at 5 %", label, "as stated", label, "at 95 %", label)
    return Table(f"{label[0].upper()}{label[1:]} with one input moved at a time", header, tuple(table),
                 "All other inputs as the scenario states them.")  # fmt: skip


def _looked_at(result: ResultFolder) -> Table:
    path, rows = result.summary["path"], list(rows_of(result, "breakeven.csv"))
    table = []
    for place in _spread(len(rows), _MOST_ROWS):
        row = rows[place]
        low, high = as_number(row["low"]), as_number(row["high"])
        interval = "exact, closed form" if low is None or high is None else f"{signed(low)} to {signed(high)}"
        table.append((value_said(path, float(row[path]), result), signed(float(row["difference"])), interval))
    header = (path, f"difference in {metric_label(result)}", INTERVAL)
    return Table("Differences at the values looked at", header, tuple(table),
                 _some(len(table), len(rows), "breakeven.csv"))  # fmt: skip


def _changes(result: ResultFolder) -> Table:
    table = []
    known = {row["change"]: row for row in rows_of(result, "attribution.csv")}
    for part in result.summary["parts"]:
        row = known["; ".join(part["change"])]
        low, high = as_number(row["low"]), as_number(row["high"])
        interval = "exact, closed form" if low is None or high is None else f"{signed(low)} to {signed(high)}"
        table.append((change_words(part), row["reference"], row["other"], signed(float(row["effect"])), interval))
    reference, name = result.summary["scenarios"]
    header = ("change", reference, name, "effect", INTERVAL)
    note = "Shapley values: averages over all orders in which the changes can be made; they sum to the whole."
    return Table(f"What each change does to {metric_label(result)}", header, tuple(table), note)
