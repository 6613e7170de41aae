"""How likely a difference is, or an accident at all, by chance alone: counted in the worlds that were played."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from simulator.likelihood import CONFIDENCE, Likelihood, likelihood
from simulator.report_claims import Claim, Row, mean_interval
from simulator.result_folder import WORLDS, ResultFolder, rows_of
from simulator.wording import listed, number

# Where more accidents than this are expected, that there is one needs no words.
_PLAIN = 5.0


def likelihood_claims(result: ResultFolder) -> Iterator[Claim]:
    """Say how likely a difference, or an accident at all, is by chance alone, in the words of the IPCC."""
    played = _played(result)
    if not played:
        return
    if result.verb == "run":
        (counts,) = played.values()
        if result.summary["scenarios"][result.scenarios[0].name]["metrics"]["accidents"]["mean"] > _PLAIN:
            return
        it = likelihood(sum(value > 0 for value in counts), len(counts))
        yield _likelihood_claim([_Event(it, 0, (), "there is at least one accident", "simulated")])
        return
    events: list[_Event] = []
    for comparison in result.summary["comparisons"]:
        one = _side(comparison, played, result)
        if one is None:
            continue
        # Scenarios that stand alike are named together.
        same = next((place for place, its in enumerate(events) if replace(its, names=one.names) == one), None)
        if same is None:
            events.append(one)
        else:
            events[same] = replace(one, names=(*events[same].names, *one.names))
    if events:
        yield _likelihood_claim(events)


@dataclass(frozen=True, slots=True)
class _Event:
    """Something counted in worlds: how often, in how many there was a tie, in which scenarios, and what it is."""

    it: Likelihood
    ties: int
    names: tuple[str, ...]
    said: str
    kind: str


def _played(result: ResultFolder) -> dict[str, list[float]]:
    """The casualties of every played world by scenario, in the order of the replicates; empty where they are not
    kept, in closed form and in results of older versions.
    """
    played: dict[str, list[float]] = {}
    for row in rows_of(result, WORLDS):
        if not row.get("casualties"):
            return {}
        played.setdefault(row["scenario"], []).append(float(row["casualties"]))
    return played


def _side(comparison: Mapping[str, Any], played: Mapping[str, Sequence[float]], result: ResultFolder) -> _Event | None:
    """How often a scenario does as its mean does, against the reference; None where the mean shows no side."""
    found = comparison["differences"]["casualties"]
    low, high = mean_interval(found["difference"], found["standard_error"], result.worlds)
    if low <= 0 <= high:
        return None
    before, after = played[comparison["reference"]], played[comparison["scenario"]]
    sign = 1 if found["difference"] > 0 else -1
    differing = [(a - b) * sign for b, a in zip(before, after, strict=True) if not math.isclose(a, b, abs_tol=1e-12)]
    it = likelihood(sum(one > 0 for one in differing), len(before))
    said = f"to {'more' if sign > 0 else 'fewer'} casualties than {comparison['reference']}"
    return _Event(it, len(before) - len(differing), (comparison["scenario"],), said, "paired")


def _likelihood_claim(events: Sequence[_Event]) -> Claim:
    texts: list[str] = []
    rows: list[Row] = []
    for event in events:
        it = event.it
        counts = f"{it.happened:,} of {it.worlds:,} {event.kind} worlds"
        chance, interval = f"{number(it.low)} to {number(it.high)}", f"{100 * CONFIDENCE:g} % interval"
        ties = f", no difference in {event.ties:,}" if event.ties else ""
        that = f"{_lead(event.names)}{event.said}"
        rows.append((f"probability that {that}", "by chance alone", f"{counts}{ties}", chance, interval))
        start = "it is " if not texts else ""
        word, that_or_whether = (it.term, "that") if it.term else ("not settled by so few worlds", "whether")
        texts.append(f"{start}{word} (probability {chance}, {interval}; {counts}{ties}) {that_or_whether} {that}")
    return Claim(f"By chance alone, with the inputs as stated, {listed(texts)}.", tuple(rows))


def _lead(names: Sequence[str]) -> str:
    if not names:
        return ""
    return f"{names[0]} leads " if len(names) == 1 else f"{listed(names)} each lead "
