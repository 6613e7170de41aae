"""Convergence: in replicates as one over their square root, in cells as the square of their size, in times not at all.

Errors are those against the closed form, or against integrals over a plane without cells. Each check is shown to refuse
a neighbour.
"""

import math
from functools import cache

import numpy as np
import pytest
from building import DAYS_PER_YEAR, START, day, ensemble_of, exponential, with_kind, world_of
from scipy import special

from simulator.closed_form import expected
from simulator.engine import play
from simulator.ensemble import ALL, samples
from simulator.scenario_file import load
from simulator.statistics import standard_error
from simulator.world import build_world

# Replicates: groups of n replicates, all of them independent, whose means are held against the closed form.
GROUPS = {4: 64, 16: 32, 64: 16, 256: 6}
ON_DAY, HORIZON = 1, 2
MINES = {"count": 200, "laid": day(0), "ageing": {"exponential": {"mean": "60 days"}}}


def small_world():
    return world_of({"m": MINES}, times=[0, 40, 200], horizon=200, rate=2.0)


# Played hazardous mines on day 40, and played accidents by the horizon.
READINGS = {"hazardous": ON_DAY, "accidents": HORIZON}


@cache
def replicates():
    """Played numbers of every replicate, by reading: one long run."""
    ensemble = ensemble_of(small_world(), sum(n * groups for n, groups in GROUPS.items()))
    return {name: samples(ensemble, ALL, name)[1][:, at] for name, at in READINGS.items()}


def exact(world, name):
    return float(getattr(expected(world).curves, name)[0, READINGS[name]])


def grouped(values):
    """The replicates in groups [groups, n], by n."""
    first = 0
    for n, groups in GROUPS.items():
        yield n, values[first : first + n * groups].reshape(groups, n)
        first += n * groups


def squared_errors(name, truth):
    """Mean squared error of the means of n replicates, by n."""
    return {n: float(np.square(group.mean(axis=1) - truth).mean()) for n, group in grouped(replicates()[name])}


def slope_of(errors):
    """The slope of log root-mean-square error on log n, and its standard deviation where the slope is that of theory.

    The mean of G squared normal errors is their variance times chi squared over G, whose logarithm has the mean
    digamma(G / 2) - log(G / 2) and the variance trigamma(G / 2). The straight line is weighted by these.
    """
    half = np.array(list(GROUPS.values())) / 2
    y = (np.log(list(errors.values())) - special.digamma(half) + np.log(half)) / 2
    weight = 4 / special.polygamma(1, half)
    x = np.log(list(GROUPS))
    x = x - weight @ x / weight.sum()
    return float(weight @ (x * y) / (weight @ x**2)), float(1 / math.sqrt(weight @ x**2))


# Beyond 4 standard deviations once in 5,000 (by four million draws of such logarithms, which are a little skewed), in
# one of two readings once in 2,500 seeds.
@pytest.mark.slow
@pytest.mark.parametrize("name", READINGS)
def test_the_error_of_a_mean_falls_with_the_square_root_of_the_replicates(name, measured, drawn):
    errors = squared_errors(name, exact(small_world(), name))
    slope, sd = slope_of(errors)
    assert sd < 0.06
    measured("slope beside -1/2, in its standard deviations", abs(slope + 0.5) / sd, at_most=4)
    drawn("convergence in replicates", reading=name, n=list(errors), rms=np.sqrt(list(errors.values())),
          slope=slope, sd=sd)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", READINGS)
def test_the_error_does_not_fall_so_towards_the_closed_form_of_a_life_10_percent_longer(name, measured):
    slope, sd = slope_of(squared_errors(name, exact(with_kind(small_world(), ageing=exponential(66)), name)))
    measured("slope beside -1/2, in its standard deviations", abs(slope + 0.5) / sd, at_least=4)


def spread_of_scores(name, truth):
    """Mean square of (mean - truth) / standard error over the groups of 16 or more, and that of Student's t.

    The mean square of Student's t with v degrees of freedom is v / (v - 2), its variance 2 v^2 (v - 1) / ((v - 2)^2
    (v - 4)).
    """
    found, wanted, variance, total = 0.0, 0.0, 0.0, 0
    for n, group in grouped(replicates()[name]):
        if n >= 16:
            v, groups = n - 1, len(group)
            found += float(np.square((group.mean(axis=1) - truth) / standard_error(group.T)).sum())
            wanted += groups * v / (v - 2)
            variance += groups * 2 * v**2 * (v - 1) / ((v - 2) ** 2 * (v - 4))
            total += groups
    return found / total, wanted / total, math.sqrt(variance) / total


# Beyond 5 standard deviations once in 7,000 (by a million draws of 54 such squares), in one of two readings once in
# 3,500 seeds.
@pytest.mark.slow
@pytest.mark.parametrize("name", READINGS)
def test_standard_errors_are_as_large_as_the_errors_of_means(name, measured):
    truth = exact(small_world(), name)
    found, wanted, sd = spread_of_scores(name, truth)
    measured("mean square of scores beside Student's, in standard deviations", abs(found - wanted) / sd, at_most=5)
    # Errors half as large would be found out.
    measured("the same with errors half as large", abs(4 * found - wanted) / sd, at_least=5)


# Cells: two settlements in a rectangle of 8 by 4 km, one in each half, and mines that age. In a plane without cells the
# people of a settlement fall off as exp(-distance / range), and integrals over the plane are exact.
WIDTH, HEIGHT, RANGE = 8.0, 4.0, 1.5
VILLAGES = ((2.0, 2.0, 300.0), (6.0, 2.0, 900.0))
RATE, PEOPLE_FOR_RATE, AGE, TIMES = 3.0, 30.0, 300.0, (0.0, 30.0, 120.0, 400.0)
SIZES = (2.0, 1.0, 0.5, 0.25)
SCENARIO = """\
title: Two villages
start: {start}
horizon: 400 days
seed: 1
region: {{rectangle: {{width: 8 km, height: 4 km}}, cell: {cell} km}}
mines:
  m: {{count: 1000, laid: {start}, ageing: {{exponential: {{mean: 300 days}}}}}}
civilians:
  settlements: villages.csv
  range: {range} km
  reference_density: 30 per km2
  accident_rate: 3 per mine-year
  casualties_per_accident: 1.44
"""


def plane_of(nodes=40):
    """Points and weights that integrate over the rectangle, whatever has a cone's tip at the villages, [n] each.

    Each half is four triangles with the tip at its village; on a triangle a square is collapsed into the tip (Duffy
    1982, SIAM J. Numer. Anal. 19, 1260), so that the distance from the tip is smooth in its coordinates.
    """
    at, weight = np.polynomial.legendre.leggauss(nodes)
    at, weight = (at + 1) / 2, weight / 2
    x, y, area = [], [], []
    for tip_x, tip_y, _ in VILLAGES:
        west = WIDTH / 2 * (tip_x > WIDTH / 2)
        corners = [(west, 0.0), (west + WIDTH / 2, 0.0), (west + WIDTH / 2, HEIGHT), (west, HEIGHT)]
        for (ax, ay), (bx, by) in zip(corners, corners[1:] + corners[:1], strict=True):
            double = abs((ax - tip_x) * (by - tip_y) - (bx - tip_x) * (ay - tip_y))
            out, along = np.meshgrid(at, at)
            x.append(tip_x + out * ((1 - along) * ax + along * bx - tip_x))
            y.append(tip_y + out * ((1 - along) * ay + along * by - tip_y))
            area.append(np.outer(weight, weight) * out * double)
    return tuple(np.concatenate([part.ravel() for part in parts]) for parts in (x, y, area))


@cache
def without_cells():
    """Expected hazardous mines and accidents of 1,000 mines in the plane, [T] each.

    With l the accident rate of a place and g that of ageing, a mine there is hazardous with exp(-(l + g) t), and has
    had an accident with l / (l + g) (1 - exp(-(l + g) t)).
    """
    x, y, area = plane_of()
    people = np.zeros_like(area)
    for village_x, village_y, number in VILLAGES:
        near = np.exp(-np.hypot(x - village_x, y - village_y) / RANGE)
        people += number * near / (near @ area)
    rate = RATE / DAYS_PER_YEAR * people / PEOPLE_FOR_RATE
    ends = rate + 1 / AGE
    left = np.exp(-np.outer(TIMES, ends))
    return 1000 * left @ area / area.sum(), 1000 * (1 - left) @ (area * rate / ends) / area.sum()


def settled_world(folder, cell):
    rows = "".join(f"village {number},{x},{y},{people}\n" for number, (x, y, people) in enumerate(VILLAGES))
    (folder / "villages.csv").write_text(f"name,x_km,y_km,population\n{rows}", encoding="utf-8")
    file = folder / f"cells-{cell}.yaml"
    file.write_text(SCENARIO.format(start=START.isoformat(), cell=cell, range=RANGE), encoding="utf-8")
    return build_world(load(file), times=np.array(TIMES))


def errors_by_cell(folder, exact_curve, quantity):
    """The largest error of a curve [mines of 1,000] by size of cells."""
    return np.array([
        np.abs(getattr(expected(settled_world(folder, cell)).curves, quantity)[0] - exact_curve).max() for cell in SIZES
    ])  # fmt: skip


def test_the_integral_without_cells_is_right():
    # The area, and the people of one village alone in a circle: 2 pi r^2 (1 - exp(-a / r) (1 + a / r)) for radius a.
    x, y, area = plane_of()
    assert area.sum() == pytest.approx(WIDTH * HEIGHT, rel=1e-13)
    for tip_x, tip_y, _ in VILLAGES:
        near = np.exp(-np.hypot(x - tip_x, y - tip_y) / RANGE) @ area
        finer_x, finer_y, finer = plane_of(60)
        assert near == pytest.approx(np.exp(-np.hypot(finer_x - tip_x, finer_y - tip_y) / RANGE) @ finer, rel=1e-10)
    # In the half of a village alone: a square of side 4 with the tip in the middle, by polar coordinates. For angles up
    # to pi / 4 the border is at 2 / cos; eight such triangles.
    at, weight = np.polynomial.legendre.leggauss(40)
    edge = 2 / np.cos((at + 1) * math.pi / 8) / RANGE
    by_angle = 8 * RANGE**2 * math.pi / 8 * weight @ (1 - np.exp(-edge) * (1 + edge))
    half = x < WIDTH / 2
    assert np.exp(-np.hypot(x - 2, y - 2) / RANGE)[half] @ area[half] == pytest.approx(by_angle, rel=1e-12)


@pytest.mark.parametrize("quantity", ["hazardous", "accidents"])
def test_the_error_falls_with_the_square_of_the_size_of_cells(quantity, tmp_path, measured, drawn):
    # The rule of midpoints is of second order; the tip of the cone at a village costs no more than that.
    truth = without_cells()[quantity == "accidents"]
    errors = errors_by_cell(tmp_path, truth, quantity)
    orders = np.log2(errors[:-1] / errors[1:])
    measured("order from the two finest", orders[-1], at_least=1.9, at_most=2.3)
    measured("error with cells of 250 m, of 1,000 mines", errors[-1], at_most=1)
    drawn("convergence in cells", quantity=quantity, size=SIZES, error=errors)


@pytest.mark.parametrize("quantity", ["hazardous", "accidents"])
def test_the_error_does_not_fall_so_towards_people_who_are_1_percent_nearer(quantity, tmp_path, monkeypatch, measured):
    monkeypatch.setattr("test_convergence.RANGE", 0.99 * RANGE)
    nearer = without_cells.__wrapped__()[quantity == "accidents"]
    monkeypatch.undo()
    errors = errors_by_cell(tmp_path, nearer, quantity)
    measured("order from the two finest", np.log2(errors[-2] / errors[-1]), at_most=1)


# Twelve scores of Student's t with 59 degrees of freedom: one beyond 5 by chance once in 15,000 seeds.
def test_simulation_in_small_cells_agrees_with_a_plane_without_cells(tmp_path, measured):
    world = settled_world(tmp_path, 0.25)
    ensemble = ensemble_of(world, 60)
    for name, truth in zip(("hazardous", "accidents"), without_cells(), strict=True):
        for found in samples(ensemble, ALL, name):
            scores = (found.mean(axis=0) - truth)[1:] / standard_error(found)[1:]
            measured("largest |z|", np.abs(scores).max(), at_most=5)
    coarse = samples(ensemble_of(settled_world(tmp_path, 2.0), 60), ALL, "accidents")[0]
    off = (coarse.mean(axis=0) - without_cells()[1])[1:] / standard_error(coarse)[1:]
    measured("|z| of cells of 2 km", np.abs(off).max(), at_least=5)


# Times: what is asked for decides where a curve is read, never what happens.
EVERY = 4.0
EVEN, UNEVEN = np.arange(0.0, 401.0, EVERY), np.array([0.0, 8.0, 28.0, 32.0, 120.0, 396.0, 400.0])
SHARED = (UNEVEN / EVERY).astype(int)

DEVICES = {
    "count": 400,
    "laid": {"from": day(5), "to": day(60)},
    "arming_failure": 0.1,
    "self_destruct": {"time": {"normal": {"mean": "40 days", "sd": "15 days"}}, "failure": 0.3},
    "battery": {"life": {"weibull": {"shape": 4, "scale": "70 days"}}, "failure": 0.2},
    "ageing": {"exponential": {"mean": "2 years"}},
}


def on(times):
    return world_of({"m": DEVICES}, times=times, rate=1.0)


def test_the_closed_form_does_not_depend_on_the_times_asked_for(measured):
    every, some = (expected(on(times)).curves for times in (EVEN, UNEVEN))
    worst = max(
        np.abs(getattr(every, name)[0, SHARED] - getattr(some, name)[0]).max()
        for name in ("hazardous", "inert", "gone", "accidents")
    )
    measured("largest difference, of 400 mines", worst, at_most=1e-4)
    moved = max(
        np.abs(getattr(every, name)[0, SHARED - (SHARED > 0)] - getattr(some, name)[0]).max()
        for name in ("hazardous", "inert", "gone", "accidents")
    )
    measured("the same four days earlier", moved, at_least=1)


@pytest.mark.parametrize("replicate", [0, 1, 2])
def test_a_played_world_does_not_depend_on_the_times_asked_for(replicate):
    every, some = (play(on(times), replicate).played for times in (EVEN, UNEVEN))
    for name in ("laid", "hazardous", "inert", "accidents"):
        np.testing.assert_array_equal(getattr(every, name)[:, SHARED], getattr(some, name))
    assert not np.array_equal(every.hazardous[:, SHARED - (SHARED > 0)], some.hazardous)
