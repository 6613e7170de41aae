"""The model of design section 2 as an obvious loop over mines: slow, scalar and written from the text alone.

Only the world, the laws' parameters, the cells and the keyed uniforms are shared with the program; every lifetime, tie,
lot and dose is worked out again here, one mine at a time, so that the engine can be held to it exactly. What happens in
the cells is in `reference_field`; here mines are drawn before it, and counted after it.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from reference_field import Cell, Mine, day_after, expiry, in_the_ground, pace, piece, play_field, reading
from scipy.special import gammainccinv, ndtr, ndtri
from scipy.stats import beta

from simulator.laws import Exponential, Fixed, Gamma, Law, Lognormal, Never, Normal, Piecewise, Uniform, Weibull
from simulator.population import Purpose, cluster_centres, draw, uniforms
from simulator.world import MineKind, World

DAYS_PER_YEAR = 365.25
RELEASED_SHARES = (0.5, 0.9, 1.0)
COUNTS = (
    "laid", "hazardous", "inert", "gone", "accidents",
    "cleared_hazardous", "cleared_inert", "missed_hazardous", "missed_inert",
)  # fmt: skip


@dataclass(frozen=True)
class Land:
    """Land [km2] and work: denied [K + 1, T], last any class; released [T]; team-days [T]; days of released shares."""

    denied_km2: np.ndarray
    released_km2: np.ndarray
    team_days: np.ndarray
    release_days: np.ndarray


@dataclass(frozen=True)
class Played:
    """Curves [K, T] by mine class and grid time: counts, rate [per year], cumulative mine-days; accidents and land."""

    laid: np.ndarray
    hazardous: np.ndarray
    inert: np.ndarray
    gone: np.ndarray
    accidents: np.ndarray
    cleared_hazardous: np.ndarray
    cleared_inert: np.ndarray
    missed_hazardous: np.ndarray
    missed_inert: np.ndarray
    accident_rate: np.ndarray
    mine_days: np.ndarray
    accident_list: list[tuple[float, int, int, int]]
    land: Land


def play(world: World, replicate: int) -> Played:
    """One replicate, mine by mine; ``accident_list`` holds (day, class, mine, cell) by day, up to the horizon."""
    mines = [mine for k, kind in enumerate(world.kinds) for mine in mines_of(world, k, kind, replicate)]
    cells = play_field(world, replicate, mines)
    shape = len(world.kinds), len(world.times)
    counts = {name: np.zeros(shape, dtype=int) for name in COUNTS}
    accident_rate, mine_days = np.zeros(shape), np.zeros(shape)
    for mine in mines:
        expires, _ = expiry(mine)
        until = min(expires, mine.accident, mine.cleared)
        for j, day in enumerate(world.times.tolist()):
            if mine.laid > day:
                continue
            happened = {
                "laid": True,
                "hazardous": until > day,
                "inert": until <= day and in_the_ground(mine, day),
                "gone": not in_the_ground(mine, day),
                "accidents": mine.accident <= day,
                "cleared_hazardous": mine.cleared <= day and expires > mine.cleared,
                "cleared_inert": mine.cleared <= day and expires <= mine.cleared,
                "missed_hazardous": mine.missed <= day and expires > mine.missed,
                "missed_inert": mine.missed <= day and expires <= mine.missed,
            }
            for name in COUNTS:
                counts[name][mine.kind, j] += happened[name]
            mine_days[mine.kind, j] += max(0.0, min(day, until) - max(mine.laid, 0.0))
            if until > day:
                accident_rate[mine.kind, j] += rate_per_year(world, cells[mine.cell], day)
    accidents = [(mine.accident, mine.kind, mine.index, mine.cell) for mine in mines if mine.accident < math.inf]
    land = land_of(world, mines, cells)
    return Played(
        **counts, accident_rate=accident_rate, mine_days=mine_days, accident_list=sorted(accidents), land=land
    )


def rate_per_year(world: World, cell: Cell, day: float) -> float:
    """The accident rate [per year] of a hazardous mine in a cell on a day."""
    clock = world.exposure.clock
    slowed = world.marking.pace if day > cell.marked else 1.0
    return cell.activity * pace(clock, piece(clock, day)) * slowed * DAYS_PER_YEAR


def land_of(world: World, mines: list[Mine], cells: list[Cell]) -> Land:
    """What is denied, released and worked on, cell by cell."""
    times, classes = world.times.tolist(), len(world.kinds)
    denied, released, team_days = np.zeros((classes + 1, len(times))), np.zeros(len(times)), np.zeros(len(times))
    for cell in cells:
        inside = [mine for mine in mines if mine.cell == cell.number]
        for j, day in enumerate(times):
            here = {mine.kind for mine in inside if mine.laid <= day and cell.released > day}
            for k in range(classes):
                denied[k, j] += cell.area_km2 * (k in here)
            denied[classes, j] += cell.area_km2 * bool(here)
            released[j] += cell.area_km2 * (cell.released <= day)
            if cell.begun <= day:
                calendar = world.clearance.calendar
                done = reading(calendar, min(day, cell.released)) - reading(calendar, cell.begun)
                team_days[j] += done
    return Land(denied, released, team_days, np.array([release_day(cells, share) for share in RELEASED_SHARES]))


def release_day(cells: list[Cell], share: float) -> float:
    """The first day by which a share of the land that ever held an item is released, infinite if there is none."""
    total = sum(cell.area_km2 for cell in cells if cell.opens < math.inf)
    area = 0.0
    for cell in sorted(cells, key=lambda cell: cell.released):
        area += cell.area_km2
        if area >= share * total * (1 - 1e-12):
            return cell.released
    return math.inf


def mines_of(world: World, k: int, kind: MineKind, replicate: int) -> list[Mine]:
    """The mines of the k-th class, each decision read from its own uniform column."""

    def column(purpose: Purpose) -> list[float]:
        return uniforms(world.seed, replicate, purpose, kind.slot, 0, kind.count).tolist()

    if kind.count == 0:
        return []
    centres = cluster_centres(kind, world.seed, replicate)
    cells = draw(world, kind, replicate, world.seed, 0, kind.count, centres).cell.tolist()
    laid_shares, arming = column(Purpose.LAYING), column(Purpose.ARMING)
    sd_failures, sd_shares = column(Purpose.SELF_DESTRUCT_FAILURE), column(Purpose.SELF_DESTRUCT_TIME)
    backup_failures, battery_shares = column(Purpose.BACKUP_FAILURE), column(Purpose.BATTERY_LIFE)
    ageing_shares, accident_shares = column(Purpose.AGEING), column(Purpose.ACCIDENT)
    detection_shares = column(Purpose.DETECTION)
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
        battery = day_after(kind.battery_clock, laid, time_at(kind.battery, battery_shares[i]))
        mines.append(
            Mine(
                kind=k,
                index=i,
                cell=cells[i],
                laid=laid,
                armed=arming[i] > kind.arming_failure,
                self_destruct=math.inf if sd_fails else laid + time_at(kind.self_destruct, sd_shares[i]),
                battery=math.inf if backup_fails else battery,
                ageing=laid + time_at(kind.ageing, ageing_shares[i]),
                dose=-math.log(accident_shares[i]),
                found_in=pass_that_finds(world, detection_shares[i]),
            )
        )
    return mines


def pass_that_finds(world: World, share: float) -> float:
    """The number of the pass that finds an item, infinite if none of those made does."""
    if world.clearance is None or world.clearance.detection == 0:
        return math.inf
    if world.clearance.detection == 1:
        return 1
    number = max(1, math.ceil(math.log(share) / math.log(1 - world.clearance.detection)))
    return number if number <= world.clearance.passes else math.inf


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
