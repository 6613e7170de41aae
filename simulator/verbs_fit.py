"""The verb ``fit``: the law of a device's life from tests in which not every device was watched to its end."""
# ruff: noqa: D301
# Imports stand in the functions, as in the other verbs: help answers at once.

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from simulator.arguments import Days, Percent
from simulator.options import FILE, QUIET

if TYPE_CHECKING:
    from simulator.fitting import Fit
    from simulator.life_tests import LifeTests

_LEAST_CONFIDENCE, _MOST_CONFIDENCE = 0.5, 0.9999
_COLDEST, _HOTTEST = -100.0, 200.0
_PICTURES = (".svg", ".png")


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
@click.option(
    "--after",
    type=Days(),
    default="120 days",
    show_default=True,
    metavar="TIME",
    help="Age at which the share still working is said, and marked in the figure.",
)
@click.option("-o", "--output", type=FILE, metavar="FILE", help="Write the block of a scenario there.")
@click.option("--figure", type=FILE, metavar="FILE", help="Draw tests and laws there, as .svg or .png.")
@click.option("--force", is_flag=True, help="Replace files that are there.")
@QUIET
def fit(tests: Path, law: str, limited: bool | None, reference: float, confidence: float, **options: Any) -> None:
    """Fit Weibull and lognormal laws to tests of batteries or self-destruct devices, by maximum likelihood.

    TESTS is a CSV file with a column of times (hours, days, weeks or years) and 'status': ended, or working when the
    watching stopped. Optional columns: seen_working (the last look before it was found ended), count, and
    temperature_degC (tests at several temperatures are joined by Arrhenius' law).

    The block that is written carries what the tests leave open as 'uncertainty'. It stands below a class of mines.

    \b
    Examples:
      minesim fit tests.csv
      minesim fit tests.csv --figure tests.svg
      minesim fit tests.csv --device self_destruct --law weibull --after '30 days' -o self_destruct.yaml
      minesim fit heat.csv --reference 10 --all-end
    """
    from simulator.console import say, show_table
    from simulator.fit_words import fit_rows, fit_sentences, life_block
    from simulator.life_tests import read_life_tests
    from simulator.problems import input_error, printable
    from simulator.project import existing
    from simulator.whole_file import text_of, write_whole

    if not _LEAST_CONFIDENCE <= confidence <= _MOST_CONFIDENCE:
        message = f"must be from {_LEAST_CONFIDENCE:.0%} to {_MOST_CONFIDENCE:.2%}, got {confidence:.6g}"
        raise input_error(message, path="--confidence")
    if not _COLDEST <= reference <= _HOTTEST:
        message = f"must be from {_COLDEST:g} to {_HOTTEST:g} degC, got {reference:g}"
        raise input_error(message, path="--reference")
    if not options["after"] > 0:
        raise input_error("must be above 0", path="--after")
    output, picture = options["output"], options["figure"]
    _refuse_wrong_files(existing(tests), output, picture, force=options["force"])
    found = read_life_tests(text_of(tests), str(tests))
    fits = _fits(found, law, limited, reference, confidence, str(tests))
    block = life_block(fits, found, options["device"], tests.name)
    written = {output: block.encode("utf-8", "surrogateescape")} if output is not None else {}
    if picture is not None:
        written[picture] = _drawn(fits, found, options["after"], picture)
    for path, content in written.items():
        write_whole(path, content)
    if options["quiet"]:
        return
    for sentence in fit_sentences(fits, found, options["after"]):
        say(sentence)
    say()
    show_table(*fit_rows(fits))
    say()
    if output is None:
        say(block.rstrip("\n"))
    for path in written:
        say(f"Written to {printable(str(path))}.")


def _refuse_wrong_files(tests: Path, output: Path | None, picture: Path | None, *, force: bool) -> None:
    """Refuse files that cannot be written, or should not, before anything is computed. Raises InputError."""
    from simulator.problems import input_error
    from simulator.whole_file import refuse_to_lose

    if output is not None:
        refuse_to_lose(output, (tests,), "-o", force=force)
    if picture is None:
        return
    if picture.suffix.lower() not in _PICTURES:
        raise input_error(f"must end in {' or '.join(_PICTURES)}, got {picture.name!r}", path="--figure")
    refuse_to_lose(picture, (tests, output) if output is not None else (tests,), "--figure", force=force)


def _drawn(fits: "list[Fit]", tests: "LifeTests", after_days: float, picture: Path) -> bytes:
    from simulator.figure_survival import STEM, survival_figure
    from simulator.figures import rendered

    return rendered(STEM, survival_figure(fits, tests, after_days))[f"{STEM}{picture.suffix.lower()}"]


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
