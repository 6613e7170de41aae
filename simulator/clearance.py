"""The plan of clearance: when teams work, how long a cell takes, and in which order cells are searched."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from simulator.clocks import CALENDAR, Array, Clock, day_number, monthly_clock
from simulator.region import Region
from simulator.scenario import Clearance
from simulator.units import DAYS_PER_YEAR

M2_PER_KM2 = 1e6
ACCIDENTS_FIRST, RANDOM = "most-accidents-first", "random"


@dataclass(frozen=True, slots=True, eq=False)
class ClearancePlan:
    """What the teams do: ``work_days`` [C] is the team's work on a cell in one of ``passes`` [days of work].

    ``calendar`` reads days of work since the start; it stands still in the winter stop. Each item in a cell is found
    with probability ``detection`` in each pass, whatever its state.
    """

    first_day: float
    teams: int
    work_days: Array
    passes: int
    detection: float
    order: str
    calendar: Clock
    m2_per_team_day: float
    usd_per_m2: float | None


def clearance_plan(spec: Clearance, region: Region, start: date, horizon_days: float) -> ClearancePlan:
    """Make a clearance block ready to play."""
    # What was done before the start is not played: accidents and clearance count from there.
    first = max(day_number(spec.start, start), 0.0)
    calendar = CALENDAR
    if spec.winter_stop:
        works = [0.0 if month in spec.winter_stop else 1.0 for month in range(1, 13)]
        calendar = monthly_clock(works, start, 0.0, horizon_days + 2 * DAYS_PER_YEAR)
    return ClearancePlan(
        first_day=first,
        teams=spec.teams,
        work_days=region.area_km2 * M2_PER_KM2 * spec.search / spec.rate,
        passes=spec.passes,
        detection=spec.detection,
        order=spec.order,
        calendar=calendar,
        m2_per_team_day=spec.rate,
        usd_per_m2=spec.cost,
    )


def pass_that_finds(plan: ClearancePlan, shares: Array) -> NDArray[np.intp]:
    """In which pass, from 1, each item is found, from uniforms in (0, 1], same shape; passes + 1 where none finds it.

    Passes find independently, so the number is geometric: P(pass > k) = (1 - detection)^k.
    """
    number = np.ones(shares.shape, dtype=np.intp)
    for missed in (1.0 - plan.detection) ** np.arange(1, plan.passes + 1):
        number += shares <= missed
    return number
