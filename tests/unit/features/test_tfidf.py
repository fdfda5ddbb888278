"""The words encoder answers as scikit-learn does, from its saved parts too."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from postcast.features import tfidf
from postcast.features.tfidf import FEW_TEXTS, TfidfEncoder

TEXTS = [
    "Easy weeknight pasta, ready in 20 minutes!",
    "easy EASY cake",
    "Ein schöner Kuchen für Ömas Garten",
    "garden garden tree 🌳 tree",
    "",
    "x y z",
    "easy garden pasta cake tree",
] * 15


def _dense(matrix):
    return matrix if isinstance(matrix, np.ndarray) else matrix.toarray()


def test_matches_scikit_learn():
    encoder = TfidfEncoder()
    encoder.fit(TEXTS)
    sklearn = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    expected = sklearn.fit_transform(TEXTS).toarray()
    found = _dense(encoder.encode(TEXTS))
    assert list(encoder.columns()) == list(sklearn.get_feature_names_out())
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-7)


def test_few_texts_are_dense_and_equal_to_many():
    encoder = TfidfEncoder()
    encoder.fit(TEXTS)
    few, many = encoder.encode(TEXTS[:3]), encoder.encode(TEXTS)
    assert isinstance(few, np.ndarray)
    assert len(TEXTS) > FEW_TEXTS
    assert many.format == "csr"
    np.testing.assert_array_equal(few, many[:3].toarray())


@pytest.mark.parametrize("terms", ["words", "characters"])
def test_texts_a_few_at_a_time_answer_as_all_at_once(monkeypatch, terms):
    encoder = TfidfEncoder(terms)
    encoder.fit(TEXTS)
    at_once = encoder.encode(TEXTS)
    monkeypatch.setattr(tfidf, "TEXTS_AT_ONCE", 10)
    in_parts = encoder.encode(TEXTS)
    assert in_parts.has_sorted_indices
    np.testing.assert_array_equal(in_parts.toarray(), at_once.toarray())


def test_round_trip():
    encoder = TfidfEncoder()
    encoder.fit(TEXTS)
    again = TfidfEncoder.from_state(encoder.state())
    np.testing.assert_array_equal(again.encode(TEXTS[:5]), encoder.encode(TEXTS[:5]))


@pytest.mark.parametrize("texts", [["one", "two", "three"], ["wholly different", "other words"]])
def test_words_of_one_text_each_are_kept_rather_than_none(texts):
    encoder = TfidfEncoder()
    encoder.fit(texts)
    assert (_dense(encoder.encode(texts)) > 0).any(axis=1).all()


def test_no_words_at_all_give_zeros():
    encoder = TfidfEncoder()
    encoder.fit(["🌳", "!", ""])
    np.testing.assert_array_equal(encoder.encode(["🌳", "word"]), np.zeros((2, 1)))


def test_characters_match_scikit_learn():
    encoder = TfidfEncoder("characters")
    encoder.fit(TEXTS)
    sklearn = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 4), min_df=2, sublinear_tf=True)
    expected = sklearn.fit_transform(TEXTS).toarray()
    assert list(encoder.columns()) == list(sklearn.get_feature_names_out())
    np.testing.assert_allclose(_dense(encoder.encode(TEXTS)), expected, atol=1e-7)
    again = TfidfEncoder.from_state(encoder.state())
    np.testing.assert_array_equal(again.encode(TEXTS[:5]), encoder.encode(TEXTS[:5]))
