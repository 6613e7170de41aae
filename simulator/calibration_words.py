"""What a calibration says: what the record bounds, what it cannot tell apart, and how well the rest was predicted."""

from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np

from simulator.calibration import Calibrated, Scored
from simulator.calibration_problem import DISPERSION, REPORTING
from simulator.calibration_profile import Estimate
from simulator.count_forecast import Comparison
from simulator.fields import value_words
from simulator.identifiability import Tie, unbounded
from simulator.quantities import Quantity
from simulator.units import NUMBER, PROBABILITY
from simulator.wording import counted, listed, number

TableOfText = tuple[tuple[str, ...], list[tuple[str, ...]]]
_FEW_PERIODS = 4
_MOST_ROWS = 24
_KINDS = {REPORTING: Quantity(PROBABILITY), DISPERSION: Quantity(NUMBER)}


def sentences(found: Calibrated, record_name: str) -> Iterator[str]:
    """Say what was fitted, what the record bounds and what it does not, and how well later periods were predicted."""
    yield _fitted(found, record_name)
    yield from (_estimated(one, found) for one in found.fit.estimates if one.name != DISPERSION)
    yield from map(tie_sentence, found.ties)
    yield _dispersed(found)
    yield from _predicted(found)
    yield _drawn(found)


def estimate_table(found: Calibrated) -> TableOfText:
    """A row for each number: best fit, interval, bounds, and what is to be said of its interval."""
    header = ("number", "best fit", f"{interval_name(found)}", "free between", "remark")
    rows: list[tuple[str, ...]] = []
    for one in found.fit.estimates:
        interval, allowed = range_of(one.name, one.low, one.high, found), range_of(one.name, *one.bounds, found)
        rows.append((one.name, value_of(one.name, one.value, found), interval, allowed,
                     remark(one)))  # fmt: skip
    return header, rows


def prediction_table(found: Calibrated) -> TableOfText | None:
    """A row for each predicted period: observed, the interval of the scenario, log scores; None where there is none."""
    rows = np.flatnonzero(~found.asked.used)
    if not rows.size:
        return None
    header = ("period", "observed", "predicted", "90 % interval", *(f"log score: {one.forecast.name}"
              for one in found.forecasts))  # fmt: skip
    table = []
    for row in rows[:_MOST_ROWS]:
        scores = [f"{one.log_scores[row]:.2f}" if found.scored[row] else "" for one in found.forecasts]
        low, middle, high = (found.forecasts[0].quantiles[place, row] for place in (0, 2, 4))
        table.append((period_name(found, int(row)), observed(found, int(row)), number(float(middle)),
                      f"{number(float(low))} to {number(float(high))}", *scores))  # fmt: skip
    return header, table


def interval_name(found: Calibrated) -> str:
    """What the intervals are called."""
    return f"{100 * found.fit.confidence:g} % interval"


def value_of(name: str, value: float, found: Calibrated) -> str:
    """A value of one of the fitted numbers in words."""
    kinds = _KINDS | {free.axis.name: free.number for free in found.asked.frees}
    return value_words(value, kinds[name])


def range_of(name: str, low: float, high: float, found: Calibrated) -> str:
    """A range of one of the fitted numbers in words, the unit once where it is the same."""
    first, last = value_of(name, low, found), value_of(name, high, found)
    unit = last.partition(" ")[2]
    return f"{first.removesuffix(f' {unit}') if unit else first} to {last}"


def remark(one: Estimate) -> str:
    """What is to be said of an interval, in a few words; empty where the record bounds it on both sides."""
    found = []
    if one.low_open and one.high_open:
        found.append("not bounded by the record")
    elif one.low_open or one.high_open:
        found.append(f"not bounded by the record {'below' if one.low_open else 'above'}")
    for side, names in (("lower", one.low_leans), ("upper", one.high_leans)):
        if names:
            found.append(f"{side} end held by the bounds of {listed(names)}")
    if one.at_bound and one.name != DISPERSION:
        found.append(f"best fit at its {'lower' if one.at_bound == 'low' else 'upper'} bound")
    return "; ".join(found)


def tie_sentence(tie: Tie) -> str:
    """Say what the record cannot tell apart, and in which direction."""
    if tie.weak:
        direction = "a higher one goes with a higher other" if tie.together else "a higher one goes with a lower other"
        return f"The record tells {tie.names[0]} from {tie.names[1]} only weakly: {direction}."
    if tie.together is None:
        return f"The record cannot tell {listed(tie.names)} apart: changes of one are made up for by the others."
    other = "higher" if tie.together else "lower"
    return (
        f"The record cannot tell {tie.names[0]} from {tie.names[1]}: a higher {tie.names[0]} with a {other} "
        f"{tie.names[1]} fits as well."
    )


def period_name(found: Calibrated, row: int) -> str:
    """Name a period as people do: 2003, 2003-07, or by its first and last day."""
    return _period(found.asked.record.starts[row], found.asked.record.ends[row])


def observed(found: Calibrated, row: int) -> str:
    """What was counted in a period; "at most" where that is all that is known."""
    record = found.asked.record
    return f"{'at most ' if record.at_most[row] else ''}{record.casualties[row]:,.0f}"


def coverage(found: Calibrated) -> tuple[int, int, int]:
    """How many predicted periods lie in the 50 % and in the 90 % interval, and of how many."""
    counts, rows = found.asked.record.casualties[found.scored], found.forecasts[0].quantiles[:, found.scored]
    half, most = (int(((rows[low] <= counts) & (counts <= rows[high])).sum()) for low, high in ((1, 3), (0, 4)))
    return half, most, counts.size


def comparison_sentence(one: Comparison) -> str:
    """Say whether the scenario predicted better than a naive forecast, as far as the interval bears it."""
    amount = number(abs(one.difference))
    side = "better" if one.difference > 0 else "worse"
    if one.periods < _FEW_PERIODS:
        return (
            f"Against the {one.other}, the mean log score is {amount} {side} over "
            f"{counted(one.periods, 'period')}: too few to tell."
        )
    interval = f"90 % interval {signed(one.low)} to {signed(one.high)} over {one.periods} periods"
    if one.low > 0 or one.high < 0:
        return (
            f"The scenario predicted {side} than the {one.other}: the mean log score is {amount} {side} ({interval})."
        )
    difference = f"{signed(one.difference)} in the mean log score ({interval})"
    return f"Whether the scenario predicted better than the {one.other} is not settled: {difference}."


def signed(value: float) -> str:
    """A difference with its sign."""
    return f"{'+' if value > 0 else '-' if value < 0 else ''}{number(abs(value))}"


def score_of(one: Scored) -> float:
    """The mean log score of a forecast over the periods that could be scored."""
    return float(np.nanmean(one.log_scores))


def _fitted(found: Calibrated, record_name: str) -> str:
    record, used = found.asked.record, found.asked.used
    rows, counts = np.flatnonzero(used), record.casualties[used & ~record.at_most]
    bounds = int((used & record.at_most).sum())
    also = f" and {counted(bounds, 'upper bound')}" if bounds else ""
    later = int((~used).sum())
    left = f"; {counted(later, 'later period')} {'was' if later == 1 else 'were'} left to predict" if later else ""
    low, high = found.asked.reporting
    share = (
        "all of them taken as reported" if low == high == 1 else
        f"{100 * low:.3g} % of them taken as reported" if low == high else
        f"{100 * low:.3g} to {100 * high:.3g} % of them taken as reported"
    )  # fmt: skip
    when = _days(record.starts[rows[0]], record.ends[rows[-1]])
    return (
        f"Fitted to {counted(rows.size, 'period')} of {record_name}, {when}: "
        f"{counts.sum():,.0f} casualties{also}, {share}{left}."
    )


def _estimated(one: Estimate, found: Calibrated) -> str:
    low, high = (value_of(one.name, end, found) for end in (one.low, one.high))
    if not unbounded(one):
        best = value_of(one.name, one.value, found)
        interval = range_of(one.name, one.low, one.high, found)
        tied = {name for tie in found.ties if not tie.weak and one.name in tie.names for name in tie.names} - {one.name}
        if tied:
            return (
                f"Only with {listed(sorted(tied))} within the stated bounds does the record bound {one.name}: "
                f"{best} fits best ({interval_name(found)} {interval})."
            )
        return f"The record bounds {one.name}: {best} fits best ({interval_name(found)} {interval})."
    ends = (("below", one.low_open, one.low_leans), ("above", one.high_open, one.high_leans))
    sides = [side for side, is_open, leans in ends if is_open or leans]
    held = sorted({*one.low_leans, *one.high_leans})
    by = f" (as far as the bounds of {listed(held)} let it)" if held else ""
    if len(sides) == 2:
        return f"The record does not bound {one.name}: all of {range_of(one.name, one.low, one.high, found)} fits{by}."
    known = f"at least {low}" if sides == ["above"] else f"at most {high}"
    return f"The record does not bound {one.name} {sides[0]}{by}; it is {known} ({interval_name(found)})."


def _dispersed(found: Calibrated) -> str:
    one = next(one for one in found.fit.estimates if one.name == DISPERSION)
    low, high = (100 * float(np.sqrt(end)) for end in (one.low, one.high))
    if low > 0:
        return (
            "Counts vary around the curve more than by chance: rates are off it by "
            f"{number(100 * float(np.sqrt(one.value)))} % in a typical period "
            f"({interval_name(found)} {number(low)} to {number(high)} %)."
        )
    return (
        "Chance alone may make counts vary around the curve as they do; rates are off it by at most "
        f"{number(high)} % in a typical period ({interval_name(found)})."
    )


def _predicted(found: Calibrated) -> Iterator[str]:
    half, most, size = coverage(found)
    if not size:
        return
    yield (
        f"Of {counted(size, 'predicted period')}, {most} {'lies' if most == 1 else 'lie'} within the 90 % interval and "
        f"{half} within the 50 % interval."
    )
    yield from map(comparison_sentence, found.comparisons)


def _drawn(found: Calibrated) -> str:
    drawn = found.posterior
    if drawn.converged:
        return (
            f"{counted(found.asked.draws, 'draw')} of what fits stand in calibrated.yaml, together as they belong; "
            "'compare --uncertain' uses them."
        )
    return (
        f"The draws have NOT converged and are not to be relied on (R-hat {drawn.r_hat:.3f}, "
        f"{drawn.effective:,.0f} effective draws, weights worth {100 * drawn.weights_worth:.0f} %): "
        "narrow the bounds or free fewer numbers."
    )


def _period(start: date, end: date) -> str:
    if (start.month, start.day, end) == (1, 1, date(start.year + 1, 1, 1)):
        return f"{start.year}"
    following = date(start.year + start.month // 12, start.month % 12 + 1, 1)
    if start.day == 1 and end == following:
        return f"{start:%Y-%m}"
    return _days(start, end)


def _days(start: date, end: date) -> str:
    return f"{start} to {end - timedelta(days=1)}"
