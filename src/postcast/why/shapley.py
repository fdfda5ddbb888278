"""Shapley values of a game of parts, estimated from some of its coalitions, and how sure they are.

Knows arrays only.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from postcast.schema import BoolArray, FloatArray

MOST_EXACT = 6
"""Up to so many players all coalitions are asked, and nothing is estimated."""


@dataclass(frozen=True)
class Shares:
    """What each player adds, whoever else plays.

    Parameters
    ----------
    values : ndarray of float, shape (n_players, n_outputs)
        Of each output they sum to that of all players less that of none.
    errors : ndarray of float, shape (n_players, n_outputs)
        Standard errors of the sampling; zeros where every coalition was asked.
    """

    values: FloatArray
    errors: FloatArray


def shapley_values(
    worth: Callable[[BoolArray], FloatArray],
    nothing: FloatArray,
    everything: FloatArray,
    n_players: int,
    rng: np.random.Generator,
    n_pairs: int = 64,
) -> Shares:
    """Estimate the Shapley values of a game with several outputs.

    A regression on sampled coalitions, weighed by the Shapley kernel, whose coefficients are
    held to sum to the whole (Lundberg and Lee, A Unified Approach to Interpreting Model
    Predictions, NeurIPS 2017). Coalitions come in pairs, each with what it leaves out, and errors
    from the spread of the pairs about the regression (Covert and Lee, Improving KernelSHAP,
    AISTATS 2021; here the sandwich estimate HC3 of MacKinnon and White, 1985, over pairs). A game
    that is a sum is solved without error.

    Parameters
    ----------
    worth : callable
        What coalitions, bool, shape (n, n_players), are worth: float, shape (n, n_outputs).
        Asked once, for all of them.
    nothing, everything : ndarray of float, shape (n_outputs,)
        What no player is worth, and all of them.
    n_players : int
    rng : Generator
    n_pairs : int
        Pairs to sample, beside those of one player and the rest.
    """
    whole = np.asarray(everything, dtype=np.float64) - nothing
    if n_players < 2:
        values = whole[None][:n_players]
        return Shares(values, np.zeros_like(values))
    exact = n_players <= MOST_EXACT
    pairs, weights = _all_pairs(n_players) if exact else _sampled(n_players, n_pairs, rng)
    answers = np.asarray(worth(np.concatenate([pairs, ~pairs])), dtype=np.float64)
    halves = (answers[: len(pairs)] - answers[len(pairs) :]) / 2  # (n, n_outputs)
    signs = np.where(pairs, 1.0, -1.0)
    rows = (signs[:, :-1] - signs[:, -1:]) / 2  # (n, n_players - 1)
    targets = halves - signs[:, -1:] / 2 * whole
    scale = np.sqrt(weights)[:, None]
    inverse = np.linalg.pinv(rows * scale)  # (n_players - 1, n)
    first = inverse @ (targets * scale)
    values = np.vstack([first, whole - first.sum(axis=0)])
    if exact:
        return Shares(values, np.zeros_like(values))
    left = (targets - rows @ first) * scale
    leverage = np.clip((rows * scale * inverse.T).sum(axis=1), 0, 0.99)
    spread = left / (1 - leverage)[:, None]
    last = -inverse.sum(axis=0, keepdims=True)
    errors = np.sqrt(np.square(np.vstack([inverse, last])) @ np.square(spread))
    return Shares(values, errors)


def _all_pairs(n_players: int) -> tuple[BoolArray, FloatArray]:
    """Return every coalition that holds the last player and not all, and the kernel's weights."""
    rest = [row for row in itertools.product((False, True), repeat=n_players - 1) if not all(row)]
    pairs = np.array([[*row, True] for row in rest], dtype=bool).reshape(-1, n_players)
    sizes = pairs.sum(axis=1)
    return pairs, _mass(n_players)[sizes] / _choices(n_players)[sizes]


def _sampled(
    n_players: int, n_pairs: int, rng: np.random.Generator
) -> tuple[BoolArray, FloatArray]:
    """Return each player alone, and coalitions drawn among the larger ones, with weights."""
    mass = _mass(n_players)
    alone = np.eye(n_players, dtype=bool)
    inner = mass.copy()
    inner[[1, n_players - 1]] = 0
    sizes = rng.choice(len(mass), size=n_pairs, p=inner / inner.sum())
    places = rng.permuted(np.tile(np.arange(n_players), (n_pairs, 1)), axis=1)
    drawn = places < sizes[:, None]
    weights = [np.full(n_players, 2 * mass[1] / n_players), np.full(n_pairs, inner.sum() / n_pairs)]
    return np.concatenate([alone, drawn]), np.concatenate(weights)


def _mass(n_players: int) -> FloatArray:
    """Return the kernel's share of each size of coalition, shape (n_players + 1,)."""
    sizes = np.arange(1, n_players)
    kernel = 1.0 / (sizes * (n_players - sizes))
    return np.concatenate([[0.0], kernel / kernel.sum(), [0.0]])


def _choices(n_players: int) -> FloatArray:
    """Return how many coalitions there are of each size, shape (n_players + 1,)."""
    sizes = np.arange(n_players)
    steps = (n_players - sizes) / (sizes + 1)
    return np.concatenate([[1.0], np.cumprod(steps)])
