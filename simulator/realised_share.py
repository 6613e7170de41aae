"""What a share turns out to be among the mines really laid: chance, with lots, and what is not known of the share."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from simulator.clocks import Array
from simulator.contamination import MineClass

INTERVAL = (0.05, 0.95)

_POINTS = 4096  # of the chance of lots, over all parameter sets
_ROUNDING = 1e-12
_NEARLY_NORMAL = 1e5  # both parameters of a Beta law above: its inverse loses digits and takes long


@dataclass(frozen=True, slots=True)
class Realised:
    """The share among ``mines``, the activated ones of those laid: the ends of INTERVAL of what it turns out to be,
    and ``meets``, the probability that no more than ``allowed`` of them are in the state.

    ``sets`` parameter sets are in it; 0 where it is chance alone, at the stated values.
    """

    mines: int
    allowed: int
    low: float
    high: float
    meets: float
    sets: int


def realised_share(
    limit: float, shares: Array, classes: Sequence[MineClass], correlations: Array, *, is_drawn: bool
) -> Realised | None:
    """The share among the mines really laid, from each set's share [S], class, and correlation in a lot [S].

    None where no mine is expected to be activated. As many are taken to be activated as expected, rounded. Without lots
    the number in the state is binomial: exact. With lots it is taken as beta-binomial with the exact mean and variance,
    the variance of count / (1 + (size - 1) correlation) independent mines. That is an approximation, exact for a single
    lot of one failing mechanism. It errs to the cautious side where few or none are counted: the chance of that is
    understated (by up to 0.01 at correlation 0.05, 0.04 at 0.2, and 0.15 at 0.5 with 20 lots), while the upper end
    comes out up to 7 % low. So many independent mines, taken as such, would overstate it, by up to 0.5.
    """
    counts = np.array([float(_activated(one)) for one in classes])
    if not counts[0] >= 1:
        return None
    counts = np.maximum(counts, 1.0)
    between = np.array([_between(one, r) for one, r in zip(classes, correlations, strict=True)])
    chances = _chances(shares, between)
    counts = np.repeat(counts, chances.size // counts.size)
    most = int(counts.max())

    def reached(share: float) -> float:
        return float(_at_most(np.floor(share * counts * (1.0 + _ROUNDING)), counts, chances).mean())

    low, high = (_smallest(lambda count: reached(count / most), most, level) / most for level in INTERVAL)
    allowed = math.floor(limit * _activated(classes[0]) * (1.0 + _ROUNDING))
    return Realised(_activated(classes[0]), allowed, low, high, reached(limit), len(classes) if is_drawn else 0)


def _activated(mines: MineClass) -> int:
    return round(mines.count * (1.0 - mines.arming_failure))


def _between(mines: MineClass, correlation: float) -> float:
    """Correlation between any two mines of a class that has the same variance as ``correlation`` within its lots."""
    if mines.lots is None or not correlation > 0 or not mines.count > 1:
        return 0.0
    full, rest = divmod(mines.count, mines.lots.size)
    pairs = (full * mines.lots.size * (mines.lots.size - 1) + rest * (rest - 1)) / (mines.count * (mines.count - 1))
    return correlation * pairs


def _chances(shares: Array, between: Array) -> Array:
    """Points of the law from which each set's mines have their chance: Beta, mean [S], correlation ``between`` [S].

    As many for each set, one after the other, in strips of equal probability; one, the mean, where nothing correlates.
    """
    if not between.any():
        return shares
    points = -(-_POINTS // shares.size)
    # Each set has its points at another place in the strips: the golden section spreads them evenly.
    offset = np.modf((np.arange(shares.size)[:, None] + 0.5) * (math.sqrt(5) - 1) / 2)[0]
    u = (np.arange(points) + offset) / points
    mean, rho = (np.broadcast_to(column[:, None], u.shape) for column in (shares, between))
    found = mean.copy()
    uneven = (rho > 0) & (mean > 0) & (mean < 1)
    spread = (1.0 - rho[uneven]) / rho[uneven]
    a, b, share, at = mean[uneven] * spread, (1.0 - mean[uneven]) * spread, mean[uneven], u[uneven]
    drawn = share + np.sqrt(share * (1.0 - share) * rho[uneven]) * special.ndtri(at)
    sharp = np.minimum(a, b) < _NEARLY_NORMAL
    drawn[sharp] = special.betaincinv(a[sharp], b[sharp], at[sharp])
    found[uneven] = drawn.clip(0.0, 1.0)
    return np.asarray(found.ravel())


def _at_most(events: Array, trials: Array, chances: Array) -> Array:
    """P(X <= events) of binomial counts, all [S]."""
    some = events < trials
    found = np.ones_like(chances)
    found[some] = special.betaincc(events[some] + 1.0, trials[some] - events[some], chances[some])
    return found


def _smallest(reached: Callable[[int], float], most: int, level: float) -> int:
    """The smallest count up to ``most`` that is not passed with probability ``level``."""
    low, high = -1, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) >= level else (middle, high)
    return high
