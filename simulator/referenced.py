"""Files that a scenario names: borders, lines and settlements, read beside the file that names them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from simulator.problems import InputError, Mark, Problem, input_error
from simulator.scenario import Scenario
from simulator.yaml_reader import Node

MOST_BYTES = 16 * 2**20

KeyPath = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReferencedFile:
    """A file as it was read: its name as the user knows it, and its text."""

    name: str
    text: str


def named_files(scenario: Scenario) -> Iterator[tuple[KeyPath, str]]:
    """Every key of a scenario that names a file, with the name."""
    if scenario.region.boundary is not None:
        yield ("region", "boundary"), scenario.region.boundary
    for name, kind in scenario.mines.items():
        if kind.placement.belt is not None:
            yield ("mines", name, "placement", "belt", "line"), kind.placement.belt.line
    if scenario.civilians.settlements is not None:
        yield ("civilians", "settlements"), scenario.civilians.settlements


def read_files(scenario: Scenario, root: Node, first: Path, folders: Sequence[Path]) -> Mapping[str, ReferencedFile]:
    """Read every file a scenario names, by the dotted path of the key that names it.

    A name is relative to the file in which it stands, which ``first`` is for what was given on the command line; none
    may lead out of ``folders``. Raises InputError with the problems of all of them.
    """
    found: dict[str, ReferencedFile] = {}
    problems: list[Problem] = []
    for path, name in named_files(scenario):
        mark = _mark(root, path)
        try:
            found[".".join(path)] = _read(name, mark, path, first, folders)
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return found


def _mark(root: Node, path: KeyPath) -> Mark:
    node = root
    for key in path:
        node = node.value[key]
    return node.mark


def _read(name: str, mark: Mark, path: KeyPath, first: Path, folders: Sequence[Path]) -> ReferencedFile:
    where = ".".join(path)
    beside = Path(mark.name)
    file = (beside if beside.is_file() else first).parent / name
    try:
        if not any(file.resolve().is_relative_to(folder.resolve()) for folder in folders):
            message = f"must stay in the scenario's folder or the shipped scenarios, got {name!r}"
            raise input_error(message, mark=mark, path=where)
        if not file.is_file():
            what = "is a folder" if file.is_dir() else "no such file"
            raise input_error(f"{what}: {name!r}", mark=mark, path=where)
        if file.stat().st_size > MOST_BYTES:
            message = f"{name!r} has more than {MOST_BYTES // 2**20} MiB; simplify it"
            raise input_error(message, mark=mark, path=where)
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"{name!r} is not UTF-8 text (byte {error.start + 1:,}); save it as UTF-8"
        raise input_error(message, mark=mark, path=where) from None
    except (OSError, RuntimeError, ValueError) as error:
        # A name too long for the file system, links that lead round in a circle, a NUL in it.
        reason = getattr(error, "strerror", None) or error
        raise input_error(f"{name!r} cannot be read: {reason}", mark=mark, path=where) from None
    return ReferencedFile(str(file), text)
