"""The page in a real browser: writing, comparing, uploading, reading, by keyboard alone."""

import contextlib
import io
import json
import re
import urllib.request

import pytest

from postcast import Post, load
from postcast.cli.main import exit_code

PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 860}
EASY = "Easy budget lentil soup with old jars and twine #recipes"
DULL = "Newsletter this week"


def answer(page, draft="a"):
    """The words of a settled answer."""
    page.wait_for_selector(f'#draft-{draft} [data-part="whatif"] h3', timeout=20_000)
    page.wait_for_selector(f"#draft-{draft} .answer:not([aria-busy])")
    return page.inner_text(f"#draft-{draft} .answer")


def write(page, text, draft="a", author="studio-fern"):
    page.fill(f"#{draft}-author", author)
    page.fill(f"#{draft}-text", text)
    page.wait_for_timeout(500)
    return answer(page, draft)


def share(page, name, draft="a"):
    """The probability of a class, as its bar is wide."""
    return float(page.get_attribute(f"#draft-{draft} .fill.{name}", "width"))


def test_the_forecast_changes_while_a_draft_is_written(open_page):
    page = open_page()
    told = write(page, EASY)
    assert "Why" in told
    assert "Past posts like it" in told
    assert "What would raise it" in told
    assert "of past posts" in told
    assert page.locator("#draft-a mark.up").count()
    before = share(page, "high")
    assert "high" in page.inner_text("#said")
    write(page, DULL)
    assert share(page, "high") < before / 2
    assert "low" in page.inner_text("#said")


def test_the_forecast_is_the_largest_heading_of_an_answer(open_page):
    page = open_page()
    write(page, EASY)
    size = "heading => parseFloat(getComputedStyle(heading).fontSize)"
    sizes = [
        page.eval_on_selector(f'#draft-a [data-part="{part}"] h3', size)
        for part in ("forecast", "explain", "whatif")
    ]
    assert sizes[0] > max(sizes[1:])


def test_two_drafts_are_compared(open_page):
    page = open_page()
    write(page, EASY)
    page.click("#second")
    assert page.input_value("#b-text") == EASY
    write(page, DULL, "b")
    page.wait_for_selector("#compare:has-text('ahead')")
    assert "Your draft is ahead" in page.inner_text("#compare")
    assert share(page, "high") > share(page, "high", "b")
    page.click("#second")
    assert page.is_hidden("#draft-b")


def test_an_image_is_uploaded(open_page):
    from PIL import Image

    page = open_page()
    write(page, EASY)
    before = share(page, "high")
    data = io.BytesIO()
    Image.new("RGB", (64, 48), (20, 20, 20)).save(data, "PNG")
    page.set_input_files(
        "#a-image", {"name": "dark.png", "mimeType": "image/png", "buffer": data.getvalue()}
    )
    page.wait_for_timeout(500)
    answer(page)
    assert page.is_visible("#draft-a .preview")
    assert share(page, "high") != before


def patched():
    """A picture with a dark corner, lower right; the sample's lighter posts fared better."""
    from PIL import Image

    picture = Image.new("RGB", (120, 90), (60, 60, 60))
    picture.paste((0, 0, 0), (80, 60, 120, 90))
    data = io.BytesIO()
    picture.save(data, "PNG")
    return {"name": "patched.png", "mimeType": "image/png", "buffer": data.getvalue()}


def boxes(page):
    """Where the drawn image stands, and its regions."""
    picture = page.locator("#draft-a .picture img").bounding_box()
    return picture, [one.bounding_box() for one in page.locator("#draft-a .regions li").all()]


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_what_regions_do_is_drawn_on_the_image(open_page, size):
    page = open_page(viewport=size)
    page.set_input_files("#a-image", patched())
    write(page, EASY)
    picture, regions = boxes(page)
    assert len(regions) == 9
    for at, box in enumerate(regions):
        row, column = divmod(at, 3)
        assert box["x"] == pytest.approx(picture["x"] + column * picture["width"] / 3, abs=1)
        assert box["y"] == pytest.approx(picture["y"] + row * picture["height"] / 3, abs=1)
        assert box["width"] == pytest.approx(picture["width"] / 3, abs=1)
        assert box["height"] == pytest.approx(picture["height"] / 3, abs=1)
    said = page.locator("#draft-a .regions li").all_text_contents()
    assert said[0].startswith("top left: ")
    assert said[8].startswith("bottom right: ")
    assert re.search(r"lowers it, times\s+0\.\d+\s+0\.\d+ to [01]\.\d+ at 95%", said[8])
    assert "down" in page.get_attribute("#draft-a .regions li >> nth=8", "class")
    assert "image, " not in page.inner_text("#draft-a .parts")


def test_regions_are_drawn_without_script_too(open_page):
    page = open_page(java_script_enabled=False)
    page.fill("#a-text", EASY)
    page.set_input_files("#a-image", patched())
    page.click("#draft-a button[type=submit]")
    assert page.locator("#draft-a .regions li").count() == 9
    assert page.evaluate("document.querySelector('.picture img').naturalWidth") == 120


def test_a_file_that_is_no_image_is_told(open_page):
    page = open_page()
    page.fill("#a-text", EASY)
    file = {"name": "x.png", "mimeType": "image/png", "buffer": b"nothing"}
    page.set_input_files("#a-image", file)
    page.wait_for_selector("#draft-a .problem")
    assert "cannot be used" in page.inner_text("#draft-a .problem >> nth=0")
    page.faults.clear()  # Chromium logs every answer of 422


def test_the_scorecard_is_read(open_page):
    page = open_page("/scorecard")
    told = page.inner_text("main")
    assert "How good is it?" in told
    assert re.search(r"right\.|of them right", told)
    pictures = page.locator("figure img")
    assert pictures.count() > 5
    for at in range(pictures.count()):
        pictures.nth(at).scroll_into_view_if_needed()
    page.wait_for_load_state("networkidle")
    assert page.evaluate("[...document.images].every((one) => one.naturalWidth > 0)")


def test_the_keyboard_alone(open_page):
    page = open_page()
    reached = []
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    for _ in range(30):
        page.keyboard.press("Tab")
        focused = page.evaluate("document.activeElement.id")
        reached.append(focused)
        if focused == "a-author":
            page.keyboard.type("studio-fern")
        if focused == "a-text":
            page.keyboard.type(EASY)
            break
    assert "a-title" in reached
    answer(page)
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.id") == "second"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "b-text"
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_without_a_network(open_page):
    """Everything but the server itself is cut off."""
    page = open_page()
    address = page.url.rstrip("/")
    page.context.route(
        "**/*",
        lambda route: (
            route.continue_() if route.request.url.startswith((address, "blob:")) else route.abort()
        ),
    )
    page.reload()
    assert "high" in write(page, EASY)
    page.context.set_offline(True)
    page.fill("#a-text", DULL)
    page.wait_for_selector("#said:has-text('did not answer')", state="attached")
    page.context.set_offline(False)
    page.faults.clear()  # Chromium logs that it was cut off
    page.fill("#a-text", EASY)
    page.wait_for_timeout(500)
    assert "high" in answer(page)


def test_without_script(open_page):
    page = open_page(java_script_enabled=False)
    page.fill("#a-author", "studio-fern")
    page.fill("#a-text", EASY)
    page.click("#draft-a button[type=submit]")
    told = page.inner_text("#draft-a .answer")
    assert "Past posts like it" in told
    assert page.input_value("#a-text") == EASY
    assert page.is_hidden("#draft-b")


def test_what_was_written_stays_text(open_page):
    page = open_page()
    hostile = "<img src=x onerror=alert(1)><script>alert(2)</script> &amp; {{ soup }}"
    page.on("dialog", lambda _: pytest.fail("a script ran"))
    write(page, hostile)
    assert hostile in page.inner_text("#draft-a .marked[data-field=text]").replace("\n", "") or (
        "<img src=x" in page.inner_text("#draft-a .marked[data-field=text]")
    )
    assert page.locator("#draft-a .answer img").count() == 0
    assert page.locator("#draft-a .answer script").count() == 0


def shown(page, draft="a"):
    """What the answer to a draft shows, part by part, without what is marked as of another."""
    parts = page.locator(f"#draft-{draft} .part:not(.stale)")
    return [text for one in parts.all() if (text := one.inner_text().strip())]


class Held:
    """Requests whose answers wait until they are let go."""

    def __init__(self, page, pattern):
        self.page, self.routes, self.is_open = page, [], False
        page.route(pattern, self._come)

    def _come(self, route):
        if self.is_open:
            route.continue_()
        else:
            self.routes.append(route)

    def wait_for(self, number):
        for _ in range(400):
            if len(self.routes) >= number:
                return
            self.page.wait_for_timeout(50)
        pytest.fail(f"{len(self.routes)} of {number} requests were made")

    def let_go(self):
        self.is_open = True
        for route in self.routes:
            route.continue_()


PLACEHOLDER = "The forecast stands here while you write."


@pytest.mark.parametrize("emptied", ["", "   "])
def test_no_answer_stays_beside_an_emptied_draft(open_page, emptied):
    page = open_page()
    write(page, EASY)
    page.fill("#a-text", emptied)
    assert shown(page) == [PLACEHOLDER]
    assert page.inner_text("#said") == ""
    page.wait_for_timeout(1000)  # nor does one come back
    assert shown(page) == [PLACEHOLDER]
    assert page.locator("#draft-a .stale").count() == 0
    assert "high" in write(page, EASY)


def test_no_late_answer_comes_to_an_emptied_draft(open_page):
    page = open_page()
    held = Held(page, "**/parts/*")
    page.fill("#a-text", EASY)
    held.wait_for(3)
    page.fill("#a-text", "")
    held.let_go()
    page.wait_for_timeout(1000)
    assert shown(page) == [PLACEHOLDER]


CHANGES = {
    "title": "Lentil soup",
    "text": DULL,
    "tags": "soup",
    "author": "nobody",
    "time": "2026-05-01T09:00",
}


@pytest.mark.parametrize("field", [*CHANGES, "image"])
def test_an_answer_is_marked_as_old_once_anything_is_changed(open_page, field):
    page = open_page()
    write(page, EASY)
    held = Held(page, "**/parts/*")
    if field == "image":
        page.set_input_files("#a-image", patched())
    else:
        page.fill(f"#a-{field}", CHANGES[field])
    assert shown(page) == []
    assert page.is_visible("#draft-a .waiting")
    assert page.inner_text("#said") == ""
    held.wait_for(3)
    held.let_go()
    page.wait_for_selector("#draft-a .answer:not([aria-busy])")
    assert len(shown(page)) == 3
    assert page.is_hidden("#draft-a .waiting")


def test_a_removed_image_leaves_no_answer_of_its_own(open_page):
    page = open_page()
    page.set_input_files("#a-image", patched())
    answer(page)
    page.set_input_files("#a-image", [])
    assert shown(page) == [PLACEHOLDER]
    assert page.is_hidden("#draft-a .preview")


def test_no_old_answer_stays_where_the_new_one_fails(open_page):
    page = open_page()
    write(page, EASY)
    page.route("**/parts/*", lambda route: route.abort())
    page.fill("#a-text", DULL)
    page.wait_for_selector("#draft-a .problem")
    page.wait_for_selector("#draft-a .answer:not([aria-busy])")
    assert shown(page) == ["The server did not answer. Is it still running?"]
    assert page.locator("#draft-a .stale").count() == 0
    page.unroute("**/parts/*")
    page.route("**/parts/explain", lambda route: route.fulfill(status=503, json={"detail": "Busy"}))
    page.fill("#a-text", EASY)
    page.wait_for_selector("#draft-a [data-part=whatif] h3")
    page.wait_for_selector("#draft-a .answer:not([aria-busy])")
    assert "Why" not in page.inner_text("#draft-a .answer")
    page.faults.clear()  # Chromium logs what fails


def test_a_comparison_is_of_what_stands_there(open_page):
    from playwright.sync_api import Error

    page = open_page()
    write(page, EASY)
    page.click("#second")
    write(page, DULL, "b")
    page.wait_for_selector("#compare:not(.stale):has-text('Your draft is ahead')")
    held = Held(page, "**/parts/compare")
    page.fill("#a-text", DULL)  # whose comparison is held back
    assert page.locator("#compare.stale").count() == 1
    held.wait_for(1)
    held.is_open = True
    page.fill("#b-text", EASY)
    page.wait_for_selector("#compare:not(.stale):has-text('second draft is ahead')", timeout=60_000)
    with contextlib.suppress(Error):  # the page has given it up
        held.routes[0].fulfill(status=200, content_type="text/html", body="<p>Of old drafts</p>")
    page.wait_for_timeout(500)
    assert "second draft is ahead" in page.inner_text("#compare")
    page.fill("#b-text", "")
    assert page.is_hidden("#compare")
    assert shown(page, "b") == [PLACEHOLDER]


def test_a_form_that_a_browser_emptied_again_has_no_answer(open_page):
    page = open_page()
    answered = page.request.post(page.url, multipart={"text": EASY}).text()
    assert "Past posts like it" in answered
    page.route("**/", lambda route: route.fulfill(body=answered, content_type="text/html"))
    page.add_init_script(
        """document.addEventListener("readystatechange", () => {
          if (document.readyState === "interactive") document.getElementById("a-text").value = "";
        });"""
    )
    page.reload()
    page.wait_for_function("document.readyState === 'complete'")
    assert page.input_value("#a-text") == ""
    assert shown(page) == [PLACEHOLDER]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_axe_finds_nothing(open_page, size, theme):
    from axe_playwright_python.sync_playwright import Axe

    page = open_page(viewport=size, color_scheme=theme, bypass_csp=True)
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    options = {"runOnly": {"type": "tag", "values": tags}}

    def check():
        found = Axe().run(page, options=options).response["violations"]
        assert [(one["id"], [n["html"] for n in one["nodes"]]) for one in found] == []
        assert page.evaluate(
            "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        ), "the page is wider than the screen"

    check()
    write(page, EASY)
    check()
    page.set_input_files("#a-image", patched())
    page.wait_for_selector("#draft-a .regions")
    write(page, EASY)
    check()
    page.click("#second")
    write(page, DULL, "b")
    page.wait_for_selector("#compare p")
    check()
    for path in ("/scorecard", "/docs"):
        page.goto(page.url.rpartition("/")[0] + path)
        page.wait_for_load_state("networkidle")
        check()


def test_the_same_number_four_ways(open_page, server, run, capsys):
    post = {"title": "Tiny lentil soup", "text": EASY, "author": "studio-fern"}
    python = load(run).predict(Post(**post)).to_dict()
    body = json.dumps(post).encode()
    request = urllib.request.Request(
        server.address + "/forecast", body, {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=20) as found:
        http = json.load(found)
    words = [f"--{name}={value}" for name, value in post.items()]
    capsys.readouterr()
    assert exit_code(["predict", str(run), *words, "--json", "--quiet"]) == 0
    terminal = json.loads(capsys.readouterr().out)
    page = open_page()
    page.fill("#a-title", post["title"])
    write(page, EASY)
    shown = {name: share(page, name) for name in ("low", "medium", "high")}
    assert http == python == terminal
    for name, width in shown.items():
        assert width == pytest.approx(100 * python["probabilities"][name], abs=6e-4)
    assert f"Forecast: {python['forecast']}" in page.inner_text("#draft-a .answer")
