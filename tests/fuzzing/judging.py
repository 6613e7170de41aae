"""What the fuzzer lets pass: success, or a refusal that an analyst can read. Anything else is a finding."""

import re
from collections.abc import Callable
from typing import TypeVar

from simulator.problems import InputError, Problem

MOST_PROBLEMS = 60_000  # a file has at most 50,000 values
MOST_LINES = 3 * 500 + 1  # each problem shown takes three lines, and the rest is counted
LONGEST_LINE = 1_500
# How Python, and the libraries below, write what is none of the analyst's business.
_INNER = re.compile(
    r"<(?:class|function|module|bound method|built-in) |<[\w.]+ object at |\bat 0x[0-9a-f]{6,}|Traceback"
    r"|\b(?:Node|Mark|Problem|Quantity|Dimension|FieldInfo|OrderedDict|mappingproxy|ValidationError|PosixPath"
    r"|PydanticUndefined|float64|int64|array|dict_keys|Decimal)\(|\[type=\w+, input_"
)
Result = TypeVar("Result")


class Finding(AssertionError):  # noqa: N818 (what the word means to who fuzzes)
    """Something that the program must not do."""


def check(holds: bool, what: str) -> None:
    """Raise Finding where something does not hold."""
    if not holds:
        raise Finding(what)


def judged(text: str, act: Callable[[], Result]) -> Result | None:
    """Do something with a text: what comes of it, or None where it was refused as it should be."""
    try:
        return act()
    except InputError as error:
        judge_refusal(error, text)
        return None


def judge_refusal(error: InputError, text: str) -> None:
    """Raise Finding unless a refusal names sane places, in a bounded number of words that a terminal may show."""
    check(0 < len(error.problems) <= MOST_PROBLEMS, f"{len(error.problems)} problems")
    for problem in error.problems:
        _judge_place(problem)
        check(bool(problem.message.strip()), "a problem without a message")
        inner = _INNER.search(problem.message)
        check(inner is None or inner[0] in text, f"inner workings in a message: {problem.message}")
    judge_words(str(error))


def judge_words(words: str) -> None:
    """Raise Finding where a terminal would obey something, or lines have no end."""
    lines = words.split("\n")
    check(len(lines) <= MOST_LINES, f"{len(lines)} lines")
    check(max(map(len, lines)) <= LONGEST_LINE, f"a line of {max(map(len, lines))} characters")
    unsafe = [character for line in lines for character in line if not _is_harmless(character)]
    check(not unsafe, f"a terminal is shown {unsafe[:3]!r}")


def _is_harmless(character: str) -> bool:
    """Whether it is shown, or neither shown nor obeyed, such as the spaces of other scripts."""
    return character.isprintable() or not re.match(
        "[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]", character
    )


def _judge_place(problem: Problem) -> None:
    mark = problem.mark
    if mark is None or not mark.lines:
        return
    check(0 <= mark.line < len(mark.lines), f"line {mark.line} of {len(mark.lines)}: {problem.message}")
    check(mark.line <= mark.end_line < len(mark.lines), f"ends in line {mark.end_line} of {len(mark.lines)}")
    # The place after the last character is where something is missing.
    check(0 <= mark.column <= len(mark.lines[mark.line]) + 1, f"column {mark.column}: {problem.message}")
    check(0 <= mark.end_column <= len(mark.lines[mark.end_line]) + 1, f"ends in column {mark.end_column}")
    check((mark.line, mark.column) <= (mark.end_line, mark.end_column), f"ends before it begins: {problem.message}")
