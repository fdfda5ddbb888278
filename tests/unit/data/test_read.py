import hashlib
import io
import json
from datetime import UTC, datetime

import pandas as pd
import polars as pl
import pytest

from postcast.data.columns import Columns
from postcast.data.read import COLUMNS, read_drafts, read_posts
from postcast.errors import ReadError, SettingsError
from postcast.schema import Post

BIG = 9007199254740993  # 2**53 + 1: no float holds it


def big_records():
    return [{"id": BIG + 2 * i, "text": f"post {i}", "saves": i} for i in range(3)]


def as_csv(records):
    return pl.DataFrame(records).write_csv().encode()


def as_json_lines(records):
    return "\n".join(json.dumps(record) for record in records).encode()


def as_parquet(records):
    data = io.BytesIO()
    pl.DataFrame(records).write_parquet(data)
    return data.getvalue()


@pytest.mark.parametrize("encode", [as_csv, as_json_lines, as_parquet])
def test_long_ids_come_through_files_intact(encode, write):
    posts = read_posts(write(encode(big_records()), "posts.anything"))
    assert posts.table["id"].to_list() == [str(BIG), str(BIG + 2), str(BIG + 4)]


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame, list])
def test_long_ids_come_through_frames_and_records_intact(frame):
    posts = read_posts(frame(big_records()))
    assert posts.table["id"].to_list() == [str(BIG), str(BIG + 2), str(BIG + 4)]
    assert posts.table["engagement"].to_list() == [0.0, 1.0, 2.0]


@pytest.mark.parametrize(
    "source",
    [
        pd.DataFrame({"id": [1.0, 2.0], "text": "a", "saves": 1}),
        pl.DataFrame({"id": [2.1e16, 2.0e16], "text": "a", "saves": 1}),
        [{"id": 2.5e17, "text": "a", "saves": 1}],
        io.BytesIO(b'{"id": 3.0, "text": "a", "saves": 1}'),
        io.BytesIO(b"id,text,saves\n2.11811E+16,a,1\n"),
    ],
)
def test_ids_that_went_through_a_float_give_way_to_row_numbers(source):
    posts = read_posts(source)
    assert posts.table["id"].to_list() == [str(row) for row in posts.table["row"]]
    [note] = posts.source.notes
    assert note.startswith("a program rounded ")
    assert note.endswith("row numbers are used instead")


@pytest.mark.parametrize("role", ["id", "author"])
@pytest.mark.parametrize("cell", ["9.4679E+11", "9,4679E+11", "12.0", "#NAME?", "#####"])
def test_one_mangled_cell_rejects_its_row_and_no_other(role, cell):
    records = [{"id": f"p{i}", "author": f"a{i}", "text": "a", "saves": i} for i in range(1, 6)]
    records[2][role] = cell
    posts = read_posts(records)
    assert posts.table["row"].to_list() == [1, 2, 4, 5]
    told = posts.rejected.select("row", "reason", "value").rows()
    assert told == [(3, f"{role} is mangled", cell)]
    drafts = read_drafts(records)
    assert len(drafts) == 5
    assert drafts[role].to_list()[2] == ("3" if role == "id" else None)


def test_one_mangled_text_is_no_text():
    records = [{"text": text, "saves": 1} for text in ("a", "#NAME?", "#LOVE!", "#REF! in words")]
    posts = read_posts(records)
    assert posts.table["text"].to_list() == ["a", "", "#LOVE!", "#REF! in words"]
    assert posts.rejected["reason"].to_list() == ["text is mangled"]
    assert posts.rejected["value"].to_list() == ["#NAME?"]


def test_authors_that_are_mostly_rounded_are_not_read():
    records = [{"author": author, "text": "a", "saves": 1} for author in ("1.0", None, "3.0", "x")]
    posts = read_posts(records)
    assert posts.table["author"].to_list() == [None] * 4
    assert posts.source.notes == (
        "a program rounded 2 cells of the column 'author' such as '1.0': no author is read",
    )


def test_what_a_file_of_drafts_leaves_open_is_said(caplog):
    drafts = read_drafts([{"text": "a", "date": "03/04/2025"}])
    assert drafts["time"][0].month == 3
    assert "--dayfirst reads it the other way" in caplog.text
    caplog.clear()
    assert read_drafts([{"text": "a", "date": "03/04/2025"}], day_first=True)["time"][0].month == 4
    assert caplog.text == ""


def test_no_broken_row_refuses_a_file():
    data = (
        b'id,text,saves\n1,a,3\n2,b,4,c\n3,d\n4,"e,5\n5,f,6,,\n6,"g""h",7\n7,"x"y,8\n8,"i\nj",9\n'
    )
    posts = read_posts(io.BytesIO(data))
    assert posts.table["id"].to_list() == ["1", "5", "6", "8"]
    assert posts.table["text"].to_list() == ["a", "f", 'g"h', "i\nj"]
    assert posts.rejected.select("row", "reason", "value").rows() == [
        (2, "row has too many fields", "4 fields: 2, b, 4, c"),
        (3, "count is missing", ""),
        (4, "quote is not closed", '4,"e,5'),
        (7, "quote is not closed", '7,"x"y,8'),
    ]
    assert posts.source.notes == ("1 row without the last fields of the header",)


@pytest.mark.parametrize("opens", [b'"a,1', b'a""","""a'])
def test_quotes_that_open_in_many_lines_take_no_longer_for_it(opens):
    """The second is open at its end whether a quote was open before or not."""
    lines = opens + b"\n" + b"b,2\n" * 3
    posts = read_posts(io.BytesIO(b"text,saves\nc,1\n" + lines * 20_000))
    assert len(posts) == 60_001
    assert set(posts.rejected["reason"]) == {"quote is not closed"}


def test_what_stands_before_the_header_is_left_out():
    for ahead in (b"sep=;\n", b'"sep=;"\r\n', b"Posts of 2024\n\n", b"sep=;\nPosts of 2024\n"):
        posts = read_posts(io.BytesIO(ahead + b"text;saves\na,b;1\nc;2\nd;3\n"))
        assert posts.table["text"].to_list() == ["a,b", "c", "d"]


def test_ids_that_only_look_like_powers_are_text():
    posts = read_posts([{"id": "5e1234", "text": "a", "saves": 1}])
    assert posts.table["id"].to_list() == ["5e1234"]


def test_the_table_is_as_the_schema_has_it(write):
    path = write(
        "id,title,description,author,created_at,saves,tags,image\n"
        'a, Hello ,"x\n y",ann,2020-01-01 10:00,"1,200",#t,i.jpg\n'
        "b,,,,2020-01-02,0,,\n"
    )
    posts = read_posts(path)
    assert posts.table.schema == {
        "row": pl.UInt32,
        "id": pl.String,
        "author": pl.String,
        "title": pl.String,
        "text": pl.String,
        "tags": pl.String,
        "category": pl.String,
        "image": pl.String,
        "time": pl.Datetime("us", "UTC"),
        "order": pl.Int64,
        "engagement": pl.Float64,
        "group": pl.UInt32,
    }
    at = datetime(2020, 1, 1, 10, tzinfo=UTC)
    micros = int(at.timestamp()) * 1_000_000
    assert posts.table.row(0) == (
        *(1, "a", "ann", "Hello", "x\n y", "t", None, "i.jpg"),
        *(at, micros, 1200.0, 0),
    )
    assert posts.table.row(1)[:8] == (2, "b", None, None, "", None, None, None)
    assert posts.rejected.rows() == [(2, "b", "text is blank", "")]
    assert posts.source.name == "posts.csv"
    assert posts.source.rows_read == 2
    assert posts.source.ordering == "time"
    assert posts.source.columns["text"] == ("description",)
    assert len(posts) == 2


def test_texts_are_joined_without_blank_parts():
    records = [
        {"description": " a ", "title": "b", "saves": 1},
        {"description": " ", "title": "c", "saves": 1},
        {"description": "d", "title": None, "saves": 1},
        {"description": None, "title": "", "saves": 1},
    ]
    posts = read_posts(records, Columns(text=("description", "title")))
    assert posts.table["text"].to_list() == ["a\nb", "c", "d", ""]
    assert posts.table["title"].to_list() == ["b", "c", None, None]


def test_without_an_id_column_rows_are_numbered():
    posts = read_posts([{"text": "a", "saves": "?"}, {"text": "b", "saves": 1}])
    assert posts.table.select("row", "id").rows() == [(2, "2")]


def test_negative_and_needless_counts():
    records = [{"text": "a", "saves": -1}, {"text": "b", "saves": None}]
    assert read_posts(records, keep_negative=True).table["engagement"].to_list() == [-1.0]
    posts = read_posts(records, needs_count=False)
    assert len(posts) == 2
    assert read_posts([{"text": "a"}], needs_count=False).table["engagement"].item() is None


def test_a_column_of_times_that_is_blank_counts_only_when_asked_for():
    records = [{"text": "a", "date": "", "saves": 1}]
    posts = read_posts(records)
    assert posts.source.ordering == "none"
    assert "time" not in posts.source.columns
    with pytest.raises(ReadError, match="no time in column 'date' can be read, found empty"):
        read_posts(records, Columns(time="date"))


def test_unreadable_columns_show_examples_and_the_option():
    with pytest.raises(ReadError) as caught:
        read_posts([{"text": "a", "saves": "abc"}, {"text": "b", "saves": "12.5%"}])
    assert str(caught.value) == (
        "no count in column 'saves' is a number, found e.g. 'abc', '12.5%'; "
        "expected such as 12, 1,234 or 1.2K; choose --count-col"
    )
    posts = [{"text": "a", "saves": 1, "time": "noon"}]
    with pytest.raises(ReadError, match=r"no time in column 'time' .* 'noon'; .*--time-col"):
        read_posts(posts, {"time": "time"})
    source = read_posts(posts).source
    assert source.ordering == "none"
    assert source.notes == ("no time is read: column 'time' holds no times ('noon')",)


def test_no_usable_row_says_why():
    with pytest.raises(ReadError, match=r"none of the 2 rows .* \(count is negative: 2\)"):
        read_posts([{"text": "a", "saves": -1}, {"text": "b", "saves": -2}])


def test_a_zone_applies_and_must_exist():
    records = [{"text": "a", "saves": 1, "time": "2020-01-01 10:00"}]
    assert read_posts(records, timezone="Asia/Tokyo").table["time"].item().hour == 1
    with pytest.raises(SettingsError, match="no time zone 'Mars'"):
        read_posts(records, timezone="Mars")


def test_the_hash_is_that_of_the_bytes(write):
    path = write("id,text,title,saves\n1,a,b,2\n")
    expected = hashlib.sha256(path.read_bytes()).hexdigest()
    assert read_posts(path).source.sha256 == expected
    assert read_posts(path, Columns(text=("title",))).source.sha256 == expected
    records = [{"text": "a", "saves": 2}]
    assert read_posts(records).source.sha256 == read_posts(list(records)).source.sha256
    assert (
        read_posts(records).source.sha256 != read_posts([{"text": "a", "saves": 3}]).source.sha256
    )


def test_standard_input(monkeypatch):
    class Stdin:
        closed = False
        buffer = io.BytesIO(b"id;text;saves\n1;a;2\n")

    monkeypatch.setattr("sys.stdin", Stdin)
    posts = read_posts("-")
    assert (posts.source.name, posts.table["text"].to_list()) == ("standard input", ["a"])


def test_pandas_with_gaps_and_times():
    frame = pd.DataFrame(
        {
            "text": ["a", None, "c"],
            "saves": [1.0, float("nan"), 3.0],
            "time": pd.to_datetime(["2020-01-01", "2020-01-02", "2020-01-03"]),
            "author": pd.array([1, None, 3], dtype="Int64"),
        },
        index=[7, 8, 9],
    )
    posts = read_posts(frame)
    assert posts.table["author"].to_list() == ["1", "3"]
    assert posts.table["time"].dt.day().to_list() == [1, 3]
    assert posts.rejected["reason"].to_list() == ["count is missing"]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (42, "posts cannot be read from int"),
        ([], "a list of posts has no rows"),
        ([1], "element 1 of the list is int"),
        (pl.DataFrame({"text": []}), "a data frame has no rows"),
    ],
)
def test_what_is_no_source(source, message):
    with pytest.raises(ReadError, match=message):
        read_posts(source)


def test_paths_that_hold_nothing(tmp_path):
    with pytest.raises(ReadError, match=r"no file .*nowhere\.csv"):
        read_posts(tmp_path / "nowhere.csv")
    with pytest.raises(ReadError, match="is a folder"):
        read_posts(str(tmp_path))


def test_a_category_is_kept_as_it_is_and_found_by_name():
    records = [{"text": "a", "saves": 1, "Subreddit": " r/Cake "}, {"text": "b", "saves": 2}]
    posts = read_posts(records)
    assert posts.table["category"].to_list() == ["r/Cake", None]
    assert posts.source.columns["category"] == ("Subreddit",)
    assert read_posts(records, Columns(category="")).table["category"].null_count() == 2
    post = Post(text="a", tags=("x, y", "#z"), category="board")
    assert read_drafts([post]).select("tags", "category").rows() == [("x, y, z", "board")]


class TestDrafts:
    def test_no_row_is_dropped(self):
        drafts = read_drafts(
            [
                {"id": "a", "text": "x", "time": "2020-01-01", "saves": "?"},
                {"id": "a", "text": "", "time": "soon"},
                {"id": None, "text": None, "time": None},
            ]
        )
        assert tuple(drafts.columns) == COLUMNS
        assert drafts["id"].to_list() == ["a", "a", "3"]
        assert drafts["text"].to_list() == ["x", "", ""]
        assert drafts["time"].null_count() == 2
        assert drafts["engagement"].to_list() == [None, None, None]

    def test_the_schema_is_that_of_posts(self):
        posts = read_posts([{"text": "a", "saves": 1}])
        assert read_drafts([{"text": "a"}]).schema == posts.table.schema

    def test_posts_are_read_as_they_are(self):
        at = datetime(2020, 1, 1, tzinfo=UTC)
        drafts = read_drafts([Post(text="a", author="ann", time=at, tags=("x", "y")), Post(id="q")])
        assert drafts.select("id", "author", "text", "tags", "time").rows() == [
            ("1", "ann", "a", "x, y", at),
            ("q", None, "", None, None),
        ]

    def test_no_time_that_can_be_read_is_an_error(self):
        with pytest.raises(ReadError, match="no time in column 'time' can be read"):
            read_drafts([{"text": "a", "time": "soon"}])

    def test_order_means_what_the_forecaster_was_taught(self):
        pin = (301 << 46) | (1 << 36) | 77
        records = [{"id": pin, "text": "a", "time": "2020-01-01"}, {"text": "b"}]
        by_id = read_drafts(records, ordering="id")
        assert by_id["order"].to_list() == [77, None]
        assert by_id["author"].to_list() == ["301", None]
        assert by_id["id"].to_list() == [str(pin), "2"]
        assert read_drafts(records)["order"][0] > 1e15
        assert read_drafts(records, ordering="none")["order"].null_count() == 2
