"""The pages of docs/: their commands run, in order, in one folder, and print what the pages show."""

import ast
import re

import pytest
from documents import ROOT, Saved, Typed, followed, steps_of, with_shipped_scenarios

# The hindcast takes minutes and has tests of its own.
PAGES = sorted(page for page in (ROOT / "docs").glob("*.md") if page.stem != "hindcast")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_commands_of_a_page_print_what_it_shows(page, tmp_path):
    followed(page.read_text(encoding="utf-8"), with_shipped_scenarios(tmp_path))


def test_the_tutorial_shows_every_step_of_a_first_study():
    steps = steps_of((ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8"))
    verbs = [step.command.split()[1] for step in steps if isinstance(step, Typed)]
    wanted = ["compare", "init", "compare", "validate", "compare", "sweep", "breakeven", "sensitivity", "attribute",
              "report", "explore"]  # fmt: skip
    places = [-1]
    for verb in wanted:
        assert verb in verbs[places[-1] + 1 :], verb
        places.append(verbs.index(verb, places[-1] + 1))
    assert any(isinstance(step, Saved) for step in steps)


# The mathematics

MATHEMATICS = (ROOT / "docs" / "mathematics.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", MATHEMATICS, re.MULTILINE | re.DOTALL))
NAMED = re.compile(r"`((?:simulator|tests)/\w+\.py)`\s+\(([^)]*)\)")


@pytest.mark.parametrize("title", [title for title in SECTIONS if title != "References"])
def test_a_section_of_the_mathematics_names_where_it_is_computed_and_what_proves_it(title):
    named = {file: re.findall(r"`(\w+)`", names) for file, names in NAMED.findall(SECTIONS[title])}
    assert {file.split("/")[0] for file in named} == {"simulator", "tests"}
    for file, names in named.items():
        defined = {node.name for node in ast.parse((ROOT / file).read_text(encoding="utf-8")).body
                   if isinstance(node, ast.FunctionDef | ast.ClassDef)}  # fmt: skip
        assert names
        assert not set(names) - defined, file
        assert file.startswith("simulator/") or all(name.startswith("test_") for name in names)


def test_every_file_that_the_mathematics_names_is_named_with_what_it_defines():
    assert len(re.findall(r"`(?:simulator|tests)/\w+\.py`", MATHEMATICS)) == len(NAMED.findall(MATHEMATICS))
    assert len(SECTIONS) > 15
    assert "References" in SECTIONS


def test_formulas_within_a_line_are_written_so_that_a_forge_shows_them():
    prose = re.sub(r"```.*?```", "", MATHEMATICS, flags=re.DOTALL)
    formulas = [formula for line in prose.splitlines() for formula in re.findall(r"\$([^$]+)\$", line)]
    assert len(formulas) > 50
    # Markdown takes a backslash before punctuation as its own, and a formula across lines as none.
    assert [formula for formula in formulas if re.search(r"\\[^A-Za-z]", formula)] == []
    assert [line for line in prose.splitlines() if line.count("$") % 2] == []
