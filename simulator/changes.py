"""What changed between two scenarios, setting by setting, in the order of the schema.

Settings are compared as they were read, in their units, so that 10 % and 0.1, 2 weeks and 14 days, an absent key and
its default are no change. A block that only one scenario has is one setting, and so are a list, a file (by its
content), a laying period and a time law of another family; blocks that both have are compared key by key. Classes of
mines are compared with their counterparts, as their random streams are paired (`simulator.world.stream_slots`); what a
class is called is no setting, nor are titles, sources, the seed, the number of replicates and the yardsticks.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic.fields import FieldInfo

from simulator.contamination import Laying, Placement
from simulator.laws import NAMES, Law, Never
from simulator.problems import InputError, Problem
from simulator.quantities import Quantity
from simulator.scenario_file import LoadedScenario
from simulator.spec import Spec
from simulator.wording import number
from simulator.world import stream_slots
from simulator.yaml_reader import Node, plain

ABSENT = "absent"
_NO_SETTINGS = {
    ("title",), ("question",), ("start",), ("horizon",), ("seed",), ("replicates",), ("thresholds",), ("sources",),
    ("region", "name"),
}  # fmt: skip
_ROUNDING = 1e-12
_LONGEST_TEXT = 100

Keys = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting that differs: where it stands in the reference and in the other scenario, and both values as texts.

    The paths are the same but for the name of the class of mines.
    """

    keys: Keys
    keys_in_other: Keys
    before: str
    after: str

    @property
    def path(self) -> str:
        """Its place as a dotted path, with the reference's name of the class."""
        return ".".join(self.keys)


@dataclass(frozen=True, slots=True)
class _Side:
    """A part of one scenario: what was read, the node it was read from if there is one, and its path."""

    loaded: LoadedScenario
    value: Any
    node: Node | None
    keys: Keys

    def below(self, value: Any, *keys: str) -> "_Side":
        """A part of this part."""
        node = self.node
        for key in keys:
            node = node.value.get(key) if node is not None and isinstance(node.value, dict) else None
        return _Side(self.loaded, value, node, (*self.keys, *keys))


def settings_changed(reference: LoadedScenario, other: LoadedScenario) -> list[Setting]:
    """List the settings that differ. Raises InputError where scenarios begin or end at different times."""
    problems = [problem for key in ("start", "horizon") for problem in _differing(key, reference, other)]
    if problems:
        raise InputError(problems)
    sides = [_Side(loaded, loaded.scenario, loaded.root, ()) for loaded in (reference, other)]
    return [setting for setting in _compared(*sides) if setting.keys not in _NO_SETTINGS]


def paired_classes(reference: LoadedScenario, other: LoadedScenario) -> list[tuple[str | None, str | None]]:
    """Pair the classes of mines of two scenarios by the random streams they share; None where one has none."""
    names = list(reference.scenario.mines)
    slots = stream_slots(names, list(other.scenario.mines))
    at = {slot: name for name, slot in slots.items()}
    pairs: list[tuple[str | None, str | None]] = [(name, at.pop(index, None)) for index, name in enumerate(names)]
    return [*pairs, *((None, at[slot]) for slot in sorted(at))]


def slots_of(reference: LoadedScenario, other: LoadedScenario) -> Mapping[str, int]:
    """The stream slots of the reference's classes, and of those that only the other scenario has."""
    names = list(reference.scenario.mines)
    every = stream_slots(names, list(other.scenario.mines))
    alone = {name: slot for name, slot in every.items() if slot >= len(names)}
    return {name: index for index, name in enumerate(names)} | alone


def _differing(key: str, reference: LoadedScenario, other: LoadedScenario) -> Iterator[Problem]:
    own, its = getattr(other.scenario, key), getattr(reference.scenario, key)
    if not _is_same(own, its):
        shown = [f"{value:g} days" if key == "horizon" else str(value) for value in (own, its)]
        message = f"is {shown[0]}, but {shown[1]} in the reference {reference.name}; a comparison needs the same"
        yield Problem(other.place([key]), key, message)


def _compared(before: _Side, after: _Side) -> Iterator[Setting]:
    """Compare a block that both have, key by key."""
    old, new = _plainly_placed(before.value), _plainly_placed(after.value)
    for name, field in type(old).model_fields.items():
        key = field.alias or name
        if before.keys == () and key == "mines":
            yield from _compared_classes(before, after)
            continue
        sides = before.below(getattr(old, name), key), after.below(getattr(new, name), key)
        if _is_unchanged(*sides):
            continue
        family = _family(*sides)
        if family is not None:
            yield from _compared(*(side.below(side.value, family) for side in sides))
        elif _is_block(*sides):
            yield from _compared(*sides)
        else:
            yield _setting(*sides, field)


def _compared_classes(before: _Side, after: _Side) -> Iterator[Setting]:
    for name, its in paired_classes(before.loaded, after.loaded):
        key = name or its or ""
        sides = (
            before.below(before.value.mines.get(name), "mines", key),
            after.below(after.value.mines.get(its), "mines", its or key),
        )
        if name is not None and its is not None:
            yield from _compared(*sides)
        else:
            yield _setting(*sides)


def _plainly_placed(value: Spec) -> Spec:
    """Say of mines that lie evenly that they do, where only the rest of their placement is given."""
    if isinstance(value, Placement) and value.belt is None and value.clusters is None:
        return value.model_copy(update={"uniform": True})
    return value


def _is_same(one: Any, other: Any) -> bool:
    """Whether two values as read mean the same, but for the rounding of their units."""
    if isinstance(one, Spec) and isinstance(other, Spec):
        one, other = _plainly_placed(one), _plainly_placed(other)
        names = type(one).model_fields
        return type(one) is type(other) and all(_is_same(getattr(one, name), getattr(other, name)) for name in names)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_is_same, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=_ROUNDING)
    return bool(one == other)


def _is_unchanged(before: _Side, after: _Side) -> bool:
    """Whether two parts mean the same; a file is its content, whatever it is called."""
    files = [_files(side) for side in (before, after)]
    if all("" in found for found in files):
        return files[0] == files[1]
    return _is_same(before.value, after.value) and files[0] == files[1]


def _files(side: _Side) -> dict[str, str]:
    """The content of the files named in a part, by the rest of their path."""
    path = ".".join(side.keys)
    named = {key: file.text for key, file in side.loaded.files.items() if f"{key}.".startswith(f"{path}.")}
    return {key.removeprefix(path): text for key, text in named.items()}


def _family(before: _Side, after: _Side) -> str | None:
    """The name under which both have the parameters of the same time law, if they do."""
    name = type(before.value).__name__.lower()
    same = type(before.value) is type(after.value) and name in NAMES
    written = all(isinstance(side.below(None, name).node, Node) for side in (before, after))
    return name if same and written and name != "piecewise" else None


def _is_block(before: _Side, after: _Side) -> bool:
    """Whether both are blocks of settings, written as such."""
    if not (isinstance(before.value, Spec) and type(before.value) is type(after.value)):
        return False
    if isinstance(before.value, Placement):
        return True
    written = all(side.node is not None and isinstance(side.node.value, dict) for side in (before, after))
    return written and not isinstance(before.value, Laying | Law)


def _setting(before: _Side, after: _Side, field: FieldInfo | None = None) -> Setting:
    return Setting(before.keys, after.keys, _text(before, field), _text(after, field))


def _text(side: _Side, field: FieldInfo | None) -> str:
    """Write a value as the file has it, or the default of a key that it has not."""
    if side.value is None:
        return ABSENT
    if side.node is not None and side.node.value is not None:
        text = _flow(plain(side.node))
    elif isinstance(side.value, Never):
        text = "never"
    elif isinstance(side.value, float):
        kinds = [] if field is None else [one for one in field.metadata if isinstance(one, Quantity)]
        text = f"{number(side.value)} {kinds[0].dimension.unit if kinds else ''}".rstrip()
    else:
        text = _flow(side.value)
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"


def _flow(value: Any) -> str:
    """Write a value of a file in one line; of a sourced value, the value."""
    if isinstance(value, dict):
        if not isinstance(value.get("value", {}), dict | list):
            return _flow(value["value"])
        return f"{{{', '.join(f'{key}: {_flow(child)}' for key, child in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, value))}]" if value else "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:g}" if isinstance(value, float) else str(value)
