"""The answer of a sweep: where its metric is least and most, on which side of a reference, and where that turns."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from simulator.findings import worth_of_an_event
from simulator.metrics import metrics
from simulator.points import Study, world_of
from simulator.report_claims import EXACT, Claim, Row, exact_words, is_sayable, mean_interval
from simulator.report_metric import INTERVAL, STATED, metric_label, value_said
from simulator.result_folder import ResultFolder, as_number, rows_of
from simulator.statistics import zero_events_bound
from simulator.variation import AS_IT_STANDS, varied
from simulator.wording import bound, listed, number

_NOTHING = 1e-9


def swept_rows(result: ResultFolder, name: str) -> list[dict[str, str]]:
    """The rows of the study's metric in a table of a sweep."""
    return [row for row in rows_of(result, name) if row["metric"] == result.summary["metric"]["name"]]


def setting_words(result: ResultFolder, row: Mapping[str, str]) -> str:
    """The values of a point of a sweep, each after the last key of its path where that tells them apart."""
    paths = [axis["path"] for axis in _axes(result)]
    short = [path.rpartition(".")[2] for path in paths]
    names = short if len(set(short)) == len(short) else paths
    parts = [f"{name} {value_said(path, float(row[path]), result)}" for name, path in zip(names, paths, strict=True)]
    return listed(parts)


def cell_said(row: Mapping[str, str] | None, column: str, result: ResultFolder, worth: float | None = None) -> str:
    """A mean or a difference of a study in a table, with the interval of the mean; a dash where there is none.

    ``worth`` is the most that one event adds to a mean (None: to the metric of the study).
    """
    value = None if row is None else as_number(row[column])
    if row is None or value is None:
        return "–"
    error = as_number(row["standard_error"])
    if not result.worlds:
        return exact_words(value) if column == "mean" else number(value)
    if column == "mean" and abs(value) < _NOTHING:
        return f"< {bound(least_seen(result) if worth is None else zero_events_bound(result.worlds) * worth)}"
    if not error:
        return number(value)
    low, high = mean_interval(value, error, result.worlds)
    return f"{number(value)} ({number(low)} to {number(high)})"


def least_seen(result: ResultFolder) -> float:
    """The upper bound of a mean where no simulated world of a study's scenario showed any (95 % confidence)."""
    name = result.summary["metric"]["name"]
    study = Study(result.scenarios, "simulate")
    world = world_of(study, varied(result.scenarios[-1], AS_IT_STANDS))
    metric = next((one for one in metrics(world) if one.name == name), None)
    worth = 1.0 if metric is None else worth_of_an_event(metric, world)
    return zero_events_bound(result.worlds) * worth


def mean_said(mean: float, error: float, result: ResultFolder) -> str:
    """A mean of a study: exact, a bound where none was seen, or nothing where its first digit is not known."""
    if not result.worlds:
        return exact_words(mean)
    if abs(mean) < _NOTHING:
        return f"fewer than {bound(least_seen(result))}"
    return number(mean) if is_sayable(mean, error, result.worlds) else ""


def _axes(result: ResultFolder) -> Sequence[Mapping[str, Any]]:
    axes: Sequence[Mapping[str, Any]] = result.summary["axes"]
    return axes


def sweep_claims(result: ResultFolder) -> Iterator[Claim]:
    """Say where the metric is least and most, and at how many points the scenario is below or above its reference."""
    rows, label = swept_rows(result, "sweep.csv"), metric_label(result)
    name = result.summary["scenarios"][-1]
    yield Claim("", tuple(_swept_row(axis, result) for axis in _axes(result)))
    known = [row for row in rows if as_number(row["mean"]) is not None]
    if not known:
        yield Claim(f"No point of the sweep gave a number for {label}.")
        return
    least, most = (choose(known, key=lambda row: float(row["mean"])) for choose in (min, max))
    over = listed([_over(axis, result) for axis in _axes(result)])
    ends = [mean_said(float(row["mean"]), float(row["standard_error"]), result) for row in (least, most)]
    its = [_mean_row(row, end, name, result) for row, end in zip((least, most), ends, strict=True)]
    if not all(ends):
        text = f"Over {over}, least and most {label} of {name} are not known to their first digit from so few worlds."
    elif float(least["mean"]) == float(most["mean"]):
        text = f"Over {over}, {label} of {name}: {ends[0]} everywhere."
    else:
        exactly = ", in closed form" if result.is_exact else ""
        places = [_around(its[end]) + setting_words(result, row) for end, row in enumerate((least, most))]
        text = f"Over {over}, {label} of {name}: from {ends[0]} ({places[0]}) to {ends[1]} ({places[1]}){exactly}."
    yield Claim(text, tuple(its))
    if len(result.scenarios) > 1:
        yield _sides(result, label)


def _around(row: Row) -> str:
    """The interval of a mean, before the place it was found at; nothing where it is exact."""
    return f"{row[4]} {row[3]}, at " if row[3] else ""


def _swept_row(axis: Mapping[str, Any], result: ResultFolder) -> Row:
    values = [value_said(axis["path"], axis["values"][end], result) for end in (0, -1)]
    return (axis["path"], "varied", f"{len(axis['values']):,} values", f"{values[0]} to {values[1]}", STATED)


def _over(axis: Mapping[str, Any], result: ResultFolder) -> str:
    first, last = (value_said(axis["path"], axis["values"][end], result) for end in (0, -1))
    return f"{axis['path']} from {first} to {last}"


def _mean_row(row: Mapping[str, str], said: str, name: str, result: ResultFolder) -> Row:
    mean, error = float(row["mean"]), float(row["standard_error"])
    what = f"{metric_label(result)} at {setting_words(result, row)}"
    if not result.worlds:
        return (what, name, said, "", EXACT)
    low, high = mean_interval(mean, error, result.worlds)
    return (what, name, said or number(mean), f"{number(low)} to {number(high)}", f"{INTERVAL} of the mean")


def _side(row: Mapping[str, str], result: ResultFolder) -> int:
    """On which side of the reference a point is: -1 or 1, or 0 where its interval does not say, or there is none."""
    difference, error = as_number(row["difference"]), as_number(row["standard_error"])
    if difference is None or error is None:
        return 0
    low, high = mean_interval(difference, error, result.worlds) if result.worlds else (difference, difference)
    return int(low > 0) - int(high < 0)


def _sides(result: ResultFolder, label: str) -> Claim:
    rows = swept_rows(result, "differences.csv")
    reference, name = result.summary["scenarios"]
    sides = [_side(row, result) for row in rows]
    told = "" if result.is_exact else f" (by the {INTERVAL} of the paired difference)"
    where = f"{name} against {reference}"
    words = {-1: "below", 1: "above", 0: "neither clearly below nor above"}
    counts = [(side, sides.count(side)) for side in (-1, 1, 0) if sides.count(side)]
    parts = [
        f"{words[side]} {reference if not place else 'it'} at {count:,}" for place, (side, count) in enumerate(counts)
    ]
    table: list[Row] = [("points compared", where, f"{len(rows):,}", "", STATED)]
    kind = EXACT if result.is_exact else INTERVAL
    table += [(f"points at which {label} is {words[side]}", where, f"{count:,}", "", kind) for side, count in counts]
    return Claim(f"By {label}, {name} is {listed(parts)} of {len(rows):,} points{told}.", tuple(table))


def sweep_turns(result: ResultFolder) -> Iterator[Claim]:
    """Say between which swept values a scenario passes its reference, with other numbers at their ends."""
    if len(result.scenarios) < 2:
        yield Claim(
            "The sweep has no reference: with --against it says where one scenario stops being safer than another."
        )
        return
    rows, axes = swept_rows(result, "differences.csv"), _axes(result)
    found = False
    for along in range(len(axes) - 1, -1, -1):
        for line in _edge_lines(rows, axes, along):
            claims = list(_crossings(line, axes, along, result))
            found = found or bool(claims)
            yield from claims
        if found:
            return
    reference, name = result.summary["scenarios"]
    edges = " along the edges of the grid" if len(axes) > 1 else ""
    yield Claim(f"Within the swept values nothing turns the answer round between {name} and {reference}{edges}.")


def _edge_lines(
    rows: Sequence[Mapping[str, str]], axes: Sequence[Mapping[str, Any]], along: int
) -> Iterator[list[Mapping[str, str]]]:
    """The points along one number, with the other numbers all at their first, then all at their last value."""
    others = [axis["path"] for place, axis in enumerate(axes) if place != along]
    path = axes[along]["path"]
    for end in (0, -1) if others else (0,):
        ends = {axis["path"]: float(f"{axis['values'][end]:.12g}") for axis in axes if axis["path"] in others}
        line = [row for row in rows if all(float(row[name]) == value for name, value in ends.items())]
        yield sorted(line, key=lambda row: float(row[path]))


def _crossings(
    line: Sequence[Mapping[str, str]], axes: Sequence[Mapping[str, Any]], along: int, result: ResultFolder
) -> Iterator[Claim]:
    reference, name = result.summary["scenarios"]
    path, label = axes[along]["path"], metric_label(result)
    told = [(row, side) for row in line if (side := _side(row, result))]
    others = [axis["path"] for place, axis in enumerate(axes) if place != along]
    for (before, its), (after, other) in pairwise(told):
        if its == other:
            continue
        first, last = (value_said(path, float(row[path]), result) for row in (before, after))
        at = listed([f"{key} at {value_said(key, float(before[key]), result)}" for key in others]) if others else ""
        words = ("below", "above") if its < 0 else ("above", "below")
        where = f"{name} against {reference}{f', {at}' if at else ''}"
        row: Row = (f"{path} between which the answer turns round", where, f"{first} to {last}", "", "swept values")
        yield Claim(
            f"{f'With {at}, ' if at else ''}{name} goes from {words[0]} to {words[1]} {reference} in {label} "
            f"between {path} {first} and {last}.",
            (row,),
        )
