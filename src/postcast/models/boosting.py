"""Gradient-boosted trees on a dense matrix: the class, and the rank of the count.

Grown by LightGBM. Knows no block and no text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from postcast.models.trees import Trees

if TYPE_CHECKING:
    from collections.abc import Mapping

    from postcast.schema import FloatArray, IntArray

SETTINGS: dict[str, Any] = {
    "learning_rate": 0.03,
    "num_leaves": 7,
    "min_data_in_leaf": 40,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "feature_fraction": 0.3,
    "lambda_l2": 5.0,
    "extra_trees": True,
    "verbosity": -1,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
}
ROUNDS = 250


def fit_classes(matrix: FloatArray, classes: IntArray, seed: int) -> Trees:
    """Return trees whose answer is the scores of the three classes, before the softmax.

    Parameters
    ----------
    matrix : ndarray of float, shape (n_posts, d)
    classes : ndarray of int, shape (n_posts,)
    """
    return _fit(matrix, classes, seed, {"objective": "multiclass", "num_class": 3})


def fit_rank(matrix: FloatArray, rank: FloatArray, seed: int) -> Trees:
    """Return trees whose answer is the rank of the count, 0 to 1, in a single column."""
    return _fit(matrix, rank, seed, {"objective": "regression"})


def _fit(matrix: FloatArray, target: Any, seed: int, objective: dict[str, Any]) -> Trees:
    import lightgbm

    # a leaf of forty posts is a third of a small training
    leaf = min(int(SETTINGS["min_data_in_leaf"]), max(len(target) // 30, 2))
    settings = {**SETTINGS, **objective, "min_data_in_leaf": leaf, "seed": seed}
    data = lightgbm.Dataset(np.asarray(matrix, dtype=np.float64), label=target)
    model = lightgbm.train(settings, data, num_boost_round=ROUNDS).dump_model()
    n_columns = model["num_tree_per_iteration"]
    tables = [
        _table(tree["tree_structure"], number % n_columns, n_columns)
        for number, tree in enumerate(model["tree_info"])
    ]
    return Trees.of(*zip(*tables, strict=True))


def _table(
    root: Mapping[str, Any], column: int, n_columns: int
) -> tuple[IntArray, FloatArray, IntArray, FloatArray]:
    """Return one tree's feature, threshold, children and values, a row a node, root first."""
    nodes = [root]
    feature, threshold, children = [], [], []
    for node in nodes:
        is_leaf = "leaf_value" in node
        feature.append(-1 if is_leaf else node["split_feature"])
        threshold.append(0.0 if is_leaf else node["threshold"])
        children.append((len(nodes), len(nodes) + 1))
        if not is_leaf:
            nodes += [node["left_child"], node["right_child"]]
    values = np.zeros((len(nodes), n_columns))
    values[:, column] = [node.get("leaf_value", 0.0) for node in nodes]
    return np.array(feature), np.array(threshold), np.array(children), values
