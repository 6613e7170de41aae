"""The notebooks: they define nothing, open with figures, and show what running them again shows, byte for byte."""

import ast
import base64
import importlib.util
import json
import re
from copy import deepcopy
from pathlib import Path

import pytest

import simulator as minesim

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "notebooks"
PATHS = sorted(FOLDER.glob("*.ipynb"))
LARGEST_KB = 700
MACHINE = re.compile(r"(?<![\w.])/(?:home|root|tmp|work|usr|Users|private|mnt)/|[A-Z]:\\\\|0x[0-9a-f]{6,}")
DEFINING = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
each_notebook = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


@pytest.fixture(scope="module")
def refresh():
    """The script that runs the notebooks and keeps what they show."""
    pytest.importorskip("nbclient")
    spec = importlib.util.spec_from_file_location("refresh", FOLDER / "refresh.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def cells_of(path):
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def code_of(cell):
    return "".join(cell["source"])


def outputs_of(cell):
    """What a reader sees of a cell: printed text, and of each output its data by kind, pictures byte by byte."""
    return [
        (output["output_type"], joined(output.get("text", "")), joined(output.get("evalue", "")),
         {kind: joined(data) for kind, data in output.get("data", {}).items()})
        for output in cell.get("outputs", [])
    ]  # fmt: skip


def joined(text):
    """A text that a file may hold line by line."""
    return ("".join(text) if isinstance(text, list) else str(text)).rstrip("\n")


def pictures_of(cells):
    return [data["image/png"] for cell in cells for *_, data in outputs_of(cell) if "image/png" in data]


def assert_same_outputs(shown, again):
    assert len(shown) == len(again)
    for old, new in zip(shown, again, strict=True):
        assert outputs_of(old) == outputs_of(new), (
            f"cell {old['id']}: run notebooks/refresh.py and look at what changed"
        )


def test_the_five_notebooks_are_there():
    assert [path.stem for path in PATHS] == [
        "01-first-answer",
        "02-persistent-or-not",
        "03-vary-the-failure-rate",
        "04-trust-but-verify",
        "05-ukraine-scale",
    ]


@each_notebook
def test_a_notebook_defines_no_functions(path):
    sources = [code_of(cell) for cell in cells_of(path) if cell["cell_type"] == "code"]
    assert sources
    for source in sources:
        assert not [node for node in ast.walk(ast.parse(source)) if isinstance(node, DEFINING)]


@each_notebook
def test_a_notebook_tells_a_story_that_opens_with_a_figure(path):
    cells = cells_of(path)
    assert cells[0]["cell_type"] == "markdown"
    assert cells[0]["source"][0].startswith("# ")
    assert pictures_of(cells[:2])
    text = "".join(code_of(cell) for cell in cells if cell["cell_type"] == "markdown")
    for part in ("**Question.**", "**What we do.**", "**What it says.**", "**What it does not say.**", "**What to try"):
        assert part in text
    assert "No result is evidence that land is safe" in text


@each_notebook
def test_a_notebook_has_figures_in_any_viewer_and_is_small(path):
    pictures = pictures_of(cells_of(path))
    assert len(pictures) >= 2
    assert all(base64.b64decode(picture).startswith(b"\x89PNG") for picture in pictures)
    assert path.stat().st_size < 1000 * LARGEST_KB


@each_notebook
def test_a_notebook_says_nothing_of_the_machine_it_ran_on(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert notebook["metadata"] == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    ids = [cell["id"] for cell in notebook["cells"]]
    assert ids == [f"cell-{place:02}" for place in range(len(ids))]
    for cell in notebook["cells"]:
        assert cell["metadata"] == {}
        for kind, text, _, data in outputs_of(cell):
            assert kind != "error"
            seen = [text, *(content for form, content in data.items() if form != "image/png")]
            assert not [one for one in seen if MACHINE.search(one)]


@each_notebook
def test_every_number_in_the_text_of_a_notebook_is_shown_by_a_cell_or_asked_in_one(path):
    """Whole words and titles aside, text refers to outputs: a number typed by hand would not follow a change."""
    cells = cells_of(path)
    shown = " ".join(code_of(cell) for cell in cells if cell["cell_type"] == "code")
    shown += " ".join(text + data.get("text/plain", "") for cell in cells for _, text, _, data in outputs_of(cell))
    for cell in cells:
        if cell["cell_type"] == "markdown":
            text = re.sub(r"`[^`]*`|Notebooks? \d\d|notebooks? \d\d", "", code_of(cell))
            for number in re.findall(r"(?<![\w.])\d[\d,.]*\d|(?<![\w.])\d(?!\w)", text):
                assert number in shown, f"{number} in {cell['id']}"


@pytest.mark.slow
@each_notebook
@pytest.mark.filterwarnings("ignore")
def test_a_notebook_run_again_gives_the_outputs_it_shows(path, refresh):
    assert_same_outputs(cells_of(path), refresh.executed(path).cells)


@pytest.mark.parametrize("what", ["text/plain", "text/html", "image/png", "stream", "missing"])
def test_an_output_that_was_altered_is_noticed(what):
    shown = [cell for path in PATHS for cell in cells_of(path)]
    altered = deepcopy(shown)
    assert_same_outputs(shown, altered)
    outputs = [
        output for cell in altered for output in cell.get("outputs", [])
        if what in output.get("data", {}) or what in {output["output_type"], "missing"}
    ]  # fmt: skip
    assert changed(outputs[0], what)
    with pytest.raises(AssertionError, match="refresh"):
        assert_same_outputs(shown, altered)


def changed(output, what):
    """Alter a digit of a text, or the last byte of a picture."""
    if what == "missing":
        return output.pop("data", None) or output.pop("text")
    if what == "stream":
        output["text"] = ["x", *output["text"]]
    elif what == "image/png":
        content = bytearray(base64.b64decode("".join(output["data"][what])))
        content[-20] ^= 1
        output["data"][what] = base64.b64encode(content).decode()
    else:
        output["data"][what] = ["x", *output["data"][what]]
    return True


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_slider_of_a_notebook_answers_in_its_kernel(refresh):
    path = FOLDER / "03-vary-the-failure-rate.ipynb"
    # What the page sends when the handle is moved.
    more = """
before = bytes(slider.picture.value), slider.words.value
slider.control.set_state({"index": len(slider.control.options) - 1})
print(slider.control.label, bytes(slider.picture.value) != before[0], slider.words.value != before[1])
slider"""
    cells = refresh.executed(path, more).cells
    (_, printed, *_), (_, _, _, after) = outputs_of(cells[-1])
    assert printed == "50 % True True"
    (before,) = [
        data for cell in cells[:-1] for *_, data in outputs_of(cell) if "slider over" in data.get("text/plain", "")
    ]
    assert (before["text/plain"], after["text/plain"]) == (
        "slider over failure, at 10 %",
        "slider over failure, at 50 %",
    )
    assert before["image/png"] != after["image/png"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_notebook_shows_a_mistake_as_a_message_without_a_traceback(refresh, tmp_path):
    nbformat = pytest.importorskip("nbformat")
    source = "import simulator as minesim\nminesim.load('treaty-limit', {'mines.battery-limited.count': -1})"
    cell = nbformat.v4.new_code_cell(source, metadata={"tags": ["raises-exception"]})
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "wrong.ipynb")
    (wrong,) = refresh.executed(tmp_path / "wrong.ipynb").cells
    (output,) = wrong.outputs
    assert output.output_type == "error"
    assert "must be between 0 and" in "\n".join(output.traceback)
    assert "Traceback" not in "\n".join(output.traceback)
    assert len(output.traceback) <= 5


def test_the_treaty_leaves_open_what_the_design_says():
    printed = "".join(
        text for cell in cells_of(FOLDER / "04-trust-but-verify.ipynb") for _, text, *_ in outputs_of(cell)
    )
    found = [float(one.replace(",", "")) for one in re.findall(r"([\d,]+) mine-days after day 30", printed)]
    assert len(found) == 8
    assert (found[0], found[-1]) == (82_402, 633_703)
    assert found == sorted(found)


def test_what_notebooks_name_exists():
    for path in PATHS:
        for name in re.findall(r"minesim\.(\w+)\(", "".join(code_of(cell) for cell in cells_of(path))):
            assert callable(getattr(minesim, name))
