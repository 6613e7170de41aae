"""The family of curves of a sweep of one number: hazardous mines and casualties over time, a line for each value."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from simulator.clocks import Array, day_number
from simulator.figure_labels import EndLabel, label_ends, room_for
from simulator.figure_series import LEAST_SAID, TREATY_DAYS, Series, thinned
from simulator.figure_style import (
    SMALL,
    LineStyle,
    line_look,
    mark_treaty_dates,
    number_axis,
    panel_size,
    sheet,
    stretched_time,
    text_height,
    wrapped,
    write_above,
)  # fmt: skip
from simulator.figure_values import log_axis
from simulator.figure_wording import said, since
from simulator.points import scenario_at
from simulator.scenario import Scenario
from simulator.statistics import Band, zero_events_bound
from simulator.sweep_headlines import value_sheet_words
from simulator.sweep_reading import phrase, value_words
from simulator.sweep_table import Line, SweepTable
from simulator.wording import bound, duration

_HEIGHT, _DATES_ROOM, _HEAD = 2.5, 0.25, 0.15
_SAMPLE_FROM, _SAMPLE_TO, _NAMES_AT, _NAMES_WIDE = 0.12, 0.5, 0.58, 2.15
_BETWEEN = 0.09
_DOUBT = 2.0
# From dark to light without a turn, in colours and in grey; what has no contrast of 3 to white is left out.
_COLOURS, _PALEST = colormaps["inferno"], 0.67


@dataclass(frozen=True, slots=True, eq=False)
class _Member:
    """A line of the family: the words of its value, its look, and its two curves over ``times`` [T]."""

    words: str
    style: LineStyle
    times: Array
    hazardous: Series
    casualties: Series

    def at(self, day: float) -> int:
        """The place of the time nearest to a day."""
        return int(np.argmin(np.abs(self.times - day)))


def family(table: SweepTable) -> Figure:
    """Draw the hazardous mines and the cumulated casualties over time for the kept values of a sweep."""
    scenarios = [_scenario(table, line) for line in table.lines]
    members = [_member(table, place, scenario) for place, scenario in enumerate(scenarios)]
    laid_from, laid_to = _laying(scenarios)
    day = _key_day(members, laid_to)
    horizon = max(float(member.times[-1]) for member in members)
    unseen = not any(member.hazardous.seen[-1] for member in members)
    first, last = ([_end(one, casualties=which) for one in members] for which in (False, True))
    key = wrapped(".".join(table.grid.axes[0].path[-2:]), _NAMES_WIDE, SMALL)
    head = max(_HEAD + _DATES_ROOM, text_height(key, SMALL) + 0.1)
    foot = value_sheet_words(table, _shown(table, members))
    rows = [max(_HEIGHT, room_for(first)), max(_HEIGHT, room_for(last))]
    figure, panels = sheet(_headline(table, members, day, laid_to), foot, rows, [head, head])
    start = since(table.grid.study.scenarios[-1].scenario.start)
    for axes, ends, name in zip(panels, (first, last), ("hazardous", "casualties"), strict=True):
        _vertical(axes, name, members)
        unit = stretched_time(axes, horizon, start)
        for place, member in enumerate(members):
            kept = thinned(member.times)
            mean = getattr(member, name).mean[kept]
            axes.plot(member.times[kept] / unit, mean, gid=f"{name}-{place}", **line_look(member.style))
        if laid_from >= 0 and laid_to + TREATY_DAYS[0] <= horizon:
            mark_treaty_dates(axes, laid_to, unit)
        if name == "hazardous" and unseen:
            _draw_key(axes, members, day)
        else:
            label_ends(axes, ends)
        write_above(axes, key, 0.05, 1.0 + _NAMES_AT / panel_size(axes)[0], size=SMALL)
    return figure


def _scenario(table: SweepTable, line: Line) -> Scenario:
    size = len(table.grid.study.scenarios)
    return scenario_at(table.grid.study, table.grid[line.cell * size + size - 1]).scenario


def _member(table: SweepTable, place: int, scenario: Scenario) -> _Member:
    axis, line = table.grid.axes[0], table.lines[place]
    share = _PALEST * place / max(len(table.lines) - 1, 1)
    return _Member(
        value_words(axis, axis.values[line.cell]),
        LineStyle(to_hex(_COLOURS(share)), ()),
        line.times,
        _series(line.bands["hazardous"], 1.0),
        _series(line.bands["casualties"], scenario.civilians.casualties_per_accident),
    )


def _series(one: Band, worth: float) -> Series:
    """Read a curve: where a world showed some, or the mean is clear, and the least that can be told from none."""
    if not one.replicates:
        return Series(one.mean, None, None, one.mean >= LEAST_SAID, np.full(one.mean.shape, LEAST_SAID))
    seen = (one.p95 > 0) | (one.mean > _DOUBT * one.standard_error)
    upper = np.maximum(zero_events_bound(one.replicates) * worth, one.mean + _DOUBT * one.standard_error)
    return Series(one.mean, one.p05, one.p95, seen, np.where(seen, LEAST_SAID, np.maximum(upper, LEAST_SAID)))


def _laying(scenarios: Sequence[Scenario]) -> tuple[float, float]:
    """The first and the last day of laying, 0 and 0 where there are no mines."""
    every = [(mines, one.start) for one in scenarios for mines in one.mines.values() if mines.count]
    first = min((day_number(mines.laid.start, start) for mines, start in every), default=0.0)
    return first, max((day_number(mines.laid.end, start) for mines, start in every), default=0.0)


def _floor(members: Sequence[_Member]) -> float | None:
    """Where a logarithmic axis of hazardous mines begins; None where an even one shows what is left."""
    ends = []
    hidden = False
    for member in members:
        mean = member.hazardous.mean
        peak = int(np.argmax(mean))
        after = mean[peak:]
        hidden |= bool(((after > 0) & (after < 0.01 * mean[peak])).any())
        least = float(member.hazardous.least[-1])
        ends.append(float(after.min()) if member.hazardous.seen[-1] else least / 2)
    most = max(float(member.hazardous.mean.max()) for member in members)
    # Lines decades apart are told apart on a logarithmic axis only.
    hidden |= min(float(member.hazardous.mean.max()) for member in members) < 0.01 * most
    return float(10.0 ** np.floor(np.log10(max(min(ends), LEAST_SAID)))) if hidden and most > 0 else None


def _vertical(axes: Axes, name: str, members: Sequence[_Member]) -> None:
    most = max(float(getattr(member, name).mean.max()) for member in members)
    if name == "hazardous" and (floor := _floor(members)) is not None:
        log_axis(axes, "Hazardous mines [number]", floor, 2 * most)
        return
    label = "Hazardous mines [number]" if name == "hazardous" else "Casualties since the start [people]"
    number_axis(axes, label, 0.0, 1.05 * most if most >= LEAST_SAID else 1.0)


def _end(member: _Member, *, casualties: bool) -> EndLabel:
    one, unit = (member.casualties, "people") if casualties else (member.hazardous, "left")
    y = float(one.mean[-1] if one.seen[-1] else max(one.mean[-1], LEAST_SAID))
    return EndLabel(y, member.words, f"{_told(one, -1)} {unit}", member.style)


def _draw_key(axes: Axes, members: Sequence[_Member], day: float) -> None:
    """Write a key beside a panel whose lines all end in none, with their numbers on a day, in that order."""
    across, up = panel_size(axes)
    y = 1.0
    for member in sorted(members, key=lambda one: -float(one.hazardous.mean[one.at(day)])):
        look: dict[str, Any] = {"transform": axes.transAxes, "clip_on": False}
        lines = (member.words, f"{_told(member.hazardous, member.at(day))} on day {day:,.0f}")
        x = np.array([_SAMPLE_FROM, _SAMPLE_TO])
        middle = y - text_height("\n", SMALL) / 2 / up
        axes.add_line(Line2D(1.0 + x / across, [middle, middle], **line_look(member.style), **look))
        for text, weight in zip(lines, ("normal", "bold"), strict=True):
            y -= text_height("", SMALL) / up
            place = (1.0 + _NAMES_AT / across, y)
            axes.text(*place, text, size=SMALL, weight=weight, va="bottom", **look)
        y -= _BETWEEN / up


def _key_day(members: Sequence[_Member], laid_to: float) -> float:
    """The day that the title speaks of: the last treaty date within every line, or else the first end of one."""
    end = min(float(member.times[-1]) for member in members)
    reached = [laid_to + days for days in TREATY_DAYS if laid_to + days <= end]
    return reached[-1] if reached else end


def _headline(table: SweepTable, members: Sequence[_Member], day: float, laid_to: float) -> str:
    """Say how many mines are still hazardous on a day, at the first value and at the last."""
    axis = table.grid.axes[0]
    told = [_told(member.hazardous, member.at(day)) for member in (members[0], members[-1])]
    after = f"{duration(day - laid_to)} after the last mine was laid" if 0 < laid_to < day else f"After {duration(day)}"
    values, last = [member.words for member in members], phrase(axis, members[-1].words)
    if axis.path[-1] == "count":
        text = f"{after}, {told[0]} of {phrase(axis, values[0])} are still hazardous"
        text += f", and {told[1]} of {values[-1]}" if len(members) > 1 else ""
    else:
        text = f"{after}, {told[0]} {'mine is' if told[0] == '1' else 'mines are'} still hazardous at "
        text += f"{values[0]}, and {told[1]} at {last}" if len(members) > 1 else last
    return f"{text} (closed form)" if table.grid.study.exact else text


def _told(one: Series, place: int) -> str:
    """Write a mean, or the bound below which it lies where it cannot be told from none."""
    mean, least = float(one.mean[place]), float(one.least[place])
    return said(mean, least) if one.seen[place] else f"fewer than {bound(least)}"


def _shown(table: SweepTable, members: Sequence[_Member]) -> str:
    drawn, every = len(table.lines), table.grid.cells
    text = f"Lines: means, of {drawn} of {every:,} values." if drawn < every else "Lines: means."
    both = [one for member in members for one in (member.hazardous, member.casualties)]
    if not any(member.hazardous.seen[-1] for member in members):
        most = max(float(member.hazardous.least[-1]) for member in members)
        text += f" At the end, every line lies below {bound(most)} hazardous mines."
    if not table.grid.study.exact and any(not one.seen[-1] for one in both):
        text += " “Fewer than”, “below”: not told from none; 95 % upper bound of the mean."
    return text
