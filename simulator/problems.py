"""Problems in the user's input: where, which rule, which value, and the way out; all of them at once."""

from collections.abc import Sequence
from dataclasses import dataclass

_WIDEST_LINE = 110


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a text: the file's name as the user gave it, 0-based line and columns, and the text's lines."""

    name: str
    line: int
    column: int
    end_line: int
    end_column: int
    lines: tuple[str, ...]


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


def input_error(message: str, *, mark: Mark | None = None, path: str = "") -> InputError:
    """An InputError with a single problem."""
    return InputError([Problem(mark, path, message)])


def render(problems: Sequence[Problem]) -> str:
    """The problems as text, each as ``file:line:column: error: path: message`` with the line and a caret below."""
    return "\n".join(_render_one(problem) for problem in problems)


def _order(problem: Problem) -> tuple[str, int, int]:
    mark = problem.mark
    return (mark.name, mark.line, mark.column) if mark else ("", -1, -1)


def _render_one(problem: Problem) -> str:
    path = f"{problem.path}: " if problem.path else ""
    mark = problem.mark
    if mark is None:
        return f"error: {path}{problem.message}"
    head = f"{mark.name}:{mark.line + 1}:{mark.column + 1}: error: {path}{problem.message}"
    if not mark.line < len(mark.lines):
        return head
    line, column = mark.lines[mark.line].replace("\t", " "), mark.column
    end = mark.end_column if mark.end_line == mark.line else len(line.rstrip())
    width = max(1, min(end, len(line)) - column)
    offset = max(0, column - _WIDEST_LINE // 2) if len(line) > _WIDEST_LINE else 0
    shown = line[offset : offset + _WIDEST_LINE].rstrip()
    width = max(1, min(width, len(shown) - (column - offset)))
    number = f"{mark.line + 1:>5}"
    printable = "".join(character if character.isprintable() else "?" for character in shown)
    return f"{head}\n{number} | {printable}\n      | {' ' * (column - offset)}{'^' * width}"
