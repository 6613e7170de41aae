"""Sweeps, sensitivity, break-even and attribution through the command, as a user types it."""

import csv

import numpy as np
import pytest

from simulator.closed_form import expected
from simulator.metrics import expected_value, metrics
from simulator.scenario_file import load
from simulator.world import build_world, stream_slots
from tests.terminal import done, files_below, json_of, minesim, refused, rows_of

SWEEP = ("sweep", "small.yaml", "--no-figures")
FAILURE = "mines.battery-limited.self_destruct.failure"


SMALL = """\
title: Short-lived mines in a small valley
start: 2024-12-01
horizon: 3 years
seed: 7
replicates: 6
region: {rectangle: {width: 3 km, height: 2 km}, cell: 1 km}
mines:
  battery-limited:
    count: 1000
    laid: 2024-12-01
    self_destruct: {time: {normal: {mean: 15 days, sd: 2 days}}, failure: 10 %}
    battery: {life: {weibull: {shape: 4, scale: 81.9 days}}, failure: 1 %}
civilians:
  density: 14 per km2
  accident_rate: 0.01 per mine-year
  reference_density: 14 per km2
  casualties_per_accident: 1.44
  killed_share: 0.3
  child_share: 0.1
"""
REFERENCE = """\
extends: small.yaml
title: Old mines
mines:
  battery-limited: null
  old: {count: 1000, laid: 2024-12-01, ageing: {exponential: {mean: 57.7 years}}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Scenarios, as a user has them in a folder."""
    folder = tmp_path_factory.mktemp("studies")
    for name, text in (("small", SMALL), ("reference", REFERENCE), ("uncertain", UNCERTAIN)):
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def exact(folder, metric, *overrides, name="small.yaml"):
    """A metric in closed form of a scenario as it is loaded with --set."""
    chosen = overrides if name == "small.yaml" else [text for text in overrides if not text.startswith("mines.")]
    world = build_world(load(folder / name, chosen))
    its = next(one for one in metrics(world) if one.name == metric)
    return expected_value(its, world, expected(world))


def is_close(cell, entry):
    """Whether a cell of a CSV file is a number of a JSON file, but for the rounding of sums."""
    if cell == "" or entry is None:
        return cell == "" and entry is None
    return float(cell) == pytest.approx(entry, rel=1e-9, abs=1e-12)


def cells(path, metric):
    return [row for row in rows_of(path) if row["metric"] == metric]


def test_a_sweep_gives_at_each_point_what_the_scenario_with_that_value_gives(folder):
    done(*SWEEP, "--vary", f"{FAILURE}=0,5%,50%", "--method", "expected", "-o", "exact", cwd=folder)
    rows = cells(folder / "exact" / "sweep.csv", "casualties")
    assert [row[FAILURE] for row in rows] == ["0", "0.05", "0.5"]
    for row in rows:
        value = exact(folder, "casualties", f"{FAILURE}={row[FAILURE]}")
        assert float(row["mean"]) == pytest.approx(value, rel=1e-11)
        assert row["standard_error"] == "0"
        assert row["p05"] == row["p95"] == ""


def test_a_sweep_of_two_numbers_has_every_combination_the_first_turning_slowest(folder):
    vary = ["--vary", f"{FAILURE}=0:20%:3", "--vary", "mines.battery-limited.count=100:10000:3:log"]
    done(*SWEEP, *vary, "--method", "expected", "-o", "two", cwd=folder)
    rows = cells(folder / "two" / "sweep.csv", "mine_days")
    pairs = [(row[FAILURE], row["mines.battery-limited.count"]) for row in rows]
    assert pairs == [(a, b) for a in ("0", "0.1", "0.2") for b in ("100", "1000", "10000")]
    assert float(rows[-1]["mean"]) == pytest.approx(100 * float(rows[-3]["mean"]), rel=1e-9)


def test_a_simulated_sweep_agrees_with_its_closed_form_and_is_paired_with_the_reference(folder):
    vary = ["--vary", f"{FAILURE}=2%,40%", "--against", "reference.yaml", "--replicates", "40"]
    done(*SWEEP, *vary, "-o", "played", cwd=folder)
    done(*SWEEP, *vary, "--method", "expected", "-o", "expected", cwd=folder)
    for name in ("hazardous_at_30_days", "mine_days", "casualties"):
        played, truth = (cells(folder / which / "sweep.csv", name) for which in ("played", "expected"))
        # Two points of three metrics: five standard errors are passed once in 250,000 times.
        for one, other in zip(played, truth, strict=True):
            assert abs(float(one["mean"]) - float(other["mean"])) < 5 * float(one["standard_error"]) + 1e-9
        played, truth = (cells(folder / which / "differences.csv", name) for which in ("played", "expected"))
        for one, other in zip(played, truth, strict=True):
            assert abs(float(one["difference"]) - float(other["difference"])) < 5 * float(one["standard_error"]) + 1e-9
            assert float(one["ratio_p05"]) <= float(one["ratio"]) <= float(one["ratio_p95"])


def test_a_point_of_a_sweep_is_the_comparison_with_that_value(folder):
    vary = ["--vary", f"{FAILURE}=7%", "--against", "reference.yaml", "--replicates", "12"]
    done(*SWEEP, *vary, "-o", "one-point", cwd=folder)
    overrides = ("--set", f"{FAILURE}=7%", "--replicates", "12", "--no-figures")
    done("compare", "reference.yaml", "small.yaml", *overrides, "-o", "compared", cwd=folder)
    summary = json_of(folder / "compared" / "summary.json")
    for row in rows_of(folder / "one-point" / "sweep.csv"):
        entry = summary["scenarios"]["small"]["metrics"][row["metric"]]
        for field in ("mean", "standard_error", "p05", "p95"):
            assert is_close(row[field], entry[field]), (row["metric"], field)
    found = summary["comparisons"][0]["differences"]
    for row in rows_of(folder / "one-point" / "differences.csv"):
        for field in ("difference", "standard_error", "p05", "p95", "ratio", "ratio_p05", "ratio_p95"):
            assert is_close(row[field], found[row["metric"]][field]), (row["metric"], field)


def test_what_is_varied_outside_the_mines_changes_the_reference_too(folder):
    vary = ["--vary", "civilians.accident_rate=1e-3 per mine-year,1e-2 per mine-year", "--against", "reference.yaml"]
    done(*SWEEP, *vary, "--method", "expected", "-o", "rate", cwd=folder)
    for row in cells(folder / "rate" / "differences.csv", "casualties"):
        override = f"civilians.accident_rate={row['civilians.accident_rate']} per mine-year"
        before = exact(folder, "casualties", override, name="reference.yaml")
        after = exact(folder, "casualties", override)
        assert float(row["difference"]) == pytest.approx(after - before, rel=1e-9)


def test_what_the_reference_does_not_have_is_varied_in_the_scenario_alone(folder):
    teams = "clearance: {from: 2025-03-01, teams: 1, rate: 20000 m2 per team-day, detection: 0.99}"
    (folder / "cleared.yaml").write_text(f"extends: small.yaml\ntitle: Cleared\n{teams}\n", encoding="utf-8")
    vary = ("--vary", "clearance.teams=1,4", "--against", "small.yaml", "--replicates", "4", "--no-figures")
    done("sweep", "cleared.yaml", *vary, "-o", "teams", cwd=folder)
    one, four = (float(row["difference"]) for row in cells(folder / "teams" / "differences.csv", "denied_km2_years"))
    assert four < one < 0


def test_curves_of_a_short_sweep_are_those_of_single_runs(folder):
    done(*SWEEP, "--vary", f"{FAILURE}=10%,30%", "--replicates", "6", "-o", "lines", cwd=folder)
    overrides = ("--set", f"{FAILURE}=30%", "--replicates", "6", "--no-figures")
    done("run", "small.yaml", *overrides, "-o", "single", cwd=folder)
    lines = [row for row in rows_of(folder / "lines" / "curves.csv") if row[FAILURE] == "0.3"]
    single = [row for row in rows_of(folder / "single" / "curves.csv") if row["mines"] == "all"]
    for quantity in ("hazardous", "casualties"):
        ours, its = ([row for row in rows if row["quantity"] == quantity] for rows in (lines, single))
        assert [row["time_days"] for row in ours] == [row["time_days"] for row in its]
        for field in ("mean", "p05", "p50", "p95"):
            assert np.allclose([float(row[field]) for row in ours], [float(row[field]) for row in its], rtol=1e-9)


def test_workers_change_no_byte_of_a_study(folder):
    vary = [*SWEEP, "--vary", f"{FAILURE}=0:50%:5", "--against", "reference.yaml", "--replicates", "4"]
    done(*vary, "-o", "alone", cwd=folder)
    done(*vary, "--workers", "2", "-o", "together", cwd=folder)
    for name in ("sweep.csv", "differences.csv", "summary.json"):
        assert (folder / "alone" / name).read_bytes() == (folder / "together" / name).read_bytes()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--vary", "mines.battery-limited.self_destruct.failur=0,1"], "did you mean"),
        (["--vary", "mines.other.count=1,2"], "no mine class 'other', there is battery-limited"),
        (["--vary", "mines.battery-limited.laid=1,2"], "is no number of the scenario that can be varied"),
        (["--vary", "seed=1,2"], "is no number of the scenario that can be varied"),
        (["--vary", "title=a,b"], "is no number of the scenario that can be varied"),
        (["--vary", f"{FAILURE}"], "must look like PATH=a,b,c"),
        (["--vary", f"{FAILURE}="], "must look like PATH=a,b,c"),
        (["--vary", f"{FAILURE}=0,,1"], "must be a probability"),
        (["--vary", f"{FAILURE}=0,ten"], "must be a probability"),
        (["--vary", f"{FAILURE}=0,1.2"], "must be between 0 and 1, got 1.2"),
        (["--vary", f"{FAILURE}=0:2:5"], "must be between 0 and 1, got 2"),
        (["--vary", f"{FAILURE}=0:50%"], "a range must look like low:high:n"),
        (["--vary", f"{FAILURE}=0:50%:1"], "2 or more"),
        (["--vary", f"{FAILURE}=0:50%:0"], "2 or more"),
        (["--vary", f"{FAILURE}=0:50%:-3"], "2 or more"),
        (["--vary", f"{FAILURE}=50%:0:5"], "must rise from low to high"),
        (["--vary", f"{FAILURE}=0:50%:5:log"], "must begin above 0"),
        (["--vary", f"{FAILURE}=0:50%:5:lin"], "a range must look like low:high:n"),
        (["--vary", f"{FAILURE}=10%,10%"], "the same value twice"),
        (["--vary", f"{FAILURE}=20%,10%"], "must rise from value to value"),
        (["--vary", f"{FAILURE}=0:1:1000000000"], "at most 1,000,000 points"),
        (["--vary", f"{FAILURE}=0:1:40000", "--vary", "mines.battery-limited.count=1:40000:40000"], "1,600,000,000"),
        (["--vary", f"{FAILURE}=0,1", "--vary", f"{FAILURE}=0,1"], "is varied twice"),
        (["--vary", "mines.battery-limited.count=1.5,3"], "must be a whole number"),
        (["--vary", "mines.battery-limited.battery.life=10,20"], "needs a unit"),
        (["--vary", "civilians.density=1 per km2,nan per km2"], "must be a density"),
        (["--vary", f"{FAILURE}=0,1", "--metric", "casualty"], "did you mean 'casualties'"),
        (["--vary", f"{FAILURE}=0,1", "--against", "missing.yaml"], "no such file"),
        (["--vary", f"{FAILURE}=0,1", "--replicates", "1"], "must be a whole number from 2"),
        (["--vary", f"{FAILURE}\u202e=0,1"], "is no number"),
    ],
)  # fmt: skip
def test_what_cannot_be_swept_is_refused_before_anything_runs(folder, arguments, said):
    assert said in refused(*SWEEP, *arguments, "-o", "never", cwd=folder)


def test_all_wrong_axes_are_reported_at_once_with_their_places(folder):
    vary = ["--vary", f"{FAILURE}=0,2", "--vary", "mines.battery-limited.cout=1,2"]
    lines = refused(*SWEEP, *vary, "-o", "never", cwd=folder).splitlines()
    assert sum(line.startswith("command line:1:") for line in lines) == 2
    assert f"    1 | --vary {FAILURE}=0,2" in lines
    caret = lines[lines.index(f"    1 | --vary {FAILURE}=0,2") + 1]
    assert caret.index("^") - caret.index("|") == len(f" --vary {FAILURE}=0,") + 1


def test_a_sweep_computed_again_is_identical_and_a_changed_number_is_found(folder):
    done(*SWEEP, "--vary", f"{FAILURE}=0,30%", "--replicates", "4", "-o", "again", cwd=folder)
    assert "identical: curves.csv, summary.json, sweep.csv" in done("rerun", "again", cwd=folder)
    path = folder / "again" / "sweep.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("0.3,", "0.4,", 1), encoding="utf-8")
    process = minesim("rerun", "again", cwd=folder)
    assert process.returncode == 1
    assert "sweep.csv: is not as it was written" in process.stdout


UNCERTAIN = """\
extends: small.yaml
title: What is not known
mines:
  battery-limited:
    self_destruct:
      failure: {value: 20 %, uncertainty: {uniform: [0, 40 %]}, source: assumption, grade: low, note: why}
civilians:
  accident_rate:
    value: 1e-2 per mine-year
    uncertainty: {uniform: [0.5e-2 per mine-year, 1.5e-2 per mine-year]}
    source: assumption
    grade: very low
    note: why
  child_share: {value: 0.1, uncertainty: {uniform: [0, 0.5]}, source: assumption, note: why}
"""


def test_sensitivity_finds_the_shares_of_a_model_that_is_nearly_linear(folder):
    done("sensitivity", "uncertain.yaml", "-n", "256", "-o", "shares", cwd=folder)
    rows = {row["input"]: row for row in rows_of(folder / "shares" / "sensitivity.csv")}
    # Children are no part of all casualties.
    assert abs(float(rows["civilians.child_share"]["total"])) < 1e-9
    total = sum(float(row["first"]) for row in rows.values())
    assert 0.9 < total < 1.01
    for row in rows.values():
        assert float(row["first_p05"]) <= float(row["first"]) <= float(row["first_p95"])
        assert float(row["first"]) <= float(row["total"]) + 0.02
    rate = rows["civilians.accident_rate"]
    assert (rate["grade"], rate["source"]) == ("very low", "assumption")
    # At the ends of an input the metric is that of the scenario with that value.
    low = exact(folder, "casualties", "civilians.accident_rate=0.0055 per mine-year", f"{FAILURE}=20%")
    assert float(rate["at_low"]) == pytest.approx(low, rel=1e-9)
    assert {path for path in files_below(folder / "shares") if path.endswith(".png")} == {
        "figures/indices.png", "figures/tornado.png",
    }  # fmt: skip


def test_simulated_sensitivity_has_no_noise_in_it(folder):
    asked = ("sensitivity", "uncertain.yaml", "-n", "16", "--no-figures")
    done(*asked, "-o", "by-formula", cwd=folder)
    done(*asked, "--method", "simulate", "--replicates", "4", "-o", "by-play", cwd=folder)
    ours, its = (
        {row["input"]: float(row["first"]) for row in rows_of(folder / name / "sensitivity.csv")}
        for name in ("by-play", "by-formula")
    )
    # The same parameter sets, and the same draws in each: what is left is the noise of four worlds.
    for name, share in ours.items():
        assert share == pytest.approx(its[name], abs=0.01)
    assert "identical" in done("rerun", "by-play", cwd=folder)


def test_sensitivity_of_what_is_not_uncertain_is_refused(folder):
    assert "nothing to weigh" in refused("sensitivity", "reference.yaml", "-o", "never", cwd=folder)


@pytest.mark.parametrize(("n", "said"), [("100", "power of two"), ("1", "whole number from 2")])
def test_sensitivity_needs_a_power_of_two(folder, n, said):
    message = minesim("sensitivity", "uncertain.yaml", "-n", n, "-o", "never", cwd=folder).stderr
    assert said in message


def test_break_even_in_numbers_is_where_the_closed_forms_cross(folder):
    vary = ("--vary", "mines.battery-limited.count=1000:100000:log", "--no-figures")
    told = done("breakeven", "reference.yaml", "small.yaml", *vary, "--method", "expected", cwd=folder)
    assert "breaks even at 48,010" in told
    each = exact(folder, "casualties") / load(folder / "small.yaml").scenario.mines["battery-limited"].count
    crossing = exact(folder, "casualties", name="reference.yaml") / each
    out = folder / "even"
    done("breakeven", "reference.yaml", "small.yaml", *vary, "--replicates", "10", "-o", "even", cwd=folder)
    (found,) = json_of(out / "summary.json")["break_even"]
    # Three times the half width of the 90 % interval of 10 worlds is passed once in 2,500 times.
    assert found["low"] < found["value"] < found["high"]
    assert abs(found["value"] - crossing) < 1.5 * (found["high"] - found["low"])
    assert found["safer_below"]
    assert not found["safer_above"]
    assert "identical" in done("rerun", "even", cwd=folder)


def test_no_break_even_is_an_answer(folder):
    told = done("breakeven", "reference.yaml", "small.yaml", "--vary", f"{FAILURE}=0:10%", "--method", "expected",
                cwd=folder)  # fmt: skip
    assert "No break-even" in told


@pytest.mark.parametrize(
    ("vary", "said"),
    [
        (f"{FAILURE}=1:0", "low < high"),
        (f"{FAILURE}=0:0.5:log", "above 0"),
        (f"{FAILURE}=0:0.5:7", "a range must look like PATH=low:high"),
        (f"{FAILURE}=0:2", "must be between 0 and 1"),
        ("mines.battery-limited.cont", "did you mean"),
    ],
)
def test_what_cannot_break_even_is_refused(folder, vary, said):
    assert said in refused("breakeven", "reference.yaml", "small.yaml", "--vary", vary, cwd=folder)


def test_attribution_sums_to_the_difference(folder):
    done("attribute", "reference.yaml", "small.yaml", "-o", "why", cwd=folder)
    names = list(load(folder / "reference.yaml").scenario.mines)
    loaded = load(folder / "small.yaml")
    world = build_world(loaded, stream_slots(names, list(loaded.scenario.mines)))
    its = next(one for one in metrics(world) if one.name == "casualties")
    whole = expected_value(its, world, expected(world)) - exact(folder, "casualties", name="reference.yaml")
    parts = [float(row["effect"]) for row in rows_of(folder / "why" / "attribution.csv")]
    assert sum(parts) == pytest.approx(whole, abs=1e-9)
    assert "identical" in done("rerun", "why", cwd=folder)


def test_csv_files_of_studies_have_no_empty_rows_and_one_width(folder):
    done(*SWEEP, "--vary", f"{FAILURE}=0,1", "--method", "expected", "-o", "tidy", cwd=folder)
    with (folder / "tidy" / "sweep.csv").open(encoding="utf-8", newline="") as stream:
        widths = {len(row) for row in csv.reader(stream)}
    assert widths == {6}
