"""Options that several verbs share, and what they mean together."""
# Imports stand in the functions: help answers at once.

import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from simulator.arguments import Days, Percent, WholeNumber

if TYPE_CHECKING:
    from simulator.executor import Resources
    from simulator.experiment import Plan
    from simulator.scenario_file import LoadedScenario

_MOST_MAPS = 20
FILE = click.Path(path_type=Path)
Command = TypeVar("Command", bound=Callable[..., Any])


WORKERS = click.option(
    "--workers", type=WholeNumber(1, 256), default=1, show_default=True,
    help="Processes. The result does not depend on it; worth it from about half a minute on.",
)  # fmt: skip
SCHEDULER = click.option(
    "--scheduler", metavar="ADDRESS",
    help="Compute on a Dask cluster that is running, e.g. tcp://10.0.0.5:8786, instead of --workers.",
)  # fmt: skip
QUIET = click.option("--quiet", is_flag=True, help="Print nothing but errors and failed checks.")
SET = click.option(
    "--set", "overrides", multiple=True, metavar="PATH=VALUE",
    help="Override a key, e.g. mines.battery-limited.battery.failure=0.05. Repeatable.",
)  # fmt: skip


OUTPUT = click.option("-o", "--output", type=FILE, metavar="DIR", help="Folder of the result [default: results/NAME].")
METHOD = click.option(
    "--method", type=click.Choice(["simulate", "expected"]), default="simulate", show_default=True,
    help="Simulate, or compute the expected values in closed form.",
)  # fmt: skip
METHOD_OR_BEST = click.option(
    "--method", type=click.Choice(["simulate", "expected"]), default=None,
    help="Simulate, or compute in closed form [default: in closed form where there is one].",
)  # fmt: skip
FORCE = click.option("--force", is_flag=True, help="Replace another result in the output folder.")
NO_FIGURES = click.option("--no-figures", is_flag=True, help="Write no figures.")
METRIC = click.option(
    "--metric", default="casualties", show_default=True,
    help="The metric that figures and sentences are about, by its name in summary.json.",
)  # fmt: skip


def computing(command: Command) -> Command:
    """Add the options of every verb that computes."""
    options = (
        SET,
        click.option("--seed", type=WholeNumber(0, 2**63 - 1),
                     help="Seed of the random numbers [default: the scenario's]."),
        click.option("--replicates", type=WholeNumber(2, 10**9),
                     help="Simulated worlds, at most [default: the scenario's]."),
        WORKERS,
        SCHEDULER,
        QUIET,
    )  # fmt: skip
    return _with(command, options)


def writing(command: Command) -> Command:
    """Add the options of every verb that writes a result."""
    options = (
        OUTPUT,
        METHOD,
        click.option("--precision", type=Percent(), help="Stop early once mine-days and casualties are known this "
                     "well (half width of the 95 % interval), e.g. 2%."),
        click.option("--map-day", "map_days", type=Days(), multiple=True, metavar="TIME",
                     help="Draw maps of this time since the start, e.g. '90 days'. Repeatable "
                     "[default: 30 days, 1 year, 10 years]."),
        click.option("--uncertain", type=WholeNumber(2, 10**9), metavar="N", help="Draw N sets of the uncertain "
                     "inputs, with all replicates in each, and tell knowledge from chance. Best a power of two."),
        FORCE,
        NO_FIGURES,
    )  # fmt: skip
    return _with(command, options)


def studying(command: Command) -> Command:
    """Add the options of every verb that computes many worlds and writes a result."""
    options = (
        OUTPUT,
        click.option("--store", type=FILE, metavar="FILE", help="Keep finished points here, for other studies and "
                     "processes to share [default: in the result]."),
        FORCE,
        NO_FIGURES,
    )  # fmt: skip
    return _with(command, options)


def _with(command: Command, options: Sequence[Callable[[Command], Command]]) -> Command:
    """Add options to a command, in the order in which its help lists them."""
    for option in reversed(options):
        command = option(command)
    return command


def load_all(paths: Sequence[Path], options: dict[str, Any]) -> "list[LoadedScenario]":
    """Load scenarios with what the options change in them. Raises InputError with the problems of all."""
    from simulator.project import load_together

    overrides = list(options["overrides"])
    overrides += [f"{key}={options[key]}" for key in ("seed", "replicates") if options[key] is not None]
    return load_together(paths, overrides)


def plan_of(loaded: "Sequence[LoadedScenario]", options: dict[str, Any]) -> "Plan":
    """Make the plan that the options ask for."""
    from simulator.experiment import Plan

    hush(options["workers"], options.get("scheduler"))
    return Plan(
        replicates=loaded[0].scenario.replicates,
        workers=options["workers"],
        precision=options.get("precision"),
        method=options.get("method", "simulate"),
        map_days=_map_days(loaded, options),
        uncertain=options.get("uncertain") or 0,
        scheduler=options.get("scheduler"),
    )


def _map_days(loaded: "Sequence[LoadedScenario]", options: dict[str, Any]) -> tuple[float, ...]:
    """The days of which maps are kept: none where nothing is written or simulated."""
    from simulator.metrics import MAP_DAYS
    from simulator.problems import input_error

    if options.get("method") != "simulate":
        return ()
    days = tuple(sorted(set(options["map_days"])))
    horizon = loaded[0].scenario.horizon
    if days and days[-1] > horizon:
        message = f"must not be after the horizon of {horizon:g} days, got {days[-1]:g} days"
        raise input_error(message, path="--map-day")
    if len(days) > _MOST_MAPS:
        raise input_error(f"can be given {_MOST_MAPS} times at most, got {len(days)}", path="--map-day")
    return days or MAP_DAYS


def resources_of(options: dict[str, Any]) -> "Resources":
    """Say where the options want it to be computed."""
    from simulator.executor import Resources

    hush(options["workers"], options["scheduler"])
    return Resources(options["workers"], options["scheduler"])


def default_folder(name: str) -> Path:
    """The folder of a result that is given none: below ``results``, by the names of its scenarios."""
    return Path("results") / (name.strip(".") or "result")


def command_line() -> str:
    """Write the command as it was typed."""
    from simulator.problems import printable

    return printable(shlex.join(["minesim", *sys.argv[1:]]))


def hush(workers: int, scheduler: str | None = None) -> None:
    """Silence what Dask logs about its processes: none of it is for an analyst."""
    if workers > 1 or scheduler is not None:
        import logging

        logging.disable(logging.CRITICAL)
