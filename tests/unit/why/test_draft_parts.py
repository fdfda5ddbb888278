"""What a draft's parts are, where they stand, and what is left when some are taken away."""

from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace

import numpy as np
import pytest

from postcast import Post
from postcast.why.draft_parts import kept_post, pieces_of
from postcast.why.effort import LONG, MOST_WORDS

COUNTS = SimpleNamespace(describe=lambda: {"terms": "words"})
READS_TOKENS = SimpleNamespace(describe=lambda: {"longest_tokens": 256})


def forecaster(**more):
    """What `pieces_of` asks of a forecaster."""
    given = {
        "blocks": ("context", "history"),
        "text_from": ["title", "text"],
        "encoders": {"text": COUNTS},
        "reads": ("text", "title", "author", "time"),
        "ordering": "time",
    } | more
    bank = SimpleNamespace(
        text_from=given["text_from"],
        ordering=given["ordering"],
        code_of={"fern": 0, "a stranger": -1}.__getitem__,
    )
    senses = SimpleNamespace(encoders=given["encoders"], blocks=given["blocks"])
    return SimpleNamespace(senses=senses, bank=bank, reads=lambda: given["reads"])


def pieces(post, **more):
    return pieces_of(post, forecaster(**more), has_usual_form=True, has_image=False)


FULL = Post(
    title="Lentil soup",
    text="  Easy, quick and\n cheap! ",
    author="fern",
    time=datetime(2024, 5, 3, 18),
)


def test_words_stand_where_they_say():
    words = [one for one in pieces(FULL) if one.kind == "word"]
    assert [one.name for one in words] == ["Lentil", "soup", "Easy,", "quick", "and", "cheap!"]
    for word in words:
        assert getattr(FULL, word.field)[word.start : word.end] == word.name


def test_context_and_author_are_parts_where_they_are_read():
    names = [one.name for one in pieces(FULL) if one.kind != "word"]
    assert names[:3] == ["length", "capitals and signs", "hashtags, mentions and links"]
    assert names[3:] == ["hour (18:00)", "weekday (Friday)", "author fern"]
    less = pieces(FULL, blocks=(), reads=("text",))
    assert {one.kind for one in less} == {"word"}
    assert "author" not in {one.kind for one in pieces(replace(FULL, author="a stranger"))}
    assert not any("hour" in one.name for one in pieces(replace(FULL, time=None)))


def test_nothing_taken_away_leaves_the_post_and_everything_an_empty_one():
    parts = pieces(FULL, encoders={"text": COUNTS, "marks": COUNTS})
    assert kept_post(FULL, parts, np.ones(len(parts), bool)) == FULL
    bare = kept_post(FULL, parts, np.zeros(len(parts), bool))
    assert (bare.text, bare.title, bare.author) == ("", "", None)


def test_one_word_is_left_out_alone():
    parts = pieces(FULL)
    kept = np.array([one.name != "quick" for one in parts])
    assert kept_post(FULL, parts, kept).text.split() == ["Easy,", "and", "cheap!"]


def test_tags_and_category_go_one_by_one():
    post = Post(text="soup", tags=tuple("abcdefgh"), category="food")
    parts = pieces(post, reads=("text", "tags", "category"))
    tags = [one.name for one in parts if one.kind == "tags"]
    assert tags == ["#a", "#b", "#c", "#d", "#e", "#f", "2 more tags", "category food"]
    for name, left in (("#b", "acdefgh"), ("2 more tags", "abcdef")):
        kept = kept_post(post, parts, np.array([one.name != name for one in parts]))
        assert (kept.tags, kept.category) == (tuple(left), "food")
    kept = kept_post(post, parts, np.array([one.kind != "tags" for one in parts]))
    assert (kept.tags, kept.category) == ((), None)
    assert "tags" not in {one.kind for one in pieces(post)}
    of_tags = [one.name for one in pieces(post, reads=("text", "category")) if one.kind == "tags"]
    assert of_tags == ["category food"]


@pytest.mark.parametrize(
    "text", ["word " * 5_000, "x" * 100_000, "汤" * 300, "\n".join(map(str, range(999)))]
)
def test_a_long_text_has_few_parts_that_cover_it(text):
    post = Post(text=text)
    parts = [one for one in pieces(post) if one.kind == "word"]
    assert 1 < len(parts) <= MOST_WORDS
    if len(text) > 4 * LONG:
        assert len(parts) <= MOST_WORDS / 3
    assert kept_post(post, parts, np.ones(len(parts), bool)) == post
    assert kept_post(post, parts, np.zeros(len(parts), bool)).text == ""


def test_an_encoder_that_reads_tokens_gets_longer_runs_of_the_same_text():
    post = Post(text="word " * 120)
    counted, read = (
        [one for one in pieces(post, encoders={"text": one}) if one.kind == "word"]
        for one in (COUNTS, READS_TOKENS)
    )
    assert len(counted) == MOST_WORDS
    assert 4 <= len(read) < MOST_WORDS / 2
    assert kept_post(post, read, np.ones(len(read), bool)) == post


def test_an_empty_text_has_no_words():
    assert not [one for one in pieces(Post(text=" \n ")) if one.kind == "word"]
