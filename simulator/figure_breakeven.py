"""Break-even as a figure: the paired difference over the values of a number, and where it is 0."""

import math
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from simulator.breakeven import BreakEven
from simulator.figure_style import GREY, NORMAL, SMALL, house_style, number_axis, sheet, style_of
from simulator.figure_wording import plain_number
from simulator.metrics import Metric

_HEIGHT = 3.2


def breakeven_figure(result: BreakEven, metric: Metric, label: str, unit: str, title: str) -> Figure:
    """Draw the difference of a metric over a number, with its interval, and mark every break-even."""
    with house_style():
        exact = result.points[0].found.is_exact
        spread = "exact, in closed form" if exact else f"band: {100 * result.confidence:g} % interval of the mean"
        line = f"Line: mean difference of {metric.label}, scenario minus reference; {spread}."
        foot = f"{line} Below 0 the scenario is safer. A model of civilian harm; never evidence that land is safe."
        figure, (axes,) = sheet(title.rstrip("."), foot, [_HEIGHT], [0.15])
        x = np.array([point.x for point in result.points])
        mean = np.array([point.found.mean for point in result.points])
        low, high = ((mean, mean) if exact else tuple(
            np.array([getattr(point.found, end) for point in result.points]) for end in ("low", "high")))  # fmt: skip
        reach = max(float(np.abs(np.concatenate((low, high))).max()), 1e-12)
        bottom, top = min(float(low.min()), 0.0), max(float(high.max()), 0.0)
        number_axis(axes, f"Difference of {metric.label}", bottom - 0.05 * reach, top + 0.08 * reach)
        if result.range.logarithmic:
            axes.set_xscale("log")
            axes.xaxis.set_major_locator(LogLocator(numticks=9))
            axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: plain_number(value)))
        axes.set_xlim(result.range.low, result.range.high)
        axes.set_xlabel(f"{label} [{unit}]" if unit else label)
        style = style_of(1)
        if not exact:
            look: dict[str, Any] = {"facecolor": (style.colour, 0.2), "edgecolor": style.colour, "linewidth": 0.6}
            axes.fill_between(x, low, high, gid="interval", **look)
        axes.plot(x, mean, color=style.colour, linewidth=1.7, gid="difference")
        axes.axhline(0.0, color=GREY, linewidth=1.0, gid="none")
        for place, one in enumerate(result.crossings):
            ends = (one.interval.low, one.interval.high)
            if all(map(math.isfinite, ends)):
                axes.plot(ends, (0.0, 0.0), color="black", linewidth=3.0, solid_capstyle="butt", gid=f"range-{place}")
            axes.plot(one.value, 0.0, marker="o", color="black", markersize=6, gid=f"crossing-{place}")
            axes.annotate(
                plain_number(float(f"{one.value:.3g}")), (one.value, 0.0), (0.0, 8.0), "data", "offset points",
                ha="center", va="bottom", size=NORMAL, weight="bold",
            )  # fmt: skip
        for side, words in ((bottom, "safer than the reference"), (top, "worse than the reference")):
            if side != 0:
                share = 0.03 if side < 0 else 0.97
                axes.annotate(words, (1.01, share), xycoords="axes fraction", size=SMALL, color=GREY, va="center")
    return figure
