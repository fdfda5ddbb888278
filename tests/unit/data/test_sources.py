import bz2
import csv
import gzip
import io
import json
import lzma

import polars as pl
import pytest

from postcast.data.sources import read_files
from postcast.data.sources.files import Files
from postcast.errors import ReadError, SettingsError

HEADER = ["id", "text", "saves"]
ROWS = [
    ["21181060741374444", "plain", "1,234"],
    ["9223372036854775807", 'a, b; c | d\t"quoted"', "2"],
    ["3", "line one\nline two 🌿", ""],
]


def read_bytes(data, name, reader="auto"):
    return read_files(Files.of_bytes(data, name), reader).cells


def delimited(delimiter=",", newline="\n"):
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=newline).writerows([HEADER, *ROWS])
    return text.getvalue()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_every_kind_of_csv_gives_the_same_cells(delimiter, newline, encoding):
    table = read_bytes(delimited(delimiter, newline).encode(encoding), "posts")
    assert table.columns == HEADER
    assert [list(row) for row in table.rows()] == ROWS
    assert set(table.dtypes) == {pl.String}


def test_old_line_ends_and_blank_lines():
    table = read_bytes(b"\r\rid,text\r1,a\r\r  \r2,b\r\r", "posts")
    assert table.rows() == [("1", "a"), ("2", "b")]


def test_semicolons_inside_text_do_not_make_a_delimiter():
    data = b"id,text,saves\n1,a;b;c,3\n2,d;e;f,4\n"
    assert read_bytes(data, "posts").columns == HEADER


@pytest.mark.parametrize(
    ("compress", "suffix"), [(gzip.compress, ".gz"), (lzma.compress, ".xz"), (bz2.compress, ".bz2")]
)
def test_a_compressed_file_is_what_it_unpacks_to(compress, suffix):
    files = Files.of_bytes(compress(delimited().encode()), f"posts.csv{suffix}")
    assert files.name == "posts.csv"
    assert [list(row) for row in read_files(files).cells.rows()] == ROWS
    inside = {"id": "1", "text": "a", "saves": 3}
    assert read_bytes(compress(lines(inside)), "posts").rows() == [("1", "a", "3")]


def test_columns_of_one_name_are_numbered():
    assert read_bytes(b"id,text,text,text\n1,a,b,c\n", "posts").columns == [
        *("id", "text", "text (2)", "text (3)")
    ]
    assert read_bytes(b",text,\n0,a,b\n", "posts").columns == ["", "text", "(2)"]


def test_one_column_and_an_unnamed_one():
    assert read_bytes(b"text\nhello\n", "posts").rows() == [("hello",)]
    assert read_bytes(b",text\n0,hello\n", "posts").columns == ["", "text"]


def test_a_field_of_any_size_leaves_the_limit_as_it_was():
    before = csv.field_size_limit()
    long = "x" * 300_000
    assert read_bytes(f"id,text\n1,{long}\n".encode(), "posts")["text"].item() == long
    assert csv.field_size_limit() == before


def lines(*records):
    return "\n".join(json.dumps(record) for record in records).encode()


def test_json_lines_and_arrays_give_the_same_cells():
    records = [
        {"id": 21181060741374444, "text": "a 🌿", "tags": ["x", "y z"], "saves": 3.0},
        {"id": "2", "text": None, "extra": {"a": [1]}, "ok": True},
    ]
    expected = [
        ("21181060741374444", "a 🌿", "x, y z", "3.0", None, None),
        ("2", None, None, None, "1", "True"),
    ]
    for data in (
        lines(*records),
        lines(*records).replace(b"\n", b"\r\n\r\n") + b"\n",
        json.dumps(records, indent=1).encode(),
        b"\xef\xbb\xbf " + json.dumps(records).encode(),
    ):
        assert read_bytes(data, "posts").rows() == expected


@pytest.mark.parametrize(
    "envelope",
    [
        lambda posts: {"data": posts, "paging": {"next": "x"}},
        lambda posts: {"kind": "list", "response": {"count": 2, "items": posts}},
        lambda posts: {"_default": {str(number): post for number, post in enumerate(posts)}},
        lambda posts: {"data": posts, "includes": {"users": [{"id": "9"}]}},
        lambda posts: {"meta": [{"a": "1"}], "orderedItems": posts},
    ],
)
def test_posts_are_found_within_an_envelope(envelope):
    posts = [{"id": "1", "text": "a", "likes": 3}, {"id": "2", "text": "b", "likes": 4}]
    assert read_bytes(json.dumps(envelope(posts), indent=1).encode(), "posts").rows() == [
        ("1", "a", "3"),
        ("2", "b", "4"),
    ]


def test_nested_members_have_dotted_names():
    post = {
        "text": "a",
        "stats": {"likes": 3, "deep": {"er": None}},
        "media": [{"url": "u", "size": {"w": 1}}, {"url": "v"}],
        "hashtags": [{"name": "sun"}, {"name": "sea"}],
        "images": ["p", "q"],
        "empty": [],
    }
    table = read_bytes(lines(post), "posts")
    assert dict(zip(table.columns, table.row(0), strict=True)) == {
        "text": "a",
        "stats.likes": "3",
        "stats.deep.er": None,
        "media[0].url": "u",
        "media[0].size.w": "1",
        "hashtags": "sun, sea",
        "images": "p, q",
        "empty": "",
    }


def test_what_is_no_object_among_others_is_a_broken_row():
    table = read_files(Files.of_bytes(b'{"text": "a"}\n{"text": \n[1]\n{"text": "b"}\n', "posts"))
    assert table.cells["text"].to_list() == ["a", None, None, "b"]
    assert table.problems == {
        2: ("record is broken", '{"text":'),
        3: ("record is broken", '["1"]'),
    }


def test_json_text_that_no_file_could_hold_is_mended():
    table = read_bytes(rb'{"text": "a\u0000b\ud800c\ud83c\udf3f"}', "posts")
    assert table["text"].item() == "a\ufffdb\ufffdc🌿"


def test_json_keeps_not_a_number_apart():
    table = read_bytes(b'{"text": "a", "n": NaN}\n{"text": "b", "n": Infinity}', "posts")
    assert table["n"].to_list() == [None, "Infinity"]


def test_a_line_separator_inside_json_text_is_no_line_end():
    assert read_bytes('{"text": "a\u2028b"}'.encode(), "posts")["text"].item() == "a\u2028b"


def parquet(frame):
    data = io.BytesIO()
    frame.write_parquet(data)
    return data.getvalue()


def test_parquet_cells_of_every_type():
    frame = pl.DataFrame(
        {
            "id": [2**63 + 1],
            "text": pl.Series(["a\0b"], dtype=pl.Categorical),
            "saves": [3.0],
            "missing": [float("nan")],
            "day": pl.Series([0]).cast(pl.Date),
            "time": pl.Series([0]).cast(pl.Datetime("ms", "Europe/Paris")),
            "tags": [["x", "y"]],
        }
    )
    assert read_bytes(parquet(frame), "posts").rows() == [
        (
            *(str(2**63 + 1), "a\ufffdb", "3.0", None),
            *("1970-01-01", "1970-01-01T01:00:00+01:00", "x, y"),
        )
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "posts is empty"),
        (b"\n \r\n", "posts is empty"),
        ("\n".encode("utf-16"), "posts is empty"),
        (b"id,text\n", "posts has a header but no rows"),
        (b"[]", "posts is an empty array"),
        (b"\x89PNG\r\n\x1a\n\0", "is a PNG image"),
        (b"\xff\xd8\xff\xe0\0", "is a JPEG image"),
        (b"%PDF-1.7", "is a PDF document"),
        (b"PK\x03\x04\0\0", "is a ZIP archive"),
        (b"\x1f\x8b\x08\0", "posts cannot be unpacked"),
        (b"\xfd7zXZ\0\0\0", "posts cannot be unpacked"),
        (b"BZh9\0\0\0\0", "posts cannot be unpacked"),
        (
            gzip.compress(gzip.compress(b"text,saves\na,1\n", mtime=0), mtime=0),
            "posts is compressed twice",
        ),
        (gzip.compress(bytes(100 << 20), mtime=0), "posts takes .* times its"),
        (b"\x80\x04\x95\0", "is a pickle, which is never unpickled"),
        (b"id,text\n1,a\0b\n", "posts is binary: byte 11 is NUL"),
        (b"\xff\xfei\0d\0,\0\0\xd8", "is not UTF-16"),
        (b'{"id": 1\n\n{"id": 2\n', "line 3 is not JSON: .* at character 1"),
        (b'[{"id": 1},\n {"id" 2}]', "line 2 is not JSON"),
        (b"[[1], 2]", "posts has no posts"),
        (b'{"a":' + b"[" * 200_000, "line 1 is nested too deeply"),
        (b"PAR1 but not for long", "no Parquet file that can be read"),
    ],
)
def test_what_cannot_be_read_says_where_and_why(data, message):
    with pytest.raises(ReadError, match=message) as caught:
        read_bytes(data, "posts")
    assert "\n" not in str(caught.value)


def test_a_cut_off_parquet_file():
    data = parquet(pl.DataFrame({"text": ["a"] * 100}))
    with pytest.raises(ReadError, match="no Parquet file that can be read"):
        read_bytes(data[:-20], "posts")


def test_a_reader_can_be_chosen_and_must_exist():
    assert read_bytes(b'{"a"\n1\n', "posts", "csv").columns == ['{"a"']
    with pytest.raises(ReadError, match="is not JSON"):
        read_bytes(b"id,text\n1,a\n", "posts", "json")
    with pytest.raises(SettingsError, match="no reader 'excel'; expected one of auto, csv, json"):
        read_bytes(b"id,text\n1,a\n", "posts", "excel")
