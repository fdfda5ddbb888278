import polars as pl
import pytest

from postcast.data.numbers import counts


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", 12.0),
        (" 12 ", 12.0),
        ("-1", -1.0),
        ("+7", 7.0),
        ("12.0", 12.0),
        ("0.5", 0.5),
        ("1e3", 1000.0),
        ("2.5E+2", 250.0),
        ("1,234", 1234.0),
        ("1,234,567.5", 1234567.5),
        ("1.2K", 1200.0),
        ("1.1m", 1_100_000.0),
        ("3M", 3_000_000.0),
        ("2 k", 2000.0),
        ("1b", 1e9),
        ("1,234K", 1_234_000.0),
    ],
)
def test_a_count_is_read_exactly(text, number):
    assert counts(pl.Series(["4", text])).to_list() == [4.0, number]


@pytest.mark.parametrize(
    "text",
    [
        "12.5%",
        "nan",
        "NaN",
        "inf",
        "-inf",
        "1e999",
        "abc",
        "1,23,4",
        "16.1%",
        "< 1%",
        "18 января",
        "12,34,567",
        "1e3K",
        "K",
        "1 2",
        "0x10",
        "1_000",
        "--1",
        "",
        "٣",
    ],
)
def test_what_is_no_count_is_null(text):
    assert counts(pl.Series(["4", text])).to_list() == [4.0, None]


def test_missing_stays_missing():
    assert counts(pl.Series([None], dtype=pl.String)).to_list() == [None]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 234", 1_234),
        ("28\u202f000", 28_000),
        ("1'234'567", 1_234_567),
        ("62,1", 62.1),
        ("1.2万", 12_000),
        ("3亿", 300_000_000),
        ("1,5 Mio", 1_500_000),
        ("10+", 10),
        ("49 videos", 49),
        ("1,234 likes", 1_234),
        ("赞[74065]", 74_065),
    ],
)
def test_what_exports_write_around_a_number(text, expected):
    assert counts(pl.Series(["4", text])).to_list() == [4.0, expected]


def test_points_stand_between_thousands_where_three_digits_follow_each():
    assert counts(pl.Series(["1.234", "12", "1.234.567"])).to_list() == [1_234, 12, 1_234_567]
    assert counts(pl.Series(["1.234", "12.5"])).to_list() == [1.234, 12.5]
    assert counts(pl.Series(["0.123", "376.0"])).to_list() == [0.123, 376.0]
