"""What the most alike posts of anyone were worth.

Reads the memory bank, and of it only what was published and settled before each post.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from postcast.exact_sums import SUM_BITS, on_grid
from postcast.features.nearest_all import MANY, Layout, greatest
from postcast.features.nearest_index import Near, index_of
from postcast.features.neighbours import PRIOR_WEIGHT
from postcast.features.vectors import cosines_of, paired_cosines
from postcast.schema import Block

if TYPE_CHECKING:
    from postcast.features.bank import MemoryBank
    from postcast.features.history import Moment
    from postcast.schema import BoolArray, FloatArray, IntArray, Matrix

ROWS_AT_ONCE = 512

NEAREST_BLOCKS = ("nearest", "nearest others")

NEAREST = (10, 40)
"""How many of the most alike posts of any author are averaged."""

MOST_CANDIDATES = 1_000
"""Of very many posts, how many near ones an index is asked for, later ones among them."""

SHARPNESS = 12.0
"""b of their weights exp(b(cos − 1))."""


def nearest(
    moment: Moment, vectors: Matrix, bank: MemoryBank, blocks: Sequence[str] = NEAREST_BLOCKS
) -> dict[str, Block]:
    """Return what the most alike posts were worth.

    ``nearest`` counts the author's earlier posts and those of others; ``nearest others`` those of
    others alone, so that an author never seen before is answered as training posts were.

    Parameters
    ----------
    moment : Moment
        A post never counts its own copies, nor a later post of its author. Where all
        posts share a clock, only earlier ones count; else of others' those that the training
        knew.
    vectors : ndarray or csr_matrix, shape (n_posts, d)
        Rows of length one.
    bank : MemoryBank
    blocks : sequence of str
        Of `NEAREST_BLOCKS`.

    Returns
    -------
    dict of str to Block
        float32, shape (n_posts, 3): the weighted mean rank of the nearest 10 and 40, and the
        cosine of the nearest.
    """
    names = (*(f"mean of nearest {n}" for n in NEAREST), "cosine of nearest")
    nothing = np.array([bank.mean_rank] * len(NEAREST) + [0.0], dtype=np.float32)
    rows = {block: np.tile(nothing, (len(moment.author), 1)) for block in blocks}
    known = Known.of(bank, moment)
    if known is not None:
        in_turn = known.in_turn(moment)
        for start in range(0, len(in_turn), ROWS_AT_ONCE):
            chunk = in_turn[start : start + ROWS_AT_ONCE]
            looked = look(moment, chunk, vectors, bank, known)
            for block in blocks:
                rows[block][chunk] = _worth(looked, bank, with_own=block == "nearest")
    return {block: Block(matrix, names) for block, matrix in rows.items()}


@dataclass(frozen=True)
class Known:
    """Those of the bank's posts that can be compared, and how they are looked through.

    Parameters
    ----------
    posts : ndarray of int, shape (k,)
        Positions in the bank; oldest first with a layout, where all posts share a clock.
    vectors : ndarray, csr_matrix or SparseRows, shape (k, d)
    near : Near or None
        For more training posts than can all be compared with each other.
    layout : Layout or None
        For many posts, all of which are looked at.
    order : ndarray of int64, shape (k,), or None
        Rising, where only earlier posts need to be looked at.
    """

    posts: IntArray
    vectors: Matrix
    near: Near | None = None
    layout: Layout | None = None
    order: IntArray | None = None

    @classmethod
    def of(cls, bank: MemoryBank, moment: Moment) -> Known | None:
        """Return the posts with text, laid out where many are asked of many; None of none."""
        return cls._laid_out("texts", bank.texts, bank, moment)

    @classmethod
    def of_images(cls, bank: MemoryBank, moment: Moment) -> Known | None:
        """Return the posts with text and an image, to compare their images; None of none."""
        return cls._laid_out("images", bank.pictured, bank, moment)

    @classmethod
    def _laid_out(
        cls, what: str, rows: tuple[IntArray, Matrix | None], bank: MemoryBank, moment: Moment
    ) -> Known | None:
        posts, vectors = rows
        if vectors is None or not len(posts):
            return None
        if len(moment.author) < MOST_CANDIDATES:
            return cls(posts, vectors)
        # an index misses a few: drafts, which may come alone, are compared with all posts
        indexed = bool((moment.group >= 0).any())
        key = ("near", what, indexed)
        if key not in bank.worked_out:
            bank.worked_out[key] = cls._many(bank, posts, vectors, indexed=indexed)
        known: Known = bank.worked_out[key]
        return known

    @classmethod
    def _many(cls, bank: MemoryBank, posts: IntArray, vectors: Matrix, *, indexed: bool) -> Known:
        near = index_of(vectors, max(NEAREST)) if indexed else None
        if near is not None or len(posts) < MANY:
            return cls(posts, vectors, near)
        if bank.ordering != "time" or bank.order is None:
            return cls(posts, vectors, layout=Layout.of(vectors))
        oldest_first = np.argsort(bank.order[posts], kind="stable")
        posts, vectors = posts[oldest_first], vectors[oldest_first]
        return cls(posts, vectors, layout=Layout.of(vectors), order=bank.order[posts])

    def in_turn(self, moment: Moment) -> IntArray:
        """Return the posts asked in the order in which looking is cheapest, shape (n_posts,)."""
        if self.order is None:
            return np.arange(len(moment.author))
        return np.argsort(moment.known_until, kind="stable")

    def n_before(self, known_until: IntArray) -> int:
        """Return how many of the posts may count for some that are asked together."""
        if self.order is None:
            return len(self.posts)
        return max(int(np.searchsorted(self.order, known_until.max())), 1)


@dataclass(frozen=True)
class Looked:
    """The bank's posts that some were compared with.

    Parameters
    ----------
    posts : ndarray of int, shape (q, k) or (1, k)
        Of the bank.
    cosines : ndarray of float32, shape (q, k)
        -1 where a post must not count.
    is_own : ndarray of bool, shape (q, k)
        Whether it is of the same author.
    """

    posts: IntArray
    cosines: FloatArray
    is_own: BoolArray


def look(
    moment: Moment,
    asked: IntArray,
    vectors: Matrix,
    bank: MemoryBank,
    known: Known,
) -> Looked:
    """Compare some posts with the bank's, all or those that an index finds."""
    if known.layout is not None:
        end = known.n_before(moment.known_until[asked])
        cosines = known.layout.cosines(vectors[asked], end)
        return _barred(moment, asked, bank, known.posts[None, :end], cosines)
    if known.near is None:
        cosines = cosines_of(vectors[asked], known.vectors)
        return _barred(moment, asked, bank, known.posts[None, :], cosines)
    posts, cosines = _found(known.near, vectors[asked], known.vectors, known.posts)
    looked = _barred(moment, asked, bank, posts, cosines)
    short = (looked.cosines > -1).sum(axis=1) < max(NEAREST)
    if bank.ordering != "time" or not short.any():
        return looked
    return _with_all_earlier(moment, asked, vectors, (bank, known), (looked, short))


def _with_all_earlier(
    moment: Moment,
    asked: IntArray,
    vectors: Matrix,
    remembered: tuple[MemoryBank, Known],
    found: tuple[Looked, BoolArray],
) -> Looked:
    """Compare posts so early that an index finds later ones only with all that are earlier."""
    (bank, known), (looked, short) = remembered, found
    latest = moment.known_until[asked[short]].max()
    is_earlier = np.flatnonzero(bank.order[known.posts] < latest)  # type: ignore[index]
    if not len(is_earlier):
        return looked
    earlier = known.posts[is_earlier]
    cosines = cosines_of(vectors[asked[short]], known.vectors[is_earlier])
    more = _barred(moment, asked[short], bank, earlier[None, :], cosines)
    most = looked.cosines.shape[1]
    best = np.argsort(-more.cosines, axis=1, kind="stable")[:, :most]  # (s, <= k)
    looked.cosines[short] = -1.0
    place = np.ix_(np.flatnonzero(short), np.arange(best.shape[1]))
    looked.posts[place] = earlier[best]
    looked.cosines[place] = np.take_along_axis(more.cosines, best, axis=1)
    looked.is_own[place] = np.take_along_axis(more.is_own, best, axis=1)
    return looked


def _worth(looked: Looked, bank: MemoryBank, *, with_own: bool) -> FloatArray:
    """Return what the most alike posts were worth, shape (q, 3)."""
    cosines = looked.cosines if with_own else np.where(looked.is_own, -1.0, looked.cosines)
    return _nearest_means(cosines, looked.posts, bank.rank[looked.posts], bank.mean_rank)


def _found(
    near: Near, vectors: Matrix, others: Matrix, known: IntArray
) -> tuple[IntArray, FloatArray]:
    """Return the bank's posts that an index finds near each, and their cosines, (q, k) each.

    So many that enough are left of them where most were published later.
    """
    place = near.search(vectors, MOST_CANDIDATES)  # (q, k)
    cosines = paired_cosines(vectors, others, np.maximum(place, 0))
    return known[np.maximum(place, 0)], np.where(place < 0, -1.0, cosines)


def _barred(
    moment: Moment, asked: IntArray, bank: MemoryBank, posts: IntArray, cosines: FloatArray
) -> Looked:
    """Bar those of the bank's posts, (q, k) or (1, k), that must not count for each asked."""
    barred, is_own = must_not_count(moment, asked, bank, posts)
    cosines[barred] = -1.0
    return Looked(posts, cosines, is_own)


def must_not_count(
    moment: Moment, asked: IntArray, bank: MemoryBank, posts: IntArray
) -> tuple[BoolArray, BoolArray]:
    """Return which of the bank's posts are barred from those asked, and which are the author's own.

    Parameters
    ----------
    moment : Moment
    asked : ndarray of int, shape (q,)
        Positions in `moment`.
    bank : MemoryBank
    posts : ndarray of int, shape (q, k) or (1, k)

    Returns
    -------
    ndarray of bool, shape (q, k), twice
    """
    author, known_until = moment.author[asked, None], moment.known_until[asked, None]
    barred: BoolArray = bank.group[posts] == moment.group[asked, None]
    is_own: BoolArray = (bank.author[posts] == author) & (author >= 0)
    if bank.order is not None:
        later = bank.order[posts] >= known_until
        barred |= later if bank.ordering == "time" else is_own & later
    if bank.ordering != "time":
        barred |= ~is_own & ~bank.is_learned[posts]
    return barred, is_own


def _nearest_means(
    cosines: FloatArray, posts: IntArray, rank: FloatArray, overall: float
) -> FloatArray:
    """Return the features of some posts, shape (q, 3).

    Parameters
    ----------
    cosines : ndarray, shape (q, k)
        Not above 0 where a post is no neighbour.
    posts : ndarray of int, shape (q, k) or (1, k)
    rank : ndarray, shape (q, k) or (1, k)
    overall : float
    """
    most = min(max(NEAREST), cosines.shape[1])
    place = greatest(cosines, most, posts)
    likeness = np.take_along_axis(cosines, place, axis=1).astype(np.float64)  # (q, most), falling
    worth = np.take_along_axis(np.broadcast_to(rank, cosines.shape), place, axis=1)
    weight = on_grid(np.exp(SHARPNESS * (likeness - 1)) * (likeness > 0), SUM_BITS)
    columns = []
    for n in NEAREST:
        total = weight[:, :n].sum(axis=1)
        mean = (weight[:, :n] * worth[:, :n]).sum(axis=1)
        columns.append((mean + PRIOR_WEIGHT * overall) / (total + PRIOR_WEIGHT))
    return np.stack([*columns, np.maximum(likeness[:, 0], 0)], axis=1)
