"""Reaching workers: processes started on this machine, or the Dask cluster of a scheduler that is there already.

Where the system can, processes are forked from a server that loads what they need while this process loads Dask: many
start as quickly as one, and one that died is replaced at once.
"""

import multiprocessing
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from importlib import metadata
from multiprocessing import resource_tracker
from typing import Any

from simulator import __version__
from simulator.problems import InputError, input_error

PATIENCE_SECONDS = 15.0
_CONNECT_SECONDS = 10.0
_ENDING_SECONDS = 0.5
_DEATHS = 3
# Read when a process, or its BLAS, starts: one thread for each worker, and up to 128 MB of freed memory is kept for the
# next replicate. Dask's own limit, 64 kB, gives memory back all the time, and two workers then play a third slower.
_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_TRIM_THRESHOLD_": "134217728", "MALLOC_TOP_PAD_": "33554432", "MALLOC_MMAP_THRESHOLD_": "33554432",
}  # fmt: skip
# What Dask watches of itself costs 6 % of a processor while nothing is computed; nobody looks at it here.
_SETTINGS = {
    "distributed.worker.daemon": True,
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1 s",
    "distributed.admin.system-monitor.interval": "10 s",
}


@contextmanager
def started_cluster(workers: int) -> Iterator[Any]:
    """Start so many worker processes of one thread each, and give the Dask client that reaches them.

    They end with the block, at the latest with this process. Raises InputError when they cannot be started.
    """
    with ExitStack() as stack:
        with _undisturbed():
            try:
                method = _prepared()
                import dask
                from distributed import Client, LocalCluster

                # Kept until the end: workers that are started later, in place of others, read it too.
                stack.enter_context(dask.config.set(_SETTINGS | {"distributed.worker.multiprocessing-method": method}))
                cluster = LocalCluster(
                    n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50,
                    # A limit would pause and end workers although there is memory left. The system ends what takes too
                    # much, and that worker is replaced.
                    memory_limit=None,
                    # Even without a dashboard the scheduler opens a port: any free one, so that two runs do not meet.
                    scheduler_kwargs={"dashboard_address": "127.0.0.1:0", "allowed_failures": _DEATHS - 1},
                )  # fmt: skip
            except (RuntimeError, OSError) as error:
                message = f"cannot start worker processes ({error}); --workers 1 needs none"
                raise input_error(message, path="--workers") from None
            stack.enter_context(cluster)
            stack.callback(cluster.sync, _end, cluster)
        # Else results would be copied through the scheduler, in this process.
        yield stack.enter_context(Client(cluster, set_as_default=False, direct_to_workers=True))


@contextmanager
def joined_cluster(scheduler: str) -> Iterator[Any]:
    """Give the client that reaches the Dask cluster at an address. It is left as it was.

    Raises InputError when no scheduler is there, it has no workers, or one of them is not of this version.
    """
    from distributed import Client
    from distributed.utils import LoopRunner, silence_logging_cmgr

    with ExitStack() as stack:
        stack.enter_context(silence_logging_cmgr("CRITICAL"))
        try:
            LoopRunner().run_sync(_knock, scheduler)
            with warnings.catch_warnings():
                # Of versions that do not matter here; those that do are compared below.
                warnings.simplefilter("ignore")
                client = stack.enter_context(Client(scheduler, timeout=_CONNECT_SECONDS, set_as_default=False))
        except (OSError, ValueError, TypeError, ImportError) as error:
            message = (
                f"no Dask scheduler answers at {scheduler!r} ({str(error) or 'it is silent'}); start one with "
                "'dask scheduler' and give the address it prints, or use --workers"
            )
            raise input_error(message, path="--scheduler") from None
        await_workers(client, scheduler)
        for worker, found in client.run(versions, on_error="return").items():
            if isinstance(found, Exception):
                message = f"the worker {worker} cannot load minesim ({found}); install {versions()} there"
                raise input_error(message, path="--scheduler")
            refuse_other(found, f"the worker {worker}")
        yield client


def await_workers(client: Any, scheduler: str | None) -> None:
    """Wait a moment for a worker, and raise InputError when there is none."""
    try:
        client.wait_for_workers(1, timeout=PATIENCE_SECONDS)
    except TimeoutError:
        message, path = "the worker processes ended and cannot be started again; use fewer", "--workers"
        if scheduler is not None:
            message = f"the Dask scheduler at {scheduler} has no workers; start some with 'dask worker {scheduler}'"
            path = "--scheduler"
        raise input_error(message, path=path) from None


def refuse_other(found: str, worker: str) -> None:
    """Raise InputError for the versions of a worker whose numbers could be others than those computed here."""
    if found != versions():
        message = f"{worker} has {found}, here are {versions()}: install the same there"
        raise input_error(message, path="--scheduler")


def deaths(scheduler: str | None) -> InputError:
    """Make the error for an item on which workers ended again and again."""
    if scheduler is None:
        message = "a worker process ended three times on this, probably for lack of memory; use fewer"
        return input_error(message, path="--workers")
    return input_error("workers ended again and again on this, probably for lack of memory", path="--scheduler")


@cache
def versions() -> str:
    """The versions that determine a result, here."""
    return ", ".join([f"minesim {__version__}", *(f"{name} {metadata.version(name)}" for name in ("numpy", "scipy"))])


async def _end(cluster: Any) -> None:
    """End worker processes whatever they are computing; closing the cluster alone would wait four seconds for them."""
    import asyncio

    closing = (nanny.close(timeout=_ENDING_SECONDS) for nanny in cluster.workers.values())
    await asyncio.gather(*closing, return_exceptions=True)


async def _knock(scheduler: str) -> None:
    """Raise what is wrong with an address. Dask itself waits for ever where a connection is accepted in silence."""
    import asyncio

    from distributed import Security
    from distributed.comm.core import connect

    arguments = Security().get_connection_args("client")
    comm = await asyncio.wait_for(connect(scheduler, timeout=_CONNECT_SECONDS, **arguments), _CONNECT_SECONDS + 1)
    await comm.close()


def _prepared() -> str:
    """Choose how processes are started, and have the server they are forked from load what is loaded here."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return "spawn"
    from multiprocessing import forkserver

    loaded = [name for name in sys.modules if name.startswith("simulator.") and not name.endswith("__main__")]
    forkserver.set_forkserver_preload(["distributed", *loaded])
    # Dask sets the same in this process a moment later, too late for the server.
    os.environ.update(_ENVIRONMENT)
    forkserver.ensure_running()
    return "forkserver"


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
