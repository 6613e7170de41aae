"""Exposure that changes, people in places, and mines laid before the start, against integrals done by hand."""

import math
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from building import CONTRACT, DAYS_PER_YEAR, START, day, ensemble_of, world_of
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from simulator.clocks import Clock, read
from simulator.closed_form import expected, whereabouts
from simulator.ensemble import ALL, samples
from simulator.exposure import Exposure, bent, straightened
from simulator.fates import Whereabouts
from simulator.place import Settled, spread_people
from simulator.scenario_file import from_tree, load
from simulator.statistics import standard_error
from simulator.verification import verify
from simulator.world import build_world

SEASON = [0.3, 0.4, 0.9, 1.6, 1.7, 1.4, 1.3, 1.3, 1.3, 1.0, 0.5, 0.3]
LASTING = {"count": 4000, "laid": day(0)}


def changing(mines=LASTING, *, horizon=800, rate=0.2, times=None, seed=1, **civilians):
    """A world of mines that only accidents end, with people who change over time."""
    tree = {
        "title": "People who come and go",
        "start": START.isoformat(),
        "horizon": f"{horizon} days",
        "seed": seed,
        "region": {"rectangle": {"width": "5 km", "height": "4 km"}},
        "mines": {"m": mines},
        "civilians": {
            "density": "14 per km2", "reference_density": "14 per km2", "accident_rate": f"{rate} per mine-year",
            "casualties_per_accident": 1.44, "killed_share": 0.3, **civilians,
        },
    }  # fmt: skip
    return build_world(from_tree("changing", tree), times=None if times is None else np.array(times, dtype=float))


def months_of(first, last):
    """Days from the start of each day's midnight, with the month it belongs to: the calendar written out."""
    for number in range(first, last):
        yield number, (START + timedelta(days=number)).month


def test_the_dose_of_a_season_is_the_sum_over_its_days():
    # The factor is that of the calendar month, so a whole day adds factor * rate / 365.25.
    world = changing(season=SEASON)
    by_hand = np.cumsum([SEASON[month - 1] for _, month in months_of(0, 800)]) * 0.2 / DAYS_PER_YEAR
    np.testing.assert_allclose(read(world.exposure.clock, np.arange(1.0, 801.0)), by_hand, rtol=1e-12)


def test_the_dose_of_a_return_is_its_integral():
    # Share present: 1 - 0.5 * 2^(-t / 120); its integral to t: t - 0.5 * 120 / ln 2 * (1 - 2^(-t / 120)).
    world = changing(**{"return": {"initial": 0.5, "final": 1.0, "half_time": "120 days"}})
    days = np.array([0.0, 30.0, 120.0, 365.25, 800.0])
    by_hand = (days - 60 / math.log(2) * (1 - np.exp2(-days / 120))) * 0.2 / DAYS_PER_YEAR
    # Between knots the clock is straight: a 64th of a half-time apart, 1e-5 half-times off at most.
    np.testing.assert_allclose(read(world.exposure.clock, days), by_hand, atol=1e-5 * 120 * 0.2 / DAYS_PER_YEAR)
    np.testing.assert_allclose(read(world.exposure.clock, days[[2, 4]]), by_hand[[2, 4]], rtol=1e-12)


def test_the_dose_of_a_surge_is_its_integral():
    # Factor 1 + 3 * 2^(-t / 180): integral t + 3 * 180 / ln 2 * (1 - 2^(-t / 180)).
    world = changing(surge={"factor": 4, "half_time": "180 days"})
    days = np.array([180.0, 360.0, 800.0])
    by_hand = (days + 540 / math.log(2) * (1 - np.exp2(-days / 180))) * 0.2 / DAYS_PER_YEAR
    np.testing.assert_allclose(read(world.exposure.clock, days), by_hand, rtol=1e-12)


def test_the_dose_of_risk_education_is_its_integral():
    # From day 100 the rate falls by 30 % over 50 days: 1 until 100, then a mean of 0.85, then 0.7.
    begin = (START + timedelta(days=100)).isoformat()
    world = changing(education={"from": begin, "ramp": "50 days", "reduces": 0.3})
    by_hand = np.array([100, 100 + 50 * 0.85, 142.5 + 650 * 0.7]) * 0.2 / DAYS_PER_YEAR
    np.testing.assert_allclose(read(world.exposure.clock, np.array([100.0, 150.0, 800.0])), by_hand, rtol=1e-12)
    at_once = changing(education={"from": begin, "ramp": "0 days", "reduces": 0.3})
    assert float(read(at_once.exposure.clock, np.array([800.0]))[0]) == pytest.approx((100 + 700 * 0.7) * 0.2 / 365.25)


EVERYTHING = {
    "season": SEASON,
    "return": {"initial": 0.2, "final": 0.9, "half_time": "90 days"},
    "surge": {"factor": 3.5, "half_time": "200 days"},
    "education": {"from": day(40), "ramp": "100 days", "reduces": 0.4},
}


def factor_by_hand(t):
    """All four factors at once on day t."""
    month = (START + timedelta(days=math.floor(t))).month
    learnt = min(max((t - 40) / 100, 0.0), 1.0)
    return SEASON[month - 1] * (0.9 - 0.7 * 0.5 ** (t / 90)) * (1 + 2.5 * 0.5 ** (t / 200)) * (1 - 0.4 * learnt)


def test_all_factors_multiply():
    world = changing(**EVERYTHING)
    edges = [(date(2024 + (11 + k) // 12, (11 + k) % 12 + 1, 1) - START).days for k in range(28)]
    breaks = sorted({*(edge for edge in edges if 0 < edge < 700), 40, 140})
    by_hand, _ = integrate.quad(factor_by_hand, 0, 700, points=breaks, limit=400)
    assert float(read(world.exposure.clock, np.array([700.0]))[0]) == pytest.approx(by_hand * 0.2 / 365.25, rel=1e-6)


# Two readings of accidents at one time, each refused beyond five standard errors of 60 replicates (59 degrees of
# freedom): a false alarm once in 100,000 seeds.
@pytest.mark.parametrize(
    ("civilians", "dose_days"),
    [
        ({"season": SEASON}, sum(SEASON[month - 1] for _, month in months_of(0, 800))),
        ({"return": EVERYTHING["return"]}, 0.9 * 800 - 0.7 * 90 / math.log(2) * (1 - 0.5 ** (800 / 90))),
        ({"surge": EVERYTHING["surge"]}, 800 + 2.5 * 200 / math.log(2) * (1 - 0.5**4)),
    ],
    ids=["season", "return", "surge"],
)
def test_simulated_accidents_are_those_of_the_dose_by_hand(civilians, dose_days):
    world = changing(**civilians, times=[0, 100, 400, 800])
    by_hand = 4000 * -math.expm1(-0.2 * dose_days / DAYS_PER_YEAR)
    estimate, played = samples(ensemble_of(world, 60), ALL, "accidents")
    assert abs(played[:, -1].mean() - by_hand) < 5 * standard_error(played[:, -1])
    # Thresholds are averaged out, so the estimate is exact but for the knots of the clock.
    np.testing.assert_allclose(estimate[:, -1], by_hand, rtol=3e-6)
    assert abs(played[:, -1].mean() - 1.1 * by_hand) > 5 * standard_error(played[:, -1])


def test_expected_and_simulated_worlds_agree_when_everything_changes():
    mines = {
        "count": 3000, "laid": {"from": day(10), "to": day(100)}, "arming_failure": 0.1,
        "self_destruct": {"time": "40 days", "failure": 0.4},
        "battery": {"life": {"weibull": {"shape": 3, "scale": "200 days"}}, "failure": 0.2},
    }  # fmt: skip
    world = changing(mines, rate=1.0, **EVERYTHING, times=np.linspace(0, 800, 41))
    ensemble = ensemble_of(world, 40)
    assert verify(ensemble, expected(world)).agrees
    season = changing(
        mines, rate=1.0, **{**EVERYTHING, "season": SEASON[6:] + SEASON[:6]}, times=np.linspace(0, 800, 41)
    )
    assert not verify(ensemble, expected(season)).agrees


def assert_accounted_for(world, share=1e-8):
    """Every mine is hazardous or ended by an accident, and never is one ended twice."""
    found = expected(world)
    both = found.curves.hazardous + found.incidence.sum(axis=1)
    np.testing.assert_allclose(both, found.curves.laid, rtol=0, atol=share * found.curves.laid.max())


@pytest.mark.parametrize("rate", [1e3, 3e4, 1e7])
def test_accidents_within_minutes_of_laying_are_accounted_for(rate):
    # Between two times that people look at, days apart, the chance of none falls by any number of powers of e.
    assert_accounted_for(changing(rate=rate, times=[0, 30, 60, 400]))


def test_a_season_that_begins_when_few_are_left_of_a_surge_is_not_stepped_over():
    # Days of the fast part of a surge are many times as active as the season; its first day is a jump all the same.
    mines = {"count": 400, "laid": {"from": day(200), "to": day(330)}}
    season = [0, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 1]
    world = changing(mines, rate=2e4, season=season, surge={"factor": 1000, "half_time": "20 days"},
                     times=np.arange(0, 800.0, 9))  # fmt: skip
    # While mines are laid, small bends are left out, which costs accidents 1e-6 here.
    assert_accounted_for(world, 1e-5)


def test_individual_risk_is_over_the_people_who_are_there():
    # Twice the people, twice the accidents, the same risk of each: with half of them away it is what it will be.
    away = changing(rate=1e-3, **{"return": {"initial": 0.5, "final": 1.0, "half_time": "100 days"}})
    there = changing(rate=1e-3)
    for world in (away, there):
        risk = samples(ensemble_of(world, 2), ALL, "individual_risk")[0]
        # 4000 mines, 1e-3 * 1.44 * 0.3 deaths a mine-year, 280 people. The first knots of the return are days apart.
        np.testing.assert_allclose(risk[:, 0], 4000 * 1e-3 * 1.44 * 0.3 / 280, rtol=6e-3)


def test_nobody_there_is_no_risk_and_no_division_by_nothing():
    empty = changing(**{"return": {"initial": 0, "final": 0, "half_time": "100 days"}})
    ensemble = ensemble_of(empty, 2)
    assert not ensemble.played.accidents.any()
    assert not ensemble.estimate.accidents.any()


# Mines laid before the start


def test_mines_laid_before_the_start_have_aged_by_then():
    # Exponential life with mean 1000 days, laid 500 days before: exp(-0.5) left on day 0, accidents only from then on.
    old = {"count": 6000, "laid": day(-500), "ageing": {"exponential": {"mean": "1000 days"}}}
    world = changing(old, rate=0.5, times=np.linspace(0, 800, 17))
    exact = expected(world)
    np.testing.assert_allclose(
        exact.curves.hazardous[0],
        6000 * np.exp(-(500 + world.times) / 1000) * np.exp(-0.5 * world.times / DAYS_PER_YEAR),
        rtol=1e-9,
    )
    assert exact.curves.accidents[0, 0] == 0.0
    hazard, pull = 1 / 1000, 0.5 / DAYS_PER_YEAR
    mine_days = 6000 * math.exp(-0.5) * -np.expm1(-(hazard + pull) * world.times) / (hazard + pull)
    np.testing.assert_allclose(exact.curves.mine_days[0], mine_days, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(exact.curves.accidents[0], pull * mine_days, rtol=1e-9, atol=1e-9)
    assert verify(ensemble_of(world, 30), exact).agrees
    younger = changing({**old, "laid": day(-400)}, rate=0.5, times=np.linspace(0, 800, 17))
    assert not verify(ensemble_of(younger, 30), exact).agrees


def test_a_battery_drains_in_the_cold_before_the_start_as_after_it():
    temperature = [-4.7, -3.9, 1.4, 9.6, 15.9, 19.8, 21.7, 20.8, 14.9, 8.2, 1.4, -3.1]
    mines = {
        "count": 4000, "laid": {"from": day(-400), "to": day(-100)},
        "battery": {"life": {"weibull": {"shape": 4, "scale": "150 days"}}, "failure": 0.1, "q10": 2},
    }  # fmt: skip
    world = world_of({"m": mines}, temperature=temperature, rate=0.5, horizon=400, times=np.linspace(0, 400, 21))
    ensemble = ensemble_of(world, 30)
    assert 0.2 < ensemble.estimate.hazardous[:, 0, 0].mean() / 4000 < 0.9
    assert verify(ensemble, expected(world)).agrees
    warm = world_of({"m": mines}, temperature=[20.0] * 12, rate=0.5, horizon=400, times=np.linspace(0, 400, 21))
    assert not verify(ensemble, expected(warm)).agrees


# People in places


def settled(points, people):
    x, y = np.array(points, dtype=float).T
    return Settled(tuple(f"village {i}" for i in range(len(people))), x, y, np.array(people, dtype=float))


def test_people_of_a_settlement_fall_off_exponentially_and_none_is_lost():
    region = world_of({"m": LASTING}, side=(30, 20)).region
    density = spread_people(settled([(10.5, 9.5)], [3000]), region, 4.0)
    assert float(density @ region.area_km2) == pytest.approx(3000, rel=1e-12)
    # Cells 3 and 7 km to the east: exp(-4 / 4) times as many.
    row = np.flatnonzero(np.abs(region.y_km - 9.5) < 0.01)
    there = {round(float(region.x_km[cell]), 1): float(density[cell]) for cell in row}
    assert there[17.5] / there[13.5] == pytest.approx(math.exp(-1), rel=1e-12)


def test_settlements_add_up_and_a_range_far_below_a_cell_keeps_people_at_home():
    region = world_of({"m": LASTING}, side=(12, 9)).region
    one, two = settled([(3.5, 3.5)], [100]), settled([(8.5, 6.5)], [700])
    both = settled([(3.5, 3.5), (8.5, 6.5)], [100, 700])
    np.testing.assert_allclose(
        spread_people(both, region, 2.0), spread_people(one, region, 2.0) + spread_people(two, region, 2.0), rtol=1e-12
    )
    at_home = spread_people(one, region, 1e-4)
    assert np.count_nonzero(at_home > 1e-9) == 1
    assert float(at_home.max()) == pytest.approx(100)


def test_many_settlements_are_spread_near_them_alone_to_the_same_end(monkeypatch):
    region = world_of({"m": LASTING}, side=(60, 50)).region
    rng = np.random.default_rng(5)
    many = settled(rng.random((40, 2)) * [60, 50], rng.integers(10, 5000, 40))
    exact = spread_people(many, region, 0.8)
    monkeypatch.setattr("simulator.place._MOST_PAIRS", 0)
    np.testing.assert_allclose(spread_people(many, region, 0.8), exact, rtol=1e-9, atol=1e-9)


def uneven(world, activity):
    return replace(world, exposure=Exposure(world.exposure.clock, np.resize(activity, world.region.area_km2.size)))


def test_the_closed_form_of_uneven_people_is_the_mean_over_their_cells():
    world = uneven(world_of({"m": {"count": 1000, "laid": day(0)}}, rate=2.0, times=[0, 50, 400]), [0.0, 0.5, 3.0, 9.0])
    survival = np.mean([np.exp(-a * 2.0 * world.times / DAYS_PER_YEAR) for a in (0.0, 0.5, 3.0, 9.0)], axis=0)
    np.testing.assert_allclose(expected(world).curves.hazardous[0], 1000 * survival, rtol=1e-9)
    np.testing.assert_allclose(expected(world).curves.accidents[0], 1000 * (1 - survival), rtol=1e-9, atol=1e-9)


@given(seed=st.integers(0, 10_000), spread=st.floats(0.1, 2.5))
@settings(max_examples=60, derandomize=True, deadline=None)
def test_a_dozen_activities_stand_for_hundreds(seed, spread):
    activity = stats.lognorm(spread).rvs(400, random_state=seed)
    activity /= activity.max()
    world = uneven(world_of({"m": LASTING}, side=(20, 20)), activity)
    few = whereabouts(world, world.kinds[0])
    every = Whereabouts(activity, np.full(400, 1 / 400))
    assert few.activity.size <= 12
    dose = np.array([0.0, 1e-6, 0.01, 0.5, 3.0, 12.0])
    np.testing.assert_allclose(few.free(dose), every.free(dose), rtol=1e-9)
    np.testing.assert_allclose(few.pull(dose), every.pull(dose), rtol=1e-8)


@given(
    own=st.lists(st.floats(0, 10), min_size=1, max_size=20),
    marked=st.one_of(st.floats(0, 10), st.just(math.inf)),
    pace=st.floats(0.01, 1),
)
@settings(max_examples=200, derandomize=True, deadline=None)
def test_a_bent_clock_is_straightened_again(own, marked, pace):
    there = bent(np.array(own), np.array(marked), pace)
    np.testing.assert_allclose(straightened(there, np.array(marked), pace), own, rtol=1e-9, atol=1e-12)


def test_a_clock_that_stands_still_once_marked_reaches_nothing_more():
    assert straightened(np.array([0.5, 1.0, 1.5]), np.array(1.0), 0.0).tolist() == [0.5, 1.0, math.inf]
    assert straightened(np.array([math.inf]), np.array(math.inf), 0.0).tolist() == [math.inf]


def test_the_contracts_full_scenario_has_its_people_and_cells():
    world = build_world(load(CONTRACT / "full.yaml"))
    assert float(world.exposure.activity @ world.region.area_km2) * 14 == pytest.approx(8600, rel=1e-9)
    assert world.consequences.people == pytest.approx(1200 + 350 + 5400 + 800 + 210 + 640)
    np.testing.assert_allclose(world.consequences.present[0], 4300, rtol=1e-9)
    assert isinstance(world.exposure.clock, Clock)
    assert world.exposure.clock.readings[0] == 0.0
