"""Edits are those that a person could make, later than the draft, and none of them twice."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from postcast import Post
from postcast.why.edits import Habit, edits_of

DRAFT = Post(
    text="Lentil soup. It is quick. Save it! #soup",
    title="Soup",
    author="fern",
    time=datetime(2024, 5, 3, 18, 30, tzinfo=UTC),
)
HABIT = Habit(("text", "title", "author", "time"), True, ["#easy #dinner 🍲", "#easy", "#soup"])


def of_kind(kind, post=DRAFT, habit=HABIT, alternatives=()):
    return [one for one in edits_of(post, habit, alternatives) if one.kind == kind]


def test_hours_and_weekdays_lie_within_the_week_to_come():
    hours, weekdays = of_kind("hour"), of_kind("weekday")
    assert len(hours) == 23
    assert len(weekdays) == 6
    for one in (*hours, *weekdays):
        assert DRAFT.time < one.post.time <= DRAFT.time + timedelta(days=7)
        assert replace(one.post, time=DRAFT.time) == DRAFT
    assert {one.post.time.weekday() for one in hours} == {DRAFT.time.weekday()}
    assert len({one.post.time.weekday() for one in weekdays} | {DRAFT.time.weekday()}) == 7


def test_a_time_without_a_zone_is_utc_and_none_is_left_alone():
    naive = replace(DRAFT, time=datetime(2024, 5, 3, 18, 30))
    assert [one.post for one in of_kind("hour", naive)] == [one.post for one in of_kind("hour")]
    assert not of_kind("hour", replace(DRAFT, time=None))
    assert not of_kind("hour", habit=replace(HABIT, has_hours=False))


def test_sentences_are_left_out_from_the_end():
    assert [one.post.text for one in of_kind("length")] == [
        "Lentil soup. It is quick. #soup",
        "Lentil soup. #soup",
    ]


def test_hashtags_are_those_of_like_posts_that_it_does_not_bear():
    added = {one.post.text.removeprefix(DRAFT.text).strip() for one in of_kind("hashtags")[1:]}
    assert added == {"#easy", "#easy #dinner"}
    assert of_kind("hashtags")[0].post.text == "Lentil soup. It is quick. Save it!"


def test_question_and_emoji_are_turned_round():
    plain = Post(text="Is it soup?")
    assert of_kind("question", plain)[0].post.text == "Is it soup."
    asked = of_kind("question", Post(text="It is soup! #a #b"))[0]
    assert asked.post.text == "It is soup? #a #b"
    assert of_kind("emoji", plain)[0].post.text == "Is it soup? 🍲"
    assert of_kind("emoji", Post(text="Soup 🍲 now"))[0].post.text == "Soup now"


def test_title_and_text_are_swapped_where_both_are_read():
    assert of_kind("order")[0].post.title == DRAFT.text
    assert not of_kind("order", habit=replace(HABIT, reads=("text",)))


def test_no_edit_is_the_draft_and_none_is_there_twice():
    same = [DRAFT, replace(DRAFT, text="Stew"), replace(DRAFT, text="Stew")]
    assert len(of_kind("alternative", alternatives=same)) == 1
    posts = [one.post for one in edits_of(DRAFT, HABIT, same)]
    assert len(posts) == len(set(posts))


def test_an_empty_draft_has_edits_of_time_alone():
    blank = replace(DRAFT, text=" ", title=None)
    assert {one.kind for one in edits_of(blank, HABIT)} == {"hour", "weekday"}


def test_the_end_of_the_calendar_has_no_week_after():
    assert not of_kind("hour", replace(DRAFT, time=datetime(9999, 12, 31, 23)))
