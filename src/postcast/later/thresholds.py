"""What became of the classes: where they would begin on newer posts, and how many are in each.

Knows outcomes and a decision rule; knows no forecast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from postcast.data.label import classify, quantile_thresholds
from postcast.drifted import ThresholdDrift
from postcast.errors import LabelError
from postcast.schema import CLASSES
from postcast.scorecard import Estimate, Z

if TYPE_CHECKING:
    from postcast.decide import Rule
    from postcast.schema import FloatArray


def threshold_drift(outcomes: FloatArray, rule: Rule) -> ThresholdDrift:
    """Compare the thresholds and class shares of a training with those of newer posts.

    Parameters
    ----------
    outcomes : ndarray of float, shape (n_posts,)
        What the classes are classes of.
    rule : Rule
        Of the training.

    Notes
    -----
    Intervals at 95%: of a quantile from order statistics, with no assumption on how counts
    are spread (Conover, 1999); of a share after Wilson (1927).
    """
    held = np.bincount(classify(outcomes, rule.thresholds), minlength=len(CLASSES))
    return ThresholdDrift(
        posts=len(outcomes),
        trained=rule.thresholds,
        now=_terciles(outcomes),
        shares_trained=dict(zip(CLASSES, rule.shares, strict=True)),
        shares={
            name: Estimate.of_share(int(n_posts), len(outcomes))
            for name, n_posts in zip(CLASSES, held, strict=True)
        },
    )


def _terciles(outcomes: FloatArray) -> tuple[Estimate, ...]:
    try:
        found = quantile_thresholds(outcomes)
    except LabelError:
        return Estimate(), Estimate()
    ordered, n_posts = np.sort(outcomes), len(outcomes)
    bounded = []
    for value, part in zip(found, (1 / 3, 2 / 3), strict=True):
        error = Z * np.sqrt(n_posts * part * (1 - part))
        ends = np.clip([np.floor(n_posts * part - error), np.ceil(n_posts * part + error)], 0, None)
        low, high = ordered[np.minimum(ends.astype(np.int64), n_posts - 1)]
        bounded.append(Estimate(value, float(min(low, value)), float(max(high, value))))
    return tuple(bounded)
