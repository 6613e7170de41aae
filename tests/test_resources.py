"""What a computation takes is estimated before it begins, and refused where no machine of this size can give it.

Estimates are held against what they stand for: bytes of arrays exactly, accidents against the closed form, searches
against those played. How they compare with measured seconds and memory, `benchmarks/resources.py` prints.
"""

import dataclasses
import os
import subprocess
import sys

import numpy as np
import pytest
from scenario_texts import CONTRACT
from terminal import environment, files_below, written_scenarios

from simulator import evaluation, limits, sensitivity_study
from simulator.closed_form import expected
from simulator.commands import simulate
from simulator.costs import (
    Need,
    accidents_of,
    closed_form_seconds,
    need_of_run,
    need_of_worlds,
    replicate_cost,
    visits_of,
)
from simulator.engine import play
from simulator.executor import Resources, pool
from simulator.experiment import EXPECTED, SIMULATE, Plan, build_worlds, refuse_long_run
from simulator.limits import available_bytes, mention, refuse_beyond
from simulator.population import chunks
from simulator.problems import InputError
from simulator.scenario_file import load
from simulator.study import Bench, Request
from simulator.sweep_grid import read_axes
from simulator.sweep_study import swept
from simulator.wording import lasting, size
from simulator.world import build_world

TREATY, FULL, PERSISTENT = (CONTRACT / f"{name}.yaml" for name in ("treaty-limit", "full", "persistent"))
COUNT = "mines.battery-limited.count"
HERE = Resources()


@pytest.fixture(autouse=True)
def _sixteen_gigabytes(monkeypatch):
    """The same machine everywhere, and no switch set by whoever runs the tests."""
    monkeypatch.setattr(limits, "available_bytes", lambda: 16e9)
    monkeypatch.delenv(limits.SWITCH, raising=False)


def asked(path, overrides=(), **plan):
    """Ask for a run of a scenario: what it takes, or the refusal."""
    loaded = load(path, overrides)
    plan = Plan(plan.pop("replicates", loaded.scenario.replicates), **plan)
    return refuse_long_run([loaded], build_worlds([loaded]), plan)


def refusal(path, overrides=(), **plan):
    with pytest.raises(InputError) as caught:
        asked(path, overrides, **plan)
    return str(caught.value)


# Refused.


@pytest.mark.parametrize(
    ("path", "overrides", "plan", "head", "parts"),
    [
        (TREATY, [f"{COUNT}=1e12"], {}, f"command line:1:35: error: {COUNT}: 1 trillion mines in ",
         ("7 days are begun", "or --method expected, which draws none")),
        (FULL, ["mines.legacy.count=1e12"], {}, "command line:1:26: error: mines.legacy.count: 1 trillion mines in ",
         ("7 days are begun; take ",)),
        (TREATY, ["replicates=1000000000"], {}, "command line:1:18: error: replicates: 1 billion replicates would need",
         (" TB of memory and ", "this machine has 16 GB free and no more than 7 days are begun")),
        (TREATY, [], {"uncertain": 10**9}, "command line:1:13: error: --uncertain: 1 billion parameter sets would need",
         (" TB of memory and ",)),
    ],
    ids=["mines", "mines that interact", "replicates", "parameter sets"],
)  # fmt: skip
def test_what_no_machine_can_compute_is_refused_at_its_place_with_an_estimate(path, overrides, plan, head, parts):
    message = refusal(path, overrides, **plan)
    assert message.startswith(head)
    for part in (*parts, "MINESIM_LIMITS=off in the environment goes on regardless", "\n      | ", "^"):
        assert part in message
    # The closed form is offered only where there is one.
    assert ("--method expected" in message) == (path == TREATY and COUNT in message)


def test_the_closed_form_takes_a_trillion_mines():
    assert asked(TREATY, [f"{COUNT}=1e12"], method=EXPECTED).seconds < 60


@pytest.mark.parametrize("overrides", [[], [f"{COUNT}=1e7"], ["replicates=10000"]])
def test_what_a_machine_can_compute_is_not_refused(overrides):
    assert isinstance(asked(TREATY, overrides), Need)


def test_a_number_as_large_as_the_refusal_names_is_begun_and_thrice_as_many_are_not():
    message = refusal(TREATY, [f"{COUNT}=1e12"])
    billions = float(message.partition("take ")[2].partition(" billion at most")[0])
    asked(TREATY, [f"{COUNT}={billions * 1e9:.0f}"])
    refusal(TREATY, [f"{COUNT}={3 * billions * 1e9:.0f}"])


def test_the_switch_goes_on_regardless(monkeypatch):
    monkeypatch.setenv(limits.SWITCH, "off")
    assert asked(TREATY, [f"{COUNT}=1e12"]).seconds > 1e6


def test_less_memory_refuses_what_more_would_take(monkeypatch):
    asked(TREATY, ["replicates=100000"])
    monkeypatch.setattr(limits, "available_bytes", lambda: 1e9)
    assert "replicates: 100,000 replicates would need about 14 GB" in refusal(TREATY, ["replicates=100000"])


def test_on_a_cluster_only_what_is_kept_here_counts():
    far = Resources(scheduler="tcp://127.0.0.1:1")
    long, large = Need(1e9, 1e6, 1e15), Need(1.0, 1e15, 0.0)
    refuse_beyond(long, [], far)
    for need, resources in ((long, HERE), (large, HERE), (large, far)):
        with pytest.raises(InputError, match="worlds: "):
            refuse_beyond(need, [], resources)


def studied(verb, scenarios, method=SIMULATE, **arguments):
    """Ask for a study up to where it would begin to compute."""
    request = Request(verb, tuple(scenarios), 50, method, {"metric": "casualties", **arguments})
    perform = {"sweep": swept, "sensitivity": sensitivity_study.weighed}[verb]
    with pool(HERE) as computing:
        perform(request, Bench(CONTRACT, None, computing, lambda *_: None))


def test_a_sweep_up_to_a_trillion_mines_is_refused_although_it_begins_with_few():
    with pytest.raises(
        InputError, match=r"mines: 20 worlds, of up to 1 trillion mines, would need .* --method expected"
    ):
        studied("sweep", [load(PERSISTENT), load(TREATY)], vary=[f"{COUNT}=1e4:1e12:10:log"])


def test_a_grid_whose_last_points_are_the_dear_ones_is_judged_by_them():
    loaded = load(TREATY)
    axes = read_axes([f"{COUNT}=1e4,2e4,3e4,4e4,5e4,6e4,7e4,8e4,1e12"], [loaded])
    grid = evaluation_grid(loaded, axes)
    with pytest.raises(InputError, match="of up to 1 trillion mines"):
        evaluation.refuse_long_study(grid.study, grid, 50, HERE)


def evaluation_grid(loaded, axes):
    from simulator.points import Study
    from simulator.sweep_grid import Grid

    return Grid(Study((loaded,), SIMULATE), axes)


def test_parameter_sets_of_a_sensitivity_study_are_refused_before_one_is_drawn(monkeypatch):
    monkeypatch.setattr(sensitivity_study, "design", lambda *_: pytest.fail("they were drawn"))
    shipped = CONTRACT.parents[1] / "scenarios" / "field-pessimistic.yaml"
    loaded = load(shipped if shipped.is_file() else FULL)
    with pytest.raises(InputError, match=r"-n: 1\.074 billion base samples would need about .* TB of memory"):
        studied("sensitivity", [loaded], method=EXPECTED if shipped.is_file() else SIMULATE, n=2**30)


def test_a_refusal_comes_before_a_folder_is_made(tmp_path):
    loaded = load(TREATY, [f"{COUNT}=1e12"])
    with pytest.raises(InputError, match="1 trillion mines"):
        simulate([loaded], Plan(50), tmp_path / "out", "minesim", force=False, quiet=False, with_figures=True)
    assert files_below(tmp_path) == {}


def test_the_command_refuses_a_billion_cells_in_little_memory_and_writes_nothing(tmp_path):
    written_scenarios(tmp_path)
    before = files_below(tmp_path)
    # Not by getrusage: a process that was forked begins with the peak of its parent.
    peak = (
        "from simulator.__main__ import main\n"
        "try: main()\n"
        "finally: print(next(line for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    )
    command = [sys.executable, "-c", peak, "run", "small.yaml", "-o", "out", "--set", "region.cell=0.07 m"]
    done = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "error: region.cell: makes 1,224," in done.stderr
    assert "which take some 320 GB of memory and 4.1 minutes for each replicate" in done.stderr
    assert int(done.stdout.split()[1]) * 1024 < 300e6
    assert files_below(tmp_path) == before


# Estimates.


@pytest.mark.parametrize("path", [TREATY, PERSISTENT, FULL], ids=lambda path: path.stem)
def test_what_is_kept_of_a_replicate_is_estimated_to_the_byte(path):
    world = build_world(load(path), map_days=(30.0, 365.0))
    played = play(world, 0)
    arrays = [
        np.asarray(getattr(part, field.name))
        for part in (played.played, played.estimate, played.land)
        for field in dataclasses.fields(part)
    ]
    # Release days of the land, a handful of numbers, and maps by block come on top.
    cost = replicate_cost(dataclasses.replace(world, map_days=()))
    assert sum(array.nbytes for array in arrays) == pytest.approx(cost.kept, abs=200)


@pytest.mark.parametrize(("path", "name"), [(TREATY, "battery-limited"), (PERSISTENT, "persistent")])
def test_accidents_are_estimated_as_the_closed_form_has_them(path, name):
    world = build_world(load(path, [f"mines.{name}.count=1e6"]))
    exact = float(expected(world).curves.accidents[:, -1].sum())
    assert accidents_of(world, world.kinds[0]) == pytest.approx(exact, rel=0.05)


def test_columns_that_are_kept_are_estimated_by_their_bytes():
    world = build_world(load(FULL))
    sizes = [
        sum(array.nbytes for array in vars_of(next(chunks(world, kind, 0, 1, 1000))) if array.size > 1)
        for kind in world.kinds
    ]
    kept = sum(kind.count * its / 1000 for kind, its in zip(world.kinds, sizes, strict=True))
    without = world_of_no_mines(world)
    difference = replicate_cost(world).working - replicate_cost(without).working
    assert 0.7 < difference / kept < 1.6


def world_of_no_mines(world):
    return dataclasses.replace(world, kinds=tuple(dataclasses.replace(kind, count=0) for kind in world.kinds))


def vars_of(chunk):
    values = (getattr(chunk, field.name) for field in dataclasses.fields(chunk))
    return [value for value in values if isinstance(value, np.ndarray)]


def test_searches_of_teams_are_estimated_within_a_factor_of_three():
    world = build_world(load(FULL))
    events = play(world, 0).simpy_events
    # A search is two events or three.
    assert 0.1 < visits_of(world) / events < 1.0
    assert visits_of(build_world(load(TREATY))) == 0


def test_twice_the_mines_take_twice_the_time_and_twice_the_replicates_twice_the_memory():
    few, many = (build_world(load(TREATY, [f"{COUNT}={count}"])) for count in ("1e9", "2e9"))
    assert replicate_cost(many).seconds == pytest.approx(2 * replicate_cost(few).seconds, rel=1e-4)
    one, two = (need_of_run([few], replicates, exact=False) for replicates in (10**5, 2 * 10**5))
    assert two.bytes_here == pytest.approx(2 * one.bytes_here, rel=1e-2)
    assert two.seconds == pytest.approx(2 * one.seconds, rel=1e-2)
    assert limits.seconds_of(one, Resources(2)) == one.seconds / min(2, os.cpu_count())


def test_worlds_of_a_study_are_the_mean_of_some_times_their_number():
    worlds = [build_world(load(TREATY, [f"{COUNT}={count}"])) for count in ("1e8", "3e8")]
    mean = sum(replicate_cost(world).seconds for world in worlds) / 2
    need = need_of_worlds(worlds, 1000, 10, 500.0, exact=False)
    assert need.seconds == pytest.approx(1000 * 10 * mean, rel=1e-2)
    assert need.bytes_here == 500e3
    assert need.mines == 3e8


def test_a_laying_period_makes_the_closed_form_dearer():
    alone, wave = (build_world(load(TREATY, [f"mines.battery-limited.laid={laid}"])) for laid in (
        "2024-12-01", "{from: 2024-12-01, to: 2025-12-01}"))  # fmt: skip
    assert closed_form_seconds(wave) > 50 * closed_form_seconds(alone)


# The machine.


def test_what_is_free_is_the_least_of_machine_group_and_process(monkeypatch):
    monkeypatch.undo()
    for name, free in (("_free_on_machine", 5e9), ("_free_in_group", 3e9), ("_free_in_process", 4e9)):
        monkeypatch.setattr(limits, name, lambda free=free: free)
    assert available_bytes() == 3e9
    monkeypatch.setattr(limits, "_free_in_group", lambda: -1.0)
    assert available_bytes() == 0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_limit_of_the_shell_is_seen():
    snippet = (
        "import resource\nresource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31))\n"
        "from simulator.limits import available_bytes\nprint(0 < available_bytes() < 2**31)"
    )
    process = subprocess.run(
        [sys.executable, "-c", snippet], env=environment(OPENBLAS_NUM_THREADS="1"), capture_output=True, text=True,
        check=False, timeout=60,
    )  # fmt: skip
    assert (process.stdout, process.stderr) == ("True\n", "")


def test_a_control_group_leaves_its_limit_without_what_is_used_and_not_given_back(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "_GROUPS", tmp_path)
    monkeypatch.setattr(limits, "_OWN_GROUPS", tmp_path / "own")
    (tmp_path / "own").write_text("0::/a/b\n", encoding="ascii")
    assert limits._free_in_group() == float("inf")
    for name, content in (
        ("memory.max", "5000"),
        ("memory.current", "3000"),
        ("memory.stat", "anon 1\ninactive_file 500"),
    ):
        (tmp_path / name).write_text(content, encoding="ascii")
    assert limits._free_in_group() == 2500
    (tmp_path / "memory.max").write_text("max\n", encoding="ascii")
    assert limits._free_in_group() == float("inf")


# Words.


def test_more_than_an_hour_is_mentioned_beforehand_and_less_is_not():
    assert mention(Need(3599.0, 0.0, 0.0), HERE) is None
    assert mention(Need(4 * 3600.0, 0.0, 0.0), HERE).startswith("This will take about 4 hours. It can be stopped")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(30, "less than a minute"), (90, "1.5 minutes"), (3600, "1 hour"), (86400, "1 day"), (86400 * 48.2, "48 days"),
     (86400 * 3652.5, "10.1 years")],
)  # fmt: skip
def test_how_long_something_takes_is_said_in_words(seconds, said):
    assert lasting(seconds) == said


@pytest.mark.parametrize(
    ("count", "said"), [(10, "less than 1 MB"), (2.34e7, "23 MB"), (9.9e9, "9.9 GB"), (6e13, "60 TB"), (2e17, "200 PB")]
)
def test_memory_is_said_in_words(count, said):
    assert size(count) == said
