import polars as pl
import pytest

from postcast.data.tags import canonical_tags, tags_of


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("#sun #sea", ("sun", "sea")),
        ("sun sea sun", ("sun", "sea")),
        ("blue sky, sea", ("blue sky", "sea")),
        ("a;b|c\nd", ("a", "b", "c", "d")),
        ("""['blue sky', "it's", 'caf\\xe9', 'a, b']""", ("blue sky", "it's", "café", "a b")),
        ('["x", "y"]', ("x", "y")),
        ("[x, y]", ("x", "y")),
        ("['never closed]", ("never closed",)),
        (r"['\d', 'ok']", (r"\d", "ok")),
        ("['__import__(\"os\")']", ('__import__("os")',)),
        (r"['a\ud800', '\x00b']", ("a\ufffd", "\ufffdb")),
        ("[]", ()),
        (" # ", ()),
    ],
)
def test_tags_in_every_way_of_writing(text, tags):
    assert tags_of(text) == tags


def test_cells_are_written_in_one_way_and_stay_so():
    cells = pl.Series("tags", ["#a #b", None, "[]", "c d, e"])
    written = canonical_tags(cells)
    assert written.to_list() == ["a, b", None, None, "c d, e"]
    assert canonical_tags(written).equals(written)
