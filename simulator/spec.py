"""What every part of a scenario shares: frozen, every key known, and fields with a shorter form."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema


class Spec(BaseModel):
    """A part of a scenario: frozen, every key known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def broken_rules(*parts: tuple[tuple[str | int, ...], str]) -> PydanticCustomError:
    """Make an error of rules that tie several keys: each the path below the field that raises it, and a message."""
    return PydanticCustomError("parts", "invalid", {"parts": list(parts)})


@dataclass(frozen=True, slots=True, eq=False)
class Shorthand:
    """The type of a field whose mapping form is ``model`` and that has shorter ``forms`` beside it.

    ``read(data, handler)`` returns the field's value; ``handler`` checks the mapping form.
    """

    model: type[BaseModel]
    read: Callable[[Any, Callable[[Any], Any]], object]
    forms: Sequence[JsonSchemaValue]

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(self.read, handler.generate_schema(self.model))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [*self.forms, handler(schema["schema"])]}  # type: ignore[typeddict-item]
