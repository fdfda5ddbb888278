"""What a forecaster keeps of counts: the same classes as trained, others on request, or a no."""

from dataclasses import replace

import numpy as np
import pytest

from postcast.counts import MOST_ROWS, Answered, Counts, learn_counts, movable
from postcast.decide import Rule
from postcast.errors import ForecasterError, LabelError, PostcastError, SettingsError
from postcast.models.calibrate import Calibration
from postcast.models.choose import Recipe
from postcast.models.distribution import CountBins
from postcast.schema import Forecast

RULE = Rule((5.0, 20.0), (0.5, 0.3, 0.2), (1.0, 1.2, 1.5), 0.9, 0.07)


def learned(n=3000, seed=0):
    rng = np.random.default_rng(seed)
    counts = np.round(np.exp(rng.normal(2, 1.2, n)))
    bins = CountBins.of(counts, RULE.thresholds)
    shares = rng.dirichlet(np.ones(len(bins)), n) + np.eye(len(bins))[bins.find(counts)]
    shares /= 2
    probabilities = np.stack([shares[:, bins.classes == c].sum(axis=1) for c in range(3)], axis=1)
    answered = Answered(probabilities, shares, counts)
    return learn_counts(bins, RULE, answered, 0.9, Recipe("strong", seed=seed)), answered


def moved(counts, values):
    return counts.moved_rule(values, "strong", Calibration())


def test_the_trained_thresholds_give_the_trained_rule_and_probabilities():
    counts, answered = learned()
    assert moved(counts, [5, 20]) == RULE
    told, _ = counts.answer(answered.probabilities, answered.shares, RULE.thresholds)
    assert told is answered.probabilities


def test_a_moved_rule_is_set_on_the_kept_posts():
    counts, answered = learned()
    rule = moved(counts, [3, 40])
    share_low, share_high = (counts.counts < 3).mean(), (counts.counts >= 40).mean()
    assert rule.thresholds == (3.0, 40.0)
    assert rule.shares == pytest.approx((share_low, 1 - share_low - share_high, share_high))
    assert (rule.coverage, rule.weights[2] > rule.weights[1]) == (0.9, True)
    told, _ = counts.answer(answered.probabilities, answered.shares, rule.thresholds)
    actual = np.searchsorted([3, 40], answered.counts, side="right")
    held = told[np.arange(len(told)), actual] >= rule.cutoff
    assert held.mean() == pytest.approx(0.9, abs=0.02)


def test_decisions_are_corrected_as_in_the_training():
    counts, _ = learned(500)
    plain = moved(replace(counts, correction="none"), [3, 9])
    assert plain.weights == (1.0, 1.0, 1.0)
    full = moved(counts, [3, 9])
    assert full.weights == pytest.approx([1 / share for share in full.shares])


def test_so_many_posts_are_kept_and_the_ends_among_them():
    counts, answered = learned()
    assert len(counts.counts) == MOST_ROWS
    assert counts.counts.min() == answered.counts.min()
    assert counts.counts.max() == answered.counts.max()
    again, _ = learned()
    np.testing.assert_array_equal(counts.counts, again.counts)
    np.testing.assert_array_equal(counts.spread, again.spread)


def test_saved_and_loaded_it_is_the_same():
    counts, answered = learned(500)
    again = Counts.from_state(counts.state())
    assert moved(again, [3, 9]) == moved(counts, [3, 9])
    mine, theirs = (
        one.answer(answered.probabilities, answered.shares, (3.0, 9.0)) for one in (counts, again)
    )
    np.testing.assert_array_equal(mine[0], theirs[0])
    np.testing.assert_array_equal(mine[1].high, theirs[1].high)


@pytest.mark.parametrize("values", [[6, 3], [3], [3, 3], [3, float("nan")], [1, 2, 3]])
def test_thresholds_that_are_none_are_refused(values):
    with pytest.raises(SettingsError, match="two ascending numbers"):
        moved(learned(500)[0], values)


@pytest.mark.parametrize(("values", "empty"), [([3, 1e9], "high"), ([-1, 5], "low")])
def test_classes_that_no_training_post_reached_are_refused(values, empty):
    with pytest.raises(LabelError, match=f"class {empty} is empty"):
        moved(learned(500)[0], values)


def test_what_cannot_move_says_why():
    counts, _ = learned(500)
    assert movable(counts, {"classifier": "strong", "target": "count"}) is counts
    with pytest.raises(
        PostcastError,
        match=r"linear knows classes only.*strong or hypergraph or ensemble; train with",
    ):
        movable(None, {"classifier": "linear"})
    with pytest.raises(PostcastError, match=r"author's own mean.*--target class or count"):
        movable(None, {"classifier": "strong", "target": "relative"})
    with pytest.raises(ForecasterError, match=r"keeps no counts.*train again"):
        movable(None, {"classifier": "strong"})


def test_a_classifier_of_classes_expects_the_mean_of_each():
    values = np.array([0.0, 0.0, 3.0, 7.0, 7.0, 15.0])
    counts = Counts.of_classes(values, replace(RULE, thresholds=(3.0, 7.0)))
    probabilities = np.array([[1, 0, 0], [0, 0.5, 0.5]])
    _, outlook = counts.answer(probabilities, np.empty((2, 0)), (3.0, 7.0))
    of_high = np.log1p([7, 7, 15]).mean()
    np.testing.assert_allclose(np.log1p(outlook.expected), [0, (np.log(4) + of_high) / 2])


def test_a_forecast_tells_whole_counts_without_decimals():
    words = ("high", {"high": 1.0}, ("high",))
    forecast = Forecast(
        id=None,
        forecast=words[0],
        probabilities=words[1],
        set=words[2],
        too_close=False,
        thresholds=(),
        expected_count=6.12345678,
        count_low=2.0,
        count_high=30.0,
    )
    told = forecast.to_dict()
    counts = (told["expected_count"], str(told["count_low"]), told["count_high"])
    assert counts == (6.12346, "2", 30)
