"""When accidents and teams reach the mines of a chunk, given what happened to their cells."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.clocks import Array, read
from simulator.field import Candidates, accident_days
from simulator.history import History
from simulator.population import Chunk
from simulator.trajectory import Bins, TimeBins, bins_of
from simulator.world import World

Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class CellDays:
    """The days that concern all mines of a cell, with their time bins; None where nobody clears or marks.

    ``done`` [C, passes + 1] is when each pass is finished, the last column never; ``released`` and ``marked`` are [C].
    """

    done: Array | None
    done_bins: Bins | None
    released: Array | None
    released_bins: Bins | None
    marked: Array | None


@dataclass(frozen=True, slots=True, eq=False)
class Encounters:
    """What the mines of a chunk meet, whatever their devices do; each of shape [M], or [1] where all are alike.

    ``cleared`` is when a team finds the item, infinite if none does, ``released`` when its cell is released, both None
    without clearance. An accident reaches ``accident_rows`` by the horizon, on the days ``accident`` [rows].
    """

    size: int
    cell: Rows
    start: Array
    start_bins: Bins
    cleared: Array | None
    cleared_bins: Bins | None
    released: Array | None
    released_bins: Bins | None
    marked: Array | None
    accident_rows: Rows
    accident: Array
    accident_bins: Bins


def cell_days(history: History | None, grid: TimeBins) -> CellDays:
    """Put what happened to the cells on the time grid."""
    if history is None:
        return CellDays(None, None, None, None, None)
    if history.visits is None:
        return CellDays(None, None, None, None, history.marked_day)
    done = np.column_stack((history.visits.done, np.full(len(history.visits.done), np.inf)))
    released = history.visits.released
    return CellDays(done, bins_of(done, grid), released, bins_of(released, grid), history.marked_day)


def encounters(
    chunk: Chunk, rows: Rows, world: World, history: History | None, days: CellDays, grid: TimeBins
) -> Encounters:
    """What the mines of a chunk meet in a world of this history; None: nothing changes any cell.

    ``rows`` are those that an accident could reach at all.
    """
    cleared = cleared_bins = released = released_bins = None
    if days.done is not None and days.done_bins is not None and chunk.found_in is not None:
        place = chunk.cell * days.done.shape[1] + (chunk.found_in - 1)
        cleared, cleared_bins = days.done.ravel()[place], days.done_bins.ravel()[place]
        if days.released is not None and days.released_bins is not None:
            released, released_bins = days.released[chunk.cell], days.released_bins[chunk.cell]
    accident = np.empty(0)
    if rows.size:
        marked_at, pace = (None, 1.0) if history is None else (history.marked_at, history.pace)
        laid = np.broadcast_to(chunk.laid, chunk.cell.size)[rows]
        threshold = -np.log(chunk.accident_share[rows])
        _, accident = accident_days(world, chunk.cell[rows], laid, threshold, marked_at, pace)
        seen = accident <= world.horizon_days
        rows, accident = rows[seen], accident[seen]
    return Encounters(
        chunk.cell.size, chunk.cell, np.maximum(chunk.laid, 0.0), bins_of(chunk.laid, grid),
        cleared, cleared_bins, released, released_bins,
        None if days.marked is None else days.marked[chunk.cell],
        rows, accident, bins_of(accident, grid),
    )  # fmt: skip


def candidates_of(chunk: Chunk, possible: Rows, index: int, world: World) -> Candidates:
    """Those of some mines of a chunk whose accident threshold lies below the dose they see by their own end.

    Marking and clearance can only spare some of them.
    """
    exposure = world.exposure
    if chunk.unarmed is not None:
        possible = possible[~chunk.unarmed[possible]]
    laid = np.broadcast_to(chunk.laid, chunk.cell.size)[possible]
    end = _played_end(chunk, possible)
    dose = read(exposure.clock, np.minimum(end, world.horizon_days)) - read(exposure.clock, laid)
    reached = chunk.accident_share[possible] > np.exp(-dose * exposure.activity[chunk.cell[possible]])
    found = possible[reached]
    return Candidates(
        np.full(found.size, index, dtype=np.intp),
        (chunk.first + found).astype(np.int64),
        chunk.cell[found],
        laid[reached],
        -np.log(chunk.accident_share[found]),
        end[reached],
        np.ones(found.size, dtype=np.intp) if chunk.found_in is None else chunk.found_in[found],
    )


def least_share(world: World) -> float:
    """The survival of the largest dose that any mine can see: below it no accident share is ever reached."""
    exposure = world.exposure
    most = float(np.max(exposure.activity)) * float(read(exposure.clock, np.array([world.horizon_days]))[0])
    return float(np.exp(-most)) if most > 0 else 1.0


def possible_rows(chunk: Chunk, least: float) -> Rows:
    """The mines that an accident could reach at all, by the survival of the largest dose.

    A threshold lies below a dose exactly if its uniform lies above the survival of that dose. This sorts out nearly all
    mines before anything is computed for each one.
    """
    return np.flatnonzero(chunk.accident_share > least)


def _played_end(chunk: Chunk, rows: Rows) -> Array:
    """When some mines of a chunk end by themselves, as drawn."""
    end = np.full(rows.size, np.inf)
    for days, fails in (
        (chunk.self_destruct, chunk.self_destruct_fails), (chunk.battery, chunk.backup_fails), (chunk.ageing, None),
    ):  # fmt: skip
        if days is not None:
            its = days[rows] if fails is None else np.where(fails[rows], np.inf, days[rows])
            end = np.minimum(end, its)
    return end
