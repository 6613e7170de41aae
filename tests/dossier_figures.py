"""The figures of the verification dossier, drawn from what tests recorded; the same records give the same bytes.

Each function takes what the tests of a figure drew and returns an SVG and the words that say what it shows.
"""

import io
import re
from xml.sax.saxutils import escape

import numpy as np
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from scipy import stats

from simulator.figure_style import GRID, NORMAL, SMALL, house_style, panel_size, sheet, style_of

_FOOTER = "Drawn from numbers that the tests recorded; it says that the program computes its model, no more."
_DOT = "#00599C"
_WRONG = "#C24E00"


def z_scores(drawn):
    """Every score of simulation against closed form, by world, and the largest against a neighbouring world."""
    right = {one["world"]: one for one in drawn if one["name"] == "z"}
    wrong = {one["world"]: one["largest"] for one in drawn if one["name"] == "z of a neighbour"}
    worlds = list(right)
    title = f"Simulation and closed form agree in {len(worlds)} kinds of worlds; neighbours are refused"
    with house_style("minesim-z-scores"):
        figure, (axes,) = sheet(title, _FOOTER, [0.3 * len(worlds)], [0.35])
        axes.set_xscale("symlog", linthresh=6.0, linscale=2.5)
        axes.set_xlim(0, 500)
        for place, world in enumerate(worlds):
            scores = np.unique(np.round(np.abs(right[world]["scores"]), 1))
            axes.plot(scores, np.full(scores.size, place), "|", color=_DOT, markersize=9, markeredgewidth=1.1)
            axes.plot([wrong[world]], [place], "D", color=_WRONG, markersize=6.5)
            _beside(axes, place, world)
        limit = max(one["limit"] for one in right.values())
        axes.axvline(limit, color="black", linewidth=1.2)
        _above(axes, limit, f"limit {limit:.2f}")
        _rows(axes, len(worlds))
        _ticks(axes.xaxis, (0, 1, 2, 3, 4, 5, 10, 30, 100, 300))
        axes.set_xlabel(
            "Size of z-scores; dashes: against its own closed form, diamonds: the largest against a neighbour's"
        )
        return _svg(figure, title), title


def replicates(drawn):
    """Errors of means over the number of replicates, with the square root law."""
    title = "The error of a mean falls with the square root of the number of replicates"
    with house_style("minesim-replicates"):
        figure, (axes,) = sheet(title, _FOOTER, [3.2], [0.15])
        _both_logarithmic(axes)
        ends = []
        for place, one in enumerate(drawn):
            n, rms = np.array(one["n"], dtype=float), np.array(one["rms"])
            look = style_of(place + 1)
            middle = float(np.exp(np.mean(np.log(rms * np.sqrt(n)))))
            axes.plot(n, middle / np.sqrt(n), color=look.colour, linewidth=1.2, linestyle=(0, (4, 2)))
            axes.plot(n, rms, "os"[place % 2], color=look.colour, markersize=7)
            words = f"{one['reading']}: slope {one['slope']:.2f} ± {one['sd']:.2f}"
            ends.append((float(rms[-1]), words, look.colour))
        _at_ends(axes, ends)
        _ticks(axes.xaxis, drawn[0]["n"])
        _ticks(axes.yaxis, (0.3, 1, 3))
        axes.set_xlabel("Replicates in a mean [number]; dashed: one over their square root")
        axes.set_ylabel("Root mean square error [mines or accidents]")
        return _svg(figure, title), title


def cells(drawn):
    """Errors of the closed form over the size of cells, with the square law."""
    title = "The error of cells falls with the square of their size"
    with house_style("minesim-cells"):
        figure, (axes,) = sheet(title, _FOOTER, [3.2], [0.15])
        _both_logarithmic(axes)
        ends = []
        for place, one in enumerate(drawn):
            size, error = np.array(one["size"]), np.array(one["error"])
            look = style_of(place + 1)
            axes.plot(size, error[-1] * (size / size[-1]) ** 2, color=look.colour, linewidth=1.2, linestyle=(0, (4, 2)))
            axes.plot(size, error, "os"[place % 2], color=look.colour, markersize=7)
            ends.append((float(error[0]), one["quantity"], look.colour))
        _at_ends(axes, ends)
        _ticks(axes.xaxis, sorted(drawn[0]["size"]))
        _ticks(axes.yaxis, (0.1, 1, 10))
        axes.set_xlabel("Side of a cell [km]; dashed: its square")
        axes.set_ylabel("Largest error [of 1,000 mines]")
        return _svg(figure, title), title


def incidence(drawn):
    """Cumulative incidence of each cause: lines ours, rings an independent library's."""
    title = "What ends mines, by the program and by an independent library, surpyval"
    causes = ("self-destruct", "battery", "ageing", "accident")
    with house_style("minesim-incidence"):
        figure, panels = sheet(title, _FOOTER, [2.0] * len(drawn), [0.3] * len(drawn))
        for axes, one in zip(panels, drawn, strict=True):
            axes.set_xscale("log")
            axes.set_xlim(min(one["days"]) / 1.1, max(one["days"]) * 1.05)
            shares = 100 * np.array(one["ours"])
            axes.set_ylim(0, 1.12 * shares.max())
            ends = []
            for place, (ours, theirs) in enumerate(zip(shares, 100 * np.array(one["theirs"]), strict=True)):
                if not theirs.any():
                    continue
                look = style_of(place + 1)
                ends.append((float(ours[-1]), causes[place], look.colour))
                dashes = (0, look.dashes) if look.dashes else "solid"
                axes.plot(one["days"], ours, color=look.colour, linewidth=1.6, linestyle=dashes)
                axes.plot(one["days"], theirs, "o", markerfacecolor="none", markeredgecolor=look.colour, markersize=8)
            _at_ends(axes, ends)
            _ticks(axes.xaxis, one["days"])
            axes.set_ylabel("Ended so [%]")
            axes.set_xlabel("Days since laying; lines: the program, rings: the library")
            axes.text(0, 1.03, one["mix"], transform=axes.transAxes, fontsize=NORMAL, weight="bold")
        return _svg(figure, title), title


def coverage(drawn):
    """How often intervals held the truth, beside how often they say."""
    title = "Intervals hold the truth about as often as they say"
    with house_style("minesim-coverage"):
        figure, (axes,) = sheet(title, _FOOTER, [0.3 * len(drawn)], [0.15])
        least = []
        for place, one in enumerate(drawn):
            repeats, says = one["repeats"], one["says"]
            low, high = (float(stats.binom.ppf(tail, repeats, says)) / repeats for tail in (0.005, 0.995))
            axes.plot([100 * low, 100 * high], [place, place], color="#C9C9C9", linewidth=7, solid_capstyle="butt")
            axes.plot([100 * says] * 2, [place - 0.32, place + 0.32], color="black", linewidth=1.4)
            axes.plot([100 * one["covered"] / repeats], [place], "o", color=_DOT, markersize=6.5)
            least.append(min(low, one["covered"] / repeats))
            _beside(axes, place, f"{one['interval']}: {one['covered']:,} of {repeats:,}")
        _rows(axes, len(drawn))
        axes.set_xlim(100 * min(least) - 1, 100.5)
        _ticks(axes.xaxis, [percent for percent in range(0, 101, 5) if percent > 100 * min(least) - 1])
        axes.set_xlabel("Repeats in which the interval held the truth [%]; black: what it says, grey: 99 % of chance")
        return _svg(figure, title), title


FIGURES = {
    "z-scores": z_scores,
    "replicates": replicates,
    "cells": cells,
    "incidence": incidence,
    "coverage": coverage,
}


def _rows(axes, count):
    """Rows from the top down, with nothing on the vertical axis."""
    axes.set_ylim(count - 0.4, -0.6)
    axes.yaxis.set_major_locator(FixedLocator(range(count)))
    axes.tick_params(axis="y", length=0, labelleft=False)
    axes.grid(visible=True, axis="y", color=GRID)


def _beside(axes, place, words):
    axes.annotate(words, (1.0, place), (8, 0), ("axes fraction", "data"), "offset points", fontsize=SMALL, va="center")


def _at_ends(axes, lines):
    """Words beside the ends of lines, (height, words, colour) each, moved apart where they would overlap."""
    place = (axes.transData + axes.transAxes.inverted()).transform
    highest = -np.inf
    for height, words, colour in sorted(lines):
        highest = max(float(place((axes.get_xlim()[1], height))[1]), highest + 1.3 * SMALL / 72 / panel_size(axes)[1])
        axes.annotate(
            words, (1.0, highest), (8, 0), "axes fraction", "offset points", fontsize=SMALL, va="center", color=colour
        )


def _above(axes, x, words):
    axes.annotate(words, (x, 1.0), (0, 4), ("data", "axes fraction"), "offset points", fontsize=SMALL, ha="center")


def _both_logarithmic(axes):
    axes.set_xscale("log")
    axes.set_yscale("log")


def _ticks(axis, places):
    axis.set_major_locator(FixedLocator(list(places)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _short(number):
    return f"{float(number[0]):.1f}".replace("-0.0", "0.0")


def _svg(figure, title):
    """The drawing as it is written: named for screen readers, one digit after the point, without its date."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = re.sub(r"\s*<metadata>.*?</metadata>", "", buffer.getvalue().decode(), flags=re.DOTALL)
    text = re.sub(r"<[^>]+>", lambda tag: re.sub(r"-?\d+\.\d{2,}", _short, tag[0]), text)
    text = re.sub(r"\n\s*", "\n", text)
    head = f' role="img" aria-label="{escape(title, {chr(34): "&quot;"})}">\n<title>{escape(title)}</title>'
    start = text.index(">", text.index("<svg "))
    return (text[:start] + head + text[start + 1 :]).encode()
