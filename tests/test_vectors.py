"""Published numbers, each with source and tolerance in vectors.json, and an account of those that are not checked."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from building import days, gamma, lognormal, weibull

from simulator.clocks import Clock, arrhenius_factor, day_of, read
from simulator.demonstration import rate_bounds
from simulator.fates import mean_lifetime
from simulator.laws import Weibull
from simulator.lifetimes import log_survival

VECTORS = {
    vector["id"]: vector
    for vector in json.loads(Path(__file__).with_name("vectors.json").read_text(encoding="utf-8"))["vectors"]
}

CHECKED = {
    "nist-7.2.4.1-exact-binomial-ci": {"lower", "upper"},
    "reliability-docs-acceleration-factor": {"AF"},
    "reliability-docs-one-sample-proportion": {"lower", "upper"},
    "reliability-docs-competing-risks-mean": {"mean"},
    "reliability-docs-palmgren-miner": {"cycles", "damage_fraction_percent"},
    "yang-2007-arrhenius-exponential": {"AF_70_to_35"},
    "surpyval-mpmath-weibull-tails": {"log_sf"},
}
NOT_CHECKED = {
    ("nist-8.4.1.3-weibull-mle-type1", "shape"): "checked with the fits, in test_fitting.py",
    ("nist-8.4.1.3-weibull-mle-type1", "scale"): "checked with the fits, in test_fitting.py",
    ("nist-8.4.1.3-weibull-mle-type1", "loglik"): "checked with the fits, in test_fitting.py",
    (
        "yang-2007-arrhenius-exponential",
        "Ea_eV",
    ): "fits have Weibull and lognormal laws, no exponential one",
}


def tolerance_of(name, quantity):
    """The vector's own tolerance of a quantity, relative and absolute."""
    tolerance = VECTORS[name]["tolerance"]
    tolerance = tolerance.get(quantity) or tolerance["*"]
    return tolerance.get("rel", 0), tolerance.get("abs", 0)


def close(name, quantity):
    """What a vector expects of a quantity, within its tolerance."""
    relative, absolute = tolerance_of(name, quantity)
    return pytest.approx(VECTORS[name]["expected"][quantity], rel=relative, abs=absolute)


@pytest.fixture
def compared(measured):
    """Hold a number against a vector, and keep how far it is off."""

    def hold(found, name, quantity):
        published = VECTORS[name]["expected"][quantity]
        relative, absolute = tolerance_of(name, quantity)
        measured(f"difference of {quantity}", abs(found - published), at_most=max(relative * abs(published), absolute))

    return hold


def inputs(name):
    return VECTORS[name]["inputs"]


def test_no_vector_is_forgotten():
    every = {(name, quantity) for name, vector in VECTORS.items() for quantity in vector["expected"]}
    checked = {(name, quantity) for name, quantities in CHECKED.items() for quantity in quantities}
    assert checked | NOT_CHECKED.keys() == every
    assert not checked & NOT_CHECKED.keys()


def test_every_vector_names_its_source_and_a_tolerance_for_each_number():
    for vector in VECTORS.values():
        assert vector["source"]
        assert "*" in vector["tolerance"] or vector["tolerance"].keys() == vector["expected"].keys()


def test_a_number_just_outside_its_tolerance_is_not_close():
    assert close("nist-7.2.4.1-exact-binomial-ci", "lower") != 0.071354 + 1.1e-6
    assert close("reliability-docs-competing-risks-mean", "mean") != 27.04449126273065 * (1 + 1.1e-9)


def acceleration(name, cool, warm, energy):
    """How much faster a process runs when warm, with the vector's own Boltzmann constant."""
    factor = arrhenius_factor(np.array([float(warm)]), energy, float(cool), inputs(name)["k"])
    return float(factor[0])


def test_an_arrhenius_acceleration_factor(compared):
    name = "reliability-docs-acceleration-factor"
    given = inputs(name)
    assert given["kelvin_offset"] == 273.15
    compared(acceleration(name, given["T_use_C"], given["T_acc_C"], given["Ea_eV"]), name, "AF")


def test_an_arrhenius_factor_from_an_activation_energy_found_in_tests(compared):
    name = "yang-2007-arrhenius-exponential"
    compared(acceleration(name, 35, 70, VECTORS[name]["expected"]["Ea_eV"]), name, "AF_70_to_35")


def test_the_mean_of_the_shortest_of_three_lifetimes(compared):
    name = "reliability-docs-competing-risks-mean"
    given = inputs(name)
    laws = [
        lognormal(np.exp(given["lognormal"]["mu"]), given["lognormal"]["sigma"]),
        weibull(given["weibull"]["beta"], given["weibull"]["alpha"]),
        gamma(given["gamma"]["beta_shape"], given["gamma"]["alpha_scale"]),
    ]
    compared(mean_lifetime(laws), name, "mean")


def test_damage_that_adds_up_over_changing_stress_is_a_clock(compared):
    name = "reliability-docs-palmgren-miner"
    given = inputs(name)
    hours = np.array([float(Fraction(text)) for text in given["time_at_stress"]])
    damage = hours / np.array(given["rated_life"])
    # A cycle lasts an hour; the clock reads the share of life that is used up.
    cycles = 8000
    at = np.concatenate(([0.0], (np.arange(cycles)[:, None] + np.cumsum(hours)).ravel()))
    clock = Clock(at, np.concatenate(([0.0], np.cumsum(np.tile(damage, cycles)))))
    (used_by_one,) = read(clock, np.array([1.0]))
    compared(1 / used_by_one, name, "cycles")
    parts = np.diff(read(clock, np.concatenate(([0.0], np.cumsum(hours)))))
    assert (100 * parts / used_by_one).tolist() == close(name, "damage_fraction_percent")
    # Life ends in the cycle after the 7400th, with 0.3795 of that cycle's damage done: at the second stress, as the
    # first does 0.0987 of it and both do 0.3833.
    (end,) = day_of(clock, np.array([1.0]))
    share = VECTORS[name]["expected"]["cycles"] - 7400
    expected = 7400 + hours[0] + hours[1] * (share * used_by_one - damage[0]) / damage[1]
    assert end == pytest.approx(expected, abs=1e-5)


def test_weibull_tails_to_fifty_digits():
    name = "surpyval-mpmath-weibull-tails"
    points = inputs(name)["points"]
    laws = [Weibull(shape=point["beta"], scale=days(point["alpha"])) for point in points]
    found = [float(log_survival(law, np.array(point["x"]))) for law, point in zip(laws, points, strict=True)]
    assert found == close(name, "log_sf")


def test_the_exact_interval_of_a_probability_of_nist(compared):
    name = "nist-7.2.4.1-exact-binomial-ci"
    given = inputs(name)
    lower, upper = rate_bounds(given["n"], given["failures"], given["confidence_two_sided"]).interval
    compared(lower, name, "lower")
    compared(upper, name, "upper")


def test_the_exact_interval_of_a_probability_of_the_reliability_library(compared):
    name = "reliability-docs-one-sample-proportion"
    given = inputs(name)
    lower, upper = rate_bounds(given["trials"], given["successes"], given["confidence_two_sided"]).interval
    compared(lower, name, "lower")
    compared(upper, name, "upper")
