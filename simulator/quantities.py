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
from simulator.bounded import Bounded
from simulator.problems import Part, unknown_key
from simulator.uncertainty_rules import keys_words, uncertainty_problems
from simulator.units import UnitError, describe, dimension_example

SOURCED_KEYS = ("value", "source", "grade", "note", "uncertainty")
GRADES = ("very low", "low", "moderate", "high")

Result = TypeVar("Result")


class PartsError(Exception):
    """Several problems below one field, each with its path from that field."""

    def __init__(self, parts: list[Part]) -> None:
        super().__init__(parts)
        self.parts = parts


@dataclass(frozen=True, slots=True)
class Quantity(Bounded):
    """The type of a numeric field: its dimension and the range its value must lie in."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(lambda data: validated(data, self.read))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return quantity_schema(self)

    def read(self, data: object) -> float | int:
        """Return the number behind ``data``; raises UnitError or PartsError."""
        if isinstance(data, Mapping):
            return self._sourced(data)
        return self.scalar(data)

    def _sourced(self, data: Mapping[str, object]) -> float | int:
        if not set(data) & set(SOURCED_KEYS):
            raise UnitError(
                f"must be {dimension_example(self.dimension)}, or {{value, source, …}}; got {keys_words(data)}"
            )
        parts: list[Part] = [((key,), unknown_key(key, SOURCED_KEYS)) for key in data if key not in SOURCED_KEYS]
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


def validated(data: object, read: Callable[[object], Result]) -> Result:
    """Return what ``read`` makes of ``data``, its errors turned into those of the schema library."""
    try:
        return read(data)
    except UnitError as error:
        raise PydanticCustomError("quantity", "{message}", {"message": str(error)}) from None
    except PartsError as error:
        raise PydanticCustomError("parts", "invalid", {"parts": error.parts}) from None


def _provenance_problems(data: Mapping[str, object]) -> list[Part]:
    parts: list[Part] = [
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
