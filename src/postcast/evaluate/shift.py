"""Whether two sets of posts are alike: how well a classifier tells them apart, out of fold.

Knows matrices of features only. A classifier two-sample test (Lopez-Paz and Oquab, 2017), by
the area under the ROC curve, whose interval is that of DeLong et al. (1988).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from postcast.drifted import BlockShift
from postcast.scorecard import Estimate
from postcast.wording import counted

if TYPE_CHECKING:
    from postcast.schema import BoolArray, FloatArray, IntArray, Matrix

FEWEST = 30
"""Posts on either side below which nothing is said."""

FOLDS = 5
FEW_COLUMNS = 100
"""A block of at most so many columns is told apart by squares too."""

LEVELS = ((0.55, "none seen"), (0.6, "slight"), (0.75, "clear"))
"""Below which area a shift is called what; above them all it is strong."""

MOST_NAMED, LEAST_NAMED = 3, 0.15
"""How many features are named, and how far their means must differ, in standard deviations."""


def shift_of(
    block: str, old: Matrix, new: Matrix, columns: Sequence[str] = (), seed: int = 42
) -> BlockShift:
    """Measure how well newer posts can be told from older ones by one block of features.

    Parameters
    ----------
    block : str
    old, new : ndarray or csr_matrix of float, shape (n_old, d) and (n_new, d)
    columns : sequence of str, length d
        Empty where features have no names.
    seed : int
        Of the folds.
    """
    n_old, n_new = old.shape[0], new.shape[0]
    if min(n_old, n_new) < FEWEST:
        reason = f"{counted(min(n_old, n_new), 'post')} on one side, where {FEWEST} are needed"
        return BlockShift(block, Estimate(), "not known", (), (n_old, n_new), reason)
    is_new = np.arange(n_old + n_new) >= n_old
    area = roc_area(_told_apart(_prepared(old, new), is_new, seed), is_new)
    return BlockShift(
        block, area, _level(area), _differ(old, new, columns), (int(n_old), int(n_new))
    )


def unknown(block: str, reason: str) -> BlockShift:
    """Return the shift of a block that cannot be compared."""
    return BlockShift(block, Estimate(), "not known", reason=reason)


def roc_area(scores: FloatArray, is_new: BoolArray) -> Estimate:
    """Return the area under the ROC curve with its 95% interval after DeLong.

    Parameters
    ----------
    scores : ndarray of float, shape (n_posts,)
    is_new : ndarray of bool, shape (n_posts,)
        Those that should score higher.
    """
    new, old = scores[is_new], scores[~is_new]
    above = _places(new, old)  # (n_new,): the share of old posts that each new one beats
    below = 1 - _places(old, new)
    area = float(above.mean())
    error = np.sqrt(above.var(ddof=1) / len(new) + below.var(ddof=1) / len(old))
    low, high = np.clip([area - 1.96 * error, area + 1.96 * error], 0, 1)
    return Estimate(area, float(low), float(high))


def _places(values: FloatArray, among: FloatArray) -> FloatArray:
    ordered = np.sort(among)
    below = np.searchsorted(ordered, values, side="left")
    up_to = np.searchsorted(ordered, values, side="right")
    shares: FloatArray = (below + up_to) / 2 / len(ordered)
    return shares


def _prepared(old: Matrix, new: Matrix) -> Matrix:
    """Return both sides as one matrix: few columns standardised beside their squares."""
    import scipy.sparse as sp

    if sp.issparse(old) or sp.issparse(new):
        return sp.vstack([sp.csr_matrix(old), sp.csr_matrix(new)]).tocsr()
    both = np.concatenate([old, new]).astype(np.float64)
    if both.shape[1] > FEW_COLUMNS:
        return both
    spread = both.std(axis=0)
    scaled = (both - both.mean(axis=0)) / np.where(spread > 0, spread, 1)
    scaled = np.clip(scaled, -5, 5)
    return np.hstack([scaled, np.square(scaled)])


def _told_apart(features: Matrix, is_new: BoolArray, seed: int) -> FloatArray:
    """Return how new each post looks to a model that did not learn from it, shape (n_posts,)."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold

    scores = np.empty(len(is_new))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    for learn, judge in folds.split(np.zeros(len(is_new)), is_new):
        model = LogisticRegression(class_weight="balanced", solver="liblinear", random_state=seed)
        model.fit(features[learn], is_new[learn])
        scores[judge] = model.decision_function(features[judge])
    return scores


def _level(area: Estimate) -> str:
    if (area.low or 0.0) <= 0.5:
        return LEVELS[0][1]
    return next((name for limit, name in LEVELS if (area.value or 0.0) < limit), "strong")


def _differ(old: Matrix, new: Matrix, columns: Sequence[str]) -> tuple[str, ...]:
    """Return the features whose means differ most, with up or down behind their names."""
    if not len(columns):
        return ()
    before, after = _moments(old), _moments(new)
    spread = np.sqrt((before[1] + after[1]) / 2)
    change = after[0] - before[0]
    certain = np.where(change == 0, 0.0, np.copysign(np.inf, change))  # where nothing varies
    apart = np.divide(change, spread, out=certain, where=spread > 0)
    most: IntArray = np.argsort(-np.abs(apart), kind="stable")[:MOST_NAMED]
    return tuple(
        f"{columns[at]} {'up' if apart[at] > 0 else 'down'}"
        for at in most
        if abs(apart[at]) >= LEAST_NAMED
    )


def _moments(matrix: Matrix) -> tuple[FloatArray, FloatArray]:
    """Return mean and variance of each column."""
    squares = matrix.multiply(matrix) if hasattr(matrix, "multiply") else np.square(matrix)
    mean = np.asarray(matrix.mean(axis=0), dtype=np.float64).reshape(-1)
    mean_square = np.asarray(squares.mean(axis=0), dtype=np.float64).reshape(-1)
    return mean, np.maximum(mean_square - np.square(mean), 0)  # rounding takes some below 0
