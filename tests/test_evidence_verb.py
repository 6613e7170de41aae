"""The verb ``evidence`` as a user meets it: what it says tests prove, its tables, and what it refuses."""

import re

import pytest
from terminal import done, refused

NONE_FAILED = ("evidence", "--tests", 67_000, "--failures", 0)
SIX_FAILED = ("evidence", "--tests", 10**6, "--failures", 6)
IN_LOTS = ("--lot-size", 500, "--correlation", "5%")


def cells(shown):
    """The rows of every table printed: label to the numbers after it."""
    found = {}
    for line in shown.splitlines():
        label, *numbers = re.split(r"  +", line)
        if numbers:
            found[label] = numbers
    return found


def test_tests_without_a_failure_do_not_prove_zero(tmp_path):
    shown = done(*NONE_FAILED, cwd=tmp_path)
    assert shown.splitlines()[0] == (
        "0 failures in 67,000 tests do not prove a rate of 0: with 95 % confidence it is below 4.48e-5 (1 in 22,365)."
    )
    rows = cells(shown)
    assert rows["at 95 % confidence"] == ["estimate", "lower", "upper"]
    assert rows["failure rate, each bound by itself"] == ["0", "0", "4.4711422e-5"]
    assert rows["failure rate, both bounds together"] == ["0", "0", "5.5056387e-5"]
    assert rows["failure rate, Jeffreys posterior"] == ["7.4625752e-6", "7.3288466e-9", "3.7490845e-5"]
    assert "tests needed" not in shown
    assert list(tmp_path.iterdir()) == []


def test_it_says_what_the_numbers_rest_on_and_that_no_land_is_safe_by_them(tmp_path):
    shown = done(*NONE_FAILED, cwd=tmp_path)
    assert "each test as independent of the others" in shown
    assert "Tests in a laboratory bound the rate in the field\nonly if the field is alike" in shown
    assert shown.endswith("\nNo result is evidence that land is safe.\n")


def test_a_claim_below_the_bound_is_neither_supported_nor_contradicted(tmp_path):
    shown = done(*NONE_FAILED, "--claim", "6 per million", cwd=tmp_path)
    assert shown.splitlines()[1] == (
        "They neither support nor contradict the claim of 6e-6: it lies between the bounds. To support it would take "
        "499,288 tests without a failure."
    )
    rows = cells(shown)
    assert rows["to support 6e-6"] == ["tests needed"]
    assert [rows[f"with {count}"] for count in ("0 failures", "1 failure", "2 failures")] == [
        ["499,288"], ["790,643"], ["1,049,297"]
    ]  # fmt: skip


@pytest.mark.parametrize("claim", ["1 in 20000", "50 per million", "5e-5", "0.005 %", "0.005%"])
def test_a_claim_above_the_bound_is_supported_however_it_is_written(claim, tmp_path):
    shown = done(*NONE_FAILED, "--claim", claim, cwd=tmp_path)
    assert shown.splitlines()[1] == (
        "They support the claim of 5e-5: the upper bound is not above it. That takes 59,914 tests without a failure."
    )


def test_as_many_tests_as_a_claim_needs_support_it_and_one_less_does_not(tmp_path):
    for tests, verdict in ((499_288, "They support the claim"), (499_287, "They neither support nor contradict")):
        shown = done("evidence", "--tests", tests, "--failures", 0, "--claim", "6 per million", cwd=tmp_path)
        assert shown.splitlines()[1].startswith(verdict)


def test_failures_bound_the_rate_on_both_sides_and_may_contradict_a_claim(tmp_path):
    shown = done(*SIX_FAILED, "--claim", "1 per million", cwd=tmp_path)
    assert shown.splitlines()[:2] == [
        "6 failures in 1,000,000 tests: with 95 % confidence the failure rate is below 1.19e-5 (1 in 84,442); with as "
        "much confidence it is above 2.61e-6.",
        "They contradict the claim of 1e-6: with 95 % confidence the rate is above 2.61e-6.",
    ]
    rows = cells(shown)
    assert rows["failure rate, each bound by itself"] == ["6e-6", "2.6130179e-6", "1.1842361e-5"]
    assert rows["with 6 failures"] == ["11,842,393"]


def test_an_unsettled_claim_names_the_tests_needed_with_the_failures_seen(tmp_path):
    shown = done(*SIX_FAILED, "--claim", "1e-5", cwd=tmp_path)
    assert "To support it would take 299,572 tests without a failure, or 1,184,237 tests with 6 failures." in shown


def test_where_all_failed_no_rate_up_to_one_is_excluded(tmp_path):
    shown = done("evidence", "--tests", 1, "--failures", 1, cwd=tmp_path)
    assert shown.splitlines()[0] == (
        "1 failure in 1 test: with 95 % confidence the failure rate is above 0.05; every rate up to 1 is possible."
    )


def test_the_rate_is_scaled_to_a_number_of_mines(tmp_path):
    rows = cells(done(*NONE_FAILED, "--mines", 10_000, cwd=tmp_path))
    assert rows["failures among 10,000 mines: mean, posterior"] == ["0.074625752", "7.3288466e-5", "0.37490845"]
    assert rows["failures among 10,000 mines: count, posterior"] == ["0.074625752", "0", "1"]
    assert rows["failures among 10,000 mines: mean at the upper bound"] == ["0.44711422"]


def test_lots_prove_less_than_as_many_independent_tests(tmp_path):
    shown = done(*NONE_FAILED, "--claim", "6 per million", "--mines", 10_000, *IN_LOTS, cwd=tmp_path)
    assert shown.splitlines()[0] == (
        "0 failures in 67,000 tests from lots of 500 do not prove a rate of 0: with 95 % confidence it is below "
        "3.54e-4 (1 in 2,832)."
    )
    rows = cells(shown)
    assert rows["failure rate, each bound by itself"] == ["0", "0", "0.00035300454"]
    assert rows["failure rate, were all tests independent"] == ["0", "0", "4.4711422e-5"]
    assert rows["design effect of the lots"] == ["25.95"]
    assert rows["independent tests that tell as much"] == ["2,581.8882"]
    assert rows["with 0 failures"] == ["3,942,015"]
    assert "failures are correlated by 5 %; lots are independent" in shown


def test_another_confidence_moves_every_number(tmp_path):
    shown = done(*NONE_FAILED, "--confidence", "99%", cwd=tmp_path)
    assert "with 99 % confidence it is below 6.88e-5 (1 in 14,549)." in shown
    assert cells(shown)["at 99 % confidence"] == ["estimate", "lower", "upper"]


def test_the_largest_numbers_are_answered(tmp_path):
    shown = done("evidence", "--tests", 10**15, "--failures", 1000, "--mines", 10**12, "--claim", "1e-15",
                 "--lot-size", 10**4, "--correlation", "99.9999%", cwd=tmp_path)  # fmt: skip
    assert "They contradict the claim of 1e-15" in shown


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--tests", "10"], "Missing option '--failures'"),
        (["--failures", "0"], "Missing option '--tests'"),
        (["--tests", "10", "--failures", "11"], "error: --failures: must not be more than the tests, 10, got 11"),
        (["--tests", "0", "--failures", "0"], "'--tests': must be a whole number from 1 to 1000000000000000, got 0"),
        (["--tests", "67,000", "--failures", "0"], "'--tests': must be a whole number"),
        (["--tests", "1e5", "--failures", "0"], "'--tests': must be a whole number"),
        (["--tests", "10", "--failures", "-1"], "'--failures': must be a whole number"),
        (["--tests", "10", "--failures", "nan"], "'--failures': must be a whole number"),
        (["--tests", "9", "--failures", "0", "--claim", "0"], "below 1, got 0; no tests prove a rate of 0"),
        (["--tests", "9", "--failures", "0", "--claim", "1"], "'--claim': must be at least 1e-15 and below 1, got 1;"),
        (["--tests", "9", "--failures", "0", "--claim", "-1 %"], "'--claim': must be at least 1e-15 and below 1"),
        (["--tests", "9", "--failures", "0", "--claim", "nan"], "'--claim': must be a probability such as 0.1, 10 %"),
        (["--tests", "9", "--failures", "0", "--claim", "1/1000"], "(write a decimal number)"),
        (["--tests", "9", "--failures", "0", "--claim", "6 ppm"], "did you mean 'per million'?"),
        (["--tests", "9", "--failures", "0", "--confidence", "95"], "'--confidence': must be above 0 and below 100%"),
        (["--tests", "9", "--failures", "0", "--confidence", "99.9999999%"], "--confidence: must be from 1 % to 99.99"),
        (["--tests", "9", "--failures", "0", "--mines", "0"], "'--mines': must be a whole number from 1 to"),
        (["--tests", "9", "--failures", "0", "--lot-size", "3"], "error: --lot-size: needs --correlation beside it"),
        (["--tests", "9", "--failures", "0", "--correlation", "3%"], "--correlation: needs --lot-size beside it"),
        (["--tests", "9", "--failures", "0", "--lot-size", "3", "--correlation", "1"], "must be above 0 and below"),
        (["--tests", "10000", "--failures", "3001", "--lot-size", "3", "--correlation", "1%"],
         "error: --failures: must be at most 3,000 with --lot-size, got 3,001"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_wrong_options_are_refused_with_a_way_out(options, says, tmp_path):
    assert says in refused("evidence", *options, cwd=tmp_path)


def test_every_problem_is_named_at_once(tmp_path):
    said = refused("evidence", "--tests", 10, "--failures", 11, "--lot-size", 3, cwd=tmp_path)
    assert "--failures: must not be more" in said
    assert "--lot-size: needs --correlation" in said


def test_help_names_every_option_with_examples(tmp_path):
    shown = done("evidence", "--help", cwd=tmp_path)
    assert "\n    minesim evidence --tests 67000 --failures 0\n" in shown
    for option in ("--tests", "--failures", "--confidence", "--claim", "--mines", "--lot-size", "--correlation"):
        assert f"\n  {option} " in shown
