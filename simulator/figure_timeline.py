"""The timeline: when mines are laid, when their devices end them, when teams work and people return, by scenario.

It shows what a scenario says, not what happens in a simulated world; only the end of clearance is read from the worlds.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulator.clocks import Array, Clock, day_of, read
from simulator.experiment import Outcome, ScenarioOutcome
from simulator.figure_series import last_laying, treaty_dates_apply
from simulator.figure_style import (
    GRID,
    LABEL_ROOM,
    NORMAL,
    SMALL,
    house_bar,
    inches_along,
    mark_treaty_dates,
    panel_size,
    sheet,
    stretched_time,
    text_height,
    wrapped,
    write_above,
)  # fmt: skip
from simulator.figure_wording import DISCLAIMER, headline_number, mines_of, names, share, since
from simulator.laws import Law, Never
from simulator.lifetimes import inverse_survival
from simulator.metrics import metric_samples, metrics
from simulator.scenario import Return
from simulator.units import DAYS_PER_YEAR
from simulator.wording import counted, duration, number
from simulator.world import MineKind

_ROW_GAP, _BAR, _LEAST_BAR = 0.1, 0.15, 0.05
_BESIDE, _EDGE, _GAP, _DATES_ROOM = 0.12, 0.15, 0.1, 0.25
_WORDS_WIDE = LABEL_ROOM - _BESIDE - _EDGE
_WIDE_HEAD = 8.5
# Of the lives that end by themselves, those between these shares; and the share after which next to none goes on.
_FIRST, _LAST, _ALL_BUT = 0.05, 0.95, 0.999
_RELEASED = "days_until_95_percent_released"
_RETURNED = 0.9
_SHOWN = (
    "Bars of devices: 5–95 % of the lives that end by themselves, from the first laying to the last; thin line: on to "
    "99.9 %. Arrow: goes on beyond the time shown."
)


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of a strip: periods [days] as pairs, the day to which a thin line goes on, its look and its words."""

    key: str
    kind: str
    periods: Sequence[tuple[float, float]]
    thin_to: float | None
    words: str

    @property
    def lines(self) -> str:
        """The words broken into lines."""
        return wrapped(self.words, _WORDS_WIDE, SMALL)

    @property
    def height(self) -> float:
        """The room it needs [inches]."""
        return max(text_height(self.lines, SMALL), _BAR) + _ROW_GAP


def timeline(outcome: Outcome) -> Figure:
    """Draw a strip for each scenario: what is to happen when, on the time axis that gives the first months room."""
    parts = outcome.scenarios
    strips = [list(_rows(part, place)) for place, part in enumerate(parts)]
    heads = [wrapped(name, _WIDE_HEAD, NORMAL, bold=True) for name in names(parts)]
    dates = treaty_dates_apply(outcome) and any(kind.count for part in parts for kind in part.world.kinds)
    above = [text_height(head, NORMAL) + 2 * _GAP + _DATES_ROOM * dates for head in heads]
    heights = [sum(row.height for row in rows) + _ROW_GAP for rows in strips]
    figure, places = sheet(_title(outcome), f"{_made(outcome)} {_SHOWN} {DISCLAIMER}", heights, above)
    for axes, part, rows, head in zip(places, parts, strips, heads, strict=True):
        axes.set_ylim(panel_size(axes)[1], 0.0)
        axes.yaxis.set_visible(False)
        axes.spines["left"].set_visible(False)
        axes.grid(visible=False)
        unit = stretched_time(axes, part.world.horizon_days, since(part.world.start))
        if dates:
            mark_treaty_dates(axes, last_laying(outcome), unit)
        _draw(axes, rows, part.world.horizon_days, unit)
        write_above(axes, head, _GAP + _DATES_ROOM * dates, size=NORMAL, weight="bold")
    return figure


def _rows(part: ScenarioOutcome, place: int) -> Iterator[_Row]:
    world = part.world
    kinds = [kind for kind in world.kinds if kind.count]
    for order, kind in enumerate(kinds):
        prefix = f"{kind.name}: " if len(kinds) > 1 else ""
        for key, thing, periods, thin, words in _of_devices(kind, world.start, world.horizon_days):
            yield _Row(f"{key}-{place}-{order}", thing, periods, thin, f"{prefix}{words}")
    if not kinds:
        yield _Row(f"laid-{place}", "laid", (), None, "no mines laid")
    if world.clearance is not None:
        yield _clearance(part, place)
    if (back := part.loaded.scenario.civilians.return_) is not None:
        yield _return(back, place)


def _of_devices(
    kind: MineKind, start: date, horizon: float
) -> Iterator[tuple[str, str, Sequence[tuple[float, float]], float | None, str]]:
    """Yield what a class's rows show: laying, self-destruction, batteries, ageing; those that it has."""
    laid = f"{headline_number(kind.count)} laid {_days(kind.laid_from, kind.laid_to, start)}"
    yield "laid", "laid", [(kind.laid_from, kind.laid_to)], None, laid
    devices: tuple[tuple[str, Law, Clock | None, float, str], ...] = (
        ("self-destruct", kind.self_destruct, None, kind.self_destruct_failure, "self-destruct"),
        ("battery", kind.battery, kind.battery_clock, kind.backup_failure, "batteries of mines left run out"),
        ("ageing", kind.ageing, None, 0.0, "age out"),
    )
    for key, law, clock, failure, what in devices:
        if isinstance(law, Never) or failure >= 1:
            continue
        first = _reached(law, clock, kind.laid_from, _FIRST)
        last, end = (_reached(law, clock, kind.laid_to, passed) for passed in (_LAST, _ALL_BUT))
        if key == "ageing" and not first <= horizon:
            continue
        words = f"{what} {_window(first, last, horizon)}"
        if key == "battery" and np.isfinite(end) and end - last > 1:
            words += f" (99.9 %: {_day(end)})" if end <= horizon else ""
        if failure > 0:
            words += f"; fails in {share(100 * failure, 0.0)} of mines"
        yield key, key, [(first, last)], end if key != "ageing" else None, words


def _reached(law: Law, clock: Clock | None, laid: float, passed: float) -> float:
    """Return the day by which a share of the lives from a laying on has passed; infinite where it never does."""
    life = inverse_survival(law, np.array([1.0 - passed]))
    if clock is None:
        return float(laid + life[0])
    return float(day_of(clock, read(clock, np.array([laid])) + life)[0]) if np.isfinite(life[0]) else np.inf


def _clearance(part: ScenarioOutcome, place: int) -> _Row:
    """Show the working periods of the teams, until the median world has 95 % of the contaminated land released."""
    world, plan = part.world, part.world.clearance
    if plan is None or part.ensemble is None:
        raise ValueError("clearance is played")
    metric = next((one for one in metrics(world) if one.name == _RELEASED), None)
    done = np.sort(metric_samples(metric, part.ensemble)[1])[part.ensemble.replicates // 2] if metric else np.inf
    end = float(done) if done > plan.first_day else np.inf
    teams = f"{counted(plan.teams, 'team')} at work from {_day(plan.first_day)}"
    until = f"95 % of the land released by {_day(end)} (median world)" if np.isfinite(end) else (
        f"95 % of the land not released within {duration(world.horizon_days)} (median world)")  # fmt: skip
    last = min(end, world.horizon_days + 1.0)
    return _Row(
        f"clearance-{place}", "clearance", _working(plan.calendar, plan.first_day, last), None, f"{teams}; {until}"
    )


def _working(calendar: Clock, first: float, last: float) -> list[tuple[float, float]]:
    """Return the periods between two days in which the calendar of work goes on."""
    if calendar.is_linear:
        return [(first, last)]
    periods: list[tuple[float, float]] = []
    for begin, end, pace in zip(calendar.days[:-1], calendar.days[1:], calendar.paces, strict=True):
        low, high = max(float(begin), first), min(float(end), last)
        if not (pace > 0 and low < high):
            continue
        if periods and periods[-1][1] == low:
            periods[-1] = (periods[-1][0], high)
        else:
            periods.append((low, high))
    return periods


def _return(back: Return, place: int) -> _Row:
    """Show the return of people until nine in ten of those who come are there."""
    end = float(back.half_time * -np.log2(1.0 - _RETURNED))
    words = (
        f"people return: {_percent(back.initial)} there at the start, {_percent(back.final)} in the end; "
        f"{_percent(_RETURNED)} of the way by {_day(end)}"
    )
    return _Row(f"return-{place}", "return", [(0.0, end)], None, words)


def _draw(axes: Axes, rows: Sequence[_Row], horizon: float, unit: float) -> None:
    across = panel_size(axes)[0]
    limits = np.array([0.0, horizon]) / unit
    top = _ROW_GAP / 2
    for row in rows:
        middle = top + row.height / 2
        axes.axhline(middle, color=GRID, linewidth=0.7, zorder=0.5)
        look = house_bar(row.kind)
        shown = [(low, high) for low, high in row.periods if low <= horizon and high >= 0]
        for place, (low, high) in enumerate(shown):
            ends = np.clip(np.array([low, high]) / unit, *limits)
            ends = _wide_enough(axes, ends, across)
            axes.barh(middle, ends[1] - ends[0], _BAR, ends[0], gid=f"{row.key}-{place}", zorder=2, **look)
        last = max((high for _, high in row.periods), default=-1.0)
        thin = row.thin_to if row.thin_to is not None else last
        if shown and thin > last:
            line = np.clip(np.array([last, thin]) / unit, *limits)
            axes.plot(line, [middle, middle], color=look["edgecolor"], linewidth=1.6, gid=f"{row.key}-tail", zorder=1.8)
        if row.periods and max(thin, last) > horizon:
            mark: dict[str, Any] = {"marker": ">", "markersize": 6, "clip_on": False, "zorder": 3}
            axes.plot(limits[1], middle, color=look["edgecolor"], gid=f"{row.key}-on", **mark)
        place_of: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "va": "center", "size": SMALL}
        axes.text(1.0 + _BESIDE / across, middle, row.lines, clip_on=False, linespacing=1.2, **place_of)
        top += row.height


def _wide_enough(axes: Axes, ends: Array, across: float) -> Array:
    """Widen a bar that would be too thin to see, within the axis."""
    inches = inches_along(axes, ends)
    if inches[1] - inches[0] >= _LEAST_BAR:
        return ends
    middle = np.clip(inches.mean(), _LEAST_BAR / 2, across - _LEAST_BAR / 2)
    pixels = (np.array([middle - _LEAST_BAR / 2, middle + _LEAST_BAR / 2]) / across) * axes.bbox.width + axes.bbox.x0
    points = axes.transData.inverted().transform(np.column_stack((pixels, np.full(2, axes.bbox.y0))))
    return np.asarray(points[:, 0])


def _days(first: float, last: float, start: date) -> str:
    if last < 0:
        return f"before {since(start)}"
    if first == last:
        return f"on day {headline_number(first)}" if first else "on day 0"
    return f"from {'before the start' if first < 0 else _day(first)} to {_day(last)}"


def _window(first: float, last: float, horizon: float) -> str:
    """Write a period, ``from day 13 to day 17``; what lies beyond the horizon is ``later``."""
    if not first <= horizon:
        return f"after the {duration(horizon)} shown"
    if not last <= horizon:
        return f"from {_day(first)} on, not all within {duration(horizon)}"
    return f"on {_day(first)}" if _day(first) == _day(last) else f"from {_day(first)} to {_day(last)}"


def _day(days: float) -> str:
    """Write a time: a day up to two years, then a year with its parts."""
    if days >= 2 * DAYS_PER_YEAR:
        return f"year {number(days / DAYS_PER_YEAR)}"
    return f"day {headline_number(days)}" if days >= 1 or days == 0 else duration(days)


def _percent(part: float) -> str:
    return f"{100 * part:g} %"


def _made(outcome: Outcome) -> str:
    cleared = any(part.world.clearance is not None for part in outcome.scenarios)
    worlds = f", but for the end of clearance ({outcome.replicates:,} replicates)" if cleared else ""
    return f"What the scenarios say, not what was simulated{worlds}."


def _title(outcome: Outcome) -> str:
    """Say by when batteries have run out, else by when self-destruct devices have acted, else that there are none."""
    kinds = [(place, kind) for place, part in enumerate(outcome.scenarios) for kind in part.world.kinds if kind.count]
    horizon = outcome.scenarios[0].world.horizon_days
    if not kinds:
        return "No mines are laid"
    for what, of, acted in (
        ("battery", "of the batteries", "run out"),
        ("self_destruct", "of the self-destruct devices", "acted"),
    ):
        its = [(place, kind) for place, kind in kinds if _has(kind, what)]
        if not its:
            continue
        ends = [
            _reached(getattr(kind, what), kind.battery_clock if what == "battery" else None, kind.laid_to, _ALL_BUT)
            for _, kind in its
        ]
        whose = f"of {mines_of(outcome.scenarios)[its[0][0]]}" if len(its) == 1 else "of all mines that have one"
        by = f"By {_day(max(ends))}" if max(ends) <= horizon else f"Only after the {duration(horizon)} shown"
        done = "have" if max(ends) <= horizon else "will have"
        fails = any(_failure(kind, what) > 0 for _, kind in its)
        return f"{by}, 99.9 % {of} {whose} {done} {acted}" + (", but for those that fail" if fails else "")
    if all(isinstance(kind.ageing, Never) for _, kind in kinds):
        return "No device ends these mines, and they do not age out"
    slowest = max(float(inverse_survival(kind.ageing, np.array([0.5]))[0]) for _, kind in kinds)
    half = f"that takes {duration(slowest)} for half of them" if np.isfinite(slowest) else "not all ever do"
    return f"No device ends these mines: by themselves they only age out, and {half}"


def _has(kind: MineKind, what: str) -> bool:
    return not isinstance(getattr(kind, what), Never) and _failure(kind, what) < 1


def _failure(kind: MineKind, what: str) -> float:
    return kind.backup_failure if what == "battery" else kind.self_destruct_failure
