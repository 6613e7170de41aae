"""An independent library as oracle: surpyval's parametric competing risks and its fits, against ours.

surpyval (Knife 2021, Journal of Open Source Software 6, 3484) integrates over each cause's own probability scale by
adaptive quadrature, and knows causes that never come for a share of the mines (a limited failure population). It shares
no code with the program. It knows neither a cause common to two devices, nor doses that differ from place to place:
the first is put together here from two of its models, the second from one for each place.
"""

from functools import cache

import numpy as np
import pytest
import surpyval
from building import DAYS_PER_YEAR, day, ensemble_of, with_kind, world_of

from simulator.closed_form import CAUSES, expected
from simulator.ensemble import ALL, samples
from simulator.fitting import LOGNORMAL, WEIBULL, Form, fit
from simulator.laws import Lognormal, Weibull
from simulator.life_tests import LifeTests
from simulator.statistics import standard_error

# A difference of shares: surpyval integrates to 1e-10 of a cause's own share or better.
AT_MOST = 1e-9
DAYS = [10, 20, 40, 80, 200, 400]
MEAN_AGE = 400.0

# Laws as a scenario writes them, of every family that both sides have, and the same for surpyval.
SELF_DESTRUCT = {"lognormal": {"median": "20 days", "sigma": 0.3}}
BATTERY = {"weibull": {"shape": 4, "scale": "81.9 days"}}
AGEING = {"exponential": {"mean": f"{MEAN_AGE} days"}}
EARLY = {"exponential": {"mean": "30 days"}}
SLOW = {"gamma": {"shape": 2.5, "scale": "40 days"}}
SHAPELESS = {"weibull": {"shape": 0.7, "scale": "150 days"}}
FAMILIES = {
    "lognormal": lambda p: (surpyval.LogNormal, [np.log(_days(p["median"])), p["sigma"]]),
    "weibull": lambda p: (surpyval.Weibull, [_days(p["scale"]), p["shape"]]),
    "exponential": lambda p: (surpyval.Exponential, [1 / _days(p["mean"])]),
    "gamma": lambda p: (surpyval.Gamma, [p["shape"], 1 / _days(p["scale"])]),
}
# Laws of the three causes, shares in which self-destruct and battery fail, their common cause, accidents a mine-year.
MIXES = {
    "devices that may fail": ((SELF_DESTRUCT, BATTERY, AGEING), (0.1, 0.2), 0.0, 2.0),
    "a common cause": ((SELF_DESTRUCT, BATTERY, AGEING), (0.3, 0.2), 0.5, 0.0),
    "early failures and slow ends": ((EARLY, SLOW, SHAPELESS), (0.05, 0.0), 0.0, 1.0),
}
# surpyval takes a second or two for each.
FIRST, *REST = MIXES
each_mix = pytest.mark.parametrize("name", [FIRST, *(pytest.param(name, marks=pytest.mark.slow) for name in REST)])


def _days(text):
    return float(text.removesuffix(" days"))


def _model(law, works):
    """A law for surpyval, of which a share never comes."""
    ((family, parameters),) = law.items()
    fitter, values = FAMILIES[family](parameters)
    return fitter.from_params(values, lfp_p=works) if works < 1 else fitter.from_params(values)


def _incidence(models):
    """Cumulative incidence of each of our causes by surpyval [4, T]; what is no cause has none."""
    risks = surpyval.ParametricCompetingRisks.from_fitted(models)
    return np.array([risks.cif(DAYS, name) if name in models else np.zeros(len(DAYS)) for name in CAUSES])


@cache
def theirs(name):
    """The share of mines that each cause has ended by each day, by surpyval [4, T].

    What stops both devices has happened to f1 c of the mines, of which age and accidents are all that is left. Of the
    others self-destruct fails in f1 (1 - c) / (1 - f1 c), and the battery, independently of it, in f2.
    """
    (destruct, battery, ageing), (f1, f2), common, rate = MIXES[name]
    lasting = {"ageing": _model(ageing, 1)} | ({"accident": _accidents(rate)} if rate else {})
    stopped = f1 * common
    alone = {"self_destruct": _model(destruct, (1 - f1) / (1 - stopped)), "battery": _model(battery, 1 - f2)}
    found = (1 - stopped) * _incidence(alone | lasting)
    return found + stopped * _incidence(lasting) if stopped else found


def _accidents(rate):
    return surpyval.Exponential.from_params([rate / DAYS_PER_YEAR])


def world(name, count=1000):
    (destruct, battery, ageing), (f1, f2), common, rate = MIXES[name]
    mines = {
        "count": count,
        "laid": day(0),
        "self_destruct": {"time": destruct, "failure": f1},
        "battery": {"life": battery, "failure": f2},
        "common_cause": common,
        "ageing": ageing,
    }
    return world_of({"mines": mines}, times=[0, *DAYS], rate=rate)


def ours(of):
    """The same shares by the closed form of a world [4, T]."""
    return expected(of).incidence[0][:, 1:] / of.kinds[0].count


@each_mix
def test_the_incidence_of_every_cause_is_that_of_surpyval(name, measured, drawn):
    exact, found = theirs(name), ours(world(name))
    # Every cause takes part, but for accidents where there are none.
    assert (exact[:, -1] > 1e-3).sum() >= 3
    measured("largest difference of a share", np.abs(found - exact).max(), at_most=AT_MOST)
    drawn("incidence", mix=name, days=DAYS, ours=found, theirs=exact)


@each_mix
def test_what_is_left_is_the_survival_of_surpyval(name, measured):
    left = expected(world(name)).curves.hazardous[0, 1:] / 1000
    measured("largest difference of a share", np.abs(left - (1 - theirs(name).sum(axis=0))).max(), at_most=AT_MOST)


def longer(law):
    """The same law, 10 % longer."""
    if isinstance(law, Weibull):
        return law.model_copy(update={"scale": 1.1 * law.scale})
    if isinstance(law, Lognormal):
        return law.model_copy(update={"median": 1.1 * law.median})
    raise TypeError(law)


@pytest.mark.parametrize("mechanism", ["self_destruct", "battery"])
def test_a_life_10_percent_longer_is_refused(mechanism, measured):
    right = world("devices that may fail")
    neighbour = with_kind(right, **{mechanism: longer(getattr(right.kinds[0], mechanism))})
    off = np.abs(ours(neighbour) - theirs("devices that may fail")).max()
    measured("difference over the tolerance", off / AT_MOST, at_least=1e4)


def test_simulated_causes_are_those_of_surpyval(measured, drawn):
    # Inert items are what battery and age ended, accidents are counted, and self-destruct is the rest of what is gone.
    # 18 scores of Student's t with 59 degrees of freedom: one beyond 5 by chance once in 10,000 seeds.
    name = "devices that may fail"
    ensemble = ensemble_of(world(name, 2000), 60)
    exact = 2000 * theirs(name)
    inert, accidents, gone = (samples(ensemble, ALL, of)[1][:, 1:] for of in ("inert", "accidents", "gone"))
    wanted = (exact[1] + exact[2], exact[3], exact[0])
    scores = np.array([
        (found.mean(axis=0) - mean) / standard_error(found)
        for found, mean in zip((inert, accidents, gone - accidents), wanted, strict=True)
    ])  # fmt: skip
    measured("largest |z|", np.abs(scores).max(), at_most=5)
    drawn("z by cause", scores=scores.ravel())
    tenth_more = (accidents.mean(axis=0) - 1.1 * wanted[1]) / standard_error(accidents)
    measured("|z| of a tenth more accidents", np.abs(tenth_more).max(), at_least=5)


# Fits: both climb the same likelihood, whose top is flat to half the digits of a number.
SEED, FIT_AT_MOST = 20, 1e-4
KINDS_OF_TESTS = [
    (WEIBULL, False),
    (LOGNORMAL, False),
    *(pytest.param(family, True, marks=pytest.mark.slow) for family in (WEIBULL, LOGNORMAL)),
]


def life_tests(family, limited):
    """200 devices watched for 60 days; of the limited ones three in ten never end. Times, and whether the end came."""
    rng = np.random.default_rng(SEED)
    life = 50 * rng.weibull(2, 200) if family == WEIBULL else 40 * np.exp(0.6 * rng.standard_normal(200))
    if limited:
        life = np.where(rng.random(200) < 0.3, np.inf, life)
    watched = 60 if not limited else 150
    return np.minimum(life, watched), life <= watched


def fitted(days, ended, family, limited):
    return fit(
        Form(family, limited=limited), LifeTests(np.zeros(200), days, ended, np.ones(200, dtype=bool), np.ones(200))
    )


@pytest.mark.parametrize(("family", "limited"), KINDS_OF_TESTS)
def test_a_fit_to_censored_lives_is_that_of_surpyval(family, limited, measured):
    days, ended = life_tests(family, limited)
    assert 20 < np.count_nonzero(~ended) < 120
    law = surpyval.Weibull if family == WEIBULL else surpyval.LogNormal
    other = law.fit(x=days, c=(~ended).astype(int), lfp=limited)
    mine = fitted(days, ended, family, limited)
    first, second = other.params
    wanted = [np.log(first), -np.log(second)] if family == WEIBULL else [first, np.log(second)]
    if limited:
        wanted.append(np.log(other.lfp_p / (1 - other.lfp_p)))
    measured("largest difference of a parameter", np.abs(mine.parameters - wanted).max(), at_most=FIT_AT_MOST)
    measured("difference of the log-likelihood", abs(mine.log_likelihood + other.neg_ll()), at_most=1e-9)


def test_the_comparison_of_fits_refuses_lives_that_are_10_percent_longer(measured):
    days, ended = life_tests(WEIBULL, limited=False)
    other = surpyval.Weibull.fit(x=days, c=(~ended).astype(int))
    off = abs(fitted(1.1 * days, ended, WEIBULL, limited=False).parameters[0] - np.log(other.params[0]))
    measured("difference over the tolerance", off / FIT_AT_MOST, at_least=100)
