"""How often forecasts put two posts of one author in the right order, and from what difference on.

Knows arrays only: what posts scored, what came of them, and whose they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from postcast.evaluate.resampling import DRAWS, SEED, dense_codes, estimate
from postcast.grouping import rows_by
from postcast.scorecard import Estimate, Pairwise

if TYPE_CHECKING:
    from postcast.schema import FloatArray, IntArray

MOST_PAIRS = 50_000
"""Of more pairs than these a sample is looked at, so that the cost is bounded."""

FEWEST_PAIRS = 30
"""Pairs below which nothing is said."""

ENOUGH_AUTHORS = 20
"""From how many authors on these are drawn for the intervals; below it, posts are."""

ASKED = 0.8
"""How often the order of two posts is to be right before one of them is called ahead."""

MOST_STEPS, PAIRS_A_STEP = 40, 50
"""Into how many steps of the difference pairs are parted, each of at least so many pairs."""

_CHUNK = 2_000_000


@dataclass(frozen=True)
class Outcome:
    """What came of posts.

    Parameters
    ----------
    values : ndarray of float, shape (n_posts,)
    author : ndarray of int, shape (n_posts,)
        Codes; -1 for posts without an author, which are compared as one author's.
    """

    values: FloatArray
    author: IntArray


def pairwise(
    places: FloatArray,
    outcome: Outcome,
    scale: str,
    others: Mapping[str, FloatArray],
    *,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Pairwise | None:
    """Measure how often two posts of one author with different outcomes are in the right order.

    Equal places are right half of the time. How far two posts must be apart until their order
    is right `ASKED` of the time is read off an isotonic regression of being right on the
    difference, over steps of as many pairs each (Barlow et al., 1972).

    Parameters
    ----------
    places : ndarray of float, shape (n_posts,)
        Of the forecasts; the larger the more popular.
    outcome : Outcome
    scale : str
        What the places are; see `postcast.standing`.
    others : mapping of str to ndarray of float, shape (n_posts,)
        Baseline to places.
    draws : int
        Of the bootstrap, over authors where there are enough, else over posts.
    seed : int

    Returns
    -------
    Pairwise or None
        None below `FEWEST_PAIRS` pairs.
    """
    first, second = _pairs(outcome, seed)
    if len(first) < FEWEST_PAIRS:
        return None
    apart = np.abs(places[first] - places[second])
    order = np.argsort(apart, kind="stable")
    first, second, apart = first[order], second[order], apart[order]
    truth = np.sign(outcome.values[first] - outcome.values[second])
    asked = {"": places, **others}
    right = [(np.sign(one[first] - one[second]) * truth + 1) / 2 for one in asked.values()]
    authors = dense_codes(outcome.author[first])
    n_authors = len(np.unique(outcome.author[first][outcome.author[first] >= 0]))
    by_author = n_authors >= ENOUGH_AUTHORS
    drawn_from = authors if by_author else np.stack([first, second])
    starts = _steps(apart)
    good, pairs = _sums(right, _weights(drawn_from, draws, seed), starts)
    shares = _shares(good.sum(axis=2), pairs.sum(axis=1))
    found = {name: estimate(row) for name, row in zip(asked, shares, strict=True)}
    own, gap = found.pop(""), _gap(good[0], pairs, apart[starts])
    return Pairwise(
        value=own.value or 0.0,
        low=own.low,
        high=own.high,
        n_pairs=len(first),
        n_authors=n_authors,
        drawn="authors" if by_author else "posts",
        scale=scale,
        asked=ASKED,
        gap=gap,
        told=None if gap.value is None else float((apart >= gap.value).mean()),
        baselines=found,
    )


def _pairs(outcome: Outcome, seed: int) -> tuple[IntArray, IntArray]:
    """Return pairs of posts of one author whose outcomes differ: all, or a drawn sample."""
    own = [rows for rows in rows_by(outcome.author).values() if len(rows) > 1]
    sizes = np.array([len(rows) for rows in own], dtype=np.int64)
    n_pairs = sizes * (sizes - 1) // 2
    if n_pairs.sum() <= MOST_PAIRS:
        none = np.empty(0, dtype=np.int64)
        corners = [np.triu_indices(size, 1) for size in sizes]
        of_each = list(zip(own, corners, strict=True))
        first = np.concatenate([none, *(rows[i] for rows, (i, _) in of_each)])
        second = np.concatenate([none, *(rows[j] for rows, (_, j) in of_each)])
    else:
        random = np.random.default_rng(seed)
        author = random.choice(len(own), size=MOST_PAIRS, p=n_pairs / n_pairs.sum())
        i = random.integers(sizes[author])
        j = (i + 1 + random.integers(sizes[author] - 1)) % sizes[author]
        starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        flat = np.concatenate(own)
        first, second = flat[starts[author] + i], flat[starts[author] + j]
    differ = outcome.values[first] != outcome.values[second]
    return first[differ], second[differ]


def _steps(apart: FloatArray) -> IntArray:
    """Return where each step of an ascending difference begins; equal ones share a step."""
    n_steps = int(np.clip(len(apart) // PAIRS_A_STEP, 1, MOST_STEPS))
    equal = (np.arange(n_steps) * len(apart)) // n_steps
    return np.unique(np.searchsorted(apart, apart[equal], side="left"))


def _weights(drawn_from: IntArray, draws: int, seed: int) -> Iterator[FloatArray]:
    """Yield chunks (n, n_pairs): how often each pair stands in a draw, once in the first one.

    Parameters
    ----------
    drawn_from : ndarray of int, shape (n_pairs,) or (2, n_pairs)
        The author of each pair, or its two posts, both of which must be drawn.
    draws, seed : int
    """
    codes = dense_codes(drawn_from.ravel()).reshape(drawn_from.shape)
    n_units, n_pairs = int(codes.max()) + 1, drawn_from.shape[-1]
    random = np.random.default_rng(seed)
    size = max(1, _CHUNK // n_pairs)
    for start in range(0, draws + 1, size):
        chunk = np.ones((min(size, draws + 1 - start), n_pairs))
        for row in chunk[1:] if start == 0 else chunk:
            drawn = np.bincount(random.integers(n_units, size=n_units), minlength=n_units)
            row[:] = drawn[codes] if codes.ndim == 1 else drawn[codes[0]] * drawn[codes[1]]
        yield chunk


def _sums(
    right: Sequence[FloatArray], drawn: Iterable[FloatArray], starts: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Return how many pairs of each step are right, and how many there are, in every draw.

    Parameters
    ----------
    right : sequence of ndarray of float, each of shape (n_pairs,)
        Of several forecasts: 1, 0, or one half.
    drawn : iterable of ndarray of float, shape (n, n_pairs)
        As `_weights` yields them.
    starts : ndarray of int, shape (n_steps,)

    Returns
    -------
    good : ndarray of float, shape (n_forecasts, 1 + draws, n_steps)
    pairs : ndarray of float, shape (1 + draws, n_steps)
    """
    good, pairs = [], []
    for weights in drawn:
        good.append([np.add.reduceat(weights * one, starts, axis=1) for one in right])
        pairs.append(np.add.reduceat(weights, starts, axis=1))
    return np.concatenate(good, axis=1), np.concatenate(pairs)


def _shares(part: FloatArray, whole: FloatArray) -> FloatArray:
    """Return part / whole, nan where there is no whole."""
    nothing: FloatArray = np.full(part.shape, np.nan)
    np.divide(part, whole, out=nothing, where=whole > 0)
    return nothing


def _gap(right: FloatArray, pairs: FloatArray, differences: FloatArray) -> Estimate:
    """Return the difference from which on the order is right as often as asked.

    Empty where no difference is large enough; without an upper bound where draws say so.

    Parameters
    ----------
    right, pairs : ndarray of float, shape (1 + draws, n_steps)
        Sums over the pairs of each step.
    differences : ndarray of float, shape (n_steps,)
        At which each step begins.
    """
    found = np.full(len(right), np.inf)
    for draw, (good, mass) in enumerate(zip(right, pairs, strict=True)):
        reached = np.flatnonzero(_isotonic(good, mass) >= ASKED)
        if len(reached):
            found[draw] = differences[reached[0]]
    if not np.isfinite(found[0]):
        return Estimate()
    low, high = np.percentile(found[1:], [2.5, 97.5], method="inverted_cdf")
    value = float(found[0])
    return Estimate(
        value, min(float(low), value), max(float(high), value) if np.isfinite(high) else None
    )


def _isotonic(right: FloatArray, pairs: FloatArray) -> FloatArray:
    """Return the non-decreasing shares nearest to those of the steps, by pooling violators."""
    pools: list[tuple[float, float, int]] = []
    for step in zip(right.tolist(), pairs.tolist(), strict=True):
        pool = (*step, 1)
        while pools and pool[0] * pools[-1][1] <= pools[-1][0] * pool[1]:
            before = pools.pop()
            pool = (pool[0] + before[0], pool[1] + before[1], pool[2] + before[2])
        pools.append(pool)
    shares = [good / mass if mass else 0.0 for good, mass, _ in pools]
    return np.repeat(shares, [n_steps for _, _, n_steps in pools])
