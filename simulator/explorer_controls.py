"""The controls of the explorer: which numbers of the scenarios have a slider, and the stops of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from simulator import units
from simulator.evidence import sourced_values
from simulator.fields import Keys, number_at
from simulator.glossary import explanation
from simulator.problems import printable
from simulator.quantities import Quantity
from simulator.scenario_file import LoadedScenario
from simulator.uncertainty import distribution_text, uncertain_inputs
from simulator.units import UnitError
from simulator.variation import value_at

_PER_DECADE = 20
_EVEN_STOPS = 100
_LEAST_RATE = -6
# What a kind of number is called, by the end of its path; a battery's life by the law that it follows.
_LABELS: Mapping[tuple[str, ...], str] = {
    ("count",): "Number of mines",
    ("self_destruct", "failure"): "Self-destruction that never works",
    ("battery", "failure"): "Batteries that never make the mine inert",
    ("battery", "life"): "Battery life",
    ("battery", "life", "exponential", "mean"): "Battery life, mean",
    ("battery", "life", "weibull", "scale"): "Battery life, until 37 % still work",
    ("battery", "life", "weibull", "shape"): "Shape of battery lives",
    ("battery", "life", "lognormal", "median"): "Battery life, until half still work",
    ("battery", "life", "lognormal", "sigma"): "Spread of battery lives",
    ("battery", "life", "gamma", "scale"): "Battery life, mean divided by shape",
    ("battery", "life", "gamma", "shape"): "Shape of battery lives",
    ("battery", "life", "normal", "mean"): "Battery life, mean",
    ("battery", "life", "normal", "sd"): "Spread of battery lives, standard deviation",
    ("battery", "life", "uniform", "low"): "Battery life, shortest",
    ("battery", "life", "uniform", "high"): "Battery life, longest",
    ("common_cause",): "What stops self-destruction stops the battery too",
}
EXPOSURE: Keys = ("civilians", "accident_rate")
_EXPOSURE_LABEL = "Exposure: accidents of one hazardous mine"


@dataclass(frozen=True, slots=True)
class Control:
    """A number that the page can set in the scenarios at the places ``within``.

    ``given`` is its value in each of them [unit of its dimension], ``sources`` where that comes from, in words. A
    slider stands on one of the ``stops``, which rise.
    """

    path: Keys
    number: Quantity
    label: str
    group: str
    meaning: str
    within: tuple[int, ...]
    given: tuple[float, ...]
    sources: tuple[str, ...]
    stops: tuple[float, ...]

    @property
    def name(self) -> str:
        """The dotted path, as the address of the page and ``--set`` have it."""
        return ".".join(self.path)

    @property
    def start(self) -> float:
        """Where the slider stands at first: the value of the last scenario that has it, the one that is explored."""
        return self.given[-1]


def controls_of(scenarios: Sequence[LoadedScenario]) -> tuple[Control, ...]:
    """Every control of some scenarios, the reference first and all alternatives settled: class by class, then people.

    A number has one control, which sets it in every scenario that has it, as ``--set`` does.
    """
    names = dict.fromkeys(name for loaded in reversed(scenarios) for name in loaded.scenario.mines)
    places = [(("mines", name, *tail), label, f"{printable(name)} mines") for name in names
              for tail, label in _LABELS.items()]  # fmt: skip
    places.append((EXPOSURE, _EXPOSURE_LABEL, "People"))
    return tuple(control for place in places if (control := _control(*place, scenarios)) is not None)


def position(control: Control, value: float) -> int:
    """The stop nearest to a value: by ratio above 0, so that only 0 itself stands at 0."""
    stops = control.stops
    if not value > 0:
        return 0

    def distance(place: int) -> float:
        return abs(log10(stops[place] / value)) if stops[place] > 0 else float("inf")

    return min(range(len(stops)), key=distance)


def typed(value: float, number: Quantity) -> str:
    """Write a value as one would type it, to twelve digits: ``5 %``, ``6 per million``, ``90 days``, ``10000``."""
    if number.integer:
        return str(round(value))
    if number.dimension is units.PROBABILITY:
        return f"{1e6 * value:.12g} per million" if 0 < value < 1e-4 else f"{100 * value:.12g} %"
    return f"{value:.12g} {number.dimension.unit}".strip()


def _control(path: Keys, label: str, group: str, scenarios: Sequence[LoadedScenario]) -> Control | None:
    number = number_at(path)
    found = {place: value for place, loaded in enumerate(scenarios) if (value := _given(loaded, path)) is not None}
    if number is None or not found:
        return None
    # A class may have any name, so a key is explained without it.
    key = (path[0], *path[2:]) if path[0] == "mines" else path
    return Control(
        path=path,
        number=number,
        label=label,
        group=group,
        meaning=explanation(".".join(key)).splitlines()[1].strip(),
        within=tuple(found),
        given=tuple(found.values()),
        sources=tuple(_source(scenarios[place], path) for place in found),
        stops=_stops(path, number, tuple(found.values())),
    )


def _given(loaded: LoadedScenario, path: Keys) -> float | None:
    """The number at a path of a scenario [unit of its dimension]; None where the scenario has no use for one."""
    number, value = number_at(path), value_at(loaded, path)
    if path[-1] == "common_cause" and value is None:
        mines = loaded.scenario.mines.get(path[1])
        return 0.0 if mines and mines.self_destruct and mines.battery else None
    try:
        return None if value is None or number is None else float(number.scalar(value))
    except UnitError:
        # A time law that is no number, such as never.
        return None


def _source(loaded: LoadedScenario, path: Keys) -> str:
    for value in sourced_values(loaded.tree):
        if value.path == path:
            grade = f", {value.grade} grade" if value.grade else ""
            ranges = [distribution_text(one) for one in uncertain_inputs(loaded) if one.path == path]
            stated = f", stated range: {ranges[0]}" if ranges else ""
            return printable(f"{value.source}{grade}{stated}")
    return "no source named"


def _stops(path: Keys, number: Quantity, given: Sequence[float]) -> tuple[float, ...]:
    """Where a slider can stand: round numbers, and the values given in the files."""
    if path[-1] == "common_cause":
        even = [place / _EVEN_STOPS for place in range(_EVEN_STOPS + 1)]
        return tuple(sorted({*even, *given}))
    if number.dimension is units.PROBABILITY:
        return tuple(sorted({0.0, *_round(_LEAST_RATE, 0), *given}))
    positive = [value for value in given if value > 0] or [1.0]
    # Numbers of mines and exposure are disputed by orders of magnitude, batteries by less.
    factor = {"count": 1000.0, EXPOSURE[-1]: 100.0}.get(path[-1], 10.0)
    low, high = min(positive) / factor, max(positive) * factor
    stops = [value for value in _round(floor(log10(low)), ceil(log10(high))) if low * 0.99 <= value <= high * 1.01]
    if number.integer:
        stops = [float(round(value)) for value in stops if value >= 1]
    most = number.at_most if number.at_most is not None else float("inf")
    return tuple(sorted({*(value for value in stops if value <= most), *given}))


def _round(low: int, high: int) -> list[float]:
    """Numbers from 10^low to 10^high, in steps of equal ratio, rounded to two digits."""
    steps = range(low * _PER_DECADE, high * _PER_DECADE + 1)
    return [float(f"{10 ** (step / _PER_DECADE):.1e}") for step in steps]
