"""What every part of a scenario shares: frozen, every key known, and fields with a shorter form."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StringConstraints,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from simulator.units import describe


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
        return {"anyOf": [*self.forms, handler(schema["schema"])]}


def _one_line(text: str) -> str:
    if "\n" in text or "\t" in text or text != text.strip():
        message = "must be one line without spaces around it, got {text}"
        raise PydanticCustomError("line", message, {"text": describe(text)})
    return text


def _inside_folder(name: str) -> str:
    path = PurePosixPath(name.replace("\\", "/"))
    if not path.parts or path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
        message = "must be a file in the scenario's folder, got {name}"
        raise PydanticCustomError("path", message, {"name": describe(name)})
    return name


Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_one_line)]
Title = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(_one_line)
]
Text = Annotated[str, Field(max_length=20_000)]
FileName = Annotated[Name, AfterValidator(_inside_folder)]
