"""A scenario made ready to compute: numbers in days and per day, clocks built, mine classes in their stream slots."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from simulator.clearance import ClearancePlan, clearance_plan
from simulator.clocks import (
    CALENDAR,
    Array,
    Clock,
    arrhenius_factor,
    day_number,
    monthly_clock,
    q10_factor,
)  # fmt: skip
from simulator.exposure import Exposure, Marking, exposure_clock, share_of_pace, share_present
from simulator.laws import Law, Never
from simulator.place import Settled, read_place
from simulator.placing import Placing
from simulator.region import Region
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
    placing: Placing

    @property
    def is_wave(self) -> bool:
        """Whether its mines are laid over a period, not all at one time."""
        return self.laid_to > self.laid_from


@dataclass(frozen=True, slots=True, eq=False)
class Consequences:
    """What an accident does, and the people; None where the scenario does not say.

    ``people`` is the whole population, ``present`` [T] how many of them are there at the times of the curves, and
    ``at_risk`` [T] how many the accident rates of those times are made with.
    """

    casualties_per_accident: float
    killed_share: float | None
    child_share: float | None
    people: float
    present: Array
    at_risk: Array


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """Everything the engine and the closed form need; ``times`` [T] are the days of the curves, from 0 to the
    horizon.

    ``settlements`` is None where people are spread evenly; ``map_days`` are the days of which maps are kept.
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
    settlements: Settled | None = None
    marking: Marking | None = None
    clearance: ClearancePlan | None = None
    map_days: tuple[float, ...] = ()

    @property
    def interacts(self) -> bool:
        """Whether what happens to one mine can depend on another: by marking or by teams."""
        return self.marking is not None or self.clearance is not None

    @property
    def is_spatial(self) -> bool:
        """Whether a map of it shows anything: a border, settlements, mines spread unevenly, or cells with a history."""
        uneven = any(not kind.placing.is_even or kind.placing.rule is not None for kind in self.kinds)
        return self.region.projection is not None or self.settlements is not None or uneven or self.interacts


def build_world(
    loaded: LoadedScenario,
    slots: Mapping[str, int] | None = None,
    times: Array | None = None,
    map_days: Sequence[float] = (),
) -> World:
    """The world of a scenario. Raises InputError where its files, cells or rules leave nothing to compute.

    ``slots`` gives each mine class its place among the random streams (default: in order of appearance);
    ``times`` replaces the default time grid; ``map_days`` are those of the maps, if the world is worth any, up to the
    horizon.
    """
    scenario = loaded.scenario
    civilians = scenario.civilians
    slots = slots or {name: index for index, name in enumerate(scenario.mines)}
    times = default_times(scenario.horizon) if times is None else times
    place = read_place(loaded)
    kinds = tuple(
        _kind(name, slots[name], mines, scenario, place.placings[name]) for name, mines in scenario.mines.items()
    )
    people = float(place.people_per_km2 @ place.region.area_km2)
    clock = exposure_clock(scenario, first_day=min(kind.laid_from for kind in kinds))
    marking = civilians.marking
    world = World(
        name=loaded.name,
        title=scenario.title,
        start=scenario.start,
        seed=scenario.seed,
        horizon_days=scenario.horizon,
        times=times,
        region=place.region,
        kinds=kinds,
        exposure=Exposure(clock, place.people_per_km2 / civilians.reference_density),
        consequences=Consequences(
            civilians.casualties_per_accident,
            civilians.killed_share,
            civilians.child_share,
            people,
            people * share_present(civilians, times),
            people * share_of_pace(civilians, clock, times),
        ),
        thresholds=tuple(scenario.thresholds),
        settlements=place.settlements,
        marking=Marking(marking.after_accident, 1.0 - marking.reduces) if marking is not None else None,
        clearance=(
            clearance_plan(scenario.clearance, place.region, scenario.start, scenario.horizon)
            if scenario.clearance is not None
            else None
        ),
    )
    if not world.is_spatial:
        return world
    return replace(world, map_days=tuple(day for day in map_days if day <= scenario.horizon))


def at_times(world: World, loaded: LoadedScenario, times: Array) -> World:
    """The same world with its curves at other days [T], from 0 to the horizon."""
    civilians, had = loaded.scenario.civilians, world.consequences
    present = had.people * share_present(civilians, times)
    at_risk = had.people * share_of_pace(civilians, world.exposure.clock, times)
    return replace(world, times=times, consequences=replace(had, present=present, at_risk=at_risk))


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


def _kind(name: str, slot: int, mines: MineClass, scenario: Scenario, placing: Placing) -> MineKind:
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
        # Whole years beyond the horizon keep the last piece of the clock out of the curves.
        battery_clock=battery_clock(battery, scenario, first, scenario.horizon + 2 * DAYS_PER_YEAR),
        common_cause=mines.common_cause,
        lot_size=lots.size if lots else 1,
        lot_correlation=lots.correlation if lots else 0.0,
        ageing=mines.ageing,
        placing=placing,
    )


def battery_clock(battery: Battery | None, scenario: Scenario, first_day: float, last_day: float) -> Clock:
    """Battery age [days at the reference temperature], by the region's months from ``first_day`` to ``last_day``."""
    temperatures = scenario.region.temperature
    if battery is None or temperatures is None or not battery.ages_with_temperature:
        return CALENDAR
    monthly = np.array(temperatures)
    if battery.activation_energy is not None:
        factors = arrhenius_factor(monthly, battery.activation_energy, battery.reference_temperature)
    else:
        factors = q10_factor(monthly, battery.q10, battery.reference_temperature)
    return monthly_clock(factors, scenario.start, first_day, last_day)
