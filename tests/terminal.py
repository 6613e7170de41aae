"""Running the command as a user does: on files, in a folder of its own."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import warm

import simulator

_MOST_SECONDS = 300
SMALL = """\
title: Two kinds of mines in a small valley
question: What do short-lived mines add to old ones?
start: 2024-12-01
horizon: 400 days
seed: 7
replicates: 6
region: {rectangle: {width: 3 km, height: 2 km}, cell: 1 km}
mines:
  old: {count: 60, laid: 2024-12-01, arming_failure: 5 %, ageing: {exponential: {mean: 57.7 years}}}
  short:
    count: 300
    laid: 2024-12-10
    self_destruct: {time: {normal: {mean: 15 days, sd: 2 days}}, failure: 10 %}
    battery: {life: {weibull: {shape: 4, scale: 81.9 days}}, failure: 1 %}
civilians:
  density: 14 per km2
  accident_rate: 0.05 per mine-year
  reference_density: 14 per km2
  casualties_per_accident: 1.44
  killed_share: 0.3
  child_share: 0.1
thresholds: [3e-2 per year, 1e-4 per year]
"""
REFERENCE = """\
extends: small.yaml
title: As many old mines only
mines:
  short: null
  old: {count: 360}
"""
NOTHING_HAPPENS = """\
title: Mines that hardly ever fail, and hardly anybody there
start: 2024-12-01
horizon: 200 days
replicates: 4
region: {rectangle: {width: 2 km, height: 2 km}}
mines:
  short:
    count: 50
    laid: 2024-12-01
    self_destruct: {time: 14 days, failure: 1 in 10000}
    battery: {life: 20 days, failure: 1 in 1000}
civilians:
  density: 1 per km2
  accident_rate: 1e-6 per mine-year
  reference_density: 14 per km2
  casualties_per_accident: 1.44
  killed_share: 0.3
"""


def written_scenarios(folder):
    """Write the scenarios above into a folder, as small.yaml, reference.yaml and nothing.yaml."""
    for name, text in (("small", SMALL), ("reference", REFERENCE), ("nothing", NOTHING_HAPPENS)):
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def environment(**more):
    """What a user's shell gives to the command; any warning of Python is an error."""
    package = str(Path(simulator.__file__).resolve().parents[1])
    return {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LC_ALL": "C.UTF-8", "PYTHONPATH": package,
            "PYTHONWARNINGS": "error", "COLUMNS": "100", **more}  # fmt: skip


def minesim(*arguments, cwd, **more):
    """Run the command to its end; ``more`` are environment variables, which take a process that begins with them."""
    texts = list(map(str, arguments))
    if not more:
        return warm.command(texts, cwd=cwd, env=environment(), timeout=_MOST_SECONDS)
    command = [sys.executable, "-m", "simulator", *texts]
    return subprocess.run(
        command, cwd=cwd, env=environment(**more), capture_output=True, text=True, check=False, timeout=_MOST_SECONDS
    )


def done(*arguments, cwd, **more):
    """Run the command, which must succeed in silence on standard error, and give what it printed."""
    process = minesim(*arguments, cwd=cwd, **more)
    assert process.returncode == 0, process.stderr
    assert process.stderr == ""
    return process.stdout


def refused(*arguments, cwd, status=2, **more):
    """Run a command that must be refused without a traceback and leave nothing behind; give what it says."""
    before = files_below(cwd)
    process = minesim(*arguments, cwd=cwd, **more)
    assert process.returncode == status, process.stdout + process.stderr
    assert "Traceback" not in process.stderr
    assert process.stdout == ""
    assert files_below(cwd) == before
    return process.stderr


def files_below(folder):
    """Every file and folder below a folder, with its content."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in sorted(Path(folder).rglob("*"))
    }


def rows_of(path):
    """The rows of a CSV file as dictionaries, in its order."""
    with Path(path).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def json_of(path):
    """The content of a JSON file."""
    return json.loads(Path(path).read_text(encoding="utf-8"))
