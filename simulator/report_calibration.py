"""The report of a calibration: claims and tables made anew from its files."""

from collections.abc import Iterator, Mapping
from typing import Any

from simulator.calibration_problem import DISPERSION
from simulator.calibration_words import comparison_sentence, signed, tie_sentence
from simulator.count_forecast import Comparison
from simulator.identifiability import Tie
from simulator.naive_forecast import LAST_VALUE, TREND
from simulator.report_claims import Claim, Row
from simulator.report_metric import STATED, value_said
from simulator.report_parts import Table
from simulator.result_folder import ResultFolder, as_number, rows_of
from simulator.wording import counted, listed, number

_CALIBRATION, _PREDICTIONS, _SCENARIO = "calibration.csv", "predictions.csv", "scenario"
_PROFILE = "interval from the profile of the likelihood"
_SCORED = "90 % interval of paired differences"
_MOST_ROWS = 40


def calibration_claims(result: ResultFolder) -> Iterator[Claim]:
    """What was fitted to which record, what it bounds, and how well later periods were predicted."""
    record, name = result.summary["record"], result.summary["scenario"]
    fitted, all_of_them = f"{record['fitted']:,}", f"{record['periods']:,}"
    yield Claim(
        f"{name} was fitted to {fitted} of {all_of_them} periods of {record['name']}.",
        (("fitted periods", record["name"], fitted, "", "counted"),
         ("periods", record["name"], all_of_them, "", "counted"),
         ("casualties in the record", record["name"], number(record["casualties"], 6), "", "counted")),
    )  # fmt: skip
    low, high = (f"{number(100 * end)} %" for end in result.summary["reporting"])
    yield Claim("", (("reporting share", record["name"], low if low == high else f"{low} to {high}", "", STATED),))
    yield from (_estimate(one, result) for one in result.summary["estimates"])
    if (prediction := result.summary["prediction"]) is not None:
        yield from _predicted(prediction, name)
    if not result.summary["posterior"]["converged"]:
        yield Claim("The draws of this calibration have not converged and are not to be relied on.")


def calibration_turns(result: ResultFolder) -> Iterator[Claim]:
    """What the record leaves open, so that a source of its own would change the answer."""
    for tie in result.summary["not_told_apart"]:
        names = tuple(tie["names"])
        together = tie["rank_correlation"] > 0 if len(names) == 2 and tie["rank_correlation"] else None
        said = tie_sentence(Tie(names, together, 0.0, 0.0, weak=bool(tie["weakly"]) and together is not None))
        yield Claim(f"{said} A source of its own for one of them would settle more than a longer record.")
    for one in result.summary["estimates"]:
        if one["low_open"] or one["high_open"]:
            yield Claim(f"{one['name']} is {one['remark']}: it is only as good as the bounds that were set.")
    if not result.summary["not_told_apart"]:
        yield Claim("The record tells all fitted numbers apart; its own mistakes would change the answer most.")


def record_table(result: ResultFolder) -> Table:
    """The record and what the fitted scenario expects, period by period."""
    rows = list(rows_of(result, _PREDICTIONS))
    shown = rows[-_MOST_ROWS:]
    cells = tuple(
        (f"{row['from']} to {row['to']}", f"{'at most ' if row['at_most'] == 'yes' else ''}{row['observed']}",
         row["part"], _said(row["p50"]), f"{_said(row['p05'])} to {_said(row['p95'])}", _score(row["log_score"]))
        for row in shown
    )  # fmt: skip
    note = "Periods end on the day before the second date. Intervals hold 90 % of the reported casualties expected."
    if len(shown) < len(rows):
        note += f" The last {len(shown):,} of {counted(len(rows), 'period')}; all are in {_PREDICTIONS}."
    header = ("period", "observed", "part", "median expected", "90 % interval", "log score")
    return Table("The record and the fitted scenario", header, cells, note)


def profile_table(result: ResultFolder) -> Table:
    """The numbers that were fitted, with their intervals and bounds."""
    cells = tuple(
        (row["parameter"], _value(row["parameter"], row["estimate"], result), _range(row, "low", "high", result),
         _range(row, "least", "most", result), row["bounds_from"], row["remark"])
        for row in rows_of(result, _CALIBRATION)
    )  # fmt: skip
    header = ("number", "best fit", _interval(result), "free between", "bounds from", "remark")
    return Table("The fitted numbers", header, cells, "Priors of the draws are even between the bounds.")


def _estimate(one: Mapping[str, Any], result: ResultFolder) -> Claim:
    name, where = one["name"], result.summary["scenario"]
    value, low, high = (_value(name, one[key], result) for key in ("estimate", "low", "high"))
    interval = f"{low} to {high}"
    rows: tuple[Row, ...] = (
        (name, where, value, interval, f"{100 * result.summary['confidence']:g} % {_PROFILE}"),
    )  # fmt: skip
    if name == DISPERSION:
        return Claim("", rows)
    remark = f"; {one['remark']}" if one["remark"] else ""
    return Claim(f"{name}: {value} fits best ({_interval(result)} {interval}){remark}.", rows)


def _predicted(prediction: Mapping[str, Any], name: str) -> Iterator[Claim]:
    size, most, half = (f"{prediction[key]:,}" for key in ("periods", "within_90_percent", "within_50_percent"))
    yield Claim(
        f"Of {counted(prediction['periods'], 'predicted period')}, {most} lie within the 90 % interval and {half} "
        "within the 50 % interval.",
        (("predicted periods", name, size, "", "counted"),
         ("predicted periods within their 90 % interval", name, most, "", "counted"),
         ("predicted periods within their 50 % interval", name, half, "", "counted")),
    )  # fmt: skip
    for one in prediction["log_score_against"]:
        low, high = (
            float("-inf") if one["low"] is None else one["low"],
            float("inf") if one["high"] is None else one["high"],
        )
        compared = Comparison(_SCENARIO, one["forecast"], one["difference"], low, high, one["periods"])
        interval = "" if one["low"] is None else f"{signed(low)} to {signed(high)}"
        where = f"{name} against {one['forecast']}"
        yield Claim(
            comparison_sentence(compared),
            (("mean log score, difference", where, signed(compared.difference), interval, _SCORED),
             ("mean log score, size of the difference", where, number(abs(compared.difference)), "", "of the same"),
             ("periods scored", where, f"{one['periods']:,}", "", "counted")),
        )  # fmt: skip
    means = prediction["mean_log_score"]
    yield Claim("", tuple(("mean log score", listed([which]), number(means[which]), "", "over predicted periods")
                          for which in (_SCENARIO, LAST_VALUE, TREND) if which in means))  # fmt: skip


def _interval(result: ResultFolder) -> str:
    return f"{100 * result.summary['confidence']:g} % interval"


def _range(row: Mapping[str, str], low: str, high: str, result: ResultFolder) -> str:
    return " to ".join(_value(row["parameter"], row[end], result) for end in (low, high))


def _value(name: str, value: str | float, result: ResultFolder) -> str:
    """A fitted number in words: in its unit where it is one of the scenario's."""
    return number(float(value)) if name == DISPERSION or " " in name else value_said(name, float(value), result)


def _said(cell: str) -> str:
    value = as_number(cell)
    return "" if value is None else number(value)


def _score(cell: str) -> str:
    value = as_number(cell)
    return "" if value is None else f"{value:.2f}"
