"""The region of parameters that tests do not speak against, and what it leaves open of anything computed from them.

A profile interval of any function of the parameters is its range over the region in which the log-likelihood is less
than half a quantile of chi squared below its maximum. The border is looked for along many rays from the maximum.
"""

import numpy as np
from scipy import special

from simulator.climbing import Function, curvature
from simulator.clocks import Array

_FARTHEST = 40.0
_RAYS = {2: 256, 3: 1024}
_MOST_RAYS, _FEWEST_RAYS = 2048, 64
_MOST_VALUES = 4_000_000
_HALVINGS = 16
_FLATTEST = 1e-4


def region_border(function: Function, best: Array, drop: float, size: int) -> Array:
    """Points [K, P] where the function is ``drop`` below its maximum, which is at ``best`` [P]; in directions in which
    it stays higher, points far out.

    ``size`` is how many numbers the function holds for a point: with many, fewer rays are looked along.
    """
    value = float(function(best[None])[0])
    bends, axes = np.linalg.eigh(-curvature(function, best)[1])
    scale = np.sqrt(2.0 * drop / np.maximum(bends, _FLATTEST * max(float(bends.max()), _FLATTEST)))
    rays = (_directions(best.size, size) * scale) @ axes.T
    limit = _FARTHEST / np.abs(rays).max(axis=1)
    inside, outside = np.zeros(len(rays)), np.minimum(1.0, limit)
    for _ in range(64):
        beyond = (function(best + outside[:, None] * rays) < value - drop) | (outside >= limit)
        if beyond.all():
            break
        inside = np.where(beyond, inside, outside)
        outside = np.where(beyond, outside, np.minimum(1.5 * outside, limit))
    for _ in range(_HALVINGS):
        middle = 0.5 * (inside + outside)
        beyond = function(best + middle[:, None] * rays) < value - drop
        inside, outside = np.where(beyond, inside, middle), np.where(beyond, middle, outside)
    return np.asarray(best + inside[:, None] * rays)


def _directions(dimensions: int, size: int) -> Array:
    """Directions spread evenly over the sphere [K, P], those along the axes among them."""
    most = max(_FEWEST_RAYS, min(_RAYS.get(dimensions, _MOST_RAYS), _MOST_VALUES // max(size, 1)))
    ends = np.vstack((np.eye(dimensions), -np.eye(dimensions)))
    if dimensions == 2:
        angles = 2.0 * np.pi * np.arange(most) / most
        return np.concatenate((ends, np.column_stack((np.cos(angles), np.sin(angles)))))
    # SciPy's samplers take half a second to load.
    from scipy.stats import qmc

    drawn = qmc.Sobol(dimensions, rng=np.random.default_rng(0)).random(1 << (most - 1).bit_length())
    spread = special.ndtri(np.clip(drawn, 1e-12, 1.0 - 1e-12))
    return np.concatenate((ends, spread / np.linalg.norm(spread, axis=1)[:, None]))
