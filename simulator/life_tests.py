"""Tests of how long devices last, from a CSV file: ends seen, ends between two looks, and devices that outlasted the
test.
"""

from dataclasses import dataclass

import numpy as np

from simulator.clocks import Array
from simulator.csv_table import Columns, CsvTable, read_table, refuse
from simulator.csv_text import number_in
from simulator.problems import Problem, input_error
from simulator.units import DAYS_PER_YEAR

ENDED, WORKING = "ended", "working"
MOST_ROWS = 100_000
_DAYS = {"hours": 1 / 24, "days": 1.0, "weeks": 7.0, "years": DAYS_PER_YEAR}
_SINCE = "seen_working"
_COLUMNS = Columns(
    ("status",),
    (*_DAYS, _SINCE, "count", "temperature_degC"),
    {"status": ("state", "event", "result"), "count": ("number", "n"), "temperature_degC": ("temperature", "degC")},
)
_STATES = {
    "failed": ENDED,
    "exhausted": ENDED,
    "dead": ENDED,
    "censored": WORKING,
    "running": WORKING,
    "alive": WORKING,
}
_MOST_DAYS = 1e6
_MOST_DEVICES = 1e15
_DEGREES = (-100.0, 200.0)


@dataclass(frozen=True, slots=True, eq=False)
class LifeTests:
    """Tests [n], read-only: ``count`` devices each, that ``ended`` at ``days`` (``exact``) or between ``since_days``
    and ``days``, or were still working then; ``degrees`` [degrees Celsius] of each, None where not stated.
    """

    since_days: Array
    days: Array
    ended: np.ndarray[tuple[int], np.dtype[np.bool_]]
    exact: np.ndarray[tuple[int], np.dtype[np.bool_]]
    count: Array
    degrees: Array | None = None

    def __post_init__(self) -> None:
        for array in (self.since_days, self.days, self.ended, self.exact, self.count):
            array.flags.writeable = False
        if self.degrees is not None:
            self.degrees.flags.writeable = False

    @property
    def devices(self) -> float:
        """How many devices were tested."""
        return float(self.count.sum())

    @property
    def ends(self) -> float:
        """How many of them ended."""
        return float(self.count[self.ended].sum())


def read_life_tests(text: str, name: str) -> LifeTests:
    """Read a CSV text with a column of times (hours, days, weeks or years) and ``status`` (ended, or working when the
    watching stopped); optional are ``seen_working`` (the last look at which it worked, in the unit of the times, 0 for
    none), ``count`` and ``temperature_degC``.

    Raises InputError with every problem found, each at its place; ``name`` is what messages call the file.
    """
    table = read_table(text, name, _COLUMNS, most_rows=MOST_ROWS, noun="test", way_out="join equal ones by 'count'")
    units = [unit for unit in _DAYS if unit in table.places]
    if len(units) != 1:
        found = f"has {' and '.join(units)}" if units else "has no column of times"
        raise input_error(f"{found}; give one of hours, days, weeks, years", mark=table.header)
    unit = units[0]
    problems = [*table.problems]
    states = [_state(table, row, problems) for row in range(len(table.rows))]
    times = _numbers(table, unit, problems, 0.0, _MOST_DAYS / _DAYS[unit])
    since = _numbers(table, _SINCE, problems, 0.0, _MOST_DAYS / _DAYS[unit], empty=np.nan)
    count = _numbers(table, "count", problems, 0.0, _MOST_DEVICES, empty=1.0)
    degrees = _numbers(table, "temperature_degC", problems, *_DEGREES) if "temperature_degC" in table.places else None
    ended = np.array([state == ENDED for state in states], dtype=bool)
    exact = np.isnan(since)
    wrong = (
        (unit, times <= 0, "must be above 0"),
        ("count", count != np.round(count), "must be a whole number"),
        (_SINCE, ended & (since >= times), "must be before the end"),
        (_SINCE, ~exact & ~ended, "is for a device that ended; leave it empty for one still working"),
    )
    problems += [
        table.problem(row, column, message)
        for column, where, message in wrong
        for row in np.flatnonzero(where & ~np.isnan(times) & ~np.isnan(count)).tolist()
    ]
    refuse(problems)
    days = times * _DAYS[unit]
    return LifeTests(np.nan_to_num(since) * _DAYS[unit], days, ended, exact, count, degrees)


def joined(tests: LifeTests) -> LifeTests:
    """Join tests that are alike by their counts, and leave out those of no device."""
    degrees = np.zeros(tests.days.size) if tests.degrees is None else tests.degrees
    rows = np.column_stack((tests.since_days, tests.days, tests.ended, tests.exact, degrees))[tests.count > 0]
    (since, days, ended, exact, degrees), place = (its.T for its in np.unique(rows, axis=0, return_inverse=True))
    count = np.asarray(np.bincount(place.ravel(), tests.count[tests.count > 0], days.size), dtype=float)
    return LifeTests(since, days, ended > 0, exact > 0, count, None if tests.degrees is None else degrees)


def _state(table: CsvTable, row: int, problems: list[Problem]) -> str:
    text = table.text(row, "status")
    if text not in {ENDED, WORKING}:
        near = _STATES.get(text.lower(), text.lower() if text.lower() in {ENDED, WORKING} else None)
        hint = f", did you mean '{near}'?" if near else ""
        problems.append(table.problem(row, "status", f"must be '{ENDED}' or '{WORKING}', got '{text[:40]}'{hint}"))
    return text


def _numbers(
    table: CsvTable, column: str, problems: list[Problem], low: float, high: float, empty: float | None = None
) -> Array:
    """Read a column [n]; NaN where it is wrong. ``empty`` stands where a field, or the whole column, is."""
    values = np.full(len(table.rows), np.nan if empty is None else empty)
    if column not in table.places:
        return values
    for row in range(len(table.rows)):
        text = table.text(row, column)
        if not text and empty is not None:
            continue
        value = number_in(text)
        if isinstance(value, str):
            problems.append(table.problem(row, column, value))
            values[row] = np.nan
        elif not low <= value <= high:
            problems.append(table.problem(row, column, f"must be from {low:g} to {high:g}, got {value:.10g}"))
            values[row] = np.nan
        else:
            values[row] = value
    return values
