"""What every form of a report shares: its sections in reading order, and what an assumption rests on, in words."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from simulator.report_parts import Assumption, Check, Table
from simulator.wording import listed

# What a report file of this program says of itself; whatever does not say it is not replaced unasked.
GENERATOR = "minesim report"

QUESTION = "Question"
ANSWER = "Answer"
CAVEATS = "Read this with the answer"
CHANGERS = "What would change the answer"
# The sections after the first page, by the name of their place in it.
SECTIONS = {
    "numbers": "The numbers behind the answer",
    "figures": "Figures",
    "assumptions": "What the result rests on",
    "checks": "Checks of the simulation",
    "limits": "Limits and scope",
    "checklist": "Reporting checklist (STRESS-DES)",
    "repeat": "How to repeat it",
}
BASIS = ("What", "Value", "Range", "Rests on", "Grade")
NO_SOURCE, ASSUMED, SOURCED = "NO SOURCE", "ASSUMPTION", "sourced"
_ASSUMPTION = "assumption"


def status(one: Assumption) -> str:
    """Say in a word what a number rests on."""
    if not one.source:
        return NO_SOURCE
    return ASSUMED if one.source == _ASSUMPTION else SOURCED


def by_status(assumptions: Sequence[Assumption]) -> list[Assumption]:
    """Put those without a source first, then those that are assumptions, in each in the order given."""
    return sorted(assumptions, key=lambda one: (NO_SOURCE, ASSUMED, SOURCED).index(status(one)))


def basis(assumptions: Sequence[Assumption]) -> str:
    """Say how many numbers rest on what."""
    if not assumptions:
        return "Nothing is listed that the result rests on."
    found = [status(one) for one in assumptions]
    parts = [
        f"{found.count(NO_SOURCE):,} without a source (marked {NO_SOURCE})",
        f"{found.count(ASSUMED):,} by assumption (marked {ASSUMED})",
        f"{found.count(SOURCED):,} from a source",
    ]
    return f"Of {len(found):,} numbers and laws, {listed(parts)}; those without a source come first."


def verdict(check: Check) -> str:
    """Say in a word how a check ended."""
    return "agrees" if check.agrees else "DOES NOT AGREE"


def web_link(link: str) -> str:
    """Return a link that leads to a page of the web; any other is no link."""
    try:
        parts = urlsplit(link)
    except ValueError:
        return ""
    return link if parts.scheme in {"http", "https"} and parts.netloc else ""


def number_columns(table: Table) -> frozenset[int]:
    """Find the columns that hold plain numbers alone, the first excepted: such columns are read from their right."""
    return frozenset(
        column
        for column in range(1, len(table.header))
        if table.rows and all(_is_number(row[column]) for row in table.rows)
    )


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "").removesuffix(" %"))
    except ValueError:
        return False
    return True
