"""Known numbers are found again: in records of worlds that were played, and in records with more spread than chance.

Each test makes 100 records with its own seeds. A 90 % interval that is right covers in 85 to 95 of them with a
probability of 0.94 (binomial), so that by chance alone a right program leaves that range in one of 16 choices of seeds
for each number; the seeds are fixed. Intervals from 20 periods are not exact: Student's t and the adjusted dispersion
make up for most of it.
"""

import numpy as np
import pytest

from simulator.calibration_problem import Axis, Calibration, value_at
from simulator.calibration_profile import fitted
from simulator.closed_form import expected
from simulator.engine import play
from simulator.response_surface import surface
from simulator.scenario_file import from_tree
from simulator.world import at_times, build_world

PERIODS, REPEATS = 20, 100
RATE, MEAN = Axis("rate", 1e-5, 1e-2, logarithmic=True), Axis("mean", 1.0, 60.0, logarithmic=True)
TRUE = (4e-4, 7.0)
REPORTED = 0.8
EDGES = np.arange(PERIODS + 1) * 365.25


def world_of(rate, mean):
    tree = {
        "title": "A valley", "start": "2003-01-01", "horizon": "20 years",
        "region": {"rectangle": {"width": "20 km", "height": "10 km"}, "cell": "1 km"},
        "mines": {"old": {"count": 100_000, "laid": "2003-01-01",
                          "ageing": {"exponential": {"mean": f"{mean!r} years"}}}},
        "civilians": {"density": "20 per km2", "accident_rate": f"{rate!r} per mine-year",
                      "reference_density": "20 per km2", "casualties_per_accident": 1},
    }  # fmt: skip
    loaded = from_tree("valley", tree)
    return at_times(build_world(loaded), loaded, EDGES)


@pytest.fixture(scope="module")
def curve():
    """The log of the expected casualties of each year, by coordinates, through 150 curves of the closed form."""
    rng = np.random.default_rng(1)
    corners = np.array([[a, b] for a in (0.0, 0.5, 1.0) for b in (0.0, 0.25, 0.5, 0.75, 1.0)])
    points = np.concatenate([corners, rng.random((135, 2))])

    def exact(u):
        world = world_of(float(value_at(RATE, u[0])), float(value_at(MEAN, u[1])))
        return np.log(np.diff(expected(world, with_land=False).curves.accidents[0]))

    at = surface(points, np.array([exact(u) for u in points]), np.ones(2))
    for u in ([0.53, 0.47], [0.5, 0.4], [0.56, 0.6]):
        assert at(np.array([u]))[0] == pytest.approx(exact(u), abs=0.02)
    return lambda u: at(u[None, :])[0]


def covered(counts, curve, truth, reporting=(REPORTED, REPORTED), spread=True):
    """Which intervals have the true numbers."""
    none = np.zeros(counts.size, dtype=bool)
    problem = Calibration(counts, none, ~none, (RATE, MEAN), curve, reporting, spread=spread)
    found = fitted(problem, np.full(len(problem.names), 0.5), 1)
    return np.array([one.low <= true <= one.high for one, true in zip(found.estimates, truth, strict=False)])


@pytest.mark.slow
def test_records_of_played_worlds_lead_back_to_what_they_were_played_with(curve, measured, drawn):
    world, rng, hits, wrong = world_of(*TRUE), np.random.default_rng(1), np.zeros(2), np.zeros(2)
    for replicate in range(REPEATS):
        accidents = np.diff(play(world, replicate, seed=5).played.accidents[0])
        record = rng.binomial(accidents.astype(int), REPORTED).astype(float)
        hits += covered(record, curve, TRUE, spread=False)
        if replicate < 20:
            # The neighbour that is wrong: all casualties taken as reported.
            wrong += covered(record, curve, TRUE, (1.0, 1.0), spread=False)
    for name, number in zip(("rate", "mean life"), hits.astype(int).tolist(), strict=True):
        measured(f"covered of {REPEATS}", number, at_least=85, at_most=95)
        drawn("coverage", interval=f"calibrated {name}", covered=number, repeats=REPEATS, says=0.9)
    measured("covered of 20, all taken as reported", int(wrong[0]), at_most=9)


@pytest.mark.slow
def test_records_that_vary_more_than_by_chance_lead_back_too_but_not_if_that_is_ignored(curve, measured, drawn):
    dispersion, hits, ignored = 0.1, np.zeros(3), np.zeros(2)
    means = REPORTED * np.diff(expected(world_of(*TRUE), with_land=False).curves.accidents[0])
    for seed in range(REPEATS):
        rng = np.random.default_rng([seed, 11])
        record = rng.poisson(means * rng.gamma(1 / dispersion, dispersion, PERIODS)).astype(float)
        hits += covered(record, curve, (*TRUE, dispersion))
        ignored += covered(record, curve, TRUE, spread=False)
    for name, number in zip(("rate", "mean life", "dispersion"), hits.astype(int).tolist(), strict=True):
        measured(f"covered of {REPEATS}", number, at_least=85, at_most=95)
        drawn("coverage", interval=f"{name}, more spread", covered=number, repeats=REPEATS, says=0.9)
    # Poisson's law makes intervals that are far too narrow; of right ones 78 or fewer of 100 cover once in 3,000 times.
    measured(f"covered of {REPEATS} by Poisson's law", int(ignored.max()), at_most=78)
