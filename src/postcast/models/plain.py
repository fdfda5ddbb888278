"""The two classifiers that read no text: the commonest class, and the author's own median.

They are baselines, and what a newcomer falls back on. They see authors and counts only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from postcast.models.base import class_shares, hold_out_then_fit_all
from postcast.schema import FeatureSet, HeldOut, Parts, Target
from postcast.validation import floats, integers, number, whole

if TYPE_CHECKING:
    from postcast.schema import FloatArray, IntArray


class MajorityClassifier:
    """Always the class shares of the training rows."""

    def __init__(self) -> None:
        self.shares: FloatArray = np.full(3, 1 / 3)

    def fit(self, features: FeatureSet, target: Target) -> HeldOut:
        """Learn the class shares."""
        return hold_out_then_fit_all(self._fit, self.predict_proba, features, target)

    def _fit(self, features: FeatureSet, target: Target) -> None:  # noqa: ARG002
        self.shares = class_shares(target.classes)

    def predict_proba(self, features: FeatureSet) -> FloatArray:
        """Return the same row for every post, shape (n_posts, 3)."""
        return np.tile(self.shares, (len(features), 1))

    def state(self) -> Parts:
        """Return the shares."""
        return Parts(arrays={"shares": self.shares})

    @classmethod
    def from_state(cls, parts: Parts) -> Self:
        """Rebuild a fitted classifier."""
        self = cls()
        self.shares = floats(parts.arrays, "shares", (3,))
        return self


class AuthorMedianClassifier:
    """The class of the author's median training count; of the overall median for strangers.

    The class gets as much probability as its author's posts gave it in training, at least a
    little more than the others; the rest is shared equally.
    """

    def __init__(self) -> None:
        self.author_class: IntArray = np.empty(0, dtype=np.int64)
        self.overall_class = 0
        self.certainty = 1 / 3

    def fit(self, features: FeatureSet, target: Target) -> HeldOut:
        """Learn each author's median."""
        return hold_out_then_fit_all(self._fit, self.predict_proba, features, target)

    def _fit(self, features: FeatureSet, target: Target) -> None:
        n_authors = int(features.author.max(initial=-1)) + 1
        self.overall_class = _median_class(target.counts, target.classes)
        self.author_class = np.full(n_authors, self.overall_class, dtype=np.int64)
        for author in range(n_authors):
            own = features.author == author
            if own.any():
                self.author_class[author] = _median_class(target.counts[own], target.classes[own])
        hits = self._classes_of(features) == target.classes
        self.certainty = float(np.clip(hits.mean(), 0.34, 0.99))

    def _classes_of(self, features: FeatureSet) -> IntArray:
        known = (features.author >= 0) & (features.author < len(self.author_class))
        classes = np.full(len(features), self.overall_class, dtype=np.int64)
        classes[known] = self.author_class[features.author[known]]
        return classes

    def predict_proba(self, features: FeatureSet) -> FloatArray:
        """Return the class probabilities, shape (n_posts, 3)."""
        probabilities = np.full((len(features), 3), (1 - self.certainty) / 2)
        probabilities[np.arange(len(features)), self._classes_of(features)] = self.certainty
        return probabilities

    def state(self) -> Parts:
        """Return the authors' classes."""
        return Parts(
            facts={"overall_class": self.overall_class, "certainty": self.certainty},
            arrays={"author_class": self.author_class},
        )

    @classmethod
    def from_state(cls, parts: Parts) -> Self:
        """Rebuild a fitted classifier."""
        self = cls()
        self.overall_class = whole(parts.facts, "overall_class", 0, 2)
        self.certainty = number(parts.facts, "certainty", 0.0, 1.0)
        self.author_class = integers(parts.arrays, "author_class", (None,), 0, 3)
        return self


def _median_class(counts: FloatArray, classes: IntArray) -> int:
    """Return the class of the lower median count: a count that some post has."""
    middle = np.argsort(counts, kind="stable")[(len(counts) - 1) // 2]
    return int(classes[middle])
