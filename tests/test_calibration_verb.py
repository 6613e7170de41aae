"""``minesim calibrate`` as a user runs it: what is printed and written, that it can be run again, reported and used."""

import numpy as np
import pytest
from terminal import done, files_below, json_of, minesim, refused, rows_of

from simulator.scenario_file import load
from simulator.uncertainty import uncertain_inputs

VALLEY = """\
title: A valley after a war
start: 2003-01-01
horizon: 20 years
replicates: 20
region: {rectangle: {width: 20 km, height: 10 km}, cell: 1 km}
mines:
  old: {count: 40000, laid: 2003-01-01, ageing: {exponential: {mean: 8 years}}}
civilians:
  density: 20 per km2
  accident_rate: {value: 1e-3 per mine-year, source: assumption, note: a guess}
  reference_density: 20 per km2
  casualties_per_accident: 1.4
"""
COUNTS = (34, 29, 39, 19, 26, 17, 11, 15, 11, 12, 8, 4)
RECORD = "year,casualties,at_most\n" + "".join(f"{2003 + year},{count},\n" for year, count in enumerate(COUNTS))
RATE, PER_ACCIDENT = "civilians.accident_rate", "civilians.casualties_per_accident"
ASKED = ("calibrate", "valley.yaml", "--observed", "record.csv", "--free", RATE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("calibrate")
    (folder / "valley.yaml").write_text(VALLEY, encoding="utf-8")
    (folder / "record.csv").write_text(RECORD + "2016,6,yes\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def told(folder):
    """What a calibration of rate and casualties per accident prints; the result is in out."""
    return done(
        *ASKED, "--free", f"{PER_ACCIDENT}=1:2", "--until", "2011-12-31", "--draws", "40", "-o", "out", cwd=folder
    )


def test_sentences_come_first_then_tables_and_nothing_is_claimed_that_the_record_does_not_bear(told):
    first, *_ = told.splitlines()
    assert first == (
        "Fitted to 9 periods of record.csv, 2003-01-01 to 2011-12-31: 201 casualties, all of them taken as reported; "
        "4 later periods were left to predict."
    )
    assert (
        f"The record cannot tell {RATE} from {PER_ACCIDENT}: a higher {RATE} with a lower {PER_ACCIDENT} fits" in told
    )
    assert f"The record does not bound {PER_ACCIDENT}: all of 1 to 2 fits" in told
    assert "Of 3 predicted periods, " in told
    assert "over 3 periods: too few to tell." in told
    assert told.index("The record cannot tell") < told.index("\nnumber ") < told.index("\nperiod ")


def test_every_file_says_the_same(folder, told):
    out = folder / "out"
    summary = json_of(out / "summary.json")
    estimates = {row["parameter"]: row for row in rows_of(out / "calibration.csv")}
    assert list(estimates) == [RATE, PER_ACCIDENT, "dispersion"]
    for one in summary["estimates"]:
        assert one["estimate"] == pytest.approx(float(estimates[one["name"]]["estimate"]))
    product = float(estimates[RATE]["estimate"]) * float(estimates[PER_ACCIDENT]["estimate"])
    # 201 in nine years, of 40,000 mines that age with a mean of 8 years.
    assert product == pytest.approx(201 / (40_000 * 8 * (1 - np.exp(-9 / 8))), rel=0.3)
    rows = rows_of(out / "predictions.csv")
    assert [row["part"] for row in rows] == ["used"] * 9 + ["predicted"] * 4
    assert [row["observed"] for row in rows[:12]] == [str(count) for count in COUNTS]
    assert [row["at_most"] for row in rows] == ["no"] * 12 + ["yes"]
    assert [bool(row["log_score"]) for row in rows] == [False] * 9 + [True] * 3 + [False]
    for row in rows:
        levels = [float(row[name]) for name in ("p05", "p25", "p50", "p75", "p95")]
        assert levels == sorted(levels)
    means = summary["prediction"]["mean_log_score"]
    for column, name in (("log_score", "scenario"), ("last_value_log_score", "last value"),
                         ("log_linear_trend_log_score", "log-linear trend")):  # fmt: skip
        assert np.mean([float(row[column]) for row in rows[9:12]]) == pytest.approx(means[name])
    assert len(rows_of(out / "draws.csv")) == 40
    assert summary["posterior"]["converged"] is True
    assert {path.name for path in (out / "figures").iterdir()} == {
        f"{stem}.{kind}" for stem in ("record", "profiles") for kind in ("png", "svg")
    }


def test_the_written_scenario_stands_alone_with_draws_that_belong_together(folder, told, tmp_path):
    (tmp_path / "alone.yaml").write_bytes((folder / "out" / "calibrated.yaml").read_bytes())
    loaded = load(tmp_path / "alone.yaml")
    inputs = {one.label: one for one in uncertain_inputs(loaded)}
    assert list(inputs) == [RATE, PER_ACCIDENT]
    assert len({one.joint for one in inputs.values()}) == 1
    drawn = np.array([inputs[name].parameters for name in (RATE, PER_ACCIDENT)])
    table = np.array([[float(row[name]) for row in rows_of(folder / "out" / "draws.csv")] for name in inputs])
    assert drawn == pytest.approx(table, rel=1e-5)
    product = np.log(drawn).sum(axis=0)
    assert product.std() < 0.5 * np.log(drawn[1]).std() + 0.1
    assert [one.source for one in inputs.values()] == ["assumption"] * 2
    assert "not evidence" in inputs[RATE].note
    done("run", "alone.yaml", "--uncertain", "4", "--method", "expected", "--no-figures", "-o", "run", cwd=tmp_path)


def test_a_calibration_can_be_run_again_and_reported(folder, told):
    assert "identical: calibrated.yaml, calibration.csv, draws.csv" in done("rerun", "out", cwd=folder)
    done("report", "out", "--format", "md", "-o", "report.md", cwd=folder)
    text = (folder / "report.md").read_text(encoding="utf-8")
    assert "agree with the casualties of record.csv, and what does it leave open?" in text
    assert f"The record cannot tell {RATE} from {PER_ACCIDENT}" in text
    assert "| 2003-01-01 to 2004-01-01 |" in text.replace("  ", " ")


TEAMS = "clearance: {from: 2004-01-01, teams: 2, rate: 2000 m2 per team-day, detection: 0.99}\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "Missing option '--free'"),
        (("--free", "civilians.rate"), "'civilians.rate' is no number of the scenario that can be varied"),
        (("--free", RATE, "--observed", "recod.csv"), "recod.csv: no such file"),
        (("--free", RATE, "--observed", "valley.yaml"), "valley.yaml:1:1: error: column 'casualties' is missing"),
        (("--free", RATE, "--until", "2011"), "--until: must be a date such as 2012-12-31, got 2011"),
        (("--free", RATE, "--until", "2004-12-31"), "2 of its periods end by 2004-12-31, and at least 3 are needed"),
        (("--free", RATE, "--until", "2020-01-01"), "no period is left to predict: the last ends on 2016-12-31"),
        (("--free", RATE, "--reporting", "2"), "--reporting: must be above 0 and at most 1, got 2"),
        (("--free", RATE, "--confidence", "10%"), "--confidence: must be from 50% to 99.99%, got 0.1"),
        (("--free", RATE, "--draws", "5"), "'--draws': must be a whole number from 20 to 1000, got 5"),
        (("--free", RATE, "--set", "start=2005-01-01", "--set", "mines.old.laid=2005-01-01"),
         "record.csv:2:1: error: year: begins on 2003-01-01, before the start of the scenario, 2005-01-01"),
        (("--free", RATE, "--set", "horizon=5 years"), "record.csv:7:1: error: year: ends on 2008-12-31, after the"),
        (("--free", RATE, "--set", "mines.old.laid=2005-01-01"), "expects no casualties at all from 2003-01-01 to"),
    ],
)  # fmt: skip
def test_what_cannot_be_calibrated_is_refused_with_a_way_out(folder, told, arguments, says):
    assert says in refused("calibrate", "valley.yaml", "--observed", "record.csv", *arguments, cwd=folder)


def test_a_scenario_without_a_closed_form_is_refused_at_the_place_of_the_reason(tmp_path):
    (tmp_path / "teams.yaml").write_text(VALLEY + TEAMS, encoding="utf-8")
    (tmp_path / "record.csv").write_text(RECORD, encoding="utf-8")
    said = refused("calibrate", "teams.yaml", "--observed", "record.csv", "--free", RATE, cwd=tmp_path)
    assert said.startswith("teams.yaml:13:1: error: clearance: has no closed form: teams choose cells as they go; only")


def test_a_record_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "valley.yaml").write_text(VALLEY, encoding="utf-8")
    (tmp_path / "record.csv").write_bytes(b"\xff\xfe\x00y")
    before = files_below(tmp_path)
    process = minesim(*ASKED, cwd=tmp_path)
    assert process.returncode == 2
    assert "record.csv: is not UTF-8 text" in process.stderr
    assert files_below(tmp_path) == before
