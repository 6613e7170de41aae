"""Printing: progress on a terminal, then tables and sentences. Plain when nobody watches, quiet when nobody reads."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import IO, Any, Protocol, TextIO

import click

from simulator.problems import input_error


class Progress(Protocol):
    """Who watches: how many are done, how many there are, how many failed so far."""

    def __call__(self, done: int, total: int, failed: int = 0) -> None:
        """Report."""


class Interrupted(click.ClickException):
    """The user stopped the run; the message says what is kept and how to go on."""

    exit_code = 130

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the message, to standard error unless told otherwise."""
        click.echo(f"interrupted. {self.message}", file=file, err=file is None)


def open_streams() -> None:
    """See to it that whatever is printed can be: on a closed stream as on a terminal that lacks some characters."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            # It stays open until the program ends.
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115
        getattr(getattr(sys, name), "reconfigure", lambda **_: None)(errors="replace")


def unseen(done: int, total: int, failed: int = 0) -> None:
    """Progress that nobody watches."""


@contextmanager
def progress(label: str, total: int, *, quiet: bool) -> Iterator[Progress | None]:
    """Show a progress bar with time left on standard error; None when quiet or not on a terminal."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    # Wanted on a terminal only.
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("left"), TimeRemainingColumn(),
        TextColumn("spent"), TimeElapsedColumn(),
    )  # fmt: skip
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=total)

        def report(done: int, total: int, failed: int = 0) -> None:
            said = f"{label} ({failed:,} failed)" if failed else label
            bar.update(task, completed=done, total=total, description=said)

        yield report


def say(text: str = "", *, error: bool = False) -> None:
    """Print a line. When the reader has gone, as after ``| head``, the rest is dropped and the program goes on.

    Raises InputError where standard output is a file on a full disk.
    """
    if error:
        tell(text)
        return
    try:
        print(text, flush=True)
    except BrokenPipeError:
        drop_output()
    except OSError as problem:
        drop_output()
        raise input_error(f"cannot be written: {problem.strerror or problem}", path="standard output") from None


def tell(text: str) -> None:
    """Print a line to standard error; where that cannot be, there is nobody to tell."""
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:
        # What is left in its buffer would fail again when the program ends, and change its status.
        _to_nowhere(sys.stderr)


def hush_drawing() -> None:
    """Silence what Matplotlib says of folders that it cannot write: none of it is for an analyst."""
    import logging

    logging.getLogger("matplotlib").setLevel(logging.ERROR)


def drop_output() -> None:
    """Send all further standard output nowhere."""
    _to_nowhere(sys.stdout)


def _to_nowhere(stream: TextIO) -> None:
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write an aligned table as text; the first column to the left, the others to the right, nothing ever cut."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        first, *others = cells
        rest = (cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))
        return "  ".join((first.ljust(widths[0]), *rest)).rstrip()

    rule = "  ".join("-" * width for width in widths)
    return "\n".join((line(header), rule, *(line(row) for row in rows)))


def stacked(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table too wide for the terminal as a block for each row, a line for each column."""
    width = max(map(len, header[1:]), default=0)
    blocks = []
    for first, *cells in rows:
        lines = [f"  {name.ljust(width)}  {cell}" for name, cell in zip(header[1:], cells, strict=True)]
        blocks.append("\n".join((first, *lines)))
    return "\n".join(blocks)


def show_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table: drawn on a terminal wide enough for it, plain otherwise."""
    plain = table(header, rows)
    if not sys.stdout.isatty():
        say(plain)
        return
    # Wanted on a terminal only.
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    if max(map(len, plain.splitlines())) + 3 * len(header) > console.width:
        say(stacked(header, rows))
        return
    drawn = Table()
    for index, name in enumerate(header):
        drawn.add_column(Text(name), justify="right" if index else "left")
    for row in rows:
        drawn.add_row(*(Text(cell) for cell in row))
    console.print(drawn)
