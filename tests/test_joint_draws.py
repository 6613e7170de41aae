"""Draws as an uncertainty: lists that stay together where they state one joint, from the file to every study."""

import csv
import json
from collections import Counter
from itertools import product

import numpy as np
import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from scenario_texts import TREATY, changed, refused, written
from terminal import SMALL, json_of

from simulator.breakeven_study import read_range
from simulator.cli import cli
from simulator.fields import number_at
from simulator.joint_draws import (
    group_evidence,
    group_label,
    group_path,
    group_range,
    grouped,
    places,
    refuse_torn_joints,
    settings_at,
)
from simulator.one_at_a_time import ends_of, moves_of
from simulator.problems import InputError
from simulator.quantities import Quantity
from simulator.realised_share import INTERVAL
from simulator.report_moves import at_ends
from simulator.report_moves import moves_of as report_moves_of
from simulator.scenario_file import from_tree, load
from simulator.schema import json_schema
from simulator.standards import judge, read_standards
from simulator.study import Request
from simulator.uncertainty import (
    UncertainInput,
    distribution_text,
    inverse,
    parameter_sets,
    settings_of,
    shared_inputs,
    uncertain_inputs,
)
from simulator.variance import design, indices
from simulator.variation import varied
from simulator.yaml_reader import MAX_BYTES, MAX_NODES

FAILURE = "failure: 0.0"
RATE = "1.4e-4 per mine-year"
CASUALTIES = "casualties_per_accident: 1.44"


def said(value, draws, joint="", source="assumption", grade="low"):
    """A sourced value with draws, as a file has it."""
    together = f", joint: {joint}" if joint else ""
    return (
        f"{{value: {value}, source: {source}, note: x, grade: {grade}, "
        f"uncertainty: {{draws: [{', '.join(map(str, draws))}]{together}}}}}"
    )


def typed(*arguments):
    """What a command prints, in this process; it must succeed."""
    done = CliRunner().invoke(cli, list(arguments), catch_exceptions=False)
    assert done.exit_code == 0
    return " ".join(done.output.split())


def rates(values):
    return [f"{value!r} per mine-year" for value in values]


def treaty(folder, failure="0.0", rate=RATE, casualties="1.44", name="scenario.yaml", more=""):
    text = changed(
        TREATY,
        (FAILURE, f"failure: {failure}"),
        (f"accident_rate: {RATE}", f"accident_rate: {rate}"),
        (CASUALTIES, f"casualties_per_accident: {casualties}"),
    )
    return written(folder, text + more, name)


def pair_of(scenario):
    return scenario.mines["battery-limited"].battery.failure, scenario.civilians.accident_rate


def drawn_pairs(loaded, sets, seed=3):
    inputs, names = uncertain_inputs(loaded), shared_inputs([loaded])
    for row in parameter_sets(len(names), sets, seed).tolist():
        yield pair_of(varied(loaded, settings_of(inputs, dict(zip(names, row, strict=True)))).scenario)


# What is drawn.

RNG = np.random.default_rng(11)
FAILURES = RNG.random(16).round(6).tolist()
# The larger the one, the smaller the other: what a record of casualties leaves of two numbers that it knows by product.
RATES = [round(2e-4 / (1 + 9 * failure), 12) for failure in FAILURES]
PAIRS = set(zip(FAILURES, RATES, strict=True))


def test_numbers_of_one_joint_are_drawn_in_the_pairs_that_are_listed_and_in_no_other(tmp_path):
    loaded = load(treaty(tmp_path, said("50 %", FAILURES, "record"), said(RATE, rates(RATES), "record")))
    assert len(shared_inputs([loaded])) == 1
    # No false alarm: of 64 points of the sequence in one dimension, four lie in each sixteenth.
    assert Counter(drawn_pairs(loaded, 64)) == dict.fromkeys(PAIRS, 4)


def test_without_a_joint_the_same_lists_are_drawn_independently(tmp_path):
    loaded = load(treaty(tmp_path, said("50 %", FAILURES), said(RATE, rates(RATES))))
    assert len(shared_inputs([loaded])) == 2
    # Each of the 256 pairs once: 256 points of two coordinates are one in each square of a 16 by 16 board.
    assert Counter(drawn_pairs(loaded, 256)) == dict.fromkeys(product(FAILURES, RATES), 1)
    assert not set(drawn_pairs(loaded, 256)) <= PAIRS


def test_numbers_of_different_joints_are_independent_of_each_other(tmp_path):
    loaded = load(treaty(tmp_path, said("50 %", FAILURES, "one"), said(RATE, rates(RATES), "other")))
    assert Counter(drawn_pairs(loaded, 256)) == dict.fromkeys(product(FAILURES, RATES), 1)


@pytest.mark.parametrize("size", [2, 3, 5, 7, 100, 1000])
def test_values_of_a_list_are_equally_likely_whatever_its_length(size):
    number = number_at(("civilians", "casualties_per_accident"))
    draws = tuple(float(value) for value in range(1, size + 1))
    one = UncertainInput(("x",), "draws", draws, number, 1.0, joint="j")
    sets = parameter_sets(1, 1024, 5)[:, 0]
    drawn = Counter(settings_of([one], {one.coordinate: u}).values[0][1] for u in sets.tolist())
    # One point in each 1,024th: a count is less than two from its expectation.
    assert set(drawn) == set(draws) or size == 1000
    assert all(abs(drawn[value] - 1024 / size) < 2 for value in draws)


def test_the_inverse_is_the_quantile_of_the_number_by_itself():
    number = Quantity(number_at(("civilians", "casualties_per_accident")).dimension, at_least=0)
    draws = tuple(RNG.lognormal(size=37).tolist())
    u = np.linspace(1e-6, 1 - 1e-6, 991)
    for joint in ("", "j"):
        one = UncertainInput(("x",), "draws", draws, number, 1.0, joint=joint)
        np.testing.assert_array_equal(inverse(one, u), np.quantile(draws, u, method="inverted_cdf"))


def test_two_scenarios_draw_the_same_place_of_a_joint(tmp_path):
    first = load(treaty(tmp_path, said("5 %", [0.1, 0.2, 0.3], "j"), name="a.yaml"))
    second = load(treaty(tmp_path, rate=said(RATE, rates([1e-4, 2e-4, 3e-4]), "j"), name="b.yaml"))
    names = shared_inputs([first, second])
    assert len(names) == 1
    for row in parameter_sets(1, 32, 1).tolist():
        drawn = dict(zip(names, row, strict=True))
        a, b = (varied(one, settings_of(uncertain_inputs(one), drawn)).scenario for one in (first, second))
        assert pair_of(b)[1] == pytest.approx(pair_of(a)[0] / 1000)
    refuse_torn_joints([first, second])


def test_an_input_beside_a_joint_keeps_the_coordinate_it_would_have_with_one_plain_input(tmp_path):
    uniform = "{value: 1.44, source: assumption, note: x, uncertainty: {uniform: [1, 2]}}"
    rate = said(RATE, rates(RATES), "j")
    two = load(treaty(tmp_path, said("50 %", FAILURES, "j"), rate, uniform, "two.yaml"))
    one = load(treaty(tmp_path, said("50 %", FAILURES), RATE, uniform, "one.yaml"))
    values = []
    for loaded in (two, one):
        names, inputs = shared_inputs([loaded]), uncertain_inputs(loaded)
        sets = [dict(zip(names, row, strict=True)) for row in parameter_sets(len(names), 16, 9).tolist()]
        scenarios = [varied(loaded, settings_of(inputs, drawn)).scenario for drawn in sets]
        values.append([scenario.civilians.casualties_per_accident for scenario in scenarios])
    assert values[0] == values[1]


def test_draws_carry_units_and_are_said_in_them(tmp_path):
    life = said("60 days", ["1 week", "8 weeks", "1 year"], "fit")
    path = treaty(tmp_path, said("1 %", ["1 %", "2 in 100", "30 per thousand"], "fit"))
    text = changed(path.read_text(), ("{weibull: {shape: 4, scale: 81.9 days}}", life))
    inputs = uncertain_inputs(load(written(tmp_path, text)))
    assert [one.parameters for one in inputs] == [(7, 56, 365.25), (0.01, 0.02, 0.03)]
    assert [distribution_text(one) for one in inputs] == [
        "3 draws from 7 days to 1 year (joint fit)", "3 draws from 1 % to 3 % (joint fit)",
    ]  # fmt: skip
    (group,) = grouped(inputs)
    assert group_range(group) == "3 draws of 2 numbers together (joint fit)"


# Groups.


def inputs_of(*names, joint="j", **about):
    number = number_at(("civilians", "casualties_per_accident"))
    return [UncertainInput((name,), "draws", (1.0, 2.0), number, 1.0, joint=joint, **about) for name in names]


def test_a_group_is_named_by_its_first_members_and_rests_on_the_weakest():
    (three,) = grouped(inputs_of("a", "b", "c"))
    assert group_label(three) == "a with b and 1 more"
    assert group_path(three) == "a with b with c"
    assert [group_label(group) for group in grouped(inputs_of("a", "b", joint=""))] == ["a", "b"]
    assert group_label(grouped(inputs_of("a", "b"))[0]) == "a with b"
    mixed = (*inputs_of("a", grade="high", source="s"), *inputs_of("b", grade="very low", source="t", note="n"))
    assert group_evidence(mixed) == ("s; t", "very low", "n")
    assert group_evidence((*mixed, *inputs_of("c")))[1] == ""


def test_a_group_moved_by_itself_goes_through_its_draws_and_ends_where_the_output_does(tmp_path):
    loaded = load(treaty(tmp_path, said("50 %", FAILURES, "j"), said(RATE, rates(RATES), "j")))
    (group,) = grouped(uncertain_inputs(loaded))
    moves = moves_of(group)
    pairs = [pair_of(varied(loaded, settings).scenario) for settings in moves.settings]
    assert pairs == list(zip(FAILURES, RATES, strict=True))
    assert moves.words[2].startswith("draw 3 of 16 (")
    outputs = np.array([failure for failure, _ in pairs])
    assert ends_of(moves, outputs) == (int(outputs.argmin()), int(outputs.argmax()))
    outputs[outputs.argmin()] = np.nan
    assert outputs[ends_of(moves, outputs)[0]] == np.sort(FAILURES)[1]


def test_of_a_long_list_as_many_draws_as_asked_for_are_looked_at_and_spread_over_it():
    number = number_at(("civilians", "casualties_per_accident"))
    draws = tuple(float(value) for value in range(1, 1001))
    group = tuple(UncertainInput((name,), "draws", draws, number, 1.0, joint="j") for name in "ab")
    assert places(group, 4) == [125, 375, 625, 875]
    moves = moves_of(group)
    assert len(moves.settings) == 39
    low, high = ends_of(moves, np.arange(39.0))
    assert (low, high) == (1, 37)


def test_a_report_moves_a_joint_in_all_scenarios_at_once(tmp_path):
    first = load(treaty(tmp_path, said("5 %", [0.1, 0.2, 0.3], "j"), said(RATE, rates([1e-4, 2e-4, 3e-4]), "j")))
    moves, inputs = report_moves_of([first, first], (0, 1))
    assert (inputs, len(moves)) == (1, 3)
    assert {move.path for move in moves} == {"mines.battery-limited.battery.failure with civilians.accident_rate"}
    assert [move.value.split(" (")[0] for move in moves] == [f"draw {place} of 3" for place in (1, 2, 3)]
    for move in moves:
        assert move.settings[0] == move.settings[1]
    assert at_ends(moves).endswith("drawn together at up to 20 of their draws")
    alone, _ = report_moves_of([load(treaty(tmp_path, said("5 %", [0.1, 0.2, 0.3])))], (0,))
    assert [move.value for move in alone] == ["10 %", "30 %"]
    assert at_ends(alone) == "at its 5 % and its 95 % point"


def test_a_number_inside_an_alternative_moves_with_its_group_and_chooses_that_alternative(tmp_path):
    inside = f"{{one_of: [{{weight: 2, value: 1 %}}, {{weight: 1, {said('2 %', [0.2, 0.3], 'j')[1:]}]}}"
    loaded = load(treaty(tmp_path, inside, said(RATE, rates([1e-4, 3e-4]), "j")))
    (group,) = [group for group in grouped(uncertain_inputs(loaded)) if len(group) > 1]
    assert pair_of(varied(loaded, settings_at(group, 1)).scenario) == (0.3, 3e-4)


# Sensitivity.


def test_shares_of_a_linear_model_are_those_of_the_group_and_of_the_rest(tmp_path):
    # y = a + b + 3 c with a and b of one list of pairs, c uniform on [1, 2], independent of them.
    rng = np.random.default_rng(2)
    a = rng.normal(5.0, 0.5, 64)
    b = 10.0 - 0.8 * a + rng.normal(0.0, 0.1, 64)
    number = number_at(("civilians", "casualties_per_accident"))
    group = [
        UncertainInput((name,), "draws", tuple(values.tolist()), number, 1.0, joint="j")
        for name, values in (("a", a), ("b", b))
    ]
    c = UncertainInput(("c",), "uniform", (1.0, 2.0), number, 1.5)
    groups = grouped([*group, c])
    assert [group_label(one) for one in groups] == ["a with b", "c"]
    points = design(len(groups), 1024, rng)
    names = [one[0].coordinate for one in groups]
    drawn = [dict(settings_of([*group, c], dict(zip(names, row, strict=True))).values) for row in points.tolist()]
    y = np.array([[one["a",] + one["b",] + 3.0 * one["c",]] for one in drawn])
    found = indices(y, [group_label(one) for one in groups], ["y"], rng)
    variances = np.array([(a + b).var(), 9.0 / 12.0])
    expected = variances / variances.sum()
    # No false alarm: the points are fixed. Were a and b taken one by one, they would make 3 and 2 times as much.
    np.testing.assert_allclose(found.first[:, 0], expected, atol=0.01)
    np.testing.assert_allclose(found.total[:, 0], expected, atol=0.01)
    assert (a.var() + b.var()) / variances.sum() > 3 * expected[0]


def sensitivity(folder, joint):
    draws = [1.0, 1.25, 1.6, 2.0, 2.5, 3.2, 4.0, 5.0]
    rate = said("0.05 per mine-year", rates([0.05 * 2.0 / value for value in draws]), joint)
    text = changed(
        SMALL,
        ("accident_rate: 0.05 per mine-year", f"accident_rate: {rate}"),
        (CASUALTIES, f"casualties_per_accident: {said('2', draws, joint)}"),
        ("failure: 1 %}", "failure: {value: 1 %, source: assumption, note: x, uncertainty: {uniform: [0, 80 %]}}}"),
    )
    written(folder, text, "unsure.yaml")
    out = typed("sensitivity", "unsure.yaml", "-n", "16", "-o", "drivers", "--no-figures", "--force")
    with (folder / "drivers" / "sensitivity.csv").open(encoding="utf-8") as stream:
        return {row["input"]: row for row in csv.DictReader(stream)}, out


def test_sensitivity_takes_a_joint_as_one_input_and_says_so(tmp_path, monkeypatch):
    # Half the rate with twice the casualties is the same risk, but for mines that an accident has used up.
    monkeypatch.chdir(tmp_path)
    rows, out = sensitivity(tmp_path, "record")
    both = "civilians.accident_rate with civilians.casualties_per_accident"
    assert set(rows) == {both, "mines.short.battery.failure"}
    assert float(rows[both]["total"]) < 0.2
    assert float(rows["mines.short.battery.failure"]["total"]) > 0.8
    assert rows[both]["range"] == "8 draws of 2 numbers together (joint record)"
    assert rows[both]["low"].startswith("draw 1 of 8 (")
    assert "are drawn together (joint record) and count as one input" in out
    apart, _ = sensitivity(tmp_path, "")
    assert len(apart) == 3
    # Torn apart, the same lists make nearly all of the variance: what the joint keeps from being claimed.
    assert sum(float(apart[name]["total"]) for name in both.split(" with ")) > 0.8


# Mistakes.

GOOD = said(RATE, rates([1e-4, 2e-4]), "j")


@pytest.mark.parametrize(
    ("uncertainty", "points_at", "place", "message"),
    [
        ("{draws: [1 %]}", "[1 %]", "draws", "must be a list of 2 to 1,000 equally likely values, got a list of 1"),
        (
            f"{{draws: [{', '.join(['1 %'] * 1001)}]}}",
            "[1 %, ",
            "draws",
            "2 to 1,000 equally likely values, got a list of 1001",
        ),
        ("{draws: 5 %}", "5 %}", "draws", "must be a list of 2 to 1,000 equally likely values, got '5 %'"),
        ("{draws: [1 %, 2]}", "2]", "draws.1", "must be between 0 and 1, got 2 (did you mean 2 %?)"),
        ("{draws: [1 %, 2 days]}", "2 days]", "draws.1", "unknown unit 'days' for a probability"),
        ("{joint: j}", "{joint: j}", "", "needs 'draws' beside 'joint', a list of equally likely values"),
        (
            "{uniform: [1 %, 2 %], joint: j}",
            "j}",
            "joint",
            "is for 'draws' alone: a number with uniform is drawn by itself",
        ),
        (
            "{draws: [1 %, 2 %], uniform: [1 %, 2 %]}",
            "{draws",
            "",
            "exactly one distribution, got a mapping of draws, uniform",
        ),
        (
            "{draws: [1 %, 2 %], joint: 7}",
            "7}",
            "joint",
            "must be a name of one line and at most 200 characters, got 7",
        ),
        ("{draws: [1 %, 2 %], joint: ' j'}", "' j'}", "joint", "must be a name of one line"),
        ("{draws: [1 %, 2 %], joint: ''}", "''}", "joint", "must be a name of one line"),
        ("{draws: [1 %, 2 %], jiont: j}", "jiont: j}", "jiont", "unknown key, did you mean 'joint'?"),
        ("{drews: [1 %, 2 %], joint: j}", "drews: ", "drews", "unknown key, did you mean 'draws'?"),
        ("{drews: [1 %, 2 %]}", "drews: ", "drews", "unknown key, did you mean 'draws'?"),
        ("{draws: [1 %, 2 %, 3 %], joint: j}", "[1 %, 2 %, 3 %]", "draws", "has 3 values, but joint 'j' has 2 at"),
    ],
)
def test_a_wrong_list_is_refused_at_its_place(tmp_path, uncertainty, points_at, place, message):
    failure = f"{{value: 5 %, source: assumption, note: x, uncertainty: {uncertainty}}}"
    # The good list stands first where the two are compared.
    text = changed(TREATY, (FAILURE, f"failure: {failure}"))
    text = changed(text, ("    count: 10000\n", "    count: {value: 10000, source: assumption, note: x, "
                          "uncertainty: {draws: [1, 2], joint: j}}\n"))  # fmt: skip
    lines = refused(written(tmp_path, text))
    where = ".".join(filter(None, ("mines.battery-limited.battery.failure.uncertainty", place)))
    assert f" error: {where}: " in lines[0]
    assert message in lines[0]
    line, column = map(int, lines[0].split(".yaml:")[1].split(":")[:2])
    assert text.splitlines()[line - 1][column - 1 :].startswith(points_at)
    assert len([one for one in lines if " error: " in one]) == 1


def test_lists_of_one_joint_that_differ_are_all_named_with_the_first_and_a_way_out(tmp_path):
    path = treaty(tmp_path, said("5 %", [0.1, 0.2], "j"), said(RATE, rates([1e-4] * 3), "j"), said("2", [1, 2, 3], "j"))
    lines = [line for line in refused(path) if " error: " in line]
    assert len(lines) == 2
    for line, name in zip(lines, ("accident_rate", "casualties_per_accident"), strict=True):
        assert f"civilians.{name}.uncertainty.draws: has 3 values, but joint 'j' has 2 at " in line
        assert line.endswith(
            "mines.battery-limited.battery.failure; numbers of one joint take the same place in their lists, so give "
            "as many"
        )


def test_a_length_set_on_the_command_line_is_compared_with_the_file(tmp_path):
    path = treaty(tmp_path, said("5 %", [0.1, 0.2], "j"), GOOD)
    key = "civilians.accident_rate.uncertainty.draws"
    lines = refused(path, f"{key}=[1e-4 per mine-year, 2e-4 per mine-year, 3e-4 per mine-year]")
    assert lines[0].startswith(f"command line:1:{8 + len(key)}: error: {key}: has 3 values, but joint 'j' has 2")


@pytest.mark.parametrize(
    ("second", "place", "message"),
    [
        (said("5 %", [0.1, 0.2, 0.3], "j"), "uncertainty.draws", "has 3 values, but joint 'j' has 2 at"),
        (said("5 %", [0.1, 0.2], "k"), "uncertainty.joint", "is drawn with joint 'k' here and with joint 'j' at"),
        (said("5 %", [0.1, 0.2]), "uncertainty", "is drawn by itself here and with joint 'j' at"),
    ],
)
def test_scenarios_whose_joints_do_not_pair_cannot_be_compared_with_their_uncertainty(tmp_path, second, place, message):
    folder = tmp_path
    for name, failure in (("one.yaml", said("5 %", [0.1, 0.2], "j")), ("two.yaml", second)):
        treaty(folder, failure, name=name)
    scenarios = [load(folder / name) for name in ("one.yaml", "two.yaml")]
    with pytest.raises(InputError) as caught:
        refuse_torn_joints(scenarios)
    (problem,) = caught.value.problems
    assert problem.path == f"mines.battery-limited.battery.failure.{place}"
    assert message in problem.message
    assert "mines.battery-limited.battery.failure of one" in problem.message
    assert problem.mark.name.endswith("two.yaml")
    # What is stated in one alone, or known in the other, is no quarrel.
    refuse_torn_joints([scenarios[0], load(treaty(folder, name="three.yaml"))])


def test_the_command_refuses_torn_joints_before_it_writes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    treaty(tmp_path, said("5 %", [0.1, 0.2], "j"), name="one.yaml")
    treaty(tmp_path, said("5 %", [0.1, 0.2, 0.3], "j"), name="two.yaml")
    with pytest.raises(InputError, match=r"two\.yaml:\d+:\d+: error: .*has 3 values, but joint 'j' has 2"):
        typed("compare", "one.yaml", "two.yaml", "--uncertain", "4", "-o", "out")
    assert not list(tmp_path.glob("out*"))


# Limits.


def test_six_numbers_with_a_thousand_draws_each_stay_within_what_a_file_may_hold(tmp_path):
    rng = np.random.default_rng(1)
    keys = ("accident_rate", "reference_density", "casualties_per_accident", "killed_share", "child_share", "density")
    text = TREATY
    for line in TREATY.splitlines():
        key, _, value = line.strip().partition(":")
        if key in keys:
            value = value.partition("#")[0].strip()
            number, _, unit = value.partition(" ")
            draws = [f"{float(number) * factor:.15g} {unit}".strip() for factor in rng.uniform(0.5, 1.5, 1000)]
            text = changed(text, (line, f"  {key}: {said(value, draws, 'record')}"))
    loaded = load(written(tmp_path, text))
    assert len(text.encode()) < MAX_BYTES / 4
    assert MAX_NODES / 4 > 6000
    inputs = uncertain_inputs(loaded)
    assert [len(one.parameters) for one in inputs] == [1000] * 6
    assert shared_inputs([loaded]) == [inputs[0].coordinate]
    # What a manifest holds of it is read again, with the same digest.
    assert from_tree(loaded.name, loaded.tree).digest == loaded.digest
    assert len(json.dumps(loaded.tree)) < MAX_BYTES / 4


def test_the_schema_for_editors_knows_draws_and_every_other_law():
    schema = json_schema()
    check = Draft202012Validator({**schema["$defs"]["Uncertainty"], "$defs": schema["$defs"]})
    for good in (
        {"draws": [1, "2 %"], "joint": "j"}, {"draws": [1, 2]}, {"uniform": ["1 day", "2 days"]}, {"beta": [1, 2]},
        {"triangular": [1, 2, 3]}, {"loguniform": [1, 2]}, {"lognormal": {"median": "60 days", "sigma": 0.3}},
        {"tests": 10, "failures": 0}, {"uniform": None, "draws": [1, 2]},
    ):  # fmt: skip
        assert check.is_valid(good), good
    for bad in (
        {"draws": [1]}, {"draws": [1] * 1001}, {"draws": [1, 2], "joint": 3}, {"drews": [1, 2]}, {}, {"beta": [1]},
    ):  # fmt: skip
        assert not check.is_valid(bad), bad
    used = schema["$defs"]["Civilians"]["properties"]["accident_rate"]["anyOf"]
    assert {"$ref": "#/$defs/Uncertainty"} in [form.get("properties", {}).get("uncertainty") for form in used]


# Through the commands.


def test_a_break_even_is_looked_for_over_the_range_of_the_number_by_itself(tmp_path):
    draws = [place / 1000 for place in range(1, 101)]
    scenario = load(treaty(tmp_path, said("5 %", RNG.permutation(draws).tolist(), "j")))
    request = Request("breakeven", (scenario, scenario), 1, "expected", {})
    _, _, span = read_range("mines.battery-limited.battery.failure", request)
    assert (span.low, span.high) == pytest.approx((0.001, 0.1))


def test_a_comparison_with_draws_keeps_them_together_says_so_and_runs_again_identically(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, casualties in (("one.yaml", "1.44"), ("two.yaml", "2.88")):
        both = said("50 %", FAILURES, "record"), said(RATE, rates(RATES), "record")
        path = treaty(tmp_path, *both, casualties, name)
        written(tmp_path, changed(path.read_text(encoding="utf-8"), ("horizon: 10 years", "horizon: 200 days")), name)
    common = ("--uncertain", "4", "--method", "expected", "--no-figures", "--quiet")
    typed("compare", "one.yaml", "two.yaml", *common, "-o", "out")
    failure, rate = json_of(tmp_path / "out" / "summary.json")["scenarios"]["one"]["uncertain"]["inputs"]
    assert (failure["law"], failure["draws"], failure["joint"]) == ("draws", 16, "record")
    assert failure["parameters"] == [min(FAILURES), max(FAILURES)]
    assert rate["parameters"] == [min(RATES), max(RATES)]
    assert "identical" in typed("rerun", "out")


def test_standards_draw_a_joint_as_one(tmp_path):
    lives, failures = np.arange(20.0, 52.0), np.arange(32) / 100
    text = treaty(tmp_path, said("5 %", failures.tolist(), "fit")).read_text(encoding="utf-8")
    life = said("40 days", [f"{value} days" for value in lives], "fit")
    text = changed(text, ("{weibull: {shape: 4, scale: 81.9 days}}", life))
    found = judge(load(written(tmp_path, text)), read_standards(), 32)
    assert ([one.joint for one in found.inputs], found.sets) == (["fit", "fit"], 32)
    # What still functions at 120 days has failed to self-destruct, one in ten, and its battery did not run out either.
    rows = [row for row in found.rows if row.criterion.after == 120 and row.criterion.measure == "functioning"]
    assert rows
    for row in rows:
        assert (row.over.low, row.over.high) == pytest.approx(np.quantile(0.1 * failures, INTERVAL), rel=1e-6)


def test_what_a_scenario_says_of_a_long_list_is_short(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    treaty(tmp_path, said("50 %", [place / 1000 for place in range(200)], "record"))
    assert "range: {draws: [0.0, 0.001, … 0.199] (200 values), joint: record}" in typed("sources", "scenario.yaml")
    assert "{draws: [value, …], joint: NAME}" in typed("explain", "civilians.accident_rate.uncertainty")
