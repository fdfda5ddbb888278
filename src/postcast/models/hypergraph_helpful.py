"""Which neighbours help: measured on training posts, and told of any pair from what it shares.

Knows neighbours and ranks; no network.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from postcast.retrieved import Retrieved
    from postcast.schema import FloatArray

RIDGE = 1.0


def measured_help(found: Retrieved, rank: FloatArray) -> FloatArray:
    """Return by how much each neighbour brings the neighbours' mean nearer to the post's rank.

    SKAPP (AAAI 2025) keeps neighbours whose contribution to the forecast is positive; here the
    forecast is the mean rank of the neighbours, with and without the one that is measured.

    Parameters
    ----------
    found : Retrieved
        Of training posts.
    rank : ndarray of float, shape (n_posts,)
        Their own.

    Returns
    -------
    ndarray of float, shape (n_posts, k)
        Less error, in ranks; 0 where there is no neighbour.
    """
    there = found.neighbours >= 0  # (n, k)
    worth = found.bank.rank[found.neighbours] * there  # (n, k)
    n_there = there.sum(axis=1, keepdims=True)  # (n, 1)
    total = worth.sum(axis=1, keepdims=True)  # (n, 1)
    with_it = total / np.maximum(n_there, 1)  # (n, 1)
    without = (total - worth) / np.maximum(n_there - 1, 1)  # (n, k)
    without = np.where(n_there > 1, without, found.bank.rank.mean() if len(worth) else 0.5)
    actual = rank[:, None]
    return np.asarray((np.abs(actual - without) - np.abs(actual - with_it)) * there)


def learn_help(found: Retrieved, rank: FloatArray) -> FloatArray:
    """Return the weights by which a pair's features tell its help, shape (n_features,).

    Ridge regression; a pair counts as helpful where the product is positive.
    """
    there = found.neighbours >= 0
    pairs = pair_features(found)[there].astype(np.float64)  # (p, f)
    help_ = measured_help(found, rank)[there]  # (p,)
    gram = pairs.T @ pairs + RIDGE * np.eye(pairs.shape[1])
    return np.asarray(np.linalg.solve(gram, pairs.T @ help_))


def pair_features(found: Retrieved) -> FloatArray:
    """Return one, likeness, its square, age, its square, place and what is shared, (n, k, f)."""
    n_posts, k = found.neighbours.shape
    likeness, age = found.similarity[:, :, None], found.age[:, :, None] / 3  # (n, k, 1)
    place = np.broadcast_to(np.arange(k)[None, :, None] / max(k, 1), (n_posts, k, 1))
    ones = np.ones((n_posts, k, 1))
    return np.concatenate([ones, likeness, likeness**2, age, age**2, place, found.shared], axis=2)
