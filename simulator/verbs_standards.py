"""The verb ``standards``: how the mines of a scenario stand to named criteria, and what that rests on."""
# ruff: noqa: D301
# Imports stand in the functions, as in the other verbs: help answers at once.

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from simulator.arguments import WholeNumber
from simulator.options import FILE, SET, load_all

if TYPE_CHECKING:
    from simulator.realised_share import Realised
    from simulator.scenario_file import LoadedScenario
    from simulator.standards import Criterion, Judgement, Judgements, OverSets

_SENTENCE = {"not_self_destructed": "have not self-destructed", "functioning": "still function"}
_STATE = {"not_self_destructed": "not self-destructed", "functioning": "functions"}
_HEADER = (
    "mines, criterion", "state, age", "limit", "stated", "90 % interval", "met", "among those laid", "those meet it",
)  # fmt: skip
_OF_NO_DEVICE = {"count", "laid", "placement"}
_LOW = {"very low", "low"}
_WIDTH = 110


@click.command("standards", short_help="Hold a scenario's mines against named criteria.")
@click.argument("scenario", type=FILE)
@SET
@click.option("--seed", type=WholeNumber(0, 2**63 - 1), help="Seed of the parameter sets [default: the scenario's].")
@click.option(
    "-n", "--sets", type=WholeNumber(2, 100_000), default=1024, show_default=True,
    help="Parameter sets of the uncertain inputs. Best a power of two.",
)  # fmt: skip
@click.option("--standards", "criteria", type=FILE, metavar="FILE", help="Your own criteria, instead of those shipped.")
def standards(scenario: Path, criteria: Path | None, sets: int, **options: Any) -> None:
    """Hold the mines of a scenario against named criteria: a share at an age, and the limit it must meet.

    The criteria are those of CCW Amended Protocol II, the US policy of 2020 and the official claim of 2020. They are
    about devices: the age counts from each mine's laying, only activated mines count, and people and teams have no
    part. Uncertain inputs of the scenario give an interval and a probability; without any, a criterion is met or not by
    the stated values.

    \b
    Examples:
      minesim standards scenarios/treaty-limit.yaml
      minesim standards scenarios/official-claim.yaml --sets 4096
      minesim standards my.yaml --set mines.battery-limited.battery.failure=5% --standards my-criteria.yaml

    A file of criteria is a mapping of keys to {title, measure, after, limit, source, note}; measure is
    not_self_destructed or functioning.
    """
    (loaded,) = load_all([scenario], {**options, "replicates": None})

    # Wrong input is refused before anything that computes is loaded.
    from simulator.console import say, show_table
    from simulator.standards import SHIPPED, judge, read_standards

    held = read_standards(criteria if criteria is not None else SHIPPED)
    found = judge(loaded, held, sets)
    for row in found.rows:
        say(_sentence(row, loaded.name))
    say()
    show_table(_HEADER, [_cells(row) for row in found.rows])
    say()
    for paragraph in (*_reading(found, loaded), *_basis(found, loaded), *_about(list(held.values())), _SCOPE):
        say(_filled(paragraph))


_SCOPE = (
    "The criteria are about devices: the age counts from each mine's laying, and mines that never armed, accidents and "
    "clearance do not count. A criterion that is met is no evidence that land is safe."
)


def _sentence(row: "Judgement", scenario: str) -> str:
    from simulator.wording import duration

    criterion = row.criterion
    share, limit = _told_apart(row.share, criterion.limit)
    to_limit = f"the limit of {criterion.title} is {limit}"
    if share == limit:
        to_limit = f"exactly the limit of {criterion.title}"
    split = _split(row)
    text = f"{scenario}'s {row.mines} mines: {share} {_SENTENCE[criterion.measure]} after {duration(criterion.after)}"
    return f"{text}{split}, {to_limit}: {_verdict(row)}."


def _split(row: "Judgement") -> str:
    """Say how many of the mines that have not self-destructed still function."""
    inert = row.share - row.functioning
    if row.criterion.measure == "functioning" or not inert > 1e-6 * row.share:
        return ""
    return f" ({_share(row.functioning)} still function, {_share(inert)} are inert)"


def _verdict(row: "Judgement") -> str:
    stated = "met by the stated values" if row.is_met else "not met by the stated values"
    over = row.over
    if over is None:
        return f"{stated}, and no stated uncertainty moves it" if row.has_uncertainty else stated
    return (
        f"{stated}; over the uncertain inputs the share is {_share(over.median)} (median; 90 % interval "
        f"{_range(over.low, over.high)}), and the limit is met with a probability of {_probability(over)} "
        f"({_certainty(over)})"
    )


def _cells(row: "Judgement") -> tuple[str, ...]:
    from simulator.wording import duration

    criterion, over = row.criterion, row.over
    share, limit = _told_apart(row.share, criterion.limit)
    state = f"{_STATE[criterion.measure]}, {duration(criterion.after)}"
    if over is None:
        interval = "not moved" if row.has_uncertainty else "none stated"
        met = "yes, as stated" if row.is_met else "no, as stated"
    else:
        interval, met = _range(over.low, over.high), _probability(over)
    laid = ("none", "") if row.realised is None else (_range(row.realised.low, row.realised.high), _meets(row.realised))
    return (f"{row.mines}, {criterion.title}", state, limit, share, interval, met, *laid)


def _reading(found: "Judgements", loaded: "LoadedScenario") -> Iterator[str]:
    """What the columns of the table mean, a paragraph each."""
    from simulator.wording import counted

    if any(row.over is not None for row in found.rows):
        yield (
            f"90 % interval and met: over {found.sets:,} parameter sets of the uncertain inputs of the mines, seed "
            f"{loaded.scenario.seed}. What so many sets leave open of a probability has 95 % confidence, the bound as "
            "well that is given where all or none of them meet a limit."
        )
    if any(row.over is None for row in found.rows):
        yield "As stated: by the values of the scenario; met or not met is no probability there."
    if found.failures:
        left_out = counted(len(found.failures), "parameter set")
        yield f"{left_out} made no valid scenario and are left out; the first: {found.failures[0]}"
    if laid := _laid(found, loaded):
        yield (
            "Among those laid: what the share of so many mines turns out to be with 90 % probability, by chance and "
            f"over the parameter sets where they move it. The limits allow, one after the other, {laid}."
        )


def _laid(found: "Judgements", loaded: "LoadedScenario") -> str:
    """How many of the activated mines of each class the limits allow, from criterion to criterion."""
    from simulator.wording import counted, listed

    texts = []
    for name, mines in loaded.scenario.mines.items():
        laid = [row.realised for row in found.rows if row.mines == name and row.realised is not None]
        if laid:
            lots = f" (in lots of {mines.lots.size:,}: approximate)" if mines.lots else ""
            allowed = listed([f"{one.allowed:,}" for one in laid])
            texts.append(f"{allowed} of {counted(laid[0].mines, f'activated {name} mine')}{lots}")
    return "; ".join(texts)


def _basis(found: "Judgements", loaded: "LoadedScenario") -> Iterator[str]:
    """Which inputs the numbers rest on, and how good they are."""
    from simulator.evidence import ASSUMPTION, sourced_values
    from simulator.uncertainty import distribution_text
    from simulator.wording import counted

    if found.inputs:
        yield f"The intervals rest on {counted(len(found.inputs), 'uncertain input')}:"
        for one in found.inputs:
            grade = f"{one.grade} grade" if one.grade else "no grade"
            yield f"  {one.label}: {distribution_text(one)} ({one.source or 'no source'}, {grade})"
    numbers = list(_numbers(loaded.tree["mines"], ("mines",)))
    sourced = [one for one in sourced_values(loaded.tree) if one.path in numbers]
    assumed = sum(one.source == ASSUMPTION for one in sourced)
    low = sum(one.grade in _LOW for one in sourced)
    unsaid = len(numbers) - len(sourced)
    yield (
        f"Of {counted(len(numbers), 'number')} of the devices, {assumed:,} "
        f"{'is an assumption' if assumed == 1 else 'are assumptions'}, {low:,} {'is' if low == 1 else 'are'} of low or "
        f"very low grade, and {unsaid:,} {'names' if unsaid == 1 else 'name'} no source."
    )


def _numbers(tree: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The path of every number of the devices."""
    from simulator.fields import number_at

    if len(path) > 2 and path[2] in _OF_NO_DEVICE:
        return
    is_law = isinstance(tree, Mapping) and not {"value", "one_of"} & set(tree)
    if number_at(path) is not None and not is_law:
        if tree is not None and tree != "never":
            yield path
    elif isinstance(tree, Mapping | list):
        below = tree.items() if isinstance(tree, Mapping) else enumerate(tree)
        for key, child in below:
            yield from _numbers(child, (*path, str(key)))


def _about(criteria: "Sequence[Criterion]") -> Iterator[str]:
    """Where each limit comes from, with reservations."""
    from simulator.wording import duration

    yield "The criteria:"
    for one in criteria:
        state = f"{_STATE[one.measure]}, {duration(one.after)}"
        yield f"  {one.title}, {state} ({one.source}). {' '.join(one.note.split())}".rstrip()


def _probability(over: "OverSets") -> str:
    """The probability of meeting a limit, as far as so many parameter sets show it."""
    share = over.met / over.sets
    return _bound(share, over.sets) if over.met in {0, over.sets} else _percent(share)


def _certainty(over: "OverSets") -> str:
    """What so many parameter sets leave open of the probability."""
    if over.met in {0, over.sets}:
        return f"{'all' if over.met else 'none'} of {over.sets:,} parameter sets meet it"
    from simulator.demonstration import rate_bounds

    low, high = rate_bounds(over.sets, over.met, 0.95).interval
    return f"{_percent(low)} to {_percent(high)} with {over.sets:,} parameter sets"


def _meets(laid: "Realised") -> str:
    """The probability that the mines laid meet a limit; what the parameter sets cannot show is not claimed."""
    if laid.sets and not 3 / laid.sets < laid.meets < 1 - 3 / laid.sets:
        return _bound(laid.meets, laid.sets)
    if 0 < laid.meets < 0.001:
        return "below 0.1 %"
    return "above 99.9 %" if 0.999 < laid.meets < 1 else _percent(laid.meets)


def _bound(probability: float, sets: int) -> str:
    """What it says that all, or none, of so many sets meet a limit: a bound with 95 % confidence, -log(0.05) = 3.0."""
    from simulator.wording import bound

    left = bound(100.0 * (1.0 - 0.05 ** (1.0 / sets)))
    return f"at least {100.0 - float(left):.10g} %" if probability > 0.5 else f"at most {left} %"


def _told_apart(share: float, limit: float) -> tuple[str, str]:
    """Write a share and a limit with as many digits as tell them apart; alike where the share is on the limit."""
    from simulator.standards import SAME

    if math.isclose(share, limit, rel_tol=SAME):
        return _share(limit, 10), _share(limit, 10)
    for digits in range(3, 12):
        texts = _share(share, digits), _share(limit, 10)
        if texts[0] != texts[1]:
            break
    return texts


def _range(low: float, high: float) -> str:
    first, last = _share(low), _share(high)
    if first == last:
        return first
    first, unit = first.split(" ", 1) if " " in first else (first, "")
    return f"{first} to {last}" if last.endswith(f" {unit}") or not unit else f"{first} {unit} to {last}"


def _share(value: float, digits: int = 3) -> str:
    """Write a share in percent, a small one per million; never 100 % for less."""
    if value == 0:
        return "0"
    if value < 1e-4:
        return f"{_plain(1e6 * value, digits)} per million"
    while digits < 15 and value < 1 and float(f"{value:.{digits}g}") == 1:
        digits += 1
    return f"{_plain(100 * value, digits)} %"


def _percent(share: float) -> str:
    return f"{_plain(100 * share, 3)} %"


def _plain(value: float, digits: int) -> str:
    return f"{value:.{digits}g}".replace("e-0", "e-")


def _filled(paragraph: str) -> str:
    """Break a paragraph into lines; one that is indented stands below another."""
    from textwrap import fill

    text = paragraph.lstrip()
    indent = " " * (len(paragraph) - len(text))
    return fill(text, _WIDTH, initial_indent=indent, subsequent_indent=2 * indent, break_long_words=False,
                break_on_hyphens=False)  # fmt: skip
