"""Counts to ranks: the scale on which popularity is averaged. Knows arrays only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from postcast.schema import FloatArray


def ranks(counts: FloatArray) -> FloatArray:
    """Return the rank of each count among all, between 0 and 1, ties at their middle.

    Parameters
    ----------
    counts : ndarray of float, shape (n_posts,)
    """
    _, place, n_same = np.unique(counts, return_inverse=True, return_counts=True)
    middle = np.cumsum(n_same) - (n_same + 1) / 2
    found: FloatArray = (middle[place] + 0.5) / max(len(counts), 1)
    return found
