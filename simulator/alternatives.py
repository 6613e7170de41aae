"""Model form as an uncertain input: ``{one_of: [{weight, …}, …]}`` in place of a number or a time law.

Which of several laws a battery follows is not known from its parameters. Without uncertainty runs, the weightiest
alternative stands (the first of equal ones); uncertainty runs draw one of them, each with its weight.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from simulator.evidence import ASSUMPTION
from simulator.fields import Keys, is_key, number_at
from simulator.problems import InputError, Problem, unknown_key
from simulator.quantities import GRADES
from simulator.units import NUMBER, UnitError, describe, quantity
from simulator.yaml_reader import Node

ONE_OF, WEIGHT = "one_of", "weight"
_BESIDE = (ONE_OF, "source", "grade", "note")
_MOST = 20
# Each is checked in its place, with all the rest of the scenario.
_MOST_IN_ALL = 100
# More are not for reading, and what is wrong beside them would be looked for with each alternative.
_MOST_WRONG = 200


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
    """Find every ``one_of`` of a scenario, in order; those that are not sound are left out and said in ``problems``.

    Raises InputError when there are too many to check each, or too many wrong ones to go on.
    """
    found: list[Alternatives] = []
    left = _MOST_IN_ALL
    for path, node in _places(root, ()):
        problems += _problems_beside(path, node)
        wrong = list(_problems(path, node))
        problems += wrong
        if wrong:
            continue
        entries = node.value[ONE_OF].value
        left -= len(entries)
        if left < 0:
            message = f"a scenario has at most {_MOST_IN_ALL} alternatives in all"
            raise InputError([*problems, Problem(node.value[ONE_OF].mark, f"{'.'.join(path)}.{ONE_OF}", message)])
        found.append(Alternatives(path, tuple(quantity(entry.value[WEIGHT].value, NUMBER) for entry in entries)))
    if len(problems) > _MOST_WRONG:
        raise InputError(problems)
    return found


def settled(root: Node, every: Sequence[Alternatives], chosen: Mapping[Keys, int] | None = None) -> Node:
    """Put one alternative in each place: the ``chosen`` one where it is named, else the weightiest."""
    choices = {place.path: (chosen or {}).get(place.path, place.weightiest) for place in every}
    return _with_choices(root, choices) if choices else root


def _with_choices(node: Node, choices: Mapping[Keys, int]) -> Node:
    """Put alternatives in their places at and below a node, each by its path from there; one way for all of them."""
    if () in choices:
        return _alternative(node, choices[()])
    below: dict[str, dict[Keys, int]] = {}
    for path, index in choices.items():
        below.setdefault(path[0], {})[path[1:]] = index
    if isinstance(node.value, list):
        items = enumerate(node.value)
        changed = [_with_choices(item, below[str(place)]) if str(place) in below else item for place, item in items]
        return Node(changed, node.mark, node.key_mark, node.in_flow)
    entries = {key: _with_choices(node.value[key], inside) for key, inside in below.items()}
    return Node({**node.value, **entries}, node.mark, node.key_mark, node.in_flow)


def _alternative(node: Node, index: int) -> Node:
    entry = node.value[ONE_OF].value[index]
    if not isinstance(entry.value, dict):
        # A number was put in place of an alternative that is uncertain itself.
        return Node(entry.value, entry.mark, node.key_mark, entry.in_flow)
    rest = {key: child for key, child in entry.value.items() if key != WEIGHT}
    if list(rest) == ["value"]:
        value = rest["value"]
        return Node(value.value, value.mark, node.key_mark, value.in_flow)
    return Node(rest, entry.mark, node.key_mark, entry.in_flow)


def _places(node: Node, path: Keys) -> Iterator[tuple[Keys, Node]]:
    if isinstance(node.value, dict):
        if ONE_OF in node.value and (number_at(path) is not None or _is_misplaced(path, node)):
            yield path, node
            return
        for key, child in node.value.items():
            if path or key != "sources":
                yield from _places(child, (*path, str(key)))
    elif isinstance(node.value, list):
        for index, child in enumerate(node.value):
            yield from _places(child, (*path, str(index)))


def _is_misplaced(path: Keys, node: Node) -> bool:
    """Whether alternatives are given for a key that can have none; a class of mines may have this name."""
    return path not in {(), ("mines",)} and isinstance(node.value[ONE_OF].value, list) and is_key(path)


def _problems(path: Keys, node: Node) -> Iterator[Problem]:
    where = f"{'.'.join(path)}.{ONE_OF}"
    every = node.value[ONE_OF]
    if number_at(path) is None:
        yield Problem(every.key_mark or every.mark, where, "cannot be one of several; numbers and time laws can")
    elif not isinstance(every.value, list) or not 2 <= len(every.value) <= _MOST:
        message = f"must be a list of 2 to {_MOST} alternatives, each {{weight: …, …}}; got {describe(every.value)}"
        yield Problem(every.mark, where, message)
    else:
        for index, entry in enumerate(every.value):
            yield from _entry_problems(f"{where}.{index}", entry)


def _problems_beside(path: Keys, node: Node) -> Iterator[Problem]:
    """What is wrong with the keys beside the alternatives, which does not keep these from being checked."""
    if number_at(path) is None:
        return
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
    yield from _source_problems(where, node)


def _source_problems(where: str, node: Node) -> Iterator[Problem]:
    """What is wrong with a source that is a text, as of a sourced value."""
    source, note = node.value.get("source"), node.value.get("note")
    if source is not None and source.value == "":
        yield Problem(source.mark, f"{where}.source", f"must be a key of 'sources', or {ASSUMPTION} with a note")
    elif source is not None and source.value == ASSUMPTION and not (note and str(note.value or "").strip()):
        yield Problem(source.mark, f"{where}.source", "an assumption needs a 'note' that says why")


def _entry_problems(where: str, entry: Node) -> Iterator[Problem]:
    if not isinstance(entry.value, dict) or WEIGHT not in entry.value:
        message = f"needs a 'weight' beside its value, as in {{weight: 1, value: 5 %}}; got {describe(entry.value)}"
        yield Problem(entry.mark, where, message)
        return
    value = entry.value.get("value")
    if len(entry.value) < 2 or (value is not None and value.value is None):
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
