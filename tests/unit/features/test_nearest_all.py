"""Many posts compared with all of many answer as the plain product does; no later one counts."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse

from postcast.features import nearest as nearest_module
from postcast.features import nearest_all as all_module
from postcast.features.bank import MemoryBank
from postcast.features.history import Moment
from postcast.features.nearest import NEAREST_BLOCKS, nearest
from postcast.features.nearest_all import Layout, greatest
from postcast.features.vectors import SparseRows, cosines_of, unit_rows

N_POSTS = 1_300


def _sparse(rng, n, width=300):
    """Rows in which a few columns are common and the others rare, as words are."""
    rows = rng.random((n, width)) < np.geomspace(0.9, 0.002, width)
    return unit_rows(scipy.sparse.csr_matrix(rows * rng.random((n, width))))


@pytest.fixture
def vectors(rng):
    return _sparse(rng, N_POSTS)


@pytest.fixture
def bank(rng, vectors):
    order = np.arange(N_POSTS, dtype=np.int64)
    return MemoryBank(
        ids=[str(i) for i in range(N_POSTS)],
        authors=[f"a{i}" for i in range(20)],
        author=rng.integers(0, 20, N_POSTS),
        engagement=rng.exponential(20, N_POSTS).round(),
        order=rng.permutation(order),
        group=order // 2,
        fingerprints=np.ones((N_POSTS, 16), dtype=np.uint8),
        ordering="time",
        text_from=("text",),
        columns={},
        vectors=vectors,
    )


@pytest.fixture
def many(monkeypatch):
    for module in (all_module, nearest_module):
        monkeypatch.setattr(module, "MANY", 500)


def _asked(bank):
    return Moment(bank.author, bank.order, bank.order, bank.group, {})


@pytest.mark.parametrize("kind", ["dense", "sparse", "saved"])
def test_a_layout_answers_as_the_product(rng, vectors, kind):
    rows = {
        "dense": vectors.toarray(),
        "sparse": vectors,
        "saved": SparseRows(vectors.data, vectors.indices, vectors.indptr, vectors.shape[1]),
    }[kind]
    asked = _sparse(rng, 70)
    asked = asked.toarray() if kind == "dense" else asked
    found = Layout.of(rows).cosines(asked, 900)
    assert found.shape == (70, 900)
    assert np.allclose(found, cosines_of(asked, vectors.toarray()[:900]), atol=1e-6)


def test_common_columns_are_dense_and_none_is_counted_twice(vectors):
    layout = Layout.of(vectors)
    assert 0 < len(layout.common) < vectors.shape[1]
    assert layout.sparse[:, layout.common].nnz == 0
    assert layout.sparse.nnz + np.count_nonzero(layout.dense) == vectors.nnz


@pytest.mark.parametrize("width", [501, 1_999, 2_000])
def test_the_greatest_are_those_of_a_whole_sort(rng, many, width):
    values = rng.normal(size=(30, width)).astype(np.float32)
    values[3, 10:] = -1.0  # nearly all barred
    values[4] = 0.0  # all alike
    found = greatest(values, 40)
    best = -np.sort(-values, axis=1)[:, :40]
    assert np.array_equal(-np.sort(-np.take_along_axis(values, found, axis=1), axis=1), best)
    assert all(len(set(row)) == 40 for row in found.tolist())


@pytest.mark.parametrize("width", [501, 2_000])
def test_of_equals_the_later_posts_are_the_greatest(rng, many, width):
    """Whatever columns they stand in, and whatever rows are looked at with theirs."""
    values = rng.integers(-4, 4, (9, width)).astype(np.float32) / 8
    posts = rng.permutation(width)
    place = greatest(values, 40, posts[None])
    for row, columns in zip(values, place, strict=True):
        best = sorted(range(width), key=lambda column: (-row[column], -posts[column]))[:40]
        assert posts[columns].tolist() == posts[best].tolist()
    shuffled = rng.permutation(width)
    for row in range(9):
        again = greatest(values[[row]][:, shuffled], 40, posts[shuffled][None])[0]
        assert posts[shuffled][again].tolist() == posts[place[row]].tolist()


@pytest.mark.parametrize("ordering", ["time", "id"])
@pytest.mark.parametrize("is_sparse", [False, True])
def test_the_nearest_are_those_of_a_plain_look(bank, monkeypatch, many, ordering, is_sparse):
    bank = replace(bank, ordering=ordering)
    if not is_sparse:
        bank = replace(bank, vectors=bank.vectors.toarray())
    found = nearest(_asked(bank), bank.vectors, bank)
    assert bank.worked_out["near", "texts", True].layout is not None
    for module in (all_module, nearest_module):
        monkeypatch.setattr(module, "MANY", 10**9)
    plain = nearest(_asked(bank), bank.vectors, replace(bank))
    for block in NEAREST_BLOCKS:
        assert np.array_equal(found[block].matrix, plain[block].matrix)
        assert found[block].matrix.std() > 0


def test_what_comes_later_changes_nothing(bank, many, rng):
    before = nearest(_asked(bank), bank.vectors, bank)
    later = bank.order >= 900
    changed = replace(bank, engagement=np.where(later, 10**6, bank.engagement))
    # ranks are among all; those of the posts before stay as they were
    changed.__dict__["rank"] = np.where(later, 1.0, bank.rank)
    changed.__dict__["mean_rank"] = bank.mean_rank
    after = nearest(_asked(changed), changed.vectors, changed)
    for block in NEAREST_BLOCKS:
        assert np.array_equal(before[block].matrix[~later], after[block].matrix[~later])
        assert not np.array_equal(before[block].matrix, after[block].matrix)
