"""What is fitted to a record: free numbers on their scales, the curve they lead to, and the likelihood of the record.

A count of the record is negative binomial around ``share`` times the expected casualties of its period. Every number
that is free has a coordinate from 0 to 1 between its bounds, on an even or a logarithmic scale; so have the reporting
share, where it is a range, and the dispersion.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.clocks import Array
from simulator.count_likelihood import log_likelihoods

REPORTING, DISPERSION = "reporting share", "dispersion"
# The largest dispersion looked at: counts that vary by three times their mean.
MOST_DISPERSION = 10.0


@dataclass(frozen=True, slots=True)
class Axis:
    """A number that is free between ``low`` and ``high``; coordinates are even in it, or in its logarithm."""

    name: str
    low: float
    high: float
    logarithmic: bool

    def __post_init__(self) -> None:
        if not (np.isfinite(self.low) and np.isfinite(self.high) and self.low < self.high):
            raise ValueError(f"bounds must rise, got {self.low:g} to {self.high:g}")
        if self.logarithmic and not self.low > 0:
            raise ValueError(f"a scale of ratios begins above 0, got {self.low:g}")


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """A record of n counts and the curve that is fitted to it.

    ``log_means(u)`` gives the logarithm of the expected casualties of each period [n] at coordinates ``u`` [P] of the
    ``axes``. An axis is ``proportional`` where all means are proportional to its number. ``used`` [n] says which rows
    count in the likelihood; ``reporting`` are the least and the largest reporting share; without ``spread`` counts are
    Poisson's. ``adjustment`` is what is added to the likelihood for dispersions [G] while a peak is sought
    (`simulator.calibration_fit.adjusted`). ``batched`` is ``log_means`` of many points at once, [B, P] to [B, n], where
    that costs next to nothing.
    """

    counts: Array
    at_most: NDArray[np.bool_]
    used: NDArray[np.bool_]
    axes: tuple[Axis, ...]
    log_means: Callable[[Array], Array]
    reporting: tuple[float, float] = (1.0, 1.0)
    proportional: tuple[bool, ...] = ()
    spread: bool = True
    adjustment: Callable[[Array], Array] | None = None
    batched: Callable[[Array], Array] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all that is fitted, in the order of a point: free numbers, reporting share, dispersion."""
        return (
            *(axis.name for axis in self.axes),
            *((REPORTING,) if self.shares else ()),
            *((DISPERSION,) if self.spread else ()),
        )

    @property
    def shares(self) -> bool:
        """Whether the reporting share is fitted too."""
        return self.reporting[0] < self.reporting[1]

    @property
    def curve(self) -> int:
        """How many coordinates change the expected curve: C, of the free numbers and of the reporting share."""
        return len(self.axes) + self.shares

    @property
    def level(self) -> float:
        """The dispersion at which chance and dispersion spread a typical count alike: where its scale bends."""
        return 1.0 / (1.0 + float(self.counts[self.used].mean()))


def value_at(axis: Axis, u: Array | float) -> Array:
    """The number at coordinates, same shape."""
    if axis.logarithmic:
        return np.asarray(np.clip(axis.low * (axis.high / axis.low) ** np.asarray(u), axis.low, axis.high))
    return np.asarray(np.clip(axis.low + (axis.high - axis.low) * np.asarray(u), axis.low, axis.high))


def place_of(axis: Axis, value: Array | float) -> Array:
    """The coordinate of numbers, same shape; outside 0 to 1 beyond the bounds."""
    if axis.logarithmic:
        return np.asarray(np.log(np.asarray(value) / axis.low) / np.log(axis.high / axis.low))
    return np.asarray((np.asarray(value) - axis.low) / (axis.high - axis.low))


def share_axis(problem: Calibration) -> Axis:
    """The scale of the reporting share."""
    return Axis(REPORTING, *problem.reporting, logarithmic=False)


def dispersion_at(problem: Calibration, c: Array | float) -> Array:
    """The dispersion at coordinates: even where it hardly matters, by ratios where it does; 0 at 0."""
    top = np.log1p(MOST_DISPERSION / problem.level)
    return np.asarray(problem.level * np.expm1(np.asarray(c) * top))


def place_of_dispersion(problem: Calibration, dispersion: Array | float) -> Array:
    """The coordinate of a dispersion."""
    return np.asarray(np.log1p(np.asarray(dispersion) / problem.level) / np.log1p(MOST_DISPERSION / problem.level))


def values_at(problem: Calibration, point: Array) -> Array:
    """What a point [D] stands for: free numbers in their units, reporting share, dispersion."""
    free = len(problem.axes)
    values = [float(value_at(axis, u)) for axis, u in zip(problem.axes, point[:free], strict=True)]
    if problem.shares:
        values.append(float(value_at(share_axis(problem), point[free])))
    if problem.spread:
        values.append(float(dispersion_at(problem, point[-1])))
    return np.array(values)


def reported_log_means(problem: Calibration, point: Array) -> Array:
    """The log of what is expected to be reported in each period [n], at the coordinates of the curve, or a point."""
    free = len(problem.axes)
    share = float(value_at(share_axis(problem), point[free])) if problem.shares else problem.reporting[0]
    return np.asarray(problem.log_means(point[:free]) + np.log(share))


def rows_at(problem: Calibration, log_means: Array, dispersion: Array | float) -> Array:
    """The log-likelihood of each used row, from log-means of all rows [..., n]; ``dispersion`` broadcasts."""
    used = problem.used
    means = np.exp(np.clip(log_means[..., used], -50.0, 50.0))
    return log_likelihoods(problem.counts[used], problem.at_most[used], means, dispersion)


def log_likelihood(problem: Calibration, point: Array) -> float:
    """The log-likelihood [nat] of the record at a point [D]."""
    dispersion = float(dispersion_at(problem, point[-1])) if problem.spread else 0.0
    return float(rows_at(problem, reported_log_means(problem, point), dispersion).sum())
