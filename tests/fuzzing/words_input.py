"""Short texts: quantities, dates, and what stands after --set, --vary, --free and the other options, a line each."""

import math
from functools import cache
from pathlib import Path
from random import Random

import click
from fuzzing import mutation, vocabulary
from fuzzing.judging import check, judge_refusal, judge_words, judged

from simulator import quantities
from simulator.arguments import Days, Percent, WholeNumber
from simulator.breakeven_study import read_range
from simulator.calibration_free import read_free, read_reporting
from simulator.fields import value_words, written
from simulator.glossary import explanation
from simulator.problems import input_error
from simulator.quantities import Quantity
from simulator.scenario_file import LoadedScenario, load
from simulator.study import Request
from simulator.sweep_grid import read_axes
from simulator.units import UnitError

CONTRACT = Path(__file__).parents[1] / "contract"
_MOST_LINES, _LONGEST = 4, 4_000
_VARIED = ("mines.battery-limited.battery.failure", "mines.battery-limited.count", "civilians.accident_rate", "seed",
           "mines.battery-limited.battery.life", "horizon", "region.cell", "civilians.density")  # fmt: skip


def words(data: bytes) -> None:
    """Read every line as each kind of short text that there is."""
    for text in data.decode("utf-8", "replace").split("\n")[:_MOST_LINES]:
        for number in _numbers():
            _quantity(text, number)
        _date(text)
        for option in (Percent(), Days(), WholeNumber(1, 256), WholeNumber(0, 2**63 - 1)):
            _option(option, text)
        judged(text, lambda text=text: load(CONTRACT / "treaty-limit.yaml", [text]))
        judged(text, lambda text=text: read_axes([text], _scenarios()))
        judged(text, lambda text=text: read_range(text, _request()))
        judged(text, lambda text=text: read_free([text], _scenarios()[-1]))
        judged(text, lambda text=text: read_reporting(text))
        judged(text, lambda text=text: judge_words(explanation(text)))


def seeds() -> list[bytes]:
    """An example of each dimension and option, and every trap."""
    examples = [one.example for one in vocabulary.dimensions()]
    options = [
        f"{path}={values}" for path in _VARIED for values in ("1,2", "0:1:5", "0.001:0.5:4:log", "1 %,5 %", "1:2")
    ]
    options += [
        "mines.battery-limited.self_destruct.failure=5%",
        "region.temperature.3=5",
        "thresholds.0=1e-5 per year",
        "civilians.accident_rate=1e-5:1e-2",
        "mines.battery-limited.battery.failure:0.1 %:5 %",
        "60%:90%",
    ]
    return [
        text.encode("utf-8", "replace") for text in (*examples, *options, *vocabulary.TRAPS, "mines.battery.failure")
    ]


def changed(rng: Random, data: bytes) -> bytes:
    """A text with a quantity, a path or a range in it, made anew or changed."""
    text = data.decode("utf-8", "replace")
    kind = rng.randrange(6)
    if kind == 0:
        text = vocabulary.amount(rng)
    elif kind == 1:
        ends = [str(vocabulary.number(rng)), str(vocabulary.number(rng)), str(rng.choice([2, 3, 11, 1000, 999_999]))]
        spread = ":".join(ends[: rng.randrange(2, 4)]) + rng.choice(["", "", ":log"])
        text = f"{rng.choice(_VARIED)}={spread}"
    elif kind == 2:
        text = f"{rng.choice(_VARIED)}={','.join(vocabulary.amount(rng) for _ in range(rng.randrange(1, 5)))}"
    elif kind == 3:
        path = ".".join(rng.choice(vocabulary.keys()) for _ in range(rng.randrange(1, 6)))
        text = f"{path}={vocabulary.as_text(vocabulary.value(rng))}"
    elif kind == 4:
        at = rng.randrange(len(text) + 1)
        text = text[:at] + vocabulary.as_text(vocabulary.value(rng)) + text[at + rng.randrange(3) :]
    else:
        text = mutation.changed_lines(rng, text)
    return text.encode("utf-8", "replace")[:_LONGEST]


def _quantity(text: str, number: Quantity) -> None:
    """What is accepted is a number in its range, and written out it reads as the same."""
    try:
        value = number.scalar(text)
    except UnitError as error:
        _judge(error, text)
        return
    check(math.isfinite(value), f"{text!r} is no number")
    check(number.scalar(written(value, number)) == value, f"{text!r} is another number once written")
    judge_words(value_words(value, number))


def _date(text: str) -> None:
    try:
        quantities._date(text)
    except UnitError as error:
        _judge(error, text)


def _judge(error: UnitError, text: str) -> None:
    """Such an error reaches people as the message of a problem."""
    judge_refusal(input_error(str(error)), text)


def _option(option: click.ParamType, text: str) -> None:
    try:
        value = option.convert(text, None, None)
    except click.UsageError:
        return
    check(math.isfinite(value), f"{text!r} is no number")


@cache
def _numbers() -> tuple[Quantity, ...]:
    """Each kind of numeric field once."""
    found = {}
    for field in vars(quantities).values():
        for extra in getattr(field, "__metadata__", ()):
            if isinstance(extra, Quantity):
                found[repr((extra.dimension.name, extra.dimension.bare, extra.rule, extra.integer))] = extra
    return tuple(found.values())


@cache
def _scenarios() -> tuple[LoadedScenario, ...]:
    return tuple(load(CONTRACT / f"{name}.yaml") for name in ("persistent", "treaty-limit"))


@cache
def _request() -> Request:
    return Request("breakeven", _scenarios(), 2, "expected")
