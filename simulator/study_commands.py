"""What the verbs that compute many worlds do: compute, write and print, and go on where they were stopped."""

import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from simulator.console import Interrupted, Progress, hush_drawing, progress, say, show_table, unseen
from simulator.evaluation import opened_store
from simulator.executor import Resources, pool
from simulator.manifest import MANIFEST, Manifest, manifest_bytes, study_digest, study_manifest
from simulator.point_store import Store, blocks_kept, points_kept
from simulator.problems import InputError, printable
from simulator.publishing import NO_ROOM, claimed, publish, shown, unwritable
from simulator.scenario_file import LoadedScenario, digest_of, with_files
from simulator.store import INCOMPLETE, POINTS
from simulator.studies import perform
from simulator.study import Answer, Bench, Request
from simulator.wording import counted

_MOST_FAILURES = 5


@dataclass(frozen=True, slots=True)
class Setup:
    """Where and how a study is computed and written; nothing here changes a number. No ``out``: it is only printed."""

    out: Path | None
    resources: Resources
    store: Path | None = None
    force: bool = False
    quiet: bool = False
    with_figures: bool = True


def carry_out(request: Request, setup: Setup, command: str) -> int:
    """Do a study, write the result in one move, and print the answer; returns how many points failed.

    Raises Interrupted, with what is kept and how to go on, when the user stops it.
    """
    if setup.out is None:
        answer = _printed_only(request, setup)
        return len(answer.failures)
    request = replace(request, scenarios=tuple(map(without_replicates, request.scenarios)))
    digest = study_digest(request.verb, request.scenarios, request.method, request.arguments)
    started = time.perf_counter()
    try:
        with claimed(setup.out, digest, command, force=setup.force) as folder, _explained(setup.out):
            path = setup.store or folder / POINTS
            try:
                take_over(setup.out / POINTS, path)
                if (before := points_kept(path)) and not setup.quiet:
                    say(f"Going on from {counted(before, 'world')} kept {_where(setup.store, 'of an earlier run')}.\n")
                with opened_store(path) as store, ExitStack() as stack:
                    parts = folder / "parts"
                    parts.mkdir(exist_ok=True)
                    answer = _performed(request, setup, parts, store, stack)
                figures = _drawn(answer) if setup.with_figures else {}
                seconds = time.perf_counter() - started
                manifest = study_manifest(
                    request.verb, request.scenarios, request.method, request.replicates, request.arguments, command,
                    seconds, answer.files, figures,
                )  # fmt: skip
                kept_beside: Mapping[str, Path] = {} if setup.store else {POINTS: path}
                publish(
                    folder, setup.out, {**answer.files, **figures, MANIFEST: manifest_bytes(manifest), **kept_beside}
                )
            except BaseException:
                kept_or_gone(folder, path)
                raise
    except KeyboardInterrupt:
        path = setup.store or _incomplete(setup.out) / POINTS
        raise Interrupted(_kept_note(_worlds(path), setup.store, command)) from None
    if not setup.quiet:
        _show(answer)
        drawn = sum(name.endswith(".png") for name in figures)
        also = f" and {counted(drawn, 'figure')} (PNG and SVG)" if drawn else ""
        written = printable(shown(setup.out.resolve()))
        say(f"\nWritten to {written}: {', '.join((*sorted(answer.files), MANIFEST))}{also}.")
    _show_failures(answer)
    return len(answer.failures)


def done_again(request: Request, resources: Resources, folder: Path, *, quiet: bool) -> Mapping[str, Path]:
    """Compute a study afresh, without what is kept, and write its data files into ``folder``; returns them by name."""
    setup = Setup(None, resources, quiet=quiet)
    with opened_store(None) as store, ExitStack() as stack:
        return _performed(request, setup, folder, store, stack).files


def request_of(manifest: Manifest, scenarios: tuple[LoadedScenario, ...]) -> Request:
    """Make the request that a result answered. Raises ValueError when it is that of no study."""
    if manifest.study is None:
        raise ValueError("the result is of no study")
    options = manifest.options
    return Request(manifest.study.verb, scenarios, options.replicates, options.method, manifest.study.arguments)


def _printed_only(request: Request, setup: Setup) -> Answer:
    try:
        with (
            tempfile.TemporaryDirectory(prefix="minesim-") as folder,
            opened_store(setup.store) as store,
            ExitStack() as stack,
        ):
            answer = _performed(request, setup, Path(folder), store, stack)
    except KeyboardInterrupt:
        raise Interrupted("Nothing is kept; with -o DIR finished points are.") from None
    if not setup.quiet:
        _show(answer)
    _show_failures(answer)
    return answer


def _performed(request: Request, setup: Setup, folder: Path, store: Store, stack: ExitStack) -> Answer:
    computing = stack.enter_context(pool(setup.resources))

    def watched(label: str, total: int) -> Progress:
        return stack.enter_context(progress(label, total, quiet=setup.quiet)) or unseen

    return perform(request, Bench(folder, store, computing, watched))


def _drawn(answer: Answer) -> dict[str, bytes]:
    hush_drawing()
    # Matplotlib takes half a second to load.
    from simulator.figures import rendered

    return {
        f"figures/{name}": content
        for stem, figure in answer.figures()
        for name, content in rendered(stem, figure).items()
    }


def take_over(old: Path, new: Path) -> None:
    """Begin with the points that a finished result has kept, if it is computed once more."""
    if new.exists() or not _blocks(old):
        return
    half = new.with_name(f"{new.name}.part")
    shutil.copyfile(old, half)
    half.rename(new)


def kept_or_gone(folder: Path, path: Path) -> int:
    """Count what is kept of a study that was stopped; a store with nothing in it, or nothing but what the result before
    has, is removed.
    """
    shutil.rmtree(folder / "parts", ignore_errors=True)
    before = folder.with_name(folder.name.removesuffix(INCOMPLETE)) / POINTS
    try:
        kept, written = points_kept(path), blocks_kept(path)
    except InputError:
        # Damaged, or no room even to look: nothing is thrown away.
        return 0
    if path.parent == folder and written == _blocks(before):
        for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
            (folder / name).unlink(missing_ok=True)
    return kept


def _incomplete(out: Path) -> Path:
    out = out.resolve()
    return out.parent / f"{out.name}{INCOMPLETE}"


def _worlds(path: Path) -> int:
    """Count the worlds a store keeps; 0 where it is none."""
    try:
        return points_kept(path)
    except InputError:
        return 0


def _blocks(path: Path) -> int:
    """Count what was written into a store; 0 where it is none."""
    try:
        return blocks_kept(path)
    except InputError:
        return 0


def without_replicates(loaded: LoadedScenario) -> LoadedScenario:
    """Take the number of replicates out of a scenario: the request has it, and more of them are no other study."""
    tree = {key: value for key, value in loaded.tree.items() if key != "replicates"}
    return with_files(replace(loaded, tree=tree, digest=digest_of(tree)), loaded.files)


@contextmanager
def _explained(out: Path) -> Iterator[None]:
    """Say what to do when the disk is full."""
    try:
        yield
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        raise unwritable(out.resolve(), error) from None


def _show(answer: Answer) -> None:
    for sentence in answer.sentences:
        say(printable(sentence))
    for header, rows in answer.tables:
        say()
        show_table(header, rows)


def _show_failures(answer: Answer) -> None:
    for failure in answer.failures[:_MOST_FAILURES]:
        say(f"failed: {printable(failure)}", error=True)
    if len(answer.failures) > _MOST_FAILURES:
        say(f"and {len(answer.failures) - _MOST_FAILURES:,} more, see summary.json", error=True)


def _where(store: Path | None, otherwise: str) -> str:
    # A store that is shared has worlds of other studies too.
    return f"in {printable(str(store))}" if store is not None else otherwise


def _kept_note(kept: int, store: Path | None, command: str) -> str:
    if not kept:
        return "Nothing was finished, nothing is kept."
    what = f"{counted(kept, 'world')}{'' if store is None else f', all those in {printable(str(store))}'}"
    return f"Finished and kept: {what}. To go on from there, run the same command again:\n  {command}"
