"""The index of the evidence: well formed, held against a second reading, and shown by `minesim sources --evidence`."""

import re

import pytest
from scenario_texts import ROOT, changed, written

from simulator.evidence import Source
from simulator.evidence_index import doubts, keys_named, read_index, rows_named, shipped_index, sources_behind
from simulator.problems import InputError
from simulator.provenance import evidence_list, shipped_references

# A second reading of rows that shipped numbers lean on: how the figures were seen, the trust, and the figures.
READ = {
    "LAW-SD10": ("R", "A", "10 % may fail to self-destruct within 30 days"),
    "LAW-SDA001": ("R", "A", "1 in 1,000 activated mines may still function as a mine 120 days"),
    "LAW-AV": ("R2 M", "B", "10 % at 30 days and 1 in 1,000 at 120 days"),
    "POL-2020": ("R2", "B", "within 30 days"),
    "REL-TIMES": ("R", "A", "4 hours to 15 days"),
    "REL-TIMES24": ("R2", "B", "4 hours to 2 weeks"),
    "REL-60K": ("R", "A D", "more than 60,000 tests"),
    "REL-6E6": ("R R2", "B", "6 in a million"),
    "GAO-118K": ("R", "A", "118,000"),
    "GAO-150X": ("R2", "D", "150 times"),
    "GAO-1.5PCT": ("D M", "D", "1.5 %"),
    "PFM-85": ("R", "C", "within 40 hours"),
    "CM-M85-TEST": ("R", "A", "2 %"),
    "CM-M85-FIELD": ("M", "D", "5 to 10 %"),
    "LM-2024y": ("R2", "B", "6,279 casualties of mines and explosive remnants (1,945 killed, 4,325 injured"),
    "LETH": ("D", "B", "0.31 (2024), 0.36 (2022), 0.44 (2018), 0.26 (1999"),
    "UA-INC": ("R2", "B", "204 (2022), 401 (2023), 149 (2024"),
    "UA-CUM": ("R2", "B", "1,087 (318 killed, 769 injured"),
    "UA-AREA": ("R2", "B", "139,000 (December 2024)"),
    "UA-NMINES": ("R R2", "B", "1 to 2 million"),
    "TOL-HSE": ("R2", "B", "1e-4 at most for the public, 1e-6 broadly acceptable"),
    "CAL-MINEYR": ("D", "C", "2e-4, plausible 0.5e-4 to 1e-3"),
    "CAL-BIH": ("R2", "C", "662, 290, 149, 95, 100, 87, 72, 54, 43, 19, 35, 30, 39, 28, 14, 22"),
    "CAL-SURGE": ("R R2", "A B", "150 casualties in the first four weeks and 492 in the first twelve months"),
    "CLR-RATE": ("R", "A", "10 to 50 m2"),
    "CLR-RESID": ("R", "B", "99.6 %"),
    "POP-RET": ("R", "A", "half of the displaced were back after four months"),
}
# Recalled figures, or worked out from one; a number that rests on them may be an assumption only.
NOT_VERIFIED = {"LAW-AV", "REL-90D", "GAO-1.5PCT", "CM-M85-FIELD", "CLR-COST-UA", "ENV-KHA", "BAT-FACT"}

INDEX = """\
rows:
  ONE-1: {statement: One., verification: [R], trust: [A], sources: [paper]}
  TWO-2: {statement: Two., verification: [D], trust: [B], from: [ONE-1], sources: [other]}
  OLD-3: {statement: Three., verification: [M], unverified: All of it., trust: [D], sources: [other]}
  SUM-4: {statement: Four., verification: [D], trust: [D], from: [TWO-2, OLD-3]}
  GAP-5: {statement: Five was not found., verification: [], trust: [], nowhere: Looked for.}
publications:
  other: {title: Another}
"""
WRONG = {
    "a source that does not exist": (("sources: [paper]", "sources: [papers]"), "unknown source 'papers', did you"),
    "a row that does not exist": (("from: [ONE-1]", "from: [ONE-2]"), "unknown row 'ONE-2', did you mean 'ONE-1'?"),
    "a row that rests on itself": (("trust: [A], ", "trust: [A], from: [SUM-4], "), "leads back to the row itself"),
    "a publication that nobody cites": (("other: {", "more: {title: More}\n  other: {"), "no row cites it"),
    "a publication that scenarios cite": (
        ("other: {", "paper: {title: Paper}\n  other: {"), "is in sources.yaml already, remove it here"),
    "recalled, and not said what": (("unverified: All of it., ", ""), "M and 'unverified' go together"),
    "said to be unverified, and not recalled": (("[M]", "[R]"), "M and 'unverified' go together"),
    "worked out from nothing": (("from: [TWO-2, OLD-3]", "nowhere: unknown"), "D needs 'from' or 'sources'"),
    "no trace at all": ((", sources: [paper]", ""), "needs 'sources', 'from', or 'nowhere'"),
    "a figure that is nowhere": (("[], trust: []", "[R], trust: [A]"), "is for rows without a figure"),
    "no trust": (("trust: [A]", "trust: []"), "is given where there is a figure"),
    "an unknown letter": (("verification: [R]", "verification: [X]"), "'M', got 'X'"),
    "an unknown key": (("statement: One.", "statment: One."), "unknown key, did you mean 'statement'?"),
}  # fmt: skip


def small_index(folder, *replacements):
    return read_index({"paper": Source(title="Paper")}, written(folder, changed(INDEX, *replacements), "index.yaml"))


@pytest.mark.parametrize("name", READ)
def test_a_row_is_what_was_read_in_the_second_reading(name):
    seen, trust, said = READ[name]
    row = shipped_index().rows[name]
    assert (" ".join(row.verification), " ".join(row.trust)) == (seen, trust)
    assert said in row.statement


def test_the_rows_that_are_not_verified_are_the_known_ones():
    index = shipped_index()
    assert {name for name in index.rows if doubts(index, [name])} == NOT_VERIFIED


def test_every_row_that_the_documentation_names_is_in_the_index():
    index = shipped_index()
    pages = [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md"] if (ROOT / "docs").is_dir() else []
    named = [rows_named(f": {page.read_text(encoding='utf-8')}", index) for page in pages]
    assert {word for one in named for word in one.unknown} == set()
    assert "CLR-INERT" in {row for one in named for row in one.rows}


def test_no_source_of_record_is_a_mirror_or_a_repost():
    addresses = [source.url for source in shipped_index().publications.values() if source.url]
    reposts = ("news-pravda", "docslib", "scribd", "yumpu", "kiwix", "piglix", "wol.com", "devdiscourse", "menafn")
    assert addresses
    assert [url for url in addresses if any(word in url for word in reposts)] == []


def test_what_a_row_rests_on_is_found_through_the_rows_it_was_worked_out_from(tmp_path):
    index = small_index(tmp_path)
    assert sources_behind(index, ["SUM-4"]) == ("other", "paper")
    assert doubts(index, ["SUM-4"]) == ("OLD-3",)
    assert doubts(index, ["TWO-2", "ONE-1", "GAP-5"]) == ()


@pytest.mark.parametrize("slip", WRONG, ids=str)
def test_a_slip_in_the_index_is_found(slip, tmp_path):
    replacement, said = WRONG[slip]
    with pytest.raises(InputError) as raised:
        small_index(tmp_path, replacement)
    assert said in str(raised.value)
    assert re.search(r"index\.yaml:\d+:\d+: error: ", str(raised.value))


@pytest.mark.parametrize(
    ("note", "rows", "unknown"),
    [
        ("LAW-SD10. At most one.", ("LAW-SD10",), ()),
        ("LAW-SD10, REL-90D. Two, and (REL-60K).", ("LAW-SD10", "REL-90D", "REL-60K"), ()),
        ("REL-TIMES gives no spread.", ("REL-TIMES",), ()),
        ("LETH. Killed.", ("LETH",), ()),
        ("US officials said so.", (), ()),
        ("No row. UTF-8, PFM-1 and report GAO-02-1003.", (), ()),
        ("GAO-1.5PCT.", ("GAO-1.5PCT",), ()),
        ("As LAW-SDA001 says.", ("LAW-SDA001",), ()),
        ("LAW-SD1O. With a letter for a digit.", (), ("LAW-SD1O",)),
        ("Further on LAW-SD1O.", (), ("LAW-SD1O",)),
        ("XYZ-1, LAW-SD10. A row of nobody.", ("LAW-SD10",), ("XYZ-1",)),
        ("", (), ()),
    ],
)
def test_rows_are_found_in_a_note(note, rows, unknown):
    found = rows_named(note, shipped_index())
    assert (found.rows, found.unknown) == (rows, unknown)


def test_a_key_is_named_only_as_a_word_of_its_own():
    assert keys_named("(krug-1999), not krug-1999b", ["krug-1999", "krug"]) == {"krug-1999"}


def test_every_key_of_the_index_has_a_reference():
    index = shipped_index()
    listed = {**shipped_references(), **index.publications}
    assert {key for row in index.rows.values() for key in row.sources} <= set(listed)


def test_a_row_is_shown_with_what_it_rests_on_in_words():
    said = "\n".join(evidence_list(["GAO-1.5PCT", "REL-6E6"]))
    assert "GAO-1.5PCT\n    About 1.5 %" in said
    assert "verification: worked out and from memory, not verified; trust: D, weak\n" in said
    assert "not verified: The 0.01 % that the Department of Defense is said to have reported" in said
    assert "worked out from: GAO-118K, GAO-150X\n" in said
    assert "verification: seen at the publisher and seen second-hand; trust: B, a reputable institution" in said
    assert "official-claim.yaml mines.battery-limited.battery.failure" in " ".join(said.split())
    assert "\ndod-briefing-2020\n    Victorino Mercado. Media engagement" in said


def test_a_misspelt_row_is_found_for_the_user():
    with pytest.raises(
        InputError, match=r"^error: --evidence: no row 'REL-6E7' in the evidence, did you mean 'REL-6E6'"
    ):
        list(evidence_list(["REL-6E7"]))
    with pytest.raises(InputError, match=r"no row 'DEN' in the evidence"):
        list(evidence_list(["DEN"]))
