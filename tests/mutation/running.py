"""The run: every mutant against the tests that run its line, the cheapest first, until one of them fails.

A mutant that has a recorded test is tried against that one first, which nearly always settles it. The others meet every
test that runs their line. Mutants of what runs when a module is imported meet tests of the module in a process that
imports it afresh.
"""

import gc
import hashlib
import importlib
import os
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest

from mutation.covering import note_lines
from mutation.planting import MutantFinder, plant_in_place
from mutation.points import Point, points_of
from mutation.trying import KILLED, SURVIVED, TIMEOUT, Failures, Loop, collect, in_fork, meets, passes

ROOT = Path(__file__).parents[2]
_PLAYED = ("test_engine", "test_feedback", "test_teams")
TESTS = {
    "laws": ("test_laws", "test_lifetimes", "test_scenario_files", "test_alternatives"),
    "lifetimes": ("test_lifetimes", "test_vectors"),
    "clocks": ("test_clocks", "test_vectors"),
    "engine": _PLAYED,
    "encounters": _PLAYED,
    "field": _PLAYED,
    "teams": _PLAYED,
}
MODULES = tuple(TESTS)
# Tests of means over many worlds take minutes; negative controls, and tests of what is drawn, of every law and of
# large chunks notice nothing here that those beside them do not.
LEFT_OUT = (
    "mean", "comparison_of", "never_raise", "two_halves", "the_check_", "every_law_equals", "one_mine_more",
    "same_draws", "bin_is", "bins_are", "denied_land", "depend_on_the_chunk_size",
)  # fmt: skip
MOST_EXAMPLES = 6
_HEAVY = ("numpy", "scipy.special", "scipy.stats", "scipy.integrate", "simpy", "pydantic", "ruamel.yaml")


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant, and the test that decided."""

    point: Point
    outcome: str
    by: str


@dataclass
class Tests:
    """The tests of a run: seconds of each, and by module and line those that run it, the cheapest first."""

    seconds: dict[str, float] = field(default_factory=dict)
    by_line: dict[tuple[str, int], list[str]] = field(default_factory=dict)

    def of(self, point: Point) -> list[str]:
        """The tests that run a point's lines; of a place that runs at import, all of the module."""
        by_line = self.by_line.get((point.module, point.statement), ())
        found = self._of_loaded(point) if point.loaded else set(by_line)
        own = tuple(f"tests/{file}.py::" for file in TESTS[point.module])
        found = {name for name in found if name.startswith(own)}
        return sorted(found, key=lambda name: (self.seconds[name], name))

    def _of_loaded(self, point: Point) -> set[str]:
        """The tests that run a statement with the name that is given its value here; else all there are."""
        text = source_of(point.module).decode().splitlines()
        named = re.match(r"(\w+) =|(\w+), (\w+) =", point.before)
        words = [rf"\b{name}\b" for name in (named.groups() if named else ()) if name]
        of_module = [(line, names) for (module, line), names in self.by_line.items() if module == point.module]
        using = [names for line, names in of_module if any(re.search(word, text[line - 1]) for word in words)]
        return {name for names in using for name in names} or set(self.seconds)


def _left_out(name: str) -> bool:
    return any(word in name.partition("[")[0] for word in LEFT_OUT)


def all_points(modules: Iterable[str]) -> list[Point]:
    """The mutants of some modules of the program."""
    return [point for module in modules for point in points_of(module, source_of(module))]


def path_of(module: str) -> Path:
    """The file of a module."""
    return ROOT / "simulator" / f"{module}.py"


@cache
def source_of(module: str) -> bytes:
    """The text of a module as it was when it was first asked for: an edit during a run does not mix two states."""
    return path_of(module).read_bytes()


def digest_of(module: str) -> str:
    """What tells one state of a module from another."""
    return hashlib.sha256(source_of(module)).hexdigest()


def short(key: str) -> str:
    """A mutant's key in few digits."""
    return hashlib.sha256(key.encode()).hexdigest()[:10]


def sampled(points: Sequence[Point], size: int, seed: int) -> list[Point]:
    """A random sample of mutants, always the same of the same."""
    return random.Random(seed).sample(list(points), min(size, len(points)))  # noqa: S311


def examine(
    points: Sequence[Point], known: dict[str, str], say: Callable[[str], None], *, explore: bool = True
) -> list[Verdict]:
    """Try mutants against the tests; ``known`` names the test that noticed a mutant before, by its short key.

    Without ``explore`` only known tests are tried.
    """
    os.chdir(ROOT)
    for name in _HEAVY:
        importlib.import_module(name)
    files = sorted({f"tests/{name}.py" for point in points for name in TESTS[point.module]})
    inside = [point for point in points if not point.loaded]
    found = in_fork(lambda: _in_place(inside, files, known, say, explore=explore))
    if "outcome" in found:
        raise RuntimeError(f"the tests could not be collected: {found}")
    tests = Tests(found["seconds"], {(module, line): names for module, line, names in found["by_line"]})
    by_key = {point.key: Verdict(point, *found["verdicts"][point.key]) for point in inside}
    for number, point in enumerate((point for point in points if point.loaded), start=1):
        say(f"at import: {number}")
        killer = known.get(short(point.key))
        chosen = [killer] if killer else []
        outcome = _afresh(point, chosen, tests) if chosen else {"outcome": SURVIVED, "by": ""}
        if outcome["outcome"] == SURVIVED and explore:
            outcome = _afresh(point, tests.of(point), tests)
        by_key[point.key] = Verdict(point, outcome["outcome"], outcome["by"])
    return [by_key[point.key] for point in points]


def _in_place(
    points: Sequence[Point], files: list[str], known: dict[str, str], say: Callable[[str], None], *, explore: bool
) -> dict[str, Any]:
    """Collect the tests once, and fork for every mutant."""
    verdicts: dict[str, tuple[str, str]] = {}
    tests = Tests()

    def work(items: list[pytest.Item], failures: Failures) -> None:
        by_name = {item.nodeid: item for item in items if not _left_out(item.name)}
        # What is there already is never looked at again, so that forked processes share its memory.
        gc.collect()
        gc.freeze()
        left = []
        for number, point in enumerate(points, start=1):
            say(f"known tests: {number} of {len(points)}")
            killer = known.get(short(point.key), "")
            verdict = _try(point, [by_name[killer]], {}, failures) if killer in by_name else (SURVIVED, "")
            verdicts[point.key] = verdict
            left += [point] if verdict[0] == SURVIVED else []
        if not explore:
            return
        found = in_fork(lambda: _cover(list(by_name.values()), failures, say))
        if "seconds" not in found:
            raise RuntimeError(f"the tests fail without any mutant: {found}")
        tests.seconds = found["seconds"]
        tests.by_line = {(module, line): names for module, line, names in found["by_line"]}
        noticed: Counter[str] = Counter()
        for number, point in enumerate(left, start=1):
            say(f"tests that run the line: {number} of {len(left)}, {point.key[:90]}")
            # What noticed most mutants so far notices the next most of the time.
            names = tests.of(point)
            first = sorted((name for name in names if noticed[name]), key=lambda name: (-noticed[name], name))[:6]
            ordered = [*first, *(name for name in names if name not in first)]
            verdicts[point.key] = _try(point, [by_name[name] for name in ordered], tests.seconds, failures)
            noticed[verdicts[point.key][1]] += 1

    loop = Loop(work, MOST_EXAMPLES)
    status = collect(files, loop)
    if not loop.ran or len(verdicts) != len(points):
        raise RuntimeError(f"pytest ended with status {status}")
    by_line = [(module, line, names) for (module, line), names in tests.by_line.items()]
    return {"verdicts": verdicts, "seconds": tests.seconds, "by_line": by_line}


def _try(point: Point, items: list[pytest.Item], seconds: dict[str, float], failures: Failures) -> tuple[str, str]:
    def work() -> dict[str, Any]:
        plant_in_place(point, source_of(point.module))
        return meets(items, seconds, failures)

    found = in_fork(work)
    return found["outcome"], found["by"]


def _cover(items: list[pytest.Item], failures: Failures, say: Callable[[str], None]) -> dict[str, Any]:
    """Run every test once without a mutant and note the statements it runs; they must all pass."""
    notes = {name: note_lines(name, source_of(name), str(path_of(name))) for name in MODULES}
    seconds: dict[str, float] = {}
    by_line: dict[tuple[str, int], list[str]] = {}
    for number, (item, following) in enumerate(zip_longest(items, items[1:]), start=1):
        say(f"what each test runs: {number} of {len(items)}")
        for lines in notes.values():
            lines.clear()
        begun = time.process_time()
        if not passes(item, following, failures):
            return {"failed": failures.found}
        seconds[item.nodeid] = time.process_time() - begun
        for module, lines in notes.items():
            for line in lines:
                by_line.setdefault((module, line), []).append(item.nodeid)
    return {"seconds": seconds, "by_line": [(module, line, names) for (module, line), names in by_line.items()]}


def _afresh(point: Point, names: list[str], tests: Tests) -> dict[str, Any]:
    """Try a mutant in a process that imports the program with the mistake in it."""

    def work() -> dict[str, Any]:
        sys.meta_path.insert(0, MutantFinder(point, source_of(point.module), path_of(point.module)))
        found: dict[str, Any] = {}

        def run(items: list[pytest.Item], failures: Failures) -> None:
            if loop.broken:
                return
            by_name = {item.nodeid: item for item in items}
            found.update(meets([by_name[name] for name in names if name in by_name], tests.seconds, failures))

        files = sorted({name.partition("::")[0] for name in names})
        loop = Loop(run, MOST_EXAMPLES)
        collect(files, loop)
        # If the tests cannot even be imported, that is noticed too.
        return found or {"outcome": KILLED, "by": names[0]}

    return in_fork(work) if names else {"outcome": SURVIVED, "by": ""}


def tally(verdicts: Iterable[Verdict]) -> dict[str, dict[str, int]]:
    """How many mutants of each module there were, and what became of them."""
    counts: dict[str, dict[str, int]] = {}
    for verdict in verdicts:
        row = counts.setdefault(verdict.point.module, {"mutants": 0, KILLED: 0, TIMEOUT: 0, SURVIVED: 0})
        row["mutants"] += 1
        row[verdict.outcome] += 1
    return counts
