"""What changed between two scenarios, which changes need each other, and the scenarios between."""

import shutil
from itertools import chain, combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenario_texts import CONTRACT, ROOT

from simulator.changes import ABSENT, paired_classes, settings_changed
from simulator.closed_form import expected
from simulator.combining import changes_between, combinations_of, combined, merged
from simulator.metrics import expected_value, metrics
from simulator.place import read_place
from simulator.problems import InputError
from simulator.scenario_file import from_tree, load
from simulator.world import build_world, stream_slots

SCENARIOS = ROOT / "scenarios"
WEIBULL = {"weibull": {"shape": 4, "scale": "81.9 days"}}
MINES = {"count": 1000, "laid": "2024-12-01", "ageing": {"exponential": {"mean": "57.7 years"}}}
SELF_DESTRUCT = {"self_destruct": {"time": "14 days", "failure": 0.1}}
BATTERY = {"battery": {"life": WEIBULL, "failure": 0.2}}
CIVILIANS = {
    "density": "14 per km2",
    "accident_rate": "1.4e-4 per mine-year",
    "reference_density": "14 per km2",
    "casualties_per_accident": 1.44,
}


def scenario(name="one", *, mines=None, civilians=(), region=(), **more):
    """A small scenario; ``mines`` are classes, else one class of persistent mines."""
    tree = {
        "title": name,
        "start": "2024-12-01",
        "horizon": "10 years",
        "region": {"rectangle": {"width": "4 km", "height": "3 km"}} | dict(region),
        "mines": {"m": MINES} if mines is None else mines,
        "civilians": CIVILIANS | dict(civilians),
    }
    return from_tree(name, tree | more)


def shipped(name, *overrides):
    return load(SCENARIOS / f"{name}.yaml", overrides)


def texts(reference, other):
    """Path, before and after of each setting that differs."""
    return [(one.path, one.before, one.after) for one in settings_changed(reference, other)]


def paths(changes):
    return [part.paths for part in changes.parts]


def test_persistent_and_battery_limited_mines_differ_in_what_ends_their_lives():
    assert texts(shipped("persistent"), shipped("treaty-limit")) == [
        ("mines.persistent.self_destruct", ABSENT, "{time: {normal: {mean: 15 days, sd: 1 day}}, failure: 10 %}"),
        ("mines.persistent.battery", ABSENT, "{life: {weibull: {shape: 4, scale: 81.9 days}}, failure: 0}"),
        ("mines.persistent.ageing", "{exponential: {mean: 57.7 years}}", "never"),
    ]


def test_blocks_of_both_are_compared_key_by_key_and_laws_of_other_families_as_a_whole():
    assert texts(shipped("treaty-limit"), shipped("field-pessimistic")) == [
        ("mines.battery-limited.self_destruct.failure", "10 %", "0.05"),
        ("mines.battery-limited.battery.life.weibull.scale", "81.9 days", "120 days"),
        ("mines.battery-limited.battery.failure", "0", "0.1"),
    ]
    assert texts(shipped("treaty-limit"), shipped("official-claim"))[0] == (
        "mines.battery-limited.self_destruct.time", "{normal: {mean: 15 days, sd: 1 day}}", "14 days",
    )  # fmt: skip


def test_equal_values_in_other_words_are_no_change():
    plain = scenario(mines={"m": MINES | SELF_DESTRUCT | BATTERY})
    reworded = scenario(
        "another title",
        question="Why?",
        seed=9,
        replicates=7,
        thresholds=["1e-5 per year"],
        region={"name": "Elsewhere", "rectangle": {"width": "4000 m", "height": "3 km"}, "cell": "1000 m"},
        mines={
            "other": {
                "count": {"value": 1000, "source": "assumption", "note": "same", "uncertainty": {"uniform": [1, 9]}},
                "laid": {"from": "2024-12-01", "to": "2024-12-01"},
                "placement": "uniform",
                "arming_failure": "0 %",
                "ageing": {"exponential": {"mean": "21074.925 days"}},
                "self_destruct": {"time": "2 weeks", "failure": "10 %"},
                "battery": {"life": {"weibull": {"shape": "400 %", "scale": "1965.6 h"}}, "failure": "20 %", "q10": 1},
                "common_cause": 0,
            }
        },
        civilians={"density": "0.14 per ha", "accident_rate": f"{1.4e-4 / 365.25!r} per mine-day"},
        clearance=None,
    )  # fmt: skip
    assert texts(plain, reworded) == []
    assert changes_between(plain, reworded).parts == ()


def test_an_absent_key_is_shown_with_its_default():
    one = scenario(mines={"m": MINES | SELF_DESTRUCT | BATTERY})
    other = scenario(
        mines={"m": MINES | SELF_DESTRUCT | {"battery": BATTERY["battery"] | {"reference_temperature": "15 degC"}} | {
            "ageing": "never", "common_cause": 0.1, "lots": {"size": 50, "correlation": 0.1}}},
        region={"cell": "500 m"},
        civilians={"season": [1] * 12},
    )  # fmt: skip
    assert texts(one, other) == [
        ("region.cell", "1 km", "500 m"),
        ("mines.m.battery.reference_temperature", "20 degC", "15 degC"),
        ("mines.m.common_cause", "0", "0.1"),
        ("mines.m.lots", ABSENT, "{size: 50, correlation: 0.1}"),
        ("mines.m.ageing", "{exponential: {mean: 57.7 years}}", "never"),
        ("civilians.season", ABSENT, "[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"),
    ]


def test_a_list_and_a_laying_period_are_one_setting_each():
    period = {"laid": {"from": "2025-01-01", "to": "2025-03-01"}}
    one = scenario(mines={"m": MINES}, civilians={"season": [1] * 12})
    other = scenario(mines={"m": MINES | period}, civilians={"season": [1] * 11 + [0.5]})
    assert [path for path, *_ in texts(one, other)] == ["mines.m.laid", "civilians.season"]


@pytest.mark.parametrize(
    ("names", "others"),
    [("a", "a"), ("a", "b"), ("ab", "ba"), ("ab", "bc"), ("ab", "c"), ("a", "cb"), ("ab", "cda"), ("abc", "xbyz")],
)
def test_classes_are_paired_as_their_streams_are(names, others):
    def classes(letters):
        return {letter: MINES | {"count": 100 + ord(letter)} for letter in letters}

    reference, other = scenario(mines=classes(names)), scenario(mines=classes(others))
    slots = stream_slots(list(names), list(others))
    counterpart = {slot: name for name, slot in slots.items()}
    pairs = paired_classes(reference, other)
    assert pairs[: len(names)] == [(name, counterpart.get(index)) for index, name in enumerate(names)]
    assert {its for _, its in pairs} - {None} == set(others)
    whole = combinations_of(changes_between(reference, other))[-1]
    built = build_world(whole, changes_between(reference, other).slots)
    assert {kind.slot: kind.count for kind in built.kinds} == {slot: 100 + ord(name) for name, slot in slots.items()}


def test_a_class_of_one_scenario_alone_is_one_change_and_keeps_its_stream_in_every_choice():
    reference = scenario(mines={"a": MINES, "b": MINES | {"count": 5}})
    other = scenario(mines={"a": MINES, "x": MINES, "y": MINES | {"count": 7}, "z": MINES | {"count": 9}})
    changes = changes_between(reference, other)
    assert paths(changes) == [("mines.b.count",), ("mines.y",), ("mines.z",)]
    assert changes.parts[1].settings[0].before == ABSENT
    assert changes.slots == {"a": 0, "b": 1, "y": 2, "z": 3}
    for bits, loaded in enumerate(combinations_of(changes)):
        assert list(loaded.scenario.mines) == ["a", "b", *(["y"] if bits & 2 else []), *(["z"] if bits & 4 else [])]
        assert {
            kind.name: kind.slot for kind in build_world(loaded, changes.slots).kinds
        }.items() <= changes.slots.items()
    fewer = changes_between(other, reference)
    assert paths(fewer) == [("mines.x.count",), ("mines.y",), ("mines.z",)]
    assert list(combinations_of(fewer)[-1].scenario.mines) == ["a", "x"]


def test_a_choice_keeps_the_names_and_titles_of_the_reference():
    reference, other = shipped("persistent"), shipped("treaty-limit")
    every = combinations_of(changes_between(reference, other))
    assert len(every) == 8
    assert every[0] is reference
    assert all(list(loaded.scenario.mines) == ["persistent"] for loaded in every)
    assert all(loaded.scenario.title == "Persistent mines" for loaded in every)
    assert len({loaded.digest for loaded in every}) == 8
    only_battery = every[2].scenario.mines["persistent"]
    assert (only_battery.self_destruct, only_battery.battery) == (None, other.scenario.mines["battery-limited"].battery)


@pytest.mark.parametrize(
    ("before", "after"),
    [("persistent", "treaty-limit"), ("official-claim", "persistent"), ("treaty-limit", "ukraine-scale")],
)
def test_all_changes_together_make_the_other_scenario(before, after):
    reference, other = shipped(before), shipped(after)
    changes = changes_between(reference, other)
    whole, its = build_world(combinations_of(changes)[-1], changes.slots), build_world(other)
    for metric in metrics(its):
        found, exact = expected_value(metric, whole, expected(whole)), expected_value(metric, its, expected(its))
        assert found == pytest.approx(exact, rel=1e-12)


def test_start_and_horizon_must_be_the_same():
    with pytest.raises(InputError) as caught:
        changes_between(shipped("persistent"), shipped("treaty-limit", "horizon=5 years", "start=2024-11-30"))
    assert [problem.path for problem in caught.value.problems] == ["start", "horizon"]
    assert changes_between(shipped("persistent"), shipped("persistent", "horizon=3652.5 days")).parts == ()


def test_settings_that_need_each_other_are_one_change():
    both = MINES | SELF_DESTRUCT | BATTERY
    one = scenario(mines={"m": MINES | SELF_DESTRUCT})
    common = scenario(mines={"m": both | {"common_cause": 0.3, "count": 7}})
    assert paths(changes_between(one, common)) == [("mines.m.count",), ("mines.m.battery", "mines.m.common_cause")]
    assert paths(changes_between(common, one)) == [("mines.m.count",), ("mines.m.battery", "mines.m.common_cause")]
    # With neither mechanism before, common_cause needs both of them.
    neither = scenario(mines={"m": MINES})
    assert paths(changes_between(neither, common))[1] == (
        "mines.m.self_destruct", "mines.m.battery", "mines.m.common_cause",
    )  # fmt: skip


def test_two_ways_of_saying_the_same_are_exchanged_together():
    warm = {"temperature": [10] * 12}
    q10 = scenario(region=warm, mines={"m": MINES | {"battery": BATTERY["battery"] | {"q10": 2, "failure": 0.1}}})
    energy = scenario(
        region=warm, mines={"m": MINES | {"battery": BATTERY["battery"] | {"activation_energy": "0.5 eV"}}}
    )
    assert paths(changes_between(q10, energy)) == [
        ("mines.m.battery.failure",),
        ("mines.m.battery.q10", "mines.m.battery.activation_energy"),
    ]
    # A battery that ages with temperature needs the region's.
    assert paths(changes_between(scenario(mines={"m": MINES | BATTERY}), q10)) == [
        ("region.temperature", "mines.m.battery.q10"),
        ("mines.m.battery.failure",),
    ]


def test_another_way_of_lying_is_one_change_and_a_distance_to_keep_another():
    changes = changes_between(shipped("district", "mines.persistent.placement=uniform"), shipped("keep-away-1km"))
    assert paths(changes) == [
        ("mines.persistent.placement.uniform", "mines.persistent.placement.clusters"),
        ("mines.persistent.placement.keep_away",),
    ]
    only_distance = combinations_of(changes)[2].scenario.mines["persistent"].placement
    assert (only_distance.uniform, only_distance.clusters) == (True, None)
    assert only_distance.keep_away is not None
    # Even mines that keep a distance need no word for lying evenly.
    kept = {"placement": {"keep_away": {"distance": "1 km"}}}
    people = {"density": None, "settlements": "villages.csv", "range": "2 km"}
    files = shipped("district").files
    tree = scenario(mines={"m": MINES}).tree | {"region": {"boundary": "district.geojson"}}
    tree["civilians"] = {key: value for key, value in (CIVILIANS | people).items() if value is not None}
    even, away = (from_tree("x", tree | {"mines": {"m": mines}}, files) for mines in (MINES, MINES | kept))
    assert (
        paths(changes_between(even, away)) == paths(changes_between(away, even)) == [("mines.m.placement.keep_away",)]
    )


def test_a_place_is_changed_with_the_files_that_lie_in_it():
    changes = changes_between(shipped("persistent"), shipped("district"))
    assert paths(changes)[0] == (
        "region.rectangle", "region.boundary", "civilians.density", "civilians.settlements", "civilians.range",
    )  # fmt: skip
    assert len(changes.parts) == 9
    *_, whole = combinations_of(changes)
    assert set(whole.files) == {"region.boundary", "civilians.settlements"}
    read_place(whole)


def test_a_distance_to_keep_from_settlements_goes_with_them():
    changes = changes_between(shipped("keep-away-1km"), shipped("district", "civilians.range=3 km"))
    assert paths(changes) == [("mines.persistent.placement.keep_away",), ("civilians.range",)]
    everywhere = {"settlements": None, "range": None, "density": "7 per km2"}
    overrides = [f"civilians.{key}={value or 'null'}" for key, value in everywhere.items()]
    changes = changes_between(shipped("keep-away-1km"), shipped("district", *overrides))
    assert paths(changes) == [
        ("mines.persistent.placement.keep_away", "civilians.density", "civilians.settlements", "civilians.range")
    ]


def district(folder, name=None, old="", new=""):
    """The shipped district with a text in one of its files replaced."""
    shutil.copytree(SCENARIOS, folder)
    if name is not None:
        text = (folder / name).read_text(encoding="utf-8")
        assert old in text
        (folder / name).write_text(text.replace(old, new), encoding="utf-8")
    return load(folder / "district.yaml")


def test_a_file_is_a_setting_by_its_content(tmp_path):
    reference = shipped("district")
    assert changes_between(reference, district(tmp_path / "same")).parts == ()
    other = district(tmp_path / "more", "villages.csv", "1200", "2400")
    assert paths(changes_between(reference, other)) == [("civilians.settlements",)]
    before, after = combinations_of(changes_between(reference, other))
    assert (before.files["civilians.settlements"].text, after.files["civilians.settlements"].text) == (
        reference.files["civilians.settlements"].text,
        other.files["civilians.settlements"].text,
    )
    assert after.digest == combined(reference, other, settings_changed(reference, other)).digest != reference.digest
    border = district(tmp_path / "border", "district.geojson", "36.0,", "35.9,")
    assert [path for path, *_ in texts(reference, border)] == ["region.boundary"]
    copied = shutil.copy(SCENARIOS / "villages.csv", tmp_path / "same" / "others.csv")
    renamed = load(tmp_path / "same" / "district.yaml", [f"civilians.settlements={copied.name}"])
    assert texts(reference, renamed) == []


def test_a_line_goes_with_the_class_that_has_it():
    full = load(CONTRACT / "full.yaml")
    tree = full.tree | {"mines": {"ours": full.tree["mines"]["legacy"] | {"placement": "uniform"}}}
    files = {key: file for key, file in full.files.items() if not key.startswith("mines.")}
    reference = from_tree("even", tree, files)
    belt = from_tree("belt", tree | {"mines": {"theirs": full.tree["mines"]["legacy"]}}, {
        key.replace("legacy", "theirs"): file for key, file in full.files.items()
    })  # fmt: skip
    changes = changes_between(reference, belt)
    assert paths(changes) == [("mines.ours.placement.uniform", "mines.ours.placement.belt")]
    _, after = combinations_of(changes)
    assert after.files["mines.ours.placement.belt.line"].text == full.files["mines.legacy.placement.belt.line"].text
    read_place(after)


def many(count):
    """Scenarios that differ in so many numbers of the first year's seasons and of mines."""
    classes = {f"m{index}": MINES for index in range(count)}
    return [scenario(mines={name: MINES | {"count": 5 + more} for name in classes}) for more in (0, 1)]


def test_too_many_changes_are_refused_with_all_of_them_and_the_way_out():
    assert len(changes_between(*many(10)).parts) == 10
    with pytest.raises(InputError) as caught:
        changes_between(*many(11))
    first, *others = caught.value.problems
    assert first.message == (
        "11 settings differ, and an exact split takes 2,048 scenarios; at most 10 are split. Take the settings of a "
        "block together, or compare in steps with a scenario in between"
    )
    assert [problem.path for problem in others] == [f"mines.m{index}.count" for index in range(11)]
    assert all(problem.message == "differs: 5 -> 6" and problem.mark is not None for problem in others)


def test_the_settings_of_a_block_are_taken_together_when_asked():
    one = scenario(mines={"a": MINES, "b": MINES})
    other = scenario(
        mines={"a": MINES | SELF_DESTRUCT | {"count": 2}, "b": MINES | {"count": 3}, "c": MINES},
        region={"cell": "500 m"},
        civilians={"density": "7 per km2", "killed_share": 0.3},
    )
    assert paths(changes_between(one, other, by_block=True)) == [
        ("region.cell",), ("mines.a.count", "mines.a.self_destruct"), ("mines.b.count",), ("mines.c",),
        ("civilians.density", "civilians.killed_share"),
    ]  # fmt: skip


def unions(groups):
    every = chain.from_iterable(combinations(groups, size) for size in range(len(groups) + 1))
    return (frozenset(chain.from_iterable(choice)) for choice in every)


@given(st.sets(st.integers(1, 2**5 - 2)))
def test_whatever_is_not_valid_is_merged_until_every_choice_is(broken):
    def is_valid(choice):
        return sum(1 << index for index in choice) not in broken

    groups = merged([(index,) for index in range(5)], is_valid)
    assert sorted(chain.from_iterable(groups)) == list(range(5))
    assert all(map(is_valid, unions(groups)))
    if not broken:
        assert len(groups) == 5


@pytest.mark.parametrize(
    ("is_valid", "groups"),
    [
        # 1 needs 3.
        (lambda choice: 1 not in choice or 3 in choice, [(0,), (1, 3), (2,)]),
        # 0 and 1 do not go together without 2: one of them goes with it.
        (lambda choice: not {0, 1} <= choice or 2 in choice, [(0, 2), (1,), (3,)]),
        # 0 needs 1, which needs 2.
        (lambda choice: (0 not in choice or 1 in choice) and (1 not in choice or 2 in choice), [(0, 1, 2), (3,)]),
        # Two pairs.
        (lambda choice: len({0, 3} & choice) != 1 and len({1, 2} & choice) != 1, [(0, 3), (1, 2)]),
    ],
)
def test_merging_is_no_more_than_is_needed(is_valid, groups):
    assert merged([(index,) for index in range(4)], is_valid) == groups
