"""Scenario texts: read, checked, resolved again, and built into a world with its expected curves."""

import json
import tempfile
from functools import cache
from pathlib import Path
from random import Random
from shutil import copytree

import numpy as np
from fuzzing import mutation
from fuzzing.judging import check, judge_words, judged

from simulator.closed_form import expected, obstacles
from simulator.experiment import build_worlds
from simulator.fates import _laying_edges
from simulator.provenance import provenance_list
from simulator.scenario_file import LoadedScenario, from_tree, load, read_sources, shipped_scenarios
from simulator.uncertainty import distribution_text, parameter_sets, settings_of, shared_inputs, uncertain_inputs
from simulator.variation import AS_IT_STANDS, Settings, varied
from simulator.world import World
from simulator.yaml_reader import parse_yaml, plain

CONTRACT = Path(__file__).parents[1] / "contract"
OVERRIDE, SOURCES = "--set ", "# sources\n"
_SHIPPED = ("district", "official-claim", "field-pessimistic")
_MOST_KINDS, _MOST_SETS = 6, 3
_MOST_CELLS, _MOST_LAYING_PANELS = 20_000, 150  # beyond, a world is only built


def scenario(data: bytes) -> None:
    """Load a scenario file whose first lines may be ``--set path=value``; after ``# sources``, a list of references."""
    text, overrides = _parted(data)
    path = _folder() / "scenario.yaml"
    path.write_bytes(text)
    shown = data.decode("utf-8", "replace")
    if text.startswith(SOURCES.encode()):
        judged(shown, lambda: read_sources(path))
        return
    loaded = judged(shown, lambda: load(path, overrides))
    if loaded is not None:
        _use(loaded, shown)


def seeds() -> list[bytes]:
    """The shipped scenarios, those of the contract, and some with settings of the command line."""
    found = [path.read_bytes() for path in sorted(CONTRACT.glob("*.yaml"))]
    found += [(shipped_scenarios() / f"{name}.yaml").read_bytes() for name in _SHIPPED]
    found += [
        b"--set mines.battery-limited.battery.failure=5 %\nextends: treaty-limit.yaml\ntitle: Other\n",
        b"--set region.cell=5 km\n--set seed=1\nextends: full.yaml\ntitle: Coarse\n",
        b"extends: persistent.yaml\ntitle: Two of three\nmines:\n  persistent:\n    ageing: {one_of: "
        b"[{weight: 2, weibull: {shape: 2, scale: 30 years}}, {weight: 1, lognormal: {median: 20 years, sigma: 1}}]}\n",
        b"extends: treaty-limit.yaml\ntitle: Tested\nmines: {battery-limited: {battery: {failure: "
        b"{value: 6 per million, source: assumption, note: n, uncertainty: {tests: 60000, failures: 0}}}}}\n",
        SOURCES.encode() + (shipped_scenarios() / "sources.yaml").read_bytes(),
    ]
    rng = Random(1)  # noqa: S311
    return found + [json.dumps(mutation.scenario_tree(rng), ensure_ascii=False).encode() for _ in range(16)]


def changed(rng: Random, data: bytes) -> bytes:
    """A scenario with its tree or its text changed, or a new one made from the schema."""
    kind = rng.random()
    if kind < 0.15:
        return json.dumps(mutation.scenario_tree(rng), ensure_ascii=False).encode("utf-8", "replace")
    text = data.decode("utf-8", "replace")
    if kind < 0.6:
        try:
            tree = plain(parse_yaml(data, "seed", []))
        except Exception:
            tree = None
        if isinstance(tree, dict):
            for _ in range(rng.randrange(1, 4)):
                tree = mutation.changed_tree(rng, tree)
            return json.dumps(tree, ensure_ascii=False, indent=rng.choice([None, 1])).encode("utf-8", "replace")
    if kind < 0.65:
        return mutation.spliced(rng, text, _texts()).encode("utf-8", "replace")
    return mutation.changed_lines(rng, text).encode("utf-8", "replace")


@cache
def _folder() -> Path:
    """A folder with files that a scenario may extend or name."""
    return copytree(CONTRACT, Path(tempfile.mkdtemp(prefix="minesim-fuzz-")), dirs_exist_ok=True)


@cache
def _texts() -> tuple[str, ...]:
    return tuple(one.decode() for one in seeds()[:12])


def _parted(data: bytes) -> tuple[bytes, list[str]]:
    overrides = []
    while data.startswith(OVERRIDE.encode()) and len(overrides) < 8:
        line, _, data = data.partition(b"\n")
        overrides.append(line[len(OVERRIDE) :].decode("utf-8", "surrogateescape"))
    return data, overrides


def _use(loaded: LoadedScenario, shown: str) -> None:
    """Do what every verb does with a scenario that was accepted."""
    written = json.dumps(loaded.tree, allow_nan=False, ensure_ascii=False)
    again = from_tree(loaded.name, json.loads(written), loaded.files)
    check(again.digest == loaded.digest, "what was resolved reads as another scenario")
    check(again.scenario == loaded.scenario, "what was resolved means something else")
    for entry in provenance_list(loaded):
        judge_words(entry)
    worlds = judged(shown, lambda: build_worlds([loaded]))
    if worlds:
        _expect(worlds[0])
    _vary(loaded, shown)


def _vary(loaded: LoadedScenario, shown: str) -> None:
    """Draw the uncertain inputs: each set makes a scenario, as the file's own checks promise."""
    inputs = uncertain_inputs(loaded)
    for one in inputs:
        judge_words(distribution_text(one))
    paths = shared_inputs([loaded])
    if not paths or len(paths) > 64:
        return
    for row in parameter_sets(len(paths), _MOST_SETS, 1):
        settings = settings_of(inputs, dict(zip(paths, row, strict=True)))
        judged(shown, lambda settings=settings: varied(loaded, settings))
    for place in loaded.alternatives[:_MOST_SETS]:
        for index in range(len(place.weights)):
            choice = Settings(choices=((place.path, index),))
            judged(shown, lambda choice=choice: varied(loaded, choice))
    judged(shown, lambda: varied(loaded, AS_IT_STANDS))


def _expect(world: World) -> None:
    """Expected curves are numbers, and there are never more mines than were laid."""
    check(bool(np.isfinite(world.times).all() and (np.diff(world.times) > 0).all()), "times of curves do not rise")
    check(bool(np.isfinite(world.region.area_km2).all() and (world.region.area_km2 > 0).all()), "cells without area")
    check(bool(np.isfinite(world.exposure.activity).all()), "people without number")
    if obstacles(world) or len(world.kinds) > _MOST_KINDS or world.region.area_km2.size > _MOST_CELLS:
        return
    # A class that is laid over long and whose laws are narrow takes up to 800 panels of four days, some ms each.
    if sum(_laying_edges(world, kind).size for kind in world.kinds if kind.is_wave) > _MOST_LAYING_PANELS:
        return
    found = expected(world)
    laid = max(1.0, sum(kind.count for kind in world.kinds))
    for name in ("hazardous", "inert", "gone", "accidents"):
        values = getattr(found.curves, name)
        check(bool(np.isfinite(values).all()), f"{name}: no number")
        check(
            bool((values >= -1e-6 * laid).all() and (values <= laid * (1 + 1e-6)).all()), f"{name}: not within 0 to all"
        )
