"""The verification dossier: it is made from tests that ran and held, it is the same on every machine, and nothing else
passes for it.
"""

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import dossier
import numpy as np
import pytest
from dossier_evidence import judged
from dossier_figures import FIGURES
from dossier_page import number, told
from dossier_requirements import TESTS, Requirement, defined_tests, read_requirements
from recording import drawing, measurement, read_records, write_record

NIST = "test_vectors.py::test_the_exact_interval_of_a_probability_of_nist"
TAILS = "test_vectors.py::test_weibull_tails_to_fifty_digits"
CELLS = "test_convergence.py::test_the_error_falls_with_the_square_of_the_size_of_cells"
LIST = f"""\
- group: First things
  about: What comes first.
  requirements:
    - {{id: A-1, requires: Intervals are exact., tests: ['{NIST}'], kind: statistical, tolerance: five standard errors,
       false_alarm: 1e-3}}
    - {{id: A-2, requires: Tails are exact., tests: ['{TAILS}'], kind: numerical, tolerance: '1e-9'}}
- group: Second things
  about: What comes second.
  requirements:
    - {{id: B-1, requires: Errors fall., tests: ['{CELLS}'], kind: numerical, tolerance: second order, figure: cells}}
"""


def found(outcome="passed", measured=(), drawn=(), slow=False):
    return {"outcome": outcome, "slow": slow, "measured": list(measured), "drawn": list(drawn)}


def sound():
    """What a run in which everything held recorded."""
    shown = drawing(
        "convergence in cells", {"quantity": "accidents", "size": [2.0, 1.0, 0.5], "error": [8.0, 2.0, 0.5]}
    )
    return {
        f"tests/{NIST}[one]": found(measured=[measurement("largest |z|", 2.3456, at_most=5)]),
        f"tests/{NIST}[two]": found(measured=[measurement("largest |z|", 3.4567, at_most=5)]),
        f"tests/{TAILS}": found(measured=[measurement("relative error", 3e-13, at_most=1e-9)]),
        f"tests/{CELLS}[hazardous]": found(measured=[measurement("order", 2.13, 1.9, 2.3)], drawn=[shown], slow=True),
    }


@pytest.fixture
def made(tmp_path, capsys, monkeypatch):
    """Run the command on a record: ``made(tests, option, …)`` returns its status and what it said.

    What takes time, drawing, is left out: the picture is what is to be drawn.
    """
    monkeypatch.setitem(FIGURES, "cells", lambda drawn: (json.dumps(drawn).encode(), "The error of cells"))
    (tmp_path / "list.yaml").write_text(LIST, encoding="utf-8")
    (tmp_path / "docs").mkdir()

    def run(tests, *options, records=("record.json",)):
        if tests is not None:
            write_record(tmp_path / "record.json", tests)
        where = ["--requirements", str(tmp_path / "list.yaml"), "--docs", str(tmp_path / "docs")]
        status = dossier.main(["--from", *(str(tmp_path / name) for name in records), *options, *where])
        said = capsys.readouterr()
        return status, said.out + said.err

    run.folder = tmp_path
    return run


def page_of(made):
    return (made.folder / "docs" / "verification.md").read_text(encoding="utf-8")


def test_a_page_shows_each_requirement_with_its_cases_and_the_number_nearest_to_its_limit(made):
    status, said = made(sound())
    assert (status, said[:22]) == (0, "3 requirements hold; w")
    text = page_of(made)
    row = next(line for line in text.splitlines() if line.startswith("| **A-1** |"))
    assert "Intervals are exact." in row
    assert "*statistical*: five standard errors; false alarm 1 in 1,000" in row
    assert "holds in 2 cases; largest \\|z\\| 3.5 (at most 5)" in row
    assert "[the exact interval of a probability of nist](../tests/test_vectors.py)" in row
    assert "relative error below 1e-10 (at most 1e-9)" in text
    assert "order 2.1 (limits 1.9 and 2.3)" in text
    assert "**B-1**<br>*slow*" in text
    assert "probability of at most 0.1 %" in text
    assert "| [First things](#first-things) | 2 | 2 | 3 |" in text
    assert "| **together** | **3** | **3** | **4** |" in text
    assert "![The error of cells](verification/cells.svg)" in text


def test_a_page_that_was_made_is_the_one_that_the_same_runs_give(made):
    made(sound())
    assert made(sound(), "--check")[0] == 0


def nudged(value, factor):
    if isinstance(value, dict):
        return {key: nudged(one, factor) for key, one in value.items()}
    if isinstance(value, list):
        return [nudged(one, factor) for one in value]
    return value * factor if isinstance(value, float) else value


def test_the_last_digits_of_another_machine_change_no_byte(made):
    made(sound())
    other = sound()
    for kept in other.values():
        for one in kept["measured"]:
            # Rounding errors differ by much, all other numbers in the last place.
            one["value"] = nudged(one["value"], 2.7 if one["value"] < 1e-6 else 1 + 3e-16)
        kept["drawn"] = [drawing(one.pop("name"), nudged(one, 1 + 3e-16)) for one in kept["drawn"]]
    assert made(other, "--check")[0] == 0


# Doctored records. Each must make the command fail, with and without --check, and leave the page as it was.


def without(tests, *names):
    return {node: kept for node, kept in tests.items() if not node.startswith(tuple(f"tests/{name}" for name in names))}


def changed(node, **changes):
    tests = sound()
    tests[node] |= changes
    return tests


DOCTORED = {
    "failed": (changed(f"tests/{NIST}[two]", outcome="failed"), "A-1: tests/" + NIST + "[two] failed"),
    "skipped": (changed(f"tests/{TAILS}", outcome="skipped"), "A-2: tests/" + TAILS + " skipped"),
    "missing": (without(sound(), TAILS), f"A-2: {TAILS} did not run"),
    "beyond its limit": (
        changed(f"tests/{NIST}[one]", measured=[measurement("largest |z|", 5.01, at_most=5)]),
        "largest |z| is 5.01, beyond its limit",
    ),
    "below its limit": (
        changed(f"tests/{CELLS}[hazardous]", measured=[measurement("order", 1.89, 1.9, 2.3)]),
        "order is 1.89, beyond its limit",
    ),
    "no number": (
        changed(f"tests/{NIST}[one]", measured=[measurement("largest |z|", float("nan"), at_most=5)]),
        "largest |z| is nan, beyond its limit",
    ),
    "nothing drawn": (changed(f"tests/{CELLS}[hazardous]", drawn=[]), "the tests of the figure 'cells' drew nothing"),
}


@pytest.mark.parametrize("options", [(), ("--check",)], ids=["make", "check"])
@pytest.mark.parametrize("how", DOCTORED)
def test_a_doctored_record_fails_and_changes_nothing(made, how, options):
    made(sound())
    before = page_of(made)
    doctored, reason = DOCTORED[how]
    status, said = made(doctored, *options)
    assert status == 1
    assert reason in said
    assert page_of(made) == before


def test_a_test_that_is_not_there_any_more_is_said(made):
    file = made.folder / "list.yaml"
    file.write_text(LIST.replace("of_nist", "of_nobody"), encoding="utf-8")
    status, said = made(sound())
    assert status == 1
    assert "A-1: there is no test test_vectors.py::test_the_exact_interval_of_a_probability_of_nobody" in said


def test_what_failed_in_one_of_several_runs_is_not_good_by_another(made):
    write_record(made.folder / "second.json", {f"tests/{TAILS}": found("failed")})
    for records in (("record.json", "second.json"), ("second.json", "record.json")):
        status, said = made(sound(), records=records)
        assert (status, "failed" in said) == (1, True)
    # Two stages that each ran a part make a whole.
    tests = sound()
    write_record(made.folder / "second.json", {f"tests/{TAILS}": tests.pop(f"tests/{TAILS}")})
    assert made(tests)[0] == 1
    assert made(tests, records=("record.json", "second.json"))[0] == 0


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"tests": 5}', '{"tests": {"a": 5}}', '{"tests": {"a": {"outcome": "?"}}}']
)
def test_what_is_no_record_is_refused_by_name(made, text):
    (made.folder / "record.json").write_text(text, encoding="utf-8")
    status, said = made(None)
    assert status == 1
    assert "record.json: is no record of a test run" in said


def test_a_record_that_is_not_there_is_refused_by_name(made):
    assert "nowhere.json: is no record" in made(None, records=("nowhere.json",))[1]


@pytest.mark.parametrize("spoil", ["a number", "a figure", "one figure more", "no page"])
def test_another_page_or_figure_than_the_runs_give_is_noticed(made, spoil):
    made(sound())
    docs = made.folder / "docs"
    if spoil == "a number":
        page = docs / "verification.md"
        page.write_text(page.read_text(encoding="utf-8").replace("3.5 (at", "3.4 (at"), encoding="utf-8")
        wanted = ["-| **A-1** |", "3.4 (at most 5)", "+| **A-1** |", "3.5 (at most 5)"]
    elif spoil == "a figure":
        (docs / "verification" / "cells.svg").write_text("<svg/>", encoding="utf-8")
        wanted = ["verification/cells.svg is not the figure that these runs give"]
    elif spoil == "one figure more":
        (docs / "verification" / "old.svg").write_text("<svg/>", encoding="utf-8")
        wanted = ["verification/old.svg belongs to no requirement"]
    else:
        (docs / "verification.md").unlink()
        wanted = ["+# Verification"]
    status, said = made(sound(), "--check")
    assert status == 1
    assert all(words in said for words in wanted)
    # Making it anew puts it right.
    assert made(sound())[0] == 0
    assert made(sound(), "--check")[0] == 0


# The list of requirements


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("kind: numerical", "kind: guess", "A-2: kind must be one of equality, numerical"),
        (",\n       false_alarm: 1e-3", "", "A-1: a statistical test states its false_alarm"),
        ("'1e-9'}", "'1e-9', false_alarm: 1e-3}", "A-2: a statistical test states its false_alarm"),
        ("false_alarm: 1e-3", "false_alarm: 10", "A-1: false_alarm must be a probability"),
        ("id: A-2", "id: A-1", "A-1: there is more than one with this id"),
        (", tolerance: second order", "", "B-1: tolerance is missing"),
        ("tolerance: '1e-9'", "tolerance: 1e-9", "A-2: tolerance must be a text, got 1e-09; put it between quotes"),
        ("figure: cells", "picture: cells", "B-1: picture is not known"),
        (f"['{TAILS}']", "[]", "A-2: names no test"),
        ("figure: cells", "figure: stars", "no figure is called 'stars'"),
        ("- group: First things", "- grp: First things", "cannot be read as a list of requirements"),
        (LIST, "a: [", "cannot be read as a list of requirements"),
    ],
)  # fmt: skip
def test_a_wrong_list_of_requirements_is_refused(made, before, after, reason):
    (made.folder / "list.yaml").write_text(LIST.replace(before, after, 1), encoding="utf-8")
    status, said = made(sound())
    assert status == 1
    assert reason in said


def test_every_requirement_names_tests_that_are_there_and_every_figure_is_of_a_requirement():
    groups = read_requirements(TESTS / "requirements.yaml")
    every = [one for group in groups for one in group.requirements]
    assert len(every) > 120
    assert {test for one in every for test in one.tests} - defined_tests() == set()
    assert {one.figure for one in every if one.figure} == set(FIGURES)
    # Each group but those of things that are equal or refused has something that must be refused.
    assert sum(one.kind == "control" for one in every) > 20
    assert all(group.about.strip() for group in groups)


# Numbers


@pytest.mark.parametrize(
    ("value", "text"),
    [(3, "3"), (12345, "12,345"), (3.456, "3.5"), (12.5, "12"), (812.3, "810"), (0.9049, "0.9"), (0.0123, "0.012"),
     (68_400.0, "68,000"), (822_461.0, "8.2e5"), (2.3e-5, "2.3e-5")],
)  # fmt: skip
def test_a_measured_number_has_two_digits_and_a_whole_one_all(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("value", "limit", "text"),
    [(3e-13, 1e-9, "x below 1e-10 (at most 1e-9)"), (4e-10, 1e-9, "x below 1e-9 (at most 1e-9)"),
     (0.0, 1e-9, "x below 1e-10 (at most 1e-9)"), (2e-5, 1e-4, "x 2e-5 (at most 0.0001)"), (0, 4, "x 0 (at most 4)")],
)  # fmt: skip
def test_rounding_error_is_shown_as_a_bound(value, limit, text):
    assert told(summed(measurement("x", value, at_most=limit))) == text


def summed(*measurements):
    asked = Requirement("X-1", "", (NIST,), "numerical", "")
    (line,) = judged(asked, {f"tests/{NIST}": found(measured=measurements)}, {NIST}).measured
    return line


def test_of_several_measurements_the_one_nearest_to_its_limit_is_shown():
    z = [measurement("z", value, at_most=limit) for value, limit in ((3.0, 5), (2.9, 3), (1.0, 1.5))]
    assert told(summed(*z)) == "z 2.9 (at most 3)"
    gains = [measurement("gain", value, at_least=100) for value in (900.0, 130.0, 5000.0)]
    assert told(summed(*gains)) == "gain 130 (at least 100)"
    covered = [measurement("covered", value, 170, 190) for value in (181, 172, 186)]
    assert told(summed(*covered)) == "covered 172 to 186 (limits 170 and 190)"
    below = [measurement("z", value, at_most=-4.5) for value in (-9.0, -5.2)]
    assert told(summed(*below)) == "z -5.2 (at most -4.5)"


def test_a_measurement_without_a_limit_is_none():
    with pytest.raises(ValueError, match="needs a limit"):
        measurement("x", 1.0)


# Figures

STEPS = {"size": [2.0, 1.0, 0.5, 0.25], "error": [14.29, 2.577, 0.5197, 0.1144]}
SHARES = [[0.1, 0.5, 0.7], [0.05, 0.2, 0.25], [0.01, 0.02, 0.03], [0.0, 0.0, 0.01]]
DRAWN = {
    "z-scores": [
        *(drawing("z", {"world": name, "scores": np.linspace(-3, 3, 50), "limit": 4.5}) for name in ("cold", "lots")),
        *(drawing("z of a neighbour", {"world": name, "largest": 31.4}) for name in ("cold", "lots")),
    ],
    "replicates": [
        drawing("r", {"reading": name, "n": [4, 16, 64], "rms": [4.1, 1.9, 1.04], "slope": -0.49, "sd": 0.055})
        for name in ("hazardous", "accidents")
    ],
    "cells": [drawing("c", {"quantity": name, **STEPS}) for name in ("hazardous", "accidents")],
    "incidence": [drawing("i", {"mix": "a mix", "days": [10, 40, 400], "ours": SHARES, "theirs": SHARES})],
    "coverage": [drawing("v", {"interval": "of a < b & c", "covered": 181, "repeats": 200, "says": 0.9})],
}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_a_small_well_formed_picture_with_a_name_and_the_same_bytes_each_time(name):
    picture, title = FIGURES[name](DRAWN[name])
    assert picture == FIGURES[name](DRAWN[name])[0]
    assert len(picture) < 60_000
    root = ET.fromstring(picture)  # noqa: S314 (made above)
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"] == title
    text = picture.decode()
    assert "metadata" not in text
    assert not any(word in text for word in (str(Path.home()), str(TESTS.parent)))


OTHERS = {"z-scores": ("largest", 9.5), "replicates": ("slope", -0.3), "cells": ("error", [9.0, 4.0, 2.0, 1.0]),
          "incidence": ("theirs", SHARES[::-1]), "coverage": ("covered", 175)}  # fmt: skip


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_shows_other_numbers_when_they_are_others(name):
    key, value = OTHERS[name]
    others = [one | {key: value} if key in one else one for one in DRAWN[name]]
    assert FIGURES[name](DRAWN[name])[0] != FIGURES[name](others)[0]


# The recorder

TOY = """\
import pytest

@pytest.mark.parametrize("size", [1, 2])
def test_holds(size, measured, drawn):
    measured("largest |z|", 2.5 * size, at_most=5)
    drawn("curve", x=[1.23456789, 2.0], world="toy")

def test_fails(measured):
    measured("largest |z|", 5.5, at_most=5)

@pytest.mark.slow
def test_is_skipped():
    pytest.skip("not today")

@pytest.fixture
def broken():
    yield
    raise RuntimeError

def test_breaks_afterwards(broken):
    pass
"""


def test_a_run_on_two_processes_is_recorded_with_outcomes_and_measurements(tmp_path):
    for name in ("conftest.py", "recording.py"):
        (tmp_path / name).write_bytes((TESTS / name).read_bytes())
    (tmp_path / "test_toy.py").write_text(TOY, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = slow", encoding="utf-8")
    env = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "2"]
    env |= {"MINESIM_RECORD": "record.json"}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    tests = read_records([tmp_path / "record.json"])
    assert {node.partition("::")[2]: kept["outcome"] for node, kept in tests.items()} == {
        "test_holds[1]": "passed",
        "test_holds[2]": "passed",
        "test_fails": "failed",
        "test_is_skipped": "skipped",
        "test_breaks_afterwards": "failed",
    }
    kept = tests["test_toy.py::test_holds[2]"]
    assert kept["measured"] == [measurement("largest |z|", 5.0, at_most=5)]
    assert kept["drawn"] == [{"name": "curve", "x": [1.235, 2.0], "world": "toy"}]
    assert tests["test_toy.py::test_fails"]["measured"][0]["value"] == 5.5
    assert tests["test_toy.py::test_is_skipped"]["slow"]
    assert json.loads((tmp_path / "record.json").read_text(encoding="utf-8")).keys() == {"tests"}
