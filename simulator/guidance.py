"""How an analyst finds the value of a key, and the trap in it: advice kept as data (guidance.yaml)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from simulator.quantities import SOURCED_KEYS
from simulator.yaml_reader import plain, read_yaml

FILE = Path(__file__).with_name("guidance.yaml")
LAW, SOURCED, UNCERTAINTY = "law", "sourced", "uncertainty"


@dataclass(frozen=True, slots=True)
class Advice:
    """Where the value of a key is to be had, and what to beware of; a sentence or two each."""

    obtain: str
    caution: str


@cache
def all_advice() -> Mapping[str, Advice]:
    """Read every piece of advice, by entry: a path with NAME for names of the user's own, or law, sourced and
    uncertainty with the keys below them, which may stand in many places.
    """
    entries = plain(read_yaml(FILE, FILE.name, []))
    return MappingProxyType({entry: Advice(**texts) for entry, texts in entries.items()})


def advice_on(key: str) -> Advice | None:
    """Find the advice on a key, by its path with NAME for names of the user's own; None where there is none."""
    return all_advice().get(entry_of(key))


def entry_of(key: str) -> str:
    """Name the entry that a key's advice stands under, whether or not there is one."""
    if key in all_advice():
        return key
    parts = key.split(".")
    if parts[-1] in SOURCED_KEYS:
        return f"{SOURCED}.{parts[-1]}"
    # A parameter of a law stands two below the key that the law is for, the law itself one below.
    below = (f"{LAW}.{'.'.join(parts[-length:])}" for length in (2, 1))
    return next((entry for entry in below if entry in all_advice()), key)
