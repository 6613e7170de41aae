"""Where numbers come from, as text: references, the sources of a scenario, and rows of the evidence."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import fill

from simulator.evidence import ASSUMPTION, Source, SourcedValue, sourced_values
from simulator.evidence_index import TRUST, Index, Row, doubts, row_of, rows_named, shipped_index, verification_words
from simulator.problems import printable
from simulator.scenario_file import SOURCES, LoadedScenario, read_sources, shipped_scenarios
from simulator.source_rules import claims_of
from simulator.unsourced import comment_at
from simulator.yaml_reader import read_yaml

ALL = "all"
_WIDTH, _INDENT, _MOST_ITEMS = 100, "    ", 6


def shipped_references() -> dict[str, Source]:
    """Read every reference that comes with the program, by key: those beside the scenarios, then of folders below."""
    found: dict[str, Source] = {}
    for path in (shipped_scenarios() / SOURCES, *sorted(shipped_scenarios().glob(f"*/{SOURCES}"))):
        for key, source in read_sources(path).items() if path.is_file() else ():
            found.setdefault(key, source)
    return found


def references_beside(path: Path) -> dict[str, Source]:
    """Read every reference that a note of a scenario may name: those shipped, and of a sources.yaml beside it."""
    beside = path.parent / SOURCES
    return shipped_references() | (read_sources(beside) if beside.is_file() else {})


def reference_list() -> Iterator[str]:
    """Write the references that come with the program, one after the other."""
    for key, source in shipped_references().items():
        yield f"{key}\n{_reference(source)}\n"


def provenance_list(loaded: LoadedScenario) -> Iterator[str]:
    """Write where each sourced number of a scenario comes from, assumptions first, then the publications they name."""
    values = sorted(sourced_values(loaded.tree), key=lambda value: value.source != ASSUMPTION)
    if not values:
        yield "No number of this scenario names its source."
        return
    for value in values:
        yield f"{_provenance(value)}\n"
    used = dict.fromkeys(value.source for value in values if value.source != ASSUMPTION)
    for key in used:
        yield f"{printable(key)}\n{_reference(loaded.scenario.sources[key])}\n"


def evidence_list(words: Sequence[str]) -> Iterator[str]:
    """Write rows of the evidence by their ids, or every row for "all", then the publications that they rest on.

    Raises InputError for an id that does not exist.
    """
    index = shipped_index()
    ids = list(index.rows) if ALL in words else list(dict.fromkeys(words))
    rows = {name: row_of(index, name) for name in ids}
    named = _named_by(index)
    for name, row in rows.items():
        yield f"{name}\n{_indented(_facts(name, row, index, named.get(name, ())))}\n"
    listed = {**shipped_references(), **index.publications}
    for key in dict.fromkeys(key for row in rows.values() for key in row.sources):
        yield f"{key}\n{_reference(listed[key])}\n"


def _facts(name: str, row: Row, index: Index, named: Sequence[str]) -> Iterator[str]:
    yield row.statement
    trust = "; ".join(f"{letter}, {TRUST[letter]}" for letter in row.trust)
    yield f"verification: {verification_words(row)}" + (f"; trust: {trust}" if trust else "")
    if row.unverified:
        yield f"not verified: {row.unverified}"
    if row.from_:
        yield f"worked out from: {', '.join(row.from_)}"
    if behind := [other for other in doubts(index, [name]) if other != name]:
        yield f"rests on what is not verified: {', '.join(behind)}"
    if row.sources:
        yield f"sources: {', '.join(row.sources)}"
    if row.nowhere:
        yield f"no publication: {row.nowhere}"
    yield row.note
    yield f"named by: {'; '.join(named)}" if named else "named by: no shipped number"


def _named_by(index: Index) -> Mapping[str, Sequence[str]]:
    """Where in the shipped scenarios each row is named: file and key, as written there."""
    found: dict[str, dict[str, None]] = {}
    for path in sorted(shipped_scenarios().rglob("*.yaml")):
        if path.name == SOURCES:
            continue
        for claim in claims_of(read_yaml(path, path.name, [])):
            text = claim.note if claim.source else comment_at(claim.place) if claim.is_choice else ""
            for row in rows_named(text, index).rows:
                place = f"{path.relative_to(shipped_scenarios()).as_posix()} {'.'.join(claim.path)}"
                found.setdefault(row, {})[place] = None
    return {row: tuple(places) for row, places in found.items()}


def _provenance(value: SourcedValue) -> str:
    lines = [
        f"range: {_flat(value.uncertainty)}" if value.uncertainty else "",
        f"source: {value.source}" + (f", grade {value.grade}" if value.grade else ""),
        value.note,
    ]
    return f"{printable('.'.join(value.path))} = {value.value}\n{_indented(lines)}"


def _flat(data: object) -> str:
    """Write a small mapping or list as it stands in a scenario file."""
    if isinstance(data, dict):
        return f"{{{', '.join(f'{key}: {_flat(item)}' for key, item in data.items())}}}"
    if isinstance(data, list):
        if len(data) > _MOST_ITEMS:
            return f"[{data[0]}, {data[1]}, … {data[-1]}] ({len(data):,} values)"
        return f"[{', '.join(map(_flat, data))}]"
    return str(data)


def _reference(source: Source) -> str:
    published = ", ".join(filter(None, (source.publisher, source.date or str(source.year or ""))))
    parts = [part for part in (source.author, source.title, published) if part]
    return _indented([". ".join(parts) + ".", source.url, source.note])


def _indented(paragraphs: Iterable[str]) -> str:
    """Write paragraphs below a heading, in lines that fit a terminal; an address stays whole."""
    return "\n".join(
        fill(" ".join(printable(text, keep="\n").split()), _WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT,
             break_long_words=False, break_on_hyphens=False)
        for text in paragraphs
        if text
    )  # fmt: skip
