"""Surfaces over two swept numbers, on which contours are drawn: along each axis, straight in what is straight there."""

from dataclasses import dataclass

import numpy as np

from simulator.clocks import Array
from simulator.figure_values import shown_values
from simulator.sweep_grid import Axis
from simulator.sweep_reading import difference, has_ratios
from simulator.sweep_table import SweepTable

_FINEST = 240
_TINY = np.finfo(float).tiny


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """A ``height`` [Y, X] at places ``y`` and ``x`` along two axes, logarithms of the values on a logarithmic one."""

    y: Array
    x: Array
    height: Array

    @property
    def changes_side(self) -> bool:
        """Whether it is above 0 in one place and below in another."""
        return bool(np.nanmin(self.height) < 0 < np.nanmax(self.height))


def metric_surface(table: SweepTable, *, log: bool) -> Surface:
    """The metric itself, or its logarithm."""
    mean = table.shaped(table.values["mean"])
    return Surface(*_places(table), np.log(mean) if log else np.where(np.isfinite(mean), mean, np.nan))


def contrast_surface(table: SweepTable, errors: float = 0.0) -> Surface:
    """The contrast to the reference, 0 at a break-even, with so many standard errors added to the difference.

    Where one axis is even and the other logarithmic, differences are joined by straight lines along the first and
    logarithms of ratios along the second, so that both cross 0 where sweeps of one number do.
    """
    its, (y, x) = table.differences, _places(table)
    if its is None or table.reference is None:
        raise ValueError("the sweep has no reference")
    found = table.shaped(difference(table) + errors * its["standard_error"])
    reference = table.shaped(table.reference)
    down, across = table.grid.axes
    if not (has_ratios(table) and (down.log or across.log)):
        return Surface(y, x, found)
    if not down.log:
        fine = _finer(y)
        found, reference = (_along(grid.T, y, fine).T for grid in (found, reference))
        y = fine
    if not across.log:
        fine = _finer(x)
        found, reference = (_along(grid, x, fine) for grid in (found, reference))
        x = fine
    with np.errstate(invalid="ignore"):
        return Surface(y, x, np.log(np.maximum(1.0 + found / reference, _TINY)))


def scaled(values: Array, axis: Axis) -> Array:
    """Values of an axis as they lie along it: their logarithms on a logarithmic one."""
    return np.asarray(np.log10(values) if axis.log else values)


def _places(table: SweepTable) -> tuple[Array, Array]:
    """The places of the points along the vertical and the horizontal axis."""
    down, across = table.grid.axes
    return scaled(shown_values(down), down), scaled(shown_values(across), across)


def _finer(places: Array) -> Array:
    """Divide the steps between places, each into as many parts."""
    if places.size < 2:
        return places
    parts = max(1, _FINEST // (places.size - 1))
    return np.interp(np.arange((places.size - 1) * parts + 1) / parts, np.arange(places.size), places)


def _along(grid: Array, old: Array, new: Array) -> Array:
    """Interpolate the rows of a grid; beside what is not known, nothing is."""
    return np.array([np.interp(new, old, row) for row in grid])
