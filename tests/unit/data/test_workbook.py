import pytest
from tests.unit.data.workbooks import POSTS, xlsx, xml

from postcast.data.read import read_posts
from postcast.errors import ReadError


def test_a_workbook_is_read(write):
    posts = read_posts(write(xlsx(posts=POSTS), "posts.xlsx"))
    assert posts.source.columns == {
        "text": ("Message",),
        "time": ("Posted",),
        "count": ("Reactions",),
        "id": ("Post ID",),
    }
    assert posts.table["engagement"].to_list() == [i * 3 for i in range(6)]
    assert posts.table["id"][0] == "10000000000000000"
    assert str(posts.table["time"][0]) == "2023-03-15 12:00:00+00:00"


def test_the_sheet_of_posts_is_found_and_its_header_below_a_title(write):
    days = [("Date", "Reach"), *((f"2024-01-0{i}", i) for i in range(1, 8))]
    data = xlsx(days=days, posts=[("Engagement of single posts",), *POSTS], empty=[])
    posts = read_posts(write(data, "posts.xlsx"))
    assert len(posts) == 6
    assert posts.source.notes == (
        "of 3 sheets 'posts' is read",
        "the header stands in row 2 of 'posts'",
    )


def test_xml_that_is_called_xls(write):
    rows = [(f"{a} & {a}" if i else a, b, c) for i, (b, a, c, _) in enumerate(POSTS)]
    posts = read_posts(write(xml(rows), "posts.xls"))
    assert len(posts) == 6
    assert " & " in posts.table["text"][0]
    assert posts.table["engagement"].to_list() == [i * 3 for i in range(6)]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (xlsx(a=[], b=[("alone",)]), "has no sheet with a table"),
        (xlsx(posts=POSTS).replace(b"xl/worksheets/1.xml", b"xl/worksheets/9.xml"), "no workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "no workbook that can be read"),
        (xml(POSTS)[:-20], "is broken XML"),
        (xml(POSTS, "<!DOCTYPE a [<!ENTITY b 'c'>]>"), "declares entities"),
        (xlsx(posts=[row[:1] + row[2:] for row in POSTS]), "without texts"),
    ],
)
def test_workbooks_that_cannot_be_read(data, message, write):
    with pytest.raises(ReadError, match=message):
        read_posts(write(data, "posts.xlsx"))


def test_a_workbook_that_unpacks_to_too_much(write):
    data = xlsx(posts=POSTS, much=[("a" * 100_000_000,)])
    with pytest.raises(ReadError, match="unpacked"):
        read_posts(write(data, "posts.xlsx"))


def test_a_damaged_workbook_is_an_error_or_is_read(write):
    whole = xlsx(posts=POSTS)
    for at in range(0, len(whole), 23):
        data = bytearray(whole)
        data[at] ^= 0x41
        try:
            read_posts(write(bytes(data), "posts.xlsx"))
        except ReadError as error:
            assert "\n" not in str(error)  # noqa: PT017
