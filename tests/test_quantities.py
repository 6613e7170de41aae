"""Numbers of a scenario: quantities with units, time laws, and the uncertainty of a sourced value."""

import math
from functools import cache

import pint
import pytest
from scenario_texts import TREATY, changed, written

from simulator import units
from simulator.laws import Exponential, Fixed, Gamma, Lognormal, Never, Normal, Piecewise, Uniform, Weibull
from simulator.scenario_file import load
from simulator.units import UnitError, quantity

DIMENSIONS = (
    units.DURATION, units.LENGTH, units.AREA, units.DENSITY, units.MINE_RATE, units.YEARLY_RATE, units.TEAM_RATE,
    units.TEMPERATURE, units.MONTHLY_TEMPERATURE, units.ENERGY, units.COST, units.PROBABILITY, units.NUMBER,
    units.COUNT,
)  # fmt: skip
LIFE = "{weibull: {shape: 4, scale: 81.9 days}}"
FAILURE = "failure: 10 %"


def life_of(law, folder):
    loaded = load(written(folder, changed(TREATY, (LIFE, law))))
    return loaded.scenario.mines["battery-limited"].battery.life


def failure_of(text, folder):
    loaded = load(written(folder, changed(TREATY, (FAILURE, f"failure: {text}"))))
    return loaded.scenario.mines["battery-limited"].self_destruct.failure


# Units.


@cache
def registry():
    known = pint.UnitRegistry()
    for name in ("mine", "team", "USD", "people"):
        known.define(f"{name} = [{name}]")
    return known


def in_pint(unit, dimension):
    """Write a unit of ours the way pint writes it; what "14 per km2" counts are people."""
    words = {"per thousand": "1/1000", "per million": "1/1000000", "": "dimensionless"}.get(unit, unit)
    for ours, theirs in (("m2", "m**2"), ("degC", "delta_degC"), ("mine-", "mine*"), ("team-", "team*")):
        words = words.replace(ours, theirs)
    top, per, below = words.rpartition("per ")
    return f"({top.strip() or ('people' if dimension is units.DENSITY else '1')})/({below})" if per else words


@pytest.mark.parametrize(
    ("dimension", "unit"),
    [pytest.param(kind, unit, id=f"{kind.name}: {unit}") for kind in DIMENSIONS for unit in kind.factors],
)
def test_pint_agrees_on_what_a_unit_is_worth(dimension, unit):
    ours = quantity(f"7 {unit}", dimension)
    theirs = (7 * registry()(in_pint(unit, dimension))).to(in_pint(dimension.unit, dimension))
    assert ours == pytest.approx(theirs.magnitude, rel=1e-12)


def test_the_table_of_units_covers_every_dimension():
    declared = {value for name, value in vars(units).items() if isinstance(value, units.Dimension)}
    assert declared == set(DIMENSIONS)


@pytest.mark.parametrize(
    ("text", "dimension", "value"),
    [
        ("14 days", units.DURATION, 14),
        ("14days", units.DURATION, 14),
        ("  14   days ", units.DURATION, 14),
        ("14\u00a0days", units.DURATION, 14),
        (".5 h", units.DURATION, 0.5 / 24),
        ("+1.e2 weeks", units.DURATION, 700),
        ("1 year", units.DURATION, 365.25),
        ("300 m", units.LENGTH, 0.3),
        ("139000 km2", units.AREA, 139000),
        ("1 per ha", units.DENSITY, 100),
        ("1 per mine-day", units.MINE_RATE, 365.25),
        ("1 ha per team-day", units.TEAM_RATE, 10000),
        ("-4.7 degC", units.TEMPERATURE, -4.7),
        (-4.7, units.MONTHLY_TEMPERATURE, -4.7),
        ("10 USD per ha", units.COST, 0.001),
        (0.25, units.PROBABILITY, 0.25),
        ("57 %", units.PROBABILITY, 0.57),
        ("57%", units.PROBABILITY, 0.57),
        ("6 per million", units.PROBABILITY, 6e-6),
        ("1 in 1000", units.PROBABILITY, 0.001),
        ("3 in 4", units.PROBABILITY, 0.75),
        (10**12, units.NUMBER, 1e12),
    ],
)
def test_a_quantity_is_a_number_and_a_unit(text, dimension, value):
    assert quantity(text, dimension) == value


@pytest.mark.parametrize(
    ("text", "dimension", "hint"),
    [
        (14, units.DURATION, "needs a unit, for example '14 days', got 14"),
        ("14", units.DURATION, "needs a unit, for example '14 days', got '14'"),
        (-3, units.MINE_RATE, "needs a unit, for example '3 per mine-year', got -3"),
        ("1 month", units.DURATION, "a month has no fixed length"),
        ("2 per month", units.YEARLY_RATE, "a month has no fixed length"),
        ("2 yrs", units.DURATION, "unknown unit 'yrs' for a duration, did you mean 'years'?"),
        ("2 Years", units.DURATION, "did you mean 'years'?"),
        ("5 km²", units.AREA, "did you mean 'km2'?"),
        ("20 °C", units.TEMPERATURE, "did you mean 'degC'?"),
        ("3 kg", units.ENERGY, "unknown unit 'kg' for an activation energy (known: eV)"),
        ("10,000", units.COUNT, "write numbers without thousands separators"),
        ("10 000", units.COUNT, "write numbers without thousands separators"),
        ("1_000", units.COUNT, "write numbers without thousands separators"),
        ("0,5 %", units.PROBABILITY, "write decimals with a point"),
        ("−5 degC", units.TEMPERATURE, "the minus is not a plain '-'"),
        ("1/2 days", units.DURATION, "write a decimal number"),
        ("5 %", units.COUNT, "without a unit, got unit '%'"),
        ("1 in 0", units.PROBABILITY, "a number above 0 after 'in'"),
        ("9**9**9 days", units.DURATION, "must be a duration such as 14 days"),
        ("3 days 2 hours", units.DURATION, "unknown unit 'days 2 hours'"),
        (True, units.NUMBER, "must be a number such as 1.44, got true"),
        (None, units.NUMBER, "got nothing"),
        ([1], units.NUMBER, "got a list of 1"),
        (math.nan, units.NUMBER, "must be a finite number"),
        (math.inf, units.NUMBER, "must be a finite number"),
        (10**400, units.NUMBER, "must be a finite number"),
        ("x" * 81, units.NUMBER, "got a text of 81 characters"),
    ],
)
def test_what_is_no_quantity_is_refused_with_a_way_out(text, dimension, hint):
    with pytest.raises(UnitError) as caught:
        quantity(text, dimension)
    assert hint in str(caught.value)


# Time laws.


@pytest.mark.parametrize(
    ("text", "law", "parameters"),
    [
        ("90 days", Fixed, {"days": 90}),
        ("0 days", Fixed, {"days": 0}),
        ("never", Never, {}),
        ("{exponential: {mean: 2 years}}", Exponential, {"mean": 730.5}),
        ("{weibull: {shape: 4, scale: 2 weeks}}", Weibull, {"shape": 4, "scale": 14}),
        ("{lognormal: {median: 60 days, sigma: 0.4}}", Lognormal, {"median": 60, "sigma": 0.4}),
        ("{gamma: {shape: 2, scale: 48 hours}}", Gamma, {"shape": 2, "scale": 2}),
        ("{normal: {mean: 15 days, sd: 1 day}}", Normal, {"mean": 15, "sd": 1}),
        ("{uniform: {low: 0 days, high: 30 days}}", Uniform, {"low": 0, "high": 30}),
        (
            "{piecewise: [[30 days, 10 %], [120 days, 1 in 1000]]}",
            Piecewise,
            {"points": [(30, 0.1), (120, 0.001)]},
        ),
    ],
)
def test_each_time_law_holds_its_parameters_in_days(text, law, parameters, tmp_path):
    life = life_of(text, tmp_path)
    assert type(life) is law
    assert life.model_dump() == parameters


def test_a_law_may_have_a_sourced_parameter_or_be_a_sourced_duration(tmp_path):
    why = "source: assumption, note: a judgement"
    assert life_of(f"{{value: 90 days, {why}}}", tmp_path).days == 90
    law = life_of(f"{{exponential: {{mean: {{value: 1 year, {why}}}}}}}", tmp_path)
    assert law.mean == 365.25


# The uncertainty of a sourced value.


@pytest.mark.parametrize(
    "uncertainty",
    [
        "{uniform: [5 %, 0.2]}",
        "{loguniform: [1 per thousand, 0.2]}",
        "{triangular: [0.05, 10 %, 0.2]}",
        "{triangular: [0.05, 0.05, 0.2]}",
        "{beta: [2, 18]}",
        "{lognormal: {median: 10 %, sigma: 0.5}}",
        "{tests: 60000, failures: 0}",
        "{failures: 3, tests: 3}",
    ],
)
def test_every_uncertainty_of_the_contract_is_accepted(uncertainty, tmp_path):
    text = f"{{value: 10 %, source: assumption, grade: very low, note: why, uncertainty: {uncertainty}}}"
    assert failure_of(text, tmp_path) == 0.1
