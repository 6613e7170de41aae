"""Playing worlds for the explorer beside everything else: one job at a time, in a thread that newer settings stop."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Event, Lock, Thread

from simulator.explorer_curves import Bands, Shown, played

# What was played last is kept, so that going back to it shows it again.
_MOST_KEPT = 8


@dataclass(slots=True)
class Job:
    """Replicates of some settings being played: how many are ``done`` of ``total``, and what went wrong, if it did."""

    key: str
    total: int
    done: int = 0
    failure: str = ""
    stopped: Event = field(default_factory=Event)


@dataclass(slots=True)
class Playground:
    """The job that is being played, if any, and the bands of those that are finished, by the key of their settings."""

    job: Job | None = None
    thread: Thread | None = None
    finished: OrderedDict[str, Bands] = field(default_factory=OrderedDict)
    lock: Lock = field(default_factory=Lock)


def start(playground: Playground, key: str, every: Sequence[Shown], replicates: int) -> Job:
    """Begin to play some scenarios, unless just that is being played or has been; what else is played is stopped."""
    with playground.lock:
        before, thread = playground.job, playground.thread
        if before is not None and before.key == key and not (before.stopped.is_set() or before.failure):
            return before
        if before is not None:
            before.stopped.set()
        job = Job(key, replicates)
        playground.job = job
        playground.thread = Thread(target=_play, args=(playground, job, tuple(every), thread), daemon=True)
        playground.thread.start()
    return job


def stop(playground: Playground) -> None:
    """Stop what is being played; its thread ends with the replicate it is in."""
    with playground.lock:
        if playground.job is not None:
            playground.job.stopped.set()


def bands_of(playground: Playground, key: str) -> Bands | None:
    """The bands of settings that were played to the end; None of others."""
    with playground.lock:
        return playground.finished.get(key)


def _play(playground: Playground, job: Job, every: Sequence[Shown], before: Thread | None) -> None:
    """Play a job once the thread before has ended, so that no two play at a time."""
    if before is not None:
        before.join()
    try:
        for step in played(every, job.total, job.stopped):
            if isinstance(step, int):
                job.done = step
            else:
                _keep(playground, job.key, step)
    except MemoryError:
        job.failure = "not enough memory for so many mines; use fewer, or 'minesim run'"
    except Exception as error:
        # A job that ends without a word would leave the page waiting for ever.
        job.failure = f"the simulation failed: {error}"
        raise


def _keep(playground: Playground, key: str, bands: Bands) -> None:
    with playground.lock:
        playground.finished[key] = bands
        playground.finished.move_to_end(key)
        while len(playground.finished) > _MOST_KEPT:
            playground.finished.popitem(last=False)
