"""A study that is stopped, by whatever means: finished points are kept, and the end is the same, byte for byte."""

import errno
import os
import resource
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pytest
from scenario_texts import changed
from terminal import SMALL, done, environment, files_below, json_of, minesim, refused, rows_of, written_scenarios
from test_interruption import _interruptible, is_whole, leftovers, processes_of, started, stopped, wait_until

from simulator import publishing, study_commands
from simulator.commands import run_again
from simulator.point_store import points_kept
from simulator.problems import InputError
from simulator.store import POINTS

__all__ = ["_interruptible"]

SHORT = changed(SMALL, ("horizon: 400 days", "horizon: 60 days"))
UNCERTAIN = changed(
    SHORT,
    ("failure: 10 %}", "failure: {value: 10 %, uncertainty: {uniform: [5 %, 15 %]}, source: assumption, note: n}}"),
    ("0.05 per mine-year", "{value: 0.05 per mine-year, uncertainty: {loguniform: [0.01 per mine-year, 0.2 per "
     "mine-year]}, source: assumption, note: n}"),
)  # fmt: skip
UNORDERED = changed(SHORT, ("{normal: {mean: 15 days, sd: 2 days}}", "{uniform: {low: 1 day, high: 30 days}}"))
# Thirty values that concern both scenarios: sixty points of some thirty milliseconds, eighteen of them with curves.
SWEEP = (
    "sweep", "short.yaml", "--against", "few.yaml", "--vary", "civilians.accident_rate=0.01 per mine-year:1 per "
    "mine-year:30:log", "--no-figures", "-o", "out",
)  # fmt: skip
POINTS_OF_SWEEP = 60
COUNTS = ("sweep", "short.yaml", "--no-figures", "--vary")
RUN = ("run", "uncertain.yaml", "--uncertain", "48", "--replicates", "4", "--no-figures", "-o", "out")
# The command with an onlooker: it prints which tasks are computed, and how many points it reports as finished.
WATCHED = """
import sys
from contextlib import contextmanager
from simulator import evaluation, study_commands
from simulator.cli import main
evaluate = evaluation.evaluate
def noted(study, task):
    record = evaluate(study, task)
    print("computed", task.key, task.first, task.stop, flush=True)
    return record
@contextmanager
def watched(label, total, *, quiet):
    yield lambda done, total, failed=0: print("done", done, flush=True)
evaluation.evaluate, study_commands.progress = noted, watched
main()
"""


def scenarios_in(folder):
    """Write the scenarios above into a folder; few.yaml is a reference."""
    written_scenarios(folder)
    for name, text in (("short", SHORT), ("uncertain", UNCERTAIN), ("unordered", UNORDERED)):
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    few = "extends: short.yaml\ntitle: Fewer\nmines: {short: null}\n"
    (folder / "few.yaml").write_text(few, encoding="utf-8")
    return folder


@pytest.fixture
def folder(tmp_path):
    return scenarios_in(tmp_path)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """The tables of the sweep, and those of the uncertain run, that nobody stopped."""
    here = scenarios_in(tmp_path_factory.mktemp("uninterrupted"))
    done(*SWEEP[:-1], "swept", cwd=here)
    done(*RUN[:-1], "run", cwd=here)
    return {name: tables(here / name) for name in ("swept", "run")}


def tables(out):
    """The data files of a result, without manifest and store."""
    return {name: (out / name).read_bytes() for name in json_of(out / "manifest.json")["outputs"]}


def kept_in(folder, name="out"):
    """The points kept for a result, wherever they are while it is made: (key, first, stop)."""
    incomplete = folder / f"{name}.incomplete"
    places = (incomplete / POINTS, incomplete / "result" / POINTS, folder / name / POINTS)
    return {row for path in places for row in rows_kept(path)}


def rows_kept(path):
    """The points in a store, as an onlooker sees them who changes nothing."""
    if not path.is_file():
        return set()
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return set(connection.execute("SELECT key, first, stop FROM point"))
    except sqlite3.OperationalError:
        # Looked at in the moment in which it is made, or moved.
        return set()
    finally:
        connection.close()


@dataclass
class Seen:
    """What a watched command said: the tasks it computed, and how many points it reported as finished."""

    computed: list
    finished: int
    status: int
    said: str


def watched(*arguments, cwd, kill_after=None, seconds=0.0):
    """Run a watched command; kill it once it has computed so many points, or all are finished, and some seconds went
    by.
    """
    command = [sys.executable, "-c", WATCHED, *arguments]
    with subprocess.Popen(
        command, cwd=cwd, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        lines = []
        for line in process.stdout:
            lines.append(line)
            computed = sum(one.startswith("computed") for one in lines)
            if kill_after is not None and (computed >= kill_after or line == f"done {POINTS_OF_SWEEP}\n"):
                time.sleep(seconds)
                process.kill()
                break
        rest, said = process.communicate(timeout=60)
    words = [line.split() for line in (*lines, *rest.splitlines(keepends=True)) if line.endswith("\n")]
    tasks = [(one[1], int(one[2]), int(one[3])) for one in words if one[:1] == ["computed"]]
    finished = max((int(one[1]) for one in words if one[:1] == ["done"]), default=0)
    return Seen(tasks, finished, process.returncode, said)


# Killed.


def test_a_sweep_killed_three_times_computes_no_finished_point_twice_and_ends_the_same(folder, uninterrupted):
    killed_and_resumed(folder, uninterrupted["swept"], kills=3, most=25)


@pytest.mark.slow
def test_a_sweep_killed_twenty_times_computes_no_finished_point_twice_and_ends_the_same(folder, uninterrupted):
    killed_and_resumed(folder, uninterrupted["swept"], kills=20, most=8)


def killed_and_resumed(folder, expected, kills, most):
    """Kill a sweep at random moments: while it computes, and in the end while it writes its result."""
    rng = np.random.default_rng(20241201)
    kept, computed = set(), Counter()
    for number in range(kills + 1):
        moment = {"kill_after": int(rng.integers(1, most)), "seconds": float(rng.uniform(0, 0.1))}
        seen = watched(*SWEEP, cwd=folder, **(moment if number < kills else {}))
        assert (seen.status, seen.said) in {(-signal.SIGKILL, ""), (0, "")}
        assert not kept & set(seen.computed)
        computed.update(seen.computed)
        now = kept_in(folder)
        assert kept <= now
        assert len(now) >= seen.finished
        kept = now
        assert set(leftovers(folder)) <= {"out", "out.incomplete"}
        if (folder / "out").exists():
            assert is_whole(folder / "out")
    assert leftovers(folder) == ["out"]
    assert tables(folder / "out") == expected
    assert len(kept) == len(computed) == POINTS_OF_SWEEP
    # A kill can cost the point that was being computed, and nothing more.
    assert sum(computed.values()) <= POINTS_OF_SWEEP + kills


@pytest.mark.slow
def test_a_sweep_killed_while_it_writes_its_result_loses_no_point(folder, uninterrupted):
    for seconds in np.random.default_rng(5).uniform(0.0, 0.4, 6).tolist():
        seen = watched(*SWEEP, cwd=folder, kill_after=10**6, seconds=seconds)
        assert len(kept_in(folder)) == POINTS_OF_SWEEP
        if (folder / "out").exists():
            assert is_whole(folder / "out")
    assert seen.computed == []
    done(*SWEEP, cwd=folder)
    assert tables(folder / "out") == uninterrupted["swept"]
    assert leftovers(folder) == ["out"]


@pytest.mark.slow
def test_a_sweep_whose_workers_are_killed_ends_the_same(folder, uninterrupted):
    rng = np.random.default_rng(8)
    killed = []
    with started(*SWEEP, "--workers", "2", cwd=folder, PYTHONWARNINGS="") as process:
        for least in (1, 12, 24, 36):
            wait_until(lambda least=least: len(kept_in(folder)) >= least and workers_of(process), process)
            time.sleep(float(rng.uniform(0, 0.2)))
            for worker in workers_of(process)[: rng.integers(1, 3)]:
                os.kill(worker, signal.SIGKILL)
                killed.append(worker)
        _, said = process.communicate(timeout=120)
    assert (process.returncode, said) == (0, "")
    assert len(set(killed)) >= 4
    assert tables(folder / "out") == uninterrupted["swept"]
    assert processes_of(process.pid) == []


@pytest.mark.slow
def test_a_sweep_on_two_workers_that_is_killed_leaves_no_process_and_goes_on(folder, uninterrupted):
    kept = 0
    for more in (5, 20):
        with started(*SWEEP, "--workers", "2", cwd=folder, PYTHONWARNINGS="") as process:
            wait_until(lambda least=kept + more: len(kept_in(folder)) >= least, process)
            stopped(process, signal.SIGKILL)
        assert processes_of(process.pid) == []
        assert len(kept_in(folder)) > kept
        kept = len(kept_in(folder))
    assert done(*SWEEP, cwd=folder).startswith(f"Going on from {kept} worlds kept of an earlier run.\n")
    assert tables(folder / "out") == uninterrupted["swept"]


def workers_of(process):
    """The worker processes of a command: they are forked from a server that it has started."""
    listed = subprocess.run(
        ["ps", "-s", str(process.pid), "-o", "pid=,ppid="], capture_output=True, text=True, check=False
    ).stdout.split()
    parents = {int(pid): int(parent) for pid, parent in zip(listed[::2], listed[1::2], strict=True)}
    return sorted(pid for pid, parent in parents.items() if parents.get(parent) == process.pid)


# Stopped by its user, or by the system.


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_a_sweep_that_is_stopped_says_what_is_kept_and_how_to_go_on(folder, uninterrupted, number):
    with started(*SWEEP, cwd=folder) as process:
        wait_until(lambda: len(kept_in(folder)) >= 10, process)
        status, said = stopped(process, number)
    assert leftovers(folder) == ["out.incomplete"]
    incomplete = folder / "out.incomplete"
    kept = points_kept(incomplete / POINTS)
    assert sorted(path.name for path in incomplete.iterdir()) == ["INCOMPLETE.txt", "lock", POINTS]
    command = shlex.join(["minesim", *SWEEP])
    assert status == 130
    assert said == (
        f"interrupted. Finished and kept: {kept} worlds. "
        f"To go on from there, run the same command again:\n  {command}\n"
    )
    note = (incomplete / "INCOMPLETE.txt").read_text(encoding="utf-8")
    assert note.startswith("This folder is incomplete")
    assert f"  cd {folder}\n  {command}\n" in note
    assert "the run that writes it has not finished" in refused("rerun", "out.incomplete", cwd=folder)
    assert done(*SWEEP, cwd=folder).startswith(f"Going on from {kept} worlds kept of an earlier run.\n")
    assert leftovers(folder) == ["out"]
    assert tables(folder / "out") == uninterrupted["swept"]


def test_a_sweep_that_is_stopped_before_its_first_point_leaves_nothing(folder):
    before = files_below(folder)
    # A point that takes long, begun when the folder is there.
    with started(*SWEEP, "--set", "mines.old.count=100000000", cwd=folder, PYTHONWARNINGS="") as process:
        wait_until((folder / "out.incomplete" / "parts").exists, process)
        status, said = stopped(process, signal.SIGINT)
    assert (status, said) == (130, "interrupted. Nothing was finished, nothing is kept.\n")
    assert files_below(folder) == before


def test_a_sweep_into_a_store_of_its_own_says_where_the_points_are_kept(folder):
    command = (*SWEEP, "--store", "mine.sqlite")
    with started(*command, cwd=folder) as process:
        wait_until(lambda: len(rows_kept(folder / "mine.sqlite")) >= 5, process)
        status, said = stopped(process, signal.SIGINT)
    kept = points_kept(folder / "mine.sqlite")
    assert status == 130
    assert f"Finished and kept: {kept} worlds, all those in mine.sqlite. To go on from there, run" in said
    assert leftovers(folder) == ["mine.sqlite"]
    shown = done(*command, cwd=folder)
    assert shown.startswith(f"Going on from {kept} worlds kept in mine.sqlite.\n")
    assert leftovers(folder) == ["mine.sqlite", "out"]
    assert not (folder / "out" / POINTS).exists()


def test_an_uncertain_run_stopped_and_killed_goes_on_and_ends_the_same(folder, uninterrupted):
    kept = 0
    for number in (signal.SIGKILL, signal.SIGINT):
        with started(*RUN, cwd=folder) as process:
            wait_until(lambda least=kept + 4: len(kept_in(folder)) >= least, process)
            status, said = stopped(process, number)
        kept = len(kept_in(folder))
        assert kept < 48
        if number is signal.SIGKILL:
            assert (status, said) == (-signal.SIGKILL, "")
        else:
            assert status == 130
            assert f" and {kept} worlds of the parameter sets. To go on from there, run the same command again:" in said
            assert said.endswith(f"  {shlex.join(['minesim', *RUN])}\n")
        assert leftovers(folder) == ["out.incomplete"]
    done(*RUN, cwd=folder)
    assert leftovers(folder) == ["out"]
    assert tables(folder / "out") == uninterrupted["run"]
    assert len(kept_in(folder)) == 48


# No room.


def test_on_a_full_disk_what_is_finished_is_kept_and_the_same_command_goes_on(folder, uninterrupted):
    # No file may grow larger, so that the log of the store does not find room.
    command = [sys.executable, "-m", "simulator", *SWEEP]
    process = subprocess.run(
        command, cwd=folder, env=environment(), capture_output=True, text=True, check=False, timeout=300,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000)),
    )  # fmt: skip
    assert process.returncode == 2
    assert process.stdout == ""
    assert len(process.stderr.splitlines()) == 1
    assert process.stderr.startswith("error: ")
    assert "run the same command again, it goes on from what is kept" in process.stderr
    assert leftovers(folder) == ["out.incomplete"]
    kept = len(kept_in(folder))
    assert kept > 0
    assert done(*SWEEP, cwd=folder).startswith(f"Going on from {kept} worlds kept of an earlier run.\n")
    assert tables(folder / "out") == uninterrupted["swept"]


def test_a_full_disk_has_a_way_out_wherever_it_is_met_and_other_errors_stay_as_they_are(tmp_path):
    way_out = "make room and run the same command again, it goes on from what is kept"
    for writing in (study_commands._explained, publishing._written):
        for number in (errno.ENOSPC, errno.EFBIG):
            with (
                pytest.raises(InputError, match=f"^error: -o: cannot write to .*out: .*; {way_out}$"),
                writing(tmp_path / "out"),
            ):
                raise OSError(number, os.strerror(number))
    with pytest.raises(ConnectionResetError), study_commands._explained(tmp_path / "out"):
        raise ConnectionResetError(errno.ECONNRESET, "no file")


# Two at once.


@pytest.mark.slow
def test_two_sweeps_that_share_a_store_at_the_same_time_both_finish_with_their_own_tables(folder):
    commands = {
        name: (*COUNTS, f"mines.short.count={values}", "--store", "shared.sqlite", "-o", name)
        for name, values in (("coarse", "100:500:5"), ("fine", "100:500:9"))
    }
    with started(*commands["coarse"], cwd=folder) as one, started(*commands["fine"], cwd=folder) as other:
        for process in (one, other):
            _, said = process.communicate(timeout=120)
            assert (process.returncode, said) == (0, "")
    assert points_kept(folder / "shared.sqlite") == 9
    for name, command in commands.items():
        done(*command[:-4], "-o", f"{name}-alone", cwd=folder)
        assert tables(folder / name) == tables(folder / f"{name}-alone")


def test_a_second_sweep_into_the_same_folder_is_refused(folder):
    with started(*SWEEP, "--replicates", "500", cwd=folder) as process:
        wait_until((folder / "out.incomplete" / "INCOMPLETE.txt").exists, process)
        second = minesim(*SWEEP, "--force", cwd=folder)
        assert (second.returncode, second.stdout) == (2, "")
        assert second.stderr == "error: -o: another process is writing to out; wait, or give another folder\n"
        assert stopped(process, signal.SIGINT)[0] == 130


# More of the same, and other studies.


def test_more_replicates_in_the_same_folder_compute_the_new_ones_only(folder):
    command = (*COUNTS, "mines.short.count=100:500:12", "--replicates")
    for number, block in (("10", (0, 10)), ("20", (10, 20))):
        seen = watched(*command, number, "-o", "out", cwd=folder)
        assert (seen.status, seen.said) == (0, "")
        assert Counter(task[1:] for task in seen.computed) == {block: 12}
    done(*command, "20", "-o", "fresh", cwd=folder)
    assert tables(folder / "out") == tables(folder / "fresh")


def test_another_grid_needs_another_folder_or_force_and_takes_the_points_that_both_have(folder):
    coarse, fine = (*COUNTS, "mines.short.count=100:500:11"), (*COUNTS, "mines.short.count=100:500:21")
    done(*coarse, "-o", "out", "--store", "kept.sqlite", cwd=folder)
    said = refused(*fine, "-o", "out", cwd=folder)
    assert said == "error: -o: out holds another result (short); give another folder, or --force to replace it\n"
    seen = watched(*fine, "-o", "out", "--store", "kept.sqlite", "--force", cwd=folder)
    # The nine points with curves are others in a finer grid; those that had none are computed again for them.
    assert (seen.status, len(seen.computed)) == (0, 10 + len(newly_drawn(11, 21)))
    done(*fine, "-o", "fresh", cwd=folder)
    assert tables(folder / "out") == tables(folder / "fresh")
    assert leftovers(folder) == ["fresh", "kept.sqlite", "out"]


def newly_drawn(coarse, fine):
    """The places of a finer grid that the coarser one has too, but draws no curves of."""
    drawn = {number: {round(place) for place in np.linspace(0, number - 1, 9)} for number in (coarse, fine)}
    ratio = (fine - 1) // (coarse - 1)
    return {place for place in drawn[fine] if place % ratio == 0 and place // ratio not in drawn[coarse]}


def test_a_command_that_is_wrong_leaves_the_result_as_it_was_and_nothing_beside_it(folder):
    command = (*COUNTS, "mines.short.count=100,200", "-o", "out")
    done(*command, cwd=folder)
    # Said after the points of the result that is there were taken over.
    assert "no metric 'nonsense'" in minesim(*command, "--force", "--metric", "nonsense", cwd=folder).stderr
    assert leftovers(folder) == ["out"]
    assert is_whole(folder / "out")


def test_points_of_another_version_in_the_result_are_not_taken_over(tmp_path):
    old, new = tmp_path / "old.sqlite", tmp_path / "new.sqlite"
    with study_commands.opened_store(old) as store:
        store.execute("INSERT INTO point VALUES ('a world', 0, 10, x'00')")
        store.execute("PRAGMA user_version = 99")
    study_commands.take_over(old, new)
    old.write_text("no store at all", encoding="utf-8")
    study_commands.take_over(old, new)
    assert not new.exists()


# Points that fail.


def test_combinations_that_make_no_scenario_do_not_stop_the_others_and_are_reported(folder):
    time_of = "mines.short.self_destruct.time.uniform"
    command = (
        "sweep", "unordered.yaml", "--no-figures", "-o", "out", "--vary", f"{time_of}.low=5 days,10 days,20 days",
        "--vary", f"{time_of}.high=8 days,15 days,25 days",
    )  # fmt: skip
    process = minesim(*command, cwd=folder)
    assert process.returncode == 1
    reason = "must be below 'high'"
    pairs = [(10, 8), (20, 8), (20, 15)]
    assert process.stderr.splitlines() == [
        f"failed: {time_of}.low = {low} days, {time_of}.high = {high} days: {time_of}.low: {reason}"
        for low, high in pairs
    ]
    summary = json_of(folder / "out" / "summary.json")
    assert [entry["values"] for entry in summary["failed"]] == [list(pair) for pair in pairs]
    assert {entry["reason"] for entry in summary["failed"]} == {f"{time_of}.low: {reason}"}
    found = {(float(row[f"{time_of}.low"]), float(row[f"{time_of}.high"])) for row in rows_of(folder / "out/sweep.csv")}
    assert found == {(low, high) for low in (5, 10, 20) for high in (8, 15, 25) if low < high}
    assert is_whole(folder / "out")
    # Computed again, the same points fail, and so the result is the same.
    assert "identical: " in done("rerun", "out", cwd=folder)


# Run again.


def test_a_sweep_run_again_is_identical_until_something_is_changed(folder, capsys):
    done(*COUNTS, "mines.short.count=10,20,30", "-o", "out", cwd=folder)
    out = folder / "out"
    assert done("rerun", "out", cwd=folder) == "identical: curves.csv, summary.json, sweep.csv\n"
    edits = {
        ("sweep.csv", ",mine_days,"): (",mine_days,1", "sweep.csv: the new run differs, first in line 6: '10,mine_da"),
        ("sweep.csv", "10,accidents"): ("10,accident", "sweep.csv: is not as it was written"),
        ("manifest.json", '"mines.short.count=1'): ('"mines.short.count=5,1', "were changed, their digest differs"),
        ("manifest.json", '"seed": 7,\n "rep'): ('"seed": 8,\n "rep', "the seed 8 is not that of the scenario, 7"),
        ("manifest.json", '"replicates_played": 6'): ('"replicates_played": 5', "the new run played 6"),
        ("manifest.json", '"replicates": 6'): ('"replicates": 5', "sweep.csv: the new run differs"),
        ("manifest.json", '"count": 60'): ('"count": 61', "is not the one that was run, its sha256 differs"),
    }  # fmt: skip
    for (name, old), (new, expected) in edits.items():
        sound = (out / name).read_text(encoding="utf-8")
        (out / name).write_text(changed(sound, (old, new)), encoding="utf-8")
        assert not run_again(out, 1, quiet=False)
        assert expected in capsys.readouterr().out
        (out / name).write_text(sound, encoding="utf-8")
    (out / "curves.csv").unlink()
    process = minesim("rerun", "out", cwd=folder)
    assert (process.returncode, process.stderr) == (1, "")
    assert process.stdout == "curves.csv: is missing in out\n"


# Between two moves.


def test_points_that_were_being_moved_into_the_result_when_it_was_stopped_are_put_back(tmp_path, monkeypatch):
    out = tmp_path / "out"
    move = type(out).rename

    def interrupted(path, target):
        if path.name == "result":
            raise KeyboardInterrupt
        return move(path, target)

    monkeypatch.setattr(type(out), "rename", interrupted)
    points = tmp_path / "out.incomplete" / POINTS
    points.parent.mkdir()
    points.write_bytes(b"a night of work")
    with publishing.claimed(out, "digest", "minesim sweep", force=False) as folder:
        with pytest.raises(KeyboardInterrupt):
            publishing.publish(folder, out, {"sweep.csv": b"a table", POINTS: points})
        # At once: what is kept is counted next.
        assert points.read_bytes() == b"a night of work"
    assert not out.exists()


def test_points_that_were_being_moved_when_the_power_failed_are_put_back_by_the_next_run(tmp_path):
    moved = tmp_path / "out.incomplete" / "result" / POINTS
    moved.parent.mkdir(parents=True)
    moved.write_bytes(b"a night of work")
    with publishing.claimed(tmp_path / "out", "digest", "minesim sweep", force=False) as folder:
        assert (folder / POINTS).read_bytes() == b"a night of work"


def test_points_of_an_earlier_result_are_taken_over_whole_or_not_at_all(tmp_path, monkeypatch):
    old, new = tmp_path / "old.sqlite", tmp_path / "new.sqlite"
    with study_commands.opened_store(old) as store:
        store.execute("INSERT INTO point VALUES ('a world', 0, 10, x'00')")

    def half(source, target):
        target.write_bytes(source.read_bytes()[:5000])
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfile", half)
        with pytest.raises(KeyboardInterrupt):
            study_commands.take_over(old, new)
    assert not new.exists()
    study_commands.take_over(old, new)
    assert points_kept(new) == 1
    # Those that are there already are not replaced.
    old.write_bytes(b"")
    study_commands.take_over(old, new)
    assert points_kept(new) == 1


def test_a_store_that_cannot_be_counted_is_not_thrown_away(tmp_path):
    damaged = tmp_path / "out.incomplete" / POINTS
    damaged.parent.mkdir()
    damaged.write_bytes(b"no store at all" * 1000)
    assert study_commands.kept_or_gone(damaged.parent, damaged) == 0
    assert damaged.exists()
