"""Evaluating time laws: survival, density and inverse survival, in days.

Everything is closed form with NumPy and scipy.special; no frozen distribution object is ever made. Each law is an S(t)
with S(0) = 1; a law may be defective (S stays above 0 for ever), as Never and Piecewise are.
"""

import numpy as np
from scipy import special

from simulator.clocks import Array
from simulator.laws import Exponential, Fixed, Gamma, Law, Lognormal, Never, Normal, Piecewise, Uniform, Weibull

_SD_EDGES = np.array([-9.0, -6.0, -4.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 9.0])
_QUANTILE_EDGES = special.ndtr(_SD_EDGES)
_FIRST_DAY, _LAST_DAY = 1e-150, 1e150


def log_survival(law: Law, days: Array) -> Array:
    """Log of S(t) at ``days`` (any shape, >= 0), accurate far into both tails; -inf where S is 0."""
    days = np.maximum(np.asarray(days, dtype=float), 0.0)
    # Where a number has no room, infinity is the limit that is meant.
    with np.errstate(divide="ignore", over="ignore"):
        match law:
            case Exponential(mean=mean):
                return -days / mean
            case Weibull(shape=shape, scale=scale):
                return -np.power(days / scale, shape)
            case Lognormal(median=median, sigma=sigma):
                return np.asarray(special.log_ndtr(-np.log(days / median) / sigma))
            case Normal(mean=mean, sd=sd):
                return np.asarray(special.log_ndtr((mean - days) / sd) - special.log_ndtr(mean / sd))
            case Gamma(shape=shape, scale=scale):
                return _log_gamma_survival(shape, days / scale)
            case _:
                return np.log(survival(law, days))


def survival(law: Law, days: Array) -> Array:
    """S(t), the probability that the lifetime is longer than ``days`` (any shape); 1 at and before 0."""
    days = np.maximum(np.asarray(days, dtype=float), 0.0)
    match law:
        case Never():
            return np.ones_like(days)
        case Fixed(days=fixed):
            return np.where(days < fixed, 1.0, 0.0)
        case Gamma(shape=shape, scale=scale):
            return np.asarray(special.gammaincc(shape, days / scale))
        case Uniform(low=low, high=high):
            return np.clip((high - days) / (high - low), 0.0, 1.0)
        case Piecewise():
            times, shares = piecewise_points(law)
            return np.interp(days, times, shares)
        case _:
            return np.exp(log_survival(law, days))


def survival_before(law: Law, days: Array) -> Array:
    """P(lifetime >= days), same shape: the survival just before, which differs where a law ends at one time."""
    return np.where(days <= law.days, 1.0, 0.0) if isinstance(law, Fixed) else survival(law, days)


def density(law: Law, days: Array) -> Array:
    """f(t) = -dS/dt [1/day] at ``days`` (any shape); 0 for laws without a density (Fixed, Never)."""
    days = np.asarray(days, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        match law:
            case Exponential(mean=mean):
                value = np.exp(-days / mean) / mean
            case Weibull(shape=shape, scale=scale):
                scaled = days / scale
                value = shape / scale * np.power(scaled, shape - 1) * np.exp(-np.power(scaled, shape))
            case Lognormal(median=median, sigma=sigma):
                value = np.exp(-0.5 * (np.log(days / median) / sigma) ** 2) / (days * sigma * np.sqrt(2 * np.pi))
            case Gamma(shape=shape, scale=scale):
                scaled = days / scale
                value = np.exp(special.xlogy(shape - 1, scaled) - scaled - special.gammaln(shape)) / scale
            case Normal(mean=mean, sd=sd):
                value = np.exp(-0.5 * ((days - mean) / sd) ** 2) / (sd * np.sqrt(2 * np.pi) * special.ndtr(mean / sd))
            case Uniform(low=low, high=high):
                value = np.where((days >= low) & (days < high), 1.0 / (high - low), 0.0)
            case Piecewise():
                times, shares = piecewise_points(law)
                slopes = np.append(-np.diff(shares) / np.diff(times), 0.0)
                value = slopes[np.clip(np.searchsorted(times, days, side="right") - 1, 0, slopes.size - 1)]
            case _:
                value = np.zeros_like(days)
    return np.where(days >= 0, np.nan_to_num(value, nan=0.0, posinf=0.0), 0.0)


def hazard(law: Law, days: Array) -> Array:
    """f(t) / S(t) [1/day] at ``days`` (any shape); 0 where nothing survives."""
    alive = survival(law, days)
    return np.divide(density(law, days), alive, out=np.zeros_like(alive), where=alive > 0)


@np.errstate(over="ignore")
def inverse_survival(law: Law, shares: Array) -> Array:
    """The time [days] until which a share of lifetimes survives: S(t) = share, for shares in (0, 1], same shape.

    Falls with the share, the earliest possible time at share 1; infinity where the law never falls so low. ``shares``
    is not changed.
    """
    match law:
        case Never():
            return np.full_like(shares, np.inf)
        case Fixed(days=fixed):
            return np.full_like(shares, fixed)
        case Exponential(mean=mean):
            return -mean * np.log(shares)
        case Weibull(shape=shape, scale=scale):
            return scale * np.power(-np.log(shares), 1.0 / shape)
        case Lognormal(median=median, sigma=sigma):
            return median * np.exp(-sigma * np.asarray(special.ndtri(shares)))
        case Gamma(shape=shape, scale=scale):
            # Near share 1 the digits are in what has ended already.
            early = scale * np.asarray(special.gammaincinv(shape, 1.0 - shares))
            return np.where(shares > 0.5, early, scale * np.asarray(special.gammainccinv(shape, shares)))
        case Normal(mean=mean, sd=sd):
            # Truncated at 0: the untruncated share is share * P(X > 0).
            return np.maximum(mean - sd * np.asarray(special.ndtri(shares * special.ndtr(mean / sd))), 0.0)
        case Uniform(low=low, high=high):
            return high - (high - low) * shares
        case Piecewise():
            times, shares_left = piecewise_points(law)
            found = np.interp(shares, shares_left[::-1], times[::-1])
            return np.where(shares < shares_left[-1], np.inf, found)


def piecewise_points(law: Piecewise) -> tuple[Array, Array]:
    """The law's times [days] and shares still working, from (0, 1), both shape [K]."""
    times, shares = (np.array(column, dtype=float) for column in zip(*law.points, strict=True))
    if times[0] > 0:
        times, shares = np.concatenate(([0.0], times)), np.concatenate(([1.0], shares))
    return times, shares


def quadrature_edges(law: Law) -> Array:
    """Times [days] between which the law is smooth: where panels of a quadrature must break."""
    match law:
        case Never():
            return np.empty(0)
        case Fixed(days=fixed):
            return np.array([fixed])
        case Uniform(low=low, high=high):
            return np.array([low, high])
        case Piecewise():
            return piecewise_points(law)[0]
        case Normal(mean=mean, sd=sd):
            return np.maximum(mean + sd * _SD_EDGES, 0.0)
        case _:
            edges = np.sort(inverse_survival(law, _QUANTILE_EDGES))
            # A broken power of time at 0, or a spread over powers of ten, is smooth in the logarithm of time only.
            return edges if isinstance(law, Exponential) else _graded(edges)


def _graded(edges: Array) -> Array:
    """Rising edges with more between them wherever one is over twice the one before, from 0."""
    # No scenario asks beyond, and ratios have room within.
    positive = edges[(edges > _FIRST_DAY) & (edges < _LAST_DAY)]
    counts = np.ceil(np.log2(positive[1:] / positive[:-1])).astype(int)
    between = [
        low * (high / low) ** (np.arange(count) / count)
        for low, high, count in zip(positive[:-1], positive[1:], np.maximum(counts, 1), strict=True)
    ]
    return np.concatenate([[0.0], *between, positive[-1:]])


def _log_gamma_survival(shape: float, scaled: Array) -> Array:
    """Log of the regularised upper incomplete gamma function, also where the function itself is below any number.

    There by Legendre's continued fraction (NIST Digital Library of Mathematical Functions, 8.9.2), evaluated from its
    end.
    """
    direct = np.asarray(special.gammaincc(shape, scaled))
    logarithm = np.where(direct > 0.5, np.log1p(-special.gammainc(shape, scaled)), np.log(direct))
    far = (direct < 1e-290) & np.isfinite(scaled)
    if np.any(far):
        x = scaled[far] if scaled.ndim else scaled
        fraction = np.zeros_like(x)
        for k in range(200, 0, -1):
            fraction = k * (k - shape) / (x + 2 * k + 1 - shape - fraction)
        tail = -x + shape * np.log(x) - special.gammaln(shape) - np.log(x + 1 - shape - fraction)
        logarithm[far] = tail
    return np.asarray(logarithm)
