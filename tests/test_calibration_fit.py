"""Fits to records: closed forms, an independent optimum, what cannot be told apart, and the curve that is fitted."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from scipy import optimize, special, stats

from simulator.calibration_curve import casualty_curve, proportional_to
from simulator.calibration_fit import adjusted, climbed, maximum
from simulator.calibration_free import read_free, read_reporting
from simulator.calibration_problem import DISPERSION, REPORTING, Axis, Calibration, dispersion_at, place_of, value_at
from simulator.calibration_profile import allowed_drop, fitted
from simulator.casualty_record import read_record
from simulator.closed_form import expected
from simulator.identifiability import collinearity, rank_correlation, unbounded
from simulator.naive_forecast import log_linear_trend
from simulator.problems import InputError
from simulator.scenario_file import from_tree, load, shipped_scenarios
from simulator.variation import Settings, varied
from simulator.world import build_world

HINDCAST = shipped_scenarios() / "hindcast" / "bosnia.yaml"
N = 16
YEARS = np.arange(N)
LEVEL, MEAN = Axis("level", 1.0, 1e4, logarithmic=True), Axis("mean", 0.5, 200.0, logarithmic=True)
FACTOR = Axis("factor", 0.01, 100.0, logarithmic=True)


def decay(u):
    """A level that falls by half-lives: two numbers that a record tells apart."""
    return np.log(value_at(LEVEL, u[0])) - YEARS / value_at(MEAN, u[1])


def problem_of(counts, axes=(LEVEL, MEAN), curve=decay, **more):
    none = np.zeros(counts.size, dtype=bool)
    return Calibration(counts, none, ~none, axes, curve, **more)


def noisy(seed=3, dispersion=0.1):
    rng = np.random.default_rng(seed)
    return rng.poisson(200 * np.exp(-YEARS / 6) * rng.gamma(1 / dispersion, dispersion, N)).astype(float)


def middle(problem):
    return np.full(len(problem.names), 0.5)


def one_rate(counts, days):
    axis = Axis("rate", 1.0, 1000.0, logarithmic=True)
    return problem_of(
        counts, (axis,), lambda u: np.log(value_at(axis, u[0]) * days), proportional=(True,), spread=False
    )


def test_a_single_poisson_rate_is_all_counts_over_all_days_and_its_interval_a_root_of_the_deviance():
    rng = np.random.default_rng(1)
    days = rng.uniform(0.5, 1.5, N)
    counts = rng.poisson(20.0 * days).astype(float)
    found = fitted(one_rate(counts, days), np.array([0.3]), 1).estimates[0]
    rate = counts.sum() / days.sum()
    assert found.value == pytest.approx(rate, rel=1e-6)

    def lost(at):
        return stats.poisson.logpmf(counts, rate * days).sum() - stats.poisson.logpmf(counts, at * days).sum() - drop

    drop = special.chdtri(1, 0.1) / 2
    assert found.low == pytest.approx(optimize.brentq(lost, rate / 3, rate), rel=2e-3)
    assert found.high == pytest.approx(optimize.brentq(lost, rate, rate * 3), rel=2e-3)
    assert not unbounded(found)


def test_an_independent_search_finds_no_higher_likelihood():
    counts = noisy()
    problem = problem_of(counts)
    peak = maximum(problem, middle(problem), 1)

    def fallen(v):
        means, size = np.exp(v[0] - YEARS * np.exp(-v[1])), np.exp(-v[2])
        return -stats.nbinom.logpmf(counts, size, size / (size + means)).sum()

    best = optimize.minimize(fallen, [5.0, 1.5, -2.0], method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-10,
                                                                                    "maxiter": 5000})  # fmt: skip
    assert peak.height == pytest.approx(-best.fun, abs=1e-5)
    values = [value_at(LEVEL, peak.point[0]), value_at(MEAN, peak.point[1]), dispersion_at(problem, peak.point[2])]
    assert values == pytest.approx(np.exp(best.x), rel=2e-3)


def test_a_profile_is_the_best_of_all_other_numbers_as_a_nested_search_finds_it():
    counts = noisy()
    problem = problem_of(counts, spread=False)
    one = fitted(problem, middle(problem), 1).estimates[1]

    def height(mean):
        shape = np.exp(-YEARS / mean)
        return stats.poisson.logpmf(counts, counts.sum() / shape.sum() * shape).sum()

    top = height(one.value)
    # The level's best value for any mean is known: all counts over the shape.
    for at, drop in zip(one.trace, one.drop, strict=True):
        assert drop == pytest.approx(top - height(at), abs=1e-4)
    assert top - height(one.low) == pytest.approx(allowed_drop(problem, 0.9), rel=1e-2)


def test_upper_bounds_count_by_what_they_exclude():
    days = np.ones(4)
    counts = np.array([10.0, 12.0, 9.0, 30.0])
    bounded = replace(one_rate(counts, days), at_most=np.array([False, False, False, True]))
    alone = replace(one_rate(counts, days), used=np.array([True, True, True, False]))
    with_bound, without = (fitted(one, np.array([0.3]), 1).estimates[0].value for one in (bounded, alone))
    assert with_bound == pytest.approx(without, rel=1e-3)
    low = replace(bounded, counts=np.array([10.0, 12.0, 9.0, 3.0]))
    best = optimize.minimize_scalar(
        lambda rate: -(stats.poisson.logpmf([10, 12, 9], rate).sum() + stats.poisson.logcdf(3, rate)),
        bounds=(1, 30), method="bounded", options={"xatol": 1e-8})  # fmt: skip
    assert fitted(low, np.array([0.3]), 1).estimates[0].value == pytest.approx(best.x, rel=1e-4)


def test_the_dispersion_is_adjusted_as_a_variance_is_by_its_degrees_of_freedom():
    ratios = stats.norm.ppf((np.arange(10) + 0.5) / 10)
    counts = np.round(1e7 * np.exp(0.05 * ratios))
    axis = Axis("rate", 1e6, 1e8, logarithmic=True)
    problem = problem_of(counts, (axis,), lambda u: np.full(10, np.log(value_at(axis, u[0]))), proportional=(True,))
    peak = maximum(problem, middle(problem), 1)
    again = climbed(adjusted(problem, peak), peak.point)
    plain, corrected = (float(dispersion_at(problem, one.point[-1])) for one in (peak, again))
    # Large counts with a small dispersion are nearly normal, with the variance a on the scale of ratios.
    assert plain == pytest.approx(np.var(counts / counts.mean()), rel=0.02)
    assert corrected / plain == pytest.approx(10 / 9, rel=0.02)


def test_intervals_of_few_periods_are_wider_as_those_of_regression_are():
    assert allowed_drop(problem_of(noisy()), 0.9) == pytest.approx(stats.t.ppf(0.95, 14) ** 2 / 2)
    assert allowed_drop(problem_of(noisy(), spread=False), 0.9) == pytest.approx(stats.chi2.ppf(0.9, 1) / 2)


def test_numbers_that_only_count_as_a_product_have_no_interval_of_their_own():
    def curve(u):
        return decay(u) + np.log(value_at(FACTOR, u[2]))

    problem = problem_of(noisy(), (LEVEL, MEAN, FACTOR), curve, proportional=(True, False, True))
    found = fitted(problem, middle(problem), 1)
    level, mean, factor, _ = found.estimates
    assert [unbounded(one) for one in (level, mean, factor)] == [True, False, True]
    assert collinearity(found.slopes.jacobian[:, [0, 2]], found.slopes.weight) > 1e6
    alone = fitted(problem_of(noisy()), middle(problem_of(noisy())), 1)
    assert collinearity(alone.slopes.jacobian, alone.slopes.weight) < 5
    assert mean.value == pytest.approx(alone.estimates[1].value, rel=1e-3)


def test_a_reporting_share_that_is_free_leaves_the_level_open_by_as_much():
    problem = problem_of(noisy(), reporting=(0.4, 0.8))
    found = fitted(problem, middle(problem), 1)
    fixed = fitted(problem_of(noisy(), reporting=(0.8, 0.8)), middle(problem_of(noisy())), 1)
    share = next(one for one in found.estimates if one.name == REPORTING)
    assert share.low_open
    assert share.high_open
    assert found.estimates[0].low == pytest.approx(fixed.estimates[0].low, rel=1e-2)
    assert found.estimates[0].high == pytest.approx(2 * fixed.estimates[0].high, rel=1e-2)


def test_an_estimate_on_a_bound_is_said():
    low = Axis("mean", 0.5, 4.0, logarithmic=True)
    problem = problem_of(noisy(), (LEVEL, low), lambda u: np.log(value_at(LEVEL, u[0])) - YEARS / value_at(low, u[1]))
    one = fitted(problem, middle(problem), 1).estimates[1]
    assert (one.at_bound, one.high_open, one.low_open) == ("high", True, False)


def test_a_record_without_excess_spread_has_a_dispersion_from_none_on():
    problem = problem_of(np.round(200 * np.exp(-YEARS / 6)))
    one = next(one for one in fitted(problem, middle(problem), 1).estimates if one.name == DISPERSION)
    assert one.value < 0.02
    assert (one.low, one.low_open) == (0.0, False)


def test_rank_correlation_is_that_of_scipy():
    rng = np.random.default_rng(4)
    one, other = rng.normal(size=(2, 200))
    assert rank_correlation(one, one + other) == pytest.approx(stats.spearmanr(one, one + other).statistic)


# The curve, and what is free

TREE = {
    "title": "A valley", "start": "2003-01-01", "horizon": "20 years",
    "region": {"rectangle": {"width": "20 km", "height": "10 km"}, "cell": "1 km"},
    "mines": {
        "old": {"count": 40000, "laid": "2003-01-01", "ageing": {"exponential": {"mean": {
            "value": "8 years", "source": "assumption", "note": "a guess",
            "uncertainty": {"uniform": ["4 years", "12 years"]}}}}},
        "new": {"count": 5000, "laid": {"from": "2006-01-01", "to": "2007-01-01"}},
    },
    "civilians": {"density": "20 per km2", "accident_rate": "1e-3 per mine-year", "reference_density": "20 per km2",
                  "casualties_per_accident": 1.4, "education": {"from": "2007-01-01", "reduces": 0.4}},
}  # fmt: skip
RECORD = "year,casualties\n" + "".join(f"{year},10\n" for year in range(2003, 2011))


@pytest.fixture(scope="module")
def loaded():
    return from_tree("valley", TREE)


def record():
    return read_record(RECORD, "c.csv", date(2003, 1, 1), 20 * 365.25)


def test_the_curve_is_that_of_the_closed_form_on_the_default_days(loaded):
    frees = read_free(["civilians.accident_rate", "mines.old.ageing.exponential.mean", "mines.new.count",
                       "civilians.casualties_per_accident"], loaded)  # fmt: skip
    curve = casualty_curve(loaded, frees, record())
    u = np.array([0.6, 0.3, 0.45, 0.52])
    rate, mean, count, casualties = (float(value_at(free.axis, place)) for free, place in zip(frees, u, strict=True))
    changed = varied(loaded, Settings(((frees[0].path, f"{rate!r} per mine-year"), (frees[1].path, f"{mean!r} days"),
                                       (frees[2].path, round(count)), (frees[3].path, casualties))))  # fmt: skip
    world = build_world(changed)
    total = expected(world).curves.accidents.sum(axis=0) * casualties
    at = np.interp(np.cumsum([0, 365, 366, 365, 365, 365, 366, 365, 365]), world.times, total)
    assert np.exp(curve(u)) == pytest.approx(np.diff(at), rel=5e-3)
    assert np.exp(curve(u)).sum() == pytest.approx(at[-1] - at[0], rel=1e-4)


def test_what_is_proportional_is_exactly_so_and_a_number_of_mines_need_not_be_whole(loaded):
    frees = read_free(["mines.old.count", "civilians.casualties_per_accident"], loaded)
    curve = casualty_curve(loaded, frees, record())
    one, twice = (np.exp(curve(np.array([0.5, float(place_of(frees[1].axis, value))]))) for value in (1.0, 2.0))
    assert twice / one == pytest.approx(np.full(8, 2.0), rel=1e-12)
    near = [np.exp(curve(np.array([place, 0.5]))) for place in (0.5, 0.5 + 1e-9)]
    assert (near[1] > near[0]).all()
    assert [proportional_to(loaded, free) for free in frees] == [False, True]


def test_bounds_come_from_the_uncertainty_else_from_what_a_number_may_be(loaded):
    mean, share, rate, given = read_free(
        ["mines.old.ageing.exponential.mean", "civilians.education.reduces", "civilians.accident_rate",
         "civilians.casualties_per_accident=1:3"], loaded)  # fmt: skip
    assert (mean.axis.low, mean.axis.high) == pytest.approx((4.04 * 365.25, 11.96 * 365.25), rel=1e-6)
    assert mean.bounds_from == "the scenario's uncertainty"
    assert (share.axis.low, share.axis.high, share.axis.logarithmic) == (0.0, 1.0, False)
    assert (rate.axis.low, rate.axis.high, rate.axis.logarithmic) == (pytest.approx(1e-5), pytest.approx(0.1), True)
    assert (given.axis.low, given.axis.high, given.bounds_from) == (1.0, 3.0, "as given")
    assert value_at(rate.axis, rate.start) == pytest.approx(1e-3)
    assert read_free(["civilians.accident_rate:1e-4 per mine-year:1e-2 per mine-year"], loaded)[0].axis.low == 1e-4


@pytest.mark.parametrize("stated", ["0", "0.1 %", "90 %"])
def test_a_share_stated_at_or_beyond_the_bounds_is_no_start(stated):
    # Warnings are errors here: 0 has no logarithm.
    path = shipped_scenarios() / "treaty-limit.yaml"
    loaded = load(path, [f"mines.battery-limited.battery.failure={stated}"])
    (free,) = read_free(["mines.battery-limited.battery.failure=0.1 %:50 %"], loaded)
    assert free.start == 0.5


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        (["civilians.acident_rate"], "command line:1:8: error: --free: 'civilians.acident_rate' is no number of"),
        (["mines.odl.count"], "error: --free: no mine class 'odl', there is old, new"),
        (["civilians.accident_rate=1e-3"], "bounds must look like PATH=LOW:HIGH"),
        (["civilians.accident_rate=1e-3:1e-2"], "needs a unit"),
        (["civilians.education.reduces=0.9:0.1"], "bounds must rise, got 0.9 to 0.1"),
        (["civilians.education.reduces=0:110%"], "must be between 0 and 1, got 110 %"),
        (["civilians.education.reduces"] * 2, "'civilians.education.reduces' is given twice"),
        (["civilians.surge.factor"], "no scenario here has 'civilians.surge'"),
        (["mines.old.lots.size"], "no scenario here has 'mines.old.lots'"),
        (["civilians.season.0"], "no scenario here has 'civilians.season'"),
        (["mines.new.arming_failure", "civilians.accident_rate=:"], "command line:1:32: error: --free: must be an acc"),
        ([f"mines.{name}.{key}" for name in ("old", "new") for key in ("count", "arming_failure")]
         + ["civilians.accident_rate", "civilians.casualties_per_accident", "civilians.education.reduces"],
         "at most 6 numbers can be free at once, got 7"),
    ],
)  # fmt: skip
def test_what_cannot_be_free_is_refused(loaded, texts, says):
    with pytest.raises(InputError) as refused:
        read_free(texts, loaded)
    assert says in str(refused.value)


def test_a_reporting_share_is_a_share_or_a_range_of_shares():
    assert read_reporting("80%") == (0.8, 0.8)
    assert read_reporting("0.6:90%") == (0.6, 0.9)
    for text, says in (("0", "must be above 0 and at most 1"), ("90%:60%", "must rise"), ("a", "must be"),
                       ("1:2:3", "must be a share such as 80% or a range"), ("120%", "got 120 %")):  # fmt: skip
        with pytest.raises(InputError, match=says):
            read_reporting(text)


def test_what_is_left_out_of_the_curve_for_speed_is_nothing_beside_a_record(measured):
    # A surge that fades within months on 16 years: the clock of exposure bends some two thousand times.
    loaded = load(HINDCAST, ["civilians.surge.half_time=120 days", "civilians.surge.factor=12"])
    world = build_world(loaded, times=np.arange(17) * 365.25)
    exact, thin = (np.diff(expected(world, with_land=False, thin=short).curves.accidents[0]) for short in (False, True))
    measured("largest relative error", float(np.abs(thin / exact - 1).max()), at_most=1e-3)
    assert not np.array_equal(thin, exact)


@pytest.mark.parametrize("seed", [1, 2, 19980101])
def test_the_trend_of_a_short_record_does_not_depend_on_the_seed(seed):
    # Four counts and a bound: a posterior with a long tail, in which a surface through few points once went astray.
    record = read_record(HINDCAST.with_name("croatia.csv").read_text(encoding="utf-8"), "croatia.csv",
                         date(1998, 1, 1), 20 * 365.25)  # fmt: skip
    used = np.array([end <= date(2005, 1, 1) for end in record.ends])
    forecast = log_linear_trend(record, used, 400, seed)
    middle = np.median(forecast.means, axis=0)[~used]
    # Medians of 400 draws, some 0.5 apart on a scale of logarithms, are known to 0.03.
    assert middle[[0, 5]] == pytest.approx([8.6, 1.4], rel=0.2)
