"""A page per question: its commands print what it shows, and its sources are those of the scenarios."""

import re

import pytest
from documents import ROOT, Typed, followed, steps_of, with_shipped_scenarios

from simulator.scenario_file import SOURCES, read_sources

PAGES = sorted((ROOT / "docs" / "questions").glob("*.md"))
PARTS = ["Short answer", "What the program says", "What it does not say", "Sources"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_commands_of_a_question_print_what_its_page_shows(page, tmp_path):
    assert followed(page.read_text(encoding="utf-8"), with_shipped_scenarios(tmp_path)) >= 1


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_question_is_answered_first_then_shown_then_bounded_then_sourced(page):
    text = page.read_text(encoding="utf-8")
    assert re.match(r"# [A-Z].*\?\n", text)
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == PARTS
    assert any(isinstance(step, Typed) and step.shown for step in steps_of(text))
    assert len(text.split()) < 900


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_sources_of_a_question_are_sources_of_the_scenarios(page):
    listed = page.read_text(encoding="utf-8").split("## Sources\n")[1]
    known = read_sources(ROOT / "scenarios" / SOURCES)
    keys = re.findall(r"^- `([a-z0-9-]+)`", listed, re.MULTILINE)
    assert keys or "assumption" in listed
    assert set(keys) <= set(known)
