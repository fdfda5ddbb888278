"""Posts that can be learned from, with what is to be forecast of them, beside the silent ones.

Knows the table's columns and the targets; splits nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from postcast.data.label import FEWEST_EARLIER, beyond_own_mean
from postcast.data.rows import Rows
from postcast.errors import SplitError
from postcast.features.assemble import Drafts, drafts_of_table
from postcast.learning.copies import with_copies_grouped, with_images_known

if TYPE_CHECKING:
    from postcast.schema import BoolArray, FloatArray, IntArray, Posts


@dataclass(frozen=True)
class Outcomes:
    """What came of posts.

    Parameters
    ----------
    engagement : ndarray of float, shape (n_posts,)
        Raw counts.
    values : ndarray of float, shape (n_posts,)
        What the classes are classes of; see `learnable`.
    """

    engagement: FloatArray
    values: FloatArray


@dataclass(frozen=True)
class Learnable:
    """Posts with a text and an outcome, and the others whose counts are known.

    Parameters
    ----------
    drafts : Drafts
    counts : ndarray of float, shape (n_posts,)
        Raw engagement.
    outcomes : ndarray of float, shape (n_posts,)
        What the classes are classes of.
    rows : Rows
        The same posts as splits see them.
    silent : Drafts
        Posts without a text, or without an outcome: history, but nothing to learn from.
    silent_counts : ndarray of float
    """

    drafts: Drafts
    counts: FloatArray
    outcomes: FloatArray
    rows: Rows
    silent: Drafts
    silent_counts: FloatArray

    def copies_of(self, rows: IntArray) -> BoolArray:
        """Mark the posts that have the text, or nearly, or the image of another among some rows."""
        chosen = np.zeros(len(self.drafts), dtype=np.int64)
        chosen[rows] = 1
        member = np.unique(self.rows.group, return_inverse=True)[1]
        return np.asarray(np.bincount(member, chosen)[member] > chosen)


def learnable(posts: Posts, target: str = "class") -> Learnable:
    """Tell the posts that can be learned from.

    Parameters
    ----------
    posts : Posts
    target : {"class", "count", "relative"}
        Outcomes are raw engagement; with ``relative``, the log of 1 + engagement less its mean
        over the author's previous posts, see `postcast.data.label.beyond_own_mean`.

    Raises
    ------
    SplitError
        If there are none, or nothing orders the posts and the target is ``relative``.
    """
    table, ordering = with_copies_grouped(with_images_known(posts).table), posts.source.ordering
    counted = table["engagement"].is_not_null().to_numpy()
    outcomes = table["engagement"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    if target == "relative":
        outcomes = beyond_own_mean(outcomes, Rows.of(table, ordering).timeline)
    usable = (table["text"] != "").to_numpy() & ~np.isnan(outcomes)
    if not usable.any():
        needed = f", and {FEWEST_EARLIER} earlier ones of its author" * (target == "relative")
        raise SplitError(
            f"none of {table.height:,} posts has a text and a count{needed}",
            action="name the columns with --text-col and --count-col",
        )
    drafts = drafts_of_table(table, posts.source.image_root)
    counts = table["engagement"].to_numpy()
    mine, silent = np.flatnonzero(usable), np.flatnonzero(~usable & counted)
    rows = Rows.of(table, ordering, usable)
    return Learnable(
        drafts=drafts.take(mine),
        counts=counts[mine],
        outcomes=outcomes[mine],
        rows=replace(rows, counts=outcomes[mine]),
        silent=replace(drafts.take(silent), texts=[""] * len(silent)),
        silent_counts=counts[silent],
    )
