"""What a record cannot tell apart: numbers that make up for each other, in the curve or in the draws.

Two measures, each with the size from which it counts. The collinearity index of the sensitivities at the best fit
(Brun, Reichert and Künsch 2001, Water Resources Research 37, 1015): at 10 or more, a change of one number is undone to
a tenth by the others. And the rank correlation of the draws, which sees ridges that bend.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from simulator.calibration_posterior import Posterior
from simulator.calibration_profile import Estimate, Fit
from simulator.clocks import Array

COLLINEAR, CORRELATED, TIED = 10.0, 0.9, 0.7
_MOST_TOGETHER = 4


@dataclass(frozen=True, slots=True)
class Tie:
    """Numbers, by their names, that a record does not tell apart, or only weakly: ``together`` whether a higher one
    goes with a higher other (of more than two numbers, None), the collinearity index, and the rank correlation.
    """

    names: tuple[str, ...]
    together: bool | None
    collinearity: float
    correlation: float
    weak: bool


def ties(fit: Fit, posterior: Posterior) -> tuple[Tie, ...]:
    """What the record does not tell apart: the fewest numbers that make up for each other, most of all first."""
    return tuple(_ties(fit, posterior))


def unbounded(one: Estimate) -> bool:
    """Whether an interval ends at a bound, its own or one of another number, and not where the record says so."""
    return one.low_open or one.high_open or bool(one.low_leans or one.high_leans)


def collinearity(jacobian: Array, weight: Array) -> float:
    """The collinearity index of the columns of sensitivities [n, k], rows weighted [n]; infinite where they are the
    same but for their size.
    """
    columns = np.sqrt(weight)[:, None] * jacobian
    size = np.sqrt(np.square(columns).sum(axis=0))
    if not (size > 0).all():
        return np.inf
    least = float(np.linalg.svd(columns / size, compute_uv=False)[-1])
    return 1.0 / least if least > 0 else np.inf


def rank_correlation(one: Array, other: Array) -> float:
    """Spearman's rank correlation of two samples [S]; 0 where one does not vary."""
    ranks = [np.argsort(np.argsort(sample, kind="stable"), kind="stable").astype(float) for sample in (one, other)]
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return 0.0
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def _ties(fit: Fit, posterior: Posterior) -> Iterator[Tie]:
    problem, slopes = fit.problem, fit.slopes
    names = problem.names[: problem.curve]
    found: list[tuple[int, ...]] = []
    for size in range(2, min(len(names), _MOST_TOGETHER) + 1):
        for places in combinations(range(len(names)), size):
            if any(set(smaller) <= set(places) for smaller in found):
                continue
            its = tuple(names[place] for place in places)
            index = collinearity(slopes.jacobian[:, places], slopes.weight)
            rank = rank_correlation(*(posterior.curve[:, place] for place in places[:2])) if size == 2 else 0.0
            open_ends = any(unbounded(fit.estimates[place]) for place in places)
            if index >= COLLINEAR or (abs(rank) >= CORRELATED and open_ends):
                found.append(places)
                yield Tie(
                    tuple(names[place] for place in places), _together(fit, places, rank), index, rank, weak=False
                )
            elif abs(rank) >= (TIED if open_ends else CORRELATED):
                yield Tie(its, rank > 0, index, rank, weak=True)


def _together(fit: Fit, places: Sequence[int], rank: float) -> bool | None:
    """Whether two numbers rise together where they make up for each other."""
    if len(places) > 2:
        return None
    if rank != 0.0:
        return rank > 0
    columns = fit.slopes.jacobian[:, list(places)]
    return bool(float(columns[:, 0] @ (fit.slopes.weight * columns[:, 1])) < 0)
