"""The short answer: a few sentences, made only from computed numbers and their intervals."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from simulator.closed_form import laid_share
from simulator.evidence import ASSUMPTION, sourced_values
from simulator.experiment import Outcome, ScenarioOutcome
from simulator.findings import Comparison, Finding, comparisons, named
from simulator.knowledge import Knowledge
from simulator.knowledge_words import knowledge_sentences
from simulator.metrics import KEY_DATES, RISK_BELOW
from simulator.times import MIXED
from simulator.wording import counted, duration, listed, number, span

SCOPE = "A model of civilian harm and clean-up; no result is evidence that land is safe."
_SETTLED_DAYS = 30.0


def sentences(
    outcome: Outcome, by_scenario: Sequence[Sequence[Finding]], knowledge: Sequence[Knowledge] = ()
) -> Iterator[str]:
    """Write the answer in a few sentences; ``by_scenario`` are the findings of each scenario, ``knowledge`` what
    uncertain inputs do to each, if they were varied.
    """
    yield _mines_sentence(outcome, by_scenario)
    yield _casualties_sentence(outcome, by_scenario)
    for comparison in comparisons(outcome):
        yield _averted_sentence(comparison)
    yield from _threshold_sentences(outcome, by_scenario)
    yield from knowledge_sentences(outcome, knowledge)
    yield _inputs_sentence(outcome, varied=bool(knowledge))
    yield SCOPE


def _mines_sentence(outcome: Outcome, by_scenario: Sequence[Sequence[Finding]]) -> str:
    name, days = _key_date(outcome, by_scenario)
    texts: list[str] = []
    for part, found in zip(outcome.scenarios, by_scenario, strict=True):
        finding = named(found, name)
        if finding is None:
            continue
        mines = _laid(part, days)
        if not texts:
            mines += " is still hazardous" if finding.said == "1" else " are still hazardous"
        else:
            mines = mines.replace(" mines", "")
        texts.append(_in_scenario(f"{finding.said} of {mines}", finding, part, outcome))
    return f"After {duration(days)}, {listed(texts)}."


def _key_date(outcome: Outcome, by_scenario: Sequence[Sequence[Finding]]) -> tuple[str, float]:
    """Choose the first key date a month or more after the last laying, 120 days or later, or else the horizon."""
    horizon = outcome.scenarios[0].world.horizon_days
    dates = [(f"hazardous_at_{label.replace(' ', '_')}", days) for label, days in KEY_DATES]
    dates = [*dates[1:], ("hazardous_at_horizon", horizon)]
    known = [(name, days) for name, days in dates if named(by_scenario[0], name) is not None]
    last = max(kind.laid_to for part in outcome.scenarios for kind in part.world.kinds)
    settled = [(name, days) for name, days in known if days >= last + _SETTLED_DAYS]
    return settled[0] if settled else (known or [("hazardous_at_30_days", KEY_DATES[0][1])])[-1]


def _laid(part: ScenarioOutcome, days: float) -> str:
    index = int(np.searchsorted(part.world.times, days - 1e-9))
    total = sum(kind.count for kind in part.world.kinds)
    laid = round(sum(kind.count * float(laid_share(kind, part.world.times)[index]) for kind in part.world.kinds))
    if laid == total:
        return f"{number(total)} mines"
    return f"{number(laid)} mines laid by then"


def _casualties_sentence(outcome: Outcome, by_scenario: Sequence[Sequence[Finding]]) -> str:
    texts: list[str] = []
    for part, found in zip(outcome.scenarios, by_scenario, strict=True):
        finding = named(found, "casualties")
        if finding is None:
            continue
        one = finding.said == "1"
        verb = (" casualty is expected" if one else " casualties are expected") if not texts else ""
        texts.append(_in_scenario(f"{finding.said}{verb}", finding, part, outcome))
    return f"Over {duration(outcome.scenarios[0].world.horizon_days)}, {listed(texts)}."


def _in_scenario(text: str, finding: Finding, part: ScenarioOutcome, outcome: Outcome) -> str:
    where = f" in {part.loaded.name}" if len(outcome.scenarios) > 1 else ""
    return f"{text}{where} ({finding.spread})" if finding.spread else f"{text}{where}"


def _averted_sentence(comparison: Comparison) -> str:
    difference, saved = comparison.differences["casualties"], comparison.casualties_averted
    name, reference = comparison.name, comparison.reference
    mean, low, high = (float(value) for value in (saved.mean, saved.p05, saved.p95))
    if float(difference.difference) == 0:
        return f"{name} and {reference} lead to the same expected casualties."
    text = f"{name} leads to {number(abs(mean))} {'fewer' if mean > 0 else 'more'} casualties than {reference}"
    if math.isfinite(low):
        text += f" ({_fewer_or_more(low, high)} in 90 % of paired worlds)"
    ratio, ends = float(difference.ratio), (float(difference.ratio_p05), float(difference.ratio_p95))
    if not math.isfinite(ratio):
        return f"{text}."
    if ratio > 1.1:
        unit, scale = "times", 1.0
    else:
        unit, scale = "%", 100.0
    text += f", that is {number(scale * ratio)} {unit} as many"
    if saved.replicates:
        text += f" (90 % interval of this mean: {span(scale * ends[0], scale * ends[1])}{' %' if unit == '%' else ''})"
    return f"{text}."


def _fewer_or_more(low: float, high: float) -> str:
    """Write a range of casualties averted: ``9 to 28 fewer``, ``from 3 more to 5 fewer``."""
    if low == high == 0:
        return "no difference"
    if low >= 0:
        return f"{span(low, high)} fewer"
    if high <= 0:
        return f"{span(-high, -low)} more"
    return f"from {number(-low)} more to {number(high)} fewer"


def _threshold_sentences(outcome: Outcome, by_scenario: Sequence[Sequence[Finding]]) -> Iterator[str]:
    labels = {
        finding.metric.name: finding.label
        for found in by_scenario
        for finding in found
        if finding.metric.name.startswith(RISK_BELOW)
    }
    for name, label in labels.items():
        known = [
            (part, finding)
            for part, found in zip(outcome.scenarios, by_scenario, strict=True)
            if (finding := named(found, name)) is not None
        ]
        yield _threshold_sentence(outcome, known, label.removeprefix("individual risk below "))


def _threshold_sentence(outcome: Outcome, known: Sequence[tuple[ScenarioOutcome, Finding]], threshold: str) -> str:
    """Say where the individual risk falls below a threshold and when, where it does not, where it never reaches it."""
    if len(outcome.scenarios) == 1:
        return known[0][1].sentence
    mixed = [(part, finding) for part, finding in known if MIXED in finding.said]
    clear = [(part, finding) for part, finding in known if MIXED not in finding.said]
    never = [part.loaded.name for part, finding in clear if float(finding.band.mean) == 0]
    falls = [(part, finding) for part, finding in clear if 0 < float(finding.band.mean) < math.inf]
    stays = [part.loaded.name for part, finding in clear if not math.isfinite(float(finding.band.mean))]
    within = f"within {duration(outcome.scenarios[0].world.horizon_days)}"
    risk = "The individual risk of death"
    for names, verb in ((never, f"never reaches {threshold}"), (stays, f"does not fall below {threshold} {within}")):
        if len(names) == len(known):
            return f"{risk} {verb} in any scenario."
    clauses = []
    if falls:
        times = [_in_scenario(finding.said, finding, part, outcome) for part, finding in falls]
        clauses.append(f"{risk} falls below {threshold} {listed(times)}")
        clauses += [f"in {listed(stays)} it does not {within}"] if stays else []
    elif stays:
        clauses.append(f"{risk} does not fall below {threshold} {within} in {listed(stays, 'or')}")
    clauses += [f"in {listed(never)} it is always below" if clauses else f"{risk} never reaches {threshold} in "
                f"{listed(never)}"] if never else []  # fmt: skip
    for part, finding in mixed:
        subject = "" if clauses else f"{risk} falls below {threshold} "
        clauses.append(f"{subject}in {part.loaded.name}: {finding.said}")
    return f"{'; '.join(clauses)}."


def _inputs_sentence(outcome: Outcome, *, varied: bool) -> str:
    """Say where the inputs come from: chance is in the ranges, doubt about the inputs is not."""
    values = [value for part in outcome.scenarios for value in sourced_values(part.loaded.tree)]
    assumed = len({(value.path, value.value) for value in values if value.source == ASSUMPTION})
    uncertain = len({(value.path, str(value.uncertainty)) for value in values if value.uncertainty})
    simulated = outcome.scenarios[0].ensemble is not None
    text = "Ranges show chance alone, not" if simulated else "Expected values show neither chance nor"
    text += " doubt about the inputs" + (", unless it is said that inputs were drawn" if varied else "")
    clauses = []
    if assumed:
        clauses.append(f"{counted(assumed, 'input')} {'is an assumption' if assumed == 1 else 'are assumptions'}")
    if uncertain and not varied:
        verb = "has" if uncertain == 1 else "have"
        noun = "" if assumed else f" {'input' if uncertain == 1 else 'inputs'}"
        clauses.append(f"{uncertain:,}{noun} {verb} a stated range that this run did not vary")
    return f"{text}: {listed(clauses)}." if clauses else f"{text}."
