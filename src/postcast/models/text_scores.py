"""What texts alone say of popularity, in a few numbers a post, each from a linear model.

Fitted by scikit-learn, answered by `portable`. Reads the block ``text`` and, where they are
there, ``words`` and ``characters``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from postcast.models.linear import three_classes
from postcast.models.portable import affine, softmax
from postcast.schema import FeatureSet, Parts

if TYPE_CHECKING:
    from postcast.schema import FloatArray, IntArray, Matrix


class TextScores:
    """Logistic regressions on the classes and ridge regressions on the rank of the count.

    Attributes
    ----------
    arrays : dict of str to ndarray
        Coefficients and intercepts.
    """

    def __init__(self) -> None:
        self.arrays: dict[str, FloatArray] = {}

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

        for name, matrix in _matrices(features).items():
            model = LogisticRegression(C=1.0, max_iter=500).fit(matrix, classes)
            weight, bias = three_classes(model)
            ridge = Ridge(alpha=1.0).fit(matrix, rank)
            self.arrays |= {
                f"{name}.class weight": weight,
                f"{name}.class bias": bias,
                f"{name}.rank weight": np.atleast_2d(ridge.coef_),
                f"{name}.rank bias": np.atleast_1d(ridge.intercept_),
            }
        return self

    def score(self, features: FeatureSet) -> FloatArray:
        """Return log probabilities of the classes and a rank by each view of the texts.

        Returns
        -------
        ndarray of float, shape (n_posts, 8), or (n_posts, 4) without words and characters
        """
        classes, ranks = [], []
        for name, matrix in _matrices(features).items():
            a = self.arrays
            shares = softmax(affine(matrix, a[f"{name}.class weight"], a[f"{name}.class bias"]))
            classes.append(np.log(np.clip(shares, 1e-6, None)))
            ranks.append(affine(matrix, a[f"{name}.rank weight"], a[f"{name}.rank bias"]))
        return np.hstack([*classes, *ranks])

    @classmethod
    def from_state(cls, parts: Parts) -> Self:
        """Rebuild fitted scores from the arrays that begin with ``scores/``."""
        self = cls()
        prefix = "scores/"
        self.arrays = {k[len(prefix) :]: v for k, v in parts.arrays.items() if k.startswith(prefix)}
        return self


def _matrices(features: FeatureSet) -> dict[str, Matrix]:
    """Return the views of the texts that there are: vectors, and words beside characters."""
    import scipy.sparse

    views = {"vector": features.blocks["text"].matrix}
    names = [name for name in ("words", "characters") if name in features.blocks]
    if names:
        terms = [scipy.sparse.csr_matrix(features.blocks[name].matrix) for name in names]
        views["terms"] = scipy.sparse.hstack(terms, format="csr")
    return views
