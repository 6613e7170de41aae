"""A Dask cluster that is there already: used as it is, left as it was, refused with a way out where it will not do."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import count, islice
from pathlib import Path
from socket import socket

import numpy as np
import pytest
from terminal import environment

from simulator import batches, clusters
from simulator.engine import play
from simulator.executor import Failed, Resources, pool
from simulator.problems import InputError
from simulator.scenario_file import load
from simulator.world import build_world

pytestmark = pytest.mark.slow

CONTRACT = Path(__file__).with_name("contract")
# What a worker loads before anything else, so that it is really of another version, or really lacks the program.
OTHER_VERSION = "import simulator\nsimulator.__version__ = '0.0.9'\n"
WITHOUT = "import sys\nsys.modules['simulator'] = None\n"


def square(number):
    time.sleep(0.005)
    return number * number


def process_of(seconds):
    time.sleep(seconds)
    return os.getpid()


def deadly(number):
    if number == 50:
        os.kill(os.getpid(), signal.SIGKILL)
    return square(number)


@contextmanager
def dask(*arguments, folder):
    """Run a part of a cluster as its operator does, in a process of its own; it is killed in the end."""
    tests = str(Path(__file__).parent)
    surroundings = environment(PYTHONWARNINGS="", HOME=str(folder))
    surroundings["PYTHONPATH"] += os.pathsep + tests
    command = [sys.executable, "-m", "dask", *arguments]
    with subprocess.Popen(
        command, cwd=folder, env=surroundings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield process
        finally:
            # A worker that died is started anew by the process that watches it, unless that is asked to end.
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def scheduler(folder):
    """Run a scheduler on any free port, and give its process and its address."""
    note = folder / "scheduler.json"
    arguments = ("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(note))
    with dask(*arguments, folder=folder) as process:
        address = until(lambda: note.exists() and json.loads(note.read_text(encoding="utf-8") or "{}").get("address"))
        yield process, address


@contextmanager
def worker(address, folder, preload="", *more):
    """Run a worker of one thread, which first loads a program."""
    before = folder / f"preload_{len(list(folder.glob('preload_*')))}.py"
    before.write_text(preload, encoding="utf-8")
    arguments = ("worker", address, "--nthreads", "1", "--no-dashboard", "--preload", str(before), *more)
    with dask(*arguments, folder=folder) as process:
        yield process


def until(found):
    """Wait until something is found, and give it."""
    deadline = time.monotonic() + 60
    while not (value := found()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return value


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A cluster of two workers, used by one test after the other."""
    folder = tmp_path_factory.mktemp("cluster")
    with ExitStack() as stack:
        _, where = stack.enter_context(scheduler(folder))
        for _ in range(2):
            stack.enter_context(worker(where, folder))
        with pool(Resources(scheduler=where)) as there:
            until(lambda: len(set(there.in_order(process_of, [0.2] * 4))) == 2)
        yield where


@pytest.fixture
def lonely(tmp_path):
    """A scheduler without workers."""
    with scheduler(tmp_path) as (_, where):
        yield where


def refused(where):
    """What is said when a cluster is refused, and after how many seconds."""
    started = time.monotonic()
    with pool(Resources(scheduler=where)) as there, pytest.raises(InputError) as raised:
        list(there.in_order(square, range(5)))
    return str(raised.value), time.monotonic() - started


def test_a_cluster_plays_the_same_replicates_as_this_process(address):
    world = build_world(load(CONTRACT / "treaty-limit.yaml"))
    with pool(Resources(scheduler=address, workers=1)) as there:
        for replicate, trajectory in enumerate(there.in_order(partial(play, world), range(40))):
            assert np.array_equal(trajectory.played.hazardous, play(world, replicate).played.hazardous)


def test_a_pool_uses_all_workers_again_and_again_and_leaves_them_there(address):
    found = set()
    for _ in range(2):
        with pool(Resources(scheduler=address)) as there:
            for _ in range(2):
                found.add(frozenset(there.in_order(process_of, [0.2] * 4)))
    (processes,) = found
    assert len(processes) == 2
    assert os.getpid() not in processes


def test_a_worker_killed_in_mid_run_changes_nothing(address):
    for method in ("in_order", "as_finished"):
        with pool(Resources(scheduler=address)) as there:
            victim = next(there.in_order(process_of, [0.0]))
            found = []
            for done, result in enumerate(getattr(there, method)(square, range(600))):
                found.append(result)
                if done == 200:
                    os.kill(victim, signal.SIGKILL)
            assert sorted(found) == sorted(
                square(number) if method == "in_order" else (number, square(number)) for number in range(600)
            )


def test_an_item_on_which_workers_always_end_fails_alone(address):
    with pool(Resources(scheduler=address)) as there:
        found = dict(there.as_finished(deadly, range(100)))
    assert found.pop(50) == Failed("--scheduler: workers ended again and again on this, probably for lack of memory")
    assert found == {number: number * number for number in range(100) if number != 50}


def test_what_was_dropped_is_not_left_on_the_cluster(address):
    from distributed import Client

    with pool(Resources(scheduler=address)) as there:
        results = there.as_finished(square, count())
        assert len(list(islice(results, 50))) == 50
        results.close()
        with Client(address, set_as_default=False) as client:
            until(lambda: not any(client.processing().values()) and not client.who_has())


def test_a_cluster_without_workers_is_an_error_after_some_seconds(lonely, monkeypatch):
    monkeypatch.setattr(clusters, "PATIENCE_SECONDS", 1.0)
    said, seconds = refused(lonely)
    assert said == (
        f"error: --scheduler: the Dask scheduler at {lonely} has no workers; start some with 'dask worker {lonely}'"
    )
    assert seconds < 20


def test_a_cluster_that_loses_all_workers_is_an_error_too(lonely, tmp_path, monkeypatch):
    with worker(lonely, tmp_path, "", "--no-nanny") as only, pool(Resources(scheduler=lonely)) as there:
        results = there.in_order(square, count())
        next(results)
        # No longer is waited for another worker; the first one may take its time to begin.
        for module in (clusters, batches):
            monkeypatch.setattr(module, "PATIENCE_SECONDS", 1.0)
        only.kill()
        with pytest.raises(InputError, match="has no workers; start some with 'dask worker"):
            list(results)


def test_a_scheduler_that_ends_is_an_error_with_a_way_out(tmp_path):
    with scheduler(tmp_path) as (process, where), worker(where, tmp_path), pool(Resources(scheduler=where)) as there:
        results = there.as_finished(square, count())
        next(results)
        process.kill()
        with pytest.raises(InputError, match=f"--scheduler: the Dask scheduler at {where} is gone; start it again"):
            list(results)


@pytest.mark.parametrize(
    ("preload", "said"),
    [
        (OTHER_VERSION, "has minesim 0.0.9, numpy 2"),
        (WITHOUT, "cannot load minesim (ModuleNotFoundError("),
    ],
    ids=["of another version", "without the program"],
)
def test_a_worker_that_would_not_compute_the_same_is_refused(preload, said, lonely, tmp_path):
    with worker(lonely, tmp_path, preload):
        message, _ = refused(lonely)
    assert message.startswith("error: --scheduler: the worker tcp://127.0.0.1:")
    assert said in message


def test_a_worker_of_another_version_is_refused_even_if_it_comes_late(lonely, tmp_path):
    with ExitStack() as stack:
        stack.enter_context(worker(lonely, tmp_path))
        there = stack.enter_context(pool(Resources(scheduler=lonely)))
        results = there.in_order(square, count())
        next(results)
        stack.enter_context(worker(lonely, tmp_path, OTHER_VERSION))
        with pytest.raises(InputError, match=r"has minesim 0\.0\.9, .*: install the same there"):
            list(islice(results, 20_000))


@pytest.mark.parametrize(
    ("where", "why"),
    [
        ("somewhere", "missing port number in address 'somewhere'"),
        ("tcp://127.0.0.1", "missing port number"),
        ("tcp://127.0.0.1:port", "invalid literal for int"),
        ("http://127.0.0.1:8786", "unknown address scheme 'http'"),
        ("", "missing port number"),
        ("tcp://127.0.0.1:1", "Timed out trying to connect to tcp://127.0.0.1:1 after 1"),
        ("tcp://no.such.host.invalid:8786", "Timed out trying to connect"),
    ],
)
def test_an_address_where_no_scheduler_answers_is_an_error_with_a_way_out(where, why, monkeypatch):
    monkeypatch.setattr(clusters, "_CONNECT_SECONDS", 1.0)
    said, seconds = refused(where)
    assert said.startswith(f"error: --scheduler: no Dask scheduler answers at {where!r} ({why}")
    assert said.endswith("; start one with 'dask scheduler' and give the address it prints, or use --workers")
    assert seconds < 10


def test_an_address_where_something_else_listens_in_silence_is_an_error_too(monkeypatch):
    monkeypatch.setattr(clusters, "_CONNECT_SECONDS", 1.0)
    with socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        said, seconds = refused(f"tcp://127.0.0.1:{silent.getsockname()[1]}")
    assert "(it is silent)" in said
    assert seconds < 10
