"""Maxima of smooth functions of a few parameters: Newton's steps on differences, and a slower way where they fail.

A function takes points [K, P] at once and gives their values [K]; all derivatives of a step come from one call.
"""

from collections.abc import Callable

import numpy as np
from scipy import optimize

from simulator.clocks import Array

Function = Callable[[Array], Array]

_STEP = 1e-4
_MOST_STEPS, _MOST_TRIES = 60, 15
_FARTHEST = 2.0
_SETTLED = 1e-12
_WILD, _WORST = 1e3, 1e300


def climbed(function: Function, start: Array) -> tuple[Array, float]:
    """The nearest maximum, [P], and its value: by Newton's steps, or where these lead nowhere by slopes and a simplex.

    With no parameters it is the start itself.
    """
    if start.size == 0:
        return start, float(function(start[None])[0])
    return _by_newton(function, start) or _by_simplex(function, start)


@np.errstate(invalid="ignore", over="ignore")  # what falls to nothing on all sides has no slope there
def curvature(function: Function, at: Array) -> tuple[Array, Array]:
    """The gradient [P] and the matrix of second derivatives [P, P], by central differences."""
    size = at.size
    rows, columns = np.triu_indices(size, 1)
    steps = _STEP * np.eye(size)
    mixed = [sign * steps[rows] + other * steps[columns] for sign in (1, -1) for other in (1, -1)]
    values = np.asarray(function(at + np.concatenate((np.zeros((1, size)), steps, -steps, *mixed))))
    middle, up, down, rest = values[0], values[1 : size + 1], values[size + 1 : 2 * size + 1], values[2 * size + 1 :]
    second = np.diag((up - 2.0 * middle + down) / _STEP**2)
    if rows.size:
        both, first, other, neither = rest.reshape(4, -1)
        second[rows, columns] = second[columns, rows] = (both - first - other + neither) / (4.0 * _STEP**2)
    return (up - down) / (2.0 * _STEP), second


def _by_newton(function: Function, start: Array) -> tuple[Array, float] | None:
    """Steps along the curvature, made to lead up and shortened until they do; None where they do not settle."""
    at, value, damping = start, float(function(start[None])[0]), 0.0
    for _ in range(_MOST_STEPS):
        gradient, second = curvature(function, at)
        if not (np.isfinite(gradient).all() and np.isfinite(second).all()):
            return None
        bends, axes = np.linalg.eigh(-second)
        steepness = axes.T @ gradient
        for _ in range(_MOST_TRIES):
            step = axes @ (steepness / (np.maximum(np.abs(bends), 1e-9) + damping))
            step *= min(1.0, _FARTHEST / max(float(np.abs(step).max()), 1e-300))
            higher = float(function((at + step)[None])[0])
            if higher >= value:
                break
            damping = max(10.0 * damping, 1e-2 * float(np.abs(bends).max()))
        else:
            return None
        gain = float(gradient @ step)
        at, value, damping = at + step, higher, 0.1 * damping if damping > 1e-6 else 0.0
        if gain < _SETTLED * max(abs(value), 1.0):
            # A saddle is level too, and no maximum.
            return (at, value) if bends.min() > -1e-4 * max(float(np.abs(bends).max()), 1e-4) else None
    return None


def _by_simplex(function: Function, start: Array) -> tuple[Array, float]:
    def descent(point: Array) -> float:
        value = -float(function(point[None])[0])
        return value if np.isfinite(value) and np.abs(point).max() < _WILD else _WORST

    # Far out, where the likelihood is nothing, slopes are beyond any number.
    with np.errstate(over="ignore", invalid="ignore"):
        found = optimize.minimize(descent, start, method="BFGS", options={"gtol": 1e-4})
    best, lowest = np.asarray(found.x), float(found.fun)
    step = 0.025 if lowest < _WORST else 0.25
    simplex = np.vstack([best, *(best + step * row for row in np.eye(best.size))])
    limits = {"xatol": 1e-7, "fatol": 1e-10, "maxiter": 1000 * best.size, "maxfev": 2000 * best.size}
    found = optimize.minimize(descent, best, method="Nelder-Mead", options={**limits, "initial_simplex": simplex})
    return np.asarray(found.x), -float(found.fun)
