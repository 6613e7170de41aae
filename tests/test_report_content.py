"""What a report says of a result: only what its numbers bear, each number in a cell, nothing of changed files."""

import json
import re
import shutil
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from simulator import report_checks, verification
from simulator.evidence import Source
from simulator.likelihood import TERMS
from simulator.problems import InputError
from simulator.report import report_of
from simulator.report_assumptions import assumptions_of, link_of
from simulator.report_claims import Claim, numbers_of
from simulator.scenario_file import from_tree
from simulator.wording import number
from tests.terminal import done, json_of, rows_of

SMALL = """\
title: Short-lived mines in a small valley
question: What do short-lived mines leave?
start: 2024-12-01
horizon: 3 years
seed: 7
replicates: 40
region: {rectangle: {width: 3 km, height: 2 km}, cell: 1 km}
mines:
  short:
    count: 400
    laid: 2024-12-01
    self_destruct:
      time: {normal: {mean: 15 days, sd: 2 days}}
      failure: {value: 10 %, source: assumption, grade: low, note: a guess, uncertainty: {uniform: [5 %, 20 %]}}
    battery: {life: {weibull: {shape: 4, scale: 81.9 days}}, failure: {value: 1 %, source: treaty, grade: high}}
civilians:
  density: 14 per km2
  accident_rate:
    value: 0.01 per mine-year
    source: assumption
    grade: very low
    note: a guess
    uncertainty: {uniform: [0.005 per mine-year, 0.02 per mine-year]}
  reference_density: 14 per km2
  casualties_per_accident: 1.44
  killed_share: 0.3
sources:
  treaty: {title: A treaty, author: Many states, year: 1996, url: "https://example.org/treaty"}
"""
REFERENCE = """\
extends: small.yaml
title: Old mines
mines:
  short: null
  old: {count: 400, laid: 2024-12-01, ageing: {exponential: {mean: 57.7 years}}}
"""
MARKED = """\
extends: small.yaml
title: Short-lived mines, marked
civilians: {marking: {after_accident: 14 days, reduces: 0.5}}
"""
FAILURE, RATE = "mines.short.self_destruct.failure", "civilians.accident_rate"
VERBS = {
    "run": ("run", "small.yaml"),
    "compare": ("compare", "reference.yaml", "small.yaml"),
    "itself": ("compare", "small.yaml", "small.yaml"),
    "exact": ("compare", "reference.yaml", "small.yaml", "--method", "expected"),
    "uncertain": ("compare", "reference.yaml", "small.yaml", "--uncertain", "8", "--replicates", "4"),
    "imprecise": ("compare", "reference.yaml", "small.yaml", "--precision", "0.001%", "--replicates", "10"),
    "rare": ("run", "small.yaml", "--set", f"{RATE}=1e-9 per mine-year"),
    "marked": ("compare", "small.yaml", "marked.yaml", "--replicates", "10"),
    "sweep": ("sweep", "small.yaml", "--against", "reference.yaml", "--method", "expected",
              "--vary", f"{FAILURE}=0,20%,100%", "--vary", "mines.short.count=100,10000,1000000"),
    "sweep-one": ("sweep", "small.yaml", "--vary", f"{FAILURE}=0,20%,100%", "--replicates", "6"),
    "breakeven": ("breakeven", "reference.yaml", "small.yaml", "--vary", "mines.short.count=1000:100000",
                  "--replicates", "6"),
    "sensitivity": ("sensitivity", "small.yaml", "-n", "128"),
    "attribute": ("attribute", "reference.yaml", "small.yaml"),
}  # fmt: skip
_NUMBER = re.compile(
    r"(?<![\w.])[-+]?\d+(?:,\d{3})*(?:\.\d+)?(?:e-?\d+)?(?: (?:million|billion|trillion))?(?![\w.]*\d)"
)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A folder of results, one of each kind, made by the command; those of two verbs with figures."""
    folder = tmp_path_factory.mktemp("reports")
    for name, text in (("small", SMALL), ("reference", REFERENCE), ("marked", MARKED)):
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    for name, arguments in VERBS.items():
        figures = () if name in {"compare", "sweep"} else ("--no-figures",)
        done(*arguments, "--quiet", *figures, "-o", f"results/{name}", cwd=folder)
    return folder / "results"


@pytest.fixture(scope="module")
def reports(results):
    return {name: report_of(results / name) for name in VERBS}


def copied(results, name, tmp_path):
    return Path(shutil.copytree(results / name, tmp_path / name))


def numbers(text):
    """The numbers of a text; the paths, commands and names that have digits are no numbers."""
    return _NUMBER.findall(re.sub(r"'minesim [^']*'|[a-z_.-]+-\d+\b", " ", text).replace("−", "-"))


def unsupported(sentence, table):
    """The numbers of a sentence that stand in no cell of a table."""
    cells = {found for row in table.rows for cell in row for found in numbers(cell)}
    return [found for found in numbers(sentence) if found not in cells]


@pytest.mark.parametrize("name", VERBS)
def test_every_number_of_a_sentence_stands_in_a_cell(reports, name):
    report = reports[name]
    assert report.answer
    for sentence in (*report.answer, *report.changers):
        assert unsupported(sentence, report.numbers) == [], sentence


def test_a_number_that_no_cell_holds_is_found_by_that_test(reports):
    report = reports["compare"]
    first = report.answer[0]
    wrong = first.replace(numbers(first)[1], "123.4", 1)
    assert unsupported(wrong, report.numbers) == ["123.4"]
    assert unsupported(first, replace(report.numbers, rows=())) != []


def test_numbers_are_those_of_the_result(results, reports):
    summary = json_of(results / "compare" / "summary.json")
    answer = " ".join(reports["compare"].answer)
    for name in ("reference", "small"):
        entry = summary["scenarios"][name]["metrics"]["casualties"]
        assert f"{number(entry['mean'])}" in answer
        assert f"{number(entry['p05'])} to {number(entry['p95'])}" in answer
    saved = summary["comparisons"][0]["casualties_averted"]
    assert f"{number(saved['mean'])} fewer casualties in small" in answer
    assert f"{number(saved['p05'])} to {number(saved['p95'])} fewer" in answer


def test_likelihood_is_counted_in_paired_worlds_and_its_word_stands_beside_the_probability(results, reports):
    rows = rows_of(results / "compare" / "worlds.csv")
    played = {
        name: [float(row["casualties"]) for row in rows if row["scenario"] == name] for name in ("reference", "small")
    }
    fewer = sum(after < before for before, after in zip(played["reference"], played["small"], strict=True))
    (sentence,) = [one for one in reports["compare"].answer if "By chance alone" in one]
    assert f"{fewer} of 40 paired worlds" in sentence
    assert "with the inputs as stated" in sentence
    assert re.search(
        r"it is (extremely|very|virtually)? ?\w+ \(probability [\d.]+ to [\d.]+, 95 % interval; ", sentence
    )


@pytest.mark.parametrize("name", ["itself", "exact", "imprecise", "sweep", "breakeven", "attribute", "sensitivity"])
def test_no_likelihood_is_worded_where_nothing_was_counted_or_nothing_differs(reports, name):
    report = reports[name]
    for sentence in (*report.answer, *report.changers):
        assert not [term for term, _, _ in TERMS if f"{term} (" in sentence], sentence


def test_a_scenario_against_itself_has_no_difference_and_nothing_to_turn(reports):
    assert "as many casualties" in reports["itself"].answer[1]
    assert "no side is there to turn" in reports["itself"].changers[0]


def test_where_precision_was_not_reached_no_mean_is_stated(results, reports):
    report = reports["imprecise"]
    assert "was not reached" in report.answer[0]
    assert report.caveats[0].startswith("The precision asked for was not reached")
    metrics = json_of(results / "imprecise" / "summary.json")["scenarios"]
    for scenario in metrics.values():
        for name in ("casualties", "accidents", "hazardous_at_120_days"):
            assert number(scenario["metrics"][name]["mean"]) not in numbers(" ".join(report.answer))
    # The table still has them, each with its interval.
    rows = [row for row in report.numbers.rows if row[0] == "casualties [people]"]
    assert len(rows) == 2
    assert all(row[3] for row in rows)


def test_no_event_is_a_bound_and_never_a_nought(reports):
    report = reports["rare"]
    assert report.answer[0].startswith("Over 3 years, fewer than ")
    rows = [row for row in report.numbers.rows if row[0] in {"accidents", "casualties [people]"}]
    assert rows
    for row in rows:
        assert row[2].startswith("fewer than ")
        assert row[3] == "none in 40 worlds"


def test_chance_and_knowledge_are_told_apart(results, reports):
    report = reports["uncertain"]
    (sentence,) = [one for one in report.answer if one.startswith("Against reference")]
    its = json_of(results / "uncertain" / "summary.json")["comparisons"][0]["differences"]["casualties"]["knowledge"]
    low, high = number(-its["p95"]), number(-its["p05"])
    assert "by chance alone" in sentence
    assert f"by what is not known of the inputs {low} to {high} fewer" in sentence


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_gives_a_full_report(reports, name):
    report = reports[name]
    assert report.question.endswith("?")
    assert 1 <= len(report.answer) <= 3
    assert len(report.caveats) == 3
    assert report.changers
    assert report.checks
    assert all(check.agrees and check.table.rows for check in report.checks)
    assert "no number in it is evidence that any land is safe" in report.scope.lower()
    assert {item.section for item in report.checklist} == {
        "Objectives", "Logic", "Data", "Experimentation", "Implementation", "Code access",
    }  # fmt: skip
    assert len(report.checklist) == 24
    assert all(item.says.strip() for item in report.checklist)
    provenance = dict(report.provenance)
    assert provenance["command"].startswith(f"minesim {VERBS[name][0]}")
    assert len(provenance["digest"]) == 64


@pytest.mark.parametrize("name", ["compare", "sweep"])
def test_each_figure_has_a_title_a_description_and_a_table(results, reports, name):
    pictures = reports[name].pictures
    drawn = {path.stem for path in (results / name / "figures").glob("*.svg")}
    assert {one.stem for one in pictures} == drawn
    assert drawn
    for one in pictures:
        assert len(one.title) > 10
        assert len(one.description) > 40
        assert one.svg.startswith("<?xml") or "<svg" in one.svg
        assert one.table is not None
        assert one.table.rows
        assert all(len(row) == len(one.table.header) for row in one.table.rows)


def test_a_result_without_figures_has_a_report_without_pictures(reports):
    assert reports["run"].pictures == ()


@pytest.mark.parametrize("name", ["compare", "sweep", "marked"])
def test_the_same_folder_gives_the_same_report(results, reports, name):
    assert report_of(results / name) == reports[name]


def test_tables_of_figures_agree_with_the_data_files(results, reports):
    (picture,) = [one for one in reports["compare"].pictures if one.stem == "hazardous"]
    rows = [
        row for row in rows_of(results / "compare" / "curves.csv")
        if row["mines"] == "all" and row["quantity"] == "hazardous" and row["scenario"] == "reference"
    ]  # fmt: skip
    last = max(rows, key=lambda row: float(row["time_days"]))
    column = picture.table.header.index("hazardous mines, reference")
    assert picture.table.rows[-1][column].startswith(number(float(last["mean"])))
    assert picture.table.rows[-1][1] == last["date"]


# What would change the answer


def test_what_is_said_to_turn_the_answer_does_turn_it_when_computed_by_the_command(results, reports):
    (many,) = [one for one in reports["compare"].changers if "times as many mines" in one]
    mines = re.search(r"mines, ([\d,]+) instead of 400", many)[1].replace(",", "")
    for count, sign in ((int(mines) * 0.95, -1), (int(mines) * 1.05, 1)):
        out, many = f"turn-{sign}", f"mines.short.count={count:.0f}"
        done("compare", "reference.yaml", "small.yaml", "--method", "expected", "--set", many,
             "--quiet", "--no-figures", "-o", out, cwd=results.parent)  # fmt: skip
        found = json_of(results.parent / out / "summary.json")["comparisons"][0]["differences"]["casualties"]
        assert found["difference"] * sign > 0


def test_an_input_moved_by_itself_gives_what_the_command_gives(results, reports):
    moved = f"with {RATE} at {number(0.01925)} per mine-year"
    (row,) = [row for row in reports["compare"].numbers.rows if row[0].endswith(moved)]
    done("compare", "reference.yaml", "small.yaml", "--method", "expected", "--set", f"{RATE}=0.01925 per mine-year",
         "--quiet", "--no-figures", "-o", "moved", cwd=results.parent)  # fmt: skip
    found = json_of(results.parent / "moved" / "summary.json")["comparisons"][0]["differences"]["casualties"]
    assert row[2] == f"{number(-found['difference'])} fewer"


def test_without_a_closed_form_the_commands_are_named_and_work(results, reports):
    (sentence,) = reports["marked"].changers
    assert "civilians.marking" in sentence
    commands = re.findall(r"'(minesim [^']*)'", sentence)
    assert [command.split()[1] for command in commands] == ["sensitivity", "breakeven"]
    done(*commands[1].split()[1:], "--replicates", "2", "--quiet", cwd=results.parent)


# Assumptions


def test_assumptions_begin_with_those_without_a_source(reports):
    found = reports["compare"].assumptions
    kinds = ["" if not one.source else "assumption" if one.source == "assumption" else "sourced" for one in found]
    assert kinds == sorted(kinds, key=["", "assumption", "sourced"].index)
    assert set(kinds) == {"", "assumption", "sourced"}


def test_each_number_of_each_scenario_is_among_the_assumptions_once(reports):
    found = {one.path: one for one in reports["compare"].assumptions}
    assert len(found) == len(reports["compare"].assumptions)
    assert found["civilians.density"].scenarios == ("reference", "small")
    assert found["mines.old.count"].scenarios == ("reference",)
    assert found["mines.short.battery.life.weibull.shape"].value == "4"
    assert found[FAILURE].range == "uniform 5 % to 20 %"
    assert found["mines.short.battery.failure"].citation == "Many states. A treaty. 1996"
    assert found["mines.short.battery.failure"].link == "https://example.org/treaty"
    # What the files leave to the program is assumed as well.
    assert found["mines.short.common_cause"].value == "0"
    assert not {"title", "seed", "replicates", "start", "horizon"} & set(found)


def test_a_value_that_differs_between_scenarios_has_a_row_for_each(tmp_path):
    trees = [json.loads(json.dumps({
        "title": "one", "start": "2024-12-01", "horizon": "1 year",
        "region": {"rectangle": {"width": "3 km", "height": "2 km"}},
        "mines": {"a.b": {"count": count, "laid": "2024-12-01", "ageing": {"one_of": [
            {"weight": 2, "exponential": {"mean": "10 years"}}, {"weight": 1, "weibull": {
                "shape": {"value": 2, "source": "assumption", "note": "x"}, "scale": "9 years"}}]}}},
        "civilians": {"density": "14 per km2", "accident_rate": "0.01 per mine-year",
                      "reference_density": "14 per km2", "casualties_per_accident": 1},
    })) for count in (1, 2)]  # fmt: skip
    found = assumptions_of([from_tree(name, tree) for name, tree in zip("pq", trees, strict=True)])
    counts = [(one.value, one.scenarios) for one in found if one.path == "mines.a.b.count"]
    assert counts == [("1", ("p",)), ("2", ("q",))]
    (choice,) = [one for one in found if one.path == "mines.a.b.ageing"]
    assert choice.value == "one of: exponential mean 10 years; weibull shape 2, scale 9 years"
    assert choice.range == "2 alternatives, weights 2 to 1"
    assert [one.source for one in found if one.path.endswith("one_of.1.weibull.shape")] == ["assumption"]


@pytest.mark.parametrize(
    ("url", "link"),
    [("https://example.org/a", "https://example.org/a"), ("http://example.org", "http://example.org"),
     ("javascript:alert(1)", ""), ("file:///etc/passwd", ""), ("", "")],
)  # fmt: skip
def test_only_addresses_of_the_web_are_links(url, link):
    assert link_of(Source(title="x", url=url)) == link


# Checks


def test_a_simulation_that_does_not_fit_the_closed_form_is_said_to_disagree(results, monkeypatch):
    computed = report_checks.expected

    def neighbour(world):
        (kind,) = world.kinds
        return computed(replace(world, kinds=(replace(kind, self_destruct_failure=1.3 * kind.self_destruct_failure),)))

    monkeypatch.setattr(report_checks, "expected", neighbour)
    (check,) = report_of(results / "run").checks
    assert not check.agrees
    assert "DISAGREES" in check.sentence


def test_a_simulation_that_does_not_fit_the_engine_that_counts_is_said_to_disagree(results, monkeypatch):
    counted = report_checks.count_replicates

    def neighbour(world, *rest):
        (kind,) = world.kinds
        return counted(
            replace(world, kinds=(replace(kind, self_destruct_failure=3 * kind.self_destruct_failure),)), *rest
        )

    monkeypatch.setattr(report_checks, "count_replicates", neighbour)
    assert not report_of(results / "marked").checks[1].agrees


def test_a_scenario_that_would_take_long_to_count_is_said_not_to_be_checked(results, tmp_path):
    for name in ("small", "marked"):
        shutil.copy(results.parent / f"{name}.yaml", tmp_path)
    laid = "mines.short.laid={from: 2024-12-01, to: 2025-06-01}"
    done(
        "run", "marked.yaml", "--set", laid, "--replicates", "2", "--quiet", "--no-figures", "-o", "long", cwd=tmp_path
    )
    report = report_of(tmp_path / "long")
    assert report.checks == ()
    assert report.limits[0].startswith("The simulation of marked was not held against a second computation here")


def test_lots_that_seldom_fail_raise_no_false_alarm(results, tmp_path, monkeypatch):
    shutil.copy(results.parent / "small.yaml", tmp_path)
    sets = ("mines.short.battery.failure=6 per million", "mines.short.lots={size: 100, correlation: 0.3}")
    settings = [word for one in sets for word in ("--set", one)]
    done("run", "small.yaml", *settings, "--replicates", "2", "--quiet", "--no-figures", "-o", "lots", cwd=tmp_path)
    (check,) = report_of(tmp_path / "lots").checks
    assert check.agrees
    # With the scores of what hardly ever happens they do.
    monkeypatch.setattr(verification, "FEWEST_EXPECTED", 0.0)
    assert not report_of(tmp_path / "lots").checks[0].agrees


# Files that are not as they were written


def test_a_changed_file_gives_no_report_and_is_named(results, tmp_path):
    folder = copied(results, "compare", tmp_path)
    path = folder / "curves.csv"
    path.write_bytes(path.read_bytes().replace(b"reference,0,", b"reference,1,", 1))
    with pytest.raises(InputError, match=r"curves\.csv: is not as it was written.*minesim rerun"):
        report_of(folder)


def test_a_missing_figure_gives_no_report_and_is_named(results, tmp_path):
    folder = copied(results, "compare", tmp_path)
    (folder / "figures" / "harm.svg").unlink()
    with pytest.raises(InputError, match=r"harm\.svg: is missing"):
        report_of(folder)


def test_a_manifest_that_was_changed_gives_no_report(results, tmp_path):
    folder = copied(results, "run", tmp_path)
    manifest = json_of(folder / "manifest.json")
    manifest["scenarios"][0]["tree"]["mines"]["short"]["count"] = 4
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(InputError, match=r"the scenario small is not the one that was run"):
        report_of(folder)


def test_a_manifest_leads_to_no_file_outside_its_folder(results, tmp_path):
    folder = copied(results, "run", tmp_path)
    manifest = json_of(folder / "manifest.json")
    manifest["outputs"]["../../secret.csv"] = "0" * 64
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(InputError, match="names a file outside its folder"):
        report_of(folder)


def test_a_folder_that_is_no_result_gives_no_report(tmp_path):
    with pytest.raises(InputError, match=r"it has no manifest\.json"):
        report_of(tmp_path)


def test_a_result_of_an_older_version_without_its_worlds_has_a_report_without_likelihoods(results, tmp_path):
    folder = copied(results, "compare", tmp_path)
    manifest = json_of(folder / "manifest.json")
    del manifest["outputs"]["worlds.csv"]
    (folder / "worlds.csv").unlink()
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    report = report_of(folder)
    assert len(report.answer) == 3
    assert not [one for one in report.answer if "By chance alone" in one]


# Studies


def test_a_break_even_of_a_report_is_that_of_the_study(results, reports):
    summary = json_of(results / "breakeven" / "summary.json")
    (one,) = summary["break_even"]
    assert number(one["value"]) in reports["breakeven"].answer[0]
    assert f"90 % interval {number(one['low'])} to {number(one['high'])}" in reports["breakeven"].answer[0]


def test_a_sweep_says_between_which_swept_values_the_answer_turns(results, reports):
    rows = [row for row in rows_of(results / "sweep" / "differences.csv") if row["metric"] == "casualties"]
    line = sorted(
        (float(row["mines.short.count"]), float(row["difference"])) for row in rows if float(row[FAILURE]) == 0
    )
    between = next((a[0], b[0]) for a, b in pairwise(line) if a[1] < 0 < b[1])
    said = [one for one in reports["sweep"].changers if f"{FAILURE} at 0 %" in one]
    assert said
    assert f"{number(between[0])} and {number(between[1])}" in said[0]
    below = sum(float(row["difference"]) < 0 for row in rows)
    assert f"below reference at {below}" in reports["sweep"].answer[1]


def test_shares_are_stated_only_where_n_was_enough(results, reports):
    summary = json_of(results / "sensitivity" / "summary.json")
    answer = reports["sensitivity"].answer
    if summary["enough"]:
        assert "the largest share of the variance" in answer[0]
    else:
        assert "not known well enough" in answer[0]
    assert f"{number(summary['quantiles']['p05'])} to {number(summary['quantiles']['p95'])}" in " ".join(answer)


def test_parts_of_an_attribution_are_those_of_the_study(results, reports):
    summary = json_of(results / "attribute" / "summary.json")
    largest = max(summary["parts"], key=lambda part: abs(part["effect"]))
    assert f"{number(largest['effect'])}" in reports["attribute"].answer[1]
    assert "closed form" in reports["attribute"].answer[0]


def test_a_table_of_numbers_holds_each_row_once():
    row = ("a", "b", "1", "", "exact")
    assert numbers_of([Claim("x 1", (row,)), Claim("y 1", (row,))], "c", "n").rows == (row,)
