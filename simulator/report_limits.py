"""What a result is not: its three main caveats, the limits of the model that bear on it, and its scope."""

from collections.abc import Iterator, Sequence

from simulator.evidence import ASSUMPTION
from simulator.joint_draws import grouped
from simulator.report_checks import unchecked_of
from simulator.report_parts import Assumption
from simulator.result_folder import ResultFolder
from simulator.scenario_file import LoadedScenario
from simulator.uncertainty import shared_inputs, uncertain_inputs
from simulator.wording import counted, listed, number

SCOPE = (
    "This is a model of civilian harm, contamination and clean-up, made for humanitarian purposes. It holds no data on "
    "real minefields and models no military use. No number in it is evidence that any land is safe, and none of it may "
    "serve as a ground for releasing land: only survey and clearance on the spot can do that."
)
_CAVEATS = 3
_FEW_WORLDS = 30
_WEAK = ("low", "very low")


def caveats_of(result: ResultFolder, assumptions: Sequence[Assumption]) -> tuple[str, ...]:
    """The three caveats that bear most on a result, the most important first."""
    return tuple(_caveats(result, assumptions))[:_CAVEATS]


def _caveats(result: ResultFolder, assumptions: Sequence[Assumption]) -> Iterator[str]:
    if (result.summary.get("precision") or {}).get("reached") is False:
        yield "The precision asked for was not reached: no mean of this result is stated in a sentence."
    if 0 < result.worlds < _FEW_WORLDS:
        yield (
            f"Only {counted(result.worlds, 'world')} {'was' if result.worlds == 1 else 'were'} simulated of each case: "
            "rare events are seldom among them, and ranges of worlds are rough."
        )
    yield _basis(assumptions)
    yield _spread(result)
    if any(kind.battery is not None for loaded in result.scenarios for kind in loaded.scenario.mines.values()):
        yield (
            "No public field measurement exists of how often batteries fail to disarm mines: what the scenarios say of "
            "batteries is a rule, a claim or an assumption."
        )
    cell = number(result.scenarios[0].scenario.region.cell)
    yield (
        f"A cell of {cell} km is the grain of the model: where in it a mine lies and where people walk is not known, "
        "and every mine counts the same."
    )


def _basis(assumptions: Sequence[Assumption]) -> str:
    """Say how little of the inputs is measured."""
    count = len(assumptions)
    unsourced = sum(not one.source for one in assumptions)
    assumed = sum(one.source == ASSUMPTION for one in assumptions)
    graded = [one for one in assumptions if one.grade]
    weak = sum(one.grade in _WEAK for one in graded)
    text = f"Of {counted(count, 'input')}, {unsourced:,} state no source and {assumed:,} are assumptions"
    if graded:
        share = f"{100 * weak / len(graded):.0f} %"
        text += f"; of the {len(graded):,} with a grade, {weak:,} ({share}) are of low or very low grade"
    return f"{text}."


def _spread(result: ResultFolder) -> str:
    """Say what the ranges of a result do not show."""
    stated = len(shared_inputs(result.scenarios))
    if result.verb == "sensitivity":
        return (
            f"Inputs were drawn {_independently(result.scenarios)}, and only those with a stated range; every other "
            "input is taken as known."
        )
    if result.verb == "calibrate":
        return (
            "Intervals show what the record leaves open of the numbers that were free, under this model; every other "
            "input is taken as known."
        )
    sets = result.manifest.options.uncertain
    if sets:
        return (
            f"Only the {counted(stated, 'input')} with a stated range {'was' if stated == 1 else 'were'} varied, in "
            f"{counted(sets, 'parameter set')} and {_independently(result.scenarios)}; every other input is taken as "
            "known."
        )
    what = "Expected values show neither chance nor" if result.is_exact else "Ranges show chance alone, not"
    doubt = f"{what} doubt about the inputs"
    if not stated:
        return f"{doubt}: no input states a range."
    states = "1 input states" if stated == 1 else f"{stated:,} inputs state"
    return f"{doubt}: {states} a range that was not varied here (--uncertain varies them)."


def limits_of(result: ResultFolder) -> tuple[str, ...]:
    """The limits of the model that bear on the scenarios of a result."""
    return tuple(dict.fromkeys((*_unchecked(result), *_limits(result.scenarios))))


def _unchecked(result: ResultFolder) -> Iterator[str]:
    if names := unchecked_of(result):
        yield (
            f"The simulation of {listed(names)} was not held against a second computation here, as that takes long; "
            "'minesim verify' does it."
        )


def _limits(scenarios: Sequence[LoadedScenario]) -> Iterator[str]:
    yield "People, marking and clearance treat all of a cell alike; a mine's place inside its cell is not known."
    yield (
        "Every mine is as likely as any other to be met where people are equally active, whatever its kind, and every "
        "accident has the same mean number of casualties."
    )
    yield (
        "Harm other than accidents is left out: fear, lost harvests, closed roads, and the time that people wait for "
        "clearance."
    )
    specs = [loaded.scenario for loaded in scenarios]
    if any(kind.battery is not None for one in specs for kind in one.mines.values()):
        yield (
            "A battery-limited mine is taken to be hazardous until its battery ends, and inert after. What is left is "
            "an explosive item that clearance must treat as live."
        )
        yield "No public field measurement of battery self-deactivation exists; its failure rate is put in, not found."
    if any(kind.lots is None for one in specs for kind in one.mines.values()):
        yield (
            "Where no production lots are stated, mines fail independently; faults of a whole lot would widen the "
            "ranges."
        )
    if any(one.civilians.surge is not None for one in specs):
        yield "The higher risk of early return falls from the start on, not from each person's own return."
    if any(one.civilians.marking is not None for one in specs):
        yield "A cell that was marked after an accident stays marked for good."
    if any(one.clearance is not None for one in specs):
        yield (
            "Teams work cell by cell and do not tire, wait or travel; a cell is cleared once, after the last item was "
            "laid."
        )
    if any(one.region.temperature is None for one in specs):
        yield "No temperature is stated: batteries age as at their reference temperature all year."
    if any(shared_inputs([loaded]) for loaded in scenarios):
        together = ", but for those that are drawn together" if _some_together(scenarios) else ""
        yield f"Uncertain inputs are taken as independent of each other{together}, and inputs without a range as known."


def _independently(scenarios: Sequence[LoadedScenario]) -> str:
    together = ", except numbers of one joint, which count as one input" if _some_together(scenarios) else ""
    return f"independently of each other{together}"


def _some_together(scenarios: Sequence[LoadedScenario]) -> bool:
    return any(len(group) > 1 for loaded in scenarios for group in grouped(uncertain_inputs(loaded)))
