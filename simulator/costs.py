"""What a computation takes, before it is begun: seconds of one processor and bytes of memory, from its sizes.

The sizes are mines, cells, accidents, visits of teams, times and replicates; what each of them takes was measured on
this code (`benchmarks/resources.py` prints estimates beside measurements, which differ by a factor of three at most).
Nothing of these sizes is made here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from simulator.clocks import Array, read
from simulator.closed_form import laid_share, outcome_probabilities
from simulator.engine import MOST_KEPT
from simulator.laws import Exponential, Fixed, Gamma, Law, Never
from simulator.lifetimes import survival
from simulator.world import MineKind, World

# Seconds for one mine: its place, its arming, its accident threshold and the reading of its fate; a column of draws; a
# law read at them; what belts and clusters take to place it; and what it takes to be read against a played field.
_MINE, _DRAW, _INTERACTS, _MAP = 0.9e-7, 3e-8, 1e-7, 1.5e-8
_LAW, _SLOW_LAW, _OTHER_LAW = 3e-8, 1.2e-6, 6e-8
_BOTH_FAIL, _PLACED, _LOT = 1.7e-7, 7e-7, 4e-6
# Seconds for the rest of a replicate.
_REPLICATE, _CLASS, _CLASS_TIME, _CELL, _ACCIDENT, _VISIT = 1e-3, 8e-4, 1.5e-6, 2e-7, 1.6e-5, 2.2e-5
# Seconds for a world: laid out, in closed form, and written.
_WORLD, _OUTLINE, _CELL_OF_WORLD, _FATE, _FATE_TIME, _START = 4e-3, 6e-2, 2e-7, 3e-3, 1.5e-5, 1.5
_LAYING_NODE, _NODES_PER_PANEL, _MOST_PANELS = 1e-3, 8, 800
_WRITTEN_VALUE, _SORTED_VALUE = 6e-6, 1.5e-7
# Bytes: of a cell in a world and while it is played, of a possible accident, of a curve's value while it is summed.
_CELL_BYTES, _PLAYED_CELL_BYTES, _ACCIDENT_BYTES, _SUM_BYTES, _CHUNK_BYTES = 120, 140, 450, 640, 1e7
_QUANTITIES = 9
BYTES_OF_POINT = 600.0
"""What is kept in memory of a point of a study: its key, its task while it waits."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one replicate of a world takes: ``seconds``; ``working`` bytes while it is played, ``kept`` bytes after.

    ``of_mines`` is the share of the seconds that grows with the number of mines.
    """

    seconds: float
    working: float
    kept: float
    of_mines: float


@dataclass(frozen=True, slots=True)
class Need:
    """What a computation takes: ``seconds`` of one processor, ``bytes_here`` in this process, ``bytes_each`` more in
    each process that computes; ``worlds`` and ``replicates`` of each that it computes.

    ``replicate`` is the cost of one replicate of the dearest world, None in closed form, ``mines`` how many it has.
    """

    seconds: float
    bytes_here: float
    bytes_each: float
    worlds: int = 1
    replicates: int = 0
    replicate: Cost | None = None
    mines: float = 0.0


def replicate_cost(world: World) -> Cost:
    """Estimate what one replicate of a world takes."""
    cells, times = world.region.area_km2.size, world.times.size
    blocks, days = _blocks(world), len(world.map_days)
    mines = sum(_seconds_of_mines(world, kind) for kind in world.kinds)
    accidents = sum(accidents_of(world, kind) for kind in world.kinds)
    seconds = (
        mines + _REPLICATE + len(world.kinds) * (_CLASS + _CLASS_TIME * times + 0.1 * _CELL * cells)
        + (_CELL if world.clearance is None else 2 * _CELL) * cells + _ACCIDENT * accidents + _VISIT * visits_of(world)
    )  # fmt: skip
    kept = 8.0 * ((21 * len(world.kinds) + 3) * times + 4 * days * blocks)
    working = (
        _CHUNK_BYTES + _PLAYED_CELL_BYTES * cells + 8.0 * cells * len(world.kinds) + _ACCIDENT_BYTES * accidents
        + _SUM_BYTES * times * len(world.kinds) + 48.0 * days * blocks * len(world.kinds) + _columns_kept(world)
    )  # fmt: skip
    return Cost(seconds, working, kept, mines / seconds)


def closed_form_seconds(world: World) -> float:
    """Estimate what the closed form of a world takes."""
    per_time = _FATE + _FATE_TIME * world.times.size
    fates = sum(per_time + _LAYING_NODE * _laying_nodes(world, kind) for kind in world.kinds)
    return fates + 5 * _CELL * world.region.area_km2.size


def world_seconds(world: World) -> float:
    """Estimate what it takes to read and lay out a world."""
    region = world.region
    return _WORLD * len(world.kinds) + _CELL_OF_WORLD * region.area_km2.size * len(world.kinds) + (
        0.0 if region.outline is None else _OUTLINE + 50 * _CELL_OF_WORLD * region.area_km2.size
    )  # fmt: skip


def world_bytes(world: World) -> float:
    """Estimate what a world takes in memory."""
    return _CELL_BYTES * float(world.region.area_km2.size)


def need_of_run(worlds: Sequence[World], replicates: int, *, exact: bool) -> Need:
    """Estimate a run or a comparison: all worlds, so many replicates of each, and the data files (not the figures)."""
    here = sum(map(world_bytes, worlds))
    # The bounds of errors take about twice the closed form, with a dozen layings at most.
    seconds = _START + sum(map(world_seconds, worlds)) + sum(_written_seconds(world, replicates) for world in worlds)
    if exact:
        return Need(seconds + sum(map(closed_form_seconds, worlds)), here, 0.0, len(worlds))
    costs = [replicate_cost(world) for world in worlds]
    seconds += replicates * sum(cost.seconds for cost in costs)
    # Once as they were played and once stacked.
    here += 2.0 * replicates * sum(cost.kept for cost in costs)
    each = max(cost.working for cost in costs) + sum(cost.kept for cost in costs)
    return Need(seconds, here, each, len(worlds), replicates, *_dearest(worlds, costs))


def need_of_worlds(worlds: Sequence[World], count: int, replicates: int, bytes_of_point: float, *, exact: bool) -> Need:
    """Estimate ``count`` worlds of a study of which some, ``worlds``, are like the rest; so many replicates of each.

    ``bytes_of_point`` is what is kept of each in memory.
    """
    laid_out = float(np.mean([world_seconds(world) for world in worlds])) + _WORLD
    each = max(map(world_bytes, worlds)) + _CHUNK_BYTES
    here = bytes_of_point * count
    if exact:
        mean = float(np.mean([closed_form_seconds(world) for world in worlds]))
        return Need(count * (laid_out + mean / 2), here, each, count)
    costs = [replicate_cost(world) for world in worlds]
    seconds = count * (laid_out + replicates * float(np.mean([cost.seconds for cost in costs])))
    # At most a hundred replicates are stacked at a time.
    each += max(cost.working + 2.0 * min(replicates, 100) * cost.kept for cost in costs)
    return Need(seconds, here, each, count, replicates, *_dearest(worlds, costs))


def together(first: Need, second: Need) -> Need:
    """What two computations take that follow each other; the sizes are those of the second."""
    return replace(
        second,
        seconds=first.seconds + second.seconds,
        bytes_here=first.bytes_here + second.bytes_here,
        bytes_each=max(first.bytes_each, second.bytes_each),
    )


def accidents_of(world: World, kind: MineKind) -> float:
    """Estimate the accidents of a class in one replicate, as if all its cells were alike and nobody marked them."""
    region, exposure = world.region, world.exposure
    activity = float(exposure.activity @ region.area_km2) / region.total_area_km2
    ages = np.maximum(world.times - kind.laid_from, 0.0)
    gains = np.diff(read(exposure.clock, world.times)) * activity
    hazardous = _share_hazardous(kind, ages) * laid_share(kind, world.times)
    return kind.count * -float(np.expm1(-(gains * (hazardous[1:] + hazardous[:-1]) / 2).sum()))


def visits_of(world: World) -> float:
    """Estimate how many searches of cells the teams finish by the horizon."""
    plan = world.clearance
    if plan is None:
        return 0.0
    holding = min(float(world.region.area_km2.size), float(sum(kind.count for kind in world.kinds)))
    days = max(float(read(plan.calendar, np.array([world.horizon_days]))[0]) - plan.first_day, 0.0)
    work = max(float(plan.work_days.mean()), 1e-9)
    return min(holding * plan.passes, plan.teams * (days / work + 1.0))


def _dearest(worlds: Sequence[World], costs: Sequence[Cost]) -> tuple[Cost, float]:
    place = max(range(len(costs)), key=lambda place: costs[place].seconds)
    return costs[place], float(sum(kind.count for kind in worlds[place].kinds))


def _share_hazardous(kind: MineKind, ages: Array) -> Array:
    """The share of armed mines that their devices leave hazardous at some ages, whatever people and teams do."""
    q00, q01, q10, q11 = outcome_probabilities(kind)
    battery_age = read(kind.battery_clock, kind.laid_from + ages) - read(kind.battery_clock, np.array([kind.laid_from]))
    destruct, battery = survival(kind.self_destruct, ages), survival(kind.battery, battery_age)
    share = q00 * destruct * battery + q01 * destruct + q10 * battery + q11
    return np.asarray((1.0 - kind.arming_failure) * share * survival(kind.ageing, ages))


def _seconds_of_mines(world: World, kind: MineKind) -> float:
    fails = [kind.self_destruct_failure > 0, kind.backup_failure > 0 or kind.common_cause > 0]
    draws = [kind.is_wave, kind.arming_failure > 0, *fails, world.clearance is not None, kind.placing.rule is not None]
    seconds = _MINE + _DRAW * sum(draws) + sum(map(_law_seconds, (kind.self_destruct, kind.battery, kind.ageing)))
    seconds += _BOTH_FAIL if all(fails) else 0.0
    seconds += 0.0 if kind.placing.is_even else _PLACED
    seconds += _LOT / kind.lot_size if kind.lot_correlation > 0 and kind.lot_size > 1 else 0.0
    seconds += _INTERACTS if world.interacts else 0.0
    return kind.count * (seconds + _MAP * len(world.map_days))


def _law_seconds(law: Law) -> float:
    match law:
        case Never():
            return 0.0
        case Gamma():
            return _SLOW_LAW
        case Fixed() | Exponential():
            return _LAW
    return _OTHER_LAW


def _columns_kept(world: World) -> float:
    """Bytes of the latent columns of a world that interacts, none where they are drawn again."""
    if not world.interacts or sum(kind.count for kind in world.kinds) > MOST_KEPT:
        return 0.0
    total = 0.0
    for kind in world.kinds:
        laws = sum(not isinstance(law, Never) for law in (kind.self_destruct, kind.battery, kind.ageing))
        lots = kind.lot_correlation > 0 and kind.lot_size > 1
        numbers = 2 + laws + kind.is_wave + (world.clearance is not None) + 2 * lots
        total += kind.count * (8.0 * numbers + 3.0)
    return total


def _laying_nodes(world: World, kind: MineKind) -> float:
    """Days of laying over which the closed form is summed, beyond the one it always has."""
    if not kind.is_wave:
        return 0.0
    kinks = float(((world.times > kind.laid_from) & (world.times < kind.laid_to)).sum())
    return _NODES_PER_PANEL * min(kinks + kind.laid_to - kind.laid_from, _MOST_PANELS + kinks)


def _written_seconds(world: World, replicates: int) -> float:
    values = (len(world.kinds) + 1) * world.times.size * _QUANTITIES
    return values * (_WRITTEN_VALUE + _SORTED_VALUE * replicates)


def _blocks(world: World) -> int:
    return min(world.region.area_km2.size, 10_000) if world.map_days else 0
