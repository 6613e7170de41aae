"""Fields of a scenario that hold a number: bare, with a unit, or as a sourced value.

A field annotated with one of these types takes ``10 %`` or ``{value: 10 %, source: …, uncertainty: …}`` alike and
holds a plain float in the unit of its dimension. Where the number comes from is read by `simulator.evidence`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, TypeVar

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from simulator import units
from simulator.problems import closest
from simulator.units import Dimension, UnitError, describe, dimension_example, quantity

SOURCED_KEYS = ("value", "source", "grade", "note", "uncertainty")
GRADES = ("very low", "low", "moderate", "high")
UNCERTAINTIES = ("uniform", "loguniform", "triangular", "beta", "lognormal", "tests")

_Part = tuple[tuple[str | int, ...], str]
Result = TypeVar("Result")


class PartsError(Exception):
    """Several problems below one field, each with its path from that field."""

    def __init__(self, parts: list[_Part]) -> None:
        super().__init__(parts)
        self.parts = parts


@dataclass(frozen=True, slots=True)
class Quantity:
    """The type of a numeric field: its dimension and the range its value must lie in."""

    dimension: Dimension
    at_least: float | None = None
    above: float | None = None
    at_most: float | None = None
    integer: bool = False

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(lambda data: validated(data, self.read))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return quantity_schema(self)

    def read(self, data: object) -> float | int:
        """Return the number behind ``data``; raises UnitError or PartsError."""
        if isinstance(data, Mapping):
            return self._sourced(data)
        return self.scalar(data)

    def scalar(self, data: object) -> float | int:
        """Return the number a scalar means; raises UnitError when it is no such quantity or out of range."""
        value = quantity(data, self.dimension)
        if not self._inside(value):
            hint = ""
            if self.dimension is units.PROBABILITY and 2 <= value <= 100 and not str(data).endswith("%"):
                hint = f" (did you mean {data} %?)"
            raise UnitError(f"must be {self.rule}, got {data}{hint}")
        if self.integer:
            if value != int(value):
                raise UnitError(f"must be a whole number, got {data}")
            return int(value)
        return value

    @property
    def rule(self) -> str:
        """The allowed range in words, with its unit."""
        unit = f" {self.dimension.unit}" if self.dimension.unit else ""
        if self.at_least is not None and self.at_most is not None:
            return f"between {_short(self.at_least)} and {_short(self.at_most)}{unit}"
        bounds = {"above": self.above, "at least": self.at_least, "at most": self.at_most}
        return " and ".join(f"{word} {_short(bound)}" for word, bound in bounds.items() if bound is not None) + unit

    def _inside(self, value: float) -> bool:
        return (
            (self.at_least is None or value >= self.at_least)
            and (self.above is None or value > self.above)
            and (self.at_most is None or value <= self.at_most)
        )

    def _sourced(self, data: Mapping[str, object]) -> float | int:
        if not set(data) & set(SOURCED_KEYS):
            raise UnitError(f"must be {dimension_example(self.dimension)}, or {{value, source, …}}; got {_keys(data)}")
        parts: list[_Part] = [((key,), unknown_key(key, SOURCED_KEYS)) for key in data if key not in SOURCED_KEYS]
        value: float | int = 0
        if "value" in data:
            try:
                value = self.scalar(data["value"])
            except UnitError as error:
                parts.append((("value",), str(error)))
        elif not any("'value'" in message for _, message in parts):
            parts.append(((), "a sourced value needs a 'value'"))
        parts += _provenance_problems(data)
        if "uncertainty" in data:
            parts += uncertainty_problems(data["uncertainty"], self)
        if parts:
            raise PartsError(parts)
        return value


_POSITIVE = Quantity(units.NUMBER, above=0)
_TESTS = Quantity(units.COUNT, at_least=0, at_most=1e15, integer=True)


def validated(data: object, read: Callable[[object], Result]) -> Result:
    """Return what ``read`` makes of ``data``, its errors turned into those of the schema library."""
    try:
        return read(data)
    except UnitError as error:
        raise PydanticCustomError("quantity", "{message}", {"message": str(error)}) from None
    except PartsError as error:
        raise PydanticCustomError("parts", "invalid", {"parts": error.parts}) from None


def unknown_key(key: object, known: tuple[str, ...]) -> str:
    """Write the message for a key that does not exist, with the closest one that does."""
    close = closest(key, known)
    return f"unknown key, did you mean '{close}'?" if close else f"unknown key (known: {', '.join(known)})"


def uncertainty_problems(data: object, field: Quantity) -> list[_Part]:
    """List every problem of an ``uncertainty`` block of the given field; empty when it is sound."""
    here = ("uncertainty",)
    if not isinstance(data, Mapping) or not data:
        got = "an empty mapping" if isinstance(data, Mapping) else describe(data)
        return [(here, f"must be one of {', '.join(UNCERTAINTIES)}, such as {{uniform: [low, high]}}; got {got}")]
    if set(data) & {"tests", "failures"}:
        if field.dimension is not units.PROBABILITY:
            return [(here, f"tests tell a probability, this is a {field.dimension.name}")]
        return _test_problems(here, data)
    if len(data) != 1:
        return [(here, f"must have exactly one distribution, got {_keys(data)}")]
    kind, parameters = next(iter(data.items()))
    inside = (*here, str(kind))
    if kind in {"uniform", "loguniform", "triangular"}:
        return _range_problems(inside, parameters, field)
    if kind == "beta":
        if field.dimension is not units.PROBABILITY:
            return [(inside, f"a beta distribution is for probabilities, this is a {field.dimension.name}")]
        return _list_problems(inside, parameters, 2, "[a, b], both above 0", _POSITIVE)
    if kind == "lognormal":
        if not isinstance(parameters, Mapping) or set(parameters) != {"median", "sigma"}:
            return [(inside, f"must be {{median, sigma}}, got {_keys(parameters)}")]
        parts = _problems((*inside, "median"), lambda: field.scalar(parameters["median"]))
        if not parts and not field.scalar(parameters["median"]) > 0:
            parts = [((*inside, "median"), "must be above 0 for a lognormal distribution")]
        return parts + _problems((*inside, "sigma"), lambda: _POSITIVE.scalar(parameters["sigma"]))
    return [(inside, unknown_key(kind, UNCERTAINTIES))]


def _provenance_problems(data: Mapping[str, object]) -> list[_Part]:
    parts: list[_Part] = [
        ((key,), f"must be a text, got {describe(data[key])}")
        for key in ("source", "note")
        if key in data and not isinstance(data[key], str)
    ]
    if "grade" in data and data["grade"] not in GRADES:
        parts.append((("grade",), f"must be one of {', '.join(GRADES)}, got {describe(data['grade'])}"))
    if data.get("source", "") == "":
        where = ("source",) if "source" in data else ()
        parts.append((where, "a sourced value needs a 'source' (a key of 'sources', or assumption with a note)"))
    elif data["source"] == "assumption" and not str(data.get("note") or "").strip():
        parts.append((("source",), "an assumption needs a 'note' that says why"))
    return parts


def _range_problems(inside: tuple[str, ...], parameters: object, field: Quantity) -> list[_Part]:
    kind = inside[-1]
    shape = "[low, most likely, high]" if kind == "triangular" else "[low, high]"
    if parts := _list_problems(inside, parameters, 3 if kind == "triangular" else 2, shape, field):
        return parts
    ends = [field.scalar(item) for item in parameters]  # type: ignore[attr-defined]
    if not (ends[0] < ends[-1] and ends == sorted(ends)):
        return [(inside, f"must rise from low to high, got {parameters}")]
    if kind == "loguniform" and not ends[0] > 0:
        return [((*inside, 0), "must be above 0 for a loguniform range")]
    return []


def _list_problems(inside: tuple[str, ...], parameters: object, size: int, shape: str, field: Quantity) -> list[_Part]:
    if not isinstance(parameters, list) or len(parameters) != size:
        return [(inside, f"must be {shape}, got {describe(parameters)}")]
    return [
        part
        for index, item in enumerate(parameters)
        for part in _problems((*inside, index), lambda item=item: field.scalar(item))  # type: ignore[misc]
    ]


def _test_problems(here: tuple[str, ...], data: Mapping[str, object]) -> list[_Part]:
    keys = ("tests", "failures")
    parts: list[_Part] = [((*here, key), unknown_key(key, keys)) for key in data if key not in keys]
    for key, other in (keys, keys[::-1]):
        if key not in data:
            return [*parts, (here, f"needs '{key}' beside '{other}'")]
    for key in keys:
        parts += _problems((*here, key), lambda key=key: _TESTS.scalar(data[key]))  # type: ignore[misc]
    if not parts and not _TESTS.scalar(data["failures"]) <= _TESTS.scalar(data["tests"]):
        parts.append(((*here, "failures"), f"cannot be more than the {data['tests']} tests"))
    if not parts and not _TESTS.scalar(data["tests"]) > 0:
        parts.append(((*here, "tests"), "must be at least 1"))
    return parts


def _problems(path: tuple[str | int, ...], check: Callable[[], object]) -> list[_Part]:
    try:
        check()
    except UnitError as error:
        return [(path, str(error))]
    return []


def _keys(data: object) -> str:
    if not isinstance(data, Mapping) or not data:
        return "an empty mapping" if isinstance(data, Mapping) else describe(data)
    return "a mapping of " + ", ".join(str(key) for key in list(data)[:5])


def _short(number: float) -> str:
    return f"{number:g}".replace("e+", "e")


def quantity_schema(field: Quantity) -> JsonSchemaValue:
    """Write the JSON Schema of a numeric field: a text with unit, a bare number where allowed, or a sourced value."""
    text = {"type": "string", "description": f"{field.dimension.name}, for example {field.dimension.example}"}
    bounds = {"minimum": field.at_least, "exclusiveMinimum": field.above, "maximum": field.at_most}
    bare = {
        "type": "integer" if field.integer else "number",
        **{key: bound for key, bound in bounds.items() if bound is not None},
    }
    scalar = [bare, text] if field.dimension.bare else [text]
    sourced = {
        "type": "object",
        "properties": {
            "value": {"anyOf": scalar},
            "source": {"type": "string", "description": "a key of 'sources', or assumption"},
            "grade": {"enum": list(GRADES)},
            "note": {"type": "string"},
            "uncertainty": {"type": "object"},
        },
        "required": ["value", "source"],
        "additionalProperties": False,
    }
    return {"anyOf": [*scalar, sourced]}


@dataclass(frozen=True, slots=True)
class _Day:
    """The type of a date field: a text YYYY-MM-DD."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(lambda data: validated(data, _date))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "format": "date"}


def _date(data: object) -> date:
    if not isinstance(data, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", data):
        raise UnitError(f"must be a date such as 2024-12-01, year, month and day; got {describe(data)}")
    try:
        day = date.fromisoformat(data)
    except ValueError as error:
        raise UnitError(f"must be a date such as 2024-12-01, got {data!r} ({error})") from None
    if not 1900 <= day.year <= 2200:
        raise UnitError(f"must be a date from 1900 to 2200, got {data!r}")
    return day


Share = Annotated[float, Quantity(units.PROBABILITY, above=0, at_most=1)]
Probability = Annotated[float, Quantity(units.PROBABILITY, at_least=0, at_most=1)]
Count = Annotated[int, Quantity(units.COUNT, at_least=0, at_most=1e12, integer=True)]
PositiveCount = Annotated[int, Quantity(units.COUNT, at_least=1, at_most=1e12, integer=True)]
Teams = Annotated[int, Quantity(units.COUNT, at_least=1, at_most=100_000, integer=True)]
Passes = Annotated[int, Quantity(units.COUNT, at_least=1, at_most=20, integer=True)]
Groups = Annotated[int, Quantity(units.COUNT, at_least=1, at_most=1_000_000, integer=True)]
PositiveNumber = Annotated[float, Quantity(units.NUMBER, above=0)]
Q10 = Annotated[float, Quantity(units.NUMBER, at_least=0.01, at_most=100)]
Factor = Annotated[float, Quantity(units.NUMBER, at_least=0)]
Number = Annotated[float, Quantity(units.NUMBER)]
Duration = Annotated[float, Quantity(units.DURATION, at_least=0)]
PositiveDuration = Annotated[float, Quantity(units.DURATION, above=0)]
Horizon = Annotated[float, Quantity(units.DURATION, above=0, at_most=1000 * units.DAYS_PER_YEAR)]
Length = Annotated[float, Quantity(units.LENGTH, at_least=0)]
PositiveLength = Annotated[float, Quantity(units.LENGTH, above=0, at_most=20_000)]
Density = Annotated[float, Quantity(units.DENSITY, at_least=0)]
PositiveDensity = Annotated[float, Quantity(units.DENSITY, above=0)]
MineRate = Annotated[float, Quantity(units.MINE_RATE, at_least=0)]
YearlyRate = Annotated[float, Quantity(units.YEARLY_RATE, above=0)]
TeamRate = Annotated[float, Quantity(units.TEAM_RATE, above=0)]
Energy = Annotated[float, Quantity(units.ENERGY, at_least=0, at_most=10)]
Cost = Annotated[float, Quantity(units.COST, at_least=0)]
Temperature = Annotated[float, Quantity(units.TEMPERATURE, at_least=-90, at_most=90)]
MonthlyTemperature = Annotated[float, Quantity(units.MONTHLY_TEMPERATURE, at_least=-90, at_most=90)]
Day = Annotated[date, _Day()]
