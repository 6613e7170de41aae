"""Draws of what fits: conjugate and brute-force posteriors, ridges, alarms that ring, and naive forecasts."""

from datetime import date

import numpy as np
import pytest
from scipy import special, stats

from simulator.calibration_posterior import posterior
from simulator.calibration_problem import Axis, Calibration, value_at
from simulator.calibration_profile import fitted
from simulator.casualty_record import CasualtyRecord
from simulator.convergence import effective_draws, effective_weights, split_r_hat, tail_shape
from simulator.count_likelihood import log_mass
from simulator.identifiability import ties
from simulator.naive_forecast import last_value, log_linear_trend
from simulator.response_surface import spaced, surface
from simulator.walkers import walked

N = 16
YEARS = np.arange(N)
LEVEL, MEAN = Axis("level", 1.0, 1e4, logarithmic=True), Axis("mean", 0.5, 200.0, logarithmic=True)
FACTOR = Axis("factor", 0.01, 100.0, logarithmic=True)
COUNTS = np.array([188.0, 150, 172, 120, 90, 101, 60, 80, 44, 50, 31, 40, 22, 30, 18, 12])


def problem_of(axes, curve, **more):
    none = np.zeros(N, dtype=bool)
    return Calibration(COUNTS, none, ~none, axes, curve, **more)


def drawn(problem, count=1000, seed=1):
    return posterior(fitted(problem, np.full(len(problem.names), 0.5), seed), count, seed)


@pytest.fixture(scope="module")
def plain():
    """The fit and the draws of a level and a mean, which the record tells apart."""
    fit = fitted(problem_of((LEVEL, MEAN), decay), np.full(3, 0.5), 1)
    return fit, posterior(fit, 1000, 1)


def one_rate():
    days = np.linspace(0.5, 1.5, N)
    curve = lambda u: np.log(value_at(LEVEL, u[0]) * days)  # noqa: E731
    return problem_of((LEVEL,), curve, proportional=(True,), spread=False), days


@pytest.fixture(scope="module")
def of_one_rate():
    return drawn(one_rate()[0])


def decay(u):
    return np.log(value_at(LEVEL, u[0])) - YEARS / value_at(MEAN, u[1])


def test_one_poisson_rate_has_the_gamma_posterior_of_its_conjugate_prior(of_one_rate):
    found, days = of_one_rate, one_rate()[1]
    rates = value_at(LEVEL, found.curve[:, 0])
    # Even in the logarithm is a gamma prior of shape 0. Draws of 1,000: the test rejects a right program once in 1,000.
    assert stats.kstest(rates, stats.gamma(COUNTS.sum(), scale=1 / days.sum()).cdf).pvalue > 1e-3
    assert stats.kstest(rates, stats.gamma(0.98 * COUNTS.sum(), scale=1 / days.sum()).cdf).pvalue < 1e-3
    assert found.converged
    assert found.exact_curves < 5


def test_level_mean_and_dispersion_have_the_posterior_of_a_sum_over_a_grid(plain):
    found = plain[1]
    u = [np.linspace(0.5, 0.65, 81), np.linspace(0.34, 0.6, 81)]
    root = np.linspace(0.0, 0.6, 61)[1:]
    log_means = (
        np.log(value_at(LEVEL, u[0]))[:, None, None, None]
        - YEARS / value_at(MEAN, u[1])[None, :, None, None]
    )  # fmt: skip
    height = np.concatenate(
        [log_mass(COUNTS, np.exp(log_means), a * a).sum(axis=-1) - a * a / 2 for a in root], axis=-1
    )
    weight = np.exp(height - special.logsumexp(height))
    marginals = [weight.sum(axis=(1, 2)), weight.sum(axis=(0, 2)), weight.sum(axis=(0, 1))]
    samples = [found.curve[:, 0], found.curve[:, 1], np.sqrt(found.dispersion)]
    for grid, marginal, sample in zip((*u, root), marginals, samples, strict=True):
        mean = float(grid @ marginal)
        spread = float(np.sqrt(np.square(grid - mean) @ marginal))
        # Five standard errors of 1,000 draws that are worth at least 400.
        assert sample.mean() == pytest.approx(mean, abs=5 * spread / 20)
        assert sample.std() == pytest.approx(spread, rel=0.2)
    assert found.converged
    assert found.means.shape == (1000, N)


def test_draws_fill_a_ridge_from_bound_to_bound_and_are_said_not_to_be_told_apart(plain):
    problem = problem_of((LEVEL, MEAN, FACTOR), lambda u: decay(u) + np.log(value_at(FACTOR, u[2])))
    fit = fitted(problem, np.full(4, 0.5), 1)
    found = posterior(fit, 400, 1)
    assert found.converged
    product = np.log(value_at(LEVEL, found.curve[:, 0]) * value_at(FACTOR, found.curve[:, 2]))
    assert product.std() == pytest.approx(np.log(value_at(LEVEL, plain[1].curve[:, 0])).std(), rel=0.25)
    # With the level within 1 to 10,000 and the product near 200, the factor is even over 0.02 to 100.
    even = stats.uniform(np.log(0.02), np.log(100 / 0.02))
    assert stats.kstest(np.log(value_at(FACTOR, found.curve[:, 2])), even.cdf).statistic < 0.15
    (tie,) = ties(fit, found)
    assert (tie.names, tie.weak, tie.together) == (("level", "factor"), False, False)
    assert ties(*plain) == ()


def test_the_same_seed_gives_the_same_draws_and_another_seed_others(of_one_rate):
    again, other = (drawn(one_rate()[0], seed=seed) for seed in (1, 2))
    assert (of_one_rate.curve == again.curve).all()
    assert not (of_one_rate.curve == other.curve).any()


# The parts


def test_walkers_on_a_bent_ridge_find_its_moments():
    def log_density(x):
        a, b = 40.0 * (x[:, 0] - 0.5), 40.0 * (x[:, 1] - 0.5)
        return -0.5 * (a * a + np.square((b - a * a + 1.0) / 0.3))

    rng = np.random.default_rng(1)
    start = 0.48 + 0.04 * rng.random((4, 32, 2))
    chain = walked(log_density, walked(log_density, start, 500, rng, 500)[-1], 2000, rng, 10)
    a, b = (40.0 * (chain[..., place].ravel() - 0.5) for place in (0, 1))
    # a is standard normal (its bounds of 20 do not matter), b is a^2 - 1 with a little noise.
    assert a.mean() == pytest.approx(0.0, abs=0.1)
    assert a.std() == pytest.approx(1.0, abs=0.07)
    assert b.mean() == pytest.approx(0.0, abs=0.15)
    assert split_r_hat(chain[..., 0].transpose(0, 2, 1).reshape(-1, 4)) < 1.01


def test_chains_that_do_not_agree_are_found_out():
    rng = np.random.default_rng(1)
    chains = rng.normal(size=(1000, 4))
    assert split_r_hat(chains) < 1.01
    assert split_r_hat(chains + np.array([0.0, 0.0, 0.0, 1.0])) > 1.05
    wide = chains * np.array([1.0, 1.0, 1.0, 3.0])
    # Means agree, spreads do not: only the folded ranks see it.
    assert split_r_hat(wide) > 1.05


def test_effective_draws_of_a_chain_with_memory_are_those_of_its_autocorrelation():
    rng = np.random.default_rng(1)
    chains = np.zeros((4000, 4))
    for step in range(1, 4000):
        chains[step] = 0.8 * chains[step - 1] + rng.normal(size=4)
    assert effective_draws(chains) == pytest.approx(16_000 * 0.2 / 1.8, rel=0.15)
    assert effective_draws(rng.normal(size=(4000, 4))) == pytest.approx(16_000, rel=0.1)


def test_weights_that_a_few_draws_carry_are_found_out():
    rng = np.random.default_rng(1)
    assert effective_weights(np.log([1.0, 1.0, 2.0])) == pytest.approx(16 / 6)
    assert tail_shape(rng.normal(scale=0.01, size=400)) == -np.inf
    for shape in (0.3, 1.0):
        log_weights = -shape * np.log(rng.random(20_000))
        assert tail_shape(log_weights) == pytest.approx(shape, abs=0.15)


def test_a_surface_goes_through_its_points_and_repeats_a_quadratic():
    rng = np.random.default_rng(1)
    points = rng.random((60, 3))

    def bowl(x):
        return np.column_stack([1 + x @ [1.0, 2.0, 3.0] + x[:, 0] * x[:, 1] - x[:, 2] ** 2, x[:, 0]])

    at = surface(points, bowl(points), np.array([0.3, 0.3, 0.3]))
    fresh = rng.random((20, 3))
    assert at(fresh) == pytest.approx(bowl(fresh), abs=1e-6)
    wavy = surface(points, np.sin(3 * points), np.ones(3))
    assert wavy(points) == pytest.approx(np.sin(3 * points), abs=1e-6)
    few = surface(points[:1], np.ones((1, 2)), np.ones(3))
    assert few(fresh) == pytest.approx(np.ones((20, 2)))


def test_points_too_near_to_an_earlier_one_are_left_out():
    points = np.array([[0.0, 0.0], [0.05, 0.0], [0.2, 0.0], [0.2, 0.05], [0.0, 1.0]])
    assert spaced(points, np.ones(2), 0.1) == [0, 2, 4]


# Forecasts that know nothing of mines


def record_of(counts, at_most=()):
    size = len(counts)
    bounds = np.isin(np.arange(size), at_most)
    return CasualtyRecord(
        tuple(date(2000 + year, 1, 1) for year in range(size)), tuple(date(2001 + year, 1, 1) for year in range(size)),
        np.array(counts, dtype=float), bounds,
    )  # fmt: skip


def test_the_last_value_goes_on_day_by_day_and_an_upper_bound_is_no_last_value():
    used = np.array([True] * 5 + [False] * 2)
    found = last_value(record_of([30, 26, 28, 20, 99, 0, 0], at_most=[4]), used, 50, 1)
    days = np.array([365.0, 366])
    assert found.means[:, 5:] == pytest.approx(np.tile(20 / 365 * days[[0, 0]], (50, 1)), rel=0.01)
    assert found.dispersion.shape == (50,)
    none = last_value(record_of([3, 2, 1, 0, 0, 0, 0]), used, 50, 1)
    assert none.mean[6] == pytest.approx(0.5, rel=0.01)


def test_the_trend_is_the_regression_of_log_means_on_time():
    used = np.arange(16) < 12
    found = log_linear_trend(record_of(COUNTS), used, 200, 1)
    slope, start = np.polyfit(YEARS[:12], np.log(COUNTS[:12]), 1)
    expected = np.exp(start + slope * YEARS)
    # Not the same law, but nearly the same line.
    assert np.median(found.means, axis=0) == pytest.approx(expected, rel=0.12)
    assert found.means[:, 15].std() > found.means[:, 11].std() * expected[15] / expected[11]
