"""Run the notebooks and keep what they show: ``python notebooks/refresh.py``, or with the names of some of them.

The outputs that stand in the notebooks are part of what is tested: after a change that moves a number or a figure, run
this, look at what changed, and commit it.
"""

import os
import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parent
_LIVE = "application/vnd.jupyter.widget-view+json"
_SECONDS = 120


def executed(path: Path, more: str = "") -> Any:
    """Run a notebook in a kernel of its own and return it as it is to be kept; ``more`` is code for one more cell."""
    notebook = nbformat.read(path, as_version=4)
    if more:
        notebook.cells.append(nbformat.v4.new_code_cell(more, id="one-more"))
    # The checkout's package, whatever else is installed, and figures in the notebook.
    os.environ["PYTHONPATH"] = str(FOLDER.parent)
    os.environ.pop("MPLBACKEND", None)
    client = NotebookClient(
        notebook,
        timeout=_SECONDS,
        kernel_name="python3",
        record_timing=False,
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": FOLDER}},
    )
    client.execute()
    return kept(notebook)


def kept(notebook: Any) -> Any:
    """The notebook without what differs from run to run, or between machines.

    Of a widget the picture stays, which any viewer shows; the live one needs a running kernel.
    """
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in notebook.cells:
        cell.metadata = {}
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(_LIVE, None)
    return notebook


def main(names: list[str]) -> None:
    """Run the notebooks of these names, or all, and write them where they are."""
    for path in sorted(FOLDER.glob("*.ipynb")):
        if not names or path.stem in names:
            nbformat.write(executed(path), path)
            sys.stdout.write(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB\n")


if __name__ == "__main__":
    main(sys.argv[1:])
