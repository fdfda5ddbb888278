"""Regressions out of fold: the penalty follows the data, and no post answers for itself."""

import numpy as np
import pytest
import scipy.sparse
from sklearn.linear_model import Ridge

from postcast.models.beside_author import BesideAuthor
from postcast.models.regressions import (
    PENALTIES,
    classes_out_of_fold,
    fit_classes,
    fit_ridges,
    log_shares,
    standing_out_of_fold,
)


def _folds(n, n_folds=5):
    number = np.arange(n) % n_folds
    return [(np.flatnonzero(number != f), np.flatnonzero(number == f)) for f in range(n_folds)]


def _of_nobody(rank):
    return BesideAuthor(rank, np.full(len(rank), -1))


def _unit(rng, n, d):
    matrix = rng.normal(size=(n, d))
    return matrix / np.linalg.norm(matrix, axis=1, keepdims=True)


@pytest.mark.parametrize("sparse", [False, True])
def test_ranks_are_those_of_scikit_learn(sparse, rng):
    matrix, rank = _unit(rng, 80, 6), rng.random(80)
    given = scipy.sparse.csr_matrix(matrix) if sparse else matrix
    weight, bias = fit_ridges(given, rank, PENALTIES)
    for row, penalty in enumerate(PENALTIES):
        one = Ridge(alpha=penalty).fit(matrix, rank)
        np.testing.assert_allclose(weight[row], one.coef_, atol=1e-3)
        np.testing.assert_allclose(bias[row], one.intercept_, atol=1e-3)


def test_much_noise_asks_for_a_large_penalty_and_none_for_a_small_one(rng):
    matrix = _unit(rng, 300, 100)
    goal = matrix @ rng.normal(size=100)
    _, small = standing_out_of_fold(matrix, _of_nobody(goal), _folds(300))
    _, large = standing_out_of_fold(matrix, _of_nobody(rng.random(300)), _folds(300))
    assert small == PENALTIES[0]
    assert large >= PENALTIES[-2]


def test_no_post_is_answered_from_its_own_rank(rng):
    """With more columns than posts a regression knows by heart what it has seen."""
    matrix, rank = _unit(rng, 100, 300), rng.random(100)
    answers, _ = standing_out_of_fold(matrix, _of_nobody(rank), _folds(100))
    assert abs(np.corrcoef(answers[:, 0], rank)[0, 1]) < 0.3


def test_classes_out_of_fold_know_nothing_of_noise(rng):
    matrix, classes = _unit(rng, 200, 50), rng.integers(0, 3, 200)
    logs = classes_out_of_fold(matrix, classes, _folds(200))
    assert (logs.argmax(axis=1) == classes).mean() < 0.5


def test_posts_of_one_class_give_that_class(rng):
    matrix = _unit(rng, 20, 4)
    logs = log_shares(matrix, *fit_classes(matrix, np.full(20, 2)))
    assert (logs.argmax(axis=1) == 2).all()
