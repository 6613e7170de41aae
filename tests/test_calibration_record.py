"""Records of casualties: what is read, and what is wrong at which place."""

from datetime import date

import pytest

from simulator.casualty_record import read_record
from simulator.problems import InputError

START = date(2003, 1, 1)
YEARS = 365.25


def read(text, start=START, horizon=10 * YEARS):
    return read_record(text, "c.csv", start, horizon)


def test_years_months_and_dates_say_the_same():
    by_year = read("year,casualties\n2003,4\n2004,5\n")
    by_date = read("from,to,casualties\n2003-01-01,2004-01-01,4\n2004-01-01,2005-01-01,5\n")
    assert (by_year.starts, by_year.ends) == (by_date.starts, by_date.ends)
    assert by_year.casualties.tolist() == by_date.casualties.tolist() == [4, 5]
    assert by_year.days.tolist() == [365, 366]
    months = read("month,casualties\n2003-12,1\n2003-02,7\n")
    assert months.starts == (date(2003, 2, 1), date(2003, 12, 1))
    assert months.ends == (date(2003, 3, 1), date(2004, 1, 1))
    assert months.casualties.tolist() == [7, 1]


def test_an_upper_bound_is_told_from_a_count_and_gaps_stay_gaps():
    found = read("at_most,year,casualties,remark\nyes,2008,9,hospital\n,2003,4,\nno,2004,5,\n")
    assert [day.year for day in found.starts] == [2003, 2004, 2008]
    assert found.at_most.tolist() == [False, False, True]


def test_a_horizon_in_years_holds_as_many_calendar_years_whatever_the_leap_years():
    for first in range(2001, 2005):
        for years in range(1, 9):
            rows = "".join(f"{first + year},1\n" for year in range(years))
            found = read(f"year,casualties\n{rows}", date(first, 1, 1), years * YEARS)
            assert found.casualties.size == years


def test_what_was_read_cannot_be_changed():
    found = read("year,casualties\n2003,4\n")
    with pytest.raises(ValueError, match="read-only"):
        found.casualties[0] = 5


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "c.csv:1:1: error: is empty, expected the header casualties"),
        ("year,casualties\n", "c.csv:1:1: error: has a header but no periods below it"),
        ("casualties\n4\n", "c.csv:1:1: error: has no column that says when; give 'year', or 'month', or 'from' and"),
        ("year,month,casualties\n2003,2003-01,4\n", "c.csv:1:1: error: has year and month; give 'year', or 'month'"),
        ("from,casualties\n2003-01-01,4\n", "c.csv:1:1: error: has from; give 'year', or 'month', or 'from' and 'to'"),
        ("year,victims\n2003,4\n", "c.csv:1:6: error: column 'casualties' is missing, rename 'victims' to 'casualties"),
        ("year;casualties\n2003;4\n", "c.csv:1:5: error: has semicolons between its columns"),
        ("year,casualties\n03,4\n", "c.csv:2:1: error: year: must be a year such as 2003, got '03'"),
        ("year,casualties\n2003.0,4\n", "c.csv:2:1: error: year: must be a year such as 2003, got '2003.0'"),
        ("year,casualties\n0003,4\n", "c.csv:2:1: error: year: must be from 1900 to 2199, got '0003'"),
        ("month,casualties\n2003-13,4\n", "c.csv:2:1: error: month: must be a month such as 2003-07, got '2003-13'"),
        ("month,casualties\n2003-7,4\n", "c.csv:2:1: error: month: must be a month such as 2003-07, got '2003-7'"),
        ("from,to,casualties\n2003-02-30,2003-04-01,4\n", "c.csv:2:1: error: from: must be a date such as 2003-07-01"),
        ("from,to,casualties\n20030301,2003-04-01,4\n", "c.csv:2:1: error: from: must be a date such as 2003-07-01"),
        ("from,to,casualties\n2003-05-01,2003-05-01,4\n", "c.csv:2:12: error: to: must be after 'from', 2003-05-01"),
        ("year,casualties\n2003,4.5\n", "c.csv:2:6: error: casualties: must be a whole number of people, got 4.5"),
        ("year,casualties\n2003,-4\n", "c.csv:2:6: error: casualties: must be from 0 to 1e+07, got -4"),
        ("year,casualties\n2003,many\n", "c.csv:2:6: error: casualties: must be a finite number, got 'many'"),
        ("year,casualties\n2003,\n", "c.csv:2:6: error: casualties: must be a number, this is empty"),
        ("year,casualties\n2003,\"1,200\"\n", "; write it without thousands separators"),
        ("year,casualties,at_most\n2003,4,maybe\n", "c.csv:2:8: error: at_most: must be 'yes' for an upper bound"),
        ("year,casualties\n2002,4\n", "c.csv:2:1: error: year: begins on 2002-01-01, before the start of the scenario"),
        ("year,casualties\n2013,4\n", "c.csv:2:1: error: year: ends on 2013-12-31, after the horizon of the scenario"),
        ("year,casualties\n2003,4\n2003,5\n", "c.csv:3:1: error: year: is the same period as that in line 2, or"),
        ("from,to,casualties\n2003-01-01,2004-01-01,4\n2003-12-31,2004-02-01,5\n", "c.csv:3:1: error: from: is the sa"),
        ("year,casualties\n2003,4,5\n", "c.csv:2:8: error: has 3 fields, the header 2"),
        ("days,status\n54,ended\n", "that looks like tests of devices, which 'minesim fit' reads"),
    ],
)  # fmt: skip
def test_a_wrong_record_is_refused_at_its_place(text, says):
    with pytest.raises(InputError) as refused:
        read(text)
    assert says in str(refused.value)


def test_all_mistakes_are_said_at_once():
    with pytest.raises(InputError) as refused:
        read("year,casualties,at_most\n2003,4,perhaps\n2004,-1,\nnever,1,\n")
    assert [problem.mark.line for problem in refused.value.problems] == [1, 2, 3]
