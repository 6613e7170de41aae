"""Break-even: known roots, kinks and flat parts, ends outside the range, few evaluations, intervals that cover."""

import math

import numpy as np
import pytest
from building import ensemble_of, with_kind
from hypothesis import given
from hypothesis import strategies as st
from scenario_texts import ROOT

from simulator.bracketing import Range
from simulator.breakeven import break_even
from simulator.breakeven_words import sentences
from simulator.closed_form import expected
from simulator.metrics import expected_value, metric_samples, metrics
from simulator.scenario_file import load
from simulator.world import build_world

UNIT = Range(0.0, 1.0)
# Their mean is 0, so that the mean difference is the curve itself.
CENTRED = np.random.default_rng(7).normal(size=(20, 3))
CENTRED -= CENTRED.mean(axis=0)


class Counted:
    """Differences of a curve that remember which values were asked for, call by call."""

    def __init__(self, curve):
        self.curve, self.calls = curve, []

    def __call__(self, values):
        self.calls.append(list(values))
        return [np.atleast_1d(self.curve(x)) for x in values]

    @property
    def evaluations(self):
        return sum(map(len, self.calls))


def noisy(curve, spread, draws=CENTRED):
    """Replicates that differ by a smooth curve each, as common random numbers make them."""
    return lambda x: curve(x) + spread * draws @ np.array([1.0, x, x * x])


EXACT = {
    "linear": (lambda x: x - 0.3137, UNIT, [0.3137]),
    "curved": (lambda x: math.exp(5 * x) - 20, UNIT, [math.log(20) / 5]),
    "falling": (lambda x: 0.25 - x * x, UNIT, [0.5]),
    "kinked": (lambda x: max(0.1 * (x - 0.37), 10 * (x - 0.37)), UNIT, [0.37]),
    "a step": (lambda x: -1.0 if x < 0.777 else 1e-3, UNIT, [0.777]),
    "two crossings": (lambda x: (x - 0.2) * (x - 0.85), UNIT, [0.2, 0.85]),
    "flat between": (lambda x: min(0.0, x - 0.33) + max(0.0, x - 0.71), UNIT, [0.33, 0.71]),
    "no difference at first": (lambda x: max(0.0, x - 0.4), UNIT, [0.4]),
    "steep": (lambda x: math.tanh(1e4 * (x - 0.123456)), UNIT, [0.123456]),
    "at a value of the grid": (lambda x: x - 0.5, UNIT, [0.5]),
    "over decades": (lambda x: math.log(x) + 5, Range(1e-6, 1.0, logarithmic=True), [math.exp(-5)]),
    "none": (lambda x: x + 1.0, UNIT, []),
}


@pytest.mark.parametrize("case", EXACT)
def test_exact_differences_give_every_root_to_a_billionth(case):
    curve, span, roots = EXACT[case]
    found = break_even(Counted(curve), span)
    assert [one.value for one in found.crossings] == pytest.approx(roots, abs=1e-9)
    assert found.is_settled
    assert found.undecided == ()
    assert all(math.isnan(one.interval.low) and math.isnan(one.interval.high) for one in found.crossings)


@pytest.mark.parametrize(
    ("case", "most"),
    [("linear", 11), ("curved", 15), ("two crossings", 20), ("kinked", 25), ("steep", 30), ("none", 9)],
)
def test_exact_roots_take_few_evaluations(case, most):
    curve, span, _ = EXACT[case]
    counted = Counted(curve)
    break_even(counted, span)
    assert counted.evaluations <= most


@given(st.floats(0.001, 0.999), st.floats(0.1, 30.0), st.booleans())
def test_any_root_of_a_monotone_curve_is_found(root, bend, rises):
    sign = 1.0 if rises else -1.0
    counted = Counted(lambda x: sign * (math.exp(bend * x) - math.exp(bend * root)))
    found = break_even(counted, UNIT)
    (one,) = found.crossings
    assert one.value == pytest.approx(root, abs=1e-9)
    assert (one.side_below, one.side_above) == ((-1, 1) if rises else (1, -1))
    assert found.side is None
    assert counted.evaluations <= 60


def test_the_whole_range_is_looked_at_in_one_call_first():
    counted = Counted(lambda x: x - 0.3)
    found = break_even(counted, Range(0.0, 1.0), coarse=5)
    assert counted.calls[0] == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert [point.x for point in found.points] == sorted(x for call in counted.calls for x in call)


def test_a_mean_that_touches_zero_is_no_crossing():
    for sign in (1.0, -1.0):
        found = break_even(Counted(lambda x, sign=sign: sign * (x - 0.5) ** 2), UNIT)
        assert (found.crossings, found.touches, found.side) == ((), (0.5,), sign)
    assert break_even(Counted(lambda x: x), UNIT).touches == (0.0,)


@pytest.mark.parametrize("replicates", [1, 10])
def test_identical_scenarios_differ_nowhere(replicates):
    counted = Counted(lambda _: np.zeros(replicates))
    found = break_even(counted, UNIT)
    assert (found.crossings, found.touches, found.side, counted.evaluations) == ((), (), 0, 9)
    assert list(sentences(found, "b", "a", "p")) == ["b and a are no different for p from 0 to 1."]


def test_the_mean_and_the_ends_of_the_interval_are_roots_on_the_same_draws():
    found = break_even(Counted(noisy(lambda x: math.exp(2 * x) - 2, 0.2)), UNIT)
    (one,) = found.crossings
    reach = 1.7291328115213678  # Student's t, 19 degrees of freedom, 95 %
    assert one.interval.low < one.value < one.interval.high
    width = one.interval.high - one.interval.low
    for x, ends in ((one.value, 0), (one.interval.low, 1), (one.interval.high, -1)):
        samples = noisy(lambda x: math.exp(2 * x) - 2, 0.2)(x)
        error = samples.std(ddof=1) / math.sqrt(20)
        # Off by less than a hundredth of the interval, at a slope of 2 to 4.
        assert abs(samples.mean() + ends * reach * error) < 4 * 0.01 * width


@pytest.mark.parametrize("curve", [lambda x: x - 0.3137, lambda x: math.exp(3 * x) - 4, lambda x: 0.4 - x**3])
def test_an_interval_takes_a_dozen_evaluations_beyond_the_grid(curve):
    counted = Counted(noisy(curve, 0.05))
    found = break_even(counted, UNIT)
    assert len(found.crossings) == 1
    assert found.is_settled
    assert counted.evaluations <= 9 + 12
    assert len(counted.calls) <= 7


@pytest.mark.parametrize("spread", [1e-12, 1e-6, 1e-3, 0.1, 3.0])
def test_evaluations_stay_few_whatever_the_spread(spread):
    for case in EXACT.values():
        curve, span, _ = case
        counted = Counted(noisy(curve, spread))
        assert break_even(counted, span).is_settled
        assert counted.evaluations <= 60


def test_an_end_outside_the_range_is_said_and_not_clipped():
    found = break_even(Counted(noisy(lambda x: x - 0.02, 0.3)), UNIT)
    (one,) = found.crossings
    assert one.interval.below_range
    assert not one.interval.above_range
    assert one.interval.low == 0.0
    (text,) = sentences(found, "b", "a", "p")
    assert "(90 % interval at or below 0 to 0." in text
    (one,) = break_even(Counted(noisy(lambda x: 0.98 - x, 0.3)), UNIT).crossings
    assert (one.interval.above_range, one.interval.high) == (True, 1.0)


def test_a_break_even_that_cannot_be_excluded_is_said():
    found = break_even(Counted(noisy(lambda x: x * x - 2 * x + 1.01, 0.05)), UNIT)
    assert (found.crossings, found.side) == ((), 1)
    (stretch,) = found.undecided
    assert stretch.above_range
    assert not stretch.below_range
    assert 0.5 < stretch.low < 0.95
    first, last = sentences(found, "b", "a", "p")
    assert first.startswith("No change of side for p from 0 to 1: b is worse than a on average at every value;")
    assert last == f"A break-even cannot be excluded for p {stretch.low:.3g} to at or above 1."


def test_no_break_even_says_the_side_and_how_sure_it_is():
    found = break_even(Counted(noisy(lambda x: x - 5, 0.1)), UNIT)
    assert (found.crossings, found.undecided, found.side) == ((), (), -1)
    ends = [found.points[0].found, found.points[-1].found]
    assert all(one.low < one.mean < one.high < 0 for one in ends)
    (text,) = sentences(found, "b", "a", "p")
    assert text.startswith(
        "No break-even for p from 0 to 1: b is safer than a over the whole range; the difference is -5"
    )
    assert "(90 % interval " in text


def test_several_crossings_have_an_interval_each():
    found = break_even(Counted(noisy(lambda x: (x - 0.2) * (x - 0.85), 0.01)), UNIT)
    first, second = found.crossings
    assert (first.side_below, first.side_above, second.side_above) == (1, -1, 1)
    assert first.interval.low < 0.2 < first.interval.high < second.interval.low < 0.85 < second.interval.high
    assert len(list(sentences(found, "b", "a", "p"))) == 2


WHOLE = Range(1, 1000, whole=True)


def test_whole_numbers_are_reported_between_two_neighbours():
    counted = Counted(lambda x: x - 612.4)
    (one,) = break_even(counted, WHOLE).crossings
    assert one.between == (612, 613)
    assert 612 < one.value < 613
    assert all(x == int(x) for call in counted.calls for x in call)
    (one,) = break_even(Counted(lambda x: x - 612), WHOLE).crossings
    assert (one.value, one.between) == (612, (612, 612))
    (text,) = sentences(break_even(Counted(lambda x: 3.5 - x), WHOLE), "b", "a", "mines.m.count")
    assert text == (
        "mines.m.count breaks even between 3 and 4: just below it, b is worse than a, and just above it safer than a."
    )


def test_an_interval_of_whole_numbers_ends_where_a_side_is_clear():
    curve = noisy(lambda x: (x - 612.4) / 1000, 1e-2)
    counted = Counted(lambda x: curve(x / 1000) + (x - x / 1000) / 1000)
    (one,) = break_even(counted, WHOLE).crossings
    assert one.between[1] - one.between[0] == 1
    assert one.interval.low == int(one.interval.low) < one.between[0]
    assert one.interval.high == int(one.interval.high) > one.between[1]
    assert counted.evaluations <= 30
    # So sure that neighbours are clear: the interval is the two of them.
    (one,) = break_even(Counted(noisy(lambda x: x - 612.4, 1e-9)), WHOLE).crossings
    assert (one.interval.low, one.interval.high) == one.between == (612, 613)


def test_a_short_range_of_whole_numbers_is_looked_at_once():
    counted = Counted(lambda x: x - 2.5)
    (one,) = break_even(counted, Range(0, 5, whole=True)).crossings
    assert one.between == (2, 3)
    assert counted.calls == [[0, 1, 2, 3, 4, 5]]


def test_a_search_without_end_is_cut_short_and_says_so():
    found = break_even(Counted(lambda x: math.sin(1e5 * x)), UNIT, coarse=200)
    assert not found.is_settled
    assert len(found.points) <= 300
    assert list(sentences(found, "b", "a", "p"))[-1].startswith("The search ended after ")


@pytest.mark.parametrize(
    "wrong", [(1.0, 1.0), (2.0, 1.0), (math.nan, 1.0), (0.0, math.inf), (0.0, 1.0, True), (0.5, 3.0, False, True)]
)
def test_a_range_that_is_none_is_refused(wrong):
    with pytest.raises(ValueError, match=r"needs|begins"):
        Range(*wrong)


def test_differences_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="finite"):
        break_even(lambda values: [np.array([math.inf, 0.0]) for _ in values], UNIT)


# A coverage of exactly 90 % falls outside 170 to 190 of 200 by chance 13 times in 1,000 (binomial, both sides).
# that cover 80 % of the time pass with 4 %, those that cover 98 % with 0.7 %.
LEAST, MOST, REPEATS = 170, 190, 200


def covered_by(replicates, confidence=0.9):
    """How many of 200 seeded intervals contain the root of a curved difference."""
    covered = 0
    for seed in range(REPEATS):
        draws = np.random.default_rng([seed, replicates]).normal(size=(replicates, 3))
        curve = Counted(noisy(lambda x: math.exp(2 * x) - 2.5, 0.3, draws))
        found = break_even(curve, Range(-0.5, 1.5), confidence=confidence)
        covered += any(one.interval.low <= math.log(2.5) / 2 <= one.interval.high for one in found.crossings)
    return covered


@pytest.mark.parametrize("replicates", [5, 20, 50])
def test_intervals_contain_the_truth_nine_times_in_ten(replicates, measured, drawn):
    covered = covered_by(replicates)
    measured(f"covered of {REPEATS}", covered, at_least=LEAST, at_most=MOST)
    drawn("coverage", interval=f"break-even, {replicates} draws", covered=covered, repeats=REPEATS, says=0.9)


def test_the_check_of_coverage_refuses_intervals_too_narrow_and_too_wide(measured):
    measured(f"covered of {REPEATS}, at 75 %", covered_by(20, confidence=0.75), at_most=LEAST - 1)
    measured(f"covered of {REPEATS}, at 99 %", covered_by(20, confidence=0.99), at_least=MOST + 1)


def test_intervals_of_another_confidence_are_as_sure_as_they_say():
    # 99 %: 193 or fewer of 200 by chance once in 200 seeds.
    covered = 0
    for seed in range(REPEATS):
        draws = np.random.default_rng([seed, 99]).normal(size=(10, 3))
        (one,) = break_even(Counted(noisy(lambda x: x - 0.1, 0.1, draws)), Range(-1.0, 1.0), confidence=0.99).crossings
        covered += one.interval.low <= 0.1 <= one.interval.high
    assert covered >= 194


def metric_of(world, name):
    return next(metric for metric in metrics(world) if metric.name == name)


def closed_form(world, name):
    return expected_value(metric_of(world, name), world, expected(world))


def simulated(world, name, replicates, seed):
    return metric_samples(metric_of(world, name), ensemble_of(world, replicates, seed))[0]


def shipped_world(name, mines):
    loaded = load(ROOT / "scenarios" / f"{name}.yaml", [f"mines.{mines}.count=400"])
    return build_world(loaded, times=np.array([0.0, 30.0, 3652.5]))


# What is varied, where, and the metric. 20 persistent mines against 400 battery-limited ones of which one in ten does
# not self-destruct and, for the count, three batteries in ten never end.
REAL = {
    "battery failure": (lambda world, x: with_kind(world, backup_failure=x), Range(0.2, 0.8), "mine_days"),
    "count": (
        lambda world, x: with_kind(world, backup_failure=0.3, count=int(x)),
        Range(200, 1000, whole=True),
        "accidents",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", REAL)
def test_intervals_of_the_real_simulation_contain_the_closed_forms_break_even(case, measured, drawn):
    varied, span, name = REAL[case]
    replicates = 6
    persistent = with_kind(shipped_world("persistent", "persistent"), count=20)
    limited = shipped_world("treaty-limit", "battery-limited")
    least = closed_form(persistent, name)
    (truth,) = break_even(Counted(lambda x: np.array([closed_form(varied(limited, x), name) - least])), span).crossings
    covered, evaluations = 0, 0
    for seed in range(REPEATS):
        before = simulated(persistent, name, replicates, seed)
        counted = Counted(
            lambda x, seed=seed, before=before: simulated(varied(limited, x), name, replicates, seed) - before
        )
        found = break_even(counted, span, coarse=5)
        covered += any(one.interval.low <= truth.value <= one.interval.high for one in found.crossings)
        evaluations += counted.evaluations
    print(f"{case}: {truth.value:.4g}, {evaluations / REPEATS:.1f} evaluations each")
    measured(f"covered of {REPEATS}", covered, at_least=LEAST, at_most=MOST)
    drawn("coverage", interval=f"break-even in {case}", covered=covered, repeats=REPEATS, says=0.9)
