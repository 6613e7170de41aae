"""The figure of an attribution: a waterfall from the reference's value through what each change adds to the other's.

Rows stand below each other with their words beside them: what adds to the metric, then what takes from it, so that no
level between is below both ends; the largest effects first.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from simulator.attribution import Attribution, Part
from simulator.attribution_words import by_size, change_words, label_of, sentences, side
from simulator.estimates import Estimate
from simulator.figure_style import (
    GREY,
    GRID,
    LABEL_ROOM,
    NORMAL,
    SMALL,
    house_style,
    panel_size,
    sheet,
    text_height,
    text_width,
    wrapped,
)  # fmt: skip
from simulator.figure_wording import DISCLAIMER, plain_number
from simulator.metrics import Metric
from simulator.wording import counted, number

_MINUS = "\N{MINUS SIGN}"
_GAP, _PAD, _EDGE = 0.18, 0.14, 0.15
_BAR = 0.3
_LEAST_SHARE = 0.25  # of the greatest value that the changes span, so that an axis from 0 shows them
_MOST_LINES = 2
_ROOM = LABEL_ROOM - _PAD - _EDGE


@dataclass(frozen=True, slots=True)
class _Look:
    """How a bar is filled, so that it reads in grey and to the colour-blind."""

    colour: str
    hatch: str = ""


_TOTAL = _Look("#9A9A9A")
_LOOKS = {-1: _Look("#0072B2"), 1: _Look("#F3A683", "////"), 0: _Look("#FFFFFF")}


@dataclass(frozen=True, slots=True)
class _Row:
    """A bar from ``start`` to ``end`` [metric], the whisker around its end, and the words beside it."""

    key: str
    start: float
    end: float
    whisker: tuple[float, float] | None
    look: _Look
    lines: Sequence[tuple[str, dict[str, Any]]]

    @property
    def height(self) -> float:
        """The room it needs, in inches."""
        return max(len(self.lines) * text_height("", SMALL), _BAR) + _GAP


def attribution_figure(found: Attribution, metric: Metric) -> Figure:
    """Draw where the difference of a metric comes from."""
    with house_style():
        rows = _rows(found)
        title = sentences(found, metric)[0].removesuffix(".")
        figure, (axes,) = sheet(title, _footer(found, rows), [sum(row.height for row in rows)], [0.15])
        _draw(axes, rows, metric)
    return figure


def _rows(found: Attribution) -> list[_Row]:
    rows = [_total("reference", found.reference, found.before)]
    level = found.before.mean
    for place, part in enumerate(sorted(by_size(found), key=lambda part: part.effect.mean < 0)):
        rows.append(_step(place, part, level, found))
        level += part.effect.mean
    return [*rows, _total("other", found.other, found.after)]


def _total(key: str, name: str, one: Estimate) -> _Row:
    whisker = None if one.is_exact else (one.low, one.high)
    lines = [*_lines(name, {}), (_with_interval(one, number), {"weight": "bold"})]
    return _Row(key, 0.0, one.mean, whisker, _TOTAL, lines)


def _step(place: int, part: Part, level: float, found: Attribution) -> _Row:
    one = part.effect
    whisker = None if one.is_exact else (level + one.low, level + one.high)
    what = ", ".join(f"{setting.before} → {setting.after}" for setting in part.change.settings)
    lines = [
        *_lines(change_words(part.change, found.classes), {}),
        *_lines(what, {"color": GREY}),
        (_with_interval(one, _signed), {"weight": "bold"}),
    ]
    return _Row(f"part-{place}", level, level + one.mean, whisker, _LOOKS[side(one, found)], lines)


def _lines(text: str, look: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Break a text into at most two lines."""
    lines = wrapped(text, _ROOM, SMALL).split("\n")
    if len(lines) > _MOST_LINES:
        lines = [*lines[: _MOST_LINES - 1], _cut(lines[_MOST_LINES - 1])]
    return [(line, look) for line in lines]


def _cut(line: str) -> str:
    while text_width(f"{line} …", SMALL) > _ROOM:
        line = line[:-1]
    return f"{line} …"


def _with_interval(one: Estimate, words: Callable[[float], str]) -> str:
    mean = words(one.mean)
    low, high = words(one.low), words(one.high)
    return mean if one.is_exact or low == high else f"{mean} ({low} to {high})"


def _signed(value: float) -> str:
    sign = _MINUS if value < 0 else "+" if value > 0 else ""
    return sign + number(abs(value))


def _begins_at_zero(rows: Sequence[_Row]) -> bool:
    low, high = _extent(rows)
    return low <= 0 or high == low or high - low >= _LEAST_SHARE * high


def _extent(rows: Sequence[_Row]) -> tuple[float, float]:
    """The least and the greatest value that is reached."""
    values = [x for row in rows for x in (row.end, *(row.whisker or ()))]
    return min(values), max(values)


def _footer(found: Attribution, rows: Sequence[_Row]) -> str:
    what = "Bars: what each change adds on average over all orders of making the changes (Shapley values); they sum to "
    what += "the difference."
    if found.whole.is_exact:
        how = "Closed form: expected values, nothing simulated, hence no intervals."
    else:
        runs = counted(found.whole.replicates, "replicate")
        how = f"Whiskers: {100 * found.confidence:g} % intervals of the mean of {runs}."
    empty = " Empty bars: no clear effect." if any(row.look is _LOOKS[0] for row in rows) else ""
    axis = "" if _begins_at_zero(rows) else " The axis does not begin at 0."
    return f"{what} {how}{empty}{axis} {DISCLAIMER}"


def _draw(axes: Axes, rows: Sequence[_Row], metric: Metric) -> None:
    across, up = panel_size(axes)
    axes.set_ylim(up, 0.0)
    _value_axis(axes, rows, metric)
    left = axes.get_xlim()[0]
    top = 0.0
    for place, row in enumerate(rows):
        middle = top + row.height / 2
        fill: dict[str, Any] = {"color": row.look.colour, "edgecolor": "black", "linewidth": 0.8, "zorder": 2}
        start = max(row.start, left) if row.look is _TOTAL else row.start
        if row.look is _TOTAL and not _begins_at_zero(rows):
            # A bar from a cut axis would say more than it should.
            axes.plot([row.end] * 2, [middle - _BAR / 2, middle + _BAR / 2], color="black", linewidth=4, gid=row.key)
        else:
            axes.barh(middle, row.end - start, _BAR, start, hatch=row.look.hatch, gid=row.key, **fill)
        if row.whisker is not None:
            _whisker(axes, row.whisker, middle)
        if place + 1 < len(rows):
            below = top + row.height + rows[place + 1].height / 2
            axes.plot([row.end] * 2, [middle + _BAR / 2, below - _BAR / 2], color=GREY, linewidth=0.7, zorder=1)
        axes.axhline(middle, color=GRID, linewidth=0.7, zorder=0.5)
        _write(axes, row, middle, across)
        top += row.height


def _value_axis(axes: Axes, rows: Sequence[_Row], metric: Metric) -> None:
    low, high = _extent(rows)
    room = 0.04 * ((high - min(low, 0.0)) if _begins_at_zero(rows) else high - low) or 1.0
    axes.set_xlim(min(low - room, 0.0) if low < 0 else 0.0 if _begins_at_zero(rows) else low - 3 * room, high + room)
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: plain_number(x)))
    axes.yaxis.set_major_locator(NullLocator())
    label = label_of(metric)
    unit = "" if metric.unit in label else f" [{metric.unit}]"
    axes.set_xlabel(wrapped(f"{label[0].upper()}{label[1:]}{unit}", panel_size(axes)[0], NORMAL))
    axes.spines["left"].set_visible(False)
    axes.grid(visible=True, axis="x")


def _whisker(axes: Axes, ends: tuple[float, float], middle: float) -> None:
    look: dict[str, Any] = {"color": "black", "linewidth": 1.1, "zorder": 3}
    axes.plot(ends, [middle, middle], **look)
    for x in ends:
        axes.plot([x, x], [middle - 0.05, middle + 0.05], **look)


def _write(axes: Axes, row: _Row, middle: float, across: float) -> None:
    """Write the words of a row to the right of the panel."""
    step = text_height("", SMALL)
    first = middle - step * (len(row.lines) - 1) / 2
    for line, (text, look) in enumerate(row.lines):
        place: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "va": "center", "size": SMALL}
        axes.text(1.0 + _PAD / across, first + line * step, text, clip_on=False, **place, **look)
