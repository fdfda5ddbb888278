"""What is usual among training posts: by hand, sparse as dense, and back from its saved form."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse

from postcast.features.bank import MemoryBank
from postcast.features.familiar import Familiar, learn_familiar
from postcast.features.vectors import unit_rows
from postcast.schema import Parts


@pytest.fixture
def vectors(rng):
    """200 posts around one direction, a few of them copies."""
    rows = unit_rows((rng.normal(size=(200, 12)) + 2).astype(np.float32))
    rows[:10] = rows[10:20]
    return rows


@pytest.fixture
def group():
    return np.r_[np.arange(10, 20), np.arange(10, 200)]


def learned(vectors, group, **changes):
    return learn_familiar([""] * len(group), vectors, group, "e", seed=1, **changes)


def test_the_least_cosine_by_hand(vectors, group):
    cosines = (vectors @ vectors.T).astype(float)
    cosines[group[:, None] == group] = -1
    expected = np.percentile(cosines.max(axis=1), 1)
    found = learned(vectors, group, most_landmarks=None)
    assert expected - 0.01 <= found.least_cosine <= expected
    assert not found.landmarks


def test_a_copy_of_a_post_does_not_make_it_usual(rng):
    """Pairs of copies, each pair alone in its direction: near their copy, near to no other."""
    vectors = np.repeat(np.eye(120, dtype=np.float32), 2, axis=0)
    pairs = np.repeat(np.arange(120), 2)
    assert learned(vectors, pairs).least_cosine == 0
    assert learned(vectors, np.arange(240)).least_cosine > 0.99


def test_the_nearest_is_found_in_landmarks_or_in_the_bank(vectors, group, rng):
    drafts = unit_rows(rng.normal(size=(300, 12)).astype(np.float32))
    expected = (drafts @ vectors.T).max(axis=1)
    sampled, whole = learned(vectors, group), learned(vectors, group, most_landmarks=None)
    assert sampled.landmarks["dense"].dtype == np.float16
    np.testing.assert_allclose(sampled.nearest(drafts, None), expected, atol=2e-3)
    np.testing.assert_allclose(whole.nearest(drafts, vectors), expected, atol=1e-6)
    assert sampled.nearest(drafts[:0], None).shape == (0,)


def test_sparse_and_dense_vectors_tell_the_same(vectors, group):
    thin = np.where(vectors > 0.3, vectors, 0)
    thin = unit_rows(thin[abs(thin).sum(axis=1) > 0])
    sparse = scipy.sparse.csr_matrix(thin)
    dense_one, sparse_one = learned(thin, group[: len(thin)]), learned(sparse, group[: len(thin)])
    assert sparse_one.least_cosine == pytest.approx(dense_one.least_cosine, abs=0.01)
    expected = dense_one.nearest(thin, None)
    np.testing.assert_allclose(sparse_one.nearest(sparse, None), expected, atol=1e-6)
    np.testing.assert_allclose(sparse_one.nearest(thin, None), expected, atol=1e-6)


def test_only_sparse_texts_can_be_too_short(vectors, group):
    assert learned(vectors, group).judges(vectors).all()
    lengths = np.tile([2, 5, 6, 7, 8, 9, 10, 11, 12, 12], 20)
    thin = scipy.sparse.csr_matrix(np.where(np.arange(12) < lengths[:, None], vectors, 0))
    found = replace(learned(thin, group), fewest_terms=5)
    np.testing.assert_array_equal(found.judges(thin), lengths >= 5)
    np.testing.assert_array_equal(found.judges(thin.toarray()), lengths >= 5)
    assert learned(thin, group).fewest_terms == 2


def test_landmarks_are_a_sample_that_the_seed_chooses(vectors, group):
    few = learned(vectors, group, most_landmarks=50)
    assert few.landmarks["dense"].shape == (50, 12)
    again = learned(vectors, group, most_landmarks=50)
    np.testing.assert_array_equal(few.landmarks["dense"], again.landmarks["dense"])


def test_posts_without_a_known_word_are_no_landmarks(vectors, group):
    blank = vectors.copy()
    blank[::2] = 0
    found = learned(blank, group)
    assert len(found.landmarks["dense"]) == 100
    assert np.abs(found.landmarks["dense"]).sum(axis=1).min() > 0
    assert learned(blank[:150], group[:150]) == Familiar(encoder="e"), "too few to tell"


@pytest.mark.parametrize("kind", [np.asarray, scipy.sparse.csr_matrix])
def test_a_bank_keeps_it(vectors, group, kind):
    found = replace(learned(kind(vectors), group), languages={"en": 7})
    bank = replace(MemoryBank.of_authors(["a"]), familiar=found)
    again = MemoryBank.from_state(bank.state()).familiar
    assert (again.languages, again.encoder) == ({"en": 7}, "e")
    assert again.least_cosine == found.least_cosine
    np.testing.assert_array_equal(again.nearest(vectors, None), found.nearest(vectors, None))


def test_a_bank_from_before_knows_nothing_usual():
    state = MemoryBank.of_authors(["a"]).state()
    facts = {name: fact for name, fact in state.facts.items() if name != "familiar"}
    assert MemoryBank.from_state(Parts(facts, state.arrays)).familiar == Familiar()
