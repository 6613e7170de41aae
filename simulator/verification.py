"""The user's own scenario checked, as z-scores with a stated false-alarm rate.

The simulation is held against the closed form, or, where mines interact and there is none, against the second engine.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from simulator import counts
from simulator.clocks import Array
from simulator.closed_form import Expected, spreads
from simulator.ensemble import ALL, Ensemble, curve, least_error, quantities, samples
from simulator.statistics import binomial_z, standard_error

FALSE_ALARM = 1e-3
_MOST_TIMES = 24
# Fewer than so many, in all worlds together, show no spread of their own where it is known from the worlds alone.
FEWEST_EXPECTED = 20.0
_AREA = "released_km2"


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison: at ``time_days`` the simulated mean of a quantity against the expected one, ``z`` errors apart.

    ``reading`` is ``played`` (counts of the worlds) or ``estimate`` (the conditional estimator).
    """

    quantity: str
    reading: str
    time_days: float
    simulated: float
    expected: float
    z: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """All checks of a scenario; they agree if no |z| exceeds ``limit``, which chance alone does once in 1 /
    FALSE_ALARM times.
    """

    checks: tuple[Check, ...]
    limit: float
    largest: float
    agrees: bool


def verify(ensemble: Ensemble, reference: Expected) -> Verdict:
    """Compare an ensemble with a closed form at up to 24 times; both readings of hazardous, inert and accidents.

    Where mines fail in lots, what is too rare for its spread to show in so many worlds is left out.
    """
    lots = _largest_lot(ensemble)
    return _verdict(_checks(ensemble, reference), FEWEST_EXPECTED * lots / ensemble.replicates if lots > 1 else 0.0)


def verify_by_counts(
    ensemble: Ensemble, counted: Sequence[Mapping[str, Array]], fewest_expected: float = 0.0
) -> Verdict:
    """Compare an ensemble with the count-based engine, replicate by replicate on the same cells; both readings.

    Of a handful of worlds, what is expected fewer than ``fewest_expected`` times in all of them (lots, where mines fail
    together) can be left out: its spread does not show in them.
    """
    least = fewest_expected * _largest_lot(ensemble) / ensemble.replicates
    return _verdict(_count_checks(ensemble, counted), least)


def _verdict(found: Iterator[Check], least: float) -> Verdict:
    """Judge the scores of what is expected at ``least`` so often, or is area, or stands at the start."""
    checks = tuple(
        check for check in found if check.expected >= least or check.quantity == _AREA or check.time_days == 0
    )
    limit = float(-special.ndtri(FALSE_ALARM / (2 * max(1, len(checks)))))
    largest = max((abs(check.z) for check in checks), default=0.0)
    return Verdict(checks, limit, largest, bool(largest <= limit))


def _largest_lot(ensemble: Ensemble) -> int:
    """How many mines may fail together."""
    return max((kind.lot_size if kind.lot_correlation > 0 else 1 for kind in ensemble.world.kinds), default=1)


def _count_checks(ensemble: Ensemble, counted: Sequence[Mapping[str, Array]]) -> Iterator[Check]:
    world = ensemble.world
    items = sum(kind.count for kind in world.kinds)
    for quantity in counts.QUANTITIES:
        if quantity not in quantities(world):
            continue
        other = np.array([one[quantity] for one in counted])
        estimate, played = samples(ensemble, ALL, quantity)
        for reading, its in (("played", played), ("estimate", estimate)):
            difference = its - other
            # What both compute without chance differs by rounding alone; a count varies at least as a Poisson count.
            error = np.maximum(standard_error(difference), 1e-9 * items)
            if reading == "played" and quantity == "accidents":
                error = np.maximum(error, np.sqrt(other.mean(axis=0) / len(other)))
            for index in _times(world.times):
                score = _normal(float(difference[:, index].mean() / error[index]), ensemble.replicates - 1)
                means = float(its[:, index].mean()), float(other[:, index].mean())
                yield Check(quantity, reading, float(world.times[index]), *means, score)


def _checks(ensemble: Ensemble, reference: Expected) -> Iterator[Check]:
    world, known = ensemble.world, spreads(ensemble.world)
    lots = any(kind.lot_size > 1 and kind.lot_correlation > 0 for kind in world.kinds)
    trials = sum(kind.count for kind in world.kinds) * ensemble.replicates
    for quantity in ("hazardous", "inert", "accidents"):
        estimate, played = samples(ensemble, ALL, quantity)
        exact = curve(world, reference.curves, reference.land, ALL, quantity)
        floor = np.broadcast_to(least_error(ensemble.world, known, ALL, quantity, ensemble.replicates), exact.shape)
        error = np.maximum(standard_error(estimate), floor)
        for index in _times(world.times):
            days, value = float(world.times[index]), float(exact[index])
            count = float(played[:, index].sum())
            if len(world.kinds) == 1 and not lots:
                score = binomial_z(round(count), trials, value * ensemble.replicates / trials if trials else 0.0)
            else:
                score = _score(played[:, index], value)
            yield Check(quantity, "played", days, count / ensemble.replicates, value, score)
            mean = float(estimate[:, index].mean())
            wald = _ratio(mean - value, float(error[index]))
            yield Check(quantity, "estimate", days, mean, value, _normal(wald, ensemble.replicates - 1))


def _score(played: Array, value: float) -> float:
    """The score of a mean count whose variance is not binomial, at least that of a Poisson count."""
    error = max(float(standard_error(played)), float(np.sqrt(max(value, 0.0) / played.size)))
    return _normal(_ratio(float(played.mean()) - value, error), played.size - 1)


def _normal(score: float, freedom: int) -> float:
    """The normal score as rare as a t score of so many degrees of freedom."""
    return float(np.copysign(special.ndtri(max(float(special.stdtr(freedom, -abs(score))), 1e-300)), score))


def _ratio(difference: float, error: float) -> float:
    if error > 0:
        return difference / error
    return 0.0 if difference == 0 else float(np.copysign(np.inf, difference))


def _times(times: Array) -> list[int]:
    """Indices of the times to check: spread over the grid, so dense early and sparse late as the grid itself."""
    spread = np.linspace(0, times.size - 1, min(_MOST_TIMES, times.size))
    return sorted({round(float(index)) for index in spread})
