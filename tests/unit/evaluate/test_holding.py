"""Scores of newer posts against those of a test: what is clearly worse, and what cannot be told."""

from dataclasses import replace

import numpy as np
import pytest

from postcast.drifted import CANNOT_TELL, FAILS, HOLDS
from postcast.evaluate.holding import (
    Answered,
    chance_ece,
    checked,
    periods,
    scored,
    verdict_of,
)
from postcast.evaluate.metrics import figures
from postcast.schema import Predictions
from postcast.scorecard import Scorecard


def forecasts(rng, n, *, sharp=3.0, wrong=0.0):
    """Calibrated forecasts of n posts; a share of the labels is then replaced by chance."""
    logits = sharp * rng.normal(size=(n, 3))
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    actual = (shares.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1).clip(0, 2)
    chance = rng.random(n) < wrong
    actual[chance] = rng.integers(3, size=chance.sum())
    return Predictions(actual, shares.argmax(axis=1), shares, actual.astype(float))


def card_of(rng, n=600):
    found = figures(forecasts(rng, n), draws=200)
    return Scorecard(
        **{name: getattr(found, name) for name in found.__dataclass_fields__},
        baselines={}, differences={}, n_train=9, n_test=n, n_rejected=0, thresholds=(1.0, 2.0),
        split="s", mode="frozen", maturity="0", protocol="postcast", classifier="strong",
        encoder="tfidf", seed=1,
    )  # fmt: skip


def judged(rng, card, mine, n_periods=1):
    n = len(mine.actual)
    period = np.arange(n) * n_periods // n
    answered = Answered(mine, {}, period, [f"m{i}" for i in range(n_periods)])
    parts = periods(answered)
    checks = checked(answered, scored("all", answered, np.arange(n)), parts, card)
    return checks, verdict_of(checks, n)


def test_posts_of_the_same_kind_hold_nearly_always(rng):
    card = card_of(rng)
    verdicts = [judged(rng, card, forecasts(rng, 400), 3)[1] for _ in range(30)]
    assert verdicts.count(HOLDS) >= 28


def test_labels_that_no_longer_follow_are_found(rng):
    checks, verdict = judged(rng, card_of(rng), forecasts(rng, 400, wrong=0.5))
    assert verdict == FAILS
    assert {check.score for check in checks if check.is_worse} == {"macro_f1", "log_loss", "ece"}


def test_a_fall_in_the_last_period_alone_is_found(rng):
    good, bad = forecasts(rng, 1_500), forecasts(rng, 150, wrong=1.0)
    joined = Predictions(
        *(
            np.concatenate([getattr(good, name), getattr(bad, name)])
            for name in ("actual", "forecast", "probabilities", "engagement")
        )
    )
    checks, verdict = judged(rng, card_of(rng), joined, 11)
    assert verdict == FAILS
    assert any(check.is_worse and check.period == "m10" for check in checks)


def test_few_posts_give_no_verdict(rng):
    card = card_of(rng)
    assert judged(rng, card, forecasts(rng, 40))[1] == CANNOT_TELL
    assert judged(rng, card, forecasts(rng, 10)) == ((), CANNOT_TELL)
    wide = replace(card, macro_f1=replace(card.macro_f1, low=0.0, high=1.0))
    assert judged(rng, wide, forecasts(rng, 400))[1] == CANNOT_TELL


def test_what_is_clear_but_too_small_to_matter_is_not_called_worse(rng, monkeypatch):
    card, mine = card_of(rng), forecasts(rng, 400, wrong=0.5)
    assert judged(rng, card, mine)[1] == FAILS
    monkeypatch.setattr("postcast.evaluate.holding.MATTERS", 5.0)
    assert judged(rng, card, mine)[1] == HOLDS


def test_without_a_scorecard_calibration_is_held_to_chance(rng):
    checks, verdict = judged(rng, None, forecasts(rng, 400))
    assert [check.against for check in checks] == ["chance"]
    assert verdict == HOLDS
    assert judged(rng, None, forecasts(rng, 400, wrong=0.6))[1] == FAILS


def test_a_baseline_that_has_become_better_ends_it(rng):
    mine = forecasts(rng, 500, wrong=1.0)
    known = np.eye(3)[mine.actual] * 0.9 + 0.1 / 3
    better = replace(mine, probabilities=known, forecast=mine.actual)
    answered = Answered(mine, {"tfidf_linear": better}, np.full(500, -1), [])
    checks = checked(answered, scored("all", answered, np.arange(500)), (), None)
    assert [check.against for check in checks if check.is_worse][-1] == "tfidf_linear"


def test_chance_alone_explains_the_ece_of_a_calibrated_forecaster(rng):
    usual, most = chance_ece(forecasts(rng, 300))
    assert 0.01 < usual < most < 0.1
    found = [figures(forecasts(rng, 300), draws=1).ece.value for _ in range(60)]
    assert np.mean(found) == pytest.approx(usual, abs=0.01)
    assert np.mean(np.array(found) > most) < 0.15


def test_periods_too_short_to_score_are_counted(rng):
    mine = forecasts(rng, 60)
    answered = Answered(mine, {}, np.repeat([0, 1], [5, 55]), ["a", "b"])
    short, long = periods(answered)
    assert (short.posts, short.scores) == (5, {})
    assert long.posts == 55
    assert long.scores["macro_f1"].value is not None
