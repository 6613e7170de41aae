"""Settlements from a CSV file: where people live, checked row by row, with the place of everything that is wrong."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np

from simulator.clocks import Array
from simulator.csv_text import MOST_COLUMNS, Field, fields_of, form_problem, number_in, part_of
from simulator.geography import projected_points
from simulator.geojson import wrong_degrees
from simulator.problems import InputError, Mark, Problem, input_error
from simulator.region import Region, cells_at, outline_of

MOST_ROWS = 20_000

_MOST_CHARACTERS = 8 * 2**20
_MOST_PROBLEMS = 100
_MOST_PEOPLE = 1e10
_LINE_END = re.compile(r"\r\n|\r|\n")
_DEGREES = ("name", "lon", "lat", "population")
_KM = ("name", "x_km", "y_km", "population")
# What the columns are called in other habits, for suggestions only.
_OTHER_NAMES = {
    "name": ("settlement", "place", "village", "town"),
    "lon": ("long", "lng", "longitude", "x"),
    "lat": ("latitude", "y"),
    "x_km": ("x", "east", "easting"),
    "y_km": ("y", "north", "northing"),
    "population": ("pop", "people", "persons", "inhabitants", "residents"),
}


@dataclass(frozen=True, slots=True, eq=False)
class Settlements:
    """Settlements [S] as in their file: ``x`` and ``y`` are longitude and latitude [degrees], or km in a rectangle;
    arrays are read-only. ``lines`` are the file's lines, ``line`` [S] the number of each row from 0, and ``columns``
    where name, x, y and population stand among its fields.
    """

    names: tuple[str, ...]
    x: Array
    y: Array
    population: Array
    file: str
    lines: tuple[str, ...]
    line: tuple[int, ...]
    columns: tuple[int, int, int, int]

    def __post_init__(self) -> None:
        for array in (self.x, self.y, self.population):
            array.flags.writeable = False

    def mark(self, row: int, column: int | None = None) -> Mark:
        """Mark a settlement's row, or its name, x, y or population (0 to 3)."""
        fields = fields_of(self.lines[self.line[row]])
        first, last = (0, len(fields) - 1) if column is None else (self.columns[column],) * 2
        return Mark(self.file, self.line[row], fields[first].start, self.line[row], fields[last].end, self.lines)


# The number of the line, and its name, x, y and population.
_Row = tuple[int, list[Field]]


def read_settlements(text: str, name: str, *, geographic: bool) -> Settlements:
    """Read a CSV text with columns name, lon, lat and population; without ``geographic``, x_km and y_km [km] from a
    rectangle's south-west corner. The order of columns is free, and further ones are left out.

    Raises InputError with every problem found (the first 100), each at its place; ``name`` is what messages call the
    file.
    """
    text = text.removeprefix("\ufeff")
    if len(text) > _MOST_CHARACTERS:
        raise input_error("has more than 8 MiB", mark=Mark(name, 0, 0, 0, 0, ()))
    lines = tuple(_LINE_END.split(text))
    header_line = next((number for number, line in enumerate(lines) if line.strip()), None)
    wanted = _DEGREES if geographic else _KM
    if header_line is None:
        raise input_error(f"is empty, expected the header {','.join(wanted)}", mark=Mark(name, 0, 0, 0, 0, lines))
    header = Mark(name, header_line, 0, header_line, len(lines[header_line]), lines)
    columns, width = _columns(header, wanted)
    rows: list[_Row] = []
    problems: list[Problem] = []
    for number, line in enumerate(lines[header_line + 1 :], header_line + 1):
        if not line.strip(', \t"'):
            continue
        fields = fields_of(line)
        whole = Mark(name, number, 0, number, len(line), lines)
        if len(rows) + len(problems) == MOST_ROWS:
            message = f"is settlement {MOST_ROWS + 1:,}, at most {MOST_ROWS:,} are read; join the smallest"
            raise input_error(message, mark=whole)
        problem = form_problem(whole, fields, width)
        if problem is None:
            rows.append((number, [fields[column] for column in columns]))
        else:
            problems.append(problem)
    if not rows and not problems:
        raise input_error("has a header but no settlements below it", mark=header)
    return _settlements(header, rows, columns, wanted, problems)


def located(settlements: Settlements, region: Region) -> tuple[Array, Array]:
    """Give the positions of settlements in the region's plane, x and y [S] in km.

    Raises InputError, pointing to the row of each settlement that lies outside the region.
    """
    import shapely

    x_km, y_km = _in_plane(settlements.x, settlements.y, region)
    outside = np.flatnonzero(cells_at(region, x_km, y_km) < 0)
    if not outside.size:
        return x_km, y_km
    swapped = np.zeros(outside.size, dtype=bool)
    if region.projection is not None:
        swapped = cells_at(region, *_in_plane(settlements.y[outside], settlements.x[outside], region)) >= 0
    border_km = shapely.distance(outline_of(region), shapely.points(x_km[outside], y_km[outside]))
    problems = []
    for row, distance, swap in zip(outside[:_MOST_PROBLEMS].tolist(), border_km, swapped, strict=False):
        far = f"{distance:,.3g} km" if distance < 1000 else f"{distance:,.0f} km"
        hint = "; with lon and lat swapped it would lie inside" if swap else "; move it, or leave it out"
        message = f"lies outside the region, {far} from its border{hint}"
        problems.append(Problem(settlements.mark(row), settlements.names[row], message))
    if outside.size > _MOST_PROBLEMS:
        last = settlements.mark(int(outside[_MOST_PROBLEMS]))
        problems.append(Problem(last, "", f"{outside.size - _MOST_PROBLEMS:,} more settlements lie outside the region"))
    raise InputError(problems)


def _in_plane(x: Array, y: Array, region: Region) -> tuple[Array, Array]:
    return (x, y) if region.projection is None else projected_points(x, y, region.projection)


def _columns(header: Mark, wanted: Sequence[str]) -> tuple[tuple[int, int, int, int], int]:
    """Find the wanted columns in the header, and how many columns there are."""
    line = header.lines[header.line]
    for delimiter, word in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        if delimiter in line and "," not in line:
            message = f"has {word} between its columns; save it with commas, and decimals with a point"
            place = line.index(delimiter)
            raise input_error(message, mark=part_of(header, place, place + 1))
    fields = fields_of(line)
    titles = [field.text for field in fields]
    if len(titles) > MOST_COLUMNS:
        raise input_error(f"has more than {MOST_COLUMNS} columns", mark=header)
    problems = []
    for column in wanted:
        if (count := titles.count(column)) == 1:
            continue
        if count > 1:
            again = fields[len(titles) - 1 - titles[::-1].index(column)]
            problems.append(Problem(part_of(header, again.start, again.end), column, "two columns have this name"))
        elif (near := _near(column, titles, wanted)) is not None:
            message = f"column '{column}' is missing, rename '{titles[near]}' to '{column}'?"
            problems.append(Problem(part_of(header, fields[near].start, fields[near].end), "", message))
        else:
            message = (
                f"column '{column}' is missing; the header must have {', '.join(wanted)}{_other_plane(titles, wanted)}"
            )
            problems.append(Problem(header, "", message))
    _refuse(problems)
    name, x, y, population = map(titles.index, wanted)
    return (name, x, y, population), len(titles)


def _near(column: str, titles: Sequence[str], wanted: Sequence[str]) -> int | None:
    free = {title.lower(): index for index, title in reversed([*enumerate(titles)]) if title not in {*_DEGREES, *_KM}}
    taken = {near for other in wanted if other != column for near in (other, *_OTHER_NAMES[other])}
    for known in (column, *_OTHER_NAMES[column]):
        if known in free:
            return free[known]
    close = get_close_matches(column, [title[:40] for title in free if title not in taken][:100], n=1, cutoff=0.7)
    return free.get(close[0]) if close else None


def _other_plane(titles: Sequence[str], wanted: Sequence[str]) -> str:
    if wanted is _KM and "lon" in titles:
        return "; in a rectangle, positions are km from its south-west corner"
    if wanted is _DEGREES and "x_km" in titles:
        return "; inside a boundary, positions are longitude and latitude"
    return ""


def _settlements(
    header: Mark,
    rows: Sequence[_Row],
    columns: tuple[int, int, int, int],
    wanted: Sequence[str],
    problems: list[Problem],
) -> Settlements:
    """Read the values of rows that are sound in form; ``problems`` are those of the other rows."""

    def add(row: int, column: int, message: str) -> None:
        number, fields = rows[row]
        field = fields[column]
        mark = Mark(header.name, number, field.start, number, max(field.end, field.start + 1), header.lines)
        problems.append(Problem(mark, wanted[column], message))

    names: dict[str, int] = {}
    values = np.full((3, len(rows)), np.nan)
    for row, (number, fields) in enumerate(rows):
        called = fields[0].text
        if not called:
            add(row, 0, "needs a name")
        elif (first := names.setdefault(called, number)) != number:
            add(row, 0, f"duplicate name '{called}', first in line {first + 1}; names tell settlements apart")
        for column in (1, 2, 3):
            value = number_in(fields[column].text)
            if isinstance(value, str):
                add(row, column, value)
            else:
                values[column - 1, row] = value
    x, y, population = values
    if wanted is _DEGREES:
        for row, axis, message in wrong_degrees(x, y):
            add(row, axis + 1, message)
    for row in np.flatnonzero(population < 0).tolist():
        add(row, 3, f"must be 0 or more, got {population[row]:.10g}")
    for row in np.flatnonzero(population > _MOST_PEOPLE).tolist():
        add(row, 3, f"must be at most {_MOST_PEOPLE:,.0f}, got {population[row]:.10g}")
    if not problems and not population.sum() > 0:
        add(0, 3, "no settlement has any people; give at least one a population above 0")
    _refuse(problems)
    line = tuple(number for number, _ in rows)
    return Settlements(tuple(names), x.copy(), y.copy(), population.copy(), header.name, header.lines, line, columns)


def _refuse(problems: Sequence[Problem]) -> None:
    if not problems:
        return
    ordered = sorted(problems, key=_line)
    if len(ordered) > _MOST_PROBLEMS:
        more = f"{len(ordered) - _MOST_PROBLEMS:,} more problems, from here on, are not shown"
        ordered = [*ordered[:_MOST_PROBLEMS], Problem(ordered[_MOST_PROBLEMS].mark, "", more)]
    raise InputError(ordered)


def _line(problem: Problem) -> int:
    return problem.mark.line if problem.mark else -1
