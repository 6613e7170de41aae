"""What the page asks for: settings read from an address, refused in the words of the command line, and written back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isclose

from simulator.explorer_controls import Control, typed
from simulator.fields import Keys
from simulator.problems import InputError, Mark, Problem, printable
from simulator.scenario_file import LoadedScenario
from simulator.units import UnitError
from simulator.variation import AS_IT_STANDS, Settings, read_path, setting, varied

SCALE, SCALES = "scale", ("log", "even")
# A scenario has fewer numbers than this; an address that names more was not made by the page.
_MOST_SETTINGS = 200
_LONGEST = 300
_SAME = 1e-9  # relative: what writing a number to twelve digits may change


@dataclass(frozen=True, slots=True)
class Asked:
    """Values of controls by their path [unit of the dimension], only those that differ from the files; and whether
    numbers stand on a logarithmic or an even scale.
    """

    values: Mapping[Keys, float] = field(default_factory=dict)
    scale: str = SCALES[0]


def read_asked(
    pairs: Sequence[tuple[str, str]], controls: Sequence[Control], scenarios: Sequence[LoadedScenario]
) -> tuple[Asked, list[Problem]]:
    """Read the pairs of an address; what is wrong is left out of what is asked and said, each with its path.

    Values that make no valid scenario together are all left out. Raises nothing.
    """
    values: dict[Keys, float] = {}
    problems: list[Problem] = []
    by_name = {control.name: control for control in controls}
    scale = SCALES[0]
    seen: set[str] = set()
    for name, text in pairs[:_MOST_SETTINGS]:
        where = printable(name[:_LONGEST])
        try:
            if name in seen:
                raise InputError([Problem(None, where, "is given twice; give each setting once")])
            seen.add(name)
            if len(name) > _LONGEST or len(text) > _LONGEST:
                raise InputError([Problem(None, where, f"has more than {_LONGEST} characters")])
            if name == SCALE:
                scale = _scale(text)
            elif control := by_name.get(name):
                value = float(control.number.scalar(text.strip()))
                # What is shown is what the page's own address says, to its last digit.
                value = float(control.number.scalar(typed(value, control.number)))
                if not all(isclose(value, given, rel_tol=_SAME) for given in control.given):
                    values[control.path] = value
            else:
                raise _no_control(name, controls, scenarios)
        except UnitError as error:
            problems.append(Problem(None, where, str(error)))
        except InputError as error:
            problems += [Problem(None, where, one.message) for one in error.problems]
    if len(pairs) > _MOST_SETTINGS:
        problems.append(Problem(None, "", f"more than {_MOST_SETTINGS} settings; the rest is left out"))
    asked = Asked(values, scale)
    try:
        varied_by(asked, controls, scenarios)
    except InputError as error:
        problems += [Problem(None, one.path, one.message) for one in error.problems]
        asked = Asked({}, scale)
    return asked, problems


def varied_by(asked: Asked, controls: Sequence[Control], scenarios: Sequence[LoadedScenario]) -> list[LoadedScenario]:
    """The scenarios with the settings in each that has them. Raises InputError where one is not valid then."""
    return [
        varied(loaded, settings) if (settings := _settings(asked, controls, place)) != AS_IT_STANDS else loaded
        for place, loaded in enumerate(scenarios)
    ]


def changed(asked: Asked, controls: Sequence[Control], place: int) -> list[tuple[Control, float]]:
    """The controls that are set in the scenario at a place, with their values."""
    return [(one, asked.values[one.path]) for one in controls if one.path in asked.values and place in one.within]


def pairs_of(asked: Asked, controls: Sequence[Control]) -> list[tuple[str, str]]:
    """Write what is asked as pairs of an address, in the order of the controls; reading them gives it back."""
    pairs = [(one.name, typed(asked.values[one.path], one.number)) for one in controls if one.path in asked.values]
    return pairs if asked.scale == SCALES[0] else [*pairs, (SCALE, asked.scale)]


def _settings(asked: Asked, controls: Sequence[Control], place: int) -> Settings:
    return Settings(tuple(setting(one.path, value, one.number) for one, value in changed(asked, controls, place)))


def _scale(text: str) -> str:
    if text not in SCALES:
        raise InputError([Problem(None, SCALE, f"must be {' or '.join(SCALES)}, got {printable(text)!r}")])
    return text


def _no_control(name: str, controls: Sequence[Control], scenarios: Sequence[LoadedScenario]) -> InputError:
    """Say why a path has no slider: it is no number of these scenarios, or one that the explorer leaves alone."""
    try:
        read_path(name, scenarios, Mark("address", 0, 0, 0, len(name), (name,)), name)
    except InputError as error:
        return error
    known = ", ".join(control.name for control in controls)
    message = f"has no slider; set it with --set when the explorer is started. There are sliders for {known}"
    return InputError([Problem(None, name, message)])
