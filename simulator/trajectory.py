"""What one played world leaves behind: curves on the time grid, and the bins that put events on it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.clocks import Array

Bins = NDArray[np.intp]
_MOST_TABLE = 4_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """Curves of K mine classes at T times, each shape [K, T]; ``accident_rate`` per year, ``mine_days`` since the
    start.

    ``accidents``, ``mine_days`` and what teams cleared or missed are cumulative. ``missed`` items lay in a cell when it
    was released. Laid mines that are neither hazardous nor inert are gone.
    """

    laid: Array
    hazardous: Array
    inert: Array
    accidents: Array
    accident_rate: Array
    mine_days: Array
    cleared_hazardous: Array
    cleared_inert: Array
    missed_hazardous: Array
    missed_inert: Array

    @property
    def gone(self) -> Array:
        """Self-destructed, detonated in an accident, or cleared, shape [K, T]."""
        rest = self.laid - self.hazardous - self.inert
        # Shares of failure outcomes add up to one but for rounding.
        return np.where(np.abs(rest) <= 1e-12 * self.laid[..., -1:], 0.0, rest)


@dataclass(frozen=True, slots=True, eq=False)
class Land:
    """The land of one world, or stacked [n, ...] of several.

    ``denied_km2`` [K + 1, T] is the area of the cells in which an item of each class, and last of any class, was laid
    and that no team has released; ``released_km2`` [T] that of those released. ``team_days`` [T] are days of work.
    ``release_days`` [len(RELEASED_SHARES)] are the days by which so much of all land ever denied is released, infinite
    where it is not within the horizon.
    """

    denied_km2: Array
    released_km2: Array
    team_days: Array
    release_days: Array


RELEASED_SHARES = (0.5, 0.9, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Maps:
    """Blocks of cells on the days of the maps, [D, blocks] each, from the estimate.

    ``accident_rate`` [per year] is that of the day, ``accident_rate_ahead`` of the same items at the mean pace of the
    year that begins then: a day in winter says little of it. ``contaminated_km2`` is the area of cells in which an item
    was laid by the day, ``released_km2`` that of those released. Stacked, they are means.
    """

    hazardous: Array
    inert: Array
    accident_rate: Array
    accident_rate_ahead: Array
    contaminated_km2: Array
    released_km2: Array

    @property
    def released(self) -> Array:
        """The share of the contaminated area that is released, 0 where there is none, [D, blocks]."""
        there = self.contaminated_km2
        return np.divide(self.released_km2, there, out=np.zeros_like(there), where=there > 0)


@dataclass(frozen=True, slots=True, eq=False)
class Trajectory:
    """One replicate: the world as played (integer counts) and the conditional estimate of the same expectation.

    ``simpy_events`` counts what the event queue handled.
    """

    played: Curves
    estimate: Curves
    land: Land
    maps: Maps | None
    simpy_events: int


@dataclass(frozen=True, slots=True, eq=False)
class TimeBins:
    """Finds the first grid time at or after an event: bin k means times[k - 1] < event <= times[k]; T means never seen.

    A table over equal steps, each holding at most one grid time, makes the search exact with one comparison.
    """

    times: Array
    step: float
    table: Bins
    padded: Array

    @property
    def size(self) -> int:
        """Number of grid times T."""
        return int(self.times.size)


def time_bins(times: Array) -> TimeBins:
    """The bins of a rising time grid [T] that starts at 0 or later."""
    narrowest = float(np.diff(times).min()) if times.size > 1 else 1.0
    # A power of two, so that dividing by the step is exact and no event can land in a neighbour's step.
    step = 2.0 ** np.floor(np.log2(narrowest))
    count = int(times[-1] / step) + 2
    if count > _MOST_TABLE:
        raise ValueError(f"time grid too fine: {count} steps of {step} days")
    table = np.searchsorted(times, np.arange(count) * step, side="left").astype(np.intp)
    return TimeBins(times, step, table, np.append(times, np.inf))


def bins_of(days: Array, grid: TimeBins) -> Bins:
    """The bin of each event time (days, any shape; infinities allowed)."""
    steps = np.clip(days * (1.0 / grid.step), 0.0, grid.table.size - 1).astype(np.intp)
    guess = grid.table[steps]
    guess += days > grid.padded[guess]
    return guess
