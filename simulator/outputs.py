"""What a run leaves on disk: tidy CSV, JSON, figures and a manifest, in a folder that appears whole or not at all."""

import csv
import hashlib
import io
import json
import os
import platform
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from simulator import __version__
from simulator.answer import Finding, comparisons, findings
from simulator.clocks import date_of
from simulator.ensemble import ALL, bands, curve, mine_names, quantities, samples
from simulator.experiment import Outcome, ScenarioOutcome
from simulator.problems import InputError, input_error
from simulator.statistics import Band, paired

FORMAT = 1
MANIFEST = "manifest.json"
_NOTE = (
    "This folder is incomplete: a run is writing here, or was stopped before it finished.\n"
    "The same minesim command goes on from what is kept. To give it up, delete this folder.\n"
)


def results(outcome: Outcome) -> dict[str, bytes]:
    """The data files of a result by name. The same seed gives the same bytes, whoever computed them."""
    files = {"curves.csv": curves_csv(outcome), "summary.json": summary_json(outcome)}
    if len(outcome.scenarios) > 1 and outcome.scenarios[0].ensemble is not None:
        files["differences.csv"] = differences_csv(outcome)
    return {name: text.encode() for name, text in files.items()}


def curves_csv(outcome: Outcome) -> str:
    """Tidy curves: a row for each scenario, time, class of mines and quantity."""
    header = ("scenario", "time_days", "date", "mines", "quantity", "mean", "standard_error", "p05", "p50", "p95")

    def rows() -> Iterator[Sequence[object]]:
        for part in outcome.scenarios:
            for mines, quantity, summary in part_bands(part):
                columns = (summary.mean, summary.standard_error, summary.p05, summary.p50, summary.p95)
                for index, (days, day) in enumerate(_calendar(part)):
                    yield (part.loaded.name, days, day, mines, quantity, *(_cell(column[index]) for column in columns))

    return _csv(header, rows())


def differences_csv(outcome: Outcome) -> str:
    """Paired differences of every other scenario to the first, for all mines together."""
    header = ("scenario", "reference", "time_days", "date", "quantity", "difference", "standard_error", "p05", "p95",
              "ratio", "ratio_p05", "ratio_p95")  # fmt: skip
    reference = outcome.scenarios[0]

    def rows() -> Iterator[Sequence[object]]:
        for part in outcome.scenarios[1:]:
            if reference.ensemble is None or part.ensemble is None:
                continue
            for quantity in quantities(reference.world):
                if quantity not in quantities(part.world):
                    continue
                its = paired(samples(reference.ensemble, ALL, quantity), samples(part.ensemble, ALL, quantity))
                columns = (its.difference, its.standard_error, its.p05, its.p95, its.ratio, its.ratio_p05, its.ratio_p95)
                for index, (days, day) in enumerate(_calendar(part)):
                    yield (part.loaded.name, reference.loaded.name, days, day, quantity,
                           *(_cell(column[index]) for column in columns))  # fmt: skip

    return _csv(header, rows())


def part_bands(part: ScenarioOutcome) -> Iterator[tuple[str, str, Band]]:
    """The curves of a scenario: simulated bands, or the closed form without error and percentiles."""
    if part.ensemble is not None:
        yield from bands(part.ensemble, part.expected)
        return
    nothing = np.full(part.world.times.size, np.nan)
    for mines in mine_names(part.world):
        for quantity in quantities(part.world):
            mean = curve(part.world, part.expected.curves, part.expected.denied_km2, mines, quantity)
            yield mines, quantity, Band(mean, np.zeros_like(mean), nothing, nothing, nothing, 0)


def summary_json(outcome: Outcome) -> str:
    """Every metric with its interval and sentence, and the comparisons."""
    summary: dict[str, Any] = {
        "format": FORMAT,
        "method": outcome.plan.method,
        "replicates": outcome.replicates,
        "precision": {"asked": outcome.plan.precision, "reached": outcome.precise},
        "scenarios": {
            part.loaded.name: {
                "title": part.world.title,
                "start": part.world.start.isoformat(),
                "horizon_days": part.world.horizon_days,
                "mines": {kind.name: kind.count for kind in part.world.kinds},
                "metrics": {finding.metric.name: _metric_entry(finding) for finding in findings(part)},
            }
            for part in outcome.scenarios
        },
        "comparisons": [
            {
                "scenario": comparison.name,
                "reference": comparison.reference,
                "casualties_averted": _band_entry(comparison.casualties_averted) | {"unit": "people"},
                "differences": {
                    name: {
                        "difference": _json(its.difference), "standard_error": _json(its.standard_error),
                        "p05": _json(its.p05), "p95": _json(its.p95), "ratio": _json(its.ratio),
                        "ratio_p05": _json(its.ratio_p05), "ratio_p95": _json(its.ratio_p95),
                        "variance_reduction": _json(its.variance_reduction),
                        "played_variance_reduction": _json(its.played_variance_reduction),
                    }
                    for name, its in comparison.differences.items()
                },
            }
            for comparison in comparisons(outcome)
        ],
        "scope": "Civilian harm, contamination and clean-up only; never evidence that land is safe.",
    }  # fmt: skip
    return json.dumps(summary, indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def manifest(outcome: Outcome, command: str, digest: str, files: Mapping[str, bytes]) -> dict[str, Any]:
    """What is needed to run the result again and to tell whether it is the same."""
    return {
        "format": FORMAT,
        "program": "minesim",
        "digest": digest,
        "command": command,
        "options": {
            "method": outcome.plan.method,
            "replicates": outcome.plan.replicates,
            "precision": outcome.plan.precision,
        },
        "seed": outcome.scenarios[0].world.seed,
        "replicates_played": outcome.replicates,
        "scenarios": [
            {"name": part.loaded.name, "sha256": part.loaded.digest, "tree": part.loaded.tree}
            for part in outcome.scenarios
        ],
        "versions": versions(),
        "wall_seconds": round(outcome.seconds, 3),
        "outputs": {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())},
    }


def manifest_json(content: Mapping[str, Any]) -> str:
    """A manifest as the text of its file."""
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def versions() -> dict[str, str]:
    """The versions that the random numbers and the arithmetic depend on."""
    libraries = ("numpy", "scipy", "simpy", "pydantic", "matplotlib")
    found = {"minesim": __version__, "python": platform.python_version()}
    return found | {library: version(library) for library in libraries}


@contextmanager
def claimed(out: Path, digest: str, *, force: bool) -> Iterator[Path]:
    """A folder beside ``out`` that says it is incomplete, held by this process; yields its path.

    Raises InputError when ``out`` holds something that is not to be replaced, or another process writes it. Left in place when the
    block is interrupted, so that the run can be resumed.
    """
    _refuse_to_lose(out, digest, force=force)
    folder = out.parent / f"{out.name}.incomplete"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "INCOMPLETE.txt").write_text(_NOTE, encoding="utf-8")
    except OSError as error:
        raise input_error(f"cannot write to {out.parent}: {error.strerror}", path="-o") from None
    lock = folder / "lock"
    _take(lock, out)
    try:
        yield folder
    except BaseException:
        lock.unlink(missing_ok=True)
        if not (folder / "replicates.sqlite").exists():
            shutil.rmtree(folder, ignore_errors=True)
        raise
    lock.unlink(missing_ok=True)


def publish(folder: Path, out: Path, files: Mapping[str, bytes]) -> None:
    """Write all files into the incomplete folder, then put them in place of ``out`` in one move."""
    result = folder / "result"
    shutil.rmtree(result, ignore_errors=True)
    for name, content in files.items():
        path = result / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
    if out.exists():
        previous = folder / "previous"
        shutil.rmtree(previous, ignore_errors=True)
        out.rename(previous)
    result.rename(out)
    shutil.rmtree(folder, ignore_errors=True)


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a result. Raises InputError when the folder is no complete result."""
    path = folder / MANIFEST
    if not path.is_file():
        hint = " (a run into it was not finished)" if folder.with_name(f"{folder.name}.incomplete").exists() else ""
        raise input_error(f"{folder}: is not a result of minesim, it has no {MANIFEST}{hint}")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise input_error(f"{path}: cannot be read: {error}") from None
    if not isinstance(content, dict) or content.get("program") != "minesim" or content.get("format") != FORMAT:
        raise input_error(f"{path}: is not a manifest of this version of minesim")
    return content


def _refuse_to_lose(out: Path, digest: str, *, force: bool) -> None:
    if out.is_file():
        raise input_error(f"{out} is a file; give a folder", path="-o")
    if not out.is_dir() or not any(out.iterdir()):
        return
    try:
        held = read_manifest(out)
    except InputError:
        raise input_error(f"{out} holds files that are not a result of minesim; give another folder", path="-o") from None
    if held.get("digest") != digest and not force:
        names = ", ".join(str(entry.get("name")) for entry in held.get("scenarios", []))
        message = f"{out} holds another result ({names}); give another folder, or --force to replace it"
        raise input_error(message, path="-o")


def _take(lock: Path, out: Path) -> None:
    for _ in range(2):
        try:
            descriptor = os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        except FileExistsError:
            holder = lock.read_text(encoding="ascii", errors="replace").strip()
            if holder.isdecimal() and int(holder) != os.getpid() and _is_alive(int(holder)):
                raise input_error(f"process {holder} is writing to {out}; wait, or give another folder", path="-o") from None
            lock.unlink(missing_ok=True)
            continue
        with os.fdopen(descriptor, "w") as stream:
            stream.write(str(os.getpid()))
        return


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _metric_entry(finding: Finding) -> dict[str, Any]:
    entry: dict[str, Any] = {"label": finding.metric.label, "unit": finding.metric.unit, **_band_entry(finding.band)}
    if finding.upper_bound is not None:
        entry["upper_bound_95"] = _json(finding.upper_bound)
    return entry | {"sentence": finding.sentence}


def _band_entry(band: Band) -> dict[str, Any]:
    return {name: _json(getattr(band, name)) for name in ("mean", "standard_error", "p05", "p50", "p95")}


def _json(value: Any) -> float | None:
    """A finite number to twelve digits; None for what does not exist or lies beyond the horizon."""
    number = float(value)
    return float(f"{number:.12g}") if np.isfinite(number) else None


def _calendar(part: ScenarioOutcome) -> list[tuple[str, str]]:
    return [(f"{days:.12g}", date_of(float(days), part.world.start)) for days in part.world.times]


def _cell(value: float) -> str:
    return f"{value:.12g}" if np.isfinite(value) else ""


def _csv(header: Sequence[str], rows: Iterator[Sequence[object]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return buffer.getvalue()
