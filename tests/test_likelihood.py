"""Words for likelihood are used only where the whole interval of a counted probability bears them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from simulator.likelihood import TERMS, likelihood, term_of

# Mastrandrea and others (2010), table 1, typed in again: percent.
TABLE = {
    "virtually certain": (99, 100),
    "extremely likely": (95, 100),
    "very likely": (90, 100),
    "likely": (66, 100),
    "more likely than not": (50, 100),
    "about as likely as not": (33, 66),
    "unlikely": (0, 33),
    "very unlikely": (0, 10),
    "extremely unlikely": (0, 5),
    "exceptionally unlikely": (0, 1),
}


def test_the_terms_are_those_of_the_guidance_note():
    assert {term: (100 * low, 100 * high) for term, low, high in TERMS} == TABLE


@pytest.mark.parametrize(
    ("happened", "worlds", "term"),
    [
        (50, 50, "very likely"),  # 0.929 to 1
        (100, 100, "extremely likely"),  # 0.964 to 1
        (500, 500, "virtually certain"),  # 0.9926 to 1
        (20, 20, "likely"),  # 0.832 to 1
        (35, 50, "more likely than not"),  # 0.554 to 0.821
        (25, 50, "about as likely as not"),  # 0.355 to 0.645
        (5, 50, "unlikely"),  # 0.033 to 0.218
        (0, 50, "very unlikely"),  # 0 to 0.071
        (0, 100, "extremely unlikely"),  # 0 to 0.036
        (0, 500, "exceptionally unlikely"),  # 0 to 0.0074
        (10, 50, ""),  # 0.100 to 0.337: not quite unlikely
        (3, 4, ""),  # four worlds say next to nothing
        (6, 6, "more likely than not"),  # 0.541 to 1: six of six are not yet likely
    ],
)
def test_counted_worlds_get_the_strongest_term_that_their_whole_interval_bears(happened, worlds, term):
    assert likelihood(happened, worlds).term == term


@given(st.integers(1, 400).flatmap(lambda worlds: st.tuples(st.integers(0, worlds), st.just(worlds))))
def test_a_term_holds_at_both_ends_of_an_interval_computed_elsewhere_and_no_narrower_one_does(counts):
    happened, worlds = counts
    interval = stats.binomtest(happened, worlds).proportion_ci(0.95, method="exact")
    found = likelihood(happened, worlds)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), abs=1e-8)
    ends = 100 * interval.low, 100 * interval.high
    holding = {term: high - low for term, (low, high) in TABLE.items() if low <= ends[0] and ends[1] <= high}
    assert (found.term == "") == (not holding)
    if holding:
        assert holding[found.term] == min(holding.values())


def test_more_worlds_of_the_same_share_never_weaken_a_term():
    order = ["", "more likely than not", "likely", "very likely", "extremely likely", "virtually certain"]
    ranks = [order.index(likelihood(worlds, worlds).term) for worlds in (2, 6, 20, 50, 100, 500)]
    assert ranks == sorted(ranks)
    assert ranks[0] < ranks[-1]


def test_an_even_chance_known_exactly_is_not_more_likely_than_not():
    assert term_of(0.5, 0.6) == "about as likely as not"
    assert term_of(0.5, 0.9) == ""
