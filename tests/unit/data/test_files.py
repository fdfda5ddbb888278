"""Folders, archives and Kaggle handles: what is read of them, and what never is."""

from __future__ import annotations

import io
import sys
import types
import zipfile

import pytest

from postcast.data.read import read_posts
from postcast.data.sources.files import Files
from postcast.errors import MissingExtraError, ReadError, SettingsError

POSTS = "id,text,saves\n1,a,2\n"


def test_the_one_table_of_a_folder_is_read(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "posts.csv").write_text(POSTS)
    (tmp_path / "cover.jpg").write_bytes(b"\xff\xd8\xff")
    posts = read_posts(tmp_path)
    assert posts.table["text"].to_list() == ["a"]
    assert posts.source.name == tmp_path.name


def test_several_tables_are_not_guessed_among(tmp_path):
    (tmp_path / "a.csv").write_text(POSTS)
    (tmp_path / "b.csv").write_text("Tweet id,caption,views\n1,a,2\n")
    with pytest.raises(ReadError, match=r"several files \(a\.csv, b\.csv\) .* one of the files"):
        read_posts(tmp_path)


def test_months_are_joined_by_the_union_of_their_columns(tmp_path):
    (tmp_path / "2024-01.csv").write_text("id,text,saves\n1,a,2\n2,b,3,4\n")
    (tmp_path / "2024-02.csv").write_text("id,text,saves,author\n3,c,5,x\n3,c,5,x\n4,d,6,7,8\n")
    posts = read_posts(tmp_path)
    assert posts.table["text"].to_list() == ["a", "c"]
    assert posts.table["author"].to_list() == [None, "x"]
    assert posts.rejected.select("row", "reason").rows() == [
        (2, "row has too many fields"),
        (4, "id is repeated"),
        (5, "row has too many fields"),
    ]
    assert posts.source.notes == ("of 2 files 2 are joined",)


def test_the_table_of_posts_is_told_from_days_and_totals(write):
    videos = "Content,Video title,Video publish time,Views\n" + "".join(
        f'x{i}Yz,how to bake bread number {i},"Mar {i}, 2025",{i * 10}\n' for i in range(1, 9)
    )
    days = "Date,Content,Video title,Views\n" + "".join(
        f"2025-03-{day:02},x{i}Yz,how to bake bread number {i},3\n"
        for day in range(1, 8)
        for i in range(1, 4)
    )
    members = (
        ("Chart data.csv", days),
        ("Table data.csv", videos),
        ("Totals.csv", "Date,Views\n2025-03-01,3\n"),
    )
    posts = read_posts(write(archive(*members), "youtube.zip"))
    assert len(posts) == 8
    assert posts.source.columns["text"] == ("Video title",)
    assert posts.source.columns["count"] == ("Views",)
    assert posts.source.notes[0] == "of 3 files 'Table data.csv' is read"


def test_a_link_that_leads_out_is_not_followed(tmp_path):
    outside = tmp_path / "outside"
    inside = tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    (outside / "posts.csv").write_text(POSTS)
    (inside / "posts.csv").symlink_to(outside / "posts.csv")
    (inside / "more").symlink_to(outside)
    assert Files.of_folder(inside).names == ()
    with pytest.raises(ReadError, match="is a folder without a file of posts"):
        read_posts(inside)


def archive(*members):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as made:
        for name, content in members:
            made.writestr(zipfile.ZipInfo(name), content)
    return data.getvalue()


@pytest.mark.parametrize("name", ["../posts.csv", "a/../../posts.csv", "/tmp/posts.csv"])
def test_nothing_of_an_archive_leaves_it(name, tmp_path, write):
    path = write(archive((name, POSTS)), "posts.zip")
    before = sorted(tmp_path.parent.rglob("*"))
    try:
        read_posts(path)
    except ReadError as error:
        assert "without a file of posts" in str(error)  # noqa: PT017
    assert sorted(tmp_path.parent.rglob("*")) == before


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (archive(("[Content_Types].xml", ""), ("a.csv", POSTS)), "is an Office document"),
        (archive(("__MACOSX/a.csv", POSTS), (".b.csv", POSTS)), "without a file of posts"),
        (archive(("a.csv", POSTS))[:-30], "is a ZIP archive that cannot be read"),
    ],
)
def test_archives_that_cannot_be_read(data, message, write):
    with pytest.raises(ReadError, match=message):
        read_posts(write(data, "posts.zip"))


def test_an_archive_that_unpacks_to_more_than_was_allowed(write, monkeypatch):
    monkeypatch.setenv("POSTCAST_MAX_UNPACKED", "20")
    with pytest.raises(ReadError, match=r"unpacks to 21 bytes; expected at most 20; set POSTCAST"):
        read_posts(write(archive(("posts.csv", POSTS + "\n")), "posts.zip"))
    monkeypatch.setenv("POSTCAST_MAX_UNPACKED", "1 KiB")
    assert len(read_posts(write(archive(("posts.csv", POSTS)), "posts.zip"))) == 1
    monkeypatch.setenv("POSTCAST_MAX_UNPACKED", "much")
    with pytest.raises(SettingsError, match="POSTCAST_MAX_UNPACKED is 'much'; expected a number"):
        read_posts(write(archive(("posts.csv", POSTS)), "posts.zip"))


@pytest.fixture
def kagglehub(monkeypatch):
    """Stand in for the package, and remember what it was asked for."""
    module = types.ModuleType("kagglehub")
    monkeypatch.setitem(sys.modules, "kagglehub", module)
    return module


class TestKaggle:
    def test_a_handle_is_the_folder_that_was_downloaded(self, kagglehub, tmp_path):
        (tmp_path / "posts.csv").write_text(POSTS)
        asked = []
        kagglehub.dataset_download = lambda handle: asked.append(handle) or str(tmp_path)
        posts = read_posts("kaggle:owner/some-name")
        assert posts.table["text"].to_list() == ["a"]
        read_posts("kaggle:owner/some-name/versions/3")
        assert asked == ["owner/some-name", "owner/some-name/versions/3"]

    def test_without_a_network_it_says_how_to_fetch_it_by_hand(self, kagglehub):
        def refuse(handle):
            raise ConnectionError("many\nlines")

        kagglehub.dataset_download = refuse
        with pytest.raises(ReadError) as caught:
            read_posts("kaggle:owner/name")
        assert str(caught.value) == (
            "kaggle:owner/name cannot be downloaded (no connection); expected access to "
            "kaggle.com; download https://www.kaggle.com/datasets/owner/name in a browser, unzip "
            "it, and give the folder in its place"
        )

    def test_without_the_extra(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "kagglehub", None)
        with pytest.raises(MissingExtraError, match=r"pip install 'postcast\[kaggle\]', or downl"):
            read_posts("kaggle:owner/name")

    @pytest.mark.parametrize("handle", ["kaggle:", "kaggle:name", "kaggle:a/b/c", "kaggle:a/../b"])
    def test_what_is_no_handle(self, handle):
        with pytest.raises(ReadError, match="is no Kaggle handle; expected such as"):
            read_posts(handle)
