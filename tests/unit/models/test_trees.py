"""Trees in numpy answer as those who grew them do, to the last bit that matters."""

import lightgbm
import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier

from postcast.models import boosting, forest, trees
from postcast.models.portable import softmax
from postcast.models.trees import Trees


@pytest.fixture
def posts(rng):
    """Return features of training posts, features of others, classes and ranks."""
    matrix = rng.normal(size=(400, 7)).astype(np.float32)
    matrix[:, 3] = np.round(matrix[:, 3])
    classes = np.clip(matrix[:, 0] + rng.normal(size=400) > [[-0.5], [0.7]], 0, 1).sum(axis=0)
    rank = np.clip(matrix[:, 1] / 6 + 0.5 + rng.normal(scale=0.1, size=400), 0, 1)
    asked = np.vstack([matrix, rng.normal(size=(7_000, 7)).astype(np.float32)])
    return matrix, asked, classes, rank


@pytest.mark.parametrize("present", [[0, 1, 2], [0, 2]])
def test_a_forest_answers_as_scikit_learn(present, posts):
    matrix, asked, classes, _ = posts
    classes = np.array(present)[np.minimum(classes, len(present) - 1)]
    model = ExtraTreesClassifier(forest.TREES, random_state=3, **forest.SETTINGS)
    model.fit(matrix, classes)
    answer = forest.grow(matrix, classes, seed=3).answer(asked)
    np.testing.assert_allclose(answer[:, present], model.predict_proba(asked), atol=1e-6)
    np.testing.assert_allclose(answer.sum(axis=1), 1, atol=1e-6)


def test_of_very_many_posts_each_tree_draws_as_many_as_it_can_take(posts, monkeypatch):
    matrix, asked, classes, _ = posts
    whole = forest.grow(matrix, classes, seed=3)
    monkeypatch.setattr(forest, "MOST_POSTS", 399)
    drawn = forest.grow(matrix, classes, seed=3)
    again = forest.grow(matrix, classes, seed=3)
    np.testing.assert_array_equal(drawn.answer(asked), again.answer(asked))
    agree = drawn.answer(asked).argmax(axis=1) == whole.answer(asked).argmax(axis=1)
    assert 0.9 < agree.mean() < 1
    monkeypatch.setattr(forest, "MOST_POSTS", 100)
    assert len(forest.grow(matrix, classes, seed=3).feature) < len(whole.feature) / 2
    monkeypatch.setattr(forest, "MOST_POSTS", 400)
    unbounded = forest.grow(matrix, classes, seed=3).answer(asked)
    np.testing.assert_array_equal(unbounded, whole.answer(asked))


def _lightgbm(matrix, target, objective):
    settings = {**boosting.SETTINGS, **objective, "min_data_in_leaf": 13, "seed": 3}
    data = lightgbm.Dataset(matrix.astype(np.float64), label=target)
    return lightgbm.train(settings, data, num_boost_round=boosting.ROUNDS)


def test_boosted_classes_answer_as_lightgbm(posts):
    matrix, asked, classes, _ = posts
    model = _lightgbm(matrix, classes, {"objective": "multiclass", "num_class": 3})
    answer = softmax(boosting.fit_classes(matrix, classes, seed=3).answer(asked))
    np.testing.assert_allclose(answer, model.predict(asked.astype(np.float64)), atol=1e-12)


def test_a_boosted_rank_answers_as_lightgbm(posts):
    matrix, asked, _, rank = posts
    model = _lightgbm(matrix, rank, {"objective": "regression"})
    answer = boosting.fit_rank(matrix, rank, seed=3).answer(asked)
    np.testing.assert_allclose(answer[:, 0], model.predict(asked.astype(np.float64)), atol=1e-12)


def test_a_tree_without_a_question_answers_everyone(rng):
    matrix = np.zeros((50, 2), dtype=np.float32)
    rank = rng.random(50)
    answer = boosting.fit_rank(matrix, rank, seed=1).answer(matrix)
    np.testing.assert_allclose(answer, rank.mean(), atol=1e-6)


def test_the_rows_asked_together_change_nothing(posts, monkeypatch):
    matrix, asked, classes, _ = posts
    grown = forest.grow(matrix, classes, seed=1)
    together = grown.answer(asked[:200])
    monkeypatch.setattr(trees, "CELLS_AT_ONCE", forest.TREES * 7)
    np.testing.assert_array_equal(grown.answer(asked[:200]), together)


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        ("children", lambda a: a * 0, "above its parent"),
        ("children", lambda a: a.clip(max=np.arange(len(a))[:, None]), "above its parent"),
        ("children", lambda a: np.where(a > 0, len(a) - 1, a), "below two others"),
        ("children", lambda a: a + len(a), "out of bounds"),
        ("children", lambda a: a[:-1], "shape"),
        ("roots", lambda a: a - 1, "out of bounds"),
        ("feature", lambda a: a.astype(float), "float64"),
        ("threshold", lambda a: a * np.nan, "finite"),
        ("values", lambda a: a[:, :2], "shape"),
    ],
)
def test_saved_trees_that_are_none_are_refused(posts, name, change, says):
    matrix, _, classes, _ = posts
    arrays = forest.grow(matrix, classes, seed=1).arrays("forest/")
    arrays[f"forest/{name}"] = change(arrays[f"forest/{name}"])
    with pytest.raises(ValueError, match=says):
        Trees.from_arrays(arrays, "forest/", 3)


def test_trees_asked_about_too_few_columns_say_so(posts):
    matrix, _, classes, _ = posts
    with pytest.raises(ValueError, match="are given 0"):
        forest.grow(matrix, classes, seed=1).answer(matrix[:, :0])


def test_it_comes_back(posts):
    matrix, asked, classes, _ = posts
    grown = forest.grow(matrix, classes, seed=1)
    again = Trees.from_arrays(grown.arrays("forest/"), "forest/", 3)
    np.testing.assert_array_equal(again.answer(asked), grown.answer(asked))
    assert grown.answer(matrix[:0]).shape == (0, 3)
