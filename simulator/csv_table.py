"""A table in a CSV file: a header with named columns in any order, and rows that know the line they stand in."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from simulator.csv_text import MOST_COLUMNS, Field, fields_of, form_problem, part_of
from simulator.problems import InputError, Mark, Problem, input_error

MOST_PROBLEMS = 100
_MOST_CHARACTERS = 8 * 2**20
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns a table must or may have, what each is called in other habits (for suggestions only), and columns of
    other tables that are not mistaken for one of these.
    """

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    other_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    elsewhere: tuple[str, ...] = ()
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A row: the number of its line from 0, and its fields as they stand."""

    line: int
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True, eq=False)
class CsvTable:
    """A table as read: ``places`` of the columns it has by their name, the rows that are sound in form, and what is
    wrong with the others.
    """

    header: Mark
    places: Mapping[str, int]
    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]

    def text(self, row: int, column: str) -> str:
        """What stands in a row's column."""
        return self.rows[row].fields[self.places[column]].text

    def problem(self, row: int, column: str, message: str) -> Problem:
        """Make a problem of what stands in a row's column."""
        line, its = self.rows[row].line, self.rows[row].fields[self.places[column]]
        mark = Mark(self.header.name, line, its.start, line, max(its.end, its.start + 1), self.header.lines)
        return Problem(mark, column, message)


def read_table(text: str, name: str, columns: Columns, *, most_rows: int, noun: str, way_out: str) -> CsvTable:
    """Read a CSV text; ``name`` is what messages call the file, ``noun`` what its rows are (in the singular).

    Raises InputError where there is no such table: too large, empty, without the columns, with more than ``most_rows``
    (then ``way_out`` is said). Problems of single rows are kept for `refuse`.
    """
    text = text.removeprefix("\ufeff")
    if len(text) > _MOST_CHARACTERS:
        raise input_error("has more than 8 MiB", mark=Mark(name, 0, 0, 0, 0, ()))
    lines = tuple(_LINE_END.split(text))
    first = next((number for number, line in enumerate(lines) if line.strip()), None)
    if first is None:
        expected = ",".join(columns.required)
        raise input_error(f"is empty, expected the header {expected}", mark=Mark(name, 0, 0, 0, 0, lines))
    header = Mark(name, first, 0, first, len(lines[first]), lines)
    places, width = _places(header, columns)
    rows: list[Row] = []
    problems: list[Problem] = []
    for number, line in enumerate(lines[first + 1 :], first + 1):
        if not line.strip(', \t"'):
            continue
        fields = fields_of(line)
        whole = Mark(name, number, 0, number, len(line), lines)
        if len(rows) + len(problems) == most_rows:
            message = f"is {noun} {most_rows + 1:,}, at most {most_rows:,} are read; {way_out}"
            raise input_error(message, mark=whole)
        problem = form_problem(whole, fields, width)
        if problem is None:
            rows.append(Row(number, tuple(fields)))
        else:
            problems.append(problem)
    if not rows and not problems:
        raise input_error(f"has a header but no {noun}s below it", mark=header)
    return CsvTable(header, places, tuple(rows), tuple(problems))


def refuse(problems: Sequence[Problem]) -> None:
    """Raise InputError with the first 100 problems in the order of lines; nothing where there are none."""
    if not problems:
        return
    ordered = sorted(problems, key=_line)
    if len(ordered) > MOST_PROBLEMS:
        more = f"{len(ordered) - MOST_PROBLEMS:,} more problems, from here on, are not shown"
        ordered = [*ordered[:MOST_PROBLEMS], Problem(ordered[MOST_PROBLEMS].mark, "", more)]
    raise InputError(ordered)


def _places(header: Mark, columns: Columns) -> tuple[dict[str, int], int]:
    """Find the columns in the header, and how many there are."""
    line = header.lines[header.line]
    for delimiter, word in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        if delimiter in line and "," not in line:
            message = f"has {word} between its columns; save it with commas, and decimals with a point"
            place = line.index(delimiter)
            raise input_error(message, mark=part_of(header, place, place + 1))
    fields = fields_of(line)
    titles = [its.text for its in fields]
    if len(titles) > MOST_COLUMNS:
        raise input_error(f"has more than {MOST_COLUMNS} columns", mark=header)
    problems = []
    for column in (*columns.required, *columns.optional):
        if (count := titles.count(column)) == 1:
            continue
        if count > 1:
            again = fields[len(titles) - 1 - titles[::-1].index(column)]
            problems.append(Problem(part_of(header, again.start, again.end), column, "two columns have this name"))
        elif column in columns.optional:
            continue
        elif (near := _near(column, titles, columns)) is not None:
            message = f"column '{column}' is missing, rename '{titles[near]}' to '{column}'?"
            problems.append(Problem(part_of(header, fields[near].start, fields[near].end), "", message))
        else:
            expected = ", ".join(columns.required)
            message = f"column '{column}' is missing; the header must have {expected}{_hint(titles, columns)}"
            problems.append(Problem(header, "", message))
    refuse(problems)
    known = (*columns.required, *columns.optional)
    return {column: titles.index(column) for column in known if column in titles}, len(titles)


def _near(column: str, titles: Sequence[str], columns: Columns) -> int | None:
    known = {*columns.required, *columns.optional, *columns.elsewhere}
    free = {title.lower(): index for index, title in reversed([*enumerate(titles)]) if title not in known}
    taken = {
        near
        for other in (*columns.required, *columns.optional)
        if other != column
        for near in (other, *columns.other_names.get(other, ()))
    }
    for near in (column, *columns.other_names.get(column, ())):
        if near in free:
            return free[near]
    close = get_close_matches(column, [title[:40] for title in free if title not in taken][:100], n=1, cutoff=0.7)
    return free.get(close[0]) if close else None


def _hint(titles: Sequence[str], columns: Columns) -> str:
    """What is said where the header is one of another table."""
    return columns.hint if any(column in titles for column in columns.elsewhere) else ""


def _line(problem: Problem) -> int:
    return problem.mark.line if problem.mark else -1
