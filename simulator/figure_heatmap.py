"""The heat map of a sweep of two numbers, with the line on which a scenario and its reference break even.

Every point has its true place on the axes; a cell reaches half-way to its neighbours. Contours are straight between
points, on the scale of the axes, as the break-evens of a sweep of one number are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, LinearSegmentedColormap, LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from simulator.clocks import Array
from simulator.figure_ground import COLOURS, HATCH, OUTLINE
from simulator.figure_room import Room, place_inside, place_on_lines
from simulator.figure_style import GREY, NORMAL, SMALL, panel_size, sheet, text_height, wrapped
from simulator.figure_surface import Surface, contrast_surface, metric_surface, scaled
from simulator.figure_values import shown_values, tick_words, value_axis
from simulator.sweep_grid import Axis
from simulator.sweep_headlines import heatmap_headline, value_sheet_words
from simulator.sweep_reading import difference, is_compared, is_harm, names, reach_of_interval
from simulator.sweep_table import SweepTable

_HEIGHT, _HEAD = 4.6, 0.2
_BAR_AWAY, _BAR_WIDTH, _WORDS_WIDE = 0.3, 0.2, 2.4
_MOST_DRAWN, _MOST_DOTS = 900, 100
_DECADES = 100.0
_RIM = 1.6
# Ratios within these are told by their difference as well; beyond the last, by an arrow on the colour bar.
_EVEN_RATIO = 10.0
_RATIOS = (10.0, 100.0, 1000.0, 10_000.0)
_MOST_BEYOND = 0.5
# Blue below the reference and orange above it, both darker with distance; the colour-blind tell them apart.
_SIDES = LinearSegmentedColormap.from_list(
    "sides", ["#08306B", "#0072B2", "#8FC3E3", "#F7F7F7", "#F3B98A", "#D55E00", "#6B2A00"]
)
_WHITE: dict[str, Any] = {"boxstyle": "square,pad=0.2", "facecolor": (1, 1, 1, 0.85), "edgecolor": "none"}


@dataclass(frozen=True, slots=True, eq=False)
class _Scale:
    """The colours of a heat map: what is ``drawn`` [rows, columns], on which scale, and how the colour bar says it."""

    drawn: Array
    norm: Normalize
    colours: Colormap
    label: str
    is_ratio: bool = False


def heatmap(table: SweepTable) -> Figure:
    """Draw the metric over two numbers; against a reference its difference or ratio and the break-even line."""
    down, across = table.grid.axes
    compared = is_compared(table)
    scale = _contrast_scale(table) if compared else _mean_scale(table)
    foot = value_sheet_words(table, _key(table, compared=compared))
    figure, (axes,) = sheet(heatmap_headline(table), foot, [_HEIGHT], [_HEAD])
    axes.grid(visible=False)
    value_axis(axes, across)
    value_axis(axes, down, vertical=True)
    _draw_cells(axes, table, scale)
    room = Room(*panel_size(axes))
    if compared:
        _draw_break_even(axes, table, room)
    else:
        _draw_levels(axes, table, scale, room)
    _draw_bar(figure, axes, table, scale)
    return figure


def _contrast_scale(table: SweepTable) -> _Scale:
    """Show ratios, centred on 1, where they span decades; else differences, centred on 0."""
    (name, reference), found = names(table), table.shaped(difference(table))
    ratio = np.full(found.shape, np.nan) if table.differences is None else table.shaped(table.differences["ratio"])
    known = ratio[np.isfinite(found)]
    if np.isfinite(known).all() and known.min() >= 0 and known.max() > _EVEN_RATIO * known.min():
        far = np.maximum(known, 1 / np.maximum(known, 1 / _RATIOS[-1]))
        most = next((one for one in _RATIOS if (far > one).mean() <= _MOST_BEYOND), _RATIOS[-1])
        label = f"{_upper(table.metric.label)} of {name}, as a multiple of {reference} [ratio]"
        drawn = np.where(np.isfinite(found), ratio, np.nan)
        return _Scale(drawn, LogNorm(1 / most, most), _SIDES, label, is_ratio=True)
    most = float(np.nanmax(np.abs(found))) or 1.0
    label = f"{_upper(table.metric.label)}, {name} minus {reference} [{table.metric.unit}]"
    return _Scale(found, Normalize(-most, most), _SIDES, label)


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
    if scale.is_ratio or isinstance(scale.norm, LogNorm):
        # None is below every power of ten.
        drawn = np.where(drawn == 0, float(scale.norm.vmin or 1.0) / 2, drawn)
    axes.pcolormesh(x, y, np.ma.masked_invalid(drawn), cmap=scale.colours, norm=scale.norm, gid="cells", **look)
    if scale.drawn.size <= _MOST_DOTS:
        places = np.meshgrid(shown_values(across), shown_values(down))
        dots: dict[str, Any] = {"markersize": 5, "color": GREY, "markeredgecolor": "white", "markeredgewidth": 0.6}
        axes.plot(*(one.ravel() for one in places), "o", gid="points", clip_on=False, zorder=3, **dots)
    missing = ~np.isfinite(scale.drawn)
    if missing.any():
        nothing = np.ma.masked_array(np.zeros(scale.drawn.shape), ~missing)
        axes.pcolor(x, y, nothing, facecolor="white", edgecolor=OUTLINE, hatch=HATCH, linewidth=0.3, gid="missing",
                    cmap=LinearSegmentedColormap.from_list("none", ["#FFFFFF", "#FFFFFF"]), **look)  # fmt: skip


def _edges(limits: tuple[float, float], axis: Axis) -> Array:
    """The edges of the cells along an axis: half-way between values on its scale, and the limits of the axis."""
    values = scaled(shown_values(axis), axis)
    inner = (values[1:] + values[:-1]) / 2
    return np.concatenate(([limits[0]], 10.0**inner if axis.log else inner, [limits[1]]))


def _contours(axes: Axes, surface: Surface, levels: Sequence[float], gid: str, **look: Any) -> list[list[Array]]:
    """Draw contours and return them level by level, each the lines it has, as fractions of the panel [n, 2]."""
    if min(surface.height.shape) < 2:
        return [[] for _ in levels]
    limits = axes.get_xlim(), axes.get_ylim()
    # Straight lines on the scale of the axes: drawn in the coordinates that follow the logarithms.
    scaled = axes.transLimits + axes.transAxes
    height = np.ma.masked_invalid(surface.height)
    drawn = axes.contour(surface.x, surface.y, height, levels=list(levels), transform=scaled, **look)
    drawn.set_gid(gid)
    # A white rim keeps them apart from the dark ends of the colours.
    drawn.set_path_effects(
        [withStroke(linewidth=_RIM + float(np.max(np.asarray(drawn.get_linewidth()))), foreground="white")]
    )
    axes.set(xlim=limits[0], ylim=limits[1])
    corner, far = (np.array([surface.x[end], surface.y[end]]) for end in (0, -1))
    return [[(line - corner) / (far - corner) for line in lines if len(line)] for lines in drawn.allsegs]


def _draw_break_even(axes: Axes, table: SweepTable, room: Room) -> None:
    """Draw the break-even line and, in a simulation, where its 90 % interval ends; name the line and both sides."""
    surface = contrast_surface(table)
    if surface.changes_side:
        reach = reach_of_interval(table)
        for end, sign in (("low", -1), ("high", 1)) if reach else ():
            limit = contrast_surface(table, sign * reach)
            if limit.changes_side:
                look: dict[str, Any] = {"colors": "black", "linewidths": 0.9, "linestyles": [(0, (4, 3))]}
                _contours(axes, limit, [0.0], f"break-even-{end}", **look)
        (lines,) = _contours(axes, surface, [0.0], "break-even", colors="black", linewidths=2.6)
        _write(axes, place_on_lines(room, lines, "break-even"), "break-even")
    for side, words in _side_labels(table).items():
        text = wrapped(words, 0.4 * panel_size(axes)[0], NORMAL, bold=True)
        _write(axes, place_inside(room, side * surface.height, surface.y, surface.x, text), text)


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
    log = isinstance(scale.norm, LogNorm) and bool(known.min() > 0)
    surface = metric_surface(table, log=log)
    heights = np.log(levels).tolist() if log else levels
    found = _contours(axes, surface, heights, "levels", colors="black", linewidths=1.0, linestyles="solid")
    for level, lines in zip(levels, found, strict=True):
        _write(axes, place_on_lines(room, lines, tick_words(level)), tick_words(level))


def _write(axes: Axes, place: tuple[float, float] | None, text: str) -> None:
    """Write a text around a place in a panel; nothing where it found none."""
    if place is None:
        return
    look: dict[str, Any] = {"ha": "center", "va": "center", "bbox": _WHITE, "zorder": 5, "transform": axes.transAxes}
    axes.text(*place, text, size=NORMAL, weight="bold", **look)


def _draw_bar(figure: Figure, axes: Axes, table: SweepTable, scale: _Scale) -> None:
    """Draw the colour bar to the right, its label along it and the words of both sides at its ends."""
    across, up = figure.get_size_inches()
    panel, height = axes.get_position(), panel_size(axes)[1]
    right, bottom = panel.x1 * across + _BAR_AWAY, panel.y0 * up
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
    write = _times if scale.is_ratio else tick_words
    bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: write(value)))
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


def _key(table: SweepTable, *, compared: bool) -> str:
    dots = " Dots: the points." if table.grid.cells <= _MOST_DOTS else ""
    hatched = "" if np.isfinite(table.values["mean"]).all() else " Hatched: no number."
    if not compared:
        return f"Colours and lines: means.{dots}{hatched}"
    if not contrast_surface(table).changes_side:
        return f"Colours: means.{dots} No break-even in this range.{hatched}"
    if min(table.grid.shape) < 2:
        return f"Colours: means.{dots}{hatched}"
    interval = "" if table.grid.study.exact else "; thin dashed lines: its 90 % interval"
    return f"Colours: means.{dots} Bold line: break-even, straight between points{interval}.{hatched}"


def _times(value: float) -> str:
    return f"1/{tick_words(round(1 / value, 6))}" if value < 1 else tick_words(round(value, 6))


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
