"""What the explorer shows, read back: scenarios to explore, and the numbers behind a drawn line."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np

from simulator.closed_form import expected
from simulator.ensemble import ALL, curve
from simulator.scenario_file import load
from simulator.world import build_world

SHORT = """\
title: Short-lived mines in a small valley
question: What is left of them?
start: 2024-12-01
horizon: 2 years
seed: 11
replicates: 20
region: {rectangle: {width: 4 km, height: 3 km}, cell: 1 km}
mines:
  short:
    count: 600
    laid: 2024-12-01
    self_destruct:
      time: {normal: {mean: 15 days, sd: 1 day}}
      failure: {value: 10 %, source: assumption, grade: low, note: "a round number"}
    battery: {life: {weibull: {shape: 4, scale: 81.9 days}}, failure: 1 %}
civilians:
  density: 14 per km2
  accident_rate: 0.02 per mine-year
  reference_density: 14 per km2
  casualties_per_accident: 1.44
  killed_share: 0.3
"""
LASTING = """\
extends: short.yaml
title: As many lasting mines
mines:
  short: null
  lasting: {count: 600, laid: 2024-12-01, ageing: {exponential: {mean: 57.7 years}}}
"""
CLEARED = """\
extends: lasting.yaml
title: Lasting mines that teams clear
clearance: {from: 2025-03-01, teams: 2, rate: 2000 m2 per team-day, search: 0.1, detection: 0.99}
"""


class Client:
    """Asks an application as its page would, without a network."""

    def __init__(self, app, address):
        self.app, self.address = app, address

    def request(self, method, path, **more):
        async def ask():
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url=self.address) as client:
                return await client.request(method, path, **more)

        # In a thread of its own: a browser of other tests may have left its event loop running in this one.
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(lambda: asyncio.run(ask())).result()

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def post(self, path, **more):
        return self.request("POST", path, **more)


def written(folder):
    """Write the scenarios above into a folder, as short.yaml, lasting.yaml and cleared.yaml."""
    for name, text in (("short", SHORT), ("lasting", LASTING), ("cleared", CLEARED)):
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def computed(file, *overrides):
    """Times and expected curves by quantity, straight from the file and the closed form."""
    loaded = load(file, overrides)
    world = build_world(loaded)
    found = expected(world)
    return world.times, {
        name: curve(world, found.curves, found.land, ALL, name) for name in ("hazardous", "casualties")
    }


def numbers_at(axis, heights):
    """The numbers at heights 0 to 1 of a panel, by what the panel says of its axis."""
    heights = np.asarray(heights)
    if axis["log"]:
        return axis["low"] * (axis["high"] / axis["low"]) ** heights
    return axis["high"] * heights


def days_at(horizon_days, places):
    """The days at places 0 to 1 of a stretched axis of time: even for ten days, logarithmic beyond."""
    even = 0.4 / 0.9
    far = np.asarray(places) * (even + np.log10(horizon_days / 10))
    return np.where(far <= even, 10 * far / even, 10 * 10 ** (far - even))


def same_line(axis, horizon_days, parts, times, values, tolerance):
    """Whether a drawn line has the values of a curve wherever the panel can show it, and ends where it cannot.

    A panel is read to ``tolerance`` of its height and width.
    """
    points = np.array([point for part in parts for point in part])
    days, drawn = days_at(horizon_days, points[:, 0]), numbers_at(axis, points[:, 1])
    at_floor = points[:, 1] <= tolerance
    step = np.log(axis["high"] / axis["low"]) if axis["log"] else axis["high"]
    expected_there = np.interp(days[~at_floor], times, values)
    if axis["log"]:
        near = np.abs(np.log(drawn[~at_floor] / expected_there)) <= 4 * tolerance * step + 2e-3
    else:
        near = np.abs(drawn[~at_floor] - expected_there) <= 4 * tolerance * step
    visible = values > (axis["low"] if axis["log"] else tolerance * axis["high"])
    return bool(near.all()) and abs(int(visible.sum()) - int((~at_floor).sum())) <= 2
