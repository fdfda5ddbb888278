from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from postcast.data.order import Maturity, is_forward, order_posts, parse_maturity
from postcast.errors import SettingsError


def pin(shard, local, kind=1):
    return str((shard << 46) | (kind << 36) | local)


def table(ids, author=None, time=None):
    return pl.DataFrame(
        {"id": ids, "author": author or [None] * len(ids), "time": time or [None] * len(ids)},
        schema={"id": pl.String, "author": pl.String, "time": pl.Datetime("us", "UTC")},
    )


def test_pinterest_ids_give_account_and_order():
    ordered, ordering = order_posts(table([pin(301, 2**36 - 1), pin(65535, 0)]))
    assert ordering == "id"
    assert ordered["author"].to_list() == ["301", "65535"]
    assert ordered["order"].to_list() == [2**36 - 1, 0]
    assert ordered["order"].dtype == pl.Int64


def test_a_given_author_stays():
    ordered, _ = order_posts(table([pin(1, 5), pin(1, 6)], author=["ann", None]))
    assert ordered["author"].to_list() == ["ann", None]


def test_time_comes_before_ids():
    ordered, ordering = order_posts(table([pin(7, 5)], time=[datetime(2020, 1, 1, tzinfo=UTC)]))
    assert ordering == "time"
    assert ordered["order"].to_list() == [1_577_836_800_000_000]
    assert ordered["author"].to_list() == ["7"]


@pytest.mark.parametrize(
    "ids",
    [
        ["1", "2"],
        [pin(1, 5, kind=1), pin(1, 6, kind=2)],
        [pin(1, 5), "abc"],
        [str(2**63 + (1 << 36))],
        [pin(0, 5)],
        [],
    ],
)
def test_other_ids_order_nothing(ids):
    ordered, ordering = order_posts(table(ids))
    assert ordering == "none"
    assert ordered["order"].null_count() == len(ids)
    assert ordered["author"].null_count() == len(ids)


def test_one_stranger_in_a_hundred_is_forgiven():
    ordered, ordering = order_posts(table([pin(1, i) for i in range(99)] + ["stranger"]))
    assert ordering == "id"
    assert ordered["order"].to_list() == [*range(99), None]


@pytest.mark.parametrize(
    ("text", "maturity"),
    [
        ("0", Maturity()),
        ("20", Maturity(posts=20)),
        ("12h", Maturity(duration=timedelta(hours=12))),
        ("7d", Maturity(duration=timedelta(days=7))),
        (" 2W ", Maturity(duration=timedelta(weeks=2))),
    ],
)
def test_maturities(text, maturity):
    assert parse_maturity(text) == maturity


@pytest.mark.parametrize("text", ["", "-1", "7 days", "1.5d", "d", "9999999d"])
def test_what_is_no_maturity(text):
    with pytest.raises(SettingsError, match="a number of posts such as 20"):
        parse_maturity(text)


def test_forward_by_time_and_by_author():
    order, author = np.array([1, 2, 3, 4]), np.array([0, 0, 1, 1])
    odd, even = np.array([0, 2]), np.array([1, 3])
    assert is_forward(order, author, odd, even, "id")
    assert not is_forward(order, author, odd, even, "time")
    assert not is_forward(order, author, even, odd, "id")
    assert is_forward(order, author, np.array([0, 1]), np.array([2, 3]), "time")
    assert not is_forward(order, author, odd, even, "none")
