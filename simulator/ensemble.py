"""Many replicates of one world, and the quantities that are reported of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np

from simulator.clocks import Array, pace_at
from simulator.closed_form import Spreads
from simulator.statistics import Band, band
from simulator.trajectory import Curves, Land, Maps, Trajectory
from simulator.units import DAYS_PER_YEAR
from simulator.world import World

ALL = "all"
QUANTITIES = (
    "hazardous", "inert", "gone", "accidents_per_year", "accidents", "casualties", "killed", "individual_risk",
    "denied_km2", "cleared_hazardous", "cleared_inert", "missed_hazardous", "missed_inert", "released_km2",
    "team_years", "cost_usd",
)  # fmt: skip
_CLEARANCE = frozenset(QUANTITIES[9:])
# What teams do is not done for one class of mines.
_OF_ALL = frozenset({"released_km2", "team_years", "cost_usd"})
_ROUNDING = 1e-11
CURVES = tuple(field.name for field in fields(Curves))
LAND = tuple(field.name for field in fields(Land))
MAPS = tuple(field.name for field in fields(Maps))


@dataclass(frozen=True, slots=True, eq=False)
class Ensemble:
    """Replicates of a world, stacked: every curve of ``played`` and ``estimate`` has shape [n, K, T], those of the
    land [n, ...]. ``maps`` are means over the replicates, None where none were asked for.
    """

    world: World
    played: Curves
    estimate: Curves
    land: Land
    maps: Maps | None
    simpy_events: int

    @property
    def replicates(self) -> int:
        """How many replicates were played."""
        return int(self.land.denied_km2.shape[0])


def stack(world: World, trajectories: Sequence[Trajectory]) -> Ensemble:
    """The ensemble of some replicates, in their order."""

    def of(which: str) -> Curves:
        return Curves(*(np.array([getattr(getattr(one, which), name) for one in trajectories]) for name in CURVES))

    land = Land(*(np.array([getattr(one.land, name) for one in trajectories]) for name in LAND))
    kept = [one.maps for one in trajectories if one.maps is not None]
    maps = Maps(*(np.mean([getattr(one, name) for one in kept], axis=0) for name in MAPS)) if kept else None
    return Ensemble(world, of("played"), of("estimate"), land, maps, sum(one.simpy_events for one in trajectories))


def mine_names(world: World) -> tuple[str, ...]:
    """The names that curves go by: each class, then the sum of all."""
    return (*(kind.name for kind in world.kinds), ALL)


def quantities(world: World, mines: str = ALL) -> tuple[str, ...]:
    """The quantities that apply to a class or to all: deaths only where the scenario says which share dies."""
    deadly = world.consequences.killed_share is not None
    populated = bool(world.consequences.present.max() > 0)
    left_out = {*(() if deadly else ("killed",)), *(() if deadly and populated else ("individual_risk",))}
    if world.clearance is None:
        left_out |= _CLEARANCE
    elif world.clearance.usd_per_m2 is None:
        left_out.add("cost_usd")
    if mines != ALL:
        left_out |= _OF_ALL
    return tuple(name for name in QUANTITIES if name not in left_out)


def curve(world: World, curves: Curves, land: Land, mines: str, quantity: str) -> Array:
    """One quantity of one class or of all, shape [..., T], from curves [..., K, T] and land [..., T]."""
    if quantity in _OF_ALL or quantity == "denied_km2":
        return _of_land(world, land, mines, quantity)
    index = mine_names(world).index(mines)

    def of(name: str) -> Array:
        values: Array = getattr(curves, name)
        return values.sum(axis=-2) if mines == ALL else values[..., index, :]

    consequences = world.consequences
    if quantity == "accidents_per_year":
        return of("accident_rate")
    if quantity == "casualties":
        return of("accidents") * consequences.casualties_per_accident
    if quantity == "killed":
        return of("accidents") * deaths_per_accident(world)
    if quantity == "individual_risk":
        return of("accident_rate") * deaths_per_accident(world) * _per_person(world)
    return of(quantity)


def _of_land(world: World, land: Land, mines: str, quantity: str) -> Array:
    if quantity == "denied_km2":
        return land.denied_km2[..., mine_names(world).index(mines), :]
    if quantity == "released_km2":
        return land.released_km2
    if quantity == "team_years":
        return land.team_days / DAYS_PER_YEAR
    plan = world.clearance
    if plan is None or plan.usd_per_m2 is None:
        raise ValueError("the scenario gives no cost of clearance")
    return land.team_days * plan.m2_per_team_day * plan.usd_per_m2


def _per_person(world: World) -> Array:
    """One over the people who are there, shape [T]; 0 while nobody is, for then nobody is at risk."""
    at_risk = world.consequences.at_risk
    return np.divide(1.0, at_risk, out=np.zeros_like(at_risk), where=at_risk > 0)


def deaths_per_accident(world: World) -> float:
    """Mean deaths of an accident; 0 where the scenario does not say."""
    return world.consequences.casualties_per_accident * (world.consequences.killed_share or 0.0)


def samples(ensemble: Ensemble, mines: str, quantity: str) -> tuple[Array, Array]:
    """The conditional estimate and the played value of a quantity in every replicate, both [n, T]."""
    world, land = ensemble.world, ensemble.land
    return (
        curve(world, ensemble.estimate, land, mines, quantity),
        curve(world, ensemble.played, land, mines, quantity),
    )


def bands(ensemble: Ensemble, known: Spreads) -> Iterator[tuple[str, str, Band]]:
    """Every curve of an ensemble, as (mines, quantity, Band); ``known`` bounds the error of a sample from below."""
    world = ensemble.world
    for mines in mine_names(world):
        for quantity in quantities(world, mines):
            estimate, played = samples(ensemble, mines, quantity)
            floor = least_error(world, known, mines, quantity, ensemble.replicates)
            yield mines, quantity, band(estimate, played, floor)


def least_error(world: World, known: Spreads, mines: str, quantity: str, replicates: int) -> Array | float:
    """The standard error below which no sample of n replicates can be trusted, shape [T].

    A device law's own variance is known in closed form; the rest is the rounding of sums over many mines.
    """
    if quantity == "denied_km2" or quantity in _CLEARANCE:
        return 0.0
    count = sum(kind.count for kind in world.kinds if mines in {ALL, kind.name})
    rate = float(np.max(world.exposure.activity) * world.exposure.clock.paces.max()) * DAYS_PER_YEAR
    spread: Array = np.zeros(world.times.size)
    per_mine: Array | float = 1.0
    if quantity in {"hazardous", "gone", "accidents_per_year", "individual_risk"}:
        spread = _combined(world, known.hazardous, mines)
    if quantity in {"accidents", "casualties", "killed"}:
        spread = _combined(world, known.accidents, mines)
    if quantity == "inert":
        spread = _combined(world, known.inert, mines)
    if quantity == "gone":
        # What is inert is not hazardous: their errors may cancel, and only the difference is certain.
        spread = np.abs(spread - _combined(world, known.inert, mines))
    if quantity in {"accidents_per_year", "individual_risk"}:
        # Of the devices' own variance only what the least active cell shows is certain.
        spread = spread * _least_rate(world) / rate if rate > 0 else spread
        per_mine = rate
    if quantity == "individual_risk":
        per_mine = per_mine * deaths_per_accident(world) * _per_person(world)
    if quantity == "casualties":
        per_mine = world.consequences.casualties_per_accident
    if quantity == "killed":
        per_mine = deaths_per_accident(world)
    return np.asarray(per_mine * np.maximum(spread / np.sqrt(replicates), _ROUNDING * count))


def _least_rate(world: World) -> Array:
    """The lowest accident rate of a hazardous mine anywhere [per year], shape [T]."""
    exposure = world.exposure
    slowest = world.marking.pace if world.marking is not None else 1.0
    least = slowest * float(np.min(exposure.activity))
    return np.asarray(least * pace_at(exposure.clock, world.times) * DAYS_PER_YEAR)


def _combined(world: World, spread: Array, mines: str) -> Array:
    rows = [index for index, kind in enumerate(world.kinds) if mines in {ALL, kind.name}]
    return np.asarray(np.sqrt(np.square(spread[rows]).sum(axis=0)))
