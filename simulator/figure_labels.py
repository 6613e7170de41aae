"""Names and numbers at the ends of lines, instead of a legend: each beside its line, none over another."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from simulator.figure_style import LABEL_ROOM, SMALL, LineStyle, line_look, panel_size, text_height, wrapped

_GAP, _EDGE = 0.09, 0.15
_SAMPLE_FROM, _SAMPLE_TO, _NAME_FROM = 0.12, 0.5, 0.58


@dataclass(frozen=True, slots=True)
class EndLabel:
    """What stands at a line's end: its height there [data], a name and a number in words."""

    y: float
    name: str
    value: str
    style: LineStyle


def room_for(labels: Sequence[EndLabel]) -> float:
    """Return the height that labels need, in inches."""
    return sum(_height(label) + _GAP for label in labels)


def label_ends(axes: Axes, labels: Sequence[EndLabel]) -> None:
    """Write labels to the right of a panel, with a thin line from each line's end and a sample of the line."""
    across, up = panel_size(axes)
    ends = [_fraction(axes, label.y) for label in labels]
    heights = [_height(label) / up for label in labels]
    for label, end, y, height in zip(labels, ends, apart(ends, heights, _GAP / up), heights, strict=True):
        thin = Line2D([1.0, 1.0 + _SAMPLE_FROM / across], [end, y], color=label.style.colour, linewidth=0.7)
        sample = Line2D([1.0 + edge / across for edge in (_SAMPLE_FROM, _SAMPLE_TO)], [y, y], **line_look(label.style))
        for line in (thin, sample):
            line.set(transform=axes.transAxes, clip_on=False)
            axes.add_line(line)
        place: dict[str, Any] = {"transform": axes.transAxes, "va": "center", "size": SMALL}
        lines = _lines(label)
        for row, (text, weight) in enumerate(lines):
            middle = y + height * (0.5 - (row + 0.5) / len(lines))
            axes.text(1.0 + _NAME_FROM / across, middle, text, weight=weight, **place)


def _lines(label: EndLabel) -> list[tuple[str, str]]:
    """Return the lines of a label, each with its weight."""
    width = LABEL_ROOM - _NAME_FROM - _EDGE
    name, value = wrapped(label.name, width, SMALL), wrapped(label.value, width, SMALL, bold=True)
    # As many lines as needed, but of even length.
    narrower = (wrapped(label.name, part * width, SMALL) for part in (0.55, 0.65, 0.75, 0.85))
    name = next((text for text in narrower if text.count("\n") == name.count("\n")), name)
    return [(text, weight) for part, weight in ((name, "normal"), (value, "bold")) for text in part.split("\n")]


def _height(label: EndLabel) -> float:
    return len(_lines(label)) * text_height("", SMALL)


def _fraction(axes: Axes, y: float) -> float:
    """Return the height of a value in its panel, 0 to 1."""
    point = axes.transData.transform((axes.get_xlim()[1], max(y, axes.get_ylim()[0])))
    return float(np.clip(axes.transAxes.inverted().transform(point)[1], 0.0, 1.0))


def apart(wanted: Sequence[float], heights: Sequence[float], gap: float) -> list[float]:
    """Stack blocks between 0 and 1 in the order of their wanted middles, as near to them as they go (least squares)."""
    order = sorted(range(len(wanted)), key=lambda block: (wanted[block], -block))
    sizes = np.array([heights[block] for block in order])
    # Without the room that lies below each block, "never over another" reads "never below the one before".
    below = np.concatenate(([0.0], np.cumsum((sizes[:-1] + sizes[1:]) / 2 + gap)))
    pools: list[tuple[float, int]] = []
    for middle in np.array([wanted[block] for block in order]) - below:
        pools.append((float(middle), 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (a, m), (b, n) = pools[-2:]
            pools[-2:] = [((m * a + n * b) / (m + n), m + n)]
    level = np.repeat([middle for middle, _ in pools], [count for _, count in pools])
    level = level.clip(sizes[0] / 2, max(sizes[0] / 2, 1.0 - sizes[-1] / 2 - below[-1]))
    middles = dict(zip(order, (level + below).tolist(), strict=True))
    return [middles[block] for block in range(len(wanted))]
