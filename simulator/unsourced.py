"""What of a scenario need not name a source, kept as data (unsourced.yaml), and the comment that may stand instead."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from pydantic import TypeAdapter

from simulator.problems import Mark
from simulator.spec import Spec
from simulator.yaml_reader import plain, read_yaml

FILE = Path(__file__).with_name("unsourced.yaml")

_NAME = "NAME"
_COMMENT = re.compile(r"(?:^|\s)#+\s*(\S.*)")
# The first line of a file for editors is no comment on what stands below it.
_FOR_EDITORS = "yaml-language-server:"


class Exemption(Spec):
    """Why a key needs no source, and whether it needs a comment instead."""

    needs: Literal["nothing", "comment"]
    because: str


@cache
def exemptions() -> Mapping[str, Exemption]:
    """Read every exemption, by the path of its key with NAME for names of the user's own."""
    entries = plain(read_yaml(FILE, FILE.name, []))
    return MappingProxyType(TypeAdapter(dict[str, Exemption]).validate_python(entries))


def exemption_of(path: Sequence[str]) -> Exemption | None:
    """Find the exemption of exactly the key at a path; None where it needs a source."""
    keys = list(path)
    if len(keys) > 1 and keys[0] == "mines":
        keys[1] = _NAME
    return exemptions().get(".".join(keys))


def reason_of(path: Sequence[str]) -> str:
    """Why the value at a path, or the block or list it is part of, needs no source; empty where it needs one."""
    found = (exemption_of(path[:length]) for length in range(len(path), 0, -1))
    return next((one.because for one in found if one is not None), "")


def comment_at(mark: Mark) -> str:
    """Read the comment that belongs to a value: at the end of its line, or in the lines of comment directly above it.

    Empty where there is none, as on the command line.
    """
    if not mark.end_line < len(mark.lines):
        return ""
    texts = []
    for line in reversed(mark.lines[: mark.line]):
        if not line.lstrip().startswith("#"):
            break
        texts.append(line)
    beside = mark.lines[mark.end_line][mark.end_column :]
    found = (match[1] for line in (*reversed(texts), beside) if (match := _COMMENT.search(line)))
    return " ".join(text.strip() for text in found if not text.startswith(_FOR_EDITORS))
