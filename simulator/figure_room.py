"""Where words have room in a panel: on lines, or wholly within the area on one side of them, none over another."""

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from simulator.clocks import Array
from simulator.figure_style import NORMAL, text_height, text_width

_PAD = 0.08
_FINE = 40
# How many times its own size the empty room around a text may be, the best first.
_AMPLE = (3.0, 2.2, 1.6, 1.2, 1.0)


class Room:
    """The free room of a panel of a width and a height [inches]; what is placed takes its room."""

    def __init__(self, width: float, height: float) -> None:
        self._inches = np.array([width, height])
        self._taken: list[tuple[Array, Array]] = []

    def on_lines(self, lines: Sequence[Array], text: str) -> tuple[float, float] | None:
        """Choose where on lines [n, 2] (fractions of the panel) a text goes: near the middle of the longest.

        None where it would lie over another text or the edge everywhere.
        """
        size = self._size(text)
        for line in sorted(lines, key=lambda line: -_length(line * self._inches)):
            steps = np.hypot(*np.diff(line * self._inches, axis=0).T)
            along = np.concatenate(([0.0], np.cumsum(steps)))
            at = np.linspace(0.0, along[-1], 201)
            points = np.column_stack([np.interp(at, along, line[:, one]) for one in (0, 1)])
            for place in np.argsort(np.abs(at - along[-1] / 2), kind="stable"):
                if self._is_free(points[place], size):
                    self._taken.append((points[place] - size / 2, points[place] + size / 2))
                    return float(points[place][0]), float(points[place][1])
        return None

    def inside(self, height: Array, rows: Array, columns: Array, text: str) -> tuple[float, float] | None:
        """Choose where a text goes so that a surface, ``height`` at ``rows`` and ``columns``, is above 0 all around it.

        None where no part of the area above 0 has room for it.
        """
        across, up = (np.maximum(2, np.round(self._inches * _FINE))).astype(int)
        free = _surface(height, rows, columns, up, across) > 0
        for low, high in self._taken:
            first, last = (np.clip(np.round(end * (across, up)).astype(int), 0, (across, up)) for end in (low, high))
            free[first[1] : last[1], first[0] : last[0]] = False
        size = self._size(text)
        for ample in _AMPLE:
            window = np.ceil(ample * size * (across, up)).astype(int)
            if window[0] > across or window[1] > up:
                continue
            fits = _all_free(free, window)
            if not fits.any():
                continue
            y, x = np.nonzero(fits)
            best = int(np.argmin((x - np.median(x)) ** 2 + (y - np.median(y)) ** 2))
            middle = (np.array([x[best], y[best]]) + window / 2) / (across, up)
            self._taken.append((middle - size / 2, middle + size / 2))
            return float(middle[0]), float(middle[1])
        return None

    def _size(self, text: str) -> Array:
        """Width and height of a text with its edge, as fractions of the panel."""
        width = max(text_width(line, NORMAL, bold=True) for line in text.split("\n"))
        return np.asarray((np.array([width, text_height(text, NORMAL)]) + 2 * _PAD) / self._inches)

    def _is_free(self, middle: Array, size: Array) -> bool:
        low, high = middle - size / 2, middle + size / 2
        if (low < 0).any() or (high > 1).any():
            return False
        return not any((low < its_high).all() and (its_low < high).all() for its_low, its_high in self._taken)


def _length(line: Array) -> float:
    return float(np.hypot(*np.diff(line, axis=0).T).sum())


def _surface(height: Array, rows: Array, columns: Array, up: int, across: int) -> Array:
    """Interpolate a surface [rows, columns] to ``up`` x ``across`` places, straight in both directions; NaN spreads."""
    x = columns[0] + (np.arange(across) + 0.5) / across * (columns[-1] - columns[0])
    y = rows[0] + (np.arange(up) + 0.5) / up * (rows[-1] - rows[0])
    wide = np.array([np.interp(x, columns, row) for row in height])
    return np.array([np.interp(y, rows, column) for column in wide.T]).T


def _all_free(free: NDArray[np.bool_], window: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell for each place whether all of a window [across, up] from there on is free."""
    rows = sliding_window_view(free, int(window[1]), axis=0).all(axis=-1)
    return np.asarray(sliding_window_view(rows, int(window[0]), axis=1).all(axis=-1))
