"""The scenarios of a result verified anew: played with the result's own seed, and held against a second computation."""

from collections.abc import Iterator
from dataclasses import replace

from simulator.closed_form import expected, obstacles
from simulator.costs import replicate_cost
from simulator.engine import play
from simulator.ensemble import stack
from simulator.experiment import count_replicates
from simulator.report_parts import Check, Table
from simulator.result_folder import ResultFolder
from simulator.scenario_file import LoadedScenario
from simulator.verification import FALSE_ALARM, FEWEST_EXPECTED, Verdict, verify, verify_by_counts
from simulator.wording import duration, number
from simulator.world import World, build_world, stream_slots

# How many worlds are played: few mines need many, and 1e7 mines take about a second.
_MOST_MINES = 2e7
_MOST_WORLDS, _FEWEST_WORLDS = 100, 10
# The engine that counts takes up to 0.3 s a world, whatever the number of mines: so few for all scenarios together.
_COUNTED_TOGETHER, _COUNTED_LEAST, _COUNTED_MOST = 8, 3, 5
# Layings, a class and a day each, times days: what the engine that counts does in a few seconds.
_MOST_COUNTED = 3e4
_MOST_SECONDS = 120.0
_MOST_DAYS = 6


def checks_of(result: ResultFolder) -> tuple[Check, ...]:
    """Verify every scenario of a result, as its files stand (alternatives at their weightiest), but for those that
    would take long.
    """
    count = len(result.scenarios)
    return tuple(_check(loaded, world, count) for loaded, world in _worlds(result) if _is_quick(world, count))


def unchecked_of(result: ResultFolder) -> tuple[str, ...]:
    """The scenarios that are not verified, as that takes long."""
    count = len(result.scenarios)
    return tuple(loaded.name for loaded, world in _worlds(result) if not _is_quick(world, count))


def worlds_played(world: World, scenarios: int) -> int:
    """How many worlds the check of one of so many scenarios plays."""
    if obstacles(world):
        return min(max(_COUNTED_TOGETHER // scenarios, _COUNTED_LEAST), _COUNTED_MOST)
    mines = max(1, sum(kind.count for kind in world.kinds))
    return int(min(max(_MOST_MINES / mines, _FEWEST_WORLDS), _MOST_WORLDS))


def _worlds(result: ResultFolder) -> Iterator[tuple[LoadedScenario, World]]:
    names = list(result.scenarios[0].scenario.mines)
    for loaded in result.scenarios:
        world = build_world(loaded, stream_slots(names, list(loaded.scenario.mines)))
        yield loaded, replace(world, seed=result.manifest.seed)


def _is_quick(world: World, scenarios: int) -> bool:
    """Whether a check takes seconds: not with so many mines that a few worlds take minutes, nor where the engine that
    counts follows each day's laying of a class for itself.
    """
    if worlds_played(world, scenarios) * replicate_cost(world).seconds > _MOST_SECONDS:
        return False
    if not obstacles(world):
        return True
    layings = sum(1.0 + max(kind.laid_to - kind.laid_from, 0.0) for kind in world.kinds)
    return layings * world.horizon_days <= _MOST_COUNTED


def _check(loaded: LoadedScenario, world: World, scenarios: int) -> Check:
    replicates = worlds_played(world, scenarios)
    ensemble = stack(world, [play(world, replicate) for replicate in range(replicates)])
    if obstacles(world):
        verdict = verify_by_counts(ensemble, count_replicates(world, replicates, 1, None), FEWEST_EXPECTED)
        against = "a second engine that counts instead of drawing mines"
    else:
        verdict = verify(ensemble, expected(world))
        against = "the closed form"
    return Check(loaded.name, _sentence(verdict, against, replicates), verdict.agrees, _table(verdict, replicates))


def _sentence(verdict: Verdict, against: str, replicates: int) -> str:
    how = "agrees with" if verdict.agrees else "DISAGREES with"
    start = f"The simulation ({replicates:,} worlds) {how} {against}"
    if not verdict.checks:
        return f"{start}: there was nothing to compare."
    worst = max(verdict.checks, key=lambda check: abs(check.z))
    return (
        f"{start}: the largest of {len(verdict.checks):,} scores is {worst.z:+.2f} ({worst.quantity}, {worst.reading}, "
        f"after {duration(worst.time_days)}: {number(worst.simulated, 5)} against {number(worst.expected, 5)}), the "
        f"limit {verdict.limit:.2f}. A correct program goes beyond it once in {1 / FALSE_ALARM:,.0f} times."
    )


def _table(verdict: Verdict, replicates: int) -> Table:
    columns = list(dict.fromkeys((check.quantity, check.reading) for check in verdict.checks))
    scores = {(check.time_days, check.quantity, check.reading): check.z for check in verdict.checks}
    days = list(dict.fromkeys(check.time_days for check in verdict.checks))
    places = sorted({round(place * (len(days) - 1) / (_MOST_DAYS - 1)) for place in range(_MOST_DAYS)}) if days else []
    rows = []
    for place in places:
        day = days[place]
        cells = (scores.get((day, *column)) for column in columns)
        rows.append((duration(day), *("" if score is None else f"{score:+.2f}" for score in cells)))
    note = (
        f"Standard errors by which {replicates:,} simulated worlds differ from the second computation; played: counts, "
        f"estimate: the conditional mean. {len(days):,} days were compared, of which these are some; empty where too "
        "few are expected to compare. 'minesim verify' plays more."
    )
    header = ("after", *(f"{quantity} ({reading})" for quantity, reading in columns))
    return Table("z-scores of this scenario", header, tuple(rows), note)
