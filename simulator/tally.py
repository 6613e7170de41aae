"""Reading the latent columns: what becomes of each mine of a chunk, summed into curves without an event per mine.

Two readings are made of the same draws. The *played* one follows the failures that were drawn. The *estimate* averages
over the four failure outcomes (self-destruct works or fails, back-up works or fails) with their exact probabilities,
over arming, and over the accident threshold, whose survival is exp(-dose): the same mean, with far less variance, and
residues of a few in a million are seen without hoping for one.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.clocks import Array, read
from simulator.population import Chunk
from simulator.trajectory import Bins, TimeBins, bins_of
from simulator.world import Exposure, MineKind

_AFTER_ALL = 1e15  # [days]: later than any horizon, finite so that products with False stay 0
_MOST_DOSE = 600.0  # exp(600) is finite


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Mines that an accident could reach while they are hazardous, shape [M] each; ``inert_after`` says how they
    end.
    """

    mine: NDArray[np.int64]
    cell: NDArray[np.intp]
    laid: Array
    threshold: Array
    end: Array
    inert_after: NDArray[np.bool_]


_SUMS = ("laid", "laid_days", "ended_inert", "ended_days", "estimate_ended", "estimate_inert")
_GROUP_SUMS = ("armed", "ended", "estimate_started", "estimate_started_days", "estimate_ended", "estimate_ended_days")


@dataclass(slots=True, eq=False)
class Tally:
    """Sums over the mines of one class, as histograms over the time bins.

    ``sums`` [T + 1] are plain, ``group_sums`` [G (T + 1)] go by exposure group; those of the estimate there weigh each
    mine by exp(dose at laying), so that times exp(-dose) they give its survival of accidents. ``first_laid`` [C] is
    when each cell received its first item.
    """

    groups: int
    bins: int
    cells: int
    sums: dict[str, Array] = field(init=False)
    group_sums: dict[str, Array] = field(init=False)
    first_laid: Array = field(init=False)
    candidates: list[Candidates] = field(init=False)

    def __post_init__(self) -> None:
        self.sums = {name: np.zeros(self.bins) for name in _SUMS}
        self.group_sums = {name: np.zeros(self.groups * self.bins) for name in _GROUP_SUMS}
        self.first_laid = np.full(self.cells, np.inf)
        self.candidates = []


@dataclass(frozen=True, slots=True, eq=False)
class _Stratum:
    """One failure outcome: its probability, when mines end in it, in which bin, and whether they are inert then."""

    probability: Array | float
    end: Array
    bins: Bins
    inert: NDArray[np.bool_] | bool


def add_chunk(tally: Tally, chunk: Chunk, kind: MineKind, exposure: Exposure, grid: TimeBins) -> None:
    """Sum one chunk of mines into the tally."""
    if kind.is_wave:
        np.minimum.at(tally.first_laid, chunk.cell, chunk.laid)
    else:
        tally.first_laid[chunk.cell] = kind.laid_from
    ends = _ends(chunk, exposure, grid)
    _add_played(tally, chunk, ends, exposure)
    _add_estimate(tally, chunk, ends, kind, exposure)


@dataclass(frozen=True, slots=True, eq=False)
class _Ends:
    """When each mechanism fires if it works, and in which bin; None where it never does.

    ``group`` is where each mine's exposure group begins among the grouped sums, shape [M], or 0 where all are one
    group.
    """

    size: int
    horizon: float
    last_bin: int
    laid_bins: Bins
    several: bool
    group: Bins | int
    sd: Array | None
    sd_bins: Bins | None
    battery: Array | None
    battery_bins: Bins | None
    ageing: Array | None
    ageing_bins: Bins | None


def _ends(chunk: Chunk, exposure: Exposure, grid: TimeBins) -> _Ends:
    def binned(days: Array | None) -> Bins | None:
        return None if days is None else bins_of(days, grid)

    several = exposure.group_activity.size > 1
    group = exposure.group[chunk.cell] * (grid.size + 1) if several else 0
    return _Ends(
        chunk.accident_share.size, float(grid.times[-1]), grid.size, bins_of(chunk.laid, grid), several, group,
        chunk.self_destruct, binned(chunk.self_destruct), chunk.battery, binned(chunk.battery),
        chunk.ageing, binned(chunk.ageing),
    )  # fmt: skip


def _add_played(tally: Tally, chunk: Chunk, ends: _Ends, exposure: Exposure) -> None:
    # A mechanism that fails fires after all: adding a huge time is many times faster than choosing element by element.
    sd = _delayed(ends.sd, chunk.self_destruct_fails)
    inert_at = _earliest(_delayed(ends.battery, chunk.backup_fails), ends.ageing)
    end = _earliest(sd, inert_at)
    bins = _earliest_bin(
        ends,
        _delayed_bins(ends.sd_bins, chunk.self_destruct_fails, ends.last_bin),
        _delayed_bins(ends.battery_bins, chunk.backup_fails, ends.last_bin),
    )
    if end is None:
        end = np.full(ends.size, _AFTER_ALL)
    inert = np.broadcast_to(_inert_first(sd, inert_at), ends.size)
    armed: Array | float = 1.0 if chunk.unarmed is None else (~chunk.unarmed).astype(float)
    _add(tally.sums["laid"], ends.laid_bins, 1.0, ends.size)
    _add(tally.sums["laid_days"], ends.laid_bins, armed * chunk.laid, ends.size)
    _add(tally.group_sums["armed"], ends.laid_bins + ends.group, armed, ends.size)
    _add(tally.group_sums["ended"], bins + ends.group if ends.several else bins, armed, ends.size)
    # Ends after the horizon fall into the last bin, which no curve reads: cut off there, they stay finite.
    _add(tally.sums["ended_days"], bins, armed * np.minimum(end, ends.horizon), ends.size)
    _add(tally.sums["ended_inert"], bins, armed * inert, ends.size)
    _add_candidates(tally, chunk, end, inert, ends, exposure)


def _add_candidates(
    tally: Tally, chunk: Chunk, end: Array, inert: NDArray[np.bool_], ends: _Ends, exposure: Exposure
) -> None:
    """Keep the mines whose accident threshold lies below the dose they see by their end.

    A threshold lies below a dose exactly if its uniform lies above the survival of that dose; the largest dose of any
    mine sorts out nearly all of them before each one's own is computed.
    """
    largest = float(np.max(exposure.group_activity) * read(exposure.clock, np.array([ends.horizon]))[0])
    possible = np.flatnonzero(chunk.accident_share > np.exp(-largest))
    if chunk.unarmed is not None:
        possible = possible[~chunk.unarmed[possible]]
    laid = np.broadcast_to(chunk.laid, ends.size)[possible]
    dose = read(exposure.clock, np.minimum(end[possible], ends.horizon)) - read(exposure.clock, laid)
    reached = chunk.accident_share[possible] > np.exp(-dose * exposure.activity[chunk.cell[possible]])
    found = possible[reached]
    if found.size:
        threshold = -np.log(chunk.accident_share[found])
        tally.candidates.append(
            Candidates(chunk.first + found, chunk.cell[found], laid[reached], threshold, end[found], inert[found])
        )


def _add_estimate(tally: Tally, chunk: Chunk, ends: _Ends, kind: MineKind, exposure: Exposure) -> None:
    activity = exposure.activity[chunk.cell] if ends.several else float(exposure.group_activity[0])
    laying_dose = activity * read(exposure.clock, chunk.laid) if kind.laid_to != 0 else 0.0
    weight = 1.0 if kind.laid_to == 0 else np.exp(np.minimum(laying_dose, _MOST_DOSE))
    _add(tally.group_sums["estimate_started"], ends.laid_bins + ends.group, weight, ends.size)
    _add(tally.group_sums["estimate_started_days"], ends.laid_bins + ends.group, weight * chunk.laid, ends.size)
    for stratum in _strata(chunk, ends, kind):
        cells = stratum.bins + ends.group if ends.several else stratum.bins
        share = stratum.probability * weight
        _add(tally.group_sums["estimate_ended"], cells, share, ends.size)
        end = np.minimum(stratum.end, ends.horizon)
        _add(tally.group_sums["estimate_ended_days"], cells, share * end, ends.size)
        dose = activity * read(exposure.clock, end) - laying_dose
        survived = stratum.probability * np.exp(-dose)
        ended = _histogram(stratum.bins, survived, ends.size, tally.bins)
        tally.sums["estimate_ended"] += ended
        if stratum.inert is True:
            tally.sums["estimate_inert"] += ended
        elif stratum.inert is not False:
            _add(tally.sums["estimate_inert"], stratum.bins, survived * stratum.inert, ends.size)


def _strata(chunk: Chunk, ends: _Ends, kind: MineKind) -> Iterator[_Stratum]:
    """The failure outcomes that have a chance at all: works/works, works/fails, fails/works, fails/fails."""
    f1, f2, common = chunk.self_destruct_failure, chunk.backup_failure, kind.common_cause
    both = f1 * (common + (1 - common) * f2)
    outcomes = (
        ((1 - f1) * (1 - f2), True, True),
        ((1 - f1) * f2, True, False),
        (f1 - both, False, True),
        (both, False, False),
    )
    for probability, sd_works, battery_works in outcomes:
        sd, sd_bins = (ends.sd, ends.sd_bins) if sd_works else (None, None)
        battery, battery_bins = (ends.battery, ends.battery_bins) if battery_works else (None, None)
        inert_at = _earliest(battery, ends.ageing)
        end = _earliest(sd, inert_at)
        if np.any(probability > 0):
            bins = _earliest_bin(ends, sd_bins, battery_bins)
            late = np.full(ends.size, _AFTER_ALL) if end is None else end
            yield _Stratum(probability, late, bins, _inert_first(sd, inert_at))


def _delayed(days: Array | None, fails: NDArray[np.bool_] | None) -> Array | None:
    return days if days is None or fails is None else days + _AFTER_ALL * fails


def _delayed_bins(bins: Bins | None, fails: NDArray[np.bool_] | None, last: int) -> Bins | None:
    return bins if bins is None or fails is None else np.maximum(bins, last * fails)


def _earliest(first: Array | None, second: Array | None) -> Array | None:
    if first is None or second is None:
        return second if first is None else first
    return np.minimum(first, second)


def _earliest_bin(ends: _Ends, *mechanisms: Bins | None) -> Bins:
    earliest = ends.ageing_bins
    for bins in mechanisms:
        if bins is not None:
            earliest = bins if earliest is None else np.minimum(earliest, bins)
    return np.full(ends.size, ends.last_bin, dtype=np.intp) if earliest is None else earliest


def _inert_first(sd: Array | None, inert_at: Array | None) -> NDArray[np.bool_] | bool:
    """Whether a mine ends inert, if it ends, shape [M] or the same for all; self-destruction wins a tie."""
    if inert_at is None:
        return False
    return True if sd is None else inert_at < sd


def _add(total: Array, cells: Bins, values: NDArray[np.floating[Any]] | float, mines: int) -> None:
    total += _histogram(cells, values, mines, total.size)


def _histogram(cells: Bins, values: NDArray[np.floating[Any]] | float, mines: int, size: int) -> Array:
    """Sums of ``values`` of ``mines`` mines by cell, shape [size].

    Cells or values of shape [1], or a plain number, hold for all mines.
    """
    if cells.size == 1:
        sums = np.zeros(size)
        sums[cells[0]] = np.sum(values) if np.size(values) == mines else mines * np.ravel(values)[0]
        return sums
    if np.size(values) == 1:
        return np.asarray(float(np.ravel(values)[0]) * np.bincount(cells, minlength=size))
    return np.asarray(np.bincount(cells, np.asarray(values, dtype=float), size), dtype=float)
