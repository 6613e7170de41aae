"""The figures of a sweep: of one number the family of curves and the metric, of two a heat map.

The metric stands above its difference to the reference, where there is one: the break-even is where the lower line
crosses 0. Lines between values are straight, on the scale of the axis.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

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
from simulator.sweep import Axis
from simulator.sweep_headlines import difference_words, metric_headline, value_sheet_words
from simulator.sweep_reading import (
    about,
    bounds,
    break_evens,
    mean_words,
    names,
    reach_of_interval,
    shown_as,
    stretches,
    value_words,
)  # fmt: skip
from simulator.sweep_table import SweepTable
from simulator.wording import listed, number

_VALUES_HEIGHT, _DIFFERENCE_HEIGHT = 2.7, 2.1
_HEAD, _GAP = 0.15, 0.05
_MOST_MARKED, _MOST_NAMED = 60, 5
_DECADES = 100.0
_ZERO = LineStyle(GREY, (1.0, 1.0))


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
    """Draw the metric over the varied number, with its reference and the difference to it where there is one."""
    axis, upper = table.grid.axes[0], bounds(table)
    compared = table.differences is not None and bool(np.isfinite(table.differences["difference"]).any())
    ends = [_value_ends(table, upper)]
    places: list[float] = []
    if compared and table.differences is not None:
        ends.append(_difference_ends(table, table.differences["difference"]))
        places = break_evens(stretches(axis, table.differences["difference"]))
    foot = value_sheet_words(table, _key(table, upper, crossed=bool(places)))
    heights = [max(height, room_for(its)) for height, its in zip((_VALUES_HEIGHT, _DIFFERENCE_HEIGHT), ends, strict=False)]
    above = [wrapped(f"Difference: {' minus '.join(names(table))}", 9.0, NORMAL, bold=True)]
    heads = [_HEAD + (text_height("", SMALL) + 0.1 if places else 0.0), _HEAD + text_height(above[0], NORMAL) + _GAP]
    figure, panels = sheet(metric_headline(table), foot, heights, heads[: len(ends)])
    for axes, its in zip(panels, ends, strict=True):
        value_axis(axes, axis)
        axes.margins(x=0.0)
        if axes is panels[0]:
            _draw_values(axes, table, upper)
        elif table.differences is not None:
            _draw_difference(axes, table, table.differences)
            write_above(axes, above[0], 0.07, size=NORMAL, weight="bold")
        label_ends(axes, its)
    _mark_break_evens(panels, axis, places)
    return figure


def _value_ends(table: SweepTable, upper: Array) -> list[EndLabel]:
    called, axis = names(table), table.grid.axes[0]
    ends = []
    if table.reference is not None and np.isfinite(table.reference).any():
        cell = int(np.flatnonzero(np.isfinite(table.reference))[-1])
        value = float(table.reference[cell])
        ends.append(EndLabel(value, called[1], f"{number(value)} at {value_words(axis, axis.values[cell])}", style_of(0)))
    cell = int(np.flatnonzero(np.isfinite(table.values["mean"]))[-1])
    said = f"{mean_words(table, cell, float(upper[cell]))} at {value_words(axis, axis.values[cell])}"
    height = upper[cell] if np.isfinite(upper[cell]) else table.values["mean"][cell]
    ends.append(EndLabel(float(height), called[0], said, style_of(1)))
    return ends


def _difference_ends(table: SweepTable, difference: Array) -> list[EndLabel]:
    called, axis = names(table), table.grid.axes[0]
    cell = int(np.flatnonzero(np.isfinite(difference))[-1])
    said = f"{difference_words(table, float(difference[cell]))} at {value_words(axis, axis.values[cell])}"
    return [
        EndLabel(0.0, called[1], "the reference", _ZERO),
        EndLabel(float(difference[cell]), called[0], said, style_of(1)),
    ]


def _draw_values(axes: Axes, table: SweepTable, upper: Array) -> None:
    """Draw the metric and the reference; where the mean is not told from none, a mark at its upper bound."""
    columns, unseen = table.values, np.isfinite(upper)
    label = f"{table.metric.label[:1].upper()}{table.metric.label[1:]} [{table.metric.unit}]"
    every = [np.where(unseen, upper, columns["mean"]), columns["p05"], columns["p95"]]
    if table.reference is not None:
        every.append(table.reference)
    known = np.concatenate([one[np.isfinite(one)] for one in every])
    told = np.concatenate([one[np.isfinite(one)] for one in (every[0], *every[3:])])
    told = told[told > 0]
    log = told.size > 0 and bool(known.min() >= 0) and told.max() > _DECADES * told.min()
    if log:
        log_axis(axes, label, float(10.0 ** np.floor(np.log10(told.min()) + 1e-9)), 1.5 * float(known.max()))
    else:
        low, high = min(0.0, float(known.min())), float(known.max())
        number_axis(axes, wrapped(label, panel_size(axes)[1], NORMAL), 1.05 * low, 1.05 * high if high > low else 1.0)
    if table.reference is not None:
        _plot(axes, table, table.reference, style_of(0), "reference")
    mean = np.where(unseen, np.nan, columns["mean"]) if log else columns["mean"]
    _spread(axes, table, columns, mean, "metric")
    _plot(axes, table, mean, style_of(1), "metric")
    if unseen.any():
        look: dict[str, Any] = {"linestyle": "none", "color": style_of(1).colour, "clip_on": False}
        axes.plot(shown_values(table.grid.axes[0])[unseen], upper[unseen], marker="v", gid="bounds", **look)


def _draw_difference(axes: Axes, table: SweepTable, columns: Any) -> None:
    difference = columns["difference"]
    every = np.concatenate([columns[name][np.isfinite(columns[name])] for name in ("difference", "p05", "p95")])
    low, high = min(0.0, float(every.min())), max(0.0, float(every.max()))
    room = 0.06 * (high - low) or 1.0
    number_axis(axes, f"Difference [{table.metric.unit}]", low - room, high + room)
    axes.axhline(0.0, color=GREY, linewidth=1.0, linestyle=(0, _ZERO.dashes))
    _spread(axes, table, columns, difference, "difference")
    _plot(axes, table, difference, style_of(1), "difference")


def _plot(axes: Axes, table: SweepTable, y: Array, style: LineStyle, gid: str) -> None:
    x = shown_values(table.grid.axes[0])
    look: dict[str, Any] = {"marker": "o", "markersize": 3.5, "clip_on": False} if x.size <= _MOST_MARKED else {}
    axes.plot(x, np.where(np.isfinite(y), y, np.nan), gid=gid, **line_look(style), **look)


def _spread(axes: Axes, table: SweepTable, columns: Any, mean: Array, gid: str) -> None:
    """Draw the range of the worlds, and the 90 % interval of the mean as bars, or as a darker band where many."""
    if table.grid.study.exact:
        return
    x, colour = shown_values(table.grid.axes[0]), style_of(1).colour
    known = np.isfinite(columns["p05"]) & np.isfinite(columns["p95"])
    if x.size > 1:
        look: dict[str, Any] = {"facecolor": (colour, 0.2), "edgecolor": (colour, 0.5), "linewidth": 0.5}
        axes.fill_between(x, columns["p05"], columns["p95"], where=list(known), gid=f"{gid}-band", **look)
    else:
        axes.vlines(x[known], columns["p05"][known], columns["p95"][known], color=(colour, 0.3), linewidth=8)
    reach = reach_of_interval(table) * columns["standard_error"]
    if x.size <= _MOST_MARKED:
        its = np.isfinite(mean) & np.isfinite(reach)
        axes.errorbar(x[its], mean[its], reach[its], fmt="none", ecolor=colour, elinewidth=1.0, capsize=2.5)
    else:
        axes.fill_between(x, mean - reach, mean + reach, facecolor=(colour, 0.45), edgecolor="none", gid=f"{gid}-error")


def _mark_break_evens(panels: Sequence[Axes], axis: Axis, places: Sequence[float]) -> None:
    """Draw a thin line through all panels at each break-even, with words above, and a dot where the difference is 0."""
    if not places:
        return
    x = np.array(places) * shown_as(axis)[0]
    for axes in panels:
        for where in x:
            axes.axvline(where, color=GREY, linewidth=0.8, linestyle=(0, (2, 2)), zorder=1.5)
    panels[-1].plot(x, np.zeros_like(x), marker="o", color="black", markersize=5, linestyle="none", zorder=4, gid="break-evens")
    across, inches = panel_size(panels[0])[0], inches_along(panels[0], x)
    for start, text in _break_even_words(axis, places, inches, across):
        write_above(panels[0], text, _GAP, start / across, size=SMALL, weight="bold")


def _break_even_words(
    axis: Axis, places: Sequence[float], inches: Array, across: float
) -> list[tuple[float, str]]:
    """Write each break-even over its line where all have room, else all in one text; with where the text begins."""
    single = [f"break-even at {about(axis, place)}" for place in places]
    starts = [
        float(np.clip(where - text_width(text, SMALL, bold=True) / 2, 0.0, across - text_width(text, SMALL, bold=True)))
        for where, text in zip(inches, single, strict=True)
    ]
    ends = [start + text_width(text, SMALL, bold=True) for start, text in zip(starts, single, strict=True)]
    if all(end + 0.1 < start for end, start in zip(ends[:-1], starts[1:], strict=True)):
        return list(zip(starts, single, strict=True))
    if len(places) <= _MOST_NAMED:
        together = f"break-even at {listed([about(axis, place) for place in places])}"
        if text_width(together, SMALL, bold=True) < across:
            return [(0.0, together)]
    return [(0.0, f"{len(places)} break-evens, {about(axis, places[0])} to {about(axis, places[-1])}")]


def _key(table: SweepTable, upper: NDArray[np.float64], *, crossed: bool) -> str:
    parts = ["Line: mean."]
    if not table.grid.study.exact:
        error = "bars" if table.grid.cells <= _MOST_MARKED else "dark band"
        paired = "(paired) " if table.differences is not None else ""
        parts = [f"Line: mean; {error}: its 90 % interval; light band: 5–95 % of {paired}simulated worlds."]
    if crossed:
        parts.append("Break-even: on a straight line between values.")
    if np.isfinite(upper).any():
        parts.append("▼: not told from none, 95 % upper bound of the mean.")
    return " ".join(parts)
