"""Dots that stand for equal shares of the worlds: which values they have, and where they are stacked [inches]."""

import numpy as np
from numpy.typing import NDArray

from simulator.clocks import Array

_LARGEST, _SMALLEST = 0.13, 0.075
_WIDEST_BIN = 0.45


def quantile_dots(values: Array, count: int) -> Array:
    """Return ``count`` quantiles of values [n] in rising order, at the middle of each of as many equal shares."""
    rising = np.sort(values)
    return np.asarray(rising[((np.arange(count) + 0.5) / count * rising.size).astype(int)])


def stacked(inches: Array, up: float) -> tuple[Array, Array, float]:
    """Stack dots at distances [inches] along an axis in a panel ``up`` high: their places [inches] and their width.

    Bins are as wide as a dot, the largest that leaves the highest stack room; where dots would be too small, bins are
    as wide as several.
    """
    sizes = np.arange(_LARGEST, _SMALLEST, -0.005)
    choices = [(float(size), 1) for size in sizes]
    choices += [(float(size), across) for size in sizes for across in range(2, int(_WIDEST_BIN / size) + 1)]
    for size, across in choices:
        bins, order = _binned(inches, size * across)
        if (int(order.max(initial=0)) // across + 1) * size <= up:
            break
    counts = np.bincount(bins, minlength=1)[bins]
    in_row = np.minimum(counts - order // across * across, across)
    x = (bins + 0.5) * size * across + (order % across - (in_row - 1) / 2) * size
    rows = order // across
    step = min(size, (up - size) / max(int(rows.max(initial=0)), 1))
    return np.asarray(x), np.asarray(size / 2 + rows * step), size


def _binned(inches: Array, width: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the bin of each dot, from 0, and its place among the dots of that bin; dots are in rising order."""
    bins = np.floor(inches / width + 1e-9).astype(np.intp)
    return bins, np.arange(bins.size) - np.searchsorted(bins, bins)
