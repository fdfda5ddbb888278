"""A term is common where three posts of three authors have it."""

import pytest
import scipy.sparse

from postcast.features.common_terms import common, common_marks
from postcast.features.disguise import Disguise
from postcast.features.tfidf import TfidfEncoder

POSTS = [
    ("cake with zimt", "a"),
    ("cake with zimt", "b"),
    ("cake by quillon", "a"),
    ("cake by quillon", "a"),
    ("cake by quillon", "a"),
    ("cake alone", "c"),
]
TEXTS, AUTHORS = [list(part) for part in zip(*POSTS, strict=True)]


def test_terms_of_few_posts_or_one_author_are_not_learned():
    encoder = TfidfEncoder()
    encoder.fit(TEXTS, AUTHORS)
    assert set(encoder.vocabulary) == {"cake"}
    encoder.fit(TEXTS)
    assert set(encoder.vocabulary) == {
        *("cake", "with", "zimt", "by", "quillon"),
        *("cake with", "with zimt", "cake by", "by quillon"),
    }


@pytest.mark.parametrize(
    ("authors", "kept"),
    [
        (["a", "b", "c"], [True, False]),
        (["a", "b", "b"], [True, False]),  # there are no three
        (["a", "a", "a"], [True, False]),
        ([None, None, None], [True, False]),
        (["a", "b", "c", "b"], [True, False]),
        (["a", "a", "a", "b", "c"], [False, False]),
    ],
)
def test_who_shares_a_term(authors, kept):
    has = [[1, 0], [1, 1], [1, 1]] + [[0, 0]] * (len(authors) - 3)
    assert common(scipy.sparse.csr_matrix(has), authors).tolist() == kept


def test_marks_of_few_are_left_out():
    marks = [(2, 4), (2, 4), (2, 4, 6), ()]
    assert common_marks(marks, ["a", "b", "c", "d"]) == [(2, 4), (2, 4), (2, 4), ()]
    assert common_marks(marks, ["a", "a", "b", "c"]) == [()] * 4
    assert common_marks([(), ()], ["a", "b"]) == [(), ()]


def test_where_nothing_is_common_nothing_is_learned():
    encoder = TfidfEncoder()
    encoder.fit(["one two", "three four"], ["a", "b"])
    assert encoder.vocabulary == {}
    assert encoder.encode(["one two"]).tolist() == [[0.0]]


@pytest.mark.parametrize("terms", ["words", "characters"])
def test_a_hidden_vocabulary_gives_the_same_rows(terms):
    encoder = TfidfEncoder(terms)
    encoder.fit(TEXTS)
    hidden = encoder.hidden(Disguise(b"salt"))
    assert not set(hidden.vocabulary) & set(encoder.vocabulary)
    assert hidden.columns() == ()
    back = TfidfEncoder.from_state(hidden.state())
    for one in (hidden, back):
        for texts in (TEXTS, TEXTS * 20):
            rows, expected = one.encode(texts), encoder.encode(texts)
            assert abs(rows - expected).max() == 0
