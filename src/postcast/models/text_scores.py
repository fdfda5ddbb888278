"""What texts and marks alone say of popularity: a class, and a standing by each view.

Reads the block ``text`` and, where they are there, ``words``,
``characters`` and ``marks``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from postcast.models.portable import affine, side_by_side
from postcast.models.regressions import (
    classes_out_of_fold,
    fit_classes,
    fit_ridges,
    log_shares,
    standing_out_of_fold,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from postcast.models.beside_author import BesideAuthor
    from postcast.schema import FeatureSet, FloatArray, IntArray, Matrix

VIEWS = {"vector": ("text",), "terms": ("words", "characters"), "marks": ("marks",)}
"""The blocks of which each view is made, of those that there are."""

CLASS = ("class weight", "class bias")


class TextScores:
    """A logistic regression of the class on vectors, and by each view a ridge of the standing.

    Attributes
    ----------
    arrays : dict of str to ndarray
        Coefficients and intercepts.
    """

    def __init__(self, arrays: dict[str, FloatArray]) -> None:
        self.arrays = arrays

    @classmethod
    def fitted(
        cls,
        features: FeatureSet,
        classes: IntArray,
        standing: BesideAuthor,
        folds: Sequence[tuple[IntArray, IntArray]],
    ) -> tuple[TextScores, FloatArray]:
        """Learn from some posts, and score each by regressions that had not seen it.

        Parameters
        ----------
        features : FeatureSet
        classes : ndarray of int, shape (n_posts,)
        standing : BesideAuthor
            Of the ranks of the counts among the training posts', 0 to 1.
        folds : sequence of (kept, left)
            Positions; every post is left once.

        Returns
        -------
        TextScores
            Learned from all of the posts.
        ndarray of float, shape (n_posts, 3 + n_views)
            As of `score`, but out of fold.
        """
        vectors = features.blocks["text"].matrix
        arrays = dict(zip(CLASS, fit_classes(vectors, classes), strict=True))
        columns = [classes_out_of_fold(vectors, classes, folds)]
        stands = standing.of(np.arange(len(classes)))
        for name, matrix in _views(features).items():
            expected, penalty = standing_out_of_fold(matrix, standing, folds)
            columns.append(expected)
            arrays[f"{name} weight"], arrays[f"{name} bias"] = fit_ridges(matrix, stands, [penalty])
        return cls(arrays), np.hstack(columns)

    def score(self, features: FeatureSet) -> FloatArray:
        """Return log probabilities of the classes, and the expected standing by each view.

        Returns
        -------
        ndarray of float, shape (n_posts, 3 + n_views)
        """
        a = self.arrays
        logs = log_shares(features.blocks["text"].matrix, *(a[name] for name in CLASS))
        ranks = [
            affine(matrix, a[f"{name} weight"], a[f"{name} bias"])
            for name, matrix in _views(features).items()
        ]
        return np.hstack([logs, *ranks])


def _views(features: FeatureSet) -> dict[str, Matrix]:
    """Return the views that there are, each as one matrix."""
    views = {}
    for name, blocks in VIEWS.items():
        found = [features.blocks[one].matrix for one in blocks if one in features.blocks]
        if found:
            views[name] = side_by_side(found)
    return views
