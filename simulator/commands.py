"""What the verbs do: load, compute, write and print."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from simulator import answer, outputs
from simulator.console import progress, show_table
from simulator.evidence import ASSUMPTION, sourced_values
from simulator.experiment import Outcome, Plan, run
from simulator.problems import InputError, input_error
from simulator.scenario_file import LoadedScenario, digest_of, from_tree, load, read_sources, shipped_scenarios


def load_together(paths: Sequence[Path], overrides: Sequence[str]) -> list[LoadedScenario]:
    """Load the scenarios of one run. Overrides below mines.CLASS go to the scenarios that have the class.

    Raises InputError with the problems of all files.
    """
    loaded, problems = [], []
    unused = set(overrides)
    for path in paths:
        try:
            classes = set(load(path).scenario.mines) if len(paths) > 1 and overrides else None
            chosen = [text for text in overrides if classes is None or _applies(text, classes)]
            unused -= set(chosen)
            loaded.append(load(path, chosen))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    if unused:
        raise input_error(f"no scenario has the class of mines in {', '.join(sorted(unused))}", path="--set")
    return _named_apart(loaded)


def simulate(
    loaded: Sequence[LoadedScenario], plan: Plan, out: Path, command: str, *, force: bool, quiet: bool, with_figures: bool
) -> None:
    """Run, write the result to ``out`` in one move, and print the answer. What is finished survives an interruption."""
    digest = computation_digest(loaded, plan)
    # Problems of the model are found before a folder is made.
    run(loaded, replace(plan, method="expected"))
    try:
        with outputs.claimed(out, digest, force=force) as folder:
            with progress("simulating", quiet=quiet) as report:
                outcome = run(loaded, plan, digest=digest, folder=folder, progress=report)
            data = outputs.results(outcome)
            files = data | (_figures(outcome) if with_figures else {})
            text = outputs.manifest_json(outputs.manifest(outcome, command, digest, data))
            outputs.publish(folder, out, files | {outputs.MANIFEST: text.encode()})
    except KeyboardInterrupt:
        kept = out.with_name(f"{out.name}.incomplete")
        note = f"Finished replicates are kept in {kept}; the same command goes on from there." if kept.exists() else ""
        raise KeyboardInterrupt(note) from None
    if not quiet:
        print_answer(outcome)
        figures = f", {sum(name.endswith('.png') for name in files)} figures (PNG and SVG)" if with_figures else ""
        print(f"\nWritten to {out}: {', '.join(sorted(data))}, {outputs.MANIFEST}{figures}.")


def computation_digest(loaded: Sequence[LoadedScenario], plan: Plan) -> str:
    """The sha256 of everything that determines the numbers of a result."""
    return digest_of(
        {
            "scenarios": [[one.name, one.digest] for one in loaded],
            "replicates": plan.replicates,
            "precision": plan.precision,
            "method": plan.method,
            "versions": outputs.versions(),
        }
    )


def print_answer(outcome: Outcome) -> None:
    """The answer in sentences, then one table of all metrics."""
    found = [answer.findings(part) for part in outcome.scenarios]
    for part in outcome.scenarios:
        print(f"{part.loaded.name}: {part.world.title}")
    print()
    for sentence in answer.sentences(outcome, found):
        print(sentence)
    print()
    names = list(dict.fromkeys(finding.metric.name for one in found for finding in one))
    by_name = [{finding.metric.name: finding for finding in one} for one in found]
    rows = []
    for name in names:
        known = next(one[name] for one in by_name if name in one)
        unit = known.metric.unit
        label = known.metric.label if unit in known.metric.label or known.metric.is_time else f"{known.metric.label} [{unit}]"
        rows.append([label, *(one[name].cell if name in one else "" for one in by_name)])
    show_table(["metric", *(part.loaded.name for part in outcome.scenarios)], rows)
    if outcome.replicates:
        print(f"\nMean of {outcome.replicates} simulated worlds; in brackets the range of 90 % of them.")
    for comparison in answer.comparisons(outcome):
        print(_pairing(comparison))
    if outcome.precise is not None:
        reached = "reached" if outcome.precise else "NOT reached"
        print(f"Precision of {100 * (outcome.plan.precision or 0):g} % {reached} after {outcome.replicates} replicates.")


def _pairing(comparison: answer.Comparison) -> str:
    gain = comparison.differences["casualties"]
    conditional, counted = float(gain.variance_reduction), float(gain.played_variance_reduction)
    if not max(conditional, counted) > 1.5:
        return (
            f"{comparison.name} and {comparison.reference} share little chance: pairing them did not make the error of their "
            "difference smaller."
        )
    return (
        f"Pairing made the variance of the difference in casualties between {comparison.name} and {comparison.reference} "
        f"{answer.number(conditional)} times smaller ({answer.number(counted)} times for the counted accidents)."
    )


def verify_scenario(loaded: LoadedScenario, plan: Plan, *, quiet: bool) -> bool:
    """Compare simulation and closed form and print the scores; whether they agree."""
    from simulator.verification import FALSE_ALARM, verify

    with progress("simulating", quiet=quiet) as report:
        outcome = run([loaded], plan, progress=report)
    part = outcome.scenarios[0]
    if part.ensemble is None:
        raise ValueError("verification needs a simulation")
    verdict = verify(part.ensemble, part.expected)
    if not quiet:
        rows = [
            [f"{check.quantity} ({check.reading})", f"{check.time_days:g}", answer.number(check.simulated, 6),
             answer.number(check.expected, 6), f"{check.z:+.2f}"]
            for check in verdict.checks
        ]  # fmt: skip
        show_table(["quantity", "day", "simulated", "closed form", "z"], rows)
        word = "agree" if verdict.agrees else "DISAGREE"
        print(
            f"\nSimulation and closed form {word}: the largest of {len(verdict.checks)} scores is {verdict.largest:.2f}, "
            f"the limit {verdict.limit:.2f} (a correct program exceeds it once in {1 / FALSE_ALARM:,.0f} times)."
        )
    return verdict.agrees


def run_again(folder: Path, workers: int, *, quiet: bool) -> bool:
    """Run a result again from its manifest and compare every data file byte by byte; whether all are identical."""
    manifest = outputs.read_manifest(folder)
    try:
        loaded = [from_tree(entry["name"], entry["tree"]) for entry in manifest["scenarios"]]
        options = manifest["options"]
        plan = Plan(options["replicates"], workers, options["precision"], options["method"])
        recorded = dict(manifest["outputs"])
    except (KeyError, TypeError) as error:
        raise input_error(f"{folder / outputs.MANIFEST}: does not hold what a rerun needs ({error})") from None
    with progress("running again", quiet=quiet) as report:
        outcome = run(loaded, plan, progress=report)
    fresh = outputs.results(outcome)
    differing = [
        line for name in sorted({*fresh, *recorded}) for line in _difference(folder / name, recorded.get(name), fresh.get(name))
    ]
    if not quiet:
        for name, new in outputs.versions().items():
            if (old := manifest["versions"].get(name)) != new:
                print(f"{name} is {new}, the result was made with {old}")
        print("\n".join(differing) if differing else f"identical: {', '.join(sorted(fresh))}")
    return not differing


def start_project(folder: Path) -> str:
    """Copy two scenarios, the references and the schema into a new folder; what to do next, as text."""
    import json

    from simulator.schema import json_schema

    if folder.exists() and (folder.is_file() or any(folder.iterdir())):
        raise input_error(f"{folder} exists and is not empty; give a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("persistent.yaml", "treaty-limit.yaml", "sources.yaml"):
        shutil.copyfile(shipped_scenarios() / name, folder / name)
    schema = json.dumps(json_schema(), indent=1, ensure_ascii=False)
    (folder / "scenario.schema.json").write_text(schema + "\n", encoding="utf-8")
    return (
        f"{folder} holds two scenarios, their references and the schema for editors. Edit treaty-limit.yaml, then:\n"
        f"  minesim compare {folder}/persistent.yaml {folder}/treaty-limit.yaml -o {folder}/results"
    )


def list_sources(scenario: Path | None) -> None:
    """Print the shipped references, or for a scenario each sourced number with grade, source and note."""
    if scenario is None:
        for key, source in read_sources(shipped_scenarios() / "sources.yaml").items():
            parts = (source.author, source.title, source.publisher, str(source.year or ""), source.url)
            print(f"{key}: {'. '.join(part for part in parts if part)}")
        return
    loaded = load(scenario)
    rows = [
        [".".join(value.path), str(value.value), value.grade or "-", value.source, value.note]
        for value in sorted(sourced_values(loaded.tree), key=lambda value: value.source != ASSUMPTION)
    ]
    for path, number, grade, source, note in rows:
        print(f"{path} = {number}\n    {source}; grade {grade}. {note}")


def _figures(outcome: Outcome) -> dict[str, bytes]:
    from simulator.figures import figures, rendered

    return {
        f"figures/{name}": content
        for stem, figure in figures(outcome)
        for name, content in rendered(stem, figure).items()
    }


def _applies(override: str, classes: set[str]) -> bool:
    keys = override.partition("=")[0].strip().split(".")
    return keys[0] != "mines" or len(keys) < 3 or keys[1] in classes


def _named_apart(loaded: Sequence[LoadedScenario]) -> list[LoadedScenario]:
    seen: dict[str, int] = {}
    apart = []
    for one in loaded:
        seen[one.name] = seen.get(one.name, 0) + 1
        apart.append(one if seen[one.name] == 1 else replace(one, name=f"{one.name}-{seen[one.name]}"))
    return apart


def _difference(path: Path, recorded: str | None, fresh: bytes | None) -> list[str]:
    import hashlib

    if fresh is None or recorded is None:
        return [f"{path.name}: exists only in the {'manifest' if fresh is None else 'new run'}"]
    lines = []
    digest = hashlib.sha256(fresh).hexdigest()
    if digest != recorded:
        lines.append(f"{path.name}: the new run differs from the manifest")
    stored = path.read_bytes() if path.is_file() else None
    if stored is None:
        lines.append(f"{path.name}: is missing in {path.parent}")
    elif stored != fresh:
        old, new = stored.decode("utf-8", "replace").splitlines(), fresh.decode().splitlines()
        row = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
        lines.append(f"{path.name}: the file differs from the new run, first in line {row + 1}")
    return lines

