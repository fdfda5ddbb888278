"""A real server process and Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from bench.small_models import small_models

from postcast.cli.main import exit_code
from postcast.data.sample import sample_csv

DESKTOP = {"width": 1280, "height": 860}
IN_CI = os.environ.get("CI", "").lower() in ("1", "true")


PATIENCE = 60


@dataclass
class Server:
    """A running server."""

    process: subprocess.Popen[str]
    address: str

    def stop(self) -> int:
        """Ask it to end, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


@contextlib.contextmanager
def served(run: Path, *options: str) -> Iterator[Server]:
    """Start a server, and see that it is gone in the end."""
    command = [sys.executable, "-m", "postcast", "serve", str(run), "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ))
    try:
        yield Server(process, _address(process))
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(PATIENCE)
        assert process.stdout is not None
        process.stdout.close()


def _address(process: subprocess.Popen[str]) -> str:
    lines: queue.Queue[str] = queue.Queue()
    assert process.stdout is not None
    threading.Thread(target=lambda: lines.put(process.stdout.readline()), daemon=True).start()
    line = lines.get(timeout=PATIENCE)
    assert line.startswith("Serving "), line
    return "http://" + line.strip().rpartition("http://")[2]


def pytest_collection_modifyitems(items):
    """Say loudly why the browser stays away; in CI it may not."""
    if shutil.which("chromium") or IN_CI:
        return
    reason = "SKIPPED: no chromium; tests/browser/install.sh installs it"
    for item in items:
        if Path(item.path).parent == Path(__file__).parent:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="package")
def posts(tmp_path_factory) -> Path:
    """The sample with an image a post, the lighter the more saves."""
    import csv
    import io

    from PIL import Image

    folder = tmp_path_factory.mktemp("pictured")
    header, *rows = csv.reader(io.StringIO(sample_csv()))
    for row in rows:
        light = 30 * min(int(float(row[-1] or 0)) // 5, 7)
        Image.new("RGB", (32, 24), (light,) * 3).save(folder / f"{row[0]}.png")
    with (folder / "posts.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([[*header, "image"], *([*row, f"{row[0]}.png"] for row in rows)])
    return folder / "posts.csv"


@pytest.fixture(scope="package")
def run(posts, tmp_path_factory) -> Path:
    """A whole run that learned from titles, texts and images."""
    out = tmp_path_factory.mktemp("browser") / "RUN"
    texts = ("--text-col", "title", "--text-col", "description")
    images = ("--image-encoder", "plain")
    chosen = ("--encoder", "tfidf", *texts, *images, "--quiet", "--json")
    with small_models(draws_figures=True):
        assert exit_code(["run", str(posts), "--out", str(out), *chosen]) == 0
    return out


@pytest.fixture(scope="package")
def start_server():
    return served


@pytest.fixture(scope="package")
def server(run) -> Iterator[Server]:
    with served(run) as one:
        yield one


@pytest.fixture(scope="package")
def browser():
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium")
    assert path, "no chromium: run tests/browser/install.sh"
    with sync_playwright() as driver:
        yield (one := driver.chromium.launch(executable_path=path, args=["--no-sandbox"]))
        one.close()


@pytest.fixture
def open_page(browser, server):
    """Open a page of the server; at the end nothing was asked of any other host, or went wrong."""
    contexts, strangers, faults = [], [], []
    host = urlsplit(server.address).netloc

    def look(request):
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and parts.netloc != host:
            strangers.append(request.url)

    def start(path="/", **options):
        context = browser.new_context(**{"viewport": DESKTOP, **options})
        contexts.append(context)
        context.on("request", look)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda one: faults.append(one.text) if one.type == "error" else None)
        page.faults = faults
        page.goto(server.address + path)
        return page

    yield start
    for context in contexts:
        context.close()
    assert strangers == []
    assert faults == []
