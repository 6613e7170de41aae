"""Reading the latent columns: what becomes of each mine, summed over the time grid without an event per mine.

Every mine ends by itself, by an accident, or is found by a team, whichever comes first. Two readings are summed: the
played one, and the estimate over the failure outcomes. In the estimate a mine's accident threshold is the one that was
drawn, and the world around it the one in which it has had no accident: until its accident the two are the same, so the
mean is exact under any feedback. Where all cells have the same dose and nothing feeds back on it, thresholds are
averaged out as well: a mine survives a dose with probability exp(-dose).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.clearance import ACCIDENTS_FIRST
from simulator.clocks import Array, read
from simulator.encounters import CellDays, Encounters, Rows, encounters
from simulator.history import History
from simulator.population import Chunk
from simulator.strata import Stratum, device_ends, played_stratum, strata
from simulator.trajectory import Bins, TimeBins
from simulator.world import MineKind, World

_MOST_DOSE = 600.0  # exp(600) is finite

_EVENTS = (
    "started", "started_days", "stopped", "stopped_days", "started_pull", "started_reading", "stopped_pull",
    "stopped_reading", "inert_from", "inert_until", "cleared_hazardous", "cleared_inert", "missed_hazardous",
    "missed_inert", "ended",
)  # fmt: skip


@dataclass(slots=True, eq=False)
class Sums:
    """Weights of what happens to the mines of one class, as histograms [T + 1] over the time bins.

    ``_days`` and ``_reading`` weigh each event by its day and by its cell's clock; ``_pull`` by the cell's activity and
    pace. ``through_marking`` [C] weighs the mines that are hazardous when their cell is marked. Maps are [D, blocks].
    """

    bins: int
    cells: int
    maps: tuple[int, int]
    events: dict[str, Array] = field(init=False)
    through_marking: Array = field(init=False)
    map_hazardous: Array = field(init=False)
    map_pull: Array = field(init=False)
    map_inert: Array = field(init=False)

    def __post_init__(self) -> None:
        self.events = {name: np.zeros(self.bins) for name in _EVENTS}
        self.through_marking = np.zeros(self.cells)
        self.map_hazardous, self.map_pull, self.map_inert = (np.zeros(self.maps) for _ in range(3))


@dataclass(slots=True, eq=False)
class Tally:
    """One class: ``laid`` [T + 1] items by time bin, when each cell received its first [C], and both readings."""

    played: Sums
    estimate: Sums
    laid: Array
    first_laid: Array


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """How chunks are read: the world, its time grid, the cells' history, and the map block of each cell, if any."""

    world: World
    grid: TimeBins
    history: History | None
    days: CellDays
    blocks: NDArray[np.intp] | None
    block_count: int

    @property
    def averaged(self) -> bool:
        """Whether the estimate averages over accident thresholds: the dose is the same everywhere, whatever happens."""
        return self.world.exposure.even and not self.world.interacts

    @property
    def order_depends_on_accidents(self) -> bool:
        """Whether a mine's accident changes when teams come to its cell."""
        return self.world.clearance is not None and self.world.clearance.order == ACCIDENTS_FIRST

    @property
    def same_pull(self) -> bool:
        """Whether a hazardous mine has the same accident rate in every cell at any time."""
        return self.world.exposure.even and self.world.marking is None

    @property
    def plain(self) -> bool:
        """Whether that rate never changes either, so that accidents follow from mine-days alone."""
        return self.same_pull and self.world.exposure.clock.is_linear


def empty_tally(reading: Reading) -> Tally:
    """A tally of nothing yet."""
    cells, bins = reading.world.region.area_km2.size, reading.grid.size + 1
    maps = len(reading.world.map_days), reading.block_count
    return Tally(Sums(bins, cells, maps), Sums(bins, cells, maps), np.zeros(bins), np.full(cells, np.inf))


def add_chunk(tally: Tally, chunk: Chunk, rows: Rows, kind: MineKind, reading: Reading) -> None:
    """Sum one chunk of mines into the tally; ``rows`` are those that an accident could reach at all."""
    if kind.is_wave:
        np.minimum.at(tally.first_laid, chunk.cell, chunk.laid)
    else:
        tally.first_laid[chunk.cell] = kind.laid_from
    met = encounters(chunk, rows, reading.world, reading.history, reading.days, reading.grid)
    tally.laid += _histogram(met.start_bins, 1.0, met.size, tally.laid.size)
    ends = device_ends(chunk, reading.grid)
    played = played_stratum(chunk, ends)
    unarmed: Array | float = 0.0 if chunk.unarmed is None else chunk.unarmed.astype(float)
    _add_starts(tally.played, met, played.weight, reading, with_dose=False)
    _add_ends(tally.played, met, played, kind, reading, with_dose=False)
    _add_unarmed(tally.played, met, unarmed, reading)
    armed = 1.0 - kind.arming_failure
    if reading.averaged:
        _add_averaged(tally.estimate, met, strata(chunk, ends, kind), kind, reading)
    else:
        _add_starts(tally.estimate, met, armed, reading, with_dose=True)
        for stratum in strata(chunk, ends, kind):
            _add_ends(tally.estimate, met, stratum, kind, reading, with_dose=True)
    _add_unarmed(tally.estimate, met, kind.arming_failure, reading)


def _with_accidents(met: Encounters, stratum: Stratum) -> Stratum:
    """The stratum with those that have an accident before anything else gone on that day; a tie goes to the rest."""
    rows = met.accident_rows
    if not rows.size:
        return stratum
    before = met.accident < stratum.end[rows]
    if met.cleared is not None:
        before &= met.accident < met.cleared[rows]
    if not before.any():
        return stratum
    hit = rows[before]
    end, bins = stratum.end.copy(), stratum.bins.copy()
    end[hit], bins[hit] = met.accident[before], met.accident_bins[before]
    inert = stratum.inert
    if inert is not False:
        inert = np.array(np.broadcast_to(inert, met.size))
        inert[hit] = False
    return replace(stratum, end=end, bins=bins, inert=inert)


def _add_starts(sums: Sums, met: Encounters, weight: Array | float, reading: Reading, *, with_dose: bool) -> None:
    """Mines that become hazardous as they are laid; those laid before the start are so from the start on."""
    _add(sums, "started", met.start_bins, weight, met.size)
    _add(sums, "started_days", met.start_bins, weight * met.start, met.size)
    _add_pull(sums, "started", met, (met.start, met.start_bins), weight, reading, with_dose=with_dose)


def _add_ends(sums: Sums, met: Encounters, own: Stratum, kind: MineKind, reading: Reading, *, with_dose: bool) -> None:
    """Mines that stop being hazardous, become inert, and are found or missed by the teams."""
    stratum = _with_accidents(met, own)
    weight, end, bins, size = stratum.weight, stratum.end, stratum.bins, met.size
    stop, stop_bins, becomes = end, bins, stratum.inert
    if met.cleared is not None and met.cleared_bins is not None:
        stop, stop_bins = np.minimum(end, met.cleared), np.minimum(bins, met.cleared_bins)
        if becomes is not False:
            becomes = becomes & (end <= met.cleared)
    _add(sums, "stopped", stop_bins, weight, size)
    capped = _within(stop, kind, reading)
    _add(sums, "stopped_days", stop_bins, weight * capped, size)
    _add_pull(sums, "stopped", met, (capped, stop_bins), weight, reading, with_dose=with_dose)
    if met.marked is not None:
        through = (met.start <= met.marked) & (stop > met.marked)
        sums.through_marking += np.bincount(met.cell, weight * through, sums.through_marking.size)
    if becomes is not False:
        _add(sums, "inert_from", bins, weight * becomes, size)
    if met.cleared is not None:
        _add_found(sums, met, stratum, becomes)
    if reading.blocks is not None:
        _add_map(sums.map_hazardous, met, (met.start, stop), weight, reading)
        _add_map(sums.map_pull, met, (met.start, stop), weight * _pull_by_day(met, reading), reading)
        _add_map(sums.map_inert, met, (end, met.cleared), weight * becomes, reading)


def _add_averaged(sums: Sums, met: Encounters, outcomes: Iterable[Stratum], kind: MineKind, reading: Reading) -> None:
    """Mines that end by themselves, weighed so that times exp(-dose) they give those that no accident took before."""
    exposure, size, armed = reading.world.exposure, met.size, 1.0 - kind.arming_failure
    pull = float(exposure.activity[0])
    laying_dose = pull * read(exposure.clock, met.start) if kind.laid_to > 0 else np.zeros(1)
    raised: Array | float = np.exp(np.minimum(laying_dose, _MOST_DOSE)) if kind.laid_to > 0 else 1.0
    _add(sums, "started", met.start_bins, armed * raised, size)
    _add(sums, "started_days", met.start_bins, armed * raised * met.start, size)
    for stratum in outcomes:
        share = stratum.weight * raised
        capped = _within(stratum.end, kind, reading)
        survived = stratum.weight * np.exp(laying_dose - pull * read(exposure.clock, capped))
        _add(sums, "stopped", stratum.bins, share, size)
        _add(sums, "stopped_days", stratum.bins, share * capped, size)
        ended = _histogram(stratum.bins, survived, size, reading.grid.size + 1)
        sums.events["ended"] += ended
        if stratum.inert is True:
            sums.events["inert_from"] += ended
        elif stratum.inert is not False:
            _add(sums, "inert_from", stratum.bins, survived * stratum.inert, size)
        if reading.blocks is not None:
            _add_map(sums.map_hazardous, met, (met.start, stratum.end), share, reading)
            _add_map(sums.map_pull, met, (met.start, stratum.end), share * pull, reading)
            _add_map(sums.map_inert, met, (stratum.end, None), survived * stratum.inert, reading)


def _within(days: Array, kind: MineKind, reading: Reading) -> Array:
    """Days cut off at the horizon, beyond which no curve reads them, so that they stay finite; and at the start."""
    capped = np.minimum(days, float(reading.grid.times[-1]))
    return np.maximum(capped, 0.0) if kind.laid_from < 0 else capped


def _add_found(sums: Sums, met: Encounters, stratum: Stratum, becomes: NDArray[np.bool_] | bool) -> None:
    """What the teams take away, and what they leave in a cell that they release, by the state it is in then."""
    if met.cleared is None or met.cleared_bins is None:
        return
    weight, end, size = stratum.weight, stratum.end, met.size
    _add(sums, "cleared_hazardous", met.cleared_bins, weight * (met.cleared < end), size)
    if becomes is not False:
        _add(sums, "cleared_inert", met.cleared_bins, weight * becomes, size)
        _add(sums, "inert_until", met.cleared_bins, weight * becomes, size)
    _add_missed(sums, met, "missed_hazardous", weight, lambda rows, day: end[rows] > day)
    if stratum.inert is not False:
        inert = np.broadcast_to(stratum.inert, size)
        _add_missed(sums, met, "missed_inert", weight, lambda rows, day: inert[rows] & (end[rows] <= day))


def _add_missed(
    sums: Sums, met: Encounters, name: str, weight: Array | float, there: Callable[[Rows, Array], NDArray[np.bool_]]
) -> None:
    """Items that no pass finds and that are ``there`` when their cell is released. They are few: one in hundreds."""
    if met.cleared is None or met.released is None or met.released_bins is None:
        return
    rows = np.flatnonzero(np.isinf(met.cleared) & np.isfinite(met.released))
    if rows.size:
        its = np.broadcast_to(np.asarray(weight, dtype=float), met.size)[rows]
        _add(sums, name, met.released_bins[rows], its * there(rows, met.released[rows]), rows.size)


def _add_unarmed(sums: Sums, met: Encounters, weight: Array | float, reading: Reading) -> None:
    """Items that never arm lie inert from the day they are laid."""
    if not np.any(weight):
        return
    _add(sums, "inert_from", met.start_bins, weight, met.size)
    if met.cleared is not None and met.cleared_bins is not None:
        _add(sums, "cleared_inert", met.cleared_bins, weight, met.size)
        _add(sums, "inert_until", met.cleared_bins, weight, met.size)
        _add_missed(sums, met, "missed_inert", weight, lambda rows, _: np.ones(rows.size, dtype=bool))
    if reading.blocks is not None:
        _add_map(sums.map_inert, met, (met.start, met.cleared), weight, reading)


def _add_pull(
    sums: Sums, event: str, met: Encounters, moment: tuple[Array, Bins], weight: Array | float, reading: Reading,
    *, with_dose: bool,
) -> None:  # fmt: skip
    """Weigh mines that start or stop being hazardous by their accident rate, and if asked by the clock then."""
    if reading.plain or (reading.same_pull and not with_dose):
        return
    (days, bins), exposure, history = moment, reading.world.exposure, reading.history
    pull = exposure.activity[:1] if exposure.even else exposure.activity[met.cell]
    if history is not None and met.marked is not None:
        pull = pull * np.where(days > met.marked, history.pace, 1.0)
    pull = weight * pull
    _add(sums, f"{event}_pull", bins, pull, met.size)
    if with_dose:
        _add(sums, f"{event}_reading", bins, pull * read(exposure.clock, days), met.size)


def _pull_by_day(met: Encounters, reading: Reading) -> Array:
    """What each mine's cell multiplies its accident rate by on the days of the maps, [D, M]."""
    pull = reading.world.exposure.activity[met.cell]
    if met.marked is None or reading.history is None:
        return np.broadcast_to(pull, (len(reading.world.map_days), met.size))
    days = np.array(reading.world.map_days)[:, None]
    return pull * np.where(days > met.marked, reading.history.pace, 1.0)


def _add_map(
    total: Array,
    met: Encounters,
    period: tuple[Array, Array | None],
    weight: NDArray[np.floating[Any]] | float,
    reading: Reading,
) -> None:
    """Add to a map [D, blocks] the items in a state on each of its days: from the first of a period until the last.

    ``weight`` [M], or [D, M] where it is another one on each day.
    """
    if reading.blocks is None:
        return
    begin, until = period
    by_day = np.atleast_2d(np.asarray(weight, dtype=float))
    for place, day in enumerate(reading.world.map_days):
        there = begin <= day if until is None else (begin <= day) & (until > day)
        rows = np.flatnonzero(np.broadcast_to(there, met.size))
        values = np.broadcast_to(by_day[min(place, len(by_day) - 1)], met.size)[rows]
        total[place] += np.bincount(reading.blocks[met.cell[rows]], values, total.shape[1])


def _add(sums: Sums, name: str, bins: Bins, values: NDArray[np.generic] | float, mines: int) -> None:
    total = sums.events[name]
    total += _histogram(bins, values, mines, total.size)


def _histogram(bins: Bins, values: NDArray[np.generic] | float, mines: int, size: int) -> Array:
    """Sums of ``values`` of ``mines`` mines by bin, shape [size].

    Bins or values of shape [1], or a plain number, hold for all mines.
    """
    if bins.size == 1:
        sums = np.zeros(size)
        sums[bins[0]] = np.sum(values) if np.size(values) == mines else mines * np.ravel(values)[0]
        return sums
    if np.size(values) == 1:
        return np.asarray(float(np.ravel(values)[0]) * np.bincount(bins, minlength=size))
    return np.asarray(np.bincount(bins, np.asarray(values, dtype=float), size), dtype=float)
