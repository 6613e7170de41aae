"""The study behind ``minesim breakeven``: the value of a number at which a scenario stops being safer."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from simulator.bracketing import Range
from simulator.breakeven import BreakEven, break_even
from simulator.breakeven_words import sentences
from simulator.clocks import Array
from simulator.console import Progress
from simulator.evaluation import refuse_wrong_points
from simulator.fields import Keys, value_words
from simulator.manifest import versions
from simulator.metrics import Metric
from simulator.points import Point, Study
from simulator.problems import Mark, input_error
from simulator.quantities import Quantity
from simulator.study import (
    FORMAT,
    SAID_SCOPE,
    SCOPE,
    SUMMARY,
    Answer,
    Bench,
    Request,
    as_csv,
    as_written,
    metric_of,
    rounded,
    values_at,
)
from simulator.sweep_grid import OPTION
from simulator.uncertainty import inverse, uncertain_inputs
from simulator.units import PROBABILITY
from simulator.variation import Settings, concerns, read_number, read_path, setting, value_at
from simulator.wording import number as said

BREAKEVEN = "breakeven.csv"
_ENDS = (0.005, 0.995)
_FAR = 100.0
_ROUNDING = 1e-12


def broken_even(request: Request, bench: Bench) -> Answer:
    """Find where a metric of the scenario equals that of the reference. Raises InputError for a path or a range that
    cannot be looked at, before anything is computed.
    """
    text, name = str(request.arguments["vary"]), str(request.arguments["metric"])
    path, number, span = read_range(text, request)
    study = Study(request.scenarios, request.method, metrics=(name,), with_errors=False, versions=versions())
    metric = metric_of(study, 1, name)
    refuse_wrong_points(study, [_point(study, 1, path, number, span.low), _point(study, 1, path, number, span.high)])
    step = _continuous(bench)

    def differences(values: Sequence[float]) -> list[Array]:
        points = [_point(study, scenario, path, number, value) for value in values for scenario in (0, 1)]
        found, failures = values_at(study, points, request.replicates, name, step(len(points)), "break-even")
        if failures:
            index, reason = min(failures.items())
            raise input_error(f"{'.'.join(path)} = {values[index // 2]:g} failed: {reason}", path=OPTION)
        pairs = [(found[place], found[place + 1]) for place in range(0, len(found), 2)]
        return [_difference(before, after) for before, after in pairs if before is not None and after is not None]

    try:
        result = break_even(differences, span)
    except ValueError as error:
        raise input_error(str(error), path="--metric") from None
    reference, scenario = (loaded.name for loaded in request.scenarios)
    label = ".".join(path)
    how = "Exact, in closed form" if study.exact else f"From {request.replicates:,} paired worlds at each value"
    told = (
        *sentences(result, scenario, reference, label, lambda value: value_words(value, number)),
        f"Safer means fewer {metric.label}. {how}; {len(result.points)} values were looked at.",
        SAID_SCOPE,
    )
    files = {
        BREAKEVEN: as_csv(bench.folder / BREAKEVEN, (label, "difference", "standard_error", "low", "high"), [
            (point.x, point.found.mean, point.found.standard_error, point.found.low, point.found.high)
            for point in result.points
        ]),
        SUMMARY: as_written(bench.folder / SUMMARY, _summary(request, result, metric, label, number, told)),
    }  # fmt: skip
    return Answer(files, lambda: _figures(result, metric, label, number, told[0]), told, (_table(result, number),))


def read_range(text: str, request: Request) -> tuple[Keys, Quantity, Range]:
    """Read what is varied: PATH, or PATH=low:high, with :log for a logarithmic scale.

    Without a range it is the one that the scenario states as uncertain, else what the number may be: 0 to 1 for
    probabilities, a hundredth to a hundred times the value for the rest.
    """
    argument = f"{OPTION} {text}"
    start = len(OPTION) + 1
    name, equals, values = text.partition("=")
    mark = Mark("command line", 0, start, 0, len(argument), (argument,))
    path, number = read_path(name.strip(), request.scenarios[::-1], mark, OPTION)
    if not equals:
        return path, number, _default_range(path, number, request, mark)
    parts = [part.strip() for part in values.split(":")]
    log = len(parts) == 3 and parts[2] == "log"
    if not (len(parts) == 2 or log):
        raise input_error("a range must look like PATH=low:high or PATH=low:high:log", mark=mark, path=OPTION)
    low, high = (read_number(part, number, mark, OPTION) for part in parts[:2])
    try:
        return path, number, Range(low, high, log, number.integer)
    except ValueError as error:
        raise input_error(str(error), mark=mark, path=OPTION) from None


def _default_range(path: Keys, number: Quantity, request: Request, mark: Mark) -> Range:
    for loaded in request.scenarios[::-1]:
        for one in uncertain_inputs(loaded):
            if one.path == path and one.number is not None:
                low, high = (float(inverse(one, np.array(end))) for end in _ENDS)
                return _proper(low, high, number, mark, log=low > 0 and high / low >= _FAR)
    if number.dimension is PROBABILITY:
        return Range(0.0, 1.0)
    for loaded in request.scenarios[::-1]:
        if concerns(loaded, path) and (value := value_at(loaded, path)) is not None:
            middle = read_number(str(value), number, mark, OPTION)
            if middle > 0:
                return _proper(middle / _FAR, middle * _FAR, number, mark, log=True)
    message = f"give a range, as in {'.'.join(path)}=low:high: the scenario has no value above 0 to start from"
    raise input_error(message, mark=mark, path=OPTION)


def _proper(low: float, high: float, number: Quantity, mark: Mark, *, log: bool) -> Range:
    if number.at_most is not None:
        high = min(high, number.at_most)
    if number.at_least is not None:
        low = max(low, number.at_least)
    if number.integer:
        low, high = float(max(round(low), 1)), float(round(high))
    try:
        return Range(low, high, log, number.integer)
    except ValueError as error:
        raise input_error(f"give a range, as in PATH=low:high ({error})", mark=mark, path=OPTION) from None


def _point(study: Study, scenario: int, path: Keys, number: Quantity, value: float) -> Point:
    loaded = study.scenarios[scenario]
    return Point(scenario, Settings((setting(path, value, number),)) if concerns(loaded, path) else Settings())


def _difference(before: Array, after: Array) -> Array:
    """The paired difference, 0 where it is only the rounding of the numbers it was made from."""
    scale = np.maximum(np.abs(before), np.abs(after))
    difference = after - before
    return np.where(np.abs(difference) <= _ROUNDING * scale, 0.0, difference)


def _continuous(bench: Bench) -> Callable[[int], Bench]:
    """One progress report over all steps of a search, whose number nobody knows beforehand: the bench for the next step
    of so many points.
    """
    reports: list[Progress] = []
    before, total = 0, 0

    def watch(label: str, _points: int) -> Progress:
        if not reports:
            reports.append(bench.watch(label, total))
        start, end = before, total
        return lambda done, _total, failed=0: reports[0](start + done, end, failed)

    def following(points: int) -> Bench:
        nonlocal before, total
        before, total = total, total + points
        return replace(bench, watch=watch)

    return following


def _table(result: BreakEven, number: Quantity) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    header = ("value", "difference", "interval")
    rows = [
        (value_words(point.x, number), said(point.found.mean),
         "" if point.found.is_exact else f"{said(point.found.low)} to {said(point.found.high)}")
        for point in _spread(result)
    ]  # fmt: skip
    return header, rows


def _spread(result: BreakEven) -> Sequence[Any]:
    """The evaluated points of a table: one in each eighteenth of the range."""
    kept: dict[int, Any] = {}
    for point in result.points:
        kept.setdefault(int(point.place * 18), point)
    return list(kept.values())


def _summary(
    request: Request, result: BreakEven, metric: Metric, label: str, number: Quantity, told: Sequence[str]
) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "verb": request.verb,
        "method": request.method,
        "replicates": 0 if request.method == "expected" else request.replicates,
        "scenarios": [loaded.name for loaded in request.scenarios],
        "metric": {"name": metric.name, "label": metric.label, "unit": metric.unit},
        "path": label,
        "unit": number.dimension.unit,
        "range": [result.range.low, result.range.high],
        "confidence": result.confidence,
        "break_even": [
            {
                "value": rounded(one.value),
                "low": rounded(one.interval.low),
                "high": rounded(one.interval.high),
                "at_or_below_the_range": one.interval.below_range,
                "at_or_above_the_range": one.interval.above_range,
                "safer_below": one.side_below < 0,
                "safer_above": one.side_above < 0,
            }
            for one in result.crossings
        ],
        "settled": result.is_settled,
        "sentences": list(told),
        "scope": SCOPE,
    }


def _figures(result: BreakEven, metric: Metric, label: str, number: Quantity, title: str) -> Iterator[tuple[str, Any]]:
    # Matplotlib takes half a second to load.
    from simulator.figure_breakeven import breakeven_figure

    yield "breakeven", breakeven_figure(result, metric, label, number.dimension.unit, title)
