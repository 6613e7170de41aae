"""A result folder appears whole or not at all: work goes on in ``DIR.incomplete``, the last step is one rename."""

import errno
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from simulator import store
from simulator.manifest import read_manifest
from simulator.problems import InputError, input_error
from simulator.store import INCOMPLETE, POINTS, REPLICATES

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_LOCK, _NOTE, _RESULT, _PREVIOUS = "lock", "INCOMPLETE.txt", "result", "previous"
_TEXT = f"""\
This folder is incomplete: minesim (process {{process}}) is writing a result here, or was stopped before it finished.
What is finished is kept in {REPLICATES} or {POINTS}, if there is one. To go on from there, run the same command again:

  cd {{folder}}
  {{command}}

To give the result up, delete this folder.
"""


@contextmanager
def claimed(out: Path, digest: str, command: str, *, force: bool) -> Iterator[Path]:
    """Hold the folder beside ``out`` in which its result is made, for this process alone; yields its path.

    Raises InputError when ``out`` holds something that is not to be replaced, cannot be written, or another process
    writes it. After an interruption the folder stays if finished replicates are kept in it, else nothing is left.
    """
    out = out.resolve()
    folder = out.parent / f"{out.name}{INCOMPLETE}"
    made: list[Path] = []
    try:
        with _written(out):
            _refuse_to_lose(out, digest, force=force)
            made = _made(folder)
        with store.held(folder / _LOCK) as free:
            if not free:
                message = f"another process is writing to {shown(out)}; wait, or give another folder"
                raise input_error(message, path="-o")
            try:
                with _written(out):
                    _restore(folder, out)
                    # Another process may have published since the first look.
                    _refuse_to_lose(out, digest, force=force)
                    note = _TEXT.format(process=os.getpid(), folder=Path.cwd(), command=command)
                    (folder / _NOTE).write_text(note, encoding="utf-8", errors="replace")
                yield folder
            except BaseException:
                _restore(folder, out)
                if not any((folder / name).exists() for name in (REPLICATES, POINTS)):
                    _cleared(folder)
                raise
            _cleared(folder)
    except BaseException:
        _removed(made)
        raise


def publish(folder: Path, out: Path, files: Mapping[str, bytes | Path]) -> None:
    """Write all files into the incomplete folder, then put them in place of ``out`` in one move.

    A file that is written already, in the incomplete folder, is moved. Raises InputError when they cannot be written;
    what ``out`` held is still there then, and so are the points kept.
    """
    out = out.resolve()
    result, previous = folder / _RESULT, folder / _PREVIOUS
    with _restored(folder, out), _written(out):
        shutil.rmtree(result, ignore_errors=True)
        for name, content in files.items():
            path = result / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, Path):
                content.rename(path)
            with path.open("ab") as stream:
                if isinstance(content, bytes):
                    stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
        if out.exists():
            shutil.rmtree(previous, ignore_errors=True)
            out.rename(previous)
        result.rename(out)


def unwritable(out: Path, error: OSError) -> InputError:
    """Make the error for a result that cannot be written, with a way out of a full disk."""
    way_out = "; make room and run the same command again, it goes on from what is kept"
    message = f"cannot write to {shown(out)}: {error.strerror or error}{way_out if error.errno in NO_ROOM else ''}"
    return input_error(message, path="-o")


def shown(path: Path) -> str:
    """Write a path as people know it: from the folder they are in."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


@contextmanager
def _restored(folder: Path, out: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        _restore(folder, out)
        raise


@contextmanager
def _written(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise unwritable(out, error) from None


def _refuse_to_lose(out: Path, digest: str, *, force: bool) -> None:
    if Path.cwd().is_relative_to(out):
        raise input_error(f"{out} is or holds the folder you are in; give a folder of its own", path="-o")
    if out.exists() and not out.is_dir():
        raise input_error(f"{shown(out)} is a file; give a folder", path="-o")
    if not out.is_dir() or not any(out.iterdir()):
        return
    try:
        held = read_manifest(out)
    except InputError:
        message = f"{shown(out)} holds files that are not a result of minesim; give another folder"
        raise input_error(message, path="-o") from None
    if held.digest != digest and not force:
        names = ", ".join(entry.name for entry in held.scenarios)
        message = f"{shown(out)} holds another result ({names}); give another folder, or --force to replace it"
        raise input_error(message, path="-o")


def _made(folder: Path) -> list[Path]:
    """Make a folder and those above it; returns which of them were not there, the innermost first."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        _removed(missing)
        raise
    return missing


def _removed(folders: list[Path]) -> None:
    """Remove the folders that are there and empty."""
    for path in folders:
        with suppress(OSError):
            path.rmdir()


def _restore(folder: Path, out: Path) -> None:
    """Put back what a process was moving when it was stopped: the previous result, and the points it kept."""
    previous, points, moved = folder / _PREVIOUS, folder / POINTS, folder / _RESULT / POINTS
    if previous.exists() and not out.exists():
        previous.rename(out)
    if moved.exists() and not points.exists():
        moved.rename(points)


def _cleared(folder: Path) -> None:
    """Remove the folder, the lock last: whoever finds the folder finds it held."""
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name != _LOCK:
            path.unlink(missing_ok=True)
    (folder / _LOCK).unlink(missing_ok=True)
    # Not empty if another process has just claimed it.
    with suppress(OSError):
        folder.rmdir()
