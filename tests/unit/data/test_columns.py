import pytest

from postcast.data.columns import Columns, resolve
from postcast.errors import ReadError, SettingsError


def test_common_names_are_found_in_order_of_preference():
    found = ["text", "description", "date", "created_at", "views", "saves", "user", "pin_id"]
    columns = resolve(found, Columns(), needs_count=True)
    assert columns.as_mapping() == {
        "text": ("description",),
        "author": ("user",),
        "time": ("created_at",),
        "count": ("saves",),
        "id": ("pin_id",),
    }


@pytest.mark.parametrize("name", ["Full Text", "full-text", "FULL_TEXT", "fulltext"])
def test_case_and_marks_do_not_matter(name):
    assert resolve([name, "Score"], Columns(), needs_count=True) == Columns(
        text=(name,), count="Score"
    )


def test_the_exact_spelling_wins_over_a_folded_one():
    assert resolve(["Text", "text"], Columns(), needs_count=False).text == ("text",)


def test_a_wrong_name_lists_the_columns_and_suggests_the_nearest():
    with pytest.raises(ReadError) as caught:
        resolve(["id", "description"], Columns(text=("descripton",)), needs_count=False)
    assert str(caught.value) == (
        "no column 'descripton'; expected one of id, description; did you mean 'description'?"
    )


def test_many_columns_are_not_all_listed():
    with pytest.raises(ReadError, match="and 60 more"):
        resolve([f"c{i}" for i in range(100)], Columns(), needs_count=False)


def test_a_column_asked_for_one_role_is_not_taken_for_another():
    columns = resolve(["text", "likes", "views"], Columns(author="likes"), needs_count=True)
    assert (columns.author, columns.count) == ("likes", "views")
    columns = resolve(["caption", "text"], Columns(title="caption"), needs_count=False)
    assert (columns.title, columns.text) == ("caption", ("text",))
    columns = resolve(["text", "author"], Columns(text=("text", "author")), needs_count=False)
    assert columns.author is None


def test_a_title_may_be_text_too():
    asked = Columns(text=("description", "title"))
    columns = resolve(["description", "title"], asked, needs_count=False)
    assert (columns.text, columns.title) == (("description", "title"), "title")
    asked = Columns(text=("headline",), title="headline")
    assert resolve(["headline"], asked, needs_count=False) == asked


def test_one_column_for_two_roles_is_refused():
    with pytest.raises(SettingsError, match="'x' is asked for both author and id"):
        resolve(["text", "x"], Columns(author="x", id="x"), needs_count=False)


def test_an_empty_name_leaves_a_role_out():
    columns = resolve(["text", "time"], Columns(time=""), needs_count=False)
    assert columns.time is None
    assert "time" not in columns.as_mapping()


def test_what_is_missing_names_its_option():
    with pytest.raises(ReadError, match=r"no text column among id, body; .*--text-col"):
        resolve(["id", "body"], Columns(), needs_count=False)
    with pytest.raises(ReadError, match=r"no count column among text, karma; .*--count-col"):
        resolve(["text", "karma"], Columns(), needs_count=True)
    assert resolve(["text", "karma"], Columns(), needs_count=False).count is None


def test_usual_names_are_tried_before_the_common_ones():
    usual = Columns(text=("caption", "title"), title="title", count="hearts")
    found = ["caption", "title", "text", "hearts", "likes"]
    settled = resolve(found, Columns(usual=usual).or_usual(found), needs_count=True)
    assert (settled.text, settled.title, settled.count) == (("caption", "title"), "title", "hearts")


def test_usual_names_give_way_to_asked_and_missing_ones():
    usual = Columns(text=("caption",), count="hearts")
    found = ["text", "hearts"]
    settled = resolve(found, Columns(id="hearts", usual=usual).or_usual(found), needs_count=False)
    assert (settled.text, settled.id, settled.count) == (("text",), "hearts", None)


def test_a_mapping_of_roles_will_do():
    assert Columns.of({"text": "a", "count": "n"}) == Columns(text=("a",), count="n")
    assert Columns.of({"text": ["a", "b"]}) == Columns(text=("a", "b"))
    with pytest.raises(SettingsError, match="no role 'label'; expected one of text"):
        Columns.of({"label": "n"})
