"""What a run found, kept beside the explanations of the mutants that survive.

`record.json` holds the counts, the survivors and, for each mutant that was noticed, the test that noticed it, by short
key. `explained.yaml` holds for each survivor why no test can, or need, notice it; the two must agree.
"""

import json
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from mutation.points import Point
from mutation.running import MODULES, Verdict, all_points, digest_of, short, tally
from mutation.trying import KILLED, SURVIVED, TIMEOUT

RECORD = Path(__file__).with_name("record.json")
EXPLAINED = Path(__file__).with_name("explained.yaml")
LEAST_SCORE = 0.85
_LIBRARIES = ("hypothesis", "numpy", "pytest", "scipy", "simpy")


@dataclass(frozen=True)
class Reason:
    """Why some mutants survive: of which sort the reason is, the reason, and their keys."""

    sort: str
    why: str
    mutants: tuple[str, ...]


def explanations(path: Path = EXPLAINED) -> list[Reason]:
    """The reasons in the order in which they stand."""
    return [
        Reason(entry["sort"], " ".join(entry["why"].split()), tuple(entry["mutants"]))
        for entry in YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")) or []
    ]


def explained_keys(reasons: Iterable[Reason]) -> dict[str, Reason]:
    """The reason of each mutant by its key; an error if one is explained twice."""
    found: dict[str, Reason] = {}
    for reason in reasons:
        for key in reason.mutants:
            if key in found:
                raise ValueError(f"explained twice: {key}")
            found[key] = reason
    return found


def score(row: Mapping[str, Any]) -> float:
    """Share of a module's mutants that were noticed."""
    noticed: int = row[KILLED] + row[TIMEOUT]
    return noticed / row["mutants"] if row["mutants"] else 1.0


def faults(verdicts: Sequence[Verdict], reasons: Iterable[Reason]) -> list[str]:
    """What is wrong with a run: modules with too low a score, and survivors without a reason."""
    low = [
        f"{module}: {score(row):.1%} of the mutants were noticed, at least {LEAST_SCORE:.0%} must be"
        for module, row in tally(verdicts).items()
        if score(row) < LEAST_SCORE
    ]
    known = explained_keys(reasons)
    lone = [verdict.point for verdict in verdicts if verdict.outcome == SURVIVED and verdict.point.key not in known]
    return low + [f"simulator/{point.module}.py:{point.line}: survives unexplained: {point.key}" for point in lone]


def surplus(verdicts: Sequence[Verdict], reasons: Iterable[Reason]) -> list[str]:
    """Explained mutants of the modules of a run that it noticed, or that are no mutants any more."""
    survived = {verdict.point.key for verdict in verdicts if verdict.outcome == SURVIVED}
    modules = {verdict.point.module for verdict in verdicts}
    return [key for key in explained_keys(reasons) if key.partition(".")[0] in modules and key not in survived]


def record_of(verdicts: Sequence[Verdict], day: date, before: Mapping[str, Any]) -> dict[str, Any]:
    """What a run found, ready to be kept; of modules it did not examine, what ``before`` holds."""
    rows = {
        module: {"date": day.isoformat(), "digest": digest_of(module), **counts}
        for module, counts in tally(verdicts).items()
    }
    present = {short(point.key): point.module for point in all_points(MODULES)}
    noticed = {key: name for key, name in noticed_by(before).items() if present.get(key, "") not in {"", *rows}}
    noticed |= {short(verdict.point.key): verdict.by for verdict in verdicts if verdict.by}
    tests = sorted(set(noticed.values()))
    return {
        "versions": {"python": platform.python_version(), **{name: version(name) for name in _LIBRARIES}},
        "modules": {module: row for module in MODULES if (row := rows.get(module, before["modules"].get(module)))},
        "survivors": [
            *(one for one in before["survivors"] if one["module"] not in rows),
            *(_place(verdict.point) for verdict in verdicts if verdict.outcome == SURVIVED),
        ],
        "tests": tests,
        "noticed_by": {key: tests.index(name) for key, name in sorted(noticed.items())},
    }


def _place(point: Point) -> dict[str, Any]:
    return {"module": point.module, "line": point.line, "key": point.key}


def noticed_by(record: Mapping[str, Any]) -> dict[str, str]:
    """The test that noticed each mutant, by the mutant's short key."""
    return {key: record["tests"][index] for key, index in record["noticed_by"].items()}


def kept() -> dict[str, Any]:
    """The record of the last complete run; an empty one if there is none."""
    if not RECORD.exists():
        return {"modules": {}, "survivors": [], "tests": [], "noticed_by": {}}
    found: dict[str, Any] = json.loads(RECORD.read_text(encoding="utf-8"))
    return found


def keep(record: Mapping[str, Any]) -> None:
    """Write a record, one entry a line."""
    RECORD.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
