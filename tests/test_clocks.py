"""Clocks: reading and inverting them, months of the real calendar, and how much temperature changes a battery's age."""

import math
from calendar import monthrange
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.clocks import (
    CALENDAR,
    Clock,
    arrhenius_factor,
    date_of,
    day_number,
    day_of,
    linear_clock,
    month_edges,
    monthly_clock,
    pace_at,
    q10_factor,
    read,
)

KHARKIV = np.array([-4.7, -3.9, 1.4, 9.6, 15.9, 19.8, 21.7, 20.8, 14.9, 8.2, 1.4, -3.1])
START = date(2024, 12, 1)


def clock_of(days, readings):
    return Clock(np.array(days, dtype=float), np.array(readings, dtype=float))


def now(clock, day):
    return float(read(clock, np.array([float(day)]))[0])


def when(clock, reading):
    return float(day_of(clock, np.array([float(reading)]))[0])


@st.composite
def clocks(draw_from):
    """Clocks of two to eight knots, some pieces of which stand still."""
    pieces = draw_from(st.integers(1, 7))
    steps = draw_from(st.lists(st.floats(0.01, 400), min_size=pieces, max_size=pieces))
    paces = draw_from(st.lists(st.sampled_from([0.0, 0.1, 1.0, 1.0, 2.5]), min_size=pieces, max_size=pieces))
    days = draw_from(st.floats(-500, 500)) + np.concatenate(([0.0], np.cumsum(steps)))
    readings = draw_from(st.floats(-100, 100)) + np.concatenate(([0.0], np.cumsum(np.diff(days) * paces)))
    return Clock(days, readings)


@given(clock=clocks(), shares=st.lists(st.floats(-0.5, 1.5), min_size=1, max_size=20))
@settings(max_examples=300, derandomize=True, deadline=None)
def test_a_clock_read_on_the_day_it_reaches_a_reading_shows_that_reading(clock, shares):
    low, high = clock.readings[0], clock.readings[-1]
    span = high - low or 1.0
    readings = low + span * np.array(shares)
    days = day_of(clock, readings)
    if clock.paces[-1] == 0:
        assert np.all(np.isinf(days[readings > high]))
    reached = np.isfinite(days) & ((readings >= low) | (clock.paces[0] > 0))
    # A day of some hundreds, rounded, times a pace of at most 2.5.
    np.testing.assert_allclose(read(clock, days[reached]), readings[reached], rtol=1e-11, atol=1e-11)


@given(clock=clocks(), shares=st.lists(st.floats(-0.5, 1.5), min_size=2, max_size=20))
@settings(max_examples=300, derandomize=True, deadline=None)
def test_reading_never_falls_with_the_day_nor_the_day_with_the_reading(clock, shares):
    days = np.sort(clock.days[0] + np.array(shares) * (clock.days[-1] - clock.days[0]))
    # Up to the rounding of the readings themselves.
    assert np.all(np.diff(read(clock, days)) >= -1e-11)
    readings = np.sort(clock.readings[0] + np.array(shares) * (clock.readings[-1] - clock.readings[0]))
    found = day_of(clock, readings)
    assert np.all(found[1:] >= found[:-1] - 1e-9)


@given(clock=clocks(), share=st.floats(-0.5, 1.5), step=st.floats(0.001, 0.1))
@settings(max_examples=200, derandomize=True, deadline=None)
def test_the_pace_is_the_change_of_reading_just_after_a_day(clock, share, step):
    day = float(clock.days[0] + share * (clock.days[-1] - clock.days[0]))
    later = clock.days[clock.days > day]
    end = min(day + step, float(later[0]) if later.size else np.inf)
    if end - day > 1e-4:
        change = (now(clock, end) - now(clock, day)) / (end - day)
        assert pace_at(clock, np.array([day]))[0] == pytest.approx(change, rel=1e-6, abs=1e-8)


def test_a_clock_goes_on_beyond_both_ends_at_the_pace_of_its_end_pieces():
    clock = clock_of([0, 10, 20], [0, 5, 30])
    days, readings = [-4, 0, 5, 10, 12, 20, 30], [-2, 0, 2.5, 5, 10, 30, 55]
    assert [now(clock, day) for day in days] == pytest.approx(readings)
    assert [when(clock, reading) for reading in readings] == pytest.approx(days)
    assert now(clock, np.inf) == np.inf
    assert when(clock, np.inf) == np.inf


def test_a_clock_that_stands_still_holds_its_reading_and_is_left_at_the_end():
    clock = clock_of([0, 10, 30, 40], [0, 5, 5, 10])
    assert [now(clock, day) for day in (10, 20, 30, 32, 50)] == [5, 5, 5, 6, 15]
    assert when(clock, 4) == 8
    assert when(clock, 6) == 32
    assert when(clock, 5) == 30


def test_a_clock_that_stops_never_reaches_more():
    clock = clock_of([0, 10, 30], [0, 5, 5])
    assert now(clock, 1e6) == 5
    assert now(clock, np.inf) == 5
    assert when(clock, 4) == 8
    assert when(clock, 5.0001) == np.inf


def test_a_linear_clock_is_a_straight_line_through_day_zero():
    clock = linear_clock(1.4e-4)
    at = np.array([-3.0, 0.0, 1.0, 365.25, 1e6])
    np.testing.assert_allclose(read(clock, at), 1.4e-4 * at, rtol=1e-15)
    np.testing.assert_allclose(day_of(clock, 1.4e-4 * at), at, rtol=1e-15)
    np.testing.assert_array_equal(pace_at(clock, at), 1.4e-4)


def test_a_straight_clock_that_misses_the_origin_goes_through_both_its_knots():
    # From 3 on day 2 to 9 on day 4: three a day, so that it read -3 on day 0.
    clock = clock_of([2, 4], [3, 9])
    for day, reading in ((0, -3), (2, 3), (3, 6), (4, 9), (10, 27)):
        assert now(clock, day) == reading
        assert when(clock, reading) == day
    # At the pace of the calendar, but ahead of it or behind.
    for ahead in (5, 1, -1):
        clock = clock_of([0, 1], [ahead, ahead + 1])
        assert now(clock, 2) == 2 + ahead
        assert when(clock, 2 + ahead) == 2
    # Through the origin like the calendar, but twice as fast.
    assert when(linear_clock(2), 4) == 2


def test_a_straight_clock_at_rest_shows_its_reading_and_was_there_from_its_first_knot():
    clock = clock_of([3, 7], [2, 2])
    assert [now(clock, day) for day in (-1, 3, 7, 1e9)] == [2, 2, 2, 2]
    assert [when(clock, reading) for reading in (1, 2, 2 + 1e-12)] == [3, 3, np.inf]


def test_a_clock_of_whole_numbers_is_one_of_real_numbers():
    clock = Clock(np.array([0, 2, 4]), np.array([0, 1, 4]))
    assert clock.days.dtype == clock.readings.dtype == float
    assert now(clock, 3) == 2.5


def test_the_end_pieces_of_a_clock_are_not_mixed_up():
    # Each piece has a pace of its own: 1/2, 3 and 1/4 a day, from day 4.
    clock = clock_of([4, 8, 9, 13], [10, 12, 15, 16])
    days, readings = [0, 4, 6, 8.5, 9, 11, 13, 21], [8, 10, 11, 13.5, 15, 15.5, 16, 18]
    assert [now(clock, day) for day in days] == readings
    assert [when(clock, reading) for reading in readings] == days
    assert pace_at(clock, np.array([0.0, 4, 8, 9, 13, 21])).tolist() == [0.5, 0.5, 3, 0.25, 0.25, 0.25]


def test_a_clock_that_stands_still_at_first_is_read_and_left_where_it_starts():
    clock = clock_of([5, 8, 10], [2, 2, 6])
    assert [now(clock, day) for day in (0, 5, 8, 9, 11)] == [2, 2, 2, 4, 8]
    assert [when(clock, reading) for reading in (2, 4, 8)] == [8, 9, 11]
    # What it showed before it began is not known: it is put where the standstill begins.
    assert when(clock, 1) == 5


def test_a_linear_clock_at_rest_never_reaches_anything():
    clock = linear_clock(0.0)
    assert now(clock, 1e9) == 0
    assert now(clock, np.inf) == 0
    assert when(clock, 1e-300) == np.inf


def test_the_calendar_clock_shows_the_day():
    at = np.array([-1.5, 0.0, 0.1, 14.0, 1e15, np.inf])
    np.testing.assert_array_equal(read(CALENDAR, at), at)
    np.testing.assert_array_equal(day_of(CALENDAR, at), at)


@pytest.mark.parametrize(
    ("days", "readings", "message"),
    [
        ([0], [0], "two or more knots"),
        ([0, 1, 2], [0, 1], "two or more knots"),
        ([[0, 1]], [[0, 1]], "two or more knots"),
        ([0, 0], [0, 1], "days must rise"),
        ([0, 2, 1], [0, 1, 2], "days must rise"),
        ([0, math.nan], [0, 1], "must rise|finite"),
        ([0, 1, 2], [0, 2, 1], "readings must not fall"),
        ([0, 1, 2], [0, math.nan, 2], "must not fall|finite"),
        ([0, 1, 2], [math.nan, 0, 2], "must not fall|finite"),
    ],
)
def test_a_bad_clock_is_refused(days, readings, message):
    with pytest.raises(ValueError, match=message):
        clock_of(days, readings)


def test_a_clock_that_would_run_backwards_or_is_not_a_number_is_refused():
    for pace in (-1e-9, math.nan):
        with pytest.raises(ValueError, match=r"must not fall|finite"):
            linear_clock(pace)


@pytest.mark.parametrize(
    ("days", "readings"), [([0, math.inf], [0, 1]), ([0, 1], [0, math.inf]), ([-math.inf, 0], [0, 1])]
)
def test_a_clock_without_end_is_refused(days, readings):
    with pytest.raises(ValueError, match=r"finite|must"):
        clock_of(days, readings)


def test_the_error_names_the_bad_knots():
    with pytest.raises(ValueError, match=r"knots \[1 3\]"):
        clock_of([0, 2, 1, 4, 3], [0, 1, 2, 3, 4])


def test_a_clock_cannot_be_written():
    clock = clock_of([0, 1, 2], [0, 1, 2])
    for values in (clock.days, clock.readings, CALENDAR.days, CALENDAR.readings):
        with pytest.raises(ValueError, match="read-only"):
            values[0] = 7.0
    with pytest.raises(AttributeError):
        clock.days = np.array([0.0, 1.0])


def test_q10_doubles_every_ten_kelvin():
    temperatures = np.array([0.0, 10, 20, 30, -10])
    np.testing.assert_allclose(q10_factor(temperatures, 2.0, 20.0), [0.25, 0.5, 1, 2, 0.125], rtol=1e-15)
    np.testing.assert_array_equal(q10_factor(KHARKIV, 1.0, 20.0), 1.0)


def test_an_arrhenius_factor_is_one_at_the_reference_and_its_logarithm_is_linear_in_the_energy():
    assert arrhenius_factor(np.array([20.0]), 0.7, 20.0)[0] == 1.0
    np.testing.assert_array_equal(arrhenius_factor(KHARKIV, 0.0, 20.0), 1.0)
    once, twice = (np.log(arrhenius_factor(KHARKIV, energy, 20.0)) for energy in (0.35, 0.7))
    np.testing.assert_allclose(twice, 2 * once, rtol=1e-12)
    # 10 to 20 degC by hand: 0.5 / 8.617333262e-5 (1 / 283.15 - 1 / 293.15) = 0.699032, and exp of it 2.0118.
    assert arrhenius_factor(np.array([20.0]), 0.5, 10.0)[0] == pytest.approx(2.0118, abs=5e-5)


def test_month_edges_follow_the_calendar_through_a_leap_year():
    edges, months = month_edges(date(2027, 12, 15), 0.0, 120.0)
    assert [date_of(edge, date(2027, 12, 15)) for edge in edges] == [
        "2027-12-01", "2028-01-01", "2028-02-01", "2028-03-01", "2028-04-01", "2028-05-01",
    ]  # fmt: skip
    assert np.diff(edges).tolist() == [31, 31, 29, 31, 30]
    assert months.tolist() == [11, 0, 1, 2, 3]


def test_months_are_those_that_are_needed_and_no_more():
    # To the end of a month that month is enough; no time at all still lies in one; half a day before is another month.
    for last, expected in ((31.0, [0, 31]), (31.5, [0, 31, 62]), (0.0, [0, 31])):
        edges, months = month_edges(START, 0.0, last)
        assert edges.tolist() == expected
        assert months.tolist() == [11, 0][: len(expected) - 1]
    edges, months = month_edges(START, -0.5, 31.0)
    assert edges.tolist() == [-30, 0, 31]
    assert months.tolist() == [10, 11]


def test_a_monthly_clock_covers_day_zero_and_the_day_after_whatever_it_is_asked_for():
    paces = np.arange(1.0, 13.0)
    # From the last day of January on, asked for spring only: day 0 is January's, at its pace of 1.
    clock = monthly_clock(paces, date(2025, 1, 31), 40, 100)
    assert [now(clock, day) for day in (0, 1, 2)] == [0, 1, 3]
    # From 1 March on, asked for winter only: day 0 is March's, at its pace of 3.
    clock = monthly_clock(paces, date(2025, 3, 1), -60, -30)
    assert [now(clock, day) for day in (-1, 0, 1)] == [-2, 0, 3]
    assert monthly_clock(paces, date(2025, 1, 31), 0, 1).days[-1] == 1


@pytest.mark.parametrize("start", [date(2023, 6, 7), date(2024, 2, 29), date(2096, 11, 30), date(2000, 1, 1)], ids=str)
@pytest.mark.parametrize("laid", [0, 17, 59, 200])
def test_a_monthly_clock_adds_up_the_days_of_the_real_calendar(start, laid):
    # 2096 to 2104 holds a year divisible by four that is no leap year; 2000 is one.
    factors = q10_factor(KHARKIV, 2.0, 20.0)
    last = 3100
    clock = monthly_clock(factors, start, laid, last)
    steps = [factors[(start + timedelta(days=day)).month - 1] for day in range(last)]
    ages = np.concatenate(([0.0], np.cumsum(steps)))
    np.testing.assert_allclose(read(clock, np.arange(last + 1.0)), ages, rtol=1e-11, atol=1e-9)
    # Midday lies half-way, and a battery laid later is as old as the clock has gained since.
    assert now(clock, laid + 0.5) - now(clock, laid) == pytest.approx(steps[laid] / 2, rel=1e-9)
    assert now(clock, last) - now(clock, laid) == pytest.approx(sum(steps[laid:]), rel=1e-11)


def test_february_of_a_leap_year_is_a_day_longer():
    only_february = np.array([0, 1.0, *[0] * 10])
    for year in (2024, 2025, 2028, 2100, 2000):
        clock = monthly_clock(only_february, date(year, 1, 1), 0, 365)
        assert now(clock, 365) == monthrange(year, 2)[1]


def test_a_monthly_clock_reads_zero_on_the_first_day_and_covers_days_before_it():
    clock = monthly_clock(np.ones(12), date(2024, 12, 17), -400, 400)
    assert now(clock, 0) == 0
    assert now(clock, -390) == pytest.approx(-390, abs=1e-9)
    assert clock.days[0] <= -400
    assert clock.days[-1] >= 400


def test_frozen_months_stand_still():
    factors = np.array([0.0, 0, 0.5, 1, 1, 1, 1, 1, 1, 0.5, 0, 0])
    clock = monthly_clock(factors, START, 0, 400)
    spring = day_number(date(2025, 3, 1), START)
    assert now(clock, spring) == 0
    assert when(clock, 1.0) == pytest.approx(spring + 2, abs=1e-9)
    assert when(clock, 0.0) == pytest.approx(spring, abs=1e-9)


def over_four_years(monthly):
    """The mean over the days of four years, one of them a leap year, of what each month stands for."""
    return now(monthly_clock(monthly, date(2025, 1, 1), 0, 1461), 1461) / 1461


def understated_by_the_mean(monthly_degc):
    """Share of a year's ageing with Q10 = 2 that is missed when all days have the mean temperature."""
    means = np.asarray(monthly_degc)
    # A clock cannot run backwards: the temperatures are averaged from -50 degC up.
    mean = over_four_years(means + 50) - 50
    return 1 - 2 ** (mean / 10) / over_four_years(q10_factor(means, 2.0, 0.0))


def test_the_mean_temperature_understates_yearly_ageing_by_11_percent(measured):
    # Over a sinusoid of amplitude 10 K with Q10 = 2 the mean of 2^cos is the Bessel function I0(log 2) = 1.1237, so
    # the mean temperature, whose factor is 1, is 1 - 1 / 1.1237 = 11.0 % too low. Monthly means of the sinusoid are
    # damped by sin(pi / 12) / (pi / 12) = 0.989, which leaves 10.8 %; unequal months change that by 0.1 % at most.
    half = math.pi / 12
    damped = 10 * math.sin(half) / half
    sinusoid = [damped * -math.cos(2 * half * (month + 0.5)) for month in range(12)]
    assert 1 - 1 / np.i0(math.log(2)) == pytest.approx(0.110, abs=5e-4)
    understated = understated_by_the_mean(sinusoid)
    off = abs(understated - (1 - 1 / np.i0(math.log(2) * damped / 10)))
    measured("difference of the share", off, at_most=1e-3)
    assert round(100 * understated) == 11
    assert understated_by_the_mean(np.full(12, 8.5)) == pytest.approx(0.0, abs=1e-12)


def test_a_year_in_kharkiv_ages_a_battery_at_0_56_of_the_rate_at_20_degrees():
    assert round(over_four_years(q10_factor(KHARKIV, 2.0, 20.0)), 2) == 0.56


def test_july_in_kharkiv_ages_a_battery_6_3_times_as_fast_as_january():
    # BAT-FACT gives 6.3 with ENV-KHA, where July is 21.7 to 21.8 degC: 2^2.64 = 6.23 and 2^2.65 = 6.28.
    ratios = []
    for july in (21.7, 21.8):
        means = KHARKIV.copy()
        means[6] = july
        clock = monthly_clock(q10_factor(means, 2.0, 20.0), date(2025, 1, 1), 0, 365)
        january, summer = now(clock, 31), now(clock, 212) - now(clock, 181)
        ratios.append(summer / january)
    assert ratios == pytest.approx([2**2.64, 2**2.65], rel=1e-9)
    assert [round(ratio, 1) for ratio in ratios] == [6.2, 6.3]


def test_a_battery_laid_in_june_is_exhausted_months_before_one_laid_in_december():
    clock = monthly_clock(q10_factor(KHARKIV, 2.0, 20.0), START, 0, 1000)
    june = day_number(date(2025, 6, 1), START)

    def lasts(laid):
        return when(clock, now(clock, laid) + 30) - laid

    # From June: 30 days of factor 2^-0.02 = 0.9862 make 29.59; the rest in July at 2^0.17 = 1.1251.
    assert lasts(june) == pytest.approx(30 + (30 - 30 * 2**-0.02) / 2**0.17, abs=1e-6)
    assert lasts(0) > 120


def test_dates_are_those_of_the_calendar_and_empty_beyond_it():
    assert date_of(0.0, START) == "2024-12-01"
    assert date_of(90.999, START) == "2025-03-01"
    assert date_of(1e9, START) == ""
    assert day_number(date(2025, 3, 1), START) == 90
    assert day_number(date(2024, 11, 30), START) == -1
