"""Calibration and conformal sets recover what was bent, and hold what they promise."""

import numpy as np
import pytest

from postcast.models.calibrate import Calibration, conformal_cutoff, fit_calibration
from postcast.models.portable import softmax


def _true_posts(rng, n):
    probabilities = softmax(rng.normal(size=(n, 3)) * 1.5)
    classes = np.array([rng.choice(3, p=row) for row in probabilities])
    return probabilities, classes


def test_overconfidence_and_class_weights_are_undone(rng):
    honest, classes = _true_posts(rng, 4000)
    bent = softmax(2.5 * np.log(honest) + np.array([0.0, 1.0, -0.5]))
    calibration = fit_calibration(bent, classes)
    assert calibration.slope == pytest.approx(1 / 2.5, abs=0.05)
    np.testing.assert_allclose(calibration.apply(bent), honest, atol=0.06)


def test_honest_probabilities_stay(rng):
    honest, classes = _true_posts(rng, 4000)
    np.testing.assert_allclose(fit_calibration(honest, classes).apply(honest), honest, atol=0.04)


def test_decision_weights_keep_the_choice(rng):
    honest, classes = _true_posts(rng, 400)
    bent = softmax(1.7 * np.log(honest) + np.array([0.8, -0.9, 0.3]))
    calibration = fit_calibration(bent, classes)
    weighted = calibration.apply(bent) * np.array(calibration.decision_weights())
    np.testing.assert_array_equal(weighted.argmax(axis=1), bent.argmax(axis=1))


def test_few_rows_fit_nothing(rng):
    assert fit_calibration(*_true_posts(rng, 29)) == Calibration()


@pytest.mark.parametrize("coverage", [0.7, 0.9, 0.95])
def test_sets_hold_the_truth_as_often_as_asked(rng, coverage):
    held = []
    for _ in range(60):
        probabilities, classes = _true_posts(rng, 120)
        cutoff = conformal_cutoff(probabilities[:100], classes[:100], coverage)
        kept = probabilities[100:] >= cutoff
        held.append(kept[np.arange(20), classes[100:]].mean())
    assert np.mean(held) == pytest.approx(coverage, abs=0.04)
    assert np.mean(held) > coverage - 0.02


def test_too_few_rows_for_a_coverage_give_every_class(rng):
    assert conformal_cutoff(*_true_posts(rng, 5), 0.95) == 0.0
