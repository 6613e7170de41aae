"""A store that loses nothing: what finished points of a study gave, in SQLite, addressed by what determines it.

A finished point is one transaction that waits for the disk. Its key is a digest of all that determines its numbers, so
points are found again by any study and any process that asks for the same, and more replicates go on from those kept.
What was damaged since counts as not kept.
"""

import hashlib
import io
import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from simulator.clocks import Array
from simulator.points import CurveRecord, Record, Task, joined
from simulator.problems import input_error

Store = sqlite3.Connection

# "mine" in letters: it tells a store of points from any other database.
_APPLICATION, _SCHEMA_VERSION = 0x6D696E65, 1
# Tables with a rowid: without one, a row of more than a quarter of a page would take a page of its own.
_SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS point (
    key TEXT NOT NULL, first INTEGER NOT NULL, stop INTEGER NOT NULL, payload BLOB NOT NULL,
    PRIMARY KEY (key, first, stop)
);
CREATE TABLE IF NOT EXISTS curve (
    key TEXT NOT NULL, name TEXT NOT NULL, first INTEGER NOT NULL, stop INTEGER NOT NULL, payload BLOB NOT NULL,
    PRIMARY KEY (key, name, first, stop)
);
PRAGMA application_id = {_APPLICATION};
PRAGMA user_version = {_SCHEMA_VERSION};
COMMIT;
"""
_APART = "\n"
_SEAL_BYTES = 16
_GO_ON = "make room and run the same command again, it goes on from what is kept"
_WAYS_OUT = {
    sqlite3.SQLITE_FULL: _GO_ON,
    sqlite3.SQLITE_IOERR: _GO_ON,
    sqlite3.SQLITE_CANTOPEN: "give a file in a folder that exists and can be written",
    sqlite3.SQLITE_READONLY: "give a file that can be written",
    sqlite3.SQLITE_BUSY: "another process holds it; end that one, or wait",
}
_START_AFRESH = "move it away to start afresh, or give another"


@contextmanager
def point_store(path: Path) -> Iterator[Store]:
    """Open a store that writes ahead and waits for the disk; several processes may share it.

    Raises InputError when the file is damaged or something else, or the disk full; what was written before stays as it
    was.
    """
    try:
        connection = sqlite3.connect(path, timeout=60, isolation_level=None)
        try:
            _prepare(connection, path)
            yield connection
        finally:
            # The file is whole without its log then, even while somebody else looks into it.
            with suppress(sqlite3.Error):
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
            connection.close()
    except sqlite3.Error as error:
        way_out = _WAYS_OUT.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, _START_AFRESH)
        raise input_error(f"cannot use the points kept in {path}: {error}; {way_out}") from None


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
    """Count the replicates of a world that are kept whole, from the first on without a gap."""
    return max((stop for _, stop, _ in _parts(store, key)), default=0)


def points_kept(path: Path) -> int:
    """Count the worlds of which anything is kept."""
    return _counted(path, "SELECT COUNT(DISTINCT key) FROM point")


def blocks_kept(path: Path) -> int:
    """Count what was written one by one: each world so many times as its replicates were raised."""
    return _counted(path, "SELECT COUNT(*) FROM point")


def record_of(store: Store, key: str, replicates: int) -> Record | None:
    """Read the first ``replicates`` of a world, without curves; None where they are not all kept, or damaged."""
    parts: list[Record] = []
    for first, stop, part in _parts(store, key):
        use = slice(0, replicates - first)
        parts.append(Record(part.metrics, part.estimate[use], part.played[use], part.least, {}))
        if stop >= replicates:
            return joined(parts)
    return None


def curve_of(store: Store, key: str, name: tuple[str, str], replicates: int) -> CurveRecord | None:
    """Read a curve of exactly ``replicates`` of a world; None where it is not kept, or damaged."""
    parts = [_unpacked_curve(payload) for payload in _route(store, key, name, replicates)]
    if not parts:
        return None
    played = parts[0].played if len(parts) == 1 else np.concatenate([part.played for part in parts])
    return CurveRecord(parts[-1].mean, parts[-1].squares, played, parts[0].least)


def curve_names(store: Store, key: str) -> list[tuple[str, str]]:
    """List the curves of a world that are kept."""
    rows = store.execute("SELECT DISTINCT name FROM curve WHERE key = ?", (key,))
    return [(mines, quantity) for (name,) in rows for mines, quantity in [name.split(_APART)]]


def curves_to_go_on_from(store: Store, key: str, replicates: int) -> tuple[int, Mapping[tuple[str, str], CurveRecord]]:
    """Find the most replicates of a world, up to those wanted, after which all its curves are kept whole, and the
    curves then, without what was played. 0 where none are kept.
    """
    names = curve_names(store, key)
    query = "SELECT DISTINCT stop FROM curve WHERE key = ? AND stop <= ? ORDER BY stop DESC"
    for (stop,) in store.execute(query, (key, replicates)).fetchall():
        routes = {name: _route(store, key, name, stop) for name in names}
        if all(routes.values()):
            last = {name: _unpacked_curve(route[-1]) for name, route in routes.items()}
            return stop, {
                name: CurveRecord(one.mean, one.squares, np.empty((0, one.mean.size)), one.least)
                for name, one in last.items()
            }
    return 0, {}


def _prepare(connection: Store, path: Path) -> None:
    """Make the tables of a new file; refuse one that is something else, before anything in it is changed."""
    # In this order: who makes a store at the same time writes tables and marks in one transaction.
    is_new = connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0] == 0
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if not is_new and application != _APPLICATION:
        raise input_error(f"{path} is a database, but not a store of points of minesim; give another file")
    if not is_new and version != _SCHEMA_VERSION:
        raise input_error(f"{path} is a store of points of another version of minesim; {_START_AFRESH}")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    if is_new:
        connection.executescript(_SCHEMA)


def _counted(path: Path, query: str) -> int:
    if not path.is_file():
        return 0
    with point_store(path) as store:
        return int(store.execute(query).fetchone()[0])


def _parts(store: Store, key: str) -> Iterator[tuple[int, int, Record]]:
    """What is kept whole of a world: (first, stop, record) of blocks that each begin where the one before ended."""
    reached = 0
    query = "SELECT first, stop, payload FROM point WHERE key = ? ORDER BY first, stop"
    for first, stop, payload in store.execute(query, (key,)).fetchall():
        if first > reached:
            return
        if stop > reached and _is_whole(payload):
            part = _unpacked(payload)
            use = slice(reached - first, None)
            yield reached, stop, Record(part.metrics, part.estimate[use], part.played[use], part.least, {})
            reached = stop


def _route(store: Store, key: str, name: tuple[str, str], stop: int) -> list[bytes]:
    """Find the payloads of blocks of a curve that follow each other from the first replicate to exactly ``stop``."""
    routes: dict[int, list[bytes]] = {0: []}
    query = "SELECT first, stop, payload FROM curve WHERE key = ? AND name = ? AND stop <= ? ORDER BY first, stop"
    for begin, end, payload in store.execute(query, (key, _APART.join(name), stop)).fetchall():
        if begin in routes and end not in routes and _is_whole(payload):
            routes[end] = [*routes[begin], payload]
    return routes.get(stop, [])


def _packed(record: Record) -> bytes:
    header = json.dumps([record.metrics, len(record.estimate)]).encode()
    numbers: Array = np.concatenate((record.estimate, record.played, record.least[None]))
    return _sealed(header + b"\n" + numbers.astype("<f8").tobytes())


def _unpacked(payload: bytes) -> Record:
    header, _, content = payload[_SEAL_BYTES:].partition(b"\n")
    names, n = json.loads(header)
    numbers = np.frombuffer(content, dtype="<f8").astype(float).reshape(2 * n + 1, len(names))
    return Record(tuple(names), numbers[:n], numbers[n:-1], numbers[-1], {})


def _packed_curve(one: CurveRecord) -> bytes:
    buffer = io.BytesIO()
    # Played curves are steps: they shrink to a tenth.
    np.savez_compressed(buffer, mean=one.mean, squares=one.squares, played=one.played, least=one.least)
    return _sealed(buffer.getvalue())


def _unpacked_curve(payload: bytes) -> CurveRecord:
    with np.load(io.BytesIO(payload[_SEAL_BYTES:]), allow_pickle=False) as arrays:
        return CurveRecord(arrays["mean"], arrays["squares"], arrays["played"], arrays["least"])


def _sealed(content: bytes) -> bytes:
    """Put a digest before what is written, so that bytes that were damaged are not read."""
    return _seal(content) + content


def _is_whole(payload: bytes) -> bool:
    return payload[:_SEAL_BYTES] == _seal(payload[_SEAL_BYTES:])


def _seal(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=_SEAL_BYTES).digest()
