"""Reading documentation as a reader types it: what is to be saved, what is run, and what a page says is printed.

In a page, a ``console`` block holds commands after ``$ `` and lines of what they print. A line ``…`` stands for any
lines left out. A ``yaml`` or ``csv`` block after ``<!-- file: NAME -->`` is saved under that name.
"""

import re
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path

import warm

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LEFT_OUT = "…"
SERVES_UNTIL_STOPPED = "minesim explore "

_FILE = re.compile(r"<!-- file: (?P<name>\S+) -->\n+```(?:yaml|csv)\n(?P<text>.*?)```", re.DOTALL)
_CONSOLE = re.compile(r"```console\n(?P<lines>.*?)```", re.DOTALL)


@dataclass(frozen=True)
class Saved:
    """A file that the reader is told to save."""

    name: str
    text: str


@dataclass(frozen=True)
class Typed:
    """A command that the reader is told to type, and the lines that the page shows under it."""

    command: str
    shown: tuple[str, ...]

    @property
    def is_run(self):
        """Whether a test can run it: all but what serves until it is stopped."""
        return not self.command.startswith(SERVES_UNTIL_STOPPED)


def steps_of(text):
    """List what a page tells its reader to save and to type, in its order."""
    found = sorted([*_FILE.finditer(text), *_CONSOLE.finditer(text)], key=lambda match: match.start())
    return [step for match in found for step in _steps(match)]


def _steps(match):
    if match.re is _FILE:
        return [Saved(match["name"], match["text"])]
    lines = match["lines"].splitlines()
    starts = [index for index, line in enumerate(lines) if line.startswith("$ ")]
    assert starts[:1] == [0], f"a console block begins with a command: {match[0]}"
    return [
        Typed(lines[start].removeprefix("$ "), tuple(lines[start + 1 : end]))
        for start, end in zip(starts, [*starts[1:], len(lines)], strict=True)
    ]


def minesim(command, folder):
    """Run a ``minesim`` command line in a folder."""
    program, *arguments = shlex.split(command)
    assert program == "minesim", command
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}
    return warm.command(arguments, cwd=folder, env=environment, timeout=600)


def with_shipped_scenarios(folder):
    """Put the shipped scenarios into a folder, where a clone has them."""
    shutil.copytree(ROOT / "scenarios", folder / "scenarios")
    return folder


def followed(text, folder):
    """Do what a page says, in its order, and check what it shows. Returns how many commands were run."""
    count = 0
    for step in steps_of(text):
        if isinstance(step, Saved):
            (folder / step.name).write_text(step.text, encoding="utf-8")
        elif step.is_run:
            done = minesim(step.command, folder)
            assert done.returncode == 0, f"{step.command}\n{done.stderr}"
            assert not (missing := not_printed(step.shown, done.stdout)), f"{step.command}\ndoes not print\n{missing}"
            count += 1
    return count


def not_printed(shown, output):
    """Find the first lines of ``shown`` that do not stand in ``output``, one after the other; empty if all do.

    Lines without ``…`` between them stand without a line between them. How wide gaps are does not matter: the columns
    of a table move when another row does.
    """
    lines = [_with_narrow_gaps(line) for line in output.splitlines()]
    start = 0
    for passage in _passages(shown):
        places = range(start, len(lines) - len(passage) + 1)
        place = next((place for place in places if lines[place : place + len(passage)] == passage), None)
        if place is None:
            return "\n".join(passage)
        start = place + len(passage)
    return ""


def _passages(shown):
    passages = [[]]
    for line in shown:
        if line.strip() == LEFT_OUT:
            passages.append([])
        else:
            passages[-1].append(_with_narrow_gaps(line))
    while passages[-1][-1:] == [""]:
        passages[-1].pop()
    return [passage for passage in passages if passage]


def _with_narrow_gaps(line):
    return " ".join(line.split())


def local_links(text):
    """List the links and images of a page that lead to files, without the part after #."""
    found = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    return [link for link in found if not re.match(r"[a-z]+:", link)]


def anchors_of(text):
    """List the anchors that a forge makes of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
