"""Changing inputs where their structure is: trees of YAML and JSON, tables, lines; and scenarios made from the schema.

Bytes changed at random rarely get past a parser. Everything here takes its chances from one generator, so that the
same seed gives the same input.
"""

import json
from collections.abc import Sequence
from functools import cache
from random import Random
from typing import Any

from fuzzing import vocabulary

from simulator.scenario import Scenario

_DEEPEST = 7
_WRONG = 0.003  # share of parts that are any value at all
_ANY_TEXT = ("title", "question", "note", "name")
_SELDOM = ("extends", "sources", "temperature", "q10", "activation_energy")
_FILES = {"boundary": "district.geojson", "line": "belt.geojson", "settlements": "villages.csv"}
_EXCLUDING = (("rectangle", "boundary"), ("density", "settlements"), ("uniform", "belt", "clusters"),
              ("weibull", "exponential", "lognormal", "gamma", "normal", "uniform", "piecewise"))  # fmt: skip


def changed_tree(rng: Random, tree: Any) -> Any:
    """A tree with one node replaced, removed, copied elsewhere, wrapped, renamed, or joined by another."""
    tree = json.loads(json.dumps(tree))
    places = _places(tree)
    parent, key = rng.choice(places) if places else (None, None)
    if parent is None:
        return vocabulary.value(rng)
    match rng.randrange(8):
        case 0:
            del parent[key]
        case 1:
            other, at = rng.choice(places)
            parent[key] = json.loads(json.dumps(other[at])) if len(json.dumps(other)) < 20_000 else None
        case 2:
            parent[key] = rng.choice([
                {"value": parent[key], "source": "assumption", "note": "why", "uncertainty": _uncertainty(rng)},
                {"one_of": [{"weight": vocabulary.number(rng), "value": parent[key]},
                            {"weight": 1, "value": vocabulary.value(rng)}]},
                [parent[key]], [parent[key], parent[key]], {rng.choice(vocabulary.keys()): parent[key]},
            ])  # fmt: skip
        case 3 if isinstance(parent, dict):
            parent[rng.choice(vocabulary.keys())] = parent.pop(key)
        case 4 if isinstance(parent, dict):
            parent[rng.choice(vocabulary.keys())] = vocabulary.value(rng)
        case 5 if isinstance(parent, list):
            parent.insert(rng.randrange(len(parent) + 1), json.loads(json.dumps(parent[key])))
        case 6 if isinstance(parent[key], int | float) and not isinstance(parent[key], bool):
            parent[key] = parent[key] * rng.choice([-1, 0, 1.0000001, 2, 10, 1e3, 1e6, 1e-3]) + rng.choice(
                [0, 0, 1, -1]
            )
        case _:
            parent[key] = vocabulary.value(rng)
    return tree


def changed_lines(rng: Random, text: str) -> str:
    """A text with a line, or a word of it, replaced, removed, doubled, moved, or shifted."""
    lines = text.split("\n")
    at = rng.randrange(len(lines))
    match rng.randrange(7):
        case 0:
            del lines[at]
        case 1:
            lines.insert(rng.randrange(len(lines) + 1), lines[at])
        case 2:
            lines[at] = " " * rng.randrange(8) + lines[at].lstrip()
        case 3:
            lines.insert(at, " " * (2 * rng.randrange(4)) + f"{rng.choice(vocabulary.keys())}: {vocabulary.word(rng)}")
        case 4:
            place = rng.randrange(len(lines[at]) + 1)
            lines[at] = lines[at][:place] + vocabulary.word(rng) + lines[at][place + rng.randrange(4) :]
        case _:
            words = lines[at].split(" ")
            words[rng.randrange(len(words))] = vocabulary.word(rng)
            lines[at] = " ".join(words)
    return "\n".join(lines)


def changed_table(rng: Random, text: str) -> str:
    """A CSV text with a cell, a row or a column changed."""
    rows = [line.split(",") for line in text.split("\n")]
    row = rng.choice(rows)
    match rng.randrange(7):
        case 0:
            rows.insert(rng.randrange(len(rows) + 1), list(row))
        case 1:
            rows.remove(row)
        case 2:
            at = rng.randrange(len(row))
            for other in rows:
                other[at:at + 1] = []  # fmt: skip
        case 3:
            row.insert(rng.randrange(len(row) + 1), str(vocabulary.number(rng)))
        case 4:
            rows = rows[:1] + [list(one) for one in rows[1:] for _ in range(rng.randrange(3))]
        case 5:
            row[rng.randrange(len(row))] = vocabulary.as_text(vocabulary.value(rng))
        case _:
            row[rng.randrange(len(row))] = str(vocabulary.number(rng))
    return "\n".join(map(",".join, rows))


def spliced(rng: Random, text: str, others: Sequence[str]) -> str:
    """The beginning of a text with the end of another."""
    other = rng.choice(others)
    return text[: rng.randrange(len(text) + 1)] + other[rng.randrange(len(other) + 1) :]


def scenario_tree(rng: Random) -> Any:
    """A scenario made from the schema: often sound, so that what comes after the checks is reached."""
    tree = _made(rng, _schema(), "", 0)
    for _ in range(rng.randrange(3) // 2):
        tree = changed_tree(rng, tree)
    return tree


@cache
def _schema() -> Any:
    """The schema with all that it requires, of which the one for editors leaves something out; it takes its time."""
    return Scenario.model_json_schema(by_alias=True)


def _places(tree: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    below = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, child in below:
        found.append((tree, key))
        found += _places(child)
    return found


def _uncertainty(rng: Random) -> Any:
    low, high = sorted([vocabulary.number(rng), vocabulary.number(rng)])
    return rng.choice([
        {"uniform": [low, high]}, {"loguniform": [low, high]}, {"triangular": [low, low, high]}, {"beta": [low, high]},
        {"lognormal": {"median": low, "sigma": high}}, {"tests": high, "failures": low},
    ])  # fmt: skip


def _made(rng: Random, part: Any, key: str, depth: int) -> Any:
    if rng.random() < _WRONG:
        return vocabulary.value(rng)
    if "$ref" in part:
        return _made(rng, _schema()["$defs"][part["$ref"].rsplit("/", 1)[1]], key, depth)
    for several in ("anyOf", "oneOf", "allOf"):
        if several in part:
            return _made_choice(rng, part[several], key, depth)
    if "const" in part or "enum" in part:
        return part["const"] if "const" in part else rng.choice(part["enum"])
    match part.get("type"):
        case "object":
            return _made_mapping(rng, part, key, depth)
        case "array":
            return _made_list(rng, part, key, depth)
        case "string":
            return _made_text(rng, part, key)
        case "integer" | "number":
            low = part.get("minimum", part.get("exclusiveMinimum", 0) + 0.01)
            most = min(part.get("maximum", low + 50), low + 50)
            drawn = rng.choice([low, 0.9 * most, rng.uniform(low, most), rng.uniform(low, most)])
            return round(drawn) if part["type"] == "integer" else drawn
        case "boolean":
            return rng.random() < 0.8
    return None


def _made_choice(rng: Random, options: Any, key: str, depth: int) -> Any:
    """One of several forms; of a number mostly the plain ones, at times with its source, or one of several values."""
    plain = [one for one in options if "value" not in one.get("properties", {}) and one.get("type") != "null"]
    drawn = rng.random()
    whole = [one for one in plain if one.get("type") == "integer"]
    made = _made(rng, rng.choice(whole or plain or options), key, depth)
    if len(plain) == len(options) or drawn > 0.2 or isinstance(made, dict | list):
        return made
    if drawn < 0.05:
        return {"one_of": [{"weight": weight, "value": made} for weight in (1, rng.choice([1, 2, 0.5]))]}
    sourced = {"value": made, "source": "assumption", "note": "a guess", "grade": rng.choice(["low", "high"])}
    if drawn < 0.12 and isinstance(made, str) and made[:1].isdecimal():
        number, _, unit = made.partition(" ")
        ends = [f"{_value_of(number) * factor:g} {unit}".strip() for factor in (0.5, 1, 1.2)]
        sourced["uncertainty"] = rng.choice([
            {"uniform": [ends[0], ends[2]]}, {"loguniform": [ends[0], ends[2]]}, {"triangular": ends},
            {"lognormal": {"median": made, "sigma": 0.5}},
        ])  # fmt: skip
    return sourced


def _value_of(number: str) -> float:
    try:
        return float(number)
    except ValueError:
        return 1.0


def _made_mapping(rng: Random, part: Any, key: str, depth: int) -> Any:
    inner, required = part.get("properties", {}), set(part.get("required", []))
    if isinstance(part.get("additionalProperties"), dict) and not inner:
        names = rng.sample(["legacy", "battery-limited", "a.b", "one_of", "x"], rng.randrange(1, 3))
        return {name: _made(rng, part["additionalProperties"], name, depth + 1) for name in names}
    share = 0.5 if depth < _DEEPEST else 0.0
    made = {
        name: _made(rng, child, name, depth + 1)
        for name, child in inner.items()
        if name in required or (name not in _SELDOM and rng.random() < share)
    }
    for excluding in _EXCLUDING:
        there = [name for name in excluding if name in inner]
        if len(there) == len(excluding):
            # Exactly one of them; the first is the one that most scenarios have.
            kept = there[0] if rng.random() < 0.7 else rng.choice(there)
            made = {name: child for name, child in made.items() if name not in there}
            made[kept] = _made(rng, inner[kept], kept, depth + 1)
    if "settlements" in made and "range" in inner:
        made["range"] = "2 km"
    elif "settlements" in inner:
        made.pop("range", None)
    if {"from", "to"} <= set(made):
        made["from"], made["to"] = sorted([made["from"], made["to"]], key=str)
    if not {"self_destruct", "battery"} <= set(made):
        made.pop("common_cause", None)
    if "cell" in made:
        made["cell"] = rng.choice(["1 km", "5 km", "20 km"])
    return made


def _made_list(rng: Random, part: Any, key: str, depth: int) -> Any:
    if "prefixItems" in part:
        return [_made(rng, one, key, depth + 1) for one in part["prefixItems"]]
    least, most = part.get("minItems", 0), part.get("maxItems", 4)
    size = rng.randrange(least, max(min(most, 12), least) + 1)
    return [_made(rng, part.get("items", {}), key, depth + 1) for _ in range(size)]


def _made_text(rng: Random, part: Any, key: str) -> str:
    if part.get("format") == "date":
        return "2024-01-01" if key == "start" else f"2024-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}"
    if key == "horizon":
        return rng.choice(["2 years", "10 years", "400 days"])
    if "for example " in part.get("description", ""):
        example = part["description"].rsplit("for example ", 1)[1].split(", ")[0].split(" or ")[0]
        number, _, unit = example.partition(" ")
        drawn = (
            number
            if not unit
            else rng.choice([number, number, rng.choice(["0.01", "0.1", "0.5", "1", "2", "5", "20", "50"])])
        )
        return f"{drawn} {unit}".strip()
    if key in _FILES:
        return _FILES[key]
    if key == "source":
        return "assumption"
    return "a text" if key in _ANY_TEXT else rng.choice(["never", "1 day", "random"])
