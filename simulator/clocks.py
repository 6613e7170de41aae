"""Clocks: continuous non-decreasing functions of calendar time on which lifetimes and doses are measured.

A clock is piecewise linear, so reading it and inverting it are exact. Battery age runs on a temperature clock, the
dose of a cell on an exposure clock; both are built here from monthly means and the calendar.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

BOLTZMANN_EV_PER_K = 8.617333262e-5
ZERO_CELSIUS_K = 273.15


@dataclass(frozen=True, slots=True, eq=False)
class Clock:
    """A piecewise-linear clock: ``readings`` [K] at ``days`` [K], K >= 2; outside, the end pieces go on.

    ``days`` rise strictly and ``readings`` do not fall. ``paces`` [K - 1] are the change of reading per day of each
    piece. All are read-only.
    """

    days: Array
    readings: Array
    paces: Array = field(init=False)

    def __post_init__(self) -> None:
        # A copy, so that the array it was made from cannot change the clock.
        object.__setattr__(self, "days", np.array(self.days, dtype=float))
        object.__setattr__(self, "readings", np.array(self.readings, dtype=float))
        if not (self.days.ndim == 1 and self.days.shape == self.readings.shape and self.days.size >= 2):
            raise ValueError(f"a clock needs two or more knots, got {self.days.shape} and {self.readings.shape}")
        if not (np.isfinite(self.days).all() and np.isfinite(self.readings).all()):
            raise ValueError(f"a clock's knots must be finite, got days {self.days} and readings {self.readings}")
        if not np.all(np.diff(self.days) > 0):
            raise ValueError(f"days must rise, bad after knots {np.flatnonzero(~(np.diff(self.days) > 0))}")
        if not np.all(np.diff(self.readings) >= 0):
            raise ValueError(
                f"readings must not fall, bad after knots {np.flatnonzero(~(np.diff(self.readings) >= 0))}"
            )
        object.__setattr__(self, "paces", np.diff(self.readings) / np.diff(self.days))
        for knots in (self.days, self.readings, self.paces):
            knots.flags.writeable = False

    @property
    def is_linear(self) -> bool:
        """Whether one straight line is the whole clock."""
        return self.days.size == 2


def linear_clock(pace: float) -> Clock:
    """A clock that reads 0 on day 0 and gains ``pace`` (>= 0) per day."""
    return Clock(np.array([0.0, 1.0]), np.array([0.0, pace]))


CALENDAR = linear_clock(1.0)


def read(clock: Clock, days: Array) -> Array:
    """The clock's readings at ``days``, same shape; infinite days read infinity unless the clock stands still."""
    if clock.is_linear:
        pace = float(clock.readings[1] - clock.readings[0]) / float(clock.days[1] - clock.days[0])
        start = float(clock.readings[0] - pace * clock.days[0])
        return np.asarray(days * pace + start) if pace > 0 else np.full_like(days, start)
    readings = np.interp(days, clock.days, clock.readings)
    paces = clock.paces
    after, before = np.maximum(days - clock.days[-1], 0.0), np.minimum(days - clock.days[0], 0.0)
    if paces[-1] > 0:
        readings += paces[-1] * after
    return np.asarray(readings + paces[0] * before)


def day_of(clock: Clock, readings: Array) -> Array:
    """The day on which the clock reaches each reading, same shape; infinity where it never does.

    Where the clock stands still at exactly that reading, the end of the standstill, or its last knot if that has none.
    """
    if clock.is_linear:
        last = (clock.readings[1] - clock.readings[0]) / (clock.days[1] - clock.days[0])
        if last == 1.0 and clock.readings[0] == clock.days[0]:
            return readings
        if not last > 0:
            return np.where(readings > clock.readings[0], np.inf, clock.days[0])
        return np.asarray(clock.days[0] + (readings - clock.readings[0]) / last)
    last = clock.paces[-1]
    beyond = np.maximum(readings - clock.readings[-1], 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        inside = np.interp(readings, clock.readings, clock.days)
        tail = np.where(beyond > 0, beyond / last, 0.0)
        before = np.minimum(readings - clock.readings[0], 0.0) / clock.paces[0] if clock.paces[0] > 0 else 0.0
    return inside + tail + before


def pace_at(clock: Clock, days: Array) -> Array:
    """Change of reading per day just after each of ``days``, same shape."""
    piece = np.clip(np.searchsorted(clock.days, days, side="right") - 1, 0, clock.days.size - 2)
    return clock.paces[piece]


def day_number(day: date, start: date) -> float:
    """Days from the start date to another date, midnight to midnight."""
    return float((day - start).days)


def date_of(days: float, start: date) -> str:
    """The calendar date (ISO) of a time in days from the start."""
    try:
        return (datetime.combine(start, time()) + timedelta(days=days)).date().isoformat()
    except OverflowError:
        return ""


def month_edges(start: date, first_day: float, last_day: float) -> tuple[Array, NDArray[np.intp]]:
    """The calendar months that cover [first_day, last_day]: their edges in days [M + 1] and month indices 0..11 [M]."""
    begin = start + timedelta(days=int(np.floor(first_day)))
    year, month = begin.year, begin.month
    edges = [day_number(date(year, month, 1), start)]
    months: list[int] = []
    while edges[-1] < last_day or not months:
        months.append(month - 1)
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
        edges.append(day_number(date(year, month, 1), start))
    return np.array(edges), np.array(months)


def q10_factor(temperature_degc: Array, q10: float, reference_degc: float) -> Array:
    """Rate of ageing relative to the reference temperature: q10^((T - Tref) / 10)."""
    return np.power(q10, (temperature_degc - reference_degc) / 10.0)


def arrhenius_factor(
    temperature_degc: Array, energy_ev: float, reference_degc: float, boltzmann_ev_per_k: float = BOLTZMANN_EV_PER_K
) -> Array:
    """Rate of ageing relative to the reference temperature: exp[(Ea / k) (1 / Tref - 1 / T)], temperatures in K."""
    inverse = 1.0 / (reference_degc + ZERO_CELSIUS_K) - 1.0 / (temperature_degc + ZERO_CELSIUS_K)
    return np.exp(energy_ev / boltzmann_ev_per_k * inverse)


def monthly_clock(factors: Sequence[float] | Array, start: date, first_day: float, last_day: float) -> Clock:
    """A clock whose pace in each calendar month is that month's factor (12, from January); it reads 0 on day 0.

    Covers [first_day, last_day], both in days from ``start``, and day 0.
    """
    edges, months = month_edges(start, min(first_day, 0.0), max(last_day, 1.0))
    paces = np.asarray(factors)[months]
    readings = np.concatenate(([0.0], np.cumsum(paces * np.diff(edges))))
    return Clock(edges, np.maximum.accumulate(readings - np.interp(0.0, edges, readings)))
