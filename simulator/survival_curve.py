"""The share still working as tests show it by themselves, without a law: steps with pointwise intervals.

Where every end was seen it is the estimate of Kaplan and Meier (1958, J. Am. Statist. Assoc. 53, 457) with Greenwood's
variance; where ends lie between two looks, that of Turnbull (1976, J. R. Statist. Soc. B 38, 290) with the variance of
the observed information. Intervals are normal in log(-log) of the share, so that none leaves 0 to 1.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from simulator.clocks import Array
from simulator.life_tests import LifeTests

Places = NDArray[np.int_]

_LEAST_MASS = 1e-9
_MOST_ROUNDS = 20_000
_MOST_MASSES = 400
_OPTIMAL = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """Where the share still working falls, [m] in rising order, read-only.

    Each fall lies between ``since_days`` and ``days`` (the same where the end was seen), to ``left`` with the ends of
    its interval ``low`` and ``high``; NaN where there is none, as after the last device.
    """

    since_days: Array
    days: Array
    left: Array
    low: Array
    high: Array

    def __post_init__(self) -> None:
        for array in (self.since_days, self.days, self.left, self.low, self.high):
            array.flags.writeable = False


def survival_steps(tests: LifeTests, confidence: float) -> Steps:
    """Estimate the share still working at every age from tests, with pointwise intervals at ``confidence``."""
    if tests.exact[tests.ended].all():
        since, days, left, variance = _kaplan_meier(tests)
    else:
        since, days, left, variance = _turnbull(tests)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.exp(-special.ndtri(0.5 * (1.0 - confidence)) * np.sqrt(variance) / np.abs(np.log(left)))
        known = (left > 0) & (left < 1) & np.isfinite(spread)
        low, high = (np.where(known, left**power, np.nan) for power in (spread, 1.0 / spread))
    return Steps(since, days, left, low, high)


def _kaplan_meier(tests: LifeTests) -> tuple[Array, Array, Array, Array]:
    """Times of the falls, the share after each, and the variance of its logarithm."""
    days, place = np.unique(tests.days, return_inverse=True)
    ends, all_here = (np.bincount(place, tests.count * which, days.size) for which in (tests.ended, 1.0))
    at_risk = np.cumsum(all_here[::-1])[::-1]
    falls = ends > 0
    ends, at_risk = ends[falls], at_risk[falls]
    with np.errstate(divide="ignore"):
        variance = np.cumsum(ends / (at_risk * (at_risk - ends)))
    return days[falls], days[falls], np.asarray(np.cumprod(1.0 - ends / at_risk), dtype=float), variance


def _turnbull(tests: LifeTests) -> tuple[Array, Array, Array, Array]:
    """The same where the ends lie between two looks: falls are somewhere between two times."""
    begins = np.where(tests.ended, np.where(tests.exact, tests.days, tests.since_days), tests.days)
    opens = ~(tests.ended & tests.exact)  # such an interval begins just after
    finishes = np.where(tests.ended, tests.days, np.inf)
    since, days, first, last = _innermost(begins, opens, finishes)
    masses = _masses(first, last, tests.count, days.size)
    kept = masses > _LEAST_MASS
    left = 1.0 - np.cumsum(masses)
    variance = np.full(days.size, np.nan)
    if kept.sum() <= _MOST_MASSES:
        variance[kept] = _variances(first, last, tests.count, masses, kept)
    ending = kept & np.isfinite(days)
    left = np.clip(np.where(left < _LEAST_MASS, 0.0, left), 0.0, 1.0)
    with np.errstate(divide="ignore"):
        return since[ending], days[ending], left[ending], variance[ending] / left[ending] ** 2


def _innermost(begins: Array, opens: NDArray[np.bool_], finishes: Array) -> tuple[Array, Array, Places, Places]:
    """The intervals that can hold mass: from a beginning to the next end [m], and which of them each test covers: from
    ``first`` up to ``last`` [n].
    """
    left = np.stack((begins, opens.astype(float)))
    right = np.stack((finishes, np.zeros(finishes.size)))
    points = np.concatenate((left, right), axis=1)
    is_right = np.arange(points.shape[1]) >= begins.size
    order = np.lexsort((is_right, points[1], points[0]))
    pairs = np.flatnonzero(~is_right[order][:-1] & is_right[order][1:])
    starts, ends = points[:, order[pairs]], points[:, order[pairs + 1]]
    # Just after a time comes after the time itself.
    rank = {key: place for place, key in enumerate(sorted({*map(tuple, points.T.tolist())}))}
    at = np.array([rank[key] for key in map(tuple, starts.T.tolist())])
    till = np.array([rank[key] for key in map(tuple, ends.T.tolist())])
    first = np.searchsorted(at, [rank[key] for key in map(tuple, left.T.tolist())])
    last = np.searchsorted(till, [rank[key] for key in map(tuple, right.T.tolist())], side="right")
    return starts[0], ends[0], first, last


def _masses(first: Places, last: Places, count: Array, size: int) -> Array:
    """The masses of largest likelihood, by self-consistency (Turnbull), until no mass could gain."""
    masses = np.full(size, 1.0 / size)
    for _ in range(_MOST_ROUNDS):
        weight = count / count.sum() / _covered(masses, first, last)
        jumps = np.bincount(first, weight, size + 1) - np.bincount(last, weight, size + 1)
        gain = np.cumsum(jumps)[:size]
        masses = masses * gain
        masses /= masses.sum()
        if gain.max() < 1.0 + _OPTIMAL:
            break
    return masses


def _covered(masses: Array, first: Places, last: Places) -> Array:
    below = np.concatenate(([0.0], np.cumsum(masses)))
    return np.asarray(below[last] - below[first])


def _variances(first: Places, last: Places, count: Array, masses: Array, kept: NDArray[np.bool_]) -> Array:
    """The variance of the share left after each mass that is kept, from the observed information of all but one."""
    places = np.flatnonzero(kept)
    covers = (first[:, None] <= places) & (places < last[:, None])
    slopes = (covers[:, :-1].astype(float) - covers[:, -1:]) / (covers @ masses[places])[:, None]
    information = (slopes * count[:, None]).T @ slopes
    sums = np.tril(np.ones((places.size, places.size - 1)))
    covariance = np.linalg.pinv(information)
    return np.asarray(np.einsum("ij,jk,ik->i", sums, covariance, sums))
