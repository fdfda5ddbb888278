"""What classifiers can do, and how held-out probabilities are had from a cheap one.

Knows no particular classifier.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, Self, runtime_checkable

import numpy as np

from postcast.schema import HeldOut, Target

if TYPE_CHECKING:
    from postcast.schema import FeatureSet, FloatArray, Parts


class Classifier(Protocol):
    """Feature matrix to class probabilities."""

    def fit(self, features: FeatureSet, target: Target) -> HeldOut:
        """Learn from the posts; return probabilities for rows that were not learned from.

        The answer may be empty: such a classifier is neither calibrated nor given sets.
        """
        ...

    def predict_proba(self, features: FeatureSet) -> FloatArray:
        """Return the class probabilities, shape (n_posts, 3), before calibration."""
        ...

    def state(self) -> Parts:
        """Return all that `from_state` needs."""
        ...

    @classmethod
    def from_state(cls, parts: Parts) -> Self:
        """Rebuild a fitted classifier, able to answer but not to learn on."""
        ...


@runtime_checkable
class CountClassifier(Classifier, Protocol):
    """A classifier that can tell bins of counts too; its `fit` returns their shares."""

    def predict_with_shares(self, features: FeatureSet) -> tuple[FloatArray, FloatArray]:
        """Return class probabilities, shape (n_posts, 3), and shares of bins, (n_posts, n_bins).

        Shares are compared within a class only. Fitted without bins, it returns none of them.
        """
        ...


@runtime_checkable
class EpochClassifier(Classifier, Protocol):
    """A classifier that trains by epochs, or has a member that does, and keeps the losses."""

    @property
    def loss(self) -> str:
        """What the loss is, with its unit."""
        ...

    @property
    def training_loss(self) -> tuple[float, ...]:
        """The mean loss of each epoch."""
        ...

    @property
    def validation_loss(self) -> tuple[float, ...]:
        """The mean loss of each epoch on held-out posts; empty without any."""
        ...

    @property
    def best_epoch(self) -> int:
        """The epoch whose weights were kept, counted from 1."""
        ...


def answer_of(classifier: Classifier, features: FeatureSet) -> tuple[FloatArray, FloatArray]:
    """Return what any classifier can tell: probabilities, and shares of bins, maybe none."""
    if isinstance(classifier, CountClassifier):
        return classifier.predict_with_shares(features)
    return classifier.predict_proba(features), np.empty((len(features), 0))


def hold_out_then_fit_all(
    fit: Callable[[FeatureSet, Target], None],
    predict_proba: Callable[[FeatureSet], FloatArray],
    features: FeatureSet,
    target: Target,
) -> HeldOut:
    """Fit without the held-out rows, answer for them, then fit on every row."""
    held_out = np.flatnonzero(target.held_out)
    probabilities: FloatArray = np.empty((0, 3))
    if len(held_out):
        kept = np.flatnonzero(~target.held_out)
        fit(features.take(kept), target.take(kept))
        probabilities = predict_proba(features.take(held_out))
    fit(features, target)
    return HeldOut(held_out, probabilities)


def class_shares(classes: np.ndarray) -> FloatArray:
    """Return the share of posts in each class, shape (3,)."""
    return np.bincount(classes, minlength=3) / len(classes)
