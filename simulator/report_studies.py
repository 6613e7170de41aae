"""The answer of a study of many worlds: claims made anew from its tables, and what would change it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from simulator.fields import value_words
from simulator.report_calibration import calibration_claims, calibration_turns
from simulator.report_claims import EXACT, OF_SETS, Claim, Row
from simulator.report_metric import INTERVAL, STATED, keys_of, metric_label, quantity_at, signed, value_said
from simulator.report_sweep import sweep_claims, sweep_turns
from simulator.result_folder import ResultFolder, as_number, rows_of
from simulator.variation import value_at
from simulator.wording import listed, number

_MOST_NAMED = 3
_NOTHING = 1e-9
# A share whose interval reaches above this is worth a word on how good its sources are.
_TELLING = 0.5


def study_claims(result: ResultFolder) -> tuple[list[Claim], list[Claim]]:
    """The claims that answer a study's question, and those on what would change the answer."""
    match result.verb:
        case "sweep":
            return list(sweep_claims(result)), list(sweep_turns(result))
        case "breakeven":
            return list(_breakeven(result)), list(_breakeven_turns(result))
        case "sensitivity":
            return list(_sensitivity(result)), list(_sensitivity_turns(result))
        case "attribute":
            return list(_attribution(result)), list(_attribution_turns(result))
        case "calibrate":
            return list(calibration_claims(result)), list(calibration_turns(result))
    raise ValueError(f"no such study: {result.verb}")


# Break-even


def _breakeven(result: ResultFolder) -> Iterator[Claim]:
    reference, name = result.summary["scenarios"]
    path, where = result.summary["path"], f"{name} against {reference}"
    low, high = (value_said(path, value, result) for value in result.summary["range"])
    yield Claim("", ((path, "varied", f"{low} to {high}", "", STATED),))
    crossings = result.summary["break_even"]
    for one in crossings:
        value = value_said(path, one["value"], result)
        interval, kind = "", EXACT
        if one["low"] is not None:
            ends = [value_said(path, one[end], result) for end in ("low", "high")]
            ends[0] = f"at or below {ends[0]}" if one["at_or_below_the_range"] else ends[0]
            ends[1] = f"at or above {ends[1]}" if one["at_or_above_the_range"] else ends[1]
            interval, kind = f"{ends[0]} to {ends[1]}", INTERVAL
        around = f" ({INTERVAL} {interval})" if interval else " (exact, in closed form)"
        side = "safer" if one["safer_below"] else "no safer"
        turned = "safer" if one["safer_above"] else "no safer"
        yield Claim(
            f"{name} and {reference} break even at {path} {value}{around}: below it {name} is {side}, above it "
            f"{turned}.",
            ((f"{path} at which they break even", where, value, interval, kind),),
        )
    yield _ends_claim(result, path, where, bool(crossings))
    if not result.summary["settled"]:
        yield Claim("The search ended before the numbers were narrowed down.")


def _ends_claim(result: ResultFolder, path: str, where: str, crossed: bool) -> Claim:
    rows = list(rows_of(result, "breakeven.csv"))
    texts, table = [], []
    for row in (rows[0], rows[-1]):
        value, mean = value_said(path, float(row[path]), result), signed(float(row["difference"]))
        low, high = as_number(row["low"]), as_number(row["high"])
        interval = "" if low is None or high is None else f"{signed(low)} to {signed(high)}"
        kind = INTERVAL if interval else EXACT
        table.append((f"difference in {metric_label(result)} at {path} {value}", where, mean, interval, kind))
        texts.append(f"{mean}{f' ({INTERVAL} {interval})' if interval else ''} at {value}")
    start = "" if crossed else f"No break-even was found for {path} in the range; "
    text = f"{start}the difference in {metric_label(result)}, {where}, is {texts[0]} and {texts[1]}."
    return Claim(text[0].upper() + text[1:], tuple(table))


def _breakeven_turns(result: ResultFolder) -> Iterator[Claim]:
    path, name = result.summary["path"], result.summary["scenarios"][1]
    its, loaded = quantity_at(path, result), result.scenarios[1]
    stands = value_at(loaded, keys_of(path, result))
    if its is None or stands is None:
        yield Claim(f"{name} itself states no {path}.")
        return
    value = float(its.scalar(stands))
    said = value_words(value, its)
    row: Row = (path, name, said, "", "as the scenario says")
    crossings = [value_said(path, one["value"], result) for one in result.summary["break_even"]]
    rows = tuple((f"{path} at which they break even", name, one, "", "see above") for one in crossings)
    if crossings:
        yield Claim(f"{name} states {path} as {said}; the answer turns round at {listed(crossings)}.", (row, *rows))
    else:
        yield Claim(f"{name} states {path} as {said}; no value of it in the range turns the answer round.", (row,))


# Sensitivity


def share_words(value: float, low: float, high: float) -> tuple[str, str]:
    """A share of variance and its interval in percent, within 0 and 100 %."""
    percents = [100 * min(max(one, 0.0), 1.0) for one in (value, low, high)]
    said = [number(round(one, 1 if one < 9.95 else None)) for one in percents]
    return (f"{said[0]} %" if percents[0] >= 0.05 else "below 0.1 %"), f"{said[1]} to {said[2]} %"


def _sensitivity(result: ResultFolder) -> Iterator[Claim]:
    summary, label = result.summary, metric_label(result)
    rows = list(rows_of(result, "sensitivity.csv"))
    n, name = summary["n"], summary["scenario"]
    inputs: Row = ("uncertain inputs", name, f"{len(rows):,}", "", STATED)
    sets: Row = ("n, the size of the design", name, f"{n:,}", "", STATED)
    if summary["enough"]:
        yield _share_claim(rows, label, name, (inputs, sets))
    else:
        more: tuple[Row, ...] = ()
        hint = ""
        if summary["next_n"] is not None:
            more = (("n that may be enough", name, f"{summary['next_n']:,}", "", "from the width of the intervals"),)
            hint = f"; n = {summary['next_n']:,} may be enough"
        yield Claim(f"With n = {n:,} the shares of the {len(rows):,} uncertain inputs are not known well enough to be "
                    f"stated{hint}.", (inputs, sets, *more))  # fmt: skip
    low, middle, high = (number(summary["quantiles"][one]) for one in ("p05", "p50", "p95"))
    stands = number(summary["at_reference"])
    where = "over all stated ranges"
    yield Claim(
        f"Over all stated ranges together, expected {label} of {name}: {low} to {high} in 90 % of the "
        f"parameter sets, the median {middle}; as the scenario stands, {stands}.",
        ((f"expected {label}, median", where, middle, f"{low} to {high}", OF_SETS),
         (f"expected {label}", "as the scenario stands", stands, "", EXACT if result.is_exact else "a mean of worlds")),
    )  # fmt: skip
    weak = summary["by_grade"][0]
    if summary["enough"] and weak["p05"] is not None and weak["p05"] > _TELLING:
        share, interval = share_words(weak["share"], weak["p05"], weak["p95"])
        what = f"share of inputs of {weak['grades']} grade by themselves"
        yield Claim(f"Inputs of {weak['grades']} grade make {share} of its variance by themselves ({INTERVAL} "
                    f"{interval}).", ((what, name, share, interval, INTERVAL),))  # fmt: skip


def _share_claim(rows: Sequence[Mapping[str, str]], label: str, name: str, more: tuple[Row, ...]) -> Claim:
    """Say which input makes the largest share, or which do that their intervals do not tell apart."""
    least = max(float(row["total_p05"]) for row in rows)
    leading = [row for row in rows if float(row["total_p95"]) >= least]
    texts, table = [], []
    for row in leading[:_MOST_NAMED]:
        share, interval = share_words(*(float(row[key]) for key in ("total", "total_p05", "total_p95")))
        what = f"share of the variance of {label}, {row['input']} with its interactions"
        table.append((what, name, share, interval, INTERVAL))
        texts.append(f"{row['input']} {share} ({INTERVAL} {interval})")
    start = f"Of the {len(rows):,} uncertain inputs"
    if len(leading) == 1:
        text = f"{start}, one makes the largest share of the variance of {label} with its interactions: {texts[0]}."
    else:
        count: Row = ("inputs not told apart as the largest", name, f"{len(leading):,}", "", INTERVAL)
        table.append(count)
        text = (
            f"{start}, {len(leading):,} are not told apart as those with the largest share of the variance of {label}, "
            f"with interactions: {listed(texts)}."
        )
    return Claim(text, (*more, *table))


def _sensitivity_turns(result: ResultFolder) -> Iterator[Claim]:
    label, name = metric_label(result), result.summary["scenario"]
    known = [row for row in rows_of(result, "sensitivity.csv") if row["at_low"] and row["at_high"]]
    if not known:
        return
    row = max(known, key=lambda one: abs(float(one["at_high"]) - float(one["at_low"])))
    low, high = number(float(row["at_low"])), number(float(row["at_high"]))
    kind = EXACT if result.is_exact else "a mean of worlds"
    table: tuple[Row, ...] = tuple(
        (f"expected {label} with {row['input']} at {row[at]}", name, said, "", kind)
        for at, said in (("low", low), ("high", high))
    )
    grade = f"of {row['grade']} grade" if row["grade"] else "without a grade"
    yield Claim(
        f"By itself {row['input']} changes the answer most: {label} goes from {low} (at {row['low']}) to "
        f"{high} (at {row['high']}); it rests on {row['source'] or 'no source'}, {grade}.",
        table,
    )


# Attribution


def _attribution(result: ResultFolder) -> Iterator[Claim]:
    summary, label = result.summary, metric_label(result)
    reference, name = summary["scenarios"]
    before, after, whole = (summary[key] for key in ("before", "after", "difference"))
    kind, where = EXACT if result.is_exact else "a mean of worlds", f"{name} minus {reference}"
    # Of the whole difference only the sentence of the run keeps the interval.
    kept = re.search(r"\((90 % interval [^)]*)\)", summary["sentences"][0]) if not result.is_exact else None
    interval = kept[1] if kept else ""
    rows: list[Row] = [
        (label, reference, number(before), "", kind),
        (label, name, number(after), "", kind),
        (f"difference in {label}", where, signed(whole), interval, INTERVAL if interval else kind),
    ]
    yield Claim(
        f"Expected {label}: {number(before)} in {reference} and {number(after)} in {name}, a difference of "
        f"{signed(whole)}{f' (size: {interval})' if interval else _exactly(result)}.",
        tuple(rows),
    )
    clear = [part for part in _parts(summary) if _is_clear(part)]
    texts = [f"{change_words(part)} {signed(part['effect'])}{_of_part(part)}" for part in clear[:_MOST_NAMED]]
    table = tuple(_part_row(part, label, where) for part in _parts(summary))
    if not texts:
        yield Claim("No change by itself has an effect that its interval tells from none.", table)
        return
    left = len(clear) - len(texts)
    more: tuple[Row, ...] = (("further changes with a clear effect", name, f"{left:,}", "", kind),) if left else ()
    rest = (f"; {left:,} more have a clear effect" if left else "") + _exactly(result)
    yield Claim(f"Of this, on average over all orders of the changes: {listed(texts)}{rest}.", (*table, *more))


def _exactly(result: ResultFolder) -> str:
    return " (closed form)" if result.is_exact else ""


def _parts(summary: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return sorted(summary["parts"], key=lambda part: -abs(part["effect"]))


def _is_clear(part: Mapping[str, Any]) -> bool:
    if part["low"] is None:
        return abs(float(part["effect"])) > _NOTHING
    return bool(part["low"] > 0 or part["high"] < 0)


def change_words(part: Mapping[str, Any]) -> str:
    """Name a change by the paths of its settings."""
    return listed(part["change"])


def _of_part(part: Mapping[str, Any]) -> str:
    return "" if part["low"] is None else f" ({INTERVAL} {signed(part['low'])} to {signed(part['high'])})"


def _part_row(part: Mapping[str, Any], label: str, where: str) -> Row:
    exact = part["low"] is None
    interval = "" if exact else f"{signed(part['low'])} to {signed(part['high'])}"
    return (
        f"{label} due to {change_words(part)}",
        where,
        signed(part["effect"]),
        interval,
        EXACT if exact else INTERVAL,
    )


def _attribution_turns(result: ResultFolder) -> Iterator[Claim]:
    clear = [part for part in _parts(result.summary) if _is_clear(part)]
    if not clear:
        yield Claim("No single change would turn the answer round as far as the intervals tell.")
        return
    part, (reference, name) = clear[0], result.summary["scenarios"]
    label = metric_label(result)
    yield Claim(
        f"Most depends on {change_words(part)}: {signed(part['effect'])} of the difference in {label}{_of_part(part)}; "
        "the answer changes most if that setting is not as stated.",
        (_part_row(part, label, f"{name} minus {reference}"),),
    )
