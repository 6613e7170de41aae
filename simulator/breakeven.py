"""Break-even: the value of one input at which a scenario stops being safer than its reference, with an interval.

The paired difference of a metric, scenario minus reference, is a curve over the input's values. Its mean is 0 where the
two break even. The interval holds the values that a paired t test does not tell from break-even: its ends are where
mean ± t standard errors is 0, on the same draws. Where the difference is straight in the value, this is Fieller's
interval of a ratio (1954, J. R. Stat. Soc. B 16, 175).
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, pairwise

from simulator.bracketing import EXACT, FINEST, Point, Range, around, crossing, next_values
from simulator.clocks import Array
from simulator.estimates import CONFIDENCE, estimate

COARSE = 9
_MOST_POINTS = 300
_SAME_PLACE = 10.0

Differences = Callable[[Sequence[float]], list[Array]]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Values, ``low`` to ``high``, at which the interval of the mean difference does not exclude 0.

    ``below_range`` and ``above_range``: it does not end within the range, but at or below its low end, at or above its
    high one. Exact differences have no interval: both ends are NaN.
    """

    low: float
    high: float
    below_range: bool = False
    above_range: bool = False


@dataclass(frozen=True, slots=True)
class Crossing:
    """A value at which the mean difference changes its sign, and the values that cannot be told from it.

    ``side_below`` and ``side_above`` are the signs below and above it: -1 where the scenario is safer than the
    reference, 1 where it is worse, 0 where they are the same over a whole stretch. ``between`` are the evaluated values
    on both sides, neighbours where they are whole; then ``value`` lies between them, and the interval's ends are whole
    and lie on the safe side.
    """

    value: float
    between: tuple[float, float]
    interval: Stretch
    side_below: int
    side_above: int


@dataclass(frozen=True, slots=True)
class BreakEven:
    """What was found over a range: every crossing, in rising order, and all ``points`` that were evaluated.

    ``touches`` are values at which the mean is 0 without changing its sign; ``undecided`` are stretches without a
    crossing in which a break-even cannot be excluded. ``is_settled`` is false where the search was cut short.
    """

    range: Range
    confidence: float
    points: tuple[Point, ...]
    crossings: tuple[Crossing, ...]
    touches: tuple[float, ...]
    undecided: tuple[Stretch, ...]
    is_settled: bool

    @property
    def side(self) -> int | None:
        """The sign of the mean over the whole range: -1 safer, 1 worse, 0 no difference; None where it changes."""
        signs = {point.sign for point in self.points}
        if self.crossings:
            return None
        return 0 if signs == {0} else (-1 if -1 in signs else 1)


def break_even(
    differences: Differences, span: Range, *, confidence: float = CONFIDENCE, coarse: int = COARSE
) -> BreakEven:
    """Find where the mean of paired differences over a range is 0.

    ``differences(values)`` returns for each value the differences, metric of the scenario minus that of the reference,
    by replicate, shape [n] on the same draws for every value; n = 1 means exact differences, of which what is only
    rounding must be 0 already. It is first called with ``coarse`` values over the whole range, then with a few at a
    time. Two crossings between neighbours of the first call are missed. A crossing is found to 1e-10 of the range where
    differences are exact, else to a small part of its interval.

    Raises ValueError where a difference is not finite.
    """
    points = _evaluated(differences, span.grid(max(coarse, 2)), span, confidence)
    widest = max(right.place - left.place for left, right in pairwise(points))
    for turn in count():
        values = next_values(points, span, widest, turn)
        if not values or len(points) + len(values) > _MOST_POINTS:
            break
        points = sorted([*points, *_evaluated(differences, values, span, confidence)], key=lambda point: point.x)
    crossings, touches = _crossings(points, span)
    undecided = () if points[0].found.is_exact else tuple(_undecided(points, span))
    return BreakEven(span, confidence, tuple(points), tuple(crossings), tuple(touches), undecided, not values)


def _evaluated(differences: Differences, values: Sequence[float], span: Range, confidence: float) -> list[Point]:
    found = differences(values)
    return [Point(x, span.place(x), estimate(one, confidence)) for x, one in zip(values, found, strict=True)]


def _crossings(points: Sequence[Point], span: Range) -> tuple[list[Crossing], list[float]]:
    """Every change of sign, and every value at which the mean is 0 without one."""
    runs = _runs(points)
    crossings: list[Crossing] = []
    touches: list[float] = []
    skipped = False
    for place, (first, last) in enumerate(runs):
        before, after = _neighbours(points, runs, place)
        if _is_one_place(points, first, last, span) and points[first].sign == 0 and len(runs) > 1:
            middle = points[(first + last) // 2].x
            if before is None or after is None or before == after:
                touches.append(middle)
            else:
                interval = _interval(points, max(first - 1, 0), span)
                crossings.append(Crossing(middle, (middle, middle), interval, before, after))
            skipped = True
            continue
        if place > 0 and not skipped:
            crossings.append(_crossing(points, first - 1, span))
        skipped = False
    return crossings, touches


def _runs(points: Sequence[Point]) -> list[tuple[int, int]]:
    """Neighbours of the same sign, as the indexes of the first and the last."""
    starts = [0, *(index + 1 for index, (a, b) in enumerate(pairwise(points)) if a.sign != b.sign)]
    return list(zip(starts, [*(start - 1 for start in starts[1:]), len(points) - 1], strict=True))


def _neighbours(points: Sequence[Point], runs: Sequence[tuple[int, int]], place: int) -> tuple[int | None, int | None]:
    """The signs before and after a run; None at the ends of the range."""
    before = points[runs[place - 1][1]].sign if place > 0 else None
    after = points[runs[place + 1][0]].sign if place + 1 < len(runs) else None
    return before, after


def _is_one_place(points: Sequence[Point], first: int, last: int, span: Range) -> bool:
    """Whether points are so near to each other that they are one to the reader."""
    if span.whole:
        return first == last
    finest = EXACT if points[first].found.is_exact else FINEST
    return points[last].place - points[first].place <= _SAME_PLACE * finest


def _crossing(points: Sequence[Point], index: int, span: Range) -> Crossing:
    left, right = points[index], points[index + 1]
    value = span.at(crossing(left, right, 0))
    return Crossing(value, (left.x, right.x), _interval(points, index, span), left.sign, right.sign)


def _interval(points: Sequence[Point], index: int, span: Range) -> Stretch:
    """The values around a gap at which no side is clear."""
    if points[index].found.is_exact:
        return Stretch(math.nan, math.nan)
    return _stretch(points, *around(points, index), span)


def _stretch(points: Sequence[Point], first: int, last: int, span: Range) -> Stretch:
    """The values between two points at which the interval does not exclude 0, or up to the end of the range."""
    low, high = points[first].found.side, points[last].found.side
    start = span.at(crossing(points[first], points[first + 1], low)) if low else span.low
    end = span.at(crossing(points[last - 1], points[last], high)) if high else span.high
    if span.whole:
        start, end = math.floor(start), math.ceil(end)
    return Stretch(start, end, low == 0, high == 0)


def _undecided(points: Sequence[Point], span: Range) -> Iterator[Stretch]:
    """Every stretch in which no side is clear and the mean does not change its sign."""
    found = {around(points, index) for index in range(len(points) - 1)}
    for first, last in sorted(found):
        inner = points[first : last + 1]
        if any(point.found.side == 0 for point in inner) and len({point.sign for point in inner} - {0}) < 2:
            yield _stretch(points, first, last, span)
