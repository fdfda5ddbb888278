"""Which remembered posts stand beside each post: its author's, those of its tags, those alike.

Reads the memory bank, and of it only what was published and settled before each post.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from postcast.features.marks import is_category
from postcast.features.nearest import ROWS_AT_ONCE, Known, Looked, look, must_not_count
from postcast.features.nearest_all import greatest
from postcast.features.vectors import cosines_of
from postcast.retrieved import Recalled, Retrieved

if TYPE_CHECKING:
    from postcast.features.bank import MemoryBank
    from postcast.features.history import Moment
    from postcast.schema import BoolArray, FloatArray, IntArray, Matrix

RETRIEVED = "retrieved"
"""By what name a classifier asks for neighbours."""

ASPECTS = ("author", "category", "tags", "text")

KEPT = 16
"""Neighbours of a post."""

CANDIDATES = 12
"""How many the author's latest, the nearest and those of like marks may each suggest."""

BEARERS = 200
"""How many posts that bear a mark are looked at, the newest."""

NOBODY = np.empty(0, dtype=np.int64)

FADING = 12.0
"""Posts of the author after which a post of theirs has lost all but 1/e of its claim."""


def retrieve(
    moment: Moment, vectors: Matrix, marks: Sequence[Sequence[int]], bank: MemoryBank
) -> Retrieved:
    """Return the best neighbours of each post.

    The author's latest posts, with text or without, those of most alike text and those that share
    the rarest tags and the category are scored together: cosine, plus exp(−age/12) for an own
    post, plus the share of the post's marks, by inverse document frequency, that the other bears.

    Parameters
    ----------
    moment : Moment
        What may count is what may for `postcast.features.nearest.nearest`.
    vectors : ndarray or csr_matrix, shape (n_posts, d)
        Rows of length one.
    marks : sequence of sequence of int, length n_posts or 0
    bank : MemoryBank

    References
    ----------
    Memory bank and shared aspects: RAGTrans (KDD 2024). Weights by inverse document frequency:
    SKAPP (AAAI 2025).
    """
    n_posts = len(moment.author)
    found = Retrieved(
        neighbours=np.full((n_posts, KEPT), -1, dtype=np.int64),
        similarity=np.zeros((n_posts, KEPT), dtype=np.float32),
        age=np.zeros((n_posts, KEPT), dtype=np.float32),
        shared=np.zeros((n_posts, KEPT, len(ASPECTS)), dtype=bool),
        aspects=ASPECTS,
        bank=Recalled({"text": bank.vectors}, bank.rank, bank.author),
    )
    known = Known.of(bank, n_posts)
    if known is None:
        return found
    in_turn = known.in_turn(moment)
    for start in range(0, n_posts, ROWS_AT_ONCE):
        chunk = in_turn[start : start + ROWS_AT_ONCE]
        near = _nearest(look(moment, chunk, vectors, bank, known))
        for post, alike in zip(chunk.tolist(), near, strict=True):
            borne = marks[post] if len(marks) else ()
            _Search(moment, post, bank).fill(found, vectors[[post]], alike, borne)
    return found


def _nearest(looked: Looked) -> list[IntArray]:
    """Return the posts of most alike text for each asked, positions in the bank."""
    most = min(CANDIDATES, looked.cosines.shape[1])
    place = greatest(looked.cosines, most)  # (q, most)
    cosines = np.take_along_axis(looked.cosines, place, axis=1)
    posts = np.broadcast_to(looked.posts, looked.cosines.shape)
    found = np.take_along_axis(posts, place, axis=1)
    return [row[cosine > 0] for row, cosine in zip(found, cosines, strict=True)]


@dataclass(frozen=True)
class _Search:
    """One post's look for neighbours."""

    moment: Moment
    post: int
    bank: MemoryBank

    def fill(self, found: Retrieved, vector: Matrix, alike: IntArray, marks: Sequence[int]) -> None:
        """Write the post's row of what was found; `vector` is of shape (1, d)."""
        own, n_known = self._own()
        overlap = self._overlap(marks)
        told = [one for one in overlap if self.bank.has_text[one]]
        by_mark = sorted(told, key=lambda one: (-overlap[one], -one))[:CANDIDATES]
        latest = own[max(n_known - CANDIDATES, 0) : n_known]
        suggested = [alike, latest, np.array(by_mark, dtype=np.int64)]
        posts = np.unique(np.concatenate(suggested))  # (c,)
        asked = np.array([self.post])
        barred, is_own = np.stack(must_not_count(self.moment, asked, self.bank, posts[None]))[:, 0]
        posts, is_own = posts[~barred], is_own[~barred]
        if not len(posts):
            return
        cosine = cosines_of(vector, self.bank.vectors[posts])[0]  # type: ignore[index]
        age = self._age(posts, own, n_known)  # (c,)
        claim = np.exp(-age / FADING) * is_own
        score = cosine + claim + np.array([overlap.get(one, 0.0) for one in posts.tolist()])
        best = np.lexsort((posts, -np.round(score, 5)))[:KEPT]
        kept, row = posts[best], slice(0, len(best))
        found.neighbours[self.post, row] = kept
        found.similarity[self.post, row] = cosine[best]
        found.age[self.post, row] = np.log1p(age[best]) * is_own[best]
        category, tags = self._sharing(kept, marks)
        columns = (is_own[best], category, tags, np.isin(kept, alike))
        found.shared[self.post, row] = np.stack(columns, axis=1)  # (k, 4)

    def _own(self) -> tuple[IntArray, int]:
        """Return the author's posts in the bank, oldest first, and how many of them count."""
        own, order = self.bank.posts_of(int(self.moment.author[self.post])), self.bank.order
        if self.moment.author[self.post] < 0 or order is None:
            return own[:0], 0
        return own, int(np.searchsorted(order[own], self.moment.known_until[self.post]))

    def _age(self, posts: IntArray, own: IntArray, n_known: int) -> FloatArray:
        """Return how many posts the author published since each, of others anything, (c,)."""
        order = self.bank.order
        if order is None:
            return np.zeros(len(posts))
        place = np.searchsorted(order[own], order[posts])
        return np.maximum(n_known - 1 - place, 0).astype(np.float64)

    def _overlap(self, marks: Sequence[int]) -> dict[int, float]:
        """Return the share of the marks, by rarity, that each of the bank's posts bears.

        Of a mark that very many bear, the newest are looked at.
        """
        if not marks:
            return {}
        n_posts = len(self._before(self._in_turn()))
        bearers = {code: self._before(self.bank.bearers.get(code, NOBODY)) for code in marks}
        weight = {code: np.log1p(n_posts / max(len(posts), 1)) for code, posts in bearers.items()}
        shares: dict[int, float] = {}
        for code, posts in bearers.items():
            for one in posts[-BEARERS:].tolist():
                shares[one] = shares.get(one, 0.0) + weight[code] / sum(weight.values())
        return shares

    def _in_turn(self) -> IntArray:
        """Return the bank's posts, oldest first."""
        if "in turn" not in self.bank.worked_out:
            order = np.zeros(len(self.bank)) if self.bank.order is None else self.bank.order
            self.bank.worked_out["in turn"] = np.argsort(order, kind="stable")
        in_turn: IntArray = self.bank.worked_out["in turn"]
        return in_turn

    def _before(self, posts: IntArray) -> IntArray:
        """Return those of some posts, oldest first, that a common clock has before the post."""
        if self.bank.order is None or self.bank.ordering != "time":
            return posts
        until = self.moment.known_until[self.post]
        return posts[: np.searchsorted(self.bank.order[posts], until)]

    def _sharing(self, posts: IntArray, marks: Sequence[int]) -> tuple[BoolArray, BoolArray]:
        """Return which posts share the category, and which any tag, shape (k,) each."""
        shares = np.zeros((2, len(posts)), dtype=bool)
        if self.bank.marks is not None and len(marks):
            for row, post in enumerate(posts.tolist()):
                of_both = np.intersect1d(self.bank.marks.of_post(post), marks)
                shares[0, row] = is_category(of_both).any()
                shares[1, row] = (~is_category(of_both)).any()
        return shares[0], shares[1]
