"""The manifest of a result: all that is needed to run it again, and to tell whether anything was changed since."""

import hashlib
import json
import platform
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from simulator import __version__
from simulator.experiment import Outcome, Plan
from simulator.problems import input_error, printable
from simulator.referenced import ReferencedFile, named_files
from simulator.scenario_file import LoadedScenario, digest_of, from_tree
from simulator.store import INCOMPLETE

FORMAT: Literal[1] = 1
MANIFEST = "manifest.json"
_NUMERIC = ("numpy", "scipy", "simpy", "pydantic")
_SHOWN = ("matplotlib",)
# How many scenarios each study is made of, and the types of what it was asked.
_STUDIES: Mapping[str, tuple[range, Mapping[str, type]]] = {
    "sweep": (range(1, 3), {"vary": list, "metric": str}),
    "sensitivity": (range(1, 2), {"n": int, "metric": str}),
    "breakeven": (range(2, 3), {"vary": str, "metric": str}),
    "attribute": (range(2, 3), {"metric": str, "by_block": bool}),
    "calibrate": (
        range(1, 2),
        {"record": str, "text": str, "free": list, "until": str, "reporting": str, "confidence": float, "draws": int},
    ),
}


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Options(_Part):
    """How the result was computed; ``replicates`` at most, ``precision`` relative or None, days of the maps, parameter
    sets of uncertain inputs.
    """

    method: Literal["simulate", "expected"]
    replicates: Annotated[int, Field(ge=2)]
    precision: Annotated[float, Field(gt=0, lt=1)] | None
    map_days: Annotated[list[Annotated[float, Field(ge=0)]], Field(max_length=20)] = Field(default_factory=list)
    uncertain: Annotated[int, Field(ge=0)] = 0


class FileEntry(_Part):
    """A file that a scenario names: its name as the user knew it, and its text."""

    name: str
    text: str


class ScenarioEntry(_Part):
    """A scenario as resolved: its name in the outputs, its tree, the files it names by the key that names them.

    ``sha256`` is that of the tree's canonical JSON, and of the files where there are any.
    """

    name: str
    sha256: str
    tree: dict[str, Any]
    files: dict[str, FileEntry] = Field(default_factory=dict)


class StudyEntry(_Part):
    """The verb of a study of many worlds and what it was asked, beside method and replicates."""

    verb: str
    arguments: dict[str, Any]


class Manifest(_Part):
    """A manifest.json; ``digest`` covers what determines the numbers, ``outputs`` and ``figures`` are sha256 sums."""

    format: Literal[1]
    program: Literal["minesim"]
    digest: str
    command: str
    options: Options
    seed: int
    replicates_played: int
    scenarios: Annotated[list[ScenarioEntry], Field(min_length=1)]
    versions: dict[str, str]
    wall_seconds: float
    outputs: dict[str, str]
    figures: dict[str, str]
    study: StudyEntry | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        """Refuse a study that its verb could not have been asked."""
        if self.study is None:
            return self
        counts, arguments = _STUDIES.get(self.study.verb, (range(0), {}))
        if len(self.scenarios) not in counts:
            message = "no study is called {verb}, or it is not made of {count} scenarios"
            context = {"verb": printable(self.study.verb), "count": len(self.scenarios)}
            raise PydanticCustomError("study", message, context)
        for name, kind in arguments.items():
            if type(self.study.arguments.get(name)) is not kind:
                message = "study.arguments.{name} is not what {verb} was asked"
                raise PydanticCustomError("study", message, {"name": name, "verb": self.study.verb})
        return self


def make_manifest(
    outcome: Outcome, command: str, outputs: Mapping[str, bytes], figures: Mapping[str, bytes]
) -> Manifest:
    """Describe a result and the files it consists of."""
    plan = outcome.plan
    loaded = [part.loaded for part in outcome.scenarios]
    return Manifest(
        format=FORMAT,
        program="minesim",
        digest=computation_digest(loaded, plan),
        command=command,
        options=Options(
            method=_method(plan.method),
            replicates=plan.replicates,
            precision=plan.precision,
            map_days=list(plan.map_days),
            uncertain=plan.uncertain,
        ),
        seed=outcome.scenarios[0].world.seed,
        replicates_played=outcome.replicates,
        scenarios=[_entry(one) for one in loaded],
        versions=dict(versions()),
        wall_seconds=round(outcome.seconds, 3),
        outputs={name: sha256(content) for name, content in sorted(outputs.items())},
        figures={name: sha256(content) for name, content in sorted(figures.items())},
    )


def study_manifest(
    verb: str,
    loaded: Sequence[LoadedScenario],
    method: str,
    replicates: int,
    arguments: Mapping[str, Any],
    command: str,
    seconds: float,
    outputs: Mapping[str, Path],
    figures: Mapping[str, bytes],
) -> Manifest:
    """Describe the result of a study of many worlds and the files it consists of."""
    return Manifest(
        format=FORMAT,
        program="minesim",
        digest=study_digest(verb, loaded, method, arguments),
        command=command,
        options=Options(method=_method(method), replicates=replicates, precision=None),
        seed=loaded[0].scenario.seed,
        replicates_played=replicates if method == "simulate" else 0,
        scenarios=[_entry(one) for one in loaded],
        versions=dict(versions()),
        wall_seconds=round(seconds, 3),
        outputs={name: _sha256_of_file(path) for name, path in sorted(outputs.items())},
        figures={name: sha256(content) for name, content in sorted(figures.items())},
        study=StudyEntry(verb=verb, arguments=dict(arguments)),
    )  # fmt: skip


def study_digest(verb: str, loaded: Sequence[LoadedScenario], method: str, arguments: Mapping[str, Any]) -> str:
    """Compute the sha256 of what a study asks. Replicates are left out: more of them refine the same result."""
    entries = [(one.name, one.digest) for one in loaded]
    return _digest(entries, {"method": method, "verb": verb, "arguments": dict(arguments)}, versions())


def manifest_bytes(manifest: Manifest) -> bytes:
    """Write a manifest as the content of its file."""
    text = json.dumps(manifest.model_dump(), indent=1, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode("utf-8", "replace")


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a result. Raises InputError when the folder is no complete result, or the file damaged."""
    path = folder / MANIFEST
    if not path.is_file():
        what = f"is not a result of minesim, it has no {MANIFEST}" if folder.is_dir() else "no such folder"
        raise input_error(f"{folder}: {what}{_unfinished(folder.resolve())}")
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except OSError as error:
        raise input_error(f"{path}: cannot be read: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        message = f"{path}: is not a manifest as this version of minesim writes it: "
        raise input_error(f"{message}{place + ': ' if place else ''}{first['msg']}") from None


def plan_of(manifest: Manifest, workers: int) -> Plan:
    """Make the plan that a result was computed with, for so many workers."""
    options = manifest.options
    return Plan(
        options.replicates, workers, options.precision, options.method, tuple(options.map_days), options.uncertain
    )


def scenario_of(entry: ScenarioEntry) -> LoadedScenario:
    """Load a scenario from its entry. Raises InputError when it is not valid."""
    files = {key: ReferencedFile(file.name, file.text) for key, file in entry.files.items()}
    missing = sorted(".".join(path) for path, _ in named_files(from_tree(entry.name, entry.tree).scenario))
    if missing != sorted(files):
        raise input_error(f"{MANIFEST}: the files of {entry.name} are not those its scenario names")
    return from_tree(entry.name, entry.tree, files)


def computation_digest(loaded: Sequence[LoadedScenario], plan: Plan) -> str:
    """Compute the sha256 of everything that determines the numbers of a result."""
    return _digest([(one.name, one.digest) for one in loaded], _options(plan), versions())


def changes(manifest: Manifest, loaded: Sequence[LoadedScenario]) -> Iterator[str]:
    """Say what in a manifest does not fit the rest of it, which only happens when it was changed later."""
    for entry, one in zip(manifest.scenarios, loaded, strict=True):
        if entry.sha256 != one.digest:
            yield f"{MANIFEST}: the scenario {entry.name} is not the one that was run, its sha256 differs"
    if manifest.seed != loaded[0].scenario.seed:
        yield f"{MANIFEST}: the seed {manifest.seed} is not that of the scenario, {loaded[0].scenario.seed}"
    entries = [(entry.name, entry.sha256) for entry in manifest.scenarios]
    if manifest.study is None:
        asked = _options(plan_of(manifest, 1))
    else:
        asked = {"method": manifest.options.method, **manifest.study.model_dump()}
    if manifest.digest != _digest(entries, asked, manifest.versions):
        yield f"{MANIFEST}: scenarios, options or versions were changed, their digest differs"


def other_versions(manifest: Manifest) -> Iterator[str]:
    """Say which programs have another version now than when the result was made."""
    for name, now in versions().items():
        if (then := manifest.versions.get(name)) != now:
            yield f"{name} is {now} here, the result was made with {then or 'an unknown version'}"


@cache
def versions() -> Mapping[str, str]:
    """Find the versions of what computes and draws a result."""
    found = {"minesim": __version__, "python": platform.python_version()}
    return MappingProxyType(found | {library: version(library) for library in (*_NUMERIC, *_SHOWN)})


def sha256(content: bytes) -> str:
    """Compute the sha256 of a file's content."""
    return hashlib.sha256(content).hexdigest()


def _unfinished(folder: Path) -> str:
    if folder.name.endswith(INCOMPLETE):
        return "; the run that writes it has not finished"
    beside = folder.parent / f"{folder.name}{INCOMPLETE}"
    return f"; a run into it has not finished, see {beside.name}" if beside.exists() else ""


def _digest(scenarios: Sequence[tuple[str, str]], options: Mapping[str, Any], made_with: Mapping[str, str]) -> str:
    numeric = {name: number for name, number in made_with.items() if name not in _SHOWN}
    return digest_of({"scenarios": [list(entry) for entry in scenarios], **options, "versions": numeric})


def _options(plan: Plan) -> dict[str, Any]:
    """What of the options makes a computation another one.

    With uncertain inputs more replicates and more parameter sets refine the same result.
    """
    options: dict[str, Any] = {
        "method": plan.method, "replicates": plan.replicates, "precision": plan.precision,
        "map_days": list(plan.map_days),
    }  # fmt: skip
    return _refined(options | {"uncertain": True}) if plan.uncertain else options


def _refined(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name != "replicates"}


def _entry(loaded: LoadedScenario) -> ScenarioEntry:
    files = {key: FileEntry(name=file.name, text=file.text) for key, file in loaded.files.items()}
    return ScenarioEntry(name=loaded.name, sha256=loaded.digest, tree=loaded.tree, files=files)


def _method(method: str) -> Literal["simulate", "expected"]:
    return "expected" if method == "expected" else "simulate"


def _sha256_of_file(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
