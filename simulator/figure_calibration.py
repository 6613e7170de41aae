"""A calibration as figures: the record with what was fitted and predicted, and the profile of each number."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator
from numpy.typing import NDArray

from simulator.calibration import Calibrated, Scored
from simulator.calibration_profile import Estimate, allowed_drop
from simulator.calibration_words import interval_name
from simulator.clocks import Array
from simulator.figure_labels import EndLabel, label_ends
from simulator.figure_style import (
    GREY,
    SMALL,
    LineStyle,
    house_style,
    line_look,
    number_axis,
    sheet,
    style_of,
    wrapped,
    write_above,
)
from simulator.figure_wording import plain_number
from simulator.units import DAYS_PER_YEAR
from simulator.wording import number

_HEIGHT, _SMALL_HEIGHT, _COLUMNS = 3.6, 1.7, 3
_UNEVEN, _WIDE = 1.2, 30.0
_DAY_ONE = 719_163  # of 1970 in the calendar of date.toordinal
_SHOWN_DROP = 3.5
_SCOPE = "A model of civilian harm; never evidence that land is safe."


def record_figure(found: Calibrated, title: str) -> Figure:
    """Draw the record, the bands of the fitted scenario, and beyond the last fitted period the forecasts."""
    record, used = found.asked.record, found.asked.used
    uneven = float(record.days.max() / record.days.min()) > _UNEVEN
    scale = DAYS_PER_YEAR / record.days if uneven else np.ones(record.days.size)
    edges = [np.array([1970 + (day.toordinal() - _DAY_ONE) / DAYS_PER_YEAR for day in days])
             for days in (record.starts, record.ends)]  # fmt: skip
    foot = (
        "Line and bands: the scenario as fitted, median and 50 and 90 % of what it expects to be reported, with what "
        f"is not known of the fitted numbers. Dots: the record as it was fitted; diamonds: what was not. {_SCOPE}"
    )
    with house_style():
        figure, (axes,) = sheet(title.rstrip("."), foot, [_HEIGHT], [0.35])
        main = found.forecasts[0]
        top = 1.12 * float(np.max(np.concatenate([record.casualties * scale, main.quantiles[4] * scale])))
        number_axis(axes, f"Reported casualties per {'year' if uneven else 'period'}", 0.0, max(top, 1.0))
        axes.set_xlim(float(edges[0].min()), float(edges[1].max()))
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:.0f}"))
        axes.set_xlabel("Year")
        colour = style_of(2).colour
        for low, high, alpha, name in ((0, 4, 0.16, "most"), (1, 3, 0.3, "half")):
            _band(axes, edges, main.quantiles[low] * scale, main.quantiles[high] * scale, (colour, alpha), name)
        labels = [_line(axes, edges, main, scale, np.ones(used.size, dtype=bool), "scenario, fitted",
                        LineStyle(colour, ()))]  # fmt: skip
        for place, one in enumerate(found.forecasts[1:]):
            style = style_of((1, 4)[place])
            labels.append(_line(axes, edges, one, scale, ~used, one.forecast.name, style))
        _dots(axes, (edges[0] + edges[1]) / 2.0, found, scale)
        if not used.all():
            last = float(edges[1][used].max())
            axes.axvline(last, color=GREY, linewidth=1.0, linestyle=(0, (2, 2)), gid="until")
            share = (last - axes.get_xlim()[0]) / float(np.diff(axes.get_xlim())[0])
            write_above(axes, "predicted from here on", 0.06, min(share, 0.75), size=SMALL, color=GREY)
        label_ends(axes, labels)
    return figure


def profile_figure(found: Calibrated) -> Figure:
    """Draw how the best likelihood falls as each number is held at other values, with its interval."""
    estimates = found.fit.estimates
    level = allowed_drop(found.fit.problem, found.fit.confidence)
    rows = -(-len(estimates) // _COLUMNS)
    foot = (
        "Each curve: how far the log-likelihood falls below its highest value with the number held there and all "
        f"others at their best. Dotted: the fall up to which values are in the {interval_name(found)}. A number whose "
        f"curve ends above it is not bounded by the record on that side. {_SCOPE}"
    )
    with house_style():
        title = "How well the record bounds each number"
        figure, panels = sheet(title, foot, [_SMALL_HEIGHT] * rows, [0.55] * rows, _COLUMNS, shared=False)
        for place, axes in enumerate(panels):
            if place < len(estimates):
                _profile(axes, found, estimates[place], level, first=place % _COLUMNS == 0)
            else:
                axes.remove()
    return figure


def _profile(axes: Axes, found: Calibrated, one: Estimate, level: float, *, first: bool) -> None:
    shown = one.drop <= _SHOWN_DROP * level
    units = {free.axis.name: free.number.dimension.unit for free in found.asked.frees}
    per_unit, unit = 1.0, units.get(one.name, "")
    if unit == "days" and one.value > 2 * DAYS_PER_YEAR:
        per_unit, unit = DAYS_PER_YEAR, "years"
    x, y = one.trace[shown] / per_unit, -one.drop[shown]
    if one.logarithmic and x.max() > _WIDE * x.min():
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(numticks=4))
        axes.xaxis.set_minor_locator(NullLocator())
    else:
        axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: plain_number(value)))
    number_axis(axes, "Log-likelihood" if first else "", -_SHOWN_DROP * level, 0.15 * level)
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.tick_params(labelleft=first)
    colour = style_of(2).colour
    axes.plot(*_smooth(x, y, logarithmic=one.logarithmic), color=colour, linewidth=1.7)
    axes.axhline(-level, color=GREY, linewidth=1.0, linestyle=(0, (1.3, 1.3)))
    axes.plot([one.value / per_unit], [0.0], marker="o", color="black", markersize=5)
    axes.plot(
        [one.low / per_unit, one.high / per_unit], [-level, -level], color="black", linewidth=2.6, solid_capstyle="butt"
    )
    short = one.name if len(one.name) < 34 else f"…{one.name[-32:]}"
    write_above(axes, wrapped(f"{short}{f' [{unit}]' if unit else ''}", 2.7, SMALL), 0.06, size=SMALL)


def _smooth(x: Array, y: Array, *, logarithmic: bool) -> tuple[Array, Array]:
    """A curve through the points of a profile: even on the scale on which a parabola is two straight lines."""
    from scipy.interpolate import PchipInterpolator

    if x.size < 3:
        return x, y
    along = np.log(x) if logarithmic else x
    top = int(np.argmax(y))
    root = np.sqrt(np.maximum(-y, 0.0)) * np.sign(np.arange(x.size) - top)
    keep = np.concatenate(([True], np.diff(along) > 1e-9 * np.ptp(along)))
    fine = np.linspace(along[0], along[-1], 200)
    between = np.square(PchipInterpolator(along[keep], root[keep])(fine))
    return (np.exp(fine) if logarithmic else fine), -between


def _band(axes: Axes, edges: list[Array], low: Array, high: Array, look: Any, gid: str) -> None:
    """Shade a range over its periods, with gaps where there is none."""
    x, bottom = _steps(edges, low)
    _, top = _steps(edges, high)
    axes.fill_between(x, bottom, top, facecolor=look, edgecolor=look[0], linewidth=0.5, gid=gid)


def _steps(edges: list[Array], values: Array) -> tuple[Array, Array]:
    """The corners of a step for each period."""
    x: list[float] = []
    y: list[float] = []
    for start, end, value in zip(*edges, values, strict=True):
        if x and start > x[-1] + 1e-3:
            x.append(np.nan)
            y.append(np.nan)
        x += [start, end]
        y += [value, value]
    return np.array(x), np.array(y)


def _line(
    axes: Axes, edges: list[Array], one: Scored, scale: Array, rows: NDArray[np.bool_], name: str, style: LineStyle
) -> EndLabel:
    """Draw a forecast's medians as steps over its periods, with gaps where there is none."""
    x, y = _steps([edge[rows] for edge in edges], (one.quantiles[2] * scale)[rows])
    axes.plot(x, y, gid=name.replace(" ", "-").replace(",", ""), **line_look(style))
    return EndLabel(float(y[-1]), name, number(float(y[-1])), style)


def _dots(axes: Axes, x: Array, found: Calibrated, scale: Array) -> None:
    record, used = found.asked.record, found.asked.used
    y = record.casualties * scale
    for rows, gid, mark in ((used & ~record.at_most, "fitted", "o"), (~used & ~record.at_most, "later", "D")):
        if rows.any():
            axes.plot(x[rows], y[rows], mark, color="black", markersize=4.5, gid=gid)
    if record.at_most.any():
        rows = record.at_most
        axes.plot(x[rows], y[rows], "v", color="black", markersize=5.5, gid="at-most")
