"""A distribution over counts that agrees with class probabilities: shares of bins of counts.

Knows arrays only. Fitting needs scikit-learn; answering needs numpy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from postcast.models.portable import affine, softmax
from postcast.validation import floats, integers

if TYPE_CHECKING:
    from postcast.schema import BoolArray, FloatArray, IntArray

MOST_BINS, POSTS_A_BIN = 24, 20
"""How many quantiles of the counts part the bins, fewer where a bin would hold too few posts."""

KNOTS = 200
"""Between how many quantiles of the training counts those within a bin are spread."""

MEAN_SHARE = 0.25
"""How much of the expected count is the mean; see `CountBins.expected`."""

LARGEST_LOG = 300.0
"""Of log(1 + count): beyond it there is no such number."""

NEVER = -30.0
"""The score of a bin that no training post is in."""


@dataclass(frozen=True)
class CountBins:
    """Bins of counts, each of which lies within one class.

    Within a bin, counts are spread as those of the training posts are: in a tail, the next are
    fewer than the last. On the scale of log(1 + count), counts below zero stand for none.

    Parameters
    ----------
    edges : ndarray of float, shape (n_bins + 1,)
        Ascending; a bin begins at its edge, and the last ends before the last edge.
    logs : ndarray of float, shape (n_bins,)
        The mean of log(1 + count) over each bin's training posts.
    classes : ndarray of int, shape (n_bins,)
        The class code of each bin.
    knots, ranks : ndarray of float, shape (n_knots,)
        Counts, the edges among them, and the share of the training posts below each.
    are_whole : bool
        Whether all counts are whole numbers: 3.5 or more is then 4 or more.
    """

    edges: FloatArray
    logs: FloatArray
    classes: IntArray
    knots: FloatArray
    ranks: FloatArray
    are_whole: bool

    @classmethod
    def of(
        cls, counts: FloatArray, thresholds: Sequence[float], most_bins: int = MOST_BINS
    ) -> Self:
        """Part counts at their quantiles and at the thresholds of the classes.

        Parameters
        ----------
        counts : ndarray of float, shape (n_posts,)
            Of the training posts.
        thresholds : sequence of float
            Where ``medium`` and ``high`` begin.
        most_bins : int
            With 1, a bin is a class.
        """
        are_whole = bool((counts == np.floor(counts)).all())
        n_bins = max(1, min(most_bins, len(counts) // POSTS_A_BIN))
        shares = np.arange(1, n_bins) / n_bins
        inner = np.quantile(counts, shares, method="lower") if n_bins > 1 else np.empty(0)
        starts = np.ceil(thresholds) if are_whole else np.asarray(thresholds, dtype=np.float64)
        least, most = float(counts.min()), float(counts.max())
        first = min(least, np.nextafter(float(starts[0]), -np.inf))
        end = max(
            most + 1 if are_whole else most, *(_next_above(one) for one in (most, starts[-1]))
        )
        edges = np.unique(np.concatenate([[first], inner[inner > first], starts, [end]]))
        classes = np.searchsorted(starts, edges[:-1], side="right")
        bins = _bins_of(edges, counts)
        logs = np.add.reduce(np.eye(len(classes))[bins] * _log(counts)[:, None], axis=0)
        posts = np.bincount(bins, minlength=len(classes))
        middles = (_log(edges[:-1]) + _log(edges[1:])) / 2
        logs = np.where(posts, logs / np.maximum(posts, 1), middles)
        between = np.quantile(counts, np.linspace(0, 1, KNOTS), method="lower")
        knots = np.unique(np.concatenate([edges, between]))
        ranks = np.searchsorted(np.sort(counts), knots) / len(counts)
        return cls(edges, logs, classes, knots, ranks, are_whole)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, FloatArray], *, are_whole: bool) -> Self:
        """Rebuild saved bins.

        Raises
        ------
        ValueError
            If edges, classes or ranks do not rise, or differ in length.
        """
        classes = integers(arrays, "classes", (None,), 0, 3)
        knots = floats(arrays, "knots", (None,))
        bins = cls(
            edges=floats(arrays, "edges", (len(classes) + 1,)),
            logs=floats(arrays, "logs", (len(classes),)),
            classes=classes,
            knots=knots,
            ranks=floats(arrays, "ranks", knots.shape),
            are_whole=are_whole,
        )
        rising = (bins.edges, bins.classes, bins.knots, bins.ranks)
        if any((one[1:] < one[:-1]).any() for one in rising):
            raise ValueError("bins of counts that do not rise")
        if not len(knots) or not len(classes) or np.abs(bins.logs).max() > LARGEST_LOG:
            raise ValueError("bins of counts without knots, or beyond all counts")
        return bins

    def __len__(self) -> int:
        return len(self.classes)

    def find(self, counts: FloatArray) -> IntArray:
        """Return the bin of each count; the first or the last for counts beyond them."""
        return _bins_of(self.edges, counts)

    def spread(self, probabilities: FloatArray, shares: FloatArray) -> FloatArray:
        """Return the probability of each bin: its class's, times its share of the class.

        Parameters
        ----------
        probabilities : ndarray of float, shape (n_posts, 3)
            Of the classes; they are what the bins of each class sum to.
        shares : ndarray of float, shape (n_posts, n_bins)
            How likely each bin is, compared with others of its class.
        """
        likely = np.maximum(np.asarray(shares, dtype=np.float64), 1e-12)
        of_class = np.empty_like(likely)  # (n_posts, n_bins)
        for code in np.unique(self.classes):
            bins = self.classes == code
            of_class[:, bins] = likely[:, bins].sum(axis=1, keepdims=True)
        found: FloatArray = probabilities[:, self.classes] * likely / of_class
        return found

    def below(self, spread: FloatArray, counts: FloatArray | float) -> FloatArray:
        """Return the probability of less than a count, shape (n_posts,).

        Parameters
        ----------
        spread : ndarray of float, shape (n_posts, n_bins)
        counts : float or ndarray of float, shape (n_posts,)
        """
        limits = np.broadcast_to(np.asarray(counts, dtype=np.float64), len(spread))
        limits = np.ceil(limits) if self.are_whole else limits
        cut = self.find(limits)
        start, end = self._rank(self.edges[cut]), self._rank(self.edges[cut + 1])
        part = np.clip((self._rank(limits) - start) / np.maximum(end - start, 1e-300), 0, 1)
        part = np.where(limits >= self.edges[-1], 1.0, part)
        rows = np.arange(len(spread))
        found: FloatArray = _cumulated(spread)[rows, cut] + part * spread[rows, cut]
        return np.clip(found, 0, 1)

    def class_probabilities(self, spread: FloatArray, thresholds: Sequence[float]) -> FloatArray:
        """Return the probabilities of classes that begin at other thresholds, (n_posts, 3)."""
        first, second = (self.below(spread, threshold) for threshold in thresholds)
        shares = np.stack([first, second - first, 1 - second], axis=1)
        found: FloatArray = np.clip(shares, 0, 1)
        return found

    def expected(self, spread: FloatArray) -> FloatArray:
        """Return what to expect, shape (n_posts,): the median, moved a quarter to the mean.

        Both on the scale of log(1 + count). The median errs least there, but whole counts leave
        its forecasts tied; the mean ranks best. Out of fold on the training posts of two public
        collections, each split two ways, the median's mean absolute error is .570, .554, .200 and
        .203 and its rank correlation .458, .516, .721 and .769; the mean's .576, .570, .201 and
        .207 with .466, .518, .722 and .770; this one's .572, .558, .200 and .203 with .466, .518,
        .721 and .769.
        """
        median = _log(self.quantile(spread, 0.5))
        return _count(median + MEAN_SHARE * (self._mean_log(spread) - median))

    def mean(self, spread: FloatArray) -> FloatArray:
        """Return the count whose log(1 + count) is the mean, shape (n_posts,)."""
        return _count(self._mean_log(spread))

    def _mean_log(self, spread: FloatArray) -> FloatArray:
        return np.asarray((spread * self.logs).sum(axis=1))

    def quantile(self, spread: FloatArray, level: float) -> FloatArray:
        """Return the count at which a share `level` is reached, shape (n_posts,)."""
        cumulated = _cumulated(spread)
        cut = np.minimum((cumulated[:, 1:] < level).sum(axis=1), len(self) - 1)
        rows = np.arange(len(spread))
        part = (level - cumulated[rows, cut]) / np.maximum(spread[rows, cut], 1e-300)
        start, end = self._rank(self.edges[cut]), self._rank(self.edges[cut + 1])
        found = np.interp(start + np.clip(part, 0, 1) * (end - start), self.ranks, self._scale)
        counts: FloatArray = np.sign(found) * np.expm1(np.abs(found))
        counts = np.clip(counts, self.edges[cut], self.edges[cut + 1])
        if self.are_whole:
            counts = np.minimum(np.floor(counts + 1e-9), self.edges[-1] - 1)
        return counts

    def _rank(self, counts: FloatArray) -> FloatArray:
        """Return the share of the training posts below each count."""
        return np.interp(_signed_log(counts), self._scale, self.ranks)

    @property
    def _scale(self) -> FloatArray:
        return _signed_log(self.knots)

    def depths(self, spread: FloatArray, counts: FloatArray) -> FloatArray:
        """Return how far from its post's median each count lies, 0 to ½ of the probability.

        Parameters
        ----------
        spread : ndarray of float, shape (n_posts, n_bins)
        counts : ndarray of float, shape (n_posts,)
            What came.
        """
        below = self.below(spread, counts)
        up_to = self.below(spread, counts + 1) if self.are_whole else below
        found: FloatArray = np.maximum(np.maximum(below - 0.5, 0.5 - up_to), 0)
        return found


@dataclass(frozen=True)
class Outlook:
    """The counts to expect of some posts.

    Parameters
    ----------
    expected : ndarray of float, shape (n_posts,)
    low, high : ndarray of float, shape (n_posts,)
        Between which they come to lie, both included, at the forecaster's coverage.
    """

    expected: FloatArray
    low: FloatArray
    high: FloatArray

    def of(self, post: int) -> dict[str, float]:
        """Return the counts of one post, named as in `postcast.schema.Forecast`."""
        return {
            "expected_count": float(self.expected[post]),
            "count_low": float(self.low[post]),
            "count_high": float(self.high[post]),
        }

    def holds(self, counts: FloatArray) -> BoolArray:
        """Return whether each post's count came to lie between, shape (n_posts,)."""
        held: BoolArray = (self.low <= counts) & (counts <= self.high)
        return held


def fit_shares(inputs: FloatArray, bins: IntArray, n_bins: int) -> tuple[FloatArray, FloatArray]:
    """Return weight (n_bins, d) and bias (n_bins,) of a logistic model of the bins."""
    from sklearn.linear_model import LogisticRegression

    weight, bias = np.zeros((n_bins, inputs.shape[1])), np.full(n_bins, NEVER)
    found = np.unique(bins)
    if len(found) == 1:
        bias[found] = 0.0
        return weight, bias
    model: Any = LogisticRegression(C=10.0, max_iter=1000).fit(inputs, bins)
    if len(found) == 2:  # scikit-learn writes two classes as one row
        weight[found[1]], bias[found] = model.coef_[0], (0.0, float(model.intercept_[0]))
    else:
        weight[found], bias[found] = model.coef_, model.intercept_
    return weight, bias


def bent(level: FloatArray) -> FloatArray:
    """Return numbers with their squares, (n_posts, 2), so that the middle can lie between."""
    return np.stack([level, level**2], axis=1)


def answer_shares(inputs: FloatArray, weight: FloatArray, bias: FloatArray) -> FloatArray:
    """Return the share of each bin, shape (n_posts, n_bins)."""
    return softmax(affine(inputs, weight, bias))


def depth_reached(depths: FloatArray, coverage: float) -> float:
    """Return the depth within which a share `coverage` of what is to come lies.

    Distributional conformal prediction (Chernozhukov, Wüthrich and Zhu, PNAS 2021): over
    exchangeable posts, the counts between the quantiles ½ - depth and ½ + depth hold what comes
    at least `coverage` of the time.

    Parameters
    ----------
    depths : ndarray of float, shape (n_rows,)
        See `CountBins.depths`; of rows that were not learned from.
    coverage : float between 0 and 1
    """
    rank = int(np.ceil(coverage * (len(depths) + 1)))
    return float(np.sort(depths)[rank - 1]) if rank <= len(depths) else 0.5


def _bins_of(edges: FloatArray, counts: FloatArray) -> IntArray:
    """Return the bin of each count; the first or the last for counts beyond the edges."""
    found = np.searchsorted(edges, counts, side="right") - 1
    return np.asarray(np.clip(found, 0, len(edges) - 2), dtype=np.int64)


def _next_above(count: float) -> float:
    """Return the next finite number above a count; itself where there is none."""
    return count if count == np.finfo(np.float64).max else float(np.nextafter(count, np.inf))


def _log(counts: Any) -> FloatArray:
    logs: FloatArray = np.log1p(np.maximum(counts, 0))
    return logs


def _signed_log(counts: FloatArray) -> FloatArray:
    """Return log(1 + count), with counts below zero told apart."""
    logs: FloatArray = np.sign(counts) * np.log1p(np.abs(counts))
    return logs


def _count(logs: FloatArray) -> FloatArray:
    """Return counts from their logs, rounded so that equal forecasts stay tied."""
    counts: FloatArray = np.expm1(np.round(logs, 9))
    return counts


def _cumulated(spread: FloatArray) -> FloatArray:
    """Return the probability of all before each edge, shape (n_posts, n_bins + 1)."""
    return np.concatenate([np.zeros((len(spread), 1)), np.cumsum(spread, axis=1)], axis=1)
