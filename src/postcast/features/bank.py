"""The memory bank: the posts that a forecaster remembers, and draws history on.

Knows no class and no file. Forecasts know texts by fingerprint and vector alone.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, cast, get_args

import numpy as np

from postcast import validation as checks
from postcast.exact_sums import SUM_BITS, on_grid
from postcast.features.disguise import Disguise
from postcast.features.familiar import Familiar
from postcast.features.image_vectors import ImageVectors
from postcast.features.marks import Marks
from postcast.features.vectors import arrays_of, rows_from
from postcast.features.wordings import Wordings
from postcast.grouping import rows_by
from postcast.ranks import ranks
from postcast.schema import Ordering, Parts

if TYPE_CHECKING:
    from postcast.schema import FloatArray, IntArray, Matrix

ROLES = ("text", "title", "author", "time", "count", "id", "category", "image", "tags")
"""What a source's columns are taken for; see `postcast.schema.Source`."""

FIRST_TIME, LAST_TIME = -62_135_596_800_000_000, 253_402_300_799_999_999
"""The first and the last microsecond of the years 1 to 9999, since 1970."""


@dataclass(frozen=True)
class MemoryBank:
    """Posts whose counts were known when the training ended, oldest first within an author.

    Parameters
    ----------
    ids : sequence of str, length n_posts
    authors : sequence of str
        The distinct authors, or what stands for them; `author` indexes them.
    author : ndarray of int, shape (n_posts,)
        -1 where a post has none.
    engagement : ndarray of float, shape (n_posts,)
    order : ndarray of int64, shape (n_posts,), or None
    group : ndarray of int, shape (n_posts,)
        Copies of one another, by text or image, share a number.
    fingerprints : ndarray of uint8, shape (n_posts, 16)
        Of the folded texts, or what stands for those; zeros for a post without text.
    ordering : {"time", "id", "none"}
        What `order` means; see `postcast.schema.Source`.
    text_from : sequence of {"text", "title"}
        What a post's text is joined from.
    columns : mapping of str to list of str
        Role to the source's column names, tried first on a new file.
    vectors : ndarray, csr_matrix or SparseRows of float32, shape (n_posts, d), or None
        Of the texts, each of length one; zeros for a post without text. None for
        forecasters that look for no neighbours.
    n_learned : int or None
        Those that the training knew, which stand first: what ranks are ranks among. None for
        all of them.
    familiar : Familiar
        What the texts are like, to tell a draft that is not; empty in older banks.
    marks : Marks or None
        Tags and categories, by number; None for forecasters that retrieve no neighbours.
    wordings : Wordings or None
        What the posts say, for people to read; a piece of its own when saved. None where texts
        may not be kept.
    images : ImageVectors or None
        What the posts' images look like; None where none are looked at, or no neighbours
        retrieved.
    image_prints : ndarray of uint8, shape (n_posts, 16), or None
        Of what the posts' image files hold, or what stands for it; zeros for none, and None in
        banks of posts without.
    disguise : Disguise or None
        What hides the names, marks and fingerprints of a bank that may not tell them; None where
        they stand as they are.
    updates : sequence of mapping
        What was taken in after the training, oldest first: ``date``, ``posts`` and the
        ``input_sha256`` of their file.
    """

    ids: Sequence[str]
    authors: Sequence[str]
    author: IntArray
    engagement: FloatArray
    order: IntArray | None
    group: IntArray
    fingerprints: np.ndarray
    ordering: Ordering
    text_from: Sequence[str]
    columns: Mapping[str, Sequence[str]]
    vectors: Matrix | None = None
    n_learned: int | None = None
    familiar: Familiar = field(default_factory=Familiar)
    marks: Marks | None = None
    images: ImageVectors | None = None
    wordings: Wordings | None = None
    image_prints: np.ndarray | None = None
    disguise: Disguise | None = None
    updates: Sequence[Mapping[str, Any]] = ()

    @classmethod
    def of_authors(cls, authors: Sequence[str]) -> Self:
        """Return a bank that remembers no post, and knows authors by name only."""
        none = np.empty(0, dtype=np.int64)
        return cls(
            ids=(),
            authors=authors,
            author=none,
            engagement=none.astype(float),
            order=None,
            group=none,
            fingerprints=np.empty((0, 16), dtype=np.uint8),
            ordering="none",
            text_from=("text",),
            columns={},
        )

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        """Say how much is remembered, and nothing of a post."""
        order = "unordered" if self.ordering == "none" else f"ordered by {self.ordering}"
        return f"<MemoryBank: {len(self):,} posts of {len(self.authors):,} authors, {order}>"

    @cached_property
    def _author_codes(self) -> dict[str, int]:
        return {name: code for code, name in enumerate(self.authors)}

    def code_of(self, author: str) -> int:
        """Return the code of an author by name; -1 for one who is not known."""
        name = author if self.disguise is None else self.disguise.name(author)
        return self._author_codes.get(name, -1)

    def codes_of(self, authors: Sequence[str | None]) -> IntArray:
        """Return the codes of authors by name; -1 for those not known, and for none.

        Parameters
        ----------
        authors : sequence of str or None, length n_posts

        Returns
        -------
        ndarray of int64, shape (n_posts,)
        """
        codes = [-1 if author is None else self.code_of(author) for author in authors]
        return np.array(codes, dtype=np.int64)

    def marks_known_by(self, marks: Sequence[Sequence[int]]) -> Sequence[Sequence[int]]:
        """Return the marks of drafts as this bank numbers them, each in its place."""
        if self.disguise is None:
            return marks
        return [tuple(map(self.disguise.mark, codes)) for codes in marks]

    def prints_known_by(self, fingerprints: np.ndarray) -> np.ndarray:
        """Return fingerprints as this bank keeps them, of the same shape."""
        return fingerprints if self.disguise is None else self.disguise.prints(fingerprints)

    def hidden(self, disguise: Disguise) -> Self:
        """Return a bank that tells no text, name or tag, and gives the same answers."""
        marks = self.marks
        return replace(
            self,
            ids=[str(place) for place in range(1, len(self) + 1)],
            authors=[disguise.name(name) for name in self.authors],
            fingerprints=disguise.prints(self.fingerprints),
            image_prints=None if self.image_prints is None else disguise.prints(self.image_prints),
            marks=None if marks is None else replace(marks, codes=disguise.marks(marks.codes)),
            wordings=None,
            disguise=disguise,
        )

    @cached_property
    def rank(self) -> FloatArray:
        """The rank of each count among those learned, 0 to 1, ties at their middle."""
        return on_grid(ranks(self.engagement, self.engagement[: self.n_learned]), SUM_BITS)

    @cached_property
    def mean_rank(self) -> float:
        """The mean rank of the posts learned; one half where there are none."""
        return float(self.rank[: self.n_learned].mean()) if len(self) else 0.5

    @cached_property
    def is_learned(self) -> np.ndarray:
        """Which posts the training knew, shape (n_posts,) of bool."""
        return np.arange(len(self)) < (len(self) if self.n_learned is None else self.n_learned)

    @cached_property
    def has_text(self) -> np.ndarray:
        """Which posts have a text, shape (n_posts,) of bool."""
        return np.asarray(self.fingerprints.any(axis=1))

    @cached_property
    def texts(self) -> tuple[IntArray, Matrix | None]:
        """The positions of the posts with text, and their vectors, if any are kept."""
        positions = np.flatnonzero(self.has_text)
        if self.vectors is None or len(positions) == len(self):
            return positions, self.vectors
        return positions, self.vectors[positions]

    @cached_property
    def pictured(self) -> tuple[IntArray, FloatArray | None]:
        """The positions of the posts with a text and an image that was seen, and its vectors.

        A post without a text counts for its author alone, whatever it shows.
        """
        if self.images is None:
            return np.empty(0, dtype=np.int64), None
        positions = np.flatnonzero(self.has_text & self.images.has)
        return positions, self.images.rows[positions]

    @cached_property
    def _by_author(self) -> dict[int, IntArray]:
        if self.order is None:
            return {}
        oldest_first = np.argsort(self.order, kind="stable")
        of_author = rows_by(self.author[oldest_first])
        return {author: oldest_first[rows] for author, rows in of_author.items()}

    @cached_property
    def bearers(self) -> dict[int, IntArray]:
        """The positions of the posts that bear each tag or category, oldest first."""
        return {} if self.marks is None else self.marks.bearers(self.order)

    @cached_property
    def worked_out(self) -> dict[Hashable, Any]:
        """What was once worked out of these posts and holds for later questions, by its maker."""
        return {}

    def posts_of(self, author: int) -> IntArray:
        """Return the positions of an author's posts, oldest first; of those of none for -1."""
        return self._by_author.get(author, np.empty(0, dtype=np.int64))

    def knows_texts(self, fingerprints: np.ndarray) -> np.ndarray:
        """Return which fingerprints are those of remembered posts, shape (n,) of bool."""
        return self._are_among(fingerprints, self.fingerprints)

    def knows_images(self, prints: np.ndarray) -> np.ndarray:
        """Return which prints are of images of remembered posts, shape (n,) of bool."""
        if self.image_prints is None:
            return np.zeros(len(prints), dtype=bool)
        return self._are_among(prints, self.image_prints)

    def _are_among(self, prints: np.ndarray, kept: np.ndarray) -> np.ndarray:
        known = {row.tobytes() for row in kept} - {bytes(kept.shape[1])}
        return np.array(
            [row.tobytes() in known for row in self.prints_known_by(prints)], dtype=bool
        )

    def state(self) -> Parts:
        """Return the posts for `storage`."""
        arrays: dict[str, Any] = {
            "author": self.author,
            "engagement": self.engagement,
            "group": self.group,
            "fingerprints": self.fingerprints,
        }
        if self.order is not None:
            arrays["order"] = self.order
        if self.vectors is not None:
            arrays |= arrays_of(self.vectors)
        if self.marks is not None:
            arrays |= self.marks.arrays()
        if self.images is not None:
            arrays |= self.images.arrays()
        if self.image_prints is not None:
            arrays["image_prints"] = self.image_prints
        facts = {
            "ids": list(self.ids),
            "authors": list(self.authors),
            "ordering": self.ordering,
            "text_from": list(self.text_from),
            "columns": {role: list(names) for role, names in self.columns.items()},
            "n_learned": self.n_learned,
            "familiar": self.familiar.facts(),
            "salt": None if self.disguise is None else self.disguise.salt.hex(),
            "updates": [dict(one) for one in self.updates],
        }
        return Parts(facts=facts, arrays=arrays | self.familiar.arrays())

    @classmethod
    def from_state(cls, parts: Parts) -> Self:
        """Rebuild a saved bank.

        Raises
        ------
        ValueError
            If its lists and arrays do not fit one another, or hold what no bank does.
        """
        facts, arrays, salt = parts.facts, parts.arrays, checks.salt(parts.facts, "salt")
        ids, authors = checks.texts(facts, "ids"), checks.texts(facts, "authors")
        n_posts, prints = len(ids), "image_prints" in arrays
        ordering = checks.text(facts, "ordering", get_args(Ordering))
        return cls(
            ids=ids,
            authors=authors,
            author=checks.integers(arrays, "author", (n_posts,), -1, len(authors)),
            engagement=checks.floats(arrays, "engagement", (n_posts,)),
            order=_saved_order(arrays, n_posts, ordering) if "order" in arrays else None,
            group=checks.integers(arrays, "group", (n_posts,)),
            fingerprints=checks.digests(arrays, "fingerprints", n_posts),
            ordering=cast("Ordering", ordering),
            text_from=checks.texts(facts, "text_from"),
            columns=_saved_columns(facts),
            vectors=rows_from(arrays, n_posts),
            n_learned=(
                None
                if facts.get("n_learned") is None
                else checks.whole(facts, "n_learned", 0, n_posts)
            ),
            familiar=Familiar.from_state(parts),
            marks=Marks.from_arrays(arrays, n_posts),
            images=ImageVectors.from_arrays(arrays, n_posts),
            image_prints=checks.digests(arrays, "image_prints", n_posts) if prints else None,
            disguise=None if salt is None else Disguise(salt),
            updates=_saved_updates(facts),
        )


def _saved_order(arrays: Mapping[str, np.ndarray], n_posts: int, ordering: str) -> IntArray:
    """Return the order of the posts; where it is a time, one that a calendar has."""
    order = checks.integers(arrays, "order", (n_posts,))
    if order.dtype != np.int64:
        raise ValueError(f"tensor 'order' is of {order.dtype}")
    is_time = (order >= FIRST_TIME) & (order <= LAST_TIME)
    if ordering == "time" and not (is_time | (order == np.iinfo(np.int64).max)).all():
        raise ValueError("tensor 'order' holds a time beyond the years 1 to 9999")
    return order


def _saved_columns(facts: Mapping[str, Any]) -> dict[str, list[str]]:
    columns = checks.mapping(facts, "columns")
    for role in columns:
        if role not in ROLES or not (checks.texts(columns, role) or role == "text"):
            raise ValueError(f"'columns' has the role {role!r}, or no column of it")
    return columns


def _saved_updates(facts: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    updates = facts.get("updates", [])
    if not isinstance(updates, list) or not all(isinstance(one, dict) for one in updates):
        raise ValueError("'updates' is no list of JSON objects")
    for update in updates:
        checks.text(update, "date")
        checks.text(update, "input_sha256")
        checks.whole(update, "posts", 0, 2**48)
    return updates
