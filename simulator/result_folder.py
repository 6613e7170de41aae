"""A result as it lies in its folder: every file checked against the manifest before a number of it is read."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulator.manifest import MANIFEST, Manifest, changes, read_manifest, scenario_of, sha256
from simulator.problems import input_error
from simulator.scenario_file import LoadedScenario

SUMMARY, CURVES, DIFFERENCES, WORLDS = "summary.json", "curves.csv", "differences.csv", "worlds.csv"
_KEPT = (".csv", ".json", ".svg")


@dataclass(frozen=True, slots=True, eq=False)
class ResultFolder:
    """A result whose files are as they were written: its manifest, its scenarios with the reference first, its summary
    and the content of its data files and drawings by name.
    """

    manifest: Manifest
    scenarios: tuple[LoadedScenario, ...]
    summary: Mapping[str, Any]
    files: Mapping[str, bytes]

    @property
    def verb(self) -> str:
        """The command that made it: run, compare, or that of a study."""
        if self.manifest.study is not None:
            return self.manifest.study.verb
        return "compare" if len(self.scenarios) > 1 else "run"

    @property
    def is_exact(self) -> bool:
        """Whether its numbers are those of the closed form."""
        return self.manifest.options.method == "expected"

    @property
    def worlds(self) -> int:
        """How many worlds were simulated of each scenario, 0 in closed form."""
        return self.manifest.replicates_played

    @property
    def drawings(self) -> Iterator[str]:
        """The names of its drawings without folder and suffix."""
        return (Path(name).stem for name in self.files if name.endswith(".svg"))


def read_result(folder: Path) -> ResultFolder:
    """Read a result. Raises InputError, naming the file and the way out, when it is incomplete or was changed."""
    manifest = read_manifest(folder)
    scenarios = tuple(scenario_of(entry) for entry in manifest.scenarios)
    for change in changes(manifest, scenarios):
        raise input_error(f"{folder}: {change}; {_way_out(manifest)}")
    files: dict[str, bytes] = {}
    for name, written in (*manifest.outputs.items(), *manifest.figures.items()):
        content = _content(folder, name, manifest)
        if sha256(content) != written:
            message = f"is not as it was written, its sha256 is not the one in {MANIFEST}"
            raise input_error(f"{folder / name}: {message}, and no report is made of changed numbers; "
                              f"'minesim rerun {folder}' says what differs; {_way_out(manifest)}")  # fmt: skip
        if name.endswith(_KEPT):
            files[name] = content
    if SUMMARY not in files:
        raise input_error(f"{folder}: {MANIFEST} names no {SUMMARY}; {_way_out(manifest)}")
    try:
        summary = json.loads(files[SUMMARY])
    except ValueError as error:
        raise input_error(f"{folder / SUMMARY}: is not JSON: {error}; {_way_out(manifest)}") from None
    return ResultFolder(manifest, scenarios, summary, files)


def rows_of(result: ResultFolder, name: str) -> Iterator[dict[str, str]]:
    """The rows of a CSV file of a result by column; none where it has no such file."""
    if name in result.files:
        yield from csv.DictReader(io.StringIO(result.files[name].decode("utf-8")))


def as_number(cell: str) -> float | None:
    """The number in a cell; None where it is empty, as what does not exist or lies beyond the horizon is written."""
    return float(cell) if cell else None


def _content(folder: Path, name: str, manifest: Manifest) -> bytes:
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise input_error(f"{folder / MANIFEST}: names a file outside its folder: {name}")
    try:
        return (folder / name).read_bytes()
    except FileNotFoundError:
        raise input_error(f"{folder / name}: is missing, though {MANIFEST} names it; {_way_out(manifest)}") from None
    except OSError as error:
        raise input_error(f"{folder / name}: cannot be read: {error.strerror}") from None


def _way_out(manifest: Manifest) -> str:
    return f"to make the result again: {manifest.command}"
