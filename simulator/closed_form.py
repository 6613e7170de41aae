"""The closed form: expected curves by quadrature, without a random number.

It exists while mines do not interact and the share of each cell is known: what becomes of one mine
(`simulator.fates`), times the mines.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import linalg

from simulator.clocks import Array, pace_at, read
from simulator.fates import NOWHERE, Whereabouts, fate
from simulator.placing import cell_probabilities
from simulator.trajectory import RELEASED_SHARES, Curves, Land
from simulator.units import DAYS_PER_YEAR
from simulator.world import MineKind, World

CAUSES = ("self_destruct", "battery", "ageing", "accident")
_MOST_ACTIVITIES = 12


@dataclass(frozen=True, slots=True, eq=False)
class Expected:
    """Expected curves, the cumulative incidence of each of CAUSES [K, 4, T], and the land that is denied."""

    curves: Curves
    incidence: Array
    land: Land


@dataclass(frozen=True, slots=True, eq=False)
class Spreads:
    """Bounds from below of the standard deviations that the devices alone give the estimates of one replicate, [K, T].

    Failure outcomes share their lifetimes, so their parts never cancel. A sample in which a rare event did not happen
    to occur fails to show them. 0 where no bound is known: for accidents once they feed back on the cells, for the
    items in the ground once teams take them away.
    """

    hazardous: Array
    inert: Array
    accidents: Array


def obstacles(world: World) -> list[str]:
    """Why a world has no closed form, a key and a reason each; empty if it has one."""
    found = []
    if world.clearance is not None:
        found.append("clearance: teams choose cells as they go")
    if world.marking is not None:
        found.append("civilians.marking: accidents slow the cells they happen in")
    found += [
        f"mines.{kind.name}.placement: cells of belts and clusters have no known shares"
        for kind in world.kinds
        if not kind.placing.is_even
    ]
    return found


def outcome_probabilities(kind: MineKind) -> Array:
    """q00, q01, q10, q11 [4]: self-destruct works or fails, then back-up works or fails."""
    f1, f2, common = kind.self_destruct_failure, kind.backup_failure, kind.common_cause
    both = f1 * (common + (1 - common) * f2)
    return np.array([(1 - f1) * (1 - f2), (1 - f1) * f2, f1 - both, both])


def whereabouts(world: World, kind: MineKind) -> Whereabouts:
    """How active people are where a mine of an evenly placed class lies.

    More than a dozen activities are replaced by the Gauss quadrature of their law, of which everything here asks for
    sums of exp(-activity x): exact for polynomials up to degree 23 in the activity.
    """
    activity, group = np.unique(world.exposure.activity, return_inverse=True)
    share = np.bincount(group, cell_probabilities(kind.placing, world.region))
    activity, share = activity[share > 0], share[share > 0]
    if activity.size <= _MOST_ACTIVITIES:
        return Whereabouts(activity, share / share.sum())
    return Whereabouts(*_gauss(activity, share / share.sum(), _MOST_ACTIVITIES))


def expected(world: World, *, with_land: bool = True, thin: bool = False) -> Expected:
    """The closed form of every curve of a world; NaN for the land where it is not wanted. Raises ValueError where there
    is none.

    ``thin`` is several times faster where exposure changes smoothly, and exact to some 1e-4 (`simulator.fates.fate`).
    """
    if reasons := obstacles(world):
        raise ValueError(f"no closed form: {'; '.join(reasons)}")
    times = world.times
    rows, incidences = [], []
    for kind in world.kinds:
        q, armed, laid = outcome_probabilities(kind), 1.0 - kind.arming_failure, kind.count * laid_share(kind, times)
        one = fate(world, kind, whereabouts(world, kind), thin=thin)
        mines = kind.count * armed
        causes = mines * np.einsum("s,sct->ct", q, one.incidence)
        pace = pace_at(world.exposure.clock, times) * DAYS_PER_YEAR
        inert = kind.arming_failure * laid + causes[1] + causes[2]
        none = np.zeros_like(laid)
        rows.append(
            (laid, mines * (q @ one.hazardous), inert, causes[3], mines * (q @ one.pull) * pace,
             mines * (q @ one.mine_days), none, none, none, none)
        )  # fmt: skip
        incidences.append(causes)
    curves = Curves(*(np.array(column) for column in zip(*rows, strict=True)))
    nothing = np.zeros(times.size)
    never = np.full(len(RELEASED_SHARES), np.inf)
    denied = expected_denied(world) if with_land else np.full((len(world.kinds) + 1, times.size), np.nan)
    return Expected(curves, np.array(incidences), Land(denied, nothing, nothing, never))


def laid_share(kind: MineKind, times: Array) -> Array:
    """Share of a class that is laid by each time, shape [T]."""
    if not kind.is_wave:
        return (times >= kind.laid_from).astype(float)
    return np.clip((times - kind.laid_from) / (kind.laid_to - kind.laid_from), 0.0, 1.0)


def expected_denied(world: World) -> Array:
    """Expected area [km2] of the cells in which an item of each class, and last of any class, is laid, shape [K + 1,
    T].
    """
    shares = np.array([cell_probabilities(kind.placing, world.region) for kind in world.kinds])
    # Cells that are alike in the share they get of every class are one row.
    alike, group = np.unique(shares.round(15), axis=1, return_inverse=True)
    area = np.bincount(group.ravel(), world.region.area_km2)
    empty = np.ones((area.size, world.times.size))
    rows = []
    for kind, sizes in zip(world.kinds, alike, strict=True):
        free = np.exp(kind.count * np.log1p(-np.outer(sizes, laid_share(kind, world.times)).clip(max=1 - 1e-16)))
        rows.append(free)
        empty = empty * free
    return np.array([area @ (1.0 - free) for free in (*rows, empty)])


def spreads(world: World) -> Spreads:
    """The least standard deviations of the hazardous, inert and accident estimates of one replicate of any world."""
    rows = [_spreads_of(world, kind) for kind in world.kinds]
    return Spreads(*(np.array(column) for column in zip(*rows, strict=True)))


def _spreads_of(world: World, kind: MineKind) -> Iterator[Array]:
    """Those of one class, shape [T] each.

    In one failure outcome the estimate of a mine is a function of its lifetimes: works or not, times exp(-dose) until
    then. The variance of exp(-dose) is that of its square's mean, which is the mean at twice the activity.
    """
    q, times = outcome_probabilities(kind), world.times
    safe = fate(world, kind, NOWHERE, rough=True)
    clock = world.exposure.clock
    dose = np.maximum(read(clock, times) - read(clock, np.array([kind.laid_from])), 0.0)
    free = np.exp(-float(world.exposure.activity.max()) * dose)
    untouched = np.ones(times.size) if world.clearance is None else (times < world.clearance.first_day).astype(float)
    yield untouched * free * _spread(kind, q, safe.hazardous * (1.0 - safe.hazardous))
    inert = safe.incidence[:, 1] + safe.incidence[:, 2]
    # Mines that never arm are counted as they are laid, so a period of laying varies with the times drawn.
    laid = laid_share(kind, times)
    never_armed = kind.arming_failure * np.sqrt(kind.count * laid * (1.0 - laid))
    yield untouched * np.hypot(free * _spread(kind, q, inert * (1.0 - inert)), never_armed)
    if obstacles(world):
        yield np.zeros(times.size)
        return
    where = whereabouts(world, kind)
    mean = float(where.share @ where.activity)
    once, twice = (
        fate(world, kind, Whereabouts(np.array([factor * mean]), np.ones(1)), rough=True).incidence[:, 3]
        for factor in (1.0, 2.0)
    )
    yield _spread(kind, q, 2 * once - twice - np.square(once))


def _spread(kind: MineKind, q: Array, variances: Array) -> Array:
    """Standard deviation of a sum over the mines whose parts have ``variances`` [4, T] in the failure outcomes."""
    return np.asarray(np.sqrt(kind.count * (np.square(q) @ np.maximum(variances, 0.0))) * (1.0 - kind.arming_failure))


def _gauss(points: Array, weights: Array, size: int) -> tuple[Array, Array]:
    """The Gauss quadrature of a discrete law: ``size`` nodes and weights with its first 2 size - 1 moments.

    Lanczos' recurrence with full orthogonalisation gives the Jacobi matrix, whose eigenvalues are the nodes (Golub and
    Welsch 1969, Math. Comp. 23, 221).
    """
    scale = float(points.max())
    basis = [np.sqrt(weights)]
    diagonal, off = [], []
    for step in range(size):
        following = points / scale * basis[-1]
        diagonal.append(float(following @ basis[-1]))
        for vector in basis:
            following = following - (following @ vector) * vector
        length = float(np.linalg.norm(following))
        if step == size - 1 or length < 1e-13:
            break
        off.append(length)
        basis.append(following / length)
    nodes, vectors = linalg.eigh_tridiagonal(np.array(diagonal), np.array(off))
    return np.maximum(nodes, 0.0) * scale, np.square(vectors[0])
