"""A real browser for the tests that need one."""

import os
import shutil

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
NEEDED = os.environ.get("MINESIM_NEEDS_BROWSER")
NO_BROWSER = "no Chromium on this machine (Debian: apt-get install chromium)"
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium. Without one the test is skipped by name, or fails where MINESIM_NEEDS_BROWSER is set."""
    if CHROMIUM is None:
        (pytest.fail if NEEDED else pytest.skip)(NO_BROWSER)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET])
        yield running
        running.close()


def pytest_terminal_summary(terminalreporter):
    """Say that browser tests did not run."""
    skipped = [report for report in terminalreporter.stats.get("skipped", ()) if NO_BROWSER in str(report.longrepr)]
    if skipped:
        terminalreporter.write_line(f"{len(skipped)} browser tests did not run: {NO_BROWSER}")
