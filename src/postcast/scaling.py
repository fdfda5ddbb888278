"""Columns of features brought to one scale, block by block. Knows arrays only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from postcast.schema import FloatArray


def scale_of(blocks: Sequence[FloatArray]) -> tuple[FloatArray, FloatArray]:
    """Return mean and scale of the columns of blocks that stand side by side.

    Less the mean and divided by the scale, columns of one block together have a variance of one,
    as a text's vector has length one.

    Parameters
    ----------
    blocks : sequence of ndarray, each of shape (n_rows, d_block)
        Without rows the mean is zero.

    Returns
    -------
    ndarray of float32, shape (d,), twice
    """
    rows = [one.astype(np.float64) if len(one) else np.zeros((1, one.shape[1])) for one in blocks]
    mean = np.concatenate([one.mean(axis=0) for one in rows])
    spreads = [one.std(axis=0) for one in rows]
    scale = np.concatenate(
        [np.where(spread > 1e-6, spread, 1.0) * np.sqrt(len(spread)) for spread in spreads]
    )
    return mean.astype(np.float32), scale.astype(np.float32)
