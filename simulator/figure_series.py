"""The numbers behind the figures: means, bands, and the least that can be told from none."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.clocks import Array
from simulator.ensemble import ALL, curve, least_error, samples
from simulator.experiment import Outcome, ScenarioOutcome
from simulator.statistics import band, paired, zero_events_bound
from simulator.units import DAYS_PER_YEAR

TREATY_DAYS = (30.0, 120.0)
LEAST_SAID = 1e-3
_MOST_POINTS = 500
# Standard errors within which the mean of a conditional estimate may as well be none.
_DOUBT = 2.0
_ROUNDING = 1e-11


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """A quantity of all mines of a scenario, or its difference to the reference, over time; arrays have shape [T].

    ``p05`` and ``p95`` are None in closed form. ``seen``: a played world showed some, or the mean is clearly not none.
    ``least``: the smallest mean that can be told from none; where none was seen, the upper bound (95 % confidence).
    """

    mean: Array
    p05: Array | None
    p95: Array | None
    seen: NDArray[np.bool_]
    least: Array


@dataclass(frozen=True, slots=True)
class Moment:
    """The grid time a sentence speaks of: its place among the times, its day, and the day from which it is counted."""

    index: int
    day: float
    counted_from: float


def series(part: ScenarioOutcome, quantity: str, *more: str) -> Series:
    """Sum one or more quantities of a scenario, named as in ``simulator.ensemble.QUANTITIES``.

    A simulated scenario needs two replicates or more.
    """
    names = (quantity, *more)
    if part.ensemble is None:
        curves, land = part.closed_form.curves, part.closed_form.land
        mean = np.sum([curve(part.world, curves, land, ALL, name) for name in names], axis=0)
        return Series(mean, None, None, mean > 0, np.full(mean.shape, LEAST_SAID))
    estimate, played = np.sum([samples(part.ensemble, ALL, name) for name in names], axis=0)
    error = np.max(
        [least_error(part.world, part.spreads, ALL, name, part.ensemble.replicates) + 0 * played[0] for name in names],
        axis=0,
    )
    found = band(estimate, played, error)
    return _told((found.mean, found.standard_error, found.p05, found.p95), played, _worth(part, quantity))


def difference(reference: ScenarioOutcome, part: ScenarioOutcome, quantity: str) -> Series:
    """Subtract a quantity of the reference from that of a scenario, in the same simulated worlds."""
    if reference.ensemble is None or part.ensemble is None:
        mean = series(part, quantity).mean - series(reference, quantity).mean
        return Series(mean, None, None, mean != 0, np.full(mean.shape, LEAST_SAID))
    before, after = samples(reference.ensemble, ALL, quantity), samples(part.ensemble, ALL, quantity)
    found = paired(before, after)
    worth = max(_worth(reference, quantity), _worth(part, quantity))
    mines = sum(kind.count for kind in (*reference.world.kinds, *part.world.kinds))
    curves = (found.difference, np.maximum(found.standard_error, _ROUNDING * mines), found.p05, found.p95)
    return _told(curves, after[1] - before[1], worth)


def laid(part: ScenarioOutcome) -> Array:
    """Return the mean number of mines laid by each time, shape [T]."""
    if part.ensemble is None:
        return np.asarray(part.closed_form.curves.laid.sum(axis=0))
    return np.asarray(part.ensemble.estimate.laid.sum(axis=1).mean(axis=0))


def last_laying(outcome: Outcome) -> float:
    """Return the day on which the last mine of all scenarios is laid, 0 if all lay there before the start."""
    days = (kind.laid_to for part in outcome.scenarios for kind in part.world.kinds if kind.count)
    return max(0.0, *days, 0.0)


def treaty_dates_apply(outcome: Outcome) -> bool:
    """Tell whether the treaty's dates can be marked: they count from a laying that the time axis shows."""
    return all(kind.laid_from >= 0 for part in outcome.scenarios for kind in part.world.kinds if kind.count)


def key_moment(outcome: Outcome) -> Moment:
    """Choose the grid time nearest to 120 days after the last laying, to 30 in a short horizon, or else its end."""
    times, start = outcome.scenarios[0].world.times, last_laying(outcome)
    for days in reversed(TREATY_DAYS):
        if start + days <= times[-1]:
            index = int(np.argmin(np.abs(times - (start + days))))
            return Moment(index, float(times[index]), start)
    return last_moment(outcome)


def last_moment(outcome: Outcome) -> Moment:
    """Return the end of the horizon, counted from the start."""
    times = outcome.scenarios[0].world.times
    return Moment(times.size - 1, float(times[-1]), 0.0)


def thinned(times: Array) -> NDArray[np.intp]:
    """Choose at most 500 of the times [T]: the first 250, where the grid is dense, and an even choice of the rest."""
    if times.size <= _MOST_POINTS:
        return np.arange(times.size)
    half = _MOST_POINTS // 2
    rest = np.linspace(half, times.size - 1, half).round().astype(np.intp)
    return np.concatenate((np.arange(half), rest))


def unseen_from(one: Series) -> int | None:
    """Find the first time from which on none was seen, once there had been some; None where some are left."""
    if one.p05 is None or one.seen[-1] or not one.seen.any():
        return None
    return int(np.flatnonzero(one.seen)[-1]) + 1


def _told(curves: tuple[Array, Array, Array, Array], played: Array, worth: float) -> Series:
    """Make a series of mean, standard error and percentiles [T], played worlds [n, T] and what a single event adds."""
    mean, error, p05, p95 = curves
    seen = (played != 0).any(axis=0) | (np.abs(mean) > _DOUBT * error)
    upper = max(zero_events_bound(played.shape[0]) * worth, LEAST_SAID)
    return Series(mean, p05, p95, seen, np.where(seen, LEAST_SAID, upper))


def _worth(part: ScenarioOutcome, quantity: str) -> float:
    """Return the most that one mine or one accident adds to a quantity."""
    exposure, consequences = part.world.exposure, part.world.consequences
    if quantity == "casualties":
        return consequences.casualties_per_accident
    if quantity == "accidents_per_year":
        return float(np.max(exposure.activity) * exposure.clock.paces.max()) * DAYS_PER_YEAR
    return 1.0
