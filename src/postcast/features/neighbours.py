"""Who is near: what posts of like texts were worth.

Reads the memory bank, and of it only what was published and settled before each post.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from postcast.features.history import Moment, by_author
from postcast.features.near import Near, index_of
from postcast.features.vectors import cosines_of, paired_cosines
from postcast.schema import Block

if TYPE_CHECKING:
    from postcast.features.bank import MemoryBank
    from postcast.schema import BoolArray, FloatArray, IntArray, Matrix

KERNELS = ((12.0, np.inf), (12.0, 100.0), (12.0, 25.0), (5.0, np.inf), (5.0, 50.0))
"""(b, τ) of the weights exp(b(cos − 1))·exp(−Δ/τ), Δ in posts of the author."""

PRIOR_WEIGHT = 0.02
"""Weight of the overall mean beside an author's neighbours."""

MOST_NEIGHBOURS = 4_000
"""An author's newest posts that are compared with; older ones are left out."""

ROWS_AT_ONCE = 512

NEAREST = (10, 40)
"""How many of the most alike posts of any author are averaged."""

MOST_CANDIDATES = 1_000
"""Of very many posts, how many near ones an index is asked for, later ones among them."""

SHARPNESS = 12.0
"""b of their weights exp(b(cos − 1))."""


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
    place = np.arange(cosines.shape[1])
    known = place < end[:, None]  # (q, k)
    since = np.maximum(end[:, None] - 1 - place, 0)  # (q, k)
    means, weights = [], []
    for b, tau in KERNELS:
        weight = np.exp(b * (cosines - 1)) * np.exp(-since / tau) * known
        total = weight.sum(axis=1)
        means.append((weight @ rank + PRIOR_WEIGHT * overall) / (total + PRIOR_WEIGHT))
        weights.append(np.log(total + 1e-3))
    likeness = np.where(known, cosines, -1.0)
    best = likeness.argmax(axis=1)
    cosine = likeness[np.arange(len(best)), best]
    most_alike = np.where(cosine > -1, rank[best], overall)
    return np.stack([*means, *weights, most_alike, np.maximum(cosine, 0)], axis=1)


def nearest(moment: Moment, vectors: Matrix, bank: MemoryBank) -> Block:
    """Return what the most alike posts were worth, of the author's earlier ones and of others.

    Parameters
    ----------
    moment : Moment
        A post never counts its own group of texts, nor a later post of its author. Where all
        posts share a clock, only earlier ones count; else of others' those that the training
        knew.
    vectors : ndarray or csr_matrix, shape (n_posts, d)
        Rows of length one.
    bank : MemoryBank

    Returns
    -------
    Block
        float32, shape (n_posts, 3): the weighted mean rank of the nearest 10 and 40, and the
        cosine of the nearest.
    """
    return _nearest(moment, vectors, bank, with_own=True)


def nearest_others(moment: Moment, vectors: Matrix, bank: MemoryBank) -> Block:
    """Return what the most alike posts of other authors were worth.

    So an author never seen before is answered as training posts were; otherwise as `nearest`.
    """
    return _nearest(moment, vectors, bank, with_own=False)


def _nearest(moment: Moment, vectors: Matrix, bank: MemoryBank, *, with_own: bool) -> Block:
    names = (*(f"mean of nearest {n}" for n in NEAREST), "cosine of nearest")
    rows = np.zeros((len(moment.author), len(names)), dtype=np.float32)
    rows[:, : len(NEAREST)] = bank.mean_rank
    texts = np.flatnonzero(bank.has_text)
    if bank.vectors is None or not len(texts):
        return Block(rows, names)
    others = bank.vectors[texts]
    near = _index(bank, others, len(rows))
    for start in range(0, len(rows), ROWS_AT_ONCE):
        chunk = np.arange(start, min(start + ROWS_AT_ONCE, len(rows)))
        if near is None:
            posts: IntArray = texts[None, :]  # (1, k)
            cosines = cosines_of(vectors[chunk], others)  # (q, k)
        else:
            posts, cosines = _found(near, vectors[chunk], others, texts)  # (q, k) each
        barred = _barred(moment, chunk, bank, posts, with_own=with_own)  # (q, k)
        cosines = np.where(barred, -1.0, cosines)
        rows[chunk] = _nearest_means(cosines, bank.rank[posts], bank.mean_rank)
        short = chunk[(cosines > -1).sum(axis=1) < max(NEAREST)]
        if near is not None and bank.ordering == "time" and len(short):
            rows[short] = _among_earlier(moment, short, vectors, bank, with_own=with_own)
    return Block(rows, names)


def _among_earlier(
    moment: Moment, asked: IntArray, vectors: Matrix, bank: MemoryBank, *, with_own: bool
) -> FloatArray:
    """Return the features of posts so early that an index finds later ones only, shape (q, 3)."""
    known = bank.has_text & (bank.order < moment.known_until[asked].max())
    posts = np.flatnonzero(known)[None, :]  # (1, k)
    if not posts.size or bank.vectors is None:
        return np.array([bank.mean_rank] * len(NEAREST) + [0.0])
    barred = _barred(moment, asked, bank, posts, with_own=with_own)
    cosines = np.where(barred, -1.0, cosines_of(vectors[asked], bank.vectors[posts[0]]))
    return _nearest_means(cosines, bank.rank[posts], bank.mean_rank)


def _index(bank: MemoryBank, others: Matrix, n_asked: int) -> Near | None:
    """Return an index where very many posts are asked of very many."""
    if n_asked < MOST_CANDIDATES:
        return None
    if "near" not in bank.worked_out:
        bank.worked_out["near"] = index_of(others, max(NEAREST))
    found: Near | None = bank.worked_out["near"]
    return found


def _found(
    near: Near, vectors: Matrix, others: Matrix, texts: IntArray
) -> tuple[IntArray, FloatArray]:
    """Return the bank's posts that an index finds near each, and their cosines, (q, k) each.

    So many that enough are left of them where most were published later.
    """
    place = near.search(vectors, MOST_CANDIDATES)  # (q, k)
    cosines = paired_cosines(vectors, others, np.maximum(place, 0))
    return texts[np.maximum(place, 0)], np.where(place < 0, -1.0, cosines)


def _barred(
    moment: Moment, asked: IntArray, bank: MemoryBank, texts: IntArray, *, with_own: bool
) -> BoolArray:
    """Mark those of the bank's posts `texts`, (q, k) or (1, k), that must not count, (q, k)."""
    author, known_until = moment.author[asked, None], moment.known_until[asked, None]
    barred: BoolArray = bank.group[texts] == moment.group[asked, None]
    is_own = (bank.author[texts] == author) & (author >= 0)
    later = np.zeros(barred.shape, dtype=bool)
    if bank.order is not None:
        later |= bank.order[texts] >= known_until
    if bank.ordering == "time":
        barred |= later
    else:
        barred |= is_own & later
        barred |= ~is_own & ~bank.is_learned[texts]
    return barred if with_own else barred | is_own


def _nearest_means(cosines: FloatArray, rank: FloatArray, overall: float) -> FloatArray:
    """Return the features of some posts, shape (q, 3).

    Parameters
    ----------
    cosines : ndarray, shape (q, k)
        -1 where a post is no neighbour.
    rank : ndarray, shape (q, k) or (1, k)
    overall : float
    """
    most = min(max(NEAREST), cosines.shape[1])
    found = np.argpartition(-cosines, most - 1, axis=1)[:, :most]
    found = np.take_along_axis(found, np.argsort(-np.take_along_axis(cosines, found, 1)), 1)
    likeness = np.take_along_axis(cosines, found, axis=1)  # (q, most), falling
    worth = np.take_along_axis(np.broadcast_to(rank, cosines.shape), found, axis=1)
    weight = np.exp(SHARPNESS * (likeness - 1)) * (likeness > -1)
    columns = []
    for n in NEAREST:
        total = weight[:, :n].sum(axis=1)
        mean = (weight[:, :n] * worth[:, :n]).sum(axis=1)
        columns.append((mean + PRIOR_WEIGHT * overall) / (total + PRIOR_WEIGHT))
    return np.stack([*columns, np.maximum(likeness[:, 0], 0)], axis=1)
