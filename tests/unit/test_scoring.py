"""A forecaster on other posts: online it learns their counts as they settle, frozen never."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from postcast import train
from postcast.data.sample import sample_posts
from postcast.scoring import score_posts

STRONG = {"encoder": "tfidf", "classifier": "strong"}


@pytest.fixture(scope="module")
def halves():
    posts = sample_posts()
    cut = posts.table["order"].quantile(0.7)
    older, newer = (
        replace(posts, table=posts.table.filter(which))
        for which in (pl.col("order") <= cut, pl.col("order") > cut)
    )
    return older, newer


@pytest.fixture(scope="module")
def forecasters(halves):
    return {mode: train(halves[0], STRONG | {"mode": mode}) for mode in ("frozen", "online")}


def answers(forecaster, posts):
    tested = score_posts(forecaster, posts)
    return dict(zip(tested.drafts.ids, tested.predictions.probabilities, strict=True))


def changed(posts, row):
    counts = posts.table["engagement"].to_numpy().copy()
    counts[row] = 9_999
    return replace(posts, table=posts.table.with_columns(engagement=pl.Series(counts)))


def test_only_online_learns_on_and_never_from_what_comes_later(halves, forecasters):
    newer = halves[1]
    order = newer.table["order"].to_numpy()
    middle = int(np.argsort(order)[len(order) // 2])
    when = dict(zip(newer.table["id"], order, strict=True))
    for mode, forecaster in forecasters.items():
        before, after = answers(forecaster, newer), answers(forecaster, changed(newer, middle))
        moved = [one for one in before if not np.array_equal(before[one], after[one])]
        assert bool(moved) == (mode == "online")
        assert all(when[one] > order[middle] for one in moved)


def test_scoring_leaves_the_memory_as_it_was(halves, forecasters):
    forecaster = forecasters["online"]
    before = len(forecaster.bank)
    score_posts(forecaster, halves[1])
    assert len(forecaster.bank) == before
