"""Type the README's first command in a fresh clone, and say how long it took and how much of that was the comparison.

    python benchmarks/first_command.py

The package cache is whatever pip has; run it twice to see it warm.
"""

import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Clone, run, report."""
    command = re.findall(r"```sh\n(.*?)\n```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)[0]
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "clone"
        subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
        started = time.perf_counter()
        subprocess.run(["bash", "-c", command], cwd=clone, check=True, stdout=subprocess.DEVNULL)
        whole = time.perf_counter() - started
        comparison = command.split("&&")[-1].strip() + "-again"
        started = time.perf_counter()
        subprocess.run(["bash", "-c", comparison], cwd=clone, check=True, stdout=subprocess.DEVNULL)
        again = time.perf_counter() - started
        manifest = json.loads((clone / "results" / "first" / "manifest.json").read_text(encoding="utf-8"))
    sys.stdout.write(
        f"the whole command: {whole:.0f} s; the comparison alone, with figures: {again:.1f} s, "
        f"of which simulating {manifest['wall_seconds']:.2f} s\n"
    )


if __name__ == "__main__":
    main()
