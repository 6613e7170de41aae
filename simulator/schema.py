"""The scenario format described: JSON Schema for editors, and an explanation of each key for people."""

from collections.abc import Iterator
from typing import Any

from simulator.problems import input_error
from simulator.quantities import unknown_key
from simulator.scenario import Scenario


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a scenario file.

    A file that ``extends`` another may leave out what the other sets, so an editor is told to require nothing then.
    """
    schema = Scenario.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "minesim scenario"
    schema["properties"]["extends"] = {"type": "string", "description": "take every key of that file not set here"}
    required = schema.pop("required")
    schema["if"] = {"not": {"required": ["extends"]}}
    schema["then"] = {"required": required}
    for name, definition in schema["$defs"].items():
        # An extending file may give part of a mapping, or null to remove a key.
        if name not in {"Source"}:
            definition.pop("required", None)
    mines = schema["properties"]["mines"]
    mines["additionalProperties"] = {"anyOf": [mines["additionalProperties"], {"type": "null"}]}
    return schema


def explanation(key: str) -> str:
    """What a key means, with its type, unit, range, default and the keys below it; the top level for an empty key.

    The class name below ``mines`` may be left out. Raises InputError for a key that does not exist.
    """
    schema = Scenario.model_json_schema(by_alias=True)
    here: dict[str, Any] = schema
    walked: list[str] = []
    for part in (piece for piece in key.split(".") if piece):
        below = dict(_keys(here, schema))
        if part not in below and walked[:1] == ["mines"] and len(walked) == 1:
            inner = schema["$defs"]["MineClass"]
            here, walked = inner, [*walked, "NAME"]
            below = dict(_keys(here, schema))
            if part not in below:
                # A class name of the user's own.
                walked[-1] = part
                continue
        if part not in below:
            raise input_error(unknown_key(part, tuple(below)), path=".".join([*walked, part]))
        here, walked = below[part], [*walked, part]
    lines = [".".join(walked) or "A scenario file"]
    lines += [f"  {line}" for line in _facts(here, schema)]
    below = dict(_keys(here, schema))
    if "additionalProperties" in here and walked[-1:] == ["mines"]:
        below = {"NAME": schema["$defs"]["MineClass"], **dict(_keys(schema["$defs"]["MineClass"], schema))}
    if below:
        lines.append("  keys:")
        width = max(map(len, below))
        lines += [f"    {name:<{width}}  {_short(child, schema)}" for name, child in below.items()]
    return "\n".join(lines)


def _resolved(node: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in node:
        target: dict[str, Any] = schema["$defs"][node["$ref"].rsplit("/", 1)[1]]
        return {**target, **{key: value for key, value in node.items() if key != "$ref"}}
    return node


def _alternatives(node: dict[str, Any], schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    node = _resolved(node, schema)
    for inner in node.get("anyOf", ()):
        yield from _alternatives(inner, schema)
    if "anyOf" not in node:
        yield node


def _keys(node: dict[str, Any], schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for option in _alternatives(node, schema):
        properties = option.get("properties", {})
        if "value" not in properties:
            yield from properties.items()


def _facts(node: dict[str, Any], schema: dict[str, Any]) -> Iterator[str]:
    node = _resolved(node, schema)
    if text := node.get("description"):
        yield text.split("\n")[0]
    for option in _alternatives(node, schema):
        kind = option.get("type")
        if "value" in option.get("properties", {}):
            yield "or a sourced value {value, source, grade, note, uncertainty}"
        elif kind == "string" and option.get("description") != node.get("description"):
            yield str(option.get("description") or option.get("format") or "a text")
        elif kind in {"number", "integer"}:
            bounds = [
                f"{word} {option[key]:g}"
                for key, word in (("minimum", "at least"), ("exclusiveMinimum", "above"), ("maximum", "at most"))
                if key in option
            ]
            yield f"{'a whole' if kind == 'integer' else 'a'} number {', '.join(bounds)}".rstrip()
        elif "enum" in option:
            yield f"one of {', '.join(map(str, option['enum']))}"
        elif "const" in option:
            yield f"{option['const']}"
    if "default" in node:
        yield f"default: {node['default']}"


def _short(node: dict[str, Any], schema: dict[str, Any]) -> str:
    text = str(_resolved(node, schema).get("description", "")).split("\n")[0]
    if text:
        return text
    return next(iter(_facts(node, schema)), "")
