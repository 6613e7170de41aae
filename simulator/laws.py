"""Time laws: the distributions a lifetime can follow, as they stand in a scenario.

These carry parameters, in days, and compute nothing: `simulator.lifetimes` evaluates them. A law is written as a
quantity (fixed), ``never``, or a mapping with one name, for example ``{weibull: {shape: 4, scale: 81.9 days}}``.
"""

import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from simulator import units
from simulator.quantities import (
    SOURCED_KEYS,
    Duration,
    PositiveDuration,
    PositiveNumber,
    Probability,
    Quantity,
    quantity_schema,
    validated,
)
from simulator.spec import Shorthand, Spec, broken_rules
from simulator.units import describe


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
            raise broken_rules((("low",), "must be below 'high'"))
        return self


_PAIR = "[time, share still working]"


class Piecewise(Spec):
    """Shares still working at given times [days], linear between them; after the last the share stays.

    Implies the point (0, 1) when the first time is above 0.
    """

    points: list[tuple[Duration, Probability]]

    @model_validator(mode="after")
    def _falling(self) -> "Piecewise":
        parts: list[tuple[tuple[str | int, ...], str]] = []
        if not self.points:
            parts.append(((), f"needs at least one pair {_PAIR}"))
        for index, ((earlier, before), (later, after)) in enumerate(pairwise(self.points), start=1):
            if not earlier < later:
                parts.append(((index, 0), "times must rise from pair to pair"))
            if not after <= before:
                parts.append(((index, 1), "shares still working must not rise from pair to pair"))
        if self.points and self.points[0][0] == 0 and self.points[0][1] != 1:
            parts.append(((0, 1), "the share still working at time 0 must be 1"))
        if parts:
            raise broken_rules(*parts)
        return self


Law = Fixed | Never | Exponential | Weibull | Lognormal | Gamma | Normal | Uniform | Piecewise


def _read_piecewise(data: Any, handler: Callable[[Any], Any]) -> object:
    if not isinstance(data, list):
        message = "must be a list of pairs {pair}, got {got}"
        raise PydanticCustomError("law", message, {"pair": _PAIR, "got": describe(data)})
    parts: list[tuple[tuple[str | int, ...], str]] = [
        ((index,), f"must be a pair {_PAIR}, got {describe(item)}")
        for index, item in enumerate(data)
        if not isinstance(item, list) or len(item) != 2
    ]
    if parts:
        raise broken_rules(*parts)
    return handler({"points": data})


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
_KINDS = {kind.__name__.lower(): kind for kind in (Exponential, Weibull, Lognormal, Gamma, Normal, Uniform, Piecewise)}
_EXAMPLE = "{weibull: {shape: 4, scale: 81.9 days}}"
_FIXED = Quantity(units.DURATION, at_least=0)


def _read_law(data: Any, handler: Callable[[Any], Any]) -> Law:
    if isinstance(data, Mapping) and not set(data) & set(SOURCED_KEYS):
        if len(data) != 1:
            got = ", ".join(map(str, data)) or "nothing"
            raise PydanticCustomError("law", "must name exactly one time law, got {got}", {"got": got})
        ((name, parameters),) = data.items()
        if name in NAMES and parameters is None:
            raise _without_parameters(name)
        law: Law = getattr(handler(data), name)
        return law
    if data == "never":
        return Never()
    word = data.strip().lower() if isinstance(data, str) else ""
    if word in NAMES:
        raise _without_parameters(word)
    if data is None or isinstance(data, bool | list) or re.fullmatch(r"[^0-9.+-]+", word):
        message = "must be a duration such as 14 days, never, or a time law such as {example}; got {got}"
        raise PydanticCustomError("law", message, {"example": _EXAMPLE, "got": describe(data)})
    return Fixed.model_construct(days=validated(data, _FIXED.read))


def _without_parameters(name: str) -> PydanticCustomError:
    keys = ", ".join(f"{key}: …" for key in _KINDS[name].model_fields)
    example = f"{{{name}: [{_PAIR}, …]}}" if name == "piecewise" else f"{{{name}: {{{keys}}}}}"
    message = "the time law '{name}' needs its parameters, as in {example}"
    return PydanticCustomError("law", message, {"name": name, "example": example})


if TYPE_CHECKING:
    TimeLaw = Law
else:
    TimeLaw = Annotated[Law, Shorthand(LawMapping, _read_law, [{"const": "never"}, *quantity_schema(_FIXED)["anyOf"]])]
