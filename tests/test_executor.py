"""The pool: the same results whoever computes them, in whatever batches, and however many of them die meanwhile."""

import os
import signal
import subprocess
import sys
import time
from functools import partial
from itertools import count, islice

import numpy as np
import pytest
from terminal import environment

from simulator import batches
from simulator.batches import Pace
from simulator.executor import Failed, Resources, in_order, pool
from simulator.problems import InputError, input_error

PARENT = """
import os, sys, time
from simulator.executor import Resources, pool

def nap(seconds):
    time.sleep(seconds)
    return os.getpid()

if __name__ == "__main__":
    with pool(Resources(workers=2)) as two:
        print(*{process for process in two.in_order(nap, [0.1] * 4)}, flush=True)
        list(two.in_order(nap, [60.0] * 4))
"""


class TwoArgumentsError(Exception):
    """An exception that cannot be made again from its message, as pickle does."""

    def __init__(self, first, second):
        super().__init__(f"{first} and {second}")


def square(number):
    return number * number


def process_of(seconds):
    time.sleep(seconds)
    return os.getpid()


def slow_square(number):
    time.sleep(0.05)
    return number * number


def troublesome(number):
    match number:
        case 3:
            raise ValueError("three,\n  of all numbers")
        case 5:
            raise input_error("must not be five", path="mines.count")
        case 7:
            raise TwoArgumentsError("seven", "eight")
        case 11:
            return (letter for letter in "eleven")
    return square(number)


def dying(folder, numbers, number):
    """End the worker on some numbers: once each, or, without a folder to note that in, always."""
    time.sleep(0.002)
    if number in numbers:
        if folder is None:
            os.kill(os.getpid(), signal.SIGKILL)
        try:
            (folder / str(number)).touch(exist_ok=False)
        except FileExistsError:
            return square(number)
        os.kill(os.getpid(), signal.SIGKILL)
    return square(number)


def looked_up(table, index):
    return int(table[index])


def one_by_one(items):
    """Items whose number nobody knows: workers are started for however few."""
    yield from items


@pytest.fixture(scope="module")
def two():
    """A pool of two processes, used by test after test as by stage after stage of a study."""
    with pool(Resources(workers=2)) as both:
        yield both


@pytest.fixture
def sent(monkeypatch):
    """The sizes of the batches that are sent."""
    sizes = []
    submit = batches._submitted

    def noting(client, work, batch):
        sizes.append(len(batch.items))
        return submit(client, work, batch)

    monkeypatch.setattr(batches, "_submitted", noting)
    return sizes


def test_one_process_computes_items_as_they_are_asked_for_without_dask():
    program = """
import sys
from simulator.executor import Resources, pool
seen = []
with pool(Resources()) as alone:
    numbers = (seen.append(number) or number for number in range(10**9))
    for method in (alone.in_order, alone.as_finished):
        results = method(abs, numbers)
        next(results), next(results)
assert seen == [0, 1, 2, 3], seen
assert not {"dask", "distributed", "asyncio", "tornado"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], env=environment(), check=True)


@pytest.mark.parametrize("workers", [1, 2])
def test_nothing_comes_of_nothing(workers):
    with pool(Resources(workers=workers)) as anywhere:
        assert list(anywhere.in_order(square, [])) == []
        assert list(anywhere.as_finished(square, iter([]))) == []
        assert anywhere._client is None


def test_two_processes_give_what_one_gives_in_order(two, sent):
    numbers = range(3000)
    expected = list(map(square, numbers))
    assert list(in_order(square, numbers, Resources(1))) == expected
    assert list(two.in_order(square, one_by_one(numbers))) == expected
    assert list(two.in_order(square, numbers)) == expected
    assert 10 < len(sent) < 150


def test_as_they_finish_no_item_is_lost_or_doubled(two):
    found = list(two.as_finished(square, one_by_one(range(2000))))
    assert sorted(found) == [(number, number * number) for number in range(2000)]


def test_the_old_function_gives_the_same_and_starts_its_own_processes():
    assert list(in_order(square, [3, 1, 2], Resources(2))) == [9, 1, 4]


def test_processes_are_kept_from_one_call_to_the_next_and_both_are_used(two):
    first, second = (set(two.in_order(process_of, [0.2] * 4)) for _ in range(2))
    assert first == second
    assert len(first) == 2
    assert os.getpid() not in first


def test_an_item_reaches_the_first_free_process_when_one_is_busy(two):
    finished = [seconds for seconds, _ in two.as_finished(process_of, [1.5, *[0.1] * 8])]
    assert finished.index(1.5) >= 4


@pytest.mark.parametrize("workers", [2, 64])
def test_a_single_item_and_quick_work_are_computed_here(workers):
    with pool(Resources(workers=workers)) as idle:
        assert list(idle.in_order(process_of, [0.0])) == [os.getpid()]
        quick = list(idle.in_order(process_of, [0.0] * 1000))
        assert set(quick) == {os.getpid()}
        assert idle._client is None


def test_an_endless_supply_is_taken_a_few_batches_ahead(two):
    taken = []
    supply = (taken.append(number) or number for number in count())
    for done, result in enumerate(islice(two.in_order(slow_square, supply), 40)):
        assert result == done * done
        # Three batches of a quarter of a second for each of two workers, and the one that is being read.
        assert len(taken) - done <= 7 * 8
    taken.clear()
    results = two.as_finished(slow_square, supply)
    for done, (item, result) in enumerate(islice(results, 40)):
        assert result == item * item
        assert len(taken) - done <= 7 * 8
    results.close()
    length = len(taken)
    # What was dropped does not keep the workers from what comes next.
    assert list(two.in_order(square, one_by_one(range(3)))) == [0, 1, 4]
    assert len(taken) == length


def test_batches_take_a_quarter_of_a_second_or_so_and_shrink_at_the_end(two, sent):
    list(two.in_order(slow_square, range(80)))
    assert sent[0] == 1
    assert 3 <= max(sent) <= 6
    assert max(sent[-3:]) <= 3
    assert sum(sent) == 80


@pytest.mark.parametrize(
    ("pace", "left", "threads", "size"),
    [
        (Pace(), None, 2, 1),  # nothing is known
        (Pace(1, 1e-7), None, 2, 4),  # a single quick one says little
        (Pace(500, 1e-7), None, 2, 1000),  # never more
        (Pace(100, 10.0), None, 2, 3),  # a tenth of a second each: three to a quarter of a second
        (Pace(10, 600.0), None, 2, 1),  # a minute each
        (Pace(100, 0.1), 10_000, 2, 250),  # enough left for all
        (Pace(100, 0.1), 400, 2, 100),  # a quarter of the rest
        (Pace(100, 0.1), 8, 2, 50),  # small, but worth sending
        (Pace(1000, 1.0), None, 200, 1000),  # longer for very many workers: a second
    ],
)
def test_the_size_of_a_batch_follows_the_pace(pace, left, threads, size):
    assert batches._batch_size(pace, left, threads) == size


@pytest.mark.parametrize("workers", [1, 2])
def test_an_item_that_fails_does_not_stop_the_others(workers, two):
    with pool(Resources()) as alone:
        found = dict((alone if workers == 1 else two).as_finished(troublesome, one_by_one(range(20))))
    assert found[3] == Failed("ValueError: three, of all numbers")
    assert found[5] == Failed("mines.count: must not be five")
    assert found[7] == Failed("TwoArgumentsError: seven and eight")
    if workers == 2:
        assert found[11].reason.startswith("TypeError: cannot pickle 'generator' object")
    assert [number for number in found if found[number] == square(number)] == [
        number for number in found if number not in {3, 5, 7, 11}
    ]
    assert len(found) == 20


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(("number", "error"), [(3, ValueError), (5, InputError)])
def test_in_order_an_exception_is_raised_after_the_results_before_it(workers, number, error, two):
    with pool(Resources()) as alone:
        results = (alone if workers == 1 else two).in_order(troublesome, one_by_one([0, 1, 2, number, 4]))
        assert list(islice(results, 3)) == [0, 1, 4]
        with pytest.raises(error) as raised:
            next(results)
        assert type(raised.value) is error
        assert list(results) == []


def test_an_error_in_the_supply_of_items_is_raised_as_it_is(two):
    def broken():
        yield from range(10)
        raise KeyError("the eleventh")

    with pytest.raises(KeyError, match="the eleventh"):
        list(two.as_finished(square, broken()))


@pytest.mark.parametrize("method", ["in_order", "as_finished"])
def test_workers_that_are_killed_change_nothing(method, two, tmp_path):
    # Several at once, again and again: also all that have the function in their memory.
    work = partial(dying, tmp_path, {100, 101, 400, 700})
    found = list(getattr(two, method)(work, one_by_one(range(1000))))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["100", "101", "400", "700"]
    assert sorted(found) == sorted(
        square(number) if method == "in_order" else (number, square(number)) for number in range(1000)
    )


def test_an_item_on_which_workers_always_end_fails_alone(two):
    found = dict(two.as_finished(partial(dying, None, {50, 51}), one_by_one(range(300))))
    reason = "--workers: a worker process ended three times on this, probably for lack of memory; use fewer"
    assert found[50] == found[51] == Failed(reason)
    assert [number for number in range(300) if found[number] != square(number)] == [50, 51]


def test_in_order_an_item_on_which_workers_always_end_stops_the_rest(two):
    with pytest.raises(InputError, match="--workers: a worker process ended three times on this"):
        list(two.in_order(partial(dying, None, {50}), one_by_one(range(300))))
    assert list(two.in_order(square, one_by_one(range(3)))) == [0, 1, 4]


def test_a_function_that_carries_much_is_sent_once(two):
    table = np.arange(2_000_000)
    assert list(two.in_order(partial(looked_up, table), one_by_one(range(500)))) == list(range(500))


def test_processes_that_cannot_be_started_are_an_error_with_a_way_out(monkeypatch, tmp_path):
    import distributed

    def refused(*_, **__):
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(distributed, "LocalCluster", refused)
    with (
        pool(Resources(workers=2)) as both,
        pytest.raises(InputError, match=r"--workers: cannot start worker processes .*; --workers 1 needs none"),
    ):
        list(both.in_order(square, one_by_one([1])))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_workers_are_gone_soon_after_the_process_that_started_them(number, tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(PARENT, encoding="utf-8")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        parent = subprocess.Popen(
            [sys.executable, str(script)], env=environment(PYTHONWARNINGS=""), stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True, start_new_session=True,
        )  # fmt: skip
    finally:
        signal.signal(signal.SIGINT, before)
    with parent:
        workers = [int(word) for word in parent.stdout.readline().split()]
        assert len(workers) == 2
        time.sleep(0.3)
        parent.send_signal(number)
        parent.wait(timeout=30)
    deadline = time.monotonic() + 10
    while any(map(is_running, workers)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_running(process):
    found = subprocess.run(["ps", "-p", str(process), "-o", "stat="], capture_output=True, text=True, check=False)
    # What nobody has waited for yet has ended all the same.
    return found.stdout.strip() != "" and not found.stdout.startswith("Z")
