"""Measure whether computations take what is estimated beforehand, and print one table.

    python benchmarks/resources.py            everything, some three minutes
    python benchmarks/resources.py --quick    without the ten million mines

Every row is a run of the command without figures in a process of its own: its CPU time and peak memory against
`simulator.costs`. Memory is that above a run of hardly anything. Nothing here is a test.
"""

import sys
import tempfile
from pathlib import Path

from measuring import ROOT, machine, measure, measure_command, table

SHIPPED = ROOT / "scenarios"
RUNS = {
    "small: 10,000 mines, 50 replicates": ("treaty-limit.yaml", []),
    "ten million mines, 2 replicates": (
        "treaty-limit.yaml", ["mines.battery-limited.count=1e7", "replicates=2"]
    ),
    "a million cells, 2 replicates": (
        "persistent.yaml", ["region={rectangle: {width: 100 km, height: 100 km}, cell: 0.1 km}", "replicates=2"]
    ),
    "feedback: marking and teams, 50 replicates": ("district.yaml", ["replicates=50"]),
    "feedback, a million mines": ("district.yaml", ["mines.persistent.count=1e6", "replicates=2"]),
    "many replicates: 5,000": ("persistent.yaml", ["mines.persistent.count=100", "replicates=5000"]),
    "closed form": ("treaty-limit.yaml", ["horizon=100 years"]),
}  # fmt: skip
ESTIMATE = """
import json, sys
from simulator.costs import need_of_run
from simulator.experiment import build_worlds
from simulator.limits import bytes_of
from simulator.executor import Resources
from simulator.metrics import MAP_DAYS
from simulator.scenario_file import load
loaded = load(sys.argv[1], sys.argv[3:])
exact = sys.argv[2] == "expected"
need = need_of_run(build_worlds([loaded], () if exact else MAP_DAYS), loaded.scenario.replicates, exact=exact)
print(json.dumps([0.0, [need.seconds, bytes_of(need, Resources()) / 2**20]]))
"""


def row(what: str, base_mb: float, folder: Path) -> list[str]:
    """A row: estimate against measurement, and their ratios."""
    name, overrides = RUNS[what]
    method = "expected" if what == "closed form" else "simulate"
    seconds, megabytes = measure(ESTIMATE, str(SHIPPED / name), method, *overrides, repeats=1).value
    settings = [part for override in overrides for part in ("--set", override)]
    found = measure_command(
        sys.executable, "-m", "simulator", "run", str(SHIPPED / name), "--method", method, "--no-figures", "--quiet",
        "--force", "-o", str(folder / "out"), *settings, repeats=1,
    )  # fmt: skip
    above_mb = max(found.peak_mb - base_mb, 1.0)
    # A run of hardly anything has parts that come and go by megabytes.
    memory = f"{megabytes / above_mb:.2f}" if max(megabytes, above_mb) > 20 else "both below 20 MB"
    return [
        what, f"{seconds / found.cpu_seconds:.2f}", f"{seconds:.1f} s", f"{found.cpu_seconds:.1f} s",
        memory, f"{megabytes:.0f} MB", f"{above_mb:.0f} MB",
    ]  # fmt: skip


def main() -> None:
    """Measure and print."""
    wanted = [what for what in RUNS if "--quick" not in sys.argv or "ten million" not in what]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        hardly = ["--set", "mines.persistent.count=1", "--replicates", "2"]
        base = measure_command(
            sys.executable, "-m", "simulator", "run", str(SHIPPED / "persistent.yaml"), "--no-figures", "--quiet",
            "-o", str(folder / "base"), *hardly, repeats=1,
        )  # fmt: skip
        rows = [row(what, base.peak_mb, folder) for what in wanted]
    print(f"{machine()}; memory above the {base.peak_mb:.0f} MB of a run of hardly anything\n")
    header = [
        "what",
        "time, estimate to measured",
        "estimate",
        "CPU",
        "memory, estimate to measured",
        "estimate",
        "peak",
    ]
    print(table(header, rows))


if __name__ == "__main__":
    main()
