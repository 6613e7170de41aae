"""Measure worlds in which accidents mark cells and teams clear them, and print one table.

    python benchmarks/field.py            everything, some five minutes
    python benchmarks/field.py --quick    without a million processes and ten million mines

The obvious program has a SimPy process for each mine: it waits for its end, its accident or its clearance, and is
interrupted when its cell is marked or searched. Both play the same latent draws, so that what is compared is only how
the world is played. Every ratio is taken within one run on one machine. Nothing here is a test.
"""

import sys

from measuring import ROOT, machine, measure, measure_command, table

START = """
import json, sys, time
from simulator.scenario_file import from_tree, load
from simulator.world import build_world
from simulator.engine import play
"""
WORLD = """
def world_of(count):
    return build_world(from_tree("field", {
        "title": "A field", "start": "2024-12-01", "horizon": "10 years", "seed": 1,
        "region": {"rectangle": {"width": "20 km", "height": "20 km"}},
        "mines": {
            "persistent": {"count": count, "laid": "2024-12-01", "ageing": {"exponential": {"mean": "57.7 years"}}},
        },
        "civilians": {
            "density": "14 per km2", "reference_density": "14 per km2",
            # As many accidents whatever the number of mines.
            "accident_rate": f"{RATE / count} per mine-year", "casualties_per_accident": 1.44,
            "marking": {"after_accident": "14 days", "reduces": 0.5},
        },
        "clearance": {"from": "2025-06-01", "teams": 5, "rate": "2000 m2 per team-day", "search": 0.1,
                      "detection": 0.996, "order": "most-accidents-first"},
    }))
play(world_of(1000), 0)
world = world_of(int(sys.argv[1]))
start = time.perf_counter()
"""
PLAY = """
trajectory = play(world, 0)
print(json.dumps([time.perf_counter() - start, [float(trajectory.played.accidents[0, -1]), trajectory.simpy_events]]))
"""
# One process per mine. A cell that is marked or cleared interrupts the processes of its mines, as a program would that
# gives each mine its own clock.
PROCESSES = """
import numpy as np, simpy
from simulator.population import chunks

kind, plan, marking, exposure = world.kinds[0], world.clearance, world.marking, world.exposure
env = simpy.Environment()
cells = world.region.area_km2.size
pace = np.full(cells, float(exposure.clock.paces[0]) * float(exposure.activity[0]))
mines_of = [[] for _ in range(cells)]
accidents, struck, released = [], np.zeros(cells, int), np.full(cells, np.inf)

def mine(env, cell, life, dose, found):
    # Waits for its end or its accident, whichever is first; a change of its cell's pace wakes it up to think again.
    while True:
        since, rate = env.now, pace[cell]
        accident = dose / rate
        try:
            yield env.timeout(min(accident, life))
        except simpy.Interrupt as interrupt:
            dose -= (env.now - since) * rate
            life -= env.now - since
            if interrupt.cause == "cleared" and found:
                return
            continue
        if accident < life:
            accidents.append(env.now)
            struck[cell] += 1
            if struck[cell] == 1:
                env.process(mark(env, cell))
        return

def mark(env, cell):
    yield env.timeout(marking.delay_days)
    pace[cell] *= marking.pace
    wake(cell, "marked")

def wake(cell, cause):
    for process in mines_of[cell]:
        if process.is_alive and process is not env.active_process:
            process.interrupt(cause)

def team(env, waiting):
    yield env.timeout(plan.first_day)
    while waiting:
        cell = max(waiting, key=lambda cell: (struck[cell], -cell))
        waiting.remove(cell)
        yield env.timeout(float(plan.work_days[cell]))
        released[cell] = env.now
        wake(cell, "cleared")

for chunk in chunks(world, kind, 0, world.seed):
    rows = zip(chunk.cell.tolist(), chunk.ageing.tolist(), (-np.log(chunk.accident_share)).tolist(),
               (chunk.found_in <= plan.passes).tolist())
    for cell, life, dose, found in rows:
        mines_of[cell].append(env.process(mine(env, cell, life, dose, found)))
waiting = set(range(cells))
for _ in range(plan.teams):
    env.process(team(env, waiting))
env.run(until=world.horizon_days)
print(json.dumps([time.perf_counter() - start, [len(accidents), 0]]))
"""
FULL = """
start = time.perf_counter()
world = build_world(load("tests/contract/full.yaml"))
for replicate in range(20):
    trajectory = play(world, replicate)
print(json.dumps([time.perf_counter() - start, [0, trajectory.simpy_events]]))
"""
POINTS = """
import numpy as np
from simulator.geography import projected, projection_of, read_boundary
from simulator.region import points_in, triangulated
boundary = read_boundary(open("tests/contract/district.geojson").read(), "district.geojson")
triangles = triangulated(projected(boundary, projection_of(boundary)))
columns = np.random.default_rng(1).random((3, 1_000_000))
start = time.perf_counter()
points_in(triangles, *columns)
print(json.dumps([time.perf_counter() - start, [0, 0]]))
"""


def snippet(body: str, rate: float = 460.0) -> str:
    """A program that builds the world with ``rate`` accidents a year at first, and then does something with it."""
    return f"{START}\nRATE = {rate}\n{WORLD}{body}"


def against_processes(start_up_mb: float, count: int) -> list[str]:
    """A row: our engine against one process per mine with the same interactions."""
    ours = measure(snippet(PLAY), str(count))
    naive = measure(snippet(PROCESSES), str(count), repeats=1 if count > 500_000 else 3)
    happened = f"{ours.value[0]:,.0f} accidents against {naive.value[0]:,.0f}"
    memory = f"{ours.peak_mb - start_up_mb:.0f} MB against {naive.peak_mb - start_up_mb:,.0f} MB above start-up"
    return [
        f"{count:,} mines, feedback and 5 teams, against a process per mine",
        f"{naive.seconds / ours.seconds:.0f} times faster",
        "100 times" if count >= 1_000_000 else "",
        f"{ours.seconds:.2f} s against {naive.seconds:.1f} s; {memory}; {happened}",
    ]


def events(counts: list[int]) -> list[list[str]]:
    """Rows: how many events SimPy handles for ever more mines and as many accidents."""
    rows = []
    for count in counts:
        ours = measure(snippet(PLAY), str(count))
        detail = f"{ours.value[0]:,.0f} accidents, {ours.seconds:.2f} s, {ours.peak_mb:.0f} MB in all"
        wanted = "5 s and 1,500 MB" if count == 10_000_000 else ""
        rows.append([f"SimPy events, {count:,} mines", f"{ours.value[1]:,.0f}", wanted, detail])
    return rows


def main() -> None:
    """Measure and print."""
    quick = "--quick" in sys.argv
    start_up_mb = measure(snippet(PLAY), "1000").peak_mb
    rows = [against_processes(start_up_mb, 100_000)]
    if not quick:
        rows.append(against_processes(start_up_mb, 1_000_000))
    rows += events([10_000, 100_000, 1_000_000] + ([] if quick else [10_000_000]))
    full = measure(START + FULL)
    rows.append(
        ["full.yaml, 20 replicates on one core", f"{full.seconds:.2f} s", "10 s", "the region laid out included"]
    )
    points = measure(START + POINTS)
    rows.append(["points inside a polygon", f"{1 / points.seconds:.0f} million a second", "", "32 triangles"])
    command = (sys.executable, "-m", "simulator", "validate", str(ROOT / "scenarios" / "district.yaml"))
    cpu = measure_command(*command).cpu_seconds
    rows.append(["minesim validate, with geography", f"{cpu:.2f} s CPU", "", ""])
    print(f"{machine()}; medians of fresh processes, ratios within this run\n")
    print(table(["what", "measured", "at least / at most", "detail"], rows))


if __name__ == "__main__":
    main()
