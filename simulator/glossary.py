"""An explanation of every key of scenario files: meaning, type, range, units, default, how to obtain it, a caution."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin

from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from simulator.guidance import advice_on
from simulator.laws import LawMapping, Never
from simulator.problems import input_error, printable, unknown_key
from simulator.quantities import GRADES, SOURCED_KEYS, Quantity
from simulator.scenario import Placement, Scenario
from simulator.schema import EXTENDS, meaning
from simulator.spec import Shorthand
from simulator.wording import number

SOURCED_FORM = f"a sourced value {{{', '.join(SOURCED_KEYS)}}}"
ALTERNATIVES_FORM = "{one_of: [{weight: …, …}, …]}"
SOURCED_MEANINGS = {
    "value": "the number itself, as it could stand alone",
    "source": "a key of 'sources', of a sources.yaml beside the file or of the shipped list; or assumption",
    "grade": f"how far to trust it: {', '.join(GRADES)}",
    "note": "what is behind it; an assumption must say why",
    "uncertainty": "what else it could be: one of {uniform: [low, high]}, {loguniform: [low, high]}, "
    "{triangular: [low, most likely, high]}, {beta: [a, b]}, {lognormal: {median, sigma}}, {tests: n, failures: k}, "
    "{draws: [value, …], joint: NAME}",
}
_NAME = "NAME"
_MOST_SUGGESTED = 6


@dataclass(frozen=True, slots=True)
class _Key:
    """One key: its meaning, what can be written (annotation and constraints), and its default in words."""

    meaning: str
    annotation: Any = None
    constraints: tuple[Any, ...] = ()
    default: str = ""


@dataclass(frozen=True, slots=True)
class Described:
    """What there is to say of one key: path, meaning, the forms it can be written in, units and default in words."""

    path: str
    meaning: str
    forms: tuple[str, ...]
    units: str
    default: str


def explanation(key: str) -> str:
    """Explain a key; the top level for an empty one.

    The class name below ``mines`` may be left out. Raises InputError for a key that does not exist.
    """
    here = _Key("A scenario file. Numbers carry units; any number may be a sourced value.", Scenario)
    walked: list[str] = []
    documented: list[str] = []  # the same path with NAME for names of the user's own
    for part in (piece for piece in key.split(".") if piece):
        below = _below(here)
        names: tuple[str, ...] = (part,)
        if part not in below and _NAME in below:
            # A class of the user's own, or a key below one whose name was left out.
            inner = _below(below[_NAME])
            names = (_NAME, part) if part in inner else (_NAME,)
        elif part not in below and part.isdecimal() and get_origin(here.annotation) is list:
            below = {part: _item(here)}
        for name in names:
            if name not in below:
                raise input_error(_unknown(part, tuple(below)), path=".".join([*walked, part]))
            here = below[name]
            below = _below(here)
            walked.append(part if names == (_NAME,) else name)
            documented.append(name)
    lines = [printable(".".join(walked)) or "scenario.yaml", f"  {here.meaning}" if here.meaning else ""]
    lines += [f"  {line}" for line in _facts(here)]
    if advice := advice_on(".".join(documented)):
        lines += [f"  how to obtain it: {advice.obtain}", f"  caution: {advice.caution}"]
    if (below := _below(here)) and _quantity(here) is None:
        if list(below) == [_NAME]:
            below |= {f"{_NAME}.{name}": child for name, child in _below(below[_NAME]).items()}
        width = max(map(len, below))
        lines.append("  keys:")
        lines += [f"    {name:<{width}}  {child.meaning}".rstrip() for name, child in below.items()]
    return "\n".join(filter(None, lines))


def every_key() -> Iterator[str]:
    """List the path of every key there is, with NAME for the names users choose."""
    for path, _ in _paths(_Key("", Scenario), ()):
        yield path


def every_description() -> Iterator[Described]:
    """Describe every key there is, in the order of `every_key`."""
    for path, key in _paths(_Key("", Scenario), ()):
        yield Described(path, key.meaning, tuple(dict.fromkeys(_forms(key))), _units(key), key.default)


def _paths(key: _Key, path: tuple[str, ...]) -> Iterator[tuple[str, _Key]]:
    for name, child in _below(key).items():
        if not (name in SOURCED_KEYS and _quantity(key) is not None):
            yield ".".join((*path, name)), child
            yield from _paths(child, (*path, name))


def _unknown(part: str, known: tuple[str, ...]) -> str:
    elsewhere = [path for path in every_key() if path.rpartition(".")[2] == part]
    if elsewhere:
        return f"no such key here; there is {', '.join(elsewhere[:_MOST_SUGGESTED])}"
    return unknown_key(part, known) if known else "has no keys below it"


def _below(key: _Key) -> dict[str, _Key]:
    """Find the keys below a key, by name."""
    if _quantity(key) is not None:
        return {name: _Key(text) for name, text in SOURCED_MEANINGS.items()}
    if get_origin(key.annotation) is dict:
        kind = get_args(key.annotation)[1]
        return {_NAME: _Key(_docstring(kind), kind)}
    models = [kind for kind in _kinds(key) if isinstance(kind, type) and issubclass(kind, BaseModel)]
    found = {name: child for model in models for name, child in _fields(model)}
    return {"extends": _Key(EXTENDS, str), **found} if models == [Scenario] else found


def _fields(model: type[BaseModel]) -> Iterator[tuple[str, _Key]]:
    for name, field in model.model_fields.items():
        key = field.alias or name
        if field.is_required():
            default = "required"
        elif model in {LawMapping, Placement}:
            default = ""
        else:
            default = _said(field.get_default(call_default_factory=True), field.annotation, tuple(field.metadata))
        text = meaning(model.__name__, key, field.description)
        yield key, _Key(text, field.annotation, tuple(field.metadata), default)


def _kinds(key: _Key) -> Iterator[Any]:
    """List what can be written for a key: quantities, models, lists, texts."""
    for extra in key.constraints:
        if isinstance(extra, Quantity):
            yield extra
            return
        if isinstance(extra, Shorthand):
            if not any(form.get("type") == "array" for form in extra.forms):
                yield extra.model
            return
    if get_origin(key.annotation) is Annotated:
        yield from _kinds(_inner(key.annotation))
    elif get_origin(key.annotation) in {list, dict, Literal} or isinstance(key.annotation, type):
        if key.annotation is not type(None):
            yield key.annotation
    else:
        for inner in get_args(key.annotation):
            yield from _kinds(_Key("", inner))


def _inner(annotation: Any) -> _Key:
    kind, *constraints = get_args(annotation)
    return _Key("", kind, tuple(constraints))


def _item(key: _Key) -> _Key:
    annotation = get_args(key.annotation)[0]
    inner = _inner(annotation) if get_origin(annotation) is Annotated else _Key("", annotation)
    return _Key("one entry of the list", inner.annotation, inner.constraints)


def _quantity(key: _Key) -> Quantity | None:
    return next((kind for kind in _kinds(key) if isinstance(kind, Quantity)), None)


def _facts(key: _Key) -> Iterator[str]:
    if forms := list(dict.fromkeys(_forms(key))):
        yield f"write: {'; or '.join(forms)}"
    if units := _units(key):
        yield f"units: {units}"
    if key.default:
        yield key.default if key.default == "required" else f"default: {key.default}"


def _units(key: _Key) -> str:
    quantity = _quantity(key)
    if quantity is None or not quantity.dimension.factors:
        return ""
    return f"{', '.join(quantity.dimension.factors)}{', or none' if quantity.dimension.bare else ''}"


def _forms(key: _Key) -> Iterator[str]:
    """Say in words what can be written for a key."""
    for extra in _all_constraints(key):
        if isinstance(extra, Shorthand):
            yield from _shorter_forms(extra)
            return
    for kind in _kinds(key):
        if isinstance(kind, type) and issubclass(kind, BaseModel) and kind is not Scenario:
            yield "a mapping of the keys below"
        elif isinstance(kind, Quantity):
            yield _quantity_form(kind)
            yield SOURCED_FORM
            yield ALTERNATIVES_FORM
        elif get_origin(kind) is Literal:
            yield f"one of {', '.join(map(str, get_args(kind)))}"
        elif get_origin(kind) is list:
            yield _list_form(key, kind)
        elif kind is bool:
            yield "true or false"
        elif kind is int:
            yield _whole_number(key)
        elif kind is str:
            yield "a text"
        elif getattr(kind, "__name__", "") == "date":
            yield "a date such as 2024-12-01"


def _shorter_forms(extra: Shorthand) -> Iterator[str]:
    yield from filter(None, map(_form, extra.forms))
    is_law = extra.model is LawMapping
    if is_law:
        yield ALTERNATIVES_FORM
    if not any(form.get("type") == "array" for form in extra.forms):
        yield "one of the laws below" if is_law else "a mapping of the keys below"


def _all_constraints(key: _Key) -> Iterator[Any]:
    for extra in key.constraints:
        yield from extra.metadata if isinstance(extra, FieldInfo) else (extra,)
    if get_origin(key.annotation) is Annotated:
        yield from _all_constraints(_inner(key.annotation))
    elif get_origin(key.annotation) not in {list, dict, Literal}:
        for inner in get_args(key.annotation):
            yield from _all_constraints(_Key("", inner))


def _form(form: dict[str, Any]) -> str:
    if "const" in form:
        return str(form["const"])
    if form.get("format") == "date":
        return "a date such as 2024-12-01"
    if "value" in form.get("properties", {}):
        return SOURCED_FORM
    text = str(form.get("description", ""))
    return f"{_article(text)} {text}" if form.get("type") == "string" else text


def _quantity_form(quantity: Quantity) -> str:
    name = "whole number" if quantity.integer else quantity.dimension.name
    example = "" if quantity.integer else f", such as {quantity.dimension.example}"
    return " ".join(filter(None, (_article(name), name, quantity.rule.strip()))) + example


def _article(noun: str) -> str:
    return "an" if noun[:1] in "aeiou" else "a"


def _list_form(key: _Key, kind: Any) -> str:
    sizes = [extra for extra in _all_constraints(key) if isinstance(extra, MinLen | MaxLen)]
    least = next((extra.min_length for extra in sizes if isinstance(extra, MinLen)), None)
    most = next((extra.max_length for extra in sizes if isinstance(extra, MaxLen)), None)
    count = f"{least} values" if least == most and least else f"at most {most} values" if most else "values"
    inner = _item(_Key("", kind))
    return f"a list of {count}, each: {next(iter(_forms(inner)))}"


def _whole_number(key: _Key) -> str:
    least = next((int(str(extra.ge)) for extra in _all_constraints(key) if isinstance(extra, Ge)), None)
    most = next((int(str(extra.le)) for extra in _all_constraints(key) if isinstance(extra, Le)), None)
    return "a whole number" if least is None or most is None else f"a whole number from {least} to {most}"


def _said(value: Any, annotation: Any, constraints: Sequence[Any]) -> str:
    """Write a default as it would stand in a file."""
    if value is None or value in ("", [], {}):
        return "not given"
    if isinstance(value, Never):
        return "never"
    if isinstance(value, Placement):
        return "uniform"
    key = _Key("", annotation, tuple(constraints))
    if isinstance(value, list):
        entry = _item(key)
        return f"[{', '.join(_said(item, entry.annotation, entry.constraints) for item in value)}]"
    quantity = _quantity(key)
    if quantity is None:
        return str(value)
    return f"{number(value)} {quantity.dimension.unit}".strip()


def _docstring(model: type) -> str:
    return str(model.__doc__).split("\n", maxsplit=1)[0]
