"""Moving what is uncertain within what is stated of it, one input at a time: the same path moves in all scenarios."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from simulator.fields import Keys
from simulator.joint_draws import Group, group_label, grouped
from simulator.one_at_a_time import moves_of as one_at_a_time
from simulator.one_at_a_time import said
from simulator.problems import InputError
from simulator.scenario_file import LoadedScenario
from simulator.uncertainty import uncertain_inputs
from simulator.variation import Settings
from simulator.wording import listed

_MOST_INPUTS = 60
_MOST_DRAWS = 20
_AT_ENDS = "at its 5 % and its 95 % point"


@dataclass(frozen=True, slots=True)
class Move:
    """One input moved to one place: what it is called there, the settings that put it there by scenario, and whether
    the place is one ``of_draws`` of numbers that are drawn together.
    """

    path: str
    value: str
    settings: Mapping[int, Settings]
    of_draws: bool = False


def at_ends(moves: Sequence[Move]) -> str:
    """Say where inputs are moved to; those that are drawn together have no quantiles."""
    if not any(move.of_draws for move in moves):
        return _AT_ENDS
    return f"{_AT_ENDS}, those that are drawn together at up to {_MOST_DRAWS} of their draws"


def moves_of(scenarios: Sequence[LoadedScenario], which: Sequence[int]) -> tuple[list[Move], int]:
    """Every input of some scenarios moved to its ends, or its alternatives: the same path is one input, and moves in
    all. Returns the moves, and of how many inputs they are.
    """
    found: dict[Keys, dict[int, list[tuple[str, Settings]]]] = {}
    names: dict[Keys, str] = {}
    together: set[Keys] = set()
    for index in which:
        for group in grouped(uncertain_inputs(scenarios[index])):
            found.setdefault(group[0].coordinate, {})[index] = list(_places_of(group))
            names.setdefault(group[0].coordinate, group_label(group))
            together |= {group[0].coordinate} if len(group) > 1 else set()
    moves: list[Move] = []
    for path, by_scenario in list(found.items())[:_MOST_INPUTS]:
        for place in range(max(map(len, by_scenario.values()))):
            here = {index: ends[place] for index, ends in by_scenario.items() if place < len(ends)}
            where = listed(list(dict.fromkeys(words for words, _ in here.values())), "or")
            settings = {index: its for index, (_, its) in here.items()}
            moves.append(Move(names[path], where, settings, of_draws=path in together))
    return moves, min(len(found), _MOST_INPUTS)


def _places_of(group: Group) -> Iterator[tuple[str, Settings]]:
    one = group[0]
    if one.number is None:
        for index in range(len(one.parameters)):
            yield said(one, index), Settings(choices=((one.path, index),))
        return
    its = one_at_a_time(group, _MOST_DRAWS)
    yield from zip(its.words, its.settings, strict=True)


def values_of(moves: Sequence[Move], change: Callable[[Mapping[int, Settings]], float]) -> list[tuple[Move, float]]:
    """The ``change`` that each move makes; moves that make no valid scenario are left out."""
    found = []
    for move in moves:
        try:
            found.append((move, change(move.settings)))
        except InputError:
            continue
    return found


def widest_of(values: Sequence[tuple[Move, float]]) -> str:
    """The path whose moves lie furthest apart."""
    by_path: dict[str, list[float]] = {}
    for move, value in values:
        by_path.setdefault(move.path, []).append(value)
    return max(by_path, key=lambda path: max(by_path[path]) - min(by_path[path]))
