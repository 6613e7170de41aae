"""The requirements that the verification dossier lists, from requirements.yaml, each with the tests that prove it."""

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

TESTS = Path(__file__).resolve().parent
# What kind of check proves a requirement, in the words of the page.
KINDS = {
    "equality": "equal, to the last digit",
    "numerical": "numbers within a tolerance",
    "statistical": "a statistical test with a fixed seed",
    "control": "something wrong that must be refused",
    "rule": "a rule that must hold in every case tried",
}
_KEYS = {"id", "requires", "tests", "kind", "tolerance", "false_alarm", "figure"}
_NEEDED = _KEYS - {"false_alarm", "figure"}


@dataclass(frozen=True)
class Requirement:
    """What must hold, the tests ``file::function`` that prove it, how closely, and how often a test with fresh seeds
    would fail by chance (None where nothing is left to chance).
    """

    id: str
    requires: str
    tests: tuple[str, ...]
    kind: str
    tolerance: str
    false_alarm: float | None = None
    figure: str | None = None


@dataclass(frozen=True)
class Group:
    """Requirements of one sort, with a sentence on them."""

    title: str
    about: str
    requirements: tuple[Requirement, ...]


def read_requirements(path):
    """The groups of a list of requirements. Raises ValueError with everything that is wrong with it."""
    try:
        data = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
        groups = [(str(group["group"]), str(group["about"]), list(group["requirements"])) for group in data]
    except (OSError, YAMLError, KeyError, TypeError) as error:
        raise ValueError(f"{path.name}: cannot be read as a list of requirements: {error!r}") from None
    entries = [entry for *_, listed in groups for entry in listed]
    wrong = [problem for entry in entries for problem in _wrong(entry)]
    names = [entry.get("id") for entry in entries]
    wrong += [
        f"{name}: there is more than one with this id" for name in sorted({n for n in names if names.count(n) > 1})
    ]
    if wrong:
        raise ValueError("\n".join(f"{path.name}: {problem}" for problem in wrong))
    return [
        Group(title, about, tuple(Requirement(**entry | {"tests": tuple(entry["tests"])}) for entry in listed))
        for title, about, listed in groups
    ]


def _wrong(entry):
    """What is wrong with an entry."""
    name = entry.get("id", "an entry without id")
    for key in sorted(_NEEDED - entry.keys()):
        yield f"{name}: {key} is missing"
    for key in sorted(entry.keys() - _KEYS):
        yield f"{name}: {key} is not known"
    kind, chance = entry.get("kind"), entry.get("false_alarm")
    if kind not in KINDS:
        yield f"{name}: kind must be one of {', '.join(KINDS)}, got {kind!r}"
    if (kind == "statistical") != (chance is not None):
        yield f"{name}: a statistical test states its false_alarm, and no other does"
    if chance is not None and not (isinstance(chance, float) and 0 < chance < 1):
        yield f"{name}: false_alarm must be a probability such as 1e-3, got {chance!r}"
    for key in ("id", "requires", "tolerance"):
        if key in entry and not isinstance(entry[key], str):
            yield f"{name}: {key} must be a text, got {entry[key]!r}; put it between quotes"
    if not entry.get("tests"):
        yield f"{name}: names no test"


@cache
def defined_tests():
    """Every test beside this file as ``file::function``."""
    return frozenset(
        f"{file.name}::{node.name}"
        for file in TESTS.glob("test_*.py")
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )
