"""Reading YAML safely: the only door to the YAML library.

The event stream of ruamel.yaml is read once, refused as soon as it passes a limit, and built into plain values that remember
their place. Nothing is constructed from tags, aliases share the node they name, and a duplicate key is a problem, not a choice.
"""

import io
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML, events
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.resolver import VersionedResolver

from simulator.problems import InputError, Mark, Problem, input_error

MAX_BYTES = 1 << 20
MAX_DEPTH = 32
MAX_NODES = 50_000
MAX_SCALAR = 20_000
MAX_NUMBER = 64
MAX_ALIASES = 100

_TAG = "tag:yaml.org,2002:"
_resolver = VersionedResolver()


@dataclass(slots=True)
class Node:
    """A value of the file with its place. ``value`` is a scalar, a dict of Nodes or a list of Nodes."""

    value: Any
    mark: Mark
    key_mark: Mark | None = None
    in_flow: bool = False


@dataclass(slots=True)
class _Builder:
    name: str
    lines: tuple[str, ...]
    problems: list[Problem]
    nodes: int = 0
    aliases: int = 0
    anchors: dict[str, tuple[Node, int]] = field(default_factory=dict)


def read_yaml(path: Path, name: str, problems: list[Problem]) -> Node:
    """The one document of a file as a Node; ``name`` is what messages call it.

    What can be read past (a duplicate key, a tag) is appended to ``problems``, for the caller to report with the rest.
    Raises InputError when the file cannot be read, is no regular file, is too large, is not UTF-8, or is not acceptable YAML.
    """
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            kind = "a folder" if stat.S_ISDIR(status.st_mode) else "not a regular file"
            raise input_error(f"{name}: is {kind}, expected a scenario file")
        if status.st_size > MAX_BYTES:
            raise input_error(f"{name}: has {status.st_size:,} bytes, a scenario has at most {MAX_BYTES:,} (1 MiB)")
        with open(path, "rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise input_error(f"{name}: cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise input_error(f"{name!r}: is not a file name: {error}") from None
    return parse_yaml(raw, name, problems)


def parse_yaml(raw: bytes, name: str, problems: list[Problem], shown: tuple[str, ...] | None = None) -> Node:
    """One YAML 1.2 document from bytes; see `read_yaml`. Raises InputError.

    ``shown`` are the lines that messages quote, if other than the text itself.
    """
    if len(raw) > MAX_BYTES:
        raise input_error(f"{name}: has more than {MAX_BYTES:,} bytes (1 MiB)")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise input_error(f"{name}: is not UTF-8 text (byte {error.start}); save it as UTF-8") from None
    builder = _Builder(name, shown or tuple(text.split("\n")), problems)
    try:
        return _document(builder, _events(text))
    except MarkedYAMLError as error:
        raise InputError([_syntax_problem(builder, error)]) from None
    except YAMLError as error:
        raise input_error(f"{name}: is not valid YAML: {str(error).splitlines()[0]}") from None
    except (ValueError, RecursionError) as error:
        raise input_error(f"{name}: is not valid YAML: {str(error)[:100]}") from None


def plain(node: Node) -> Any:
    """The node's value as dicts, lists and scalars, without places."""
    if isinstance(node.value, dict):
        return {key: plain(child) for key, child in node.value.items()}
    if isinstance(node.value, list):
        return [plain(child) for child in node.value]
    return node.value


def _events(text: str) -> Iterator[events.Event]:
    yaml = YAML(typ="rt", pure=True)
    yaml.version = (1, 2)
    return iter(yaml.parse(io.StringIO(text)))


def _document(builder: _Builder, stream: Iterator[events.Event]) -> Node:
    root: Node | None = None
    for event in stream:
        if isinstance(event, events.DocumentStartEvent):
            if root is not None:
                raise input_error("only one YAML document is accepted", mark=_mark(builder, event))
        elif isinstance(event, events.NodeEvent):
            root = _node(builder, stream, event, 0, in_flow=False)
    if root is None:
        raise input_error(f"{builder.name}: is empty, expected a scenario")
    return root


def _node(builder: _Builder, stream: Iterator[events.Event], event: Any, depth: int, *, in_flow: bool) -> Node:
    mark = _mark(builder, event)
    builder.nodes += 1
    if builder.nodes > MAX_NODES:
        raise input_error(f"more than {MAX_NODES:,} values", mark=mark)
    if depth > MAX_DEPTH:
        raise input_error(f"nested more than {MAX_DEPTH} levels deep", mark=mark)
    if isinstance(event, events.AliasEvent):
        return _alias(builder, event, mark, in_flow=in_flow)
    if event.ctag is not None and str(event.ctag) not in {"", "!"}:
        builder.problems.append(Problem(mark, "", f"tags such as '{str(event.ctag)[:40]}' are not accepted"))
    first, anchor = builder.nodes, getattr(event, "anchor", None)
    if isinstance(event, events.ScalarEvent):
        node = Node(_scalar(event, mark), mark, in_flow=in_flow)
    elif isinstance(event, events.SequenceStartEvent):
        items = []
        while not isinstance(event := next(stream), events.SequenceEndEvent):
            items.append(_node(builder, stream, event, depth + 1, in_flow=True))
        node = Node(items, _spanning(mark, builder, event), in_flow=in_flow)
    else:
        node = _mapping(builder, stream, event, depth, mark)
    if anchor:
        builder.anchors[anchor] = (node, builder.nodes - first + 1)
    return node


def _mapping(builder: _Builder, stream: Iterator[events.Event], start: Any, depth: int, mark: Mark) -> Node:
    entries: dict[str, Node] = {}
    while not isinstance(event := next(stream), events.MappingEndEvent):
        key = _node(builder, stream, event, depth + 1, in_flow=bool(start.flow_style))
        value = _node(builder, stream, next(stream), depth + 1, in_flow=bool(start.flow_style))
        if isinstance(key.value, dict | list) or key.value is None:
            builder.problems.append(Problem(key.mark, "", "a key must be a word, got a mapping, a list or nothing"))
            continue
        # A key such as `12:` or `no:` is a name all the same: the text as written.
        name = _text(builder, key.mark) if not isinstance(key.value, str) else key.value
        if name == "<<":
            builder.problems.append(Problem(key.mark, "", "merge keys ('<<') are not part of YAML 1.2, use 'extends'"))
        elif name in entries:
            line = entries[name].key_mark.line + 1 if entries[name].key_mark else 0  # type: ignore[union-attr]
            builder.problems.append(Problem(key.mark, name, f"duplicate key, first given in line {line}; keep one"))
        else:
            # An alias may stand in several places: each keeps its own key mark on a shallow copy.
            entries[name] = Node(value.value, value.mark, key.mark, value.in_flow)
    return Node(entries, _spanning(mark, builder, event), in_flow=bool(start.flow_style))


def _alias(builder: _Builder, event: Any, mark: Mark, *, in_flow: bool) -> Node:
    builder.aliases += 1
    if event.anchor not in builder.anchors:
        raise input_error(f"alias '*{event.anchor}' names nothing before it", mark=mark)
    node, size = builder.anchors[event.anchor]
    builder.nodes += size
    if builder.aliases > MAX_ALIASES or builder.nodes > MAX_NODES:
        raise input_error(f"more than {MAX_ALIASES} aliases, or {MAX_NODES:,} values once expanded", mark=mark)
    return Node(node.value, mark, in_flow=in_flow)


def _scalar(event: Any, mark: Mark) -> Any:
    text = event.value
    if len(text) > MAX_SCALAR:
        raise input_error(f"a text of {len(text):,} characters, at most {MAX_SCALAR:,} are accepted", mark=mark)
    if not event.implicit[0]:
        return text
    tag = str(_resolver.resolve(ScalarNode, text, event.implicit)).removeprefix(_TAG)
    if tag == "null":
        return None
    if tag == "bool":
        return text.lower() == "true"
    return _number(text, tag) if tag in {"int", "float"} else text


def _number(text: str, tag: str) -> int | float | str:
    """A finite number of sane length, else the text, which no numeric field accepts."""
    try:
        if len(text) > MAX_NUMBER:
            return text
        if tag == "int":
            return int(text, 10) if text.lstrip("+-").isdecimal() else int(text, 0)
        value = float(text)
    except ValueError:
        return text
    return value if value - value == 0 else text


def _mark(builder: _Builder, event: Any) -> Mark:
    start, end = event.start_mark, event.end_mark
    return Mark(builder.name, start.line, start.column, end.line, end.column, builder.lines)


def _spanning(mark: Mark, builder: _Builder, end: Any) -> Mark:
    last = end.end_mark
    return Mark(mark.name, mark.line, mark.column, last.line, last.column, builder.lines)


def _text(builder: _Builder, mark: Mark) -> str:
    return builder.lines[mark.line][mark.column : mark.end_column].strip()


def _syntax_problem(builder: _Builder, error: MarkedYAMLError) -> Problem:
    place = error.problem_mark or error.context_mark
    mark = Mark(builder.name, place.line, place.column, place.line, place.column + 1, builder.lines) if place else None
    problem = " ".join(str(error.problem or error.context or "not valid YAML").split())
    line = builder.lines[place.line] if place and place.line < len(builder.lines) else ""
    if "\t" in line:
        problem += "; YAML does not allow a tab here, use spaces"
    elif "mapping values" in problem:
        problem += "; put a text with a colon in quotes"
    elif "expected ',' or" in problem:
        problem += "; a bracket or brace is not closed, or a text needs quotes"
    return Problem(mark, "", problem)
