"""Measure studies of many worlds as a user runs them, and print one table.

    python benchmarks/studies.py    some five minutes

Every line is a whole command in fresh processes, start included. Two workers against one is a ratio within one run.
Nothing here is a test.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measuring import ROOT, machine, table

VARY = "mines.battery-limited.self_destruct.failure=0:50 %:200"
SWEEP = ("sweep", "scenarios/treaty-limit.yaml", "--against", "scenarios/persistent.yaml", "--vary", VARY, "--quiet")
EIGHT_INPUTS = """\
extends: treaty-limit.yaml
title: Eight uncertain inputs
mines:
  battery-limited:
    arming_failure: {value: 1 %, uncertainty: {uniform: [0, 5 %]}, source: assumption, note: test}
    self_destruct:
      failure: {value: 5 %, uncertainty: {triangular: [1.5 %, 5 %, 15 %]}, source: assumption, note: test}
    battery:
      life:
        weibull:
          shape: {value: 4, uncertainty: {uniform: [1, 8]}, source: assumption, note: test}
          scale: {value: 80 days, uncertainty: {uniform: [60 days, 120 days]}, source: assumption, note: test}
      failure: {value: 1 %, uncertainty: {loguniform: [0.1 %, 10 %]}, source: assumption, note: test}
"""


def main() -> None:
    """Measure and print."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)

        def seconds(*arguments: str) -> float:
            started = time.perf_counter()
            out = place / str(len(list(place.iterdir())))
            subprocess.run([sys.executable, "-m", "simulator", *arguments, "-o", str(out)], cwd=ROOT, check=True)
            return time.perf_counter() - started

        exact = min(seconds(*SWEEP, "--method", "expected") for _ in range(3))
        rows.append(["200-point sweep against persistent, closed form", f"{exact:.1f} s", "3 s", "figures included"])
        bare = min(seconds(*SWEEP, "--method", "expected", "--no-figures") for _ in range(3))
        rows.append(["the same without figures", f"{bare:.1f} s", "", ""])
        simulated = [*SWEEP, "--replicates", "50"]
        one = min(seconds(*simulated, "--workers", "1") for _ in range(2))
        two = min(seconds(*simulated, "--workers", "2") for _ in range(2))
        rows.append(["the same by simulation, 10,000 mines, 50 replicates, two workers", f"{two:.1f} s", "90 s", ""])
        both = f"{one:.1f} s against {two:.1f} s"
        rows.append(["one worker against two", f"{one / two:.2f} times", "1.6 times", both])
        scenario = place / "eight.yaml"
        scenario.write_text(EIGHT_INPUTS, encoding="utf-8")
        weighed = seconds("sensitivity", str(scenario), "-n", "1024", "--quiet")
        rows.append(["sensitivity, 8 inputs, n = 1,024, closed form", f"{weighed:.1f} s", "20 s", "10,257 worlds"])
    print(f"{machine()}\n")
    print(table(["what", "measured", "at least / at most", "detail"], rows))


if __name__ == "__main__":
    main()
