"""Wrong borders, lines and settlements through the command: exit status 2, file and place, no traceback, nothing
written.
"""

import pytest
from scenario_texts import FULL, changed, contract_folder, written
from terminal import files_below, minesim
from test_settlements import REFUSED as REFUSED_SETTLEMENTS
from wrong_geojson import REFUSED as REFUSED_BORDERS
from wrong_geojson import REFUSED_LINES

# One of each kind goes through the command; all of them through the readers, in the tests of these.
BORDERS = sorted(REFUSED_BORDERS)[::3]
LINES = sorted(kind for kind, case in REFUSED_LINES.items() if "in a rectangle" not in kind)
SETTLEMENTS = sorted(REFUSED_SETTLEMENTS)[::3]


@pytest.fixture
def study(tmp_path):
    return contract_folder(tmp_path)


def refusal(study, *arguments):
    """What the command says when it refuses; it must leave the folder as it was."""
    before = files_below(study)
    process = minesim(*arguments, cwd=study)
    assert process.returncode == 2, process.stdout
    assert "Traceback" not in process.stderr
    assert process.stdout == ""
    assert files_below(study) == before
    return process.stderr


def test_there_are_more_than_thirty_kinds_of_wrong_files():
    assert len(REFUSED_BORDERS) + len(REFUSED_LINES) + len(REFUSED_SETTLEMENTS) > 60
    assert len(BORDERS) + len(LINES) + len(SETTLEMENTS) > 30


@pytest.mark.parametrize("kind", BORDERS)
def test_a_wrong_border_is_refused_at_its_place(kind, study):
    text, place, words = REFUSED_BORDERS[kind]
    written(study, text, "district.geojson")
    said = refusal(study, "run", "full.yaml", "-o", "out")
    assert said.startswith(f"district.geojson:{place}: error: ")
    assert words in said


@pytest.mark.parametrize("kind", LINES)
def test_a_wrong_line_is_refused_at_its_place(kind, study):
    text, _, place, words = REFUSED_LINES[kind]
    written(study, text, "belt.geojson")
    said = refusal(study, "run", "full.yaml", "-o", "out")
    assert said.startswith(f"belt.geojson:{place}: error: ")
    assert words in said


@pytest.mark.parametrize("kind", SETTLEMENTS)
def test_wrong_settlements_are_refused_at_their_row(kind, study):
    text, problems = REFUSED_SETTLEMENTS[kind]
    written(study, text, "villages.csv")
    said = refusal(study, "validate", "full.yaml").splitlines()
    for place, words in problems:
        assert any(line.startswith(f"villages.csv:{place}: error: ") and words in line for line in said)


def test_a_border_that_is_right_is_not_refused(study):
    assert minesim("validate", "full.yaml", cwd=study).returncode == 0


@pytest.mark.parametrize(
    ("change", "place", "words"),
    [
        (("boundary: district.geojson", "boundary: nosuch.geojson"), "region.boundary", "no such file"),
        (("boundary: district.geojson", "boundary: ."), "region.boundary", "must be a file in the scenario's folder"),
        (
            ("boundary: district.geojson", "boundary: ../x.geojson"),
            "region.boundary",
            "must be a file in the scenario's",
        ),
        (("settlements: villages.csv", "settlements: full.yaml"), "full.yaml:1:1", "column 'name' is missing"),
        (("line: belt.geojson", "line: district.geojson"), "geometry.type", "must be LineString or MultiLineString"),
        (("boundary: district.geojson", "boundary: belt.geojson"), "geometry.type", "must be Polygon or MultiPolygon"),
        (("distance: 1 km", "distance: 60 km"), "keep_away.distance", "leaves no room"),
        (("range: 3 km ", "#range: 3 km "), "civilians.settlements", "needs 'range' beside it"),
        (("cell: 1 km", "cell: 1 m"), "region.cell", "cells"),
        (("detection: 0.996", "detection: 0.996\n  passes: 0"), "clearance.passes", "must be between 1 and 20"),
        (("search: 0.1 ", "search: 0 "), "clearance.search", "must be above 0"),
        (("winter_stop: [12, 1, 2]", "winter_stop: [1,2,3,4,5,6,7,8,9,10,11,12]"), "winter_stop", "at least one month"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_scenario_that_names_them_wrongly_is_refused_at_its_key(change, place, words, study):
    written(study, changed(FULL, change), "changed.yaml")
    said = refusal(study, "run", "changed.yaml", "-o", "out")
    assert place in said
    assert words in said


def test_every_wrong_file_of_a_scenario_is_reported_in_one_run(study):
    written(study, FULL.replace("district.geojson", "a.geojson").replace("belt.geojson", "b.geojson"), "changed.yaml")
    said = refusal(study, "validate", "changed.yaml")
    assert said.count("no such file") == 2


def test_a_link_that_leads_out_of_the_folder_is_not_followed(study, tmp_path_factory):
    outside = written(tmp_path_factory.mktemp("outside"), (study / "district.geojson").read_text(), "district.geojson")
    (study / "district.geojson").unlink()
    (study / "district.geojson").symlink_to(outside)
    assert "must stay in the scenario's folder" in refusal(study, "run", "full.yaml", "-o", "out")


def test_maps_after_the_horizon_or_too_many_of_them_are_refused(study):
    assert "--map-day: must not be after the horizon" in refusal(study, "run", "full.yaml", "--map-day", "40 years")
    many = [argument for day in range(21) for argument in ("--map-day", f"{day} days")]
    assert "--map-day: can be given 20 times at most" in refusal(study, "run", "full.yaml", *many)
