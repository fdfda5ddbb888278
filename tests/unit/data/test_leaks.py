"""Names of what is known only after publishing, and the kinds of columns."""

import numpy as np
import polars as pl
import pytest

from postcast.data.leaks import candidates, is_known_after, neighbour_correlation, straddling


@pytest.mark.parametrize(
    "name",
    [
        "comments",
        "Comments",
        "comment_count",
        "numComments",
        "num_comments",
        "num-comments",
        "NUMCOMMENTS",
        "views",
        "viewCount",
        "view_count",
        "impressions",
        "clicks",
        "shares",
        "share_count",
        "retweets",
        "retweet_count",
        "reactions",
        "upvote_ratio",
        "likes",
        "saves",
        "score",
        "rank",
        "percentile",
        "total_awards_received",
        "gilded",
        "reply_count",
        "replies",
        "crawled_at",
        "crawl_date",
        "scrapedAt",
        "retrieved_on",
        "updated_at",
        "last_edited",
        "edited",
        "favorite_count",
        "engagement",
        "engagement_rate",
        "ups_and_downvotes",
        "quote_count",
    ],
)
def test_known_after(name):
    assert is_known_after(name)


@pytest.mark.parametrize(
    "name",
    [
        "text",
        "title",
        "followers",
        "follower_count",
        "sentiment_score",
        "market_share",
        "editor",
        "edition",
        "reviewer",
        "viewpoint",
        "playlist",
        "watchmaker",
        "hour",
        "day_of_week",
        "Media_Type",
        "subreddit",
        "lang",
        "word_count",
        "hashtags",
        "url",
        "published_at",
        "like-minded",
        "savings",
    ],
)
def test_known_before(name):
    assert not is_known_after(name)


def kinds(**columns):
    judged, others = candidates(pl.DataFrame(columns).cast(pl.String), {"taken"})
    return {one.name: one.kind for one in judged}, others


def test_columns_are_told_apart_by_their_cells():
    n = 20
    judged, others = kinds(
        taken=["1"] * n,
        same=["x"] * n,
        empty=[None] * n,
        number=[f"{i},000" for i in range(1, n)] + [None],
        share=[f"{i}%" for i in range(n)],
        day=[f"2024-01-{i + 1:02d}" for i in range(n)],
        epoch=[str(1_700_000_000 + i) for i in range(n)],
        kind=["a", "b"] * (n // 2),
        address=[f"https://www.{'ab'[i % 2]}.org/{i}" for i in range(n)],
        free=[f"words {i}" for i in range(n)],
    )
    assert judged == {
        "number": "number",
        "share": "number",
        "day": "time",
        "epoch": "time",
        "kind": "category",
        "address": "category",
    }
    assert others == ["free"]


def test_empty_cells_are_not_a_number():
    [column], _ = candidates(pl.DataFrame({"n": ["1", " ", None, "4"]}), ())
    np.testing.assert_array_equal(column.values, [1, np.nan, np.nan, 4])


def test_neighbours_are_alike_in_sorted_rows_alone(rng):
    counts, one = rng.permutation(500).astype(float), np.zeros(500, dtype=int)
    assert abs(neighbour_correlation(counts, one)) < 0.15
    assert neighbour_correlation(np.sort(counts), one) > 0.95
    runs = np.concatenate([np.sort(part)[::-1] for part in np.split(counts, 5)])
    assert neighbour_correlation(runs, one) > 0.9
    assert neighbour_correlation(np.ones(500), one) == 0


def test_authors_stored_together_are_no_sorted_rows(rng):
    author = np.repeat(np.arange(5), 100)
    counts = author * 1000 + rng.permutation(500)
    assert abs(neighbour_correlation(counts.astype(float), author)) < 0.2


def test_straddling_are_the_test_rows_with_a_copy_in_training():
    group = np.array([0, 1, 0, 2, 1])
    assert straddling(group, np.array([0, 3]), np.array([1, 2, 4])).tolist() == [2]
