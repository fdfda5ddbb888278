"""Which of very many vectors may be nearest, found by an index instead of looking at all.

Knows vectors only. Faiss makes the index; sparse vectors are searched in fewer dimensions.
"""

from __future__ import annotations

import importlib.util
import logging
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from postcast.features.vectors import cosines_of

if TYPE_CHECKING:
    from postcast.schema import FloatArray, IntArray, Matrix

log = logging.getLogger(__name__)

EXACT_UP_TO, SPARSE_EXACT_UP_TO = 100_000, 300_000
"""Up to so many vectors all are looked at: of sparse ones more, since an index finds few."""

LISTS_A_ROOT, LISTS_LOOKED_AT = 4, 48
"""Lists of the index for each root of the number of vectors, and how many a search looks into."""

DIMENSIONS = 128
"""To which sparse vectors are projected (latent semantic analysis) for the search alone."""

LEARNED_FROM, LEARNED_A_LIST = 50_000, 40
"""Vectors from which the projection is learned, and for each list the centres of the lists."""

SEED = 42
ASKED_FOR_RECALL = 200


@dataclass(frozen=True)
class Near:
    """An index of vectors: inverted lists, all of whose centres are looked at.

    Parameters
    ----------
    index : faiss.Index
    projection : TruncatedSVD or None
        For sparse vectors.
    """

    index: Any
    projection: Any

    @classmethod
    def of(cls, vectors: Matrix) -> Near:
        """Index vectors of length one, shape (n, d), in time that grows as n √n."""
        import faiss

        n_vectors = vectors.shape[0]
        n_lists = min(LISTS_A_ROOT * math.isqrt(n_vectors), n_vectors)
        shuffled = np.random.default_rng(SEED).permutation(n_vectors)
        projection = None
        if not isinstance(vectors, np.ndarray):
            from sklearn.decomposition import TruncatedSVD

            n_dimensions = min(DIMENSIONS, vectors.shape[1] - 1)
            projection = TruncatedSVD(n_dimensions, random_state=SEED)
            projection.fit(vectors[np.sort(shuffled[:LEARNED_FROM])])
        rows = cls(None, projection)._searched(vectors)
        index: Any = faiss.index_factory(
            rows.shape[1], f"IVF{n_lists},Flat", faiss.METRIC_INNER_PRODUCT
        )
        index.train(rows[np.sort(shuffled[: LEARNED_A_LIST * n_lists])])
        index.add(rows)
        index.nprobe = LISTS_LOOKED_AT
        return cls(index, projection)

    def _searched(self, vectors: Matrix) -> FloatArray:
        """Return vectors as the index has them: dense, of length one."""
        if self.projection is None:
            return np.ascontiguousarray(vectors, dtype=np.float32)
        rows = self.projection.transform(vectors)
        length = np.linalg.norm(rows, axis=1, keepdims=True)
        return np.ascontiguousarray(rows / np.where(length > 0, length, 1.0), dtype=np.float32)

    def search(self, vectors: Matrix, most: int) -> IntArray:
        """Return up to so many indexed vectors near each, shape (n_asked, most); -1 for none."""
        _, found = self.index.search(self._searched(vectors), most)
        return np.asarray(found)

    def recall(self, vectors: Matrix, most: int) -> float:
        """Return which share of the truly nearest is found, of the indexed vectors themselves."""
        rng = np.random.default_rng(SEED)
        asked = np.sort(rng.permutation(vectors.shape[0])[:ASKED_FOR_RECALL])
        found = self.search(vectors[asked], most)
        exact = np.argpartition(-cosines_of(vectors[asked], vectors), most - 1, axis=1)[:, :most]
        shared = [np.isin(a, b).mean() for a, b in zip(exact, found, strict=True)]
        return float(np.mean(shared))


def index_of(vectors: Matrix, most: int) -> Near | None:
    """Return an index of so many vectors that not all can be looked at, else None.

    Parameters
    ----------
    vectors : ndarray or csr_matrix of float32, shape (n, d)
        Of length one.
    most : int
        How many near ones will be asked for, at which the recall is told.
    """
    n_vectors = vectors.shape[0]
    is_dense = isinstance(vectors, np.ndarray)
    if n_vectors <= (EXACT_UP_TO if is_dense else SPARSE_EXACT_UP_TO):
        return None
    if importlib.util.find_spec("faiss") is None:
        log.warning(
            "each of %s posts is compared with every other, in time that grows with their "
            "square; pip install 'postcast[large]' to search an index instead",
            f"{n_vectors:,}",
        )
        return None
    near = Near.of(vectors)
    log.info(
        "Near posts among %s are found by an index: %.0f%% of the %d nearest, on %d posts.",
        f"{n_vectors:,}",
        100 * near.recall(vectors, most),
        most,
        ASKED_FOR_RECALL,
    )
    return near
