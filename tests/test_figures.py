"""Figures say what the data say, read without colour, keep their words apart, and are the same bytes each time."""

import re
import subprocess
import sys
from functools import cache
from itertools import combinations
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.text import Text

from simulator.ensemble import ALL, bands, curve, samples
from simulator.experiment import Plan, run
from simulator.figure_series import Series, difference, series, thinned, unseen_from
from simulator.figure_style import house_style, style_of
from simulator.figure_wording import headline_number, more_or_fewer, said, share
from simulator.figures import figures, rendered
from simulator.scenario_file import from_tree
from simulator.statistics import band, paired, zero_events_bound
from simulator.units import DAYS_PER_YEAR
from simulator.wording import bound

LONG = "A title that a careful analyst has written to say everything at once about the mines and the people "
BATTERY_LIMITED = {
    "self_destruct": {"time": {"normal": {"mean": "15 days", "sd": "1 day"}}, "failure": 0.1},
    "battery": {"life": {"weibull": {"shape": 4, "scale": "81.9 days"}}, "failure": 0.0},
}
PERSISTENT = {"ageing": {"exponential": {"mean": "57.7 years"}}}


def loaded(title, device, *, name="battery-limited", count=2000, horizon="10 years", rate="0.02", laid="2024-12-01"):
    """A scenario as a file would give it, on a small region."""
    tree = {
        "title": title,
        "start": "2024-12-01",
        "horizon": horizon,
        "region": {"rectangle": {"width": "4 km", "height": "3 km"}, "cell": "1 km"},
        "mines": {name: {"count": count, "laid": laid, **device}},
        "civilians": {
            "density": "14 per km2",
            "accident_rate": f"{rate} per mine-year",
            "reference_density": "14 per km2",
            "casualties_per_accident": 1.44,
        },
    }
    return from_tree(name, tree)


def pair(**changes):
    """A persistent reference and mines at the treaty's limits."""
    return [
        loaded("Persistent mines", PERSISTENT, name="persistent", **changes),
        loaded("Battery-limited mines", BATTERY_LIMITED, **changes),
    ]


def six(**changes):
    """Six scenarios whose titles are as long as titles may be."""
    return [
        loaded(
            f"{letter}{LONG * 2}"[:200],
            BATTERY_LIMITED | {"battery": {"life": "50 days", "failure": 0.05 * place}},
            **changes,
        )
        for place, letter in enumerate("ABCDEF")
    ]


WAVE = {"from": "2025-01-01", "to": "2025-03-01"}
CASES = {
    "two": lambda: run(pair(), Plan(10)),
    "one": lambda: run(pair()[1:], Plan(10)),
    "closed form": lambda: run(pair(), Plan(2, method="expected")),
    "six": lambda: run(six(), Plan(3)),
    "six, 100 years, laid later": lambda: run(six(horizon="100 years", laid="2025-11-01"), Plan(3)),
    "two hours": lambda: run(pair(horizon="2 hours"), Plan(3)),
    "10 days": lambda: run(pair(horizon="10 days"), Plan(3)),
    "31 days": lambda: run(pair(horizon="31 days"), Plan(3)),
    "a wave": lambda: run(pair(laid=WAVE), Plan(3)),
    "ten mines": lambda: run(pair(count=10), Plan(3)),
    "two million mines": lambda: run(pair(count=2_000_000, rate="1e-4"), Plan(2)),
    "a trillion mines": lambda: run(pair(count=10**12), Plan(2, method="expected")),
    "no mines": lambda: run(pair(count=0), Plan(3)),
    "no accidents": lambda: run(pair(rate="0"), Plan(10)),
    "odd titles": lambda: run([loaded("W" * 200, PERSISTENT), loaded('地雷 $x^2$ & <b id="b">', PERSISTENT)], Plan(3)),
    "same titles": lambda: run([*pair()[1:], *pair()[1:]], Plan(3)),
}


@cache
def outcome_of(case):
    """Each case is run once for all tests."""
    return CASES[case]()


@cache
def drawn(case):
    return dict(figures(outcome_of(case)))


def title_of(figure):
    return next(text.get_text() for text in figure.texts if text.get_gid() == "title").replace("\n", " ")


def words_of(figure):
    """Every text of a figure that is not a tick label, lines joined."""
    ticks = {id(label) for axes in figure.axes for axis in (axes.xaxis, axes.yaxis) for label in axis.get_ticklabels()}
    return [text.get_text().replace("\n", " ") for text in figure.findobj(Text) if id(text) not in ticks]


def line(figure, gid):
    return next(found for axes in figure.axes for found in axes.lines if found.get_gid() == gid)


def test_the_same_outcome_gives_the_same_bytes_whatever_the_users_settings():
    outcome = outcome_of("two")
    first = {n: content for stem, figure in drawn("two").items() for n, content in rendered(stem, figure).items()}
    assert set(first) == {
        f"{stem}.{form}"
        for stem in ("hazardous", "states", "harm", "fan", "difference", "dots", "timeline")
        for form in ("png", "svg")
    }
    mine = {"lines.linewidth": 9.0, "font.size": 30.0, "svg.fonttype": "path", "axes.facecolor": "red"}
    with mpl.rc_context(mine):
        before = dict(mpl.rcParams)
        second = {
            name: content for stem, figure in figures(outcome) for name, content in rendered(stem, figure).items()
        }
        assert dict(mpl.rcParams) == before
    assert first == second
    # Drawing a figure twice changes nothing either.
    figure = drawn("10 days")["states"]
    assert rendered("states", figure) == rendered("states", figure)


def test_pyplot_is_never_imported():
    code = """
import sys
sys.path.insert(0, "tests")
from test_figures import outcome_of, figures, rendered
for stem, figure in figures(outcome_of("10 days")):
    rendered(stem, figure)
assert "matplotlib.backends.backend_agg" in sys.modules
assert "matplotlib.pyplot" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_files_hold_no_date_and_no_name_of_the_machine():
    stem, figure = next(figures(outcome_of("10 days")))
    files = rendered(stem, figure)
    assert b"<dc:date>" not in files["hazardous.svg"]
    assert b"Software" not in files["hazardous.png"]
    assert files["hazardous.png"].startswith(b"\x89PNG")


@pytest.mark.parametrize("case", ["six", "odd titles"])
def test_svgs_are_well_formed_and_share_no_id(case):
    seen = set()
    for stem, figure in drawn(case).items():
        text = rendered(stem, figure)[f"{stem}.svg"].decode()
        ids = [node.get("id") for node in ElementTree.fromstring(text).iter() if node.get("id")]  # noqa: S314
        assert len(ids) == len(set(ids))
        assert all(name.startswith(f"{stem}-") for name in ids)
        assert set(re.findall(r'(?:url\(|href=")#([^")]*)', text)) <= set(ids)
        assert seen.isdisjoint(ids)
        seen.update(ids)


@pytest.mark.parametrize("case", CASES)
def test_every_axis_has_a_unit(case):
    for figure in drawn(case).values():
        for axes in figure.axes:
            beside = axes.get_shared_y_axes().get_siblings(axes)
            assert re.search(r"\[.+\]", axes.get_xlabel())
            # Dots and bars that are counted and named have no vertical axis.
            assert not axes.yaxis.get_visible() or any(re.search(r"\[.+\]", other.get_ylabel()) for other in beside)


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


def visible_texts(figure):
    """The texts that are drawn: tick labels only within the limits of their axis."""
    yield from (text for text in figure.texts if text.get_text())
    for axes in figure.axes:
        yield from (text for text in axes.texts if text.get_text())
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            if not axis.get_visible():
                continue
            if axis.label.get_text():
                yield axis.label
            for tick in axis.get_major_ticks():
                if low <= tick.get_loc() <= high and tick.label1.get_visible() and tick.label1.get_text():
                    yield tick.label1


@pytest.mark.parametrize("case", CASES)
def test_every_figure_says_how_it_was_made_and_what_it_is_not(case):
    for stem, figure in drawn(case).items():
        foot = next(text.get_text() for text in figure.texts if text.get_gid() == "footer").replace("\n", " ")
        assert "never evidence that land is safe" in foot
        if stem == "timeline":
            assert foot.startswith("What the scenarios say, not what was simulated.")
        elif case in {"closed form", "a trillion mines"}:
            assert "Closed form" in foot
            assert "(closed form)" in title_of(figure)
        else:
            assert foot.startswith(f"{outcome_of(case).replicates} replicates")


@pytest.mark.parametrize("key", ["even", "close"])
@pytest.mark.parametrize("case", ["two", "six, 100 years, laid later"])
def test_hazardous_lines_are_the_means_of_the_bands(case, key):
    figure = drawn(case)["hazardous"]
    for place, part in enumerate(outcome_of(case).scenarios):
        means = {(mines, quantity): found.mean for mines, quantity, found in bands(part.ensemble, part.spreads)}
        kept = thinned(part.world.times)
        shown = line(figure, f"{key}-mean-{place}")
        unit = DAYS_PER_YEAR if key == "even" else 1.0
        np.testing.assert_array_equal(shown.get_xdata(), part.world.times[kept] / unit)
        np.testing.assert_array_equal(shown.get_ydata(), means[ALL, "hazardous"][kept])


@pytest.mark.parametrize(("key", "quantity"), [("rate", "accidents_per_year"), ("casualties", "casualties")])
def test_harm_lines_and_bands_are_those_of_the_statistics(key, quantity):
    figure = drawn("two")["harm"]
    for place, part in enumerate(outcome_of("two").scenarios):
        found, kept = band(*samples(part.ensemble, ALL, quantity)), thinned(part.world.times)
        np.testing.assert_array_equal(line(figure, f"{key}-mean-{place}").get_ydata(), found.mean[kept])
        area = next(shape for shape in figure.findobj() if shape.get_gid() == f"{key}-band-{place}")
        edges = area.get_paths()[0].vertices[:, 1]
        assert edges.max() == pytest.approx(found.p95.max(), abs=1e-9)
        assert edges.min() == pytest.approx(found.p05.min(), abs=1e-9)


@pytest.mark.parametrize("quantity", ["hazardous", "casualties"])
def test_differences_are_paired(quantity):
    reference, other = outcome_of("two").scenarios
    found = paired(samples(reference.ensemble, ALL, quantity), samples(other.ensemble, ALL, quantity))
    shown = line(drawn("two")["difference"], f"{quantity}-mean-0")
    np.testing.assert_array_equal(shown.get_ydata(), found.difference[thinned(reference.world.times)])


def test_the_closed_form_is_drawn_without_a_band():
    figure = drawn("closed form")["hazardous"]
    part = outcome_of("closed form").scenarios[1]
    mean = curve(part.world, part.closed_form.curves, part.closed_form.land, ALL, "hazardous")
    np.testing.assert_array_equal(line(figure, "even-mean-1").get_ydata(), mean[thinned(part.world.times)])
    assert not any("-band-" in (shape.get_gid() or "") for shape in figure.findobj())


def test_areas_of_states_stack_to_all_mines_laid():
    figure = drawn("two")["states"]
    for place, part in enumerate(outcome_of("two").scenarios):
        hazardous, inert = (samples(part.ensemble, ALL, state)[0].mean(axis=0) for state in ("hazardous", "inert"))
        np.testing.assert_allclose(line(figure, f"hazardous-{place}").get_ydata(), hazardous / 20, atol=1e-9)
        np.testing.assert_allclose(line(figure, f"inert-{place}").get_ydata(), (hazardous + inert) / 20, atol=1e-9)
        np.testing.assert_allclose(line(figure, f"gone-{place}").get_ydata(), 100.0, atol=1e-9)


def test_titles_say_the_numbers_of_the_data():
    outcome, shown = outcome_of("two"), drawn("two")
    times = outcome.scenarios[0].world.times

    def mean(place, quantity, days):
        values = samples(outcome.scenarios[place].ensemble, ALL, quantity)[0].mean(axis=0)
        return float(values[np.searchsorted(times, days)])

    end = times[-1]
    few, many = headline_number(mean(1, "hazardous", 120)), headline_number(mean(0, "hazardous", 120))
    assert title_of(shown["hazardous"]) == (
        f"After 120 days, {few} of 2,000 battery-limited mines are still hazardous, "
        f"against {many} of 2,000 persistent mines"
    )
    few, many = (headline_number(mean(place, "hazardous", end) + mean(place, "inert", end)) for place in (1, 0))
    assert title_of(shown["states"]) == (
        f"After 10 years, {few} of 2,000 battery-limited mines must still be cleared, hazardous or inert, "
        f"against {many} of 2,000 persistent mines"
    )
    few, many = (headline_number(mean(place, "casualties", end)) for place in (1, 0))
    assert title_of(shown["harm"]) == (
        f"Over 10 years, {few} casualties are expected from battery-limited mines, against {many} from persistent mines"
    )
    fewer = headline_number(mean(0, "casualties", end) - mean(1, "casualties", end))
    assert title_of(shown["difference"]).startswith(
        f"Over 10 years, battery-limited mines cause {fewer} fewer casualties than persistent mines "
        "(5–95 % of paired worlds: "
    )


def test_a_title_counts_from_the_last_laying():
    times = outcome_of("a wave").scenarios[0].world.times
    nearest = times[np.argmin(np.abs(times - (90 + 120)))] - 90
    assert title_of(drawn("a wave")["hazardous"]).startswith(f"{nearest:.0f} days after the last mine was laid, ")


def test_a_title_of_many_scenarios_gives_their_range():
    outcome = outcome_of("six")
    at = int(np.searchsorted(outcome.scenarios[0].world.times, 120))
    means = [float(samples(part.ensemble, ALL, "hazardous")[0].mean(axis=0)[at]) for part in outcome.scenarios[1:]]
    expected = f"against {headline_number(min(means))} to {headline_number(max(means))} in the 5 other scenarios"
    assert title_of(drawn("six")["hazardous"]).endswith(expected)


@pytest.mark.parametrize("case", ["two", "no accidents", "ten mines", "closed form"])
def test_none_seen_is_a_bound_and_never_nought(case):
    for figure in drawn(case).values():
        for text in words_of(figure):
            assert not re.search(r"(?<![\d.,])0 (of|left|mines|people|casualt|per year|%|fewer|more)", text), text


def test_none_left_is_said_with_its_bound_and_marked_from_the_day_it_holds():
    part = outcome_of("two").scenarios[1]
    played = samples(part.ensemble, ALL, "hazardous")[1]
    found = series(part, "hazardous")
    first = unseen_from(found)
    assert not played[:, first:].any()
    assert found.least[-1] == zero_events_bound(10)
    said_there = " ".join(words_of(drawn("two")["hazardous"]))
    day = f"{part.world.times[first]:,.0f}"
    assert f"none seen in 10 runs from day {day} on: fewer than 0.3 left" in said_there
    close = drawn("two")["hazardous"].axes[1]
    marks = [shape for shape in close.lines if shape.get_marker() == "v"]
    assert [(mark.get_xdata()[0], mark.get_ydata()[0]) for mark in marks] == [
        (part.world.times[first], zero_events_bound(10))
    ]
    assert close.get_ylim()[0] == pytest.approx(0.1)


def test_no_accidents_are_said_with_the_bound_of_casualties():
    title = title_of(drawn("no accidents")["harm"])
    least = bound(1.44 * zero_events_bound(10))
    assert title.startswith(f"Over 10 years, fewer than {least} casualties are expected from battery-limited mines")
    assert "no difference in casualties shows" in title_of(drawn("no accidents")["difference"])


def test_a_mean_beyond_doubt_is_said_although_no_world_showed_any():
    outcome = run(pair(rate="1e-6")[:1], Plan(3))
    estimate, played = samples(outcome.scenarios[0].ensemble, ALL, "casualties")
    assert not played.any()
    shown = dict(figures(outcome))["harm"]
    mean = headline_number(float(estimate[:, -1].mean()))
    assert title_of(shown) == f"Over 10 years, {mean} casualties are expected from persistent mines"


def test_a_close_up_is_added_only_where_the_even_scale_hides_something():
    assert len(drawn("two")["hazardous"].axes) == 2
    assert len(drawn("10 days")["hazardous"].axes) == 1
    persistent = run(pair()[:1], Plan(2))
    assert len(dict(figures(persistent))["hazardous"].axes) == 1


def test_a_run_of_one_scenario_has_no_difference():
    assert set(drawn("one")) == {"hazardous", "states", "harm", "fan", "timeline"}


def test_scenarios_differ_in_dashes_as_well_as_in_colour():
    styles = [style_of(place) for place in range(6)]
    assert len({style.dashes for style in styles}) == 6
    assert len({style.colour for style in styles}) == 6


def test_scenarios_of_one_title_are_told_apart():
    texts = words_of(drawn("same titles")["harm"])
    assert {"1: Battery-limited mines", "2: Battery-limited mines"} <= set(texts)


def test_titles_are_shown_as_they_are_written():
    figure = drawn("odd titles")["states"]
    shown = next(text for text in figure.findobj(Text) if "地雷 $x^2$ & <b id=" in text.get_text())
    assert not shown.get_parse_math()


def test_thinning_keeps_the_ends_and_at_most_500_points():
    for size in (2, 499, 500, 501, 1500, 12_000):
        kept = thinned(np.arange(float(size)))
        assert kept[0] == 0
        assert kept[-1] == size - 1
        assert kept.size == min(size, 500)
        assert (np.diff(kept) > 0).all()


def test_a_sum_of_quantities_and_a_difference_are_series_too():
    reference, part = outcome_of("two").scenarios
    assert isinstance(difference(reference, part, "hazardous"), Series)
    both = series(part, "hazardous", "inert").mean
    np.testing.assert_allclose(both, series(part, "hazardous").mean + series(part, "inert").mean, rtol=1e-12)


def test_numbers_are_written_for_people():
    values = (9_941.6, 9.94, 9.4, 0.11549, 1_989_000, 10**12, -5.2)
    assert [headline_number(value) for value in values] == [
        "9,942",
        "10",
        "9.4",
        "0.12",
        "1.989 million",
        "1 trillion",
        "−5.2",
    ]
    assert said(0.2, 0.06) == "0.2"
    assert said(0.02, 0.06) == "fewer than 0.06"
    shares = [share(value, 1e-3) for value in (0.0, 0.13, 12.3, 99.86, 99.9999, 100.0)]
    assert shares == ["below 0.001 %", "0.13 %", "12 %", "99.86 %", "above 99.99 %", "above 99.99 %"]
    assert [more_or_fewer(value) for value in (-18.2, 3.41, 0.0)] == ["18 fewer", "3.4 more", "as many"]
