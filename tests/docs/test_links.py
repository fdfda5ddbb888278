"""Links lead somewhere: files, headings and pictures of this repository."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"(!?)\[[^\]]*\]\(([^)\s]+)\)")
LARGEST_PICTURE = 400_000
SECRETS = re.compile(r"(?<![\w.])/(?:work|home|tmp|root|Users)/|\.\./shared|file://")


def relative(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def prose(page: Path) -> str:
    return re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_links_resolve(page):
    for is_picture, link in LINK.findall(prose(page)):
        if link.startswith(("https://", "http://", "mailto:")):
            assert not is_picture, f"{link}: pictures are files of this repository"
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_pages_name_no_folder_of_one_machine(page):
    assert not SECRETS.search(page.read_text("utf-8"))


@pytest.mark.parametrize(
    "path", sorted((ROOT / "docs" / "images").iterdir()), ids=lambda path: path.name
)
def test_pictures_are_small_and_shown(path):
    assert 0 < path.stat().st_size < LARGEST_PICTURE
    assert any(path.name in page.read_text("utf-8") for page in PAGES)


def test_every_page_stands_in_the_contents():
    contents = (ROOT / "docs" / "index.md").read_text("utf-8")
    for page in (ROOT / "docs").glob("*.md"):
        if page.name != "index.md":
            assert f"({page.name})" in contents, page.name


def test_files_named_in_the_readme_exist():
    for path in re.findall(r"`((?:src|tests|docs|bench)/[\w./-]+)`", prose(ROOT / "README.md")):
        assert (ROOT / path).exists(), path
