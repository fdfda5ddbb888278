"""The memory bank: the posts that a forecaster remembers, and draws history on.

Knows no class and no file. Forecasts know texts by fingerprint and vector alone.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from postcast.features.familiar import Familiar
from postcast.features.image_vectors import ImageVectors
from postcast.features.marks import Marks
from postcast.features.vectors import arrays_of, rows_from
from postcast.features.wordings import Wordings
from postcast.grouping import rows_by
from postcast.ranks import ranks
from postcast.schema import Parts

if TYPE_CHECKING:
    from postcast.schema import FloatArray, IntArray, Matrix, Ordering


@dataclass(frozen=True)
class MemoryBank:
    """Posts whose counts were known when the training ended, oldest first within an author.

    Parameters
    ----------
    ids : sequence of str, length n_posts
    authors : sequence of str
        The distinct authors; `author` indexes them.
    author : ndarray of int, shape (n_posts,)
        -1 where a post has none.
    engagement : ndarray of float, shape (n_posts,)
    order : ndarray of int64, shape (n_posts,), or None
    group : ndarray of int, shape (n_posts,)
        Copies of one another, by text or image, share a number.
    fingerprints : ndarray of uint8, shape (n_posts, 16)
        Of the folded texts; zeros for a post without text.
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

    @cached_property
    def author_codes(self) -> dict[str, int]:
        """Author to code."""
        return {name: code for code, name in enumerate(self.authors)}

    @cached_property
    def rank(self) -> FloatArray:
        """The rank of each count among those learned, 0 to 1, ties at their middle."""
        return ranks(self.engagement, self.engagement[: self.n_learned])

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
        known = {row.tobytes() for row in self.fingerprints[self.has_text]}
        return np.array([row.tobytes() in known for row in fingerprints], dtype=bool)

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
        facts = {
            "ids": list(self.ids),
            "authors": list(self.authors),
            "ordering": self.ordering,
            "text_from": list(self.text_from),
            "columns": {role: list(names) for role, names in self.columns.items()},
            "n_learned": self.n_learned,
            "familiar": self.familiar.facts(),
            "updates": [dict(one) for one in self.updates],
        }
        return Parts(facts=facts, arrays=arrays | self.familiar.arrays())

    @classmethod
    def from_state(cls, parts: Parts) -> Self:
        """Rebuild a saved bank."""
        arrays = parts.arrays
        return cls(
            ids=parts.facts["ids"],
            authors=parts.facts["authors"],
            author=arrays["author"],
            engagement=arrays["engagement"],
            order=arrays.get("order"),
            group=arrays["group"],
            fingerprints=arrays["fingerprints"],
            ordering=parts.facts["ordering"],
            text_from=parts.facts["text_from"],
            columns=parts.facts["columns"],
            vectors=rows_from(arrays),
            n_learned=parts.facts.get("n_learned"),
            familiar=Familiar.from_state(parts),
            marks=Marks.from_arrays(arrays, len(parts.facts["ids"])),
            images=ImageVectors.from_arrays(arrays),
            updates=parts.facts.get("updates", ()),
        )
