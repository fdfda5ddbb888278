"""Which rows share a code: of an author, of a text, of a block. Knows arrays only."""

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
