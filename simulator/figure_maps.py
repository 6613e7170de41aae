"""The maps: where accidents are still to be expected, a row for each scenario and a column for each day of the maps.

They are coarse by design: a block of cells has one colour, and no item has a place. Lengths on paper are in inches.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from simulator.clocks import Array
from simulator.experiment import Outcome, ScenarioOutcome
from simulator.figure_ground import (
    HATCH,
    KEY_SIZE,
    Ground,
    clipped,
    draw_key,
    draw_land,
    draw_released,
    draw_scale,
    draw_settlements,
    ground_of,
    most_people,
)  # fmt: skip
from simulator.figure_series import series
from simulator.figure_style import NORMAL, SMALL, sheet, text_height, wrapped, write_above
from simulator.figure_wording import footer, mines_of, names, plain_number, said, share
from simulator.readout import block_of_cells
from simulator.trajectory import Maps
from simulator.units import DAYS_PER_YEAR
from simulator.wording import duration
from simulator.world import World

# Of a block's contaminated land, on the mean of all worlds; a world in which it has none counts as none released.
MOSTLY = 0.5

_WIDTH, _EDGE, _BETWEEN = 10.0, 0.2, 0.25
_TALLEST, _MOST_ACROSS = 3.4, 4
_ROW_GAP, _LINE_GAP, _HEAD_GAP, _SCALE_ROOM = 0.15, 0.04, 0.06, 0.3
_KEY_ROOM, _BAR_WIDTH, _BAR_HEIGHT = 0.2, 4.2, 0.15
_MOST_DECADES = 5
_MOST_DRAWN = 400  # blocks drawn one by one in an SVG; more become a picture in it
_NONE = "#EEF1F4"
# From light to dark without a turn, so that it reads in grey.
_COLOURS = LinearSegmentedColormap.from_list("risk", ["#F4BC6C", "#E88F35", "#D05A00", "#852804", "#2A0902"])


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


def is_spatial(world: World) -> bool:
    """Tell whether a map shows more than an even field: a border, settlements, placing, clearance or marking."""
    placed = any(not kind.placing.is_even or kind.placing.allowed is not None for kind in world.kinds)
    return placed or world.region.outline is not None or world.settlements is not None or world.interacts


def densities(part: ScenarioOutcome) -> Array:
    """Return the expected accidents per year and km2 of each block on the days of the maps, [D, blocks]."""
    region = part.world.region
    return np.asarray(_maps(part).accident_rate / np.bincount(block_of_cells(region), region.area_km2))


def maps(outcome: Outcome) -> Figure | None:
    """Draw the expected accidents per year and km2 of every block on the days of the maps, on one scale of colours.

    None where no maps were kept, or where they would show nothing but an even field.
    """
    parts = outcome.scenarios
    days = len(parts[0].world.map_days)
    kept = all(part.ensemble is not None and part.ensemble.maps is not None for part in parts)
    if not (kept and days and any(is_spatial(part.world) for part in parts)):
        return None
    found = [densities(part) for part in parts]
    lines = -(-days // _MOST_ACROSS)
    across = -(-days // lines)
    rows = [row for place in range(len(parts)) for row in _rows(outcome, place, across)]
    body = sum(row.head + row.ground.height + _SCALE_ROOM for row in rows) + _KEY_ROOM
    shown = "Colours: means of the simulated worlds by blocks of cells, coarse by design: no item has a place."
    figure, (whole,) = sheet(_title(outcome, found), footer(outcome, shown), [body], [0.0])
    top = whole.get_position().y1 * figure.get_figheight()
    whole.remove()
    norm, drawn = _norm(found), sum(values.size for values in found)
    for row in rows:
        top -= row.head + row.ground.height
        for column, day in enumerate(row.days):
            left = _EDGE + column * (_column_width(across) + _BETWEEN)
            axes = _box(figure, left, top, row.ground.width, row.ground.height)
            _draw(axes, row, day, found[row.part][day], norm, in_one=drawn > _MOST_DRAWN)
            released = _maps(parts[row.part]).released[day] > MOSTLY
            draw_released(axes, row.ground, released, f"released-{row.part}-{day}")
            draw_settlements(axes, row.ground, f"settlements-{row.part}-{day}")
            _write_heading(axes, row, column)
        top -= _SCALE_ROOM
    top -= _KEY_ROOM + _BAR_HEIGHT
    _colour_bar(_box(figure, _EDGE + 0.25, top, _BAR_WIDTH, _BAR_HEIGHT), norm, found)
    key = _box(figure, _EDGE + _BAR_WIDTH + 0.5, top - 0.3, *KEY_SIZE)
    draw_key(key, _entries(outcome, found), most_people(outcome))
    return figure


def _maps(part: ScenarioOutcome) -> Maps:
    """Return a scenario's maps, which must be there."""
    if part.ensemble is None or part.ensemble.maps is None:
        raise ValueError("the scenario has no maps")
    return part.ensemble.maps


def _rows(outcome: Outcome, place: int, across: int) -> list[_Row]:
    """Lay out the maps of a scenario, at most ``across`` of them beside each other."""
    part = outcome.scenarios[place]
    width = _column_width(across)
    ground = ground_of(part.world, width, _TALLEST, most_people(outcome))
    name = wrapped(names(outcome.scenarios)[place], _WIDTH - 2 * _EDGE, NORMAL, bold=True)
    every, least = range(len(part.world.map_days)), _least(part)
    headings = [_heading(part, day, float(least[day]), width) for day in every]
    return [
        _Row(place, every[first : first + across], "" if first else name, headings[first : first + across], ground)
        for first in every[::across]
    ]


def _column_width(across: int) -> float:
    return (_WIDTH - 2 * _EDGE - _BETWEEN * (across - 1)) / across


def _box(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Make axes without lines or numbers at a place [inches]."""
    across, up = figure.get_size_inches()
    axes = figure.add_axes((left / across, bottom / up, width / across, height / up))
    axes.set_axis_off()
    axes.grid(visible=False)
    return axes


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
    return np.asarray(_maps(part).accident_rate.sum(axis=1))


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
    look: dict[str, Any] = {"cmap": _COLOURS, "norm": norm, "rasterized": in_one, "gid": f"map-{row.part}-{day}"}
    clipped(axes, axes.pcolormesh(ground.x_km, ground.y_km, np.ma.masked_invalid(grid), zorder=1, **look), ground)


def _write_heading(axes: Axes, row: _Row, column: int) -> None:
    """Write what stands above a map; the first of a row has the scenario's name above that, and the scale below."""
    when, total = row.headings[column]
    write_above(axes, total, _HEAD_GAP, size=SMALL)
    write_above(axes, when, _HEAD_GAP + text_height(total, SMALL), size=SMALL, weight="bold")
    if column == 0:
        write_above(axes, row.name, row.heading_height + _LINE_GAP, size=NORMAL, weight="bold")
        draw_scale(axes, row.ground, f"scale-{row.part}")


def _norm(found: Sequence[Array]) -> LogNorm:
    """Choose one logarithmic scale for all maps, of whole powers of ten.

    It reaches to a thousandth of the strongest block of the weakest map, but over five powers of ten at most.
    """
    highest = np.array([day.max() for values in found for day in values])
    highest = highest[highest > 0]
    if not highest.size:
        return LogNorm(1e-3, 1.0)
    lowest = min(float(day[day > 0].min()) for values in found for day in values if day.max() > 0)
    top = int(np.ceil(np.log10(highest.max()) - 1e-9))
    bottom = np.floor(np.log10(max(lowest, highest.min() / 1000)) + 1e-9)
    return LogNorm(10.0 ** min(max(int(bottom), top - _MOST_DECADES), top - 1), 10.0**top)


def _colour_bar(axes: Axes, norm: LogNorm, found: Sequence[Array]) -> None:
    """Draw the scale of colours with its unit; an arrow says that some values lie below it."""
    axes.set_axis_on()
    least = float(norm.vmin or 0.0)
    below = any(((values > 0) & (values < least)).any() for values in found)
    figure = axes.get_figure()
    if not isinstance(figure, Figure):
        raise TypeError("the axes lie in no figure")
    bar = figure.colorbar(
        ScalarMappable(norm, _COLOURS), cax=axes, orientation="horizontal", extend="min" if below else "neither"
    )
    bar.set_label("Expected accidents [per year and km²]", size=NORMAL)
    axes.xaxis.set_major_locator(LogLocator(numticks=99))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: plain_number(x) if x > 1e-6 else f"{x:.0e}"))


def _entries(outcome: Outcome, found: Sequence[Array]) -> list[tuple[str, dict[str, Any]]]:
    """Return what the key must explain beside the colours: ground without one, and released land."""
    entries: list[tuple[str, dict[str, Any]]] = []
    if any((values == 0).any() for values in found):
        entries.append(("none in any simulated world", {"facecolor": _NONE}))
    if any((_maps(part).released > MOSTLY).any() for part in outcome.scenarios):
        entries.append(("released in most simulated worlds", {"facecolor": "none", "hatch": HATCH}))
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
        parted = sorted((_half_share(parts[place], found[place][day]), place) for place in some)
        said_of = {place: share(100 * value, 0.0) for value, place in parted}
        start = f"After {duration(days[day])}, half of the accidents expected"
        if len(some) == 1:
            return f"{start} from {mines[some[0]]} lie in {said_of[some[0]]} of the area"
        ends = [said_of[parted[place][1]] for place in (0, -1)]
        if len(some) > 2 or ends[0] == ends[1]:
            spread = " to ".join(dict.fromkeys(ends))
            of = "both" if len(parts) == 2 else f"{len(some)} of {len(parts)}"
            return f"{start} lie in {spread} of the area in {of} scenarios"
        reference, other = some
        text = f"{start} from {mines[other]} lie in {said_of[other]} of the area"
        return f"{text}, against {said_of[reference]} from {mines[reference]}"
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
