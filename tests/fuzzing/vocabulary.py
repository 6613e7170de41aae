"""Words that inputs are made of: keys and values of the schema, units, and the traps that texts fall into."""

import json
from collections.abc import Iterator
from functools import cache
from random import Random
from typing import Any

from simulator import units
from simulator.schema import json_schema

TRAPS = (
    "", " ", "-", "~", "null", "true", "no", ".nan", "nan", "inf", "-inf", "NaN", "1e999", "1e308", "-1e308", "1e-320",
    "0x1f", "0o17", "1_000", "1,000", "1.000,5", "½", "٣", "−1", "--1", "+.5", "5.", "10 %%", "%", "1 in 0", "0 in 0",
    "1 in 1e-300", "never", "one_of", "value", "extends", "<<", "*a", "&a b", "!!int 1", "? a", "- a", "|", ">", "@x",
    "a: b", "a #b", "'", '"', "\\", "\t", "\r", "\n", "\x00", "\x1b[31m", "\x85", "\u2028", "\u202e", "\ufeff", "é",
    "中文", "😀", "e\u0301", "2024-02-30", "0000-00-00", "9999-12-31", "2024-12-01", "2200-12-31", "1900-01-01",
    "../../etc/passwd", "/dev/zero", "treaty-limit.yaml", "persistent.yaml", "full.yaml", "belt.geojson",
    "district.geojson", "villages.csv", "scenario.yaml", "http://example.org/", "9" * 70, "a" * 300, "month", "1 month",
)  # fmt: skip
_NUMBERS = (
    0, 1, 2, 3, 7, 10, 12, 14, 30, 100, 120, 365, 1000, 10_000, 10**6, 10**12, 10**18, 10**19, -1, 0.5, 0.1, 0.999999,
    1.0000001, 1e-6, 1e-12, 1e-300, 1e-320, 1e17, 1e18, 1e300, 0.25, 1.5, 90, 180, 90.5, 2.0**53,
)  # fmt: skip


@cache
def dimensions() -> tuple[units.Dimension, ...]:
    """Every dimension that a quantity may have."""
    return tuple(value for value in vars(units).values() if isinstance(value, units.Dimension))


@cache
def keys() -> tuple[str, ...]:
    """Every key of a scenario, and the names of classes in the examples."""
    found = dict.fromkeys(["extends", "battery-limited", "persistent", "legacy", "x", "a.b", "one_of", "weight"])
    for part in _parts(json_schema()):
        found |= dict.fromkeys(part.get("properties", {}))
    return tuple(found)


@cache
def choices() -> tuple[str, ...]:
    """Every word that a key may have as one of several."""
    found: dict[str, None] = {}
    for part in _parts(json_schema()):
        options = [*part.get("enum", []), part.get("const")]
        found |= dict.fromkeys(one for one in options if isinstance(one, str))
    return tuple(found)


def number(rng: Random) -> float | int:
    """A number: round, odd, or at the edge of what numbers are."""
    kind = rng.randrange(4)
    if kind == 0:
        return rng.choice(_NUMBERS)
    if kind == 1:
        return rng.randrange(200)
    if kind == 2:
        return round(rng.random(), 4)
    return float(f"{10 ** rng.uniform(-8, 8):.3g}")


def amount(rng: Random, dimension: units.Dimension | None = None) -> str:
    """A quantity as text, mostly of a dimension's own units."""
    chosen = dimension or rng.choice(dimensions())
    unit = rng.choice([*chosen.factors, chosen.unit])
    return f"{number(rng)} {unit}".strip()


def value(rng: Random) -> Any:
    """A scalar of any kind."""
    kind = rng.randrange(6)
    if kind <= 1:
        return amount(rng)
    if kind == 2:
        return number(rng)
    if kind == 3:
        return rng.choice(TRAPS)
    if kind == 4:
        return rng.choice(choices() or ("x",))
    return rng.choice([None, True, False, "never", "assumption", [], {}])


def word(rng: Random) -> str:
    """A key or a scalar as it may stand in a text."""
    return rng.choice(keys()) if rng.random() < 0.4 else as_text(value(rng))


def as_text(scalar: Any) -> str:
    """Write a scalar as it stands in a file."""
    return scalar if isinstance(scalar, str) else json.dumps(scalar, ensure_ascii=False)


def dictionary() -> str:
    """The content of a dictionary file for libFuzzer: each word between quotes, bytes escaped."""
    words = dict.fromkeys([
        *keys(), *choices(), *(word for word in TRAPS if word),
        *(f" {unit}" for one in dimensions() for unit in one.factors),
        ": ", "{", "}", "[", "]", "\n  ", '"type"', '"coordinates"', '"Polygon"', '"MultiPolygon"', '"LineString"',
        '"Feature"', '"FeatureCollection"', '"geometry"', '"features"', "EPSG:4326", "name,lon,lat,population",
        "x_km,y_km", "days,status", "ended", "working", "censored", "count", "GET ", "POST ", "/picture.json",
        "/start.json", "/simulation.json", "/stop.json", "/scenario.yaml", "/reference.yaml", "Host: ", "scale=even",
        ":log", "--set ", "resigned", "manifest.json", "summary.json", "curves.csv",
    ])  # fmt: skip
    return "".join(f'"{_escaped(word)}"\n' for word in words if len(word) < 60)


def _escaped(word: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word.encode())


def _parts(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        yield tree
        for child in tree.values():
            yield from _parts(child)
    elif isinstance(tree, list):
        for child in tree:
            yield from _parts(child)
