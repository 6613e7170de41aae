"""What happens in the cells, as an obvious loop over events: accidents, marking and the search by clearance teams.

The loop looks at every mine and every team for what comes next, lets that happen, and looks again. Clocks are read and
inverted one number at a time.
"""

import math
from bisect import bisect_right
from dataclasses import dataclass

from simulator.clocks import Clock
from simulator.population import Purpose, uniforms
from simulator.world import World


@dataclass
class Mine:
    """What fate drew for one mine, as days from the start (infinite: never), and what the field made of it.

    ``dose`` is what it stands before it explodes; ``reached`` the day on which its cell, as marked so far, gives that.
    """

    kind: int
    index: int
    cell: int
    laid: float
    armed: bool
    self_destruct: float
    battery: float
    ageing: float
    dose: float
    found_in: float
    reached: float = math.inf
    accident: float = math.inf
    cleared: float = math.inf
    missed: float = math.inf


@dataclass
class Cell:
    """A cell and its history; it opens to the teams with its last item, and never if it holds none."""

    number: int
    activity: float
    area_km2: float
    opens: float
    marked: float = math.inf
    accidents: int = 0
    taken: bool = False
    begun: float = math.inf
    released: float = math.inf


@dataclass
class Team:
    """A team acts next on ``day``: it finishes a pass over its cell, or it has none and chooses one."""

    day: float
    cell: Cell | None = None
    passes: int = 0


def play_field(world: World, replicate: int, mines: list[Mine]) -> list[Cell]:
    """Let everything happen up to the horizon, in order; of a tie, clearance comes before an accident."""
    activity, areas = world.exposure.activity.tolist(), world.region.area_km2.tolist()
    cells = [Cell(c, activity[c], areas[c], last_laid(mines, c)) for c in range(len(areas))]
    order = uniforms(world.seed, replicate, Purpose.CELL_ORDER, 0, 0, len(cells)).tolist()
    teams = [Team(world.clearance.first_day) for _ in range(world.clearance.teams)] if world.clearance else []
    for mine in mines:
        mine.reached = day_reached(world, cells[mine.cell], mine)
    while True:
        team = min(teams, key=lambda team: team.day, default=None)
        mine = min(filter(can_explode, mines), key=lambda mine: mine.reached, default=None)
        team_day = team.day if team else math.inf
        mine_day = mine.reached if mine else math.inf
        if min(team_day, mine_day) > world.horizon_days:
            return cells
        if team_day <= mine_day:
            act(world, team, cells, mines, order)
        else:
            explode(world, mine, cells[mine.cell], mines)


def last_laid(mines: list[Mine], cell: int) -> float:
    """The day of the last item of a cell, infinite if it never has one."""
    return max((mine.laid for mine in mines if mine.cell == cell), default=math.inf)


def expiry(mine: Mine) -> tuple[float, str]:
    """The day on which a mine stops being hazardous by itself, and what it becomes: inert or gone.

    Ties: self-destruct beats battery and ageing. What was never armed, or is inert, never self-destructs.
    """
    if not mine.armed:
        return mine.laid, "inert"
    exhausted = min(mine.battery, mine.ageing)
    return min(mine.self_destruct, exhausted), "gone" if mine.self_destruct <= exhausted else "inert"


def in_the_ground(mine: Mine, day: float) -> bool:
    """Whether an item lies in the ground just after ``day``, hazardous or inert, by what has happened so far."""
    expires, becomes = expiry(mine)
    self_destructed = becomes == "gone" and expires <= day
    return mine.laid <= day and not self_destructed and min(mine.accident, mine.cleared) > day


def can_explode(mine: Mine) -> bool:
    """Whether an accident could still happen to a mine; expiry on the same day comes before it."""
    return mine.reached < expiry(mine)[0] and min(mine.accident, mine.cleared) == math.inf


def explode(world: World, mine: Mine, cell: Cell, mines: list[Mine]) -> None:
    """An accident; the first one in a cell sets the day on which the cell is marked."""
    mine.accident = mine.reached
    cell.accidents += 1
    if world.marking is not None and cell.accidents == 1:
        cell.marked = mine.accident + world.marking.delay_days
        for other in mines:
            if other.cell == cell.number:
                other.reached = day_reached(world, cell, other)


def day_reached(world: World, cell: Cell, mine: Mine) -> float:
    """The day on which a mine's cell has given it the dose it stands, if no other mark is set."""
    if cell.activity == 0:
        return math.inf
    own = mine.dose / cell.activity
    clock = world.exposure.clock
    if cell.marked == math.inf:
        return day_after(clock, mine.laid, own)
    # What the cell's own clock gains before the mark it gains with the shared one, the rest more slowly.
    before = max(0.0, reading(clock, cell.marked) - reading(clock, mine.laid))
    if own <= before:
        return day_after(clock, mine.laid, own)
    return day_after(clock, mine.laid, before + (own - before) / world.marking.pace if world.marking.pace else math.inf)


def act(world: World, team: Team, cells: list[Cell], mines: list[Mine], order: list[float]) -> None:
    """A team finishes a pass, and begins the next one; or it is free and chooses a cell, now or when it can."""
    plan, today = world.clearance, team.day
    if team.cell is not None:
        finish_pass(team, mines)
        if team.passes < plan.passes:
            team.day = day_after(plan.calendar, today, work_of(world, team.cell))
            return
        release(team.cell, today, mines)
        team.cell = None
    working = end_of_stop(plan.calendar, today)
    left = [cell for cell in cells if cell.opens < math.inf and not cell.taken]
    ready = [cell for cell in left if cell.opens <= today]
    if working > today:
        team.day = working
    elif ready:
        team.cell = min(ready, key=lambda cell: precedence(plan.order, cell, order))
        team.cell.taken, team.cell.begun, team.passes = True, today, 0
        team.day = day_after(plan.calendar, today, work_of(world, team.cell))
    else:
        team.day = min((cell.opens for cell in left), default=math.inf)


def precedence(order: str, cell: Cell, shares: list[float]) -> tuple[float, ...]:
    """What a team compares, smallest first, to choose its next cell."""
    people = cell.activity * cell.area_km2
    match order:
        case "most-people-first":
            return -people, cell.number
        case "most-accidents-first":
            return -cell.accidents, -people, cell.number
        case "random":
            return shares[cell.number], cell.number
    raise ValueError(order)


def work_of(world: World, cell: Cell) -> float:
    """Days of work that one pass over a cell takes."""
    return float(world.clearance.work_days[cell.number])


def finish_pass(team: Team, mines: list[Mine]) -> None:
    """At the end of a pass everything it found is removed from the ground."""
    team.passes += 1
    for mine in mines:
        if mine.cell == team.cell.number and mine.found_in == team.passes and in_the_ground(mine, team.day):
            mine.cleared = team.day


def release(cell: Cell, today: float, mines: list[Mine]) -> None:
    """After its last pass a cell is released, with whatever no pass found."""
    cell.released = today
    for mine in mines:
        if mine.cell == cell.number and in_the_ground(mine, today):
            mine.missed = today


def reading(clock: Clock, day: float) -> float:
    """A clock's reading on a day, its end pieces going on for ever."""
    i = piece(clock, day)
    return float(clock.readings[i]) + pace(clock, i) * (day - float(clock.days[i]))


def day_after(clock: Clock, begin: float, advance: float) -> float:
    """The first day from ``begin`` on which a clock has advanced by ``advance``, its end pieces going on for ever."""
    if math.isinf(advance):
        return math.inf
    days, readings = clock.days.tolist(), clock.readings.tolist()
    i = piece(clock, begin)
    target = readings[i] + pace(clock, i) * (begin - days[i]) + advance
    while i < len(days) - 2 and readings[i + 1] < target:
        i += 1
    # Never earlier than ``begin``, to which no work at all might be rounded back.
    return max(begin, days[i] + (target - readings[i]) / pace(clock, i)) if pace(clock, i) > 0 else math.inf


def end_of_stop(calendar: Clock, day: float) -> float:
    """The first day from ``day`` on just after which the calendar goes: ``day`` itself outside of a stop."""
    i = piece(calendar, day)
    while pace(calendar, i) == 0:
        i += 1
        day = float(calendar.days[i])
    return day


def piece(clock: Clock, day: float) -> int:
    """The number of the straight piece of a clock that a day falls in, the first and last reaching beyond the knots."""
    return min(max(bisect_right(clock.days.tolist(), day) - 1, 0), len(clock.days) - 2)


def pace(clock: Clock, i: int) -> float:
    """The advance per day of the i-th piece of a clock."""
    return float((clock.readings[i + 1] - clock.readings[i]) / (clock.days[i + 1] - clock.days[i]))
