"""How classifiers read posts' images: on one scale, with a mask, and now and then without.

Knows matrices only. A post without an image is no row of zeros: see `ImageView`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from postcast.models.portable import on_top
from postcast.scaling import scale_of
from postcast.schema import Block, FeatureSet
from postcast.validation import floats

if TYPE_CHECKING:
    from postcast.schema import BoolArray, FloatArray, IntArray

MATRICES, MASK = ("image", "visual"), "has image"
IMAGE_BLOCKS = (*MATRICES, MASK)

SHARE_WITHOUT = 1 / 3
"""Of the posts: so many are learned from without an image, those that have none and, a second
time, some that have one (modality dropout: Neverova et al., ModDrop, IEEE TPAMI 2016)."""

PREFIX = "images/"


@dataclass(frozen=True)
class ImageView:
    """Images' features around their mean over the training posts that have an image.

    A post without one stands at that mean, and has a 1 in a last column of its own. What a
    linear layer learns for that column is what it adds for "no image", in whatever direction:
    it is the learned stand-in of the missing features.

    Parameters
    ----------
    mean, scale : ndarray of float32, shape (d,)
        See `postcast.scaling.scale_of`.
    """

    mean: FloatArray
    scale: FloatArray

    @classmethod
    def learned(cls, features: FeatureSet) -> Self | None:
        """Return the view that some posts teach; None where nothing was seen of images."""
        if MASK not in features.blocks:
            return None
        with_image = has_image(features)
        return cls(*scale_of([block[with_image] for block in _matrices(features)]))

    def matrix(self, features: FeatureSet) -> FloatArray:
        """Return images' features on their scale, shape (n_posts, d), without any mask."""
        scaled = (np.hstack(_matrices(features)) - self.mean) / self.scale
        return np.where(has_image(features)[:, None], scaled, 0.0).astype(np.float32)

    def beside(self, features: FeatureSet) -> FeatureSet:
        """Return the features with those of images in one block, the last column "no image"."""
        blocks = {n: block for n, block in features.blocks.items() if n not in IMAGE_BLOCKS}
        without = (~has_image(features)).astype(np.float32)[:, None]
        blocks["images"] = Block(np.hstack([self.matrix(features), without]))
        return replace(features, blocks=blocks)

    def arrays(self) -> dict[str, FloatArray]:
        """Return what `from_arrays` needs."""
        return {f"{PREFIX}mean": self.mean, f"{PREFIX}scale": self.scale}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, FloatArray]) -> Self | None:
        """Rebuild a view; None where none was learned."""
        if f"{PREFIX}mean" not in arrays:
            return None
        mean = floats(arrays, f"{PREFIX}mean", (None,))
        return cls(mean, floats(arrays, f"{PREFIX}scale", mean.shape))


def has_image(features: FeatureSet) -> BoolArray:
    """Return which posts have an image that was seen, shape (n_posts,)."""
    return np.asarray(features.blocks[MASK].matrix[:, 0] > 0)


def without_images(features: FeatureSet) -> FeatureSet:
    """Return the features as they were if no post had an image, neighbours too."""
    blocks = {
        name: Block(np.zeros_like(block.matrix), block.columns) if name in IMAGE_BLOCKS else block
        for name, block in features.blocks.items()
    }
    found = features.retrieved
    if found is not None and found.without_image is not None:
        found = found.without_image
    return replace(features, blocks=blocks, retrieved=found)


def also_without_image(features: FeatureSet, rows: IntArray) -> FeatureSet:
    """Return the posts and, below them, some of them again as if they had no image."""
    again = without_images(features.take(rows))
    found = features.retrieved
    if found is not None and again.retrieved is not None:
        found = found.joined(again.retrieved)
    return FeatureSet(
        blocks={
            name: Block(on_top([block.matrix, again.blocks[name].matrix]), block.columns)
            for name, block in features.blocks.items()
        },
        author=np.concatenate([features.author, again.author]),
        group=np.concatenate([features.group, again.group]),
        retrieved=found,
    )


def rows_to_hide(features: FeatureSet, seed: int) -> IntArray:
    """Return posts with an image to be learned from as if they had none, too; see above."""
    with_image = np.flatnonzero(has_image(features))
    n_without = len(features) - len(with_image)
    drawn = np.random.default_rng(seed).permutation(with_image)
    return np.sort(drawn[: max(round(len(features) * SHARE_WITHOUT) - n_without, 0)])


def _matrices(features: FeatureSet) -> list[FloatArray]:
    return [features.blocks[name].matrix for name in MATRICES if name in features.blocks]
