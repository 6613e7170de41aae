"""A store that loses nothing: what finished points of a study gave, in SQLite, addressed by what determines it.

A finished point is one transaction that waits for the disk. Its key is a digest of all that determines its numbers, so
points are found again by any study and any process that asks for the same, and more replicates go on from those kept.
"""

import io
import sqlite3
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from simulator.points import CurveRecord, Record, Task, joined
from simulator.problems import input_error

Store = sqlite3.Connection

_SCHEMA = """
CREATE TABLE IF NOT EXISTS point (
    key TEXT NOT NULL, first INTEGER NOT NULL, stop INTEGER NOT NULL, payload BLOB NOT NULL,
    PRIMARY KEY (key, first, stop)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS curve (
    key TEXT NOT NULL, name TEXT NOT NULL, first INTEGER NOT NULL, stop INTEGER NOT NULL, payload BLOB NOT NULL,
    PRIMARY KEY (key, name, first, stop)
) WITHOUT ROWID;
"""
_APART = "\n"


@contextmanager
def point_store(path: Path) -> Iterator[Store]:
    """Open a store that writes ahead and waits for the disk; several processes may share it.

    Raises InputError when the file is damaged or the disk full; what was written before stays as it was.
    """
    try:
        connection = sqlite3.connect(path, timeout=60, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.executescript(_SCHEMA)
            yield connection
        finally:
            connection.close()
    except sqlite3.Error as error:
        message = f"cannot use the points kept in {path}: {error}; make room, or give another place"
        raise input_error(message) from None


def keep_point(store: Store, task: Task, record: Record) -> None:
    """Write what a finished task gave, in one transaction."""
    rows = [
        (task.key, _APART.join(name), task.first, task.stop, _packed_curve(one)) for name, one in record.curves.items()
    ]
    store.execute("BEGIN IMMEDIATE")
    try:
        store.execute(
            "INSERT OR REPLACE INTO point VALUES (?, ?, ?, ?)",
            (task.key, task.first, task.stop, _packed(record)),
        )
        store.executemany("INSERT OR REPLACE INTO curve VALUES (?, ?, ?, ?, ?)", rows)
        store.execute("COMMIT")
    except BaseException:
        if store.in_transaction:
            store.execute("ROLLBACK")
        raise


def replicates_kept(store: Store, key: str) -> int:
    """Count the replicates of a world that are kept, from the first on without a gap."""
    reached: int = 0
    for first, stop in store.execute("SELECT first, stop FROM point WHERE key = ? ORDER BY first, stop", (key,)):
        if first > reached:
            break
        reached = max(reached, int(stop))
    return reached


def kept_to_go_on_from(store: Store, key: str, replicates: int) -> int:
    """Count the most replicates, up to those wanted, after which the curves of a world are kept."""
    query = "SELECT first, stop FROM point WHERE key = ? AND stop <= ?"
    blocks = [(first, stop) for first, stop in store.execute(query, (key, replicates))]
    for stop in sorted({stop for _, stop in blocks}, reverse=True):
        if _chain(blocks, 0, stop) is not None and record_of(store, key, stop) is not None:
            return stop
    return 0


def points_kept(path: Path) -> int:
    """Count the worlds of which anything is kept."""
    if not path.is_file():
        return 0
    with point_store(path) as store:
        return int(store.execute("SELECT COUNT(DISTINCT key) FROM point").fetchone()[0])


def record_of(store: Store, key: str, replicates: int) -> Record | None:
    """Read the first ``replicates`` of a world, without curves; None where they are not all kept, or damaged."""
    parts: list[Record] = []
    reached = 0
    rows = store.execute("SELECT first, stop, payload FROM point WHERE key = ? ORDER BY first, stop", (key,))
    for first, stop, payload in rows:
        if first > reached:
            break
        part = _unpacked(payload)
        if part is None:
            break
        if stop <= reached:
            continue
        use = slice(reached - first, min(stop, replicates) - first)
        parts.append(Record(part.metrics, part.estimate[use], part.played[use], part.least, {}))
        reached = stop
        if reached >= replicates:
            return joined(parts)
    return None


def curve_of(store: Store, key: str, name: tuple[str, str], replicates: int) -> CurveRecord | None:
    """Read a curve of exactly ``replicates`` of a world; None where it is not kept, or damaged."""
    query = "SELECT first, stop, payload FROM curve WHERE key = ? AND name = ?"
    blocks = {(first, stop): payload for first, stop, payload in store.execute(query, (key, _APART.join(name)))}
    chain = _chain(list(blocks), 0, replicates)
    parts = [_unpacked_curve(blocks[block]) for block in chain or ()]
    whole = [part for part in parts if part is not None]
    if not whole or len(whole) < len(parts):
        return None
    played = whole[0].played if len(whole) == 1 else np.concatenate([part.played for part in whole])
    return CurveRecord(whole[-1].mean, whole[-1].squares, played, whole[0].least)


def curve_names(store: Store, key: str) -> list[tuple[str, str]]:
    """List the curves of a world that are kept."""
    rows = store.execute("SELECT DISTINCT name FROM curve WHERE key = ?", (key,))
    return [(mines, quantity) for (name,) in rows for mines, quantity in [name.split(_APART)]]


def curves_of(store: Store, key: str, replicates: int) -> Mapping[tuple[str, str], CurveRecord] | None:
    """Read all curves of exactly ``replicates`` of a world; None where one of them is missing."""
    found = {name: curve_of(store, key, name, replicates) for name in curve_names(store, key)}
    whole = {name: one for name, one in found.items() if one is not None}
    return whole if len(whole) == len(found) else None


def _chain(blocks: Sequence[tuple[int, int]], first: int, stop: int) -> list[tuple[int, int]] | None:
    """Find blocks that follow each other from ``first`` to exactly ``stop``; None where there are none."""
    if first == stop:
        return []
    for block in sorted(blocks, reverse=True):
        if block[0] == first and block[1] <= stop and (rest := _chain(blocks, block[1], stop)) is not None:
            return [block, *rest]
    return None


def _packed(record: Record) -> bytes:
    buffer = io.BytesIO()
    names = np.array(record.metrics, dtype=np.str_)
    np.savez(buffer, names=names, estimate=record.estimate, played=record.played, least=record.least)
    return buffer.getvalue()


def _unpacked(payload: bytes) -> Record | None:
    """Unpack a record; None where a checksum fails, so that it is computed again."""
    try:
        with np.load(io.BytesIO(payload), allow_pickle=False) as arrays:
            names = tuple(str(name) for name in arrays["names"])
            return Record(names, arrays["estimate"], arrays["played"], arrays["least"], {})
    except (zipfile.BadZipFile, ValueError, KeyError, EOFError, OSError):
        return None


def _packed_curve(one: CurveRecord) -> bytes:
    buffer = io.BytesIO()
    # Played curves are steps: they shrink to a tenth.
    np.savez_compressed(buffer, mean=one.mean, squares=one.squares, played=one.played, least=one.least)
    return buffer.getvalue()


def _unpacked_curve(payload: bytes) -> CurveRecord | None:
    try:
        with np.load(io.BytesIO(payload), allow_pickle=False) as arrays:
            return CurveRecord(arrays["mean"], arrays["squares"], arrays["played"], arrays["least"])
    except (zipfile.BadZipFile, ValueError, KeyError, EOFError, OSError):
        return None
