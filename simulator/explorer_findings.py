"""What follows from the explorer's curves: where two scenarios break even, and how their mines stand to criteria."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from simulator.device_shares import corner_shares, device_of, failures_of, share_of
from simulator.explorer_controls import Control
from simulator.explorer_curves import Changes, Shown, expected_casualties
from simulator.standards import Criteria, Criterion

# A number of a class by the end of its path: where a world holds it, and between which values it is disputed.
_FIELDS = {
    ("count",): "count",
    ("self_destruct", "failure"): "self_destruct_failure",
    ("battery", "failure"): "backup_failure",
}
_MOST = 12
_NEGLIGIBLE = 1e-12


@dataclass(frozen=True, slots=True)
class EvenAt:
    """Whether the casualties of a scenario can be those of its reference at some value of a control's number.

    They are linear in it, from ``low`` to ``high`` [casualties, scenario minus reference] at the values ``between``.
    ``value`` is None where no allowed value makes them equal.
    """

    control: Control
    between: tuple[float, float]
    low: float
    high: float
    value: float | None


@dataclass(frozen=True, slots=True)
class Held:
    """The share of a class's mines in the state that a criterion limits, by the values as they stand."""

    scenario: str
    mines: str
    criterion: Criterion
    share: float
    is_met: bool


def break_even(reference: Shown, other: Shown, controls: Sequence[Control]) -> Iterator[EvenAt]:
    """Where the casualties of two scenarios with a closed form are equal, one number of one class after the other.

    While mines do not interact, expected casualties are linear in the number of mines of a class and in each of its
    failure probabilities, so two values of the number say all. A class that both have is changed in both.
    """
    held = {one.path: one for one in controls if one.path[0] == "mines" and one.path[2:] in _FIELDS}
    for path, control in list(held.items())[:_MOST]:
        if path[1] not in other.loaded.scenario.mines:
            continue
        name = _FIELDS[path[2:]]
        between = (0.0, float(max(1, other.count)) if name == "count" else 1.0)
        changes: list[Changes] = [{path[1]: {name: value}} for value in between]
        low, high = (expected_casualties(other, one) - _of_reference(reference, path[1], one) for one in changes)
        most = float("inf") if control.number.at_most is None else control.number.at_most
        yield EvenAt(control, between, low, high, _zero(between[1], low, high, most))


def held_to(every: Sequence[Shown], criteria: Criteria) -> Iterator[Held]:
    """Every class of mines of some scenarios against every criterion; what is known of the inputs has no part in it."""
    oldest = max(criterion.after for criterion in criteria.values())
    for one in every:
        for name, mines in one.loaded.scenario.mines.items():
            device = device_of(one.loaded.scenario, name, oldest)
            for criterion in criteria.values():
                corners = corner_shares(device, criterion.measure, criterion.after)
                share = share_of(corners, failures_of(mines))
                yield Held(one.loaded.name, name, criterion, share, bool(criterion.is_met_by(np.array(share))))


def _of_reference(reference: Shown, mines: str, changes: Changes) -> float:
    """The reference's casualties, which do not change where it has no such class."""
    if mines in reference.loaded.scenario.mines:
        return expected_casualties(reference, changes)
    return float(reference.curves["casualties"][-1])


def _zero(second: float, low: float, high: float, most: float) -> float | None:
    """Where a straight line that is ``low`` at 0 and ``high`` at a second place is 0, from 0 to ``most``."""
    if abs(high - low) <= _NEGLIGIBLE * max(abs(low), abs(high)):
        return None
    value = second * low / (low - high)
    return value if 0 <= value <= most else None
