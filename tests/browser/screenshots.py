"""Retake the pictures in docs/images: ``python tests/browser/screenshots.py``. Needs chromium.

Synthetic posts only. Look at each before it is committed, in both themes and widths.
"""

from __future__ import annotations

import contextlib
import csv
import io
import queue
import random
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter
from playwright.sync_api import Page, sync_playwright

from postcast.data.sample import sample_csv

OUT = Path(__file__).parents[2] / "docs" / "images"
DESKTOP, PHONE = {"width": 1280, "height": 860}, {"width": 390, "height": 844}
FIELDS = {
    "title": "Tiny lentil soup",
    "text": "Easy budget lentil soup with old jars and twine #recipes",
    "author": "studio-fern",
    "time": "2024-09-01T09:00",
}
SECOND = "Newsletter this week about soup"
Shade = tuple[int, int, int]


def scene(light: float, seed: int) -> Image.Image:
    """Paint a bowl on a table by a window: the lighter, the more of a day it is."""
    rng = random.Random(seed)

    def shade(*colour: int) -> Shade:
        red, green, blue = (round(min(one * (0.35 + 0.75 * light), 255)) for one in colour)
        return red, green, blue

    image = Image.new("RGB", (360, 270), shade(228, 214, 196))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 180, 360, 270), fill=shade(150, 104, 70))
    for y in range(186, 270, 14):
        draw.line((0, y, 360, y + rng.randrange(-3, 4)), fill=shade(132, 90, 60), width=2)
    x, frame = 18 + rng.randrange(40), shade(120, 110, 96)
    draw.rectangle((x, 20, x + 90, 130), fill=shade(250, 250, 244), outline=frame, width=5)
    draw.line((x + 45, 20, x + 45, 130), fill=frame, width=4)
    draw.line((x, 75, x + 90, 75), fill=frame, width=4)
    colours = ((196, 84, 52), (84, 122, 88), (64, 96, 142), (214, 168, 72))
    bowl, x = shade(*rng.choice(colours)), 170 + rng.randrange(60)
    draw.ellipse((x - 70, 150, x + 70, 196), fill=bowl)
    draw.pieslice((x - 70, 120, x + 70, 236), 0, 180, fill=bowl)
    draw.ellipse((x - 60, 156, x + 60, 190), fill=shade(222, 150, 60))
    for _ in range(12):
        a, b = x + rng.randrange(-48, 48), 172 + rng.randrange(-10, 10)
        draw.ellipse((a - 5, b - 3, a + 5, b + 3), fill=shade(120, 78, 40))
    return image.filter(ImageFilter.GaussianBlur(0.8))


def pictured(folder: Path) -> Path:
    """Write the sample with a painted image a post: on the whole lighter, the more saves."""
    folder.mkdir()
    rng = random.Random(8)
    header, *rows = csv.reader(io.StringIO(sample_csv()))
    for number, row in enumerate(rows):
        saves = min(int(float(row[-1] or 0)) / 35, 1.0)
        scene(0.4 * saves + 0.6 * rng.random(), number).save(folder / f"{row[0]}.jpg", quality=85)
    scene(0.75, 12_345).save(folder / "draft.jpg", quality=90)
    with (folder / "posts.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([[*header, "image"], *([*row, f"{row[0]}.jpg"] for row in rows)])
    return folder / "posts.csv"


def postcast(*words: str) -> None:
    """Run a command of postcast's."""
    subprocess.run([sys.executable, "-m", "postcast", *words, "--quiet"], check=True)


@contextlib.contextmanager
def served(run: Path) -> Iterator[str]:
    """Start a server, yield its address, and see that it is gone in the end."""
    command = [sys.executable, "-m", "postcast", "serve", str(run), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    lines: queue.Queue[str] = queue.Queue()
    output = process.stdout
    if output is None:
        raise RuntimeError("no output")
    threading.Thread(target=lambda: lines.put(output.readline()), daemon=True).start()
    try:
        yield lines.get(timeout=60).strip().rpartition(" ")[2]
    finally:
        process.terminate()
        process.wait()


def settled(page: Page, draft: str) -> None:
    """Wait till a draft is answered in full."""
    page.wait_for_timeout(600)
    page.wait_for_selector(f'#draft-{draft} [data-part="whatif"] h3', timeout=20_000)
    page.wait_for_selector(f"#draft-{draft} .answer:not([aria-busy])")


def drafted(page: Page, address: str, image: Path | None = None) -> None:
    """Write the draft and read its answer."""
    page.goto(address)
    for name, value in FIELDS.items():
        page.fill(f"#a-{name}", value)
    if image is not None:
        page.set_input_files("#a-image", image)
    page.evaluate("document.activeElement.blur()")
    settled(page, "a")


def take(page: Page, name: str, height: int) -> None:
    """Keep the page's upper part."""
    width = page.viewport_size["width"] if page.viewport_size else 0
    full = int(page.evaluate("document.documentElement.scrollHeight"))
    clip = {"x": 0, "y": 0, "width": width, "height": min(height, full)}
    page.screenshot(path=OUT / f"{name}.png", full_page=True, clip=clip)
    fewer_colours(OUT / f"{name}.png")


def fewer_colours(path: Path) -> None:
    """Write a picture again with the colours of a palette: a third of the bytes."""
    with Image.open(path) as image:
        image.convert("RGB").quantize(160, dither=Image.Dither.NONE).save(path, optimize=True)


def main() -> None:
    """Train twice, open the pages, keep what they look like."""
    with tempfile.TemporaryDirectory() as work, sync_playwright() as driver:
        posts = pictured(Path(work) / "posts")
        sample, seen = Path(work) / "SAMPLE", Path(work) / "SEEN"
        postcast("run", "--out", str(sample), "--encoder", "tfidf")
        choices = ("--encoder", "tfidf", "--image-encoder", "plain")
        postcast("run", str(posts), "--out", str(seen), *choices)
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for width, size in (("desktop", DESKTOP), ("phone", PHONE)):
            for theme in ("light", "dark"):
                page = browser.new_page(viewport=size, color_scheme=theme)
                with served(sample) as address:
                    drafted(page, address)
                    take(page, f"page-{width}-{theme}", 1500 if width == "desktop" else 1700)
                    page.click("#second")
                    page.fill("#b-text", SECOND)
                    page.evaluate("document.activeElement.blur()")
                    settled(page, "b")
                    page.wait_for_selector("#compare p")
                    page.evaluate("scrollTo(0, 0)")
                    take(page, f"page-pair-{width}-{theme}", 1460 if width == "desktop" else 1700)
                    page.goto(f"{address}/scorecard")
                    page.wait_for_load_state("networkidle")
                    take(page, f"scorecard-{width}-{theme}", 1100 if width == "desktop" else 1400)
                with served(seen) as address:
                    drafted(page, address, posts.parent / "draft.jpg")
                    page.locator("#draft-a .seen").screenshot(
                        path=OUT / f"regions-{width}-{theme}.png"
                    )
                page.goto((sample / "report.html").as_uri())
                if (width, theme) == ("desktop", "light"):
                    take(page, "report", 915)
                page.close()


if __name__ == "__main__":
    main()
