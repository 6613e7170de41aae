"""The STRESS-DES checklist, filled from the scenarios and the manifest of a result.

Monks, Currie, Onggo, Robinson, Kunc and Taylor (2019), Strengthening the reporting of empirical simulation studies:
Introducing the STRESS guidelines, Journal of Simulation 13(1), 55-67, doi:10.1080/17477778.2018.1442155.
"""

from collections.abc import Iterator, Sequence

from simulator.evidence import ASSUMPTION
from simulator.report_parts import Assumption, Item
from simulator.result_folder import ResultFolder
from simulator.scenario import Scenario
from simulator.uncertainty import shared_inputs
from simulator.wording import counted, duration, listed, number

REFERENCE = (
    "Monks and others (2019), Strengthening the reporting of empirical simulation studies: Introducing the STRESS "
    "guidelines, Journal of Simulation 13(1), 55-67"
)
_AIMS = {
    "run": "To describe one scenario.",
    "compare": "To compare scenarios mine by mine on the same draws, the first being the reference.",
    "sweep": "To see how the answer follows numbers that are varied over a grid.",
    "sensitivity": "To find which uncertain input makes how much of the variance of a metric.",
    "breakeven": "To find the value of a number at which a scenario stops being safer than its reference.",
    "attribute": "To split the difference between two scenarios among the settings that differ.",
    "calibrate": "To fit numbers of a scenario to a record of casualties, and to find what the record leaves open.",
}


def checklist_of(result: ResultFolder, assumptions: Sequence[Assumption]) -> tuple[Item, ...]:
    """Fill the checklist; each entry says what this very study did."""
    sections = (
        ("Objectives", _objectives(result)),
        ("Logic", _logic(result)),
        ("Data", _data(result, assumptions)),
        ("Experimentation", _experimentation(result)),
        ("Implementation", _implementation(result)),
        ("Code access", _access(result)),
    )
    return tuple(Item(section, asks, says) for section, items in sections for asks, says in items)


def _specs(result: ResultFolder) -> list[Scenario]:
    return [loaded.scenario for loaded in result.scenarios]


def _objectives(result: ResultFolder) -> Iterator[tuple[str, str]]:
    asked = list(dict.fromkeys(one.question.strip() for one in _specs(result) if one.question.strip()))
    yield "Purpose of the model", " ".join(asked) or "The scenarios state no question of their own."
    outputs = "Hazardous, inert and removed mines, accidents and casualties, individual risk of death, land denied"
    cleared = any(one.clearance is not None for one in _specs(result))
    yield "Model outputs", f"{outputs}{', and the work and results of clearance' if cleared else ''}, all over time."
    yield "Experimentation aims", _AIMS[result.verb]


def _logic(result: ResultFolder) -> Iterator[tuple[str, str]]:
    yield (
        "Base model overview diagram",
        (
            "laid → hazardous → (battery ends, age) → inert; hazardous → (self-destruction, accident, clearance) → "
            "gone; inert → (clearance) → gone. A mine that never arms is inert from the start."
        ),
    )
    yield (
        "Base model logic",
        (
            "Each mine has times drawn once: self-destruction, battery life, ageing, and the exposure to people that "
            "it takes until an accident. The first to come decides."
        ),
    )
    titles = listed([f"{loaded.name} (“{loaded.scenario.title}”)" for loaded in result.scenarios])
    yield "Scenario logic", f"Scenarios: {titles}. What differs between them stands among the assumptions, by scenario."
    algorithms = ["a non-homogeneous Poisson process of accidents by random time change"]
    if any(one.clearance is not None or one.civilians.marking is not None for one in _specs(result)):
        algorithms.append("discrete events for marking and teams")
    if result.is_exact:
        algorithms = ["the closed form of the expected values, by Gauss-Legendre quadrature; nothing was simulated"]
    if result.verb == "sensitivity":
        algorithms.append("Sobol' indices from scrambled Sobol' points")
    if result.verb == "attribute":
        algorithms.append("Shapley values over the settings that differ")
    if result.verb == "breakeven":
        algorithms.append("root finding by bracketing and inverse interpolation")
    if result.verb == "calibrate":
        algorithms.append(
            "maximum likelihood of negative-binomial counts, its profiles, and draws by importance weights"
        )
    yield "Algorithms", f"{_upper(listed(algorithms))}."
    yield "Components: entities", _entities(result)
    yield "Components: activities", _activities(_specs(result))
    teams = [
        f"{loaded.name}: {counted(loaded.scenario.clearance.teams, 'clearance team')}"
        for loaded in result.scenarios
        if loaded.scenario.clearance is not None
    ]
    yield "Components: resources", "; ".join(teams) + "." if teams else "None: no scenario has clearance teams."
    orders = [one.clearance.order for one in _specs(result) if one.clearance is not None]
    yield (
        "Components: queues",
        (
            f"Cells that wait for a team, served {listed(list(dict.fromkeys(orders)))}."
            if orders
            else "None: nothing waits for a resource."
        ),
    )
    yield (
        "Components: entry and exit points",
        (
            "Mines enter when they are laid and leave when they self-destruct, detonate in an accident or are cleared; "
            "what is left at the end of the time looked at stays and is counted."
        ),
    )


def _entities(result: ResultFolder) -> str:
    parts = []
    for loaded in result.scenarios:
        classes = [f"{kind.count:,} of class {name}" for name, kind in loaded.scenario.mines.items()]
        parts.append(f"{loaded.name}: mines, {listed(classes)}")
    people = "people as a density or around settlements, not one by one"
    return f"{'; '.join(parts)}; {people}."


def _activities(specs: Sequence[Scenario]) -> str:
    found = ["self-destruction", "battery ageing", "ageing", "accidents"]
    civilians = [one.civilians for one in specs]
    optional = (
        ("return of the displaced", any(one.return_ is not None for one in civilians)),
        ("an early-return surge", any(one.surge is not None for one in civilians)),
        ("risk education", any(one.education is not None for one in civilians)),
        ("marking after accidents", any(one.marking is not None for one in civilians)),
        ("clearance", any(one.clearance is not None for one in specs)),
    )
    present = [name for name, is_there in optional if is_there]
    absent = [name for name, is_there in optional if not is_there]
    text = f"{_upper(listed([*found, *present]))}, as far as the scenarios have them"
    return f"{text}; not modelled here: {listed(absent)}." if absent else f"{text}."


def _data(result: ResultFolder, assumptions: Sequence[Assumption]) -> Iterator[tuple[str, str]]:
    sources = sorted({one.source for one in assumptions if one.source and one.source != ASSUMPTION})
    yield (
        "Data sources",
        (
            f"{counted(len(sources), 'source')}: {', '.join(sources)}; each is cited beside the numbers taken from it."
            if sources
            else "No number states a source."
        ),
    )
    unsourced = sum(not one.source for one in assumptions)
    yield (
        "Input parameters",
        (
            f"{len(assumptions):,} numbers and laws, listed with value, "
            f"range, source and grade; {unsourced:,} of them state no source."
        ),
    )
    files = sorted({file.name for loaded in result.scenarios for file in loaded.files.values()})
    yield (
        "Preprocessing",
        (
            f"{listed(files)} were read as they are: borders in WGS 84 are projected to a plane of equal areas and cut "
            "in cells."
            if files
            else "None: units are converted, nothing else."
        ),
    )
    assumed = sum(one.source == ASSUMPTION for one in assumptions)
    yield (
        "Assumptions",
        (
            f"{counted(assumed, 'number')} marked as assumption, each with its reason where one is noted; the limits "
            "of the model stand in their own section."
        ),
    )


def _experimentation(result: ResultFolder) -> Iterator[tuple[str, str]]:
    starts = sorted({one.start.isoformat() for one in _specs(result)})
    yield (
        "Initialisation",
        (
            f"Start on {listed(starts)}, with mines as the scenarios lay them; no warm-up, as the start itself is "
            "studied."
        ),
    )
    yield (
        "Run length",
        f"{listed(sorted({duration(one.horizon) for one in _specs(result)}))}, reported in days and years.",
    )
    options = result.manifest.options
    if result.is_exact:
        yield "Estimation approach", "Expected values in closed form: exact up to quadrature, without replicates."
        return
    texts = [
        f"{counted(result.worlds, 'replicate')} of every case on common random numbers; means from conditional "
        "estimators, ranges from the worlds as they were played"
    ]
    if options.precision is not None:
        reached = "reached" if (result.summary.get("precision") or {}).get("reached") else "not reached"
        texts.append(f"a relative precision of {number(100 * options.precision)} % was asked for and {reached}")
    if options.uncertain:
        inputs = counted(len(shared_inputs(result.scenarios)), "uncertain input")
        texts.append(f"{inputs} drawn {options.uncertain:,} times in an outer loop")
    yield "Estimation approach", f"{'; '.join(texts)}."


def _implementation(result: ResultFolder) -> Iterator[tuple[str, str]]:
    manifest = result.manifest
    versions = manifest.versions
    rest = [f"{name} {version}" for name, version in versions.items() if name not in {"minesim", "python"}]
    minesim, python = versions.get("minesim", "of unknown version"), versions.get("python", "of unknown version")
    yield (
        "Software and language",
        f"minesim {minesim} in Python {python}, with {listed(rest)}."
        if rest
        else (f"minesim {minesim} in Python {python}."),
    )
    yield (
        "Random sampling",
        (
            f"Philox, keyed by seed {manifest.seed}, replicate and purpose, and addressed by each mine's number: the "
            "same mine has the same draws in every scenario."
        ),
    )
    yield (
        "Model execution",
        (
            "Nothing was simulated."
            if result.is_exact
            else "SimPy plays what interacts, event by event; everything else is read from the drawn times."
        ),
    )
    yield (
        "System specification",
        (
            f"It took {number(manifest.wall_seconds)} s in all. Any machine with these versions gives the same "
            "numbers, whatever the number of workers."
        ),
    )


def _access(result: ResultFolder) -> Iterator[tuple[str, str]]:
    yield (
        "Computer model sharing",
        (
            "minesim is open source (BSD-3-Clause). Scenarios, seed and versions stand in manifest.json beside the "
            f"result; its digest is {result.manifest.digest}, and 'minesim rerun' proves that the result can be "
            "repeated."
        ),
    )


def _upper(text: str) -> str:
    return text[0].upper() + text[1:]
