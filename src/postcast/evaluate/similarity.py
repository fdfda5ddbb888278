"""How alike posts are: in their vectors within a class, in their forecasts at one count.

Both are means over all pairs of posts, reckoned from sums in O(n) with jackknife intervals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from postcast.schema import CLASSES
from postcast.scorecard import Estimate

if TYPE_CHECKING:
    from postcast.schema import FloatArray, IntArray, Matrix


def likeness(vectors: Matrix) -> Estimate:
    """Return the mean cosine of two different posts' vectors.

    From |sum of unit vectors|² = n + the cosines of all ordered pairs, so that no pair is
    ever looked at. Posts whose vector is zero have no direction and are left out.

    Parameters
    ----------
    vectors : ndarray or csr_matrix of float, shape (n_posts, d)

    Returns
    -------
    Estimate
        Empty below three posts.
    """
    lengths = _lengths(vectors)
    known = lengths > 0
    n_posts = int(known.sum())
    if n_posts < 3:
        return Estimate()
    scale = np.where(known, 1 / np.where(known, lengths, 1), 0).astype(vectors.dtype)
    total = scale @ vectors  # (d,)
    along = ((vectors @ total) * scale)[known].astype(np.float64)  # (n,), with its own 1
    pairs = along.sum() - n_posts
    left_out = (pairs - 2 * (along - 1)) / ((n_posts - 1) * (n_posts - 2))
    return jackknife(pairs / (n_posts * (n_posts - 1)), left_out, (-1.0, 1.0))


def wording_effect(forecast: IntArray, counts: FloatArray) -> Estimate:
    """Return the share of pairs of posts with the same count whose forecasts differ.

    Parameters
    ----------
    forecast : ndarray of int, shape (n_posts,)
        Class codes.
    counts : ndarray of float, shape (n_posts,)

    Returns
    -------
    Estimate
        Empty below ten such pairs.
    """
    groups = np.unique(counts, return_inverse=True)[1].reshape(-1)
    cells = np.zeros((int(groups.max(initial=-1)) + 1, len(CLASSES)))
    np.add.at(cells, (groups, forecast), 1)
    partners = cells.sum(1)[groups] - 1  # (n_posts,)
    unlike = cells.sum(1)[groups] - cells[groups, forecast]
    pairs, differing = partners.sum() / 2, unlike.sum() / 2
    if pairs < 10:
        return Estimate()
    rest = pairs - partners
    left_out = (differing - unlike)[rest > 0] / rest[rest > 0]
    return jackknife(differing / pairs, left_out, (0.0, 1.0))


def jackknife(value: float, left_out: FloatArray, limits: tuple[float, float]) -> Estimate:
    """Return a figure with its 95% interval from its values with each post left out.

    Parameters
    ----------
    value : float
    left_out : ndarray of float, shape (n_posts,)
    limits : tuple of float
        Between which the figure lies by its nature.

    Notes
    -----
    Tukey's jackknife standard error (Efron and Stein, 1981) with a normal interval.
    """
    n_posts = len(left_out)
    if n_posts < 2:
        return Estimate(float(value))
    error = np.sqrt((n_posts - 1) / n_posts * np.square(left_out - left_out.mean()).sum())
    low, high = np.clip([value - 1.96 * error, value + 1.96 * error], *limits)
    return Estimate(float(value), float(low), float(high))


def _lengths(vectors: Matrix) -> FloatArray:
    squares: FloatArray
    if isinstance(vectors, np.ndarray):
        squares = np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64)
    else:
        squares = np.asarray(vectors.multiply(vectors).sum(axis=1), dtype=np.float64).reshape(-1)
    return np.sqrt(squares)
