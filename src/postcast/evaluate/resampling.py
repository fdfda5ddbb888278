"""Scores of class forecasts on the posts themselves and on every bootstrap draw of them.

Knows the arithmetic of each score on resampled rows; no records, no pictures; numpy only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from postcast.errors import PostcastError
from postcast.schema import CLASSES, Predictions
from postcast.scorecard import SCORES, Estimate

if TYPE_CHECKING:
    from postcast.schema import FloatArray, IntArray

DRAWS = 1000
SEED = 42
ECE_BINS = 15

_CELLS = len(CLASSES) ** 2
_CHUNK = 4_000_000
"""Most weights held at once, so that 100,000 posts need some tens of megabytes."""


def estimate(samples: FloatArray) -> Estimate:
    """Turn a score on the posts (first) and on their draws (rest) into an `Estimate`.

    Draws on which the score is undefined (nan) say nothing about it and are left out.
    """
    value = float(samples[0])
    if not np.isfinite(value):
        return Estimate()
    drawn = samples[1:][np.isfinite(samples[1:])]
    if not drawn.size:
        return Estimate(value)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Estimate(value, min(float(low), value), max(float(high), value))


def resample(
    predictions: Predictions,
    scores: Sequence[str] = SCORES,
    *,
    draws: int = DRAWS,
    seed: int = SEED,
) -> dict[str, FloatArray]:
    """Return scores on the posts themselves and on every bootstrap draw of them.

    Returns
    -------
    dict
        Score to ndarray of float, shape (1 + draws,), the posts' own first and nan where
        undefined; and ``confusion``, shape (1 + draws, 3, 3), actual by forecast.

    Raises
    ------
    PostcastError
        If there are no posts.
    """
    columns = _columns(predictions)
    ranks = None
    if "spearman" in scores:
        outcome = predictions.engagement if predictions.outcome is None else predictions.outcome
        ranks = dense_codes(_expected(predictions)), dense_codes(outcome)
    sums: list[FloatArray] = []
    rhos: list[float] = []
    for weights in _weights(predictions, draws, seed):
        sums.append(weights @ columns)
        if ranks is not None:
            rhos.extend(weighted_spearman(row, *ranks) for row in weights)
    samples = _scores(np.concatenate(sums))
    samples["spearman"] = np.asarray(rhos)
    return {"confusion": samples["confusion"], **{score: samples[score] for score in scores}}


def resample_together(
    several: Sequence[Predictions],
    scores: Sequence[str],
    *,
    draws: int = DRAWS,
    seed: int = SEED,
) -> dict[str, FloatArray]:
    """Return scores of several forecasts of the same posts, all on the same draws.

    The draws are those of `resample`, made once however many forecasts there are.

    Parameters
    ----------
    several : sequence of Predictions
    scores : sequence of str
        Of `SCORES`, ``spearman`` excepted: it is no function of sums over posts.

    Returns
    -------
    dict
        Score to ndarray of float, shape (1 + draws, n_forecasts), the posts' own first.
    """
    columns = np.hstack([_columns(one) for one in several])
    sums = np.concatenate([weights @ columns for weights in _weights(several[0], draws, seed)])
    samples = _scores(sums.reshape(-1, columns.shape[1] // len(several)))
    return {score: samples[score].reshape(len(sums), len(several)) for score in scores}


def class_f1(confusions: FloatArray) -> FloatArray:
    """Return F1 of each class, shape (..., 3), from counts of shape (..., 3, 3)."""
    found = np.diagonal(confusions, axis1=-2, axis2=-1)
    return ratio(2 * found, confusions.sum(-1) + confusions.sum(-2))


def _weights(predictions: Predictions, draws: int, seed: int) -> Iterator[FloatArray]:
    """Yield chunks (n, n_rows): how often each row stands in a draw, once in the first one.

    Posts are drawn; all rows of a post stand in a draw equally often.
    """
    n_rows = len(predictions.actual)
    if not n_rows:
        raise PostcastError("no posts to score", expected="at least one labelled post")
    post = np.arange(n_rows) if predictions.post is None else dense_codes(predictions.post)
    n_posts = int(post.max()) + 1
    random = np.random.default_rng(seed)
    size = max(1, _CHUNK // n_rows)
    for start in range(0, draws + 1, size):
        chunk = np.ones((min(size, draws + 1 - start), n_rows))
        for row in chunk[1:] if start == 0 else chunk:
            drawn = np.bincount(random.integers(n_posts, size=n_posts), minlength=n_posts)
            row[:] = drawn[post]
        yield chunk


def _columns(predictions: Predictions) -> FloatArray:
    """Return what each post adds to each sum: cells, three losses, calibration gaps by bin."""
    actual, shares = predictions.actual, predictions.probabilities
    rows = np.arange(len(actual))
    columns = np.zeros((len(actual), _CELLS + 3 + ECE_BINS))
    columns[rows, actual * len(CLASSES) + predictions.forecast] = 1
    columns[:, _CELLS] = -np.log(np.clip(shares[rows, actual], 1e-15, 1))
    columns[:, _CELLS + 1] = np.square(shares - np.eye(len(CLASSES))[actual]).sum(1)
    columns[:, _CELLS + 2] = _log_errors(predictions)
    stated, right, bins = top_labels(predictions)
    columns[rows, _CELLS + 3 + bins] = stated - right
    return columns


def _scores(sums: FloatArray) -> dict[str, FloatArray]:
    confusion = sums[:, :_CELLS].reshape(-1, len(CLASSES), len(CLASSES))
    n_posts = confusion.sum((1, 2))
    f1 = class_f1(confusion)
    return {
        "confusion": confusion,
        "accuracy": np.trace(confusion, axis1=1, axis2=2) / n_posts,
        "macro_f1": f1.mean(1),
        "weighted_f1": (f1 * confusion.sum(2)).sum(1) / n_posts,
        "qwk": _quadratic_kappa(confusion),
        "log_loss": sums[:, _CELLS] / n_posts,
        "brier": sums[:, _CELLS + 1] / n_posts,
        "mae_log": sums[:, _CELLS + 2] / n_posts,
        "ece": np.abs(sums[:, _CELLS + 3 :]).sum(1) / n_posts,
    }


def _quadratic_kappa(confusion: FloatArray) -> FloatArray:
    codes = np.arange(len(CLASSES))
    penalty = np.square(codes[:, None] - codes).astype(np.float64)
    observed = (confusion * penalty).sum((1, 2)) * confusion.sum((1, 2))
    by_chance = ((confusion.sum(2)[:, :, None] * confusion.sum(1)[:, None]) * penalty).sum((1, 2))
    kappa: FloatArray = np.full(len(confusion), np.nan)
    np.divide(by_chance - observed, by_chance, out=kappa, where=by_chance > 0)
    return kappa


def ratio(part: FloatArray, whole: FloatArray) -> FloatArray:
    """Return part / whole, 0 where there is no whole."""
    quotient: FloatArray = np.divide(part, whole, out=np.zeros(np.shape(part)), where=whole > 0)
    return quotient


def top_labels(predictions: Predictions) -> tuple[FloatArray, FloatArray, IntArray]:
    """Return the top label's stated probability, whether it was right, and its ECE bin."""
    top = predictions.probabilities.argmax(1)
    stated = predictions.probabilities.max(1).astype(np.float64)
    bins = np.clip(np.ceil(stated * ECE_BINS).astype(np.int64) - 1, 0, ECE_BINS - 1)
    return stated, (top == predictions.actual).astype(np.float64), bins


def _log_errors(predictions: Predictions) -> FloatArray:
    """Return absolute errors of log1p counts, (n_posts,); counts below zero stand for none."""
    if predictions.expected_count is None:
        return np.full(len(predictions.actual), np.nan)
    expected = np.log1p(np.maximum(predictions.expected_count, 0))
    errors: FloatArray = np.abs(expected - np.log1p(np.maximum(predictions.engagement, 0)))
    return errors


def _expected(predictions: Predictions) -> FloatArray:
    """Return what ranks the posts: the expected count, or the expected class code.

    Rounded, so that equal forecasts with different rounding errors stay tied.
    """
    if predictions.expected_count is not None:
        return predictions.expected_count
    shares = predictions.probabilities
    return np.round(shares[:, 1].astype(np.float64) + 2 * shares[:, 2], 9)


def dense_codes(values: FloatArray | IntArray) -> IntArray:
    """Return the rank of each value among the distinct ones, (n_posts,), from 0."""
    return np.unique(values, return_inverse=True)[1].reshape(-1)


def weighted_spearman(weights: FloatArray, first: IntArray, second: IntArray) -> float:
    """Return Spearman's rho of dense codes when row i stands there `weights[i]` times."""
    middle = (weights.sum() + 1) / 2
    deviations, variances = [], []
    for codes in (first, second):
        rows = np.bincount(codes, weights)
        ranks = np.cumsum(rows) - (rows - 1) / 2 - middle
        variances.append(rows @ np.square(ranks))
        deviations.append(ranks[codes])
    spread = np.sqrt(variances[0] * variances[1])
    if not spread > 0:
        return float("nan")
    return float(np.clip((weights * deviations[0]) @ deviations[1] / spread, -1, 1))
