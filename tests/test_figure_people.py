"""Figures reach everybody: described for those who do not see them, with contrast, and told apart without colour."""

import re
import subprocess
import sys
from functools import cache
from itertools import combinations
from xml.etree import ElementTree

import numpy as np
import pytest
import test_calibration_figure as calibrations
import test_figure_attribution as attributions
import test_figure_sensitivity as sensitivities
import test_figure_sweep as sweeps
import test_figure_uncertain as uncertainties
import test_figures as runs
import test_maps as maps
import test_survival as fits
from matplotlib.collections import PolyCollection, QuadMesh
from matplotlib.colors import to_rgb, to_rgba
from matplotlib.contour import ContourSet
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from simulator.bracketing import Range
from simulator.breakeven import break_even
from simulator.figure_breakeven import breakeven_figure
from simulator.figure_descriptions import described, description
from simulator.figure_ground import COLOURS
from simulator.figure_states import _HATCH_COLOUR, _LOOKS
from simulator.figure_style import GRID, style_of
from simulator.figure_svg import thinned_line
from simulator.figures import rendered
from simulator.metrics import metrics

TEXT, PARTS = 4.5, 3.0
# How the colour-blind see linear RGB, at full severity: Machado, Oliveira and Fernandes (2009),
# doi:10.1109/TVCG.2009.113.
SIGHTS = {
    "all cones": np.eye(3),
    "no red cones": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "no green cones": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "no blue cones": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}  # fmt: skip


@cache
def every_figure():
    """Every kind of figure that a verb draws, most in several cases: by case and stem."""
    found = {}
    for case in ("two", "six", "no accidents", "no mines", "a wave", "closed form"):
        found |= {(f"run: {case}", stem): figure for stem, figure in runs.drawn(case).items()}
    for case in ("closed form", "simulated", "one value", "hundred values", "none seen", "map", "map alone"):
        found |= {(f"sweep: {case}", stem): figure for stem, figure in sweeps.drawn(case).items()}
    found |= {("sensitivity", stem): figure for stem, figure in sensitivities.drawn("three").items()}
    return found | {
        ("compare --uncertain", "uncertain"): uncertainties.drawn("two"),
        ("compare", "maps"): maps.drawn(maps.DRAWN[0]),
        ("attribute", "attribution"): attributions.drawn("ten")[1],
        ("breakeven", "breakeven"): break_even_of_noise(),
        ("fit", "survival"): fits.drawn(),
        **{("calibrate", stem): figure for stem, figure in calibrations.drawn().items()},
    }


def break_even_of_noise():
    noise = np.linspace(-0.2, 0.2, 9)
    found = break_even(lambda values: [value - 0.4 + noise for value in values], Range(0.0, 1.0))
    metric = next(one for one in metrics(runs.outcome_of("two").scenarios[0].world) if one.name == "casualties")
    return breakeven_figure(found, metric, "failure", "", "Break-even at 0.4.")


def luminance(colour):
    """Relative luminance of a colour without alpha (WCAG 2.2, https://www.w3.org/TR/WCAG22/#dfn-relative-luminance)."""
    return float(linear(colour) @ [0.2126, 0.7152, 0.0722])


def linear(colour):
    values = np.array(to_rgb(colour))
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def contrast(one, other="white"):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def seen(colour, alpha=None, below="white"):
    """The opaque colour that a colour with alpha becomes over another."""
    red, green, blue, opacity = to_rgba(colour, alpha)
    return tuple(opacity * np.array((red, green, blue)) + (1 - opacity) * np.array(to_rgb(below)))


def test_contrast_is_that_of_the_standard():
    assert contrast("black") == pytest.approx(21)
    # The grey that the standard's own notes give as just enough, and one step lighter.
    assert contrast("#767676") == pytest.approx(4.54, abs=0.005)
    assert contrast("#777777") < TEXT


def test_every_text_has_a_contrast_of_4_5_to_what_it_stands_on():
    for name, figure in every_figure().items():
        for text in figure.findobj(Text):
            box = text.get_bbox_patch()
            grounds = ["white"]
            if box is not None:
                # What lies below a box that lets it through may be anything up to the darkest colour of a map.
                grounds = [seen(box.get_facecolor(), below=below) for below in ("white", COLOURS(1.0)[:3])]
            for ground in grounds:
                assert contrast(seen(text.get_color()), ground) >= TEXT, (name, text.get_text())


def test_every_line_and_mark_has_a_contrast_of_3_to_white():
    for name, figure in every_figure().items():
        for axes in figure.axes:
            for line in axes.lines:
                if line.get_color() == GRID:
                    continue
                drawn = [line.get_color()] if line.get_linestyle() != "None" else []
                drawn += [line.get_markerfacecolor()] if line.get_marker() not in {"None", "", None} else []
                for colour in drawn:
                    assert contrast(seen(colour, line.get_alpha())) >= PARTS, (name, line.get_gid(), colour)


def test_every_area_and_bar_has_an_edge_or_a_filling_with_a_contrast_of_3_to_white():
    for name, figure in every_figure().items():
        for axes in figure.axes:
            areas = [one for one in axes.collections if isinstance(one, PolyCollection) and one.get_gid()]
            bars = [one for one in axes.patches if isinstance(one, Rectangle) and one.get_linewidth() > 0]
            assert not any(isinstance(one, QuadMesh) for one in areas)
            for one in (*areas, *bars):
                edges, faces = (np.atleast_2d(to_rgba_of(one, which)) for which in ("edge", "face"))
                best = max(contrast(seen(tuple(colour))) for colour in (*edges, *faces))
                assert best >= PARTS, (name, one.get_gid())


def to_rgba_of(artist, which):
    colours = getattr(artist, f"get_{which}color")()
    return colours if len(colours) else (1.0, 1.0, 1.0, 1.0)


def test_areas_of_states_are_bounded_by_black_lines_and_their_hatches_are_seen():
    for place in range(2):
        for state in _LOOKS:
            assert runs.line(runs.drawn("two")["states"], f"{state}-{place}").get_color() == "black"
    for look in _LOOKS.values():
        assert contrast(look.text, look.colour) >= TEXT
    assert contrast(_HATCH_COLOUR, _LOOKS["inert"].colour) >= PARTS
    assert contrast(_LOOKS["hazardous"].colour, _LOOKS["inert"].colour) >= PARTS


def test_contours_have_a_white_rim_so_that_dark_colours_do_not_hide_them():
    found = [
        (name, one)
        for name, figure in every_figure().items()
        for axes in figure.axes
        for one in axes.collections
        if isinstance(one, ContourSet)
    ]
    assert {one.get_gid() for _, one in found} >= {"break-even", "levels"}
    for name, one in found:
        assert one.get_path_effects(), (name, one.get_gid())
        assert contrast(COLOURS(1.0)) > 4 * PARTS  # black alone would vanish on it


def lab(rgb):
    """A linear RGB colour in CIE L*a*b* (D65), where distances are about those that are seen."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = to_xyz @ np.clip(rgb, 0, 1) / to_xyz.sum(axis=1)
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("sight", SIGHTS)
def test_scenarios_are_told_apart_with_every_kind_of_sight(sight):
    """A difference of 2.3 is just noticeable (Mahy, Van Eycken and Oosterlinck 1994)."""
    shown = [lab(np.array(SIGHTS[sight]) @ linear(style_of(place).colour)) for place in range(7)]
    assert min(np.linalg.norm(one - other) for one, other in combinations(shown, 2)) > 4 * 2.3


def test_a_light_orange_would_fail_these_tests():
    assert contrast("#E69F00") < PARTS
    assert contrast("#CC79A7", "#F4BC6C") < PARTS


def test_every_figure_that_a_verb_draws_is_described_and_no_other():
    assert {stem for _, stem in every_figure()} == set(described())
    for stem in described():
        text = description(stem)
        assert re.match(r"[A-Z].*(chart|plot|map|Maps)", text), stem
        assert text.endswith(".")
        assert len(text) > 150, stem
    with pytest.raises(ValueError, match="no figure is called 'shares'"):
        description("shares")


def test_descriptions_need_no_drawing_library():
    code = "import sys; from simulator.figure_descriptions import description; print(description('fan')); "
    code += "assert not {'matplotlib', 'numpy'} & set(sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == description("fan")


def test_an_svg_is_an_image_named_by_its_title_and_described_by_its_kind_and_its_footer():
    seen_ids = set()
    for (case, stem), figure in every_figure().items():
        if case.startswith("sweep") and case not in {"sweep: simulated", "sweep: map"}:
            continue
        if case.startswith(("run", "compare")) and case != "run: two":
            continue
        root = ElementTree.fromstring(rendered(stem, figure)[f"{stem}.svg"])  # noqa: S314
        assert root.get("role") == "img"
        title, words, *_ = root
        assert [title.tag, words.tag] == ["{http://www.w3.org/2000/svg}title", "{http://www.w3.org/2000/svg}desc"]
        assert root.get("aria-labelledby").split() == [title.get("id"), words.get("id")]
        assert title.text == runs.title_of(figure)
        foot = next(text.get_text() for text in figure.texts if text.get_gid() == "footer")
        assert words.text == f"{description(stem)} {' '.join(foot.split())}"
        ids = {node.get("id") for node in root.iter() if node.get("id")}
        assert seen_ids.isdisjoint(ids)
        seen_ids |= ids


def test_titles_with_marks_of_xml_and_unprintable_letters_keep_it_well_formed():
    for stem, figure in runs.drawn("odd titles").items():
        root = ElementTree.fromstring(rendered(stem, figure)[f"{stem}.svg"])  # noqa: S314
        assert root[0].text == " ".join(runs.title_of(figure).split())
    words = " ".join(ElementTree.fromstring(  # noqa: S314
        rendered("fan", runs.drawn("odd titles")["fan"])["fan.svg"]).itertext())  # fmt: skip
    assert '<b id="b">' in words


def test_a_thinned_line_keeps_its_ends_and_kinks_and_stays_within_its_tolerance():
    x = np.linspace(0, 400, 800)
    y = np.where(x < 200, 0.0, 90.0) + 5 * np.sin(x / 40)
    line = np.column_stack((x, y))
    kept = thinned_line(line, 0.05)
    assert 4 < len(kept) < 150
    assert (kept[[0, -1]] == line[[0, -1]]).all()
    jump = np.flatnonzero(np.abs(np.diff(y)) > 50)[0]
    assert {tuple(point) for point in line[jump : jump + 2]} <= {tuple(point) for point in kept}
    assert np.abs(np.interp(x, *kept.T) - y).max() < 0.06
    closed = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]], dtype=float)
    assert (thinned_line(closed) == closed).all()


def test_the_figures_of_a_comparison_stay_small():
    sizes = {
        stem: len(rendered(stem, figure)[f"{stem}.svg"])
        for (case, stem), figure in every_figure().items()
        if case == "run: two"
    }
    assert sum(sizes.values()) < 250_000
    assert max(sizes.values()) < 50_000, sizes
