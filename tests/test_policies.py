"""The shipped comparisons of policies: each changes one thing, and each changes harm in the direction it must.

Differences are of estimates in paired worlds at a fixed seed. Where one must be above zero, it must be so by three
standard errors: were there none, 20 worlds would show as much in 1 of 270 cases (one side of Student's t, 19 degrees
of freedom).
"""

from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from terminal import minesim

from simulator.ensemble import ALL, samples
from simulator.experiment import Plan, run
from simulator.placing import cell_probabilities
from simulator.population import chunks
from simulator.problems import InputError
from simulator.scenario_file import load, shipped_scenarios
from simulator.world import build_world

CONTRACT = Path(__file__).parent / "contract"
FOLDER = shipped_scenarios()
BASE = "district"
# What each file changes of the base, apart from its title and question.
POLICIES = {
    "keep-away-1km": {"mines.persistent.placement.keep_away"},
    "keep-away-3km": {"mines.persistent.placement.keep_away"},
    "keep-away-1km-80-percent": {"mines.persistent.placement.keep_away"},
    "keep-away-3km-80-percent": {"mines.persistent.placement.keep_away"},
    "no-clearance": {"clearance"},
    "no-education": {"civilians.education"},
    "slow-return": {"civilians.return.half_time"},
    "district-battery-limited": {"mines.persistent", "mines.battery-limited"},
}
# With mines spread evenly the share near settlements hardly varies from world to world: small differences show.
EVENLY = ("mines.persistent.placement.clusters=null", "mines.persistent.placement.uniform=true")
WORLDS = 20
ERRORS = 3
YEAR = 365.25

PLACEMENTS = {
    "uniform": "uniform: true",
    "belt": "belt: {line: belt.geojson, width: 2 km}",
    "clusters": "clusters: {count: 500, spread: 300 m}",
}
DISTANCES = (0, 1, 2, 3, 5)
REACHES = (1.5, 2.5, 4, 6)


def changed_paths(one, other, path=()):
    """Paths at which two trees differ, the shortest that say so; a path that one of them lacks differs as a whole."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in {**one, **other}:
            yield from changed_paths(one.get(key), other.get(key), (*path, key))
    elif one != other:
        yield ".".join(path)


@cache
def ensemble_of(name, *overrides):
    return run([load(FOLDER / f"{name}.yaml", overrides)], Plan(WORLDS)).scenarios[0].ensemble


def accidents(name, *overrides, until=None):
    """Accidents in each world, as estimated: up to the horizon, or the last day of the curves before ``until``."""
    ensemble = ensemble_of(name, *overrides)
    last = -1 if until is None else int(np.searchsorted(ensemble.world.times, until, side="right")) - 1
    return samples(ensemble, ALL, "accidents")[0][:, last]


def score(more, fewer):
    """By how many standard errors the mean of paired differences is above zero."""
    difference = more - fewer
    return difference.mean() / (difference.std(ddof=1) / np.sqrt(difference.size))


def test_the_geography_is_the_invented_one_of_the_contract():
    for name in ("district.geojson", "villages.csv"):
        assert (FOLDER / name).read_bytes() == (CONTRACT / name).read_bytes()
    assert "invented" in load(FOLDER / f"{BASE}.yaml").scenario.region.name


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_file_changes_its_policy_and_nothing_else(name):
    base, policy = (load(FOLDER / f"{each}.yaml").tree for each in (BASE, name))
    found = {path for path in changed_paths(base, policy) if not path.startswith("sources.")}
    assert {path for path in found if not any(path.startswith(part) for part in POLICIES[name])} == {
        "title",
        "question",
    }
    assert all(any(path.startswith(part) for path in found) for part in POLICIES[name])


def test_battery_limited_mines_of_the_district_are_those_at_the_treaty_limit_in_the_places_of_the_persistent_ones():
    theirs = load(FOLDER / "treaty-limit.yaml").tree["mines"]["battery-limited"]
    ours = load(FOLDER / "district-battery-limited.yaml").tree["mines"]["battery-limited"]
    assert set(changed_paths(theirs, ours)) == {"count", "placement"}
    one, other = (build_world(load(FOLDER / f"{each}.yaml")) for each in (BASE, "district-battery-limited"))
    for before, after in zip(*(chunks(world, world.kinds[0], 3, world.seed) for world in (one, other)), strict=True):
        np.testing.assert_array_equal(before.cell, after.cell)


def test_every_policy_file_is_valid(tmp_path):
    done = minesim("validate", *(FOLDER / f"{name}.yaml" for name in (BASE, *POLICIES)), cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count(": valid: ") == 1 + len(POLICIES)


@pytest.mark.parametrize("name", [BASE, *POLICIES])
def test_a_policy_file_runs(name, tmp_path):
    done = minesim("run", FOLDER / f"{name}.yaml", "--replicates", 2, "--no-figures", "-o", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "summary.json").is_file()


# Directions. Clearance, education and marking act on the clusters of the shipped files.


@pytest.mark.parametrize("without", ["clearance=null", "civilians.education=null"])
def test_clearance_and_education_lower_accidents(without):
    assert score(accidents(BASE, without), accidents(BASE)) > ERRORS


def test_marking_lowers_accidents():
    # At one accident in ten years a mark hardly ever comes in time; with fifty times as many it does.
    often = "civilians.accident_rate.value=7e-3 per mine-year"
    assert score(accidents(BASE, often, "civilians.marking=null"), accidents(BASE, often)) > ERRORS
    assert np.all(accidents(BASE, "civilians.marking=null") >= accidents(BASE))


def test_the_files_without_clearance_and_education_are_the_base_without_them():
    for name, without in (("no-clearance", "clearance=null"), ("no-education", "civilians.education=null")):
        np.testing.assert_array_equal(accidents(name), accidents(BASE, without))


def test_slow_return_lowers_accidents_in_the_first_year():
    assert score(accidents(BASE, until=YEAR), accidents("slow-return", until=YEAR)) > ERRORS
    # The same half-time in other words is no difference, so none is seen.
    same = accidents(BASE, "civilians.return.half_time.value=2880 hours", until=YEAR)
    np.testing.assert_allclose(accidents(BASE, until=YEAR), same, rtol=1e-9)


def test_mines_that_become_inert_lower_accidents():
    assert score(accidents(BASE), accidents("district-battery-limited")) > ERRORS


def test_a_distance_averts_accidents_and_a_longer_one_more():
    none, one, three = (accidents(name, *EVENLY) for name in (BASE, "keep-away-1km", "keep-away-3km"))
    assert score(none, one) > ERRORS
    assert score(one, three) > ERRORS


def test_three_kilometres_avert_accidents_in_the_shipped_clusters_too():
    assert score(accidents(BASE), accidents("keep-away-3km")) > ERRORS


@pytest.mark.parametrize("distance", [1, 3])
def test_a_rule_kept_by_four_in_five_lies_between_none_and_all(distance):
    none, all_of_them = accidents(BASE, *EVENLY), accidents(f"keep-away-{distance}km", *EVENLY)
    four_in_five = accidents(f"keep-away-{distance}km-80-percent", *EVENLY)
    assert score(none, four_in_five) > ERRORS
    assert score(four_in_five, all_of_them) > ERRORS


def test_a_rule_kept_by_four_in_five_does_not_spread_groups_over_more_land():
    def land(name):
        at_first = 1
        return ensemble_of(name).land.denied_km2[:, -1, at_first].mean()

    # Of 100 groups, those within 3 km of a settlement are torn apart, about one in eight.
    assert land("keep-away-3km-80-percent") < 1.25 * land(BASE)


# Where compliant mines lie


def placed_world(placement, distance, compliance=1.0):
    """The contract's district with one class of mines, placed as told."""
    where = f"{{{PLACEMENTS[placement]}, keep_away: {{distance: {distance} km, compliance: {compliance}}}}}"
    overrides = ("mines.battery-limited=null", "mines.legacy.count=2000", f"mines.legacy.placement={where}")
    return build_world(load(CONTRACT / "full.yaml", overrides))


def farthest_corner_km(world):
    """For each cell, how far its square's farthest corner is from a settlement, for the settlement where it is least.

    Within a distance above this, every place of the cell is close to one settlement.
    """
    region, settlements = world.region, world.settlements
    corners = []
    for up in (0, 1):
        for right in (0, 1):
            x = region.west_km + region.cell_km * (region.column + right)
            y = region.south_km + region.cell_km * (region.row + up)
            corners.append(np.hypot(x[:, None] - settlements.x_km, y[:, None] - settlements.y_km))
    return np.max(corners, axis=0).min(axis=1)


@cache
def mines_by_cell(placement, distance, compliance=1.0):
    """How many mines lie in each cell of each world, shape [WORLDS, C], and the farthest corners of the cells [C]."""
    world = placed_world(placement, distance, compliance)
    kind, cells = world.kinds[0], world.region.area_km2.size
    counts = [
        sum(np.bincount(chunk.cell, minlength=cells) for chunk in chunks(world, kind, replicate, world.seed))
        for replicate in range(WORLDS)
    ]
    return np.array(counts), farthest_corner_km(world)


def mines_within(placement, distance, reach, compliance=1.0):
    """How many mines lie in cells wholly within a reach of a settlement, in each world."""
    counts, farthest = mines_by_cell(placement, distance, compliance)
    return counts[:, farthest <= reach].sum(axis=1)


@pytest.mark.parametrize("distance", [2, 3, 5])
@pytest.mark.parametrize("placement", PLACEMENTS)
def test_no_cell_wholly_within_the_distance_holds_a_compliant_mine(placement, distance):
    assert mines_within(placement, distance, distance).sum() == 0
    assert mines_within(placement, 0, distance).sum() > 100
    assert mines_by_cell(placement, distance)[0].sum() == WORLDS * 2000
    # One mine in ten that may lie anywhere would be noticed, and so would a rule that is a kilometre short.
    assert mines_within(placement, distance, distance, compliance=0.9).sum() > 0
    assert mines_within(placement, distance - 1, distance).sum() > 0


def scores_of_longer_distances(placement, distances):
    """For each reach and each two distances that follow each other: by how many errors the second has more mines."""
    found = []
    for reach in REACHES:
        for shorter, longer in pairwise(distances):
            more, fewer = (mines_within(placement, each, reach) for each in (longer, shorter))
            if more.any() or fewer.any():
                found.append(score(more, fewer) if np.ptp(more - fewer) else np.inf * (more - fewer)[0])
    return np.array(found)


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_a_longer_distance_never_puts_more_mines_within_a_reach(placement):
    # 14 scores; above 4 by chance, were there no difference at all, in 1 of 180 runs (Student's t, 19 degrees).
    scores = scores_of_longer_distances(placement, DISTANCES)
    assert scores.size >= 10
    assert np.all(scores < 4)
    # In the wrong order it is noticed.
    assert np.any(scores_of_longer_distances(placement, DISTANCES[::-1]) > 4)


def test_a_longer_distance_never_raises_the_share_of_even_mines_within_a_reach():
    worlds = [placed_world("uniform", distance) for distance in DISTANCES]
    farthest = farthest_corner_km(worlds[0])
    shares = np.array([cell_probabilities(world.kinds[0].placing, world.region) for world in worlds])
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    within = np.array([shares[:, farthest <= reach].sum(axis=1) for reach in REACHES])
    assert np.all(np.diff(within, axis=1) <= 1e-12)
    assert np.all(within[:, 0] > within[:, -1])


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_a_distance_that_leaves_no_room_is_refused(placement):
    with pytest.raises(InputError) as caught:
        placed_world(placement, 60)
    (problem,) = caught.value.problems
    assert problem.path == "mines.legacy.placement.keep_away.distance"
    assert problem.message.startswith("leaves no room: ")
    assert "60 km from every settlement" in problem.message


def test_the_command_refuses_a_distance_that_leaves_no_room(tmp_path):
    key = "mines.persistent.placement.keep_away.distance"
    done = minesim("run", FOLDER / "keep-away-3km.yaml", "--set", f"{key}=60 km", "-o", "out", cwd=tmp_path)
    assert done.returncode == 2
    assert f"error: {key}: leaves no room" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())
