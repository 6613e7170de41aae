"""Measure what it costs to keep every point of a study, in time and in memory, and print one table.

    python benchmarks/store.py            about five minutes
    python benchmarks/store.py --quick    2,000 points in place of 20,000

Every line is measured in fresh processes, ratios within one run on one machine. How long a disk takes to say that a
transaction is safe differs from machine to machine more than all the rest. Nothing here is a test.
"""

import sys
import tempfile
from pathlib import Path

from measuring import machine, measure, measure_command, table

# Points that cost nothing to compute: what is left is validating the scenario, its key, the executor and the store.
KEPT = """
import json, sys, tempfile, time
from pathlib import Path
import numpy as np
from simulator import evaluation
from simulator.executor import Resources, pool
from simulator.point_store import points_kept
from simulator.points import Point, Record, Study, Task
from simulator.scenario_file import load
from simulator.variation import Settings
workers, count, replicates = map(int, sys.argv[1:])
names, numbers = tuple(f"metric_{place}" for place in range(20)), np.ones((replicates, 20))
def ready(study, task):
    return Record(names, numbers, numbers, numbers[0], {})
evaluation.evaluate = ready
study = Study((load("scenarios/treaty-limit.yaml"),), "simulate", versions={})
at = ("mines", "battery-limited", "count")
def points(first):
    return [Point(0, Settings(((at, first + place),))) for place in range(count)]
with tempfile.TemporaryDirectory() as folder, pool(Resources(workers)) as where:
    path = Path(folder) / "points.sqlite"
    with evaluation.opened_store(path) as store:
        # The first points start the workers.
        evaluation.gather(study, points(10**6), replicates, store, where, lambda *_: None)
        started = time.perf_counter()
        evaluation.gather(study, points(1), replicates, store, where, lambda *_: None)
        seconds = time.perf_counter() - started
        started = time.perf_counter()
        evaluation.gather(study, points(1), replicates, store, where, lambda *_: None)
        again = time.perf_counter() - started
    print(json.dumps([seconds / count, [again / count, path.stat().st_size / points_kept(path)]]))
"""
COMPUTED = """
import json, time
from simulator.points import Point, Study, Task, evaluate
from simulator.scenario_file import load
study = Study((load("scenarios/treaty-limit.yaml"),), "expected")
evaluate(study, Task("", Point(0), 0, 1))
started = time.perf_counter()
for _ in range(50):
    evaluate(study, Task("", Point(0), 0, 1))
print(json.dumps([(time.perf_counter() - started) / 50, 0]))
"""
WAITED = """
import json, os, tempfile, time
with tempfile.TemporaryFile() as stream:
    started = time.perf_counter()
    for _ in range(200):
        stream.write(bytes(4096))
        stream.flush()
        os.fsync(stream.fileno())
    print(json.dumps([(time.perf_counter() - started) / 200, 0]))
"""
SWEEP = (
    sys.executable, "-m", "simulator", "sweep", "scenarios/treaty-limit.yaml", "--method", "expected", "--no-figures",
    "--quiet", "--vary",
)  # fmt: skip
FEW = 200


def overheads() -> list[list[str]]:
    """Rows: the time that a point takes beside being computed."""
    waited, computed = measure(WAITED), measure(COMPUTED)
    rows = [
        ["4,096 bytes safe on this disk", f"{1e3 * waited.seconds:.2f} ms", "", "write and fsync alone"],
        ["a closed form of ten years", f"{1e3 * computed.seconds:.2f} ms", "", "computing alone, for comparison"],
    ]
    for workers, count in ((1, 1000), (2, 2000)):
        for replicates in (1, 50):
            kept = measure(KEPT, str(workers), str(count), str(replicates))
            again, size = kept.value
            where = "in this process" if workers == 1 else f"in batches on {workers} workers"
            what = f"a point of {replicates} replicate{'s' * (replicates > 1)} kept, {where}"
            detail = f"{1e3 * again:.2f} ms to find it again; {size / 1e3:.1f} kB in the store"
            rows.append([what, f"{1e3 * kept.seconds:.2f} ms", "10 ms", detail])
    return rows


def memory(many: int) -> list[list[str]]:
    """Rows: the peak memory of sweeps of few and of many points."""
    peaks = {}
    with tempfile.TemporaryDirectory() as folder:
        for count in (FEW, many):
            out = Path(folder) / str(count)
            vary = f"mines.battery-limited.self_destruct.failure=0:1:{count}"
            peaks[count] = measure_command(*SWEEP, vary, "-o", str(out), repeats=1)
        size = sum(path.stat().st_size for path in out.iterdir()) / 1e6
    detail = f"{peaks[FEW].peak_mb:.0f} MB against {peaks[many].peak_mb:.0f} MB; {size:.0f} MB written"
    ratio = f"{peaks[many].peak_mb / peaks[FEW].peak_mb:.2f} times"
    cpu = 1e3 * (peaks[many].cpu_seconds - peaks[FEW].cpu_seconds) / (many - FEW)
    return [
        [f"memory of a sweep of {many:,} points against {FEW}", ratio, "1.2 times", detail],
        ["a point of that sweep, all in all", f"{cpu:.2f} ms CPU", "", ""],
    ]


def main() -> None:
    """Measure and print."""
    many = 2000 if "--quick" in sys.argv else 20_000
    rows = [*overheads(), *memory(many)]
    print(f"{machine()}; medians of fresh processes, ratios within this run\n")
    print(table(["what", "measured", "at most", "detail"], rows))


if __name__ == "__main__":
    main()
