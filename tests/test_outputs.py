"""The files of a result: what the contract promises of each, and the proof that a result can be run again."""

import contextlib
import csv
import json
import os
import re
import shutil
import socket
from datetime import date, timedelta
from itertools import groupby, pairwise

import numpy as np
import pytest
from terminal import SMALL, done, files_below, json_of, minesim, refused, rows_of, written_scenarios

from simulator.answer import sentences
from simulator.commands import run_again
from simulator.experiment import Plan, run
from simulator.findings import _clustering, findings, named
from simulator.manifest import MANIFEST, sha256, versions
from simulator.metrics import metric_samples
from simulator.metrics import metrics as metric_kinds
from simulator.outputs import results
from simulator.problems import InputError
from simulator.scenario_file import digest_of, from_tree, load
from simulator.wording import bound, duration, durations, listed, number, span

QUANTITIES = (
    "hazardous", "inert", "gone", "accidents_per_year", "accidents", "casualties", "killed", "individual_risk",
    "denied_km2",
)  # fmt: skip
CURVES = ("scenario", "time_days", "date", "mines", "quantity", "mean", "standard_error", "p05", "p50", "p95")
DIFFERENCES = ("scenario", "reference", "time_days", "date", "quantity", "difference", "standard_error", "p05", "p95",
               "ratio", "ratio_p05", "ratio_p95")  # fmt: skip
DATA = ("curves.csv", "differences.csv", "summary.json", "worlds.csv")
COMPARE = ("compare", "reference.yaml", "small.yaml", "--no-figures")
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?(?:e-?\d+)?")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Scenarios, and a comparison of two of them as the command wrote it."""
    folder = written_scenarios(tmp_path_factory.mktemp("outputs"))
    done(*COMPARE, "-o", "out", cwd=folder)
    return folder


@pytest.fixture(scope="module")
def expected(folder):
    """The same comparison in closed form."""
    done(*COMPARE, "-o", "expected", "--method", "expected", cwd=folder)
    return folder / "expected"


@pytest.fixture(scope="module")
def drawn(folder):
    """A result with figures."""
    done("run", "nothing.yaml", "-o", "drawn", cwd=folder)
    return folder / "drawn"


@pytest.fixture
def copied(folder, tmp_path):
    """A result that a test may spoil."""
    return shutil.copytree(folder / "out", tmp_path / "out")


def series_of(rows, *keys):
    """Rows of a tidy file by the columns that name a curve, each a list in its order."""
    return {name: list(group) for name, group in groupby(rows, key=lambda row: tuple(row[key] for key in keys))}


def column(rows, name):
    return np.array([float(row[name]) for row in rows])


# curves.csv


def test_curves_have_the_columns_and_quantities_of_the_contract_in_its_order(folder):
    rows = rows_of(folder / "out/curves.csv")
    assert tuple(rows[0]) == CURVES
    curves = series_of(rows, "scenario", "mines", "quantity")
    assert list(curves) == [
        (scenario, mines, quantity)
        for scenario, classes in (("reference", ("old", "all")), ("small", ("old", "short", "all")))
        for mines in classes
        for quantity in QUANTITIES
    ]


def test_curves_are_tidy_with_one_row_for_each_time_and_its_date(folder):
    for curve in series_of(rows_of(folder / "out/curves.csv"), "scenario", "mines", "quantity").values():
        times = column(curve, "time_days")
        assert (times[0], times[-1]) == (0, 400)
        assert (np.diff(times) > 0).all()
        start = date(2024, 12, 1)
        assert [row["date"] for row in curve] == [(start + timedelta(days=float(day))).isoformat() for day in times]


def test_percentiles_are_in_order_and_errors_are_not_negative(folder):
    rows = rows_of(folder / "out/curves.csv")
    p05, p50, p95 = (column(rows, name) for name in ("p05", "p50", "p95"))
    assert (p05 <= p50).all()
    assert (p50 <= p95).all()
    assert (column(rows, "standard_error") >= 0).all()
    assert (column(rows, "mean") >= 0).all()


def test_all_is_the_sum_of_the_classes_and_the_states_share_out_the_mines(folder):
    curves = series_of(rows_of(folder / "out/curves.csv"), "scenario", "mines", "quantity")
    for quantity in QUANTITIES[:-1]:
        classes = [column(curves["small", mines, quantity], "mean") for mines in ("old", "short")]
        assert np.allclose(sum(classes), column(curves["small", "all", quantity], "mean"), rtol=1e-9, atol=1e-9)
    for which in ("mean", "p50"):
        states = [column(curves["small", "old", state], which) for state in QUANTITIES[:3]]
        assert np.allclose(sum(states), 60, rtol=0.05 if which == "p50" else 1e-9)
    short = curves["small", "short", "hazardous"]
    laid = column(short, "time_days") >= 9
    assert np.allclose(column(short, "p50")[~laid], 0)
    denied = {mines: column(curves["small", mines, "denied_km2"], "mean") for mines in ("old", "short", "all")}
    assert (denied["all"] >= np.maximum(denied["old"], denied["short"]) - 1e-9).all()
    assert (denied["all"] <= 6).all()


def test_quantities_of_people_follow_from_accidents(folder):
    curves = series_of(rows_of(folder / "out/curves.csv"), "scenario", "mines", "quantity")
    of = {quantity: column(curves["small", "all", quantity], "mean") for quantity in QUANTITIES}
    assert np.allclose(of["casualties"], 1.44 * of["accidents"])
    assert np.allclose(of["killed"], 0.3 * of["casualties"])
    assert np.allclose(of["individual_risk"], of["accidents_per_year"] * 1.44 * 0.3 / (14 * 6))


def test_quantities_that_a_scenario_does_not_speak_of_are_left_out(folder):
    done("run", "small.yaml", "--set", "civilians.killed_share=null", "--set", "civilians.child_share=null",
         "--method", "expected", "--no-figures", "-o", "no-deaths", cwd=folder)  # fmt: skip
    found = {row["quantity"] for row in rows_of(folder / "no-deaths/curves.csv")}
    assert found == set(QUANTITIES) - {"killed", "individual_risk"}
    metrics = json_of(folder / "no-deaths/summary.json")["scenarios"]["small"]["metrics"]
    assert not {"killed", "injured", "children", "highest_individual_risk"} & set(metrics)


def test_the_closed_form_has_the_same_rows_without_errors_and_percentiles(folder, expected):
    simulated, exact = (rows_of(path / "curves.csv") for path in (folder / "out", expected))
    assert [list(row.values())[:5] for row in simulated] == [list(row.values())[:5] for row in exact]
    assert {(row["standard_error"], row["p05"], row["p50"], row["p95"]) for row in exact} == {("0", "", "", "")}
    accidents = [
        column(series_of(rows, "scenario", "mines", "quantity")["small", "all", "accidents"], "mean")[-1]
        for rows in (simulated, exact)
    ]
    assert accidents[0] == pytest.approx(accidents[1], rel=0.2)


# differences.csv


def test_differences_have_the_columns_of_the_contract_and_follow_from_the_curves(folder):
    rows = rows_of(folder / "out/differences.csv")
    assert tuple(rows[0]) == DIFFERENCES
    differences = series_of(rows, "scenario", "reference", "quantity")
    assert list(differences) == [("small", "reference", quantity) for quantity in QUANTITIES]
    curves = series_of(rows_of(folder / "out/curves.csv"), "scenario", "mines", "quantity")
    for quantity in QUANTITIES:
        found = differences["small", "reference", quantity]
        before, after = (column(curves[name, "all", quantity], "mean") for name in ("reference", "small"))
        assert np.allclose(column(found, "difference"), after - before, rtol=1e-6, atol=1e-8)
        assert (column(found, "p05") <= column(found, "p95")).all()
        for row, first, last in zip(found, before, after, strict=True):
            if first > 0:
                assert float(row["ratio"]) == pytest.approx(last / first, rel=1e-6)
                assert float(row["ratio_p05"]) <= float(row["ratio"]) <= float(row["ratio_p95"])
            else:
                assert (row["ratio"], row["ratio_p05"], row["ratio_p95"]) == ("", "", "")


def test_differences_of_a_scenario_to_itself_are_exactly_nothing(folder):
    outcome = run([load(folder / "small.yaml"), load(folder / "small.yaml")], Plan(3))
    rows = results(outcome)["differences.csv"].decode().splitlines()[1:]
    assert rows
    assert {tuple(row.split(",")[5:9]) for row in rows} == {("0", "0", "0", "0")}


def test_differences_in_closed_form_have_no_error_and_no_range(folder, expected):
    rows = rows_of(expected / "differences.csv")
    assert [list(row.values())[:5] for row in rows] == [
        list(row.values())[:5] for row in rows_of(folder / "out/differences.csv")
    ]
    empty = {(row["standard_error"], row["p05"], row["p95"], row["ratio_p05"], row["ratio_p95"]) for row in rows}
    assert empty == {("0", "", "", "", "")}
    comparison = json_of(expected / "summary.json")["comparisons"][0]
    last = [row for row in rows if row["quantity"] == "casualties"][-1]
    assert comparison["casualties_averted"]["mean"] == pytest.approx(-float(last["difference"]))


# summary.json


def test_the_summary_gives_every_metric_with_its_interval_unit_and_sentence(folder):
    summary = json_of(folder / "out/summary.json")
    assert list(summary) == [
        "format", "method", "replicates", "precision", "scenarios", "comparisons", "scope"
    ]  # fmt: skip
    assert (summary["method"], summary["replicates"]) == ("simulate", 6)
    assert summary["scenarios"]["small"]["mines"] == {"old": 60, "short": 300}
    for scenario in summary["scenarios"].values():
        assert list(scenario["metrics"]) == [
            *(f"{state}_at_{when}" for when in ("30_days", "120_days", "1_year", "horizon")
              for state in ("hazardous", "inert")),
            "mine_days", "mine_days_after_30_days", "accidents", "casualties", "killed", "injured", "children",
            "adults", "highest_individual_risk", "days_until_risk_below_0.03", "days_until_risk_below_0.0001",
            "denied_km2", "denied_km2_years",
        ]  # fmt: skip
        for metric in scenario["metrics"].values():
            assert {"label", "unit", "mean", "standard_error", "p05", "p50", "p95", "sentence"} <= set(metric)
            if metric["p05"] is not None and metric["p95"] is not None:
                assert metric["p05"] <= metric["p50"] <= metric["p95"]
            assert metric["sentence"].endswith(".")


def test_the_numbers_of_a_sentence_are_those_beside_it(folder):
    for scenario in json_of(folder / "out/summary.json")["scenarios"].values():
        for name, metric in scenario["metrics"].items():
            text = metric["sentence"].removeprefix(metric["label"].capitalize())
            if metric["unit"] == "days":
                said = [metric["mean"], *((metric["p05"], metric["p95"]) if "worlds" in text else ())]
                said = [] if metric["mean"] in {0, None} else said
                text = text.split(" per year", 1)[1].replace("90 % of", "")
            elif "upper_bound_95" in metric:
                said = [6, metric["upper_bound_95"], *([metric["mean"]] if metric["mean"] else [])]
                text = text.replace("(95 % confidence)", "")
            elif "in every simulated world" in text:
                said = [metric["mean"]]
                text = text.replace("km2", "")
            else:
                certain = metric["standard_error"] <= 1e-9 * metric["mean"]
                said = [metric["mean"], *([] if certain else [metric["standard_error"]]), metric["p05"]]
                said += [metric["p95"]] if "between" in text else []
                text = text.replace("in 90 % of", "").replace("km2", "")
            found = [float(match.replace(",", "")) for match in NUMBER.findall(text.split("within")[0])]
            assert found == pytest.approx(said, rel=0.1), (name, metric["sentence"])


def test_the_summary_agrees_with_the_curves_means_errors_and_percentiles(folder):
    curves = series_of(rows_of(folder / "out/curves.csv"), "scenario", "mines", "quantity")
    metrics = json_of(folder / "out/summary.json")["scenarios"]["small"]["metrics"]
    places = {"30_days": "30", "120_days": "120", "horizon": "400"}
    pairs = [(f"{state}_at_{when}", state, day) for when, day in places.items() for state in ("hazardous", "inert")]
    pairs += [("accidents", "accidents", "400"), ("casualties", "casualties", "400"), ("killed", "killed", "400"),
              ("denied_km2", "denied_km2", "400")]  # fmt: skip
    for metric, quantity, day in pairs:
        row = next(row for row in curves["small", "all", quantity] if row["time_days"] == day)
        for field in ("mean", "standard_error", "p05", "p50", "p95"):
            assert metrics[metric][field] == pytest.approx(float(row[field]), rel=1e-9, abs=1e-7), (metric, field)


def test_the_averted_casualties_are_the_difference_with_its_sign_turned(folder):
    comparison = json_of(folder / "out/summary.json")["comparisons"][0]
    last = [row for row in rows_of(folder / "out/differences.csv") if row["quantity"] == "casualties"][-1]
    assert (comparison["scenario"], comparison["reference"]) == ("small", "reference")
    averted = comparison["casualties_averted"]
    assert averted["mean"] == pytest.approx(-float(last["difference"]))
    assert (averted["p05"], averted["p95"]) == pytest.approx((-float(last["p95"]), -float(last["p05"])))
    assert comparison["differences"]["casualties"]["ratio"] == pytest.approx(float(last["ratio"]))


def test_a_time_that_never_comes_is_said_and_is_no_number(folder):
    metric = json_of(folder / "out/summary.json")["scenarios"]["reference"]["metrics"]["days_until_risk_below_0.0001"]
    assert (metric["mean"], metric["p95"]) == (None, None)
    assert metric["sentence"] == "The individual risk of death does not fall below 1e-4 per year within 400 days."


def test_where_nothing_was_seen_the_bound_counts_what_one_event_is_worth(folder):
    outcome = run([load(folder / "nothing.yaml")], Plan(4))
    found = findings(outcome.scenarios[0])
    bounds = {
        name: named(found, name).upper_bound for name in ("hazardous_at_horizon", "accidents", "casualties", "killed")
    }
    once = -np.log(0.05) / 4
    assert bounds == pytest.approx(
        {"hazardous_at_horizon": once, "accidents": once, "casualties": 1.44 * once, "killed": 0.432 * once}
    )


def test_the_bound_is_wider_where_mines_of_a_lot_fail_together(folder):
    overrides = ["mines.short.lots={size: 100, correlation: 0.3}", "mines.short.self_destruct.failure=1e-7"]
    found = findings(run([load(folder / "nothing.yaml", overrides)], Plan(4)).scenarios[0])
    together = _clustering(100, 0.3)
    assert 5 < together < 100
    assert named(found, "hazardous_at_horizon").upper_bound == pytest.approx(together * -np.log(0.05) / 4)
    assert _clustering(1, 0.3) == _clustering(100, 0.0) == 1
    assert _clustering(100, 1 - 1e-9) == pytest.approx(100)


def test_mines_of_a_lot_that_has_failures_fail_together_as_often_as_the_bound_assumes():
    size, correlation, mean = 50, 0.2, 1e-3
    a, b = mean * (1 - correlation) / correlation, (1 - mean) * (1 - correlation) / correlation
    random = np.random.default_rng(5)
    failures = random.binomial(size, random.beta(a, b, 2_000_000))
    assert failures[failures > 0].mean() == pytest.approx(_clustering(size, correlation), rel=0.05)


# worlds.csv


def test_every_world_has_a_row_with_the_played_value_of_every_metric(folder):
    rows = rows_of(folder / "out/worlds.csv")
    metrics = json_of(folder / "out/summary.json")["scenarios"]
    assert list(rows[0]) == ["scenario", "replicate", *metrics["reference"]["metrics"]]
    assert [(row["scenario"], row["replicate"]) for row in rows] == [
        (scenario, str(replicate)) for scenario in ("reference", "small") for replicate in range(1, 7)
    ]
    outcome = run([load(folder / f"{name}.yaml") for name in ("reference", "small")], Plan(6))
    for part, its in zip(outcome.scenarios, (rows[:6], rows[6:]), strict=True):
        for metric in metric_kinds(part.world):
            played = metric_samples(metric, part.ensemble)[1]
            shown = [float(row[metric.name] or "inf") for row in its]
            assert shown == pytest.approx(played, rel=1e-11), metric.name


def test_the_percentiles_of_the_summary_are_those_of_the_worlds(folder):
    rows = rows_of(folder / "out/worlds.csv")
    for name, scenario in json_of(folder / "out/summary.json")["scenarios"].items():
        for key in ("accidents", "hazardous_at_30_days", "denied_km2_years"):
            values = [float(row[key]) for row in rows if row["scenario"] == name]
            low, middle, high = np.percentile(values, (5, 50, 95))
            metric = scenario["metrics"][key]
            assert (metric["p05"], metric["p50"], metric["p95"]) == pytest.approx((low, middle, high), rel=1e-9)


def test_a_time_that_does_not_come_and_a_metric_that_does_not_apply_are_empty_cells(folder):
    rows = rows_of(folder / "out/worlds.csv")
    assert {row["days_until_risk_below_0.0001"] for row in rows if row["scenario"] == "reference"} == {""}
    deathless = load(folder / "small.yaml", ["civilians.killed_share=null", "civilians.child_share=null"])
    text = results(run([load(folder / "reference.yaml"), deathless], Plan(2)))["worlds.csv"].decode()
    rows = list(csv.DictReader(text.splitlines()))
    assert [bool(row["killed"]) for row in rows] == [True, True, False, False]
    assert all(row["accidents"] for row in rows)


def test_the_closed_form_plays_no_worlds(folder, expected):
    assert not (expected / "worlds.csv").exists()
    assert "worlds.csv" not in json_of(expected / MANIFEST)["outputs"]


# manifest.json and figures


def test_the_manifest_holds_all_that_makes_the_result(folder):
    manifest = json_of(folder / "out" / MANIFEST)
    assert list(manifest) == [
        "format", "program", "digest", "command", "options", "seed", "replicates_played", "scenarios", "versions",
        "wall_seconds", "outputs", "figures", "study",
    ]  # fmt: skip
    assert manifest["study"] is None
    assert manifest["command"] == "minesim compare reference.yaml small.yaml --no-figures -o out"
    assert manifest["options"] == {
        "method": "simulate",
        "replicates": 6,
        "precision": None,
        "map_days": [30.0, 365.25, 3652.5],
        "uncertain": 0,
    }
    assert (manifest["seed"], manifest["replicates_played"]) == (7, 6)
    assert manifest["versions"] == dict(versions())
    assert {"minesim", "python", "numpy", "scipy", "simpy"} <= set(manifest["versions"])
    for entry, loaded in zip(manifest["scenarios"], ("reference", "small"), strict=True):
        assert entry["name"] == loaded
        assert entry["sha256"] == digest_of(entry["tree"]) == load(folder / f"{loaded}.yaml").digest
        assert "extends" not in entry["tree"]
    files = {name: (folder / "out" / name).read_bytes() for name in DATA}
    assert manifest["outputs"] == {name: sha256(content) for name, content in files.items()}


def test_the_command_of_a_manifest_can_be_pasted_into_a_shell(folder):
    done(
        "run",
        "nothing.yaml",
        "--no-figures",
        "-o",
        "my results",
        "--set",
        "title='It''s; \"quoted\" $HOME'",
        cwd=folder,
    )
    command = json_of(folder / "my results" / MANIFEST)["command"]
    assert command.startswith("minesim run nothing.yaml --no-figures -o 'my results' --set ")
    shell = minesim("rerun", "my results", cwd=folder)
    assert shell.returncode == 0


@pytest.mark.parametrize("name", ["10", "true", "null", "name: with a colon", "naïve 🌍 # hash", "1e3", "-", "[x]"])
def test_a_scenario_reads_back_from_its_manifest_whatever_its_classes_are_called(name, folder):
    text = SMALL.replace("  short:\n", f"  {json.dumps(name, ensure_ascii=False)}:\n")
    text = text.replace("title: Two kinds of mines in a small valley", 'title: "\\u00fc \\U0001f30d # \'"')
    path = folder / "named.yaml"
    path.write_text(text, encoding="utf-8")
    loaded = load(path)
    again = from_tree("named", json.loads(json.dumps(loaded.tree)))
    assert list(again.scenario.mines) == ["old", name]
    assert again.digest == loaded.digest
    assert again.scenario == loaded.scenario


# The same bytes


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(folder):
    done(*COMPARE, "-o", "again", cwd=folder)
    done(*COMPARE, "-o", "other", "--seed", "8", cwd=folder)
    first, again, other = (files_below(folder / name) for name in ("out", "again", "other"))
    for name in DATA:
        assert first[name] == again[name]
        assert first[name] != other[name]


def test_the_number_of_workers_changes_no_byte(folder):
    with socket.socket() as taken:
        # The port Dask would like is not free, whether this test holds it or somebody else.
        with contextlib.suppress(OSError):
            taken.bind(("127.0.0.1", 8787))
            taken.listen()
        done(*COMPARE, "-o", "workers", "--workers", "2", cwd=folder, PYTHONWARNINGS="")
    first, second = files_below(folder / "out"), files_below(folder / "workers")
    for name in DATA:
        assert first[name] == second[name]


def test_figures_are_the_same_bytes_each_time(folder, drawn):
    done("run", "nothing.yaml", "-o", "drawn-again", cwd=folder)
    first, second = files_below(drawn / "figures"), files_below(folder / "drawn-again/figures")
    assert {"hazardous.png", "hazardous.svg"} <= set(first)
    assert first == second


# The answer in sentences


def answer_of(folder, *names, overrides=(), plan=None):
    """The sentences of a run or comparison, in this process."""
    outcome = run([load(folder / f"{name}.yaml", overrides) for name in names], plan or Plan(4, method="expected"))
    return list(sentences(outcome, [findings(part) for part in outcome.scenarios]))


def test_the_answer_of_a_comparison_speaks_of_mines_casualties_and_thresholds(folder):
    said = answer_of(folder, "reference", "small")
    assert len(said) == 7
    assert re.fullmatch(
        r"After 120 days, 33\d of 360 mines are still hazardous in reference and 5\d\.\d of 360 in small\.", said[0]
    )
    assert re.fullmatch(
        r"Over 400 days, 2\d(\.\d)? casualties are expected in reference and 5\.\d+ in small\.", said[1]
    )
    assert re.fullmatch(
        r"small leads to 2\d(\.\d)? fewer casualties than reference, that is 2\d\.\d % as many\.", said[2]
    )
    assert re.fullmatch(
        r"The individual risk of death falls below 0\.03 per year after 2\d\.\d days in small; "
        r"in reference it does not within 400 days\.", said[3]
    )  # fmt: skip
    assert said[4] == "The individual risk of death does not fall below 1e-4 per year within 400 days in any scenario."
    assert said[5] == "Expected values show neither chance nor doubt about the inputs."
    assert said[6] == "A model of civilian harm and clean-up; no result is evidence that land is safe."


def test_a_comparison_turned_round_speaks_of_more_casualties_and_how_many_times(folder):
    said = answer_of(folder, "small", "reference")
    assert re.fullmatch(
        r"reference leads to 2\d(\.\d)? more casualties than small, that is 4\.\d+ times as many\.", said[2]
    )


def test_scenarios_that_never_reach_a_threshold_are_said_in_one_sentence(folder):
    said = answer_of(folder, "small", "reference", overrides=["thresholds=[0.5 per year]"])
    assert "The individual risk of death never reaches 0.5 per year in any scenario." in said
    said = answer_of(folder, "nothing")
    assert said[2:4] == [
        "The individual risk of death never reaches 1e-4 per year.",
        "The individual risk of death never reaches 1e-6 per year.",
    ]


def test_equal_scenarios_lead_to_the_same_casualties(folder):
    said = answer_of(folder, "small", "small", plan=Plan(3))
    assert said[2] == "small and small lead to the same expected casualties."


def test_mines_that_are_not_laid_yet_are_not_counted_as_gone(folder):
    waves = "mines.short.laid={{from: 2024-12-10, to: {}}}"
    # Laid to the end of March: 120 days is too early to say what is left, a year is not.
    said = answer_of(folder, "small", overrides=[waves.format("2025-03-31")])
    assert re.match(r"After 1 year, \d+\.\d of 360 mines are still hazardous\.", said[0])
    # Laid beyond the horizon: 60 and 391 of 608 days of laying 300.
    said = answer_of(folder, "small", overrides=[waves.format("2026-08-10")])
    assert re.match(r"After 400 days, \d+\.\d of 253 mines laid by then are still hazardous\.", said[0])


def test_assumptions_and_ranges_that_were_not_varied_are_counted(folder):
    rate = "civilians.accident_rate={value: 0.05 per mine-year, source: assumption, note: a guess, "
    said = answer_of(
        folder, "small", overrides=[f"{rate}uncertainty: {{uniform: [0.01 per mine-year, 1 per mine-year]}}}}"]
    )
    assert said[-2].endswith(": 1 input is an assumption and 1 has a stated range that this run did not vary.")
    said = answer_of(folder, "small", "reference", overrides=[f"{rate}}}"], plan=Plan(3))
    assert said[-2] == "Ranges show chance alone, not doubt about the inputs: 1 input is an assumption."


# Running again


def rerun_says(result, capsys, status):
    """Run a result again in this process and give what is printed."""
    assert run_again(result, 1, quiet=False) is (status == 0)
    return capsys.readouterr().out


def test_a_result_run_again_is_proved_identical(folder, expected):
    assert done("rerun", "out", cwd=folder) == "identical: curves.csv, differences.csv, summary.json, worlds.csv\n"
    assert done("rerun", expected, "--quiet", cwd=folder) == ""


def spoilt(result, change):
    """Change the manifest of a result."""
    manifest = json_of(result / MANIFEST)
    change(manifest)
    (result / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")


def test_an_edited_curve_is_found_with_its_line(copied, capsys):
    path = copied / "curves.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    original = lines[41]
    lines[41] = original.replace(original.split(",")[5], "12.5", 1)
    path.write_text("".join(lines), encoding="utf-8")
    said = rerun_says(copied, capsys, 1)
    assert "curves.csv: is not as it was written, its sha256 is not the one in manifest.json\n" in said
    assert "curves.csv: the new run differs, first in line 42: " in said
    assert f"'{lines[41].strip()}' in the file, '{original.strip()}' in the new run" in said
    assert "differences.csv" not in said


def test_an_edit_that_hides_behind_a_new_sha256_is_found_all_the_same(copied, capsys):
    path = copied / "summary.json"
    path.write_text(path.read_text(encoding="utf-8").replace("never evidence", "clear evidence"), encoding="utf-8")
    spoilt(copied, lambda manifest: manifest["outputs"].update({"summary.json": sha256(path.read_bytes())}))
    assert "summary.json: the new run differs, first in line " in rerun_says(copied, capsys, 1)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda manifest: manifest.update(seed=8), "the seed 8 is not that of the scenario, 7"),
        (lambda manifest: manifest.update(replicates_played=9), "9 replicates were played, the new run played 6"),
        (lambda manifest: manifest["options"].update(precision=0.5), "were changed, their digest differs"),
        (lambda manifest: manifest["versions"].update(numpy="1.0"), "numpy is "),
        (lambda manifest: manifest["versions"].update(numpy="1.0"), "were changed, their digest differs"),
        (lambda manifest: manifest["scenarios"][0].update(name="other"), "the new run differs, first in line 2: "),
        (lambda manifest: manifest["scenarios"][1]["tree"].update(question="?"), "the scenario small is not the one"),
        (lambda manifest: manifest["scenarios"][1]["tree"]["mines"]["old"].update(count=59), "the new run differs"),
        (lambda manifest: manifest["outputs"].pop("summary.json"), "summary.json: is only in the new run"),
        (lambda manifest: manifest["outputs"].update({"x.csv": "0"}), "x.csv: is only in the manifest"),
        (lambda manifest: manifest["figures"].update({"figures/x.png": "0"}), "figures/x.png: is missing in "),
    ],
)  # fmt: skip
def test_an_edited_manifest_is_found(change, says, copied, capsys):
    spoilt(copied, change)
    assert says in rerun_says(copied, capsys, 1)


def test_a_result_of_other_versions_that_gives_the_same_bytes_is_identical_and_says_so(copied, capsys, monkeypatch):
    now = dict(versions())
    monkeypatch.setattr("simulator.manifest.versions", lambda: now | {"matplotlib": "1.5", "scipy": "99.0"})
    said = rerun_says(copied, capsys, 0)
    assert f"scipy is 99.0 here, the result was made with {now['scipy']}\n" in said
    assert said.endswith("identical: curves.csv, differences.csv, summary.json, worlds.csv\n")


def test_a_missing_file_and_a_changed_figure_are_found(drawn, tmp_path, capsys):
    result = shutil.copytree(drawn, tmp_path / "drawn")
    assert re.fullmatch(r"identical: curves\.csv, summary\.json, worlds\.csv; \d+ figure files as written\n",
                        rerun_says(result, capsys, 0))  # fmt: skip
    (result / "curves.csv").unlink()
    (result / "figures/hazardous.png").write_bytes(b"a nicer picture")
    said = rerun_says(result, capsys, 1)
    assert f"curves.csv: is missing in {result}\n" in said
    assert "figures/hazardous.png: is not as it was written" in said


def test_a_failed_proof_exits_with_1_and_speaks_even_when_quiet(copied):
    (copied / "curves.csv").write_text("nothing\n", encoding="utf-8")
    process = minesim("rerun", "out", "--quiet", cwd=copied.parent)
    assert (process.returncode, process.stdout) == (1, "")
    assert process.stderr.startswith("curves.csv: is not as it was written")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "Invalid JSON"),
        ("[]", "should be an object"),
        ("{}", "format: Field required"),
        ('{"format": 2}', "format: Input should be 1"),
    ],
)
def test_a_manifest_that_cannot_be_read_is_wrong_input(content, says, copied):
    (copied / MANIFEST).write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(says)) as refusal:
        run_again(copied, 1, quiet=False)
    assert str(refusal.value).startswith(f"error: {copied / MANIFEST}: is not a manifest as this version")


def test_a_damaged_result_is_refused_as_wrong_input_and_left_as_it_is(copied):
    (copied / MANIFEST).write_bytes(os.urandom(2000))
    said = refused("rerun", "out", cwd=copied.parent)
    assert said.startswith("error: out/manifest.json: is not a manifest as this version of minesim writes it: ")


@pytest.mark.parametrize(
    "change",
    [
        lambda manifest: manifest["options"].update(replicates="many"),
        lambda manifest: manifest["options"].update(replicates=1),
        lambda manifest: manifest["options"].update(method="guess"),
        lambda manifest: manifest.update(scenarios=[]),
        lambda manifest: manifest["scenarios"][0].pop("tree"),
        lambda manifest: manifest["scenarios"][0]["tree"].update(horizon="soon"),
        lambda manifest: manifest.update(more=1),
    ],
)
def test_a_manifest_that_a_run_could_not_have_written_is_wrong_input(change, copied):
    spoilt(copied, change)
    with pytest.raises(InputError) as refusal:
        run_again(copied, 1, quiet=False)
    assert len(refusal.value.problems) == 1


# Words


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "0"), (1, "1"), (0.06, "0.06"), (0.0599146, "0.0599"), (12.84, "12.8"), (999.6, "1,000"), (1234.5, "1,234"),
        (98765, "98,760"), (999_999, "1 million"), (33_504_926, "33.5 million"), (2e9, "2 billion"),
        (1e12, "1 trillion"),
        (1e-4, "1e-4"), (4.32e-5, "4.32e-5"), (9.99e-4, "9.99e-4"), (1e-3, "0.001"), (1.6e-169, "1.6e-169"),
        (float("nan"), "unknown"),
    ],
)  # fmt: skip
def test_numbers_are_said_with_three_digits_or_so(value, said):
    assert number(value) == said


def test_a_bound_is_never_said_lower_than_it_is():
    assert [bound(value) for value in (0.0599146, 0.299, 0.3, 0.4313, 1.0, 1234.0)] == [
        "0.06", "0.3", "0.3", "0.44", "1", "1,300",
    ]  # fmt: skip
    for value in np.geomspace(1e-6, 1e5, 500):
        assert value <= float(bound(value).replace(",", "")) <= 1.11 * value


def test_times_ranges_and_lists_read_as_people_write_them():
    assert [duration(days) for days in (1, 30, 365.25, 400, 730.5, 3652.5)] == [
        "1 day", "30 days", "1 year", "400 days", "2 years", "10 years",
    ]  # fmt: skip
    assert durations(88.8, 92.0) == "88.8 to 92 days"
    assert durations(700, 900) == "700 days to 2.46 years"
    assert durations(90, np.inf) == "90 days or later"
    assert durations(14, 14) == "14 days"
    assert span(1.687e6, 1.742e6) == "1.687 to 1.742 million"
    assert span(9e5, 1.2e6) == "900,000 to 1.2 million"
    assert span(25, 25) == "25"
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"


def test_the_first_numbers_of_a_table_never_fall_when_they_should_rise():
    said = [float(number(value).replace(",", "")) for value in np.linspace(0.5, 99_999, 4001)]
    assert all(before <= after for before, after in pairwise(said))
