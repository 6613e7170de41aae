"""What each kind of file says of where its numbers come from: scenarios, casualty records, criteria and advice."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from simulator.csv_table import Columns, read_table
from simulator.evidence import ASSUMPTION, Source
from simulator.evidence_index import keys_named, rows_named
from simulator.problems import InputError, Mark, Problem, closest, render
from simulator.project import existing
from simulator.referenced import MOST_BYTES
from simulator.resolving import resolved
from simulator.scenario_file import SOURCES, load, shipped_scenarios
from simulator.source_rules import Claim, Known, broken_rules_of, claims_of, of_note, word_in
from simulator.unsourced import comment_at
from simulator.wording import counted
from simulator.yaml_reader import Node, read_yaml

_RECORD = Columns(("casualties", "source"))
_MOST_ROWS = 100_000
_COMMENT = re.compile(r"(?:^|\s)#(.*)")


@dataclass(frozen=True, slots=True)
class Checked:
    """What was looked at, each counted once however many scenarios inherit it, and what was found.

    ``unreadable`` says that a file is none of what can be checked.
    """

    files: tuple[str, ...]
    published: int
    assumptions: int
    bare: int
    choices: int
    problems: tuple[Problem, ...]
    unreadable: bool = False

    @property
    def sentence(self) -> str:
        """What was looked at, in words."""
        bare = f" and {self.bare:,} without a source" if self.bare else ""
        return (
            f"Checked {', '.join(self.files)}: {self.published:,} numbers from publications, {self.assumptions:,} "
            f"assumptions{bare}; {counted(self.choices, 'choice')} explained by a comment."
        )

    @property
    def verdict(self) -> str:
        """How many problems were found, in words."""
        return f"{counted(len(self.problems), 'problem')} found." if self.problems else "All are traced."

    @property
    def report(self) -> str:
        """What was found, each at its place."""
        return render(self.problems)


@dataclass(slots=True)
class Findings:
    """What a check has met so far."""

    problems: list[Problem] = field(default_factory=list)
    cited: set[str] = field(default_factory=set)
    claims: dict[tuple[str, int, int, str], Claim] = field(default_factory=dict)
    unreadable: bool = False


def checked(found: Findings, files: Sequence[str]) -> Checked:
    """Say what was looked at, and what was found."""
    claims = found.claims.values()
    sourced = [claim for claim in claims if claim.source]
    assumed = sum(claim.source == ASSUMPTION for claim in sourced)
    bare = sum(not claim.source and claim.exemption is None for claim in claims)
    choices = sum(claim.is_choice and bool(comment_at(claim.place)) for claim in claims)
    problems = InputError(found.problems).problems
    return Checked(tuple(files), len(sourced) - assumed, assumed, bare, choices, problems, found.unreadable)


def check_scenario(path: Path, known: Known, found: Findings) -> None:
    """Check a scenario as resolved. What is wrong with it as a scenario is found as well."""
    try:
        root = load(existing(path)).root
    except InputError as error:
        found.problems += error.problems
        try:
            root = resolved(path, (), shipped_scenarios(), [])
        except InputError:
            found.unreadable = True
            return
    own = _own_keys(root)
    citable = {**known.citable, **{key: Source(title=key) for key in own}}
    before, found.cited = found.cited, set()
    _hold(claims_of(root), Known(known.index, known.indexed, citable), found)
    for lines in {mark.lines for mark in _marks(root)}:
        found.cited |= keys_named("\n".join(_comments(lines)), citable)
    for key, mark in own.items():
        # A block that another file brings in is checked where it stands.
        if mark.name == str(path) and key not in found.cited:
            message = "no number of this scenario cites it; cite it, or remove it"
            found.problems.append(Problem(mark, f"sources.{key}", message))
    found.cited |= before


def _hold(claims: Iterable[Claim], known: Known, found: Findings) -> None:
    """Hold claims against the rules; what was met before, in a file that another extends, is not met again."""
    for claim in claims:
        mark = claim.node.mark
        place = (mark.name, mark.line, mark.column, f"{claim.source} {claim.note}")
        if place not in found.claims:
            found.claims[place] = claim
            found.problems += broken_rules_of(claim, known)
        found.cited |= {claim.source, *keys_named(claim.note, known.citable)}


def check_record(path: Path, known: Known, found: Findings) -> None:
    """Check a record of casualties: each row has a source that exists."""
    try:
        with existing(path).open(encoding="utf-8", errors="replace") as stream:
            text = stream.read(MOST_BYTES)
        table = read_table(text, str(path), _RECORD, most_rows=_MOST_ROWS, noun="period", way_out="shorten the record")
    except InputError as error:
        found.problems += error.problems
        found.unreadable = True
        return
    found.problems += table.problems
    for row in range(len(table.rows)):
        problem = None
        source = table.text(row, "source").strip()
        if not source or source == ASSUMPTION:
            problem = table.problem(row, "source", "a count of casualties needs a publication: a key of a sources.yaml")
        elif source not in known.citable:
            near = closest(source, known.citable)
            hint = f", did you mean '{near}'?" if near else f"; add it to a {SOURCES} beside the record"
            problem = table.problem(row, "source", f"unknown source '{source}'{hint}")
        if problem is not None:
            found.problems.append(problem)
            continue
        found.cited.add(source)
        line = table.rows[row].line
        mark = Mark(str(path), line, 0, line, len(table.header.lines[line]), table.header.lines)
        claim = Claim((str(row), "casualties"), (), Node(source, mark), source, note=source)
        found.claims[str(path), line, 0, source] = claim


def check_criteria(path: Path, known: Known, found: Findings) -> int:
    """Check a file of criteria; returns how many it holds."""
    try:
        root = read_yaml(path, path.name, found.problems)
    except InputError as error:
        found.problems += error.problems
        return 0
    for key, node in root.value.items():
        parts = node.value
        source, note = (str(parts[part].value) if part in parts else "" for part in ("source", "note"))
        place = parts["note" if "note" in parts else "source"].mark if source else node.mark
        if source not in known.citable and source != ASSUMPTION:
            near = closest(source, known.citable)
            hint = f", did you mean '{near}'?" if near else f"; it must be a key of {SOURCES}, or assumption"
            mark = parts["source"].mark if "source" in parts else node.key_mark or node.mark
            found.problems.append(Problem(mark, f"{key}.source", f"unknown source '{source}'{hint}"))
        elif source == ASSUMPTION and not note.strip():
            found.problems.append(Problem(place, f"{key}.source", "an assumption needs a 'note' that says why"))
        else:
            found.problems += of_note(note, source, (key, "limit"), place, known)
        found.cited |= {source, *keys_named(note, known.citable)}
        found.claims[path.name, node.mark.line, 0, source] = Claim((key, "limit"), (), node, source, note=note)
    return len(root.value)


def check_advice(path: Path, known: Known, found: Findings) -> None:
    """Check that advice names no row that does not exist."""
    try:
        root = read_yaml(path, path.name, found.problems)
    except InputError as error:
        found.problems += error.problems
        return
    for key, node in root.value.items():
        for part, text in node.value.items():
            for word in rows_named(str(text.value), known.index).unknown if known.index else ():
                message = f"no row '{word}' in the evidence; 'minesim sources --evidence all' lists every row"
                found.problems.append(Problem(word_in(text.mark, word), f"{key}.{part}", message))


def _own_keys(root: Node) -> dict[str, Mark]:
    """The keys of a scenario's own references, and where they stand."""
    block = root.value.get("sources") if isinstance(root.value, dict) else None
    if block is None or not isinstance(block.value, dict):
        return {}
    return {key: node.key_mark or node.mark for key, node in block.value.items()}


def _comments(lines: Iterable[str]) -> Iterator[str]:
    return (match[1] for line in lines if (match := _COMMENT.search(line)))


def _marks(root: Node) -> Iterator[Mark]:
    yield root.mark
    for node in root.value.values() if isinstance(root.value, dict) else ():
        yield node.mark
