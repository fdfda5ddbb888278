"""Vectors as rows, dense or sparse: scaled to length one, joined and compared.

Knows no post. A saved bank's sparse rows are compared with a few drafts by numpy alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from postcast.exact_sums import LENGTH_BITS, ROWS_AT_ONCE, UNIT_BITS, on_grid, weights_on_grid
from postcast.validation import floats, integers, starts

if TYPE_CHECKING:
    from postcast.schema import FloatArray, IntArray, Matrix

_ARRAYS = ("data", "indices", "indptr")
_PREFIX = "vectors."

LONGEST = 1.1
"""Length of a saved row, at most: one, and what rounding to the grid may add."""


@dataclass(frozen=True)
class SparseRows:
    """Saved rows that are mostly zero, in compressed sparse row format.

    Parameters
    ----------
    data : ndarray of float32, shape (n_values,)
    indices : ndarray of int32, shape (n_values,)
        The column of each value.
    indptr : ndarray of int32, shape (n_rows + 1,)
        Where each row's values begin.
    width : int
    """

    data: FloatArray
    indices: IntArray
    indptr: IntArray
    width: int

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows and columns."""
        return len(self.indptr) - 1, self.width

    @cached_property
    def csr(self) -> Matrix:
        """The same rows as scipy has them."""
        import scipy.sparse

        return scipy.sparse.csr_matrix((self.data, self.indices, self.indptr), shape=self.shape)

    def __getitem__(self, rows: IntArray) -> Self:
        """Return some rows, in the order given."""
        starts, sizes = self.indptr[rows], np.diff(self.indptr)[rows]
        ends = np.cumsum(sizes)
        taken = np.repeat(starts - (ends - sizes), sizes) + np.arange(sizes.sum())
        indptr = np.concatenate([[0], ends])
        return type(self)(self.data[taken], self.indices[taken], indptr, self.width)

    def times(self, dense: FloatArray) -> FloatArray:
        """Return the product of each row with each of a few dense ones, shape (n_rows, n)."""
        some = np.flatnonzero(np.diff(self.indptr))
        products = np.zeros((self.shape[0], len(dense)), dtype=np.float32)
        for column, one in enumerate(dense):
            if len(some):
                values = self.data * one[self.indices]
                products[some, column] = np.add.reduceat(values, self.indptr[some])
        return products

    def spread(self, projection: FloatArray | None) -> FloatArray:
        """Return the rows written out, or times a dense matrix, shape (n_rows, n_columns)."""
        if projection is None:
            spread = np.zeros(self.shape, dtype=np.float32)
            spread[np.repeat(np.arange(len(spread)), np.diff(self.indptr)), self.indices] = (
                self.data
            )
            return spread
        some = np.flatnonzero(np.diff(self.indptr))
        products = np.zeros((self.shape[0], projection.shape[1]))
        if len(some):
            values = self.data[:, None] * weights_on_grid(projection)[self.indices]
            products[some] = np.add.reduceat(values, self.indptr[some])
        return products

    def times_itself(self) -> FloatArray:
        """Return the product of each row with each other, shape (n_rows, n_rows)."""
        _, place, uses = np.unique(self.indices, return_inverse=True, return_counts=True)
        is_shared = uses > 1
        row = np.repeat(np.arange(self.shape[0]), np.diff(self.indptr))
        kept = is_shared[place]
        dense = np.zeros((self.shape[0], int(is_shared.sum())), dtype=np.float32)
        dense[row[kept], (np.cumsum(is_shared) - 1)[place[kept]]] = self.data[kept]
        product: FloatArray = dense @ dense.T
        np.fill_diagonal(product, np.bincount(row, self.data**2, minlength=self.shape[0]))
        return product


def unit_rows(matrix: Matrix) -> Matrix:
    """Return a matrix with each row scaled to length one; rows of zeros stay.

    Components are multiples of ``2**-11``, so that cosines are exact: the same in every order of
    summation, dense or sparse, for one row or for many. See `postcast.exact_sums`.
    """
    if isinstance(matrix, np.ndarray):
        unit = np.zeros(matrix.shape, dtype=np.float32)
        for start in range(0, len(matrix), ROWS_AT_ONCE):
            rows = matrix[start : start + ROWS_AT_ONCE].astype(np.float64)
            length = np.sqrt(np.square(on_grid(rows, LENGTH_BITS)).sum(axis=1, keepdims=True))
            unit[start : start + len(rows)] = on_grid(_shares(rows, length), UNIT_BITS)
        return unit
    import scipy.sparse

    rows = matrix.tocsr()
    values = rows.data.astype(np.float64)
    row = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
    squares = np.square(on_grid(values, LENGTH_BITS))
    length = np.sqrt(np.bincount(row, squares, minlength=rows.shape[0]))
    scaled = on_grid(_shares(values, length[row]), UNIT_BITS).astype(np.float32)
    unit = scipy.sparse.csr_matrix((scaled, rows.indices, rows.indptr), shape=rows.shape, copy=True)
    unit.eliminate_zeros()
    return unit


def _shares(values: FloatArray, length: FloatArray) -> FloatArray:
    return np.divide(values, length, out=np.zeros_like(values), where=length > 0)


def stack_rows(first: Matrix, second: Matrix) -> Matrix:
    """Return the rows of two matrices, both dense or both sparse, one below the other."""
    if isinstance(first, np.ndarray):
        return np.vstack([first, second])
    import scipy.sparse

    return scipy.sparse.vstack([_scipy(first), scipy.sparse.csr_matrix(second)], format="csr")


def cosines_of(left: Matrix, right: Matrix) -> FloatArray:
    """Return the products of rows of length one, dense, shape (n_left, n_right)."""
    if isinstance(left, SparseRows):
        if left is right:
            return np.asarray(left.times_itself())
        if isinstance(right, np.ndarray):
            return np.asarray(left.times(right))
    elif isinstance(right, SparseRows) and isinstance(left, np.ndarray):
        return np.asarray(right.times(left).T)
    left, right = _scipy(left), _scipy(right)
    if not isinstance(left, np.ndarray) and left.shape[0] <= right.shape[0]:
        # a few rows written out: four times as fast as a product of two sparse matrices
        return np.ascontiguousarray((right @ left.toarray().T).T)
    product = left @ right.T
    return np.asarray(product if isinstance(product, np.ndarray) else product.toarray())


def paired_cosines(left: Matrix, right: Matrix, place: IntArray) -> FloatArray:
    """Return the products of each row with some rows of another matrix, shape (n_left, k).

    Parameters
    ----------
    left, right : ndarray or csr_matrix, shape (n, d)
        Rows of length one.
    place : ndarray of int, shape (n_left, k)
        Which rows of `right`.
    """
    if isinstance(left, np.ndarray) and isinstance(right, np.ndarray):
        pairs = zip(left, place, strict=True)
        return np.stack([right[rows] @ one for one, rows in pairs])
    products = [
        np.asarray((_scipy(right)[rows] @ one.T).todense())[:, 0]
        for one, rows in zip(_scipy(left), place, strict=True)
    ]
    return np.stack(products)


def _scipy(rows: Matrix) -> Matrix:
    return rows.csr if isinstance(rows, SparseRows) else rows


def arrays_of(rows: Matrix) -> dict[str, Any]:
    """Return rows by the names under which they are saved."""
    if isinstance(rows, np.ndarray):
        return {"vectors": rows}
    arrays = {_PREFIX + name: getattr(rows, name) for name in _ARRAYS}
    return arrays | {f"{_PREFIX}shape": np.array(rows.shape)}


def rows_from(arrays: Mapping[str, Any], n_rows: int) -> Matrix | None:
    """Rebuild rows from `arrays_of`; None where there are none.

    Raises
    ------
    ValueError
        If they are not `n_rows` rows of one width, or longer than one.
    """
    if f"{_PREFIX}shape" not in arrays:
        if "vectors" not in arrays:
            return None
        dense = floats(arrays, "vectors", (n_rows, None))
        with np.errstate(over="ignore"):
            squares = np.einsum("nd,nd->n", dense, dense)
        _check_lengths(squares)
        return dense
    _, width = integers(arrays, f"{_PREFIX}shape", (2,), 0, 2**31).tolist()
    data = floats(arrays, f"{_PREFIX}data", (None,))
    indices = integers(arrays, f"{_PREFIX}indices", data.shape, 0, width)
    rows = SparseRows(data, indices, starts(arrays, f"{_PREFIX}indptr", n_rows, len(data)), width)
    row = np.repeat(np.arange(n_rows), np.diff(rows.indptr))
    with np.errstate(over="ignore"):
        squares = np.bincount(row, data * data, minlength=n_rows).astype(np.float64)
    _check_lengths(squares)
    return rows


def _check_lengths(squares: FloatArray) -> None:
    """Refuse rows that `unit_rows` did not make: covariances of longer ones overflow."""
    if not (squares <= LONGEST**2).all():
        raise ValueError("the tensors of 'vectors' hold a row longer than one")
