"""The numbers behind the figures: means, bands, and the least that can be told from none."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.clocks import Array
from simulator.ensemble import ALL, curve, samples
from simulator.experiment import Outcome, ScenarioOutcome
from simulator.statistics import band, paired, zero_events_bound
from simulator.units import DAYS_PER_YEAR

TREATY_DAYS = (30.0, 120.0)
_LEAST = 1e-3
_MOST_POINTS = 500


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """A quantity of all mines of a scenario, or its difference to the reference, over time; arrays have shape [T].

    ``p05`` and ``p95`` are None in closed form. ``seen``: whether any played world showed some. ``least``: the smallest size
    of a mean that can be told from none; where none was seen, the upper bound.
    """

    mean: Array
    p05: Array | None
    p95: Array | None
    seen: NDArray[np.bool_]
    least: Array


@dataclass(frozen=True, slots=True)
class Moment:
    """The grid time a sentence speaks of: its place in the times, its day, and the days that mines were laid by then."""

    index: int
    day: float
    laid_by: float


def series(part: ScenarioOutcome, quantity: str, *more: str) -> Series:
    """A quantity of a scenario, one of ``simulator.ensemble.QUANTITIES``, or the sum of some; of two replicates or more."""
    if part.ensemble is None:
        mean = sum(
            curve(part.world, part.expected.curves, part.expected.denied_km2, ALL, name) for name in (quantity, *more)
        )
        return Series(mean, None, None, mean > 0, np.full(mean.shape, _LEAST))
    every = [samples(part.ensemble, ALL, name) for name in (quantity, *more)]
    estimate, played = sum(one[0] for one in every), sum(one[1] for one in every)
    found = band(estimate, played)
    return _told(found.mean, found.p05, found.p95, played, _worth(part, quantity))


def difference(reference: ScenarioOutcome, part: ScenarioOutcome, quantity: str) -> Series:
    """A quantity of a scenario minus that of the reference, in the same simulated worlds."""
    if reference.ensemble is None or part.ensemble is None:
        mean = series(part, quantity).mean - series(reference, quantity).mean
        return Series(mean, None, None, mean != 0, np.full(mean.shape, _LEAST))
    before, after = samples(reference.ensemble, ALL, quantity), samples(part.ensemble, ALL, quantity)
    found = paired(before, after)
    worth = max(_worth(reference, quantity), _worth(part, quantity))
    return _told(found.difference, found.p05, found.p95, after[1] - before[1], worth)


def laid(part: ScenarioOutcome) -> Array:
    """Mean number of mines laid by each time, shape [T]."""
    if part.ensemble is None:
        return np.asarray(part.expected.curves.laid.sum(axis=0))
    return np.asarray(part.ensemble.estimate.laid.sum(axis=1).mean(axis=0))


def last_laying(outcome: Outcome) -> float:
    """The day on which the last mine of all scenarios is laid; the treaty's dates count from there."""
    return max((kind.laid_to for part in outcome.scenarios for kind in part.world.kinds if kind.count), default=0.0)


def key_moment(outcome: Outcome) -> Moment:
    """120 days after the last laying, or 30 where the horizon is too short, or else its end."""
    times, start = outcome.scenarios[0].world.times, last_laying(outcome)
    for days in reversed(TREATY_DAYS):
        if start + days <= times[-1]:
            index = int(np.searchsorted(times, start + days - 1e-9))
            return Moment(index, float(times[index]), start)
    return last_moment(outcome)


def last_moment(outcome: Outcome) -> Moment:
    """The end of the horizon."""
    times = outcome.scenarios[0].world.times
    return Moment(times.size - 1, float(times[-1]), 0.0)


def thinned(times: Array) -> NDArray[np.intp]:
    """Indices of at most 500 of the times [T]: the first 250, where the grid is dense, and an even choice of the rest."""
    if times.size <= _MOST_POINTS:
        return np.arange(times.size)
    half = _MOST_POINTS // 2
    rest = np.linspace(half, times.size - 1, half).round().astype(np.intp)
    return np.concatenate((np.arange(half), rest))


def _told(mean: Array, p05: Array, p95: Array, played: Array, worth: float) -> Series:
    seen = (played != 0).any(axis=0)
    upper = max(zero_events_bound(played.shape[0]) * worth, _LEAST)
    return Series(mean, p05, p95, seen, np.where(seen, _LEAST, upper))


def _worth(part: ScenarioOutcome, quantity: str) -> float:
    """The most that one mine or one accident adds to a quantity."""
    exposure, consequences = part.world.exposure, part.world.consequences
    if quantity == "casualties":
        return consequences.casualties_per_accident
    if quantity == "accidents_per_year":
        return float(np.max(exposure.group_activity) * exposure.clock.paces.max()) * DAYS_PER_YEAR
    return 1.0
