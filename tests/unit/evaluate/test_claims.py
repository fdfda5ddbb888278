from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import scipy.sparse as sp

from postcast.evaluate.claims import Evidence, check_claims
from postcast.evaluate.similarity import jackknife, likeness, wording_effect
from postcast.schema import CLASSES

EMBEDDINGS, IMBALANCE, EASIEST, ALIKE, WORDING, TEXT, WEIGHTS = range(7)


def majority(posts):
    return replace(
        posts,
        forecast=np.zeros_like(posts.forecast),
        probabilities=np.tile([0.5, 0.3, 0.2], (len(posts.actual), 1)),
    )


def check(predictions, **evidence):
    return check_claims(
        Evidence(predictions=predictions, draws=200, **{"encoder": "minilm"} | evidence)
    )


def test_nothing_to_check_on_is_said(predict):
    claims = check(predict(50))
    for place in (EMBEDDINGS, ALIKE, TEXT, WEIGHTS):
        assert claims[place].holds is None
        assert claims[place].sentence.startswith("Not checked: ")
    assert claims[WEIGHTS].sentence == "Not checked: this classifier has no class weights."


def test_word_counts_are_not_compared_with_themselves(predict):
    claims = check(predict(50), encoder="tfidf", baselines={"tfidf_linear": predict(50, 0.0)})
    assert "this forecaster's features are word counts themselves" in claims[EMBEDDINGS].sentence


@pytest.mark.parametrize(
    ("skill", "other", "holds"), [(2.0, 0.0, True), (0.0, 2.0, False), (0.6, 0.65, None)]
)
def test_a_difference_counts_where_its_interval_keeps_to_one_side(predict, skill, other, holds):
    posts, rival = predict(200, skill), predict(200, other, seed=9)
    claims = check(posts, baselines={"tfidf_linear": rival}, unweighted=rival)
    assert claims[EMBEDDINGS].holds is holds
    assert claims[WEIGHTS].holds is holds
    assert ("chance alone" in claims[WEIGHTS].sentence) is (holds is None)


def test_text_alone_is_judged_on_a_forecaster_that_sees_text_alone(predict):
    posts = predict(300, 0.0)
    rivals = {"majority": majority(posts), "tfidf_linear": predict(300, 2.0, seed=4)}
    mixed = check(posts, baselines=rivals, blocks=("text", "history"))[TEXT]
    assert mixed.holds
    assert "TF-IDF + linear" in mixed.sentence
    assert "This forecaster, which sees text alone" in check(posts, baselines=rivals)[TEXT].sentence


def test_leaning_to_the_dominant_class(predict):
    posts = predict(300)
    skewed = replace(posts, actual=np.where(np.arange(300) % 4 == 0, posts.actual, 0))
    assert check(majority(skewed))[IMBALANCE].holds
    shy = replace(skewed, forecast=np.full(300, 2))
    assert check(shy)[IMBALANCE].holds is False


def test_easiest_and_hardest(predict):
    posts = predict(400)
    random = np.random.default_rng(1)
    forecast = posts.actual.copy()
    wrong = random.random(400) < np.array([0.02, 0.8, 0.3])[posts.actual]
    forecast[wrong] = (posts.actual[wrong] + random.integers(1, 3, wrong.sum())) % 3
    assert check(replace(posts, forecast=forecast))[EASIEST].holds
    turned = replace(posts, actual=(posts.actual + 1) % 3, forecast=(forecast + 1) % 3)
    assert check(turned)[EASIEST].holds is False


@pytest.mark.parametrize("as_stored", [np.asarray, sp.csr_matrix])
def test_low_posts_that_are_alike_are_found(predict, as_stored):
    posts = predict(300)
    vectors = np.random.default_rng(0).normal(size=(300, 20)).astype(np.float32)
    vectors[posts.actual == 0] += 2
    claim = check(posts, embeddings=as_stored(vectors))[ALIKE]
    assert claim.holds
    assert "within low" in claim.sentence
    vectors[posts.actual == 2] += 5
    assert check(posts, embeddings=as_stored(vectors))[ALIKE].holds is False


def test_likeness_is_the_mean_cosine_of_all_pairs():
    vectors = np.random.default_rng(2).normal(size=(12, 5)) + 0.5
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def mean_cosine(rows):
        return np.mean([a @ b for a, b in combinations(rows, 2)])

    left_out = np.array([mean_cosine(np.delete(units, row, 0)) for row in range(12)])
    expected = jackknife(mean_cosine(units), left_out, (-1, 1))
    found = likeness(np.vstack([vectors, np.zeros(5)]))
    assert (found.value, found.low, found.high) == pytest.approx(
        (expected.value, expected.low, expected.high)
    )
    assert likeness(vectors[:2]).value is None


def test_wording_effect_counts_pairs_of_one_count():
    forecast = np.array([0, 0, 1, 2, 0, 1, 1, 0])
    counts = np.array([3.0, 3, 3, 3, 3, 8, 8, 8])
    pairs = [(a, b) for a, b in combinations(range(8), 2) if counts[a] == counts[b]]
    share = np.mean([forecast[a] != forecast[b] for a, b in pairs])
    found = wording_effect(forecast, counts)
    assert found.value == pytest.approx(share)
    assert 0 <= found.low < share < found.high <= 1
    assert wording_effect(forecast, np.arange(8.0)).value is None


def test_one_forecast_for_all_shows_no_wording(predict):
    assert check(majority(predict(100)))[WORDING].holds is False


def test_five_posts_and_an_absent_class_do_not_fail(predict):
    posts = predict(5)
    claims = check(posts, embeddings=np.ones((5, 3)), baselines={"majority": majority(posts)})
    assert len(claims) == 7
    assert all(name in claims[EASIEST].sentence for name in CLASSES)
