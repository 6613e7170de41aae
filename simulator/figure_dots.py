"""Quantile dot plots: every dot is the same share of the worlds, so that chances are counted instead of read off.

After Kay, Kola, Hullman and Munson (2016), "When (ish) is my bus?", doi:10.1145/2858036.2858558: readers judge chances
better by counting 20 or 50 dots than by areas.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from simulator.clocks import Array
from simulator.experiment import Outcome, ScenarioOutcome
from simulator.figure_dot_stacks import quantile_dots, stacked
from simulator.figure_series import LEAST_SAID
from simulator.figure_style import (
    GREY,
    NORMAL,
    SMALL,
    column_width,
    panel_size,
    sheet,
    style_of,
    text_height,
    wrapped,
    write_above,
)  # fmt: skip
from simulator.figure_wording import footer, headline_number, mines_of, more_or_fewer, names, plain_number, since
from simulator.metrics import Metric, averted, metric_samples, metrics
from simulator.units import DAYS_PER_YEAR
from simulator.wording import counted, duration, durations

_HEIGHT, _GAP = 1.15, 0.1
_FEW, _MANY = 20, 50
_ASIDE, _ACROSS, _DOT_ASIDE = 1.25, 5, 0.09
# Times that differ by less are the same for a reader.
_SAME_DAYS = 0.05
_AVERTED = "averted"


@dataclass(frozen=True, slots=True, eq=False)
class _Panel:
    """The worlds of one panel, ``values`` [n], infinite where a time does not come; what stands above, and its axis.

    ``aside`` says what the infinite ones mean.
    """

    key: str
    values: Array
    place: int
    name: str
    summary: str
    label: str
    unit: float
    aside: str = ""


def dots(outcome: Outcome) -> Figure | None:
    """Draw the worlds of a time until a threshold and of the casualties averted; None where neither varies."""
    if not outcome.replicates:
        return None
    groups = [group for group in (_times(outcome), _averted(outcome)) if group]
    if not groups:
        return None
    count = _count(outcome.replicates)
    columns = 1 if all(len(group) == 1 for group in groups) else 2
    lines = [group[row : row + columns] for group in groups for row in range(0, len(group), columns)]
    width = column_width(columns)
    heads = {
        panel.key: (wrapped(panel.name, width, NORMAL, bold=True), wrapped(panel.summary, width, SMALL))
        for line in lines
        for panel in line
    }
    rooms = {
        key: text_height(name, NORMAL) + text_height(note, SMALL) + 2 * _GAP for key, (name, note) in heads.items()
    }
    above = [max(rooms[panel.key] for panel in line) + _GAP for line in lines]
    foot = footer(outcome, _shown(outcome.replicates, count, compared=groups[-1][0].key.startswith(_AVERTED)))
    figure, places = sheet(_title(outcome, groups), foot, [_HEIGHT] * len(lines), above, columns, shared=False)
    for row, line in enumerate(lines):
        for column in range(columns):
            axes = places[row * columns + column]
            if column >= len(line):
                axes.remove()
                continue
            panel = line[column]
            group = next(group for group in groups if panel in group)
            _draw(axes, panel, group, count)
            name, note = heads[panel.key]
            write_above(axes, note, _GAP, size=SMALL)
            write_above(axes, name, _GAP + text_height(note, SMALL), size=NORMAL, weight="bold")
    return figure


def _count(replicates: int) -> int:
    """Choose how many dots: 20 or 50, or one for each of fewer worlds."""
    return _MANY if replicates >= _MANY else min(_FEW, replicates)


def _times(outcome: Outcome) -> list[_Panel]:
    """Read the time that differs among the worlds of most scenarios; nothing where none does."""
    best: tuple[int, Metric] | None = None
    for metric in metrics(outcome.scenarios[0].world):
        if not metric.is_time or any(_metric(part, metric.name) is None for part in outcome.scenarios):
            continue
        varied = sum(_varies(_played(part, metric.name)) for part in outcome.scenarios)
        if varied and (best is None or varied > best[0]):
            best = varied, metric
    if best is None:
        return []
    metric, world = best[1], outcome.scenarios[0].world
    every = [_played(part, metric.name) for part in outcome.scenarios]
    most = max(float(one[np.isfinite(one)].max(initial=0.0)) for one in every)
    unit, word = (DAYS_PER_YEAR, "years") if most >= 2 * DAYS_PER_YEAR else (1.0, "days")
    what = metric.label.replace("e-0", "e-")
    label = f"{what[:1].upper()}{what[1:]}, since {since(world.start)} [{word}]"
    aside = f"not within {duration(world.horizon_days)}"
    return [
        _Panel(f"time-{place}", values, place, name, _time_summary(values, aside), label, unit, aside)
        for place, (values, name) in enumerate(zip(every, names(outcome.scenarios), strict=True))
    ]


def _averted(outcome: Outcome) -> list[_Panel]:
    """Read the casualties that each other scenario averts in each world; nothing where none ever varies."""
    reference, *others = outcome.scenarios
    if reference.ensemble is None:
        return []
    every = [averted(reference.ensemble, part.ensemble)[1] for part in others if part.ensemble is not None]
    if not any(np.ptp(one) > LEAST_SAID for one in every):
        return []
    called = names(outcome.scenarios)
    label = "Casualties averted against the reference, over the horizon [people]"
    return [
        _Panel(
            f"{_AVERTED}-{place}",
            values,
            place,
            f"{called[place]}, against {called[0]}",
            _averted_summary(values),
            label,
            1.0,
        )
        for place, values in enumerate(every, start=1)
    ]


def _metric(part: ScenarioOutcome, name: str) -> Metric | None:
    return next((metric for metric in metrics(part.world) if metric.name == name), None)


def _played(part: ScenarioOutcome, name: str) -> Array:
    metric = _metric(part, name)
    if metric is None or part.ensemble is None:
        raise ValueError("needs a simulation that has the metric")
    return metric_samples(metric, part.ensemble)[1]


def _varies(times: Array) -> bool:
    """Tell whether times differ among the worlds, but for the earliest and the latest 5 % of them."""
    early, late = quantile_dots(times, 20)[[1, -2]]
    return bool(np.isfinite(early) and late - early > _SAME_DAYS)


def _draw(axes: Axes, panel: _Panel, group: Sequence[_Panel], count: int) -> None:
    """Draw the dots of a panel over an axis that all panels of its group share in extent."""
    across, up = panel_size(axes)
    aside = _ASIDE if any(np.isinf(one.values).any() for one in group) else 0.0
    there = np.concatenate([one.values[np.isfinite(one.values)] for one in group]) / panel.unit
    low, high = float(there.min()), float(there.max())
    room = 0.04 * (high - low) or 0.5 * max(abs(low), 1.0)
    low, high = low - room, high + room
    per_inch = (high - low) / (across - aside)
    axes.set_xlim(low, high + aside * per_inch)
    axes.set_ylim(0.0, up)
    axes.spines["bottom"].set_bounds(low, high)
    axes.spines["left"].set_visible(False)
    ticks = [tick for tick in MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high) if low <= tick <= high]
    axes.set_xticks(ticks)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: plain_number(x)))
    axes.yaxis.set_visible(False)
    axes.grid(visible=False)
    axes.set_xlabel(wrapped(panel.label, across, SMALL), size=SMALL)
    if panel.key.startswith(_AVERTED) and low < 0 < high:
        axes.axvline(0.0, color=GREY, linewidth=0.9, linestyle=(0, (2, 2)))
    shown = quantile_dots(panel.values, count)
    place, look = np.isfinite(shown), _dot_look(panel.place)
    x, y, size = stacked((shown[place] / panel.unit - low) / per_inch, up)
    axes.plot(low + x * per_inch, y, gid=f"{panel.key}-dots", markersize=72 * size * 0.9, **look)
    late = int((~place).sum())
    if late:
        columns, rows = np.arange(late) % _ACROSS, np.arange(late) // _ACROSS
        first = high + (aside - _ACROSS * _DOT_ASIDE) * per_inch
        axes.plot(
            first + (columns + 0.5) * _DOT_ASIDE * per_inch, (rows + 0.5) * _DOT_ASIDE,
            gid=f"{panel.key}-late", markersize=72 * _DOT_ASIDE * 0.9, **look,
        )  # fmt: skip
        share = 100 * float(np.isinf(panel.values).mean())
        text = wrapped(f"{panel.aside}: {headline_number(share)} %", aside - _ACROSS * _DOT_ASIDE - 0.1, SMALL)
        axes.text(first - 0.06 * per_inch, 0.02, text, size=SMALL, ha="right", va="bottom", linespacing=1.15)


def _dot_look(place: int) -> dict[str, Any]:
    """Fill the dots of a scenario, and give them a white rim where they lie close."""
    return {
        "linestyle": "none", "marker": "o", "color": style_of(place).colour, "markeredgecolor": "white",
        "markeredgewidth": 0.3, "clip_on": False,
    }  # fmt: skip


def _dot_share(count: int) -> str:
    return f"{100 / count:.2g} %"


def _time_summary(times: Array, aside: str) -> str:
    """Say when half of the worlds are there, and in how many it does not come."""
    late = float(np.isinf(times).mean())
    if late == 1:
        return f"{aside} in any of {times.size:,} worlds"
    start = float((times == 0).mean())
    if start == 1:
        return f"from the start in all {times.size:,} worlds"
    middle = float(quantile_dots(times, 1)[0])
    text = f"from the start in {_percent(start)} of worlds" if start else ""
    if not start and np.isfinite(middle):
        low, high = (float(quantile_dots(times, 20)[end]) for end in (1, 18)) if times.size >= _FEW else (
            float(times.min()), float(times.max()))  # fmt: skip
        spread = "5–95 % of worlds" if times.size >= _FEW else "all worlds"
        told = durations(low, high)
        text = f"median {duration(middle)}" + (f"; {spread}: {told}" if told != duration(middle) else "")
    tail = f"{aside} in {_percent(late)} of worlds" if late else ""
    return "; ".join(part for part in (text, tail) if part) or f"median {duration(middle)}"


def _averted_summary(values: Array) -> str:
    """Say how many the median world averts, and in which share of the worlds there are more casualties."""
    middle, more = float(np.median(values)), float((values < -LEAST_SAID).mean())
    worse = f"more casualties in {_percent(more)} of worlds" if more else f"more in none of {values.size:,} worlds"
    if abs(middle) < LEAST_SAID:
        return f"median world: as many casualties as in the reference; {worse}"
    return f"median world: {more_or_fewer(-middle)} casualties than in the reference; {worse}"


def _percent(share: float) -> str:
    return f"{headline_number(100 * share)} %"


def _shown(replicates: int, count: int, *, compared: bool) -> str:
    """Say what a dot is, and what is averted."""
    worlds = replicates / count
    about = f"{counted(round(worlds), 'world')}" if worlds == round(worlds) else f"about {worlds:.2g} worlds"
    pairs = " Averted: in the same world, with the same draws, in both scenarios." if compared else ""
    return f"Each of the {count} dots is {_dot_share(count)} of the simulated worlds ({about}).{pairs}"


def _title(outcome: Outcome, groups: Sequence[Sequence[_Panel]]) -> str:
    """Say in how many worlds there are fewer casualties than in the reference, or more if that is the rule.

    Without a comparison, say when half of the worlds are there.
    """
    group, runs = groups[-1], outcome.replicates
    mines = mines_of(outcome.scenarios)
    if group[0].key.startswith(_AVERTED):
        fewer = sorted(int((panel.values > LEAST_SAID).sum()) for panel in group)
        more = sorted(int((panel.values < -LEAST_SAID).sum()) for panel in group)
        counts, word = (fewer, "fewer") if fewer[-1] >= more[-1] else (more, "more")
        span = f"{counts[0]:,}" if counts[0] == counts[-1] else f"{counts[0]:,} to {counts[-1]:,}"
        others, reference = mines[1], mines[0]
        if len(group) > 1:
            others, reference = f"the {len(group)} other scenarios", f"“{names(outcome.scenarios)[0]}”"
        return f"In {span} of {runs:,} worlds, {others} cause {word} casualties than {reference}"
    panel = max(group, key=lambda one: (_varies(one.values), one.place))
    clause = panel.label.removeprefix("Time until ").partition(", since")[0]
    middle = float(quantile_dots(panel.values, 1)[0])
    if np.isfinite(middle) and middle > 0:
        return f"In half of the worlds of {mines[panel.place]}, {clause} after {duration(middle)}"
    there, horizon = int(np.isfinite(panel.values).sum()), panel.aside.partition("not ")[2]
    return f"In {there:,} of {runs:,} worlds of {mines[panel.place]}, {clause} {horizon}"
