"""Drawing mines: the only door to random numbers.

Random numbers are keyed, not consumed. A stream has the key (seed, replicate, purpose); within it the uniform of mine
i of a class stands at a fixed address, whatever is drawn before, in which chunks, or beside it. So the same mine has
the same draws in every scenario, and a difference between two scenarios is paired mine by mine.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray
from scipy import special

from simulator.clearance import pass_that_finds
from simulator.clocks import Array, day_of, read
from simulator.laws import Never
from simulator.lifetimes import inverse_survival
from simulator.scattering import Centres, Columns, centres_of, placed
from simulator.world import MineKind, World

CHUNK = 10_000
_LEAST_CORRELATION = 1e-9  # below it lots cannot be told apart, and quantiles of the Beta law lose their digits
_BLOCK = 4  # Philox4x64 makes four uniforms from one counter value.


class Purpose(IntEnum):
    """What a stream of uniforms decides. A number, once given, is never given to another purpose."""

    LAYING = 1
    CELL = 2
    ARMING = 3
    SELF_DESTRUCT_FAILURE = 4
    SELF_DESTRUCT_TIME = 5
    BACKUP_FAILURE = 6
    BATTERY_LIFE = 7
    AGEING = 8
    ACCIDENT = 9
    LOT_SELF_DESTRUCT = 10
    LOT_BACKUP = 11
    DETECTION = 12
    COMPLIANCE = 13
    OFFSET_X = 14
    OFFSET_Y = 15
    CENTRE_TRIANGLE = 16
    CENTRE_X = 17
    CENTRE_Y = 18
    CELL_ORDER = 19


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """The latent draws of mines first .. first + M of one class; each column has shape [M] or is None where it is
    certain.

    ``laid`` has shape [1] where all are laid at one time. Times are calendar days from the start, infinite where a law
    never fires; they hold whatever the failures are. ``accident_share`` is the survival uniform of the Exp(1) accident
    threshold; ``found_in`` the pass of a team that finds the item, one more than there are if none does, None
    without clearance.
    """

    first: int
    laid: Array
    cell: NDArray[np.intp]
    unarmed: NDArray[np.bool_] | None
    self_destruct: Array | None
    self_destruct_fails: NDArray[np.bool_] | None
    self_destruct_failure: Array | float
    battery: Array | None
    backup_fails: NDArray[np.bool_] | None
    backup_failure: Array | float
    ageing: Array | None
    accident_share: Array
    found_in: NDArray[np.intp] | None


def uniforms(seed: int, replicate: int, purpose: Purpose, slot: int, first: int, size: int, attempt: int = 0) -> Array:
    """Uniforms in (0, 1] at addresses first .. first + size of a stream, shape [size].

    ``attempt`` counts how often the same decision has been drawn before.
    """
    start, skip = divmod(first, _BLOCK)
    counter = np.array([start, 0, attempt, slot], dtype=np.uint64)
    bits = np.random.Philox(counter=counter, key=_key(seed, replicate, purpose))
    draws = np.random.Generator(bits).random(size + skip)
    np.subtract(1.0, draws, out=draws)
    return draws[skip:]


def chunks(world: World, kind: MineKind, replicate: int, seed: int, size: int = CHUNK) -> Iterator[Chunk]:
    """All mines of a class in one replicate, in chunks of at most ``size``; the draws do not depend on ``size``."""
    centres = cluster_centres(kind, seed, replicate)
    for first in range(0, kind.count, size):
        yield draw(world, kind, replicate, seed, first, min(size, kind.count - first), centres)


def cluster_centres(kind: MineKind, seed: int, replicate: int) -> Centres | None:
    """The centres of a class's clusters in one replicate; None where it has none."""

    def columns(attempt: int) -> tuple[Array, Array, Array]:
        first, second, third = (
            uniforms(seed, replicate, purpose, kind.slot, 0, kind.placing.clusters, attempt)
            for purpose in (Purpose.CENTRE_TRIANGLE, Purpose.CENTRE_X, Purpose.CENTRE_Y)
        )
        return first, second, third

    return centres_of(kind.placing, columns)


def draw(
    world: World, kind: MineKind, replicate: int, seed: int, first: int, size: int, centres: Centres | None = None
) -> Chunk:
    """The latent draws of ``size`` mines from index ``first``; ``centres`` are those of the class's clusters."""

    def column(purpose: Purpose, attempt: int = 0) -> Array:
        return uniforms(seed, replicate, purpose, kind.slot, first, size, attempt)

    period = kind.laid_to - kind.laid_from
    laid = kind.laid_from + period * column(Purpose.LAYING) if kind.is_wave else np.array([kind.laid_from])
    f1, f2 = _failure_probabilities(kind, seed, replicate, first, size)
    sd_fails = column(Purpose.SELF_DESTRUCT_FAILURE) <= f1 if kind.self_destruct_failure > 0 else None
    return Chunk(
        first=first,
        laid=laid,
        cell=placed(
            kind.placing,
            world.region,
            centres,
            Columns(
                partial(column, Purpose.CELL),
                partial(column, Purpose.OFFSET_X),
                partial(column, Purpose.OFFSET_Y),
                column(Purpose.COMPLIANCE) if kind.placing.rule is not None else None,
            ),
        ),
        unarmed=column(Purpose.ARMING) <= kind.arming_failure if kind.arming_failure > 0 else None,
        self_destruct=_self_destruct(kind, laid, column),
        self_destruct_fails=sd_fails,
        self_destruct_failure=f1,
        battery=_battery(kind, laid, column),
        backup_fails=_backup_fails(kind, sd_fails, f2, column),
        backup_failure=f2,
        ageing=_ageing(kind, laid, column),
        accident_share=column(Purpose.ACCIDENT),
        found_in=pass_that_finds(world.clearance, column(Purpose.DETECTION)) if world.clearance is not None else None,
    )


def _self_destruct(kind: MineKind, laid: Array, column: Callable[[Purpose], Array]) -> Array | None:
    if isinstance(kind.self_destruct, Never):
        return None
    return laid + inverse_survival(kind.self_destruct, column(Purpose.SELF_DESTRUCT_TIME))


def _ageing(kind: MineKind, laid: Array, column: Callable[[Purpose], Array]) -> Array | None:
    if isinstance(kind.ageing, Never):
        return None
    return laid + inverse_survival(kind.ageing, column(Purpose.AGEING))


def _battery(kind: MineKind, laid: Array, column: Callable[[Purpose], Array]) -> Array | None:
    if isinstance(kind.battery, Never):
        return None
    life = inverse_survival(kind.battery, column(Purpose.BATTERY_LIFE))
    return day_of(kind.battery_clock, life + read(kind.battery_clock, laid))


def _backup_fails(
    kind: MineKind, sd_fails: NDArray[np.bool_] | None, f2: Array | float, column: Callable[[Purpose], Array]
) -> NDArray[np.bool_] | None:
    share = column(Purpose.BACKUP_FAILURE) if kind.backup_failure > 0 or kind.common_cause > 0 else None
    if share is None:
        return None
    if sd_fails is None or kind.common_cause == 0:
        return share <= f2
    return share <= np.where(sd_fails, kind.common_cause + (1 - kind.common_cause) * f2, f2)


def _failure_probabilities(
    kind: MineKind, seed: int, replicate: int, first: int, size: int
) -> tuple[Array | float, Array | float]:
    """Failure probabilities f1, f2 of each mine's lot; the class's own where lots do not differ."""
    if kind.lot_correlation < _LEAST_CORRELATION or kind.lot_size == 1:
        return kind.self_destruct_failure, kind.backup_failure
    first_lot, last_lot = first // kind.lot_size, (first + size - 1) // kind.lot_size
    lots = np.arange(first, first + size) // kind.lot_size - first_lot

    def of_lots(mean: float, purpose: Purpose) -> Array | float:
        if not 0 < mean < 1:
            return mean
        share = uniforms(seed, replicate, purpose, kind.slot, first_lot, last_lot - first_lot + 1)
        spread = (1 - kind.lot_correlation) / kind.lot_correlation
        return np.asarray(special.betaincinv(mean * spread, (1 - mean) * spread, share))[lots]

    return (
        of_lots(kind.self_destruct_failure, Purpose.LOT_SELF_DESTRUCT),
        of_lots(kind.backup_failure, Purpose.LOT_BACKUP),
    )


@lru_cache(maxsize=64)
def _key(seed: int, replicate: int, purpose: int) -> NDArray[np.uint64]:
    return np.random.SeedSequence(seed, spawn_key=(replicate, purpose)).generate_state(2, np.uint64).astype(np.uint64)
