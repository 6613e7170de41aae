"""The figures of a result: each says one thing, in its title, with its number.

Lines are means of the best estimator, bands the 5th to 95th percentile of the played worlds; they read in grey and to
the colour-blind. Nothing here touches pyplot or any global state, and the same outcome gives the same bytes.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulator.clocks import Array
from simulator.experiment import Outcome
from simulator.figure_dots import dots
from simulator.figure_fan import fan
from simulator.figure_labels import EndLabel, label_ends, room_for
from simulator.figure_maps import maps
from simulator.figure_series import (
    LEAST_SAID,
    TREATY_DAYS,
    Series,
    difference,
    key_moment,
    last_laying,
    last_moment,
    series,
    thinned,
    treaty_dates_apply,
    unseen_from,
)  # fmt: skip
from simulator.figure_states import states
from simulator.figure_style import (
    DPI,
    GREY,
    NORMAL,
    LineStyle,
    even_time,
    house_style,
    line_look,
    logarithmic_axis,
    mark_treaty_dates,
    number_axis,
    sheet,
    stretched_time,
    style_of,
    write_above,
)  # fmt: skip
from simulator.figure_svg import finished
from simulator.figure_timeline import timeline
from simulator.figure_uncertain import uncertain
from simulator.figure_wording import (
    MEANS_AND_BANDS,
    difference_sentence,
    footer,
    harm_sentence,
    hazard_sentence,
    more_or_fewer,
    names,
    said,
    since,
    spread_words,
)  # fmt: skip
from simulator.knowledge import Knowledge
from simulator.units import DAYS_PER_YEAR
from simulator.wording import bound

_PANEL_HEIGHT = 2.5
_DATES_ROOM, _HEADING_ROOM = 0.25, 0.25
_NO_LINE = LineStyle(GREY, (1.0, 1.0))
# Packing pictures tighter than 3 of 9 takes a third longer and saves a tenth.
_FORMS: dict[str, dict[str, Any]] = {
    "png": {"metadata": {"Software": None}, "pil_kwargs": {"compress_level": 3}},
    "svg": {"metadata": {"Date": None}},
}


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


def figures(outcome: Outcome, knowledge: Sequence[Knowledge] = ()) -> Iterator[tuple[str, Figure]]:
    """Yield every figure of a run or a comparison, after the stem of its file name; those that would show nothing are
    left out: without a reference, without played worlds, without anything that varies, without maps.

    With ``knowledge`` of each scenario there is one more, of what uncertain inputs leave open.
    """
    drawings: dict[str, Callable[[Outcome], Figure | None]] = {
        "hazardous": _hazardous,
        "states": states,
        "harm": _harm,
        "fan": fan,
        "difference": _difference,
        "dots": dots,
        "timeline": timeline,
        "maps": maps,
    }
    for stem, draw in drawings.items():
        with house_style():
            drawn = draw(outcome)
        if drawn is not None:
            yield stem, drawn
    if knowledge:
        with house_style():
            figure = uncertain(outcome, knowledge)
        yield "uncertain", figure


def rendered(stem: str, figure: Figure) -> dict[str, bytes]:
    """Draw a figure as PNG (150 dots per inch) and as SVG, by file name.

    The SVG is named by its title and described for screen readers. Ids in it begin with ``stem``, so that several fit
    on one page.
    """
    files = {}
    with house_style(f"minesim-{stem}"):
        for form, how in _FORMS.items():
            buffer = io.BytesIO()
            figure.savefig(buffer, format=form, dpi=DPI, **how)
            files[f"{stem}.{form}"] = buffer.getvalue()
    words = {text.get_gid(): text.get_text() for text in figure.texts}
    drawing = files[f"{stem}.svg"].decode()
    files[f"{stem}.svg"] = finished(drawing, stem, words["title"], words["footer"])
    return files


def _hazardous(outcome: Outcome) -> Figure:
    found = [series(part, "hazardous") for part in outcome.scenarios]
    times = outcome.scenarios[0].world.times
    label = "Hazardous mines [number]"
    dates = treaty_dates_apply(outcome) and last_laying(outcome) + TREATY_DAYS[0] <= times[-1]
    words = [f"{said(one.mean[-1], one.least[-1])} left" for one in found]
    panels = [_Panel("even", label, found, words, dates=dates)]
    if _needs_closer_look(found, times):
        words = [_residue_words(outcome, one) for one in found]
        heading = "Close-up: the first months, and what remains (logarithmic scales)"
        panels.append(_Panel("close", label, found, words, heading, _floor(found), stretched=True, dates=dates))
    title = hazard_sentence(outcome, found, key_moment(outcome))
    return _lines(outcome, title, footer(outcome, MEANS_AND_BANDS, found), panels)


def _harm(outcome: Outcome) -> Figure:
    rates = [series(part, "accidents_per_year") for part in outcome.scenarios]
    casualties = [series(part, "casualties") for part in outcome.scenarios]
    moment = last_moment(outcome)
    per_year = [f"{said(one.mean[-1], one.least[-1])} per year" for one in rates]
    people = []
    for one in casualties:
        spread = spread_words(one, -1)
        people.append(f"{said(one.mean[-1], one.least[-1])} people" + (f" ({spread})" if spread else ""))
    panels = [
        _Panel("rate", "Accidents [per year]", rates, per_year),
        _Panel("casualties", "Casualties since the start [people]", casualties, people),
    ]
    foot = footer(outcome, MEANS_AND_BANDS, casualties)
    return _lines(outcome, harm_sentence(outcome, casualties, moment), foot, panels)


def _difference(outcome: Outcome) -> Figure | None:
    reference, *others = outcome.scenarios
    if not others:
        return None
    moment = last_moment(outcome)
    panels = []
    for quantity, label, what in (
        ("hazardous", "Difference [mines]", "Hazardous mines"),
        ("casualties", "Difference [people]", "Casualties since the start"),
    ):
        found = [difference(reference, part, quantity) for part in others]
        words = [more_or_fewer(float(one.mean[-1])) for one in found]
        panels.append(_Panel(quantity, label, found, words, f"{what}, scenario minus reference"))
    title = difference_sentence(outcome, panels[-1].found, moment)
    shown = "Line: mean; band: 5–95 % of paired simulated worlds."
    return _lines(outcome, title, footer(outcome, shown), panels)


def _lines(outcome: Outcome, title: str, foot: str, panels: Sequence[_Panel]) -> Figure:
    """Draw panels below each other, with a line for each scenario, named at its end.

    Where the reference has no line, because differences to it are drawn, its name stands at the zero line.
    """
    called = names(outcome.scenarios)
    every_end = []
    for panel in panels:
        first = len(called) - len(panel.found)
        ends = [] if first == 0 else [EndLabel(0.0, called[0], "the reference", _NO_LINE)]
        for place, (one, text) in enumerate(zip(panel.found, panel.words, strict=True), first):
            y = float(one.mean[-1] if panel.floor is None or one.seen[-1] else one.least[-1])
            ends.append(EndLabel(y, called[place], text, style_of(place)))
        every_end.append(ends)
    rows = [max(_PANEL_HEIGHT, room_for(ends)) for ends in every_end]
    heads = [0.15 + _DATES_ROOM * panel.dates + _HEADING_ROOM * bool(panel.heading) for panel in panels]
    figure, places = sheet(title, foot, rows, heads)
    for axes, panel, ends in zip(places, panels, every_end, strict=True):
        _draw(axes, panel, [end.style for end in ends][-len(panel.found) :], outcome)
        label_ends(axes, ends)
    return figure


def _draw(axes: Axes, panel: _Panel, styles: Sequence[LineStyle], outcome: Outcome) -> None:
    world = outcome.scenarios[0].world
    low, high = _range(panel.found)
    if panel.floor is None:
        number_axis(axes, panel.label, 1.05 * low, 1.05 * high)
    else:
        logarithmic_axis(axes, panel.label, panel.floor, high)
    time_axis = stretched_time if panel.stretched else even_time
    unit = time_axis(axes, world.horizon_days, since(world.start))
    if low < 0:
        axes.axhline(0.0, color=GREY, linewidth=1.0, linestyle=(0, _NO_LINE.dashes))
    kept = thinned(world.times)
    days = world.times[kept] / unit
    # Many bands over each other are lighter, so that they do not hide the lines.
    shade = 0.2 if len(styles) <= 2 else 0.1
    for place, (one, style) in enumerate(zip(panel.found, styles, strict=True)):
        if one.p05 is not None and one.p95 is not None:
            look: dict[str, Any] = {
                "facecolor": (style.colour, shade),
                "edgecolor": style.colour,
                "linewidth": 0.5,
            }
            axes.fill_between(days, one.p05[kept], one.p95[kept], gid=f"{panel.key}-band-{place}", **look)
        axes.plot(days, one.mean[kept], gid=f"{panel.key}-mean-{place}", **line_look(style))
        if panel.floor is not None and (first := unseen_from(one)) is not None:
            highest = float(one.least[-1])
            since_day = world.times[first] / unit
            axes.plot([since_day, days[-1]], [highest, highest], color=style.colour, linewidth=0.8, linestyle=":")
            axes.plot(since_day, highest, marker="v", markersize=6, color=style.colour)
    if panel.dates:
        mark_treaty_dates(axes, last_laying(outcome), unit)
    if panel.heading:
        write_above(axes, panel.heading, 0.07 + _DATES_ROOM * panel.dates, size=NORMAL, weight="bold")


def _range(found: Sequence[Series]) -> tuple[float, float]:
    """Return the least (0 or below) and greatest value that is drawn, made a proper range."""
    every = [curve for one in found for curve in (one.mean, one.p05, one.p95) if curve is not None]
    low = min(0.0, *(float(curve.min()) for curve in every))
    high = max(0.0, *(float(curve.max()) for curve in every))
    if high - low < LEAST_SAID:
        return 0.0, 1.0
    return (low if low < -1e-9 * high else 0.0), high


def _needs_closer_look(found: Sequence[Series], times: Array) -> bool:
    """Tell whether an even plot hides something: a residue below 1 % of the peak, or a fall within a year of it."""
    for one in found:
        peak = int(np.argmax(one.mean))
        most, after = one.mean[peak], one.mean[peak:]
        if ((after > 0) & (after < 0.01 * most)).any():
            return True
        within_a_year = after[times[peak:] <= times[peak] + DAYS_PER_YEAR]
        if times[-1] >= 2 * DAYS_PER_YEAR and (within_a_year < 0.5 * most).any():
            return True
    return False


def _floor(found: Sequence[Series]) -> float:
    """Return where a logarithmic axis begins: the power of ten below the least that there is, or that can be told."""
    ends = [float(one.mean[np.argmax(one.mean) :].min() if one.seen[-1] else one.least[-1] / 2) for one in found]
    return float(10.0 ** np.floor(np.log10(max(min(ends), LEAST_SAID))))


def _residue_words(outcome: Outcome, one: Series) -> str:
    """Say how a line ends: its last number, or since when none was seen and what that leaves open."""
    times = outcome.scenarios[0].world.times
    first = unseen_from(one)
    if first is None:
        return f"{said(one.mean[-1], one.least[-1])} left"
    runs, day = f"{outcome.replicates:,} runs", f"day {times[first]:,.0f}"
    return f"none seen in {runs} from {day} on: fewer than {bound(one.least[-1])} left"
