"""The heat map of a sweep of two numbers, with the line on which a scenario and its reference break even.

Every point has its true place on the axes; a cell reaches half-way to its neighbours. Contours are straight between
points, on the scale of the axes, as the break-evens of a sweep of one number are.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, LinearSegmentedColormap, LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from simulator.clocks import Array
from simulator.figure_ground import COLOURS, HATCH, OUTLINE
from simulator.figure_room import Room
from simulator.figure_style import NORMAL, SMALL, panel_size, sheet, text_height, wrapped
from simulator.figure_values import shown_values, tick_words, value_axis
from simulator.sweep import Axis
from simulator.sweep_headlines import heatmap_headline, value_sheet_words
from simulator.sweep_reading import is_harm, names, reach_of_interval
from simulator.sweep_table import SweepTable

_HEIGHT, _HEAD = 4.6, 0.2
_BAR_AWAY, _BAR_WIDTH, _WORDS_WIDE = 0.3, 0.2, 2.4
_LABEL_AWAY, _LABEL_LINES = 0.62, 3
_MOST_DRAWN = 900
_DECADES = 100.0
# Ratios within these are told by their difference as well; beyond the last, by an arrow on the colour bar.
_EVEN_RATIO = 10.0
_RATIOS = (10.0, 100.0)
# Blue below the reference and orange above it, both darker with distance; the colour-blind tell them apart.
_SIDES = LinearSegmentedColormap.from_list(
    "sides", ["#08306B", "#0072B2", "#8FC3E3", "#F7F7F7", "#F3B98A", "#D55E00", "#6B2A00"]
)
_WHITE: dict[str, Any] = {"boxstyle": "square,pad=0.2", "facecolor": (1, 1, 1, 0.85), "edgecolor": "none"}


class _Scale:
    """The colours of a heat map: what is drawn [rows, columns], on which scale, and how the colour bar says it."""

    def __init__(self, drawn: Array, norm: Normalize, colours: Colormap, label: str, *, ratio: bool = False) -> None:
        self.drawn, self.norm, self.colours, self.label, self.ratio = drawn, norm, colours, label, ratio


def heatmap(table: SweepTable) -> Figure:
    """Draw the metric over two numbers; against a reference its difference or ratio and the break-even line."""
    down, across = table.grid.axes
    difference = None
    if table.differences is not None and np.isfinite(table.differences["difference"]).any():
        difference = table.shaped(table.differences["difference"])
    scale = _mean_scale(table) if difference is None else _difference_scale(table, difference)
    figure, (axes,) = sheet(heatmap_headline(table), value_sheet_words(table, _key(table, difference)), [_HEIGHT], [_HEAD])
    axes.grid(visible=False)
    value_axis(axes, across)
    value_axis(axes, down, vertical=True)
    _draw_cells(axes, table, scale)
    room = Room(*panel_size(axes))
    if difference is None:
        _draw_levels(axes, table, scale, room)
    else:
        _draw_break_even(axes, table, difference, room)
    _draw_bar(figure, axes, table, scale)
    return figure


def _difference_scale(table: SweepTable, difference: Array) -> _Scale:
    """Show ratios, centred on 1, where they span decades; else differences, centred on 0."""
    name, *others = names(table)
    if table.differences is not None:
        ratio = table.shaped(table.differences["ratio"])
        known = ratio[np.isfinite(difference)]
        if np.isfinite(known).all() and known.min() >= 0 and known.max() > _EVEN_RATIO * known.min():
            told = known[known > 0]
            widest = max(float(told.max()), 1 / float(told.min())) if told.size else _RATIOS[-1]
            most = next((one for one in _RATIOS if one >= widest), _RATIOS[-1])
            label = f"{_upper(table.metric.label)} of {name}, as a multiple of {others[0]} [ratio]"
            return _Scale(ratio, LogNorm(1 / most, most), _SIDES, label, ratio=True)
    most = float(np.nanmax(np.abs(difference))) or 1.0
    label = f"{_upper(table.metric.label)}, {name} minus {others[0]} [{table.metric.unit}]"
    return _Scale(difference, Normalize(-most, most), _SIDES, label)


def _mean_scale(table: SweepTable) -> _Scale:
    mean = table.shaped(table.values["mean"])
    known = mean[np.isfinite(mean)]
    label = f"{_upper(table.metric.label)} of {names(table)[0]} [{table.metric.unit}]"
    low, high = float(known.min()), float(known.max())
    told = known[known > 0]
    if low >= 0 and told.size and high > _DECADES * float(told.min()):
        return _Scale(mean, LogNorm(float(told.min()), high), COLOURS, label)
    if low == high:
        low, high = low - 0.5 * (abs(low) or 1.0), high + 0.5 * (abs(high) or 1.0)
    return _Scale(mean, Normalize(low, high), COLOURS, label)


def _draw_cells(axes: Axes, table: SweepTable, scale: _Scale) -> None:
    """Colour the cells; those without a number are hatched."""
    down, across = table.grid.axes
    x, y = _edges(axes.get_xlim(), across), _edges(axes.get_ylim(), down)
    look: dict[str, Any] = {"rasterized": scale.drawn.size > _MOST_DRAWN, "zorder": 1}
    drawn = np.where(np.isfinite(scale.drawn), scale.drawn, np.nan)
    if scale.ratio or isinstance(scale.norm, LogNorm):
        # None is below every power of ten.
        drawn = np.where(drawn == 0, float(scale.norm.vmin or 1.0) / 2, drawn)
    axes.pcolormesh(x, y, np.ma.masked_invalid(drawn), cmap=scale.colours, norm=scale.norm, gid="cells", **look)
    missing = ~np.isfinite(scale.drawn)
    if missing.any():
        nothing = np.ma.masked_array(np.zeros(scale.drawn.shape), ~missing)
        axes.pcolor(x, y, nothing, facecolor="white", edgecolor=OUTLINE, hatch=HATCH, linewidth=0.3, gid="missing",
                    cmap=LinearSegmentedColormap.from_list("none", ["#FFFFFF", "#FFFFFF"]), **look)  # fmt: skip


def _edges(limits: tuple[float, float], axis: Axis) -> Array:
    """The edges of the cells along an axis: half-way between values on its scale, and the limits of the axis."""
    values = _scaled(shown_values(axis), axis)
    inner = (values[1:] + values[:-1]) / 2
    return np.concatenate(([limits[0]], 10.0**inner if axis.log else inner, [limits[1]]))


def _scaled(values: Array, axis: Axis) -> Array:
    return np.asarray(np.log10(values) if axis.log else values)


def _contours(axes: Axes, table: SweepTable, grid: Array, levels: Sequence[float], gid: str, **look: Any) -> list[list[Array]]:
    """Draw contours and return them level by level, each the lines it has, as fractions of the panel [n, 2]."""
    down, across = table.grid.axes
    if min(grid.shape) < 2:
        return [[] for _ in levels]
    limits = axes.get_xlim(), axes.get_ylim()
    x, y = (_scaled(shown_values(axis), axis) for axis in (across, down))
    # Straight lines on the scale of the axes: drawn in the coordinates that follow the logarithms.
    drawn = axes.contour(
        x, y, np.ma.masked_invalid(grid), levels=list(levels), transform=axes.transLimits + axes.transAxes, **look
    )
    drawn.set_gid(gid)
    axes.set(xlim=limits[0], ylim=limits[1])
    corner, far = np.array([x[0], y[0]]), np.array([x[-1], y[-1]])
    return [[(line - corner) / (far - corner) for line in lines if len(line)] for lines in drawn.allsegs]


def _draw_break_even(axes: Axes, table: SweepTable, difference: Array, room: Room) -> None:
    """Draw the break-even line and, in a simulation, where its 90 % interval ends; name the line and both sides."""
    if np.nanmin(difference) < 0 < np.nanmax(difference):
        if not table.grid.study.exact and table.differences is not None:
            reach = reach_of_interval(table) * table.shaped(table.differences["standard_error"])
            for end, grid in (("low", difference - reach), ("high", difference + reach)):
                thin: dict[str, Any] = {"colors": "black", "linewidths": 0.9, "linestyles": [(0, (4, 3))]}
                if np.nanmin(grid) < 0 < np.nanmax(grid):
                    _contours(axes, table, grid, [0.0], f"break-even-{end}", **thin)
        (lines,) = _contours(axes, table, difference, [0.0], "break-even", colors="black", linewidths=2.6)
        place = room.on_lines(lines, "break-even")
        if place is not None:
            _write(axes, place, "break-even")
    down, across = table.grid.axes
    grid = [_scaled(shown_values(axis), axis) for axis in (down, across)]
    words = _side_labels(table)
    for side in (-1, 1):
        text = wrapped(words[side], 0.4 * panel_size(axes)[0], NORMAL, bold=True)
        place = room.inside(side * difference, grid[0], grid[1], text)
        if place is not None:
            _write(axes, place, text)


def _draw_levels(axes: Axes, table: SweepTable, scale: _Scale, room: Room) -> None:
    """Draw a few contours of the metric, each with its number where there is room."""
    low, high = float(scale.norm.vmin or 0.0), float(scale.norm.vmax or 1.0)
    if isinstance(scale.norm, LogNorm):
        levels = [one for one in LogLocator(numticks=5).tick_values(low, high) if low < one < high]
    else:
        levels = [one for one in MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high) if low < one < high]
    known = scale.drawn[np.isfinite(scale.drawn)]
    if not levels or known.min() == known.max():
        return
    found = _contours(axes, table, scale.drawn, levels, "levels", colors="black", linewidths=1.0)
    for level, lines in zip(levels, found, strict=True):
        place = room.on_lines(lines, tick_words(level))
        if place is not None:
            _write(axes, place, tick_words(level))


def _write(axes: Axes, place: tuple[float, float], text: str) -> None:
    look: dict[str, Any] = {"ha": "center", "va": "center", "bbox": _WHITE, "zorder": 5, "transform": axes.transAxes}
    axes.text(*place, text, size=NORMAL, weight="bold", **look)


def _draw_bar(figure: Figure, axes: Axes, table: SweepTable, scale: _Scale) -> None:
    """Draw the colour bar to the right, its label along it and the words of both sides at its ends."""
    across, up = figure.get_size_inches()
    right, bottom, height = axes.get_position().x1 * across + _BAR_AWAY, axes.get_position().y0 * up, panel_size(axes)[1]
    words = _side_labels(table) if scale.colours is _SIDES else {}
    ends = {side: wrapped(words[side], _WORDS_WIDE, SMALL, bold=True) for side in words}
    room = max((text_height(text, SMALL) + 0.12 for text in ends.values()), default=0.0)
    tall = height - 2 * room
    bar_axes = figure.add_axes((right / across, (bottom + room) / up, _BAR_WIDTH / across, tall / up))
    bar_axes.grid(visible=False)
    bar_axes.set_gid("colour-bar")
    low, high = float(scale.norm.vmin or 0.0), float(scale.norm.vmax or 1.0)
    known = scale.drawn[np.isfinite(scale.drawn)]
    below, above = bool((known < low * (1 - 1e-9)).any() and low > 0), bool((known > high * (1 + 1e-9)).any())
    extend = {(True, True): "both", (True, False): "min", (False, True): "max"}.get((below, above), "neither")
    bar = figure.colorbar(ScalarMappable(scale.norm, scale.colours), cax=bar_axes, extend=extend)
    if isinstance(scale.norm, LogNorm):
        decades = high / low >= 10 * (1 - 1e-9)
        bar.ax.yaxis.set_major_locator(LogLocator(subs=(1.0,) if decades else (1.0, 2.0, 5.0), numticks=8))
        bar.ax.yaxis.set_minor_formatter(NullFormatter())
    else:
        bar.ax.yaxis.set_major_locator(MaxNLocator(7, steps=[1, 2, 2.5, 5, 10]))
    bar.minorticks_off()
    bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _times(value) if scale.ratio else tick_words(value)))
    bar.ax.set_ylabel(wrapped(scale.label, tall, NORMAL))
    for side, text in ends.items():
        y, align = ((bottom, "bottom"), (bottom + height, "top"))[side > 0]
        figure.text(right / across, y / up, text, size=SMALL, weight="bold", va=align, linespacing=1.2)


def _side_labels(table: SweepTable) -> dict[int, str]:
    """Name the two sides of the break-even line."""
    name, *others = names(table)
    if is_harm(table.metric):
        return {-1: f"{name} safer", 1: f"{others[0]} safer"}
    return {-1: f"lower in {name}", 1: f"higher in {name}"}


def _key(table: SweepTable, difference: Array | None) -> str:
    if difference is None:
        return "Colours and lines: means."
    parts = ["Colours: means."]
    if np.nanmin(difference) < 0 < np.nanmax(difference):
        parts.append("Bold line: break-even, straight between points" + ("." if table.grid.study.exact else "; dashed: its 90 % interval."))
    else:
        parts.append("There is no break-even in this range.")
    if not np.isfinite(difference).all():
        parts.append("Hatched: no number.")
    return " ".join(parts)


def _times(value: float) -> str:
    return f"1/{tick_words(round(1 / value, 6))}" if value < 1 else tick_words(round(value, 6))


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
