"""The titles and footers of a sweep's figures: one thing with its number, and only what was computed."""

from collections.abc import Sequence

import numpy as np

from simulator.figure_wording import DISCLAIMER
from simulator.sweep_grid import Axis
from simulator.sweep_reading import (
    Stretch,
    about,
    bounds,
    break_evens,
    clear_sides,
    contrast,
    difference,
    is_compared,
    mean_words,
    names,
    noun_of,
    phrase,
    short_labels,
    side_words,
    span_of_sizes,
    stretches,
    value_words,
)  # fmt: skip
from simulator.sweep_table import SweepTable
from simulator.wording import counted, listed, number

_MOST_SIDES = 4


def metric_headline(table: SweepTable) -> str:
    """Say up to which value a scenario is safer than its reference, or how its metric changes with the value."""
    axis = table.grid.axes[0]
    if not is_compared(table):
        return _closed(table, _ends(table))
    if (plain := _one_sided(table)) is not None:
        return _closed(table, plain)
    found, words = stretches(axis, contrast(table, axis)), side_words(table.metric)
    name, reference = names(table)
    start = f"By {table.metric.label}, {name}"
    places = break_evens(found)
    if len(found) > _MOST_SIDES:
        text = f"{start} changes sides with {reference} {len(places)} times, first at {_at(axis, places[0])}"
        return _closed(table, text)
    side = -1 if any(one.side == -1 for one in found) else 1
    where = listed([_where(axis, one, found) for one in found if one.side == side])
    return _closed(table, f"{start} is {words[side]} {reference} {where}")


def heatmap_headline(table: SweepTable) -> str:
    """Say where two numbers break even, at both ends of the second, or how the metric spreads over the grid."""
    if not is_compared(table):
        return _closed(table, _extremes(table))
    if (plain := _one_sided(table)) is not None:
        return _closed(table, plain)
    name, reference = names(table)
    start = f"By {table.metric.label}, {name}"
    for axis, other in (table.grid.axes, table.grid.axes[::-1]):
        grid = table.shaped(contrast(table, axis))
        its = grid if axis is table.grid.axes[0] else grid.T
        single = []
        for place, value in enumerate(other.values):
            if len(places := break_evens(stretches(axis, its[:, place]))) == 1:
                single.append((places[0], value))
        if single:
            (at, value), (last_at, last) = single[0], single[-1]
            at_first, of_first = _at(axis, at), phrase(other, value_words(other, value))
            text = f"{start} breaks even with {reference} at {at_first} for {of_first}"
            if len(single) > 1:
                text += f", and {about(axis, last_at)} for {value_words(other, last)}"
            return _closed(table, text)
    found = difference(table)
    counted_as = f"{int((found < 0).sum()):,} of {counted(int(np.isfinite(found).sum()), 'point')}"
    return _closed(table, f"{start} is {side_words(table.metric)[-1]} {reference} at {counted_as}")


def value_sheet_words(table: SweepTable, shown: str) -> str:
    """Write a footer: how numbers were made, what is ``shown``, what is missing, and what it is no evidence of."""
    each = "value" if len(table.grid.axes) == 1 else "point"
    if table.grid.study.exact:
        made = "Closed form: expected values, nothing simulated, hence no band."
    else:
        made = f"{table.replicates:,} replicates at each {each}."
    missing = []
    if table.failures:
        missing.append(f"{len(table.failures):,} of {counted(table.grid.cells, each)} failed.")
    others = int((~np.isfinite(table.values["mean"])).sum()) - len(table.failures)
    if others > 0:
        missing.append(f"{others:,} of {counted(table.grid.cells, each)} have no such number.")
    return " ".join((made, shown, *missing, DISCLAIMER))


def difference_words(table: SweepTable, found: float) -> str:
    """Write a difference to the reference: ``18.3 fewer``, ``0.02 per year higher`` or ``no different``."""
    if found == 0:
        return "no different"
    less, more = ("fewer", "more") if noun_of(table.metric) == table.metric.label else ("lower", "higher")
    unit = "" if less == "fewer" else f" {table.metric.unit}"
    return f"{number(abs(found))}{unit} {less if found < 0 else more}"


def _one_sided(table: SweepTable) -> str | None:
    """Say that sides never change, or that no difference is clear; None where there is a break-even to be told."""
    found = difference(table)[np.isfinite(difference(table))]
    name, reference = names(table)
    label, words = table.metric.label, side_words(table.metric)
    if not clear_sides(table).any():
        return f"No difference in {label} shows between {name} and {reference} in this range"
    sides = sorted({int(side) for side in np.sign(found) if side})
    if len(sides) > 1:
        return None
    start = f"No break-even in this range: {name} is {words[sides[0]]} {reference}"
    if (found == 0).any():
        return f"{start} by up to {number(float(np.abs(found).max()))} {noun_of(table.metric)}, or no different"
    return f"{start}, by {span_of_sizes(found)} {noun_of(table.metric)}"


def _where(axis: Axis, one: Stretch, found: Sequence[Stretch]) -> str:
    if one is found[0]:
        return f"up to {_at(axis, one.high)}"
    if one is found[-1]:
        return f"from {_at(axis, one.low)} on"
    return f"between {about(axis, one.low)} and {_at(axis, one.high)}"


def _at(axis: Axis, value: float) -> str:
    return phrase(axis, about(axis, value))


def _ends(table: SweepTable) -> str:
    """Say what the metric is at the first and the last value that have one."""
    axis, upper = table.grid.axes[0], bounds(table)
    known = np.flatnonzero(np.isfinite(table.values["mean"]))
    said = [mean_words(table, int(cell), float(upper[cell])) for cell in known[[0, -1]]]
    first, last = (value_words(axis, axis.values[cell]) for cell in known[[0, -1]])
    start = f"{_upper(table.metric.label)} of {names(table)[0]}"
    if known.size == 1:
        return f"{start}: {said[0]} at {phrase(axis, first)}"
    if said[0] == said[1]:
        return f"{start}: {said[0]} at {first} as at {phrase(axis, last)}"
    return f"{start}: from {said[0]} at {first} to {said[1]} at {phrase(axis, last)}"


def _extremes(table: SweepTable) -> str:
    """Say where over a grid the metric is least and where it is most."""
    mean, upper, labels = table.values["mean"], bounds(table), short_labels(table.grid.axes)
    known = np.flatnonzero(np.isfinite(mean))
    start = f"{_upper(table.metric.label)} of {names(table)[0]}"
    if mean[known].min() == mean[known].max():
        return f"{start}: {mean_words(table, int(known[0]), float(upper[known[0]]))} everywhere"
    said = []
    for cell in (int(known[place(mean[known])]) for place in (np.argmin, np.argmax)):
        setting = [
            f"{label} {value_words(axis, value)}"
            for label, axis, value in zip(labels, table.grid.axes, table.grid.values(cell), strict=True)
        ]
        said.append(f"{mean_words(table, cell, float(upper[cell]))} at {listed(setting)}")
    return f"{start}: from {said[0]} to {said[1]}"


def _closed(table: SweepTable, text: str) -> str:
    return f"{text} (closed form)" if table.grid.study.exact else text


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
