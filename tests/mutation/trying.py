"""Running tests against mutants, each in a process forked where the program and the tests have been imported already.

The start of Python, SciPy and pytest costs seconds, most tests that notice a mutant milliseconds. A forked process that
has met its first failing test ends there and then; one that computes much longer than the test ever did is a timeout.
"""

import json
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest

KILLED, SURVIVED, TIMEOUT = "killed", "survived", "timeout"
_LEAST_SECONDS, _TIMES = 2.0, 10.0
_MOST_BYTES, _MOST_SECONDS = 12 * 1024**3, 300
_answer = -1  # where a forked process says what it found


def in_fork(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What a function gives, run in a forked process that shows nothing; a timeout if the process is ended."""
    reading, writing = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        _child(work, reading, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    if said:
        found: dict[str, Any] = json.loads(said)
        if "error" in found:
            raise RuntimeError(f"a mutant could not be tried:\n{found['error']}")
        return found
    ended = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    # A loop that Python never leaves hears no alarm, and is ended by the limit of the process.
    return {"outcome": TIMEOUT if ended in {signal.SIGXCPU, signal.SIGKILL} else KILLED, "by": ""}


def _child(work: Callable[[], dict[str, Any]], reading: int, writing: int) -> None:
    os.close(reading)
    quiet = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(quiet, stream)
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_MOST_SECONDS, _MOST_SECONDS))
    global _answer  # noqa: PLW0603
    _answer = writing
    try:
        try:
            found = json.dumps(work())
        except Exception:
            found = json.dumps({"error": traceback.format_exc()})
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(found.encode())
    finally:
        os._exit(0)


class Failures:
    """A pytest plugin that notes which tests failed."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a test that failed, or whose preparation did."""
        if report.failed:
            self.found.append(report.nodeid)


def passes(item: pytest.Item, following: pytest.Item | None, failures: Failures) -> bool:
    """Run one test; whether it passed."""
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
    return not failures.found


def _late(name: str, _signal: int, _frame: object) -> None:
    """End the process in the middle of a test: an exception would be taken for a failure, and tried again."""
    os.write(_answer, json.dumps({"outcome": TIMEOUT, "by": name}).encode())
    os._exit(0)


def meets(items: Sequence[pytest.Item], seconds: dict[str, float], failures: Failures) -> dict[str, Any]:
    """Run tests until the first fails, each with a limit of computing time; the outcome, and which test decided."""
    for item, following in zip_longest(items, items[1:]):
        signal.signal(signal.SIGVTALRM, partial(_late, item.nodeid))
        signal.setitimer(signal.ITIMER_VIRTUAL, _LEAST_SECONDS + _TIMES * seconds.get(item.nodeid, 1.0))
        passed = passes(item, following, failures)
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        if not passed:
            return {"outcome": KILLED, "by": item.nodeid}
    return {"outcome": SURVIVED, "by": ""}


class Loop:
    """A pytest plugin that hands the collected tests to a function in place of running them."""

    def __init__(self, work: Callable[[list[pytest.Item], Failures], None], most_examples: int) -> None:
        self.work = work
        self.most_examples = most_examples
        self.failures = Failures()
        self.ran = self.broken = False
        self.error: Exception | None = None

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Give tests of Hypothesis fewer examples, and let them stop at the first that fails."""
        if "hypothesis" not in sys.modules:
            return
        from hypothesis import Phase, settings

        for item in items:
            function = getattr(item, "obj", None)
            given = getattr(function, "_hypothesis_internal_use_settings", None)
            if given is not None:
                function._hypothesis_internal_use_settings = settings(  # type: ignore[union-attr]
                    given,
                    max_examples=min(given.max_examples, self.most_examples),
                    phases=(Phase.explicit, Phase.generate),
                    database=None,
                )

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Do the work with the tests that were collected."""
        self.ran, self.broken = True, session.testsfailed > 0
        try:
            self.work(session.items, self.failures)
        except Exception as error:
            # Pytest would report it and go on.
            self.error = error
        return True


def collect(files: Iterable[Path | str], loop: Loop) -> int:
    """Collect tests in this process and hand them to the loop; pytest's exit status."""
    options = ["-q", "-n", "0", "-p", "no:cacheprovider", "--tb=native"]
    status = int(pytest.main([*options, *map(str, files)], plugins=[loop, loop.failures]))
    if loop.error is not None:
        raise loop.error
    return status
