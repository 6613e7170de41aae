"""Where mines come to lie: evenly over cells, normally across a belt and around centres, and away from settlements."""

from dataclasses import replace

import numpy as np
import pytest
from building import CONTRACT, START, ensemble_of
from scipy import stats

from simulator.closed_form import expected, obstacles
from simulator.placing import cell_probabilities
from simulator.population import cluster_centres, draw
from simulator.problems import InputError
from simulator.region import cells_at
from simulator.scenario_file import load
from simulator.verification import verify
from simulator.world import build_world

QUIET = ("clearance=null", "civilians.marking=null", "mines.battery-limited=null")


def district(placement="uniform", *more, count=20_000, cell="1 km"):
    """The contract's district with one class of mines, that neither marking nor teams concern."""
    overrides = (*QUIET, f"mines.legacy.count={count}", f"mines.legacy.placement={placement}", f"region.cell={cell}")
    return build_world(load(CONTRACT / "full.yaml", [*overrides, *more]))


def cells_of(world, replicate=0, size=None, first=0):
    kind = world.kinds[0]
    size = kind.count if size is None else size
    return draw(world, kind, replicate, world.seed, first, size, cluster_centres(kind, world.seed, replicate)).cell


def positions(world, replicate=0):
    """Centres of the mines' cells [km]: with small cells, where the mines lie."""
    cells = cells_of(world, replicate)
    return world.region.x_km[cells], world.region.y_km[cells]


def test_mines_are_spread_by_the_area_of_cells_that_the_border_cuts():
    world = district()
    counts = np.bincount(cells_of(world), minlength=world.region.area_km2.size)
    expected_counts = world.kinds[0].count * world.region.area_km2 / world.region.total_area_km2
    some = expected_counts > 5
    # False alarm once in 10,000 seeds; cells of equal weight would be refused.
    assert (
        stats.chisquare(counts[some], expected_counts[some] * counts[some].sum() / expected_counts[some].sum()).pvalue
        > 1e-4
    )
    even = np.full(some.sum(), counts[some].sum() / some.sum())
    assert stats.chisquare(counts[some], even).pvalue < 1e-4


def line_of(world):
    line = world.kinds[0].placing.ground.line
    assert line is not None
    return line


def offsets_from(line, x, y):
    """How far points lie across and along the piece of a line they are nearest to [km], and its number."""
    length = np.diff(line.until_km, prepend=0.0)
    along, across = [], []
    for (sx, sy), (ux, uy) in zip(line.start, line.direction, strict=True):
        along.append((x - sx) * ux + (y - sy) * uy)
        across.append((x - sx) * -uy + (y - sy) * ux)
    beyond = np.array([np.maximum(np.maximum(-a, a - one), 0) for a, one in zip(along, length, strict=True)])
    nearest = np.argmin(np.hypot(np.array(across), beyond), axis=0)
    rows = np.arange(x.size)
    return np.array(across)[nearest, rows], np.array(along)[nearest, rows] + line.until_km[nearest] - length[nearest]


def test_a_belt_is_normal_across_its_line_and_even_along_it():
    # Cells of 100 m blur by 29 m in each direction; the belt of 2 km has a standard deviation of 500 m.
    world = district("{belt: {line: belt.geojson, width: 2 km}}", cell="100 m")
    x, y = positions(world)
    line = line_of(world)
    across, along = offsets_from(line, x, y)
    assert across.std() == pytest.approx(0.5, rel=0.03)
    assert stats.kstest(across[::4], stats.norm(0, np.hypot(0.5, 0.029)).cdf).pvalue > 1e-4
    assert stats.kstest(across[::4], stats.norm(0, 0.45).cdf).pvalue < 1e-4
    inside = (along > 0.02 * line.until_km[-1]) & (along < 0.98 * line.until_km[-1])
    share = along[inside] / line.until_km[-1]
    assert stats.kstest(share[::4], stats.uniform(0.02, 0.96).cdf).pvalue > 1e-4


def test_a_belt_across_the_border_stays_inside():
    # Forty kilometres wide: most draws fall outside and are drawn again.
    world = district("{belt: {line: belt.geojson, width: 40 km}}", count=2000)
    assert cells_of(world).min() >= 0


def test_clusters_scatter_normally_around_centres_that_are_even_over_the_region():
    world = district("{clusters: {count: 40, spread: 500 m}}", cell="100 m")
    kind = world.kinds[0]
    centres = cluster_centres(kind, world.seed, 0)
    x, y = positions(world)
    near = [
        np.argmin(np.hypot(centres.anywhere[0] - px, centres.anywhere[1] - py)) for px, py in zip(x, y, strict=True)
    ]
    dx, dy = x - centres.anywhere[0][near], y - centres.anywhere[1][near]
    close = np.hypot(dx, dy) < 1.0
    assert close.mean() > 0.8
    # Within 1 km of the centre the two-dimensional normal law with 500 m has this mean square.
    law = stats.rayleigh(scale=0.5)
    mean_square = law.expect(lambda r: r * r, lb=0, ub=1.0) / law.cdf(1.0)
    assert np.mean(np.square(dx) + np.square(dy), where=close) == pytest.approx(mean_square, rel=0.05)
    many = replace(kind, placing=replace(kind.placing, clusters=20_000))
    all_centres = cluster_centres(many, 3, 0).anywhere
    counts = np.bincount(cells_at(world.region, *all_centres) % 97, minlength=97)
    areas = np.bincount(np.arange(world.region.area_km2.size) % 97, world.region.area_km2)
    assert stats.chisquare(counts, areas * counts.sum() / areas.sum()).pvalue > 1e-4


@pytest.mark.parametrize(
    "placement",
    [
        "{belt: {line: belt.geojson, width: 2 km}, keep_away: {distance: 2 km, compliance: 0.7}}",
        "{clusters: {count: 30, spread: 400 m}, keep_away: {distance: 2 km, compliance: 0.7}}",
        "{keep_away: {distance: 2 km, compliance: 0.7}}",
    ],
    ids=["belt", "clusters", "even"],
)
def test_a_mine_has_the_same_place_whatever_chunk_it_is_in(placement):
    world = district(placement, count=3000)
    whole = cells_of(world, 2)
    for first, size in ((0, 7), (1003, 500), (2900, 100)):
        np.testing.assert_array_equal(cells_of(world, 2, size, first), whole[first : first + size])
    assert not np.array_equal(whole, cells_of(world, 3))


@pytest.mark.parametrize(
    "pattern", ["belt: {line: belt.geojson, width: 2 km}, ", "clusters: {count: 60, spread: 200 m}, ", ""]
)
def test_a_rule_moves_only_mines_that_break_it(pattern):
    free = cells_of(district(f"{{{pattern or 'uniform: true'}}}" if pattern else "uniform"))
    # A rule that nobody follows changes nothing, and one that most mines follow anyway little.
    nobody = cells_of(district(f"{{{pattern}keep_away: {{distance: 2 km, compliance: 0}}}}"))
    np.testing.assert_array_equal(nobody, free)
    every, most = (
        cells_of(district(f"{{{pattern}keep_away: {{distance: 2 km, compliance: {share}}}}}")) for share in (1, 0.8)
    )
    moved = (every != free).mean()
    assert 0.01 < moved < 0.3
    # The four in five who follow it are moved as if all did; the others stay.
    assert np.all((most == free) | (most == every))
    assert 0.6 * moved < (most != free).mean() < 0.95 * moved


def test_an_even_rule_has_a_closed_form_with_which_the_simulation_agrees():
    # Persistent mines at a distance of 2 km from settlements, four in five; people around the settlements.
    rate = "civilians.accident_rate=0.02 per mine-year"
    rule = "{keep_away: {distance: 2 km, compliance: 0.8}}"
    times = np.linspace(0, 15 * 365.25, 21)
    world = replace(district(rule, rate, count=4000), times=times)
    assert obstacles(world) == []
    assert float(cell_probabilities(world.kinds[0].placing, world.region).sum()) == pytest.approx(1.0)
    ensemble = ensemble_of(world, 40)
    assert verify(ensemble, expected(world)).agrees
    for other in ("{keep_away: {distance: 3 km, compliance: 0.8}}", "{keep_away: {distance: 2 km}}", "uniform"):
        assert not verify(ensemble, expected(replace(district(other, rate, count=4000), times=times))).agrees


def test_twice_the_people_of_every_village_are_twice_the_rate(tmp_path):
    (tmp_path / "full.yaml").write_text((CONTRACT / "full.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    for name in ("district.geojson", "belt.geojson"):
        (tmp_path / name).write_bytes((CONTRACT / name).read_bytes())
    header, *rows = (CONTRACT / "villages.csv").read_text(encoding="utf-8").split()
    doubled = [",".join([*row.split(",")[:-1], str(2 * int(row.split(",")[-1]))]) for row in rows]
    (tmp_path / "villages.csv").write_text("\n".join([header, *doubled]), encoding="utf-8")
    twice, once = (build_world(load(folder / "full.yaml")) for folder in (tmp_path, CONTRACT))
    np.testing.assert_allclose(twice.exposure.activity, 2 * once.exposure.activity, rtol=1e-12)
    assert twice.start == START


def test_a_line_and_villages_of_a_rectangle_are_in_km(tmp_path):
    (tmp_path / "line.geojson").write_text('{"type": "LineString", "coordinates": [[1, 5], [19, 5]]}', encoding="utf-8")
    (tmp_path / "villages.csv").write_text("name,x_km,y_km,population\nA,5,5,100\nB,15,5,300\n", encoding="utf-8")
    text = (CONTRACT / "treaty-limit.yaml").read_text(encoding="utf-8")
    text = text.replace("{width: 40 km, height: 25 km}", "{width: 20 km, height: 10 km}")
    text = text.replace("placement: uniform", "placement: {belt: {line: line.geojson, width: 400 m}}")
    text = text.replace("density: 14 per km2", "settlements: villages.csv\n  range: 1 km", 1)
    (tmp_path / "km.yaml").write_text(text, encoding="utf-8")
    world = build_world(load(tmp_path / "km.yaml"))
    rows = np.unique(world.region.row[cells_of(world)])
    assert rows.tolist() == [4, 5]
    assert world.consequences.people == pytest.approx(400)


@pytest.mark.parametrize(
    ("placement", "key"),
    [
        ("{clusters: {count: 5, spread: 1000 km}}", "clusters.spread"),
        ("{belt: {line: belt.geojson, width: 500 km}}", "belt.width"),
    ],
)
def test_a_scatter_far_wider_than_the_region_is_refused(placement, key):
    # Most draws would fall outside, and mines end at their centre or on their line: the opposite of far apart.
    with pytest.raises(InputError, match="must be at most") as refusal:
        district(placement)
    assert f"mines.legacy.placement.{key}: must be at most" in str(refusal.value)
    assert "use 'uniform'" in str(refusal.value)


def test_a_wide_scatter_is_not_gathered_in_the_middle():
    # Half as wide as the region: with a normal law cut off at the border, few mines are in the cells of five centres.
    cells = cells_of(district("{clusters: {count: 5, spread: 19 km}}", count=5000))
    assert np.bincount(cells).max() < 30
