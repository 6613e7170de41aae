"""What a result says in numbers: each metric with its interval, and each scenario against the reference."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from simulator.ensemble import deaths_per_accident
from simulator.experiment import Outcome, ScenarioOutcome
from simulator.metrics import RISK_BELOW, Metric, averted, expected_value, least_metric_error, metric_samples, metrics
from simulator.statistics import Band, PairedDifference, band, exact_difference, paired_difference, zero_events_bound
from simulator.times import TimeWords, release_words, risk_words, time_band
from simulator.wording import bound, counted, number, span
from simulator.world import World

_NEGLIGIBLE = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """A metric of one scenario as it is reported: numbers, and how they are said.

    ``said`` is the mean in words and ``spread`` the worlds around it, empty where there is nothing to say; ``cell`` is
    both in short. ``upper_bound`` is the 95 % bound of the mean where no replicate showed any, else None.
    """

    metric: Metric
    label: str
    band: Band
    upper_bound: float | None
    said: str
    spread: str
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
    """Read every metric of a scenario, in order."""
    thresholds = iter(part.world.thresholds)
    found = []
    for metric in metrics(part.world):
        if metric.name.startswith(RISK_BELOW):
            found.append(_time_finding(metric, part, risk_words(metric, part, next(thresholds))))
        elif metric.is_time:
            found.append(_time_finding(metric, part, release_words(metric, part)))
        elif part.ensemble is None:
            found.append(_expected_finding(metric, part))
        else:
            found.append(_simulated_finding(metric, part))
    return found


def comparisons(outcome: Outcome) -> list[Comparison]:
    """Compare every other scenario with the first, metric by metric; empty for a single scenario."""
    reference = outcome.scenarios[0]
    found = []
    for part in outcome.scenarios[1:]:
        its = {metric.name: metric for metric in metrics(part.world)}
        differences = {
            metric.name: _difference(metric, reference, its[metric.name], part)
            for metric in metrics(reference.world)
            if metric.name in its and not metric.is_time
        }
        if reference.ensemble is None or part.ensemble is None:
            nan = np.array(np.nan)
            saved = Band(-differences["casualties"].difference, np.array(0.0), nan, nan, nan, 0)
        else:
            saved = band(*averted(reference.ensemble, part.ensemble))
        found.append(Comparison(part.loaded.name, reference.loaded.name, differences, saved))
    return found


def _difference(metric: Metric, reference: ScenarioOutcome, its: Metric, part: ScenarioOutcome) -> PairedDifference:
    if reference.ensemble is None or part.ensemble is None:
        before = expected_value(metric, reference.world, reference.closed_form)
        return exact_difference(np.array(before), np.array(expected_value(its, part.world, part.closed_form)))
    return paired_difference(metric_samples(metric, reference.ensemble), metric_samples(its, part.ensemble))


def _expected_finding(metric: Metric, part: ScenarioOutcome) -> Finding:
    value = expected_value(metric, part.world, part.closed_form)
    nan = np.array(np.nan)
    exact = Band(np.array(value), np.array(0.0), nan, nan, nan, 0)
    # The closed form never reaches 0 by itself; what is left of it after underflow is not worth a claim.
    small = _is_count(metric) and value < _NEGLIGIBLE
    said = f"fewer than {number(_NEGLIGIBLE)}" if small else number(value)
    cell = f"< {number(_NEGLIGIBLE)}" if small else said
    label = _label(metric)
    return Finding(metric, label, exact, None, said, "", cell, f"{_upper(label)}: {said}{_unit(metric)} (closed form).")


def _simulated_finding(metric: Metric, part: ScenarioOutcome) -> Finding:
    if part.ensemble is None:
        raise ValueError("needs a simulation")
    estimate, played = metric_samples(metric, part.ensemble)
    summary = band(estimate, played, _least_error(metric, part))
    runs, label, mean = part.ensemble.replicates, _label(metric), float(summary.mean)
    if not played.any() and (_is_count(metric) or mean > 0):
        return _unseen_finding(metric, summary, worth_of_an_event(metric, part.world), runs)
    said, spread = number(mean), span(float(summary.p05), float(summary.p95))
    error = float(summary.standard_error)
    if np.ptp(played) == 0 and not error > _NEGLIGIBLE * abs(mean):
        text = f"{_upper(label)}: {said}{_unit(metric)} in every simulated world."
        return Finding(metric, label, summary, None, said, "", said, text)
    if said == spread:
        spread = ""
    between = f"between {spread.replace(' to ', ' and ')}" if " to " in spread else spread or said
    doubt = f" (standard error {number(error, 2)})" if error > _NEGLIGIBLE * abs(mean) else ""
    text = f"{_upper(label)}: {said}{_unit(metric)} on average{doubt}; {between} in 90 % of simulated worlds."
    cell = f"{said} ({spread})" if spread else said
    return Finding(metric, label, summary, None, said, spread, cell, text)


def _unseen_finding(metric: Metric, summary: Band, worth: float, runs: int) -> Finding:
    """Say what no replicate showed: a bound of the mean for counts, and the conditional estimate where there is one."""
    label, mean, none = _label(metric), float(summary.mean), f"none in {counted(runs, 'run')}"
    if not _is_count(metric):
        text = f"{_upper(label)}: {number(mean)}{_unit(metric)} on average by the conditional estimate; {none}."
        return Finding(metric, label, summary, None, number(mean), none, f"{number(mean)} ({none})", text)
    upper = zero_events_bound(runs) * worth
    text = f"{_upper(label)}: {none}, so fewer than {bound(upper)}{_unit(metric)} on average (95 % confidence)"
    if mean > 0:
        text += f"; the conditional estimate is {number(mean)}"
    return Finding(
        metric, label, summary, upper, f"fewer than {bound(upper)}", none, f"< {bound(upper)} ({none})", f"{text}."
    )


def _time_finding(metric: Metric, part: ScenarioOutcome, words: TimeWords) -> Finding:
    text, spread = words.text, words.spread
    if words.said == f"after {spread}":
        spread = ""
    text += f" (90 % of simulated worlds: {spread})" if spread else ""
    cell = f"{words.said} ({spread})" if spread else words.said
    summary = time_band(metric, part)
    return Finding(metric, words.label, summary, None, words.said, spread, cell, f"{_upper(text)}.")


def _least_error(metric: Metric, part: ScenarioOutcome) -> float:
    """Compute the error of a mean below which no sample of rare failures can be trusted."""
    if part.ensemble is None:
        return 0.0
    return least_metric_error(metric, part.world, part.spreads) / float(np.sqrt(part.ensemble.replicates))


def worth_of_an_event(metric: Metric, world: World) -> float:
    """Compute the most that one event, as the bound counts them, adds to a metric on average."""
    consequences = world.consequences
    casualties = consequences.casualties_per_accident
    per_accident = {
        "accidents": 1.0,
        "casualties": casualties,
        "killed": deaths_per_accident(world),
        "injured": casualties - deaths_per_accident(world),
        "children": casualties * (consequences.child_share or 0.0),
        "adults": casualties * (1.0 - (consequences.child_share or 0.0)),
    }
    mines = max(_clustering(kind.lot_size, kind.lot_correlation) for kind in world.kinds)
    return per_accident.get(metric.name) or mines


def _clustering(size: int, correlation: float) -> float:
    """Compute how many mines of a lot fail together, on average, if rare failures hit the lot at all.

    Failures of a lot are beta-binomial; as their share goes to 0 the mean count of the lots that have any tends to
    size r / ((1 - r) (psi(b + size) - psi(b))) with b = (1 - r) / r: 1 for r = 0, the whole lot for r near 1.
    """
    if size == 1 or correlation == 0:
        return 1.0
    b = (1 - correlation) / correlation
    return float(size / b / (special.psi(b + size) - special.psi(b)))


def _is_count(metric: Metric) -> bool:
    return metric.counts_events or metric.unit == "mines"


def _label(metric: Metric) -> str:
    return metric.label.replace("after horizon", "at the horizon")


def _unit(metric: Metric) -> str:
    """Write the unit after a number, unless the label has said it."""
    return "" if metric.unit in metric.label else f" {metric.unit}"


def _upper(text: str) -> str:
    return text[0].upper() + text[1:]


def table_label(finding: Finding) -> str:
    """Write a metric's name for a table, with its unit in brackets unless the name says it."""
    unit = _unit(finding.metric).strip()
    return finding.label if not unit or finding.metric.is_time else f"{finding.label} [{unit}]"


def named(found: Sequence[Finding], name: str) -> Finding | None:
    """Find a metric by its name; None where it does not apply."""
    return next((finding for finding in found if finding.metric.name == name), None)
