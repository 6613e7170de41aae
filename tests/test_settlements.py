"""Settlements from CSV: what is wrong is said at its row and column, and places outside the region are found."""

import time

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod
from scenario_texts import CONTRACT, shown_safely

from simulator.contamination import RegionSpec
from simulator.geography import read_boundary
from simulator.problems import InputError
from simulator.region import boundary_region, rectangle_region
from simulator.settlements import MOST_ROWS, located, read_settlements

VILLAGES = (CONTRACT / "villages.csv").read_text(encoding="utf-8")
HEADER = "name,lon,lat,population\n"

# text, then places and words of every problem
REFUSED = {
    "empty": ("", [("1:1", "is empty, expected the header name,lon,lat,population")]),
    "only blank lines": ("\n  \n", [("1:1", "is empty")]),
    "header only": (HEADER, [("1:1", "has a header but no settlements below it")]),
    "no header": ("Alpha,36,48,population\n", [("1:1", f"column '{c}' is missing") for c in ("name", "lon", "lat")]),
    "missing column": ("name,lon,lat\na,1,2\n", [("1:1", "column 'population' is missing; the header must")]),
    "near misses": (
        "name,long,latitude,pop\na,1,2,3\n",
        [("1:6", "column 'lon' is missing, rename 'long' to 'lon'?"), ("1:11", "rename 'latitude' to 'lat'?"),
         ("1:20", "rename 'pop' to 'population'?")],
    ),
    "a letter wrong": ("name,lon,lat,populaton\na,1,2,3\n", [("1:14", "rename 'populaton' to 'population'?")]),
    "capitals": ("Name,lon,lat,population\na,1,2,3\n", [("1:1", "rename 'Name' to 'name'?")]),
    "a column twice": ("name,lon,lat,population,lat\na,1,2,3,4\n", [("1:25", "lat: two columns have this name")]),
    "km inside a boundary": (
        "name,x_km,y_km,population\na,1,2,3\n",
        [("1:1", "column 'lon' is missing; the header must have name, lon, lat, population; inside a boundary, posit"),
         ("1:1", "column 'lat' is missing")],
    ),
    "too many columns": ("," * 300, [("1:1", "has more than 200 columns")]),
    "semicolons": ("name;lon;lat;population\na;1;2;3\n", [("1:5", "has semicolons between its columns; save it with")]),
    "tabs": ("name\tlon\tlat\tpopulation\n", [("1:5", "has tabs between its columns")]),
    "too few fields": (HEADER + "a,1,2\n", [("2:1", "has 3 of the header's 4 fields")]),
    "semicolons below": (HEADER + "a;1;2;3\n", [("2:1", "has 1 of the header's 4 fields; save it with commas")]),
    "too many fields": (HEADER + "a,36,5,48,1\n", [("2:11", "has 5 fields, the header 4; put a name with a comma")]),
    "unterminated quote": (HEADER + 'a,1,2,3\n"b,1,2,3\n', [("3:1", "a quote opens here that does not close")]),
    "text after a quote": (HEADER + '"b"c,1,2,3\n', [("2:1", "a quote opens here that does not close")]),
    "NUL": (HEADER + "a\0b,1,2,3\n", [("2:2", "an invisible control character (U+0000) stands here")]),
    "escape": (HEADER + "a,1,2,\x1b[1m3\n", [("2:7", "an invisible control character (U+001B) stands here")]),
    "no number": (HEADER + "a,east,2,3\n", [("2:3", "lon: must be a finite number, got 'east'")]),
    "nothing": (HEADER + "a,1,,3\n", [("2:5", "lat: must be a number, this is empty")]),
    "NaN": (HEADER + "a,1,2,NaN\n", [("2:7", "population: must be a finite number, got 'NaN'")]),
    "infinite": (HEADER + "a,-inf,2,3\n", [("2:3", "lon: must be a finite number, got '-inf'")]),
    "overflow": (HEADER + "a,1,2,1e999\n", [("2:7", "population: must be a finite number, got '1e999'")]),
    "underscore": (HEADER + "a,1,2,1_000\n", [("2:7", "population: must be a finite number, got '1_000'")]),
    "digits of another script": (HEADER + "a,1,2,\u0663\n", [("2:7", "population: must be a finite number")]),
    "decimal comma": (HEADER + 'a,"36,5",2,3\n', [("2:3", "lon: must be a finite number, got '36,5'; write decimals")]),
    "thousands comma": (HEADER + 'a,1,2,"1,200"\n', [("2:7", "got '1,200'; write it without thousands separators")]),
    "thousands space": (HEADER + "a,1,2,12 500\n", [("2:7", "got '12 500'; write it without thousands separators")]),
    "degree sign": (HEADER + "a,36°30',2,3\n", [("2:3", "write decimal degrees, south and west negative")]),
    "points of the compass": (HEADER + "a,36.5E,2,3\n", [("2:3", "write decimal degrees")]),
    "another minus": (HEADER + "a,−36.5,2,3\n", [("2:3", "the minus is not a plain '-'")]),
    "negative population": (HEADER + "a,1,2,-5\n", [("2:7", "population: must be 0 or more, got -5")]),
    "too many people": (HEADER + "a,1,2,1e11\n", [("2:7", "population: must be at most 10,000,000,000")]),
    "nobody": (HEADER + "a,1,2,0\nb,1,2,0\n", [("2:7", "population: no settlement has any people")]),
    "no name": (HEADER + " ,1,2,3\n", [("2:2", "name: needs a name")]),
    "duplicate name": (HEADER + "a,1,2,3\nb,1,2,3\n\na,5,5,5\n", [("5:1", "name: duplicate name 'a', first in line")]),
    "longitude": (HEADER + "a,1,2,3\nb,181,2,3\n", [("3:3", "lon: longitude must be between -180 and 180, got 181")]),
    "latitude": (HEADER + "a,1,2,3\nb,18,-92,3\n", [("3:6", "lat: latitude must be between -90 and 90, got -92")]),
    "swapped": (HEADER + "a,48,136,3\nb,49,137,3\n", [("2:6", "longitude comes first, then latitude: are they sw")]),
    "metres": (HEADER + "a,500000,5400000,3\n", [("2:3", "lon: looks like metres of a projected system")]),
    "a mark of byte order, and Windows": (
        "\ufeff" + HEADER.replace("\n", "\r\n") + "a,1,2,3\r\nb,1,2,x\r\n", [("3:7", "population: must be a finite")],
    ),
}  # fmt: skip


def refusal(call, *arguments, **options):
    with pytest.raises(InputError) as caught:
        call(*arguments, **options)
    lines = str(caught.value).split("\n")
    assert shown_safely(lines)
    assert max(map(len, lines)) < 1000
    assert all(problem.mark is not None for problem in caught.value.problems)
    return lines


def heads(lines):
    return [line for line in lines if ": error: " in line]


def district():
    text = (CONTRACT / "district.geojson").read_text(encoding="utf-8")
    return boundary_region("d", read_boundary(text, "district.geojson"), 1.0, None)


def rectangle():
    spec = {"name": "r", "cell": "1 km", "rectangle": {"width": "40 km", "height": "30 km"}}
    return rectangle_region(RegionSpec.model_validate(spec), None)


@pytest.mark.parametrize(("text", "problems"), REFUSED.values(), ids=REFUSED)
def test_a_wrong_file_is_refused_at_every_place(text, problems):
    lines = refusal(read_settlements, text, "villages.csv", geographic=True)
    found = heads(lines)
    assert len(found) == len(problems)
    for head, (place, words) in zip(found, problems, strict=True):
        assert head.startswith(f"villages.csv:{place}: error: ")
        assert words in head
    for index in range(0, len(lines), 3):
        assert set(lines[index + 2].replace("      |", "", 1)) == {" ", "^"}


def test_the_caret_stands_below_the_field():
    lines = refusal(read_settlements, VILLAGES.replace("800", "-800"), "villages.csv", geographic=True)
    assert lines == [
        "villages.csv:5:19: error: population: must be 0 or more, got -800",
        "    5 | Delta,36.44,48.77,-800",
        "      |                   ^^^^",
    ]


def test_problems_of_many_rows_are_reported_at_once_and_in_order():
    text = HEADER + "a,x,2,3\nb,1,2\nc,1,95,-3\nd,1,2,3\na,1,2,3\n"
    lines = heads(refusal(read_settlements, text, "v", geographic=True))
    assert [line.split(": error: ")[0] for line in lines] == ["v:2:3", "v:3:1", "v:4:5", "v:4:8", "v:6:1"]


def test_of_very_many_problems_the_first_hundred_are_shown():
    text = HEADER + "".join(f"a{i},1,2,x\n" for i in range(250))
    lines = heads(refusal(read_settlements, text, "v", geographic=True))
    assert len(lines) == 101
    assert lines[-1].startswith("v:102:")
    assert "150 more problems, from here on, are not shown" in lines[-1]


def test_more_rows_than_the_limit_are_refused():
    rows = [f"a{i},1,2,3\n" for i in range(MOST_ROWS + 1)]
    assert len(read_settlements(HEADER + "".join(rows[:-1]), "v", geographic=True).names) == MOST_ROWS
    head = refusal(read_settlements, HEADER + "".join(rows), "v", geographic=True)[0]
    assert head.startswith("v:20002:1: error: is settlement 20,001, at most 20,000 are read")


@pytest.mark.parametrize(
    "text",
    [
        "," * 4_000_000, HEADER + ",,,\n" * 1_000_000, HEADER + "a\n" * 2_000_000, HEADER + '"' * 4_000_000,
        "a" * 9_000_000,
    ],
    ids=["commas", "blank rows", "short rows", "quotes", "too long"],
)  # fmt: skip
def test_a_file_that_is_too_much_is_refused_soon(text):
    started = time.perf_counter()
    assert len(heads(refusal(read_settlements, text, "v", geographic=True))) <= 101
    assert time.perf_counter() - started < 10


def test_the_contract_file_is_read():
    found = read_settlements(VILLAGES, "villages.csv", geographic=True)
    assert found.names == ("Alpha", "Bravo", "Charlie", "Delta", "Echo", "Foxtrot")
    assert found.x.tolist() == [36.08, 36.21, 36.35, 36.44, 36.28, 36.12]
    assert found.y.tolist() == [48.68, 48.69, 48.66, 48.77, 48.85, 48.80]
    assert found.population.tolist() == [1200, 350, 5400, 800, 210, 640]
    with pytest.raises(ValueError, match="read-only"):
        found.x[0] = 0


def test_columns_may_stand_in_any_order_beside_others_and_names_may_be_quoted():
    text = "\ufeffpopulation, note ,lat,name,lon\r\n\r\n"
    text += '1200.5,,48.5,"Alpha, ""upper""" , 36.5\r\n3,x,-1,Ж中,+.5e1\r\n,,,,\r\n'
    found = read_settlements(text, "v", geographic=True)
    assert found.names == ('Alpha, "upper"', "Ж中")
    assert (found.x.tolist(), found.y.tolist(), found.population.tolist()) == ([36.5, 5], [48.5, -1], [1200.5, 3])
    lines = text.removeprefix("\ufeff").split("\r\n")
    for row, line in enumerate((2, 3)):
        for column, words in enumerate([("Alpha", "36.5", "48.5", "1200.5"), ("Ж中", "+.5e1", "-1", "3")][row]):
            mark = found.mark(row, column)
            assert (mark.line, mark.end_line) == (line, line)
            assert words in lines[line][mark.column : mark.end_column]
            assert not lines[line][mark.column : mark.end_column].startswith((" ", ","))
    assert found.mark(1).column == 0
    assert found.mark(1).end_column == len(lines[3])


def test_a_rectangle_has_settlements_in_km():
    text = "name,x_km,y_km,population\na,1.5,29,10\nb,40,0,5\n"
    x, y = located(read_settlements(text, "v", geographic=False), rectangle())
    assert (x.tolist(), y.tolist()) == ([1.5, 40], [29, 0])
    lines = refusal(read_settlements, VILLAGES, "v", geographic=False)
    assert "column 'x_km' is missing; the header must have name, x_km, y_km, population; in a rectangle" in lines[0]
    # Kilometres are not degrees.
    assert read_settlements("name,x_km,y_km,population\na,500,1000,1\n", "v", geographic=False).x.tolist() == [500]


def test_settlements_are_where_the_ellipsoid_has_them():
    region = district()
    x, y = located(read_settlements(VILLAGES, "v", geographic=True), region)
    _, _, metres = Geod(ellps="WGS84").inv(36.08, 48.68, 36.35, 48.66)
    assert np.hypot(x[2] - x[0], y[2] - y[0]) == pytest.approx(metres / 1000, rel=1e-4)
    assert shapely.intersects_xy(region.outline, x, y).all()


def test_settlements_outside_the_region_are_named_with_their_distance():
    text = VILLAGES + "Far,37.5,48.7,5\nTurned,48.7,36.2,5\nNear,36.56,48.74,1\n"
    lines = refusal(located, read_settlements(text, "villages.csv", geographic=True), district())
    _, _, metres = Geod(ellps="WGS84").inv(36.55, 48.74, 37.5, 48.7)
    assert lines[0::3] == [
        f"villages.csv:8:1: error: Far: lies outside the region, {metres / 1000:.3g} km from its border; "
        "move it, or leave it out",
        lines[3],
        "villages.csv:10:1: error: Near: lies outside the region, 0.736 km from its border; move it, or leave it out",
    ]
    assert lines[3].startswith("villages.csv:9:1: error: Turned: lies outside the region, 1,")
    assert lines[3].endswith(" km from its border; with lon and lat swapped it would lie inside")
    assert lines[1:3] == ["    8 | Far,37.5,48.7,5", "      | ^^^^^^^^^^^^^^^"]


def test_settlements_outside_a_rectangle_are_named_too():
    text = "name,x_km,y_km,population\na,1,1,1\nb,43,34,1\n"
    lines = refusal(located, read_settlements(text, "v", geographic=False), rectangle())
    assert lines[0] == "v:3:1: error: b: lies outside the region, 5 km from its border; move it, or leave it out"
    many = "name,x_km,y_km,population\n" + "".join(f"a{i},99,99,1\n" for i in range(130))
    lines = refusal(located, read_settlements(many, "v", geographic=False), rectangle())
    assert "30 more settlements lie outside the region" in lines[-3]


PIECES = st.sampled_from([
    *',;"\n\r\t \0é中-.', "name", "lon", "lat", "population", HEADER, "36.5", "48", "1e9", "NaN", '""', "a,1,2,3\n",
    "\ufeff",
])  # fmt: skip


@settings(derandomize=True, deadline=None, max_examples=400)
@given(prefix=st.sampled_from(["", HEADER, VILLAGES]), pieces=st.lists(PIECES, max_size=25))
def test_any_text_is_settlements_or_an_input_error(prefix, pieces):
    try:
        found = read_settlements(prefix + "".join(pieces), "v", geographic=True)
        sound = found.population.sum() > 0 and len(found.names) == found.x.size == len(set(found.names))
    except InputError as error:
        sound = all(problem.mark is not None for problem in error.problems)
    assert sound
