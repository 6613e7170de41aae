"""A report as one HTML file that needs nothing else: no script, no request, readable on paper and on a phone."""

import hashlib
from base64 import b64encode
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Any

from simulator import report_order
from simulator.problems import printable
from simulator.report_drawing import drawing
from simulator.report_parts import Report, Table

if TYPE_CHECKING:
    from jinja2 import Environment

_LONG_TABLE, _BRIEF_CELL, _MANY_COLUMNS = 12, 28, 8


def page(report: Report) -> str:
    """Write a report as an HTML document; the same report gives the same bytes.

    All text is escaped, and drawings are written anew from their known shapes (see ``report_drawing``). The policy of
    the document allows its own style sheet, by its sum, and nothing else; embedded images only where there are any.
    Raises InputError where a drawing is not as this program draws.
    """
    # Takes a tenth of a second to load.
    from markupsafe import Markup

    environment = _environment()
    style = environment.get_template("report.css").render()
    drawings = {one.stem: drawing(one.svg, one.stem, one.title) for one in report.pictures}
    allowed = [f"style-src 'sha256-{b64encode(hashlib.sha256(style.encode()).digest()).decode()}'"]
    if any(one.has_pixels for one in drawings.values()):
        allowed.append("img-src data:")
    policy = "; ".join(("default-src 'none'", *allowed, "base-uri 'none'", "form-action 'none'"))
    return environment.get_template("report.html").render(
        report=report,
        order=report_order,
        # Our own, or written anew from known shapes: the only markup that is not escaped.
        style=Markup(style),  # noqa: S704
        policy=policy,
        drawings={stem: (Markup(one.markup), one.view_box) for stem, one in drawings.items()},  # noqa: S704
        checklist=[(section, list(items)) for section, items in groupby(report.checklist, lambda item: item.section)],
        is_long=_is_long,
        is_brief=_is_brief,
        has_many_columns=_has_many_columns,
    )


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("simulator"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finished,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _finished(value: Any) -> Any:
    """Take out what would end a line or turn the direction of text unseen; markup is not text."""
    return printable(value, keep="\n") if type(value) is str else value


def _is_long(table: Table) -> bool:
    """Whether a table gets a box of its own to scroll in, on a screen."""
    return len(table.rows) > _LONG_TABLE


def _is_brief(table: Table) -> bool:
    """Whether no cell but those of the first column has more words than a line holds."""
    return all(len(cell) <= _BRIEF_CELL for row in table.rows for cell in row[1:])


def _has_many_columns(table: Table) -> bool:
    """Whether a sheet of paper holds the columns only where words may be broken anywhere."""
    return len(table.header) > _MANY_COLUMNS
