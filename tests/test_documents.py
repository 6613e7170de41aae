"""What the documentation shows is executed: README commands, notebooks, the shipped JSON Schema."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONSOLE = [
    line.removeprefix("$ ")
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("$ ")
]


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A folder with the shipped scenarios, as the README's commands expect it, and a first result."""
    folder = tmp_path_factory.mktemp("clone")
    (folder / "scenarios").mkdir()
    for file in (ROOT / "scenarios").iterdir():
        (folder / "scenarios" / file.name).write_bytes(file.read_bytes())
    first = "minesim compare scenarios/persistent.yaml scenarios/treaty-limit.yaml -o results/first --no-figures"
    assert minesim(first, folder).returncode == 0
    return folder


def minesim(command, folder):
    program, *arguments = shlex.split(command)
    assert program == "minesim"
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}
    command = [sys.executable, "-m", "simulator", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_first_two_shell_blocks_are_one_line_each():
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    assert [len(block.strip().splitlines()) for block in blocks[:2]] == [1, 1]
    assert "minesim compare" in blocks[0]
    assert "pytest" in blocks[1]


def test_every_command_of_the_readme_succeeds(clone):
    assert len(CONSOLE) >= 8
    for command in CONSOLE:
        done = minesim(command, clone)
        assert done.returncode == 0, f"{command}\n{done.stderr}"


def test_the_answer_in_the_readme_is_what_the_program_prints(clone):
    quoted = re.search(r"<!-- answer -->\n\n```text\n(.*?)```", README, re.DOTALL)
    assert quoted is not None
    command = "minesim compare scenarios/persistent.yaml scenarios/treaty-limit.yaml -o results/first --no-figures"
    assert quoted[1].strip() in minesim(command, clone).stdout


def test_the_mistake_in_the_readme_is_reported_as_shown(clone):
    quoted = re.search(r"<!-- mistake -->\n\n```text\n\$ (.*?)\n(.*?)```", README, re.DOTALL)
    assert quoted is not None
    done = minesim(quoted[1], clone)
    assert done.returncode == 2
    assert quoted[2].strip() == done.stderr.strip()


def test_the_shipped_schema_is_the_one_the_program_prints(clone):
    printed = minesim("minesim schema", clone).stdout
    assert printed == (ROOT / "scenarios" / "scenario.schema.json").read_text(encoding="utf-8")


def test_notebooks_define_no_functions():
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        code = "".join("".join(cell["source"]) + "\n" for cell in cells if cell["cell_type"] == "code")
        assert code
        assert not re.search(r"^\s*(def|class|lambda)\b|= lambda", code, re.MULTILINE)


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
@pytest.mark.filterwarnings("ignore")
def test_notebooks_run_again_give_the_outputs_they_show(path, monkeypatch):
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    shown = nbformat.read(path, as_version=4)
    again = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(again, timeout=120, resources={"metadata": {"path": str(path.parent)}}).execute()
    for old, new in zip(shown.cells, again.cells, strict=True):
        assert [output_of(entry) for entry in old.get("outputs", [])] == [
            output_of(entry) for entry in new.get("outputs", [])
        ], f"cell {old.id} of {path.name}"


def output_of(entry):
    """What a reader sees of an output: its text, or its pictures byte by byte."""
    data = entry.get("data", {})
    return entry.get("text"), data.get("text/plain") if not data.get("image/png") else None, data.get("image/png")
