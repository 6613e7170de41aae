"""Scenarios for Python: found by name or path, changed by settings, shown in a notebook."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from simulator.api_html import scenario_card
from simulator.problems import InputError, Mark, Problem, input_error
from simulator.project import existing, named_apart
from simulator.scenario_file import LoadedScenario, checked, load, shipped_scenarios, with_files
from simulator.yaml_reader import Node

_AS_TYPED = "--set "
_NO_SCENARIOS = frozenset({"sources"})
# What the command line calls by another name than Python does.
_WAYS_OUT = (
    ("; use --method simulate", "; simulate it: minesim.run, minesim.compare, or method='simulate'"),
    ("or --method expected, which draws none", "or minesim.expected, which draws none"),
    ("or --force to replace it", "or force=True to replace it"),
    ("; 'minesim explain' lists the keys", "; 'minesim explain' on the command line lists the keys"),
)


class NotebookError(InputError):
    """Wrong input, said as Python says it; a notebook shows the message alone, without a traceback."""

    def _render_traceback_(self) -> list[str]:
        return str(self).split("\n")


@dataclass(frozen=True, slots=True, eq=False)
class Scenario:
    """A scenario that was read and checked; a notebook shows its title, its mines and what it assumes.

    ``loaded`` is all that is known of it.
    """

    loaded: LoadedScenario

    @property
    def name(self) -> str:
        """What it is called in results."""
        return self.loaded.name

    @property
    def title(self) -> str:
        """Its title."""
        return self.loaded.scenario.title

    def __repr__(self) -> str:
        return f"{self.name}: {self.title}"

    def _repr_html_(self) -> str:
        return scenario_card(self.loaded)


Given = str | os.PathLike[str] | Scenario
Values = Mapping[str, Any]


def opened(given: Given, settings: Values | None = None, name: str | None = None) -> Scenario:
    """Read a scenario: the path of a file, or the name of one that comes with the program, such as ``treaty-limit``.

    ``settings`` are values by dotted path, as a scenario file has them; results call it ``name`` if one is given.
    Raises InputError with every problem.
    """
    if isinstance(given, Scenario):
        if settings:
            raise input_error("settings apply to a file or a name; load the scenario again with them", path="settings")
        return given
    overrides = [f"{path}={_as_yaml(value)}" for path, value in (settings or {}).items()]
    loaded = load(existing(_path(given)), overrides)
    return Scenario(replace(loaded, name=name) if name else loaded)


def together(given: Sequence[Given], *, seed: int | None, replicates: int | None) -> list[LoadedScenario]:
    """The scenarios of one result, no two of one name, with another seed and number of replicates where they are
    given.
    """
    whole("seed", seed, 0, 2**63 - 1)
    whole("replicates", replicates, 2, 10**9)
    changed = {key: value for key, value in (("seed", seed), ("replicates", replicates)) if value is not None}
    return named_apart([_with(opened(one).loaded, changed) for one in given])


def whole(name: str, value: int | None, low: int, high: int) -> None:
    """Refuse an argument that is given and no whole number within its range."""
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high):
        raise input_error(f"must be a whole number from {low:,} to {high:,}, got {value!r}", path=name)


def shipped() -> list[str]:
    """Name the scenarios that come with the program."""
    return sorted(path.stem for path in shipped_scenarios().glob("*.yaml") if path.stem not in _NO_SCENARIOS)


@contextmanager
def in_python() -> Iterator[None]:
    """Say what is wrong with the input in the words of Python: arguments instead of options."""
    try:
        yield
    except InputError as error:
        raise NotebookError([_as_argument(problem) for problem in error.problems]) from None


def _path(given: str | os.PathLike[str]) -> Path:
    """The path of a file; of a shipped scenario where there is no such file and a name is given."""
    path = Path(given)
    known = shipped_scenarios() / f"{given}.yaml"
    if path.name == str(given) and path.stem not in _NO_SCENARIOS and not path.exists() and known.is_file():
        return known
    return path


def _as_yaml(value: object) -> str:
    """Write a value as it would stand in a scenario file: text as it is, anything else as JSON, which YAML reads."""
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, default=_plain)
    except (TypeError, ValueError):
        message = f"values are texts such as '5 %', numbers, lists and mappings, got {value!r}"
        raise input_error(message, path="settings") from None


def _plain(value: Any) -> object:
    """A number of NumPy or a date as JSON has it. Raises TypeError for anything else."""
    if hasattr(value, "item"):
        return value.item()
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise TypeError(type(value).__name__)


def _with(loaded: LoadedScenario, changed: Mapping[str, int]) -> LoadedScenario:
    """The scenario with other numbers at its top, checked like a file; every other key keeps its place."""
    if not changed:
        return loaded
    nodes = {key: Node(value, loaded.root.mark, loaded.root.mark) for key, value in changed.items()}
    root = replace(loaded.root, value={**loaded.root.value, **nodes})
    return with_files(checked(loaded.name, root, loaded.scenario.sources, ()), loaded.files)


def _as_argument(problem: Problem) -> Problem:
    message = problem.message
    for typed, said in _WAYS_OUT:
        message = message.replace(typed, said)
    mark = problem.mark
    if mark is not None and mark.name == "command line":
        mark = _without_option(mark)
    path = "folder" if problem.path == "-o" else problem.path.removeprefix("--")
    return Problem(mark, "settings" if problem.path == "--set" else path, message)


def _without_option(mark: Mark) -> Mark:
    """A place in a setting, which on the command line stands after ``--set``."""
    line = mark.lines[0] if mark.lines else ""
    option, _, rest = line.partition(" ")
    cut = len(option) + 1
    if not option.startswith("--"):
        return replace(mark, name="settings")
    columns = max(mark.column - cut, 0), max(mark.end_column - cut, 0)
    return replace(
        mark, name=option.removeprefix("--").replace("set", "settings"), column=columns[0], end_column=columns[1],
        lines=(rest,),
    )  # fmt: skip
