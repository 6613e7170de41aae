"""The command line: verbs, options and help. Each verb imports what it needs when it runs."""
# ruff: noqa: D301
# Imports stand in the verbs: help answers at once, and checking a file loads no numerical library.
# In a docstring, \b tells click to leave the lines of a paragraph as they are.

import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import click

from simulator import __version__
from simulator.arguments import Verbs
from simulator.options import (
    FILE,
    QUIET,
    SET,
    WORKERS,
    command_line,
    computing,
    default_folder,
    hush,
    load_all,
    plan_of,
    writing,
)
from simulator.stopping import INTERRUPTED, close_ears, listen
from simulator.verbs_calibrate import calibrate
from simulator.verbs_evidence import evidence
from simulator.verbs_explore import explore
from simulator.verbs_fit import fit
from simulator.verbs_report import report
from simulator.verbs_sources import sources
from simulator.verbs_standards import standards
from simulator.verbs_studies import attribute, breakeven, sensitivity, sweep

CHECK_FAILED, WRONG_INPUT = 1, 2
_MOST_NAMES = 3


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
@computing
@writing
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
@computing
@writing
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
@computing
def verify(scenario: Path, **options: Any) -> int:
    """Check the simulation of a scenario, as z-scores, against its closed form.

    Where teams, marking, belts or clusters leave none, against a second engine that counts expected numbers in each
    cell.

    Exit status 1 if they disagree; by chance alone that happens once in 1,000 times.

    \b
    Example:
      minesim verify scenarios/treaty-limit.yaml --replicates 100
    """
    loaded = load_all([scenario], options)

    from simulator.commands import verify_scenario

    agrees = verify_scenario(loaded[0], plan_of(loaded, options), quiet=options["quiet"])
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

    hush(workers)
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


for verb in (sweep, sensitivity, breakeven, attribute, calibrate, evidence, standards, fit, explore, report, sources):
    cli.add_command(verb)


def main() -> NoReturn:
    """Run the command; exit 2 for wrong input, 130 when interrupted, never with a traceback for either."""
    from simulator.console import drop_output, open_streams, tell
    from simulator.problems import InputError

    listen()
    open_streams()
    try:
        status = cli.main(prog_name="minesim", standalone_mode=False)
        sys.stdout.flush()
    except InputError as error:
        tell(str(error))
        status = WRONG_INPUT
    except click.ClickException as error:
        tell(_shown(error))
        status = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        tell("interrupted.")
        status = INTERRUPTED
    except (BrokenPipeError, SystemExit):
        # The reader has gone, as after "| head"; click ends with SystemExit then, and nothing else here does.
        drop_output()
        status = 0
    except OSError as error:
        tell(f"error: {_what_failed(error)}")
        drop_output()
        status = WRONG_INPUT
    close_ears()
    sys.exit(status if isinstance(status, int) else 0)


def _simulate(paths: Sequence[Path], options: dict[str, Any]) -> None:
    loaded = load_all(paths, options)

    # Wrong input is refused before anything that computes is loaded.
    from simulator.commands import simulate

    names = [one.name.lstrip(".") for one in loaded]
    others = f"{len(names) - 1}-others"
    name = "-and-".join(names if len(names) <= _MOST_NAMES else [names[0], others])
    simulate(
        loaded, plan_of(loaded, options), options["output"] or default_folder(name), command_line(),
        force=options["force"], quiet=options["quiet"], with_figures=not options["no_figures"],
    )  # fmt: skip


def _checked_scenario(path: Path, overrides: Sequence[str]) -> str:
    """Check a scenario and the files it names; returns its title."""
    from simulator.scenario_file import load

    loaded = load(path, overrides)
    if loaded.files:
        # Borders and lines need geometry, which plain scenarios do not load.
        from simulator.place import read_place

        read_place(loaded)
    return loaded.scenario.title


def _shown(error: click.ClickException) -> str:
    """What click says of an error. It quotes what was typed, or pasted."""
    from simulator.problems import printable

    text = io.StringIO()
    error.show(text)
    return printable(text.getvalue(), keep="\n").rstrip("\n")


def _what_failed(error: OSError) -> str:
    """Say what the system refused: which file, if it is one."""
    from simulator.problems import printable

    try:
        Path.cwd()
    except FileNotFoundError:
        return "the folder you are in is not there any more; go to another one"
    place = f"{error.filename}: " if error.filename else ""
    return f"{printable(str(place))}{error.strerror or error}"
