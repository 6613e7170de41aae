"""How figures look: lines told apart without colour, sheets measured in inches, axes of time and number."""

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from simulator.clocks import Array
from simulator.figure_series import TREATY_DAYS
from simulator.figure_wording import plain_number
from simulator.units import DAYS_PER_YEAR
from simulator.wording import duration

DPI = 150
SMALL, NORMAL, LARGE = 8.5, 9.5, 13.5
GREY = "#595959"
# Lines that only guide the eye from a label to what it belongs to.
GRID = "#E4E4E4"
LABEL_ROOM = 2.9

_FONT = "DejaVu Sans"
_RULER: Any = RendererAgg(1, 1, DPI)
_WIDTH, _LEFT, _EDGE, _BETWEEN = 10.0, 1.15, 0.2, 0.3
_AXIS_ROOM = 0.7
_LINE_HEIGHT = 1.3 / 72
_EVEN_DAYS = 10.0
_TICKS = (*(0.0, 10.0, 30.0, 120.0), *(years * DAYS_PER_YEAR for years in (1, 3, 10, 30, 100, 300, 1000)))
_RC: dict[Any, Any] = {
    "font.family": _FONT,
    "font.size": NORMAL,
    "axes.labelsize": NORMAL,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "hatch.linewidth": 0.6,
    "svg.fonttype": "none",
    # Titles come from the user's file: a dollar sign is a dollar sign.
    "text.parse_math": False,
}
# Hues that the colour-blind can tell apart (after Okabe and Ito 2008), the light ones darker, so that each has a
# contrast of 3 to white or more (WCAG 2.2, 1.4.11); the reference is black and solid.
_COLOURS = ("#000000", "#D55E00", "#00599C", "#009E73", "#B84B8A", "#6B4A00", "#4A96D2")
_DASHES = ((), (6.0, 2.0), (1.3, 1.3), (8.0, 1.6, 1.6, 1.6), (3.0, 1.3), (8.0, 1.6, 1.3, 1.3, 1.3, 1.6))

_BARS = {
    "laid": ("#000000", "", True),
    "self-destruct": ("#C24E00", "", True),
    "battery": ("#00599C", "////////", False),
    "ageing": ("#8C8C8C", "", True),
    "clearance": ("#007F5C", "", True),
    "return": ("#B84B8A", "\\\\\\\\", False),
}


@dataclass(frozen=True, slots=True)
class LineStyle:
    """A colour and a dash pattern [line widths on, off, ...], empty for a solid line."""

    colour: str
    dashes: tuple[float, ...]


def style_of(place: int) -> LineStyle:
    """Return the style of the scenario at a place in a comparison; 0 is the reference."""
    return LineStyle(_COLOURS[place % len(_COLOURS)], _DASHES[place % len(_DASHES)])


@contextmanager
def house_style(salt: str = "minesim") -> Iterator[None]:
    """Set Matplotlib as this project has it, whatever the user's own settings are; they return on leaving.

    ``salt`` goes into the names of an SVG's parts. Letters that the font lacks are drawn as boxes, without a warning.
    """
    with mpl.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        mpl.rcdefaults()
        mpl.rcParams.update(_RC)
        mpl.rcParams["svg.hashsalt"] = salt
        yield


@lru_cache(maxsize=8192)
def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Return the width of a line of text at a size [points], in inches."""
    font = FontProperties(family=_FONT, size=size, weight="bold" if bold else "normal")
    return float(_RULER.get_text_width_height_descent(text, font, ismath=False)[0]) / DPI


def text_height(text: str, size: float) -> float:
    """Return the height of the lines of a text at a size [points], in inches."""
    return (text.count("\n") + 1) * size * _LINE_HEIGHT


def wrapped(text: str, width: float, size: float, *, bold: bool = False) -> str:
    """Break a text into lines of at most ``width`` [inches]; a word longer than a line is cut.

    A number keeps its unit beside it.
    """
    lines, space = [""], text_width(" ", size, bold=bold)
    taken = 0.0
    for word in re.sub(r"(?<=[\d%]) (?=[a-z%])", "\xa0", text).split(" "):
        # Words are measured one by one, for most of them come again.
        wide = text_width(word, size, bold=bold)
        between = space if lines[-1] else 0.0
        if taken + between + wide <= width:
            lines[-1] = f"{lines[-1]} {word}".strip()
            taken += between + wide
            continue
        lines.append("")
        for character in word if wide > width else ():
            if text_width(lines[-1] + character, size, bold=bold) > width:
                lines.append("")
            lines[-1] += character
        lines[-1] = lines[-1] or word
        taken = text_width(lines[-1], size, bold=bold) if wide > width else wide
    return "\n".join(line.strip() for line in lines if line).replace("\xa0", " ")


def sheet(
    title: str,
    footer: str,
    rows: Sequence[float],
    heads: Sequence[float],
    columns: int | None = None,
    *,
    shared: bool = True,
) -> tuple[Figure, list[Axes]]:
    """Make a figure with its title, its footer and its panels, row by row.

    ``rows`` are the heights of the panels and ``heads`` the room above them [inches]. Panels in ``columns`` share their
    axes, unless ``shared`` is False; without, they stand below each other and leave room on the right for the labels of
    line ends.
    """
    title = wrapped(title, _WIDTH - 2 * _EDGE, LARGE, bold=True)
    footer = wrapped(footer, _WIDTH - 2 * _EDGE, SMALL)
    y = sum(rows) + sum(heads) + _AXIS_ROOM * len(rows) + _EDGE + text_height(footer, SMALL)
    height = y + _EDGE + text_height(title, LARGE)
    figure = Figure(figsize=(_WIDTH, height), dpi=DPI)
    edge: dict[str, Any] = {"x": _EDGE / _WIDTH, "linespacing": 1.25}
    figure.text(y=1 - _EDGE / height, s=title, size=LARGE, weight="bold", va="top", gid="title", **edge)
    figure.text(y=_EDGE / height, s=footer, size=SMALL, va="bottom", color=GREY, gid="footer", **edge)
    across = _WIDTH - _LEFT - LABEL_ROOM if columns is None else column_width(columns)
    panels: list[Axes] = []
    for row, head in zip(rows, heads, strict=True):
        y -= head + row
        for column in range(columns or 1):
            left = _LEFT + column * (across + _BETWEEN)
            first = panels[0] if panels and columns and shared else None
            place = (left / _WIDTH, y / height, across / _WIDTH, row / height)
            panels.append(figure.add_axes(place, sharex=first, sharey=first))
        y -= _AXIS_ROOM
    return figure, panels


def panel_size(axes: Axes) -> tuple[float, float]:
    """Return width and height of a panel in inches."""
    extent = axes.get_window_extent()
    return float(extent.width) / DPI, float(extent.height) / DPI


def inches_along(axes: Axes, x: Array) -> Array:
    """Return how far from the left edge of a panel the values ``x`` [data] lie, in inches."""
    points = axes.transData.transform(np.column_stack((x, np.full(x.shape, axes.get_ylim()[1]))))
    return np.asarray((points[:, 0] - axes.get_window_extent().x0) / DPI)


def column_width(columns: int) -> float:
    """Return the width of one of several panels beside each other, in inches."""
    return (_WIDTH - _LEFT - _BETWEEN * columns) / columns


def number_axis(axes: Axes, label: str, low: float, high: float) -> None:
    """Set up an even vertical axis."""
    axes.set_ylim(low, high)
    axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: plain_number(y)))
    axes.set_ylabel(label)


def logarithmic_axis(axes: Axes, label: str, floor: float, high: float) -> None:
    """Set up a logarithmic vertical axis from a floor to twice the highest value."""
    axes.set_yscale("log")
    axes.set_ylim(floor, high * 2)
    axes.yaxis.set_major_locator(LogLocator(numticks=9))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: plain_number(y)))
    axes.set_ylabel(label)


def even_time(axes: Axes, horizon_days: float, since: str) -> float:
    """Set up an even time axis, in days up to two years and in years beyond; returns the days of its unit."""
    unit, days = ("years", DAYS_PER_YEAR) if horizon_days >= 2 * DAYS_PER_YEAR else ("days", 1.0)
    axes.set_xlim(0.0, horizon_days / days)
    axes.xaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: plain_number(x)))
    axes.set_xlabel(wrapped(f"Time since {since} [{unit}]", panel_size(axes)[0], NORMAL))
    return days


def stretched_time(axes: Axes, horizon_days: float, since: str) -> float:
    """Set up a time axis that gives the first months room: even for 10 days, logarithmic beyond.

    Returns the days of its unit. Horizons up to 200 days keep an even axis.
    """
    if not horizon_days > 200.0:
        return even_time(axes, horizon_days, since)
    axes.set_xscale("symlog", linthresh=_EVEN_DAYS, linscale=0.4)
    axes.set_xlim(0.0, horizon_days)
    ticks, labels, free_from = [], [], -np.inf
    days = [day for day in _TICKS if day < horizon_days / 1.25] + [horizon_days]
    for day, x in zip(days, inches_along(axes, np.array(days)), strict=True):
        label = _brief(day)
        half = text_width(label, SMALL) / 2
        if x - half > free_from:
            ticks.append(day)
            labels.append(label)
            free_from = x + half + 0.08
    axes.set_xticks(ticks, labels)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel(wrapped(f"Time since {since} [d:\xa0days,\xa0y:\xa0years]", panel_size(axes)[0], NORMAL))
    return 1.0


def mark_treaty_dates(axes: Axes, laid_by: float, days_per_unit: float, colour: str = GREY) -> None:
    """Draw thin lines 30 and 120 days after the last laying, with words above the panel."""
    last = axes.get_xlim()[1]
    dates = [days for days in TREATY_DAYS if (laid_by + days) / days_per_unit <= last]
    if not dates:
        return
    places = [(laid_by + days) / days_per_unit for days in dates]
    for x in places:
        axes.axvline(x, color=colour, linewidth=0.8, linestyle=(0, (2, 2)), zorder=1.5)
    inches, across = inches_along(axes, np.array(places)), panel_size(axes)[0]
    after = " after the last laying" if laid_by > 0 else ""
    together = " and ".join(f"{days:.0f}" for days in dates)
    wide = [f"{days:.0f} days (treaty)" for days in dates]
    if not after and len(dates) > 1 and inches[1] - inches[0] > text_width(wide[0], SMALL) + 0.1:
        words = list(zip(inches, wide, strict=True))
    else:
        choice = [f"treaty dates: {together} days{after}", f"{together} days{after}", f"{together} days"]
        words = [(inches[0], next((text for text in choice if text_width(text, SMALL) < across), choice[-1]))]
    for x, text in words:
        start = min(x, across - text_width(text, SMALL)) / across
        write_above(axes, text, 0.04, start, size=SMALL, color=GREY)


def write_above(axes: Axes, text: str, inches: float, start: float = 0.0, **look: Any) -> None:
    """Write a text above a panel, a distance [inches] over its top, from a fraction of its width on."""
    axes.annotate(
        text, (start, 1.0), (0.0, 72 * inches), "axes fraction", "offset points", va="bottom", linespacing=1.2, **look
    )


def line_look(style: LineStyle) -> dict[str, Any]:
    """Return how the line of a scenario is drawn, as Matplotlib says it."""
    return {"color": style.colour, "linewidth": 1.7, "linestyle": (0, style.dashes) if style.dashes else "solid"}


def house_bar(kind: str) -> dict[str, Any]:
    """Return how a bar of the timeline is filled, by what goes on in it, so that it reads in grey too."""
    colour, hatch, filled = _BARS[kind]
    return {"facecolor": colour if filled else "white", "edgecolor": colour, "hatch": hatch, "linewidth": 0.9}


def _brief(days: float) -> str:
    amount, unit, *_ = duration(days).split(" ")
    return f"{amount} {unit[0]}" if days else "0"
