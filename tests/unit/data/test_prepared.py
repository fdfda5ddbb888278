import hashlib
from dataclasses import replace

import polars as pl
import pytest

from postcast.data.prepared import read_prepared, write_prepared, write_rejected
from postcast.data.read import read_posts
from postcast.errors import OutputError, ReadError


@pytest.fixture
def posts():
    return read_posts(
        [
            {"id": "1", "text": "a 🌿", "time": "2020-01-01", "saves": 1, "author": "é"},
            {"id": "2", "text": "", "time": "2020-01-02", "saves": 2},
            {"id": "3", "text": "b", "time": "2020-01-02", "saves": 'a "lot",\nreally'},
        ]
    )


def test_prepared_posts_come_back_as_they_were(posts, tmp_path):
    write_prepared(posts, tmp_path / "new" / "posts.parquet")
    again = read_prepared(tmp_path / "new" / "posts.parquet")
    assert again.table.equals(posts.table)
    assert again.table.schema == posts.table.schema
    assert again.rejected.equals(posts.rejected)
    assert again.rejected.schema == posts.rejected.schema
    written = hashlib.sha256((tmp_path / "new" / "posts.parquet").read_bytes()).hexdigest()
    assert again.source == replace(posts.source, sha256=written)


def test_nothing_rejected_comes_back_too(tmp_path):
    posts = read_posts([{"text": "a", "saves": 1}])
    write_prepared(posts, tmp_path / "posts.parquet")
    again = read_prepared(tmp_path / "posts.parquet")
    assert again.rejected.equals(posts.rejected)
    assert again.rejected.schema == posts.rejected.schema


def test_the_same_posts_are_the_same_bytes(posts, tmp_path):
    for name in ("a", "b"):
        write_prepared(posts, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_other_files_are_refused(posts, tmp_path):
    path = tmp_path / "posts.parquet"
    with pytest.raises(ReadError, match="no file"):
        read_prepared(path)
    path.write_text("id,text\n1,a\n")
    with pytest.raises(
        ReadError, match=r"does not hold prepared posts; .*`postcast prepare` first"
    ):
        read_prepared(path)
    posts.table.write_parquet(path)
    with pytest.raises(ReadError, match="does not hold prepared posts"):
        read_prepared(path)
    posts.table.write_parquet(path, metadata={"postcast": '{"format": 99}'})
    with pytest.raises(ReadError, match="is of format 99; expected format 2"):
        read_prepared(path)


def test_a_prepared_file_can_be_read_as_any_other(posts, tmp_path):
    write_prepared(posts, tmp_path / "posts.parquet")
    assert read_posts(tmp_path / "posts.parquet").table.drop("row").equals(posts.table.drop("row"))


def test_rejected_rows_are_written_as_csv(posts, tmp_path):
    write_rejected(posts, tmp_path / "rejected.csv")
    written = pl.read_csv(tmp_path / "rejected.csv", infer_schema=False)
    assert written.columns == ["row", "id", "reason", "value"]
    assert written["value"].to_list()[1] == 'a "lot",\nreally'
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rejected.csv"]


def test_a_folder_that_is_a_file_is_explained(posts, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        write_prepared(posts, tmp_path / "file" / "posts.parquet")


def test_standard_input_will_do(posts, tmp_path, monkeypatch):
    write_prepared(posts, tmp_path / "posts.parquet")
    with (tmp_path / "posts.parquet").open() as file:
        monkeypatch.setattr("sys.stdin", file)
        assert read_prepared("-").table.equals(posts.table)
