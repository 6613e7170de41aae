"""Which numbers of a scenario are free, and between which bounds: read from the command line and the scenario."""

from collections.abc import Sequence

import numpy as np

from simulator.calibration_curve import Free
from simulator.calibration_problem import Axis, place_of
from simulator.fields import Keys, value_words
from simulator.problems import InputError, Mark, Problem, input_error
from simulator.quantities import Quantity
from simulator.scenario_file import LoadedScenario
from simulator.uncertainty import inverse, uncertain_inputs
from simulator.units import COUNT, NUMBER, PROBABILITY
from simulator.variation import concerns, read_number, read_path, value_at

OPTION, REPORTING_OPTION = "--free", "--reporting"
MOST_FREE = 6
_FAR = 100.0
_ENDS = (0.005, 0.995)
_WIDE = 100.0
_SHARE = Quantity(PROBABILITY, above=0, at_most=1)
_NUMBER = Quantity(NUMBER)


def read_free(texts: Sequence[str], loaded: LoadedScenario) -> tuple[Free, ...]:
    """Read what is free: PATH, or PATH=LOW:HIGH (or PATH:LOW:HIGH), in a scenario with all alternatives settled.

    Without bounds they are those of the number's own ``uncertainty`` (the middle 99 %), else of what the number may be:
    0 to 1 for shares, a hundredth to a hundred times the value for other numbers above 0. Raises InputError with every
    problem found.
    """
    problems: list[Problem] = []
    found: list[Free] = []
    for text in texts:
        try:
            one = _read(text, loaded)
        except InputError as error:
            problems += error.problems
            continue
        if any(one.path == other.path for other in found):
            mark = _mark(OPTION, text, 0, len(text))
            problems.append(Problem(mark, OPTION, f"'{'.'.join(one.path)}' is given twice"))
        found.append(one)
    if len(found) > MOST_FREE:
        problems.append(Problem(None, OPTION, f"at most {MOST_FREE} numbers can be free at once, got {len(found)}"))
    if problems:
        raise InputError(problems)
    return tuple(found)


def read_reporting(text: str) -> tuple[float, float]:
    """Read the share of casualties that come into the record: SHARE, or LOW:HIGH. Raises InputError."""
    parts = text.split(":")
    if len(parts) > 2:
        raise input_error(f"must be a share such as 80% or a range such as 60%:90%, got {text}", path=REPORTING_OPTION)
    values: list[float] = []
    for part in parts:
        start = text.index(part)
        mark = _mark(REPORTING_OPTION, text, start, start + max(len(part), 1))
        values.append(read_number(part, _SHARE, mark, REPORTING_OPTION))
    low, high = values[0], values[-1]
    if len(parts) == 2 and not low < high:
        message = f"must rise from low to high, got {text}"
        raise input_error(message, mark=_mark(REPORTING_OPTION, text, 0, len(text)), path=REPORTING_OPTION)
    return low, high


def _read(text: str, loaded: LoadedScenario) -> Free:
    name, bounds = _parted(text)
    mark = _mark(OPTION, text, 0, max(len(name), 1))
    path, number = read_path(name.strip(), [loaded], mark, OPTION)
    if number.integer and not (path[0] == "mines" and path[-1] == "count"):
        message = f"'{'.'.join(path)}' is a whole number, and of those only a number of mines can be fitted"
        raise input_error(message, mark=mark, path=OPTION)
    if bounds is None:
        low, high, source = _default_bounds(path, number, loaded, mark)
    else:
        low, high, source = (*_given_bounds(text, len(name) + 1, number), "as given")
    try:
        axis = Axis(".".join(path), low, high, _by_ratios(number, low, high))
    except ValueError as error:
        raise input_error(str(error), mark=_mark(OPTION, text, 0, len(text)), path=OPTION) from None
    return Free(path, number, axis, source, _start(path, number, loaded, axis, mark))


def _parted(text: str) -> tuple[str, str | None]:
    """The path and, if there are any, the bounds: after an equals sign, else after the first colon."""
    for sign in "=:":
        name, found, bounds = text.partition(sign)
        if found:
            return name, bounds
    return text, None


def _given_bounds(text: str, start: int, number: Quantity) -> tuple[float, float]:
    parts = text[start:].split(":")
    if len(parts) != 2:
        mark = _mark(OPTION, text, start, len(text))
        raise input_error("bounds must look like PATH=LOW:HIGH", mark=mark, path=OPTION)
    middle = start + len(parts[0])
    marks = _mark(OPTION, text, start, max(middle, start + 1)), _mark(OPTION, text, middle + 1, len(text))
    low, high = (read_number(part, number, mark, OPTION) for part, mark in zip(parts, marks, strict=True))
    return low, high


def _default_bounds(path: Keys, number: Quantity, loaded: LoadedScenario, mark: Mark) -> tuple[float, float, str]:
    for one in uncertain_inputs(loaded):
        if one.path == path and one.number is not None:
            low, high = (float(inverse(one, np.array(end))) for end in _ENDS)
            return low, high, "the scenario's uncertainty"
    if number.dimension is PROBABILITY:
        return 0.0, 1.0, "what a share may be"
    stated = value_at(loaded, path) if concerns(loaded, path) else None
    middle = read_number(str(stated), number, mark, OPTION) if stated is not None else 0.0
    if not middle > 0:
        message = f"give bounds, as in {'.'.join(path)}=LOW:HIGH: the scenario has no value above 0 to start from"
        raise input_error(message, mark=mark, path=OPTION)
    low, high = middle / _FAR, middle * _FAR
    low = low if number.at_least is None else max(low, number.at_least)
    high = high if number.at_most is None else min(high, number.at_most)
    return low, high, f"{value_words(middle, number)}, a hundredth to a hundred times"


def _by_ratios(number: Quantity, low: float, high: float) -> bool:
    """Whether a number goes by ratios: all above 0 do, shares only over two decades or more.

    Even on the logit of a share from 0 to 1 would be no distribution, so that nothing could be drawn from it.
    """
    if not low > 0:
        return False
    if number.dimension is PROBABILITY:
        return high / low >= _WIDE
    return number.dimension in {COUNT, NUMBER} or number.at_least is not None or number.above is not None


def _start(path: Keys, number: Quantity, loaded: LoadedScenario, axis: Axis, mark: Mark) -> float:
    stated = value_at(loaded, path)
    if stated is None:
        return 0.5
    try:
        value = read_number(str(stated), number, mark, OPTION)
    except (InputError, ValueError):
        # A law that is no single number.
        return 0.5
    # A stated 0 has no logarithm, and bounds may leave out what is stated.
    return float(place_of(axis, value)) if axis.low < value < axis.high else 0.5


def _mark(option: str, text: str, start: int, end: int) -> Mark:
    argument = f"{option} {text}"
    shift = len(option) + 1
    return Mark("command line", 0, shift + start, 0, shift + end, (argument,))
