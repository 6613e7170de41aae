"""The figures of single worlds and of what is to happen when show the data and the laws, and nothing beyond them."""

from functools import cache

import numpy as np
import pytest
from scipy import stats
from test_figures import drawn, line, loaded, outcome_of, pair, title_of, words_of

from simulator.ensemble import ALL, samples
from simulator.experiment import Plan, run
from simulator.figure_dot_stacks import quantile_dots, stacked
from simulator.figure_series import thinned
from simulator.figures import figures
from simulator.metrics import averted, metric_samples, metrics
from simulator.scenario_file import from_tree
from simulator.statistics import zero_events_bound
from simulator.units import DAYS_PER_YEAR
from simulator.wording import bound

LIFE = {"weibull": {"shape": 4, "scale": "81.9 days"}}
COLD = [-5, -4, 1, 9, 15, 19, 21, 20, 15, 9, 3, -2]


def deadly(title, device, **changes):
    """A scenario in which people die, so that there is an individual risk, with some of its blocks replaced."""
    tree = {
        "title": title,
        "start": "2024-12-01",
        "horizon": "10 years",
        "thresholds": ["1e-4 per year"],
        "region": {"rectangle": {"width": "4 km", "height": "3 km"}, "cell": "1 km", "temperature": COLD},
        "mines": {"short-lived": {"count": 1000, "laid": {"from": "2024-12-11", "to": "2025-01-10"}, **device}},
        "civilians": {
            "density": "14 per km2",
            "accident_rate": "0.02 per mine-year",
            "reference_density": "14 per km2",
            "casualties_per_accident": 1.44,
            "killed_share": 0.3,
        },
    }
    for block, keys in changes.items():
        tree[block] = {**tree[block], **keys} if isinstance(keys, dict) and block in tree else keys
    return from_tree("deadly", tree)


TIMED = {"self_destruct": {"time": {"normal": {"mean": "15 days", "sd": "2 days"}}, "failure": 0.1}}
BATTERY = {"battery": {"life": LIFE, "failure": 0.02, "q10": 2, "reference_temperature": "20 degC"}}
CLEARED = {
    "from": "2025-06-01", "teams": 2, "rate": "2000 m2 per team-day", "detection": 0.9, "winter_stop": [12, 1, 2],
}  # fmt: skip
RETURN = {"return": {"initial": 0.5, "final": 0.9, "half_time": "1 year"}}


@cache
def field():
    """Timed and battery-limited mines laid over a month, teams that stop in winter, and people who return."""
    outcome = run([deadly("A field", TIMED | BATTERY, clearance=CLEARED, civilians=RETURN)], Plan(20))
    return outcome, dict(figures(outcome))


def shape(figure, gid):
    return next(one for one in figure.findobj() if one.get_gid() == gid)


def span_of(figure, gid):
    bar = shape(figure, gid)
    return bar.get_x(), bar.get_x() + bar.get_width()


# The fan


def test_bands_and_the_median_are_the_percentiles_of_the_worlds_played():
    figure = drawn("two")["fan"]
    for place, part in enumerate(outcome_of("two").scenarios):
        worlds, kept = samples(part.ensemble, ALL, "casualties")[1], thinned(part.world.times)
        found = np.percentile(worlds, (5, 25, 50, 75, 95), axis=0)[:, kept]
        np.testing.assert_array_equal(line(figure, f"median-{place}").get_ydata(), found[2])
        for share, low, high in (("50", 1, 3), ("90", 0, 4)):
            edges = shape(figure, f"band-{share}-{place}").get_paths()[0].vertices[:, 1]
            assert (edges.min(), edges.max()) == (found[low].min(), found[high].max())


def test_single_worlds_are_the_first_ones_and_the_footer_says_so():
    figure = drawn("two")["fan"]
    part = outcome_of("two").scenarios[0]
    worlds, kept = samples(part.ensemble, ALL, "casualties")[1], thinned(part.world.times)
    for which in range(5):
        np.testing.assert_array_equal(line(figure, f"world-{which}-0").get_ydata(), worlds[which, kept])
    with pytest.raises(StopIteration):
        line(figure, "world-5-0")
    assert any("the first 5 worlds, not chosen" in text for text in words_of(figure))
    assert any("the first 3 worlds, not chosen" in text for text in words_of(drawn("a wave")["fan"]))


def test_panels_share_their_axes():
    one, other = drawn("two")["fan"].axes
    assert one.get_xlim() == other.get_xlim()
    assert one.get_ylim() == other.get_ylim()


def test_where_no_world_sees_any_the_fan_says_the_bound():
    texts = words_of(drawn("no accidents")["fan"])
    least = bound(1.44 * zero_events_bound(10))
    assert texts.count(f"None in any of 10 worlds: fewer than {least} people expected") == 2
    title = "Over 10 years, none of 10 worlds sees a casualty from battery-limited mines or from persistent mines"
    assert title_of(drawn("no accidents")["fan"]) == title


def test_the_closed_form_has_neither_fan_nor_dots():
    assert set(drawn("closed form")) == {"hazardous", "states", "harm", "difference", "timeline"}


# Dots


def test_dots_are_the_casualties_averted_in_the_same_worlds():
    outcome, figure = outcome_of("two"), drawn("two")["dots"]
    saved = averted(outcome.scenarios[0].ensemble, outcome.scenarios[1].ensemble)[1]
    x = line(figure, "averted-1-dots").get_xdata()
    assert x.size == 10
    # Dots stand in bins; one of the widest is 0.45 inches of a panel that is over 4 inches wide.
    assert np.abs(np.sort(x) - np.sort(saved)).max() < 0.11 * np.ptp(saved) + 1e-9
    fewer = int((saved > 0).sum())
    title = f"In {fewer} of 10 worlds, battery-limited mines cause fewer casualties than persistent mines"
    assert title_of(figure) == title


def test_no_dots_where_nothing_varies():
    assert "dots" not in drawn("no accidents")
    assert "dots" not in drawn("no mines")
    assert "dots" not in drawn("one")


def test_a_time_that_differs_among_worlds_has_those_in_which_it_does_not_come_aside():
    three = {"short-lived": {"count": 3, "laid": "2024-12-01", "ageing": {"exponential": {"mean": "2 years"}}}}
    outcome = run([deadly("Few", {}, mines=three, thresholds=["1e-6 per year"], horizon="3 years")], Plan(40))
    metric = next(one for one in metrics(outcome.scenarios[0].world) if one.name == "days_until_risk_below_1e-06")
    times = metric_samples(metric, outcome.scenarios[0].ensemble)[1]
    late = int(np.isinf(quantile_dots(times, 20)).sum())
    assert 0 < late < 20
    figure = dict(figures(outcome))["dots"]
    there, beyond = (line(figure, f"time-0-{key}").get_xdata() for key in ("dots", "late"))
    assert (there.size, beyond.size) == (20 - late, late)
    assert beyond.min() > there.max()
    share = 100 * np.isinf(times).mean()
    assert f"not within 3 years: {share:.0f} %" in words_of(figure)


def test_quantile_dots_are_equal_shares_of_the_values():
    values = np.append(np.arange(90.0), np.full(10, np.inf))
    np.random.default_rng(1).shuffle(values)
    shown = quantile_dots(values, 20)
    np.testing.assert_array_equal(shown[:18], np.arange(2.0, 90.0, 5.0))
    assert np.isinf(shown[18:]).all()
    np.testing.assert_array_equal(quantile_dots(np.arange(50.0), 50), np.arange(50.0))


@pytest.mark.parametrize("make", [
    lambda random: np.sort(random.normal(2, 0.5, 50)),
    lambda random: np.sort(random.choice([0.1, 1.5, 3.9], 50)),
    lambda _: np.full(50, 2.0),
    lambda random: np.sort(random.uniform(0, 4, 20)),
])  # fmt: skip
def test_stacked_dots_touch_no_other_and_stay_in_the_panel(make):
    inches = make(np.random.default_rng(3)).clip(0, 4)
    x, y, size = stacked(inches, 1.15)
    assert x.shape == y.shape == inches.shape
    apart = np.hypot(x[:, None] - x, y[:, None] - y)[~np.eye(x.size, dtype=bool)]
    assert apart.min() > size * (1 - 1e-9)
    assert y.min() >= size / 2 - 1e-9
    assert y.max() <= 1.15 - size / 2 + 1e-9
    assert np.abs(x - inches).max() < 0.46


# The timeline


def test_the_self_destruct_window_is_that_of_its_law_from_the_first_laying_to_the_last():
    low, high = span_of(field()[1]["timeline"], "self-destruct-0-0-0")
    law = stats.truncnorm(-7.5, np.inf, 15, 2)
    assert low == pytest.approx(10 + law.ppf(0.05), rel=1e-6)
    assert high == pytest.approx(40 + law.ppf(0.95), rel=1e-6)
    tail = line(field()[1]["timeline"], "self-destruct-0-0-tail").get_xdata()
    assert tail[-1] == pytest.approx(40 + law.ppf(0.999), rel=1e-6)


def test_batteries_run_on_the_clock_of_the_regions_temperature():
    low, high = span_of(field()[1]["timeline"], "battery-0-0-0")
    # Month by month, as an obvious loop: a day at T ages a battery by 2^((T - 20) / 10) days.
    days_of_month = [31, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30]
    months = [11, *range(11)]

    def day_when(start, age):
        day, left = 0, age
        while True:
            for month, length in zip(months, days_of_month, strict=True):
                for _ in range(length):
                    if day >= start:
                        step = 2 ** ((COLD[month] - 20) / 10)
                        if left <= step:
                            return day + left / step
                        left -= step
                    day += 1

    life = stats.weibull_min(4, scale=81.9)
    assert low == pytest.approx(day_when(10, life.ppf(0.05)), abs=0.01)
    assert high == pytest.approx(day_when(40, life.ppf(0.95)), abs=0.01)


def test_teams_do_not_work_in_winter_and_people_return_until_nine_in_ten_are_there():
    figure = field()[1]["timeline"]
    first, second = (span_of(figure, f"clearance-0-{place}") for place in (0, 1))
    assert first == pytest.approx((182, 365))  # 1 June to 1 December 2025
    assert second[0] == pytest.approx(365 + 90)  # from 1 March 2026 on
    assert span_of(figure, "return-0-0") == pytest.approx((0, DAYS_PER_YEAR * np.log2(10)), rel=1e-6)
    assert any("50 % there at the start, 90 % in the end" in text for text in words_of(figure))


def test_the_timeline_says_by_when_batteries_are_exhausted_and_which_fail():
    figure = field()[1]["timeline"]
    assert title_of(figure).endswith(
        "99.9 % of the batteries of short-lived mines have run out, but for those that fail"
    )
    texts = words_of(figure)
    assert any(text.endswith("fails in 2 % of mines") for text in texts)
    assert "1,000 laid from day 10 to day 40" in texts


def test_what_goes_on_beyond_the_time_shown_has_an_arrow_and_no_day():
    figure = drawn("31 days")["timeline"]
    assert line(figure, "battery-1-0-on").get_marker() == ">"
    assert (
        title_of(figure)
        == "Only after the 31 days shown, 99.9 % of the batteries of battery-limited mines will have run out"
    )


def test_mines_without_a_device_only_age():
    ageing = loaded("Old", {"ageing": {"exponential": {"mean": "10 years"}}})
    lasting = loaded("For ever", {"ageing": "never"})
    titles = [title_of(dict(figures(run([one], Plan(2))))["timeline"]) for one in (ageing, lasting)]
    assert titles == [
        "No device ends these mines: by themselves they only age out, and that takes 6.93 years for half of them",
        "No device ends these mines, and they do not age out",
    ]
    assert title_of(drawn("no mines")["timeline"]) == "No mines are laid"


def test_a_strip_stands_for_each_scenario_and_the_treaty_dates_are_marked_in_it():
    figure = drawn("two")["timeline"]
    assert len(figure.axes) == len(pair())
    for axes in figure.axes:
        dates = {one.get_xdata()[0] for one in axes.lines if one.get_linestyle() == "--" and len(one.get_xdata()) == 2}
        assert dates >= {30.0, 120.0}
