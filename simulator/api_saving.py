"""Results of Python as folders, the same as the command line writes: ``rerun`` and ``report`` work on them."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from simulator import outputs
from simulator.experiment import Outcome
from simulator.knowledge import Knowledge
from simulator.manifest import (
    MANIFEST,
    computation_digest,
    make_manifest,
    manifest_bytes,
    study_digest,
    study_manifest,
)  # fmt: skip
from simulator.publishing import claimed, publish
from simulator.study import Request

Drawn = Iterator[tuple[str, Any]]


def save_outcome(
    outcome: Outcome, knowledge: Sequence[Knowledge], drawn: Drawn, command: str, out: Path, *, force: bool
) -> None:
    """Write a run or a comparison into a folder, in one move. Raises InputError when it holds something else."""
    data = outputs.results(outcome, knowledge)
    figures = _rendered(drawn)
    digest = computation_digest([part.loaded for part in outcome.scenarios], outcome.plan)
    manifest = manifest_bytes(make_manifest(outcome, command, data, figures))
    with claimed(out, digest, command, force=force) as folder:
        publish(folder, out, {**data, **figures, MANIFEST: manifest})


def save_study(
    request: Request,
    files: Mapping[str, bytes],
    seconds: float,
    drawn: Drawn,
    command: str,
    out: Path,
    *,
    force: bool,
) -> None:
    """Write a study of many worlds into a folder, in one move. Raises InputError when it holds something else."""
    figures = _rendered(drawn)
    asked = request.verb, request.scenarios, request.method
    with claimed(out, study_digest(*asked, request.arguments), command, force=force) as folder:
        parts = folder / "parts"
        parts.mkdir(exist_ok=True)
        written = {name: parts / name for name in files}
        for name, content in files.items():
            written[name].write_bytes(content)
        manifest = study_manifest(*asked, request.replicates, request.arguments, command, seconds, written, figures)
        publish(folder, out, {**written, **figures, MANIFEST: manifest_bytes(manifest)})


def _rendered(drawn: Drawn) -> dict[str, bytes]:
    # Matplotlib takes half a second to load.
    from simulator.figures import rendered

    return {f"figures/{name}": content for stem, figure in drawn for name, content in rendered(stem, figure).items()}
