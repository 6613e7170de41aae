"""The command line as a user meets it: exit statuses, messages, and nothing written when the input is wrong."""

import json
import os
import signal
import subprocess
import sys

import jsonschema
import pytest
from scenario_texts import TREATY, changed
from terminal import (
    SMALL,
    done,
    environment,
    files_below,
    json_of,
    minesim,
    refused,
    rows_of,
    written_scenarios,
)

from simulator.glossary import every_key, explanation
from simulator.problems import InputError
from simulator.scenario_file import shipped_scenarios

RUN = ("run", "small.yaml", "--no-figures", "-o", "out")
VERBS = (
    "attribute", "breakeven", "calibrate", "compare", "evidence", "explain", "explore", "fit", "init", "report",
    "rerun", "run", "schema", "sensitivity", "sources", "standards", "sweep", "validate", "verify",
)  # fmt: skip
MOST_INTEGER = "9223372036854775807"


@pytest.fixture
def folder(tmp_path):
    return written_scenarios(tmp_path)


# Help, and what stands on the command line


def test_help_names_every_verb_and_how_to_begin(tmp_path):
    shown = done("--help", cwd=tmp_path)
    assert shown.startswith("Usage: minesim [OPTIONS]")
    assert "\n    minesim compare scenarios/persistent.yaml scenarios/treaty-limit.yaml -o results/first\n" in shown
    commands = shown.split("Commands:\n")[1]
    assert [line.split()[0] for line in commands.splitlines()[: len(VERBS)]] == list(VERBS)
    assert "..." not in commands


def test_every_verb_has_an_example_that_begins_a_line_of_its_help(tmp_path):
    for verb in VERBS:
        lines = [line.strip() for line in done(verb, "--help", cwd=tmp_path).splitlines()]
        assert any(line.startswith(f"minesim {verb}") for line in lines), verb
        assert "\b" not in "".join(lines)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["valdate", "small.yaml"], "no such verb: 'valdate', did you mean 'validate'?"),
        (["forecast"], "no such verb: 'forecast' (verbs: attribute, breakeven,"),
        (["run"], "Missing argument 'SCENARIO'"),
        (["compare", "small.yaml"], "Missing argument 'SCENARIOS...'"),
        (["run", "small.yaml", "nothing.yaml"], "unexpected extra argument (nothing.yaml)"),
        (["run", "small.yaml", "--replicate", "3"], "No such option"),
        (["run", "small.yaml", "--seed", "one"], f"'--seed': must be a whole number from 0 to {MOST_INTEGER}, got one"),
        (["run", "small.yaml", "--seed", "1" * 5000], "must be a whole number"),
        (["run", "small.yaml", "--seed", "-1"], "got -1"),
        (
            ["run", "small.yaml", "--replicates", "1"],
            "'--replicates': must be a whole number from 2 to 1000000000, got 1",
        ),
        (["run", "small.yaml", "--workers", "0"], "'--workers': must be a whole number from 1 to 256, got 0"),
        (["run", "small.yaml", "--precision", "2"], "'--precision': must be above 0 and below 100%, got 2"),
        (["run", "small.yaml", "--precision", "tight"], "'--precision': must be a share such as 2% or 0.02, got tight"),
        (["run", "small.yaml", "--method", "guess"], "'guess' is not one of 'simulate', 'expected'"),
        (["run", "smal.yaml"], "smal.yaml: no such file, did you mean 'small.yaml'?"),
        (["run", "small"], "small: no such file, did you mean 'small.yaml'?"),
        (["run", "treaty-limit.yaml"], "treaty-limit.yaml: no such file, did you mean '/"),
        (["run", "quite-another-thing.yaml"], "quite-another-thing.yaml: no such file\n"),
        (["run", "."], "is a folder; give a scenario file, such as nothing.yaml"),
        (["compare", "smal.yaml", "nothin.yaml"], "nothin.yaml: no such file, did you mean 'nothing.yaml'?"),
        (["sources", "smal.yaml"], "did you mean 'small.yaml'?"),
        (["verify", "smal.yaml"], "did you mean 'small.yaml'?"),
        (["rerun", "nowhere"], "nowhere: no such folder"),
        (["rerun", "."], "is not a result of minesim, it has no manifest.json"),
        (["explain", "mines.battery.falure"], "mines.NAME.battery.falure: unknown key, did you mean 'failure'?"),
        (["explain", "failure"], "there is mines.NAME.self_destruct.failure, mines.NAME.battery.failure"),
        (["explain", "seed.value"], "seed.value: has no keys below it"),
        (["init", "small.yaml"], "small.yaml exists and is not empty; give a new folder"),
        (["init", "."], "exists and is not empty"),
        (["init", "small.yaml/study"], "cannot write to small.yaml/study: Not a directory"),
    ],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, list) else "",
)
def test_a_wrong_command_line_is_refused_with_a_way_out(arguments, says, folder):
    assert says in refused(*arguments, cwd=folder)


def test_every_missing_file_of_a_comparison_is_named_at_once(folder):
    said = refused("compare", "smal.yaml", "nothin.yaml", cwd=folder)
    assert "smal.yaml: no such file" in said
    assert "nothin.yaml: no such file" in said


# Scenario files that are wrong

MUTANTS = {
    "a probability above one": ("failure: 10 %", "failure: 110 %", "must be between 0 and 1, got 110 %"),
    "a probability that forgot its percent sign": ("failure: 10 %", "failure: 10", "(did you mean 10 %?)"),
    "a duration without a unit": ("horizon: 10 years", "horizon: 10", "needs a unit, for example '10 days'"),
    "a duration in months": ("horizon: 10 years", "horizon: 120 months", "a month has no fixed length"),
    "a misspelt key": ("accident_rate:", "acident_rate:", "unknown key, did you mean 'accident_rate'?"),
    "a key that is missing": ("start: 2024-12-01\n", "", "start: is required"),
    "a key given twice": ("seed: 20241201", "seed: 20241201\nseed: 1", "seed"),
    "a tab for indentation": ("  cell: 1 km", "\tcell: 1 km", "tab"),
    "a negative number of mines": ("count: 10000", "count: -1", "must be between 0 and 1e12"),
    "a date that does not exist": ("start: 2024-12-01", "start: 2024-02-31", "must be a date"),
    "an unknown time law": (
        "{weibull: {shape: 4, scale: 81.9 days}}",
        "{weibul: {shape: 4, scale: 82 days}}",
        "weibul",
    ),
    "a list for a number": ("casualties_per_accident: 1.44", "casualties_per_accident: [1.44]", "a list"),
    "no mines at all": (TREATY[TREATY.index("mines:") : TREATY.index("civilians:")], "", "mines: is required"),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_scenario_file_with_a_mistake_is_refused_at_its_place(name, tmp_path):
    old, new, says = MUTANTS[name]
    (tmp_path / "wrong.yaml").write_text(changed(TREATY, (old, new)), encoding="utf-8")
    said = refused("run", "wrong.yaml", "-o", "out", "--no-figures", cwd=tmp_path)
    head, line, caret = said.splitlines()[:3]
    path, row, column, kind, _ = head.split(":", 4)
    assert (path, kind) == ("wrong.yaml", " error")
    assert int(column) >= 1
    assert line.split(" | ")[0].strip() == row
    assert set(caret.split(" | ")[1].strip()) == {"^"}
    assert says in said


def test_all_mistakes_of_a_file_are_reported_at_once_by_every_verb_that_reads_it(tmp_path):
    wrong = changed(TREATY, ("failure: 10 %", "failure: 11"), ("horizon: 10 years", "horizon: 10"))
    (tmp_path / "wrong.yaml").write_text(wrong, encoding="utf-8")
    for verb in (["run"], ["verify"], ["validate"], ["sources"], ["compare", "wrong.yaml"]):
        said = refused(*verb, "wrong.yaml", cwd=tmp_path)
        for key, text in (("horizon", "horizon: 10"), ("mines.battery-limited.self_destruct.failure", "failure: 11")):
            before = wrong[: wrong.index(text) + text.index(" ") + 1]
            row, column = before.count("\n") + 1, len(before) - before.rfind("\n")
            assert f"wrong.yaml:{row}:{column}: error: {key}: " in said


def test_what_has_no_closed_form_is_refused_before_anything_is_written(tmp_path):
    scenario = TREATY + "clearance: {from: 2025-04-01, teams: 2, rate: 2000 m2 per team-day, detection: 0.99}\n"
    (tmp_path / "cleared.yaml").write_text(scenario, encoding="utf-8")
    said = refused("run", "cleared.yaml", "--method", "expected", "-o", "out", cwd=tmp_path)
    assert said.startswith("cleared.yaml:29:1: error: clearance: has no closed form: teams choose cells as they go")
    assert not (tmp_path / "out").exists()


def test_valid_and_invalid_files_are_told_apart_in_one_check(folder):
    (folder / "wrong.yaml").write_text("title: 5\n", encoding="utf-8")
    process = minesim("validate", "small.yaml", "wrong.yaml", "nosuch.yaml", "nothing.yaml", cwd=folder)
    assert process.returncode == 2
    assert process.stdout.splitlines() == [
        "small.yaml: valid: Two kinds of mines in a small valley",
        "nothing.yaml: valid: Mines that hardly ever fail, and hardly anybody there",
    ]
    assert "wrong.yaml:1:8: error: title:" in process.stderr
    assert "nosuch.yaml: no such file" in process.stderr


def test_every_shipped_scenario_is_valid_and_fits_the_schema_that_editors_use(tmp_path):
    schema = json.loads(done("schema", cwd=tmp_path))
    jsonschema.Draft202012Validator.check_schema(schema)
    files = [path for path in shipped_scenarios().glob("*.yaml") if path.stem != "sources"]
    assert done("validate", *files, cwd=tmp_path).count(": valid: ") == len(files)


# Overrides


@pytest.mark.parametrize(
    ("override", "place", "says"),
    [
        ("mines.short.self_destruct.failure=1.2", 41, "must be between 0 and 1, got 1.2"),
        ("mines.short.self_destruct.failur=0.2", 7, "unknown key, did you mean 'failure'?"),
        ("horizon=2", 15, "needs a unit"),
        ("horizon", 7, "must look like path=value"),
        ("mines.shorts.self_destruct.failure=0.2", 7, "did you mean 'short'?"),
    ],
)
def test_a_wrong_override_is_pointed_at_in_the_argument(override, place, says, folder):
    said = refused("run", "small.yaml", "-o", "out", "--set", override, cwd=folder)
    head, line, caret = said.splitlines()[:3]
    assert head.startswith(f"command line:1:{place}: error: ")
    assert line == f"    1 | --set {override}"
    assert caret.index("^") - len("      | ") == place - 1
    assert says in said


def test_an_override_of_a_class_that_no_compared_scenario_has_is_refused(folder):
    argument = "mines.shorts.self_destruct.failure=0.2"
    said = refused("compare", "reference.yaml", "small.yaml", "--set", argument, cwd=folder)
    assert said.startswith("command line:1:7: error: --set: no scenario has a class of mines 'shorts'")


def test_overrides_seed_and_replicates_are_what_is_run(folder):
    done(*RUN, "--set", "mines.short.self_destruct.failure=0.5", "--seed", "12", "--replicates", "3", cwd=folder)
    manifest = json_of(folder / "out/manifest.json")
    tree = manifest["scenarios"][0]["tree"]
    assert (manifest["seed"], manifest["options"]["replicates"], manifest["replicates_played"]) == (12, 3, 3)
    assert (tree["seed"], tree["replicates"], tree["mines"]["short"]["self_destruct"]["failure"]) == (12, 3, 0.5)


def test_an_override_of_a_class_reaches_the_compared_scenarios_that_have_it(folder):
    done("compare", "reference.yaml", "small.yaml", "-o", "out", "--no-figures", "--replicates", "2",
         "--set", "mines.short.count=100", "--set", "mines.old.count=50", cwd=folder)  # fmt: skip
    trees = [entry["tree"]["mines"] for entry in json_of(folder / "out/manifest.json")["scenarios"]]
    assert [{name: kind["count"] for name, kind in mines.items()} for mines in trees] == [
        {"old": 50},
        {"old": 50, "short": 100},
    ]


# Running and comparing


def test_a_run_prints_the_answer_and_where_it_is(folder):
    shown = done(*RUN, cwd=folder)
    assert shown.startswith("small: Two kinds of mines in a small valley\n")
    assert "A model of civilian harm and clean-up; no result is evidence that land is safe." in shown
    assert "Means of 6 simulated worlds" in shown
    assert shown.endswith("\nWritten to out: curves.csv, summary.json, worlds.csv, manifest.json.\n")
    assert sorted(path.name for path in (folder / "out").iterdir()) == [
        "curves.csv", "manifest.json", "summary.json", "worlds.csv"
    ]  # fmt: skip


def test_a_result_goes_to_a_folder_named_after_the_scenarios_unless_told_otherwise(folder):
    done("run", "nothing.yaml", "--no-figures", cwd=folder)
    done("compare", "reference.yaml", "small.yaml", "--method", "expected", "--no-figures", cwd=folder)
    assert sorted(path.name for path in (folder / "results").iterdir()) == ["nothing", "reference-and-small"]


def test_a_quiet_run_prints_nothing(folder):
    assert done(*RUN, "--quiet", "--replicates", "2", cwd=folder) == ""
    assert (folder / "out/manifest.json").is_file()


def test_figures_are_drawn_unless_they_are_not_wanted(folder):
    shown = done("compare", "reference.yaml", "small.yaml", "-o", "out", "--replicates", "2", cwd=folder)
    drawn = sorted(path.name for path in (folder / "out/figures").iterdir())
    assert {"hazardous.png", "hazardous.svg"} <= set(drawn)
    assert f"and {len(drawn) // 2} figures (PNG and SVG)." in shown
    assert json_of(folder / "out/manifest.json")["figures"].keys() == {f"figures/{name}" for name in drawn}


def test_what_was_never_seen_is_printed_as_an_upper_bound_and_never_as_nothing(folder):
    shown = done("run", "nothing.yaml", "-o", "out", "--no-figures", cwd=folder)
    # -log(0.05) / 4 runs, rounded up, for mines; times 1.44 people an accident, and 0.3 of them dead.
    assert "After 120 days, fewer than 0.75 of 50 mines are still hazardous (none in 4 runs)." in shown
    assert "Over 200 days, fewer than 1.1 casualties are expected (none in 4 runs)." in shown
    cells = {line.rsplit("  ", 1)[0].strip(): line.rsplit("  ", 1)[-1].strip() for line in shown.splitlines()}
    assert cells["hazardous mines after 30 days"] == "< 0.75 (none in 4 runs)"
    assert cells["casualties [people]"] == "< 1.1 (none in 4 runs)"
    assert cells["killed [people]"] == "< 0.33 (none in 4 runs)"
    assert not {label for label, cell in cells.items() if cell == "0" or cell.startswith("0 (")}
    assert "this is the upper bound of the mean (95 % confidence)" in shown


def test_the_closed_form_prints_no_ranges_and_no_nothing(folder):
    shown = done("compare", "reference.yaml", "nothing.yaml", "--set", "horizon=200 days", "--method", "expected",
                 "-o", "out", "--no-figures", cwd=folder)  # fmt: skip
    assert "Expected values show neither chance nor doubt about the inputs." in shown
    assert "Expected values of the closed form; nothing was simulated." in shown
    assert " runs" not in shown
    assert "nothing leads to " in shown
    assert "differences.csv" in shown


def test_precision_stops_early_and_says_so(folder):
    shown = done(*RUN, "--replicates", "300", "--precision", "20%", cwd=folder)
    manifest = json_of(folder / "out/manifest.json")
    played = manifest["replicates_played"]
    assert played % 10 == 0
    assert played < 300
    assert f"Precision of 20 % reached after {played} replicates." in shown
    assert json_of(folder / "out/summary.json")["precision"] == {"asked": 0.2, "reached": True}
    assert manifest["options"] == {
        "method": "simulate",
        "replicates": 300,
        "precision": 0.2,
        "map_days": [30.0, 365.25, 3652.5],
        "uncertain": 0,
    }
    assert done("rerun", "out", cwd=folder).startswith("identical: ")


def test_precision_that_is_not_reached_is_said_so(folder):
    shown = done(*RUN, "--replicates", "10", "--precision", "0.01%", cwd=folder)
    assert "Precision of 0.01 % NOT reached after 10 replicates." in shown


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("horizon: 3 years", "reference.yaml:6:10: error: horizon: is 1095.75 days, but 400"),
        ("start: 2024-11-01", "reference.yaml:6:8: error: start: is 2024-11-01, but 2024-12-01 in the reference small"),
    ],
)
def test_scenarios_of_other_times_are_not_compared(override, says, folder):
    reference = folder / "reference.yaml"
    reference.write_text(f"{reference.read_text(encoding='utf-8')}{override}\n", encoding="utf-8")
    said = refused("compare", "small.yaml", "reference.yaml", "-o", "out", cwd=folder)
    assert says in said
    assert "a comparison needs the same" in said


def test_scenarios_of_the_same_name_are_told_apart(folder):
    other = folder / "other"
    other.mkdir()
    (other / "small.yaml").write_text(changed(SMALL, ("count: 60", "count: 50")), encoding="utf-8")
    (folder / "small-2.yaml").write_text(SMALL, encoding="utf-8")
    done("compare", "small.yaml", "small-2.yaml", "other/small.yaml", "--method", "expected", "-o", "out",
         "--no-figures", cwd=folder)  # fmt: skip
    assert list(json_of(folder / "out/summary.json")["scenarios"]) == ["small", "small-2", "small-3"]
    assert {row["scenario"] for row in rows_of(folder / "out/curves.csv")} == {"small", "small-2", "small-3"}


def test_names_and_titles_that_a_terminal_would_obey_are_printed_harmlessly(folder):
    title = 'title: "caf\\u00e9 \\U0001f30d"'
    text = changed(SMALL, ("title: Two kinds of mines in a small valley", title))
    name = os.fsdecode(b"caf\xe9 \x1b[31m.yaml")
    (folder / name).write_text(text, encoding="utf-8")
    shown = done("run", name, "-o", "out", "--no-figures", "--replicates", "2", cwd=folder)
    assert "\x1b" not in shown
    assert shown.startswith("caf? ?[31m: café 🌍\n")
    assert done("rerun", "out", cwd=folder).startswith("identical: ")
    assert done("validate", name, cwd=folder, PYTHONIOENCODING="ascii") == "caf? ?[31m.yaml: valid: caf? ?\n"


# Where results go


@pytest.mark.parametrize(
    ("out", "says"),
    [
        ("small.yaml", "-o: small.yaml is a file; give a folder"),
        ("small.yaml/out", "-o: cannot write to small.yaml/out: Not a directory"),
        ("/proc/minesim/out", "-o: cannot write to /proc/minesim/out: "),
        ("n" * 300, "File name too long"),
        (".", "is or holds the folder you are in"),
        ("", "is or holds the folder you are in"),
        ("..", "is or holds the folder you are in"),
        ("/", "is or holds the folder you are in"),
        ("mine", "-o: mine holds files that are not a result of minesim; give another folder"),
    ],
)
def test_a_place_that_cannot_take_a_result_is_refused_before_the_run(out, says, folder):
    (folder / "mine").mkdir()
    (folder / "mine" / "thesis.txt").write_text("ten years of work", encoding="utf-8")
    assert says in refused("run", "small.yaml", "--no-figures", "-o", out, cwd=folder)


def test_folders_above_a_result_are_made_and_an_empty_folder_is_used(folder):
    (folder / "empty").mkdir()
    done(*RUN[:-1], "empty", "--replicates", "2", cwd=folder)
    done(*RUN[:-1], "a/b/c", "--replicates", "2", cwd=folder)
    assert (folder / "empty/manifest.json").is_file()
    assert (folder / "a/b/c/manifest.json").is_file()
    assert not list(folder.rglob("*.incomplete"))


def test_a_full_disk_ends_a_run_with_a_message_and_leaves_nothing(folder):
    limited = "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)); " \
              "sys.argv[0] = 'minesim'; from simulator.cli import main; main()"  # fmt: skip
    before = files_below(folder)
    command = [sys.executable, "-c", limited, *RUN[:-1], "a/b/out"]
    process = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, check=False)
    assert process.returncode == 2
    way_out = "make room and run the same command again, it goes on from what is kept"
    assert process.stderr == f"error: -o: cannot write to a/b/out: File too large; {way_out}\n"
    assert files_below(folder) == before


def test_another_result_is_not_replaced_without_force(folder):
    done(*RUN, cwd=folder)
    before = files_below(folder)
    said = refused(*RUN, "--seed", "8", cwd=folder)
    assert "-o: out holds another result (small); give another folder, or --force to replace it" in said
    assert files_below(folder) == before
    done(*RUN, "--seed", "8", "--force", cwd=folder)
    assert json_of(folder / "out/manifest.json")["seed"] == 8
    assert not list(folder.glob("out.*"))


def test_the_same_computation_may_be_repeated_in_place(folder):
    nothing = ("run", "nothing.yaml", "--no-figures", "-o", "out")
    done(*nothing, cwd=folder)
    before = files_below(folder / "out")
    done(*nothing, cwd=folder)
    after = files_below(folder / "out")
    assert after.keys() == before.keys()
    assert {name for name in before if before[name] != after[name]} <= {"manifest.json"}


# Checks


def test_simulation_and_closed_form_agree_on_a_users_scenario(folder):
    shown = done("verify", "small.yaml", "--replicates", "30", cwd=folder)
    assert "Simulation and closed form agree: the largest of 144 scores is " in shown
    assert shown.splitlines()[2].split()[:2] == ["day", "hazardous"]
    assert done("verify", "small.yaml", "--replicates", "30", "--quiet", cwd=folder) == ""


def test_a_check_that_fails_says_so_even_when_quiet_and_exits_with_1(folder):
    # The closed form of another accident rate, as a mistake in the engine would look.
    broken = """
import sys, dataclasses
from simulator import commands
from simulator.cli import main
honest = commands.expected
def wrong(world):
    found = honest(world)
    return dataclasses.replace(found, curves=dataclasses.replace(found.curves, hazardous=found.curves.hazardous * 1.2))
commands.expected = wrong
sys.argv = ["minesim", "verify", "small.yaml", "--replicates", "30", "--quiet"]
main()
"""
    command = [sys.executable, "-c", broken]
    process = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, check=False)
    assert process.returncode == 1
    assert process.stdout == ""
    assert process.stderr.startswith("Simulation and closed form DISAGREE: the largest of 144 scores is ")


# Explaining, sources, projects


def test_every_key_is_explained_with_a_meaning_and_what_can_be_written():
    keys = list(every_key())
    assert len(keys) > 140
    for key in keys:
        lines = explanation(key).splitlines()
        assert lines[0] == key
        assert lines[1].startswith("  ")
        assert not lines[1].startswith(("  write:", "  default:", "  keys:")), key
        text = "\n".join(lines)
        assert "None" not in text
        assert "write: " in text or "keys:" in text, key


@pytest.mark.parametrize(
    ("key", "lines"),
    [
        ("mines.battery.failure", [
            "mines.NAME.battery.failure",
            "  share of mines that do not become inert although the battery ages (f2)",
            "  write: a probability between 0 and 1, such as 0.1, 10 %, 6 per million or 1 in 1000; or a sourced value "
            "{value, source, grade, note, uncertainty}; or {one_of: [{weight: …, …}, …]}",
            "  units: %, percent, per thousand, per million, or none",
            "  required",
            "  how to obtain it: No public field measurement exists. Use a range, bounded by clean tests on one side "
            "and "
            "by no credit (1) on the other, and run backup-not-credited.yaml beside it.",
            "  caution: Do not derive it from claims on both devices together without naming the self-destruct rate "
            "you "
            "divide by: 6 in a million in all is 6 in 100 of the 1 in 10,000 left over.",
        ]),
        ("region.cell", [
            "region.cell",
            "  side of the square cells the region is divided into",
            "  write: a length above 0 and at most 20000 km, such as 40 km; or a sourced value "
            "{value, source, grade, note, uncertainty}; or {one_of: [{weight: …, …}, …]}",
            "  units: m, km",
            "  default: 1 km",
            "  how to obtain it: Use the size of what is marked or released at once, typically 200 m to 1 km; ask "
            "how the "
            "mine action centre splits its tasks.",
            "  caution: All of a cell is treated alike, marked as a whole and denied as a whole. Land denied grows "
            "with "
            "the cell; try half the side and report the difference.",
        ]),
        ("thresholds", [
            "thresholds",
            "  individual risk of death to compare with",
            "  write: a list of at most 20 values, each: a rate above 0 per year, such as 1e-4 per year",
            "  default: [1e-4 per year, 1e-6 per year]",
            "  how to obtain it: Use those the authority of your country names; the shipped ones are of the British "
            "safety authority (HSE, 2001).",
            "  caution: They are yardsticks for death a year and person, made for industry in peace. Mine action "
            "standards set no number. Being below one is no evidence that land is safe.",
        ]),
    ],
)  # fmt: skip
def test_an_explanation_gives_type_range_units_default_and_advice(key, lines, tmp_path):
    assert done("explain", key, cwd=tmp_path).splitlines() == lines


def test_what_is_not_given_by_default_is_said_so():
    assert explanation("civilians.killed_share").splitlines()[4] == "  default: not given"
    assert explanation("mines.ageing").splitlines()[3] == "  default: never"
    assert explanation("mines.my-own-class.placement").splitlines()[3] == "  default: uniform"


def test_a_key_that_exists_elsewhere_is_found_for_the_user():
    with pytest.raises(InputError, match=r"no such key here; there is civilians\.season"):
        explanation("region.season")


def test_sources_are_listed_in_lines_that_can_be_read(tmp_path):
    shown = done("sources", cwd=tmp_path)
    assert shown.startswith("ccw-apii-1996\n    Protocol on Prohibitions")
    assert all(len(line) <= 100 for line in shown.splitlines() if "http" not in line)


def test_the_provenance_of_a_scenario_begins_with_its_assumptions(tmp_path):
    shown = done("sources", shipped_scenarios() / "official-claim.yaml", cwd=tmp_path)
    named = [line.split(": ")[1].split(",")[0] for line in shown.splitlines() if line.startswith("    source: ")]
    assert "assumption" in named
    assert named == sorted(named, key=lambda source: source != "assumption")
    for source in set(named) - {"assumption"}:
        assert f"\n{source}\n    " in shown


def test_a_scenario_without_sources_says_so(folder):
    assert done("sources", "small.yaml", cwd=folder) == "No number of this scenario names its source.\n"


def test_a_new_project_prints_the_command_that_uses_it(tmp_path):
    shown = done("init", "my study", cwd=tmp_path)
    command = shown.splitlines()[-1].strip()
    assert command == "minesim compare 'my study/persistent.yaml' 'my study/treaty-limit.yaml' -o 'my study/results'"
    assert json_of(tmp_path / "my study/scenario.schema.json") == json.loads(done("schema", cwd=tmp_path))
    done("compare", "my study/persistent.yaml", "my study/treaty-limit.yaml", "-o", "my study/results",
         "--method", "expected", "--no-figures", cwd=tmp_path)  # fmt: skip
    refused("init", "my study", cwd=tmp_path)


# Readers that leave


@pytest.mark.parametrize("arguments", [["sources"], ["schema"], ["--help"], ["explain"], [*RUN, "--replicates", "2"]],
                         ids=lambda arguments: arguments[0])  # fmt: skip
def test_a_reader_that_leaves_early_ends_nothing(arguments, folder):
    command = [sys.executable, "-m", "simulator", *arguments]
    with subprocess.Popen(
        command, cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait() == 0
    assert signal.SIGPIPE not in {process.returncode, -process.returncode}
    if arguments[0] == "run":
        assert (folder / "out/manifest.json").is_file()


def test_a_command_whose_output_is_closed_still_does_its_work(folder):
    closed = "import os, sys; os.close(1); os.close(2); os.execv(sys.executable, [sys.executable, '-m', 'simulator', " \
             "'run', 'nothing.yaml', '--no-figures', '-o', 'out'])"  # fmt: skip
    assert subprocess.run([sys.executable, "-c", closed], cwd=folder, env=environment(), check=False).returncode == 0
    assert (folder / "out/manifest.json").is_file()


def test_a_check_that_fails_is_not_hidden_by_a_reader_that_leaves(folder):
    done("run", "nothing.yaml", "-o", "out", "--no-figures", cwd=folder)
    with (folder / "out/curves.csv").open("a", encoding="utf-8") as stream:
        stream.write("one line more\n")
    command = [sys.executable, "-m", "simulator", "rerun", "out"]
    with subprocess.Popen(
        command, cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait() == 1
