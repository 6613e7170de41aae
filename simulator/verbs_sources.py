"""The verb ``sources``: references, where numbers come from, whether all are traced, and a bibliography."""
# ruff: noqa: D301
# Imports stand in the functions, as in the other verbs: help answers at once.

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simulator.options import FILE

if TYPE_CHECKING:
    from simulator.evidence import Source
    from simulator.scenario_file import LoadedScenario

_FOUND, _UNREADABLE = 1, 2


@click.command("sources", short_help="List references, trace numbers, check that all are traced.")
@click.argument("scenarios", type=FILE, nargs=-1)
@click.option("--check", is_flag=True, help="Check that every number is traced to its source, instead of listing.")
@click.option("--bibtex", is_flag=True, help="Write the references as BibTeX, with minesim itself.")
@click.option(
    "--evidence", "rows", multiple=True, metavar="ID",
    help="Show a row of the evidence by the id that notes name, or 'all'. Repeatable.",
)  # fmt: skip
def sources(scenarios: tuple[Path, ...], rows: tuple[str, ...], *, check: bool, bibtex: bool) -> int:
    """List the references that come with the program, or where every number of scenarios comes from.

    SCENARIOS are files, or folders of results. With --check also records of casualties (CSV) and a sources.yaml;
    without any, everything that comes with the program is checked. Found are numbers without a source, sources and rows
    of the evidence that do not exist, references that nothing cites, figures that nobody verified under the name of a
    publication, and values outside their own range. Exit status 1 if anything is found.

    \b
    Examples:
      minesim sources
      minesim sources scenarios/official-claim.yaml
      minesim sources --evidence REL-6E6
      minesim sources --check
      minesim sources --check my.yaml
      minesim sources results/first --bibtex > references.bib
    """
    asked = sum((check, bibtex, bool(rows)))
    if asked > 1:
        raise click.UsageError("give one of --check, --bibtex and --evidence")
    if rows and scenarios:
        raise click.UsageError("--evidence is about the evidence that comes with the program; give no scenarios")
    if check:
        return _check(scenarios)
    from simulator.console import say

    if bibtex:
        say(_bibtex(scenarios).removesuffix("\n"))
        return 0
    from simulator.provenance import evidence_list, provenance_list, reference_list

    if rows:
        for entry in evidence_list(rows):
            say(entry)
        return 0
    loaded = [one for path in scenarios for one in _loaded(path)[0]]
    for entry in reference_list() if not scenarios else ():
        say(entry)
    for one in loaded:
        if len(loaded) > 1:
            say(f"== {one.name}: {one.scenario.title}\n")
        for entry in provenance_list(one):
            say(entry)
    return 0


def _check(paths: Sequence[Path]) -> int:
    from simulator.console import say
    from simulator.source_check import check_files, check_shipped

    checked = check_files(paths) if paths else check_shipped()
    if checked.problems:
        say(checked.report, error=True)
    say(f"{checked.sentence} {checked.verdict}")
    return _UNREADABLE if checked.unreadable else _FOUND if checked.problems else 0


def _bibtex(paths: Sequence[Path]) -> str:
    from simulator.bibliography import bibliography, cited_references
    from simulator.provenance import references_beside, shipped_references

    if not paths:
        return bibliography(shipped_references())
    found: dict[str, Source] = {}
    versions = []
    for path in paths:
        loaded, version = _loaded(path)
        versions.append(version)
        found |= cited_references(loaded, references_beside(path))
    return bibliography(found, " and ".join(dict.fromkeys(versions)))


def _loaded(path: Path) -> "tuple[Sequence[LoadedScenario], str]":
    """Load a scenario, or those of a result, and the version of the program that computed them. Raises InputError."""
    from simulator import __version__

    if (path / "manifest.json").is_file():
        # Reading a manifest loads what computes.
        from simulator.manifest import changes, read_manifest, scenario_of
        from simulator.problems import input_error

        manifest = read_manifest(path)
        loaded = [scenario_of(entry) for entry in manifest.scenarios]
        for change in changes(manifest, loaded):
            raise input_error(f"{path}: {change}; run it again, as its command says: {manifest.command}")
        return loaded, manifest.versions.get("minesim", __version__)
    from simulator.project import existing
    from simulator.scenario_file import load

    return [load(existing(path))], __version__
