"""`minesim sources --check`: what is shipped is traced, and each rule is broken once to see that it is found."""

import shutil

import pytest
from scenario_texts import changed, written
from terminal import minesim
from traced import TRACED, checked, pointed_at

from simulator.cli import cli
from simulator.evidence_index import SHIPPED as EVIDENCE
from simulator.evidence_index import shipped_index
from simulator.glossary import every_key
from simulator.guidance import FILE as GUIDANCE
from simulator.project import start_project
from simulator.report_assumptions import assumptions_of
from simulator.scenario_file import load, shipped_scenarios
from simulator.source_check import Shipped, check_files, check_shipped
from simulator.unsourced import exemption_of, exemptions

STANDARDS = EVIDENCE.with_name("standards.yaml")

# Made to the scenario of traced.py, with the path, what is pointed at, and what is said.
BROKEN = {
    "a bare probability": (
        [("{value: 10 %, source: ccw-apii-1996, grade: high, note: LAW-SD10. At the limit.}", "10 %")],
        "mines.old.self_destruct.failure", "10 %", "has no source; write {value: 10 %, source: …",
    ),
    "a bare quantity in a list": (
        [("{value: 1e-4 per year, source: hse-2001, grade: moderate, note: TOL-HSE. For people.}", "1e-4 per year")],
        "thresholds.0", "1e-4 per year", "has no source",
    ),
    "an alternative, and the choice has no source": (
        [("      source: own-count\n      grade: low\n      note: Table 2, two ways of counting.\n", ""),
         ("{weight: 2, value: 4 %}", "{weight: 2, value: 4 %, source: assumption, grade: low, note: a guess}")],
        "mines.old.arming_failure.one_of.1", "6 %", "has no source; write {value: 6 %",
    ),
    "a choice without its comment": (
        [("count: 60              # a round number", "count: 60")],
        "mines.old.count", "count", "needs a comment on its line, or directly above it",
    ),
    "a block without its comment": (
        [("   # invented", "")], "region.rectangle", "rectangle", "needs a comment on its line",
    ),
    "a list without its comment": (
        [("  # Counted for each month (own-count), as UA-ACT suggests.\n", "")],
        "civilians.season", "season", "needs a comment on its line",
    ),
    "a comment for a number that needs a source": (
        [("casualties_per_accident: {value: 1.5, source: own-count, grade: low, note: Table 3.}",
          "casualties_per_accident: 1.5   # Table 3 of our count")],
        "civilians.casualties_per_accident", "1.5", "has no source",
    ),
    "an unknown source": (
        [("source: ukrstat-2019", "source: ukrstat-2091")],
        "civilians.density.source", "ukrstat-2091", "unknown source 'ukrstat-2091', did you mean 'ukrstat-2019'?",
    ),
    "an unknown row at the beginning of a note": (
        [("LAW-SD10. At the limit.", "'LWA-SD10, LAW-SD10. At the limit.'")],
        "mines.old.self_destruct.failure", "LWA-SD10", "no row 'LWA-SD10' in the evidence, did you mean 'LAW-SD10'?",
    ),
    "an unknown row in the second line of a note": (
        [("(UA-INC)", "(UA-INK)")],
        "civilians.accident_rate", "UA-INK", "no row 'UA-INK' in the evidence, did you mean 'UA-INC'?",
    ),
    "an unknown row in a comment": (
        [("as UA-ACT suggests", "as UA-ATC suggests")], "civilians.season", "season", "no row 'UA-ATC' in the evidence",
    ),
    "a shipped source without a row": (
        [("POP-DEN. Rural.", "Rural.")],
        "civilians.density", "Rural.", "names no row of the evidence; begin it with a row that cites 'ukrstat-2019', "
        "such as POP-DEN",
    ),
    "an own source without a note": (
        [("grade: low, note: Table 3.}", "grade: low}")],
        "civilians.casualties_per_accident", "own-count", "no note says where in 'own-count' it stands",
    ),
    "a row that rests on another source": (
        [("note: REL-TIMES. The longest.", "note: REL-TIMES24. The longest.")],
        "mines.old.self_destruct.time", "REL-TIMES24. The longest.",
        "REL-TIMES24 does not rest on 'dod-news-1998', but on cbs-2024 and us-state-briefing-2024",
    ),
    "a figure from memory under a publication": (
        [("note: REL-TIMES. The longest.", "note: \"REL-TIMES, REL-90D. The longest.\"")],
        "mines.old.self_destruct.time", "REL-90D", "rests on REL-90D, which is not verified: The 90 days are recalled.",
    ),
    "a figure worked out from one from memory": (
        [("note: Table 3.", "note: Table 3 and BAT-FACT.")],
        "civilians.casualties_per_accident", "BAT-FACT", "rests on BAT-FACT, which is worked out from ENV-KHA, "
        "which is not verified: June, August, October, November and December are recalled. Its source must",
    ),
    "an assumption without a note": (
        [("source: assumption, grade: low, note: As the density.", "source: assumption, grade: low")],
        "civilians.reference_density.source", "assumption", "an assumption needs a 'note' that says why",
    ),
    "an unknown grade": (
        [("grade: moderate, note: POP-DEN", "grade: superb, note: POP-DEN")],
        "civilians.density.grade", "superb", "must be one of very low, low, moderate, high, got",
    ),
    "no grade": (
        [("own-count, grade: low, note: Table 3.", "own-count, note: Table 3.")],
        "civilians.casualties_per_accident", "1.5", "has no grade; add 'grade', one of very low, low, moderate, high",
    ),
    "a value outside its own range": (
        [("value: 1.4e-4 per mine-year", "value: 1.4e-3 per mine-year")],
        "civilians.accident_rate", "1.4e-3 per mine-year",
        "lies outside its own range from 3.5e-5 per mine-year to 7e-4 per mine-year, got 1.4e-3 per mine-year",
    ),
    "a source of one's own that nothing cites": (
        [("  own-count: {", "  other: {title: Another}\n  own-count: {")],
        "sources.other", "other", "no number of this scenario cites it; cite it, or remove it",
    ),
}  # fmt: skip


def test_all_that_is_shipped_is_traced(capsys):
    assert cli.main(["sources", "--check"], standalone_mode=False) == 0
    said, problems = capsys.readouterr()
    assert problems == ""
    assert said.startswith("Checked ")
    assert said.endswith(" explained by a comment. All are traced.\n")
    assert "without a source" not in said
    assert f"{len(shipped_index().rows)} rows of evidence" in said


def test_a_scenario_of_ones_own_that_is_traced_has_nothing_to_report(tmp_path):
    result = checked(tmp_path)
    assert result.problems == ()
    assert (result.published, result.assumptions, result.bare, result.choices) == (6, 2, 0, 3)


@pytest.mark.parametrize("change", BROKEN, ids=str)
def test_each_broken_rule_is_found_at_its_place_and_nothing_else(change, tmp_path):
    replacements, path, text, said = BROKEN[change]
    found = [one for one in checked(tmp_path, *replacements).problems if not _is_echo(one, change)]
    (problem,) = found
    assert problem.path == path
    assert pointed_at(problem).strip("\"'").startswith(text)
    assert said in problem.message


def _is_echo(problem, change):
    """A missing grade or note may be said by the schema as well; an unknown grade is none at all."""
    return change == "an unknown grade" and "has no grade" in problem.message


def test_rules_broken_in_shipped_files_are_all_found_at_once(tmp_path):
    # Scenarios that cite nothing of their own are left out, for time.
    left_out = shutil.ignore_patterns("*.json", "keep-away*", "no-*", "slow*", "field*", "backup*")
    folder = shutil.copytree(shipped_scenarios(), tmp_path / "scenarios", ignore=left_out)
    edits = {
        "scenarios/treaty-limit.yaml": [("note: TOL-HSE. Level", "note: TOL-HES. Level"),
                                        ("source: ukrstat-2019", "source: hse-2001"),
                                        ('"LETH. Of 6,279', '"Of 6,279'),
                                        ("   # invented: 1,000 km2, ten mines to each", "")],
        "scenarios/district-battery-limited.yaml": [("REL-TIMES. Longest", "REL-TIMES, CM-M85-FIELD. Longest")],
        "scenarios/hindcast/bosnia.csv": [("2003,54,bhmac-casualties", "2003,54,bhmac")],
        "scenarios/hindcast/sources.yaml": [("hina-2000:", "nobody-2001: {title: None}\nhina-2000:")],
        "scenarios/sources.yaml": [("halo-ukraine:", "halo-laos: {title: None}\nhalo-ukraine:")],
        "standards.yaml": [("REL-6E6. An official", "An official")],
        "guidance.yaml": [("Write one line that", "Write, as LAW-SD11 does, one line that")],
    }  # fmt: skip
    for source in (STANDARDS, GUIDANCE):
        shutil.copy(source, tmp_path)
    for name, replacements in edits.items():
        path = tmp_path / name
        path.write_text(changed(path.read_text(encoding="utf-8"), *replacements), encoding="utf-8")
    result = check_shipped(Shipped(folder, EVIDENCE, tmp_path / "standards.yaml", tmp_path / "guidance.yaml"))
    found = {(one.mark.name.split("scenarios/")[-1], one.path): one.message for one in result.problems}
    assert {place: message.split(",")[0].split(";")[0] for place, message in found.items()} == {
        ("treaty-limit.yaml", "region.rectangle"): "needs a comment on its line",
        ("treaty-limit.yaml", "civilians.density"): "POP-DEN does not rest on 'hse-2001'",
        ("treaty-limit.yaml", "civilians.killed_share"):
            "rests on 'landmine-monitor-2025'",
        ("treaty-limit.yaml", "thresholds.1"): "no row 'TOL-HES' in the evidence",
        ("district-battery-limited.yaml", "mines.battery-limited.self_destruct.time.normal.mean"):
            "rests on CM-M85-FIELD",
        ("hindcast/bosnia.csv", "source"): "unknown source 'bhmac'",
        ("hindcast/sources.yaml", "nobody-2001"): "no number and no note cites it",
        ("sources.yaml", "halo-laos"): "no number and no note cites it",
        ("sources.yaml", "ukrstat-2019"): "no number and no note cites it",
        ("standards.yaml", "official-claim-2020.limit"): "REL-60K and REL-TIMES do not rest on 'dod-briefing-2020'",
        ("guidance.yaml", "title.obtain"): "no row 'LAW-SD11' in the evidence",
    }  # fmt: skip


def test_a_new_project_is_traced_with_its_copied_list_of_references(tmp_path):
    start_project(tmp_path / "study")
    assert check_files(sorted((tmp_path / "study").glob("*.yaml"))).problems == ()


def test_a_list_of_references_is_held_against_the_files_it_is_given_with(tmp_path):
    listed = written(tmp_path, "used: {title: One}\nunused: {title: Two}\n", "sources.yaml")
    record = written(tmp_path, "year,casualties,source\n2001,5,used\n2002,4,\n2003,3,assumption\n2004,2,usd\n", "r.csv")
    problems = check_files([record, listed]).problems
    assert [(one.path, pointed_at(one)) for one in problems] == [
        ("source", ""), ("source", "assumption"), ("source", "usd"), ("unused", "unused"),
    ]  # fmt: skip
    assert "did you mean 'used'?" in problems[2].message


def test_what_an_extended_file_says_is_found_once_and_there(tmp_path):
    written(tmp_path, changed(TRACED, ("POP-DEN. Rural.", "Rural.")), "base.yaml")
    paths = [written(tmp_path, f"extends: base.yaml\ntitle: Child {n}\n", f"child-{n}.yaml") for n in (1, 2)]
    (problem,) = check_files(paths).problems
    assert problem.mark.name == str(tmp_path / "base.yaml")


def test_the_command_points_at_the_number_and_says_by_its_status_what_it_found(tmp_path):
    written(tmp_path, changed(TRACED, ("   # invented", ""), ("POP-DEN. Rural.", "Rural.")))
    process = minesim("sources", "--check", "scenario.yaml", cwd=tmp_path)
    assert process.returncode == 1
    assert process.stderr.startswith("scenario.yaml:5:3: error: region.rectangle: needs a comment on its line, or ")
    assert "\nscenario.yaml:22:77: error: civilians.density: rests on 'ukrstat-2019', but" in process.stderr
    assert process.stdout == (
        "Checked 1 file: 6 numbers from publications, 2 assumptions; 2 choices explained by a comment. "
        "2 problems found.\n"
    )


def test_a_file_that_is_no_scenario_is_wrong_input_and_the_others_are_checked_all_the_same(tmp_path):
    broken = written(tmp_path, "title: [", "broken.yaml")
    result = check_files([broken, tmp_path / "none.yaml", written(tmp_path, TRACED.replace("   # invented", ""))])
    assert result.unreadable
    assert [one.path for one in result.problems] == ["", "", "region.rectangle"]


def test_every_exemption_is_a_key_and_every_number_that_takes_no_source_is_exempt():
    keys = set(every_key())
    assert set(exemptions()) <= keys
    assert exemption_of(("mines", "any name", "count")).needs == "comment"
    assert exemption_of(("mines", "any name", "arming_failure")) is None
    assert exemption_of(("civilians", "accident_rate")) is None


def test_a_report_says_why_a_number_without_a_source_needs_none():
    rows = assumptions_of([load(shipped_scenarios() / "district.yaml")])
    bare = {row.path: row.note for row in rows if not row.source and row.value[:1].isdigit()}
    assert "mines.persistent.count" in bare
    assert "civilians.season" in bare
    assert all(bare.values())
