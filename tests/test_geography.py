"""Boundaries and lines from GeoJSON: what is wrong is said at its place, and areas on the plane are those on Earth."""

import json
import math
import time

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod
from scenario_texts import CONTRACT, shown_safely
from wrong_geojson import INNER, REFUSED, REFUSED_LINES, SQUARE, collection, feature, polygon, with_crs

from simulator import geojson
from simulator.geography import (
    MOST_BYTES,
    Projection,
    projected,
    projected_points,
    projection_of,
    read_boundary,
    read_line,
    unprojected,
)
from simulator.problems import InputError


def refusal(read, *arguments, **options):
    with pytest.raises(InputError) as caught:
        read(*arguments, **options)
    lines = str(caught.value).split("\n")
    assert shown_safely(lines)
    assert max(map(len, lines)) < 1000
    assert all(problem.mark is not None for problem in caught.value.problems)
    return lines


@pytest.mark.parametrize(("text", "place", "words"), REFUSED.values(), ids=REFUSED)
def test_a_wrong_boundary_is_refused_at_a_place(text, place, words):
    head, shown, caret = refusal(read_boundary, text, "district.geojson")[:3]
    assert head.startswith(f"district.geojson:{place}: error: ")
    assert words in head
    assert shown.startswith(f"{place.split(':')[0]:>5} |")
    assert set(caret.replace("      |", "", 1)) == {" ", "^"}


@pytest.mark.parametrize(("text", "geographic", "place", "words"), REFUSED_LINES.values(), ids=REFUSED_LINES)
def test_a_wrong_line_is_refused_at_a_place(text, geographic, place, words):
    head = refusal(read_line, text, "belt.geojson", geographic=geographic)[0]
    assert head.startswith(f"belt.geojson:{place}: error: ")
    assert words in head


def test_an_error_shows_the_line_and_the_number():
    text = (CONTRACT / "district.geojson").read_text(encoding="utf-8").replace("48.92", "148.9")
    number = text.split("\n").index("       148.9") + 1
    assert refusal(read_boundary, text, "district.geojson") == [
        f"district.geojson:{number}:8: error: features.0.geometry.coordinates.0.3: "
        "latitude must be between -90 and 90, got 148.9",
        f"{number:>5} |        148.9",
        "      |        ^^^^^",
    ]


def test_all_problems_of_a_file_are_reported_at_once_and_in_order():
    text = collection(
        feature(polygon("[[0,0],[1,0],[1,95],[0,1]]")), feature("null"),
        '{"type":"Feature","geometry":{"type":"Poin"}}',
        feature(polygon('[[0,0],[1,"x"],[1,1],[0,0]]', "[[0,0]]")),
    )  # fmt: skip
    heads = [line for line in refusal(read_boundary, text, "f") if ": error: " in line]
    assert [head.split(" error: ")[0] + head.split(" error: ")[1].split(": ")[0] for head in heads] == [
        "f:3:95:features.0.geometry.coordinates.0.2", "f:3:99:features.0.geometry.coordinates.0.3",
        "f:4:46:features.1.geometry", "f:5:38:features.2.geometry.type",
        "f:6:89:features.3.geometry.coordinates.0.1", "f:6:107:features.3.geometry.coordinates.1",
    ]  # fmt: skip


def test_shapes_are_all_looked_at():
    cross = "[[0,0],[1,0],[0,1],[1,1],[0,0]]"
    heads = refusal(read_boundary, collection(feature(polygon(cross)), feature(polygon(cross))), "f")[::3]
    assert [head.split(":")[1] for head in heads] == ["3", "4"]


def test_of_very_many_problems_the_first_hundred_are_shown():
    ring = [[0, 0], *([1, 95] for _ in range(500)), [1, 1], [0, 0]]
    lines = refusal(read_boundary, polygon(json.dumps(ring)), "f")
    assert sum(": error: " in line for line in lines) == 101
    assert any("400 more problems are not shown" in line for line in lines)


def test_a_text_too_large_is_refused_before_it_is_read():
    started = time.perf_counter()
    assert refusal(read_boundary, "[" * (MOST_BYTES + 1), "f") == [
        "f:1:1: error: has more than 16,777,216 bytes (16 MiB); simplify the geometry"
    ]
    # Bytes are counted, not characters.
    assert "has more than" in refusal(read_boundary, '"' + "é" * (MOST_BYTES // 2) + '"', "f")[0]
    assert time.perf_counter() - started < 5


def test_too_many_positions_are_refused(monkeypatch):
    monkeypatch.setattr(geojson, "MOST_POSITIONS", 9)
    assert read_boundary(polygon(SQUARE, INNER), "f").interiors
    head = refusal(read_boundary, polygon(SQUARE, SQUARE), "f")[0]
    assert "coordinates.1: has the file's position 10, at most 9 are read" in head


def test_the_contract_files_are_read():
    district = read_boundary((CONTRACT / "district.geojson").read_text(encoding="utf-8"), "district.geojson")
    assert district.geom_type == "Polygon"
    assert district.bounds == (36.0, 48.58, 36.55, 48.95)
    belt = read_line((CONTRACT / "belt.geojson").read_text(encoding="utf-8"), "belt.geojson")
    assert list(belt.coords) == [(36.03, 48.66), (36.18, 48.74), (36.34, 48.76), (36.49, 48.84)]
    assert shapely.covers(district, belt)


@pytest.mark.parametrize(
    "name", ["urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326", "urn:ogc:def:crs:EPSG::4326", "WGS84", "WGS 84", "OGC:CRS84"]
)
def test_wgs_84_may_be_named(name):
    assert read_boundary(with_crs(name), "f").area == 1


def test_what_is_harmless_is_accepted():
    plain = read_boundary(polygon(SQUARE), "f")
    heights = "[[0,0,120],[1,0,null],[1,1,7.5,3],[0,1],[0,0]]"
    for text in (
        "\ufeff" + polygon(SQUARE), polygon(heights), feature(polygon(SQUARE)), collection(feature(polygon(SQUARE))),
        f'{{"type":"MultiPolygon","coordinates":[[{SQUARE}]],"bbox":[0,0,1,1],"crs":null}}',
        polygon(SQUARE).replace(",", ",\r\n"),
    ):  # fmt: skip
        assert read_boundary(text, "f").equals(plain)


def test_holes_are_kept_and_features_are_united():
    holed = read_boundary(polygon(SQUARE, INNER), "f")
    assert holed.area == pytest.approx(1 - 0.08)
    beside, apart = "[[1,0],[2,0],[2,1],[1,1],[1,0]]", "[[5,5],[6,5],[6,6],[5,6],[5,5]]"
    joined = read_boundary(collection(feature(polygon(SQUARE)), feature(polygon(beside))), "f")
    assert (joined.geom_type, joined.area) == ("Polygon", 2)
    parts = read_boundary(f'{{"type":"MultiPolygon","coordinates":[[{SQUARE}],[{apart}]]}}', "f")
    assert (parts.geom_type, parts.area) == ("MultiPolygon", 2)


def test_several_lines_are_kept_apart_and_km_have_no_degrees():
    lines = read_line('{"type":"MultiLineString","coordinates":[[[0,0],[1,1]],[[2,2],[3,3]]]}', "f")
    assert lines.geom_type == "MultiLineString"
    assert len(lines.geoms) == 2
    km = read_line('{"type":"LineString","coordinates":[[0,0],[0,450.5]]}', "f", geographic=False)
    assert list(km.coords) == [(0, 0), (0, 450.5)]


@settings(derandomize=True, deadline=None, max_examples=300)
@given(
    cuts=st.lists(
        st.tuples(st.integers(0, 200), st.integers(0, 30), st.text('[]{}:,"-.eE019 \n\\NaInfinitynultrue', max_size=8)),
        min_size=1, max_size=3,
    )
)  # fmt: skip
def test_any_damage_leaves_a_boundary_or_an_input_error(cuts):
    text = collection(feature(polygon(SQUARE, INNER)))
    for start, length, inserted in cuts:
        text = text[:start] + inserted + text[start + length :]
    try:
        sound = read_boundary(text, "f").area > 0
    except InputError as error:
        sound = all(problem.mark is not None for problem in error.problems)
    assert sound


# The plane.


def geodesic_area_km2(shape):
    """Area on the ellipsoid of the polygon whose edges are straight in degrees, cut into pieces of 0.001 degrees."""
    pieces = shapely.orient_polygons(shapely.segmentize(shape, 0.001))
    return Geod(ellps="WGS84").geometry_area_perimeter(pieces)[0] / 1e6


@pytest.mark.parametrize("latitude", [0, 48, -33.5, 70])
def test_areas_are_those_on_the_ellipsoid(latitude):
    cell = shapely.box(36, latitude, 37, latitude + 1)
    area = projected(cell, projection_of(cell)).area
    assert area == pytest.approx(geodesic_area_km2(cell), rel=1e-5)
    # A centre elsewhere in the region, as for a cell at its edge, gives the same area.
    assert projected(cell, Projection(30.0, 45.0)).area == pytest.approx(geodesic_area_km2(cell), rel=1e-5)
    # Degrees taken for a square grid, or edges not cut, would be noticed.
    assert area != pytest.approx((math.pi * 6371 / 180) ** 2 * math.cos(math.radians(latitude + 2)), rel=1e-3)


def test_long_edges_are_cut_so_that_they_stay_straight_in_degrees():
    wide = shapely.box(20, 50, 50, 52)
    whole = geodesic_area_km2(wide)
    assert projected(wide, projection_of(wide)).area == pytest.approx(whole, rel=1e-5)
    uncut = shapely.transform(wide, lambda at: np.column_stack(projected_points(*at.T, projection_of(wide))))
    assert abs(uncut.area / whole - 1) > 1e-3


def test_the_centre_is_the_origin_and_distances_near_it_are_true():
    plane = Projection(36.2, 48.7)
    x, y = projected_points(np.array([36.2, 36.3, 36.2]), np.array([48.7, 48.7, 48.8]), plane)
    assert (x[0], y[0]) == (0, 0)
    for i in (1, 2):
        _, _, metres = Geod(ellps="WGS84").inv(36.2, 48.7, [36.3, 36.2][i - 1], [48.7, 48.8][i - 1])
        assert math.hypot(x[i], y[i]) == pytest.approx(metres / 1000, rel=1e-5)


def test_the_plane_leads_back_to_degrees():
    district = read_boundary((CONTRACT / "district.geojson").read_text(encoding="utf-8"), "district.geojson")
    plane = projection_of(district)
    assert plane == Projection(36.275, 48.765)
    back = unprojected(projected(district, plane), plane)
    assert shapely.hausdorff_distance(back, shapely.segmentize(district, 0.05)) < 1e-8


def test_a_hole_that_touches_a_slanting_edge_stays_a_valid_polygon():
    shell = "[[0,50],[9,58],[0,58],[0,50]]"
    touching = "[[4.5,54],[4,55.5],[1,54.5],[4.5,54]]"
    boundary = read_boundary(polygon(shell, touching), "f")
    flat = projected(boundary, projection_of(boundary))
    assert flat.is_valid
    # Position by position, the hole would reach beyond the edge.
    dense, plane = shapely.segmentize(boundary, 0.05), projection_of(boundary)
    assert not shapely.transform(dense, lambda at: np.column_stack(projected_points(*at.T, plane))).is_valid
    assert flat.area == pytest.approx(geodesic_area_km2(boundary), rel=1e-4)
