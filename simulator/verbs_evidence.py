"""The verb ``evidence``: what tests prove about a failure rate, and what they do not."""
# ruff: noqa: D301
# Imports stand in the functions, as in the other verbs: help answers at once.

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from simulator.arguments import Percent, WholeNumber

if TYPE_CHECKING:
    from simulator.demonstration import Lots, RateBounds
    from simulator.problems import Problem

_MOST_TESTS = 10**15
Row: TypeAlias = tuple[str, ...]


class Rate(click.ParamType[float]):
    """A failure rate per test, such as "6 per million" or "1 in 1000"."""

    name = "RATE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read a probability; ends with a usage error when it is none, or one that no number of tests can prove."""
        if isinstance(value, float):
            return value
        from simulator.demonstration import LEAST_CLAIM
        from simulator.units import PROBABILITY, UnitError, quantity

        try:
            rate = quantity(str(value), PROBABILITY)
        except UnitError as error:
            self.fail(str(error), param, ctx)
        if not LEAST_CLAIM <= rate < 1:
            message = f"must be at least {LEAST_CLAIM:g} and below 1, got {value}; no tests prove a rate of 0"
            self.fail(message, param, ctx)
        return rate


@click.command("evidence", short_help="Say what tests prove about a failure rate.")
@click.option("--tests", type=WholeNumber(1, _MOST_TESTS), required=True, help="Number of tests.")
@click.option("--failures", type=WholeNumber(0, _MOST_TESTS), required=True, help="How many of them failed.")
@click.option("--confidence", type=Percent(), default="95%", show_default=True, help="Confidence of every bound.")
@click.option("--claim", type=Rate(), help="A claimed failure rate to hold against the tests, e.g. '6 per million'.")
@click.option("--mines", type=WholeNumber(1, 10**12), help="Scale the rate to this number of mines.")
@click.option("--lot-size", type=WholeNumber(1, 1_000_000), help="Tests in a production lot; with --correlation.")
@click.option("--correlation", type=Percent(), help="Correlation of failures within a lot; with --lot-size.")
def evidence(
    tests: int, failures: int, confidence: float, claim: float | None, mines: int | None,
    lot_size: int | None, correlation: float | None,
) -> None:  # fmt: skip
    """Say what tests prove about a failure rate: tests without a failure bound it, they do not prove that it is zero.

    \b
    Examples:
      minesim evidence --tests 67000 --failures 0
      minesim evidence --tests 67000 --failures 0 --claim '6 per million' --mines 10000
      minesim evidence --tests 67000 --failures 0 --claim '6 per million' --mines 10000 \\
          --lot-size 500 --correlation 5%
      minesim evidence --tests 1000000 --failures 6 --confidence 99%

    The bounds are exact (Clopper and Pearson 1934). Mines of one production lot may fail together, and then many
    tests of few lots tell little: --lot-size and --correlation count that in.
    """
    from simulator.problems import InputError

    problems = list(_problems(tests, failures, confidence, lot_size, correlation))
    if problems:
        raise InputError(problems)

    from simulator.console import say, show_table
    from simulator.demonstration import Lots, needed_tests, rate_bounds
    from simulator.wording import counted

    lots = Lots(lot_size, correlation) if lot_size is not None and correlation is not None else None
    bounds = rate_bounds(tests, failures, confidence, lots)
    say(_answer(tests, failures, bounds, lots))
    needed = {}
    if claim is not None:
        # The observed number of failures comes last, unless it is one of the first three.
        needed = {allowed: needed_tests(claim, allowed, confidence, lots) for allowed in sorted({0, 1, 2, failures})}
        say(_judgement(claim, tests, failures, needed, bounds))
    say()
    rows = [*_rates(tests, failures, bounds, lots), *_scaled(tests, failures, mines, bounds, lots)]
    show_table((f"at {_percent(confidence)} confidence", "estimate", "lower", "upper"), rows)
    if claim is not None:
        say()
        rows = [(f"with {counted(allowed, 'failure')}", f"{many:,}") for allowed, many in needed.items()]
        show_table((f"to support {_digits(claim)}", "tests needed"), rows)
    say()
    for line in _basis(tests, mines, lots):
        say(line)


def _problems(
    tests: int, failures: int, confidence: float, lot_size: int | None, correlation: float | None
) -> Iterator["Problem"]:
    from simulator.demonstration import LEAST_CONFIDENCE, MOST_CONFIDENCE, MOST_FAILURES_IN_LOTS
    from simulator.problems import Problem

    if not failures <= tests:
        yield Problem(None, "--failures", f"must not be more than the tests, {tests:,}, got {failures:,}")
    if not LEAST_CONFIDENCE <= confidence <= MOST_CONFIDENCE:
        least, most = _percent(LEAST_CONFIDENCE), _percent(MOST_CONFIDENCE)
        yield Problem(None, "--confidence", f"must be from {least} to {most}, got {_percent(confidence)}")
    if (lot_size is None) != (correlation is None):
        given, missing = ("--lot-size", "--correlation") if correlation is None else ("--correlation", "--lot-size")
        yield Problem(None, given, f"needs {missing} beside it: together they say how tests of a lot fail together")
    elif lot_size is not None and not failures <= MOST_FAILURES_IN_LOTS:
        message = f"must be at most {MOST_FAILURES_IN_LOTS:,} with --lot-size, got {failures:,}"
        yield Problem(None, "--failures", message)


def _answer(tests: int, failures: int, bounds: "RateBounds", lots: "Lots | None") -> str:
    from simulator.wording import counted

    seen, confidence = f"{counted(failures, 'failure')} in {counted(tests, 'test')}", _percent(bounds.confidence)
    if lots is not None:
        seen += f" from lots of {lots.size:,}"
    # Rounded down, so that the sentence stays true: a rate below 1 in 22,365.66 is below 1 in 22,365.
    one_in = f" (1 in {math.floor(1 / bounds.upper):,})" if bounds.upper < 0.1 else ""
    below = f"below {_rounded_up(bounds.upper)}{one_in}"
    if failures == 0:
        return f"{seen} do not prove a rate of 0: with {confidence} confidence it is {below}."
    above = f"above {_rounded_down(bounds.lower)}"
    if failures == tests:
        return f"{seen}: with {confidence} confidence the failure rate is {above}; every rate up to 1 is possible."
    return f"{seen}: with {confidence} confidence the failure rate is {below}; with as much confidence it is {above}."


def _judgement(claim: float, tests: int, failures: int, needed: dict[int, int], bounds: "RateBounds") -> str:
    """Say whether the tests support a claim, contradict it, or neither; ``needed`` tests by the number of failures."""
    from simulator.wording import counted

    if bounds.lower > claim:
        return (
            f"They contradict the claim of {_digits(claim)}: with {_percent(bounds.confidence)} confidence the rate is "
            f"above {_rounded_down(bounds.lower)}."
        )
    enough = f"{counted(needed[0], 'test')} without a failure"
    if failures > 0:
        enough += f", or {counted(needed[failures], 'test')} with {counted(failures, 'failure')}"
    if tests >= needed[failures]:
        return f"They support the claim of {_digits(claim)}: the upper bound is not above it. That takes {enough}."
    return (
        f"They neither support nor contradict the claim of {_digits(claim)}: it lies between the bounds. To support it "
        f"would take {enough}."
    )


def _rates(tests: int, failures: int, bounds: "RateBounds", lots: "Lots | None") -> Iterator[Row]:
    from simulator.demonstration import design_effect, jeffreys, rate_bounds

    posterior = jeffreys(tests, failures, bounds.confidence, lots)
    seen = failures / tests
    yield _row("failure rate, each bound by itself", seen, bounds.lower, bounds.upper)
    yield _row("failure rate, both bounds together", seen, *bounds.interval)
    yield _row("failure rate, Jeffreys posterior", posterior.mean, posterior.lower, posterior.upper)
    if lots is not None:
        apart = rate_bounds(tests, failures, bounds.confidence)
        effect = design_effect(tests, lots)
        yield _row("failure rate, were all tests independent", seen, apart.lower, apart.upper)
        yield _row("design effect of the lots", effect)
        yield _row("independent tests that tell as much", tests / effect)


def _scaled(tests: int, failures: int, mines: int | None, bounds: "RateBounds", lots: "Lots | None") -> Iterator[Row]:
    """The rows of a number of mines: what is expected of them, what may be counted, what the bound allows."""
    if mines is None:
        return
    from simulator.demonstration import forecast, jeffreys
    from simulator.wording import counted

    ahead = forecast(mines, jeffreys(tests, failures, bounds.confidence, lots), bounds)
    among = f"failures among {counted(mines, 'mine')}"
    yield _row(f"{among}: mean, posterior", ahead.mean, ahead.lower, ahead.upper)
    yield _row(f"{among}: count, posterior", ahead.mean, ahead.fewest, ahead.most)
    yield (f"{among}: mean at the upper bound", "", "", _digits(ahead.at_upper_bound))


def _basis(tests: int, mines: int | None, lots: "Lots | None") -> Iterator[str]:
    """What the numbers rest on, a line each."""
    from simulator.demonstration import design_effect

    if lots is None:
        yield "The numbers take each test as independent of the others. Mines of one production lot may fail together;"
        yield "then the tests prove less: see --lot-size and --correlation."
    else:
        effect = design_effect(tests, lots)
        yield f"Within a lot, failures are correlated by {_percent(lots.correlation)}; lots are independent."
        yield f"For the posterior, tests and failures are divided by the design effect, {_digits(effect)}: approximate."
    if mines is not None:
        yield "The mines are taken to fail independently of each other, at the rate of the tests."
    yield "Tests bound the rate under the conditions of the tests. Tests in a laboratory bound the rate in the field"
    yield "only if the field is alike: storage, laying, ground, temperature and age."
    yield "Bounds by Clopper and Pearson (1934): a rate beyond one would too rarely give so few, or so many, failures."
    yield "The posterior is the beta distribution from Jeffreys' prior, with its plain quantiles."
    yield "No result is evidence that land is safe."


def _row(label: str, *values: float) -> Row:
    return (label, *map(_digits, values), *[""] * (3 - len(values)))


def _digits(value: float) -> str:
    """Write a number with up to eight significant digits, and large ones whole: ``4.4711422e-5``, ``1,184.2361``."""
    text = f"{value:,.0f}" if value >= 1e8 else f"{value:,.8g}"
    return text.replace("e-0", "e-")


def _rounded_up(rate: float) -> str:
    from simulator.wording import number

    step = _third_digit(rate)
    rounded = math.ceil(rate / step - 1e-9) * step
    return number(rounded) if rounded < 1 else _digits(rate)


def _rounded_down(rate: float) -> str:
    from simulator.wording import number

    step = _third_digit(rate)
    return number(math.floor(rate / step + 1e-9) * step)


def _third_digit(rate: float) -> float:
    return float(10.0 ** (math.floor(math.log10(rate)) - 2))


def _percent(share: float) -> str:
    return f"{100 * share:.10g} %"
