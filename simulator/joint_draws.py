"""Numbers that are drawn together: those whose draws state the same ``joint`` are one input, and move as one.

A calibration finds numbers together, and seldom independent of each other: what fits a record with a high rate and fast
ageing may also fit it with a low rate and slow ageing, and not with the two mixed. Shares of the variance are defined
for independent inputs only, so such numbers have one share together.
"""

from collections.abc import Iterator, Sequence

from simulator.alternatives import ONE_OF
from simulator.fields import Keys, value_words, written
from simulator.problems import InputError, Problem
from simulator.quantities import GRADES
from simulator.scenario_file import LoadedScenario
from simulator.uncertainty import UncertainInput, distribution_text, uncertain_inputs
from simulator.uncertainty_rules import DRAWS, JOINT, lengths_differ
from simulator.variation import Settings

Group = tuple[UncertainInput, ...]

_MOST_VALUES = 2


def grouped(inputs: Sequence[UncertainInput]) -> list[Group]:
    """Put uncertain inputs that share a coordinate together, in the order of the first of each; most are alone."""
    groups: dict[Keys, list[UncertainInput]] = {}
    for one in inputs:
        groups.setdefault(one.coordinate, []).append(one)
    return [tuple(members) for members in groups.values()]


def group_label(group: Group) -> str:
    """Name a group by its first members: ``a``, ``a with b``, ``a with b and 2 more``."""
    first, *others = (one.label for one in group)
    if not others:
        return first
    more = f" and {len(others) - 1:,} more" if len(others) > 1 else ""
    return f"{first} with {others[0]}{more}"


def group_path(group: Group) -> str:
    """Name all members of a group: ``a with b with c``."""
    return " with ".join(one.label for one in group)


def group_range(group: Group) -> str:
    """Write what is stated of a group."""
    if len(group) == 1:
        return distribution_text(group[0])
    return f"{len(group[0].parameters):,} draws of {len(group):,} numbers together (joint {group[0].joint})"


def group_values(group: Group, place: int | None = None) -> str:
    """Write the values of all members of a group as they stand, or at a place of their draws."""
    values = [one.reference if place is None else one.parameters[place] for one in group]
    return "; ".join(
        value_words(value, one.number) for one, value in zip(group, values, strict=True) if one.number is not None
    )


def group_evidence(group: Group) -> tuple[str, str, str]:
    """Say what a group rests on: its sources, the weakest grade (none where one has none), and its notes."""
    sources, notes = (
        "; ".join(dict.fromkeys(text for text in texts if text))
        for texts in ((one.source for one in group), (one.note for one in group))
    )
    grades = [one.grade for one in group]
    weakest = min(grades, key=GRADES.index) if all(grades) else ""
    return sources, weakest, notes


def places(group: Group, most: int) -> list[int]:
    """Places of a group's draws, at most so many, spread evenly over the list."""
    size = len(group[0].parameters)
    return [int((index + 0.5) * size / most) for index in range(most)] if size > most else list(range(size))


def draw_words(group: Group, place: int) -> str:
    """Name a place of a group's draws, of two numbers with their values."""
    values = f" ({group_values(group, place)})" if len(group) <= _MOST_VALUES else ""
    return f"draw {place + 1:,} of {len(group[0].parameters):,}{values}"


def settings_at(group: Group, place: int) -> Settings:
    """Put a group at a place of its draws, all else as it stands."""
    values = []
    choices: dict[Keys, int] = {}
    for one in group:
        if one.number is not None:
            values.append((one.path, written(one.parameters[place], one.number)))
        if ONE_OF in one.path:
            # A number inside an alternative speaks only where that one is chosen.
            at = one.path.index(ONE_OF)
            choices.setdefault(one.path[:at], int(one.path[at + 1]))
    return Settings(tuple(values), tuple(choices.items()))


def refuse_torn_joints(scenarios: Sequence[LoadedScenario]) -> None:
    """Refuse scenarios that draw the numbers of a joint, or the same number, in ways that cannot be paired.

    Raises InputError where lists of one joint differ in length between scenarios, and where the same number is of a
    joint in one and of none, or of another, in another.
    """
    problems = list(_torn(scenarios))
    if problems:
        raise InputError(problems)


def _torn(scenarios: Sequence[LoadedScenario]) -> Iterator[Problem]:
    lengths: dict[str, tuple[int, str]] = {}
    drawn_by: dict[Keys, tuple[Keys, str]] = {}
    for loaded in scenarios:
        for one in uncertain_inputs(loaded):
            where = f"{one.label} of {loaded.name}"
            if one.joint:
                size, there = lengths.setdefault(one.joint, (len(one.parameters), where))
                if len(one.parameters) != size:
                    path = (*one.path, "uncertainty", DRAWS)
                    message = lengths_differ(one.joint, len(one.parameters), size, there)
                    yield Problem(loaded.place(path), ".".join(path), message)
            coordinate, there = drawn_by.setdefault(one.path, (one.coordinate, where))
            if one.coordinate != coordinate:
                path = (*one.path, "uncertainty", *([JOINT] if one.joint else []))
                message = (
                    f"is drawn {_how(one.coordinate)} here and {_how(coordinate)} at {there}; what is not known of a "
                    "number must be the same in all scenarios, so give it the same joint, or none, in each"
                )
                yield Problem(loaded.place(path), ".".join(path), message)


def _how(coordinate: Keys) -> str:
    return "by itself" if coordinate[0] else f"with joint '{coordinate[1]}'"
