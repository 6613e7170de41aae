"""Days of work and of rest, the order of cells, and the search for those that accidents can reach, by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest
import simpy
from building import day, fixed, with_kind, world_of

from simulator.clearance import RANDOM, ClearancePlan
from simulator.clocks import CALENDAR, Clock, linear_clock
from simulator.encounters import candidates_of, cell_days, encounters, least_share, possible_rows
from simulator.engine import play
from simulator.exposure import Exposure
from simulator.field import Candidates, play_field
from simulator.population import draw
from simulator.teams import Contamination, campaign_of, clear_region, day_of_work, note_accident, timeout, working_day
from simulator.trajectory import time_bins


def clock_of(days, readings):
    return Clock(np.array(days, dtype=float), np.array(readings, dtype=float))


# Work goes on until day 10, stops for two months of different length, and goes on from day 30.
STOPS = clock_of([0, 10, 18, 30, 40], [0, 10, 10, 10, 20])


def test_work_begins_at_once_or_at_the_end_of_the_stop():
    days = {0: 0, 5: 5, 10: 30, 14: 30, 18: 30, 29.5: 30, 30: 30, 35: 35, 40: 40, 55: 55}
    assert {when: working_day(STOPS, when) for when in days} == days
    assert [working_day(CALENDAR, when) for when in (-3, 0, 12.5)] == [-3, 0, 12.5]
    # A stop at the beginning, and one that the calendar does not see the end of.
    assert working_day(clock_of([0, 10, 20], [0, 0, 10]), 4) == 10
    assert working_day(clock_of([0, 10, 20], [0, 10, 10]), 14) == 14


@pytest.mark.parametrize(
    ("begun", "work", "done"),
    [
        (0, 5, 5), (5, 0.5, 5.5), (5, 5, 10), (5, 6, 31), (5, 15, 40), (30, 10, 40), (35, 10, 45), (-4, 1, -3),
        (7, 0, 7), (14, 0, 14),
    ],
)  # fmt: skip
def test_work_is_done_on_the_day_on_which_that_much_has_been_worked(begun, work, done):
    assert day_of_work(STOPS, begun, work) == done


def test_work_counts_at_the_pace_of_each_piece_of_the_calendar():
    # Twice, once, and half a day of work a day.
    paced = clock_of([0, 10, 14, 20], [0, 20, 24, 27])
    assert [day_of_work(paced, begun, work) for begun, work in ((5, 4), (5, 12), (12, 4), (14, 3), (20, 1))] == [
        7, 12, 18, 20, 22,
    ]  # fmt: skip
    assert day_of_work(paced, -2, 1) == -1.5
    assert day_of_work(CALENDAR, 3, 4) == 7


def test_work_that_the_calendar_has_no_room_for_is_never_done():
    ends = clock_of([0, 10, 20], [0, 10, 10])
    assert day_of_work(ends, 5, 5) == 10
    assert day_of_work(ends, 5, 5.5) == math.inf
    # No work is done at once, also before the first day of work.
    assert day_of_work(clock_of([0, 10, 20], [0, 0, 10]), 4, 0) == 4


def test_a_rounding_error_is_not_the_past():
    env = simpy.Environment(initial_time=0.0)
    timeout(env, -5e-7)
    assert env.peek() == 0
    with pytest.raises(ValueError, match="cannot wait"):
        timeout(env, -1e-6)


CELLS = 40
TEAM = {"from": day(3), "teams": 1, "rate": "2000 m2 per team-day", "search": 0.02, "detection": 1}


def cleared_world(order="most-people-first", activity=None):
    """Forty cells of 1 km2, ten days of work each, one team from day 3."""
    world = world_of({"a": {"count": 1, "laid": day(0)}}, side=(8, 5), horizon=1000)
    exposure = Exposure(linear_clock(0.0), np.ones(CELLS) if activity is None else np.array(activity, dtype=float))
    plan = replace(plan_of(), order=order)
    return replace(world, exposure=exposure, clearance=plan)


def plan_of():
    return ClearancePlan(3.0, 1, np.full(CELLS, 10.0), 1, 1.0, "most-people-first", CALENDAR, 2000.0, None)


def order_of_search(world, first, last, uniforms=None, accidents=()):
    """The cells in the order in which they are done; accidents are (day, cell)."""
    env = simpy.Environment()
    campaign = campaign_of(world, world.clearance, uniforms)
    env.process(clear_region(env, campaign, Contamination(first, last)))
    for when, cell in accidents:
        timeout(env, when).callbacks.append(lambda _, cell=cell: note_accident(campaign, cell))
    env.run(until=1000)
    done = campaign.done[:, -1]
    return [int(cell) for cell in np.argsort(done, kind="stable") if np.isfinite(done[cell])]


def laid_on(days):
    """First and last laying of all cells; infinite and minus infinite where nothing was laid."""
    first = np.array([np.inf if when is None else when for when in days], dtype=float)
    return first, np.where(np.isinf(first), -np.inf, first)


def test_equal_cells_are_searched_in_the_order_of_their_numbers():
    world = cleared_world()
    assert order_of_search(world, *laid_on([0] * CELLS)) == list(range(CELLS))
    odd_first = [cell for parity in (1, 0) for cell in range(CELLS) if cell % 2 == parity]
    assert order_of_search(cleared_world(activity=[1, 2] * 20), *laid_on([0] * CELLS)) == odd_first
    even_first = [cell for parity in (0, 1) for cell in range(CELLS) if cell % 2 == parity]
    chance = cleared_world(order=RANDOM)
    assert order_of_search(chance, *laid_on([0] * CELLS), uniforms=np.array([0.2, 0.5] * 20)) == even_first
    with pytest.raises(ValueError, match="needs its uniforms"):
        campaign_of(chance, chance.clearance, None)


def test_people_in_a_cell_are_its_density_times_its_area():
    # Half the density on four times the land: more people.
    world = cleared_world(activity=[2, 1, *[0] * 38])
    area = np.ones(CELLS)
    area[1] = 4
    world = replace(world, region=replace(world.region, area_km2=area))
    assert order_of_search(world, *laid_on([0, 0, *[None] * 38])) == [1, 0]


def test_cells_open_with_their_last_item_and_the_first_to_open_goes_first():
    days = [None] * CELLS
    days[5], days[6], days[7] = 50, 0, 20
    first, last = laid_on(days)
    # Cell 6 is done on day 13; 7 opens on day 20 and is done on day 30; 5, on day 50.
    assert order_of_search(cleared_world(), first, last) == [6, 7, 5]
    # Cell 6 receives its last item on day 90: the team waits for it.
    last[6] = 90
    assert order_of_search(cleared_world(), first, last) == [7, 5, 6]


def test_a_cell_with_accidents_goes_before_others_unless_it_was_searched():
    world = cleared_world(order="most-accidents-first")
    everywhere = laid_on([*[0] * 6, *[None] * 34])
    assert order_of_search(world, *everywhere) == [0, 1, 2, 3, 4, 5]
    # One accident in 4, two in 5, one in 0, which is being searched: after 0, 5 and 4 go first.
    accidents = [(5, 4), (6, 5), (7, 0), (8, 5)]
    assert order_of_search(world, *everywhere, accidents=accidents) == [0, 5, 4, 1, 2, 3]
    # In another order accidents change nothing.
    assert order_of_search(cleared_world(), *everywhere, accidents=accidents) == [0, 1, 2, 3, 4, 5]


def test_an_accident_does_not_open_a_cell_before_its_last_item_is_laid():
    world = cleared_world(order="most-accidents-first")
    first, last = laid_on([*[0] * 4, *[None] * 36])
    last[3] = 90
    # Cells 0 to 2 are done by day 33; cell 3, where two accidents happened, from day 90 on.
    assert order_of_search(world, first, last, accidents=[(1, 3), (5, 3)]) == [0, 1, 2, 3]


def exposed(count=400, rate=0.3, **changes):
    """Mines that last 200 days in cells with a dose of 0, 1, 2 or 3 times ``rate`` over 400 days."""
    world = world_of({"a": {"count": count, "laid": day(100)}}, side=(2, 2))
    world = replace(world, exposure=Exposure(linear_clock(rate / 400), np.array([0.0, 1, 2, 3])))
    return with_kind(world, self_destruct=fixed(200), self_destruct_failure=0.0, **changes)


def test_candidates_are_the_mines_whose_threshold_lies_below_the_dose_until_they_end():
    world = exposed()
    chunk = draw(world, world.kinds[0], 0, 1, 0, 400)
    found = candidates_of(chunk, np.arange(400), 7, world)
    # From day 100 to day 300 at 0.3 / 400 a day: half of the dose of 400 days.
    dose = 0.15 * np.array([0, 1, 2, 3])[chunk.cell]
    expected = np.flatnonzero(-np.log(chunk.accident_share) < dose)
    assert 30 < expected.size < 150
    np.testing.assert_array_equal(found.mine, expected)
    np.testing.assert_array_equal(found.cell, chunk.cell[expected])
    np.testing.assert_allclose(found.threshold, -np.log(chunk.accident_share[expected]))
    assert set(found.kind.tolist()) == {7}
    assert set(found.laid.tolist()) == {100.0}
    assert set(found.end.tolist()) == {300.0}
    assert set(found.found_in.tolist()) == {1}
    assert found.kind.dtype == found.found_in.dtype == np.intp


def test_no_candidate_is_lost_by_sorting_out_first_what_no_dose_can_reach():
    for rate in (0.1, 0.3, 30.0):
        world = exposed(rate=rate)
        chunk = draw(world, world.kinds[0], 0, 1, 0, 400)
        least = least_share(world)
        # The largest dose anywhere is three times that of 400 days.
        assert least == pytest.approx(math.exp(-3 * rate), rel=1e-12)
        possible = possible_rows(chunk, least)
        np.testing.assert_array_equal(possible, np.flatnonzero(chunk.accident_share > math.exp(-3 * rate)))
        some, every = (candidates_of(chunk, rows, 0, world) for rows in (possible, np.arange(400)))
        np.testing.assert_array_equal(some.mine, every.mine)


def test_accidents_are_met_up_to_the_horizon_and_on_it_but_not_beyond():
    # Dose 1/64 a day, exact in binary: thresholds 0.25, 0.5 and 1 are reached on days 16, 32 and 64.
    world = world_of({"a": {"count": 3, "laid": day(0)}}, side=(1, 1), horizon=32)
    world = replace(world, exposure=Exposure(linear_clock(1 / 64), np.ones(1)))
    chunk = replace(draw(world, world.kinds[0], 0, 1, 0, 3), accident_share=np.exp([-0.25, -0.5, -1]))
    assert (-np.log(chunk.accident_share)).tolist() == [0.25, 0.5, 1]
    grid = time_bins(world.times)
    met = encounters(chunk, np.arange(3), world, None, cell_days(None, grid), grid)
    assert met.accident_rows.tolist() == [0, 1]
    assert met.accident.tolist() == [16, 32]
    # So are they played, event after event.
    mines = candidates_of(chunk, np.arange(3), 0, replace(world, horizon_days=100.0))
    history = play_field(world, mines, Contamination(np.zeros(1), np.zeros(1)), None)
    assert history.accidents.day.tolist() == [16, 32]
    # Where no mine can be reached, none is.
    met = encounters(chunk, np.arange(0), world, None, cell_days(None, grid), grid)
    assert met.accident_rows.size == met.accident.size == 0


def test_events_are_accidents_layings_and_turns_that_came_to_nothing():
    # Dose 0.01 a day: mines 0 and 1 are reached on days 20 and 30, mine 2 is laid on day 40 and reached on day 60; mine
    # 3 has ended before its turn comes on day 70, and mine 4 is never reached. When mine 2 was laid, the turn of mine 3
    # was pending already: that event is stale, and another one takes its place.
    world = world_of({"a": {"count": 1, "laid": day(0)}}, side=(1, 1), horizon=100)
    world = replace(world, exposure=Exposure(linear_clock(0.01), np.ones(1)))
    laid, end = np.array([0.0, 0, 40, 0, 0]), np.array([np.inf, np.inf, np.inf, 65, np.inf])
    whole = np.zeros(5, dtype=np.intp)
    mines = Candidates(whole, np.arange(5), whole, laid, np.array([0.2, 0.3, 0.2, 0.7, 1.1]), end, whole + 1)
    history = play_field(world, mines, Contamination(np.zeros(1), np.zeros(1)), None)
    assert history.accidents.mine.tolist() == [0, 1, 2]
    np.testing.assert_allclose(history.accidents.day, [20, 30, 60])
    assert history.events == 3 + 1 + 1 + 1


def test_where_nobody_goes_no_mine_is_looked_at():
    world = exposed(rate=0.0)
    assert least_share(world) == 1.0
    chunk = draw(world, world.kinds[0], 0, 1, 0, 400)
    assert possible_rows(chunk, 1.0).size == 0
    assert play(world, 0).played.accidents[0, -1] == 0
