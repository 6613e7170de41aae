"""When things happen, as scenarios say it: the numbers under the timeline."""

from collections.abc import Iterator

import numpy as np

from simulator.laws import Law, Never
from simulator.lifetimes import inverse_survival
from simulator.report_parts import Table
from simulator.result_folder import ResultFolder
from simulator.wording import duration, durations


def periods_table(result: ResultFolder) -> Table:
    """What the scenarios say of when things happen."""
    return Table("What the scenarios say of time", ("what", "scenario", "value"), tuple(_stated(result)),
                 "As the scenario files say; every law stands among the assumptions.")  # fmt: skip


def _lives(law: Law) -> str:
    first, last = inverse_survival(law, np.array([0.95, 0.05])).tolist()
    return durations(first, last)


def _stated(result: ResultFolder) -> Iterator[tuple[str, str, str]]:
    for loaded in result.scenarios:
        scenario = loaded.scenario
        for name, kind in scenario.mines.items():
            laid = kind.laid
            period = str(laid.start) if laid.start == laid.end else f"{laid.start} to {laid.end}"
            yield f"{name} laid", loaded.name, period
            laws = {
                "self-destruction where it works": kind.self_destruct.time if kind.self_destruct else None,
                "battery lives at the reference temperature": kind.battery.life if kind.battery else None,
                "ageing": kind.ageing,
            }
            for what, law in laws.items():
                if law is not None and not isinstance(law, Never):
                    yield f"{name}, {what}, 5 to 95 % of mines", loaded.name, _lives(law)
        if scenario.clearance is not None:
            yield "clearance from", loaded.name, str(scenario.clearance.start)
        if scenario.civilians.return_ is not None:
            yield (
                "half of those to return are back",
                loaded.name,
                f"after {duration(scenario.civilians.return_.half_time)}",
            )
        if scenario.civilians.education is not None:
            yield "risk education from", loaded.name, str(scenario.civilians.education.start)
