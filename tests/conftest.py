"""A real browser for the tests that need one; what tests measure, kept for the verification dossier where asked."""

import os
import shutil

import pytest
from recording import Recorder, drawing, measurement, within, write_record

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

# The file for the record of this run. Taken away, so that tests that run tests do not write over it.
RECORD = os.environ.pop("MINESIM_RECORD", None)


@pytest.fixture
def measured(record_property):
    """Hold a number to its limits, both allowed, and keep it: ``measured(name, value, at_least=…, at_most=…)``."""

    def hold(name, value, *, at_least=None, at_most=None):
        record_property("measured", measurement(name, value, at_least, at_most))
        assert within(value, at_least, at_most), f"{name}: {value} is not within {at_least} to {at_most}"

    return hold


@pytest.fixture
def drawn(record_property):
    """Keep what a figure of the dossier shows: ``drawn(name, column=[…], …)``."""

    def keep(name, **columns):
        record_property("drawn", drawing(name, columns))

    return keep


def pytest_configure(config):
    """Keep a record where MINESIM_RECORD names a file; in the first process only, which hears of all tests."""
    if RECORD and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Recorder(), "minesim-recorder")


def pytest_sessionfinish(session):
    """Write the record."""
    recorder = session.config.pluginmanager.get_plugin("minesim-recorder")
    if recorder is not None:
        write_record(RECORD, recorder.tests)


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
