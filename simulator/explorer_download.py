"""A scenario with the settings of the explorer, as a file that the other commands accept.

It stands on its own: what it extends is in it, and so are its sources. Every value that was set says so.
"""

import copy
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from simulator.evidence import ASSUMPTION, is_sourced
from simulator.explorer_controls import Control, typed
from simulator.fields import Keys, value_words
from simulator.problems import printable
from simulator.referenced import named_files
from simulator.scenario_file import LoadedScenario
from simulator.variation import setting
from simulator.wording import counted

_GRADE = "very low"
# What YAML reads as the text it looks like: letters first, or a number with its unit.
_PLAIN = re.compile(
    r"[A-Za-z][A-Za-z0-9_./-]*(?: [A-Za-z0-9][A-Za-z0-9_./-]*)*"
    r"|[0-9.]+(?:e[+-]?[0-9]+)? [A-Za-z%][A-Za-z0-9 %-]*"
)
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
_FILE_NAME = re.compile(r"[^A-Za-z0-9._-]+")


def scenario_text(loaded: LoadedScenario, changed: Sequence[tuple[Control, float]], place: int) -> str:
    """Write a scenario, all alternatives settled, with some controls set to values; ``place`` is its place among the
    scenarios of the explorer.
    """
    tree: dict[str, Any] = copy.deepcopy(loaded.tree)
    for control, value in changed:
        was = value_words(control.given[control.within.index(place)], control.number)
        source = control.sources[control.within.index(place)]
        entry = {
            "value": setting(control.path, value, control.number)[1],
            "source": ASSUMPTION,
            "grade": _GRADE,
            "note": f"Set to {typed(value, control.number)} in the explorer; the scenario had {was} ({source}).",
        }
        _put(tree, control.path, entry)
    return "\n".join([*_heading(loaded, len(changed)), *_block(tree, 0), ""])


def file_name(loaded: LoadedScenario) -> str:
    """Name the file of a scenario with settings: letters, digits, points and dashes only."""
    stem = _FILE_NAME.sub("-", loaded.name).strip(".-")[:60] or "scenario"
    return f"{stem}-explored.yaml"


def _heading(loaded: LoadedScenario, changes: int) -> Iterator[str]:
    what = f"{counted(changes, 'setting')} changed" if changes else "no setting changed"
    yield f"# {printable(loaded.name)} as set in the explorer of minesim: {what}. It needs no other scenario file."
    files = [name for _, name in named_files(loaded.scenario)]
    if files:
        yield f"# Put it beside the files that it names: {printable(', '.join(dict.fromkeys(files)))}."


def _put(tree: dict[str, Any], path: Keys, value: Any) -> None:
    here = tree
    for key in path[:-1]:
        here = here[key]
    here[path[-1]] = value


def _block(tree: Mapping[str, Any], depth: int) -> Iterator[str]:
    """The lines of a mapping in block style; lists, and sourced values without a note, stand on one line."""
    indent = "  " * depth
    for key, child in tree.items():
        if isinstance(child, Mapping) and child and not _is_short(child):
            yield f"{indent}{_scalar(str(key))}:"
            yield from _block(child, depth + 1)
        elif isinstance(child, list) and any(isinstance(item, Mapping) for item in child):
            yield f"{indent}{_scalar(str(key))}:"
            yield from (f"{indent}  - {_flow(item)}" for item in child)
        else:
            yield f"{indent}{_scalar(str(key))}: {_flow(child)}"


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
