"""What is loaded when: help and checks answer at once because nothing that computes is imported for them."""

import ast
import json
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest
from terminal import environment, written_scenarios

import simulator

PACKAGE = Path(simulator.__file__).parent
HEAVY = (
    "numpy", "scipy", "matplotlib", "distributed", "dask", "simpy", "rich", "shapely", "pyproj", "jinja2", "starlette",
    "uvicorn", "pandas", "xarray",
)  # fmt: skip
LOADED = """
import json, sys
from simulator.cli import main
sys.argv = ["minesim", *json.loads(sys.argv[1])]
try:
    main()
except SystemExit as end:
    status = end.code
modules = sorted(sys.modules)
print("\\n" + json.dumps([status, modules]))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return written_scenarios(tmp_path_factory.mktemp("imports"))


def loaded_by(*arguments, cwd):
    """The modules that a command has loaded when it ends; it must succeed."""
    command = [sys.executable, "-c", LOADED, json.dumps(arguments)]
    process = subprocess.run(command, cwd=cwd, env=environment(), capture_output=True, text=True, check=False)
    assert process.stderr == ""
    status, modules = json.loads(process.stdout.splitlines()[-1])
    assert status == 0
    return set(modules)


def heavy(modules, *libraries):
    return {name for name in modules if name.split(".")[0] in libraries or name in libraries}


@pytest.mark.parametrize(
    "arguments", [["--help"], ["run", "--help"], ["compare", "--help"], ["--version"]], ids=" ".join
)
def test_help_loads_nothing_but_click(arguments, folder):
    assert heavy(loaded_by(*arguments, cwd=folder), *HEAVY, "pydantic", "ruamel") == set()


@pytest.mark.parametrize(
    "arguments",
    [
        ["validate", "small.yaml"],
        ["explain", "mines.battery.failure"],
        ["sources"],
        ["schema"],
        ["sources", "small.yaml"],
    ],
    ids=" ".join,
)
def test_checking_and_explaining_load_no_numerical_library(arguments, folder):
    assert heavy(loaded_by(*arguments, cwd=folder), *HEAVY) == set()


def test_starting_a_project_loads_no_numerical_library(folder):
    assert heavy(loaded_by("init", "study", cwd=folder), *HEAVY) == set()


def test_a_run_without_figures_draws_nothing_starts_no_cluster_and_needs_no_distributions(folder):
    modules = loaded_by("run", "small.yaml", "--no-figures", cwd=folder)
    assert "simpy" in modules
    assert (
        heavy(modules, "matplotlib", "PIL", "distributed", "dask", "rich", "scipy.stats", "shapely", "pyproj") == set()
    )


def test_a_run_with_figures_does_not_touch_pyplot(folder):
    modules = loaded_by("run", "small.yaml", "--replicates", "2", "-o", "drawn", cwd=folder)
    assert "matplotlib.figure" in modules
    assert heavy(modules, "matplotlib.pyplot", "tkinter") == set()


def test_no_module_ever_imports_pyplot():
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            assert not any("pyplot" in name for name in (module, *names)), path.name


@pytest.mark.parametrize(
    ("library", "doors"),
    [
        ("simpy", {"field.py", "teams.py"}),
        ("pyproj", {"geography.py"}),
        (
            "shapely",
            {
                "geography.py",
                "region.py",
                "cutting.py",
                "settlements.py",
                "placing.py",
                "figure_maps.py",
                "map_file.py",
            },
        ),
        ("matplotlib", {"figure*.py"}),
        ("distributed", {"batches.py", "clusters.py"}),
        ("dask", {"batches.py", "clusters.py"}),
        ("sqlite3", {"store.py", "point_store.py"}),
        ("ruamel", {"yaml_reader.py", "yaml_syntax.py"}),
        ("rich", {"console.py"}),
        ("jinja2", {"report_html.py", "report_markdown.py"}),
        ("weasyprint", {"report_pdf.py"}),
        ("starlette", {"explorer_*.py"}),
        ("uvicorn", {"explorer_serving.py"}),
        ("click", {"cli.py", "arguments.py", "console.py", "options.py", "verbs_*.py"}),
    ],
)
def test_each_library_has_one_door(library, doors):
    found = set()
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            else:
                names = []
            if any(name.split(".")[0] == library for name in names):
                found.add(path.name)
    assert found
    assert [name for name in sorted(found) if not any(fnmatch(name, door) for door in doors)] == []
