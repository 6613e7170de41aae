"""The index of the evidence: what is known in public and how well, row by row, and which rows a note names.

The rows are data (evidence_index.yaml). A row is verified if every figure in it was seen at its publisher, in a text
about it, or worked out from such figures; one that was recalled taints each row that is worked out from it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from simulator.evidence import Source
from simulator.explaining import problems_of
from simulator.problems import InputError, Problem, closest, input_error
from simulator.spec import Name, Spec, Text, broken_rules
from simulator.yaml_reader import Node, plain, read_yaml

SHIPPED = Path(__file__).with_name("evidence_index.yaml")
SEEN = {
    "R": "seen at the publisher", "R2": "seen second-hand", "D": "worked out", "M": "from memory, not verified",
}  # fmt: skip
TRUST = {
    "A": "official, treaty or peer-reviewed text", "B": "a reputable institution, or press that quotes an official",
    "C": "advocacy, an encyclopaedia, or a party to the conflict", "D": "weak",
}  # fmt: skip

_ID = r"[A-Z][A-Z0-9]*(?:-[A-Za-z0-9.]*[A-Za-z0-9])*"
_HEAD = re.compile(rf"({_ID}(?:, {_ID})*)(?=[ .,:;]|$)")
_WORD = re.compile(rf"(?<![\w-]){_ID}(?![\w-])")
_NEAR = 0.8  # a word this like the name of a row is taken for a slip of the pen; report and type numbers are not

Seen = Annotated[list[Literal["R", "R2", "D", "M"]], Field(max_length=4)]
Trust = Annotated[list[Literal["A", "B", "C", "D"]], Field(max_length=4)]
Names = Annotated[list[Name], Field(max_length=50)]


class Row(Spec):
    """A row of the evidence; the keys are explained at the top of evidence_index.yaml."""

    statement: Annotated[Text, Field(min_length=1)]
    verification: Seen
    unverified: Text = ""
    trust: Trust
    sources: Names = Field(default_factory=list)
    from_: Names = Field(default_factory=list, alias="from")
    nowhere: Text = ""
    note: Text = ""

    @model_validator(mode="after")
    def _traced(self) -> "Row":
        parts: list[tuple[tuple[str | int, ...], str]] = []
        if ("M" in self.verification) != bool(self.unverified.strip()):
            message = "M and 'unverified' go together: 'unverified' says which figure is recalled"
            parts.append((("verification",), message))
        if bool(self.verification) != bool(self.trust):
            parts.append((("trust",), "is given where there is a figure, and [] where there is none"))
        if not (self.sources or self.from_ or self.nowhere.strip()):
            parts.append(((), "needs 'sources', 'from', or 'nowhere' that says why there is none"))
        if "D" in self.verification and not (self.sources or self.from_):
            parts.append((("verification",), "D needs 'from' or 'sources': what it was worked out from"))
        if self.nowhere.strip() and (self.verification or self.sources or self.from_):
            parts.append((("nowhere",), "is for rows without a figure, which have no source and verification []"))
        if parts:
            raise broken_rules(*parts)
        return self


class _File(Spec):
    """The form of evidence_index.yaml."""

    rows: Annotated[dict[Name, Row], Field(min_length=1)]
    publications: dict[Name, Source] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Index:
    """The rows by id, and the publications that only rows cite, by key."""

    rows: Mapping[str, Row]
    publications: Mapping[str, Source]


@dataclass(frozen=True, slots=True)
class Named:
    """What a text names: rows that exist, in its order, and words that look like rows that do not exist."""

    rows: tuple[str, ...]
    unknown: tuple[str, ...]


def read_index(sources: Mapping[str, Source], file: Path = SHIPPED) -> Index:
    """Read the index; ``sources`` are the references that scenarios cite, by key.

    Raises InputError with every problem at its place: wrong keys, sources or rows that do not exist, a row worked out
    from itself, a publication that no row cites or that scenarios cite already.
    """
    problems: list[Problem] = []
    name = file.name if file == SHIPPED else str(file)
    root = read_yaml(file, name, problems)
    try:
        read = TypeAdapter(_File).validate_python(plain(root))
    except ValidationError as error:
        raise InputError([*problems, *problems_of(error, root, _File)]) from None
    index = Index(read.rows, read.publications)
    problems += _loose_ends(index, sources, root)
    if problems:
        raise InputError(problems)
    return index


@cache
def shipped_index() -> Index:
    """Read the index that comes with the program, once. Raises InputError."""
    from simulator.scenario_file import SOURCES, read_sources, shipped_scenarios

    return read_index(read_sources(shipped_scenarios() / SOURCES))


def row_of(index: Index, word: str) -> Row:
    """Return the row of an id. Raises InputError, with the id that may be meant, when there is none."""
    if word in index.rows:
        return index.rows[word]
    near = closest(word, list(index.rows))
    group = word.partition("-")[0].upper()
    family = [row for row in index.rows if row.partition("-")[0] == group]
    hint = f", did you mean '{near}'?" if near else f"; there is {', '.join(family)}" if family else ""
    raise input_error(f"no row '{word}' in the evidence{hint or '; --evidence all lists every row'}", path="--evidence")


def rows_named(text: str, index: Index) -> Named:
    """Find the rows that a note names: those at its beginning, as in "LAW-SD10, REL-90D. …", and those further on.

    A word at the beginning counts as an id if it is written like one; further on an unknown word counts only if it is
    nearly that of a row, so that the number of a report is none.
    """
    text = " ".join(text.split())
    head = _HEAD.match(text)
    first = head[1].split(", ") if head else []
    found = dict.fromkeys(word for word in (*first, *_WORD.findall(text)) if word in index.rows)
    unknown = dict.fromkeys(word for word in first if "-" in word and word not in index.rows)
    for word in _WORD.findall(text):
        if "-" in word and word not in index.rows and closest(word, list(index.rows), _NEAR):
            unknown[word] = None
    return Named(tuple(found), tuple(unknown))


def keys_named(text: str, keys: Iterable[str]) -> set[str]:
    """Find the keys, such as those of references, that a text names as words of their own."""
    return {key for key in keys if key in text and re.search(rf"(?<![\w-]){re.escape(key)}(?![\w-])", text)}


def doubts(index: Index, rows: Sequence[str]) -> tuple[str, ...]:
    """Find the rows with an unverified figure among rows and all that they were worked out from, each once."""
    return tuple(row for row in _behind(index, rows) if "M" in index.rows[row].verification)


def sources_behind(index: Index, rows: Sequence[str]) -> tuple[str, ...]:
    """Find the keys of all publications that rows rest on, by themselves or through rows they were worked out from."""
    return tuple(dict.fromkeys(key for row in _behind(index, rows) for key in index.rows[row].sources))


def verification_words(row: Row) -> str:
    """Say how the figures of a row were seen, such as "seen at the publisher, and worked out"."""
    if not row.verification:
        return "no figure"
    *others, last = (SEEN[letter] for letter in row.verification)
    return f"{', '.join(others)} and {last}" if others else last


def _behind(index: Index, rows: Sequence[str]) -> dict[str, None]:
    found: dict[str, None] = {}
    waiting = list(reversed(rows))
    while waiting:
        row = waiting.pop()
        if row not in found:
            found[row] = None
            waiting += reversed(index.rows[row].from_)
    return found


def _loose_ends(index: Index, sources: Mapping[str, Source], root: Node) -> Iterator[Problem]:
    rows, publications = root.value["rows"].value, root.value.get("publications")
    keys = [*sources, *index.publications]
    for name, row in index.rows.items():
        for place, named, known in (("sources", row.sources, keys), ("from", row.from_, list(index.rows))):
            for count, word in enumerate(named):
                if word not in known:
                    near = closest(word, known)
                    what = "source" if place == "sources" else "row"
                    hint = f", did you mean '{near}'?" if near else ""
                    mark = rows[name].value[place].value[count].mark
                    yield Problem(mark, f"rows.{name}.{place}", f"unknown {what} '{word}'{hint}")
        if _leads_back(index, name):
            mark = rows[name].value["from"].mark
            yield Problem(mark, f"rows.{name}.from", "leads back to the row itself; a row rests on others")
    cited = {key for row in index.rows.values() for key in row.sources}
    for key in index.publications:
        node = publications.value[key] if publications else root
        there = node.key_mark or node.mark
        if key in sources:
            yield Problem(there, f"publications.{key}", "is in sources.yaml already, remove it here")
        elif key not in cited:
            yield Problem(there, f"publications.{key}", "no row cites it; cite it under 'sources', or remove it")


def _leads_back(index: Index, name: str) -> bool:
    known = [row for row in index.rows[name].from_ if row in index.rows]
    seen: set[str] = set()
    while known:
        row = known.pop()
        if row == name:
            return True
        if row not in seen:
            seen.add(row)
            known += [other for other in index.rows[row].from_ if other in index.rows]
    return False
