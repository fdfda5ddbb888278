"""Sums of products are the same to the last bit in every order and beside any other rows."""

import numpy as np
import pytest
import scipy.sparse

from postcast.exact_sums import UNIT_BITS, on_grid, product
from postcast.features.vectors import SparseRows, cosines_of, unit_rows


@pytest.fixture
def rows(rng):
    return rng.normal(size=(300, 384)).astype(np.float32)


def test_a_grid_moves_a_number_by_half_a_step_at_most(rng):
    values = rng.normal(size=1000)
    rounded = on_grid(values, 8)
    assert np.abs(rounded - values).max() <= 2**-9
    np.testing.assert_array_equal(rounded * 2**8, np.round(rounded * 2**8))
    assert on_grid(values.astype(np.float32), 8).dtype == np.float32


@pytest.mark.parametrize("shuffled", [False, True])
def test_a_product_does_not_depend_on_company_or_order(rng, rows, shuffled):
    weight = rng.normal(size=(384, 7)) * 3
    together = product(rows, weight)
    for some in ([0], [5, 6], list(range(33))):
        np.testing.assert_array_equal(product(rows[some], weight), together[some])
    columns = rng.permutation(384) if shuffled else np.arange(384)
    np.testing.assert_array_equal(product(rows[:, columns], weight[columns]), together)
    np.testing.assert_allclose(together, rows.astype(np.float64) @ weight, atol=1e-3)


def test_sparse_and_dense_rows_have_one_product(rng, rows):
    thin = np.where(rng.random(rows.shape) < 0.03, rows, 0).astype(np.float32)
    weight = rng.normal(size=(384, 5))
    sparse = scipy.sparse.csr_matrix(thin)
    np.testing.assert_array_equal(product(sparse, weight), product(thin, weight))
    saved = SparseRows(sparse.data, sparse.indices, sparse.indptr, 384)
    unit = unit_rows(sparse)
    unit_saved = SparseRows(unit.data, unit.indices, unit.indptr, 384)
    np.testing.assert_array_equal(unit_saved.spread(weight), product(unit, weight))
    assert saved.shape == sparse.shape


def test_products_in_three_dimensions_are_those_of_their_rows(rng, rows):
    weight = rng.normal(size=(384, 5))
    cube = rows.reshape(20, 15, 384)
    np.testing.assert_array_equal(product(cube, weight).reshape(300, 5), product(rows, weight))


def test_cosines_are_exact_in_single_precision(rng, rows):
    unit = unit_rows(rows)
    exact = unit.astype(np.float64) @ unit.astype(np.float64).T
    for columns in (np.arange(384), rng.permutation(384)):
        cosines = cosines_of(unit[:40][:, columns], unit[:, columns])
        assert cosines.dtype == np.float32
        np.testing.assert_array_equal(cosines, exact[:40])
        for row in range(5):
            one = unit[row : row + 1][:, columns]
            np.testing.assert_array_equal(cosines_of(one, unit[:, columns])[0], exact[row])


def test_rows_of_length_one_are_the_same_dense_and_sparse(rng, rows):
    thin = np.where(rng.random(rows.shape) < 0.03, rows, 0).astype(np.float32)
    dense, sparse = unit_rows(thin), unit_rows(scipy.sparse.csr_matrix(thin))
    np.testing.assert_array_equal(sparse.toarray(), dense)
    np.testing.assert_array_equal(unit_rows(thin[7:8])[0], dense[7])
    np.testing.assert_array_equal(dense.astype(np.float16), dense)  # kept in half precision as is
    assert np.abs(np.linalg.norm(unit_rows(rows), axis=1) - 1).max() < 20 * 2**-UNIT_BITS
