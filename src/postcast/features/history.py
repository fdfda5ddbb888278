"""The author's form: what their earlier posts were worth.

Reads the memory bank, and of it only what was published and settled before each post.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from postcast.schema import Block

if TYPE_CHECKING:
    from postcast.features.bank import MemoryBank
    from postcast.schema import FloatArray, IntArray

LATEST = int(np.iinfo(np.int64).max)
"""The order of a post that is published now: after everything that is known."""

WINDOWS = (3, 10, 50, 200)
SHRINK = 2.0
"""Posts' worth of the overall mean in each of an author's means."""


@dataclass(frozen=True)
class Moment:
    """Whose posts, and what was known when.

    Parameters
    ----------
    author : ndarray of int, shape (n_posts,)
        Codes of the bank's authors, -1 for none or unknown.
    order : ndarray of int64, shape (n_posts,)
        When each is published; see `postcast.schema.Source.ordering`.
    known_until : ndarray of int64, shape (n_posts,)
        Counts of bank posts ordered before this were known.
    group : ndarray of int, shape (n_posts,)
        Of the bank's groups of texts; -1 for posts that are not in it.
    """

    author: IntArray
    order: IntArray
    known_until: IntArray
    group: IntArray


def history(moment: Moment, bank: MemoryBank) -> Block:
    """Return the author's form before each post.

    Parameters
    ----------
    moment : Moment
    bank : MemoryBank
        Posts of any kind, those without text too.

    Returns
    -------
    Block
        float32, shape (n_posts, 8): means of the last 3, 10, 50 and 200 posts and of all of
        them, shrunk to the overall mean; the last post; how many, and how long ago. Popularity
        is the rank of the count among the bank's, 0 to 1.
    """
    names = [*(f"mean of last {n}" for n in WINDOWS), "mean", "last", "posts", "staleness"]
    rows = np.zeros((len(moment.author), len(names)), dtype=np.float32)
    overall = float(bank.rank.mean()) if len(bank) else 0.5
    order = np.empty(0, dtype=np.int64) if bank.order is None else bank.order
    for queries, own in by_author(moment, bank):
        sums = np.concatenate([[0.0], np.cumsum(bank.rank[own])])
        end = np.searchsorted(order[own], moment.known_until[queries])
        for column, window in enumerate((*WINDOWS, len(own) + 1)):
            start = np.maximum(end - window, 0)
            total = sums[end] - sums[start] + SHRINK * overall
            rows[queries, column] = total / (end - start + SHRINK)
        rows[queries, 5] = overall
        rows[queries, 6] = np.log1p(end)
        some = end > 0
        rows[queries[some], 5] = bank.rank[own[end[some] - 1]]
        rows[queries, 7] = _staleness(moment.order[queries], order[own], end)
    return Block(rows, tuple(names))


def _staleness(order: IntArray, known: IntArray, end: IntArray) -> FloatArray:
    """Return how long ago the newest known post was, in log1p of its author's usual gaps.

    Nothing for a post that is published now.
    """
    if not len(known):
        return np.zeros(len(order))
    usual = max(float(np.median(np.diff(known))) if len(known) > 1 else 1.0, 1.0)
    gap = np.maximum(order - known[np.maximum(end - 1, 0)], 0) / usual
    return np.where((end > 0) & (order < LATEST), np.log1p(gap), 0.0)


def by_author(moment: Moment, bank: MemoryBank) -> Iterator[tuple[IntArray, IntArray]]:
    """Yield the posts of each author, and the bank's posts of that author, oldest first."""
    for author in np.unique(moment.author):
        yield np.flatnonzero(moment.author == author), bank.posts_of(int(author))
