"""Single mistakes, made systematically in a scenario file: a key deleted, misspelt or doubled, a value of a wrong kind.

A mutant is the text of the original with one edit at the place of one key, so that the original's comments, its
notation and the places of everything else stay what an analyst would have in front of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode


@dataclass(frozen=True)
class Entry:
    """A key of a file with its value: indices into the text, and the number of the key's and the value's last line."""

    path: str
    key: str
    key_start: int
    key_end: int
    start: int
    end: int
    lines: range
    in_flow: bool
    siblings: int
    value: str | None
    """The value as written; None for a mapping or a list."""


@dataclass(frozen=True)
class Mutant:
    """A text with one mistake in it; ``key`` must be named and ``lines`` (from 0) be pointed into.

    ``says`` is a piece of the message; None means that the mutant is no mistake and must load.
    """

    name: str
    text: str
    key: str
    lines: range
    says: str | None


def entries(text: str) -> list[Entry]:
    """Find every key of a YAML text, in its order."""
    return list(_entries(YAML(typ="safe", pure=True).compose(text), ""))


def _entries(node: Node, path: str) -> Iterator[Entry]:
    if isinstance(node, SequenceNode):
        for index, item in enumerate(node.value):
            yield from _entries(item, f"{path}.{index}")
    if not isinstance(node, MappingNode):
        return
    for key, value in node.value:
        here = f"{path}.{key.value}".lstrip(".")
        yield Entry(
            here, key.value, key.start_mark.index, key.end_mark.index, value.start_mark.index, value.end_mark.index,
            range(key.start_mark.line, max(key.start_mark.line, _last_line(value)) + 1), bool(node.flow_style),
            len(node.value), value.value if isinstance(value, ScalarNode) else None,
        )  # fmt: skip
        yield from _entries(value, here)


def _last_line(node: Node) -> int:
    if isinstance(node, ScalarNode) or node.flow_style or not node.value:
        return node.end_mark.line
    last = node.value[-1]
    return _last_line(last[1] if isinstance(node, MappingNode) else last)


def parent(entry: Entry, all_entries: list[Entry]) -> range:
    """Give the lines of the mapping that an entry stands in; the first line with a key for the file itself."""
    above = entry.path.removesuffix(entry.key).rstrip(".")
    return next((other.lines for other in all_entries if other.path == above), range(all_entries[0].lines[0] + 1))


def misspelt(text: str, entry: Entry) -> tuple[str, str]:
    """Write the middle letter of a key twice; gives the text and the key as misspelt."""
    middle = len(entry.key) // 2
    wrong = entry.key[:middle] + entry.key[middle] + entry.key[middle:]
    return text[: entry.key_start] + wrong + text[entry.key_end :], wrong


def with_value(text: str, entry: Entry, value: str) -> str:
    """Put another value in place of an entry's."""
    if entry.value is None and text[entry.start] not in "[{":
        # A mapping in block style ends where the next key begins: replace whole lines.
        lines = text.split("\n")
        first = entry.lines[0]
        head = text[text.rfind("\n", 0, entry.key_start) + 1 : entry.key_end]
        return "\n".join([*lines[:first], f"{head}: {value}", *lines[entry.lines[-1] + 1 :]])
    return text[: entry.start] + value + text[entry.end :]


def doubled(text: str, entry: Entry) -> tuple[str, range]:
    """Repeat an entry right after itself; gives the text and the lines of the copy."""
    if entry.in_flow:
        copy = text[entry.key_start : entry.end]
        return text[: entry.end] + ", " + copy + text[entry.end :], entry.lines
    lines = text.split("\n")
    own = lines[entry.lines[0] : entry.lines[-1] + 1]
    after = entry.lines[-1] + 1
    return "\n".join([*lines[:after], *own, *lines[after:]]), range(after, after + len(own))


def deleted(text: str, entry: Entry) -> str:
    """Take an entry out, with its comma in flow style and its lines in block style."""
    if not entry.in_flow:
        lines = text.split("\n")
        return "\n".join(lines[: entry.lines[0]] + lines[entry.lines[-1] + 1 :])
    before, after = text[: entry.key_start], text[entry.end :]
    if after.startswith(", "):
        return before + after[2:]
    return before.removesuffix(", ") + after


def matches(path: str, patterns: tuple[str, ...]) -> bool:
    """Say whether a path is like one of the patterns, in which ``*`` stands for anything."""
    return any(fnmatchcase(path, pattern) for pattern in patterns)
