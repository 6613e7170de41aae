"""What figures say: numbers for people, names, and sentences that never claim more than was seen."""

import math
from collections.abc import Sequence
from datetime import date

from simulator.experiment import Outcome, ScenarioOutcome
from simulator.figure_series import LEAST_SAID, Moment, Series, laid, unseen_from
from simulator.wording import bound, duration

DISCLAIMER = "A model of civilian harm; never evidence that land is safe."
MEANS_AND_BANDS = "Line: mean; band: 5–95 % of simulated worlds."

_LEAST_PERCENT = 1e-5
_LONGEST_NAME = 64
_LONGEST_NOUN = 30
_LARGE = ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"))
_MINUS = "\N{MINUS SIGN}"


def headline_number(value: float) -> str:
    """Write a number as a headline says it: ``12,345`` or ``1.235 million``, with two digits where it is below ten."""
    size = abs(value)
    for unit, word in _LARGE:
        if size >= unit * 0.9999995:
            return f"{value / unit:,.4g} {word}".replace("-", _MINUS)
    return (f"{value:,.0f}" if size >= 9.5 else f"{value:.2g}").replace("-", _MINUS)


def plain_number(value: float) -> str:
    """Write a number as an axis shows it: ``20,000`` or ``0.001``."""
    if abs(value) >= 9_999_999.5:
        return headline_number(value)
    return f"{value:,.9f}".rstrip("0").rstrip(".").replace("-", _MINUS)


def said(value: float, least: float) -> str:
    """Write a mean: ``12``, or ``fewer than 0.06`` below the least that can be told from none."""
    return headline_number(value) if value >= least else f"fewer than {bound(least)}"


def share(percent: float, least: float) -> str:
    """Write a share, precise near both ends: ``12 %``, ``99.86 %``, ``above 99.99 %`` or ``below 0.001 %``."""
    least = max(least, _LEAST_PERCENT)
    if percent < least:
        step = 10.0 ** math.floor(math.log10(least))
        return f"below {plain_number(math.ceil(least / step - 1e-9) * step)} %"
    missing = 100.0 - percent
    if missing < 0.01:
        return "above 99.99 %"
    if missing < 0.95:
        return f"{percent:.{min(2, 1 - math.floor(math.log10(missing)))}f} %"
    return f"{percent:.0f} %" if percent >= 9.5 else f"{percent:.2g} %"


def more_or_fewer(value: float) -> str:
    """Write a difference: ``12 fewer``, ``3.4 more`` or ``as many``."""
    if abs(value) < LEAST_SAID:
        return "as many"
    return f"{headline_number(abs(value))} {'fewer' if value < 0 else 'more'}"


def since(start: date) -> str:
    """Write the first day of a time axis."""
    return f"{start.day} {start:%B} {start.year}"


def names(parts: Sequence[ScenarioOutcome]) -> list[str]:
    """Name each scenario shortly, no two alike: by title, with the file's name or its place where titles are alike."""
    titles = [_printable(part.world.title) for part in parts]
    files = [f"{_printable(part.world.name)}: {title}" for part, title in zip(parts, titles, strict=True)]
    places = [f"{place}: {title}" for place, title in enumerate(titles, 1)]
    for choice in (titles, files):
        short = [_shortened(text) for text in choice]
        if len(set(short)) == len(short):
            return short
    return [_shortened(text) for text in places]


def mines_of(parts: Sequence[ScenarioOutcome]) -> list[str]:
    """Name the mines of each scenario: by their class where that tells them apart, else by the scenario."""
    nouns = [_printable(part.world.kinds[0].name) for part in parts if len(part.world.kinds) == 1]
    if len(set(nouns)) == len(parts) and all(len(noun) <= _LONGEST_NOUN for noun in nouns):
        return [noun if noun.lower().endswith("mines") else f"{noun} mines" for noun in nouns]
    return ["mines"] if len(parts) == 1 else [f"mines in “{name}”" for name in names(parts)]


def hazard_sentence(outcome: Outcome, found: Sequence[Series], moment: Moment) -> str:
    """Say how many of the mines laid are still hazardous at a moment; the reference comes last."""
    counts, totals, mines = _counted(outcome, found, moment)
    first = _first(found)
    verb = "is" if counts[first] == "1" else "are"
    passed = duration(moment.day - moment.counted_from)
    start = f"{passed} after the last mine was laid" if moment.counted_from > 0 else f"After {passed}"
    return _completed(
        outcome, f"{start}, {mines[first]} {verb} still hazardous", found, moment, reference=mines[0], totals=totals
    )


def clearance_sentence(outcome: Outcome, found: Sequence[Series], moment: Moment) -> str:
    """Say how many of the mines laid are still in the ground at a moment; the reference comes last."""
    _, totals, mines = _counted(outcome, found, moment)
    text = f"After {duration(moment.day)}, {mines[_first(found)]} must still be cleared, hazardous or inert"
    return _completed(outcome, text, found, moment, reference=mines[0], totals=totals)


def harm_sentence(outcome: Outcome, found: Sequence[Series], moment: Moment) -> str:
    """Say how many casualties are expected up to a moment; the reference comes last."""
    counts = [_at(one, moment) for one in found]
    mines, first = mines_of(outcome.scenarios), _first(found)
    expected = "casualty is expected" if counts[first] == "1" else "casualties are expected"
    text = f"Over {duration(moment.day)}, {counts[first]} {expected} from {mines[first]}"
    return _completed(outcome, text, found, moment, reference=f"{counts[0]} from {mines[0]}")


def difference_sentence(outcome: Outcome, found: Sequence[Series], moment: Moment) -> str:
    """Say how many more or fewer casualties there are than in the reference; ``found`` are the others' differences."""
    mines, index = mines_of(outcome.scenarios), moment.index
    means = [float(one.mean[index]) for one in found]
    least = max(float(one.least[index]) for one in found)
    others = mines[1] if len(found) == 1 else f"the {len(found)} other scenarios"
    start, end = f"Over {duration(moment.day)}", _closed_form(outcome)
    if max(map(abs, means)) < least:
        none = f"{start}, no difference in casualties shows between {others} and {mines[0]}"
        return f"{none}: it is below {bound(least)}{end}"
    if len(found) > 1:
        spread = _range_of_differences(min(means), max(means))
        return f"{start}, {others} cause {spread} casualties than “{names(outcome.scenarios)[0]}”{end}"
    if found[0].p05 is not None and found[0].p95 is not None:
        spread = _range_of_differences(float(found[0].p05[index]), float(found[0].p95[index]))
        end = f" (5–95 % of paired worlds: {spread})" if spread else ""
    word = "casualty" if headline_number(abs(means[0])) == "1" else "casualties"
    return f"{start}, {others} cause {more_or_fewer(means[0])} {word} than {mines[0]}{end}"


def spread_words(one: Series, index: int) -> str:
    """Write the percentiles of the played worlds at a time, ``12 to 26``; nothing where they are none or read alike."""
    if one.p05 is None or one.p95 is None or not one.p95[index] >= LEAST_SAID:
        return ""
    low, high = headline_number(float(one.p05[index])), headline_number(float(one.p95[index]))
    return "" if low == high else f"{low} to {high}"


def footer(outcome: Outcome, shown: str, found: Sequence[Series] = ()) -> str:
    """Say how the numbers were made, and what they are not; bounds are explained where ``found`` has any at the end."""
    if outcome.scenarios[0].ensemble is None:
        return f"Closed form: expected values, nothing simulated, hence no band. {DISCLAIMER}"
    bounds = " “Fewer than” where none was seen: 95 % upper bound of the mean." if _any_unseen(found) else ""
    return f"{outcome.replicates:,} replicates. {shown}{bounds} {DISCLAIMER}"


def _any_unseen(found: Sequence[Series]) -> bool:
    return any(unseen_from(one) is not None or not one.seen.any() for one in found)


def _first(found: Sequence[Series]) -> int:
    """Return the scenario a sentence begins with: the one compared, unless there are several."""
    return 1 if len(found) == 2 else 0


def _at(one: Series, moment: Moment) -> str:
    return said(float(one.mean[moment.index]), float(one.least[moment.index]))


def _counted(outcome: Outcome, found: Sequence[Series], moment: Moment) -> tuple[list[str], list[str], list[str]]:
    """Write each scenario's mean, how many mines it is a part of, and both with their name."""
    counts = [_at(one, moment) for one in found]
    totals = [round(float(laid(part)[moment.index])) for part in outcome.scenarios]
    parts = [f" of {headline_number(total)}" for total in totals]
    nouns = mines_of(outcome.scenarios)
    mines = [f"{count}{part} {noun}" for count, part, noun in zip(counts, parts, nouns, strict=True)]
    return (
        counts,
        parts,
        [told if total else f"no {noun}" for told, total, noun in zip(mines, totals, nouns, strict=True)],
    )


def _completed(
    outcome: Outcome,
    text: str,
    found: Sequence[Series],
    moment: Moment,
    *,
    reference: str,
    totals: Sequence[str] = (),
) -> str:
    """Add a sentence's other side: the spread of worlds, the reference, or the range of all that are not the reference.

    ``totals`` are said of the range where they are not all alike.
    """
    index = moment.index
    if len(found) == 2:
        text = f"{text}, against {reference}"
    elif len(found) > 2:
        order = sorted(range(1, len(found)), key=lambda k: float(max(found[k].mean[index], found[k].least[index])))
        ends = [_at(found[k], moment) + (totals[k] if len(set(totals)) > 1 else "") for k in (order[0], order[-1])]
        told = ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"
        text = f"{text}, against {told} in the {len(order)} other scenarios"
    elif spread := spread_words(found[0], index):
        text = f"{text} (5–95 % of worlds: {spread})"
    return text + _closed_form(outcome)


def _range_of_differences(one: float, other: float) -> str:
    """Write two differences as a range, ``9 to 28 fewer``; nothing where both are none."""
    low, high = sorted((one, other), key=abs)
    near, far = more_or_fewer(low), more_or_fewer(high)
    if abs(high) < LEAST_SAID or near == far:
        return far if abs(high) >= LEAST_SAID else ""
    if abs(low) < LEAST_SAID:
        return f"none to {far}"
    return f"{headline_number(abs(low))} to {far}" if low * high > 0 else f"{near} to {far}"


def _closed_form(outcome: Outcome) -> str:
    return " (closed form)" if outcome.scenarios[0].ensemble is None else ""


def _printable(text: str) -> str:
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


def _shortened(text: str) -> str:
    if len(text) <= _LONGEST_NAME:
        return text
    cut = text[: _LONGEST_NAME - 1]
    at_word = cut.rpartition(" ")[0]
    return (at_word if len(at_word) > _LONGEST_NAME // 2 else cut).rstrip(" ,;:-–(") + "…"
