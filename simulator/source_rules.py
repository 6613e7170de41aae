"""Where every number of a tree says it comes from, and the rules that this has to keep.

A number is whatever begins with a digit, dates and quantities alike. It has a source; or stands on the list of what
needs none (`simulator.unsourced`), some of which have a comment instead.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from simulator.alternatives import ONE_OF
from simulator.evidence import ASSUMPTION, Source
from simulator.evidence_index import Index, doubts, rows_named, sources_behind
from simulator.fields import number_at
from simulator.problems import Mark, Problem, closest
from simulator.quantities import GRADES
from simulator.units import UnitError
from simulator.unsourced import Exemption, comment_at, exemption_of
from simulator.wording import listed
from simulator.yaml_reader import Node

Keys = tuple[str, ...]

_NUMBER = re.compile(r"[-+.]?\d")
_NO_CLAIMS = frozenset({"sources", "extends"})
_ABOUT = frozenset({"weight", "source", "grade", "note", "uncertainty"})
_RANGES = frozenset({"uniform", "loguniform", "triangular", "draws"})
_MOST_ROWS = 5


@dataclass(frozen=True, slots=True, eq=False)
class Claim:
    """A number and what is said of it.

    ``path`` is its place, ``keys`` the same without the alternatives it may be one of; ``source`` is empty where it
    stands bare, and ``exemption`` then why it may, with ``node`` the value as a whole that the exemption is for.
    """

    path: Keys
    keys: Keys
    node: Node
    source: str = ""
    grade: str = ""
    note: str = ""
    exemption: Exemption | None = None

    @property
    def place(self) -> Mark:
        """Where it stands: its key if it has one, so that a comment beside it is found."""
        return self.node.key_mark or self.node.mark

    @property
    def is_choice(self) -> bool:
        """Whether a comment stands instead of a source."""
        return not self.source and self.exemption is not None and self.exemption.needs == "comment"


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What a claim is held against: the index, None where it could not be read; the references that rows of the index
    cite; and all that the claim may cite.
    """

    index: Index | None
    indexed: Mapping[str, Source]
    citable: Mapping[str, Source]


def claims_of(root: Node) -> Iterator[Claim]:
    """Every number of a resolved scenario, and every file it names, once for a list or block that is exempt as one."""
    if isinstance(root.value, dict):
        for key, node in root.value.items():
            if key not in _NO_CLAIMS:
                yield from _claims(node, (key,), (key,), None, covered=False)


def broken_rules_of(claim: Claim, known: Known) -> Iterator[Problem]:
    """What is wrong with where a number comes from, each at its place with the way out."""
    if not claim.source:
        yield from _of_bare(claim, known)
        return
    if claim.source == ASSUMPTION or claim.source in known.citable:
        yield from _of_rows(claim, known)
    if claim.grade not in GRADES:
        yield _problem(claim, "grade", f"has no grade; add 'grade', one of {', '.join(GRADES)}")
    yield from _of_range(claim)


def of_note(note: str, source: str, path: Keys, place: Mark, known: Known) -> Iterator[Problem]:
    """What is wrong with a note and the rows it names, for a number with this source."""
    if known.index is None:
        return
    index, label = known.index, ".".join(path)
    named = rows_named(note, index)
    for word in named.unknown:
        near = closest(word, list(index.rows))
        hint = f", did you mean '{near}'?" if near else "; 'minesim sources --evidence all' lists every row"
        yield Problem(word_in(place, word), label, f"no row '{word}' in the evidence{hint}")
    if source in {"", ASSUMPTION}:
        return
    for row in doubts(index, named.rows):
        through = next(one for one in named.rows if row in doubts(index, [one]))
        rests = f"rests on {through}" + ("" if through == row else f", which is worked out from {row}")
        message = f"{rests}, which is not verified: {index.rows[row].unverified}"
        yield Problem(word_in(place, through), label, f"{message} Its source must be 'assumption', got '{source}'")
    if source not in known.indexed or known.citable.get(source) != known.indexed[source]:
        if not note.strip():
            yield Problem(place, label, f"no note says where in '{source}' it stands; add 'note', with page or table")
        return
    if named.unknown:
        # What was meant is not known; it is said once.
        return
    if not named.rows:
        rows = [name for name, row in index.rows.items() if source in row.sources]
        such = f", such as {listed(rows[:_MOST_ROWS], 'or')}" if rows else ""
        yield Problem(place, label, f"rests on '{source}', but its note names no row of the evidence; begin it with "
                      f"a row that cites '{source}'{such}")  # fmt: skip
    elif source not in (behind := sources_behind(index, named.rows)):
        yield Problem(place, label, f"{listed(named.rows)} {'does' if len(named.rows) == 1 else 'do'} not rest on "
                      f"'{source}', but on {listed(behind)}; name the row that does, or another source")  # fmt: skip


def word_in(mark: Mark, word: str) -> Mark:
    """Find the place of a word within or below a mark of several lines; the mark itself where it is not found."""
    for line in range(mark.line, min(mark.end_line + 1, len(mark.lines))):
        column = mark.lines[line].find(word, mark.column if line == mark.line else 0)
        if column >= 0:
            return Mark(mark.name, line, column, line, column + len(word), mark.lines)
    return mark


def _of_bare(claim: Claim, known: Known) -> Iterator[Problem]:
    exemption, label = claim.exemption, ".".join(claim.path)
    if exemption is None:
        parts = claim.node.value
        value = parts["value"] if isinstance(parts, dict) else claim.node
        form = f"{{value: {value.value}, source: …, grade: …, note: …}}"
        message = f"has no source; write {form}, with a key of 'sources' or 'assumption', and a note that says why"
        yield Problem(value.mark, label, message)
    elif exemption.needs == "comment":
        comment = comment_at(claim.place)
        if not comment:
            message = "needs a comment on its line, or directly above it, that says where it comes from"
            yield Problem(claim.place, label, f"{message}. {exemption.because}")
        yield from of_note(comment, "", claim.path, claim.place, known)


def _of_rows(claim: Claim, known: Known) -> Iterator[Problem]:
    note = claim.node.value.get("note") if isinstance(claim.node.value, dict) else None
    place = note.mark if note is not None else _part(claim, "source")
    yield from of_note(claim.note, claim.source, claim.path, place, known)


def _of_range(claim: Claim) -> Iterator[Problem]:
    """A value must lie in its own range."""
    parts, number = claim.node.value, number_at(claim.keys)
    if number is None or not isinstance(parts, dict) or "uncertainty" not in parts or "value" not in parts:
        return
    laws = parts["uncertainty"].value
    for kind, ends in laws.items() if isinstance(laws, dict) else ():
        if kind in _RANGES and isinstance(ends.value, list):
            try:
                value = number.scalar(parts["value"].value)
                found = [number.scalar(end.value) for end in ends.value]
            except UnitError:
                continue
            if found and not min(found) <= value <= max(found):
                low, high = (ends.value[found.index(end)].value for end in (min(found), max(found)))
                message = f"lies outside its own range from {low} to {high}, got {parts['value'].value}"
                yield _problem(claim, "value", message)


def _problem(claim: Claim, part: str, message: str) -> Problem:
    return Problem(_part(claim, part), ".".join(claim.path), message)


def _part(claim: Claim, part: str) -> Mark:
    """Where a part of a sourced value stands, or the value where it has no such part."""
    parts = claim.node.value
    found = [parts[key] for key in (part, "value", ONE_OF) if isinstance(parts, dict) and key in parts]
    node: Node = found[0] if found else claim.node
    return node.key_mark or node.mark if isinstance(node.value, list) or not found else node.mark


def _claims(node: Node, path: Keys, keys: Keys, exempt: Claim | None, *, covered: bool) -> Iterator[Claim]:
    """Walk down; ``exempt`` is the value above that needs no source as a whole, ``covered`` says that a source given
    for a choice between alternatives holds for what is below.
    """
    if (exemption := exemption_of(keys)) is not None:
        exempt = Claim(path, keys, node, exemption=exemption)
    value = node.value
    if isinstance(value, dict):
        alternatives = value.get(ONE_OF)
        has_value = "value" in value and isinstance(value["value"].value, str | int | float)
        if has_value or (alternatives is not None and isinstance(alternatives.value, list)):
            source = _text(value, "source")
            if source or (has_value and not covered):
                yield Claim(path, keys, node, source, _text(value, "grade"), _text(value, "note"))
            covered = covered or bool(source)
        for key, child in value.items():
            if key == ONE_OF and isinstance(child.value, list):
                for count, one in enumerate(child.value):
                    yield from _claims(one, (*path, ONE_OF, str(count)), keys, exempt, covered=covered)
            elif key not in _ABOUT and not has_value:
                yield from _claims(child, (*path, key), (*keys, key), exempt, covered=covered)
    elif isinstance(value, list):
        for count, one in enumerate(value):
            yield from _claims(one, (*path, str(count)), (*keys, str(count)), exempt, covered=covered)
    elif exempt is not None:
        yield exempt
    elif not covered and not isinstance(value, bool) and _NUMBER.match(str(value)):
        yield Claim(path, keys, node)


def _text(parts: Mapping[str, Node], key: str) -> str:
    value = parts[key].value if key in parts else ""
    return value if isinstance(value, str) else ""
