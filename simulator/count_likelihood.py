"""Counts that vary more than by chance: the negative-binomial law by its mean and dispersion, down to Poisson's.

A count with mean m and dispersion a has the variance m + a m^2 (NB2 of Cameron and Trivedi 2013, Regression Analysis of
Count Data, 2nd edition, section 3.3); a = 0 is Poisson's law. Everything is in logarithms and keeps its digits from
a = 0 on, where the usual difference of log-gammas has none left.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import special

from simulator.clocks import Array

# From this size (1 / a) on, Stirling's series for the difference of log-gammas has all digits.
_LARGE = 40.0
_LEAST_DISPERSION, _LEAST_MEAN = 1e-30, 1e-12
_FAR_BELOW = 1e-200
_MOST_TERMS = 400


def log_mass(counts: Array, means: Array, dispersion: Array | float) -> Array:
    """Log-probability [nat] of each count; the arguments broadcast. Means below 1e-12 count as that."""
    means = np.maximum(means, _LEAST_MEAN)
    a = np.asarray(dispersion, dtype=float)
    spread = np.maximum(a, _LEAST_DISPERSION)
    excess = np.log1p(spread * means)
    # For a = 0 the limits of both terms.
    thinned = np.where(a > _LEAST_DISPERSION, excess / spread, means)
    return np.asarray(
        _log_rising(counts, spread) - special.gammaln(counts + 1.0) - thinned + counts * (np.log(means) - excess)
    )


def log_cumulative(counts: Array, means: Array, dispersion: Array | float) -> Array:
    """Log-probability [nat] of at most each count; the arguments broadcast."""
    counts, means, a = np.broadcast_arrays(np.asarray(counts, float), np.maximum(means, _LEAST_MEAN), dispersion)
    below = cumulative(counts, means, a)
    far = below < _FAR_BELOW
    result = np.log(np.where(far, 1.0, below))
    if far.any():
        result[far] = log_mass(counts[far], means[far], a[far]) + np.log(_tail(counts[far], means[far], a[far]))
    return np.asarray(result)


def cumulative(counts: Array, means: Array, dispersion: Array | float) -> Array:
    """Probability of at most each count; the arguments broadcast."""
    a = np.asarray(dispersion, dtype=float)
    means = np.maximum(means, _LEAST_MEAN)
    size = 1.0 / np.maximum(a, 1e-9)
    spread = special.betainc(size, np.asarray(counts) + 1.0, size / (size + means))
    return np.asarray(np.where(a > 1e-9, spread, special.pdtr(counts, means)))


def log_likelihoods(counts: Array, at_most: NDArray[np.bool_], means: Array, dispersion: Array | float) -> Array:
    """Log-likelihood [nat] of each row of a record, same shape as ``means`` [..., n]; ``dispersion`` broadcasts.

    A row that is an upper bound has the probability of at most its count.
    """
    rows = log_mass(counts, means, dispersion)
    if at_most.any():
        its, around = (np.broadcast_to(np.asarray(one, dtype=float), rows.shape) for one in (dispersion, means))
        rows[..., at_most] = log_cumulative(counts[at_most], around[..., at_most], its[..., at_most])
    return rows


def drawn(means: Array, dispersion: Array, rng: np.random.Generator) -> Array:
    """Draw a count for each mean, same shape; ``dispersion`` broadcasts."""
    a = np.broadcast_to(np.asarray(dispersion, dtype=float), means.shape)
    shape = 1.0 / np.maximum(a, 1e-9)
    rates = np.where(a > 1e-9, rng.gamma(shape) * means / shape, means)
    return rng.poisson(rates).astype(float)


def _log_rising(counts: Array, spread: Array) -> Array:
    """The sum of log(1 + a j) over j from 0 to count - 1, which is log of Gamma(y + 1/a) / Gamma(1/a) a^y."""
    size = 1.0 / spread
    top = counts + size
    large = np.maximum(size, _LARGE)
    series = (counts + large - 0.5) * np.log1p(counts / large) - counts + _stirling(counts + large) - _stirling(large)
    if np.all(size >= _LARGE):
        return np.asarray(series)
    small = np.minimum(size, _LARGE)
    plain = special.gammaln(counts + small) - special.gammaln(small) - counts * np.log(small)
    return np.where(top - counts >= _LARGE, series, plain)


def _stirling(x: Array) -> Array:
    """What log-gamma has beyond (x - 1/2) log x - x + log(2 pi) / 2, for x >= 40 to 1e-16."""
    square = 1.0 / (x * x)
    return np.asarray((1.0 / 12.0 - square * (1.0 / 360.0 - square * (1.0 / 1260.0 - square / 1680.0))) / x)


def _tail(counts: Array, means: Array, a: Array) -> Array:
    """The probability of at most a count over that of the count itself, far below the mean [m]."""
    ratio, total = np.ones_like(counts), np.ones_like(counts)
    for step in range(_MOST_TERMS):
        left = counts - step
        ratio = ratio * np.maximum(left, 0.0) * (1.0 + a * means) / ((1.0 + a * np.maximum(left - 1.0, 0.0)) * means)
        total = total + ratio
        if not (ratio > 1e-16 * total).any():
            break
    return total
