"""Explanations add up, find what was planted, and are those of past posts only."""

import math
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from postcast import Post, train
from postcast.data.sample import EVENING, LOWERING, RAISING, sample_posts
from postcast.explain import explain
from postcast.storage import load_manifest
from postcast.why.similar import similar_posts

PLAIN = "A closer look at quiet linen curtains, with plenty of natural light. Enjoy"
DAY = datetime(2024, 8, 1, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def forecaster():
    return train(sample_posts(), {"encoder": "tfidf"})


@pytest.fixture(scope="module")
def linear(sample_forecaster):
    return sample_forecaster


def draft(text=PLAIN, author="northwindow", time=DAY):
    return Post(text=text, author=author, time=time)


def adds_up(told):
    for name, p in told.forecast.probabilities.items():
        moved = sum(part.effect[name] for part in told.parts)
        assert told.base[name] + moved == pytest.approx(p, abs=1e-9)
    if told.base_count is not None:
        factor = math.prod(part.factor for part in told.parts)
        assert (1 + told.base_count) * factor == pytest.approx(1 + told.expected_count)
    for part in told.parts:
        assert sum(part.effect.values()) == pytest.approx(0, abs=1e-9)
        assert part.low <= part.factor <= part.high


def word(told, name):
    return next(part for part in told.parts if part.kind == "word" and part.name == name)


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        "",
        "soup",
        "easy " * 400,
        "x" * 30_000,
        "soup\x00 with a zero",
        "half a sign \ud83d here",
        "汤 " * 50,
    ],
    ids=["usual", "empty", "one word", "many", "one long word", "zero byte", "half", "other"],
)
def test_parts_add_up_whatever_the_text(forecaster, linear, text):
    for one in (forecaster, linear):
        told = explain(one, draft(text))
        assert told.forecast == one.predict(draft(text))
        adds_up(told)
        for part in told.parts:
            if part.kind == "word":
                assert text[part.start : part.end] == part.name


@pytest.mark.parametrize("planted", RAISING)
def test_a_raising_word_is_found_on_top(forecaster, planted):
    told = explain(forecaster, draft(f"{planted} {PLAIN}"))
    words = [part for part in told.parts if part.kind == "word"]
    assert words[0].name == planted
    assert words[0].is_told_apart
    assert words[0].factor > 1.2
    assert words[0].effect["high"] > 0 > words[0].effect["low"]


@pytest.mark.parametrize("planted", LOWERING)
def test_a_lowering_word_is_found_on_top(linear, forecaster, planted):
    for one in (forecaster, linear):
        told = explain(one, draft(f"{PLAIN}. {planted.capitalize()}"))
        words = [part for part in told.parts if part.kind == "word"]
        assert words[0].name == planted.capitalize()
        assert word(told, planted.capitalize()).factor < 1


def test_a_word_never_seen_moves_nothing(linear):
    told = explain(linear, draft(f"easy {PLAIN} umbragelet"))
    assert abs(math.log(word(told, "umbragelet").factor)) < 0.02
    assert abs(math.log(word(told, "easy").factor)) > 0.1


def test_the_hour_and_the_author_are_found(forecaster):
    evening = explain(forecaster, draft(time=DAY.replace(hour=EVENING[2])))
    morning = explain(forecaster, draft())
    hours = [
        next(part.factor for part in told.parts if part.name.startswith("hour"))
        for told in (evening, morning)
    ]
    assert hours[0] > 1.05
    assert hours[1] < 1
    for author, raises in (("studio-fern", True), ("marble-owl", False)):
        told = explain(forecaster, draft(author=author))
        factor = next(part.factor for part in told.parts if part.kind == "author")
        assert (factor > 1) is raises


def test_what_a_forecaster_does_not_read_is_no_part(linear):
    told = explain(linear, replace(draft(), tags=("soup",), category="food", title="Soup"))
    assert {part.kind for part in told.parts} == {"word"}
    assert {part.field for part in told.parts} == {"text"}


def test_the_same_seed_tells_the_same(forecaster):
    assert explain(forecaster, draft(), seed=3) == explain(forecaster, draft(), seed=3)
    first, second = (explain(forecaster, draft(), seed=seed) for seed in (1, 2))
    assert first.forecast == second.forecast
    assert first.parts != second.parts


def test_a_saved_forecaster_tells_the_same(forecaster, tmp_path):
    from postcast import load

    forecaster.save(tmp_path / "forecaster")
    assert load_manifest(tmp_path / "forecaster")
    assert explain(load(tmp_path), draft()) == explain(forecaster, draft())


def test_without_wordings_form_goes_with_the_words(forecaster):
    bank = replace(forecaster.bank, wordings=None)
    silent = replace(forecaster, senses=replace(forecaster.senses, bank=bank))
    told = explain(silent, draft())
    adds_up(told)
    names = {part.name for part in told.parts if part.kind == "context"}
    assert names == {"hour (09:00)", "weekday (Thursday)"}
    assert told.similar
    assert all(post.text is None for post in told.similar)


def test_without_counts_engagement_is_that_of_the_classes(linear):
    told = explain(linear, draft(f"easy {PLAIN}"))
    assert told.forecast.expected_count is None
    assert 0 < told.base_count < told.expected_count


def test_relative_classes_have_factors_and_no_counts():
    relative = train(sample_posts(), {"encoder": "tfidf", "classifier": "linear"} | RELATIVE)
    told = explain(relative, draft(f"easy {PLAIN}"))
    assert (told.base_count, told.expected_count) == (None, None)
    assert word(told, "easy").factor > 1.05
    adds_up(told)


RELATIVE = {"target": "relative"}


def test_similar_posts_are_earlier_and_never_the_draft_itself(forecaster):
    rows = sample_posts().table.filter(sample_posts().table["text"] != "").to_dicts()
    late = rows[len(rows) // 2]
    own = Post(text=late["text"], author=late["author"], time=late["time"])
    found = similar_posts(forecaster, own, 200)
    assert len(found) > 20
    times = [datetime.fromisoformat(post.time) for post in found]
    assert max(times) < late["time"].replace(tzinfo=UTC)
    assert late["text"] not in {post.text for post in found}
    similarity = [post.similarity for post in found]
    assert similarity == sorted(similarity, reverse=True)
    counts = {row["id"]: row["engagement"] for row in rows}
    for post in found:
        assert post.engagement == counts[post.id]
        low, high = forecaster.rule.thresholds
        code = int(np.searchsorted([low, high], post.engagement, side="right"))
        assert post.popularity_class == ("low", "medium", "high")[code]


def test_nothing_is_similar_before_the_first_post_or_without_a_word(forecaster, linear):
    assert similar_posts(forecaster, draft(time=datetime(2001, 1, 1))) == ()
    assert similar_posts(forecaster, draft("")) == ()
    assert similar_posts(forecaster, draft(), 0) == ()
    assert similar_posts(linear, draft()) == ()
