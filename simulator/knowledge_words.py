"""What uncertain inputs do, in words: a sentence for each scenario, and a cell for each metric."""

import math
from collections.abc import Iterator, Sequence

from simulator.experiment import Outcome
from simulator.knowledge import Knowledge, Spread
from simulator.statistics import Band, zero_events_bound
from simulator.wording import bound, counted, duration, durations, listed, number, span

_MUCH_NOISE = 0.1
_NEGLIGIBLE = 1e-9
_METRIC = "casualties"


def spread_cell(spread: Spread | None, *, is_time: bool) -> str:
    """Write a metric under uncertain inputs: mean (a median of times), range of expected values, range of worlds.

    Where no world showed any, it is the upper bound of the mean (95 % confidence).
    """
    if spread is None:
        return ""
    if not is_time and spread.both is not None and float(spread.knowledge.mean) < _NEGLIGIBLE:
        worlds = spread.both.replicates
        return f"< {bound(zero_events_bound(worlds))} (none in {worlds:,} worlds)"
    middle = float(spread.knowledge.p50 if is_time else spread.knowledge.mean)
    said = _time(middle) if is_time else number(middle)
    ranges = [_range(band, is_time=is_time) for band in (spread.knowledge, spread.both) if band is not None]
    return f"{said} ({'; '.join(ranges)})"


def knowledge_sentences(outcome: Outcome, knowledge: Sequence[Knowledge]) -> Iterator[str]:
    """Say what is not known about casualties, apart from chance; nothing where no inputs were varied."""
    if not knowledge:
        return
    for part, known in zip(outcome.scenarios, knowledge, strict=True):
        spread = known.metrics.get(_METRIC)
        if spread is None:
            continue
        where = f"In {part.loaded.name}" if len(outcome.scenarios) > 1 else "Over the horizon"
        inputs = counted(len(known.inputs), "uncertain input")
        text = (
            f"{where}, with {inputs} drawn {known.sets:,} times, the expected casualties lie between "
            f"{_ends(spread.knowledge)} in 90 % of the sets (knowledge)"
        )
        if spread.both is not None:
            text += f", those of single worlds between {_ends(spread.both)} (knowledge and chance)"
        yield f"{text}."
    yield from _difference_sentences(outcome, knowledge)
    noisy = [
        part.loaded.name
        for part, known in zip(outcome.scenarios, knowledge, strict=True)
        if known.noise.get(_METRIC, 0.0) > _MUCH_NOISE
    ]
    if noisy:
        yield (
            f"More than {100 * _MUCH_NOISE:g} % of the variance between sets in {listed(noisy)} is Monte Carlo error: "
            "the ranges of knowledge are too wide; more --replicates narrow them."
        )


def _difference_sentences(outcome: Outcome, knowledge: Sequence[Knowledge]) -> Iterator[str]:
    reference = outcome.scenarios[0].loaded.name
    for part, known in zip(outcome.scenarios[1:], knowledge[1:], strict=True):
        found = known.metric_differences.get(_METRIC)
        if found is None:
            continue
        low, high = float(found.knowledge.p05), float(found.knowledge.p95)
        ends = (float(found.knowledge.ratio_p05), float(found.knowledge.ratio_p95))
        as_many = f": {span(100 * ends[0], 100 * ends[1])} % as many" if all(map(math.isfinite, ends)) else ""
        if low == high == 0:
            yield f"{part.loaded.name} and {reference} lead to the same expected casualties in 90 % of the sets."
        elif high < 0:
            yield (
                f"{part.loaded.name} leads to {span(-high, -low)} fewer expected casualties than {reference} in "
                f"90 % of the sets{as_many}."
            )
        elif low > 0:
            yield (
                f"{part.loaded.name} leads to {span(low, high)} more expected casualties than {reference} in "
                f"90 % of the sets{as_many}."
            )
        else:
            yield (
                f"Whether {part.loaded.name} leads to fewer casualties than {reference} depends on what is not known: "
                f"from {number(-low)} fewer to {number(high)} more in 90 % of the sets."
            )


def _ends(band: Band) -> str:
    return f"{number(float(band.p05))} and {number(float(band.p95))}"


def _range(band: Band, *, is_time: bool) -> str:
    low, high = float(band.p05), float(band.p95)
    if not is_time:
        return span(low, high)
    if low > 0 and math.isfinite(high):
        return durations(low, high)
    return _time(low) if low == high else f"{_time(low)} to {_time(high)}"


def _time(days: float) -> str:
    """Write a time until a risk stays below a threshold: 0 where it never was above."""
    if not math.isfinite(days):
        return "not within the horizon"
    return duration(days) if days > 0 else "always below"
