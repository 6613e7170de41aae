"""JSON read strictly, and the place of any of its values in the text.

Places are looked for only when there is something to say about them: a text without problems is read once.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from simulator.problems import InputError, Mark, Problem, input_error

Path = tuple[str | int, ...]

_LINE_END = re.compile(r"\r\n|\r|\n")
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{},:]|[^\s\[\]{},:"]+', re.DOTALL)
_CONSTANTS = ("NaN", "Infinity", "-Infinity")
_MOST_DEPTH = 64
_MOST_PROBLEMS = 100
_WORDS = {"Extra data": "something follows after its end"}


@dataclass(frozen=True, slots=True)
class Places:
    """A text cut in lines: ``starts`` [L] holds the offset of each line's first character."""

    name: str
    lines: tuple[str, ...]
    starts: tuple[int, ...]

    def mark(self, start: int, end: int) -> Mark:
        """Mark the characters from offset ``start`` to before ``end``."""
        line, last = (bisect_right(self.starts, offset) - 1 for offset in (start, end))
        return Mark(self.name, line, start - self.starts[line], last, end - self.starts[last], self.lines)


def places_of(text: str, name: str) -> Places:
    """Cut a text in lines, for marks; ``name`` is what messages call the file."""
    starts = (0, *(match.end() for match in _LINE_END.finditer(text)))
    return Places(name, tuple(_LINE_END.split(text)), starts)


def read_json(text: str, name: str) -> Any:
    """Read a JSON text as dicts, lists, texts, booleans, None and floats (whole numbers too).

    Raises InputError when it is not JSON, has a key twice, or has NaN or an infinity, which are not JSON.
    """
    odd: list[str] = []

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            odd.append("duplicate")
        return found

    def constant(word: str) -> None:
        odd.append(word)

    if not text.strip():
        raise input_error("is empty", mark=places_of(text, name).mark(0, 0))
    try:
        data = json.loads(text, parse_int=float, parse_constant=constant, object_pairs_hook=members)
    except json.JSONDecodeError as error:
        reason = _WORDS.get(error.msg, error.msg[:1].lower() + error.msg[1:])
        mark = places_of(text, name).mark(error.pos, min(error.pos + 1, len(text)))
        raise input_error(f"is not JSON: {reason}", mark=mark) from None
    except RecursionError:
        deep = (place for kind, path, *place in _walk(text) if kind == "open" and len(path) == _MOST_DEPTH)
        mark = places_of(text, name).mark(*next(deep, (0, 1)))
        raise input_error("is nested too deep to be read", mark=mark) from None
    if odd:
        raise InputError(list(_oddities(text, name)))
    return data


def find_marks(text: str, name: str, paths: Collection[Path]) -> dict[Path, Mark]:
    """Mark the value at each path of a JSON text, or the deepest value above it that exists."""
    wanted = {path[:depth] for path in paths for depth in range(len(path) + 1)}
    left, spans = set(paths), dict[Path, tuple[int, int]]()
    deepest = max(map(len, wanted), default=0)
    for kind, walked, start, end in _walk(text):
        if kind == "key" or len(walked) > deepest or (path := tuple(walked)) not in wanted:
            continue
        spans[path] = start, end
        if kind == "value":
            left.discard(path)
            if not left:
                break
    places = places_of(text, name)
    above = {path: next(path[:depth] for depth in range(len(path), -1, -1) if path[:depth] in spans) for path in paths}
    return {path: places.mark(*spans[found]) for path, found in above.items()}


def _oddities(text: str, name: str) -> Iterator[Problem]:
    places = places_of(text, name)
    # The keys of each object that is open, and where they stand.
    keys: list[dict[Any, int]] = []
    count = 0
    for kind, path, start, end in _walk(text):
        message = ""
        if kind == "open":
            keys.append({})
        elif kind == "key":
            first = keys[-1].setdefault(path[-1], start)
            if first != start:
                message = f"duplicate key, first given in line {places.mark(first, first).line + 1}; keep one"
        elif text[start] in "[{":
            keys.pop()
        elif text[start:end] in _CONSTANTS:
            message = f"must be a number, got {text[start:end]}, which is not JSON"
        if message:
            count += 1
            yield Problem(places.mark(start, end), dotted(tuple(path)), message)
        if count == _MOST_PROBLEMS:
            return


def dotted(path: Path) -> str:
    """Write a path as messages do: ``features.0.geometry``."""
    return ".".join(map(str, path))


def _walk(text: str) -> Iterator[tuple[str, list[Any], int, int]]:
    """Go through a JSON text: ("open", "key" or "value", its path, start, end). A container opens, then is a value.

    The path is the one that the walk goes on with: who keeps it, copies it.
    """
    path: list[Any] = []
    starts: list[int] = []
    at_key = False
    for match in _TOKEN.finditer(text):
        part, start, end = match[0], match.start(), match.end()
        if part == ",":
            if isinstance(path[-1], int):
                path[-1] += 1
            else:
                at_key = True
        elif part in {"[", "{"}:
            yield "open", path, start, end
            starts.append(start)
            path.append(0 if part == "[" else "")
            at_key = part == "{"
        elif part in {"]", "}"}:
            path.pop()
            at_key = False
            yield "value", path, starts.pop(), end
        elif part == ":":
            at_key = False
        elif at_key:
            path[-1] = json.loads(part)
            yield "key", path, start, end
        else:
            yield "value", path, start, end
