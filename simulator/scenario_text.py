"""A scenario's tree as the text of a file that reads back as the same tree."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from simulator.evidence import is_sourced

# What YAML reads as the text it looks like: letters first, or a number with its unit.
_PLAIN = re.compile(
    r"[A-Za-z][A-Za-z0-9_./-]*(?: [A-Za-z0-9][A-Za-z0-9_./-]*)*"
    r"|[0-9.]+(?:e[+-]?[0-9]+)? [A-Za-z%][A-Za-z0-9 %-]*"
)
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}


def block(tree: Mapping[str, Any], depth: int = 0) -> Iterator[str]:
    """The lines of a mapping in block style; lists, and sourced values without a note, stand on one line."""
    indent = "  " * depth
    for key, child in tree.items():
        if isinstance(child, Mapping) and child and not _is_short(child):
            yield f"{indent}{_scalar(str(key))}:"
            yield from block(child, depth + 1)
        elif isinstance(child, list) and any(isinstance(item, Mapping) for item in child):
            yield f"{indent}{_scalar(str(key))}:"
            yield from (f"{indent}  - {_flow(item)}" for item in child)
        else:
            yield f"{indent}{_scalar(str(key))}: {_flow(child)}"


def put(tree: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    """Put a value at a path of a tree whose blocks and lists above it are there."""
    here: Any = tree
    for key in path[:-1]:
        here = here[int(key)] if isinstance(here, list) else here[key]
    here[int(path[-1]) if isinstance(here, list) else path[-1]] = value


def _is_short(tree: Mapping[str, Any]) -> bool:
    return is_sourced(tree) and "note" not in tree


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(str(key))}: {_flow(child)}" for key, child in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    """Write a scalar: plain where that reads as the same text, in double quotes as JSON does otherwise."""
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
