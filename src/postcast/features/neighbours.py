"""What like posts of the same author were worth.

Reads the memory bank, and of it only what was published and settled before each post.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from postcast.exact_sums import SUM_BITS, on_grid
from postcast.features.history import Moment, by_author
from postcast.features.vectors import cosines_of
from postcast.schema import Block

if TYPE_CHECKING:
    from postcast.features.bank import MemoryBank
    from postcast.schema import FloatArray, IntArray, Matrix

KERNELS = ((12.0, np.inf), (12.0, 100.0), (12.0, 25.0), (5.0, np.inf), (5.0, 50.0))
"""(b, τ) of the weights exp(b(cos − 1))·exp(−Δ/τ), Δ in posts of the author."""

PRIOR_WEIGHT = 0.02
"""Weight of the overall mean beside an author's neighbours."""

MOST_NEIGHBOURS = 4_000
"""An author's newest posts that are compared with; older ones are left out."""

ROWS_AT_ONCE = 512


def own_neighbours(moment: Moment, vectors: Matrix, bank: MemoryBank) -> Block:
    """Return what the author's like posts were worth, by likeness of text and nearness in time.

    Parameters
    ----------
    moment : Moment
    vectors : ndarray or csr_matrix, shape (n_posts, d)
        Rows of length one; zeros for a post without text.
    bank : MemoryBank
        Its posts with text.

    Returns
    -------
    Block
        float32, shape (n_posts, 12): for each kernel the weighted mean rank and the log of the
        weights' sum; the rank of the most alike post and its cosine.
    """
    n_kernels = len(KERNELS)
    names = [
        *(f"like posts, b={b:g}, tau={tau:g}" for b, tau in KERNELS),
        *(f"weight, b={b:g}, tau={tau:g}" for b, tau in KERNELS),
        "most alike",
        "its cosine",
    ]
    rows = np.zeros((len(moment.author), len(names)), dtype=np.float32)
    overall = bank.mean_rank
    rows[:, :n_kernels], rows[:, 2 * n_kernels] = overall, overall
    rows[:, n_kernels : 2 * n_kernels] = np.log(1e-3)
    if bank.vectors is None or bank.order is None:
        return Block(rows, tuple(names))
    for queries, posts in by_author(moment, bank):
        own = posts[bank.has_text[posts]][-MOST_NEIGHBOURS:]
        if not len(own):
            continue
        for start in range(0, len(queries), ROWS_AT_ONCE):
            chunk = queries[start : start + ROWS_AT_ONCE]
            cosines = cosines_of(vectors[chunk], bank.vectors[own])  # (q, k)
            end = np.searchsorted(bank.order[own], moment.known_until[chunk])
            rows[chunk] = _kernel_means(cosines, end, bank.rank[own], overall)
    return Block(rows, tuple(names))


def _kernel_means(
    cosines: FloatArray, end: IntArray, rank: FloatArray, overall: float
) -> FloatArray:
    """Return one author's neighbour features, shape (q, 12); the first `end` posts are known."""
    cosines = cosines.astype(np.float64)
    place = np.arange(cosines.shape[1])
    known = place < end[:, None]  # (q, k)
    since = np.maximum(end[:, None] - 1 - place, 0)  # (q, k)
    means, weights = [], []
    for b, tau in KERNELS:
        weight = on_grid(np.exp(b * (cosines - 1)) * np.exp(-since / tau) * known, SUM_BITS)
        total = weight.sum(axis=1)
        means.append((weight @ rank + PRIOR_WEIGHT * overall) / (total + PRIOR_WEIGHT))
        weights.append(np.log(total + 1e-3))
    likeness = np.where(known, cosines, -1.0)
    best = likeness.shape[1] - 1 - likeness[:, ::-1].argmax(axis=1)  # the newest of equals
    cosine = likeness[np.arange(len(best)), best]
    most_alike = np.where(cosine > -1, rank[best], overall)
    return np.stack([*means, *weights, most_alike, np.maximum(cosine, 0)], axis=1)
