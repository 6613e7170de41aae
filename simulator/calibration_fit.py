"""The maximum of a record's likelihood, by Fisher scoring within the bounds, from several starts.

Mean and dispersion of the negative-binomial law are orthogonal, so that the best dispersion is sought anew at every
step on the means (Lawless 1987, Canadian Journal of Statistics 15, 209); steps are damped as Levenberg and Marquardt do
it, so that what the record does not tell stays where it began.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simulator.calibration_problem import (
    Calibration,
    dispersion_at,
    reported_log_means,
    rows_at,
    share_axis,
    value_at,
)
from simulator.clocks import Array

Flags = NDArray[np.bool_]
PRIOR_PRECISION = 12.0  # of an even distribution over a coordinate
_STEP, _ROW_STEP = 1e-4, 1e-3
_ENOUGH = 1e-8
_LEAST_DAMPING, _MOST_DAMPING = 1e-6, 1e8
_MOST_STEPS = 60
_STARTS_PER_AXIS, _MOST_CLIMBS = 12, 3
_GRIDS = (65, 33, 33)


@dataclass(frozen=True, slots=True, eq=False)
class Peak:
    """A point [D] at which the log-likelihood is highest nearby, and that height."""

    point: Array
    height: float


@dataclass(frozen=True, slots=True, eq=False)
class Slopes:
    """How the used rows change at a point: ``jacobian`` [n, C] of their log-means by the coordinates of the curve
    (free numbers and reporting share), ``score`` [n] and ``weight`` [n] of the likelihood by each log-mean.
    """

    jacobian: Array
    score: Array
    weight: Array

    @property
    def information(self) -> Array:
        """The Fisher information [C, C] on the coordinates of the curve."""
        return np.asarray(self.jacobian.T @ (self.weight[:, None] * self.jacobian))


def maximum(problem: Calibration, start: Array, seed: int) -> Peak:
    """The highest of the peaks that are reached from ``start`` [D] and from the best of some points drawn with the
    seed.
    """
    curve = problem.curve
    rng = np.random.default_rng([seed, 19_20_01_18_20])  # "start" in letters of the alphabet
    count = _STARTS_PER_AXIS * max(curve, 1)
    strata = np.column_stack([rng.permutation(count) for _ in range(curve)]) if curve else np.empty((1, 0))
    points = (strata + rng.random(strata.shape)) / count
    tried = sorted((_concentrated(problem, point, None)[1], place) for place, point in enumerate(points))
    starts = [start[:curve], *(points[place] for _, place in tried[:-_MOST_CLIMBS:-1])]
    peaks = [climbed(problem, np.append(one, np.zeros(int(problem.spread)))) for one in starts]
    # Of equal heights the one nearest to the scenario as it stands: a ridge has no other best point.
    top = max(peak.height for peak in peaks)
    return next(peak for peak in peaks if peak.height >= top - 1e-3)


def climbed(problem: Calibration, start: Array, held: int | None = None) -> Peak:
    """The peak reached from a point [D], with one coordinate held where it is, if any.

    The dispersion of the start counts only where it is held.
    """
    curve = problem.curve
    fixed = float(start[-1]) if problem.spread and held == curve else None
    here = np.array(start[:curve])
    dispersion, height = _concentrated(problem, here, fixed)
    movable = np.array([place != held for place in range(curve)], dtype=bool)
    damping = 1e-3
    slopes: Slopes | None = None
    for _ in range(_MOST_STEPS if movable.any() else 0):
        if slopes is None:
            slopes = slopes_at(problem, here, dispersion, movable)
        step = _step(slopes, here, movable, damping)
        gradient = slopes.jacobian.T @ slopes.score
        if not float(gradient @ step) > _ENOUGH:
            break
        there = np.clip(here + step, 0.0, 1.0)
        its, reached = _concentrated(problem, there, fixed)
        if reached > height:
            gained = reached - height
            here, dispersion, height, slopes = there, its, reached, None
            damping = max(0.1 * damping, _LEAST_DAMPING)
            if gained < _ENOUGH:
                break
        else:
            damping *= 10.0
            if damping > _MOST_DAMPING:
                break
    return Peak(np.append(here, [dispersion] if problem.spread else []), height)


def slopes_at(problem: Calibration, curve: Array, dispersion: float, movable: Flags | None = None) -> Slopes:
    """How rows change at curve coordinates [C] and a coordinate of the dispersion; columns of those that do not move
    are 0.
    """
    base = reported_log_means(problem, curve)
    used = problem.used
    jacobian = np.zeros((int(used.sum()), curve.size))
    for place in range(curve.size):
        if movable is None or movable[place]:
            jacobian[:, place] = _slope(problem, curve, place, base)[used]
    a = float(dispersion_at(problem, dispersion)) if problem.spread else 0.0
    before, at, after = (rows_at(problem, base + shift, a) for shift in (-_ROW_STEP, 0.0, _ROW_STEP))
    means = np.exp(np.clip(base[used], -50.0, 50.0))
    curvature = (2.0 * at - before - after) / _ROW_STEP**2
    weight = np.where(problem.at_most[used], np.maximum(curvature, 0.0), means / (1.0 + a * means))
    return Slopes(jacobian, (after - before) / (2.0 * _ROW_STEP), weight)


def _slope(problem: Calibration, curve: Array, place: int, base: Array) -> Array:
    """The change of the log-means [n] with one coordinate; exact where they are proportional to its number."""
    free = len(problem.axes)
    if place == free or (problem.proportional and problem.proportional[place]):
        axis = share_axis(problem) if place == free else problem.axes[place]
        if axis.logarithmic:
            return np.full(base.shape, float(np.log(axis.high / axis.low)))
        return np.full(base.shape, (axis.high - axis.low) / max(float(value_at(axis, curve[place])), 1e-300))
    shift = -_STEP if curve[place] > 0.5 else _STEP
    moved = curve.copy()
    moved[place] += shift
    return np.asarray((reported_log_means(problem, moved) - base) / shift)


def _step(slopes: Slopes, here: Array, movable: Flags, damping: float) -> Array:
    """A damped step of Fisher scoring; what would leave its bounds stays."""
    gradient, information = slopes.jacobian.T @ slopes.score, slopes.information
    outward = ((here <= 0.0) & (gradient < 0)) | ((here >= 1.0) & (gradient > 0))
    moving = movable & ~outward
    step = np.zeros(here.size)
    if not moving.any():
        return step
    inner = information[np.ix_(moving, moving)]
    scale = max(float(np.diagonal(inner).max()), 1e-12)
    step[moving] = np.linalg.solve(inner + damping * scale * np.eye(int(moving.sum())), gradient[moving])
    # A step across all of a range says only the direction.
    return step * min(1.0, 0.5 / max(float(np.abs(step).max()), 1e-300))


def adjusted(problem: Calibration, peak: Peak) -> Calibration:
    """The problem with its likelihood adjusted for the numbers fitted beside the dispersion (Cox and Reid 1987, Journal
    of the Royal Statistical Society B 49, 1): without that, the fewer the periods the less they seem to vary.

    It is half the log-determinant of the information on the curve at the maximum, as a function of the dispersion.
    """
    if not problem.spread or not problem.curve:
        return problem
    slopes = slopes_at(problem, peak.point[: problem.curve], float(peak.point[-1]))
    means = np.exp(reported_log_means(problem, peak.point)[problem.used])
    # What an even distribution over each coordinate knows keeps it finite where the record says nothing.
    prior = PRIOR_PRECISION * np.eye(problem.curve)

    def adjustment(dispersions: Array) -> Array:
        weights = means / (1.0 + dispersions[:, None] * means)
        information = np.einsum("nc,gn,nd->gcd", slopes.jacobian, weights, slopes.jacobian)
        return np.asarray(-0.5 * np.linalg.slogdet(information + prior)[1])

    return replace(problem, adjustment=adjustment)


def _added(problem: Calibration, dispersions: Array) -> Array:
    return np.zeros(dispersions.size) if problem.adjustment is None else problem.adjustment(dispersions)


def _concentrated(problem: Calibration, curve: Array, fixed: float | None) -> tuple[float, float]:
    """The best dispersion's coordinate, or the fixed one, and the height there."""
    log_means = reported_log_means(problem, curve)
    if not problem.spread:
        return 0.0, float(rows_at(problem, log_means, 0.0).sum())
    if fixed is not None:
        a = dispersion_at(problem, np.array([fixed]))
        return fixed, float(rows_at(problem, log_means, a[:, None]).sum() + _added(problem, a)[0])
    low, high = 0.0, 1.0
    best = (0.0, -np.inf)
    for size in _GRIDS:
        grid = np.linspace(low, high, size)
        a = dispersion_at(problem, grid)
        heights = rows_at(problem, log_means, a[:, None]).sum(axis=-1) + _added(problem, a)
        place = int(np.argmax(heights))
        best = max(best, (float(grid[place]), float(heights[place])), key=lambda pair: pair[1])
        low, high = float(grid[max(place - 1, 0)]), float(grid[min(place + 1, size - 1)])
    return best
