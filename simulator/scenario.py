"""The scenario: every key of a file, its type, unit, range and meaning.

Numbers are held in the unit of their dimension (days, km, km2, per mine-year). A Scenario is checked when it is made
and frozen; nothing downstream checks again. The field descriptions are what ``minesim explain`` and the JSON Schema
show. A rule that ties keys of one block is checked once those keys are sound by themselves.
"""

from datetime import datetime, time, timedelta
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from simulator.contamination import (
    Battery,
    Belt,
    Clusters,
    KeepAway,
    Laying,
    Lots,
    MineClass,
    Placement,
    Rectangle,
    RegionSpec,
    SelfDestruct,
)
from simulator.evidence import Source
from simulator.quantities import (
    Cost,
    Day,
    Density,
    Duration,
    Factor,
    Horizon,
    MineRate,
    Passes,
    PositiveDensity,
    PositiveDuration,
    PositiveLength,
    PositiveNumber,
    Probability,
    Share,
    TeamRate,
    Teams,
    YearlyRate,
)
from simulator.spec import FileName, Name, Spec, Text, Title, broken_rules

__all__ = [
    "Battery",
    "Belt",
    "Civilians",
    "Clearance",
    "Clusters",
    "Education",
    "KeepAway",
    "Laying",
    "Lots",
    "Marking",
    "MineClass",
    "Placement",
    "Rectangle",
    "RegionSpec",
    "Return",
    "Scenario",
    "SelfDestruct",
    "Surge",
]

TwelveFactors = Annotated[list[Factor], Field(min_length=12, max_length=12)]
MonthNumber = Annotated[int, Field(ge=1, le=12, strict=True)]


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
    settlements: FileName | None = Field(default=None, description="CSV file: name, lon, lat, population")
    range: PositiveLength | None = Field(
        default=None,
        description="activity falls off as exp(-distance / range) around settlements; none of it leaves the region",
    )
    accident_rate: MineRate = Field(description="accidents of one hazardous mine at the reference density")
    reference_density: PositiveDensity = Field(description="density at which accident_rate was observed")
    casualties_per_accident: PositiveNumber = Field(description="killed and injured per accident, mean")
    killed_share: Probability | None = Field(default=None, description="killed / casualties; absent: not reported")
    child_share: Probability | None = Field(default=None, description="children / casualties; absent: not reported")
    season: TwelveFactors | None = Field(
        default=None, description="factor of each month from January; their mean need not be 1"
    )
    return_: Return | None = Field(default=None, alias="return", description="return of the displaced")
    surge: Surge | None = Field(default=None, description="early-return surge")
    education: Education | None = Field(default=None, description="risk education")
    marking: Marking | None = Field(default=None, description="marking after an accident")

    @model_validator(mode="after")
    def _one_population(self) -> "Civilians":
        if (self.density is None) == (self.settlements is None):
            raise PydanticCustomError("one_of", "needs exactly one of 'density' and 'settlements'")
        if self.range is not None and self.settlements is None:
            raise broken_rules((("range",), "goes with 'settlements', not with 'density'"))
        if self.range is None and self.settlements is not None:
            raise broken_rules((("settlements",), "needs 'range' beside it: how fast activity falls off with distance"))
        return self


class Clearance(Spec):
    """Clearance teams."""

    start: Day = Field(alias="from")
    teams: Teams
    rate: TeamRate
    search: Share = 1.0
    detection: Probability
    passes: Passes = 1
    order: Literal["most-people-first", "most-accidents-first", "random"] = "most-people-first"
    winter_stop: list[MonthNumber] = Field(default_factory=list, description="months without work, 1 to 12")
    cost: Cost | None = None

    @field_validator("winter_stop")
    @classmethod
    def _some_work(cls, months: list[int]) -> list[int]:
        if len(set(months)) == 12:
            raise PydanticCustomError("range", "must leave at least one month for work, got all twelve")
        return months


class Scenario(Spec):
    """One scenario file."""

    title: Title
    question: Text = ""
    start: Day = Field(description="day 0 of every curve")
    horizon: Horizon = Field(description="how far the curves run")
    seed: Annotated[int, Field(ge=0, le=2**63 - 1, strict=True)] = 1
    replicates: Annotated[int, Field(ge=2, le=1_000_000_000, strict=True)] = 50
    region: RegionSpec
    mines: Annotated[dict[Name, MineClass], Field(min_length=1)]
    civilians: Civilians
    clearance: Clearance | None = None
    thresholds: Annotated[list[YearlyRate], Field(max_length=20)] = Field(
        default_factory=lambda: [1e-4, 1e-6], description="individual risk of death to compare with"
    )
    sources: dict[Name, Source] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _people_to_keep_away_from(self) -> "Scenario":
        if self.civilians.settlements is None:
            parts = [
                (("mines", name, "placement", "keep_away"), "needs 'settlements' under 'civilians' to keep away from")
                for name, kind in self.mines.items()
                if kind.placement.keep_away is not None
            ]
            if parts:
                raise broken_rules(*parts)
        return self

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
