"""The strongest classifier: texts, context, the author's form and like posts, by three models.

The plain mean of boosted classes, a boosted rank and a forest. A second set of them, that sees
nothing of authors, answers for authors that the training never saw. Reads all feature blocks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from postcast.models import boosting, forest
from postcast.models.linear import three_classes
from postcast.models.portable import affine, softmax
from postcast.models.text_scores import TextScores, scores_out_of_fold
from postcast.ranks import ranks
from postcast.schema import FeatureSet, HeldOut, Parts, Target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from postcast.schema import FloatArray, IntArray

FOLDS, TEXT_FOLDS = 5, 10
"""More for the texts' scores, which trees then compare with those of regressions on all rows."""

KNOWN = ("context", "history", "kriging", "neighbours", "nearest")
STRANGERS = ("context", "nearest others")
"""The dense blocks that are read, for authors that the training saw and for others."""

Folds = list[tuple["IntArray", "IntArray"]]


class StrongClassifier:
    """Means of LightGBM on classes, LightGBM on ranks, and extremely randomised trees.

    Text scores are out of fold for the rows that the models learn from, and so are the
    probabilities that `fit` returns: every training row is answered by models that had not
    learned from it, from a copy of its text, or, for the second set, from its author.

    Parameters
    ----------
    seed : int
    """

    def __init__(self, seed: int = 42) -> None:
        self.seed = seed
        self.known = _Answerer(seed, KNOWN)
        self.strangers: _Answerer | None = None

    def fit(self, features: FeatureSet, target: Target) -> HeldOut:
        """Learn from every post; see `postcast.models.base.Classifier`."""
        inner = [_folds(target, n_folds, self.seed) for n_folds in (FOLDS, TEXT_FOLDS)]
        held_out = self.known.fit(features, target, *inner)
        if len(np.unique(features.author)) > 1 and (features.author >= 0).all():
            self.strangers = _Answerer(self.seed, STRANGERS)
            inner = [_author_folds(features.author, n, self.seed) for n in (FOLDS, TEXT_FOLDS)]
            self.strangers.fit(features, target, *inner)
        return HeldOut(np.arange(len(features)), held_out)

    def predict_proba(self, features: FeatureSet) -> FloatArray:
        """Return the class probabilities, shape (n_posts, 3)."""
        answer = self.known.predict_proba(features)
        strange = np.flatnonzero(features.author < 0)
        if self.strangers is not None and len(strange):
            answer[strange] = self.strangers.predict_proba(features.take(strange))
        return answer

    def state(self) -> Parts:
        """Return coefficients and trees."""
        trees = {"known": self.known.trees}
        arrays = {f"known/{name}": value for name, value in self.known.arrays.items()}
        if self.strangers is not None:
            trees["strangers"] = self.strangers.trees
            arrays |= {f"strangers/{name}": v for name, v in self.strangers.arrays.items()}
        return Parts(facts={"seed": self.seed, "trees": trees}, arrays=arrays)

    @classmethod
    def from_state(cls, parts: Parts) -> Self:
        """Rebuild a fitted classifier."""
        self = cls(seed=parts.facts["seed"])
        self.known.restore(parts, "known")
        if "strangers" in parts.facts["trees"]:
            self.strangers = _Answerer(self.seed, STRANGERS)
            self.strangers.restore(parts, "strangers")
        return self


class _Answerer:
    """The three models on the dense blocks that they are to see, and the texts' scores."""

    def __init__(self, seed: int, blocks: Sequence[str]) -> None:
        self.seed = seed
        self.blocks = tuple(blocks)
        self.trees: dict[str, str] = {}
        self.arrays: dict[str, FloatArray] = {}

    def fit(
        self, features: FeatureSet, target: Target, folds: Folds, text_folds: Folds
    ) -> FloatArray:
        """Learn from all posts; return each one's probabilities from models without it."""
        rank = ranks(target.counts)
        seen_apart = scores_out_of_fold(features, target.classes, rank, text_folds)
        matrix = self._matrix(features, seen_apart)
        answers = np.zeros((len(features), 7))
        for kept, left in folds:
            trees, grown = _fit(matrix[kept], target.classes[kept], rank[kept], self.seed)
            answers[left] = _answer(trees, grown, matrix[left])
        self.trees, grown = _fit(matrix, target.classes, rank, self.seed)
        scores = TextScores().fit(features, target.classes, rank)
        self.arrays = {f"text/{name}": value for name, value in scores.arrays.items()}
        self.arrays |= {f"forest/{name}": value for name, value in grown.arrays().items()}
        self._read_classes_from_rank(answers[:, 0], target.classes)
        return self._mean(answers)

    def _read_classes_from_rank(self, rank: FloatArray, classes: IntArray) -> None:
        from sklearn.linear_model import LogisticRegression

        model = LogisticRegression(C=10.0, max_iter=1000).fit(_bent(rank), classes)
        self.arrays["rank weight"], self.arrays["rank bias"] = three_classes(model)

    def predict_proba(self, features: FeatureSet) -> FloatArray:
        """Return the class probabilities, shape (n_posts, 3)."""
        matrix = self._matrix(features, TextScores(self._part("text/")).score(features))
        grown = forest.Forest.from_arrays(self._part("forest/"))
        return self._mean(_answer(self.trees, grown, matrix))

    def restore(self, parts: Parts, name: str) -> None:
        """Take trees and coefficients from a saved state."""
        self.trees = dict(parts.facts["trees"][name])
        start = f"{name}/"
        self.arrays = {k[len(start) :]: v for k, v in parts.arrays.items() if k.startswith(start)}

    def _part(self, start: str) -> dict[str, FloatArray]:
        return {k[len(start) :]: v for k, v in self.arrays.items() if k.startswith(start)}

    def _matrix(self, features: FeatureSet, scores: FloatArray) -> FloatArray:
        """Return the dense blocks and the texts' scores side by side, shape (n_posts, d)."""
        blocks = [features.blocks[name].matrix for name in self.blocks if name in features.blocks]
        # rounded, so that how many threads a product was summed by moves no tree
        return np.round(np.hstack([*blocks, scores]), 4).astype(np.float32)

    def _mean(self, answers: FloatArray) -> FloatArray:
        """Return the mean of the three models' probabilities, shape (n_posts, 3)."""
        a = self.arrays
        of_rank = softmax(affine(_bent(answers[:, 0]), a["rank weight"], a["rank bias"]))
        mean: FloatArray = (of_rank + answers[:, 1:4] + answers[:, 4:7]) / 3
        return mean


def _fit(
    matrix: FloatArray, classes: IntArray, rank: FloatArray, seed: int
) -> tuple[dict[str, str], forest.Forest]:
    trees = {
        "rank": boosting.fit_rank(matrix, rank, seed),
        "classes": boosting.fit_classes(matrix, classes, seed),
    }
    return trees, forest.grow(matrix, classes, seed)


def _answer(trees: dict[str, str], grown: forest.Forest, matrix: FloatArray) -> FloatArray:
    """Return a rank, the boosted and the forest's class shares, shape (n_posts, 7)."""
    rank = boosting.answer(trees["rank"], matrix)
    return np.column_stack([rank, boosting.answer(trees["classes"], matrix), grown.answer(matrix)])


def _bent(rank: FloatArray) -> FloatArray:
    """Return ranks with their squares, so that the middle class can lie between."""
    return np.stack([rank, rank**2], axis=1)


def _folds(target: Target, n_folds: int, seed: int) -> Folds:
    """Return folds in which classes have like shares and rows that belong together stay so."""
    from sklearn.model_selection import StratifiedGroupKFold

    n_folds = min(n_folds, len(np.unique(target.together)))
    folds = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    return list(folds.split(target.classes, target.classes, target.together))


def _author_folds(author: IntArray, n_folds: int, seed: int) -> Folds:
    """Return folds of whole authors, drawn, of nearly equal size."""
    from sklearn.model_selection import GroupKFold

    n_folds = min(n_folds, len(np.unique(author)))
    folds = GroupKFold(n_folds, shuffle=True, random_state=seed)
    return list(folds.split(author, author, author))
