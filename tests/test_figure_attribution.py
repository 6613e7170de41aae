"""The waterfall: bars that lead from one value to the other, words beside them that are not cut off, the same bytes."""

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.patches import Rectangle
from test_attribution import casualties, shipped, split, with_effects

from simulator.attribution import Part
from simulator.changes import Setting
from simulator.combining import Change
from simulator.estimates import estimate
from simulator.figure_attribution import attribution_figure
from simulator.figure_style import DPI, house_style
from simulator.figures import rendered


def invented(means, spread=0.3):
    """A split into so many parts, with long texts."""
    rng = np.random.default_rng(len(means))
    found = split(shipped("persistent"), shipped("treaty-limit"))
    parts = []
    for place, mean in enumerate(means):
        keys = ("mines", "m", "a_block_with_a_long_name", f"setting_{place}_that_nobody_would_ever_call_so")
        setting = Setting(keys, keys, "[0.3, 0.4, 0.9, 1.6, 1.7]" * (place % 3), "{failure: 10 %, " * (place % 5) + "x")
        parts.append(Part(Change((setting,)), estimate(mean + spread * rng.normal(size=20))))
    before = estimate(12 + rng.normal(size=20))
    total = sum(part.effect.mean for part in parts)
    after = estimate(before.mean + total + rng.normal(size=20) * 0.1)
    whole = estimate(np.full(20, after.mean - before.mean))
    return type(found)("a", "b", before, after, whole, tuple(parts), 0.9, ("m",))


CASES = {
    "exact": lambda: split(shipped("persistent"), shipped("treaty-limit")),
    "simulated": lambda: split(shipped("persistent"), shipped("treaty-limit"), replicates=4),
    "one": lambda: split(shipped("district"), shipped("keep-away-1km"), replicates=3),
    "none": lambda: split(shipped("persistent"), shipped("persistent")),
    "nothing": lambda: split(*[shipped("persistent", "mines.persistent.count=0", *more)
                               for more in ((), ("region.cell=500 m",))]),
    "unclear": lambda: with_effects(CASES["exact"](), (-18, -20, -16), (-16.2, -17, -15), (-2, -5, 1), (0.2, 0.1, 0.3)),
    "ten": lambda: invented([-6, 2.5, -1.2, -4, 3.1, 0.8, -0.4, 0.02, -0.9, 1.5]),
    "far from zero": lambda: invented([0.2, -0.3, 0.1], spread=0.02),
}  # fmt: skip


@cache
def drawn(case):
    found = CASES[case]()
    return found, attribution_figure(found, casualties())


def bars(figure):
    """Start and end of each bar, by its key."""
    every = [patch for patch in figure.axes[0].patches if isinstance(patch, Rectangle)]
    return {patch.get_gid(): (patch.get_x(), patch.get_x() + patch.get_width()) for patch in every}


def words(figure):
    return [text.get_text() for text in (*figure.texts, *figure.axes[0].texts)]


@pytest.mark.parametrize("case", ["exact", "simulated", "unclear", "ten"])
def test_bars_lead_from_the_reference_to_the_other(case):
    found, figure = drawn(case)
    shown = bars(figure)
    assert shown["reference"] == pytest.approx((0.0, found.before.mean))
    steps = [shown[f"part-{place}"] for place in range(len(found.parts))]
    assert steps[0][0] == pytest.approx(found.before.mean)
    assert all(end == pytest.approx(start) for (_, end), (start, _) in pairwise(steps))
    assert sorted(end - start for start, end in steps) == pytest.approx(sorted(one.effect.mean for one in found.parts))
    if case != "unclear":
        assert steps[-1][1] == pytest.approx(found.after.mean, rel=0.1, abs=1e-9)
        # Increases come first, so that no level lies below both ends.
        lowest = min(end for _, end in steps)
        assert lowest >= min(found.before.mean, found.after.mean) - 0.2


@pytest.mark.parametrize("case", CASES)
def test_words_stand_apart_inside_the_figure(case):
    _, figure = drawn(case)
    width, height = figure.get_size_inches() * DPI
    renderer = RendererAgg(width, height, DPI)
    with house_style():
        figure.draw(renderer)
        boxes = [text.get_window_extent(renderer) for text in (*figure.texts, *figure.axes[0].texts) if text.get_text()]
        boxes.append(figure.axes[0].xaxis.label.get_window_extent(renderer))
    for index, box in enumerate(boxes):
        assert 0 <= box.x0 < box.x1 <= width
        assert 0 <= box.y0 < box.y1 <= height
        assert not any(box.overlaps(other) for other in boxes[:index])


def test_the_figure_says_what_it_shows():
    found, figure = drawn("unclear")
    said = words(figure)
    assert said[0].replace("\n", " ") == (
        "Casualties: 18 fewer in treaty-limit than in persistent (90 % interval 16 to 20)"
    )
    assert "−16.2 (−17 to −15)" in said
    assert "+0.2 (+0.1 to +0.3)" in said
    assert "Empty bars: no clear effect." in said[1].replace("\n", " ")
    assert found.parts[0].change.settings[0].before == "absent"
    assert any(text.startswith("absent → {time: ") for text in said)
    assert "no intervals" in words(drawn("exact")[1])[1]
    assert "of the mean of 4 replicates" in words(drawn("simulated")[1])[1].replace("\n", " ")


def test_a_cut_axis_has_no_bars_from_its_edge_and_is_said():
    _, figure = drawn("far from zero")
    assert set(bars(figure)) == {"part-0", "part-1", "part-2"}
    assert "The axis does not begin at 0." in words(figure)[1].replace("\n", " ")
    assert figure.axes[0].get_xlim()[0] > 0


def test_the_same_split_gives_the_same_bytes():
    first, second = (rendered("attribution", attribution_figure(drawn("ten")[0], casualties())) for _ in range(2))
    assert first == second
    assert set(first) == {"attribution.png", "attribution.svg"}
