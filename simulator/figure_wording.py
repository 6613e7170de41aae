"""What figures say: numbers for people, names, and sentences that never claim more than was seen."""

import math
from collections.abc import Sequence

from simulator.experiment import Outcome, ScenarioOutcome
from simulator.figure_series import Moment, Series, laid
from simulator.units import DAYS_PER_YEAR

DISCLAIMER = "A model of civilian harm; never evidence that land is safe."
_LONGEST_NAME = 64
_LONGEST_NOUN = 30
_LARGE = ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"))
_MINUS = "\N{MINUS SIGN}"


def number(value: float) -> str:
    """A number for people: ``12,345`` or ``1.235 million``, and two digits where it is below ten."""
    for unit, word in _LARGE:
        if abs(value) >= unit * 0.9999995:
            return f"{value / unit:,.4g} {word}".replace("-", _MINUS)
    return (f"{value:,.0f}" if abs(value) >= 9.95 else f"{value:.2g}").replace("-", _MINUS)


def plain_number(value: float) -> str:
    """A number as an axis shows it: ``20,000`` or ``0.001``."""
    if abs(value) >= 9_999_999.5:
        return number(value)
    text = f"{value:,.9f}".rstrip("0").rstrip(".")
    return text.replace("-", _MINUS)


def upper_bound(value: float) -> str:
    """A bound above 0 for people: one digit, rounded up."""
    step = 10.0 ** math.floor(math.log10(value))
    return plain_number(math.ceil(value / step - 1e-9) * step)


def said(value: float, least: float) -> str:
    """A mean in words: ``12``, or ``fewer than 0.06`` below the least that can be told from none."""
    return number(value) if value >= least else f"fewer than {upper_bound(least)}"


def share(percent: float, least: float) -> str:
    """A share in words, precise near both ends: ``12 %``, ``99.86 %`` or ``below 0.001 %``."""
    if percent < least:
        return f"below {upper_bound(least)} %"
    missing = 100.0 - percent
    if 5e-4 <= missing < 0.95:
        return f"{percent:.{1 - math.floor(math.log10(missing))}f} %"
    return f"{percent:.0f} %" if percent >= 9.95 else f"{percent:.2g} %"


def duration(days: float) -> str:
    """A span of time in words: ``120 days``, ``10 years``."""
    years = days / DAYS_PER_YEAR
    amount, unit = (f"{years:.3g}", "year") if years >= 2 or abs(years - 1) < 1e-6 else (f"{days:.3g}", "day")
    return f"{amount} {unit}{'' if amount == '1' else 's'}"


def names(parts: Sequence[ScenarioOutcome]) -> list[str]:
    """A short name for each scenario, no two alike: its title, with the file's name or its place where titles are alike."""
    titles = [_printable(part.world.title) for part in parts]
    files = [f"{_printable(part.world.name)}: {title}" for part, title in zip(parts, titles, strict=True)]
    places = [f"{place}: {title}" for place, title in enumerate(titles, 1)]
    for choice in (titles, files):
        short = [_shortened(text) for text in choice]
        if len(set(short)) == len(short):
            return short
    return [_shortened(text) for text in places]


def mines_of(parts: Sequence[ScenarioOutcome]) -> list[str]:
    """What sentences call the mines of each scenario: by their class where that tells them apart, else by the scenario."""
    nouns = [_printable(part.world.kinds[0].name) for part in parts if len(part.world.kinds) == 1]
    if len(set(nouns)) == len(parts) and all(len(noun) <= _LONGEST_NOUN for noun in nouns):
        return [noun if noun.lower().endswith("mines") else f"{noun} mines" for noun in nouns]
    return ["mines"] if len(parts) == 1 else [f"mines in “{name}”" for name in names(parts)]


def mines_sentence(outcome: Outcome, found: Sequence[Series], moment: Moment, state: str) -> str:
    """How many of the mines laid are in a state, such as ``still hazardous``, at a moment; the reference comes last."""
    passed = duration(moment.day - moment.laid_by)
    start = f"{passed} after the last mine was laid" if moment.laid_by > 0 else f"After {passed}"
    counts = [said(one.mean[moment.index], one.least[moment.index]) for one in found]
    mines = [
        f"{count} of {number(round(float(laid(part)[moment.index])))} {noun}"
        for count, part, noun in zip(counts, outcome.scenarios, mines_of(outcome.scenarios), strict=True)
    ]
    first = min(1, len(found) - 1) if len(found) <= 2 else 0
    verb = "is" if counts[first] == "1" else "are"
    text = f"{start}, {mines[first]} {verb} {state}"
    return _completed(outcome, text, found, moment, mines[0])


def harm_sentence(outcome: Outcome, found: Sequence[Series], moment: Moment) -> str:
    """Casualties up to a moment; the reference comes last."""
    counts = [said(one.mean[moment.index], one.least[moment.index]) for one in found]
    mines = [f"{count} from {noun}" for count, noun in zip(counts, mines_of(outcome.scenarios), strict=True)]
    first = 1 if len(found) == 2 else 0
    expected = "casualty is expected" if counts[first] == "1" else "casualties are expected"
    text = f"Over {duration(moment.day)}, {counts[first]} {expected} from {mines_of(outcome.scenarios)[first]}"
    return _completed(outcome, text, found, moment, mines[0])


def difference_sentence(outcome: Outcome, found: Sequence[Series], moment: Moment) -> str:
    """Casualties up to a moment, more or fewer than in the reference; ``found`` are the differences of the others."""
    mines, index = mines_of(outcome.scenarios), moment.index
    start, end = f"Over {duration(moment.day)}", _closed_form(outcome)
    least = max(float(one.least[index]) for one in found)
    means = [float(one.mean[index]) for one in found]
    others = mines[1] if len(found) == 1 else f"the {len(found)} other scenarios"
    if max(map(abs, means)) < least:
        return f"{start}, no difference in casualties shows between {others} and {mines[0]}: it is below {upper_bound(least)}{end}"
    if len(found) > 1:
        low, high = more_or_fewer(min(means)), more_or_fewer(max(means))
        spread = low if low == high else f"from {low} to {high}"
        return f"{start}, {others} cause {spread} casualties than {mines[0]}{end}"
    if found[0].p05 is not None and found[0].p95 is not None:
        low, high = (more_or_fewer(float(edge[index])) for edge in (found[0].p05, found[0].p95))
        end = f" (in 5–95 % of paired worlds from {low} to {high})"
    word = "casualty" if number(abs(means[0])) == "1" else "casualties"
    return f"{start}, {others} cause {more_or_fewer(means[0])} {word} than {mines[0]}{end}"


def more_or_fewer(value: float) -> str:
    """A difference in words: ``12 fewer``, ``3.4 more`` or ``as many``."""
    if abs(value) < 1e-3:
        return "as many"
    return f"{number(abs(value))} {'fewer' if value < 0 else 'more'}"


def spread_words(found: Series, index: int) -> str:
    """The percentiles of the played worlds at a time, ``12 to 26``; empty where none was seen or none was played."""
    if found.p05 is None or found.p95 is None or not found.seen[index]:
        return ""
    return f"{number(float(found.p05[index]))} to {number(float(found.p95[index]))}"


def footer(outcome: Outcome, worlds: str = "simulated worlds") -> str:
    """How the numbers were made, and what they are not."""
    if outcome.scenarios[0].ensemble is None:
        return f"Closed form: expected values, nothing simulated, hence no band. {DISCLAIMER}"
    return f"{outcome.replicates:,} replicates. Line: mean; band: 5–95 % of {worlds}. {DISCLAIMER}"


def _completed(outcome: Outcome, text: str, found: Sequence[Series], moment: Moment, reference: str) -> str:
    """A sentence with its other side: nothing, the reference, or the range of all scenarios that are not the reference."""
    if len(found) == 2:
        text = f"{text}, against {reference}"
    elif len(found) > 2:
        told = sorted(
            ((float(one.mean[moment.index]), float(one.least[moment.index])) for one in found[1:]),
            key=lambda pair: max(pair),
        )
        low, high = said(*told[0]), said(*told[-1])
        text = f"{text}, against {low if low == high else f'between {low} and {high}'} in the {len(found) - 1} other scenarios"
    elif spread := spread_words(found[0], moment.index):
        text = f"{text} (5–95 % of worlds: {spread})"
    return text + _closed_form(outcome)


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
