"""Playing replicates in order, here or on worker processes: the only door to Dask."""

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from multiprocessing import resource_tracker
from typing import Any, TypeVar

from simulator.problems import input_error

Result = TypeVar("Result")

_BATCH_SECONDS = 0.25
_LARGEST_BATCH = 1000


def in_order(function: Callable[[int], Result], items: Sequence[int], workers: int) -> Iterator[Result]:
    """``function`` of each item, in the order of the items, whoever computed them.

    With one worker nothing is started. Otherwise tasks go to ``workers`` local Dask processes in batches of a quarter
    of a second or more, so that moving them costs little; closing the iterator stops the processes.
    """
    if workers == 1 or len(items) <= 1:
        for item in items:
            yield function(item)
        return
    started = time.perf_counter()
    yield function(items[0])
    each = max(time.perf_counter() - started, 1e-6)
    rest = items[1:]
    size = max(1, min(int(_BATCH_SECONDS / each) + 1, -(-len(rest) // workers), _LARGEST_BATCH))
    batches = [rest[start : start + size] for start in range(0, len(rest), size)]
    yield from _on_dask(function, batches, min(workers, len(batches)))


def _on_dask(function: Callable[[int], Result], batches: Sequence[Sequence[int]], workers: int) -> Iterator[Result]:
    import dask
    from distributed import Client, KilledWorker, LocalCluster

    with ExitStack() as stack:
        stack.enter_context(dask.config.set({"distributed.worker.daemon": True}))
        with _undisturbed():
            try:
                cluster = LocalCluster(
                    n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50,
                    # Even without a dashboard the scheduler opens a port: any free one, so that two runs do not meet.
                    scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
                )  # fmt: skip
            except (RuntimeError, OSError) as error:
                message = f"cannot start worker processes ({error}); --workers 1 needs none"
                raise input_error(message, path="--workers") from None
            stack.enter_context(cluster)
        client = stack.enter_context(Client(cluster))
        work = client.scatter(function, broadcast=True)
        futures: list[Any] = [client.submit(_batch, work, list(batch), pure=False) for batch in batches]
        # Later batches are computed while earlier ones are read; a finished one is released at once.
        try:
            while futures:
                yield from futures.pop(0).result()
        except KilledWorker:
            message = "a worker process ended, probably for lack of memory; use fewer --workers"
            raise input_error(message, path="--workers") from None


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Start processes that never see Ctrl-C, which a terminal sends to all: this one sees it and ends them.

    A request to stop that comes in the meantime waits until the block ends: half a cluster cannot be closed.
    """
    if not hasattr(signal, "pthread_sigmask") or threading.current_thread() is not threading.main_thread():
        yield
        return
    # Started later, it would open the ears of its thread again.
    resource_tracker.ensure_running()
    asked: list[int] = []
    terminate = signal.signal(signal.SIGTERM, lambda number, _: asked.append(number))
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, terminate)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if asked:
            signal.raise_signal(signal.SIGTERM)


def _batch(function: Callable[[int], Result], items: Sequence[int]) -> list[Result]:
    return [function(item) for item in items]
