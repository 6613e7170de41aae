"""A store that loses nothing: finished replicates in SQLite, keyed by a digest of what determines them."""

import io
import sqlite3
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from simulator.ensemble import CURVES, LAND, MAPS
from simulator.problems import input_error
from simulator.trajectory import Curves, Land, Maps, Trajectory

INCOMPLETE = ".incomplete"
REPLICATES, POINTS = "replicates.sqlite", "points.sqlite"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS replicate (
    digest TEXT NOT NULL, replicate INTEGER NOT NULL, scenario INTEGER NOT NULL, payload BLOB NOT NULL,
    PRIMARY KEY (digest, replicate, scenario)
) WITHOUT ROWID
"""


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a connection that writes ahead and waits for the disk; two processes may share the file.

    Raises InputError when the file is damaged or the disk full; what was written before stays as it was.
    """
    try:
        connection = sqlite3.connect(path, timeout=30, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute(_SCHEMA)
            yield connection
        finally:
            connection.close()
    except sqlite3.Error as error:
        message = f"cannot use the replicates kept in {path}: {error}; make room, or delete the folder to start afresh"
        raise input_error(message) from None


@contextmanager
def held(path: Path) -> Iterator[bool]:
    """Hold a file for this process alone until the block ends, or the process does; False where another one holds it.

    SQLite's own lock is used: it works on every system, and no crash leaves one behind.
    """
    connection = sqlite3.connect(path, timeout=0, isolation_level=None)
    try:
        yield _is_locked(connection) and path.exists()
    finally:
        connection.close()


def keep(connection: sqlite3.Connection, digest: str, finished: Sequence[tuple[int, Sequence[Trajectory]]]) -> None:
    """Write finished replicates, each with the trajectories of all scenarios, in one transaction."""
    rows = [
        (digest, replicate, index, _packed(trajectory))
        for replicate, trajectories in finished
        for index, trajectory in enumerate(trajectories)
    ]
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany("INSERT OR REPLACE INTO replicate VALUES (?, ?, ?, ?)", rows)
    connection.execute("COMMIT")


def kept(connection: sqlite3.Connection, digest: str, scenarios: int) -> dict[int, list[Trajectory]]:
    """Read the replicates of a digest for which every scenario is there, and can be read."""
    found: dict[int, list[Trajectory]] = {}
    rows = connection.execute(
        "SELECT replicate, payload FROM replicate WHERE digest = ? ORDER BY replicate, scenario", (digest,)
    )
    for replicate, payload in rows:
        trajectory = _unpacked(payload)
        if trajectory is not None:
            found.setdefault(replicate, []).append(trajectory)
    return {replicate: trajectories for replicate, trajectories in found.items() if len(trajectories) == scenarios}


def count_kept(folder: Path, digest: str) -> int:
    """Count the replicates of a digest that are kept in an incomplete folder."""
    if not (folder / REPLICATES).is_file():
        return 0
    with opened(folder / REPLICATES) as connection:
        query = "SELECT COUNT(DISTINCT replicate) FROM replicate WHERE digest = ?"
        return int(connection.execute(query, (digest,)).fetchone()[0])


def _is_locked(connection: sqlite3.Connection) -> bool:
    try:
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            return False
        raise
    return True


def _packed(trajectory: Trajectory) -> bytes:
    buffer = io.BytesIO()
    played, estimate = (
        np.array([getattr(curves, name) for name in CURVES]) for curves in (trajectory.played, trajectory.estimate)
    )
    land = {f"land_{name}": getattr(trajectory.land, name) for name in LAND}
    maps = {f"map_{name}": getattr(trajectory.maps, name) for name in MAPS} if trajectory.maps is not None else {}
    np.savez(buffer, played=played, estimate=estimate, events=trajectory.simpy_events, **land, **maps)
    return buffer.getvalue()


def _unpacked(payload: bytes) -> Trajectory | None:
    """Unpack a trajectory; None where a checksum fails, so that it is computed again."""
    try:
        with np.load(io.BytesIO(payload), allow_pickle=False) as arrays:
            land = Land(*(arrays[f"land_{name}"] for name in LAND))
            maps = Maps(*(arrays[f"map_{name}"] for name in MAPS)) if f"map_{MAPS[0]}" in arrays else None
            played, estimate = Curves(*arrays["played"]), Curves(*arrays["estimate"])
            return Trajectory(played, estimate, land, maps, int(arrays["events"]))
    except (zipfile.BadZipFile, ValueError, KeyError, TypeError, EOFError, OSError, NotImplementedError, RuntimeError):
        return None
