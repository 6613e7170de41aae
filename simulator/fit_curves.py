"""Fitted laws as curves over age: the share still working with what the tests leave open of it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from simulator.clocks import Array
from simulator.fitting import Fit, Form, log_likelihood, log_share_left, maximum, slowing
from simulator.life_tests import LifeTests, joined
from simulator.likelihood_region import region_border


@dataclass(frozen=True, slots=True, eq=False)
class LawCurve:
    """The share still working by a fitted law at ``days`` [n], with the profile interval at each age, read-only."""

    fit: Fit
    days: Array
    left: Array
    low: Array
    high: Array

    def __post_init__(self) -> None:
        for array in (self.days, self.left, self.low, self.high):
            array.flags.writeable = False


def law_curve(one: Fit, tests: LifeTests, days: Array) -> LawCurve:
    """The share still working by a fit at ``days`` [n] above 0, at the reference temperature, with intervals at the
    confidence of the fit.
    """
    form, tests = one.form, joined(tests)
    best = np.exp(log_share_left(form, one.parameters, days))
    around = np.vstack([best, *(np.exp(log_share_left(its, points, days)) for its, points in _borders(one, tests))])
    return LawCurve(one, days, best, around.min(axis=0), around.max(axis=0))


def _borders(one: Fit, tests: LifeTests) -> Iterator[tuple[Form, Array]]:
    """The border of the region of a fit, and of its face where all devices end, which rays from the maximum miss."""
    form, drop = one.form, 0.5 * float(special.chdtri(1, 1.0 - one.confidence))
    yield form, region_border(lambda at: log_likelihood(form, at, tests), one.parameters, drop, tests.days.size)
    if form.limited and not np.isfinite(one.intervals[2, 1]):
        face = replace(form, limited=False)
        top, value = maximum(face, tests)
        left = drop - (one.log_likelihood - value)
        if left > 0:
            yield face, region_border(lambda at: log_likelihood(face, at, tests), top, left, tests.days.size)


def at_reference(tests: LifeTests, one: Fit) -> LifeTests:
    """Tests at several temperatures with their times brought to the fit's reference by its activation energy."""
    if one.form.reference is None or tests.degrees is None:
        return tests
    factor = np.exp(-slowing(one.form, one.parameters, tests.degrees))
    return replace(tests, since_days=tests.since_days * factor, days=tests.days * factor, degrees=None)
