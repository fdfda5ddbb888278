"""The memory bank: the training posts that a forecaster remembers.

Knows no class and no file. Texts are remembered by fingerprint alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from postcast.schema import Parts

if TYPE_CHECKING:
    from postcast.schema import FloatArray, IntArray, Ordering


@dataclass(frozen=True)
class MemoryBank:
    """Training posts, and how their texts were put together.

    Parameters
    ----------
    ids : sequence of str, length n_posts
    authors : sequence of str
        The distinct authors; `author` indexes them.
    author : ndarray of int, shape (n_posts,)
        -1 where a post has none.
    engagement : ndarray of float, shape (n_posts,)
    order : ndarray of int64, shape (n_posts,), or None
    fingerprints : ndarray of uint8, shape (n_posts, 16)
        Of the folded texts.
    ordering : {"time", "id", "none"}
        What `order` means; see `postcast.schema.Source`.
    text_from : sequence of {"text", "title"}
        What a post's text is joined from.
    columns : mapping of str to list of str
        Role to the source's column names, tried first on a new file.
    """

    ids: Sequence[str]
    authors: Sequence[str]
    author: IntArray
    engagement: FloatArray
    order: IntArray | None
    fingerprints: np.ndarray
    ordering: Ordering
    text_from: Sequence[str]
    columns: Mapping[str, Sequence[str]]

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def author_codes(self) -> dict[str, int]:
        """Author to code."""
        return {name: code for code, name in enumerate(self.authors)}

    def knows_texts(self, fingerprints: np.ndarray) -> np.ndarray:
        """Return which fingerprints are those of training posts, shape (n,) of bool."""
        known = {row.tobytes() for row in self.fingerprints}
        return np.array([row.tobytes() in known for row in fingerprints], dtype=bool)

    def state(self) -> Parts:
        """Return the posts for `storage`."""
        arrays = {
            "author": self.author,
            "engagement": self.engagement,
            "fingerprints": self.fingerprints,
        }
        if self.order is not None:
            arrays["order"] = self.order
        facts = {
            "ids": list(self.ids),
            "authors": list(self.authors),
            "ordering": self.ordering,
            "text_from": list(self.text_from),
            "columns": {role: list(names) for role, names in self.columns.items()},
        }
        return Parts(facts=facts, arrays=arrays)

    @classmethod
    def from_state(cls, parts: Parts) -> Self:
        """Rebuild a saved bank."""
        return cls(
            ids=parts.facts["ids"],
            authors=parts.facts["authors"],
            author=parts.arrays["author"],
            engagement=parts.arrays["engagement"],
            order=parts.arrays.get("order"),
            fingerprints=parts.arrays["fingerprints"],
            ordering=parts.facts["ordering"],
            text_from=parts.facts["text_from"],
            columns=parts.facts["columns"],
        )
