"""The study behind ``minesim calibrate``: a scenario fitted to a record of casualties, and handed on as a scenario."""

from collections.abc import Iterator, Mapping
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from simulator.calibrated_scenario import calibrated_text, draws_of, values_written
from simulator.calibration import (
    Asked,
    Calibrated,
    calibrate,
    fitted_rows,
    problem_of,
    refuse_unfit,
)
from simulator.calibration_free import read_free, read_reporting
from simulator.calibration_problem import log_likelihood
from simulator.calibration_words import (
    coverage,
    estimate_table,
    prediction_table,
    remark,
    score_of,
    sentences,
)
from simulator.casualty_record import read_record
from simulator.fields import written
from simulator.referenced import named_files
from simulator.scenario_file import LoadedScenario
from simulator.study import (
    FORMAT,
    SAID_SCOPE,
    SCOPE,
    SUMMARY,
    Answer,
    Bench,
    Request,
    as_csv,
    as_written,
    rounded,
)
from simulator.variation import AS_IT_STANDS, varied

CALIBRATION, PREDICTIONS, DRAWS, CALIBRATED = "calibration.csv", "predictions.csv", "draws.csv", "calibrated.yaml"
_LEVELS = ("p05", "p25", "p50", "p75", "p95")
_STEPS = 100
_NOT_EVIDENCE = "A fit to a record says what agrees with it under this model, not what happened on the ground."


def asked_of(request: Request, name: str = "") -> tuple[LoadedScenario, Asked]:
    """Read what is asked: the scenario with all alternatives settled, and the rest. Raises InputError for what is
    wrong, with ``name`` as that of the record where it is given.
    """
    loaded = varied(request.scenarios[0], AS_IT_STANDS)
    arguments = request.arguments
    scenario = loaded.scenario
    refuse_unfit(loaded)
    record = read_record(arguments["text"], name or arguments["record"], scenario.start, scenario.horizon)
    frees = read_free([str(text) for text in arguments["free"]], loaded)
    until = date.fromisoformat(arguments["until"]) if arguments["until"] else None
    return loaded, Asked(
        record,
        frees,
        fitted_rows(record, until),
        read_reporting(arguments["reporting"]),
        float(arguments["confidence"]),
        int(arguments["draws"]),
        scenario.seed,
    )


def calibrated(request: Request, bench: Bench) -> Answer:
    """Fit a scenario to a record and write what fits. Raises InputError before anything long is computed."""
    loaded, asked = asked_of(request)
    problem = problem_of(loaded, asked)
    found = calibrate(problem, asked, bench.watch("calibrating", _STEPS))
    name = str(request.arguments["record"])
    told = (*sentences(found, name), _NOT_EVIDENCE, SAID_SCOPE)
    folder = bench.folder
    files = {
        CALIBRATION: as_csv(folder / CALIBRATION, _HEADER, list(_estimates(found))),
        PREDICTIONS: as_csv(folder / PREDICTIONS, prediction_header(found), list(_predictions(found))),
        DRAWS: as_csv(folder / DRAWS, (*found.posterior.names,), _draws(found).tolist()),
        SUMMARY: as_written(folder / SUMMARY, _summary(request, found, told)),
        CALIBRATED: _as_text(folder / CALIBRATED, calibrated_text(loaded, found, name, request.replicates)),
        **_named(loaded, folder),
    }
    tables = [estimate_table(found), *([table] if (table := prediction_table(found)) is not None else [])]
    return Answer(files, partial(_figures, found, told[0]), told, tuple(tables))


_HEADER = (
    "parameter", "estimate", "low", "high", "unit", "scale", "least", "most", "bounds_from", "low_open", "high_open",
    "at_bound", "remark",
)  # fmt: skip


def _estimates(found: Calibrated) -> Iterator[tuple[object, ...]]:
    units = {free.axis.name: free.number.dimension.unit for free in found.asked.frees}
    bounds_from = {free.axis.name: free.bounds_from for free in found.asked.frees}
    for one in found.fit.estimates:
        yield (
            one.name, one.value, one.low, one.high, units.get(one.name, ""),
            "logarithmic" if one.logarithmic else "even", *one.bounds, bounds_from.get(one.name, ""),
            _yes(one.low_open), _yes(one.high_open), one.at_bound, remark(one),
        )  # fmt: skip


def prediction_header(found: Calibrated) -> tuple[str, ...]:
    """The columns of predictions.csv; those of naive forecasts only where there are any."""
    names = [one.forecast.name.replace(" ", "_").replace("-", "_") for one in found.forecasts]
    naive = [f"{name}_{what}" for name in names[1:] for what in ("mean", "p05", "p95", "log_score", "crps")]
    return ("from", "to", "observed", "at_most", "part", "best_fit", "mean", *_LEVELS, "log_score", "crps", *naive)


def _predictions(found: Calibrated) -> Iterator[tuple[object, ...]]:
    record, used = found.asked.record, found.asked.used
    for row in range(used.size):
        cells: list[object] = [
            record.starts[row].isoformat(), record.ends[row].isoformat(), int(record.casualties[row]),
            _yes(bool(record.at_most[row])), "used" if used[row] else "predicted", float(found.best[row]),
        ]  # fmt: skip
        for place, one in enumerate(found.forecasts):
            levels = one.quantiles[:, row] if place == 0 else one.quantiles[[0, 4], row]
            scores = (one.log_scores[row], one.ranked_scores[row])
            cells += map(float, (one.forecast.mean[row], *levels, *scores))
        yield tuple(cells)


def _draws(found: Calibrated) -> np.ndarray[Any, np.dtype[np.float64]]:
    """All draws in their units [S, D]: free numbers, reporting share, dispersion."""
    problem, drawn = found.fit.problem, found.posterior
    columns = [draws_of(found)]
    if problem.shares:
        low, high = problem.reporting
        columns.append((low + (high - low) * drawn.curve[:, -1])[:, None])
    return np.concatenate([*columns, drawn.dispersion[:, None]], axis=1)


def _summary(request: Request, found: Calibrated, told: tuple[str, ...]) -> dict[str, Any]:
    record, used, drawn = found.asked.record, found.asked.used, found.posterior
    values, what = values_written(found)
    half, most, size = coverage(found)
    return {
        "format": FORMAT,
        "verb": request.verb,
        "method": request.method,
        "replicates": 0,
        "scenario": request.scenarios[0].name,
        "record": {
            "name": request.arguments["record"],
            "periods": int(used.size),
            "fitted": int(used.sum()),
            "from": record.starts[0].isoformat(),
            "to": record.ends[-1].isoformat(),
            "casualties": float(record.casualties[~record.at_most].sum()),
            "upper_bounds": int(record.at_most.sum()),
        },
        "reporting": list(found.asked.reporting),
        "confidence": found.asked.confidence,
        "log_likelihood": rounded(log_likelihood(found.fit.problem, found.fit.point)),
        "estimates": [
            {"name": one.name, "estimate": rounded(one.value), "low": rounded(one.low), "high": rounded(one.high),
             "bounds": [rounded(end) for end in one.bounds], "low_open": one.low_open, "high_open": one.high_open,
             "at_bound": one.at_bound, "remark": remark(one)}
            for one in found.fit.estimates
        ],
        "not_told_apart": [
            {"names": list(tie.names), "weakly": tie.weak, "collinearity": rounded(tie.collinearity),
             "rank_correlation": rounded(tie.correlation)}
            for tie in found.ties
        ],
        "written": {"what": what, "values": {
            free.axis.name: written(float(value), free.number)
            for free, value in zip(found.asked.frees, values, strict=True)}},
        "posterior": {
            "draws": found.asked.draws, "converged": drawn.converged, "r_hat": rounded(drawn.r_hat),
            "effective_draws": rounded(drawn.effective), "weights_worth": rounded(drawn.weights_worth),
            "pareto_k": rounded(drawn.tail), "curves_computed": drawn.exact_curves,
            "priors": "free numbers even on their scale between their bounds, the reporting share even, the square "
            "root of the dispersion half-normal with scale 1",
        },
        "prediction": None if not size else {
            "periods": size, "within_90_percent": most, "within_50_percent": half,
            "mean_log_score": {one.forecast.name: rounded(score_of(one)) for one in found.forecasts},
            "mean_crps": {one.forecast.name: rounded(float(np.nanmean(one.ranked_scores))) for one in found.forecasts},
            "log_score_against": [
                {"forecast": one.other, "difference": rounded(one.difference), "low": rounded(one.low),
                 "high": rounded(one.high), "periods": one.periods}
                for one in found.comparisons
            ],
        },
        "sentences": list(told),
        "scope": SCOPE,
    }  # fmt: skip


def _named(loaded: LoadedScenario, folder: Path) -> Mapping[str, Path]:
    """The files that the scenario names, to lie beside it."""
    return {name: _as_text(folder / name, loaded.files[".".join(path)].text)
            for path, name in named_files(loaded.scenario)}  # fmt: skip


def _as_text(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    return path


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _figures(found: Calibrated, title: str) -> Iterator[tuple[str, Any]]:
    # Matplotlib takes half a second to load.
    from simulator.figure_calibration import profile_figure, record_figure

    yield "record", record_figure(found, title)
    yield "profiles", profile_figure(found)
