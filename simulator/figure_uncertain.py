"""What uncertain inputs leave open, as a figure: the light shading is knowledge and chance, the dark one knowledge.

Shadings differ in darkness and their edges in dashes, so that both read in grey and where scenarios lie over each
other. The numbers at the ends of the lines say the same in words.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from simulator.clocks import Array
from simulator.ensemble import ALL
from simulator.experiment import Outcome
from simulator.figure_labels import EndLabel, label_ends, room_for
from simulator.figure_series import (
    LEAST_SAID,
    TREATY_DAYS,
    Series,
    last_laying,
    thinned,
    treaty_dates_apply,
    unseen_from,
)  # fmt: skip
from simulator.figure_style import (
    GREY,
    SMALL,
    LineStyle,
    even_time,
    line_look,
    logarithmic_axis,
    mark_treaty_dates,
    number_axis,
    panel_size,
    sheet,
    stretched_time,
    style_of,
    text_width,
    write_above,
)  # fmt: skip
from simulator.figure_wording import (
    DISCLAIMER,
    headline_number,
    mines_of,
    more_or_fewer,
    names,
    said,
    share,
    since,
)  # fmt: skip
from simulator.knowledge import Knowledge, Spread
from simulator.statistics import Band, PairedDifference, zero_events_bound
from simulator.wording import counted, duration

_PANEL_HEIGHT = 2.9
_TOP, _DATES_ROOM, _NOTE_ROOM, _KEY_ROOM = 0.15, 0.22, 0.22, 0.27
_SAMPLE, _SAMPLE_HEIGHT, _BESIDE, _BETWEEN, _OUTWARDS = 0.36, 0.13, 0.07, 0.26, 0.95
# An even scale does not show a residue or an end below these shares of the greatest.
_RESIDUE, _FAR_APART = 0.01, 0.03
# Standard errors within which a mean may as well be none.
_DOUBT = 2.0
# The share of Monte Carlo error in the variance between sets from which it is said.
_MUCH_NOISE = 0.1
_FOOT = "Logarithmic scale: a shading or line that reaches its foot goes on below it, also to none"
_KEY = "mean of all sets", "5–95 % of expected values (knowledge)", "5–95 % of single worlds (knowledge and chance)"
_SETS = "in 90 % of parameter\xa0sets"


@dataclass(frozen=True, slots=True, eq=False)
class _Panel:
    """One panel: a quantity of each scenario; ``floor`` makes its scale logarithmic from there."""

    key: str
    label: str
    noun: str
    found: Sequence[Spread]
    lines: Sequence[Series]
    floor: float | None
    dates: bool


def uncertain(outcome: Outcome, knowledge: Sequence[Knowledge]) -> Figure:
    """Draw hazardous mines and casualties of each scenario under uncertain inputs."""
    last = outcome.scenarios[0].world.times[-1]
    dates = treaty_dates_apply(outcome) and bool(last_laying(outcome) + TREATY_DAYS[0] <= last)
    worth = [part.world.consequences.casualties_per_accident for part in outcome.scenarios]
    mines, people = ([known.curves[ALL, name] for known in knowledge] for name in ("hazardous", "casualties"))
    left = [_line(one, 1.0) for one in mines]
    harm = [_line(one, most) for one, most in zip(people, worth, strict=True)]
    floors = _floor(mines, left) if _has_residue(left) else None, _floor(people, harm) if _far_apart(harm) else None
    panels = [
        _Panel("hazardous", "Hazardous mines [number]", "left", mines, left, floors[0], dates),
        _Panel("casualties", "Casualties since the start [people]", "people", people, harm, floors[1], dates=False),
    ]
    ends = [_ends(panel, names(outcome.scenarios)) for panel in panels]
    rows = [max(_PANEL_HEIGHT, room_for(labels)) for labels in ends]
    notes = [_TOP + _DATES_ROOM * panel.dates + _NOTE_ROOM * (panel.floor is not None) for panel in panels]
    title, foot = _title(outcome, knowledge, harm), _footer(outcome, knowledge, [*left, *harm])
    figure, places = sheet(title, foot, rows, [notes[0] + _KEY_ROOM, notes[1]])
    for axes, panel, labels in zip(places, panels, ends, strict=True):
        _draw(axes, panel, [label.style for label in labels], outcome)
        label_ends(axes, labels)
    _key(places[0], notes[0] - 0.07, chance=mines[0].both is not None)
    return figure


def _line(spread: Spread, worth: float) -> Series:
    """Make a series of mean and range of expected values; ``worth`` is the most that one mine or accident adds."""
    known, worlds = spread.knowledge, spread.both
    if worlds is None:
        return Series(known.mean, known.p05, known.p95, known.mean > 0, np.full(known.mean.shape, LEAST_SAID))
    seen = (worlds.p95 > 0) | (known.mean > _DOUBT * known.standard_error)
    # A few events may hide above the 95th percentile: each raises the Poisson bound by less than two.
    upper = np.maximum(worth * zero_events_bound(worlds.replicates) + 2 * known.mean, LEAST_SAID)
    return Series(known.mean, known.p05, known.p95, seen, np.where(seen, LEAST_SAID, upper))


def _ends(panel: _Panel, called: Sequence[str]) -> list[EndLabel]:
    """Name each line at its end, with its mean and both ranges in words."""
    labels = []
    for place, (name, spread, line) in enumerate(zip(called, panel.found, panel.lines, strict=True)):
        mean, least = float(line.mean[-1]), float(line.least[-1])
        y = mean if panel.floor is None or line.seen[-1] else least
        labels.append(EndLabel(y, name, f"{said(mean, least)} {panel.noun}{_ranges(spread)}", style_of(place)))
    return labels


def _draw(axes: Axes, panel: _Panel, styles: Sequence[LineStyle], outcome: Outcome) -> None:
    world, above = outcome.scenarios[0].world, 0.05 + _DATES_ROOM * panel.dates
    highest = max(float(curve.max()) for band in _bands(panel.found) for curve in (band.mean, band.p95))
    high = highest if highest >= LEAST_SAID else 1.0
    if panel.floor is None:
        number_axis(axes, panel.label, 0.0, 1.05 * high)
    else:
        logarithmic_axis(axes, panel.label, panel.floor, high)
        write_above(axes, _FOOT, above, size=SMALL, color=GREY)
    time_axis = stretched_time if panel.key == "hazardous" else even_time
    unit = time_axis(axes, world.horizon_days, since(world.start))
    kept = thinned(world.times)
    days = world.times[kept] / unit
    for place, (spread, line, style) in enumerate(zip(panel.found, panel.lines, styles, strict=True)):
        looks = _shadings(style, len(styles))
        for kind, band, look in zip(("expected", "worlds"), (spread.knowledge, spread.both), looks, strict=True):
            if band is not None:
                axes.fill_between(days, band.p05[kept], band.p95[kept], gid=f"{panel.key}-{kind}-{place}", **look)
        axes.plot(days, line.mean[kept], gid=f"{panel.key}-mean-{place}", **line_look(style))
        if panel.floor is not None and spread.both is not None:
            _mark_unseen(axes, line, world.times / unit, style)
    if panel.dates:
        mark_treaty_dates(axes, last_laying(outcome), unit)


def _mark_unseen(axes: Axes, line: Series, times: Array, style: LineStyle) -> None:
    """Show from when on none was seen, at the upper bound of the mean."""
    if (first := unseen_from(line)) is not None:
        highest = float(line.least[-1])
        axes.plot([times[first], times[-1]], [highest, highest], color=style.colour, linewidth=0.8, linestyle=":")
        axes.plot(times[first], highest, marker="v", markersize=6, color=style.colour)


def _shadings(style: LineStyle, scenarios: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return how expected values and all worlds are shaded: the light below all dark ones, paler where many overlap."""
    dark = min(0.3, 0.7 / scenarios)
    look: dict[str, Any] = {"edgecolor": style.colour, "linewidth": 0.6}
    return (
        look | {"facecolor": (style.colour, dark), "zorder": 1.4},
        look | {"facecolor": (style.colour, 0.4 * dark), "zorder": 1.2, "linestyle": (0, (1.5, 2.5))},
    )


def _key(axes: Axes, above: float, *, chance: bool) -> None:
    """Say above a panel what the line and the shadings are."""
    across, up = panel_size(axes)
    grey = LineStyle(GREY, ())
    place: dict[str, Any] = {"transform": axes.transAxes, "clip_on": False}
    x, y = -_OUTWARDS, 1.0 + (above + _SAMPLE_HEIGHT / 2) / up
    for words, look in zip(_KEY if chance else _KEY[:2], (None, *_shadings(grey, 1)), strict=False):
        if look is None:
            axes.add_line(Line2D([x / across, (x + _SAMPLE) / across], [y, y], **line_look(grey), **place))
        else:
            corner = x / across, y - _SAMPLE_HEIGHT / 2 / up
            axes.add_patch(Rectangle(corner, _SAMPLE / across, _SAMPLE_HEIGHT / up, **look, **place))
        x += _SAMPLE + _BESIDE
        axes.text(x / across, y, words, size=SMALL, va="center_baseline", transform=axes.transAxes)
        x += text_width(words, SMALL) + _BETWEEN


def _has_residue(lines: Sequence[Series]) -> bool:
    """Tell whether an even scale hides what is left of the most there ever was."""
    most = max(float(line.mean.max()) for line in lines)
    return any(float(line.mean[np.argmax(line.mean) :].min()) < _RESIDUE * most for line in lines)


def _far_apart(lines: Sequence[Series]) -> bool:
    ends = [max(float(line.mean[-1]), float(line.least[-1])) for line in lines]
    return min(ends) < _FAR_APART * max(ends)


def _floor(found: Sequence[Spread], lines: Sequence[Series]) -> float:
    """Return where a logarithmic axis begins: the power of ten below the least that can be told at an end."""
    least = [float(line.mean[-1] if line.seen[-1] else line.least[-1] / 2) for line in lines]
    low = [float(band.p05[-1]) for band in _bands(found) if band.p05[-1] >= LEAST_SAID]
    return float(10.0 ** math.floor(math.log10(max(LEAST_SAID, min(least + low)))))


def _bands(found: Sequence[Spread]) -> list[Band]:
    return [band for spread in found for band in (spread.knowledge, spread.both) if band is not None]


def _ranges(spread: Spread) -> str:
    """Write both ranges, ``(expected 5.5 to 77; single worlds 4.3 to 82)``; nothing where both are none."""
    if max(float(band.p95[-1]) for band in _bands([spread])) < LEAST_SAID:
        return ""
    worlds = f"; single worlds {_range(spread.both, '0 to')}" if spread.both is not None else ""
    return f" (expected {_range(spread.knowledge, 'up to')}{worlds})"


def _range(band: Band, least: str) -> str:
    """Write a range at the end, which begins with ``least`` where its low end cannot be told from none."""
    low, high = float(band.p05[-1]), float(band.p95[-1])
    if high < LEAST_SAID:
        return "none" if high == 0 else f"below {LEAST_SAID:g}"
    first, last = f"{headline_number(low)} to" if low >= LEAST_SAID else least, headline_number(high)
    return last if first == f"{last} to" else f"{first} {last}"


def _title(outcome: Outcome, knowledge: Sequence[Knowledge], harm: Sequence[Series]) -> str:
    """Say how casualties compare with the reference under all sets, or how many are expected in a single run."""
    start, mines = f"Over {duration(outcome.scenarios[0].world.horizon_days)}", mines_of(outcome.scenarios)
    end = " (closed form)" if outcome.scenarios[0].ensemble is None else ""
    found = [known.metric_differences["casualties"].knowledge for known in knowledge[1:]]
    if not found:
        count = said(float(harm[0].mean[-1]), float(harm[0].least[-1]))
        text = f"{start}, {count} {'casualty is' if count == '1' else 'casualties are'} expected from {mines[0]}"
        known = knowledge[0].curves[ALL, "casualties"].knowledge
        return text + (f" ({_range(known, 'up to')} {_SETS})" if known.p95[-1] >= LEAST_SAID else "") + end
    others, reference, each = mines[1], mines[0], ""
    if len(found) > 1:
        others, reference = f"the {len(found)} other scenarios", f"“{names(outcome.scenarios)[0]}”"
        each = "each within "
    if all(one.p95 < 0 and one.ratio < 1 and one.ratio_p95 < 1 for one in found):
        ratios = _shares([one.ratio for one in found])
        within = _shares([ratio for one in found for ratio in (one.ratio_p05, one.ratio_p95)])
        return f"{start}, {others} cause {ratios} as many casualties as {reference} ({each}{within} {_SETS}){end}"
    if len(found) > 1:
        fewer, more = sum(bool(one.p95 < 0) for one in found), sum(bool(one.p05 > 0) for one in found)
        counts = f"in {fewer or 'none'} of {others} and more in {more or 'none'}"
        return f"{start}, fewer casualties than in {reference} are expected {counts}, {_SETS}{end}"
    return f"{start}, {_difference(others, reference, found[0])} {_SETS}{end}"


def _difference(other: str, reference: str, found: PairedDifference) -> str:
    near, far = sorted((float(found.p05), float(found.p95)), key=abs)
    if abs(far) < LEAST_SAID:
        return f"no difference in casualties shows between {other} and {reference}"
    if near * far > 0:
        return f"{other} cause {headline_number(abs(near))} to {more_or_fewer(far)} casualties than {reference}"
    ends = f"from {more_or_fewer(float(found.p05))} to {more_or_fewer(float(found.p95))}"
    return f"whether {other} cause fewer casualties than {reference} depends on what is not known: {ends}"


def _shares(ratios: Sequence[Array]) -> str:
    first, last = (share(100 * float(ratio), 0.0) for ratio in (min(ratios), max(ratios)))
    return last if first == last else f"{first.removesuffix(' %')} to {last}"


def _footer(outcome: Outcome, knowledge: Sequence[Knowledge], lines: Sequence[Series]) -> str:
    """Say how the numbers were made, and what they are not."""
    sets, worlds = knowledge[0].sets, knowledge[0].curves[ALL, "casualties"].both
    inputs = len({one.path for known in knowledge for one in known.inputs})
    text = f"{sets:,} parameter sets of {counted(inputs, 'uncertain input')}"
    if worlds is None:
        text = f"Closed form: {text}; no single worlds, hence one shading: expected values (knowledge)."
    else:
        text += f", {counted(worlds.replicates // sets, 'replicate')} in each. Dark: expected values (knowledge), "
        text += f"light: all {worlds.replicates:,} worlds (knowledge and chance), 5–95 % of each."
    if (lost := outcome.plan.uncertain - sets) > 0:
        text += f" {counted(lost, 'further set')} could not be computed."
    if (noise := max(known.noise["casualties"] for known in knowledge)) > _MUCH_NOISE:
        text += f" Up to {100 * noise:.0f} % of the variance behind the dark shading is Monte Carlo error."
    if any(not line.seen[-1] and line.least[-1] > LEAST_SAID for line in lines):
        text += " “Fewer than”: 95 % upper bound of the mean."
    return f"{text} {DISCLAIMER}"
