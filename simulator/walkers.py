"""Drawing from a density in a box with an ensemble of walkers that learn their steps from each other.

Each half of an ensemble moves by differences of two walkers of the other half (differential evolution: ter Braak 2006,
Statistics and Computing 16, 239; in halves as Foreman-Mackey and others 2013, PASP 125, 306), so that long and curved
ridges are followed without being told of them. The same generator gives the same draws.
"""

from collections.abc import Callable

import numpy as np

from simulator.clocks import Array

_LEAPS = 0.1  # of the steps have the full difference, which carries from one end of a ridge to the other
_WOBBLE = 1e-4


def walked(
    log_density: Callable[[Array], Array], start: Array, steps: int, rng: np.random.Generator, every: int = 1
) -> Array:
    """Walk from ``start`` [E, W, D], E ensembles of W walkers (an even number) in the unit box; returns every so many
    steps [steps // every, E, W, D].

    ``log_density`` maps [B, D] to [B]; it is asked only within the box, and must be finite at the start.
    """
    here = start.copy()
    ensembles, count, size = here.shape
    half = count // 2
    height = log_density(here.reshape(-1, size)).reshape(ensembles, count)
    gamma = 2.38 / np.sqrt(2.0 * size)
    kept = np.empty((steps // every, ensembles, count, size))
    rows = np.arange(ensembles)[:, None]
    for step in range(steps):
        for first in (0, half):
            mine, others = slice(first, first + half), half - first
            one = rng.integers(0, half, (ensembles, half))
            other = (one + rng.integers(1, half, (ensembles, half))) % half
            reach = np.where(rng.random((ensembles, half, 1)) < _LEAPS, 1.0, gamma)
            there = here[:, mine] + reach * (here[rows, others + one] - here[rows, others + other])
            there = there + _WOBBLE * rng.normal(size=there.shape)
            inside = np.all((there >= 0.0) & (there <= 1.0), axis=-1)
            its = np.full(inside.shape, -np.inf)
            if inside.any():
                its[inside] = log_density(there[inside])
            taken = np.log(rng.random(inside.shape)) < its - height[:, mine]
            here[:, mine] = np.where(taken[..., None], there, here[:, mine])
            height[:, mine] = np.where(taken, its, height[:, mine])
        if (step + 1) % every == 0:
            kept[(step + 1) // every - 1] = here
    return kept
