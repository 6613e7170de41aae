"""The study behind ``minesim attribute``: the difference between two scenarios, split among what changed."""

from collections.abc import Iterator, Sequence
from typing import Any

from simulator.attribution import Attribution, attribute
from simulator.attribution_words import by_size, change_words, sentences
from simulator.clocks import Array
from simulator.combining import Changes, changes_between
from simulator.evaluation import refuse_wrong_points
from simulator.manifest import versions
from simulator.metrics import Metric
from simulator.points import Point, Study
from simulator.problems import input_error
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
    metric_of,
    rounded,
    values_at,
)
from simulator.wording import number, span

ATTRIBUTION = "attribution.csv"
_HEADER = ("change", "reference", "other", "effect", "standard_error", "low", "high")


def attributed(request: Request, bench: Bench) -> Answer:
    """Split the difference of a metric. Raises InputError where too much changed, or start and horizon differ."""
    name = str(request.arguments["metric"])
    reference, other = request.scenarios
    changes = changes_between(reference, other, by_block=bool(request.arguments["by_block"]))
    metric = metric_of(Study(request.scenarios, request.method), 0, name)

    def values(scenarios: Sequence[LoadedScenario]) -> list[Array]:
        study = _study(request, changes, scenarios, name)
        points = [Point(scenario) for scenario in range(len(scenarios))]
        refuse_wrong_points(study, [points[0], points[-1]])
        found, failures = values_at(study, points, request.replicates, name, bench, "combinations")
        if failures:
            index, reason = min(failures.items())
            raise input_error(f"{scenarios[index].name} failed: {reason}")
        return [one for one in found if one is not None]

    try:
        result = attribute(changes, values)
    except ValueError as error:
        raise input_error(str(error), path="--metric") from None
    how = "Exact, in closed form." if request.method == "expected" else (
        f"From {request.replicates:,} worlds, each played with every combination of the changes on the same draws."
    )  # fmt: skip
    shares = "Shares are Shapley values: what a change adds, on average over all orders in which they can be made."
    told = (*sentences(result, metric), f"{shares} {how}", SAID_SCOPE)
    files = {
        ATTRIBUTION: as_csv(bench.folder / ATTRIBUTION, _HEADER, list(_rows(result))),
        SUMMARY: as_written(bench.folder / SUMMARY, _summary(request, result, metric, told)),
    }
    return Answer(files, lambda: _figures(result, metric), told, (_table(result),))


def _study(request: Request, changes: Changes, scenarios: Sequence[LoadedScenario], metric: str) -> Study:
    return Study(
        tuple(scenarios), request.method, metrics=(metric,), with_errors=False, versions=versions(), slots=changes.slots
    )


def _rows(result: Attribution) -> Iterator[Sequence[object]]:
    for part in result.parts:
        before = "; ".join(setting.before for setting in part.change.settings)
        after = "; ".join(setting.after for setting in part.change.settings)
        effect = part.effect
        yield (
            "; ".join(part.change.paths), before, after, effect.mean, effect.standard_error, effect.low, effect.high
        )  # fmt: skip


def _table(result: Attribution) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    rows = []
    for part in by_size(result):
        values = "; ".join(f"{setting.before} -> {setting.after}" for setting in part.change.settings)
        one = part.effect
        interval = "" if one.is_exact else f"{span(one.low, one.high)}" if one.low >= 0 else (
            f"{number(one.low)} to {number(one.high)}"
        )  # fmt: skip
        rows.append((change_words(part.change, result.classes), values, number(one.mean), interval))
    whole = result.whole
    rows.append(("whole difference", "", number(whole.mean), ""))
    return ("change", "from -> to", "effect", "90 % interval"), rows


def _summary(request: Request, result: Attribution, metric: Metric, told: Sequence[str]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "verb": request.verb,
        "method": request.method,
        "replicates": 0 if request.method == "expected" else request.replicates,
        "scenarios": [loaded.name for loaded in request.scenarios],
        "metric": {"name": metric.name, "label": metric.label, "unit": metric.unit},
        "before": rounded(result.before.mean),
        "after": rounded(result.after.mean),
        "difference": rounded(result.whole.mean),
        "confidence": result.confidence,
        "parts": [
            {"change": list(part.change.paths), "effect": rounded(part.effect.mean),
             "standard_error": rounded(part.effect.standard_error), "low": rounded(part.effect.low),
             "high": rounded(part.effect.high)}
            for part in result.parts
        ],
        "sentences": list(told),
        "scope": SCOPE,
    }  # fmt: skip


def _figures(result: Attribution, metric: Metric) -> Iterator[tuple[str, Any]]:
    # Matplotlib takes half a second to load.
    from simulator.figure_attribution import attribution_figure

    yield "attribution", attribution_figure(result, metric)
