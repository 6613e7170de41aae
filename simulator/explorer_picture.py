"""The picture that the page draws: panels with axes, lines and bands in the unit square, sentences and tables.

Everything is computed and worded here; the page only scales it to its width.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from simulator.clocks import Array
from simulator.explorer_axes import (
    NOWHERE,
    NumberAxis,
    along,
    along_time,
    day_words,
    number_axis,
    number_ticks,
    time_ticks,
)
from simulator.explorer_controls import Control, position, typed
from simulator.explorer_curves import QUANTITIES, Bands, Shown, replicates_for, shown
from simulator.explorer_findings import break_even, held_to
from simulator.explorer_settings import Asked, pairs_of, varied_by
from simulator.explorer_words import (
    SCOPE,
    SIMULATED_ALONE,
    SIMULATED_NOTE,
    SIMULATED_SCOPE,
    SIMULATED_TABLE,
    Table,
    criteria_table,
    curve_table,
    even_sentences,
    headlines,
    kept_together,
    obstacle_sentences,
    offer,
    said,
    simulated_sentences,
    simulated_table,
)
from simulator.fields import value_words
from simulator.scenario_file import LoadedScenario
from simulator.standards import Criteria
from simulator.statistics import Band
from simulator.wording import duration, number

TREATY_DAYS = (30.0, 120.0)
# The lines of the figures: the reference black and solid, the scenario in a colour that has 3.9 : 1 on white.
LINES = (("#000000", ()), ("#D55E00", (6.0, 2.0)))
_TITLES = {"hazardous": "Hazardous mines", "casualties": "Casualties, cumulative"}
_DIGITS = 6
_MOST_DOTS = 24

Points = list[list[float]]


@dataclass(frozen=True, slots=True)
class Explorer:
    """What the explorer was started with: scenarios, the reference first and all alternatives settled; the controls
    they have; and the criteria that their mines are held to.
    """

    scenarios: tuple[LoadedScenario, ...]
    controls: tuple[Control, ...]
    criteria: Criteria


def shown_as(explorer: Explorer, asked: Asked) -> list[Shown]:
    """Compute the scenarios with what is asked. Raises InputError where they are not valid then."""
    return shown(varied_by(asked, explorer.controls, explorer.scenarios))


def picture(explorer: Explorer, asked: Asked, every: Sequence[Shown], bands: Bands | None) -> dict[str, Any]:
    """Everything the page shows for some settings; ``bands`` are those of worlds played with the same ones."""
    exact = [one for one in every if one.curves]
    even: list[str] = []
    if len(every) > 1 and len(exact) == len(every):
        found = list(break_even(every[0], every[1], explorer.controls))
        even = list(even_sentences(found, every[1].loaded.name, every[0].loaded.name))
    held = criteria_table(list(held_to(list(reversed(every)), explorer.criteria)))
    replicates = replicates_for(every)
    return {
        "settings": pairs_of(asked, explorer.controls),
        "scale": asked.scale,
        "controls": [_standing(control, asked) for control in explorer.controls],
        "panels": [_panel(quantity, asked, every, bands) for quantity in QUANTITIES],
        "sentences": kept_together([*headlines(every), *obstacle_sentences(every, bands)]),
        "even": kept_together(even),
        "criteria": _table(held),
        "table": _table(curve_table(every)),
        "simulation": {
            "offer": offer(every, replicates),
            "replicates": replicates,
            "sentences": kept_together(simulated_sentences(every, bands)) if bands is not None else [],
            "table": _table(simulated_table(every, bands) if bands is not None else ([], [])),
            "note": f"{SIMULATED_NOTE if exact else SIMULATED_ALONE} {SIMULATED_TABLE}",
        },
        "scope": SCOPE if exact else SIMULATED_SCOPE,
    }


def _table(table: Table) -> dict[str, Any]:
    header, rows = table
    return {"header": kept_together(header), "rows": [kept_together(row) for row in rows]}


def _standing(control: Control, asked: Asked) -> dict[str, Any]:
    """Where a control stands: at the stop nearest to its value, which is written out."""
    value = asked.values.get(control.path, control.start)
    return {
        "name": control.name,
        "position": position(control, value),
        "text": typed(value, control.number),
        "words": value_words(value, control.number),
        "changed": control.path in asked.values,
    }


def _panel(quantity: str, asked: Asked, every: Sequence[Shown], bands: Bands | None) -> dict[str, Any]:
    horizon = every[-1].world.horizon_days
    axis = number_axis(_highest(quantity, every, bands), is_log=asked.scale == "log")
    scale = "logarithmic scale" if axis.is_log else "even scale"
    lines = []
    for place in reversed(range(len(every))):
        one, band = every[place], bands[place][quantity] if bands is not None else None
        if one.curves or band is not None:
            lines.append(_line(quantity, place, one, axis, band, horizon))
    return {
        "name": quantity,
        "title": f"{_TITLES[quantity]}, {scale}",
        "description": _description(quantity, every),
        "axis": {"log": axis.is_log, "low": axis.low, "high": axis.high},
        "horizon_days": horizon,
        "across": f"Time since {day_words(every[-1].world.start)} (d: days, y: years)",
        "x": [[tick.at, tick.label] for tick in time_ticks(horizon)],
        "y": [[tick.at, tick.label] for tick in number_ticks(axis)],
        "marks": list(_marks(every, horizon)),
        "lines": lines,
    }


def _line(quantity: str, place: int, one: Shown, axis: NumberAxis, band: Band | None, horizon: float) -> dict[str, Any]:
    x = along_time(one.world.times, horizon)
    inside = x <= 1.0
    x = x[inside]
    values = one.curves[quantity] if one.curves else band.mean if band is not None else np.empty(0)
    colour, dashes = LINES[place]
    end = f"{said(float(values[-1]), one.count)} after {duration(one.world.horizon_days)}"
    return {
        "name": one.loaded.name,
        "colour": colour,
        "dashes": dashes,
        "end": end,
        "parts": list(_parts(x, along(axis, values[inside]), axis)),
        "band": _outline(x, along(axis, band.p05[inside]), along(axis, band.p95[inside])) if band is not None else [],
        "dots": _dots(x, along(axis, band.mean[inside])) if band is not None and one.curves else [],
    }


def _parts(x: Array, y: Array, axis: NumberAxis) -> Iterator[Points]:
    """Cut a line where it leaves the panel at the bottom: pieces of [x, y] within the unit square."""
    piece: Points = []
    for place in range(x.size):
        if y[place] >= 0:
            if not piece and place and y[place - 1] < 0:
                piece.append(_crossing(x, y, place, axis))
            piece.append([round(float(x[place]), _DIGITS), round(min(float(y[place]), 1.0), _DIGITS)])
        elif piece:
            yield [*piece, _crossing(x, y, place, axis)]
            piece = []
    if piece:
        yield piece


def _crossing(x: Array, y: Array, place: int, axis: NumberAxis) -> list[float]:
    """Where the line between a point and the one before it crosses the bottom of the panel; what rises from nothing
    does so in proportion to time.
    """
    before, here = float(y[place - 1]), float(y[place])
    share = before / (before - here)
    if before <= NOWHERE:
        share = (axis.low / axis.high) ** here
    at = float(x[place - 1]) + share * float(x[place] - x[place - 1])
    return [round(at, _DIGITS), 0.0]


def _outline(x: Array, low: Array, high: Array) -> Points:
    """The outline of a band, forth along its top and back along its bottom."""
    top = [[round(float(at), _DIGITS), round(float(y), _DIGITS)] for at, y in zip(x, np.clip(high, 0, 1), strict=True)]
    base = [[round(float(at), _DIGITS), round(float(y), _DIGITS)] for at, y in zip(x, np.clip(low, 0, 1), strict=True)]
    return [*top, *reversed(base)]


def _dots(x: Array, y: Array) -> Points:
    """Means at times spread over the width, those that the panel can show."""
    places = np.unique(np.searchsorted(x, np.linspace(0.0, 1.0, _MOST_DOTS)).clip(max=x.size - 1))
    return [[round(float(x[at]), _DIGITS), round(float(y[at]), _DIGITS)] for at in places if 0 <= y[at] <= 1.02]


def _marks(every: Sequence[Shown], horizon: float) -> Iterator[list[Any]]:
    """The treaty's dates after the last laying, where that lies on the axis."""
    kinds = [kind for one in every for kind in one.world.kinds if kind.count]
    if not kinds or any(kind.laid_from < 0 for kind in kinds):
        return
    laid_by = max(kind.laid_to for kind in kinds)
    for days in TREATY_DAYS:
        if laid_by + days <= horizon:
            at = float(along_time(np.array([laid_by + days]), horizon)[0])
            yield [round(at, _DIGITS), f"{days:.0f} d after laying" if laid_by > 0 else f"{days:.0f} d"]


def _highest(quantity: str, every: Sequence[Shown], bands: Bands | None) -> float:
    tops = [float(one.curves[quantity].max()) for one in every if one.curves]
    if bands is not None:
        tops += [float(max(band[quantity].p95.max(), band[quantity].mean.max())) for band in bands]
    return max(tops, default=0.0)


def _description(quantity: str, every: Sequence[Shown]) -> str:
    """What a panel shows, for those who do not see it; its numbers stand in the table."""
    said_of = [
        f"{one.loaded.name} from {number(float(one.curves[quantity][0]))} to "
        f"{said(float(one.curves[quantity][-1]), one.count)} after {duration(one.world.horizon_days)}"
        for one in reversed(every)
        if one.curves
    ]
    return f"{_TITLES[quantity]} over time: {'; '.join(said_of) or 'not computed'}. The table below holds the numbers."
