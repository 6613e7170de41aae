"""Varying a scenario: which paths are numbers, how they are read, and that a varied scenario is the one written so."""

from dataclasses import fields, is_dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenario_texts import CONTRACT, TREATY, changed, contract_folder, written
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

from simulator import units
from simulator.alternatives import settled
from simulator.fields import is_key, number_at
from simulator.glossary import every_key, explanation
from simulator.points import Study, key_of
from simulator.problems import InputError, Mark
from simulator.quantities import Quantity
from simulator.scenario_file import load
from simulator.variation import (
    AS_IT_STANDS,
    Settings,
    concerns,
    read_number,
    read_path,
    setting,
    value_at,
    varied,
)
from simulator.world import build_world

KEYS = sorted(every_key())
CLASS = "battery-limited"
BATTERY = ("mines", CLASS, "battery")
VARY = Mark("command line", 0, 7, 0, 20, ("--vary x=1",))


def keys_of(path):
    """The keys of a path of the glossary, with a name for a class."""
    return tuple("any class" if key == "NAME" else key for key in path.split("."))


@pytest.fixture(scope="module")
def treaty():
    return load(CONTRACT / "treaty-limit.yaml")


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    return load(contract_folder(tmp_path_factory.mktemp("full")) / "full.yaml")


def same(one, other):
    """Whether two parts of worlds are equal, field by field and bit by bit."""
    if type(one) is not type(other):
        return False
    if is_dataclass(one):
        return all(same(getattr(one, field.name), getattr(other, field.name)) for field in fields(one))
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other, equal_nan=True)
    if isinstance(one, tuple | list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, cKDTree):
        return np.array_equal(one.data, other.data)
    if isinstance(one, BaseGeometry):
        return one.wkb == other.wkb
    return one == other


# Which paths are numbers.


def test_the_glossary_has_all_kinds_of_keys():
    assert len(KEYS) > 100
    assert sum(number_at(keys_of(key)) is not None for key in KEYS) > 70


@pytest.mark.parametrize("key", KEYS)
def test_a_key_is_a_number_where_its_explanation_lets_it_be_a_sourced_value(key):
    lines = explanation(key).split("\n")
    write = next((line for line in lines if line.startswith("  write: ")), "")
    is_list = "a list of" in write
    assert (number_at(keys_of(key)) is not None) == ("a sourced value" in write and not is_list)
    assert is_key(keys_of(key)) == (key != "extends")


@pytest.mark.parametrize(
    ("path", "dimension", "bounds", "integer"),
    [
        ("horizon", units.DURATION, (None, 0, 365250), False),
        ("mines.a.count", units.COUNT, (0, None, 1e12), True),
        ("mines.a.arming_failure", units.PROBABILITY, (0, None, 1), False),
        ("mines.a.battery.q10", units.NUMBER, (0.01, None, 100), False),
        ("mines.a.battery.reference_temperature", units.TEMPERATURE, (-90, None, 90), False),
        ("mines.a.battery.activation_energy", units.ENERGY, (0, None, 10), False),
        ("mines.a.self_destruct.time", units.DURATION, (0, None, None), False),
        ("mines.a.self_destruct.time.normal.sd", units.DURATION, (None, 0, None), False),
        ("mines.a.ageing", units.DURATION, (0, None, None), False),
        ("mines.a.ageing.weibull.shape", units.NUMBER, (None, 0, None), False),
        ("mines.a.ageing.piecewise.7.0", units.DURATION, (0, None, None), False),
        ("mines.a.ageing.piecewise.7.1", units.PROBABILITY, (0, None, 1), False),
        ("mines.a.lots.size", units.COUNT, (1, None, 1e12), True),
        ("mines.a.placement.belt.width", units.LENGTH, (None, 0, 20000), False),
        ("mines.a.placement.clusters.count", units.COUNT, (1, None, 1e6), True),
        ("mines.a.placement.keep_away.distance", units.LENGTH, (0, None, None), False),
        ("region.temperature.11", units.MONTHLY_TEMPERATURE, (-90, None, 90), False),
        ("region.cell", units.LENGTH, (None, 0, 20000), False),
        ("civilians.density", units.DENSITY, (0, None, None), False),
        ("civilians.accident_rate", units.MINE_RATE, (0, None, None), False),
        ("civilians.season.0", units.NUMBER, (0, None, None), False),
        ("civilians.return.half_time", units.DURATION, (None, 0, None), False),
        ("clearance.rate", units.TEAM_RATE, (None, 0, None), False),
        ("clearance.search", units.PROBABILITY, (None, 0, 1), False),
        ("clearance.cost", units.COST, (0, None, None), False),
        ("thresholds.3", units.YEARLY_RATE, (None, 0, None), False),
    ],
)
def test_a_number_has_the_dimension_and_the_range_of_its_key(path, dimension, bounds, integer):
    number = number_at(path.split("."))
    assert number.dimension is dimension
    assert ((number.at_least, number.above, number.at_most), number.integer) == (bounds, integer)


@pytest.mark.parametrize(
    "path",
    [
        "", "title", "seed", "replicates", "start", "extends", "sources", "region", "region.name", "region.rectangle",
        "region.temperature", "region.temperature.x", "region.temperature.-1", "region.temperature.1.2", "mines",
        "mines.a", "mines.a.laid", "mines.a.laid.from", "mines.a.placement", "mines.a.placement.uniform",
        "mines.a.placement.belt.line", "mines.a.battery", "mines.a.battery.failure.value", "mines.a.count.value",
        "mines.a.battery.life.weibull", "mines.a.battery.life.piecewise", "mines.a.battery.life.piecewise.0",
        "mines.a.battery.life.piecewise.0.2", "mines.a.battery.life.piecewise.points", "mines.a.battery.life.days",
        "mines.a.nothing", "civilians.return_.initial", "clearance.order", "clearance.winter_stop.0", "thresholds",
        "sources.a.year", "thresholds.", "model_config", "horizon.0",
    ],
)  # fmt: skip
def test_what_is_no_number_is_none(path):
    assert number_at(path.split(".")) is None


PIECES = st.sampled_from([*{part for key in KEYS for part in key.split(".")}, "0", "12", "9" * 5000, "x", "", "²", "٣"])


@settings(derandomize=True, deadline=None, max_examples=300)
@given(path=st.lists(PIECES, max_size=7))
def test_any_path_is_a_number_or_none(path):
    number = number_at(path)
    assert number is None or isinstance(number, Quantity)
    assert number is None or is_key(path)


# Reading paths.


@pytest.fixture
def dotted(tmp_path):
    text = TREATY.replace(f"{CLASS}:", "model 1.2:")
    text = changed(text, ("\ncivilians:", "\n  model 1: {count: 3, laid: 2024-12-01}\ncivilians:"))
    return load(written(tmp_path, text, "dotted.yaml"))


def test_a_path_is_read_with_its_number(treaty):
    keys, number = read_path(f"mines.{CLASS}.battery.failure", [treaty], VARY, "--vary")
    assert keys == (*BATTERY, "failure")
    assert number == Quantity(units.PROBABILITY, at_least=0, at_most=1)


def test_a_name_of_a_class_may_have_dots_and_the_longest_is_meant(dotted):
    for text, keys in (
        ("mines.model 1.2.count", ("mines", "model 1.2", "count")),
        ("mines.model 1.count", ("mines", "model 1", "count")),
        ("mines.model 1.2.battery.life.weibull.shape",
         ("mines", "model 1.2", "battery", "life", "weibull", "shape")),
    ):  # fmt: skip
        assert read_path(text, [dotted], VARY, "--vary")[0] == keys
        assert varied(dotted, Settings(((keys, 7),))).scenario.mines[keys[1]].count in {7, 10000}


def test_a_path_may_lead_to_what_one_of_the_scenarios_has_or_could_have_in_a_block_of_its_own(treaty, dotted):
    assert read_path("mines.model 1.2.count", [treaty, dotted], VARY, "--vary")[0] == ("mines", "model 1.2", "count")
    assert read_path(f"mines.{CLASS}.count", [dotted, treaty], VARY, "--vary")[0] == ("mines", CLASS, "count")
    assert read_path(f"mines.{CLASS}.common_cause", [treaty], VARY, "--vary")[1].at_most == 1
    assert read_path(f"mines.{CLASS}.self_destruct.time", [treaty], VARY, "--vary")[1].dimension is units.DURATION
    assert concerns(treaty, ("mines", CLASS, "count"))
    assert not concerns(treaty, ("mines", "model 1.2", "count"))
    assert concerns(treaty, ("civilians", "density"))
    assert concerns(treaty, ("mines",))


@pytest.mark.parametrize("block", ["clearance", f"mines.{CLASS}.lots", "civilians.marking"])
def test_a_number_of_a_block_that_no_scenario_has_cannot_be_varied(treaty, block):
    text = f"{block}.{'reduces' if block.endswith('marking') else 'size' if block.endswith('lots') else 'teams'}"
    assert not concerns(treaty, tuple(text.split(".")))
    with pytest.raises(InputError, match=f"no scenario here has '{block}', so '{text}' cannot be varied"):
        read_path(text, [treaty], VARY, "--vary")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"mines.{CLASS}.battery.failur", f"did you mean 'mines.{CLASS}.battery.failure'?"),
        (f"mines.{CLASS}.battery.failure.value", f"did you mean 'mines.{CLASS}.battery.failure'?"),
        (f"mines.{CLASS}.battery.life.weibul.shape", f"did you mean 'mines.{CLASS}.battery.life.weibull.shape'?"),
        (f"mines.{CLASS}.battery", "did you mean"),
        ("civilians.acident_rate", "did you mean 'civilians.accident_rate'?"),
        ("horizn", "did you mean 'horizon'?"),
        ("mines.legacy.count", f"no mine class 'legacy', there is {CLASS}"),
        ("mines", "'minesim explain' lists the keys"),
        ("title", "is no number of the scenario that can be varied"),
        ("seed", "'seed' is no number of the scenario that can be varied"),
        ("mines.", "is no number of the scenario"),
        ("", "'' is no number of the scenario"),
        ("civilians..density", "did you mean 'civilians.density'?"),
        ("region.rectangle", "did you mean 'region.rectangle."),
        ("start", "is no number of the scenario"),
        ("qqqqqqqq", "; 'minesim explain' lists the keys"),
    ],
)
def test_what_is_no_path_of_a_number_is_refused_with_what_may_be_meant(treaty, text, message):
    with pytest.raises(InputError) as caught:
        read_path(text, [treaty], VARY, "--vary")
    (problem,) = caught.value.problems
    assert message in problem.message
    assert (problem.mark, problem.path) == (VARY, "--vary")


def test_classes_of_all_scenarios_are_named_where_one_is_missing(treaty, dotted):
    with pytest.raises(InputError, match=r"no mine class 'new', there is battery-limited, model 1\.2, model 1"):
        read_path("mines.new.count", [treaty, dotted], VARY, "--vary")


@pytest.mark.parametrize(
    ("text", "dimension", "value"),
    [
        ("5%", units.PROBABILITY, 0.05), ("5 %", units.NUMBER, 0.05), (" 0.05 ", units.PROBABILITY, 0.05),
        ("1 in 1000", units.PROBABILITY, 1e-3), ("6 per million", units.PROBABILITY, 6e-6), ("1e-3", units.COUNT, 1e-3),
        ("2 weeks", units.DURATION, 14), ("1e3 days", units.DURATION, 1000), ("3 per ha", units.DENSITY, 300),
        ("9.6", units.MONTHLY_TEMPERATURE, 9.6), ("-9.6 degC", units.TEMPERATURE, -9.6),
    ],
)  # fmt: skip
def test_a_value_is_read_in_the_unit_of_its_dimension(text, dimension, value):
    assert read_number(text, Quantity(dimension), VARY, "--vary") == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize("text", ["7", "7.0", "7e0"])
def test_a_whole_number_may_be_written_as_a_decimal(text):
    assert read_number(text, number_at(("clearance", "teams")), VARY, "--vary") == 7


@pytest.mark.parametrize(
    ("text", "path", "message"),
    [
        ("5", "mines.a.arming_failure", r"must be between 0 and 1, got 5 \(did you mean 5 %"),
        ("-1%", "mines.a.arming_failure", "between"),
        ("nan", "mines.a.battery.failure", "finite"), ("inf", "horizon", "needs a unit|must be"),
        ("five", "mines.a.count", "must be a whole number"), ("", "mines.a.count", "must be a whole number"),
        ("1.5", "mines.a.count", "must be a whole number, got 1.5"), ("1e13", "mines.a.count", "must be between"),
        ("5", "horizon", "needs a unit, for example '5"), ("5 parsec", "horizon", "unknown unit 'parsec'"),
        ("1_000", "mines.a.count", "without thousands separators"), ("１２", "mines.a.count", "must be a whole number"),
        ("1,000", "mines.a.count", "without thousands separators"), ("12 months", "horizon", "no fixed length"),
        ("9" * 400, "mines.a.count", "finite|must be"), ("1e999", "mines.a.count", "finite"),
    ],
)  # fmt: skip
def test_what_is_no_value_is_refused_at_the_option(text, path, message):
    with pytest.raises(InputError, match=message) as caught:
        read_number(text, number_at(path.split(".")), VARY, "--vary")
    assert caught.value.problems[0].mark == VARY


def test_a_value_is_found_as_it_is_written(treaty, full):
    assert value_at(treaty, ("horizon",)) == "10 years"
    assert value_at(treaty, (*BATTERY, "life", "weibull", "scale")) == "81.9 days"
    assert value_at(treaty, (*BATTERY, "q10")) is None
    assert value_at(full, (*BATTERY, "failure")) == "6 per million"
    assert value_at(full, ("region", "temperature", "3")) == 9.6
    assert value_at(full, ("region", "temperature", "12")) is None
    assert value_at(full, ("region", "temperature", "9" * 5000)) is None
    assert value_at(full, ("region", "temperature", "x")) is None
    assert value_at(full, ("horizon", "years")) is None
    assert value_at(full, (*BATTERY, "life")) is None


# A varied scenario is the one that is written so.


def digest(loaded):
    return key_of(Study((loaded,), "simulate", curves=None), loaded)


def assert_alike(one, other):
    """Equal in what is computed: the scenario, the digest of its numbers, and its world field by field."""
    assert one.scenario == other.scenario
    assert digest(one) == digest(other)
    assert same(replace(build_world(one), name=""), replace(build_world(other), name=""))


LIMITED = f"mines.{CLASS}"
IN_BOTH = (
    ("horizon", 1000.0), (f"{LIMITED}.count", 123.0), (f"{LIMITED}.arming_failure", 0.1 + 0.2),
    (f"{LIMITED}.self_destruct.failure", 1e-300), (f"{LIMITED}.self_destruct.time", 33.3),
    (f"{LIMITED}.self_destruct.time.normal.sd", 1 / 3), (f"{LIMITED}.battery.failure", 1.0),
    (f"{LIMITED}.battery.life.weibull.scale", 1e6 / 7), (f"{LIMITED}.battery.life.weibull.shape", 0.7),
    (f"{LIMITED}.ageing", 12345.678), ("civilians.casualties_per_accident", 2.5), ("civilians.accident_rate", 3.5e-5),
    ("civilians.reference_density", 13.7), ("civilians.killed_share", 0.0), ("region.cell", 2.5),
)  # fmt: skip
IN_FULL = (
    ("region.temperature.6", 30.5), ("civilians.season.11", 4.0), ("civilians.return.initial", 0.25),
    ("civilians.surge.factor", 1.5), ("civilians.education.reduces", 0.9), ("civilians.marking.after_accident", 3.25),
    ("civilians.range", 7.5), ("clearance.teams", 3.0), ("clearance.rate", 1234.5), ("clearance.search", 1.0),
    ("clearance.cost", 0.3), ("thresholds.1", 1e-7), ("mines.legacy.placement.belt.width", 0.75),
    (f"{LIMITED}.placement.clusters.spread", 0.123), (f"{LIMITED}.placement.keep_away.distance", 2.0),
    (f"{LIMITED}.battery.q10", 2.0), (f"{LIMITED}.battery.reference_temperature", -10.0),
    (f"{LIMITED}.lots.correlation", 0.3),
)  # fmt: skip
VARIATIONS = [
    *(("treaty-limit", *one) for one in IN_BOTH),
    *(("full", *one) for one in (*IN_BOTH, *IN_FULL)),
]


@pytest.mark.parametrize(("name", "path", "value"), VARIATIONS)
def test_a_varied_scenario_is_the_one_with_the_same_override(name, path, value):
    loaded = load(CONTRACT / f"{name}.yaml")
    keys, number = read_path(path, [loaded], VARY, "--vary")
    here, text = setting(keys, value, number)
    one = varied(loaded, Settings(((here, text),)))
    other = load(CONTRACT / f"{name}.yaml", [f"{path}={text}"])
    assert_alike(one, other)
    assert one.tree == other.tree
    assert digest(one) != digest(loaded)


def test_the_comparison_of_worlds_sees_the_smallest_difference(full):
    def world(q10):
        return build_world(varied(full, Settings((((*BATTERY, "q10"), q10),))))

    assert same(world(1.6), world(1.6))
    assert not same(world(1.6), world(np.nextafter(1.6, 2).item()))


def test_a_point_of_a_piecewise_law_can_be_varied(tmp_path):
    text = changed(TREATY, ("{weibull: {shape: 4, scale: 81.9 days}}", "{piecewise: [[9 days, 0.5], [20 days, 0.1]]}"))
    loaded = load(written(tmp_path, text))
    path = f"mines.{CLASS}.battery.life.piecewise"
    for keys, value in ((f"{path}.1.0", "30.0 days"), (f"{path}.0.1", 0.75)):
        here, number = read_path(keys, [loaded], VARY, "--vary")
        one = varied(loaded, Settings((setting(here, float(str(value).split()[0]), number),)))
        assert_alike(one, load(tmp_path / "scenario.yaml", [f"{keys}={value}"]))


def test_several_values_are_put_in_together(treaty):
    values = (((*BATTERY, "failure"), 0.25), (("mines", CLASS, "count"), 7), (("civilians", "density"), "2.0 per km2"))
    one = varied(treaty, Settings(values))
    other = load(CONTRACT / "treaty-limit.yaml", [f"{'.'.join(path)}={value}" for path, value in values])
    assert_alike(one, other)


def test_as_it_stands_nothing_changes(treaty, full):
    for loaded in (treaty, full):
        one = varied(loaded, AS_IT_STANDS)
        assert_alike(one, loaded)
        assert (one.tree, one.files, one.name) == (loaded.tree, loaded.files, loaded.name)


def test_varying_leaves_the_scenario_it_starts_from_alone(full):
    before = full.scenario, str(full.tree), str(full.root), digest(full)
    varied(full, Settings((((*BATTERY, "failure"), 0.25), (("region", "temperature", "3"), 1.0))))
    assert (full.scenario, str(full.tree), str(full.root), digest(full)) == before


def test_two_places_that_share_an_alias_are_varied_apart(tmp_path):
    text = changed(TREATY, (f"  {CLASS}:", "  first: &same"), ("\ncivilians", "  second: *same\n\ncivilians"))
    mines = varied(load(written(tmp_path, text)), Settings(((("mines", "first", "count"), 5),))).scenario.mines
    assert (mines["first"].count, mines["second"].count) == (5, 10000)


# Alternatives.

SEVERAL = (
    "{one_of: [{weight: 3, weibull: {shape: 4, scale: 60 days}}, {weight: 1, lognormal: {median: 58 days, sigma: "
    "{value: 0.25, source: assumption, note: x, uncertainty: {uniform: [0.1, 0.5]}}}}, {weight: 1, value: 50 days}]}"
)
ALONE = (
    "{weibull: {shape: 4, scale: 60 days}}", "{lognormal: {median: 58 days, sigma: 0.25}}", "50 days",
)  # fmt: skip
LIFE = (*BATTERY, "life")


@pytest.fixture
def several(tmp_path):
    return load(
        written(tmp_path, changed(TREATY, ("{weibull: {shape: 4, scale: 81.9 days}}", SEVERAL)), "several.yaml")
    )


@pytest.mark.parametrize("index", [0, 1, 2])
def test_a_choice_is_the_scenario_with_that_one_alone(several, tmp_path, index):
    alone = load(written(tmp_path, changed(TREATY, ("{weibull: {shape: 4, scale: 81.9 days}}", ALONE[index]))))
    one = varied(several, Settings(choices=((LIFE, index),)))
    assert_alike(one, alone)
    assert one.alternatives == ()
    if index == 0:
        assert_alike(varied(several, AS_IT_STANDS), alone)


def test_a_value_inside_an_alternative_matters_where_that_one_is_chosen(several):
    sigma = ((*LIFE, "one_of", "1", "lognormal", "sigma"), 0.4)
    assert varied(several, Settings((sigma,))).scenario == several.scenario
    assert varied(several, Settings((sigma,), ((LIFE, 1),))).scenario.mines[CLASS].battery.life.sigma == 0.4


def test_a_value_in_place_of_a_whole_alternative_is_taken(several, tmp_path):
    whole = ((*LIFE, "one_of", "2"), "44.0 days")
    assert varied(several, Settings((whole,), ((LIFE, 2),))).scenario.mines[CLASS].battery.life.days == 44


def test_a_value_goes_into_the_alternative_that_stands(several):
    shape = ((*LIFE, "weibull", "shape"), 2.5)
    life = varied(several, Settings((shape,))).scenario.mines[CLASS].battery.life
    assert (life.shape, life.scale) == (2.5, 60)
    with pytest.raises(InputError, match="must name exactly one time law, got lognormal, weibull"):
        varied(several, Settings((shape,), ((LIFE, 1),)))


def test_a_value_takes_the_place_of_all_alternatives(several):
    assert varied(several, Settings(((LIFE, "9.0 days"),))).scenario.mines[CLASS].battery.life.days == 9
    assert varied(several, Settings(((LIFE, "9.0 days"),), ((LIFE, 1),))).scenario.mines[CLASS].battery.life.days == 9


def test_a_varied_scenario_is_the_settled_tree(several):
    one = varied(several, Settings(choices=((LIFE, 2),)))
    assert one.root.value["mines"].value[CLASS].value["battery"].value["life"].value == "50 days"
    assert str(one.root) == str(settled(several.root, several.alternatives, {LIFE: 2}))


# What makes no scenario.


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"mines.battery-limited.count": -1}, "count: must be between 0 and"),
        ({"mines.battery-limited.battery.failure": 1.5}, r"battery\.failure: must be between 0 and 1, got 1\.5"),
        ({"horizon": "0.0 days"}, "horizon: "), ({"horizon": "1e19 days"}, "finite"),
        ({"region.temperature.6": 91.0}, r"region\.temperature\.6: must be between -90 and 90"),
        ({"region.temperature.12": 9.0}, "is a list of 12, counted from 0; no place '12'"),
        ({"thresholds.2": "1.0 per year"}, "is a list of 2, counted from 0; no place '2'"),
        ({f"thresholds.{'9' * 5000}": "1.0 per year"}, "is a list of 2, counted from 0"),
        ({"mines.battery-limited.lots.correlation": 1.0}, "must be below 1"),
        ({"mines.legacy.lots.size": 5}, "lots.correlation: is required"),
        ({"mines.legacy.common_cause": 0.5}, "needs both 'self_destruct' and 'battery'"),
        ({"mines.battery-limited.battery.activation_energy": "0.5 eV"}, "give either 'q10' or 'activation_energy'"),
        ({"mines.battery-limited.battery.life.gamma.shape": 2.0}, "scale: is required|must name exactly one"),
        ({"civilians.density": "5.0 per km2"}, "needs exactly one of 'density' and 'settlements'"),
        ({"clearance.teams": 0}, "clearance.teams: must be"),
        ({"mines.nothing.count": 5}, r"mines\.nothing\.laid: is required"),
    ],
)  # fmt: skip
def test_settings_that_make_no_scenario_are_refused_with_the_reason(full, values, message):
    with pytest.raises(InputError, match=message) as caught:
        varied(full, Settings(tuple((tuple(path.split(".")), value) for path, value in values.items())))
    assert all(problem.mark is not None for problem in caught.value.problems)


def test_all_problems_of_settings_are_reported_together(full):
    values = (((*BATTERY, "failure"), 2.0), (("mines", CLASS, "count"), -1), (("clearance", "teams"), 0))
    with pytest.raises(InputError) as caught:
        varied(full, Settings(values))
    assert [problem.path for problem in caught.value.problems] == [
        f"mines.{CLASS}.count", f"mines.{CLASS}.battery.failure", "clearance.teams",
    ]  # fmt: skip


NUMBERS = [key for key in KEYS if number_at(keys_of(key)) is not None]


@settings(derandomize=True, deadline=None, max_examples=150)
@given(
    name=st.sampled_from([CLASS, "legacy", "nobody's"]),
    keys=st.lists(st.sampled_from([*NUMBERS, "thresholds.0", "thresholds.9", "region.temperature.5"]), max_size=3),
    values=st.lists(st.floats(allow_nan=False) | st.integers(-5, 50), min_size=3, max_size=3),
)
def test_any_settings_make_a_scenario_or_an_input_error(full, name, keys, values):
    made = []
    for key, value in zip(keys, values, strict=False):
        path = tuple(name if part == "NAME" else part for part in key.split("."))
        number = number_at(path)
        if number.integer and not abs(value) < 1e300:
            continue
        made.append(setting(path, float(value), number))
    one = varied_or_refused(full, Settings(tuple(made)))
    for path, value in made if one is not None else ():
        # What stands in the end is the last of values at, above or below each other.
        if sum(path[: len(other)] == other or other[: len(path)] == path for other, _ in made) == 1:
            assert value_at(one, path) == value


def varied_or_refused(loaded, chosen):
    try:
        return varied(loaded, chosen)
    except InputError:
        return None
