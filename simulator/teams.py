"""Clearance teams: which cell they take next, how long a search lasts, and the days on which passes are done."""

import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import simpy
from numpy.typing import NDArray

from simulator.clearance import ACCIDENTS_FIRST, RANDOM, ClearancePlan
from simulator.clocks import Array, Clock, read
from simulator.world import World

Process = Generator[simpy.Event, object, None]


@dataclass(frozen=True, slots=True, eq=False)
class Contamination:
    """When each cell received its first and its last item [C]; infinite and minus infinite where it has none."""

    first_laid: Array
    last_laid: Array


@dataclass(slots=True, eq=False)
class Campaign:
    """The state of clearance: the days on which each pass is ``begun`` and ``done`` [C, passes], infinite if never.

    ``worklist`` is a heap of (minus accidents that count, place in the order, cell); ``listed`` [C] are the cells that
    wait in it, ``rank`` their places, ``accidents`` what happened in them.
    """

    plan: ClearancePlan
    begun: Array
    done: Array
    rank: list[int]
    listed: NDArray[np.bool_]
    accidents: NDArray[np.int64]
    worklist: list[tuple[int, int, int]]


def campaign_of(world: World, plan: ClearancePlan, order: Array | None) -> Campaign:
    """Clearance before it begins; ``order`` [C] are uniforms for a random order of the cells."""
    cells = world.region.area_km2.size
    days = np.full((cells, plan.passes), np.inf)
    accidents = np.zeros(cells, dtype=np.int64)
    return Campaign(plan, days, days.copy(), _ranks(world, plan, order), np.zeros(cells, dtype=bool), accidents, [])


def clear_region(env: simpy.Environment, campaign: Campaign, laid: Contamination) -> Process:
    """Give each free team the next cell of the order, once all that will ever lie there has been laid."""
    plan = campaign.plan
    teams = simpy.Resource(env, capacity=plan.teams)
    opening = _openings(plan, laid)
    yield timeout(env, plan.first_day)
    while True:
        request = teams.request()
        yield request
        yield timeout(env, working_day(plan.calendar, env.now))
        while opening and opening[-1][0] <= env.now:
            _put_on_worklist(campaign, opening.pop()[1])
        cell = _next_cell(campaign)
        if cell is not None:
            env.process(search(env, campaign, cell, teams, request))
        elif opening:
            teams.release(request)
            yield timeout(env, opening[-1][0])
        else:
            return


def search(
    env: simpy.Environment,
    campaign: Campaign,
    cell: int,
    teams: simpy.Resource,
    request: simpy.resources.resource.Request,
) -> Process:
    """A team searches a cell, pass after pass, releases it, and is free again."""
    calendar, work_days = campaign.plan.calendar, float(campaign.plan.work_days[cell])
    for visit in range(campaign.plan.passes):
        campaign.begun[cell, visit] = working_day(calendar, env.now)
        # Nothing interrupts a pass, so its last day is known: whoever asks in between sees the same.
        campaign.done[cell, visit] = day_of_work(calendar, env.now, work_days)
        yield timeout(env, float(campaign.done[cell, visit]))
    teams.release(request)


def note_accident(campaign: Campaign, cell: int) -> None:
    """Count an accident in a cell, which may bring it forward in the order."""
    campaign.accidents[cell] += 1
    if campaign.listed[cell] and campaign.plan.order == ACCIDENTS_FIRST:
        _put_on_worklist(campaign, cell)


def timeout(env: simpy.Environment, day: float) -> simpy.Timeout:
    """A timeout that ends on a day; raises ValueError for a day in the past or NaN, which SimPy would accept in
    silence.
    """
    delay = max(day - env.now, 0.0) if day - env.now > -1e-6 else day - env.now
    if not delay >= 0:
        raise ValueError(f"cannot wait from day {env.now} until day {day}")
    return env.timeout(delay)


def working_day(calendar: Clock, day: float) -> float:
    """The first moment of work from ``day`` on: ``day`` itself, or the end of the winter stop it falls in."""
    if calendar.is_linear:
        return day
    piece = min(max(bisect_right(calendar.days, day) - 1, 0), calendar.days.size - 2)
    while piece < calendar.days.size - 2 and calendar.readings[piece + 1] == calendar.readings[piece]:
        piece += 1
    return max(day, float(calendar.days[piece]))


def day_of_work(calendar: Clock, begun: float, work_days: float) -> float:
    """The day on which ``work_days`` of work are done since ``begun``, at the end of the work, before any stop."""
    if calendar.is_linear:
        return begun + work_days
    if work_days <= 0:
        return begun
    wanted = float(read(calendar, np.array([begun]))[0]) + work_days
    piece = min(max(bisect_left(calendar.readings, wanted), 1), calendar.days.size - 1)
    pace = (calendar.readings[piece] - calendar.readings[piece - 1]) / (calendar.days[piece] - calendar.days[piece - 1])
    if not pace > 0:
        return np.inf
    # Not before it began, by rounding.
    return max(begun, float(calendar.days[piece - 1] + (wanted - calendar.readings[piece - 1]) / pace))


def _ranks(world: World, plan: ClearancePlan, order: Array | None) -> list[int]:
    """Each cell's place in the order, before any accident: by people in it, or by chance."""
    if plan.order == RANDOM:
        if order is None:
            raise ValueError("a random order needs its uniforms")
        first = np.argsort(order, kind="stable")
    else:
        first = np.argsort(-world.exposure.activity * world.region.area_km2, kind="stable")
    rank = np.empty(first.size, dtype=np.intp)
    rank[first] = np.arange(first.size)
    return [*map(int, rank)]


def _openings(plan: ClearancePlan, laid: Contamination) -> list[tuple[float, int]]:
    """The cells that hold an item, with the day from which they can be cleared, the latest first."""
    cells = np.flatnonzero(np.isfinite(laid.first_laid))
    days = np.maximum(laid.last_laid[cells], plan.first_day)
    return sorted(zip(days.tolist(), cells.tolist(), strict=True), reverse=True)


def _put_on_worklist(campaign: Campaign, cell: int) -> None:
    """Put a cell where it belongs by its accidents so far; where it stood before, it is skipped later."""
    counted = int(campaign.accidents[cell]) if campaign.plan.order == ACCIDENTS_FIRST else 0
    heapq.heappush(campaign.worklist, (-counted, campaign.rank[cell], cell))
    campaign.listed[cell] = True


def _next_cell(campaign: Campaign) -> int | None:
    """Take the first cell off the worklist, and never again."""
    while campaign.worklist:
        _, _, cell = heapq.heappop(campaign.worklist)
        if campaign.listed[cell]:
            campaign.listed[cell] = False
            return cell
    return None
