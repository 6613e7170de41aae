"""The study behind ``minesim sensitivity``: which uncertain input drives a metric, and what it rests on."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from simulator import sensitivity_words as words
from simulator.evaluation import refuse_wrong_points
from simulator.fields import value_words, written
from simulator.manifest import versions
from simulator.metrics import Metric
from simulator.points import Point, Study
from simulator.problems import input_error
from simulator.sensitivity_words import InputFacts, Sensitivity
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
    metric_of,
    rounded,
    values_at,
)
from simulator.uncertainty import CHOICE, UncertainInput, distribution_text, inverse, settings_of, uncertain_inputs
from simulator.variance import design, endless, indices, swings
from simulator.variation import Settings
from simulator.wording import number

SENSITIVITY = "sensitivity.csv"
_HEADER = (
    "input", "first", "first_p05", "first_p95", "total", "total_p05", "total_p95", "metric", "at_low", "at_reference",
    "at_high", "low", "reference", "high", "range", "source", "grade", "note",
)  # fmt: skip
_ENDS = (0.05, 0.95)


def weighed(request: Request, bench: Bench) -> Answer:
    """Split the variance of a metric among the uncertain inputs of a scenario.

    Common random numbers, or expected values, keep Monte Carlo noise out of the split. Raises InputError where nothing
    is uncertain, n is no power of two, or the metric cannot be averaged.
    """
    loaded = request.scenarios[0]
    name, n = str(request.arguments["metric"]), int(request.arguments["n"])
    inputs = uncertain_inputs(loaded)
    if not inputs:
        message = "no number of the scenario has an 'uncertainty' and none is 'one_of' several: nothing to weigh"
        raise input_error(message)
    study = Study(request.scenarios, request.method, metrics=(name,), with_errors=False, versions=versions())
    metric = metric_of(study, 0, name)
    refuse_wrong_points(study, [Point(0)])
    rng = np.random.default_rng([loaded.scenario.seed, 19_05_14_19])  # "sens" in letters of the alphabet
    try:
        places = design(len(inputs), n, rng)
    except ValueError as error:
        raise input_error(str(error), path="-n") from None
    paths = [one.path for one in inputs]
    points = [Point(0, settings_of(inputs, dict(zip(paths, row, strict=True)))) for row in places.tolist()]
    found, failures = values_at(
        study, [*_one_at_a_time(inputs), *points], request.replicates, name, bench, "parameter sets"
    )
    values = np.array([np.nan if one is None else float(one.mean()) for one in found])
    size = 2 * len(inputs) + 1
    labels = [one.label for one in inputs]
    if endless(values[:, None])[0]:
        raise input_error(f"{name} is infinite for some parameter sets, and has no variance", path="--metric")
    try:
        shares = indices(values[size:, None], labels, [metric.label], rng)
        swung = swings(values[:size], labels, metric.label)
    except ValueError as error:
        reason = f" ({next(iter(failures.values()))})" if failures else ""
        raise input_error(f"{error}{reason}", path="-n") from None
    it = words.sensitivity(shares, 0, [_facts(one) for one in inputs], swung, metric.unit)
    said = (*words.sentences(it), _method_sentence(request, study), SAID_SCOPE)
    files = {
        SENSITIVITY: as_csv(bench.folder / SENSITIVITY, _HEADER, list(_rows(it, metric))),
        SUMMARY: as_written(bench.folder / SUMMARY, _summary(request, it, metric, said, failures)),
    }
    reasons = tuple(f"parameter set {index - size + 1}: {reason}" for index, reason in sorted(failures.items()))
    return Answer(files, lambda: _figures(it), said, (_table(it),), reasons)


def _one_at_a_time(inputs: Sequence[UncertainInput]) -> list[Point]:
    """The scenario as it stands, then each input at its 5 and its 95 % quantile, all others as they stand."""
    points = [Point(0)]
    for one in inputs:
        for end in _ENDS:
            value = float(inverse(one, np.array(end)))
            points.append(Point(0, _alone(one, value)))
    return points


def _alone(one: UncertainInput, value: float) -> Settings:
    if one.number is None:
        return Settings(choices=((one.path, int(value)),))
    # A number inside an alternative speaks only where that one is chosen.
    place = one.path.index(CHOICE) if CHOICE in one.path else None
    choices = () if place is None else ((one.path[:place], int(one.path[place + 1])),)
    return Settings(((one.path, written(value, one.number)),), choices)


def _facts(one: UncertainInput) -> InputFacts:
    low, high = (_said(one, float(inverse(one, np.array(end)))) for end in _ENDS)
    return InputFacts(
        one.label, one.label, _said(one, one.reference), distribution_text(one), low, high, one.source, one.grade,
        one.note,
    )  # fmt: skip


def _said(one: UncertainInput, value: float) -> str:
    if one.number is None:
        return f"alternative {int(value) + 1}"
    return value_words(value, one.number)


def _method_sentence(request: Request, study: Study) -> str:
    if study.exact:
        return "Expected values of the closed form: no Monte Carlo noise is in these shares."
    return (
        f"Means of {request.replicates:,} simulated worlds for each parameter set, on the same draws for all, so that "
        "their noise hardly enters these shares."
    )


def _rows(it: Sensitivity, metric: Metric) -> Iterator[Sequence[object]]:
    for row in it.rows:
        facts = row.facts
        yield (
            facts.path, row.first.value, row.first.low, row.first.high, row.total.value, row.total.low, row.total.high,
            metric.name, row.swing_low, it.reference, row.swing_high, facts.at_low, facts.reference, facts.at_high,
            facts.range, facts.source, facts.grade, facts.note,
        )  # fmt: skip


def _table(it: Sensitivity) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    header = ("input", "by itself", "with interactions", f"{it.output} at its ends", "range", "grade", "source")
    rows = []
    for row in it.rows:
        ends = f"{number(row.swing_low)} to {number(row.swing_high)}"
        shares = [f"{words.percent(its)} ({words.interval(its)})" for its in (row.first, row.total)]
        rows.append((row.facts.label, *shares, ends, row.facts.range, row.facts.grade or "none", row.facts.source))
    return header, rows


def _summary(
    request: Request, it: Sensitivity, metric: Metric, said: Sequence[str], failures: dict[int, str]
) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "verb": request.verb,
        "method": request.method,
        "replicates": 0 if request.method == "expected" else request.replicates,
        "scenario": request.scenarios[0].name,
        "metric": {"name": metric.name, "label": metric.label, "unit": metric.unit},
        "n": it.base_samples,
        "enough": it.verdict.enough,
        "next_n": it.verdict.next_n,
        "quantiles": {name: rounded(value) for name, value in zip(("p05", "p50", "p95"), it.quantiles, strict=True)},
        "at_reference": rounded(it.reference),
        "by_grade": [
            {"grades": grades, "inputs": count, "share": rounded(its.value), "p05": rounded(its.low),
             "p95": rounded(its.high)}
            for grades, count, its in it.by_grade
        ],
        "failed": len(failures),
        "sentences": list(said),
        "scope": SCOPE,
    }  # fmt: skip


def _figures(it: Sensitivity) -> Iterator[tuple[str, Any]]:
    # Matplotlib takes half a second to load.
    from simulator.figure_sensitivity import indices_figure, tornado_figure
    from simulator.figure_style import house_style

    for stem, drawn in (("indices", indices_figure), ("tornado", tornado_figure)):
        with house_style():
            figure = drawn(it)
        yield stem, figure
