"""A store that loses nothing: finished replicates in SQLite, keyed by a digest of what determines them."""

import io
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from simulator.ensemble import CURVES
from simulator.trajectory import Curves, Trajectory

_SCHEMA = """
CREATE TABLE IF NOT EXISTS replicate (
    digest TEXT NOT NULL, replicate INTEGER NOT NULL, scenario INTEGER NOT NULL, payload BLOB NOT NULL,
    PRIMARY KEY (digest, replicate, scenario)
) WITHOUT ROWID
"""


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that writes ahead and waits for the disk; two processes may share the file."""
    connection = sqlite3.connect(path, timeout=30, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(_SCHEMA)
        yield connection
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
    """The replicates of a digest for which every scenario is there."""
    found: dict[int, list[Trajectory]] = {}
    rows = connection.execute(
        "SELECT replicate, payload FROM replicate WHERE digest = ? ORDER BY replicate, scenario", (digest,)
    )
    for replicate, payload in rows:
        found.setdefault(replicate, []).append(_unpacked(payload))
    return {replicate: trajectories for replicate, trajectories in found.items() if len(trajectories) == scenarios}


def _packed(trajectory: Trajectory) -> bytes:
    buffer = io.BytesIO()
    played, estimate = (
        np.array([getattr(curves, name) for name in CURVES]) for curves in (trajectory.played, trajectory.estimate)
    )
    np.savez(
        buffer, played=played, estimate=estimate, denied_km2=trajectory.denied_km2, events=trajectory.simpy_events
    )
    return buffer.getvalue()


def _unpacked(payload: bytes) -> Trajectory:
    with np.load(io.BytesIO(payload), allow_pickle=False) as arrays:
        return Trajectory(
            Curves(*arrays["played"]), Curves(*arrays["estimate"]), arrays["denied_km2"], int(arrays["events"])
        )


