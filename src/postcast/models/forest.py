"""Extremely randomised trees for the classes: grown by scikit-learn, answered with numpy.

Knows arrays only. Geurts, Ernst and Wehenkel, Machine Learning 63 (2006).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from postcast.schema import FloatArray, IntArray

TREES = 160
SETTINGS: dict[str, Any] = {"min_samples_leaf": 5, "max_features": 0.3}

ROWS_AT_ONCE = 4096


@dataclass(frozen=True)
class Forest:
    """Trees as one table of nodes.

    Parameters
    ----------
    roots : ndarray of int32, shape (n_trees,)
    feature : ndarray of int32, shape (n_nodes,)
        The column that a node asks; -1 at a leaf.
    threshold : ndarray of float32, shape (n_nodes,)
        Up to it a row goes left.
    left, right : ndarray of int32, shape (n_nodes,)
    shares : ndarray of float32, shape (n_nodes, 3)
        Of the classes among the training rows at a node.
    """

    roots: IntArray
    feature: IntArray
    threshold: FloatArray
    left: IntArray
    right: IntArray
    shares: FloatArray

    def answer(self, matrix: FloatArray) -> FloatArray:
        """Return the trees' mean class shares, shape (n_posts, 3)."""
        rows = np.asarray(matrix, dtype=np.float32)
        parts = [
            self._answer(rows[start : start + ROWS_AT_ONCE])
            for start in range(0, len(rows), ROWS_AT_ONCE)
        ]
        return np.concatenate(parts) if parts else np.zeros((0, self.shares.shape[1]))

    def _answer(self, rows: FloatArray) -> FloatArray:
        node = np.tile(self.roots, (len(rows), 1))  # (n, trees)
        place = np.arange(len(rows))[:, None]
        while True:
            asked = self.feature[node]
            if (asked < 0).all():
                break
            goes_left = rows[place, np.maximum(asked, 0)] <= self.threshold[node]
            child = np.where(goes_left, self.left[node], self.right[node])
            node = np.where(asked < 0, node, child)
        mean: FloatArray = self.shares[node].mean(axis=1, dtype=np.float64)
        return mean

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the table for `storage`."""
        return dict(vars(self))

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Self:
        """Rebuild a forest from `arrays`."""
        return cls(**arrays)


def grow(matrix: FloatArray, classes: IntArray, seed: int) -> Forest:
    """Grow trees for the three classes.

    Parameters
    ----------
    matrix : ndarray of float, shape (n_posts, d)
        Read in float32.
    classes : ndarray of int, shape (n_posts,)
    seed : int
    """
    from sklearn.ensemble import ExtraTreesClassifier

    model = ExtraTreesClassifier(TREES, random_state=seed, **SETTINGS)
    model.fit(np.asarray(matrix, dtype=np.float32), classes)
    trees = [one.tree_ for one in model.estimators_]
    sizes = np.array([tree.node_count for tree in trees])
    roots = np.cumsum(sizes) - sizes
    shares = np.zeros((int(sizes.sum()), 3), dtype=np.float32)
    shares[:, model.classes_] = np.concatenate([tree.value[:, 0] for tree in trees])
    return Forest(
        roots=roots.astype(np.int32),
        feature=_joined(np.maximum(tree.feature, -1) for tree in trees).astype(np.int32),
        # scikit-learn asks float32 rows for no more than a float64 threshold
        threshold=_joined(_rounded_down(tree.threshold) for tree in trees),
        left=_joined(tree.children_left + root for tree, root in zip(trees, roots, strict=True)),
        right=_joined(tree.children_right + root for tree, root in zip(trees, roots, strict=True)),
        shares=shares / np.maximum(shares.sum(axis=1, keepdims=True), 1e-12),
    )


def _joined(parts: Any) -> np.ndarray:
    joined = np.concatenate(list(parts))
    return joined.astype(np.int32) if joined.dtype == np.int64 else joined


def _rounded_down(thresholds: FloatArray) -> FloatArray:
    """Return the largest float32 that is no more than each threshold."""
    rounded = thresholds.astype(np.float32)
    down: FloatArray = np.where(
        rounded > thresholds, np.nextafter(rounded, np.float32(-np.inf)), rounded
    )
    return down
