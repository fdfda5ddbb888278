"""Probabilities to a forecast: the one decision rule of the command line, API and scorecard.

Knows no text, no model and no file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from postcast.schema import CLASSES, Forecast
from postcast.validation import number, numbers

if TYPE_CHECKING:
    from postcast.models.distribution import Outlook
    from postcast.schema import BoolArray, FloatArray, IntArray


@dataclass(frozen=True)
class Rule:
    """How probabilities become a forecast.

    Parameters
    ----------
    thresholds : tuple of float
        The engagement at which ``medium`` and ``high`` begin.
    shares : tuple of float, length 3
        Class shares of the posts that the probabilities are calibrated on: what a forecast
        is compared with.
    weights : tuple of float, length 3
        The class is the argmax of ``p * weights``. Equal weights take the likeliest class;
        a classifier that was trained to find rare classes too weighs them more, which its
        calibrated probabilities alone would not.
    coverage : float or None
        How often the set is to hold the truth; None makes no such claim, and the set is then
        the class alone.
    cutoff : float
        The probability from which a class belongs to the set.
    """

    thresholds: tuple[float, ...]
    shares: tuple[float, ...]
    weights: tuple[float, ...] = (1.0, 1.0, 1.0)
    coverage: float | None = None
    cutoff: float = 1.0

    def to_dict(self) -> dict[str, Any]:
        """Return the rule as plain JSON types."""
        return {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(self).items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Rule:
        """Rebuild a rule from `to_dict`'s answer.

        Raises
        ------
        ValueError
            If a number is missing, or out of bounds.
        """
        thresholds = numbers(data, "thresholds", len(CLASSES) - 1)
        if list(thresholds) != sorted(thresholds):
            raise ValueError("'thresholds' do not rise")
        has_coverage = data.get("coverage") is not None
        return cls(
            thresholds=thresholds,
            shares=numbers(data, "shares", len(CLASSES), 0.0, 1.0),
            weights=numbers(data, "weights", len(CLASSES), 0.0),
            coverage=number(data, "coverage", 0.0, 1.0) if has_coverage else None,
            cutoff=number(data, "cutoff", 0.0, 1.0),
        )


def choose(probabilities: FloatArray, rule: Rule) -> IntArray:
    """Return the class code decided on for each post, shape (n_posts,)."""
    chosen: IntArray = np.argmax(probabilities * np.asarray(rule.weights), axis=1)
    return chosen


def sets(probabilities: FloatArray, rule: Rule) -> BoolArray:
    """Return which classes each post's set holds, shape (n_posts, 3).

    A set is never empty, and has no hole: classes are ordered, and a post that may be low or
    high may be medium.
    """
    chosen = choose(probabilities, rule)
    held = np.zeros(probabilities.shape, dtype=bool)
    if rule.coverage is not None:
        held = probabilities >= rule.cutoff
    held[np.arange(len(chosen)), chosen] = True
    from_below = np.logical_or.accumulate(held, axis=1)
    from_above = np.logical_or.accumulate(held[:, ::-1], axis=1)[:, ::-1]
    return from_below & from_above


def decide(
    ids: Sequence[str | None],
    probabilities: FloatArray,
    rule: Rule,
    doubts: Sequence[tuple[str, ...]],
    outlook: Outlook | None = None,
) -> list[Forecast]:
    """Return the forecast of each post.

    Parameters
    ----------
    ids : sequence of str or None, length n_posts
    probabilities : ndarray, shape (n_posts, 3)
        Calibrated.
    rule : Rule
    doubts : sequence of tuple of str, length n_posts
        Sentences on why a post's answer deserves less trust.
    outlook : Outlook, optional
        Expected counts, from a forecaster that knows them.
    """
    chosen = choose(probabilities, rule)
    held = sets(probabilities, rule)
    return [
        Forecast(
            id=ids[post],
            forecast=CLASSES[chosen[post]],
            probabilities={
                name: float(p) for name, p in zip(CLASSES, probabilities[post], strict=True)
            },
            set=tuple(name for name, is_in in zip(CLASSES, held[post], strict=True) if is_in),
            too_close=bool(held[post].all()),
            thresholds=rule.thresholds,
            warnings=doubts[post],
            **({} if outlook is None else outlook.of(post)),
        )
        for post in range(len(ids))
    ]
