"""Which number or time law a path of a scenario leads to."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel

from simulator import units
from simulator.laws import LawMapping, Piecewise
from simulator.quantities import Quantity
from simulator.scenario import Scenario
from simulator.spec import Shorthand
from simulator.wording import duration
from simulator.wording import number as in_words

Keys = tuple[str, ...]

# A time law that is one number: fixed, so many days.
_FIXED_TIME = Quantity(units.DURATION, at_least=0)


def number_at(path: Sequence[str]) -> Quantity | None:
    """Return what kind of number stands at a path; None where there is none.

    A time law can be written as one number, a fixed time, and counts as such.
    """
    kinds = _kinds_at(path)
    quantities = [kind for kind in kinds if isinstance(kind, Quantity)]
    if not quantities and LawMapping in kinds:
        return _FIXED_TIME
    return quantities[0] if quantities else None


def is_key(path: Sequence[str]) -> bool:
    """Whether there is a key of this path; any name will do for a class of mines or a source."""
    return bool(_kinds_at(path))


def written(value: float, number: Quantity) -> float | int | str:
    """Write a number [unit of its dimension] as it stands in a scenario, so that reading it gives it back."""
    if number.integer:
        return round(value)
    if number.dimension.bare:
        return float(value)
    return f"{float(value)!r} {number.dimension.unit}"


def value_words(value: float, number: Quantity) -> str:
    """Write a value of a number with its unit, a probability in percent."""
    if number.dimension is units.PROBABILITY:
        return f"{in_words(1e6 * value)} per million" if 0 < value < 1e-5 else f"{in_words(100 * value)} %"
    if number.dimension is units.DURATION:
        return duration(value)
    return f"{in_words(value)} {number.dimension.unit}".strip()


def _kinds_at(path: Sequence[str]) -> list[Any]:
    kinds: list[Any] = [Scenario]
    for key in path:
        kinds = [inner for kind in kinds for inner in _below(kind, key)]
    return kinds


def _below(kind: Any, key: str) -> Iterator[Any]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        for name, field in kind.model_fields.items():
            if key == (field.alias or name):
                yield from _forms(field.annotation, field.metadata)
    elif get_origin(kind) is dict:
        yield from _forms(get_args(kind)[1], ())
    elif get_origin(kind) is list and key.isdecimal():
        yield from _forms(get_args(kind)[0], ())
    elif get_origin(kind) is tuple and key in (places := [str(place) for place in range(len(get_args(kind)))]):
        yield from _forms(get_args(kind)[places.index(key)], ())


def _forms(annotation: Any, metadata: Sequence[Any]) -> Iterator[Any]:
    """List what may be written for a field: quantities, models, lists and mappings."""
    for extra in metadata:
        if isinstance(extra, Quantity):
            yield extra
            return
        if isinstance(extra, Shorthand):
            # A piecewise law is written as its list of points alone.
            yield Piecewise.model_fields["points"].annotation if extra.model is Piecewise else extra.model
            return
    if get_origin(annotation) is Annotated:
        inner, *extras = get_args(annotation)
        yield from _forms(inner, extras)
    elif isinstance(annotation, type) or get_origin(annotation) in {dict, list, tuple, Literal}:
        yield annotation
    else:
        for inner in get_args(annotation):
            yield from _forms(inner, ())
