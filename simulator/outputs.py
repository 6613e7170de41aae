"""The data files of a result: tidy CSV and JSON. The same seed gives the same bytes, whoever computed them."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import numpy as np

from simulator.clocks import date_of
from simulator.ensemble import ALL, bands, curve, mine_names, quantities, samples
from simulator.experiment import Outcome, ScenarioOutcome
from simulator.findings import Comparison, Finding, comparisons, findings
from simulator.knowledge import Knowledge, PairedSpread
from simulator.map_file import cells_geojson, file_names
from simulator.metrics import metric_samples, metrics
from simulator.statistics import Band, PairedDifference, exact_difference, paired_difference
from simulator.uncertainty_rules import DRAWS

_Summary = TypeVar("_Summary", Band, PairedDifference)

FORMAT = 1
CURVES, DIFFERENCES, SUMMARY, WORLDS = "curves.csv", "differences.csv", "summary.json", "worlds.csv"
_BAND = ("mean", "standard_error", "p05", "p50", "p95")
_DIFFERENCE = ("difference", "standard_error", "p05", "p95", "ratio", "ratio_p05", "ratio_p95")
_KIND = ("kind",)
_REDUCTION = ("variance_reduction", "played_variance_reduction")


def results(outcome: Outcome, knowledge: Sequence[Knowledge] = ()) -> dict[str, bytes]:
    """Write the data files of a result, by name; ``knowledge`` is what uncertain inputs do to each scenario, if they
    were varied.
    """
    files = {CURVES: curves_csv(outcome, knowledge), SUMMARY: summary_json(outcome, knowledge)}
    if len(outcome.scenarios) > 1:
        files[DIFFERENCES] = differences_csv(outcome, knowledge)
    if outcome.replicates:
        files[WORLDS] = worlds_csv(outcome)
    for part, name in zip(outcome.scenarios, file_names([part.loaded.name for part in outcome.scenarios]), strict=True):
        if (text := cells_geojson(part)) is not None:
            files[name] = text
    return {name: text.encode("utf-8", "replace") for name, text in files.items()}


def curves_csv(outcome: Outcome, knowledge: Sequence[Knowledge] = ()) -> str:
    """Write tidy curves: a row for each scenario, class of mines, quantity and time, and each kind of spread if inputs
    were varied.
    """
    header = ("scenario", "time_days", "date", "mines", "quantity", *(_KIND if knowledge else ()), *_BAND)

    def rows() -> Iterator[Sequence[object]]:
        for place, part in enumerate(outcome.scenarios):
            calendar = _calendar(part)
            for mines, quantity, chance in part_bands(part):
                spread = knowledge[place].curves[mines, quantity] if knowledge else None
                for kind, one in _kinds(chance, spread):
                    columns = [getattr(one, name) for name in _BAND]
                    for index, (days, day) in enumerate(calendar):
                        values = (_cell(column[index]) for column in columns)
                        yield (part.loaded.name, days, day, mines, quantity, *kind, *values)

    return _csv(header, rows())


def differences_csv(outcome: Outcome, knowledge: Sequence[Knowledge] = ()) -> str:
    """Write paired differences of every other scenario to the first, for all mines together."""
    header = ("scenario", "reference", "time_days", "date", "quantity", *(_KIND if knowledge else ()), *_DIFFERENCE)
    reference = outcome.scenarios[0]

    def rows() -> Iterator[Sequence[object]]:
        for place, part in enumerate(outcome.scenarios[1:], start=1):
            calendar = _calendar(part)
            for quantity in quantities(reference.world):
                if quantity not in quantities(part.world):
                    continue
                spread = knowledge[place].curve_differences[quantity] if knowledge else None
                for kind, its in _kinds(_difference(reference, part, quantity), spread):
                    columns = [getattr(its, name) for name in _DIFFERENCE]
                    for index, (days, day) in enumerate(calendar):
                        values = (_cell(column[index]) for column in columns)
                        yield (part.loaded.name, reference.loaded.name, days, day, quantity, *kind, *values)

    return _csv(header, rows())


def worlds_csv(outcome: Outcome) -> str:
    """Write what every played world came to: a row for each scenario and replicate, counted from 1, a column for each
    metric.

    A cell is empty for a time that does not come within the horizon, and for a metric that a scenario does not have.
    Rows of one replicate belong together: the same mine has the same draws in every scenario.
    """
    played = [
        {metric.name: metric_samples(metric, part.ensemble)[1] for metric in metrics(part.world)}
        for part in outcome.scenarios
        if part.ensemble is not None
    ]
    columns = list(dict.fromkeys(name for one in played for name in one))

    def rows() -> Iterator[Sequence[object]]:
        for part, one in zip(outcome.scenarios, played, strict=True):
            for replicate in range(outcome.replicates):
                cells = (_cell(float(one[name][replicate])) if name in one else "" for name in columns)
                yield (part.loaded.name, replicate + 1, *cells)

    return _csv(("scenario", "replicate", *columns), rows())


def _kinds(chance: _Summary, spread: Any) -> Iterator[tuple[tuple[str, ...], _Summary]]:
    """Tell apart what is due to chance, to knowledge and to both; without varied inputs there is only the first."""
    if spread is None:
        yield (), chance
        return
    yield ("chance",), chance
    yield ("knowledge",), spread.knowledge
    if spread.both is not None:
        yield ("both",), spread.both


def part_bands(part: ScenarioOutcome) -> Iterator[tuple[str, str, Band]]:
    """Read the curves of a scenario: simulated bands, or the closed form without error and percentiles."""
    if part.ensemble is not None:
        yield from bands(part.ensemble, part.spreads)
        return
    nothing = np.full(part.world.times.size, np.nan)
    for mines in mine_names(part.world):
        for quantity in quantities(part.world, mines):
            mean = curve(part.world, part.closed_form.curves, part.closed_form.land, mines, quantity)
            yield mines, quantity, Band(mean, np.zeros_like(mean), nothing, nothing, nothing, 0)


def summary_json(outcome: Outcome, knowledge: Sequence[Knowledge] = ()) -> str:
    """Write every metric with its interval and sentence, and the comparisons."""
    learnt: list[Knowledge | None] = [*knowledge] or [None for _ in outcome.scenarios]
    summary: dict[str, Any] = {
        "format": FORMAT,
        "method": outcome.plan.method,
        "replicates": outcome.replicates,
        "precision": {"asked": outcome.plan.precision, "reached": outcome.precise},
        "scenarios": {
            part.loaded.name: {
                "title": part.world.title,
                "start": part.world.start.isoformat(),
                "horizon_days": part.world.horizon_days,
                "mines": {kind.name: kind.count for kind in part.world.kinds},
                "metrics": {finding.metric.name: _metric_entry(finding, known) for finding in findings(part)},
                **({} if known is None else {"uncertain": _inputs_entry(known)}),
            }
            for part, known in zip(outcome.scenarios, learnt, strict=True)
        },
        "comparisons": [
            _comparison_entry(comparison, known)
            for comparison, known in zip(comparisons(outcome), learnt[1:], strict=True)
        ],
        "scope": "Civilian harm, contamination and clean-up only; never evidence that land is safe.",
    }
    return json.dumps(summary, indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def _difference(reference: ScenarioOutcome, part: ScenarioOutcome, quantity: str) -> PairedDifference:
    if reference.ensemble is None or part.ensemble is None:
        before, after = (
            curve(one.world, one.closed_form.curves, one.closed_form.land, ALL, quantity) for one in (reference, part)
        )
        return exact_difference(before, after)
    return paired_difference(samples(reference.ensemble, ALL, quantity), samples(part.ensemble, ALL, quantity))


def _inputs_entry(known: Knowledge) -> dict[str, Any]:
    return {
        "parameter_sets": known.sets,
        "failed": list(known.failures),
        "inputs": [
            {
                "path": one.label,
                "reference": one.reference,
                "law": one.kind,
                "parameters": list(one.parameters if one.kind != DRAWS else (min(one.parameters), max(one.parameters))),
                "unit": one.number.dimension.unit if one.number is not None else "",
                "source": one.source,
                "grade": one.grade,
                # The list itself is in the manifest.
                **({"draws": len(one.parameters), "joint": one.joint} if one.kind == DRAWS else {}),
            }
            for one in known.inputs
        ],
    }


def _metric_entry(finding: Finding, known: Knowledge | None) -> dict[str, Any]:
    entry: dict[str, Any] = {"label": finding.label, "unit": finding.metric.unit, **_band_entry(finding.band)}
    if finding.upper_bound is not None:
        entry["upper_bound_95"] = _json(finding.upper_bound)
    entry["sentence"] = finding.sentence
    if known is not None and finding.metric.name in known.metrics:
        spread = known.metrics[finding.metric.name]
        entry["knowledge"] = _band_entry(spread.knowledge)
        if spread.both is not None:
            entry["both"] = _band_entry(spread.both)
            entry["noise_in_knowledge"] = _json(known.noise[finding.metric.name])
    return entry


def _comparison_entry(comparison: Comparison, known: Knowledge | None) -> dict[str, Any]:
    varied = {} if known is None else known.metric_differences
    return {
        "scenario": comparison.name,
        "reference": comparison.reference,
        "casualties_averted": _band_entry(comparison.casualties_averted) | {"unit": "people"},
        "differences": {
            name: {field: _json(getattr(its, field)) for field in (*_DIFFERENCE, *_REDUCTION)}
            | {
                kind: {field: _json(getattr(one, field)) for field in _DIFFERENCE}
                for kind, one in _varied_kinds(varied.get(name))
            }
            for name, its in comparison.differences.items()
        },
    }


def _varied_kinds(spread: PairedSpread | None) -> Iterator[tuple[str, PairedDifference]]:
    if spread is not None:
        yield "knowledge", spread.knowledge
        if spread.both is not None:
            yield "both", spread.both


def _band_entry(band: Band) -> dict[str, Any]:
    return {name: _json(getattr(band, name)) for name in _BAND}


def _json(value: Any) -> float | None:
    """Round a number to twelve digits; None for what does not exist or lies beyond the horizon."""
    number = float(value) + 0.0  # not -0
    return float(f"{number:.12g}") if np.isfinite(number) else None


def _calendar(part: ScenarioOutcome) -> list[tuple[str, str]]:
    return [(f"{days:.12g}", date_of(float(days), part.world.start)) for days in part.world.times]


def _cell(value: float) -> str:
    return f"{value + 0.0:.12g}" if np.isfinite(value) else ""


def _csv(header: Sequence[str], rows: Iterator[Sequence[object]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return buffer.getvalue()
