"""Single files that a user names: read as text, and written whole or not at all."""

import os
from pathlib import Path

from simulator.problems import input_error

_MOST_BYTES = 16 * 2**20


def text_of(path: Path) -> str:
    """Read a text file. Raises InputError where it is no regular file, too large, unreadable or not UTF-8."""
    if not path.is_file():
        raise input_error(f"{path}: is {'a folder' if path.is_dir() else 'not a regular file'}; give a file")
    if path.stat().st_size > _MOST_BYTES:
        raise input_error(f"{path}: has more than {_MOST_BYTES // 2**20} MiB; join equal rows")
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise input_error(f"{path}: is not UTF-8 text (byte {error.start + 1:,}); save it as UTF-8") from None
    except OSError as error:
        raise input_error(f"{path}: cannot be read: {error.strerror or error}") from None


def refuse_to_lose(out: Path, kept: tuple[Path, ...], option: str, *, force: bool) -> None:
    """Refuse to write over a folder, over a file of ``kept``, or, unless ``force``, over any that is there.

    Raises InputError.
    """
    if out.is_dir():
        raise input_error(f"{out} is a folder; give a file in it", path=option)
    if any(out.resolve() == one.resolve() for one in kept):
        raise input_error(f"{out} is named twice; give another file", path=option)
    if (out.exists() or out.is_symlink()) and not force:
        raise input_error(f"{out} is there already; give another file, or --force to replace it", path=option)


def write_whole(out: Path, content: bytes, option: str = "-o") -> None:
    """Write a file, and the folders it lies in, in one step: a stop leaves the old one or the new. Raises InputError
    when it cannot be written.
    """
    unfinished = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        try:
            with unfinished.open("xb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            unfinished.replace(out)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise input_error(f"cannot write {out}: {error.strerror or error}", path=option) from None
