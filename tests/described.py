"""Reading the model's description: its equations, what they name, and everything that is wrong with it.

Each ``problems_…`` returns sentences, none where a page is sound, so that a doctored page can be seen to be caught.
"""

import ast
import importlib
import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from documents import ROOT

from simulator.glossary import every_key

ODD = ("Purpose and patterns", "Entities, state variables and scales", "Process overview and scheduling",
       "Design concepts", "Initialisation", "Input data", "Submodels")  # fmt: skip
CONCEPTS = ("Basic principles", "Emergence", "Adaptation", "Objectives", "Learning", "Prediction", "Sensing",
            "Interaction", "Stochasticity", "Collectives", "Observation")  # fmt: skip
STRESS = {
    "1": "Objectives", "1.1": "Purpose of the model", "1.2": "Model outputs", "1.3": "Experimentation aims",
    "2": "Logic", "2.1": "Base model overview diagram", "2.2": "Base model logic", "2.3": "Scenario logic",
    "2.4": "Algorithms", "2.5": "Components", "2.5.1": "Entities", "2.5.2": "Activities", "2.5.3": "Resources",
    "2.5.4": "Queues", "2.5.5": "Entry and exit points",
    "3": "Data", "3.1": "Data sources", "3.2": "Pre-processing", "3.3": "Input parameters", "3.4": "Assumptions",
    "4": "Experimentation", "4.1": "Initialisation", "4.2": "Run length", "4.3": "Estimation approach",
    "5": "Implementation", "5.1": "Software or programming language", "5.2": "Random sampling",
    "5.3": "Model execution", "5.4": "System specification",
    "6": "Code access", "6.1": "Computer model sharing statement",
}  # fmt: skip

_EQUATION = re.compile(r"^#### (E[\d.]+) (.+?)\n(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
_NAMED = re.compile(r"`((?:simulator|tests)/\w+\.py)`\s+\(([^)]*)\)")
_ROW = re.compile(r"^\| (.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)
_CITED = re.compile(r"\bE\d+\.\d+\b")
_RANGE = re.compile(r"\b(E\d+)\.(\d+)\]? to \[?(E\d+)\.(\d+)")
# Words of formulas that are no symbols; a letter with an index is one symbol.
_UPRIGHT = re.compile(r"\\(?:mathrm|text|mathbf|begin|end)\{[^{}]*\}")
_OPERATORS = frozenset(
    re.findall(
        r"\\[A-Za-z]+",
        r"\left \right \big \Big \frac \cfrac \tfrac \sqrt \overline \hat \int \sum \prod \min \max \exp \ln \arg "
        r"\infty \le \ge \ldots \cdots \cdot \qquad \quad \in \iff \sim \pm \bmod \subseteq \setminus \cup \emptyset "
        r"\mid \approx \propto \det \tilde \top \lfloor \rfloor \pi",
    )
)


@dataclass(frozen=True)
class Equation:
    """A numbered equation: its formulas, and the files with the names that compute and prove it."""

    number: str
    title: str
    formulas: tuple[str, ...]
    code: tuple[tuple[str, str], ...]
    proof: tuple[tuple[str, str], ...]


def page(name):
    """The text of a page of docs/."""
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def equations(text):
    """Every numbered equation of a text, in its order."""
    found = []
    for number, title, body in _EQUATION.findall(text):
        code, _, proof = body.partition("\nProof:")
        code = code.partition("\nCode:")[2]
        formulas = re.findall(r"```math\n(.*?)```", body, re.DOTALL)
        found.append(Equation(number, title, tuple(formulas), _names(code), _names(proof)))
    return found


def _names(text):
    return tuple((file, name) for file, names in _NAMED.findall(text) for name in re.findall(r"`(\w+)`", names))


@lru_cache(maxsize=256)
def defined_in(file):
    """The functions, classes and plain names that a file defines at its top."""
    names = set()
    for node in ast.parse((ROOT / file).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {inner.id for target in node.targets for inner in ast.walk(target) if isinstance(inner, ast.Name)}
    return names


def problems_of_equations(text):
    """Equations that are out of order, or without a formula, an existing function, an existing test or units."""
    problems, last = [], (0, 0)
    for one in equations(text):
        section, place = (int(part) for part in one.number.removeprefix("E").split("."))
        if (section, place) not in {(last[0], last[1] + 1), (last[0] + 1, 1)}:
            problems.append(f"{one.number} follows E{last[0]}.{last[1]}")
        last = (section, place)
        if not one.formulas:
            problems.append(f"{one.number} has no formula")
        elif not all(map(_closes, one.formulas)):
            problems.append(f"{one.number} opens what it does not close")
        problems += [f"{one.number} names no {part}" for part in ("code", "proof") if not getattr(one, part)]
        for file, name in (*one.code, *one.proof):
            if not (ROOT / file).is_file() or name not in defined_in(file):
                problems.append(f"{one.number} names {name} of {file}, which is not there")
        if not all(file.startswith("simulator/") for file, _ in one.code):
            problems.append(f"{one.number} is computed outside the program")
        if not all(file.startswith("tests/") and name.startswith("test_") for file, name in one.proof):
            problems.append(f"{one.number} is proved by something that is no test")
    return problems + problems_of_symbols(text)


def _closes(formula):
    pairs = (r"\{", r"\}"), (r"\\left(?![a-z])", r"\\right(?![a-z])"), (r"\\begin", r"\\end")
    return all(len(re.findall(first, formula)) == len(re.findall(last, formula)) for first, last in pairs)


def problems_of_symbols(text):
    """Symbols of formulas that no table explains, or explains without a unit."""
    head, *sections = re.split(r"^## ", text, flags=re.MULTILINE)
    problems, everywhere = [], _explained(head)
    for section in sections:
        known = everywhere | _explained(section)
        for one in equations(section):
            unknown = sorted(set().union(*map(symbols, one.formulas)) - known)
            problems += [f"{one.number} has {symbol}, which no table explains" for symbol in unknown]
        problems += [f"{row[0]} has no unit" for row in _ROW.findall(section) if "$" in row[0] and row[2] in {"", "?"}]
    return problems


def symbols(formula):
    """The letters of a formula that stand for something, without their indices."""
    text = _UPRIGHT.sub(" ", formula)
    while text != (inner := re.sub(r"_\{[^{}]*\}", " ", text)):
        text = inner
    text = re.sub(r"_(\\[A-Za-z]+|\S)", " ", text)
    return {token for token in re.findall(r"\\[A-Za-z]+|[A-Za-z]", text) if token not in _OPERATORS}


def _explained(section):
    rows = re.findall(r"^\| (.+?) \|", section, re.MULTILINE)
    return {symbol for row in rows for formula in re.findall(r"\$([^$]+)\$", row) for symbol in symbols(formula)}


def problems_of_citations(text, mathematics):
    """Numbers of equations that are cited and do not exist."""
    known = {one.number for one in equations(mathematics)}
    cited = set(_CITED.findall(text))
    for first, low, second, high in _RANGE.findall(text):
        if first != second or not int(low) < int(high):
            cited.add(f"{first}.{low} to {second}.{high}")
        cited |= {f"{first}.{number}" for number in range(int(low), int(high) + 1)}
    return [f"{number} is cited and does not exist" for number in sorted(cited - known)]


def problems_of_description(text, mathematics):
    """What is wrong with the page in the form of ODD."""
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    wanted = ["Limits", "Scope", *(f"{place}. {name}" for place, name in enumerate(ODD, start=1)), "References"]
    problems = [] if headings == wanted else [f"headings are {headings}, not {wanted}"]
    concepts = re.findall(r"^\*\*(.+?)\.\*\*", text.partition("## 4. ")[2].partition("## 5. ")[0], re.MULTILINE)
    if concepts != [*CONCEPTS]:
        problems.append(f"design concepts are {concepts}")
    limits = re.findall(r"^(\d+)\. \*\*", text.partition("## Scope")[0], re.MULTILINE)
    if limits != [str(number) for number in range(1, len(limits) + 1)] or len(limits) < 15:
        problems.append(f"limits are numbered {limits}")
    cited = {one.number.split(".")[0] for one in equations(mathematics)} - set(re.findall(r"\[(E\d+)\.", text))
    problems += [f"no submodel leads to the equations {section}" for section in sorted(cited)]
    return problems + problems_of_keys(text) + problems_of_constants(text) + problems_of_citations(text, mathematics)


def problems_of_keys(text):
    """Keys of input that do not exist, or carry a number and are not named."""
    rows = re.findall(r"^\| (`.+?`) \|", text.partition("## 6. ")[2].partition("## 7. ")[0], re.MULTILINE)
    named = [key for row in rows for key in re.findall(r"`([^`]+)`", row)]
    known = [*every_key()]
    problems = [f"{key} is no key of a scenario" for key in named if key not in known]
    problems += [f"{key} is named twice" for key in set(named) if named.count(key) > 1]
    inner = {key for key in known if any(other.startswith(f"{key}.") for other in named)}
    laws = [key for key in named if key.endswith((".time", ".life", ".ageing"))]
    for key in known:
        is_text = key.split(".")[0] in {"extends", "title", "question", "sources"} or key == "region.name"
        if not (key in named or key in inner or is_text or key.startswith(tuple(f"{law}." for law in laws))):
            problems.append(f"{key} is not named among the input")
    return problems


def problems_of_constants(text):
    """Constants whose value on the page is not that of the code."""
    problems = []
    rows = [row for row in _ROW.findall(text) if row[2].startswith("`simulator.")]
    for name, value, where in rows:
        module, _, attribute = where.strip("`").rpartition(".")
        found = getattr(importlib.import_module(module), attribute, None)
        numbers = [float(part.replace(",", "")) for part in re.findall(r"-?[\d][\d.,]*(?:e-?\d+)?", _spaced(value))]
        if found is None:
            problems.append(f"{where} is not there")
        elif value.endswith(" nodes"):
            problems += [] if np.size(found) == numbers[0] else [f"{name}: {np.size(found)} nodes, not {value}"]
        elif np.ravel(found).tolist() != numbers:
            problems.append(f"{name} is {found}, not {value}")
    return problems if len(rows) > 20 else [*problems, f"only {len(rows)} constants"]


def _spaced(value):
    """A list of numbers with its commas taken away, but for those between thousands."""
    return re.sub(r", ", "  ", value)


def problems_of_checklist(text, mathematics):
    """Items of STRESS-DES that are missing, out of order or not answered."""
    found = re.findall(r"^#{2,4} ([\d.]+?)\.? ([^\n]+)\n+(.*?)(?=^#{2,4} |\Z)", text, re.MULTILINE | re.DOTALL)
    items = {number: title for number, title, _ in found}
    problems = [] if list(items.items()) == [*STRESS.items()] else [f"items are {items}"]
    parents = {number.rpartition(".")[0] for number in STRESS}
    problems += [
        f"{number} {title} is not answered"
        for number, title, answer in found
        if number not in parents and len(answer.split()) < 12
    ]
    return problems + problems_of_citations(text, mathematics)
