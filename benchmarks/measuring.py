"""Measuring honestly: every measurement in a fresh process, its own CPU time and peak memory, ratios within one run."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Measurement:
    """Medians of several processes: ``seconds`` of what the snippet timed itself, CPU seconds and peak memory of the
    process.
    """

    seconds: float
    cpu_seconds: float
    peak_mb: float
    value: Any


def measure(snippet: str, *arguments: str, repeats: int = 3) -> Measurement:
    """Run a snippet in fresh processes; it prints a JSON list [seconds, what it found] last. The medians of ``repeats``
    runs.
    """
    rows = [_once([sys.executable, "-c", snippet, *arguments]) for _ in range(repeats)]
    return _median(rows)


def measure_command(*command: str, repeats: int = 5) -> Measurement:
    """Run a command in fresh processes; CPU time and peak memory, medians."""
    rows = [_once(list(command), timed=False) for _ in range(repeats)]
    return _median(rows)


def table(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(cells) + " |" for cells in (header, ["---"] * len(header), *rows)]
    return "\n".join(lines)


def machine() -> str:
    """The machine in a line: processors and Python."""
    return f"{os.cpu_count()} processors, Python {sys.version.split()[0]}"


def _median(rows: list[tuple[float, float, float, Any]]) -> Measurement:
    # What a snippet found is the same every time.
    return Measurement(*(median(row[column] for row in rows) for column in range(3)), rows[0][3])


def _once(command: list[str], *, timed: bool = True) -> tuple[float, float, float, Any]:
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{command[:3]} ended with {process.returncode}")
    seconds, value = json.loads(output.strip().splitlines()[-1]) if timed else (0.0, 0.0)
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, value
