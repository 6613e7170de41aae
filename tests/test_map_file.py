"""The file of the maps opens in geographic programs, adds up to the curves, and is no finer than its blocks."""

import json
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import shapely
from building import ensemble_of, world_of
from mapped import CASES, DAYS, HOLE, full, outcome_of, yearly

from simulator.ensemble import ALL, samples
from simulator.experiment import Plan, run
from simulator.figure_maps import MOSTLY
from simulator.geography import projected, read_boundary
from simulator.map_file import block_polygons, cells_geojson, file_names
from simulator.outputs import results
from simulator.readout import block_of_cells, blocks_side

MAPPED = ["full", "two", "hole", "fine"]


@cache
def written(case, place=0):
    return cells_geojson(outcome_of(case).scenarios[place])


@cache
def features(case, place=0):
    return json.loads(written(case, place))["features"]


def rings_of(geometry):
    parts = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
    return [(place, ring) for part in parts for place, ring in enumerate(part)]


def right_handed(geometry):
    """Whether outer rings turn to the left and holes to the right."""
    return all(shapely.LinearRing(ring).is_ccw == (place == 0) for place, ring in rings_of(geometry))


@pytest.mark.parametrize("case", MAPPED)
def test_the_file_is_a_collection_of_valid_polygons_with_closed_right_handed_rings(case):
    part = outcome_of(case).scenarios[0]
    whole = json.loads(written(case), parse_constant=pytest.fail)
    assert whole["type"] == "FeatureCollection"
    assert whole["name"] == part.loaded.name
    assert "no item's position; never evidence that land is safe" in whole["description"]
    assert len(whole["features"]) == block_of_cells(part.world.region).max() + 1
    shaped = [feature["geometry"] for feature in whole["features"] if feature["geometry"] is not None]
    assert len(shaped) >= 0.99 * len(whole["features"])
    for geometry in shaped:
        assert geometry["type"] in {"Polygon", "MultiPolygon"}
        assert shapely.from_geojson(json.dumps(geometry)).is_valid
        assert right_handed(geometry)
        for _, ring in rings_of(geometry):
            assert ring[0] == ring[-1]
            assert len(ring) >= 4
            assert all(round(value, 6) == value for position in ring for value in position)
    other = json.loads(json.dumps(shaped[len(shaped) // 2]))
    for ring in other["coordinates"]:
        ring.reverse()
    assert not right_handed(other)


def test_a_hole_inside_a_block_and_an_island_are_in_its_feature():
    (feature,) = features("coarse")
    rings = rings_of(feature["geometry"])
    assert feature["geometry"]["type"] == "MultiPolygon"
    assert sorted(place for place, _ in rings) == [0, 0, 1]
    assert right_handed(feature["geometry"])
    assert {tuple(position) for _, ring in rings for position in ring} >= {tuple(position) for position in HOLE}


@pytest.mark.parametrize("case", MAPPED)
def test_the_blocks_fill_the_boundary_and_leave_it_nowhere(case):
    part = outcome_of(case).scenarios[0]
    file = part.loaded.files["region.boundary"]
    boundary = read_boundary(file.text, file.name)
    blocks = shapely.from_geojson([json.dumps(one["geometry"]) for one in features(case) if one["geometry"]])
    grown = shapely.buffer(shapely.segmentize(boundary, 0.01), 5e-6)
    assert shapely.covers(grown, blocks).all()
    assert not shapely.covers(shapely.buffer(boundary, -1e-3), blocks).all()
    assert shapely.union_all(blocks).symmetric_difference(boundary).area < 1e-4 * boundary.area
    if case != "fine":
        overlaps = sum(one.intersection(other).area for one, other in pairwise(blocks))
        assert overlaps < 1e-6 * boundary.area


@pytest.mark.parametrize("case", MAPPED)
def test_areas_are_those_of_the_region_and_of_the_polygons(case):
    region = outcome_of(case).scenarios[0].world.region
    areas = [feature["properties"]["area_km2"] for feature in features(case)]
    assert sum(areas) == pytest.approx(region.total_area_km2, rel=1e-6)
    shapes = block_polygons(region)
    np.testing.assert_allclose(shapely.area(shapes), areas, rtol=1e-5, atol=1e-9)
    for feature in features(case)[:: max(1, len(areas) // 50)]:
        if feature["geometry"] is not None:
            flat = projected(shapely.from_geojson(json.dumps(feature["geometry"])), region.projection)
            assert flat.area == pytest.approx(feature["properties"]["area_km2"], abs=2e-4)


@pytest.mark.parametrize("case", MAPPED)
def test_no_position_is_finer_than_the_blocks_and_the_border(case):
    region = outcome_of(case).scenarios[0].world.region
    size = blocks_side(region) * region.cell_km
    assert size >= 0.25
    shapes = [shapely.from_geojson(json.dumps(one["geometry"])) for one in features(case)[::7] if one["geometry"]]
    x, y = shapely.get_coordinates(projected(shapely.GeometryCollection(shapes), region.projection)).T
    corner = on_grid(x, region.west_km, size, region.width_km) & on_grid(y, region.south_km, size, region.height_km)
    border = shapely.distance(region.outline.boundary, shapely.points(x, y)) < 1e-3
    assert (corner | border).all()
    assert corner.any()
    assert not on_grid(np.array([region.west_km + size / 3]), region.west_km, size, region.width_km).any()


def on_grid(values, start, size, length):
    steps = (values - start) / size
    return (np.abs(steps - steps.round()) * size < 1e-3) | (np.abs(values - start - length) < 1e-3)


@pytest.mark.parametrize("case", MAPPED)
@pytest.mark.parametrize("state", ["hazardous", "inert"])
def test_items_add_up_to_the_curve_of_the_estimate(case, state):
    part = outcome_of(case).scenarios[0]
    curve = samples(part.ensemble, ALL, state)[0].mean(axis=0)
    for day, name in zip(DAYS, ("30", "365_25", "3652_5"), strict=True):
        total = sum(feature["properties"][f"{state}_day_{name}"] for feature in features(case))
        wanted = float(curve[np.argmin(np.abs(part.world.times - day))])
        assert total == pytest.approx(wanted, rel=1e-5, abs=1e-6)
        assert total != pytest.approx(wanted * 1.001, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("case", ["full", "two", "hole"])
def test_accident_rates_add_up_and_are_those_of_the_maps(case):
    for place, part in enumerate(outcome_of(case).scenarios):
        for index, (total, name) in enumerate(zip(yearly(part), ("30", "365_25", "3652_5"), strict=True)):
            found = [feature["properties"][f"accidents_per_year_ahead_day_{name}"] for feature in features(case, place)]
            np.testing.assert_allclose(found, part.ensemble.maps.accident_rate_ahead[index], rtol=1e-5)
            assert sum(found) == pytest.approx(total, rel=1e-5)


@pytest.mark.parametrize("case", ["full", "two", "hole"])
def test_accident_rates_of_the_day_add_up_to_the_curve(case):
    # Season, return and education are those of the day.
    part = outcome_of(case).scenarios[0]
    curve = samples(part.ensemble, ALL, "accidents_per_year")[0].mean(axis=0)
    for day, name in zip(DAYS, ("30", "365_25", "3652_5"), strict=True):
        total = sum(feature["properties"][f"accidents_per_year_day_{name}"] for feature in features(case))
        assert total == pytest.approx(float(curve[np.argmin(np.abs(part.world.times - day))]), rel=1e-5, abs=1e-9)


def test_released_shares_lie_between_none_and_all_and_grow():
    for feature in features("two", 1):
        shares = [feature["properties"][f"released_share_day_{name}"] for name in ("30", "365_25", "3652_5")]
        assert 0 == shares[0] <= shares[1] <= shares[2] <= 1
    assert max(feature["properties"]["released_share_day_3652_5"] for feature in features("two", 1)) > MOSTLY


def test_cells_are_numbered_from_the_south_west_in_order():
    assert [feature["properties"]["cell"] for feature in features("full")] == list(range(1, len(features("full")) + 1))
    south = [feature["geometry"]["coordinates"][0][0][1] for feature in features("full") if feature["geometry"]]
    assert south[0] < south[-1]


def test_a_rectangle_and_a_run_without_maps_have_no_file():
    assert cells_geojson(outcome_of("rectangle").scenarios[0]) is None
    assert cells_geojson(run([full()], Plan(2)).scenarios[0]) is None
    assert not any(name.startswith("cells") for name in results(outcome_of("rectangle")))
    assert ensemble_of(world_of({"m": {"count": 5, "laid": "2024-12-01", "ageing": "never"}}), 2).maps is None


def test_results_hold_the_file_of_each_scenario_and_the_same_bytes_each_time():
    one = results(outcome_of("full"))
    assert json.loads(one["cells.geojson"])["features"] == features("full")
    assert results(CASES["full"]())["cells.geojson"] == one["cells.geojson"]
    two = results(outcome_of("two"))
    assert {name for name in two if name.startswith("cells")} == {"cells-full.geojson", "cells-full-2.geojson"}
    assert two["cells-full.geojson"] != two["cells-full-2.geojson"]
    three = results(outcome_of("three"))
    assert "cells-full.geojson" in three
    assert not any("rectangle" in name for name in three)


def test_file_names_are_safe_and_no_two_are_alike():
    found = file_names(["a/b", "A b", "..", "x" * 300, "x" * 301, "Ж é", "a-b-2"])
    assert len({name.casefold() for name in found}) == len(found)
    for name in found:
        assert Path(name).name == name
        assert len(name.encode()) < 255
        assert not set(name) & set('/\\:*?"<>| \n')
    assert found[:3] == ["cells-a-b.geojson", "cells-A-b-2.geojson", "cells-scenario.geojson"]
    assert file_names(["a/b"]) == ["cells.geojson"]
