"""The strongest classifier: texts, context, the author's form and like posts, by three models.

Texts enter as scores from models that had not seen them; the plain mean of boosted classes,
boosted ranks and a logistic regression decides. Reads all feature blocks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from postcast.models import boosting
from postcast.models.linear import three_classes
from postcast.models.portable import affine, softmax
from postcast.models.text_scores import TextScores
from postcast.ranks import ranks
from postcast.schema import FeatureSet, HeldOut, Parts, Target

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from postcast.schema import FloatArray, IntArray

FOLDS = 5
DENSE = ("context", "history", "neighbours", "nearest")
PENALTY = 0.01
"""C of the logistic regression."""


class StrongClassifier:
    """Mean of LightGBM on classes, LightGBM on ranks, and logistic regression.

    Text scores are out of fold for the rows that the three models learn from, and so are the
    probabilities that `fit` returns: every training row is answered by models that had not
    learned from it or from a copy of its text.

    Parameters
    ----------
    seed : int
    """

    def __init__(self, seed: int = 42) -> None:
        self.seed = seed
        self.scores = TextScores()
        self.top = _Top(seed)

    def fit(self, features: FeatureSet, target: Target) -> HeldOut:
        """Learn from every post; see `postcast.models.base.Classifier`."""
        rank = ranks(target.counts)
        folds = list(_folds(target.classes, features.group, self.seed))
        matrix = _matrix(features, self._scores_out_of_fold(features, target, rank, folds))
        held_out = np.zeros((len(features), 3))
        for kept, left in folds:
            top = _Top(self.seed).fit(matrix[kept], target.classes[kept], rank[kept])
            held_out[left] = top.predict_proba(matrix[left])
        self.scores = TextScores().fit(features, target.classes, rank)
        self.top = _Top(self.seed).fit(matrix, target.classes, rank)
        return HeldOut(np.arange(len(features)), held_out)

    def _scores_out_of_fold(
        self,
        features: FeatureSet,
        target: Target,
        rank: FloatArray,
        folds: Sequence[tuple[IntArray, IntArray]],
    ) -> FloatArray:
        """Return each post's text scores from models that had not seen it."""
        order, parts = [], []
        for kept, left in folds:
            part = TextScores().fit(features.take(kept), target.classes[kept], rank[kept])
            parts.append(part.score(features.take(left)))
            order.append(left)
        scores: FloatArray = np.vstack(parts)[np.argsort(np.concatenate(order))]
        return scores

    def predict_proba(self, features: FeatureSet) -> FloatArray:
        """Return the class probabilities, shape (n_posts, 3)."""
        return self.top.predict_proba(_matrix(features, self.scores.score(features)))

    def state(self) -> Parts:
        """Return coefficients and trees."""
        arrays = {f"scores/{name}": value for name, value in self.scores.arrays.items()}
        arrays |= {f"top/{name}": value for name, value in self.top.arrays.items()}
        return Parts(facts={"seed": self.seed, "trees": self.top.trees}, arrays=arrays)

    @classmethod
    def from_state(cls, parts: Parts) -> Self:
        """Rebuild a fitted classifier."""
        self = cls(seed=parts.facts["seed"])
        self.scores = TextScores.from_state(parts)
        self.top.trees = dict(parts.facts["trees"])
        self.top.arrays = {k[4:]: v for k, v in parts.arrays.items() if k.startswith("top/")}
        return self


class _Top:
    """The three models on the dense matrix."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.trees: dict[str, str] = {}
        self.arrays: dict[str, FloatArray] = {}

    def fit(self, matrix: FloatArray, classes: IntArray, rank: FloatArray) -> _Top:
        self.trees["classes"] = boosting.fit_classes(matrix, classes, self.seed)
        self.trees["rank"] = boosting.fit_rank(matrix, rank, self.seed)
        self.arrays["mean"] = matrix.mean(axis=0)
        self.arrays["scale"] = np.maximum(matrix.std(axis=0), 1e-9)
        self._fit_linear("linear", self._scaled(matrix), classes, PENALTY)
        self._fit_linear("of rank", _bent(self._ranks_out_of_fold(matrix, rank)), classes, 10.0)
        return self

    def _fit_linear(self, name: str, matrix: FloatArray, classes: IntArray, c: float) -> None:
        from sklearn.linear_model import LogisticRegression

        model = LogisticRegression(C=c, max_iter=1000).fit(matrix, classes)
        self.arrays[f"{name} weight"], self.arrays[f"{name} bias"] = three_classes(model)

    def _ranks_out_of_fold(self, matrix: FloatArray, rank: FloatArray) -> FloatArray:
        """Return ranks from trees that had not seen them, from which classes are read."""
        answers = np.zeros(len(rank))
        part = np.random.default_rng(self.seed).permutation(len(rank)) % FOLDS
        for fold in range(FOLDS):
            kept, left = part != fold, part == fold
            trees = boosting.fit_rank(matrix[kept], rank[kept], self.seed)
            answers[left] = boosting.answer(trees, matrix[left])
        return answers

    def _scaled(self, matrix: FloatArray) -> FloatArray:
        scaled: FloatArray = (matrix - self.arrays["mean"]) / self.arrays["scale"]
        return scaled

    def predict_proba(self, matrix: FloatArray) -> FloatArray:
        """Return the mean of the three models' probabilities, shape (n_posts, 3)."""
        ranks = _bent(boosting.answer(self.trees["rank"], matrix))
        scaled = self._scaled(matrix)
        a = self.arrays
        answers = [
            boosting.answer(self.trees["classes"], matrix),
            softmax(affine(ranks, a["of rank weight"], a["of rank bias"])),
            softmax(affine(scaled, a["linear weight"], a["linear bias"])),
        ]
        mean: FloatArray = np.mean(answers, axis=0)
        return mean


def _bent(ranks: FloatArray) -> FloatArray:
    """Return ranks with their squares, so that the middle class can lie between."""
    return np.stack([ranks, ranks**2], axis=1)


def _matrix(features: FeatureSet, scores: FloatArray) -> FloatArray:
    """Return the dense blocks and the text scores side by side, shape (n_posts, d)."""
    blocks = [features.blocks[name].matrix for name in DENSE if name in features.blocks]
    return np.hstack([*blocks, scores]).astype(np.float64)


def _folds(classes: IntArray, group: IntArray, seed: int) -> Iterator[tuple[IntArray, IntArray]]:
    """Yield folds in which classes have like shares and copies of a text stay together."""
    from sklearn.model_selection import StratifiedGroupKFold

    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    yield from folds.split(classes, classes, group)
