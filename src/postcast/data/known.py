"""What was published when, and up to when counts were known: who is newest, and what settled.

Knows order, authors and maturity; knows no text and no count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from postcast.data.order import MICROSECOND, Maturity
from postcast.grouping import rows_by

if TYPE_CHECKING:
    from postcast.schema import BoolArray, IntArray, Ordering

SHORTEST_SPAN = 2
"""Posts of an author that a training post is at least kept from, with its own."""


@dataclass(frozen=True)
class Timeline:
    """When posts were published, whatever became of them.

    Parameters
    ----------
    order : ndarray of int64, shape (n_posts,)
        See `postcast.schema.Source.ordering`.
    author : ndarray of int, shape (n_posts,)
        Author codes; posts without an author share one.
    ordering : {"time", "id", "none"}
    """

    order: IntArray
    author: IntArray
    ordering: Ordering

    def take(self, rows: IntArray) -> Timeline:
        """Return some of the posts, in the order given."""
        return Timeline(self.order[rows], self.author[rows], self.ordering)

    def joined(self, other: Timeline) -> Timeline:
        """Return these posts and others, whose authors have codes of the same vocabulary."""
        return Timeline(
            np.concatenate([self.order, other.order]),
            np.concatenate([self.author, other.author]),
            self.ordering,
        )


def newest(posts: Timeline, share: float) -> BoolArray:
    """Mark the newest posts: of all by time, of each author by id.

    Parameters
    ----------
    posts : Timeline
    share : float
        Reached as nearly as whole instants allow; never are all posts marked.

    Returns
    -------
    ndarray of bool, shape (n_posts,)
    """
    if posts.ordering == "time":
        return _newest(posts.order, share)
    marked = np.zeros(len(posts.order), dtype=bool)
    for own in rows_by(posts.author).values():
        marked[own] = _newest(posts.order[own], share)
    return marked


def _newest(order: IntArray, share: float) -> BoolArray:
    wanted = int(len(order) * share + 1e-9)
    instants, n_posts = np.unique(order, return_counts=True)
    if not wanted or len(instants) < 2:
        return np.zeros(len(order), dtype=bool)
    n_from_here_on = np.cumsum(n_posts[::-1])[::-1][1:]
    cut = instants[1:][np.argmin(np.abs(n_from_here_on - wanted))]
    return np.asarray(order >= cut)


def unsettled(
    posts: Timeline, is_later: BoolArray, everyone: Timeline, maturity: Maturity
) -> BoolArray:
    """Mark the posts whose counts had not settled when the later ones began.

    Parameters
    ----------
    posts : Timeline
    is_later : ndarray of bool, shape (n_posts,)
        None of these is marked.
    everyone, maturity
        As for `settled_until`.

    Returns
    -------
    ndarray of bool, shape (n_posts,)
    """
    cut = np.full(len(posts.order), int(posts.order.max(initial=0)) + 1)
    parts = rows_by(posts.author) if posts.ordering == "id" else {0: np.arange(len(cut))}
    for own in parts.values():
        if is_later[own].any():
            cut[own] = posts.order[own[is_later[own]]].min()
    then = Timeline(cut, posts.author, posts.ordering)
    return np.asarray(~is_later & (posts.order >= settled_until(then, everyone, maturity)))


def settled_until(posts: Timeline, everyone: Timeline, maturity: Maturity) -> IntArray:
    """Return the order before which counts had settled when each post was published.

    Parameters
    ----------
    posts : Timeline
    everyone : Timeline
        All posts of these authors, the posts themselves and those without a text too.
    maturity : Maturity

    Returns
    -------
    ndarray of int64, shape (n_posts,)
        With a maturity of n posts, the author's last n are not known; with a duration, counts
        of posts just as old are.
    """
    ticks = maturity.duration // MICROSECOND
    until = posts.order - ticks + (ticks > 0)
    if not maturity.posts:
        return until
    of_author = rows_by(everyone.author)
    for author, mine in rows_by(posts.author).items():
        orders = np.sort(everyone.order[of_author[author]])
        end = np.searchsorted(orders, posts.order[mine])
        until[mine] = np.minimum(until[mine], orders[np.maximum(end - maturity.posts, 0)])
    return until


def as_stale_as(train: Timeline, test: Timeline) -> IntArray:
    """Return up to when counts are known as each training post is learned from.

    A frozen forecaster knows nothing of the whole span of its test posts. Training posts are
    parted into spans of that length, and of its own span none knows anything either; else a
    training would trust an author's latest posts more than testing can.

    Parameters
    ----------
    train, test : Timeline

    Returns
    -------
    ndarray of int64, shape (n_train,)
        Spans of time where one clock orders all posts, else of each author's posts.
    """
    if train.ordering == "time":
        cut = test.order.min()
        length = max(int(test.order.max() - cut), 1)
        spans_before = np.maximum(-((train.order - cut) // length), 1)
        return np.asarray(np.minimum(cut - spans_before * length, train.order))
    until = train.order.copy()
    share = len(test.order) / len(train.order)
    for rows in rows_by(train.author).values():
        length = max(round(len(rows) * share), SHORTEST_SPAN)
        mine = rows[np.argsort(train.order[rows], kind="stable")]
        until[mine] = train.order[mine[np.arange(len(mine)) // length * length]]
    return until


def block_starts(posts: Timeline, block: IntArray) -> IntArray:
    """Return the order of the first post in each post's block.

    Parameters
    ----------
    posts : Timeline
    block : ndarray of int, shape (n_posts,)
        Posts of an author that stand or fall together.
    """
    first = np.full(int(block.max(initial=0)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, block, posts.order)
    starts: IntArray = first[block]
    return starts
