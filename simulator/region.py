"""The region: square cells that mines lie in and people move through."""

from dataclasses import dataclass

import numpy as np

from simulator.clocks import Array
from simulator.problems import Mark, input_error
from simulator.scenario import RegionSpec

MOST_CELLS = 2_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """Cells in rows from the south-west: ``area_km2`` [C] of each; read-only."""

    name: str
    columns: int
    rows: int
    area_km2: Array

    def __post_init__(self) -> None:
        self.area_km2.flags.writeable = False

    @property
    def total_area_km2(self) -> float:
        """Area of the region [km2]."""
        return float(self.area_km2.sum())


def rectangle_region(spec: RegionSpec, mark: Mark | None) -> Region:
    """The cells of a rectangle; those on the north and east edge may be cut, and weigh by the area they have.

    Raises InputError, pointing to ``mark``, when there would be too many cells to hold.
    """
    if spec.rectangle is None:
        raise ValueError("the region is not a rectangle")
    widths = _sides(spec.rectangle.width, spec.cell, mark)
    heights = _sides(spec.rectangle.height, spec.cell, mark)
    if not widths.size * heights.size <= MOST_CELLS:
        message = f"makes {widths.size * heights.size:,} cells, at most {MOST_CELLS:,} fit; take larger cells"
        raise input_error(message, mark=mark, path="region.cell")
    return Region(spec.name, widths.size, heights.size, np.outer(heights, widths).ravel())


def cells_of(region: Region, uniforms: Array) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """The cell of each mine placed uniformly over the area, from uniforms in (0, 1], shape [M]."""
    share = region.area_km2 / region.total_area_km2
    count = share.size
    if np.ptp(share) <= 1e-12 * share[0]:
        return np.minimum((uniforms * count).astype(np.intp), count - 1)
    return np.minimum(np.searchsorted(np.cumsum(share), uniforms, side="left"), count - 1)


def _sides(length_km: float, cell_km: float, mark: Mark | None) -> Array:
    if not length_km / cell_km <= MOST_CELLS:
        raise input_error(
            f"is too small for a side of {length_km:g} km; take larger cells", mark=mark, path="region.cell"
        )
    count = max(1, int(np.ceil(length_km / cell_km - 1e-9)))
    sides = np.full(count, cell_km)
    sides[-1] = length_km - cell_km * (count - 1)
    return sides
