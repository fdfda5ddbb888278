"""What an author's earlier posts foretell of the next: kriging over time and likeness of text.

Reads the memory bank, and of it only what was published and settled before each post.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from postcast.features.bank import cosines_of
from postcast.features.history import Moment, by_author
from postcast.schema import Block

if TYPE_CHECKING:
    from postcast.features.bank import MemoryBank
    from postcast.schema import FloatArray, IntArray, Matrix


@dataclass(frozen=True)
class Kernel:
    """How much two posts of one author tell of each other, in variance of the rank.

    Parameters
    ----------
    level : float
        Of the author's lasting level.
    drift, drift_posts : float
        Of a level that is forgotten within so many posts.
    text, sharpness : float
        Of posts alike: ``text · exp(sharpness · (cos − 1))``.
    episode, episode_sharpness, episode_posts : float
        Of posts alike and near in time: the same, forgotten within so many posts.
    noise : float
        Of each post alone.
    """

    level: float = 0.01
    drift: float = 0.01
    drift_posts: float = 30.0
    text: float = 0.0
    sharpness: float = 5.0
    episode: float = 0.0
    episode_sharpness: float = 12.0
    episode_posts: float = 100.0
    noise: float = 0.05

    def __call__(self, cosines: FloatArray, apart: FloatArray) -> FloatArray:
        """Return the covariance of posts with these cosines, so many posts apart."""
        drift = self.drift * np.exp(-apart / self.drift_posts)
        text = self.text * np.exp(self.sharpness * (cosines - 1))
        near = self.episode_sharpness * (cosines - 1) - apart / self.episode_posts
        covariance: FloatArray = self.level + drift + text + self.episode * np.exp(near)
        return covariance


KERNELS = {
    "level": Kernel(drift=0.015, drift_posts=100.0),
    "text": Kernel(drift=0.005, text=0.03, sharpness=8.0, noise=0.04),
    "both": Kernel(text=0.012, episode=0.01),
}

WINDOW, OVERLAP = 1024, 512
"""Posts of an author that are looked at together, and how many of them each post has behind it
at least where there are more."""


def kriging(moment: Moment, vectors: Matrix, bank: MemoryBank) -> Block:
    """Return what the author's earlier posts foretell, by simple kriging.

    The rank of a count is taken for a Gaussian process over the author's posts (Krige 1951;
    Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006, algorithm 2.1).
    Leading rows of a Cholesky factor are the factor of the leading posts, so that one
    factorisation answers for every moment of an author's past.

    Parameters
    ----------
    moment : Moment
    vectors : ndarray or csr_matrix, shape (n_posts, d)
        Rows of length one; zeros for a post without text.
    bank : MemoryBank
        Posts of any kind, those without text too.

    Returns
    -------
    Block
        float32, shape (n_posts, 6): for each kernel the expected rank, 0 to 1, and by how much
        the author's posts reduce its variance.
    """
    names = [f"{what}, {name}" for name in KERNELS for what in ("expected", "variance explained")]
    rows = np.zeros((len(moment.author), len(names)), dtype=np.float32)
    mean = bank.mean_rank
    rows[:, ::2] = mean
    if bank.vectors is None or bank.order is None:
        return Block(rows, tuple(names))
    for queries, own in by_author(moment, bank):
        end = np.searchsorted(bank.order[own], moment.known_until[queries])
        orders = moment.published.get(int(moment.author[queries[0]]), bank.order[own])
        place = np.searchsorted(orders, moment.order[queries])
        own_place = np.searchsorted(orders, bank.order[own])
        for asked, first, last in _windows(end):
            window = own[first:last]
            seen = bank.vectors[window]
            among = cosines_of(seen, seen)  # (k, k)
            to = cosines_of(seen, vectors[queries[asked]])  # (k, q)
            lag = np.abs(own_place[first:last, None] - own_place[None, first:last])
            lag_to = np.abs(own_place[first:last, None] - place[None, asked])
            known = np.arange(len(window))[:, None] < (end[asked] - first)[None, :]  # (k, q)
            for column, kernel in enumerate(KERNELS.values()):
                factor, residual = _factor(kernel, among, lag, bank.rank[window] - mean)
                part = _solve(factor, kernel(to, lag_to)) * known  # (k, q)
                rows[queries[asked], 2 * column] = mean + residual @ part
                rows[queries[asked], 2 * column + 1] = np.square(part).sum(axis=0)
    return Block(rows, tuple(names))


def _windows(end: IntArray) -> Iterator[tuple[IntArray, int, int]]:
    """Yield which posts are answered from which stretch of the author's own, first to last."""
    known = np.flatnonzero(end > 0)
    if not len(known):
        return
    step = WINDOW - OVERLAP
    stretch = np.maximum(np.ceil((end[known] - WINDOW) / step).astype(int), 0)
    for one in np.unique(stretch):
        asked = known[stretch == one]
        yield asked, int(one * step), int(end[asked].max())


def _factor(
    kernel: Kernel, cosines: FloatArray, lag: FloatArray, rank: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the Cholesky factor of the posts' covariance, and their ranks made independent."""
    covariance = kernel(cosines, lag) + kernel.noise * np.eye(len(rank))
    factor = np.linalg.cholesky(covariance)
    return factor, _solve(factor, rank[:, None])[:, 0]


def _solve(factor: FloatArray, right: FloatArray) -> FloatArray:
    """Solve a lower triangular system."""
    from scipy.linalg import solve_triangular

    solved: FloatArray = solve_triangular(factor, right, lower=True, check_finite=False)
    return solved
