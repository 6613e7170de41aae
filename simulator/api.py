"""The Python API: load, run, compare, sweep, expected; what is asked is that of the command line, and so are the bytes.

A scenario is given as a path, as the name of one that comes with the program, or as ``load`` returns it.
"""

import logging
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, overload

from simulator.api_results import Comparison, Result, Run, result_of
from simulator.api_scenario import Given, Scenario, Values, in_python, opened, shipped, together, whole
from simulator.api_slider import Slider, slider_over
from simulator.api_study import Sweep, Verification
from simulator.closed_form import expected as closed_form
from simulator.closed_form import obstacles
from simulator.commands import verdict_sentence
from simulator.console import unseen
from simulator.evaluation import opened_store
from simulator.executor import Resources, pool
from simulator.experiment import EXPECTED, SIMULATE, Plan, count_replicates
from simulator.experiment import run as played
from simulator.knowledge import Knowledge, learn, parameter_points
from simulator.metrics import MAP_DAYS
from simulator.problems import InputError, input_error
from simulator.scenario_file import LoadedScenario
from simulator.studies import perform
from simulator.study import Bench, Request, best_method
from simulator.study_commands import without_replicates
from simulator.sweep_grid import read_axes
from simulator.verification import verify as held_against
from simulator.verification import verify_by_counts

__all__ = [
    "Comparison", "InputError", "Result", "Run", "Scenario", "Slider", "Sweep", "Verification", "compare", "expected",
    "load", "run", "shipped", "slider", "sweep", "verify",
]  # fmt: skip
_METHODS = (SIMULATE, EXPECTED)


def load(path: str | os.PathLike[str], settings: Values | None = None, *, name: str | None = None) -> Scenario:
    """Read and check a scenario: a file, or one that comes with the program by its name (``shipped()`` lists them).

    ``settings`` put other values in, by dotted path, such as {"mines.battery-limited.battery.failure": "5 %"}. Results
    call it by the name of its file, or by ``name``. Raises InputError with every problem.
    """
    with in_python():
        return opened(path, settings, name)


def run(
    scenario: Given,
    *,
    replicates: int | None = None,
    seed: int | None = None,
    uncertain: int | None = None,
    workers: int = 1,
) -> Run:
    """Simulate one scenario, as ``minesim run`` does; ``replicates`` and ``seed`` are the scenario's unless given.

    ``uncertain`` draws so many sets of the uncertain inputs, with all replicates in each. Raises InputError.
    """
    with in_python():
        found = _simulated("run", [scenario], replicates, seed, uncertain, workers)
    return Run(found.outcome, found.knowledge, found.command)


def compare(
    reference: Given,
    *others: Given,
    replicates: int | None = None,
    seed: int | None = None,
    uncertain: int | None = None,
    workers: int = 1,
) -> Comparison:
    """Compare scenarios with a reference, mine by mine on the same draws, as ``minesim compare`` does.

    All use the seed and the number of replicates of the reference. Raises InputError.
    """
    with in_python():
        if not others:
            raise input_error("give at least one scenario to compare with the reference", path="compare")
        found = _simulated("compare", [reference, *others], replicates, seed, uncertain, workers)
    return Comparison(found.outcome, found.knowledge, found.command)


@overload
def expected(scenario: Given) -> Run: ...
@overload
def expected(scenario: Given, *others: Given) -> Comparison: ...
def expected(scenario: Given, *others: Given) -> Run | Comparison:
    """Compute the expected values of one scenario, or of several, in closed form; nothing is simulated.

    Raises InputError, with the reasons, where a scenario has no closed form.
    """
    with in_python():
        loaded = together([scenario, *others], seed=None, replicates=None)
        plan = Plan(loaded[0].scenario.replicates, method=EXPECTED)
        return result_of(played(loaded, plan), (), _command("expected", loaded))


def sweep(
    scenario: Given,
    vary: Mapping[str, str | Sequence[Any]],
    *,
    against: Given | None = None,
    metric: str = "casualties",
    method: str = SIMULATE,
    replicates: int | None = None,
    seed: int | None = None,
    workers: int = 1,
) -> Sweep:
    """Vary numbers of a scenario over a grid, as ``minesim sweep`` does.

    ``vary`` has, by dotted path, values or a range: "0:50 %:11", "1e-4:1:13:log". Each point is paired with the
    scenario ``against``, if there is one. ``method`` is simulate, or expected: in closed form. Raises InputError.
    """
    started = time.perf_counter()
    with in_python():
        _check("method", method, _METHODS)
        loaded = together([*([] if against is None else [against]), scenario], seed=seed, replicates=replicates)
        arguments = {"vary": [_as_range(path, values) for path, values in vary.items()], "metric": metric}
        bare = tuple(map(without_replicates, loaded))
        request = Request("sweep", bare, loaded[0].scenario.replicates, method, arguments)
        with (
            _resources(workers) as resources,
            tempfile.TemporaryDirectory(prefix="minesim-") as folder,
            opened_store(None) as store,
            pool(resources) as computing,
        ):
            answer = perform(request, Bench(Path(folder), store, computing, lambda *_: unseen))
            files = {name: path.read_bytes() for name, path in answer.files.items()}
    return Sweep(request, files, answer, time.perf_counter() - started, _command("sweep", loaded))


def verify(
    scenario: Given, *, replicates: int | None = None, seed: int | None = None, workers: int = 1
) -> Verification:
    """Hold the simulation of a scenario against its closed form, or, where there is none, against a second engine.

    As ``minesim verify`` does. Raises InputError.
    """
    with in_python(), _resources(workers):
        loaded = together([scenario], seed=seed, replicates=replicates)
        part = played(loaded, Plan(loaded[0].scenario.replicates, workers)).scenarios[0]
        if part.ensemble is None:
            raise ValueError("verification needs a simulation")
        if obstacles(part.world):
            counted = count_replicates(part.world, part.ensemble.replicates, workers, None)
            verdict, against = verify_by_counts(part.ensemble, counted), "the count-based engine"
        else:
            verdict, against = held_against(part.ensemble, closed_form(part.world)), "closed form"
    return Verification(part.loaded.name, against, verdict, verdict_sentence(verdict, against))


def slider(
    scenario: Given,
    vary: Mapping[str, str | Sequence[Any]],
    *,
    against: Given | None = None,
    figure: str = "hazardous",
    method: str | None = None,
    replicates: int | None = None,
) -> Slider:
    """A slider over the values of one number, with a figure and the answer that follow it; for notebooks.

    ``vary`` is as that of ``sweep``, with one path. Without ``method``, the closed form is taken where there is one.
    Raises InputError.
    """
    with in_python():
        if len(vary) != 1:
            raise input_error(f"a slider varies one number, got {len(vary)}", path="vary")
        loaded = together([*([] if against is None else [against]), scenario], seed=None, replicates=replicates)
        method = best_method(loaded) if method is None else method
        _check("method", method, _METHODS)
        (axis,) = read_axes([_as_range(*next(iter(vary.items())))], loaded)
        return slider_over(axis, loaded, Plan(loaded[0].scenario.replicates, method=method), figure)


def _simulated(
    verb: str,
    given: Sequence[Given],
    replicates: int | None,
    seed: int | None,
    uncertain: int | None,
    workers: int,
) -> Result:
    loaded = together(given, seed=seed, replicates=replicates)
    whole("uncertain", uncertain, 2, 10**9)
    plan = Plan(loaded[0].scenario.replicates, workers, map_days=MAP_DAYS, uncertain=uncertain or 0)
    if plan.uncertain:
        # As the command line does: more of them refine the same result.
        loaded = list(map(without_replicates, loaded))
    with _resources(workers) as resources:
        outcome = played(loaded, plan)
        knowledge = _learnt(loaded, plan, resources) if plan.uncertain else []
    return result_of(outcome, knowledge, _command(verb, loaded))


def _learnt(loaded: Sequence[LoadedScenario], plan: Plan, resources: Resources) -> list[Knowledge]:
    points = parameter_points(loaded, plan)
    with opened_store(None) as store, pool(resources) as computing:
        return learn(points, plan.replicates, store, computing, unseen)


@contextmanager
def _resources(workers: int) -> Iterator[Resources]:
    """Where to compute. What Dask logs about its processes is for nobody, and only that is silenced."""
    whole("workers", workers, 1, 256)
    before = logging.root.manager.disable
    if workers > 1:
        logging.disable(logging.CRITICAL)
    try:
        yield Resources(workers)
    finally:
        logging.disable(before)


def _check(name: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise input_error(f"must be {' or '.join(known)}, got {value!r}", path=name)


def _as_range(path: str, values: str | Sequence[Any]) -> str:
    """What is varied, as the command line has it."""
    if isinstance(values, str):
        return f"{path}={values}"
    plain = [value.item() if hasattr(value, "item") else value for value in values]
    return f"{path}={','.join(map(str, plain))}"


def _command(verb: str, loaded: Sequence[LoadedScenario]) -> str:
    """What was asked, for the manifest."""
    return f"minesim.{verb}({', '.join(repr(one.name) for one in loaded)}) in Python"
