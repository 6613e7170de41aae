"""Every input from outside ends in success or in a refusal that can be read; and the fuzzer that says so can find."""

import json
import re
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from random import Random

import pytest
from fuzzing import mutation, vocabulary
from fuzzing.judging import LONGEST_LINE, MOST_LINES, MOST_PROBLEMS, Finding, judge_refusal, judge_words
from fuzzing.limits import Limits
from fuzzing.run import regressions, sources_digest, table_of
from fuzzing.targets import TARGETS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.problems import InputError, Mark, Problem
from simulator.scenario_file import from_tree

ROOT = Path(__file__).resolve().parents[1]
RUNNER = ROOT / "tests" / "fuzzing" / "run.py"
# How many inputs of each kind are made: about a second and a half of the processor each.
EXAMPLES = {"scenario": 15, "geojson": 80, "csv": 60, "request": 12, "result": 4, "words": 20}
ONCE_FOUND = [(name, place) for name in TARGETS for place in range(len(regressions(name)))]


@pytest.mark.parametrize("name", TARGETS)
def test_whatever_is_changed_in_an_input_it_is_taken_or_refused_in_words(name):
    target = TARGETS[name]
    seeds = target.seeds()

    @settings(derandomize=True, deadline=None, max_examples=EXAMPLES[name], suppress_health_check=list(HealthCheck))
    @given(rng=st.randoms(use_true_random=False), changes=st.integers(1, 3))
    def holds(rng, changes):
        data = rng.choice(seeds)
        for _ in range(changes):
            data = target.changed(rng, data)
        target.act(data[: target.longest])

    holds()


@pytest.mark.parametrize(("name", "place"), ONCE_FOUND)
def test_what_was_once_found_is_not_found_again(name, place):
    TARGETS[name].act(regressions(name)[place])


@pytest.mark.parametrize("name", TARGETS)
def test_the_same_seed_changes_an_input_in_the_same_way(name):
    target = TARGETS[name]
    seed = target.seeds()[0]
    first, again = ([target.changed(Random(place), seed) for place in range(5)] for _ in range(2))  # noqa: S311
    assert first == again
    assert len(set(first)) > 1


def test_scenarios_made_from_the_schema_are_often_sound():
    # Fixed seeds: 16 of these 60 are accepted. Were it none, little behind the checks would be fuzzed.
    accepted = 0
    for seed in range(60):
        try:
            from_tree("made", mutation.scenario_tree(Random(seed)))  # noqa: S311
        except InputError:
            continue
        accepted += 1
    assert accepted >= 8


def test_the_dictionary_is_one_that_libfuzzer_reads():
    lines = vocabulary.dictionary().splitlines()
    assert len(lines) > 200
    assert all(line[0] == line[-1] == '"' and line[1:-1].replace("\\x", "").isalnum() for line in lines)


# What the judge must not let pass.

LINES = ("first", "second")
WRONG = {
    "nothing": [],
    "a line beyond the end": [Problem(Mark("f", 2, 0, 2, 1, LINES), "", "wrong")],
    "a column beyond the end": [Problem(Mark("f", 0, 9, 0, 10, LINES), "", "wrong")],
    "an end beyond the end": [Problem(Mark("f", 0, 0, 1, 9, LINES), "", "wrong")],
    "an end before the beginning": [Problem(Mark("f", 1, 3, 1, 1, LINES), "", "wrong")],
    "a place before the text": [Problem(Mark("f", -1, 0, 0, 0, LINES), "", "wrong")],
    "no words": [Problem(None, "", " ")],
    "an object": [Problem(None, "", f"got {object()!r}")],
    "a class": [Problem(None, "", f"must be {int!r}")],
    "the schema library": [Problem(None, "", "Input should be 1 [type=literal_error, input_value=2]")],
    "one of our own": [Problem(None, "", f"got {Mark('f', 0, 0, 0, 0, ())!r}")],
    "more than anyone reads": [Problem(None, "", f"{place}") for place in range(MOST_PROBLEMS + 1)],
}


@pytest.mark.parametrize("problems", WRONG.values(), ids=WRONG)
def test_a_refusal_that_cannot_be_read_is_a_finding(problems):
    with pytest.raises(Finding):
        judge_refusal(InputError(problems), "")


def test_a_refusal_that_can_be_read_passes():
    judge_refusal(InputError([Problem(Mark("f", 1, 6, 1, 7, LINES), "a.b", "must be above 0, got -1")]), "")
    # Whoever writes such a thing may read it again.
    judge_refusal(InputError([Problem(None, "", "unknown unit '<class int'")]), "5 <class int")


@pytest.mark.parametrize("words", ["\x1b[31m", "a\u202eb", "x" * (LONGEST_LINE + 1), "x\n" * (MOST_LINES + 1)])
def test_words_that_a_terminal_should_not_be_shown_are_a_finding(words):
    with pytest.raises(Finding):
        judge_words(words)


def test_what_was_typed_after_an_option_is_not_obeyed_by_the_terminal(tmp_path):
    wrong = ["--precision", "2\u202e%", "-o", tmp_path]
    done = subprocess.run(
        [sys.executable, "-m", "simulator", "run", "x.yaml", *wrong], capture_output=True, check=False, timeout=120
    )
    assert done.returncode == 2
    assert b"got 2?%" in done.stderr


# The fuzzer itself, on targets with a fault put in on purpose.


GUIDED = pytest.mark.skipif(find_spec("atheris") is None, reason="atheris, which guides the fuzzer, is not installed")


@GUIDED
@pytest.mark.parametrize(
    ("planted", "said"),
    [
        ("crash", "KeyError"),
        ("hang", "timeout"),
        ("work", "of processor time|timeout"),  # the clock may be first where others compute too
        ("hoard", r"took \d+ MB|out-of-memory"),  # the look once a second may be
    ],
)
def test_a_planted_fault_is_found_and_its_input_saved(planted, said, tmp_path):
    limits = ["--seconds-per-input", "0.5", "--megabytes", "300", "--minutes", "0.7", "--workers", "1"]
    done = subprocess.run(
        [sys.executable, RUNNER, "--targets", "fuzzing.planted", "--target", planted, *limits, "--keep", tmp_path],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    assert re.search(said, done.stdout)
    assert "1 findings." in done.stdout
    (found,) = (path for path in (tmp_path / "findings").iterdir() if path.name.startswith(planted))
    letter = {"crash": b"min", "hang": b"h", "work": b"w", "hoard": b"b"}[planted]
    assert letter in found.read_bytes()


@GUIDED
def test_where_nothing_is_wrong_nothing_is_found(tmp_path):
    limits = ["--minutes", "0.02", "--workers", "1", "--keep", tmp_path, "--record", tmp_path / "record.json"]
    done = subprocess.run(
        [sys.executable, RUNNER, "--targets", "fuzzing.planted", "--target", "harmless", *limits],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Nothing found." in done.stdout
    assert sources_digest() in (tmp_path / "record.json").read_text(encoding="utf-8")


@GUIDED
@pytest.mark.parametrize(("limits", "said"), [(Limits(0.05, 10**6), "of processor time"), (Limits(60, 10), "MB")])
def test_an_input_that_takes_more_than_its_limit_is_a_finding(limits, said, tmp_path):
    from fuzzing.process import measured

    def act(_data):
        end = time.process_time() + 0.1
        while time.process_time() < end:
            pass

    with pytest.raises(AssertionError, match=said):
        measured(act, limits, tmp_path / "state.json")(b"")
    measured(act, Limits(60, 10**6), tmp_path / "state.json")(b"")
    assert json.loads((tmp_path / "state.json").read_text(encoding="utf-8"))["slowest_seconds"] >= 0.1


def test_the_recorded_run_found_nothing_and_is_what_the_page_shows():
    page = (ROOT / "docs" / "fuzzing.md").read_text(encoding="utf-8")
    runs = json.loads((RUNNER.parent / "record.json").read_text(encoding="utf-8"))
    every = [one for run in runs for one in run["targets"]]
    assert sorted(one["target"] for one in every) == sorted(TARGETS)
    # By the clock, as the processor was shared.
    assert sum(one["seconds"] for one in every) >= 3600
    for run in runs:
        assert run["sources_sha256"] in page
        assert run["limits"] == {"processor_seconds": 10.0, "megabytes": 2048}
    for one in every:
        assert (one["fault"], one["finding"]) == ("", "")
        assert one["slowest_seconds"] <= 10
        assert one["peak_megabytes"] <= 2048
    assert table_of(RUNNER.parent / "record.json") in page
