"""Uncertain inputs: their laws against SciPy's, the parameter sets, and the values that are put into a scenario."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scenario_texts import CONTRACT, TREATY, changed, contract_folder, written
from scipy import stats

from simulator import units
from simulator.fields import number_at
from simulator.fields import written as as_written
from simulator.glossary import every_key
from simulator.quantities import Quantity
from simulator.scenario_file import load
from simulator.uncertainty import (
    CHOICE,
    UncertainInput,
    distribution_text,
    inverse,
    parameter_sets,
    settings_of,
    shared_inputs,
    uncertain_inputs,
)
from simulator.uncertainty_rules import uncertainty_problems
from simulator.units import UnitError, quantity
from simulator.variation import varied

PROBABILITY = Quantity(units.PROBABILITY, at_least=0, at_most=1)
SHARE = Quantity(units.PROBABILITY, above=0, at_most=1)
DURATION = Quantity(units.DURATION, at_least=0)
FACTOR = Quantity(units.NUMBER, above=0)
COUNT = Quantity(units.COUNT, at_least=1, at_most=1e12, integer=True)
TEMPERATURE = Quantity(units.TEMPERATURE, at_least=-90, at_most=90)
ENDS = (0.0, 2.0**-53, 1.0 - 2.0**-53, 1.0)
U = np.concatenate(
    (10.0 ** np.arange(-12.0, -2.0), np.linspace(0.01, 0.99, 99), 1 - 10.0 ** np.arange(-3.0, -10.0, -1))
)

# Every kind of number that a scenario has.
NUMBERS = sorted(
    {
        number
        for key in (*every_key(), "thresholds.0", "region.temperature.0", "civilians.season.0")
        if (number := number_at(tuple("m" if part == "NAME" else part for part in key.split(".")))) is not None
    },
    key=str,
)


def uncertain(kind, *parameters, number=PROBABILITY):
    return UncertainInput(("x",), kind, tuple(map(float, parameters)), number, 0.0)


def at(one, u):
    return inverse(one, np.asarray(u, dtype=float))


# The inverse of every law, against SciPy's.

LAWS = {
    "uniform": (uncertain("uniform", 0.1, 0.4), stats.uniform(0.1, 0.3)),
    "uniform from 0": (uncertain("uniform", 0, 1), stats.uniform(0, 1)),
    "uniform below 0": (uncertain("uniform", -20, 30, number=TEMPERATURE), stats.uniform(-20, 50)),
    "loguniform": (uncertain("loguniform", 3.5e-5, 7e-4), stats.loguniform(3.5e-5, 7e-4)),
    "loguniform over many decades": (uncertain("loguniform", 1e-12, 1), stats.loguniform(1e-12, 1)),
    "triangular": (uncertain("triangular", 0.015, 0.05, 0.15), stats.triang(0.035 / 0.135, 0.015, 0.135)),
    "triangular that only falls": (uncertain("triangular", 0.1, 0.1, 0.4), stats.triang(0, 0.1, 0.3)),
    "triangular that only rises": (uncertain("triangular", 0.1, 0.4, 0.4), stats.triang(1, 0.1, 0.3)),
    "beta": (uncertain("beta", 2, 38), stats.beta(2, 38)),
    "beta in the shape of a U": (uncertain("beta", 0.5, 0.5), stats.beta(0.5, 0.5)),
    "lognormal": (uncertain("lognormal", 60, 0.3, number=FACTOR), stats.lognorm(0.3, scale=60)),
    "tests": (uncertain("tests", 200, 3), stats.beta(3.5, 197.5)),
    "tests without a failure": (uncertain("tests", 60000, 0), stats.beta(0.5, 60000.5)),
    "tests that all failed": (uncertain("tests", 12, 12), stats.beta(12.5, 0.5)),
}


@pytest.mark.parametrize("name", LAWS)
def test_the_inverse_is_that_of_scipy_and_its_distribution_function_leads_back(name):
    one, law = LAWS[name]
    values = at(one, U)
    np.testing.assert_allclose(values, law.ppf(U), rtol=1e-9, atol=1e-300)
    # Beyond a density that falls to 0 the last digits of a value hold no more of u.
    np.testing.assert_allclose(law.cdf(values), U, rtol=1e-6, atol=1e-12)
    assert values.shape == U.shape
    assert (np.diff(values) >= 0).all()


def test_the_comparison_with_scipy_would_reject_a_neighbour():
    posterior = at(uncertain("tests", 200, 3), U)
    for wrong in (stats.beta(4, 198), stats.beta(3.5, 198.5), stats.beta(3, 198)):
        assert np.abs(posterior / wrong.ppf(U) - 1).max() > 1e-3
    assert (
        np.abs(at(uncertain("triangular", 0.015, 0.05, 0.15), U) / stats.triang(0.3, 0.015, 0.135).ppf(U) - 1).max()
        > 1e-3
    )


@pytest.mark.parametrize(
    ("median", "sigma", "number", "low", "high"),
    [
        (0.5, 1.0, PROBABILITY, 0, 1), (1.0, 0.5, PROBABILITY, 0, 1), (1e-3, 4.0, PROBABILITY, 0, 1),
        (2.0, 1.0, Quantity(units.NUMBER, at_least=0.01, at_most=100), 0.01, 100),
        (0.01, 3.0, Quantity(units.NUMBER, at_least=0.01, at_most=100), 0.01, 100),
        (20.0, 1.0, TEMPERATURE, 0, 90), (3.0, 2.0, COUNT, 1, 1e12),
    ],
)  # fmt: skip
def test_a_lognormal_law_is_truncated_at_what_the_number_may_be_not_clipped(median, sigma, number, low, high):
    values = at(uncertain("lognormal", median, sigma, number=number), U)
    law = stats.lognorm(sigma, scale=median)
    inside = (law.cdf(values) - law.cdf(low)) / (law.cdf(high) - law.cdf(low))
    np.testing.assert_allclose(inside, U, rtol=1e-6, atol=1e-12)
    assert (values > low).all()
    assert (values < high).all()


@pytest.mark.parametrize(("tests", "failures"), [(1, 0), (1, 1), (20, 0), (20, 20), (60000, 0), (60000, 6), (10**9, 3)])
def test_the_mean_of_the_posterior_of_tests_is_that_of_jeffreys(tests, failures):
    # Midpoints of 200,000 equal steps: the tails beyond them hold less than a part in 10,000 of the mean.
    u = (np.arange(200_000) + 0.5) / 200_000
    mean = at(uncertain("tests", tests, failures), u).mean()
    assert mean == pytest.approx((failures + 0.5) / (tests + 1), rel=2e-4)
    assert mean != pytest.approx((failures + 1) / (tests + 2), rel=2e-4) or failures * 2 == tests


def test_tests_without_a_failure_do_not_prove_a_rate_of_zero_nor_those_that_all_failed_one_of_one():
    none, every = uncertain("tests", 67000, 0), uncertain("tests", 67000, 67000)
    assert float(at(none, 0.95)) == pytest.approx(stats.beta(0.5, 67000.5).ppf(0.95))
    assert 2e-5 < float(at(none, 0.95)) < 3e-5
    np.testing.assert_allclose(at(every, U), 1 - at(none, 1 - U), rtol=1e-6)


def test_the_posterior_of_more_tests_than_anybody_makes_is_still_a_probability():
    for failures in (0, 1, 10**15):
        values = at(uncertain("tests", 10**15, failures), [*ENDS, 0.5])
        assert ((values >= 0) & (values <= 1)).all()
        assert (failures - 1) / 1e15 <= values[4] <= (failures + 1) / 1e15


def test_an_uncertain_whole_number_is_rounded_and_its_ends_are_half_as_likely():
    one = uncertain("uniform", 10, 13, number=COUNT)
    drawn = [as_written(float(value), COUNT) for value in at(one, (np.arange(600) + 0.5) / 600)]
    assert {type(value) for value in drawn} == {int}
    assert [drawn.count(value) for value in (10, 11, 12, 13)] == [100, 200, 200, 100]


# What is drawn never leaves the field.


@st.composite
def laws(draw):
    """An uncertainty that the program accepts for some number of a scenario."""
    number = draw(st.sampled_from(NUMBERS))
    low = max(bound for bound in (number.at_least, number.above, -1e18) if bound is not None)
    high = number.at_most if number.at_most is not None else 1e18
    values = st.floats(low, high, exclude_min=number.above is not None) | st.sampled_from(
        [low, high, 1e-300, 5e-324, 0.1]
    )
    kind = draw(st.sampled_from(["uniform", "loguniform", "triangular", "beta", "lognormal", "tests"]))
    if kind in {"beta", "tests"}:
        assume(number.dimension is units.PROBABILITY)
    if kind == "tests":
        tests = draw(st.integers(1, 10**15))
        return uncertain(kind, tests, draw(st.integers(0, tests)), number=number)
    if kind == "beta":
        shapes = st.floats(1e-3, 1e6)
        return uncertain(kind, draw(shapes), draw(shapes), number=number)
    if kind == "lognormal":
        median = draw(values)
        assume(median > 0)
        parameters = (median, draw(st.floats(1e-6, 1e6)))
        said = {kind: {"median": as_written(median, _unrounded(number)), "sigma": parameters[1]}}
    else:
        parameters = tuple(sorted(draw(values) for _ in range(3 if kind == "triangular" else 2)))
        said = {kind: [as_written(value, _unrounded(number)) for value in parameters]}
    assume(not uncertainty_problems(said, _unrounded(number)))
    return uncertain(kind, *parameters, number=number)


def _unrounded(number):
    return Quantity(number.dimension, number.at_least, number.above, number.at_most)


@settings(derandomize=True, deadline=None, max_examples=600)
@given(one=laws(), u=st.sampled_from(ENDS) | st.floats(0, 1))
def test_what_is_drawn_is_always_something_that_the_scenario_may_have(one, u):
    value = float(at(one, u))
    assert math.isfinite(value)
    stands = one.number.scalar(as_written(value, one.number))
    assert stands == (round(value) if one.number.integer else value)
    if one.kind in {"uniform", "loguniform", "triangular"}:
        low, high = one.parameters[0], one.parameters[-1]
        assert low <= value <= high


@settings(derandomize=True, deadline=None, max_examples=250)
@given(one=laws(), first=st.floats(0, 1), second=st.floats(0, 1))
def test_a_larger_coordinate_never_gives_a_smaller_value(one, first, second):
    low, high = sorted((first, second))
    a, b = (float(at(one, u)) for u in (low, high))
    # A branch of a formula may differ from the next in its last digit.
    assert a <= b * (1 + 1e-12 * np.sign(b)) + 1e-300


@settings(derandomize=True, deadline=None, max_examples=150)
@given(
    weights=st.lists(st.floats(1e-18, 1e18), min_size=2, max_size=20),
    u=st.sampled_from(ENDS) | st.floats(0, 1),
)
def test_a_drawn_alternative_is_always_one_of_them(weights, u):
    one = uncertain(CHOICE, *weights, number=None)
    index = float(at(one, u))
    assert index in range(len(weights))


def test_nothing_warns_where_a_law_reaches_beyond_all_numbers():
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        for number in (DURATION, FACTOR, PROBABILITY, SHARE, COUNT):
            values = at(uncertain("lognormal", 0.9 if number.at_most == 1 else 5.0, 1e4, number=number), ENDS)
            assert np.isfinite(values).all()
        assert float(at(uncertain("beta", 1e-3, 1, number=SHARE), 0.0)) > 0
        assert np.isfinite(at(uncertain("loguniform", 1e-300, 1e18, number=FACTOR), ENDS)).all()


# What is written into a scenario reads back.


def test_every_number_of_a_scenario_is_among_those_that_are_tried():
    assert {number.dimension.name for number in NUMBERS} == {
        "duration", "length", "density", "accident rate", "rate", "clearance rate", "temperature", "activation energy",
        "cost", "probability", "whole number", "number",
    }  # fmt: skip


@settings(derandomize=True, deadline=None, max_examples=400)
@given(number=st.sampled_from(NUMBERS), value=st.floats(-1e18, 1e18))
def test_a_number_that_is_written_reads_back_exactly(number, value):
    unbounded = Quantity(number.dimension, integer=number.integer)
    text = as_written(value, number)
    assert unbounded.scalar(text) == (round(value) if number.integer else value)
    if isinstance(text, str):
        assert text.endswith(f" {number.dimension.unit}")
        assert quantity(text, number.dimension) == value


@pytest.mark.parametrize("number", NUMBERS, ids=str)
@pytest.mark.parametrize("value", [0.1, 1 / 3, 1e-300, 5e-324, 1e-5, 123456789.12345679, 1e16, 1e17 + 16])
def test_a_number_reads_back_exactly_in_the_unit_of_every_dimension(number, value):
    if number.integer:
        assert Quantity(number.dimension, integer=True).scalar(as_written(value, number)) == round(value)
    else:
        assert quantity(as_written(value, number), number.dimension) == value


# Parameter sets.


@pytest.mark.parametrize("inputs", [1, 2, 7, 40])
def test_more_sets_begin_with_the_same_ones(inputs):
    many = parameter_sets(inputs, 256, 3)
    for count in (1, 2, 3, 100, 128, 129, 255):
        assert np.array_equal(parameter_sets(inputs, count, 3), many[:count])


def test_the_same_seed_gives_the_same_sets_and_another_seed_others():
    for seed in (0, 1, 2**63 - 1):
        sets = parameter_sets(3, 64, seed)
        assert np.array_equal(sets, parameter_sets(3, 64, seed))
        assert not np.isin(sets, parameter_sets(3, 64, (seed + 1) % 2**63)).any()


def test_sets_need_no_inputs_and_are_points_of_the_unit_cube():
    assert parameter_sets(0, 5, 1).shape == (5, 0)
    sets = parameter_sets(30, 1000, 1)
    assert sets.shape == (1000, 30)
    assert ((sets >= 0) & (sets < 1)).all()


def test_each_coordinate_of_a_power_of_two_sets_has_one_in_each_equal_part():
    for seed in range(5):
        sets = parameter_sets(12, 128, seed)
        assert np.array_equal(np.sort(np.floor(128 * sets), axis=0), np.tile(np.arange(128.0)[:, None], 12))


def test_two_coordinates_together_fill_the_square_evenly():
    # A plain random sample leaves about a third of 256 squares empty; a net of two coordinates none, or few.
    sets = parameter_sets(2, 256, 5)
    squares = np.floor(16 * sets) @ np.array([16, 1])
    assert len(set(squares.tolist())) == 256
    plain = np.random.default_rng(5).random((256, 2))
    assert len(set((np.floor(16 * plain) @ np.array([16, 1])).tolist())) < 200


def test_an_input_more_draws_all_coordinates_anew_and_each_keeps_its_law():
    # What does not hold: the coordinates of an input are not its own. They depend on how many inputs there are and on
    # its place among them, so results with an input more are not paired set by set with those without.
    two, three = parameter_sets(2, 64, 1), parameter_sets(3, 64, 1)
    assert not np.array_equal(two[:, 0], three[:, 0])
    for sets in (two, three):
        assert np.array_equal(np.sort(np.floor(64 * sets[:, 0])), np.arange(64.0))


MEANS = {
    **{name: (one, law.mean(), law.std()) for name, (one, law) in LAWS.items()},
    "truncated lognormal": (
        uncertain("lognormal", 0.5, 1.0),
        0.5 * math.exp(0.5) * stats.norm.cdf(math.log(2) - 1) / stats.norm.cdf(math.log(2)), 0.25,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MEANS)
def test_the_mean_over_sets_converges_to_that_of_the_law(name):
    # No false alarm: the sets are fixed. A plain random sample of 1,024 has a standard error of 0.031 standard
    # deviations and would fail three times in four.
    one, mean, deviation = MEANS[name]
    for place in range(3):
        u = parameter_sets(3, 1024, 11)[:, place]
        assert abs(at(one, u).mean() - mean) < 0.01 * deviation


@pytest.mark.parametrize("weights", [(1, 1), (1, 2, 3), (9, 1), (0.3, 0.3, 0.4), (1e-9, 1), (5, 1, 1, 1, 1, 1)])
def test_alternatives_are_drawn_with_their_weights(weights):
    # No false alarm: with one point in each of 256 equal parts, a count is less than two from its expectation.
    one = uncertain(CHOICE, *weights, number=None)
    for seed in range(4):
        chosen = at(one, parameter_sets(2, 256, seed)[:, 1])
        for index, weight in enumerate(weights):
            assert abs((chosen == index).sum() - 256 * weight / sum(weights)) < 2


def test_an_alternative_takes_up_as_much_of_its_coordinate_as_it_weighs():
    one = uncertain(CHOICE, 1, 2, 1, number=None)
    assert at(one, [0.0, 0.2499, 0.25, 0.7499, 0.75, 1.0]).tolist() == [0, 0, 1, 1, 2, 2]


# What a scenario says.


def treaty_with(folder, text, *more, name="scenario.yaml"):
    return load(written(folder, changed(TREATY, ("failure: 0.0", f"failure: {text}"), *more), name))


def said(uncertainty, value="5 %"):
    return f"{{value: {value}, source: assumption, note: x, grade: low, uncertainty: {uncertainty}}}"


def test_the_inputs_of_the_full_example_are_read_in_the_units_of_their_numbers():
    found = uncertain_inputs(load(CONTRACT / "full.yaml"))
    assert [(one.label, one.kind, one.reference, one.source, one.grade) for one in found] == [
        ("mines.battery-limited.self_destruct.failure", "triangular", 0.05, "assumption", "very low"),
        ("mines.battery-limited.battery.failure", "tests", 6e-6, "bloomfield-2004", "low"),
        ("civilians.accident_rate", "loguniform", 1.4e-4, "assumption", "low"),
    ]
    assert [one.parameters for one in found] == [(0.015, 0.05, 0.15), (60000, 0), (3.5e-5, 7e-4)]
    assert [distribution_text(one) for one in found] == [
        "triangular 1.5 % to 15 %", "0 failures in 60,000 tests",
        "loguniform 3.5e-5 per mine-year to 7e-4 per mine-year",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("uncertainty", "kind", "parameters", "text"),
    [
        ("{uniform: [1 %, 1 in 10]}", "uniform", (0.01, 0.1), "uniform 1 % to 10 %"),
        ("{beta: [2, '30']}", "beta", (2, 30), "beta 2, 30"),
        ("{beta: [50 %, 5]}", "beta", (0.5, 5), "beta 0.5, 5"),
        ("{lognormal: {median: 5 %, sigma: 50 %}}", "lognormal", (0.05, 0.5), "lognormal, median 5 %, sigma 0.5"),
        ("{tests: 6e4, failures: '3'}", "tests", (60000, 3), "3 failures in 60,000 tests"),
        ("{tests: 100 in 1, failures: 0}", "tests", (100, 0), "0 failures in 100 tests"),
    ],
)
def test_parameters_are_read_in_every_way_they_may_be_written(tmp_path, uncertainty, kind, parameters, text):
    (one,) = uncertain_inputs(treaty_with(tmp_path, said(uncertainty)))
    assert (one.kind, one.parameters) == (kind, parameters)
    assert distribution_text(one) == text
    assert 0 < float(at(one, 0.5)) < 1


def test_a_law_is_read_in_the_unit_of_the_number(tmp_path):
    life = said("{uniform: [1 week, 1 year]}", "60 days")
    (one,) = uncertain_inputs(
        treaty_with(tmp_path, "0", ("life: {weibull: {shape: 4, scale: 81.9 days}}", f"life: {life}"))
    )
    assert (one.parameters, one.reference) == ((7, 365.25), 60)
    assert distribution_text(one) == "uniform 7 days to 1 year"


def test_inputs_in_lists_points_and_alternatives_are_found(tmp_path):
    points = f"{{piecewise: [[9 days, {said('{uniform: [40 %, 60 %]}', '50 %')}]]}}"
    rate = (
        "{value: 1e-4 per year, source: assumption, note: x, uncertainty: {loguniform: [1e-5 per year, 1e-3 per year]}}"
    )
    alternatives = f"{{one_of: [{{weight: 1, {said('{uniform: [1 %, 9 %]}')[1:]}, {{weight: 2, value: 1 %}}]}}"
    text = changed(
        TREATY, ("failure: 0.0", f"failure: {alternatives}"), ("{weibull: {shape: 4, scale: 81.9 days}}", points)
    )
    loaded = load(written(tmp_path, f"{text}thresholds: [{rate}]\n"))
    inputs = uncertain_inputs(loaded)
    assert [one.label for one in inputs] == [
        "mines.battery-limited.battery.life.piecewise.0.1", "mines.battery-limited.battery.failure",
        "mines.battery-limited.battery.failure.one_of.0", "thresholds.0",
    ]  # fmt: skip
    paths = [one.path for one in inputs]
    scenario = varied(loaded, settings_of(inputs, dict(zip(paths, (0.5, 0.1, 0.75, 0.5), strict=True))))
    battery = scenario.scenario.mines["battery-limited"].battery
    assert battery.life.points == [(9, 0.5)]
    # The first alternative is drawn, and in it a value of its own.
    assert battery.failure == pytest.approx(0.07)
    assert scenario.scenario.thresholds == pytest.approx([1e-4])
    second = varied(loaded, settings_of(inputs, dict.fromkeys(paths, 0.9)))
    assert second.scenario.mines["battery-limited"].battery.failure == 0.01


def test_the_same_path_in_two_scenarios_is_one_coordinate(tmp_path):
    first = treaty_with(tmp_path, said("{uniform: [1 %, 9 %]}"), name="a.yaml")
    rate = said("{loguniform: [1e-5 per mine-year, 1e-3 per mine-year]}", "1.4e-4 per mine-year")
    second = treaty_with(tmp_path, said("{uniform: [10 %, 90 %]}"), ("1.4e-4 per mine-year", rate), name="b.yaml")
    paths = shared_inputs([first, second])
    assert [".".join(path) for path in paths] == ["mines.battery-limited.battery.failure", "civilians.accident_rate"]
    assert shared_inputs([second, first]) == paths
    for row in parameter_sets(2, 16, 1).tolist():
        drawn = dict(zip(paths, row, strict=True))
        failures = [
            varied(one, settings_of(uncertain_inputs(one), drawn)).scenario.mines["battery-limited"].battery.failure
            for one in (first, second)
        ]
        assert failures[1] == pytest.approx(10 * failures[0])


def test_what_is_drawn_is_what_the_scenario_has(tmp_path):
    contract_folder(tmp_path)
    loaded = load(tmp_path / "full.yaml")
    inputs = uncertain_inputs(loaded)
    for row in parameter_sets(3, 32, 5).tolist():
        drawn = dict(zip([one.path for one in inputs], row, strict=True))
        scenario = varied(loaded, settings_of(inputs, drawn)).scenario
        mines = scenario.mines["battery-limited"]
        has = (mines.self_destruct.failure, mines.battery.failure, scenario.civilians.accident_rate)
        assert has == tuple(float(at(one, u)) for one, u in zip(inputs, row, strict=True))


def test_a_scenario_that_is_sure_of_everything_has_no_inputs():
    assert uncertain_inputs(load(CONTRACT / "treaty-limit.yaml")) == []
    assert shared_inputs([load(CONTRACT / "treaty-limit.yaml")]) == []


def test_values_beyond_the_largest_quantity_cannot_be_written():
    with pytest.raises(UnitError):
        quantity(as_written(1.1e18, DURATION), units.DURATION)
