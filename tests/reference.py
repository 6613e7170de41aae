"""The model of design section 2 as an obvious loop over mines: slow, scalar and written from the text alone.

Only the world, the laws' parameters, the cells and the keyed uniforms are shared with the program; every lifetime, tie,
lot and dose is worked out again here, one mine at a time, so that the engine can be held to it exactly.
"""

import math
from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.special import gammainccinv, ndtr, ndtri
from scipy.stats import beta

from simulator.clocks import Clock
from simulator.laws import Exponential, Fixed, Gamma, Law, Lognormal, Never, Normal, Piecewise, Uniform, Weibull
from simulator.population import Purpose, uniforms
from simulator.region import cells_of
from simulator.world import Exposure, MineKind, World

DAYS_PER_YEAR = 365.25


@dataclass(frozen=True)
class Mine:
    """What fate drew for one mine: days from the start at which each thing would happen to it, infinite if never."""

    cell: int
    laid: float
    armed: bool
    self_destruct: float
    battery: float
    ageing: float
    accident: float


@dataclass(frozen=True)
class Played:
    """Curves [K, T] by mine class and grid time: counts, rate [per year], cumulative mine-days; and every accident."""

    laid: np.ndarray
    hazardous: np.ndarray
    inert: np.ndarray
    gone: np.ndarray
    accidents: np.ndarray
    accident_rate: np.ndarray
    mine_days: np.ndarray
    accident_list: list[tuple[float, int, int, int]]


def play(world: World, replicate: int) -> Played:
    """One replicate, mine by mine; ``accident_list`` holds (day, class, mine, cell) by day, up to the horizon."""
    shape = len(world.kinds), len(world.times)
    counts = {state: np.zeros(shape, dtype=int) for state in ("laid", "hazardous", "inert", "gone", "accidents")}
    accident_rate, mine_days = np.zeros(shape), np.zeros(shape)
    accident_list = []
    for k, kind in enumerate(world.kinds):
        for index, mine in enumerate(mines_of(world, kind, replicate)):
            until, becomes = fate(mine)
            if becomes == "accident" and until <= world.horizon_days:
                accident_list.append((until, k, index, mine.cell))
            for j, day in enumerate(world.times):
                if mine.laid > day:
                    continue
                counts["laid"][k, j] += 1
                mine_days[k, j] += min(day, until) - mine.laid
                if until > day:
                    counts["hazardous"][k, j] += 1
                    accident_rate[k, j] += rate_per_year(world.exposure, mine.cell, day)
                elif becomes == "inert":
                    counts["inert"][k, j] += 1
                else:
                    counts["gone"][k, j] += 1
                    counts["accidents"][k, j] += becomes == "accident"
    return Played(**counts, accident_rate=accident_rate, mine_days=mine_days, accident_list=sorted(accident_list))


def fate(mine: Mine) -> tuple[float, str]:
    """The day on which a mine stops being hazardous, and what it becomes: inert, gone, or gone in an accident.

    Ties: self-destruct beats battery and ageing, and expiry beats an accident.
    """
    if not mine.armed:
        return mine.laid, "inert"
    exhausted = min(mine.battery, mine.ageing)
    expiry = min(mine.self_destruct, exhausted)
    if mine.accident < expiry:
        return mine.accident, "accident"
    return expiry, "gone" if mine.self_destruct <= exhausted else "inert"


def mines_of(world: World, kind: MineKind, replicate: int) -> list[Mine]:
    """The mines of a class, each decision read from its own uniform column."""

    def column(purpose: Purpose) -> list[float]:
        return uniforms(world.seed, replicate, purpose, kind.slot, 0, kind.count).tolist()

    laid_shares, cell_shares, arming = column(Purpose.LAYING), column(Purpose.CELL), column(Purpose.ARMING)
    sd_failures, sd_shares = column(Purpose.SELF_DESTRUCT_FAILURE), column(Purpose.SELF_DESTRUCT_TIME)
    backup_failures, battery_shares = column(Purpose.BACKUP_FAILURE), column(Purpose.BATTERY_LIFE)
    ageing_shares, accident_shares = column(Purpose.AGEING), column(Purpose.ACCIDENT)
    f1_of_lot = lot_failures(world, kind, replicate, kind.self_destruct_failure, Purpose.LOT_SELF_DESTRUCT)
    f2_of_lot = lot_failures(world, kind, replicate, kind.backup_failure, Purpose.LOT_BACKUP)

    mines = []
    for i in range(kind.count):
        laid = kind.laid_from
        if kind.laid_to > kind.laid_from:
            laid += (kind.laid_to - kind.laid_from) * laid_shares[i]
        f1, f2 = f1_of_lot[i // kind.lot_size], f2_of_lot[i // kind.lot_size]
        sd_fails = sd_failures[i] <= f1
        backup_fails = backup_failures[i] <= (kind.common_cause + (1 - kind.common_cause) * f2 if sd_fails else f2)
        cell = int(cells_of(world.region, np.array([cell_shares[i]]))[0])
        battery = day_after(kind.battery_clock, laid, time_at(kind.battery, battery_shares[i]))
        activity = float(world.exposure.activity[cell])
        threshold = -math.log(accident_shares[i])
        dose_needed = threshold / activity if activity > 0 else math.inf
        mines.append(
            Mine(
                cell=cell,
                laid=laid,
                armed=arming[i] > kind.arming_failure,
                self_destruct=math.inf if sd_fails else laid + time_at(kind.self_destruct, sd_shares[i]),
                battery=math.inf if backup_fails else battery,
                ageing=laid + time_at(kind.ageing, ageing_shares[i]),
                accident=day_after(world.exposure.clock, laid, dose_needed),
            )
        )
    return mines


def lot_failures(world: World, kind: MineKind, replicate: int, mean: float, purpose: Purpose) -> list[float]:
    """The failure probability of each lot: Beta around the mean with the intra-lot correlation, or the mean itself."""
    lots = math.ceil(kind.count / kind.lot_size)
    r = kind.lot_correlation
    if not (kind.lot_size > 1 and r > 0 and 0 < mean < 1):
        return [mean] * lots
    law = beta(mean * (1 - r) / r, (1 - mean) * (1 - r) / r)
    return [float(law.ppf(share)) for share in uniforms(world.seed, replicate, purpose, kind.slot, 0, lots)]


def time_at(law: Law, share: float) -> float:
    """The time [days] at which the share still working has fallen to ``share``, in (0, 1]."""
    match law:
        case Fixed():
            return law.days
        case Never():
            return math.inf
        case Exponential():
            return -law.mean * math.log(share)
        case Weibull():
            return law.scale * (-math.log(share)) ** (1 / law.shape)
        case Lognormal():
            return law.median * math.exp(-law.sigma * float(ndtri(share)))
        case Gamma():
            return law.scale * float(gammainccinv(law.shape, share))
        case Normal():
            return max(0.0, law.mean - law.sd * float(ndtri(share * ndtr(law.mean / law.sd))))
        case Uniform():
            return law.high - share * (law.high - law.low)
        case Piecewise():
            points = law.points if law.points[0][0] == 0 else [(0.0, 1.0), *law.points]
            for (day, before), (next_day, after) in pairwise(points):
                if after <= share < before:
                    return day + (next_day - day) * (before - share) / (before - after)
            return math.inf if share < 1 else 0.0
    raise TypeError(law)


def day_after(clock: Clock, laid: float, advance: float) -> float:
    """The first day on which a clock has advanced by ``advance`` since ``laid``, its end pieces going on for ever."""
    if math.isinf(advance):
        return math.inf
    days, readings = clock.days.tolist(), clock.readings.tolist()
    i = piece(clock, laid)
    target = readings[i] + pace(clock, i) * (laid - days[i]) + advance
    while i < len(days) - 2 and readings[i + 1] < target:
        i += 1
    return days[i] + (target - readings[i]) / pace(clock, i) if pace(clock, i) > 0 else math.inf


def rate_per_year(exposure: Exposure, cell: int, day: float) -> float:
    """The accident rate [per year] of a hazardous mine in a cell on a day."""
    return float(exposure.activity[cell]) * pace(exposure.clock, piece(exposure.clock, day)) * DAYS_PER_YEAR


def piece(clock: Clock, day: float) -> int:
    """The number of the straight piece of a clock that a day falls in, the first and last reaching beyond the knots."""
    return min(max(bisect_right(clock.days.tolist(), day) - 1, 0), len(clock.days) - 2)


def pace(clock: Clock, i: int) -> float:
    """The advance per day of the i-th piece of a clock."""
    return float((clock.readings[i + 1] - clock.readings[i]) / (clock.days[i + 1] - clock.days[i]))
