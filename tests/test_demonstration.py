"""What tests demonstrate: bounds and needed numbers of tests against closed forms, exact sums and simulated lots."""

import math
import subprocess
import sys
from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from simulator.demonstration import (
    Lots,
    Posterior,
    chance_of_at_most,
    design_effect,
    forecast,
    jeffreys,
    needed_tests,
    rate_bounds,
)

CONFIDENCES = st.floats(0.5, 0.999)
COUNTS = st.tuples(st.integers(1, 100_000), st.floats(0, 1)).map(lambda drawn: (drawn[0], round(drawn[0] * drawn[1])))


def exact_chance(failures, tests, rate):
    """The binomial sum to 40 digits, term by term."""
    with localcontext(prec=40):
        p, q = Decimal(rate), 1 - Decimal(rate)
        term = total = (tests * q.ln()).exp()
        for j in range(failures):
            term *= Decimal(tests - j) / (j + 1) * p / q
            total += term
        return total


def error_of(confidence):
    """What the confidence leaves, without rounding."""
    return 1 - Decimal(confidence)


def chances_in_lots(tests, rate, lots):
    """The probability of every number of failures, lot after lot: nothing truncated, no power.

    Polya's urn gives those of a lot: the library's logarithms of beta functions lose eight digits at r = 1e-6.
    """
    strength = (1 - lots.correlation) / lots.correlation
    a, b = rate * strength, (1 - rate) * strength
    chances = np.ones(1)
    for start in range(0, tests, lots.size):
        size = min(lots.size, tests - start)
        urn = [[a + i for i in range(j)] + [b + i for i in range(size - j)] for j in range(size + 1)]
        lot = [math.comb(size, j) * np.prod(np.divide(urn[j], strength + np.arange(size))) for j in range(size + 1)]
        chances = np.convolve(chances, lot)
    return chances


# Bounds of independent tests


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.999])
@pytest.mark.parametrize("tests", [1, 2, 30, 67_000, 10**9, 10**15])
def test_bounds_without_a_failure_or_without_a_success_are_powers(tests, confidence):
    # (1 - p)^n = 1 - c at the upper bound, so p = 1 - (1 - c)^(1/n).
    none = rate_bounds(tests, 0, confidence)
    assert none.upper == pytest.approx(-math.expm1(math.log1p(-confidence) / tests), rel=1e-10)
    assert (none.lower, none.interval[0]) == (0, 0)
    assert none.interval[1] == pytest.approx(-math.expm1(math.log((1 - confidence) / 2) / tests), rel=1e-10)
    every = rate_bounds(tests, tests, confidence)
    assert every.lower == pytest.approx((1 - confidence) ** (1 / tests), rel=1e-10)
    assert (every.upper, every.interval[1]) == (1, 1)


@pytest.mark.parametrize("tests", [2, 3, 40, 5000])
def test_bounds_with_a_single_failure_or_a_single_success_are_powers(tests):
    # P(at most n - 1) = 1 - p^n = 0.05, and P(at least 1) = 1 - (1 - p)^n = 0.05.
    assert rate_bounds(tests, tests - 1).upper == pytest.approx(0.95 ** (1 / tests), rel=1e-10)
    assert rate_bounds(tests, 1).lower == pytest.approx(-math.expm1(math.log(0.95) / tests), rel=1e-10)


def test_no_failure_in_67_000_tests_leaves_up_to_45_in_a_million():
    assert rate_bounds(67_000, 0).upper == pytest.approx(4.4711422e-5, rel=1e-8)


def test_six_failures_in_a_million_tests_leave_up_to_twelve_in_a_million():
    found = rate_bounds(10**6, 6)
    assert found.upper == pytest.approx(1.1842361e-5, rel=1e-8)
    # One-sided, 95 %: half the chi-square quantile of 14 degrees of freedom, over n, but for terms of order p.
    assert found.upper == pytest.approx(stats.chi2.ppf(0.95, 14) / 2e6, rel=1e-5)
    assert found.interval == pytest.approx((2.2018973341e-06, 1.3059427926e-05), rel=1e-9)


@given(counts=COUNTS, confidence=CONFIDENCES)
@settings(max_examples=150, derandomize=True, deadline=None)
def test_bounds_are_those_of_the_library(counts, confidence):
    tests, failures = counts
    found = rate_bounds(tests, failures, confidence)
    ends = {side: stats.binomtest(failures, tests, alternative=side).proportion_ci(confidence) for side in
            ("less", "greater", "two-sided")}  # fmt: skip
    assert found.upper == pytest.approx(ends["less"].high, rel=1e-8)
    assert found.lower == pytest.approx(ends["greater"].low, rel=1e-8)
    assert found.interval == pytest.approx(tuple(ends["two-sided"]), rel=1e-8)
    assert found.interval[0] <= found.lower <= failures / tests <= found.upper <= found.interval[1]


@pytest.mark.parametrize("tests", [10**7, 10**9, 10**12])
@pytest.mark.parametrize("failures", [1, 5, 30, 50, 51, 999, 1000])
def test_bounds_leave_the_exact_error_also_where_the_library_is_wrong(failures, tests):
    # The library's beta quantile is off by 1e-8 for a few failures in 1e9 tests, and wrong for 1000 (scipy 1.17.1).
    found = rate_bounds(tests, failures)
    assert float(exact_chance(failures, tests, found.upper) / error_of(0.95)) == pytest.approx(1, rel=1e-9)
    assert float((1 - exact_chance(failures - 1, tests, found.lower)) / error_of(0.95)) == pytest.approx(1, rel=1e-9)


def test_bounds_rise_with_failures_and_confidence_and_fall_with_tests():
    uppers = [rate_bounds(100, failures).upper for failures in range(101)]
    lowers = [rate_bounds(100, failures).lower for failures in range(101)]
    assert np.all(np.diff(uppers) > 0)
    assert np.all(np.diff(lowers) > 0)
    assert np.all(np.diff([rate_bounds(tests, 3).upper for tests in range(4, 200)]) < 0)
    assert np.all(np.diff([rate_bounds(100, 3, confidence).upper for confidence in (0.5, 0.9, 0.95, 0.999999)]) > 0)


# The posterior


@given(counts=COUNTS, confidence=CONFIDENCES)
@settings(max_examples=150, derandomize=True, deadline=None)
def test_the_posterior_is_the_beta_distribution_of_jeffreys(counts, confidence):
    tests, failures = counts
    found = jeffreys(tests, failures, confidence)
    law = stats.beta(failures + 0.5, tests - failures + 0.5)
    assert found.mean == pytest.approx(law.mean(), rel=1e-12)
    assert (found.lower, found.upper) == pytest.approx(law.interval(confidence), rel=1e-8)


def test_the_posteriors_ends_stay_plain_quantiles_where_nothing_or_everything_failed():
    assert jeffreys(67_000, 0).lower == pytest.approx(7.3288466e-9, rel=1e-8)
    assert jeffreys(10, 0).lower > 0
    assert jeffreys(10, 10).upper < 1
    assert jeffreys(10, 10).upper == pytest.approx(1 - jeffreys(10, 0).lower, rel=1e-12)


def test_with_lots_the_posterior_counts_effective_tests_and_failures():
    # 1 + (11 - 1) 0.1 = 2: 22,000 tests with 1999 failures tell as much as 11,000 with 999.5. Beta(1000, b) is one that
    # the library inverts wrongly when b is large.
    found = jeffreys(22_000, 1999, lots=Lots(11, 0.1))
    assert (found.a, found.b) == pytest.approx((1000, 10_001), rel=1e-12)
    assert (found.lower, found.upper) == pytest.approx(stats.beta(1000, 10_001).interval(0.95), rel=1e-8)
    vast = jeffreys(22 * 10**9, 1999, lots=Lots(11, 0.1))
    assert vast.lower < vast.mean < vast.upper < 1.1 * vast.mean


# How many tests a claim needs


@pytest.mark.parametrize("confidence", [0.6, 0.95, 0.999])
@pytest.mark.parametrize("failures", [0, 1, 2, 6, 60])
@pytest.mark.parametrize("rate", [0.3, 1e-3, 6e-6, 3e-9])
def test_the_needed_number_of_tests_is_enough_and_one_less_is_not(rate, failures, confidence):
    needed = needed_tests(rate, failures, confidence)
    assert exact_chance(failures, needed, rate) <= error_of(confidence) < exact_chance(failures, needed - 1, rate)
    assert rate_bounds(needed, failures, confidence).upper <= rate * (1 + 1e-12)


def test_499_288_tests_without_a_failure_support_six_in_a_million():
    # log(0.05) / log(1 - 6e-6) = 499,287.2.
    assert needed_tests(6e-6) == math.ceil(math.log(0.05) / math.log1p(-6e-6)) == 499_288


def test_a_tie_is_enough():
    # (1 - 0.5)^2 = 1 - 0.75, and 0.9^2 = 1 - 0.19.
    assert needed_tests(0.5, 0, 0.75) == 2
    assert needed_tests(0.1, 0, 0.19) == 2


@pytest.mark.parametrize("failures", [0, 1, 7])
@pytest.mark.parametrize("lots", [Lots(500, 0.05), Lots(7, 0.9)])
def test_with_lots_the_needed_number_is_enough_and_one_less_is_not(failures, lots):
    needed = needed_tests(1e-4, failures, lots=lots)
    assert chance_of_at_most(failures, needed, 1e-4, lots) <= 0.05 < chance_of_at_most(failures, needed - 1, 1e-4, lots)
    assert needed > needed_tests(1e-4, failures)


# What is expected among many mines


@given(counts=COUNTS, mines=st.integers(1, 20_000), confidence=CONFIDENCES)
@settings(max_examples=100, derandomize=True, deadline=None)
def test_the_counts_forecast_are_quantiles_of_the_beta_binomial(counts, mines, confidence):
    posterior, bounds = jeffreys(*counts, confidence), rate_bounds(*counts, confidence)
    found = forecast(mines, posterior, bounds)
    tail = (1 - confidence) / 2
    law = stats.betabinom(mines, posterior.a, posterior.b)
    # The library sums 20,000 rounded terms.
    for count, share in ((found.fewest, tail), (found.most, 1 - tail)):
        assert law.cdf(count - 1) < share + 1e-8
        assert law.cdf(count) > share - 1e-8
    assert found.mean == pytest.approx(law.mean(), rel=1e-12)
    assert (found.lower, found.upper) == pytest.approx((mines * posterior.lower, mines * posterior.upper), rel=1e-12)
    assert found.at_upper_bound == mines * bounds.upper


@pytest.mark.parametrize("failures", [0, 3, 400])
def test_a_count_among_a_trillion_mines_is_poisson_with_a_gamma_rate(failures):
    # Rare failures: negative binomial with a = k + 1/2 and probability n / (n + N), but for terms of order 1e-9.
    found = forecast(10**12, jeffreys(10**12, failures), rate_bounds(10**12, failures))
    law = stats.nbinom(failures + 0.5, 0.5)
    assert (found.fewest, found.most) == (law.ppf(0.025), law.ppf(0.975))


def test_where_mines_are_many_more_than_tests_the_count_varies_as_the_rate_does():
    found = forecast(10**12, jeffreys(67_000, 0), rate_bounds(67_000, 0))
    assert (found.fewest, found.most) == pytest.approx((found.lower, found.upper), rel=1e-3)
    assert found.at_upper_bound == pytest.approx(44_711_422, abs=1)


def test_a_count_near_one_thousand_among_a_billion_is_not_lost():
    # A wrong quantile of Beta(1000, b) would show here. The posterior is so narrow that the count is Poisson.
    posterior = Posterior(1e9, 1e15, 1e-6, 1e-6, 1e-6, 0.95)
    found = forecast(10**9, posterior, rate_bounds(10**9, 1000))
    assert (found.fewest, found.most) == pytest.approx(stats.poisson(1000).interval(0.95), abs=1)


# Lots


@given(
    tests=st.integers(1, 40), size=st.integers(1, 12), failures=st.integers(0, 40), rate=st.floats(0.001, 0.999),
    correlation=st.floats(1e-6, 0.999),
)  # fmt: skip
@settings(max_examples=200, derandomize=True, deadline=None)
def test_chances_in_lots_are_those_of_lot_after_lot(tests, size, failures, rate, correlation):
    failures, lots = min(failures, tests), Lots(size, correlation)
    expected = chances_in_lots(tests, rate, lots)[: failures + 1].sum()
    assert chance_of_at_most(failures, tests, rate, lots) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize(("failures", "tests"), [(3, 407), (60, 1003), (300, 4000)])
def test_bounds_with_lots_leave_the_exact_error(failures, tests):
    lots = Lots(20, 0.15)
    found = rate_bounds(tests, failures, lots=lots)
    assert chances_in_lots(tests, found.upper, lots)[: failures + 1].sum() == pytest.approx(0.05, rel=1e-8)
    assert chances_in_lots(tests, found.lower, lots)[:failures].sum() == pytest.approx(0.95, rel=1e-8)
    low, high = found.interval
    assert chances_in_lots(tests, high, lots)[: failures + 1].sum() == pytest.approx(0.025, rel=1e-8)
    assert chances_in_lots(tests, low, lots)[:failures].sum() == pytest.approx(0.975, rel=1e-8)
    assert rate_bounds(tests, failures).upper < found.upper


def test_chances_of_a_trillion_lots_keep_their_digits():
    # Lots of two that share a failure with r: p r + p^2 (1 - r) both, 2 p q (1 - r) one. Three terms of the power.
    count, p, r = 10**12, 1e-12, 0.25
    with localcontext(prec=50):
        rate, apart = Decimal(p), 1 - Decimal(r)
        one, both = 2 * rate * (1 - rate) * apart, rate * Decimal(r) + rate * rate * apart
        none = 1 - one - both
        empty = (count * none.ln()).exp()
        h1, h2 = one / none, both / none
        expected = empty * (1 + count * h1 + count * h2 + Decimal(count) * (count - 1) / 2 * h1 * h1)
    assert chance_of_at_most(2, 2 * count, p, Lots(2, r)) == pytest.approx(float(expected), rel=1e-12)


def test_bounds_with_lots_cover_as_often_as_they_say_and_those_without_do_not(measured, drawn):
    # 4000 surveys of 30 lots of 20 and a rest of 7. Covering in less than 0.95 - 4 sqrt(0.95 * 0.05 / 4000) = 0.936 of
    # them happens by chance once in 30,000 times or more rarely.
    rng, rate, lots = np.random.default_rng(11), 0.05, Lots(20, 0.2)
    sizes = np.array([20] * 30 + [7])
    totals = rng.binomial(sizes, rng.beta(rate * 4, (1 - rate) * 4, (4000, 31))).sum(axis=1)
    seen, times = np.unique(totals, return_counts=True)

    def coverage(lots):
        found = [rate_bounds(607, int(failures), lots=lots) for failures in seen]
        return [times[[inside(one) for one in found]].sum() / 4000 for inside in
                (lambda one: rate <= one.upper, lambda one: one.lower <= rate)]  # fmt: skip

    shares = coverage(lots)
    # Counts are many: the bounds are not far too wide.
    for side, share in zip(("upper", "lower"), shares, strict=True):
        covered = round(4000 * share)
        measured("covered of 4,000", covered, at_least=3745, at_most=3879)
        drawn("coverage", interval=f"{side} bound with lots", covered=covered, repeats=4000, says=0.95)
    measured("share covered by bounds without lots", max(coverage(None)), at_most=0.85)


@pytest.mark.parametrize(("tests", "failures"), [(500, 0), (500, 3), (503, 60)])
def test_without_correlation_lots_do_not_matter(tests, failures):
    independent = rate_bounds(tests, failures)
    assert rate_bounds(tests, failures, lots=Lots(50, 0)) == independent
    assert rate_bounds(tests, failures, lots=Lots(1, 0.5)) == independent
    nearly = rate_bounds(tests, failures, lots=Lots(50, 1e-10))
    assert nearly.upper == pytest.approx(independent.upper, rel=1e-7)
    assert nearly.lower == pytest.approx(independent.lower, rel=1e-7)


@pytest.mark.parametrize("failed_lots", [0, 1, 9])
def test_with_full_correlation_a_lot_is_a_single_test(failed_lots):
    lots = Lots(50, 1 - 1e-10)
    found, single = rate_bounds(1000, 50 * failed_lots, lots=lots), rate_bounds(20, failed_lots)
    assert found.upper == pytest.approx(single.upper, rel=1e-7)
    assert found.lower == pytest.approx(single.lower, rel=1e-7)
    # A failure less than a full lot's says as much as a lot less.
    assert rate_bounds(1000, 50 * failed_lots + 49, lots=lots).upper == pytest.approx(single.upper, rel=1e-7)


def test_without_a_failure_more_correlation_proves_less():
    uppers = [rate_bounds(67_000, 0, lots=Lots(500, r)).upper for r in (0, 1e-4, 0.01, 0.05, 0.3, 0.9, 0.9999)]
    assert np.all(np.diff(uppers) > 0)
    larger = [rate_bounds(67_000, 0, lots=Lots(size, 0.05)).upper for size in (1, 2, 50, 500, 67_000, 10**6)]
    assert np.all(np.diff(larger[:-1]) > 0)
    # There is one lot in both.
    assert larger[-1] == larger[-2]


def test_chances_in_lots_fall_with_rate_and_tests():
    lots = Lots(9, 0.3)
    assert np.all(np.diff([chance_of_at_most(4, 100, rate, lots) for rate in np.linspace(0, 1, 40)]) <= 0)
    assert np.all(np.diff([chance_of_at_most(4, tests, 0.05, lots) for tests in range(4, 80)]) < 0)


def test_what_cannot_happen_has_no_chance_and_what_must_has_all():
    lots = Lots(10**6, 1e-6)
    assert chance_of_at_most(3000, 8 * 10**6 + 5, 0.5, lots) == 0
    for one in (None, lots):
        assert chance_of_at_most(10, 10, 0.9, one) == 1
        assert chance_of_at_most(3, 10, 0.0, one) == 1
        assert chance_of_at_most(3, 10, 1.0, one) == 0


@pytest.mark.parametrize(("tests", "size"), [(40, 8), (45, 8), (5, 8)])
def test_the_design_effect_is_the_ratio_of_variances(tests, size):
    chances, counts = chances_in_lots(tests, 0.2, Lots(size, 0.3)), np.arange(tests + 1)
    variance = chances @ np.square(counts) - (chances @ counts) ** 2
    assert design_effect(tests, Lots(size, 0.3)) == pytest.approx(variance / (tests * 0.2 * 0.8), rel=1e-10)
    assert design_effect(tests, None) == 1


def test_the_design_effect_of_full_lots():
    assert design_effect(67_000, Lots(500, 0.05)) == pytest.approx(1 + 499 * 0.05, rel=1e-14)


# What is refused


@pytest.mark.parametrize(
    ("tests", "failures"),
    [(0, 0), (10, 11), (10, -1), (math.nan, 0), (10, math.nan), (10, 0.5), (10.5, 1), (math.inf, 0)],
)
def test_impossible_counts_are_refused(tests, failures):
    for refuse in (rate_bounds, jeffreys, lambda n, k: chance_of_at_most(k, n, 0.1)):
        with pytest.raises(ValueError, match="needs whole numbers, 0 <= failures <= tests"):
            refuse(tests, failures)


@pytest.mark.parametrize("confidence", [0, 1, -0.1, math.nan, 0.999999999])
def test_a_confidence_that_leaves_no_error_is_refused(confidence):
    for refuse in (
        lambda: rate_bounds(10, 1, confidence),
        lambda: jeffreys(10, 1, confidence),
        lambda: needed_tests(0.1, 0, confidence),
    ):
        with pytest.raises(ValueError, match=r"a confidence must be from 0\.01 to 0\.99999999"):
            refuse()


@pytest.mark.parametrize("rate", [0, 1, -1, 1e-16, math.nan])
def test_a_claim_that_no_tests_can_support_is_refused(rate):
    with pytest.raises(ValueError, match="a claimed rate must be at least 1e-15 and below 1"):
        needed_tests(rate)


@pytest.mark.parametrize("rate", [-0.1, 1.1, math.nan])
def test_a_rate_that_is_no_probability_is_refused(rate):
    with pytest.raises(ValueError, match="a rate must be from 0 to 1"):
        chance_of_at_most(1, 10, rate)


@pytest.mark.parametrize(
    ("size", "correlation"), [(0, 0.1), (2.5, 0.1), (10**7, 0.1), (math.nan, 0.1), (5, 1), (5, -0.1), (5, math.nan)]
)
def test_impossible_lots_are_refused(size, correlation):
    with pytest.raises(ValueError, match=r"a lot needs a whole number|a correlation must be at least 0 and below 1"):
        Lots(size, correlation)


def test_too_many_failures_for_lots_are_refused():
    with pytest.raises(ValueError, match="with lots, at most 3000 failures"):
        rate_bounds(10**6, 3001, lots=Lots(10, 0.1))
    assert rate_bounds(10**6, 3001, lots=Lots(10, 0)).upper > 0.003


@pytest.mark.parametrize("mines", [0, -1, 1.5, 10**12 + 1, math.nan])
def test_impossible_numbers_of_mines_are_refused(mines):
    with pytest.raises(ValueError, match="needs a whole number of 1 to 1e12 mines"):
        forecast(mines, jeffreys(10, 1), rate_bounds(10, 1))


def test_bounds_need_no_library_of_distributions():
    program = "import sys, simulator.demonstration; sys.exit('scipy.stats' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
