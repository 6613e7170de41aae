"""A record of casualties from a CSV file: how many people were killed and injured in each of some periods."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from simulator.clocks import Array
from simulator.csv_table import Columns, CsvTable, read_table, refuse
from simulator.csv_text import number_in
from simulator.problems import Problem, input_error

MOST_ROWS = 2_000
_MOST_CASUALTIES = 1e7
_COUNT, _BOUND = "casualties", "at_most"
_COLUMNS = Columns(
    (_COUNT,),
    ("year", "month", "from", "to", _BOUND),
    {_COUNT: ("victims", "killed_and_injured", "count", "total", "number"), _BOUND: ("upper_bound", "bound")},
    hint="; that looks like tests of devices, which 'minesim fit' reads",
    elsewhere=("status",),
)
_YEAR, _MONTH = re.compile(r"[0-9]{4}"), re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")
_EXAMPLES = {"year": "a year such as 2003", "month": "a month such as 2003-07", "day": "a date such as 2003-07-01"}
_FIRST_YEAR, _LAST_YEAR = 1900, 2200
_WRONG = date.min
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, eq=False)
class CasualtyRecord:
    """Casualties (killed and injured) in n periods that follow each other, with or without gaps.

    A period runs from midnight of ``starts`` to midnight of ``ends``. ``casualties`` [n] are whole numbers, ``at_most``
    [n] says which of them are only upper bounds; both are read-only.
    """

    starts: tuple[date, ...]
    ends: tuple[date, ...]
    casualties: Array
    at_most: NDArray[np.bool_]

    def __post_init__(self) -> None:
        self.casualties.flags.writeable = False
        self.at_most.flags.writeable = False

    @property
    def days(self) -> Array:
        """How long each period is [days], shape [n]."""
        return np.array([float((end - start).days) for start, end in zip(self.starts, self.ends, strict=True)])


def read_record(text: str, name: str, start: date, horizon_days: float) -> CasualtyRecord:
    """Read a CSV text with ``casualties`` and ``year``, ``month``, or ``from`` and ``to`` (dates, the second not
    included); a row with 'yes' under ``at_most`` is an upper bound.

    Periods must lie between ``start`` and the horizon, and not overlap. Raises InputError with every problem found,
    each at its place; ``name`` is what messages call the file.
    """
    table = read_table(text, name, _COLUMNS, most_rows=MOST_ROWS, noun="period", way_out="join them into longer ones")
    problems = [*table.problems]
    periods = [_period(table, row, problems) for row in range(len(table.rows))]
    counts = [_casualties(table, row, problems) for row in range(len(table.rows))]
    bounds = [_is_bound(table, row, problems) for row in range(len(table.rows))]
    known = [row for row, (first, end) in enumerate(periods) if _WRONG not in {first, end}]
    problems += _outside(table, periods, known, start, horizon_days)
    order = sorted(known, key=lambda row: periods[row])
    problems += _overlapping(table, periods, order)
    refuse(problems)
    return CasualtyRecord(
        tuple(periods[row][0] for row in order),
        tuple(periods[row][1] for row in order),
        np.array([counts[row] for row in order]),
        np.array([bounds[row] for row in order]),
    )


def _form(table: CsvTable) -> str:
    """Which columns say when: year, month or from. Raises InputError where none does, or several do."""
    found = [column for column in ("year", "month", "from", "to") if column in table.places]
    if found in (["year"], ["month"], ["from", "to"]):
        return found[0]
    what = f"has {' and '.join(found)}" if found else "has no column that says when"
    raise input_error(f"{what}; give 'year', or 'month', or 'from' and 'to'", mark=table.header)


def _period(table: CsvTable, row: int, problems: list[Problem]) -> tuple[date, date]:
    form = _form(table)
    if form == "from":
        first, end = (_read(table, row, column, "day", _day_of, problems) for column in ("from", "to"))
        if _WRONG not in {first, end} and not first < end:
            problems.append(table.problem(row, "to", f"must be after 'from', {first}, for it is not included"))
            return _WRONG, _WRONG
        return first, end
    first = _read(table, row, form, form, _year_of if form == "year" else _month_of, problems)
    if first == _WRONG:
        return first, first
    if form == "year" or first.month == 12:
        return first, date(first.year + 1, 1, 1)
    return first, first.replace(month=first.month + 1)


def _read(
    table: CsvTable, row: int, column: str, kind: str, reader: Callable[[str], date | None], problems: list[Problem]
) -> date:
    """Read when a period begins or ends; the date ``_WRONG`` where it is none."""
    text = table.text(row, column)
    found = reader(text)
    if found is None:
        problems.append(table.problem(row, column, f"must be {_EXAMPLES[kind]}, got '{text[:40]}'"))
        return _WRONG
    if not _FIRST_YEAR <= found.year < _LAST_YEAR:
        problems.append(table.problem(row, column, f"must be from {_FIRST_YEAR} to {_LAST_YEAR - 1}, got '{text}'"))
        return _WRONG
    return found


def _year_of(text: str) -> date | None:
    return date(int(text), 1, 1) if _YEAR.fullmatch(text) and int(text) > 0 else None


def _month_of(text: str) -> date | None:
    match = _MONTH.fullmatch(text)
    return date(int(match[1]), int(match[2]), 1) if match and int(match[1]) > 0 else None


def _day_of(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == len("2003-07-01") else None
    except ValueError:
        return None


def _casualties(table: CsvTable, row: int, problems: list[Problem]) -> float:
    value = number_in(table.text(row, _COUNT))
    if isinstance(value, str):
        problems.append(table.problem(row, _COUNT, value))
    elif not 0 <= value <= _MOST_CASUALTIES:
        problems.append(table.problem(row, _COUNT, f"must be from 0 to {_MOST_CASUALTIES:g}, got {value:.10g}"))
    elif value != round(value):
        problems.append(table.problem(row, _COUNT, f"must be a whole number of people, got {value:.10g}"))
    else:
        return value
    return 0.0


def _is_bound(table: CsvTable, row: int, problems: list[Problem]) -> bool:
    text = table.text(row, _BOUND) if _BOUND in table.places else ""
    if text.lower() not in {"yes", "no", ""}:
        message = f"must be 'yes' for an upper bound, 'no' or empty for a count, got '{text[:40]}'"
        problems.append(table.problem(row, _BOUND, message))
    return text.lower() == "yes"


def _outside(
    table: CsvTable, periods: list[tuple[date, date]], rows: list[int], start: date, horizon_days: float
) -> Iterator[Problem]:
    begins, ends = _form(table), "to" if "to" in table.places else _form(table)
    # A horizon in years ends some quarters of a day before or after midnight.
    last = start + timedelta(days=int(horizon_days)) + _ONE_DAY
    for row in rows:
        first, end = periods[row]
        if first < start:
            message = (
                f"begins on {first}, before the start of the scenario, {start}; set 'start' earlier or leave it out"
            )
            yield table.problem(row, begins, message)
        elif end > last:
            message = f"ends on {end - _ONE_DAY}, after the horizon of the scenario, {last - _ONE_DAY}"
            yield table.problem(row, ends, f"{message}; make 'horizon' longer or leave it out")


def _overlapping(table: CsvTable, periods: list[tuple[date, date]], order: list[int]) -> Iterator[Problem]:
    begins = _form(table)
    for before, row in pairwise(order):
        if periods[row][0] < periods[before][1]:
            line = table.rows[before].line + 1
            message = f"is the same period as that in line {line}, or overlaps it; each casualty counts once"
            yield table.problem(row, begins, message)
