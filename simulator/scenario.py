"""The scenario: every key of a file, its type, unit, range and meaning.

Numbers are held in the unit of their dimension (days, km, km2, per mine-year). A Scenario is checked when it is made
and frozen; nothing downstream checks again. The field descriptions are what ``minesim explain`` and the JSON Schema
show. A rule that ties keys of one block is checked once those keys are sound by themselves.
"""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from simulator.evidence import Source
from simulator.laws import Never, TimeLaw
from simulator.quantities import (
    Cost,
    Count,
    Day,
    Density,
    Duration,
    Energy,
    Factor,
    Horizon,
    Length,
    MineRate,
    MonthlyTemperature,
    PositiveCount,
    PositiveDensity,
    PositiveDuration,
    PositiveLength,
    PositiveNumber,
    Probability,
    TeamRate,
    Temperature,
    YearlyRate,
)
from simulator.spec import Shorthand, Spec, broken_rules
from simulator.units import describe


def _one_line(text: str) -> str:
    if "\n" in text or "\t" in text or text != text.strip():
        message = "must be one line without spaces around it, got {text}"
        raise PydanticCustomError("line", message, {"text": describe(text)})
    return text


Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_one_line)]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(_one_line)]
Text = Annotated[str, Field(max_length=20_000)]
TwelveTemperatures = Annotated[list[MonthlyTemperature], Field(min_length=12, max_length=12)]
TwelveFactors = Annotated[list[Factor], Field(min_length=12, max_length=12)]
MonthNumber = Annotated[int, Field(ge=1, le=12, strict=True)]


def _inside_folder(name: str) -> str:
    path = PurePosixPath(name.replace("\\", "/"))
    if not path.parts or path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
        message = "must be a file in the scenario's folder, got {name}"
        raise PydanticCustomError("path", message, {"name": describe(name)})
    return name


class Rectangle(Spec):
    """A region without geography."""

    width: PositiveLength = Field(description="east to west")
    height: PositiveLength = Field(description="south to north")


class RegionSpec(Spec):
    """Where the mines lie."""

    name: Title = Field(default="Region", description="what figures and sentences call it")
    rectangle: Rectangle | None = Field(default=None, description="a plain rectangle; or give 'boundary'")
    boundary: Name | None = Field(default=None, description="GeoJSON file with a Polygon or MultiPolygon, WGS 84")
    cell: PositiveLength = Field(default=1.0, description="side of the square cells the region is divided into")
    temperature: TwelveTemperatures | None = Field(default=None, description="mean of each month from January, degC")

    @field_validator("boundary")
    @classmethod
    def _local(cls, name: str | None) -> str | None:
        return None if name is None else _inside_folder(name)

    @model_validator(mode="after")
    def _one_shape(self) -> "RegionSpec":
        if (self.rectangle is None) == (self.boundary is None):
            raise PydanticCustomError("one_of", "needs exactly one of 'rectangle' and 'boundary'")
        return self


class Laying(Spec):
    """A period of laying: each mine is laid at a time drawn uniformly between the two dates (midnight to midnight)."""

    start: Day = Field(alias="from")
    end: Day = Field(alias="to")

    @model_validator(mode="after")
    def _ordered(self) -> "Laying":
        if not self.start <= self.end:
            raise broken_rules((("from",), "must not be after 'to'"))
        return self


class Belt(Spec):
    """Along a line, Gaussian across."""

    line: Name = Field(description="GeoJSON file with a LineString")
    width: PositiveLength

    _local = field_validator("line")(staticmethod(_inside_folder))


class Clusters(Spec):
    """Groups of mines around random centres (a Thomas process)."""

    count: PositiveCount
    spread: PositiveLength


class KeepAway(Spec):
    """A distance from settlements that a share of the mines respects."""

    distance: Length
    compliance: Probability = 1.0


class Placement(Spec):
    """How mines are spread over the region: uniform, in a belt or in clusters."""

    uniform: Annotated[bool, Field(strict=True)] | None = None
    belt: Belt | None = None
    clusters: Clusters | None = None
    keep_away: KeepAway | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "Placement":
        if self.uniform is False:
            raise broken_rules((("uniform",), "must be true; or give 'belt' or 'clusters' instead"))
        given = [name for name in ("uniform", "belt", "clusters") if getattr(self, name) is not None]
        if len(given) > 1 or not (given or self.keep_away):
            message = "needs one of 'uniform', 'belt' and 'clusters', got {got}"
            raise PydanticCustomError("one_of", message, {"got": " and ".join(given) or "none"})
        return self


def _read_placement(data: Any, handler: Callable[[Any], Any]) -> object:
    if data == "uniform":
        return Placement(uniform=True)
    if isinstance(data, dict):
        return handler(data)
    message = "must be uniform, {{belt: …}} or {{clusters: …}}, got {data}"
    raise PydanticCustomError("placement", message.replace("{{", "{").replace("}}", "}"), {"data": describe(data)})


def _read_laid(data: Any, handler: Callable[[Any], Any]) -> object:
    return handler(data if isinstance(data, dict) else {"from": data, "to": data})


PlacementField = Annotated[Placement, Shorthand(Placement, _read_placement, [{"const": "uniform"}])]
LaidField = Annotated[Laying, Shorthand(Laying, _read_laid, [{"type": "string", "format": "date"}])]


class SelfDestruct(Spec):
    """The timed self-destruction of a mine."""

    time: TimeLaw = Field(description="from laying to self-destruction, when it works")
    failure: Probability = Field(description="share of mines whose self-destruction never works (f1)")


class Battery(Spec):
    """Self-deactivation: the mine becomes inert when its battery is exhausted."""

    life: TimeLaw = Field(description="from laying to exhaustion at the reference temperature, when it works")
    failure: Probability = Field(description="share of mines that do not become inert although the battery ages (f2)")
    q10: PositiveNumber = Field(default=1.0, description="factor of battery ageing per 10 K; 1 means no effect")
    activation_energy: Energy | None = Field(default=None, description="Arrhenius activation energy instead of q10")
    reference_temperature: Temperature = Field(default=20.0, description="temperature at which 'life' is given")

    @model_validator(mode="after")
    def _one_temperature_law(self) -> "Battery":
        if self.activation_energy is not None and self.q10 != 1.0:
            raise broken_rules((("activation_energy",), "give either 'q10' or 'activation_energy', not both"))
        return self

    @property
    def ages_with_temperature(self) -> bool:
        """Whether the battery clock needs the region's temperature."""
        return self.q10 != 1.0 or bool(self.activation_energy)


class Lots(Spec):
    """Production lots: failures of self-destruct and back-up are correlated inside a lot (beta-binomial)."""

    size: PositiveCount
    correlation: Probability = Field(description="intra-lot correlation, below 1")

    @field_validator("correlation")
    @classmethod
    def _below_one(cls, value: float) -> float:
        if not value < 1:
            raise PydanticCustomError("range", "must be below 1, got 1")
        return value


class MineClass(Spec):
    """One kind of mine: how many, when, and the laws of its working life."""

    count: Count = Field(description="number of mines laid")
    laid: LaidField = Field(description="a date, or a period {from, to}")
    placement: PlacementField = Field(
        default=Placement(uniform=True), description="uniform, belt or clusters; keep_away"
    )
    arming_failure: Probability = Field(default=0.0, description="share that never arms and lies inert from the start")
    self_destruct: SelfDestruct | None = Field(default=None, description="absent: the mine does not self-destruct")
    battery: Battery | None = Field(default=None, description="absent: the mine does not depend on a battery")
    common_cause: Probability = Field(default=0.0, description="chance that failed self-destruct stops the back-up")
    lots: Lots | None = Field(default=None, description="absent: mines fail independently")
    ageing: TimeLaw = Field(default=Never(), description="from laying to the mine no longer working for reasons of age")

    @model_validator(mode="after")
    def _common_cause_needs_two(self) -> "MineClass":
        if self.common_cause > 0 and (self.self_destruct is None or self.battery is None):
            raise broken_rules((("common_cause",), "needs both 'self_destruct' and 'battery'"))
        return self


class Return(Spec):
    """Return of the displaced."""

    initial: Probability
    final: Probability = 1.0
    half_time: PositiveDuration


class Surge(Spec):
    """A higher risk early in the return."""

    factor: Factor
    half_time: PositiveDuration


class Education(Spec):
    """Risk education."""

    start: Day = Field(alias="from")
    ramp: Duration = 0.0
    reduces: Probability


class Marking(Spec):
    """Marking of a cell after an accident."""

    after_accident: Duration
    reduces: Probability


class Civilians(Spec):
    """The people, and what an accident does."""

    density: Density | None = Field(default=None, description="people active everywhere; or give 'settlements'")
    settlements: Name | None = Field(default=None, description="CSV file: name, lon, lat, population")
    range: PositiveLength | None = Field(default=None, description="how fast activity falls off around settlements")
    accident_rate: MineRate = Field(description="accidents of one hazardous mine at the reference density")
    reference_density: PositiveDensity = Field(description="density at which accident_rate was observed")
    casualties_per_accident: PositiveNumber = Field(description="killed and injured per accident, mean")
    killed_share: Probability | None = Field(default=None, description="killed / casualties; absent: not reported")
    child_share: Probability | None = Field(default=None, description="children / casualties; absent: not reported")
    season: TwelveFactors | None = Field(default=None, description="factor of each month from January")
    return_: Return | None = Field(default=None, alias="return", description="return of the displaced")
    surge: Surge | None = Field(default=None, description="early-return surge")
    education: Education | None = Field(default=None, description="risk education")
    marking: Marking | None = Field(default=None, description="marking after an accident")

    @field_validator("settlements")
    @classmethod
    def _local(cls, name: str | None) -> str | None:
        return None if name is None else _inside_folder(name)

    @model_validator(mode="after")
    def _one_population(self) -> "Civilians":
        if (self.density is None) == (self.settlements is None):
            raise PydanticCustomError("one_of", "needs exactly one of 'density' and 'settlements'")
        if self.range is not None and self.settlements is None:
            raise broken_rules((("range",), "goes with 'settlements', not with 'density'"))
        return self


class Clearance(Spec):
    """Clearance teams."""

    start: Day = Field(alias="from")
    teams: PositiveCount
    rate: TeamRate
    search: Probability = 1.0
    detection: Probability
    order: Literal["most-people-first", "most-accidents-first", "random"] = "most-people-first"
    winter_stop: list[MonthNumber] = Field(default_factory=list, description="months without work, 1 to 12")
    cost: Cost | None = None


class Scenario(Spec):
    """One scenario file."""

    title: Title
    question: Text = ""
    start: Day = Field(description="day 0 of every curve")
    horizon: Horizon = Field(description="how far the curves run")
    seed: Annotated[int, Field(ge=0, le=2**63 - 1, strict=True)] = 1
    replicates: Annotated[int, Field(ge=2, le=1_000_000, strict=True)] = 50
    region: RegionSpec
    mines: Annotated[dict[Name, MineClass], Field(min_length=1)]
    civilians: Civilians
    clearance: Clearance | None = None
    thresholds: Annotated[list[YearlyRate], Field(max_length=20)] = Field(
        default_factory=lambda: [1e-4, 1e-6], description="individual risk of death to compare with"
    )
    sources: dict[Name, Source] = Field(default_factory=dict)

    @field_validator("mines")
    @classmethod
    def _fit_the_rest(cls, mines: dict[str, MineClass], info: ValidationInfo) -> dict[str, MineClass]:
        parts: list[tuple[tuple[str | int, ...], str]] = []
        if "all" in mines:
            parts.append((("all",), "is the name of the sum over classes, choose another"))
        if "start" in info.data and "horizon" in info.data:
            midnight = datetime.combine(info.data["start"], time())
            end = (midnight + timedelta(days=info.data["horizon"])).date()
            parts += [
                ((name, "laid"), f"must not be after the horizon ends on {end}, got {kind.laid.start}")
                for name, kind in mines.items()
                if not kind.laid.start <= end
            ]
        if "region" in info.data and info.data["region"].temperature is None:
            parts += [
                ((name, "battery"), "ages with temperature: 'region' needs 'temperature', twelve monthly means")
                for name, kind in mines.items()
                if kind.battery is not None and kind.battery.ages_with_temperature
            ]
        if parts:
            raise broken_rules(*parts)
        return mines
