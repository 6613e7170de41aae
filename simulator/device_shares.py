"""What share of a class's activated mines is in a state at an age, in closed form, from the laws of the device alone.

No accident and no clearance; the age counts from each mine's own laying. With Q(t) as in `simulator.fates`, written by
what fails: a share is linear in the failure probabilities of self-destruct and back-up, so its values where each of
them surely works or surely fails say all.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from simulator.clocks import (
    Array,
    Clock,
    day_number,
    day_of,
    pace_at,
    read,
)
from simulator.contamination import MineClass
from simulator.laws import Fixed, Law, Never
from simulator.lifetimes import density, quadrature_edges, survival, survival_before
from simulator.scenario import Scenario
from simulator.world import battery_clock

Measure = Literal["not_self_destructed", "functioning"]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_LAYING_NODES, _LAYING_WEIGHTS = np.polynomial.legendre.leggauss(8)
_MOST_HALVINGS, _MOST_PANELS = 40, 2000
_TOLERANCE = 1e-11
_LARGEST = 1_000_000  # numbers in an array: laws that spread over hundreds of powers of ten need many panels


@dataclass(frozen=True, slots=True, eq=False)
class Device:
    """The laws of a class of mines and when it is laid [days from the start]; ``clock`` gives its battery age."""

    self_destruct: Law
    battery: Law
    ageing: Law
    common_cause: float
    clock: Clock
    laid_from: float
    laid_to: float

    @property
    def key(self) -> tuple[str, bytes]:
        """Equal for devices of the same class and scenario that share all laws, whatever their failures."""
        return repr((self.self_destruct, self.battery, self.ageing, self.common_cause)), self.clock.readings.tobytes()


def device_of(scenario: Scenario, name: str, oldest_days: float) -> Device:
    """The device of a class of mines, its clock good for ages up to ``oldest_days``, also beyond the horizon."""
    mines = scenario.mines[name]
    first, last = (day_number(day, scenario.start) for day in (mines.laid.start, mines.laid.end))
    return Device(
        self_destruct=mines.self_destruct.time if mines.self_destruct else Never(),
        battery=mines.battery.life if mines.battery else Never(),
        ageing=mines.ageing,
        common_cause=mines.common_cause,
        clock=battery_clock(mines.battery, scenario, first, last + oldest_days),
        laid_from=first,
        laid_to=last,
    )


def failures_of(mines: MineClass) -> tuple[float, float]:
    """Failure probabilities of self-destruct and back-up; 0 for what a class does not have."""
    return (
        mines.self_destruct.failure if mines.self_destruct else 0.0,
        mines.battery.failure if mines.battery else 0.0,
    )


def corner_shares(device: Device, measure: Measure, age_days: float) -> Array:
    """The share where both mechanisms work, the back-up surely fails, self-destruct surely fails, and both do, [4].

    Averaged over the laying period, where the battery's clock makes a difference. Self-destruction wins a tie, then
    the battery. To about 1e-10, and without rounding in what is left of the self-destruct law itself.
    """
    shares = _functioning if measure == "functioning" else _not_self_destructed

    def values(laid: Array) -> Array:
        return shares(device, laid, age_days)

    if device.clock.is_linear or device.laid_from == device.laid_to:
        found = values(np.array([device.laid_from]))[0]
    else:
        kinks = np.concatenate([device.clock.days, device.clock.days - age_days])
        found = _average(values, device.laid_from, device.laid_to, kinks)
    # What stops self-destruct may stop the back-up too.
    found[2] += device.common_cause * (found[3] - found[2])
    return np.asarray(found)


def share_of(corners: Array, failures: tuple[float, float]) -> float:
    """The share at failure probabilities of self-destruct and back-up."""
    f1, f2 = failures
    return float(
        (1.0 - f1) * ((1.0 - f2) * corners[0] + f2 * corners[1]) + f1 * ((1.0 - f2) * corners[2] + f2 * corners[3])
    )


def lot_correlation(corners: Array, failures: tuple[float, float], correlation: float) -> float:
    """Correlation of the measured state between two mines of a lot whose failures are correlated by ``correlation``.

    The failure probabilities of a lot are independent with variance r f (1 - f), and the share is a product form of
    them, so that its variance between lots is exact. 0 where the state is certain.
    """
    share = share_of(corners, failures)
    if not 0 < share < 1:
        return 0.0
    f1, f2 = failures
    first, second = (correlation * f * (1.0 - f) for f in failures)
    both = corners[3] - corners[2] - corners[1] + corners[0]
    by_first, by_second = corners[2] - corners[0] + both * f2, corners[1] - corners[0] + both * f1
    variance = by_first**2 * first + by_second**2 * second + both**2 * first * second
    return float(variance / (share * (1.0 - share)))


def _functioning(device: Device, laid: Array, age_days: float) -> Array:
    """Shares that function at an age where each mechanism works or fails, by laying day, [L, 4]."""
    age = np.full(laid.shape, age_days)
    sd, battery = survival(device.self_destruct, age), survival(device.battery, _advance(device.clock, laid, age))
    return np.stack([sd * battery, sd, battery, np.ones_like(sd)], axis=1) * survival(device.ageing, age)[:, None]


def _not_self_destructed(device: Device, laid: Array, age_days: float) -> Array:
    """Shares that have not self-destructed by an age where each mechanism works or fails, by laying day, [L, 4].

    Where it works: those whose time has not come, and those that became inert before their time.
    """
    left = float(survival(device.self_destruct, np.array(age_days)))
    inert = _inert_first(device, laid, age_days)
    return np.stack([left + inert[0], left + inert[1], np.ones_like(laid), np.ones_like(laid)], axis=1)


def _inert_first(device: Device, laid: Array, age_days: float) -> tuple[Array, Array]:
    """Chances that a mine's self-destruct time comes by an age, but it is inert by then, by laying day, [L] each.

    By battery or ageing, and by ageing alone.
    """
    law, clock, start = device.self_destruct, device.clock, laid[:, None]
    none = np.zeros_like(laid)
    if isinstance(law, Never):
        return none, none
    if isinstance(law, Fixed):
        if not age_days >= law.days:
            return none, none
        age = np.full_like(laid, law.days)
        ageing = survival_before(device.ageing, age)
        return 1.0 - survival_before(device.battery, _advance(clock, laid, age)) * ageing, 1.0 - ageing
    own = quadrature_edges(law)
    lives = quadrature_edges(device.battery)
    if clock.is_linear:
        pace = float(clock.paces[0])
        ends = np.broadcast_to(lives / pace if pace > 0 else np.full_like(lives, np.inf), (laid.size, lives.size))
        bends = np.empty((laid.size, 0))
    else:
        ends = day_of(clock, read(clock, start) + lives) - start
        bends = clock.days - start
    always = np.concatenate([[0.0, age_days], own, quadrature_edges(device.ageing)])
    edges = np.concatenate([np.broadcast_to(always, (laid.size, always.size)), ends, bends], axis=1)
    # Beyond its last edge nothing of the law is left.
    edges = np.sort(np.clip(edges, 0.0, min(age_days, float(own[-1]))), axis=1)
    parts = -(-edges.size * _NODES.size // _LARGEST)
    both = [
        _flow(device, days, rows)
        for days, rows in zip(np.array_split(start, parts), np.array_split(edges, parts), strict=True)
    ]
    return np.concatenate([one for one, _ in both]), np.concatenate([other for _, other in both])


def _flow(device: Device, start: Array, edges: Array) -> tuple[Array, Array]:
    """Integrals of the self-destruct density over panels between edges [L, P + 1] where the mine is inert, [L] each."""
    half = np.diff(edges, axis=1)[..., None] / 2
    age = edges[:, :-1, None] + half * (1 + _NODES)
    flow = density(device.self_destruct, age) * half * _WEIGHTS
    ageing = survival(device.ageing, age)
    battery = survival(device.battery, _advance(device.clock, start[..., None], age))
    return (flow * (1.0 - battery * ageing)).sum(axis=(1, 2)), (flow * (1.0 - ageing)).sum(axis=(1, 2))


def _advance(clock: Clock, laid: Array, age: Array) -> Array:
    """How far the battery clock has come at ages since laying, shapes broadcast; to full precision near age 0."""
    if clock.is_linear:
        return age * float(clock.paces[0])
    until = clock.days[np.searchsorted(clock.days[:-1], laid, side="right")] - laid
    return np.where(age <= until, age * pace_at(clock, laid), read(clock, laid + age) - read(clock, laid))


def _average(values: Callable[[Array], Array], low: float, high: float, kinks: Array) -> Array:
    """Mean over [low, high] of values(days [L]) -> [L, 4]: Gauss-Legendre, panels halved until it stands still."""
    edges = np.unique(np.concatenate([[low, high], kinks[(kinks > low) & (kinks < high)]]))
    panels = np.stack([edges[:-1], edges[1:]], axis=1)
    rough = _integrals(values, panels)
    total = np.zeros(rough.shape[1])
    for _ in range(_MOST_HALVINGS):
        if not 0 < len(panels) < _MOST_PANELS:
            break
        middle = panels.mean(axis=1)
        halves = np.stack([panels[:, 0], middle, middle, panels[:, 1]], axis=1).reshape(-1, 2)
        parts = _integrals(values, halves)
        fine = parts[0::2] + parts[1::2]
        done = np.abs(fine - rough).max(axis=1) <= _TOLERANCE * (high - low)
        total += fine[done].sum(axis=0)
        again = np.repeat(~done, 2)
        panels, rough = halves[again], parts[again]
    return np.asarray((total + rough.sum(axis=0)) / (high - low))


def _integrals(values: Callable[[Array], Array], panels: Array) -> Array:
    """Integral of values over each panel [P, 2], shape [P, 4]."""
    half = np.diff(panels, axis=1) / 2
    days = panels[:, :1] + half * (1 + _LAYING_NODES)
    found = values(days.ravel()).reshape(*days.shape, -1)
    return np.asarray((found * (half * _LAYING_WEIGHTS)[..., None]).sum(axis=1))
