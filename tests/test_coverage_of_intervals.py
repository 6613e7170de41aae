"""Intervals of simulated metrics hold the truth as often as they say, and a rare residue is known well."""

import numpy as np
import pytest
from scipy import special

from simulator.experiment import EXPECTED, SIMULATE
from simulator.points import Point, Study, Task, evaluate
from simulator.scenario_file import load, shipped_scenarios

METRICS = ("hazardous_at_30_days", "mine_days_after_30_days", "casualties", "inert_at_120_days")
REPLICATES, REPEATS = 12, 200


def played(loaded, method, metrics, replicates):
    """Estimates [n, M] and the least errors [M] of a scenario."""
    study = Study((loaded,), method, metrics=metrics, curves=())
    record = evaluate(study, Task("", Point(0), 0, replicates))
    return record.estimate, record.least


@pytest.mark.slow
def test_90_percent_intervals_of_metrics_cover_the_closed_form_in_85_to_95_percent_of_repeats(measured, drawn):
    small = ["mines.battery-limited.count=300", "civilians.accident_rate=2e-2 per mine-year"]
    file = shipped_scenarios() / "treaty-limit.yaml"
    truth = played(load(file, small), EXPECTED, METRICS, 1)[0][0]
    reach = float(special.stdtrit(REPLICATES - 1, 0.95))
    covered = np.zeros(len(METRICS))
    for seed in range(REPEATS):
        estimate, _ = played(load(file, [*small, f"seed={seed}"]), SIMULATE, METRICS, REPLICATES)
        error = estimate.std(axis=0, ddof=1) / np.sqrt(REPLICATES)
        covered += np.abs(estimate.mean(axis=0) - truth) <= reach * error
    # An interval that covers 90 % falls outside 85 to 95 % of 200 repeats with 1.3 %, one of four metrics with 5 %; the
    # seeds are fixed. One that covers 80 % passes with 4 %.
    for metric, times in zip(METRICS, covered.astype(int), strict=True):
        measured(f"covered of {REPEATS}", int(times), at_least=170, at_most=190)
        drawn("coverage", interval=metric.replace("_", " "), covered=int(times), repeats=REPEATS, says=0.9)


@pytest.mark.parametrize("name", ["official-claim", "field-pessimistic"])
def test_a_rare_residue_is_known_to_a_hundredth_from_100_replicates_of_10000_mines(name, measured):
    loaded = load(shipped_scenarios() / f"{name}.yaml")
    metric = ("hazardous_at_1_year",)
    estimate, least = played(loaded, SIMULATE, metric, 100)
    truth = played(loaded, EXPECTED, metric, 1)[0][0, 0]
    error = max(float(estimate.std(ddof=1)), float(least[0])) / 10
    mean = float(estimate.mean())
    measured("relative standard error", error / mean, at_most=0.01)
    assert abs(mean - truth) < max(5 * error, 1e-9 * truth)
    # Six in a million of 10,000 mines: none of the played worlds need have shown one.
    if name == "official-claim":
        assert mean < 0.1
