"""Targets with a fault put in on purpose: a fuzzer that misses these finds nothing."""

import time
from random import Random

from fuzzing.target import Target

_HOARD: list[bytearray] = []


def crash(data: bytes) -> None:
    """Fails on one way in that only a fuzzer that follows branches finds: three letters, one after the other."""
    for place, letter in enumerate(b"min"):
        if place >= len(data) or data[place] != letter:
            return
    raise KeyError(data[3:])


def hang(data: bytes) -> None:
    """Never ends once there is an 'h'."""
    while b"h" in data:
        time.sleep(0.01)


def work(data: bytes) -> None:
    """Takes a second and more of the processor once there is a 'w'."""
    end = time.process_time() + 1.2
    while b"w" in data and time.process_time() < end:
        pass


def hoard(data: bytes) -> None:
    """Keeps more memory with each 'b'."""
    _HOARD.extend(bytearray(b"x" * 40_000_000) for _ in range(data.count(b"b")))


def harmless(data: bytes) -> None:
    """Has nothing wrong with it."""
    len(data)


def seeds() -> list[bytes]:
    """A harmless input."""
    return [b"quiet"]


def changed(rng: Random, data: bytes) -> bytes:
    """An input with one letter put in."""
    at = rng.randrange(len(data) + 1)
    return data[:at] + bytes([rng.randrange(97, 123)]) + data[at:]


TARGETS = {act.__name__: Target(act, seeds, changed, 16) for act in (crash, hang, work, hoard, harmless)}
