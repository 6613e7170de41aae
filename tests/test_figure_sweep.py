"""Figures of sweeps show the table's numbers, keep their words apart, and are the same bytes each time."""

import re
import subprocess
import sys
from dataclasses import replace
from functools import cache
from itertools import combinations
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
from swept import BACK_UP, BATTERY_LIMITED, COUNT, FAILURE, PERSISTENT, RATE, alone, made_up, pair, scenario, swept
from test_figures import line, title_of, visible_texts, words_of

from simulator.figure_series import thinned
from simulator.figure_style import house_style
from simulator.figure_sweep import sweep_figures
from simulator.figures import rendered
from simulator.statistics import zero_events_bound
from simulator.sweep_grid import crossings
from simulator.sweep_reading import reach_of_interval
from simulator.units import DAYS_PER_YEAR
from simulator.wording import bound

LONG = "a-very-long-name-of-a-scenario-that-an-analyst-has-chosen-to-say-everything-about-the-mines-in-the-north"
CLASS = "battery-limited mines of the second kind with a name that never ends and goes on"
LONG_PAIR = (
    scenario(f"persistent-{LONG}", {"persistent": PERSISTENT}),
    scenario(LONG, {CLASS: BATTERY_LIMITED}),
)
RING = [[1, 1, 1, 1, 1], [1, -1, -1, -1, 1], [1, -1, 1, -1, 1], [1, -1, -1, -1, 1], [1, 1, 1, 1, 1]]
WAVE = {"from": "2025-01-01", "to": "2025-03-01"}


def failed(table, *cells):
    """The table as if some of its points had failed."""
    gone = np.isin(np.arange(table.grid.cells), cells)

    def without(columns):
        return {name: np.where(gone, np.nan, column) for name, column in columns.items()}

    return replace(
        table,
        values=without(table.values),
        differences=without(table.differences) if table.differences else None,
        reference=np.where(gone, np.nan, table.reference),
        failures=dict.fromkeys(cells, "worker ran out of memory"),
        lines=tuple(one for one in table.lines if one.cell not in cells),
    )


def noise(*shape):
    return np.random.default_rng(1).normal(0.0, 1.0, shape)


CASES = {
    "closed form": lambda: swept(f"{FAILURE}=0:1:11"),
    "simulated": lambda: swept(f"{COUNT}=1e3:4e5:5:log", replicates=3),
    "alone": lambda: swept(f"{BACK_UP}=1e-4:1:9:log", scenarios=pair()[1:]),
    "hundred values": lambda: made_up(np.linspace(-5, 5, 100), f"{FAILURE}=0:1:100", replicates=20, error=0.5),
    "long names": lambda: swept(f"mines.{CLASS}.self_destruct.failure=0:1:9", scenarios=LONG_PAIR, replicates=2),
    "one value": lambda: swept(f"{FAILURE}=0.3", replicates=2),
    "horizons": lambda: swept("horizon=100 days,1 year,20 years", replicates=2),
    "a wave": lambda: swept(f"{COUNT}=100,1000,1234", scenarios=pair(laid=WAVE), replicates=2),
    "none seen": lambda: swept(f"{RATE}=0 per mine-year,1e-4 per mine-year,1e-2 per mine-year", replicates=10),
    "two break-evens": lambda: made_up([-1, -0.5, 1, 2, -1], f"{FAILURE}=0:1:5", replicates=20, error=0.2),
    "noise": lambda: made_up(noise(30), f"{FAILURE}=0:1:30", replicates=20, error=0.5),
    "failures": lambda: failed(swept(f"{COUNT}=1e2:1e6:12:log"), 0, 5),
    "map": lambda: swept(f"{BACK_UP}=1e-3:1:7:log", f"{COUNT}=1e4:2e6:8:log"),
    "simulated map": lambda: swept(f"{FAILURE}=0,0.1,0.5", f"{COUNT}=1e3,3e5", replicates=2),
    "map alone": lambda: swept(f"{BACK_UP}=1e-3:1:4:log", f"{FAILURE}=0:1:4", scenarios=pair()[1:]),
    "map of long names": lambda: swept(
        f"mines.{CLASS}.self_destruct.failure=0,0.01,0.5,1", f"mines.{CLASS}.count=1e3,2e3,5e4,1e6", scenarios=LONG_PAIR
    ),
    "map with failures": lambda: failed(swept(f"{FAILURE}=0:1:5", f"{COUNT}=1e2:1e6:5:log"), 0, 1, 24),
    "map of noise": lambda: made_up(
        np.add.outer(np.linspace(-2, 2, 14), np.linspace(-1, 1, 10)) + noise(14, 10) / 2,
        f"{FAILURE}=0:1:14", f"{COUNT}=1000:2000:10", replicates=20, error=0.7,
    ),
    "map of a ring": lambda: made_up(RING, f"{FAILURE}=0:1:5", f"{COUNT}=1000:2000:5"),
    "map of one side": lambda: made_up(np.full(9, -2.0), f"{FAILURE}=0:1:3", f"{COUNT}=1000:2000:3"),
    "map of no difference": lambda: made_up(np.zeros(4), f"{FAILURE}=0,1", f"{COUNT}=1000,2000"),
    "map of one row": lambda: swept(f"{FAILURE}=0.3", f"{COUNT}=1e3,1e6"),
    "map alone, all alike": lambda: alone(made_up(np.zeros(4), f"{FAILURE}=0,1", f"{COUNT}=1000,2000")),
}  # fmt: skip


@cache
def table_of(case):
    """Each case is computed once for all tests."""
    return CASES[case]()


@cache
def drawn(case):
    return dict(sweep_figures(table_of(case)))


def shape(figure, gid):
    return next(found for found in figure.findobj() if found.get_gid() == gid)


def has(figure, gid):
    return any(found.get_gid() == gid for found in figure.findobj())


def contour(figure, gid="break-even"):
    """The vertices of a contour, in the coordinates of the axes' scales."""
    return np.concatenate([path.vertices for path in shape(figure, gid).get_paths()])


def foot_of(figure):
    return next(text.get_text() for text in figure.texts if text.get_gid() == "footer").replace("\n", " ")


@pytest.mark.parametrize("case", ["one value", "simulated map"])
def test_the_same_table_gives_the_same_bytes_whatever_the_users_settings(case):
    first = {stem: rendered(stem, figure) for stem, figure in sweep_figures(table_of(case))}
    with mpl.rc_context({"lines.linewidth": 9.0, "font.size": 30.0, "image.cmap": "jet", "contour.linewidth": 9.0}):
        assert {stem: rendered(stem, figure) for stem, figure in sweep_figures(table_of(case))} == first


@pytest.mark.parametrize("case", ["one value", "map with failures"])
def test_svgs_are_well_formed_and_ids_begin_with_the_name_of_the_figure(case):
    for stem, figure in drawn(case).items():
        text = rendered(stem, figure)[f"{stem}.svg"].decode()
        ids = [node.get("id") for node in ElementTree.fromstring(text).iter() if node.get("id")]  # noqa: S314
        assert len(ids) == len(set(ids))
        assert all(name.startswith(f"{stem}-") for name in ids)
        assert set(re.findall(r'(?:url\(|href=")#([^")]*)', text)) <= set(ids)


def test_pyplot_is_never_imported():
    code = """
import sys
sys.path.insert(0, "tests")
from test_figure_sweep import drawn, rendered
for stem, figure in drawn("map of a ring").items():
    rendered(stem, figure)
assert "matplotlib.pyplot" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("case", CASES)
def test_words_are_not_cut_off_and_never_overlap(case):
    for stem, figure in drawn(case).items():
        with house_style():
            figure.draw_without_rendering()
        frame, boxes = figure.bbox, []
        for text in visible_texts(figure):
            box = text.get_window_extent()
            assert frame.x0 <= box.x0, (stem, text.get_text())
            assert frame.y0 <= box.y0, (stem, text.get_text())
            assert box.x1 <= frame.x1, (stem, text.get_text())
            assert box.y1 <= frame.y1, (stem, text.get_text())
            boxes.append((text.get_text(), box.padded(-1.0)))
        for (one, its), (other, that) in combinations(boxes, 2):
            assert not its.overlaps(that), (stem, one, other)


@pytest.mark.parametrize("case", CASES)
def test_every_axis_has_a_unit(case):
    for figure in drawn(case).values():
        for axes in figure.axes:
            assert re.search(r"\[[^]]+\]", axes.get_ylabel())
            assert axes.get_gid() == "colour-bar" or re.search(r"\[[^]]+\]", axes.get_xlabel())


@pytest.mark.parametrize("case", CASES)
def test_footers_say_how_it_was_made_and_what_it_is_not(case):
    table = table_of(case)
    for figure in drawn(case).values():
        assert foot_of(figure).endswith("never evidence that land is safe.")
        if table.grid.study.exact:
            assert foot_of(figure).startswith("Closed form")
            assert title_of(figure).endswith("(closed form)")
        else:
            assert foot_of(figure).startswith(f"{table.replicates} replicates at each ")


def test_one_number_has_a_family_and_a_metric_two_have_a_map_and_more_have_none():
    assert set(drawn("simulated")) == {"family", "metric"}
    assert set(drawn("two break-evens")) == {"metric"}
    assert set(drawn("map")) == {"heatmap"}
    three = made_up(np.zeros(8), f"{FAILURE}=0,1", f"{COUNT}=1,2", "horizon=1 year,2 years")
    assert not dict(sweep_figures(three))
    assert not dict(sweep_figures(failed(table_of("two break-evens"), *range(5))))


def test_lines_of_the_family_are_the_kept_curves_coloured_from_dark_to_light():
    figure, table = drawn("closed form")["family"], table_of("closed form")
    assert len(table.lines) == 9
    lightness = []
    for place, one in enumerate(table.lines):
        kept = thinned(one.times)
        for quantity in ("hazardous", "casualties"):
            shown = line(figure, f"{quantity}-{place}")
            np.testing.assert_array_equal(shown.get_xdata(), one.times[kept])
            np.testing.assert_array_equal(shown.get_ydata(), one.bands[quantity].mean[kept])
        red, green, blue = mpl.colors.to_rgb(shown.get_color())
        lightness.append(0.2126 * red + 0.7152 * green + 0.0722 * blue)
    assert (np.diff(lightness) > 0.04).all()


def test_lines_of_the_family_are_named_by_their_values():
    words = words_of(drawn("closed form")["family"])
    assert {"0 %", "10 %", "40 %", "100 %"} <= set(words)
    assert any("30 days (treaty)" in text for text in words)
    assert "of 9 of 11 values" in foot_of(drawn("closed form")["family"])


def test_the_title_of_the_family_has_the_numbers_of_day_120():
    table, title = table_of("simulated"), title_of(drawn("simulated")["family"])
    few, many = (one.bands["hazardous"].mean[120] for one in (table.lines[0], table.lines[-1]))
    assert title == f"After 120 days, {few:.2g} of 1,000 mines are still hazardous, and {many:,.0f} of 400,000"


def test_values_differences_and_the_reference_are_those_of_the_table():
    figure, table = drawn("two break-evens")["metric"], table_of("two break-evens")
    difference = table.differences["difference"]
    for gid, column in (("metric", table.values["mean"]), ("reference", table.reference), ("contrast", difference)):
        np.testing.assert_array_equal(line(figure, gid).get_xdata(), [0, 25, 50, 75, 100])
        np.testing.assert_array_equal(line(figure, gid).get_ydata(), column)
    for gid, columns in (("metric-band", table.values), ("contrast-band", table.differences)):
        edges = shape(figure, gid).get_paths()[0].vertices[:, 1]
        assert edges.min() == columns["p05"].min()
        assert edges.max() == columns["p95"].max()
    bars = [one for one in figure.axes[1].collections if isinstance(one, mpl.collections.LineCollection)]
    low, high = bars[0].get_segments()[2][:, 1]
    assert high - low == pytest.approx(2 * reach_of_interval(table) * 0.2)


def test_a_ratio_is_drawn_on_a_logarithmic_axis_of_values():
    figure, table = drawn("simulated")["metric"], table_of("simulated")
    np.testing.assert_array_equal(line(figure, "contrast").get_ydata(), table.differences["ratio"])
    assert figure.axes[1].get_yscale() == "log"
    assert not has(figure, "contrast-band")


def test_break_evens_are_dots_on_the_reference_and_said_in_words():
    figure, table = drawn("two break-evens")["metric"], table_of("two break-evens")
    found = crossings(np.array([0, 0.25, 0.5, 0.75, 1]), table.differences["difference"], log=False)
    np.testing.assert_allclose(line(figure, "break-evens").get_xdata(), 100 * np.array(found))
    np.testing.assert_array_equal(line(figure, "break-evens").get_ydata(), 0.0)
    assert {"break-even at about 33 %", "break-even at about 92 %"} <= set(words_of(figure))
    assert title_of(figure) == (
        "By casualties, treaty-limit is safer than persistent up to about 33 % failing to self-destruct and from about "
        "92 % failing to self-destruct on"
    )


def test_what_is_in_proportion_breaks_even_where_it_must_however_coarse_the_values():
    figure, table = drawn("simulated")["metric"], table_of("simulated")
    per_mine = table.values["mean"][0] / 1000
    (found,) = line(figure, "break-evens").get_xdata()
    assert found == pytest.approx(table.reference[0] / per_mine, rel=0.01)
    assert line(figure, "break-evens").get_ydata() == 1.0


def test_many_break_evens_are_counted():
    figure, table = drawn("noise")["metric"], table_of("noise")
    count = len(crossings(np.linspace(0, 1, 30), table.differences["difference"], log=False))
    assert f"changes sides with persistent {count} times" in title_of(figure)
    assert any(text.startswith(f"{count} break-evens, about ") for text in words_of(figure))


def test_none_seen_is_a_bound_and_never_nought():
    figure = drawn("none seen")["metric"]
    upper = zero_events_bound(10) * 1.44
    assert line(figure, "bounds").get_ydata() == pytest.approx([upper])
    assert "▼" in foot_of(figure)
    family = " ".join(words_of(drawn("none seen")["family"]))
    assert f"fewer than {bound(upper)} people" in family
    for one in drawn("none seen").values():
        assert not any(re.search(r"(?<![\d.,])0 (left|people|casualt|fewer|more)", text) for text in words_of(one))


def test_failures_are_said_and_leave_a_gap():
    figure = drawn("failures")["metric"]
    assert np.flatnonzero(np.isnan(line(figure, "metric").get_ydata())).tolist() == [0, 5]
    assert "2 of 12 values failed" in foot_of(figure)
    assert "of 9 of 12 values" in foot_of(drawn("failures")["family"]) or len(table_of("failures").lines) < 9


def test_cells_reach_half_way_to_their_neighbours_on_the_scale_of_the_axes():
    mesh = shape(drawn("simulated map")["heatmap"], "cells")
    corners = mesh.get_coordinates()
    np.testing.assert_allclose(corners[:, 0, 1], [0, 5, 30, 50])
    np.testing.assert_allclose(corners[0, :, 0], [1e3, np.sqrt(3e8), 3e5])
    np.testing.assert_array_equal(mesh.get_array(), table_of("simulated map").shaped(
        table_of("simulated map").differences["ratio"]))  # fmt: skip


def test_colours_are_centred_on_the_break_even():
    for case, middle in (("map", 1.0), ("map of a ring", 0.0)):
        norm = shape(drawn(case)["heatmap"], "cells").norm
        assert float(norm(middle)) == pytest.approx(0.5)


def test_the_break_even_line_passes_through_every_interpolated_zero():
    table, found = table_of("map"), contour(drawn("map")["heatmap"])
    down, across = (np.array(axis.values) for axis in table.grid.axes)
    ratio = np.log(table.shaped(table.differences["ratio"]))
    zeros = [(np.log10(count), np.log10(100 * at)) for place, count in enumerate(across)
             for at in crossings(down, ratio[:, place], log=True)]  # fmt: skip
    zeros += [(np.log10(at), np.log10(100 * share)) for place, share in enumerate(down)
              for at in crossings(across, ratio[place], log=True)]  # fmt: skip
    assert len(zeros) > 8
    for zero in zeros:
        assert np.abs(found - zero).max(axis=1).min() < 1e-9


def test_along_an_even_axis_the_line_passes_where_the_difference_is_0():
    table, found = table_of("simulated map"), contour(drawn("simulated map")["heatmap"])
    difference = table.shaped(table.differences["difference"])
    (share,) = crossings(np.array([0, 0.1, 0.5]), difference[:, 1], log=False)
    (count,) = crossings(np.array([1e3, 3e5]), np.log(table.shaped(table.differences["ratio"])[2]), log=True)
    np.testing.assert_allclose(found[np.argmax(found[:, 0])], [np.log10(3e5), 100 * share], rtol=1e-3)
    np.testing.assert_allclose(found[np.argmax(found[:, 1])], [np.log10(count), 50.0], rtol=1e-3)


def test_differences_that_are_no_ratios_have_a_straight_contour():
    found = contour(drawn("map of a ring")["heatmap"])
    axis = np.linspace(0, 1, 5)
    for at in crossings(axis, np.array(RING[2], dtype=float), log=False):
        assert np.abs(found - (1000 + 1000 * at, 50.0)).max(axis=1).min() < 1e-9


def test_a_simulated_break_even_has_an_interval():
    figure = drawn("map of noise")["heatmap"]
    assert has(figure, "break-even-low")
    assert has(figure, "break-even-high")
    assert "its 90 % interval" in foot_of(figure)
    assert not has(drawn("map")["heatmap"], "break-even-low")


def test_regions_are_named_where_they_are():
    figure, table = drawn("map")["heatmap"], table_of("map")
    axes = figure.axes[0]
    down, across = (np.log10(axis.values) for axis in table.grid.axes)
    ratio = np.log(table.shaped(table.differences["ratio"]))
    for text, sign in (("treaty-limit safer", -1), ("persistent safer", 1)):
        label = next(one for one in axes.texts if one.get_text() == text)
        x, y = label.get_position()
        row = np.abs(down - (down[0] + y * (down[-1] - down[0]))).argmin()
        column = np.abs(across - (across[0] + x * (across[-1] - across[0]))).argmin()
        assert np.sign(ratio[row, column]) == sign
    assert [one.get_text() for one in axes.texts].count("break-even") == 1


def test_a_map_of_one_side_says_that_there_is_no_break_even():
    figure = drawn("map of one side")["heatmap"]
    assert title_of(figure) == (
        "No break-even in this range: treaty-limit is safer than persistent, by 2 casualties (closed form)"
    )
    assert not has(figure, "break-even")
    assert "No break-even in this range" in foot_of(figure)
    assert title_of(drawn("map of no difference")["heatmap"]).startswith("No difference in casualties shows")


def test_the_title_of_a_map_has_the_break_even_at_both_ends():
    table = table_of("map")
    ratio = np.log(table.shaped(table.differences["ratio"]))
    down = np.array(table.grid.axes[0].values)
    ends = [(found[0], count) for place, count in enumerate(table.grid.axes[1].values)
            if len(found := crossings(down, ratio[:, place], log=True)) == 1]  # fmt: skip
    said_numbers = re.findall(r"about ([\d.]+) %", title_of(drawn("map")["heatmap"]))
    assert [float(one) for one in said_numbers] == pytest.approx([100 * ends[0][0], 100 * ends[-1][0]], rel=0.05)


def test_a_map_without_reference_has_numbered_lines():
    figure = drawn("map alone")["heatmap"]
    numbers = [float(text.get_text()) for text in figure.axes[0].texts]
    mean = table_of("map alone").values["mean"]
    assert numbers
    assert all(mean.min() < number < mean.max() for number in numbers)
    assert shape(figure, "cells").norm.vmin == mean.min()


def test_failed_points_are_hatched_and_counted():
    figure = drawn("map with failures")["heatmap"]
    assert shape(figure, "missing").get_hatch()
    assert len(shape(figure, "missing").get_paths()) == 3
    assert "Hatched: no number. 3 of 25 points failed." in foot_of(figure)
    assert not has(drawn("map")["heatmap"], "missing")


def test_a_fine_grid_is_a_picture_in_the_svg_and_its_points_are_not_marked():
    slope = np.add.outer(np.linspace(-2, 1, 60), np.linspace(-1, 2, 60))
    ((stem, figure),) = sweep_figures(made_up(slope, f"{FAILURE}=0:1:60", f"{COUNT}=1000:60000:60"))
    files = rendered(stem, figure)
    assert len(files["heatmap.svg"]) < 200_000
    assert not has(figure, "points")
    assert has(drawn("map of a ring")["heatmap"], "points")
    # The plane is 0 on the diagonal on which both sums cancel.
    found = contour(figure)
    height = -2 + 3 * found[:, 1] / 100 - 1 + 3 * (found[:, 0] - 1000) / 59000
    np.testing.assert_allclose(height, 0.0, atol=1e-9)


def test_long_times_are_shown_in_years():
    axes = drawn("horizons")["metric"].axes[0]
    assert "[days]" in axes.get_xlabel()
    years = made_up([-1.0, 1.0], "horizon=2 years,5 years")
    axes = dict(sweep_figures(years))["metric"].axes[0]
    assert "[years]" in axes.get_xlabel()
    assert axes.get_xlim() == pytest.approx((2, 5))
    assert line(dict(sweep_figures(years))["metric"], "metric").get_xdata()[1] * DAYS_PER_YEAR == pytest.approx(1826.25)
