"""Model form as an uncertain input: ``{one_of: [{weight, …}, …]}`` in place of a number or a time law.

Which of several laws a battery follows is not known from its parameters. Without uncertainty runs, the weightiest
alternative stands (the first of equal ones); uncertainty runs draw one of them, each with its weight.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from simulator.fields import Keys, number_at
from simulator.problems import Problem
from simulator.quantities import GRADES, unknown_key
from simulator.units import NUMBER, UnitError, describe, quantity
from simulator.yaml_reader import Node

ONE_OF, WEIGHT = "one_of", "weight"
_BESIDE = (ONE_OF, "source", "grade", "note")
_MOST = 20


@dataclass(frozen=True, slots=True)
class Alternatives:
    """A place where one of several values stands, and the weight of each."""

    path: Keys
    weights: tuple[float, ...]

    @property
    def weightiest(self) -> int:
        """The one that stands without uncertainty runs."""
        return self.weights.index(max(self.weights))


def alternatives_in(root: Node, problems: list[Problem]) -> list[Alternatives]:
    """Find every ``one_of`` of a scenario, in order; those that are not sound are left out and said in ``problems``."""
    found = []
    for path, node in _places(root, ()):
        wrong = list(_problems(path, node))
        problems += wrong
        if not wrong:
            weights = (quantity(entry.value[WEIGHT].value, NUMBER) for entry in node.value[ONE_OF].value)
            found.append(Alternatives(path, tuple(weights)))
    return found


def settled(root: Node, every: Sequence[Alternatives], chosen: Mapping[Keys, int] | None = None) -> Node:
    """Put one alternative in each place: the ``chosen`` one where it is named, else the weightiest."""
    for place in every:
        index = (chosen or {}).get(place.path, place.weightiest)
        root = _with_choice(root, place.path, index)
    return root


def _with_choice(node: Node, path: Keys, index: int) -> Node:
    if not path:
        entry = node.value[ONE_OF].value[index]
        rest = {key: child for key, child in entry.value.items() if key != WEIGHT}
        if list(rest) == ["value"]:
            value = rest["value"]
            return Node(value.value, value.mark, node.key_mark, value.in_flow)
        return Node(rest, entry.mark, node.key_mark, entry.in_flow)
    if isinstance(node.value, list):
        place = int(path[0])
        items = [*node.value]
        items[place] = _with_choice(items[place], path[1:], index)
        return Node(items, node.mark, node.key_mark, node.in_flow)
    below = _with_choice(node.value[path[0]], path[1:], index)
    return Node({**node.value, path[0]: below}, node.mark, node.key_mark, node.in_flow)


def _places(node: Node, path: Keys) -> Iterator[tuple[Keys, Node]]:
    if isinstance(node.value, dict):
        if ONE_OF in node.value and number_at(path) is not None:
            yield path, node
            return
        for key, child in node.value.items():
            if path or key != "sources":
                yield from _places(child, (*path, str(key)))
    elif isinstance(node.value, list):
        for index, child in enumerate(node.value):
            yield from _places(child, (*path, str(index)))


def _problems(path: Keys, node: Node) -> Iterator[Problem]:
    where = ".".join(path)
    for key, child in node.value.items():
        if key not in _BESIDE:
            yield Problem(child.key_mark or child.mark, f"{where}.{key}", unknown_key(key, _BESIDE))
    grade = node.value.get("grade")
    if grade is not None and grade.value not in GRADES:
        message = f"must be one of {', '.join(GRADES)}, got {describe(grade.value)}"
        yield Problem(grade.mark, f"{where}.grade", message)
    for key in ("source", "note"):
        if key in node.value and not isinstance(node.value[key].value, str):
            message = f"must be a text, got {describe(node.value[key].value)}"
            yield Problem(node.value[key].mark, f"{where}.{key}", message)
    every = node.value[ONE_OF]
    if not isinstance(every.value, list) or not 2 <= len(every.value) <= _MOST:
        got = describe(every.value)
        message = f"must be a list of 2 to {_MOST} alternatives, each {{weight: …, …}}; got {got}"
        yield Problem(every.mark, f"{where}.{ONE_OF}", message)
        return
    for index, entry in enumerate(every.value):
        yield from _entry_problems(f"{where}.{ONE_OF}.{index}", entry)


def _entry_problems(where: str, entry: Node) -> Iterator[Problem]:
    if not isinstance(entry.value, dict) or WEIGHT not in entry.value:
        message = f"needs a 'weight' beside its value, as in {{weight: 1, value: 5 %}}; got {describe(entry.value)}"
        yield Problem(entry.mark, where, message)
        return
    if len(entry.value) < 2:
        yield Problem(entry.mark, where, "needs a value beside its weight: a time law, or 'value: …'")
    if _holds_choice(entry):
        yield Problem(entry.mark, where, f"an alternative cannot have '{ONE_OF}' in it; list them all in one place")
    weight = entry.value[WEIGHT]
    try:
        if not quantity(weight.value, NUMBER) > 0:
            yield Problem(weight.mark, f"{where}.{WEIGHT}", f"must be above 0, got {weight.value}")
    except UnitError as error:
        yield Problem(weight.mark, f"{where}.{WEIGHT}", str(error))


def _holds_choice(node: Node) -> bool:
    if isinstance(node.value, dict):
        return ONE_OF in node.value or any(map(_holds_choice, node.value.values()))
    return isinstance(node.value, list) and any(map(_holds_choice, node.value))
