"""The figure of states: which share of the mines is hazardous, inert or gone, a panel for each scenario."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.lib.stride_tricks import sliding_window_view

from simulator.clocks import Array
from simulator.experiment import Outcome, ScenarioOutcome
from simulator.figure_series import laid, last_laying, last_moment, series, thinned, treaty_dates_apply
from simulator.figure_style import (
    NORMAL,
    SMALL,
    column_width,
    inches_along,
    mark_treaty_dates,
    number_axis,
    panel_size,
    sheet,
    stretched_time,
    text_height,
    text_width,
    wrapped,
    write_above,
)  # fmt: skip
from simulator.figure_wording import clearance_sentence, footer, headline_number, names, share, since
from simulator.wording import duration

_ROW_HEIGHT = 2.7
_DATES_ROOM, _GAP = 0.25, 0.1
_PIECES = 400


@dataclass(frozen=True, slots=True)
class _Look:
    """How the area of a state is filled: dark, hatched, light, so that it reads in grey."""

    colour: str
    hatch: str
    text: str


_HATCH_COLOUR = "#8F6A00"
_LOOKS = {
    "hazardous": _Look("#BF5200", "", "white"),
    "inert": _Look("#F3CF86", "////", "black"),
    "gone": _Look("#E9EDF1", "", "black"),
}


def states(outcome: Outcome) -> Figure:
    """Stack the shares of all mines laid over the horizon; what is not yet laid stays white."""
    parts, moment = outcome.scenarios, last_moment(outcome)
    columns = {1: 1, 2: 2, 4: 2}.get(len(parts), 3)
    rows = -(-len(parts) // columns)
    left = [series(part, "hazardous", "inert") for part in parts]
    title = clearance_sentence(outcome, left, moment)
    across = column_width(columns)
    heads = [
        (wrapped(name, across, NORMAL, bold=True), wrapped(_summary(part), across, SMALL))
        for name, part in zip(names(parts), parts, strict=True)
    ]
    rooms = [text_height(name, NORMAL) + text_height(summary, SMALL) + _DATES_ROOM + _GAP for name, summary in heads]
    room = [max(rooms[row * columns : (row + 1) * columns]) + _GAP for row in range(rows)]
    figure, places = sheet(title, footer(outcome, "Areas: means."), [_ROW_HEIGHT] * rows, room, columns)
    for place, axes in enumerate(places):
        if place >= len(parts):
            axes.remove()
            continue
        number_axis(axes, "Share of the mines laid [%]" if place % columns == 0 else "", 0.0, 100.0)
        axes.tick_params(labelleft=place % columns == 0)
        _draw(axes, outcome, place)
        name, summary = heads[place]
        write_above(axes, summary, _DATES_ROOM, size=SMALL)
        write_above(axes, name, _DATES_ROOM + text_height(summary, SMALL), size=NORMAL, weight="bold")
    return figure


def _draw(axes: Axes, outcome: Outcome, place: int) -> None:
    part = outcome.scenarios[place]
    world = part.world
    unit = stretched_time(axes, world.horizon_days, since(world.start))
    if treaty_dates_apply(outcome):
        mark_treaty_dates(axes, last_laying(outcome), unit, "black")
    total = float(laid(part)[-1])
    if not total > 0:
        return
    kept = thinned(world.times)
    days = world.times[kept] / unit
    lower = np.zeros(days.size)
    for state, look in _LOOKS.items():
        upper = lower + 100.0 / total * series(part, state).mean[kept].clip(min=0.0)
        fill: dict[str, Any] = {"facecolor": look.colour, "hatch": look.hatch, "edgecolor": _HATCH_COLOUR}
        axes.fill_between(days, lower, upper, linewidth=0, **fill)
        axes.plot(days, upper, color="black", linewidth=0.6, gid=f"{state}-{place}")
        _write_inside(axes, days, lower, upper, text=state, look=look)
        lower = upper
    whole = np.full(days.size, 100.0)
    _write_inside(axes, days, lower, whole, text="not yet laid", look=_Look("white", "", "black"))


def _write_inside(axes: Axes, x: Array, lower: Array, upper: Array, *, text: str, look: _Look) -> None:
    """Write a state's name where its area has most room for it, or nowhere."""
    across, up = panel_size(axes)
    width, height = text_width(text, NORMAL, bold=True) + 0.12, text_height(text, NORMAL) + 0.05
    grid = np.linspace(0.0, across, _PIECES)
    window = int(np.ceil(width / across * _PIECES))
    if window >= _PIECES:
        return
    inches = inches_along(axes, x)
    low = sliding_window_view(np.interp(grid, inches, lower), window).max(axis=1) * up / 100.0
    high = sliding_window_view(np.interp(grid, inches, upper), window).min(axis=1) * up / 100.0
    room = high - low
    if not room.max() >= height:
        return
    roomy = np.flatnonzero(room >= min(room.max() - 0.02, 3 * height))
    best = roomy[roomy.size // 2]
    place = ((grid[best] + width / 2) / across, (low[best] + high[best]) / 2 / up)
    box = {"boxstyle": "square,pad=0.15", "facecolor": look.colour, "edgecolor": "none"}
    words = axes.text(*place, text, ha="center", va="center", weight="bold", color=look.text, bbox=box, zorder=3)
    words.set_transform(axes.transAxes)


def _summary(part: ScenarioOutcome) -> str:
    """Say how many mines were laid, and the share of each state at the end of the horizon."""
    total = float(laid(part)[-1])
    if not total > 0:
        return "no mines laid"
    ends = []
    for state in _LOOKS:
        one = series(part, state)
        ends.append(f"{share(100 * float(one.mean[-1]) / total, 100 * float(one.least[-1]) / total)} {state}")
    return f"{headline_number(round(total))} mines laid; after {duration(part.world.horizon_days)}: {', '.join(ends)}"
