"""What a run of the tests found, kept in a file for the verification dossier: outcomes, and numbers against limits.

A test hands over numbers with the fixtures ``measured`` and ``drawn`` of conftest.py. They travel as properties of its
report, so that they arrive from other processes too.
"""

import json
import math
from pathlib import Path

PASSED, SKIPPED, FAILED = "passed", "skipped", "failed"
_GRAVITY = (PASSED, SKIPPED, FAILED)
_DIGITS = 4  # of what is drawn: no two machines differ in them


def within(value, at_least, at_most):
    """Whether a number is within its limits; what is no number is not."""
    return (at_least is None or value >= at_least) and (at_most is None or value <= at_most)


def measurement(name, value, at_least=None, at_most=None):
    """What was measured, as it is kept; whole numbers stay whole."""
    if at_least is None and at_most is None:
        raise ValueError(f"{name}: a measurement needs a limit")
    return {"name": name, "value": _plain(value), "at_least": _plain(at_least), "at_most": _plain(at_most)}


def drawing(name, columns):
    """What a figure is to show, as it is kept: words, numbers and lists of numbers, rounded."""
    return {"name": name, **{key: _rounded(column) for key, column in columns.items()}}


def _plain(value):
    """The number without its library; None stays."""
    return value.item() if hasattr(value, "item") else value


def _rounded(value):
    value = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(value, list | tuple):
        return [_rounded(one) for one in value]
    return float(f"{value:.{_DIGITS}g}") if isinstance(value, float) and math.isfinite(value) else value


class Recorder:
    """Collects the reports of a run under the names of its tests."""

    def __init__(self):
        self.tests = {}

    def pytest_runtest_logreport(self, report):
        """Take in one phase of one test. A test is as good as the worst of its phases."""
        kept = self.tests.setdefault(report.nodeid, {"outcome": PASSED, "slow": False, "measured": [], "drawn": []})
        kept["outcome"] = max(kept["outcome"], report.outcome, key=_GRAVITY.index)
        kept["slow"] = kept["slow"] or "slow" in report.keywords
        if report.when == "call":
            for kind, value in report.user_properties:
                if kind in ("measured", "drawn"):
                    kept[kind].append(value)


def write_record(path, tests):
    """Write the record of a run as a whole or not at all."""
    path = Path(path)
    half = path.with_name(path.name + ".half")
    half.write_text(json.dumps({"tests": tests}, indent=0, sort_keys=True, allow_nan=True), encoding="utf-8")
    half.replace(path)


def read_records(paths):
    """The tests of several runs together: what failed or was skipped in one of them is not good by another.

    Raises ValueError naming the file that holds no record.
    """
    tests = {}
    for path in paths:
        try:
            found = json.loads(Path(path).read_text(encoding="utf-8"))["tests"]
            for name, kept in found.items():
                before = tests.get(name)
                if before is None or _GRAVITY.index(kept["outcome"]) >= _GRAVITY.index(before["outcome"]):
                    tests[name] = {key: kept[key] for key in ("outcome", "slow", "measured", "drawn")}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path}: is no record of a test run ({type(error).__name__}: {error})") from None
    return tests
