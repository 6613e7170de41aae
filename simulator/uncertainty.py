"""Uncertain inputs: what a scenario says it does not know, as laws of its numbers and weights of its alternatives.

Parameter sets are points of a scrambled Sobol' sequence: each input is read from its own coordinate by its inverse
distribution function. The same path in two scenarios is one input, so that what is not known of the world is the same
in both. Numbers whose draws are of one ``joint`` share a coordinate, and take the same place in their lists: what a
calibration found of them together is not torn apart.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from simulator.alternatives import ONE_OF
from simulator.clocks import Array
from simulator.evidence import sourced_values
from simulator.fields import Keys, number_at, value_words, written
from simulator.quantities import Quantity
from simulator.scenario_file import LoadedScenario
from simulator.uncertainty_rules import DRAWS, JOINT
from simulator.units import COUNT, NUMBER, quantity
from simulator.variation import Settings

CHOICE = "one_of"
_LEAST_U = 2.0**-53
# What a quantity may be at most (`simulator.units`).
_LARGEST = 1e18
_LOG_RANGE = 700.0


@dataclass(frozen=True, slots=True)
class UncertainInput:
    """A number with an uncertainty, or a place with alternatives (``kind`` one_of, ``parameters`` their weights).

    ``parameters`` are in the unit of the number; those of tests are (tests, failures), of draws the list. ``reference``
    is the value that stands without uncertainty runs (of alternatives, the index). Draws may be of a ``joint``.
    """

    path: Keys
    kind: str
    parameters: tuple[float, ...]
    number: Quantity | None
    reference: float
    source: str = ""
    grade: str = ""
    note: str = ""
    joint: str = ""

    @property
    def coordinate(self) -> Keys:
        """What it is drawn by: its path, or the joint that it shares, which no path can be taken for."""
        return ("", self.joint) if self.joint else self.path

    @property
    def label(self) -> str:
        """Its dotted path."""
        return ".".join(self.path)


def uncertain_inputs(loaded: LoadedScenario) -> list[UncertainInput]:
    """List the uncertain inputs of a scenario, in its order."""
    found = list(_numbers(loaded)) + list(_choices(loaded))
    order = {path: place for place, path in enumerate(_paths(loaded.tree, ()))}
    return sorted(found, key=lambda one: order.get(one.path, len(order)))


def shared_inputs(scenarios: Sequence[LoadedScenario]) -> list[Keys]:
    """List what the uncertain inputs of some scenarios are drawn by: each is one coordinate of a parameter set."""
    return list(dict.fromkeys(one.coordinate for loaded in scenarios for one in uncertain_inputs(loaded)))


def parameter_sets(inputs: int, count: int, seed: int) -> Array:
    """``count`` points of the scrambled Sobol' sequence in ``inputs`` dimensions, [count, inputs] in [0, 1).

    More sets begin with the same ones. Owen scrambling as in SciPy (Matousek 1998, J. Complexity 14, 527).
    """
    from scipy.stats import qmc

    if inputs == 0:
        return np.empty((count, 0))
    # The number tells this use of the seed from others: it is "sets" in letters of the alphabet.
    rng = np.random.default_rng([seed, 19_05_20_19])
    sequence = qmc.Sobol(inputs, scramble=True, rng=rng)
    return np.asarray(sequence.random_base2(max(count - 1, 0).bit_length())[:count])


def settings_of(inputs: Sequence[UncertainInput], coordinates: Mapping[Keys, float]) -> Settings:
    """What one parameter set puts into a scenario: a value or a choice for each of its inputs."""
    values, choices = [], []
    for one in inputs:
        drawn = _drawn(one, coordinates[one.coordinate])
        if one.number is None:
            choices.append((one.path, int(drawn)))
        else:
            values.append((one.path, written(drawn, one.number)))
    return Settings(tuple(values), tuple(choices))


def _drawn(one: UncertainInput, u: float) -> float:
    if not one.joint:
        return float(inverse(one, np.array(u)))
    # By the place in the list as it stands, for the others of the joint stand in that order too.
    return one.parameters[min(int(u * len(one.parameters)), len(one.parameters) - 1)]


def inverse(one: UncertainInput, u: Array) -> Array:
    """The value at which the input's distribution function is u, same shape; of alternatives, their index.

    It is that of the number by itself, whatever joint it shares. Laws that reach beyond what the number may be are cut
    off there (truncated, not clipped).
    """
    u = np.clip(u, _LEAST_U, 1.0 - _LEAST_U)
    if one.kind == CHOICE:
        edges = np.cumsum(one.parameters) / np.sum(one.parameters)
        return np.minimum(np.searchsorted(edges, u, side="right"), len(one.parameters) - 1).astype(float)
    least, most = _ends(one.number)
    # Rounding, and a law of shares where 0 is no value, must not lead out of what the number may be.
    return np.asarray(np.clip(_quantile(one, u, least, most), least, most))


def _quantile(one: UncertainInput, u: Array, least: float, most: float) -> Array:
    a, b, c = (*one.parameters, 0.0, 0.0, 0.0)[:3]
    if one.kind == DRAWS:
        places = np.minimum((u * len(one.parameters)).astype(int), len(one.parameters) - 1)
        return np.asarray(np.sort(one.parameters)[places])
    if one.kind == "uniform":
        return np.clip(a + (b - a) * u, a, b)
    if one.kind == "loguniform":
        return np.asarray(np.clip(np.exp(np.log(a) + (np.log(b) - np.log(a)) * u), a, b))
    if one.kind == "triangular":
        rising, low, high = (b - a) / (c - a), (b - a) * (c - a), (c - b) * (c - a)
        return np.clip(np.where(u < rising, a + np.sqrt(u * low), c - np.sqrt((1.0 - u) * high)), a, c)
    if one.kind == "beta":
        return np.asarray(special.betaincinv(a, b, u))
    if one.kind == "tests":
        # Jeffreys' prior (Brown, Cai and DasGupta 2001, Statist. Sci. 16, 101).
        return np.asarray(special.betaincinv(b + 0.5, a - b + 0.5, u))
    return _truncated_lognormal(a, b, least, most, u)


def distribution_text(one: UncertainInput) -> str:
    """Write an input's uncertainty as its scenario says it, in the unit of the number."""
    if one.number is None:
        return f"one of {len(one.parameters)}"
    if one.kind == "tests":
        return f"{one.parameters[1]:,.0f} failures in {one.parameters[0]:,.0f} tests"
    if one.kind == DRAWS:
        ends = " to ".join(value_words(end(one.parameters), one.number) for end in (min, max))
        return f"{len(one.parameters):,} draws from {ends}" + (f" (joint {one.joint})" if one.joint else "")
    if one.kind == "beta":
        return f"beta {one.parameters[0]:g}, {one.parameters[1]:g}"
    low, high = value_words(one.parameters[0], one.number), value_words(one.parameters[-1], one.number)
    if one.kind == "lognormal":
        return f"lognormal, median {low}, sigma {one.parameters[1]:g}"
    return f"{one.kind} {low} to {high}"


def _ends(number: Quantity | None) -> tuple[float, float]:
    """The least and the largest value that a number may have."""
    if number is None:
        return -_LARGEST, _LARGEST
    least = -_LARGEST if number.at_least is None else number.at_least
    if number.above is not None:
        least = max(least, float(np.nextafter(number.above, np.inf)))
    return least, _LARGEST if number.at_most is None else number.at_most


def _truncated_lognormal(median: float, sigma: float, least: float, most: float, u: Array) -> Array:
    bottom = -np.inf if least <= 0 else float(np.log(least))
    middle, top = float(np.log(median)), float(np.log(most))
    low, high = (float(special.ndtr((end - middle) / sigma)) for end in (bottom, top))
    # In logarithms, for wide laws reach further than numbers do.
    logarithm = middle + sigma * special.ndtri(low + (high - low) * u)
    return np.asarray(np.exp(np.clip(logarithm, max(bottom, -_LOG_RANGE), top)))


def _numbers(loaded: LoadedScenario) -> Iterator[UncertainInput]:
    for value in sourced_values(loaded.tree):
        if value.uncertainty is None:
            continue
        number = number_at(_settled_path(value.path))
        if number is None:
            continue
        kind, parameters = _law(value.uncertainty, number)
        reference, joint = float(number.scalar(value.value)), value.uncertainty.get(JOINT, "")
        about = (value.source, value.grade, value.note)
        yield UncertainInput(value.path, kind, parameters, number, reference, *about, joint)


def _choices(loaded: LoadedScenario) -> Iterator[UncertainInput]:
    sourced = {value.path: value for value in sourced_values(loaded.tree)}
    for place in loaded.alternatives:
        said = sourced.get(place.path)
        about = (said.source, said.grade, said.note) if said else ("", "", "")
        yield UncertainInput(place.path, CHOICE, place.weights, None, float(place.weightiest), *about)


def _law(uncertainty: Mapping[str, Any], number: Quantity) -> tuple[str, tuple[float, ...]]:
    if "tests" in uncertainty:
        return "tests", (quantity(uncertainty["tests"], COUNT), quantity(uncertainty["failures"], COUNT))
    if DRAWS in uncertainty:
        return DRAWS, tuple(float(number.scalar(one)) for one in uncertainty[DRAWS])
    ((kind, parameters),) = uncertainty.items()
    if kind == "lognormal":
        return kind, (float(number.scalar(parameters["median"])), quantity(parameters["sigma"], NUMBER))
    if kind == "beta":
        return kind, tuple(quantity(one, NUMBER) for one in parameters)
    return kind, tuple(float(number.scalar(one)) for one in parameters)


def _settled_path(path: Keys) -> Keys:
    """The path of a number inside an alternative, as it is once that one is chosen."""
    for place, key in enumerate(path):
        # A class of mines may have this name too.
        if key == ONE_OF and number_at(path[:place]) is not None:
            return (*path[:place], *path[place + 2 :])
    return path


def _paths(tree: Any, path: Keys) -> Iterator[Keys]:
    yield path
    if isinstance(tree, Mapping):
        for key, child in tree.items():
            yield from _paths(child, (*path, str(key)))
    elif isinstance(tree, list):
        for index, child in enumerate(tree):
            yield from _paths(child, (*path, str(index)))
