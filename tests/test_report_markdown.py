"""The report as Markdown: none of its words are read as markup, and every part is there in the order of the page."""

import re
from dataclasses import replace
from itertools import pairwise

import pytest
from markdown_it import MarkdownIt
from sample_report import LETTERS, LONG_WORD, QUOTES, SCRIPT, pictures, sample

from simulator.report_markdown import document
from simulator.report_parts import Table

IMAGES = {one.stem: f"figures/{one.stem}.png" for one in pictures()}
READER = MarkdownIt("gfm-like", {"html": True, "linkify": False})


def tokens(text):
    """The tokens of a document as GitHub reads it, those within lines included."""
    return [inner for token in READER.parse(text) for inner in (token, *(token.children or ()))]


def words_of(text):
    """What a reader sees: the text between the marks, one line."""
    said = [token.content for token in tokens(text) if token.type in {"text", "code_inline", "text_special"}]
    return " ".join("".join(said).split())


@pytest.fixture(scope="module")
def written():
    return document(sample(), IMAGES)


def changed(**parts):
    return document(replace(sample(), **parts), IMAGES)


def test_the_same_report_gives_the_same_text(written):
    assert document(sample(), IMAGES) == written


def test_no_text_of_the_report_is_read_as_markup(written):
    kinds = {token.type for token in tokens(written)}
    assert "html_inline" not in kinds
    blocks = [token.content for token in tokens(written) if token.type == "html_block"]
    assert blocks == ["<!-- minesim report -->\n"]
    links = [token.attrs["href"] for token in tokens(written) if token.type == "link_open"]
    assert links == ["https://example.org/a?b=1&c=2"]
    assert "em_open" not in kinds
    assert "s_open" not in kinds


def test_every_text_reads_as_it_was_written(written):
    seen = words_of(written).replace(" ", "")
    report = sample()
    texts = [
        report.title, report.question, *report.answer, *report.caveats, *report.changers, *report.limits, report.scope,
        *(one.title for one in report.pictures), *(item.says for item in report.checklist),
        *(value for _, value in report.provenance), SCRIPT, QUOTES, LONG_WORD, LETTERS,
    ]  # fmt: skip
    for text in texts:
        assert text.replace(" ", "") in seen, text


@pytest.mark.parametrize(
    "text",
    [
        "1. no list", "1) no list", "- no list", "+ no list", "* no list", "# no heading", "= no line", "> no quote",
        "    no code", "--- no rule", "a -- b --set c", "~~~ no code", "a~b~ c^d^", "a: b", ": no definition",
        "% no title", "[x]: y", "![a](b)", "<b>", "&lt; &#60; & c", "\\ and \\* and \\", "_a_ b_c_d", "$x$ $$", "@a1",
        "a | b", "| a |", "``` a", "{.a}", "(@) a", "a) b", "https://example.org/?a_b=c_d", "www.example.org",
        "A. Name",
        "ends with two spaces  ", "***", "___", "===", "2024", "-1 in all", "#. a", "a\nb", "...",
    ],
)  # fmt: skip
def test_a_text_that_looks_like_markup_is_a_paragraph_of_the_same_words(text):
    written = changed(question=text)
    paragraph = written.split("## Question\n\n", 1)[1].split("\n\n## Answer", 1)[0]
    kinds = [token.type for token in READER.parse(paragraph)]
    assert kinds == ["paragraph_open", "inline", "paragraph_close"]
    assert words_of(paragraph) == " ".join(text.split())
    assert not any(token.type in {"html_inline", "image", "link_open"} for token in tokens(paragraph))


@pytest.mark.parametrize("text", ["a | b", "a\\", "\\|", "`a | b`", "a\nb", "", "||"])
def test_a_cell_stays_one_cell(text):
    table = Table("caption", ("first", "second"), ((text, "end"), ("next", text)))
    written = changed(numbers=table)
    part = written.split("**caption**\n\n", 1)[1].split("\n\n", 1)[0]
    cells = [inner.content for token in READER.parse(part) if token.type == "inline" for inner in [token]]
    assert len(cells) == 6
    assert [words_of(cell) for cell in cells] == [
        "first",
        "second",
        *(" ".join(one.split()) for one in (text, "end", "next", text)),
    ]


@pytest.mark.parametrize("value", ["a `tick`", "``", "`", "a```b", " spaces ", "x | y", "<b>&amp;"])
def test_a_command_is_read_letter_by_letter(value):
    line = changed(provenance=(("Command", value),)).rstrip("\n").splitlines()[-1]
    (code,) = [token.content for token in tokens(line) if token.type == "code_inline"]
    assert code == value.strip()


def test_figures_are_shown_with_what_they_show_as_their_alternative(written):
    shown = [(token.attrs["src"], token.content) for token in tokens(written) if token.type == "image"]
    assert [src for src, _ in shown] == list(IMAGES.values())
    for (_, alternative), one in zip(shown, pictures(), strict=True):
        assert words_of(alternative) == one.description


def test_without_a_file_of_a_figure_its_description_stands_there():
    written = document(sample(), dict.fromkeys(IMAGES, ""))
    assert not any(token.type == "image" for token in tokens(written))
    assert written.count("the result holds no file of it") == len(IMAGES)
    assert words_of(written).count("Two lines over ten years") == len(IMAGES)


def test_headings_descend_without_a_gap_from_one(written):
    levels = [int(token.tag[1]) for token in tokens(written) if token.type == "heading_open"]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_tables_have_all_their_rows_and_numbers_to_the_right(written):
    rows = sum(token.type == "tr_open" for token in tokens(written))
    report = sample()
    tables = [
        report.numbers,
        *(one.table for one in report.pictures if one.table),
        *(one.table for one in report.checks),
    ]
    assert rows == sum(1 + len(table.rows) for table in tables) + 1 + len(report.assumptions)
    assert re.search(r"\| quantity \| z \|\n\|-+\|-+:\|", written)


def test_what_has_no_source_comes_first_and_is_marked_by_a_word(written):
    part = written.split("## What the result rests on", 1)[1].split("## ", 1)[0]
    rows = [line for line in part.splitlines() if line.startswith("| ")][1:]
    assert "civilians.density" in rows[0]
    assert "**NO SOURCE**" in rows[0]
    assert "**ASSUMPTION**" in rows[1]
    assert all("sourced" in row for row in rows[2:])
    assert "javascript" not in part


def test_an_empty_report_still_reads():
    bare = changed(pictures=(), assumptions=(), checks=(), limits=(), checklist=(), provenance=())
    assert "This result has no figures." in bare
    assert "No simulation was checked." in bare


@pytest.mark.parametrize("cell", [None, 3, ["x"]])
def test_a_table_holds_texts_alone(cell):
    with pytest.raises(TypeError, match="no text"):
        Table("caption", ("first",), ((cell,),))
