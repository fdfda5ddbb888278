"""What was known when, worked out by hand."""

from datetime import timedelta

import numpy as np

from postcast.data.known import (
    Timeline,
    as_stale_as,
    block_starts,
    newest,
    settled_until,
    unsettled,
)
from postcast.data.order import Maturity

SECOND = 1_000_000
AT_ONCE = Maturity()


def timeline(order, author=None, ordering="id"):
    order = np.array(order)
    author = np.zeros(len(order), dtype=int) if author is None else np.array(author)
    return Timeline(order, author, ordering)


def test_a_number_of_posts_is_counted_by_author():
    posts = timeline([5, 1, 3, 9, 2], [0, 0, 0, 1, 1])
    assert settled_until(posts, posts, AT_ONCE).tolist() == [5, 1, 3, 9, 2]
    assert settled_until(posts, posts, Maturity(posts=1)).tolist() == [3, 1, 1, 2, 2]
    assert settled_until(posts, posts, Maturity(posts=2)).tolist() == [1, 1, 1, 2, 2]


def test_posts_that_are_not_forecast_count_as_well():
    posts, silent = timeline([10, 30]), timeline([20])
    everyone = posts.joined(silent)
    assert settled_until(posts, posts, Maturity(posts=1)).tolist() == [10, 10]
    assert settled_until(posts, everyone, Maturity(posts=1)).tolist() == [10, 20]


def test_a_duration_reaches_back():
    posts = timeline([0, 90 * SECOND, 100 * SECOND], ordering="time")
    ten = Maturity(duration=timedelta(seconds=10))
    until = settled_until(posts, posts, ten)
    assert until.tolist() == [-10 * SECOND + 1, 80 * SECOND + 1, 90 * SECOND + 1]
    assert (posts.order < until[2]).tolist() == [True, True, False]


def test_what_had_not_settled_when_the_later_posts_began():
    posts = timeline([5, 1, 3, 9, 2, 8], [0, 0, 0, 1, 1, 1])
    later = np.array([True, False, False, False, False, False])
    assert not unsettled(posts, later, posts, AT_ONCE).any()
    one = unsettled(posts, later, posts, Maturity(posts=1))
    assert one.tolist() == [False, False, True, True, False, False]
    ten = Maturity(duration=timedelta(seconds=10))
    timed = timeline([0, 90 * SECOND, 100 * SECOND, 105 * SECOND], ordering="time")
    later = np.array([False, False, False, True])
    assert unsettled(timed, later, timed, ten).tolist() == [False, False, True, False]


def test_training_posts_know_nothing_of_a_span_as_long_as_the_test():
    train, test = timeline(range(8)), timeline([8, 9, 10, 11])
    assert as_stale_as(train, test).tolist() == [0, 0, 0, 0, 4, 4, 4, 4]
    train, test = timeline(range(10), ordering="time"), timeline([10, 14], ordering="time")
    assert as_stale_as(train, test).tolist() == [-2, -2, 2, 2, 2, 2, 6, 6, 6, 6]


def test_nothing_is_known_after_the_post_itself(rng):
    order, author = rng.permutation(200), rng.integers(0, 4, 200)
    for ordering in ("time", "id"):
        posts = timeline(order, author, ordering)
        is_test = newest(posts, 0.2)
        train = np.flatnonzero(~is_test)
        until = as_stale_as(posts.take(train), posts.take(np.flatnonzero(is_test)))
        assert (until <= order[train]).all()
        assert (settled_until(posts, posts, Maturity(posts=5)) <= order).all()


def test_a_block_starts_with_its_first_post():
    assert block_starts(timeline([7, 3, 9]), np.array([0, 0, 1])).tolist() == [3, 3, 9]
