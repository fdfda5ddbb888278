from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sk

from postcast.errors import PostcastError
from postcast.evaluate import metrics, resampling
from postcast.schema import CLASSES, Predictions
from postcast.scorecard import SCORES, Estimate


@pytest.mark.parametrize("n_posts", [5, 37, 460])
def test_every_score_agrees_with_scikit_learn(predict, n_posts):
    posts = predict(n_posts)
    found = metrics.figures(posts, draws=20)
    labels = [0, 1, 2]
    f1 = {"labels": labels, "zero_division": 0}
    one_hot = np.eye(3)[posts.actual]
    expected = {
        "accuracy": sk.accuracy_score(posts.actual, posts.forecast),
        "macro_f1": sk.f1_score(posts.actual, posts.forecast, average="macro", **f1),
        "weighted_f1": sk.f1_score(posts.actual, posts.forecast, average="weighted", **f1),
        "qwk": sk.cohen_kappa_score(
            posts.actual, posts.forecast, labels=labels, weights="quadratic"
        ),
        "log_loss": sk.log_loss(posts.actual, posts.probabilities, labels=labels),
        "brier": np.square(posts.probabilities - one_hot).sum(1).mean(),
        "spearman": stats.spearmanr(posts.probabilities @ labels, posts.engagement)[0],
    }
    for score, value in expected.items():
        assert getattr(found, score).value == pytest.approx(value, abs=1e-12), score
    assert found.mae_log.value is None


def test_classes_and_confusion_agree_with_scikit_learn(predict):
    posts = predict(200)
    found = metrics.figures(posts, draws=20)
    report = sk.classification_report(
        posts.actual, posts.forecast, target_names=CLASSES, output_dict=True
    )
    for name in CLASSES:
        row = found.per_class[name]
        assert row.precision == pytest.approx(report[name]["precision"])
        assert row.recall == pytest.approx(report[name]["recall"])
        assert row.f1 == pytest.approx(report[name]["f1-score"])
        assert row.support == report[name]["support"]
        for score in ("precision", "recall", "f1"):
            one = row.estimate(score)
            assert one.low <= one.value <= one.high
    assert (np.array(found.confusion.counts) == sk.confusion_matrix(*_pair(posts))).all()


def test_several_forecasts_are_resampled_on_the_draws_of_each_alone(predict):
    both = [predict(40), predict(40, skill=0.2, seed=3)]
    scores = ("macro_f1", "log_loss", "ece")
    together = resampling.resample_together(both, scores, draws=50, seed=3)
    for place, one in enumerate(both):
        alone = resampling.resample(one, scores, draws=50, seed=3)
        for score in scores:
            np.testing.assert_allclose(together[score][:, place], alone[score], rtol=1e-12)


def test_intervals_agree_with_a_plain_loop(predict):
    posts = replace(predict(40), expected_count=np.arange(40.0))
    found = metrics.figures(posts, draws=200, seed=3)
    random = np.random.default_rng(3)
    drawn: dict[str, list[float]] = {"macro_f1": [], "spearman": [], "mae_log": [], "qwk": []}
    for _ in range(200):
        rows = random.integers(40, size=40)
        actual, forecast = posts.actual[rows], posts.forecast[rows]
        drawn["macro_f1"].append(
            sk.f1_score(actual, forecast, labels=[0, 1, 2], average="macro", zero_division=0)
        )
        drawn["qwk"].append(
            sk.cohen_kappa_score(actual, forecast, labels=[0, 1, 2], weights="quadratic")
        )
        expected, engagement = posts.expected_count[rows], posts.engagement[rows]
        drawn["spearman"].append(stats.spearmanr(expected, engagement)[0])
        drawn["mae_log"].append(np.abs(np.log1p(expected) - np.log1p(engagement)).mean())
    for score, values in drawn.items():
        low, high = np.percentile(values, [2.5, 97.5])
        assert getattr(found, score).low == pytest.approx(low), score
        assert getattr(found, score).high == pytest.approx(high), score


def test_draws_do_not_depend_on_how_they_are_cut_into_chunks(predict, monkeypatch):
    whole = metrics.figures(predict(50), draws=30)
    monkeypatch.setattr(resampling, "_CHUNK", 120)
    cut = metrics.figures(predict(50), draws=30)
    for score in SCORES:
        assert str(getattr(cut, score)) == str(getattr(whole, score))


def test_ece_of_known_gaps():
    shares = np.array([[0.9, 0.1, 0.0]] * 10 + [[0.5, 0.3, 0.2]] * 10)
    actual = np.array([0] * 6 + [1] * 4 + [0] * 5 + [2] * 5)
    posts = Predictions(actual, np.zeros(20, int), shares, np.arange(20.0))
    assert metrics.figures(posts, draws=10).ece.value == pytest.approx((0.3 + 0.0) / 2)
    bins = metrics.reliability(posts)
    assert bins.posts.tolist() == [10, 10]
    assert bins.confidence == pytest.approx([0.5, 0.9])
    assert bins.share_right == pytest.approx([0.5, 0.6])


def test_what_cannot_be_told_is_none():
    posts = Predictions(
        np.zeros(8, int), np.zeros(8, int), np.tile([1.0, 0.0, 0.0], (8, 1)), np.ones(8)
    )
    found = metrics.figures(posts, draws=50)
    assert found.spearman.value is None
    assert found.qwk.value is None
    assert found.accuracy.value == 1.0
    assert found.macro_f1.value == pytest.approx(1 / 3)
    assert found.log_loss.value == 0.0


@pytest.mark.parametrize("n_posts", [1, 2, 5])
def test_few_posts_have_intervals_around_their_values(predict, n_posts):
    found = metrics.figures(predict(n_posts))
    for score in SCORES:
        figure = getattr(found, score)
        if figure.value is not None:
            assert figure.low <= figure.value <= figure.high
            assert np.isfinite([figure.low, figure.high]).all()


def test_a_certain_miss_costs_a_finite_log_loss():
    posts = Predictions(np.array([2]), np.array([0]), np.array([[1.0, 0, 0]]), np.array([9.0]))
    assert metrics.figures(posts, draws=5).log_loss.value == pytest.approx(-np.log(1e-15))


def test_counts_below_zero_are_taken_as_none():
    posts = Predictions(
        np.array([0, 1]), np.array([0, 1]), np.eye(3)[:2], np.array([-1.0, 3.0]), np.zeros(2)
    )
    assert metrics.figures(posts, draws=5).mae_log.value == pytest.approx(np.log(4) / 2)


def test_differences_are_paired(predict):
    posts, other = predict(300, skill=1.0), predict(300, skill=0.0, seed=5)
    same = metrics.differences(posts, posts, ("macro_f1", "log_loss"))
    assert all((d.value, d.low, d.high) == (0, 0, 0) for d in same.values())
    better = metrics.differences(posts, other)
    assert better["macro_f1"].low > 0 > better["log_loss"].high
    assert better["mae_log"].value is None
    assert better["accuracy"].value == pytest.approx(
        metrics.figures(posts).accuracy.value - metrics.figures(other).accuracy.value
    )


def test_differences_of_other_posts_are_refused(predict):
    with pytest.raises(PostcastError, match="different posts"):
        metrics.differences(predict(10), predict(11))


def test_no_posts_are_refused(predict):
    with pytest.raises(PostcastError, match="no posts"):
        metrics.figures(predict(0))


def test_coverage_over_all_and_by_class():
    sets = np.array([[True, False, False], [True, True, False], [True, False, False]])
    found = metrics.coverage(sets, np.array([0, 1, 1]))
    assert {name: one.value for name, one in found.items()} == {
        "all": pytest.approx(2 / 3),
        "low": 1.0,
        "medium": 0.5,
        "high": None,
    }
    assert found["low"].low < 0.3  # one post says little, though the set held it


@pytest.mark.parametrize(("held", "n"), [(0, 10), (7, 10), (10, 10), (431, 458)])
def test_the_interval_of_a_share_is_wilsons(held, n):
    found = metrics.share(np.arange(n) < held)
    expected = stats.binomtest(held, n).proportion_ci(method="wilson")
    assert found.value == held / n
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert metrics.share(np.zeros(0, dtype=bool)) == Estimate()


def test_rank_correlation_of_ties_and_constants():
    first, second = np.array([1.0, 1, 2, 3, 3, 9]), np.array([2.0, 1, 1, 5, 5, 5])
    assert metrics.rank_correlation(first, second) == pytest.approx(
        stats.spearmanr(first, second)[0]
    )
    assert metrics.rank_correlation(first, np.ones(6)) is None


def _pair(posts: Predictions):
    return posts.actual, posts.forecast
