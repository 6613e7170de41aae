"""The short answer: a table of metrics and a few sentences, made only from computed numbers and their intervals."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from simulator.ensemble import Ensemble
from simulator.evidence import ASSUMPTION, sourced_values
from simulator.experiment import Outcome, ScenarioOutcome
from simulator.metrics import Metric, averted, expected_value, metric_samples, metrics
from simulator.statistics import Band, PairedDifference, band, paired, zero_events_bound
from simulator.units import DAYS_PER_YEAR

SCOPE = "A model of civilian harm and clean-up; no result is evidence that land is safe."


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """A metric of one scenario as it is reported: numbers, the cell of the table, and a sentence.

    ``upper_bound`` is the 95 % bound of the mean where no event was seen in any replicate, else None.
    """

    metric: Metric
    band: Band
    upper_bound: float | None
    cell: str
    sentence: str


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """A scenario against the reference: each metric's paired difference, and the casualties averted."""

    name: str
    reference: str
    differences: dict[str, PairedDifference]
    casualties_averted: Band


def findings(part: ScenarioOutcome) -> list[Finding]:
    """Every metric of a scenario, in order."""
    return [_finding(metric, part) for metric in metrics(part.world)]


def comparisons(outcome: Outcome) -> list[Comparison]:
    """Every other scenario against the first, metric by metric; empty for a single scenario or the closed form alone."""
    reference = outcome.scenarios[0]
    found = []
    for part in outcome.scenarios[1:]:
        if reference.ensemble is None or part.ensemble is None:
            continue
        its = {metric.name: metric for metric in metrics(part.world)}
        differences = {
            metric.name: paired(metric_samples(metric, reference.ensemble), metric_samples(its[metric.name], part.ensemble))
            for metric in metrics(reference.world)
            if metric.name in its and not metric.is_time
        }
        found.append(Comparison(part.loaded.name, reference.loaded.name, differences,
                                band(*averted(reference.ensemble, part.ensemble))))  # fmt: skip
    return found


def sentences(outcome: Outcome, by_scenario: Sequence[Sequence[Finding]]) -> Iterator[str]:
    """The answer in a few sentences."""
    last = {finding.metric.name: finding for finding in by_scenario[-1]}
    focus = next((name for name in ("hazardous_at_120_days", "hazardous_at_30_days", "hazardous_at_horizon") if name in last))
    label = last[focus].metric.label.removeprefix("hazardous mines after ")
    when = "At the horizon" if label == "horizon" else f"After {label}"
    parts = [
        f"{_named(found, focus)} of {sum(kind.count for kind in part.world.kinds):,} in {part.loaded.name}"
        for part, found in zip(outcome.scenarios, by_scenario, strict=True)
    ]
    yield f"{when}, mines still hazardous: {'; '.join(parts)}."
    years = f"{outcome.scenarios[0].world.horizon_days / DAYS_PER_YEAR:.3g} years"
    harm = [
        f"{_named(found, 'casualties')} in {part.loaded.name}"
        for part, found in zip(outcome.scenarios, by_scenario, strict=True)
    ]
    yield f"Casualties expected over {years}: {'; '.join(harm)}."
    for comparison in comparisons(outcome):
        yield _averted_sentence(comparison)
    yield from _threshold_sentences(outcome, by_scenario)
    yield from _inputs(outcome)


def number(value: float, digits: int = 3) -> str:
    """A number for people: ``digits`` significant digits, thousands separated."""
    if not math.isfinite(value):
        return "none"
    if value == 0:
        return "0"
    magnitude = abs(float(f"{value:.{digits}g}"))
    if magnitude >= 1000:
        return f"{round(value, -max(0, int(math.log10(magnitude)) - 3)):,.0f}"
    if magnitude < 1e-3:
        return f"{value:.{digits - 1}e}".replace("e-0", "e-")
    return f"{float(f'{value:.{digits}g}'):g}"


def duration(days: float) -> str:
    """A time for people: days up to two years, then years."""
    return f"{number(days)} days" if days < 2 * DAYS_PER_YEAR else f"{number(days / DAYS_PER_YEAR)} years"


def _finding(metric: Metric, part: ScenarioOutcome) -> Finding:
    if part.ensemble is None:
        value = expected_value(metric, part.world, part.expected)
        nan = np.array(np.nan)
        exact = Band(np.array(value), np.array(0.0), nan, nan, nan, 0)
        cell = _time(value, part.world.horizon_days) if metric.is_time else number(value)
        return Finding(metric, exact, None, cell, _time_sentence(metric, cell) if metric.is_time else _plain(metric, cell))
    return _simulated(metric, part.ensemble)


def _simulated(metric: Metric, ensemble: Ensemble) -> Finding:
    estimate, played = metric_samples(metric, ensemble)
    horizon = ensemble.world.horizon_days
    if metric.is_time:
        return _time_finding(metric, estimate, played, horizon)
    summary = band(estimate, played)
    if metric.counts_events and not played.any():
        bound = zero_events_bound(ensemble.replicates)
        cell = f"< {number(bound)} (none in {ensemble.replicates} runs)"
        return Finding(metric, summary, bound, cell, f"{_upper(metric.label)}: none in {ensemble.replicates} runs, "
                       f"so fewer than {number(bound)} on average (95 % confidence); "
                       f"the conditional estimate is {number(float(summary.mean))} {metric.unit}.")  # fmt: skip
    mean, low, high = (number(float(value)) for value in (summary.mean, summary.p05, summary.p95))
    sentence = (
        f"{_upper(metric.label)}: {mean} {metric.unit} on average (standard error {number(float(summary.standard_error), 2)}); "
        f"90 % of simulated worlds lie between {low} and {high}."
    )
    return Finding(metric, summary, None, f"{mean} ({low} to {high})", sentence)


def _time_finding(metric: Metric, estimate: np.ndarray, played: np.ndarray, horizon: float) -> Finding:  # type: ignore[type-arg]
    p05, p50, p95 = np.quantile(played, (0.05, 0.5, 0.95), axis=0, method="nearest")
    if np.isfinite(estimate).all():
        error = np.array(estimate.std(ddof=1) / np.sqrt(estimate.size))
        summary = Band(np.array(estimate.mean()), error, p05, p50, p95, estimate.size)
    else:
        summary = Band(np.array(np.inf), np.array(np.nan), p05, p50, p95, estimate.size)
    cell = _time(float(summary.mean), horizon)
    if p05 < p95:
        cell += f" ({_time(float(p05), horizon)} to {_time(float(p95), horizon)})"
    return Finding(metric, summary, None, cell, _time_sentence(metric, cell))


def _time(days: float, horizon: float) -> str:
    if days == 0:
        return "always below"
    return duration(days) if math.isfinite(days) else f"not within {duration(horizon)}"


def _time_sentence(metric: Metric, cell: str) -> str:
    return f"{metric.label}: {cell}."


def _plain(metric: Metric, cell: str) -> str:
    return f"{_upper(metric.label)}: {cell} {metric.unit} (closed form)."


def _named(found: Sequence[Finding], name: str) -> str:
    return next(finding.cell for finding in found if finding.metric.name == name)


def _threshold_sentences(outcome: Outcome, by_scenario: Sequence[Sequence[Finding]]) -> Iterator[str]:
    for name in [finding.metric.name for finding in by_scenario[0] if finding.metric.is_time]:
        label = next(finding.metric.label for finding in by_scenario[0] if finding.metric.name == name)
        parts = [
            f"{finding.cell} in {part.loaded.name}"
            for part, found in zip(outcome.scenarios, by_scenario, strict=True)
            for finding in found
            if finding.metric.name == name
        ]
        yield f"{_upper(label)}: {'; '.join(parts)}."


def _averted_sentence(comparison: Comparison) -> str:
    difference = comparison.differences["casualties"]
    saved = comparison.casualties_averted
    mean, low, high = (number(abs(float(value))) for value in (saved.mean, saved.p05, saved.p95))
    if float(saved.mean) == 0:
        return f"{comparison.name} and {comparison.reference} lead to the same expected casualties."
    word = "fewer" if float(saved.mean) > 0 else "more"
    if float(saved.mean) < 0:
        low, high = number(-float(saved.p95)), number(-float(saved.p05))
    else:
        low, high = number(float(saved.p05)), number(float(saved.p95))
    text = f"{comparison.name} leads to {mean} {word} casualties than {comparison.reference} (90 % of paired worlds: {low} to {high})"
    if math.isfinite(float(difference.ratio)):
        text += f", {number(100 * float(difference.ratio))} % as many"
        text += f" (90 % interval of that mean: {number(100 * float(difference.ratio_p05))} to {number(100 * float(difference.ratio_p95))} %)"
    return text + "."


def _inputs(outcome: Outcome) -> Iterator[str]:
    """Where the inputs come from, in one sentence: chance is in the ranges, doubt about the inputs is not."""
    values = [value for part in outcome.scenarios for value in sourced_values(part.loaded.tree)]
    assumed = len({(value.path, value.value) for value in values if value.source == ASSUMPTION})
    uncertain = len({(value.path, str(value.uncertainty)) for value in values if value.uncertainty})
    text = "The ranges hold the chance of one world, not doubt about the inputs"
    if assumed or uncertain:
        text += f": {assumed} of them are assumptions, and {uncertain} carry a range that this run did not vary"
    yield text + ". " + SCOPE


def _upper(label: str) -> str:
    return label[0].upper() + label[1:]
