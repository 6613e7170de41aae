"""Measure what several processes cost and gain, and print one table.

    python benchmarks/executor.py            everything, some two minutes on two idle cores
    python benchmarks/executor.py --quick    without the job of twenty seconds

Every ratio is taken within one run on one machine. Nothing here is a test.
"""

import sys

from measuring import machine, measure, table

START = """
import json, sys, time
from functools import partial
from simulator.engine import play
from simulator.executor import Resources, pool
from simulator.scenario_file import load
from simulator.world import build_world
"""
# From nothing to the first replicate of each of some processes, and their end: what a run pays before it gains.
BEGIN = (
    START
    + """
world, workers = build_world(load("scenarios/treaty-limit.yaml")), int(sys.argv[1])
play(world, 0)
start = time.perf_counter()
with pool(Resources(workers)) as everywhere:
    for _ in everywhere.in_order(partial(play, world), range(workers)):
        pass
    started = time.perf_counter() - start
print(json.dumps([started, time.perf_counter() - start - started]))
"""
)
# What two processes do not spend on the items themselves, for each item.
OVERHEAD = (
    START
    + """
def spin(seconds):
    start = time.perf_counter()
    while time.perf_counter() - start < seconds:
        pass
    return time.perf_counter() - start

seconds, count = float(sys.argv[1]), int(sys.argv[2])
with pool(Resources(2)) as both:
    list(both.in_order(spin, [0.1] * 4))
    start = time.perf_counter()
    spent = sum(both.in_order(spin, [seconds] * count))
    whole = time.perf_counter() - start
print(json.dumps([(2 * whole - spent) / count, 2 * whole / spent - 1]))
"""
)
# The start of the processes is part of the time.
JOB = (
    START
    + """
world, count, workers = build_world(load("scenarios/treaty-limit.yaml")), int(sys.argv[1]), int(sys.argv[2])
play(world, 0)
start = time.perf_counter()
with pool(Resources(workers)) as everywhere:
    for _ in everywhere.in_order(partial(play, world), range(count)):
        pass
print(json.dumps([time.perf_counter() - start, 0]))
"""
)
JOB_SECONDS = 20
TRIED = 200


def beginning(workers: int) -> list[str]:
    """A row: how long it takes until every one of some processes has played a replicate."""
    found = measure(BEGIN, str(workers))
    detail = f"with Dask's import and a replicate on each; ended after {found.value:.2f} s more"
    return [f"start of {workers} processes", f"{found.seconds:.2f} s", "", detail]


def overhead(seconds: float, count: int) -> list[str]:
    """A row: what batching costs for each item."""
    found = measure(OVERHEAD, str(seconds), str(count))
    name = f"{count:,} items of {1000 * seconds:g} ms on two processes"
    return [name, f"{1e6 * found.seconds:.0f} µs an item", "", f"{found.value:.1%} of the items' own time"]


def speed_up() -> list[str]:
    """A row: two processes against one, for a job of twenty seconds or so."""
    count = round(JOB_SECONDS / measure(JOB, str(TRIED), "1", repeats=1).seconds * TRIED)
    alone, together = (measure(JOB, str(count), workers) for workers in "12")
    detail = f"{count:,} replicates of treaty-limit: {alone.seconds:.1f} s against {together.seconds:.1f} s"
    return ["two processes against one", f"{alone.seconds / together.seconds:.2f} times faster", "1.6 times", detail]


def main() -> None:
    """Measure and print."""
    rows = [beginning(2), beginning(4), overhead(0.02, 500), overhead(0.002, 5000), overhead(0.0001, 50_000)]
    if "--quick" not in sys.argv:
        rows.append(speed_up())
    print(f"{machine()}; medians of fresh processes, ratios within this run\n")
    print(table(["what", "measured", "at least / at most", "detail"], rows))


if __name__ == "__main__":
    main()
