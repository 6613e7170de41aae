"""CSV text cut in fields that know where they stand, and the numbers in them."""

import math
import re
from dataclasses import dataclass

from simulator.problems import Mark, Problem, printable

MOST_COLUMNS = 200

_FIELD = re.compile(r'\s*"(?P<quoted>[^"]*(?:""[^"]*)*)"\s*(?=,|$)|(?P<plain>[^,]*)')
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_LOOKALIKES = (
    (re.compile(r"[+-]?\d{1,3}(?:[,' \u00a0\u202f]\d{3})+(?:\.\d*)?"), "write it without thousands separators"),
    (re.compile(r"[+-]?\d+,\d+"), "write decimals with a point"),
    (re.compile(r"[+-]?[\d.]+ ?[°º].*|.*\d ?[NSEWnsew]"), "write decimal degrees, south and west negative"),
    (re.compile(r"[−–—‐‑].*"), "the minus is not a plain '-'"),
)


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a line, without its quotes and the spaces around it, and the columns it stands in."""

    text: str
    start: int
    end: int
    open: bool  # begins with a quote that does not end it


def fields_of(line: str) -> list[Field]:
    """Cut a line at its commas, those in quotes aside; spaces around a field are left out."""
    fields: list[Field] = []
    place = 0
    while True:
        match = _FIELD.match(line, place)
        if match is None:
            raise AssertionError("the empty field always matches")
        written = match[0].strip()
        start = match.start() + len(match[0]) - len(match[0].lstrip())
        quoted = match["quoted"]
        text = written if quoted is None else quoted.replace('""', '"').strip()
        fields.append(Field(text, start, start + len(written), quoted is None and written.startswith('"')))
        place = match.end() + 1
        if place > len(line) or len(fields) > MOST_COLUMNS:
            return fields


def part_of(mark: Mark, start: int, end: int) -> Mark:
    """Mark the columns from ``start`` to before ``end`` of the line of a mark."""
    return Mark(mark.name, mark.line, start, mark.line, end, mark.lines)


def form_problem(whole: Mark, fields: list[Field], width: int) -> Problem | None:
    """Say what is wrong with the form of a row: its characters, its quotes, or the number of its fields."""
    line = whole.lines[whole.line]
    cleaned = printable(line, keep="\t")
    if cleaned != line:
        place = next(index for index, pair in enumerate(zip(line, cleaned, strict=True)) if pair[0] != pair[1])
        message = f"an invisible control character (U+{ord(line[place]):04X}) stands here, remove it"
        return Problem(part_of(whole, place, place + 1), "", message)
    if opened := [field for field in fields if field.open]:
        message = "a quote opens here that does not close before the next comma or the line's end"
        return Problem(part_of(whole, opened[0].start, opened[0].start + 1), "", message)
    if len(fields) > width:
        extra = part_of(whole, fields[width].start, max(fields[-1].end, fields[width].start + 1))
        hint = "put a name with a comma in quotes, write decimals with a point"
        return Problem(extra, "", f"has {len(fields)} fields, the header {width}; {hint}")
    if len(fields) < width:
        hint = "; save it with commas" if len(fields) == 1 and ";" in line else ""
        return Problem(whole, "", f"has {len(fields)} of the header's {width} fields{hint}")
    return None


def number_in(text: str) -> float | str:
    """Read a number, or say what is wrong with it."""
    if len(text) <= 64 and _NUMBER.fullmatch(text) and abs(value := float(text)) < math.inf:
        return value
    if not text:
        return "must be a number, this is empty"
    hint = next((f"; {way_out}" for pattern, way_out in _LOOKALIKES if pattern.fullmatch(text[:64])), "")
    return f"must be a finite number, got '{text[:64]}'{hint}"
