"""Scenario files for tests: the contract's examples, and small changes to them."""

from pathlib import Path
from shutil import copytree

import pytest

from simulator.problems import InputError
from simulator.scenario_file import load

ROOT = Path(__file__).resolve().parents[1]
CONTRACT = Path(__file__).parent / "contract"
TREATY = (CONTRACT / "treaty-limit.yaml").read_text(encoding="utf-8")
PERSISTENT = (CONTRACT / "persistent.yaml").read_text(encoding="utf-8")
FULL = (CONTRACT / "full.yaml").read_text(encoding="utf-8")


def changed(text, *replacements):
    """Replace each (old, new) pair once; a text that is not there is a mistake of the test."""
    for old, new in replacements:
        assert old in text, f"{old!r} is not in the text"
        text = text.replace(old, new, 1)
    return text


def contract_folder(folder):
    """Copy the contract's files, geography included, into a folder that a test may write to."""
    return copytree(CONTRACT, folder, dirs_exist_ok=True)


def written(folder, text, name="scenario.yaml"):
    """Write a scenario file and give its path; text may be bytes."""
    path = Path(folder) / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return path


def refused(path, *overrides):
    """Load a scenario that must be refused, and give what the user would read, line by line."""
    with pytest.raises(InputError) as caught:
        load(path, overrides)
    return str(caught.value).split("\n")


def shown_safely(lines):
    """Say whether a terminal would obey nothing in these lines; a no-break space is not "printable", and harmless."""
    return all(character.isprintable() or character == "\u00a0" for line in lines for character in line)
