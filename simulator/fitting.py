"""Fitting time laws to tests with censoring: maximum likelihood, and intervals from the profile of the likelihood.

A device may be one that never ends (a limited failure population: Meeker 1987, Technometrics 29, 51), and tests at
several temperatures are joined by Arrhenius' law (Meeker and Escobar 1998, Statistical Methods for Reliability Data,
chapters 11, 17 and 19). Both laws have location and scale in the logarithm of time: z = (log t - mu) / sigma, where
mu is the log of the scale (Weibull) or of the median (lognormal), and 1 / sigma a Weibull's shape.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from simulator.clocks import Array
from simulator.life_tests import LifeTests

WEIBULL, LOGNORMAL = "weibull", "lognormal"
BOLTZMANN_EV = 8.617333262e-5
_KELVIN = 273.15
_LOG_ROOT_TWO_PI = float(0.5 * np.log(2 * np.pi))
_STEP = 0.25
_FAR = 40.0
_LEVEL = 1e-2
_WILD, _WORST = 1e3, 1e300


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


def log_likelihood(form: Form, parameters: Array, tests: LifeTests) -> float:
    """The log-likelihood [nat]: density where the end was seen, the probability of the interval where it fell between
    two looks, of lasting longer where it was not seen.
    """
    sigma, ends = np.exp(parameters[1]), _ends(form, parameters)
    mu = _locations(form, parameters, tests)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        late = (np.log(tests.days) - mu) / sigma
        early = (np.log(tests.since_days) - mu) / sigma
        exact = np.log(ends) + _log_density(form.family, late) - np.log(sigma) - np.log(tests.days)
        # As much as survived the first look, less what survived the second.
        gap = _log_survival(form.family, late) - _log_survival(form.family, early)
        between = np.log(ends) + _log_survival(form.family, early) + np.log(-np.expm1(np.minimum(gap, 0.0)))
        lasting = np.log1p(-ends * -np.expm1(_log_survival(form.family, late)))
    terms = np.where(tests.ended, np.where(tests.exact, exact, between), lasting)
    total = float((tests.count * terms).sum())
    return total if np.isfinite(total) else -np.inf


def fit(form: Form, tests: LifeTests, confidence: float = 0.9) -> Fit:
    """The maximum of the likelihood with its profile intervals.

    Raises ValueError where there is none: no end was seen, or all of them at one time.
    """
    ended = tests.days[tests.ended]
    if not ended.size:
        raise ValueError("no device ended, so there is no time to fit; 'minesim evidence' bounds the rate")
    if tests.exact[tests.ended].all() and np.ptp(ended) == 0:
        raise ValueError("all devices ended at the same time, so the spread is not known; write it as a fixed time")
    best, value = _maximum(form, tests)
    intervals = np.array([_profile(form, tests, best, value, place, confidence) for place in range(best.size)])
    return Fit(form, best, intervals, confidence, value)


def _maximum(form: Form, tests: LifeTests) -> tuple[Array, float]:
    """Climb from several starts, so that a limited population is not taken for slow devices, or the other way round."""
    starts = _starts(form, tests)
    found = [_climbed(lambda vector: log_likelihood(form, vector, tests), start, polished=True) for start in starts]
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


def _climbed(function: Callable[[Array], float], start: Array, *, polished: bool = False) -> tuple[Array, float]:
    """The nearest maximum: along slopes where they lead up, by a simplex where they do not or digits matter."""
    if start.size == 0:
        return start, function(start)

    def descent(vector: Array) -> float:
        value = -function(vector)
        return value if np.isfinite(value) and np.abs(vector).max() < _WILD else _WORST

    found = optimize.minimize(descent, start, method="BFGS", options={"gtol": 1e-4})
    best, value = np.asarray(found.x), float(found.fun)
    if polished or not found.success or not np.abs(found.jac).max() < _LEVEL:
        step = 0.1 * _STEP if value < _WORST else _STEP
        simplex = np.vstack([best, *(best + step * row for row in np.eye(best.size))])
        limits = {"xatol": 1e-7, "fatol": 1e-10, "maxiter": 1000 * best.size, "maxfev": 2000 * best.size}
        found = optimize.minimize(descent, best, method="Nelder-Mead", options={**limits, "initial_simplex": simplex})
        best, value = np.asarray(found.x), float(found.fun)
    return best, -value


def _profile(
    form: Form, tests: LifeTests, best: Array, value: float, place: int, confidence: float
) -> tuple[float, float]:
    """Where the likelihood, with all other parameters at their best, falls by half the quantile of chi squared."""
    drop = 0.5 * float(special.chdtri(1, 1.0 - confidence))
    ends = []
    for sign in (-1.0, 1.0):
        centre = np.delete(best, place)
        others = centre

        def lost(at: float, centre: Array = centre) -> float:
            nonlocal others

            def height(rest: Array) -> float:
                return log_likelihood(form, np.insert(rest, place, at), tests)

            # From the maximum as well: the last step may have led onto a side slope.
            others, highest = max((_climbed(height, start) for start in (others, centre)), key=lambda pair: pair[1])
            return value - highest - drop

        # A logit has its limits far from 0, a logarithm far from where it is best.
        limit = sign * _FAR if form.names[place] == "logit_ends" else float(best[place]) + sign * _FAR
        step, near = 0.1, float(best[place])
        while True:
            far = sign * min(sign * (near + sign * step), sign * limit)
            if lost(far) >= 0:
                ends.append(float(optimize.brentq(lost, near, far, xtol=1e-6)) if lost(near) < 0 else near)
                break
            if far == limit:
                ends.append(sign * np.inf)
                break
            near, step = far, 2 * step
    return ends[0], ends[1]


def _ends(form: Form, parameters: Array) -> float:
    return float(special.expit(parameters[2])) if form.limited else 1.0


def _locations(form: Form, parameters: Array, tests: LifeTests) -> Array:
    """The log of scale or median at each test's temperature [n]."""
    if form.reference is None or tests.degrees is None:
        return np.full(tests.days.shape, parameters[0])
    inverse = 1.0 / (tests.degrees + _KELVIN) - 1.0 / (form.reference + _KELVIN)
    return np.asarray(parameters[0] + parameters[-1] / BOLTZMANN_EV * inverse)


def _log_survival(family: str, z: Array) -> Array:
    return np.asarray(-np.exp(z) if family == WEIBULL else special.log_ndtr(-z))


def _log_density(family: str, z: Array) -> Array:
    return np.asarray(z - np.exp(z) if family == WEIBULL else -0.5 * z * z - _LOG_ROOT_TWO_PI)
