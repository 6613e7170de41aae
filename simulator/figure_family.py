"""The family of curves of a sweep of one number: hazardous mines and casualties over time, a line for each value."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from simulator.clocks import Array, day_number
from simulator.figure_labels import EndLabel, label_ends, room_for
from simulator.figure_series import LEAST_SAID, TREATY_DAYS, Series, thinned, unseen_from
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
_NAMES_AT, _NAMES_WIDE = 0.58, 2.2
_DOUBT = 2.0
# From dark to light without a turn, in colours and in grey; the palest end is left out.
_COLOURS, _PALEST = colormaps["viridis"], 0.88


@dataclass(frozen=True, slots=True, eq=False)
class _Member:
    """A line of the family: the words of its value, its look, and its two curves over ``times`` [T]."""

    words: str
    style: LineStyle
    times: Array
    hazardous: Series
    casualties: Series


def family(table: SweepTable) -> Figure:
    """Draw the hazardous mines and the cumulated casualties over time for the kept values of a sweep."""
    axis, lines = table.grid.axes[0], table.lines
    scenarios = [_scenario(table, line) for line in lines]
    members = [_member(table, line, scenario, place) for place, (line, scenario) in enumerate(zip(lines, scenarios, strict=True))]
    laid_from, laid_to = _laying(scenarios)
    horizon = max(float(line.times[-1]) for line in lines)
    floor = _floor(members)
    first, last = ([_end(one, casualties=which) for one in members] for which in (False, True))
    key = wrapped(axis.label, _NAMES_WIDE, SMALL)
    head = max(_HEAD + _DATES_ROOM, text_height(key, SMALL) + 0.1)
    shown = f"Lines: means{_of_all(table)}."
    if any(not one.seen[-1] for member in members for one in (member.hazardous, member.casualties)):
        shown += " “Fewer than”: not told from none; 95 % upper bound of the mean."
    figure, (top, below) = sheet(
        _headline(table, members, laid_to), value_sheet_words(table, shown),
        [max(_HEIGHT, room_for(first)), max(_HEIGHT, room_for(last))], [head, head],
    )  # fmt: skip
    start = table.grid.study.scenarios[-1].scenario.start
    for axes, ends, name in ((top, first, "hazardous"), (below, last, "casualties")):
        found = [getattr(member, name) for member in members]
        _vertical(axes, name, found, floor)
        unit = stretched_time(axes, horizon, since(start))
        for place, (member, one) in enumerate(zip(members, found, strict=True)):
            kept = thinned(member.times)
            axes.plot(member.times[kept] / unit, one.mean[kept], gid=f"{name}-{place}", **line_look(member.style))
        if laid_from >= 0 and laid_to + TREATY_DAYS[0] <= horizon:
            mark_treaty_dates(axes, laid_to, unit)
        label_ends(axes, ends)
        write_above(axes, key, 0.05, 1.0 + _NAMES_AT / panel_size(axes)[0], size=SMALL)
    return figure


def _scenario(table: SweepTable, line: Line) -> Scenario:
    size = len(table.grid.study.scenarios)
    return scenario_at(table.grid.study, table.grid[line.cell * size + size - 1]).scenario


def _member(table: SweepTable, line: Line, scenario: Scenario, place: int) -> _Member:
    axis = table.grid.axes[0]
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


def _vertical(axes: Axes, name: str, found: Sequence[Series], floor: float | None) -> None:
    most = max(float(one.mean.max()) for one in found)
    if name == "hazardous" and floor is not None:
        log_axis(axes, "Hazardous mines [number]", floor, 2 * most)
        return
    label = "Hazardous mines [number]" if name == "hazardous" else "Casualties since the start [people]"
    number_axis(axes, label, 0.0, 1.05 * most if most >= LEAST_SAID else 1.0)


def _end(member: _Member, *, casualties: bool) -> EndLabel:
    one = member.casualties if casualties else member.hazardous
    mean, least = float(one.mean[-1]), float(one.least[-1])
    y = mean if one.seen[-1] else max(mean, LEAST_SAID)
    if casualties:
        return EndLabel(y, member.words, f"{said(mean, least)} people" if one.seen[-1] else f"fewer than {bound(least)} people", member.style)
    first = unseen_from(one)
    text = f"{said(mean, least)} left" if one.seen[-1] else f"fewer than {bound(least)} left"
    if first is not None:
        text += f" from day {member.times[first]:,.0f} on"
    return EndLabel(y, member.words, text, member.style)


def _headline(table: SweepTable, members: Sequence[_Member], laid_to: float) -> str:
    """Say how many mines are still hazardous at the key moment, at the first value and at the last."""
    axis, horizon = table.grid.axes[0], min(float(member.times[-1]) for member in members)
    reached = [laid_to + days for days in TREATY_DAYS if laid_to + days <= horizon]
    day = reached[-1] if reached else horizon
    told = []
    for member in (members[0], members[-1]):
        place = int(np.argmin(np.abs(member.times - day)))
        one = member.hazardous
        mean, least = float(one.mean[place]), float(one.least[place])
        told.append(said(mean, least) if one.seen[place] else f"fewer than {bound(least)}")
    passed = f"{duration(day - laid_to)} after the last mine was laid" if reached and laid_to > 0 else f"After {duration(day)}"
    verb = "is" if told[0] == "1" else "are"
    noun = "mine" if told[0] == "1" else "mines"
    text = f"{passed}, {told[0]} {noun} {verb} still hazardous at"
    values = members[0].words, phrase(axis, members[-1].words)
    if len(members) == 1:
        text = f"{text} {values[1]}"
    else:
        text = f"{text} {values[0]}, and {told[1]} at {values[1]}"
    return f"{text} (closed form)" if table.grid.study.exact else text


def _of_all(table: SweepTable) -> str:
    drawn, every = len(table.lines), table.grid.cells
    return f", of {drawn} of {every:,} values" if drawn < every else ""
