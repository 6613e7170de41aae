"""The sentences and tables of sweeps say what was computed: ranges, break-evens, failures, bounds of none seen."""

from dataclasses import replace

import numpy as np
import pytest
from swept import BACK_UP, COUNT, FAILURE, RATE, alone, made_up, pair, swept

from simulator.metrics import Metric
from simulator.statistics import zero_events_bound
from simulator.sweep_grid import crossings
from simulator.sweep_reading import about, bounds, names, stretches, value_words
from simulator.sweep_words import sentences, table_rows
from simulator.wording import bound, number

FIVE = f"{FAILURE}=0:1:5"
COST = Metric("cost_usd", "cost of clearance", "USD", lambda *_: np.array(0.0))
DAYS = Metric("days_until_80_percent_released", "time until 80 % is released", "days", lambda *_: np.array(0.0),
              is_time=True)  # fmt: skip


def said(table):
    return list(sentences(table))


def test_the_range_of_the_metric_is_said_with_where_it_is_least_and_most():
    table = swept(f"{FAILURE}=0:1:5", scenarios=pair()[1:])
    low, high = (number(float(table.values["mean"][cell])) for cell in (0, -1))
    assert said(table) == [
        f"Over {FAILURE} from 0 % to 100 %, casualties [people] of treaty-limit: least {low} at 0 %, most "
        f"{high} at 100 %.",
        "Closed form: expected values, nothing simulated.",
    ]


def test_a_simulation_says_its_replicates_and_standard_errors():
    table = swept(FIVE, replicates=4)
    error = number(float(table.values["standard_error"][0]), 2)
    text = said(table)
    assert f"(standard error {error}) at 0 %" in text[0]
    assert text[-1] == (
        "4 simulated worlds at each value, on the same draws as the reference; in brackets 90 % of the worlds."
    )
    assert text[-2] == "The 90 % interval of the paired difference excludes 0 at 5 of 5 values."


def test_no_break_even_is_said_with_the_range_of_the_difference():
    assert said(made_up([-4, -3, -2, -2, -1.5], FIVE))[1] == (
        "No break-even in this range: by casualties, treaty-limit is safer than persistent at every value, by 1.5 to "
        "4 people."
    )
    assert "worse than persistent at every value" in said(made_up([4, 3, 2, 2, 1], FIVE))[1]


def test_one_break_even_is_said_between_its_values():
    differences = np.array([-2.0, -1, 1, 2, 3])
    (at,) = crossings(np.linspace(0, 1, 5), differences, log=False)
    assert about(made_up(differences, FIVE).grid.axes[0], at) == "about 38 %"
    assert said(made_up(differences, FIVE))[1] == (
        "By casualties, treaty-limit is safer than persistent up to about 38 %, worse from there on (break-even "
        "between the swept values 25 % and 50 %; 'minesim breakeven' computes it)."
    )


def test_two_break_evens_are_both_said():
    assert said(made_up([-1, 1, 3, 1, -1], FIVE, replicates=9, error=0.1))[1] == (
        "By casualties, treaty-limit is safer than persistent up to about 12 %, worse from there to about 88 %, safer "
        "from there on (break-even between the swept values 0 % and 25 % and between the swept values 75 % and 100 %; "
        "'minesim breakeven' gives an interval)."
    )


def test_more_break_evens_are_counted():
    text = said(made_up([-1, 1, -1, 1, -1], FIVE))[1]
    assert "changes sides with persistent 4 times, first at about 12 % and last at about 88 %" in text


def test_a_difference_of_0_at_a_value_is_a_break_even_there_only_if_sides_change():
    assert "(break-even at 50 %; " in said(made_up([-2, -1, 0, 1, 2], FIVE))[1]
    assert said(made_up([-2, -1, 0, -1, -2], FIVE))[1] == (
        "By casualties, of 5 values treaty-limit is safer than persistent at 4 and no different from persistent at 1."
    )
    touching = stretches(made_up([-2, 0, -1, 1, 2], FIVE).grid.axes[0], np.array([-2.0, 0, -1, 1, 2]))
    assert [(one.side, one.first, one.last) for one in touching] == [(-1, 0.0, 0.5), (1, 0.75, 1.0)]


def test_values_over_which_nothing_differs_are_said():
    text = said(made_up([-1, 0, 0, 1, 1], FIVE))[1]
    assert "safer than persistent up to about 25 %, no different from there to about 50 %, worse from there on" in text
    assert said(made_up([0, 0, 0, 0, 0], FIVE))[1] == (
        "By casualties, of 5 values treaty-limit is no different from persistent at 5."
    )


def test_a_failed_value_widens_the_gap_of_a_break_even():
    table = made_up([-2, -1, np.nan, 1, 2], FIVE, failures={2: "worker ran out of memory"})
    assert "between the swept values 25 % and 75 %" in said(table)[1]
    assert said(table)[2] == "1 of 5 points failed: worker ran out of memory (at 50 %)."


def test_failures_are_counted_and_the_first_is_said():
    failures = {1: "no cells left", 3: "worker ran out of memory"}
    text = said(made_up([-2, np.nan, -1, np.nan, -3], FIVE, failures=failures))
    assert "2 of 5 points failed: no cells left (at 25 %, the first)." in text


def test_a_sweep_of_which_all_failed_says_so():
    failures = dict.fromkeys(range(5), "no cells left")
    table = made_up([np.nan] * 5, FIVE, failures=failures)
    text = said(table)
    assert text[0].endswith("no point gave a number for casualties [people] of treaty-limit.")
    assert text[1] == "Casualties cannot be compared with persistent at any point."
    assert {row[1] for row in table_rows(table)[1]} == {"failed"}


def test_none_seen_is_a_bound_and_never_nought():
    table = swept(f"{RATE}=0 per mine-year,1e-2 per mine-year", replicates=10)
    upper = bound(1.44 * zero_events_bound(10))
    assert f"least fewer than {upper} at 0 per mine-year, most " in said(table)[0]
    _, (first, second) = table_rows(table)
    assert first[1:] == [f"< {upper} (0)", f"< {upper}", "none seen"]
    assert not second[1].startswith("<")


def test_a_bound_is_for_the_most_that_an_event_adds_anywhere():
    path = "civilians.casualties_per_accident"
    table = swept(f"{path}=1,3", scenarios=pair(rate="0"), replicates=10)
    assert bounds(table) == pytest.approx([3 * zero_events_bound(10)] * 2)


def test_a_mean_beyond_doubt_is_said_although_few_worlds_showed_any():
    table = swept(f"{RATE}=1e-6 per mine-year,1e-2 per mine-year", replicates=10)
    assert table.values["p95"][0] == 0
    assert np.isnan(bounds(table)).all()


def test_of_two_numbers_the_break_even_is_said_at_both_ends_of_the_second():
    rows = [[-3, -1], [-2, 1], [-1, 3]]
    text = said(made_up(rows, f"{FAILURE}=0,0.5,1", f"{COUNT}=1000,2000"))
    assert text[1:5] == [
        "By casualties, of 6 points treaty-limit is safer than persistent at 4 and worse than persistent at 2.",
        "At count 1,000, no break-even in failure: treaty-limit is safer than persistent at every value.",
        "At count 2,000, failure breaks even at about 25 % (between the swept values 0 % and 50 %).",
        "'minesim breakeven' narrows down a break-even in one number.",
    ]
    assert text[-1] == (
        f"Table: casualties [people], treaty-limit minus persistent; {FAILURE} downwards, {COUNT} across."
    )


def test_if_only_the_second_number_breaks_even_that_is_said():
    text = said(made_up([[-3, 1], [-2, 2]], f"{FAILURE}=0,1", f"{COUNT}=1000,2000"))
    assert text[2] == "At failure 0 %, count breaks even at about 1,750 (between the swept values 1,000 and 2,000)."


def test_of_two_numbers_with_one_name_more_of_the_path_is_said():
    table = swept(f"{FAILURE}=0,1", f"{BACK_UP}=0.1,1", scenarios=pair()[1:])
    assert "at self_destruct.failure 0 % and battery.failure 10 %" in said(table)[0]


def test_three_numbers_are_counted_and_listed():
    table = made_up([-1, -1, -1, -1, -1, -1, 1, 1], f"{FAILURE}=0,1", f"{COUNT}=1,2", "horizon=1 year,2 years")
    assert "of 8 points treaty-limit is safer than persistent at 6 and worse than persistent at 2" in said(table)[1]
    header, rows = table_rows(table)
    assert header == ["failure", "count", "horizon", "casualties [people]", "persistent", "difference"]
    assert rows[1] == ["0 %", "1", "2 years", "9", "10", "-1"]


def test_what_is_no_harm_is_lower_and_not_safer():
    table = made_up([-2, -1, 1, 2, 3], FIVE, metric=COST)
    assert "By cost of clearance, treaty-limit is lower than persistent up to about 38 %, higher from" in said(table)[1]


def test_times_are_written_as_times_and_said_if_never_reached():
    table = replace(made_up([-1] * 5, FIVE, mean=[0, 30, 800, np.inf, np.inf], metric=DAYS), differences=None)
    text = said(alone(table))
    assert text[0].endswith("80 % is released of treaty-limit: least at once at 0 %, most 2.19 years at 50 %.")
    assert "At 2 of 5 points it is not reached within the horizon." in text
    assert [row[1] for row in table_rows(alone(table))[1]] == [
        "at once", "30 days", "2.19 years", "not within the horizon", "not within the horizon",
    ]  # fmt: skip


def test_rows_are_thinned_with_the_first_and_the_last_kept():
    table = made_up(np.linspace(-1, 1, 101), f"{FAILURE}=0:1:101", replicates=5, error=0.1)
    header, rows = table_rows(table)
    assert header == [FAILURE, "casualties [people]", "persistent", "difference"]
    assert len(rows) == 20
    assert [rows[0][0], rows[-1][0]] == ["0 %", "100 %"]
    assert rows[-1][3] == "1 (0.481 to 1.52)"


def test_a_matrix_has_the_first_number_down_and_the_second_across():
    difference = np.arange(15).reshape(5, 3) - 7.0
    header, rows = table_rows(made_up(difference, FIVE, f"{COUNT}=10,20,3000"))
    assert header == ["failure \\ count", "10", "20", "3,000"]
    assert [row[0] for row in rows] == ["0 %", "25 %", "50 %", "75 %", "100 %"]
    assert [[float(cell) for cell in row[1:]] for row in rows] == difference.tolist()


def test_a_matrix_is_at_most_15_by_8_and_marks_what_is_in_doubt():
    slope = np.add.outer(np.linspace(-2, 2, 60), np.linspace(-1, 1, 60))
    table = made_up(slope, f"{FAILURE}=0:1:60", f"{COUNT}=1000:60000:60", replicates=9, error=0.2)
    header, rows = table_rows(table)
    assert (len(rows), len(header)) == (15, 9)
    assert header[-1] == "60,000"
    doubtful = [cell for row in rows for cell in row[1:] if cell.endswith(" ?")]
    assert doubtful
    assert all(abs(float(cell.removesuffix(" ?"))) < 0.4 for cell in doubtful)
    assert "“?”: the 90 % interval does not exclude 0" in said(table)[-1]


def test_values_are_written_with_their_units():
    def words(*vary):
        axis = made_up(np.zeros(2), *vary).grid.axes[0]
        return [value_words(axis, value) for value in axis.values]

    assert words(f"{FAILURE}=0.125,0.5") == ["12.5 %", "50 %"]
    assert words(f"{COUNT}=12345,2e6") == ["12,345", "2 million"]
    assert words("horizon=45 days,20 years") == ["45 days", "20 years"]
    assert words("civilians.density=5 per km2,14.5 per km2") == ["5 per km2", "14.5 per km2"]


def test_long_names_are_shortened_and_stay_apart():
    long = "n" * 60
    table = swept(f"{FAILURE}=0,1", scenarios=pair(name=long))
    assert names(table) == [f"{'n' * 39}…", "persistent"]
    same = swept(f"{FAILURE}=0,1", scenarios=pair(name="persistent"))
    assert names(same) == ["persistent", "persistent (reference)"]
