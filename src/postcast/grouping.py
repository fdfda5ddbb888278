"""Which rows share a code: of an author, of a text, of an image. Knows arrays only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from postcast.schema import IntArray


def rows_by(codes: IntArray) -> dict[int, IntArray]:
    """Return the positions that hold each code, in ascending order.

    Parameters
    ----------
    codes : ndarray of int, shape (n_rows,)

    Returns
    -------
    dict of int to ndarray of int
    """
    if not len(codes):
        return {}
    by_code = np.argsort(codes, kind="stable")
    found, starts = np.unique(codes[by_code], return_index=True)
    return dict(zip(found.tolist(), np.split(by_code, starts[1:]), strict=True))


def joined(first: IntArray, second: IntArray) -> IntArray:
    """Return groups in which rows stand together that share a number in either of two groupings.

    Parameters
    ----------
    first : ndarray of int, shape (n_rows,)
        From 0.
    second : ndarray of int, shape (n_rows,)
        From 0; -1 for a row that shares it with none.

    Returns
    -------
    ndarray of int64, shape (n_rows,)
        The least number in `first` of all that stand together, directly or through others.
    """
    import scipy.sparse as sp
    from scipy.sparse.csgraph import connected_components

    rows = np.flatnonzero(second >= 0)
    n_first = int(first.max(initial=-1)) + 1
    n_nodes = n_first + int(second.max(initial=-1)) + 1
    links = (np.ones(len(rows), dtype=bool), (first[rows], n_first + second[rows]))
    component = connected_components(sp.coo_matrix(links, (n_nodes, n_nodes)), directed=False)[1]
    least = np.full(n_nodes, n_nodes, dtype=np.int64)
    np.minimum.at(least, component[:n_first], np.arange(n_first))
    found: IntArray = least[component[first]]
    return found
