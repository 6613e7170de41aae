"""The rules of an ``uncertainty`` block: which laws a number may follow, and how each is written."""

from collections.abc import Callable, Mapping
from typing import Any

from simulator import units
from simulator.bounded import Bounded
from simulator.evidence import sourced_values
from simulator.problems import Part, unknown_key
from simulator.units import UnitError, describe

UNCERTAINTIES = ("uniform", "loguniform", "triangular", "beta", "lognormal", "tests", "draws")
DRAWS, JOINT = "draws", "joint"
MOST_DRAWS = 1000

_POSITIVE = Bounded(units.NUMBER, above=0)
_TESTS = Bounded(units.COUNT, at_least=0, at_most=1e15, integer=True)
_LONGEST_NAME = 200


def uncertainty_problems(data: object, field: Bounded) -> list[Part]:
    """List every problem of an ``uncertainty`` block of the given field; empty when it is sound."""
    here = ("uncertainty",)
    if not isinstance(data, Mapping) or not data:
        got = "an empty mapping" if isinstance(data, Mapping) else describe(data)
        return [(here, f"must be one of {', '.join(UNCERTAINTIES)}, such as {{uniform: [low, high]}}; got {got}")]
    if set(data) & {"tests", "failures"}:
        if field.dimension is not units.PROBABILITY:
            return [(here, f"tests tell a probability, this is a {field.dimension.name}")]
        return _test_problems(here, data)
    if set(data) & {DRAWS, JOINT}:
        return _draws_problems(here, data, field)
    if len(data) != 1:
        return [(here, f"must have exactly one distribution, got {keys_words(data)}")]
    kind, parameters = next(iter(data.items()))
    inside = (*here, str(kind))
    if kind in {"uniform", "loguniform", "triangular"}:
        return _range_problems(inside, parameters, field)
    if kind == "beta":
        if field.dimension is not units.PROBABILITY:
            return [(inside, f"a beta distribution is for probabilities, this is a {field.dimension.name}")]
        return _list_problems(inside, parameters, 2, "[a, b], both above 0", _POSITIVE)
    if kind == "lognormal":
        if not isinstance(parameters, Mapping) or set(parameters) != {"median", "sigma"}:
            return [(inside, f"must be {{median, sigma}}, got {keys_words(parameters)}")]
        parts = _problems((*inside, "median"), lambda: field.scalar(parameters["median"]))
        if not parts and not field.scalar(parameters["median"]) > 0:
            parts = [((*inside, "median"), "must be above 0 for a lognormal distribution")]
        return parts + _problems((*inside, "sigma"), lambda: _POSITIVE.scalar(parameters["sigma"]))
    return [(inside, unknown_key(kind, UNCERTAINTIES))]


def _range_problems(inside: tuple[str, ...], parameters: object, field: Bounded) -> list[Part]:
    kind = inside[-1]
    shape = "[low, most likely, high]" if kind == "triangular" else "[low, high]"
    if parts := _list_problems(inside, parameters, 3 if kind == "triangular" else 2, shape, field):
        return parts
    ends = [field.scalar(item) for item in parameters]  # type: ignore[attr-defined]
    if not (ends[0] < ends[-1] and ends == sorted(ends)):
        return [(inside, f"must rise from low to high, got {parameters}")]
    if kind == "loguniform" and not ends[0] > 0:
        return [((*inside, 0), "must be above 0 for a loguniform range")]
    return []


def _list_problems(inside: tuple[str, ...], parameters: object, size: int, shape: str, field: Bounded) -> list[Part]:
    if not isinstance(parameters, list) or len(parameters) != size:
        return [(inside, f"must be {shape}, got {describe(parameters)}")]
    return _each(inside, parameters, field)


def _each(inside: tuple[str, ...], values: list[object], field: Bounded) -> list[Part]:
    parts: list[Part] = []
    for index, value in enumerate(values):
        try:
            field.scalar(value)
        except UnitError as error:
            parts.append(((*inside, index), str(error)))
    return parts


def _draws_problems(here: tuple[str, ...], data: Mapping[str, object], field: Bounded) -> list[Part]:
    keys = (DRAWS, JOINT)
    others = [str(key) for key in data if key not in keys]
    laws = [key for key in others if key in UNCERTAINTIES]
    parts: list[Part] = [((*here, key), unknown_key(key, keys)) for key in others if key not in laws]
    if DRAWS not in data and laws:
        return [*parts, ((*here, JOINT), f"is for '{DRAWS}' alone: a number with {laws[0]} is drawn by itself")]
    if DRAWS not in data:
        return parts or [(here, f"needs '{DRAWS}' beside '{JOINT}', a list of equally likely values")]
    if laws:
        parts.append((here, f"must have exactly one distribution, got {keys_words(data)}"))
    if JOINT in data:
        parts += _name_problems((*here, JOINT), data[JOINT])
    draws = data[DRAWS]
    if not isinstance(draws, list) or not 2 <= len(draws) <= MOST_DRAWS:
        message = f"must be a list of 2 to {MOST_DRAWS:,} equally likely values, got {describe(draws)}"
        return [*parts, ((*here, DRAWS), message)]
    return parts + _each((*here, DRAWS), draws, field)


def _name_problems(inside: tuple[str, ...], name: object) -> list[Part]:
    is_line = isinstance(name, str) and name == name.strip() and not set(name) & {"\n", "\t"}
    if is_line and 0 < len(str(name)) <= _LONGEST_NAME:
        return []
    return [(inside, f"must be a name of one line and at most {_LONGEST_NAME} characters, got {describe(name)}")]


def uncertainty_schema() -> dict[str, Any]:
    """Write the JSON Schema of an ``uncertainty`` block, as far as editors can use it.

    A file that extends another may give part of one, or null to take a law away; the rules above have the last word.
    """
    value = {"type": ["number", "string"]}

    def values(least: int, most: int, meaning: str) -> dict[str, Any]:
        size = {"minItems": least, "maxItems": most}
        return {"type": ["array", "null"], "items": value, **size, "description": meaning}

    count = {"type": ["number", "string", "null"]}
    return {
        "type": "object",
        "description": "what else the number could be: one law, for --uncertain, sensitivity and standards",
        "properties": {
            "uniform": values(2, 2, "[low, high]: any value between the two, all alike"),
            "loguniform": values(2, 2, "[low, high]: any value between the two, every factor alike"),
            "triangular": values(3, 3, "[low, most likely, high]"),
            "beta": values(2, 2, "[a, b]: a share, as after a - 1 cases and b - 1 others counted"),
            "lognormal": {
                "type": ["object", "null"],
                "properties": {"median": value, "sigma": value},
                "additionalProperties": False,
                "description": "positive, its logarithm normal around that of the median",
            },
            "tests": {**count, "description": "how many tests were made"},
            "failures": {**count, "description": "how many of them failed"},
            DRAWS: values(2, MOST_DRAWS, "equally likely values"),
            JOINT: {
                "type": ["string", "null"],
                "description": "a name; numbers that share it take the same place in their draws together",
            },
        },
        "minProperties": 1,
        "additionalProperties": False,
    }


def joint_problems(tree: Mapping[str, Any]) -> list[Part]:
    """List every number of a scenario tree whose draws are not as many as the first of the same joint has."""
    first: dict[str, tuple[tuple[str, ...], int]] = {}
    parts: list[Part] = []
    for value in sourced_values(tree):
        stated = value.uncertainty if isinstance(value.uncertainty, Mapping) else {}
        name, draws = stated.get(JOINT), stated.get(DRAWS)
        if not (isinstance(name, str) and isinstance(draws, list)):
            continue
        path, size = first.setdefault(name, (value.path, len(draws)))
        if len(draws) != size:
            parts.append(((*value.path, "uncertainty", DRAWS), lengths_differ(name, len(draws), size, ".".join(path))))
    return parts


def lengths_differ(name: str, here: int, there: int, where: str) -> str:
    """Write the message for draws of a joint that are not as many as those of another number."""
    rule = "numbers of one joint take the same place in their lists"
    return f"has {here:,} values, but joint '{name}' has {there:,} at {where}; {rule}, so give as many"


def _test_problems(here: tuple[str, ...], data: Mapping[str, object]) -> list[Part]:
    keys = ("tests", "failures")
    parts: list[Part] = [((*here, key), unknown_key(key, keys)) for key in data if key not in keys]
    for key, other in (keys, keys[::-1]):
        if key not in data:
            return [*parts, (here, f"needs '{key}' beside '{other}'")]
    for key in keys:
        parts += _problems((*here, key), lambda key=key: _TESTS.scalar(data[key]))  # type: ignore[misc]
    if not parts and not _TESTS.scalar(data["failures"]) <= _TESTS.scalar(data["tests"]):
        parts.append(((*here, "failures"), f"cannot be more than the {data['tests']} tests"))
    if not parts and not _TESTS.scalar(data["tests"]) > 0:
        parts.append(((*here, "tests"), "must be at least 1"))
    return parts


def _problems(path: tuple[str | int, ...], check: Callable[[], object]) -> list[Part]:
    try:
        check()
    except UnitError as error:
        return [(path, str(error))]
    return []


def keys_words(data: object) -> str:
    """Say which keys a mapping has, or what stands in its place, for messages."""
    if not isinstance(data, Mapping) or not data:
        return "an empty mapping" if isinstance(data, Mapping) else describe(data)
    return "a mapping of " + ", ".join(str(key) for key in list(data)[:5])
