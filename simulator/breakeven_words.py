"""What a break-even says: where two scenarios break even, with the interval, or that they do not."""

import math
from collections.abc import Callable, Iterator

from simulator.breakeven import BreakEven, Crossing, Stretch
from simulator.estimates import Estimate
from simulator.wording import number

_SIDES = {-1: "safer than", 0: "the same as", 1: "worse than"}


def sentences(
    found: BreakEven, scenario: str, reference: str, path: str, words: Callable[[float], str] = number
) -> Iterator[str]:
    """Say where two scenarios break even, or that they do not; ``words`` writes a value of the varied ``path``."""
    over = f"{path} from {words(found.range.low)} to {words(found.range.high)}"
    for one in found.crossings:
        yield _crossing_sentence(one, found, scenario, reference, path, words)
    for value in found.touches:
        yield f"At {path} {words(value)} {scenario} is no different from {reference}."
    if found.side == 0:
        yield f"{scenario} and {reference} are no different for {over}."
    elif found.side is not None:
        doubtful = found.touches or found.undecided
        start = "No change of side for" if doubtful else "No break-even for"
        where = "on average at every value" if doubtful else "over the whole range"
        first, last = (_difference_words(point.found, found) for point in (found.points[0], found.points[-1]))
        yield (
            f"{start} {over}: {scenario} is {_SIDES[found.side]} {reference} {where}; "
            f"the difference is {first} at the low end and {last} at the high end."
        )
        for stretch in found.undecided:
            yield f"A break-even cannot be excluded for {path} {_stretch_words(stretch, words)}."
    if not found.is_settled:
        yield f"The search ended after {len(found.points)} values, before the numbers were narrowed down."


def _crossing_sentence(
    one: Crossing, found: BreakEven, scenario: str, reference: str, path: str, words: Callable[[float], str]
) -> str:
    low, high = one.between
    apart = found.range.whole and words(low) != words(high)
    at = f"between {words(low)} and {words(high)}" if apart else f"at {words(one.value)}"
    doubt = ""
    if not math.isnan(one.interval.low):
        doubt = f" ({_percent(found)} interval {_stretch_words(one.interval, words)})"
    below, above = _SIDES[one.side_below], _SIDES[one.side_above]
    return (
        f"{path} breaks even {at}{doubt}: just below it, {scenario} is {below} {reference}, and just above it "
        f"{above} {reference}."
    )


def _stretch_words(stretch: Stretch, words: Callable[[float], str]) -> str:
    """Write a stretch; an end that lies outside the range is said as such."""
    low = f"at or below {words(stretch.low)}" if stretch.below_range else words(stretch.low)
    high = f"at or above {words(stretch.high)}" if stretch.above_range else words(stretch.high)
    return low if low == high else f"{low} to {high}"


def _difference_words(one: Estimate, found: BreakEven) -> str:
    if one.is_exact:
        return number(one.mean)
    return f"{number(one.mean)} ({_percent(found)} interval {number(one.low)} to {number(one.high)})"


def _percent(found: BreakEven) -> str:
    return f"{100 * found.confidence:g} %"
