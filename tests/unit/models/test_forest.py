"""The forest in numpy answers as scikit-learn's does, to the last bit that matters."""

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier

from postcast.models import forest


@pytest.mark.parametrize("present", [[0, 1, 2], [0, 2]])
def test_it_answers_as_scikit_learn(present, rng):
    matrix = rng.normal(size=(300, 7)).astype(np.float32)
    classes = np.array(present)[(matrix[:, 0] > 0).astype(int) * (len(present) - 1)]
    noisy = np.where(rng.random(300) < 0.2, rng.choice(present, 300), classes)
    model = ExtraTreesClassifier(forest.TREES, random_state=3, **forest.SETTINGS)
    model.fit(matrix, noisy)
    asked = rng.normal(size=(forest.ROWS_AT_ONCE + 50, 7)).astype(np.float32)
    asked[:300] = matrix
    answer = forest.grow(matrix, noisy, seed=3).answer(asked)
    np.testing.assert_allclose(answer[:, present], model.predict_proba(asked), atol=1e-6)
    np.testing.assert_allclose(answer.sum(axis=1), 1, atol=1e-6)


def test_it_comes_back(rng):
    matrix, classes = rng.normal(size=(100, 3)), rng.integers(0, 3, 100)
    grown = forest.grow(matrix, classes, seed=1)
    again = forest.Forest.from_arrays(grown.arrays())
    np.testing.assert_array_equal(again.answer(matrix), grown.answer(matrix))
    assert grown.answer(matrix[:0]).shape == (0, 3)
