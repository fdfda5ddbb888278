"""Sums that come out the same in every order, to the last bit. Knows arrays only.

Floating-point addition rounds, so that a sum of products depends on the order of its terms, and
the order on how many rows a matrix product has, on threads and on the processor. Multiples of
``2**-a`` times multiples of ``2**-b`` are multiples of ``2**-(a + b)``, and sums of those are
exact as long as they stay below ``2**(53 - a - b)`` in float64 (24 instead of 53 in float32).
Whatever decides between two trees, two neighbors or two classes is therefore rounded to such a
grid first: one post then has one answer, alone and beside a thousand others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from postcast.schema import FloatArray, Matrix

UNIT_BITS = 11
"""Of vectors of length one: their products are multiples of 2**-22, at most 1 and exact in
float32. Half precision holds each component."""

INPUT_BITS, LARGEST_INPUT = 20, 64.0
"""Of the inputs of a linear layer, and up to which size of theirs its sums are exact."""

LENGTH_BITS = 16
"""Of components whose squares are summed."""

SUM_BITS = 20
"""Of weights up to 1 and of ranks, of which thousands of products are summed."""

ROWS_AT_ONCE = 1_024


def on_grid(values: FloatArray, bits: int) -> FloatArray:
    """Return the nearest multiples of ``2**-bits``, of the same shape and dtype."""
    rounded: FloatArray = np.rint(values * 2.0**bits) / 2.0**bits
    return rounded.astype(values.dtype, copy=False)


def product(inputs: Matrix, weight: FloatArray) -> FloatArray:
    """Return ``inputs @ weight``, each row independent of the rows beside it.

    Exact for inputs rounded to ``2**-20`` and up to 64; weights are rounded as finely as that
    allows, to at most ``2**-30``.

    Parameters
    ----------
    inputs : ndarray or csr_matrix of float, shape (..., d)
    weight : ndarray of float, shape (d, k)

    Returns
    -------
    ndarray of float64, shape (..., k)
    """
    weight = weights_on_grid(weight)
    if not isinstance(inputs, np.ndarray):
        rounded = inputs.astype(np.float64)
        rounded.data = on_grid(rounded.data, INPUT_BITS)
        return np.asarray(rounded @ weight)
    rows, per_cell = inputs.reshape(-1, inputs.shape[-1]), weight / 2.0**INPUT_BITS
    answer = np.empty((len(rows), weight.shape[1]))
    for start in range(0, len(rows), ROWS_AT_ONCE):
        chunk = rows[start : start + ROWS_AT_ONCE]
        cells = np.multiply(chunk, 2.0**INPUT_BITS, dtype=np.float64)
        np.matmul(np.rint(cells, out=cells), per_cell, out=answer[start : start + len(chunk)])
    return answer.reshape(*inputs.shape[:-1], weight.shape[1])


def weights_on_grid(weight: FloatArray) -> FloatArray:
    """Return weights in float64, rounded so that `product` is exact, shape (d, k)."""
    weight = np.asarray(weight, dtype=np.float64)
    largest_sum = LARGEST_INPUT * max(float(np.abs(weight).sum(axis=0).max(initial=0.0)), 1.0)
    bits = min(53 - INPUT_BITS - int(np.ceil(np.log2(largest_sum))), 30)
    return on_grid(weight, bits)
