"""The planting of mistakes itself: it tells a noticed one from one that survives, and its page is current."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest
from mutation.page import PAGE, page_of
from mutation.points import mutated, points_of
from mutation.record import LEAST_SCORE, Reason, explained_keys, explanations, faults, kept, score, surplus
from mutation.running import MODULES, Verdict, all_points
from mutation.trying import KILLED, SURVIVED, TIMEOUT

TOY = b'''"""Ages of items."""

LIMIT = 3


def clipped(age: int, rest: int = 0) -> int:
    """The age, but no more than the limit."""
    while age > LIMIT + rest:
        age -= 1
    return age
'''
SECOND = "def kind(law):\n    match law:\n        case 1:\n            return min(law, key=abs)\n    return law[1:]\n"

EDITS = [
    "toy.module: LIMIT = 3 -> LIMIT = 2",
    "toy.module: LIMIT = 3 -> LIMIT = 4",
    "toy.module: def clipped(age: int, rest: int = 0) -> int: -> def clipped(age: int, rest: int = -1) -> int:",
    "toy.module: def clipped(age: int, rest: int = 0) -> int: -> def clipped(age: int, rest: int = 1) -> int:",
    "toy.clipped: while age > LIMIT + rest: -> while age <= LIMIT + rest:",
    "toy.clipped: while age > LIMIT + rest: -> while age >= LIMIT + rest:",
    "toy.clipped: while age > LIMIT + rest: -> while age > LIMIT - rest:",
    "toy.clipped: age -= 1 -> age += 1",
    "toy.clipped: age -= 1 -> age -= 0",
    "toy.clipped: age -= 1 -> age -= 2",
    "toy.clipped: age -= 1 -> pass",
    "toy.clipped: return age -> return None",
]

# One test that fixes both sides of the limit, and one that says little.
TESTS = """
from simulator.toy import clipped
def test_strong():
    assert [clipped(2), clipped(3), clipped(4)] == [2, 3, 3]
def test_weak():
    assert clipped(2) == 2
"""

TRIAL = """
import json, sys
from pathlib import Path
from types import ModuleType
sys.path[:0] = [{tests!r}]
from mutation import trying
from mutation.planting import plant_in_place
from mutation.points import points_of

trying._LEAST_SECONDS = 0.1
source = Path("toy.py").read_bytes()
module = sys.modules["simulator.toy"] = ModuleType("simulator.toy")
exec(compile(source, "toy.py", "exec"), vars(module))
found = {{}}

def work(items, failures):
    def one(point, item):
        plant_in_place(point, source)
        return trying.meets([item], {{item.nodeid: 0.0}}, failures)
    for item in items:
        points = [point for point in points_of("toy", source) if not point.loaded]
        found[item.name] = {{point.key: trying.in_fork(lambda: one(point, item))["outcome"] for point in points}}

trying.collect(["test_toy.py"], trying.Loop(work, 5))
print("outcomes:", json.dumps(found))
"""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """What becomes of the toy's mutants when they meet each test, in a process of its own as in the real command."""
    folder = tmp_path_factory.mktemp("toy")
    (folder / "toy.py").write_bytes(TOY)
    (folder / "test_toy.py").write_text(TESTS)
    (folder / "pytest.ini").write_text("[pytest]\n")
    script = TRIAL.format(tests=str(Path(__file__).parent))
    done = subprocess.run([sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, check=False)
    said = [line for line in done.stdout.splitlines() if "outcomes: " in line]
    assert said, done.stdout + done.stderr
    return json.loads(said[0].partition("outcomes: ")[2])


def test_every_sort_of_mistake_is_made_at_its_place():
    points = points_of("toy", TOY)
    assert sorted(point.key for point in points) == sorted(EDITS)
    assert {point.key for point in points if point.loaded} == set(EDITS[:4])
    for point in points:
        ast.parse(mutated(TOY, point))
    changes = {point.key.partition(" -> ")[2] for point in points_of("second", SECOND.encode())}
    assert changes >= {"case 1 if False:", "return max(law, key=abs)", "return min(law)", "return law[:]"}


def test_a_mutant_keeps_its_name_when_lines_move_and_namesakes_are_told_apart():
    moved = TOY.replace(b"LIMIT = 3", b"LIMIT = 3\nOTHER = LIMIT")
    assert {point.key for point in points_of("toy", TOY)} == {point.key for point in points_of("toy", moved)}
    twice = b"def f(a):\n    g(a)\n    g(a)\n"
    assert [point.key for point in points_of("toy", twice)] == ["toy.f: g(a) -> pass", "toy.f: g(a) -> pass #2"]


def test_a_strong_test_notices_every_mutant_and_an_endless_one_is_a_timeout(outcomes):
    found = outcomes["test_strong"]
    endless = {
        "toy.clipped: age -= 1 -> age += 1",
        "toy.clipped: age -= 1 -> age -= 0",
        "toy.clipped: age -= 1 -> pass",
        # Turned round, the condition never lets go of an item below the limit.
        "toy.clipped: while age > LIMIT + rest: -> while age <= LIMIT + rest:",
    }
    # With no rest, LIMIT + rest is LIMIT - rest: the only mutant that this test cannot notice.
    alike = {"toy.clipped: while age > LIMIT + rest: -> while age > LIMIT - rest:"}
    assert {key for key, outcome in found.items() if outcome == TIMEOUT} == endless
    assert {key for key, outcome in found.items() if outcome == SURVIVED} == alike
    assert len(found) == 8


def test_a_weak_test_lets_mutants_survive(outcomes):
    found = outcomes["test_weak"]
    survived = {key for key, outcome in found.items() if outcome == SURVIVED}
    assert survived == {key for key in found if "age -= 1" in key or ">= LIMIT" in key or "- rest" in key}
    assert {outcome for key, outcome in found.items() if key not in survived} <= {KILLED, TIMEOUT}


def test_a_run_is_at_fault_for_a_low_score_and_for_a_survivor_without_a_reason():
    points = points_of("toy", TOY)
    verdicts = [Verdict(point, KILLED, "a test") for point in points[:-1]] + [Verdict(points[-1], SURVIVED, "")]
    (fault,) = faults(verdicts, [])
    assert "survives unexplained: toy.clipped: return age -> return None" in fault
    reason = Reason("equivalent", "said why", (points[-1].key,))
    assert faults(verdicts, [reason]) == []
    assert surplus(verdicts, [reason]) == []
    assert surplus(verdicts[:-1], [reason]) == [points[-1].key]
    worse = [Verdict(point, SURVIVED, "") for point in points[:2]] + verdicts[2:]
    every = Reason("equivalent", "said why", tuple(point.key for point in points))
    assert faults(worse, [every]) == ["toy: 75.0% of the mutants were noticed, at least 85% must be"]
    with pytest.raises(ValueError, match="explained twice"):
        explained_keys([reason, every])


def test_in_the_recorded_run_every_module_scores_85_percent_and_every_survivor_is_explained():
    record = kept()
    assert set(record["modules"]) == set(MODULES)
    assert all(score(row) >= LEAST_SCORE for row in record["modules"].values())
    survivors = {survivor["key"] for survivor in record["survivors"]}
    assert survivors == set(explained_keys(explanations()))
    assert len(survivors) == sum(row[SURVIVED] for row in record["modules"].values())


def test_every_explained_mutant_can_still_be_made():
    # Where one cannot, its line was changed: run `python tests/mutation --write` and look at its reason again.
    assert set(explained_keys(explanations())) <= {point.key for point in all_points(MODULES)}


def test_the_page_shows_the_record():
    assert PAGE.read_text(encoding="utf-8") == page_of(kept(), explanations())
