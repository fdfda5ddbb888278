"""Splits, labels and held-out rows together: later posts test, and nothing of them is learned."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from postcast import read_posts
from postcast.errors import LabelError, SplitError
from postcast.learning.division import ENOUGH_HELD_OUT, HELD_OUT_SHARE, How, divide


@pytest.fixture
def posts(posts_file):
    return read_posts(posts_file)


@pytest.mark.parametrize("name", ["chronological", "stratified", "grouped"])
def test_no_post_is_on_both_sides(posts, name):
    division = divide(posts, How(split=name))
    train, test = set(division.train.ids), set(division.test.ids)
    assert not train & test
    assert len(train) == len(division.train_counts) == len(division.train_classes)
    assert len(test) == len(division.test_counts)
    assert division.split.name == name
    assert not set(division.train.group) & set(division.test.group)


def test_later_posts_test_and_the_last_of_the_training_posts_are_held_out(posts):
    division = divide(posts, How())
    assert division.train.order.max() < division.test.order.min()
    learned = division.train.order[~division.held_out]
    assert learned.max() < division.train.order[division.held_out].min()
    share = max(HELD_OUT_SHARE, ENOUGH_HELD_OUT / len(division.train))
    assert division.held_out.mean() == pytest.approx(share, abs=0.02)


def test_whole_authors_test_and_are_held_out(posts):
    division = divide(posts, How(split="grouped"))
    authors = np.array(division.train.authors)
    assert not set(authors) & set(division.test.authors)
    assert not set(authors[division.held_out]) & set(authors[~division.held_out])


def test_thresholds_come_from_the_training_posts_alone(posts):
    before = divide(posts, How())
    is_test = pl.col("id").is_in(list(before.test.ids))
    table = posts.table.with_columns(
        engagement=pl.when(is_test).then(99_999.0).otherwise(pl.col("engagement"))
    )
    after = divide(replace(posts, table=table), How())
    assert after.thresholds == before.thresholds
    assert (after.train_classes == before.train_classes).all()
    assert (after.test_counts == 99_999).all()
    reference = divide(replace(posts, table=table), How(protocol="reference"))
    assert reference.thresholds != before.thresholds


def test_classes_are_thirds_of_the_training_posts(posts):
    division = divide(posts, How())
    shares = np.bincount(division.train_classes, minlength=3) / len(division.train)
    assert shares == pytest.approx(np.full(3, 1 / 3), abs=0.06)
    fixed = divide(posts, How(thresholds=(10, 40)))
    assert fixed.thresholds == (10, 40)
    np.testing.assert_array_equal(fixed.train_classes, np.digitize(fixed.train_counts, [10, 40]))


def test_the_seed_moves_a_random_split_and_no_chronological_one(posts):
    def ids(name, seed):
        return list(divide(posts, How(split=name, seed=seed)).test.ids)

    assert ids("stratified", 1) == ids("stratified", 1)
    assert ids("stratified", 1) != ids("stratified", 2)
    assert ids("chronological", 1) == ids("chronological", 2)


def test_posts_without_text_or_count_neither_learn_nor_test(posts):
    table = posts.table.with_columns(
        text=pl.when(pl.col("id") == "p3").then(pl.lit("")).otherwise(pl.col("text")),
        engagement=pl.when(pl.col("id") == "p239").then(None).otherwise(pl.col("engagement")),
    )
    division = divide(replace(posts, table=table), How())
    assert not {"p3", "p239"} & {*division.train.ids, *division.test.ids}
    assert len(division.drafts) == 238


def test_what_cannot_be_divided(posts):
    with pytest.raises(SplitError, match="too few posts"):
        divide(replace(posts, table=posts.table.head(12)), How())
    flat = replace(posts, table=posts.table.with_columns(engagement=pl.lit(5.0)))
    with pytest.raises(LabelError, match="1 distinct value"):
        divide(flat, How())


def test_no_post_with_text_is_said_so():
    posts = read_posts([{"text": "", "saves": i} for i in range(50)])
    with pytest.raises(SplitError, match="none of 50 posts has a text and a count"):
        divide(posts, How())


def test_small_trainings_hold_out_a_larger_share():
    rows = [{"text": f"words {i} and {i * 7}", "saves": i % 30} for i in range(300)]
    few = divide(read_posts(rows[:150]), How())
    many = divide(read_posts(rows * 1), How())
    assert few.held_out.mean() > many.held_out.mean()
    assert few.held_out.sum() >= 30
    assert few.held_out.mean() < 0.35


def test_the_text_of_no_copy_of_a_test_post_becomes_known(posts):
    division = divide(posts, How(mode="online"))
    copied, twin = division.test.ids[:2]
    older = division.train.ids[0]
    texts = dict(zip(posts.table["id"], posts.table["text"], strict=True))
    groups = dict(zip(posts.table["id"], posts.table["group"], strict=True))
    same = pl.col("id").is_in([twin, older])
    table = posts.table.with_columns(
        text=pl.when(same).then(pl.lit(texts[copied])).otherwise(pl.col("text")),
        group=pl.when(same).then(pl.lit(groups[copied])).otherwise(pl.col("group")),
    )
    after = divide(replace(posts, table=table.cast(posts.table.schema)), How(mode="online"))
    assert older not in after.remembered.ids
    later = dict(zip(after.later.ids, after.later.texts, strict=True))
    assert {name for name, text in later.items() if not text} == {copied, twin, older}


def test_counts_settle_under_every_split(posts):
    at_once = divide(posts, How(split="stratified")).test.known_until
    later = divide(posts, How(split="stratified", maturity="7")).test.known_until
    assert (later <= at_once).all()
    assert (later < at_once).mean() > 0.9
