"""Whether every number is traced to its source: all that is shipped, or files of the analyst.

Found are numbers without a source, references nobody cites, figures that nobody verified under the name of a
publication, and what contradicts itself. All at once, each at its place (`simulator.source_rules` has the rules).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from simulator import evidence_index, guidance
from simulator.evidence import Source
from simulator.evidence_index import Index, read_index, shipped_index
from simulator.problems import InputError, Problem
from simulator.scenario_file import SOURCES, read_sources, shipped_scenarios
from simulator.source_files import (
    Checked,
    Findings,
    check_advice,
    check_criteria,
    check_record,
    check_scenario,
    checked,
)
from simulator.source_rules import Known
from simulator.wording import counted
from simulator.yaml_reader import read_yaml

_STANDARDS = Path(__file__).with_name("standards.yaml")


@dataclass(frozen=True, slots=True)
class Shipped:
    """Where what is shipped lies: the folder of scenarios with its sources.yaml, the evidence, criteria and advice."""

    scenarios: Path
    evidence: Path = evidence_index.SHIPPED
    standards: Path = _STANDARDS
    guidance: Path = guidance.FILE


def check_shipped(shipped: Shipped | None = None) -> Checked:
    """Check everything that comes with the program: scenarios and casualty records in their folder and in folders below
    it, criteria, advice, the evidence, and that each reference is cited.
    """
    shipped = shipped or Shipped(_from_here(shipped_scenarios()))
    found = Findings()
    references = _references(shipped.scenarios / SOURCES, found)
    index = _index(references, shipped.evidence, found)
    known = Known(index, references, references)
    scenarios, records, listed = 0, 0, len(references)
    for folder in (shipped.scenarios, *sorted(path for path in shipped.scenarios.iterdir() if path.is_dir())):
        own = _beside(folder, found) if folder != shipped.scenarios else {}
        here = Known(index, references, {**references, **own})
        listed += len(own)
        cited, found.cited = found.cited, set()
        for path in sorted(folder.glob("*.yaml")):
            if path.name != SOURCES:
                check_scenario(path, here, found)
                scenarios += 1
        if folder != shipped.scenarios:
            for path in sorted(folder.glob("*.csv")):
                check_record(path, here, found)
                records += 1
            found.problems += _uncited(folder / SOURCES, own, found.cited)
        found.cited |= cited
    criteria = check_criteria(shipped.standards, known, found)
    check_advice(shipped.guidance, known, found)
    found.problems += _uncited(shipped.scenarios / SOURCES, references, found.cited)
    rows = len(index.rows) if index else 0
    return checked(found, [
        counted(scenarios, "scenario"), counted(records, "record"), f"{criteria} criteria",
        f"{rows} rows of evidence", counted(listed, "reference"),
    ])  # fmt: skip


def check_files(paths: Sequence[Path]) -> Checked:
    """Check scenarios, casualty records (CSV) and lists of references of the analyst.

    References are those shipped, of a sources.yaml beside a file, and of a scenario's own block. A list of references
    that is given is held against the other files: one that no file cites is found, unless it is as shipped.
    """
    found = Findings()
    shipped = read_sources(shipped_scenarios() / SOURCES)
    index = shipped_index()
    lists = [path for path in paths if path.name == SOURCES]
    for path in paths:
        if path in lists:
            continue
        own = _beside(path.parent, found)
        check = check_record if path.suffix.lower() == ".csv" else check_scenario
        check(path, Known(index, shipped, {**shipped, **own}), found)
    for path in lists:
        found.unreadable |= not path.is_file()
        own = {key: source for key, source in _references(path, found).items() if shipped.get(key) != source}
        found.problems += _uncited(path, own, found.cited)
    return checked(found, [counted(len(paths), "file")])


def _from_here(folder: Path) -> Path:
    """A folder as seen from where the analyst is, if it lies below: places are then short to read."""
    return folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder


def _references(path: Path, found: Findings) -> dict[str, Source]:
    try:
        return read_sources(path)
    except InputError as error:
        found.problems += error.problems
        return {}


def _beside(folder: Path, found: Findings) -> dict[str, Source]:
    """The references of a folder's own list; none where it has no list."""
    return _references(folder / SOURCES, found) if (folder / SOURCES).is_file() else {}


def _index(references: Mapping[str, Source], path: Path, found: Findings) -> Index | None:
    try:
        return read_index(references, path)
    except InputError as error:
        found.problems += error.problems
        return None


def _uncited(path: Path, listed: Iterable[str], cited: set[str]) -> Iterator[Problem]:
    """The references of a list that nothing cites, at their keys."""
    keys = [key for key in listed if key not in cited]
    if keys:
        root = read_yaml(path, str(path), [])
        for key in keys:
            mark = root.value[key].key_mark or root.value[key].mark
            yield Problem(mark, key, "no number and no note cites it; cite it, or remove it")
