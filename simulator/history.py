"""What happened to the cells of a played world: which were marked, which were searched and released, and when."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.clocks import Array


@dataclass(frozen=True, slots=True, eq=False)
class Accidents:
    """Accidents in the order they happened, shape [A] each: day, class, mine and cell."""

    day: Array
    kind: NDArray[np.intp]
    mine: NDArray[np.int64]
    cell: NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Visits:
    """The days on which the teams' passes over each cell are ``begun`` and ``done`` [C, passes], infinite where never.

    A cell is released with its last pass.
    """

    begun: Array
    done: Array

    @property
    def released(self) -> Array:
        """The day on which each cell is released, infinite if never, shape [C]."""
        return self.done[:, -1]


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """A played world's cells: ``marked_day`` [C] and the exposure clock's reading then, infinite where unmarked.

    None where nothing can be marked, or nobody clears. ``events`` is what the event queue handled.
    """

    accidents: Accidents
    marked_day: Array | None
    marked_at: Array | None
    pace: float
    visits: Visits | None
    events: int
