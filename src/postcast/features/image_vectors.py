"""Images of remembered posts as vectors of one length, by which posts are compared.

Knows blocks of features; no file, no post and no count. Answers with numpy alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from postcast.exact_sums import product
from postcast.features.images.sense import IMAGE, MASK, VISUAL
from postcast.features.vectors import unit_rows
from postcast.scaling import scale_of
from postcast.validation import floats

if TYPE_CHECKING:
    from postcast.schema import Block, BoolArray, FloatArray

WIDEST = 128
"""Directions that are kept of wider features, those in which images differ most."""

LEARNED_FROM = 20_000
"""Images from which the directions are learned, at most."""

ARRAYS = ("rows", "mean", "scale", "directions")
PREFIX = "images."


@dataclass(frozen=True)
class ImageVectors:
    """What the images of a bank's posts look like.

    An encoder's vector and the plain features, around their mean over the images that were seen,
    with a last column of ones before all is scaled to length one: without it an image near the
    mean would be brought to the same length as any other, and its direction would be chance.

    Parameters
    ----------
    rows : ndarray of float32, shape (n_posts, w + 1)
        Of length one; zeros for a post whose image was not seen.
    mean, scale : ndarray of float32, shape (d,)
        See `postcast.scaling.scale_of`.
    directions : ndarray of float32, shape (d, w)
    """

    rows: FloatArray
    mean: FloatArray
    scale: FloatArray
    directions: FloatArray

    @classmethod
    def learned(cls, blocks: Mapping[str, Block]) -> Self:
        """Learn scale and directions from some posts, and keep their vectors.

        Parameters
        ----------
        blocks : mapping of str to Block
            See `postcast.features.images.sense.Seen`.
        """
        seen = np.flatnonzero(_has(blocks))
        mean, scale = scale_of([one[seen] for one in _matrices(blocks)])
        sample = seen[:: max(-(-len(seen) // LEARNED_FROM), 1)]
        scaled = (np.hstack([one[sample] for one in _matrices(blocks)]) - mean) / scale
        learned = cls(np.empty((0, 0), dtype=np.float32), mean, scale, _directions(scaled))
        return replace(learned, rows=learned.of(blocks))

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def has(self) -> BoolArray:
        """Which posts have an image that was seen, shape (n_posts,)."""
        return np.asarray(self.rows.any(axis=1))

    def of(self, blocks: Mapping[str, Block]) -> FloatArray:
        """Return the vectors of other posts, shape (n_other, w + 1)."""
        scaled = (np.hstack(_matrices(blocks)) - self.mean) / self.scale
        placed = product(scaled, self.directions)  # (n, w)
        rows: FloatArray = unit_rows(np.hstack([placed, np.ones((len(placed), 1))]))
        return rows * _has(blocks)[:, None]

    def joined(self, blocks: Mapping[str, Block]) -> Self:
        """Return the vectors of these posts and of others, scale and directions unchanged."""
        return replace(self, rows=np.vstack([self.rows, self.of(blocks)]))

    def arrays(self) -> dict[str, Any]:
        """Return the vectors by the names under which they are saved."""
        return {PREFIX + name: getattr(self, name) for name in ARRAYS}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any], n_posts: int) -> Self | None:
        """Rebuild them; None of banks that were saved without."""
        if PREFIX + ARRAYS[0] not in arrays:
            return None
        directions = floats(arrays, f"{PREFIX}directions", (None, None))
        width, n_directions = directions.shape
        scale = floats(arrays, f"{PREFIX}scale", (width,))
        if not scale.all():
            raise ValueError("tensor 'images.scale' holds zero")
        return cls(
            rows=floats(arrays, f"{PREFIX}rows", (n_posts, n_directions + 1)),
            mean=floats(arrays, f"{PREFIX}mean", (width,)),
            scale=scale,
            directions=directions,
        )


def _matrices(blocks: Mapping[str, Block]) -> list[FloatArray]:
    return [blocks[name].matrix for name in (IMAGE, VISUAL) if name in blocks]


def _has(blocks: Mapping[str, Block]) -> BoolArray:
    return np.asarray(blocks[MASK].matrix[:, 0] > 0)


def _directions(rows: FloatArray) -> FloatArray:
    """Return those in which rows differ most, shape (d, w); all there are of narrow rows."""
    width = rows.shape[1]
    if width <= WIDEST:
        return np.eye(width, dtype=np.float32)
    _, vectors = np.linalg.eigh(rows.astype(np.float64).T @ rows)  # by rising share of variance
    return np.ascontiguousarray(vectors[:, -WIDEST:], dtype=np.float32)
