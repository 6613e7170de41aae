"""Figures of a calibration: what stands where, and what is marked as not fitted."""

from datetime import date
from functools import cache

import numpy as np
import pytest
from scipy import stats

from simulator.calibration import Asked, Calibrated, Scored
from simulator.calibration_curve import Free
from simulator.calibration_posterior import Posterior
from simulator.calibration_problem import Axis, Calibration, value_at
from simulator.calibration_profile import fitted
from simulator.casualty_record import CasualtyRecord
from simulator.count_forecast import Forecast, quantiles
from simulator.fields import number_at
from simulator.figure_calibration import profile_figure, record_figure

COUNTS = np.array([34.0, 29, 39, 19, 26, 17, 11, 15, 11, 12])
YEARS = np.arange(10)
USED = YEARS < 7
RATE = ("civilians", "accident_rate")


@cache
def found():
    """A calibration with draws around its maximum, as nothing but their spread is to be seen."""
    axes = (
        Axis(".".join(RATE), 1e-5, 1e-2, logarithmic=True),
        Axis("mines.old.ageing", 365.0, 36_500.0, logarithmic=True),
    )
    bounds = np.arange(10) == 8

    def curve(u):
        return np.log(4e4 * value_at(axes[0], u[0])) - 365 * YEARS / value_at(axes[1], u[1])

    problem = Calibration(COUNTS, bounds, USED, axes, curve)
    fit = fitted(problem, np.full(3, 0.5), 1)
    rng = np.random.default_rng(1)
    means = np.exp(curve(fit.point[:2])) * rng.lognormal(0.0, 0.2, (50, 1))
    record = CasualtyRecord(
        tuple(date(2003 + year, 1, 1) for year in YEARS),
        tuple(date(2004 + year, 1, 1) for year in YEARS),
        COUNTS,
        bounds,
    )
    frees = tuple(
        Free(path, number_at(path), axis, "as given", 0.5)
        for path, axis in zip((RATE, ("mines", "old", "ageing")), axes, strict=True)
    )
    draws = Posterior(problem.names, np.full((50, 2), 0.5), np.full(50, 0.1), means, 1.0, 1000.0, 1.0, -np.inf, 1)
    forecasts = [
        Forecast("scenario", means, np.full(50, 0.1)),
        Forecast("last value", np.full((50, 10), 11.0), np.full(50, 0.2)),
        Forecast("log-linear trend", 0.9 * means, np.full(50, 0.1)),
    ]
    nothing = np.full(10, np.nan)
    scored = tuple(Scored(one, quantiles(one), nothing, nothing) for one in forecasts)
    asked = Asked(record, frees, USED, (0.8, 0.8), 0.9, 50, 1)
    return Calibrated(asked, fit, draws, (), np.exp(curve(fit.point[:2])), scored, (), ~USED & ~bounds)


@cache
def drawn():
    return {"record": record_figure(found(), "Fitted to 7 periods."), "profiles": profile_figure(found())}


def part(figure, gid):
    (one,) = [artist for artist in figure.findobj() if artist.get_gid() == gid]
    return one


def test_dots_are_the_record_by_what_became_of_each_period():
    figure = drawn()["record"]
    for gid, rows in (("fitted", USED), ("later", ~USED & (YEARS != 8)), ("at-most", YEARS == 8)):
        assert part(figure, gid).get_ydata().tolist() == COUNTS[rows].tolist()
        assert part(figure, gid).get_xdata() == pytest.approx(2003.5 + YEARS[rows], abs=0.01)
    assert part(figure, "until").get_xdata()[0] == pytest.approx(2010, abs=0.01)


def test_the_line_is_the_median_and_naive_forecasts_begin_where_the_fit_ends():
    figure, levels = drawn()["record"], found().forecasts[0].quantiles
    assert part(figure, "scenario-fitted").get_ydata()[::2].tolist() == levels[2].tolist()
    assert min(part(figure, "last-value").get_xdata()) == pytest.approx(2010, abs=0.01)
    box = part(figure, "most").get_paths()[0].get_extents()
    assert box.y1 == pytest.approx(levels[4].max())


def test_periods_of_unequal_length_are_drawn_as_rates_of_a_year():
    whole = found()
    record = whole.asked.record
    longer = CasualtyRecord(record.starts, (*record.ends[:-1], date(2015, 1, 1)), COUNTS.copy(), record.at_most.copy())
    asked = Asked(longer, whole.asked.frees, USED, (0.8, 0.8), 0.9, 50, 1)
    other = Calibrated(asked, whole.fit, whole.posterior, (), whole.best, whole.forecasts, (), whole.scored)
    figure = record_figure(other, "Longer.")
    assert figure.axes[0].get_ylabel() == "Reported casualties per year"
    assert part(figure, "later").get_ydata()[-1] == pytest.approx(COUNTS[-1] / 3, rel=0.01)


def test_each_profile_falls_by_the_allowed_amount_at_the_ends_of_its_interval():
    figure = drawn()["profiles"]
    allowed = stats.t.ppf(0.95, 5) ** 2 / 2
    assert len(figure.axes) == 3
    for axes, one in zip(figure.axes, found().fit.estimates, strict=True):
        curve, _, dot, bar = axes.lines
        years = 365.25 if one.name == "mines.old.ageing" else 1.0
        assert dot.get_xdata()[0] * years == pytest.approx(one.value)
        assert np.array(bar.get_xdata()) * years == pytest.approx([one.low, one.high])
        inner = np.interp(one.high / years, curve.get_xdata(), curve.get_ydata())
        assert inner == pytest.approx(-allowed, abs=0.1)
