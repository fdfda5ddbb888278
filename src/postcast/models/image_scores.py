"""What images alone say of popularity, as columns for trees: plain features, mask, scores.

Reads the blocks of `image_view`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from postcast.models.beside_author import BesideAuthor
from postcast.models.image_view import MASK, PREFIX, ImageView, has_image
from postcast.models.portable import affine
from postcast.models.regressions import (
    classes_out_of_fold,
    fit_classes,
    fit_ridges,
    log_shares,
    standing_out_of_fold,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    def fitted(
        cls,
        features: FeatureSet,
        classes: IntArray,
        standing: BesideAuthor,
        folds: Sequence[tuple[IntArray, IntArray]],
    ) -> tuple[ImageScores, FloatArray]:
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
        ImageScores
            Learned from all of the posts.
        ndarray of float, shape (n_posts, k + 5)
            As of `columns`, but with scores out of fold. The stand-in is that of all posts: that
            of a fold's others would tell the fold's own.
        """
        view = ImageView.learned(features)
        if view is None:
            raise ValueError("nothing was seen of images")
        has = has_image(features)
        stands = standing.of(np.arange(len(has)))
        plain = ~has if (~has).sum() >= FEWEST else np.ones(len(has), dtype=bool)
        shares = (np.bincount(classes[plain], minlength=3) + 1) / (plain.sum() + 3)
        stand_in = np.append(np.log(shares), stands[plain].mean()).astype(np.float32)
        arrays = {**view.arrays(), "stand-in": stand_in}
        scores = np.tile(stand_in.astype(np.float64), (len(has), 1))
        rows = np.flatnonzero(has)
        inner = _folds_among(rows, folds)
        if inner:
            matrix, classes = view.matrix(features)[rows], classes[rows]
            pictured = BesideAuthor(standing.rank[rows], standing.author[rows])
            expected, penalty = standing_out_of_fold(matrix, pictured, inner)
            scores[rows] = np.hstack([classes_out_of_fold(matrix, classes, inner), expected])
            arrays["class weight"], arrays["class bias"] = fit_classes(matrix, classes)
            arrays["rank weight"], arrays["rank bias"] = fit_ridges(
                matrix, pictured.of(np.arange(len(rows))), [penalty]
            )
        self = cls(arrays)
        return self, np.hstack([self._plain(features), scores])

    def columns(self, features: FeatureSet) -> FloatArray:
        """Return plain features, mask and scores, shape (n_posts, k + 5), for trees."""
        return np.hstack([self._plain(features), self.score(features)])

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
        logs = log_shares(matrix, a["class weight"], a["class bias"])
        scores = np.hstack([logs, affine(matrix, a["rank weight"], a["rank bias"])])
        return np.where(has_image(features)[:, None], scores, a["stand-in"])

    def _plain(self, features: FeatureSet) -> FloatArray:
        """Return plain features, at their mean where there is no image, and the mask."""
        mask = features.blocks[MASK].matrix
        plain = features.blocks["visual"].matrix
        mean = self.arrays[f"{PREFIX}mean"][-plain.shape[1] :]
        scale = self.arrays[f"{PREFIX}scale"][-plain.shape[1] :]
        return np.hstack([np.where(mask > 0, (plain - mean) / scale, 0.0), mask])


def _folds_among(
    rows: IntArray, folds: Sequence[tuple[IntArray, IntArray]]
) -> list[tuple[IntArray, IntArray]]:
    """Return folds as positions among some rows; none where one fold has all of the rows."""
    inner: list[tuple[IntArray, IntArray]] = []
    for kept, left in folds:
        among = [np.flatnonzero(np.isin(rows, part)) for part in (kept, left)]
        if len(among[1]):
            inner.append((among[0], among[1]))
    return inner if len(inner) > 1 else []
