"""How a sweep is read: values in words, means that cannot be told from none, and the side of the reference."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import isclose

import numpy as np
from numpy.typing import NDArray
from scipy import special

from simulator import units
from simulator.clocks import Array
from simulator.findings import worth_of_an_event as worth_of_one_event
from simulator.metrics import RISK_BELOW, Metric
from simulator.points import scenario_at, world_of
from simulator.problems import InputError, printable
from simulator.statistics import zero_events_bound
from simulator.sweep_grid import Axis, crossings
from simulator.sweep_table import SweepTable
from simulator.units import DAYS_PER_YEAR
from simulator.wording import bound, duration, number

_CONFIDENCE = 0.9
# As in single results: what is left after underflow is not worth a claim, and a mean within two errors may be none.
_NEGLIGIBLE = 1e-9
_DOUBT = 2.0
_LONGEST_NAME = 40
_DIGITS, _FEWER_DIGITS = range(3, 7), range(2, 7)
_OF_STEP = 0.05
_COUNTABLE = ("people", "mines", "accidents")
# Metrics of which less is safer; of the others, such as costs, less is only lower.
_HARM = (
    "hazardous_at", "mine_days", "accidents", "casualties", "killed", "injured", "children", "adults",
    "highest_individual_risk", RISK_BELOW, "missed_hazardous",
)  # fmt: skip
_NOUNS = {
    ("count",): "mines",
    ("self_destruct", "failure"): "failing to self-destruct",
    ("battery", "failure"): "not made inert by the battery",
}


@dataclass(frozen=True, slots=True)
class Stretch:
    """Values of an axis at which a scenario is on one ``side`` of its reference: -1 below, 0 the same, 1 above.

    ``first`` and ``last`` are the outermost swept values on that side. It reaches from ``low`` to ``high``: where the
    side changes, these lie on the straight line between two swept values.
    """

    side: int
    first: float
    last: float
    low: float
    high: float


def stretches(axis: Axis, contrasts: Array) -> list[Stretch]:
    """Divide the values of an axis by the sign of a contrast to the reference [n]; values without one are passed over.

    A stretch without difference has two values or more: a single 0 is where sides change or nearly do.
    """
    known = np.flatnonzero(np.isfinite(contrasts))
    x, its = np.array(axis.values)[known], contrasts[known]
    starts = [place for place in range(x.size) if place == 0 or np.sign(its[place]) != np.sign(its[place - 1])]
    runs = [(start, stop - 1) for start, stop in zip(starts, [*starts[1:], x.size], strict=True)]
    found: list[Stretch] = []
    for first, last in runs:
        side, start, end = int(np.sign(its[first])), float(x[first]), float(x[last])
        if side == 0 and first == last and len(runs) > 1:
            # Where the difference is 0 at one value only, the sides change there or it touches 0.
            if found:
                found[-1] = replace(found[-1], last=end, high=end)
            continue
        if first > 0 and its[first - 1] == 0 and (first == 1 or its[first - 2] != 0):
            start = float(x[first - 1])
        low = _between(axis, x, its, first) if first > 0 else start
        high = _between(axis, x, its, last + 1) if last + 1 < x.size else end
        if found and found[-1].side == side:
            found[-1] = replace(found[-1], last=end, high=high)
        else:
            found.append(Stretch(side, start, end, low, high))
    return found


def break_evens(found: Sequence[Stretch]) -> list[float]:
    """The values at which the side changes."""
    return [one.high for one in found[:-1]]


def difference(table: SweepTable) -> Array:
    """The difference to the reference, [cells]; 0 where neither has any to speak of."""
    if table.differences is None or table.reference is None:
        raise ValueError("the sweep has no reference")
    found = table.differences["difference"]
    if not _is_count(table):
        return found
    most = np.maximum(table.values["mean"], table.reference)
    return np.where(np.isfinite(found) & (most < _NEGLIGIBLE), 0.0, found)


def is_compared(table: SweepTable) -> bool:
    """Whether there is a reference, and a difference to it at some point."""
    return table.differences is not None and bool(np.isfinite(table.differences["difference"]).any())


def has_ratios(table: SweepTable) -> bool:
    """Whether every ratio to the reference is above 0, so that it has a logarithm."""
    known = np.zeros(0) if table.differences is None else table.differences["ratio"][np.isfinite(difference(table))]
    return bool(known.size and np.isfinite(known).all() and (known > 0).all())


def contrast(table: SweepTable, axis: Axis) -> Array:
    """What is 0 at a break-even and is joined by straight lines along an axis, [cells].

    On a logarithmic axis it is the logarithm of the ratio to the reference, if there is one: what is in proportion to
    a power of the number lies on a straight line there. Else it is the difference, straight for what is even.
    """
    found = difference(table)
    if table.differences is None or not (axis.log and has_ratios(table)):
        return found
    return np.where(found == 0, 0.0, np.log(table.differences["ratio"]))


def clear_sides(table: SweepTable) -> NDArray[np.int64]:
    """The side of each point, [cells]; 0 where the 90 % interval of the paired difference does not exclude 0."""
    found = difference(table)
    error = np.zeros_like(found) if table.differences is None else table.differences["standard_error"]
    is_clear = np.abs(found) > reach_of_interval(table) * error
    return np.where(is_clear, np.sign(np.nan_to_num(found)), 0).astype(np.int64)


def reach_of_interval(table: SweepTable) -> float:
    """Standard errors on each side of a mean that make its 90 % interval (Student's t); 0 in closed form."""
    if table.grid.study.exact:
        return 0.0
    return float(special.stdtrit(max(table.replicates - 1, 1), (1 + _CONFIDENCE) / 2))


def bounds(table: SweepTable) -> Array:
    """Upper bounds of the means that cannot be told from none, [cells]; NaN where the mean can be said.

    In a simulation they have 95 % confidence, for what one event can add at most anywhere on the grid.
    """
    mean, error, p95 = (table.values[name] for name in ("mean", "standard_error", "p95"))
    unseen = mean < _NEGLIGIBLE
    if not table.grid.study.exact:
        unseen = (p95 == 0) & (unseen | (mean <= _DOUBT * error))
    if not (_is_count(table) and unseen.any()):
        return np.full(mean.shape, np.nan)
    return np.where(unseen, np.maximum(least_told(table), mean + _DOUBT * error), np.nan)


def least_told(table: SweepTable) -> float:
    """Upper bound (95 % confidence) of a mean of which no simulated world showed any; NaN where 0 can be said."""
    if not _is_count(table):
        return float("nan")
    return _NEGLIGIBLE if table.grid.study.exact else zero_events_bound(table.replicates) * worth_of_an_event(table)


def mean_words(table: SweepTable, cell: int, upper: float, less: str = "fewer than") -> str:
    """Write the mean of a point, or its upper bound unless that is NaN; a dash where there is none."""
    mean = float(table.values["mean"][cell])
    if np.isnan(mean):
        return "failed" if cell in table.failures else "–"
    if np.isfinite(upper):
        return f"{less} {bound(upper)}"
    if table.metric.is_time:
        if np.isinf(mean):
            return "not within the horizon" if table.grid.study.exact else "not in every world"
        return duration(mean) if mean > 0 else "at once"
    return number(mean)


def value_words(axis: Axis, value: float) -> str:
    """Write a value of an axis with its unit, to as many digits as it has."""
    if axis.number.dimension is units.DURATION and _is_round(value / DAYS_PER_YEAR):
        return duration(value)
    size = value * shown_as(axis)[0]
    digits = (places for places in _DIGITS if isclose(float(f"{size:.{places}g}"), size, rel_tol=1e-9))
    # A million or more is said in words, and then briefly.
    return _with_unit(number(size, next(digits, 3) if size < 1e6 else 3), axis)


def about(axis: Axis, value: float) -> str:
    """Write an interpolated value of an axis, ``about 41 %``, no finer than the step between values deserves."""
    factor = shown_as(axis)[0]
    place = int(np.clip(np.searchsorted(axis.values, value), 1, max(len(axis.values) - 1, 1)))
    step = factor * float(np.diff(axis.values[place - 1 : place + 1]).sum())
    size = value * factor
    digits = (places for places in _FEWER_DIGITS if abs(float(f"{size:.{places}g}") - size) <= _OF_STEP * step)
    return f"about {_with_unit(number(size, next(digits, 3)), axis)}"


def shown_as(axis: Axis) -> tuple[float, str]:
    """Return by what the values of an axis are multiplied to be shown, and the unit they have then."""
    if axis.number.dimension is units.PROBABILITY:
        return 100.0, "%"
    if axis.number.dimension is units.DURATION and all(value == 0 or value >= DAYS_PER_YEAR for value in axis.values):
        return 1 / DAYS_PER_YEAR, "years"
    return 1.0, axis.unit


def phrase(axis: Axis, words: str) -> str:
    """Say what a value in ``words`` is of: ``10 % failing to self-destruct``, ``civilians.density = 14 per km2``."""
    noun = _NOUNS.get(axis.path[2:]) if axis.path[0] == "mines" else None
    return f"{words} {noun}" if noun else f"{'.'.join(axis.path[-2:])} = {words}"


def short_labels(axes: Sequence[Axis]) -> list[str]:
    """Name axes by the ends of their paths, as long as it takes to tell them apart."""
    for length in range(1, max(len(axis.path) for axis in axes) + 1):
        labels = [".".join(axis.path[-length:]) for axis in axes]
        if len(set(labels)) == len(labels):
            break
    return labels


def names(table: SweepTable) -> list[str]:
    """Name the scenario, and its reference if there is one, shortly enough for a title."""
    clean = [" ".join(printable(name).split()) for name in table.names]
    short = [name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…" for name in clean]
    if len(set(short)) == len(short):
        return short
    return short[:1] + [f"{name} (reference)" for name in short[1:]]


def side_words(metric: Metric) -> dict[int, str]:
    """Say what the sides of a reference mean for a metric."""
    if is_harm(metric):
        return {-1: "safer than", 0: "no different from", 1: "worse than"}
    return {-1: "lower than", 0: "no different from", 1: "higher than"}


def is_harm(metric: Metric) -> bool:
    """Whether less of a metric is safer."""
    return metric.name.startswith(_HARM)


def noun_of(metric: Metric) -> str:
    """Name what a number of a metric counts or measures: ``casualties``, ``mine-days``."""
    return metric.label if metric.unit in _COUNTABLE else metric.unit


def span_of_sizes(values: Array) -> str:
    """Write the range of the sizes of some numbers, ``10.2 to 18.4``."""
    low, high = number(float(np.abs(values).min())), number(float(np.abs(values).max()))
    return low if low == high else f"{low} to {high}"


def _is_round(years: float) -> bool:
    return years >= 1 and isclose(float(f"{years:.3g}"), years, rel_tol=1e-9)


def _is_count(table: SweepTable) -> bool:
    return table.metric.counts_events or table.metric.unit == "mines"


def _between(axis: Axis, x: Array, contrasts: Array, place: int) -> float:
    """Where the side changes between the value before a place and the one at it."""
    found = crossings(x[place - 1 : place + 1], contrasts[place - 1 : place + 1], log=axis.log)
    if found:
        return found[0]
    return float(x[place] if contrasts[place] == 0 else x[place - 1])


def worth_of_an_event(table: SweepTable) -> float:
    """The most that one event adds to the metric, at any corner of the grid."""
    grid, size = table.grid, len(table.grid.study.scenarios)
    found = [0.0]
    # Nothing but these changes what an event adds.
    ends = [
        sorted({0, len(axis.values) - 1}) if axis.path[0] == "civilians" or "lots" in axis.path else [0]
        for axis in grid.axes
    ]
    for corner in product(*ends):
        cell = int(np.ravel_multi_index(corner, grid.shape))
        for point in grid[cell * size : (cell + 1) * size]:
            try:
                world = world_of(grid.study, scenario_at(grid.study, point))
            except InputError:
                continue
            found.append(worth_of_one_event(table.metric, world))
    return max(found)


def _with_unit(amount: str, axis: Axis) -> str:
    unit = shown_as(axis)[1]
    if amount == "1" and unit in {"days", "years"}:
        unit = unit.removesuffix("s")
    return f"{amount} {unit}".strip()
