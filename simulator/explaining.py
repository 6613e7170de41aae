"""Turning the schema library's findings into problems an analyst can act on: place, rule, value, way out."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from simulator.problems import Mark, Problem
from simulator.quantities import unknown_key
from simulator.scenario import Scenario
from simulator.spec import Shorthand
from simulator.units import describe
from simulator.yaml_reader import Node

_EXPECTED = {
    "model_type": "a mapping of keys", "dict_type": "a mapping of keys", "model_attributes_type": "a mapping of keys",
    "list_type": "a list", "tuple_type": "a list", "string_type": "a text (put it in quotes)",
    "int_type": "a whole number", "int_from_float": "a whole number", "bool_type": "true or false",
}  # fmt: skip


def problems_of(error: ValidationError, root: Node) -> list[Problem]:
    """Every finding of a failed validation, at its place in the node tree that was validated."""
    return [problem for finding in error.errors(include_url=False) for problem in _problems(dict(finding), root)]


def _problems(finding: dict[str, Any], root: Node) -> Iterator[Problem]:
    location = [part for part in finding["loc"] if part != "points"]
    if finding["type"] == "parts":
        for subpath, message in finding["ctx"]["parts"]:
            yield _problem(root, [*location, *subpath], message)
    elif finding["type"] == "missing":
        node, _, path = _walk(root, location[:-1])
        mark = node.key_mark or Mark(node.mark.name, node.mark.line, 0, node.mark.line, 1, node.mark.lines)
        yield Problem(mark, ".".join([*path, str(location[-1])]), "is required")
    elif finding["type"] == "extra_forbidden":
        yield _unknown(root, location, unknown_key(location[-1], tuple(_known_keys(location[:-1]))))
    else:
        yield _problem(root, location, _message(finding))


def _problem(root: Node, location: Sequence[str | int], message: str) -> Problem:
    if message.startswith("unknown key"):
        return _unknown(root, location, message)
    node, _, path = _walk(root, location)
    return Problem(node.mark, ".".join(path), message)


def _unknown(root: Node, location: Sequence[str | int], message: str) -> Problem:
    node, _, path = _walk(root, location)
    if node.in_flow and node.value is None:
        message += "; a text with a comma inside {…} must be in quotes"
    return Problem(node.key_mark or node.mark, ".".join(path), message)


def _walk(root: Node, location: Sequence[str | int]) -> tuple[Node, Sequence[str | int], list[str]]:
    """The deepest node of a location, what is left of the location, and the path walked."""
    node, path = root, []
    for depth, part in enumerate(location):
        if isinstance(node.value, dict) and part in node.value:
            node = node.value[part]
        elif isinstance(node.value, list) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
        else:
            return node, location[depth:], path
        path.append(str(part))
    return node, (), path


def _message(finding: dict[str, Any]) -> str:
    kind, given, context = finding["type"], finding.get("input"), finding.get("ctx", {})
    if kind in _EXPECTED:
        return f"must be {_EXPECTED[kind]}, got {describe(given)}"
    if kind in {"too_short", "too_long"}:
        bound, most = context.get("min_length"), context.get("max_length")
        rule = f"at least {bound}" if most is None or kind == "too_short" else f"at most {most}"
        return f"must have {rule} items, got {context.get('actual_length', len(given or ()))}"
    if kind in {"string_too_short", "string_too_long"}:
        return f"must have {context.get('min_length', context.get('max_length'))} characters at the limit"
    if kind == "greater_than_equal":
        return f"must be at least {context['ge']}, got {describe(given)}"
    if kind == "less_than_equal":
        return f"must be at most {context['le']}, got {describe(given)}"
    if kind == "literal_error":
        return f"must be one of {context['expected']}, got {describe(given)}"
    return str(finding["msg"])


def _known_keys(location: Sequence[str | int]) -> list[str]:
    kinds: list[Any] = [Scenario]
    for part in location:
        kinds = [inner for kind in kinds for inner in _step(kind, part)]
    return [
        field.alias or name
        for kind in kinds
        if isinstance(kind, type) and issubclass(kind, BaseModel)
        for name, field in kind.model_fields.items()
    ]


def _step(kind: Any, part: str | int) -> Iterator[Any]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        for name, field in kind.model_fields.items():
            if part in {name, field.alias}:
                yield from _flatten(field.annotation)
                for extra in field.metadata:
                    if isinstance(extra, Shorthand):
                        yield extra.model
    elif get_origin(kind) is dict:
        yield from _flatten(get_args(kind)[1])


def _flatten(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) is Annotated:
        for extra in annotation.__metadata__:
            if isinstance(extra, Shorthand):
                yield extra.model
        yield from _flatten(get_args(annotation)[0])
    elif get_origin(annotation) is dict or isinstance(annotation, type):
        yield annotation
    else:
        for inner in get_args(annotation):
            yield from _flatten(inner)
