"""The verb ``explore``: a page on this machine, on which settings of a scenario can be moved."""
# ruff: noqa: D301
# Imports stand in the functions, as in the other verbs: help answers at once.

from pathlib import Path
from typing import Any

import click

from simulator.arguments import WholeNumber
from simulator.options import FILE, SET, load_all


@click.command("explore", short_help="Explore a scenario on a page of this machine.")
@click.argument("scenario", type=FILE)
@click.argument("reference", type=FILE, required=False)
@SET
@click.option("--seed", type=WholeNumber(0, 2**63 - 1), help="Seed of simulated worlds [default: the scenario's].")
@click.option(
    "--port",
    type=WholeNumber(1, 65_535),
    metavar="PORT",
    help="Port on 127.0.0.1 [default: the first that is free from 8765 on].",
)
@click.option("--open", "with_browser", is_flag=True, help="Open the page in the browser.")
def explore(scenario: Path, reference: Path | None, **options: Any) -> None:
    """Explore a scenario, beside a reference if one is given, on a page in the browser.

    Sliders set failure rates, battery life, numbers of mines, common cause and exposure; the expected curves, where the
    two break even and how the mines stand to criteria follow at once, in closed form. A button simulates the same
    settings. The address of the page holds the settings, and can be kept or passed on to others who run this command on
    the same files. A slider sets a number in both scenarios where both have it, as --set does.

    The page is served to this machine only (127.0.0.1), reads nothing but the files named here, and writes nothing.
    Ctrl-C ends it.

    \b
    Examples:
      minesim explore scenarios/treaty-limit.yaml scenarios/persistent.yaml
      minesim explore scenarios/treaty-limit.yaml scenarios/persistent.yaml --open
      minesim explore my.yaml --set 'civilians.density=50 per km2' --port 9000
    """  # fmt: skip
    paths = [scenario] if reference is None else [reference, scenario]
    loaded = load_all(paths, {**options, "replicates": None})

    # Wrong input is refused before anything that computes is loaded.
    from simulator.console import say
    from simulator.explorer_serving import bound_socket, explorer_of, serve

    def ready(address: str) -> None:
        say(f"Explorer ready: {address}")
        say("Ctrl-C ends it.")
        if options["with_browser"]:
            import webbrowser

            webbrowser.open(address)

    try:
        serve(explorer_of(loaded), bound_socket(options["port"]), ready)
    except KeyboardInterrupt:
        # The way to end it; nothing is lost.
        return
