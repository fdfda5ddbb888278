"""The author's form: what their earlier posts were worth.

Reads the memory bank, and of it only what was published and settled before each post.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from postcast.grouping import rows_by
from postcast.schema import Block

if TYPE_CHECKING:
    from postcast.features.bank import MemoryBank
    from postcast.schema import FloatArray, IntArray

LATEST = int(np.iinfo(np.int64).max)
"""The order of a post that is published now: after everything that is known."""

WINDOWS = (3, 10, 50, 200)
LAGS = (1, 3, 10, 50)
UNITS = {"time": 3.6e9, "id": 1.0, "none": 1.0}
"""What an hour, or one step of an id, is in an order."""

SHRINK = 2.0
"""Posts' worth of the overall mean in each of an author's means."""


@dataclass(frozen=True)
class Published:
    """Posts known to exist, whatever became of them.

    Parameters
    ----------
    authors : sequence of str or None, length n_posts
    order : ndarray of int64, shape (n_posts,)
    """

    authors: Sequence[str | None]
    order: IntArray

    def by_author(self, bank: MemoryBank, asked: IntArray) -> dict[int, IntArray]:
        """Return, for each of the bank's authors asked, the orders of these posts and the bank's.

        Parameters
        ----------
        bank : MemoryBank
        asked : ndarray of int
            Codes of authors; -1 for posts without one.
        """
        codes = {name: bank.code_of(name) for name in set(self.authors) if name is not None}
        author = np.array(
            [-1 if name is None else codes[name] for name in self.authors], dtype=np.int64
        )
        nameless = np.array([name is None for name in self.authors], dtype=bool)
        author[~nameless & (author < 0)] = -2  # not to be taken for posts of none
        dated = np.flatnonzero(self.order < LATEST)
        these = rows_by(author[dated])
        found = {}
        for one in np.unique(asked).tolist():
            orders = [self.order[dated[these[one]]]] if one in these else []
            if bank.order is not None:
                orders.append(bank.order[bank.posts_of(one)])
            if orders:
                joined = np.unique(np.concatenate(orders))
                found[one] = joined[joined < LATEST]
        return found


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
        Of the bank's groups of copies; -1 for posts that are not in it.
    published : mapping of int to ndarray of int64
        Author code to the orders of all that the author published, ascending.
    """

    author: IntArray
    order: IntArray
    known_until: IntArray
    group: IntArray
    published: Mapping[int, IntArray]


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
        float32, shape (n_posts, 12): means of the last 3, 10, 50 and 200 posts and of all of
        them, shrunk to the overall mean; the last post; how many, and how long ago; and how
        long ago the author's last 1, 3, 10 and 50 posts were published, known or not.
        Popularity is the rank of the count among the bank's, 0 to 1.
    """
    means = (*(f"mean of last {n}" for n in WINDOWS), "mean", "last", "posts", "staleness")
    names = [*means, *(f"time since {lag} posts ago" for lag in LAGS)]
    rows = np.zeros((len(moment.author), len(names)), dtype=np.float32)
    overall = bank.mean_rank
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
        unit = UNITS[bank.ordering]
        rows[queries, 7] = _staleness(moment.order[queries], order[own], end, unit)
        published = moment.published.get(int(moment.author[queries[0]]), order[own])
        rows[queries, 8:] = _pace(moment.order[queries], published, unit)
    return Block(rows, tuple(names))


def _staleness(order: IntArray, known: IntArray, end: IntArray, unit: float) -> FloatArray:
    """Return log1p of the time since the newest post whose count was known, shape (n_posts,).

    Nothing where there is none, and for a post that is published now.
    """
    if not len(known):
        return np.zeros(len(order))
    since = np.maximum(order - known[np.maximum(end - 1, 0)], 0) / unit
    return np.where((end > 0) & (order < LATEST), np.log1p(since), 0.0)


def _pace(order: IntArray, published: IntArray, unit: float) -> FloatArray:
    """Return log1p of the time since the author's post of each lag, shape (n_posts, 4).

    Where there are fewer, of the time since the first one, for nothing later may be asked. A
    post that is published now has the author's usual time, of all posts that came before.
    """
    place = np.searchsorted(published, order)
    columns = []
    for lag in LAGS:
        between = published[lag:] - published[:-lag]
        usual = float(np.median(between)) if len(between) else 0.0
        since = np.full(len(order), usual)
        dated = np.flatnonzero(order < LATEST)
        since[dated] = 0.0
        later = dated[place[dated] > 0]
        since[later] = order[later] - published[np.maximum(place[later] - lag, 0)]
        columns.append(np.log1p(since / unit))
    return np.stack(columns, axis=1)


def by_author(moment: Moment, bank: MemoryBank) -> Iterator[tuple[IntArray, IntArray]]:
    """Yield the posts of each author, and the bank's posts of that author, oldest first."""
    for author, queries in rows_by(moment.author).items():
        yield queries, bank.posts_of(author)
