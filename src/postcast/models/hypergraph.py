"""Retrieval-augmented hypergraph transformer: posts beside their neighbours, and what these got.

Joins networks that `hypergraph_training` trains and `hypergraph_answer` answers for. Reads
neighbours; retrieves none.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from postcast.models.distribution import answer_shares, bent, fit_shares
from postcast.models.epochs import Trained
from postcast.models.hypergraph_answer import scores
from postcast.models.hypergraph_helpful import learn_help
from postcast.models.hypergraph_inputs import Lens, Options, retrieved_of
from postcast.models.hypergraph_training import LOSS, HypergraphTraining, train_member
from postcast.models.image_view import (
    MASK,
    also_without_image,
    has_image,
    rows_to_hide,
    without_images,
)
from postcast.models.portable import beneath, softmax
from postcast.models.without_image import SLOPE, WithoutImage
from postcast.ranks import ranks
from postcast.schema import FeatureSet, HeldOut, Parts, Target
from postcast.validation import check_finite, floats, mapping, numbers, text, whole

if TYPE_CHECKING:
    from postcast.schema import FloatArray, IntArray

ANSWERED_AT_ONCE = 256

MOST_MEMBERS = 100

BINS = ("bin weight", "bin bias")
"""How the bins of counts are read from the log count."""


class HypergraphClassifier:
    """Some hypergraph transformers, each trained without one part of the posts.

    The probabilities that `fit` returns are each post's from the member that had not learned
    from it, nor from a copy of its text.

    Parameters
    ----------
    training : HypergraphTraining

    References
    ----------
    RAGTrans (KDD 2024); neighbours' labels and the choice of neighbours: SKAPP (AAAI 2025).
    """

    loss = LOSS

    def __init__(self, training: HypergraphTraining) -> None:
        self.training = training
        self.lens = Lens(training.options, {})
        self.members: list[Trained] = []
        self.without_image: WithoutImage | None = None
        self.bins: tuple[FloatArray, FloatArray] | None = None

    def fit(self, features: FeatureSet, target: Target) -> HeldOut:
        """Learn from the posts; see `postcast.models.base.Classifier`."""
        self.lens = self._lens(features, target)
        everyone, pictured = np.arange(len(features)), MASK in features.blocks
        hidden = rows_to_hide(features, self.training.seed) if pictured else everyone[:0]
        learned = also_without_image(features, hidden) if pictured else features
        told = target.take(np.concatenate([everyone, hidden]))
        answers: FloatArray = np.full((len(features), 3), np.nan)
        unseen, level = answers.copy(), np.zeros(len(features))
        self.members = []
        for number, (kept, left) in enumerate(_folds(target, self.training)):
            again = len(features) + np.flatnonzero(np.isin(hidden, kept))
            parts = np.concatenate([kept, again]), left
            member = train_member(self.lens, (learned, told), parts, self.training, number)
            self.members.append(member)
            answers[left], level[left] = self._answer([member], features, left)
            if pictured:
                unseen[left] = self._answer([member], without_images(features), left)[0]
        rows = np.flatnonzero(~np.isnan(answers[:, 0]))
        shares = self._learn_shares(level[rows], target.take(rows))
        if not pictured:
            return HeldOut(rows, answers[rows], shares)
        has, classes = has_image(features)[rows], target.classes[rows]
        self.without_image = WithoutImage.learned(
            answers[rows], unseen[rows], has, classes, np.flatnonzero(has)
        )
        return HeldOut(rows, self.without_image.apply(answers[rows], has), shares)

    def _learn_shares(self, level: FloatArray, target: Target) -> FloatArray | None:
        """Learn what the log count says of bins, from posts that it had not been learned from."""
        if target.bins is None or not len(level):
            return None
        self.bins = fit_shares(bent(level), target.bins, target.n_bins)
        return answer_shares(bent(level), *self.bins)

    def _lens(self, features: FeatureSet, target: Target) -> Lens:
        lens = Lens.fit(features, self.training.options, self.training.seed)
        if not self.training.options.only_helpful:
            return lens
        helpful = learn_help(retrieved_of(features), ranks(target.counts))
        return Lens(lens.options, {**lens.arrays, "helpful": helpful})

    @property
    def training_loss(self) -> tuple[float, ...]:
        """The last member's loss of each epoch."""
        return self.members[-1].training_loss

    @property
    def validation_loss(self) -> tuple[float, ...]:
        """The last member's loss of each epoch on what it stopped on; empty without any."""
        return self.members[-1].validation_loss

    @property
    def best_epoch(self) -> int:
        """The epoch that was kept of the last member, counted from 1."""
        return self.members[-1].best_epoch

    def _answer(
        self, members: list[Trained], features: FeatureSet, rows: IntArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return the means of some members' probabilities, (n_rows, 3), and log counts."""
        found: FloatArray = np.empty((len(rows), 3))
        level: FloatArray = np.empty(len(rows))
        for start in range(0, len(rows), ANSWERED_AT_ONCE):
            chunk = slice(start, start + ANSWERED_AT_ONCE)
            batch = self.lens.batch(features, rows[chunk])
            said = [scores(one.weights, batch) for one in members]
            found[chunk] = np.mean([softmax(classes) for classes, _ in said], axis=0)
            level[chunk] = np.mean([count for _, count in said], axis=0)
        return found, level

    def predict_proba(self, features: FeatureSet) -> FloatArray:
        """Return the class probabilities, shape (n_posts, 3)."""
        return self.predict_with_shares(features)[0]

    def predict_with_shares(self, features: FeatureSet) -> tuple[FloatArray, FloatArray]:
        """Return class probabilities and shares of bins; see `CountClassifier`."""
        answer, level = self._answer(self.members, features, np.arange(len(features)))
        if self.without_image is not None:
            answer = self.without_image.apply(answer, has_image(features))
        if self.bins is None:
            return answer, np.empty((len(features), 0))
        return answer, answer_shares(bent(level), *self.bins)

    def state(self) -> Parts:
        """Return the members' weights, how inputs are scaled, and the last member's losses."""
        facts: dict[str, Any] = {
            "members": len(self.members),
            "options": {**asdict(self.lens.options), "edges": list(self.lens.options.edges)},
            "class_weights": self.training.class_weights,
            "training_loss": list(self.training_loss),
            "validation_loss": list(self.validation_loss),
            "best_epoch": self.best_epoch,
        }
        arrays = {f"lens/{name}": value for name, value in self.lens.arrays.items()}
        for number, member in enumerate(self.members):
            arrays |= {f"{number}/{name}": value for name, value in member.weights.items()}
        if self.without_image is not None:
            arrays |= self.without_image.arrays()
        if self.bins is not None:
            arrays |= dict(zip(BINS, self.bins, strict=True))
        return Parts(facts=facts, arrays=arrays)

    @classmethod
    def from_state(cls, parts: Parts) -> Self:
        """Rebuild a fitted classifier."""
        facts = parts.facts
        check_finite(parts.arrays)
        options = Options.from_dict(mapping(facts, "options"))
        self = cls(HypergraphTraining(options=options, class_weights=text(facts, "class_weights")))
        self.lens = Lens(options, beneath(parts.arrays, "lens/"))
        losses = numbers(facts, "training_loss"), numbers(facts, "validation_loss")
        best_epoch = whole(facts, "best_epoch", 0, 10**9)
        self.members = [
            Trained(_member_weights(parts, number), *losses, best_epoch)
            for number in range(whole(facts, "members", 1, MOST_MEMBERS))
        ]
        if SLOPE in parts.arrays:
            self.without_image = WithoutImage.from_arrays(parts.arrays)
        if BINS[0] in parts.arrays:
            weight = floats(parts.arrays, BINS[0], (None, 2))
            self.bins = weight, floats(parts.arrays, BINS[1], (len(weight),))
        return self


def _member_weights(parts: Parts, number: int) -> dict[str, FloatArray]:
    """Return a member's weights, with those of its width as wide as its answer."""
    weights = beneath(parts.arrays, f"{number}/")
    width = floats(weights, "classes.weight", (3, None)).shape[1]
    floats(weights, "classes.bias", (3,))
    floats(weights, "count.weight", (1, width))
    floats(weights, "count.bias", (1,))
    floats(weights, "position", (None, width))
    for name in weights:
        if name.startswith(("norm.", "missing.", "score.", "fused.")):
            floats(weights, name, (width,))
    return weights


def _folds(target: Target, training: HypergraphTraining) -> list[tuple[IntArray, IntArray]]:
    """Return what each member learns from and what it stops on; all and nothing for too few."""
    from sklearn.model_selection import StratifiedGroupKFold

    everyone = np.arange(len(target.classes))
    n_folds = min(training.members, len(np.unique(target.together)))
    if n_folds < 2 or training.patience is None:
        return [(everyone, everyone[:0])]
    folds = StratifiedGroupKFold(n_folds, shuffle=True, random_state=training.seed)
    return list(folds.split(target.classes, target.classes, target.together))
