"""From a file to a checked Scenario: ``extends``, ``--set``, sources, and every problem at its place."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from simulator.evidence import ASSUMPTION, Source, sourced_values
from simulator.explaining import problems_of
from simulator.problems import InputError, Mark, Problem, input_error
from simulator.scenario import Scenario
from simulator.yaml_reader import Node, parse_yaml, plain, read_yaml

_MOST_EXTENDS = 16


@dataclass(frozen=True, slots=True)
class LoadedScenario:
    """A checked scenario with the tree it was read from, and where each key stands.

    ``name`` labels it in outputs; ``tree`` is the scenario as resolved (extends and --set applied, sources included);
    ``digest`` is the sha256 of the tree's canonical JSON.
    """

    name: str
    scenario: Scenario
    tree: dict[str, Any]
    digest: str
    root: Node

    def place(self, path: Sequence[str]) -> Mark:
        """The mark of the value at ``path``, or of the deepest one above it that exists."""
        return _deepest(self.root, path).mark

    def key_place(self, path: Sequence[str]) -> Mark:
        """The mark of the key at ``path``."""
        node = _deepest(self.root, path)
        return node.key_mark or node.mark


def shipped_scenarios() -> Path:
    """The folder of scenarios that come with the program."""
    package = Path(__file__).resolve().parent
    beside = package.parent / "scenarios"
    return beside if (beside / "sources.yaml").is_file() else package / "scenarios"


def load(path: str | Path, overrides: Sequence[str] = ()) -> LoadedScenario:
    """Read, resolve and check a scenario file; ``overrides`` are ``path=value`` texts as given to ``--set``.

    Raises InputError with every problem found.
    """
    path = Path(path)
    problems: list[Problem] = []
    root = _extended(path, [], path.resolve().parent, problems)
    for override in overrides:
        _override(root, override, problems)
    return checked(path.stem, root, _source_lists(path), problems)


def from_tree(name: str, tree: Mapping[str, Any]) -> LoadedScenario:
    """A LoadedScenario from a resolved tree, as a manifest holds it. Raises InputError when it is not valid."""
    problems: list[Problem] = []
    return checked(name, parse_yaml(json.dumps(tree).encode(), name, problems), {}, problems)


def checked(name: str, root: Node, more: Mapping[str, Source], problems: Sequence[Problem]) -> LoadedScenario:
    """Validate a resolved node tree against the schema and its sources.

    ``more`` are sources known beside the file's own. Raises InputError with ``problems`` and all that is found here.
    """
    if not isinstance(root.value, dict):
        raise input_error("a scenario is a mapping of keys such as 'title: …'", mark=root.mark)
    tree = plain(root)
    try:
        scenario = Scenario.model_validate(tree)
    except ValidationError as error:
        raise InputError([*problems, *problems_of(error, root), *_unknown_sources(root, tree, more)]) from None
    if problems := [*problems, *_unknown_sources(root, tree, more)]:
        raise InputError(problems)
    used = {value.source for value in sourced_values(tree)} - {ASSUMPTION, *scenario.sources}
    if used:
        borrowed = {key: more[key].model_dump(exclude_defaults=True) for key in sorted(used)}
        tree["sources"] = {**tree.get("sources", {}), **borrowed}
    return LoadedScenario(name, scenario, tree, digest_of(tree), root)


def digest_of(tree: Mapping[str, Any]) -> str:
    """The sha256 of a tree's canonical JSON: sorted keys, no spaces."""
    text = json.dumps(tree, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _extended(path: Path, chain: list[Path], folder: Path, problems: list[Problem]) -> Node:
    root = read_yaml(path, str(path), problems)
    if not isinstance(root.value, dict) or "extends" not in root.value:
        return root
    reference = root.value.pop("extends")
    chain = [*chain, path.resolve()]
    parent = _parent(path, reference, folder)
    if parent.resolve() in chain:
        cycle = " -> ".join(entry.name for entry in [*chain, parent])
        raise input_error(f"files extend each other in a cycle: {cycle}", mark=reference.mark, path="extends")
    if len(chain) >= _MOST_EXTENDS:
        raise input_error(f"more than {_MOST_EXTENDS} files extend each other", mark=reference.mark, path="extends")
    return _merged(_extended(parent, chain, folder, problems), root)


def _parent(path: Path, reference: Node, folder: Path) -> Path:
    if not isinstance(reference.value, str) or not reference.value or "\0" in reference.value:
        raise input_error("must be the name of a scenario file", mark=reference.mark, path="extends")
    shipped = shipped_scenarios().resolve()
    parent = path.parent / reference.value
    if not parent.is_file() and (shipped / reference.value).is_file():
        parent = shipped / reference.value
    target = parent.resolve()
    if not (target.is_relative_to(folder) or target.is_relative_to(shipped)):
        message = f"must stay in the scenario's folder or the shipped scenarios, got {reference.value!r}"
        raise input_error(message, mark=reference.mark, path="extends")
    if not target.is_file():
        near = get_close_matches(reference.value, [entry.name for entry in path.parent.glob("*.yaml")], n=1)
        hint = f", did you mean '{near[0]}'?" if near else ""
        raise input_error(f"no such file: {reference.value!r}{hint}", mark=reference.mark, path="extends")
    return parent


def _merged(parent: Node, child: Node) -> Node:
    """Mappings merge, everything else is replaced, null removes; each value keeps its own place."""
    if not (isinstance(parent.value, dict) and isinstance(child.value, dict)):
        return child
    entries = dict(parent.value)
    for key, node in child.value.items():
        if node.value is None:
            entries.pop(key, None)
        elif key in entries:
            entries[key] = _merged(entries[key], node)
        else:
            entries[key] = node
    return Node(entries, child.mark, child.key_mark, child.in_flow)


def _override(root: Node, override: str, problems: list[Problem]) -> None:
    argument = f"--set {override}"
    path, equals, text = override.partition("=")
    whole = Mark("command line", 0, 6, 0, len(argument), (argument,))
    if not equals or not path.strip() or not text.strip():
        raise input_error("must look like path=value, e.g. mines.legacy.count=5000", mark=whole, path="--set")
    column = len(argument) - len(text)
    value = parse_yaml((" " * column + text).encode("utf-8", "replace"), "command line", problems, (argument,))
    place = Mark("command line", 0, 6, 0, 6 + len(path), (argument,))
    keys = path.strip().split(".")
    node = root
    for depth, key in enumerate(keys):
        if isinstance(node.value, list):
            if not key.isdecimal() or not int(key) < len(node.value):
                name = ".".join(keys[:depth])
                raise input_error(f"{name} is a list of {len(node.value)}, no place '{key}'", mark=place, path="--set")
            if depth == len(keys) - 1:
                node.value[int(key)] = value
            node = node.value[int(key)]
            continue
        if not isinstance(node.value, dict):
            name = ".".join(keys[:depth])
            raise input_error(f"{name} is a single value and has no key '{key}'", mark=place, path="--set")
        if depth == len(keys) - 1:
            value.key_mark = place
            if value.value is None:
                node.value.pop(key, None)
            else:
                node.value[key] = value
        else:
            node = node.value.setdefault(key, Node({}, place, place))


def _source_lists(path: Path) -> dict[str, Source]:
    """The shipped sources, and over them those of a sources.yaml beside the scenario."""
    found: dict[str, Source] = {}
    for file in dict.fromkeys((shipped_scenarios() / "sources.yaml", path.parent / "sources.yaml")):
        if file.is_file():
            found |= read_sources(file)
    return found


def read_sources(file: Path) -> dict[str, Source]:
    """The references of a sources.yaml, by key. Raises InputError."""
    problems: list[Problem] = []
    root = read_yaml(file, str(file), problems)
    try:
        sources = TypeAdapter(dict[str, Source]).validate_python(plain(root))
    except ValidationError as error:
        raise InputError([*problems, *problems_of(error, root)]) from None
    if problems:
        raise InputError(problems)
    return sources


def _unknown_sources(root: Node, tree: Mapping[str, Any], more: Mapping[str, Source]) -> Iterator[Problem]:
    own = tree.get("sources")
    known = {*more, *(own if isinstance(own, dict) else {}), ASSUMPTION}
    for value in sourced_values(tree):
        if value.source and value.source not in known:
            path = (*value.path, "source")
            close = get_close_matches(value.source, sorted(known), n=1)
            hint = f", did you mean '{close[0]}'?" if close else "; add it under 'sources:' or in a sources.yaml"
            yield Problem(_deepest(root, path).mark, ".".join(path), f"unknown source '{value.source}'{hint}")


def _deepest(root: Node, path: Sequence[str | int]) -> Node:
    node = root
    for key in path:
        if isinstance(node.value, dict) and key in node.value:
            node = node.value[key]
        elif isinstance(node.value, list) and str(key).isdecimal() and int(key) < len(node.value):
            node = node.value[int(key)]
        else:
            break
    return node
