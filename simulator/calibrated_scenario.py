"""A fitted scenario as a file: each free number with its draws, which take their places together.

It stands on its own: what it extends is in it, and so are its sources; the files it names lie beside it.
"""

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy import special

from simulator.calibration import Calibrated
from simulator.calibration_problem import log_likelihood, place_of_dispersion, value_at
from simulator.clocks import Array
from simulator.evidence import ASSUMPTION, sourced_values
from simulator.fields import value_words, written
from simulator.quantities import Quantity
from simulator.referenced import named_files
from simulator.scenario_file import LoadedScenario
from simulator.scenario_text import block, put
from simulator.wording import counted

GRADE = "low"
BEST_FIT, MEDIANS = "the best fit", "the medians of the draws"
_LONGEST_TITLE = 200
_DIGITS = 6


def values_written(found: Calibrated) -> tuple[Array, str]:
    """The values [P] that stand without uncertainty runs, and what they are.

    The medians of the draws, for on a ridge the best fit may lie anywhere; but the best fit where the medians together
    fit worse than a likelihood-ratio test allows, as on a ridge that bends.
    """
    problem, drawn = found.fit.problem, found.posterior
    free = len(problem.axes)
    medians = np.median(drawn.curve, axis=0)
    spread = float(place_of_dispersion(problem, float(np.median(drawn.dispersion))))
    fallen = log_likelihood(problem, found.fit.point) - log_likelihood(problem, np.append(medians, spread))
    at, what = (medians, MEDIANS) if fallen <= _allowed(found) else (found.fit.point, BEST_FIT)
    return np.array([float(value_at(axis, u)) for axis, u in zip(problem.axes, at[:free], strict=True)]), what


def draws_of(found: Calibrated) -> Array:
    """The draws of the free numbers in their units [S, P]."""
    axes = found.fit.problem.axes
    return np.column_stack([value_at(axis, found.posterior.curve[:, place]) for place, axis in enumerate(axes)])


def calibrated_text(loaded: LoadedScenario, found: Calibrated, record_name: str, replicates: int) -> str:
    """Write the scenario, all alternatives settled, with each free number as a sourced value with its draws.

    The number of ``replicates`` is the request's: a manifest keeps it there and not in the scenario.
    """
    tree: dict[str, Any] = copy.deepcopy({key: value for key, value in loaded.tree.items() if key != "replicates"})
    tree["replicates"] = replicates
    values, what = values_written(found)
    draws, joint = draws_of(found), _joint(loaded, record_name)
    note = _note(found, record_name, what)
    for place, free in enumerate(found.asked.frees):
        put(tree, free.path, {
            "value": _short(float(values[place]), free.number),
            "uncertainty": {"draws": [_short(float(one), free.number) for one in draws[:, place]], "joint": joint},
            "source": ASSUMPTION,
            "grade": GRADE,
            "note": note,
        })  # fmt: skip
    tree["title"] = _title(str(tree["title"]), record_name)
    return "\n".join([*_heading(loaded, record_name), *block(tree), ""])


def _allowed(found: Calibrated) -> float:
    """How far below the top the log-likelihood of all numbers together may be at the confidence of the intervals."""
    return 0.5 * float(special.chdtri(found.fit.point.size, 1.0 - found.fit.confidence))


def _note(found: Calibrated, record_name: str, what: str) -> str:
    record, used = found.asked.record, found.asked.used
    rows = np.flatnonzero(used)
    low, high = found.asked.reporting
    share = f"{100 * low:.3g} %" if low == high else f"{100 * low:.3g} to {100 * high:.3g} %"
    bounds = ", ".join(
        f"{free.axis.name} from {value_words(free.axis.low, free.number)} to {value_words(free.axis.high, free.number)}"
        for free in found.asked.frees
    )
    trust = "" if found.posterior.converged else " The draws have NOT converged."
    return (
        f"Fitted to {record_name}, {counted(int(used.sum()), 'period')} from {record.starts[rows[0]]} to "
        f"{record.ends[rows[-1]]}, reporting share {share}; not evidence of its own. The value is {what}; draws take "
        f"their places together. Priors are even, on the scale of the fit, for {bounds}.{trust}"
    )


def _heading(loaded: LoadedScenario, record_name: str) -> Iterator[str]:
    yield f"# {loaded.name} as minesim calibrate fitted it to {record_name}. It needs no other scenario file."
    if names := [name for _, name in named_files(loaded.scenario)]:
        yield f"# Files that it names, and that lie beside it: {', '.join(dict.fromkeys(names))}."


def _title(title: str, record_name: str) -> str:
    ending = f", fitted to {record_name}"[: _LONGEST_TITLE // 2]
    return f"{title[: _LONGEST_TITLE - len(ending)].rstrip()}{ending}"


def _joint(loaded: LoadedScenario, record_name: str) -> str:
    """A name for the draws that no other numbers of the scenario share."""
    taken = {(value.uncertainty or {}).get("joint") for value in sourced_values(loaded.tree)}
    name = first = f"fit to {record_name}"[:180]
    again = 1
    while name in taken:
        again += 1
        name = f"{first}, {again}"
    return name


def _short(value: float, number: Quantity) -> float | int | str:
    """A number with six digits, as it stands in a scenario, within what it may be."""
    rounded = float(f"{value:.{_DIGITS}g}")
    try:
        number.scalar(written(rounded, number))
    except ValueError:
        rounded = value
    return written(rounded, number)
