"""Sobol' indices against closed forms and another implementation, with intervals that cover as often as they say."""

import math
import time

import numpy as np
import pytest
from scipy import stats

from simulator import variance
from simulator.variance import design, indices, leading, share, swings, tornado_design

A, B = 7.0, 0.1
G = np.array([0.0, 1.0, 4.5, 9.0, 99.0])
SLOPES = np.array([4.0, -2.0, 1.0, 0.0])


def ishigami(u, a=A):
    x = np.pi * (2 * u - 1)
    return np.sin(x[:, 0]) + a * np.sin(x[:, 1]) ** 2 + B * x[:, 2] ** 4 * np.sin(x[:, 0])


def ishigami_truth():
    """Ishigami and Homma 1990: by itself V1 = (1 + b pi^4 / 5)^2 / 2 and V2 = a^2 / 8, together V13 = 8 b^2 pi^8 / 225.

    E sin^2 = 1/2, V sin^2 = 1/8; with x3^4 of mean pi^4 / 5 and mean square pi^8 / 9, V13 = b^2 (1/9 - 1/25) pi^8 / 2.
    """
    v1, v2, v13 = (1 + B * math.pi**4 / 5) ** 2 / 2, A**2 / 8, B**2 * math.pi**8 * (1 / 9 - 1 / 25) / 2
    return np.array([v1, v2, 0]) / (v1 + v2 + v13), np.array([v1 + v13, v2, v13]) / (v1 + v2 + v13)


def product_of_g(u):
    return np.prod((np.abs(4 * u - 2) + G) / (1 + G), axis=1)


def g_truth():
    """Sobol' 2001: factors of mean 1 and variance v = 1 / 3 / (1 + a)^2, so 1 + V = product of 1 + v."""
    v = 1 / 3 / (1 + G) ** 2
    whole = np.prod(1 + v)
    return v / (whole - 1), v * whole / (1 + v) / (whole - 1)


def line(u):
    return u @ SLOPES


def line_truth():
    """Nothing interacts: shares are squares of slopes, as all inputs have the same variance."""
    shares = SLOPES**2 / (SLOPES**2).sum()
    return shares, shares


MODELS = {
    "Ishigami": (ishigami, 3, ishigami_truth),
    "Sobol' g": (product_of_g, 5, g_truth),
    "a straight line": (line, 4, line_truth),
}


def names(count):
    return [f"x{place}" for place in range(count)]


def found_of(model, inputs, n, seed, resamples=300, points=design):
    rng = np.random.default_rng(seed)
    return indices(model(points(inputs, n, rng))[:, None], names(inputs), ["y"], rng, resamples)


def independent(inputs, n, rng):
    """A design on independent points instead of Sobol' points."""
    a, b = rng.random((2, n, inputs))
    exchanged = [np.where(np.arange(inputs) == place, b, a) for place in range(inputs)]
    return np.concatenate((a, b, *exchanged))


def agrees(found, truth):
    """All indices within 0.025 of the closed form; of 100 seeds at n = 4,096 the worst was 0.019 off, half 0.003."""
    return bool(farthest(found, truth) < 0.025)


def farthest(found, truth):
    """How far the farthest index is from the closed form's."""
    first, total = truth
    return max(np.abs(found.first[:, 0] - first).max(), np.abs(found.total[:, 0] - total).max())


def test_the_closed_form_of_ishigami_is_the_one_that_is_published():
    first, total = ishigami_truth()
    np.testing.assert_allclose(first, [0.3139, 0.4424, 0], atol=5e-5)
    np.testing.assert_allclose(total, [0.5576, 0.4424, 0.2437], atol=5e-5)


@pytest.mark.parametrize("name", MODELS)
def test_indices_are_those_of_the_closed_form(name, measured):
    model, inputs, truth = MODELS[name]
    for seed in range(3):
        found = found_of(model, inputs, 4096, seed, 2)
        measured("largest difference of an index", farthest(found, truth()), at_most=0.025)


@pytest.mark.parametrize("column", range(3))
def test_a_shuffled_column_of_points_is_noticed(column):
    def shuffled(u):
        u = u.copy()
        u[:, column] = np.random.default_rng(5).permutation(u[:, column])
        return ishigami(u)

    assert not agrees(found_of(shuffled, 3, 4096, 0, 2), ishigami_truth())


def test_a_neighbouring_model_is_noticed(measured):
    found = found_of(lambda u: ishigami(u, 1.1 * A), 3, 4096, 0, 2)
    measured("largest difference of an index", farthest(found, ishigami_truth()), at_least=0.025)


@pytest.mark.parametrize("name", MODELS)
def test_points_and_indices_are_those_of_scipy(name, measured):
    model, inputs, _ = MODELS[name]
    theirs = stats.sobol_indices(
        func=lambda x: model(x.T)[None, :],
        n=256,
        dists=[stats.uniform()] * inputs,
        rng=np.random.default_rng(11),
    )
    ours = found_of(model, inputs, 256, 11, 2)
    truth = theirs.first_order, theirs.total_order
    measured("largest difference of an index", farthest(ours, truth), at_most=1e-13)


def test_values_fit_what_scipy_takes():
    n, inputs, rng = 64, 5, np.random.default_rng(2)
    points = design(inputs, n, rng)
    values = np.column_stack((product_of_g(points), points.sum(axis=1)))
    ours = indices(values, names(inputs), ["y", "z"], rng, 2)
    f_a, f_b, *f_ab = (block.T for block in values.reshape(inputs + 2, n, 2))
    theirs = stats.sobol_indices(func={"f_A": f_a, "f_B": f_b, "f_AB": np.array(f_ab)}, n=n)
    np.testing.assert_allclose(ours.first.T, theirs.first_order, atol=1e-13)
    np.testing.assert_allclose(ours.total.T, theirs.total_order, atol=1e-13)


def test_a_design_is_a_then_b_then_a_with_each_column_of_b():
    points = design(3, 8, np.random.default_rng(1))
    a, b, *exchanged = points.reshape(5, 8, 3)
    for place, its in enumerate(exchanged):
        np.testing.assert_array_equal(its, np.where(np.arange(3) == place, b, a))
    # Eight points of a Sobol' sequence have one in each eighth of every axis.
    for column in np.column_stack((a, b)).T:
        assert sorted((8 * column).astype(int)) == list(range(8))
    assert ((points > 0) & (points < 1)).all()


@pytest.mark.parametrize(("n", "way_out"), [(1000, "512 or 1024"), (3, "2 or 4"), (1, "better 1024"), (-8, "better")])
def test_n_must_be_a_power_of_two(n, way_out):
    with pytest.raises(ValueError, match=rf"power of two.*got {n}, take.*{way_out}"):
        design(3, n, np.random.default_rng(1))


def test_without_inputs_there_is_no_design():
    with pytest.raises(ValueError, match="no uncertain input"):
        design(0, 8, np.random.default_rng(1))


def test_resamples_are_those_of_an_obvious_loop():
    n, inputs = 32, 3
    points = design(inputs, n, np.random.default_rng(3))
    found = indices(ishigami(points)[:, None], names(inputs), ["y"], np.random.default_rng(4), 6)
    f_a, f_b, *f_ab = ishigami(points).reshape(inputs + 2, n)
    drawn = np.random.default_rng(4).integers(n, size=(6, n))
    for place, its in enumerate(drawn):
        a, b = f_a[its], f_b[its]
        centre, spread = np.mean([a, b]), np.var([a, b])
        for one in range(inputs):
            ab = f_ab[one][its]
            first = np.mean((b - centre) * (ab - a)) / spread
            total = np.mean((a - ab) ** 2) / 2 / spread
            assert found.first_draws[place, one, 0] == pytest.approx(first, abs=1e-12)
            assert found.total_draws[place, one, 0] == pytest.approx(total, abs=1e-12)


def test_intervals_and_shares_are_quantiles_of_the_resamples():
    found = found_of(ishigami, 3, 64, 1)
    low, high = found.total_interval[:, 1, 0]
    assert (low, high) == tuple(np.quantile(found.total_draws[:, 1, 0], [0.05, 0.95]))
    its = share(found.total[1, 0], found.total_draws[:, 1, 0])
    assert (its.value, its.low, its.high) == (found.total[1, 0], low, high)
    assert found.first_interval.shape == (2, 3, 1)


def covering(points, repeats=400, scale=1.0):
    """How many of ``repeats`` intervals of each index of Ishigami's function hold the truth, first and total [6]."""
    truth = np.concatenate(ishigami_truth())
    hits = np.zeros(6, int)
    for seed in range(repeats):
        found = found_of(ishigami, 3, 256, [seed, 77], 200, points)
        estimate = np.concatenate((found.first, found.total))[:, 0]
        low, high = np.concatenate((found.first_interval, found.total_interval), axis=1)[..., 0]
        hits += (estimate + scale * (low - estimate) <= truth) & (truth <= estimate + scale * (high - estimate))
    return hits


def test_intervals_cover_nine_times_in_ten_on_independent_points(measured, drawn):
    # 2,000 repeats gave 0.877 to 0.897: percentile intervals of skew ratios cover a little less than they say. Of 400
    # repeats 0.877 to 0.9 leave 328 to 377 in all but 1 of 1,100 cases, six indices in all but 1 of 190.
    hits = covering(independent)
    for number in hits.tolist():
        measured("covered of 400", number, at_least=328, at_most=377)
    drawn("coverage", interval="Sobol' index that covers least", covered=int(hits.min()), repeats=400, says=0.9)
    # Half as wide they cover 0.55 to 0.6, which never reaches 328.
    measured("covered of 400, half as wide", int(covering(independent, scale=0.5).max()), at_most=327)


def test_intervals_cover_at_least_as_often_as_they_say_on_sobol_points(measured):
    # From 0.9, 400 repeats fall below 340 in 1 of 1,500 cases, one of six indices in 1 of 260.
    hits = covering(design)
    measured("covered of 400", int(hits.min()), at_least=340)
    # 2,000 repeats gave 0.96 on average; with n = 1,024 it was 1.00 for each index.
    assert hits.mean() > 0.94 * 400


def test_an_input_that_does_nothing_has_index_nought_within_its_interval():
    found = found_of(line, 4, 256, 3)
    assert found.total[3, 0] == 0
    assert found.first[3, 0] == pytest.approx(0, abs=1e-15)
    for low, high in (found.first_interval[:, 3, 0], found.total_interval[:, 3, 0]):
        assert low <= 1e-15
        assert high >= -1e-15


def test_a_base_sample_with_a_missing_value_is_left_out_of_every_block():
    n, rng = 64, np.random.default_rng(6)
    values = np.column_stack([ishigami(design(3, n, rng)), np.arange(5.0 * n)])
    holes = values.copy()
    holes[[3, n + 3, 4 * n + 17], [0, 1, 0]] = np.nan
    found = indices(holes, names(3), ["y", "z"], np.random.default_rng(7))
    kept = np.delete(values.reshape(5, n, 2), [3, 17], axis=1).reshape(-1, 2)
    without = indices(kept, names(3), ["y", "z"], np.random.default_rng(7))
    assert (found.base_samples, found.dropped) == (64, 2)
    assert (without.base_samples, without.dropped) == (62, 0)
    for name in ("first", "total", "first_draws", "total_draws", "mean", "variance", "quantiles"):
        np.testing.assert_array_equal(getattr(found, name), getattr(without, name))


def test_a_model_that_always_fails_is_refused():
    values = np.full((20, 1), np.nan)
    with pytest.raises(ValueError, match="only 0 of 4 base samples have all their values"):
        indices(values, names(3), ["y"], np.random.default_rng(1))


@pytest.mark.parametrize("noise", [0.0, 1e-15])
def test_an_output_that_does_not_vary_has_no_indices(noise):
    points = design(2, 16, np.random.default_rng(1))
    values = np.column_stack((7.0 * (1 + noise * np.sign(points[:, 0] - 0.5)), points[:, 0]))
    found = indices(values, names(2), ["still", "moving"], np.random.default_rng(1))
    for array in (found.first, found.total, found.first_interval, found.total_interval):
        assert np.isnan(array[..., 0]).all()
        assert np.isfinite(array[..., 1]).all()
    assert found.variance[0] == 0
    assert found.mean[0] == pytest.approx(7)
    assert leading(found, 0) == ()


def test_an_output_that_seldom_differs_has_no_interval():
    # One base sample of 16 differs; (15 / 16)^16 = 36 % of resamples miss it and have no variance.
    values = np.zeros((64, 1))
    values[5] = 1.0
    found = indices(values, names(2), ["y"], np.random.default_rng(1))
    assert np.isfinite(found.total).all()
    assert np.isnan(found.total_interval).all()


def test_infinite_values_are_refused_by_the_name_of_their_output():
    points = design(2, 8, np.random.default_rng(1))
    values = np.column_stack((points[:, 0], np.where(points[:, 1] > 0.5, np.inf, 1.0), points[:, 1]))
    assert variance.endless(values).tolist() == [False, True, False]
    with pytest.raises(
        ValueError, match=r"^time until released is infinite at 16 of 32 points .*leave this output out$"
    ):
        indices(values, names(2), ["casualties", "time until released", "mines"], np.random.default_rng(1))


def test_values_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"3 inputs and 1 outputs need 5 blocks of rows and 1 columns.*\(12, 1\)"):
        indices(np.zeros((12, 1)), names(3), ["y"], np.random.default_rng(1))


def test_outputs_do_not_touch_each_other_and_their_unit_does_not_matter():
    points = design(3, 128, np.random.default_rng(8))
    y = ishigami(points)
    alone = indices(y[:, None], names(3), ["y"], np.random.default_rng(9))
    values = np.column_stack((points[:, 0], 1e-12 * y, 1e150 * y, y - 1e5))
    together = indices(values, names(3), list("abcd"), np.random.default_rng(9))
    for name in ("first", "total", "first_draws", "total_draws"):
        for column in (1, 2, 3):
            np.testing.assert_allclose(getattr(together, name)[..., column], getattr(alone, name)[..., 0], atol=1e-8)


def test_moments_are_those_of_the_independent_points():
    points = design(3, 64, np.random.default_rng(8))
    y = ishigami(points)
    found = indices(y[:, None], names(3), ["y"], np.random.default_rng(9), 2)
    assert found.mean[0] == pytest.approx(y[:128].mean(), rel=1e-14)
    assert found.variance[0] == pytest.approx(y[:128].var(), rel=1e-14)
    np.testing.assert_array_equal(found.quantiles[:, 0], np.quantile(y[:128], [0.05, 0.5, 0.95]))


def test_the_same_seed_gives_the_same_bytes_however_resamples_are_cut(monkeypatch):
    one = found_of(ishigami, 3, 64, 1)
    assert one.total_draws.tobytes() == found_of(ishigami, 3, 64, 1).total_draws.tobytes()
    assert one.total_draws.tobytes() != found_of(ishigami, 3, 64, 2).total_draws.tobytes()
    monkeypatch.setattr(variance, "_MOST_COUNTS", 7 * 64)
    np.testing.assert_allclose(found_of(ishigami, 3, 64, 1).total_draws, one.total_draws, rtol=1e-13)
    with pytest.raises(ValueError, match="read-only"):
        one.total[0, 0] = 1.0


def test_a_thousand_resamples_take_no_time():
    values = np.random.default_rng(1).random((10 * 1024, 5))
    start = time.process_time()
    indices(values, names(8), names(5), np.random.default_rng(1))
    # 0.06 s where nothing else runs.
    assert time.process_time() - start < 2.0


def test_an_input_that_leads_does_so_alone_and_equals_are_tied():
    assert leading(found_of(line, 4, 256, 1), 0) == (0,)
    tied = leading(found_of(lambda u: u @ np.array([1.0, 3.0, 0.1, 3.0]), 4, 256, 1), 0)
    assert sorted(tied) == [1, 3]


def test_a_tornado_moves_one_input_at_a_time():
    points = tornado_design(np.array([0.2, 0.7]))
    np.testing.assert_array_equal(points, [[0.2, 0.7], [0.05, 0.7], [0.95, 0.7], [0.2, 0.05], [0.2, 0.95]])
    for wrong in (0.0, 1.0, np.nan):
        with pytest.raises(ValueError, match=r"in \(0, 1\)"):
            tornado_design(np.array([0.5, wrong]))


def test_swings_are_sorted_by_their_range_with_the_reference():
    # Ranges: a 2 to 3, b 1 to 2 (both ends below), c 2 (nothing), d missing.
    values = np.array([2.0, *(2.0, 3.0), *(0.5, 1.0), *(2.0, 2.0), *(np.nan, 9.0)])
    found = swings(values, ["a", "b", "c", "d"], "y")
    assert found.inputs == ("b", "a", "c", "d")
    assert found.reference == 2
    np.testing.assert_array_equal(found.at_low, [0.5, 2, 2, np.nan])
    np.testing.assert_array_equal(found.at_high, [1, 3, 2, 9])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1.0, np.inf, 2.0], "time until released is infinite at 1 of 3 points"),
        ([np.nan, 1.0, 2.0], "time until released has no value where every input is at its reference"),
        ([1.0, 2.0], r"a tornado of 1 inputs needs 3 values, got \(2,\)"),
    ],
)
def test_a_tornado_without_values_is_refused(values, message):
    with pytest.raises(ValueError, match=message):
        swings(np.array(values), ["a"], "time until released")
