"""The planted sample, and tiny posts with an order, learned from by the fast parts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from postcast import Forecaster, read_posts, train
from postcast.data.sample import sample_posts
from postcast.models.choose import CLASSIFIERS, Recipe
from postcast.models.hypergraph import HypergraphClassifier
from postcast.models.hypergraph_training import HypergraphTraining

FAST = {"encoder": "tfidf", "classifier": "linear"}
Row = dict[str, Any]


@pytest.fixture
def rows(posts_file: Path) -> list[Row]:
    """240 posts whose count follows one word."""
    return [json.loads(line) for line in posts_file.read_text().splitlines()]


@pytest.fixture(scope="module")
def kept() -> dict[str, Any]:
    """What the tests of one file learned once and compare with."""
    return {}


@pytest.fixture(scope="module")
def quick_networks(request: pytest.FixtureRequest) -> Iterator[None]:
    """Two hypergraph transformers in place of five, of a module's EPOCHS: enough for the tests."""

    def make(recipe: Recipe) -> HypergraphClassifier:
        return HypergraphClassifier(
            HypergraphTraining(
                members=2, epochs=request.module.EPOCHS, seed=recipe.seed, device="cpu"
            )
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(CLASSIFIERS, "hypergraph", make)
        yield


@pytest.fixture(scope="session")
def sample_forecaster() -> Forecaster:
    return train(sample_posts(), FAST)


@pytest.fixture
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bootstrap 50 times in place of 1,000: intervals have tests of their own."""
    from postcast.evaluate.resampling import resample

    monkeypatch.setitem(resample.__kwdefaults__, "draws", 50)


@pytest.fixture
def learn(few_draws):
    """Train, and tell everything that a learning is made of as plain values."""

    def learn(rows: Sequence[Row] | Path, **settings: Any) -> dict[str, Any]:
        posts = read_posts(rows)
        forecaster = train(posts, FAST | settings)
        answers = {one.id: one for one in forecaster.predict(posts)}
        return {
            "thresholds": forecaster.rule.thresholds,
            "decision": forecaster.rule.to_dict(),
            "calibration": forecaster.calibration,
            "answers": answers,
            "scorecard": forecaster.scorecard,
            "n_train": forecaster.facts["n_train"],
        }

    return learn
