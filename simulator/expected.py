"""The closed form: expected curves by quadrature, without a random number.

It exists while mines do not interact: what becomes of one mine (`simulator.fates`), times the mines.
"""

from dataclasses import dataclass

import numpy as np

from simulator.clocks import Array, pace_at, read
from simulator.fates import fate
from simulator.trajectory import Curves
from simulator.units import DAYS_PER_YEAR
from simulator.world import MineKind, World

CAUSES = ("self_destruct", "battery", "ageing", "accident")


@dataclass(frozen=True, slots=True, eq=False)
class Expected:
    """Expected curves, the cumulative incidence of each of CAUSES [K, 4, T], and denied_km2 [K + 1, T].

    ``hazardous_spread``, ``inert_spread`` and ``accident_spread`` [K, T] bound from below the standard deviation that
    the devices alone give the conditional estimate of one replicate (failure outcomes share their lifetimes, so their
    parts never cancel): what a sample in which a rare event did not happen to occur fails to show.
    """

    curves: Curves
    incidence: Array
    denied_km2: Array
    hazardous_spread: Array
    inert_spread: Array
    accident_spread: Array


def outcome_probabilities(kind: MineKind) -> Array:
    """q00, q01, q10, q11 [4]: self-destruct works or fails, then back-up works or fails."""
    f1, f2, common = kind.self_destruct_failure, kind.backup_failure, kind.common_cause
    both = f1 * (common + (1 - common) * f2)
    return np.array([(1 - f1) * (1 - f2), (1 - f1) * f2, f1 - both, both])


def expected(world: World) -> Expected:
    """The closed form of every curve of a world in which nothing interacts."""
    times, kinds, activity = world.times, world.kinds, world.exposure.group_activity
    group_share = np.bincount(world.exposure.group, world.region.area_km2) / world.region.total_area_km2
    rows, incidences, spreads = [], [], []
    for kind in kinds:
        q, armed, laid = outcome_probabilities(kind), 1.0 - kind.arming_failure, kind.count * laid_share(kind, times)
        by_group = [fate(world, kind, float(value)) for value in activity]
        # Averages over the cells; accidents go by the activity of the cell they happen in.
        hazardous = sum(share * one.hazardous for share, one in zip(group_share, by_group, strict=True))
        incidence = sum(share * one.incidence for share, one in zip(group_share, by_group, strict=True))
        mine_days = sum(share * (q @ one.mine_days) for share, one in zip(group_share, by_group, strict=True))
        exposed = sum(
            share * value * (q @ one.hazardous)
            for share, value, one in zip(group_share, activity, by_group, strict=True)
        )
        mines = kind.count * armed
        causes = mines * np.einsum("s,sct->ct", q, incidence)
        pace = pace_at(world.exposure.clock, times) * DAYS_PER_YEAR
        inert = kind.arming_failure * laid + causes[1] + causes[2]
        rows.append((laid, mines * (q @ hazardous), inert, causes[3], mines * exposed * pace, mines * mine_days))
        incidences.append(causes)
        spreads.append(_spreads(world, kind, q, group_share))
    return Expected(
        Curves(*(np.array(column) for column in zip(*rows, strict=True))),
        np.array(incidences),
        expected_denied(world),
        *(np.array(column) for column in zip(*spreads, strict=True)),
    )


def laid_share(kind: MineKind, times: Array) -> Array:
    """Share of a class that is laid by each time, shape [T]."""
    if not kind.is_wave:
        return (times >= kind.laid_from).astype(float)
    return np.clip((times - kind.laid_from) / (kind.laid_to - kind.laid_from), 0.0, 1.0)


def expected_denied(world: World) -> Array:
    """Expected area [km2] of the cells in which an item of each class, and last of any class, is laid, shape [K + 1,
    T].
    """
    share = world.region.area_km2 / world.region.total_area_km2
    sizes, members = np.unique(share, return_counts=True)
    empty = np.ones((sizes.size, world.times.size))
    rows = []
    for kind in world.kinds:
        free = np.exp(kind.count * np.log1p(-np.outer(sizes, laid_share(kind, world.times)).clip(max=1 - 1e-16)))
        rows.append(free)
        empty = empty * free
    area = sizes * members * world.region.total_area_km2
    return np.array([area @ (1.0 - free) for free in (*rows, empty)])


def _dose_since(world: World, day: float) -> Array:
    """Reading of the exposure clock since a day, 0 before it, shape [T]."""
    clock = world.exposure.clock
    return np.maximum(read(clock, world.times) - read(clock, np.array([day])), 0.0)


def _spreads(world: World, kind: MineKind, q: Array, group_share: Array) -> tuple[Array, Array, Array]:
    """Least standard deviations of the hazardous, inert and accident estimates of one replicate, shape [T] each.

    In one failure outcome the estimate of a mine is a function of its lifetimes: works or not, times exp(-dose) until
    then. The variance of exp(-dose) is that of its square's mean, which is the mean at twice the activity.
    """
    safe = fate(world, kind, 0.0, rough=True)
    free = group_share @ np.exp(-np.outer(world.exposure.group_activity, _dose_since(world, kind.laid_from)))
    inert = safe.incidence[:, 1] + safe.incidence[:, 2]
    activity = float(group_share @ world.exposure.group_activity)
    once = fate(world, kind, activity, rough=True).incidence[:, 3]
    twice = fate(world, kind, 2 * activity, rough=True).incidence[:, 3]
    # Mines that never arm are counted as they are laid, so a period of laying varies with the times drawn.
    laid = laid_share(kind, world.times)
    never_armed = kind.arming_failure * np.sqrt(kind.count * laid * (1.0 - laid))
    return (
        free * _spread(kind, q, safe.hazardous * (1.0 - safe.hazardous)),
        np.hypot(free * _spread(kind, q, inert * (1.0 - inert)), never_armed),
        _spread(kind, q, 2 * once - twice - np.square(once)),
    )


def _spread(kind: MineKind, q: Array, variances: Array) -> Array:
    """Standard deviation of a sum over the mines whose parts have ``variances`` [4, T] in the failure outcomes."""
    return np.asarray(np.sqrt(kind.count * (np.square(q) @ np.maximum(variances, 0.0))) * (1.0 - kind.arming_failure))
