"""A folder of synthetic posts in which the documents' commands run."""

from __future__ import annotations

import contextlib
import csv
import io
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from postcast.cli.main import exit_code
from postcast.data import sample

ROOT = Path(__file__).parents[2]
UPDATE = os.environ.get("POSTCAST_UPDATE_DOCS") == "1"
"""Write what was found into the pages, instead of comparing it with them."""

EXAMPLE_RUN = ("posts.csv", "--out", "RUN", "--encoder", "tfidf")
"""What `postcast run` was given for the RUN that stands in every page's folder."""

OTHER_NAMES = {"description": "caption", "saves": "hearts", "created_at": "published"}

DRAFTS = """\
id,title,description,author,created_at
d1,Tiny lentil soup,Easy budget lentil soup,studio-fern,2024-08-01 19:30
d2,Quiet curtains,Notes on linen curtains. Newsletter this week,marble-owl,2024-08-02 09:00
d3,Bold wool coat,,a-new-author,2024-08-03 12:00
"""

IDEAS = """\
id,description,author,created_at
i1,Easy budget lentil soup for a slow morning,studio-fern,2024-08-01 18:00
i2,Newsletter this week,studio-fern,2024-08-01 18:00
i3,Easy budget tomato soup for a slow morning,studio-fern,2024-08-01 18:00
i4,Notes on linen curtains,studio-fern,2024-08-01 18:00
"""


class Answer(NamedTuple):
    """What a command left: its exit code, standard output and standard error."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def updating() -> bool:
    return UPDATE


@pytest.fixture(scope="session")
def postcast_command() -> Callable[..., Answer]:
    return run_in_process


def run_in_process(*arguments: str) -> Answer:
    """Run a command line in this process, with the logging it sets up taken down again."""
    logger = logging.getLogger("postcast")
    before = list(logger.handlers), logger.level, logger.propagate
    out, err = io.StringIO(), io.StringIO()
    environment = dict(os.environ)
    os.environ |= {"COLUMNS": "200", "NO_COLOR": "1"}
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = exit_code(arguments)
    finally:
        os.environ.clear()
        os.environ |= environment
        logger.handlers[:], logger.level, logger.propagate = before
    return Answer(code, out.getvalue(), err.getvalue())


@pytest.fixture(scope="session")
def prepared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Posts, later posts, drafts, posts under other column names, and a RUN."""
    folder = tmp_path_factory.mktemp("documents")
    posts = sample.sample_csv()
    _write(folder / "posts.csv", posts)
    _write(folder / "pins.csv", posts)
    _write(folder / "newer.csv", _another_sample(rows=200))
    _write(folder / "drafts.csv", DRAFTS)
    _write(folder / "ideas.csv", IDEAS)
    _write(folder / "hearts.csv", _renamed(posts))
    _write(folder / "pictured.csv", _pictured(posts, folder / "pictures"))
    with contextlib.chdir(folder):
        answer = run_in_process("run", *EXAMPLE_RUN)
    assert answer.code == 0, answer.err
    return folder


@pytest.fixture
def folder(
    prepared_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """The test's own copy of it, which is also the current folder."""
    copy = tmp_path / "work"
    shutil.copytree(prepared_folder, copy, ignore=shutil.ignore_patterns("pictures"))
    shutil.copytree(prepared_folder / "pictures", copy / "pictures", copy_function=os.link)
    monkeypatch.chdir(copy)
    return copy


def _another_sample(rows: int) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sample, "SEED", sample.SEED + 1)
        lines = sample.sample_csv().splitlines(keepends=True)
    return "".join(lines[: rows + 1])


def _renamed(posts: str) -> str:
    header, *rows = csv.reader(io.StringIO(posts))
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([[OTHER_NAMES.get(name, name) for name in header], *rows])
    return text.getvalue()


def _pictured(posts: str, folder: Path) -> str:
    """Posts with an image, the lighter the more saves; one in ten has an address in its place."""
    from PIL import Image

    folder.mkdir()
    header, *rows = csv.reader(io.StringIO(posts))
    for row in rows:
        light = 30 * min(int(float(row[-1] or 0)) // 5, 7)
        Image.new("RGB", (32, 24), (light,) * 3).save(folder / f"{row[0]}.png")
    images = [f"{folder.name}/{row[0]}.png" for row in rows]
    images[::10] = ["https://example.org/a.png"] * len(images[::10])
    text = io.StringIO(newline="")
    told = [[*row, image] for row, image in zip(rows, images, strict=True)]
    csv.writer(text, lineterminator="\n").writerows([[*header, "image"], *told])
    return text.getvalue()


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="")
