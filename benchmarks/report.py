"""Measure how long a report takes and how large it is, and print one table.

    python benchmarks/report.py    some two minutes

Every line is a whole command in fresh processes, start included, of the shipped scenarios; the result is there before.
Nothing here is a test.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measuring import ROOT, machine, table

FIRST = ("compare", "scenarios/persistent.yaml", "scenarios/treaty-limit.yaml")
UNCERTAIN = (*FIRST, "--uncertain", "16", "--replicates", "4")
DISTRICT = ("compare", "scenarios/district.yaml", "scenarios/no-clearance.yaml")
VARY = "mines.battery-limited.battery.failure=1e-3:1:13:log"
SWEEP = ("sweep", "scenarios/treaty-limit.yaml", "--against", "scenarios/persistent.yaml", "--method", "expected")


def main() -> None:
    """Measure and print."""
    rows = []
    with tempfile.TemporaryDirectory() as place:

        def made(*arguments: str) -> Path:
            out = Path(place) / str(len(list(Path(place).iterdir())))
            _command(*arguments, "--quiet", "-o", str(out))
            return out

        first = made(*FIRST)
        for what, folder, most in (
            ("report of a comparison, closed form checked", first, "5 s, 600 kB"),
            ("the same with uncertain inputs", made(*UNCERTAIN), ""),
            ("of a district with marking and teams, the second engine checked", made(*DISTRICT), ""),
            ("of a sweep of one number against a reference", made(*SWEEP, "--vary", VARY), ""),
        ):
            seconds, size, again = _report(folder, "html")
            rows.append([what, f"{seconds:.1f} s", most, f"{size / 1000:,.0f} kB, {again}"])
        seconds, size, again = _report(first, "md")
        rows.append(["the first as Markdown", f"{seconds:.1f} s", "", f"{size / 1000:,.0f} kB, {again}"])
    print(f"{machine()}\n")
    print(table(["what", "measured", "at most", "detail"], rows))


def _report(folder: Path, form: str) -> tuple[float, int, str]:
    """Build a report three times: the shortest time [s], its size [bytes], and whether all are alike."""
    out, seconds, found = folder / f"report.{form}", [], set()
    for _ in range(3):
        started = time.perf_counter()
        _command("report", str(folder), "--format", form, "--quiet")
        seconds.append(time.perf_counter() - started)
        found.add(out.read_bytes())
    return min(seconds), out.stat().st_size, "the same bytes each time" if len(found) == 1 else "not the same bytes"


def _command(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "simulator", *arguments], cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
