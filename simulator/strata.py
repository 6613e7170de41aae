"""How mines end by themselves: as played, and in each of the four outcomes of their two devices.

The played reading follows the failures that were drawn. The estimate averages over the outcomes (self-destruct works
or fails, back-up works or fails) with their exact probabilities: the same mean with far less variance, and residues of
a few in a million are seen without hoping for one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.clocks import Array
from simulator.population import Chunk
from simulator.trajectory import Bins, TimeBins, bins_of
from simulator.world import MineKind

AFTER_ALL = 1e15  # [days]: later than any horizon, finite so that products with False stay 0


@dataclass(frozen=True, slots=True, eq=False)
class Stratum:
    """One way for the armed mines of a chunk to end by themselves: its weight, when, in which bin, and inert or gone.

    Each has shape [M], or is one value for all.
    """

    weight: Array | float
    end: Array
    bins: Bins
    inert: NDArray[np.bool_] | bool


@dataclass(frozen=True, slots=True, eq=False)
class DeviceEnds:
    """When each mechanism of a chunk's mines fires if it works, and in which bin; None where it never does."""

    size: int
    last_bin: int
    sd: Array | None
    sd_bins: Bins | None
    battery: Array | None
    battery_bins: Bins | None
    ageing: Array | None
    ageing_bins: Bins | None


def device_ends(chunk: Chunk, grid: TimeBins) -> DeviceEnds:
    """Put what a chunk drew on the time grid."""

    def binned(days: Array | None) -> Bins | None:
        return None if days is None else bins_of(days, grid)

    return DeviceEnds(
        chunk.accident_share.size, grid.size, chunk.self_destruct, binned(chunk.self_destruct),
        chunk.battery, binned(chunk.battery), chunk.ageing, binned(chunk.ageing),
    )  # fmt: skip


def played_stratum(chunk: Chunk, ends: DeviceEnds) -> Stratum:
    """How the mines end with the failures that were drawn; unarmed ones weigh nothing."""
    # A mechanism that fails fires after all: adding a huge time is many times faster than choosing element by element.
    sd = _delayed(ends.sd, chunk.self_destruct_fails)
    inert_at = _earliest(_delayed(ends.battery, chunk.backup_fails), ends.ageing)
    end = _earliest(sd, inert_at)
    bins = _earliest_bin(
        ends,
        _delayed_bins(ends.sd_bins, chunk.self_destruct_fails, ends.last_bin),
        _delayed_bins(ends.battery_bins, chunk.backup_fails, ends.last_bin),
    )
    weight: Array | float = 1.0 if chunk.unarmed is None else (~chunk.unarmed).astype(float)
    return Stratum(weight, _late(end, ends), bins, _inert_first(sd, inert_at))


def strata(chunk: Chunk, ends: DeviceEnds, kind: MineKind) -> Iterator[Stratum]:
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
        if not np.any(probability > 0):
            continue
        sd, sd_bins = (ends.sd, ends.sd_bins) if sd_works else (None, None)
        battery, battery_bins = (ends.battery, ends.battery_bins) if battery_works else (None, None)
        inert_at = _earliest(battery, ends.ageing)
        end = _late(_earliest(sd, inert_at), ends)
        weight = probability * (1.0 - kind.arming_failure)
        yield Stratum(weight, end, _earliest_bin(ends, sd_bins, battery_bins), _inert_first(sd, inert_at))


def _late(end: Array | None, ends: DeviceEnds) -> Array:
    return np.full(ends.size, AFTER_ALL) if end is None else end


def _delayed(days: Array | None, fails: NDArray[np.bool_] | None) -> Array | None:
    return days if days is None or fails is None else days + AFTER_ALL * fails


def _delayed_bins(bins: Bins | None, fails: NDArray[np.bool_] | None, last: int) -> Bins | None:
    return bins if bins is None or fails is None else np.maximum(bins, last * fails)


def _earliest(first: Array | None, second: Array | None) -> Array | None:
    if first is None or second is None:
        return second if first is None else first
    return np.minimum(first, second)


def _earliest_bin(ends: DeviceEnds, *mechanisms: Bins | None) -> Bins:
    earliest = ends.ageing_bins
    for bins in mechanisms:
        if bins is not None:
            earliest = bins if earliest is None else np.minimum(earliest, bins)
    return np.full(ends.size, ends.last_bin, dtype=np.intp) if earliest is None else earliest


def _inert_first(sd: Array | None, inert_at: Array | None) -> NDArray[np.bool_] | bool | Any:
    """Whether a mine ends inert, if it ends, shape [M] or the same for all; self-destruction wins a tie."""
    if inert_at is None:
        return False
    return True if sd is None else inert_at < sd
