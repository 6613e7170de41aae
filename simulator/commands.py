"""What the verbs that compute do: run, write and print."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from simulator import answer, outputs, store
from simulator.closed_form import expected, obstacles
from simulator.console import Interrupted, hush_drawing, progress, say, show_table, unseen
from simulator.evaluation import opened_store
from simulator.executor import Resources, pool
from simulator.experiment import (
    EXPECTED,
    Outcome,
    Plan,
    build_worlds,
    count_replicates,
    refuse_long_run,
    refuse_without_closed_form,
    run,
)
from simulator.findings import Comparison, comparisons, findings, named, table_label
from simulator.knowledge import Knowledge, learn, parameter_points
from simulator.knowledge_words import spread_cell
from simulator.limits import mention
from simulator.manifest import (
    MANIFEST,
    Manifest,
    changes,
    computation_digest,
    make_manifest,
    manifest_bytes,
    other_versions,
    plan_of,
    read_manifest,
    scenario_of,
    sha256,
)
from simulator.metrics import TIME
from simulator.problems import printable
from simulator.publishing import claimed, publish, shown
from simulator.scenario_file import LoadedScenario
from simulator.store import POINTS
from simulator.study_commands import done_again, kept_or_gone, request_of, take_over, without_replicates
from simulator.verification import FALSE_ALARM, Verdict, verify, verify_by_counts
from simulator.wording import counted, number

_LONGEST_LINE = 120


def simulate(
    loaded: Sequence[LoadedScenario],
    plan: Plan,
    out: Path,
    command: str,
    *,
    force: bool,
    quiet: bool,
    with_figures: bool,
) -> None:
    """Run, write the result to ``out`` in one move, and print the answer.

    Raises Interrupted, with what is kept and how to go on, when the user stops it.
    """
    # Problems of the model are found before a folder is made.
    worlds = build_worlds(loaded)
    if plan.method == EXPECTED:
        refuse_without_closed_form(loaded, worlds)
    long = mention(refuse_long_run(loaded, worlds, plan), Resources(plan.workers, plan.scheduler))
    if long and not quiet:
        say(long, error=True)
    if plan.uncertain:
        loaded = [without_replicates(one) for one in loaded]
        parameter_points(loaded, plan)
    digest = computation_digest(loaded, plan)
    kept, worlds_kept = 0, 0
    try:
        with claimed(out, digest, command, force=force) as folder:
            try:
                if (before := store.count_kept(folder, digest)) and not quiet:
                    say(f"Going on from {counted(before, 'replicate')} kept of an earlier run.\n")
                if plan.uncertain:
                    take_over(out / POINTS, folder / POINTS)
                with progress("simulating", plan.replicates, quiet=quiet) as report:
                    outcome = run(loaded, plan, digest=digest, folder=folder, progress=report)
                knowledge = _knowledge(loaded, plan, folder / POINTS, quiet=quiet)
                data = outputs.results(outcome, knowledge)
                figures = _figures(outcome, knowledge) if with_figures else {}
                manifest = make_manifest(outcome, command, data, figures)
                points = {POINTS: folder / POINTS} if knowledge else {}
                publish(folder, out, {**data, **figures, MANIFEST: manifest_bytes(manifest), **points})
            except BaseException:
                kept, worlds_kept = store.count_kept(folder, digest), kept_or_gone(folder, folder / POINTS)
                raise
    except KeyboardInterrupt:
        raise Interrupted(_kept_note(kept, worlds_kept, plan, command)) from None
    if not quiet:
        print_answer(outcome, knowledge)
        drawn = sum(name.endswith(".png") for name in figures)
        also = f" and {counted(drawn, 'figure')} (PNG and SVG)" if drawn else ""
        say(f"\nWritten to {printable(shown(out.resolve()))}: {', '.join((*sorted(data), MANIFEST))}{also}.")


def print_answer(outcome: Outcome, knowledge: Sequence[Knowledge] = ()) -> None:
    """Print the answer in sentences, then one table of all metrics."""
    found = [findings(part) for part in outcome.scenarios]
    for part in outcome.scenarios:
        say(f"{part.loaded.name}: {printable(part.world.title)}")
    say()
    for sentence in answer.sentences(outcome, found, knowledge):
        say(printable(sentence))
    say()
    labels = {finding.metric.name: table_label(finding) for one in found for finding in one}
    rows = [
        [label, *(finding.cell if (finding := named(one, name)) else "" for one in found)]
        for name, label in labels.items()
    ]
    show_table(["metric", *(part.loaded.name for part in outcome.scenarios)], rows)
    say()
    if not outcome.replicates:
        say("Expected values of the closed form; nothing was simulated.")
        if knowledge:
            _show_knowledge(outcome, knowledge)
        return
    say(f"Means of {counted(outcome.replicates, 'simulated world')}; in brackets the range of 90 % of the worlds.")
    if any(finding.upper_bound is not None for one in found for finding in one):
        say("“<”: none in any world, so this is the upper bound of the mean (95 % confidence).")
    for comparison in comparisons(outcome):
        say(_pairing(comparison))
    if knowledge:
        _show_knowledge(outcome, knowledge)
    if outcome.precise is not None:
        reached = "reached" if outcome.precise else "NOT reached"
        asked = 100 * (outcome.plan.precision or 0)
        say(f"Precision of {asked:g} % {reached} after {outcome.replicates:,} replicates.")


def verify_scenario(loaded: LoadedScenario, plan: Plan, *, quiet: bool) -> bool:
    """Compare simulation and closed form and print the scores; returns whether they agree."""
    with progress("simulating", plan.replicates, quiet=quiet) as report:
        outcome = run([loaded], plan, progress=report)
    part = outcome.scenarios[0]
    if part.ensemble is None:
        raise ValueError("verification needs a simulation")
    reasons = obstacles(part.world)
    if reasons:
        with progress("counting", plan.replicates, quiet=quiet) as report:
            counted = count_replicates(part.world, outcome.replicates, plan.workers, report)
        verdict = verify_by_counts(part.ensemble, counted)
    else:
        verdict = verify(part.ensemble, expected(part.world))
    against = "the count-based engine" if reasons else "closed form"
    if not quiet:
        for reason in reasons:
            say(f"No closed form: {printable(reason)}.")
        _show_scores(verdict, against)
    if not (quiet and verdict.agrees):
        say(verdict_sentence(verdict, against), error=quiet)
    return verdict.agrees


def run_again(folder: Path, workers: int, *, quiet: bool) -> bool:
    """Run a result again from its manifest and compare every file byte by byte; returns whether all are identical."""
    manifest = read_manifest(folder)
    loaded = [scenario_of(entry) for entry in manifest.scenarios]
    if manifest.study is not None:
        request = request_of(manifest, tuple(loaded))
        with tempfile.TemporaryDirectory(prefix="minesim-") as place:
            files = done_again(request, Resources(workers), Path(place), quiet=quiet)
            fresh = {name: path.read_bytes() for name, path in files.items()}
        played = request.replicates if request.method != EXPECTED else 0
    else:
        plan = plan_of(manifest, workers)
        with progress("running again", plan.replicates, quiet=quiet) as report:
            outcome = run(loaded, plan, progress=report)
        with tempfile.TemporaryDirectory(prefix="minesim-") as place:
            knowledge = _knowledge(loaded, plan, Path(place) / POINTS, quiet=quiet)
        fresh, played = outputs.results(outcome, knowledge), outcome.replicates
    differing = [*changes(manifest, loaded), *_differences(folder, manifest, fresh)]
    if played != manifest.replicates_played:
        counts = f"{manifest.replicates_played:,} replicates were played, the new run played {played:,}"
        differing.append(f"{MANIFEST}: says that {counts}")
    if differing or not quiet:
        for line in (*other_versions(manifest), *differing):
            say(printable(line), error=quiet)
    if not (differing or quiet):
        drawn = f"; {counted(len(manifest.figures), 'figure file')} as written" if manifest.figures else ""
        say(f"identical: {', '.join(sorted(fresh))}{drawn}")
    return not differing


def _knowledge(loaded: Sequence[LoadedScenario], plan: Plan, path: Path, *, quiet: bool) -> list[Knowledge]:
    """Vary the uncertain inputs as the plan asks; empty if it does not."""
    if not plan.uncertain:
        return []
    points = parameter_points(loaded, plan)
    with (
        opened_store(path) as kept,
        pool(Resources(plan.workers, plan.scheduler)) as computing,
        progress("parameter sets", len(points), quiet=quiet) as report,
    ):
        return learn(points, plan.replicates, kept, computing, report or unseen)


def _show_knowledge(outcome: Outcome, knowledge: Sequence[Knowledge]) -> None:
    """Print the metrics under uncertain inputs: the mean over parameter sets, and the range of expected values."""
    say("\nWith uncertain inputs: mean over the parameter sets (of times the median), in brackets 90 % of the sets'")
    say("expected values (knowledge) and, after the semicolon, 90 % of all worlds played (knowledge and chance).\n")
    labels = {finding.metric.name: table_label(finding) for part in outcome.scenarios for finding in findings(part)}
    rows = [
        [label, *(spread_cell(one.metrics.get(name), is_time=name.startswith(TIME)) for one in knowledge)]
        for name, label in labels.items()
    ]
    show_table(["metric", *(part.loaded.name for part in outcome.scenarios)], rows)
    for part, one in zip(outcome.scenarios, knowledge, strict=True):
        for failure in one.failures[:1]:
            count = counted(len(one.failures), "parameter set")
            say(f"{part.loaded.name}: {count} failed, the first because: {printable(failure)}", error=True)


def _figures(outcome: Outcome, knowledge: Sequence[Knowledge] = ()) -> dict[str, bytes]:
    hush_drawing()
    # Matplotlib takes half a second to load.
    from simulator.figures import figures, rendered

    return {
        f"figures/{name}": content
        for stem, figure in figures(outcome, knowledge)
        for name, content in rendered(stem, figure).items()
    }


def _kept_note(kept: int, worlds: int, plan: Plan, command: str) -> str:
    if not (kept or worlds):
        return "Nothing was finished, nothing is kept."
    also = f" and {counted(worlds, 'world')} of the parameter sets" if worlds else ""
    return (
        f"Finished and kept: {kept:,} of {counted(plan.replicates, 'replicate')}{also}. "
        f"To go on from there, run the same command again:\n  {command}"
    )


def _pairing(comparison: Comparison) -> str:
    gain = comparison.differences["casualties"]
    conditional, counts = float(gain.variance_reduction), float(gain.played_variance_reduction)
    pair = f"{comparison.name} with {comparison.reference}"
    if not max(conditional, counts) > 1.5:
        return f"Pairing {pair} did not make their difference more precise."
    return (
        f"Pairing {pair} made the variance of their difference in casualties {_times_smaller(conditional)} "
        f"({_times_smaller(counts)} for the casualties counted in single worlds)."
    )


def _times_smaller(ratio: float) -> str:
    if not 0 < ratio < float("inf"):
        return "no different"
    return f"{number(ratio)} times smaller" if ratio >= 1 else f"{number(1 / ratio)} times larger"


def _show_scores(verdict: Verdict, against: str) -> None:
    """Print the z-scores, a line for each day and a column for each quantity and reading."""
    columns = list(dict.fromkeys((check.quantity, check.reading) for check in verdict.checks))
    scores = {(check.time_days, check.quantity, check.reading): check.z for check in verdict.checks}
    days = list(dict.fromkeys(check.time_days for check in verdict.checks))
    # What is too rare on a day to be compared has no score.
    cells = {place: f"{score:+.2f}" for place, score in scores.items()}
    rows = [[f"{day:g}", *(cells.get((day, *column), "") for column in columns)] for day in days]
    say(f"z-scores of the simulation against {against}; played: counts, estimate: the conditional mean\n")
    show_table(["day", *(f"{quantity} ({reading})" for quantity, reading in columns)], rows)
    say()


def verdict_sentence(verdict: Verdict, against: str) -> str:
    """Say whether simulation and what it is held against agree, by the largest score."""
    worst = max(verdict.checks, key=lambda check: abs(check.z))
    word = "agree" if verdict.agrees else "DISAGREE"
    return (
        f"Simulation and {against} {word}: the largest of {len(verdict.checks)} scores is {worst.z:+.2f} "
        f"({worst.quantity}, {worst.reading}, day {worst.time_days:g}: {number(worst.simulated, 6)} against "
        f"{number(worst.expected, 6)}), the limit {verdict.limit:.2f}. A correct program exceeds it once in "
        f"{1 / FALSE_ALARM:,.0f} times."
    )


def _differences(folder: Path, manifest: Manifest, fresh: dict[str, bytes]) -> Iterator[str]:
    """Say which files differ from the new run or from what was written."""
    for name in sorted({*fresh, *manifest.outputs}):
        path, new, written = folder / name, fresh.get(name), manifest.outputs.get(name)
        stored = path.read_bytes() if path.is_file() else None
        if new is None or written is None:
            yield f"{name}: is only in {'the manifest' if new is None else 'the new run'}"
        elif stored is None:
            yield f"{name}: is missing in {folder}"
        else:
            if sha256(stored) != written:
                yield f"{name}: is not as it was written, its sha256 is not the one in {MANIFEST}"
            if stored != new:
                yield f"{name}: the new run differs, {_first_difference(stored, new)}"
    for name, written in sorted(manifest.figures.items()):
        path = folder / name
        if not path.is_file():
            yield f"{name}: is missing in {folder}"
        elif sha256(path.read_bytes()) != written:
            yield f"{name}: is not as it was written, its sha256 is not the one in {MANIFEST}"


def _first_difference(stored: bytes, new: bytes) -> str:
    old_lines, new_lines = stored.decode("utf-8", "replace").split("\n"), new.decode("utf-8", "replace").split("\n")
    pairs = zip(old_lines, new_lines, strict=False)
    row = next((row for row, (old, its) in enumerate(pairs) if old != its), min(len(old_lines), len(new_lines)))
    old, its = (lines[row][:_LONGEST_LINE] if row < len(lines) else "the end" for lines in (old_lines, new_lines))
    return f"first in line {row + 1}: '{old}' in the file, '{its}' in the new run"
