"""What would turn an answer round: inputs moved within what is stated of them, more mines, and failure rates.

In closed form all of it is computed, one input at a time. Where there is none, the commands that find out are named.
"""

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from simulator.bracketing import Range
from simulator.breakeven import break_even
from simulator.closed_form import obstacles
from simulator.experiment import EXPECTED
from simulator.fields import Keys, number_at, value_words
from simulator.points import Point, Study, Task, evaluate, world_of
from simulator.problems import InputError
from simulator.report_claims import EXACT, Claim, Row, exact_words, fewer_or_more
from simulator.report_moves import Move, at_ends, moves_of, values_of, widest_of
from simulator.result_folder import ResultFolder
from simulator.scenario_file import LoadedScenario
from simulator.uncertainty import uncertain_inputs
from simulator.variation import AS_IT_STANDS, Settings, setting, varied
from simulator.wording import counted, listed, number

_METRIC = "casualties"
_MOST_SCENARIOS = 3
_NOTHING = 1e-9

Evaluator = Callable[[int, Settings], float]


def turning_claims(result: ResultFolder) -> list[Claim]:
    """Say what would change the answer of a run or a comparison, computed in closed form, or how to find out."""
    study = Study(result.scenarios, EXPECTED, metrics=(_METRIC,), with_errors=False)
    worlds = [world_of(study, varied(loaded, AS_IT_STANDS)) for loaded in result.scenarios]
    reasons = list(dict.fromkeys(reason for world in worlds for reason in obstacles(world)))
    if reasons:
        return [_unknown(result, reasons)]

    def casualties(scenario: int, settings: Settings) -> float:
        record = evaluate(study, Task("", Point(scenario, settings), 0, 1))
        return float(record.estimate[0, record.column(_METRIC)])

    if len(result.scenarios) == 1:
        return list(_alone(result, casualties))
    others = range(1, min(len(result.scenarios), 1 + _MOST_SCENARIOS))
    claims = [claim for other in others for claim in _compared(result, other, casualties)]
    if len(result.scenarios) > 1 + _MOST_SCENARIOS:
        left = [loaded.name for loaded in result.scenarios[1 + _MOST_SCENARIOS :]]
        claims.append(Claim(f"Not looked at here: {listed(left)}; compare each by itself with the reference."))
    return claims


def commands(result: ResultFolder) -> list[str]:
    """The commands that find out what drives a result and where it turns round, on the files of its own command."""
    files = [word for word in shlex.split(result.manifest.command) if word.endswith((".yaml", ".yml"))]
    if len(files) != len(result.scenarios):
        files = [f"{loaded.name}.yaml" for loaded in result.scenarios]
    last = files[-1]
    found = [shlex.join(["minesim", "sensitivity", last, "-n", "64", "-o", "results/drivers"])]
    if len(files) > 1:
        found.append(shlex.join(["minesim", "breakeven", files[0], last, "--vary", _worth_varying(result)]))
    return found


def _worth_varying(result: ResultFolder) -> str:
    """A number of the last scenario alone: the mines of a class that the reference lacks; else an uncertain one."""
    reference, last = result.scenarios[0], result.scenarios[-1]
    own = [name for name in last.scenario.mines if name not in reference.scenario.mines]
    inputs = [one.label for one in uncertain_inputs(last) if one.number is not None]
    if own or not inputs:
        return f"mines.{(own or list(last.scenario.mines))[0]}.count"
    return inputs[0]


def _unknown(result: ResultFolder, reasons: Sequence[str]) -> Claim:
    keys = listed([reason.partition(":")[0] for reason in reasons])
    how = " and ".join(f"'{command}'" for command in commands(result))
    return Claim(f"What would turn the answer round was not computed: with {keys} there is no closed form. To find "
                 f"out, by simulation: {how}.")  # fmt: skip


def _alone(result: ResultFolder, casualties: Evaluator) -> Iterator[Claim]:
    """Say which stated range moves the casualties of a single scenario most."""
    moves, inputs = moves_of(result.scenarios, (0,))
    if not inputs:
        yield _no_ranges()
        return
    values = values_of(moves, lambda settings: casualties(0, settings.get(0, AS_IT_STANDS)))
    name, where = "expected casualties", result.scenarios[0].name
    rows = [_moved_row(name, where, move, exact_words(value)) for move, value in values]
    widest = widest_of(values)
    its = sorted((value, move.value) for move, value in values if move.path == widest)
    (low, at_low), (high, at_high) = its[0], its[-1]
    yield Claim(
        f"Of {_ranges(inputs)}, each moved by itself {at_ends(moves)}, {widest} changes the expected casualties most: "
        f"from {exact_words(low)} ({at_low}) to {exact_words(high)} ({at_high}), in closed form.",
        (_count_row(inputs), *rows),
    )


def _compared(result: ResultFolder, other: int, casualties: Evaluator) -> Iterator[Claim]:
    """Say what would turn the difference of one scenario to the reference round."""
    reference, name = result.scenarios[0].name, result.scenarios[other].name
    before, after = casualties(0, AS_IT_STANDS), casualties(other, AS_IT_STANDS)
    if abs(after - before) <= _NOTHING * max(before, after):
        yield Claim(f"{name} and {reference} are expected to lead to as many casualties: no side is there to turn.")
        return
    yield _moved(result, other, casualties, after - before)
    if after > _NOTHING:
        yield _many(result.scenarios[other], reference, before / after)
    yield from _failing(result, other, casualties, before)


def _moved(result: ResultFolder, other: int, casualties: Evaluator, difference: float) -> Claim:
    moves, inputs = moves_of(result.scenarios, (0, other))
    if not inputs:
        return _no_ranges()

    def change(settings: Mapping[int, Settings]) -> float:
        return casualties(other, settings.get(other, AS_IT_STANDS)) - casualties(0, settings.get(0, AS_IT_STANDS))

    reference, name = result.scenarios[0].name, result.scenarios[other].name
    values, where = values_of(moves, change), f"{name} against {reference}"
    rows = [
        _moved_row("difference in expected casualties", where, move, fewer_or_more(value)) for move, value in values
    ]
    turned = list(dict.fromkeys(move.path for move, value in values if value * difference < 0))
    start = f"{name} against {reference}: "
    if turned:
        texts = [
            f"{move.path} at {move.value} ({fewer_or_more(value)} casualties)"
            for move, value in values
            if value * difference < 0
        ]
        verb = "turns" if len(turned) == 1 else "turn"
        text = (
            f"{start}{len(turned):,} of {_ranges(inputs)} {verb} the answer round when moved by itself {at_ends(moves)}"
        )
        text += f" (closed form): {listed(texts[:4])}."
        return Claim(text, (_count_row(inputs), _turned_row(len(turned), where), *rows))
    widest = widest_of(values)
    its = sorted((value, move.value) for move, value in values if move.path == widest)
    if its[0][0] == its[-1][0]:
        most = "none of them changes the difference"
    else:
        ends = [f"{fewer_or_more(value)} casualties ({said})" for value, said in (its[0], its[-1])]
        most = f"{widest} moves it most, from {ends[0]} to {ends[1]}"
    bearing = len({move.path for move, value in values if value != difference})
    if 1 < inputs > bearing > 0:
        most = f"{bearing:,} of them {'bears' if bearing == 1 else 'bear'} on casualties, {most}"
    none = "the only stated range does not turn" if inputs == 1 else f"none of {_ranges(inputs)} turns"
    text = f"{start}{none} the answer round when moved by itself {at_ends(moves)} (closed form); {most}."
    return Claim(text, (_count_row(inputs), ("of these bear on casualties", where, f"{bearing:,}", "", EXACT), *rows))


def _many(loaded: LoadedScenario, reference: str, factor: float) -> Claim:
    """Expected casualties are in proportion to the mines while these do not interact."""
    mines = sum(kind.count for kind in loaded.scenario.mines.values())
    times, many = number(factor), number(mines * factor)
    row: Row = (
        "mines at which it breaks even",
        f"{loaded.name} against {reference}",
        many,
        f"{times} times as many",
        EXACT,
    )
    laid: Row = ("mines laid", loaded.name, number(mines), "", "as the scenario says")
    return Claim(
        f"With {times} times as many mines, {many} instead of {number(mines)}, {loaded.name} would lead to as many "
        f"casualties as {reference} (closed form).",
        (row, laid),
    )


def _failing(result: ResultFolder, other: int, casualties: Evaluator, before: float) -> Iterator[Claim]:
    """Say at which failure rate a scenario and its reference break even, each rate by itself from 0 to 100 %."""
    loaded, reference = result.scenarios[other], result.scenarios[0].name
    where = f"{loaded.name} against {reference}"
    untouched: list[str] = []
    rows: list[Row] = []
    for path in _failures(loaded):
        label, its = ".".join(path), number_at(path)
        if its is None:
            continue

        def differences(values: Sequence[float], path: Keys = path) -> list[np.ndarray]:
            points = [Settings((setting(path, value, number_at(path)),)) for value in values]  # type: ignore[arg-type]
            return [np.array([casualties(other, one) - before]) for one in points]

        try:
            found = break_even(differences, Range(0.0, 1.0), coarse=5)
        except (InputError, ValueError):
            continue
        if found.crossings:
            value = value_words(found.crossings[0].value, its)
            rows.append((f"{label} at which it breaks even", where, value, "", EXACT))
            yield Claim(f"{loaded.name} breaks even with {reference} at {label} {value} (closed form).", (rows[-1],))
        else:
            end = found.points[-1].found.mean
            rows.append((f"difference in expected casualties at {label} 100 %", where, fewer_or_more(end), "", EXACT))
            untouched.append(f"{label} ({fewer_or_more(end)} casualties at 100 %)")
    if untouched:
        yield Claim(
            f"No value up to 100 % of {listed(untouched, 'or')} by itself makes {loaded.name} break even with "
            f"{reference} (closed form).",
            tuple(rows),
        )


def _failures(loaded: LoadedScenario) -> Iterator[Keys]:
    for name, kind in loaded.scenario.mines.items():
        for device in ("self_destruct", "battery"):
            if getattr(kind, device) is not None:
                yield ("mines", name, device, "failure")


def _no_ranges() -> Claim:
    return Claim(
        "No input states a range (an 'uncertainty'), so how far doubt about the inputs reaches is not known; 'minesim "
        "explain' says how to state one."
    )


def _ranges(inputs: int) -> str:
    return "1 stated range" if inputs == 1 else f"the {counted(inputs, 'stated range')}"


def _count_row(inputs: int) -> Row:
    return ("inputs with a stated range, each moved by itself", "all", f"{inputs:,}", "5 % and 95 % point", EXACT)


def _turned_row(turned: int, where: str) -> Row:
    return ("stated ranges that turn the answer round", where, f"{turned:,}", "", EXACT)


def _moved_row(what: str, where: str, move: Move, value: str) -> Row:
    return (f"{what} with {move.path} at {move.value}", where, value, "", EXACT)
