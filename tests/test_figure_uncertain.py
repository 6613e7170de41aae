"""The figure of uncertain inputs shows the bands of the data and says their numbers, and keeps its words apart."""

from functools import cache
from itertools import combinations

import numpy as np
import pytest
from matplotlib.patches import Rectangle
from test_figures import BATTERY_LIMITED, line, loaded, pair, six, title_of, visible_texts, words_of

from simulator.ensemble import ALL
from simulator.evaluation import opened_store
from simulator.executor import Resources, pool
from simulator.experiment import Plan, run
from simulator.figure_series import thinned
from simulator.figure_style import house_style
from simulator.figure_uncertain import uncertain
from simulator.figure_wording import headline_number, share
from simulator.figures import figures, rendered
from simulator.knowledge import learn, parameter_points
from simulator.scenario_file import from_tree
from simulator.statistics import zero_events_bound
from simulator.wording import bound

SETS, REPLICATES = 8, 4
RATES = [0.005, 0.08]
ASSUMED = {"source": "assumption", "note": "made up for a test"}
SIMULATED, CLOSED = Plan(REPLICATES, uncertain=SETS), Plan(REPLICATES, uncertain=SETS, method="expected")


def unsure(scenarios, *, low=RATES[0], high=RATES[1]):
    """Scenarios whose accident rate is not known."""
    rate = {
        "value": "0.02 per mine-year",
        "uncertainty": {"loguniform": [f"{low} per mine-year", f"{high} per mine-year"]},
        **ASSUMED,
    }
    return [
        from_tree(one.name, {**one.tree, "civilians": {**one.tree["civilians"], "accident_rate": rate}})
        for one in scenarios
    ]


def unlike():
    """A reference, and mines that differ from it in what is not known: how many their timer leaves."""
    both = unsure([loaded("Reference", BATTERY_LIMITED), loaded("Other", BATTERY_LIMITED)])
    failure = {"value": 0.1, "uncertainty": {"uniform": [0.0, 0.2]}, **ASSUMED}
    kind = both[1].tree["mines"]["battery-limited"]
    changed = {**kind, "self_destruct": {**kind["self_destruct"], "failure": failure}}
    return [both[0], from_tree("other", {**both[1].tree, "mines": {"battery-limited": changed}})]


CASES = {
    "two": (lambda: unsure(pair()), SIMULATED),
    "one": (lambda: unsure(pair()[1:]), SIMULATED),
    "closed form": (lambda: unsure(pair()), CLOSED),
    "one in closed form": (lambda: unsure(pair()[:1]), CLOSED),
    "six, laid later": (lambda: unsure(six(laid="2025-11-01")), Plan(2, uncertain=4)),
    "31 days": (lambda: unsure(pair(horizon="31 days")), Plan(2, uncertain=4)),
    "no mines": (lambda: unsure(pair(count=0)), Plan(2, uncertain=4)),
    "two million mines": (lambda: unsure(pair(count=2_000_000), low=1e-5, high=1e-3), CLOSED),
    "the order is open": (unlike, Plan(2, uncertain=16, method="expected")),
}


@cache
def found(case):
    """Each case is played once for all tests: its outcome and its knowledge."""
    make, plan = CASES[case]
    scenarios = make()
    with opened_store(None) as store, pool(Resources(1)) as computing:
        points = parameter_points(scenarios, plan)
        known = learn(points, plan.replicates, store, computing, lambda *_: None)
    return run(scenarios, plan), known


@cache
def drawn(case):
    with house_style():
        return uncertain(*found(case))


def area(figure, gid):
    return next((shape for shape in figure.findobj() if shape.get_gid() == gid), None)


def edges(shape, days):
    """The lower and the upper edge of a shading [T]; its outline runs out along the lower and back along the upper."""
    vertices = shape.get_paths()[0].vertices
    lower = vertices[1 : days.size + 1]
    upper = vertices[days.size + 2 : 2 * days.size + 2][::-1]
    np.testing.assert_array_equal(lower[:, 0], days)
    np.testing.assert_array_equal(upper[:, 0], days)
    return lower[:, 1], upper[:, 1]


def numbers(band):
    return f"{headline_number(float(band.p05[-1]))} to {headline_number(float(band.p95[-1]))}"


@pytest.mark.parametrize("quantity", ["hazardous", "casualties"])
@pytest.mark.parametrize("case", ["two", "one", "closed form", "six, laid later"])
def test_shadings_and_lines_are_those_of_the_data(case, quantity):
    outcome, knowledge = found(case)
    kept = thinned(outcome.scenarios[0].world.times)
    for place, known in enumerate(knowledge):
        spread = known.curves[ALL, quantity]
        shown = line(drawn(case), f"{quantity}-mean-{place}")
        np.testing.assert_array_equal(shown.get_ydata(), spread.knowledge.mean[kept])
        for kind, band in (("expected", spread.knowledge), ("worlds", spread.both)):
            shape = area(drawn(case), f"{quantity}-{kind}-{place}")
            assert (shape is None) == (band is None)
            if band is not None:
                lower, upper = edges(shape, shown.get_xdata())
                np.testing.assert_array_equal(lower, band.p05[kept])
                np.testing.assert_array_equal(upper, band.p95[kept])


def test_expected_values_are_shaded_darker_than_worlds_and_lie_above_them():
    for case in ("two", "six, laid later"):
        dark, light = (area(drawn(case), f"casualties-{kind}-0") for kind in ("expected", "worlds"))
        assert dark.get_facecolor()[0, 3] > 2 * light.get_facecolor()[0, 3]
        assert dark.get_zorder() > light.get_zorder()
        assert dark.get_linestyle() != light.get_linestyle()


def test_the_key_names_the_line_and_each_shading_that_there_is():
    for case, shadings in (("two", 2), ("closed form", 1)):
        top, below = drawn(case).axes
        assert sum(isinstance(shape, Rectangle) for shape in top.patches) == shadings
        assert not below.patches
        assert "mean of all sets" in words_of(drawn(case))
        assert ("5–95 % of single worlds (knowledge and chance)" in words_of(drawn(case))) == (shadings == 2)


def test_the_closed_form_has_one_shading_and_says_so():
    figure = drawn("closed form")
    assert not [shape for shape in figure.findobj() if "-worlds-" in (shape.get_gid() or "")]
    assert not any("single worlds" in text for text in words_of(figure) if "hence one shading" not in text)
    foot = next(text for text in words_of(figure) if "land is safe" in text)
    assert foot.startswith("Closed form: 8 parameter sets of 1 uncertain input; no single worlds, hence one shading")


def test_labels_say_the_numbers_of_the_data():
    for place, known in enumerate(found("two")[1]):
        spread = known.curves[ALL, "casualties"]
        mean = headline_number(float(spread.knowledge.mean[-1]))
        label = f"{mean} people (expected {numbers(spread.knowledge)}; single worlds {numbers(spread.both)})"
        assert label in " ".join(words_of(drawn("two"))), place
    spread = found("closed form")[1][1].curves[ALL, "casualties"]
    mean = headline_number(float(spread.knowledge.mean[-1]))
    assert f"{mean} people (expected {numbers(spread.knowledge)})" in " ".join(words_of(drawn("closed form")))


def test_none_left_is_a_bound_marked_where_it_begins():
    spread = found("two")[1][1].curves[ALL, "hazardous"]
    assert spread.knowledge.mean[-1] == 0
    highest = zero_events_bound(SETS * REPLICATES)
    assert f"fewer than {bound(highest)} left" in words_of(drawn("two"))
    top = drawn("two").axes[0]
    (mark,) = (shape for shape in top.lines if shape.get_marker() == "v")
    first = int(np.flatnonzero(found("two")[0].scenarios[0].world.times == mark.get_xdata()[0])[0])
    assert mark.get_ydata()[0] == highest
    assert not spread.knowledge.mean[first:].any()
    assert spread.knowledge.mean[first - 1] > 0


def test_a_logarithmic_scale_begins_below_every_end_and_says_that_shadings_go_on():
    assert drawn("two").axes[0].get_yscale() == "log"
    assert any(text.startswith("Logarithmic scale") for text in words_of(drawn("two")))
    low = drawn("two").axes[1].get_ylim()[0]
    assert all(low <= known.curves[ALL, "casualties"].knowledge.p05[-1] for known in found("two")[1])
    linear = drawn("one in closed form")
    assert [axes.get_yscale() for axes in linear.axes] == ["linear", "linear"]
    assert not any(text.startswith("Logarithmic") for text in words_of(linear))


def test_the_title_of_a_comparison_is_the_ratio_of_expected_casualties():
    pair_of = found("two")[1][1].metric_differences["casualties"].knowledge
    ratio, low, high = (share(100 * float(it), 0) for it in (pair_of.ratio, pair_of.ratio_p05, pair_of.ratio_p95))
    within = high if low == high else f"{low.removesuffix(' %')} to {high}"
    assert title_of(drawn("two")) == (
        f"Over 10 years, battery-limited mines cause {ratio} as many casualties as persistent mines "
        f"({within} in 90 % of parameter sets)"
    )


def test_the_title_of_a_single_run_is_the_range_of_expected_casualties():
    known = found("one")[1][0].curves[ALL, "casualties"].knowledge
    assert title_of(drawn("one")) == (
        f"Over 10 years, {headline_number(float(known.mean[-1]))} casualties are expected from battery-limited mines "
        f"({numbers(known)} in 90 % of parameter sets)"
    )


def test_an_order_that_depends_on_the_inputs_is_not_claimed():
    pair_of = found("the order is open")[1][1].metric_differences["casualties"].knowledge
    assert pair_of.p05 < 0 < pair_of.p95
    title = title_of(drawn("the order is open"))
    assert "depends on what is not known: from " in title
    fewer, more = (headline_number(abs(float(end))) for end in (pair_of.p05, pair_of.p95))
    assert f"{fewer} fewer to {more} more in 90 %" in title


def test_a_title_of_many_scenarios_counts_those_with_fewer_and_with_more():
    pairs = [known.metric_differences["casualties"].knowledge for known in found("six, laid later")[1][1:]]
    fewer, more = sum(bool(it.p95 < 0) for it in pairs), sum(bool(it.p05 > 0) for it in pairs)
    end = f" are expected in {fewer or 'none'} of the 5 other scenarios and more in {more or 'none'}, in 90 % of "
    assert end in title_of(drawn("six, laid later"))


def test_the_footer_counts_sets_inputs_and_replicates():
    foot = next(text for text in words_of(drawn("two")) if "land is safe" in text)
    assert foot.startswith("8 parameter sets of 1 uncertain input, 4 replicates in each. ")
    assert "all 32 worlds" in foot


@pytest.mark.parametrize("case", CASES)
def test_words_are_not_cut_off_and_never_overlap(case):
    figure = drawn(case)
    with house_style():
        figure.draw_without_rendering()
    boxes = [(text.get_text(), text.get_window_extent()) for text in visible_texts(figure)]
    for words, box in boxes:
        assert figure.bbox.x0 <= box.x0, words
        assert figure.bbox.y0 <= box.y0, words
        assert box.x1 <= figure.bbox.x1, words
        assert box.y1 <= figure.bbox.y1, words
    for (one, its), (other, that) in combinations(boxes, 2):
        assert not its.padded(-1.0).overlaps(that.padded(-1.0)), (one, other)


def test_the_same_knowledge_gives_the_same_bytes():
    outcome, knowledge = found("two")
    stems = dict(figures(outcome, knowledge))
    assert list(stems)[-1] == "uncertain"
    assert rendered("uncertain", stems["uncertain"]) == rendered("uncertain", drawn("two"))
