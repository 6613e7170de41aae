"""The fan of worlds: how far chance spreads the casualties since the start, on shared axes, a panel a scenario."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from simulator.clocks import Array
from simulator.ensemble import ALL, samples
from simulator.experiment import Outcome, ScenarioOutcome
from simulator.figure_labels import apart
from simulator.figure_series import LEAST_SAID, series, thinned
from simulator.figure_style import (
    GREY,
    NORMAL,
    SMALL,
    LineStyle,
    column_width,
    even_time,
    line_look,
    number_axis,
    panel_size,
    sheet,
    style_of,
    text_height,
    wrapped,
    write_above,
)  # fmt: skip
from simulator.figure_wording import footer, headline_number, mines_of, names, since
from simulator.wording import bound, duration

_HEIGHT, _GAP = 2.3, 0.1
# Room beside a panel for the numbers at its right edge, and how the thin lines to them run.
_NUMBERS, _LEADER, _AWAY = 1.3, 0.1, 0.14
_WORLDS = 5
_SHARES = (5, 25, 50, 75, 95)
_WORLD_COLOUR = "#6E6E6E"


@dataclass(frozen=True, slots=True, eq=False)
class _Fan:
    """The casualties since the start in the worlds of a scenario: percentiles [5, T] by ``_SHARES``, worlds [n, T].

    ``bound`` is the upper bound of the mean where no world shows any, else None.
    """

    percentiles: Array
    worlds: Array
    bound: float | None

    @property
    def ends(self) -> Array:
        """The percentiles at the horizon [5]."""
        return np.asarray(self.percentiles[:, -1])


def fan(outcome: Outcome) -> Figure | None:
    """Draw bands of 50 % and 90 % of the played worlds, their median, and a few worlds; None in closed form."""
    if not outcome.replicates:
        return None
    parts = outcome.scenarios
    fans = [_fan(part) for part in parts]
    columns = min(len(parts), 2)
    rows = -(-len(parts) // columns)
    width = column_width(columns) - _NUMBERS
    heads = [wrapped(name, width + _NUMBERS, NORMAL, bold=True) for name in names(parts)]
    notes = [wrapped(_summary(one, outcome.replicates), width + _NUMBERS, SMALL) for one in fans]
    rooms = [text_height(a, NORMAL) + text_height(b, SMALL) + 2 * _GAP for a, b in zip(heads, notes, strict=True)]
    room = [max(rooms[row * columns : (row + 1) * columns]) + _GAP for row in range(rows)]
    foot = footer(outcome, _shown(outcome))
    figure, places = sheet(_title(outcome, fans), foot, [_HEIGHT] * rows, room, columns)
    highest = max(float(one.percentiles[-1].max()) for one in fans)
    highest = max(highest, *(float(one.worlds[:_WORLDS].max()) for one in fans))
    for place, axes in enumerate(places):
        if place >= len(parts):
            axes.remove()
            continue
        across = figure.get_figwidth()
        box = axes.get_position()
        axes.set_position((box.x0, box.y0, width / across, box.height))
        number_axis(
            axes,
            "Casualties since the start [people]" if place % columns == 0 else "",
            0.0,
            1.05 * highest if highest >= LEAST_SAID else 1.0,
        )
        axes.tick_params(labelleft=place % columns == 0)
        _draw(axes, parts[place], fans[place], place)
        write_above(axes, notes[place], _GAP, size=SMALL)
        write_above(axes, heads[place], _GAP + text_height(notes[place], SMALL), size=NORMAL, weight="bold")
    return figure


def _fan(part: ScenarioOutcome) -> _Fan:
    if part.ensemble is None:
        raise ValueError("needs a simulation")
    worlds = samples(part.ensemble, ALL, "casualties")[1]
    least = None if worlds.any() else float(series(part, "casualties").least[-1])
    return _Fan(np.percentile(worlds, _SHARES, axis=0), worlds, least)


def _draw(axes: Axes, part: ScenarioOutcome, one: _Fan, place: int) -> None:
    world, style = part.world, style_of(place)
    unit = even_time(axes, world.horizon_days, since(world.start))
    kept = thinned(world.times)
    days = world.times[kept] / unit
    for low, high, shade, key in ((0, 4, 0.14, "90"), (1, 3, 0.3, "50")):
        look: dict[str, Any] = {"facecolor": (style.colour, shade), "edgecolor": style.colour, "linewidth": 0.5}
        ends = one.percentiles[low][kept], one.percentiles[high][kept]
        axes.fill_between(days, *ends, gid=f"band-{key}-{place}", zorder=1.2, **look)
    for which, single in enumerate(one.worlds[:_WORLDS]):
        axes.plot(days, single[kept], color=_WORLD_COLOUR, linewidth=0.6, gid=f"world-{which}-{place}", zorder=1.6)
    middle = line_look(LineStyle(style.colour, ()))
    axes.plot(days, one.percentiles[2][kept], gid=f"median-{place}", zorder=2, **middle)
    _write_ends(axes, one)


def _write_ends(axes: Axes, one: _Fan) -> None:
    """Write the percentiles at the right edge, those that read alike together, each beside its height."""
    told = [
        (_told(value), f"{share} %" if share != 50 else "median")
        for value, share in zip(one.ends, _SHARES, strict=True)
    ]
    groups = [(words, [name for _, name in its]) for words, its in groupby(told, key=lambda pair: pair[0])]
    across, up = panel_size(axes)
    places, heights, low = [], [], 0
    for _, its in groups:
        middle = float(one.ends[low : low + len(its)].mean())
        places.append(middle / axes.get_ylim()[1])
        heights.append(text_height("", SMALL) / up)
        low += len(its)
    look: dict[str, Any] = {"transform": axes.transAxes, "clip_on": False}
    for (words, its), at, y in zip(groups, places, apart(places, heights, 0.0), strict=True):
        text = f"{its[0]}: {words}" if len(its) == 1 else f"{its[0]} to {its[-1]}: {words}"
        axes.add_line(Line2D([1.0, 1.0 + _LEADER / across], [at, y], color=GREY, linewidth=0.6, **look))
        bold = "bold" if "median" in its else "normal"
        axes.text(1.0 + _AWAY / across, y, text, va="center", size=SMALL, weight=bold, **look)


def _told(value: float) -> str:
    return headline_number(value) if value >= LEAST_SAID else "none"


def _range(one: _Fan, low: int, high: int) -> str:
    first, last = _told(one.ends[low]), _told(one.ends[high])
    return first if first == last else f"{first} to {last}"


def _summary(one: _Fan, runs: int) -> str:
    """Say above a panel where half and nine in ten of the worlds end."""
    if one.bound is not None:
        return f"None in any of {runs:,} worlds: fewer than {bound(one.bound)} people expected"
    return f"At the end, half of the worlds: {_range(one, 1, 3)}; 90 %: {_range(one, 0, 4)}"


def _shown(outcome: Outcome) -> str:
    """Say what lines and shadings are."""
    drawn = min(_WORLDS, outcome.replicates)
    return (
        f"Dark shading: half of the simulated worlds (25–75 %); light: 90 % of them (5–95 %); bold line: median; thin "
        f"lines: the first {drawn} worlds, not chosen. “95 %: 12” says that 95 % of the worlds end at 12 or below."
    )


def _title(outcome: Outcome, fans: Sequence[_Fan]) -> str:
    """Say how many casualties nine in ten worlds see, and what the reference's see, or the range of the medians."""
    mines, runs = mines_of(outcome.scenarios), outcome.replicates
    start = f"Over {duration(outcome.scenarios[0].world.horizon_days)}"
    if len(fans) <= 2:
        first = len(fans) - 1
        text = f"{start}, {_worlds_see(fans[first], runs)} from {mines[first]}"
        if first == 0:
            return text
        if fans[0].bound is not None:
            return f"{text}, and none sees any from {mines[0]}" if fans[1].bound is None else (
                f"{start}, none of {runs:,} worlds sees a casualty from {mines[1]} or from {mines[0]}"
            )  # fmt: skip
        return f"{text}, against {_range(fans[0], 0, 4)} from {mines[0]}"
    middles = sorted(float(one.ends[2]) for one in fans[1:])
    ends = [_told(middles[0]), _told(middles[-1])]
    told = ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"
    return (
        f"{start}, the median world sees {_casualties(float(fans[0].ends[2]))} from {mines[0]}, against {told} in the "
        f"{len(middles)} other scenarios"
    )


def _worlds_see(one: _Fan, runs: int) -> str:
    if one.bound is not None:
        return f"none of {runs:,} worlds sees a casualty (fewer than {bound(one.bound)} expected)"
    if one.ends[-1] < LEAST_SAID:
        return "95 % of the worlds see no casualty"
    return f"90 % of the worlds see {_range(one, 0, 4)} casualties"


def _casualties(value: float) -> str:
    told = _told(value)
    return "no casualty" if told == "none" else f"{told} {'casualty' if told == '1' else 'casualties'}"
