"""What recorded test runs say of each requirement: how many cases passed, what was measured, and what is wrong."""

from dataclasses import dataclass

from dossier_requirements import Requirement
from recording import PASSED, within


@dataclass(frozen=True)
class Measured:
    """A number that tests measured: of all cases the one nearest to its limit, and the range of all."""

    name: str
    worst: float
    least: float
    most: float
    at_least: float | None
    at_most: float | None


@dataclass(frozen=True)
class Result:
    """A requirement with what tests found: the cases that ran, whether any is of the slow stage, what they measured and
    drew, and what is wrong.
    """

    requirement: Requirement
    cases: tuple[str, ...]
    slow: bool
    measured: tuple[Measured, ...]
    drawn: tuple[dict, ...]
    problems: tuple[str, ...]


def judged(requirement, tests, defined):
    """Hold a requirement against the tests of a record, by node id, and the tests that are defined."""
    problems, kept = [], {}
    for test in requirement.tests:
        if test not in defined:
            problems.append(f"{requirement.id}: there is no test {test}")
            continue
        cases = {node: found for node, found in sorted(tests.items()) if node.partition("[")[0] == f"tests/{test}"}
        if not cases:
            problems.append(f"{requirement.id}: {test} did not run")
        for node, found in cases.items():
            if found["outcome"] != PASSED:
                problems.append(f"{requirement.id}: {node} {found['outcome']}")
            problems += [
                f"{requirement.id}: {node}: {one['name']} is {one['value']}, beyond its limit"
                for one in found["measured"]
                if not within(one["value"], one["at_least"], one["at_most"])
            ]
        kept |= cases
    return Result(
        requirement,
        cases=tuple(kept),
        slow=any(found["slow"] for found in kept.values()),
        measured=tuple(_summed([one for found in kept.values() for one in found["measured"]])),
        drawn=tuple(one for found in kept.values() for one in found["drawn"]),
        problems=tuple(problems),
    )


def _summed(measurements):
    """One line for each name and sort of limits, in the order in which they came."""
    sorts = [(one["name"], one["at_least"] is None, one["at_most"] is None) for one in measurements]
    for sort in dict.fromkeys(sorts):
        alike = [one for one, its in zip(measurements, sorts, strict=True) if its == sort]
        worst = max(alike, key=_strain)
        values = [one["value"] for one in alike]
        yield Measured(sort[0], worst["value"], min(values), max(values), worst["at_least"], worst["at_most"])


def _strain(one):
    """How far a number went towards its limit: 1 at the limit."""
    value, low, high = one["value"], one["at_least"], one["at_most"]
    if low is not None and high is not None:
        return abs(value - (low + high) / 2) / ((high - low) / 2) if high > low else 1.0
    if high is not None:
        return value / high if high > 0 else value - high
    return low / value if value > 0 else low - value
