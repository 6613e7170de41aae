"""What the verbs that compute do: run, write and print."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from simulator import answer, outputs, store
from simulator.console import Interrupted, progress, say, show_table
from simulator.expected import expected, obstacles
from simulator.experiment import (
    EXPECTED,
    Outcome,
    Plan,
    build_worlds,
    count_replicates,
    refuse_without_closed_form,
    run,
)
from simulator.findings import Comparison, comparisons, findings, named, table_label
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
from simulator.problems import printable
from simulator.publishing import claimed, publish
from simulator.scenario_file import LoadedScenario
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
    digest = computation_digest(loaded, plan)
    kept = 0
    try:
        with claimed(out, digest, command, force=force) as folder:
            try:
                if (before := store.count_kept(folder, digest)) and not quiet:
                    say(f"Going on from {counted(before, 'replicate')} kept of an earlier run.\n")
                with progress("simulating", plan.replicates, quiet=quiet) as report:
                    outcome = run(loaded, plan, digest=digest, folder=folder, progress=report)
                data = outputs.results(outcome)
                figures = _figures(outcome) if with_figures else {}
                manifest = make_manifest(outcome, command, data, figures)
                publish(folder, out, {**data, **figures, MANIFEST: manifest_bytes(manifest)})
            except KeyboardInterrupt:
                kept = store.count_kept(folder, digest)
                raise
    except KeyboardInterrupt:
        raise Interrupted(_kept_note(kept, plan, command)) from None
    if not quiet:
        print_answer(outcome)
        drawn = sum(name.endswith(".png") for name in figures)
        also = f" and {counted(drawn, 'figure')} (PNG and SVG)" if drawn else ""
        say(f"\nWritten to {printable(str(out))}: {', '.join((*sorted(data), MANIFEST))}{also}.")


def print_answer(outcome: Outcome) -> None:
    """Print the answer in sentences, then one table of all metrics."""
    found = [findings(part) for part in outcome.scenarios]
    for part in outcome.scenarios:
        say(f"{part.loaded.name}: {printable(part.world.title)}")
    say()
    for sentence in answer.sentences(outcome, found):
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
        return
    say(f"Means of {counted(outcome.replicates, 'simulated world')}; in brackets the range of 90 % of the worlds.")
    if any(finding.upper_bound is not None for one in found for finding in one):
        say("“<”: none in any world, so this is the upper bound of the mean (95 % confidence).")
    for comparison in comparisons(outcome):
        say(_pairing(comparison))
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
        say(_verdict_sentence(verdict, against), error=quiet)
    return verdict.agrees


def run_again(folder: Path, workers: int, *, quiet: bool) -> bool:
    """Run a result again from its manifest and compare every file byte by byte; returns whether all are identical."""
    manifest = read_manifest(folder)
    loaded = [scenario_of(entry) for entry in manifest.scenarios]
    plan = plan_of(manifest, workers)
    with progress("running again", plan.replicates, quiet=quiet) as report:
        outcome = run(loaded, plan, progress=report)
    fresh = outputs.results(outcome)
    differing = [*changes(manifest, loaded), *_differences(folder, manifest, fresh)]
    if outcome.replicates != manifest.replicates_played:
        played = f"{manifest.replicates_played:,} replicates were played, the new run played {outcome.replicates:,}"
        differing.append(f"{MANIFEST}: says that {played}")
    if differing or not quiet:
        for line in (*other_versions(manifest), *differing):
            say(printable(line), error=quiet)
    if not (differing or quiet):
        drawn = f"; {counted(len(manifest.figures), 'figure file')} as written" if manifest.figures else ""
        say(f"identical: {', '.join(sorted(fresh))}{drawn}")
    return not differing


def _figures(outcome: Outcome) -> dict[str, bytes]:
    # Matplotlib takes half a second to load.
    from simulator.figures import figures, rendered

    return {
        f"figures/{name}": content
        for stem, figure in figures(outcome)
        for name, content in rendered(stem, figure).items()
    }


def _kept_note(kept: int, plan: Plan, command: str) -> str:
    if not kept:
        return "Nothing was finished, nothing is kept."
    return (
        f"Finished and kept: {kept:,} of {counted(plan.replicates, 'replicate')}. "
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
    rows = [[f"{day:g}", *(f"{scores[day, *column]:+.2f}" for column in columns)] for day in days]
    say(f"z-scores of the simulation against {against}; played: counts, estimate: the conditional mean\n")
    show_table(["day", *(f"{quantity} ({reading})" for quantity, reading in columns)], rows)
    say()


def _verdict_sentence(verdict: Verdict, against: str) -> str:
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
