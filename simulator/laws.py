"""Time laws: the distributions a lifetime can follow, as they stand in a scenario.

These carry parameters, in days, and compute nothing: `simulator.lifetimes` evaluates them. A law is written as a quantity
(fixed), ``never``, or a mapping with one name, for example ``{weibull: {shape: 4, scale: 81.9 days}}``.
"""

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from simulator import units
from simulator.quantities import (
    Duration,
    PositiveDuration,
    PositiveNumber,
    Probability,
    Quantity,
    quantity_schema,
    validated,
)
from simulator.spec import Shorthand, Spec


class Fixed(Spec):
    """Exactly ``days`` after laying."""

    days: Duration


class Never(Spec):
    """Does not happen."""


class Exponential(Spec):
    """Constant hazard with mean ``mean`` [days]."""

    mean: PositiveDuration


class Weibull(Spec):
    """S(t) = exp(-(t / scale)^shape), scale [days]."""

    shape: PositiveNumber
    scale: PositiveDuration


class Lognormal(Spec):
    """log t is normal around log median [days] with standard deviation sigma."""

    median: PositiveDuration
    sigma: PositiveNumber


class Gamma(Spec):
    """Density proportional to t^(shape - 1) exp(-t / scale), scale [days]."""

    shape: PositiveNumber
    scale: PositiveDuration


class Normal(Spec):
    """Normal with mean and sd [days], truncated at 0."""

    mean: Duration
    sd: PositiveDuration


class Uniform(Spec):
    """Uniform between low and high [days]."""

    low: Duration
    high: PositiveDuration

    @model_validator(mode="after")
    def _ordered(self) -> "Uniform":
        if not self.low < self.high:
            raise PydanticCustomError("order", "low must be below high")
        return self


class Piecewise(Spec):
    """Shares still working at given times [days], linear between them; after the last the share stays.

    Implies the point (0, 1) when the first time is above 0.
    """

    points: list[tuple[Duration, Probability]]

    @model_validator(mode="after")
    def _falling(self) -> "Piecewise":
        if not self.points:
            raise PydanticCustomError("points", "needs at least one [time, share still working] pair")
        for (earlier, before), (later, after) in pairwise(self.points):
            if not earlier < later:
                raise PydanticCustomError("points", "times must rise from pair to pair")
            if not after <= before:
                raise PydanticCustomError("points", "shares still working must not rise")
        if self.points[0][0] == 0 and self.points[0][1] != 1:
            raise PydanticCustomError("points", "the share still working at time 0 must be 1")
        return self


Law = Fixed | Never | Exponential | Weibull | Lognormal | Gamma | Normal | Uniform | Piecewise


def _read_piecewise(data: Any, handler: Callable[[Any], Any]) -> object:
    return handler({"points": data} if isinstance(data, list) else data)


_POINTS = {
    "type": "array",
    "minItems": 1,
    "items": {"type": "array", "minItems": 2, "maxItems": 2},
    "description": "[[time, share still working], ...]",
}


class LawMapping(Spec):
    """The mapping form of a time law: exactly one of its keys."""

    exponential: Exponential | None = None
    weibull: Weibull | None = None
    lognormal: Lognormal | None = None
    gamma: Gamma | None = None
    normal: Normal | None = None
    uniform: Uniform | None = None
    piecewise: Annotated[Piecewise, Shorthand(Piecewise, _read_piecewise, [_POINTS])] | None = None


NAMES = tuple(LawMapping.model_fields)
_FIXED = Quantity(units.DURATION, at_least=0)


def _read_law(data: Any, handler: Callable[[Any], Any]) -> Law:
    if isinstance(data, Mapping) and "value" not in data:
        if len(data) != 1:
            got = ", ".join(map(str, data)) or "nothing"
            raise PydanticCustomError("law", "must name exactly one time law, got {got}", {"got": got})
        mapping = handler(data)
        law: Law | None = next((getattr(mapping, name) for name in NAMES if getattr(mapping, name) is not None), None)
        if law is None:
            raise PydanticCustomError("law", "needs the parameters of the time law")
        return law
    if data == "never":
        return Never()
    if isinstance(data, str) and data.strip().lower() in NAMES:
        raise PydanticCustomError("law", "needs the parameters of the time law '{name}'", {"name": data})
    return Fixed.model_construct(days=validated(data, _FIXED.read))


if TYPE_CHECKING:
    TimeLaw = Law
else:
    TimeLaw = Annotated[Law, Shorthand(LawMapping, _read_law, [{"const": "never"}, *quantity_schema(_FIXED)["anyOf"]])]
