"""The verb ``standards`` as a user meets it: its sentences, its table, what it refuses, and what it loads."""

import re
import subprocess
import sys

import pytest
from building import CONTRACT
from terminal import done, environment, refused, written_scenarios

from simulator.scenario_file import shipped_scenarios

SCENARIOS = shipped_scenarios()
RULE = "{title: a rule of ours, measure: functioning, after: 1 year, limit: 2 %, source: assumption, note: a test}"


def cells(shown):
    """The rows of the table, each as a list of its cells."""
    lines = shown.splitlines()
    start = next(index for index, line in enumerate(lines) if line.startswith("---"))
    rows = []
    for line in lines[start + 1 :]:
        if not line:
            return rows
        rows.append(re.split(r"  +", line))
    raise AssertionError("the table does not end")


def flowing(shown):
    """The text without its line breaks."""
    return " ".join(shown.split())


def test_without_stated_uncertainty_the_treaty_scenario_is_judged_by_its_values(tmp_path):
    shown = done("standards", SCENARIOS / "treaty-limit.yaml", cwd=tmp_path)
    assert shown.splitlines()[:3] == [
        "treaty-limit's battery-limited mines: 10.1 % have not self-destructed after 30 days (9.82 % still function, "
        "0.282 % are inert), the limit of CCW Amended Protocol II is 10 %: not met by the stated values.",
        "treaty-limit's battery-limited mines: 0.0996 % still function after 120 days, the limit of CCW Amended "
        "Protocol II is 0.1 %: met by the stated values.",
        "treaty-limit's battery-limited mines: 10.1 % have not self-destructed after 30 days (9.82 % still function, "
        "0.282 % are inert), the limit of the US policy of 2020 is 10 %: not met by the stated values.",
    ]
    rows = cells(shown)
    assert len(rows) == 4
    # Of 10,000 mines at 0.09964 % each, at most 10 with probability 0.588.
    assert rows[1] == [
        "battery-limited, CCW Amended Protocol II", "functions, 120 days", "0.1 %", "0.0996 %", "none stated",
        "yes, as stated", "0.05 to 0.15 %", "58.8 %",
    ]  # fmt: skip
    said = flowing(shown)
    assert "met or not met is no probability there" in said
    assert "The limits allow, one after the other, 1,000, 10, 1,000 and 0 of 10,000 activated battery-limited" in said
    assert "Of 6 numbers of the devices, 3 are assumptions, 4 are of low or very low grade, and 0 name no" in said
    assert "no share that may fail is named" in said
    assert said.endswith("A criterion that is met is no evidence that land is safe.")
    assert list(tmp_path.iterdir()) == []


def test_the_official_scenario_is_on_the_official_limit_and_its_uncertainty_speaks_against_it(tmp_path):
    shown = done("standards", SCENARIOS / "official-claim.yaml", "-n", 256, cwd=tmp_path)
    lines = shown.splitlines()
    assert lines[0].endswith("is 10 %: met by the stated values, and no stated uncertainty moves it.")
    assert "a probability of at least 98.8 % (all of 256 parameter sets meet it)" in lines[1]
    assert lines[3].startswith(
        "official-claim's battery-limited mines: 6 per million still function after 30 days, exactly the limit of the "
        "official claim of 2020: met by the stated values; over the uncertain inputs the share is 16."
    )
    assert re.search(r"with a probability of 1[12]\.?\d* % \(\S+ % to \S+ % with 256 parameter sets\)\.$", lines[3])
    rows = cells(shown)
    assert rows[0][4:6] == ["not moved", "yes, as stated"]
    assert rows[1][5] == "at least 98.8 %"
    known = "mines.battery-limited.battery.failure: triangular 0 % to 50 % (assumption, very low grade)"
    assert known in flowing(shown)


def test_persistent_mines_fail_plainly(tmp_path):
    shown = done("standards", SCENARIOS / "persistent.yaml", "--sets", 16, cwd=tmp_path)
    rows = cells(shown)
    assert [row[3] for row in rows] == ["100 %", "99.4 %", "100 %", "99.9 %"]
    assert all(row[5] in {"no, as stated", "at most 18 %"} for row in rows)
    assert shown.count("not met by the stated values") == 4


def test_every_class_is_held_against_every_criterion_and_lots_are_said_to_be_approximate(tmp_path):
    shown = done("standards", CONTRACT / "full.yaml", "--sets", 32, cwd=tmp_path)
    assert [row[0].partition(",")[0] for row in cells(shown)] == ["legacy"] * 4 + ["battery-limited"] * 4
    said = flowing(shown)
    assert "297, 2, 297 and 0 of 2,970 activated battery-limited mines (in lots of 500: approximate)" in said
    assert "mines.battery-limited.battery.failure: 0 failures in 60,000 tests (bloomfield-2004, low grade)" in said
    assert "civilians" not in said


def test_a_seed_gives_its_own_sets_and_the_same_ones_again(tmp_path):
    claim = ("standards", SCENARIOS / "official-claim.yaml", "--sets", 16, "--seed")
    first, other = (done(*claim, seed, cwd=tmp_path) for seed in (20241201, 5))
    assert "seed 5" in flowing(other)
    assert cells(first) != cells(other)
    # 20241201 is the seed of the scenario.
    assert first == done(*claim[:-1], cwd=tmp_path)


def test_a_value_that_is_set_decides(tmp_path):
    better = done("standards", SCENARIOS / "treaty-limit.yaml",
                  "--set", "mines.battery-limited.self_destruct.failure=9.8%", cwd=tmp_path)  # fmt: skip
    assert "9.9 % have not self-destructed" in better.splitlines()[0]
    assert better.splitlines()[0].endswith("is 10 %: met by the stated values.")


def test_criteria_of_ones_own_take_the_place_of_those_shipped(tmp_path):
    written_scenarios(tmp_path)
    (tmp_path / "own.yaml").write_text(f"ours: {RULE}\n", encoding="utf-8")
    shown = done("standards", "small.yaml", "--standards", "own.yaml", cwd=tmp_path)
    assert shown.splitlines()[:2] == [
        "small's old mines: 98.3 % still function after 1 year, the limit of a rule of ours is 2 %: not met by the "
        "stated values.",
        "small's short mines: 0.1 % still function after 1 year, the limit of a rule of ours is 2 %: met by the stated "
        "values.",
    ]
    assert "a rule of ours, functions, 1 year (assumption). a test" in flowing(shown)
    assert "CCW" not in shown


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["small.yml"], "error: small.yml: no such file, did you mean 'small.yaml'?"),
        (["small.yaml", "--sets", "1"], "'--sets': must be a whole number from 2 to 100000, got 1"),
        (["small.yaml", "--set", "mines.short.self_destruct.failure=2"], "mines.short.self_destruct.failure: must be"),
        (["small.yaml", "--standards", "none.yaml"], "none.yaml: cannot be read"),
        (["small.yaml", "--standards", "wrong.yaml"], "wrong.yaml:1:75: error: ours.limit: must be between 0 and 1"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_input_is_refused_at_its_place(options, says, tmp_path):
    written_scenarios(tmp_path)
    (tmp_path / "wrong.yaml").write_text(f"ours: {RULE.replace('2 %', '200 %')}\n", encoding="utf-8")
    assert says in refused("standards", *options, cwd=tmp_path)


def test_help_names_every_option_with_examples(tmp_path):
    shown = done("standards", "--help", cwd=tmp_path)
    assert "\n    minesim standards scenarios/treaty-limit.yaml\n" in shown
    for option in ("--set", "--seed", "-n, --sets", "--standards"):
        assert f"\n  {option} " in shown


def test_the_verb_loads_no_library_before_it_runs(tmp_path):
    code = "import sys, simulator.verbs_standards as _; print(*sorted(sys.modules))"
    process = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment(), capture_output=True,
                             text=True, check=True)  # fmt: skip
    assert not {"numpy", "scipy", "pydantic", "ruamel.yaml"} & set(process.stdout.split())


def test_the_numbers_need_no_distributions_library_but_for_the_parameter_sets(tmp_path):
    code = "import sys, simulator.standards as _; print(*sorted(sys.modules))"
    process = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment(), capture_output=True,
                             text=True, check=True)  # fmt: skip
    assert not {"scipy.stats", "matplotlib", "shapely", "simpy"} & set(process.stdout.split())
