"""The figures of a sweep: of one number the family of curves and the metric, of two a heat map.

The metric stands above its difference to the reference, or its ratio, where there is one: the break-even is where the
lower line crosses that of the reference. Lines between values are straight, on the scale of the axis.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulator.clocks import Array
from simulator.figure_family import family
from simulator.figure_heatmap import heatmap
from simulator.figure_labels import EndLabel, label_ends, room_for
from simulator.figure_style import (
    GREY,
    NORMAL,
    SMALL,
    LineStyle,
    house_style,
    inches_along,
    line_look,
    number_axis,
    panel_size,
    sheet,
    style_of,
    text_height,
    text_width,
    wrapped,
    write_above,
)  # fmt: skip
from simulator.figure_values import log_axis, shown_values, value_axis
from simulator.sweep_grid import Axis
from simulator.sweep_headlines import difference_words, metric_headline, value_sheet_words
from simulator.sweep_reading import (
    about,
    bounds,
    break_evens,
    contrast,
    difference,
    has_ratios,
    is_compared,
    mean_words,
    names,
    reach_of_interval,
    shown_as,
    stretches,
    value_words,
)  # fmt: skip
from simulator.sweep_table import SweepTable
from simulator.wording import listed, number

_VALUES_HEIGHT, _CONTRAST_HEIGHT, _WIDE = 2.7, 2.1, 8.5
_HEAD, _GAP = 0.15, 0.05
_MOST_MARKED, _MOST_NAMED = 60, 5
_DECADES = 100.0
_EVEN = LineStyle(GREY, (1.0, 1.0))


@dataclass(frozen=True, slots=True, eq=False)
class _Against:
    """The contrast to a reference over the values, [n]: its mean, the ends of the mean's 90 % interval, and the 5-95 %
    range of paired worlds if there is one. ``even`` is where the two break even: 0 for differences, 1 for ratios.
    """

    mean: Array
    even: float
    low: Array
    high: Array
    p05: Array | None
    p95: Array | None
    label: str
    heading: str


def sweep_figures(table: SweepTable) -> Iterator[tuple[str, Figure]]:
    """Yield the figures of a sweep after the stem of their file name; none of more than two numbers."""
    drawings: dict[str, Callable[[SweepTable], Figure]] = {}
    numbers = len(table.grid.axes)
    if numbers == 1 and table.lines:
        drawings["family"] = family
    if numbers <= 2 and np.isfinite(table.values["mean"]).any():
        drawings |= {"metric": metric} if numbers == 1 else {"heatmap": heatmap}
    for stem, draw in drawings.items():
        with house_style():
            figure = draw(table)
        yield stem, figure


def metric(table: SweepTable) -> Figure:
    """Draw the metric over the varied number, with its reference and the contrast to it where there is one."""
    axis, upper = table.grid.axes[0], bounds(table)
    against = _against(table)
    places = [] if against is None else break_evens(stretches(axis, contrast(table, axis)))
    every = [_value_ends(table, upper)] + ([] if against is None else [_contrast_ends(table, against)])
    heads = [_HEAD + (text_height("", SMALL) + 0.1 if places else 0.0)]
    if against is not None:
        heads.append(_HEAD + text_height(against.heading, NORMAL) + 0.07)
    heights = (_VALUES_HEIGHT, _CONTRAST_HEIGHT)
    rows = [max(height, room_for(ends)) for height, ends in zip(heights, every, strict=False)]
    foot = value_sheet_words(table, _key(table, upper, crossed=bool(places)))
    figure, panels = sheet(metric_headline(table), foot, rows, heads)
    for axes in panels:
        value_axis(axes, axis)
    _draw_values(panels[0], table, upper)
    if against is not None:
        _draw_contrast(panels[1], table, against)
    for axes, ends in zip(panels, every, strict=True):
        label_ends(axes, ends)
    _mark_break_evens(panels, axis, places, 0.0 if against is None else against.even)
    return figure


def _against(table: SweepTable) -> _Against | None:
    """Read the contrast to the reference; None where there is none."""
    its = table.differences
    if its is None or not is_compared(table):
        return None
    name, reference = names(table)
    if table.grid.axes[0].log and has_ratios(table):
        ratio = np.where(np.isfinite(its["difference"]), its["ratio"], np.nan)
        heading = wrapped(f"Ratio: {name} as a multiple of {reference}", _WIDE, NORMAL, bold=True)
        return _Against(ratio, 1.0, its["ratio_p05"], its["ratio_p95"], None, None, "Ratio [times]", heading)
    heading = wrapped(f"Difference: {name} minus {reference}", _WIDE, NORMAL, bold=True)
    found, reach = difference(table), reach_of_interval(table) * its["standard_error"]
    label = f"Difference [{table.metric.unit}]"
    return _Against(found, 0.0, found - reach, found + reach, its["p05"], its["p95"], label, heading)


def _value_ends(table: SweepTable, upper: Array) -> list[EndLabel]:
    called, axis = names(table), table.grid.axes[0]
    ends = []
    if table.reference is not None and np.isfinite(table.reference).any():
        cell = _last(table.reference)
        value = float(table.reference[cell])
        said = f"{number(value)} at {value_words(axis, axis.values[cell])}"
        ends.append(EndLabel(value, called[1], said, style_of(0)))
    cell = _last(table.values["mean"])
    said = f"{mean_words(table, cell, float(upper[cell]))} at {value_words(axis, axis.values[cell])}"
    height = upper[cell] if np.isfinite(upper[cell]) else table.values["mean"][cell]
    ends.append(EndLabel(float(height), called[0], said, _style(table)))
    return ends


def _contrast_ends(table: SweepTable, against: _Against) -> list[EndLabel]:
    called, axis, cell = names(table), table.grid.axes[0], _last(against.mean)
    value = float(against.mean[cell])
    said = f"{number(value)} times" if against.even else difference_words(table, value)
    return [
        EndLabel(against.even, called[1], "the reference", _EVEN),
        EndLabel(value, called[0], f"{said} at {value_words(axis, axis.values[cell])}", _style(table)),
    ]


def _draw_values(axes: Axes, table: SweepTable, upper: Array) -> None:
    """Draw the metric and the reference; where the mean is not told from none, a mark at its upper bound."""
    columns, unseen = table.values, np.isfinite(upper)
    label = f"{table.metric.label[:1].upper()}{table.metric.label[1:]} [{table.metric.unit}]"
    means = [np.where(unseen, upper, columns["mean"]), *([] if table.reference is None else [table.reference])]
    known, told = _finite(*means, columns["p05"], columns["p95"]), _finite(*means)
    told, floor = told[told > 0], None
    if told.size and known.min() >= 0 and told.max() > _DECADES * told.min():
        floor = float(10.0 ** np.floor(np.log10(told.min()) + 1e-9))
        log_axis(axes, label, floor, 1.5 * float(known.max()))
    else:
        low, high = min(0.0, float(known.min())), float(known.max())
        number_axis(axes, wrapped(label, panel_size(axes)[1], NORMAL), 1.05 * low, 1.05 * high if high > low else 1.0)
    if table.reference is not None:
        # None has no place on a logarithmic axis.
        shown = table.reference if floor is None else np.where(table.reference > 0, table.reference, np.nan)
        _plot(axes, table, shown, style_of(0), "reference")
    mean = columns["mean"] if floor is None else np.where(unseen | (columns["mean"] <= 0), np.nan, columns["mean"])
    reach = reach_of_interval(table) * columns["standard_error"]
    _draw_worlds(axes, table, columns["p05"], columns["p95"], floor, "metric")
    _draw_interval(axes, table, (mean - reach, mean, mean + reach), "metric")
    _plot(axes, table, mean, _style(table), "metric")
    if unseen.any():
        look: dict[str, Any] = {"linestyle": "none", "color": _style(table).colour, "clip_on": False}
        axes.plot(shown_values(table.grid.axes[0])[unseen], upper[unseen], marker="v", gid="bounds", **look)


def _draw_contrast(axes: Axes, table: SweepTable, against: _Against) -> None:
    """Draw the contrast to the reference: a difference on an even axis, a ratio on a logarithmic one."""
    its = _finite(against.mean, against.low, against.high)
    if against.even:
        positive = its[its > 0]
        log_axis(axes, against.label, float(min(positive.min(), 1.0)) / 1.3, float(max(positive.max(), 1.0)) * 1.3)
    else:
        if against.p05 is not None and against.p95 is not None:
            its = np.concatenate((its, _finite(against.p05, against.p95)))
            _draw_worlds(axes, table, against.p05, against.p95, None, "contrast")
        low, high = min(0.0, float(its.min())), max(0.0, float(its.max()))
        room = 0.06 * (high - low) or 1.0
        number_axis(axes, against.label, low - room, high + room)
    axes.axhline(against.even, color=GREY, linewidth=1.0, linestyle=(0, _EVEN.dashes))
    _draw_interval(axes, table, (against.low, against.mean, against.high), "contrast")
    _plot(axes, table, against.mean, _style(table), "contrast")
    write_above(axes, against.heading, 0.07, size=NORMAL, weight="bold")


def _plot(axes: Axes, table: SweepTable, y: Array, style: LineStyle, gid: str) -> None:
    x = shown_values(table.grid.axes[0])
    look: dict[str, Any] = {"marker": "o", "markersize": 3.5, "clip_on": False} if x.size <= _MOST_MARKED else {}
    axes.plot(x, np.where(np.isfinite(y), y, np.nan), gid=gid, **line_look(style), **look)


def _draw_worlds(axes: Axes, table: SweepTable, p05: Array, p95: Array, floor: float | None, gid: str) -> None:
    """Draw the range of the worlds as a light band; above nothing only, on a logarithmic axis from ``floor`` on."""
    known = np.isfinite(p05) & np.isfinite(p95)
    if not known.any():
        return
    if floor is not None:
        # Below the axis, but not so far that edges seem to fall straight down.
        known, p05 = known & (p95 > 0), np.maximum(p05, floor / 3)
    x, colour = shown_values(table.grid.axes[0]), _style(table).colour
    if x.size > 1:
        look: dict[str, Any] = {"facecolor": (colour, 0.2), "edgecolor": colour, "linewidth": 0.5}
        axes.fill_between(x, p05, p95, where=list(known), gid=f"{gid}-band", **look)
    else:
        axes.vlines(x, p05, p95, color=[(colour, 0.3)], linewidth=8)
        for key, end in (("low", p05), ("high", p95)):
            axes.plot(x, end, "_", color=colour, markersize=8, gid=f"{gid}-band-{key}")


def _draw_interval(axes: Axes, table: SweepTable, curves: tuple[Array, Array, Array], gid: str) -> None:
    """Draw the 90 % interval of a mean as bars, or as a darker band where there are many values."""
    if table.grid.study.exact:
        return
    low, mean, high = curves
    x, colour = shown_values(table.grid.axes[0]), _style(table).colour
    known = np.isfinite(mean) & np.isfinite(low) & np.isfinite(high)
    if x.size <= _MOST_MARKED:
        reach = np.maximum([mean[known] - low[known], high[known] - mean[known]], 0.0)
        axes.errorbar(x[known], mean[known], reach, fmt="none", ecolor=colour, elinewidth=1.0, capsize=2.5)
    else:
        look: dict[str, Any] = {"facecolor": (colour, 0.45), "edgecolor": colour, "linewidth": 0.5}
        axes.fill_between(x, low, high, where=list(known), gid=f"{gid}-interval", **look)


def _style(table: SweepTable) -> LineStyle:
    """The scenario's look: beside a reference as in a comparison, else that of a single one."""
    return style_of(0 if table.differences is None else 1)


def _last(column: Array) -> int:
    return int(np.flatnonzero(np.isfinite(column))[-1])


def _finite(*columns: Array) -> Array:
    return np.concatenate([one[np.isfinite(one)] for one in columns])


def _mark_break_evens(panels: Sequence[Axes], axis: Axis, places: Sequence[float], even: float) -> None:
    """Draw a thin line through all panels at each break-even, with words above, and a dot where the sides are even."""
    if not places:
        return
    x = np.array(places) * shown_as(axis)[0]
    for axes in panels:
        for where in x:
            axes.axvline(where, color=GREY, linewidth=0.8, linestyle=(0, (2, 2)), zorder=1.5)
    look: dict[str, Any] = {"color": "black", "markersize": 5, "zorder": 4, "gid": "break-evens"}
    panels[-1].plot(x, np.full_like(x, even), "o", **look)
    across, inches = panel_size(panels[0])[0], inches_along(panels[0], x)
    for start, text in _break_even_words(axis, places, inches, across):
        write_above(panels[0], text, _GAP, start / across, size=SMALL, weight="bold")


def _break_even_words(axis: Axis, places: Sequence[float], inches: Array, across: float) -> list[tuple[float, str]]:
    """Write each break-even over its line where all have room, else all in one text; with where the text begins."""
    single = [f"break-even at {about(axis, place)}" for place in places]
    widths = np.array([text_width(text, SMALL, bold=True) for text in single])
    starts = np.clip(inches - widths / 2, 0.0, across - widths)
    if (starts[1:] > (starts + widths)[:-1] + 0.1).all():
        return list(zip(starts.tolist(), single, strict=True))
    if len(places) <= _MOST_NAMED:
        together = f"break-even at {listed([about(axis, place) for place in places])}"
        if text_width(together, SMALL, bold=True) < across:
            return [(0.0, together)]
    return [(0.0, f"{len(places)} break-evens, {about(axis, places[0])} to {about(axis, places[-1])}")]


def _key(table: SweepTable, upper: Array, *, crossed: bool) -> str:
    parts = ["Line: mean."]
    if not table.grid.study.exact:
        error = "bars" if table.grid.cells <= _MOST_MARKED else "dark band"
        parts = [f"Line: mean; {error}: its 90 % interval; light band: 5–95 % of simulated worlds."]
    if crossed:
        parts.append("Break-even: on a straight line between values.")
    if np.isfinite(upper).any():
        parts.append("▼: not told from none, 95 % upper bound of the mean.")
    return " ".join(parts)
