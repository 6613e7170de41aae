"""References as BibTeX: those of a scenario, of a result, or all, and the program itself.

An entry is an article where the publisher is "JOURNAL VOLUME, PAGES", a report where the title says so, and else of
the kind `misc`. Titles are in double braces, so that styles keep their capitals. No day of access is given, as none
was recorded: a date is that of the publication.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence

from simulator import __version__
from simulator.evidence import ASSUMPTION, Source, sourced_values
from simulator.evidence_index import keys_named
from simulator.problems import printable
from simulator.scenario_file import LoadedScenario

PROGRAM = Source(
    title="minesim: residual civilian risk of persistent and battery-limited landmines over time",
    author="The minesim founders",
    year=2026,
    date="2026-11-22",
)
PROGRAM_KEY = "minesim"

_ARTICLE = re.compile(r"(?P<journal>.*\S) (?P<volume>\d+), (?P<pages>\d+(?:-+\d+)?)")
_REPORT = re.compile(r"\b[Rr]eport\b")
_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-\d{2})?)?")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_PERSON = re.compile(r"(?:[A-Z][\w.'’-]*\s+){1,3}(?:(?:van|von|de|der|di|la|al)\s+)*[A-Z][\w'’-]*")
_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip
# What would end an address or be read by LaTeX before \url sees it; the rest stands as it is.
_IN_ADDRESS = {" ": "%20", "{": "%7B", "}": "%7D", "\\": "%5C", '"': "%22", "<": "%3C", ">": "%3E"}


def cited_references(loaded: Sequence[LoadedScenario], known: Mapping[str, Source]) -> dict[str, Source]:
    """Find the references that numbers of scenarios cite: as their source, or by key in their note.

    ``known`` are references that a note may name beside those of the scenario itself.
    """
    found: dict[str, Source] = {}
    for one in loaded:
        references = {**known, **one.scenario.sources}
        for value in sourced_values(one.tree):
            for key in (value.source, *sorted(keys_named(value.note, references))):
                if key != ASSUMPTION and key in references:
                    found.setdefault(key, references[key])
    return found


def bibliography(references: Mapping[str, Source], version: str = __version__) -> str:
    """Write references, by key, and the program in this version as a BibTeX file in UTF-8."""
    entries = [entry for _, entry in sorted(_entries(references))]
    program = PROGRAM.model_copy(update={"note": f"Computer program, version {version}"})
    return "\n\n".join((*entries, _entry(PROGRAM_KEY, program))) + "\n"


def _entries(references: Mapping[str, Source]) -> Iterator[tuple[str, str]]:
    taken = {PROGRAM_KEY}
    for key, source in references.items():
        name = first = _key(key)
        copy = 1
        while name.lower() in taken:
            copy += 1
            name = f"{first}-{copy}"
        taken.add(name.lower())
        yield name, _entry(name, source)


def _entry(key: str, source: Source) -> str:
    kind, fields = _kind(source)
    date = _DATE.fullmatch(source.date)
    year = str(source.year or (date[1] if date else ""))
    month = _MONTHS[int(date[2]) - 1] if date and date[2] and 1 <= int(date[2]) <= 12 else ""
    if not date and source.date:
        fields["note"] = _text(f"Dated {source.date}. {source.note}")
    elif source.note:
        fields["note"] = _text(source.note)
    parts = {"author": _authors(source.author), "title": f"{{{_text(source.title)}}}", **fields, "year": year}
    if date and len(source.date) > len("2024-11"):
        parts["date"] = source.date
    parts["url"] = _address(source.url)
    if not source.author and source.publisher:
        # Styles sort and label by it where there is no author.
        parts["key"] = _text(source.publisher)
    lines = [f"  {name} = {{{text}}}," for name, text in parts.items() if text]
    if month:
        lines.append(f"  month = {month},")
    return "\n".join((f"@{kind}{{{key},", *lines, "}"))


def _kind(source: Source) -> tuple[str, dict[str, str]]:
    """What kind of publication it is, and the fields that say where it appeared."""
    if match := _ARTICLE.fullmatch(source.publisher):
        return "article", {name: _text(text) for name, text in match.groupdict().items()}
    if _REPORT.search(source.title) and source.publisher:
        return "techreport", {"institution": _text(source.publisher)}
    return "misc", {"howpublished": _text(source.publisher)}


def _authors(text: str) -> str:
    """Write names as BibTeX separates them; what is not plainly a list of people stands as one name."""
    people = re.split(r"\s*;\s*|\s+and\s+|\s*,\s*", text.strip())
    if all(_PERSON.fullmatch(person) and not person.startswith("The ") for person in people):
        return " and ".join(map(_text, people))
    return f"{{{_text(text)}}}" if text.strip() else ""


def _text(text: str) -> str:
    """Write a text on one line, with what LaTeX would obey escaped."""
    return "".join(_SPECIAL.get(letter, letter) for letter in printable(" ".join(text.split())))


def _address(url: str) -> str:
    return "".join(_IN_ADDRESS.get(letter, letter) for letter in printable("".join(url.split())))


def _key(key: str) -> str:
    """Write a key as BibTeX takes it: letters without accents, digits and - . : + / stay, all else is a hyphen."""
    plain = unicodedata.normalize("NFKD", key).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9.:+/-]+", "-", plain).strip("-") or "source"
