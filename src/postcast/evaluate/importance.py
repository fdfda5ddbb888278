"""What a forecaster leans on: how much worse it gets when posts swap a group of features.

Knows feature blocks by name and answers as arrays; not how either came about.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from postcast.evaluate.resampling import DRAWS, SEED, estimate, resample_together
from postcast.schema import Block, FeatureSet, Predictions
from postcast.scorecard import Importance

if TYPE_CHECKING:
    from postcast.schema import FloatArray, IntArray

    Answer = Callable[[FeatureSet], tuple[FloatArray, IntArray]]

SCORES = ("macro_f1", "log_loss")
PERMUTATIONS = 10
MOST_POSTS = 2_000
"""Of more test posts than these a sample is looked at, so that the cost is bounded."""

GROUPS: Mapping[str, tuple[str, ...]] = {
    "text": ("text", "words", "characters"),
    "context": ("context",),
    "author": ("history", "kriging"),
    "neighbours": ("neighbours", "nearest", "nearest others"),
    "image": ("image", "visual", "has image"),
}
"""The feature blocks that tell people one thing; any other block is a group of its own."""


def importance(
    answer: Answer,
    features: FeatureSet,
    actual: IntArray,
    *,
    permutations: int = PERMUTATIONS,
    draws: int = DRAWS,
    seed: int = SEED,
) -> dict[str, Importance]:
    """Measure how much worse the answers get when posts swap a group's features.

    All blocks of a group are swapped alike, so that a post gets the whole of another post's
    text, or author. The author's code goes with the author's history.

    Parameters
    ----------
    answer : callable
        FeatureSet to calibrated probabilities, shape (n_posts, 3), and the class codes
        decided on, shape (n_posts,).
    features : FeatureSet
        Of test posts; of more than `MOST_POSTS` a sample is taken.
    actual : ndarray of int, shape (n_posts,)
        Class codes.
    permutations : int
        Over which the loss is averaged; the same for every group.
    draws : int
        Bootstrap draws.
    seed : int

    Returns
    -------
    dict
        Group to `Importance`, for the groups whose blocks are there; ``author`` also where
        the answers move with the author's code alone. Empty for an answer that reads nothing.

    Notes
    -----
    Permutation importance on held-out rows (Breiman, 2001), of groups of features and as a
    difference of losses ("model reliance": Fisher, Rudin and Dominici, 2019). Each bootstrap
    draw takes posts anew, the same for the answers before and after (paired), and takes the
    permutations anew as well; so that the 95% interval covers the chance in which posts test
    and in how they were permuted. The forecaster is not fitted again: what is measured is
    this one, not what could be learned without the group.
    """
    random = np.random.default_rng(seed)
    if len(features) > MOST_POSTS:
        rows = np.sort(random.choice(len(features), MOST_POSTS, replace=False))
        features, actual = features.take(rows), actual[rows]
    orders = [random.permutation(len(features)) for _ in range(permutations)]
    picks = np.full((1 + draws, permutations), 1 / permutations)
    picks[1:] = random.multinomial(permutations, picks[0], size=draws) / permutations
    before = _predictions(answer, features, actual)
    found = {}
    for group in _groups(answer, features, before):
        after = [_predictions(answer, _swapped(features, group, o), actual) for o in orders]
        drawn = resample_together([before, *after], SCORES, draws=draws, seed=seed)
        f1, loss = (drawn[score] for score in SCORES)
        found[group] = Importance(
            macro_f1_fall=estimate(_mean_over(f1[:, :1] - f1[:, 1:], picks)),
            log_loss_rise=estimate(_mean_over(loss[:, 1:] - loss[:, :1], picks)),
            posts=len(features),
        )
    return found


def _groups(answer: Answer, features: FeatureSet, before: Predictions) -> list[str]:
    """Return the groups that the answers are made from: the known ones first, then the rest."""
    there = dict.fromkeys(_group_of(name) for name in features.blocks)
    if features.retrieved is not None:
        there["neighbours"] = None
    if "author" not in there:
        strangers, _ = answer(replace(features, author=np.full_like(features.author, -1)))
        if not np.array_equal(strangers, before.probabilities):
            there["author"] = None
    return [*(group for group in GROUPS if group in there), *(g for g in there if g not in GROUPS)]


def _group_of(block: str) -> str:
    return next((group for group, blocks in GROUPS.items() if block in blocks), block)


def _swapped(features: FeatureSet, group: str, order: IntArray) -> FeatureSet:
    """Return the features with those of one group taken from other posts."""
    blocks = {
        name: Block(block.matrix[order], block.columns) if _group_of(name) == group else block
        for name, block in features.blocks.items()
    }
    author = features.author[order] if group == "author" else features.author
    retrieved = features.retrieved
    if retrieved is not None and group == "neighbours":
        retrieved = retrieved.take(order)
    return replace(features, blocks=blocks, author=author, retrieved=retrieved)


def _predictions(answer: Answer, features: FeatureSet, actual: IntArray) -> Predictions:
    probabilities, forecast = answer(features)
    return Predictions(actual, forecast, probabilities, engagement=np.zeros(len(actual)))


def _mean_over(changes: FloatArray, picks: FloatArray) -> FloatArray:
    """Return each draw's mean change over the permutations that it picked, shape (1 + draws,)."""
    mean: FloatArray = (changes * picks).sum(axis=1)
    return mean
