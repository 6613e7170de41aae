"""The report in a real browser: without scripts or network, read aloud, on a phone, on paper, and doctored."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from sample_report import pictures, sample
from terminal import done

import simulator
from simulator import report_order
from simulator.report_drawing import drawing
from simulator.report_html import page as written

pytestmark = pytest.mark.browser

SCENARIOS = next(
    folder
    for folder in (Path(simulator.__file__).parent / "scenarios", Path(simulator.__file__).parents[1] / "scenarios")
    if folder.is_dir()
)
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 375, "height": 800}
# A4 without the margins of the print style [CSS pixels, 96 to the inch].
SHEET = {"width": int((210 - 32) / 25.4 * 96), "height": int((297 - 35) / 25.4 * 96)}
BAIT = "https://example.org/bait"
BAITED = (
    f"<style>@import url({BAIT}.css); * {{ background: url({BAIT}.png) }}</style>"
    f"<metadata><script>document.title = 'obeyed'</script><image href='{BAIT}.png'/></metadata>"
    "<g onload=\"document.title = 'obeyed'\" onclick=\"document.title = 'obeyed'\"/>"
    "<path d='M 0 0 L 700 0 L 700 400 L 0 400 z' style='fill: #eeeeee' onmouseover=\"document.title = 'obeyed'\"/>"
    f"<text x='100' y='100' style='background-image: url({BAIT}.png); fill: #000000'>words</text>"
    "<text x='100' y='200'>&lt;img src=x onerror=\"document.title = 'obeyed'\"&gt;</text>"
)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(written(sample()), encoding="utf-8")
    return path


PAIRS = {"first": ("persistent", "treaty-limit"), "district": ("district", "no-clearance")}


@pytest.fixture(scope="module", params=["sample", *PAIRS])
def any_file(request, file, tmp_path_factory):
    """The report made by hand, and those of comparisons of the shipped scenarios."""
    if request.param == "sample":
        return file
    folder = tmp_path_factory.mktemp(request.param)
    pair = [SCENARIOS / f"{name}.yaml" for name in PAIRS[request.param]]
    done("compare", *pair, "--replicates", "4", "--quiet", "-o", "result", cwd=folder)
    done("report", "result", "--quiet", cwd=folder)
    return folder / "result" / "report.html"


@pytest.fixture
def opened(browser):
    """A function that opens a file, and what the page then asked for and said: a list of each."""
    contexts = []

    def open_page(path, viewport=DESKTOP, **options):
        context = browser.new_context(viewport=viewport, **options)
        contexts.append(context)
        page = context.new_page()
        asked, said = [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(path.as_uri())
        page.wait_for_load_state()
        return page, asked, said

    yield open_page
    for context in contexts:
        context.close()


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_without_scripts_and_network_the_report_asks_for_nothing_and_complains_of_nothing(file, opened, viewport):
    page, asked, said = opened(file, viewport, java_script_enabled=False, offline=True)
    assert page.get_by_role("heading", level=1).count() == 1
    assert page.get_by_role("img").count() == len(pictures())
    assert page.get_by_text(sample().scope).is_visible()
    page.keyboard.press("End")
    assert [url for url in asked if not url.startswith("data:image/png;base64,")] == [file.as_uri()]
    assert said == []


def test_the_style_sheet_is_allowed_by_the_policy(file, opened):
    page, _, _ = opened(file)
    assert page.evaluate("getComputedStyle(document.querySelector('.table')).overflowX") == "auto"
    assert page.evaluate("getComputedStyle(document.querySelector('svg text')).fontFamily").startswith('"DejaVu Sans"')


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_axe_finds_nothing_serious(any_file, opened, viewport):
    # Axe is a script: the policy is set aside for it.
    page, _, _ = opened(any_file, viewport, bypass_csp=True)
    found = Axe().run(page).response["violations"]
    serious = [
        (one["id"], [node["html"][:120] for node in one["nodes"][:3]])
        for one in found
        if one["impact"] in {"serious", "critical"}
    ]
    assert serious == []


def test_axe_does_find_what_is_wrong(opened, tmp_path):
    faint = tmp_path / "faint.html"
    faint.write_text("<html><body><p style='color: #bbb; background: #fff'>faint</p></body></html>", encoding="utf-8")
    page, _, _ = opened(faint, bypass_csp=True)
    assert {"color-contrast", "html-has-lang"} <= {one["id"] for one in Axe().run(page).response["violations"]}


@pytest.mark.parametrize("width", [320, 375, 768, 1280])
def test_the_page_never_scrolls_sideways(any_file, opened, width):
    page, _, _ = opened(any_file, {"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if width < 400:
        # Wide tables scroll in boxes of their own.
        assert page.evaluate("[...document.querySelectorAll('.table')].some(it => it.scrollWidth > it.clientWidth)")


def test_words_in_drawings_are_not_made_too_small_to_read_on_a_phone(file, opened):
    page, _, _ = opened(file, PHONE)
    smallest = page.evaluate(
        "Math.min(...[...document.querySelectorAll('svg')].map(svg => svg.getBoundingClientRect().width))"
    )
    # Drawings are 720 points wide and their smallest words 8.5 points high.
    assert smallest * 8.5 / 720 >= 7.5


def test_every_box_that_scrolls_can_be_reached_by_keyboard_and_has_a_name(file, opened):
    page, _, _ = opened(file, PHONE)
    boxes = page.evaluate(
        """[...document.querySelectorAll('*')]
        .filter(box => /auto|scroll/.test(getComputedStyle(box).overflowX) && box.scrollWidth > box.clientWidth)
        .map(box => [box.tabIndex, box.ariaLabel || box.querySelector('caption').textContent])"""
    )
    assert len(boxes) > len(pictures())
    assert all(index == 0 and name for index, name in boxes)


def test_the_first_stop_of_the_keyboard_skips_to_the_answer(file, opened):
    page, _, _ = opened(file)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.textContent") == report_order.ANSWER


def test_every_figure_has_a_name_and_a_description_of_its_own(file, opened):
    page, _, _ = opened(file)
    tree = page.locator("main").aria_snapshot()
    for one in pictures():
        assert page.get_by_role("img", name=one.title, exact=True).first.is_visible()
        described = page.locator(f"#figure-{one.stem}-shows")
        assert described.inner_text() == one.description
    assert tree.count('img "') == len(pictures())


def test_headings_descend_without_a_gap(file, opened):
    page, _, _ = opened(file)
    levels = [int(heading.evaluate("it => it.tagName")[1]) for heading in page.get_by_role("heading").all()]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_the_first_sheet_of_paper_holds_question_answer_caveats_and_what_would_change_it(any_file, opened):
    page, _, _ = opened(any_file, SHEET)
    page.emulate_media(media="print")
    first = page.locator("#first-page")
    place = first.bounding_box()
    assert place["y"] + place["height"] <= SHEET["height"]
    assert first.evaluate("it => getComputedStyle(it).breakAfter") == "page"
    assert first.evaluate("it => it.previousElementSibling") is None
    headings = [one.inner_text() for one in first.get_by_role("heading").all()]
    assert headings == [report_order.QUESTION, report_order.ANSWER, report_order.CAVEATS, report_order.CHANGERS]
    assert 2 <= first.locator(".answer p").count() <= 3
    assert first.locator(".caveats li").count() == 3
    assert first.locator(".changers li").count() >= 1


def test_on_paper_nothing_is_cut_hidden_or_scrolls(any_file, opened):
    page, _, _ = opened(any_file, SHEET)
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") <= SHEET["width"]
    cut = page.evaluate(
        """[...document.querySelectorAll('main *')]
        .filter(it => !it.closest('svg'))
        .filter(it => it.getBoundingClientRect().right > innerWidth + 1
            || /auto|scroll|hidden/.test(getComputedStyle(it).overflow))
        .map(it => it.outerHTML.slice(0, 100))"""
    )
    assert cut == []
    heights = page.evaluate("[...document.querySelectorAll('.shown')].map(it => it.getBoundingClientRect().height)")
    assert max(heights) <= SHEET["height"]
    assert page.locator("nav").is_hidden()
    after = page.locator("main a[href^=http]").first.evaluate("it => getComputedStyle(it, '::after').content")
    assert "<http" in after


def test_it_prints_as_a_pdf(file, opened):
    page, _, _ = opened(file, java_script_enabled=False, offline=True)
    printed = page.pdf(prefer_css_page_size=True, print_background=True, tagged=True)
    assert printed.startswith(b"%PDF")
    sizes = re.findall(rb"/MediaBox \[0 0 (\d+)[\d.]* (\d+)", printed)
    assert len(sizes) > len(pictures()) / 2
    # A4 in points.
    assert set(sizes) <= {(b"594", b"841"), (b"595", b"841"), (b"595", b"842"), (b"594", b"842")}


def test_a_baited_drawing_does_nothing_even_without_the_policy(opened, tmp_path):
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 700 400">{BAITED}</svg>'
    control, cleaned = tmp_path / "control.html", tmp_path / "cleaned.html"
    control.write_text(f"<!doctype html><title>untouched</title>{svg}", encoding="utf-8")
    kept = drawing(svg, "bait", "").markup
    cleaned.write_text(
        f'<!doctype html><title>untouched</title><svg viewBox="0 0 700 400">{kept}</svg>', encoding="utf-8"
    )
    # The bait works where nothing is taken out of it: else this test would prove nothing.
    page, asked, _ = opened(control, bypass_csp=True, offline=True)
    page.mouse.move(200, 200)
    assert any(url.startswith(BAIT) for url in asked)
    assert page.title() == "obeyed"

    page, asked, said = opened(cleaned, bypass_csp=True, offline=True)
    page.mouse.move(200, 200)
    page.mouse.click(200, 200)
    assert page.locator("svg text").count() == 2
    assert page.title() == "untouched"
    assert asked == [cleaned.as_uri()]
    assert said == []


def test_were_markup_to_slip_through_the_policy_would_stop_it(file, opened, tmp_path):
    slipped = tmp_path / "slipped.html"
    bait = f"<script>document.title = 'obeyed'</script><img src='{BAIT}.png' onerror=\"document.title = 'obeyed'\">"
    slipped.write_text(file.read_text(encoding="utf-8").replace("<main>", f"<main>{bait}"), encoding="utf-8")
    page, _, said = opened(slipped)
    failures = []
    page.on("requestfailed", lambda request: failures.append((request.url, request.failure)))
    page.reload()
    assert page.title() == sample().title
    assert (f"{BAIT}.png", "csp") in failures
    assert any("Content Security Policy" in message for message in said)
