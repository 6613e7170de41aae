"""Numbers, times and lists as people read them."""

import math
from collections.abc import Sequence

from simulator.units import DAYS_PER_YEAR

_SIZES = ((1e15, "PB"), (1e12, "TB"), (1e9, "GB"), (1e6, "MB"))
_SECONDS_PER_DAY, _SECONDS_PER_HOUR = 86_400.0, 3_600.0
_LARGE = ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"))


def number(value: float, digits: int = 3) -> str:
    """Write a number with ``digits`` significant digits, one more from 1,000 on: ``1,615``, ``33.5 million``."""
    if not math.isfinite(value):
        return "unknown"
    if value == 0:
        return "0"
    rounded = float(f"{value:.{digits}g}")
    for unit, word in _LARGE:
        if abs(rounded) >= unit:
            return f"{value / unit:,.{digits + 1}g} {word}"
    if abs(rounded) >= 1000:
        return f"{float(f'{value:.{digits + 1}g}'):,.0f}"
    if abs(rounded) < 1e-3:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        return f"{float(mantissa):g}e{int(exponent)}"
    return f"{rounded:g}"


def bound(value: float) -> str:
    """Write an upper bound above 0: two digits, rounded up."""
    step = 10.0 ** (math.floor(math.log10(value)) - 1)
    return number(math.ceil(value / step - 1e-9) * step)


def span(low: float, high: float) -> str:
    """Write a range, or the one number where both ends read the same."""
    first, last = number(low), number(high)
    if first == last:
        return first
    word = last.partition(" ")[2]
    return f"{first.removesuffix(f' {word}') if word else first} to {last}"


def duration(days: float) -> str:
    """Write a time: days up to two years (but ``1 year``), then years."""
    amount, unit = _in_years_or_days(days)
    return f"{amount} {unit}" if amount == "1" else f"{amount} {unit}s"


def durations(low: float, high: float) -> str:
    """Write a range of times; the unit once where it is the same. What never comes is ``later``."""
    if not math.isfinite(high):
        return f"{duration(low)} or later" if math.isfinite(low) else "later"
    (first, unit), (last, its) = _in_years_or_days(low), _in_years_or_days(high)
    if (first, unit) == (last, its):
        return duration(low)
    return f"{first} to {duration(high)}" if unit == its else f"{duration(low)} to {duration(high)}"


def listed(items: Sequence[str], word: str = "and") -> str:
    """Write a list as a sentence has it: ``a, b and c``."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {word} {items[-1]}"


def counted(count: int, noun: str) -> str:
    """Write a count with its noun: ``1 input``, ``7 inputs``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def size(count: float) -> str:
    """Write bytes as people say them: ``23 GB``."""
    for unit, word in _SIZES:
        if count >= unit:
            return f"{number(count / unit, 2)} {word}"
    return "less than 1 MB"


def lasting(seconds: float) -> str:
    """Write how long something takes: ``40 minutes``, ``3 hours``, ``12 days``, ``5 years``."""
    if seconds >= _SECONDS_PER_DAY:
        return duration(float(f"{seconds / _SECONDS_PER_DAY:.2g}"))
    for unit, word in ((_SECONDS_PER_HOUR, "hour"), (60.0, "minute")):
        if seconds >= unit:
            amount = number(seconds / unit, 2)
            return f"{amount} {word}" if amount == "1" else f"{amount} {word}s"
    return "less than a minute"


def _in_years_or_days(days: float) -> tuple[str, str]:
    years = days / DAYS_PER_YEAR
    return (number(years), "year") if years >= 2 or abs(years - 1) < 1e-6 else (number(days), "day")
