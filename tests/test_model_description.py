"""The model's description is sound: whatever it names is there, and a doctored page is caught."""

import ast
import re

import pytest
from described import (
    ROOT,
    STRESS,
    equations,
    page,
    problems_of_checklist,
    problems_of_citations,
    problems_of_description,
    problems_of_equations,
    symbols,
)

from simulator.report_limits import SCOPE

MATHEMATICS, MODEL, CHECKLIST = page("mathematics.md"), page("model.md"), page("stress-des.md")


def test_every_equation_has_a_number_a_formula_units_an_existing_function_and_an_existing_test():
    assert problems_of_equations(MATHEMATICS) == []
    assert problems_of_citations(MATHEMATICS, MATHEMATICS) == []
    assert len(equations(MATHEMATICS)) > 100


def test_the_description_has_its_limits_first_and_all_of_odd_with_every_key_and_constant():
    assert problems_of_description(MODEL, MATHEMATICS) == []
    assert " ".join(SCOPE.split()) in " ".join(MODEL.replace("\n>", "\n").split())


def test_every_item_of_stress_is_answered():
    assert problems_of_checklist(CHECKLIST, MATHEMATICS) == []


def test_the_items_are_those_that_a_report_fills():
    tree = ast.parse((ROOT / "simulator" / "report_checklist.py").read_text(encoding="utf-8"))
    yields = [
        node.value for node in ast.walk(tree) if isinstance(node, ast.Yield) and isinstance(node.value, ast.Tuple)
    ]
    filled = {part.elts[0].value.removeprefix("Components: ").lower() for part in yields}
    other_names = {"pre-processing": "preprocessing", "software or programming language": "software and language",
                   "computer model sharing statement": "computer model sharing"}  # fmt: skip
    parents = {number.rpartition(".")[0] for number in STRESS}
    items = {title.lower() for number, title in STRESS.items() if number not in parents}
    assert {other_names.get(title, title) for title in items} == filled


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("`simulator/fates.py` (`fate`)", "`simulator/fates.py` (`fated`)", "names fated of simulator/fates.py"),
        ("`simulator/fates.py` (`fate`)", "`simulator/fate.py` (`fate`)", "names fate of simulator/fate.py"),
        ("(`test_hazard_is_density_over_survival`", "(`test_hazard_is_density`", "names test_hazard_is_density of"),
        ("Proof: `tests/test_region.py` (`test_points_", "See `tests/test_region.py` (`test_points_", "E8.5 names no"),
        ("Code: `simulator/lifetimes.py` (`hazard`).\n", "", "E2.9 names no code"),
        ("#### E2.6 Uniform", "#### E2.16 Uniform", "E2.16 follows E2.5"),
        ("-\\frac{\\ln(x/m)}{\\sigma}\\right)", "-\\frac{\\ln(x/m)}{\\sigma}", "E2.3 opens what it does not close"),
        ("| $\\kappa$ | pace of a marked cell, 1 minus `marking.reduces` | 1 |\n", "", "E6.9 has \\kappa"),
        ("| $\\ell$ | `range` | km |", "| $\\ell$ | `range` | ? |", "$\\ell$ has no unit"),
    ],
)  # fmt: skip
def test_a_doctored_equation_is_caught(old, new, says):
    assert old in MATHEMATICS
    assert any(says in problem for problem in problems_of_equations(MATHEMATICS.replace(old, new, 1)))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("## Scope", "## Purpose", "headings are"),
        ("## 5. Initialisation", "## 5. Start", "headings are"),
        ("**Sensing.**", "**Senses.**", "design concepts are"),
        ("E5.10", "E5.99", "E5.99 is cited and does not exist"),
        ("E7.1 to E7.5", "E7.1 to E7.6", "E7.6 is cited and does not exist"),
        ("`civilians.surge.factor`", "`civilians.surge.factors`", "civilians.surge.factors is no key"),
        ("`clearance.cost`", "`clearance.rate`", "clearance.cost is not named"),
        ("8.617333262e-5", "8.617333e-5", "Boltzmann constant"),
        ("| 16 nodes |", "| 15 nodes |", "nodes of a panel of the closed form"),
        ("-9, -6,", "-9, -7,", "edges of panels"),
        ("`simulator.variance.RESAMPLES`", "`simulator.variance.SAMPLES`", "is not there"),
    ],
)
def test_a_doctored_description_is_caught(old, new, says):
    assert old in MODEL
    assert any(says in problem for problem in problems_of_description(MODEL.replace(old, new, 1), MATHEMATICS))


@pytest.mark.parametrize(
    ("pattern", "new", "says"),
    [
        (r"### 4\.2 Run length", "### 4.2 Length", "items are"),
        (r"### 3\.2 .*?(?=### 3\.3)", "", "items are"),
        (
            r"(### 5\.2 Random sampling\n\n).*?(?=### 5\.3)",
            r"\1See elsewhere.\n\n",
            "5.2 Random sampling is not answered",
        ),
        (r"E13\.6", "E13.60", "E13.60 is cited and does not exist"),
    ],
)
def test_a_doctored_checklist_is_caught(pattern, new, says):
    doctored, count = re.subn(pattern, new, CHECKLIST, count=1, flags=re.DOTALL)
    assert count == 1
    assert any(says in problem for problem in problems_of_checklist(doctored, MATHEMATICS))


def test_the_letters_of_a_formula_are_its_symbols_without_indices_and_words():
    assert symbols(r"\frac{\lambda_0}{365.25}\; A_{ref}\,\mathrm{e}^{-x_c / \ell} \text{ for all}") == {
        r"\lambda", "A", "x", r"\ell"
    }  # fmt: skip
