"""Where numbers come from: sources, grades, and the sourced values of a scenario."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

ASSUMPTION = "assumption"
YearNumber = Annotated[int, Field(ge=1000, le=9999, strict=True)]


class Source(BaseModel):
    """A publication that a number was taken from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    author: str = ""
    publisher: str = ""
    year: YearNumber | None = None
    date: str = ""
    url: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class SourcedValue:
    """A number of a scenario with its provenance; ``path`` is its place, such as mines.legacy.arming_failure."""

    path: tuple[str, ...]
    value: str | float
    source: str
    grade: str
    note: str
    uncertainty: Mapping[str, Any] | None


def sourced_values(tree: Mapping[str, Any]) -> Iterator[SourcedValue]:
    """Every sourced value of a scenario tree, in its order.

    A mapping with a scalar ``value`` is a sourced value; a class of mines named "value" is a mapping and so is none.
    So is a choice between alternatives that names its source; each of them may be one, or hold some.
    """
    yield from _walk(tree, ())


def is_sourced(tree: Mapping[str, Any]) -> bool:
    """Whether a mapping is a sourced value: one with a scalar ``value``."""
    return isinstance(tree.get("value"), str | int | float)


def _walk(tree: Any, path: tuple[str, ...]) -> Iterator[SourcedValue]:
    if isinstance(tree, Mapping):
        if is_sourced(tree):
            # An alternative has its weight in place of a source, if it names none.
            if "weight" not in tree or "source" in tree:
                yield SourcedValue(
                    path, tree["value"], _text(tree, "source"), _text(tree, "grade"), _text(tree, "note"),
                    tree.get("uncertainty"),
                )  # fmt: skip
            return
        if isinstance(tree.get("one_of"), list) and isinstance(tree.get("source"), str):
            said = f"one of {len(tree['one_of'])}"
            yield SourcedValue(path, said, _text(tree, "source"), _text(tree, "grade"), _text(tree, "note"), None)
        for key, child in tree.items():
            if path or key != "sources":
                yield from _walk(child, (*path, str(key)))
    elif isinstance(tree, list):
        for index, child in enumerate(tree):
            yield from _walk(child, (*path, str(index)))


def _text(tree: Mapping[str, Any], key: str) -> str:
    text = tree.get(key, "")
    return text if isinstance(text, str) else ""
