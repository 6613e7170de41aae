"""The Python API gives what the command line gives: the same numbers, the same files, the same mistakes explained."""

import csv
import subprocess
import sys

import numpy as np
import pytest
from terminal import done, environment, files_below, json_of, rows_of, written_scenarios

import simulator as minesim
from simulator import api_frames
from simulator.ensemble import QUANTITIES
from simulator.metrics import metrics

FAILURE = "mines.short.battery.failure"
UNCERTAIN = {"value": "1 %", "uncertainty": {"uniform": [0.001, 0.1]}, "source": "assumption", "note": "for a test"}
TEXTS = {"scenario", "reference", "date", "mines", "quantity", "kind", "metric"}
NOT_COMPARED = {"manifest.json", "points.sqlite"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return written_scenarios(tmp_path_factory.mktemp("api"))


@pytest.fixture(scope="module")
def comparison(folder):
    return minesim.compare(folder / "reference.yaml", folder / "small.yaml")


@pytest.fixture(scope="module")
def on_the_command_line(folder):
    done("compare", "reference.yaml", "small.yaml", "-o", "compared", "--quiet", "--no-figures", cwd=folder)
    return folder / "compared"


@pytest.fixture(scope="module")
def swept(folder):
    return minesim.sweep(folder / "small.yaml", {FAILURE: [0.01, 0.05, "50 %"]}, against=folder / "reference.yaml")


def data_of(folder):
    """The files of a result by name, but for those that tell when and how it was computed."""
    return {
        name: content
        for name, content in files_below(folder).items()
        if content is not None and name not in NOT_COMPARED
    }


def assert_same_table(frame, path):
    """The columns, rows and numbers of a data file, to the last digit."""
    rows = rows_of(path)
    assert list(frame.columns) == list(rows[0])
    assert len(frame) == len(rows)
    for name in frame.columns:
        cells = [row[name] for row in rows]
        if name in TEXTS:
            assert frame[name].tolist() == cells
        else:
            np.testing.assert_array_equal(frame[name], [float(cell) if cell else np.nan for cell in cells])


def test_a_saved_comparison_is_byte_for_byte_that_of_the_command_line(comparison, on_the_command_line, tmp_path):
    written = comparison.save(tmp_path / "saved", figures=False)
    assert data_of(written) == data_of(on_the_command_line)
    assert {"curves.csv", "differences.csv", "summary.json"} <= set(data_of(written))
    mine, its = json_of(written / "manifest.json"), json_of(on_the_command_line / "manifest.json")
    assert mine["digest"] == its["digest"]
    assert mine["outputs"] == its["outputs"]


def test_a_saved_run_with_another_seed_is_that_of_the_command_line_and_can_be_run_again(folder, tmp_path):
    done("run", "small.yaml", "--seed", "5", "--replicates", "4", "-o", "seeded", "--quiet", "--no-figures", cwd=folder)
    run = minesim.run(folder / "small.yaml", seed=5, replicates=4)
    written = run.save(tmp_path / "saved", figures=False)
    assert data_of(written) == data_of(folder / "seeded")
    assert json_of(written / "manifest.json")["digest"] == json_of(folder / "seeded" / "manifest.json")["digest"]
    assert "identical" in done("rerun", "saved", cwd=tmp_path)
    other = minesim.run(folder / "small.yaml", seed=6, replicates=4)
    assert other.to_dataframe().to_csv() != run.to_dataframe().to_csv()


def test_a_saved_run_under_uncertain_inputs_is_that_of_the_command_line(folder, tmp_path):
    text = "{value: 1 %, uncertainty: {uniform: [0.001, 0.1]}, source: assumption, note: for a test}"
    done(
        "run", "small.yaml", "--set", f"{FAILURE}={text}", "--uncertain", "4", "--replicates", "3", "-o", "varied",
        "--quiet", "--no-figures", cwd=folder,
    )  # fmt: skip
    run = minesim.run(minesim.load(folder / "small.yaml", {FAILURE: UNCERTAIN}), uncertain=4, replicates=3)
    written = run.save(tmp_path / "saved", figures=False)
    assert data_of(written) == data_of(folder / "varied")
    reading = run.metrics["casualties"]
    entry = json_of(written / "summary.json")["scenarios"]["small"]["metrics"]["casualties"]
    assert reading.knowledge.p95 == pytest.approx(entry["knowledge"]["p95"], rel=1e-11)
    assert reading.both.p95 == pytest.approx(entry["both"]["p95"], rel=1e-11)
    kinds = run.to_xarray()["kind"].values.tolist()
    assert kinds == ["chance", "knowledge", "both"]
    curves = [run.curve("casualties", kind=kind).p95[-1] for kind in kinds]
    assert curves == [run.to_xarray()["p95"].sel(kind=kind, mines="all", quantity="casualties").values[0, -1]
                      for kind in kinds]  # fmt: skip


def test_a_saved_sweep_is_that_of_the_command_line_and_can_be_run_again(folder, swept, tmp_path):
    varied = f"{FAILURE}=0.01,0.05,50 %"
    done("sweep", "small.yaml", "--against", "reference.yaml", "--vary", varied, "-o", "swept", "--quiet", cwd=folder)
    written = swept.save(tmp_path / "saved")
    assert data_of(written) == data_of(folder / "swept")
    assert "figures/family.png" in data_of(written)
    mine, its = json_of(written / "manifest.json"), json_of(folder / "swept" / "manifest.json")
    assert [mine[key] for key in ("digest", "study", "figures")] == [its[key] for key in ("digest", "study", "figures")]
    for which in ("sweep", "differences", "curves"):
        assert_same_table(swept.to_dataframe(which), folder / "swept" / f"{which}.csv")
    assert "identical" in done("rerun", "saved", cwd=tmp_path)


def test_data_frames_are_the_data_files(comparison, on_the_command_line):
    for which in ("curves", "differences", "worlds"):
        assert_same_table(comparison.to_dataframe(which), on_the_command_line / f"{which}.csv")


def test_a_data_frame_that_was_tampered_with_is_noticed(comparison, on_the_command_line):
    frame = comparison.to_dataframe()
    frame.loc[7, "mean"] *= 1 + 1e-12
    with pytest.raises(AssertionError):
        assert_same_table(frame, on_the_command_line / "curves.csv")


def test_the_frame_of_metrics_and_the_readings_say_what_the_summary_says(comparison, on_the_command_line):
    frame = comparison.to_dataframe("metrics").set_index(["scenario", "metric"])
    summary = json_of(on_the_command_line / "summary.json")["scenarios"]
    assert len(frame) == sum(len(part["metrics"]) for part in summary.values())
    for scenario, part in summary.items():
        for name, entry in part["metrics"].items():
            row, reading = frame.loc[scenario, name], comparison.metrics[scenario][name]
            assert (row["label"], row["unit"], row["sentence"]) == (entry["label"], entry["unit"], entry["sentence"])
            assert (reading.label, reading.unit, reading.sentence) == (
                entry["label"], entry["unit"], entry["sentence"]
            )  # fmt: skip
            for field in ("mean", "standard_error", "p05", "p50", "p95"):
                if entry[field] is None:
                    assert np.isnan(row[field])
                    assert not np.isfinite(getattr(reading, field))
                else:
                    assert row[field] == entry[field]
                    assert getattr(reading, field) == pytest.approx(entry[field], rel=1e-11, abs=1e-300)
            assert (reading.upper_bound is None) == ("upper_bound_95" not in entry)


def test_where_no_world_showed_any_a_reading_has_an_upper_bound(folder):
    reading = minesim.run(folder / "nothing.yaml").metrics["casualties"]
    assert reading.p95 == 0
    assert reading.upper_bound > 0
    assert "fewer than" in reading.sentence


def test_differences_are_those_of_the_summary(comparison, on_the_command_line):
    (entry,) = json_of(on_the_command_line / "summary.json")["comparisons"]
    assert list(comparison.differences) == [entry["scenario"]]
    found = comparison.differences[entry["scenario"]]
    assert list(found) == list(entry["differences"])
    for name, its in entry["differences"].items():
        assert found[name].difference == pytest.approx(its["difference"], rel=1e-11, abs=1e-300)


def test_a_dataset_holds_every_number_of_the_curves_and_no_other(comparison):
    dataset, frame = comparison.to_xarray(), comparison.to_dataframe()
    assert dataset["mean"].dims == ("scenario", "mines", "quantity", "time")
    assert dataset["time"].attrs["units"] == "days"
    columns = {"scenario": "scenario", "mines": "mines", "quantity": "quantity", "time": "time_days"}
    known = [{f"{value:.12g}" if dim == "time" else value: place for place, value in enumerate(dataset[dim].values)}
             for dim in columns]  # fmt: skip
    keys = [[f"{key:.12g}" if name == "time_days" else key for key in frame[name]] for name in columns.values()]
    places = tuple([there[key] for key in column] for there, column in zip(known, keys, strict=True))
    for name in ("mean", "standard_error", "p05", "p50", "p95"):
        found = dataset[name].values[places]
        np.testing.assert_allclose(found, frame[name], rtol=1e-11, atol=1e-300)
        assert np.isfinite(dataset[name].values).sum() == np.isfinite(frame[name]).sum()
    assert dataset["unit"].sel(quantity="denied_km2") == "km2"


def test_a_dataset_survives_a_file(comparison, tmp_path):
    xarray = pytest.importorskip("xarray")
    dataset = comparison.to_xarray()
    dataset.to_netcdf(tmp_path / "curves.nc", engine="h5netcdf")
    with xarray.open_dataset(tmp_path / "curves.nc", engine="h5netcdf", decode_timedelta=False) as back:
        np.testing.assert_array_equal(back["mean"].values, dataset["mean"].values)


def test_every_quantity_has_a_unit():
    assert set(api_frames.UNITS) == set(QUANTITIES)


def test_every_metric_of_a_result_has_a_reading(comparison):
    for part, found in zip(comparison.outcome.scenarios, comparison.metrics.values(), strict=True):
        assert list(found) == [metric.name for metric in metrics(part.world)]


def test_curves_cannot_be_changed(comparison):
    curve = comparison.curve("hazardous", scenario="small")
    assert curve.unit == "mines"
    assert curve.mean.shape == curve.times.shape == curve.p95.shape
    with pytest.raises(ValueError, match="read-only"):
        curve.mean[0] = 1.0


def test_sentences_are_those_the_command_line_prints(folder, comparison):
    printed = done("compare", "reference.yaml", "small.yaml", "-o", "printed", "--no-figures", cwd=folder)
    assert "\n".join(comparison.sentences) in printed
    assert repr(comparison) == "\n".join(comparison.sentences)


def test_expected_values_come_without_chance(folder):
    exact = minesim.expected(folder / "reference.yaml", folder / "small.yaml")
    assert exact.outcome.replicates == 0
    assert all(
        reading.standard_error == 0 or name.startswith("days_until")
        for one in exact.metrics.values()
        for name, reading in one.items()
    )
    done("run", "small.yaml", "--method", "expected", "-o", "exact", "--quiet", "--no-figures", cwd=folder)
    assert_same_table(minesim.expected(folder / "small.yaml").to_dataframe(), folder / "exact" / "curves.csv")


def test_simulation_and_closed_form_agree_and_a_neighbour_does_not():
    check = minesim.verify("treaty-limit", replicates=10)
    assert check.agrees
    assert len(check.to_dataframe()) == len(check.verdict.checks)
    assert "agree" in repr(check)
    assert minesim.verify("district-battery-limited", replicates=3).against == "the count-based engine"


def test_what_has_no_closed_form_is_refused_with_the_reason():
    with pytest.raises(minesim.InputError, match="clearance: has no closed form: teams choose cells") as caught:
        minesim.expected("district")
    assert "--method" not in str(caught.value)


def test_shipped_scenarios_go_by_name_wherever_one_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert minesim.load("treaty-limit").name == "treaty-limit"
    assert "treaty-limit" in minesim.shipped()
    assert "sources" not in minesim.shipped()
    for name in minesim.shipped():
        assert minesim.load(name).title
    # A file of that name goes before the shipped scenario.
    written_scenarios(tmp_path)
    (tmp_path / "treaty-limit").write_text((tmp_path / "small.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    assert minesim.load("treaty-limit").title == "Two kinds of mines in a small valley"


def test_a_misspelt_name_is_met_with_the_right_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(minesim.InputError, match=r"no such file, did you mean '.*treaty-limit\.yaml'"):
        minesim.load("treaty-limt")


def test_settings_are_those_of_the_command_line(folder):
    texts = minesim.load(folder / "small.yaml", {FAILURE: "5 %", "mines.old.count": 7, "mines.old.ageing": "never"})
    assert texts.loaded.scenario.mines["short"].battery.failure == pytest.approx(0.05)
    assert texts.loaded.scenario.mines["old"].count == 7
    without = minesim.load(folder / "small.yaml", {"mines.old": None})
    assert list(without.loaded.scenario.mines) == ["short"]
    number = minesim.load(folder / "small.yaml", {FAILURE: np.float64(0.25)})
    assert number.loaded.scenario.mines["short"].battery.failure == 0.25


def test_a_wrong_setting_is_shown_at_its_place(folder):
    with pytest.raises(minesim.InputError) as caught:
        minesim.load(folder / "small.yaml", {FAILURE: 12})
    first, line, caret = str(caught.value).split("\n")
    assert first.startswith(f"settings:1:{len(FAILURE) + 2}: error: {FAILURE}: must be between 0 and 1, got 12")
    assert line.endswith(f"{FAILURE}=12")
    assert caret.index("^") == line.index("12")


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda _: minesim.run("treaty-limit", replicates=1), "replicates: must be a whole number from 2"),
        (lambda _: minesim.run("treaty-limit", seed=1.5), "seed: must be a whole number"),
        (lambda _: minesim.run("treaty-limit", workers=0), "workers: must be a whole number from 1 to 256"),
        (lambda _: minesim.run("treaty-limit", uncertain=1), "uncertain: must be a whole number from 2"),
        (lambda _: minesim.compare("treaty-limit"), "give at least one scenario to compare"),
        (lambda _: minesim.sweep("treaty-limit", {"mines.x.count": [1, 2]}), "no mine class 'x'"),
        (lambda _: minesim.sweep("treaty-limit", {}, method="exact"), "method: must be simulate or expected"),
        (lambda _: minesim.load("treaty-limit", {"seed": object()}), "settings: values are texts"),
        (lambda _: minesim.load(minesim.load("treaty-limit"), {"seed": 1}), "load the scenario again"),
        (lambda found: found.curve("hazardous"), "say of which scenario: reference, small"),
        (lambda found: found.curve("hazrdous", scenario="small"), "did you mean 'hazardous'"),
        (lambda found: found.curve("hazardous", "new", scenario="small"), "no class of mines 'new'"),
        (lambda found: found.curve("hazardous", scenario="small", kind="both"), "there is chance"),
        (lambda found: found.figure("hazrdous"), "no figure 'hazrdous' of this result, did you mean 'hazardous'"),
        (lambda found: found.to_dataframe("sweep"), "there is curves, metrics, differences, worlds"),
        (lambda _: minesim.slider("treaty-limit", {}), "a slider varies one number, got 0"),
    ],
)
def test_a_mistake_is_explained_in_the_words_of_python(ask, says, comparison):
    with pytest.raises(minesim.InputError, match=r"^error: |^vary:|^settings:") as caught:
        ask(comparison)
    assert says in str(caught.value)
    assert "--" not in str(caught.value)


def test_a_notebook_shows_a_mistake_without_a_traceback():
    with pytest.raises(minesim.InputError) as caught:
        minesim.run("treaty-limit", replicates=1)
    assert caught.value._render_traceback_() == str(caught.value).split("\n")


def test_a_result_is_not_lost_to_another(comparison, folder, tmp_path):
    comparison.save(tmp_path / "kept", figures=False)
    run = minesim.run(folder / "small.yaml")
    with pytest.raises(minesim.InputError, match=r"holds another result.*force=True"):
        run.save(tmp_path / "kept", figures=False)
    run.save(tmp_path / "kept", force=True, figures=False)
    assert rows_of(tmp_path / "kept" / "curves.csv")[0]["scenario"] == "small"
    assert list(tmp_path.iterdir()) == [tmp_path / "kept"]


def test_what_is_shown_is_escaped(folder):
    title = "<script>alert(1)</script> & more"
    scenario = minesim.load(folder / "small.yaml", {"title": title, "question": title})
    shown = scenario._repr_html_() + minesim.run(scenario, replicates=2)._repr_html_()
    assert "<script" not in shown
    assert shown.count("&lt;script&gt;alert(1)&lt;/script&gt; &amp; more") == 3


def test_a_scenario_shows_its_mines_and_its_assumptions():
    shown = minesim.load("treaty-limit")._repr_html_()
    for said in ("Battery-limited mines at the treaty limits", "10,000", "which fails in 10 %", "are assumptions"):
        assert said in shown
    assert shown.index("civilians.accident_rate") < shown.index("mines.battery-limited.self_destruct.failure")


def test_a_result_shows_its_sentences_and_every_metric(comparison):
    shown = comparison._repr_html_()
    for sentence in comparison.sentences:
        assert sentence in shown
    assert shown.count("<tr>") == 1 + max(len(found) for found in comparison.metrics.values())


def test_a_figure_is_shown_the_same_each_time(comparison):
    (data, look), again = comparison.figure("hazardous")._repr_mimebundle_(), comparison.figure("hazardous")
    assert data["image/png"].startswith(b"\x89PNG")
    assert data["image/png"] == again.png
    assert look["image/png"]["width"] > 0
    assert comparison.figure("states").png != again.png


def test_a_sweep_shows_what_failed():
    swept = minesim.sweep("treaty-limit", {"mines.battery-limited.count": "1e4:1e5:3:log"}, method="expected")
    assert swept.sentences
    assert swept.failures == ()
    assert all(sentence in swept._repr_html_() for sentence in swept.sentences)
    assert swept.figure().png == swept.figure("family").png


def test_a_slider_moves_its_figure_and_its_answer():
    pytest.importorskip("ipywidgets")
    path = "mines.battery-limited.self_destruct.failure"
    slider = minesim.slider("treaty-limit", {path: "0:50 %:6"}, against="persistent")
    assert slider.control.label == "10 %"
    before = bytes(slider.picture.value), slider.words.value
    # What the page sends when the handle is moved.
    slider.control.set_state({"index": 5})
    assert slider.control.label == "50 %"
    assert bytes(slider.picture.value) != before[0]
    half = minesim.load("treaty-limit", {path: 0.5})
    exact = minesim.expected("persistent", half)
    assert all(sentence in slider.words.value for sentence in exact.sentences)
    assert bytes(slider.picture.value) == exact.figure("hazardous").png
    slider.control.set_state({"index": 1})
    assert (bytes(slider.picture.value), slider.words.value) == before


@pytest.mark.parametrize(("library", "extra"), [("pandas", "data"), ("xarray", "data"), ("ipywidgets", "notebooks")])
def test_a_missing_library_is_named_with_the_way_to_get_it(library, extra, comparison, monkeypatch):
    monkeypatch.setitem(sys.modules, library, None)
    asked = {
        "pandas": comparison.to_dataframe,
        "xarray": comparison.to_xarray,
        "ipywidgets": lambda: minesim.slider("treaty-limit", {"mines.battery-limited.count": [1, 2]}),
    }
    with pytest.raises(ImportError, match=rf'pip install "minesim\[{extra}\]"'):
        asked[library]()


def test_importing_the_package_loads_nothing_and_names_everything():
    code = (
        "import sys; import simulator as minesim; names = dir(minesim); loaded = set(sys.modules);"
        "assert {'load', 'run', 'compare', 'sweep', 'expected'} <= set(names), names;"
        "assert not loaded & {'numpy', 'pydantic', 'simulator.api', 'click'}, loaded;"
        "import simulator.sweep_grid, simulator.closed_form;"
        "from simulator.sweep_grid import Grid; from simulator import sweep;"
        "assert minesim.sweep is sweep and callable(sweep) and callable(minesim.expected);"
        "assert not {'pandas', 'xarray', 'matplotlib', 'ipywidgets'} & set(sys.modules)"
    )
    process = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=False
    )
    assert process.stderr == ""
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = minesim.nothing


@pytest.mark.slow
def test_workers_change_nothing(folder, comparison):
    two = minesim.compare(folder / "reference.yaml", folder / "small.yaml", workers=2)
    first, second = (list(csv.reader(one.to_dataframe().to_csv().splitlines())) for one in (comparison, two))
    assert first == second
