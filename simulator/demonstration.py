"""What tests demonstrate: bounds of a failure rate from counted failures, and how many tests a claimed rate needs.

A rate is a probability of failure per test. Exact bounds are those of Clopper and Pearson (1934), Biometrika 26,
404-413, doi:10.1093/biomet/26.4.404. Tests of one production lot may fail together: a lot has a failure probability of
its own, drawn from a beta distribution, as in the model of the mines (simulator.contamination.Lots).
"""

import math
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special

from simulator.clocks import Array

MOST_FAILURES_IN_LOTS = 3000
MOST_PER_LOT = 1_000_000
LEAST_CONFIDENCE, MOST_CONFIDENCE = 0.01, 0.99999999
LEAST_CLAIM = 1e-15

# Up to this many failures the terms are summed: the library's function is off by 1e-11 for few failures in 1e9 tests,
# where one test more changes a chance by 1e-9. Its inverse is not used: it is off by 1e-8 there, and for a = 1000 and
# b >= 1e8 it is wrong altogether (scipy 1.17.1).
_MOST_SUMMED = 50
_ROUNDING = 1e-14
# A term this much smaller than the largest adds nothing, but its products would be denormal, which is slow.
_NOTHING = 1e-150
# Points of the trapezoid rule over the logit of a beta variable, in widths: far enough for the tail of Beta(1/2, b).
_WIDTHS = np.arange(-60.0, 60.0, 0.125)


@dataclass(frozen=True, slots=True)
class Lots:
    """Production lots of ``size`` tests each, and one with the rest; ``correlation`` of failures within a lot, [0, 1).

    In a lot the failure probability is Beta(p (1 - r) / r, (1 - p) (1 - r) / r): mean p, correlation r.
    """

    size: int
    correlation: float

    def __post_init__(self) -> None:
        if not (1 <= self.size <= MOST_PER_LOT and self.size % 1 == 0):
            raise ValueError(f"a lot needs a whole number of 1 to {MOST_PER_LOT} tests, got {self.size}")
        if not 0 <= self.correlation < 1:
            raise ValueError(f"a correlation must be at least 0 and below 1, got {self.correlation}")


@dataclass(frozen=True, slots=True)
class RateBounds:
    """Exact bounds of a rate: ``lower`` and ``upper`` each with the whole confidence, ``interval`` both together."""

    lower: float
    upper: float
    interval: tuple[float, float]
    confidence: float


@dataclass(frozen=True, slots=True)
class Posterior:
    """A rate that is Beta(``a``, ``b``): its mean and the ends of its equal-tailed interval."""

    a: float
    b: float
    mean: float
    lower: float
    upper: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """Failures among ``mines``: the mean number and its interval, as far as the rate is known; the number that will be
    counted, from ``fewest`` to ``most``; and the mean number at the upper bound of the rate.
    """

    mines: int
    mean: float
    lower: float
    upper: float
    fewest: int
    most: int
    at_upper_bound: float


def rate_bounds(tests: int, failures: int, confidence: float = 0.95, lots: Lots | None = None) -> RateBounds:
    """Bound a failure rate, exactly, from ``failures`` in ``tests``; correct to 8 digits or more.

    At the upper bound, so few failures happen with probability 1 - confidence; at the lower bound, so many do. The
    interval leaves half of it on each side (Clopper and Pearson 1934). Without failures a lower end is 0, and where all
    tests failed an upper end is 1. With ``lots``, at most 3,000 failures. ValueError where a number is impossible.
    """
    _check_counts(tests, failures, lots)
    error = _error(confidence)
    lower, low = (_rate_where(failures - 1, tests, 1.0 - share, lots) for share in (error, error / 2))
    upper, high = (_rate_where(failures, tests, share, lots) for share in (error, error / 2))
    return RateBounds(lower, upper, (low, high), confidence)


def jeffreys(tests: int, failures: int, confidence: float = 0.95, lots: Lots | None = None) -> Posterior:
    """Posterior of a rate with Jeffreys' prior: Beta(k + 1/2, n - k + 1/2) for k failures in n tests.

    Its interval is that of the plain quantiles. For use as a confidence interval, Brown, Cai and DasGupta (2001),
    Statistical Science 16, 101-133, doi:10.1214/ss/1009213286, set its lower end to 0 for k = 0 and its upper end to 1
    for k = n; that is not done here. With ``lots``, an approximation: k and n are divided by the design effect, so that
    they are the effective numbers of failures and tests. ValueError where a number is impossible.
    """
    _check_counts(tests, failures)
    tail = _error(confidence) / 2
    effect = design_effect(tests, lots)
    a, b = failures / effect + 0.5, (tests - failures) / effect + 0.5
    low, high = (
        _crossing(lambda rate: float(special.betaincc(a, b, rate)), beyond, a, b) for beyond in (1.0 - tail, tail)
    )
    return Posterior(a, b, a / (a + b), low, high, confidence)


def design_effect(tests: int, lots: Lots | None) -> float:
    """How many times larger the variance of the failures is than without lots: 1 + (m - 1) r for full lots of m.

    With a rest lot it is the exact ratio, 1 + r (sum of m_i^2 / n - 1). ``tests`` divided by it is the effective number
    of tests.
    """
    _check_counts(tests, 0)
    if lots is None:
        return 1.0
    full, rest = divmod(tests, lots.size)
    return 1.0 + lots.correlation * ((full * lots.size**2 + rest**2) / tests - 1.0)


def needed_tests(rate: float, failures: int = 0, confidence: float = 0.95, lots: Lots | None = None) -> int:
    """Smallest number of tests which, with so many failures, bring the upper bound of the rate to ``rate`` or below.

    Exact for up to 1e12 tests; beyond, to 14 digits. ValueError where a number is impossible.
    """
    if not LEAST_CLAIM <= rate < 1:
        raise ValueError(f"a claimed rate must be at least {LEAST_CLAIM:g} and below 1, got {rate}")
    _check_counts(failures + 1, failures, lots)
    most_likely = _error(confidence) * (1.0 + _ROUNDING)

    def enough(tests: int) -> bool:
        return chance_of_at_most(failures, tests, rate, lots) <= most_likely

    # With as many tests as failures the bound is 1; more tests only lower it.
    too_few, many = failures, failures + 1
    while not enough(many):
        too_few, many = many, 2 * many
    while many - too_few > 1:
        middle = (too_few + many) // 2
        too_few, many = (too_few, middle) if enough(middle) else (middle, many)
    return many


def chance_of_at_most(failures: int, tests: int, rate: float, lots: Lots | None = None) -> float:
    """Probability of at most ``failures`` in ``tests`` at a failure rate in [0, 1]; it falls with tests and rate.

    With lots, what is below 1e-100 may be 0. ValueError where a number is impossible.
    """
    _check_counts(tests, failures, lots)
    if not 0 <= rate <= 1:
        raise ValueError(f"a rate must be from 0 to 1, got {rate}")
    if failures == tests or rate == 0:
        return 1.0
    if rate == 1:
        return 0.0
    if lots is not None and _in_lots(lots):
        return _chance_in_lots(failures, tests, rate, lots)
    if failures > _MOST_SUMMED:
        return float(special.betaincc(failures + 1, tests - failures, rate))
    j = np.arange(failures)
    steps = np.log((float(tests) - j) / (j + 1) * (rate / (1.0 - rate)))
    return min(1.0, float(np.exp(tests * math.log1p(-rate) + _from_zero(steps)).sum()))


def forecast(mines: int, posterior: Posterior, bounds: RateBounds) -> Forecast:
    """Scale a rate to a number of mines that fail independently at it, 1 to 1e12.

    The number that will be counted is beta-binomial: from the smallest count reached with half the error to the
    smallest reached with all but half of it, at the confidence of the posterior; to about nine digits where it is
    large. ValueError where there are no mines.
    """
    if not (1 <= mines <= 10**12 and mines % 1 == 0):
        raise ValueError(f"needs a whole number of 1 to 1e12 mines, got {mines}")
    tail = (1.0 - posterior.confidence) / 2
    mean, lower, upper, highest = (
        mines * rate for rate in (posterior.mean, posterior.lower, posterior.upper, bounds.upper)
    )
    fewest, most = (
        bisect_left(range(mines), share, key=lambda count: _chance_counted(count, mines, posterior))
        for share in (tail, 1.0 - tail)
    )
    return Forecast(mines, mean, lower, upper, fewest, most, highest)


def _check_counts(tests: int, failures: int, lots: Lots | None = None) -> None:
    if not (tests >= 1 and 0 <= failures <= tests and tests % 1 == 0 and failures % 1 == 0):
        raise ValueError(f"needs whole numbers, 0 <= failures <= tests and tests >= 1, got {failures} of {tests}")
    if _in_lots(lots) and not failures <= MOST_FAILURES_IN_LOTS:
        raise ValueError(f"with lots, at most {MOST_FAILURES_IN_LOTS} failures can be counted, got {failures}")


def _error(confidence: float) -> float:
    # Nearer to 1, too few digits of 1 - confidence are left.
    if not LEAST_CONFIDENCE <= confidence <= MOST_CONFIDENCE:
        raise ValueError(f"a confidence must be from {LEAST_CONFIDENCE} to {MOST_CONFIDENCE}, got {confidence}")
    return 1.0 - confidence


def _in_lots(lots: Lots | None) -> bool:
    return lots is not None and lots.size > 1 and lots.correlation > 0


def _rate_where(failures: int, tests: int, chance: float, lots: Lots | None) -> float:
    """Find the rate at which at most ``failures`` happen with this chance: 0 for fewer than none, 1 for all."""
    if failures < 0:
        return 0.0
    if failures == tests:
        return 1.0
    if failures == 0 and not _in_lots(lots):
        return -math.expm1(math.log(chance) / tests)
    effect = design_effect(tests, lots)
    a, b = failures / effect + 1.0, (tests - failures) / effect
    return _crossing(lambda rate: chance_of_at_most(failures, tests, rate, lots), chance, a, b)


def _crossing(chance: Callable[[float], float], wanted: float, a: float, b: float) -> float:
    """Find the rate at which a chance that falls with the rate passes ``wanted``; it is about that of Beta(a, b).

    Over the logit of the rate, the normal score of the chance is nearly straight: false position (Illinois) takes about
    ten steps.
    """

    def excess(logit: float) -> float:
        share = min(max(chance(float(special.expit(logit))), 1e-300), 1.0 - 1e-16)
        return float(special.ndtri(share) - special.ndtri(wanted))

    reach = 2.0 * _width(a, b)
    low, high = math.log(a / b) - reach, math.log(a / b) + reach
    while (above := excess(low)) < 0:
        low, reach = low - reach, 2 * reach
    while (below := excess(high)) > 0:
        high, reach = high + reach, 2 * reach
    middle, last, found = low, math.inf, 0.0
    while abs(middle - last) > 1e-11 and above > below:
        middle, last, before = (high * above - low * below) / (above - below), middle, found
        found = excess(middle)
        # An end that stays twice weighs half, lest it stay for ever.
        if found > 0:
            low, above, below = middle, found, below / 2 if before > 0 else below
        else:
            high, below, above = middle, found, above / 2 if before < 0 else above
    return float(special.expit(middle))


def _width(a: float, b: float) -> float:
    """About the standard deviation of the logit of a Beta(a, b) variable."""
    return math.sqrt(1 / a + 1 / b)


def _chance_in_lots(failures: int, tests: int, rate: float, lots: Lots) -> float:
    """Sum the coefficients up to degree k of the generating function of all failures: a power of the lots' own."""
    full, rest = divmod(tests, lots.size)
    series, log_scale = np.ones(1), 0.0
    if full:
        series, log_scale = _power(_log_failures_of_a_lot(lots.size, rate, lots.correlation, failures), full, failures)
    if rest:
        log_rest = _log_failures_of_a_lot(rest, rate, lots.correlation, failures)
        series = np.convolve(series, np.exp(log_rest - log_rest.max()))[: failures + 1]
        log_scale += float(log_rest.max())
    total = float(series.sum())
    return min(1.0, math.exp(min(log_scale + math.log(total), 0.0))) if total > 0 else 0.0


def _log_failures_of_a_lot(size: int, rate: float, correlation: float, most: int) -> Array:
    """Log probabilities of 0 to min(most, size) failures in a lot (beta-binomial)."""
    strength = (1.0 - correlation) / correlation
    a, b = rate * strength, (1.0 - rate) * strength
    none = np.log1p(-a / (strength + np.arange(size))).sum()
    j = np.arange(min(most, size))
    return np.asarray(none + _from_zero(np.log((size - j) / (j + 1.0) * (a + j) / (b + (size - j - 1)))))


def _power(log_series: Array, exponent: int, degree: int) -> tuple[Array, float]:
    """Raise a power series to a whole power, up to a degree, by squaring; returns it scaled, and the log of the scale.

    All coefficients are positive, so that no digits cancel. Scaling by powers of two keeps a largest first coefficient
    exact, which 1e15 lots that hardly ever fail need.
    """
    top = float(log_series.max())
    factor = np.exp(log_series - top)
    series, twos = factor, 0
    for bit in f"{exponent:b}"[1:]:
        series, twos = np.convolve(series, series)[: degree + 1], 2 * twos
        if bit == "1":
            series = np.convolve(series, factor)[: degree + 1]
        shift = math.frexp(float(series.max()))[1]
        series, twos = np.ldexp(series, -shift), twos + shift
        series[series < _NOTHING] = 0.0
        # Nothing is left where all failures together are certain to be more than the degree.
        series = np.trim_zeros(series, "b") if series.any() else series[:1]
    return series, exponent * top + twos * math.log(2)


def _from_zero(steps: Array) -> Array:
    return np.concatenate(([0.0], np.cumsum(steps)))


def _chance_counted(count: int, mines: int, posterior: Posterior) -> float:
    """Probability that at most ``count`` < mines of them fail, for a rate that is Beta(a, b).

    It is the chance that this rate is below another, Beta(count + 1, mines - count): a mean over the narrower one.
    """
    a, b, c, d = posterior.a, posterior.b, count + 1.0, float(mines - count)
    if _width(c, d) < _width(a, b):
        rates, weights = _spread(c, d)
        return float(weights @ special.betainc(a, b, rates))
    rates, weights = _spread(a, b)
    return float(weights @ special.betaincc(c, d, rates))


def _spread(a: float, b: float) -> tuple[Array, Array]:
    """Points and weights for the mean of a function of a Beta(a, b) variable.

    The density of its logit is smooth and falls exponentially, or faster: the trapezoid rule has all digits. Relative
    to the mode m it is exp(a x - (a + b) log(1 + m (exp(x) - 1))) at a distance x, where no large numbers cancel.
    """
    mode, x = a / (a + b), _WIDTHS * _width(a, b)
    weights = np.exp(a * x - (a + b) * np.log1p(mode * np.expm1(x)))
    return special.expit(math.log(a / b) + x), weights / weights.sum()
