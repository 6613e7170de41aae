"""Draws of all that fits a record: the posterior under priors that are even between the bounds.

Walkers move on a smooth surface through curves computed exactly at some hundred points where the posterior is. Draws
are then weighted by the exact likelihood over that of the surface (importance resampling), and so are exact however
good it is; how good is said. Priors: free numbers even on their scales, the reporting share even, the square root of
the dispersion, which is the relative spread of a period's rate, half-normal with scale 1.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from simulator.calibration_fit import PRIOR_PRECISION
from simulator.calibration_problem import (
    MOST_DISPERSION,
    Calibration,
    dispersion_at,
    log_likelihood,
    rows_at,
    share_axis,
    value_at,
)
from simulator.calibration_profile import Fit
from simulator.clocks import Array
from simulator.console import Progress, unseen
from simulator.convergence import effective_draws, effective_weights, split_r_hat, tail_shape
from simulator.response_surface import spaced, surface
from simulator.walkers import walked

_ENSEMBLES, _WALKERS = 4, 32
_SCOUTING, _WARMING, _STEPS, _EVERY = 100, 200, 600, 3
_MOST_ROUNDS, _ATTEMPTS = 6, 3
_MISTAKE, _MATTERS, _GOOD_ROUNDS = 0.3, 8.0, 2
_GAP, _LEAST_GAP, _MOST_KNOTS = 0.02, 1e-4, 300
_DEEPEST = 12.0
_CANDIDATES = 2
_MOST_R_HAT, _LEAST_DRAWS = 1.01, 400.0
_MOST_SHAPE, _LEAST_WORTH, _NEARLY_ALL = 0.7, 0.5, 0.95


@dataclass(frozen=True, slots=True, eq=False)
class Posterior:
    """Draws [S] from the posterior: ``curve`` [S, C] coordinates of free numbers and reporting share, ``dispersion``
    [S], and the expected reported casualties ``means`` [S, n] of every row.

    ``r_hat`` and ``effective`` are the worst of all coordinates, over the walkers; ``weights_worth`` is the share of
    equal weights that the exact ones are worth, ``tail`` their Pareto shape; ``exact_curves`` were computed.
    """

    names: tuple[str, ...]
    curve: Array
    dispersion: Array
    means: Array
    r_hat: float
    effective: float
    weights_worth: float
    tail: float
    exact_curves: int

    @property
    def converged(self) -> bool:
        """Whether walkers agree and weights are even enough for the draws to be trusted."""
        agreed = self.r_hat <= _MOST_R_HAT and self.effective >= _LEAST_DRAWS
        return agreed and _even(self.weights_worth, self.tail)


class _Curves:
    """The log-means of a problem with its proportional numbers taken out, and all points at which they are known."""

    def __init__(self, problem: Calibration, at: Array) -> None:
        free = len(problem.axes)
        proportional = np.array(problem.proportional or (False,) * free, dtype=bool)
        self.problem, self.at = problem, at[:free].copy()
        self.proportional, self.bent = np.flatnonzero(proportional), np.flatnonzero(~proportional)
        self.computed = 0

    def factor(self, points: Array) -> Array:
        """The log of all proportional numbers and of the reporting share, at points [B, C], shape [B]."""
        total = np.zeros(len(points))
        for place in self.proportional:
            total = total + np.log(value_at(self.problem.axes[place], points[:, place]))
        if self.problem.shares:
            return np.asarray(total + np.log(value_at(share_axis(self.problem), points[:, len(self.problem.axes)])))
        return np.asarray(total + np.log(self.problem.reporting[0]))

    def bare(self, points: Array) -> Array:
        """The log-means [B, n] without that factor, exactly, at points [B, C]."""
        places = np.tile(self.at, (len(points), 1))
        places[:, self.bent] = points[:, self.bent]
        if self.problem.batched is not None:
            rows = self.problem.batched(places)
        else:
            rows = np.array([self.problem.log_means(u) for u in places])
            self.computed += len(places)
        taken = sum(float(np.log(value_at(self.problem.axes[place], self.at[place]))) for place in self.proportional)
        return np.asarray(rows - taken)


def posterior(fit: Fit, draws: int, seed: int, progress: Progress = unseen) -> Posterior:
    """Draw from the posterior of a fitted record, ``draws`` of it; the same seed gives the same draws."""
    problem = fit.problem
    rng = np.random.default_rng([seed, 4_18_01_23])  # "draw" in letters of the alphabet
    curves, walkers = _Curves(problem, fit.point), _around(fit, rng)
    known = _learnt(fit, curves, walkers, rng, progress)
    for attempt in range(_ATTEMPTS):
        density = _density(problem, curves, known.bare)
        chain = _agreed(density, known.walkers, rng)
        progress(_MOST_ROUNDS + 1, _MOST_ROUNDS + 2)
        pool = chain.reshape(-1, chain.shape[-1])
        picked = pool[np.sort(rng.choice(len(pool), min(_CANDIDATES * draws, len(pool)), replace=False))]
        points, dispersion = picked[:, : problem.curve], _dispersions(problem, picked)
        exact = curves.bare(points) if curves.bent.size else known.bare(points)
        log_means = exact + curves.factor(points)[:, None]
        weights = _rows(problem, log_means, dispersion) + _log_prior(problem, picked) - density(picked)
        worth, tail = effective_weights(weights) / weights.size, tail_shape(weights)
        if not curves.bent.size or _even(worth, tail) or attempt == _ATTEMPTS - 1:
            break
        known = _learnt_more(curves, known, points, exact, chain[-1])
    progress(_MOST_ROUNDS + 2, _MOST_ROUNDS + 2)
    chosen = _resampled(weights, draws, rng)
    return Posterior(
        problem.names,
        points[chosen],
        dispersion[chosen],
        np.exp(log_means[chosen]),
        *_agreement(chain),
        worth,
        tail,
        curves.computed,
    )


def _agreed(density: Callable[[Array], Array], walkers: Array, rng: np.random.Generator) -> Array:
    """Walk on until ensembles agree, or for four times as long as that mostly takes; returns the last stretch
    [steps, E, W, D].
    """
    here = walked(density, walkers, _WARMING, rng, _WARMING)[-1]
    for longer in (1, 2, 4):
        chain = walked(density, here, longer * _STEPS, rng, longer * _EVERY)
        r_hat, effective = _agreement(chain)
        if r_hat <= _MOST_R_HAT and effective >= _LEAST_DRAWS:
            break
        here = chain[-1]
    return chain


def _agreement(chain: Array) -> tuple[float, float]:
    """The worst R-hat and the fewest effective draws of all coordinates of a chain [steps, E, W, D]."""
    steps, ensembles = chain.shape[:2]
    coordinates = np.moveaxis(chain, -1, 0)
    # An ensemble is one chain: its walkers lead each other.
    r_hat = max(split_r_hat(one.transpose(0, 2, 1).reshape(-1, ensembles)) for one in coordinates)
    return r_hat, min(effective_draws(one.reshape(steps, -1)) for one in coordinates)


def _even(worth: float, tail: float) -> bool:
    """Whether weights are even enough: nearly all alike, or without a tail that carries too much."""
    return worth >= _NEARLY_ALL or (worth >= _LEAST_WORTH and tail <= _MOST_SHAPE)


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    """Points [N, C] at which curves are known without their factor [N, n], the surface ``bare`` through them, and
    walkers [E, W, D] that have found where the likelihood is.
    """

    points: Array
    values: Array
    bare: Callable[[Array], Array]
    walkers: Array


def _learnt(fit: Fit, curves: "_Curves", walkers: Array, rng: np.random.Generator, progress: Progress) -> _Known:
    """A surface that is good where the posterior is.

    Walkers scout on the surface as it is; where they come, curves are computed and added, until surface and curves
    agree wherever a walker stands. A surface that rises where the likelihood does not is found out in this way.
    """
    problem = fit.problem
    curve = problem.curve
    if not curves.bent.size:
        one = curves.bare(fit.point[None, :curve])[0]
        return _Known(
            fit.point[None, :curve], one[None], lambda points: np.broadcast_to(one, (len(points), one.size)), walkers
        )
    first = np.concatenate([fit.visited, walkers[:, ::2].reshape(-1, walkers.shape[-1])])[:, :curve]
    points = first[spaced(first[:, curves.bent], np.ones(curves.bent.size), _LEAST_GAP)]
    values = curves.bare(points)
    if problem.batched is not None:
        # What costs nothing is not approximated.
        return _Known(points, values, curves.bare, walkers)
    top = log_likelihood(problem, fit.point)
    known, good = _Known(points, values, _surface(curves, points, values), walkers), 0
    for turn in range(_MOST_ROUNDS):
        walkers = walked(_density(problem, curves, known.bare), known.walkers, _SCOUTING, rng, _SCOUTING)[-1]
        # Every other walker shows as much as all of them.
        found = walkers[:, ::2].reshape(-1, walkers.shape[-1])
        here, factor, its = found[:, :curve], curves.factor(found)[:, None], _dispersions(problem, found)
        exact = curves.bare(here)
        true, seen = (_rows(problem, one + factor, its) for one in (exact, known.bare(here)))
        # What both know to be out of reach need not be known well.
        matters = np.maximum(true, seen) > top - _MATTERS
        known = _learnt_more(curves, known, here, exact, walkers)
        progress(turn + 1, _MOST_ROUNDS + 2)
        mistakes = np.sort(np.abs(true - seen)[matters])
        good = good + 1 if not mistakes.size or mistakes[int(0.95 * mistakes.size)] < _MISTAKE else 0
        if good == _GOOD_ROUNDS:
            break
    return known


def _learnt_more(curves: "_Curves", known: _Known, points: Array, values: Array, walkers: Array) -> _Known:
    points, values = np.concatenate([known.points, points]), np.concatenate([known.values, values])
    return _Known(points, values, _surface(curves, points, values), walkers)


def _surface(curves: "_Curves", points: Array, values: Array) -> Callable[[Array], Array]:
    """The surface through what is known; points that stand too near to others would only add rounding, and curves that
    fall to nothing would bend it where it matters.
    """
    values = np.maximum(values, values.max() - _DEEPEST)
    bent = points[:, curves.bent]
    scale = np.maximum(np.quantile(bent, 0.75, axis=0) - np.quantile(bent, 0.25, axis=0), 1e-3)
    kept, gap = spaced(bent, scale, _GAP), _GAP
    while len(kept) > _MOST_KNOTS:
        gap *= 1.2
        kept = spaced(bent, scale, gap)
    at = surface(bent[kept], values[kept], scale)
    return lambda places: at(places[:, curves.bent])


def _density(problem: Calibration, curves: _Curves, bare: Callable[[Array], Array]) -> Callable[[Array], Array]:
    def log_density(points: Array) -> Array:
        log_means = bare(points[:, : problem.curve]) + curves.factor(points)[:, None]
        return _rows(problem, log_means, _dispersions(problem, points)) + _log_prior(problem, points)

    return log_density


def _rows(problem: Calibration, log_means: Array, dispersion: Array) -> Array:
    return np.asarray(rows_at(problem, log_means, dispersion[:, None]).sum(axis=-1))


def _log_prior(problem: Calibration, points: Array) -> Array:
    """Half-normal in the square root of the dispersion, which is the last coordinate but for its scale."""
    return -0.5 * MOST_DISPERSION * np.square(points[:, -1]) if problem.spread else np.zeros(len(points))


def _dispersions(problem: Calibration, points: Array) -> Array:
    return MOST_DISPERSION * np.square(points[:, -1]) if problem.spread else np.zeros(len(points))


def _around(fit: Fit, rng: np.random.Generator) -> Array:
    """Walkers around the maximum, as widely as the information there and the bounds leave room, [E, W, D]."""
    problem = fit.problem
    curve = problem.curve
    count = (_ENSEMBLES, max(_WALKERS, 2 * (curve + 2)))
    spread = np.linalg.inv(fit.slopes.information + PRIOR_PRECISION * np.eye(curve))
    steps = rng.normal(size=(*count, curve)) @ np.linalg.cholesky(spread).T
    # Reflected at the bounds, as often as it takes.
    places = np.abs((fit.point[:curve] + 1.5 * steps + 1.0) % 2.0 - 1.0)
    if not problem.spread:
        return np.asarray(places)
    best = float(np.sqrt(dispersion_at(problem, fit.point[-1]) / MOST_DISPERSION))
    its = np.clip(best * np.exp(0.5 * rng.normal(size=count)) + 0.01 * rng.random(count), 0.0, 1.0)
    return np.concatenate([places, its[..., None]], axis=-1)


def _resampled(log_weights: Array, count: int, rng: np.random.Generator) -> Array:
    """Places of ``count`` draws by their weights, as evenly as they go (systematic), in a random order."""
    weights = np.cumsum(np.exp(log_weights - log_weights.max()))
    marks = (np.arange(count) + rng.random()) / count * weights[-1]
    return rng.permutation(np.minimum(np.searchsorted(weights, marks), log_weights.size - 1))
