"""The store of points: what is kept comes back bit for bit, or is computed again; keys name all that matters only."""

import os
import sqlite3
import threading
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenario_texts import changed, contract_folder, written

from simulator import evaluation, point_store, points
from simulator.evaluation import gather, opened_store, read_record
from simulator.executor import Resources, pool
from simulator.experiment import EXPECTED, SIMULATE
from simulator.point_store import (
    blocks_kept,
    curve_names,
    curve_of,
    keep_point,
    points_kept,
    record_of,
    replicates_kept,
)
from simulator.points import CurveRecord, Point, Record, Study, Task, evaluate, key_of, scenario_at
from simulator.problems import InputError
from simulator.scenario_file import load
from simulator.sweep_grid import FAMILY
from simulator.variation import Settings

TINY = """\
title: A few mines
start: 2024-12-01
horizon: 30 days
seed: 3
replicates: 4
region: {rectangle: {width: 3 km, height: 2 km}}
mines:
  old: {count: 30, laid: 2024-12-01, arming_failure: 10 %}
  short:
    count: 20
    laid: 2024-12-01
    self_destruct: {time: {weibull: {shape: 2, scale: 14 days}}, failure: 10 %}
    battery: {life: 20 days, failure: 0.1}
civilians:
  density: 14 per km2
  accident_rate: 2 per mine-year
  reference_density: 14 per km2
  casualties_per_accident: 1.44
"""
CURVE = ("all", "hazardous")
# Every way in which two numbers can be equal and yet other bytes, or other numbers and yet no order.
AWKWARD = np.array([0.0, -0.0, np.nan, -np.nan, np.inf, -np.inf, 5e-324, 1e308, 0.1, -1 / 3])
AT = ("mines", "short", "count")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return load(written(tmp_path_factory.mktemp("tiny"), TINY))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "points.sqlite"


@pytest.fixture
def store():
    with opened_store(None) as opened:
        yield opened


@pytest.fixture
def computed(monkeypatch):
    """The tasks that are computed, as (first, stop)."""
    done = []

    def noted(study, task):
        done.append((task.first, task.stop))
        return evaluate(study, task)

    monkeypatch.setattr(evaluation, "evaluate", noted)
    return done


def study_of(*scenarios, **more):
    return Study(scenarios, more.pop("method", SIMULATE), curves=more.pop("curves", FAMILY), **more)


def with_counts(*counts, curves=False):
    """Points that differ in how many short-lived mines there are."""
    return [Point(0, Settings(((AT, count),)), curves) for count in counts]


def gathered(study, asked, replicates, store):
    with pool(Resources(1)) as here:
        return gather(study, asked, replicates, store, here, lambda *_: None)


def content_of(store, study, asked, replicates):
    """Every bit that points have in a store."""
    found = gathered(study, asked, replicates, store)
    records = [read_record(store, found, index) for index in range(len(asked))]
    curves = [
        curve_of(store, key, name, replicates)
        for key, point in zip(found.keys, asked, strict=True)
        for name in (FAMILY if point.curves else ())
    ]
    return [bits(one) for one in (*records, *curves)]


def bits(one):
    """The bytes of a record or a curve, with the names of its metrics."""
    if isinstance(one, Record):
        return one.metrics, one.estimate.tobytes(), one.played.tobytes(), one.least.tobytes()
    return one.mean.tobytes(), one.squares.tobytes(), one.played.tobytes(), one.least.tobytes()


def some_record(first=0, stop=10):
    """A record of three metrics, each number made of its replicate."""
    number = np.arange(first, stop)[:, None] * np.array([1.0, 0.1, -7.0])
    return Record(("accidents", "mine_days", "days_until_risk_below_0.0001"), number, -number, np.ones(3), {})


def some_curve(first=0, stop=10):
    """A curve whose mean and squares tell after how many replicates it was kept."""
    played = np.arange(first, stop)[:, None] * np.ones(4)
    return CurveRecord(np.full(4, 1.0 * stop), np.full(4, 2.0 * stop), played, np.zeros(4))


def keep(store, first=0, stop=10, *, key="a world", curve=False):
    record = some_record(first, stop)
    if curve:
        record = replace(record, curves={CURVE: some_curve(first, stop)})
    keep_point(store, Task(key, Point(0), first, stop), record)


def damage(store, table, place=-1, **where):
    """Turn one bit of a payload."""
    key, first = where.get("key", "a world"), where.get("first", 0)
    query = f"FROM {table} WHERE key = ? AND first = ?"
    (payload,) = store.execute(f"SELECT payload {query}", (key, first)).fetchone()
    turned = bytearray(payload)
    turned[place] ^= 1 << (place % 8)
    store.execute(f"UPDATE {table} SET payload = ? WHERE key = ? AND first = ?", (bytes(turned), key, first))  # noqa: S608
    return bytes(payload)


class Together:
    """A pool that takes every task before it gives a result, as one with many workers does."""

    resources = Resources(1)

    def as_finished(self, function, items):
        for item in list(items)[::-1]:
            yield item, function(item)


# What is kept comes back.


@pytest.mark.parametrize("replicates", [1, 10])
def test_a_record_comes_back_bit_for_bit(store, replicates):
    shape = (replicates, AWKWARD.size)
    played = np.broadcast_to(AWKWARD[::-1], shape)
    names = tuple(f"metric {place} – “é”" for place in range(AWKWARD.size))
    record = Record(names, np.broadcast_to(AWKWARD, shape), played, AWKWARD, {})
    keep_point(store, Task("a world", Point(0), 0, replicates), record)
    back = record_of(store, "a world", replicates)
    assert bits(back) == bits(record)
    assert back.estimate.shape == back.played.shape == shape


def test_a_record_without_metrics_comes_back(store):
    nothing = np.empty((5, 0))
    keep_point(store, Task("a world", Point(0), 0, 5), Record((), nothing, nothing, np.empty(0), {}))
    assert record_of(store, "a world", 5).estimate.shape == (5, 0)


def test_a_curve_comes_back_bit_for_bit_under_any_name_of_a_class(store):
    curve = CurveRecord(AWKWARD, AWKWARD[::-1], np.broadcast_to(AWKWARD, (3, AWKWARD.size)), AWKWARD)
    names = [("all", "hazardous"), ("PMN-2 'x' \"y\" 💥", "inert")]
    keep_point(store, Task("a world", Point(0), 0, 3), replace(some_record(0, 3), curves=dict.fromkeys(names, curve)))
    assert sorted(curve_names(store, "a world")) == sorted(names)
    for name in names:
        assert bits(curve_of(store, "a world", name, 3)) == bits(curve)
    assert curve_of(store, "a world", ("all", "inert"), 3) is None
    assert curve_of(store, "another world", names[0], 3) is None


def test_a_closed_form_has_no_played_curves(store):
    curve = CurveRecord(AWKWARD, AWKWARD, np.empty((0, AWKWARD.size)), AWKWARD)
    keep_point(store, Task("a world", Point(0), 0, 1), replace(some_record(0, 1), curves={CURVE: curve}))
    assert curve_of(store, "a world", CURVE, 1).played.shape == (0, AWKWARD.size)


def test_fewer_replicates_than_are_kept_are_the_first_of_them(store):
    keep(store, 0, 10)
    keep(store, 10, 30)
    for replicates in (1, 9, 10, 11, 30):
        assert bits(record_of(store, "a world", replicates)) == bits(some_record(0, replicates))
    assert record_of(store, "a world", 31) is None


BLOCKS = st.lists(st.tuples(st.integers(0, 11), st.integers(1, 6)).map(lambda one: (one[0], sum(one))), max_size=8)


@settings(deadline=None, max_examples=100)
@given(BLOCKS)
def test_blocks_that_overlap_or_have_gaps_give_what_they_have_from_the_first_on(blocks):
    with opened_store(None) as store:
        store.execute("PRAGMA synchronous = OFF")
        for block in blocks:
            keep(store, *block, curve=True)
        reached = 0
        while any(first <= reached < stop for first, stop in blocks):
            reached += 1
        assert replicates_kept(store, "a world") == reached
        ends = {0}
        for first, stop in sorted(blocks):
            ends |= {stop} if first in ends else set()
        for replicates in range(1, 18):
            record = record_of(store, "a world", replicates)
            assert (record is not None) == (replicates <= reached)
            assert record is None or bits(record) == bits(some_record(0, replicates))
            # A running mean is known where a block ended, not inside.
            curve = curve_of(store, "a world", CURVE, replicates)
            assert (curve is not None) == (replicates in ends)
            assert curve is None or bits(curve) == bits(some_curve(0, replicates))


def test_a_thousand_raises_by_one_replicate_are_followed(store):
    store.execute("PRAGMA synchronous = OFF")
    for first in range(1000):
        keep(store, first, first + 1, curve=True)
    assert bits(curve_of(store, "a world", CURVE, 1000)) == bits(some_curve(0, 1000))
    assert bits(record_of(store, "a world", 1000)) == bits(some_record(0, 1000))


# Replicates are raised.


@settings(deadline=None, max_examples=12)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=4), st.integers(1, 4))
def test_in_which_portions_replicates_come_does_not_matter_for_a_single_bit(tiny, portions, together):
    study, asked = study_of(tiny), with_counts(20, curves=True)
    total = sum(portions)
    with opened_store(None) as whole, opened_store(None) as store, pytest.MonkeyPatch.context() as patch:
        at_once = content_of(whole, study, asked, total)
        patch.setattr(points, "_MOST_TOGETHER", together)
        for replicates in np.cumsum(portions).tolist():
            in_portions = content_of(store, study, asked, replicates)
    assert in_portions == at_once


def test_the_running_mean_and_squares_are_those_of_the_samples(tiny):
    task = Task("a world", Point(0, curves=True), 0, 9)
    record = evaluate(study_of(tiny), task)
    curve = record.curves["all", "hazardous"]
    column = record.metrics.index("hazardous_at_30_days")
    samples = record.estimate[:, column]
    assert curve.mean[-1] == pytest.approx(samples.mean(), rel=1e-13)
    assert curve.squares[-1] == pytest.approx(np.square(samples - samples.mean()).sum(), rel=1e-10)
    assert np.array_equal(curve.played[:, -1], record.played[:, column])


@pytest.mark.parametrize("curves", [False, True])
def test_raising_replicates_computes_the_new_ones_only(tiny, store, computed, curves):
    study, asked = study_of(tiny), with_counts(10, 20, curves=curves)
    for replicates in (4, 10, 10, 11):
        last = content_of(store, study, asked, replicates)
    assert computed == [(0, 4), (0, 4), (4, 10), (4, 10), (10, 11), (10, 11)]
    with opened_store(None) as fresh:
        assert content_of(fresh, study, asked, 11) == last


def test_fewer_replicates_of_points_without_curves_compute_nothing(tiny, store, computed):
    study, asked = study_of(tiny), with_counts(10, 20)
    gathered(study, asked, 10, store)
    computed.clear()
    fewer = content_of(store, study, asked, 6)
    assert computed == []
    with opened_store(None) as fresh:
        assert content_of(fresh, study, asked, 6) == fewer


def test_a_point_whose_curves_are_kept_serves_one_without_and_the_other_way_round_curves_are_added(
    tiny, store, computed
):
    study, drawn, plain = study_of(tiny), with_counts(20, curves=True), with_counts(20)
    content_of(store, study, drawn, 5)
    content_of(store, study, plain, 5)
    assert computed == [(0, 5)]
    with opened_store(None) as other:
        content_of(other, study, plain, 5)
        later = content_of(other, study, drawn, 5)
    assert computed == [(0, 5)] * 3
    assert later == content_of(store, study, drawn, 5)


def test_a_world_asked_for_with_and_without_curves_at_the_same_time_has_its_curves(tiny, store):
    asked = [*with_counts(20), *with_counts(20, curves=True), *with_counts(20)]
    found = gather(study_of(tiny), asked, 3, store, Together(), lambda *_: None)
    assert found.failures == {}
    assert curve_of(store, found.keys[1], CURVE, 3) is not None


def test_the_same_world_asked_for_many_times_is_computed_once(tiny, store, computed):
    reports = []
    asked = with_counts(20, 20, 10, 20)
    gather(study_of(tiny), asked, 3, store, Together(), lambda *report: reports.append(report))
    assert len(computed) == points_in(store) == 2
    assert reports[-1] == (4, 4, 0)


def points_in(store):
    return store.execute("SELECT COUNT(*) FROM point").fetchone()[0]


# Damage.


def test_a_turned_bit_anywhere_makes_a_payload_as_good_as_absent(store):
    keep(store, 0, 3, curve=True)
    for table, read in (("point", lambda: record_of(store, "a world", 3)),
                        ("curve", lambda: curve_of(store, "a world", CURVE, 3))):  # fmt: skip
        size = store.execute(f"SELECT LENGTH(payload) FROM {table}").fetchone()[0]  # noqa: S608
        for place in range(size):
            before = damage(store, table, place)
            assert read() is None
            store.execute(f"UPDATE {table} SET payload = ?", (before,))  # noqa: S608
        assert read() is not None
        for payload in (b"", b"PK", before[:10], before[:-1], before + b"\0"):
            store.execute(f"UPDATE {table} SET payload = ?", (payload,))  # noqa: S608
            assert read() is None


@pytest.mark.parametrize(("curves", "table"), [(False, "point"), (True, "point"), (True, "curve")])
@pytest.mark.parametrize("first", [0, 4])
def test_what_was_damaged_is_computed_again_and_read_although_it_still_stands_there(
    tiny, store, computed, curves, table, first
):
    study, asked = study_of(tiny), with_counts(20, curves=curves)
    for replicates in (4, 9):
        sound = content_of(store, study, asked, replicates)
    key = gathered(study, asked, 9, store).keys[0]
    with opened_store(None) as fresh:
        more = content_of(fresh, study, asked, 12)
    # Asked for as many as before, and for more.
    for replicates, expected in ((9, sound), (12, more)):
        damage(store, table, 40, key=key, first=first)
        computed.clear()
        assert content_of(store, study, asked, replicates) == expected
        assert content_of(store, study, asked, replicates) == expected
        assert len(computed) == 1
        if replicates == 9:
            # As it was before the damage.
            store.execute("DELETE FROM point")
            store.execute("DELETE FROM curve")
            for raised in (4, 9):
                gathered(study, asked, raised, store)


def test_a_point_that_is_gone_is_said_to_be_and_not_left_out_in_silence(tiny, store):
    found = gathered(study_of(tiny), with_counts(20), 3, store)
    store.execute("DELETE FROM point")
    with pytest.raises(InputError, match="taken out of the store while it was read; run the command again"):
        read_record(store, found, 0)


# Keys.


def key(text=TINY, *, folder, overrides=(), settings=Settings(), **study):  # noqa: B008
    loaded = load(written(folder, text), overrides)
    asked = study_of(loaded, **study)
    return key_of(asked, scenario_at(asked, Point(0, settings)))


SAME = {
    "a title": [("A few mines", "Some mines")],
    "a question": [("start:", "question: Why?\nstart:")],
    "a comment": [("start:", "# why not\nstart:")],
    "a source, a grade and a note": [
        ("accident_rate: 2 per mine-year", "accident_rate: {value: 2 per mine-year, source: assumption, note: n}")
    ],
    "an uncertainty": [
        ("failure: 0.1}", "failure: {value: 0.1, uncertainty: {uniform: [0, 1]}, source: assumption, note: n}}")
    ],
    "a source list": [("start:", "sources: {mine: {title: A book}}\nstart:")],
    "replicates": [("replicates: 4", "replicates: 400")],
    "per cent": [("failure: 0.1}", "failure: 10 %}")],
    "another unit": [("30 days", "720 hours"), ("scale: 14 days", "scale: 2 weeks")],
    "digits": [("2 per mine-year", "2.000 per mine-year"), ("14 days", "1.4e1 days")],
    "a default": [("failure: 0.1}", "failure: 0.1, q10: 1}"), ("height: 2 km}", "height: 2 km}, cell: 1 km")],
    "the name of the region": [("region: {", "region: {name: Somewhere, ")],
    "the names of classes": [("  old:", "  PMN:"), ("  short:", "  'POM-2, of 1998':")],
    "the order of keys": [
        ("{count: 30, laid: 2024-12-01, arming_failure: 10 %}", "{arming_failure: 10 %, laid: 2024-12-01, count: 30}")
    ],
}
OTHER = {
    "the seed": [("seed: 3", "seed: 4")],
    "a number": [("count: 20", "count: 21")],
    "the last digit of a number": [("2 per mine-year", "2.0000000000000004 per mine-year")],
    "the start": [("start: 2024-12-01", "start: 2024-11-30")],
    "the horizon": [("30 days", "31 days")],
    "the cells": [("height: 2 km}", "height: 2 km}, cell: 500 m")],
    "a law with the same parameters": [("weibull", "gamma")],
    "a law that is a single time": [("life: 20 days", "life: never")],
    "a law of another time": [("life: 20 days", "life: 21 days")],
    "thresholds": [("start:", "thresholds: [1e-2 per year]\nstart:")],
    "the order of classes": [
        ("  old: {count: 30, laid: 2024-12-01, arming_failure: 10 %}\n", ""),
        ("civilians:", "  old: {count: 30, laid: 2024-12-01, arming_failure: 10 %}\ncivilians:"),
    ],
    "a class less": [("  old: {count: 30, laid: 2024-12-01, arming_failure: 10 %}\n", "")],
    "what else is known of accidents": [("accident: 1.44", "accident: 1.44\n  killed_share: 0.3")],
}


@pytest.mark.parametrize("changes", SAME.values(), ids=SAME)
def test_what_changes_no_number_changes_no_key(tmp_path, changes):
    assert key(changed(TINY, *changes), folder=tmp_path) == key(folder=tmp_path)


@pytest.mark.parametrize("changes", OTHER.values(), ids=OTHER)
def test_what_changes_a_number_changes_the_key(tmp_path, changes):
    assert key(changed(TINY, *changes), folder=tmp_path) != key(folder=tmp_path)


def test_a_number_has_the_same_key_in_the_file_as_set_and_as_varied(tmp_path):
    written_so = key(changed(TINY, ("count: 20", "count: 25")), folder=tmp_path)
    assert key(folder=tmp_path, overrides=["mines.short.count=25"]) == written_so
    assert key(folder=tmp_path, settings=Settings(((AT, 25),))) == written_so
    path = ("mines", "short", "self_destruct", "failure")
    assert key(folder=tmp_path, settings=Settings(((path, 0.1),))) == key(folder=tmp_path)


def test_the_name_of_a_class_counts_where_curves_are_kept_by_class(tmp_path):
    renamed = changed(TINY, ("  short:", "  other:"))
    for curves in (None, (("short", "hazardous"),)):
        assert key(renamed, folder=tmp_path, curves=curves) != key(folder=tmp_path, curves=curves)


@pytest.mark.parametrize(
    "more",
    [{"method": EXPECTED}, {"metrics": ("casualties",)}, {"curves": ()}, {"curves": None}, {"with_errors": False},
     {"versions": {"numpy": "3.0"}}, {"slots": {"old": 1, "short": 0}}],
    ids=lambda more: next(iter(more)),
)  # fmt: skip
def test_what_is_asked_of_a_world_and_how_it_is_computed_changes_the_key(tmp_path, more):
    assert key(folder=tmp_path, **more) != key(folder=tmp_path)


def test_the_version_of_what_only_draws_changes_no_key(tmp_path):
    keys = {key(folder=tmp_path, versions={"numpy": "2.0", "matplotlib": one}) for one in ("3.9", "3.10")}
    assert len(keys) == 1


def test_a_closed_form_has_the_same_key_under_every_seed(tmp_path):
    other = changed(TINY, ("seed: 3", "seed: 4"))
    assert key(other, folder=tmp_path, method=EXPECTED) == key(folder=tmp_path, method=EXPECTED)


def test_the_seed_that_counts_is_that_of_the_reference(tmp_path, tiny):
    keys = set()
    for seed in (3, 4):
        reference = load(written(tmp_path, changed(TINY, ("seed: 3", f"seed: {seed}"))))
        study = study_of(reference, tiny)
        keys.add(key_of(study, scenario_at(study, Point(1))))
    assert len(keys) == 2


def test_a_file_counts_by_its_content_and_not_by_its_name(tmp_path):
    contract_folder(tmp_path)
    full = (tmp_path / "full.yaml").read_text(encoding="utf-8")
    here = key(full, folder=tmp_path)
    (tmp_path / "places.csv").write_bytes((tmp_path / "villages.csv").read_bytes())
    assert key(changed(full, ("villages.csv", "places.csv")), folder=tmp_path) == here
    for name in ("villages.csv", "district.geojson", "belt.geojson"):
        before = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(before + b"\n")
        assert key(full, folder=tmp_path) != here
        (tmp_path / name).write_bytes(before)
    assert key(full, folder=tmp_path) == here


def test_worlds_with_the_same_key_have_the_same_bits(tmp_path, tiny):
    names = ("another unit", "a default", "the names of classes", "a source, a grade and a note")
    changes = [pair for name in names for pair in SAME[name]]
    asked = [Point(0, curves=True)]
    other = load(written(tmp_path, changed(TINY, *changes)))
    with opened_store(None) as one, opened_store(None) as two:
        assert content_of(one, study_of(tiny), asked, 4) == content_of(two, study_of(other), asked, 4)


# Files that are no store, or cannot be one.


def say_of(path):
    with pytest.raises(InputError) as caught, point_store.point_store(path) as opened:
        keep(opened)
    return str(caught.value)


def test_a_text_is_no_store_and_stays_as_it_is(path):
    path.write_text("a,b\n1,2\n" * 1000, encoding="utf-8")
    assert say_of(path) == (
        f"error: cannot use the points kept in {path}: file is not a database; "
        "move it away to start afresh, or give another"
    )
    assert path.read_text(encoding="utf-8") == "a,b\n1,2\n" * 1000


def test_the_database_of_another_program_is_refused_and_not_touched(path):
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE point (x, y)")
    other.close()
    before = path.read_bytes()
    assert say_of(path) == f"error: {path} is a database, but not a store of points of minesim; give another file"
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_a_store_of_another_version_is_refused_with_a_way_out(path):
    with point_store.point_store(path) as opened:
        opened.execute("PRAGMA user_version = 99")
    said = say_of(path)
    assert "is a store of points of another version of minesim; move it away to start afresh, or give another" in said


def test_a_damaged_store_is_refused_with_a_way_out(path):
    with point_store.point_store(path) as opened:
        for number in range(200):
            keep(opened, key=f"world {number}")
    content = bytearray(path.read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)
    path.write_bytes(bytes(content))
    assert "move it away to start afresh, or give another" in say_of(path)


def test_a_folder_and_a_missing_folder_are_no_place_for_a_store(tmp_path):
    for place in (tmp_path, tmp_path / "missing" / "points.sqlite"):
        assert "unable to open database file; give a file in a folder that exists and can be written" in say_of(place)
        assert points_kept(place) == 0


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is closed to root")
def test_a_folder_that_cannot_be_written_is_no_place_for_a_store(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    assert "can be written" in say_of(closed / "points.sqlite")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is closed to root")
def test_a_store_that_cannot_be_written_is_refused(path):
    with point_store.point_store(path) as opened:
        keep(opened)
    path.chmod(0o444)
    assert "attempt to write a readonly database; give a file that can be written" in say_of(path)


def test_counting_what_is_kept_makes_no_store(path):
    assert (points_kept(path), blocks_kept(path)) == (0, 0)
    assert not path.exists()


def test_what_is_kept_is_counted_by_world_and_by_what_was_written(path):
    with point_store.point_store(path) as opened:
        keep(opened, 0, 10)
        keep(opened, 10, 20)
        keep(opened, key="another world")
    assert (points_kept(path), blocks_kept(path)) == (2, 3)


def test_the_file_is_whole_without_its_log_even_while_somebody_looks_into_it(path, tmp_path):
    with point_store.point_store(path) as opened:
        keep(opened)
        onlooker = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        onlooker.execute("SELECT COUNT(*) FROM point").fetchone()
    moved = tmp_path / "moved.sqlite"
    path.rename(moved)
    assert points_kept(moved) == 1
    onlooker.close()


# A transaction, a full disk, and several at once.


def test_a_point_is_kept_with_all_its_curves_or_not_at_all(store, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(point_store, "_packed_curve", lambda _: None)
        with pytest.raises(sqlite3.IntegrityError):
            keep(store, curve=True)
    assert points_in(store) == 0
    keep(store, curve=True)
    assert bits(record_of(store, "a world", 10)) == bits(some_record())


def test_a_store_waits_for_the_disk_with_every_point(path):
    with point_store.point_store(path) as opened:
        assert opened.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert opened.execute("PRAGMA synchronous").fetchone() == (2,)


@contextmanager
def small_disk(pages):
    """A disk on which a store of so many pages finds room."""
    connect = sqlite3.connect

    def limited(*arguments, **more):
        connection = connect(*arguments, **more)
        connection.execute(f"PRAGMA max_page_count = {pages}")
        return connection

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite3, "connect", limited)
        yield


@pytest.mark.parametrize(("curves", "pages"), [(False, 9), (True, 20)])
def test_on_a_full_disk_what_is_finished_is_kept_and_a_later_run_goes_on_from_it(tiny, path, computed, curves, pages):
    study, asked = study_of(tiny), with_counts(*range(20, 60), curves=curves)
    with small_disk(pages), pytest.raises(InputError) as caught, opened_store(path) as full:
        gathered(study, asked, 4, full)
    assert str(caught.value) == (
        f"error: cannot use the points kept in {path}: database or disk is full; "
        "make room and run the same command again, it goes on from what is kept"
    )
    kept = points_kept(path)
    assert 0 < kept == len(computed) - 1 < 40
    computed.clear()
    with opened_store(path) as roomy, opened_store(None) as fresh:
        resumed = content_of(roomy, study, asked, 4)
        assert len(computed) == 40 - kept
        assert resumed == content_of(fresh, study, asked, 4)


def test_many_who_open_a_new_store_at_the_same_time_all_keep_their_points(path):
    failed = []
    together = threading.Barrier(6)

    def one(number):
        try:
            together.wait(timeout=60)
            for place in range(10):
                with point_store.point_store(path) as opened:
                    keep(opened, key=f"world {place} of {number}", curve=True)
                    keep(opened, key=f"world {place} of all")
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert points_kept(path) == 70


def test_a_point_that_fails_does_not_stop_the_others_and_is_not_kept(tiny, store):
    impossible = Point(0, Settings((((*AT[:2], "self_destruct", "failure"), 1.5),)))
    asked = [*with_counts(20), impossible, *with_counts(30)]
    reports = []
    with pool(Resources(1)) as here:
        found = gather(study_of(tiny), asked, 3, store, here, lambda *report: reports.append(report))
    assert found.failures == {1: "mines.short.self_destruct.failure: must be between 0 and 1, got 1.5"}
    assert [key is None for key in found.keys] == [False, True, False]
    assert read_record(store, found, 1) is None
    assert points_in(store) == 2
    assert reports[-1] == (3, 3, 1)


def test_a_world_that_fails_fails_every_point_that_asks_for_it(tiny, store, monkeypatch):
    def failing(study, task):
        if dict(task.point.settings.values)[AT] == 30:
            raise ZeroDivisionError("nobody there")
        return evaluate(study, task)

    monkeypatch.setattr(evaluation, "evaluate", failing)
    found = gathered(study_of(tiny), with_counts(20, 30, 40, 30), 3, store)
    assert found.failures == dict.fromkeys((1, 3), "ZeroDivisionError: nobody there")
    assert points_in(store) == 2
