"""Estimates that carry their uncertainty: means with Monte Carlo errors, percentiles of worlds, bounds for rare
events.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from simulator.clocks import Array

PERCENTILES = (0.05, 0.50, 0.95)
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """A quantity over replicates: ``mean`` and ``standard_error`` of the best estimator, percentiles of the played
    worlds.

    All have the same shape, [T] for a curve and [] for a single number; ``replicates`` is how many were played.
    """

    mean: Array
    standard_error: Array
    p05: Array
    p50: Array
    p95: Array
    replicates: int


@dataclass(frozen=True, slots=True, eq=False)
class PairedDifference:
    """A paired difference to a reference and the ratio of the means, each with its own error, shape [T] or [].

    ``ratio_p05`` and ``ratio_p95`` bound the ratio of means with 90 % confidence. ``variance_reduction`` is how many
    times smaller the variance of the paired difference is than that of two independent samples, for the mean's
    estimator and the played worlds.
    """

    difference: Array
    standard_error: Array
    p05: Array
    p95: Array
    ratio: Array
    ratio_p05: Array
    ratio_p95: Array
    variance_reduction: Array
    played_variance_reduction: Array


def band(estimate: Array, played: Array, least_error: Array | float = 0.0) -> Band:
    """Summarise n replicates of a quantity, ``estimate`` and ``played`` both [n, ...].

    ``least_error`` is the standard error known from elsewhere: a sample in which a rare event did not occur shows no
    spread.
    """
    p05, p50, p95 = np.quantile(played, PERCENTILES, axis=0)
    error = np.maximum(standard_error(estimate), least_error)
    return Band(estimate.mean(axis=0), error, p05, p50, p95, estimate.shape[0])


def band_of_times(estimate: Array, played: Array) -> Band:
    """Summarise n replicates of times, both [n, ...], infinite where something never comes.

    A mean is infinite, and its error unknown, if any replicate did not get there; percentiles are those of a world.
    """
    p05, p50, p95 = np.quantile(played, PERCENTILES, axis=0, method="nearest")
    finite = np.isfinite(estimate).all(axis=0)
    known = np.where(finite, estimate, 0.0)
    mean, error = np.where(finite, known.mean(axis=0), np.inf), np.where(finite, standard_error(known), np.nan)
    return Band(mean, error, p05, p50, p95, estimate.shape[0])


def standard_error(samples: Array) -> Array:
    """Standard error of the mean over the first axis of samples [n, ...], n >= 2."""
    return np.asarray(samples.std(axis=0, ddof=1) / np.sqrt(samples.shape[0]))


def paired(reference: tuple[Array, Array], other: tuple[Array, Array]) -> PairedDifference:
    """Compare a scenario with its reference, replicate by replicate; each is a pair (estimate, played) of [n, ...]."""
    (before, played_before), (after, played_after) = reference, other
    n = before.shape[0]
    played = played_after - played_before
    p05, _, p95 = np.quantile(played, PERCENTILES, axis=0)
    difference = after - before
    denominator = before.mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(denominator > 0, after.mean(axis=0) / denominator, np.nan)
        # Delta method on the paired residuals after - ratio * before.
        error = standard_error(after - ratio * before) / denominator
    reach = float(special.stdtrit(n - 1, PERCENTILES[2]))
    return PairedDifference(
        difference.mean(axis=0),
        standard_error(difference),
        p05,
        p95,
        ratio,
        np.maximum(ratio - reach * error, 0.0),
        ratio + reach * error,
        _reduction(before, after),
        _reduction(played_before, played_after),
    )


def exact_difference(before: Array, after: Array) -> PairedDifference:
    """Compare two expected values or curves: a difference and a ratio without error, percentiles that do not exist."""
    difference = after - before
    nan = np.full(difference.shape, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(before > 0, after / before, np.nan)
    exact = _without_rounding(difference, before, after)
    return PairedDifference(exact, np.zeros_like(exact), nan, nan, ratio, nan, nan, nan, nan)


def paired_difference(before: tuple[Array, Array], after: tuple[Array, Array]) -> PairedDifference:
    """Compare samples with those of the reference; each is a pair (estimate, played) of [n, ...]."""
    found = paired(before, after)
    means = before[0].mean(axis=0), after[0].mean(axis=0)
    return replace(found, difference=_without_rounding(found.difference, *means))


def _without_rounding(difference: Array, before: Array, after: Array) -> Array:
    """Set a difference to 0 where it is only the rounding of the two numbers it was made from."""
    scale = np.maximum(np.abs(before), np.abs(after))
    return np.where(np.abs(difference) <= _ROUNDING * scale, 0.0, difference)


def relative_half_width(samples: Array) -> float:
    """Half the width of the 95 % interval of the mean of samples [n], relative to the mean; 0 where nothing varies."""
    error = float(standard_error(samples))
    mean = abs(float(samples.mean()))
    if error <= 1e-12 * mean:
        return 0.0
    return float(special.stdtrit(samples.shape[0] - 1, 0.975)) * error / mean if mean > 0 else np.inf


def zero_events_bound(trials: float, confidence: float = 0.95) -> float:
    """Upper bound of a mean number per trial when no event was seen in any of ``trials`` (Poisson: -log(0.05) / n)."""
    if not trials > 0:
        raise ValueError(f"needs at least one trial, got {trials}")
    return float(-np.log1p(-confidence) / trials)


def binomial_z(events: int, trials: int, probability: float) -> float:
    """The normal score of a binomial count (mid-p), accurate where the count is small and a Wald score is not.

    Positive when more events were seen than expected.
    """
    # A sum of probabilities may be 1.0000000000000002.
    probability = min(max(probability, 0.0), 1.0)
    if probability in {0.0, 1.0}:
        return 0.0 if events == trials * probability else float(np.copysign(np.inf, events - trials * probability))
    at_most = float(special.bdtr(events, trials, probability))
    fewer = float(special.bdtr(events - 1, trials, probability)) if events > 0 else 0.0
    lower = (at_most + fewer) / 2
    if lower <= 0.5:
        return float(special.ndtri(max(lower, 1e-300)))
    more = float(special.bdtrc(events, trials, probability))
    at_least = float(special.bdtrc(events - 1, trials, probability)) if events > 0 else 1.0
    return -float(special.ndtri(max((more + at_least) / 2, 1e-300)))


def _reduction(before: Array, after: Array) -> Array:
    apart = before.var(axis=0, ddof=1) + after.var(axis=0, ddof=1)
    together = (after - before).var(axis=0, ddof=1)
    # Variances at the level of rounding mean that nothing varies: no reduction is to be claimed.
    scale = 1e-24 * (np.square(before.mean(axis=0)) + np.square(after.mean(axis=0)))
    vary = (apart > scale) & (together > scale)
    return np.asarray(np.divide(apart, together, out=np.full(np.shape(apart), np.nan), where=vary))
