"""What something would be worth to a forecast: macro-F1 with it and without, on the same posts.

Knows small linear models and one division of the posts; draws no conclusion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from postcast.data.label import classify
from postcast.evaluate.resampling import estimate, resample
from postcast.features.tfidf import TfidfEncoder
from postcast.learning.division import Division, How, divide
from postcast.models.plain import AuthorMedianClassifier
from postcast.schema import FeatureSet, Posts, Predictions, Target
from postcast.scorecard import Estimate

if TYPE_CHECKING:
    from postcast.schema import FloatArray, IntArray, Matrix

SCORE = "macro_f1"
BINS = 30
"""Quantile bins of a number: a multiple of three, so that terciles do not fall inside one."""

MOST_TERMS = 8_000
"""Terms of the texts, the commonest. From 10,000 columns on, BLAS shares each small product
among threads, which takes ten times as long as the product."""


@dataclass(frozen=True)
class Worth:
    """A score with something and without it, and their paired difference.

    Parameters
    ----------
    what, against : str
        What was forecast from, in words.
    score, score_without, difference, alone : Estimate
        Macro-F1 with 95% bootstrap intervals; `alone`, of the thing by itself, where told.
    """

    what: str
    against: str
    score: Estimate
    score_without: Estimate
    difference: Estimate
    alone: Estimate = field(default_factory=Estimate)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON types."""
        return {
            "of": SCORE,
            "what": self.what,
            "against": self.against,
            "with": vars(self.score),
            "without": vars(self.score_without),
            "difference": vars(self.difference),
            "alone": vars(self.alone),
        }


@dataclass(frozen=True)
class Trial:
    """Posts divided once, with their classes and their texts as word weights.

    Parameters
    ----------
    table : polars.DataFrame
        The posts with a text and a count, as `postcast.schema.Posts.table` has them.
    classes : ndarray of int, shape (n_posts,)
    train, test : ndarray of int
        Positions in the table.
    text : csr_matrix of float, shape (n_posts, d)
    split : str
        How they were divided, in words.
    """

    table: pl.DataFrame
    classes: IntArray
    train: IntArray
    test: IntArray
    text: Matrix
    split: str

    @classmethod
    def of(cls, posts: Posts, how: How) -> Trial:
        """Divide posts as training would.

        Raises
        ------
        SplitError, LabelError, SettingsError
            As `postcast.learning.division.divide`.
        """
        return cls.of_division(posts, divide(posts, how))

    @classmethod
    def of_division(cls, posts: Posts, division: Division) -> Trial:
        """Take posts as they are divided."""
        table = posts.table.filter((pl.col("text") != "") & pl.col("engagement").is_not_null())
        texts, split = table["text"].to_list(), division.split
        return cls(
            table=table,
            classes=classify(table["engagement"].to_numpy(), division.thresholds),
            train=split.train,
            test=split.test,
            text=_word_weights(texts, split.train),
            split=split.description,
        )

    def forecast(self, matrix: Matrix, train: IntArray, test: IntArray) -> Predictions:
        """Forecast test rows with a ridge classifier of balanced classes."""
        from sklearn.linear_model import RidgeClassifier

        model = RidgeClassifier(class_weight="balanced", tol=1e-3)
        model.fit(matrix[train], self.classes[train])
        return self._predictions(model.predict(matrix[test]), test)

    def from_text(self) -> Predictions:
        """Forecast the test rows from their texts alone."""
        return self.forecast(self.text, self.train, self.test)

    def from_words(self, texts: Sequence[str]) -> Predictions:
        """Forecast the test rows from other texts alone, one a post."""
        return self.forecast(_word_weights(texts, self.train), self.train, self.test)

    def from_values(self, codes: IntArray) -> Predictions:
        """Forecast the test rows from one column alone."""
        return self.forecast(one_hot(codes), self.train, self.test)

    def from_both(self, codes: IntArray) -> Predictions:
        """Forecast the test rows from their texts and one column."""
        import scipy.sparse as sp

        both = sp.hstack([self.text, one_hot(codes)], format="csr")
        return self.forecast(both, self.train, self.test)

    def from_median(self, codes: IntArray) -> Predictions:
        """Forecast the class of the median count of those that share a category."""
        counts = self.table["engagement"].to_numpy()
        rows = FeatureSet({}, author=codes, group=self.table["group"].to_numpy())
        held_out = np.zeros(len(self.train), dtype=bool)
        target = Target(self.classes[self.train], counts[self.train], held_out, self.train)
        model = AuthorMedianClassifier()
        model.fit(rows.take(self.train), target)
        forecast = model.predict_proba(rows.take(self.test)).argmax(axis=1)
        return self._predictions(forecast, self.test)

    def majority(self) -> Predictions:
        """Forecast the commonest class of the training rows."""
        commonest = np.bincount(self.classes[self.train]).argmax()
        return self._predictions(np.full(len(self.test), commonest), self.test)

    def codes(self, values: FloatArray, *, binned: bool) -> IntArray:
        """Return one code a row: categories as they are, numbers by the training's quantiles.

        Parameters
        ----------
        values : ndarray of float, shape (n_posts,)
            Codes of categories, or numbers; nan, where there is none, is a code of its own.
        binned : bool
            Whether they are numbers.
        """
        known = ~np.isnan(values)
        codes = np.zeros(len(values), dtype=np.int64)
        if binned:
            of_train = values[self.train][known[self.train]]
            shares = np.linspace(0, 1, BINS + 1)[1:-1]
            edges = np.unique(np.quantile(of_train, shares)) if len(of_train) else np.empty(0)
            codes[known] = 1 + np.searchsorted(edges, values[known], side="right")
        else:
            codes[known] = 1 + values[known].astype(np.int64)
        return codes

    def _predictions(self, forecast: IntArray, test: IntArray) -> Predictions:
        return Predictions(
            actual=self.classes[test],
            forecast=forecast.astype(np.int64),
            probabilities=np.eye(3)[forecast.astype(np.int64)],
            engagement=self.table["engagement"].to_numpy()[test],
        )


def _word_weights(texts: Sequence[str], train: IntArray) -> Matrix:
    """Return texts as TF-IDF of the training texts' commonest terms, shape (n_posts, d)."""
    import scipy.sparse as sp

    encoder = TfidfEncoder()
    encoder.fit([texts[row] for row in train])
    commonest = np.sort(np.argsort(encoder.idf, kind="stable")[:MOST_TERMS])
    return sp.csr_matrix(encoder.encode(texts))[:, commonest]


def one_hot(codes: IntArray) -> Matrix:
    """Return codes as a sparse matrix of ones, shape (n_posts, n_codes)."""
    import scipy.sparse as sp

    rows = np.arange(len(codes))
    return sp.csr_matrix((np.ones(len(codes)), (rows, codes)))


def macro_f1(predictions: Predictions) -> Estimate:
    """Return macro-F1 with its interval."""
    return estimate(_drawn(predictions))


def compare(what: str, having: Predictions, against: str, lacking: Predictions) -> Worth:
    """Return what one forecast is worth against another of the same posts."""
    mine, theirs = _drawn(having), _drawn(lacking)
    return Worth(what, against, estimate(mine), estimate(theirs), estimate(mine - theirs))


def _drawn(predictions: Predictions) -> FloatArray:
    return resample(predictions, (SCORE,))[SCORE]
