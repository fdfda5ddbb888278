"""Edits are those that a person could make, later than the draft, and none of them twice."""

import random
import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from postcast import Post
from postcast.why.edits import Habit, edits_of

DRAFT = Post(
    text="Lentil soup. It is quick. Save it! #soup",
    title="Soup",
    author="fern",
    time=datetime(2024, 5, 3, 18, 30, tzinfo=UTC),
)
HABIT = Habit(("text", "title", "author", "time"), True, ["#easy #dinner 🍲", "#easy", "#soup"])


def of_kind(kind, post=DRAFT, habit=HABIT):
    return [one for one in edits_of(post, habit) if one.kind == kind]


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
    posts = [one.post for one in edits_of(DRAFT, HABIT)]
    assert DRAFT not in posts
    assert len(posts) == len(set(posts))


def test_an_empty_draft_has_edits_of_time_alone():
    blank = replace(DRAFT, text=" ", title=None)
    assert {one.kind for one in edits_of(blank, HABIT)} == {"hour", "weekday"}


def test_the_end_of_the_calendar_has_no_week_after():
    assert not of_kind("hour", replace(DRAFT, time=datetime(9999, 12, 31, 23)))


OLD_SENTENCE = re.compile(r"\S.*?(?:[.!?…。！？]+(?=\s|$)|$)", re.DOTALL)
OLD_ENDING = re.compile(r"[.!?…]*\s*((?:#\w+\s*)*)$")
OLD_LAST_TAGS = re.compile(r"(?:\s+#\w+)+\s*$")
"""What says most plainly which sentences and which last hashtags there are, in quadratic time."""


def test_sentences_and_questions_are_those_that_plain_patterns_find():
    rng = random.Random(3)
    signs = [*".!?…。 \n\t#aé_1@😀", "\u3000", "\u0301", "\x1c", "\x85", "\u200b", "²", ". ", " #"]
    for _ in range(20_000):
        text = "".join(rng.choice(signs) for _ in range(rng.randrange(1, 14)))
        body = OLD_LAST_TAGS.sub("", text)
        tags = text[len(body) :].rstrip()
        sentences = [found.group().strip() for found in OLD_SENTENCE.finditer(body)]
        shorter = [" ".join(sentences[:-1]) + tags] if len(sentences) > 1 else []
        shorter += [sentences[0] + tags] if len(sentences) > 2 else []
        expected = [one for one in dict.fromkeys(shorter) if one != text] if text.strip() else []
        found = edits_of(Post(text=text), HABIT)
        assert [one.post.text for one in found if one.kind == "length"] == expected, repr(text)
        if text.strip() and "?" not in text:
            asking = OLD_ENDING.sub(
                lambda end: f"?{' ' * bool(end[1])}{end[1]}", text.rstrip(), count=1
            )
            questions = [one.post.text for one in found if one.kind == "question"]
            assert questions in ([asking], []), repr(text)
            assert questions or asking in expected, repr(text)


SHAPES = (".", "…", "?! ", "#a ", " #a", "#a", " ", "#", "@", "http://", "\n", "'", "👍", "\u0301")


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("n", [10_000, 100_000])
def test_edits_of_a_long_text_take_time_linear_in_its_length(shape, n):
    text = (shape * n)[: n - 1] + "x"
    start = time.perf_counter()
    edits_of(Post(text=text, title=text), HABIT)
    assert time.perf_counter() - start < 5  # patterns that try each place take a minute and more
