"""Strong and the hypergraph transformer together, by the weight that answers best out of fold.

Knows no feature; its members read them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from postcast.models.calibrate import Calibration, fit_calibration
from postcast.models.checkpoint import fit_or_load
from postcast.models.hypergraph import HypergraphClassifier
from postcast.models.hypergraph_training import LOSS, HypergraphTraining
from postcast.models.portable import beneath
from postcast.models.strong import StrongClassifier
from postcast.schema import HeldOut, Parts
from postcast.validation import mapping, number, numbers

if TYPE_CHECKING:
    from postcast.schema import FeatureSet, FloatArray, IntArray, Target

WEIGHTS = np.linspace(0.0, 1.0, 21)
"""Of the hypergraph transformer, among which is chosen; with 0 strong answers alone."""

MEMBERS = ("strong", "hypergraph")


class EnsembleClassifier:
    """A linear pool of two classifiers, each calibrated first.

    Both tell, for every training post, what models said that had not learned from it. On these
    answers their calibrations and the weight between them are learned, by log loss.

    Parameters
    ----------
    training : HypergraphTraining
        Its seed is that of both, and so is its checkpoint.

    Attributes
    ----------
    weight : float
        Of the hypergraph transformer, 0 to 1.
    """

    loss = LOSS

    def __init__(self, training: HypergraphTraining) -> None:
        self.strong = StrongClassifier(training.seed)
        self.checkpoint = training.checkpoint
        self.hypergraph = HypergraphClassifier(training)
        self.calibrations = (Calibration(), Calibration())
        self.weight = 0.0

    @property
    def training_loss(self) -> tuple[float, ...]:
        """The transformer's loss by epoch."""
        return self.hypergraph.training_loss

    @property
    def validation_loss(self) -> tuple[float, ...]:
        """The transformer's loss on held-out posts by epoch."""
        return self.hypergraph.validation_loss

    @property
    def best_epoch(self) -> int:
        """The epoch whose weights the transformer kept."""
        return self.hypergraph.best_epoch

    def fit(self, features: FeatureSet, target: Target) -> HeldOut:
        """Learn from every post; see `postcast.models.base.Classifier`."""
        self.strong, by_strong = fit_or_load(
            self.strong,
            StrongClassifier.from_state,
            (features, target),
            self.checkpoint.within("strong"),
        )
        answers = [by_strong, self.hypergraph.fit(features, target)]
        rows = np.intersect1d(answers[0].rows, answers[1].rows)
        apart = [one.probabilities[np.isin(one.rows, rows)] for one in answers]
        classes = target.classes[rows]
        first, second = (fit_calibration(one, classes) for one in apart)
        self.calibrations = first, second
        apart = [one.apply(answer) for one, answer in zip(self.calibrations, apart, strict=True)]
        self.weight = _best_weight(apart[0], apart[1], classes)
        shares = None if target.bins is None else self._shares(answers, rows)
        return HeldOut(rows, _pooled(apart[0], apart[1], self.weight), shares)

    def _shares(self, answers: list[HeldOut], rows: IntArray) -> FloatArray | None:
        """Return the pooled shares of bins at some rows; strong's where only it tells them."""
        found = [one.shares[np.isin(one.rows, rows)] for one in answers if one.shares is not None]
        return _pooled(found[0], found[-1], self.weight) if found else None

    def predict_proba(self, features: FeatureSet) -> FloatArray:
        """Return the class probabilities, shape (n_posts, 3)."""
        return self.predict_with_shares(features)[0]

    def predict_with_shares(self, features: FeatureSet) -> tuple[FloatArray, FloatArray]:
        """Return class probabilities and shares of bins; see `CountClassifier`."""
        answer, shares = self.strong.predict_with_shares(features)
        answer = self.calibrations[0].apply(answer)
        if self.weight == 0.0:
            return answer, shares
        other, of_other = self.hypergraph.predict_with_shares(features)
        other = self.calibrations[1].apply(other)
        of_other = of_other if of_other.shape == shares.shape else shares
        return _pooled(answer, other, self.weight), _pooled(shares, of_other, self.weight)

    def state(self) -> Parts:
        """Return the members, their calibrations and the weight."""
        facts: dict[str, Any] = {"weight": self.weight}
        arrays: dict[str, FloatArray] = {}
        states = (self.strong.state(), self.hypergraph.state())
        for name, state, one in zip(MEMBERS, states, self.calibrations, strict=True):
            facts[name] = {**state.facts, "slope": one.slope, "bias": list(one.bias)}
            arrays |= {f"{name}/{key}": value for key, value in state.arrays.items()}
        return Parts(facts=facts, arrays=arrays)

    @classmethod
    def from_state(cls, parts: Parts) -> Self:
        """Rebuild a fitted classifier."""
        strong, hypergraph = (_member(parts, name) for name in MEMBERS)
        self = cls(HypergraphTraining())
        self.strong = StrongClassifier.from_state(strong)
        self.hypergraph = HypergraphClassifier.from_state(hypergraph)
        first, second = (
            Calibration(number(one.facts, "slope"), numbers(one.facts, "bias", 3))
            for one in (strong, hypergraph)
        )
        self.calibrations = first, second
        self.weight = number(parts.facts, "weight", 0.0, 1.0)
        return self


def _best_weight(strong: FloatArray, hypergraph: FloatArray, classes: IntArray) -> float:
    """Return the weight of least log loss over posts that neither had learned from."""
    if not len(classes):
        return 0.0
    rows = np.arange(len(classes))
    truth = [np.clip(one[rows, classes], 1e-15, None) for one in (strong, hypergraph)]
    losses = [-np.log((1 - weight) * truth[0] + weight * truth[1]).mean() for weight in WEIGHTS]
    return float(WEIGHTS[int(np.argmin(losses))])


def _pooled(strong: FloatArray, hypergraph: FloatArray, weight: float) -> FloatArray:
    return (1 - weight) * strong + weight * hypergraph


def _member(parts: Parts, name: str) -> Parts:
    return Parts(facts=mapping(parts.facts, name), arrays=beneath(parts.arrays, f"{name}/"))
