"""The command line: verbs, options and help. Each verb imports what it needs when it runs."""

import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from simulator import __version__

if TYPE_CHECKING:
    from simulator.experiment import Plan
    from simulator.scenario_file import LoadedScenario

WRONG_INPUT, CHECK_FAILED, INTERRUPTED = 2, 1, 130
FILE = click.Path(path_type=Path)
Command = TypeVar("Command", bound=Callable[..., Any])


class _Percent(click.ParamType):
    """A relative precision such as 2% or 0.02."""

    name = "PERCENT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        from simulator.units import NUMBER, UnitError, quantity

        try:
            precision = quantity(str(value).replace("%", " %"), NUMBER)
        except UnitError as error:
            self.fail(str(error), param, ctx)
        if not 0 < precision < 1:
            self.fail(f"must be above 0 and below 100 %, got {value}", param, ctx)
        return precision


def _computing(command: Command) -> Command:
    """The options of every verb that computes."""
    options = (
        click.option("--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Override a key, e.g. "
                     "mines.battery-limited.battery.failure=0.05. Repeatable."),
        click.option("--seed", type=click.IntRange(0), help="Seed of the random numbers [default: the scenario's]."),
        click.option("--replicates", type=click.IntRange(2), help="Simulated worlds, at most [default: the scenario's]."),
        click.option("--workers", type=click.IntRange(1, 256), default=1, show_default=True,
                     help="Processes. The result does not depend on it; worth it from about half a minute on."),
        click.option("--quiet", is_flag=True, help="Print nothing but errors."),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def _writing(command: Command) -> Command:
    """The options of every verb that writes a result."""
    options = (
        click.option("-o", "--output", type=FILE, help="Folder of the result [default: results/NAME]."),
        click.option("--method", type=click.Choice(["simulate", "expected"]), default="simulate", show_default=True,
                     help="Simulate, or compute the expected curves in closed form."),
        click.option("--precision", type=_Percent(), help="Stop early once mine-days and casualties are known this well "
                     "(half width of the 95 % interval), e.g. 2%."),
        click.option("--force", is_flag=True, help="Replace another result in the output folder."),
        click.option("--no-figures", is_flag=True, help="Write no figures."),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
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


@cli.command()
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
    """
    _simulate([scenario], options, "run")


@cli.command()
@click.argument("reference", type=FILE)
@click.argument("scenarios", type=FILE, nargs=-1, required=True)
@_computing
@_writing
def compare(reference: Path, scenarios: tuple[Path, ...], **options: Any) -> None:
    """Compare scenarios with a reference, the first, mine by mine on the same draws.

    --set applies to every scenario; a path under mines.CLASS to those that have the class.

    \b
    Examples:
      minesim compare scenarios/persistent.yaml scenarios/treaty-limit.yaml
      minesim compare scenarios/persistent.yaml scenarios/treaty-limit.yaml scenarios/field-pessimistic.yaml
    """
    _simulate([reference, *scenarios], options, "compare")


@cli.command()
@click.argument("scenario", type=FILE)
@_computing
def verify(scenario: Path, **options: Any) -> None:
    """Check the simulation of a scenario against its closed form, as z-scores.

    Exit status 1 if they disagree; by chance alone that happens once in 1,000 times.

    \b
    Example:
      minesim verify scenarios/treaty-limit.yaml --replicates 100
    """
    from simulator.commands import verify_scenario

    loaded = _load([scenario], options)
    agrees = verify_scenario(loaded[0], _plan(loaded, options), quiet=options["quiet"])
    sys.exit(0 if agrees else CHECK_FAILED)


@cli.command()
@click.argument("folder", type=FILE)
@click.option("--workers", type=click.IntRange(1, 256), default=1, show_default=True, help="Processes.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
def rerun(folder: Path, workers: int, quiet: bool) -> None:  # noqa: FBT001
    """Run a result again from its manifest and prove that it is identical, or say what differs.

    \b
    Example:
      minesim rerun results/first
    """
    from simulator.commands import run_again

    sys.exit(0 if run_again(folder, workers, quiet=quiet) else CHECK_FAILED)


@cli.command()
@click.argument("scenarios", type=FILE, nargs=-1, required=True)
@click.option("--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Override a key. Repeatable.")
def validate(scenarios: tuple[Path, ...], overrides: tuple[str, ...]) -> None:
    """Check scenario files and report every problem at its place.

    \b
    Example:
      minesim validate scenarios/*.yaml
    """
    from simulator.problems import InputError
    from simulator.scenario_file import load

    failed = False
    for path in scenarios:
        try:
            loaded = load(path, overrides)
        except InputError as error:
            failed = True
            click.echo(str(error), err=True)
        else:
            click.echo(f"{path}: valid: {loaded.scenario.title}")
    if failed:
        sys.exit(WRONG_INPUT)


@cli.command()
def schema() -> None:
    """Print the JSON Schema of scenario files, for completion and checks in editors.

    \b
    Example:
      minesim schema > scenario.schema.json
    """
    import json

    from simulator.schema import json_schema

    click.echo(json.dumps(json_schema(), indent=1, ensure_ascii=False))


@cli.command()
@click.argument("key", default="")
def explain(key: str) -> None:
    """Explain a key of scenario files: type, unit, range, default and meaning.

    \b
    Examples:
      minesim explain
      minesim explain mines.battery.failure
    """
    from simulator.schema import explanation

    click.echo(explanation(key))


@cli.command()
@click.argument("folder", type=FILE)
def init(folder: Path) -> None:
    """Start a project: a folder with two scenarios, the references and the schema for editors.

    \b
    Example:
      minesim init my-study
    """
    from simulator.commands import start_project

    click.echo(start_project(folder))


@cli.command()
@click.argument("scenario", type=FILE, required=False)
def sources(scenario: Path | None) -> None:
    """List the references that come with the program, or the sources of every number of a scenario.

    \b
    Examples:
      minesim sources
      minesim sources scenarios/official-claim.yaml
    """
    from simulator.commands import list_sources

    list_sources(scenario)


def main() -> NoReturn:
    """Run the command; exit 2 for wrong input, 130 when interrupted, never with a traceback for either."""
    from simulator.problems import InputError

    signal.signal(signal.SIGTERM, _interrupt)
    try:
        status = cli.main(standalone_mode=False)
    except InputError as error:
        click.echo(str(error), err=True)
        status = WRONG_INPUT
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    except (click.Abort, KeyboardInterrupt) as interruption:
        click.echo(f"interrupted. {' '.join(map(str, interruption.args))}".rstrip(), err=True)
        status = INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    sys.exit(status if isinstance(status, int) else 0)


def _simulate(paths: Sequence[Path], options: dict[str, Any], verb: str) -> None:
    from simulator.commands import simulate

    loaded = _load(paths, options)
    name = loaded[-1].name if verb == "run" else f"{loaded[0].name}-and-{loaded[-1].name}"
    out = options["output"] or Path("results") / name
    command = " ".join(["minesim", *sys.argv[1:]])
    simulate(
        loaded, _plan(loaded, options), out, command,
        force=options["force"], quiet=options["quiet"], with_figures=not options["no_figures"],
    )  # fmt: skip


def _load(paths: Sequence[Path], options: dict[str, Any]) -> "list[LoadedScenario]":
    from simulator.commands import load_together

    overrides = list(options["overrides"])
    for key in ("seed", "replicates"):
        if options[key] is not None:
            overrides.append(f"{key}={options[key]}")
    return load_together(paths, overrides)


def _plan(loaded: "Sequence[LoadedScenario]", options: dict[str, Any]) -> "Plan":
    from simulator.experiment import Plan

    return Plan(
        replicates=loaded[0].scenario.replicates,
        workers=options["workers"],
        precision=options.get("precision"),
        method=options.get("method", "simulate"),
    )


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt

