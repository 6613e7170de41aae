"""Files that a scenario or a verb names: borders and lines in GeoJSON; settlements and life tests in CSV."""

import json
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from random import Random

import numpy as np
from fuzzing import mutation, vocabulary
from fuzzing.judging import check, judge_words, judged

from simulator.casualty_record import read_record
from simulator.fit_words import fit_rows, fit_sentences, life_block
from simulator.fitting import Form, fit
from simulator.geography import read_boundary, read_line
from simulator.life_tests import LifeTests, read_life_tests
from simulator.place import read_place
from simulator.referenced import ReferencedFile
from simulator.region import Region, boundary_region, cells_at, outline_of, triangulated
from simulator.scenario_file import LoadedScenario, from_tree, shipped_scenarios
from simulator.settlements import located, read_settlements
from simulator.yaml_reader import parse_yaml

CONTRACT = Path(__file__).parents[1] / "contract"
_SIDE = 32  # cells along the longer side of a border
_KM_PER_DEGREE = 112.0
_MOST_FITTED = 12
_FILE = "file"


def geojson(data: bytes) -> None:
    """Read a text as the border of a region and lay it out in cells, then as a belt in degrees and in km."""
    text = data.decode("utf-8", "replace")
    boundary = judged(text, lambda: read_boundary(text, _FILE))
    if boundary is not None:
        west, south, east, north = boundary.bounds
        cell_km = max(east - west, north - south) * _KM_PER_DEGREE / _SIDE
        region = judged(text, lambda: boundary_region("", boundary, max(cell_km, 1e-3), None))
        if region is not None:
            _judge_region(region)
    line = judged(text, lambda: read_line(text, _FILE))
    check(line is None or line.length > 0, "a line without length")
    belt = _belt()
    files = {key: ReferencedFile(_FILE, text) for key in belt.files}
    judged(text, lambda: read_place(replace(belt, files=files)))


def csv(data: bytes) -> None:
    """Read a text as settlements in a rectangle and inside a border, as a record of casualties, and as life tests."""
    text = data.decode("utf-8", "replace")
    villages = _villages()
    files = {key: ReferencedFile(_FILE, text) for key in villages.files}
    place = judged(text, lambda: read_place(replace(villages, files=files)))
    if place is not None:
        people = float(place.people_per_km2 @ place.region.area_km2)
        there = float(place.settlements.population.sum())
        check(abs(people - there) <= 1e-9 * there, f"{there} people in the file, {people} on the ground")
    settled = judged(text, lambda: read_settlements(text, _FILE, geographic=True))
    if settled is not None:
        judged(text, lambda: located(settled, _district()))
    judged(text, lambda: read_record(text, _FILE, date(2000, 1, 1), 30 * 365.25))
    tests = judged(text, lambda: read_life_tests(text, _FILE))
    if tests is not None and len(tests.days) <= _MOST_FITTED and tests.degrees is None:
        _fit(tests)


def geojson_seeds() -> list[bytes]:
    """The shipped borders and lines, and small ones of every kind."""
    from wrong_geojson import INNER, REFUSED, SQUARE, collection, feature, polygon

    shipped = [path.read_bytes() for folder in (CONTRACT, shipped_scenarios()) for path in folder.glob("*.geojson")]
    small = [
        polygon(SQUARE), polygon(SQUARE, INNER), feature(polygon(SQUARE)), collection(feature(polygon(SQUARE))),
        '{"type":"LineString","coordinates":[[1,1],[2,2.5],[3,1]]}',
        '{"type":"MultiLineString","coordinates":[[[1,1],[2,2]],[[3,1],[0.5,2]]]}',
        '{"type":"MultiPolygon","coordinates":[[[[0,0],[1,0],[1,1],[0,0]]],[[[2,2],[3,2],[3,3],[2,2]]]]}',
        '{"type":"Polygon","coordinates":[[[-180,-90],[0,-90],[0,90],[-180,90],[-180,-90]]]}',
        '{"type":"Polygon","coordinates":[[[0,89],[90,89],[179,89],[0,89]]],"crs":{"properties":{"name":"EPSG:4326"}}}',
    ]  # fmt: skip
    wrong = [text for text, *_ in REFUSED.values() if len(text) < 4000]
    return [
        *sorted(one for one in shipped if len(one) < 20_000),
        *(text.encode("utf-8", "replace") for text in (*small, *wrong)),
    ]


def csv_seeds() -> list[bytes]:
    """The shipped settlements, small tables of every kind, and those that the tests know to be wrong."""
    shipped = [path.read_bytes() for folder in (CONTRACT, shipped_scenarios()) for path in sorted(folder.glob("*.csv"))]
    return [
        *shipped,
        b'name,x_km,y_km,population\nAlpha,1,1,100\n"Beta, old",2.5,3,0\n',
        b"name,lon,lat,population\nAlpha,36.9,48.4,100\nBeta,37.1,48.5,20\n",
        b"days,status\n10,ended\n12,ended\n20,working\n",
        b"hours,status,count,seen_working\n100,ended,3,50\n120,ended,,\n300,working,20,\n",
        b"days,status,temperature_degC\n10,ended,20\n5,ended,40\n2,ended,60\n30,working,20\n",
        b"weeks,status\n1,ended\n1,ended\n1,ended\n",
        b"year,casualties\n2003,120\n2004,80\n2006,12\n",
        b"month,casualties,at_most\n2003-07,12,\n2003-08,3,yes\n",
        b"from,to,casualties\n2003-01-01,2003-07-01,40\n2003-07-01,2004-01-01,20\n",
        b"name;lon;lat;population\na;1;2;3\n",
    ]


def changed_geojson(rng: Random, data: bytes) -> bytes:
    """A GeoJSON text with its tree changed: most of all its positions."""
    try:
        tree = json.loads(data)
    except ValueError:
        return mutation.changed_lines(rng, data.decode("utf-8", "replace")).encode("utf-8", "replace")
    rows = list(_rows(tree))
    for _ in range(rng.randrange(1, 4)):
        if rows and rng.random() < 0.7:
            _change_row(rng, rng.choice(rows))
        else:
            tree = mutation.changed_tree(rng, tree)
            rows = list(_rows(tree))
    return json.dumps(tree, ensure_ascii=False).encode("utf-8", "replace")


def changed_csv(rng: Random, data: bytes) -> bytes:
    """A CSV text with cells, rows, columns or lines changed."""
    text = data.decode("utf-8", "replace")
    if rng.random() < 0.1:
        text = mutation.spliced(rng, text, [one.decode() for one in csv_seeds()])
    for _ in range(rng.randrange(1, 4)):
        text = (mutation.changed_table if rng.random() < 0.8 else mutation.changed_lines)(rng, text)
    return text.encode("utf-8", "replace")


def _rows(tree: object) -> list[list[object]]:
    if isinstance(tree, list):
        here = (
            [tree]
            if tree and all(isinstance(one, list) and len(one) > 1 and not isinstance(one[0], list) for one in tree)
            else []
        )
        return here + [row for child in tree for row in _rows(child)]
    return [row for child in tree.values() for row in _rows(child)] if isinstance(tree, dict) else []


def _change_row(rng: Random, row: list[object]) -> None:
    at = rng.randrange(len(row))
    match rng.randrange(7):
        case 0:
            row.reverse()
        case 1:
            row.insert(rng.randrange(len(row) + 1), list(row[at]))
        case 2 if len(row) > 1:
            del row[at]
        case 3:
            rng.shuffle(row)
        case 4:
            row[-1] = list(row[0])
        case 5:
            row[at] = [vocabulary.number(rng), vocabulary.number(rng)]
        case _:
            row[at] = [
                one + rng.choice([0, 1e-15, 1e-9, 0.01, -1, 90, 360]) if isinstance(one, int | float) else one
                for one in row[at]
            ]


def _judge_region(region: Region) -> None:
    """The cells of a border share out its area, and each has its middle inside."""
    outline = outline_of(region)
    check(bool(np.isfinite(region.area_km2).all() and (region.area_km2 > 0).all()), "cells without area")
    check(abs(region.total_area_km2 - outline.area) <= 1e-6 * outline.area, "the cells are not the area of the border")
    triangles = triangulated(outline)
    check(bool(np.isfinite(triangles.corners).all()), "triangles without corners")
    check(bool((cells_at(region, region.x_km, region.y_km) < region.area_km2.size).all()), "a place in no cell")


def _fit(tests: LifeTests) -> None:
    """Fit a law, as ``minesim fit`` does with several; where tests do not tell one, words say so."""
    try:
        found = [fit(Form("weibull"), tests, 0.9)]
    except ValueError as error:
        judge_words(str(error))
        return
    for sentence in fit_sentences(found, tests, 120.0):
        judge_words(sentence)
    for row in fit_rows(found)[1]:
        judge_words(" ".join(row))
    parse_yaml(life_block(found, tests, "battery", "tests.csv").encode(), "block", [])


@cache
def _belt() -> LoadedScenario:
    """A rectangle with a belt, whose line is replaced by the text at hand."""
    return _scenario({"placement": {"belt": {"line": "belt.geojson", "width": "1 km"}}}, {"density": "14 per km2"}, {
        "mines.legacy.placement.belt.line": '{"type":"LineString","coordinates":[[1,1],[2,2]]}'})  # fmt: skip


@cache
def _villages() -> LoadedScenario:
    """A rectangle with settlements, which are replaced by the text at hand, and a rule to keep away from them."""
    keep = {"placement": {"uniform": True, "keep_away": {"distance": "0.2 km", "compliance": 0.5}}}
    return _scenario(keep, {"settlements": "villages.csv", "range": "2 km"}, {
        "civilians.settlements": "name,x_km,y_km,population\na,1,1,100\n"})  # fmt: skip


def _scenario(mines: dict[str, object], people: dict[str, str], files: dict[str, str]) -> LoadedScenario:
    tree = {
        "title": "A rectangle", "start": "2024-12-01", "horizon": "2 years",
        "region": {"rectangle": {"width": "10 km", "height": "8 km"}, "cell": "1 km"},
        "mines": {"legacy": {"count": 100, "laid": "2024-12-01", **mines}},
        "civilians": {"accident_rate": "1e-4 per mine-year", "reference_density": "14 per km2",
                      "casualties_per_accident": 1.44, **people},
    }  # fmt: skip
    return from_tree("rectangle", tree, {key: ReferencedFile(_FILE, text) for key, text in files.items()})


@cache
def _district() -> Region:
    text = (CONTRACT / "district.geojson").read_text(encoding="utf-8")
    return boundary_region("", read_boundary(text, _FILE), 5.0, None)
