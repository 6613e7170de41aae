"""Playing replicates in order, here or on worker processes: the only door to Dask."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

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
    from distributed import Client, LocalCluster

    quiet = {"distributed.logging.distributed": "critical", "distributed.worker.daemon": True}
    with (
        dask.config.set(quiet),
        LocalCluster(
            n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
        ) as cluster,
        Client(cluster) as client,
    ):
        work = client.scatter(function, broadcast=True)
        futures: list[Any] = [client.submit(_batch, work, list(batch), pure=False) for batch in batches]
        # Later batches are computed while earlier ones are read; a finished one is released at once.
        while futures:
            yield from futures.pop(0).result()


def _batch(function: Callable[[int], Result], items: Sequence[int]) -> list[Result]:
    return [function(item) for item in items]
