"""The place of a scenario: its cells, the people in them, and where each class of mines lies, from its files."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from simulator.clocks import Array
from simulator.contamination import Placement
from simulator.placing import Placing, even_placing, placing_of
from simulator.problems import InputError, Mark, Problem, input_error
from simulator.region import Region, boundary_region, outline_of, rectangle_region
from simulator.scenario_file import LoadedScenario

_FARTHEST_RANGES = 40.0  # exp(-40) of the people are farther away
_MOST_PAIRS = 20_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """Settlements in the region's plane: ``names`` [S], ``x_km``, ``y_km`` and ``population`` [S]; read-only."""

    names: tuple[str, ...]
    x_km: Array
    y_km: Array
    population: Array


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Cells, people per km2 in each [C] once all are there, settlements if any, and placing by class of mines."""

    region: Region
    people_per_km2: Array
    settlements: Settled | None
    placings: Mapping[str, Placing]


def read_place(loaded: LoadedScenario) -> Place:
    """Read the files of a scenario and lay out its region. Raises InputError with the problems of all of them."""
    civilians = loaded.scenario.civilians
    region = _region(loaded)
    settlements = None
    if civilians.settlements is not None and civilians.range is not None:
        settlements = _settlements(loaded, region)
        people_per_km2 = spread_people(settlements, region, civilians.range)
    else:
        people_per_km2 = np.full(region.area_km2.size, civilians.density or 0.0)
    placings: dict[str, Placing] = {}
    problems: list[Problem] = []
    for name, kind in loaded.scenario.mines.items():
        try:
            placings[name] = _placing(loaded, region, name, kind.placement, settlements)
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return Place(region, people_per_km2, settlements, placings)


def spread_people(settlements: Settled, region: Region, range_km: float) -> Array:
    """People per km2 in each cell [C]: those of a settlement fall off as exp(-distance / range) from it.

    Each settlement's people are normalised over the region, so that the sum of density times area is the population.
    """
    from scipy.spatial import cKDTree

    density = np.zeros(region.area_km2.size)
    tree = None
    if density.size * len(settlements.names) > _MOST_PAIRS:
        tree = cKDTree(np.column_stack((region.x_km, region.y_km)))
    for x, y, people in zip(settlements.x_km, settlements.y_km, settlements.population, strict=True):
        near: Any = slice(None)
        if tree is not None:
            near = tree.query_ball_point((x, y), _FARTHEST_RANGES * range_km + 2 * region.cell_km)
        distance = np.hypot(region.x_km[near] - x, region.y_km[near] - y)
        # From the nearest cell on, so that a range much shorter than a cell does not underflow everywhere.
        weight = np.exp((distance.min() - distance) / range_km)
        density[near] += people * weight / float(weight @ region.area_km2[near])
    return density


def _region(loaded: LoadedScenario) -> Region:
    spec = loaded.scenario.region
    mark = loaded.place(["region", "cell"])
    if spec.boundary is None:
        return rectangle_region(spec, mark)
    from simulator.geography import read_boundary

    file = loaded.files["region.boundary"]
    return boundary_region(spec.name, read_boundary(file.text, file.name), spec.cell, mark)


def _settlements(loaded: LoadedScenario, region: Region) -> Settled:
    from simulator.settlements import located, read_settlements

    file = loaded.files["civilians.settlements"]
    found = read_settlements(file.text, file.name, geographic=region.projection is not None)
    x, y = located(found, region)
    population = np.array(found.population)
    for column in (x, y, population):
        column.flags.writeable = False
    return Settled(found.names, x, y, population)


def _placing(
    loaded: LoadedScenario, region: Region, name: str, placement: Placement, settlements: Settled | None
) -> Placing:
    if placement.belt is None and placement.clusters is None and placement.keep_away is None:
        return even_placing(region)
    path = ("mines", name, "placement")

    def mark(key: str) -> Mark:
        return loaded.place([*path, *key.split(".")])

    points = None if settlements is None else np.column_stack((settlements.x_km, settlements.y_km))
    try:
        line = _line(loaded, region, (*path, "belt", "line")) if placement.belt is not None else None
        return placing_of(placement, region, line, points, mark)
    except InputError as error:
        prefix = ".".join(path)
        raise InputError([_below(problem, prefix, mark) for problem in error.problems]) from None


def _line(loaded: LoadedScenario, region: Region, path: tuple[str, ...]) -> Any:
    from simulator.geography import projected, read_line

    file = loaded.files[".".join(path)]
    line = read_line(file.text, file.name, geographic=region.projection is not None)
    if region.projection is not None:
        line = projected(line, region.projection)
    if not outline_of(region).intersects(line):
        message = f"{file.name} lies outside the region; check that longitude comes first"
        raise input_error(message, mark=loaded.place(path), path="belt.line")
    return line


def _below(problem: Problem, prefix: str, mark: Callable[[str], Mark]) -> Problem:
    """A problem of a key below the placement, under its full path; those of a file keep their own."""
    if problem.mark is not None and problem.mark == mark(problem.path):
        return Problem(problem.mark, f"{prefix}.{problem.path}", problem.message)
    return problem
