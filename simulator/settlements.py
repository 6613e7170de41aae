"""Settlements from a CSV file: where people live, checked row by row, with the place of everything that is wrong."""

from dataclasses import dataclass

import numpy as np

from simulator.clocks import Array
from simulator.csv_table import MOST_PROBLEMS, Columns, CsvTable, read_table, refuse
from simulator.csv_text import fields_of, number_in
from simulator.geography import projected_points
from simulator.geojson import wrong_degrees
from simulator.problems import InputError, Mark, Problem
from simulator.region import Region, cells_at, outline_of

MOST_ROWS = 20_000

_MOST_PEOPLE = 1e10
# What the columns are called in other habits, for suggestions only.
_OTHER_NAMES = {
    "name": ("settlement", "place", "village", "town"),
    "lon": ("long", "lng", "longitude", "x"),
    "lat": ("latitude", "y"),
    "x_km": ("x", "east", "easting"),
    "y_km": ("y", "north", "northing"),
    "population": ("pop", "people", "persons", "inhabitants", "residents"),
}
_GEOGRAPHIC = Columns(
    ("name", "lon", "lat", "population"),
    other_names=_OTHER_NAMES,
    elsewhere=("x_km", "y_km"),
    hint="; inside a boundary, positions are longitude and latitude",
)
_RECTANGLE = Columns(
    ("name", "x_km", "y_km", "population"),
    other_names=_OTHER_NAMES,
    elsewhere=("lon", "lat"),
    hint="; in a rectangle, positions are km from its south-west corner",
)


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


def read_settlements(text: str, name: str, *, geographic: bool) -> Settlements:
    """Read a CSV text with columns name, lon, lat and population; without ``geographic``, x_km and y_km [km] from a
    rectangle's south-west corner. The order of columns is free, and further ones are left out.

    Raises InputError with every problem found (the first 100), each at its place; ``name`` is what messages call the
    file.
    """
    columns = _GEOGRAPHIC if geographic else _RECTANGLE
    table = read_table(text, name, columns, most_rows=MOST_ROWS, noun="settlement", way_out="join the smallest")
    return _settlements(table, columns, geographic=geographic)


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
    for row, distance, swap in zip(outside[:MOST_PROBLEMS].tolist(), border_km, swapped, strict=False):
        far = f"{distance:,.3g} km" if distance < 1000 else f"{distance:,.0f} km"
        hint = "; with lon and lat swapped it would lie inside" if swap else "; move it, or leave it out"
        message = f"lies outside the region, {far} from its border{hint}"
        problems.append(Problem(settlements.mark(row), settlements.names[row], message))
    if outside.size > MOST_PROBLEMS:
        last = settlements.mark(int(outside[MOST_PROBLEMS]))
        problems.append(Problem(last, "", f"{outside.size - MOST_PROBLEMS:,} more settlements lie outside the region"))
    raise InputError(problems)


def _in_plane(x: Array, y: Array, region: Region) -> tuple[Array, Array]:
    return (x, y) if region.projection is None else projected_points(x, y, region.projection)


def _settlements(table: CsvTable, columns: Columns, *, geographic: bool) -> Settlements:
    """Read the values of the rows. Raises InputError with all that is wrong with them."""
    called, *numbers = columns.required
    problems = [*table.problems]
    names: dict[str, int] = {}
    values = np.full((3, len(table.rows)), np.nan)
    for row, its in enumerate(table.rows):
        name = table.text(row, called)
        if not name:
            problems.append(table.problem(row, called, "needs a name"))
        elif (first := names.setdefault(name, its.line)) != its.line:
            message = f"duplicate name '{name}', first in line {first + 1}; names tell settlements apart"
            problems.append(table.problem(row, called, message))
        for place, column in enumerate(numbers):
            value = number_in(table.text(row, column))
            if isinstance(value, str):
                problems.append(table.problem(row, column, value))
            else:
                values[place, row] = value
    x, y, population = values
    if geographic:
        problems += [table.problem(row, numbers[axis], message) for row, axis, message in wrong_degrees(x, y)]
    for row in np.flatnonzero(population < 0).tolist():
        problems.append(table.problem(row, "population", f"must be 0 or more, got {population[row]:.10g}"))
    for row in np.flatnonzero(population > _MOST_PEOPLE).tolist():
        message = f"must be at most {_MOST_PEOPLE:,.0f}, got {population[row]:.10g}"
        problems.append(table.problem(row, "population", message))
    if not problems and not population.sum() > 0:
        message = "no settlement has any people; give at least one a population above 0"
        problems.append(table.problem(0, "population", message))
    refuse(problems)
    line = tuple(its.line for its in table.rows)
    name_place, x_place, y_place, people_place = (table.places[column] for column in columns.required)
    places = (name_place, x_place, y_place, people_place)
    arrays = x.copy(), y.copy(), population.copy()
    return Settlements(tuple(names), *arrays, table.header.name, table.header.lines, line, places)
