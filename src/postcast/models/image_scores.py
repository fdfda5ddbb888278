"""What images alone say of popularity, as columns for trees: plain features, mask, scores.

Fitted by scikit-learn, answered by `portable`. Reads the blocks of `image_view`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Self

import numpy as np

from postcast.models.image_view import MASK, PREFIX, ImageView, has_image
from postcast.models.linear import three_classes
from postcast.models.portable import affine, softmax

if TYPE_CHECKING:
    from postcast.schema import FeatureSet, FloatArray, IntArray

FEWEST = 20
"""Posts without an image from which is learned what they are like; of fewer, all posts tell."""


class ImageScores:
    """A logistic regression of the class and a ridge regression of the rank on what was seen.

    A post without an image gets, in place of scores, the class shares and the mean rank of the
    training posts without one, or of all where those are fewer than `FEWEST`.

    Attributes
    ----------
    arrays : dict of str to ndarray
        Coefficients, intercepts, the scale, and ``stand-in``, shape (4,).
    """

    def __init__(self, arrays: dict[str, FloatArray] | None = None) -> None:
        self.arrays: dict[str, FloatArray] = arrays or {}

    @classmethod
    def fitted(cls, features: FeatureSet, classes: IntArray, rank: FloatArray) -> Self:
        """Learn from some posts.

        Parameters
        ----------
        features : FeatureSet
        classes : ndarray of int, shape (n_posts,)
        rank : ndarray of float, shape (n_posts,)
            Of the count among the training posts', 0 to 1.
        """
        view = ImageView.learned(features)
        if view is None:
            raise ValueError("nothing was seen of images")
        has = has_image(features)
        plain = ~has if (~has).sum() >= FEWEST else np.ones(len(has), dtype=bool)
        shares = (np.bincount(classes[plain], minlength=3) + 1) / (plain.sum() + 3)
        stand_in = np.append(np.log(shares), rank[plain].mean()).astype(np.float32)
        arrays = {**view.arrays(), "stand-in": stand_in}
        rows = np.flatnonzero(has)
        matrix = view.matrix(features)[rows]
        return cls(arrays | _regressions(matrix, classes[rows], rank[rows]))

    def columns(self, features: FeatureSet) -> FloatArray:
        """Return plain features, mask and scores, shape (n_posts, k + 5), for trees."""
        return np.hstack([self._plain(features), self.score(features)])

    def columns_out_of_fold(
        self,
        features: FeatureSet,
        classes: IntArray,
        rank: FloatArray,
        folds: Iterable[tuple[IntArray, IntArray]],
    ) -> FloatArray:
        """Return `columns` of the posts learned from, with scores of fits without each.

        The stand-in is that of all posts: that of a fold's others would tell the fold's own.

        Parameters
        ----------
        features : FeatureSet
        classes : ndarray of int, shape (n_posts,)
        rank : ndarray of float, shape (n_posts,)
        folds : iterable of (kept, left)
            Positions; every post is left once.
        """
        scores = np.zeros((len(classes), 4))
        for kept, left in folds:
            apart = ImageScores.fitted(features.take(kept), classes[kept], rank[kept])
            apart.arrays["stand-in"] = self.arrays["stand-in"]
            scores[left] = apart.score(features.take(left))
        return np.hstack([self._plain(features), scores])

    def hidden(self, columns: FloatArray) -> FloatArray:
        """Return `columns` as they were if no post had an image."""
        row = np.append(np.zeros(columns.shape[1] - 4), self.arrays["stand-in"])
        return np.tile(row, (len(columns), 1))

    def score(self, features: FeatureSet) -> FloatArray:
        """Return log probabilities of the classes and the expected rank, shape (n_posts, 4)."""
        a, view = self.arrays, ImageView.from_arrays(self.arrays)
        if view is None or "class weight" not in a:
            return np.tile(a["stand-in"], (len(features), 1))
        matrix = view.matrix(features)
        shares = softmax(affine(matrix, a["class weight"], a["class bias"]))
        rank = affine(matrix, a["rank weight"], a["rank bias"])
        scores = np.hstack([np.log(np.clip(shares, 1e-6, None)), rank])
        return np.where(has_image(features)[:, None], scores, a["stand-in"])

    def _plain(self, features: FeatureSet) -> FloatArray:
        """Return plain features, at their mean where there is no image, and the mask."""
        mask = features.blocks[MASK].matrix
        plain = features.blocks["visual"].matrix
        mean = self.arrays[f"{PREFIX}mean"][-plain.shape[1] :]
        scale = self.arrays[f"{PREFIX}scale"][-plain.shape[1] :]
        return np.hstack([np.where(mask > 0, (plain - mean) / scale, 0.0), mask])


def _regressions(matrix: FloatArray, classes: IntArray, rank: FloatArray) -> dict[str, FloatArray]:
    """Return coefficients of both regressions; none where one class has all the images."""
    from sklearn.linear_model import LogisticRegression, Ridge

    if len(np.unique(classes)) < 2:
        return {}
    logistic = LogisticRegression(C=1.0, max_iter=500).fit(matrix, classes)
    ridge = Ridge(alpha=1.0).fit(matrix, rank)
    weight, bias = three_classes(logistic)
    return {
        "class weight": weight,
        "class bias": bias,
        "rank weight": np.atleast_2d(ridge.coef_),
        "rank bias": np.atleast_1d(ridge.intercept_),
    }
