"""Where forecasts stand among one another: the number by which posts are put in order.

Knows probabilities and expected counts; knows no text and no file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from postcast.decide import sets
from postcast.schema import CLASSES, COUNTS

if TYPE_CHECKING:
    from postcast.decide import Rule
    from postcast.models.distribution import Outlook
    from postcast.schema import FloatArray, Forecast

COUNT, RANK = "expected count", "expected rank"

DECIMALS = 6
"""Beyond which scores do not differ, so that equal posts stay tied whatever is beside them."""


@dataclass(frozen=True)
class Standing:
    """The scores of some posts, the larger the more popular.

    Parameters
    ----------
    scores : ndarray of float, shape (n_posts,)
        Expected counts, or expected ranks among past posts, 0 to 1.
    low, high : ndarray of float, shape (n_posts,), or None
        Between which the count, or the rank, comes to lie at the forecaster's coverage.
    scale : {"expected count", "expected rank"}
    """

    scores: FloatArray
    low: FloatArray | None
    high: FloatArray | None
    scale: str

    @classmethod
    def of(cls, probabilities: FloatArray, rule: Rule, outlook: Outlook | None) -> Self:
        """Return the scores of posts: expected counts where they are known, else ranks.

        A class stands for the middle of the ranks that its posts take among past ones, and a
        set of classes for all of their ranks.

        Parameters
        ----------
        probabilities : ndarray of float, shape (n_posts, 3)
            Calibrated.
        rule : Rule
        outlook : Outlook or None
        """
        if outlook is not None:
            scores = np.round(outlook.expected, DECIMALS)
            return cls(scores, outlook.low, outlook.high, COUNT)
        ends = np.concatenate([[0.0], np.cumsum(rule.shares)]) / sum(rule.shares)
        scores = np.round(probabilities @ ((ends[:-1] + ends[1:]) / 2), DECIMALS)
        if rule.coverage is None:
            return cls(scores, None, None, RANK)
        held = sets(probabilities, rule)
        lowest = held.argmax(axis=1)
        highest = len(CLASSES) - held[:, ::-1].argmax(axis=1)
        return cls(scores, ends[lowest], ends[highest], RANK)

    @classmethod
    def of_forecasts(cls, forecasts: Sequence[Forecast], rule: Rule) -> Self:
        """Return the scores of forecasts that were made already."""
        from postcast.models.distribution import Outlook

        probabilities = np.array(
            [[one.probabilities[name] for name in CLASSES] for one in forecasts]
        ).reshape(-1, len(CLASSES))
        outlook = None
        if forecasts and all(one.expected_count is not None for one in forecasts):
            counts = np.array([[getattr(one, name) for name in COUNTS] for one in forecasts])
            outlook = Outlook(*counts.astype(np.float64).T)
        return cls.of(probabilities, rule, outlook)

    @property
    def places(self) -> FloatArray:
        """The scale on which two posts are apart: ranks, or log(1 + count), shape (n_posts,)."""
        return np.log1p(np.maximum(self.scores, 0)) if self.scale == COUNT else self.scores
