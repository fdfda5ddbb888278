"""Which remembered posts stand beside each post, and what the two have in common.

Knows arrays only: not how neighbours are found, nor what is learned from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.floating[Any]]
    IntArray = npt.NDArray[np.integer[Any]]
    BoolArray = npt.NDArray[np.bool_]
    Matrix = Any  # a FloatArray, a scipy.sparse.csr_matrix or SparseRows


@dataclass(frozen=True)
class Recalled:
    """Remembered posts as a classifier sees them; held once, whatever asks.

    Parameters
    ----------
    vectors : mapping of str to ndarray, csr_matrix or SparseRows, shape (n_bank, d)
        By the block that posts have them in; rows of length one, or of zeros for none.
    rank : ndarray of float, shape (n_bank,)
        Of each count among those that the training knew, 0 to 1.
    author : ndarray of int, shape (n_bank,)
        -1 where a post has none.
    """

    vectors: Mapping[str, Matrix]
    rank: FloatArray
    author: IntArray


@dataclass(frozen=True)
class Retrieved:
    """For each post the neighbours that it may learn from, best first.

    Parameters
    ----------
    neighbours : ndarray of int, shape (n_posts, k)
        Rows of `bank`; -1 where there are fewer than k.
    similarity : ndarray of float32, shape (n_posts, k)
        Cosine of the texts.
    age : ndarray of float32, shape (n_posts, k)
        log1p of how many posts the author published since; 0 for a neighbour of another author.
    shared : ndarray of bool, shape (n_posts, k, n_aspects)
        What neighbour and post have in common.
    aspects : tuple of str, length n_aspects
    bank : Recalled
    """

    neighbours: IntArray
    similarity: FloatArray
    age: FloatArray
    shared: BoolArray
    aspects: tuple[str, ...]
    bank: Recalled

    def take(self, rows: IntArray) -> Retrieved:
        """Return the neighbours of some posts, in the order given."""
        return Retrieved(
            self.neighbours[rows],
            self.similarity[rows],
            self.age[rows],
            self.shared[rows],
            self.aspects,
            self.bank,
        )
