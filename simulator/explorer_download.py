"""A scenario with the settings of the explorer, as a file that the other commands accept.

It stands on its own: what it extends is in it, and so are its sources. Every value that was set says so.
"""

import copy
import re
from collections.abc import Iterator, Sequence
from typing import Any

from simulator.evidence import ASSUMPTION
from simulator.explorer_controls import Control, typed
from simulator.fields import value_words
from simulator.problems import printable
from simulator.referenced import named_files
from simulator.scenario_file import LoadedScenario
from simulator.scenario_text import block, put
from simulator.variation import setting
from simulator.wording import counted

_GRADE = "very low"
_FILE_NAME = re.compile(r"[^A-Za-z0-9._-]+")


def scenario_text(loaded: LoadedScenario, changed: Sequence[tuple[Control, float]], place: int) -> str:
    """Write a scenario, all alternatives settled, with some controls set to values; ``place`` is its place among the
    scenarios of the explorer.
    """
    tree: dict[str, Any] = copy.deepcopy(loaded.tree)
    for control, value in changed:
        was = value_words(control.given[control.within.index(place)], control.number)
        source = control.sources[control.within.index(place)]
        entry = {
            "value": setting(control.path, value, control.number)[1],
            "source": ASSUMPTION,
            "grade": _GRADE,
            "note": f"Set to {typed(value, control.number)} in the explorer; the scenario had {was} ({source}).",
        }
        put(tree, control.path, entry)
    return "\n".join([*_heading(loaded, len(changed)), *block(tree), ""])


def file_name(loaded: LoadedScenario) -> str:
    """Name the file of a scenario with settings: letters, digits, points and dashes only."""
    stem = _FILE_NAME.sub("-", loaded.name).strip(".-")[:60] or "scenario"
    return f"{stem}-explored.yaml"


def _heading(loaded: LoadedScenario, changes: int) -> Iterator[str]:
    what = f"{counted(changes, 'setting')} changed" if changes else "no setting changed"
    yield f"# {printable(loaded.name)} as set in the explorer of minesim: {what}. It needs no other scenario file."
    files = [name for _, name in named_files(loaded.scenario)]
    if files:
        yield f"# Put it beside the files that it names: {printable(', '.join(dict.fromkeys(files)))}."
