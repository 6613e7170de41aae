"""The verb ``report``: a result as one file to read, print and pass on."""
# ruff: noqa: D301
# Imports stand in the functions, as in the other verbs: help answers at once.

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from simulator.options import FILE, QUIET

if TYPE_CHECKING:
    from simulator.report_parts import Report

_SUFFIXES = {".md": "md", ".markdown": "md", ".pdf": "pdf"}
_FIRST_BYTES = 4096


@click.command("report", short_help="Write a result as one file to read and print.")
@click.argument("folder", type=FILE)
@click.option(
    "-o", "--output", type=FILE, metavar="FILE", help="File to write [default: report.html or report.md in FOLDER]."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["html", "md", "pdf"]),
    default=None,
    help="A page for browsers, or Markdown, as for Word [default: by the name of FILE, else html].",
)
@click.option("--force", is_flag=True, help="Replace FILE even if it is not a report.")
@QUIET
def report(folder: Path, output: Path | None, form: str | None, **options: Any) -> None:
    """Write a report of a result: the answer on the first page, figures with their numbers, what it all rests on,
    checks, limits, and how to repeat it.

    The HTML file needs nothing else: no network, no script, no other file. To make a PDF of it, open it in a browser
    and print it, or let --format pdf do so, for which pip installs 'minesim[pdf]'. The Markdown file shows the figures
    of FOLDER, and pandoc makes a Word file of it.

    FOLDER is the result of run, compare, sweep, sensitivity, attribute, breakeven or calibrate. A run that is repeated
    into it replaces the whole folder; build the report again then.

    \b
    Examples:
      minesim report results/first
      minesim report results/first -o first.html
      minesim report results/first --format md && pandoc results/first/report.md -o first.docx \\
          --resource-path results/first
    """
    form = form or _form_of(output)
    out = output or folder / f"report.{form}"

    from simulator.manifest import MANIFEST, read_manifest
    from simulator.store import POINTS

    manifest = read_manifest(folder)
    held = {(folder / name).resolve() for name in (MANIFEST, POINTS, *manifest.outputs, *manifest.figures)}
    _refuse_to_lose(out, held, force=options["force"])

    from simulator.report import report_of
    from simulator.whole_file import write_whole

    content = _written(report_of(folder), folder, out, form)
    write_whole(out, content)
    if not options["quiet"]:
        from simulator.console import say
        from simulator.problems import printable

        say(f"Written to {printable(str(out))} ({len(content) / 1000:,.0f} kB).")


def _form_of(output: Path | None) -> str:
    """The form that a file's name asks for. Raises InputError where it is one that another program makes."""
    from simulator.problems import input_error

    suffix = output.suffix.lower() if output else ""
    if suffix in {".docx", ".doc", ".odt"}:
        message = f"no report is written as {suffix}; write report.md, and pandoc makes a {suffix} file of it"
        raise input_error(message, path="-o")
    return _SUFFIXES.get(suffix, "html")


def _written(found: "Report", folder: Path, out: Path, form: str) -> bytes:
    if form == "md":
        from simulator.report_markdown import document

        images = {one.stem: _image(folder, one.stem, out) for one in found.pictures}
        return document(found, images).encode()
    from simulator.report_html import page

    if form == "pdf":
        from simulator.report_pdf import printed

        return printed(page(found))
    return page(found).encode()


def _image(folder: Path, stem: str, out: Path) -> str:
    """The address of a figure as seen from the report; empty where the result holds no such file."""
    from urllib.parse import quote

    path = folder / "figures" / f"{stem}.png"
    if not path.is_file():
        return ""
    try:
        return quote(Path(os.path.relpath(path.resolve(), out.resolve().parent)).as_posix())
    except ValueError:
        # On another drive.
        return path.resolve().as_uri()


def _refuse_to_lose(out: Path, held: set[Path], *, force: bool) -> None:
    """Refuse to write over what is no report. Raises InputError."""
    from simulator.problems import input_error

    if out.is_dir():
        raise input_error(f"{out} is a folder; give a file, such as {out / 'report.html'}", path="-o")
    if out.resolve() in held:
        raise input_error(f"{out} is a part of the result; give another file", path="-o")
    if out.exists() and not force and not _is_report(out):
        message = f"{out} is there and is not a report of minesim; give another file, or --force to replace it"
        raise input_error(message, path="-o")


def _is_report(path: Path) -> bool:
    """Whether a file says of itself that it is a report: before anything of a result, in a PDF after it."""
    from simulator.report_order import GENERATOR

    marks = (f'<meta name="generator" content="{GENERATOR}">', f"<!-- {GENERATOR} -->")
    try:
        with path.open("rb") as stream:
            start = stream.read(_FIRST_BYTES)
            if start.startswith(b"%PDF"):
                return (start + stream.read()).endswith(f"% {GENERATOR}\n".encode())
    except OSError:
        return False
    return any(mark.encode() in start for mark in marks)
