"""The strongest classifier: texts, images, context, the author's form and like posts.

The plain mean of a boosted rank, boosted classes and a forest. A second boosted rank, that sees
nothing of authors, answers for authors that the training never saw. Reads all feature blocks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import numpy as np

from postcast.models import boosting, forest
from postcast.models.beside_author import BesideAuthor
from postcast.models.distribution import answer_shares, bent, fit_shares
from postcast.models.image_scores import ImageScores
from postcast.models.image_view import MASK, has_image, rows_to_hide
from postcast.models.linear import three_classes
from postcast.models.portable import affine, beneath, softmax
from postcast.models.text_scores import TextScores
from postcast.models.trees import Trees
from postcast.models.without_image import WithoutImage
from postcast.ranks import ranks
from postcast.schema import FeatureSet, HeldOut, Parts, Target
from postcast.validation import check_finite, floats, truth, whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from postcast.schema import FloatArray, IntArray

FOLDS, TEXT_FOLDS = 5, 10
"""More for the texts' scores, which trees then compare with those of regressions on all rows."""

KNOWN = ("context", "history", "kriging", "neighbours", "nearest")
STRANGERS = ("context", "nearest others")
"""The dense blocks that are read, for authors that the training saw and for others."""

ALL_MODELS, RANK_ALONE = ("rank", "classes", "forest"), ("rank",)
"""What answers. For strangers the rank alone: how little it tells of an author that was left out
is learned with the reading of classes from it, where the others stay as sure as of authors seen."""

Folds = list[tuple["IntArray", "IntArray"]]


class StrongClassifier:
    """Mean of LightGBM on ranks, LightGBM on classes, and extremely randomised trees.

    Text scores are out of fold for the rows that the models learn from, and so are the
    probabilities that `fit` returns: every training row is answered by models that had not
    learned from it or from a copy of its text.

    Parameters
    ----------
    seed : int
    """

    def __init__(self, seed: int = 42) -> None:
        self.seed = seed
        self.known = _Answerer(seed, KNOWN, ALL_MODELS)
        self.strangers: _Answerer | None = None

    def fit(self, features: FeatureSet, target: Target) -> HeldOut:
        """Learn from every post; see `postcast.models.base.Classifier`."""
        inner = [_folds(target, n_folds, self.seed) for n_folds in (FOLDS, TEXT_FOLDS)]
        held_out, shares = self.known.fit(features, target, *inner)
        if len(np.unique(features.author)) > 1 and (features.author >= 0).all():
            self.strangers = _Answerer(self.seed, STRANGERS, RANK_ALONE)
            inner = [_author_folds(features.author, n, self.seed) for n in (FOLDS, TEXT_FOLDS)]
            self.strangers.fit(features, target, *inner)
        rows = np.arange(len(features))
        return HeldOut(rows, held_out, None if target.bins is None else shares)

    def predict_proba(self, features: FeatureSet) -> FloatArray:
        """Return the class probabilities, shape (n_posts, 3)."""
        return self.predict_with_shares(features)[0]

    def predict_with_shares(self, features: FeatureSet) -> tuple[FloatArray, FloatArray]:
        """Return class probabilities and shares of bins; see `CountClassifier`."""
        answer, shares = self.known.predict(features)
        strange = np.flatnonzero(features.author < 0)
        if self.strangers is not None and len(strange):
            answer[strange], shares[strange] = self.strangers.predict(features.take(strange))
        return answer, shares

    def state(self) -> Parts:
        """Return coefficients and trees."""
        arrays = self.known.state("known/")
        if self.strangers is not None:
            arrays |= self.strangers.state("strangers/")
        facts = {"seed": self.seed, "strangers": self.strangers is not None}
        return Parts(facts=facts, arrays=arrays)

    @classmethod
    def from_state(cls, parts: Parts) -> Self:
        """Rebuild a fitted classifier."""
        check_finite(parts.arrays)
        self = cls(seed=whole(parts.facts, "seed", -(2**63), 2**63))
        self.known.restore(parts.arrays, "known/")
        if truth(parts.facts, "strangers"):
            self.strangers = _Answerer(self.seed, STRANGERS, RANK_ALONE)
            self.strangers.restore(parts.arrays, "strangers/")
        return self


class _Answerer:
    """Some models on the dense blocks that they are to see, and the texts' scores."""

    def __init__(self, seed: int, blocks: Sequence[str], models: Sequence[str]) -> None:
        self.seed = seed
        self.blocks = tuple(blocks)
        self.models = tuple(models)
        self.trees: dict[str, Trees] = {}
        self.arrays: dict[str, FloatArray] = {}

    def fit(
        self, features: FeatureSet, target: Target, folds: Folds, text_folds: Folds
    ) -> tuple[FloatArray, FloatArray]:
        """Learn from all posts; return each one's answer from models without it."""
        rank = ranks(target.counts)
        standing = BesideAuthor(rank, self._authors(features))
        scores, seen_apart = TextScores.fitted(features, target.classes, standing, text_folds)
        self.arrays |= {f"text/{name}": value for name, value in scores.arrays.items()}
        rows = _Rows(self._matrix(features, seen_apart))
        if MASK in features.blocks:
            rows = self._with_images(rows.matrix, features, target.classes, standing, folds)
        answers: dict[str, FloatArray] = {}
        unseen: dict[str, FloatArray] = {}
        for kept, left in folds:
            self._fit_models(rows, kept, target.classes, rank)
            _fill(answers, left, self._answers(rows.matrix[left]), len(rank))
            blind = np.intersect1d(left, rows.hidden)
            if len(blind):
                _fill(unseen, blind, self._answers(rows.unseen[blind]), len(rank))
        self._fit_models(rows, np.arange(len(rank)), target.classes, rank)
        self._read_classes_from_rank(answers["rank"], target.classes)
        if target.bins is not None:
            fitted = fit_shares(bent(answers["rank"]), target.bins, target.n_bins)
            self.arrays["bin weight"], self.arrays["bin bias"] = fitted
        mean = self._mean(answers)
        if MASK in features.blocks:
            has, blind = has_image(features), rows.hidden
            dark = mean.copy()
            if len(blind):
                dark[blind] = self._mean({name: one[blind] for name, one in unseen.items()})
            learned = WithoutImage.learned(mean, dark, has, target.classes, blind)
            self.arrays |= learned.arrays()
            mean = learned.apply(mean, has)
        return mean, self._shares(answers)

    def _authors(self, features: FeatureSet) -> IntArray:
        """Return beside whom posts stand: nobody, for models that are to see no author."""
        if "history" in self.blocks:
            return features.author
        return np.full(len(features), -1)

    def _with_images(
        self,
        matrix: FloatArray,
        features: FeatureSet,
        classes: IntArray,
        standing: BesideAuthor,
        folds: Folds,
    ) -> _Rows:
        """Return rows with what was seen of images, and as they were without."""
        scores, seen = ImageScores.fitted(features, classes, standing, folds)
        self.arrays |= {f"image/{name}": value for name, value in scores.arrays.items()}
        unseen = _joined(matrix, scores.hidden(seen))
        return _Rows(_joined(matrix, seen), unseen, rows_to_hide(features, self.seed))

    def _fit_models(self, rows: _Rows, kept: IntArray, classes: IntArray, rank: FloatArray) -> None:
        """Learn from some posts, and from those to be hidden among them without image, too."""
        matrix, told = rows.matrix[kept], kept
        blind = np.intersect1d(kept, rows.hidden)
        if len(blind):
            matrix = np.vstack([matrix, rows.unseen[blind]])
            told = np.concatenate([kept, blind])
        self.trees["rank"] = boosting.fit_rank(matrix, rank[told], self.seed)
        if "classes" in self.models:
            self.trees["classes"] = boosting.fit_classes(matrix, classes[told], self.seed)
        if "forest" in self.models:
            self.trees["forest"] = forest.grow(matrix, classes[told], self.seed)

    def _answers(self, matrix: FloatArray) -> dict[str, FloatArray]:
        """Return a rank, shape (n_posts,), and of each other model class shares (n_posts, 3)."""
        answers = {name: trees.answer(matrix) for name, trees in self.trees.items()}
        answers["rank"] = answers["rank"][:, 0]
        if "classes" in answers:
            answers["classes"] = softmax(answers["classes"])
        return answers

    def _read_classes_from_rank(self, rank: FloatArray, classes: IntArray) -> None:
        from sklearn.linear_model import LogisticRegression

        model = LogisticRegression(C=10.0, max_iter=1000).fit(bent(rank), classes)
        self.arrays["rank weight"], self.arrays["rank bias"] = three_classes(model)

    def predict(self, features: FeatureSet) -> tuple[FloatArray, FloatArray]:
        """Return the class probabilities, shape (n_posts, 3), and shares of bins."""
        matrix = self._matrix(features, TextScores(beneath(self.arrays, "text/")).score(features))
        if "image/stand-in" in self.arrays:
            pictures = ImageScores(beneath(self.arrays, "image/"))
            matrix = _joined(matrix, pictures.columns(features))
        answers = self._answers(matrix)
        mean = self._mean(answers)
        if "image/stand-in" in self.arrays:
            mean = WithoutImage.from_arrays(self.arrays).apply(mean, has_image(features))
        return mean, self._shares(answers)

    def state(self, start: str) -> dict[str, FloatArray]:
        """Return trees and coefficients by names that begin with `start`."""
        arrays = {start + name: value for name, value in self.arrays.items()}
        for name, trees in self.trees.items():
            arrays |= trees.arrays(f"{start}{name}/")
        return arrays

    def restore(self, arrays: Mapping[str, FloatArray], start: str) -> None:
        """Take trees and coefficients from a saved state."""
        self.arrays = beneath(arrays, start)
        self.trees = {
            name: Trees.from_arrays(self.arrays, f"{name}/", 1 if name == "rank" else 3)
            for name in self.models
        }
        _check_reading(self.arrays, "rank", 3)
        if "bin weight" in self.arrays:
            _check_reading(self.arrays, "bin", None)

    def _matrix(self, features: FeatureSet, scores: FloatArray) -> FloatArray:
        """Return the dense blocks and the texts' scores side by side, shape (n_posts, d)."""
        blocks = [features.blocks[name].matrix for name in self.blocks if name in features.blocks]
        return _joined(*blocks, scores)

    def _mean(self, answers: Mapping[str, FloatArray]) -> FloatArray:
        """Return the mean of the models' probabilities, shape (n_posts, 3)."""
        a = self.arrays
        parts = [softmax(affine(bent(answers["rank"]), a["rank weight"], a["rank bias"]))]
        parts += [answers[name] for name in ("classes", "forest") if name in answers]
        mean: FloatArray = np.mean(parts, axis=0)
        return mean

    def _shares(self, answers: Mapping[str, FloatArray]) -> FloatArray:
        """Return the shares of bins as the rank tells them, shape (n_posts, n_bins)."""
        if "bin weight" not in self.arrays:
            return np.empty((len(answers["rank"]), 0))
        a = self.arrays
        return answer_shares(bent(answers["rank"]), a["bin weight"], a["bin bias"])


@dataclass(frozen=True)
class _Rows:
    """What trees read of posts, and what they were to read of them without an image.

    Parameters
    ----------
    matrix, unseen : ndarray of float32, shape (n_posts, d)
    hidden : ndarray of int
        The posts that are learned from without their image, too.
    """

    matrix: FloatArray
    unseen: FloatArray = field(default_factory=lambda: np.empty((0, 0)))
    hidden: IntArray = field(default_factory=lambda: np.empty(0, dtype=np.int64))


def _check_reading(arrays: Mapping[str, FloatArray], name: str, n_rows: int | None) -> None:
    """Refuse coefficients by which something is read from a rank that have another shape."""
    weight = floats(arrays, f"{name} weight", (n_rows, 2))
    floats(arrays, f"{name} bias", (len(weight),))


def _fill(
    answers: dict[str, FloatArray], rows: IntArray, some: Mapping[str, FloatArray], n_posts: int
) -> None:
    """Put some posts' answers, by model, where those of all belong."""
    for name, answer in some.items():
        answers.setdefault(name, np.zeros((n_posts, *answer.shape[1:])))[rows] = answer


def _joined(*matrices: FloatArray) -> FloatArray:
    """Return matrices side by side, shape (n_posts, d), as trees read them.

    Rounded, so that how many threads a product was summed by moves no tree.
    """
    return np.round(np.hstack(matrices), 4).astype(np.float32)


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
