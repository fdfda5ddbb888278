"""Invented predictions and a scorecard made from them, small enough to draw in a blink."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from postcast.evaluate import metrics
from postcast.schema import Predictions
from postcast.scorecard import SCORES, Claim, Estimate, Importance, Scorecard


def invent(n_posts: int = 60, skill: float = 1.0, seed: int = 0) -> Predictions:
    random = np.random.default_rng(seed)
    engagement = np.floor(np.random.default_rng(7).lognormal(1.2, 1.1, n_posts))
    actual = np.digitize(engagement, [3, 6])
    scores = random.normal(size=(n_posts, 3))
    scores[np.arange(n_posts), actual] += skill
    shares = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    return Predictions(actual, shares.argmax(1), shares, engagement)


def leaned_on(fall: Estimate, posts: int = 60) -> Importance:
    return Importance(macro_f1_fall=fall, log_loss_rise=Estimate(0.031, 0.012, 0.052), posts=posts)


def judge(
    predictions: Predictions, baselines: Mapping[str, Predictions], **facts: Any
) -> Scorecard:
    own = metrics.figures(predictions, draws=100)
    given = {
        "n_train": 240,
        "n_test": len(predictions.actual),
        "n_rejected": 12,
        "thresholds": (3.0, 6.0),
        "split": "chronological",
        "mode": "frozen",
        "maturity": "0",
        "protocol": "postcast",
        "classifier": "neural",
        "encoder": "minilm",
        "seed": 42,
        "coverage": {
            "asked": 0.9,
            "all": Estimate(0.88, 0.83, 0.92),
            "low": Estimate(0.9, 0.81, 0.95),
            "medium": Estimate(0.8, 0.7, 0.88),
            "high": Estimate(),
        },
        "importance": {
            "text": leaned_on(Estimate(0.01, -0.02, 0.04)),
            "author": leaned_on(Estimate(0.08, 0.05, 0.11)),
        },
        "claims": (Claim(claim="Claimed", holds=None, sentence="Seen."),),
    }
    return Scorecard(
        **{score: getattr(own, score) for score in SCORES},
        per_class=own.per_class,
        confusion=own.confusion,
        baselines={name: metrics.figures(p, draws=100) for name, p in baselines.items()},
        differences={
            name: metrics.differences(predictions, p, draws=100) for name, p in baselines.items()
        },
        **(given | facts),
    )


@pytest.fixture
def predict() -> Callable[..., Predictions]:
    return invent


@pytest.fixture
def lean() -> Callable[..., Importance]:
    return leaned_on


@pytest.fixture
def score() -> Callable[..., Scorecard]:
    return judge


@pytest.fixture(scope="session")
def posts() -> Predictions:
    return invent()


@pytest.fixture(scope="session")
def scorecard(posts: Predictions) -> Scorecard:
    return judge(posts, {"majority": invent(skill=0, seed=1)})
