"""Of very many posts an index finds nearly all of the nearest, and none that must not count."""

import logging
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse

from postcast.features import nearest_index as index_module
from postcast.features.bank import MemoryBank
from postcast.features.history import Moment
from postcast.features.nearest import NEAREST_BLOCKS, nearest
from postcast.features.nearest_index import index_of
from postcast.features.vectors import paired_cosines, unit_rows

pytest.importorskip("faiss", reason="SKIPPED: the extra [large] is not installed")

N_POSTS = 3_000


def _clustered(rng, n, n_dimensions=24):
    centres = rng.normal(size=(60, n_dimensions))
    return unit_rows(centres[rng.integers(60, size=n)] + rng.normal(scale=0.4, size=(n, 24)))


@pytest.fixture
def bank(rng):
    order = np.arange(N_POSTS, dtype=np.int64)
    return MemoryBank(
        ids=[str(i) for i in range(N_POSTS)],
        authors=[f"a{i}" for i in range(30)],
        author=rng.integers(0, 30, N_POSTS),
        engagement=rng.exponential(20, N_POSTS).round(),
        order=order,
        group=order // 2,
        fingerprints=np.ones((N_POSTS, 16), dtype=np.uint8),
        ordering="time",
        text_from=("text",),
        columns={},
        vectors=_clustered(rng, N_POSTS),
    )


def _asked(bank):
    return Moment(bank.author, bank.order, bank.order, bank.group, {})


@pytest.fixture
def large(monkeypatch):
    monkeypatch.setattr(index_module, "EXACT_UP_TO", 1_000)
    monkeypatch.setattr(index_module, "SPARSE_EXACT_UP_TO", 2_000)


@pytest.mark.parametrize("is_sparse", [False, True])
@pytest.mark.parametrize("block", NEAREST_BLOCKS)
def test_an_index_answers_nearly_as_a_look_at_all(bank, large, monkeypatch, block, is_sparse):
    if is_sparse:
        bank = replace(bank, vectors=scipy.sparse.csr_matrix(np.maximum(bank.vectors, 0)))
    found = nearest(_asked(bank), bank.vectors, bank)[block].matrix
    assert bank.worked_out["near", "texts", True].near is not None
    monkeypatch.setattr(index_module, "EXACT_UP_TO", 10**9)
    monkeypatch.setattr(index_module, "SPARSE_EXACT_UP_TO", 10**9)
    exact = nearest(_asked(bank), bank.vectors, replace(bank))[block].matrix
    assert np.abs(found - exact).mean() < 0.01
    np.testing.assert_allclose(found[:100], exact[:100], atol=1e-5)  # few are known so early
    assert (found[:, 2] <= exact[:, 2] + 1e-5).all()


def test_what_comes_later_changes_nothing(bank, large, monkeypatch, rng):
    before = nearest(_asked(bank), bank.vectors, bank)["nearest"].matrix[:1500]
    later = bank.engagement.copy()
    later[1500:] = rng.permutation(later[1500:])
    changed = replace(bank, engagement=later)
    changed.__dict__["worked_out"] = bank.worked_out
    after = nearest(_asked(changed), changed.vectors, changed)["nearest"].matrix[:1500]
    np.testing.assert_allclose(before, after, atol=1e-6)


def test_recall_is_told(bank, large, caplog):
    with caplog.at_level(logging.INFO, logger="postcast"):
        found = index_of(bank.vectors, 40)
    assert found.recall(bank.vectors, 40) > 0.9
    assert "of the 40 nearest" in caplog.text


def test_few_posts_need_no_index(bank, large):
    assert index_of(bank.vectors[:1_000], 40) is None
    assert index_of(bank.vectors[:1_500], 40) is not None
    assert index_of(scipy.sparse.csr_matrix(bank.vectors[:1_500]), 40) is None


def test_without_faiss_all_are_looked_at_and_that_is_said(bank, large, monkeypatch, caplog):
    monkeypatch.setattr(index_module.importlib.util, "find_spec", lambda _: None)
    assert index_of(bank.vectors, 40) is None
    assert "pip install 'postcast[large]'" in caplog.text


def test_pairs_are_those_of_the_whole_product(rng):
    left, right = _clustered(rng, 7), _clustered(rng, 50)
    place = rng.integers(0, 50, (7, 5))
    expected = np.take_along_axis(left @ right.T, place, axis=1)
    np.testing.assert_allclose(paired_cosines(left, right, place), expected, atol=1e-6)
    sparse = [scipy.sparse.csr_matrix(one) for one in (left, right)]
    np.testing.assert_allclose(paired_cosines(*sparse, place), expected, atol=1e-6)


def test_a_few_drafts_need_no_index(bank, large):
    moment = Moment(bank.author[:3], bank.order[:3], bank.order[:3], bank.group[:3], {})
    nearest(moment, bank.vectors[:3], bank)
    assert not bank.worked_out


def test_drafts_are_compared_with_all_however_many_come_together(bank, large):
    """An index misses a few posts, and a draft alone asks none."""
    drafts = Moment(bank.author, bank.order, bank.order, np.full(N_POSTS, -1), {})
    alone = Moment(
        *(part[7:8] for part in (drafts.author, drafts.order, drafts.order)), drafts.group[:1], {}
    )
    together = nearest(drafts, bank.vectors, bank)
    assert bank.worked_out["near", "texts", False].near is None
    for block, answer in nearest(alone, bank.vectors[7:8], replace(bank)).items():
        np.testing.assert_array_equal(answer.matrix[0], together[block].matrix[7])
