"""Texts that are wrong by accident or on purpose: each is refused at its place, in words, never with a traceback."""

import json
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenario_texts import (
    CONTRACT,
    FULL,
    PERSISTENT,
    ROOT,
    TREATY,
    contract_folder,
    refused,
    shown_safely,
    written,
)
from wrong_texts import HEAVY, REFUSED, edited

from simulator.problems import InputError, closest, printable, render
from simulator.scenario_file import from_tree, load


@pytest.mark.parametrize(("text", "place", "message"), REFUSED.values(), ids=REFUSED)
def test_a_wrong_file_is_refused_at_a_place(text, place, message, tmp_path):
    path = written(tmp_path, text)
    lines = refused(path)
    assert lines[0].startswith(f"{path}:{place}: error: ")
    assert message in lines[0]
    assert shown_safely(lines)
    assert max(map(len, lines)) < 1000
    number, bar, _ = lines[1].partition(" | ") if " | " in lines[1] else lines[1].partition(" |")
    assert bar
    assert int(number) == int(place.split(":")[0])
    assert set(lines[2].replace("      |", "", 1)) == {" ", "^"}


def test_the_caret_stands_below_the_value(tmp_path):
    path = written(tmp_path, edited(("failure: 0.0", "failure: 1.2")))
    assert refused(path) == [
        f"{path}:20:71: error: mines.battery-limited.battery.failure: must be between 0 and 1, got 1.2",
        "   20 |     battery: {life: {weibull: {shape: 4, scale: 81.9 days}}, failure: 1.2}",
        "      |                                                                       ^^^",
    ]


def test_the_caret_stands_right_after_wide_letters_and_in_long_lines(tmp_path):
    path = written(tmp_path, TREATY + "clearance: {order: 中文, teams: 0}\n")
    caret = next(lines for lines in zip(*[iter(refused(path))] * 3, strict=True) if "teams" in lines[0])[2]
    assert caret == "      |" + " " * (1 + len("clearance: {order: ") + 4 + len(", teams: ")) + "^"
    path = written(tmp_path, TREATY + f"thresholds: [{'1e-4 per year, ' * 15}0 per year]\n")
    _, line, caret = refused(path)
    assert line[caret.index("^") : caret.rindex("^") + 1] == "0 per year"


def test_every_problem_of_a_file_is_reported_in_one_run_and_in_order(tmp_path):
    text = edited(
        ("title:", "titel:"), ("horizon: 10 years", "horizon: 10"), ("replicates: 50", "replicates: 50\nseed: 3"),
        ("count: 10000", "count: !int -1"), ("laid: 2024-12-01", "laid: soon"), ("failure: 10 %", "failure: 10"),
        ("failure: 0.0", "failure: {value: 1, source: nobody}"), ("accident_rate: 1.4e-4 per", "acident_rate: 1 per"),
    )  # fmt: skip
    path = written(tmp_path, text + "clearance: {}\n")
    heads = [line.removeprefix(f"{path}:") for line in refused(path, "cuont=1") if ": error: " in line]
    assert [head.split(" error: ")[0] + head.split(" error: ")[1].split(": ")[0] for head in heads[:-1]] == [
        "2:1:titel", "5:10:horizon", "8:1:seed", "17:12:mines.battery-limited.count",
        "17:12:mines.battery-limited.count", "18:11:mines.battery-limited.laid",
        "20:74:mines.battery-limited.self_destruct.failure", "21:90:mines.battery-limited.battery.failure.source",
        "25:3:civilians.acident_rate", "30:1:clearance.from", "30:1:clearance.teams", "30:1:clearance.rate",
        "30:1:clearance.detection",
    ]  # fmt: skip
    assert heads[-1].startswith("command line:1:7: error: cuont: unknown key")


# Texts that are too much. One process reads them all, with a limit to its memory and its time.

READ_ALL = """
import json, resource, sys
for kind, most in ((resource.RLIMIT_AS, 1 << 30), (resource.RLIMIT_CPU, 150)):
    resource.setrlimit(kind, (most, most))
from simulator.problems import InputError
from simulator.scenario_file import load
for path in sys.argv[1:]:
    try:
        load(path)
        print(json.dumps("no error"))
    except InputError as error:
        print(json.dumps([str(error), len(error.problems)]))
    except BaseException as error:
        print(json.dumps(f"{type(error).__name__}: {error}"))
"""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """Read every heavy file in a process of its own: what a hang or a flood of memory would end is only that."""
    folder = tmp_path_factory.mktemp("heavy")
    paths = [str(written(folder, text, f"{index}.yaml")) for index, (text, _) in enumerate(HEAVY.values())]
    done = subprocess.run(
        [sys.executable, "-c", READ_ALL, *paths], capture_output=True, text=True, check=True, timeout=300, cwd=ROOT
    )
    return dict(zip(HEAVY, map(json.loads, done.stdout.splitlines()), strict=True))


@pytest.mark.parametrize(("name", "message"), [(name, message) for name, (_, message) in HEAVY.items()], ids=HEAVY)
def test_a_file_that_is_too_much_is_refused_before_it_costs_much(name, message, outcomes):
    outcome = outcomes[name]
    if message == "no error":
        assert outcome == "no error"
        return
    text, problems = outcome
    assert message in text
    assert len(text.split("\n")) <= 3 * min(problems, 500) + 1
    assert shown_safely(text.split("\n"))


def test_thousands_of_problems_are_counted_rather_than_shown(tmp_path):
    lines = refused(written(tmp_path, TREATY + "title: x\n" * 1000))
    assert lines[-1] == "… and 500 more problems"
    assert len(lines) == 3 * 500 + 1


# The machinery of messages.


def test_nothing_that_a_terminal_would_obey_is_printed():
    every = "".join(map(chr, [*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x202E, 0x2066, 0xFEFF, 0xD800]))
    assert set(printable(every)) == {"?"}
    assert printable("é中😀 \u00a0\u200c", keep="") == "é中😀 \u00a0\u200c"
    assert render([]) == ""


def test_a_suggestion_is_not_looked_for_where_that_would_take_long():
    assert closest("acident", ["accident", "incident"]) == "accident"
    assert closest("KM", ["m", "km"]) == "km"
    assert closest("xyz", ["accident"]) is None
    assert closest("a" * 81, ["a" * 82]) is None
    assert closest("k0", [f"k{i}" for i in range(1001)]) is None


# Anything at all.

PIECES = st.sampled_from([
    *"[]{}:,-?&*!|>\"'#%@`~=\\ \n\t\r\0\x1b\x85\u2028\ufeffé中😀", ": ", ", ", "- ", "? ", "\n  ", "&a ", "*a", "!!x ",
    "<<: ", "---\n", "...\n", "%YAML 1.2\n", "%TAG ! x\n", "\\x1b", "\\ud800", "\\UFFFFFFFF", ".nan", ".inf", "1e999",
    "0x1", "1_0", "null", "true", "never", "10 %", "1 in 0", "weibull", "piecewise: [[1 day, 0.5]]", "2024-12-01",
    "mines:", "title: ", "extends: treaty-limit.yaml\n", "value: 5", "source: assumption", "uncertainty: ", "uniform",
    "9" * 70,
])  # fmt: skip
TEXTS = st.lists(PIECES, max_size=30).map("".join) | st.text(max_size=60)


def loads_or_is_refused(path, overrides=()):
    try:
        loaded = load(path, overrides)
    except InputError as error:
        shown = str(error)
    else:
        shown = f"read as {from_tree(loaded.name, loaded.tree, loaded.files).digest}"
        assert shown == f"read as {loaded.digest}"
    assert shown


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return contract_folder(tmp_path_factory.mktemp("study"))


@settings(derandomize=True, deadline=None, max_examples=300)
@given(text=TEXTS)
def test_any_text_is_a_scenario_or_an_input_error(study, text):
    loads_or_is_refused(written(study, text.encode("utf-8", "surrogatepass")))


@settings(derandomize=True, deadline=None, max_examples=300)
@given(
    original=st.sampled_from([TREATY, PERSISTENT, FULL]),
    cuts=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 40), TEXTS), min_size=1, max_size=3),
)
def test_any_damage_to_a_scenario_leaves_a_scenario_or_an_input_error(study, original, cuts):
    text = original
    for share, length, inserted in cuts:
        start = int(share * len(text))
        text = text[:start] + inserted + text[start + length :]
    loads_or_is_refused(written(study, text.encode("utf-8", "surrogatepass")))


@settings(derandomize=True, deadline=None, max_examples=200)
@given(raw=st.binary(max_size=200))
def test_any_bytes_are_a_scenario_or_an_input_error(study, raw):
    loads_or_is_refused(written(study, raw))


KEYS = st.sampled_from(
    ["mines", "battery-limited", "battery", "life", "weibull", "region", "temperature", "3", "", "x", "seed"]
)


@settings(derandomize=True, deadline=None, max_examples=200)
@given(path=st.lists(KEYS, min_size=1, max_size=5).map(".".join) | TEXTS, value=TEXTS)
def test_any_override_gives_a_scenario_or_an_input_error(path, value):
    loads_or_is_refused(CONTRACT / "treaty-limit.yaml", [f"{path}={value}"])


TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@settings(derandomize=True, deadline=None, max_examples=150)
@given(tree=st.dictionaries(st.sampled_from(["title", "start", "mines", "region", "sources", "x"]), TREES))
def test_any_manifest_gives_a_scenario_or_an_input_error(tree):
    with pytest.raises(InputError):
        from_tree("manifest", tree)
