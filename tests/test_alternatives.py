"""One of several values in place of a number or a time law: which stands, what is refused, and where it is said."""

import json
import re
import subprocess
import sys

import pytest
from jsonschema import Draft202012Validator
from scenario_texts import CONTRACT, FULL, ROOT, TREATY, changed, contract_folder, refused, shown_safely, written
from terminal import SMALL, done, minesim, written_scenarios

from simulator.alternatives import settled
from simulator.evidence import sourced_values
from simulator.laws import Never
from simulator.project import load_together
from simulator.quantities import GRADES
from simulator.scenario_file import from_tree, load, shipped_scenarios, validated
from simulator.schema import json_schema
from simulator.uncertainty import uncertain_inputs
from simulator.yaml_reader import MAX_ALIASES, MAX_DEPTH, MAX_NODES, plain

FAILURE = "failure: 0.0"
LIFE = "{weibull: {shape: 4, scale: 81.9 days}}"
BACK_UP = "mines.battery-limited.battery.failure"
MARK = "§"


def with_failure(*alternatives, beside=""):
    """The treaty example with alternatives for the failure of the back-up, in line 20."""
    return changed(TREATY, (FAILURE, f"failure: {{one_of: [{', '.join(alternatives)}]{beside}}}"))


def failure_of(loaded):
    return loaded.scenario.mines["battery-limited"].battery.failure


def marked(text):
    """A text without its marks, and the places of the marks as (line, column)."""
    places = []
    for mark in re.finditer(MARK, text):
        before = text[: mark.start()].replace(MARK, "")
        places.append((before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1))
    return text.replace(MARK, ""), places


def heads(lines):
    """The first line of each problem, which holds its place."""
    return [line for line in lines if re.match(r"(\S+\.yaml|command line):\d+:\d+: error: ", line)]


def places_of(lines):
    return [tuple(map(int, re.search(r":(\d+):(\d+): error", head).groups())) for head in heads(lines)]


# Which alternative stands.


@pytest.mark.parametrize(
    ("weights", "stands"),
    [((1, 2, 1), 1), ((2, 2, 2), 0), ((1, 3, 3), 1), (("30 %", "10 %", "60 %"), 2), (("1e-300", "1e-301", "1e-299"), 2),
     (("1e18", "1e18", "1"), 0), (("0.3", "0.30000000000000004", "0.1"), 1)],
)  # fmt: skip
def test_the_weightiest_stands_and_the_first_of_equals(tmp_path, weights, stands):
    shares = ("1 %", "5 %", "20 %")
    entries = [f"{{weight: {weight}, value: {share}}}" for weight, share in zip(weights, shares, strict=True)]
    loaded = load(written(tmp_path, with_failure(*entries)))
    assert failure_of(loaded) == (0.01, 0.05, 0.2)[stands]
    assert loaded.alternatives[0].weightiest == stands


WRITTEN = {
    "a share": (FAILURE, "failure: ", "5 %", "0.2"),
    "a count": ("count: 10000", "count: ", "10", "20"),
    "a law": (
        f"life: {LIFE}",
        "life: ",
        "{lognormal: {median: 60 days, sigma: 0.3}}",
        "{exponential: {mean: 2 years}}",
    ),
    "a fixed time and never": (f"life: {LIFE}", "life: ", "60 days", "never"),
    "points": (f"life: {LIFE}", "life: ", "{piecewise: [[1 day, 0.5]]}", "{gamma: {shape: 2, scale: 9 days}}"),
    "a parameter of a law": ("shape: 4", "shape: ", "3", "5"),
    "a quantity with a unit": ("density: 14 per km2", "density: ", "10 per km2", "0 per km2"),
    "the horizon": ("horizon: 10 years", "horizon: ", "9 years", "8 years"),
    "a sourced value": (FAILURE, "failure: ", "{value: 5 %, source: assumption, note: why}", "0.2"),
}


@pytest.mark.parametrize("chosen", [0, 1])
@pytest.mark.parametrize("name", WRITTEN)
def test_a_choice_means_what_the_chosen_one_alone_would_mean(tmp_path, name, chosen):
    old, key, *values = WRITTEN[name]
    entries = [f"{{weight: {1 + (place == chosen)}, value: {value}}}" for place, value in enumerate(values)]
    several = load(written(tmp_path, changed(TREATY, (old, f"{key}{{one_of: [{', '.join(entries)}]}}"))))
    alone = load(written(tmp_path, changed(TREATY, (old, key + values[chosen]))))
    assert several.scenario == alone.scenario
    assert len(several.alternatives) == 1
    assert alone.alternatives == ()


def test_a_law_and_a_sourced_value_may_stand_beside_their_weight(tmp_path):
    life = "{one_of: [{weight: 3, weibull: {shape: 2, scale: 9 days}}, {weight: 1, value: never}]}"
    failure = "{one_of: [{weight: 1, value: 5 %, source: assumption, note: why, grade: low}, {weight: 1, value: 1}]}"
    text = changed(TREATY, (LIFE, life), (FAILURE, f"failure: {failure}"))
    battery = load(written(tmp_path, text)).scenario.mines["battery-limited"].battery
    assert (battery.life.shape, battery.life.scale, battery.failure) == (2, 9, 0.05)


def test_an_item_of_a_list_and_a_point_of_a_law_can_be_one_of_several(tmp_path):
    thresholds = "thresholds: [{one_of: [{weight: 1, value: 1e-3 per year}, {weight: 2, value: 1e-5 per year}]}]\n"
    points = "{piecewise: [[9 days, {one_of: [{weight: 2, value: 50 %}, {weight: 1, value: 40 %}]}]]}"
    loaded = load(written(tmp_path, changed(TREATY, (LIFE, points)) + thresholds))
    assert loaded.scenario.thresholds == [1e-5]
    assert loaded.scenario.mines["battery-limited"].battery.life.points == [(9, 0.5)]
    assert [place.path[-1] for place in loaded.alternatives] == ["1", "0"]


def test_every_alternative_can_be_put_in_its_place(tmp_path):
    life = "{one_of: [{weight: 1, weibull: {shape: 2, scale: 9 days}}, {weight: 2, value: never}]}"
    failure = "failure: {one_of: [{weight: 1, value: 5 %}, {weight: 1, value: 1}]}"
    loaded = load(written(tmp_path, changed(TREATY, (LIFE, life), (FAILURE, failure))))
    paths = [place.path for place in loaded.alternatives]
    assert [".".join(path) for path in paths] == ["mines.battery-limited.battery.life", BACK_UP]
    for first in (0, 1):
        for second in (0, 1):
            root = settled(loaded.root, loaded.alternatives, {paths[0]: first, paths[1]: second})
            battery = validated(root, plain(root)).mines["battery-limited"].battery
            assert isinstance(battery.life, Never) == (first == 1)
            assert battery.failure == (0.05, 1)[second]
    assert settled(loaded.root, []) is loaded.root


def test_a_class_of_mines_may_be_called_one_of(tmp_path):
    failure = "failure: {value: 5 %, source: assumption, note: x, uncertainty: {uniform: [1 %, 9 %]}}"
    loaded = load(written(tmp_path, changed(TREATY, ("battery-limited:", "one_of:"), (FAILURE, failure))))
    assert list(loaded.scenario.mines) == ["one_of"]
    assert loaded.alternatives == ()
    assert [one.label for one in uncertain_inputs(loaded)] == ["mines.one_of.battery.failure"]


# Every alternative is checked in its place.


def test_an_alternative_that_does_not_stand_is_checked_too(tmp_path):
    text, [(line, column)] = marked(with_failure("{weight: 5, value: 5 %}", f"{{weight: 1, value: {MARK}1.2}}"))
    path = written(tmp_path, text)
    head, shown, carets = refused(path)
    assert head == f"{path}:{line}:{column}: error: {BACK_UP}: must be between 0 and 1, got 1.2"
    assert shown[carets.index("^") : carets.rindex("^") + 1] == "1.2"


def test_each_wrong_alternative_is_one_error_at_its_own_place(tmp_path):
    entries = (f"{{weight: 5, value: {MARK}1.2}}", f"{{weight: 1, value: {MARK}3 days}}", "{weight: 1, value: 1 %}")
    text, places = marked(with_failure(*entries))
    lines = refused(written(tmp_path, text))
    assert places_of(lines) == places
    assert "must be between 0 and 1, got 1.2" in lines[0]
    assert "unknown unit 'days' for a probability" in lines[3]


LAWS = {
    "ends in the wrong order": (f"{{weight: 1, uniform: {{low: {MARK}5 days, high: 3 days}}}}", "must be below 'high'"),
    "a parameter missing": (f"{{weight: 1, {MARK}weibull: {{shape: 4}}}}", "scale: is required"),
    "a misspelt law": (
        f"{{weight: 1, {MARK}weibul: {{shape: 4, scale: 9 days}}}}", "unknown key, did you mean 'weibull'?",
    ),
    "two laws": (
        f"{MARK}{{weight: 1, weibull: {{shape: 4, scale: 9 days}}, exponential: {{mean: 9 days}}}}",
        "must name exactly one time law, got weibull, exponential",
    ),
    "no law": (f"{{weight: 1, value: {MARK}forever}}", "must be a duration such as 14 days, never, or a time law"),
    "a unit missing": (f"{{weight: 1, value: {MARK}60}}", "needs a unit, for example '60 days', got 60"),
    "a source missing": (f"{MARK}{{weight: 1, value: 60 days, note: x}}", "a sourced value needs a 'source'"),
    "a wrong uncertainty": (
        f"{{weight: 1, value: 60 days, source: assumption, note: x, uncertainty: {{uniform: {MARK}[9 days, 3 days]}}}}",
        "must rise from low to high",
    ),
}  # fmt: skip


@pytest.mark.parametrize("weight", [0.5, 5])
@pytest.mark.parametrize("name", LAWS)
def test_a_wrong_law_is_one_error_at_its_place_whether_it_would_stand_or_not(tmp_path, name, weight):
    entry, message = LAWS[name]
    text, places = marked(changed(TREATY, (LIFE, f"{{one_of: [{{weight: {weight}, value: 80 days}}, {entry}]}}")))
    lines = refused(written(tmp_path, text))
    assert places_of(lines) == places
    assert message in lines[0]


def test_a_rule_that_ties_keys_is_checked_for_every_alternative(tmp_path):
    common = f"common_cause: {{one_of: [{{weight: 9, value: 0}}, {{weight: 1, value: {MARK}10 %}}]}}"
    text, places = marked(changed(TREATY, (f"battery: {{life: {LIFE}, failure: 0.0}}", common)))
    lines = refused(written(tmp_path, text))
    assert places_of(lines) == places
    assert "common_cause: needs both 'self_destruct' and 'battery'" in lines[0]


# What is no sound choice: one clear error for each mark, at the mark.

GOOD = "{weight: 1, value: 1 %}"
BROKEN = {
    "no weight": (f"{{one_of: [§{{value: 5 %}}, {GOOD}]}}", "one_of.0: needs a 'weight' beside its value"),
    "a weight misspelt": (f"{{one_of: [{GOOD}, §{{wieght: 1, value: 5 %}}]}}", "one_of.1: needs a 'weight' beside"),
    "weight 0": (f"{{one_of: [{{weight: §0, value: 5 %}}, {GOOD}]}}", "one_of.0.weight: must be above 0, got 0"),
    "a negative weight": (f"{{one_of: [{GOOD}, {{weight: §-1, value: 5 %}}]}}", "weight: must be above 0, got -1"),
    "a weight that is no number": (f"{{one_of: [{{weight: §.nan, value: 5 %}}, {GOOD}]}}", "weight: must be a number"),
    "an infinite weight": (f"{{one_of: [{{weight: §.inf, value: 5 %}}, {GOOD}]}}", "weight: must be a number"),
    "too large a weight": (f"{{one_of: [{{weight: §1e999, value: 5 %}}, {GOOD}]}}", "weight: must be a finite number"),
    "a weight in words": (f"{{one_of: [{{weight: §heavy, value: 5 %}}, {GOOD}]}}", "weight: must be a number"),
    "a weight left out": (f"{{one_of: [{{§weight: , value: 5 %}}, {GOOD}]}}", "weight: must be a number"),
    "a weight of truth": (f"{{one_of: [{{weight: §true, value: 5 %}}, {GOOD}]}}", "weight: must be a number"),
    "a sourced weight": (f"{{one_of: [{{weight: §{{value: 1}}, value: 5 %}}, {GOOD}]}}", "weight: must be a number"),
    "a weight with a unit": (f"{{one_of: [{{weight: §2 kg, value: 5 %}}, {GOOD}]}}", "weight: unknown unit 'kg'"),
    "one alternative": (f"{{one_of: §[{GOOD}]}}", "one_of: must be a list of 2 to 20 alternatives"),
    "no alternative": ("{one_of: §[]}", "one_of: must be a list of 2 to 20 alternatives"),
    "21 alternatives": (f"{{one_of: §[{', '.join([GOOD] * 21)}]}}", "got a list of 21"),
    "a mapping of alternatives": (f"{{one_of: §{{a: {GOOD}}}}}", "one_of: must be a list of 2 to 20"),
    "nothing": ("{§one_of: }", "one_of: must be a list of 2 to 20 alternatives, each {weight: …, …}; got nothing"),
    "a text": ("{one_of: §several}", "got 'several'"),
    "bare values": ("{one_of: [§1 %, §2 %]}", "one_of.0: needs a 'weight' beside its value"),
    "a list as an alternative": (f"{{one_of: [{GOOD}, §[1, 5 %]]}}", "one_of.1: needs a 'weight'"),
    "nothing as an alternative": (f"{{one_of: [{GOOD}, §null]}}", "one_of.1: needs a 'weight'"),
    "a choice in a choice": (
        f"{{one_of: [{GOOD}, §{{weight: 1, one_of: [{GOOD}, {GOOD}]}}]}}", "an alternative cannot have 'one_of' in it",
    ),
    "a choice deep in a choice": (
        f"{{one_of: [{GOOD}, §{{weight: 1, value: {{one_of: [{GOOD}, {GOOD}]}}}}]}}", "cannot have 'one_of' in it",
    ),
    "a value beside it": (f"{{one_of: [{GOOD}, {GOOD}], §value: 5 %}}", "value: unknown key (known: one_of, source"),
    "an uncertainty beside it": (
        f"{{one_of: [{GOOD}, {GOOD}], §uncertainty: {{uniform: [0, 1]}}}}", "uncertainty: unknown key",
    ),
    "a misspelt key beside it": (f"{{one_of: [{GOOD}, {GOOD}], §surce: x}}", "unknown key, did you mean 'source'?"),
    "no such grade": (f"{{one_of: [{GOOD}, {GOOD}], grade: §good}}", "grade: must be one of very low, low, moderate"),
    "a list of grades": (f"{{one_of: [{GOOD}, {GOOD}], grade: §[low]}}", "grade: must be one of very low"),
    "a source that is no text": (f"{{one_of: [{GOOD}, {GOOD}], source: §[a]}}", "source: must be a text, got a list"),
    "a note that is no text": (f"{{one_of: [{GOOD}, {GOOD}], note: §5}}", "note: must be a text, got 5"),
    "a source without a name": (f"{{one_of: [{GOOD}, {GOOD}], source: §''}}", "source: must be a key of 'sources'"),
    "an assumption without a reason": (
        f"{{one_of: [{GOOD}, {GOOD}], source: §assumption}}", "source: an assumption needs a 'note' that says why",
    ),
    "a weight alone": (f"{{one_of: [{GOOD}, §{{weight: 1}}]}}", "one_of.1: needs a value beside its weight"),
    "a value left out": (f"{{one_of: [{GOOD}, §{{weight: 1, value: }}]}}", "one_of.1: needs a value beside its weight"),
    "a value of nothing": (f"{{one_of: [{GOOD}, §{{weight: 1, value: null}}]}}", "one_of.1: needs a value beside"),
    "an unquoted comma": (f"{{one_of: [{GOOD}, {GOOD}], note: old, §and weak}}", "and weak: unknown key"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_sound_choice_is_one_error_at_its_place(tmp_path, name):
    choice, message = BROKEN[name]
    text, places = marked(changed(TREATY, (FAILURE, f"failure: {choice}")))
    lines = refused(written(tmp_path, text))
    assert places_of(lines) == places
    assert BACK_UP in lines[0]
    assert message in lines[0]
    assert shown_safely(lines)
    assert max(map(len, lines)) < 1000


SEVERAL = f"{{§one_of: [{GOOD}, {GOOD}]}}"
MISPLACED = {
    "a placement": ("placement: uniform", f"placement: {SEVERAL}"),
    "a laying date": ("laid: 2024-12-01", f"laid: {SEVERAL}"),
    "the start": ("start: 2024-12-01", f"start: {SEVERAL}"),
    "the title": ("title: Battery-limited mines at the treaty limits", f"title: {SEVERAL}"),
    "the seed": ("seed: 20241201", f"seed: {SEVERAL}"),
    "the replicates": ("replicates: 50", f"replicates: {SEVERAL}"),
    "a rectangle": ("rectangle: {width: 40 km, height: 25 km}", f"rectangle: {SEVERAL}"),
    "a boundary": ("rectangle: {width: 40 km, height: 25 km}", f"boundary: {SEVERAL}"),
    "a battery": (f"battery: {{life: {LIFE}, failure: 0.0}}", f"battery: {SEVERAL}"),
    "the parameters of a law": ("weibull: {shape: 4, scale: 81.9 days}", f"weibull: {SEVERAL}"),
    "a list": ("  child_share: 0.10", f"  season: {SEVERAL}"),
    "all thresholds": ("  child_share: 0.10", f"thresholds: {SEVERAL}"),
    "a class": ("\nmines:", f"\nmines:\n  new: {SEVERAL}"),
    "the order of clearance": (
        "  child_share: 0.10",
        f"clearance: {{from: 2025-01-01, teams: 2, rate: 2000 m2 per team-day, detection: 1, order: {SEVERAL}}}",
    ),
}


@pytest.mark.parametrize("name", MISPLACED)
def test_what_is_neither_a_number_nor_a_law_cannot_be_one_of_several(tmp_path, name):
    text, places = marked(changed(TREATY, MISPLACED[name]))
    lines = refused(written(tmp_path, text))
    assert places_of(lines) == places
    assert lines[0].endswith(".one_of: cannot be one of several; numbers and time laws can")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (FAILURE, f"failur: {{one_of: [{GOOD}, {GOOD}]}}", "failur: unknown key, did you mean 'failure'?"),
        ("civilians:", f"civilans: {{density: {{one_of: [{GOOD}, {GOOD}]}}}}\ncivilians:", "civilans: unknown key"),
        ("  child_share: 0.10", f"one_of: [{GOOD}, {GOOD}]", "one_of: unknown key (known: title"),
        ("\nmines:", f"\nmines:\n  one_of: [{GOOD}, {GOOD}]", "mines.one_of: must be a mapping, got a list of 2"),
        (FAILURE, f"failure: {{value: {{one_of: [{GOOD}, {GOOD}]}}, source: assumption, note: x}}",
         "failure.value: must be a probability such as"),
    ],
)  # fmt: skip
def test_alternatives_under_an_unknown_key_do_not_hide_that_it_is_unknown(tmp_path, old, new, says):
    found = heads(refused(written(tmp_path, changed(TREATY, (old, new)))))
    assert len(found) == 1
    assert says in found[0]


def test_every_problem_is_reported_in_one_run_with_those_of_alternatives_and_only_once(tmp_path):
    text = changed(
        TREATY,
        ("seed: 20241201", "seed: -1"),
        ("count: 10000", "count: {one_of: [{weight: 1, value: -1}, {weight: 2, value: 1.5}, {weight: 1, value: 3}]}"),
        ("placement: uniform", f"placement: {{one_of: [{GOOD}, {GOOD}]}}"),
        ("failure: 10 %", f"failure: {{one_of: [{{value: 5 %}}, {GOOD}], grade: good}}"),
        (FAILURE, f"failure: {{one_of: [{{weight: 1, value: 5 %, source: nobody}}, {GOOD}]}}"),
        ("accident_rate: 1.4e-4 per mine-year", "acident_rate: 1.4e-4 per mine-year"),
        ("killed_share: 0.30", f"killed_share: {{one_of: [{GOOD}]}}"),
    )
    found = [
        re.search(r":(\d+):\d+: error: (\S+): ", head).groups() for head in heads(refused(written(tmp_path, text)))
    ]
    assert [(int(line), path) for line, path in found] == [
        (6, "seed"), (16, "mines.battery-limited.count"), (16, "mines.battery-limited.count"),
        (18, "mines.battery-limited.placement.one_of"),
        (19, "mines.battery-limited.self_destruct.failure.one_of.0"),
        (19, "mines.battery-limited.self_destruct.failure.grade"),
        (20, f"{BACK_UP}.one_of.0.source"), (24, "civilians.acident_rate"), (27, "civilians.killed_share.one_of"),
    ]  # fmt: skip


def test_an_unknown_source_does_not_hide_a_wrong_value_beside_it(tmp_path):
    entries = (f"{{weight: 1, value: 5 %, source: {MARK}nobody}}", f"{{weight: 1, value: {MARK}7}}")
    text, places = marked(with_failure(*entries))
    assert places_of(refused(written(tmp_path, text))) == places


def test_the_command_says_what_is_wrong_without_a_traceback(tmp_path):
    text, places = marked(with_failure(f"{MARK}{{value: 5 %}}", f"{{weight: {MARK}0, value: 5 %}}"))
    written(tmp_path, text)
    process = minesim("run", "scenario.yaml", "-o", "out", cwd=tmp_path)
    assert (process.returncode, process.stdout) == (2, "")
    assert places_of(process.stderr.split("\n")) == places
    assert "Traceback" not in process.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["scenario.yaml"]


# Files that extend others: one of several and a single value replace each other whole.


def extended(folder, base, text):
    written(folder, base, "base.yaml")
    return written(folder, f"extends: base.yaml\n{text}")


def battery(text):
    return f"mines: {{battery-limited: {{battery: {text}}}}}\n"


SEVERAL_LIVES = "{one_of: [{weight: 2, lognormal: {median: 60 days, sigma: 1}}, {weight: 1, value: never}]}"


def test_alternatives_replace_a_law_and_a_sourced_value(tmp_path):
    base = changed(TREATY, (FAILURE, "failure: {value: 5 %, source: assumption, note: x}"))
    failure = "{one_of: [{weight: 2, value: 3 %}, {weight: 1, value: 4 %}]}"
    loaded = load(extended(tmp_path, base, battery(f"{{life: {SEVERAL_LIVES}, failure: {failure}}}")))
    found = loaded.scenario.mines["battery-limited"].battery
    assert (found.life.median, found.failure) == (60, 0.03)
    assert len(loaded.alternatives) == 2


@pytest.mark.parametrize(
    ("change", "life", "failure", "left"),
    [
        ("{life: {weibull: {shape: 2, scale: 9 days}}, failure: 7 %}", "Weibull", 0.07, 0),
        ("{life: 60 days, failure: {value: 8 %, source: assumption, note: x}}", "Fixed", 0.08, 0),
        ("{life: never}", "Never", 0.03, 1),
    ],
)
def test_a_law_a_value_and_a_sourced_value_replace_alternatives(tmp_path, change, life, failure, left):
    base = changed(with_failure("{weight: 1, value: 3 %}", "{weight: 1, value: 4 %}"), (LIFE, SEVERAL_LIVES))
    loaded = load(extended(tmp_path, base, battery(change)))
    found = loaded.scenario.mines["battery-limited"].battery
    assert (type(found.life).__name__, found.failure, len(loaded.alternatives)) == (life, failure, left)


def test_alternatives_replace_alternatives_and_do_not_merge_with_them(tmp_path):
    base = with_failure("{weight: 9, value: 3 %}", "{weight: 1, value: 4 %}", beside=", source: assumption, note: why")
    failure = "{one_of: [{weight: 1, value: 7 %}, {weight: 2, value: 8 %}]}"
    loaded = load(extended(tmp_path, base, battery(f"{{failure: {failure}}}")))
    assert failure_of(loaded) == 0.08
    assert loaded.alternatives[0].weights == (1, 2)
    assert [value for value in sourced_values(loaded.tree) if value.source] == []


def test_part_of_a_choice_is_not_enough(tmp_path):
    base = with_failure("{weight: 1, value: 3 %}", "{weight: 1, value: 4 %}")
    found = heads(refused(extended(tmp_path, base, battery("{failure: {note: because}}"))))
    assert [head.partition("error: ")[2] for head in found] == [
        f"{BACK_UP}: a sourced value needs a 'value'",
        f"{BACK_UP}: a sourced value needs a 'source' (a key of 'sources', or assumption with a note)",
    ]


def test_null_removes_a_choice(tmp_path):
    base = changed(TREATY, ("child_share: 0.10", f"child_share: {{one_of: [{GOOD}, {GOOD}]}}"))
    loaded = load(extended(tmp_path, base, "civilians: {child_share: null}\n"))
    assert loaded.scenario.civilians.child_share is None
    assert loaded.alternatives == ()


def test_a_problem_of_an_alternative_is_said_in_the_file_it_stands_in(tmp_path):
    base, places = marked(with_failure("{weight: 1, value: 3 %}", f"{{weight: 1, value: {MARK}4}}"))
    path = extended(tmp_path, base, "seed: 3\n")
    lines = refused(path)
    assert places_of(lines) == places
    assert lines[0].startswith(str(path.with_name("base.yaml")))


# Overrides.


def test_an_override_puts_a_whole_choice_in_place_of_a_value_and_back(tmp_path):
    path = written(tmp_path, TREATY)
    several = f"{BACK_UP}={{one_of: [{{weight: 1, value: 3 %}}, {{weight: 2, value: 4 %}}]}}"
    assert failure_of(load(path, [several])) == 0.04
    back = load(path, [several, f"{BACK_UP}=7 %"])
    assert (failure_of(back), back.alternatives) == (0.07, ())


def test_an_override_reaches_inside_a_choice(tmp_path):
    path = written(tmp_path, with_failure("{weight: 1, value: 3 %}", "{weight: 2, value: 4 %}"))
    assert failure_of(load(path, [f"{BACK_UP}.one_of.0.weight=9"])) == 0.03
    assert failure_of(load(path, [f"{BACK_UP}.one_of.1.value=9 %"])) == 0.09
    third = f"{BACK_UP}.one_of=[{{weight: 1, value: 1 %}}, {{weight: 1, value: 2 %}}, {{weight: 3, value: 5 %}}]"
    assert failure_of(load(path, [third])) == 0.05
    alone = f"{BACK_UP}.one_of.1={{weight: 1, value: 50 %, source: assumption, note: a guess}}"
    assert [one.path[-1] for one in sourced_values(load(path, [alone]).tree) if one.source] == ["1"]


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (f"§{BACK_UP}.one_of.2.weight=1", "is a list of 2, counted from 0; no place '2'"),
        (f"{BACK_UP}.one_of.1.weight=§0", f"{BACK_UP}.one_of.1.weight: must be above 0, got 0"),
        (f"{BACK_UP}.one_of.1.value=§2", f"{BACK_UP}: must be between 0 and 1, got 2 (did you mean 2 %?)"),
        (f"{BACK_UP}.one_of=[§1, §2]", f"{BACK_UP}.one_of.0: needs a 'weight' beside its value"),
        (f"§{BACK_UP}.one_off=3", "unknown key, did you mean 'one_of'?"),
        (f"§{BACK_UP}.one_of.x=3", "counted from 0; no place 'x'"),
        (f"§{BACK_UP}.one_of.0.weight=null", f"{BACK_UP}.one_of.0: needs a 'weight' beside its value"),
    ],
)
def test_a_wrong_override_of_a_choice_is_pointed_at_in_the_argument(tmp_path, override, message):
    argument, places = marked(f"--set {override}")
    path = written(tmp_path, with_failure("{weight: 1, value: 3 %}", "{weight: 2, value: 4 %}"))
    lines = refused(path, argument.removeprefix("--set "))
    assert message in lines[0]
    if override.endswith("null"):
        # What is taken away has no place in the argument any more.
        assert lines[0].startswith(f"{path}:20:")
    else:
        assert lines[0].startswith("command line:1:")
        assert places_of(lines) == places


def test_overrides_below_a_class_reach_its_alternatives_in_a_comparison(tmp_path):
    written(tmp_path, TREATY, "a.yaml")
    written(tmp_path, "extends: a.yaml\nmines: {battery-limited: null, b: {count: 5, laid: 2024-12-01}}\n", "b.yaml")
    several = f"{BACK_UP}={{one_of: [{{weight: 1, value: 3 %}}, {{weight: 2, value: 4 %}}]}}"
    first, second = load_together([tmp_path / "a.yaml", tmp_path / "b.yaml"], [several])
    assert (len(first.alternatives), len(second.alternatives)) == (1, 0)


# Where it comes from.


def test_sources_lists_a_choice_and_the_alternatives_that_name_theirs(tmp_path):
    entry = "{weight: 2, value: 1 %, source: letter, grade: low, uncertainty: {uniform: [0.5 %, 2 %]}}"
    beside = ", source: assumption, grade: very low, note: which of them is not known"
    text = with_failure(entry, "{weight: 1, value: 4 %}", beside=beside) + "sources: {letter: {title: A letter}}\n"
    written(tmp_path, text)
    assert done("sources", "scenario.yaml", cwd=tmp_path).split("\n\n") == [
        f"{BACK_UP} = one of 2\n    source: assumption, grade very low\n    which of them is not known",
        f"{BACK_UP}.one_of.0 = 1 %\n    range: {{uniform: [0.5 %, 2 %]}}\n    source: letter, grade low",
        "letter\n    A letter.", "",
    ]  # fmt: skip


def test_unknown_sources_are_found_inside_alternatives_beside_them_and_deep_in_their_laws(tmp_path):
    shape = "{value: 4, source: nobody}"
    life = f"{{one_of: [{{weight: 1, weibull: {{shape: {shape}, scale: 9 days}}}}, {{weight: 2, value: never}}]}}"
    text = changed(
        with_failure("{weight: 1, value: 3 %, source: noone}", GOOD, beside=", source: someone"), (LIFE, life)
    )
    found = heads(refused(written(tmp_path, text)))
    assert [re.search(r"error: (\S+): unknown source '(\w+)'", head).groups() for head in found] == [
        ("mines.battery-limited.battery.life.one_of.0.weibull.shape.source", "nobody"),
        (f"{BACK_UP}.one_of.0.source", "noone"),
        (f"{BACK_UP}.source", "someone"),
    ]


def test_a_scenario_carries_the_sources_that_its_alternatives_borrow(tmp_path):
    written(tmp_path, "a: {title: One}\nb: {title: Two}\nc: {title: Three}\n", "sources.yaml")
    loaded = load(written(tmp_path, with_failure("{weight: 1, value: 3 %, source: a}", GOOD, beside=", source: b")))
    assert list(loaded.tree["sources"]) == ["a", "b"]
    again = from_tree(loaded.name, json.loads(json.dumps(loaded.tree)), loaded.files)
    assert (again.digest, again.scenario, again.alternatives) == (loaded.digest, loaded.scenario, loaded.alternatives)


# All of it together, in the contract's largest example.


def full_with_alternatives():
    return changed(
        FULL,
        ("ageing: {exponential: {mean: 57.7 years}}",
         "ageing: {one_of: [{weight: 1, exponential: {mean: 57.7 years}}, {weight: 3, value: never}], "
         "source: bloomfield-2004, grade: low}"),
        ("life: {weibull: {shape: 4, scale: 60 days}}",
         "life: {one_of: [{weight: 1, weibull: {shape: 4, scale: 60 days}}, "
         "{weight: 1, lognormal: {median: 58 days, sigma: {value: 0.25, source: assumption, note: x, "
         "uncertainty: {uniform: [0.2, 0.3]}}}}]}"),
        ("q10: 1.5", "q10: {one_of: [{weight: 1, value: 1}, {weight: 2, value: 1.5}, {weight: 1, value: 2}]}"),
        ("common_cause: 0.1", "common_cause: {one_of: [{weight: 1, value: 0.1}, {weight: 0.5, value: 0.5}]}"),
        ("compliance: 0.95", "compliance: {one_of: [{weight: 9, value: 0.95}, {weight: 1, value: 0.5}]}"),
        ("teams: 12", "teams: {one_of: [{weight: 2, value: 12}, {weight: 1, value: 6}]}"),
    )  # fmt: skip


def test_alternatives_inside_mines_of_the_full_example_are_read(tmp_path):
    contract_folder(tmp_path)
    plain = load(CONTRACT / "full.yaml").scenario
    loaded = load(written(tmp_path, full_with_alternatives()))
    assert [".".join(place.path) for place in loaded.alternatives] == [
        "mines.legacy.ageing", "mines.battery-limited.placement.keep_away.compliance",
        "mines.battery-limited.battery.life", "mines.battery-limited.battery.q10", "mines.battery-limited.common_cause",
        "clearance.teams",
    ]  # fmt: skip
    # Whatever is taken for the ageing of the old mines, the rest stands as it was.
    assert isinstance(loaded.scenario.mines["legacy"].ageing, Never)
    assert loaded.scenario.mines["battery-limited"] == plain.mines["battery-limited"]
    assert loaded.scenario.clearance == plain.clearance
    assert [one.label for one in uncertain_inputs(loaded)] == [
        "mines.legacy.ageing", "mines.battery-limited.placement.keep_away.compliance",
        "mines.battery-limited.self_destruct.failure", "mines.battery-limited.battery.life",
        "mines.battery-limited.battery.life.one_of.1.lognormal.sigma", "mines.battery-limited.battery.failure",
        "mines.battery-limited.battery.q10", "mines.battery-limited.common_cause", "civilians.accident_rate",
        "clearance.teams",
    ]  # fmt: skip


# The schema for editors.


@pytest.fixture(scope="module")
def schema():
    return Draft202012Validator(json_schema())


def test_the_schema_accepts_alternatives_wherever_the_program_does(schema, tmp_path):
    contract_folder(tmp_path)
    assert list(schema.iter_errors(load(written(tmp_path, full_with_alternatives())).tree)) == []
    for old, key, *values in WRITTEN.values():
        entries = ", ".join(f"{{weight: 1, value: {value}}}" for value in values)
        tree = load(written(tmp_path, changed(TREATY, (old, f"{key}{{one_of: [{entries}]}}")))).tree
        assert list(schema.iter_errors(tree)) == []


@pytest.mark.parametrize(
    "choice",
    [
        {"one_of": []}, {"one_of": [{"weight": 1, "value": 1}]}, {"one_of": [{"value": 1}, {"weight": 1, "value": 1}]},
        {"one_of": [{"weight": 0, "value": 1}, {"weight": 1, "value": 1}]},
        {"one_of": [{"weight": 1}, {"weight": 1, "value": 1}]}, {"one_of": [{"weight": 1, "value": 1}] * 21},
        {"one_of": [1, 2]}, {"one_of": [{"weight": 1, "value": 1}] * 2, "value": 1},
        {"one_of": [{"weight": 1, "value": 1}] * 2, "grade": "good"},
    ],
)  # fmt: skip
def test_the_schema_refuses_what_is_no_sound_choice(schema, choice):
    tree = load(CONTRACT / "treaty-limit.yaml").tree
    tree["mines"]["battery-limited"]["battery"]["failure"] = choice
    assert not schema.is_valid(tree)


def test_the_schema_refuses_alternatives_where_no_number_stands(schema):
    for path in (("start",), ("mines", "battery-limited", "placement"), ("region",), ("seed",)):
        tree = load(CONTRACT / "treaty-limit.yaml").tree
        here = tree
        for key in path[:-1]:
            here = here[key]
        here[path[-1]] = {"one_of": [{"weight": 1, "value": 1}, {"weight": 1, "value": 2}]}
        assert not schema.is_valid(tree), path


def test_the_shipped_schema_is_the_one_that_the_command_prints(tmp_path):
    shipped = (shipped_scenarios() / "scenario.schema.json").read_text(encoding="utf-8")
    assert done("schema", cwd=tmp_path) == shipped
    assert json.loads(shipped)["$defs"]["OneOf"]["properties"]["grade"]["enum"] == list(GRADES)


# A result, and its rerun.


def test_a_result_with_alternatives_is_that_of_the_weightiest_and_is_run_again_identically(tmp_path):
    folder = written_scenarios(tmp_path)
    several = "{one_of: [{weight: 1, value: 1 %}, {weight: 2, value: 5 %}], source: assumption, note: not known}"
    written(folder, changed(SMALL, ("failure: 1 %", f"failure: {several}")), "several.yaml")
    done("run", "several.yaml", "-o", "out", "--no-figures", "--quiet", cwd=folder)
    assert done("rerun", "out", cwd=folder).startswith("identical: ")
    assert '"one_of"' in (folder / "out" / "manifest.json").read_text(encoding="utf-8")
    override = "mines.short.battery.failure=5 %"
    done("run", "small.yaml", "--set", override, "-o", "alone", "--no-figures", "--quiet", cwd=folder)
    several, alone = ((folder / name / "curves.csv").read_text(encoding="utf-8") for name in ("out", "alone"))
    assert several.replace("several,", "small,") == alone


# Too much of it. One process reads each file, with a limit to its memory and its time.

READ = """
import json, resource, sys
for kind, most in ((resource.RLIMIT_AS, 1 << 30), (resource.RLIMIT_CPU, 60)):
    resource.setrlimit(kind, (most, most))
from simulator.problems import InputError
from simulator.scenario_file import load
for path in sys.argv[1:]:
    try:
        load(path)
        print(json.dumps("no error"))
    except InputError as error:
        print(json.dumps(str(error)))
    except BaseException as error:
        print(json.dumps(f"{type(error).__name__}: {error}"))
"""
TWENTY = f"{{one_of: [{', '.join([GOOD] * 20)}]}}"
NESTED = "{one_of: [{weight: 1, value: " * 12 + "1 %" + "}, {weight: 1, value: 1 %}]}" * 12


def with_classes(number, failure, first=None):
    """The treaty example with more classes of mines, each with the same arming failure."""
    text = "  c{}: {{count: 1, laid: 2024-12-01, arming_failure: {}}}\n"
    classes = [text.format(place, failure if place or first is None else first) for place in range(number)]
    return changed(TREATY, ("mines:\n", f"mines:\n{''.join(classes)}"))


HEAVY = {
    "many choices": (with_classes(60, TWENTY), "arming_failure.one_of: a scenario has at most 100 alternatives in all"),
    "as many as may be": (with_classes(5, TWENTY), "no error"),
    "choices in choices": (with_failure(GOOD, f"{{weight: 1, value: {NESTED}}}"), f"more than {MAX_DEPTH} levels"),
    "choices in choices, not too deep": (
        with_failure(GOOD, "{weight: 1, value: {one_of: [{weight: 1, value: {one_of: [1, 2]}}, 2]}}"),
        "an alternative cannot have 'one_of' in it",
    ),
    "thousands of alternatives": (
        with_failure(*[GOOD] * 3000), "must be a list of 2 to 20 alternatives, each {weight: …, …}; got a list of 3000",
    ),
    "more values than a file may have": (with_failure(*[GOOD] * 11000), f"more than {MAX_NODES:,} values"),
    "aliases of one choice": (with_classes(60, "*a", f"&a {TWENTY}"), "a scenario has at most 100 alternatives in all"),
    "too many aliases": (with_classes(150, "*a", f"&a {TWENTY}"), f"more than {MAX_ALIASES} aliases"),
    "thousands of broken choices": (
        with_classes(1500, "{one_of: [1, 2]}", TWENTY), "one_of.0: needs a 'weight' beside its value",
    ),
    "an alias of itself": (
        changed(TREATY, (FAILURE, f"failure: &a {{one_of: [{GOOD}, *a]}}")), "alias '*a' names nothing before it",
    ),
    "one alternative that all share": (
        changed(TREATY, (FAILURE, f"failure: {{one_of: [&a {GOOD}, {', '.join(['*a'] * 19)}]}}")), "no error",
    ),
    "a weight that never ends": (with_failure(GOOD, f"{{weight: {'9' * 5000}, value: 1}}"), "must be a number"),
}  # fmt: skip


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("heavy")
    paths = [str(written(folder, text, f"{index}.yaml")) for index, (text, _) in enumerate(HEAVY.values())]
    process = subprocess.run(
        [sys.executable, "-c", READ, *paths], capture_output=True, text=True, check=True, timeout=120, cwd=ROOT
    )
    return dict(zip(HEAVY, map(json.loads, process.stdout.splitlines()), strict=True))


@pytest.mark.parametrize("name", HEAVY)
def test_too_many_alternatives_are_refused_before_they_cost_much(outcomes, name):
    lines = outcomes[name].split("\n")
    assert HEAVY[name][1] in lines[0]
    assert len(lines) <= 3 * 500 + 1
    assert shown_safely(lines)


def test_alternatives_that_share_an_alias_are_chosen_for_each_place(tmp_path):
    shared = f"failure: &a {{one_of: [{GOOD}, {{weight: 2, value: 7 %}}]}}"
    second = "\n  second: {count: 3, laid: 2024-12-01, arming_failure: *a}\ncivilians:"
    text = changed(TREATY, (FAILURE, shared), ("\ncivilians:", second))
    loaded = load(written(tmp_path, text), ["mines.second.arming_failure.one_of.0.weight=5"])
    assert failure_of(loaded) == 0.07
    assert loaded.scenario.mines["second"].arming_failure == 0.01
