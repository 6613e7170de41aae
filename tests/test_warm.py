"""A command that is forked from the loaded program does what a process of its own does."""

import re
import subprocess
import sys

import pytest
import warm
from terminal import environment, files_below, written_scenarios

COMMANDS = [
    ["--version"],
    ["validate", "small.yaml"],
    ["validate", "missing.yaml"],
    ["run", "small.yaml", "--set", "mines.short.count=many"],
    ["run", "small.yaml"],
    ["compare", "reference.yaml", "small.yaml", "--no-figures", "--replicates", "4", "--workers", "2"],
    ["run"],
]


def forked(folder, *arguments, timeout=300):
    return warm.command(list(arguments), cwd=folder, env=environment(), timeout=timeout)


def of_its_own(folder, *arguments):
    command = [sys.executable, "-m", "simulator", *arguments]
    return subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, check=False)


def without_seconds(files):
    """Leave out how long it took, which no two runs agree on."""
    timed = re.compile(rb'"wall_seconds": [0-9.]+')
    return {name: content and timed.sub(b"", content) for name, content in files.items()}


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_forked_command_says_writes_and_returns_what_a_process_of_its_own_does(tmp_path, arguments):
    folder = tmp_path / "here"
    seen = []
    for way in (forked, of_its_own):
        folder.mkdir()
        done = way(written_scenarios(folder), *arguments)
        seen.append((done.returncode, done.stdout, done.stderr, without_seconds(files_below(folder))))
        folder.rename(tmp_path / way.__name__)
    assert seen[0] == seen[1]


def test_a_command_that_takes_too_long_is_ended_and_the_next_one_is_run(tmp_path):
    folder = written_scenarios(tmp_path)
    with pytest.raises(subprocess.TimeoutExpired):
        forked(folder, "run", "small.yaml", "--replicates", "100000", timeout=1)
    assert forked(folder, "validate", "small.yaml").returncode == 0
