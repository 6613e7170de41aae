"""The verbs that compute many worlds: sweeps and what is made of them."""
# ruff: noqa: D301
# Imports stand in the verbs: help answers at once.

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from simulator.options import (
    FILE,
    METHOD,
    METRIC,
    command_line,
    computing,
    load_all,
    resources_of,
    studying,
)

SOME_FAILED = 1


@click.command(short_help="Vary numbers of a scenario over a grid.")
@click.argument("scenario", type=FILE)
@click.option("--vary", "vary", multiple=True, required=True, metavar="PATH=VALUES",
              help="What to vary: PATH=a,b,c or PATH=low:high:n, with :log for equal ratios. Repeatable.")
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


def _study(verb: str, paths: Sequence[Path], arguments: dict[str, Any], options: dict[str, Any]) -> int:
    loaded = load_all(paths, options)

    # Wrong input is refused before anything that computes is loaded.
    from simulator.studies import Request
    from simulator.study_commands import Setup, carry_out

    request = Request(verb, tuple(loaded), loaded[0].scenario.replicates, options["method"], arguments)
    out = options["output"] or Path("results") / "-".join([verb, *(one.name.lstrip(".") for one in loaded[::-1])])
    setup = Setup(
        out, resources_of(options), options["store"], options["force"], options["quiet"], not options["no_figures"]
    )
    return SOME_FAILED if carry_out(request, setup, command_line()) else 0
