"""What the explorer shows of a scenario: its curves in closed form, and those of worlds that were played."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Event
from typing import Any

import numpy as np

from simulator.clocks import Array
from simulator.closed_form import expected, obstacles, spreads
from simulator.engine import play
from simulator.ensemble import ALL, bands, curve, stack
from simulator.experiment import build_worlds
from simulator.scenario_file import LoadedScenario
from simulator.statistics import Band
from simulator.trajectory import Trajectory
from simulator.world import World, at_times

QUANTITIES = ("hazardous", "casualties")
MOST_REPLICATES, LEAST_REPLICATES = 100, 10
MOST_DRAWN = 50_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A scenario as it is shown: its world, its expected curves [T] by quantity where there is a closed form, and else
    the ``reasons`` why there is none.
    """

    loaded: LoadedScenario
    world: World
    curves: Mapping[str, Array]
    reasons: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many mines are laid."""
        return sum(kind.count for kind in self.world.kinds)


Bands = tuple[Mapping[str, Band], ...]
# New values of fields of classes of mines, by their name.
Changes = Mapping[str, Mapping[str, Any]]


def shown(scenarios: Sequence[LoadedScenario]) -> list[Shown]:
    """Compute what there is to show of some scenarios, the reference first. Raises InputError where they
    cannot be compared, or their files or rules leave nothing to compute.
    """
    found = []
    for loaded, world in zip(scenarios, build_worlds(scenarios), strict=True):
        reasons = tuple(obstacles(world))
        found.append(Shown(loaded, world, {} if reasons else _expected_curves(world), reasons))
    return found


def expected_casualties(one: Shown, changes: Changes) -> float:
    """Casualties over the horizon in closed form, with fields of some classes of mines changed."""
    kinds = tuple(replace(kind, **changes.get(kind.name, {})) for kind in one.world.kinds)
    ends = at_times(one.world, one.loaded, np.array([0.0, one.world.horizon_days]))
    return float(_expected_curves(replace(ends, kinds=kinds))["casualties"][-1])


def replicates_for(every: Sequence[Shown]) -> int:
    """How many replicates are played at the press of a button: as many as MOST_DRAWN mines allow; 0 if too few."""
    count = min(MOST_REPLICATES, MOST_DRAWN // max(1, sum(one.count for one in every)))
    return count if count >= LEAST_REPLICATES else 0


def played(every: Sequence[Shown], replicates: int, stopped: Event) -> Iterator[int | Bands]:
    """Play all scenarios on the same draws: how many replicates are done after each, and at last their bands.

    Ends without bands once ``stopped`` is set. The replicates are those of ``minesim compare`` with the same settings.
    """
    seed = every[0].world.seed
    trajectories: list[list[Trajectory]] = [[] for _ in every]
    for replicate in range(replicates):
        for one, found in zip(every, trajectories, strict=True):
            if stopped.is_set():
                return
            found.append(play(one.world, replicate, seed=seed))
        yield replicate + 1
    yield tuple(_bands(one, found) for one, found in zip(every, trajectories, strict=True))


def _expected_curves(world: World) -> dict[str, Array]:
    found = expected(world, with_land=False)
    return {quantity: curve(world, found.curves, found.land, ALL, quantity) for quantity in QUANTITIES}


def _bands(one: Shown, trajectories: Sequence[Trajectory]) -> dict[str, Band]:
    ensemble = stack(one.world, trajectories)
    every = bands(ensemble, spreads(one.world))
    return {quantity: found for mines, quantity, found in every if mines == ALL and quantity in QUANTITIES}
