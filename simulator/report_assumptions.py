"""Every number and law that a result rests on, with its range, source and grade; those without a source come first."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from simulator.alternatives import ONE_OF
from simulator.evidence import ASSUMPTION, Source, is_sourced
from simulator.fields import Keys, number_at
from simulator.report_parts import Assumption
from simulator.scenario_file import LoadedScenario
from simulator.uncertainty import UncertainInput, distribution_text, uncertain_inputs
from simulator.unsourced import reason_of

# Names and what is only asked for: how far, how finely and how often to compute is no claim about the world.
_NO_CLAIMS = frozenset({"title", "question", "start", "horizon", "seed", "replicates", "sources"})
_NAMES = frozenset({("region", "name"), ("region", "cell")})
_ASSUMED_SILENTLY = (
    ("arming_failure", "0"),
    ("common_cause", "0"),
    ("lots", "none: mines fail independently"),
    ("ageing", "never"),
)
NO_RANGE = "no range stated"
_DEFAULT = "the scenario does not say; the program's default"


def assumptions_of(scenarios: Sequence[LoadedScenario]) -> tuple[Assumption, ...]:
    """List what scenarios rest on, once where they agree: unsourced first, then assumptions, then what has a source;
    within these in the order of the files.
    """
    found: dict[Assumption, list[str]] = {}
    for loaded in scenarios:
        for one in _of_scenario(loaded):
            found.setdefault(one, []).append(loaded.name)
    shared = [replace(one, scenarios=tuple(names)) for one, names in found.items()]
    return tuple(sorted(shared, key=lambda one: 0 if not one.source else 1 if one.source == ASSUMPTION else 2))


def citation_of(source: Source) -> str:
    """Write a source as a reference: author, title, publisher, year."""
    parts = [source.author, source.title, source.publisher, str(source.year) if source.year else source.date]
    return ". ".join(part.strip(" .") for part in parts if part)


def link_of(source: Source) -> str:
    """The address of a source, if it is one that a page may lead to."""
    return source.url if source.url.lower().startswith(("https://", "http://")) else ""


def _of_scenario(loaded: LoadedScenario) -> Iterator[Assumption]:
    uncertain = {one.path: one for one in uncertain_inputs(loaded)}
    for path, value in _places(loaded.tree, ()):
        yield _assumption(path, value, loaded, uncertain.get(path))
    for name in loaded.scenario.mines:
        mines = loaded.tree["mines"][name]
        defaults = [*_ASSUMED_SILENTLY]
        if loaded.scenario.mines[name].battery is not None and "activation_energy" not in mines.get("battery", {}):
            defaults.append(("battery.q10", "1: temperature has no effect"))
        for key, value in defaults:
            block, _, inner = key.partition(".")
            if (inner not in mines[block]) if inner else (block not in mines):
                yield Assumption(f"mines.{name}.{key}", (), value, NO_RANGE, "", "", "", "", _DEFAULT)


def _assumption(path: Keys, value: Any, loaded: LoadedScenario, uncertain: UncertainInput | None) -> Assumption:
    about = value if isinstance(value, Mapping) else {}
    source, grade, note = (str(about.get(key, "")) for key in ("source", "grade", "note"))
    if not source:
        note = note or reason_of(path)
    known = loaded.scenario.sources.get(source)
    spread = NO_RANGE
    if ONE_OF in about:
        said, spread = _alternatives(about[ONE_OF])
    else:
        said = words(about.get("value", value))
        if uncertain is not None:
            spread = distribution_text(uncertain)
    return Assumption(
        ".".join(path), (), said, spread, source,
        "" if known is None else citation_of(known), "" if known is None else link_of(known), grade, note,
    )  # fmt: skip


def _places(tree: Mapping[str, Any], path: Keys) -> Iterator[tuple[Keys, Any]]:
    """Every number, law or choice of a tree and its place, in order."""
    for key, child in tree.items():
        here = (*path, str(key))
        if (not path and key in _NO_CLAIMS) or here in _NAMES:
            continue
        yield from _below(child, here)


def _below(child: Any, here: Keys) -> Iterator[tuple[Keys, Any]]:
    if child is None:
        return
    if isinstance(child, Mapping):
        if is_sourced(child):
            yield here, child
        elif isinstance(child.get(ONE_OF), list) and number_at(here) is not None:
            yield here, child
            for index, one in enumerate(child[ONE_OF]):
                yield from _inside(one, (*here, ONE_OF, str(index)))
        else:
            yield from _places(child, here)
    elif isinstance(child, list) and any(_has_source(one) for one in child):
        for index, one in enumerate(child):
            yield from _below(one, (*here, str(index)))
    else:
        yield here, child


def _inside(one: Any, here: Keys) -> Iterator[tuple[Keys, Any]]:
    """The values inside an alternative that have a source of their own."""
    for path, value in _places(one, here) if isinstance(one, Mapping) and not is_sourced(one) else [(here, one)]:
        if _has_source(value) and "source" in value:
            yield path, value


def _has_source(value: Any) -> bool:
    return isinstance(value, Mapping) and is_sourced(value)


def _alternatives(choices: Sequence[Any]) -> tuple[str, str]:
    """Write the alternatives, and their weights as the range."""
    texts, weights = [], []
    for one in choices:
        rest = {key: value for key, value in one.items() if key not in {"weight", "source", "grade", "note"}}
        texts.append(words(rest.get("value", rest)))
        weights.append(words(one.get("weight", 1)))
    return f"one of: {'; '.join(texts)}", f"{len(texts)} alternatives, weights {' to '.join(weights)}"


def words(value: Any) -> str:
    """Write what stands in a file as one line, a sourced value as its value."""
    if isinstance(value, Mapping):
        if is_sourced(value):
            return words(value["value"])
        return ", ".join(f"{key} {words(child)}" for key, child in value.items())
    if isinstance(value, list):
        return ", ".join(f"({words(one)})" if isinstance(one, list) else words(one) for one in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return f"{value:.0f}"
    return f"{value:,}" if isinstance(value, int) and abs(value) >= 1000 else str(value)
