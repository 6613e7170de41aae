"""From a file to a checked Scenario, its sources looked up, and every problem at its place."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from simulator.alternatives import ONE_OF, Alternatives, alternatives_in, settled
from simulator.evidence import ASSUMPTION, Source, sourced_values
from simulator.explaining import problems_of
from simulator.problems import InputError, Mark, Problem, closest, input_error
from simulator.referenced import ReferencedFile, read_files
from simulator.resolving import resolved
from simulator.scenario import Scenario
from simulator.spec import Name
from simulator.uncertainty_rules import joint_problems
from simulator.yaml_reader import Node, parse_yaml, plain, read_yaml

_MOST_SUGGESTIONS = 50


SOURCES = "sources.yaml"  # references beside scenarios; not a scenario itself


@dataclass(frozen=True, slots=True)
class LoadedScenario:
    """A checked scenario with the tree it was read from, and where each key stands.

    ``name`` labels it in outputs; ``tree`` is the scenario as resolved (extends and --set applied, sources included);
    ``files`` are the files it names, by the dotted path of the key; ``alternatives`` the places where the tree has one
    of several values, of which the scenario has the weightiest; ``digest`` is the sha256 of the canonical JSON of the
    tree, and of the files where there are any.
    """

    name: str
    scenario: Scenario
    tree: dict[str, Any]
    digest: str
    root: Node
    files: Mapping[str, ReferencedFile] = field(default_factory=dict)
    alternatives: tuple[Alternatives, ...] = ()

    def place(self, path: Sequence[str]) -> Mark:
        """Find the mark of the value at ``path``, or of the deepest one above it that exists."""
        return _deepest(self.root, path).mark

    def key_place(self, path: Sequence[str]) -> Mark:
        """Find the mark of the key at ``path``."""
        node = _deepest(self.root, path)
        return node.key_mark or node.mark


def shipped_scenarios() -> Path:
    """Find the folder of scenarios that come with the program."""
    package = Path(__file__).resolve().parent
    beside = package.parent / "scenarios"
    return beside if (beside / SOURCES).is_file() else package / "scenarios"


def load(path: str | Path, overrides: Sequence[str] = ()) -> LoadedScenario:
    """Read, resolve and check a scenario file; ``overrides`` are ``path=value`` texts as given to ``--set``.

    Raises InputError with every problem found.
    """
    path = Path(path)
    problems: list[Problem] = []
    try:
        root = resolved(path, overrides, shipped_scenarios(), problems)
        loaded = checked(path.stem, root, _source_lists(path, problems), problems)
        return with_files(loaded, read_files(loaded.scenario, root, path, [path.parent, shipped_scenarios()]))
    except InputError as error:
        raise InputError([*problems, *error.problems]) from None


def with_files(loaded: LoadedScenario, files: Mapping[str, ReferencedFile]) -> LoadedScenario:
    """Add the files that a scenario names: their content is part of what determines its numbers."""
    if not files:
        return loaded
    contents = {path: hashlib.sha256(file.text.encode()).hexdigest() for path, file in files.items()}
    return replace(loaded, files=files, digest=digest_of({"tree": loaded.tree, "files": contents}))


def from_tree(name: str, tree: Mapping[str, Any], files: Mapping[str, ReferencedFile] | None = None) -> LoadedScenario:
    """Make a LoadedScenario of a resolved tree and the files it names, as a manifest holds them.

    Raises InputError when it is not valid.
    """
    problems: list[Problem] = []
    # Characters as they are: a JSON escape of one beyond the 16-bit range is two halves to YAML.
    raw = json.dumps(tree, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return with_files(checked(name, parse_yaml(raw, name, problems), {}, problems), files or {})


def checked(name: str, root: Node, more: Mapping[str, Source] | None, problems: Sequence[Problem]) -> LoadedScenario:
    """Validate a resolved node tree against the schema and its sources.

    ``more`` are sources known beside the file's own; None where they could not be read, and sources are not looked up.
    Raises InputError with ``problems`` and all that is found here.
    """
    if not isinstance(root.value, dict):
        message = "a scenario is a mapping of keys such as 'title: …', with a space after the colon"
        raise input_error(message, mark=root.mark)
    tree = plain(root)
    problems = [*problems, *(_unknown_sources(root, tree, more) if more is not None else ())]
    for path, message in joint_problems(tree):
        problems.append(Problem(_deepest(root, path).mark, ".".join(map(str, path)), message))
    broken: list[Problem] = []
    alternatives = alternatives_in(root, broken)
    problems += broken
    scenario = _validated(settled(root, alternatives), problems, broken)
    for place in alternatives:
        for index in range(len(place.weights)):
            _validated(settled(root, alternatives, {place.path: index}), problems, broken)
    if scenario is None or problems or more is None:
        raise InputError(problems)
    used = {value.source for value in sourced_values(tree)} - {"", ASSUMPTION, *scenario.sources}
    if used:
        borrowed = {key: more[key] for key in sorted(used)}
        scenario = scenario.model_copy(update={"sources": scenario.sources | borrowed})
        listed = {key: source.model_dump(exclude_defaults=True) for key, source in borrowed.items()}
        tree["sources"] = {**tree.get("sources", {}), **listed}
    return LoadedScenario(name, scenario, tree, digest_of(tree), root, alternatives=tuple(alternatives))


def validated(root: Node, tree: object) -> Scenario:
    """Validate a tree in which every alternative is settled, ``root`` and its plain values. Raises InputError with
    every problem at its place.
    """
    try:
        return Scenario.model_validate(tree)
    except ValidationError as error:
        raise InputError(problems_of(error, root)) from None


def _validated(root: Node, problems: list[Problem], broken: Sequence[Problem]) -> Scenario | None:
    """Validate a tree; None where it is wrong, with what is found added to ``problems``.

    What is said of a place whose choice of alternatives is ``broken`` would mislead and is left out.
    """
    try:
        return validated(root, plain(root))
    except InputError as error:
        places = {one.path.partition(f".{ONE_OF}")[0] for one in broken}
        problems += [
            one for one in error.problems if not any(f"{one.path}.".startswith(f"{place}.") for place in places)
        ]
        return None


def digest_of(tree: Mapping[str, Any]) -> str:
    """Compute the sha256 of a tree's canonical JSON: sorted keys, no spaces."""
    text = json.dumps(tree, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def read_sources(file: Path) -> dict[str, Source]:
    """Read the references of a sources.yaml, by key. Raises InputError."""
    problems: list[Problem] = []
    kind = dict[Name, Source]
    root = read_yaml(file, str(file), problems)
    try:
        sources = TypeAdapter(kind).validate_python(plain(root))
    except ValidationError as error:
        raise InputError([*problems, *problems_of(error, root, kind)]) from None
    if problems:
        raise InputError(problems)
    return sources


# The shipped references do not change while the program runs.
_shipped_sources = cache(read_sources)


def _source_lists(path: Path, problems: list[Problem]) -> dict[str, Source] | None:
    """Read the shipped sources, and over them those of a sources.yaml beside the scenario."""
    shipped, beside = shipped_scenarios() / SOURCES, path.parent / SOURCES
    try:
        found = dict(_shipped_sources(shipped)) if shipped.is_file() else {}
        return found | (read_sources(beside) if beside.is_file() else {})
    except InputError as error:
        problems += error.problems
        return None


def _unknown_sources(root: Node, tree: Mapping[str, Any], more: Mapping[str, Source]) -> Iterator[Problem]:
    own = tree.get("sources")
    known = dict.fromkeys((*more, *(own if isinstance(own, dict) else ()), ASSUMPTION))
    unknown = (value for value in sourced_values(tree) if value.source and value.source not in known)
    for count, value in enumerate(unknown):
        path = (*value.path, "source")
        # Comparing with every known key is slow: thousands of unknown ones do not each need a suggestion.
        close = closest(value.source, known) if count < _MOST_SUGGESTIONS else None
        hint = f", did you mean '{close}'?" if close else "; add it under 'sources:' or in a sources.yaml"
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
