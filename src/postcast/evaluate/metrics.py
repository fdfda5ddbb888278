"""Scores of class forecasts with bootstrap intervals, from arrays alone.

Knows no forecaster, no picture and no file; needs numpy only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from postcast.errors import PostcastError
from postcast.evaluate.resampling import (
    DRAWS,
    ECE_BINS,
    SEED,
    class_f1,
    dense_codes,
    estimate,
    ratio,
    resample,
    top_labels,
    weighted_spearman,
)
from postcast.schema import CLASSES, Predictions
from postcast.scorecard import SCORES, ClassFigures, Confusion, Estimate, Figures

if TYPE_CHECKING:
    from postcast.schema import BoolArray, FloatArray, IntArray


def figures(predictions: Predictions, *, draws: int = DRAWS, seed: int = SEED) -> Figures:
    """Score forecasts, each score with its 95% percentile bootstrap interval over posts.

    The draws depend on the number of posts and the seed alone, so that two forecasters on
    the same posts are scored on the same draws. A score that cannot be told (a correlation
    with a constant, an error of counts that nobody forecast) is an empty `Estimate`. An
    interval is widened to hold its own value where the bootstrap is biased (ECE).

    Parameters
    ----------
    predictions : Predictions
        At least one post.
    draws : int
        Bootstrap draws.
    seed : int

    Raises
    ------
    PostcastError
        If there are no posts.

    Notes
    -----
    F1, precision and recall are 0 where undefined, and macro averages always run over all
    three classes. Kappa after Cohen (1968), ECE after Guo et al. (2017), the percentile
    interval after Efron (1979).
    """
    return figures_of(resample(predictions, draws=draws, seed=seed))


def figures_of(samples: Mapping[str, FloatArray]) -> Figures:
    """Return the figures of scores that were drawn already; see `figures`.

    Parameters
    ----------
    samples : mapping of str to ndarray
        Of all `SCORES`, as `postcast.evaluate.resampling.resample` returns them.
    """
    counts = samples["confusion"]
    return Figures(
        **{score: estimate(samples[score]) for score in SCORES},
        per_class=_per_class(counts),
        confusion=Confusion(counts=tuple(tuple(int(n) for n in row) for row in counts[0])),
    )


def differences(
    predictions: Predictions,
    other: Predictions,
    scores: Sequence[str] = SCORES,
    *,
    draws: int = DRAWS,
    seed: int = SEED,
) -> dict[str, Estimate]:
    """Return each score of `predictions` minus that of `other`, paired on the same draws.

    Raises
    ------
    PostcastError
        If the two are not about the same posts.
    """
    if not np.array_equal(predictions.actual, other.actual):
        raise PostcastError(
            "two forecasters were scored on different posts",
            expected="the same posts in the same order",
        )
    mine = resample(predictions, scores, draws=draws, seed=seed)
    theirs = resample(other, scores, draws=draws, seed=seed)
    return {score: estimate(mine[score] - theirs[score]) for score in scores}


def coverage(sets: BoolArray, actual: IntArray) -> dict[str, Estimate]:
    """Return the share of posts whose set of classes holds the truth, over all and by class.

    Parameters
    ----------
    sets : ndarray of bool, shape (n_posts, 3)
    actual : ndarray of int, shape (n_posts,)

    Returns
    -------
    dict
        ``all`` and each class, empty for a class without posts; see `share`.
    """
    held = sets[np.arange(len(actual)), actual]
    by_class = {name: share(held[actual == code]) for code, name in enumerate(CLASSES)}
    return {"all": share(held), **by_class}


def share(held: BoolArray) -> Estimate:
    """Return the share of posts of which something holds, with its 95% interval.

    Parameters
    ----------
    held : ndarray of bool, shape (n_posts,)

    Notes
    -----
    The interval is the score interval of Wilson (1927): that of a bootstrap has no width where
    all or none hold, as with sets it often happens.
    """
    if not held.size:
        return Estimate()
    z, n, value = NormalDist().inv_cdf(0.975), held.size, float(held.mean())
    middle = (value + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * np.sqrt(value * (1 - value) / n + (z / (2 * n)) ** 2) / (1 + z**2 / n)
    return Estimate(value, min(float(middle - half), value), max(float(middle + half), value))


@dataclass(frozen=True)
class Reliability:
    """The top label's calibration in the bins that hold posts.

    Parameters
    ----------
    confidence, share_right : ndarray of float, shape (n_bins,)
        Mean stated probability of the top label, and how often it was right.
    posts : ndarray of int, shape (n_bins,)
    """

    confidence: FloatArray
    share_right: FloatArray
    posts: IntArray


def reliability(predictions: Predictions) -> Reliability:
    """Bin posts by the stated probability of their top label, in `ECE_BINS` equal widths."""
    stated, right, bins = top_labels(predictions)
    posts = np.bincount(bins, minlength=ECE_BINS)
    filled = posts > 0
    share = posts[filled]
    return Reliability(
        confidence=np.bincount(bins, stated, ECE_BINS)[filled] / share,
        share_right=np.bincount(bins, right, ECE_BINS)[filled] / share,
        posts=share,
    )


def rank_correlation(first: FloatArray | IntArray, second: FloatArray | IntArray) -> float | None:
    """Return Spearman's rho with average ranks for ties; None where either is constant."""
    if not len(first):
        return None
    rho = weighted_spearman(np.ones(len(first)), dense_codes(first), dense_codes(second))
    return None if np.isnan(rho) else float(rho)


def _per_class(counts: FloatArray) -> dict[str, ClassFigures]:
    found = np.diagonal(counts, axis1=-2, axis2=-1)
    samples = {
        "precision": ratio(found, counts.sum(-2)),
        "recall": ratio(found, counts.sum(-1)),
        "f1": class_f1(counts),
    }
    rows = {}
    for code, name in enumerate(CLASSES):
        told: dict[str, Any] = {}
        for score, drawn in samples.items():
            one = estimate(drawn[:, code])
            told |= {score: one.value, f"{score}_low": one.low, f"{score}_high": one.high}
        rows[name] = ClassFigures(support=int(counts[0, code].sum()), **told)
    return rows
