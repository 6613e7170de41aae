"""Every time law against another implementation (scipy.stats), against closed forms, and far out in the tails."""

import math
from decimal import Decimal, getcontext
from itertools import pairwise

import numpy as np
import pytest
from building import exponential, fixed, gamma, lognormal, normal, piecewise, uniform, weibull
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from simulator import lifetimes
from simulator.laws import Never, Normal
from simulator.lifetimes import (
    density,
    hazard,
    inverse_survival,
    log_survival,
    quadrature_edges,
    survival,
    survival_before,
)

PAIRS = [
    (exponential(50), stats.expon(scale=50)),
    (weibull(0.7, 90), stats.weibull_min(0.7, scale=90)),
    (weibull(1, 26), stats.weibull_min(1, scale=26)),
    (weibull(4, 81.9), stats.weibull_min(4, scale=81.9)),
    (weibull(8, 99.3), stats.weibull_min(8, scale=99.3)),
    (lognormal(30, 0.05), stats.lognorm(0.05, scale=30)),
    (lognormal(30, 0.8), stats.lognorm(0.8, scale=30)),
    (lognormal(365, 2.5), stats.lognorm(2.5, scale=365)),
    (gamma(0.3, 50), stats.gamma(0.3, scale=50)),
    (gamma(2.5, 30), stats.gamma(2.5, scale=30)),
    (gamma(200, 0.1), stats.gamma(200, scale=0.1)),
    (normal(15, 1), stats.truncnorm(-15, np.inf, 15, 1)),
    (normal(20, 40), stats.truncnorm(-0.5, np.inf, 20, 40)),
    (normal(0, 10), stats.halfnorm(scale=10)),
    (uniform(10, 90), stats.uniform(10, 80)),
    (uniform(0, 1), stats.uniform(0, 1)),
]
CONTINUOUS = [law for law, _ in PAIRS]
RESIDUE = piecewise((10, 0.8), (60, 0.3), (90, 0.1))
PLATEAU = piecewise((10, 1), (30, 0.6), (120, 0.6), (200, 0))
DEFECTIVE = [Never(), piecewise((30, 0.5)), RESIDUE]
EVERY = [*CONTINUOUS, *DEFECTIVE, PLATEAU, fixed(14)]
# From one in 1e15 gone to one in 1e12 left.
SHARES = np.concatenate([1 - np.logspace(-15, -1, 29), np.linspace(0.9, 0.1, 33), np.logspace(-1, -12, 34)])

each_pair = pytest.mark.parametrize(("law", "other"), PAIRS, ids=[str(law) for law, _ in PAIRS])
every_law = pytest.mark.parametrize("law", EVERY, ids=str)


def times_of(other):
    # Where a law has an end, a rounded time cannot tell how little is left just before it: one in 100,000 and no less.
    ends = other.support()[1] < np.inf
    return np.unique(other.isf(SHARES[SHARES >= 1e-5] if ends else SHARES))


def isf_of(law, other, shares):
    if isinstance(law, Normal) and law.mean > 0:
        # The share left of a law cut off at 0 is a share of what lay above 0. (truncnorm.isf searches, to 1e-7.)
        return stats.norm.isf(shares * stats.norm.cdf(law.mean / law.sd), law.mean, law.sd)
    return other.isf(shares)


@each_pair
def test_survival_agrees_with_scipy(law, other, measured):
    at = times_of(other)
    measured("largest relative difference", np.abs(survival(law, at) / other.sf(at) - 1).max(), at_most=1e-10)


@each_pair
def test_log_survival_agrees_with_scipy(law, other):
    at = times_of(other)
    # Where one in 1e15 is gone, log S is known to the last digit of S and no better: 2e-16.
    np.testing.assert_allclose(log_survival(law, at), other.logsf(at), rtol=1e-10, atol=2e-16)


@each_pair
def test_density_agrees_with_scipy(law, other):
    at = times_of(other)
    at = at[(at > other.support()[0]) & (at < other.support()[1])]
    np.testing.assert_allclose(density(law, at), other.pdf(at), rtol=1e-9)


@each_pair
def test_hazard_is_density_over_survival(law, other):
    at = times_of(other)
    at = at[(at > other.support()[0]) & (at < other.support()[1])]
    np.testing.assert_allclose(hazard(law, at), other.pdf(at) / other.sf(at), rtol=1e-9)


@each_pair
def test_inverse_survival_agrees_with_scipy(law, other, measured):
    shares = SHARES[SHARES <= 1 - 1e-9]
    off = np.abs(inverse_survival(law, shares) / isf_of(law, other, shares) - 1).max()
    measured("largest relative difference", off, at_most=1e-8)


@each_pair
def test_a_law_of_another_scale_is_told_apart(law, other):
    # The negative control of the comparisons above: time stretched by one part in a million.
    at = times_of(other)
    assert not np.allclose(survival(law, at * (1 + 1e-6)), other.sf(at), rtol=1e-10, atol=0)
    found = isf_of(law, other, SHARES) * (1 + 1e-6)
    assert not np.allclose(inverse_survival(law, SHARES), found, rtol=1e-8, atol=0)


LASTING = [law for law in EVERY if law != fixed(0)]


@pytest.mark.parametrize("law", LASTING, ids=str)
def test_everything_works_at_and_before_laying(law):
    before = np.array([-np.inf, -1e9, -1.0, -1e-300, 0.0])
    np.testing.assert_array_equal(survival(law, before), 1.0)
    np.testing.assert_array_equal(log_survival(law, before), 0.0)
    np.testing.assert_array_equal(density(law, before[:-1]), 0.0)


@every_law
def test_survival_never_rises_and_stays_a_probability(law):
    at = np.unique(np.concatenate([np.linspace(0, 300, 2001), np.logspace(-12, 7, 400)]))
    left = survival(law, at)
    assert np.all(np.diff(left) <= 0)
    assert np.all((left >= 0) & (left <= 1))


@every_law
def test_no_law_has_a_negative_or_endless_density_or_hazard(law):
    at = np.concatenate([[0.0], np.logspace(-12, 7, 400)])
    for values in (density(law, at), hazard(law, at)):
        assert np.all(np.isfinite(values))
        assert np.all(values >= 0)


@pytest.mark.parametrize("law", CONTINUOUS, ids=str)
def test_survival_at_the_inverse_of_a_share_is_that_share(law):
    shares = np.concatenate([SHARES, [1.0, 2.0**-53, 1 - 2.0**-53, 1e-100]])
    found = inverse_survival(law, shares)
    # A rounded time moves S by up to t f eps; the rest is the rounding of the functions, and of 1 - S near 1.
    slack = np.maximum(1e-12, 4 * np.finfo(float).eps * found * hazard(law, found))
    assert np.all(np.abs(survival(law, found) - shares) <= slack * shares + 2e-16)


@given(shape=st.floats(0.25, 20), scale=st.floats(1e-3, 1e5), share=st.floats(1e-12, 1 - 1e-9))
@settings(max_examples=200, derandomize=True, deadline=None)
def test_the_round_trip_holds_for_any_shape_and_scale(shape, scale, share):
    laws = (weibull(shape, scale), gamma(shape, scale), lognormal(scale, 1 / shape), normal(scale, scale / shape))
    for law in laws:
        at = inverse_survival(law, np.array([share]))
        assert survival(law, at)[0] == pytest.approx(share, rel=1e-8, abs=0)


@every_law
def test_inverse_survival_falls_with_the_share_and_leaves_its_argument_alone(law):
    shares = np.sort(SHARES)
    given_shares = shares.copy()
    found = inverse_survival(law, given_shares)
    assert np.all(found[1:] <= found[:-1])
    assert np.all(found >= 0)
    np.testing.assert_array_equal(given_shares, shares)


@pytest.mark.parametrize("law", CONTINUOUS, ids=str)
def test_the_density_integrates_to_one(law):
    # Over the logarithm of time: smooth for every law, also where the density has a pole at 0.
    first, last = inverse_survival(law, np.array([1 - 1e-13, 1e-15]))
    middle = inverse_survival(law, np.array([0.9999, 0.99, 0.9, 0.5, 0.1, 0.01, 1e-4, 1e-8]))
    edges = np.log(np.unique([max(first, 1e-80), *middle, last]))
    parts = [
        integrate.quad(lambda y: math.exp(y) * density(law, np.array([math.exp(y)]))[0], low, high, epsabs=1e-13)[0]
        for low, high in pairwise(edges)
    ]
    # Below the first edge 1e-13 of all lifetimes are left out, and what the pole at 0 hides below 1e-80 days.
    assert sum(parts) == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("law", [PLATEAU, *DEFECTIVE[1:]], ids=str)
def test_a_piecewise_density_integrates_to_what_ends(law):
    times, shares = lifetimes.piecewise_points(law)
    middle = (times[1:] + times[:-1]) / 2
    assert density(law, middle) @ np.diff(times) == pytest.approx(1 - shares[-1], rel=1e-14)
    assert survival(law, np.array([1e300]))[0] == shares[-1]


def log_normal_tail(z):
    """log Q(z) of the standard normal, z >= 10, from Q(z) = phi(z) / z (1 - 1/z2 + 3/z4 - 15/z6 + ...), to 1e-20."""
    getcontext().prec = 50
    z = Decimal(z)
    term, total, k = Decimal(1), Decimal(1), 0
    while k < 30:
        k += 1
        term *= -(2 * k - 1) / (z * z)
        total += term
    pi = Decimal("3.14159265358979323846264338327950288419716939937510")
    return float(-z * z / 2 - (z * (2 * pi).sqrt()).ln() + total.ln())


@pytest.mark.parametrize("z", [20, 38, 100, 1000])
def test_normal_and_lognormal_tails_are_right_where_survival_is_below_any_number(z):
    at = np.array([15.0 + z])
    np.testing.assert_allclose(log_survival(normal(15, 1), at), log_normal_tail(z), rtol=1e-13)
    at = np.array([30 * math.exp(0.5 * z)])
    np.testing.assert_allclose(log_survival(lognormal(30, 0.5), at), log_normal_tail(z), rtol=1e-12)


@pytest.mark.parametrize("at", [1e-9, 1.0, 1e5, 1e9])
def test_exponential_and_weibull_tails_are_their_formulas(at):
    when = np.array([at])
    assert log_survival(exponential(50), when)[0] == -at / 50
    for shape in (0.5, 1, 3, 8):
        assert log_survival(weibull(shape, 90), when)[0] == pytest.approx(-((at / 90) ** shape), rel=1e-14, abs=0)


@pytest.mark.parametrize("scaled", [30.0, 700.0, 800.0, 2000.0, 1e5])
def test_the_gamma_tail_is_right_where_survival_is_below_any_number(scaled):
    # Shape 3: S = exp(-x) (1 + x + x2 / 2), by parts twice.
    expected = -scaled + math.log1p(scaled + scaled * scaled / 2)
    assert log_survival(gamma(3, 1), np.array([scaled]))[0] == pytest.approx(expected, rel=1e-12, abs=0)


def test_the_gamma_tail_is_right_to_all_digits_beside_what_is_no_tail():
    # A whole shape n: S = exp(-x) (1 + x + x2 / 2 + ... + x^(n-1) / (n-1)!), by parts n - 1 times.
    getcontext().prec = 60
    term = total = Decimal(1)
    for k in range(1, 400):
        term *= Decimal(1700) / k
        total += term
    expected = float(total.ln() - 1700)
    near, far = log_survival(gamma(400, 1), np.array([1.0, 1700.0]))
    assert near == pytest.approx(0.0, abs=1e-300)
    assert far == pytest.approx(expected, abs=5e-11)
    assert log_survival(gamma(400, 1), np.array(1700.0)) == far


def test_a_tail_too_long_for_a_number_is_minus_infinity_without_a_word():
    assert log_survival(weibull(20, 1), np.array([1e40]))[0] == -np.inf
    assert survival(weibull(20, 1), np.array([1e40]))[0] == 0


@pytest.mark.parametrize("scaled", [1e-3, 1e-6, 1e-9])
def test_the_gamma_law_is_right_where_hardly_any_lifetime_has_ended(scaled):
    # Shape 3: 1 - S = x3 / 6 - x4 / 8 + x5 / 20 - ..., and log S = -(1 - S) but for its square, below 1e-17 of it here.
    ended = scaled**3 * (1 / 6 - scaled / 8 + scaled**2 / 20 - scaled**3 / 72)
    assert log_survival(gamma(3, 1), np.array([scaled]))[0] == pytest.approx(-ended, rel=1e-9, abs=0)


@pytest.mark.parametrize("at", [1.0, 3.0, 5.0])
def test_a_normal_law_is_right_where_hardly_any_lifetime_has_ended(at):
    # P(X < t | X > 0) of a normal law 15 to 11 sd above t: the lower tail less what the truncation takes away.
    ended = math.exp(log_normal_tail(15 - at)) - math.exp(log_normal_tail(15))
    assert log_survival(normal(15, 1), np.array([at]))[0] == pytest.approx(-ended, rel=1e-9, abs=0)


def test_a_weibull_law_of_shape_one_is_exponential_and_so_is_gamma():
    at = np.logspace(-6, 4, 50)
    for law in (weibull(1, 50), gamma(1, 50)):
        np.testing.assert_allclose(survival(law, at), survival(exponential(50), at), rtol=1e-12)
        np.testing.assert_allclose(density(law, at), density(exponential(50), at), rtol=1e-12)
    np.testing.assert_allclose(hazard(exponential(50), np.array([0.0, 1.0, 500.0, 30_000.0])), 1 / 50, rtol=1e-12)


def test_the_hazard_of_a_weibull_law_is_a_power_of_time():
    at = np.array([1.0, 10.0, 81.9, 150.0])
    np.testing.assert_allclose(hazard(weibull(4, 81.9), at), 4 / 81.9 * (at / 81.9) ** 3, rtol=1e-12)
    assert hazard(weibull(4, 81.9), np.array([1e6]))[0] == 0.0


def test_a_fixed_lifetime_ends_on_its_day_not_before():
    law = fixed(14)
    at = np.array([0.0, np.nextafter(14, 0), 14.0, 15.0, np.inf])
    np.testing.assert_array_equal(survival(law, at), [1, 1, 0, 0, 0])
    np.testing.assert_array_equal(log_survival(law, at), [0, 0, -np.inf, -np.inf, -np.inf])
    np.testing.assert_array_equal(density(law, at), 0.0)
    np.testing.assert_array_equal(hazard(law, at), 0.0)
    np.testing.assert_array_equal(inverse_survival(law, np.array([1e-9, 0.5, 1.0])), 14.0)


def test_just_before_a_time_only_a_law_that_ends_on_it_has_more_left():
    at = np.array([0.0, 13.0, 14.0, 15.0])
    np.testing.assert_array_equal(survival_before(fixed(14), at), [1, 1, 1, 0])
    for law in (exponential(50), PLATEAU, Never()):
        np.testing.assert_array_equal(survival_before(law, at), survival(law, at))


def test_the_density_on_the_day_of_laying_is_its_limit_or_nothing_where_that_is_endless():
    at = np.array([0.0])
    for law in (weibull(0.7, 90), gamma(0.3, 50), lognormal(30, 0.8), weibull(4, 81.9)):
        assert density(law, at)[0] == 0
    for law, limit in ((exponential(50), 1 / 50), (weibull(1, 26), 1 / 26), (gamma(1, 50), 1 / 50)):
        assert density(law, at)[0] == pytest.approx(limit, rel=1e-14)


def test_a_uniform_density_stands_from_its_low_end_up_to_its_high_end():
    at = np.array([9.999, 10.0, 50.0, 89.999, 90.0, 91.0])
    np.testing.assert_allclose(density(uniform(10, 90), at), [0, 1 / 80, 1 / 80, 1 / 80, 0, 0], rtol=1e-14)


def test_whole_days_are_as_good_as_real_ones():
    at = np.array([0, 1, 20, 75])
    for law in EVERY:
        for function in (survival, log_survival, density, hazard):
            np.testing.assert_array_equal(function(law, at), function(law, at.astype(float)))


def test_a_lifetime_of_zero_days_is_over_at_once():
    np.testing.assert_array_equal(survival(fixed(0), np.array([0.0, 1.0])), 0.0)
    np.testing.assert_array_equal(inverse_survival(fixed(0), np.array([0.5])), 0.0)


def test_what_never_happens_leaves_everything_for_ever():
    at = np.array([0.0, 1.0, 1e9, np.inf])
    np.testing.assert_array_equal(survival(Never(), at), 1.0)
    np.testing.assert_array_equal(log_survival(Never(), at), 0.0)
    np.testing.assert_array_equal(density(Never(), at), 0.0)
    np.testing.assert_array_equal(inverse_survival(Never(), np.array([1e-300, 0.5, 1.0])), np.inf)
    assert quadrature_edges(Never()).size == 0


def test_a_defective_law_never_ends_for_the_share_that_is_left():
    # 0.8 at day 10, 0.3 at day 60, 0.1 from day 90 on.
    found = inverse_survival(RESIDUE, np.array([1.0, 0.9, 0.8, 0.55, 0.3, 0.2, 0.1, 0.0999, 1e-9]))
    np.testing.assert_allclose(found, [0, 5, 10, 35, 60, 75, 90, np.inf, np.inf], rtol=1e-14)
    np.testing.assert_allclose(survival(RESIDUE, np.array([5.0, 35.0, 75.0, 90.0, 1e6])), [0.9, 0.55, 0.2, 0.1, 0.1])
    assert log_survival(RESIDUE, np.array([1e9]))[0] == pytest.approx(math.log(0.1), rel=1e-15)


def test_a_piecewise_law_begins_at_day_zero_with_all_whether_that_is_said_or_not():
    said, unsaid = piecewise((0, 1), (0.5, 0.8), (10, 0.4)), piecewise((0.5, 0.8), (10, 0.4))
    for law in (said, unsaid):
        times, shares = lifetimes.piecewise_points(law)
        assert (times.tolist(), shares.tolist()) == ([0, 0.5, 10], [1, 0.8, 0.4])
        np.testing.assert_allclose(survival(law, np.array([0.25, 0.5])), [0.9, 0.8], rtol=1e-14)
        np.testing.assert_allclose(density(law, np.array([0.25, 1.0, 11.0])), [0.4, 0.4 / 9.5, 0], rtol=1e-14)


def test_a_plateau_stands_still_and_nothing_ends_on_it():
    # 1 until day 10, 0.6 from day 30 to day 120, 0 at day 200.
    at = np.array([10.0, 20.0, 30.0, 75.0, 120.0, 160.0, 200.0, 300.0])
    np.testing.assert_allclose(survival(PLATEAU, at), [1, 0.8, 0.6, 0.6, 0.6, 0.3, 0, 0], rtol=1e-14)
    np.testing.assert_allclose(density(PLATEAU, at), [0.02, 0.02, 0, 0, 0.0075, 0.0075, 0, 0], rtol=1e-14)
    found = inverse_survival(PLATEAU, np.array([1.0, 0.8, 0.6 + 1e-12, 0.6 - 1e-12, 0.3, 1e-12]))
    np.testing.assert_allclose(found, [0, 20, 30, 120, 160, 200], atol=1e-9)
    (edge,) = inverse_survival(PLATEAU, np.array([0.6]))
    assert 30 <= edge <= 120


@every_law
def test_quadrature_edges_rise_and_hold_the_whole_law(law):
    edges = np.unique(quadrature_edges(law))
    assert np.all(np.isfinite(edges))
    assert np.all(edges >= 0)
    if edges.size:
        outside = 1 - survival(law, edges[:1]) + survival(law, edges[-1:]) - survival(law, np.array([np.inf]))
        # A fixed lifetime is one jump, before its edge; of the others 9 sd are inside: all but the rounding of 1.
        assert outside[0] <= (1.0 if law == fixed(14) else 1e-15)


# Where panels break: mean +- {1, 2, 3, 4, 6, 9} sd, and the same quantiles of laws that are not normal.
SDS = np.array([-9, -6, -4, -3, -2, -1, 0, 1, 2, 3, 4, 6, 9])
QUANTILES = stats.norm.sf(SDS)


def test_panels_break_where_a_law_jumps_or_bends_and_at_its_quantiles():
    np.testing.assert_array_equal(quadrature_edges(fixed(14)), [14])
    np.testing.assert_array_equal(quadrature_edges(uniform(10, 90)), [10, 90])
    np.testing.assert_array_equal(quadrature_edges(RESIDUE), [0, 10, 60, 90])
    np.testing.assert_array_equal(quadrature_edges(normal(15, 1)), 15 + SDS)
    np.testing.assert_array_equal(quadrature_edges(normal(20, 40)), [0, 0, 0, 0, 0, 0, 20, 60, 100, 140, 180, 260, 380])
    np.testing.assert_allclose(quadrature_edges(exponential(50)), -50 * np.log(QUANTILES), rtol=1e-12)


@pytest.mark.parametrize("law", [weibull(0.7, 90), weibull(4, 81.9), lognormal(365, 2.5), gamma(0.3, 50)], ids=str)
def test_panels_of_a_law_with_a_pole_or_a_long_tail_at_most_double(law):
    # From 0, all quantiles, and as many equal steps of the logarithm between two of them as keep ratios to two.
    quantiles = dict(zip(CONTINUOUS, PAIRS, strict=True))[law][1].isf(QUANTILES)
    # What lies 9 sd from the middle cannot be told from share 1, which is day 0.
    quantiles = quantiles[quantiles > 0]
    expected = [0.0]
    for low, high in pairwise(quantiles):
        steps = math.ceil(math.log2(high / low))
        expected += [low * (high / low) ** (step / steps) for step in range(steps)]
    np.testing.assert_allclose(quadrature_edges(law), [*expected, quantiles[-1]], rtol=1e-7)


def test_panels_of_a_law_beyond_all_numbers_stay_within_them():
    # Quantiles exp(65 z) times the median: those at 6 and 9 sd, 1e+-169 days and beyond, are left out.
    edges = quadrature_edges(lognormal(30, 65))
    assert edges[0] == 0
    assert edges[1] == pytest.approx(30 * math.exp(-260), rel=1e-9, abs=0)
    assert edges[-1] == pytest.approx(30 * math.exp(260), rel=1e-9)


@pytest.mark.parametrize("law", [law for law in CONTINUOUS if getattr(law, "shape", 1) >= 1], ids=str)
def test_sixteen_points_between_the_edges_integrate_a_law_without_a_pole(law):
    edges = np.unique(np.concatenate([[0.0], quadrature_edges(law)]))
    nodes, weights = np.polynomial.legendre.leggauss(16)
    half = np.diff(edges)[:, None] / 2
    at = edges[:-1, None] + half * (1 + nodes)
    assert (density(law, at) * weights * half).sum() == pytest.approx(1.0, abs=1e-8)
    mean = (survival(law, at) * weights * half).sum()
    assert mean == pytest.approx(dict(zip(CONTINUOUS, PAIRS, strict=True))[law][1].mean(), rel=1e-8)


@every_law
def test_every_function_keeps_the_shape_it_is_given(law):
    for shape in ((), (1,), (2, 3)):
        at = np.full(shape, 20.0)
        for function in (survival, log_survival, density, hazard):
            assert np.shape(function(law, at)) == shape
        assert np.shape(inverse_survival(law, np.full(shape, 0.5))) == shape
