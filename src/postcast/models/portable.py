"""The same answers from saved parts, with numpy alone.

Knows arrays only; every trained classifier answers through these few functions, so that a
saved one and a fresh one cannot differ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from postcast.exact_sums import product

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from postcast.schema import FeatureSet, FloatArray, Matrix


def softmax(scores: FloatArray) -> FloatArray:
    """Return the softmax of each row, in float64, shape (n, k)."""
    shifted = np.asarray(scores, dtype=np.float64)
    exponents = np.exp(shifted - shifted.max(axis=1, keepdims=True))
    shares: FloatArray = exponents / exponents.sum(axis=1, keepdims=True)
    return shares


def affine(inputs: Matrix, weight: FloatArray, bias: FloatArray) -> FloatArray:
    """Return ``inputs @ weight.T + bias``, (..., k), for a dense or sparse matrix (..., d).

    In float64, each row independent of the rows beside it; see `postcast.exact_sums`.
    """
    return product(inputs, weight.T) + np.asarray(bias, dtype=np.float64)


def beneath(arrays: Mapping[str, FloatArray], start: str) -> dict[str, FloatArray]:
    """Return the arrays whose names begin with `start`, by the rest of their names."""
    return {name[len(start) :]: a for name, a in arrays.items() if name.startswith(start)}


def stack(features: FeatureSet) -> Matrix:
    """Return all blocks side by side, shape (n_posts, d); sparse if any of them is."""
    return side_by_side([block.matrix for block in features.blocks.values()])


def on_top(matrices: Sequence[Matrix]) -> Matrix:
    """Return the rows of matrices one after the other; sparse if any of them is."""
    if all(isinstance(matrix, np.ndarray) for matrix in matrices):
        return np.vstack(matrices)
    import scipy.sparse

    return scipy.sparse.vstack(matrices, format="csr")


def side_by_side(matrices: Sequence[Matrix]) -> Matrix:
    """Return matrices joined row by row, shape (n, d); sparse if any of them is."""
    if len(matrices) == 1:
        return matrices[0]
    if all(isinstance(matrix, np.ndarray) for matrix in matrices):
        return np.hstack(matrices)
    import scipy.sparse

    return scipy.sparse.hstack(matrices, format="csr")
