"""Measure what the project claims about speed and memory, and print one table.

    python benchmarks/run.py            everything, about three minutes
    python benchmarks/run.py --quick    without the ten-million and one-process-per-mine extremes

Every ratio is taken within one run on one machine. Nothing here is a test; tests never assert wall time.
"""

import sys

from measuring import ROOT, machine, measure, measure_command, table

START = """
import json, sys, time
from simulator.scenario_file import load
from simulator.world import build_world
from simulator.engine import play
from simulator.population import Purpose, chunks, uniforms
"""
WORLD = """
world = build_world(load("tests/contract/treaty-limit.yaml", [f"mines.battery-limited.count={int(sys.argv[1])}"]))
play(build_world(load("tests/contract/treaty-limit.yaml")), 0)
start = time.perf_counter()
"""
PLAY = (
    START
    + WORLD
    + """
trajectory = play(world, 0)
print(json.dumps([time.perf_counter() - start, trajectory.simpy_events]))
"""
)
# The obvious program: a process for each mine that waits for its fate. The latent times come from the same vectorised
# draws, so what is compared is only how the world is played.
PROCESS_PER_MINE = (
    START
    + """
import numpy, simpy
"""
    + WORLD
    + """
def mine(env, day, fate, seen):
    yield env.timeout(day)
    seen.append((env.now, fate))

env, seen, events = simpy.Environment(), [], 0
kind = world.kinds[0]
for chunk in chunks(world, kind, 0, world.seed):
    sd = numpy.where(chunk.self_destruct_fails, numpy.inf, chunk.self_destruct)
    accident = -numpy.log(chunk.accident_share) / world.exposure.clock.paces[0]
    days = numpy.minimum(numpy.minimum(sd, chunk.battery), accident)
    fates = numpy.argmin(numpy.stack([sd, chunk.battery, accident]), axis=0)
    for day, fate in zip(days.tolist(), fates.tolist()):
        env.process(mine(env, day, fate, seen))
env.run(until=world.horizon_days)
ends = numpy.array([day for day, _ in seen])
hazardous = kind.count - numpy.searchsorted(numpy.sort(ends), world.times, side="right")
print(json.dumps([time.perf_counter() - start, int(hazardous[120])]))
"""
)
# The same uniforms, from the same generator of NumPy, into one reused buffer.
DRAW = (
    START
    + """
import numpy
count, size = int(sys.argv[1]), 10000
buffer, start = numpy.empty(size), time.perf_counter()
for purpose in ("cell", "self-destruct failure", "self-destruct time", "battery life", "accident"):
    generator = numpy.random.Generator(numpy.random.Philox(1))
    for first in range(0, count, size):
        generator.random(out=buffer)
print(json.dumps([time.perf_counter() - start, 0]))
"""
)
UKRAINE = (
    START
    + """
start = time.perf_counter()
trajectory = play(build_world(load("scenarios/ukraine-scale.yaml")), 0)
print(json.dumps([time.perf_counter() - start, trajectory.simpy_events]))
"""
)


def against_processes(count: int, wanted: int, start_up_mb: float) -> list[str]:
    """A row: our engine against one process per mine."""
    ours = measure(PLAY, str(count))
    naive = measure(PROCESS_PER_MINE, str(count), repeats=1 if count > 500_000 else 3)
    seconds = f"{ours.seconds:.3f} s against {naive.seconds:.1f} s"
    memory = f"{ours.peak_mb - start_up_mb:.0f} MB against {naive.peak_mb - start_up_mb:.0f} MB above start-up"
    ratio = f"{naive.seconds / ours.seconds:.0f} times faster"
    return [f"{count:,} mines against a process per mine", ratio, f"{wanted} times", f"{seconds}; {memory}"]


def against_drawing(start_up_mb: float) -> list[list[str]]:
    """Rows: ten million mines against the drawing of their columns, and in memory."""
    ours, drawn = measure(PLAY, "10000000"), measure(DRAW, "10000000")
    ratio = f"{ours.seconds / drawn.seconds:.2f} times the drawing"
    detail = f"{ours.seconds:.2f} s against {drawn.seconds:.2f} s for the same columns"
    return [
        ["10,000,000 mines, 1,000 cells, 10 years", ratio, "5 times", detail],
        ["the same, memory", f"{ours.peak_mb:.0f} MB", "1,500 MB", f"{start_up_mb:.0f} MB of it start-up"],
    ]


def main() -> None:
    """Measure and print."""
    quick = "--quick" in sys.argv
    start_up_mb = measure(START + "\nprint('[0, 0]')").peak_mb
    rows = [against_processes(100_000, 40, start_up_mb)]
    if not quick:
        rows += [against_processes(1_000_000, 100, start_up_mb), *against_drawing(start_up_mb)]
    ukraine = measure(UKRAINE)
    rows.append(["ukraine-scale, one replicate", f"{ukraine.peak_mb:.0f} MB", "600 MB", f"{ukraine.seconds:.2f} s"])
    command = (sys.executable, "-m", "simulator")
    shipped = str(ROOT / "scenarios" / "treaty-limit.yaml")
    for arguments, wanted in ((["--help"], "0.25 s"), (["validate", shipped], "1 s")):
        cpu = measure_command(*command, *arguments).cpu_seconds
        rows.append([f"minesim {arguments[0]}", f"{cpu:.2f} s CPU", wanted, ""])
    print(f"{machine()}; medians of fresh processes, ratios within this run\n")
    print(table(["what", "measured", "at least / at most", "detail"], rows))


if __name__ == "__main__":
    main()
