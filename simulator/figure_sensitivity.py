"""Figures of a sensitivity study: the shares of the variance, and the tornado of one input at a time.

Every input has a row: its label and its grade in words on the left, bars on the right. Lengths on paper are in inches,
and so is the vertical axis, downwards from the top.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from simulator.figure_style import (
    GREY,
    GRID,
    SMALL,
    house_style,
    panel_size,
    sheet,
    text_height,
    text_width,
    wrapped,
    write_above,
)  # fmt: skip
from simulator.figure_wording import DISCLAIMER, plain_number
from simulator.sensitivity_words import (
    WEAK,
    InputFacts,
    InputRow,
    Sensitivity,
    headline,
    interval,
    percent,
    swing_headline,
    swing_size,
)  # fmt: skip
from simulator.variance import Share
from simulator.wording import number

_EDGE, _LABELS, _GAP = 0.2, 3.7, 0.14
_NUMBERS = 1.75
_LINE = text_height("", SMALL)
_BAR, _BESIDE, _BETWEEN_ROWS = 0.12, 0.06, 0.12
_LONGEST_END = 1.5
_KEY_LINE, _SAMPLE, _BETWEEN_SAMPLES = 0.24, 0.3, 0.25
# Blue and orange are told apart by the colour-blind (Okabe and Ito 2008); the grade is said in words as well.
_SOUND_COLOUR, _WEAK_COLOUR = "#0072B2", "#D55E00"
_AT_LOW, _AT_HIGH = "#BFE0F5", "#0072B2"
_HELD = "Inputs without a stated range are held at their values."
_SHARES = "Bars as long as their estimate, lines their 90 % intervals."
_ONE_BY_ONE = "One input at a time, all others at their reference, so that no interactions show."


@dataclass(frozen=True, slots=True)
class _End:
    """One end of a swing: the output there, the input's value in words, and whether these stand to the right."""

    value: float
    words: str
    right: bool
    colour: str


def indices_figure(it: Sensitivity) -> Figure:
    """Draw the first and total index of every input with their intervals, the largest total first."""
    foot = f"{it.verdict.sentence} {_SHARES} {_HELD} {DISCLAIMER}"
    with house_style():
        names = [_name(row.facts, _grade(row.facts)) for row in it.rows]
        heights = [max(_height(name), 2 * _LINE) + _BETWEEN_ROWS for name in names]
        figure, axes = _rows_sheet(headline(it), foot, heights, _NUMBERS)
        _share_axis(axes, it)
        for place, (row, name, middle) in enumerate(zip(it.rows, names, _middles(heights), strict=True)):
            _write_name(axes, name, middle, place)
            colour = _WEAK_COLOUR if row.facts.grade in WEAK else _SOUND_COLOUR
            _draw_share(axes, row.first, middle - _LINE / 2, _filled(colour), f"first-{place}")
            _draw_share(axes, row.total, middle + _LINE / 2, _hatched(colour), f"total-{place}")
        _key(axes, 1, (("by itself (first index)", _filled(GREY)), ("with its interactions (total)", _hatched(GREY))))
        _key(
            axes,
            0,
            (("low or very low grade", _filled(_WEAK_COLOUR)), ("other grades, or none", _filled(_SOUND_COLOUR))),
        )
    return figure


def tornado_figure(it: Sensitivity) -> Figure:
    """Draw the output with one input at a time at its 5 % and its 95 % value, the largest swing first."""
    rows = sorted(it.rows, key=lambda row: -swing_size(it, row))
    with house_style():
        names = [_name(row.facts, f"{row.facts.reference}; {_grade(row.facts)}") for row in rows]
        ends = [_ends(it, row) for row in rows]
        heights = [max(_height(name), _lanes(pair)) + _BETWEEN_ROWS for name, pair in zip(names, ends, strict=True)]
        figure, axes = _rows_sheet(swing_headline(it), f"{_ONE_BY_ONE} {_HELD} {DISCLAIMER}", heights, _EDGE)
        _value_axis(axes, it, [end for pair in ends for end in pair])
        for place, (name, pair, middle) in enumerate(zip(names, ends, _middles(heights), strict=True)):
            _write_name(axes, name, middle, place)
            _draw_swing(axes, it.reference, pair, middle, place)
        axes.axvline(it.reference, color="black", linewidth=0.9, zorder=3, gid="reference")
        _key(axes, 1, (("at its 5 % value", _filled(_AT_LOW)), ("at its 95 % value", _filled(_AT_HIGH))))
        _write_reference(axes, it)
    return figure


def _rows_sheet(title: str, foot: str, heights: Sequence[float], right: float) -> tuple[Figure, Axes]:
    """Make a sheet with one panel of rows, room for labels on its left and a room on its ``right``."""
    figure, (axes,) = sheet(title, foot, [sum(heights)], [0.2 + 2 * _KEY_LINE])
    across = float(figure.get_size_inches()[0])
    place = axes.get_position()
    left = _EDGE + _LABELS + _GAP
    axes.set_position((left / across, place.y0, (across - left - right) / across, place.height))
    axes.set_ylim(sum(heights), 0.0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(visible=True, axis="x")
    edges = np.cumsum(heights)[:-1]
    axes.hlines(edges, -_per_inch(axes, _LABELS + _GAP), 1.0, GRID, linewidth=0.7, clip_on=False,
                transform=axes.get_yaxis_transform())  # fmt: skip
    return figure, axes


def _share_axis(axes: Axes, it: Sensitivity) -> None:
    every = [end for row in it.rows for its in (row.first, row.total) for end in (its.low, its.value, its.high)]
    shown = [100 * end for end in every if np.isfinite(end)]
    low, high = min([0.0, *shown]), max([1.0, *shown])
    axes.set_xlim(low, high)
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: plain_number(x)))
    axes.set_xlabel(wrapped(f"Share of the variance of {it.output} [%]", panel_size(axes)[0], SMALL))
    axes.axvline(0.0, color=GREY, linewidth=0.8)


def _draw_share(axes: Axes, its: Share, y: float, look: dict[str, Any], gid: str) -> None:
    """Draw a share as a bar with its interval, and its numbers behind both."""
    if not np.isfinite(its.value):
        _write(axes, axes.get_xlim()[0], y, "undefined", right=True)
        return
    axes.barh(y, 100 * its.value, height=_BAR, gid=gid, **look)
    last = 100 * its.value
    if np.isfinite(its.low) and np.isfinite(its.high):
        line: dict[str, Any] = {"color": "black", "linewidth": 1.0, "marker": "|", "markersize": 5}
        axes.plot([100 * its.low, 100 * its.high], [y, y], clip_on=False, gid=f"{gid}-interval", **line)
        last = max(last, 100 * its.high)
    words = f"{percent(its)} ({interval(its)})" if np.isfinite(its.high) else f"{percent(its)} (no interval)"
    _write(axes, max(last, 0.0), y, words, right=True)


def _ends(it: Sensitivity, row: InputRow) -> tuple[_End, _End]:
    """Return the ends of a swing at the 5 % and 95 % value; a missing one lies at the reference and says so."""
    values, words = [], []
    for value, text in ((row.swing_low, row.facts.at_low), (row.swing_high, row.facts.at_high)):
        known = bool(np.isfinite(value))
        values.append(value if known else it.reference)
        words.append(text if known else f"{text}: no value")
    low, high = values
    if row.swing_low == row.swing_high == it.reference:
        words = ["", "no effect"]
    at_right = (low > it.reference or low == it.reference > high, high > it.reference or high == it.reference >= low)
    lines = [wrapped(text, _LONGEST_END, SMALL) for text in words]
    return _End(low, lines[0], at_right[0], _AT_LOW), _End(high, lines[1], at_right[1], _AT_HIGH)


def _lanes(pair: tuple[_End, _End]) -> float:
    """Return the height of a swing: of the taller label, or of both where both ends lie on one side."""
    tall = [max(text_height(end.words, SMALL), _LINE) for end in pair]
    return sum(tall) if pair[0].right == pair[1].right else max(tall)


def _value_axis(axes: Axes, it: Sensitivity, ends: Sequence[_End]) -> None:
    """Set up the axis of the output: long enough for every swing, with room beyond it for the words at the ends."""
    values = [it.reference, *(end.value for end in ends)]
    low, high = min(values), max(values)
    if not high > low:
        low, high = low - max(abs(low), 1.0) / 10, high + max(abs(high), 1.0) / 10
    left, right = (
        max((text_width(line, SMALL) for end in ends if end.right is side for line in end.words.split("\n")), default=0)
        for side in (False, True)
    )
    room = panel_size(axes)[0] - left - right - 4 * _BESIDE
    for count in (6, 5, 4, 3, 2, 1):
        ticks = MaxNLocator(count, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
        if sum(text_width(_tick(tick), SMALL) + 0.15 for tick in ticks) < room:
            break
    per_inch = (ticks[-1] - ticks[0]) / room
    axes.set_xlim(ticks[0] - (left + 2 * _BESIDE) * per_inch, ticks[-1] + (right + 2 * _BESIDE) * per_inch)
    axes.spines["bottom"].set_bounds(ticks[0], ticks[-1])
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: _tick(x)))
    axes.set_xlabel(wrapped(f"{it.output[:1].upper()}{it.output[1:]} [{it.unit}]", panel_size(axes)[0], SMALL))


def _draw_swing(axes: Axes, reference: float, pair: tuple[_End, _End], middle: float, place: int) -> None:
    """Draw a bar from the reference to each end, the input's value behind it; two lanes where both are on one side."""
    offsets = (0.0, 0.0)
    if pair[0].right == pair[1].right:
        upper, lower = (max(text_height(end.words, SMALL), _LINE) for end in pair)
        offsets = (-lower / 2, upper / 2)
    for key, end, offset in zip(("low", "high"), pair, offsets, strict=True):
        y = middle + offset
        axes.barh(y, end.value - reference, left=reference, height=_BAR, gid=f"{key}-{place}", **_filled(end.colour))
        _write(axes, end.value, y, end.words, right=end.right)


def _write_reference(axes: Axes, it: Sensitivity) -> None:
    text = f"reference: {number(it.reference)} {it.unit}"
    across, (low, high) = panel_size(axes)[0], axes.get_xlim()
    x = across * (it.reference - low) / (high - low)
    start = min(max(x - text_width(text, SMALL) / 2, 0.0), across - text_width(text, SMALL)) / across
    write_above(axes, text, 0.05, start, size=SMALL)


def _name(facts: InputFacts, below: str) -> tuple[str, str]:
    """Break an input's label and what stands below it into lines."""
    return _broken(facts.label), wrapped(below, _LABELS, SMALL)


def _height(name: tuple[str, str]) -> float:
    return text_height("\n".join(name), SMALL)


def _write_name(axes: Axes, name: tuple[str, str], middle: float, place: int) -> None:
    label, below = name
    top = middle - _height(name) / 2
    look: dict[str, Any] = {"size": SMALL, "transform": axes.get_yaxis_transform(), "va": "top", "linespacing": 1.15}
    left = -_per_inch(axes, _LABELS + _GAP)
    axes.text(left, top, label, gid=f"label-{place}", **look)
    axes.text(left, top + text_height(label, SMALL), below, color=GREY, gid=f"evidence-{place}", **look)


def _broken(label: str) -> str:
    """Break a dotted path into lines, after a dot, an underscore or a space where that can be."""
    lines = [""]
    for piece in re.findall(r"[^._\s]*[._\s]+|[^._\s]+", label):
        if lines[-1] and text_width(lines[-1] + piece, SMALL) > _LABELS:
            lines.append("")
        lines[-1] += piece
    return "\n".join(wrapped(line.strip(), _LABELS, SMALL) for line in lines)


def _grade(facts: InputFacts) -> str:
    grade = f"{facts.grade} grade" if facts.grade else "no grade"
    return f"{grade} ({facts.source})" if facts.source else grade


def _middles(heights: Sequence[float]) -> Iterator[float]:
    edges = np.concatenate(([0.0], np.cumsum(heights)))
    yield from ((edges[:-1] + edges[1:]) / 2).tolist()


def _write(axes: Axes, x: float, y: float, words: str, *, right: bool) -> None:
    """Write words beside a place, to its right or to its left."""
    offset = 72 * _BESIDE * (1 if right else -1)
    axes.annotate(words, (x, y), (offset, 0.0), "data", "offset points", size=SMALL, va="center", linespacing=1.15,
                  ha="left" if right else "right", annotation_clip=False)  # fmt: skip


def _key(axes: Axes, line: int, samples: Sequence[tuple[str, dict[str, Any]]]) -> None:
    """Show what bars mean, on a line above the panel (0 is the lower)."""
    across, up = panel_size(axes)
    y, x = 1.0 + (0.12 + line * _KEY_LINE) / up, -(_LABELS + _GAP)
    for words, look in samples:
        place: dict[str, Any] = {"transform": axes.transAxes, "clip_on": False}
        axes.add_patch(Rectangle((x / across, y), _SAMPLE / across, _BAR / up, **place, **look))
        axes.text((x + _SAMPLE + _BESIDE) / across, y + _BAR / 2 / up, words, size=SMALL, va="center_baseline",
                  transform=axes.transAxes)  # fmt: skip
        x += _SAMPLE + _BESIDE + text_width(words, SMALL) + _BETWEEN_SAMPLES


def _per_inch(axes: Axes, inches: float) -> float:
    return inches / panel_size(axes)[0]


def _tick(value: float) -> str:
    return number(value).replace("-", "\N{MINUS SIGN}") if 0 < abs(value) < 1e-3 else plain_number(value)


def _filled(colour: str) -> dict[str, Any]:
    # A light filling has a dark edge, so that it is seen on white.
    return {"facecolor": colour, "edgecolor": _AT_HIGH if colour == _AT_LOW else colour, "linewidth": 0.7}


def _hatched(colour: str) -> dict[str, Any]:
    return {"facecolor": "white", "edgecolor": colour, "linewidth": 0.7, "hatch": "//////"}
