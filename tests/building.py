"""Small worlds and laws for tests, written as a scenario file writes them."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from simulator.engine import play
from simulator.ensemble import Ensemble, stack
from simulator.laws import Exponential, Fixed, Gamma, Lognormal, Normal, Piecewise, Uniform, Weibull
from simulator.scenario_file import from_tree
from simulator.world import World, build_world

CONTRACT = Path(__file__).parent / "contract"
START = date(2024, 12, 1)
DAYS_PER_YEAR = 365.25


def days(number: float) -> str:
    """A duration as a scenario file writes it; the shortest text that reads back as the same number."""
    return f"{float(number)!r} days"


def day(number: int) -> str:
    """The date a number of days after the start."""
    return (START + timedelta(days=number)).isoformat()


def fixed(at):
    return Fixed(days=days(at))


def exponential(mean):
    return Exponential(mean=days(mean))


def weibull(shape, scale):
    return Weibull(shape=shape, scale=days(scale))


def lognormal(median, sigma):
    return Lognormal(median=days(median), sigma=sigma)


def gamma(shape, scale):
    return Gamma(shape=shape, scale=days(scale))


def normal(mean, sd):
    return Normal(mean=days(mean), sd=days(sd))


def uniform(low, high):
    return Uniform(low=days(low), high=days(high))


def piecewise(*points):
    return Piecewise(points=[(days(at), share) for at, share in points])


def world_of(mines, *, horizon=400, times=None, rate=0.0, density=14, side=(5, 4), temperature=None, seed=1) -> World:
    """A world of mine classes in a rectangle of 1 km cells; ``rate`` is per mine-year at the density of the world."""
    width, height = side
    tree = {
        "title": "A world to check",
        "start": START.isoformat(),
        "horizon": days(horizon),
        "seed": seed,
        "region": {"rectangle": {"width": f"{width} km", "height": f"{height} km"}, "cell": "1 km"},
        "mines": mines,
        "civilians": {
            "density": f"{density} per km2",
            "accident_rate": f"{rate!r} per mine-year",
            "reference_density": "14 per km2",
            "casualties_per_accident": 1.44,
        },
    }
    if temperature is not None:
        tree["region"]["temperature"] = list(temperature)
    return build_world(from_tree("check", tree), times=None if times is None else np.array(times, dtype=float))


def with_kind(world: World, **changes) -> World:
    """The same world with properties of its first mine class changed."""
    return replace(world, kinds=(replace(world.kinds[0], **changes), *world.kinds[1:]))


def ensemble_of(world: World, replicates, seed=None) -> Ensemble:
    """Replicates of a world: a number of them, or their own numbers."""
    numbers = range(replicates) if isinstance(replicates, int) else replicates
    return stack(world, [play(world, number, seed=seed) for number in numbers])
