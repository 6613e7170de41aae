"""Whether draws can be trusted: do chains agree, how many independent draws are they worth, do few weights carry all.

Rank-normalised split R-hat and effective sample size after Vehtari, Gelman, Simpson, Carpenter and Bürkner 2021,
Bayesian Analysis 16, 667; the shape of the tail of importance weights after Vehtari, Simpson, Gelman, Yao and Gabry
2024, Journal of Machine Learning Research 25(72), fitted as Zhang and Stephens 2009, Technometrics 51, 316.
"""

import numpy as np
from scipy import special

from simulator.clocks import Array

_LEAST_TAIL = 5
# Weights within a fifth of each other have no tail to speak of.
_ALIKE = 0.2


def split_r_hat(chains: Array) -> float:
    """Rank-normalised split R-hat of chains [steps, M], the larger of that of the draws and of their distances from the
    median; 1 where all agree. A chain may be all walkers of an ensemble, step by step (nested R-hat: Margossian and
    others 2024, Bayesian Analysis, doi:10.1214/24-BA1453).
    """
    folded = np.abs(chains - np.median(chains))
    return max(_r_hat(_rank_normal(_halves(chains))), _r_hat(_rank_normal(_halves(folded))))


def effective_draws(chains: Array) -> float:
    """How many independent draws the bulk of chains [steps, M] is worth (Geyer's initial monotone sequence)."""
    z = _rank_normal(_halves(chains))
    steps = len(z)
    within = z.var(axis=0, ddof=1).mean()
    if not within > 0:
        return float(z.size)
    covariance = _autocovariance(z).mean(axis=1)
    total = within * (steps - 1) / steps + z.mean(axis=0).var(ddof=1)
    rho = 1.0 - (within - covariance * steps / (steps - 1)) / total
    rho[0] = 1.0
    pairs = rho[: steps // 2 * 2].reshape(-1, 2).sum(axis=1)
    negative = np.flatnonzero(pairs < 0)
    kept = np.minimum.accumulate(pairs[: negative[0]] if negative.size else pairs)
    time = max(-1.0 + 2.0 * float(kept.sum()), 1.0 / np.log10(z.size))
    return float(z.size / time)


def effective_weights(log_weights: Array) -> float:
    """How many equal weights the importance weights [S] are worth (Kish)."""
    weights = np.exp(log_weights - log_weights.max())
    return float(weights.sum() ** 2 / np.square(weights).sum())


def tail_shape(log_weights: Array) -> float:
    """The shape k of the generalised Pareto law that the largest importance weights [S] follow; from 0.7 on their mean
    cannot be trusted. Minus infinity where all are within a fifth of each other.
    """
    size = log_weights.size
    count = int(min(0.2 * size, 3.0 * np.sqrt(size)))
    if count < _LEAST_TAIL or np.ptp(log_weights) < _ALIKE:
        return -np.inf
    ordered = np.sort(np.exp(log_weights - log_weights.max()))
    excess = ordered[-count:] - ordered[-count - 1]
    return _pareto_shape(excess[excess > 0])


def _pareto_shape(excess: Array) -> float:
    """The shape of a generalised Pareto law fitted to a rising sample above 0, with Vehtari's weak prior around 1/2."""
    n = excess.size
    if n < _LEAST_TAIL:
        return -np.inf
    guesses = 30 + int(np.sqrt(n))
    quarter = excess[int(n / 4 + 0.5) - 1]
    b = (1.0 - np.sqrt(guesses / (np.arange(1, guesses + 1) - 0.5))) / 3.0 / quarter + 1.0 / excess[-1]
    shapes = np.log1p(-b[:, None] * excess).mean(axis=1)
    likelihood = n * (np.log(-b / shapes) - shapes - 1.0)
    weight = 1.0 / np.exp(likelihood - likelihood[:, None]).sum(axis=1)
    mean = float((b * weight).sum() / weight.sum())
    shape = float(np.log1p(-mean * excess).mean())
    return (n * shape + 5.0) / (n + 10.0)


def _halves(chains: Array) -> Array:
    half = chains.shape[0] // 2
    return np.concatenate([chains[:half], chains[-half:]], axis=1)


def _rank_normal(chains: Array) -> Array:
    """Normal scores of the ranks of all draws; equal draws share their mean rank."""
    _, place, counts = np.unique(chains, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    rank = (last - 0.5 * (counts - 1))[place.ravel()].reshape(chains.shape)
    return np.asarray(special.ndtri((rank - 0.375) / (chains.size + 0.25)))


def _r_hat(z: Array) -> float:
    steps = z.shape[0]
    within, between = z.var(axis=0, ddof=1).mean(), z.mean(axis=0).var(ddof=1)
    return float(np.sqrt((steps - 1) / steps + between / within)) if within > 0 else 1.0


def _autocovariance(z: Array) -> Array:
    steps = z.shape[0]
    spectrum = np.fft.rfft(z - z.mean(axis=0), 2 * steps, axis=0)
    return np.asarray(np.fft.irfft(np.abs(spectrum) ** 2, axis=0)[:steps] / steps)
