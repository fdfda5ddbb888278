"""All of many vectors compared with others, laid out once so that it takes least time.

Knows vectors only. The answer is the plain product's; no vector is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from postcast.features.vectors import SparseRows

if TYPE_CHECKING:
    from postcast.schema import BoolArray, FloatArray, IntArray, Matrix

MANY = 8_192
"""From so many vectors on the layout, and a bound before the greatest are sorted out, pay."""

COMMON = 0.03
"""A column with a value in this share of sparse rows is kept dense: a few words fill most of a
product, and a dense one has them thirty times as fast."""

STRETCHES = 200
"""Parts of a row whose own greatest bound those of the row."""


@dataclass(frozen=True)
class Layout:
    """Rows of length one, their common columns dense and the others sparse.

    Parameters
    ----------
    dense : ndarray of float32, shape (n, few) or (n, d)
    sparse : csr_matrix of float32, shape (n, d), or None
        Without the common columns; None for rows that were dense.
    common : ndarray of int
        The columns that are kept dense; none for rows that were dense.
    """

    dense: FloatArray
    sparse: Matrix | None
    common: IntArray

    @classmethod
    def of(cls, rows: Matrix) -> Layout:
        """Lay out rows, shape (n, d), dense or sparse."""
        if isinstance(rows, np.ndarray):
            return cls(rows, None, np.empty(0, dtype=np.int64))
        matrix = rows.csr if isinstance(rows, SparseRows) else rows
        uses = np.bincount(matrix.indices, minlength=matrix.shape[1])
        is_common: BoolArray = uses > COMMON * matrix.shape[0]
        common = np.flatnonzero(is_common)
        return cls(matrix[:, common].toarray(), _without(matrix, is_common), common)

    def cosines(self, vectors: Matrix, end: int) -> FloatArray:
        """Return the products with the first `end` rows, shape (n_asked, end)."""
        if self.sparse is None:
            return np.asarray(vectors @ self.dense[:end].T)
        products: FloatArray = _written_out(vectors[:, self.common]) @ self.dense[:end].T
        rest = vectors @ self.sparse[:end].T
        if isinstance(rest, np.ndarray):
            return products + rest
        row = np.repeat(np.arange(rest.shape[0]), np.diff(rest.indptr))
        products[row, rest.indices] += rest.data
        return products


def _without(matrix: Matrix, is_common: BoolArray) -> Matrix:
    """Return sparse rows without the values of some columns, their shape unchanged."""
    rest = matrix.copy()
    rest.data[is_common[rest.indices]] = 0.0
    rest.eliminate_zeros()
    return rest


def _written_out(rows: Matrix) -> FloatArray:
    return np.asarray(rows if isinstance(rows, np.ndarray) else rows.toarray())


def greatest(values: FloatArray, most: int, posts: IntArray | None = None) -> IntArray:
    """Return where the greatest of each row stand, falling, shape (n_rows, most).

    Of equal values above zero the later posts come first and are kept, so that the answer depends
    neither on the order of the columns nor on the other rows.

    Parameters
    ----------
    values : ndarray of float, shape (n_rows, width)
    most : int
        At most `width`.
    posts : ndarray of int, shape (n_rows, width) or (1, width), optional
        Which post each column stands for; by default its own position.
    """
    if posts is None:
        posts = np.arange(values.shape[1])[None, :]
    posts = np.broadcast_to(posts, values.shape)
    place = _greatest_in_any_order(values, most)
    bound = np.take_along_axis(values, place, axis=1).min(axis=1)  # (n_rows,)
    is_tied = (bound > 0) & ((values >= bound[:, None]).sum(axis=1) > most)
    for row in np.flatnonzero(is_tied):
        above = np.flatnonzero(values[row] > bound[row])
        level = np.flatnonzero(values[row] == bound[row])
        latest = np.argsort(posts[row, level])[len(above) - most :]
        place[row] = np.concatenate([above, level[latest]])
    of_place = np.take_along_axis(values, place, axis=1), np.take_along_axis(posts, place, axis=1)
    falling = np.lexsort((-of_place[1], -of_place[0]), axis=1)
    return np.take_along_axis(place, falling, axis=1)


def _greatest_in_any_order(values: FloatArray, most: int) -> IntArray:
    width = values.shape[1]
    if width < MANY or most >= STRETCHES:
        return np.argpartition(-values, most - 1, axis=1)[:, :most]
    # of `most` stretches the greatest reach the bound, so that no row has fewer values that do
    parts = values[:, : width // STRETCHES * STRETCHES].reshape(len(values), STRETCHES, -1)
    bounds = np.partition(parts.max(axis=2), STRETCHES - most, axis=1)[:, STRETCHES - most]
    place = np.empty((len(values), most), dtype=np.int64)
    for row, (row_values, bound) in enumerate(zip(values, bounds, strict=True)):
        near = np.flatnonzero(row_values >= bound)
        place[row] = near[np.argpartition(-row_values[near], most - 1)[:most]]
    return place
