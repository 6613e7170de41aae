"""The report as a page: what is text stays text, what is drawn can do nothing, and every part is there and named."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from sample_report import LETTERS, LONG_WORD, QUOTES, SCRIPT, pictures, sample

from simulator import report_order
from simulator.problems import InputError
from simulator.report_drawing import drawing
from simulator.report_html import page

VOID = {"meta", "wbr", "br"}
HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 10 10">'


class Parsed(HTMLParser):
    """Elements with their attributes, in order, and the text of each; tags must nest."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open = [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        entry = [tag, dict(attrs), ""]
        self.elements.append(entry)
        if tag not in VOID:
            self.open.append(entry)

    def handle_startendtag(self, tag, attrs):
        self.elements.append([tag, dict(attrs), ""])

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        for entry in self.open:
            entry[2] += data

    def all(self, *tags):
        return [entry for entry in self.elements if entry[0] in tags]


@pytest.fixture(scope="module")
def written():
    return page(sample())


@pytest.fixture(scope="module")
def parsed(written):
    return Parsed(written)


def squeezed(text):
    return " ".join(text.split())


def svg(content):
    return f"{HEAD}{content}</svg>"


def test_the_same_report_gives_the_same_bytes(written):
    assert page(sample()) == written


def test_nothing_in_the_page_acts_or_fetches(parsed):
    assert parsed.all("script", "iframe", "object", "embed", "link", "base", "form", "audio", "video", "img") == []
    for tag, attributes, _ in parsed.elements:
        assert [name for name in attributes if name.startswith("on") or name in {"src", "style", "action"}] == []
        for name in {"href", "xlink:href"} & set(attributes):
            where = attributes[name]
            assert re.match(r"#|data:image/png;base64," if tag != "a" else r"#|https?://", where), where


def test_the_policy_allows_the_style_sheet_by_its_sum_and_nothing_else(parsed):
    (meta,) = [entry for entry in parsed.all("meta") if entry[1].get("http-equiv") == "Content-Security-Policy"]
    rules = dict(rule.split(" ", 1) for rule in meta[1]["content"].split("; "))
    assert rules.pop("style-src").startswith("'sha256-")
    assert rules == {"default-src": "'none'", "img-src": "data:", "base-uri": "'none'", "form-action": "'none'"}


def test_embedded_images_are_allowed_only_where_there_are_any():
    without = [one for one in pictures() if not one.stem.startswith("maps")]
    assert "img-src" in page(sample())
    assert "img-src" not in page(replace(sample(), pictures=tuple(without)))


def test_markup_in_any_text_is_shown_as_it_was_written(written, parsed):
    assert "<script" not in written
    (title,) = parsed.all("title")
    (heading,) = parsed.all("h1")
    assert title[2] == heading[2] == f"{LETTERS}: {SCRIPT} {QUOTES}"
    main = squeezed(parsed.all("main")[0][2])
    for text in (SCRIPT, QUOTES, LONG_WORD, LETTERS):
        assert text in main


def test_characters_that_turn_text_round_unseen_do_not_pass():
    turned = replace(sample(), title="safe\u202eelbisiv ton\u2066", question="two\nlines\x07")
    text = page(turned)
    assert "safe?elbisiv ton?" in text
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x07]", text)


def test_every_part_of_the_report_is_on_the_page_in_reading_order(parsed):
    report = sample()
    main = squeezed(parsed.all("main")[0][2])
    parts = [
        report.question, *report.answer, *report.caveats, *report.changers, report.numbers.caption,
        *(one.title for one in report.pictures), "civilians.density", *(one.sentence for one in report.checks),
        *report.limits, report.scope, *(item.asks for item in report.checklist),
        *(value for _, value in report.provenance),
    ]  # fmt: skip
    place = 0
    for part in parts:
        place = main.index(squeezed(part), place)


def test_headings_descend_without_a_gap_and_links_lead_to_a_place(parsed):
    levels = [int(tag[1]) for tag, *_ in parsed.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    names = [attributes["id"] for _, attributes, _ in parsed.elements if "id" in attributes]
    assert len(names) == len(set(names))
    inside = [attributes["href"] for _, attributes, _ in parsed.all("a") if attributes["href"].startswith("#")]
    assert len(inside) == 2 + len(report_order.SECTIONS)
    pointed = [
        value
        for _, attributes, _ in parsed.elements
        for key, value in attributes.items()
        if "aria-" in key and key.endswith("by")
    ]
    assert {link[1:] for link in inside} | set(pointed) <= set(names)


def test_every_drawing_has_a_name_and_a_description_and_every_table_its_heads(parsed):
    drawings = parsed.all("svg")
    assert len(drawings) == 8
    for _, attributes, _ in drawings:
        assert attributes["role"] == "img"
        assert attributes["aria-labelledby"].endswith("-title")
        assert attributes["aria-describedby"].endswith("-shows")
    tables = parsed.all("table")
    assert len(tables) == len(parsed.all("caption")) == 1 + sum(one.table is not None for one in pictures()) + 1 + 2
    assert all(attributes["scope"] in {"row", "col"} for _, attributes, _ in parsed.all("th"))


def test_what_has_no_source_comes_first_and_is_marked_by_a_word(parsed):
    rows = [squeezed(entry[2]) for entry in parsed.all("tr") if "civilians." in entry[2] or "mines." in entry[2]]
    assert rows[0].startswith("civilians.density")
    words = [report_order.NO_SOURCE, report_order.ASSUMED, report_order.SOURCED, report_order.SOURCED]
    assert [next(word for word in set(words) if word in row) for row in rows] == words
    assert "not graded" in rows[0]
    assert "none stated" in rows[0]


def test_a_note_stands_below_its_number_and_belongs_to_it(parsed):
    groups = [squeezed(entry[2]) for entry in parsed.all("tbody") if "mines.short.battery.life" in entry[2]]
    assert len(groups) == 1
    assert groups[0].endswith("half the limit of the treaty")
    assert [attributes["colspan"] for _, attributes, _ in parsed.all("td") if "colspan" in attributes] == ["5"] * 3


def test_a_source_is_linked_if_it_is_a_page_of_the_web(parsed):
    links = [attributes for _, attributes, _ in parsed.all("a") if not attributes["href"].startswith("#")]
    assert [(one["href"], one["rel"]) for one in links] == [("https://example.org/a?b=1&c=2", "noopener noreferrer")]
    for wrong in ("javascript:alert(1)", "data:text/html,x", "//example.org", "http:", "file:///x", "https://[", ""):
        assert report_order.web_link(wrong) == ""


def test_a_check_that_fails_says_so_in_words(parsed):
    headings = [entry[2] for entry in parsed.all("h3")]
    assert "short: DOES NOT AGREE" in headings
    assert f"old {SCRIPT}: agrees" in headings


def test_columns_of_numbers_are_told_from_columns_of_words():
    table = sample().numbers
    assert report_order.number_columns(table) == frozenset()
    numbers = replace(table, rows=(("a", "1,234", "few"), ("b", "-2e-5", "3")))
    assert report_order.number_columns(numbers) == {1}


def test_an_empty_report_still_reads():
    bare = replace(sample(), pictures=(), assumptions=(), checks=(), limits=(), checklist=(), provenance=())
    text = page(bare)
    assert "This result has no figures." in text
    assert "No simulation was checked." in text
    assert "Nothing is listed" in text


def test_a_drawing_keeps_its_words_and_shapes_but_not_a_title_that_stands_above_it():
    one = next(one for one in pictures() if one.stem == "hazardous")
    found = drawing(one.svg, one.stem, one.title)
    kept = drawing(one.svg, one.stem, "another title")
    words = one.title.split()[:3]
    assert " ".join(words) not in found.markup
    assert " ".join(words) in kept.markup
    assert kept.view_box.split()[:2] == ["0", "0"]
    assert float(found.view_box.split()[3]) < float(kept.view_box.split()[3])
    for name in ("<path", "<use", "</text>"):
        assert kept.markup.count(name) == one.svg.count(name)
    assert set(re.findall(r' id="(.*?)"', kept.markup)) >= set(re.findall(r'href="#(.*?)"', kept.markup))
    assert set(re.findall(r' id="(.*?)"', kept.markup)) >= set(re.findall(r"url\(#(.*?)\)", kept.markup))


def test_a_drawing_of_the_program_loses_no_look():
    for one in pictures():
        markup = drawing(one.svg, one.stem, "").markup
        without_root_rule = one.svg.replace("*{stroke-linejoin: round; stroke-linecap: butt}", "")
        for name in ("fill", "stroke", "stroke-width", "stroke-dasharray", "fill-opacity", "font-size", "text-anchor"):
            drawn = len(re.findall(rf"[\"; ]{name}[:=]", without_root_rule))
            assert markup.count(f' {name}="') == drawn, (one.stem, name)


@pytest.mark.parametrize(
    "content",
    [
        "<script>document.title = 1</script>",
        "<g><script xlink:href='https://example.org/x.js'/></g>",
        "<foreignObject><p>text</p></foreignObject>",
        "<a xlink:href='https://example.org'><text>here</text></a>",
        "<animate attributeName='href' values='javascript:alert(1)'/>",
        "<set attributeName='onload' to='alert(1)'/>",
        "<image xlink:href='https://example.org/x.png'/>",
        "<image href='x.png'/>",
        "<image xlink:href='data:image/svg+xml;base64,AAAA'/>",
        "<use xlink:href='https://example.org/x.svg#a'/>",
        "<use href='data:text/xml,x#a'/>",
        "<use xlink:href='#shape-nowhere'/>",
        "<g id='shape-a'><use xlink:href='#shape-a'/></g>",
        "<path d='M 0 0' style='fill: url(https://example.org/x#a)'/>",
        "<path d='M 0 0' style='fill: url(x.svg#a)'/>",
        "<path d='M 0 0' style='fill: u\\72l(//example.org/x)'/>",
        "<path d='M 0 0' style='stroke: image-set(\"//example.org/x\" 1x)'/>",
        "<path d='M 0 0' fill='url(//example.org/x)'/>",
        "<path d='M 0 0' clip-path='url(https://example.org/x#a)'/>",
        "<path d='M 0 0\"/><script>'/>",
        "<path id='answer' d='M 0 0'/>",
        "<path id='shape-&quot; onload=&quot;alert(1)' d='M 0 0'/>",
        "<pattern id='shape-p'><path d='M 0 0' fill='url(#shape-p)'/></pattern>",
        "<x:script xmlns:x='http://www.w3.org/2000/svg'>document.title = 1</x:script>",
        "<svg><g/></svg>",
        "<p xmlns='http://www.w3.org/1999/xhtml'>text</p>",
        "<g>",
        "&unknown;",
        # Patterns that try every way to read these would not come back.
        f"<path d='M 0 0' stroke-dasharray='{'1' * 100}x'/>",
        f"<text x='{'1' * 1_000_000}x'>a</text>",
        f"<g transform='translate({'1' * 100}x)'/>",
        f"<g transform='{'a' * 100}'/>",
        f"<path d='{'M 0 0 ' * 50_000}x'/>",
    ],
)
def test_a_doctored_drawing_is_refused_by_its_name(content):
    with pytest.raises(InputError, match=r"^error: shape\.svg: "):
        drawing(svg(content), "shape", "")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no markup",
        "<html/>",
        "<svg><path d='M 0 0'/></svg>",
        "<svg viewBox='0 0 1'/>",
        "<svg viewBox='0 0 0 0'/>",
        "<svg viewBox='0 0 1e999 1'/>",
        f"<svg viewBox='{'1' * 100}x'/>",
        '<!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + svg("<text>&b;</text>"),
        '<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/hostname">]>' + svg("<text>&a;</text>"),
    ],
)
def test_what_is_no_plain_svg_is_refused(text):
    with pytest.raises(InputError, match=r"shape\.svg"):
        drawing(text, "shape", "")


@pytest.mark.parametrize(
    ("content", "left"),
    [
        ("<g onload='alert(1)' onclick='alert(2)'/>", ""),
        ("<path d='M 0 0' onload='alert(1)' tabindex='0'/>", '<path d="M0 0"/>'),
        ("<style>@import url(https://example.org/x.css)</style><path d='M 0 0'/>", '<path d="M0 0"/>'),
        ("<metadata><script>alert(1)</script></metadata>", ""),
        ("<text style='background: url(//example.org); fill: #000'>a</text>", '<text fill="#000">a</text>'),
        (f"<path d='M 0{' ' * 100_000}0'/>", '<path d="M0 0"/>'),
        ("<text>&lt;script&gt; &amp; \u202e</text>", "<text>&lt;script&gt; &amp; ?</text>"),
        ("<!-- <script>alert(1)</script> --><?xml-stylesheet href='https://example.org'?>", ""),
        ("<text><![CDATA[<script>alert(1)</script>]]></text>", "<text>&lt;script&gt;alert(1)&lt;/script&gt;</text>"),
    ],
)
def test_what_could_act_in_a_drawing_is_left_out(content, left):
    assert drawing(svg(content), "shape", "").markup == left


def test_a_figure_with_an_odd_name_is_refused():
    one = replace(pictures()[0], stem='x" onload="alert(1)')
    with pytest.raises(InputError, match="its name must be"):
        page(replace(sample(), pictures=(one,)))
