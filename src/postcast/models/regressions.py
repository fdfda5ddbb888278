"""Logistic regressions of the class and ridge regressions of the rank, on one matrix of features.

Fitted by scikit-learn, answered by `portable`. Out of fold, every post is answered by a
regression that had not seen it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from postcast.models.linear import three_classes
from postcast.models.portable import affine, softmax

if TYPE_CHECKING:
    from collections.abc import Sequence

    from postcast.models.beside_author import BesideAuthor
    from postcast.schema import FloatArray, IntArray, Matrix

PENALTIES = (1.0, 3.0, 10.0, 30.0, 100.0)
"""Of ridge regressions, for matrices whose rows have a length of about one."""

SURE = 30.0
"""The log odds of the one class of posts that are all of it."""


def fit_classes(matrix: Matrix, classes: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return coefficients, shape (3, d), and intercepts, shape (3,), of the class.

    Parameters
    ----------
    matrix : ndarray or csr_matrix, shape (n_posts, d)
    classes : ndarray of int, shape (n_posts,)
    """
    from sklearn.linear_model import LogisticRegression

    present = np.unique(classes)
    if len(present) == 1:
        return np.zeros((3, matrix.shape[1])), np.where(np.arange(3) == present[0], 0.0, -SURE)
    return three_classes(LogisticRegression(C=1.0, max_iter=500).fit(matrix, classes))


def fit_ridges(
    matrix: Matrix, rank: FloatArray, penalties: Sequence[float]
) -> tuple[FloatArray, FloatArray]:
    """Return weights, shape (n_penalties, d), and biases of the rank, a regression a penalty.

    Parameters
    ----------
    matrix : ndarray or csr_matrix, shape (n_posts, d)
    rank : ndarray of float, shape (n_posts,)
    penalties : sequence of float
    """
    from sklearn.linear_model import Ridge

    ranks = np.tile(rank[:, None], len(penalties))
    model = Ridge(alpha=np.array(penalties)).fit(matrix, ranks)
    return np.atleast_2d(model.coef_), np.atleast_1d(model.intercept_)


def log_shares(matrix: Matrix, weight: FloatArray, bias: FloatArray) -> FloatArray:
    """Return log probabilities of the classes, shape (n_posts, 3), none below log 1e-6."""
    logs: FloatArray = np.log(np.clip(softmax(affine(matrix, weight, bias)), 1e-6, None))
    return logs


def classes_out_of_fold(
    matrix: Matrix, classes: IntArray, folds: Sequence[tuple[IntArray, IntArray]]
) -> FloatArray:
    """Return each post's log probabilities of the classes, shape (n_posts, 3).

    Parameters
    ----------
    matrix : ndarray or csr_matrix, shape (n_posts, d)
    classes : ndarray of int, shape (n_posts,)
    folds : sequence of (kept, left)
        Positions; every post is left once.
    """
    logs = np.zeros((len(classes), 3))
    for kept, left in folds:
        logs[left] = log_shares(matrix[left], *fit_classes(matrix[kept], classes[kept]))
    return logs


def standing_out_of_fold(
    matrix: Matrix, standing: BesideAuthor, folds: Sequence[tuple[IntArray, IntArray]]
) -> tuple[FloatArray, float]:
    """Return how each post is expected to stand, and the penalty of least squared error.

    What a fold learns from is reckoned without the posts that it answers for.

    Parameters
    ----------
    matrix : ndarray or csr_matrix, shape (n_posts, d)
    standing : BesideAuthor
    folds : sequence of (kept, left)
        Positions; every post is left once.

    Returns
    -------
    ndarray of float, shape (n_posts, 1)
    float
        One of `PENALTIES`.
    """
    answers = np.zeros((len(standing.rank), len(PENALTIES)))
    errors = np.zeros_like(answers)
    for kept, left in folds:
        fitted = fit_ridges(matrix[kept], standing.of(kept), PENALTIES)
        answers[left] = affine(matrix[left], *fitted)
        errors[left] = answers[left] - standing.beside(left, kept)[:, None]
    best = int(np.argmin((errors**2).mean(axis=0)))
    return answers[:, [best]], PENALTIES[best]
