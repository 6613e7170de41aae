"""Sweeps: a grid over numbers of a scenario, each point against the reference on the same draws."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import isclose, prod
from typing import overload

import numpy as np

from simulator.clocks import Array
from simulator.fields import Keys
from simulator.metrics import TIME
from simulator.points import Point, Record, Study
from simulator.problems import InputError, Mark, Problem, input_error
from simulator.quantities import Quantity
from simulator.scenario_file import LoadedScenario
from simulator.statistics import Band, PairedDifference, band, band_of_times, exact_difference, paired_difference
from simulator.variation import Settings, concerns, read_number, read_path, setting, varied

OPTION = "--vary"
MOST_POINTS = 1_000_000
_MOST_CHECKED = 10_000
_MOST_LINES = 9
FAMILY = (("all", "hazardous"), ("all", "accidents_per_year"), ("all", "casualties"))


@dataclass(frozen=True, slots=True)
class Axis:
    """A number that is varied: its ``values`` in the unit of its dimension; ``log`` where they are spread evenly in
    ratio.
    """

    path: Keys
    number: Quantity
    values: tuple[float, ...]
    log: bool
    text: str

    @property
    def label(self) -> str:
        """Its dotted path."""
        return ".".join(self.path)

    @property
    def unit(self) -> str:
        """The unit of the values, empty for pure numbers."""
        return self.number.dimension.unit


@dataclass(frozen=True, slots=True, eq=False)
class Grid(Sequence[Point]):
    """The points of a sweep: for each combination of values, the scenario, after its reference if there is one.

    The first axis turns slowest. Curves are kept of at most nine points of a sweep of one number.
    """

    study: Study
    axes: tuple[Axis, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """How many values each axis has."""
        return tuple(len(axis.values) for axis in self.axes)

    @property
    def cells(self) -> int:
        """How many combinations there are."""
        return prod(self.shape)

    def __len__(self) -> int:
        return self.cells * len(self.study.scenarios)

    @overload
    def __getitem__(self, index: int) -> Point: ...
    @overload
    def __getitem__(self, index: slice) -> list[Point]: ...
    def __getitem__(self, index: int | slice) -> Point | list[Point]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        if not 0 <= index < len(self):
            raise IndexError(index)
        cell, scenario = divmod(index, len(self.study.scenarios))
        loaded = self.study.scenarios[scenario]
        values = tuple(
            setting(axis.path, value, axis.number)
            for axis, value in zip(self.axes, self.values(cell), strict=True)
            if concerns(loaded, axis.path)
        )
        last = scenario == len(self.study.scenarios) - 1
        return Point(scenario, Settings(values), curves=last and cell in self.lines)

    def values(self, cell: int) -> tuple[float, ...]:
        """The values of a combination, one for each axis."""
        places = np.unravel_index(cell, self.shape)
        return tuple(axis.values[int(place)] for axis, place in zip(self.axes, places, strict=True))

    @property
    def lines(self) -> range | tuple[int, ...]:
        """The combinations whose curves are drawn: all, or nine spread over a sweep of one number."""
        if len(self.axes) != 1:
            return ()
        if self.cells <= _MOST_LINES:
            return range(self.cells)
        return tuple(sorted({round(place) for place in np.linspace(0, self.cells - 1, _MOST_LINES)}))


@dataclass(frozen=True, slots=True, eq=False)
class CellResult:
    """What one combination gave: the scenario's metrics, as a Band [M], and their differences to the reference."""

    metrics: tuple[str, ...]
    band: Band
    compared: tuple[str, ...] = ()
    difference: PairedDifference | None = None


def read_axes(texts: Sequence[str], scenarios: Sequence[LoadedScenario]) -> tuple[Axis, ...]:
    """Read what is varied, as given to --vary: ``PATH=a,b,c`` or ``PATH=low:high:n`` (``:log`` for equal ratios).

    Raises InputError for every wrong path, value, range or combination, before anything is computed.
    """
    axes: list[Axis] = []
    problems: list[Problem] = []
    for text in texts:
        try:
            axes.append(_axis(text, scenarios))
        except InputError as error:
            problems += error.problems
    labels = [axis.label for axis in axes]
    problems += [
        Problem(None, OPTION, f"'{label}' is varied twice")
        for label in dict.fromkeys(labels)
        if labels.count(label) > 1
    ]
    cells = prod(len(axis.values) for axis in axes)
    if not problems and cells > MOST_POINTS:
        message = f"the grid has {cells:,} points, at most {MOST_POINTS:,} are computed; give fewer values"
        problems.append(Problem(None, OPTION, message))
    if problems:
        raise InputError(problems)
    _refuse_impossible(axes, scenarios)
    return tuple(axes)


def cell_result(record: Record, reference: Record | None, *, exact: bool) -> CellResult:
    """Summarise a combination from its record, and that of its reference on the same draws."""
    if exact:
        nothing = np.full(len(record.metrics), np.nan)
        summary = Band(record.estimate[0], np.zeros(len(record.metrics)), nothing, nothing, nothing, 0)
    else:
        summary = _band(record)
    if reference is None:
        return CellResult(record.metrics, summary)
    both = tuple(name for name in record.metrics if name in reference.metrics and not name.startswith(TIME))
    its, before = [record.column(name) for name in both], [reference.column(name) for name in both]
    if exact:
        found = exact_difference(reference.estimate[0, before], record.estimate[0, its])
    else:
        found = paired_difference(
            (reference.estimate[:, before], reference.played[:, before]),
            (record.estimate[:, its], record.played[:, its]),
        )
    return CellResult(record.metrics, summary, both, found)


def _band(record: Record) -> Band:
    """Summarise simulated metrics; times, of which some may never come, by themselves."""
    times = np.array([name.startswith(TIME) for name in record.metrics])
    with_times = band_of_times(record.estimate, record.played)
    estimate, played = (np.where(times, 0.0, values) for values in (record.estimate, record.played))
    rest = band(estimate, played, record.least / np.sqrt(record.estimate.shape[0]))

    def column(name: str) -> Array:
        return np.asarray(np.where(times, getattr(with_times, name), getattr(rest, name)))

    return Band(column("mean"), column("standard_error"), column("p05"), column("p50"), column("p95"), rest.replicates)


def crossings(x: Array, difference: Array, *, log: bool) -> list[float]:
    """Where a difference [n] changes its sign along rising values x [n], between two of them by a straight line."""
    scale = np.log(x) if log else x
    found = []
    for place in range(x.size - 1):
        before, after = difference[place], difference[place + 1]
        if np.isfinite(before) and np.isfinite(after) and (before < 0) != (after < 0):
            share = before / (before - after)
            where = scale[place] + share * (scale[place + 1] - scale[place])
            found.append(float(np.exp(where)) if log else float(where))
    return found


def _axis(text: str, scenarios: Sequence[LoadedScenario]) -> Axis:
    argument = f"{OPTION} {text}"
    name, equals, values = text.partition("=")
    start, begin = len(OPTION) + 1, len(OPTION) + 1 + len(name) + 1

    def mark(first: int, last: int) -> Mark:
        return Mark("command line", 0, first, 0, max(last, first + 1), (argument,))

    if not equals or not name.strip() or not values.strip():
        message = "must look like PATH=a,b,c or PATH=low:high:n, e.g. mines.legacy.count=1000,2000"
        raise input_error(message, mark=mark(start, len(argument)), path=OPTION)
    path, number = read_path(name.strip(), scenarios, mark(start, start + len(name)), OPTION)
    whole = mark(begin, len(argument))
    if ":" in values:
        spread, log = _range(values, number, whole)
    else:
        spread, log = [], False
        for piece in re.finditer(r"[^,]*", values):
            if piece.start() == 0 or values[piece.start() - 1] == ",":
                spread.append(read_number(piece[0], number, mark(begin + piece.start(), begin + piece.end()), OPTION))
        log = _is_geometric(spread)
    if len(set(spread)) < len(spread):
        raise input_error("has the same value twice", mark=whole, path=OPTION)
    if spread != sorted(spread):
        raise input_error("must rise from value to value", mark=whole, path=OPTION)
    return Axis(path, number, tuple(spread), log, text)


def _range(text: str, number: Quantity, mark: Mark) -> tuple[list[float], bool]:
    parts = [part.strip() for part in text.split(":")]
    log = len(parts) == 4 and parts[3] == "log"
    if not (len(parts) == 3 or log):
        raise input_error("a range must look like low:high:n or low:high:n:log", mark=mark, path=OPTION)
    low, high = (read_number(part, number, mark, OPTION) for part in parts[:2])
    if not (parts[2].isdecimal() and len(parts[2]) <= 12 and int(parts[2]) >= 2):
        message = f"needs the number of values, 2 or more, after the second colon, got '{parts[2]}'"
        raise input_error(message, mark=mark, path=OPTION)
    if not low < high:
        raise input_error(f"must rise from low to high, got {parts[0]} to {parts[1]}", mark=mark, path=OPTION)
    if log and not low > 0:
        raise input_error("a logarithmic range must begin above 0", mark=mark, path=OPTION)
    count = int(parts[2])
    if count > MOST_POINTS:
        message = f"has {count:,} values, at most {MOST_POINTS:,} points are computed; give fewer"
        raise input_error(message, mark=mark, path=OPTION)
    spread = np.geomspace(low, high, count) if log else np.linspace(low, high, count)
    # Twelve digits: 0.3 and not 0.30000000000000004.
    values = [float(f"{value:.12g}") for value in spread]
    if number.integer:
        values = sorted({float(round(value)) for value in values})
    return values, log


def _is_geometric(values: Sequence[float]) -> bool:
    """Tell whether listed values are meant on a scale of ratios: above 0, and over a decade or more."""
    return len(values) > 1 and values[0] > 0 and values[-1] / values[0] >= 10 - 1e-9


def _refuse_impossible(axes: Sequence[Axis], scenarios: Sequence[LoadedScenario]) -> None:
    """Raise InputError where a value makes no valid scenario although it is allowed by itself."""
    for axis in axes:
        step = max(1, len(axis.values) * len(scenarios) // _MOST_CHECKED)
        for loaded, value in product(scenarios, axis.values[::step]):
            if not concerns(loaded, axis.path):
                continue
            try:
                varied(loaded, Settings((setting(axis.path, value, axis.number),)))
            except InputError as error:
                reason = error.problems[0]
                message = f"{axis.label} = {value:g} makes no valid scenario of {loaded.name}: {reason.message}"
                raise input_error(f"{message} ({reason.path})", path=OPTION) from None


def is_even(values: Sequence[float]) -> bool:
    """Whether values are spread evenly."""
    steps = np.diff(values)
    return bool(all(isclose(step, steps[0], rel_tol=1e-6) for step in steps))
