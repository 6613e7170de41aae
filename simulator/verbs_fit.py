"""The verb ``fit``: the law of a device's life from tests in which not every device was watched to its end."""
# ruff: noqa: D301
# Imports stand in the functions, as in the other verbs: help answers at once.

from pathlib import Path
from typing import TYPE_CHECKING

import click

from simulator.arguments import Percent
from simulator.options import FILE, QUIET

if TYPE_CHECKING:
    from simulator.fitting import Fit
    from simulator.life_tests import LifeTests

_LEAST_CONFIDENCE, _MOST_CONFIDENCE = 0.5, 0.9999
_TAIL_DAYS = 120.0


@click.command("fit", short_help="Fit the life of a device to tests.")
@click.argument("tests", type=FILE)
@click.option(
    "--device",
    type=click.Choice(["battery", "self_destruct"]),
    default="battery",
    show_default=True,
    help="Which device was tested: the block that is written.",
)
@click.option(
    "--law",
    type=click.Choice(["both", "weibull", "lognormal"]),
    default="both",
    show_default=True,
    help="Which laws are tried.",
)
@click.option(
    "--never-ending/--all-end",
    "limited",
    default=None,
    help="Whether a share of devices never ends [default: both are tried, where some outlasted the test].",
)
@click.option(
    "--reference",
    type=float,
    default=20.0,
    show_default=True,
    metavar="DEGC",
    help="Temperature that the law is given for, where tests were at several.",
)
@click.option("--confidence", type=Percent(), default="90%", show_default=True, help="Confidence of every interval.")
@click.option("-o", "--output", type=FILE, metavar="FILE", help="Write the block of a scenario there.")
@QUIET
def fit(
    tests: Path, device: str, law: str, limited: bool | None, reference: float, confidence: float,
    output: Path | None, quiet: bool,
) -> None:  # fmt: skip
    """Fit Weibull and lognormal laws to tests of batteries or self-destruct devices, by maximum likelihood.

    TESTS is a CSV file with a column of times (hours, days, weeks or years) and 'status': ended, or working when the
    watching stopped. Optional columns: seen_working (the last look before it was found ended), count, and
    temperature_degC (tests at several temperatures are joined by Arrhenius' law).

    The block that is written carries what the tests leave open as 'uncertainty'. It stands below a class of mines.

    \b
    Examples:
      minesim fit tests.csv
      minesim fit tests.csv --device self_destruct --law weibull -o self_destruct.yaml
      minesim fit heat.csv --reference 10 --all-end
    """
    from simulator.console import say, show_table
    from simulator.fit_words import fit_rows, fit_sentences, life_block
    from simulator.life_tests import read_life_tests
    from simulator.problems import input_error
    from simulator.project import existing

    if not _LEAST_CONFIDENCE <= confidence <= _MOST_CONFIDENCE:
        message = f"must be from {_LEAST_CONFIDENCE:.0%} to {_MOST_CONFIDENCE:.2%}, got {confidence:.6g}"
        raise input_error(message, path="--confidence")
    found = read_life_tests(existing(tests).read_text(encoding="utf-8", errors="replace"), str(tests))
    fits = _fits(found, law, limited, reference, confidence, str(tests))
    block = life_block(fits, found, device, tests.name)
    if output is not None:
        if output.exists():
            raise input_error(f"{output} is there already; give another file", path="-o")
        output.write_text(block, encoding="utf-8")
    if quiet:
        return
    for sentence in fit_sentences(fits, found, _TAIL_DAYS):
        say(sentence)
    say()
    show_table(*fit_rows(fits))
    say()
    say(f"Written to {output}." if output is not None else block.rstrip("\n"))


def _fits(
    tests: "LifeTests", law: str, limited: bool | None, reference: float, confidence: float, name: str
) -> "list[Fit]":
    """Fit every form that is asked for and can be told from the tests, the best first."""
    from simulator.fitting import LOGNORMAL, WEIBULL, Form
    from simulator.fitting import fit as fitted
    from simulator.problems import Mark, input_error

    families = (WEIBULL, LOGNORMAL) if law == "both" else (law,)
    working = tests.ends < tests.devices
    choices = (False, True) if limited is None and working else (bool(limited) and working,)
    degrees = tests.degrees
    several = degrees is not None and degrees.min() != degrees.max()
    forms = [Form(family, never, reference if several else None) for never in choices for family in families]
    try:
        found = [fitted(form, tests, confidence) for form in forms]
    except ValueError as error:
        raise input_error(str(error), mark=Mark(name, 0, 0, 0, 0, ())) from None
    return sorted(found, key=lambda one: one.information)
