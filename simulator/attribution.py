"""The difference between two scenarios split exactly among the settings that changed, by Shapley values.

The Shapley value of a change is what it adds to a metric, on average over all orders in which the changes can be made
(Shapley 1953, A value for n-person games, Contributions to the Theory of Games II, 307). The values sum to the whole
difference, changes that do the same get the same, and one that never does anything gets nothing. It is computed from
every choice of changes, replicate by replicate on the same draws, so that the sum holds in each replicate.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from simulator.clocks import Array
from simulator.combining import Change, Changes, combinations_of
from simulator.estimates import CONFIDENCE, Estimate, estimate
from simulator.scenario_file import LoadedScenario

Values = Callable[[Sequence[LoadedScenario]], list[Array]]


@dataclass(frozen=True, slots=True)
class Part:
    """What a change adds to the metric."""

    change: Change
    effect: Estimate


@dataclass(frozen=True, slots=True)
class Attribution:
    """The metric in the reference (``before``) and the other scenario (``after``), and what each change adds to it.

    The means of ``parts``, in the order of the schema, sum to that of ``whole``, which is after minus before.
    ``classes`` are those of the mines, as the paths of the parts call them.
    """

    reference: str
    other: str
    before: Estimate
    after: Estimate
    whole: Estimate
    parts: tuple[Part, ...]
    confidence: float
    classes: tuple[str, ...]


def attribute(changes: Changes, values: Values, *, confidence: float = CONFIDENCE) -> Attribution:
    """Split the difference of a metric among k changes.

    ``values(scenarios)`` is called once, with 2^k scenarios, and returns for each the metric by replicate, shape [n],
    on the same draws; n = 1 means exact values. The first scenario is the reference. Classes of mines must have their
    streams from ``changes.slots``. Raises ValueError where values differ in number or are not finite.
    """
    found = np.array(values(combinations_of(changes)))
    if not (found.shape == (1 << len(changes.parts), found.shape[-1]) and np.isfinite(found).all()):
        raise ValueError("needs a finite value for each scenario and replicate")
    parts = zip(changes.parts, shapley(found), strict=True)
    return Attribution(
        changes.reference.name,
        changes.other.name,
        estimate(found[0], confidence),
        estimate(found[-1], confidence),
        estimate(found[-1] - found[0], confidence),
        tuple(Part(change, estimate(effects, confidence)) for change, effects in parts),
        confidence,
        tuple(changes.slots),
    )


def shapley(values: Array) -> Array:
    """Shapley values [k, n] from the values [2^k, n] of every choice of k changes; bit i of a row says whether i is in.

    A change adds to a choice S without it with the weight |S|! (k - |S| - 1)! / k!.
    """
    rows = np.arange(len(values))
    k = len(values).bit_length() - 1
    sizes = np.array([int(row).bit_count() for row in rows])
    weights = np.array([1.0 / (k * math.comb(k - 1, size)) for size in range(k)])
    effects = np.empty((k, values.shape[1]))
    for change in range(k):
        without = rows[(rows >> change & 1) == 0]
        effects[change] = weights[sizes[without]] @ (values[without | 1 << change] - values[without])
    return effects
