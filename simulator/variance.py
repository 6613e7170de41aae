"""Variance-based sensitivity: which uncertain input makes how much of the variance of an output (Sobol' indices).

The first index of an input is the share of the variance that it makes by itself, its total index the share that it
makes with all its interactions (Sobol' 2001, Math. Comput. Simul. 55, 271, doi:10.1016/S0378-4754(00)00270-6).
Estimators and design are those of Saltelli et al. 2010, Comput. Phys. Commun. 181, 259,
doi:10.1016/j.cpc.2009.09.018: table 2, rows (b) and (f). Inputs are independent of each other.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from simulator.clocks import Array

INTERVAL = (0.05, 0.95)
QUANTILES = (0.05, 0.50, 0.95)
RESAMPLES = 1000

# Below this relative standard deviation an output differs by rounding alone.
_ROUNDING = 1e-12
# Counts of drawn samples that are held at once.
_MOST_COUNTS = 2**22


@dataclass(frozen=True, slots=True)
class Share:
    """A share of the variance with its 90 % interval, as estimated: chance may put it below 0 or above 1."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, eq=False)
class Swings:
    """An output where one input is at its 5 % or 95 % quantile and the others at their reference, largest swing first.

    ``at_low`` and ``at_high`` [d] belong to ``inputs``, NaN where the model failed; at ``reference`` all are there.
    """

    inputs: tuple[str, ...]
    reference: float
    at_low: Array
    at_high: Array

    def __post_init__(self) -> None:
        _freeze(self)


@dataclass(frozen=True, slots=True, eq=False)
class SobolIndices:
    """First and total indices of d inputs for s outputs, ``first`` and ``total`` [d, s], with r bootstrap resamples of
    each, ``first_draws`` and ``total_draws`` [r, d, s]; NaN where an output does not vary.

    ``mean`` and ``variance`` [s] and ``quantiles`` [3, s] (5, 50, 95 %) are those of the outputs, in their units. Of
    ``base_samples`` as many as ``dropped`` were left out, because a value of theirs is missing.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    first: Array
    total: Array
    first_draws: Array
    total_draws: Array
    mean: Array
    variance: Array
    quantiles: Array
    base_samples: int
    dropped: int

    def __post_init__(self) -> None:
        _freeze(self)

    @property
    def first_interval(self) -> Array:
        """Ends of the 90 % intervals of the first indices, [2, d, s]."""
        return np.quantile(self.first_draws, INTERVAL, axis=0)

    @property
    def total_interval(self) -> Array:
        """Ends of the 90 % intervals of the total indices, [2, d, s]."""
        return np.quantile(self.total_draws, INTERVAL, axis=0)


def design(inputs: int, n: int, rng: np.random.Generator) -> Array:
    """Points at which a model of d ``inputs`` is to be evaluated, [(d + 2) n, d], in (0, 1).

    Blocks of n rows: A, B, and for each input i the matrix AB_i, which is A with column i of B. A and B are the halves
    of a scrambled Sobol' sequence in 2 d dimensions. Raises ValueError unless n is a power of two, 2 or more.
    """
    from scipy.stats import qmc

    if inputs < 1:
        raise ValueError("there is no uncertain input: give one an uncertainty")
    if n < 2 or n & (n - 1):
        below = 1 << max(n.bit_length() - 1, 1)
        near = f"{below} or {2 * below}" if n > 2 else "2, better 1024"
        raise ValueError(f"n must be a power of two, as Sobol' points are balanced only then; got {n}, take {near}")
    points = np.asarray(qmc.Sobol(2 * inputs, rng=rng, bits=64).random(n))
    # Inverse distribution functions have no value at 0 and 1.
    a, b = np.split(np.clip(points, 2.0**-53, 1.0 - 2.0**-53), 2, axis=1)
    exchanged = np.tile(a, (inputs, 1, 1))
    for place in range(inputs):
        exchanged[place, :, place] = b[:, place]
    return np.concatenate((a, b, exchanged.reshape(-1, inputs)))


def endless(values: Array) -> NDArray[np.bool_]:
    """Tell which outputs of ``values`` [rows, s] are infinite somewhere, as a time that is not within the horizon, [s].

    They have no variance, and so no indices.
    """
    return np.asarray(np.isinf(values).any(axis=0))


def indices(
    values: Array,
    inputs: Sequence[str],
    outputs: Sequence[str],
    rng: np.random.Generator,
    resamples: int = RESAMPLES,
) -> SobolIndices:
    """Indices of s ``outputs`` with respect to d ``inputs`` from the ``values`` [(d + 2) n, s] at a design's points.

    A base sample is left out of all blocks where any of its d + 2 rows misses a value (NaN). The bootstrap draws base
    samples with replacement and takes them as independent; on Sobol' points, which are more even, its intervals are too
    wide rather than too narrow (six times too wide for the largest index of Ishigami's function at n = 1,024). Raises
    ValueError for infinite values and where fewer than two base samples are whole.
    """
    values = np.asarray(values, dtype=float)
    blocks = len(inputs) + 2
    if values.ndim != 2 or values.shape[0] % blocks or values.shape[1] != len(outputs):
        raise ValueError(
            f"values of {len(inputs)} inputs and {len(outputs)} outputs need {blocks} blocks of rows and "
            f"{len(outputs)} columns, got shape {values.shape}"
        )
    if (bad := np.flatnonzero(endless(values))).size:
        raise ValueError("; ".join(_endless_words(values[:, place], outputs[place]) for place in bad.tolist()))
    by_block = values.reshape(blocks, -1, len(outputs))
    whole = np.isfinite(by_block).all(axis=(0, 2))
    n, kept = whole.size, int(whole.sum())
    if kept < 2:
        raise ValueError(f"only {kept} of {n} base samples have all their values: there is nothing to compare")
    by_block = by_block[:, whole]
    independent = by_block[:2].reshape(-1, len(outputs))
    mean, variance = independent.mean(axis=0), independent.var(axis=0)
    largest = np.abs(by_block).max(axis=(0, 1))
    varies = np.sqrt(variance) > _ROUNDING * largest
    # Values of order one, so that their squares neither overflow nor vanish.
    scale = np.where(varies, np.sqrt(variance), 1.0)
    terms = _terms((by_block - mean) / scale)
    first, total = _estimates(np.ones((1, kept)), terms, varies)
    draws = [_estimates(counts, terms, varies) for counts in _counts(kept, resamples, rng)]
    return SobolIndices(
        tuple(inputs),
        tuple(outputs),
        first[0],
        total[0],
        np.concatenate([one for one, _ in draws]),
        np.concatenate([other for _, other in draws]),
        mean,
        np.where(varies, variance, 0.0),
        np.quantile(independent, QUANTILES, axis=0),
        n,
        n - kept,
    )


def share(value: float, draws: Array) -> Share:
    """A share of the variance and its 90 % interval from bootstrap ``draws`` [r]."""
    low, high = np.quantile(draws, INTERVAL)
    return Share(float(value), float(low), float(high))


def leading(found: SobolIndices, output: int) -> tuple[int, ...]:
    """The input with the largest total index, and those whose own is not clearly smaller, in falling order.

    Clearly smaller: in more than 95 % of the resamples. None where the output does not vary.
    """
    total, draws = found.total[:, output], found.total_draws[:, :, output]
    if not np.isfinite(total).all():
        return ()
    order = np.argsort(-total, kind="stable")
    not_below = (draws >= draws[:, order[:1]]).mean(axis=0) >= 1.0 - INTERVAL[1]
    return tuple(int(place) for place in order if not_below[place])


def tornado_design(reference: Array) -> Array:
    """Points for a tornado of d inputs, [2 d + 1, d]: the ``reference`` [d] in (0, 1), then each input in turn at its
    5 % quantile and at its 95 % quantile with all others at their reference. Raises ValueError outside (0, 1).
    """
    if not ((reference > 0) & (reference < 1)).all():
        raise ValueError(f"reference points must lie in (0, 1), got {reference}")
    points = np.tile(reference, (2 * reference.size + 1, 1))
    for place in range(reference.size):
        points[1 + 2 * place : 3 + 2 * place, place] = INTERVAL
    return points


def swings(values: Array, inputs: Sequence[str], output: str) -> Swings:
    """Order the ``values`` [2 d + 1] of an ``output`` at a tornado's points by the size of their swing.

    The size is the range of the reference and both ends; missing values come last. Raises ValueError for infinite
    values and where the reference itself is missing.
    """
    values = np.asarray(values, dtype=float)
    if values.shape != (2 * len(inputs) + 1,):
        raise ValueError(f"a tornado of {len(inputs)} inputs needs {2 * len(inputs) + 1} values, got {values.shape}")
    if np.isinf(values).any():
        raise ValueError(_endless_words(values, output))
    reference = float(values[0])
    if not np.isfinite(reference):
        raise ValueError(f"{output} has no value where every input is at its reference")
    ends = values[1:].reshape(-1, 2)
    sizes = np.maximum(ends.max(axis=1), reference) - np.minimum(ends.min(axis=1), reference)
    order = np.argsort(-sizes, kind="stable")
    return Swings(tuple(inputs[place] for place in order), reference, ends[order, 0], ends[order, 1])


def _freeze(result: "Swings | SobolIndices") -> None:
    for field in fields(result):
        value = getattr(result, field.name)
        if isinstance(value, np.ndarray):
            value.flags.writeable = False


def _terms(by_block: Array) -> Array:
    """What the estimators take means of, for each base sample: [n, 2 + 3 d, s] from centred values [d + 2, n, s]."""
    a, b, exchanged = by_block[0], by_block[1], by_block[2:]
    changes = exchanged - a
    sums = np.stack((a + b, a * a + b * b))
    return np.ascontiguousarray(np.moveaxis(np.concatenate((sums, b * changes, changes, changes**2)), 1, 0))


def _estimates(counts: Array, terms: Array, varies: NDArray[np.bool_]) -> tuple[Array, Array]:
    """First and total indices, [r, d, s] each, of base samples taken as often as ``counts`` [r, n] says."""
    n, rows, outputs = terms.shape
    means = (counts @ terms.reshape(n, -1) / n).reshape(-1, rows, outputs)
    centre = means[:, 0] / 2
    variance = means[:, 1] / 2 - centre**2
    products, changes, squares = np.split(means[:, 2:], 3, axis=1)
    # A resample may by chance hold nothing but equal values: no variance, no index.
    defined = varies & (variance > _ROUNDING)
    divisor = np.where(defined, variance, np.nan)[:, None]
    return (products - centre[:, None] * changes) / divisor, squares / 2 / divisor


def _counts(n: int, resamples: int, rng: np.random.Generator) -> Iterator[Array]:
    """How often each of n base samples is drawn in a resample: pieces of [resamples, n]."""
    piece = max(1, _MOST_COUNTS // n)
    for start in range(0, resamples, piece):
        rows = min(piece, resamples - start)
        drawn = rng.integers(n, size=(rows, n)) + n * np.arange(rows)[:, None]
        yield np.bincount(drawn.ravel(), minlength=rows * n).reshape(rows, n).astype(float)


def _endless_words(column: Array, output: str) -> str:
    return (
        f"{output} is infinite at {np.isinf(column).sum():,} of {column.size:,} points (a time that is not within the "
        "horizon), so that it has no variance: lengthen the horizon, or leave this output out"
    )
