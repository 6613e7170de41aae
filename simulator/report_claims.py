"""Claims: sentences with the rows of numbers they rest on, so that no number is said that no table shows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from scipy import special

from simulator.report_parts import Table
from simulator.wording import bound, number, span

Row = tuple[str, str, str, str, str]
HEADER = ("what", "where", "value", "interval", "what the interval is")
OF_WORLDS = "90 % of simulated worlds, chance alone"
OF_PAIRS = "90 % of paired worlds, chance alone"
OF_SETS = "90 % of the parameter sets, knowledge"
OF_MEAN = "90 % interval of the mean"
OF_BOUND = "95 % upper bound of the mean"
EXACT = "exact, closed form"
_CONFIDENCE = 0.90
_FURTHEST = 0.5
_NEGLIGIBLE = 1e-9


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence and the rows in which each of its numbers stands; an empty sentence has only rows to show."""

    sentence: str
    rows: tuple[Row, ...] = ()


def sentences_of(claims: Iterable[Claim]) -> tuple[str, ...]:
    """The sentences of some claims."""
    return tuple(claim.sentence for claim in claims if claim.sentence)


def numbers_of(claims: Iterable[Claim], caption: str, note: str) -> Table:
    """The table on which some claims rest: each row once, in their order."""
    rows = dict.fromkeys(row for claim in claims for row in claim.rows)
    return Table(caption, HEADER, tuple(rows), note)


def mean_interval(mean: float, error: float, worlds: int) -> tuple[float, float]:
    """The ends of the 90 % interval (Student's t) of a mean over so many worlds, two or more."""
    reach = float(special.stdtrit(worlds - 1, (1 + _CONFIDENCE) / 2)) * error
    return mean - reach, mean + reach


def is_sayable(mean: float, error: float, worlds: int) -> bool:
    """Whether a mean is known to its first digit: its interval reaches no further than half of it."""
    low, high = mean_interval(mean, error, worlds)
    return high - low <= 2 * _FURTHEST * abs(mean)


def metric_row(entry: Mapping[str, Any], where: str, worlds: int) -> Row:
    """A metric of summary.json with its interval: of worlds, an upper bound where none was seen, or exact."""
    label = entry["label"] if entry["unit"] in entry["label"] else f"{entry['label']} [{entry['unit']}]"
    if not worlds:
        return (label, where, exact_words(entry["mean"]), "", EXACT)
    if "upper_bound_95" in entry:
        return (label, where, f"fewer than {bound(entry['upper_bound_95'])}", f"none in {worlds:,} worlds", OF_BOUND)
    if entry["p05"] == entry["p95"] == entry["mean"]:
        value = number(entry["mean"]) if entry["mean"] else "none seen"
        return (label, where, value, "the same in 90 % of simulated worlds", OF_WORLDS)
    return (label, where, number(entry["mean"]), span(entry["p05"], entry["p95"]), OF_WORLDS)


def exact_words(value: float) -> str:
    """Write an exact value; what underflow has left of a closed form is not worth a claim."""
    return f"fewer than {number(_NEGLIGIBLE)}" if 0 <= value < _NEGLIGIBLE else number(value)


def fewer_or_more(difference: float) -> str:
    """Write a difference: ``18.4 fewer``, ``2 more``; ``as many`` where it is 0."""
    return "as many" if difference == 0 else f"{number(abs(difference))} {'fewer' if difference < 0 else 'more'}"


def range_of_differences(low: float, high: float) -> str:
    """Write two differences, ``low`` at most ``high``, as a range: ``9 to 28 fewer``, ``3 fewer to 5 more``."""
    if low == high == 0:
        return "as many"
    if high <= 0:
        return f"{span(-high, -low)} fewer"
    return f"{span(low, high)} more" if low >= 0 else f"{fewer_or_more(low)} to {fewer_or_more(high)}"
