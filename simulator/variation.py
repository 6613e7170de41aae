"""Varying a scenario: numbers put in place of others, alternatives chosen, and the result checked like a file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pydantic import BaseModel

from simulator.alternatives import ONE_OF, settled
from simulator.fields import Keys, number_at, written
from simulator.problems import Mark, closest, input_error
from simulator.quantities import Quantity
from simulator.scenario_file import LoadedScenario, validated
from simulator.units import UnitError
from simulator.yaml_reader import Node, plain


@dataclass(frozen=True, slots=True)
class Settings:
    """What is changed in a scenario: values as they would stand in the file, and which alternative is taken."""

    values: tuple[tuple[Keys, float | int | str], ...] = ()
    choices: tuple[tuple[Keys, int], ...] = ()


AS_IT_STANDS = Settings()
_MOST_DIGITS = 16


def varied(loaded: LoadedScenario, settings: Settings) -> LoadedScenario:
    """The scenario with other settings, every alternative settled. Raises InputError when it is not valid then.

    It has no digest of its own: `simulator.points.key_of` makes one of what determines its numbers.
    """
    lists = [(*place.path, ONE_OF) for place in loaded.alternatives]
    inside = [one for one in settings.values if any(one[0][: len(path)] == path for path in lists)]
    root = loaded.root
    for path, value in inside:
        root = _with_value(root, path, value)
    # Any other value goes into what was chosen, or in place of it.
    root = settled(root, loaded.alternatives, dict(settings.choices))
    for path, value in settings.values:
        if (path, value) not in inside:
            root = _with_value(root, path, value)
    tree = plain(root)
    scenario = validated(root, tree)
    if "sources" in loaded.tree:
        tree["sources"] = loaded.tree["sources"]
    return replace(loaded, scenario=scenario, tree=tree, digest="", root=root, alternatives=())


def concerns(loaded: LoadedScenario, path: Keys) -> bool:
    """Whether a path means this scenario: one below a class of mines, or a block such as clearance, only where it has
    that.
    """
    here: object = loaded.scenario
    for key in path[:-1]:
        if isinstance(here, BaseModel):
            names = [name for name, field in type(here).model_fields.items() if key == (field.alias or name)]
            # Below a time law: whether it is this one is found when the scenario is checked.
            here = getattr(here, names[0]) if names else ()
        elif isinstance(here, Mapping):
            here = here.get(key)
        if here is None:
            return False
    return not (len(path) == 2 and path[0] == "mines") or path[1] in loaded.scenario.mines


def read_path(text: str, scenarios: Sequence[LoadedScenario], mark: Mark, option: str) -> tuple[Keys, Quantity]:
    """Read the dotted path of a number that some of the scenarios have, or can have.

    Raises InputError that says what is there instead.
    """
    for loaded in scenarios:
        path = _keys(text, loaded)
        if path and concerns(loaded, path) and (number := number_at(path)) is not None:
            return path, number
    path = tuple(text.split("."))
    if path[0] == "mines" and len(path) > 2:
        names = list(dict.fromkeys(name for loaded in scenarios for name in loaded.scenario.mines))
        if path[1] not in names:
            raise input_error(f"no mine class '{path[1]}', there is {', '.join(names)}", mark=mark, path=option)
    if number_at(path) is not None and not any(concerns(loaded, path) for loaded in scenarios):
        block = ".".join(path[:-1])
        raise input_error(f"no scenario here has '{block}', so '{text}' cannot be varied", mark=mark, path=option)
    numbers = [known for loaded in scenarios for known in _numbers(plain(loaded.root), ())]
    near = closest(text, numbers, cutoff=0.6)
    hint = f", did you mean '{near}'?" if near else "; 'minesim explain' lists the keys"
    raise input_error(f"'{text}' is no number of the scenario that can be varied{hint}", mark=mark, path=option)


def read_number(text: str, number: Quantity, mark: Mark, option: str) -> float:
    """Read one value of a path, in the unit of its dimension. Raises InputError when it is none or not allowed."""
    try:
        return float(number.scalar(_bare(text.strip().replace("%", " %"))))
    except UnitError as error:
        raise input_error(f"{error}", mark=mark, path=option) from None


def value_at(loaded: LoadedScenario, path: Keys) -> object:
    """What stands at a path of the scenario as written, None where nothing does; a sourced value counts as its
    value.
    """
    here: object = plain(loaded.root)
    for key in path:
        if isinstance(here, Mapping) and key in here:
            here = here[key]
        elif isinstance(here, list) and (place := _place_in_list(key, len(here))) is not None:
            here = here[place]
        else:
            return None
    return here.get("value") if isinstance(here, Mapping) else here


def setting(path: Keys, value: float, number: Quantity) -> tuple[Keys, float | int | str]:
    """One value of Settings, from a number in the unit of its dimension."""
    return path, written(value, number)


def _bare(text: str) -> float | int | str:
    """A number as a file would have it, without the underscores and digits of other scripts that Python reads."""
    if not text.isascii() or "_" in text:
        return text
    # A whole number stays one, so that a message repeats it as it was typed.
    if text.isdigit() and len(text) < _MOST_DIGITS:
        return int(text)
    try:
        return float(text)
    except ValueError:
        return text


def _keys(text: str, loaded: LoadedScenario) -> Keys:
    """Split a dotted path; a class of mines may itself have dots in its name."""
    head, _, rest = text.partition(".")
    if head == "mines":
        for name in sorted(loaded.scenario.mines, key=len, reverse=True):
            if rest.startswith(f"{name}."):
                return (head, name, *rest.removeprefix(f"{name}.").split("."))
    return tuple(text.split("."))


def _numbers(tree: object, path: Keys) -> list[str]:
    """Every path of a tree at which a number stands; a time law counts as one, and has some of its own below."""
    found = [".".join(path)] if number_at(path) is not None else []
    if isinstance(tree, Mapping):
        found += [inner for key, child in tree.items() for inner in _numbers(child, (*path, str(key)))]
    return found


def _place_in_list(key: str, size: int) -> int | None:
    # Six digits at most: int() refuses thousands of them.
    return int(key) if key.isdecimal() and len(key) <= 6 and int(key) < size else None


def _with_value(node: Node, path: Keys, value: float | int | str) -> Node:
    if not path:
        return Node(value, node.mark, node.key_mark, node.in_flow)
    if isinstance(node.value, list):
        place = _place_in_list(path[0], len(node.value))
        if place is None:
            message = f"is a list of {len(node.value)}, counted from 0; no place '{path[0]}'"
            raise input_error(message, mark=node.mark)
        items = [*node.value]
        items[place] = _with_value(items[place], path[1:], value)
        return Node(items, node.mark, node.key_mark, node.in_flow)
    entries = node.value if isinstance(node.value, dict) else {}
    below = _with_value(entries.get(path[0], Node(None, node.mark, node.key_mark)), path[1:], value)
    return Node({**entries, path[0]: below}, node.mark, node.key_mark, node.in_flow)
