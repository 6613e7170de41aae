"""A smooth function of a few coordinates, known at some points, everywhere between them: cubic radial basis functions.

The interpolant passes through all points and reproduces quadratic functions (Wendland 2004, Scattered Data
Approximation, section 8.5).
"""

from collections.abc import Callable

import numpy as np

from simulator.clocks import Array

_JITTER = 1e-12


def surface(points: Array, values: Array, scale: Array) -> Callable[[Array], Array]:
    """Interpolate ``values`` [N, n] at ``points`` [N, P], distances measured in ``scale`` [P]; returns a function of
    points [B, P] to values [B, n].

    Of fewer points than a quadratic function has terms, a linear one, or a constant, is reproduced.
    """
    centre = points.mean(axis=0)
    knots = (points - centre) / scale
    degree = next(degree for degree in (2, 1, 0) if len(_terms(knots[:1], degree)[0]) <= len(points))
    tail = _terms(knots, degree)
    count, terms = tail.shape
    system = np.zeros((count + terms, count + terms))
    system[:count, :count] = _cubic(knots, knots)
    system[:count, count:], system[count:, :count] = tail, tail.T
    system[np.arange(count), np.arange(count)] += _JITTER
    right = np.concatenate([values, np.zeros((terms, values.shape[1]))])
    weights = np.linalg.solve(system, right)

    def at(places: Array) -> Array:
        its = (places - centre) / scale
        return np.asarray(_cubic(its, knots) @ weights[:count] + _terms(its, degree) @ weights[count:])

    return at


def spaced(points: Array, scale: Array, gap: float) -> list[int]:
    """The places of points [N, P] of which none is nearer than ``gap`` (in ``scale``) to one before it."""
    scaled = points / scale
    free = np.ones(len(points), dtype=bool)
    kept: list[int] = []
    for place in range(len(points)):
        if free[place]:
            kept.append(place)
            free &= np.square(scaled - scaled[place]).sum(axis=1) >= gap * gap
    return kept


def _cubic(one: Array, other: Array) -> Array:
    square = np.square(one).sum(axis=1)[:, None] + np.square(other).sum(axis=1) - 2.0 * one @ other.T
    square = np.maximum(square, 0.0)
    return np.asarray(square * np.sqrt(square))


def _terms(places: Array, degree: int) -> Array:
    count = places.shape[1]
    columns = [np.ones((len(places), 1))]
    if degree >= 1:
        columns.append(places)
    if degree >= 2:
        one, other = np.triu_indices(count)
        columns.append(places[:, one] * places[:, other])
    return np.concatenate(columns, axis=1)
