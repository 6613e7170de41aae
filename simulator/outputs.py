"""The data files of a result: tidy CSV and JSON. The same seed gives the same bytes, whoever computed them."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from simulator.clocks import date_of
from simulator.ensemble import ALL, bands, curve, mine_names, quantities, samples
from simulator.experiment import Outcome, ScenarioOutcome
from simulator.findings import Comparison, Finding, comparisons, exact_difference, findings, paired_difference
from simulator.map_file import cells_geojson, file_names
from simulator.statistics import Band, PairedDifference

FORMAT = 1
CURVES, DIFFERENCES, SUMMARY = "curves.csv", "differences.csv", "summary.json"
_BAND = ("mean", "standard_error", "p05", "p50", "p95")
_DIFFERENCE = ("difference", "standard_error", "p05", "p95", "ratio", "ratio_p05", "ratio_p95")
_REDUCTION = ("variance_reduction", "played_variance_reduction")


def results(outcome: Outcome) -> dict[str, bytes]:
    """Write the data files of a result, by name."""
    files = {CURVES: curves_csv(outcome), SUMMARY: summary_json(outcome)}
    if len(outcome.scenarios) > 1:
        files[DIFFERENCES] = differences_csv(outcome)
    for part, name in zip(outcome.scenarios, file_names([part.loaded.name for part in outcome.scenarios]), strict=True):
        if (text := cells_geojson(part)) is not None:
            files[name] = text
    return {name: text.encode("utf-8", "replace") for name, text in files.items()}


def curves_csv(outcome: Outcome) -> str:
    """Write tidy curves: a row for each scenario, class of mines, quantity and time."""
    header = ("scenario", "time_days", "date", "mines", "quantity", *_BAND)

    def rows() -> Iterator[Sequence[object]]:
        for part in outcome.scenarios:
            calendar = _calendar(part)
            for mines, quantity, summary in part_bands(part):
                columns = [getattr(summary, name) for name in _BAND]
                for index, (days, day) in enumerate(calendar):
                    values = (_cell(column[index]) for column in columns)
                    yield (part.loaded.name, days, day, mines, quantity, *values)

    return _csv(header, rows())


def differences_csv(outcome: Outcome) -> str:
    """Write paired differences of every other scenario to the first, for all mines together."""
    header = ("scenario", "reference", "time_days", "date", "quantity", *_DIFFERENCE)
    reference = outcome.scenarios[0]

    def rows() -> Iterator[Sequence[object]]:
        for part in outcome.scenarios[1:]:
            calendar = _calendar(part)
            for quantity in quantities(reference.world):
                if quantity not in quantities(part.world):
                    continue
                its = _difference(reference, part, quantity)
                columns = [getattr(its, name) for name in _DIFFERENCE]
                for index, (days, day) in enumerate(calendar):
                    values = (_cell(column[index]) for column in columns)
                    yield (part.loaded.name, reference.loaded.name, days, day, quantity, *values)

    return _csv(header, rows())


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


def summary_json(outcome: Outcome) -> str:
    """Write every metric with its interval and sentence, and the comparisons."""
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
                "metrics": {finding.metric.name: _metric_entry(finding) for finding in findings(part)},
            }
            for part in outcome.scenarios
        },
        "comparisons": [_comparison_entry(comparison) for comparison in comparisons(outcome)],
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


def _metric_entry(finding: Finding) -> dict[str, Any]:
    entry: dict[str, Any] = {"label": finding.label, "unit": finding.metric.unit, **_band_entry(finding.band)}
    if finding.upper_bound is not None:
        entry["upper_bound_95"] = _json(finding.upper_bound)
    return entry | {"sentence": finding.sentence}


def _comparison_entry(comparison: Comparison) -> dict[str, Any]:
    return {
        "scenario": comparison.name,
        "reference": comparison.reference,
        "casualties_averted": _band_entry(comparison.casualties_averted) | {"unit": "people"},
        "differences": {
            name: {field: _json(getattr(its, field)) for field in (*_DIFFERENCE, *_REDUCTION)}
            for name, its in comparison.differences.items()
        },
    }


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
