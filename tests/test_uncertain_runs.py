"""Runs with uncertain inputs, through the command: chance, knowledge and both, each against numbers found otherwise."""

import csv
import json
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from itertools import groupby

import numpy as np
import pytest
from scenario_texts import changed
from terminal import SMALL, done, json_of, minesim, refused, rows_of, written_scenarios

from simulator import commands, evaluation
from simulator.closed_form import expected
from simulator.engine import play
from simulator.ensemble import curve, quantities, samples, stack
from simulator.experiment import Plan
from simulator.knowledge import Spread
from simulator.knowledge_words import spread_cell
from simulator.metrics import expected_value, metric_samples, metrics
from simulator.problems import InputError
from simulator.project import load_together
from simulator.scenario_file import load
from simulator.statistics import Band
from simulator.uncertainty import inverse, parameter_sets, uncertain_inputs
from simulator.world import build_world, stream_slots

SETS, REPLICATES = 8, 4
BAND = ("mean", "standard_error", "p05", "p50", "p95")
QUIET = ("--quiet", "--no-figures")
FAILURE = "{value: 10 %, source: assumption, note: x, grade: low, uncertainty: {uniform: [5 %, 20 %]}}"
BACK_UP = "{value: 1 %, source: assumption, note: x, uncertainty: {tests: 100, failures: 1}}"
LIVES = ("{weibull: {shape: 4, scale: 81.9 days}}", "{lognormal: {median: 70 days, sigma: 0.8}}")
LIFE = f"{{one_of: [{{weight: 2, {LIVES[0][1:]}, {{weight: 1, {LIVES[1][1:]}], source: assumption, note: x}}"
RATE = (
    "{value: 0.05 per mine-year, source: assumption, note: x, "
    "uncertainty: {loguniform: [0.02 per mine-year, 0.2 per mine-year]}}"
)
UNSURE = changed(
    SMALL,
    ("failure: 10 %}", f"failure: {FAILURE}}}"),
    ("failure: 1 %}", f"failure: {BACK_UP}}}"),
    (LIVES[0], LIFE),
    ("accident_rate: 0.05 per mine-year", f"accident_rate: {RATE}"),
    ("replicates: 6", f"replicates: {REPLICATES}"),
)
OLD = "extends: unsure.yaml\ntitle: As many old mines only\nmines: {short: null, old: {count: 360}}\n"
# In about two of three sets the law has its ends in the wrong order.
FAILING = changed(
    SMALL,
    ("time: {normal: {mean: 15 days, sd: 2 days}}",
     "time: {uniform: {low: {value: 5 days, source: assumption, note: x, uncertainty: {uniform: [2 days, 44 days]}}, "
     "high: 20 days}}"),
    ("replicates: 6", "replicates: 3"),
)  # fmt: skip
PATHS = (
    "mines.short.self_destruct.failure", "mines.short.battery.life", "mines.short.battery.failure",
    "civilians.accident_rate",
)  # fmt: skip
UNITS = {"civilians.accident_rate": " per mine-year", "mines.short.self_destruct.time.uniform.low": " days"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Run a scenario and a comparison, each with and without its uncertain inputs varied."""
    here = written_scenarios(tmp_path_factory.mktemp("uncertain"))
    for name, text in (("unsure", UNSURE), ("old", OLD), ("failing", FAILING)):
        (here / f"{name}.yaml").write_text(text, encoding="utf-8")
    done("run", "unsure.yaml", "-o", "plain", *QUIET, cwd=here)
    done("run", "unsure.yaml", "-o", "varied", "--uncertain", SETS, *QUIET, cwd=here)
    done("compare", "old.yaml", "unsure.yaml", "-o", "compared-plain", *QUIET, cwd=here)
    arguments = ("-o", "compared", "--uncertain", SETS, "--no-figures")
    (here / "said.txt").write_text(done("compare", "old.yaml", "unsure.yaml", *arguments, cwd=here), encoding="utf-8")
    arguments = ("-o", "compared-exact", "--uncertain", SETS, "--method", "expected", *QUIET)
    done("compare", "old.yaml", "unsure.yaml", *arguments, cwd=here)
    return here


# The same parameter sets, put into the file by --set, and their worlds.


def as_set(one, u):
    """An override that puts a drawn value into the file, and the value itself."""
    value = float(inverse(one, np.array(u)))
    if one.number is None:
        return f"{one.label}={LIVES[int(value)]}", value
    return f"{one.label}={value!r}{UNITS.get(one.label, '')}", value


def overrides(path, names, count=SETS):
    """The overrides of each parameter set for some scenarios, [count][scenario]; the first has the seed."""
    loaded = [load(path / f"{name}.yaml") for name in names]
    inputs = [uncertain_inputs(one) for one in loaded]
    paths = list(dict.fromkeys(one.path for its in inputs for one in its))
    sets = parameter_sets(len(paths), count, loaded[0].scenario.seed)
    places = {one: place for place, one in enumerate(paths)}
    return [[[as_set(one, row[places[one.path]])[0] for one in its] for its in inputs] for row in sets]


def worlds(path, names, count=SETS):
    """The world of each parameter set and scenario, on the draws of the first, [count][scenario]."""
    first = list(load(path / f"{names[0]}.yaml").scenario.mines)
    found = []
    for row in overrides(path, names, count):
        loaded = [load(path / f"{name}.yaml", its) for name, its in zip(names, row, strict=True)]
        found.append([build_world(one, stream_slots(first, list(one.scenario.mines))) for one in loaded])
    return found


@pytest.fixture(scope="module")
def alone(folder):
    """The worlds of the scenario's sets, their closed forms, and their replicates as played."""
    drawn = [world for (world,) in worlds(folder, ["unsure"])]
    return drawn, [expected(world) for world in drawn], [played(world, world.seed) for world in drawn]


@pytest.fixture(scope="module")
def together(folder):
    """The same for the comparison; both scenarios of a set are played from the seed of the first."""
    drawn = worlds(folder, ["old", "unsure"])
    closed = [[expected(world) for world in row] for row in drawn]
    return drawn, closed, [[played(world, row[0].seed) for world in row] for row in drawn]


def played(world, seed):
    return stack(world, [play(world, replicate, seed=seed) for replicate in range(REPLICATES)])


def cell(value):
    return f"{value + 0.0:.12g}" if np.isfinite(value) else ""


def percentiles(values):
    """The 5th, 50th and 95th percentile over the first axis, by the definition: linear between order statistics."""
    ordered = np.sort(values, axis=0)
    places = [share * (len(ordered) - 1) for share in (0.05, 0.5, 0.95)]
    return [
        ordered[int(place)] + (place % 1) * (ordered[min(int(place) + 1, len(ordered) - 1)] - ordered[int(place)])
        for place in places
    ]


def blocks(path, *keys):
    """The columns of a CSV as arrays, by the values of some keys; rows that belong together follow each other."""
    found = {}
    for key, rows in groupby(rows_of(path), lambda row: tuple(row[key] for key in keys)):
        assert key not in found, "rows of a curve do not follow each other"
        found[key] = list(rows)
    return found


def column(rows, name):
    return np.array([float(row[name] or "nan") for row in rows])


def simulate(folder, names, out, sets, replicates, method="simulate", *, quiet=True):
    """Do in this process what the command does, and give the files of the result."""
    loaded = load_together([folder / f"{name}.yaml" for name in names], [])
    plan = Plan(replicates, method=method, uncertain=sets)
    commands.simulate(loaded, plan, out, "minesim", force=False, quiet=quiet, with_figures=False)
    return {path.name: path.read_bytes() for path in out.iterdir() if path.suffix in {".csv", ".json"}}


# What is written.


def test_the_kind_of_spread_stands_after_the_quantity_and_kinds_follow_in_order(folder):
    with (folder / "varied" / "curves.csv").open(encoding="utf-8", newline="") as stream:
        header = next(csv.reader(stream))
    assert header == ["scenario", "time_days", "date", "mines", "quantity", "kind", *BAND]
    with (folder / "compared" / "differences.csv").open(encoding="utf-8", newline="") as stream:
        header = next(csv.reader(stream))
    assert header[:6] == ["scenario", "reference", "time_days", "date", "quantity", "kind"]
    for name, kinds in (("compared", ["chance", "knowledge", "both"]), ("compared-exact", ["chance", "knowledge"])):
        by_curve = {}
        for *of, kind in blocks(folder / name / "curves.csv", "scenario", "mines", "quantity", "kind"):
            by_curve.setdefault(tuple(of), []).append(kind)
        assert list(by_curve.values()) == [kinds] * len(by_curve)
    order = Counter(row["kind"] for row in rows_of(folder / "compared" / "differences.csv"))
    assert len(set(order.values())) == 1
    assert list(order) == ["chance", "knowledge", "both"]


@pytest.mark.parametrize(
    ("plain", "varied", "file"),
    [("plain", "varied", "curves.csv"), ("compared-plain", "compared", "curves.csv"),
     ("compared-plain", "compared", "differences.csv")],
)  # fmt: skip
def test_chance_is_what_it_is_without_uncertain_inputs_byte_for_byte(folder, plain, varied, file):
    lines = (folder / varied / file).read_text(encoding="utf-8").split("\n")
    kept = [line.replace(",chance,", ",", 1) for line in lines if ",knowledge," not in line and ",both," not in line]
    kept[0] = kept[0].replace(",kind,", ",")
    assert "\n".join(kept) == (folder / plain / file).read_text(encoding="utf-8")


def test_metrics_as_they_stand_are_those_without_uncertain_inputs(folder):
    plain, varied = (json_of(folder / name / "summary.json") for name in ("compared-plain", "compared"))
    for name, scenario in plain["scenarios"].items():
        for metric, entry in scenario["metrics"].items():
            shown = varied["scenarios"][name]["metrics"][metric]
            assert {key: shown[key] for key in entry} == entry
    assert [one["casualties_averted"] for one in plain["comparisons"]] == [
        one["casualties_averted"] for one in varied["comparisons"]
    ]


def test_the_summary_names_the_inputs_and_gives_each_metric_its_ranges(folder):
    summary = json_of(folder / "varied" / "summary.json")["scenarios"]["unsure"]
    uncertain = summary["uncertain"]
    assert (uncertain["parameter_sets"], uncertain["failed"]) == (SETS, [])
    assert [one["path"] for one in uncertain["inputs"]] == list(PATHS)
    first, life, back_up, rate = uncertain["inputs"]
    assert first == {
        "path": PATHS[0], "reference": 0.1, "law": "uniform", "parameters": [0.05, 0.2], "unit": "",
        "source": "assumption", "grade": "low",
    }  # fmt: skip
    assert (life["law"], life["parameters"], life["reference"]) == ("one_of", [2, 1], 0)
    assert (back_up["law"], back_up["parameters"]) == ("tests", [100, 1])
    assert (rate["law"], rate["unit"]) == ("loguniform", "per mine-year")
    for entry in summary["metrics"].values():
        assert list(entry["knowledge"]) == list(entry["both"]) == list(BAND)
        assert 0 <= entry["noise_in_knowledge"] <= 1
    exact = json_of(folder / "compared-exact" / "summary.json")["scenarios"]["unsure"]
    assert "both" not in exact["metrics"]["casualties"]
    assert list(exact["metrics"]["casualties"]["knowledge"]) == list(BAND)
    plain = json_of(folder / "plain" / "summary.json")["scenarios"]["unsure"]
    assert "uncertain" not in plain
    assert "knowledge" not in plain["metrics"]["casualties"]


def test_the_answer_tells_knowledge_from_chance_and_prints_one_table_for_each(folder):
    printed = (folder / "said.txt").read_text(encoding="utf-8")
    known = json_of(folder / "compared" / "summary.json")["scenarios"]["unsure"]["metrics"]["casualties"]["knowledge"]
    assert f"In unsure, with 4 uncertain inputs drawn {SETS} times, the expected casualties lie between" in printed
    assert f" {known['p05']:.3g} and {known['p95']:.3g} in 90 % of the sets (knowledge)" in printed
    assert "(knowledge and chance)" in printed
    assert " expected casualties than old in 90 % of the sets" in printed
    assert [line.split(" ")[0] for line in printed.split("\n")].count("casualties") == 2
    assert "Written to compared: curves.csv, differences.csv, summary.json, worlds.csv, manifest.json." in printed


def test_twins_lead_to_the_same_casualties_whatever_is_not_known(folder, capsys):
    (folder / "twin.yaml").write_text("extends: unsure.yaml\ntitle: The same again\n", encoding="utf-8")
    simulate(folder, ["unsure", "twin"], folder / "twins", 2, 2, "expected", quiet=False)
    assert "twin and unsure lead to the same expected casualties in 90 % of the sets." in capsys.readouterr().out


def band(mean, p05, p95, replicates=4):
    return Band(*map(np.array, (mean, 0.0, p05, 0.0, p95)), replicates)


@pytest.mark.parametrize(
    ("spread", "is_time", "said"),
    [
        (Spread(band(2.5, 1, 4), band(2.5, 0, 9)), False, "2.5 (1 to 4; 0 to 9)"),
        (Spread(band(2.5, 1, 4), None), False, "2.5 (1 to 4)"),
        # One set of many does harm, and a great deal: the others do not make it none.
        (Spread(band(2.5, 0, 0), band(2.5, 0, 0)), False, "2.5 (0; 0)"),
        (Spread(band(0, 0, 0), band(0, 0, 0, 1000)), False, "< 0.003 (none in 1,000 worlds)"),
        (Spread(band(0, 0, 0), None), False, "0 (0)"),
        (Spread(band(np.inf, 30, np.inf), band(np.inf, 0, np.inf)), True,
         "always below (30 days to not within the horizon; always below to not within the horizon)"),
        (None, False, ""),
    ],
)  # fmt: skip
def test_a_cell_says_mean_knowledge_and_both(spread, is_time, said):
    assert spread_cell(spread, is_time=is_time) == said


# Knowledge: expected values over the sets.


def exact_curves(drawn, closed, mines, quantity):
    return np.array(
        [curve(world, one.curves, one.land, mines, quantity) for world, one in zip(drawn, closed, strict=True)]
    )


@pytest.mark.parametrize(("place", "name"), [(0, "old"), (1, "unsure")])
def test_knowledge_in_closed_form_is_that_of_the_closed_forms_of_the_sets(folder, together, place, name):
    drawn, closed, _ = together
    drawn, closed = [row[place] for row in drawn], [row[place] for row in closed]
    found = blocks(folder / "compared-exact" / "curves.csv", "scenario", "mines", "quantity", "kind")
    checked = 0
    for scenario, mines, quantity, kind in found:
        if (scenario, kind) != (name, "knowledge"):
            continue
        values = exact_curves(drawn, closed, mines, quantity)
        rows = found[scenario, mines, quantity, kind]
        bands = (values.mean(axis=0), values.std(axis=0, ddof=1) / np.sqrt(SETS), *percentiles(values))
        for band, its in zip(BAND, bands, strict=True):
            np.testing.assert_allclose(column(rows, band), its, rtol=1e-10, atol=1e-13)
        checked += 1
    assert checked == sum(
        len(quantities(drawn[0], mines)) for mines in (*(kind.name for kind in drawn[0].kinds), "all")
    )
    shown = json_of(folder / "compared-exact" / "summary.json")["scenarios"][name]["metrics"]
    for metric in metrics(drawn[0]):
        values = np.array([expected_value(metric, world, its) for world, its in zip(drawn, closed, strict=True)])
        known = shown[metric.name]["knowledge"]
        if np.isfinite(values).all():
            assert known["mean"] == pytest.approx(values.mean(), rel=1e-10)
            assert [known[band] for band in ("p05", "p50", "p95")] == pytest.approx(percentiles(values), rel=1e-10)
        else:
            assert known["mean"] is None


def test_knowledge_from_simulation_agrees_with_the_closed_forms_of_the_sets(folder):
    # The sets share their draws, so what varies is the mean over sets of each replicate. Of 24 of them, five standard
    # errors are passed once in 20,000 times at a day of a curve: with 100 of them, which hang together, a false alarm
    # comes at most once in 200 seeds. A mean that is off by one standard deviation of a replicate does not pass.
    count = 24
    simulate(folder, ["unsure"], folder / "many", 4, count)
    drawn = [world for (world,) in worlds(folder, ["unsure"], 4)]
    closed = [expected(world) for world in drawn]
    ensembles = [stack(world, [play(world, replicate) for replicate in range(count)]) for world in drawn]
    found = blocks(folder / "many" / "curves.csv", "mines", "quantity", "kind")
    for quantity in ("hazardous", "inert", "accidents_per_year", "accidents", "casualties"):
        for mines in ("short", "all"):
            truth = exact_curves(drawn, closed, mines, quantity).mean(axis=0)[25::20]
            means = np.mean([samples(one, mines, quantity)[0][:, 25::20] for one in ensembles], axis=0)
            error = means.std(axis=0, ddof=1) / np.sqrt(count)
            off = np.abs(column(found[mines, quantity, "knowledge"][25::20], "mean") - truth)
            assert (off <= 5 * error + 1e-9).all(), (mines, quantity)
            assert (error > 1e-6 * truth).any()


def test_the_comparison_with_closed_forms_would_reject_other_sets(folder):
    # A neighbour: as many sets of another seed.
    loaded = load(folder / "unsure.yaml")
    others = []
    for row in parameter_sets(len(PATHS), SETS, 8):
        its = [as_set(one, u)[0] for one, u in zip(uncertain_inputs(loaded), row, strict=True)]
        others.append(build_world(load(folder / "unsure.yaml", its)))
    values = exact_curves(others, [expected(world) for world in others], "all", "accidents").mean(axis=0)
    found = blocks(folder / "compared-exact" / "curves.csv", "scenario", "mines", "quantity", "kind")
    assert abs(values[-1] / column(found["unsure", "all", "accidents", "knowledge"], "mean")[-1] - 1) > 1e-3


def test_knowledge_of_differences_is_paired_set_by_set(folder, together):
    drawn, closed, _ = together
    found = blocks(folder / "compared-exact" / "differences.csv", "quantity", "kind")
    for quantity in ("hazardous", "inert", "accidents", "casualties", "individual_risk", "denied_km2"):
        before, after = (
            exact_curves([row[place] for row in drawn], [row[place] for row in closed], "all", quantity)
            for place in (0, 1)
        )  # fmt: skip
        rows = found[quantity, "knowledge"]
        p05, _, p95 = percentiles(after - before)
        np.testing.assert_allclose(column(rows, "difference"), (after - before).mean(axis=0), rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(column(rows, "p05"), p05, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(column(rows, "p95"), p95, rtol=1e-9, atol=1e-12)
        some = (before > 0).all(axis=0)
        ratios = after[:, some] / before[:, some]
        low, _, high = percentiles(ratios)
        whole = after.mean(axis=0)[some] / before.mean(axis=0)[some]
        for name, values in (("ratio", whole), ("ratio_p05", low), ("ratio_p95", high)):
            np.testing.assert_allclose(column(rows, name)[some], values, rtol=1e-9)


def test_what_is_not_known_of_the_world_is_the_same_in_both_scenarios(folder, together):
    # The accident rate multiplies the casualties of both: what is left open of their ratio is far less.
    drawn, _, _ = together
    rates = [[world.exposure.activity[0] * world.exposure.clock.paces[0] for world in row] for row in drawn]
    assert all(one == other for one, other in rates)
    metric = json_of(folder / "compared-exact" / "summary.json")["comparisons"][0]["differences"]["casualties"]
    known = json_of(folder / "compared-exact" / "summary.json")["scenarios"]["unsure"]["metrics"]["casualties"][
        "knowledge"
    ]
    spread = metric["knowledge"]["ratio_p95"] / metric["knowledge"]["ratio_p05"]
    assert spread < known["p95"] / known["p05"] / 2


# Both: all worlds of all sets.


def test_percentiles_of_both_are_those_of_all_worlds_played_under_all_sets(folder, alone):
    drawn, _, ensembles = alone
    found = blocks(folder / "varied" / "curves.csv", "mines", "quantity", "kind")
    for mines in ("old", "short", "all"):
        for quantity in quantities(drawn[0], mines):
            worlds_of_all = np.concatenate([samples(one, mines, quantity)[1] for one in ensembles])
            assert worlds_of_all.shape[0] == SETS * REPLICATES
            for name, its in zip(
                ("p05", "p50", "p95"), np.quantile(worlds_of_all, (0.05, 0.5, 0.95), axis=0), strict=True
            ):
                shown = [row[name] for row in found[mines, quantity, "both"]]
                assert shown == [cell(value) for value in its], (mines, quantity, name)


def test_means_of_knowledge_are_those_of_the_estimates_of_all_sets(folder, alone):
    drawn, _, ensembles = alone
    found = blocks(folder / "varied" / "curves.csv", "mines", "quantity", "kind")
    for mines in ("short", "all"):
        for quantity in quantities(drawn[0], mines):
            means = np.array([samples(one, mines, quantity)[0].mean(axis=0) for one in ensembles])
            rows = found[mines, quantity, "knowledge"]
            np.testing.assert_allclose(column(rows, "mean"), means.mean(axis=0), rtol=1e-10, atol=1e-13)
            for name, its in zip(("p05", "p50", "p95"), percentiles(means), strict=True):
                np.testing.assert_allclose(column(rows, name), its, rtol=1e-10, atol=1e-13)


def test_metrics_of_both_are_those_of_all_worlds_too(folder, alone):
    drawn, _, ensembles = alone
    shown = json_of(folder / "varied" / "summary.json")["scenarios"]["unsure"]["metrics"]
    for metric in metrics(drawn[0]):
        values = np.concatenate([metric_samples(metric, one)[1] for one in ensembles])
        method = "linear" if np.isfinite(values).all() else "nearest"
        wanted = np.quantile(values, (0.05, 0.5, 0.95), method=method)
        its = [shown[metric.name]["both"][name] for name in ("p05", "p50", "p95")]
        assert [np.inf if one is None else one for one in its] == pytest.approx(wanted, rel=1e-11)


def test_both_of_differences_pairs_worlds_on_the_same_draws(folder, together):
    _, _, ensembles = together
    found = blocks(folder / "compared" / "differences.csv", "quantity", "kind")
    for quantity in ("hazardous", "accidents", "denied_km2"):
        before, after = (
            np.concatenate([samples(row[place], "all", quantity)[1] for row in ensembles]) for place in (0, 1)
        )  # fmt: skip
        for name, its in zip(("p05", "p95"), np.quantile(after - before, (0.05, 0.95), axis=0), strict=True):
            assert [row[name] for row in found[quantity, "both"]] == [cell(value) for value in its]


def test_the_variance_of_all_worlds_is_that_of_knowledge_and_that_of_chance(folder):
    # Of 128 worlds the variance has a standard error of about 15 %, the sum of the parts one of as much: a ratio below
    # 0.4 or above 1.8 takes four of them together, and comes about once in 10,000 seeds.
    drawn = [world for (world,) in worlds(folder, ["unsure"], 16)]
    metric = next(one for one in metrics(drawn[0]) if one.name == "accidents")
    counts = np.array([
        metric_samples(metric, stack(world, [play(world, replicate) for replicate in range(8)]))[1] for world in drawn
    ])  # fmt: skip
    between = np.var([expected_value(metric, world, expected(world)) for world in drawn], ddof=1)
    within = counts.var(axis=1, ddof=1).mean()
    assert 0.4 < (between + within) / counts.var(ddof=1) < 1.8
    assert between > 0.2 * within
    shown = json_of(folder / "varied" / "summary.json")["scenarios"]["unsure"]["metrics"]["accidents"]
    knowledge, both, chance = (one["p95"] - one["p05"] for one in (shown["knowledge"], shown["both"], shown))
    assert both > knowledge
    assert both > chance
    assert 0.4 < both / np.hypot(knowledge, chance) < 2.5


# Model form.


def test_two_laws_of_the_battery_widen_what_is_known(tmp_path):
    small = changed(SMALL, ("failure: 10 %}", f"failure: {FAILURE}}}"), ("failure: 1 %}", "failure: 0}"))
    (tmp_path / "one.yaml").write_text(small, encoding="utf-8")
    (tmp_path / "two.yaml").write_text(changed(small, (LIVES[0], LIFE)), encoding="utf-8")
    bands = {}
    for name in ("one", "two"):
        simulate(tmp_path, [name], tmp_path / name, SETS, 2, "expected")
        rows = blocks(tmp_path / name / "curves.csv", "mines", "quantity", "kind")["short", "hazardous", "knowledge"]
        day = next(row for row in rows if row["time_days"] == "120")
        bands[name] = float(day["p05"]), float(day["p95"])
    # After 120 days nearly all Weibull batteries are exhausted, and a quarter of the lognormal ones are not.
    widths = {name: high - low for name, (low, high) in bands.items()}
    assert widths["two"] > 5 * widths["one"]


# Sets without people.


def test_where_nobody_is_in_some_sets_nobody_is_at_risk_in_them(tmp_path):
    density = "density: {one_of: [{weight: 1, value: 0 per km2}, {weight: 1, value: 14 per km2}]}\n"
    text = changed(
        SMALL, ("  density: 14 per km2\n", f"  {density}".replace("weight: 1, value: 14", "weight: 2, value: 14"))
    )
    (tmp_path / "some.yaml").write_text(text, encoding="utf-8")
    simulate(tmp_path, ["some"], tmp_path / "out", 16, 2)
    shown = json_of(tmp_path / "out" / "summary.json")["scenarios"]["some"]["metrics"]
    risk = shown["highest_individual_risk"]["knowledge"]
    assert risk["p05"] == 0 < risk["p95"]
    assert shown["days_until_risk_below_0.03"]["knowledge"]["p05"] == 0
    rows = blocks(tmp_path / "out" / "curves.csv", "mines", "quantity", "kind")["all", "individual_risk", "knowledge"]
    assert not column(rows, "p05").any()
    assert column(rows, "p95")[5] > 0


# What is refused.


def test_a_scenario_that_is_sure_of_everything_is_refused_with_the_way_out(folder):
    said = refused("run", "small.yaml", "-o", "sure", "--uncertain", 8, cwd=folder)
    assert said.startswith(
        "error: --uncertain: no number of the scenario has an 'uncertainty' and none is 'one_of' several"
    )
    assert (
        "give one, as in {value: 5 %, uncertainty: {uniform: [1 %, 10 %]}, source: …}, or leave the option out" in said
    )


@pytest.mark.parametrize("value", ["1", "-8", "many", "", "1000000001"])
def test_a_number_of_sets_that_is_none_is_refused(folder, value):
    said = refused("run", "unsure.yaml", "-o", "wrong", f"--uncertain={value}", cwd=folder)
    assert "Invalid value for '--uncertain'" in said


def test_an_uncertain_horizon_is_refused_at_its_place(folder):
    text = changed(
        SMALL, ("horizon: 400 days", "horizon: {one_of: [{weight: 1, value: 300 days}, {weight: 2, value: 400 days}]}")
    )
    (folder / "horizon.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        simulate(folder, ["horizon"], folder / "wrong", 4, 2)
    (problem,) = caught.value.problems
    assert (problem.mark.line, problem.mark.column, problem.path) == (3, 9, "horizon")
    assert problem.message == "is uncertain, but with --uncertain the curves of all sets must end on the same day"
    assert not (folder / "wrong").exists()


def test_where_hardly_a_set_makes_a_scenario_the_run_is_refused_with_the_first_reason(folder):
    text = FAILING.replace("[2 days, 44 days]", "[21 days, 44 days]")
    (folder / "hopeless.yaml").write_text(text, encoding="utf-8")
    said = refused("run", "hopeless.yaml", "-o", "wrong", "--uncertain", 4, *QUIET, cwd=folder)
    assert said == (
        "error: --uncertain: fewer than two parameter sets could be computed: "
        "mines.short.self_destruct.time.uniform.low: must be below 'high'\n"
    )


# Sets that fail.


@pytest.fixture(scope="module")
def failing(folder):
    """A run in which some sets make no scenario: what it said, and which they are."""
    process = minesim("run", "failing.yaml", "-o", "failing", "--uncertain", SETS, "--no-figures", cwd=folder)
    (one,) = uncertain_inputs(load(folder / "failing.yaml"))
    lows = inverse(one, parameter_sets(1, SETS, 7)[:, 0])
    return process, lows


def test_sets_that_fail_are_reported_and_the_rest_is_kept(folder, failing):
    process, lows = failing
    wrong = int((lows >= 20).sum())
    assert 2 < wrong < SETS - 2
    assert process.returncode == 0
    reason = "mines.short.self_destruct.time.uniform.low: must be below 'high'"
    assert process.stderr == f"failing: {wrong} parameter sets failed, the first because: {reason}\n"
    uncertain = json_of(folder / "failing" / "summary.json")["scenarios"]["failing"]["uncertain"]
    assert (uncertain["parameter_sets"], uncertain["failed"]) == (SETS - wrong, [reason] * wrong)
    assert f"drawn {SETS - wrong} times" in process.stdout


def test_the_sets_that_are_left_are_those_that_make_scenarios(folder, failing):
    _, lows = failing
    rows = blocks(folder / "failing" / "curves.csv", "mines", "quantity", "kind")["short", "hazardous", "both"]
    left = []
    for low in lows[lows < 20]:
        world = build_world(
            load(folder / "failing.yaml", [f"mines.short.self_destruct.time.uniform.low={float(low)!r} days"])
        )
        left += [samples(stack(world, [play(world, replicate)]), "short", "hazardous")[1] for replicate in range(3)]
    median = np.quantile(np.concatenate(left), 0.5, axis=0)
    assert [row["p50"] for row in rows] == [cell(value) for value in median]


def test_a_set_that_fails_in_one_scenario_is_left_out_of_all_and_counted_once(folder, failing):
    (folder / "other.yaml").write_text("extends: failing.yaml\nmines: {old: {count: 5}}\n", encoding="utf-8")
    certain = changed(FAILING, (", uncertainty: {uniform: [2 days, 44 days]}", ""))
    (folder / "certain.yaml").write_text(certain, encoding="utf-8")
    simulate(folder, ["certain", "failing", "other"], folder / "three", SETS, 2, "expected")
    wrong = int((failing[1] >= 20).sum())
    for scenario in json_of(folder / "three" / "summary.json")["scenarios"].values():
        assert scenario["uncertain"]["parameter_sets"] == SETS - wrong
        assert len(scenario["uncertain"]["failed"]) == wrong


# The same again.


@pytest.mark.parametrize("name", ["compared", "failing"])
def test_a_run_with_uncertain_inputs_is_run_again_identically(folder, failing, name):
    assert done("rerun", name, cwd=folder).startswith("identical: curves.csv")


def test_a_manifest_that_asks_for_other_sets_is_found_out(folder, failing):
    shutil.copytree(folder / "failing", folder / "forged")
    manifest = json_of(folder / "forged" / "manifest.json")
    assert manifest["options"]["uncertain"] == SETS
    manifest["options"]["uncertain"] = SETS // 2
    (folder / "forged" / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    process = minesim("rerun", "forged", cwd=folder)
    assert process.returncode == 1
    assert "curves.csv: the new run differs" in process.stdout + process.stderr


def test_two_workers_give_the_same_bytes(folder):
    done("compare", "old.yaml", "unsure.yaml", "-o", "two", "--uncertain", SETS, "--workers", 2, *QUIET, cwd=folder)
    for name in ("curves.csv", "differences.csv", "summary.json"):
        assert (folder / "two" / name).read_bytes() == (folder / "compared" / name).read_bytes()


# Going on: in this process, where what is computed can be counted.


@pytest.fixture
def tasks(monkeypatch):
    """What is computed, task by task."""
    seen = []
    compute = evaluation.evaluate

    def counting(study, task):
        seen.append((task.key, task.first, task.stop))
        return compute(study, task)

    monkeypatch.setattr(evaluation, "evaluate", counting)
    return seen


def kept(out):
    with closing(sqlite3.connect(out / "points.sqlite")) as store:
        return {
            table: {row[:-1]: row[-1] for row in store.execute(f"SELECT * FROM {table}")}  # noqa: S608
            for table in ("point", "curve")
        }


def without_time(files):
    """Files of a result but for how long it took and for what command."""
    manifest = json.loads(files["manifest.json"])
    return {
        **files,
        "manifest.json": {key: its for key, its in manifest.items() if key not in {"wall_seconds", "command"}},
    }


@pytest.mark.parametrize("names", [["unsure"], ["old", "unsure"]])
def test_more_sets_and_more_replicates_add_to_what_is_kept_and_equal_a_fresh_run(folder, tmp_path, tasks, names):
    # Old mines know of the accident rate alone: all its sets differ all the same.
    scenarios = len(names)
    simulate(folder, names, tmp_path / "grown", 2, 2)
    assert [(first, stop) for _, first, stop in tasks] == [(0, 2)] * 2 * scenarios
    before = kept(tmp_path / "grown")

    tasks.clear()
    simulate(folder, names, tmp_path / "grown", 4, 2)
    assert [(first, stop) for _, first, stop in tasks] == [(0, 2)] * 2 * scenarios
    after = kept(tmp_path / "grown")
    assert all(before[table].items() <= after[table].items() for table in before)

    tasks.clear()
    grown = simulate(folder, names, tmp_path / "grown", 4, 5)
    assert [(first, stop) for _, first, stop in tasks] == [(2, 5)] * 4 * scenarios
    assert all(after[table].items() <= kept(tmp_path / "grown")[table].items() for table in after)

    tasks.clear()
    again = simulate(folder, names, tmp_path / "grown", 4, 5)
    assert tasks == []
    fresh = simulate(folder, names, tmp_path / "fresh", 4, 5)
    assert len(tasks) == 4 * scenarios
    assert without_time(grown) == without_time(again) == without_time(fresh)


def test_more_replicates_may_be_asked_for_by_the_option(folder):
    for replicates in (2, 3):
        command = ("-o", "option", "--uncertain", 2, "--replicates", replicates, *QUIET)
        done("run", "unsure.yaml", *command, cwd=folder)


def test_fewer_sets_and_fewer_replicates_are_read_from_what_is_kept(folder, tmp_path, tasks):
    simulate(folder, ["unsure"], tmp_path / "shrunk", 4, 4)
    tasks.clear()
    shrunk = simulate(folder, ["unsure"], tmp_path / "shrunk", 2, 4)
    assert tasks == []
    assert without_time(shrunk) == without_time(simulate(folder, ["unsure"], tmp_path / "fresh", 2, 4))


def test_a_point_that_is_damaged_is_computed_again(folder, tmp_path, tasks):
    whole = simulate(folder, ["unsure"], tmp_path / "out", 4, 2)
    with closing(sqlite3.connect(tmp_path / "out" / "points.sqlite")) as store, store:
        (key,) = next(store.execute("SELECT key FROM point ORDER BY key"))
        store.execute("UPDATE point SET payload = substr(payload, 1, 200) WHERE key = ?", (key,))
    tasks.clear()
    assert without_time(simulate(folder, ["unsure"], tmp_path / "out", 4, 2)) == without_time(whole)
    assert [one[0] for one in tasks] == [key]


def test_the_same_world_under_two_sets_is_computed_once_and_alternatives_are_all_there_is(tmp_path, tasks):
    (tmp_path / "two.yaml").write_text(changed(SMALL, (LIVES[0], LIFE)), encoding="utf-8")
    simulate(tmp_path, ["two"], tmp_path / "out", SETS, 2, "expected")
    assert len(tasks) == 2
    shown = json_of(tmp_path / "out" / "summary.json")["scenarios"]["two"]
    assert shown["uncertain"]["parameter_sets"] == SETS
    values = []
    for life in LIVES:
        world = build_world(load(tmp_path / "two.yaml", [f"mines.short.battery.life={life}"]))
        metric = next(one for one in metrics(world) if one.name == "mine_days")
        values.append(expected_value(metric, world, expected(world)))
    known = shown["metrics"]["mine_days"]["knowledge"]
    assert [known["p05"], known["p95"]] == pytest.approx(values, rel=1e-9)
    # With one point in each eighth of the coordinate, five or six sets of eight take the one that weighs two thirds.
    shares = [(known["mean"] - values[1]) / (values[0] - values[1]) * SETS]
    assert shares == pytest.approx([round(shares[0])])
    assert round(shares[0]) in {5, 6}


def test_another_seed_draws_other_sets(folder, tmp_path):
    found = []
    for seed in (7, 8):
        (tmp_path / f"{seed}.yaml").write_text(changed(UNSURE, ("seed: 7", f"seed: {seed}")), encoding="utf-8")
        simulate(tmp_path, [str(seed)], tmp_path / f"out{seed}", 2, 2, "expected")
        found.append(blocks(tmp_path / f"out{seed}" / "curves.csv", "mines", "quantity", "kind"))
    for kind, same in (("chance", True), ("knowledge", False)):
        one, other = (column(its["all", "accidents", kind], "mean") for its in found)
        assert np.array_equal(one, other) == same


def test_in_closed_form_replicates_do_not_matter(folder, tmp_path, tasks):
    one = simulate(folder, ["unsure"], tmp_path / "out", 4, 2, "expected")
    assert len(tasks) == 4
    other = simulate(folder, ["unsure"], tmp_path / "out", 4, 9, "expected")
    assert len(tasks) == 4
    assert one["curves.csv"] == other["curves.csv"]
