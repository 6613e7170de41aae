"""Problems in the user's input: where, which rule, which value, and the way out; all of them at once."""

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

_WIDEST_LINE = 110
_LONGEST_MESSAGE = 500
_LONGEST_PATH = 200
_MOST_SHOWN = 500
_MOST_COMPARED = 1000

# Controls, surrogates, and what ends a line or turns the direction of text unseen: none may reach a terminal.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")


# What is wrong below one field: the path from that field, and a message.
Part = tuple[tuple[str | int, ...], str]


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a text: the file's name as the user gave it, 0-based line and columns, and the text's lines."""

    name: str
    line: int
    column: int
    end_line: int
    end_column: int
    # Not compared: thousands of problems of one file share these lines.
    lines: tuple[str, ...] = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with the input, at a place."""

    mark: Mark | None
    path: str
    message: str


class InputError(Exception):
    """The user's input is wrong; carries every problem found, in the order of the text."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(dict.fromkeys(problems), key=_order))
        super().__init__(render(self.problems))

    def __reduce__(self) -> tuple[Any, ...]:
        # An exception is rebuilt from its message unless told otherwise; a worker's error must arrive whole.
        return InputError, (self.problems,)


def input_error(message: str, *, mark: Mark | None = None, path: str = "") -> InputError:
    """Make an InputError of a single problem."""
    return InputError([Problem(mark, path, message)])


def render(problems: Sequence[Problem]) -> str:
    """Write problems as text, each as ``file:line:column: error: path: message`` with the line and a caret below.

    Nothing that a terminal would obey is passed on. Of more than 500 problems, the rest is counted.
    """
    texts = [_render_one(problem) for problem in problems[:_MOST_SHOWN]]
    if len(problems) > _MOST_SHOWN:
        texts.append(f"… and {len(problems) - _MOST_SHOWN:,} more problems")
    return "\n".join(texts)


def printable(text: str, keep: str = "") -> str:
    """Return the text with a question mark for every control or direction character not in ``keep``."""
    return _UNSAFE.sub(lambda match: match[0] if match[0] in keep else "?", text)


def closest(word: object, known: Collection[str], cutoff: float = 0.6) -> str | None:
    """Find the known word nearest to a misspelt one; None where nothing is near, or there is too much to compare."""
    word = str(word)
    if len(word) > 80 or len(known) > _MOST_COMPARED:
        return None
    by_lower_case = {name.lower(): name for name in known}
    close = get_close_matches(word.lower(), by_lower_case, n=1, cutoff=cutoff)
    return by_lower_case[close[0]] if close else None


def unknown_key(key: object, known: tuple[str, ...]) -> str:
    """Write the message for a key that does not exist, with the closest one that does."""
    close = closest(key, known)
    return f"unknown key, did you mean '{close}'?" if close else f"unknown key (known: {', '.join(known)})"


def _order(problem: Problem) -> tuple[str, int, int]:
    mark = problem.mark
    return (mark.name, mark.line, mark.column) if mark else ("", -1, -1)


def _render_one(problem: Problem) -> str:
    path = f"{_shortened(problem.path, _LONGEST_PATH)}: " if problem.path else ""
    text = path + _shortened(problem.message, _LONGEST_MESSAGE)
    mark = problem.mark
    if mark is None:
        return f"error: {text}"
    head = f"{printable(mark.name)}:{mark.line + 1}:{mark.column + 1}: error: {text}"
    if not mark.line < len(mark.lines):
        return head
    line, column = mark.lines[mark.line], mark.column
    end = mark.end_column if mark.end_line == mark.line else len(line)
    offset = max(0, column - _WIDEST_LINE // 2) if len(line) > _WIDEST_LINE else 0
    shown = printable(line[offset : offset + _WIDEST_LINE].rstrip().replace("\t", " "))
    before, under = shown[: column - offset], shown[column - offset : end - offset]
    carets = " " * _columns(before) + "^" * max(1, _columns(under))
    return f"{head}\n{mark.line + 1:>5} | {shown}\n      | {carets}"


def _shortened(text: str, most: int) -> str:
    return printable(text if len(text) <= most else f"{text[: most // 2]} … {text[-most // 4 :]}")


def _columns(text: str) -> int:
    """Count the columns a text takes on a terminal: two for wide characters, none for those that combine."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )
