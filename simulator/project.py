"""Files of the analyst: scenarios found and loaded, a new project. Nothing here computes."""

import json
import shlex
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from simulator.problems import InputError, Mark, Problem, closest, input_error, printable
from simulator.scenario_file import LoadedScenario, load, shipped_scenarios
from simulator.schema import json_schema

_SCHEMA = "scenario.schema.json"
_COPIED = ("persistent.yaml", "treaty-limit.yaml", "sources.yaml")


def existing(path: Path) -> Path:
    """Return the path of a scenario file. Raises InputError, with the file that may be meant, when there is none."""
    if path.is_dir():
        inside = [entry.name for entry in path.glob("*.yaml") if entry.name != "sources.yaml"]
        hint = f", such as {path / min(inside)}" if inside else ""
        raise input_error(f"{path}: is a folder; give a scenario file{hint}")
    if not path.exists():
        near = _near(path)
        hint = f", did you mean '{near}'?" if near else ""
        raise input_error(f"{path}: no such file{hint}")
    return path


def load_together(paths: Sequence[Path], overrides: Sequence[str]) -> list[LoadedScenario]:
    """Load the scenarios of one run. Overrides below mines.CLASS go to the scenarios that have the class.

    Raises InputError with the problems of all files.
    """
    loaded: list[LoadedScenario] = []
    problems: list[Problem] = []
    unused = dict.fromkeys(overrides)
    for path in paths:
        try:
            existing(path)
            chosen = _fitting(path, overrides) if len(paths) > 1 else overrides
            unused = {override: None for override in unused if override not in chosen}
            loaded.append(load(path, chosen))
        except InputError as error:
            problems += error.problems
    if not problems:
        problems += [_no_such_class(override) for override in unused]
    if problems:
        raise InputError(problems)
    return named_apart(loaded)


def start_project(folder: Path) -> str:
    """Copy two scenarios, the references and the schema into a new folder; returns what to do next."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise input_error(f"{folder} exists and is not empty; give a new folder")
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in _COPIED:
            shutil.copyfile(shipped_scenarios() / name, folder / name)
        schema = json.dumps(json_schema(), indent=1, ensure_ascii=False)
        (folder / _SCHEMA).write_text(schema + "\n", encoding="utf-8")
    except BaseException as error:
        _take_away(folder, missing)
        if isinstance(error, OSError):
            raise input_error(f"cannot write to {folder}: {error.strerror}") from None
        raise
    reference, other, out = (str(folder / name) for name in ("persistent.yaml", "treaty-limit.yaml", "results"))
    return (
        f"{folder} holds two scenarios, their references and the schema for editors. Edit treaty-limit.yaml, then:\n"
        f"  {shlex.join(['minesim', 'compare', reference, other, '-o', out])}"
    )


def _take_away(folder: Path, missing: Sequence[Path]) -> None:
    """Remove what was begun of a project, and the folders made for it, the innermost first."""
    for name in (*_COPIED, _SCHEMA):
        with suppress(OSError):
            (folder / name).unlink()
    for path in missing:
        with suppress(OSError):
            path.rmdir()


def _near(path: Path) -> str | None:
    """Find a scenario file beside a path that is not there, or a shipped one, with nearly the same name."""
    for folder in (path.parent, shipped_scenarios()):
        files = (
            {entry.stem: entry for entry in folder.glob("*.y*ml") if entry.stem != "sources"} if folder.is_dir() else {}
        )
        if near := closest(path.stem, list(files)):
            found = files[near]
            inside = found.is_absolute() and found.is_relative_to(Path.cwd())
            return str(found.relative_to(Path.cwd()) if inside else found)
    return None


def _fitting(path: Path, overrides: Sequence[str]) -> list[str]:
    """Choose the overrides that apply to a scenario: all but those of classes it does not have."""
    below = [override for override in overrides if _class_of(override) is not None]
    if not below:
        return list(overrides)
    try:
        classes = set(load(path).scenario.mines)
    except InputError:
        # Perhaps the overrides make it whole.
        return list(overrides)
    return [override for override in overrides if _class_of(override) in {None, *classes}]


def _class_of(override: str) -> str | None:
    """Find the class of mines an override reaches into; None where it sets something else, or a class as a whole."""
    keys = override.partition("=")[0].strip().split(".")
    return keys[1] if keys[0] == "mines" and len(keys) > 2 else None


def _no_such_class(override: str) -> Problem:
    path = override.partition("=")[0]
    mark = Mark("command line", 0, 6, 0, 6 + len(path), (f"--set {override}",))
    return Problem(mark, "--set", f"no scenario has a class of mines '{_class_of(override)}'")


def named_apart(loaded: Sequence[LoadedScenario]) -> list[LoadedScenario]:
    """Give scenarios names that can be printed, no two alike."""
    taken: set[str] = set()
    apart = []
    for one in loaded:
        name = first = printable(one.name)
        copy = 1
        while name in taken:
            copy += 1
            name = f"{first}-{copy}"
        taken.add(name)
        apart.append(one if name == one.name else replace(one, name=name))
    return apart
