"""What an author's earlier posts foretell of the next: kriging over time and likeness of text.

Reads the memory bank, and of it only what was published and settled before each post.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from postcast.exact_sums import on_grid
from postcast.features.history import Moment, by_author
from postcast.features.vectors import cosines_of
from postcast.schema import Block

if TYPE_CHECKING:
    from postcast.features.bank import MemoryBank
    from postcast.schema import BoolArray, FloatArray, IntArray, Matrix


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

FEW = 8
"""Up to so many posts of an author asked together, their past is kept for the next question."""

KRIGING_BITS = 24
"""Of factors whose sums of products stay below 2**5; see `postcast.exact_sums`."""

LEAST_HALF = 32
"""Rows of half a matrix, below which it is inverted whole."""

MOST_PASTS = 32
"""How many pasts are kept; each may take 50 MB."""


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
        for asked, first, last in _windows(end, len(own)):
            pasts = _pasts(bank, own[first:last], own_place[first:last], len(asked))
            cosines = cosines_of(bank.vectors[own[first:last]], vectors[queries[asked]])  # (k, q)
            apart = np.abs(own_place[first:last, None] - place[None, asked])  # (k, q)
            known = np.arange(last - first)[:, None] < (end[asked] - first)[None, :]  # (k, q)
            for column, past in enumerate(pasts):
                expected, explained = past.foretell(cosines, apart, known)
                rows[queries[asked], 2 * column] = mean + expected
                rows[queries[asked], 2 * column + 1] = explained
    return Block(rows, tuple(names))


def _windows(end: IntArray, n_own: int) -> Iterator[tuple[IntArray, int, int]]:
    """Yield which posts are answered from which stretch of the author's own, first to last.

    A stretch does not depend on which other posts are answered.
    """
    known = np.flatnonzero(end > 0)
    if not len(known):
        return
    step = WINDOW - OVERLAP
    stretch = np.maximum(np.ceil((end[known] - WINDOW) / step).astype(int), 0)
    for number in np.unique(stretch):
        first = int(number * step)
        yield known[stretch == number], first, min(first + WINDOW, n_own)


@dataclass(frozen=True)
class _Past:
    """A stretch of an author's posts, made independent of one another by one kernel.

    Parameters
    ----------
    kernel : Kernel
    factor : ndarray of float, shape (k, k)
        Cholesky factor of the posts' covariance.
    surprise : ndarray of float, shape (k,)
        By how much each post's rank exceeds the mean.
    """

    kernel: Kernel
    factor: FloatArray
    surprise: FloatArray

    def foretell(
        self, cosines: FloatArray, apart: FloatArray, known: BoolArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return what is to be expected beyond the mean, and the variance explained, (q,) each.

        Parameters
        ----------
        cosines, apart : ndarray, shape (k, q)
            Of the posts of this past and those asked.
        known : ndarray of bool, shape (k, q)
            Leading posts of each column.
        """
        covariance = on_grid(self.kernel(cosines, apart), KRIGING_BITS)
        part = on_grid(self._inverse @ covariance, KRIGING_BITS) * known  # (k, q)
        return self._weights @ part, np.square(part).sum(axis=0)

    @cached_property
    def _inverse(self) -> FloatArray:
        """Of the factor, rounded so that its products with covariances are exact."""
        return on_grid(_inverted(self.factor), KRIGING_BITS)

    @cached_property
    def _weights(self) -> FloatArray:
        return on_grid(self._inverse @ self.surprise, KRIGING_BITS)


def _inverted(factor: FloatArray) -> FloatArray:
    """Return the inverse of a lower triangular matrix, by halves: a third of the general cost."""
    half = len(factor) // 2
    if half < LEAST_HALF:
        return np.asarray(np.linalg.inv(factor))
    above, below = _inverted(factor[:half, :half]), _inverted(factor[half:, half:])
    inverse = np.zeros_like(factor)
    inverse[:half, :half], inverse[half:, half:] = above, below
    inverse[half:, :half] = -below @ (factor[half:, :half] @ above)
    return inverse


def _pasts(bank: MemoryBank, window: IntArray, place: IntArray, n_asked: int) -> list[_Past]:
    """Return an author's past under each kernel; kept in the bank where few posts are asked."""
    key = ("kriging", window.tobytes(), place.tobytes())
    if key in bank.worked_out:
        return list(bank.worked_out[key])
    seen = bank.vectors[window] if bank.vectors is not None else np.zeros((len(window), 1))
    cosines = cosines_of(seen, seen)  # (k, k)
    apart = np.abs(place[:, None] - place[None, :])  # (k, k)
    noise = np.eye(len(window))
    pasts = [
        _Past(
            kernel,
            np.linalg.cholesky(kernel(cosines, apart) + kernel.noise * noise),
            bank.rank[window] - bank.mean_rank,
        )
        for kernel in KERNELS.values()
    ]
    if n_asked <= FEW:
        kept = [one for one in bank.worked_out if isinstance(one, tuple) and one[0] == "kriging"]
        for one in kept[: max(len(kept) - MOST_PASTS + 1, 0)]:
            bank.worked_out.pop(one, None)
        bank.worked_out[key] = pasts
    return pasts
