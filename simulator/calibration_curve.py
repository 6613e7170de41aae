"""The expected casualties of each period of a record, as a function of the numbers that are free.

Accidents come from the closed form at the ends of the periods only. They are proportional to the number of mines of
their class, casualties to the casualties of an accident: those two cost no curve, and a number of mines need not be
whole while it is sought.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from simulator.calibration_problem import Axis, value_at
from simulator.casualty_record import CasualtyRecord
from simulator.clocks import Array, day_number
from simulator.closed_form import expected
from simulator.fields import Keys
from simulator.quantities import Quantity
from simulator.scenario_file import LoadedScenario
from simulator.variation import Settings, setting, varied
from simulator.world import MineKind, World, at_times, build_world

PER_ACCIDENT: Keys = ("civilians", "casualties_per_accident")
_MOST_KEPT = 20_000
_LEAST_MEAN = 1e-12


@dataclass(frozen=True, slots=True)
class Free:
    """A number of a scenario that is free: its path, what kind of number it is, its scale, where its bounds are from,
    and the coordinate of the value that the scenario states (of the middle where it states none, or one outside).
    """

    path: Keys
    number: Quantity
    axis: Axis
    bounds_from: str
    start: float


def proportional_to(loaded: LoadedScenario, free: Free) -> bool:
    """Whether all expected casualties are proportional to a number."""
    return free.path == PER_ACCIDENT or (len(loaded.scenario.mines) == 1 and _is_count(free.path))


def casualty_curve(loaded: LoadedScenario, frees: Sequence[Free], record: CasualtyRecord) -> Callable[[Array], Array]:
    """The function from coordinates [P] of the free numbers to the log of the expected casualties of each period [n].

    Raises ValueError where the scenario has no closed form, InputError where bounds lead to no scenario, both when the
    function is called.
    """
    start = loaded.scenario.start
    first, last = (
        np.array([day_number(day, start) for day in days], dtype=float) for days in (record.starts, record.ends)
    )
    times = np.unique(np.concatenate(([0.0], first, last)))
    places = np.searchsorted(times, first), np.searchsorted(times, last)
    classes = list(loaded.scenario.mines)
    counts = np.array([float(kind.count) for kind in loaded.scenario.mines.values()])
    shaping = [place for place, free in enumerate(frees) if free.path != PER_ACCIDENT and not _is_count(free.path)]
    known: dict[tuple[float, ...], Array] = {}

    def accidents(values: tuple[float, ...]) -> Array:
        """The accidents of one mine of each class in each period [K, n]."""
        if values not in known:
            settings = [setting(frees[place].path, value, frees[place].number)
                        for place, value in zip(shaping, values, strict=True)]  # fmt: skip
            world = _single_mines(at_times_of(varied(loaded, Settings(tuple(settings))), times))
            # An error of 1e-4 is nothing beside that of any record.
            total = expected(world, with_land=False, thin=True).curves.accidents
            if len(known) >= _MOST_KEPT:
                known.clear()
            known[values] = total[:, places[1]] - total[:, places[0]]
        return known[values]

    def log_means(u: Array) -> Array:
        values = [float(value_at(free.axis, place)) for free, place in zip(frees, u, strict=True)]
        mines, casualties = counts.copy(), loaded.scenario.civilians.casualties_per_accident
        for free, value in zip(frees, values, strict=True):
            if free.path == PER_ACCIDENT:
                casualties = value
            elif _is_count(free.path):
                mines[classes.index(free.path[1])] = value
        means = casualties * (mines @ accidents(tuple(values[place] for place in shaping)))
        return np.log(np.maximum(means, _LEAST_MEAN))

    return log_means


def at_times_of(loaded: LoadedScenario, times: Array) -> World:
    """The world of a scenario with its curves at some days [T] only."""
    return at_times(build_world(loaded), loaded, times)


def _single_mines(world: World) -> World:
    kinds: tuple[MineKind, ...] = tuple(replace(kind, count=1) for kind in world.kinds)
    return replace(world, kinds=kinds)


def _is_count(path: Keys) -> bool:
    return len(path) == 3 and path[0] == "mines" and path[2] == "count"
