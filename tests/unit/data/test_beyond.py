"""Values that no calendar, no float and no file system of ours has: rejected rows, or one line."""

import io
import os
import sys
from datetime import date, datetime

import polars as pl
import pytest

from postcast.data.read import read_drafts, read_posts
from postcast.errors import PostcastError, ReadError


def parquet(**columns):
    data = io.BytesIO()
    pl.DataFrame({"text": ["a", "b", "c"], "saves": [1, 2, 3], **columns}).write_parquet(data)
    data.seek(0)
    return data


@pytest.mark.parametrize("unit", ["ms", "us"])
@pytest.mark.parametrize("zone", [None, "Pacific/Kiritimati"])
def test_times_beyond_the_year_9999(unit, zone, capfd):
    known = int(datetime(2020, 1, 2, 3, 4, 5).timestamp()) * (1_000 if unit == "ms" else 1_000_000)
    kind = pl.Datetime(unit) if zone is None else pl.Datetime(unit, zone)
    times = pl.Series([known, 2**62, -(2**62)]).cast(kind)
    posts = read_posts(parquet(time=times))
    assert len(posts) == 1
    assert posts.table["time"].item().year == 2020
    assert posts.rejected["reason"].to_list() == ["time is not a date"] * 2
    assert posts.rejected["value"][0] == f"{2**62} {unit}"
    assert capfd.readouterr().err == ""  # polars would print a panic


def test_dates_beyond_the_year_9999():
    days = pl.Series([18_000, 2**30, None], dtype=pl.Int32).cast(pl.Date)
    posts = read_posts(parquet(time=days))
    assert posts.table["time"].to_list()[0].date() == date(2019, 4, 14)
    assert posts.rejected["reason"].to_list() == ["time is not a date", "time is missing"]
    assert read_drafts(parquet(time=days))["time"].null_count() == 2


@pytest.mark.parametrize(
    "column",
    [
        pl.Series([[2**62], None, [1]]).cast(pl.List(pl.Datetime("us"))),
        pl.Series([{"a": 2**62}, None, {"a": 1}]).cast(pl.Struct({"a": pl.Datetime("ms")})),
        pl.Series([2**62, 1, None]).cast(pl.Duration("ms")),
        pl.Series([b"\xff", b"a", None]),
    ],
)
def test_columns_that_nobody_asked_for_do_no_harm(column, capfd):
    assert len(read_posts(parquet(other=column))) == 3
    assert capfd.readouterr().err == ""


def test_ordinary_times_are_as_they_were():
    moment = datetime(1999, 12, 31, 23, 59, 59, 999_999)
    posts = read_posts(parquet(time=pl.Series([moment] * 3)))
    assert posts.table["time"].dt.replace_time_zone(None).to_list() == [moment] * 3


@pytest.mark.parametrize("count", ["1e17", "-1e300", "9" * 30, "9007199254740994"])
@pytest.mark.parametrize(
    "form", ["text,saves\na,3\nb,{}\n", '[{{"text":"a","saves":3}},{{"text":"b","saves":{}}}]']
)
def test_a_count_that_nobody_counted_is_a_rejected_row(count, form):
    posts = read_posts(io.BytesIO(form.format(count).encode()))
    assert posts.table["text"].to_list() == ["a"]
    reason = "count is negative" if count.startswith("-") else "count is too large"
    assert posts.rejected["reason"].to_list() == [reason]


@pytest.mark.parametrize(
    "data",
    [
        b"5",
        b"NaN",
        b'"text"',
        b"[1, 2]",
        b"[NaN]",
        b'{"text": NaN, "saves": Infinity}',
        b'{"text": "a", "saves": -Infinity}\n{"text": "b", "saves": NaN}',
        b'{"text": "a", "text": "b", "saves": 1, "saves": "x"}',
        b'{"text": "a", "saves": ' + b"9" * 10_000 + b"}",
        b'{"text": "a", "saves": 1, "more": ' + b"[" * 900 + b"]" * 900 + b"}",
        b'{"text": "a", "saves": 1, "more": ' + b'{"a":' * 900 + b"1" + b"}" * 900 + b"}",
        b'{"text": "\\ud800", "saves": 1, "\\udc00": 2, "\\udc01": 3}',
        b'{"\\ud800": "a", "saves": 1}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
)
@pytest.mark.parametrize("reader", ["auto", "json", "reddit", "instagram", "x", "pinterest-api"])
def test_odd_json_is_posts_or_one_line(data, reader):
    for read in (read_posts, read_drafts):
        said = ""
        try:
            read(io.BytesIO(data), reader=reader)
        except PostcastError as error:
            said = str(error)
        assert b"\n" not in said.encode()


def test_of_members_that_stand_twice_the_last_counts():
    posts = read_posts(io.BytesIO(b'{"text": "a", "text": "b", "saves": 1, "saves": 2}'))
    assert posts.table.select("text", "engagement").rows() == [("b", 2.0)]


@pytest.mark.skipif(sys.platform != "linux", reason="SKIPPED: file names are text on this system")
class TestNamesThatAreNoUtf8:
    NAME = os.fsdecode(b"po\xff\xfests.csv")

    def test_a_file(self, tmp_path):
        (tmp_path / self.NAME).write_text("text,saves\na,1\n")
        assert read_posts(tmp_path / self.NAME).source.name == "po\ufffd\ufffdsts.csv"
        (tmp_path / self.NAME).write_text("text,saves\na,1,2\n")
        with pytest.raises(
            ReadError, match=r"po\ufffd\ufffdsts\.csv can be used \(row has too many"
        ):
            read_posts(tmp_path / self.NAME)
        with pytest.raises(ReadError, match="no\ufffdne; expected a file of posts"):
            read_posts(tmp_path / os.fsdecode(b"no\xffne"))

    def test_a_folder(self, tmp_path):
        folder = tmp_path / os.fsdecode(b"f\xff")
        folder.mkdir()
        (folder / self.NAME).write_text("text,saves\na,1\n")
        posts = read_posts(folder)
        assert posts.source.name == "f\ufffd"
        assert len(posts.source.sha256) == 64
        (folder / "other.csv").write_text("caption,likes\na,1\n")
        with pytest.raises(ReadError, match=r"several files \(other.csv, po\ufffd\ufffdsts.csv\)"):
            read_posts(folder)


def test_a_name_with_a_zero_byte_is_none():
    with pytest.raises(ReadError, match="no file"):
        read_posts("posts\0.csv")
