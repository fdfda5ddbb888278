"""What texts alone say of popularity: an expected rank from each view of them, and a class.

Fitted by scikit-learn. Reads the block ``text`` and, where they are there, ``words`` and
``characters``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from postcast.models.linear import three_classes
from postcast.models.portable import affine, side_by_side, softmax
from postcast.schema import FeatureSet

if TYPE_CHECKING:
    from collections.abc import Iterable

    from postcast.schema import FloatArray, IntArray, Matrix


class TextScores:
    """Ridge regressions of the rank on vectors and on words, and logistic ones of the class.

    The logistic regression reads the vectors alone.

    Attributes
    ----------
    arrays : dict of str to ndarray
        Coefficients and intercepts.
    """

    def __init__(self, arrays: dict[str, FloatArray] | None = None) -> None:
        self.arrays: dict[str, FloatArray] = arrays or {}

    def fit(self, features: FeatureSet, classes: IntArray, rank: FloatArray) -> Self:
        """Learn from some posts.

        Parameters
        ----------
        features : FeatureSet
        classes : ndarray of int, shape (n_posts,)
        rank : ndarray of float, shape (n_posts,)
            Of the count among the training posts', 0 to 1.
        """
        from sklearn.linear_model import LogisticRegression, Ridge

        model = LogisticRegression(C=1.0, max_iter=500)
        model.fit(features.blocks["text"].matrix, classes)
        self.arrays["class weight"], self.arrays["class bias"] = three_classes(model)
        for name, matrix in _views(features).items():
            model = Ridge(alpha=1.0).fit(matrix, rank)
            self.arrays[f"{name} weight"] = np.atleast_2d(model.coef_)
            self.arrays[f"{name} bias"] = np.atleast_1d(model.intercept_)
        return self

    def score(self, features: FeatureSet) -> FloatArray:
        """Return log probabilities of the classes, and the expected rank by each view.

        Returns
        -------
        ndarray of float, shape (n_posts, 5), or (n_posts, 4) without words and characters
        """
        a = self.arrays
        vectors = features.blocks["text"].matrix
        shares = softmax(affine(vectors, a["class weight"], a["class bias"]))
        ranks = [
            affine(matrix, a[f"{name} weight"], a[f"{name} bias"])
            for name, matrix in _views(features).items()
        ]
        return np.hstack([np.log(np.clip(shares, 1e-6, None)), *ranks])


def scores_out_of_fold(
    features: FeatureSet,
    classes: IntArray,
    rank: FloatArray,
    folds: Iterable[tuple[IntArray, IntArray]],
) -> FloatArray:
    """Return each post's scores from regressions that had not seen it, shape (n_posts, k).

    Parameters
    ----------
    features : FeatureSet
    classes : ndarray of int, shape (n_posts,)
    rank : ndarray of float, shape (n_posts,)
    folds : iterable of (kept, left)
        Positions; every post is left once.
    """
    order, parts = [], []
    for kept, left in folds:
        scores = TextScores().fit(features.take(kept), classes[kept], rank[kept])
        parts.append(scores.score(features.take(left)))
        order.append(left)
    scored: FloatArray = np.vstack(parts)[np.argsort(np.concatenate(order))]
    return scored


def _views(features: FeatureSet) -> dict[str, Matrix]:
    """Return the views of the texts that there are: vectors, and words beside characters."""
    views = {"vector": features.blocks["text"].matrix}
    terms = [features.blocks[n].matrix for n in ("words", "characters") if n in features.blocks]
    if terms:
        views["terms"] = side_by_side(terms)
    return views
