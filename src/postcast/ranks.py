"""Counts to ranks: the scale on which popularity is averaged. Knows arrays only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from postcast.schema import FloatArray


def ranks(counts: FloatArray, among: FloatArray | None = None) -> FloatArray:
    """Return the rank of each count among some, between 0 and 1, ties at their middle.

    Parameters
    ----------
    counts : ndarray of float, shape (n_posts,)
    among : ndarray of float, shape (n_others,), optional
        By default the counts themselves.
    """
    others = np.sort(counts if among is None else among)
    below = np.searchsorted(others, counts, side="left")
    up_to = np.searchsorted(others, counts, side="right")
    found: FloatArray = (below + up_to) / 2 / max(len(others), 1)
    return found
