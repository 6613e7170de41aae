"""Surroundings that do not help: nowhere to write or to print, another alphabet, names of files that nobody expects,
and a user in a hurry. The command says what is wrong in a line, or works all the same; never with a traceback.

A stopped run, a full disk below a result and two runs into one folder are in `test_interruption`,
`test_study_interruption` and `test_command_line`.
"""

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from scenario_texts import changed
from terminal import SMALL, done, environment, files_below, json_of, refused, written_scenarios
from test_interruption import MANY, _interruptible, leftovers, started, wait_until

from simulator import console, stopping
from simulator.console import hush_drawing, say, tell
from simulator.problems import InputError

__all__ = ["_interruptible"]

FULL = "/dev/full"
NAMED = changed(
    SMALL,
    ("Two kinds of mines in a small valley", "Démineurs ≤ 5 km² 地雷 — “essai”"),
    ("  old:", "  vieilles mines à pression:"),
    ("  short:\n", "  地雷:\n"),
)
# The C locale as it is: without what Python does to have UTF-8 all the same.
PLAIN = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
no_such_device = pytest.mark.skipif(not os.path.exists(FULL), reason="there is no /dev/full here")  # noqa: PTH110


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "named.yaml").write_text(NAMED, encoding="utf-8")
    return written_scenarios(tmp_path)


def spoken(command, cwd, **more):
    """Run a command of the shell; its status and what came to each stream."""
    shell = f"exec {sys.executable} -m simulator {command}"
    process = subprocess.run(
        ["bash", "-c", shell],
        cwd=cwd,
        env=environment(**more),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert "Traceback" not in process.stderr
    return process.returncode, process.stdout, process.stderr


# Nowhere to print.


@no_such_device
@pytest.mark.parametrize("arguments", ["sources", "--help"])
def test_output_into_a_full_disk_is_an_error_and_no_traceback(arguments, folder):
    status, _, said = spoken(f"{arguments} >{FULL}", folder)
    assert status == 2
    assert said.startswith("error: ")
    assert said.endswith("No space left on device\n")
    assert len(said.splitlines()) == 1


@no_such_device
@pytest.mark.parametrize("arguments", ["run nowhere.yaml", "nonsense"])
def test_the_status_is_that_of_wrong_input_even_if_nobody_can_be_told(arguments, folder):
    assert spoken(f"{arguments} 2>{FULL}", folder) == (2, "", "")


@no_such_device
def test_a_line_that_cannot_be_printed_is_refused_once_and_the_rest_is_dropped(monkeypatch):
    with open(FULL, "w", encoding="utf-8") as stream:  # noqa: PTH123
        monkeypatch.setattr(sys, "stdout", stream)
        with pytest.raises(InputError, match="standard output: cannot be written: No space left on device"):
            say("a line")
        say("another")
        monkeypatch.setattr(sys, "stderr", stream)
        tell("nobody hears")


def test_who_reads_one_line_ends_nothing_with_an_error(folder):
    for arguments in ("schema", "explain"):
        process = subprocess.run(
            ["bash", "-c", f"{sys.executable} -m simulator {arguments} | head -n 1; exit ${{PIPESTATUS[0]}}"],
            cwd=folder, env=environment(), capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert (process.returncode, process.stderr) == (0, "")
        assert len(process.stdout.splitlines()) == 1


# Nowhere to write.


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="there is no /proc here")  # noqa: PTH112
@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "small.yaml", "--no-figures", "-o", "/proc/out"),
        ("sweep", "small.yaml", "--vary", "mines.short.count=1,2", "-o", "/proc/a/out"),
        ("init", "/proc/study"),
        ("breakeven", "reference.yaml", "small.yaml", "--vary", "mines.short.count=1:9", "--store", "/proc/s.sqlite"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_where_nobody_may_write_the_place_is_named_and_nothing_is_left(arguments, folder):
    said = refused(*arguments, cwd=folder)
    assert said.startswith("error: ")
    assert "/proc/" in said
    assert len(said.splitlines()) == 1


def test_a_report_and_a_fit_that_find_no_room_leave_no_half_file(folder):
    (folder / "tests.csv").write_text("days,status\n10,ended\n12,ended\n15,ended\n20,working\n", encoding="utf-8")
    done("run", "small.yaml", "--no-figures", "-o", "out", "--replicates", "2", cwd=folder)
    for arguments in (["report", "out"], ["fit", "tests.csv", "--all-end", "-o", "law.yaml"], ["init", "study"]):
        before = files_below(folder)
        limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)); " \
                  "from simulator.cli import main; main()"  # fmt: skip
        process = subprocess.run(
            [sys.executable, "-c", limited, *arguments], cwd=folder, capture_output=True, text=True, check=False,
            # Python would write half a file of its own too, and stumble over it the next time.
            env=environment(PYTHONDONTWRITEBYTECODE="1"), timeout=120,
        )  # fmt: skip
        assert process.returncode == 2, arguments
        assert process.stderr.startswith("error: ")
        assert "File too large" in process.stderr
        assert files_below(folder) == before, arguments


@pytest.mark.parametrize("verb", ["report", "rerun"])
def test_the_root_of_the_file_system_is_no_result(verb, folder):
    assert refused(verb, "/", cwd=folder) == "error: /: is not a result of minesim, it has no manifest.json\n"


def test_in_a_folder_that_is_gone_the_message_says_so(folder):
    shell = f"mkdir gone; cd gone; rmdir ../gone; exec {sys.executable} -m simulator run ../small.yaml"
    process = subprocess.run(
        ["bash", "-c", shell], cwd=folder, env=environment(), capture_output=True, text=True, check=False, timeout=120
    )
    assert process.returncode == 2
    assert process.stderr == "error: the folder you are in is not there any more; go to another one\n"


def test_settings_of_matplotlib_that_cannot_be_written_are_not_spoken_of():
    snippet = "from simulator.console import hush_drawing\n{}\nimport matplotlib\nmatplotlib.get_cachedir()"
    said = [
        subprocess.run(
            [sys.executable, "-c", snippet.format(first)], env=environment(HOME="/proc"), capture_output=True,
            text=True, check=False, timeout=120,
        ).stderr
        for first in ("hush_drawing()", "pass")
    ]  # fmt: skip
    assert said[0] == ""
    assert "temporary cache directory" in said[1]
    assert hush_drawing is console.hush_drawing


# Other alphabets.


@pytest.mark.parametrize(
    ("more", "encoding", "title"),
    [
        (PLAIN, "ascii", "D?mineurs ? 5 km? ?? ? ?essai?"),
        ({"PYTHONIOENCODING": "latin-1:strict"}, "latin-1", "Démineurs ? 5 km² ?? ? ?essai?"),
        ({"LC_ALL": "", "LANG": ""}, "utf-8", "Démineurs ≤ 5 km² 地雷 — “essai”"),
    ],
    ids=["no locale", "latin-1", "nothing set"],
)
def test_what_a_terminal_cannot_show_is_a_question_mark(more, encoding, title, folder):
    command = [sys.executable, "-m", "simulator", "validate", "named.yaml"]
    process = subprocess.run(
        command, cwd=folder, env=environment(**more), capture_output=True, check=False, timeout=120
    )
    assert (process.returncode, process.stderr) == (0, b"")
    assert process.stdout.decode(encoding) == f"named.yaml: valid: {title}\n"


def test_names_in_other_alphabets_go_through_figures_and_report_without_a_warning(folder):
    # Any warning is an error here, that of a missing glyph too; and the locale knows none of these letters.
    done("run", "named.yaml", "-o", "out", "--replicates", "2", cwd=folder, **PLAIN)
    done("report", "out", cwd=folder, **PLAIN)
    for name in ("curves.csv", "report.html", "figures/timeline.svg"):
        text = (folder / "out" / name).read_text(encoding="utf-8")
        assert "地雷" in text
        assert "vieilles mines" in text


@pytest.mark.parametrize(
    ("name", "said"),
    [("-dash 'and \"quotes", None), ("дом 地雷\nline", "дом 地雷?line"), (os.fsdecode(b"latin\xe9"), "latin?")],
    ids=["dash and quotes", "letters and newline", "no UTF-8"],
)  # fmt: skip
def test_a_file_may_be_called_anything(name, said, folder):
    shutil.copyfile(folder / "small.yaml", folder / f"{name}.yaml")
    shown = done("run", "--no-figures", "--replicates", "2", "--", f"{name}.yaml", cwd=folder)
    assert f"\nWritten to results/{said or name}: " in shown
    out = folder / "results" / (said or name)
    assert json_of(out / "manifest.json")["scenarios"][0]["name"] == (said or name)


def test_a_folder_of_any_name_can_be_written_reported_and_run_again(folder):
    name = os.fsdecode(b"a b\n\xe9 '\" \xe5\x9c\xb0")
    done("run", "small.yaml", "--no-figures", "--replicates", "2", "-o", name, cwd=folder)
    done("report", name, cwd=folder)
    assert done("rerun", name, cwd=folder).startswith("identical: ")
    assert (folder / name / "report.html").is_file()


def test_a_scenario_without_a_name_is_not_written_over_all_results(folder):
    shutil.copyfile(folder / "small.yaml", folder / "..yaml")
    done("run", "..yaml", "--no-figures", "--replicates", "2", cwd=folder)
    assert leftovers(folder) == ["results"]
    assert [path.name for path in (folder / "results").iterdir()] == ["result"]


def test_where_a_result_lies_is_said_as_it_can_be_found_again(folder):
    shown = done("run", "small.yaml", "--no-figures", "--replicates", "2", "-o", "away/../out", cwd=folder)
    assert "\nWritten to out: " in shown
    assert not (folder / "away").exists()


# No room on the screen.


def test_a_table_is_whole_on_any_width(folder):
    shown = done("standards", "small.yaml", cwd=folder, COLUMNS="20", NO_COLOR="1")
    assert shown == done("standards", "small.yaml", cwd=folder, COLUMNS="nonsense", LINES="0")


# In a hurry.


def test_ctrl_c_twice_is_as_good_as_once(folder):
    (folder / "many.yaml").write_text(MANY, encoding="utf-8")
    command = ("run", "many.yaml", "--no-figures", "-o", "out")
    with started(*command, cwd=folder) as process:
        wait_until((folder / "out.incomplete" / "INCOMPLETE.txt").exists, process)
        time.sleep(0.3)
        for _ in range(5):
            process.send_signal(signal.SIGINT)
            time.sleep(0.002)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.startswith("interrupted. ")
    assert "Traceback" not in said
    assert set(leftovers(folder)) <= {"out.incomplete"}


def test_a_second_signal_is_not_heard_until_some_seconds_have_gone_by(monkeypatch):
    ended = []
    monkeypatch.setattr(os, "_exit", ended.append)
    before = [signal.getsignal(number) for number in stopping._numbers()]
    try:
        stopping.listen()
        with pytest.raises(stopping.Stop):
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
        assert ended == []
        monkeypatch.setattr(stopping, "_PATIENCE_SECONDS", 0.0)
        signal.raise_signal(signal.SIGTERM)
        assert ended == [130]
    finally:
        for number, handler in zip(stopping._numbers(), before, strict=True):
            signal.signal(number, handler)


def test_what_was_ignored_when_the_program_began_stays_ignored():
    before = [signal.getsignal(number) for number in stopping._numbers()]
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        stopping.listen()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        assert signal.getsignal(signal.SIGTERM) is stopping._stop
    finally:
        for number, handler in zip(stopping._numbers(), before, strict=True):
            signal.signal(number, handler)


def test_until_the_program_listens_ctrl_c_ends_it_as_any_process():
    snippet = (
        "import signal, sys\nempty = sys.modules['simulator.cli'] = type(sys)('cli')\nempty.main = None\n"
        "import simulator.__main__\nprint(signal.getsignal(signal.SIGINT) is signal.SIG_DFL)"
    )
    process = subprocess.run(
        [sys.executable, "-c", snippet], env=environment(), capture_output=True, text=True, check=False, timeout=60
    )
    assert (process.stdout, process.stderr) == ("True\n", "")


def test_two_sweeps_at_the_same_time_share_a_store_and_neither_is_harmed(folder):
    sweep = ("sweep", "small.yaml", "--vary", "mines.short.count=10,20,30,40", "--no-figures", "--store", "s.sqlite")
    with started(*sweep, "-o", "a", cwd=folder) as first, started(*sweep, "-o", "b", cwd=folder) as second:
        ends = [process.communicate(timeout=120)[1] for process in (first, second)]
    assert ends == ["", ""]
    assert (first.returncode, second.returncode) == (0, 0)
    assert (folder / "a/sweep.csv").read_bytes() == (folder / "b/sweep.csv").read_bytes()
