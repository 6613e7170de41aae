"""A report as Markdown, as GitHub and pandoc read it; pandoc makes a Word file of it."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING

from simulator import report_order
from simulator.problems import printable
from simulator.report_parts import Assumption, Report, Table

if TYPE_CHECKING:
    from jinja2 import Environment

# What begins a code, an emphasis, a link, a tag, a cell, a formula, a citation or a letter raised or lowered.
_SPECIAL = re.compile(r"[\\`*{}\[\]<>|~^$@]|(?<!\w)_|_(?!\w)|&(?=[#\w])|--|(?<=\.)\.\.|https?:|www\.")
_AT_THE_START = re.compile(r"(?:[-+=#:%]|\(?\w+[.)](?=\s|$))")
_WIDEST, _NARROWEST = 32, 12


def document(report: Report, images: Mapping[str, str]) -> str:
    """Write a report as Markdown; the same report gives the same text.

    ``images`` holds the address of the image of each picture by its stem, empty where there is none. All text is
    escaped: none of it is read as Markdown or HTML.
    """
    return (
        _environment()
        .get_template("report.md")
        .render(
            report=report,
            order=report_order,
            images=images,
            checklist=[
                (section, list(items)) for section, items in groupby(report.checklist, lambda item: item.section)
            ],
            text=_text,
            line=_line,
            code=_code,
            table=_table,
            basis=_basis,
        )
    )


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    # Markdown escapes in its own way, by the functions of the template.
    return Environment(  # noqa: S701
        loader=PackageLoader("simulator"), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def _text(text: str) -> str:
    """Write a text within a line."""
    return _SPECIAL.sub(lambda found: f"\\{found[0]}" if len(found[0]) == 1 else _parted(found[0]), _plain(text))


def _parted(characters: str) -> str:
    """Write characters that mean something only beside each other: ``--`` is no dash, an address no link."""
    if characters.startswith(("http", "www")):
        return f"{characters[:-1]}\\{characters[-1]}"
    return "".join(f"\\{character}" for character in characters)


def _line(text: str) -> str:
    """Write a text that begins a line."""
    escaped = _text(text)
    found = _AT_THE_START.match(escaped)
    if found is None:
        return escaped
    last = found.end() - 1
    return f"{escaped[:last]}\\{escaped[last:]}"


def _code(text: str) -> str:
    """Write a text to be read letter by letter, within more ticks than it holds beside each other."""
    plain = _plain(text)
    ticks = "`" * (1 + max((len(run) for run in re.findall("`+", plain)), default=0))
    space = " " if plain.startswith("`") or plain.endswith("`") else ""
    return f"{ticks}{space}{plain}{space}{ticks}" if plain else ""


def _table(table: Table) -> str:
    caption = f"**{_text(table.caption)}**\n\n"
    rows = [[_text(cell) for cell in row] for row in (table.header, *table.rows)]
    note = f"\n\n{_line(table.note)}" if table.note else ""
    return f"{caption}{_pipes(rows, report_order.number_columns(table))}{note}"


def _basis(assumptions: Sequence[Assumption]) -> str:
    """The table of what the result rests on, and the notes below it: they are too long for cells."""
    rows, notes = [list(report_order.BASIS)], []
    for one in report_order.by_status(assumptions):
        where = f"{_text(one.path)} ({_text(', '.join(one.scenarios))})"
        value, told = _text(one.value), _text(one.range or "none stated")
        rows.append([where, value, told, _rests_on(one), _text(one.grade or "not graded")])
        if one.note:
            notes.append(f"- {where}: {_text(one.note)}")
    table = _pipes(rows, frozenset())
    return "\n".join((table, "", "Notes on them:", "", *notes)) if notes else table


def _rests_on(one: Assumption) -> str:
    status = report_order.status(one)
    if status != report_order.SOURCED:
        return f"**{status}**"
    cited, link = _text(one.citation or one.source), report_order.web_link(one.link)
    # Between < and > an address may hold anything but these and the end of a line; a bar would end the cell.
    address = "".join(f"%{ord(character):02X}" if character in "<>|\\ `" else character for character in _plain(link))
    return f"{status}: [{cited}](<{address}>)" if link else f"{status}: {cited}"


def _pipes(rows: Sequence[Sequence[str]], numbers: frozenset[int]) -> str:
    """Write a table with bars; columns get the width their words need, as pandoc reads it off the second line."""
    widths = [min(_WIDEST, max(_NARROWEST, *map(len, column))) for column in zip(*rows, strict=True)]
    rule = [f"{'-' * (width - 1)}{':' if place in numbers else '-'}" for place, width in enumerate(widths)]
    lines = [f"| {' | '.join(cells)} |" for cells in (rows[0], *rows[1:])]
    return "\n".join((lines[0], f"|{'|'.join(rule)}|", *lines[1:]))


def _plain(text: str) -> str:
    """One line, without what turns or ends it unseen."""
    return " ".join(printable(text, keep="\n").split())
