"""Forecasts of counts as mixtures of negative-binomial laws, and how well they did: log score, CRPS, coverage.

Scores after Gneiting and Raftery 2007, Journal of the American Statistical Association 102, 359, and Czado, Gneiting
and Held 2009, Biometrics 65, 1254: the log score of a count is the logarithm of the probability that was given to it,
so that more is better; of the CRPS [people], less is.
"""

from dataclasses import dataclass

import numpy as np
from scipy import special

from simulator.clocks import Array
from simulator.count_likelihood import cumulative, drawn, log_mass

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
_DRAWS_EACH = 10
_MOST_COUNT = 2.0**40


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """A forecast of n counts: a mixture of equally likely ``means`` [S, n], each with its ``dispersion`` [S]."""

    name: str
    means: Array
    dispersion: Array

    @property
    def mean(self) -> Array:
        """The mean of each count [n]."""
        return np.asarray(self.means.mean(axis=0))


@dataclass(frozen=True, slots=True)
class Comparison:
    """The mean difference of log scores per period between two forecasts of the same counts, with the 90 % interval of
    paired differences (t), and over how many periods; the interval is infinite of one period.
    """

    better: str
    other: str
    difference: float
    low: float
    high: float
    periods: int


def quantiles(forecast: Forecast, levels: tuple[float, ...] = LEVELS) -> Array:
    """The least counts that are not exceeded with some probabilities, [levels, n], by bisection in whole numbers."""
    rows = []
    for level in levels:
        low = np.full(forecast.means.shape[1], -1.0)
        high = np.maximum(np.ceil(4.0 * forecast.means.max(axis=0)) + 4.0, 8.0)
        while (short := (_below(forecast, high) < level) & (high < _MOST_COUNT)).any():
            high = np.where(short, 2.0 * high, high)
        while (high - low > 1.0).any():
            middle = np.floor((low + high) / 2.0)
            enough = _below(forecast, middle) >= level
            # Where both have met, the middle is the lower end again, which is known to be too low.
            low, high = np.where(enough, low, middle), np.where(enough, middle, high)
        rows.append(high)
    return np.array(rows)


def log_scores(forecast: Forecast, counts: Array) -> Array:
    """The log of the probability that a forecast gave to each count [n]."""
    masses = log_mass(counts, forecast.means, forecast.dispersion[:, None])
    return np.asarray(special.logsumexp(masses, axis=0) - np.log(len(masses)))


def ranked_scores(forecast: Forecast, counts: Array, rng: np.random.Generator) -> Array:
    """The continuous ranked probability score of each count [n], from ten draws of each member of the mixture."""
    means = np.repeat(forecast.means, _DRAWS_EACH, axis=0)
    sample = np.sort(drawn(means, np.repeat(forecast.dispersion, _DRAWS_EACH)[:, None], rng), axis=0)
    size = len(sample)
    weights = 2.0 * np.arange(1, size + 1) - size - 1.0
    return np.asarray(np.abs(sample - counts).mean(axis=0) - (weights @ sample) / (size * (size - 1.0)))


def compared(one: Forecast, other: Forecast, counts: Array) -> Comparison:
    """Whether one forecast gave what happened more probability than another, period by period."""
    differences = log_scores(one, counts) - log_scores(other, counts)
    mean, size = float(differences.mean()), differences.size
    reach = np.inf
    if size > 1:
        reach = float(special.stdtrit(size - 1, 0.95)) * float(differences.std(ddof=1)) / np.sqrt(size)
    return Comparison(one.name, other.name, mean, mean - reach, mean + reach, size)


def _below(forecast: Forecast, counts: Array) -> Array:
    """The probability of at most each count [n]."""
    below = cumulative(np.maximum(counts, 0.0), forecast.means, forecast.dispersion[:, None]).mean(axis=0)
    return np.where(counts < 0, 0.0, below)
