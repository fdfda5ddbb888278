"""How posts stand beside the others of their author: never beside themselves."""

import numpy as np

from postcast.models.beside_author import PRIOR_POSTS, BesideAuthor
from postcast.models.regressions import standing_out_of_fold


def test_a_post_stands_beside_the_others_and_not_itself():
    standing = BesideAuthor(np.array([0.9, 0.1, 0.3, 0.5]), np.array([0, 0, 0, 1]))
    mean = 0.45
    others = (0.1 + 0.3 + PRIOR_POSTS * mean) / (2 + PRIOR_POSTS)
    assert np.isclose(standing.of(np.arange(4))[0], 0.9 - others)
    assert np.isclose(standing.of(np.arange(4))[3], 0.5 - mean)


def test_posts_without_author_stand_beside_all():
    rank = np.array([0.2, 0.4, 0.9])
    standing = BesideAuthor(rank, np.full(3, -1))
    np.testing.assert_allclose(standing.of(np.arange(3)), rank - rank.mean())


def test_what_is_left_tells_nothing_to_what_is_kept(rng):
    rank, author = rng.random(40), rng.integers(0, 3, 40)
    kept, left = np.arange(30), np.arange(30, 40)
    changed = np.concatenate([rank[:30], rng.random(10)])
    one, other = BesideAuthor(rank, author), BesideAuthor(changed, author)
    np.testing.assert_array_equal(one.of(kept), other.of(kept))
    np.testing.assert_allclose(
        one.beside(left, kept) - rank[left], other.beside(left, kept) - changed[left]
    )


def test_an_author_that_was_not_kept_stands_beside_the_mean():
    standing = BesideAuthor(np.array([0.2, 0.4, 0.9]), np.array([0, 0, 1]))
    assert np.isclose(standing.beside(np.array([2]), np.array([0, 1]))[0], 0.9 - 0.3)


def test_what_texts_add_is_found_under_loud_authors(rng):
    n, n_words = 600, 150
    matrix = rng.normal(size=(n, n_words)) / np.sqrt(n_words)
    told = matrix @ rng.normal(size=n_words)
    author = rng.integers(0, 12, n)
    rank = 4.0 * rng.normal(size=12)[author] + told
    number = np.arange(n) % 5
    folds = [(np.flatnonzero(number != f), np.flatnonzero(number == f)) for f in range(5)]
    found = [
        np.corrcoef(standing_out_of_fold(matrix, BesideAuthor(rank, one), folds)[0][:, 0], told)[
            0, 1
        ]
        for one in (author, np.full(n, -1))
    ]
    assert found[0] > 0.9
    assert found[0] > found[1] + 0.2
