"""Measure the explorer as a user meets it, and print one table.

    python benchmarks/explorer.py    half a minute; needs Chromium

The real command, in fresh processes, and a real headless browser that presses real keys. From the input event to the
frame after the one in which the new curve stands, request and closed form included. Nothing here is a test.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles

from measuring import ROOT, machine, table
from playwright.sync_api import Page, sync_playwright

FILES = ("scenarios/treaty-limit.yaml", "scenarios/persistent.yaml")
WITH_GEOGRAPHY = ("scenarios/district.yaml", "scenarios/no-clearance.yaml")
F1 = "mines.battery-limited.self_destruct.failure"
MOVES = 50
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
WATCH = """() => {
  window.seconds = [];
  let moved = null;
  document.addEventListener("input", (event) => { moved = event.timeStamp; }, { capture: true });
  new MutationObserver(() => {
    const since = moved;
    requestAnimationFrame(() => setTimeout(() => window.seconds.push(performance.now() - since)));
  }).observe(document.body, { attributeFilter: ["data-drawn"] });
}"""


def main() -> None:
    """Measure and print."""
    ready = [_seconds_to_ready(FILES) for _ in range(5)]
    placed = [_seconds_to_ready(WITH_GEOGRAPHY) for _ in range(3)]
    with _explorer(FILES) as (process, address), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(address)
        page.wait_for_selector("#hazardous polyline")
        moves = _moves(page)
        explored = _resident_mb(process)
        page.get_by_role("button", name="Simulate").click()
        started = time.perf_counter()
        page.wait_for_selector("#simulated li", timeout=60_000)
        played = time.perf_counter() - started
        peak = _resident_mb(process, "VmHWM")
        browser.close()
    slow = quantiles(moves, n=20)[-1]
    rows = [
        ["minesim explore until it answers", f"{median(ready):.2f} s", "3 s", f"{max(ready):.2f} s at most of 5"],
        ["the same with a border and settlements", f"{median(placed):.2f} s", "3 s", "district against no-clearance"],
        ["from a key on a slider to the redrawn curve", f"{median(moves):.0f} ms", "150 ms",
         f"median of {len(moves)}; 95 % within {slow:.0f} ms"],
        ["memory of the server", f"{explored:.0f} MB", "200 MB", f"{peak:.0f} MB at most, simulation included"],
        ["simulate, 100 worlds of 20,000 mines", f"{played:.1f} s", "", "from the click to the band"],
    ]  # fmt: skip
    print(f"{machine()}, Chromium {_version()}, load {os.getloadavg()[0]:.1f}\n")
    print(table(["what", "measured", "at most", "detail"], rows))


def _moves(page: Page) -> list[float]:
    """Milliseconds from each input event to the frame that shows its curve, one key after the other."""
    slider = page.locator(f'input[type=range][data-name="{F1}"]')
    slider.focus()
    page.evaluate(WATCH)
    for move in range(MOVES):
        page.keyboard.press("ArrowLeft")
        while page.evaluate("window.seconds.length") <= move:
            page.wait_for_timeout(5)
    return [float(value) for value in page.evaluate("window.seconds")]


def _seconds_to_ready(files: tuple[str, ...]) -> float:
    started = time.perf_counter()
    with _explorer(files):
        return time.perf_counter() - started


@contextmanager
def _explorer(files: tuple[str, ...]) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "simulator", "explore", *files]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    yield process, line.split()[-1]
    process.send_signal(signal.SIGINT)
    process.communicate()


def _resident_mb(process: subprocess.Popen[str], key: str = "VmRSS") -> float:
    for line in Path(f"/proc/{process.pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"no {key} of the server")


def _version() -> str:
    said = subprocess.run([str(CHROMIUM), "--version"], capture_output=True, text=True, check=True).stdout
    return next(word for word in said.split() if word[0].isdigit())


if __name__ == "__main__":
    main()
