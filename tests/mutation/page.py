"""The page for readers: how many mutants the tests notice, and why they need not notice the rest."""

import html
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mutation.record import Reason, score

PAGE = Path(__file__).parents[2] / "docs" / "mutation.md"

_HEAD = """# Mutation testing

Would the tests notice a mistake? Small mistakes are planted, one at a time, in the modules that hold the mathematics of
lifetimes, the clocks and the engine: another operator (`+` for `-`), another comparison or boundary (`<=` for `<`), a
number one more, one less or 0, a condition turned round, a statement, a `case`, a keyword or a bound left out, `None`
returned, `min` for `max`, another type of a scenario's field. A mutant is *killed* when a test fails, and a *timeout*,
counted apart, when a test computes ten times as long as it should; else it has *survived*. Every survivor is listed
below with the reason why no test can notice it, or need not. It tells nothing of the world: no output is evidence that
land is safe.

`python tests/mutation --write` repeats the run and writes this page; `python tests/mutation --sample 20` tries a fixed
random sample. Mutants are planted in the memory of forked processes, never in files. Each meets the tests that run its
statement, the cheapest first, until one fails. Only quick tests of some files take part, without those of means over
many worlds, and those of Hypothesis with at most 6 examples in place of up to 400: the whole suite notices as much or
more. Docstrings, messages, decorators and annotations are not mutated, nor are constants of text.
"""


def page_of(record: Mapping[str, Any], reasons: Iterable[Reason]) -> str:
    """The page's text, from the record of a complete run."""
    versions = ", ".join(f"{name} {number}" for name, number in record["versions"].items())
    modules = record["modules"]
    table = [
        "| module | mutants | killed | timeout | survived | score |",
        "|---|--:|--:|--:|--:|--:|",
        *(_row(f"`simulator/{module}.py`", row) for module, row in modules.items()),
        _row("all", _sum(modules.values())),
    ]
    sources = [
        f"| `simulator/{module}.py` | {row['date']} | `{row['digest'][:16]}` |" for module, row in modules.items()
    ]
    lines = {survivor["key"]: survivor["line"] for survivor in record["survivors"]}
    return "\n".join(
        [
            _HEAD,
            f"With {versions}.",
            "",
            *table,
            "",
            "## Survivors",
            "",
            *_survivors(lines, list(reasons)),
            "## What was examined",
            "",
            "The page is about these states of the modules (SHA-256, first 16 digits); line numbers are theirs.",
            "",
            "| module | date of the run | digest |",
            "|---|---|---|",
            *sources,
            "",
        ]
    )


_COUNTS = ("mutants", "killed", "timeout", "survived")


def _sum(rows: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    listed = list(rows)
    return {name: sum(row[name] for row in listed) for name in _COUNTS}


def _row(name: str, row: Mapping[str, Any]) -> str:
    numbers = " | ".join(str(row[count]) for count in _COUNTS)
    # Rounded down, so that no module looks better than it is.
    return f"| {name} | {numbers} | {int(1000 * score(row)) / 10:.1f} % |"


def _survivors(lines: Mapping[str, int], reasons: list[Reason]) -> list[str]:
    written: list[str] = []
    sorts = dict.fromkeys(reason.sort for reason in reasons)
    for sort in sorts:
        written += [f"### {sort[:1].upper()}{sort[1:]}", ""]
        for reason in reasons:
            if reason.sort == sort:
                written += [f"{reason.why}", "", *(_item(key, lines) for key in reason.mutants if key in lines), ""]
    return written


def _item(key: str, lines: Mapping[str, int]) -> str:
    place, _, change = key.partition(": ")
    before, _, after = change.partition(" -> ")
    module, _, function = place.partition(".")
    where = f"`simulator/{module}.py` {lines[key]}, `{function}`"
    return f"- {where}<br>{_code(before)}<br>{_code(after)}"


def _code(text: str) -> str:
    safe = html.escape(text, quote=False)
    for sign in "*_[":
        safe = safe.replace(sign, f"&#{ord(sign)};")
    return f"<code>{safe}</code>"
