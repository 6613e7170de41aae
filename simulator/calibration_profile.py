"""Profile likelihood intervals: for each number, where the best likelihood with it held falls too far.

The interval of a number holds the values that a likelihood-ratio test at the stated confidence does not reject. One
without an end says that the number is not identifiable (Raue and others 2009, Bioinformatics 25, 1923).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy import optimize, special

from simulator.calibration_fit import PRIOR_PRECISION, Peak, Slopes, adjusted, climbed, maximum, slopes_at
from simulator.calibration_problem import Calibration, dispersion_at, share_axis, value_at
from simulator.clocks import Array

_BETTER = 1e-3
_MOST_ROUNDS = 3
_AT_BOUND = 1e-6
_RISING = 0.3  # nat over the whole of a range
_WIDTH = 2e-3


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """What a record says of one number: the value that fits best, and its profile interval ``low`` to ``high``.

    ``low_open`` and ``high_open``: the interval reaches the bound of that side, so that the record does not bound the
    number there. ``low_leans`` and ``high_leans`` name other numbers that stand at a bound of theirs where the interval
    ends. ``trace`` holds the values [K] at which the profile was computed, ``drop`` [K] how far it is below the top.
    """

    name: str
    value: float
    low: float
    high: float
    bounds: tuple[float, float]
    logarithmic: bool
    low_open: bool
    high_open: bool
    low_leans: tuple[str, ...]
    high_leans: tuple[str, ...]
    trace: Array
    drop: Array

    @property
    def at_bound(self) -> str:
        """The bound at which the estimate itself stands: low, high, or none."""
        low, high = self.bounds
        near = _AT_BOUND * (high - low)
        return "low" if self.value <= low + near else "high" if self.value >= high - near else ""


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """The maximum of a likelihood: its point [D], its height, an estimate for each coordinate, how the rows change
    there, and the points ``visited`` [V, D] along the profiles.
    """

    problem: Calibration
    point: Array
    height: float
    confidence: float
    estimates: tuple[Estimate, ...]
    slopes: Slopes
    visited: Array


@dataclass(frozen=True, slots=True, eq=False)
class _End:
    """One end of a profile: its coordinate, whether that is a bound, the point there, and the peaks on the way."""

    at: float
    is_open: bool
    point: Array
    seen: Mapping[float, Peak]


class _HigherError(Exception):
    """A profile has climbed above what was taken for the maximum."""

    def __init__(self, peak: Peak) -> None:
        super().__init__()
        self.peak = peak


def fitted(problem: Calibration, start: Array, seed: int, confidence: float = 0.9) -> Fit:
    """Fit a record from a point [D] on, with profile intervals for every coordinate."""
    peak = maximum(problem, start, seed)
    problem = adjusted(problem, peak)
    peak = climbed(problem, peak.point)
    for _ in range(_MOST_ROUNDS):
        try:
            return _profiled(problem, peak, confidence, _BETTER)
        except _HigherError as found:
            peak = climbed(problem, found.peak.point)
    return _profiled(problem, peak, confidence, np.inf)


def allowed_drop(problem: Calibration, confidence: float) -> float:
    """How far the log-likelihood may fall within an interval: by half the square of Student's t, as in regression, for
    the dispersion is estimated too; by half the quantile of chi squared where counts are Poisson's.
    """
    if not problem.spread:
        return 0.5 * float(special.chdtri(1, 1.0 - confidence))
    left = max(int(problem.used.sum()) - problem.curve, 1)
    return 0.5 * float(special.stdtrit(left, 0.5 * (1.0 + confidence))) ** 2


def _profiled(problem: Calibration, peak: Peak, confidence: float, better: float) -> Fit:
    curve = problem.curve
    dispersion = float(peak.point[-1]) if problem.spread else 0.0
    slopes = slopes_at(problem, peak.point[:curve], dispersion)
    drop = allowed_drop(problem, confidence)
    widths = np.sqrt(np.diagonal(np.linalg.inv(slopes.information + PRIOR_PRECISION * np.eye(curve))))
    estimates = []
    visited = [peak.point]
    for place, name in enumerate(problem.names):
        width = float(widths[place]) if place < curve else 0.1
        ends = [_end(problem, peak, place, sign, sign * 1.6 * width, drop, better) for sign in (-1.0, 1.0)]
        estimates.append(_estimate(problem, peak, place, name, ends))
        visited += [one.point for end in ends for one in end.seen.values()]
    return Fit(problem, peak.point, peak.height, confidence, tuple(estimates), slopes, np.array(visited))


def _end(problem: Calibration, peak: Peak, place: int, sign: float, step: float, drop: float, better: float) -> _End:
    """Follow the profile of one coordinate to one side, until it has fallen by ``drop`` or its bound is reached."""
    top, bound = float(peak.point[place]), 0.0 if sign < 0 else 1.0
    seen = {top: peak}

    def fallen(at: float) -> float:
        """How far the profile has fallen on the scale of a normal deviate, less what is allowed; even in ``at``."""
        if at not in seen:
            nearest = seen[min(seen, key=lambda one: abs(one - at))]
            start = nearest.point.copy()
            start[place] = at
            seen[at] = climbed(problem, start, held=place)
            if seen[at].height > peak.height + better:
                raise _HigherError(seen[at])
        return float(np.sqrt(2.0 * max(peak.height - seen[at].height, 0.0)) - np.sqrt(2.0 * drop))

    near = top
    while near != bound:
        far = bound if abs(bound - near) <= 1.3 * abs(step) else near + step
        if fallen(far) >= 0.0:
            root = optimize.brentq(fallen, near, far, xtol=_WIDTH * abs(far - near) + 1e-9, rtol=1e-9, maxiter=30)
            point = seen[min(seen, key=lambda one: abs(one - root))].point
            return _End(float(root), False, point, seen)
        near, step = far, 1.8 * step
    return _End(bound, True, seen[near].point, seen)


def _estimate(problem: Calibration, peak: Peak, place: int, name: str, ends: list[_End]) -> Estimate:
    low, high = ends
    trace = {at: peak.height - one.height for seen in (low.seen, high.seen) for at, one in seen.items()}
    at = np.array(sorted(trace))
    bounds = _values(problem, place, np.array([0.0, 1.0]))
    values = _values(problem, place, np.array([peak.point[place], low.at, high.at]))
    estimate = Estimate(
        name,
        float(values[0]),
        float(values[1]),
        float(values[2]),
        (float(bounds[0]), float(bounds[1])),
        place < len(problem.axes) and problem.axes[place].logarithmic,
        low.is_open,
        high.is_open,
        _leaning(problem, peak, place, low),
        _leaning(problem, peak, place, high),
        _values(problem, place, at),
        np.maximum(np.array([trace[u] for u in at]), 0.0),
    )
    # No more spread than by chance is a finding, not a bound.
    return replace(estimate, low_open=False) if problem.spread and place == problem.curve else estimate


def _leaning(problem: Calibration, peak: Peak, place: int, end: _End) -> tuple[str, ...]:
    """The other free numbers that a bound of theirs holds where an interval ends, but does not at the maximum."""
    if end.is_open:
        return ()
    held = _held(problem, end.point) - _held(problem, peak.point)
    return tuple(problem.names[other] for other in sorted(held - {place}))


def _held(problem: Calibration, point: Array) -> set[int]:
    """The coordinates at a bound beyond which the likelihood would go on rising, and not only stay as it is."""
    curve = problem.curve
    slopes = slopes_at(problem, point[:curve], float(point[-1]) if problem.spread else 0.0)
    gradient = slopes.jacobian.T @ slopes.score
    low, high = point[:curve] <= _AT_BOUND, point[:curve] >= 1.0 - _AT_BOUND
    return set(np.flatnonzero((low & (gradient < -_RISING)) | (high & (gradient > _RISING))).tolist())


def _values(problem: Calibration, place: int, at: Array) -> Array:
    if place < len(problem.axes):
        return value_at(problem.axes[place], at)
    if problem.shares and place == len(problem.axes):
        return value_at(share_axis(problem), at)
    return dispersion_at(problem, at)
