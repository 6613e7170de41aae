"""Fuzz all inputs of the program: ``python tests/fuzzing/run.py --minutes 2 --workers 2``.

Each target has its share of the time, in a process of its own that begins with the seeds and with every input that
was once a finding. Exit status 1 with the input saved where something is found. Where atheris does not run, the
properties of tests/test_fuzz_properties.py are all that is tried, and the runner says so.
"""

import argparse
import hashlib
import importlib
import importlib.util
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).resolve().parent
TESTS, ROOT = HERE.parent, HERE.parents[1]
sys.path.insert(0, str(TESTS))

from fuzzing.limits import Limits  # noqa: E402

TARGETS = "fuzzing.targets"
SEED = 1
_FINDING = re.compile(r"Test unit written to (\S+)")
_PULSE = re.compile(r"^#(\d+)\s+\S+\s+cov: (\d+) ft: (\d+) corp: (\d+)", re.MULTILINE)
_FAULT = re.compile(r"^(?:SUMMARY|[\w.]+(?:Error|Warning|Finding|Exception)\b).*", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What fuzzing a target came to: inputs tried, edges of code and features reached, inputs kept, and the most that
    one took [s of the processor]; ``peak_megabytes`` of the process. ``finding`` is the saved input, and ``fault`` what
    it did; both are empty where nothing was found.
    """

    target: str
    seconds: float
    seed: int
    seeds: int
    executions: int = 0
    edges: int = 0
    features: int = 0
    corpus: int = 0
    processor_seconds: float = 0.0
    peak_megabytes: int = 0
    slowest_seconds: float = 0.0
    fault: str = ""
    finding: str = ""


def fuzzed(module: str, name: str, seconds: float, seed: int, home: Path, limits: Limits) -> Outcome:
    """Fuzz a target for some time in a process of its own; what it finds is kept in ``home``."""
    target = importlib.import_module(module).TARGETS[name]
    corpus, first = home / name / "corpus", home / name / "seeds"
    for folder in (corpus, first, home / "findings"):
        folder.mkdir(parents=True, exist_ok=True)
    every = [*target.seeds(), *regressions(name)]
    for place, data in enumerate(every):
        (first / f"{place:04}").write_bytes(data[: target.longest])
    from fuzzing.vocabulary import dictionary

    words, state = home / name / "words.dict", home / name / "state.json"
    words.write_text(dictionary(), encoding="utf-8")
    options = [
        f"-seed={seed}", f"-max_total_time={max(1, round(seconds))}", f"-timeout={limits.clock_seconds}",
        f"-rss_limit_mb={limits.megabytes}", f"-max_len={target.longest}", f"-dict={words}", "-len_control=0",
        f"-artifact_prefix={home / 'findings' / name}-", "-print_final_stats=1", "-report_slow_units=86400",
        str(corpus), str(first),
    ]  # fmt: skip
    command = [sys.executable, "-m", "fuzzing.process", module, name, str(state), *options]
    environment = {**os.environ, "PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", **limits.as_environment()}
    log = home / name / "log.txt"
    started = time.monotonic()
    with log.open("wb") as stream:
        process = subprocess.Popen(command, cwd=TESTS, env=environment, stdout=stream, stderr=subprocess.STDOUT)
        # Unlike subprocess.run, this says what the process took.
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    found = Outcome(name, round(time.monotonic() - started, 1), seed, len(every))
    found = replace(
        found, processor_seconds=round(usage.ru_utime + usage.ru_stime, 1), peak_megabytes=round(usage.ru_maxrss / 1024)
    )
    return _read(found, log.read_text(encoding="utf-8", errors="replace"), state, process.returncode)


def regressions(name: str) -> list[bytes]:
    """Inputs of a target that were findings once."""
    folder = HERE / "regressions" / name
    return [path.read_bytes() for path in sorted(folder.iterdir())] if folder.is_dir() else []


def sources_digest() -> str:
    """The sha256 of the program's sources and of the targets, by name and content."""
    total = hashlib.sha256()
    for folder in (ROOT / "simulator", HERE):
        for path in sorted(folder.rglob("*")):
            if path.suffix in {".py", ".yaml", ".js", ".html", ".css"} and path.is_file():
                total.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=2.0, help="of the clock, for all targets together")
    parser.add_argument("--workers", type=int, default=2, help="processes at a time")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--target", action="append", help="only this one; repeatable")
    parser.add_argument("--targets", default=TARGETS, metavar="MODULE", help=argparse.SUPPRESS)
    parser.add_argument("--seconds-per-input", type=float, default=Limits().seconds)
    parser.add_argument("--megabytes", type=int, default=Limits().megabytes)
    parser.add_argument("--guided", action="store_true", help="exit status 1 where atheris is not installed")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="corpus, logs and findings [default: a new one]")
    parser.add_argument("--record", type=Path, metavar="FILE", help="write what was done and found, as JSON")
    parser.add_argument("--table", type=Path, metavar="FILE", help="print such a record as a table, and nothing else")
    asked = parser.parse_args(arguments)
    if asked.table:
        print(table_of(asked.table))
        return 0
    if importlib.util.find_spec("atheris") is None:
        print("atheris is not installed here (pip install 'minesim[fuzz]'); trying the properties alone.")
        command = [sys.executable, "-m", "pytest", "-n", "0", str(TESTS / "test_fuzz_properties.py")]
        if asked.guided:
            return 1
        return subprocess.run(command, cwd=ROOT).returncode  # noqa: PLW1510
    return _fuzz_all(asked)


def _fuzz_all(asked: argparse.Namespace) -> int:
    names = asked.target or list(importlib.import_module(asked.targets).TARGETS)
    home = asked.keep or Path(tempfile.mkdtemp(prefix="minesim-fuzz-"))
    limits = Limits(asked.seconds_per_input, asked.megabytes)
    seconds = asked.minutes * 60 * min(asked.workers, len(names)) / len(names)
    print(f"{len(names)} targets, {seconds:.0f} s each, seed {asked.seed}; at most {limits.seconds:g} s of the "
          f"processor and {limits.megabytes:,} MB an input. Kept in {home}", flush=True)  # fmt: skip
    started, digest = time.strftime("%Y-%m-%d %H:%M", time.gmtime()), sources_digest()
    outcomes = []
    with ThreadPoolExecutor(asked.workers) as pool:
        waiting = [pool.submit(fuzzed, asked.targets, name, seconds, asked.seed, home, limits) for name in names]
        for one in waiting:
            outcomes.append(one.result())
            print(line_of(outcomes[-1]), flush=True)
            if asked.record:
                # After each, so that a run that is stopped leaves what it did.
                _write(asked.record, outcomes, started, digest, limits, asked.workers)
    found = [one for one in outcomes if one.fault]
    for one in found:
        print(f"\n{one.target}: {one.fault}\nthe input: {one.finding or 'see the log in ' + str(home / one.target)}")
    print("Nothing found." if not found else f"{len(found)} findings.")
    return 1 if found else 0


def table_of(record: Path) -> str:
    """Write a record as the page on fuzzing shows it."""
    header = (
        "target", "clock [s]", "processor [s]", "inputs", "edges", "features", "kept", "slowest [s]", "memory [MB]",
        "found",
    )  # fmt: skip
    rows = [header, ("---",) * len(header)]
    for run in json.loads(record.read_text(encoding="utf-8")):
        rows += [
            (
                f"`{one['target']}`", f"{one['seconds']:,.0f}", f"{one['processor_seconds']:,.0f}",
                f"{one['executions']:,}", f"{one['edges']:,}", f"{one['features']:,}", f"{one['corpus']:,}",
                f"{one['slowest_seconds']:.2f}", f"{one['peak_megabytes']:,}", one["fault"] or "nothing",
            )
            for one in run["targets"]
        ]  # fmt: skip
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _write(path: Path, outcomes: Sequence[Outcome], started: str, digest: str, limits: Limits, workers: int) -> None:
    """Write the record of a run: a list of one, as runs of single targets are put together by hand."""
    run = {
        "started_utc": started,
        "sources_sha256": digest,
        "sources_unchanged": digest == sources_digest(),
        "versions": versions(),
        "limits": {"processor_seconds": limits.seconds, "megabytes": limits.megabytes},
        "workers": workers,
        "targets": [recorded(one) for one in outcomes],
    }
    path.write_text(json.dumps([run], indent=1) + "\n", encoding="utf-8")


def versions() -> dict[str, str]:
    """The versions of what was tried and of what tried it."""
    libraries = ("atheris", "hypothesis", "numpy", "scipy", "pydantic", "ruamel.yaml", "shapely", "pyproj", "starlette")
    return {"python": platform.python_version(), **{name: version(name) for name in libraries}}


def recorded(one: Outcome) -> dict[str, object]:
    """An outcome without the places of this machine."""
    return asdict(replace(one, finding=Path(one.finding).name))


def line_of(one: Outcome) -> str:
    """Say in a line what a target came to."""
    return (
        f"{one.target:9} {one.executions:>8,} inputs in {one.seconds:,.0f} s ({one.processor_seconds:,.0f} s of the "
        f"processor); {one.edges:,} edges, {one.features:,} features, {one.corpus:,} inputs kept; slowest "
        f"{one.slowest_seconds:.2f} s, {one.peak_megabytes:,} MB at most; {'FINDING' if one.fault else 'nothing found'}"
    )


def _read(outcome: Outcome, log: str, state: Path, status: int) -> Outcome:
    pulses = _PULSE.findall(log)
    executed = re.search(r"number_of_executed_units: (\d+)", log)
    measured = json.loads(state.read_text(encoding="utf-8")) if state.is_file() else {}
    last = [int(number) for number in pulses[-1]] if pulses else [0, 0, 0, 0]
    saved, faults = _FINDING.findall(log), _FAULT.findall(log)
    fault = ""
    if status or saved:
        fault = faults[0][:400] if faults else f"the process ended with status {status}"
    own = state.with_suffix(".finding")
    if fault and not saved and own.is_file():
        saved = [str(own.replace(state.parents[1] / "findings" / f"{outcome.target}-input"))]
    return replace(
        outcome, executions=int(executed[1]) if executed else last[0], edges=last[1], features=last[2], corpus=last[3],
        slowest_seconds=measured.get("slowest_seconds", 0.0),
        fault=fault, finding=saved[-1] if saved else "",
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
