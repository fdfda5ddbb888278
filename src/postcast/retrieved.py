"""Which remembered posts stand beside each post, and what the two have in common.

Knows arrays only: not how neighbours are found, nor what is learned from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
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
    image_similarity : ndarray of float32, shape (n_posts, k), or None
        Cosine of the images, 0 where either has none; None where no images are looked at.
    without_image : Retrieved or None
        What would have been found if no post showed its image; None where no images are looked
        at, and in itself.
    """

    neighbours: IntArray
    similarity: FloatArray
    age: FloatArray
    shared: BoolArray
    aspects: tuple[str, ...]
    bank: Recalled
    image_similarity: FloatArray | None = None
    without_image: Retrieved | None = None

    def take(self, rows: IntArray) -> Retrieved:
        """Return the neighbours of some posts, in the order given."""
        return Retrieved(
            self.neighbours[rows],
            self.similarity[rows],
            self.age[rows],
            self.shared[rows],
            self.aspects,
            self.bank,
            None if self.image_similarity is None else self.image_similarity[rows],
            None if self.without_image is None else self.without_image.take(rows),
        )

    def joined(self, other: Retrieved) -> Retrieved:
        """Return the neighbours of these posts and of others; what no image finds is lost.

        Parameters
        ----------
        other : Retrieved
            From the same bank.
        """
        images = None
        if self.image_similarity is not None and other.image_similarity is not None:
            images = np.concatenate([self.image_similarity, other.image_similarity])
        return Retrieved(
            np.concatenate([self.neighbours, other.neighbours]),
            np.concatenate([self.similarity, other.similarity]),
            np.concatenate([self.age, other.age]),
            np.concatenate([self.shared, other.shared]),
            self.aspects,
            self.bank,
            images,
        )
