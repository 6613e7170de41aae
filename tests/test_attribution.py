"""Attribution: parts that sum to the whole, Shapley's axioms, values by hand, and words that claim what is known."""

import math
from dataclasses import replace
from functools import partial
from itertools import permutations

import numpy as np
import pytest
from building import ensemble_of
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scenario_texts import ROOT

from simulator.attribution import attribute, shapley
from simulator.attribution_words import change_words, sentences
from simulator.closed_form import expected
from simulator.combining import Change, changes_between
from simulator.metrics import expected_value, metric_samples, metrics
from simulator.scenario_file import load
from simulator.world import build_world

DISTRICT = ("mines.persistent.count=200", "clearance.teams=3", "civilians.accident_rate=0.01 per mine-year")


def shipped(name, *overrides):
    return load(ROOT / "scenarios" / f"{name}.yaml", overrides)


def metric_of(world, name):
    return next(metric for metric in metrics(world) if metric.name == name)


def closed_form(changes, name, scenarios):
    """The exact metric of each scenario, [1]."""
    worlds = [build_world(loaded, changes.slots) for loaded in scenarios]
    return [np.array([expected_value(metric_of(world, name), world, expected(world))]) for world in worlds]


def simulated(changes, name, replicates, scenarios):
    """The metric of each scenario by replicate, on the reference's seed, [n]."""
    worlds = [build_world(loaded, changes.slots) for loaded in scenarios]
    seed = changes.reference.scenario.seed
    return [metric_samples(metric_of(world, name), ensemble_of(world, replicates, seed))[0] for world in worlds]


def split(before, after, name="casualties", replicates=0):
    changes = changes_between(before, after)
    values = partial(simulated, changes, name, replicates) if replicates else partial(closed_form, changes, name)
    return attribute(changes, values)


def effects(found):
    return {part.change.paths: part.effect.mean for part in found.parts}


def game(values):
    """Values of every choice in binary order, as [2^k, 1]."""
    return np.array(values, dtype=float)[:, None]


def test_two_changes_by_hand():
    # Alone they add 2 and 1, together 9: (2 + 8) / 2 and (1 + 7) / 2.
    np.testing.assert_allclose(shapley(game([1, 3, 2, 10]))[:, 0], [5, 4], rtol=1e-15)


def test_three_changes_by_hand():
    # One left glove (0) and two right ones (1, 2); a pair is worth 1: 2/3, 1/6 and 1/6 (Shapley 1953).
    pairs = [1.0 if bits & 1 and bits & 6 else 0.0 for bits in range(8)]
    np.testing.assert_allclose(shapley(game(pairs))[:, 0], [2 / 3, 1 / 6, 1 / 6], rtol=1e-15)


def test_one_change_is_the_whole_and_none_is_nothing():
    assert shapley(game([3, 5])).tolist() == [[2.0]]
    assert shapley(game([3])).shape == (0, 1)


finite = st.floats(-1e6, 1e6)


@st.composite
def games(draw, least=1):
    k = draw(st.integers(least, 5))
    return draw(arrays(float, (2**k, draw(st.integers(1, 3))), elements=finite))


@given(games())
def test_parts_sum_to_the_whole_in_every_replicate(values):
    np.testing.assert_allclose(shapley(values).sum(axis=0), values[-1] - values[0], rtol=0, atol=1e-8)


@given(games())
def test_parts_are_averages_over_all_orders(values):
    k = len(values).bit_length() - 1
    total = np.zeros((k, values.shape[1]))
    for order in permutations(range(k)):
        bits = 0
        for change in order:
            total[change] += values[bits | 1 << change] - values[bits]
            bits |= 1 << change
    np.testing.assert_allclose(shapley(values), total / math.factorial(k), rtol=0, atol=1e-8)


@given(games(least=2), st.data())
def test_changes_that_do_the_same_get_the_same(values, data):
    k = len(values).bit_length() - 1
    i, j = data.draw(st.sampled_from([(i, j) for i in range(k) for j in range(i)]))
    rows = np.arange(len(values))
    exchanged = (rows & ~(1 << i | 1 << j)) | (rows >> i & 1) << j | (rows >> j & 1) << i
    same = shapley((values + values[exchanged]) / 2)
    np.testing.assert_allclose(same[i], same[j], rtol=0, atol=1e-8)


@given(games(), st.data())
def test_a_change_that_never_does_anything_gets_nothing(values, data):
    idle = data.draw(st.integers(0, len(values).bit_length() - 2))
    rows = np.arange(len(values))
    assert np.all(shapley(values[rows & ~(1 << idle)])[idle] == 0)


@given(games(), finite, st.randoms())
def test_parts_of_a_sum_are_sums_of_parts(values, factor, random):
    other = np.array(random.sample(values.tolist(), len(values)))
    together = shapley(values + factor * other)
    scale = 1e6 * (1 + abs(factor))
    np.testing.assert_allclose(together, shapley(values) + factor * shapley(other), rtol=0, atol=1e-12 * scale)


@pytest.mark.parametrize(
    ("before", "after", "count"),
    [
        ("persistent", "treaty-limit", 3),
        ("treaty-limit", "field-pessimistic", 3),
        ("treaty-limit", "official-claim", 4),
        ("persistent", "official-claim", 3),
        ("treaty-limit", "ukraine-scale", 7),
        ("official-claim", "official-claim", 0),
    ],
)
@pytest.mark.parametrize("name", ["casualties", "mine_days_after_30_days", "denied_km2_years"])
def test_parts_of_the_shipped_scenarios_sum_to_the_closed_forms_difference(before, after, count, name):
    reference, other = shipped(before), shipped(after)
    found = split(reference, other, name)
    assert len(found.parts) == count
    own, its = build_world(reference), build_world(other)
    exact = [expected_value(metric_of(world, name), world, expected(world)) for world in (own, its)]
    scale = max(exact)
    assert found.whole.mean == pytest.approx(exact[1] - exact[0], abs=1e-9 * scale)
    assert sum(part.effect.mean for part in found.parts) == pytest.approx(exact[1] - exact[0], abs=1e-9 * scale)
    assert (found.before.mean, found.after.mean) == pytest.approx(tuple(exact), rel=1e-9)
    assert all(part.effect.is_exact and math.isnan(part.effect.low) for part in found.parts)


def test_a_split_does_not_depend_on_what_is_the_reference():
    forth = split(shipped("persistent"), shipped("treaty-limit"))
    back = split(shipped("treaty-limit"), shipped("persistent"))
    names = [path.replace("persistent", "battery-limited") for (path,) in effects(forth)]
    assert [path for (path,) in effects(back)] == names
    np.testing.assert_allclose(list(effects(back).values()), -np.array(list(effects(forth).values())), rtol=1e-12)


def test_factors_of_a_product_are_split_by_hand():
    # Casualties at a small dose are a b c: mines, rate and casualties per accident. From (1, 1, 1) to (2, 3, 1) of a
    # unit u, the whole is 5 u: 1 or 3 for the mines, 2 or 4 for the rate.
    reference = shipped("persistent", "civilians.accident_rate=1e-12 per mine-year")
    other = shipped("persistent", "civilians.accident_rate=3e-12 per mine-year", "mines.persistent.count=20000")
    found = split(reference, other)
    unit = found.before.mean
    assert effects(found) == {
        ("mines.persistent.count",): pytest.approx(2 * unit, rel=1e-6),
        ("civilians.accident_rate",): pytest.approx(3 * unit, rel=1e-6),
    }


def test_in_a_simulation_each_replicate_sums_and_carries_to_the_interval():
    reference, other = (shipped(name, f"mines.{mines}.count=300") for name, mines in
                        (("persistent", "persistent"), ("treaty-limit", "battery-limited")))  # fmt: skip
    kept = []

    def values(scenarios):
        kept.extend(simulated(changes_between(reference, other), "mine_days", 12, scenarios))
        return kept

    found = attribute(changes_between(reference, other), values)
    per_replicate = shapley(np.array(kept))
    np.testing.assert_allclose(per_replicate.sum(axis=0), kept[-1] - kept[0], rtol=1e-12)
    assert sum(part.effect.mean for part in found.parts) == pytest.approx(found.whole.mean, rel=1e-12)
    reach = 1.7958848187036691  # Student's t, 11 degrees of freedom, 95 %
    for part, samples in zip(found.parts, per_replicate, strict=True):
        error = samples.std(ddof=1) / math.sqrt(12)
        assert part.effect.standard_error == pytest.approx(error, rel=1e-12)
        assert part.effect.low == pytest.approx(samples.mean() - reach * error, rel=1e-9)
        assert part.effect.high == pytest.approx(samples.mean() + reach * error, rel=1e-9)
    exact = effects(split(reference, other, "mine_days"))
    for part in found.parts:
        # Within five standard errors of the closed form: beyond by chance once in 800 (t, 11 degrees), for three parts.
        assert abs(part.effect.mean - exact[part.change.paths]) < 5 * part.effect.standard_error


def test_a_district_with_files_and_teams_is_split():
    reference = shipped("district", *DISTRICT)
    other = shipped("keep-away-1km", *DISTRICT, "clearance=null", "civilians.range=4 km")
    found = split(reference, other, replicates=4)
    assert [part.change.paths for part in found.parts] == [
        ("mines.persistent.placement.keep_away",), ("civilians.range",), ("clearance",),
    ]  # fmt: skip
    assert found.whole.replicates == 4
    assert sum(part.effect.mean for part in found.parts) == pytest.approx(found.whole.mean, rel=1e-12)
    # Without teams there are more casualties.
    assert found.parts[2].effect.mean > 0


def test_pairing_makes_parts_far_surer_than_the_metric_itself():
    found = split(shipped("district", *DISTRICT), shipped("no-education", *DISTRICT), replicates=6)
    assert found.parts[0].effect.standard_error < 0.5 * found.before.standard_error


@pytest.mark.parametrize("values", [[[1.0], [np.inf]], [[1.0]], [[np.nan], [0.0]]])
def test_values_that_are_none_are_refused(values):
    changes = changes_between(shipped("district"), shipped("no-education"))
    with pytest.raises(ValueError, match="finite value for each"):
        attribute(changes, lambda _: [np.array(one) for one in values])


def casualties():
    return metric_of(build_world(shipped("persistent")), "casualties")


def test_words_of_an_exact_split():
    found = split(shipped("persistent"), shipped("treaty-limit"))
    self_destruct, battery, ageing = (part.effect.mean for part in found.parts)
    assert sentences(found, casualties()) == [
        f"Casualties: {-found.whole.mean:.3g} fewer in treaty-limit than in persistent.",
        f"Of {-found.whole.mean:.3g} fewer casualties, {-battery:.3g} come from battery and {-self_destruct:.3g} from "
        "self_destruct.",
        f"The other way: ageing +{ageing:.3g}.",
    ]


def with_effects(found, *intervals):
    """The same split with other effects, each (mean, low, high)."""

    def of(effect, mean, low, high):
        return replace(effect, mean=mean, low=low, high=high, standard_error=1.0, replicates=20)

    parts = tuple(
        replace(part, effect=of(part.effect, *one)) for part, one in zip(found.parts, intervals[1:], strict=True)
    )
    return replace(found, whole=of(found.whole, *intervals[0]), parts=parts)


def test_words_claim_only_what_the_intervals_support():
    found = split(shipped("persistent"), shipped("treaty-limit"))
    clear = with_effects(found, (-18, -20, -16), (-16.2, -17, -15), (-2, -5, 1), (0.2, 0.1, 0.3))
    assert sentences(clear, casualties()) == [
        "Casualties: 18 fewer in treaty-limit than in persistent (90 % interval 16 to 20).",
        "Of 18 fewer casualties, 16.2 (90 % interval 15 to 17) come from self_destruct.",
        "The other way: ageing +0.2 (90 % interval 0.1 to 0.3).",
        "No clear effect: battery (90 % interval -5 to 1).",
    ]
    unclear = with_effects(found, (-1, -4, 2), (-3, -5, -1), (2, 1, 3), (0, -1, 1))
    assert sentences(unclear, casualties()) == [
        "Casualties: no clear difference between persistent and treaty-limit (90 % interval -4 to 2).",
        "Clear by themselves: self_destruct -3 (90 % interval -5 to -1) and battery +2 (90 % interval 1 to 3).",
        "No clear effect: ageing (90 % interval -1 to 1).",
    ]


def test_words_where_nothing_differs():
    found = split(shipped("persistent"), shipped("persistent"))
    assert sentences(found, casualties()) == [
        "Casualties: persistent and persistent do not differ in any setting that counts."
    ]
    land = metric_of(build_world(shipped("persistent")), "denied_km2_years")
    found = split(shipped("persistent"), shipped("treaty-limit"), "denied_km2_years")
    assert sentences(found, land) == [
        "Land denied over time: no difference between persistent and treaty-limit.",
        "No clear effect: self_destruct, battery and ageing.",
    ]
    found = split(shipped("persistent"), shipped("persistent", "region.rectangle.width=20 km"), "denied_km2_years")
    assert sentences(found, land)[1].startswith("Of 5,000 km2-years less, 5,000 come from region.rectangle.width")


def test_a_merged_change_is_named_once():
    changes = changes_between(shipped("persistent"), shipped("district"))
    assert change_words(changes.parts[0], tuple(changes.slots)) == (
        "region.rectangle, boundary, civilians.density, settlements and range"
    )
    assert change_words(changes.parts[2], ("persistent",)) == "placement.uniform and clusters"
    assert change_words(changes.parts[2], ("persistent", "b")) == "mines.persistent.placement.uniform and clusters"
    assert isinstance(changes.parts[0], Change)
