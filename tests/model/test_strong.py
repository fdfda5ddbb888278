"""The strong classifier on the planted sample: finds words, authors and hours, and no future."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from postcast import Forecaster, Post, load, train
from postcast.data.sample import AUTHORS, RAISING, sample_posts

STRONG = {"encoder": "tfidf", "classifier": "strong"}
PLAIN = ("soup for the table", "a shelf in the hall", "notes on a garden path", "a walk by the sea")


@pytest.fixture(scope="module")
def strong() -> Forecaster:
    return train(sample_posts(), STRONG)


def _high(forecaster, **changes):
    """The mean probability of high over plain drafts by every author, with some changes."""
    posts = [
        Post(text=changes.get("text", "{}").format(text), author=author, time=changes.get("time"))
        for text in PLAIN
        for author in changes.get("authors", AUTHORS)
    ]
    return np.mean([one.probabilities["high"] for one in forecaster.predict(posts)])


def test_it_is_better_than_words_alone(strong):
    card = strong.scorecard
    assert card.macro_f1.value > card.baselines["tfidf_linear"].macro_f1.value
    assert card.macro_f1.value > card.baselines["author_median"].macro_f1.value
    assert card.log_loss.value < card.baselines["tfidf_linear"].log_loss.value


def test_words_that_raise_are_found(strong):
    raised = [_high(strong, text=f"{word} {{}}") for word in RAISING]
    assert np.mean(raised) > _high(strong) + 0.02


def test_the_evening_is_found(strong):
    evening = _high(strong, time=datetime(2024, 6, 5, 20, tzinfo=UTC))
    morning = _high(strong, time=datetime(2024, 6, 5, 8, tzinfo=UTC))
    assert evening > morning


def test_authors_are_told_apart(strong):
    by_author = [_high(strong, authors=[author]) for author in AUTHORS]
    levels = sample_posts().table.group_by("author").agg(pl.col("engagement").log1p().mean())
    level = dict(levels.iter_rows())
    assert np.corrcoef(by_author, [level[author] for author in AUTHORS])[0, 1] > 0.5


def test_counts_of_test_posts_change_no_forecast(strong):
    posts = sample_posts()
    newest = posts.table["order"].sort()[-115]
    changed = posts.table.with_columns(
        pl.when(pl.col("order") >= newest)
        .then(1000 - pl.col("engagement"))
        .otherwise(pl.col("engagement"))
        .alias("engagement")
    )
    other = train(replace(posts, table=changed), STRONG)
    drafts = [Post(text=text, author=author) for text in PLAIN for author in AUTHORS]
    assert other.predict(drafts) == strong.predict(drafts)


def test_a_saved_one_answers_the_same(strong, tmp_path):
    strong.save(tmp_path / "forecaster")
    drafts = [Post(text=text, author=author) for text in PLAIN for author in (*AUTHORS, "nobody")]
    assert load(tmp_path / "forecaster").predict(drafts) == strong.predict(drafts)


@pytest.mark.parametrize("split", ["stratified", "grouped"])
def test_it_learns_under_every_split(split):
    card = train(sample_posts(), {**STRONG, "split": split}).scorecard
    assert card.macro_f1.value > card.baselines["majority"].macro_f1.value


def test_posts_without_order_or_author_will_do():
    rng = np.random.default_rng(0)
    level = rng.integers(0, 3, 200)
    words = np.array(["dull", "plain", "easy"])
    rows = [
        {"text": f"{words[one]} words {i} {i * 3}", "saves": int(one * 10 + rng.integers(0, 4))}
        for i, one in enumerate(level)
    ]
    assert train(rows, STRONG).scorecard.macro_f1.value > 0.7


@pytest.mark.parametrize("role", ["tags", "category"])
def test_a_mark_that_raises_is_found_where_it_is_in_no_text(role):
    posts = sample_posts()
    drawn = np.random.default_rng(3).integers(0, 4, posts.table.height)
    names = np.array(["plain", "quiet", "calm", "starred"])[drawn]
    engagement = np.where(drawn == 3, 40, 2) + np.random.default_rng(4).integers(0, 3, len(drawn))
    table = posts.table.with_columns(
        pl.Series(role, names), pl.Series("engagement", engagement, dtype=pl.Int64)
    )
    columns = {**posts.source.columns, role: (role,)}
    marked = replace(posts, table=table, source=replace(posts.source, columns=columns))
    forecaster = train(marked, STRONG)
    answer = {
        name: np.mean(
            [
                one.probabilities["high"]
                for one in forecaster.predict([_marked(text, role, name) for text in PLAIN])
            ]
        )
        for name in ("calm", "starred")
    }
    assert answer["starred"] > answer["calm"] + 0.2


def _marked(text, role, name):
    post = Post(text=text, author=next(iter(AUTHORS)))
    return replace(post, **{role: (name,) if role == "tags" else name})
