"""Where words have room in a panel: on lines, or wholly within the area on one side of them, none over another."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from simulator.clocks import Array
from simulator.figure_style import NORMAL, text_height, text_width

_PAD = 0.08
_FINE = 40
_ROUNDING = 1e-9
# How many times its own size the empty room around a text may be, the best first.
_AMPLE = (3.0, 2.2, 1.6, 1.2, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Room:
    """A panel of a ``width`` and a ``height`` [inches]; ``taken`` are the corners of what is written in it already.

    Corners and places are fractions of the panel, [2].
    """

    width: float
    height: float
    taken: list[tuple[Array, Array]] = field(default_factory=list)


def place_on_lines(room: Room, lines: Sequence[Array], text: str) -> tuple[float, float] | None:
    """Choose where on lines [n, 2] (fractions of the panel) a text goes, near the middle of the longest, and take it.

    None where it would lie over another text everywhere.
    """
    size, inches = _size(room, text), np.array([room.width, room.height])
    for line in sorted(lines, key=lambda line: -_length(line * inches)):
        along = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(line * inches, axis=0).T))))
        at = np.linspace(0.0, along[-1], 201)
        points = np.column_stack([np.interp(at, along, line[:, one]) for one in (0, 1)])
        # Beside an edge the text is moved inwards, and still lies on the line.
        middles = np.clip(points, size / 2, 1 - size / 2)
        moved = np.abs(middles - points).sum(axis=1) > 0
        for place in np.lexsort((np.abs(at - along[-1] / 2), moved)):
            low, high = middles[place] - size / 2, middles[place] + size / 2
            if (low >= -_ROUNDING).all() and not _meets_any(room, low, high):
                room.taken.append((low, high))
                return float(middles[place][0]), float(middles[place][1])
    return None


def place_inside(room: Room, height: Array, rows: Array, columns: Array, text: str) -> tuple[float, float] | None:
    """Choose where a text goes so that a surface, ``height`` at ``rows`` and ``columns``, is above 0 all around it.

    It takes the place. None where no part of the area above 0 has room for it.
    """
    pixels = np.maximum(2, np.round(np.array([room.width, room.height]) * _FINE)).astype(int)
    free = _surface(height, rows, columns, pixels) > 0
    for low, high in room.taken:
        first, last = (np.clip(np.round(end * pixels).astype(int), 0, pixels) for end in (low, high))
        free[first[1] : last[1], first[0] : last[0]] = False
    size = _size(room, text)
    for ample in _AMPLE:
        window = np.ceil(ample * size * pixels).astype(int)
        if (window > pixels).any() or not (fits := _all_free(free, window)).any():
            continue
        y, x = np.nonzero(fits)
        best = int(np.argmin((x - np.median(x)) ** 2 + (y - np.median(y)) ** 2))
        middle = (np.array([x[best], y[best]]) + window / 2) / pixels
        room.taken.append((middle - size / 2, middle + size / 2))
        return float(middle[0]), float(middle[1])
    return None


def _size(room: Room, text: str) -> Array:
    """Width and height of a text with its edge, as fractions of the panel."""
    width = max(text_width(line, NORMAL, bold=True) for line in text.split("\n"))
    return np.array([(width + 2 * _PAD) / room.width, (text_height(text, NORMAL) + 2 * _PAD) / room.height])


def _meets_any(room: Room, low: Array, high: Array) -> bool:
    return any((low < its_high).all() and (its_low < high).all() for its_low, its_high in room.taken)


def _length(line: Array) -> float:
    return float(np.hypot(*np.diff(line, axis=0).T).sum())


def _surface(height: Array, rows: Array, columns: Array, pixels: NDArray[np.int64]) -> Array:
    """Interpolate a surface [rows, columns] to the middles of pixels, straight in both directions; NaN spreads."""
    across, up = (int(count) for count in pixels)
    x = columns[0] + (np.arange(across) + 0.5) / across * (columns[-1] - columns[0])
    y = rows[0] + (np.arange(up) + 0.5) / up * (rows[-1] - rows[0])
    wide = np.array([np.interp(x, columns, row) for row in height])
    return np.array([np.interp(y, rows, column) for column in wide.T]).T


def _all_free(free: NDArray[np.bool_], window: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell for each place whether all of a window [across, up] from there on is free."""
    rows = sliding_window_view(free, int(window[1]), axis=0).all(axis=-1)
    return np.asarray(sliding_window_view(rows, int(window[0]), axis=1).all(axis=-1))
