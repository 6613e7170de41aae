"""Make the verification dossier, docs/verification.md, from tests that ran.

python tests/dossier.py                     runs the tests that requirements.yaml names
python tests/dossier.py --from RECORD …     takes records of runs made with MINESIM_RECORD=RECORD
… --check                                   writes nothing; exit status 1 if the page is another one
"""

import argparse
import difflib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from dossier_evidence import judged
from dossier_figures import FIGURES
from dossier_page import page
from dossier_requirements import TESTS, defined_tests, read_requirements
from recording import read_records

ROOT = TESTS.parent
REQUIREMENTS = TESTS / "requirements.yaml"
DOCS = ROOT / "docs"
_MOST_LINES = 200


def main(arguments=None):
    """Run the command; returns its exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="records", nargs="+", metavar="RECORD", help="records of runs that were made")
    parser.add_argument("--check", action="store_true", help="compare with the page in docs, and write nothing")
    parser.add_argument("--requirements", type=Path, default=REQUIREMENTS, help=argparse.SUPPRESS)
    parser.add_argument("--docs", type=Path, default=DOCS, help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    try:
        groups = read_requirements(asked.requirements)
        tests = read_records(asked.records) if asked.records else _run(groups)
    except ValueError as error:
        return _failed(str(error).splitlines())
    defined = defined_tests()
    results = {one.id: judged(one, tests, defined) for group in groups for one in group.requirements}
    if problems := [problem for result in results.values() for problem in result.problems]:
        return _failed(problems)
    try:
        files = _files(groups, results, asked.docs)
    except ValueError as error:
        return _failed([str(error)])
    if asked.check:
        return _compared(files, asked.docs)
    _write(files, asked.docs)
    print(f"{len(results)} requirements hold; written: {', '.join(files)}")
    return 0


def _run(groups):
    """Run the tests that requirements name, of all stages, and read what they found."""
    named = dict.fromkeys(f"tests/{test}" for group in groups for one in group.requirements for test in one.tests)
    if missing := sorted(set(named) - {f"tests/{test}" for test in defined_tests()}):
        raise ValueError("\n".join(f"there is no test {test}" for test in missing))
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder) / "record.json"
        command = [sys.executable, "-m", "pytest", "-m", "", *named]
        subprocess.run(command, cwd=ROOT, env=os.environ | {"MINESIM_RECORD": str(record)}, check=False)
        return read_records([record])


def _files(groups, results, docs):
    """What the dossier consists of: bytes by path below docs."""
    figures, images = {}, {}
    for name in dict.fromkeys(one.figure for group in groups for one in group.requirements if one.figure):
        if name not in FIGURES:
            raise ValueError(f"no figure is called {name!r}; there are {', '.join(FIGURES)}")
        drawn = [one for result in results.values() if result.requirement.figure == name for one in result.drawn]
        if not drawn:
            raise ValueError(f"the tests of the figure {name!r} drew nothing")
        figures[f"verification/{name}.svg"], title = FIGURES[name](drawn)
        images[name] = (f"{name}.svg", title)
    return {"verification.md": page(groups, results, images, docs).encode()} | figures


def _compared(files, docs):
    """Compare with what is committed: exit status 0 if equal, 1 with the differences otherwise."""
    differences = []
    for name, content in files.items():
        file = docs / name
        before = file.read_bytes() if file.exists() else b""
        if before != content:
            lines = difflib.unified_diff(
                before.decode(errors="replace").splitlines(), content.decode().splitlines(),
                f"{name} as committed", f"{name} as rebuilt", lineterm="", n=0,
            )  # fmt: skip
            differences += lines if name.endswith(".md") else [f"{name} is not the figure that these runs give"]
    there = {path.relative_to(docs).as_posix() for path in (docs / "verification").glob("*")}
    differences += [f"{name} belongs to no requirement" for name in sorted(there - files.keys())]
    if not differences:
        print(f"the dossier is the one that these runs give: {len(files)} files")
        return 0
    return _failed([*differences[:_MOST_LINES], "The dossier is not the one that these runs give: make it anew."])


def _write(files, docs):
    """Write the page and the figures, and take away figures that it has no longer."""
    folder = docs / "verification"
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (docs / name).write_bytes(content)
    for path in folder.glob("*.svg"):
        if path.relative_to(docs).as_posix() not in files:
            path.unlink()


def _failed(problems):
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
