"""The verb ``calibrate``: a scenario fitted to a record of casualties."""
# ruff: noqa: D301
# Imports stand in the functions, as in the other verbs: help answers at once.

from datetime import date
from pathlib import Path
from typing import Any

import click

from simulator.arguments import Percent, WholeNumber
from simulator.options import FILE, FORCE, NO_FIGURES, OUTPUT, QUIET, SET, command_line, load_all

_LEAST_CONFIDENCE, _MOST_CONFIDENCE = 0.5, 0.9999
_LEAST_DRAWS, _MOST_DRAWS = 20, 1000


@click.command("calibrate", short_help="Fit a scenario to a record of casualties.")
@click.argument("scenario", type=FILE)
@click.option("--observed", type=FILE, required=True, metavar="CSV",
              help="Casualties (killed and injured) by 'year', 'month', or 'from' and 'to'; 'yes' under 'at_most' "
              "marks an upper bound.")  # fmt: skip
@click.option("--free", "free", multiple=True, required=True, metavar="PATH[=LOW:HIGH]",
              help="A number to fit, and its bounds [default: its stated uncertainty, else all a share may be, or a "
              "hundredth to a hundred times the value]. Repeatable, up to 6.")  # fmt: skip
@click.option("--until", metavar="DATE", help="Fit periods that end by this day, and predict those after it.")
@click.option("--reporting", default="100%", show_default=True, metavar="SHARE[:HIGH]",
              help="Share of casualties that come into the record; of a range, all are equally likely.")  # fmt: skip
@click.option("--confidence", type=Percent(), default="90%", show_default=True, help="Confidence of every interval.")
@click.option("--draws", type=WholeNumber(_LEAST_DRAWS, _MOST_DRAWS), default=200, show_default=True,
              help="Draws of what fits, written as 'uncertainty' of the fitted scenario.")  # fmt: skip
@SET
@click.option("--seed", type=WholeNumber(0, 2**63 - 1), help="Seed of the draws [default: the scenario's].")
@QUIET
@OUTPUT
@FORCE
@NO_FIGURES
def calibrate(scenario: Path, observed: Path, **options: Any) -> None:
    """Fit numbers of a scenario to a record of casualties, and say what the record cannot tell apart.

    Counts are negative binomial around the expected curve, which takes a scenario with a closed form. Intervals are
    from the profile of the likelihood. The result has calibrated.yaml: the scenario with draws of all that fits as the
    'uncertainty' of its free numbers. With --until, later periods are predicted and held against two naive forecasts.

    \b
    Examples:
      minesim calibrate valley.yaml --observed casualties.csv --free civilians.accident_rate
      minesim calibrate valley.yaml --observed casualties.csv --free civilians.accident_rate=1e-5:1e-2 \\
          --free mines.old.ageing.exponential.mean --until 2012-12-31 --reporting 60%:90% -o results/fitted
    """
    from simulator.problems import input_error
    from simulator.project import existing

    confidence = options["confidence"]
    if not _LEAST_CONFIDENCE <= confidence <= _MOST_CONFIDENCE:
        message = f"must be from {_LEAST_CONFIDENCE:.0%} to {_MOST_CONFIDENCE:.2%}, got {confidence:.6g}"
        raise input_error(message, path="--confidence")
    until = _day(options["until"])
    loaded = load_all([scenario], {**options, "replicates": None})
    text = _text_of(existing(observed))

    # Wrong input is refused before anything that computes is loaded.
    from simulator.calibration import problem_of
    from simulator.calibration_study import asked_of
    from simulator.executor import Resources
    from simulator.experiment import EXPECTED
    from simulator.study import Request
    from simulator.study_commands import Setup, carry_out

    arguments = {
        "record": observed.name, "text": text, "free": list(options["free"]), "until": until,
        "reporting": options["reporting"], "confidence": confidence, "draws": options["draws"],
    }  # fmt: skip
    request = Request("calibrate", tuple(loaded), loaded[0].scenario.replicates, EXPECTED, arguments)
    # Once more inside the study, where the record goes by its name alone.
    problem_of(*asked_of(request, str(observed)))
    name = f"calibrate-{loaded[0].name.lstrip('.')}"
    setup = Setup(
        options["output"] or Path("results") / name, Resources(), None, options["force"], options["quiet"],
        not options["no_figures"],
    )  # fmt: skip
    carry_out(request, setup, command_line())


def _day(text: str | None) -> str:
    """Read a date, empty where none is given. Raises InputError."""
    from simulator.problems import input_error

    try:
        return "" if text is None else date.fromisoformat(text).isoformat()
    except ValueError:
        raise input_error(f"must be a date such as 2012-12-31, got {text}", path="--until") from None


def _text_of(path: Path) -> str:
    """Read a record. Raises InputError where it is no text."""
    from simulator.problems import input_error

    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"{path}: is not UTF-8 text (byte {error.start + 1:,}); save it as UTF-8"
        raise input_error(message, path="--observed") from None
