"""What the YAML library says of a malformed text, in the words of someone who edits scenario files."""

import re
from collections.abc import Sequence
from typing import Any

from ruamel.yaml.error import MarkedYAMLError

_LONGEST_KEY = 1024  # YAML 1.2.2, section 7.4.2: an implicit key is at most this long

# A rule is a pattern for "context: problem", the message, and whether the place is where the construct began.
_RULES: tuple[tuple[str, str, bool], ...] = (
    (r"found character '\\t'", "a tab is not allowed here, use spaces", False),
    (r"found character ['\"](.)['\"] that cannot start", "a text cannot start with '{0}', put it in quotes", False),
    (
        r"found unexpected (?:end of stream|document separator)",
        "the quotation mark opened here is never closed",
        True,
    ),
    (
        r"could not find expected ':'",
        "is not a key with a colon and a space after it; or check the indentation",
        True,
    ),
    (r"sequence entries are not allowed", "a list item ('- …') must begin on a line of its own", False),
    (r"mapping keys are not allowed", "a text that starts with '?' must be in quotes", False),
    (
        r"mapping values are not allowed|found unexpected ':'",
        "a colon is not expected here: put a text that contains a colon in quotes, or check the indentation",
        False,
    ),
    (
        r"directive|duplicate tag handle|incompatible YAML",
        "a line that starts with '%' is an instruction to YAML, remove it; a scenario needs none",
        True,
    ),
    (r"scanning an (?:alias|anchor)", "a text that starts with '*' or '&' must be in quotes", True),
    (r"undefined tag|scanning a tag|parsing an? tag", "a text that starts with '!' must be in quotes", True),
    (
        r"block scalar",
        "after '|' or '>' nothing may stand on the line, and the lines below are indented alike; or use quotes",
        True,
    ),
    (
        r"escape",
        "in double quotes a backslash starts a code such as \\n: use single quotes, or write two backslashes",
        False,
    ),
    (r"after document end|but found \('<document", "only one YAML document is accepted", False),
    (
        r"expected '<document start>'|expected <block end>",
        "does not fit what stands before: check the indentation, and put a text with quotes or brackets in quotes",
        False,
    ),
    (
        r"expected the node content, but found '([^<].*|-)'",
        "a value is missing before '{0}', or a text that starts with it needs quotes",
        False,
    ),
    (r"expected the node content", "a value is missing here, or a bracket or brace is not closed", False),
    (
        r"parsing a flow (?:sequence|mapping).*but got '<(?:stream|document)",
        "the bracket or brace opened here is never closed",
        True,
    ),
    (
        r"expected ',' or '(.)', but got",
        "expected a comma or '{0}' here: a bracket or brace is not closed, or a text with , : or quotes needs quotes",
        False,
    ),
)


def syntax_problem(error: MarkedYAMLError, lines: Sequence[str]) -> tuple[tuple[int, int] | None, str]:
    """Explain a syntax error: its place as (line, column), both from 0, or None; and what to do about it."""
    said = " ".join(f"{error.context or ''}: {error.problem or ''}".split())
    message, from_start = said.removeprefix(": ") or "not valid YAML", False
    for pattern, text, begins in _RULES:
        if match := re.search(pattern, said):
            message, from_start = text.format(*match.groups()), begins
            break
    marks = (error.context_mark, error.problem_mark) if from_start else (error.problem_mark, error.context_mark)
    mark: Any = next((mark for mark in marks if mark is not None), None)
    if mark is None:
        return None, message
    line, column = mark.line, mark.column
    while line > 0 and not (line < len(lines) and lines[line].strip()):
        # The library notices at the end of the text; the analyst looks at the last line that has something in it.
        line -= 1
        column = len(lines[line].rstrip()) if line < len(lines) else 0
    if "expected ':'" in said and line < len(lines) and lines[line].find(":", column) > column + _LONGEST_KEY:
        message = f"a key has at most {_LONGEST_KEY:,} characters"
    return (line, column), message
