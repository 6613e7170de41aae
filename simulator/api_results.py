"""What the functions of the Python API return: results that carry numbers with their intervals, and show themselves."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from simulator import answer, outputs
from simulator.api_drawing import Drawing, drawing
from simulator.api_frames import BOTH, CHANCE, KNOWLEDGE, UNITS, dataset_of, frame_of_csv, frame_of_metrics
from simulator.api_html import paragraphs, table
from simulator.api_saving import save_outcome
from simulator.api_scenario import in_python
from simulator.clocks import Array
from simulator.ensemble import ALL
from simulator.experiment import Outcome, ScenarioOutcome
from simulator.findings import Finding, comparisons, findings, named, table_label
from simulator.knowledge import Knowledge
from simulator.problems import closest, input_error
from simulator.statistics import Band, PairedDifference
from simulator.wording import counted

_TABLES = ("curves", "metrics", "differences", "worlds")


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean, its standard error and percentiles; a time that never comes is infinite, what does not exist NaN."""

    mean: float
    standard_error: float
    p05: float
    p50: float
    p95: float


@dataclass(frozen=True, slots=True)
class Reading:
    """A metric of a scenario: mean and standard error of the best estimator, percentiles of the worlds played.

    ``upper_bound`` is the 95 % bound of the mean where no world showed any, else None. Where inputs were varied,
    ``knowledge`` is over parameter sets, and ``both`` over all their worlds.
    """

    name: str
    label: str
    unit: str
    mean: float
    standard_error: float
    p05: float
    p50: float
    p95: float
    upper_bound: float | None
    sentence: str
    knowledge: Interval | None = None
    both: Interval | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """A metric's paired difference to the reference, and the ratio of the means; NaN where there is none."""

    name: str
    difference: float
    standard_error: float
    p05: float
    p95: float
    ratio: float
    ratio_p05: float
    ratio_p95: float


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A quantity over ``times`` [days since the start]; arrays of shape [T], read-only, NaN where there is none."""

    quantity: str
    mines: str
    unit: str
    times: Array
    mean: Array
    standard_error: Array
    p05: Array
    p50: Array
    p95: Array


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """What was found of one scenario or more, simulated or in closed form; the first is the reference.

    ``outcome`` has everything, ``knowledge`` what uncertain inputs do where they were varied; ``command`` is what was
    asked.
    """

    outcome: Outcome
    knowledge: tuple[Knowledge, ...]
    command: str

    @property
    def scenarios(self) -> tuple[str, ...]:
        """The names of the scenarios, the reference first."""
        return tuple(part.loaded.name for part in self.outcome.scenarios)

    @property
    def sentences(self) -> tuple[str, ...]:
        """The answer in sentences."""
        found = [findings(part) for part in self.outcome.scenarios]
        return tuple(answer.sentences(self.outcome, found, self.knowledge))

    def curve(self, quantity: str, mines: str = ALL, *, scenario: str | None = None, kind: str = CHANCE) -> Curve:
        """One quantity over time, as in curves.csv; of all mines or a class, and of a scenario where there are several.

        ``kind`` is chance; or knowledge, or both, where inputs were varied.
        """
        with in_python():
            return _curve(self, quantity, mines, scenario, kind)

    def figure(self, stem: str = "hazardous") -> Drawing:
        """A figure by its name, such as hazardous, states, harm or difference."""
        with in_python():
            return drawing(stem, lambda: _drawn(self))

    def to_dataframe(self, which: str = "curves") -> Any:
        """A pandas DataFrame: ``curves``, ``differences`` and ``worlds`` as in those files; or ``metrics``."""
        with in_python():
            return _frame(self, which)

    def to_xarray(self) -> Any:
        """The curves as an xarray Dataset over scenario, mines, quantity and time [days]."""
        return dataset_of(self.outcome, self.knowledge)

    def save(self, folder: str | os.PathLike[str], *, force: bool = False, figures: bool = True) -> Path:
        """Write the result as the command line does, and return its folder; ``force`` replaces another result."""
        out = Path(folder)
        drawn = _drawn(self) if figures else iter(())
        with in_python():
            save_outcome(self.outcome, self.knowledge, drawn, self.command, out, force=force)
        return out

    def __repr__(self) -> str:
        return "\n".join(self.sentences)

    def _repr_html_(self) -> str:
        return _page(self)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Run(Result):
    """What was found of one scenario."""

    @property
    def metrics(self) -> Mapping[str, Reading]:
        """Its metrics by name."""
        return _readings(self, 0)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Comparison(Result):
    """What was found of several scenarios, mine by mine on the same draws; the first is the reference."""

    @property
    def metrics(self) -> Mapping[str, Mapping[str, Reading]]:
        """The metrics of each scenario by its name, and theirs."""
        return {name: _readings(self, place) for place, name in enumerate(self.scenarios)}

    @property
    def differences(self) -> Mapping[str, Mapping[str, Difference]]:
        """The paired differences of every other scenario to the reference, by its name and the metric's."""
        return {
            one.name: {name: _difference(name, its) for name, its in one.differences.items()}
            for one in comparisons(self.outcome)
        }


def result_of(outcome: Outcome, knowledge: Sequence[Knowledge], command: str) -> Run | Comparison:
    """The result of one scenario, or of several."""
    kind = Run if len(outcome.scenarios) == 1 else Comparison
    return kind(outcome, tuple(knowledge), command)


def _readings(result: Result, place: int) -> dict[str, Reading]:
    known = result.knowledge[place].metrics if result.knowledge else {}
    found = {}
    for finding in findings(result.outcome.scenarios[place]):
        name, spread = finding.metric.name, known.get(finding.metric.name)
        found[name] = Reading(
            name, finding.label, finding.metric.unit, *_numbers(finding.band), finding.upper_bound, finding.sentence,
            None if spread is None else Interval(*_numbers(spread.knowledge)),
            None if spread is None or spread.both is None else Interval(*_numbers(spread.both)),
        )  # fmt: skip
    return found


def _numbers(band: Band) -> tuple[float, float, float, float, float]:
    mean, error, p05, p50, p95 = (float(one) for one in (band.mean, band.standard_error, band.p05, band.p50, band.p95))
    return mean, error, p05, p50, p95


def _difference(name: str, its: PairedDifference) -> Difference:
    fields = ("difference", "standard_error", "p05", "p95", "ratio", "ratio_p05", "ratio_p95")
    return Difference(name, *(float(getattr(its, field)) for field in fields))


def _curve(result: Result, quantity: str, mines: str, scenario: str | None, kind: str) -> Curve:
    place = _place(result, scenario)
    part = result.outcome.scenarios[place]
    chance = {(whose, what): band for whose, what, band in outputs.part_bands(part)}
    if (mines, quantity) not in chance:
        raise input_error(_no_curve(part, list(chance), mines, quantity), path="curve")
    kinds: dict[str, Band | None] = {CHANCE: chance[mines, quantity]}
    if result.knowledge:
        spread = result.knowledge[place].curves[mines, quantity]
        kinds |= {KNOWLEDGE: spread.knowledge, BOTH: spread.both}
    band = kinds.get(kind)
    if band is None:
        there = ", ".join(name for name, one in kinds.items() if one is not None)
        raise input_error(f"no kind '{kind}' of spread here, there is {there}", path="kind")
    arrays = (part.world.times, band.mean, band.standard_error, band.p05, band.p50, band.p95)
    return Curve(quantity, mines, UNITS[quantity], *map(_frozen, arrays))


def _place(result: Result, scenario: str | None) -> int:
    names = result.scenarios
    if scenario is None and len(names) == 1:
        return 0
    if scenario not in names:
        what = "say of which scenario" if scenario is None else f"no scenario '{scenario}'"
        raise input_error(f"{what}: {', '.join(names)}", path="scenario")
    return names.index(scenario)


def _no_curve(part: ScenarioOutcome, there: Sequence[tuple[str, str]], mines: str, quantity: str) -> str:
    classes = list(dict.fromkeys(whose for whose, _ in there))
    if mines not in classes:
        return f"no class of mines '{mines}' in {part.loaded.name}, there is {', '.join(classes)}"
    known = [what for whose, what in there if whose == mines]
    near = closest(quantity, known)
    hint = f"did you mean '{near}'?" if near else f"there is {', '.join(known)}"
    return f"no quantity '{quantity}', {hint}"


def _frozen(values: Array) -> Array:
    copy = np.array(values, dtype=float)
    copy.flags.writeable = False
    return copy


def _drawn(result: Result) -> Iterator[tuple[str, Any]]:
    # Matplotlib takes half a second to load.
    from simulator.figures import figures

    yield from figures(result.outcome, result.knowledge)


def _frame(result: Result, which: str) -> Any:
    if which == "metrics":
        return frame_of_metrics(json.loads(outputs.summary_json(result.outcome, result.knowledge)))
    files = outputs.results(result.outcome, result.knowledge) if which in _TABLES else {}
    if f"{which}.csv" not in files:
        there = [name for name in _TABLES if which not in _TABLES or name == "metrics" or f"{name}.csv" in files]
        raise input_error(f"no table '{which}' of this result, there is {', '.join(there)}", path="to_dataframe")
    return frame_of_csv(files[f"{which}.csv"])


def _page(result: Result) -> str:
    """The sentences and the table of metrics, as the command line prints them."""
    outcome = result.outcome
    found = [findings(part) for part in outcome.scenarios]
    labels = {finding.metric.name: table_label(finding) for one in found for finding in one}
    rows = [[label, *(_cell(named(one, name)) for one in found)] for name, label in labels.items()]
    titles = [f"{part.loaded.name}: {part.world.title}" for part in outcome.scenarios]
    if outcome.replicates:
        how = f"Means of {counted(outcome.replicates, 'simulated world')}; in brackets the range of 90 % of the worlds."
        if any(finding.upper_bound is not None for one in found for finding in one):
            how += " “<”: none in any world, so this is the upper bound of the mean (95 % confidence)."
    else:
        how = "Expected values of the closed form; nothing was simulated."
    return paragraphs([*titles, *result.sentences]) + table(["metric", *result.scenarios], rows, how)


def _cell(finding: Finding | None) -> str:
    return "" if finding is None else finding.cell
