"""Engagement → popularity class, by quantiles or by fixed thresholds.

Knows counts only. A saved forecaster imports this: numpy and nothing heavier.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from postcast.errors import LabelError, SettingsError
from postcast.grouping import rows_by
from postcast.schema import CLASSES
from postcast.wording import counted, number_in_words

if TYPE_CHECKING:
    from postcast.data.known import Timeline
    from postcast.schema import FloatArray, IntArray

_ADVICE = "choose --classes fixed --thresholds, such as 3,6"


def quantile_thresholds(counts: FloatArray) -> tuple[float, float]:
    """Return the thresholds that part counts at their terciles, ties as they fall.

    With q1 and q2 the quantiles (linear interpolation) at 1/3 and 2/3, a count is low up to
    q1, medium up to q2, and high above, as `pandas.qcut` has it.

    Parameters
    ----------
    counts : ndarray of float, shape (n_posts,)
        Raw engagement of the training rows.

    Returns
    -------
    tuple of float
        The engagement at which ``medium`` and ``high`` begin: whole numbers where all
        counts are, else counts that occur.

    Raises
    ------
    LabelError
        If there are fewer than three distinct counts, or a class would be empty.
    """
    distinct = np.unique(_finite(counts))
    if len(distinct) < len(CLASSES):
        values = ", ".join(number_in_words(value, 10) for value in distinct)
        raise LabelError(
            f"the counts have {counted(len(distinct), 'distinct value')} ({values})",
            "three or more",
            _ADVICE,
        )
    q1, q2 = np.quantile(counts, [1 / 3, 2 / 3])
    thresholds = _beginning_after(q1, distinct), _beginning_after(q2, distinct)
    empty = _empty_classes(counts, thresholds)
    if empty:
        raise LabelError(
            f"class {' and '.join(empty)} would be empty: a third of the counts are at most "
            f"{number_in_words(q1)}, two thirds at most {number_in_words(q2)}",
            "three classes",
            _ADVICE,
        )
    return thresholds


def fixed_thresholds(values: Sequence[float], counts: FloatArray) -> tuple[float, float]:
    """Return thresholds that someone chose, once they are known to part the counts.

    Parameters
    ----------
    values : sequence of float
        Where ``medium`` and where ``high`` begins.
    counts : ndarray of float, shape (n_posts,)
        Raw engagement of the training rows.

    Raises
    ------
    SettingsError
        If the values are not two ascending finite numbers.
    LabelError
        If a class would be empty.
    """
    if len(values) != 2 or not np.isfinite(values).all() or not values[0] < values[1]:
        raise SettingsError(
            f"thresholds {', '.join(number_in_words(value, 10) for value in values) or 'none'}",
            "two ascending numbers, such as 3,6",
            "choose --thresholds",
        )
    thresholds = float(values[0]), float(values[1])
    empty = _empty_classes(_finite(counts), thresholds)
    if empty:
        span = "none"
        if len(counts):
            ends = (float(np.min(counts)), float(np.max(counts)))
            span = " to ".join(number_in_words(end, 10) for end in ends)
        chosen = " and ".join(number_in_words(threshold, 10) for threshold in thresholds)
        raise LabelError(
            f"class {' and '.join(empty)} is empty with thresholds {chosen}: the counts are {span}",
            "three classes",
            "choose other --thresholds",
        )
    return thresholds


PREVIOUS, FEWEST_EARLIER = 50, 5
"""How many of an author's earlier posts a post is compared with, and the fewest that will do."""


def beyond_own_mean(counts: FloatArray, posts: Timeline) -> FloatArray:
    """Return by how much each post beats its author's previous ones.

    Parameters
    ----------
    counts : ndarray of float, shape (n_posts,)
        Raw engagement; nan where it is not known.
    posts : Timeline
        When each was published, and by whom.

    Returns
    -------
    ndarray of float, shape (n_posts,)
        log1p of the count, less the mean of that over the author's previous `PREVIOUS` posts of
        any kind; nan where fewer than `FEWEST_EARLIER` are known.
    """
    logs = np.log1p(np.maximum(counts, 0))
    beyond = np.full(len(counts), np.nan)
    for own in rows_by(posts.author).values():
        known = own[~np.isnan(logs[own])]
        known = known[np.argsort(posts.order[known], kind="stable")]
        sums = np.concatenate([[0.0], np.cumsum(logs[known])])
        end = np.searchsorted(posts.order[known], posts.order[known])
        start = np.maximum(end - PREVIOUS, 0)
        n_earlier = end - start
        mean = (sums[end] - sums[start]) / np.maximum(n_earlier, 1)
        beyond[known] = np.where(n_earlier >= FEWEST_EARLIER, logs[known] - mean, np.nan)
    return beyond


def classify(counts: FloatArray, thresholds: Sequence[float]) -> IntArray:
    """Return class codes, indices into `postcast.schema.CLASSES`.

    Parameters
    ----------
    counts : ndarray of float, shape (n_posts,)
    thresholds : sequence of float
        Ascending; a class begins at its threshold.

    Returns
    -------
    ndarray of int64, shape (n_posts,)
    """
    return np.searchsorted(np.asarray(thresholds), np.asarray(counts), side="right")


def _beginning_after(quantile: float, distinct: FloatArray) -> float:
    """Return where the next class begins; infinity where nothing is above `quantile`."""
    above = distinct[distinct > quantile]
    if not len(above):
        return float("inf")
    whole = bool((distinct == np.floor(distinct)).all())
    return float(np.floor(quantile) + 1 if whole else above[0])


def _empty_classes(counts: FloatArray, thresholds: tuple[float, float]) -> list[str]:
    held = np.bincount(classify(counts, thresholds), minlength=len(CLASSES))
    return [name for name, n_posts in zip(CLASSES, held, strict=True) if not n_posts]


def _finite(counts: FloatArray) -> FloatArray:
    if not np.isfinite(counts).all():
        raise LabelError("some counts are missing or infinite", "numbers", "run `postcast prepare`")
    return counts
