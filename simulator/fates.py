"""What becomes of one armed mine, in closed form: the quadrature behind every expected curve.

Panels of 16-point Gauss-Legendre break at every output time, at every calendar change of a clock, at mean +- {1, 2, 3,
4, 6, 9} sd of each law and at a ladder of doses: plain adaptive quadrature steps over a narrow self-destruct peak, and
one panel does not resolve accidents within minutes. A laying period is averaged over panels that break where an output
time meets a jump or bend of a law.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from simulator.clocks import Array, Clock, day_of, pace_at, read
from simulator.laws import Fixed, Law, Never, Piecewise, Uniform
from simulator.lifetimes import density, inverse_survival, quadrature_edges, survival, survival_before
from simulator.world import MineKind, World

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_LAYING_NODES, _LAYING_WEIGHTS = np.polynomial.legendre.leggauss(4)
_MOST_LAYING_PANELS, _ROUGH_LAYING_PANELS = 800, 12


@dataclass(frozen=True, slots=True, eq=False)
class Whereabouts:
    """How active people are where a mine may lie: ``activity`` [G] and the probability of each, ``share`` [G]."""

    activity: Array
    share: Array

    def free(self, dose: Array) -> Array:
        """The chance of no accident up to a dose of the shared clock, same shape."""
        return np.tensordot(self.share, np.exp(-np.multiply.outer(self.activity, dose)), 1)

    def pull(self, dose: Array) -> Array:
        """The chance of none yet times the activity there: the accident rate per unit of dose, same shape."""
        return np.tensordot(self.share * self.activity, np.exp(-np.multiply.outer(self.activity, dose)), 1)


NOWHERE = Whereabouts(np.zeros(1), np.ones(1))


@dataclass(frozen=True, slots=True, eq=False)
class Fate:
    """Of one armed mine, by failure outcome: ``hazardous``, ``pull`` (hazardous times activity) and ``mine_days``
    since the start [4, T], and ``incidence`` by cause [4 outcomes, 4 causes, T].
    """

    hazardous: Array
    pull: Array
    incidence: Array
    mine_days: Array


def mean_lifetime(laws: Sequence[Law], until_days: float = np.inf) -> float:
    """Mean of the shortest of independent lifetimes [days], or of their minimum with ``until_days``.

    Infinite where all of them may never end.
    """
    if np.isinf(until_days) and all(survival(law, np.array(np.inf)) > 0 for law in laws):
        return np.inf
    edges = np.unique(np.concatenate([[0.0], *(quadrature_edges(law) for law in laws)]))
    if np.isfinite(until_days):
        edges = np.append(edges[edges < until_days], until_days)
    else:
        # Beyond the last edge of the longest law 1e-19 of it is left.
        edges = np.concatenate((edges, edges[-1] * np.array([1.5, 2.0, 4.0])))
    days, weights = _panels(edges)
    alive = np.prod([survival(law, days) for law in laws], axis=0)
    return float((alive * weights).sum())


def fate(world: World, kind: MineKind, where: Whereabouts, *, rough: bool = False, thin: bool = False) -> Fate:
    """What becomes of an armed mine of the class, averaged over where it lies and the laying period.

    ``thin`` leaves out most small bends of the exposure clock, which costs an eighth and accidents some 1e-4 of
    themselves; a laying period always does, as it smooths them.
    """
    size = world.times.size
    total = Fate(np.zeros((4, size)), np.zeros((4, size)), np.zeros((4, 4, size)), np.zeros((4, size)))
    for laid, weight in _laying(world, kind, rough=rough):
        one = _fate_of_mine(world, kind, where, laid, thin=thin or kind.is_wave)
        total = Fate(
            total.hazardous + weight * one.hazardous,
            total.pull + weight * one.pull,
            total.incidence + weight * one.incidence,
            total.mine_days + weight * one.mine_days,
        )
    return total


def _laying(world: World, kind: MineKind, *, rough: bool) -> Iterator[tuple[float, float]]:
    """Laying days and their weights: one day, or nodes over the period with panels finer than the narrowest law.

    ``rough`` is good enough for the size of an error, and takes a dozen panels.
    """
    if not kind.is_wave:
        yield kind.laid_from, 1.0
        return
    edges = np.linspace(kind.laid_from, kind.laid_to, _ROUGH_LAYING_PANELS + 1) if rough else _laying_edges(world, kind)
    half = np.diff(edges) / 2
    days = (edges[:-1] + half)[:, None] + half[:, None] * _LAYING_NODES
    weights = half[:, None] * _LAYING_WEIGHTS / (kind.laid_to - kind.laid_from)
    yield from zip(days.ravel().tolist(), weights.ravel().tolist(), strict=True)


def _laying_edges(world: World, kind: MineKind) -> Array:
    """Laying days between which what becomes of a mine by any output time is smooth, rising."""
    # An output time is a kink in the laying day; so is, that much earlier, every age at which a law has a jump or a
    # bend.
    kinks = [world.times]
    for law in (kind.self_destruct, kind.ageing):
        kinks += [world.times - age for age in _bends(law)]
    for age in _bends(kind.battery):
        kinks.append(day_of(kind.battery_clock, read(kind.battery_clock, world.times) - age))
    # One beside an end of the period, by rounding, would make a panel of no width.
    near = 1e-12 * max(1.0, abs(kind.laid_from), abs(kind.laid_to))
    kinks = [days[(days > kind.laid_from + near) & (days < kind.laid_to - near)] for days in kinks]
    edges = np.unique(np.concatenate([[kind.laid_from, kind.laid_to], *kinks]))
    width = max(_narrowest(kind), (kind.laid_to - kind.laid_from) / _MOST_LAYING_PANELS)
    parts = [np.linspace(a, b, max(1, int(np.ceil((b - a) / width))) + 1)[:-1] for a, b in pairwise(edges)]
    return np.append(np.concatenate(parts), kind.laid_to)


def _bends(law: Law) -> list[float]:
    """Ages [days] at which a law jumps or bends; none for the smooth ones."""
    return quadrature_edges(law).tolist() if isinstance(law, Fixed | Uniform | Piecewise) else []


def _narrowest(kind: MineKind) -> float:
    """The smallest spread of a smooth law, between its 16th and 84th percentile [days]."""
    widths = [np.inf]
    for law in (kind.self_destruct, kind.battery, kind.ageing):
        if not isinstance(law, Never | Fixed | Uniform | Piecewise):
            low, high = inverse_survival(law, np.array([0.84, 0.16]))
            widths.append(float(high - low))
    return max(min(widths), 0.05)


def _fate_of_mine(world: World, kind: MineKind, where: Whereabouts, laid: float, *, thin: bool) -> Fate:
    """What becomes of an armed mine laid on one day, integrated over its age: a pole at laying needs digits near age
    0.
    """
    ages = world.times - laid
    clock, exposure = kind.battery_clock, world.exposure.clock
    before_start = max(-laid, 0.0)
    edges: list[Array] = [
        ages,
        np.array([0.0, before_start]),
        clock.days - laid,
        _bends_of(exposure, thin=thin) - laid,
        quadrature_edges(kind.self_destruct),
        quadrature_edges(kind.ageing),
        _age_at(clock, laid, quadrature_edges(kind.battery)),
        _age_at(exposure, laid, _steep_doses(where.activity)),
    ]
    breaks: Array = np.unique(np.concatenate(edges))
    breaks = breaks[(breaks >= 0) & (breaks <= ages[-1])]
    if breaks.size < 2:
        breaks = np.zeros(2)

    def alive(age: Array, *, before: bool = False) -> tuple[Array, Array, Array, Array]:
        at = survival_before if before else survival
        return (
            at(kind.self_destruct, age),
            at(kind.battery, _advance(clock, laid, age)),
            at(kind.ageing, age),
            where.free(np.maximum(_advance(exposure, laid, age), 0.0)),
        )

    age, weights = _panels(breaks)
    sd, battery, ageing, free = alive(age)
    working = _by_outcome(sd, battery) * ageing * free
    pull = where.pull(np.maximum(_advance(exposure, laid, age), 0.0))

    def flows() -> Iterator[tuple[int, list[int], Array]]:
        """Densities of the end by each cause, where they are not 0: the cause, the outcomes, and [outcomes, P, 16]."""
        if _is_spread(kind.self_destruct):
            its = density(kind.self_destruct, age)
            yield 0, [0, 1], np.stack([its * battery, its]) * ageing * free
        if _is_spread(kind.battery):
            its = density(kind.battery, _advance(clock, laid, age)) * pace_at(clock, laid + age)
            yield 1, [0, 2], np.stack([sd * its, its]) * ageing * free
        if _is_spread(kind.ageing):
            yield 2, [0, 1, 2, 3], _by_outcome(sd, battery) * density(kind.ageing, age) * free
        yield 3, [0, 1, 2, 3], _by_outcome(sd, battery) * ageing * pull * pace_at(exposure, laid + age)

    seen = np.maximum(ages, 0.0)
    index = np.searchsorted(breaks, seen)
    incidence = np.zeros((4, 4, ages.size))
    for cause, outcomes, flow in flows():
        incidence[outcomes, cause] = _cumulative(flow * weights)[..., index]
    _add_atoms(incidence, kind, laid, alive, ages)
    sd_seen, battery_seen, ageing_seen, free_seen = alive(seen)
    devices = np.where(ages >= 0, _by_outcome(sd_seen, battery_seen) * ageing_seen, 0.0)
    mine_days = _cumulative(working * weights)
    return Fate(
        devices * free_seen,
        devices * where.pull(np.maximum(_advance(exposure, laid, seen), 0.0)),
        incidence,
        # A mine laid before the start counts from the start on.
        mine_days[:, index] - mine_days[:, [np.searchsorted(breaks, before_start)]],
    )


def _is_spread(law: Law) -> bool:
    """Whether a law has a density: it is neither one time nor none."""
    return not isinstance(law, Never | Fixed)


def _bends_of(clock: Clock, *, thin: bool) -> Array:
    """The days at which a clock changes its pace; ``thin`` keeps the jumps and every eighth of many small bends."""
    if not thin or clock.days.size < 100:
        return clock.days
    before, after = np.append(0.0, clock.paces), np.append(clock.paces, 0.0)
    # Beside its neighbours, not the whole: a season begins as suddenly where few are left of a surge.
    jumps = np.abs(after - before) > 0.05 * np.maximum(before, after)
    return np.asarray(clock.days[jumps | (np.arange(clock.days.size) % 8 == 0)])


def _advance(clock: Clock, laid: float, age: Array) -> Array:
    """How far a clock has come at some ages since laying, same shape; to full precision near age 0."""
    if clock.is_linear:
        return age * float(clock.paces[0])
    pace, until = _first_piece(clock, laid)
    return np.where(age <= until, age * pace, read(clock, laid + age) - read(clock, np.array(laid)))


def _age_at(clock: Clock, laid: float, advance: Array) -> Array:
    """The ages [days] at which a clock has advanced by so much since laying, same shape; infinite for never."""
    if clock.is_linear and clock.paces[0] == 1.0:
        return advance
    pace, until = _first_piece(clock, laid)
    late = day_of(clock, read(clock, np.array(laid)) + advance) - laid
    return np.where(advance <= pace * until, advance / max(pace, 1e-300), late)


def _steep_doses(activity: Array) -> Array:
    """Doses [accidents at activity 1] at which panels break, from activities [G], rising, [D]; none without people.

    Between them the chance of no accident falls by e^-12 at most while 1e-7 of it is left, which 16 points resolve.
    Where accidents are rare, all of these doses are beyond the horizon.
    """
    active = activity[activity > 0]
    if not active.size:
        return active
    rungs = np.ceil(np.log(10.0 * active.max() / active.min()) / np.log(4.0))
    return np.asarray(4.0 / active.max() * 4.0 ** np.arange(rungs + 1))


def _first_piece(clock: Clock, laid: float) -> tuple[float, float]:
    """A clock's pace on the day of laying, and how long it keeps it [days]."""
    later = clock.days[clock.days > laid]
    return float(pace_at(clock, np.array(laid))), float(later[0] - laid) if later.size else np.inf


def _by_outcome(sd: Array, battery: Array) -> Array:
    """Survival of the devices in each failure outcome, from their own survivals, a new first axis of 4."""
    return np.stack([sd * battery, sd, battery, np.ones_like(sd)])


def _add_atoms(
    incidence: Array, kind: MineKind, laid: float, alive: Callable[..., tuple[Array, ...]], ages: Array
) -> None:
    """Add the lifetimes that end at one exact time; self-destruction wins a tie, then the battery, then ageing."""
    laws: list[tuple[int, Law]] = [(0, kind.self_destruct), (1, kind.battery), (2, kind.ageing)]
    for cause, law in laws:
        if not isinstance(law, Fixed):
            continue
        age = np.array([law.days])
        if cause == 1:
            age = _age_at(kind.battery_clock, laid, age)
        if not np.isfinite(age[0]):
            continue
        after, before = alive(age), alive(age, before=True)
        sd, battery, ageing = (
            float((after if rank < cause else before)[rank][0]) if rank != cause else 1.0 for rank in range(3)
        )
        free = float(after[3][0])
        outcomes = {0: (battery, 1.0, 0.0, 0.0), 1: (sd, 0.0, 1.0, 0.0), 2: (sd * battery, sd, battery, 1.0)}[cause]
        jump = np.array(outcomes) * free * (ageing if cause != 2 else 1.0)
        incidence[:, cause] += jump[:, None] * (ages >= age[0])


def _panels(edges: Array) -> tuple[Array, Array]:
    """Nodes and weights of Gauss-Legendre over panels between edges [P + 1], both [P, 16]."""
    half = np.diff(edges)[:, None] / 2
    return edges[:-1, None] + half * (1 + _NODES), half * _WEIGHTS


def _cumulative(panels: Array) -> Array:
    """Integral up to each edge, [..., P + 1], from weighted values on the nodes [..., P, 16]."""
    total = np.cumsum(panels.sum(axis=-1), axis=-1)
    return np.concatenate([np.zeros((*total.shape[:-1], 1)), total], axis=-1)
