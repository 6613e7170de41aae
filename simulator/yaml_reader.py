"""Reading YAML safely: the only door to the YAML library.

The event stream of ruamel.yaml is read once, refused as soon as it passes a limit, and built into plain values that
remember their place. Nothing is constructed from tags, aliases share the node they name, and a duplicate key is a
problem, not a choice.
"""

import codecs
import io
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML, events
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from simulator.problems import Mark, Problem, input_error, printable
from simulator.yaml_syntax import syntax_problem

MAX_BYTES = 1 << 20
MAX_DEPTH = 32
MAX_NODES = 50_000
MAX_SCALAR = 20_000
MAX_NUMBER = 64
MAX_ALIASES = 100

_MARKS_OF_ORDER = {
    codecs.BOM_UTF32_LE: "UTF-32", codecs.BOM_UTF32_BE: "UTF-32", codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}  # fmt: skip
_LINE_END = re.compile(r"\r\n|\r|\n")
_NOT_IN_TAGS = re.compile(r"[\s{}\"]+")
# YAML 1.2.2, section 10.3.2 (core schema), without its .inf and .nan: no key takes them. Not the library's resolver,
# which also reads 1_000 and 0b1.
_NULLS = ("", "~", "null", "Null", "NULL")
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_DECIMAL = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")

Keys = tuple[str, ...]


@dataclass(slots=True)
class Node:
    """A value of the file with its place. ``value`` is a scalar, a dict of Nodes or a list of Nodes."""

    value: Any
    mark: Mark
    key_mark: Mark | None = None
    in_flow: bool = False


@dataclass(frozen=True, slots=True)
class _Anchored:
    node: Node
    nodes: int
    height: int


@dataclass(slots=True)
class _Builder:
    name: str
    lines: tuple[str, ...]
    problems: list[Problem]
    last: Mark
    nodes: int = 0
    aliases: int = 0
    deepest: int = 0
    anchors: dict[str, _Anchored] = field(default_factory=dict)


def read_yaml(path: Path, name: str, problems: list[Problem]) -> Node:
    """Read the one document of a file as a Node; ``name`` is what messages call it.

    What can be read past (a duplicate key, a tag) is appended to ``problems``, for the caller to report with the rest.
    Raises InputError when the file cannot be read, is no regular file, is too large, is not UTF-8, or is not
    acceptable YAML.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            kind = "a folder" if stat.S_ISDIR(status.st_mode) else "not a regular file"
            raise input_error(f"{name}: is {kind}, expected a scenario file")
        if status.st_size > MAX_BYTES:
            raise input_error(f"{name}: has {status.st_size:,} bytes, a scenario has at most {MAX_BYTES:,} (1 MiB)")
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise input_error(f"{name}: cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise input_error(f"{name}: is not a file name: {error}") from None
    return parse_yaml(raw, name, problems)


def parse_yaml(raw: bytes, name: str, problems: list[Problem], shown: tuple[str, ...] | None = None) -> Node:
    """Read one YAML 1.2 document from bytes; see `read_yaml`. Raises InputError.

    ``shown`` are the lines that messages quote, if other than the text itself.
    """
    if len(raw) > MAX_BYTES:
        raise input_error(f"{name}: has more than {MAX_BYTES:,} bytes (1 MiB)")
    text = _decoded(raw, name)
    lines = shown or tuple(_LINE_END.split(text))
    _refuse_controls(text, name, lines)
    if "!" in text and any("!" in word and len(word) > MAX_SCALAR for word in _NOT_IN_TAGS.split(text)):
        # No tag is accepted; the library takes time that grows with the square of its length to read one.
        raise input_error(f"{name}: has a tag of more than {MAX_SCALAR:,} characters, and no tags are accepted")
    builder = _Builder(name, lines, problems, Mark(name, 0, 0, 0, 1, lines))
    try:
        return _document(builder, _events(text))
    except MarkedYAMLError as error:
        place, message = syntax_problem(error, lines)
        line, column = place or (builder.last.line, builder.last.column)
        raise input_error(message, mark=Mark(name, line, column, line, column + 1, lines)) from None
    except YAMLError:
        raise input_error("cannot be understood as YAML 1.2 here or below", mark=builder.last) from None


def plain(node: Node) -> Any:
    """Return the node's value as dicts, lists and scalars, without places."""
    if isinstance(node.value, dict):
        return {key: plain(child) for key, child in node.value.items()}
    if isinstance(node.value, list):
        return [plain(child) for child in node.value]
    return node.value


def _decoded(raw: bytes, name: str) -> str:
    raw = raw.removeprefix(codecs.BOM_UTF8)
    encoding = next((word for mark, word in _MARKS_OF_ORDER.items() if raw.startswith(mark)), None)
    if encoding is not None:
        raise input_error(f"{name}: is {encoding} text; save it as UTF-8")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        lines = tuple(_LINE_END.split(raw.decode("utf-8", "replace")))
        before = _LINE_END.split(raw[: error.start].decode("utf-8"))
        line, column = len(before) - 1, len(before[-1])
        mark = Mark(name, line, column, line, column + 1, lines)
        raise input_error(f"is not UTF-8 text (byte {raw[error.start]:02X}); save it as UTF-8", mark=mark) from None


def _refuse_controls(text: str, name: str, lines: tuple[str, ...]) -> None:
    # Comments and bare text are looked at here; what an escape such as "\x1b" makes is looked at in _scalar.
    cleaned = printable(text, keep="\t\n\r")
    if cleaned == text:
        return
    place = next(index for index, (old, new) in enumerate(zip(text, cleaned, strict=True)) if old != new)
    before = _LINE_END.split(text[:place])
    line, column = len(before) - 1, len(before[-1])
    message = f"an invisible control character (U+{ord(text[place]):04X}) stands here, remove it"
    raise input_error(message, mark=Mark(name, line, column, line, column + 1, lines))


def _events(text: str) -> Iterator[events.Event]:
    yaml = YAML(typ="safe", pure=True)
    yaml.version = (1, 2)
    try:
        yield from yaml.parse(io.StringIO(text))
    except YAMLError:
        raise
    except Exception as error:
        # The library asserts, overflows or runs out of a list on some malformed directives and escapes.
        raise YAMLError(str(error)) from None


def _document(builder: _Builder, stream: Iterator[events.Event]) -> Node:
    root: Node | None = None
    for event in stream:
        if isinstance(event, events.DocumentStartEvent):
            if root is not None:
                raise input_error("only one YAML document is accepted", mark=_mark(builder, event))
            if event.version is not None and tuple(event.version) != (1, 2):
                message = "a scenario is YAML 1.2, remove the line that says otherwise"
                builder.problems.append(Problem(Mark(builder.name, 0, 0, 0, 1, builder.lines), "", message))
        elif isinstance(event, events.NodeEvent):
            root = _node(builder, stream, event, (), in_flow=False)
    if root is None:
        raise input_error("is empty, or has nothing but comments", mark=builder.last)
    return root


def _node(builder: _Builder, stream: Iterator[events.Event], event: Any, path: Keys, *, in_flow: bool) -> Node:
    mark = builder.last = _mark(builder, event)
    builder.nodes += 1
    if builder.nodes > MAX_NODES:
        raise input_error(f"more than {MAX_NODES:,} values", mark=mark)
    if isinstance(event, events.AliasEvent):
        return _alias(builder, event, mark, path, in_flow=in_flow)
    _descend(builder, len(path), mark)
    if event.ctag is not None and str(event.ctag) not in {"", "!"}:
        tag = str(event.ctag).replace("tag:yaml.org,2002:", "!!")
        builder.problems.append(Problem(mark, ".".join(path), f"tags such as '{tag}' are not accepted, remove it"))
    first, above, anchor = builder.nodes, builder.deepest, getattr(event, "anchor", None)
    builder.deepest = len(path)
    if isinstance(event, events.ScalarEvent):
        node = Node(_scalar(builder, event, mark, path), mark, in_flow=in_flow)
    elif isinstance(event, events.SequenceStartEvent):
        items: list[Node] = []
        while not isinstance(event := next(stream), events.SequenceEndEvent):
            items.append(_node(builder, stream, event, (*path, str(len(items))), in_flow=True))
        node = Node(items, _spanning(mark, builder, event), in_flow=in_flow)
    else:
        node = _mapping(builder, stream, event, path, mark)
    if anchor:
        builder.anchors[anchor] = _Anchored(node, builder.nodes - first + 1, builder.deepest - len(path))
    builder.deepest = max(above, builder.deepest)
    return node


def _descend(builder: _Builder, depth: int, mark: Mark) -> None:
    if depth > MAX_DEPTH:
        raise input_error(f"nested more than {MAX_DEPTH} levels deep", mark=mark)
    builder.deepest = max(builder.deepest, depth)


def _mapping(builder: _Builder, stream: Iterator[Any], start: Any, path: Keys, mark: Mark) -> Node:
    entries: dict[str, Node] = {}
    in_flow = bool(start.flow_style)
    while not isinstance(event := next(stream), events.MappingEndEvent):
        key = _node(builder, stream, event, (*path, "?"), in_flow=in_flow)
        # A key such as `12:` or `true:` is a name all the same: the text as written.
        written = isinstance(event, events.ScalarEvent) and not isinstance(key.value, str)
        name = event.value if written and key.value is not None else key.value
        below = (*path, name) if isinstance(name, str) else path
        value = _node(builder, stream, next(stream), below if len(below) > len(path) else (*path, "?"), in_flow=in_flow)
        if not isinstance(name, str):
            message = "a key must be a word, got a mapping, a list or nothing"
            builder.problems.append(Problem(key.mark, ".".join(path), message))
        elif name == "<<":
            message = "merge keys ('<<') are not part of YAML 1.2, use 'extends'"
            builder.problems.append(Problem(key.mark, ".".join(path), message))
        elif name in entries:
            line = (entries[name].key_mark or mark).line + 1
            message = f"duplicate key, first given in line {line}; keep one"
            builder.problems.append(Problem(key.mark, ".".join(below), message))
        else:
            # An alias may stand in several places: each keeps its own key mark on a shallow copy. A value left out has
            # its place, to the library, where the next thing begins; the analyst looks at the key.
            place = value.mark if value.value is not None or value.mark.end_column > value.mark.column else key.mark
            entries[name] = Node(value.value, place, key.mark, value.in_flow)
    return Node(entries, _spanning(mark, builder, event), in_flow=in_flow)


def _alias(builder: _Builder, event: Any, mark: Mark, path: Keys, *, in_flow: bool) -> Node:
    builder.aliases += 1
    if event.anchor not in builder.anchors:
        raise input_error(f"alias '*{event.anchor}' names nothing before it; put a text with '*' in quotes", mark=mark)
    anchored = builder.anchors[event.anchor]
    builder.nodes += anchored.nodes
    _descend(builder, len(path) + anchored.height, mark)
    if builder.aliases > MAX_ALIASES or builder.nodes > MAX_NODES:
        raise input_error(f"more than {MAX_ALIASES} aliases, or {MAX_NODES:,} values once expanded", mark=mark)
    return Node(anchored.node.value, mark, in_flow=in_flow)


def _scalar(builder: _Builder, event: Any, mark: Mark, path: Keys) -> Any:
    text = event.value
    if len(text) > MAX_SCALAR:
        raise input_error(f"a text of {len(text):,} characters, at most {MAX_SCALAR:,} are accepted", mark=mark)
    cleaned = printable(text, keep="\t\n")
    if cleaned != text:
        builder.problems.append(Problem(mark, ".".join(path), "has an invisible control character, remove it"))
    return _resolved(cleaned) if event.implicit[0] else cleaned


def _resolved(text: str) -> str | int | float | bool | None:
    """Say what a text without quotes means: nothing, true or false, a finite number of sane length, or a text."""
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if len(text) > MAX_NUMBER:
        return text
    if _INTEGER.fullmatch(text):
        return int(text, 0) if text[:2] in {"0x", "0o"} else int(text)
    if _DECIMAL.fullmatch(text) and abs(value := float(text)) < float("inf"):
        return value
    return text


def _mark(builder: _Builder, event: Any) -> Mark:
    start, end = event.start_mark, event.end_mark
    return Mark(builder.name, start.line, start.column, end.line, end.column, builder.lines)


def _spanning(mark: Mark, builder: _Builder, end: Any) -> Mark:
    last = end.end_mark
    return Mark(mark.name, mark.line, mark.column, last.line, last.column, builder.lines)
