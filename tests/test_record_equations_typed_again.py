"""Equations of section 20 of docs/mathematics.md, typed again from the page, give what the code gives."""

import math
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from building import START, day
from scipy import special

from simulator.calibration_curve import Free, casualty_curve
from simulator.calibration_fit import slopes_at
from simulator.calibration_problem import Axis, Calibration, log_likelihood, reported_log_means, value_at
from simulator.calibration_profile import fitted
from simulator.casualty_record import read_record
from simulator.closed_form import expected
from simulator.count_forecast import Forecast, log_scores, ranked_scores
from simulator.count_likelihood import log_mass
from simulator.identifiability import collinearity
from simulator.naive_forecast import trend_problem
from simulator.quantities import Quantity
from simulator.scenario_file import from_tree
from simulator.units import COUNT
from simulator.world import at_times, build_world

SCENARIO = {
    "title": "A record", "start": START.isoformat(), "horizon": "800 days",
    "region": {"rectangle": {"width": "5 km", "height": "4 km"}},
    "mines": {"m": {"count": 100, "laid": day(0), "ageing": {"exponential": {"mean": "300 days"}}}},
    "civilians": {"density": "28 per km2", "reference_density": "14 per km2", "casualties_per_accident": 1.5,
                  "accident_rate": "0.1 per mine-year"},
}  # fmt: skip


def mass_of_the_page(y, mean, a):
    """E20.2, in logarithms."""
    if a == 0:
        return y * math.log(mean) - mean - math.lgamma(y + 1)
    rising = math.lgamma(y + 1 / a) - math.lgamma(1 / a) - math.lgamma(y + 1)
    return rising - math.log(1 + a * mean) / a + y * math.log(a * mean / (1 + a * mean))


def record_of(counts, at_most, axes, log_means, **more):
    counts, bounds = np.array(counts, dtype=float), np.array(at_most, dtype=bool)
    return Calibration(counts, bounds, np.ones(counts.size, dtype=bool), axes, log_means, **more)


def test_counts_and_their_likelihood_typed_from_the_page_are_those_of_the_code():
    for y, mean, a in ((0, 3.0, 0.2), (7, 3.0, 0.2), (150, 90.0, 1.5), (4, 2.5, 0.0), (40, 55.0, 1e-3)):
        assert float(log_mass(np.array(float(y)), np.array(mean), a)) == pytest.approx(mass_of_the_page(y, mean, a))
    # E20.3 and E20.4: means of 2 to 50 by ratios, and a second row that is only an upper bound.
    axis, c = Axis("rate", 2.0, 50.0, logarithmic=True), 0.3
    problem = record_of([9, 4], [False, True], (axis,), lambda u: np.log(value_at(axis, u[0]) * np.array([1.0, 0.5])))
    mean, level = 2.0 * (50.0 / 2.0) ** 0.4, 1 / (1 + (9 + 4) / 2)
    a = level * (math.exp(c * math.log(1 + 10 / level)) - 1)
    by_page = mass_of_the_page(9, mean, a) + math.log(sum(math.exp(mass_of_the_page(k, mean / 2, a)) for k in range(5)))
    assert log_likelihood(problem, np.array([0.4, c])) == pytest.approx(by_page)
    assert float(value_at(Axis("change", -1.0, 3.0, logarithmic=False), 0.4)) == pytest.approx(-1.0 + 4.0 * 0.4)


def test_information_and_profile_typed_from_the_page_are_those_of_the_code():
    # E20.5: log-means m + u b, so that the sensitivities are b.
    b, at, a = np.array([0.0, 1.0, 2.0, 3.0]), 0.6, 0.5
    axis = Axis("slope", 0.0, 1.0, logarithmic=False)
    problem = record_of([3, 5, 12, 15], [False] * 4, (axis,), lambda u: 1.0 + u[0] * b)
    place = math.log(1 + a / problem.level) / math.log(1 + 10 / problem.level)
    mean = np.exp(1.0 + at * b)
    found = slopes_at(problem, np.array([at]), place).information
    assert float(found[0, 0]) == pytest.approx(float((b * mean / (1 + a * mean)) @ b), rel=1e-3)
    # E20.7, for counts of Poisson with one mean: both ends are where the likelihood has fallen by half of chi squared.
    rate = Axis("rate", 1.0, 400.0, logarithmic=True)
    plain = record_of([14, 11, 20], [False] * 3, (rate,), lambda u: np.full(3, np.log(float(value_at(rate, u[0])))),
                      spread=False)  # fmt: skip
    estimate = fitted(plain, np.array([0.5]), 1, confidence=0.9).estimates[0]
    assert estimate.value == pytest.approx(15.0, rel=1e-3)
    for end in (estimate.low, estimate.high):
        fallen = 45 * math.log(15.0 / end) - 3 * (15.0 - end)
        assert fallen == pytest.approx(special.chdtri(1, 0.1) / 2, rel=0.02)


def test_ties_and_scores_typed_from_the_page_are_those_of_the_code():
    # E20.8: two columns at an angle; the least singular value of unit columns is the root of 1 less its cosine.
    jacobian, weight = np.array([[1.0, 1.0], [0.0, 0.5]]), np.array([2.0, 3.0])
    one, other = np.sqrt(weight) * jacobian.T
    cosine = one @ other / math.sqrt((one @ one) * (other @ other))
    assert collinearity(jacobian, weight) == pytest.approx(1 / math.sqrt(1 - cosine))
    # E20.11 and E20.12, sums written out; the score is drawn, five standard errors are some 3 %.
    forecast = Forecast("mixture", np.array([[6.0], [12.0]]), np.array([0.1, 0.4]))
    p = [(math.exp(mass_of_the_page(k, 6.0, 0.1)) + math.exp(mass_of_the_page(k, 12.0, 0.4))) / 2 for k in range(400)]
    assert float(log_scores(forecast, np.array([9.0]))[0]) == pytest.approx(math.log(p[9]))
    k, p = np.arange(400), np.array(p)
    by_page = p @ np.abs(k - 9) - 0.5 * p @ np.abs(k[:, None] - k) @ p
    many = Forecast("mixture", np.tile(forecast.means, (2000, 1)), np.tile(forecast.dispersion, 2000))
    drawn = float(ranked_scores(many, np.array([9.0]), np.random.default_rng(3))[0])
    assert drawn == pytest.approx(by_page, rel=0.03)


def test_what_a_record_shows_and_a_trend_typed_from_the_page_are_those_of_the_code():
    # E20.1: two periods, a number of mines three times as large, four in five casualties reported.
    record = read_record("year,casualties\n2025,4\n2026,2\n", "record.csv", START, 800.0)
    loaded = from_tree("record", SCENARIO)
    axis = Axis("count", 50.0, 450.0, logarithmic=False)
    count = Free(("mines", "m", "count"), Quantity(COUNT, integer=True), axis, "", 0.5)
    log_means = casualty_curve(loaded, (count,), record)
    problem = replace(record_of([4, 2], [False] * 2, (axis,), log_means), reporting=(0.8, 0.8))
    ends = np.array([(one - START).days for one in (date(2025, 1, 1), date(2026, 1, 1), date(2027, 1, 1))], dtype=float)
    accidents = expected(at_times(build_world(loaded), loaded, ends)).curves.accidents[0]
    found = np.exp(reported_log_means(problem, np.array([(300 - 50) / 400])))
    np.testing.assert_allclose(found, 0.8 * 1.5 * 3 * np.diff(accidents), rtol=1e-9)
    # E20.13: level and slope at the middle of the periods, which are a year long.
    trend = trend_problem(record, np.array([True, True]))
    level = math.log(6 / 730 * 365.25) + math.log(100.0) * (2 * 0.7 - 1)
    years, slope = np.array([-182.5, 182.5]) / 365.25, -3 + 6 * 0.4
    np.testing.assert_allclose(trend.log_means(np.array([0.7, 0.4])), level + slope * years + math.log(365 / 365.25))
