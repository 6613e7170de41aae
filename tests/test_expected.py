"""The closed form against integrals done by hand, published numbers and accounts that must balance."""

import math
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import numpy as np
import pytest
from building import DAYS_PER_YEAR, START, day, days, exponential, fixed, lognormal, weibull, with_kind, world_of
from hypothesis import given, settings
from scipy import integrate, stats
from test_engine import worlds

from simulator.clocks import Clock
from simulator.closed_form import (
    CAUSES,
    expected,
    expected_denied,
    laid_share,
    outcome_probabilities,
    spreads,
)
from simulator.fates import mean_lifetime
from simulator.laws import Never, Piecewise
from simulator.world import Exposure

GRID = [0, 5, 10, 29, 30, 31, 45, 60, 90, 120, 200, 400]
SELF_DESTRUCT, BATTERY, AGEING, ACCIDENT = range(4)
MONTHS = [-4.7, -3.9, 1.4, 9.6, 15.9, 19.8, 21.7, 20.8, 14.9, 8.2, 1.4, -3.1]


def laid_at_once(count=1000, **more):
    return {"count": count, "laid": day(0), **more}


def wave(first, last, count=1000, **more):
    return {"count": count, "laid": {"from": day(first), "to": day(last)}, **more}


def quadrature(function, *edges):
    """An integral to 1e-12, by another method than the program's, broken where the function breaks."""
    return sum(integrate.quad(function, a, b, epsabs=1e-13, epsrel=1e-12, limit=200)[0] for a, b in pairwise(edges))


# Design 2.5: what the treaty's two points leave open. "10 % at 30 days" is the share whose self-destruction has failed
# by then, and "0.1 % at 120 days" that one in a hundred of their batteries still works then: S_b(120) = 0.01, so the
# scale is 120 / log(100)^(1 / shape). The battery drains from laying on (competing risks), which leaves fewer than 10 %
# live on day 30. Were 10 % still live then, shape 1 would give 10,000 / (log(100) / 90) = 195,432.
@pytest.mark.parametrize(("shape", "mine_days"), [(1, 82_402), (2, 222_026), (4, 443_564), (8, 633_703)])
def test_the_treaty_leaves_the_mine_days_after_day_30_open_by_a_factor_of_eight(shape, mine_days, measured):
    scale = 120 / math.log(100) ** (1 / shape)
    mines = laid_at_once(
        100_000,
        self_destruct={"time": {"normal": {"mean": "15 days", "sd": "1 day"}}, "failure": "10 %"},
        battery={"life": {"weibull": {"shape": shape, "scale": days(scale)}}, "failure": 0},
    )
    curves = expected(world_of({"mines": mines}, horizon=3652.5, times=[0, 30, 120, 3652.5])).curves
    assert curves.hazardous[0, 2] == pytest.approx(100, rel=1e-12)
    found = curves.mine_days[0, -1] - curves.mine_days[0, 1]
    measured("difference [mine-days]", abs(found - mine_days), at_most=0.5)
    # By hand: 10,000 times the integral of exp(-(t / scale)^shape), an incomplete gamma function.
    z = (30 / scale) ** shape
    assert found == pytest.approx(10_000 * scale * math.gamma(1 + 1 / shape) * stats.gamma.sf(z, 1 / shape), rel=1e-9)


def exponential_world(rate, f1=0.3, f2=0.2, common=0.4, arming=0.1):
    mines = laid_at_once(
        arming_failure=arming,
        self_destruct={"time": {"exponential": {"mean": "20 days"}}, "failure": f1},
        battery={"life": {"exponential": {"mean": "50 days"}}, "failure": f2},
        common_cause=common,
        ageing={"exponential": {"mean": "400 days"}},
    )
    return world_of({"mines": mines}, times=GRID, rate=rate)


@pytest.mark.parametrize("rate", [0.0, 1.4e-4, 2.0])
def test_exponential_competing_risks_have_the_algebraic_answer(rate, measured):
    # a, b, g, l: the hazards of self-destruct, battery, ageing and accident. Where devices with hazards A work,
    # S = exp(-k t) with k = A + g + l, the mine-days are E = (1 - exp(-k t)) / k, and each cause takes hazard times E.
    f1, f2, common, armed = 0.3, 0.2, 0.4, 0.9
    a, b, g, accident = 1 / 20, 1 / 50, 1 / 400, rate / DAYS_PER_YEAR
    q11 = f1 * (common + (1 - common) * f2)
    outcomes = [((1 - f1) * (1 - f2), a, b), ((1 - f1) * f2, a, 0), (f1 - q11, 0, b), (q11, 0, 0)]
    t = np.array(GRID, dtype=float)
    hazardous, mine_days = np.zeros_like(t), np.zeros_like(t)
    causes = np.zeros((4, t.size))
    for q, sd, battery in outcomes:
        k = sd + battery + g + accident
        lived = (1 - np.exp(-k * t)) / k
        hazardous += q * np.exp(-k * t)
        mine_days += q * lived
        causes += q * np.outer([sd, battery, g, accident], lived)
    found = expected(exponential_world(rate))
    scale = 1000 * armed
    measured("largest relative error", np.abs(found.curves.hazardous[0] / (scale * hazardous) - 1).max(), at_most=1e-10)
    np.testing.assert_allclose(found.curves.mine_days[0], scale * mine_days, rtol=1e-10)
    np.testing.assert_allclose(found.incidence[0], scale * causes, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(found.curves.accidents[0], scale * causes[ACCIDENT], rtol=1e-10)
    np.testing.assert_allclose(found.curves.accident_rate[0], scale * hazardous * rate, rtol=1e-10)
    np.testing.assert_allclose(found.curves.inert[0], 100 + scale * (causes[BATTERY] + causes[AGEING]), rtol=1e-10)
    np.testing.assert_allclose(found.curves.gone[0], scale * (causes[SELF_DESTRUCT] + causes[ACCIDENT]), atol=1e-9)


def test_causes_are_in_the_order_they_are_named():
    assert CAUSES == ("self_destruct", "battery", "ageing", "accident")


def by_cause(found):
    """The total incidence of each cause by the horizon."""
    return found.incidence[0, :, -1]


def test_fixed_lifetimes_end_in_jumps_and_a_tie_goes_to_self_destruct_then_to_the_battery():
    # All at 30 days, 0.3 fail each: self-destruct takes 0.7; of the rest the battery 0.7, and ageing what both leave.
    law = {"time": "30 days", "failure": 0.3}
    tied = laid_at_once(self_destruct=law, battery={"life": "30 days", "failure": 0.3}, ageing="30 days")
    found = expected(world_of({"tied": tied}, times=GRID))
    np.testing.assert_allclose(by_cause(found), [700, 210, 90, 0], rtol=1e-12)
    np.testing.assert_allclose(found.curves.hazardous[0], np.where(np.array(GRID) < 30, 1000, 0), atol=1e-9)
    np.testing.assert_allclose(found.curves.mine_days[0], np.minimum(GRID, 30) * 1000.0, rtol=1e-12)


def test_each_fixed_lifetime_takes_its_share_on_its_day():
    # Battery at 29 (0.8 work), self-destruct at 31 (0.7 of what is left), ageing at 45 the rest, each on its day.
    mines = laid_at_once(
        self_destruct={"time": "31 days", "failure": 0.3}, battery={"life": "29 days", "failure": 0.2}, ageing="45 days"
    )
    found = expected(world_of({"mines": mines}, times=[0, 28.99, 29, 30, 31, 44, 45, 400]))
    np.testing.assert_allclose(found.curves.hazardous[0], [1000, 1000, 200, 200, 60, 60, 0, 0], rtol=1e-12, atol=1e-9)
    np.testing.assert_allclose(by_cause(found), [140, 800, 60, 0], rtol=1e-12)


def test_a_fixed_lifetime_meets_the_survivors_of_accidents():
    # Hazard l until day 30: accidents 1 - exp(-30 l) of all, and the jump takes the rest.
    rate = 2.0
    found = expected(
        world_of({"m": laid_at_once(self_destruct={"time": "30 days", "failure": 0})}, times=GRID, rate=rate)
    )
    safe = math.exp(-30 * rate / DAYS_PER_YEAR)
    np.testing.assert_allclose(by_cause(found), [1000 * safe, 0, 0, 1000 * (1 - safe)], rtol=1e-12)


def test_a_lifetime_of_zero_days_takes_a_mine_at_laying():
    found = expected(world_of({"m": laid_at_once(self_destruct={"time": "0 days", "failure": 0.25})}, times=GRID))
    np.testing.assert_allclose(found.curves.hazardous[0], 250, rtol=1e-12)
    np.testing.assert_allclose(found.curves.gone[0], 750, rtol=1e-12)


def test_a_mine_laid_later_counts_from_its_day():
    mines = {"count": 1000, "laid": day(30), "ageing": {"exponential": {"mean": "50 days"}}}
    found = expected(world_of({"mines": mines}, times=GRID, rate=2.0)).curves
    since = np.maximum(np.array(GRID) - 30.0, 0.0)
    alive = np.where(np.array(GRID) >= 30, np.exp(-since * (1 / 50 + 2 / DAYS_PER_YEAR)), 0.0)
    np.testing.assert_allclose(found.hazardous[0], 1000 * alive, rtol=1e-10)
    np.testing.assert_array_equal(found.laid[0], np.where(np.array(GRID) >= 30, 1000, 0))


# A wave lays n mines evenly from A to B: what one mine laid on day l has at t, averaged over l in [A, min(t, B)].
FIRST, LAST = 5, 60


def averaged(of_mine, t, *breaks):
    """(1 / (B - A)) times the integral over the laying day of ``of_mine(age)``, up to t; ``breaks`` are ages."""
    end = min(max(t, FIRST), LAST)
    inner = sorted({t - age for age in breaks if FIRST < t - age < end})
    return quadrature(lambda laid: of_mine(t - laid), FIRST, *inner, end) / (LAST - FIRST)


def test_a_wave_of_exponential_lives_has_the_algebraic_answer():
    # n m / (B - A) (exp(-(t - min(t, B)) / m) - exp(-(t - A) / m)) with the joint mean m of ageing and accidents.
    mines = wave(FIRST, LAST, ageing={"exponential": {"mean": "50 days"}})
    found = expected(world_of({"mines": mines}, times=GRID, rate=2.0))
    t = np.array(GRID, dtype=float)
    m = 1 / (1 / 50 + 2 / DAYS_PER_YEAR)
    begun = np.clip(t, FIRST, LAST)
    alive = m / (LAST - FIRST) * (np.exp(-(t - begun) / m) - np.exp(-(np.maximum(t, FIRST) - FIRST) / m))
    np.testing.assert_allclose(found.curves.hazardous[0], 1000 * np.where(t > FIRST, alive, 0), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(found.curves.laid[0], 1000 * (begun - FIRST) / (LAST - FIRST), rtol=1e-12)
    np.testing.assert_allclose(found.incidence[0, AGEING] * 50, found.curves.mine_days[0], rtol=1e-9, atol=1e-9)


def test_a_wave_of_mines_that_never_end_rises_evenly_and_stays():
    found = expected(world_of({"mines": wave(FIRST, LAST)}, times=GRID)).curves
    t = np.array(GRID, dtype=float)
    during, after = np.clip(t, FIRST, LAST) - FIRST, np.maximum(t - LAST, 0)
    np.testing.assert_allclose(found.hazardous[0], 1000 * during / (LAST - FIRST), rtol=1e-12)
    # Mine-days: n (t - A)^2 / (2 (B - A)) while laying, then n more a day.
    np.testing.assert_allclose(found.mine_days[0], 1000 * (during**2 / 2 / (LAST - FIRST) + after), rtol=1e-12)


def test_a_wave_of_fixed_lives_is_what_was_laid_within_a_lifetime():
    mines = wave(FIRST, LAST, self_destruct={"time": "30 days", "failure": 0.2})
    found = expected(world_of({"mines": mines}, times=GRID)).curves
    t = np.array(GRID, dtype=float)
    laid, over = ((np.clip(t - age, FIRST, LAST) - FIRST) / (LAST - FIRST) for age in (0, 30))
    np.testing.assert_allclose(found.hazardous[0], 1000 * (laid - 0.8 * over), rtol=1e-12, atol=1e-9)
    np.testing.assert_allclose(found.gone[0], 800 * over, rtol=1e-12, atol=1e-9)


LAWS = {
    "uniform": (
        {"uniform": {"low": "10 days", "high": "90 days"}},
        lambda age: min(1.0, max(0.0, (90 - age) / 80)),
        (10, 90),
    ),
    "piecewise": (
        {"piecewise": [["10 days", 0.8], ["30 days", 0.8], ["60 days", 0.3]]},
        lambda age: float(np.interp(age, [0, 10, 30, 60], [1, 0.8, 0.8, 0.3])),
        (10, 30, 60),
    ),
    "weibull": (
        {"weibull": {"shape": 4, "scale": "70 days"}},
        lambda age: math.exp(-((age / 70) ** 4)),
        (30, 50, 70, 90, 120),
    ),
    "normal": (
        {"normal": {"mean": "15 days", "sd": "1 day"}},
        lambda age: stats.norm.sf(age, 15, 1),
        (9, 12, 14, 15, 16, 18, 21),
    ),
}


@pytest.mark.parametrize("mechanism", ["self_destruct", "battery", "ageing"])
@pytest.mark.parametrize("name", LAWS)
def test_a_wave_of_any_law_is_the_average_over_the_laying_day(name, mechanism):
    law, survives, breaks = LAWS[name]
    given = {"ageing": law} if mechanism == "ageing" else {
        mechanism: {"time" if mechanism == "self_destruct" else "life": law, "failure": 0.1}
    }  # fmt: skip
    found = expected(world_of({"mines": wave(FIRST, LAST, **given)}, times=GRID)).curves
    fails = 0.0 if mechanism == "ageing" else 0.1
    share = [averaged(lambda age: fails + (1 - fails) * survives(age), t, *breaks) for t in GRID]
    np.testing.assert_allclose(found.hazardous[0], 1000 * np.array(share), rtol=1e-6, atol=1e-6)


def test_accidents_of_a_wave_happen_while_its_mines_lie():
    # With no device: dA/dt = l H, H = n / (B - A) times the integral of exp(-l age).
    rate = 3.0
    found = expected(
        world_of({"mines": wave(FIRST, LAST, ageing={"exponential": {"mean": "1000 years"}})}, times=GRID, rate=rate)
    ).curves
    per_day = rate / DAYS_PER_YEAR
    share = [averaged(lambda age: 1 - math.exp(-per_day * age), t) for t in GRID]
    np.testing.assert_allclose(found.accidents[0], 1000 * np.array(share), rtol=2e-3, atol=1e-9)
    np.testing.assert_allclose(found.accidents[0], found.mine_days[0] * per_day, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("common", [0.0, 0.25, 1.0])
def test_what_is_left_for_good_is_the_share_in_which_both_devices_fail(common):
    f1, f2 = 0.1, 0.06
    mines = laid_at_once(
        10_000,
        self_destruct={"time": "14 days", "failure": f1},
        battery={"life": "20 days", "failure": f2},
        common_cause=common,
    )
    world = world_of({"mines": mines}, times=[0, 14, 19.9, 20, 400])
    # Both fail: f1 (c + (1 - c) f2), which is 0.006 at c = 0, 0.0295 at c = 1/4, and f1 = 0.1 at c = 1.
    both = {0.0: 0.006, 0.25: 0.0295, 1.0: 0.1}[common]
    hazardous = expected(world).curves.hazardous[0]
    np.testing.assert_allclose(hazardous, 10_000 * np.array([1, f1, f1, both, both]), rtol=1e-12)
    q = outcome_probabilities(world.kinds[0])
    np.testing.assert_allclose(q, [(1 - f1) * (1 - f2), (1 - f1) * f2, f1 - both, both], rtol=1e-12)
    # The common cause moves nothing else: each device still fails as often as before, where self-destruct works.
    assert q.sum() == pytest.approx(1.0, rel=1e-15)
    assert q[2] + q[3] == pytest.approx(f1, rel=1e-15)
    assert q[1] / (q[0] + q[1]) == pytest.approx(f2, rel=1e-15)


FULL = {
    "count": 1000,
    "laid": {"from": day(5), "to": day(60)},
    "arming_failure": 0.1,
    "self_destruct": {"time": {"normal": {"mean": "40 days", "sd": "15 days"}}, "failure": 0.3},
    "battery": {"life": {"weibull": {"shape": 4, "scale": "70 days"}}, "failure": 0.2, "q10": 2},
    "common_cause": 0.4,
    "ageing": {"exponential": {"mean": "2 years"}},
}


def test_lots_leave_the_mean_unchanged():
    alone = expected(world_of({"m": FULL}, times=GRID, temperature=MONTHS, rate=1.0))
    lots = expected(
        world_of({"m": FULL | {"lots": {"size": 50, "correlation": 0.3}}}, times=GRID, temperature=MONTHS, rate=1.0)
    )
    for name in ("hazardous", "inert", "accidents", "accident_rate", "mine_days"):
        np.testing.assert_array_equal(getattr(lots.curves, name), getattr(alone.curves, name))


def test_a_battery_in_the_cold_lives_on_its_own_clock(measured):
    # Alone with Q10 = 2: S = exp(-(age / 70)^4) where age adds up 2^((T - 20) / 10) day by day over the real calendar.
    mines = laid_at_once(battery={"life": {"weibull": {"shape": 4, "scale": "70 days"}}, "failure": 0, "q10": 2})
    found = expected(world_of({"mines": mines}, times=GRID, temperature=MONTHS)).curves
    steps = [2 ** ((MONTHS[(START + timedelta(days=number)).month - 1] - 20) / 10) for number in range(400)]
    age = np.concatenate(([0.0], np.cumsum(steps)))[GRID]
    measured("largest difference", np.abs(found.hazardous[0] - 1000 * np.exp(-((age / 70) ** 4))).max(), at_most=1e-6)


def uneven(world, readings=(0, 0.5, 0.6, 1.5)):
    """The same world with an accident rate that changes over time and people who keep to some of the cells."""
    activity = np.resize([0.0, 0.3, 2.0, 5.0, 2.0], world.region.area_km2.size)
    clock = Clock(np.array([0.0, 50.0, 100.0, 200.0]), np.array(readings, dtype=float))
    return replace(world, exposure=Exposure(clock, activity))


def test_accidents_follow_the_dose_of_each_cell(measured):
    # Without devices, a mine in cell c survives with exp(-a_c D(t)); all cells have the same area.
    world = uneven(world_of({"mines": laid_at_once()}, times=GRID))
    found = expected(world)
    dose = np.interp(GRID, [0, 50, 100, 200, 400], [0, 0.5, 0.6, 1.5, 3.3])
    activity = world.exposure.activity
    alive = np.exp(-np.outer(activity, dose)).mean(axis=0)
    measured("largest relative error", np.abs(found.curves.hazardous[0] / (1000 * alive) - 1).max(), at_most=1e-10)
    np.testing.assert_allclose(found.curves.accidents[0], 1000 * (1 - alive), rtol=1e-9, atol=1e-9)
    pace = np.array([0.01] * 7 + [0.002] * 2 + [0.009] * 3) * DAYS_PER_YEAR
    rate = (activity[:, None] * np.exp(-np.outer(activity, dose))).mean(axis=0) * pace
    np.testing.assert_allclose(found.curves.accident_rate[0], 1000 * rate, rtol=1e-10)


def assert_balances(world, found, rtol=1e-9):
    """Every laid mine is hazardous, never armed, or ended by exactly one cause."""
    curves = found.curves
    unarmed = np.array([kind.arming_failure * kind.count * laid_share(kind, world.times) for kind in world.kinds])
    counts = np.array([[max(kind.count, 1)] for kind in world.kinds])
    ended = found.incidence.sum(axis=1)
    np.testing.assert_allclose(curves.hazardous + unarmed + ended, curves.laid, rtol=0, atol=rtol * counts.max())
    np.testing.assert_allclose(curves.inert, unarmed + found.incidence[:, BATTERY] + found.incidence[:, AGEING])
    np.testing.assert_allclose(curves.accidents, found.incidence[:, ACCIDENT])
    assert np.all(curves.gone >= -rtol * counts)
    for rising in (curves.laid, curves.accidents, curves.mine_days, *np.moveaxis(found.incidence, 1, 0)):
        assert np.all(np.diff(rising, axis=-1) >= -1e-9 * counts)
    assert np.all(curves.hazardous <= curves.laid * (1 + 1e-12))
    assert np.all(found.land.denied_km2[:-1] <= found.land.denied_km2[-1] * (1 + 1e-12))


@given(world=worlds())
@settings(max_examples=150, derandomize=True, deadline=None)
def test_every_mine_of_any_world_is_accounted_for(world):
    assert_balances(world, expected(world))


@pytest.mark.parametrize("shape", [0.25, 0.4, 0.7])
@pytest.mark.parametrize("name", ["weibull", "gamma"])
@pytest.mark.parametrize("laid", [0, 47])
def test_early_failures_with_a_pole_at_laying_are_accounted_for(name, shape, laid):
    mines = {"count": 1000, "laid": day(laid), "ageing": {name: {"shape": shape, "scale": "50 days"}}}
    world = world_of({"mines": mines}, times=GRID)
    assert_balances(world, expected(world), rtol=1e-6)


@pytest.mark.parametrize("sigma", [0.01, 0.8, 2.5, 4.0])
def test_lives_that_spread_over_many_powers_of_ten_are_accounted_for(sigma):
    mines = laid_at_once(ageing={"lognormal": {"median": "50 days", "sigma": sigma}})
    world = world_of({"mines": mines}, times=GRID)
    found = expected(world)
    assert_balances(world, found, rtol=1e-6)
    lived = quadrature(lambda t: stats.lognorm.sf(t, sigma, scale=50), 0, 0.01, 1, 10, 45, 50, 55, 100, 400)
    assert found.curves.mine_days[0, -1] == pytest.approx(1000 * lived, rel=1e-6)


def test_a_broken_account_does_not_balance():
    world = world_of({"m": FULL}, times=GRID, temperature=MONTHS, rate=1.0)
    found = expected(world)
    assert_balances(world, found)
    one_lost = replace(found, incidence=found.incidence * (1 - 1e-6))
    with pytest.raises(AssertionError):
        assert_balances(world, one_lost)


def test_a_self_destruct_spread_over_a_minute_in_ten_years_is_not_lost():
    minute = 1 / 1440
    mines = laid_at_once(
        self_destruct={"time": {"normal": {"mean": "1800 days", "sd": "1 minutes"}}, "failure": 0.1},
        ageing={"exponential": {"mean": "5000 days"}},
    )
    times = [0, 1000, 1800 - 5 * minute, 1800, 1800 + 5 * minute, 3652.5]
    found = expected(world_of({"mines": mines}, horizon=3652.5, times=times))
    left = 1000 * math.exp(-1800 / 5000)
    # exp(-t / 5000) over a spread of a minute: 1800 days but for 1e-14.
    ended = 0.9 * left * np.array([0, 0, 0, 0.5, 1, 1])
    np.testing.assert_allclose(found.incidence[0, SELF_DESTRUCT], ended, atol=3e-4)
    assert by_cause(found)[SELF_DESTRUCT] == pytest.approx(0.9 * left, rel=1e-9)
    lived = 1000 * 5000 * (0.9 * (1 - math.exp(-0.36)) + 0.1 * (1 - math.exp(-3652.5 / 5000)))
    assert found.curves.mine_days[0, -1] == pytest.approx(lived, rel=1e-9)


def test_a_narrow_self_destruct_of_a_wave_is_that_of_a_fixed_one():
    # Laid evenly over 90 days, in 800 panels or more: the step of a self-destruct within a minute lies inside a panel,
    # and is misplaced by half a panel at most.
    battery = {"life": {"weibull": {"shape": 4, "scale": "81.9 days"}}, "failure": 0}
    narrow, sharp = (
        expected(world_of({"m": wave(0, 90, self_destruct={"time": law, "failure": 0.1}, battery=battery)}, times=GRID))
        for law in ({"normal": {"mean": "14 days", "sd": "1 minutes"}}, "14 days")
    )
    np.testing.assert_allclose(narrow.curves.hazardous, sharp.curves.hazardous, rtol=0, atol=1000 / 1600)


def test_denied_land_is_the_area_of_the_cells_that_were_not_missed():
    # 20 cells of 1 km2: a cell is missed by one mine with 19/20, by n mines with (19/20)^n.
    mines = {"a": laid_at_once(10), "b": {"count": 7, "laid": day(30)}}
    found = expected_denied(world_of(mines, times=[0, 29, 30, 400]))
    a, b, both = (20 * (1 - (19 / 20) ** n) for n in (10, 7, 17))
    np.testing.assert_allclose(found, [[a] * 4, [0, 0, b, b], [a, a, both, both]], rtol=1e-12, atol=1e-12)


def test_denied_land_counts_cut_cells_by_their_area():
    # 2.5 by 1 km: cells of 1, 1 and 0.5 km2, hit with 0.4, 0.4 and 0.2.
    found = expected_denied(world_of({"a": laid_at_once(6)}, times=[0, 400], side=(2.5, 1)))
    np.testing.assert_allclose(found[0], 2 * (1 - 0.6**6) + 0.5 * (1 - 0.8**6), rtol=1e-12)


def test_denied_land_of_a_wave_grows_as_it_is_laid():
    # Each mine is there on day t with share (t - 10) / 40, so a cell of 20 is missed by it with 1 - that / 20.
    found = expected_denied(world_of({"a": wave(10, 50, 12)}, times=[0, 10, 20, 50, 400]))
    shares = np.array([0, 0, 0.25, 1, 1])
    np.testing.assert_allclose(found[0], 20 * (1 - (1 - shares / 20) ** 12), rtol=1e-12, atol=1e-12)


def test_a_region_of_one_cell_is_denied_with_its_first_mine():
    one = {"a": laid_at_once(1), "none": laid_at_once(0)}
    found = expected_denied(world_of(one, times=[0, 400], side=(1, 1)))
    np.testing.assert_allclose(found, [[1, 1], [0, 0], [1, 1]], atol=1e-12)


def test_the_mean_of_exponential_lifetimes_is_one_over_the_sum_of_their_hazards():
    assert mean_lifetime([exponential(20), exponential(50)]) == pytest.approx(1 / (1 / 20 + 1 / 50), rel=1e-9)
    assert mean_lifetime([weibull(2, 50)]) == pytest.approx(50 * math.gamma(1.5), rel=1e-9)
    assert mean_lifetime([lognormal(30, 0.8)]) == pytest.approx(30 * math.exp(0.32), rel=1e-9)
    assert mean_lifetime([fixed(14), exponential(20)]) == pytest.approx(20 * (1 - math.exp(-0.7)), rel=1e-9)
    assert mean_lifetime([exponential(20)], 30) == pytest.approx(20 * (1 - math.exp(-1.5)), rel=1e-9)
    assert mean_lifetime([Never(), exponential(20)]) == pytest.approx(20, rel=1e-9)
    assert mean_lifetime([Never()], 30) == pytest.approx(30, rel=1e-12)


@pytest.mark.parametrize("law", [Never(), Piecewise(points=[("30 days", 0.5)])], ids=str)
def test_a_lifetime_that_may_never_end_has_no_finite_mean(law):
    assert mean_lifetime([law]) == math.inf


def test_the_spread_of_the_estimate_is_that_of_the_devices_alone():
    # Without devices the conditional estimate knows everything: accidents are averaged out, nothing is left to vary.
    lasting = spreads(world_of({"m": laid_at_once(10_000)}, times=GRID, rate=1.4e-4))
    np.testing.assert_allclose(lasting.hazardous, 0.0, atol=1e-6)
    # With ageing alone it varies as a binomial count of S = exp(-t / 100), seen through the survival of accidents.
    ageing = laid_at_once(10_000, ageing={"exponential": {"mean": "100 days"}})
    found = spreads(world_of({"m": ageing}, times=GRID, rate=2.0))
    alive = np.exp(-np.array(GRID) / 100)
    safe = np.exp(-np.array(GRID) * 2 / DAYS_PER_YEAR)
    np.testing.assert_allclose(found.hazardous[0], safe * np.sqrt(10_000 * alive * (1 - alive)), rtol=1e-9, atol=1e-6)


def test_a_closed_form_notices_a_battery_life_10_percent_longer(measured):
    world = world_of({"m": FULL}, times=GRID, temperature=MONTHS, rate=1.0)
    longer = with_kind(world, battery=weibull(4, 77))
    off = expected(longer).curves.hazardous[0, 4:] / expected(world).curves.hazardous[0, 4:] - 1
    measured("largest relative difference", np.abs(off).max(), at_least=1e-3)
