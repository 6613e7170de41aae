"""What a sensitivity study may say: whether n was enough, and sentences that no interval contradicts.

Shares from first indices are said as "by itself", those from total indices as "with its interactions".
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from simulator.variance import INTERVAL, Share, SobolIndices, Swings, leading, share
from simulator.wording import counted, listed, number, span

# What n must reach: no 90 % interval goes further from its estimate than this, and there are no fewer base samples than
# these. With fewer the intervals are not to be trusted: on 16 points they held the largest index of a skew product in 4
# of 10 trials. Of the width both ends count, as an estimate that is too small has too narrow an interval.
FURTHEST = 0.1
FEWEST = 64
WEAK = ("low", "very low")

_MOST_DROPPED = 0.05
# Standard errors beyond which an impossible sum is no chance, and how near to all and to nothing noise comes.
_IMPOSSIBLE = 4.0
_NEARLY_ALL, _NEARLY_NONE = 0.8, 0.05
# The least that is said of interactions, and the most of an input that does not matter.
_LEAST_SHARE = 0.01
# What inputs of a grade must make together for it to be worth saying.
_TELLING = 0.5
_MOST_NAMED = 3
_GROUPS = (WEAK, ("moderate", "high"))


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether n was enough, why in a sentence, and if not, the n that should be (None where no n helps)."""

    enough: bool
    sentence: str
    next_n: int | None = None


@dataclass(frozen=True, slots=True)
class InputFacts:
    """What is known of an uncertain input, as people read it: values with their units, ``source`` and ``grade`` or "".

    ``at_low`` and ``at_high`` are its 5 % and 95 % quantile.
    """

    path: str
    label: str
    reference: str
    range: str
    at_low: str
    at_high: str
    source: str = ""
    grade: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class InputRow:
    """An input joined to its evidence: its first and total index and their difference, and the output at its ends."""

    facts: InputFacts
    first: Share
    total: Share
    interactions: Share
    swing_low: float
    swing_high: float


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """Which input drives one ``output``, [``unit``]: rows by falling total index, the labels of those that lead.

    ``by_grade`` has, for the grades together, how many inputs are of them and what these make by themselves.
    ``reference`` is the output where every input is at its reference; 5, 50 and 95 % ``quantiles`` are over all sets.
    """

    output: str
    unit: str
    rows: tuple[InputRow, ...]
    leading: tuple[str, ...]
    by_grade: tuple[tuple[str, int, Share], ...]
    reference: float
    quantiles: tuple[float, ...]
    base_samples: int
    verdict: Verdict


def sensitivity(found: SobolIndices, output: int, facts: Sequence[InputFacts], swung: Swings, unit: str) -> Sensitivity:
    """Join the indices of one output and its tornado to the ``facts``, by the labels that ``found`` calls inputs."""
    known = {fact.label: fact for fact in facts}
    if len(known) < len(facts) or not set(found.inputs) == set(swung.inputs) == set(known):
        raise ValueError(f"inputs do not match: {found.inputs}, {swung.inputs}, and facts on {tuple(known)}")
    ends = {label: place for place, label in enumerate(swung.inputs)}
    rows = []
    for place, label in enumerate(found.inputs):
        first, total = found.first[place, output], found.total[place, output]
        draws, total_draws = found.first_draws[:, place, output], found.total_draws[:, place, output]
        interactions = share(total - first, total_draws - draws)
        low, high = float(swung.at_low[ends[label]]), float(swung.at_high[ends[label]])
        rows.append(InputRow(known[label], share(first, draws), share(total, total_draws), interactions, low, high))
    groups = []
    for grades in _GROUPS:
        members = [place for place, label in enumerate(found.inputs) if known[label].grade in grades]
        its = share(found.first[members, output].sum(), found.first_draws[:, members, output].sum(axis=1))
        groups.append((listed(grades, "or"), len(members), its))
    return Sensitivity(
        found.outputs[output],
        unit,
        tuple(sorted(rows, key=lambda row: -row.total.value)),
        tuple(found.inputs[place] for place in leading(found, output)),
        tuple(groups),
        swung.reference,
        tuple(found.quantiles[:, output].tolist()),
        found.base_samples,
        verdict(found, output),
    )


def verdict(found: SobolIndices, output: int) -> Verdict:
    """Judge whether n was enough for one output.

    It was if all this holds: the output varies; at most 5 % of the base samples failed, and 64 or more are left; no
    input's total index and the first indices of the others add up to clearly more than 1 (four standard errors), which
    no model gives; not every input acts through all others only, as noise does; no 90 % interval reaches further than
    0.1 from its estimate. Inputs that cannot be told apart are said to be tied. Intervals shrink about as 1 / sqrt(n).
    """
    name, n, kept = found.outputs[output], found.base_samples, found.base_samples - found.dropped
    if not np.isfinite(found.total[:, output]).all():
        return Verdict(False, f"All {2 * kept:,} independent points give the same {name}: nothing is to be shared out.")
    if found.dropped > _MOST_DROPPED * n:
        failed = f"The model failed in {found.dropped:,} of {n:,} base samples"
        return Verdict(False, f"{failed}: what is left speaks for a part of the ranges only, and no n mends that.")
    if kept < FEWEST:
        return _too_few(n, FEWEST * n / kept, f"intervals from fewer than {FEWEST} base samples are not to be trusted")
    if (impossible := _contradiction(found, output)) is not None:
        return Verdict(False, impossible)
    estimates = np.stack((found.first, found.total))[..., output]
    low, high = np.stack((found.first_interval, found.total_interval), axis=1)[..., output]
    reach = np.maximum(high - estimates, estimates - low).max(axis=0)
    if np.isnan(reach).any():
        return _too_few(n, 4 * n, f"{name} differs in so few base samples that shares have no interval")
    place = int(np.argmax(reach))
    within = f"known to within {_points(reach[place])}"
    if not reach[place] < FURTHEST:
        # A tenth more, as intervals are themselves a matter of chance.
        needed = 1.1 * n * (reach[place] / FURTHEST) ** 2
        return _too_few(n, needed, f"the share of {found.inputs[place]} is only {within}, not {100 * FURTHEST:g}")
    text = f"n = {n:,} is enough: every share is {within} (90 % intervals), and {_first_place(found, output)}"
    if found.dropped:
        text += f"; {counted(found.dropped, 'base sample')} in which the model failed left out"
    return Verdict(True, f"{text}.")


def sentences(it: Sensitivity) -> Iterator[str]:
    """Say what drives the output, as far as the intervals support it; only why not where n was not enough."""
    if not it.verdict.enough:
        yield it.verdict.sentence
        return
    low, middle, high = it.quantiles
    between = f"between {number(low)} and {number(high)} {it.unit} in 90 % of parameter sets (median {number(middle)})"
    yield f"Doubt about {counted(len(it.rows), 'input')} puts {it.output} {between}."
    yield from _leader_sentences(it) if len(it.leading) == 1 else _tie_sentences(it)
    for grades, members, its in it.by_grade:
        if members == len(it.rows) > 1:
            yield f"All {members} inputs are of {grades} grade."
        elif members > 1 and its.low > _TELLING:
            yield f"{percent(its)} ({interval(its)}) rests on the {members} inputs of {grades} grade by themselves."
    small = [row.facts.label for row in it.rows if row.total.high < _LEAST_SHARE]
    if small:
        names = listed(small) if len(small) <= _MOST_NAMED else f"{len(small)} inputs"
        each, them = ("makes less than 1 %", "it") if len(small) == 1 else ("make less than 1 % each", "them")
        yield f"{names} {each} even with all interactions: knowing {them} better would not narrow the answer."
    yield it.verdict.sentence


def headline(it: Sensitivity) -> str:
    """Say in a line which input makes the largest share, or that it cannot be told."""
    if not np.isfinite(it.rows[0].total.value):
        return f"No uncertain input shows an effect on {it.output}"
    if not it.verdict.enough:
        return f"What drives {it.output} cannot be told from these runs"
    row = it.rows[0]
    if len(it.rows) == 1:
        return f"All doubt about {it.output} rests on {row.facts.label}, the only uncertain input"
    if len(it.leading) > 1:
        return f"{_tied(it.leading)} for the largest share of the variance of {it.output}"
    its, how = (row.first, "by itself") if row.first.low > 0 else (row.total, "with its interactions")
    return f"{percent(its)} of the variance of {it.output} rests on {row.facts.label} {how}, {evidence(row.facts)}"


def swing_headline(it: Sensitivity) -> str:
    """Say in a line what one input alone does to the output: the one with the largest swing, at its two ends."""
    row = max(it.rows, key=lambda row: swing_size(it, row))
    size = swing_size(it, row)
    if size < 0:
        return f"What one input alone does to {it.output} is not known: the model failed"
    if size == 0:
        return f"No input alone changes {it.output}"
    ends = f"from {number(row.swing_low)} to {number(row.swing_high)} {it.unit}"
    return f"{row.facts.label} alone takes {it.output} {ends}, at its 5 % and its 95 % value"


def swing_size(it: Sensitivity, row: InputRow) -> float:
    """Range of the output over the reference and both ends of an input; negative where an end is missing."""
    ends = (it.reference, row.swing_low, row.swing_high)
    return max(ends) - min(ends) if np.isfinite(ends).all() else -1.0


def evidence(facts: InputFacts) -> str:
    """Write how far an input is to be trusted: ``an input of low grade (assumption)``."""
    grade = f"of {facts.grade} grade" if facts.grade else "without a grade"
    return f"an input {grade} ({facts.source})" if facts.source else f"an input {grade}"


def percent(its: Share) -> str:
    """Write a share, ``61 %`` or ``4.2 %``; a true share is neither negative nor above 1, and so never written so."""
    return "below 0.1 %" if its.value < 0.0005 else f"{number(_hundreds(its.value))} %"


def interval(its: Share) -> str:
    """Write the ends of a share's interval, ``52 to 70 %``, within 0 and 100 %."""
    return f"{span(_hundreds(its.low), _hundreds(its.high))} %"


def _leader_sentences(it: Sensitivity) -> Iterator[str]:
    row = it.rows[0]
    name, known = row.facts.label, evidence(row.facts)
    if len(it.rows) == 1:
        yield f"All of it rests on {name}, the only uncertain input: {known}."
        return
    by_itself = row.first.low > 0
    its = row.first if by_itself else row.total
    rests = f"{percent(its)} of the variance of {it.output} (90 % interval {interval(its)}) rests on {name}"
    if not by_itself:
        yield f"{rests} with its interactions, {known}; by itself it shows none."
        return
    yield f"{rests} by itself, {known}."
    if row.interactions.low > _LEAST_SHARE:
        yield f"With its interactions {name} makes {percent(row.total)} ({interval(row.total)})."


def _tie_sentences(it: Sensitivity) -> Iterator[str]:
    rows = [row for row in it.rows if row.facts.label in it.leading]
    tied = f"{_tied(it.leading)} for the largest share of the variance of {it.output}"
    if len(rows) > _MOST_NAMED:
        most = number(_hundreds(max(row.total.high for row in rows)))
        yield f"{tied}: none makes more than {most} % with its interactions."
        return
    yield f"{tied}."
    for row in rows:
        makes = f"{percent(row.total)} (90 % interval {interval(row.total)})"
        yield f"{row.facts.label} makes {makes} with its interactions, {evidence(row.facts)}."


def _contradiction(found: SobolIndices, output: int) -> str | None:
    """Say what in the indices no model gives, or only noise."""
    first, total = found.first[:, output], found.total[:, output]
    first_draws, total_draws = found.first_draws[..., output], found.total_draws[..., output]
    # What an input makes with its interactions and what the others make without it are parts of one whole.
    together = total + first.sum() - first
    spread = (total_draws + first_draws.sum(axis=1, keepdims=True) - first_draws).std(axis=0)
    worst = int(np.argmax(together - _IMPOSSIBLE * spread))
    # Rounding alone is no contradiction.
    if together[worst] > 1.0 + _IMPOSSIBLE * spread[worst] + 1e-9:
        parts = f"The total index of {found.inputs[worst]} and the first indices of the others add up to"
        whole = f"{100 * together[worst]:.0f} %"
        return f"{parts} {whole}, which no model gives: values and points do not belong together."
    by_themselves = share(first.sum(), first_draws.sum(axis=1))
    if by_themselves.low < _NEARLY_NONE and (np.quantile(total_draws, INTERVAL[0], axis=0) > _NEARLY_ALL).all():
        every = f"Every input seems to change {found.outputs[output]} only together with all others"
        return f"{every}: so does noise, and so do values in another order than their points."
    return None


def _too_few(n: int, needed: float, why: str) -> Verdict:
    next_n = max(2 * n, 1 << (math.ceil(needed) - 1).bit_length())
    return Verdict(False, f"n = {n:,} is not enough, as {why}: try n = {next_n:,}.", next_n)


def _first_place(found: SobolIndices, output: int) -> str:
    names = [found.inputs[place] for place in leading(found, output)]
    return f"{names[0]} makes the largest" if len(names) == 1 else f"{_tied(names)} for the largest"


def _tied(names: Sequence[str]) -> str:
    return f"{listed(names) if len(names) <= _MOST_NAMED else f'{len(names)} inputs'} are tied"


def _points(part: float) -> str:
    return counted(max(math.ceil(100 * part - 1e-9), 1), "percentage point")


def _hundreds(value: float) -> float:
    percents = 100 * min(max(value, 0.0), 1.0)
    return round(percents, 1 if percents < 9.95 else None)
