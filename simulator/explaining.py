"""Turning the schema library's findings into problems an analyst can act on: place, rule, value, way out."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from simulator.problems import Mark, Problem, closest, unknown_key
from simulator.scenario import Scenario
from simulator.spec import Shorthand
from simulator.units import describe
from simulator.yaml_reader import Node

_MAPPINGS = {"model_type", "dict_type", "model_attributes_type"}
_EXPECTED = {
    "list_type": "a list", "tuple_type": "a list", "string_type": "a text (put it in quotes)",
    "int_type": "a whole number", "int_from_float": "a whole number", "int_parsing_size": "a whole number",
    "bool_type": "true or false",
}  # fmt: skip
_MOST_EXPLAINED = 2000


def problems_of(error: ValidationError, root: Node, kind: Any = Scenario) -> list[Problem]:
    """List every finding of a failed validation, at its place in the node tree that was validated as a ``kind``.

    A required key that is there but misspelt is reported once, as misspelt. Thousands of findings are cut short.
    """
    findings = error.errors(include_url=False, include_context=True)
    problems: list[Problem] = []
    for finding in findings[:_MOST_EXPLAINED]:
        if not (finding["type"] == "missing" and _is_misspelt(finding["loc"], root, kind)):
            problems += _problems(dict(finding), root, kind)
    return problems


def known_keys(location: Sequence[str | int], kind: Any = Scenario) -> list[str]:
    """List the keys a ``kind`` knows at a location; none where names are free, as below mines."""
    kinds: list[Any] = [kind]
    for part in location:
        kinds = [inner for kind in kinds for inner in _step(kind, part)]
    names = [
        field.alias or name
        for kind in kinds
        if isinstance(kind, type) and issubclass(kind, BaseModel)
        for name, field in kind.model_fields.items()
    ]
    return [*names, "extends"] if kinds == [Scenario] else names


def _problems(finding: dict[str, Any], root: Node, kind: Any) -> Iterator[Problem]:
    location = _as_written(finding["loc"])
    node, rest, path = _walk(root, location)
    if finding["type"] == "parts":
        for subpath, message in finding["ctx"]["parts"]:
            yield _problem(root, [*location, *subpath], message)
    elif finding["type"] == "missing":
        mark = node.key_mark or Mark(node.mark.name, node.mark.line, 0, node.mark.line, 1, node.mark.lines)
        yield Problem(mark, ".".join([*path, str(location[-1])]), "is required")
    elif finding["type"] == "extra_forbidden":
        known = tuple(known_keys(location[:-1], kind))
        yield _problem(root, location, unknown_key(location[-1], known))
    elif rest[-1:] == ["[key]"]:
        yield Problem(node.key_mark or node.mark, ".".join(path), f"the name {_message(finding, ())}")
    else:
        yield _problem(root, location, _message(finding, known_keys(location, kind)))


def _problem(root: Node, location: Sequence[str | int], message: str) -> Problem:
    node, _, path = _walk(root, location)
    mark = node.mark
    if message.startswith("unknown key"):
        mark = node.key_mark or mark
        if node.in_flow and node.value is None:
            message += _comma_hint(path[-1:])
    elif isinstance(node.value, dict) and node.key_mark and node.key_mark.line != mark.line:
        # A mapping over several lines is pointed at by its key.
        mark = node.key_mark
    if isinstance(node.value, dict) and len({child.mark.name for child in node.value.values()}) > 1:
        message += "; a key that 'extends' brings in is removed by 'key: null'"
    return Problem(mark, ".".join(path), message)


def _comma_hint(key: Sequence[str]) -> str:
    if key and key[0].isdecimal():
        return "; write decimals with a point, and thousands without a comma"
    return "; a text with a comma inside {…} must be in quotes"


def _is_misspelt(loc: Sequence[str | int], root: Node, kind: Any) -> bool:
    location = _as_written(loc)
    node, rest, _ = _walk(root, location[:-1])
    if rest or not isinstance(node.value, dict):
        return False
    known = tuple(known_keys(location[:-1], kind))
    strangers = (key for key in node.value if key not in known)
    return any(closest(key, known) == location[-1] for key in islice(strangers, 100))


def _as_written(loc: Sequence[str | int]) -> list[str | int]:
    """Leave out what the schema puts between a piecewise law and its points, which no file has."""
    return [part for before, part in zip((None, *loc), loc, strict=False) if (before, part) != ("piecewise", "points")]


def _walk(root: Node, location: Sequence[str | int]) -> tuple[Node, Sequence[str | int], list[str]]:
    """Find the deepest node of a location, what is left of the location, and the path walked."""
    node = root
    path: list[str] = []
    for depth, part in enumerate(location):
        in_list = isinstance(node.value, list) and isinstance(part, int) and part < len(node.value)
        if not (in_list or (isinstance(node.value, dict) and part in node.value)):
            return node, location[depth:], path
        node = node.value[part]
        path.append(str(part))
    return node, [], path


def _message(finding: dict[str, Any], known: Sequence[str]) -> str:
    kind, given, context = finding["type"], finding.get("input"), finding.get("ctx", {})
    if kind in _MAPPINGS:
        keys = f" (known keys: {', '.join(known)})" if known else ""
        return f"must be a mapping, got {describe(given)}{keys}"
    if kind in _EXPECTED:
        return f"must be {_EXPECTED[kind]}, got {describe(given)}"
    if kind == "too_short" and context.get("min_length") == 1:
        return "must not be empty"
    if kind in {"too_short", "too_long"}:
        bound = context.get("min_length") if kind == "too_short" else context.get("max_length")
        rule = "at least" if kind == "too_short" else "at most"
        return f"must have {rule} {bound} values, got {context.get('actual_length', len(given or ()))}"
    if kind == "string_too_short":
        return "must not be empty"
    if kind == "string_too_long":
        return f"must have at most {context['max_length']} characters, got {len(given or '')}"
    if kind == "greater_than_equal":
        return f"must be at least {context['ge']}, got {describe(given)}"
    if kind == "less_than_equal":
        return f"must be at most {context['le']}, got {describe(given)}"
    if kind == "literal_error":
        return f"must be one of {context['expected']}, got {describe(given)}"
    return str(finding["msg"])


def _step(kind: Any, part: str | int) -> Iterator[Any]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        for name, field in kind.model_fields.items():
            if part == (field.alias or name):
                shorthands = [extra.model for extra in field.metadata if isinstance(extra, Shorthand)]
                yield from shorthands or _flatten(field.annotation)
    elif get_origin(kind) is dict:
        yield from _flatten(get_args(kind)[1])


def _flatten(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) is Annotated:
        shorthands = [extra.model for extra in annotation.__metadata__ if isinstance(extra, Shorthand)]
        yield from shorthands or _flatten(get_args(annotation)[0])
    elif get_origin(annotation) is dict or isinstance(annotation, type):
        yield annotation
    else:
        for inner in get_args(annotation):
            yield from _flatten(inner)
