"""The explorer's page in a real browser, with the real command behind it."""

import http.client
import re
import signal
import subprocess
import sys
import urllib.parse
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from explored import computed, numbers_at, same_line, written
from terminal import done, environment, rows_of

pytestmark = pytest.mark.browser

F1 = "mines.short.self_destruct.failure"
COUNT = "mines.short.count"
BOTH = ("short.yaml", "lasting.yaml")
# Pixels are written with two digits: a panel is read to a few thousandths of its smallest height.
READ_TO = 2e-4
SOCKETS = Path("/proc/net/tcp")


@contextmanager
def explorer(folder, *arguments):
    """Run the command; gives the address that it prints, and ends it with Ctrl-C, which must be quiet."""
    process = subprocess.Popen(
        [sys.executable, "-m", "simulator", "explore", *arguments], cwd=folder, env=environment(),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        line = process.stdout.readline()
        address = re.fullmatch(r"Explorer ready: (http://127\.0\.0\.1:\d+/)\n", line)
        assert address, line + process.stderr.read()
        yield address[1]
        process.send_signal(signal.SIGINT)
        _, complaints = process.communicate(timeout=30)
        assert (process.returncode, complaints) == (0, "")
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return written(tmp_path_factory.mktemp("page"))


@pytest.fixture(scope="module")
def address(folder, browser):
    with explorer(folder, *BOTH) as found:
        yield found


@pytest.fixture
def page(browser):
    """A page on which nothing may go wrong unseen."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    opened = context.new_page()
    wrong = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("console", lambda said: wrong.append(said.text) if said.type in {"error", "warning"} else None)
    yield opened
    context.close()
    # A refused value is an answer with status 400, which the browser notes.
    assert [text for text in wrong if "400 (Bad Request)" not in text] == []


def at(page, address, **settings):
    query = urllib.parse.urlencode(settings)
    page.goto(f"{address}?{query}" if query else address)
    page.wait_for_selector("#hazardous polyline")
    return page


def slider(page, name):
    return page.locator(f'input[type=range][data-name="{name}"]')


def until(page, condition):
    """Wait until a condition in the page's language holds. Its own security policy forbids Playwright's way to wait."""
    for _ in range(1200):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(25)
    raise AssertionError(f"never came true: {condition}")


def settled(page):
    """Wait until the picture no longer changes; gives the settings that it shows."""
    shown = None
    while shown != (now := page.evaluate("document.body.dataset.drawn")):
        shown = now
        page.wait_for_timeout(200)
    return dict(urllib.parse.parse_qsl(shown))


def drawn_line(page, quantity, name):
    """The parts of a drawn line in the unit square, read from the pixels of the page."""
    svg = page.locator(f"#{quantity} > svg")
    left, top, width, height = (float(svg.get_attribute(f"data-{side}")) for side in ("left", "top", "width", "height"))
    parts = []
    for line in page.locator(f'#{quantity} polyline[data-line="{name}"]').all():
        pixels = np.array([pair.split(",") for pair in line.get_attribute("points").split(" ")], dtype=float)
        parts.append(np.column_stack(((pixels[:, 0] - left) / width, 1 - (pixels[:, 1] - top) / height)).tolist())
    return parts


def axis_of(page, address, quantity, settings):
    picture = page.evaluate(
        "async (query) => (await fetch(`/picture.json?${query}`)).json()", urllib.parse.urlencode(settings)
    )
    panel = next(panel for panel in picture["panels"] if panel["name"] == quantity)
    return panel["axis"], panel["horizon_days"]


def assert_drawn_as_computed(page, address, folder, settings):
    """Both lines of both panels, read from the page, are the closed form of the files with these settings."""
    for name, prefix in (("short", "mines.lasting"), ("lasting", "mines.short")):
        overrides = [f"{path}={text}" for path, text in settings.items() if not path.startswith((prefix, "scale"))]
        times, curves = computed(folder / f"{name}.yaml", *overrides)
        for quantity, values in curves.items():
            axis, horizon = axis_of(page, address, quantity, settings)
            parts = drawn_line(page, quantity, name)
            assert same_line(axis, horizon, parts, times, values, READ_TO), (name, quantity)


def test_the_page_shows_the_curves_that_python_computes(page, address, folder):
    at(page, address)
    assert page.title() == "short: minesim explorer"
    assert_drawn_as_computed(page, address, folder, {})


def test_a_slider_dragged_with_the_mouse_changes_the_curve_to_what_python_computes(page, address, folder):
    at(page, address)
    before = drawn_line(page, "hazardous", "short")
    box = slider(page, F1).bounding_box()
    y = box["y"] + box["height"] / 2
    start = float(slider(page, F1).input_value()) / float(slider(page, F1).get_attribute("max"))
    page.mouse.move(box["x"] + 8 + start * (box["width"] - 16), y)
    page.mouse.down()
    for share in np.linspace(start, 0.6, 12):
        page.mouse.move(box["x"] + 8 + share * (box["width"] - 16), y)
    page.mouse.up()
    settings = settled(page)
    assert set(settings) == {F1}
    assert drawn_line(page, "hazardous", "short") != before
    assert_drawn_as_computed(page, address, folder, settings)


@pytest.mark.parametrize(
    ("key", "times", "share"), [("End", 1, "100 %"), ("Home", 1, "0 %"), ("ArrowRight", 2, "13 %")]
)
def test_a_slider_moved_with_the_keyboard_changes_the_curve_to_what_python_computes(
    page, address, folder, key, times, share
):
    at(page, address)
    slider(page, F1).focus()
    for _ in range(times):
        page.keyboard.press(key)
    until(page, f"document.body.dataset.drawn.includes({urllib.parse.quote_plus(share)!r})")
    assert settled(page) == {F1: share}
    assert slider(page, F1).get_attribute("aria-valuetext") == share
    assert_drawn_as_computed(page, address, folder, {F1: share})


def test_every_slider_can_be_reached_and_moved_by_keyboard_alone(page, address):
    at(page, address)
    reached = []
    for _ in range(60):
        page.keyboard.press("Tab")
        name = page.evaluate("document.activeElement.type === 'range' ? document.activeElement.dataset.name : ''")
        if name:
            page.keyboard.press("ArrowRight")
            reached.append(name)
    everything = page.evaluate("[...document.querySelectorAll('input[type=range]')].map((one) => one.dataset.name)")
    assert reached[: len(everything)] == everything
    assert set(settled(page)) == set(everything)


def test_the_address_follows_the_settings_and_restores_them(page, address, folder, browser):
    at(page, address)
    slider(page, F1).focus()
    page.keyboard.press("End")
    page.get_by_label("Number of mines, exact value").first.fill("5000")
    page.keyboard.press("Enter")
    page.locator("input[value=even]").check()
    until(page, "location.search.includes('scale=even') && location.search.includes('count=5000')")
    kept = page.url
    elsewhere = browser.new_page()
    elsewhere.goto(kept)
    elsewhere.wait_for_selector("#hazardous polyline")
    for quantity in ("hazardous", "casualties"):
        assert drawn_line(elsewhere, quantity, "short") == drawn_line(page, quantity, "short")
    assert slider(elsewhere, F1).get_attribute("aria-valuetext") == "100 %"
    assert elsewhere.locator("input[value=even]").is_checked()
    assert elsewhere.url == kept
    assert_drawn_as_computed(elsewhere, address, folder, {F1: "100 %", COUNT: "5000", "scale": "even"})
    elsewhere.close()


def test_what_is_being_typed_is_not_overwritten_by_a_picture_that_arrives(page, address):
    at(page, address)
    held = []
    page.route("**/picture.json*", lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks the handler
    slider(page, F1).focus()
    page.keyboard.press("End")
    field = page.get_by_label("Number of mines, exact value").first
    field.fill("5000")
    while not held:
        page.wait_for_timeout(10)
    held.pop(0).continue_()
    until(page, f"document.body.dataset.drawn.includes('{F1}')")
    assert field.input_value() == "5000"
    page.unroute("**/picture.json*")
    page.keyboard.press("Enter")
    until(page, "location.search.includes('count=5000')")


def test_bad_values_in_the_address_are_said_and_left_out(page, address, folder):
    at(page, address, **{F1: "2", COUNT: "5000", "__proto__": "1"})
    said = page.get_by_role("alert").first.inner_text()
    assert f"{F1}: must be between 0 and 1, got 2 (did you mean 2 %?)" in said
    assert "'__proto__' is no number of the scenario" in said
    assert settled(page) == {COUNT: "5000"}
    assert_drawn_as_computed(page, address, folder, {COUNT: "5000"})


def test_a_bad_value_typed_is_said_beside_its_field_and_the_picture_stays(page, address, folder):
    at(page, address, **{F1: "20 %"})
    field = page.get_by_label("Self-destruction that never works, exact value")
    field.fill("lots <b>of</b> it")
    page.keyboard.press("Enter")
    page.wait_for_selector("input[aria-invalid=true]")
    assert field.get_attribute("aria-invalid") == "true"
    told = page.locator(f"#{field.get_attribute('aria-describedby')}")
    assert "lots <b>of</b> it" in told.inner_text()
    assert settled(page) == {F1: "20 %"}
    assert_drawn_as_computed(page, address, folder, {F1: "20 %"})
    field.fill("5 %")
    page.keyboard.press("Enter")
    until(page, "document.body.dataset.drawn.includes('5+%25')")
    assert told.inner_text() == ""
    assert field.get_attribute("aria-invalid") == "false"


def test_reset_goes_back_to_the_files(page, address, folder):
    at(page, address, **{F1: "20 %", COUNT: "5000"})
    page.get_by_role("button", name="Reset all").click()
    until(page, "document.body.dataset.drawn === ''")
    until(page, "location.search === ''")
    assert_drawn_as_computed(page, address, folder, {})


def test_the_downloaded_scenario_runs_and_reproduces_the_picture(page, address, folder, tmp_path):
    at(page, address, **{F1: "20 %", COUNT: "5000", "civilians.accident_rate": "0.05 per mine-year"})
    for link, name in (("short", "short"), ("lasting", "lasting")):
        with page.expect_download() as waiting:
            page.get_by_role("link", name=f"Download scenario: {link}").click()
        waiting.value.save_as(tmp_path / f"{name}.yaml")
        assert waiting.value.suggested_filename == f"{name}-explored.yaml"
    for name in ("short", "lasting"):
        done("run", f"{name}.yaml", "--method", "expected", "--no-figures", "-o", name, cwd=tmp_path)
        rows = rows_of(tmp_path / name / "curves.csv")
        for quantity in ("hazardous", "casualties"):
            found = [row for row in rows if (row["mines"], row["quantity"]) == ("all", quantity)]
            times, values = (np.array([float(row[key]) for row in found]) for key in ("time_days", "mean"))
            axis, horizon = axis_of(page, address, quantity, settled(page))
            assert same_line(axis, horizon, drawn_line(page, quantity, name), times, values, READ_TO)


def test_the_simulated_band_lies_around_the_closed_form(page, address, folder):
    at(page, address, **{COUNT: "5000", "civilians.accident_rate": "0.3 per mine-year", "scale": "even"})
    page.get_by_role("button", name="Simulate").click()
    page.wait_for_selector("#simulated li", timeout=60_000)
    overrides = (f"{COUNT}=5000", "civilians.accident_rate=0.3 per mine-year")
    _, curves = computed(folder / "short.yaml", *overrides)
    for quantity, values in curves.items():
        axis, _ = axis_of(page, address, quantity, settled(page))
        svg = page.locator(f"#{quantity} > svg")
        top, height = (float(svg.get_attribute(f"data-{side}")) for side in ("top", "height"))
        outline = page.locator(f'#{quantity} polygon[data-line="short"]').get_attribute("points")
        heights = np.array([1 - (float(pair.split(",")[1]) - top) / height for pair in outline.split(" ")])
        upper = numbers_at(axis, heights[: values.size])
        lower = numbers_at(axis, heights[values.size :][::-1])
        some = values > 20
        assert ((lower <= values) & (values <= upper))[some].mean() > 0.98
        assert page.locator(f'#{quantity} circle[data-line="short"]').count() > 10
    slider(page, F1).focus()
    page.keyboard.press("End")
    until(page, "document.querySelectorAll('polygon').length === 0")


def test_sliders_answer_while_worlds_are_simulated_and_stop_it(page, address, folder):
    at(page, address, **{COUNT: "1500000"})
    page.get_by_role("button", name="Simulate").click()
    until(page, "document.getElementById('progress').textContent.startsWith('Simulating')")
    slider(page, F1).focus()
    page.keyboard.press("Home")
    until(page, "document.body.dataset.drawn.includes('failure=0')")
    assert page.locator("#progress").inner_text() == ""
    assert page.locator("polygon").count() == 0


@pytest.mark.parametrize("width", [375, 320])
def test_a_narrow_screen_needs_no_sideways_scroll_and_shows_sliders_beside_the_curve(browser, address, width):
    page = browser.new_page(viewport={"width": width, "height": 740})
    at(page, address, **{F1: "20 %"})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    figure = page.locator("#hazardous > svg").bounding_box()
    assert figure["width"] > 0.85 * width
    first, last = page.locator("input[type=range]").first, page.locator("input[type=range]").last
    for one in (first, last):
        one.scroll_into_view_if_needed()
        one.focus()
        box, curve = one.bounding_box(), page.locator("#hazardous").bounding_box()
        assert box["width"] > 0.8 * width
        assert box["height"] >= 24
        assert box["y"] >= curve["y"] + curve["height"] - 1
        assert box["y"] + box["height"] <= 740
        assert curve["y"] >= -1
    page.close()


@pytest.mark.parametrize("width", [1280, 375])
@pytest.mark.parametrize("settings", [{}, {F1: "2", COUNT: "5000"}], ids=["as it opens", "with a complaint"])
def test_axe_has_no_finding(browser, address, width, settings):
    from axe_playwright_python.sync_playwright import Axe

    page = browser.new_page(viewport={"width": width, "height": 800})
    at(page, address, **settings)
    page.get_by_role("button", name="Simulate").click()
    page.wait_for_selector("#simulated li", timeout=60_000)
    for summary in page.locator("summary").all():
        summary.click()
    findings = Axe().run(page).response["violations"]
    assert [(one["id"], one["impact"], [node["target"] for node in one["nodes"]]) for one in findings] == []
    page.close()


def test_controls_have_names_values_and_descriptions_for_screen_readers(page, address):
    at(page, address)
    one = page.get_by_role("slider", name="Self-destruction that never works", exact=True)
    assert one.get_attribute("aria-valuetext") == "10 %"
    described = page.locator(f"#{one.get_attribute('aria-describedby')}").text_content()
    assert "share of mines whose self-destruction never works" in described.lower()
    assert "10\xa0% (assumption, low grade)" in described
    assert page.get_by_role("img", name=re.compile("Hazardous mines over time: short from 600")).count() == 1
    assert page.locator("#status").get_attribute("aria-live") == "polite"
    until(page, "document.getElementById('status').textContent.includes('Casualties expected')")


def test_lines_of_the_figures_have_enough_contrast_to_the_page(page, address):
    at(page, address)

    def luminance(colour):
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    strokes = page.evaluate("[...document.querySelectorAll('polyline')].map((one) => one.getAttribute('stroke'))")
    assert len(set(strokes)) == 2
    for colour in strokes:
        assert 1.05 / (luminance(colour) + 0.05) >= 3
    dashes = page.evaluate(
        "[...document.querySelectorAll('#hazardous polyline')].map((one) => one.getAttribute('stroke-dasharray'))"
    )
    assert len(set(dashes)) == 2


def test_nothing_on_the_page_moves_by_itself(page, address):
    page.emulate_media(reduced_motion="reduce")
    at(page, address)
    assert page.evaluate("document.getAnimations().length") == 0
    css = page.evaluate("async () => (await fetch('/explorer.css')).text()")
    assert not re.search(r"\b(transition|animation)\b", css)


def test_the_page_loads_nothing_from_elsewhere(page, address):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    at(page, address)
    assert asked
    assert all(url.startswith((address, "data:")) for url in asked)


def test_titles_and_names_are_shown_as_text_never_as_markup(browser, folder):
    text = (folder / "short.yaml").read_text(encoding="utf-8")
    hostile = "<img src=x onerror=window.bad=1><script>window.bad=1</script>"
    changed = text.replace("Short-lived mines in a small valley", hostile).replace("What is left of them?", hostile)
    (folder / "hostile.yaml").write_text(changed, encoding="utf-8")
    with explorer(folder, "hostile.yaml") as address:
        page = browser.new_page()
        at(page, address)
        assert hostile in page.locator("h1").inner_text()
        assert page.evaluate("window.bad") is None
        assert page.locator("img").count() == 0
        page.close()


def test_without_a_closed_form_the_page_says_why_and_simulates(browser, folder):
    with explorer(folder, "cleared.yaml") as address:
        page = browser.new_page()
        page.goto(address)
        page.wait_for_selector("#sentences p")
        assert (
            "cleared has no closed form (clearance: teams choose cells as they go)"
            in page.locator("#sentences").inner_text()
        )
        assert page.locator("polyline").count() == 0
        page.get_by_role("button", name="Simulate").click()
        page.wait_for_selector("#hazardous polygon", timeout=60_000)
        assert page.locator("#hazardous polyline").count() == 1
        page.close()


def asked_raw(address, path, host):
    """Ask the real server, with whatever path and host, nothing tidied up on the way."""
    port = urllib.parse.urlsplit(address).port
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.putrequest("GET", path, skip_host=True)
    connection.putheader("Host", host)
    connection.endheaders()
    answer = connection.getresponse()
    found = answer.status, answer.read().decode()
    connection.close()
    return found


def test_the_real_server_refuses_foreign_hosts_and_paths_out_of_the_page(address, folder):
    port = urllib.parse.urlsplit(address).port
    own = f"127.0.0.1:{port}"
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1", f"[::1]:{port}"):
        status, text = asked_raw(address, "/start.json", host)
        assert status == 400
        assert "Host header must be" in text
    for path in (
        "/../short.yaml",
        "/%2e%2e/short.yaml",
        "/explorer.js/../../cli.py",
        "//etc/passwd",
        "/..%2f..%2fetc%2fpasswd",
    ):
        status, text = asked_raw(address, path, own)
        assert status == 404
        assert text == "There is nothing at this address.\n"
    assert asked_raw(address, "/start.json", f"localhost:{port}")[0] == 200


@pytest.mark.skipif(not SOCKETS.is_file(), reason="only Linux lists its sockets in a file")
def test_it_listens_on_this_machine_only(address):
    port = f"{urllib.parse.urlsplit(address).port:04X}"
    rows = [line.split() for line in SOCKETS.read_text(encoding="ascii").splitlines()[1:]]
    assert [row[1] for row in rows if row[3] == "0A" and row[1].endswith(f":{port}")] == [f"0100007F:{port}"]


def test_a_second_explorer_takes_the_next_port(address, folder):
    with explorer(folder, "short.yaml") as another:
        assert another != address
