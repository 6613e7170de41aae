"""Maps show what the data say, on one scale of colours, inside the border and with their words apart."""

import io
from dataclasses import replace
from functools import cache
from itertools import combinations, product
from types import SimpleNamespace
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
import shapely
from building import world_of
from mapped import CASES, DAYS, TEAMS, full, outcome_of, rectangle, yearly
from matplotlib.collections import PathCollection, QuadMesh
from matplotlib.image import imread
from matplotlib.text import Text

from simulator.experiment import Plan, run
from simulator.figure_ground import COLOURS, dot_widths, named_places, round_below
from simulator.figure_maps import MOSTLY, densities, maps
from simulator.figure_style import DPI, house_style, text_height, text_width
from simulator.figure_wording import share
from simulator.figures import figures, rendered
from simulator.place import Settled
from simulator.readout import block_of_cells, blocks_side
from simulator.referenced import ReferencedFile
from simulator.world import build_world

DRAWN = [case for case in CASES if case != "even"]


@cache
def drawn(case):
    with house_style():
        return maps(outcome_of(case))


@cache
def png(case):
    return imread(io.BytesIO(rendered("maps", drawn(case))["maps.png"]))


def named(figure, gid):
    return next(shape for shape in figure.findobj(lambda shape: shape.get_gid() == gid))


def meshes(figure):
    return figure.findobj(QuadMesh)


def title_of(figure):
    return named(figure, "title").get_text().replace("\n", " ")


def words_of(figure):
    return [text.get_text().replace("\n", " ") for text in figure.findobj(Text) if text.get_text()]


def density_by_cells(part, day):
    """Accidents per year and km2 of each block, by a loop over cells."""
    region, area = part.world.region, {}
    for cell, block in enumerate(block_of_cells(region)):
        area[block] = area.get(block, 0.0) + region.area_km2[cell]
    return [float(part.ensemble.maps.accident_rate_ahead[day][block]) / area[block] for block in sorted(area)]


def colour_at(case, gid, x_km, y_km):
    """The colour of the printed map at a place, [3]."""
    figure, picture = drawn(case), png(case)
    axes = named(figure, gid).axes
    x, y = axes.transData.transform((x_km, y_km))
    return picture[picture.shape[0] - 1 - int(y), int(x), :3]


@pytest.mark.parametrize("case", ["full", "two", "rectangle", "hole", "fine"])
def test_colours_are_the_accidents_per_year_and_km2_of_each_block(case):
    for place, part in enumerate(outcome_of(case).scenarios):
        world = part.world
        side = blocks_side(world.region)
        _, first = np.unique(block_of_cells(world.region), return_index=True)
        for day in range(len(world.map_days)):
            shown = named(drawn(case), f"map-{place}-{day}").get_array()
            wanted = density_by_cells(part, day)
            for block, cell in enumerate(first):
                value = shown[world.region.row[cell] // side, world.region.column[cell] // side]
                assert (value is np.ma.masked) == (wanted[block] == 0)
                assert wanted[block] == 0 or value == pytest.approx(wanted[block], rel=1e-12)
            assert shown.count() == np.count_nonzero(wanted)


def test_a_block_that_the_border_cuts_weighs_by_its_own_area():
    # Without the area, the same test would not tell whole cells of 1 km2 from their rates.
    part = outcome_of("full").scenarios[0]
    rate, found = part.ensemble.maps.accident_rate_ahead[0], densities(part)[0]
    cut = (part.world.region.area_km2 < 0.9) & (rate > 0)
    assert cut.any()
    assert (found[cut] > 1.1 * rate[cut]).all()


@pytest.mark.parametrize("case", DRAWN)
def test_all_maps_have_one_logarithmic_scale_and_the_bar_is_its(case):
    figure = drawn(case)
    scales = {(mesh.norm.vmin, mesh.norm.vmax, type(mesh.norm).__name__) for mesh in meshes(figure)[:-1]}
    assert len(scales) == 1
    low, high, kind = scales.pop()
    assert kind == "LogNorm"
    assert np.log10([low, high]) == pytest.approx(np.log10([low, high]).round(), abs=1e-9)
    mapped = [part for part in outcome_of(case).scenarios if part.ensemble.maps is not None]
    values = np.concatenate([densities(part).ravel() for part in mapped])
    assert values.max() <= high * (1 + 1e-9)
    bar = next(axes for axes in figure.axes if axes.get_xlabel())
    assert bar.get_xlim() == pytest.approx((low, high))
    assert bar.get_xlabel() == "Expected accidents [per year and km²]"


def test_the_scale_reaches_down_to_the_weakest_map():
    weakest = min(values.max() for values in densities(outcome_of("full").scenarios[0]))
    assert meshes(drawn("full"))[0].norm.vmin < weakest


def test_what_is_printed_is_the_colour_of_the_value_and_white_outside():
    part = outcome_of("hole").scenarios[0]
    region, values = part.world.region, densities(part)[0]
    norm = named(drawn("hole"), "map-0-0").norm
    inner = shapely.buffer(region.outline, -1.5)
    compared = 0
    for cell in np.flatnonzero((values > 0) & shapely.contains_xy(inner, region.x_km, region.y_km)):
        settled = np.hypot(part.world.settlements.x_km - region.x_km[cell],
                           part.world.settlements.y_km - region.y_km[cell])  # fmt: skip
        if settled.min() > 8:  # neither a dot nor a name lies over it
            colour = colour_at("hole", "map-0-0", region.x_km[cell], region.y_km[cell])
            np.testing.assert_allclose(colour, COLOURS(norm(values[cell]))[:3], atol=0.01)
            compared += 1
    assert compared > 10
    hole = next(shapely.Polygon(ring) for part in region.outline.geoms for ring in part.interiors).centroid
    outside = region.west_km + 0.5, region.south_km + region.height_km - 0.5
    corners = list(cut_corners(region, values))
    assert len(corners) > 10
    for x, y in ((hole.x, hole.y), outside, *corners):
        np.testing.assert_array_equal(colour_at("hole", "map-0-0", x, y), 1.0)


def cut_corners(region, values):
    """Places [km] near the corners of coloured cells, but outside the border."""
    for cell in np.flatnonzero(values > 0):
        for right, up in product((0.1, 0.9), repeat=2):
            x = region.west_km + region.cell_km * (region.column[cell] + right)
            y = region.south_km + region.cell_km * (region.row[cell] + up)
            inside = x < region.west_km + region.width_km and y < region.south_km + region.height_km
            if inside and shapely.distance(region.outline, shapely.Point(x, y)) > 0.3:
                yield x, y


def test_colours_go_from_light_to_dark_and_none_is_lighter_than_all():
    grey = COLOURS(np.linspace(0, 1, 64))[:, :3] @ [0.299, 0.587, 0.114]
    assert (np.diff(grey) < 0).all()
    part = outcome_of("full").scenarios[0]
    cell = int(np.argmin(densities(part)[2] + part.ensemble.maps.released[2] + (part.world.region.area_km2 < 1)))
    region = part.world.region
    plain = colour_at("full", "map-0-2", region.x_km[cell], region.y_km[cell]) @ [0.299, 0.587, 0.114]
    assert grey[0] + 0.1 < plain < 1


@pytest.mark.parametrize("case", ["full", "hole", "rectangle"])
def test_the_border_is_drawn_with_its_holes(case):
    region = outcome_of(case).scenarios[0].world.region
    outline = region.outline if region.outline is not None else shapely.box(0, 0, 20, 20)
    rings = named(drawn(case), "border-0-0").get_path().to_polygons()
    signed = [shapely.Polygon(ring).area * (1 if shapely.LinearRing(ring).is_ccw else -1) for ring in rings]
    assert len(signed) == shapely.get_num_geometries(outline) + (case == "hole")
    assert sum(signed) == pytest.approx(outline.area, rel=1e-3)
    assert any(area < 0 for area in signed) == (case == "hole")


def test_settlements_are_dots_with_their_population_as_area():
    its = outcome_of("full").scenarios[0].world.settlements
    dots = named(drawn("full"), "settlements-0-0")
    assert isinstance(dots, PathCollection)
    order = np.argsort(-its.population)
    np.testing.assert_array_equal(dots.get_offsets(), np.column_stack((its.x_km, its.y_km))[order])
    sizes = dots.get_sizes()
    large = sizes > 1.01 * sizes.min()
    assert large.sum() >= 2
    np.testing.assert_allclose((sizes / its.population[order])[large], sizes[0] / its.population.max(), rtol=1e-9)
    assert not [shape for shape in drawn("rectangle").findobj() if (shape.get_gid() or "").startswith("settlements")]


def test_the_largest_settlements_are_named_beside_their_dots():
    figure = drawn("full")
    its = outcome_of("full").scenarios[0].world.settlements
    axes = named(figure, "map-0-0").axes
    shown = {text.get_text(): text.get_position() for text in axes.texts}
    for name, x, y in zip(its.names, its.x_km, its.y_km, strict=True):
        if name == "Echo":  # the smallest
            assert name not in shown
        else:
            width = axes.get_xlim()[1] - axes.get_xlim()[0]
            assert np.hypot(shown[name][0] - x, shown[name][1] - y) < 0.2 * width


def test_a_name_keeps_off_the_border_and_out_of_holes_where_it_can():
    region = outcome_of("hole").scenarios[0].world.region
    axes = named(drawn("hole"), "map-0-0").axes
    with house_style():
        drawn("hole").draw_without_rendering()
    for text in axes.texts:
        if text.get_text() in {"Alpha", "Bravo", "Charlie", "Delta", "Foxtrot"}:
            box = shapely.box(*axes.transData.inverted().transform(text.get_window_extent()).ravel())
            assert region.outline.covers(box), text.get_text()


def test_names_in_a_crowd_lie_over_no_other_and_over_no_dot():
    random = np.random.default_rng(5)
    count = 60
    places = random.uniform(0, 20, (2, count))
    people = np.arange(count, 0, -1.0) * 100
    names = tuple("Long name of a village" if place % 2 else f"V{place}" for place in range(count))
    scale = 0.15
    ground = SimpleNamespace(
        x_km=np.arange(21.0), y_km=np.arange(21.0), width=3.0, height=3.0, scale=scale, most_people=people[0],
        settlements=Settled(names, *places, people),
        land=mpl.path.Path([[0, 0], [20, 0], [20, 20], [0, 20], [0, 0]]),
    )  # fmt: skip
    found = list(named_places(ground))
    assert found
    half = dot_widths(people, people[0]) / 2
    dots = [shapely.box(*(place * scale - r), *(place * scale + r)) for place, r in zip(places.T, half, strict=True)]
    boxes = []
    for name, x, y in found:
        left, middle, high = x * scale, y * scale, text_height(name, 8.5)
        boxes.append(shapely.box(left, middle - high / 2, left + text_width(name, 8.5), middle + high / 2))
    for one, other in combinations(boxes, 2):
        assert one.intersection(other).area < 1e-9
    assert all(box.intersection(dot).area < 1e-9 for box in boxes for dot in dots)
    assert shapely.box(0, 0, 3, 3).covers(shapely.union_all(boxes))


@pytest.mark.parametrize("case", ["full", "rectangle", "fine"])
def test_the_scale_bar_is_as_long_as_it_says_and_north_is_up(case):
    bar = named(drawn(case), "scale-0")
    axes = bar.axes
    said = next(text.get_text() for text in axes.texts if text.get_text().endswith("N"))
    km = float(said.split("\xa0")[0].removesuffix(" km"))
    start, end = bar.get_xdata()
    assert end - start == pytest.approx(km, rel=1e-12)
    assert km in {1, 2, 5, 10, 20}
    (x0, y0), (x1, y1) = axes.transData.transform([(start, 0), (end, end - start)])
    assert x1 - x0 == pytest.approx(y1 - y0, rel=1e-6)  # a km is as long to the north
    assert y1 > y0
    assert (x1 - x0) / DPI < 1.2


def test_of_very_many_settlements_the_largest_are_drawn_and_that_is_said():
    loaded = full()
    random = np.random.default_rng(3)
    rows = [f"V{place},{36.1 + 0.3 * random.random():.4f},{48.65 + 0.2 * random.random():.4f},{place + 1}"
            for place in range(400)]  # fmt: skip
    file = ReferencedFile("villages.csv", "\n".join(["name,lon,lat,population", *rows]))
    many = replace(loaded, files={**loaded.files, "civilians.settlements": file})
    with house_style():
        figure = maps(run([many], Plan(2, map_days=DAYS[:1])))
    assert "(the 60 largest settlements)" in words_of(figure)
    assert len(named(figure, "settlements-0-0").get_offsets()) == 60
    assert {text for text in words_of(figure) if text.startswith("V")} <= {f"V{place}" for place in range(395, 400)}
    assert "(the 60 largest settlements)" not in words_of(drawn("full"))


def test_round_numbers_are_1_2_or_5_times_a_power_of_ten():
    assert [round_below(value) for value in (0.19, 0.2, 1.0, 4.99, 5, 99, 100)] == pytest.approx(
        [0.1, 0.2, 1, 2, 5, 50, 100]
    )


def test_headings_say_how_long_after_the_start_the_date_and_the_total():
    words = words_of(drawn("full"))
    assert {"30 days, 31 Dec 2024", "1 year, 1 Dec 2025", "10 years, 1 Dec 2034"} <= set(words)
    for at in yearly(outcome_of("full").scenarios[0]):
        number = f"{at:.0f}" if at > 9.5 else f"{at:.2g}"
        assert f"{number} accidents per year" in words


def test_every_scenario_has_a_row_and_many_days_are_broken_into_lines():
    places = {gid: named(drawn("two"), gid).axes.get_position() for gid in ("map-0-0", "map-0-1", "map-1-0")}
    assert places["map-0-0"].y0 == pytest.approx(places["map-0-1"].y0)
    assert places["map-1-0"].y1 < places["map-0-0"].y0
    assert places["map-1-0"].x0 == pytest.approx(places["map-0-0"].x0)
    rows = {round(named(drawn("six days"), f"map-0-{day}").axes.get_position().y0, 6) for day in range(6)}
    assert len(rows) == 2


def half_share(part, day):
    """The area of the most dangerous blocks that hold half of the risk, as a share, block by block."""
    blocks = block_of_cells(part.world.region)
    area = [part.world.region.area_km2[blocks == block].sum() for block in range(blocks.max() + 1)]
    rate = list(part.ensemble.maps.accident_rate_ahead[day])
    left, covered = sum(rate) / 2, 0.0
    for block in sorted(range(len(area)), key=lambda block: -rate[block] / area[block]):
        if rate[block] >= left:
            return (covered + area[block] * left / rate[block]) / sum(area)
        left -= rate[block]
        covered += area[block]
    raise AssertionError


@pytest.mark.parametrize(("case", "mines"), [("full", "mines"), ("rectangle", "persistent mines")])
def test_the_title_says_on_how_little_land_half_of_the_risk_lies(case, mines):
    said = share(100 * half_share(outcome_of(case).scenarios[0], 1), 0.0)
    found = title_of(drawn(case))
    assert found == f"After 1 year, half of the accidents expected from {mines} lie in {said} of the area"


def test_the_title_of_a_comparison_gives_both_sides_or_the_range():
    assert "of the area in both scenarios" in title_of(drawn("two"))
    ends = [half_share(part, 1) for part in outcome_of("three").scenarios]
    spread = " to ".join(share(100 * end, 0.0) for end in (min(ends), max(ends)))
    assert title_of(drawn("three")).endswith(f"lie in {spread} of the area in 3 of 3 scenarios")
    pair = replace(outcome_of("three"), scenarios=outcome_of("three").scenarios[:2])
    one, other = (share(100 * end, 0.0) for end in ends[:2])
    with house_style():
        title = title_of(maps(pair))
    assert f"from persistent mines lie in {other} of the area, against {one} from " in title or (
        f"lie in {other} of the area, against {one} from mines" in title
    )


def test_where_nothing_is_left_the_title_gives_a_bound_and_no_share():
    title = title_of(drawn("nothing"))
    assert title.startswith("On every day of the maps, fewer than ")
    assert "%" not in title
    assert meshes(drawn("nothing"))[0].get_array().count() == 0


@pytest.mark.parametrize("case", ["full", "rectangle"])
def test_land_that_is_released_in_most_worlds_is_hatched(case):
    figure, part = drawn(case), outcome_of(case).scenarios[0]
    released = part.ensemble.maps.released[2] > MOSTLY
    assert released.any()
    patch = named(figure, "released-0-2")
    assert patch.get_hatch()
    signed = sum(
        shapely.Polygon(ring).area * (1 if shapely.LinearRing(ring).is_ccw else -1)
        for ring in patch.get_path().to_polygons()
    )
    side = part.world.region.cell_km
    assert signed == pytest.approx(np.count_nonzero(released) * side**2, rel=0.02)
    assert not figure.findobj(lambda shape: shape.get_gid() == "released-0-0")
    assert "released (95 % or more)" in words_of(figure)
    assert "released (95 % or more)" not in words_of(drawn("nothing early"))


@pytest.mark.parametrize("case", DRAWN)
def test_words_are_not_cut_off_and_never_overlap(case):
    figure = drawn(case)
    with house_style():
        figure.draw_without_rendering()
    boxes = []
    for text in figure.findobj(Text):
        if not (text.get_text().strip() and text.get_visible()) or hidden(text):
            continue
        box = text.get_window_extent()
        assert figure.bbox.x0 <= box.x0, text.get_text()
        assert figure.bbox.y0 <= box.y0, text.get_text()
        assert box.x1 <= figure.bbox.x1, text.get_text()
        assert box.y1 <= figure.bbox.y1, text.get_text()
        boxes.append((text.get_text(), box.padded(-1.0)))
    for (one, its), (other, that) in combinations(boxes, 2):
        assert not its.overlaps(that), (one, other)


def hidden(text):
    """Whether a text belongs to an axis that is not drawn."""
    axes = text.axes
    return axes is not None and not axes.axison and text not in axes.texts


@pytest.mark.parametrize("case", ["full", "two", "rectangle"])
def test_the_same_outcome_gives_the_same_bytes_whatever_the_users_settings(case):
    first = drawn(case)
    with mpl.rc_context({"image.cmap": "jet", "hatch.linewidth": 9.0, "font.size": 30.0, "axes.grid": True}):
        second = dict(figures(outcome_of(case)))["maps"]
        again = rendered("maps", second)
    assert rendered("maps", first) == again == rendered("maps", second)


@pytest.mark.parametrize("case", ["full", "two", "fine", "rectangle"])
def test_the_svg_of_thousands_of_blocks_stays_small(case):
    drawing = rendered("maps", drawn(case))["maps.svg"]
    assert len(drawing) < 400_000
    ids = [node.get("id") for node in ElementTree.fromstring(drawing).iter() if node.get("id")]  # noqa: S314
    assert len(ids) == len(set(ids))


def test_the_footer_says_how_it_was_made_and_what_it_is_not():
    foot = named(drawn("full"), "footer").get_text().replace("\n", " ")
    assert foot.startswith("4 replicates. ")
    assert "no item has a place" in foot
    assert "never evidence that land is safe" in foot


def test_a_map_is_drawn_only_where_there_is_a_place_to_show():
    assert drawn("even") is None
    assert "maps" not in dict(figures(outcome_of("even")))
    with house_style():
        assert maps(run([rectangle(clearance=TEAMS)], Plan(2))) is None
        assert maps(run([rectangle()], Plan(2, method="expected", map_days=DAYS))) is None
        assert maps(run([full()], Plan(2, map_days=(5500.0,)))) is None


def test_a_scenario_without_a_place_has_no_row_beside_one_that_has():
    assert [outcome.world.map_days for outcome in outcome_of("mixed").scenarios] == [(), DAYS[:2]]
    figure = drawn("mixed")
    assert len({mesh.axes for mesh in meshes(figure)[:-1]}) == 2
    assert "Rectangle" not in words_of(figure)
    foot = named(figure, "footer").get_text().replace("\n", " ")
    assert "A scenario that is even everywhere has no map." in foot
    assert "even everywhere" not in named(drawn("two"), "footer").get_text()


@pytest.mark.parametrize(
    ("spatial", "change"),
    [
        (False, {}),
        (True, {"clearance": TEAMS}),
        (True, {"mines": {"m": {"count": 5, "laid": "2024-12-01", "ageing": "never",
                                "placement": {"clusters": {"count": 2, "spread": "300 m"}}}}}),
    ],
)  # fmt: skip
def test_a_world_is_spatial_by_what_it_has(spatial, change):
    world = build_world(rectangle(**change), map_days=DAYS)
    assert world.is_spatial == spatial
    assert world.map_days == (DAYS if spatial else ())


def test_settlements_keeping_away_and_a_border_are_spatial_each_alone():
    world = world_of({"m": {"count": 5, "laid": "2024-12-01", "ageing": "never"}})
    assert not world.is_spatial
    whole = build_world(full())
    assert replace(world, settlements=whole.settlements).is_spatial
    assert replace(world, marking=whole.marking).is_spatial
    assert replace(world, region=whole.region).is_spatial
    kept_away = replace(world.kinds[0].placing, rule=whole.kinds[1].placing.rule)
    assert kept_away.rule is not None
    assert replace(world, kinds=(replace(world.kinds[0], placing=kept_away),)).is_spatial
