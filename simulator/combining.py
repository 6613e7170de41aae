"""Scenarios between two scenarios: the reference with some settings of the other put in, all of them valid.

Not every choice of settings makes a scenario: settlements need a range, `common_cause` needs both mechanisms, a border
of its own the settlements that lie in it. Settings that need each other are merged into one change, found by checking
every choice before anything runs: while some choice is not valid, the smallest such choice (the first of equal ones)
gets what it lacks. A single change is merged with the fewest others that make it valid; of several that do not go
together, the first that can be is merged with the fewest others that make them all valid.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, combinations

from simulator.changes import ABSENT, Keys, Setting, settings_changed, slots_of
from simulator.place import read_place
from simulator.problems import InputError, Problem
from simulator.scenario_file import LoadedScenario, checked, with_files
from simulator.yaml_reader import Node

MOST_CHANGES = 10
_CHECKED_TOGETHER = 3
_PLACEMENT = 3  # mines, the class, placement
_EVENLY = "uniform"

_Group = tuple[int, ...]
_Valid = Callable[[Collection[int]], bool]


@dataclass(frozen=True, slots=True)
class Change:
    """A setting that differs, or several that need each other."""

    settings: tuple[Setting, ...]

    @property
    def paths(self) -> tuple[str, ...]:
        """The dotted paths, with the reference's names of classes."""
        return tuple(setting.path for setting in self.settings)


@dataclass(frozen=True, slots=True, eq=False)
class Changes:
    """What changed from a reference to another scenario, so that every choice of ``parts`` makes a scenario.

    ``slots`` are the places of all classes among the random streams, for `simulator.world.build_world`: the same in
    every choice.
    """

    reference: LoadedScenario
    other: LoadedScenario
    parts: tuple[Change, ...]
    slots: Mapping[str, int]


def changes_between(reference: LoadedScenario, other: LoadedScenario, *, by_block: bool = False) -> Changes:
    """Find what changed, and merge what does not go without each other; none where the scenarios mean the same.

    ``by_block`` merges all settings of the region, of each class of mines, of the civilians and of clearance. Raises
    InputError where start or horizon differ, and where more than ten changes are left, which it lists.
    """
    settings = settings_changed(reference, other)
    groups: list[_Group] = [(index,) for index in range(len(settings))]
    if by_block:
        blocks = [setting.keys[: 2 if setting.keys[0] == "mines" else 1] for setting in settings]
        groups = [tuple(i for i, its in enumerate(blocks) if its == block) for block in dict.fromkeys(blocks)]
    groups = merged(groups, _checks(reference, other, settings))
    parts = tuple(Change(tuple(settings[index] for index in group)) for group in groups)
    if len(parts) > MOST_CHANGES:
        raise _too_many(parts, reference, other)
    return Changes(reference, other, parts, slots_of(reference, other))


def combinations_of(changes: Changes) -> list[LoadedScenario]:
    """Every choice among k changes, 2^k scenarios: number b has change i where bit i of b is set.

    The first is the reference itself; the last means the same as the other scenario.
    """
    every = range(1 << len(changes.parts))
    chosen = ([part for index, part in enumerate(changes.parts) if bits >> index & 1] for bits in every)
    return [
        combined(changes.reference, changes.other, list(chain.from_iterable(part.settings for part in parts)))
        for parts in chosen
    ]


def combined(reference: LoadedScenario, other: LoadedScenario, settings: Sequence[Setting]) -> LoadedScenario:
    """The reference with some settings as in the other scenario. Raises InputError where that is not valid."""
    if not settings:
        return reference
    root, files = reference.root, dict(reference.files)
    for keys in dict.fromkeys(setting.keys[:_PLACEMENT] for setting in settings if _is_in_placement(setting.keys)):
        root = _put(root, keys, _at(root, keys))
    for setting in settings:
        root = _put(root, setting.keys, _at(other.root, setting.keys_in_other))
        path, its = setting.path, ".".join(setting.keys_in_other)
        files = {key: file for key, file in files.items() if not _is_below(key, path)}
        files |= {path + key.removeprefix(its): file for key, file in other.files.items() if _is_below(key, its)}
    known = reference.scenario.sources | other.scenario.sources
    name = f"{reference.name} with {len(settings)} of {other.name}"
    return with_files(checked(name, root, known, []), files)


def merged(groups: Sequence[_Group], is_valid: _Valid) -> list[_Group]:
    """Merge groups of settings, in order, until every union of groups is valid; the union of all must be.

    While there are more than ten groups, only choices of up to three are looked at.
    """
    groups = list(groups)
    while (broken := _first_broken(groups, is_valid)) is not None:
        joined = set(_mend(groups, broken, is_valid))
        rest = [group for index, group in enumerate(groups) if index not in joined]
        groups = sorted([*rest, tuple(sorted(chain.from_iterable(groups[index] for index in joined)))])
    return groups


def _first_broken(groups: Sequence[_Group], is_valid: _Valid) -> tuple[int, ...] | None:
    """The smallest choice of groups that is not valid, by their indexes; None where all are."""
    sizes = range(1, len(groups) if len(groups) <= MOST_CHANGES else _CHECKED_TOGETHER + 1)
    choices = chain.from_iterable(combinations(range(len(groups)), size) for size in sizes)
    return next((choice for choice in choices if not is_valid(_union(groups, choice))), None)


def _mend(groups: Sequence[_Group], broken: tuple[int, ...], is_valid: _Valid) -> tuple[int, ...]:
    """Which groups to merge so that ``broken`` is no choice any more."""
    outside = [index for index in range(len(groups)) if index not in broken]
    lacking = next(
        more
        for size in range(1, len(outside) + 1)
        for more in combinations(outside, size)
        if is_valid(_union(groups, (*broken, *more)))
    )
    alone = ((index, *lacking) for index in broken)
    return next((choice for choice in alone if is_valid(_union(groups, choice))), (*broken, *lacking))


def _union(groups: Sequence[_Group], choice: Sequence[int]) -> frozenset[int]:
    return frozenset(chain.from_iterable(groups[index] for index in choice))


def _checks(reference: LoadedScenario, other: LoadedScenario, settings: Sequence[Setting]) -> _Valid:
    """A check of a choice of settings, by the schema and, where the choice concerns the place, by laying it out."""
    known: dict[frozenset[int], bool] = {}
    placed = frozenset(index for index, setting in enumerate(settings) if _concerns_place(setting.keys))
    laid_out: dict[frozenset[int], bool] = {}

    def is_valid(choice: Collection[int]) -> bool:
        chosen = frozenset(choice)
        if chosen not in known:
            known[chosen] = _is_sound(chosen)
        return known[chosen]

    def _is_sound(chosen: frozenset[int]) -> bool:
        try:
            loaded = combined(reference, other, [settings[index] for index in sorted(chosen)])
        except InputError:
            return False
        where = chosen & placed
        if where not in laid_out:
            laid_out[where] = _can_be_laid_out(loaded)
        return laid_out[where]

    return is_valid


def _can_be_laid_out(loaded: LoadedScenario) -> bool:
    try:
        read_place(loaded)
    except InputError:
        return False
    return True


def _concerns_place(keys: Keys) -> bool:
    """Whether a setting has a part in where cells, people and mines are."""
    if keys[0] == "mines":
        return len(keys) == 2 or keys[2] == "placement"
    return keys[0] == "region" or keys in {("civilians", name) for name in ("density", "settlements", "range")}


def _is_below(key: str, path: str) -> bool:
    return f"{key}.".startswith(f"{path}.")


def _is_in_placement(keys: Keys) -> bool:
    return len(keys) > _PLACEMENT and keys[0] == "mines" and keys[_PLACEMENT - 1] == "placement"


def _at(node: Node, keys: Keys) -> Node | None:
    """The node at a path; None where the tree has none. A placement is given in its long form."""
    found: Node | None = node
    for depth, key in enumerate(keys, start=1):
        above = found
        found = above.value.get(key) if above is not None and isinstance(above.value, dict) else None
        if above is not None and depth == _PLACEMENT and keys[0] == "mines" and key == "placement":
            found = _long_form(above, found)
    return found


def _long_form(kind: Node, placement: Node | None) -> Node:
    """A placement as a mapping that says how mines lie: evenly, where it is given as a word or not at all."""
    entries = placement.value if placement is not None and isinstance(placement.value, dict) else {}
    if placement is not None and {_EVENLY, "belt", "clusters"} & set(entries):
        return placement
    mark = kind.mark if placement is None else placement.mark
    return Node({_EVENLY: Node(True, mark), **entries}, mark, mark)


def _put(node: Node, keys: Keys, value: Node | None) -> Node:
    """The tree with a node in place of what stands at a path, or without it. Nodes on the way are copied."""
    key, *rest = keys
    entries = dict(node.value)
    if rest:
        entries[key] = _put(entries[key], tuple(rest), value)
    elif value is None:
        entries.pop(key, None)
    else:
        entries[key] = value
    return replace(node, value=entries)


def _too_many(parts: Sequence[Change], reference: LoadedScenario, other: LoadedScenario) -> InputError:
    message = (
        f"{len(parts)} settings differ, and an exact split takes {2 ** len(parts):,} scenarios; at most {MOST_CHANGES} "
        f"are split. Take the settings of a block together, or compare in steps with a scenario in between"
    )
    return InputError([Problem(None, "", message), *(_difference(part, reference, other) for part in parts)])


def _difference(part: Change, reference: LoadedScenario, other: LoadedScenario) -> Problem:
    """A change as a line of a message, at its place in the other scenario, or in the reference if only that has it."""
    first = part.settings[0]
    texts = (f"{setting.before} -> {setting.after}" for setting in part.settings)
    mark = reference.place(first.keys) if first.after == ABSENT else other.place(first.keys_in_other)
    return Problem(mark, ", ".join(part.paths), f"differs: {', '.join(texts)}")
