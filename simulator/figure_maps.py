"""The maps: where accidents are still to be expected, a row for each scenario and a column for each day of the maps.

They are coarse by design: a block of cells has one colour, and no item has a place. Lengths on paper are in inches.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure

from simulator.clocks import Array
from simulator.ensemble import Ensemble
from simulator.experiment import Outcome, ScenarioOutcome
from simulator.figure_ground import Ground, clip, draw_border, draw_released, draw_settlements, ground_of
from simulator.figure_series import series
from simulator.figure_style import NORMAL, SMALL, sheet, text_height, wrapped
from simulator.figure_wording import footer, names, said
from simulator.readout import block_of_cells
from simulator.trajectory import Maps
from simulator.wording import duration
from simulator.world import World

# Of the contaminated land of a block, on the mean of all worlds; a world in which it has none counts as none released.
MOSTLY = 0.5

_EDGE, _BETWEEN, _GAP = 0.2, 0.25, 0.08
_TALLEST, _MOST_ACROSS = 3.4, 4
_ROW_GAP, _BAR_ROOM, _KEY_ROOM = 0.2, 0.36, 0.15
_KEY_WIDTH, _KEY_HEIGHT = 4.4, 0.15
_MOST_DECADES = 5
_MOST_DRAWN = 400  # blocks that are drawn one by one in an SVG; more become a picture in it
_NONE = "#DDE3E8"
_MINUS = "\N{MINUS SIGN}"
# From light to dark without a turn, so that it reads in grey.
_COLOURS = LinearSegmentedColormap.from_list("risk", ["#F9D693", "#F0A04B", "#D55E00", "#8A2A04", "#2E0A02"])


@dataclass(frozen=True, slots=True, eq=False)
class _Row:
    """A row of maps: its scenario's place, the places of its days, and what stands above it; widths in inches."""

    part: int
    days: Sequence[int]
    name: str
    headings: Sequence[str]
    ground: Ground

    @property
    def head(self) -> float:
        """Room above the maps [inches]."""
        name = text_height(self.name, NORMAL) + 0.04 if self.name else 0.0
        return _ROW_GAP + name + max(text_height(heading, SMALL) for heading in self.headings) + _GAP


def is_spatial(world: World) -> bool:
    """Tell whether a map shows more than an even field: a border, settlements, placing, clearance or marking."""
    placed = any(not kind.placing.is_even or kind.placing.allowed is not None for kind in world.kinds)
    return placed or world.region.outline is not None or world.settlements is not None or world.interacts


def densities(part: ScenarioOutcome) -> Array:
    """Return the expected accidents per year and km2 of each block on the days of the maps, [D, blocks]."""
    region = part.world.region
    return _found(part)[1].accident_rate / np.bincount(block_of_cells(region), region.area_km2)


def maps(outcome: Outcome) -> Figure | None:
    """Draw the expected accidents per year and km2 of every block on the days of the maps, on one scale of colours.

    None where no maps were kept, or where they would show nothing but an even field.
    """
    parts = outcome.scenarios
    days = parts[0].world.map_days
    kept = all(part.ensemble is not None and part.ensemble.maps is not None for part in parts)
    if not (kept and days and any(is_spatial(part.world) for part in parts)):
        return None
    found = [densities(part) for part in parts]
    across = -(-len(days) // -(-len(days) // _MOST_ACROSS))
    rows = [row for place in range(len(parts)) for row in _rows(outcome, place, across)]
    body = sum(row.head + row.ground.height + _BAR_ROOM for row in rows) + _KEY_ROOM
    shown = "Colours: means of the simulated worlds, by blocks of cells, coarse by design: no item has a place."
    figure, (whole,) = sheet(_title(outcome, found), footer(outcome, shown), [body], [0.0])
    top = whole.get_position().y1 * figure.get_figheight()
    whole.remove()
    norm = _norm(found)
    for row in rows:
        top -= row.head + row.ground.height
        for column, day in enumerate(row.days):
            left = _EDGE + column * (_column_width(across) + _BETWEEN)
            axes = _panel(figure, left, top, row.ground)
            axes.set_gid(f"map-{row.part}-{day}")
            _draw(axes, row.ground, found[row.part][day], norm, drawn=sum(values.size for values in found))
            draw_released(axes, row.ground, _found(parts[row.part])[1].released[day] >= MOSTLY)
            draw_border(axes, row.ground)
            draw_settlements(axes, row.ground, f"settlements-{row.part}-{day}")
            _write_heading(axes, row, column)
        top -= _BAR_ROOM
    _key(figure, top - _KEY_ROOM - _KEY_HEIGHT, norm, found, parts)
    return figure


def _found(part: ScenarioOutcome) -> tuple[Ensemble, Maps]:
    """Return a scenario's replicates and their maps, which must be there."""
    if part.ensemble is None or part.ensemble.maps is None:
        raise ValueError("the scenario has no maps")
    return part.ensemble, part.ensemble.maps


def _rows(outcome: Outcome, place: int, across: int) -> list[_Row]:
    """Lay out the maps of a scenario, at most ``across`` of them beside each other."""
    part = outcome.scenarios[place]
    width = _column_width(across)
    ground = ground_of(part.world, width, _TALLEST)
    name = wrapped(names(outcome.scenarios)[place], across * width, NORMAL, bold=True)
    headings = [_heading(part, day, width) for day in range(len(part.world.map_days))]
    firsts = range(0, len(headings), across)
    return [
        _Row(
            place,
            range(len(headings))[first : first + across],
            "" if first else name,
            headings[first : first + across],
            ground,
        )
        for first in firsts
    ]


def _column_width(across: int) -> float:
    return (10.0 - 2 * _EDGE - _BETWEEN * (across - 1)) / across


def _heading(part: ScenarioOutcome, day: int, width: float) -> str:
    """Write what stands above a map: how long after the start, the date, and what all of it adds up to."""
    days = part.world.map_days[day]
    date = _date(part.world, days)
    total = said(float(_found(part)[1].accident_rate[day].sum()), _least(part, days))
    when = duration(days) + (f", {date}" if date else "")
    return f"{wrapped(when, width, SMALL, bold=True)}\n{wrapped(f'{total} accidents per year', width, SMALL)}"


def _date(world: World, days: float) -> str:
    """Write the date of a day, ``31 Dec 2024``; nothing where the calendar has none."""
    try:
        day = datetime.combine(world.start, time()) + timedelta(days=days)
    except OverflowError:
        return ""
    return f"{day.day} {day:%b} {day.year}"


def _least(part: ScenarioOutcome, days: float) -> float:
    """Return the fewest accidents per year that can be told from none on a day."""
    return float(series(part, "accidents_per_year").least[int(np.argmin(np.abs(part.world.times - days)))])


def _panel(figure: Figure, left: float, bottom: float, ground: Ground) -> Axes:
    """Make the axes of a map, in km, at a place [inches]."""
    width, height = figure.get_size_inches()
    axes = figure.add_axes((left / width, bottom / height, ground.width / width, ground.height / height))
    axes.set_axis_off()
    axes.set_xlim(ground.west_km, ground.east_km)
    axes.set_ylim(ground.south_km, ground.north_km)
    return axes


def _draw(axes: Axes, ground: Ground, values: Array, norm: LogNorm, *, drawn: int) -> None:
    """Colour the blocks of a map; where nothing is expected the ground shows through."""
    grid = np.full((ground.y_km.size - 1, ground.x_km.size - 1), np.nan)
    grid[ground.row, ground.column] = np.where(values > 0, values, np.nan)
    clip(axes, axes.pcolormesh(
        ground.x_km, ground.y_km, np.ma.masked_invalid(grid), cmap=_COLOURS, norm=norm, zorder=1,
        rasterized=drawn > _MOST_DRAWN,
    ), ground)  # fmt: skip
    axes.grid(visible=False)
    axes.add_patch(clip(axes, ground.patch(facecolor=_NONE, edgecolor="none", zorder=0.5), ground))


def _write_heading(axes: Axes, row: _Row, column: int) -> None:
    """Write what stands above a map, and below the first of a row how long a kilometre is and where north lies."""
    height = row.ground.height
    when, *rest = row.headings[column].split("\n")
    bold = 1 + row.headings[column].count("\n") - len(rest)
    del when
    lines = row.headings[column].split("\n")
    for place, line in enumerate(lines):
        y = 1 + (_GAP + text_height("", SMALL) * (len(lines) - place - 1)) / height
        axes.text(0.0, y, line, size=SMALL, weight="bold" if place < bold else "normal", transform=axes.transAxes)
