"""One process that fuzzes one target, guided by coverage.

``python -m fuzzing.process MODULE TARGET STATE [options of libFuzzer]``

libFuzzer ends an input that takes too long on the clock, or a process with too much memory. On a shared machine the
clock says little, so the processor time of each input is held against a limit of its own; so is the memory, which
libFuzzer looks at only once a second. What was measured is written to the file STATE whenever a record is broken.
"""

import importlib
import json
import os
import resource
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from random import Random

import atheris
from fuzzing.limits import MOST_MEGABYTES, Limits

_KILOBYTES = 1024 if sys.platform != "darwin" else 1024**2
_NATIVE = 0.35  # share of inputs that libFuzzer changes byte by byte, with its dictionary
_MOST_CHANGES = 4


def fuzz(module: str, name: str, state: Path, options: list[str]) -> None:
    """Fuzz a target until libFuzzer's options end it; does not return."""
    warnings.simplefilter("error", RuntimeWarning)
    with atheris.instrument_imports(include=["simulator", "fuzzing.planted"]):
        target = importlib.import_module(module).TARGETS[name]
    limits = Limits.of_environment()
    # What libFuzzer does not see between two looks ends in a MemoryError, which is a finding too.
    most = 3 * MOST_MEGABYTES * 1024**2
    resource.setrlimit(resource.RLIMIT_AS, (most, most))

    def changed(data: bytes, longest: int, seed: int) -> bytes:
        rng = Random(seed)  # noqa: S311 (a generator of inputs)
        if rng.random() < _NATIVE:
            return atheris.Mutate(data, longest)
        for _ in range(rng.randrange(1, _MOST_CHANGES)):
            data = target.changed(rng, data)
        return data[:longest]

    atheris.Setup([sys.argv[0], *options], measured(target.act, limits, state), custom_mutator=changed)
    atheris.Fuzz()


def measured(act: Callable[[bytes], None], limits: Limits, state: Path) -> Callable[[bytes], None]:
    """Do the same, and raise AssertionError where an input takes more than the limits."""
    slowest, largest = 0.0, 0.0

    def one(data: bytes) -> None:
        try:
            within(data)
        except BaseException:
            # libFuzzer saves it too, unless its watch over memory or time ends the process on the way.
            state.with_suffix(".finding").write_bytes(data)
            raise

    def within(data: bytes) -> None:
        nonlocal slowest, largest
        before = time.process_time()
        act(data)
        seconds = time.process_time() - before
        megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KILOBYTES
        if seconds > slowest or megabytes > largest + 10:
            slowest, largest = max(slowest, seconds), max(largest, megabytes)
            found = {"slowest_seconds": round(slowest, 3), "peak_megabytes": round(largest)}
            if seconds == slowest:
                state.with_suffix(".slowest").write_bytes(data)
            unfinished = state.with_suffix(".unfinished")
            unfinished.write_text(json.dumps(found), encoding="utf-8")
            os.replace(unfinished, state)  # noqa: PTH105
        assert seconds <= limits.seconds, f"took {seconds:.1f} s of processor time"
        assert megabytes <= limits.megabytes, f"took {megabytes:.0f} MB"

    return one


if __name__ == "__main__":
    fuzz(sys.argv[1], sys.argv[2], Path(sys.argv[3]), sys.argv[4:])
