"""The scikit-learn estimator: scikit-learn's own checks, its tools, its inputs, its errors."""

import doctest
import re
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.exceptions import NotFittedError, SkipTestWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import check_estimator, parametrize_with_checks

import postcast.estimator
from postcast import PopularityClassifier, PostcastError
from postcast.errors import MissingExtraError
from postcast.estimator_learning import held_out_rows
from postcast.models import choose

EXCEPTIONS = {
    "check_dtype_object": "it has four classes, and there are at most three",
    "check_fit1d": "an array of one dimension is what a list of texts is",
}
"""Checks of scikit-learn that the estimator does not pass, and why it should not."""


class WrittenOut(PopularityClassifier):
    """Takes the matrices of scikit-learn's checks, each number written out as a word."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.one_d_array, tags.input_tags.two_d_array = False, True
        return tags

    def fit(self, X, y):
        return super().fit(_written_out(X), y)

    def predict(self, X):
        return super().predict(_written_out(X))

    def predict_proba(self, X):
        return super().predict_proba(_written_out(X))


def _written_out(X):
    if hasattr(X, "tocsr") or np.asarray(X).dtype.kind == "c":
        return X
    cells = np.asarray(X)
    words = np.empty(cells.shape, dtype=object)
    for place, value in np.ndenumerate(cells):
        words[place] = _word(place[-1], value)
    return words


def _word(column, value):
    if not isinstance(value, (int, float, np.number)) or not np.isfinite(value):
        return value
    return f"x{column}is{'minus' if value < 0 else ''}{abs(round(value))}"


@parametrize_with_checks(
    [WrittenOut("tfidf", "linear")], expected_failed_checks=lambda _: EXCEPTIONS
)
@pytest.mark.filterwarnings("default")
def test_the_checks_of_scikit_learn_pass(estimator, check):
    check(estimator)


def test_scikit_learn_is_told_not_to_feed_it_matrices():
    with pytest.warns(SkipTestWarning, match="one_d_array=True, two_d_array=False"):
        check_estimator(PopularityClassifier())


def test_the_page_lists_each_exception_with_its_reason():
    page = (Path(__file__).parents[2] / "docs" / "estimator.md").read_text("utf-8")
    assert dict(re.findall(r"^\| `(check_\w+)` \| (.*) \|$", page, re.MULTILINE)) == EXCEPTIONS


def test_its_example_runs():
    outcome = doctest.testmod(postcast.estimator)
    assert outcome.attempted
    assert not outcome.failed


@pytest.fixture
def frame(posts_file):
    return pd.read_json(posts_file, lines=True)


@pytest.fixture
def classes(frame):
    return np.select([frame["saves"] < 12, frame["saves"] < 32], ["low", "medium"], "high")


def linear(**parameters):
    return PopularityClassifier("tfidf", "linear", **parameters)


INPUTS = {
    "list": lambda frame: frame["text"].tolist(),
    "array": lambda frame: frame["text"].to_numpy(),
    "column": lambda frame: frame[["text"]].to_numpy(),
    "pandas series": lambda frame: frame["text"],
    "polars series": lambda frame: pl.Series(frame["text"].tolist()),
    "pandas": lambda frame: frame,
    "polars": lambda frame: pl.DataFrame(frame.to_dict("list")),
}


class TestTools:
    @pytest.mark.parametrize("kind", ["list", "pandas", "polars"])
    def test_cross_validation_recovers_what_is_planted(self, kind, frame, classes):
        posts = INPUTS[kind](frame)
        assert cross_val_score(linear(), posts, classes, cv=3, error_score="raise").mean() > 0.9
        majority = PopularityClassifier(classifier="majority")
        chance = cross_val_score(majority, posts, classes, cv=3, error_score="raise").mean()
        assert 0.2 < chance < 0.5

    @pytest.mark.parametrize("kind", ["list", "pandas", "polars"])
    def test_grid_search_finds_the_better_classifier(self, kind, frame, classes):
        grid = {"classifier": ["majority", "linear"]}
        search = GridSearchCV(PopularityClassifier("tfidf"), grid, cv=3, error_score="raise")
        posts = INPUTS[kind](frame)
        search.fit(posts, classes)
        assert search.best_params_ == {"classifier": "linear"}
        assert (search.predict(posts) == classes).mean() > 0.9

    def test_grid_search_in_two_processes_gives_the_same(self, frame, classes):
        grid = {"class_weights": ["balanced", "none"]}
        one, two = (
            GridSearchCV(linear(), grid, cv=2, n_jobs=n_jobs, error_score="raise")
            .fit(frame, classes)
            .cv_results_["mean_test_score"]
            for n_jobs in (1, 2)
        )
        np.testing.assert_array_equal(one, two)

    def test_scorers_read_the_probabilities_in_their_order(self, frame, classes):
        """`neg_log_loss` takes columns as sorted labels: high, low, medium."""
        scores = cross_val_score(
            linear(), frame, classes, cv=3, scoring="neg_log_loss", error_score="raise"
        )
        assert scores.min() > -0.5 > -np.log(3)

    def test_last_step_of_a_pipeline(self, frame, classes):
        lower = FunctionTransformer(lambda posts: [text.lower() for text in posts])
        pipeline = Pipeline([("lower", lower), ("classify", linear())])
        texts = frame["text"].str.upper().tolist()
        assert cross_val_score(pipeline, texts, classes, cv=3, error_score="raise").mean() > 0.9

    def test_parameters_are_read_set_and_cloned(self):
        estimator = linear(text_col=["title", "text"], random_state=7)
        copy = clone(estimator)
        assert copy.get_params() == estimator.get_params()
        assert copy.set_params(classifier="majority").classifier == "majority"
        assert estimator.classifier == "linear"
        assert repr(linear()) == "PopularityClassifier(classifier='linear', encoder='tfidf')"


class TestInputs:
    @pytest.mark.parametrize("kind", INPUTS)
    def test_every_kind_gives_the_same_answers(self, kind, frame, classes):
        posts = INPUTS[kind](frame)
        expected = linear().fit(frame["text"].tolist(), classes).predict_proba(frame[["text"]])
        np.testing.assert_array_equal(linear().fit(posts, classes).predict_proba(posts), expected)

    def test_a_frame_is_remembered_by_its_columns(self, frame, classes):
        model = linear().fit(frame, classes)
        assert model.feature_names_in_.tolist() == frame.columns.tolist()
        assert model.n_features_in_ == frame.shape[1]
        assert model.columns_ == {"text": ("text",), "author": ("author",)}
        turned = pl.DataFrame(frame[["saves", "text"]].to_dict("list"))
        np.testing.assert_array_equal(model.predict(turned), model.predict(frame))
        np.testing.assert_array_equal(model.predict(frame["text"].tolist()), model.predict(frame))
        model.fit(frame["text"].tolist(), classes)
        assert model.n_features_in_ == 1
        assert not hasattr(model, "feature_names_in_")

    def test_columns_go_by_the_names_given(self, frame, classes):
        renamed = frame.rename(columns={"text": "words"})[["words", "saves"]].assign(title="A b")
        model = linear(text_col=["title", "words"]).fit(renamed, classes)
        assert model.columns_["text"] == ("title", "words")
        assert "title" not in linear(text_col="words").fit(renamed, classes).encoder_.vocabulary
        assert (model.predict(renamed) == classes).mean() > 0.9

    def test_authors_are_read(self):
        texts = [f"word{i} other{i}" for i in range(60)]
        authors = ["a", "b", "c"] * 20
        posts = pd.DataFrame({"text": texts, "user": authors})
        model = PopularityClassifier(classifier="author-median")
        model.fit(posts, ["high", "low", "medium"] * 20)
        assert model.predict(posts).tolist() == ["high", "low", "medium"] * 20
        assert model.encoder_ is None

    def test_a_missing_title_leaves_the_text(self, frame, classes):
        titled = frame.assign(title=None)
        titled.loc[0, "title"] = "Soup"
        model = linear(text_col=["title", "text"]).fit(titled, classes)
        np.testing.assert_array_equal(
            model.predict(titled)[1:],
            linear()
            .fit(titled.assign(text=titled["title"].fillna("") + "\n" + titled["text"]), classes)
            .predict(frame)[1:],
        )

    def test_an_empty_text_is_a_text(self, frame, classes):
        assert linear().fit(frame, classes).predict([""]).shape == (1,)


class TestAnswers:
    def test_popularity_is_ordered_and_columns_are_sorted(self, frame, classes):
        model = linear().fit(frame, classes)
        assert model.classes_.tolist() == ["high", "low", "medium"]
        assert model.ordered_classes_.tolist() == ["low", "medium", "high"]
        answer = model.predict_proba(["easy easy easy", "dull dull dull"])
        assert model.classes_[answer.argmax(axis=1)].tolist() == ["high", "low"]
        np.testing.assert_allclose(answer.sum(axis=1), 1)

    @pytest.mark.parametrize("labels", [(0, 1), (0, 1, 2), ("no", "yes"), (False, True)])
    @pytest.mark.parametrize("name", ["linear", "majority", "author-median", "neural"])
    def test_any_two_or_three_labels(self, name, labels, frame, classes):
        pytest.importorskip("torch", reason="SKIPPED: no torch") if name == "neural" else None
        level = np.array([["low", "medium", "high"].index(name) for name in classes])
        y = np.array(labels)[level % len(labels)]
        model = PopularityClassifier("tfidf", name, device="cpu").fit(frame[:90], y[:90])
        answer = model.predict_proba(frame)
        assert answer.shape == (len(frame), len(labels))
        np.testing.assert_allclose(answer.sum(axis=1), 1)
        assert model.predict(frame).dtype == y.dtype
        assert set(model.predict(frame)) <= set(labels)

    def test_the_decision_rule_finds_rare_classes(self):
        """Balanced weights decide for a class that the calibrated probabilities put second."""
        rng = np.random.default_rng(1)
        is_high = rng.random(600) < 0.12
        words = np.where(rng.random(600) < np.where(is_high, 0.7, 0.15), "easy", "dull")
        texts = [
            f"{word} {' '.join(rng.permutation(list('abcdefgh')))} w{i} v{i}"
            for i, word in enumerate(words)
        ]
        y = np.where(is_high, "high", "low")
        model = linear().fit(texts, y)
        likeliest = model.classes_[model.predict_proba(texts).argmax(axis=1)]
        assert model.calibration_.bias != (0.0, 0.0, 0.0)
        assert (model.predict(texts) == "high").sum() > (likeliest == "high").sum()

    def test_same_seed_same_answers(self, frame, classes):
        answers = [linear(random_state=3).fit(frame, classes).predict_proba(frame) for _ in "ab"]
        np.testing.assert_array_equal(*answers)
        other = linear(random_state=4).fit(frame, classes).predict_proba(frame)
        assert not np.array_equal(answers[0], other)

    def test_no_seed_draws_one_from_numpy(self, frame, classes):
        one = linear(random_state=np.random.RandomState(5)).fit(frame, classes)
        two = linear(random_state=np.random.RandomState(5)).fit(frame, classes)
        np.testing.assert_array_equal(one.predict_proba(frame), two.predict_proba(frame))

    def test_copies_are_held_out_together(self):
        group = np.repeat(np.arange(60), 4)
        codes = np.repeat(np.arange(60) % 3, 4)
        held_out = held_out_rows(codes, group, seed=1)
        assert np.bincount(codes[held_out]).tolist() == [12, 12, 12]
        assert set(group[held_out]).isdisjoint(group[~held_out])


class TestErrors:
    @pytest.mark.parametrize(
        ("posts", "said"),
        [
            (pd.DataFrame({"words": ["a", "b"]}), "no text column among words.*text_col"),
            (pd.DataFrame({"text": ["a", None]}), "row 1 of X has no text"),
            (pl.DataFrame({"text": ["a", None]}), "row 1 of X has no text"),
            (pd.DataFrame({"text": ["a", 3]}), "row 1 of X holds 3, of type int"),
            (["a", float("nan")], "row 1 of X has no text"),
            ([["a", "b"], ["c", None]], "row 1 of X has no text"),
            (pd.Series(["a", pd.NA]), "row 1 of X has no text"),
            (np.ones((2, 3)), "row 0 of X holds 1.0, of type float; expected texts"),
            ([b"a", b"b"], "row 0 of X holds b'a', of type bytes"),
            ([["a"], ["b", "c"]], "row 0 of X holds .'a'., of type list"),
            (["a", "b", "c"], "X has 3 posts, and y 2 labels"),
            ([], "0 sample"),
            ("ab", "X is a str; expected a list of texts"),
            (None, "X is a NoneType; expected a list of texts"),
            (pl.LazyFrame({"text": ["a", "b"]}), "X is a LazyFrame; expected a list of texts"),
            (pd.DataFrame([["a", "b"]] * 2, columns=["text", "text"]), "two columns"),
            (pd.DataFrame({"text": ["a", "b"], 1: [2, 3]}), "string names"),
            (csr_matrix(np.eye(2)), "Sparse data"),
        ],
    )
    def test_posts_without_texts(self, posts, said):
        with pytest.raises(ValueError, match=said) as caught:
            linear().fit(posts, ["low", "high"])
        assert isinstance(caught.value, PostcastError)

    @pytest.mark.parametrize(
        ("y", "said"),
        [
            (["low"] * 4, "y holds 1 class: 'low'; expected two or three"),
            ([4, 1, 3, 2], "y holds 4 classes: 1, 2, 3, 4; .*cut counts into classes"),
            ([0.5, 1.5, 2.5, 3.5], "Unknown label type: continuous"),
            (["low", None, "high", "low"], "one class label a post"),
            (None, "requires y"),
        ],
    )
    def test_labels_that_are_no_classes(self, y, said):
        with pytest.raises(ValueError, match=said) as caught:
            linear().fit(["a", "b", "c", "d"], y)
        assert isinstance(caught.value, PostcastError)

    @pytest.mark.parametrize("method", ["predict", "predict_proba"])
    def test_answers_before_fitting(self, method):
        with pytest.raises(NotFittedError):
            getattr(linear(), method)(["a"])

    def test_a_frame_without_a_learned_column(self, frame, classes):
        model = linear().fit(frame, classes)
        with pytest.raises(PostcastError, match="no column 'text'"):
            model.predict(frame[["author", "saves"]])

    @pytest.mark.parametrize(
        "wrong", [{"class_weights": "rare"}, {"classifier": "oracle"}, {"text_col": "body"}]
    )
    def test_a_wrong_parameter_is_found_by_fit(self, wrong, frame, classes):
        with pytest.raises(PostcastError, match=repr(next(iter(wrong.values())))):
            linear().set_params(**wrong).fit(frame, classes)

    def test_a_missing_extra_says_how_to_install_it(self, frame, classes, monkeypatch):
        monkeypatch.setattr(choose.importlib.util, "find_spec", lambda name: None)
        with pytest.raises(MissingExtraError, match=r"pip install 'postcast\[torch\]'"):
            PopularityClassifier("tfidf", "neural").fit(frame, classes)
