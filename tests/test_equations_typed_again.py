"""Equations of docs/mathematics.md, typed again from the page and not from the modules, give what the code gives."""

import math
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from building import START, day, ensemble_of, world_of
from scipy import special

from simulator import knowledge
from simulator.clearance import pass_that_finds
from simulator.clocks import arrhenius_factor, pace_at, q10_factor, read
from simulator.closed_form import expected, outcome_probabilities
from simulator.ensemble import ALL, curve
from simulator.exposure import exposure_clock, pace_factor
from simulator.metrics import metric_samples, metrics
from simulator.population import Purpose, uniforms
from simulator.quantities import Quantity
from simulator.scenario_file import from_tree
from simulator.trajectory import RELEASED_SHARES, Land
from simulator.uncertainty import UncertainInput, inverse
from simulator.units import NUMBER
from simulator.world import build_world


def outcomes_of_the_page(f1, f2, common):
    """E4.2: q00, q01, q10, q11."""
    q11 = f1 * (common + (1 - common) * f2)
    return [(1 - f1) * (1 - f2), (1 - f1) * f2, f1 - q11, q11]


def test_failure_outcomes_typed_from_the_page_are_those_of_the_code():
    kind = world_of({"m": {"count": 1, "laid": day(0)}}).kinds[0]
    for f1, f2, common in ((0.1, 0.01, 0.0), (0.3, 0.2, 0.5), (0.07, 0.6, 1.0), (1.0, 0.4, 0.2), (0.0, 0.0, 0.9)):
        failing = replace(kind, self_destruct_failure=f1, backup_failure=f2, common_cause=common)
        np.testing.assert_allclose(outcome_probabilities(failing), outcomes_of_the_page(f1, f2, common), atol=1e-15)


TEMPERATURES = [-5.0, -4.0, 1.0, 9.0, 16.0, 20.0, 22.0, 21.0, 15.0, 8.0, 2.0, -3.0]


def test_the_hazardous_share_typed_from_the_page_is_that_of_the_code():
    # Battery age by E3.4 and E3.6, day by day of the calendar; laws by E2.2, E2.1 and E2.3; E5.1, E5.2.
    mines = {
        "count": 1000, "laid": day(0), "arming_failure": 0.05, "common_cause": 0.3,
        "self_destruct": {"time": {"weibull": {"shape": 3, "scale": "40 days"}}, "failure": 0.2},
        "battery": {"life": {"lognormal": {"median": "60 days", "sigma": 0.4}}, "failure": 0.1, "q10": 2.2},
        "ageing": {"exponential": {"mean": "900 days"}},
    }  # fmt: skip
    at = np.arange(0.0, 401.0, 40.0)
    found = expected(world_of({"m": mines}, times=at, rate=0.5, temperature=TEMPERATURES)).curves.hazardous[0]

    def hazardous(life_days):
        age = 0.0
        for t in range(401):
            if t % 40 == 0:
                sd, b = math.exp(-((t / 40) ** 3)), special.ndtr(-math.log(age / life_days) / 0.4) if age else 1.0
                q = outcomes_of_the_page(0.2, 0.1, 0.3)
                left = q[0] * sd * b + q[1] * sd + q[2] * b + q[3]
                yield 1000 * 0.95 * left * math.exp(-t / 900) * math.exp(-0.5 * t / 365.25)
            age += 2.2 ** ((TEMPERATURES[(START + timedelta(days=t)).month - 1] - 20) / 10)

    np.testing.assert_allclose(found, [*hazardous(60)], rtol=1e-9)
    assert np.abs(found / [*hazardous(66)] - 1).max() > 0.02


def test_ageing_typed_from_the_page_is_that_of_the_code():
    degrees = np.array([-20.0, 0.0, 37.5])
    np.testing.assert_allclose(q10_factor(degrees, 3.0, 12.0), 3.0 ** ((degrees - 12) / 10))
    by_page = [math.exp(0.6 / 8.617333262e-5 * (1 / (12 + 273.15) - 1 / (c + 273.15))) for c in degrees]
    np.testing.assert_allclose(arrhenius_factor(degrees, 0.6, 12.0), by_page)
    # E3.8, with the mean over a year by sums: 10 K and a factor of 2.
    year = np.cos(np.linspace(0, 2 * np.pi, 3650, endpoint=False)) * 10
    assert np.mean(2.0 ** (year / 10)) == pytest.approx(special.iv(0, 10 * math.log(2) / 10), rel=1e-9)


CHANGING = {
    "season": [0.5, 0.6, 0.9, 1.2, 1.5, 1.4, 1.3, 1.2, 1.1, 1.0, 0.8, 0.5],
    "return": {"initial": 0.2, "final": 0.9, "half_time": "90 days"},
    "surge": {"factor": 3.5, "half_time": "200 days"},
    "education": {"from": day(40), "ramp": "100 days", "reduces": 0.4},
}


def scenario_of(civilians, **more):
    tree = {
        "title": "People", "start": START.isoformat(), "horizon": "800 days",
        "region": {"rectangle": {"width": "5 km", "height": "4 km"}},
        "mines": {"m": {"count": 100, "laid": day(0)}},
        "civilians": {"density": "28 per km2", "reference_density": "14 per km2", "casualties_per_accident": 1.5,
                      "accident_rate": "0.1 per mine-year", "killed_share": 0.3, "child_share": 0.4, **civilians},
        **more,
    }  # fmt: skip
    return from_tree("people", tree)


def test_exposure_factors_typed_from_the_page_are_those_of_the_code():
    at = np.array([0.0, 31.5, 40.0, 77.0, 140.0, 500.0])

    def by_page(t):  # E6.1 with E6.3 to E6.6
        season = CHANGING["season"][(START + timedelta(days=math.floor(t))).month - 1]
        back, surge = 0.9 + (0.2 - 0.9) * 2 ** (-t / 90), 1 + (3.5 - 1) * 2 ** (-t / 200)
        return season * back * surge * (1 - 0.4 * min(1, max(0, (t - 40) / 100)))

    scenario = scenario_of(CHANGING).scenario
    np.testing.assert_allclose(pace_factor(scenario, at), [by_page(t) for t in at], rtol=1e-12)
    assert float(build_world(scenario_of(CHANGING)).exposure.activity[0]) == 28 / 14


@pytest.mark.parametrize(("part", "size"), [({"return": {"initial": 0.1, "final": 0.7, "half_time": "80 days"}}, 0.6),
                                            ({"surge": {"factor": 5, "half_time": "80 days"}}, 4.0)])  # fmt: skip
def test_the_dose_between_knots_is_off_by_no_more_than_the_page_says(part, size):
    # E6.8, h = 80 days. The bound is reached to 1 % in the first gap; the rate is off by half of ln 2 / 64 there.
    clock = exposure_clock(scenario_of(part).scenario, first_day=0.0)
    t = np.linspace(0, 800, 40_001)
    settled, sign = (0.7, -1) if "return" in part else (1.0, 1)
    exact = 0.1 / 365.25 * (settled * t + sign * size * 80 / math.log(2) * (1 - 2 ** (-t / 80)))
    bound = 0.1 / 365.25 * math.log(2) / (8 * 64**2) * 80 * size
    assert 0.99 * bound < np.abs(read(clock, t) - exact).max() < bound
    pace = pace_at(clock, t) * 365.25 / 0.1
    assert np.abs(pace - settled - sign * size * 2 ** (-t / 80)).max() / size == pytest.approx(0.0054, abs=0.0001)


def test_clearance_typed_from_the_page_is_that_of_the_code():
    plan = {"from": day(0), "teams": 1, "rate": "500 m2 per team-day", "search": 0.3, "detection": 0.8, "passes": 3}
    found = build_world(scenario_of({}, clearance=plan)).clearance
    np.testing.assert_allclose(found.work_days, 1e6 * 1.0 * 0.3 / 500)  # E9.1
    u = np.array([1.0, 0.21, 0.2, 0.05, 0.04, 0.0081, 0.0079, 1e-9])
    by_page = 1 + sum(u <= (1 - 0.8) ** j for j in (1, 2, 3))  # E9.3
    assert pass_that_finds(found, u).tolist() == by_page.tolist()


def test_a_uniform_typed_from_the_page_is_the_one_that_is_drawn():
    # E10.1, for mine 13 of the class in slot 2, drawn for the third time.
    key = np.random.SeedSequence(77, spawn_key=(5, 9)).generate_state(2, np.uint64)
    bits = np.random.Philox(key=key, counter=[13 // 4, 0, 2, 2])
    by_page = 1 - np.random.Generator(bits).random(4)[13 % 4]
    assert uniforms(77, 5, Purpose.ACCIDENT, 2, 10, 6, attempt=2)[3] == by_page
    assert len(Purpose) == 19
    assert Purpose.ACCIDENT == 9


def test_mine_days_with_the_dose_at_the_middle_of_a_step_are_off_as_the_page_says():
    # E11.3: the same mines on a grid of months and of days, so that the difference is the step's alone. A quarter of
    # the error that is foretold is left for terms of higher order.
    rate, ageing = 2.0 / 365.25, 1 / 200
    mines = {"m": {"count": 4000, "laid": day(0), "ageing": {"exponential": {"mean": "200 days"}}}}
    coarse, fine = (ensemble_of(world_of(mines, horizon=360, times=np.arange(0, 361, step), rate=2.0), 2)
                    for step in (30.0, 1.0))  # fmt: skip
    off = coarse.estimate.mine_days[:, 0, -1] / fine.estimate.mine_days[:, 0, -1] - 1
    np.testing.assert_allclose(np.abs(off), (rate * ageing / 12 + rate**2 / 24) * 30**2, rtol=0.25)
    assert (rate * ageing / 12 + rate**2 / 24) * 30**2 > 1e-3


def test_metrics_typed_from_the_page_are_those_of_the_code():
    mines = {"m": {"count": 3000, "laid": day(0), "ageing": {"exponential": {"mean": "100 days"}}}}
    world = build_world(scenario_of({}, mines=mines, thresholds=["2e-2 per year", "9 per year"]))
    ensemble = ensemble_of(world, 2)
    found = {one.name: metric_samples(one, ensemble)[0] for one in metrics(world)}
    t, accidents = world.times, ensemble.estimate.accidents[:, 0]
    np.testing.assert_allclose(found["casualties"], 1.5 * accidents[:, -1])  # E12.1
    np.testing.assert_allclose(found["killed"], 0.3 * found["casualties"])
    np.testing.assert_allclose(found["injured"], 0.7 * found["casualties"])
    np.testing.assert_allclose(found["children"], 0.4 * found["casualties"])
    risk = ensemble.estimate.accident_rate[:, 0] * 1.5 * 0.3 / (28 * 20)  # E12.2
    np.testing.assert_allclose(found["highest_individual_risk"], risk.max(axis=1))
    for row in range(2):  # E12.3
        j = max(k for k in range(t.size) if risk[row, k] >= 2e-2)
        below = t[j] + (t[j + 1] - t[j]) * (risk[row, j] - 2e-2) / (risk[row, j] - risk[row, j + 1])
        assert 0 < below < 800
        assert found["days_until_risk_below_0.02"][row] == pytest.approx(below)
    assert found["days_until_risk_below_9"].tolist() == [0, 0]
    mine_days = ensemble.estimate.mine_days[:, 0]  # E12.4
    np.testing.assert_allclose(found["mine_days_after_30_days"], mine_days[:, -1] - mine_days[:, t.tolist().index(30)])
    denied = np.where(t < 300, 5.0, np.where(t < 500, 2.0, 0.0))[None]  # E12.6
    land = Land(denied, denied[0], denied[0], np.zeros(len(RELEASED_SHARES)))
    by_page = sum((denied[0][j] + denied[0][j + 1]) / 2 * (t[j + 1] - t[j]) for j in range(t.size - 1)) / 365.25
    metric = next(one for one in metrics(world) if one.name == "denied_km2_years")
    assert float(metric.of(world, ensemble.estimate, land)) == pytest.approx(by_page)


@pytest.mark.parametrize("initial", [0.0, 0.05, 0.5])
def test_individual_risk_does_not_depend_on_how_many_are_back(initial):
    # E12.2: who is away neither has accidents nor counts. Divided by those present on the day itself, the risk of the
    # first days would be 2.8 times too high where nobody is there at first.
    back = {"return": {"initial": initial, "final": 1.0, "half_time": "1 years"}, "accident_rate": "1e-6 per mine-year"}
    worlds = [build_world(scenario_of(one)) for one in (back, {"accident_rate": back["accident_rate"]})]
    risk, other = (curve(w, c.curves, c.land, ALL, "individual_risk") for w in worlds for c in [expected(w)])
    np.testing.assert_allclose(risk, other, rtol=1e-5)
    by_day = worlds[0].consequences.at_risk[1] / worlds[0].consequences.present[1]
    assert by_day > 2.8 if initial == 0 else by_day < 1.07


def test_laws_of_inputs_typed_from_the_page_are_those_of_the_code():
    share = Quantity(NUMBER, above=0, at_most=1)
    u = np.array([0.02, 0.3, 0.61, 0.97])
    a, b, c = 0.1, 0.25, 0.6
    low, high = special.ndtr((np.log(np.nextafter(0, 1)) - np.log(0.5)) / 2), special.ndtr((0 - np.log(0.5)) / 2)
    by_page = {
        ("uniform", (a, c)): a + (c - a) * u,
        ("loguniform", (a, c)): a * (c / a) ** u,
        ("triangular", (a, b, c)): np.where(u < (b - a) / (c - a), a + np.sqrt(u * (b - a) * (c - a)),
                                            c - np.sqrt((1 - u) * (c - b) * (c - a))),
        ("beta", (2.0, 5.0)): special.betaincinv(2.0, 5.0, u),
        ("tests", (60.0, 3.0)): special.betaincinv(3.5, 57.5, u),
        ("lognormal", (0.5, 2.0)): np.exp(np.log(0.5) + 2 * special.ndtri(low + (high - low) * u)),
        ("one_of", (2.0, 1.0, 1.0)): [min(i for i in range(3) if sum((2, 1, 1)[: i + 1]) > one * 4) for one in u],
    }  # fmt: skip
    for (kind, parameters), values in by_page.items():
        one = UncertainInput(("x",), kind, parameters, None if kind == "one_of" else share, 0.5)
        np.testing.assert_allclose(inverse(one, u), values, rtol=1e-12, err_msg=kind)


def test_the_noise_in_knowledge_typed_from_the_page_is_that_of_the_code():
    # E14.6: sets that differ by 3, replicates by 2, in ten replicates.
    rng = np.random.default_rng(11)
    estimates = rng.normal(0, 3, (200, 1)) + rng.normal(0, 2, (200, 10))
    within = np.mean([row.var(ddof=1) / 10 for row in estimates])
    assert knowledge._noise(estimates) == pytest.approx(within / estimates.mean(axis=1).var(ddof=1))
    assert knowledge._noise(estimates) == pytest.approx(0.4 / 9.4, rel=0.3)
