"""The figures of a result: each says one thing, in its title, with its number.

Lines are means of the best estimator, bands the 5th to 95th percentile of the played worlds; they read in grey and to the
colour-blind. Nothing here touches pyplot or any global state, and the same outcome gives the same bytes.
"""

import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator
from numpy.lib.stride_tricks import sliding_window_view

from simulator.clocks import Array
from simulator.experiment import Outcome, ScenarioOutcome
from simulator.figure_series import Series, difference, key_moment, laid, last_laying, last_moment, series, thinned
from simulator.figure_style import (
    DPI, GREY, NORMAL, SMALL, EndLabel, LineStyle, column_width, even_time, house_style, inches_along, label_ends, line_look,
    mark_treaty_dates, number_axis, panel_size, room_for, sheet, stretched_time, style_of, text_height, text_width, wrapped,
)  # fmt: skip
from simulator.figure_wording import (
    difference_sentence, duration, footer, harm_sentence, mines_sentence, more_or_fewer, names, number, plain_number, said,
    share, spread_words, upper_bound,
)  # fmt: skip
from simulator.units import DAYS_PER_YEAR

_PANEL_HEIGHT = 2.5
_DATES_ROOM, _HEADING_ROOM = 0.25, 0.25
_STATES = (
    ("hazardous", "#D55E00", "", "white"),
    ("inert", "#F3CF86", "////", "black"),
    ("gone", "#EDF0F3", "", "black"),
)
_HATCH_COLOUR = "#9A7420"


@dataclass(frozen=True, slots=True, eq=False)
class _Panel:
    """One panel of lines: what is drawn, and how each line's end is put in words.

    ``floor`` makes the vertical axis logarithmic from there; ``stretched`` gives the first months room.
    """

    key: str
    label: str
    found: Sequence[Series]
    words: Sequence[str]
    heading: str = ""
    floor: float | None = None
    stretched: bool = False
    dates: bool = False


def figures(outcome: Outcome) -> Iterator[tuple[str, Figure]]:
    """Every figure of a run or a comparison, with the stem of its file name."""
    for stem, drawn in (("hazardous", _hazardous), ("states", _states), ("harm", _harm), ("difference", _difference)):
        if stem != "difference" or len(outcome.scenarios) > 1:
            with house_style():
                figure = drawn(outcome)
            yield stem, figure


def rendered(stem: str, figure: Figure) -> dict[str, bytes]:
    """A figure as PNG (150 dots per inch) and SVG, by file name; ids in the SVG begin with ``stem``, so several fit on one page."""
    files = {}
    with house_style(f"minesim-{stem}"):
        for form, metadata in (("png", {"Software": None}), ("svg", {"Date": None})):
            buffer = io.BytesIO()
            figure.savefig(buffer, format=form, dpi=DPI, metadata=metadata)
            files[f"{stem}.{form}"] = buffer.getvalue()
    text = files[f"{stem}.svg"].decode()
    files[f"{stem}.svg"] = re.sub(r"<[^>]+>", lambda tag: _own_ids(tag[0], stem), text).encode()
    return files


def _own_ids(tag: str, stem: str) -> str:
    return re.sub(r'( id="|url\(#|href="#)', rf"\g<1>{stem}-", tag)


def _hazardous(outcome: Outcome) -> Figure:
    found = [series(part, "hazardous") for part in outcome.scenarios]
    times = _times(outcome)
    end, label = duration(times[-1]), "Hazardous mines [number]"
    words = [f"{said(one.mean[-1], one.least[-1])} after {end}" for one in found]
    panels = [_Panel("even", label, found, words, dates=True)]
    if _needs_closer_look(found, times):
        words = [_residue_words(outcome, one) for one in found]
        heading = "The same with room for the first months and for what remains (logarithmic)"
        panels.append(_Panel("close", label, found, words, heading, _floor(found), stretched=True, dates=True))
    title = mines_sentence(outcome, found, key_moment(outcome), "still hazardous")
    return _lines(outcome, title, footer(outcome), panels)


def _harm(outcome: Outcome) -> Figure:
    rates = [series(part, "accidents_per_year") for part in outcome.scenarios]
    casualties = [series(part, "casualties") for part in outcome.scenarios]
    moment = last_moment(outcome)
    per_year = [f"{said(one.mean[-1], one.least[-1])} per year after {duration(moment.day)}" for one in rates]
    people = []
    for one in casualties:
        spread = spread_words(one, -1)
        people.append(f"{said(one.mean[-1], one.least[-1])} casualties" + (f" (5–95 %: {spread})" if spread else ""))
    panels = [
        _Panel("rate", "Accidents [per year]", rates, per_year),
        _Panel("casualties", "Casualties since the start [people]", casualties, people),
    ]
    return _lines(outcome, harm_sentence(outcome, casualties, moment), footer(outcome), panels)


def _difference(outcome: Outcome) -> Figure:
    reference, *others = outcome.scenarios
    moment = last_moment(outcome)
    panels = []
    for quantity, label in (
        ("hazardous", "Difference in\nhazardous mines [number]"),
        ("casualties", "Difference in casualties\nsince the start [people]"),
    ):
        found = [difference(reference, part, quantity) for part in others]
        words = [more_or_fewer(float(one.mean[-1])) for one in found]
        panels.append(_Panel(quantity, label, found, words))
    title = difference_sentence(outcome, panels[-1].found, moment)
    worlds = "differences to the reference, each in the same simulated world"
    return _lines(outcome, title, footer(outcome, worlds), panels)


def _lines(outcome: Outcome, title: str, foot: str, panels: Sequence[_Panel]) -> Figure:
    """A figure of panels below each other, a line for each scenario, named at its end."""
    times, called = _times(outcome), names(outcome.scenarios)
    labels = []
    for panel in panels:
        first = len(called) - len(panel.found)
        ends = [
            EndLabel(_end(one, panel), called[place], text, style_of(place))
            for place, (one, text) in enumerate(zip(panel.found, panel.words, strict=True), first)
        ]
        labels.append([EndLabel(0.0, called[0], "the reference", _ZERO), *ends] if first else ends)
    rows = [max(_PANEL_HEIGHT, room_for(ends)) for ends in labels]
    heads = [0.15 + _DATES_ROOM * panel.dates + _HEADING_ROOM * bool(panel.heading) for panel in panels]
    figure, axes = sheet(title, foot, rows, heads)
    for panel, ends, place in zip(panels, labels, axes, strict=True):
        _draw(place, panel, ends, times, outcome)
        label_ends(place, ends)
    return figure
