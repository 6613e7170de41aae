"""From the files of a scenario and the command line to one tree of values: ``extends`` and ``--set``."""

from collections.abc import Sequence
from pathlib import Path

from simulator.explaining import known_keys
from simulator.problems import InputError, Mark, Problem, closest, input_error, printable
from simulator.yaml_reader import MAX_DEPTH, MAX_NODES, Node, parse_yaml, read_yaml

_MOST_EXTENDS = 16


def resolved(path: Path, overrides: Sequence[str], shipped: Path, problems: list[Problem]) -> Node:
    """Read a scenario file, all it extends (from its own folder or ``shipped``), and ``path=value`` overrides.

    What can be read past is appended to ``problems``. Raises InputError when there is no tree to go on with.
    """
    root = _extended(path, [], [path.parent, shipped], problems)
    for override in overrides:
        try:
            root = _overridden(root, override, problems)
        except InputError as error:
            problems += error.problems
    return root


def _extended(path: Path, chain: list[Path], folders: list[Path], problems: list[Problem], values: int = 0) -> Node:
    root = read_yaml(path, str(path), problems)
    values += _count(root)
    if not isinstance(root.value, dict) or "extends" not in root.value:
        return root
    reference = root.value.pop("extends")
    chain = [*chain, path.resolve()]
    parent = _parent(path, reference, folders)
    if parent.resolve() in chain:
        cycle = " -> ".join(entry.name for entry in [*chain, parent])
        raise input_error(f"files extend each other in a cycle: {cycle}", mark=reference.mark, path="extends")
    if len(chain) >= _MOST_EXTENDS:
        raise input_error(f"more than {_MOST_EXTENDS} files extend each other", mark=reference.mark, path="extends")
    if values > MAX_NODES:
        message = f"files that extend each other have together more than {MAX_NODES:,} values"
        raise input_error(message, mark=reference.mark, path="extends")
    base = _extended(parent, chain, folders, problems, values)
    if not isinstance(base.value, dict):
        raise input_error("is no scenario that could be extended: not a mapping of keys", mark=base.mark)
    return _merged(base, root, (), problems)


def _count(node: Node) -> int:
    below = node.value.values() if isinstance(node.value, dict) else node.value if isinstance(node.value, list) else ()
    return 1 + sum(_count(child) for child in below)


def _parent(path: Path, reference: Node, folders: list[Path]) -> Path:
    name = reference.value
    if not isinstance(name, str) or not name.strip():
        raise input_error("must be the name of a scenario file", mark=reference.mark, path="extends")
    try:
        beside, shipped = path.parent / name, folders[-1] / name
        parent = shipped if not beside.is_file() and shipped.is_file() else beside
        target, found = parent.resolve(), parent.is_file()
        inside = any(target.is_relative_to(folder.resolve()) for folder in folders)
    except (OSError, RuntimeError) as error:
        # A name too long for the file system, or links that lead round in a circle.
        raise input_error(f"cannot be read: {error}", mark=reference.mark, path="extends") from None
    if not inside:
        message = f"must stay in the scenario's folder or the shipped scenarios, got {name!r}"
        raise input_error(message, mark=reference.mark, path="extends")
    if not found:
        near = closest(name, [entry.name for entry in path.parent.glob("*.yaml")])
        hint = f", did you mean '{near}'?" if near else ""
        raise input_error(f"no such file: {name!r}{hint}", mark=reference.mark, path="extends")
    return parent


def _merged(parent: Node, child: Node, path: tuple[str, ...], problems: list[Problem]) -> Node:
    """Merge mappings; everything else is replaced, null removes; each value keeps its own place.

    One of several values and a single one have no part in common: they replace each other as a whole.
    """
    if not (isinstance(parent.value, dict) and isinstance(child.value, dict)):
        return child
    if any("one_of" in node.value and isinstance(node.value["one_of"].value, list) for node in (parent, child)):
        return child
    entries = dict(parent.value)
    for key, node in child.value.items():
        here = (*path, key)
        if key not in entries:
            if node.value is None and key not in known_keys(path):
                problems.append(Problem(node.key_mark or node.mark, ".".join(here), _nothing_to_remove(key, parent)))
            else:
                entries[key] = node
        elif node.value is None:
            del entries[key]
        else:
            entries[key] = _merged(entries[key], node, here, problems)
    return Node(entries, child.mark, child.key_mark, child.in_flow)


def _nothing_to_remove(key: str, node: Node) -> str:
    near = closest(key, list(node.value))
    return "there is nothing of this name to remove" + (f", did you mean '{near}'?" if near else "")


def _overridden(root: Node, override: str, problems: list[Problem]) -> Node:
    argument = f"--set {override}"
    path, equals, text = override.partition("=")
    whole = Mark("command line", 0, 6, 0, len(argument), (argument,))
    if printable(override) != override:
        raise input_error("has an invisible control character, remove it", mark=whole, path="--set")
    keys = path.strip().split(".")
    if not equals or not all(keys) or not text.strip():
        raise input_error("must look like path=value, e.g. mines.legacy.count=5000", mark=whole, path="--set")
    place = Mark("command line", 0, 6, 0, 6 + len(path), (argument,))
    if len(keys) > MAX_DEPTH:
        raise input_error(f"a path has at most {MAX_DEPTH} keys", mark=place, path="--set")
    if keys[0] == "extends":
        raise input_error("'extends' cannot be set here, write it in the file", mark=place, path="--set")
    column = len(argument) - len(text)
    value = parse_yaml((" " * column + text).encode(), "command line", problems, (argument,))
    return _replaced(root, keys, Node(value.value, value.mark, place, value.in_flow), ())


def _replaced(node: Node, keys: Sequence[str], value: Node, walked: tuple[str, ...]) -> Node:
    """Put a value in place of what stands at ``keys``. Nodes on the way are copied: an alias may share them."""
    if not keys:
        return value
    place, name, key = value.key_mark, ".".join(walked) or "the scenario", keys[0]
    if isinstance(node.value, list):
        # Six digits at most: int() refuses thousands of them.
        if not (key.isdecimal() and len(key) <= 6 and int(key) < len(node.value)):
            message = f"{name} is a list of {len(node.value)}, counted from 0; no place '{key}'"
            raise input_error(message, mark=place, path="--set")
        items = list(node.value)
        items[int(key)] = _replaced(items[int(key)], keys[1:], value, (*walked, key))
        return Node(items, node.mark, node.key_mark, node.in_flow)
    if not (isinstance(node.value, dict) or node.value is None):
        raise input_error(f"{name} is a single value and has no key '{key}'", mark=place, path="--set")
    entries = dict(node.value or {})
    # A name may itself have dots in it: the longest that exists is meant.
    size = next((size for size in range(len(keys), 0, -1) if ".".join(keys[:size]) in entries), 1)
    key, rest = ".".join(keys[:size]), keys[size:]
    if key not in entries and key not in known_keys(walked) and (rest or value.value is None):
        near = closest(key, list(entries))
        hint = f", did you mean '{near}'?" if near else ""
        raise input_error(f"{name} has no key '{key}'{hint}", mark=place, path="--set")
    if not rest and value.value is None:
        entries.pop(key, None)
    else:
        empty = Node({}, place or node.mark, place)
        entries[key] = _replaced(entries.get(key, empty), rest, value, (*walked, key))
    return Node(entries, node.mark, node.key_mark, node.in_flow)
