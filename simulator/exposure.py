"""Exposure: where people are, how often they meet a mine, and the clock on which a cell's dose grows.

The dose of cell c on day t is ``activity[c]`` times the reading of one clock that all cells share, until marking slows
the cell: from the reading at which it is marked on, the cell's own clock gains only a part of what the shared one does.
"""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from simulator.clocks import Array, Clock, day_number, day_of, linear_clock, month_edges
from simulator.scenario import Civilians, Scenario
from simulator.units import DAYS_PER_YEAR

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)
_STEPS_PER_HALF_TIME = 64  # between two knots the dose is off by ln 2 / 8 / 64^2 half-times of what decays at most
_HALF_TIMES = 40.0  # after which 1e-12 of a decay is left
_EVEN = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Exposure:
    """Accidents of a hazardous mine in an unmarked cell: the dose of cell c is ``activity[c]`` times ``clock``.

    The clock reads the expected accidents of a mine at activity 1 since the start, 0 before it; ``activity`` [C] is
    the density of active people over the reference density. ``even``: it is the same in all cells.
    """

    clock: Clock
    activity: Array
    even: bool = field(init=False)

    def __post_init__(self) -> None:
        self.activity.flags.writeable = False
        even = bool(np.ptp(self.activity) <= _EVEN * self.activity[0]) if self.activity.size else True
        object.__setattr__(self, "even", even)


@dataclass(frozen=True, slots=True)
class Marking:
    """A cell is marked ``delay_days`` after its first accident; from then on its clock goes at ``pace`` (0 to 1)."""

    delay_days: float
    pace: float


def bent(readings: Array, marked_at: Array, pace: float) -> Array:
    """A cell's own clock from the shared one: beyond ``marked_at`` it gains ``pace`` of each gain; shapes broadcast."""
    beyond = np.maximum(readings - marked_at, 0.0)
    return np.asarray(np.minimum(readings, marked_at) + pace * beyond)


def straightened(own: Array, marked_at: Array, pace: float) -> Array:
    """The shared clock's reading at which a cell's own clock reads ``own``; infinity where it never does."""
    slowed = own > marked_at
    beyond = np.subtract(own, marked_at, out=np.zeros(np.broadcast(own, marked_at).shape), where=slowed)
    if pace > 0:
        return np.asarray(np.minimum(own, marked_at) + beyond / pace)
    return np.where(slowed, np.inf, own)


def reached_days(exposure: Exposure, own: Array, marked_at: Array | float, pace: float) -> Array:
    """The day on which a cell's own clock reaches ``own``, infinity where it never does, same shape."""
    if np.all(np.isinf(marked_at)):
        return day_of(exposure.clock, own)
    shared = straightened(own, np.asarray(marked_at), pace)
    finite = np.isfinite(shared)
    return np.where(finite, day_of(exposure.clock, np.where(finite, shared, 0.0)), np.inf)


def exposure_clock(scenario: Scenario, *, first_day: float) -> Clock:
    """The clock of expected accidents at activity 1: season, return, surge and education multiply the plain rate.

    It stands still before the start. Its knots lie at every change of month and densely along each decay, and read the
    exact integral there; ``first_day`` is that of the earliest laying.
    """
    civilians = scenario.civilians
    yearly = civilians.accident_rate
    if not _varies(civilians) and first_day >= 0:
        return linear_clock(yearly / DAYS_PER_YEAR)
    knots = _knots(scenario)
    half = np.diff(knots)[:, None] / 2
    days = knots[:-1, None] + half * (1 + _NODES)
    gains = (pace_factor(scenario, days) * half * _WEIGHTS).sum(axis=1) * yearly / DAYS_PER_YEAR
    return Clock(np.concatenate(([-1.0], knots)), np.concatenate(([0.0, 0.0], np.cumsum(gains))))


def pace_factor(scenario: Scenario, days: Array) -> Array:
    """How many times the plain accident rate applies on ``days`` >= 0, any shape: season, people, surge, education."""
    civilians = scenario.civilians
    factor = share_present(civilians, days)
    if civilians.season is not None:
        edges, months = month_edges(scenario.start, 0.0, max(float(np.max(days)), 1.0))
        piece = np.clip(np.searchsorted(edges, days, side="right") - 1, 0, months.size - 1)
        factor = factor * np.asarray(civilians.season)[months[piece]]
    if civilians.surge is not None:
        factor = factor * (1.0 + (civilians.surge.factor - 1.0) * np.exp2(-days / civilians.surge.half_time))
    if civilians.education is not None:
        begun = days - day_number(civilians.education.start, scenario.start)
        ramp = civilians.education.ramp
        reached = np.clip(begun / ramp, 0.0, 1.0) if ramp > 0 else (begun >= 0).astype(float)
        factor = factor * (1.0 - civilians.education.reduces * reached)
    return factor


def share_present(civilians: Civilians, days: Array) -> Array:
    """Share of the people who are there on ``days`` >= 0, same shape: the displaced return with a half-time."""
    back = civilians.return_
    if back is None:
        return np.ones_like(days)
    return np.asarray(back.final + (back.initial - back.final) * np.exp2(-days / back.half_time))


def share_of_pace(civilians: Civilians, clock: Clock, days: Array) -> Array:
    """Share of the people present in the mean over the piece of the exposure clock that begins at or before each of
    ``days`` >= 0, same shape.

    The clock's pace is that of the whole piece. Where hardly anybody is there at first, the share on the day itself
    belongs to another pace.
    """
    back = civilians.return_
    if back is None:
        return np.ones_like(days)
    piece = np.clip(np.searchsorted(clock.days, days, side="right") - 1, 0, clock.days.size - 2)
    begin, length = clock.days[piece], np.diff(clock.days)[piece]
    steps = np.log(2.0) * length / back.half_time
    away = np.exp2(-begin / back.half_time) * -np.expm1(-steps) / steps
    return np.asarray(back.final + (back.initial - back.final) * away)


def _varies(civilians: Civilians) -> bool:
    return any(part is not None for part in (civilians.season, civilians.return_, civilians.surge, civilians.education))


def _knots(scenario: Scenario) -> Array:
    """Rising days, from 0 to a year after the horizon, at which the clock's pace jumps or bends."""
    civilians, horizon = scenario.civilians, scenario.horizon + DAYS_PER_YEAR
    parts = [np.array([0.0, scenario.horizon, horizon])]
    if civilians.season is not None:
        parts.append(month_edges(scenario.start, 0.0, horizon)[0])
    for decay in (civilians.return_, civilians.surge):
        if decay is not None:
            # After so many half-times nothing is left of a decay to follow.
            count = int(min(horizon / decay.half_time, _HALF_TIMES) * _STEPS_PER_HALF_TIME) + 1
            parts.append(np.arange(count) * (decay.half_time / _STEPS_PER_HALF_TIME))
    if civilians.education is not None:
        begin = day_number(civilians.education.start, scenario.start)
        parts.append(np.linspace(begin, begin + civilians.education.ramp, 2 * _STEPS_PER_HALF_TIME + 1))
    knots = np.unique(np.concatenate(parts))
    knots = knots[(knots >= 0) & (knots <= horizon)]
    keep = np.array([first + 1e-6 * (1 + abs(first)) < second for first, second in pairwise(knots)] + [True])
    keep[0] = True
    return np.asarray(knots[keep])
