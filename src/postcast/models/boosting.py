"""Gradient-boosted trees on a dense matrix: the class, and the rank of the count.

Fitted and answered by LightGBM. Knows no block and no text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
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


def fit_classes(matrix: FloatArray, classes: IntArray, seed: int) -> str:
    """Return trees for the three classes, as LightGBM writes them.

    Parameters
    ----------
    matrix : ndarray of float, shape (n_posts, d)
    classes : ndarray of int, shape (n_posts,)
    """
    return _fit(matrix, classes, seed, {"objective": "multiclass", "num_class": 3})


def fit_rank(matrix: FloatArray, rank: FloatArray, seed: int) -> str:
    """Return trees for the rank of the count, 0 to 1, as LightGBM writes them."""
    return _fit(matrix, rank, seed, {"objective": "regression"})


def _fit(matrix: FloatArray, target: Any, seed: int, objective: dict[str, Any]) -> str:
    import lightgbm

    # a leaf of forty posts is a third of a small training
    leaf = min(int(SETTINGS["min_data_in_leaf"]), max(len(target) // 30, 2))
    settings = {**SETTINGS, **objective, "min_data_in_leaf": leaf, "seed": seed}
    data = lightgbm.Dataset(np.asarray(matrix, dtype=np.float64), label=target)
    return str(lightgbm.train(settings, data, num_boost_round=ROUNDS).model_to_string())


def answer(trees: str, matrix: FloatArray) -> FloatArray:
    """Return the trees' answer: probabilities, shape (n_posts, 3), or ranks, shape (n_posts,)."""
    import lightgbm

    booster = lightgbm.Booster(model_str=trees)
    return np.asarray(booster.predict(np.asarray(matrix, dtype=np.float64), num_threads=1))
