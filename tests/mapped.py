"""Outcomes with maps, for tests of what is drawn of them and of their file; each is run once for all tests."""

import json
from dataclasses import replace
from functools import cache

import numpy as np
from building import CONTRACT

from simulator.clocks import pace_at, read
from simulator.ensemble import ALL, samples
from simulator.experiment import Plan, run
from simulator.referenced import ReferencedFile
from simulator.scenario_file import from_tree, load

DAYS = (30.0, 365.25, 3652.5)
FULL = CONTRACT / "full.yaml"
RATE = "civilians.accident_rate=1e-2 per mine-year"
TEAMS = {"from": "2025-06-01", "teams": 20, "rate": "2000 m2 per team-day", "search": 0.1, "detection": 0.99,
         "order": "random"}  # fmt: skip
HOLE = [[36.2, 48.74], [36.2, 48.82], [36.3, 48.82], [36.3, 48.74], [36.2, 48.74]]
ISLAND = [[[36.6, 48.62], [36.66, 48.62], [36.66, 48.68], [36.6, 48.62]]]


def full(*overrides):
    return load(FULL, [RATE, *overrides])


def holed(cell="2 km"):
    """The district with a hole in it and an island beside it."""
    loaded = full(f"region.cell={cell}")
    file = loaded.files["region.boundary"]
    tree = json.loads(file.text)
    rings = [*tree["features"][0]["geometry"]["coordinates"], HOLE]
    tree["features"][0]["geometry"] = {"type": "MultiPolygon", "coordinates": [rings, ISLAND]}
    return replace(loaded, files={**loaded.files, "region.boundary": ReferencedFile(file.name, json.dumps(tree))})


def rectangle(title="Rectangle", rate="1e-2", **more):
    """Even mines and people in 20 x 20 km."""
    tree = {
        "title": title,
        "start": "2024-12-01",
        "horizon": "15 years",
        "region": {"rectangle": {"width": "20 km", "height": "20 km"}, "cell": "1 km"},
        "mines": {"persistent": {"count": 2000, "laid": "2024-12-01", "ageing": "never"}},
        "civilians": {
            "density": "14 per km2",
            "accident_rate": f"{rate} per mine-year",
            "reference_density": "14 per km2",
            "casualties_per_accident": 1.44,
        },
    }
    return from_tree("rectangle", tree | more)


CASES = {
    "full": lambda: run([full()], Plan(4, map_days=DAYS)),
    "two": lambda: run([full("clearance.teams=4"), full("title=More teams", "clearance.teams=40")],
                       Plan(4, map_days=DAYS)),
    "rectangle": lambda: run([rectangle(clearance=TEAMS)], Plan(4, map_days=DAYS)),
    "hole": lambda: run([holed()], Plan(4, map_days=DAYS)),
    "coarse": lambda: run([holed("100 km")], Plan(2, map_days=DAYS[:1])),
    "fine": lambda: run([full("region.cell=100 m")], Plan(2, map_days=DAYS)),
    "six days": lambda: run([full()], Plan(2, map_days=(0.0, 1.5, 30.0, 365.25, 730.5, 3652.5))),
    "even": lambda: run([rectangle()], Plan(2, map_days=DAYS)),
    "nothing early": lambda: run([full()], Plan(2, map_days=DAYS[:1])),
    "nothing": lambda: run([rectangle(rate="0", clearance=TEAMS)], Plan(2, map_days=DAYS)),
    "three": lambda: run([full(), rectangle(clearance=TEAMS), full("title=Few teams", "clearance.teams=1")],
                         Plan(2, map_days=DAYS[:2])),
    "mixed": lambda: run([rectangle(), full()], Plan(2, map_days=DAYS[:2])),
}  # fmt: skip


@cache
def outcome_of(case):
    return CASES[case]()


def yearly(part):
    """Accidents per year on the days of the maps: the curve's, at the pace of the year ahead instead of the day's."""
    rate, clock = samples(part.ensemble, ALL, "accidents_per_year")[0].mean(axis=0), part.world.exposure.clock
    for day in part.world.map_days:
        ahead = float(read(clock, np.array(day + 365.25)) - read(clock, np.array(day))) / 365.25
        yield rate[np.argmin(np.abs(part.world.times - day))] * ahead / float(pace_at(clock, np.array(day)))
