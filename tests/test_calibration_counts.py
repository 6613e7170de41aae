"""The negative-binomial law and forecasts made of it: against SciPy, sums by hand, and scores known in closed form."""

import numpy as np
import pytest
from scipy import stats

from simulator.count_forecast import Forecast, compared, log_scores, quantiles, ranked_scores
from simulator.count_likelihood import cumulative, drawn, log_cumulative, log_likelihoods, log_mass

COUNTS = np.array([0.0, 1, 2, 7, 50, 400, 3000])
MEANS = np.array([0.3, 1.0, 5.0, 7.0, 80.0, 300.0, 3500.0])


def scipys(dispersion):
    size = 1.0 / dispersion
    return stats.nbinom(size, size / (size + MEANS))


@pytest.mark.parametrize("dispersion", [1e-3, 0.02, 0.0249, 0.0251, 0.1, 1.0, 10.0])
def test_masses_and_sums_are_those_of_scipy(dispersion):
    law = scipys(dispersion)
    assert log_mass(COUNTS, MEANS, dispersion) == pytest.approx(law.logpmf(COUNTS), abs=1e-9)
    assert log_cumulative(COUNTS, MEANS, dispersion) == pytest.approx(law.logcdf(COUNTS), abs=1e-9)
    assert cumulative(COUNTS, MEANS, dispersion) == pytest.approx(law.cdf(COUNTS), abs=1e-12)


def test_no_dispersion_is_poisson_and_a_little_is_nearly_so():
    poisson = stats.poisson(MEANS)
    assert log_mass(COUNTS, MEANS, 0.0) == pytest.approx(poisson.logpmf(COUNTS), abs=1e-9)
    assert log_cumulative(COUNTS, MEANS, 0.0) == pytest.approx(poisson.logcdf(COUNTS), abs=1e-9)
    # To first order in the dispersion a: a ((y - m)^2 - y) / 2, where log-gammas have no digit left.
    for a in (1e-12, 1e-10):
        shift = log_mass(COUNTS, MEANS, a) - log_mass(COUNTS, MEANS, 0.0)
        assert shift == pytest.approx(a * ((COUNTS - MEANS) ** 2 - COUNTS) / 2, abs=1e-9)


def test_far_below_the_mean_the_logarithm_of_a_sum_goes_on():
    counts, means = np.array([3.0, 0.0, 20.0]), np.array([2000.0, 900.0, 1500.0])
    for law, a in ((stats.poisson(means), 0.0), (stats.nbinom(1e4, 1e4 / (1e4 + means)), 1e-4)):
        sums = [np.logaddexp.reduce(law.logpmf(np.arange(count + 1)[:, None])[:, place])
                for place, count in enumerate(counts)]  # fmt: skip
        assert log_cumulative(counts, means, a) == pytest.approx(sums, rel=1e-9)
        assert (log_cumulative(counts, means, a) < -600).all()


def test_an_upper_bound_has_the_probability_of_all_counts_up_to_it():
    bounds = np.array([False] * 6 + [True])
    rows = log_likelihoods(COUNTS, bounds, np.tile(MEANS, (2, 1)), np.array([[0.1], [1.0]]))
    assert rows.shape == (2, 7)
    for row, a in zip(rows, (0.1, 1.0), strict=True):
        assert row[:6] == pytest.approx(log_mass(COUNTS, MEANS, a)[:6])
        assert row[6] == pytest.approx(scipys(a).logcdf(3000.0)[6])


def test_draws_have_the_mean_and_the_variance_of_the_law():
    rng = np.random.default_rng(1)
    sample = drawn(np.full((200_000, 1), 20.0), np.full((200_000, 1), 0.25), rng)
    # Five standard errors: false alarm once in 1.7 million.
    assert sample.mean() == pytest.approx(20.0, abs=5 * np.sqrt(120 / 200_000))
    assert sample.var() == pytest.approx(120.0, rel=0.05)


def one_law(mean, dispersion, n=1):
    return Forecast("law", np.full((1, n), mean), np.array([dispersion]))


def test_quantiles_are_those_of_scipy_and_of_a_mixture_by_a_sum():
    levels = (0.05, 0.25, 0.5, 0.75, 0.95)
    for mean, a in ((0.01, 0.0), (3.0, 0.5), (40.0, 0.1), (1e5, 2.0)):
        law = stats.poisson(mean) if a == 0 else stats.nbinom(1 / a, 1 / (1 + a * mean))
        assert quantiles(one_law(mean, a))[:, 0].tolist() == law.ppf(levels).tolist()
    mixed = Forecast("two", np.array([[2.0], [30.0]]), np.array([0.0, 0.2]))
    total = 0.5 * np.cumsum(stats.poisson(2.0).pmf(np.arange(400)) + stats.nbinom(5, 1 / 7).pmf(np.arange(400)))
    assert quantiles(mixed)[:, 0].tolist() == [int(np.argmax(total >= level)) for level in levels]


def test_log_scores_by_hand():
    mixed = Forecast("two", np.array([[1.0], [2.0]]), np.array([0.0, 0.0]))
    # No event with means 1 and 2: the mean of exp(-1) and exp(-2).
    assert log_scores(mixed, np.array([0.0])) == pytest.approx([np.log((np.exp(-1) + np.exp(-2)) / 2)])
    # A geometric law (dispersion 1, mean 3) has the probability (1/4) (3/4)^y.
    assert log_scores(one_law(3.0, 1.0), np.array([2.0])) == pytest.approx([np.log(9 / 64)])


def test_the_ranked_score_is_the_sum_of_squared_differences_of_distributions():
    rng = np.random.default_rng(2)
    mixed = Forecast("same", np.full((4000, 1), 6.0), np.full(4000, 0.2))
    steps = np.arange(200)
    exact = float(np.square(stats.nbinom(5, 5 / 11).cdf(steps) - (steps >= 9)).sum())
    # 40,000 draws of a spread of 3.6: five standard errors are below 0.1.
    assert ranked_scores(mixed, np.array([9.0]), rng) == pytest.approx([exact], abs=0.1)


def test_a_comparison_is_the_t_interval_of_paired_differences():
    counts = np.array([3.0, 8.0, 1.0, 5.0, 4.0])
    good, poor = one_law(4.0, 0.1, 5), one_law(15.0, 0.1, 5)
    found = compared(good, poor, counts)
    differences = log_scores(good, counts) - log_scores(poor, counts)
    interval = stats.t.interval(0.9, 4, differences.mean(), stats.sem(differences))
    assert (found.low, found.high) == pytest.approx(interval)
    assert found.low > 0
    turned = compared(poor, good, counts)
    assert (turned.difference, turned.low) == pytest.approx((-found.difference, -found.high))


def test_one_period_settles_nothing():
    found = compared(one_law(4.0, 0.1), one_law(15.0, 0.1), np.array([3.0]))
    assert (found.low, found.high) == (-np.inf, np.inf)
