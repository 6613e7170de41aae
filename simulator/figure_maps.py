"""The maps: where accidents are still to be expected, a row for each scenario and a column for each day of the maps.

They are coarse by design: a block of cells has one colour, and no item has a place. Lengths on paper are in inches.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from numpy.typing import NDArray

from simulator.clocks import Array
from simulator.experiment import Outcome, ScenarioOutcome
from simulator.figure_ground import (
    COLOURS,
    HATCH,
    KEY_SIZE,
    OUTLINE,
    Ground,
    bare_axes,
    block_edges,
    clipped,
    common_scale,
    draw_colour_bar,
    draw_key,
    draw_land,
    draw_scale,
    draw_settlements,
    is_crowded,
    most_people,
)  # fmt: skip
from simulator.figure_series import series
from simulator.figure_style import DPI, NORMAL, SMALL, sheet, text_height, wrapped, write_above
from simulator.figure_wording import footer, mines_of, names, said, share
from simulator.readout import block_of_cells, blocks_side
from simulator.region import outline_of
from simulator.trajectory import Maps
from simulator.units import DAYS_PER_YEAR
from simulator.wording import duration
from simulator.world import World

# Of a block's contaminated land in all worlds together.
MOSTLY = 0.95

_WIDTH, _EDGE, _BETWEEN = 10.0, 0.2, 0.25
_TALLEST, _MOST_ACROSS = 3.4, 4
_ROW_GAP, _LINE_GAP, _HEAD_GAP, _SCALE_ROOM = 0.15, 0.04, 0.06, 0.3
_KEY_ROOM, _BAR_WIDTH, _BAR_HEIGHT = 0.2, 4.2, 0.15
# Blocks and corners that are drawn one by one in an SVG; more become a picture in it.
_MOST_DRAWN, _MOST_CORNERS = 400, 1500
_NONE = "#EEF1F4"


@dataclass(frozen=True, slots=True, eq=False)
class _Row:
    """A row of maps: the places of its scenario and of its days, and what stands above it, broken into lines.

    ``headings`` are pairs: when, and what all of the map adds up to.
    """

    part: int
    days: Sequence[int]
    name: str
    headings: Sequence[tuple[str, str]]
    ground: Ground

    @property
    def heading_height(self) -> float:
        """Height of the tallest heading [inches]."""
        return max(sum(text_height(text, SMALL) for text in heading) for heading in self.headings) + _HEAD_GAP

    @property
    def head(self) -> float:
        """Room above the maps [inches]."""
        return _ROW_GAP + self.heading_height + (text_height(self.name, NORMAL) + _LINE_GAP if self.name else 0.0)


def densities(part: ScenarioOutcome) -> Array:
    """Return the expected accidents per year and km2 of each block on the days of the maps, [D, blocks]."""
    region = part.world.region
    return np.asarray(_maps(part).accident_rate_ahead / np.bincount(block_of_cells(region), region.area_km2))


def maps(outcome: Outcome) -> Figure | None:
    """Draw the expected accidents per year and km2 of every block on the days of the maps, on one scale of colours.

    Scenarios without maps, because they are even everywhere, have no row. None where no scenario has any.
    """
    parts = tuple(part for part in outcome.scenarios if part.ensemble is not None and part.ensemble.maps is not None)
    if not (parts and parts[0].world.map_days):
        return None
    shown = (
        "Colours: what is hazardous on the day, at the mean pace of the year ahead; means of the simulated worlds by "
        "blocks of cells, coarse by design: no item has a place."
    )
    if len(parts) < len(outcome.scenarios):
        shown += " A scenario that is even everywhere has no map."
        outcome = replace(outcome, scenarios=parts)
    found, days = [densities(part) for part in parts], len(parts[0].world.map_days)
    across = -(-days // -(-days // _MOST_ACROSS))
    rows = [row for place in range(len(parts)) for row in _rows(outcome, place, across)]
    body = sum(row.head + row.ground.height + _SCALE_ROOM for row in rows) + _KEY_ROOM
    figure, (whole,) = sheet(_title(outcome, found), footer(outcome, shown), [body], [0.0])
    top = whole.get_position().y1 * figure.get_figheight()
    whole.remove()
    norm, drawn = common_scale(found), sum(values.size for values in found)
    for row in rows:
        top -= row.head + row.ground.height
        for column, day in enumerate(row.days):
            left = _EDGE + column * (_column_width(across) + _BETWEEN)
            axes = bare_axes(figure, left, top, row.ground.width, row.ground.height)
            _draw(axes, row, day, found[row.part][day], norm, in_one=drawn > _MOST_DRAWN)
            _draw_released(axes, row.ground, _released(parts[row.part])[day], f"released-{row.part}-{day}")
            draw_settlements(axes, row.ground, f"settlements-{row.part}-{day}")
            _write_heading(axes, row, column)
        top -= _SCALE_ROOM
    top -= _KEY_ROOM + _BAR_HEIGHT
    draw_colour_bar(bare_axes(figure, _EDGE + 0.25, top, _BAR_WIDTH, _BAR_HEIGHT), norm, found)
    key = bare_axes(figure, _EDGE + _BAR_WIDTH + 0.5, top - 0.3, *KEY_SIZE)
    draw_key(key, _entries(outcome, found), most_people(outcome), crowded=is_crowded(outcome))
    return figure


def _maps(part: ScenarioOutcome) -> Maps:
    """Return a scenario's maps, which must be there."""
    if part.ensemble is None or part.ensemble.maps is None:
        raise ValueError("the scenario has no maps")
    return part.ensemble.maps


def _released(part: ScenarioOutcome) -> NDArray[np.bool_]:
    """Tell which blocks are all but released, on the days of the maps, [D, blocks]."""
    return np.asarray(_maps(part).released > MOSTLY)


def _ground_of(world: World, width: float, height: float, people: float) -> Ground:
    """Lay out a region so that it fits a panel of a width and a height [inches]; north is up.

    The largest dot stands for ``people``.
    """
    import shapely

    region = world.region
    scale = min(width / region.width_km, height / region.height_km)
    side = blocks_side(region)
    _, first = np.unique(block_of_cells(region), return_index=True)
    # Finer than half a dot on paper, nothing of a border is seen.
    land = shapely.simplify(outline_of(region), 1 / (2 * DPI * scale))
    return Ground(
        block_edges(region.west_km, region.width_km, side * region.cell_km),
        block_edges(region.south_km, region.height_km, side * region.cell_km),
        region.row[first] // side,
        region.column[first] // side,
        path_of(land),
        world.settlements,
        scale,
        people,
    )


def path_of(area: Any) -> Path:
    """Make a path of a polygon or several, holes turning the other way than what they lie in."""
    import shapely

    rings = []
    for polygon in shapely.get_parts(shapely.orient_polygons(area)):
        rings += [Path(shapely.get_coordinates(ring), closed=True) for ring in (polygon.exterior, *polygon.interiors)]
    return Path.make_compound_path(*rings)


def _rows(outcome: Outcome, place: int, across: int) -> list[_Row]:
    """Lay out the maps of a scenario, at most ``across`` of them beside each other."""
    part = outcome.scenarios[place]
    width = _column_width(across)
    ground = _ground_of(part.world, width, _TALLEST, most_people(outcome))
    name = wrapped(names(outcome.scenarios)[place], _WIDTH - 2 * _EDGE, NORMAL, bold=True)
    every, least = range(len(part.world.map_days)), _least(part)
    headings = [_heading(part, day, float(least[day]), width) for day in every]
    return [
        _Row(place, every[first : first + across], "" if first else name, headings[first : first + across], ground)
        for first in every[::across]
    ]


def _column_width(across: int) -> float:
    return (_WIDTH - 2 * _EDGE - _BETWEEN * (across - 1)) / across


def _heading(part: ScenarioOutcome, day: int, least: float, width: float) -> tuple[str, str]:
    """Write what stands above a map: how long after the start, the date, and what all of it adds up to."""
    days = part.world.map_days[day]
    try:
        on = datetime.combine(part.world.start, time()) + timedelta(days=days)
        when = f"{duration(days)}, {on.day} {on:%b} {on.year}"
    except OverflowError:
        when = duration(days)
    total = said(float(_totals(part)[day]), least)
    return wrapped(when, width, SMALL, bold=True), wrapped(f"{total} accidents per year", width, SMALL)


def _totals(part: ScenarioOutcome) -> Array:
    """Return the expected accidents per year in the whole region on the days of the maps, [D]."""
    return np.asarray(_maps(part).accident_rate_ahead.sum(axis=1))


def _least(part: ScenarioOutcome) -> Array:
    """Return the fewest accidents per year that can be told from none on the days of the maps, [D]."""
    nearest = np.abs(part.world.times - np.array(part.world.map_days)[:, None]).argmin(axis=1)
    return np.asarray(series(part, "accidents_per_year").least[nearest])


def _draw(axes: Axes, row: _Row, day: int, values: Array, norm: LogNorm, *, in_one: bool) -> None:
    """Colour the blocks of a map; where nothing is expected, the plain ground is seen."""
    ground = row.ground
    draw_land(axes, ground, _NONE, f"border-{row.part}-{day}")
    grid = np.full((ground.y_km.size - 1, ground.x_km.size - 1), np.nan)
    grid[ground.row, ground.column] = np.where(values > 0, values, np.nan)
    look: dict[str, Any] = {"cmap": COLOURS, "norm": norm, "rasterized": in_one, "gid": f"map-{row.part}-{day}"}
    clipped(axes, axes.pcolormesh(ground.x_km, ground.y_km, np.ma.masked_invalid(grid), zorder=1, **look), ground)


def _draw_released(axes: Axes, ground: Ground, released: NDArray[np.bool_], gid: str) -> None:
    """Hatch the blocks that are ``released`` [blocks], and draw a line around them."""
    import shapely

    if not released.any():
        return
    rows, columns = ground.row[released], ground.column[released]
    x, y = ground.x_km, ground.y_km
    area = shapely.union_all(shapely.box(x[columns], y[rows], x[columns + 1], y[rows + 1]))
    look: dict[str, Any] = {"facecolor": "none", "edgecolor": OUTLINE, "hatch": HATCH, "linewidth": 0.5}
    patch = PathPatch(path_of(area), zorder=2, gid=gid, **look)
    patch.set_rasterized(shapely.get_num_coordinates(area) > _MOST_CORNERS)
    axes.add_patch(patch)
    clipped(axes, patch, ground)


def _write_heading(axes: Axes, row: _Row, column: int) -> None:
    """Write what stands above a map; the first of a row has the scenario's name above that, and the scale below."""
    when, total = row.headings[column]
    write_above(axes, total, _HEAD_GAP, size=SMALL)
    write_above(axes, when, _HEAD_GAP + text_height(total, SMALL), size=SMALL, weight="bold")
    if column == 0:
        write_above(axes, row.name, row.heading_height + _LINE_GAP, size=NORMAL, weight="bold")
        draw_scale(axes, row.ground, f"scale-{row.part}")


def _entries(outcome: Outcome, found: Sequence[Array]) -> list[tuple[str, dict[str, Any]]]:
    """Return what the key must explain beside the colours: ground without one, and released land."""
    entries: list[tuple[str, dict[str, Any]]] = []
    if any((values == 0).any() for values in found):
        entries.append(("none in any simulated world", {"facecolor": _NONE}))
    if any(_released(part).any() for part in outcome.scenarios):
        entries.append(("released (95 % or more)", {"facecolor": "none", "hatch": HATCH}))
    return entries


def _title(outcome: Outcome, found: Sequence[Array]) -> str:
    """Say on how little of the land half of the risk lies, a year after the start or as near to that as there is any.

    Where too little is left on all days of the maps, say that.
    """
    parts = outcome.scenarios
    days = np.array(parts[0].world.map_days)
    mines, left = mines_of(parts), [_totals(part) >= _least(part) for part in parts]
    for day in np.argsort(np.abs(np.log((days + 1.0) / DAYS_PER_YEAR)), kind="stable"):
        some = [place for place in range(len(parts)) if left[place][day]]
        if not some:
            continue
        parted = sorted((100 * _half_share(parts[place], found[place][day]), place) for place in some)
        said_of = {place: share(percent, 0.0) for percent, place in parted}
        start = f"After {duration(days[day])}, half of the accidents expected"
        if len(some) == 1:
            return f"{start} from {mines[some[0]]} lie in {said_of[some[0]]} of the area"
        ends = [said_of[parted[place][1]] for place in (0, -1)]
        if len(some) > 2 or ends[0] == ends[1]:
            spread = " to ".join(dict.fromkeys(ends))
            of = "both" if len(parts) == 2 else f"{len(some)} of {len(parts)}"
            return f"{start} lie in {spread} of the area in {of} scenarios"
        text = f"{start} from {mines[some[1]]} lie in {said_of[some[1]]} of the area"
        return f"{text}, against {said_of[some[0]]} from {mines[some[0]]}"
    least = max(float(_least(part).max()) for part in parts)
    return f"On every day of the maps, {said(0.0, least)} accidents are expected per year"


def _half_share(part: ScenarioOutcome, density: Array) -> float:
    """Return the smallest share of the area that holds half of the expected accidents, from their density [blocks]."""
    region = part.world.region
    area = np.bincount(block_of_cells(region), region.area_km2)
    order = np.argsort(-density, kind="stable")
    risk = np.cumsum((density * area)[order])
    covered = np.interp(risk[-1] / 2, np.append(0.0, risk), np.append(0.0, np.cumsum(area[order])))
    return float(covered / area.sum())
