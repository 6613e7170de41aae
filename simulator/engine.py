"""Playing a world: draw its mines, let the field act, and read what became of every mine.

Where nothing interacts the field's history changes nothing, and each chunk is read as soon as it is drawn. Where
accidents mark cells or teams clear them, the columns are kept until the field has been played, or drawn again if there
are too many to keep: keyed draws are the same whenever they are drawn.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from simulator.clearance import RANDOM
from simulator.clocks import Array
from simulator.encounters import candidates_of, cell_days, least_share, possible_rows
from simulator.field import Candidates, play_field
from simulator.history import History
from simulator.population import CHUNK, Chunk, Purpose, chunks, uniforms
from simulator.readout import block_of_cells, land_of, maps_of, read_curves
from simulator.tally import Reading, Tally, add_chunk, empty_tally
from simulator.teams import Contamination
from simulator.trajectory import Trajectory, time_bins
from simulator.world import MineKind, World

MOST_KEPT = 15_000_000  # mines whose columns are kept in memory, some 60 bytes each


def play(world: World, replicate: int, chunk_size: int = CHUNK, seed: int | None = None) -> Trajectory:
    """Play one replicate of a world, with its own seed unless another is given.

    The result depends on the world, the seed and ``replicate``, never on ``chunk_size``.
    """
    seed = world.seed if seed is None else seed
    if world.interacts:
        tallies, history, reading = _play_interacting(world, replicate, chunk_size, seed)
    else:
        tallies, history, reading = _play_apart(world, replicate, chunk_size, seed)
    return Trajectory(
        read_curves(reading, history, [tally.played for tally in tallies], tallies, played=True),
        read_curves(reading, history, [tally.estimate for tally in tallies], tallies, played=False),
        land_of(reading, history, [tally.first_laid for tally in tallies]),
        maps_of(reading, history, tallies),
        history.events,
    )


def _play_apart(world: World, replicate: int, chunk_size: int, seed: int) -> tuple[list[Tally], History, Reading]:
    """Read each chunk as it is drawn; accidents are played, but change nothing."""
    reading, least = _reading(world, None), least_share(world)
    found: list[Candidates] = []
    tallies = []
    for index, kind in enumerate(world.kinds):
        tally = empty_tally(reading)
        for chunk in chunks(world, kind, replicate, seed, chunk_size):
            rows = possible_rows(chunk, least)
            add_chunk(tally, chunk, rows, kind, reading)
            found.append(candidates_of(chunk, rows, index, world))
        tallies.append(tally)
    history = play_field(world, joined(found), _contamination(world), None)
    return tallies, history, reading


def _play_interacting(world: World, replicate: int, chunk_size: int, seed: int) -> tuple[list[Tally], History, Reading]:
    """Draw every mine, play the field with those that matter to it, then read all of them against its history."""
    keep = sum(kind.count for kind in world.kinds) <= MOST_KEPT
    kept: list[list[Chunk]] = []
    found: list[Candidates] = []
    laid, least = _contamination(world), least_share(world)
    for index, kind in enumerate(world.kinds):
        kept.append([])
        for chunk in chunks(world, kind, replicate, seed, chunk_size):
            found.append(candidates_of(chunk, possible_rows(chunk, least), index, world))
            _contaminate(laid, chunk, kind)
            if keep:
                kept[-1].append(chunk)
    history = play_field(world, joined(found), laid, _cell_order(world, replicate, seed))
    reading = _reading(world, history)
    tallies = []
    for kind, drawn in zip(world.kinds, kept, strict=True):
        tally = empty_tally(reading)
        again: Iterator[Chunk] | Sequence[Chunk] = drawn if keep else chunks(world, kind, replicate, seed, chunk_size)
        for chunk in again:
            add_chunk(tally, chunk, possible_rows(chunk, least), kind, reading)
        tallies.append(tally)
    return tallies, history, reading


def joined(parts: Sequence[Candidates]) -> Candidates:
    """Candidates of several chunks in one, class by class and mine by mine."""
    columns = (
        np.concatenate([np.empty(0, dtype), *(getattr(part, name) for part in parts)])
        for name, dtype in (
            ("kind", np.intp), ("mine", np.int64), ("cell", np.intp), ("laid", float), ("threshold", float),
            ("end", float), ("found_in", np.intp),
        )
    )  # fmt: skip
    return Candidates(*columns)


def _reading(world: World, history: History | None) -> Reading:
    blocks: NDArray[np.intp] | None = block_of_cells(world.region) if world.map_days else None
    count = 0 if blocks is None else int(blocks.max()) + 1
    grid = time_bins(world.times)
    return Reading(world, grid, history, cell_days(history, grid), blocks, count)


def _contamination(world: World) -> Contamination:
    cells = world.region.area_km2.size
    return Contamination(np.full(cells, np.inf), np.full(cells, -np.inf))


def _contaminate(laid: Contamination, chunk: Chunk, kind: MineKind) -> None:
    """Note when cells receive the items of a chunk."""
    if kind.is_wave:
        np.minimum.at(laid.first_laid, chunk.cell, chunk.laid)
        np.maximum.at(laid.last_laid, chunk.cell, chunk.laid)
    else:
        laid.first_laid[chunk.cell] = np.minimum(laid.first_laid[chunk.cell], kind.laid_from)
        laid.last_laid[chunk.cell] = np.maximum(laid.last_laid[chunk.cell], kind.laid_from)


def _cell_order(world: World, replicate: int, seed: int) -> Array | None:
    if world.clearance is None or world.clearance.order != RANDOM:
        return None
    return uniforms(seed, replicate, Purpose.CELL_ORDER, 0, 0, world.region.area_km2.size)
