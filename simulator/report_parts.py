"""What a report consists of, as text and tables: no markup, so that every form of it says the same."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as people read them; ``caption`` says what is in them, ``note`` how they are to be read."""

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""

    def __post_init__(self) -> None:
        """A result that someone has changed may hold anything where a label is expected: it shows here at once."""
        if not all(isinstance(cell, str) for row in (self.header, *self.rows) for cell in row):
            raise TypeError(f"a cell of the table {self.caption!r} is no text")


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure of the result: its title, what it shows for those who do not see it, the drawing, and its numbers."""

    stem: str
    title: str
    description: str
    svg: str
    table: Table | None


@dataclass(frozen=True, slots=True)
class Assumption:
    """A number or law that the result rests on, as written in the scenarios named.

    ``source`` is empty where none is given, else its key; ``citation`` and ``link`` are empty where the key is
    ``assumption``.
    """

    path: str
    scenarios: tuple[str, ...]
    value: str
    range: str
    source: str
    citation: str
    link: str
    grade: str
    note: str


@dataclass(frozen=True, slots=True)
class Check:
    """A scenario's simulation held against its closed form, or against the engine that counts."""

    scenario: str
    sentence: str
    agrees: bool
    table: Table


@dataclass(frozen=True, slots=True)
class Item:
    """An entry of a reporting checklist: its section, what it asks for, and the answer of this study."""

    section: str
    asks: str
    says: str


@dataclass(frozen=True, slots=True)
class Report:
    """A report in reading order: the first page, figures, assumptions, checks, limits, checklist, how to repeat it.

    ``answer`` rests on ``numbers``: every number in a sentence stands in a cell. ``changers`` say what would change the
    answer, ``provenance`` are names and values such as the command.
    """

    title: str
    question: str
    answer: tuple[str, ...]
    numbers: Table
    caveats: tuple[str, ...]
    changers: tuple[str, ...]
    pictures: tuple[Picture, ...]
    assumptions: tuple[Assumption, ...]
    checks: tuple[Check, ...]
    limits: tuple[str, ...]
    scope: str
    checklist: tuple[Item, ...]
    provenance: tuple[tuple[str, str], ...]
