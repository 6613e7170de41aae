"""What must follow when a scenario is changed in a known way, whatever the numbers themselves are."""

import math
from dataclasses import fields, replace

import numpy as np
import pytest
from building import CONTRACT, DAYS_PER_YEAR, START, day, ensemble_of, with_kind, world_of
from hypothesis import given, settings
from hypothesis import strategies as st
from test_engine import worlds

from simulator.closed_form import expected
from simulator.engine import play
from simulator.ensemble import ALL, samples
from simulator.experiment import Plan, build_worlds, run
from simulator.metrics import widest_relative_error
from simulator.population import draw
from simulator.scenario_file import from_tree, load
from simulator.statistics import paired, zero_events_bound
from simulator.trajectory import Curves
from simulator.world import stream_slots

CURVES = [field.name for field in fields(Curves)]
MINES = {
    "count": 1000,
    "laid": {"from": day(5), "to": day(60)},
    "arming_failure": 0.1,
    "self_destruct": {"time": {"normal": {"mean": "40 days", "sd": "15 days"}}, "failure": 0.3},
    "battery": {"life": {"weibull": {"shape": 4, "scale": "70 days"}}, "failure": 0.2},
    "common_cause": 0.4,
    "ageing": {"exponential": {"mean": "2 years"}},
}


GRID = [0, 5, 10, 20, 30, 45, 60, 75, 90, 120, 150, 200, 300, 400]


def changed(mines=MINES, **changes):
    return mines | changes


@pytest.mark.parametrize("double", ["people", "rate"])
def test_twice_the_people_or_twice_the_rate_mean_twice_the_accidents(double):
    # While few mines are used up by accidents: the dose of a mine is 2e-4 at most here, and so is the shortfall.
    rate = 1.4e-4
    people, rates = (2, 1) if double == "people" else (1, 2)
    once = world_of({"m": MINES}, rate=rate, times=GRID)
    twice = world_of({"m": MINES}, rate=rate * rates, density=14 * people, times=GRID)
    dose = 2 * rate * 400 / DAYS_PER_YEAR
    for one, two in [
        (expected(once).curves, expected(twice).curves),
        (play(once, 0).estimate, play(twice, 0).estimate),
    ]:
        for name in ("accidents", "accident_rate"):
            ratio = getattr(two, name)[0, 2:] / getattr(one, name)[0, 2:]
            assert np.all((ratio <= 2 * (1 + 1e-9)) & (ratio >= 2 * (1 - dose)))
        np.testing.assert_allclose(two.hazardous, one.hazardous, rtol=dose, atol=1e-9)


def test_people_and_rate_are_the_same_lever():
    more_people = world_of({"m": MINES}, rate=1.0, density=28, times=GRID)
    more_rate = world_of({"m": MINES}, rate=2.0, times=GRID)
    for name in CURVES:
        one, two = (getattr(expected(world).curves, name) for world in (more_people, more_rate))
        np.testing.assert_allclose(one, two, rtol=1e-12)
        one, two = (getattr(play(world, 3).played, name) for world in (more_people, more_rate))
        np.testing.assert_allclose(one, two, rtol=1e-9, atol=1e-9)


def test_half_the_region_with_the_same_density_changes_nothing_but_the_land():
    whole, half = (expected(world_of({"m": MINES}, rate=1.0, side=side, times=GRID)) for side in ((5, 4), (5, 2)))
    for name in CURVES:
        np.testing.assert_allclose(getattr(half.curves, name), getattr(whole.curves, name), rtol=1e-12)
    assert np.all(half.land.denied_km2[:, -1] < whole.land.denied_km2[:, -1])


@given(world=worlds(), factor=st.floats(0, 1), other=st.floats(0, 1))
@settings(max_examples=60, derandomize=True, deadline=None)
def test_a_lower_failure_rate_never_raises_the_expected_curves(world, factor, other):
    kinds = tuple(
        replace(
            kind,
            self_destruct_failure=kind.self_destruct_failure * factor,
            backup_failure=kind.backup_failure * other,
        )
        for kind in world.kinds
    )
    before, after = expected(world).curves, expected(replace(world, kinds=kinds)).curves
    for name in ("hazardous", "accidents", "accident_rate", "mine_days"):
        slack = 1e-12 * (1 + getattr(before, name).max())
        assert np.all(getattr(after, name) <= getattr(before, name) + slack), name


def test_a_higher_failure_rate_does_raise_them():
    world = world_of({"m": MINES}, rate=1.0, times=GRID)
    worse = with_kind(world, self_destruct_failure=0.31)
    assert expected(worse).curves.hazardous[0, -1] > expected(world).curves.hazardous[0, -1] * 1.01
    worse = with_kind(world, backup_failure=0.21)
    assert expected(worse).curves.hazardous[0, -1] > expected(world).curves.hazardous[0, -1] * 1.01


def test_two_halves_of_a_class_are_expected_to_be_exactly_the_whole():
    whole = expected(world_of({"whole": MINES}, rate=1.0, times=GRID)).curves
    halves = expected(world_of({"one": changed(count=500), "two": changed(count=500)}, rate=1.0, times=GRID)).curves
    for name in CURVES:
        # Halving and doubling a number are exact, so the sums are equal to the last bit.
        np.testing.assert_array_equal(getattr(halves, name).sum(axis=0), getattr(whole, name)[0], err_msg=name)
    uneven = expected(world_of({"one": changed(count=499), "two": changed(count=500)}, rate=1.0, times=GRID)).curves
    assert np.all(uneven.hazardous.sum(axis=0)[2:] < whole.hazardous[0, 2:])


def test_no_mines_are_no_risk():
    found = expected(world_of({"none": changed(count=0), "some": MINES}, rate=1.0, times=GRID))
    for name in CURVES:
        np.testing.assert_array_equal(getattr(found.curves, name)[0], 0.0)
    np.testing.assert_array_equal(found.land.denied_km2[0], 0.0)


def test_the_seed_moves_the_simulation_and_not_the_closed_form():
    one, other = (world_of({"m": MINES}, rate=1.0, seed=seed, times=GRID) for seed in (1, 2))
    np.testing.assert_array_equal(expected(one).curves.hazardous, expected(other).curves.hazardous)
    assert np.any(play(one, 0).played.hazardous != play(other, 0).played.hazardous)
    np.testing.assert_array_equal(play(one, 0, seed=2).played.hazardous, play(other, 0).played.hazardous)


# Pairing: which stream of random numbers a class draws from.
@pytest.mark.parametrize(
    ("reference", "names", "slots"),
    [
        (["A", "B"], ["A", "B"], {"A": 0, "B": 1}),
        (["A", "B"], ["B", "A"], {"A": 0, "B": 1}),
        (["A", "B"], ["B"], {"B": 1}),
        (["A"], ["renamed"], {"renamed": 0}),
        (["A", "B"], ["renamed", "B"], {"renamed": 0, "B": 1}),
        (["A", "B"], ["A", "renamed"], {"A": 0, "renamed": 1}),
        (["A", "B"], ["new", "A", "B"], {"A": 0, "B": 1, "new": 2}),
        (["A", "B"], ["C", "D", "E"], {"C": 0, "D": 1, "E": 2}),
        (["A"], ["C", "A"], {"A": 0, "C": 1}),
        ([], ["C"], {"C": 0}),
    ],
)
def test_a_class_draws_from_the_stream_of_its_counterpart(reference, names, slots):
    assert stream_slots(reference, names) == slots


names = st.lists(st.sampled_from("ABCDEFGH"), max_size=6, unique=True)


@given(reference=names, others=names)
@settings(max_examples=200, derandomize=True, deadline=None)
def test_no_two_classes_share_a_stream_and_every_class_of_the_reference_keeps_its_own(reference, others):
    slots = stream_slots(reference, others)
    assert slots.keys() == set(others)
    assert len(set(slots.values())) == len(others)
    assert all(slots[name] == place for place, name in enumerate(reference) if name in others)
    assert all(slot < max(len(reference), len(others)) for slot in slots.values())


def loaded(name, mines, **more):
    tree = {
        "title": f"The world {name}",
        "start": START.isoformat(),
        "horizon": "400 days",
        "seed": 7,
        "region": {"rectangle": {"width": "5 km", "height": "4 km"}},
        "mines": mines,
        "civilians": {
            "density": "14 per km2",
            "accident_rate": "1 per mine-year",
            "reference_density": "14 per km2",
            "casualties_per_accident": 1.44,
        },
    }
    return from_tree(name, tree | more)


def same_draws(one, other, world):
    """Whether two classes draw the same mines, apart from how many."""
    size = min(one.count, other.count)
    first, second = (draw(world, kind, 0, 7, 0, size) for kind in (one, other))
    return bool(np.array_equal(first.accident_share, second.accident_share) and np.array_equal(first.cell, second.cell))


def test_paired_scenarios_have_the_same_mines_whatever_their_classes_are_called():
    reference = loaded("reference", {"A": MINES, "B": changed(count=300)})
    others = [
        loaded("same", {"A": changed(ageing="never"), "B": changed(count=300)}),
        loaded("other order", {"B": changed(count=300), "A": MINES}),
        loaded("renamed", {"A": MINES, "new name": changed(count=300)}),
        loaded("without A", {"B": changed(count=300)}),
        loaded("more of A", {"A": changed(count=2000), "B": changed(count=300)}),
    ]
    first, *rest = build_worlds([reference, *others])
    a, b = first.kinds
    assert not same_draws(a, b, first)
    for world in rest:
        for kind in world.kinds:
            counterpart = a if kind.name == "A" else b
            assert same_draws(kind, counterpart, first), (world.name, kind.name)
    # What is left of B when A is removed is B, mine by mine.
    without = rest[3]
    for name in CURVES:
        alone, beside = (getattr(play(world, 5, seed=7).played, name) for world in (without, first))
        np.testing.assert_array_equal(alone[0], beside[1])


def test_a_comparison_draws_from_the_seed_of_the_first_scenario_alone():
    same, other_seed = loaded("one", {"A": MINES}), loaded("two", {"A": MINES}, seed=8)
    first, second = (part.ensemble for part in run([same, other_seed], Plan(replicates=3)).scenarios)
    alone = run([other_seed], Plan(replicates=3)).scenarios[0].ensemble
    for name in CURVES:
        np.testing.assert_array_equal(getattr(second.played, name), getattr(first.played, name))
    assert np.any(alone.played.hazardous != first.played.hazardous)


def comparison(mines_before, mines_after, replicates, **more):
    """A paired comparison of two worlds: every (estimate, played) pair of hazardous mines and of accidents."""
    before, after = (ensemble_of(world_of({"m": mines}, **more), replicates) for mines in (mines_before, mines_after))
    return {
        quantity: paired(samples(before, ALL, quantity), samples(after, ALL, quantity))
        for quantity in ("hazardous", "accidents")
    }


def test_pairing_reduces_the_variance_of_a_difference_as_much_as_theory_says(measured):
    # Self-destruct failure 0.10 against 0.05 at the treaty limits.
    treaty = {
        "count": 10_000,
        "laid": day(0),
        "self_destruct": {"time": {"normal": {"mean": "15 days", "sd": "1 day"}}, "failure": 0.10},
        "battery": {"life": {"weibull": {"shape": 4, "scale": "81.9 days"}}, "failure": 0},
    }
    better = treaty | {"self_destruct": treaty["self_destruct"] | {"failure": 0.05}}
    found = comparison(treaty, better, 200, times=[0, 15, 60, 3652.5], horizon=3652.5, rate=1.4e-4)
    hazardous, accidents = found["hazardous"], found["accidents"]
    print("accidents", accidents.variance_reduction, accidents.played_variance_reduction)
    # On day 15 the estimate is 0.9 X + 0.1 Y or 0.95 X + 0.05 Y, X the mines whose clock has not run out, Y those whose
    # battery works, which hardly varies yet: (0.9^2 + 0.95^2) / 0.05^2 = 685.
    reduced = hazardous.variance_reduction[1]
    measured("variance apart over paired, of 685 by theory", reduced / 685, at_least=0.98, at_most=1.02)
    assert hazardous.played_variance_reduction[1] > 10
    # On day 60 it is 0.10 Y or 0.05 Y: (0.10^2 + 0.05^2) / 0.05^2 = 5 and no more, whatever the draws.
    assert hazardous.variance_reduction[2] == pytest.approx(5.0, rel=1e-6)
    # Played, the mines lost with 0.10 but not with 0.05 make the difference: with p = 0.75 batteries at work,
    # (0.1 p (1 - 0.1 p) + 0.05 p (1 - 0.05 p)) / (0.05 p (1 - 0.05 p)) = 2.92. Each variance is known to 10 %.
    p = math.exp(-((60 / 81.9) ** 4))
    theory = 1 + 0.1 * (1 - 0.1 * p) / (0.05 * (1 - 0.05 * p))
    played = hazardous.played_variance_reduction[2] / theory
    measured("the same of played mines, over theory", played, at_least=0.5, at_most=1.5)
    np.testing.assert_allclose(hazardous.ratio[2], 0.5, rtol=1e-9)


def test_pairing_reduces_the_variance_of_a_small_change_far_more():
    # A battery that lives one part in a hundred longer, all else equal: the same mines, slightly later.
    longer = changed(battery={"life": {"weibull": {"shape": 4, "scale": "70.7 days"}}, "failure": 0.2})
    found = comparison(MINES, longer, 100, times=[0, 90, 120, 400], rate=1.0)["hazardous"]
    assert found.variance_reduction[1] > 10
    assert found.played_variance_reduction[1] > 10
    apart = paired_apart(longer)
    assert 0.5 < apart.variance_reduction[1] < 2


def paired_apart(mines):
    """The same comparison on draws of different seeds: nothing is paired."""
    before = ensemble_of(world_of({"m": MINES}, times=[0, 90, 120, 400], rate=1.0), 100, seed=1)
    after = ensemble_of(world_of({"m": mines}, times=[0, 90, 120, 400], rate=1.0), 100, seed=2)
    return paired(samples(before, ALL, "hazardous"), samples(after, ALL, "hazardous"))


def test_a_scenario_compared_with_itself_differs_by_nothing():
    found = comparison(MINES, MINES, 5, rate=1.0)
    for difference in found.values():
        np.testing.assert_array_equal(difference.difference, 0.0)
        np.testing.assert_array_equal(difference.standard_error, 0.0)


def test_no_accident_in_many_worlds_leaves_no_more_than_the_bound():
    # Six in a million of 10,000 mines: 1.4e-4 * 0.06 accidents a year, none seen in 50 worlds.
    residue = {
        "count": 10_000,
        "laid": day(0),
        "self_destruct": {"time": "14 days", "failure": 1e-4},
        "battery": {"life": "14 days", "failure": 0.06},
    }
    world = world_of({"m": residue}, times=[0, 14, 365.25], horizon=365.25, rate=1.4e-4)
    ensemble = ensemble_of(world, 50)
    played = samples(ensemble, ALL, "accidents")[1]
    late = played[:, 2] - played[:, 1]
    assert late.sum() == 0
    found = expected(world).curves.accidents[0]
    assert 0 < found[2] - found[1] < zero_events_bound(50)
    # Were the mean at the bound, 1 in 20 such samples would be empty: 0.05 within 5 errors of 0.0049 (2000 samples).
    counts = np.random.default_rng(6).poisson(zero_events_bound(50), (2000, 50)).sum(axis=1)
    assert abs(np.mean(counts == 0) - 0.05) < 0.025


def small():
    return loaded("small", {"A": MINES, "B": changed(count=300)})


def bytes_of(outcome):
    """Every number of a result, bit by bit."""
    return [
        getattr(curves, name).tobytes()
        for part in outcome.scenarios
        for curves in (part.ensemble.played, part.ensemble.estimate)
        for name in CURVES
    ] + [part.ensemble.land.denied_km2.tobytes() for part in outcome.scenarios]


def test_a_precision_stop_comes_at_a_count_fixed_beforehand_and_is_the_start_of_the_full_run():
    everything = run([small()], Plan(replicates=120))
    assert (everything.replicates, everything.precise) == (120, None)
    loose, again, tight = (
        run([small()], Plan(replicates=120, precision=precision)) for precision in (0.005, 0.005, 0.002)
    )
    assert loose.precise
    assert loose.replicates == again.replicates
    assert loose.replicates % 10 == 0
    assert loose.replicates < tight.replicates <= 120
    assert bytes_of(loose) == bytes_of(again)
    for stopped in (loose, tight):
        kept, whole = (run_part.scenarios[0].ensemble for run_part in (stopped, everything))
        for name in CURVES:
            begun = getattr(whole.played, name)[: stopped.replicates]
            np.testing.assert_array_equal(getattr(kept.played, name), begun)
        # It stopped when it was precise enough, and not one look before.
        precision, looked_before = stopped.plan.precision, run([small()], Plan(replicates=stopped.replicates - 10))
        assert widest_relative_error([kept]) <= precision < widest_relative_error([looked_before.scenarios[0].ensemble])


def test_a_precision_that_is_not_reached_is_said_and_everything_is_played():
    outcome = run([small()], Plan(replicates=20, precision=1e-9))
    assert outcome.precise is False
    assert outcome.replicates == 20


def test_the_closed_form_alone_plays_nothing():
    outcome = run([small()], Plan(replicates=20, method="expected"))
    assert outcome.replicates == 0
    assert outcome.scenarios[0].ensemble is None


@pytest.mark.slow
def test_two_workers_make_the_same_bytes_as_one():
    scenarios = [load(CONTRACT / "treaty-limit.yaml"), load(CONTRACT / "persistent.yaml")]
    alone, together = (run(scenarios, Plan(replicates=12, workers=workers)) for workers in (1, 2))
    assert bytes_of(alone) == bytes_of(together)
    stopped = run([small()], Plan(replicates=60, workers=2, precision=0.004))
    assert bytes_of(stopped) == bytes_of(run([small()], Plan(replicates=60, precision=0.004)))
    assert bytes_of(alone) != bytes_of(run(scenarios, Plan(replicates=11)))
