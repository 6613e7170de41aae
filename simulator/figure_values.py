"""Axes of a sweep's figures: swept values in their unit on their scale, and numbers on a logarithmic one."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, Locator, LogLocator, MaxNLocator, NullLocator

from simulator.clocks import Array
from simulator.figure_style import NORMAL, panel_size, wrapped
from simulator.figure_wording import plain_number
from simulator.sweep_grid import Axis
from simulator.sweep_reading import shown_as
from simulator.wording import number

_SMALLEST_PLAIN = 1e-6


def shown_values(axis: Axis) -> Array:
    """The values of an axis as they are drawn."""
    return np.array(axis.values) * shown_as(axis)[0]


def value_axis(axes: Axes, axis: Axis, *, vertical: bool = False) -> None:
    """Set up the horizontal axis, or the vertical one, for swept values, from the first to the last."""
    values = shown_values(axis)
    low, high = float(values[0]), float(values[-1])
    if low == high:
        low, high = (low / 1.5, high * 1.5) if low > 0 else (low - 1.0, high + 1.0)
    along: Any = axes.yaxis if vertical else axes.xaxis
    if axis.log:
        (axes.set_yscale if vertical else axes.set_xscale)("log")
    (axes.set_ylim if vertical else axes.set_xlim)(low, high)
    along.set_major_locator(_locator(low, high, log=axis.log))
    along.set_minor_locator(NullLocator())
    along.set_major_formatter(FuncFormatter(lambda value, _: tick_words(value)))
    unit = shown_as(axis)[1].replace("km2", "km²").replace("m2", "m²") or "number"
    room = panel_size(axes)[1 if vertical else 0]
    along.set_label_text(wrapped(f"{axis.label} [{unit}]".replace("] ", "]\xa0"), room, NORMAL))


def log_axis(axes: Axes, label: str, low: float, high: float) -> None:
    """Set up a logarithmic vertical axis, with a tick at each power of ten or at the 1, 2 and 5 of one."""
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    axes.yaxis.set_major_locator(_locator(low, high, log=True))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: tick_words(y)))
    axes.set_ylabel(wrapped(label, panel_size(axes)[1], NORMAL))


def tick_words(value: float) -> str:
    """Write a number beside a tick."""
    return plain_number(value) if value == 0 or abs(value) >= _SMALLEST_PLAIN else number(value)


def _locator(low: float, high: float, *, log: bool) -> Locator:
    if not log or high / low < 5:
        return MaxNLocator(7, steps=[1, 2, 2.5, 5, 10])
    return LogLocator(subs=(1.0, 2.0, 5.0) if high / low < 100 else (1.0,), numticks=9)
