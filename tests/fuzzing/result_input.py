"""Results that someone has changed since: a folder as it was written, then edited, and read for a report or a rerun."""

import csv
import io
import json
import tempfile
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from pathlib import Path
from random import Random
from shutil import copytree, rmtree
from typing import Any

from explored import written
from fuzzing import vocabulary
from fuzzing.judging import check, judge_words, judged

from simulator import report_checks
from simulator.cli import cli
from simulator.commands import run_again
from simulator.manifest import Manifest, changes, computation_digest, plan_of, read_manifest, scenario_of, sha256
from simulator.report import report_of
from simulator.report_html import page
from simulator.report_markdown import document

RESIGNED = "resigned"
_KINDS = ("run", "compare", "sweep", "breakeven", "attribute", "sensitivity", "calibrate")
_VARIED = """\
extends: short.yaml
civilians:
  accident_rate:
    value: 0.02 per mine-year
    source: assumption
    note: "a round number"
    uncertainty: {loguniform: [0.01 per mine-year, 0.03 per mine-year]}
"""
_RECORD = "year,casualties\n2025,7\n2026,5\n2027,6\n"
_MOST_EDITS = 8
_WORLDS = 2
_MOST_MINES, _MOST_WORLDS = 5_000, 8
_JSON = ("manifest.json", "summary.json")


def result(data: bytes) -> None:
    """Change a result and make a report of it: the first line names the result, the others each an edit.

    An edit is ``FILE PLACE = VALUE``: a dotted path of a JSON file, line and column of a CSV file, or ``*`` for the
    whole content. After ``resigned`` the sums of the manifest are made to fit, as by someone who knows how.
    """
    text = data.decode("utf-8", "replace")
    first, *lines = text.split("\n")
    kind = next((one for one in _KINDS if one in first), _KINDS[0])
    # The check of a report plays up to 100 worlds, which has nothing to do with what was changed.
    report_checks._MOST_WORLDS = report_checks._FEWEST_WORLDS = _WORLDS
    folder = copytree(_written(kind), Path(tempfile.mkdtemp(prefix="minesim-fuzz-")) / "result")
    try:
        for line in lines[:_MOST_EDITS]:
            _edit(folder, line)
        if RESIGNED in first:
            _sign(folder)
        shown = text + "".join(_content(folder, name) for name in _JSON)
        report = judged(shown, lambda: report_of(folder))
        if report is not None:
            for sentence in (*report.answer, *report.caveats, *report.changers):
                judge_words(sentence)
            check("<script" not in page(report), "a script in a report")
            judge_words(document(report, {}).replace("\n", " ")[:1000])
        judged(shown, lambda: _rerun(folder))
    finally:
        rmtree(folder.parent, ignore_errors=True)


def seeds() -> list[bytes]:
    """Results as they are, and small edits of every kind, with the sums left as they were or made to fit."""
    edits = [
        "", "manifest.json seed = 7", "manifest.json scenarios.0.tree.seed = 7", "manifest.json format = 2",
        "manifest.json options.replicates = -1", 'manifest.json scenarios.0.tree.title = "<script>alert(1)</script>"',
        "manifest.json outputs.curves.csv = null", 'manifest.json outputs = {"../../x": "0"}', "summary.json * = {}",
        "summary.json scenarios = []", "summary.json precision = null", "curves.csv 3 5 = abc", "curves.csv * = x",
        "curves.csv 2 5 = 1e999", "manifest.json * = []", "manifest.json figures = {}", "worlds.csv 2 2 = -1",
        "manifest.json study = {\"verb\": \"sweep\", \"arguments\": {}}", "manifest.json versions = {}",
        "summary.json scenarios.treaty-limit.metrics = {}", "differences.csv 1 1 = x", "sweep.csv 2 1 = nan",
    ]  # fmt: skip
    signed = [
        f"{kind} {RESIGNED}\n{edit}" for kind in _KINDS for edit in edits if kind == "compare" or "summary" in edit
    ]
    return [text.encode() for text in (*_KINDS, *signed, *(f"run\n{edit}" for edit in edits[1:10]))]


def changed(rng: Random, data: bytes) -> bytes:
    """The edits of a result with one more, one less, or one changed; of another result, or signed anew."""
    first, *lines = data.decode("utf-8", "replace").split("\n")
    match rng.randrange(6):
        case 0:
            first = rng.choice(_KINDS) + rng.choice(["", f" {RESIGNED}", f" {RESIGNED}"])
        case 1 if lines:
            del lines[rng.randrange(len(lines))]
        case _:
            kind = next((one for one in _KINDS if one in first), _KINDS[0])
            lines.append(_new_edit(rng, kind))
    return "\n".join([first, *lines[-_MOST_EDITS:]]).encode("utf-8", "replace")


@cache
def _written(kind: str) -> Path:
    """A small result as its verb writes it, without figures."""
    home = written(Path(tempfile.mkdtemp(prefix="minesim-fuzz-")))
    short, lasting, out = (str(home / name) for name in ("short.yaml", "lasting.yaml", "result"))
    scenarios, more = {
        "run": ([short], []),
        "compare": ([lasting, short], []),
        "sweep": (
            [short],
            ["--against", lasting, "--vary", "civilians.accident_rate=0.01 per mine-year,0.02 per mine-year"],
        ),
        "breakeven": ([lasting, short], ["--vary", "mines.short.count=1e2:1e4", "--method", "expected"]),
        "attribute": ([lasting, short], []),
        "sensitivity": ([str(home / "varied.yaml")], ["-n", "8"]),
        "calibrate": (
            [lasting],
            ["--observed", str(home / "record.csv"), "--free", "civilians.accident_rate", "--draws", "20"],
        ),
    }[kind]
    for name, text in (("record.csv", _RECORD), ("varied.yaml", _VARIED)):
        (home / name).write_text(text, encoding="utf-8")
    days = "1200" if kind == "calibrate" else "200"
    small = ["--set", "region.cell=4 km", "--set", f"horizon={days} days", "--quiet", "--no-figures"]
    played = [] if kind in {"attribute", "calibrate"} else ["--replicates", "4"]
    cli.main([kind, *scenarios, *more, *small, *played, "-o", out], standalone_mode=False)
    return home / "result"


@cache
def _sound(kind: str, name: str) -> str:
    return _content(_written(kind), name)


def _content(folder: Path, name: str) -> str:
    path = folder / name
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def _edit(folder: Path, line: str) -> None:
    where, equals, value = line.partition(" = ")
    name, _, place = where.partition(" ")
    path = folder / name
    if not equals or name not in {one.name for one in folder.iterdir() if one.is_file()}:
        return
    text = _content(folder, name)
    if place == "*":
        text = value
    elif name.endswith(".csv"):
        text = _with_cell(text, place, value)
    else:
        text = _with_value(text, place, value)
    path.write_bytes(text.encode("utf-8", "surrogatepass"))


def _with_cell(text: str, place: str, value: str) -> str:
    rows = [line.split(",") for line in text.split("\n")]
    numbers = [int(one) for one in place.split(" ") if one.isdecimal() and len(one) < 7]
    if len(numbers) == 2:
        row = rows[numbers[0] % len(rows)]
        row[numbers[1] % len(row)] = value
    return "\n".join(map(",".join, rows))


def _with_value(text: str, place: str, value: str) -> str:
    try:
        tree = json.loads(text)
        new = json.loads(value)
    except ValueError:
        return text
    here, keys = tree, place.split(".")
    while len(keys) > 1:
        # A name may have dots in it.
        size = next((size for size in range(len(keys) - 1, 0, -1) if _at(here, ".".join(keys[:size])) is not None), 0)
        if not size:
            break
        here, keys = _at(here, ".".join(keys[:size])), keys[size:]
    if isinstance(here, dict):
        here[".".join(keys)] = new
    elif isinstance(here, list) and keys[0].isdecimal() and len(keys[0]) < 7 and here:
        here[int(keys[0]) % len(here)] = new
    return json.dumps(tree, indent=1, ensure_ascii=False)


def _at(tree: Any, key: str) -> Any:
    if isinstance(tree, list):
        return tree[int(key)] if key.isdecimal() and len(key) < 7 and int(key) < len(tree) else None
    return tree.get(key) if isinstance(tree, Mapping) else None


def _sign(folder: Path) -> None:
    """Make the sums in a manifest fit, as far as it can be read."""
    path = folder / "manifest.json"
    try:
        tree = json.loads(path.read_bytes())
        for name in list(tree["outputs"]):
            tree["outputs"][name] = sha256((folder / name).read_bytes())
        manifest = Manifest.model_validate_json(json.dumps(tree))
        loaded = [scenario_of(entry) for entry in manifest.scenarios]
        for entry, one in zip(tree["scenarios"], loaded, strict=True):
            entry["sha256"] = one.digest
        tree["seed"] = loaded[0].scenario.seed
        if manifest.study is None:
            tree["digest"] = computation_digest(loaded, plan_of(manifest, 1))
    except Exception:
        return
    path.write_text(json.dumps(tree, indent=1, ensure_ascii=False), encoding="utf-8", errors="replace")


def _rerun(folder: Path) -> None:
    """Run it again, where that is as small as what was written; else only read what a rerun reads."""
    manifest = read_manifest(folder)
    loaded = [scenario_of(entry) for entry in manifest.scenarios]
    sizes = [kind.count for one in loaded for kind in one.scenario.mines.values()]
    options = manifest.options
    is_small = sum(sizes) <= _MOST_MINES and options.replicates <= _MOST_WORLDS and not options.uncertain
    if is_small and manifest.digest != read_manifest(_written(_kind(manifest))).digest:
        said = io.StringIO()
        with redirect_stdout(said), redirect_stderr(said):
            run_again(folder, 1, quiet=True)
        judge_words(said.getvalue())
    else:
        list(changes(manifest, loaded))
        plan_of(manifest, 1)


def _kind(manifest: Manifest) -> str:
    if manifest.study is not None:
        return manifest.study.verb if manifest.study.verb in _KINDS else _KINDS[0]
    return "compare" if len(manifest.scenarios) > 1 else "run"


def _new_edit(rng: Random, kind: str) -> str:
    names = [path.name for path in _written(kind).iterdir() if path.suffix in {".json", ".csv"}]
    name = rng.choice([*sorted(names), *_JSON])
    if name.endswith(".csv"):
        rows = list(csv.reader(io.StringIO(_sound(kind, name))))
        row = rng.randrange(len(rows))
        value = rng.choice(
            [str(vocabulary.number(rng)), "", "nan", "-inf", "x", vocabulary.as_text(vocabulary.value(rng))]
        )
        return f"{name} {row} {rng.randrange(len(rows[row]) or 1)} = {value}".replace("\n", " ")
    paths = _paths(json.loads(_sound(kind, name)), "")
    value = rng.choice([vocabulary.value(rng), vocabulary.number(rng), None, [], {}, "", -1, 0])
    return f"{name} {rng.choice(paths)} = {json.dumps(value, ensure_ascii=False)}"


def _paths(tree: Any, before: str) -> list[str]:
    below = tree.items() if isinstance(tree, Mapping) else enumerate(tree) if isinstance(tree, list) else ()
    return [path for key, child in below for path in (f"{before}{key}", *_paths(child, f"{before}{key}."))]
