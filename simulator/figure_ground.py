"""What maps are made of: land and border, settlements with some names, the scale of colours and of length, the key.

Lengths on paper are in inches, those in the field in km.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from simulator.clocks import Array
from simulator.cutting import IntArray
from simulator.experiment import Outcome
from simulator.figure_style import NORMAL, SMALL, text_height, text_width
from simulator.figure_wording import headline_number, plain_number
from simulator.place import Settled
from simulator.problems import printable

HATCH, OUTLINE = "////", "#333333"
KEY_SIZE = (4.9, 0.5)
# From light to dark without a turn, so that it reads in grey.
COLOURS = LinearSegmentedColormap.from_list("risk", ["#F4BC6C", "#E88F35", "#D05A00", "#852804", "#2A0902"])

_DOT = "#0072B2"
_BORDER = "#222222"
_MOST_DECADES = 5
_MOST_NAMES, _LONGEST_NAME = 5, 24
_MOST_DOTS = 60
_LARGEST_DOT, _SMALLEST_DOT = 0.14, 0.055
_BAR_BELOW, _BAR_SHARE = 0.16, 0.3
_NEAR, _PAD = 0.03, 0.02
_ROUND = (1.0, 2.0, 5.0)

_Drawn = TypeVar("_Drawn", bound=Artist)
_Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """A region as it is drawn: ``x_km`` [X + 1] and ``y_km`` [Y + 1] are the edges of the blocks' grid, ``row`` and
    ``column`` [blocks] the place of each in it; ``land`` is the outline as a path, ``scale`` inches per km, and
    ``most_people`` live where the largest dot is.
    """

    x_km: Array
    y_km: Array
    row: IntArray
    column: IntArray
    land: Path
    settlements: Settled | None
    scale: float
    most_people: float

    @property
    def width(self) -> float:
        """Width on paper [inches]."""
        return float(self.x_km[-1] - self.x_km[0]) * self.scale

    @property
    def height(self) -> float:
        """Height on paper [inches]."""
        return float(self.y_km[-1] - self.y_km[0]) * self.scale


def most_people(outcome: Outcome) -> float:
    """Return the population of the largest settlement of all scenarios; 0 where there are none."""
    every = [part.world.settlements for part in outcome.scenarios]
    return max((float(its.population.max()) for its in every if its is not None), default=0.0)


def is_crowded(outcome: Outcome) -> bool:
    """Tell whether a scenario has more settlements than are drawn."""
    every = [part.world.settlements for part in outcome.scenarios]
    return any(its is not None and len(its.names) > _MOST_DOTS for its in every)


def block_edges(start_km: float, length_km: float, side_km: float) -> Array:
    """Return the edges of blocks along one side of a region; the last block may be cut."""
    count = max(1, int(np.ceil(length_km / side_km - 1e-9)))
    return start_km + np.append(side_km * np.arange(count), length_km)


def bare_axes(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Make axes without lines or numbers at a place [inches]."""
    across, up = figure.get_size_inches()
    axes = figure.add_axes((left / across, bottom / up, width / across, height / up))
    axes.set_axis_off()
    axes.grid(visible=False)
    return axes


def clipped(axes: Axes, drawn: _Drawn, ground: Ground) -> _Drawn:
    """Cut what is drawn along the border."""
    drawn.set_clip_path(ground.land, axes.transData)
    return drawn


def draw_land(axes: Axes, ground: Ground, colour: str, gid: str) -> None:
    """Fill the land, below what is drawn on it, and draw its border above that."""
    axes.set(xlim=ground.x_km[[0, -1]], ylim=ground.y_km[[0, -1]])
    axes.add_patch(PathPatch(ground.land, facecolor=colour, edgecolor="none", zorder=0.5))
    look: dict[str, Any] = {"facecolor": "none", "edgecolor": _BORDER, "linewidth": 0.9, "joinstyle": "round"}
    axes.add_patch(PathPatch(ground.land, zorder=3, clip_on=False, gid=gid, **look))


def draw_settlements(axes: Axes, ground: Ground, gid: str) -> None:
    """Draw the largest settlements as dots whose area is their population, and name some of them."""
    its = ground.settlements
    if its is None:
        return
    look: dict[str, Any] = {"color": _DOT, "edgecolor": "white", "linewidth": 0.6, "clip_on": False, "zorder": 4}
    order = largest_places(its)
    sizes = (72 * dot_widths(its.population[order], ground.most_people)) ** 2
    axes.scatter(its.x_km[order], its.y_km[order], sizes, gid=gid, **look)
    box = {"boxstyle": "square,pad=0.1", "facecolor": (1, 1, 1, 0.85), "edgecolor": "none"}
    for name, x, y in named_places(ground):
        axes.text(x, y, name, size=SMALL, va="center", bbox=box, zorder=5)


def largest_places(its: Settled) -> IntArray:
    """Return which settlements are drawn, the largest first."""
    return np.argsort(-its.population, kind="stable")[:_MOST_DOTS]


def dot_widths(population: Array, most: float) -> Array:
    """Return how wide the dots of populations are, any shape, in inches; the largest stands for ``most``."""
    return np.maximum(_LARGEST_DOT * np.sqrt(population / most) if most > 0 else 0.0 * population, _SMALLEST_DOT)


def named_places(ground: Ground) -> Iterator[tuple[str, float, float]]:
    """Choose names of large settlements and where they begin [km], so that none lies over another, a dot or the edge.

    A name stands to the right, left, above or below its dot, off the border if it can; without room, it is left out.
    """
    its = ground.settlements
    if its is None:
        return
    order = largest_places(its)
    x = (its.x_km[order] - ground.x_km[0]) * ground.scale
    y = (its.y_km[order] - ground.y_km[0]) * ground.scale
    half = dot_widths(its.population[order], ground.most_people) / 2
    dots = np.column_stack((x - half, y - half, x + half, y + half))
    taken: list[_Box] = []
    for place, settlement in enumerate(order[:_MOST_NAMES]):
        name = _shortened(its.names[settlement])
        others = np.array([*np.delete(dots, place, axis=0), *taken]).reshape(-1, 4)
        boxes = _boxes(name, float(x[place]), float(y[place]), float(half[place]))
        for box in sorted(boxes, key=lambda box: not _on_land(box, ground)):
            if _inside(box, ground) and not _meets(box, others):
                taken.append(box)
                yield (
                    name,
                    float(ground.x_km[0]) + (box[0] + _PAD) / ground.scale,
                    float(ground.y_km[0]) + (box[1] + box[3]) / 2 / ground.scale,
                )
                break


def draw_scale(axes: Axes, ground: Ground, gid: str) -> None:
    """Draw a bar of a round number of km below the map, and an arrow to the north."""
    km = round_below(_BAR_SHARE * max(ground.width, 1.2) / ground.scale)
    west, y = float(ground.x_km[0]), float(ground.y_km[0]) - _BAR_BELOW / ground.scale
    look: dict[str, Any] = {"color": "black", "linewidth": 2.0, "solid_capstyle": "butt", "clip_on": False}
    axes.plot([west, west + km], [y, y], gid=gid, **look)
    words = f"{plain_number(km)} km\xa0\xa0 ↑ N"
    axes.text(west + km + 0.07 / ground.scale, y, words, size=SMALL, va="center_baseline")


def common_scale(found: Sequence[Array]) -> LogNorm:
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


def draw_colour_bar(axes: Axes, norm: LogNorm, found: Sequence[Array]) -> None:
    """Draw the scale of colours with its unit; an arrow says that some values lie below it."""
    axes.set_axis_on()
    least = float(norm.vmin or 1.0)
    below = any(((values > 0) & (values < least)).any() for values in found)
    figure = axes.get_figure()
    if not isinstance(figure, Figure):
        raise TypeError("the axes lie in no figure")
    bar = figure.colorbar(
        ScalarMappable(norm, COLOURS), cax=axes, orientation="horizontal", extend="min" if below else "neither"
    )
    bar.set_label("Expected accidents [per year and km²]", size=NORMAL)
    powers = range(round(np.log10(least)), round(np.log10(float(norm.vmax or 1.0))) + 1)
    bar.set_ticks([10.0**power for power in powers])
    bar.set_ticklabels([plain_number(10.0**power) if power > -7 else f"1e{power}" for power in powers])
    bar.minorticks_off()


def draw_key(axes: Axes, entries: Sequence[tuple[str, dict[str, Any]]], people: float, *, crowded: bool) -> None:
    """Write the key to fillings, and to dots of a round number of ``people`` or fewer, in axes of KEY_SIZE [inches].

    ``crowded``: there are more settlements than are drawn.
    """
    axes.set(xlim=(0.0, KEY_SIZE[0]), ylim=(0.0, KEY_SIZE[1]))
    x, wide, high = 0.0, 0.3, 0.15
    for text, look in entries:
        axes.add_patch(Rectangle((x, KEY_SIZE[1] - high), wide, high, edgecolor=OUTLINE, linewidth=0.5, **look))
        axes.text(x + wide + 0.08, KEY_SIZE[1] - high / 2, text, size=SMALL, va="center_baseline")
        x += wide + text_width(text, SMALL) + 0.3
    if not people >= 1:
        return
    x, y, largest = 0.1, 0.1, round_below(people)
    for size in dict.fromkeys((largest, max(largest / 10, 1.0))):
        text = f"{headline_number(size)} people" if size > 1 else "1 person"
        width = float(dot_widths(np.array(size), people))
        axes.scatter(x, y, (72 * width) ** 2, color=_DOT, edgecolor="white", linewidth=0.6)
        axes.text(x + 0.13, y, text, size=SMALL, va="center_baseline")
        x += text_width(text, SMALL) + 0.45
    if crowded:
        axes.text(x - 0.1, y, f"(the {_MOST_DOTS} largest settlements)", size=SMALL, va="center_baseline")


def round_below(value: float) -> float:
    """Return the largest 1, 2 or 5 times a power of ten that is at most a value above 0."""
    power = 10.0 ** np.floor(np.log10(value) + 1e-9)
    return float(max(step for step in _ROUND if step * power <= value * (1 + 1e-9)) * power)


def _shortened(name: str) -> str:
    name = " ".join(printable(name).split())
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1].rstrip()}…"


def _boxes(name: str, x: float, y: float, half: float) -> Sequence[_Box]:
    """Return the boxes that a name may have around its dot, the best first."""
    width, height = text_width(name, SMALL) + 2 * _PAD, text_height(name, SMALL)
    away = half + _NEAR
    corners = (
        (x + away, y - height / 2),
        (x - away - width, y - height / 2),
        (x - width / 2, y + away),
        (x - width / 2, y - away - height),
    )
    return [(left, low, left + width, low + height) for left, low in corners]


def _inside(box: _Box, ground: Ground) -> bool:
    return box[0] >= 0 and box[1] >= 0 and box[2] <= ground.width and box[3] <= ground.height


def _on_land(box: _Box, ground: Ground) -> bool:
    """Tell whether the corners of a box are on land: inside an odd number of rings, for holes are no land."""
    corners = np.array([(x, y) for x in (box[0], box[2]) for y in (box[1], box[3])])
    places = corners / ground.scale + (ground.x_km[0], ground.y_km[0])
    around = sum(Path(ring).contains_points(places).astype(int) for ring in ground.land.to_polygons())
    return bool(np.all(around % 2 == 1))


def _meets(box: _Box, others: Array) -> bool:
    left, low, right, high = others.T
    return bool(((box[0] < right) & (left < box[2]) & (box[1] < high) & (low < box[3])).any())
