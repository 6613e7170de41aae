"""The quick part that also runs against a built wheel, where the source folder is out of reach."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

import simulator
from simulator.closed_form import expected
from simulator.experiment import Plan, run
from simulator.scenario_file import load, shipped_scenarios
from simulator.verification import verify


def minesim(*arguments, cwd):
    command = [sys.executable, "-m", "simulator", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


def test_the_package_is_the_installed_one_when_the_source_is_to_be_out_of_reach():
    source = os.environ.get("MINESIM_SOURCE")
    inside = Path(simulator.__file__).resolve()
    assert source is None or not inside.is_relative_to(Path(source).resolve())
    assert shipped_scenarios().is_dir()


def test_a_new_project_can_be_started_compared_and_run_again(tmp_path):
    assert minesim("init", "study", cwd=tmp_path).returncode == 0
    done = minesim("compare", "study/persistent.yaml", "study/treaty-limit.yaml", "-o", "out", "--replicates", "5",
                   cwd=tmp_path)  # fmt: skip
    assert done.returncode == 0, done.stderr
    written = {
        path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*") if path.is_file()
    }
    assert {"curves.csv", "differences.csv", "summary.json", "manifest.json", "figures/hazardous.svg"} <= written
    assert minesim("rerun", "out", cwd=tmp_path).returncode == 0


def test_every_shipped_scenario_is_valid_and_has_its_schema_beside_it(tmp_path):
    files = sorted(path for path in shipped_scenarios().glob("*.yaml") if path.stem != "sources")
    assert len(files) >= 6
    done = minesim("validate", *map(str, files), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (shipped_scenarios() / "scenario.schema.json").is_file()


def test_a_mistake_is_reported_at_its_place_and_nothing_is_written(tmp_path):
    (tmp_path / "bad.yaml").write_text("extends: treaty-limit.yaml\nhorizon: 10 months\n", encoding="utf-8")
    done = minesim("run", "bad.yaml", "-o", "out", cwd=tmp_path)
    assert done.returncode == 2
    assert "bad.yaml:2:10: error: horizon:" in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["bad.yaml"]


def test_the_simulation_agrees_with_the_closed_form():
    outcome = run([load(shipped_scenarios() / "treaty-limit.yaml", ["mines.battery-limited.count=2000"])], Plan(30))
    part = outcome.scenarios[0]
    assert part.ensemble is not None
    assert verify(part.ensemble, expected(part.world)).agrees
    assert np.all(part.ensemble.played.hazardous >= 0)
