"""The figures of a result for its report: as the run drew them, with title, description and numbers."""

import re
from collections.abc import Iterator
from html import unescape

from simulator.figure_descriptions import described, description
from simulator.report_parts import Picture
from simulator.report_study_tables import study_table
from simulator.report_tables import run_table
from simulator.result_folder import ResultFolder

_TITLE = re.compile(r"<title\b[^>]*>(.*?)</title>", re.DOTALL)
_DESC = re.compile(r"<desc\b[^>]*>(.*?)</desc>", re.DOTALL)
_TEXT = re.compile(r"<text\b[^>]*>(.*?)</text>", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")


def pictures_of(result: ResultFolder) -> tuple[Picture, ...]:
    """Every figure of a result in reading order; none where it was written without."""
    return tuple(_pictures(result))


def _pictures(result: ResultFolder) -> Iterator[Picture]:
    order = {stem: place for place, stem in enumerate(described())}
    drawn = sorted(result.drawings, key=lambda stem: (order.get(stem, len(order)), stem))
    for stem in drawn:
        svg = result.files[f"figures/{stem}.svg"].decode("utf-8")
        table = run_table(stem, result) if result.manifest.study is None else study_table(stem, result)
        yield Picture(stem, _title(svg, stem), _description(svg, stem), svg, table)


def _title(svg: str, stem: str) -> str:
    """The figure's title: its own element, or the words drawn as such."""
    if (found := _TITLE.search(svg)) is not None and (title := _plain(found[1])):
        return title
    drawn = re.search(rf'<g id="{re.escape(stem)}-title">(.*?)</g>', svg, re.DOTALL)
    lines = _TEXT.findall(drawn[1]) if drawn is not None else []
    return " ".join(_plain(line) for line in lines) or stem.capitalize()


def _description(svg: str, stem: str) -> str:
    if (found := _DESC.search(svg)) is not None and (text := _plain(found[1])):
        return text
    return description(stem) if stem in described() else "A figure of this result; its title says what it shows."


def _plain(markup: str) -> str:
    return " ".join(unescape(_TAG.sub("", markup)).split())
