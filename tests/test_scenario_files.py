"""Scenario files that are right: how files, overrides and sources come together, and what the program gets of them."""

import json
import pickle
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from scenario_texts import CONTRACT, FULL, PERSISTENT, ROOT, TREATY, changed, contract_folder, refused, written

from simulator.evidence import sourced_values
from simulator.laws import Never
from simulator.problems import InputError
from simulator.scenario_file import from_tree, load, read_sources, shipped_scenarios

SHIPPED = sorted(path.name for path in shipped_scenarios().glob("*.yaml") if path.name != "sources.yaml")
FAILURE = "failure: 10 %"


# The contract's examples.


def test_the_treaty_example_is_read_in_days_and_kilometres():
    scenario = load(CONTRACT / "treaty-limit.yaml").scenario
    mines = scenario.mines["battery-limited"]
    assert scenario.start == date(2024, 12, 1)
    assert scenario.horizon == 3652.5
    assert (scenario.seed, scenario.replicates) == (20241201, 50)
    assert (scenario.region.rectangle.width, scenario.region.rectangle.height, scenario.region.cell) == (40, 25, 1)
    assert mines.count == 10000
    assert mines.laid.start == mines.laid.end == date(2024, 12, 1)
    assert mines.placement.uniform
    assert (mines.self_destruct.time.mean, mines.self_destruct.time.sd) == (15, 1)
    assert mines.self_destruct.failure == 0.1
    assert (mines.battery.life.shape, mines.battery.life.scale, mines.battery.failure) == (4, 81.9, 0)
    assert scenario.civilians.accident_rate == 1.4e-4
    assert scenario.thresholds == [1e-4, 1e-6]


def test_the_persistent_example_replaces_the_mines_and_keeps_the_world():
    treaty = load(CONTRACT / "treaty-limit.yaml").scenario
    persistent = load(CONTRACT / "persistent.yaml").scenario
    assert persistent.title == "Persistent mines"
    assert list(persistent.mines) == ["persistent"]
    assert persistent.mines["persistent"].ageing.mean == pytest.approx(57.7 * 365.25)
    assert persistent.region == treaty.region
    assert persistent.civilians == treaty.civilians


def test_the_full_example_is_read_to_the_last_key():
    scenario = load(CONTRACT / "full.yaml").scenario
    legacy, limited = scenario.mines["legacy"], scenario.mines["battery-limited"]
    assert scenario.region.temperature[0] == -4.7
    assert legacy.placement.belt.width == 2
    assert limited.placement.clusters.spread == pytest.approx(0.3)
    assert limited.placement.keep_away.compliance == 0.95
    assert limited.self_destruct.failure == 0.05
    assert limited.battery.failure == 6e-6
    assert (limited.battery.q10, limited.battery.reference_temperature) == (1.5, 20)
    assert (limited.common_cause, limited.lots.size, limited.lots.correlation) == (0.1, 500, 0.05)
    assert isinstance(limited.ageing, Never)
    assert scenario.civilians.return_.half_time == 120
    assert scenario.civilians.education.start == date(2025, 6, 1)
    assert scenario.clearance.rate == 2000
    assert scenario.clearance.winter_stop == [12, 1, 2]
    assert scenario.clearance.cost == 1
    assert scenario.thresholds == [1e-4, 1e-6]
    assert scenario.sources["bloomfield-2004"].year == 2004


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_scenario_is_valid_and_survives_a_manifest(name):
    loaded = load(shipped_scenarios() / name)
    again = from_tree(loaded.name, json.loads(json.dumps(loaded.tree)), loaded.files)
    assert (again.digest, again.scenario) == (loaded.digest, loaded.scenario)


# Sourced values.


def test_the_tree_keeps_where_each_number_comes_from():
    values = {".".join(value.path): value for value in sourced_values(load(CONTRACT / "full.yaml").tree)}
    assert set(values) == {
        "mines.battery-limited.self_destruct.failure",
        "mines.battery-limited.battery.failure",
        "civilians.accident_rate",
    }
    claim = values["mines.battery-limited.battery.failure"]
    assert (claim.value, claim.source, claim.grade) == ("6 per million", "bloomfield-2004", "low")
    assert claim.uncertainty == {"tests": 60000, "failures": 0}


def test_a_class_of_mines_may_be_called_value(tmp_path):
    loaded = load(written(tmp_path, TREATY.replace("battery-limited:", "value:")))
    assert list(loaded.scenario.mines) == ["value"]
    assert list(sourced_values(loaded.tree)) == []


# Where sources are looked up.


def test_a_source_is_found_in_the_file_then_beside_it_then_among_the_shipped_ones(tmp_path):
    shipped = next(iter(read_sources(shipped_scenarios() / "sources.yaml")))
    text = f"{{value: 10 %, source: {shipped}}}"
    path = written(tmp_path, changed(TREATY, (FAILURE, f"failure: {text}")))
    ours = read_sources(shipped_scenarios() / "sources.yaml")[shipped].title
    assert load(path).tree["sources"][shipped]["title"] == ours

    written(tmp_path, f"{shipped}: {{title: From beside}}\n", "sources.yaml")
    assert load(path).tree["sources"][shipped]["title"] == "From beside"

    written(tmp_path, path.read_text() + f"sources: {{{shipped}: {{title: Its own}}}}\n")
    assert load(path).tree["sources"][shipped]["title"] == "Its own"


def test_a_scenario_carries_the_sources_that_it_borrows(tmp_path):
    written(tmp_path, "a: {title: One}\nb: {title: Two}\n", "sources.yaml")
    loaded = load(written(tmp_path, changed(TREATY, (FAILURE, "failure: {value: 10 %, source: b}"))))
    assert loaded.tree["sources"] == {"b": {"title": "Two"}}
    assert loaded.scenario.sources["b"].title == "Two"
    assert from_tree("again", loaded.tree).digest == loaded.digest


def test_an_unknown_source_is_an_error_with_the_nearest_known_one(tmp_path):
    text = changed(TREATY, (FAILURE, "failure: {value: 10 %, source: bloomfeld}"))
    path = written(tmp_path, text + "sources: {bloomfield: {title: A letter}}\n")
    head = refused(path)[0]
    assert head.startswith(f"{path}:19:96: error: mines.battery-limited.self_destruct.failure.source: unknown source")
    assert "did you mean 'bloomfield'?" in head


def test_problems_of_a_sources_file_are_reported_with_those_of_the_scenario(tmp_path):
    sources = written(tmp_path, "a: {titel: One}\n", "sources.yaml")
    path = written(tmp_path, changed(TREATY, ("replicates: 50", "replicates: 1")))
    heads = [line for line in refused(path) if ": error: " in line]
    assert heads == [
        f"{path}:7:13: error: replicates: must be at least 2, got 1",
        f"{sources}:1:5: error: a.titel: unknown key, did you mean 'title'?",
    ]


# Files that extend others.


def extended(folder, text, base=TREATY):
    written(folder, base, "base.yaml")
    return load(written(folder, "extends: base.yaml\n" + text))


def test_mappings_merge_and_other_values_are_replaced(tmp_path):
    scenario = extended(tmp_path, "horizon: 5 years\nmines: {battery-limited: {battery: {failure: 1 %}}}\n").scenario
    battery = scenario.mines["battery-limited"].battery
    assert scenario.horizon == 5 * 365.25
    assert (battery.failure, battery.life.scale) == (0.01, 81.9)


def test_lists_are_replaced_not_joined(tmp_path):
    base = TREATY + "thresholds: [1e-3 per year, 1e-4 per year, 1e-5 per year]\n"
    assert extended(tmp_path, "thresholds: [1e-6 per year]\n", base).scenario.thresholds == [1e-6]


def test_null_removes_what_the_other_file_sets(tmp_path):
    scenario = extended(
        tmp_path, "mines: {battery-limited: {battery: null}}\ncivilians: {child_share: null}\n"
    ).scenario
    assert scenario.mines["battery-limited"].battery is None
    assert scenario.civilians.child_share is None


def test_null_for_an_optional_key_that_the_other_file_leaves_out_changes_nothing(tmp_path):
    assert extended(tmp_path, "clearance: null\n").scenario.clearance is None


def test_null_for_a_name_that_the_other_file_does_not_have_is_an_error(tmp_path):
    contract_folder(tmp_path)
    path = written(tmp_path, PERSISTENT.replace("battery-limited: null", "batery-limited: null"))
    assert refused(path) == [
        f"{path}:5:3: error: mines.batery-limited: there is nothing of this name to remove, "
        "did you mean 'battery-limited'?",
        "    5 |   batery-limited: null",
        "      |   ^^^^^^^^^^^^^^",
    ]


def test_files_extend_each_other_in_a_chain(tmp_path):
    written(tmp_path, TREATY, "a.yaml")
    written(tmp_path, "extends: a.yaml\nreplicates: 10\nseed: 1\n", "b.yaml")
    loaded = load(written(tmp_path, "extends: b.yaml\nseed: 2\n", "c.yaml"))
    assert (loaded.scenario.seed, loaded.scenario.replicates) == (2, 10)
    assert "extends" not in loaded.tree


def test_a_shipped_scenario_can_be_extended_from_any_folder(tmp_path):
    loaded = load(written(tmp_path, f"extends: {SHIPPED[0]}\nreplicates: 3\n"))
    assert loaded.scenario.replicates == 3


def test_a_file_beside_the_scenario_comes_before_a_shipped_one_of_the_same_name(tmp_path):
    written(tmp_path, changed(TREATY, ("replicates: 50", "replicates: 7")), SHIPPED[0])
    assert load(written(tmp_path, f"extends: {SHIPPED[0]}\n")).scenario.replicates == 7


def test_each_value_keeps_the_place_of_the_file_it_came_from(tmp_path):
    loaded = extended(tmp_path, "mines: {battery-limited: {count: 5}}\n")
    assert loaded.place(["mines", "battery-limited", "count"]).name.endswith("scenario.yaml")
    assert loaded.place(["mines", "battery-limited", "battery", "life"]).name.endswith("base.yaml")
    with pytest.raises(InputError) as caught:
        extended(tmp_path, "seed: -1\n", changed(TREATY, ("replicates: 50", "replicates: 0")))
    assert [(Path(found.mark.name).name, found.mark.line + 1, found.path) for found in caught.value.problems] == [
        ("base.yaml", 7, "replicates"),
        ("scenario.yaml", 2, "seed"),
    ]


def test_a_law_that_merges_with_another_says_how_to_remove_it(tmp_path):
    written(tmp_path, TREATY, "base.yaml")
    change = "mines: {battery-limited: {battery: {life: {lognormal: {median: 60 days, sigma: 1}}}}}\n"
    head = refused(written(tmp_path, "extends: base.yaml\n" + change))[0]
    assert "must name exactly one time law, got weibull, lognormal" in head
    assert "a key that 'extends' brings in is removed by 'key: null'" in head


# Overrides.


@pytest.mark.parametrize(
    ("override", "read", "value"),
    [
        ("mines.battery-limited.battery.failure=0.05", lambda s: s.mines["battery-limited"].battery.failure, 0.05),
        ("mines.battery-limited.battery.failure=5 %", lambda s: s.mines["battery-limited"].battery.failure, 0.05),
        ("horizon=3 years", lambda s: s.horizon, 3 * 365.25),
        (" seed =7", lambda s: s.seed, 7),
        ("title='A: 5'", lambda s: s.title, "A: 5"),
        ("thresholds=[1e-3 per year]", lambda s: s.thresholds, [1e-3]),
        ("civilians.child_share=null", lambda s: s.civilians.child_share, None),
        ("civilians.surge={factor: 4, half_time: 60 days}", lambda s: s.civilians.surge.half_time, 60),
        ("mines.new={count: 5, laid: 2025-01-01}", lambda s: s.mines["new"].count, 5),
        ("region.name=Überall 中 😀", lambda s: s.region.name, "Überall 中 😀"),
        ("region.temperature=[0,1,2,3,4,5,6,7,8,9,10,11]", lambda s: s.region.temperature[11], 11),
    ],
)
def test_an_override_sets_any_key(override, read, value):
    assert read(load(CONTRACT / "treaty-limit.yaml", [override]).scenario) == value


def test_an_override_reaches_into_a_list():
    scenario = load(CONTRACT / "full.yaml", ["region.temperature.3=12.5", "thresholds.1=1e-7 per year"]).scenario
    assert scenario.region.temperature[3] == 12.5
    assert scenario.thresholds == [1e-4, 1e-7]


def test_a_later_override_wins_and_they_build_on_each_other():
    overrides = ["seed=1", "seed=2", "civilians.surge={factor: 4, half_time: 60 days}", "civilians.surge.factor=2"]
    scenario = load(CONTRACT / "treaty-limit.yaml", overrides).scenario
    assert (scenario.seed, scenario.civilians.surge.factor) == (2, 2)


def test_an_override_finds_a_name_with_dots_in_it(tmp_path):
    path = written(tmp_path, TREATY.replace("battery-limited:", "model 1.2:"))
    assert load(path, ["mines.model 1.2.count=3"]).scenario.mines["model 1.2"].count == 3


def test_an_override_changes_one_of_two_places_that_share_an_alias(tmp_path):
    text = changed(TREATY, ("  battery-limited:", "  first: &same"), ("\ncivilians", "  second: *same\n\ncivilians"))
    mines = load(written(tmp_path, text), ["mines.first.count=5"]).scenario.mines
    assert (mines["first"].count, mines["second"].count) == (5, 10000)


def test_an_override_applies_after_extends():
    assert load(CONTRACT / "persistent.yaml", ["horizon=1 year"]).scenario.horizon == 365.25


# What the rest of the program gets.


def test_a_place_can_be_found_for_every_key():
    loaded = load(CONTRACT / "treaty-limit.yaml")
    mark = loaded.place(["mines", "battery-limited", "battery", "life", "weibull", "scale"])
    assert TREATY.split("\n")[mark.line][mark.column : mark.end_column] == "81.9 days"
    mark = loaded.key_place(["mines", "battery-limited", "count"])
    assert TREATY.split("\n")[mark.line][mark.column : mark.end_column] == "count"
    assert loaded.place(["mines", "battery-limited", "lots"]) == loaded.place(["mines", "battery-limited"])


def test_the_digest_depends_on_the_values_not_on_how_they_are_written(tmp_path):
    plain = load(written(tmp_path, TREATY))
    spaced = load(written(tmp_path, TREATY.replace("\n", "\r\n").replace("seed: 20241201", "seed:   20241201  # x")))
    moved = load(written(tmp_path, changed(TREATY, ("seed: 20241201\n", "")) + "seed: 20241201\n"))
    other = load(written(tmp_path, changed(TREATY, ("seed: 20241201", "seed: 20241202"))))
    assert plain.digest == spaced.digest == moved.digest != other.digest


def test_a_scenario_of_any_script_survives_a_manifest(tmp_path):
    title = 'title: "Überall: \\"中文\\" 😀 \\\\ / # \\u00a0"'
    text = changed(FULL, ("title: Mixed contamination with return, clearance and uncertain reliability", title))
    loaded = load(written(contract_folder(tmp_path), text))
    for tree in (loaded.tree, json.loads(json.dumps(loaded.tree)), json.loads(json.dumps(loaded.tree, indent=2))):
        again = from_tree(loaded.name, tree, loaded.files)
        assert (again.digest, again.scenario, again.tree) == (loaded.digest, loaded.scenario, loaded.tree)


def test_an_input_error_keeps_its_problems_on_the_way_from_a_worker():
    with pytest.raises(InputError) as caught:
        load(CONTRACT / "treaty-limit.yaml", ["seed=-1", "replicates=0"])
    arrived = pickle.loads(pickle.dumps(caught.value))  # noqa: S301
    assert str(arrived) == str(caught.value)
    assert arrived.problems == caught.value.problems
    assert len(arrived.problems) == 2


def test_line_ends_and_a_byte_order_mark_do_not_matter(tmp_path):
    plain = load(written(tmp_path, TREATY)).tree
    for text in (
        TREATY.replace("\n", "\r\n"),
        TREATY.replace("\n", "\r"),
        "\ufeff" + TREATY,
        "---\n" + TREATY + "...\n",
    ):
        assert load(written(tmp_path, text)).tree == plain


def test_a_folded_title_is_one_line(tmp_path):
    text = changed(TREATY, ("title: Battery-limited mines at the treaty limits", "title: >\n  Mines at\n  the limits"))
    assert load(written(tmp_path, text)).scenario.title == "Mines at the limits"


def test_yaml_1_1_words_are_texts_and_floats_need_no_point(tmp_path):
    text = changed(TREATY, ("name: Illustrative farmland", "name: no"), ("shape: 4", "shape: 4e0"))
    scenario = load(written(tmp_path, text)).scenario
    assert scenario.region.name == "no"
    assert scenario.mines["battery-limited"].battery.life.shape == 4


def test_reading_a_scenario_imports_neither_numpy_nor_scipy():
    code = (
        "import sys; from simulator.scenario_file import load, shipped_scenarios; "
        f"load(shipped_scenarios() / {SHIPPED[0]!r}); "
        "print(sorted({name.partition('.')[0] for name in sys.modules} & {'numpy', 'scipy', 'simpy', 'pint', 'dask'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60, cwd=ROOT
    )
    assert done.stdout.strip() == "[]"
