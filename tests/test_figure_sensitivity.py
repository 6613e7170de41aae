"""Figures of a sensitivity study: bars are the numbers, grades are words, and nothing is cut or lies over another."""

import re
from functools import cache
from itertools import combinations
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
from test_figures import title_of, visible_texts

from simulator.figure_sensitivity import indices_figure, tornado_figure
from simulator.figure_style import house_style
from simulator.figures import rendered
from simulator.sensitivity_words import InputFacts, headline, sensitivity, swing_headline
from simulator.variance import design, indices, swings, tornado_design

LONG = "mines.a class whose name says all that is known of it.self_neutralisation.time.lognormal.median_of_every_lot"
LABELS = (
    "civilians.accident_rate",
    "mines.battery-limited.self_destruct.failure",
    "mines.battery-limited.battery.life.weibull.scale",
    LONG,
    "W" * 90,
    "clearance.teams.first.detection",
    "mines.$x^2$ & <b>.failure",
    "civilians.casualties_per_accident",
)
GRADES = ("low", "very low", "moderate", "high", "")
VALUES = (
    ("1.4e-4 per mine-year", "4.1e-5 per mine-year", "6e-4 per mine-year"),
    ("0.1", "0.03", "0.18"),
    ("81.9 days", "71 days", "94 days"),
    ("as it stands", "the first of several alternatives, at length", "the last of several alternatives, at length"),
)


def study(inputs, model, output="casualties", unit="people", n=128):
    labels = [LABELS[place] if place < len(LABELS) else f"mines.class-{place}.failure" for place in range(inputs)]
    facts = [
        InputFacts(label, label, reference, f"{low} to {high}", low, high, "source-2025" if place % 3 else "", grade)
        for place, label in enumerate(labels)
        for (reference, low, high), grade in [(VALUES[place % 4], GRADES[place % 5])]
    ]
    rng = np.random.default_rng(1)
    found = indices(model(design(inputs, n, rng))[:, None], labels, [output], rng, 200)
    reference = np.full(inputs, 0.45)
    return sensitivity(found, 0, facts, swings(model(tornado_design(reference)), labels, output), unit)


def factors(u):
    return 20 * np.prod(1 + (u - 0.5) * 1.6 / np.arange(1, 1 + u.shape[1]) ** 0.8, axis=1)


def bent(u):
    """All swings but one go to one side only."""
    return 1e-6 * (1 + 4 * (u[:, 0] - 0.45) ** 2 - 3 * (u[:, 1] - 0.45) ** 2 + 0.3 * u[:, 2])


def failing(u):
    values = factors(u)
    values[(u[:, 0] > 0.949) & (u[:, 0] < 0.951)] = np.nan
    return values


CASES = {
    "one": lambda: study(1, factors, n=1024),
    "three": lambda: study(3, factors, n=1024),
    "eight": lambda: study(8, factors, n=1024),
    "thirty": lambda: study(30, factors),
    "small and bent": lambda: study(3, bent, "highest individual risk of death", "per year"),
    "millions": lambda: study(3, lambda u: 5e6 + 1e6 * u[:, 0], "hazardous mine-days", "mine-days"),
    "trillions": lambda: study(3, lambda u: 5e13 * u[:, 0], "cost of clearance", "USD"),
    "below nought": lambda: study(3, lambda u: u[:, 0] - 2 * u[:, 1] - 7, "difference", "people"),
    "constant": lambda: study(3, lambda u: 3.0 + 0 * u[:, 0]),
    "none": lambda: study(3, lambda u: 0 * u[:, 0]),
    "seldom": lambda: study(3, lambda u: np.where(u[:, 0] > 0.985, 1.0, 0.0)),
    "missing": lambda: study(3, failing),
    "few": lambda: study(8, factors, n=16),
}


@cache
def study_of(case):
    return CASES[case]()


@cache
def drawn(case):
    return {"indices": indices_figure(study_of(case)), "tornado": tornado_figure(study_of(case))}


def bar(figure, gid):
    """Where a bar begins and ends."""
    found = next(shape for shape in figure.axes[0].patches if shape.get_gid() == gid)
    return found.get_x(), found.get_x() + found.get_width()


def texts_of(figure, gid=""):
    return [text.get_text() for text in figure.axes[0].texts if (text.get_gid() or "").startswith(gid)]


@pytest.mark.parametrize("case", CASES)
def test_words_are_not_cut_off_and_never_overlap(case):
    for stem, figure in drawn(case).items():
        with house_style():
            figure.draw_without_rendering()
        frame = figure.bbox
        boxes = []
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
def test_the_axis_has_a_unit_and_the_footer_says_what_it_is_not(case):
    it = study_of(case)
    for stem, unit in (("indices", "%"), ("tornado", it.unit)):
        figure = drawn(case)[stem]
        assert figure.axes[0].get_xlabel().replace("\n", " ").endswith(f" [{unit}]")
        foot = next(text.get_text() for text in figure.texts if text.get_gid() == "footer").replace("\n", " ")
        assert "never evidence that land is safe" in foot
        assert "Inputs without a stated range are held at their values." in foot
        if stem == "indices":
            assert foot.startswith(it.verdict.sentence)


@pytest.mark.parametrize("case", CASES)
def test_every_input_stands_there_with_its_grade_in_words(case):
    it = study_of(case)
    for figure in drawn(case).values():
        labels = {re.sub(r"\s", "", text) for text in texts_of(figure, "label")}
        assert labels == {re.sub(r"\s", "", row.facts.label) for row in it.rows}
        grades = sorted(
            re.search(r"(very low|low|moderate|high|no) grade", text)[1] for text in texts_of(figure, "evidence")
        )
        assert grades == sorted(row.facts.grade or "no" for row in it.rows)


@pytest.mark.parametrize("case", ["one", "three", "thirty", "few"])
def test_bars_are_the_shares_in_the_order_of_the_totals(case):
    figure, it = drawn(case)["indices"], study_of(case)
    lines = {line.get_gid(): line.get_xdata() for line in figure.axes[0].lines}
    for place, row in enumerate(it.rows):
        for name, share in (("first", row.first), ("total", row.total)):
            assert bar(figure, f"{name}-{place}") == pytest.approx((0, 100 * share.value), abs=1e-12)
            np.testing.assert_allclose(lines[f"{name}-{place}-interval"], [100 * share.low, 100 * share.high])
    totals = [row.total.value for row in it.rows]
    assert totals == sorted(totals, reverse=True)
    assert title_of(figure) == headline(it)


@pytest.mark.parametrize("case", ["three", "eight", "thirty", "small and bent", "below nought"])
def test_swings_go_from_the_reference_to_the_output_at_both_ends_the_largest_first(case):
    figure, it = drawn(case)["tornado"], study_of(case)
    swung = sorted(
        (min(it.reference, row.swing_low, row.swing_high), max(it.reference, row.swing_low, row.swing_high))
        for row in it.rows
    )
    ends = [(bar(figure, f"low-{place}"), bar(figure, f"high-{place}")) for place in range(len(it.rows))]
    for low, high in ends:
        assert low[0] == high[0] == it.reference
    reached = [(min(low + high), max(low + high)) for low, high in ends]
    np.testing.assert_allclose(sorted(reached), swung, rtol=1e-12)
    sizes = [high - low for low, high in reached]
    assert sizes == sorted(sizes, reverse=True)
    assert title_of(figure) == swing_headline(it)
    words = [text.replace("\n", " ") for text in texts_of(figure)]
    for row in it.rows:
        ends = {row.facts.at_low, row.facts.at_high} if row.swing_low != row.swing_high else {"no effect"}
        assert ends <= set(words)


def test_ends_on_one_side_have_a_lane_each():
    figure = drawn("small and bent")["tornado"]
    heights = {shape.get_gid(): shape.get_y() for shape in figure.axes[0].patches if shape.get_gid()}
    low, high = heights["low-0"], heights["high-0"]
    assert high - low > 0.12
    assert heights["low-2"] == heights["high-2"]


def test_grades_are_told_by_colour_and_by_fill_as_well():
    figure, it = drawn("three")["indices"], study_of("three")
    patches = {shape.get_gid(): shape for shape in figure.axes[0].patches if shape.get_gid()}
    for place, row in enumerate(it.rows):
        colour = "#D55E00" if row.facts.grade in {"low", "very low"} else "#0072B2"
        first, total = patches[f"first-{place}"], patches[f"total-{place}"]
        assert mpl.colors.same_color(first.get_facecolor(), colour)
        assert mpl.colors.same_color(total.get_edgecolor(), colour)
        assert (first.get_hatch(), bool(total.get_hatch())) == (None, True)


def test_what_is_undefined_or_missing_is_said_in_words():
    assert texts_of(drawn("constant")["indices"]).count("undefined") == 6
    assert texts_of(drawn("constant")["tornado"]).count("no effect") == 3
    assert any("no interval" in text for text in texts_of(drawn("seldom")["indices"]))
    said = " ".join(texts_of(drawn("missing")["tornado"])).replace("\n", " ")
    assert "6e-4 per mine-year: no value" in said


def test_where_n_is_not_enough_the_title_claims_nothing():
    assert title_of(drawn("few")["indices"]) == "What drives casualties cannot be told from these runs"


def test_the_same_study_gives_the_same_bytes_whatever_the_users_settings():
    it = study_of("three")

    def files():
        figures = {"indices": indices_figure(it), "tornado": tornado_figure(it)}
        return {name: content for stem, figure in figures.items() for name, content in rendered(stem, figure).items()}

    first = files()
    assert set(first) == {"indices.png", "indices.svg", "tornado.png", "tornado.svg"}
    with mpl.rc_context({"lines.linewidth": 9.0, "font.size": 30.0, "hatch.linewidth": 5.0, "axes.facecolor": "red"}):
        before = dict(mpl.rcParams)
        assert files() == first
        assert dict(mpl.rcParams) == before


def test_labels_are_shown_as_they_are_written_in_well_formed_svg():
    figure = drawn("eight")["indices"]
    text = rendered("indices", figure)["indices.svg"].decode()
    nodes = list(ElementTree.fromstring(text).iter())  # noqa: S314
    assert any("mines.$x^2$ & <b>.failure" in (node.text or "") for node in nodes)
    ids = [node.get("id") for node in nodes if node.get("id")]
    assert len(ids) == len(set(ids))
