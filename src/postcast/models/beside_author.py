"""How posts stand beside the others of their author: what texts and images are to tell.

Where authors differ more than texts do, a regression of the plain rank spends itself on who
wrote what. Knows ranks and authors alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from postcast.schema import FloatArray, IntArray

PRIOR_POSTS = 5.0
"""As many posts of the mean rank stand beside an author's own."""


@dataclass(frozen=True)
class BesideAuthor:
    """Ranks less those of the author's other posts.

    Parameters
    ----------
    rank : ndarray of float, shape (n_posts,)
    author : ndarray of int, shape (n_posts,)
        -1 where a post has none: it stands beside all.
    """

    rank: FloatArray
    author: IntArray

    def of(self, rows: IntArray) -> FloatArray:
        """Return how each of some posts stands beside the others of them, shape (n_rows,)."""
        total, n_posts, mean = self._levels(rows)
        own = np.where(self.author[rows] >= 0, self.rank[rows], 0.0)
        counted = (self.author[rows] >= 0).astype(float)
        author = self.author[rows] + 1
        others = (total[author] - own + PRIOR_POSTS * mean) / (
            n_posts[author] - counted + PRIOR_POSTS
        )
        stands: FloatArray = self.rank[rows] - others
        return stands

    def beside(self, rows: IntArray, others: IntArray) -> FloatArray:
        """Return how some posts stand beside others, none of which are among them."""
        total, n_posts, mean = self._levels(others)
        author = self.author[rows] + 1
        level = (total[author] + PRIOR_POSTS * mean) / (n_posts[author] + PRIOR_POSTS)
        stands: FloatArray = self.rank[rows] - level
        return stands

    def _levels(self, rows: IntArray) -> tuple[FloatArray, FloatArray, float]:
        """Return by author the sum of ranks and how many, nothing for -1, and the mean rank."""
        author, size = self.author[rows] + 1, int(self.author.max(initial=-1)) + 2
        total: Any = np.bincount(author, self.rank[rows], minlength=size)
        n_posts: Any = np.bincount(author, minlength=size).astype(float)
        total[0] = n_posts[0] = 0.0
        return total, n_posts, float(self.rank[rows].mean())
