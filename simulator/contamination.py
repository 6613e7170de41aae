"""Contamination as it stands in a scenario: the region, where and when mines are laid, and how each kind works.

Numbers are held in the unit of their dimension. A rule that ties keys of one block is checked once those keys are sound
by themselves.
"""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from simulator.laws import Never, TimeLaw
from simulator.quantities import (
    Q10,
    Count,
    Day,
    Energy,
    Groups,
    Length,
    MonthlyTemperature,
    PositiveCount,
    PositiveLength,
    Probability,
    Temperature,
)
from simulator.spec import FileName, Shorthand, Spec, Title, broken_rules
from simulator.units import describe

TwelveTemperatures = Annotated[list[MonthlyTemperature], Field(min_length=12, max_length=12)]


class Rectangle(Spec):
    """A region without geography."""

    width: PositiveLength = Field(description="east to west")
    height: PositiveLength = Field(description="south to north")


class RegionSpec(Spec):
    """Where the mines lie."""

    name: Title = Field(default="Region", description="what figures and sentences call it")
    rectangle: Rectangle | None = Field(default=None, description="a plain rectangle; or give 'boundary'")
    boundary: FileName | None = Field(default=None, description="GeoJSON file with a Polygon or MultiPolygon, WGS 84")
    cell: PositiveLength = Field(default=1.0, description="side of the square cells the region is divided into")
    temperature: TwelveTemperatures | None = Field(default=None, description="mean of each month from January, degC")

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

    line: FileName = Field(description="GeoJSON file with a LineString (in a rectangle: km from its south-west corner)")
    width: PositiveLength


class Clusters(Spec):
    """Groups of mines around random centres (a Thomas process)."""

    count: Groups
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
    q10: Q10 = Field(default=1.0, description="factor of battery ageing per 10 K; 1 means no effect")
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
    laid: LaidField = Field(
        description="a date, or a period {from, to}; before the start, mines age and drain, but meet nobody yet"
    )
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
