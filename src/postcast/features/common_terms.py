"""Which terms several authors' posts have in common: those that point at nobody.

Knows terms as columns of counts; what a term is, its caller knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from postcast.schema import BoolArray, IntArray, Matrix

FEWEST = 3
"""Posts, and authors, that a term needs to be kept where posts may not be told."""


def common(found: Matrix, authors: Sequence[str | None]) -> BoolArray:
    """Return which terms stand in enough posts of enough authors, shape (n_terms,).

    A post without an author is as one of an author of its own. Where there are fewer authors than
    `FEWEST`, a term of all of them is enough.

    Parameters
    ----------
    found : csr_matrix, shape (n_posts, n_terms)
        Not zero where the post has the term.
    authors : sequence of str or None, length n_posts
    """
    post, term = found.nonzero()
    codes = _codes(authors)
    n_posts = _distinct(post, term, found.shape[1])
    n_authors = _distinct(codes[post], term, found.shape[1])
    enough = min(FEWEST, len(np.unique(codes)))
    return np.asarray((n_posts >= FEWEST) & (n_authors >= enough))


def common_marks(
    marks: Sequence[Sequence[int]], authors: Sequence[str | None]
) -> list[tuple[int, ...]]:
    """Return the marks of posts without those that are not common to several; see `common`."""
    import scipy.sparse

    codes = sorted({code for one in marks for code in one})
    place = {code: column for column, code in enumerate(codes)}
    column = [place[code] for one in marks for code in one]
    row = np.repeat(np.arange(len(marks)), [len(one) for one in marks])
    shape = (len(marks), len(codes))
    found = scipy.sparse.csr_matrix((np.ones(len(column)), (row, column)), shape=shape)
    kept = {code for code, is_kept in zip(codes, common(found, authors), strict=True) if is_kept}
    return [tuple(code for code in one if code in kept) for one in marks]


def _codes(authors: Sequence[str | None]) -> IntArray:
    names = {name: code for code, name in enumerate(dict.fromkeys(authors))}
    return np.array(
        [len(names) + row if name is None else names[name] for row, name in enumerate(authors)],
        dtype=np.int64,
    )


def _distinct(rows: IntArray, term: IntArray, n_terms: int) -> IntArray:
    """Return how many distinct rows each term has."""
    pairs = np.unique(rows.astype(np.int64) * n_terms + term)
    return np.bincount(pairs % n_terms, minlength=n_terms) if n_terms else pairs
