"""Two classifiers in one: weighed by what they said of posts that they had not learned from."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="SKIPPED: the extra [torch] is not installed")

from postcast.models.ensemble import EnsembleClassifier, _best_weight
from postcast.models.hypergraph_training import HypergraphTraining
from postcast.schema import Block, FeatureSet, Target

QUICK = HypergraphTraining(members=2, epochs=2, device="cpu")


def _posts(rng, n=150):
    classes = rng.integers(0, 3, n)
    matrix = (np.eye(3, 8)[classes] + 0.8 * rng.normal(size=(n, 8))).astype(np.float32)
    features = FeatureSet({"text": Block(matrix)}, np.zeros(n, dtype=np.int64), np.arange(n))
    held_out = np.arange(n) % 5 == 0
    return features, Target(classes, classes * 10.0 + rng.random(n), held_out, np.arange(n))


def _said(classes, share):
    return np.where(np.eye(3)[classes] > 0, share, (1 - share) / 2)


def test_who_knows_has_the_say(rng):
    truth = rng.integers(0, 3, 400)
    guessed = rng.integers(0, 3, 400)
    assert _best_weight(_said(truth, 0.9), _said(guessed, 0.6), truth) == 0.0
    assert _best_weight(_said(guessed, 0.6), _said(truth, 0.9), truth) == 1.0


def test_two_who_each_know_a_half_are_mixed(rng):
    truth = rng.integers(0, 3, 400)
    knows = rng.random(400) < 0.5
    flat = np.full((400, 3), 1 / 3)
    first = np.where(knows[:, None], _said(truth, 0.9), flat)
    second = np.where(knows[:, None], flat, _said(truth, 0.9))
    assert 0.3 <= _best_weight(first, second, truth) <= 0.7


def test_what_does_not_help_is_not_asked(rng):
    features, target = _posts(rng)
    ensemble = EnsembleClassifier(QUICK)
    ensemble.fit(features, target)
    ensemble.weight, ensemble.hypergraph.members = 0.0, []  # it could not answer
    strong = ensemble.calibrations[0].apply(ensemble.strong.predict_proba(features))
    np.testing.assert_array_equal(ensemble.predict_proba(features), strong)


def test_what_fit_returns_was_said_before_the_class_was_seen(rng):
    """With shuffled classes no answer to a row can know its class."""
    features, target = _posts(rng, n=300)
    shuffled = Target(
        rng.permutation(target.classes), target.counts, target.held_out, target.together
    )
    held_out = EnsembleClassifier(QUICK).fit(features, shuffled)
    right = held_out.probabilities.argmax(axis=1) == shuffled.classes[held_out.rows]
    assert right.mean() < 0.45
    assert len(held_out.rows) == 300
