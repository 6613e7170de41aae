"""Criteria for devices, and how a scenario's mines stand to them: shares, what is known of them, and chance.

The criteria are data (standards.yaml, or a file of the user's own). What is measured is a share of the activated
mines at an age, from the laws of the device (`simulator.device_shares`); people and teams have no part in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field, TypeAdapter, ValidationError, model_validator
from pydantic_core import core_schema

from simulator import units
from simulator.clocks import Array
from simulator.device_shares import Device, Measure, corner_shares, device_of, failures_of, lot_correlation, share_of
from simulator.evidence import ASSUMPTION, Source
from simulator.explaining import problems_of
from simulator.problems import InputError, Problem, closest, input_error
from simulator.quantities import Quantity, validated
from simulator.realised_share import INTERVAL, Realised, realised_share
from simulator.scenario import MineClass, Scenario
from simulator.scenario_file import SOURCES, LoadedScenario, read_sources, shipped_scenarios
from simulator.spec import Name, Spec, Text, Title, broken_rules
from simulator.uncertainty import UncertainInput, parameter_sets, settings_of, uncertain_inputs
from simulator.variation import varied
from simulator.yaml_reader import plain, read_yaml

SHIPPED = Path(__file__).with_name("standards.yaml")
SAME = 1e-9  # relative: what is nearer to a limit is on it, whatever rounding made of either

_ELSEWHERE = {"placement"}
_Found = dict[tuple[object, ...], Array]


@dataclass(frozen=True, slots=True)
class _Plain(Quantity):
    """A quantity written as such, without a source of its own."""

    def __get_pydantic_core_schema__(self, source: object, handler: object) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(lambda data: validated(data, self.scalar))


Age = Annotated[float, _Plain(units.DURATION, at_least=0, at_most=100 * units.DAYS_PER_YEAR)]
Limit = Annotated[float, _Plain(units.PROBABILITY, at_least=0, at_most=1)]


class Criterion(Spec):
    """At most ``limit`` of the activated mines may be in the measured state at age ``after`` [days since laying]."""

    title: Title
    measure: Measure
    after: Age
    limit: Limit
    source: Name
    note: Text = ""

    @model_validator(mode="after")
    def _assumptions_say_why(self) -> "Criterion":
        if self.source == ASSUMPTION and not self.note.strip():
            raise broken_rules((("source",), "an assumption needs a 'note' that says why"))
        return self

    def is_met_by(self, share: Array) -> Any:
        """Whether shares, any shape, are not above the limit; equality to SAME is not above."""
        return share <= self.limit * (1.0 + SAME)


Criteria = dict[Name, Criterion]


@dataclass(frozen=True, slots=True)
class OverSets:
    """A share over the parameter sets of the uncertain inputs: median, ends of INTERVAL, and in how many it is met."""

    median: float
    low: float
    high: float
    met: int
    sets: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """How a class of mines stands to a criterion.

    ``share`` and ``functioning``, the share that still functions at that age, are by the stated values. ``over`` is
    None where no uncertain input of the scenario moves the share, ``realised`` where no mine is activated.
    ``has_uncertainty``: whether any uncertain input bears on this class.
    """

    mines: str
    criterion: Criterion
    share: float
    functioning: float
    has_uncertainty: bool
    over: OverSets | None
    realised: Realised | None

    @property
    def is_met(self) -> bool:
        """Whether the criterion is met by the stated values."""
        return bool(self.criterion.is_met_by(np.array(self.share)))


@dataclass(frozen=True, slots=True)
class Judgements:
    """Every class held against every criterion; ``inputs`` that were drawn, and the problems of sets left out."""

    rows: tuple[Judgement, ...]
    inputs: tuple[UncertainInput, ...]
    sets: int
    failures: tuple[str, ...]


def read_standards(file: Path = SHIPPED) -> Criteria:
    """Read criteria, by key; their sources are those shipped, or in a sources.yaml beside the file.

    Raises InputError with every problem at its place.
    """
    if file.is_dir():
        raise input_error(f"{file}: is a folder; give a file of criteria")
    problems: list[Problem] = []
    name = file.name if file == SHIPPED else str(file)
    root = read_yaml(file, name, problems)
    try:
        criteria = TypeAdapter(Annotated[Criteria, Field(min_length=1)]).validate_python(plain(root))
    except ValidationError as error:
        raise InputError([*problems, *problems_of(error, root, Criteria)]) from None
    known = _sources(file)
    for key, criterion in criteria.items():
        if criterion.source not in known and criterion.source != ASSUMPTION:
            near = closest(criterion.source, known)
            hint = f", did you mean '{near}'?" if near else f"; add it to a {SOURCES} beside the file"
            mark = root.value[key].value["source"].mark
            problems.append(Problem(mark, f"{key}.source", f"unknown source '{criterion.source}'{hint}"))
    if problems:
        raise InputError(problems)
    return criteria


def judge(loaded: LoadedScenario, criteria: Criteria, sets: int) -> Judgements:
    """Hold every class of mines of a scenario against every criterion, over parameter sets of its uncertain inputs.

    Only inputs of the mines are drawn. Sets that make no valid scenario are left out and said. Raises InputError where
    fewer than two are left.
    """
    inputs = tuple(one for one in uncertain_inputs(loaded) if _bears_on_mines(one))
    scenarios, failures = _drawn(loaded, inputs, sets)
    oldest = max(criterion.after for criterion in criteria.values())
    rows: list[Judgement] = []
    for name in loaded.scenario.mines:
        stated = _Mines(loaded.scenario.mines[name], device_of(loaded.scenario, name, oldest))
        bears = any(one.path[0] != "mines" or one.path[1] == name for one in inputs)
        drawn = [_Mines(one.mines[name], device_of(one, name, oldest)) for one in scenarios] if bears else []
        found: _Found = {}
        rows += [_judgement(name, criterion, stated, drawn, found) for criterion in criteria.values()]
    return Judgements(tuple(rows), inputs, len(scenarios), failures)


@dataclass(frozen=True, slots=True, eq=False)
class _Mines:
    """A class of mines under one parameter set."""

    spec: MineClass
    device: Device

    @property
    def laying(self) -> tuple[object, ...]:
        """What decides, beside the share, what the share turns out to be."""
        lots = self.spec.lots
        return self.spec.count, self.spec.arming_failure, (lots.size, lots.correlation) if lots else None


def _judgement(name: str, criterion: Criterion, stated: _Mines, drawn: Sequence[_Mines], found: _Found) -> Judgement:
    def share(one: _Mines, measure: Measure = criterion.measure) -> float:
        return share_of(_corners(one.device, measure, criterion.after, found), failures_of(one.spec))

    def correlation(one: _Mines) -> float:
        if one.spec.lots is None:
            return 0.0
        corners = _corners(one.device, criterion.measure, criterion.after, found)
        return lot_correlation(corners, failures_of(one.spec), one.spec.lots.correlation)

    every = drawn or [stated]
    shares = np.array([share(one) for one in every])
    over = None
    if np.ptp(shares) > SAME * shares.max():
        low, median, high = np.quantile(shares, (INTERVAL[0], 0.5, INTERVAL[1])).tolist()
        over = OverSets(median, low, high, int(np.sum(criterion.is_met_by(shares))), len(drawn))
    elif len({one.laying for one in every}) == 1:
        # Nothing that is drawn changes it: what is left is chance.
        every, shares = [stated], np.array([share(stated)])
    correlations = np.array([correlation(one) for one in every])
    specs = [one.spec for one in every]
    laid = realised_share(criterion.limit, shares, specs, correlations, is_drawn=len(every) > 1)
    return Judgement(name, criterion, share(stated), share(stated, "functioning"), bool(drawn), over, laid)


def _corners(device: Device, measure: Measure, age_days: float, found: _Found) -> Array:
    """The closed form of a device; sets that differ in failure rates alone find it in what was ``found`` before."""
    key = (measure, age_days, device.key)
    if key not in found:
        found[key] = corner_shares(device, measure, age_days)
    return found[key]


def _drawn(
    loaded: LoadedScenario, inputs: Sequence[UncertainInput], sets: int
) -> tuple[list[Scenario], tuple[str, ...]]:
    """The scenario under each parameter set, and the problems of those that are not valid."""
    if not inputs:
        return [], ()
    drawn_by = list(dict.fromkeys(one.coordinate for one in inputs))
    scenarios, failures = [], []
    for row in parameter_sets(len(drawn_by), sets, loaded.scenario.seed).tolist():
        try:
            settings = settings_of(inputs, dict(zip(drawn_by, row, strict=True)))
            scenarios.append(varied(loaded, settings).scenario)
        except InputError as error:
            failures.append(error.problems[0].message)
    if len(scenarios) < 2:
        raise input_error(f"fewer than two parameter sets make a valid scenario: {failures[0]}", path="--sets")
    return scenarios, tuple(failures)


def _bears_on_mines(one: UncertainInput) -> bool:
    if one.path[:2] == ("region", "temperature"):
        return True
    return one.path[0] == "mines" and one.path[2] not in _ELSEWHERE


def _sources(file: Path) -> dict[str, Source]:
    shipped, beside = shipped_scenarios() / SOURCES, file.parent / SOURCES
    return read_sources(shipped) | (read_sources(beside) if beside.is_file() else {})
