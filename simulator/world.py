"""A scenario made ready to compute: numbers in days and per day, clocks built, mine classes in their stream slots."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from simulator.clocks import (
    CALENDAR,
    Array,
    Clock,
    arrhenius_factor,
    day_number,
    linear_clock,
    monthly_clock,
    q10_factor,
)  # fmt: skip
from simulator.laws import Law, Never
from simulator.problems import InputError, Problem
from simulator.region import Region, rectangle_region
from simulator.scenario import Battery, MineClass, Scenario
from simulator.scenario_file import LoadedScenario
from simulator.units import DAYS_PER_YEAR


@dataclass(frozen=True, slots=True, eq=False)
class MineKind:
    """One class of mines, ready to draw: laws in days, failures as probabilities, laying period in days from the start.

    ``slot`` addresses its random numbers; ``battery_clock`` gives battery age [days at the reference temperature].
    """

    name: str
    slot: int
    count: int
    laid_from: float
    laid_to: float
    arming_failure: float
    self_destruct: Law
    self_destruct_failure: float
    battery: Law
    backup_failure: float
    battery_clock: Clock
    common_cause: float
    lot_size: int
    lot_correlation: float
    ageing: Law

    @property
    def is_wave(self) -> bool:
        """Whether its mines are laid over a period, not all at one time."""
        return self.laid_to > self.laid_from


@dataclass(frozen=True, slots=True, eq=False)
class Exposure:
    """Accidents of a hazardous mine: dose of cell c on day t is ``activity[c]`` times the reading of ``clock``.

    The clock reads expected accidents of a mine at activity 1 since day 0; ``activity`` [C] is people density over the
    reference density. Cells of equal activity form a group: ``group`` [C] indexes ``group_activity`` [G].
    """

    clock: Clock
    activity: Array
    group: np.ndarray[tuple[int], np.dtype[np.intp]]
    group_activity: Array


@dataclass(frozen=True, slots=True, eq=False)
class Consequences:
    """What an accident does, and the people present; None where the scenario does not say."""

    casualties_per_accident: float
    killed_share: float | None
    child_share: float | None
    people: float


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """Everything the engine and the closed form need; ``times`` [T] are the days of the curves, from 0 to the
    horizon.
    """

    name: str
    title: str
    start: date
    seed: int
    horizon_days: float
    times: Array
    region: Region
    kinds: tuple[MineKind, ...]
    exposure: Exposure
    consequences: Consequences
    thresholds: tuple[float, ...]


def build_world(loaded: LoadedScenario, slots: Mapping[str, int] | None = None, times: Array | None = None) -> World:
    """The world of a scenario. Raises InputError, a line for each key whose behaviour is not modelled yet.

    ``slots`` gives each mine class its place among the random streams (default: in order of appearance);
    ``times`` replaces the default time grid.
    """
    scenario = loaded.scenario
    if problems := list(_not_modelled(loaded)):
        raise InputError(problems)
    slots = slots or {name: index for index, name in enumerate(scenario.mines)}
    kinds = tuple(_kind(name, slots[name], mines, scenario) for name, mines in scenario.mines.items())
    region = rectangle_region(scenario.region, loaded.place(["region", "cell"]))
    people_per_km2 = np.full(region.area_km2.size, scenario.civilians.density or 0.0)
    civilians = scenario.civilians
    return World(
        name=loaded.name,
        title=scenario.title,
        start=scenario.start,
        seed=scenario.seed,
        horizon_days=scenario.horizon,
        times=default_times(scenario.horizon) if times is None else times,
        region=region,
        kinds=kinds,
        exposure=_exposure(scenario, people_per_km2),
        consequences=Consequences(
            civilians.casualties_per_accident,
            civilians.killed_share,
            civilians.child_share,
            float(people_per_km2 @ region.area_km2),
        ),
        thresholds=tuple(scenario.thresholds),
    )


def stream_slots(reference: Sequence[str], names: Sequence[str]) -> dict[str, int]:
    """Slots for the classes of one scenario, so that they share draws with those of the reference they stand for.

    A class that the reference has too takes the reference's slot; the others take the slots left over, in order. So a
    comparison is paired class by class whatever the classes are called or in which order they stand.
    """
    order = {name: index for index, name in enumerate(reference)}
    slots = {name: order[name] for name in names if name in order}
    free = (index for index in range(len(reference) + len(names)) if index not in slots.values())
    return slots | {name: next(free) for name in list(names) if name not in slots}


def default_times(horizon_days: float) -> Array:
    """The days of a curve: daily for 180 days, weekly for 2 years, then monthly, with each full year and the
    horizon.
    """
    pieces = [
        np.arange(0.0, 180.0, 1.0),
        np.arange(180.0, 730.0, 7.0),
        np.arange(2 * DAYS_PER_YEAR, horizon_days, DAYS_PER_YEAR / 12),
        np.arange(0.0, horizon_days, DAYS_PER_YEAR),
    ]
    # Points closer than a fifth of a day to their neighbour (a year mark beside the horizon) say nothing more.
    gap = min(0.2, horizon_days / 200)
    times = np.unique(np.concatenate(pieces))
    times = times[times < horizon_days - gap]
    if times.size < 24:
        times = np.linspace(0.0, horizon_days, 49)[:-1]
    keep = np.concatenate(([True], np.diff(times) > gap))
    return np.append(times[keep], horizon_days)


def _kind(name: str, slot: int, mines: MineClass, scenario: Scenario) -> MineKind:
    first, last = (day_number(day, scenario.start) for day in (mines.laid.start, mines.laid.end))
    sd, battery, lots = mines.self_destruct, mines.battery, mines.lots
    return MineKind(
        name=name,
        slot=slot,
        count=mines.count,
        laid_from=first,
        laid_to=last,
        arming_failure=mines.arming_failure,
        self_destruct=sd.time if sd else Never(),
        self_destruct_failure=sd.failure if sd else 0.0,
        battery=battery.life if battery else Never(),
        backup_failure=battery.failure if battery else 0.0,
        battery_clock=_battery_clock(battery, scenario, first),
        common_cause=mines.common_cause,
        lot_size=lots.size if lots else 1,
        lot_correlation=lots.correlation if lots else 0.0,
        ageing=mines.ageing,
    )


def _battery_clock(battery: Battery | None, scenario: Scenario, first_day: float) -> Clock:
    temperatures = scenario.region.temperature
    if battery is None or temperatures is None or not battery.ages_with_temperature:
        return CALENDAR
    monthly = np.array(temperatures)
    if battery.activation_energy is not None:
        factors = arrhenius_factor(monthly, battery.activation_energy, battery.reference_temperature)
    else:
        factors = q10_factor(monthly, battery.q10, battery.reference_temperature)
    # Whole years beyond the horizon keep the last piece of the clock out of the curves.
    return monthly_clock(factors, scenario.start, first_day, scenario.horizon + 2 * DAYS_PER_YEAR)


def _exposure(scenario: Scenario, people_per_km2: Array) -> Exposure:
    civilians = scenario.civilians
    activity = people_per_km2 / civilians.reference_density
    group_activity, group = np.unique(activity, return_inverse=True)
    return Exposure(linear_clock(civilians.accident_rate / DAYS_PER_YEAR), activity, group, group_activity)


def _not_modelled(loaded: LoadedScenario) -> Iterator[Problem]:
    scenario = loaded.scenario
    given: list[tuple[tuple[str, ...], object]] = [
        (("region", "boundary"), scenario.region.boundary),
        (("civilians", "settlements"), scenario.civilians.settlements),
        (("civilians", "season"), scenario.civilians.season),
        (("civilians", "return"), scenario.civilians.return_),
        (("civilians", "surge"), scenario.civilians.surge),
        (("civilians", "education"), scenario.civilians.education),
        (("civilians", "marking"), scenario.civilians.marking),
        (("clearance",), scenario.clearance),
    ]
    for name, mines in scenario.mines.items():
        placement = mines.placement
        given += [
            (("mines", name, "placement", "belt"), placement.belt),
            (("mines", name, "placement", "clusters"), placement.clusters),
            (("mines", name, "placement", "keep_away"), placement.keep_away),
            (("mines", name, "laid"), mines.laid.start < scenario.start or None),
        ]
    for path, value in given:
        if value is not None:
            what = "mines laid before the start cannot" if path[-1] == "laid" else "cannot"
            message = f"{what} be simulated by this version; remove the key, or only validate the file"
            yield Problem(loaded.key_place(path), ".".join(path), message)
