"""Cells of regions: areas that add up, points that find their cell, and points spread evenly."""

import numpy as np
import pytest
import shapely
from pyproj import Geod
from scenario_texts import CONTRACT
from scipy import stats

from simulator.contamination import RegionSpec
from simulator.geography import Projection, projected, read_boundary, unprojected
from simulator.problems import InputError, Mark
from simulator.region import (
    MOST_CELLS,
    boundary_region,
    cell_shares,
    cells_at,
    cells_of,
    outline_of,
    outlined_region,
    points_in,
    rectangle_region,
    triangulated,
)

# Statistical tests here reject a sound program once in 10,000 seeds; the seeds are fixed.
FALSE_ALARM = 1e-4

HOLED = shapely.Polygon(
    [(3, 1), (12.3, 0), (15, 7.7), (9, 6), (4, 11), (0, 5)],
    [[(4, 3), (8.5, 2.5), (7, 5.5)], [(11, 2), (11, 3), (12, 3), (12, 2)]],
)
PARTS = shapely.union_all([shapely.box(-9, -2, -5.5, 1.7), shapely.Point(20, 4).buffer(2.2), HOLED])
STRIPS = shapely.union_all([shapely.box(2 * i, 0, 2 * i + 1, 10) for i in range(6)])
SLANTED = shapely.Polygon([(0, 0), (10, 0), (10, 9.98), (0, 10)])
SHAPES = {
    "holed": HOLED,
    "parts": PARTS,
    "strips": STRIPS,
    "slanted": SLANTED,
    "one cell": shapely.box(0.2, 0.2, 0.4, 0.3),
}


def rectangle(width, height, cell):
    spec = {"name": "r", "cell": f"{cell} km", "rectangle": {"width": f"{width} km", "height": f"{height} km"}}
    return rectangle_region(RegionSpec.model_validate(spec), None)


def outlined(shape, cell_km):
    return outlined_region("r", shape, cell_km, None, None)


def cell_box(region, index):
    west = region.west_km + region.column[index] * region.cell_km
    south = region.south_km + region.row[index] * region.cell_km
    return shapely.box(west, south, west + region.cell_km, south + region.cell_km)


def district():
    return read_boundary((CONTRACT / "district.geojson").read_text(encoding="utf-8"), "district.geojson")


def uniforms(seed, count):
    return 1 - np.random.default_rng(seed).random((3, count))


def p_value(region, x, y):
    """How likely counts by cell as uneven as these are, if the points are even over the area."""
    found = np.bincount(cells_at(region, x, y), minlength=region.area_km2.size)
    expected = found.sum() * region.area_km2 / region.total_area_km2
    large = expected >= 5
    rest = (found[~large].sum(), expected[~large].sum())
    found, expected = found[large], expected[large]
    if rest[1] > 0:
        found, expected = np.append(found, rest[0]), np.append(expected, rest[1])
    return stats.chi2.sf(((found - expected) ** 2 / expected).sum(), found.size - 1)


def test_a_rectangle_has_its_cells_in_rows_from_the_south_west():
    region = rectangle(2.5, 1.2, 1)
    assert (region.columns, region.rows) == (3, 2)
    assert region.area_km2 == pytest.approx([1, 1, 0.5, 0.2, 0.2, 0.1])
    assert region.x_km == pytest.approx([0.5, 1.5, 2.25] * 2)
    assert region.y_km == pytest.approx([0.5] * 3 + [1.1] * 3)
    assert region.row.tolist() == [0, 0, 0, 1, 1, 1]
    assert region.column.tolist() == [0, 1, 2, 0, 1, 2]
    assert (region.west_km, region.south_km, region.width_km, region.height_km) == (0, 0, 2.5, 1.2)
    assert (region.outline, region.projection) == (None, None)
    assert outline_of(region).equals(shapely.box(0, 0, 2.5, 1.2))


@pytest.mark.parametrize(
    ("width", "height", "cell"), [(2.5, 1.2, 1), (40, 30, 0.7), (3, 3, 3), (1, 1, 5), (0.3, 0.1, 0.1)]
)
def test_a_rectangle_given_as_a_polygon_is_the_same_region(width, height, cell):
    one, other = rectangle(width, height, cell), outlined(shapely.box(0, 0, width, height), cell)
    assert (one.columns, one.rows) == (other.columns, other.rows)
    assert np.array_equal(one.row, other.row)
    assert np.array_equal(one.column, other.column)
    for field in ("area_km2", "x_km", "y_km"):
        assert getattr(other, field) == pytest.approx(getattr(one, field), rel=1e-9)


def test_a_rectangle_given_in_degrees_is_nearly_the_same_region():
    plane = Projection(36.0, 48.0)
    boundary = unprojected(shapely.segmentize(shapely.box(-10, -5, 10, 5), 0.5), plane)
    region = boundary_region("r", boundary, 2.0, None)
    assert region.total_area_km2 == pytest.approx(200, rel=1e-6)
    assert (region.projection.longitude, region.projection.latitude) == pytest.approx((36, 48), abs=0.01)
    inner = (region.area_km2 == 4).sum()
    assert 30 <= inner <= 50


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("cell_km", [0.13, 1.0, 2.5, 100.0])
def test_areas_of_cells_add_up_to_the_area_inside(name, cell_km):
    region = outlined(SHAPES[name], cell_km)
    assert region.total_area_km2 == pytest.approx(SHAPES[name].area, rel=1e-9)
    assert (region.area_km2 > 0).all()
    assert (region.area_km2 <= cell_km**2 * (1 + 1e-9)).all()
    centre = SHAPES[name].centroid
    share = region.area_km2 / region.total_area_km2
    assert (share @ region.x_km, share @ region.y_km) == pytest.approx((centre.x, centre.y))


@pytest.mark.parametrize("name", SHAPES)
def test_each_cell_is_its_square_cut_by_the_outline(name):
    shape = SHAPES[name]
    region = outlined(shape, 0.7)
    place = region.row * region.columns + region.column
    assert (np.diff(place) > 0).all()
    kept = dict(zip(place.tolist(), range(place.size), strict=True))
    for number in range(region.rows * region.columns):
        row, column = divmod(number, region.columns)
        west, south = region.west_km + 0.7 * column, region.south_km + 0.7 * row
        part = shape.intersection(shapely.box(west, south, west + 0.7, south + 0.7))
        if number in kept:
            index = kept[number]
            assert region.area_km2[index] == pytest.approx(part.area, rel=1e-9, abs=1e-12)
            assert (region.x_km[index], region.y_km[index]) == pytest.approx((part.centroid.x, part.centroid.y))
        else:
            assert part.area < 1e-12


def test_the_district_has_its_area_on_the_ellipsoid():
    region = boundary_region("d", district(), 1.0, None)
    pieces = shapely.orient_polygons(shapely.segmentize(district(), 0.001))
    assert region.total_area_km2 == pytest.approx(
        Geod(ellps="WGS84").geometry_area_perimeter(pieces)[0] / 1e6, rel=1e-5
    )
    whole = region.area_km2 == 1
    assert 1100 < whole.sum() < region.area_km2.size < 1400
    assert region.outline is outline_of(region)
    assert region.outline.equals(projected(district(), region.projection))


def test_arrays_of_a_region_are_read_only():
    for region in (rectangle(3, 3, 1), outlined(HOLED, 1.0)):
        for array in (region.row, region.column, region.area_km2, region.x_km, region.y_km):
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 0
    triangles = triangulated(HOLED)
    for array in (triangles.corners, triangles.cumulative):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


@pytest.mark.parametrize(
    ("cell_km", "words"),
    [(0.001, "region.cell: makes "), (1e-7, "region.cell: is too small for a side of "), (1e-320, "is too small")],
)
def test_too_many_cells_are_refused_before_they_are_made(cell_km, words):
    mark = Mark("s.yaml", 4, 8, 4, 12, ("",) * 4 + ("  cell: 1 m",))
    for make in (
        lambda: boundary_region("d", district(), cell_km, mark),
        lambda: outlined_region("d", shapely.box(0, 0, 40, 30), cell_km, mark, None),
    ):
        with pytest.raises(InputError) as caught:
            make()
        assert str(caught.value).startswith("s.yaml:5:9: error: region.cell: ")
        assert words in str(caught.value)
        assert "take larger cells" in str(caught.value)


def test_the_limit_counts_the_grid_around_the_boundary():
    corner = shapely.Polygon([(0, 0), (1500, 0), (0, 1500)])
    assert corner.area < MOST_CELLS < 1500 * 1500
    with pytest.raises(InputError, match=r"makes 2,250,000 cells, .* at most 2,000,000 fit"):
        outlined(corner, 1.0)


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("cell_km", [0.4, 3.0])
def test_points_find_the_cell_that_a_search_through_all_finds(name, cell_km):
    shape = SHAPES[name]
    region = outlined(shape, cell_km)
    west, south, east, north = shapely.buffer(shape, 0.5).bounds
    u, v, _ = uniforms(5, 4000)
    x, y = west + u * (east - west), south + v * (north - south)
    found = cells_at(region, x, y)
    assert np.array_equal(found >= 0, shapely.intersects_xy(shape, x, y))
    boxes = shapely.STRtree([cell_box(region, index) for index in range(region.area_km2.size)])
    inside = np.flatnonzero(found >= 0)
    point, box = boxes.query(shapely.points(x[inside], y[inside]), predicate="intersects")
    assert np.array_equal(found[inside[point]], box)
    assert 50 < inside.size < 4000


def test_the_border_belongs_to_the_region_and_what_is_no_place_does_not():
    grid = np.array([0.0, 1.0, 1.5, 3.0])
    x, y = (axis.ravel() for axis in np.meshgrid(grid, grid))
    for region in (rectangle(3, 3, 1), outlined(shapely.box(0, 0, 3, 3), 1.0)):
        assert cells_at(region, x, y).reshape(4, 4).tolist() == [[0, 1, 1, 2], [3, 4, 4, 5], [3, 4, 4, 5], [6, 7, 7, 8]]
        outside = np.array([np.nan, -1e-9, 3.1, np.inf, -np.inf, 1.0, 1.0])
        assert (cells_at(region, outside, np.array([1, 1, 1, 1, 1, np.nan, 3.1])) == -1).all()
    # Edges along the lines of the grid: the cell beyond has no area.
    for shape in (STRIPS, HOLED):
        at = shapely.get_coordinates(shapely.segmentize(shapely.boundary(shape), 0.5))
        on = shapely.intersects_xy(shape, *at.T)
        assert np.array_equal(cells_at(outlined(shape, 1.0), *at.T) >= 0, on)
        assert on.sum() > 20


def test_points_in_a_hole_are_outside():
    region = outlined(HOLED, 1.0)
    assert cells_at(region, np.array([6.5, 11.5, 10.0]), np.array([3.5, 2.5, 2.5])).tolist()[:2] == [-1, -1]
    assert cells_at(region, np.array([10.0]), np.array([2.5]))[0] >= 0


def test_a_hole_is_not_lost_in_a_large_block():
    hole = shapely.box(300, 300, 300.001, 300.0009)
    region = outlined(shapely.box(0, 0, 1000, 1000).difference(hole), 500.0)
    assert cells_at(region, np.array([300.0005, 300.002]), np.array([300.0005] * 2)).tolist() == [-1, 0]


def test_shares_of_the_whole_are_those_of_the_cells():
    for region in (rectangle(5.5, 4.2, 1), outlined(PARTS, 0.7)):
        shares = cell_shares(region, outline_of(region))
        assert shares == pytest.approx(region.area_km2 / region.total_area_km2, rel=1e-9)
        assert shares.sum() == pytest.approx(1, rel=1e-12)


def test_shares_of_a_part_are_those_of_its_pieces():
    region = outlined(HOLED, 1.0)
    part = HOLED.difference(shapely.union_all([shapely.Point(9, 3).buffer(2), shapely.Point(4, 9).buffer(1.5)]))
    shares = cell_shares(region, part)
    pieces = [part.intersection(cell_box(region, index)).area / part.area for index in range(region.area_km2.size)]
    assert shares == pytest.approx(pieces, rel=1e-9, abs=1e-12)
    assert (shares == 0).sum() > 5
    for call in (lambda: cell_shares(region, shapely.Polygon()), lambda: triangulated(shapely.Polygon())):
        with pytest.raises(ValueError, match="empty"):
            call()
    with pytest.raises(ValueError, match="no part"):
        cell_shares(region, shapely.box(100, 100, 101, 101))


@pytest.mark.parametrize("name", ["holed", "parts", "strips"])
def test_triangles_fill_the_area_and_nothing_else(name):
    triangles = triangulated(SHAPES[name])
    corners = triangles.corners.transpose(2, 0, 1)
    areas = shapely.area(shapely.polygons(corners))
    assert areas.sum() == pytest.approx(SHAPES[name].area, rel=1e-12)
    assert shapely.covers(shapely.buffer(SHAPES[name], 1e-9), shapely.polygons(corners)).all()
    assert np.diff(triangles.cumulative, prepend=0) == pytest.approx(areas / areas.sum(), abs=1e-12)
    assert triangles.cumulative[-1] == 1


@pytest.mark.parametrize("name", ["holed", "parts", "strips"])
def test_points_are_even_over_the_area(name):
    region, triangles = outlined(SHAPES[name], 0.8), triangulated(SHAPES[name])
    x, y = points_in(triangles, *uniforms(11, 200_000))
    assert (cells_at(region, x, y) >= 0).all()
    assert p_value(region, x, y) > FALSE_ALARM


def test_points_that_are_not_even_are_noticed():
    region, triangles = outlined(HOLED, 0.8), triangulated(HOLED)
    u1, u2, u3 = uniforms(11, 200_000)
    # Triangles chosen whatever their size; a root forgotten; and one column used for two purposes.
    same = np.arange(1, triangles.cumulative.size + 1) / triangles.cumulative.size
    unweighted = type(triangles)(triangles.corners.copy(), same)
    assert p_value(region, *points_in(unweighted, u1, u2, u3)) < 1e-12
    assert p_value(region, *points_in(triangles, u1, u2**2, u3)) < 1e-12
    assert p_value(region, *points_in(triangles, u1, u2, u1)) < 1e-12


def test_the_ends_of_the_uniforms_give_points_of_the_area():
    ends = np.array([5e-17, 0.5, 1.0])
    columns = [column.ravel() for column in np.meshgrid(ends, ends, ends)]
    x, y = points_in(triangulated(HOLED), *columns)
    assert shapely.distance(HOLED, shapely.points(x, y)).max() < 1e-12


def test_mines_fall_on_cells_in_proportion_to_their_area():
    region = outlined(HOLED, 1.5)
    found = np.bincount(cells_of(region, uniforms(3, 100_000)[0]), minlength=region.area_km2.size)
    expected = 100_000 * region.area_km2 / region.total_area_km2
    assert stats.chi2.sf(((found - expected) ** 2 / expected).sum(), found.size - 1) > FALSE_ALARM
    assert stats.chi2.sf(((found - found.mean()) ** 2 / found.mean()).sum(), found.size - 1) < 1e-12
