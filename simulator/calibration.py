"""Calibrating a scenario to a record of casualties: fit, draws, and a look at what was not fitted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from simulator.calibration_curve import Free, casualty_curve, proportional_to
from simulator.calibration_posterior import Posterior, posterior
from simulator.calibration_problem import Calibration, dispersion_at, place_of_dispersion, reported_log_means
from simulator.calibration_profile import Fit, fitted
from simulator.casualty_record import CasualtyRecord
from simulator.clocks import Array
from simulator.closed_form import obstacles
from simulator.console import Progress, unseen
from simulator.count_forecast import (
    Comparison,
    Forecast,
    compared,
    log_scores,
    quantiles,
    ranked_scores,
)
from simulator.identifiability import Tie, ties
from simulator.naive_forecast import last_value, log_linear_trend
from simulator.problems import InputError, Problem, input_error
from simulator.scenario_file import LoadedScenario
from simulator.world import build_world

SCENARIO = "scenario"
OBSERVED, UNTIL = "--observed", "--until"
LEAST_PERIODS = 3
_NOTHING = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What is asked of a calibration: the record, what is free, which periods are fitted [n], the least and the largest
    reporting share, the confidence of intervals, and how many draws with which seed.
    """

    record: CasualtyRecord
    frees: tuple[Free, ...]
    used: NDArray[np.bool_]
    reporting: tuple[float, float]
    confidence: float
    draws: int
    seed: int


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """A forecast of all n periods: its ``quantiles`` [5, n] at 5, 25, 50, 75 and 95 %, and of the predicted ones (not
    those that are upper bounds) the log scores and CRPS [n], NaN elsewhere.
    """

    forecast: Forecast
    quantiles: Array
    log_scores: Array
    ranked_scores: Array


@dataclass(frozen=True, slots=True, eq=False)
class Calibrated:
    """What a calibration found. ``best`` [n] are the expected reported casualties of the best fit; ``forecasts`` are
    that of the scenario and, where periods were left to predict, the two naive ones, with ``comparisons`` to those.
    ``scored`` [n] says which periods could be scored.
    """

    asked: Asked
    fit: Fit
    posterior: Posterior
    ties: tuple[Tie, ...]
    best: Array
    forecasts: tuple[Scored, ...]
    comparisons: tuple[Comparison, ...]
    scored: NDArray[np.bool_]


def fitted_rows(record: CasualtyRecord, until: date | None) -> NDArray[np.bool_]:
    """Which periods are fitted [n]: all whose last day is not after ``until``. Raises InputError where too few are, or
    none is left to predict.
    """
    lasts = [end - timedelta(days=1) for end in record.ends]
    used = np.array([until is None or last <= until for last in lasts])
    if used.sum() < LEAST_PERIODS:
        what = f"{int(used.sum())} of its periods end by {until}" if until else f"it has {used.size} periods"
        path = UNTIL if until else OBSERVED
        raise input_error(f"{what}, and at least {LEAST_PERIODS} are needed to fit anything", path=path)
    if until is not None and used.all():
        raise input_error(f"no period is left to predict: the last ends on {max(lasts)}", path=UNTIL)
    return used


def refuse_unfit(loaded: LoadedScenario) -> None:
    """Raise InputError, with every reason at its place, where a scenario has no closed form to be fitted."""
    problems: list[Problem] = []
    for reason in obstacles(build_world(loaded)):
        path, _, why = reason.partition(": ")
        way_out = "only a closed form can be fitted; leave it out, and let a free number stand for its effect"
        problems.append(Problem(loaded.key_place(path.split(".")), path, f"has no closed form: {why}; {way_out}"))
    if problems:
        raise InputError(problems)


def problem_of(loaded: LoadedScenario, asked: Asked) -> Calibration:
    """The problem of fitting a scenario to a record. Raises InputError where bounds lead to no scenario, or the record
    has casualties where the scenario can have none.
    """
    record, frees = asked.record, asked.frees
    curve = casualty_curve(loaded, frees, record)
    problem = Calibration(
        record.casualties,
        record.at_most,
        asked.used,
        tuple(free.axis for free in frees),
        curve,
        asked.reporting,
        tuple(proportional_to(loaded, free) for free in frees),
    )
    start = _start(problem, frees)[: len(frees)]
    for place in range(len(frees)):
        for end in (0.0, 1.0):
            curve(np.where(np.arange(len(frees)) == place, end, start))
    impossible = (np.exp(curve(start)) < _NOTHING) & (record.casualties > 0) & ~record.at_most & asked.used
    if impossible.any():
        row = int(np.argmax(impossible))
        message = (
            f"the scenario expects no casualties at all from {record.starts[row]} to {record.ends[row]}, the record "
            f"has {record.casualties[row]:,.0f}; have mines laid before, or leave the period out"
        )
        raise input_error(message, path=OBSERVED)
    return problem


def calibrate(problem: Calibration, asked: Asked, progress: Progress = unseen) -> Calibrated:
    """Fit a record and draw from what fits; where periods are left, predict them and hold the prediction against naive
    ones.
    """
    record, used = asked.record, asked.used
    fit = fitted(problem, _start(problem, asked.frees), asked.seed, asked.confidence)
    drawn = posterior(fit, asked.draws, asked.seed, progress)
    forecasts = [Forecast(SCENARIO, drawn.means, drawn.dispersion)]
    scored = ~used & ~record.at_most
    if not used.all():
        forecasts += [naive(record, used, asked.draws, asked.seed) for naive in (last_value, log_linear_trend)]
    comparisons = [
        compared(_only(forecasts[0], scored), _only(other, scored), record.casualties[scored])
        for other in forecasts[1:]
        if scored.any()
    ]
    return Calibrated(
        asked,
        fit,
        drawn,
        ties(fit, drawn),
        np.exp(reported_log_means(problem, fit.point)),
        tuple(_scored(one, record, scored, asked.seed) for one in forecasts),
        tuple(comparisons),
        scored,
    )


def dispersion_of(found: Calibrated) -> float:
    """The dispersion of the best fit."""
    return float(dispersion_at(found.fit.problem, found.fit.point[-1]))


def _start(problem: Calibration, frees: Sequence[Free]) -> Array:
    """The scenario as it stands, the middle of the reporting shares, and a little dispersion, as a point [D]."""
    share = [0.5] if problem.shares else []
    return np.array([*(free.start for free in frees), *share, float(place_of_dispersion(problem, 0.1))])


def _only(forecast: Forecast, rows: NDArray[np.bool_]) -> Forecast:
    return Forecast(forecast.name, forecast.means[:, rows], forecast.dispersion)


def _scored(forecast: Forecast, record: CasualtyRecord, rows: NDArray[np.bool_], seed: int) -> Scored:
    nothing = np.full(rows.size, np.nan)
    logs, ranked = nothing.copy(), nothing.copy()
    if rows.any():
        some, counts = _only(forecast, rows), record.casualties[rows]
        logs[rows] = log_scores(some, counts)
        ranked[rows] = ranked_scores(some, counts, np.random.default_rng([seed, 3_18_16_19]))  # "crps" in letters
    return Scored(forecast, quantiles(forecast), logs, ranked)
