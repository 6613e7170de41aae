"""Batches of items, computed by the workers of a Dask cluster; or one item after the other, here.

A few batches for each worker are on their way at a time, so that neither items nor results pile up. They are made to
take a quarter of a second or more, so that moving them costs little.
"""

import pickle
import textwrap
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from math import ceil
from typing import Any

from simulator.clusters import PATIENCE_SECONDS, await_workers, deaths, refuse_other, versions
from simulator.problems import InputError, input_error, printable

_BATCH_SECONDS = 0.25
# With very many workers batches are longer: this process can read only so many in a second.
_READING_SECONDS = 0.005
_LARGEST_BATCH = 1000
_BATCHES_PER_WORKER = 3
_LOOK_AGAIN_SECONDS = 5.0
_LONGEST_REASON = 500
_TELLING_SECONDS = 0.1

Function = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Raised:
    """An exception of the function, in place of a result; and why, in a line."""

    error: Exception
    reason: str


@dataclass(frozen=True, slots=True)
class Pace:
    """So many items took so many seconds, of late."""

    items: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class _Batch:
    """Items that are computed together; ``alone``: while nothing else is, so that a death has one cause."""

    items: tuple[Any, ...]
    alone: bool = False


@dataclass(frozen=True, slots=True)
class _Report:
    """What a worker made of a batch: each result or Raised, pickled; the seconds it took; the worker's versions."""

    outcomes: tuple[bytes, ...]
    seconds: float
    versions: str


def computed_here(
    function: Function, items: Iterator[Any], count: int | None, patience: float
) -> Generator[tuple[Any, Any], None, Pace]:
    """Give items with their results or Raised, as long as no more than ``patience`` seconds seem to be left of
    ``count`` items; then return the pace. A tenth of a second tells.
    """
    pace = Pace()
    for item in items:
        started = time.perf_counter()
        outcome = _attempt(function, item)
        pace = Pace(pace.items + 1, pace.seconds + time.perf_counter() - started)
        yield item, outcome
        expected = 0 if count is None else pace.seconds / pace.items * (count - pace.items)
        if pace.seconds > _TELLING_SECONDS and expected > patience:
            break
    return pace


def dispatched(
    client: Any, scheduler: str | None, function: Function, rest: Iterator[Any], left: int | None, pace: Pace, *,
    ordered: bool,
) -> Generator[tuple[Any, Any], None, None]:  # fmt: skip
    """Give items with their results or Raised, computed by workers: in the order of the items, or as they finish.

    Items of a batch that was lost with its workers are tried one at a time, and nothing beside them if order need not
    be kept: Dask blames all that a worker had before it when it ended. ``left`` is the number of items, if known.
    Raises InputError when the scheduler is lost or a worker is of other versions.
    """
    from distributed.protocol.pickle import loads

    flying: dict[Any, _Batch] = {}
    suspects: deque[Any] = deque()
    with _watched(client, scheduler, flying):
        work, threads = _sent(client, scheduler, function)
        looked = time.monotonic()
        while True:
            if time.monotonic() - looked > _LOOK_AGAIN_SECONDS:
                # Clusters grow and shrink.
                threads, looked = _threads(client), time.monotonic()
            while not suspects and len(flying) < _BATCHES_PER_WORKER * threads:
                batch = _Batch(tuple(islice(rest, _batch_size(pace, left, threads))))
                if not batch.items:
                    break
                left = None if left is None else left - len(batch.items)
                flying[_submitted(client, work, batch)] = batch
            if suspects and not flying:
                batch = _Batch((suspects.popleft(),), alone=True)
                flying[_submitted(client, work, batch)] = batch
            if not flying:
                return
            for future in _finished(client, scheduler, list(flying), ordered=ordered):
                batch = flying.pop(future)
                report = _read(client, scheduler, future)
                if isinstance(report, _Report):
                    pace = Pace(pace.items / 2 + len(batch.items), pace.seconds / 2 + report.seconds)
                    yield from zip(batch.items, map(loads, report.outcomes), strict=True)
                elif batch.alone:
                    yield batch.items[0], _raised(report)
                elif ordered:
                    yield from _one_by_one(client, scheduler, work, batch)
                else:
                    suspects.extend(batch.items)


def _one_by_one(client: Any, scheduler: str | None, work: Any, batch: _Batch) -> Generator[tuple[Any, Any], None, None]:
    """Try each item of a lost batch by itself, in order."""
    from distributed.protocol.pickle import loads

    for item in batch.items:
        future = _submitted(client, work, _Batch((item,), alone=True))
        _finished(client, scheduler, [future], ordered=True)
        report = _read(client, scheduler, future)
        yield item, loads(report.outcomes[0]) if isinstance(report, _Report) else _raised(report)


@contextmanager
def _watched(client: Any, scheduler: str | None, flying: Mapping[Any, _Batch]) -> Iterator[None]:
    """Raise InputError for a scheduler that is lost; drop in the end what is still to be computed."""
    from distributed import CancelledError

    try:
        yield
    except Exception as error:
        if scheduler is not None and (isinstance(error, CancelledError) or client.status != "running"):
            message = f"the Dask scheduler at {scheduler} is gone; start it again and repeat the command"
            raise input_error(message, path="--scheduler") from error
        raise
    finally:
        if client.status == "running":
            client.cancel(list(flying))


def _batch_size(pace: Pace, left: int | None, threads: int) -> int:
    """How many items take the time of a batch; fewer near the end, so that all workers have some.

    At most four times as many as are known: a first quick item says little about the next thousand.
    """
    if not pace.items:
        return 1
    seconds = max(_BATCH_SECONDS, _READING_SECONDS * threads)
    each = max(pace.seconds / pace.items, 1e-6)
    size = max(1, min(ceil(seconds / each), int(4 * pace.items), _LARGEST_BATCH))
    return size if left is None else min(size, max(ceil(left / (2 * threads)), ceil(size / 5)))


def _threads(client: Any) -> int:
    return max(1, int(sum(client.nthreads().values())))


def _sent(client: Any, scheduler: str | None, function: Function) -> tuple[Any, int]:
    """Send the function to all workers, and return its future and the number of their threads.

    It is the result of a task, which can be repeated; scattered data is lost with the workers that have it. Each worker
    is given something that needs it, because Dask prefers workers that have it already.
    """
    import dask
    from distributed import wait
    from distributed.protocol.pickle import dumps, loads

    # What is pickled here fails as a task where it cannot be loaded; unpickled by Dask, it would end the worker.
    with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 TB"}):
        work = client.submit(loads, dumps(function), pure=False)
    arrived = [
        client.submit(callable, work, workers=[worker], allow_other_workers=True, pure=False)
        for worker in client.nthreads()
    ]
    with suppress(TimeoutError), client.as_current():
        wait([work, *arrived], timeout=PATIENCE_SECONDS)
    if work.status == "error":
        raise _unable(work.exception(), scheduler)
    return work, _threads(client)


def _unable(error: Exception, scheduler: str | None) -> Exception:
    """Why workers cannot have the function."""
    from distributed import KilledWorker

    if isinstance(error, KilledWorker):
        return deaths(scheduler)
    if scheduler is None:
        return error
    message = f"a worker cannot load what it is to compute ({error}); install the same there as here, or use --workers"
    return input_error(message, path="--scheduler")


def _submitted(client: Any, work: Any, batch: _Batch) -> Any:
    from distributed.protocol.pickle import dumps

    return client.submit(_computed, work, dumps(batch.items), pure=False)


def _finished(client: Any, scheduler: str | None, flying: Sequence[Any], *, ordered: bool) -> list[Any]:
    """Wait for the first of some futures, or for any of them, and return those that are finished."""
    from distributed import wait

    awaited = flying[:1] if ordered else flying
    while True:
        with suppress(TimeoutError), client.as_current():
            done = wait(awaited, timeout=PATIENCE_SECONDS, return_when="FIRST_COMPLETED").done
            return [future for future in awaited if future in done]
        # Long items, or nobody left to compute them?
        await_workers(client, scheduler)


def _read(client: Any, scheduler: str | None, future: Any) -> _Report | Exception:
    """Read what became of a batch, or why nothing did, and free its memory on the worker."""
    from distributed import CancelledError, KilledWorker

    try:
        while True:
            # A result that is lost with its worker before it could be read is computed again.
            with suppress(TimeoutError):
                report: _Report = future.result(timeout=PATIENCE_SECONDS)
                break
            await_workers(client, scheduler)
    except (CancelledError, InputError):
        raise
    except KilledWorker:
        return deaths(scheduler)
    except Exception as error:
        return error
    finally:
        future.release()
    refuse_other(report.versions, f"a worker of {scheduler}")
    return report


def _computed(function: Function, items: bytes) -> _Report:
    """What a worker does with a batch."""
    from distributed.protocol.pickle import loads

    started = time.perf_counter()
    outcomes = tuple(_packed(_attempt(function, item)) for item in loads(items))
    return _Report(outcomes, time.perf_counter() - started, versions())


def _attempt(function: Function, item: Any) -> Any:
    try:
        return function(item)
    except Exception as error:
        return _raised(error)


def _raised(error: Exception) -> Raised:
    if isinstance(error, InputError):
        reasons = [": ".join(filter(None, (problem.path, problem.message))) for problem in error.problems]
    else:
        reasons = [": ".join(filter(None, (type(error).__name__, str(error))))]
    return Raised(error, printable(textwrap.shorten("; ".join(reasons), _LONGEST_REASON, placeholder=" …")))


def _packed(outcome: Any) -> bytes:
    """Pickle a result where it was made, so that one that cannot be pickled fails alone. Exceptions are tried out."""
    from distributed.protocol.pickle import dumps, loads

    # Dask's own pickling takes twice the time; it is for what is defined in a notebook or a function.
    if not isinstance(outcome, Raised):
        with suppress(Exception):
            return pickle.dumps(outcome, pickle.HIGHEST_PROTOCOL)
    try:
        packed: bytes = dumps(outcome)
        loads(packed)
    except Exception as error:
        found = outcome if isinstance(outcome, Raised) else _raised(error)
        packed = dumps(Raised(RuntimeError(found.reason), found.reason))
    return packed
