"""The explorer's server: its numbers are those of the closed form, and it answers nobody but its own page."""

import json
import shutil
import time
from urllib.parse import urlencode

import numpy as np
import pytest
from explored import Client, computed, numbers_at, same_line, written
from hypothesis import given, settings
from hypothesis import strategies as st
from terminal import done, files_below, refused, rows_of

from simulator.explorer_axes import along, along_time, number_axis, number_ticks, time_ticks
from simulator.explorer_controls import controls_of, position, typed
from simulator.explorer_download import file_name, scenario_text
from simulator.explorer_guard import HEADERS
from simulator.explorer_picture import LINES
from simulator.explorer_server import ASSETS, PAGE, application
from simulator.explorer_serving import explorer_of
from simulator.project import load_together
from simulator.scenario_file import load, shipped_scenarios
from simulator.variation import AS_IT_STANDS, varied
from simulator.yaml_reader import parse_yaml, plain

PORT = 8765
OWN = f"http://127.0.0.1:{PORT}"
F1 = "mines.short.self_destruct.failure"
COUNT = "mines.short.count"
RATE = "civilians.accident_rate"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return written(tmp_path_factory.mktemp("explored"))


def opened(*files):
    explorer = explorer_of(load_together([*files], []))
    return Client(application(explorer, PORT), OWN)


@pytest.fixture(scope="module")
def client(folder):
    return opened(folder / "lasting.yaml", folder / "short.yaml")


def asked_for(client, settings):
    response = client.get("/picture.json", params=settings)
    assert response.status_code == 200, response.text
    return response.json()


def line_of(drawn, quantity, name):
    panel = next(panel for panel in drawn["panels"] if panel["name"] == quantity)
    return panel, next(line for line in panel["lines"] if line["name"] == name)


def assert_lines_are_computed(drawn, name, file, *overrides):
    times, curves = computed(file, *overrides)
    for quantity, values in curves.items():
        panel, line = line_of(drawn, quantity, name)
        assert same_line(panel["axis"], panel["horizon_days"], line["parts"], times, values, 1e-5), quantity


SETTINGS = [
    {},
    {F1: "20 %"},
    {F1: "0", "mines.short.battery.life.weibull.shape": "1.5"},
    {COUNT: "50000", "mines.short.common_cause": "0.4", RATE: "0.1 per mine-year"},
    {F1: "100 %", "mines.short.battery.failure": "6 per million", "mines.short.battery.life.weibull.scale": "9 weeks"},
]


@pytest.mark.parametrize("scale", ["log", "even"])
@pytest.mark.parametrize("changes", SETTINGS, ids=str)
def test_the_lines_are_those_that_the_closed_form_computes(client, folder, changes, scale):
    drawn = asked_for(client, {**changes, "scale": scale})
    overrides = [f"{path}={text}" for path, text in changes.items()]
    assert_lines_are_computed(drawn, "short", folder / "short.yaml", *overrides)
    both = [one for one in overrides if one.startswith("civilians")]
    assert_lines_are_computed(drawn, "lasting", folder / "lasting.yaml", *both)


def test_the_same_test_rejects_a_battery_that_lasts_a_tenth_longer(client, folder):
    drawn = asked_for(client, {})
    times, curves = computed(folder / "short.yaml", "mines.short.battery.life.weibull.scale=90 days")
    panel, line = line_of(drawn, "hazardous", "short")
    assert not same_line(panel["axis"], panel["horizon_days"], line["parts"], times, curves["hazardous"], 1e-5)


def test_a_log_line_ends_at_the_bottom_where_the_curve_falls_below_it(client):
    panel, line = line_of(asked_for(client, {"mines.short.battery.failure": "0"}), "hazardous", "short")
    assert line["parts"][-1][-1][1] == 0.0
    assert line["parts"][-1][-1][0] < 1.0
    assert line["end"].startswith("fewer than 0.001")
    assert panel["axis"]["log"]


def test_a_log_line_that_rises_from_nothing_begins_where_the_curve_passes_the_bottom(client, folder):
    panel, line = line_of(asked_for(client, {COUNT: "50000"}), "casualties", "short")
    times, curves = computed(folder / "short.yaml", f"{COUNT}=50000")
    first, second = line["parts"][0][:2]
    assert first[1] == 0.0
    passes = np.interp(panel["axis"]["low"], curves["casualties"][:3], times[:3])
    assert first[0] == pytest.approx(float(along_time(np.array([passes]), panel["horizon_days"])[0]), abs=1e-5)
    assert numbers_at(panel["axis"], second[1]) == pytest.approx(curves["casualties"][1], rel=1e-4)


def test_break_even_is_where_the_casualties_are_equal(client, folder):
    sentence = next(text for text in asked_for(client, {})["even"] if text.startswith("Number of mines"))
    _, reference = computed(folder / "lasting.yaml")
    _, once = computed(folder / "short.yaml")
    count = 600 * reference["casualties"][-1] / once["casualties"][-1]
    assert f"{count:,.0f}"[:3] in sentence.replace("\xa0", " ")
    _, equal = computed(folder / "short.yaml", f"mines.short.count={round(count)}")
    assert equal["casualties"][-1] == pytest.approx(reference["casualties"][-1], rel=1e-3)


def test_break_even_in_a_failure_rate_agrees_with_the_closed_form_there(client, folder):
    _, reference = computed(folder / "lasting.yaml")
    _, half = computed(folder / "short.yaml", f"{F1}=50 %")
    count = round(600 * reference["casualties"][-1] / half["casualties"][-1])
    drawn = asked_for(client, {COUNT: str(count)})
    sentence = next(text for text in drawn["even"] if text.startswith("Self-destruction"))
    words = sentence.replace("\xa0", " ").split(" at ")[1]
    share = float(words.split(" %")[0]) / 100
    assert share == pytest.approx(0.5, rel=2e-3)
    _, equal = computed(folder / "short.yaml", f"{COUNT}={count}", f"{F1}={share}")
    assert equal["casualties"][-1] == pytest.approx(reference["casualties"][-1], rel=2e-3)


def test_where_nothing_can_be_equal_it_says_so(client):
    (sentence,) = [text for text in asked_for(client, {COUNT: "1"})["even"] if text.startswith("Self-destruction")]
    assert "equal at no rate" in sentence
    assert "fewer casualties than lasting" in sentence


def test_the_criteria_follow_the_settings(client):
    def met(**changes):
        rows = asked_for(client, changes)["criteria"]["rows"]
        return [row[-1] for row in rows if row[0] == "short"]

    assert met(**{F1: "50 %"})[0] == "no"
    assert met(**{F1: "1 %"})[0] == "yes"


def test_criteria_are_those_of_the_verb_standards(client, folder):
    told = done("standards", "short.yaml", cwd=folder)
    for row in asked_for(client, {})["criteria"]["rows"]:
        if row[0] == "short":
            assert row[4].replace("\xa0", " ") in told


def test_the_table_holds_the_numbers_of_the_curves(client, folder):
    drawn = asked_for(client, {F1: "20 %"})
    times, curves = computed(folder / "short.yaml", f"{F1}=20 %")
    row = next(row for row in drawn["table"]["rows"] if row[0] == "30\xa0days")
    assert float(row[1]) == pytest.approx(float(np.interp(30, times, curves["hazardous"])), rel=5e-3)
    assert float(row[2]) == pytest.approx(float(np.interp(30, times, curves["casualties"])), rel=5e-3)


def test_controls_are_those_the_issue_asks_for(folder):
    controls = controls_of(load_together([folder / "lasting.yaml", folder / "short.yaml"], []))
    assert [control.name for control in controls] == [
        COUNT, F1, "mines.short.battery.failure", "mines.short.battery.life.weibull.scale",
        "mines.short.battery.life.weibull.shape", "mines.short.common_cause", "mines.lasting.count", RATE,
    ]  # fmt: skip
    by_name = {control.name: control for control in controls}
    assert by_name[RATE].within == (0, 1)
    assert by_name[COUNT].within == (1,)
    assert by_name[F1].stops[0] == 0.0
    assert by_name[F1].stops[-1] == 1.0
    assert by_name[F1].sources == ("assumption, low grade",)


def test_a_control_says_how_good_its_number_is_and_which_range_the_file_states():
    controls = {
        control.name: control for control in controls_of([load(shipped_scenarios() / "field-pessimistic.yaml")])
    }
    (source,) = controls["mines.battery-limited.self_destruct.failure"].sources
    assert source == "assumption, very low grade, stated range: triangular 1.5 % to 15 %"


@pytest.mark.parametrize("name", ["persistent", "treaty-limit", "field-pessimistic", "ukraine-scale", "district"])
def test_every_stop_of_a_shipped_scenario_can_be_typed_and_is_found_again(name):
    loaded = load(shipped_scenarios() / f"{name}.yaml")
    for control in controls_of([varied(loaded, AS_IT_STANDS)]):
        assert control.start in control.stops
        assert list(control.stops) == sorted(set(control.stops))
        for place, value in enumerate(control.stops):
            assert control.number.scalar(typed(value, control.number)) == pytest.approx(value, rel=1e-11)
            assert position(control, value) == place


@given(highest=st.floats(1e-9, 1e15), is_log=st.booleans())
@settings(max_examples=200, deadline=None)
def test_an_axis_holds_its_curve_and_its_ticks_rise(highest, is_log):
    axis = number_axis(highest, is_log=is_log)
    assert along(axis, np.array([highest]))[0] <= 1.0 + 1e-9
    ticks = number_ticks(axis)
    assert 2 <= len(ticks) <= 12
    places = [tick.at for tick in ticks]
    assert places == sorted(set(places))
    assert len({tick.label for tick in ticks}) == len(ticks)


def test_the_axis_of_time_is_that_of_the_figures():
    from matplotlib.scale import SymmetricalLogTransform

    days = np.array([0.0, 3.0, 10.0, 30.0, 400.0, 3652.5])
    theirs = SymmetricalLogTransform(10, 10.0, 0.4).transform(days)
    assert along_time(days, 3652.5) == pytest.approx(theirs / theirs[-1], abs=1e-12)
    assert time_ticks(3652.5)[-1].label == "10 y"


def test_the_lines_look_like_those_of_the_figures():
    from simulator.figure_style import style_of

    assert [(style_of(place).colour, style_of(place).dashes) for place in (0, 1)] == list(LINES)


HOSTILE = [
    (F1, "nan"), (F1, "1e400"), (F1, "-0.1"), (F1, "10"), (F1, ""), (F1, "5 days"), (F1, "0x10"), (F1, "\x00"),
    (F1, "<script>alert(1)</script>"), (F1, "{value: 1}"), (F1, "9" * 400), (COUNT, "1.5"), (COUNT, "1e13"),
    (COUNT, "1_000"), (COUNT, "٣"), ("mines.short.battery.life.weibull.shape", "0"), ("__proto__", "1"),
    ("constructor", "1"), ("mines.short", "1"), ("mines.nobody.count", "1"), ("title", "x"), ("extends", "/etc/passwd"),
    ("civilians.settlements", "/etc/passwd"), ("civilians.density", "20 per km2"), ("scale", "upside-down"), ("", "1"),
    ("x" * 400, "1"), ("mines." * 60 + "count", "1"), ("\u202e", "1"), ("mines.short.count.0", "1"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text"), HOSTILE, ids=lambda part: ascii(part)[:30])
def test_what_is_wrong_is_refused_with_a_sentence_and_left_out_of_the_page(client, name, text):
    for address in ("/picture.json", "/simulation.json"):
        response = client.get(address, params={name: text})
        assert response.status_code == 400
        (problem,) = response.json()["problems"]
        assert problem["message"]
        assert len(problem["message"]) < 900
        assert "Traceback" not in response.text
    opening = client.get("/start.json", params=[(name, text), (COUNT, "700")])
    assert opening.status_code == 200
    assert [pair for pair in opening.json()["picture"]["settings"] if pair[0] != COUNT] == []
    assert opening.json()["problems"]
    for address in ("/scenario.yaml", "/reference.yaml"):
        response = client.get(address, params={name: text})
        assert response.status_code == 400
        assert response.text.startswith("error:")


def test_a_value_is_refused_in_the_words_of_the_command_line(client, folder):
    told = refused("run", "short.yaml", "--set", f"{F1}=10", cwd=folder)
    (problem,) = client.get("/picture.json", params={F1: "10"}).json()["problems"]
    assert problem["path"] == F1
    assert problem["message"] in told


def test_a_value_of_more_digits_than_the_address_keeps_is_the_one_it_keeps(client):
    life = "mines.short.battery.life.weibull.scale"
    shown = client.get("/picture.json", params={life: "3.95 weeks"})
    assert dict(shown.json()["settings"]) == {life: "27.65 days"}
    assert shown.content == client.get("/picture.json", params=shown.json()["settings"]).content


def test_a_setting_given_twice_is_refused(client):
    response = client.get("/picture.json", params=[(F1, "1 %"), (F1, "2 %")])
    assert response.status_code == 400
    assert "given twice" in response.text


def test_values_that_make_no_scenario_together_are_refused(folder):
    text = (folder / "short.yaml").read_text(encoding="utf-8").replace(
        "life: {weibull: {shape: 4, scale: 81.9 days}}", "life: {uniform: {low: 20 days, high: 90 days}}"
    )  # fmt: skip
    (folder / "even.yaml").write_text(text, encoding="utf-8")
    client = opened(folder / "even.yaml")
    response = client.get("/picture.json", params={"mines.short.battery.life.uniform.low": "95 days"})
    assert response.status_code == 400
    assert response.json()["problems"][0]["message"] == "must be below 'high'"
    opening = client.get("/start.json", params={"mines.short.battery.life.uniform.low": "95 days"}).json()
    assert opening["picture"]["settings"] == []


@given(st.lists(st.tuples(st.text(max_size=40), st.text(max_size=40)), max_size=6))
@settings(max_examples=30, deadline=None)
def test_no_address_makes_the_server_fail(client, pairs):
    text = urlencode([(name.encode("utf-8", "replace"), value.encode("utf-8", "replace")) for name, value in pairs])
    for address in ("/start.json", "/picture.json", "/scenario.yaml", "/"):
        assert client.get(f"{address}?{text}").status_code in {200, 400}


FOREIGN = [
    "evil.example", f"evil.example:{PORT}", "127.0.0.1", "127.0.0.1:80", f"127.0.0.1.evil.example:{PORT}",
    f"[::1]:{PORT}", f"0.0.0.0:{PORT}", f"localhost.:{PORT}", "", f"127.0.0.1:{PORT}@evil.example",
]  # fmt: skip


@pytest.mark.parametrize("host", FOREIGN)
@pytest.mark.parametrize("path", ["/", "/start.json", "/scenario.yaml", "/explorer.js", "/nothing"])
def test_a_foreign_host_is_refused(client, host, path):
    response = client.get(path, headers={"Host": host})
    assert response.status_code == 400
    assert "Host header must be" in response.text
    assert "short" not in response.text


@pytest.mark.parametrize("host", [f"127.0.0.1:{PORT}", f"localhost:{PORT}", f"LOCALHOST:{PORT}"])
def test_its_own_names_are_answered(client, host):
    assert client.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/start.json", "/scenario.yaml", "/nothing", "/explorer.css"])
def test_every_answer_forbids_what_the_page_does_not_need(client, path):
    response = client.get(path)
    for name, value in HEADERS.items():
        assert response.headers.get_list(name) == [value]
    assert client.get(path, headers={"Host": "evil.example"}).headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"},
     {"Sec-Fetch-Site": "same-site"}, {"Origin": "http://127.0.0.1:80"}],
    ids=str,
)  # fmt: skip
def test_another_site_may_not_start_a_simulation(client, headers):
    for path in ("/simulation.json", "/stop.json"):
        assert client.post(path, headers=headers).status_code == 403
    assert client.get("/simulation.json").json()["state"] == "none"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE"])
def test_other_methods_are_refused(client, method):
    assert client.request(method, "/").status_code == 405


def test_content_and_long_addresses_are_refused(client):
    assert client.post("/simulation.json", content=b"x" * 10).status_code == 413
    assert client.post("/simulation.json", headers={"Transfer-Encoding": "chunked"}).status_code == 413
    assert client.get("/picture.json", params={COUNT: "1" * 9000}).status_code == 414
    assert client.get("/" + "x" * 1000).status_code == 414
    assert client.post("/picture.json").status_code == 405


@pytest.mark.parametrize(
    "path",
    ["/../pyproject.toml", "/%2e%2e/pyproject.toml", "/..%2fshort.yaml", "/short.yaml", "/explorer/explorer.js",
     "//etc/passwd", "/explorer.html", "/scenario.yaml/", "/static/..%5c..%5cshort.yaml",
     "/explorer.js%00.css", "/reference.yaml%2f..%2fcleared.yaml"],
)  # fmt: skip
def test_nothing_but_the_fixed_addresses_is_answered(client, path):
    response = client.get(path)
    assert response.status_code == 404
    assert "seed" not in response.text


def test_the_server_reads_no_file_once_it_has_started(folder, tmp_path):
    copied = shutil.copytree(folder, tmp_path / "here")
    client = opened(copied / "lasting.yaml", copied / "short.yaml")
    before = asked_for(client, {F1: "20 %"})
    shutil.rmtree(copied)
    assert asked_for(client, {F1: "20 %"}) == before
    assert client.get("/scenario.yaml").status_code == 200
    assert client.get("/").text == (PAGE / "explorer.html").read_text(encoding="utf-8")


def test_every_file_of_the_page_is_answered_and_no_other_is_there(client):
    assert {name for name, _ in ASSETS.values()} == {path.name for path in PAGE.iterdir()}
    for path in ASSETS:
        assert client.get(path).status_code == 200


@pytest.mark.parametrize("changes", [SETTINGS[0], SETTINGS[3], SETTINGS[4]], ids=str)
def test_a_downloaded_scenario_runs_and_gives_the_picture(client, folder, changes, tmp_path):
    for place, name in (("scenario", "short"), ("reference", "lasting")):
        response = client.get(f"/{place}.yaml", params=changes)
        assert response.headers["Content-Disposition"] == f'attachment; filename="{name}-explored.yaml"'
        (tmp_path / f"{name}.yaml").write_bytes(response.content)
    done("validate", "short.yaml", "lasting.yaml", cwd=tmp_path)
    done("compare", "lasting.yaml", "short.yaml", "--method", "expected", "--no-figures", "-o", "out", cwd=tmp_path)
    drawn = asked_for(client, changes)
    rows = rows_of(tmp_path / "out" / "curves.csv")
    for name in ("short", "lasting"):
        for quantity in ("hazardous", "casualties"):
            found = [row for row in rows if (row["scenario"], row["mines"], row["quantity"]) == (name, "all", quantity)]
            times, values = (np.array([float(row[key]) for row in found]) for key in ("time_days", "mean"))
            panel, line = line_of(drawn, quantity, name)
            assert same_line(panel["axis"], panel["horizon_days"], line["parts"], times, values, 1e-5)


def test_a_downloaded_value_says_where_it_comes_from(client):
    text = client.get("/scenario.yaml", params={F1: "20 %"}).text
    tree = plain(parse_yaml(text.encode(), "downloaded", []))
    entry = tree["mines"]["short"]["self_destruct"]["failure"]
    assert entry["value"] == 0.2
    assert entry["source"] == "assumption"
    assert "the scenario had 10 %" in entry["note"]


@pytest.mark.parametrize(
    "name", sorted(path.stem for path in shipped_scenarios().glob("*.yaml") if path.stem != "sources")
)
def test_every_shipped_scenario_is_written_as_it_was_read(name):
    loaded = varied(load(shipped_scenarios() / f"{name}.yaml"), AS_IT_STANDS)
    assert plain(parse_yaml(scenario_text(loaded, [], 0).encode(), name, [])) == loaded.tree


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_title_survives_the_download(folder, title):
    from dataclasses import replace

    loaded = load(folder / "short.yaml")
    loaded = replace(loaded, tree={**loaded.tree, "title": title, "question": f"{title}\n{title}"})
    problems = []
    try:
        read = plain(parse_yaml(scenario_text(loaded, [], 0).encode(), "title", problems))
    except Exception as error:
        # A direction character, which no scenario may have.
        assert "invisible" in str(error) or "control" in str(error)  # noqa: PT017
        return
    assert (read["title"], read["question"]) == (title, f"{title}\n{title}")
    assert problems == []


@pytest.mark.parametrize(("name", "file"), [('a"b\r\nc', "a-b-c-explored.yaml"), ("…", "scenario-explored.yaml")])
def test_the_name_of_a_download_breaks_no_header(folder, name, file):
    from dataclasses import replace

    assert file_name(replace(load(folder / "short.yaml"), name=name)) == file


def simulated(client, params):
    assert client.post("/simulation.json", params=params).json()["state"] in {"playing", "done"}
    for _ in range(6000):
        state = client.get("/simulation.json", params=params).json()
        if state["state"] != "playing":
            return state
        time.sleep(0.01)
    raise AssertionError(state)


def test_a_simulation_lies_around_the_closed_form(client, folder):
    changes = {COUNT: "5000", RATE: "0.3 per mine-year", "scale": "even"}
    assert simulated(client, changes)["state"] == "done"
    drawn = asked_for(client, changes)
    times, curves = computed(folder / "short.yaml", f"{COUNT}=5000", f"{RATE}=0.3 per mine-year")
    for quantity, values in curves.items():
        panel, line = line_of(drawn, quantity, "short")
        half = len(line["band"]) // 2
        assert half == times.size
        top = numbers_at(panel["axis"], [y for _, y in line["band"][:half]])
        base = numbers_at(panel["axis"], [y for _, y in line["band"][half:]][::-1])
        some = values > 20
        assert some.any()
        assert ((base <= values) & (values <= top))[some].mean() > 0.98
        assert line["dots"]
        dots = np.array(line["dots"])
        at = np.interp(dots[:, 0], along_time(times, panel["horizon_days"]), values / panel["axis"]["high"])
        assert dots[:, 1] == pytest.approx(at, abs=0.01)
    assert "100 simulated worlds" in drawn["simulation"]["sentences"][0]


def test_a_simulation_is_that_of_the_command_on_the_download(client, folder, tmp_path):
    simulated(client, {COUNT: "700"})
    drawn = asked_for(client, {COUNT: "700"})
    for place, name in (("scenario", "short"), ("reference", "lasting")):
        (tmp_path / f"{name}.yaml").write_bytes(client.get(f"/{place}.yaml", params={COUNT: "700"}).content)
    done("compare", "lasting.yaml", "short.yaml", "--replicates", "100", "--no-figures", "-o", "out", cwd=tmp_path)
    rows = [
        row
        for row in rows_of(tmp_path / "out" / "curves.csv")
        if (row["scenario"], row["quantity"], row["mines"]) == ("short", "casualties", "all")
    ]
    panel, line = line_of(drawn, "casualties", "short")
    top = [y for _, y in line["band"][: len(rows)]]
    theirs = np.clip(
        along(number_axis(panel["axis"]["high"], is_log=True), np.array([float(row["p95"]) for row in rows])), 0, 1
    )
    assert top == pytest.approx(theirs, abs=1e-5)


def test_other_settings_do_not_show_the_band_of_these(client):
    simulated(client, {COUNT: "800"})
    assert line_of(asked_for(client, {COUNT: "800"}), "hazardous", "short")[1]["band"]
    assert not line_of(asked_for(client, {COUNT: "801"}), "hazardous", "short")[1]["band"]


def test_a_simulation_is_stopped_by_newer_settings(client):
    many = {COUNT: "1500000"}
    assert client.post("/simulation.json", params=many).json()["state"] == "playing"
    assert client.post("/stop.json").status_code == 200
    assert client.get("/simulation.json", params=many).json()["state"] == "none"
    assert simulated(client, {COUNT: "900"})["state"] == "done"
    assert not line_of(asked_for(client, many), "hazardous", "short")[1]["band"]


def test_too_many_mines_are_not_played_and_it_says_what_to_do(client):
    drawn = asked_for(client, {COUNT: "100000000"})
    assert drawn["simulation"]["replicates"] == 0
    assert "minesim run" in drawn["simulation"]["offer"]
    assert client.post("/simulation.json", params={COUNT: "100000000"}).status_code == 400


def test_without_a_closed_form_the_reason_is_said_and_only_simulation_offered(folder):
    client = opened(folder / "cleared.yaml")
    drawn = asked_for(client, {})
    assert drawn["panels"][0]["lines"] == []
    assert "cleared has no closed form (clearance: teams choose cells as they go)" in drawn["sentences"][0]
    assert drawn["even"] == []
    assert drawn["simulation"]["replicates"] == 100
    assert "closed form" not in drawn["scope"]
    assert simulated(client, {})["state"] == "done"
    panel, line = line_of(asked_for(client, {}), "hazardous", "cleared")
    assert line["band"]
    assert numbers_at(panel["axis"], [line["parts"][0][0][1]])[0] == pytest.approx(600, rel=1e-3)
    assert client.get("/reference.yaml").status_code == 404


def test_the_page_never_claims_that_none_is_left(client):
    drawn = asked_for(client, {"mines.short.battery.failure": "0", F1: "0"})
    last = drawn["table"]["rows"][-1]
    assert last[1] == "fewer than 0.001"
    assert "no result is evidence that land is safe" in drawn["scope"]
    assert "not in this picture" in drawn["scope"]


def test_scenarios_that_differ_in_their_horizon_are_refused_as_by_compare(folder):
    (folder / "longer.yaml").write_text("extends: short.yaml\nhorizon: 5 years\n", encoding="utf-8")
    told = refused("compare", "short.yaml", "longer.yaml", cwd=folder)
    assert refused("explore", "longer.yaml", "short.yaml", cwd=folder) == told
    assert "a comparison needs the same" in told


def test_no_mines_at_all_are_none_and_the_same_scenario_twice_is_as_many(folder):
    client = opened(folder / "short.yaml", folder / "short.yaml")
    drawn = asked_for(client, {})
    assert "that is as many" in drawn["sentences"][1]
    assert all("differ by less than 0.001 at every value" in text for text in drawn["even"])
    nothing = asked_for(client, {COUNT: "0"})
    assert nothing["table"]["rows"][0][1:] == ["none"] * 4
    assert simulated(client, {COUNT: "0"})["state"] == "done"
    assert asked_for(client, {COUNT: "0"})["simulation"]["sentences"][0].endswith("expected none.")


def test_mines_laid_over_a_period_are_counted_from_the_last_laying(folder):
    changed = "extends: short.yaml\nmines: {short: {laid: {from: 2024-11-01, to: 2025-03-01}}}\n"
    (folder / "period.yaml").write_text(changed, encoding="utf-8")
    drawn = asked_for(opened(folder / "period.yaml"), {})
    assert drawn["sentences"][0].startswith("Expected to be hazardous 120\xa0days after the last laying:")
    assert drawn["panels"][0]["marks"] == []
    assert_lines_are_computed(drawn, "period", folder / "period.yaml")


def test_alternatives_of_a_file_stand_at_the_weightiest(folder):
    text = (folder / "short.yaml").read_text(encoding="utf-8").replace(
        "life: {weibull: {shape: 4, scale: 81.9 days}}",
        "life: {one_of: [{weight: 1, weibull: {shape: 4, scale: 81.9 days}}, "
        "{weight: 2, lognormal: {median: 60 days, sigma: 0.3}}]}",
    )  # fmt: skip
    (folder / "open.yaml").write_text(text, encoding="utf-8")
    client = opened(folder / "open.yaml")
    names = [control["name"] for control in client.get("/start.json").json()["controls"]]
    assert "mines.short.battery.life.lognormal.median" in names
    drawn = asked_for(client, {"mines.short.battery.life.lognormal.sigma": "0.5"})
    assert_lines_are_computed(
        drawn, "open", folder / "short.yaml", "mines.short.battery.life={lognormal: {median: 60 days, sigma: 0.5}}"
    )


def test_a_question_of_a_page_is_plain_json_with_finite_numbers(client):
    response = client.get("/start.json")
    assert response.headers["Content-Type"] == "application/json"
    json.loads(response.text, parse_constant=pytest.fail)


@pytest.mark.parametrize("arguments", [["missing.yaml"], ["short.yaml", "--port", "0"], ["short.yaml", "--set", "x=1"]])
def test_the_command_refuses_wrong_input_before_it_serves(arguments, folder):
    assert "rror" in refused("explore", *arguments, cwd=folder)


def test_a_port_that_is_taken_is_said(folder):
    import socket

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen(1)
        port = other.getsockname()[1]
        told = refused("explore", "short.yaml", "--port", str(port), cwd=folder)
    assert told == f"error: --port: port {port} is taken by another program; give another one, or none\n"
    assert "short.yaml" in files_below(folder)
