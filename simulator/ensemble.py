"""Many replicates of one world, and the quantities that are reported of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np

from simulator.clocks import Array
from simulator.expected import Expected
from simulator.statistics import Band, band
from simulator.trajectory import Curves, Trajectory
from simulator.units import DAYS_PER_YEAR
from simulator.world import World

ALL = "all"
QUANTITIES = (
    "hazardous", "inert", "gone", "accidents_per_year", "accidents", "casualties", "killed", "individual_risk",
    "denied_km2",
)  # fmt: skip
_ROUNDING = 1e-11
CURVES = tuple(field.name for field in fields(Curves))


@dataclass(frozen=True, slots=True, eq=False)
class Ensemble:
    """Replicates of a world, stacked: every curve of ``played`` and ``estimate`` has shape [n, K, T], denied [n, K +
    1, T].
    """

    world: World
    played: Curves
    estimate: Curves
    denied_km2: Array
    simpy_events: int

    @property
    def replicates(self) -> int:
        """How many replicates were played."""
        return int(self.denied_km2.shape[0])


def stack(world: World, trajectories: Sequence[Trajectory]) -> Ensemble:
    """The ensemble of some replicates, in their order."""

    def of(which: str) -> Curves:
        return Curves(*(np.array([getattr(getattr(one, which), name) for one in trajectories]) for name in CURVES))

    denied = np.array([one.denied_km2 for one in trajectories])
    return Ensemble(world, of("played"), of("estimate"), denied, sum(one.simpy_events for one in trajectories))


def mine_names(world: World) -> tuple[str, ...]:
    """The names that curves go by: each class, then the sum of all."""
    return (*(kind.name for kind in world.kinds), ALL)


def quantities(world: World) -> tuple[str, ...]:
    """The quantities that apply: deaths only where the scenario says which share of casualties dies."""
    deadly = world.consequences.killed_share is not None
    populated = world.consequences.people > 0
    left_out = {*(() if deadly else ("killed",)), *(() if deadly and populated else ("individual_risk",))}
    return tuple(name for name in QUANTITIES if name not in left_out)


def curve(world: World, curves: Curves, denied_km2: Array, mines: str, quantity: str) -> Array:
    """One quantity of one class or of all, shape [..., T], from curves [..., K, T] and denied areas [..., K + 1, T]."""
    index = mine_names(world).index(mines)
    if quantity == "denied_km2":
        return denied_km2[..., index, :]

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
        return of("accident_rate") * deaths_per_accident(world) / consequences.people
    return of(quantity)


def deaths_per_accident(world: World) -> float:
    """Mean deaths of an accident; 0 where the scenario does not say."""
    return world.consequences.casualties_per_accident * (world.consequences.killed_share or 0.0)


def samples(ensemble: Ensemble, mines: str, quantity: str) -> tuple[Array, Array]:
    """The conditional estimate and the played value of a quantity in every replicate, both [n, T]."""
    world, denied = ensemble.world, ensemble.denied_km2
    return (
        curve(world, ensemble.estimate, denied, mines, quantity),
        curve(world, ensemble.played, denied, mines, quantity),
    )


def bands(ensemble: Ensemble, reference: Expected) -> Iterator[tuple[str, str, Band]]:
    """Every curve of an ensemble, as (mines, quantity, Band); ``reference`` knows the least error of a sample."""
    world = ensemble.world
    for mines in mine_names(world):
        for quantity in quantities(world):
            estimate, played = samples(ensemble, mines, quantity)
            yield mines, quantity, band(estimate, played, least_error(ensemble, reference, mines, quantity))


def least_error(ensemble: Ensemble, reference: Expected, mines: str, quantity: str) -> Array | float:
    """The standard error below which no sample of n replicates can be trusted, shape [T].

    A device law's own variance is known in closed form; the rest is the rounding of sums over many mines.
    """
    world = ensemble.world
    if quantity == "denied_km2":
        return 0.0
    count = sum(kind.count for kind in world.kinds if mines in {ALL, kind.name})
    rate = float(np.max(world.exposure.group_activity) * world.exposure.clock.paces.max()) * DAYS_PER_YEAR
    spread, per_mine = np.zeros(world.times.size), 1.0
    if quantity in {"hazardous", "gone", "accidents_per_year", "individual_risk"}:
        spread = _combined(world, reference.hazardous_spread, mines)
    if quantity in {"accidents", "casualties", "killed"}:
        spread = _combined(world, reference.accident_spread, mines)
    if quantity in {"inert", "gone"}:
        spread = np.hypot(spread, _combined(world, reference.inert_spread, mines))
    if quantity in {"accidents_per_year", "individual_risk"}:
        per_mine = rate
    if quantity == "individual_risk":
        per_mine *= deaths_per_accident(world) / world.consequences.people
    if quantity == "casualties":
        per_mine = world.consequences.casualties_per_accident
    if quantity == "killed":
        per_mine = deaths_per_accident(world)
    return np.asarray(per_mine * np.maximum(spread / np.sqrt(ensemble.replicates), _ROUNDING * count))


def _combined(world: World, spread: Array, mines: str) -> Array:
    rows = [index for index, kind in enumerate(world.kinds) if mines in {ALL, kind.name}]
    return np.asarray(np.sqrt(np.square(spread[rows]).sum(axis=0)))
