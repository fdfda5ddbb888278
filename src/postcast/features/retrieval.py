"""Which remembered posts stand beside each post: its author's, those of its tags, those alike.

Reads the memory bank, and of it only what was published and settled before each post.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from postcast.features.marks import is_category
from postcast.features.nearest import ROWS_AT_ONCE, Known, look, must_not_count
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
"""What may be shared with a neighbour; ``image`` comes last where images are looked at."""

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
    moment: Moment,
    vectors: Matrix,
    marks: Sequence[Sequence[int]],
    bank: MemoryBank,
    images: FloatArray | None = None,
) -> Retrieved:
    """Return the best neighbours of each post.

    The author's latest posts, with text or without, those of most alike text, those of most alike
    image and those that share the rarest tags and the category are scored together: cosine of the
    texts, plus that of the images where it is above zero, plus exp(−age/12) for an own post, plus
    the share of the post's marks, by inverse document frequency, that the other bears.

    Parameters
    ----------
    moment : Moment
        What may count is what may for `postcast.features.nearest.nearest`.
    vectors : ndarray or csr_matrix, shape (n_posts, d)
        Rows of length one.
    marks : sequence of sequence of int, length n_posts or 0
    bank : MemoryBank
    images : ndarray of float32, shape (n_posts, w), or None
        Of the posts, as the bank's `ImageVectors.of` gives them; None where no images are looked
        at.

    References
    ----------
    Memory bank and shared aspects: RAGTrans (KDD 2024). Weights by inverse document frequency:
    SKAPP (AAAI 2025).
    """
    n_posts = len(moment.author)
    found = _nobody(n_posts, bank, images)
    if images is not None:
        found = replace(found, without_image=_nobody(n_posts, bank, images))
    known = Known.of(bank, moment)
    if known is None:
        return found
    like_text = _nearest(moment, np.arange(n_posts), vectors, bank, known)
    like_image = _like_images(moment, images, bank)
    for post in range(n_posts):
        search = _Search(moment, post, bank, marks[post] if len(marks) else ())
        shown = _Shown(vectors[[post]], _there(like_text[post]))
        if images is not None and found.without_image is not None:
            search.fill(found.without_image, shown)
            shown = replace(shown, image=images[post], like_image=_there(like_image[post]))
        search.fill(found, shown)
    return found


def _nobody(n_posts: int, bank: MemoryBank, images: FloatArray | None) -> Retrieved:
    """Return no neighbours of any post, to be filled in."""
    vectors, aspects, image_similarity = {"text": bank.vectors}, list(ASPECTS), None
    if images is not None and bank.images is not None:
        vectors["image"] = bank.images.rows
        aspects.append("image")
        image_similarity = np.zeros((n_posts, KEPT), dtype=np.float32)
    return Retrieved(
        neighbours=np.full((n_posts, KEPT), -1, dtype=np.int64),
        similarity=np.zeros((n_posts, KEPT), dtype=np.float32),
        age=np.zeros((n_posts, KEPT), dtype=np.float32),
        shared=np.zeros((n_posts, KEPT, len(aspects)), dtype=bool),
        aspects=tuple(aspects),
        bank=Recalled(vectors, bank.rank, bank.author),
        image_similarity=image_similarity,
    )


def _like_images(moment: Moment, images: FloatArray | None, bank: MemoryBank) -> IntArray:
    """Return the posts of most alike image, as `_nearest` does; of no width for no images."""
    n_posts = len(moment.author)
    known = Known.of_images(bank, moment)
    if images is None or known is None:
        return np.empty((n_posts, 0), dtype=np.int64)
    return _nearest(moment, np.flatnonzero(images.any(axis=1)), images, bank, known)


def _nearest(
    moment: Moment, asked: IntArray, vectors: Matrix, bank: MemoryBank, known: Known
) -> IntArray:
    """Return the most alike posts of those asked, positions in the bank, shape (n_posts, most).

    -1 where there are fewer, and for posts that are not asked.
    """
    found: IntArray = np.full((len(moment.author), CANDIDATES), -1, dtype=np.int64)
    in_turn = known.in_turn(moment)
    in_turn = in_turn[np.isin(in_turn, asked)]
    for start in range(0, len(in_turn), ROWS_AT_ONCE):
        chunk = in_turn[start : start + ROWS_AT_ONCE]
        looked = look(moment, chunk, vectors, bank, known)
        most = min(CANDIDATES, looked.cosines.shape[1])
        place = greatest(looked.cosines, most, looked.posts)  # (q, most)
        cosines = np.take_along_axis(looked.cosines, place, axis=1)
        posts = np.broadcast_to(looked.posts, looked.cosines.shape)
        nearest = np.take_along_axis(posts, place, axis=1)
        found[chunk, :most] = np.where(cosines > 0, nearest, -1)
    return found


def _there(posts: IntArray) -> IntArray:
    return posts[posts >= 0]


@dataclass(frozen=True)
class _Shown:
    """What a post shows.

    Parameters
    ----------
    text : ndarray or csr_matrix, shape (1, d)
    like_text : ndarray of int
        The bank's posts of most alike text.
    image : ndarray of float32, shape (w,), or None
    like_image : ndarray of int
    """

    text: Matrix
    like_text: IntArray
    image: FloatArray | None = None
    like_image: IntArray = field(default_factory=NOBODY.copy)


@dataclass(frozen=True)
class _Search:
    """One post's look for neighbours."""

    moment: Moment
    post: int
    bank: MemoryBank
    marks: Sequence[int]

    def fill(self, found: Retrieved, shown: _Shown) -> None:
        """Write the post's row of what was found."""
        own, n_known = self._own()
        told = [one for one in self.overlap if self.bank.has_text[one]]
        by_mark = sorted(told, key=lambda one: (-self.overlap[one], -one))[:CANDIDATES]
        latest = own[max(n_known - CANDIDATES, 0) : n_known]
        suggested = [shown.like_text, latest, np.array(by_mark, dtype=np.int64), shown.like_image]
        posts = np.unique(np.concatenate(suggested))  # (c,)
        asked = np.array([self.post])
        barred, is_own = np.stack(must_not_count(self.moment, asked, self.bank, posts[None]))[:, 0]
        posts, is_own = posts[~barred], is_own[~barred]
        if not len(posts):
            return
        cosine = cosines_of(shown.text, self.bank.vectors[posts])[0]  # type: ignore[index]
        image_cosine = self._image_cosines(shown, posts)  # (c,)
        age = self._age(posts, own, n_known)  # (c,)
        claim = np.exp(-age / FADING) * is_own + np.maximum(image_cosine, 0)
        overlap = np.array([self.overlap.get(one, 0.0) for one in posts.tolist()])
        score = cosine + claim + overlap
        best = np.lexsort((posts, -np.round(score, 5)))[:KEPT]
        kept, row = posts[best], slice(0, len(best))
        found.neighbours[self.post, row] = kept
        found.similarity[self.post, row] = cosine[best]
        found.age[self.post, row] = np.log1p(age[best]) * is_own[best]
        category, tags = self._sharing(kept)
        columns = [is_own[best], category, tags, np.isin(kept, shown.like_text)]
        if found.image_similarity is not None:
            found.image_similarity[self.post, row] = image_cosine[best]
            columns.append(np.isin(kept, shown.like_image))
        found.shared[self.post, row] = np.stack(columns, axis=1)  # (k, n_aspects)

    def _image_cosines(self, shown: _Shown, posts: IntArray) -> FloatArray:
        """Return how alike the images are, shape (c,); 0 where either post shows none."""
        if shown.image is None or self.bank.images is None:
            return np.zeros(len(posts))
        return np.asarray(self.bank.images.rows[posts] @ shown.image)

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

    @cached_property
    def overlap(self) -> dict[int, float]:
        """The share of the marks, by rarity, that each of the bank's posts bears.

        Of a mark that very many bear, the newest are looked at.
        """
        if not self.marks:
            return {}
        n_posts = len(self._before(self._in_turn()))
        bearers = {code: self._before(self.bank.bearers.get(code, NOBODY)) for code in self.marks}
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

    def _sharing(self, posts: IntArray) -> tuple[BoolArray, BoolArray]:
        """Return which posts share the category, and which any tag, shape (k,) each."""
        shares = np.zeros((2, len(posts)), dtype=bool)
        if self.bank.marks is not None and len(self.marks):
            for row, post in enumerate(posts.tolist()):
                of_both = np.intersect1d(self.bank.marks.of_post(post), self.marks)
                shares[0, row] = is_category(of_both).any()
                shares[1, row] = (~is_category(of_both)).any()
        return shares[0], shares[1]
