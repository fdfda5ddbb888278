import polars as pl

from postcast.data.cast import cast
from postcast.data.clean import REASONS, clean
from postcast.data.columns import Columns

COLUMNS = Columns(text=("text",), id="id", author="author", time="time", count="saves")


def table(rows, problems=None):
    raw = pl.DataFrame(
        rows, schema=dict.fromkeys(("id", "author", "text", "time", "saves"), pl.String)
    )
    judged, _ = cast(raw, COLUMNS)
    for name, place in (("problem", 0), ("problem_found", 1)):
        found = [(problems or {}).get(row, (None, None))[place] for row in judged["row"]]
        judged = judged.with_columns(pl.Series(name, found, dtype=pl.String))
    return judged


GOOD = {"id": "a", "author": "ann", "text": "hello", "time": "2020-01-01", "saves": "3"}


def test_each_reason_is_given_with_its_value():
    kept, rejected = clean(
        table(
            [
                GOOD,
                {**GOOD, "id": "b", "saves": " "},
                {**GOOD, "id": "c", "saves": "many"},
                {**GOOD, "id": "d", "saves": "-1"},
                {**GOOD, "id": "e", "time": None},
                {**GOOD, "id": "f", "time": "soon"},
                {**GOOD, "id": " "},
                {**GOOD},
                {**GOOD, "id": "g", "text": " "},
                {},
                {**GOOD, "id": "h", "saves": ""},
                {**GOOD, "id": "i", "saves": "9007199254740994"},
                {**GOOD, "id": "j", "saves": "9007199254740992"},
                {**GOOD, "id": "9.4679E+11"},
                {**GOOD, "id": "k", "author": "9.4679E+11"},
                {**GOOD, "id": "l", "text": "#NAME?"},
                {},
                {},
            ],
            {
                10: ("record is broken", '{"id'),
                11: ("post is a retweet", "RT @x"),
                17: ("row has too many fields", "9 fields: a, b"),
                18: ("quote is not closed", '4,"e'),
            },
        )
    )
    assert rejected.rows() == [
        (2, "b", "count is missing", ""),
        (3, "c", "count is not a number", "many"),
        (4, "d", "count is negative", "-1"),
        (5, "e", "time is missing", ""),
        (6, "f", "time is not a date", "soon"),
        (7, "", "id is missing", ""),
        (8, "a", "id is repeated", "a"),
        (9, "g", "text is blank", ""),
        (10, "", "record is broken", '{"id'),
        (11, "h", "post is a retweet", "RT @x"),
        (12, "i", "count is too large", "9007199254740994"),
        (14, "", "id is mangled", "9.4679E+11"),
        (15, "k", "author is mangled", "9.4679E+11"),
        (16, "l", "text is mangled", "#NAME?"),
        (17, "", "row has too many fields", "9 fields: a, b"),
        (18, "", "quote is not closed", '4,"e'),
    ]
    assert sorted(rejected["reason"]) == sorted(REASONS)
    assert kept["row"].to_list() == [1, 9, 13, 16]
    assert kept["text"].to_list()[1::2] == ["", ""]
    assert rejected.schema == {
        "row": pl.UInt32,
        "id": pl.String,
        "reason": pl.String,
        "value": pl.String,
    }


def test_a_row_has_one_reason_the_first_that_holds():
    bad = {"id": None, "text": "", "time": "soon", "saves": "many"}
    _, rejected = clean(table([GOOD, bad]))
    assert rejected["reason"].to_list() == ["count is not a number"]


def test_the_first_usable_of_repeated_ids_stays():
    kept, rejected = clean(table([{**GOOD, "saves": "many"}, GOOD, {**GOOD, "text": "again"}]))
    assert kept["row"].to_list() == [2]
    assert rejected.select("row", "reason").rows() == [
        (1, "count is not a number"),
        (3, "id is repeated"),
    ]


def test_negative_counts_stay_when_asked():
    kept, rejected = clean(table([{**GOOD, "saves": "-1"}]), keep_negative=True)
    assert kept["engagement"].to_list() == [-1.0]
    assert rejected.is_empty()


def test_the_found_columns_do_not_remain():
    kept, _ = clean(table([GOOD]))
    assert not [name for name in kept.columns if name.endswith("_found")]
