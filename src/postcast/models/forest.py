"""Extremely randomised trees for the classes, grown by scikit-learn. Knows arrays only.

Geurts, Ernst and Wehenkel, Machine Learning 63 (2006).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from postcast.models.trees import Trees

if TYPE_CHECKING:
    from postcast.schema import FloatArray, IntArray

TREES = 160
SETTINGS: dict[str, Any] = {"min_samples_leaf": 5, "max_features": 0.3}

MOST_POSTS = 100_000
"""Of more, each tree draws as many: ten times the posts took it 25 times as long."""


def grow(matrix: FloatArray, classes: IntArray, seed: int) -> Trees:
    """Grow trees for the three classes; they answer with their mean class shares.

    Parameters
    ----------
    matrix : ndarray of float, shape (n_posts, d)
        Read in float32.
    classes : ndarray of int, shape (n_posts,)
    seed : int
    """
    from sklearn.ensemble import ExtraTreesClassifier

    drawn = {"bootstrap": True, "max_samples": MOST_POSTS} if len(matrix) > MOST_POSTS else {}
    model = ExtraTreesClassifier(TREES, random_state=seed, **SETTINGS, **drawn)
    model.fit(np.asarray(matrix, dtype=np.float32), classes)
    trees = [one.tree_ for one in model.estimators_]
    return Trees.of(
        feature=[tree.feature for tree in trees],
        threshold=[tree.threshold for tree in trees],
        children=[np.stack([tree.children_left, tree.children_right], axis=1) for tree in trees],
        values=[_shares(tree.value[:, 0], model.classes_) for tree in trees],
    )


def _shares(values: FloatArray, classes: IntArray) -> FloatArray:
    """Return what each node adds to the mean class shares, float32, shape (n_nodes, 3)."""
    shares = np.zeros((len(values), 3), dtype=np.float32)
    shares[:, classes] = values / np.maximum(values.sum(axis=1, keepdims=True), 1e-12) / TREES
    return shares
