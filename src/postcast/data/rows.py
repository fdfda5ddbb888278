"""What a split may see of posts: order, author, group and count; no text.

Knows a table's columns, not how posts are parted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from postcast.data.known import Timeline
from postcast.errors import SplitError

if TYPE_CHECKING:
    import polars as pl

    from postcast.schema import BoolArray, FloatArray, IntArray, Ordering


@dataclass(frozen=True)
class Rows:
    """What a split may see of some posts.

    Parameters
    ----------
    order : ndarray of int64, shape (n_posts,), or None
        See `postcast.schema.Source.ordering`.
    author : ndarray of int, shape (n_posts,)
        Author codes; posts without an author share one.
    group : ndarray of int, shape (n_posts,)
        Copies of one another, by text or image, share a number.
    counts : ndarray of float, shape (n_posts,)
        Raw engagement.
    ordering : {"time", "id", "none"}
    others : Timeline, optional
        Posts that are not split, but were published: those without text or count.
    """

    order: IntArray | None
    author: IntArray
    group: IntArray
    counts: FloatArray
    ordering: Ordering
    others: Timeline | None = None

    def __len__(self) -> int:
        return len(self.group)

    @classmethod
    def of(cls, table: pl.DataFrame, ordering: Ordering, is_split: BoolArray | None = None) -> Rows:
        """Take rows of a table of posts; those without an order count as the oldest.

        Parameters
        ----------
        table : polars.DataFrame
            As `postcast.schema.Posts.table`.
        ordering : {"time", "id", "none"}
        is_split : ndarray of bool, shape (n_rows,), optional
            Those that are to be split; by default all of them.
        """
        if is_split is None:
            is_split = np.ones(table.height, dtype=bool)
        author = np.unique(table["author"].fill_null("").to_numpy(), return_inverse=True)[1]
        order = table["order"].fill_null(-1).to_numpy()
        return cls(
            order=None if ordering == "none" else order[is_split],
            author=author[is_split],
            group=table["group"].to_numpy()[is_split].astype(np.int64),
            counts=table["engagement"].to_numpy()[is_split],
            ordering=ordering,
            others=Timeline(order[~is_split], author[~is_split], ordering),
        )

    @property
    def timeline(self) -> Timeline:
        """When the rows were published.

        Raises
        ------
        SplitError
            If nothing orders them.
        """
        if self.order is None:
            raise SplitError(
                "nothing orders these posts in time",
                "a column of times, or Pinterest ids",
                "name one with --time-col, or choose --split stratified",
            )
        return Timeline(self.order, self.author, self.ordering)

    @property
    def everyone(self) -> Timeline:
        """When the rows and the others were published."""
        mine, others = self.timeline, self.others
        return mine if others is None else mine.joined(others)

    def take(self, rows: IntArray) -> Rows:
        """Return some of the rows, in the order given."""
        return replace(
            self,
            order=None if self.order is None else self.order[rows],
            author=self.author[rows],
            group=self.group[rows],
            counts=self.counts[rows],
        )
