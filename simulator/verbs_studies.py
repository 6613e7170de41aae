"""The verbs that compute many worlds: sweeps and what is made of them."""
# ruff: noqa: D301
# Imports stand in the verbs: help answers at once.

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from simulator.arguments import WholeNumber
from simulator.options import (
    FILE,
    METHOD,
    METHOD_OR_BEST,
    METRIC,
    command_line,
    computing,
    default_folder,
    load_all,
    resources_of,
    studying,
)

SOME_FAILED = 1


@click.command(short_help="Vary numbers of a scenario over a grid.")
@click.argument("scenario", type=FILE)
@click.option(
    "--vary",
    "vary",
    multiple=True,
    required=True,
    metavar="PATH=VALUES",
    help="What to vary: PATH=a,b,c or PATH=low:high:n, with :log for equal ratios. Repeatable.",
)
@click.option("--against", type=FILE, metavar="REF", help="Compare each point with this scenario on the same draws.")
@METRIC
@METHOD
@computing
@studying
def sweep(scenario: Path, against: Path | None, **options: Any) -> int:
    """Vary numbers of a scenario over a grid, each point against a reference on the same draws.

    What is varied below mines.CLASS changes the scenarios that have the class; any other number changes the
    reference too. One or two numbers are drawn. A sweep that is stopped goes on where it was; with more
    --replicates it adds to those it has.

    \b
    Examples:
      minesim sweep treaty-limit.yaml --vary mines.battery-limited.self_destruct.failure=0:50%:11
      minesim sweep treaty-limit.yaml --against persistent.yaml --method expected \\
          --vary mines.battery-limited.battery.failure=1e-4:1:41:log --vary mines.battery-limited.count=1e3:1e6:31:log
      minesim sweep treaty-limit.yaml --vary 'civilians.density=5 per km2,14 per km2,50 per km2' --workers 2
    """
    paths = [scenario] if against is None else [against, scenario]
    arguments = {"vary": list(options["vary"]), "metric": options["metric"]}
    return _study("sweep", paths, arguments, options)


@click.command(short_help="Find which uncertain input drives a metric.")
@click.argument("scenario", type=FILE)
@click.option(
    "-n",
    "n",
    type=WholeNumber(2, 2**30),
    default=1024,
    show_default=True,
    help="Base samples, a power of two; (inputs + 2) n parameter sets are computed.",
)
@METRIC
@METHOD_OR_BEST
@computing
@studying
def sensitivity(scenario: Path, **options: Any) -> int:
    """Find which uncertain input drives a metric: Sobol' indices with intervals, joined to what each input rests on.

    Every number of the scenario with an 'uncertainty', and every 'one_of', is varied over its range; numbers whose
    draws share a 'joint' count as one input. Without --method, the closed form is taken where there is one.

    \b
    Examples:
      minesim sensitivity scenarios/field-pessimistic.yaml
      minesim sensitivity scenarios/district.yaml -n 64 --replicates 10 --workers 2 -o results/drivers
    """
    arguments = {"n": options["n"], "metric": options["metric"]}
    return _study("sensitivity", [scenario], arguments, options)


@click.command(short_help="Find the value at which a scenario stops being safer.")
@click.argument("reference", type=FILE)
@click.argument("scenario", type=FILE)
@click.option(
    "--vary",
    required=True,
    metavar="PATH[=LOW:HIGH]",
    help="The number to vary, and where; LOW:HIGH:log searches on a scale of ratios.",
)
@METRIC
@METHOD
@computing
@studying
def breakeven(reference: Path, scenario: Path, **options: Any) -> int:
    """Find the value of a number at which a scenario stops being safer than the reference, with an interval.

    The interval holds the values at which paired worlds do not tell which of the two is safer (90 % confidence).
    Nothing is written without -o.

    \b
    Examples:
      minesim breakeven persistent.yaml treaty-limit.yaml --vary mines.battery-limited.count
      minesim breakeven persistent.yaml treaty-limit.yaml --vary mines.battery-limited.battery.failure=0:1 \\
          --set mines.battery-limited.count=100000
    """
    arguments = {"vary": options["vary"], "metric": options["metric"]}
    return _study("breakeven", [reference, scenario], arguments, options, written=options["output"] is not None)


@click.command(short_help="Split the difference of two scenarios among what changed.")
@click.argument("reference", type=FILE)
@click.argument("scenario", type=FILE)
@click.option(
    "--by-block",
    is_flag=True,
    help="Take all changes of a class of mines, of the region, of the civilians "
    "and of clearance as one each: for scenarios that differ in more than ten settings.",
)
@METRIC
@METHOD_OR_BEST
@computing
@studying
def attribute(reference: Path, scenario: Path, **options: Any) -> int:
    """Split the difference of two scenarios exactly among the settings that changed, by Shapley values.

    The parts sum to the whole. Without --method, the closed form is taken where there is one.

    \b
    Examples:
      minesim attribute persistent.yaml treaty-limit.yaml
      minesim attribute district.yaml slow-return.yaml --metric killed --replicates 20
    """
    arguments = {"metric": options["metric"], "by_block": options["by_block"]}
    return _study("attribute", [reference, scenario], arguments, options)


def _study(
    verb: str, paths: Sequence[Path], arguments: dict[str, Any], options: dict[str, Any], *, written: bool = True
) -> int:
    loaded = load_all(paths, options)

    # Wrong input is refused before anything that computes is loaded.
    from simulator.study import Request, best_method
    from simulator.study_commands import Setup, carry_out

    method = options["method"] or best_method(loaded)
    request = Request(verb, tuple(loaded), loaded[0].scenario.replicates, method, arguments)
    name = "-".join([verb, *(one.name.lstrip(".") for one in loaded[::-1])])
    setup = Setup(
        (options["output"] or default_folder(name)) if written else None,
        resources_of(options), options["store"], options["force"], options["quiet"], not options["no_figures"],
    )  # fmt: skip
    return SOME_FAILED if carry_out(request, setup, command_line()) else 0
