"""Answers without an image: as sure as they may be, when one calibration serves all."""

import numpy as np
import pytest

from postcast.models.calibrate import Calibration, fit_calibration
from postcast.models.image_view import ImageView, rows_to_hide, without_images
from postcast.models.without_image import WithoutImage
from postcast.schema import Block, FeatureSet


def _sure(rng, n, right):
    """Answers of 0.9 for a class that is right as often as told, and the classes."""
    classes = rng.integers(0, 3, n)
    said = np.where(rng.random(n) < right, classes, (classes + rng.integers(1, 3, n)) % 3)
    return np.where(np.eye(3)[said] > 0, 0.9, 0.05), classes


def test_one_calibration_then_serves_both(rng):
    seen, classes = _sure(rng, 900, 0.8)
    unseen, other = _sure(rng, 900, 0.4)
    has = np.repeat([True, False], 900)
    answers, told = np.vstack([seen, unseen]), np.concatenate([classes, other])
    learned = WithoutImage.learned(answers, answers, has, told, np.empty(0, dtype=int))
    changed = learned.apply(answers, has)
    np.testing.assert_array_equal(changed[has], seen)
    calibrated = fit_calibration(changed, told).apply(changed)
    assert calibrated[has].max(axis=1).mean() == pytest.approx(0.8, abs=0.03)
    assert calibrated[~has].max(axis=1).mean() == pytest.approx(0.4, abs=0.05)


def test_hidden_posts_speak_where_too_few_have_none(rng):
    seen, classes = _sure(rng, 400, 0.8)
    unseen, _ = _sure(rng, 400, 0.4)
    has = np.ones(400, dtype=bool)
    learned = WithoutImage.learned(seen, unseen, has, classes, np.arange(200))
    assert learned.calibration.slope < 0.5
    none = WithoutImage.learned(seen, unseen, has, classes, np.arange(5))
    assert none.calibration == Calibration()


def test_it_is_rebuilt(rng):
    learned = WithoutImage(Calibration(0.3, (0.1, -0.2, 0.0)))
    assert WithoutImage.from_arrays(learned.arrays()) == learned
    assert WithoutImage.from_arrays({}) == WithoutImage()


def _features(rng, n=60, without=15):
    mask = np.ones((n, 1), dtype=np.float32)
    mask[:without] = 0
    blocks = {
        "text": Block(rng.normal(size=(n, 2)).astype(np.float32)),
        "image": Block(mask * rng.normal(5, 2, (n, 8)).astype(np.float32)),
        "visual": Block(mask * rng.normal(-3, 0.1, (n, 3)).astype(np.float32)),
        "has image": Block(mask),
    }
    return FeatureSet(blocks, np.zeros(n, dtype=int), np.arange(n))


def test_images_stand_around_their_own_mean(rng):
    features = _features(rng)
    view = ImageView.learned(features)
    seen = view.matrix(features)[15:].astype(float)
    np.testing.assert_allclose(seen.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose((seen[:, :8] ** 2).sum(axis=1).mean(), 1, rtol=1e-3)
    np.testing.assert_allclose((seen[:, 8:] ** 2).sum(axis=1).mean(), 1, rtol=1e-3)
    beside = view.beside(features).blocks
    assert list(beside) == ["text", "images"]
    np.testing.assert_array_equal(beside["images"].matrix[:, -1], [1] * 15 + [0] * 45)
    assert not beside["images"].matrix[:15, :-1].any()


def test_what_is_not_seen_shapes_no_scale(rng):
    features = _features(rng)
    rows = np.arange(15, 60)
    one, other = ImageView.learned(features), ImageView.learned(features.take(rows))
    np.testing.assert_array_equal(one.mean, other.mean)
    np.testing.assert_array_equal(one.scale, other.scale)


def test_a_third_is_learned_from_without_an_image(rng):
    assert len(rows_to_hide(_features(rng), 1)) == 5
    assert len(rows_to_hide(_features(rng, without=0), 1)) == 20
    assert len(rows_to_hide(_features(rng, without=30), 1)) == 0
    hidden = rows_to_hide(_features(rng), 1)
    assert (hidden >= 15).all()
    assert not without_images(_features(rng)).blocks["has image"].matrix.any()
