"""The study behind ``minesim sensitivity``: which uncertain input drives a metric, and what it rests on."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from simulator import sensitivity_words as words
from simulator.costs import BYTES_OF_POINT
from simulator.evaluation import refuse_many_points, refuse_wrong_points
from simulator.joint_draws import (
    Group,
    group_evidence,
    group_label,
    group_path,
    group_range,
    group_values,
    grouped,
)
from simulator.limits import Asked
from simulator.manifest import versions
from simulator.metrics import Metric
from simulator.one_at_a_time import ends_of, moves_of, portions, said
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
from simulator.uncertainty import settings_of, uncertain_inputs
from simulator.variance import design, endless, indices, swings
from simulator.wording import listed, number

SENSITIVITY = "sensitivity.csv"
_BYTES_OF_INPUT = 150.0  # of one input in a parameter set
_HEADER = (
    "input", "first", "first_p05", "first_p95", "total", "total_p05", "total_p95", "metric", "at_low", "at_reference",
    "at_high", "low", "reference", "high", "range", "source", "grade", "note",
)  # fmt: skip


def weighed(request: Request, bench: Bench) -> Answer:
    """Split the variance of a metric among the uncertain inputs of a scenario; those of one joint are one input.

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
    groups = grouped(inputs)
    refuse_many_points(
        study, (len(groups) + 2) * n, request.replicates, bench.pool.resources, Asked("-n", n, "base samples"),
        BYTES_OF_POINT + _BYTES_OF_INPUT * len(inputs),
    )  # fmt: skip
    try:
        drawn = design(len(groups), n, rng)
    except ValueError as error:
        raise input_error(str(error), path="-n") from None
    names = [group[0].coordinate for group in groups]
    points = [Point(0, settings_of(inputs, dict(zip(names, row, strict=True)))) for row in drawn.tolist()]
    moves = [moves_of(group) for group in groups]
    alone = [Point(0), *(Point(0, settings) for its in moves for settings in its.settings)]
    found, failures = values_at(study, [*alone, *points], request.replicates, name, bench, "parameter sets")
    values = np.array([np.nan if one is None else float(one.mean()) for one in found])
    size = len(alone)
    labels = [group_label(group) for group in groups]
    if endless(values[:, None])[0]:
        raise input_error(f"{name} is infinite for some parameter sets, and has no variance", path="--metric")
    parts = portions(values[1:size], moves)
    ends = [ends_of(its, part) for its, part in zip(moves, parts, strict=True)]
    moved = [part[end] for part, pair in zip(parts, ends, strict=True) for end in pair]
    try:
        shares = indices(values[size:, None], labels, [metric.label], rng)
        swung = swings(np.array([values[0], *moved]), labels, metric.label)
    except ValueError as error:
        reason = f" ({next(iter(failures.values()))})" if failures else ""
        raise input_error(f"{error}{reason}", path="-n") from None
    at_ends = [[its.words[end] for end in pair] for its, pair in zip(moves, ends, strict=True)]
    facts = [_facts(group, *pair) for group, pair in zip(groups, at_ends, strict=True)]
    it = words.sensitivity(shares, 0, facts, swung, metric.unit)
    told = (*words.sentences(it), *_joint_sentences(groups, metric.label), _method_sentence(request, study), SAID_SCOPE)
    files = {
        SENSITIVITY: as_csv(bench.folder / SENSITIVITY, _HEADER, list(_rows(it, metric))),
        SUMMARY: as_written(bench.folder / SUMMARY, _summary(request, it, metric, told, failures)),
    }
    reasons = tuple(f"parameter set {index - size + 1}: {reason}" for index, reason in sorted(failures.items()))
    return Answer(files, lambda: _figures(it), told, (_table(it),), reasons)


def _facts(group: Group, at_low: str, at_high: str) -> InputFacts:
    reference = group_values(group) if len(group) > 1 else said(group[0], group[0].reference)
    return InputFacts(
        group_path(group), group_label(group), reference, group_range(group), at_low, at_high, *group_evidence(group)
    )


def _joint_sentences(groups: Sequence[Group], label: str) -> Iterator[str]:
    for group in groups:
        if len(group) > 1:
            names = listed([one.label for one in group])
            yield (
                f"{names} are drawn together (joint {group[0].joint}) and count as one input: shares of inputs that "
                f"depend on each other cannot be told apart. Its ends are the draws that lead to few and many {label}."
            )


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
