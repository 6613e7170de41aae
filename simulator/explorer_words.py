"""What the explorer says in sentences and in tables: made from computed numbers, and exact where it says expected."""

import re
from collections.abc import Iterable, Iterator, Sequence
from math import isclose

import numpy as np

from simulator.explorer_controls import Control
from simulator.explorer_curves import LEAST_REPLICATES, MOST_DRAWN, QUANTITIES, Bands, Shown
from simulator.explorer_findings import EvenAt, Held
from simulator.fields import value_words
from simulator.standards import SAME
from simulator.statistics import Band, zero_events_bound
from simulator.units import DAYS_PER_YEAR
from simulator.wording import bound, counted, duration, listed, number, span

NOUNS = {"hazardous": "hazardous mines", "casualties": "casualties"}
SCOPE = (
    "A model of civilian harm and clean-up; no result is evidence that land is safe. The lines are expected values in "
    "closed form. What is not known about the inputs is not in this picture: move a slider over what you hold possible."
)
SIMULATED_SCOPE = (
    "A model of civilian harm and clean-up; no result is evidence that land is safe. What is not known about the "
    "inputs is not in this picture: move a slider over what you hold possible."
)
SIMULATED_NOTE = "Band: 5–95 % of the simulated worlds. Dots: their mean."
SIMULATED_ALONE = "Line: mean of the simulated worlds. Band: 5–95 % of them."
SIMULATED_TABLE = "In the table: mean ± standard error; 5–95 % of the worlds."
LEAST_SAID = 0.001
_DAYS = (0.0, 10.0, 30.0, 60.0, 90.0, 120.0, 180.0, *(years * DAYS_PER_YEAR for years in (1, 2, 3, 5, 10, 30, 100)))
_ROUNDING = 1e-6  # relative: an error below it does not show in the digits of a mean
_STATES = {"not_self_destructed": "not self-destructed", "functioning": "still functioning"}


Table = tuple[list[str], list[list[str]]]


def said(value: float, laid: int) -> str:
    """Write an expected number of a scenario that lays so many mines; one too small to read is never called none."""
    if laid == 0:
        return "none"
    return number(value) if value >= LEAST_SAID else f"fewer than {LEAST_SAID}"


def headlines(every: Sequence[Shown]) -> Iterator[str]:
    """Say how many mines are still hazardous at the treaty's later date, and what harm is expected, with a reference
    first if there are two. Only of scenarios with a closed form.
    """
    exact = [one for one in every if one.curves]
    if not exact:
        return
    other = exact[-1]
    laid_by, day = _key_day(other)
    when = f"{duration(day - laid_by)} after the last laying" if laid_by > 0 else f"after {duration(day)}"
    left = [
        f"{said(_at(one, 'hazardous', day), one.count)} of {counted(one.count, 'mine')} in {one.loaded.name}"
        for one in reversed(exact)
    ]
    yield f"Expected to be hazardous {when}: {', '.join(left)}."
    harm = [f"{said(_last(one), one.count)} in {one.loaded.name}" for one in reversed(exact)]
    text = f"Casualties expected within {duration(other.world.horizon_days)}: {', '.join(harm)}"
    if len(exact) > 1:
        text += f", that is {_compared(_last(exact[0]), _last(other))}"
    yield f"{text}."


def even_sentences(found: Sequence[EvenAt], scenario: str, reference: str) -> Iterator[str]:
    """Say for each number at which value the casualties of both scenarios are equal, or that none is."""
    for one in found:
        control = one.control
        what = f"{control.label} ({control.group})"
        if one.value is not None:
            below = "fewer" if one.low < 0 else "more"
            text = value_words(one.value, control.number)
            yield f"{what}: at {text}, {scenario} leads to as many casualties as {reference}; below that to {below}."
        elif max(abs(one.low), abs(one.high)) < LEAST_SAID:
            yield f"{what}: the casualties of both differ by less than {LEAST_SAID} at every value."
        else:
            side = "fewer" if one.low + one.high < 0 else "more"
            over = "for no number of mines" if control.path[-1] == "count" else "at no rate from 0 to 100 %"
            ends = span(*sorted((abs(one.low), abs(one.high))))
            text = f"{what}: equal {over}; {scenario} leads to {side} casualties than {reference}"
            yield f"{text} ({ends} {side})."


def curve_table(every: Sequence[Shown]) -> Table:
    """The header and the rows of a table of the expected curves on some days; of scenarios with a closed form."""
    columns = [(one, quantity) for one in reversed(every) if one.curves for quantity in QUANTITIES]
    header = ["Time", *(f"{one.loaded.name}: {NOUNS[quantity]}" for one, quantity in columns)]
    rows = []
    for day in _days(every):
        cells = [said(_at(one, quantity, day), one.count if day or quantity == "hazardous" else 0)
                 for one, quantity in columns]  # fmt: skip
        rows.append([_day(day), *cells])
    return header, rows if columns else []


def simulated_table(every: Sequence[Shown], bands: Bands) -> Table:
    """The same of the worlds that were played: mean with standard error, and 5th to 95th percentile."""
    columns = [(one, found, quantity) for one, found in reversed(list(zip(every, bands, strict=True)))
               for quantity in QUANTITIES]  # fmt: skip
    header = ["Time", *(f"{one.loaded.name}: {NOUNS[quantity]}" for one, _, quantity in columns)]
    rows = [
        [_day(day), *(_band_words(one, found[quantity], day) for one, found, quantity in columns)]
        for day in _days(every)
    ]
    return header, rows


def criteria_table(found: Sequence[Held]) -> Table:
    """The header and the rows of a table of criteria."""
    header = ["Mines", "Criterion", "State and age", "At most", "Share", "Met, as stated"]
    rows = []
    places: dict[str, set[str]] = {}
    for one in found:
        places.setdefault(one.mines, set()).add(one.scenario)
    for one in found:
        criterion = one.criterion
        mines = one.mines if len(places[one.mines]) == 1 else f"{one.mines} in {one.scenario}"
        share, limit = _told_apart(one.share, criterion.limit)
        state = f"{_STATES[criterion.measure]}, {duration(criterion.after)}"
        met = "yes" if one.is_met else "no"
        rows.append([mines, criterion.title, state, limit, share, met])
    return header, rows


def obstacle_sentences(every: Sequence[Shown], bands: Bands | None) -> Iterator[str]:
    """Say which scenarios have no closed form, why, and what is drawn instead."""
    for one in reversed(every):
        if one.reasons:
            instead = (
                "simulate it to see its curves" if bands is None else "its lines are means of the simulated worlds"
            )
            yield f"{one.loaded.name} has no closed form ({'; '.join(one.reasons)}): {instead}."


def offer(every: Sequence[Shown], replicates: int) -> str:
    """Say what the button plays, or why it plays nothing."""
    mines = sum(one.count for one in every)
    if not replicates:
        return (
            f"Not here: {counted(mines, 'mine')} in each world make fewer than {LEAST_REPLICATES} worlds within "
            f"{number(MOST_DRAWN)} mines, which is what this page plays. Download the scenario and use 'minesim run'."
        )
    return f"Plays {replicates} worlds of {counted(mines, 'mine')} with these settings."


def simulated_sentences(every: Sequence[Shown], bands: Bands) -> Iterator[str]:
    """Say what was played, and how it stands to the closed form where there is one."""
    for one, found in reversed(list(zip(every, bands, strict=True))):
        harm, horizon = found["casualties"], one.world.horizon_days
        what = f"mean and 5–95 % of {harm.replicates} simulated worlds"
        expected = f"; expected {said(_last(one), one.count)}" if one.curves else ""
        words = _band_words(one, harm, horizon)
        yield f"Casualties within {duration(horizon)}, {one.loaded.name}: {words} ({what}){expected}."


def kept_together(texts: Iterable[str]) -> list[str]:
    """Keep each number and what it counts on one line."""
    return [
        re.sub(r"(?<=[0-9]) (?=%|million|billion|per million|days?\b|years?\b|mines?\b)", "\N{NO-BREAK SPACE}", text)
        for text in texts
    ]


def about(control: Control, names: Sequence[str]) -> str:
    """Say what a control means, in which scenarios it works, and where its value in the files comes from."""
    places = [names[place] for place in control.within]
    given = {value_words(value, control.number): None for value in control.given}
    sources = list(dict.fromkeys(control.sources))
    if len(given) == 1 and len(sources) == 1:
        origin = f"In {listed(places)}: {next(iter(given))} ({sources[0]})."
    else:
        parts = [
            f"{name}: {value_words(value, control.number)} ({source})"
            for name, value, source in zip(places, control.given, control.sources, strict=True)
        ]
        origin = f"In {'; '.join(parts)}. The slider sets all of them."
    return f"{control.meaning[:1].upper()}{control.meaning[1:]}. {origin}"


def _key_day(one: Shown) -> tuple[float, float]:
    """The day of the last laying, and the treaty's later date after it or else the horizon."""
    laid_by = max((kind.laid_to for kind in one.world.kinds if kind.count), default=0.0)
    laid_by = max(0.0, laid_by)
    fits = laid_by + 120.0 <= one.world.horizon_days
    return (laid_by, laid_by + 120.0) if fits else (0.0, one.world.horizon_days)


def _at(one: Shown, quantity: str, day: float) -> float:
    return float(np.interp(day, one.world.times, one.curves[quantity]))


def _last(one: Shown) -> float:
    return float(one.curves["casualties"][-1])


def _compared(reference: float, other: float) -> str:
    difference = abs(other - reference)
    if isclose(other, reference, rel_tol=1e-9, abs_tol=1e-12):
        return "as many"
    word = "fewer" if other < reference else "more"
    amount = number(difference) if difference >= LEAST_SAID else f"less than {LEAST_SAID}"
    share = f" ({number(100 * other / reference)} % as many)" if reference > 0 else ""
    return f"{amount} {word}{share}"


def _days(every: Sequence[Shown]) -> list[float]:
    horizon = every[-1].world.horizon_days
    return [*(day for day in _DAYS if day < horizon), horizon]


def _day(days: float) -> str:
    return duration(days) if days else "at the start"


def _band_words(one: Shown, found: Band, day: float) -> str:
    """A mean with its standard error, and the percentiles of the worlds; an upper bound where none was seen."""
    mean, error, low, high = (
        float(np.interp(day, one.world.times, values))
        for values in (found.mean, found.standard_error, found.p05, found.p95)
    )
    if one.count == 0 or (day == 0 and not mean > 0):
        return "none"
    if 0 < mean < LEAST_SAID:
        return f"fewer than {LEAST_SAID}"
    if not mean > 0:
        # An event adds one mine, or the casualties of one accident: the larger bounds both.
        worth = max(1.0, one.world.consequences.casualties_per_accident)
        return f"none seen; at most {bound(zero_events_bound(found.replicates) * worth)} on average"
    doubt = f" ± {number(error, 2)}" if error > _ROUNDING * mean else ""
    return f"{number(mean)}{doubt}; {span(low, high)}"


def _told_apart(share: float, limit: float) -> tuple[str, str]:
    """Write a share and its limit with as many digits as tell them apart; alike where the share is on the limit."""
    if isclose(share, limit, rel_tol=SAME):
        return _share(limit), _share(limit)
    for digits in range(3, 12):
        if _share(share, digits) != _share(limit, digits):
            break
    return _share(share, digits), _share(limit)


def _share(value: float, digits: int = 3) -> str:
    if 0 < value < 1e-4:
        return f"{1e6 * value:.{digits}g} per million" if value >= 1e-9 else "below 0.001 per million"
    while digits < 15 and value < 1 and float(f"{value:.{digits}g}") == 1:
        digits += 1
    return f"{100 * value:.{digits}g} %"
