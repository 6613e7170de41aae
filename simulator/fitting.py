"""Fitting time laws to tests with censoring: maximum likelihood, and intervals from the profile of the likelihood.

A device may be one that never ends (a limited failure population: Meeker 1987, Technometrics 29, 51), and tests at
several temperatures are joined by Arrhenius' law (Meeker and Escobar 1998, Statistical Methods for Reliability Data,
chapters 11, 17 and 19). Both laws have location and scale in the logarithm of time: z = (log t - mu) / sigma, where
mu is the log of the scale (Weibull) or of the median (lognormal), and 1 / sigma a Weibull's shape.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import optimize, special

from simulator.climbing import climbed, curvature
from simulator.clocks import BOLTZMANN_EV_PER_K, ZERO_CELSIUS_K, Array
from simulator.life_tests import LifeTests, joined

WEIBULL, LOGNORMAL = "weibull", "lognormal"
_LOG_ROOT_TWO_PI = float(0.5 * np.log(2 * np.pi))
_FAR = 40.0
_SLACK = 1e-6


@dataclass(frozen=True, slots=True)
class Form:
    """What is fitted: the family of the law, whether a share never ends (``limited``), and the temperature [degrees
    Celsius] that Arrhenius' law brings all times to, None without.
    """

    family: str
    limited: bool = False
    reference: float | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters in the order of every vector of them: log days, log, logit, eV."""
        limited = ("logit_ends",) if self.limited else ()
        return ("mu", "log_sigma", *limited, *(("activation_ev",) if self.reference is not None else ()))


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A maximum of the likelihood: ``parameters`` [P] in the order of the form's names, their profile intervals [P, 2]
    at ``confidence`` (an infinite end where the tests do not bound it), and the log-likelihood.
    """

    form: Form
    parameters: Array
    intervals: Array
    confidence: float
    log_likelihood: float

    @property
    def information(self) -> float:
        """Akaike's information criterion: less is better."""
        return 2.0 * (len(self.form.names) - self.log_likelihood)


def log_likelihood(form: Form, parameters: Array, tests: LifeTests) -> Array:
    """The log-likelihood [nat] of parameters [..., P], [...]: density where the end was seen, the probability of the
    interval where it fell between two looks, of lasting longer where it was not seen; minus infinity where impossible.
    """
    log_sigma, ends = parameters[..., 1, None], _ends(form, parameters)[..., None]
    mu = _locations(form, parameters, tests)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        late = (np.log(tests.days) - mu) * np.exp(-log_sigma)
        terms = np.log1p(-ends * -np.expm1(_log_survival(form.family, late)))
        seen, looked = tests.ended & tests.exact, tests.ended & ~tests.exact
        density = _log_density(form.family, late[..., seen]) - np.log(tests.days[seen])
        terms[..., seen] = np.log(ends) + density - log_sigma
        if looked.any():
            early = (np.log(tests.since_days[looked]) - mu[..., looked]) * np.exp(-log_sigma)
            # As much as survived the first look, less what survived the second.
            outlasted = _log_survival(form.family, early)
            gap = np.minimum(_log_survival(form.family, late[..., looked]) - outlasted, 0.0)
            terms[..., looked] = np.log(ends) + outlasted + np.log(-np.expm1(gap))
        total = (tests.count * terms).sum(axis=-1)
    return np.where(np.isfinite(total), total, -np.inf)


def log_share_left(form: Form, parameters: Array, days: Array) -> Array:
    """The log of the share still working at ``days`` [n] by parameters [..., P], at the reference temperature:
    [..., n].
    """
    with np.errstate(divide="ignore", over="ignore"):
        z = (np.log(days) - parameters[..., 0, None]) * np.exp(-parameters[..., 1, None])
        return np.asarray(np.log1p(-_ends(form, parameters)[..., None] * -np.expm1(_log_survival(form.family, z))))


def slowing(form: Form, parameters: Array, degrees: Array) -> Array:
    """The log of how many times longer devices last at ``degrees`` [n] than at the reference: [..., n] (Arrhenius)."""
    if form.reference is None:
        return np.zeros(degrees.shape)
    inverse = 1.0 / (degrees + ZERO_CELSIUS_K) - 1.0 / (form.reference + ZERO_CELSIUS_K)
    return np.asarray(parameters[..., -1, None] / BOLTZMANN_EV_PER_K * inverse)


def fit(form: Form, tests: LifeTests, confidence: float = 0.9) -> Fit:
    """The maximum of the likelihood with its profile intervals.

    Raises ValueError where there is none: no end was seen, or all of them at one time.
    """
    tests = joined(tests)
    ended = tests.days[tests.ended]
    if not ended.size:
        raise ValueError("no device ended, so there is no time to fit; 'minesim evidence' bounds the rate")
    if tests.exact[tests.ended].all() and np.ptp(ended) == 0:
        raise ValueError("all devices ended at the same time, so the spread is not known; write it as a fixed time")
    best, value = maximum(form, tests)
    intervals = np.array([[*_profile(form, tests, best, value, place, confidence)] for place in range(best.size)])
    return Fit(form, best, intervals, confidence, value)


def maximum(form: Form, tests: LifeTests) -> tuple[Array, float]:
    """The parameters [P] of largest likelihood, and it: climbed to from several starts, so that a limited population
    is not taken for slow devices, or the other way round.
    """
    found = [climbed(lambda points: log_likelihood(form, points, tests), start) for start in _starts(form, tests)]
    best, value = max(found, key=lambda pair: pair[1])
    return best, value


def _starts(form: Form, tests: LifeTests) -> list[Array]:
    seen = np.log(np.maximum(tests.days[tests.ended], 1e-12))
    weights = tests.count[tests.ended]
    share = float(weights.sum() / tests.count.sum())
    centre = float(np.average(seen, weights=weights))
    spread = float(np.log(max(np.sqrt(np.average((seen - centre) ** 2, weights=weights)), 0.05)))
    ends = [np.clip(share * factor, 1e-12, 1 - 1e-6) for factor in (1.001, 1.5, 3.0)] if form.limited else [None]
    plain = float(np.log(np.average(tests.days, weights=tests.count) / max(share, 1e-3)))
    starts = []
    for end in ends:
        for location in (centre, plain):
            limited = [] if end is None else [float(special.logit(end))]
            activation = [0.5] if form.reference is not None else []
            starts.append(np.array([location, spread, *limited, *activation]))
    return starts


def _profile(form: Form, tests: LifeTests, best: Array, value: float, place: int, confidence: float) -> Iterator[float]:
    """Where the likelihood, with all other parameters at their best, falls by half the quantile of chi squared."""
    drop = 0.5 * float(special.chdtri(1, 1.0 - confidence))
    middle, first = float(best[place]), _first_step(form, tests, best, place, drop)
    for sign in (-1.0, 1.0):
        # A logit has its limits far from 0, a logarithm far from where it is best.
        limit = sign * max(_FAR, sign * middle) if form.names[place] == "logit_ends" else middle + sign * _FAR
        lost = _loss(form, tests, best, value, place, drop)
        end = _crossing(lost, middle, sign, first, limit)
        # Steps may have led the others onto a side slope: from the maximum they may climb higher.
        from_top = _loss(form, tests, best, value, place, drop, np.delete(best, place))
        there = end if np.isfinite(end) else limit
        yield end if from_top(there) >= lost(there) - _SLACK else _crossing(from_top, middle, sign, first, limit)


def _loss(
    form: Form, tests: LifeTests, best: Array, value: float, place: int, drop: float, *more: Array
) -> Callable[[float], float]:
    """How far the profile has fallen where a parameter is set, against the drop, as square roots: nearly a line.

    The others climb from where they were at the place before, and from ``more`` starts, for that may be a side slope.
    """
    others = np.delete(best, place)

    @cache
    def lost(at: float) -> float:
        nonlocal others

        def height(rest: Array) -> Array:
            return log_likelihood(form, np.insert(rest, place, at, axis=-1), tests)

        others, highest = max((climbed(height, start) for start in (others, *more)), key=lambda pair: pair[1])
        return float(np.sqrt(max(value - highest, 0.0)) - np.sqrt(drop))

    return lost


def _crossing(lost: Callable[[float], float], best: float, sign: float, first: float, limit: float) -> float:
    """Where ``lost`` crosses 0 on one side of the best, looked for in growing steps; infinite where not before the
    limit.
    """
    near, step = best, first
    while True:
        far = sign * min(sign * (near + sign * step), sign * limit)
        if lost(far) >= 0:
            return float(optimize.brentq(lost, near, far, xtol=1e-6)) if lost(near) < 0 else near
        if far == limit:
            return sign * np.inf
        near, step = far, 2 * step


def _first_step(form: Form, tests: LifeTests, best: Array, place: int, drop: float) -> float:
    """Where the end would be, were the likelihood a parabola."""
    _, second = curvature(lambda points: log_likelihood(form, points, tests), best)
    variance = float(np.linalg.pinv(-second)[place, place]) if np.isfinite(second).all() else 0.0
    return float(np.clip(1.05 * np.sqrt(max(2.0 * drop * variance, 0.0)), 0.01, 2.0))


def _ends(form: Form, parameters: Array) -> Array:
    """The share that ends at all [...]."""
    return np.asarray(special.expit(parameters[..., 2])) if form.limited else np.ones(parameters.shape[:-1])


def _locations(form: Form, parameters: Array, tests: LifeTests) -> Array:
    """The log of scale or median at each test's temperature [..., n]."""
    here = parameters[..., 0, None]
    if form.reference is None or tests.degrees is None:
        return np.asarray(here + np.zeros(tests.days.shape))
    return np.asarray(here + slowing(form, parameters, tests.degrees))


def _log_survival(family: str, z: Array) -> Array:
    return np.asarray(-np.exp(z) if family == WEIBULL else special.log_ndtr(-z))


def _log_density(family: str, z: Array) -> Array:
    return np.asarray(z - np.exp(z) if family == WEIBULL else -0.5 * z * z - _LOG_ROOT_TWO_PI)
