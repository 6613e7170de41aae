"""`minesim sources --bibtex`: read back by a strict BibTeX parser, whatever stands in the references."""

import re

import click
import pybtex.errors
import pytest
from pybtex.database import parse_string
from ruamel.yaml import YAML
from scenario_texts import ROOT, changed, written
from traced import TRACED

import simulator
from simulator.bibliography import PROGRAM, bibliography, cited_references
from simulator.cli import cli
from simulator.evidence import Source
from simulator.experiment import Plan
from simulator.manifest import Manifest, Options, ScenarioEntry, computation_digest, manifest_bytes, versions
from simulator.problems import InputError
from simulator.provenance import references_beside, shipped_references
from simulator.scenario_file import load, shipped_scenarios

HOSTILE = '100 % of {braces}, R&D_x #1 $5 ~tilde ^hat back\\slash "quoted", @misc{x, y = {z}} and line\nbreak'
PLAIN = HOSTILE.replace("\n", " ")


@pytest.fixture(autouse=True)
def strict():
    """Anything that BibTeX would warn of is an error."""
    pybtex.errors.set_strict_mode(True)


def parsed(text):
    return parse_string(text, "bibtex").entries


def unescaped(text):
    """What LaTeX would print of a field."""
    for name, letter in (("backslash", "\\"), ("asciitilde", "~"), ("asciicircum", "^")):
        text = text.replace(rf"\text{name}{{}}", f"\0{ord(letter):03d}")
    text = re.sub(r"\\([{}&%$#_])", lambda match: f"\0{ord(match[1]):03d}", text)
    assert not re.search(r"[&%$#_~^\\]", text), f"not escaped: {text}"
    text = text.replace("{", "").replace("}", "")
    return re.sub(r"\0(\d{3})", lambda match: chr(int(match[1])), text)


def test_every_shipped_reference_is_read_back_with_all_it_says(capsys):
    cli.main(["sources", "--bibtex"], standalone_mode=False)
    entries = parsed(capsys.readouterr().out)
    references = shipped_references()
    assert set(entries) == {*references, "minesim"}
    for key, source in references.items():
        fields = entries[key].fields
        assert unescaped(fields["title"]) == source.title
        assert fields.get("url", "") == source.url
        assert unescaped(fields.get("note", "")) == " ".join(source.note.split())
        if source.year:
            assert fields["year"] == str(source.year)
        where = [fields[name] for name in ("howpublished", "institution", "journal") if name in fields]
        assert [source.publisher.startswith(unescaped(text)) for text in where] == [True]
        assert {"author", "key"} & {*fields, *entries[key].persons}, "styles need something to sort by"


def test_kinds_authors_and_dates_are_those_of_the_publication():
    entries = parsed(bibliography(shipped_references()))
    letter, report, briefing = (entries[key] for key in ("krug-1999", "landmine-monitor-2000", "dod-briefing-2020"))
    assert (letter.type, report.type, briefing.type) == ("article", "techreport", "misc")
    assert [letter.fields[name] for name in ("journal", "volume", "pages")] == ["BMJ", "319", "450"]
    assert [str(person) for person in letter.persons["author"]] == ["Krug, E. G.", "Gjini, A. A."]
    assert [briefing.fields[name] for name in ("year", "month", "date")] == ["2020", "January", "2020-01-31"]
    assert "urldate" not in {name for entry in entries.values() for name in entry.fields}


def test_whatever_stands_in_a_reference_is_read_back():
    source = Source(
        title=HOSTILE, author=HOSTILE, publisher=HOSTILE, note=HOSTILE, url="https://x.org/a b?{c}=\\d&e=%20_f"
    )
    (entry,) = (one for key, one in parsed(bibliography({"k": source})).items() if key == "k")
    assert [unescaped(entry.fields[name]) for name in ("title", "howpublished", "note")] == [PLAIN] * 3
    assert unescaped(str(entry.persons["author"][0])) == PLAIN
    assert entry.fields["url"] == "https://x.org/ab?%7Bc%7D=%5Cd&e=%20_f"


@pytest.mark.parametrize(
    ("author", "people"),
    [
        ("L. Bloomfield", ["Bloomfield, L."]),
        ("E. G. Krug, A. A. Gjini", ["Krug, E. G.", "Gjini, A. A."]),
        ("Ana Lee and Bo de Vries; Cy Ito", ["Lee, Ana", "de Vries, Bo", "Ito, Cy"]),
        ("Ministry of Defence, Directorate of Mine Action", ["{Ministry of Defence, Directorate of Mine Action}"]),
        ("The HALO Trust", ["{The HALO Trust}"]),
        ("Krug, E. G.", ["{Krug, E. G.}"]),
    ],
)
def test_people_are_told_from_bodies(author, people):
    entry = parsed(bibliography({"k": Source(title="T", author=author)}))["k"]
    assert [str(person) for person in entry.persons["author"]] == people


def test_keys_are_made_fit_and_kept_apart():
    references = {key: Source(title=key) for key in ("Müller 2020, p. 3", "Müller 2020,p. 3", "ключ", "Minesim", "a_b")}
    assert set(parsed(bibliography(references))) == {
        "Muller-2020-p.-3", "Muller-2020-p.-3-2", "source", "Minesim-2", "a-b", "minesim",
    }  # fmt: skip


def test_a_scenario_gives_what_its_numbers_and_their_notes_cite_and_no_more(tmp_path):
    loaded = load(shipped_scenarios() / "official-claim.yaml")
    cited = cited_references([loaded], shipped_references())
    # The claim itself stands in the note of a quotient, which is an assumption.
    assert {"cbs-2024", "dod-briefing-2020", "ua-mine-action-2024"} <= set(cited)
    assert set(cited).isdisjoint({"dod-news-1998", "iom-2022", "halo-ukraine"})
    path = written(tmp_path, changed(TRACED, ("sources:\n", "sources:\n  unused: {title: Not cited}\n")))
    own = cited_references([load(path)], references_beside(path))
    assert set(own) == {"own-count", "dod-news-1998", "ccw-apii-1996", "ukrstat-2019", "hse-2001"}


def test_a_result_gives_the_references_of_the_scenarios_that_it_was_computed_from(tmp_path, capsys):
    loaded = load(written(tmp_path, TRACED))
    plan = Plan(2, 1, None, "expected")
    manifest = Manifest(
        format=1, program="minesim", digest=computation_digest([loaded], plan), command="minesim run scenario.yaml",
        options=Options(method="expected", replicates=2, precision=None), seed=loaded.scenario.seed,
        replicates_played=0, versions=dict(versions()), wall_seconds=0.1, outputs={}, figures={},
        scenarios=[ScenarioEntry(name="scenario", sha256=loaded.digest, tree=loaded.tree)],
    )  # fmt: skip
    written(tmp_path, manifest_bytes(manifest), "manifest.json")
    cli.main(["sources", str(tmp_path), "--bibtex"], standalone_mode=False)
    entries = parsed(capsys.readouterr().out)
    assert set(entries) == {"own-count", "dod-news-1998", "ccw-apii-1996", "ukrstat-2019", "hse-2001", "minesim"}
    assert entries["minesim"].fields["note"] == f"Computer program, version {simulator.__version__}"
    written(tmp_path, manifest_bytes(manifest).replace(b"A count of our own", b"A count"), "manifest.json")
    with pytest.raises(InputError, match="its sha256 differs; run it again, as its command says: minesim run"):
        cli.main(["sources", str(tmp_path), "--bibtex"], standalone_mode=False)


def test_the_program_is_cited_as_the_citation_file_says():
    said = YAML(typ="safe").load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert (PROGRAM.title, PROGRAM.author) == (said["title"], said["authors"][0]["name"])
    assert (PROGRAM.date, PROGRAM.year) == (str(said["date-released"]), said["date-released"].year)
    assert said["version"] == simulator.__version__


@pytest.mark.parametrize("arguments", [["--check", "--bibtex"], ["--evidence", "LETH", "x.yaml"]], ids=" ".join)
def test_what_cannot_be_asked_at_once_is_refused(arguments):
    with pytest.raises(click.UsageError):
        cli.main(["sources", *arguments], standalone_mode=False)
