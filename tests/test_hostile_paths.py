"""Paths that lead nowhere or out of the folder, files that are none, overrides that miss: refused at their place."""

import os

import pytest
from scenario_texts import CONTRACT, TREATY, contract_folder, refused, shown_safely, written

from simulator.yaml_reader import MAX_DEPTH, MAX_NODES


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/dev/zero", "error: /dev/zero: is not a regular file, expected a scenario file"),
        (".", "error: .: is a folder, expected a scenario file"),
        ("", "error: .: is a folder, expected a scenario file"),
        ("no-such.yaml", "error: no-such.yaml: cannot be read: No such file or directory"),
        ("no\x1b[31m\nsuch.yaml", "error: no?[31m?such.yaml: cannot be read: No such file or directory"),
        ("no\0such.yaml", "error: no?such.yaml: is not a file name: embedded null byte"),
        ("no\udcffsuch.yaml", "error: no?such.yaml: cannot be read: No such file or directory"),
        ("x" * 5000, "cannot be read: File name too long"),
    ],
)
def test_what_is_no_file_is_refused_by_name(path, message):
    lines = refused(path)
    assert message.removeprefix("error: ") in lines[0]
    assert len(lines) == 1
    assert shown_safely(lines)


def test_a_pipe_or_a_circle_of_links_is_refused_without_being_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    assert "is not a regular file" in refused(tmp_path / "pipe.yaml")[0]
    assert "cannot be read: Too many levels of symbolic links" in refused(tmp_path / "loop.yaml")[0]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_a_text_in_another_unicode_is_named(encoding, tmp_path):
    path = written(tmp_path, TREATY.encode(encoding))
    assert refused(path) == [f"error: {path}: is {encoding.upper()} text; save it as UTF-8"]


# Files that extend others.

OUTSIDE = "must stay in the scenario's folder or the shipped scenarios, got"


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("scenario.yaml", "files extend each other in a cycle: scenario.yaml -> scenario.yaml"),
        ("./sub/../scenario.yaml", "files extend each other in a cycle"),
        ("link-to-itself.yaml", "files extend each other in a cycle"),
        ("../outside.yaml", OUTSIDE),
        ("sub/../../outside.yaml", OUTSIDE),
        ("/etc/passwd", OUTSIDE),
        ("link-out.yaml", OUTSIDE),
        ("sub", "no such file: 'sub'"),
        ("treaty-limt.yaml", "no such file: 'treaty-limt.yaml', did you mean 'treaty-limit.yaml'?"),
        ("http://example.org/a.yaml", "no such file"),
        ("link-round.yaml", "cannot be read: Symlink loop"),
        ("pipe.yaml", "no such file"),
        ("a" * 5000, "cannot be read: [Errno 36] File name too long"),
        ("'a\\0b'", "no such file"),
        ('"\\e[31m"', "has an invisible control character"),
        ("", "must be the name of a scenario file"),
        ("null", "must be the name of a scenario file"),
        ("5", "must be the name of a scenario file"),
        ("[treaty-limit.yaml]", "must be the name of a scenario file"),
        ("{a: b}", "must be the name of a scenario file"),
    ],
)
def test_extends_stays_where_it_belongs(reference, message, tmp_path):
    written(tmp_path, TREATY, "outside.yaml")
    folder = tmp_path / "study"
    (folder / "sub").mkdir(parents=True)
    contract_folder(folder)
    (folder / "link-out.yaml").symlink_to(tmp_path / "outside.yaml")
    (folder / "link-round.yaml").symlink_to("link-round.yaml")
    (folder / "link-to-itself.yaml").symlink_to("scenario.yaml")
    os.mkfifo(folder / "pipe.yaml")
    path = written(folder, f"extends: {reference}\n")
    lines = refused(path)
    place = "1:10" if reference else "1:1"
    assert lines[0].startswith(f"{path}:{place}: error: extends: ")
    assert message in lines[0]
    assert shown_safely(lines)


def test_two_files_that_extend_each_other_are_a_cycle(tmp_path):
    written(tmp_path, "extends: b.yaml\n", "a.yaml")
    b = written(tmp_path, "extends: a.yaml\n", "b.yaml")
    head = refused(tmp_path / "a.yaml")[0]
    assert head == f"{b}:1:10: error: extends: files extend each other in a cycle: a.yaml -> b.yaml -> a.yaml"


def test_a_chain_of_files_has_an_end(tmp_path):
    for index in range(20):
        written(tmp_path, f"extends: {index + 1}.yaml\n", f"{index}.yaml")
    written(tmp_path, TREATY, "20.yaml")
    assert "15.yaml:1:10: error: extends: more than 16 files extend each other" in refused(tmp_path / "0.yaml")[0]


def test_files_that_extend_each_other_share_the_limit_of_one(tmp_path):
    for index in range(3):
        text = f"extends: {index + 1}.yaml\nthresholds: [{'1,' * (MAX_NODES // 2)}]\n"
        written(tmp_path, text, f"{index}.yaml")
    head = refused(tmp_path / "0.yaml")[0]
    assert f"1.yaml:1:10: error: extends: files that extend each other have together more than {MAX_NODES:,}" in head


def test_what_cannot_be_extended_does_not_hide_the_other_problems(tmp_path):
    path = written(tmp_path, "extends: nowhere.yaml\nseed: 1\nseed: 2\n")
    heads = [line for line in refused(path, "x") if ": error: " in line]
    assert [head.split(": error: ")[1] for head in heads] == [
        "extends: no such file: 'nowhere.yaml'",
        "seed: duplicate key, first given in line 1; keep one".replace("line 1", "line 2"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("- a\n", "is no scenario that could be extended"),
        ("a: [\n", "or a bracket or brace is not closed"),
    ],
)
def test_a_problem_in_an_extended_file_is_shown_there(text, message, tmp_path):
    base = written(tmp_path, text, "base.yaml")
    head = refused(written(tmp_path, "extends: base.yaml\n"))[0]
    assert head.startswith(f"{base}:1:")
    assert message in head


# Overrides.


@pytest.mark.parametrize(
    ("override", "column", "message"),
    [
        ("", 7, "--set: must look like path=value"),
        ("seed", 7, "--set: must look like path=value"),
        ("seed=", 7, "--set: must look like path=value"),
        ("=5", 7, "--set: must look like path=value"),
        ("mines..count=5", 7, "--set: must look like path=value"),
        ("cuont=5", 7, "cuont: unknown key"),
        ("civilians.acident_rate=5", 7, "civilians.acident_rate: unknown key, did you mean 'accident_rate'?"),
        ("__class__=5", 7, "__class__: unknown key"),
        ("seed.__class__.x=5", 7, "--set: seed is a single value and has no key '__class__'"),
        ("mines.batery-limited.count=5", 7, "mines has no key 'batery-limited', did you mean 'battery-limited'?"),
        ("mines.batery-limited=null", 7, "mines has no key 'batery-limited', did you mean 'battery-limited'?"),
        ("clearence.teams=5", 7, "the scenario has no key 'clearence'"),
        ("extends=x.yaml", 7, "'extends' cannot be set here, write it in the file"),
        ("mines.legacy.count.x=5", 7, "--set: mines.legacy.count is a single value and has no key 'x'"),
        ("region.temperature.12=5", 7, "region.temperature is a list of 12, counted from 0; no place '12'"),
        ("region.temperature.-1=5", 7, "no place '-1'"),
        ("region.temperature.x=5", 7, "no place 'x'"),
        ("region.temperature.²=5", 7, "no place '²'"),
        ("region.temperature." + "9" * 6000 + "=5", 7, "region.temperature is a list of 12"),
        ("region.temperature.3.x=5", 7, "region.temperature.3 is a single value"),
        ("region.temperature.3=x", 28, "region.temperature.3: must be a temperature such as 9.6, got 'x'"),
        ("region.temperature.3=null", 28, "region.temperature.3: must be a temperature such as 9.6, got nothing"),
        ("mines.battery-limited.battery.failure=5", 45, "must be between 0 and 1, got 5 (did you mean 5 %?)"),
        ("horizon=10", 15, "needs a unit, for example '10 days', got 10"),
        ("horizon=1e999 days", 15, "must be a finite number"),
        ("title='a", 13, "the quotation mark opened here is never closed"),
        ("title={a", 13, "the bracket or brace opened here is never closed"),
        ("title=*a", 13, "alias '*a' names nothing"),
        ("title=!x y", 13, "tags such as '!x' are not accepted"),
        ("title=# only a comment", 1, "is empty, or has nothing but comments"),
        ("seed={a: 1, a: 2}", 12, "seed: must be a whole number, got a mapping"),
        ("seed=" + "[" * 20000, 45, f"nested more than {MAX_DEPTH} levels deep"),
        ("a." * 5000 + "b=1", 7, "a path has at most 32 keys"),
        ("x" * 50000 + "=1", 7, "unknown key"),
        ("title=" + "x" * 30000, 13, "a text of 30,000 characters, at most 20,000 are accepted"),
        ("title=\x1b[31m", 7, "--set: has an invisible control character"),
        ("\x1b[31m=1", 7, "--set: has an invisible control character"),
        ("title=two\nlines", 7, "--set: has an invisible control character"),
        ("title=\udcff", 7, "--set: has an invisible control character"),
        ('horizon="\\e[31m"', 15, "has an invisible control character"),
    ],
)
def test_a_wrong_override_is_pointed_at_in_the_argument(override, column, message):
    lines = refused(CONTRACT / "full.yaml", override)
    assert lines[0].startswith(f"command line:1:{column}: error: ")
    assert message in lines[0]
    assert lines[1].startswith("    1 | --set")
    assert shown_safely(lines)
    assert max(map(len, lines)) < 1000
