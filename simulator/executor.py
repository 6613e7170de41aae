"""Computing many items: in this process, on worker processes of this machine, or on a Dask cluster there is.

Who computes what, and in which batches, never changes a result. With one process nothing is started.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Sized
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from math import inf
from typing import Any, TypeVar

from simulator.batches import Pace, Raised, computed_here, dispatched
from simulator.clusters import joined_cluster, started_cluster

Item = TypeVar("Item")
Result = TypeVar("Result")

# One item computed here tells how long the rest will take; with few items, waiting for a long one would cost too much.
_MANY_PER_WORKER = 10
_WORTH_STARTING_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Resources:
    """Where to compute: on so many processes of this machine (1: this one), or on the Dask cluster of a scheduler's
    address, such as tcp://127.0.0.1:8786; ``workers`` is ignored then.
    """

    workers: int = 1
    scheduler: str | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """What is reported of an item whose function raised, or on which workers ended; ``reason`` is one line."""

    reason: str


@contextmanager
def pool(resources: Resources) -> Iterator["Pool"]:
    """Give a pool that starts or reaches its workers when it first needs them, and leaves them when the block ends.

    A cluster that was there before stays as it was.
    """
    with ExitStack() as stack:
        yield Pool(resources, stack)


def in_order(
    function: Callable[[Item], Result], items: Iterable[Item], resources: Resources
) -> Generator[Result, None, None]:
    """``function`` of each item, in the order of the items; closing the iterator ends what was started for it."""
    with pool(resources) as everywhere, closing(everywhere.in_order(function, items)) as results:
        yield from results


class Pool:
    """Computes items where its resources are; made by ``pool``.

    Items are taken only as they are needed. InputError is raised when workers cannot be started or reached, or are of
    another version; KeyboardInterrupt passes through. Closing an iterator drops what was still to be computed.
    """

    def __init__(self, resources: Resources, stack: ExitStack) -> None:
        self._resources = resources
        self._stack = stack
        self._client: Any = None

    @property
    def resources(self) -> Resources:
        """Where it computes."""
        return self._resources

    def in_order(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Generator[Result, None, None]:
        """``function`` of each item, in the order of the items. What it raises is raised when its turn comes.

        Raises InputError when workers end again and again.
        """
        with closing(self._outcomes(function, items, ordered=True)) as outcomes:
            for _, outcome in outcomes:
                if isinstance(outcome, Raised):
                    raise outcome.error
                yield outcome

    def as_finished(
        self, function: Callable[[Item], Result], items: Iterable[Item]
    ) -> Generator[tuple[Item, Result | Failed], None, None]:
        """Each item with its result as soon as it is finished, in any order. One that fails does not stop others."""
        with closing(self._outcomes(function, items, ordered=False)) as outcomes:
            for item, outcome in outcomes:
                yield item, Failed(outcome.reason) if isinstance(outcome, Raised) else outcome

    def _outcomes(
        self, function: Callable[[Any], Any], items: Iterable[Any], *, ordered: bool
    ) -> Generator[tuple[Any, Any], None, None]:
        workers, scheduler = self._resources.workers, self._resources.scheduler
        rest, left, pace = iter(items), len(items) if isinstance(items, Sized) else None, Pace()
        if scheduler is None:
            if workers == 1 or left == 1:
                pace = yield from computed_here(function, rest, left, patience=inf)
            elif left is not None and left >= _MANY_PER_WORKER * workers and self._client is None:
                pace = yield from computed_here(function, rest, left, patience=_WORTH_STARTING_SECONDS)
        # Nothing is started for nothing.
        first = list(islice(rest, 1))
        if not first:
            return
        if self._client is None:
            reached = started_cluster(workers) if scheduler is None else joined_cluster(scheduler)
            self._client = self._stack.enter_context(reached)
        left = None if left is None else left - int(pace.items)
        yield from dispatched(self._client, scheduler, function, chain(first, rest), left, pace, ordered=ordered)
