"""The command line: verbs, options and help. Each verb imports what it needs when it runs."""
# ruff: noqa: D301
# Imports stand in the verbs: help answers at once, and checking a file loads no numerical library.
# In a docstring, \b tells click to leave the lines of a paragraph as they are.

import os
import shlex
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from simulator import __version__
from simulator.arguments import Days, Percent, Verbs, WholeNumber

if TYPE_CHECKING:
    from simulator.experiment import Plan
    from simulator.scenario_file import LoadedScenario

CHECK_FAILED, WRONG_INPUT, INTERRUPTED = 1, 2, 130
_MOST_NAMES = 3
_MOST_MAPS = 20
FILE = click.Path(path_type=Path)
Command = TypeVar("Command", bound=Callable[..., Any])


WORKERS = click.option(
    "--workers", type=WholeNumber(1, 256), default=1, show_default=True,
    help="Processes. The result does not depend on it; worth it from about half a minute on.",
)  # fmt: skip
QUIET = click.option("--quiet", is_flag=True, help="Print nothing but errors and failed checks.")
SET = click.option(
    "--set", "overrides", multiple=True, metavar="PATH=VALUE",
    help="Override a key, e.g. mines.battery-limited.battery.failure=0.05. Repeatable.",
)  # fmt: skip


def _computing(command: Command) -> Command:
    """Add the options of every verb that computes."""
    options = (
        SET,
        click.option("--seed", type=WholeNumber(0, 2**63 - 1),
                     help="Seed of the random numbers [default: the scenario's]."),
        click.option("--replicates", type=WholeNumber(2, 1_000_000),
                     help="Simulated worlds, at most [default: the scenario's]."),
        WORKERS,
        QUIET,
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def _writing(command: Command) -> Command:
    """Add the options of every verb that writes a result."""
    options = (
        click.option("-o", "--output", type=FILE, metavar="DIR", help="Folder of the result [default: results/NAME]."),
        click.option("--method", type=click.Choice(["simulate", "expected"]), default="simulate", show_default=True,
                     help="Simulate, or compute the expected curves in closed form."),
        click.option("--precision", type=Percent(), help="Stop early once mine-days and casualties are known this "
                     "well (half width of the 95 % interval), e.g. 2%."),
        click.option("--map-day", "map_days", type=Days(), multiple=True, metavar="TIME",
                     help="Draw maps of this time since the start, e.g. '90 days'. Repeatable "
                     "[default: 30 days, 1 year, 10 years]."),
        click.option("--force", is_flag=True, help="Replace another result in the output folder."),
        click.option("--no-figures", is_flag=True, help="Write no figures."),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


@click.group(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="'minesim VERB --help' shows the options of a verb, with examples.",
)
@click.version_option(__version__, prog_name="minesim")
def cli() -> None:
    """Residual civilian risk of persistent and battery-limited landmines over time.

    \b
    Examples:
      minesim compare scenarios/persistent.yaml scenarios/treaty-limit.yaml -o results/first
      minesim run my.yaml --set mines.battery-limited.self_destruct.failure=5%
      minesim verify my.yaml
      minesim explain mines.battery.failure

    It models civilian harm, contamination and clean-up only. No result is evidence that land is safe.
    """


@cli.command(short_help="Simulate one scenario.")
@click.argument("scenario", type=FILE)
@_computing
@_writing
def run(scenario: Path, **options: Any) -> None:
    """Simulate one scenario.

    \b
    Examples:
      minesim run scenarios/treaty-limit.yaml
      minesim run scenarios/official-claim.yaml --replicates 200 --precision 2% -o results/official
      minesim run scenarios/treaty-limit.yaml --method expected
      minesim run scenarios/district.yaml --map-day '90 days' --map-day '5 years'
    """
    _simulate([scenario], options)


@cli.command(short_help="Compare scenarios with a reference, the first.")
@click.argument("reference", type=FILE)
@click.argument("scenarios", type=FILE, nargs=-1, required=True)
@_computing
@_writing
def compare(reference: Path, scenarios: tuple[Path, ...], **options: Any) -> None:
    """Compare scenarios with a reference, the first, mine by mine on the same draws.

    All use the seed and the number of replicates of the reference. --set applies to every scenario; a path
    below mines.CLASS to those that have the class.

    \b
    Examples:
      minesim compare scenarios/persistent.yaml scenarios/treaty-limit.yaml
      minesim compare scenarios/persistent.yaml scenarios/treaty-limit.yaml scenarios/field-pessimistic.yaml
    """
    _simulate([reference, *scenarios], options)


@cli.command(short_help="Check a scenario's simulation against its closed form.")
@click.argument("scenario", type=FILE)
@_computing
def verify(scenario: Path, **options: Any) -> int:
    """Check the simulation of a scenario, as z-scores, against its closed form.

    Where teams, marking, belts or clusters leave none, against a second engine that counts expected numbers in each
    cell.

    Exit status 1 if they disagree; by chance alone that happens once in 1,000 times.

    \b
    Example:
      minesim verify scenarios/treaty-limit.yaml --replicates 100
    """
    loaded = _load([scenario], options)

    from simulator.commands import verify_scenario

    agrees = verify_scenario(loaded[0], _plan(loaded, options), quiet=options["quiet"])
    return 0 if agrees else CHECK_FAILED


@cli.command(short_help="Run a result again and prove that it is identical.")
@click.argument("folder", type=FILE)
@WORKERS
@QUIET
def rerun(folder: Path, workers: int, quiet: bool) -> int:
    """Run a result again from its manifest and prove that it is identical, or say what differs.

    Exit status 1 if anything differs.

    \b
    Example:
      minesim rerun results/first
    """
    from simulator.commands import run_again

    _hush(workers)
    return 0 if run_again(folder, workers, quiet=quiet) else CHECK_FAILED


@cli.command(short_help="Check scenario files.")
@click.argument("scenarios", type=FILE, nargs=-1, required=True)
@SET
def validate(scenarios: tuple[Path, ...], overrides: tuple[str, ...]) -> int:
    """Check scenario files and report every problem at its place; a sources.yaml is checked as a list of references.

    \b
    Examples:
      minesim validate my.yaml
      minesim validate scenarios/*.yaml
    """
    from simulator.console import say
    from simulator.problems import InputError, printable
    from simulator.project import existing
    from simulator.scenario_file import SOURCES, read_sources

    failed = False
    for path in scenarios:
        try:
            if path.name == SOURCES:
                what = f"{len(read_sources(existing(path)))} references"
            else:
                what = _checked_scenario(existing(path), overrides)
        except InputError as error:
            failed = True
            say(str(error), error=True)
        else:
            say(f"{printable(str(path))}: valid: {printable(what)}")
    return WRONG_INPUT if failed else 0


@cli.command(short_help="Print the JSON Schema of scenario files.")
def schema() -> None:
    """Print the JSON Schema of scenario files, for completion and checks in editors.

    \b
    Example:
      minesim schema > scenario.schema.json
    """
    import json

    from simulator.console import say
    from simulator.schema import json_schema

    say(json.dumps(json_schema(), indent=1, ensure_ascii=False))


@cli.command(short_help="Explain a key of scenario files.")
@click.argument("key", default="")
def explain(key: str) -> None:
    """Explain a key of scenario files: meaning, type, unit, range and default. Without a key, list those at the top.

    \b
    Examples:
      minesim explain
      minesim explain mines.battery.failure
    """
    from simulator.console import say
    from simulator.glossary import explanation

    say(explanation(key))


@cli.command(short_help="Start a project in a new folder.")
@click.argument("folder", type=FILE)
def init(folder: Path) -> None:
    """Start a project: a folder with two scenarios, the references and the schema for editors.

    \b
    Example:
      minesim init my-study
    """
    from simulator.console import say
    from simulator.project import start_project

    say(start_project(folder))


@cli.command(short_help="List references, or where a scenario's numbers come from.")
@click.argument("scenario", type=FILE, required=False)
def sources(scenario: Path | None) -> None:
    """List the references that come with the program, or where every number of a scenario comes from.

    \b
    Examples:
      minesim sources
      minesim sources scenarios/official-claim.yaml
    """
    from simulator.console import say
    from simulator.project import existing, provenance_list, reference_list
    from simulator.scenario_file import load

    for entry in reference_list() if scenario is None else provenance_list(load(existing(scenario))):
        say(entry)


def main() -> NoReturn:
    """Run the command; exit 2 for wrong input, 130 when interrupted, never with a traceback for either."""
    from simulator.console import open_streams
    from simulator.problems import InputError, printable

    for number in (signal.SIGINT, signal.SIGTERM):
        # Who starts a command in the background may have told it to ignore Ctrl-C.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)
    open_streams()
    try:
        status = cli.main(prog_name="minesim", standalone_mode=False)
        sys.stdout.flush()
    except InputError as error:
        click.echo(str(error), err=True)
        status = WRONG_INPUT
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted.", err=True)
        status = INTERRUPTED
    except (BrokenPipeError, SystemExit):
        # The reader has gone, as after "| head"; click ends with SystemExit then, and nothing else here does.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        click.echo(f"error: {printable(str(place))}{error.strerror or error}", err=True)
        status = WRONG_INPUT
    sys.exit(status if isinstance(status, int) else 0)


def _simulate(paths: Sequence[Path], options: dict[str, Any]) -> None:
    from simulator.problems import printable

    loaded = _load(paths, options)

    # Wrong input is refused before anything that computes is loaded.
    from simulator.commands import simulate

    names = [one.name.lstrip(".") for one in loaded]
    others = f"{len(names) - 1}-others"
    name = "-and-".join(names if len(names) <= _MOST_NAMES else [names[0], others])
    command = printable(shlex.join(["minesim", *sys.argv[1:]]))
    simulate(
        loaded, _plan(loaded, options), options["output"] or Path("results") / name, command,
        force=options["force"], quiet=options["quiet"], with_figures=not options["no_figures"],
    )  # fmt: skip


def _load(paths: Sequence[Path], options: dict[str, Any]) -> "list[LoadedScenario]":
    from simulator.project import load_together

    overrides = list(options["overrides"])
    overrides += [f"{key}={options[key]}" for key in ("seed", "replicates") if options[key] is not None]
    return load_together(paths, overrides)


def _checked_scenario(path: Path, overrides: Sequence[str]) -> str:
    """Check a scenario and the files it names; returns its title."""
    from simulator.scenario_file import load

    loaded = load(path, overrides)
    if loaded.files:
        # Borders and lines need geometry, which plain scenarios do not load.
        from simulator.place import read_place

        read_place(loaded)
    return loaded.scenario.title


def _plan(loaded: "Sequence[LoadedScenario]", options: dict[str, Any]) -> "Plan":
    from simulator.experiment import Plan

    _hush(options["workers"])
    return Plan(
        replicates=loaded[0].scenario.replicates,
        workers=options["workers"],
        precision=options.get("precision"),
        method=options.get("method", "simulate"),
        map_days=_map_days(loaded, options),
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


def _hush(workers: int) -> None:
    """Silence what Dask logs about its processes: none of it is for an analyst."""
    if workers > 1:
        import logging

        logging.disable(logging.CRITICAL)


class _Stop(KeyboardInterrupt):
    """The user, or the system, wants the program to end. Of a plain KeyboardInterrupt, Python may die on its own."""


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    raise _Stop
