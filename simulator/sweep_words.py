"""What a sweep says in sentences and in a table, for the terminal: only computed numbers, none where none was seen."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np

from simulator.clocks import Array
from simulator.sweep_grid import Axis
from simulator.sweep_reading import (
    Stretch,
    about,
    bounds,
    break_evens,
    clear_sides,
    contrast,
    difference,
    least_told,
    mean_words,
    names,
    short_labels,
    side_words,
    span_of_sizes,
    stretches,
    value_words,
)  # fmt: skip
from simulator.sweep_table import SweepTable
from simulator.wording import bound, counted, listed, number, span

_MOST_ROWS, _MOST_DOWN, _MOST_ACROSS = 20, 15, 8
_MOST_SIDES = 4
_VERB = "'minesim breakeven'"


def sentences(table: SweepTable) -> Iterator[str]:
    """Say in a few sentences what a sweep found: the range of its metric, where a reference is safer, what failed."""
    yield _range_sentence(table)
    if table.differences is not None:
        yield from _side_sentences(table, difference(table))
    yield from _missing_sentences(table)
    points = "point" if len(table.grid.axes) > 1 else "value"
    if table.grid.study.exact:
        yield "Closed form: expected values, nothing simulated."
    else:
        paired = ", on the same draws as the reference" if table.differences is not None else ""
        worlds = f"{counted(table.replicates, 'simulated world')} at each {points}{paired}"
        yield f"{worlds}; in brackets 90 % of the worlds."
    if len(table.grid.axes) == 2:
        yield _table_sentence(table)


def table_rows(table: SweepTable) -> tuple[list[str], list[list[str]]]:
    """Make a table of a sweep, header and rows: of two numbers a matrix, else a row a point, 20 at most."""
    if len(table.grid.axes) == 2:
        return _matrix(table)
    axes, upper = table.grid.axes, bounds(table)
    settings = [axes[0].label] if len(axes) == 1 else short_labels(axes)
    header = [*settings, _what(table)]
    if table.differences is not None:
        header += [names(table)[1], "difference"]
    least = least_told(table) if table.reference is not None and (table.reference == 0).any() else float("nan")
    found = difference(table) if table.differences is not None else None
    rows = []
    for cell in _spread(table.grid.cells, _MOST_ROWS):
        row = [value_words(axis, value) for axis, value in zip(axes, table.grid.values(cell), strict=True)]
        row.append(_with_span(mean_words(table, cell, float(upper[cell]), "<"), table.values, cell))
        if table.differences is not None and table.reference is not None and found is not None:
            row += _against(table.differences, float(found[cell]), float(table.reference[cell]), cell, least)
        rows.append(row)
    return header, rows


def _against(columns: Mapping[str, Array], found: float, reference: float, cell: int, least: float) -> tuple[str, str]:
    """Write the reference's mean at a point, or its upper bound ``least``, and the difference to it."""
    if not np.isfinite(found):
        return "–", "–"
    unseen = reference == 0 and np.isfinite(least)
    said = "none seen" if unseen and found == 0 else _with_span(number(found), columns, cell)
    return f"< {bound(least)}" if unseen else number(reference), said


def _range_sentence(table: SweepTable) -> str:
    mean, axes = table.values["mean"], table.grid.axes
    known = np.flatnonzero(np.isfinite(mean))
    what = f"{_what(table)} of {names(table)[0]}"
    over = listed([f"{axis.label} {_range(axis)}" for axis in axes])
    if not known.size:
        return f"Over {over}, no point gave a number for {what}."
    upper = bounds(table)
    least, most = (int(known[place(mean[known])]) for place in (np.argmin, np.argmax))
    if least == most or mean[least] == mean[most]:
        return f"Over {over}, {what}: {_mean_with_error(table, least, upper)} everywhere."
    ends = [f"{_mean_with_error(table, cell, upper)} at {_setting(table, cell)}" for cell in (least, most)]
    return f"Over {over}, {what}: least {ends[0]}, most {ends[1]}."


def _range(axis: Axis) -> str:
    first, last = (value_words(axis, axis.values[end]) for end in (0, -1))
    return f"at {first}" if len(axis.values) == 1 else f"from {first} to {last}"


def _side_sentences(table: SweepTable, found: Array) -> Iterator[str]:
    known = found[np.isfinite(found)]
    metric, (name, reference) = table.metric, names(table)
    if not known.size:
        yield f"{metric.label[:1].upper()}{metric.label[1:]} cannot be compared with {reference} at any point."
        return
    signs, words = np.sign(known), side_words(metric)
    points = "value" if len(table.grid.axes) == 1 else "point"
    sides = sorted({int(sign) for sign in signs if sign})
    if sides and (signs == sides[0]).all():
        text = f"by {metric.label}, {name} is {words[sides[0]]} {reference} at every {points}"
        yield f"No break-even in this range: {text}, by {span_of_sizes(known)} {metric.unit}."
    elif len(sides) == 2 and len(table.grid.axes) == 1:
        (axis,) = table.grid.axes
        yield _crossing_sentence(table, axis, stretches(axis, contrast(table, axis)))
    else:
        counts = [(words[side], int((signs == side).sum())) for side in (-1, 0, 1)]
        parts = [f"{word} {reference} at {count:,}" for word, count in counts if count]
        yield f"By {metric.label}, of {counted(known.size, points)} {name} is {listed(parts)}."
        if len(sides) == 2 and len(table.grid.axes) == 2:
            yield from _edge_sentences(table)
    if not table.grid.study.exact:
        clear = int((clear_sides(table) != 0).sum())
        yield f"The 90 % interval of the paired difference excludes 0 at {clear:,} of {counted(known.size, points)}."


def _crossing_sentence(table: SweepTable, axis: Axis, found: Sequence[Stretch]) -> str:
    """Say on which side of the reference a scenario is along the swept values, and between which of them it changes."""
    name, reference = names(table)
    start, places = f"By {table.metric.label}, {name}", break_evens(found)
    if len(found) > _MOST_SIDES:
        return (
            f"{start} changes sides with {reference} {len(places)} times, first at {about(axis, places[0])} and "
            f"last at {about(axis, places[-1])}; {_VERB} gives intervals."
        )
    words = side_words(table.metric)
    clauses = [f"is {words[found[0].side]} {reference} up to {about(axis, found[0].high)}"]
    for one in found[1:]:
        # Said once, the reference is understood.
        word = words[one.side].rpartition(" ")[0]
        clauses.append(f"{word} from there {'on' if one is found[-1] else f'to {about(axis, one.high)}'}")
    gaps = [_gap(axis, one, after) for one, after in pairwise(found)]
    how = "computes it" if table.grid.study.exact else "gives an interval"
    return f"{start} {', '.join(clauses)} (break-even {listed(gaps)}; {_VERB} {how})."


def _gap(axis: Axis, one: Stretch, after: Stretch) -> str:
    if one.last == after.first or one.high in {one.last, after.first}:
        return f"at {value_words(axis, one.high)}"
    return f"between the swept values {value_words(axis, one.last)} and {value_words(axis, after.first)}"


def _edge_sentences(table: SweepTable) -> Iterator[str]:
    """Say where one number breaks even at the smallest and the largest value of the other.

    It is the first number, unless only the second has any break-even there.
    """
    along, said = _edges(table, 0)
    if not said and (second := _edges(table, 1))[1]:
        along, said = second
    yield from along
    yield f"{_VERB} narrows down a break-even in one number."


def _edges(table: SweepTable, number: int) -> tuple[list[str], bool]:
    """The sentences about one of two numbers, and whether there is a break-even in any of them."""
    axis, other = table.grid.axes[number], table.grid.axes[1 - number]
    label, its = (short_labels(table.grid.axes)[one] for one in (number, 1 - number))
    grid = table.shaped(contrast(table, axis))
    texts, any_found = [], False
    for place in dict.fromkeys((0, len(other.values) - 1)):
        found = stretches(axis, grid[:, place] if number == 0 else grid[place])
        at = f"At {its} {value_words(other, other.values[place])}"
        if not found:
            texts.append(f"{at} nothing can be compared.")
        elif len(found) == 1:
            name, reference = names(table)
            words = f"{name} is {side_words(table.metric)[found[0].side]} {reference} at every value"
            texts.append(f"{at}, no break-even in {label}: {words}.")
        else:
            any_found = True
            places = [f"{about(axis, one.high)} ({_gap(axis, one, after)})" for one, after in pairwise(found)]
            said = listed(places) if len(places) < _MOST_SIDES else f"{len(places)} places, the first {places[0]}"
            texts.append(f"{at}, {label} breaks even at {said}.")
    return texts, any_found


def _missing_sentences(table: SweepTable) -> Iterator[str]:
    """Say which points failed, and which have no number for another reason."""
    mean, cells = table.values["mean"], table.grid.cells
    if table.failures:
        first = next(iter(table.failures))
        yield (
            f"{len(table.failures):,} of {counted(cells, 'point')} failed: {table.failures[first]} "
            f"(at {_setting(table, first)}{', the first' if len(table.failures) > 1 else ''})."
        )
    late = int(np.isinf(mean).sum())
    if late:
        where = "" if table.grid.study.exact else " in every world"
        yield f"At {late:,} of {counted(cells, 'point')} it is not reached within the horizon{where}."
    none = int(np.isnan(mean).sum()) - len(table.failures)
    if none > 0:
        yield f"{none:,} of {counted(cells, 'point')} have no such metric."


def _table_sentence(table: SweepTable) -> str:
    what, doubt = _what(table), ""
    if table.differences is not None:
        name, reference = names(table)
        what = f"{what}, {name} minus {reference}"
        if not table.grid.study.exact:
            doubt = "; “?”: the 90 % interval does not exclude 0"
    down, across = (axis.label for axis in table.grid.axes)
    return f"Table: {what}; {down} downwards, {across} across{doubt}."


def _matrix(table: SweepTable) -> tuple[list[str], list[list[str]]]:
    """Put the first number down and the second across, thinned to 15 x 8."""
    down, across = table.grid.axes
    rows, columns = _spread(len(down.values), _MOST_DOWN), _spread(len(across.values), _MOST_ACROSS)
    upper = bounds(table)
    compared = table.differences is not None
    found = difference(table) if compared else np.full(table.grid.cells, np.nan)
    clear = clear_sides(table) if compared else np.zeros(table.grid.cells)

    def words(cell: int) -> str:
        if not compared or cell in table.failures:
            return mean_words(table, cell, float(upper[cell]), "<")
        if not np.isfinite(found[cell]):
            return "–"
        doubt = " ?" if not table.grid.study.exact and clear[cell] == 0 else ""
        return f"{number(float(found[cell]))}{doubt}"

    header = [" \\ ".join(short_labels(table.grid.axes)), *(value_words(across, across.values[one]) for one in columns)]
    cells = [[words(row * len(across.values) + column) for column in columns] for row in rows]
    return header, [[value_words(down, down.values[row]), *its] for row, its in zip(rows, cells, strict=True)]


def _what(table: SweepTable) -> str:
    """Name the metric with its unit, unless the name says it; times are always written with their own."""
    metric = table.metric
    return metric.label if metric.is_time or metric.unit in metric.label else f"{metric.label} [{metric.unit}]"


def _mean_with_error(table: SweepTable, cell: int, upper: Array) -> str:
    words = mean_words(table, cell, float(upper[cell]))
    error = float(table.values["standard_error"][cell])
    if np.isfinite(upper[cell]) or not error > 0:
        return words
    return f"{words} (standard error {number(error, 2)})"


def _with_span(words: str, columns: Mapping[str, Array], cell: int) -> str:
    """Add the range of 90 % of the worlds, unless there is none or it says the same."""
    low, high = (float(columns[name][cell]) for name in ("p05", "p95"))
    if not (np.isfinite(low) and np.isfinite(high)):
        return words
    spread = span(low, high)
    return words if spread == words else f"{words} ({spread})"


def _setting(table: SweepTable, cell: int) -> str:
    """Say the values of a point; with several numbers, each after its name."""
    axes, values = table.grid.axes, table.grid.values(cell)
    words = [value_words(axis, value) for axis, value in zip(axes, values, strict=True)]
    if len(axes) == 1:
        return words[0]
    return listed([f"{label} {text}" for label, text in zip(short_labels(axes), words, strict=True)])


def _spread(count: int, most: int) -> list[int]:
    """Choose at most so many of a number of places, evenly, with the first and the last."""
    if count <= most:
        return list(range(count))
    return sorted({round(place) for place in np.linspace(0, count - 1, most)})
