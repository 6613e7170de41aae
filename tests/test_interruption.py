"""A run that is stopped, by whatever means: what is finished is kept, and nothing half-written looks whole."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import contextmanager

import numpy as np
import pytest
from terminal import done, environment, files_below, json_of, minesim, refused, written_scenarios

from simulator import publishing, store
from simulator.engine import play
from simulator.manifest import sha256
from simulator.problems import InputError
from simulator.scenario_file import load
from simulator.world import build_world

# A few seconds of work in replicates of a tenth of a second or so: kept once a second, so stopped halfway.
MANY = """\
title: Many mines
start: 2024-12-01
horizon: 300 days
seed: 3
replicates: 30
region: {rectangle: {width: 30 km, height: 20 km}}
mines:
  old: {count: 1500000, laid: 2024-12-01, ageing: {exponential: {mean: 57.7 years}}}
  short:
    count: 500000
    laid: 2024-12-01
    self_destruct: {time: 15 days, failure: 10 %}
    battery: {life: {weibull: {shape: 4, scale: 81.9 days}}, failure: 1 %}
civilians:
  density: 14 per km2
  accident_rate: 1.4e-4 per mine-year
  reference_density: 14 per km2
  casualties_per_accident: 1.44
"""
RUN = ("run", "many.yaml", "--no-figures", "-o", "out")
DATA = ("curves.csv", "summary.json")


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """The data files of a run that nobody stopped."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    (folder / "many.yaml").write_text(MANY, encoding="utf-8")
    done(*RUN, cwd=folder)
    return {name: (folder / "out" / name).read_bytes() for name in DATA}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "many.yaml").write_text(MANY, encoding="utf-8")
    return written_scenarios(tmp_path)


@pytest.fixture(autouse=True)
def _interruptible():
    """Let runs hear Ctrl-C even if these tests themselves run in the background, where a shell makes all deaf to it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@contextmanager
def started(*arguments, cwd, **more):
    """Start the command and go on; it is killed in the end if it is still there."""
    command = [sys.executable, "-m", "simulator", *arguments]
    with subprocess.Popen(
        command, cwd=cwd, env=environment(**more), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def stopped(process, number):
    """Send a signal, wait for the end, and give the exit status and what was said on standard error."""
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    return process.returncode, said


def wait_until(condition, process):
    """Wait until something is so, as long as the process lives."""
    while not condition():
        assert process.poll() is None, "the run was over before it could be stopped: it must be made longer"
        time.sleep(0.005)


def kept_replicates(incomplete):
    """How many replicates a stopped run has kept."""
    path = incomplete / store.REPLICATES
    if not path.is_file():
        return 0
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return connection.execute("SELECT COUNT(*) FROM replicate").fetchone()[0]
    except sqlite3.OperationalError:
        # Looked at in the moment in which it is made.
        return 0
    finally:
        connection.close()


def is_whole(out):
    """Whether a folder is a result whose files are those its manifest lists."""
    manifest = json_of(out / "manifest.json")
    return all(sha256((out / name).read_bytes()) == digest for name, digest in manifest["outputs"].items())


def leftovers(folder):
    """What stands beside the scenario files."""
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".yaml")


def test_a_run_stopped_again_and_again_keeps_what_is_finished_and_ends_with_the_same_bytes(folder, uninterrupted):
    incomplete = folder / "out.incomplete"
    known = 0
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        with started(*RUN, cwd=folder) as process:
            wait_until(lambda known=known: kept_replicates(incomplete) > known, process)
            status, said = stopped(process, number)
        kept = kept_replicates(incomplete)
        assert known < kept < 30
        if number is signal.SIGKILL:
            assert (status, said) == (-signal.SIGKILL, "")
        else:
            assert status == 130
            assert said == (
                f"interrupted. Finished and kept: {kept} of 30 replicates. To go on from there, run the same command "
                f"again:\n  minesim {' '.join(RUN)}\n"
            )
        assert leftovers(folder) == ["out.incomplete"]
        note = (incomplete / "INCOMPLETE.txt").read_text(encoding="utf-8")
        assert note.startswith("This folder is incomplete")
        assert f"  cd {folder}\n  minesim {' '.join(RUN)}\n" in note
        known = kept
    assert "the run that writes it has not finished" in refused("rerun", "out.incomplete", cwd=folder)
    assert "a run into it has not finished, see out.incomplete" in refused("rerun", "out", cwd=folder)
    # Options that do not change the result: what was kept serves them too.
    shown = done(*RUN, "--workers", "1", cwd=folder)
    assert shown.startswith(f"Going on from {known} replicates kept of an earlier run.\n")
    assert leftovers(folder) == ["out"]
    assert {name: (folder / "out" / name).read_bytes() for name in DATA} == uninterrupted


def test_a_run_killed_at_any_moment_leaves_nothing_that_looks_whole_but_is_not(folder):
    command = ("run", "small.yaml", "--no-figures", "-o", "out")
    for moment in np.random.default_rng(7).uniform(0.05, 1.0, 6):
        with started(*command, cwd=folder) as process:
            time.sleep(moment)
            stopped(process, signal.SIGKILL)
        found = leftovers(folder)
        assert set(found) <= {"out", "out.incomplete"}
        if "out" in found:
            assert is_whole(folder / "out")
            shutil.rmtree(folder / "out")
        for path in (folder / "out.incomplete").glob("*"):
            assert path.name != "manifest.json"
    done(*command, cwd=folder)
    assert leftovers(folder) == ["out"]
    assert is_whole(folder / "out")


def test_what_another_computation_kept_is_not_taken(folder):
    command = ("run", "small.yaml", "--no-figures", "-o", "out")
    world = build_world(load(folder / "small.yaml", ["seed=8"]))
    incomplete = folder / "out.incomplete"
    incomplete.mkdir()
    with store.opened(incomplete / store.REPLICATES) as connection:
        store.keep(connection, "the digest of seed 8", [(number, [play(world, number)]) for number in range(6)])
    shown = done(*command, cwd=folder)
    assert "Going on" not in shown
    kept = (folder / "out/curves.csv").read_bytes()
    done(*command[:-1], "fresh", cwd=folder)
    assert (folder / "fresh/curves.csv").read_bytes() == kept


def test_a_replicate_whose_bytes_were_damaged_is_computed_again(tmp_path, folder):
    world = build_world(load(folder / "small.yaml"))
    path = tmp_path / store.REPLICATES
    with store.opened(path) as connection:
        store.keep(connection, "digest", [(number, [play(world, number)] * 2) for number in range(3)])
        payload = bytearray(
            connection.execute("SELECT payload FROM replicate WHERE replicate = 1 AND scenario = 1").fetchone()[0]
        )
        payload[len(payload) // 2] ^= 1
        connection.execute("UPDATE replicate SET payload = ? WHERE replicate = 1 AND scenario = 1", (bytes(payload),))
    with store.opened(path) as connection:
        kept = store.kept(connection, "digest", 2)
    assert sorted(kept) == [0, 2]
    for number, trajectories in kept.items():
        assert np.array_equal(trajectories[1].played.hazardous, play(world, number).played.hazardous)


def test_a_run_stopped_before_its_first_replicate_leaves_nothing_not_even_folders(folder):
    before = files_below(folder)
    for delay in (0.1, 0.35):
        command = (*RUN[:-1], "a/b/out", "--set", "mines.old.count=100000000")
        # With warnings as errors, an import cut short would speak of the file it left open.
        with started(*command, cwd=folder, PYTHONWARNINGS="") as process:
            time.sleep(delay)
            status, said = stopped(process, signal.SIGTERM)
        # Before the program has begun to listen, the signal ends it as it ends any process.
        assert (status, said.strip()) in {
            (-signal.SIGTERM, ""),
            (130, "interrupted."),
            (130, "interrupted. Nothing was finished, nothing is kept."),
        }
        assert files_below(folder) == before


def test_two_runs_into_one_folder_do_not_meet(folder):
    with started(*RUN, cwd=folder) as process:
        wait_until((folder / "out.incomplete" / "INCOMPLETE.txt").exists, process)
        for other in (RUN, ("run", "small.yaml", "--no-figures", "-o", "out", "--force")):
            second = minesim(*other, cwd=folder)
            assert second.returncode == 2
            assert second.stderr == "error: -o: another process is writing to out; wait, or give another folder\n"
        assert stopped(process, signal.SIGINT)[0] == 130


def test_a_lock_is_free_again_when_its_holder_has_died(tmp_path):
    holder = (
        "import pathlib, sys, time\nfrom simulator import store\n"
        "with store.held(pathlib.Path(sys.argv[1])) as free:\n    print(free, flush=True)\n    time.sleep(60)"
    )
    lock = tmp_path / "lock"
    command = [sys.executable, "-c", holder, str(lock)]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "True\n"
        with store.held(lock) as free:
            assert not free
        process.kill()
        process.wait(timeout=60)
    with store.held(lock) as free:
        assert free


def test_a_result_that_is_being_replaced_is_put_back_when_the_run_is_stopped_between_the_two_moves(
    tmp_path, monkeypatch
):
    out = tmp_path / "out"
    move = type(out).rename

    def interrupted(path, target):
        if path.name == "result":
            raise KeyboardInterrupt
        return move(path, target)

    with publishing.claimed(out, "digest", "minesim run", force=False) as folder:
        publishing.publish(folder, out, {"old.txt": b"ten years of work"})
    before = files_below(out)
    monkeypatch.setattr(publishing, "_refuse_to_lose", lambda *_, **__: None)
    monkeypatch.setattr(type(out), "rename", interrupted)
    with pytest.raises(KeyboardInterrupt), publishing.claimed(out, "digest", "minesim run", force=True) as folder:
        publishing.publish(folder, out, {"new.txt": b"nothing yet"})
    assert files_below(out) == before
    assert leftovers(tmp_path) == ["out"]


def test_a_result_that_was_being_replaced_when_the_power_failed_is_put_back_by_the_next_run(tmp_path):
    previous = tmp_path / "out.incomplete" / "previous"
    previous.mkdir(parents=True)
    (previous / "old.txt").write_text("ten years of work", encoding="utf-8")
    with (
        pytest.raises(InputError, match="holds files that are not a result of minesim"),
        publishing.claimed(tmp_path / "out", "digest", "minesim run", force=False),
    ):
        pass
    assert files_below(tmp_path) == {"out": None, "out/old.txt": b"ten years of work"}


def test_a_result_published_while_another_waited_is_not_replaced(folder, monkeypatch):
    # The look before the lock is taken finds nothing; the one after it finds what another process has published.
    done("run", "small.yaml", "--no-figures", "-o", "out", "--replicates", "2", cwd=folder)
    looks = []
    look = publishing._refuse_to_lose

    def first_look_too_early(out, digest, *, force):
        looks.append(out)
        if len(looks) > 1:
            look(out, digest, force=force)

    monkeypatch.setattr(publishing, "_refuse_to_lose", first_look_too_early)
    before = files_below(folder)
    with (
        pytest.raises(InputError, match=r"holds another result \(small\)"),
        publishing.claimed(folder / "out", "another digest", "minesim run", force=False),
    ):
        pass
    assert files_below(folder) == before


def test_replicates_that_were_damaged_are_refused_with_a_way_out(folder):
    incomplete = folder / "out.incomplete"
    incomplete.mkdir()
    (incomplete / store.REPLICATES).write_bytes(os.urandom(5000))
    process = minesim("run", "small.yaml", "--no-figures", "-o", "out", cwd=folder)
    assert process.returncode == 2
    assert "file is not a database; make room, or delete the folder to start afresh" in process.stderr
    assert "Traceback" not in process.stderr
    assert leftovers(folder) == ["out.incomplete"]


def test_a_run_on_several_processes_is_stopped_without_noise_and_leaves_none_behind(folder):
    with started(*RUN, "--workers", "2", cwd=folder, PYTHONWARNINGS="") as process:
        wait_until((folder / "out.incomplete" / store.REPLICATES).exists, process)
        # As Ctrl-C on a terminal does, which reaches every process.
        os.killpg(process.pid, signal.SIGINT)
        shown, said = process.communicate(timeout=60)
    assert (process.returncode, shown) == (130, "")
    assert said.startswith("interrupted. Finished and kept: ")
    assert len(said.splitlines()) == 2
    assert processes_of(process.pid) == []


def processes_of(session):
    """The processes that are left of a session, after a moment for the last to go."""
    for _ in range(100):
        found = subprocess.run(["ps", "-s", str(session), "-o", "pid="], capture_output=True, text=True, check=False)
        if not found.stdout.split():
            break
        time.sleep(0.1)
    return found.stdout.split()
