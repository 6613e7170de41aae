"""One uncertain input moved by itself, all others as they stand: the ends of its range, or its draws."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simulator.clocks import Array
from simulator.fields import value_words, written
from simulator.joint_draws import Group, draw_words, places, settings_at
from simulator.uncertainty import CHOICE, UncertainInput, inverse
from simulator.variation import Settings

ENDS = (0.05, 0.95)
# A twentieth of these lies beyond each end.
MOST_DRAWS = 39


@dataclass(frozen=True, slots=True)
class Moves:
    """Where an input, or a group that is drawn together, is moved to: settings, and what it is called there."""

    settings: tuple[Settings, ...]
    words: tuple[str, ...]


def moves_of(group: Group, most: int = MOST_DRAWS) -> Moves:
    """Move an input to its 5 and its 95 % quantile; a group has no quantiles and is moved through its draws, at
    most so many of them.
    """
    if len(group) > 1:
        here = places(group, most)
        return Moves(tuple(settings_at(group, one) for one in here), tuple(draw_words(group, one) for one in here))
    (one,) = group
    values = [float(inverse(one, np.array(end))) for end in ENDS]
    return Moves(tuple(_alone(one, value) for value in values), tuple(said(one, value) for value in values))


def ends_of(moves: Moves, values: Array) -> tuple[int, int]:
    """Which moves are the ends of an input, from the ``values`` [moves] of the output (NaN where it failed).

    Of a group they are those at which the output has its own 5 and 95 % quantile.
    """
    if len(moves.settings) == len(ENDS):
        return 0, 1
    order = [place for place in np.argsort(values, kind="stable").tolist() if np.isfinite(values[place])] or [0]
    beyond = int(ENDS[0] * len(order))
    return order[beyond], order[-1 - beyond]


def portions(values: Array, every: Sequence[Moves]) -> list[Array]:
    """Part ``values`` [sum of all moves] by the inputs whose moves they belong to."""
    return np.split(values, np.cumsum([len(moves.settings) for moves in every])[:-1])


def said(one: UncertainInput, value: float) -> str:
    """Write a value of an input; of alternatives, which one."""
    if one.number is None:
        return f"alternative {int(value) + 1}"
    return value_words(value, one.number)


def _alone(one: UncertainInput, value: float) -> Settings:
    if one.number is None:
        return Settings(choices=((one.path, int(value)),))
    # A number inside an alternative speaks only where that one is chosen.
    place = one.path.index(CHOICE) if CHOICE in one.path else None
    choices = () if place is None else ((one.path[:place], int(one.path[place + 1])),)
    return Settings(((one.path, written(value, one.number)),), choices)
