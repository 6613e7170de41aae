"""Quantities with units: a closed table and one strict expression.

A quantity is a number, a space and a unit (``14 days``, ``139000 km2``, ``6 per million``). The table is closed on
purpose: an expression language for units would accept far more than an analyst means, and can be made to compute for
ever.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from simulator.problems import closest

DAYS_PER_YEAR = 365.25

_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_QUANTITY = re.compile(rf"(?P<number>{_NUMBER})(?: ?(?P<unit>[A-Za-z%°‰].*))?", re.ASCII)
_ONE_IN = re.compile(rf"(?P<number>{_NUMBER}) in (?P<total>{_NUMBER})", re.ASCII)
_LONGEST_TEXT = 80
_LARGEST = 1e18

# What a text that is no number and unit may be, and what to write instead.
_LOOKALIKES = (
    (re.compile(r"[+-]?\d{1,3}(?:[,_' .]\d{3})+(?!\d)"), "write numbers without thousands separators"),
    (re.compile(r"[+-]?\d+,\d"), "write decimals with a point"),
    (re.compile(r"[−–—‐‑]"), "the minus is not a plain '-'"),
    (re.compile(r"\d+/\d"), "write a decimal number"),
)
# Names of units in other habits, for suggestions only.
_OTHER_NAMES = {
    "y": "years", "yr": "years", "yrs": "years", "wk": "weeks", "hr": "hours", "hrs": "hours", "sec": "s",
    "°c": "degC", "c": "degC", "celsius": "degC", "per cent": "percent", "pct": "%", "‰": "per thousand",
    "per mille": "per thousand", "ppm": "per million", "sqkm": "km2", "km^2": "km2", "m^2": "m2", "hectares": "ha",
}  # fmt: skip


class UnitError(ValueError):
    """A text that is not a quantity of the wanted dimension; the message says what to write instead."""


@dataclass(frozen=True, slots=True, eq=False)
class Dimension:
    """What a number measures: the unit it is held in, every unit accepted, and an example for messages."""

    name: str
    unit: str
    example: str
    factors: Mapping[str, float]
    bare: bool = False


def _dimension(name: str, unit: str, example: str, factors: dict[str, float], *, bare: bool = False) -> Dimension:
    return Dimension(name, unit, example, MappingProxyType(factors), bare)


_DURATIONS = {
    "seconds": 1 / 86400, "second": 1 / 86400, "s": 1 / 86400,
    "minutes": 1 / 1440, "minute": 1 / 1440, "min": 1 / 1440,
    "hours": 1 / 24, "hour": 1 / 24, "h": 1 / 24,
    "days": 1.0, "day": 1.0, "d": 1.0,
    "weeks": 7.0, "week": 7.0,
    "years": DAYS_PER_YEAR, "year": DAYS_PER_YEAR, "a": DAYS_PER_YEAR,
}  # fmt: skip
_AREAS = {"m2": 1e-6, "ha": 1e-2, "km2": 1.0}

DURATION = _dimension("duration", "days", "14 days", _DURATIONS)
LENGTH = _dimension("length", "km", "40 km", {"m": 1e-3, "km": 1.0})
AREA = _dimension("area", "km2", "139000 km2", _AREAS)
DENSITY = _dimension("density", "per km2", "14 per km2", {f"per {unit}": 1 / factor for unit, factor in _AREAS.items()})
MINE_RATE = _dimension(
    "accident rate", "per mine-year", "1.4e-4 per mine-year", {"per mine-year": 1.0, "per mine-day": DAYS_PER_YEAR}
)
YEARLY_RATE = _dimension("rate", "per year", "1e-4 per year", {"per year": 1.0, "per day": DAYS_PER_YEAR})
TEAM_RATE = _dimension(
    "clearance rate", "m2 per team-day", "2000 m2 per team-day",
    {f"{unit} per team-day": factor * 1e6 for unit, factor in _AREAS.items()},
)  # fmt: skip
TEMPERATURE = _dimension("temperature", "degC", "20 degC", {"degC": 1.0})
# The twelve means stand in a list whose unit is said once, in the key's description.
MONTHLY_TEMPERATURE = _dimension("temperature", "degC", "9.6", {"degC": 1.0}, bare=True)
ENERGY = _dimension("activation energy", "eV", "0.5 eV", {"eV": 1.0})
COST = _dimension("cost", "USD per m2", "1.0 USD per m2", {"USD per m2": 1.0, "USD per ha": 1e-4})
PROBABILITY = _dimension(
    "probability", "", "0.1, 10 %, 6 per million or 1 in 1000",
    {"%": 1e-2, "percent": 1e-2, "per thousand": 1e-3, "per million": 1e-6}, bare=True,
)  # fmt: skip
COUNT = _dimension("whole number", "", "10000", {}, bare=True)
NUMBER = _dimension("number", "", "1.44", {"%": 1e-2, "per thousand": 1e-3, "per million": 1e-6}, bare=True)


def quantity(data: object, dimension: Dimension) -> float:
    """Read one quantity, in the unit of its dimension.

    ``data`` is what stands in the file: a text such as ``"14 days"``, or, where the dimension allows it, a bare number.
    Raises UnitError when it is not exactly that; NaN and infinities are never accepted.
    """
    if isinstance(data, bool) or not isinstance(data, int | float | str):
        raise UnitError(f"must be {dimension_example(dimension)}, got {describe(data)}")
    if not isinstance(data, str):
        number, unit = _finite(data, str(data)[:_LONGEST_TEXT]), None
    else:
        number, unit = _split(" ".join(data.split()), dimension)
    if unit is None:
        if not dimension.bare:
            example = f"{str(data).strip().removeprefix('-')} {dimension.unit}"
            raise UnitError(f"needs a unit, for example '{example}', got {describe(data)}")
        return number
    factor = _factor(unit, dimension)
    # Small units are whole fractions of the large one, and a division rounds once: 57 % is 0.57 exactly.
    value = number * factor if factor >= 1 else number / round(1 / factor)
    if not abs(value) <= _LARGEST:
        # Written in the unit of its dimension it could not be read again.
        raise UnitError(f"must be at most 1e18 {dimension.unit}, got {describe(data)}")
    return value


def dimension_example(dimension: Dimension) -> str:
    """Name a dimension with its article and an example, for messages: "a duration such as 14 days"."""
    return f"{_with_article(dimension.name)} such as {dimension.example}"


def _with_article(name: str) -> str:
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _split(text: str, dimension: Dimension) -> tuple[float, str | None]:
    if len(text) > _LONGEST_TEXT:
        raise UnitError(f"must be {dimension_example(dimension)}, got a text of {len(text)} characters")
    if dimension.bare and (match := _ONE_IN.fullmatch(text)):
        total = _finite(match["total"], text)
        if not total > 0:
            raise UnitError(f"must have a number above 0 after 'in', got {text!r}")
        return _finite(_finite(match["number"], text) / total, text), None
    match = _QUANTITY.fullmatch(text)
    if match is None:
        hint = next((f" ({way_out})" for pattern, way_out in _LOOKALIKES if pattern.match(text)), "")
        raise UnitError(f"must be {dimension_example(dimension)}, got {text!r}{hint}")
    return _finite(match["number"], text), match["unit"]


def _finite(number: float | str, text: str) -> float:
    try:
        value = float(number)
    except OverflowError:
        value = math.inf
    if not abs(value) <= _LARGEST:
        raise UnitError(f"must be a finite number of at most 1e18, got {text!r}")
    return value


def _factor(unit: str, dimension: Dimension) -> float:
    if unit in dimension.factors:
        return dimension.factors[unit]
    if "month" in unit.lower() and (dimension is DURATION or dimension is YEARLY_RATE):
        raise UnitError("a month has no fixed length, give days, weeks or years")
    if not dimension.factors:
        raise UnitError(f"must be {dimension_example(dimension)}, without a unit, got unit '{unit}'")
    close = _OTHER_NAMES.get(unit.lower())
    if close not in dimension.factors:
        close = closest(unit, dimension.factors, cutoff=0.5)
    hint = f", did you mean '{close}'?" if close else ""
    known = ", ".join({factor: name for name, factor in reversed([*dimension.factors.items()])}.values())
    raise UnitError(f"unknown unit '{unit}' for {_with_article(dimension.name)}{hint} (known: {known})")


def describe(data: object) -> str:
    """Say in a word what stands in a file, for messages."""
    if data is None:
        return "nothing"
    if isinstance(data, bool):
        return str(data).lower()
    if isinstance(data, Mapping):
        return "a mapping"
    if isinstance(data, list | tuple):
        return f"a list of {len(data)}" if data else "an empty list"
    text = repr(data) if isinstance(data, str) else str(data)
    return text if len(text) <= _LONGEST_TEXT + 2 else f"{text[:_LONGEST_TEXT]}…"
