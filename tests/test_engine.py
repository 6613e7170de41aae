"""The engine against the obvious loop over mines, and the promises that keyed random numbers make."""

import math
from dataclasses import fields, replace
from datetime import date, timedelta
from functools import cache

import numpy as np
import pytest
import reference
import reference_field
import simpy
from hypothesis import example, given, settings
from hypothesis import strategies as st

from simulator import engine
from simulator.clocks import CALENDAR, Clock
from simulator.laws import Fixed, Weibull
from simulator.population import draw
from simulator.problems import Mark
from simulator.scenario import Scenario
from simulator.scenario_file import LoadedScenario
from simulator.teams import timeout
from simulator.trajectory import bins_of, time_bins
from simulator.world import Exposure, build_world
from simulator.yaml_reader import Node

START = date(2024, 12, 1)
FIXED_DAYS = [1, 10, 30, 45.5, 60]
SEASONS = [-3.4, -1.9, 3.6, 9.8, 15.3, 18.7, 20.6, 19.9, 15.1, 9.2, 3.3, -1.7]
COUNTS = ("laid", "hazardous", "inert", "gone", "accidents")
CURVES = ("laid", "hazardous", "inert", "accidents", "accident_rate", "mine_days")


def few(examples):
    """Deterministic Hypothesis settings."""
    return settings(max_examples=examples, derandomize=True, deadline=None)


def read(tree):
    """A scenario as the program checks it, without the reading of its text: that takes longer than a world."""
    return LoadedScenario("check", Scenario.model_validate(tree), tree, "", Node({}, Mark("check", 0, 0, 0, 0, ())))


def world_of(mines, *, horizon=400, times=None, rate=0.5, density=14, size=(3.7, 2.2), temperature=None, seed=1):
    """A world from mine classes as a scenario file writes them; accidents are common, the region has cut edge cells."""
    width, height = size
    tree = {
        "title": "A world to check",
        "start": START.isoformat(),
        "horizon": f"{horizon} days",
        "seed": seed,
        "region": {"rectangle": {"width": f"{width} km", "height": f"{height} km"}, "cell": "1 km"},
        "mines": mines,
        "civilians": {
            "density": f"{density} per km2",
            "accident_rate": f"{rate} per mine-year",
            "reference_density": "14 per km2",
            "casualties_per_accident": 1.44,
        },
    }
    if temperature is not None:
        tree["region"]["temperature"] = temperature
    return build_world(read(tree), times=None if times is None else np.array(times, dtype=float))


def day(number):
    """The date a number of days after the start, as a scenario file writes it."""
    return (START + timedelta(days=number)).isoformat()


FULL = {
    "count": 300,
    "laid": {"from": day(5), "to": day(60)},
    "arming_failure": 0.1,
    "self_destruct": {"time": {"normal": {"mean": "40 days", "sd": "15 days"}}, "failure": 0.3},
    "battery": {"life": {"weibull": {"shape": 4, "scale": "70 days"}}, "failure": 0.2, "q10": 2},
    "common_cause": 0.4,
    "lots": {"size": 20, "correlation": 0.3},
    "ageing": {"exponential": {"mean": "2 years"}},
}
TIED = {
    "count": 200,
    "laid": day(0),
    "self_destruct": {"time": "30 days", "failure": 0.3},
    "battery": {"life": "30 days", "failure": 0.3},
    "ageing": "60 days",
}
RESIDUE = {
    "count": 100,
    "laid": day(0),
    "arming_failure": 0.5,
    "battery": {"life": {"piecewise": [["30 days", 0.5]]}, "failure": 0},
}

shares = st.one_of(st.sampled_from([0, 0.5, 1]), st.floats(0.01, 0.99))
durations = st.one_of(st.sampled_from(FIXED_DAYS), st.floats(0.5, 500)).map("{} days".format)


@st.composite
def piecewise_laws(draw_from):
    """Shares still working that fall in steps, stand still for a while, and may never reach zero."""
    days = sorted(draw_from(st.lists(st.integers(1, 300), min_size=1, max_size=5, unique=True)))
    left = sorted(draw_from(st.lists(shares, min_size=len(days), max_size=len(days))), reverse=True)
    return {"piecewise": [[f"{when} days", share] for when, share in zip(days, left, strict=True)]}


laws = st.one_of(
    st.sampled_from([*(f"{days} days" for days in FIXED_DAYS), "never"]),
    st.fixed_dictionaries({"mean": durations}).map(lambda law: {"exponential": law}),
    st.fixed_dictionaries({"shape": st.floats(0.4, 8), "scale": durations}).map(lambda law: {"weibull": law}),
    st.fixed_dictionaries({"median": durations, "sigma": st.floats(0.1, 2)}).map(lambda law: {"lognormal": law}),
    st.fixed_dictionaries({"shape": st.floats(0.3, 9), "scale": durations}).map(lambda law: {"gamma": law}),
    st.fixed_dictionaries({"mean": durations, "sd": durations}).map(lambda law: {"normal": law}),
    st.tuples(st.integers(0, 60), st.integers(1, 90)).map(
        lambda bounds: {"uniform": {"low": f"{bounds[0]} days", "high": f"{sum(bounds)} days"}}
    ),
    piecewise_laws(),
)
batteries = st.one_of(
    st.fixed_dictionaries({"life": laws, "failure": shares}),
    st.fixed_dictionaries({"life": laws, "failure": shares, "q10": st.floats(1.3, 4)}),
    st.fixed_dictionaries(
        {"life": laws, "failure": shares, "activation_energy": st.floats(0.2, 1).map("{} eV".format)}
    ),
)


@st.composite
def mine_classes(draw_from):
    """One class of mines with any of the mechanisms that a scenario file knows."""
    first, period = draw_from(st.sampled_from([0, 10, 30, 47])), draw_from(st.sampled_from([0, 20, 60]))
    mines = {
        "count": draw_from(st.sampled_from([150, 80, 80, 20, 1, 0])),
        "laid": draw_from(st.sampled_from([day(first), {"from": day(first), "to": day(first + period)}])),
        "arming_failure": draw_from(st.sampled_from([0, 0, 0.1, 0.4, 1])),
    }
    if draw_from(st.integers(0, 2)) == 2:
        mines["ageing"] = draw_from(laws)
    if draw_from(st.booleans()):
        mines["lots"] = {"size": draw_from(st.integers(1, 40)), "correlation": draw_from(st.floats(1e-6, 0.9))}
    if draw_from(st.integers(0, 3)):
        mines["self_destruct"] = {"time": draw_from(laws), "failure": draw_from(shares)}
    if draw_from(st.integers(0, 3)):
        mines["battery"] = draw_from(batteries)
    if {"self_destruct", "battery"} <= mines.keys():
        mines["common_cause"] = draw_from(shares)
    return mines


@st.composite
def worlds(draw_from):
    """Worlds of one or two classes; grid times meet fixed lives and laying days exactly."""
    horizon = draw_from(st.sampled_from([60, 100, 400]))
    inner = draw_from(st.sets(st.integers(1, 4 * horizon - 1).map(lambda quarter: quarter / 4), max_size=8))
    times = sorted({0, *inner, *(time for time in (10, 30, 40, 60, 90) if time < horizon), horizon})
    mildness, swing = draw_from(st.tuples(st.floats(-5, 25), st.floats(0.5, 15)))
    return world_of(
        {f"class {index}": draw_from(mine_classes()) for index in range(draw_from(st.integers(1, 2)))},
        horizon=horizon,
        times=times,
        rate=draw_from(st.sampled_from([0.5, 3, 20, 20, 1.4e-4, 0])),
        density=draw_from(st.sampled_from([14, 35, 35, 3, 0])),
        size=draw_from(
            st.tuples(st.floats(0.3, 6).map(lambda side: round(side, 2)), st.sampled_from([0.4, 1, 3, 4.5]))
        ),
        temperature=[mildness - swing * math.cos(math.tau * month / 12) for month in range(12)],
        seed=draw_from(st.integers(0, 2**63 - 1)),
    )


def disagreements(world, replicate, played=None, expected=None):
    """The names of the curves in which the engine and the loop over mines differ."""
    played = played or engine.play(world, replicate).played
    expected = expected or reference.play(world, replicate)
    found = [name for name in COUNTS if not np.array_equal(getattr(played, name), getattr(expected, name))]
    # Mine-days are differences of sums of some 1e5 days, good to 1e-10.
    return found + [
        name
        for name in ("mine_days", "accident_rate")
        if not np.allclose(getattr(played, name), getattr(expected, name), rtol=1e-9, atol=1e-8)
    ]


@given(world=worlds(), replicate=st.integers(0, 1000), chunk_size=st.sampled_from([7, 64, 32_768]))
@example(world=world_of({"full": FULL}, temperature=SEASONS), replicate=0, chunk_size=32_768)
@example(world=world_of({"tied": TIED}, times=[0, 29.75, 30, 60, 400]), replicate=0, chunk_size=7)
@example(world=world_of({"residue": RESIDUE}), replicate=0, chunk_size=32_768)
@few(400)
def test_a_played_world_equals_the_loop_over_mines(world, replicate, chunk_size):
    played = engine.play(world, replicate, chunk_size).played
    assert disagreements(world, replicate, played) == []


EVERY_LAW = [
    "60 days",
    "never",
    {"exponential": {"mean": "50 days"}},
    {"weibull": {"shape": 0.7, "scale": "90 days"}},
    {"lognormal": {"median": "30 days", "sigma": 0.8}},
    {"gamma": {"shape": 2.5, "scale": "30 days"}},
    {"normal": {"mean": "20 days", "sd": "40 days"}},
    {"uniform": {"low": "10 days", "high": "90 days"}},
    {"piecewise": [["10 days", 0.8], ["60 days", 0.3], ["90 days", 0.1]]},
    {"piecewise": [["10 days", 1], ["30 days", 0.6], ["120 days", 0.6], ["200 days", 0]]},
]


@pytest.mark.parametrize("law", EVERY_LAW, ids=str)
@pytest.mark.parametrize("mechanism", ["self_destruct", "battery", "ageing"])
def test_every_law_equals_the_loop_in_every_mechanism(law, mechanism):
    changes = {
        "self_destruct": {"time": law, "failure": 0.2},
        "battery": {"life": law, "failure": 0.2, "activation_energy": "0.5 eV"},
        "ageing": law,
    }
    world = world_of(
        {"law": FULL | {mechanism: changes[mechanism]}}, times=range(0, 401, 10), temperature=SEASONS, rate=2
    )
    assert disagreements(world, 0) == []


def uneven(world, readings):
    """The same world with an accident rate that changes with the seasons, and people who keep to some of the cells."""
    activity = np.resize([0.0, 0.3, 2.0, 5.0, 2.0], world.region.area_km2.size)
    clock = Clock(np.array([0.0, 50.0, 100.0, 200.0]), np.array(readings))
    return replace(world, exposure=Exposure(clock, activity))


@pytest.mark.parametrize("readings", [[0, 0.5, 0.6, 1.5], [0, 0.5, 0.5, 1.5], [0, 0, 0.5, 0.5]], ids=str)
def test_uneven_exposure_equals_the_loop_also_when_nobody_goes_out_for_a_while(readings):
    world = uneven(world_of({"full": FULL, "tied": TIED}, times=range(0, 401, 10), temperature=SEASONS), readings)
    assert disagreements(world, 0) == []


@given(world=worlds(), replicate=st.integers(0, 1000))
@few(60)
def test_every_accident_happens_to_the_mine_in_the_cell_and_on_the_day_that_the_loop_says(world, replicate):
    recorded = []
    play_field = engine.play_field
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "play_field", lambda *given: recorded.append(play_field(*given)) or recorded[-1])
        engine.play(world, replicate)
    accidents, expected = recorded[0].accidents, reference.play(world, replicate).accident_list
    by_mine = sorted(expected, key=lambda accident: accident[1:])
    order = np.lexsort((accidents.mine, accidents.kind))
    happened = np.array([accidents.kind, accidents.mine, accidents.cell]).T[order]
    assert [tuple(row) for row in happened.tolist()] == [accident[1:] for accident in by_mine]
    np.testing.assert_allclose(accidents.day[order], [accident[0] for accident in by_mine], rtol=1e-9, atol=1e-9)
    assert np.all(np.diff(accidents.day) >= 0)


@given(world=worlds(), replicate=st.integers(0, 1000))
@few(40)
def test_denied_land_is_the_area_of_the_cells_where_an_item_was_laid(world, replicate):
    mines = [reference.mines_of(world, k, kind, replicate) for k, kind in enumerate(world.kinds)]
    rows = [*mines, [mine for row in mines for mine in row]]
    cells = [[{mine.cell for mine in row if mine.laid <= time} for time in world.times] for row in rows]
    expected = [[sum(world.region.area_km2[cell] for cell in sorted(found)) for found in row] for row in cells]
    np.testing.assert_allclose(engine.play(world, replicate).land.denied_km2, expected, rtol=1e-9)


def with_class(world, **changes):
    """The same world with one property of its only mine class changed."""
    return replace(world, kinds=(replace(world.kinds[0], **changes),))


BROKEN_WORLDS = {
    "battery life 10 % longer": {"battery": Weibull(shape=4, scale="77 days")},
    "battery on calendar time": {"battery_clock": CALENDAR},
    "no common cause": {"common_cause": 0.0},
    "no lots": {"lot_correlation": 0.0},
    "lots of another size": {"lot_size": 19},
    "all mines arm": {"arming_failure": 0.0},
    "all laid at once": {"laid_to": 5.0},
    "the draws of another class": {"slot": 1},
}


@cache
def full_world():
    """A world with every rule in it, and what the engine plays in it, in which the loop agrees."""
    world = world_of({"full": FULL}, temperature=SEASONS, times=range(0, 401, 5))
    played = engine.play(world, 0).played
    assert disagreements(world, 0, played) == []
    return world, played


@pytest.mark.parametrize("rule", BROKEN_WORLDS)
def test_the_check_rejects_a_loop_that_gets_one_rule_wrong(rule):
    world, played = full_world()
    wrong = reference.play(with_class(world, **BROKEN_WORLDS[rule]), 0)
    assert {"hazardous", "inert"} & set(disagreements(world, 0, played, expected=wrong))


EXPIRY = reference_field.expiry


def battery_wins_a_tie(mine):
    expires, becomes = EXPIRY(mine)
    return expires, "inert" if mine.armed and expires == min(mine.battery, mine.ageing) else becomes


def expiry_does_not_stop_accidents(mine):
    return (math.inf, "inert") if mine.armed and mine.reached < 400 else EXPIRY(mine)


def unarmed_mines_self_destruct(mine):
    return EXPIRY(replace(mine, armed=True)) if mine.self_destruct < math.inf else EXPIRY(mine)


@pytest.mark.parametrize("expiry", [battery_wins_a_tie, expiry_does_not_stop_accidents, unarmed_mines_self_destruct])
def test_the_check_rejects_a_loop_with_another_order_of_ends(monkeypatch, expiry):
    world = world_of({"tied": TIED | {"arming_failure": 0.2}}, times=[0, 30, 60, 400], rate=1)
    assert disagreements(world, 0) == []
    for module in (reference, reference_field):
        monkeypatch.setattr(module, "expiry", expiry)
    assert {"inert", "gone"} <= set(disagreements(world, 0))


def test_the_check_rejects_an_event_that_counts_only_after_its_grid_time():
    world = world_of({"tied": TIED}, times=[0, 30, 60, 400])
    just_before = reference.play(replace(world, times=np.nextafter(world.times, 0)), 0)
    assert "hazardous" in disagreements(world, 0, expected=just_before)


def test_a_tie_of_self_destruct_and_battery_goes_to_self_destruct():
    certain = {"self_destruct": {"time": "30 days", "failure": 0}, "battery": {"life": "30 days", "failure": 0}}
    world = world_of({"tied": TIED | certain}, times=[0, 29.75, 30, 400], rate=0)
    played = engine.play(world, 0).played
    np.testing.assert_array_equal(played.hazardous, [[200, 200, 0, 0]])
    np.testing.assert_array_equal(played.inert, [[0, 0, 0, 0]])


def test_a_mine_inert_before_its_self_destruct_stays_inert():
    early = {"self_destruct": {"time": "45 days", "failure": 0}, "battery": {"life": "30 days", "failure": 0}}
    world = world_of({"early": TIED | early}, times=[0, 30, 45, 400], rate=0)
    np.testing.assert_array_equal(engine.play(world, 0).played.inert, [[0, 200, 200, 200]])


def test_the_estimate_for_mines_that_are_all_alike_is_the_formula():
    # Nothing but arming and accidents: N p exp(-dose), and accidents are the rest of N p.
    world = world_of({"a": {"count": 120, "laid": day(0), "arming_failure": 0.25}}, times=[0, 100, 400], rate=2)
    trajectory = engine.play(world, 0)
    left = 90 * np.exp(-2 / 365.25 * world.times)
    np.testing.assert_allclose(trajectory.estimate.hazardous, [left], rtol=1e-12)
    np.testing.assert_allclose(trajectory.estimate.accidents, [90 - left], rtol=1e-12, atol=1e-12)
    played = trajectory.played.hazardous[0]
    assert played.tolist() == [round(mines) for mines in played.tolist()] != left.tolist()


def test_maps_have_every_block_and_add_up_to_the_curves():
    world = world_of({"full": FULL}, temperature=SEASONS, times=[0, 50, 100, 400])
    assert engine.play(world, 0).maps is None
    trajectory = engine.play(replace(world, map_days=(50.0, 100.0)), 0)
    assert trajectory.maps.hazardous.shape == (2, world.region.area_km2.size)
    for name in ("hazardous", "inert"):
        curve = getattr(trajectory.estimate, name)[0, 1:3]
        np.testing.assert_allclose(getattr(trajectory.maps, name).sum(axis=1), curve, rtol=1e-9)


MANY = FULL | {"count": 20_011, "lots": {"size": 64, "correlation": 0.3}}
PLAIN = {
    "count": 9_001,
    "laid": day(0),
    "self_destruct": {"time": {"gamma": {"shape": 3, "scale": "20 days"}}, "failure": 0.1},
}
FEW = FULL | {"count": 53, "lots": {"size": 5, "correlation": 0.3}}


def assert_same_trajectory(trajectory, expected):
    for name in COUNTS:
        np.testing.assert_array_equal(getattr(trajectory.played, name), getattr(expected.played, name), err_msg=name)
    np.testing.assert_array_equal(trajectory.land.denied_km2, expected.land.denied_km2)
    for curves, whole in ((trajectory.played, expected.played), (trajectory.estimate, expected.estimate)):
        for name in CURVES:
            # Sums in another order: equal to the rounding of the largest term.
            scale = np.abs(getattr(whole, name)).max()
            np.testing.assert_allclose(
                getattr(curves, name), getattr(whole, name), rtol=1e-12, atol=1e-12 * scale, err_msg=name
            )


@pytest.mark.parametrize("chunk_size", [1000, 8192, 20_011])
def test_a_trajectory_does_not_depend_on_the_chunk_size(chunk_size):
    world = world_of({"many": MANY, "plain": PLAIN}, temperature=SEASONS)
    assert_same_trajectory(engine.play(world, 3, chunk_size=chunk_size), engine.play(world, 3, chunk_size=10**6))


@pytest.mark.parametrize("chunk_size", [1, 7, 52])
def test_a_trajectory_does_not_depend_on_an_odd_chunk_size(chunk_size):
    world = world_of({"few": FEW, "plain": PLAIN | {"count": 20}}, temperature=SEASONS)
    assert_same_trajectory(engine.play(world, 3, chunk_size=chunk_size), engine.play(world, 3, chunk_size=10**6))


def columns_of(chunk, size):
    """The columns of the first mines of a chunk, by name; single values and absent columns stand as they are."""
    values = {column.name: getattr(chunk, column.name) for column in fields(chunk) if column.name != "first"}
    return {name: value[:size] if isinstance(value, np.ndarray) else value for name, value in values.items()}


def assert_same_columns(columns, expected):
    for name, column in expected.items():
        np.testing.assert_array_equal(columns[name], column, err_msg=name, strict=isinstance(column, np.ndarray))


@pytest.mark.parametrize("chunk_size", [7, 1000, 8192])
def test_a_mine_has_the_same_draws_whatever_chunk_it_is_in(chunk_size):
    world = world_of({"many": MANY}, temperature=SEASONS)
    kind, count = world.kinds[0], 1003 if chunk_size == 7 else MANY["count"]
    whole = columns_of(draw(world, kind, 2, 5, 0, count), count)
    for first in range(0, count, chunk_size):
        size = min(chunk_size, count - first)
        part = columns_of(draw(world, kind, 2, 5, first, size), size)
        within = {name: v[first : first + size] if isinstance(v, np.ndarray) else v for name, v in whole.items()}
        assert_same_columns(part, within)


@given(world=worlds(), replicate=st.integers(0, 1000))
@example(world=world_of({"new lot": FULL | {"count": 40}}, temperature=SEASONS), replicate=0)
@few(60)
def test_one_mine_more_changes_only_that_mine(world, replicate):
    for kind in world.kinds:
        size = kind.count + 1
        before = columns_of(draw(world, kind, replicate, world.seed, 0, size - 1), size - 1) if size > 1 else {}
        one_more = replace(kind, count=size)
        assert_same_columns(columns_of(draw(world, one_more, replicate, world.seed, 0, size), size - 1), before)


@given(world=worlds(), replicate=st.integers(0, 1000), factor=st.floats(0, 1), other=st.floats(0, 1))
@few(100)
def test_fewer_failures_never_raise_a_curve_under_common_random_numbers(world, replicate, factor, other):
    better = replace(
        world,
        kinds=tuple(
            replace(
                kind,
                self_destruct_failure=kind.self_destruct_failure * factor,
                backup_failure=kind.backup_failure * other,
            )
            for kind in world.kinds
        ),
    )
    base, safer = (engine.play(which, replicate).played for which in (world, better))
    assert np.all(safer.hazardous <= base.hazardous)
    assert np.all(safer.accidents <= base.accidents)
    assert np.all(safer.mine_days <= base.mine_days + 1e-8)


def z_scores(differences):
    """Mean over its standard error, for differences [R, ...] with more spread than rounding makes."""
    spread = differences.std(axis=0, ddof=1) / math.sqrt(len(differences))
    return differences.mean(axis=0)[spread > 1e-9] / spread[spread > 1e-9]


def played_curves(**mines):
    """The curves of all classes together as played, by replicate, curve and time: 400 replicates."""
    world = world_of(mines, times=[0, 30, 60, 90, 150, 250, 400], temperature=SEASONS)
    played = (engine.play(world, replicate).played for replicate in range(400))
    return np.array([[getattr(run, name).sum(axis=0) for name in CURVES] for run in played])


@cache
def played_whole():
    return played_curves(whole=FULL | {"count": 400})


def halves_against_whole(half):
    """Two halves in two classes less the whole in one, by replicate, curve and time."""
    return z_scores(played_curves(one=half, two=half) - played_whole())


def test_two_halves_of_a_class_equal_the_whole_in_the_mean(measured):
    # Some 35 z-scores of 400 replicates at a fixed seed, each beyond 5 by chance less than once in a million:
    # a false alarm once in 10,000 seeds at most.
    scores = halves_against_whole(FULL | {"count": 200})
    assert scores.size > 25
    measured("largest |z|", np.abs(scores).max(), at_most=5)


def test_the_comparison_of_halves_notices_halves_that_fail_more_often(measured):
    worse = FULL | {"count": 200, "self_destruct": FULL["self_destruct"] | {"failure": 0.36}}
    measured("largest |z|", np.abs(halves_against_whole(worse)).max(), at_least=5)


@cache
def uneven_world_and_its_loops():
    """A world with waves, ties, seasons and uneven exposure, and its replicates played mine by mine."""
    mines = {"full": FULL | {"count": 60}, "tied": TIED | {"count": 40}}
    world = uneven(world_of(mines, times=range(0, 401, 10), temperature=SEASONS), [0, 0.1, 0.15, 0.5])
    return world, [reference.play(world, replicate) for replicate in range(200)]


def estimate_against_loops(world, loops):
    """The conditional estimates of a world less what the loops counted, by replicate, curve, class and time."""
    estimates = [engine.play(world, replicate).estimate for replicate in range(len(loops))]
    return z_scores(np.array([
        [getattr(estimate, name) - getattr(loop, name) for name in CURVES]
        for estimate, loop in zip(estimates, loops, strict=True)
    ]))  # fmt: skip


def test_the_estimate_has_the_mean_of_the_loop_over_mines(measured):
    # Some 320 z-scores of 200 replicates at a fixed seed, each beyond 5.5 by chance once in 10 million:
    # a false alarm once in 20,000 seeds at most.
    scores = estimate_against_loops(*uneven_world_and_its_loops())
    assert scores.size > 250
    measured("largest |z|", np.abs(scores).max(), at_most=5.5)


def test_the_comparison_of_means_notices_a_battery_life_10_percent_longer(measured):
    world, loops = uneven_world_and_its_loops()
    full, tied = world.kinds
    longer = replace(world, kinds=(full, replace(tied, battery=Fixed(days="33 days"))))
    measured("largest |z|", np.abs(estimate_against_loops(longer, loops)).max(), at_least=5.5)


@given(
    quarters=st.sets(st.integers(0, 4000), min_size=1, max_size=40),
    scale=st.sampled_from([0.25, 0.1, 1 / 3, math.pi, 365.25 / 12]),
    days=st.lists(st.floats(-1e6, 1e16, allow_nan=False), max_size=40),
)
@few(300)
def test_a_bin_is_the_first_grid_time_at_or_after_the_event(quarters, scale, days):
    times = np.array(sorted(quarters)) * scale
    neighbours = np.concatenate(
        [times, np.nextafter(times, -np.inf), np.nextafter(times, np.inf), (times[1:] + times[:-1]) / 2]
    )
    events = np.concatenate([days, neighbours, [-np.inf, -1.0, -0.0, 0.0, np.inf]])
    np.testing.assert_array_equal(bins_of(events, time_bins(times)), np.searchsorted(times, events, side="left"))


@given(
    steps=st.lists(st.floats(0.01, 400), min_size=1, max_size=30),
    start=st.floats(0, 100),
    shares_between=st.lists(st.floats(-0.1, 1.1), max_size=30),
)
@few(300)
def test_bins_are_right_on_uneven_grids_too(steps, start, shares_between):
    times = start + np.concatenate(([0.0], np.cumsum(steps)))
    events = np.concatenate(
        [times[-1] * np.array(shares_between), times, np.nextafter(times, -np.inf), np.nextafter(times, np.inf)]
    )
    np.testing.assert_array_equal(bins_of(events, time_bins(times)), np.searchsorted(times, events, side="left"))


@pytest.mark.parametrize("bad_day", [math.nan, -1.0, 99.0, 99.99, -math.inf])
def test_simpy_is_never_given_a_day_that_is_past_or_not_a_number(bad_day):
    env = simpy.Environment(initial_time=100.0)
    with pytest.raises(ValueError, match=r"cannot wait from day 100\.0"):
        timeout(env, bad_day)
    assert env.peek() == math.inf


@pytest.mark.parametrize("good_day", [100.0, 100.5, 1e6])
def test_a_timeout_ends_on_the_day_it_was_asked_for(good_day):
    env = simpy.Environment(initial_time=100.0)
    timeout(env, good_day)
    env.step()
    assert env.now == good_day
