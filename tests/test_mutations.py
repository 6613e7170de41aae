"""Every single mistake in the contract's examples is refused at its place; what is optional may be left out.

What is required, and what is out of range, is written down here a second time, from the contract and not from the code.
"""

import json
import re
import subprocess
import sys

import pytest
from mutants import Mutant, deleted, doubled, entries, matches, misspelt, parent, with_value
from scenario_texts import FULL, PERSISTENT, TREATY, contract_folder, written

from simulator.problems import InputError
from simulator.scenario_file import load

FILES = {"treaty-limit": TREATY, "persistent": PERSISTENT, "full": FULL}
HEAD = re.compile(r"\S+mutant\.yaml:\d+:\d+: error: \S.*")

# Names that the author of a file chooses: to spell them otherwise is no mistake of the file.
FREE = ("mines.*", "sources.*")
NOT_FREE = ("mines.*.*", "sources.*.*")

REQUIRED = (
    "title", "start", "horizon", "region", "mines", "civilians", "region.rectangle.*",
    "mines.*.count", "mines.*.laid", "mines.*.laid.*", "*.belt.line", "*.belt.width", "*.clusters.count",
    "*.clusters.spread", "*.keep_away.distance", "mines.*.self_destruct.time", "mines.*.self_destruct.failure",
    "mines.*.battery.life", "mines.*.battery.failure", "mines.*.lots.*", "*.normal.*", "*.weibull.*", "*.exponential.*",
    "civilians.reference_density", "civilians.accident_rate", "civilians.casualties_per_accident",
    "civilians.return.initial", "civilians.return.half_time", "civilians.surge.*", "civilians.education.from",
    "civilians.education.reduces", "civilians.marking.*", "clearance.from", "clearance.teams", "clearance.rate",
    "clearance.detection", "sources.*.title",
)  # fmt: skip
OPTIONAL = (
    "question", "seed", "replicates", "region.name", "region.cell", "mines.*.placement", "*.placement.clusters",
    "*.keep_away", "*.compliance", "mines.*.arming_failure", "mines.*.ageing", "mines.*.common_cause", "mines.*.lots",
    "*.q10", "*.reference_temperature", "*.grade", "*.uncertainty", "civilians.killed_share",
    "civilians.child_share", "civilians.season", "civilians.return", "civilians.return.final", "civilians.surge",
    "civilians.education", "civilians.education.ramp", "civilians.marking", "clearance", "clearance.search",
    "clearance.order", "clearance.winter_stop", "clearance.cost", "thresholds", "sources.*.*",
)  # fmt: skip
# Deleting these breaks a rule that ties them to another key, which is the one to be named.
TIED = {
    "region.rectangle": ("region", "needs exactly one of 'rectangle' and 'boundary'"),
    "region.boundary": ("region", "needs exactly one of 'rectangle' and 'boundary'"),
    "region.temperature": ("battery", "ages with temperature: 'region' needs 'temperature'"),
    "civilians.range": ("settlements", "needs 'range' beside it"),
    "civilians.density": ("civilians", "needs exactly one of 'density' and 'settlements'"),
    "civilians.settlements": ("civilians", "needs exactly one of 'density' and 'settlements'"),
    "*.placement.belt": ("placement", "needs one of 'uniform', 'belt' and 'clusters'"),
    "*.value": ("failure|accident_rate", "a sourced value needs a 'value'"),
    "*.source": ("failure|accident_rate", "a sourced value needs a 'source'"),
    "*.note": ("source", "an assumption needs a 'note'"),
    "*.uncertainty.tests": ("uncertainty", "needs 'tests' beside 'failures'"),
    "*.uncertainty.failures": ("uncertainty", "needs 'failures' beside 'tests'"),
    "*.uncertainty.*": ("uncertainty", "must be one of uniform, loguniform"),
    "*.normal": ("time", "must name exactly one time law, got nothing"),
    "*.weibull": ("life", "must name exactly one time law, got nothing"),
    "*.exponential": ("ageing", "must name exactly one time law, got nothing"),
    "sources": ("source", "unknown source 'bloomfield-2004'"),
    "sources.*": ("sources", "must be a mapping, got nothing"),
}
SPECIAL = {
    # In these files the general rule does not hold, or another does.
    ("treaty-limit", "mines.battery-limited"): ("mines", "must be a mapping, got nothing"),
    ("treaty-limit", "mines.battery-limited.self_destruct"): None,
    ("treaty-limit", "mines.battery-limited.battery"): None,
    ("full", "mines.legacy"): None,
    ("full", "mines.battery-limited"): None,
    ("full", "mines.battery-limited.self_destruct"): ("common_cause", "needs both 'self_destruct' and 'battery'"),
    ("full", "mines.battery-limited.battery"): ("common_cause", "needs both 'self_destruct' and 'battery'"),
    ("full", "mines.battery-limited.battery.failure.note"): None,
    ("persistent", "extends"): ("horizon", "is required"),
    ("persistent", "title"): None,
    ("persistent", "mines"): None,
    ("persistent", "mines.battery-limited"): None,
    ("persistent", "mines.persistent"): ("mines", "must not be empty"),
}
BAD_SHARES = ("-0.1", "1.1", "101 %", "10", ".nan", ".inf", "1e999", "2 in 1", "per million", "0,5 %")
BAD_DATES = ("2024-02-30", "2024-13-01", "1899-12-31", "2201-01-01", "01.12.2024", "2024-12-01T00:00", "20241201")
# Values that are of the right kind and wrong all the same; the key is followed by what is tried.
WRONG = {
    "title": ("''", "x" * 201),
    "region.name": ("''", '"two\\nlines"'),
    "start": BAD_DATES,
    "*.laid.from": (*BAD_DATES, "2025-12-01"),
    "*.laid.to": (*BAD_DATES, "2021-12-01"),
    "mines.persistent.laid": (*BAD_DATES, "2040-01-01", "{from: 2025-01-02, to: 2025-01-01}"),
    "mines.battery-limited.laid": ("2040-01-01", "{from: 2025-01-02, to: 2025-01-01}"),
    "horizon": ("0 days", "-1 years", "1001 years", "12 months", "1e999 days"),
    "seed": ("-1", "1.5", "9223372036854775808", "1e3"),
    "replicates": ("1", "0", "2.5", "1000000001"),
    "region.rectangle.width": ("0 km", "-1 km", "20001 km", "40 sqkm"),
    "region.cell": ("0 km", "-100 m"),
    "mines.*.count": ("-1", "1.5", "1e13", "50 %", "10,000", "10 000"),
    "*.clusters.count": ("0", "-1"),
    "*.belt.width": ("0 km",),
    "*.clusters.spread": ("0 m",),
    "*.keep_away.distance": ("-1 km",),
    "*.line": ("../belt.geojson", "/etc/passwd", ".", "C:\\belt.geojson"),
    "*.boundary": ("../district.geojson", "sub/../../x"),
    "*.settlements": ("/etc/passwd",),
    "*.placement": ("Uniform", "everywhere", "{uniform: false}", "{belt: {line: a, width: 1 km}, uniform: true}"),
    "*.failure": BAD_SHARES,
    "*.failure.value": BAD_SHARES,
    "*.arming_failure": ("-0.1", "3"),
    "*.common_cause": ("1.1",),
    "*.compliance": ("95",),
    "*.correlation": ("1", "1.1", "-0.1"),
    "*.lots.size": ("0", "0.5"),
    "*.time": ("15", "Never", "normal", "15 parsec"),
    "*.life": ("60", "forever", "{weibul: {shape: 1, scale: 1 day}}", "{piecewise: [[2 days, 1], [1 day, 0.5]]}"),
    "*.ageing": ("57.7", "1 month", "{exponential: {mean: 1 day}, normal: {mean: 1 day, sd: 1 day}}"),
    "*.normal.mean": ("-1 days", "15"),
    "*.normal.sd": ("0 days", "-1 day"),
    "*.weibull.shape": ("0", "-4", "4 days"),
    "*.weibull.scale": ("0 days", "-1 days", "60"),
    "*.exponential.mean": ("0 years", "-1 years", "693 months"),
    "*.q10": ("0", "-1", "101"),
    "*.reference_temperature": ("20", "91 degC", "293 K"),
    "civilians.density": ("-1 per km2", "14"),
    "*.reference_density": ("0 per km2", "-14 per km2", "14"),
    "civilians.accident_rate": ("-1 per mine-year", "1.4e-4", "1.4e-4 per year"),
    "*.casualties_per_accident": ("0", "-1"),
    "*.killed_share": ("30", "-0.3"),
    "*.child_share": ("1.01",),
    "*.return.initial": ("50",),
    "*.return.final": ("100",),
    "*.half_time": ("0 days", "4 months"),
    "*.surge.factor": ("-1",),
    "*.ramp": ("-1 days", "180"),
    "*.reduces": ("30", "1.5"),
    "*.after_accident": ("-1 days",),
    "civilians.range": ("0 km",),
    "clearance.from": BAD_DATES,
    "clearance.teams": ("0", "1.5"),
    "clearance.rate": ("0 m2 per team-day", "2000 m2 per day", "2000"),
    "clearance.search": ("10",),
    "clearance.detection": ("99.6", "1.0001"),
    "clearance.order": ("nearest-first", "Random"),
    "clearance.winter_stop": ("[0]", "[13]", "[December]", "[1.5]", "12"),
    "clearance.cost": ("-1 USD per m2", "1 EUR per m2", "1"),
    "region.temperature": ("[1, 2, 3]", "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 91]", "[1,2,3,4,5,6,7,8,9,10,11,12,13]"),
    "civilians.season": ("[1, 1]", "[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1]"),
    "thresholds": ("[1e-4]", "[0 per year]", "1e-4 per year", "[1e-4 per month]"),
    "*.grade": ("good", "Low"),
    "*.source": ("nowhere", "''"),
    "*.triangular": ("[0.1, 0.2]", "[0.2, 0.1, 0.3]", "[0.1, 0.1, 0.1]", "[0.1, 0.2, 1.3]"),
    "*.loguniform": ("[0 per mine-year, 1 per mine-year]", "[1e-5, 1e-4]", "[2 per mine-year, 1 per mine-year]"),
    "*.tests": ("0", "-1", "0.5"),
    "*.failures": ("60001", "-1"),
    "sources.*.year": ("999", "10000", "'2004'"),
}  # fmt: skip


def first_match(patterns, path):
    return next((pattern for pattern in patterns if matches(path, (pattern,))), None)


def deletions(file, text):
    found = entries(text)
    for entry in found:
        name = f"{file}: {entry.path} deleted"
        if (file, entry.path) in SPECIAL:
            expected = SPECIAL[file, entry.path]
        elif matches(entry.path, REQUIRED):
            expected = (entry.key, "is required")
        elif matches(entry.path, OPTIONAL):
            expected = None
        else:
            tied = first_match(TIED, entry.path)
            assert tied, f"say in this file whether {entry.path} is required"
            expected = TIED[tied]
        text_without = deleted(text, entry)
        everywhere = range(text_without.count("\n") + 1)
        at_root = "." not in entry.path
        near = everywhere if at_root or expected is None or expected[1] != "is required" else parent(entry, found)
        key, says = expected or ("", None)
        yield Mutant(name, text_without, key, near, says)


def misspellings(file, text):
    for entry in entries(text):
        if matches(entry.path, FREE) and not matches(entry.path, NOT_FREE):
            continue
        wrong_text, wrong = misspelt(text, entry)
        says = f"unknown key, did you mean '{entry.key}'?"
        yield Mutant(f"{file}: {entry.path} misspelt", wrong_text, wrong, entry.lines, says)


def duplicates(file, text):
    for entry in entries(text):
        twice, lines = doubled(text, entry)
        says = f"duplicate key, first given in line {entry.lines[0] + 1}"
        yield Mutant(f"{file}: {entry.path} doubled", twice, entry.key, lines, says)


def wrong_kinds(file, text):
    for entry in entries(text):
        for value in ("7", "no mapping") if entry.value is None else ("[x]", "{wrong: 1}"):
            name = f"{file}: {entry.path} is {value}"
            yield Mutant(name, with_value(text, entry, value), entry.key, entry.lines, "")


def nothings(file, text):
    for entry in entries(text):
        if file != "persistent" and matches(entry.path, REQUIRED):
            for value in ("null", "~", ""):
                name = f"{file}: {entry.path} is {value or 'empty'}"
                yield Mutant(name, with_value(text, entry, value), entry.key, entry.lines, "got nothing")


def wrong_units(file, text):
    for entry in entries(text):
        number = re.fullmatch(r"(-?[\d.e-]+)( .*|)", entry.value or "")
        if not number or re.fullmatch(r"\d{4}-\d\d-\d\d", entry.value) or matches(entry.path, ("sources.*",)):
            continue
        amount, unit = number.groups()
        for value in (f"{amount} parsec", "true", f"{amount} {amount}"):
            name = f"{file}: {entry.path} is {value}"
            yield Mutant(name, with_value(text, entry, value), entry.key, entry.lines, "")
        if unit and "%" not in unit and "per million" not in unit:
            name = f"{file}: {entry.path} without its unit"
            yield Mutant(name, with_value(text, entry, amount), entry.key, entry.lines, "needs a unit, for example")


def wrong_values(file, text):
    found = entries(text)
    for pattern, values in WRONG.items():
        for entry in found:
            if matches(entry.path, (pattern,)):
                for value in values:
                    # A comma would split a value inside braces in two: that trap has its own test.
                    shown = f"'{value}'" if entry.in_flow and "," in value and value[0] not in "[{" else value
                    name = f"{file}: {entry.path} is {value[:40]}"
                    yield Mutant(name, with_value(text, entry, shown), entry.key, entry.lines, "")


MUTANTS = list(
    {
        mutant.name: mutant
        for make in (deletions, misspellings, duplicates, wrong_kinds, nothings, wrong_units, wrong_values)
        for file, text in FILES.items()
        for mutant in make(file, text)
    }.values()
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Make a folder for mutants, and leave nothing among the shipped sources that they could find instead."""
    shipped = tmp_path_factory.mktemp("shipped")
    written(shipped, "{}\n", "sources.yaml")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("simulator.scenario_file.shipped_scenarios", lambda: shipped)
        yield contract_folder(tmp_path_factory.mktemp("mutants"))


def test_there_are_more_than_a_thousand_mutants_and_each_differs_from_its_file():
    assert len(MUTANTS) > 1000
    assert not {mutant.text for mutant in MUTANTS} & set(FILES.values())
    assert sum(mutant.says is None for mutant in MUTANTS) > 40


def test_every_value_that_is_tried_is_tried_somewhere():
    paths = [entry.path for text in FILES.values() for entry in entries(text)]
    for pattern in (*REQUIRED, *OPTIONAL, *TIED, *WRONG):
        assert any(matches(path, (pattern,)) for path in paths), f"no file has {pattern}"


@pytest.mark.parametrize("mutant", [pytest.param(one, id=one.name) for one in MUTANTS if one.says is None])
def test_what_is_optional_may_be_left_out(mutant, folder):
    assert load(written(folder, mutant.text, "mutant.yaml")).scenario.mines


@pytest.mark.parametrize("mutant", [pytest.param(one, id=one.name) for one in MUTANTS if one.says is not None])
def test_a_mistake_is_refused_at_its_place(mutant, folder):
    path = written(folder, mutant.text, "mutant.yaml")
    with pytest.raises(InputError) as caught:
        load(path)

    lines = mutant.text.split("\n")
    problems = caught.value.problems
    for found in problems:
        assert found.mark.name == str(path)
        assert found.mark.line < len(lines)
        assert found.mark.column <= len(lines[found.mark.line])
    assert any(
        found.mark.line in mutant.lines
        and re.search(mutant.key, f"{found.path} {found.message}")
        and mutant.says in found.message
        for found in problems
    ), str(caught.value)

    shown = str(caught.value).split("\n")
    assert len(shown) == 3 * len(problems)
    for head, line, caret in zip(shown[::3], shown[1::3], shown[2::3], strict=True):
        assert HEAD.fullmatch(head)
        assert re.fullmatch(r" +\d+ \|.*", line)
        assert re.fullmatch(r" {6}\| *\^+", caret)


# The command as a user runs it, forked where its modules have been imported: two hundred starts would cost a minute.
RUNS = """
import json, os, sys, tempfile
from pathlib import Path
import simulator.commands, simulator.experiment, simulator.scenario_file
from simulator import cli

sys.argv = ["minesim", "run", "mutant.yaml", "-o", "out"]
for text in json.load(sys.stdin):
    Path("mutant.yaml").write_text(text, encoding="utf-8")
    said = [tempfile.TemporaryFile("w+", encoding="utf-8") for _ in range(2)]
    child = os.fork()
    if child == 0:
        for stream, file in zip((1, 2), said):
            os.dup2(file.fileno(), stream)
        code = 99
        try:
            cli.main()
        except SystemExit as end:
            code = end.code
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    Path("mutant.yaml").unlink()
    words = [file.seek(0) or file.read() for file in said]
    print(json.dumps([status, *words, sorted(os.listdir())]))
"""


@pytest.mark.slow
def test_the_command_refuses_mutants_of_every_sort_and_writes_nothing(tmp_path):
    folder = contract_folder(tmp_path)
    mistakes = [mutant for mutant in MUTANTS if mutant.says is not None]
    # Every n-th, so that all ways of making a mistake and all three files are among them.
    sample = mistakes[:: max(1, len(mistakes) // 210)]
    assert len(sample) >= 200
    before = sorted(path.name for path in folder.iterdir())
    texts = json.dumps([mutant.text for mutant in sample])
    command = [sys.executable, "-c", RUNS]
    done = subprocess.run(command, cwd=folder, input=texts, capture_output=True, text=True, check=True)
    for mutant, line in zip(sample, done.stdout.splitlines(), strict=True):
        status, said, complained, left = json.loads(line)
        assert status == 2, mutant.name
        assert re.match(r"mutant\.yaml:\d+:\d+: error: ", complained), mutant.name
        assert "Traceback" not in complained, mutant.name
        assert said == "", mutant.name
        assert left == before, mutant.name


@pytest.mark.slow
def test_the_command_started_anew_says_the_same(tmp_path):
    folder = contract_folder(tmp_path)
    mutant = next(mutant for mutant in MUTANTS if mutant.says is not None)
    written(folder, mutant.text, "mutant.yaml")
    command = [sys.executable, "-m", "simulator", "run", "mutant.yaml", "-o", "out"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    text = json.dumps([mutant.text])
    again = subprocess.run(
        [*command[:1], "-c", RUNS], cwd=folder, input=text, capture_output=True, text=True, check=True
    )
    assert json.loads(again.stdout)[:3] == [done.returncode, done.stdout, done.stderr]
    assert done.returncode == 2
