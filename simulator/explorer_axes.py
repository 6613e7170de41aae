"""The axes of the explorer's curves: from data to the unit square of a panel, and ticks that people can read.

The axis of time is that of the figures (`simulator.figure_style.stretched_time`), which load a drawing library.
"""

from dataclasses import dataclass
from datetime import date
from math import ceil, floor, log10

import numpy as np

from simulator.clocks import Array
from simulator.units import DAYS_PER_YEAR
from simulator.wording import duration, number

# Even for the first days, logarithmic beyond; what the first part takes, in powers of ten.
EVEN_DAYS, EVEN_SHARE = 10.0, 0.4 / 0.9
_LONG_DAYS = 200.0
_TICK_DAYS = (0.0, 10.0, 30.0, 120.0, *(years * DAYS_PER_YEAR for years in (1, 3, 10, 30, 100, 300, 1000)))
_LEAST, _DECADES = 0.01, 6
# Where 0 stands on a logarithmic axis: as many heights below its bottom as no number is.
NOWHERE = -100.0
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_MOST_TICKS = 6


@dataclass(frozen=True, slots=True)
class Tick:
    """A tick: where it is, 0 to 1 along its axis, and what stands there."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class NumberAxis:
    """A vertical axis from ``low`` to ``high``, logarithmic or even."""

    is_log: bool
    low: float
    high: float


def number_axis(highest: float, *, is_log: bool) -> NumberAxis:
    """The axis for numbers up to ``highest``: its ends are round, so that it stands still while a curve moves a bit.

    A logarithmic one ends _DECADES below its top, but not below a hundredth unless the top is near that.
    """
    if not highest > 0:
        return NumberAxis(is_log, _LEAST if is_log else 0.0, 1.0)
    if not is_log:
        return NumberAxis(False, 0.0, _rounded_up(highest * 1.02))
    top = ceil(log10(highest) - 1e-9)
    return NumberAxis(True, 10.0 ** min(max(top - _DECADES, log10(_LEAST)), top - 3), 10.0**top)


def along(axis: NumberAxis, values: Array) -> Array:
    """Where numbers lie, 0 at the low end and 1 at the high one; below 0 what a logarithmic axis cannot show."""
    if not axis.is_log:
        return values / axis.high
    with np.errstate(divide="ignore"):
        logs = np.log10(np.maximum(values, 0.0))
    return np.asarray(np.maximum((logs - log10(axis.low)) / log10(axis.high / axis.low), NOWHERE))


def number_ticks(axis: NumberAxis) -> list[Tick]:
    """Ticks of an axis of numbers: powers of ten, or even steps."""
    if axis.is_log:
        low, high = round(log10(axis.low)), round(log10(axis.high))
        step = ceil((high - low) / _MOST_TICKS)
        values = [10.0**power for power in range(high, low - 1, -step)][::-1]
    else:
        step_size = _step(axis.high)
        values = [step_size * place for place in range(floor(axis.high / step_size + 1e-9) + 1)]
    places = along(axis, np.array(values))
    return [Tick(round(float(at), 6), _plain(value)) for at, value in zip(places, values, strict=True)]


def along_time(days: Array, horizon_days: float) -> Array:
    """Where times lie, 0 at the start and 1 at the horizon."""
    if not horizon_days > _LONG_DAYS:
        return days / horizon_days
    return np.asarray(_stretched(days) / _stretched(np.array([horizon_days]))[0])


def time_ticks(horizon_days: float) -> list[Tick]:
    """Ticks of the axis of time, up to the horizon."""
    if not horizon_days > _LONG_DAYS:
        step = _step(horizon_days)
        days = [step * place for place in range(floor(horizon_days / step + 1e-9) + 1)]
    else:
        days = [day for day in _TICK_DAYS if day < horizon_days / 1.25] + [horizon_days]
    places = along_time(np.array(days), horizon_days)
    return [Tick(round(float(at), 6), _brief(day)) for at, day in zip(places, days, strict=True)]


def day_words(start: date) -> str:
    """Write the first day of an axis of time."""
    return f"{start.day} {start:%B} {start.year}"


def _stretched(days: Array) -> Array:
    return np.where(
        days <= EVEN_DAYS, EVEN_SHARE * days / EVEN_DAYS, EVEN_SHARE + np.log10(np.maximum(days, EVEN_DAYS) / EVEN_DAYS)
    )


def _rounded_up(value: float) -> float:
    """The first multiple of the step of an even axis that is not below a value."""
    step = _step(value)
    return step * ceil(value / step - 1e-9)


def _step(span: float) -> float:
    rough = span / _MOST_TICKS
    power = 10.0 ** floor(log10(rough))
    return next(power * step for step in _STEPS if power * step >= rough * (1 - 1e-9))


def _plain(value: float) -> str:
    return number(value) if value >= 1e6 or value < 1e-4 else f"{value:,.6f}".rstrip("0").rstrip(".")


def _brief(days: float) -> str:
    amount, unit, *_ = duration(days).split(" ")
    return f"{amount} {unit[0]}" if days else "0"
