"""Where to evaluate an expensive curve next, to find where it changes sides and from where on it clearly has.

A point has a mean and its interval. Three curves are followed at once on the same points: the mean, and the two ends
of its interval, which leave 0 where a side becomes clear. Every change of sign between two neighbouring points is
narrowed by inverse interpolation (Aitken and Neville) through the points around it; a place a little beyond the
interpolated one is evaluated, so that the change is closed in from both sides. A gap that is not halved every second
turn is cut in the middle: steps, kinks and flat parts cost more turns, never the answer.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from simulator.estimates import Estimate

EXACT = 1e-10  # of the range, where values are exact
FINEST = 1e-6  # of the range, where values have an interval
_OF_INTERVAL = 0.05
_MARGIN = 0.4
_MEAN = 0


@dataclass(frozen=True, slots=True)
class Range:
    """Where to look: from ``low`` to ``high``, evenly or by ratio (logarithmic), anywhere or at whole numbers.

    Raises ValueError for a range that is empty, not finite, not above 0 where it is logarithmic, or does not begin and
    end with a whole number where those are asked for.
    """

    low: float
    high: float
    logarithmic: bool = False
    whole: bool = False

    def __post_init__(self) -> None:
        """Check the range."""
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ValueError(f"needs low < high, both finite, got {self.low} to {self.high}")
        if self.logarithmic and not self.low > 0:
            raise ValueError(f"a logarithmic range begins above 0, got {self.low}")
        if self.whole and not (self.low == int(self.low) and self.high == int(self.high)):
            raise ValueError(f"needs whole numbers, got {self.low} to {self.high}")

    def place(self, x: float) -> float:
        """How far ``x`` lies along the range, 0 to 1 on its scale."""
        if self.logarithmic:
            return math.log(x / self.low) / math.log(self.high / self.low)
        return (x - self.low) / (self.high - self.low)

    def at(self, place: float) -> float:
        """The value at a place, 0 to 1, not yet rounded to a whole number."""
        if place in {0.0, 1.0}:
            return float(self.high if place else self.low)
        if self.logarithmic:
            return float(self.low * (self.high / self.low) ** place)
        return self.low + (self.high - self.low) * place

    def grid(self, size: int) -> list[float]:
        """Values evenly spread on the scale of the range, both ends included; fewer where whole ones coincide."""
        values = [self.at(index / (size - 1)) for index in range(size)]
        return sorted({round(x) for x in values} if self.whole else set(values))


@dataclass(frozen=True, slots=True)
class Point:
    """An evaluated value ``x``, its place along the range, and what was found there."""

    x: float
    place: float
    found: Estimate

    @property
    def sign(self) -> int:
        """The sign of the mean: -1, 0 or 1."""
        return int(self.found.mean > 0) - int(self.found.mean < 0)

    def level(self, side: int) -> float:
        """The end of the interval that leaves 0 last on the way to a ``side`` (-1 or 1), or the mean (0)."""
        if side == _MEAN or self.found.is_exact:
            return self.found.mean
        return self.found.low if side > 0 else self.found.high


def next_values(points: Sequence[Point], span: Range, coarse: float, turn: int) -> list[float]:
    """Values to evaluate in a turn (0, 1, ...), given the points so far in rising order; empty when all is narrow.

    ``coarse`` is the widest gap that the search began with, as a part of the range.
    """
    wanted: list[tuple[float, float]] = []
    for index, side in _changes(points):
        left, right = points[index], points[index + 1]
        tolerance = _tolerance(points, index, side, span)
        if not _is_narrow(left, right, tolerance, span):
            halved = right.place - left.place <= coarse * 2.0 ** (-turn / 2)
            place = _inside(points, index, side, tolerance) if halved else (left.place + right.place) / 2
            wanted.append((_allowed(place, left, right, span), tolerance))
    chosen: list[float] = []
    for x, tolerance in sorted(wanted):
        # The three curves may ask for nearly the same value: once is enough.
        if not chosen or span.place(x) - span.place(chosen[-1]) > tolerance / 5:
            chosen.append(x)
    return chosen


def around(points: Sequence[Point], index: int) -> tuple[int, int]:
    """Indexes of the nearest points on both sides of a gap that are clearly on a side, or else the first and last."""
    first, last = index, index + 1
    while first > 0 and points[first].found.side == 0:
        first -= 1
    while last < len(points) - 1 and points[last].found.side == 0:
        last += 1
    return first, last


def crossing(left: Point, right: Point, side: int) -> float:
    """The place between two neighbours at which a straight line between their levels is 0."""
    before, after = left.level(side), right.level(side)
    if before == after:
        return (left.place + right.place) / 2
    return left.place + (right.place - left.place) * before / (before - after)


def _changes(points: Sequence[Point]) -> Iterator[tuple[int, int]]:
    """Every gap (by the index of its left point) and side at which the mean or an end of the interval changes sign."""
    for index, (left, right) in enumerate(pairwise(points)):
        if left.sign != right.sign:
            yield index, _MEAN
        if not left.found.is_exact:
            yield from ((index, side) for side in (-1, 1) if _is_clear(left, side) != _is_clear(right, side))


def _is_clear(point: Point, side: int) -> bool:
    return point.found.side == side


def _tolerance(points: Sequence[Point], index: int, side: int, span: Range) -> float:
    """How wide a gap may stay: a part of the stretch around it in which no side is clear."""
    if span.whole and side == _MEAN:
        # Followed down to neighbours.
        return (span.place(points[index].x + 1) - points[index].place) / 2
    if points[index].found.is_exact:
        return EXACT
    first, last = around(points, index)
    return max(FINEST, _OF_INTERVAL * (points[last].place - points[first].place))


def _is_narrow(left: Point, right: Point, tolerance: float, span: Range) -> bool:
    return right.place - left.place <= tolerance or (span.whole and right.x - left.x <= 1)


def _inside(points: Sequence[Point], index: int, side: int, tolerance: float) -> float:
    """A place inside a gap that narrows it most: where the level should be 0, and a little beyond."""
    left, right = points[index], points[index + 1]
    if side == _MEAN and left.sign * right.sign == 0:
        return _beside_zero(points, index, tolerance)
    place, doubt = _interpolated(points, index, side)
    width, edge = right.place - left.place, _MARGIN * tolerance
    margin = min(max(doubt, edge), width / 2)
    beyond = place + margin if place - left.place < right.place - place else place - margin
    return min(max(beyond, left.place + edge), right.place - edge)


def _beside_zero(points: Sequence[Point], index: int, tolerance: float) -> float:
    """A place that tells whether a mean of exactly 0 stands alone, or else cuts the gap at the edge of a flat part."""
    left, right = points[index], points[index + 1]
    beyond = points[max(index - 1, 0)] if left.sign == 0 else points[min(index + 2, len(points) - 1)]
    if beyond.sign == 0 and beyond not in (left, right):
        return (left.place + right.place) / 2
    return left.place + tolerance / 2 if left.sign == 0 else right.place - tolerance / 2


def _interpolated(points: Sequence[Point], index: int, side: int) -> tuple[float, float]:
    """The place at which the inverse of the level through up to four points is 0, and how far that is in doubt."""
    left, right = points[index], points[index + 1]
    straight = crossing(left, right, side)
    for first, last in ((index - 1, index + 3), (index - 1, index + 2), (index, index + 3)):
        near = points[max(first, 0) : last]
        levels = [point.level(side) for point in near]
        steps = [after - before for before, after in pairwise(levels)]
        if len(near) < 3 or not (all(step > 0 for step in steps) or all(step < 0 for step in steps)):
            continue
        nodes = sorted(zip(levels, (point.place for point in near), strict=True), key=lambda node: abs(node[0]))
        place, before = _neville(nodes)
        if left.place < place < right.place:
            return place, abs(place - before)
    return straight, (right.place - left.place) / 8


def _neville(nodes: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Interpolate nodes (level, place) at level 0: the value of all of them, and that of all but the last."""
    row = [place for _, place in nodes]
    before = row[0]
    for order in range(1, len(nodes)):
        before = row[0]
        row = [
            (nodes[j + order][0] * row[j] - nodes[j][0] * row[j + 1]) / (nodes[j + order][0] - nodes[j][0])
            for j in range(len(row) - 1)
        ]
    return row[0], before


def _allowed(place: float, left: Point, right: Point, span: Range) -> float:
    """The value at a place, or the nearest whole one inside the gap."""
    x = span.at(place)
    return min(max(round(x), left.x + 1), right.x - 1) if span.whole else x
