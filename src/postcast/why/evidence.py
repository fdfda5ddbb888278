"""How sure past posts make of a difference between two drafts: a plain reading beside the model.

A Gaussian process over remembered posts by author, text, form, hour and weekday, whose answers
have errors. Knows no classifier.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from postcast.features.context import MICROSECONDS_A_DAY, OF_TEXT, THURSDAY, context
from postcast.features.history import LATEST
from postcast.features.vectors import cosines_of, unit_rows

if TYPE_CHECKING:
    from postcast.features.assemble import Drafts
    from postcast.features.bank import MemoryBank
    from postcast.features.text import TextEncoder
    from postcast.schema import FloatArray, IntArray, Matrix

MOST_POSTS = 800
"""The newest posts with text that are read."""

FEWEST_POSTS = 40
"""Of fewer nothing is said."""

LEVELS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
"""What each kind of difference may explain of the ranks' variance. Never none: what was not seen
to matter is unknown, and not known to be nothing."""

NOISE = (0.1, 0.2, 0.3, 0.5, 0.7, 0.9)
SWEEPS = 2
HOUR_SHARPNESS = 4.0
"""b of exp(b(cos − 1)) between two hours on the clock: half is forgotten after two hours."""


@dataclass(frozen=True)
class Looks:
    """What posts are told apart by.

    Parameters
    ----------
    author : ndarray of int, shape (n_posts,)
    vectors : ndarray, csr_matrix or SparseRows, shape (n_posts, d), or None
        Rows of length one.
    forms : ndarray of float, shape (n_posts, 14), or None
        Of `postcast.features.context`, logs of what is counted.
    time : ndarray of int64, shape (n_posts,), or None
        Microseconds since 1970.
    """

    author: IntArray
    vectors: Matrix | None
    forms: FloatArray | None
    time: IntArray | None

    def kernels(self, other: Looks) -> dict[str, FloatArray]:
        """Return how alike posts are in each way, shape (n_posts, n_others) each."""
        same = (self.author[:, None] == other.author) & (self.author[:, None] >= 0)
        found = {"author": same.astype(np.float64)}
        if self.vectors is not None and other.vectors is not None:
            found["text"] = np.asarray(cosines_of(self.vectors, other.vectors), dtype=np.float64)
        if self.forms is not None and other.forms is not None:
            found["form"] = self.forms @ other.forms.T / len(OF_TEXT)
        if self.time is not None and other.time is not None:
            day, others = self.time / MICROSECONDS_A_DAY, other.time / MICROSECONDS_A_DAY
            apart = 2 * np.pi * (day[:, None] - others[None, :])
            found["hour"] = np.exp(HOUR_SHARPNESS * (np.cos(apart) - 1))
            weekday, of_others = ((np.floor(one) + THURSDAY) % 7 for one in (day, others))
            found["weekday"] = (weekday[:, None] == of_others[None, :]).astype(np.float64)
        return found


@dataclass(frozen=True)
class Evidence:
    """What remembered posts tell of differences in rank.

    Parameters
    ----------
    looks : Looks
        Of the posts read.
    variances : mapping of str to float
        Of each kind of difference.
    factor : tuple
        Cholesky factor of the posts' covariance, for scipy.
    weights : ndarray of float, shape (n_posts,)
        That factor solved for the ranks.
    middle, scale : ndarray of float, shape (14,)
        Of the forms.
    """

    looks: Looks
    variances: Mapping[str, float]
    factor: Any
    weights: FloatArray
    middle: FloatArray
    scale: FloatArray

    def difference(self, before: Looks, after: Looks) -> tuple[FloatArray, FloatArray]:
        """Return by how much other posts outrank one, and the standard errors, (n_posts,) each.

        Parameters
        ----------
        before : Looks
            Of one post.
        after : Looks
            Of others.
        """
        from scipy.linalg import cho_solve

        before, after = self._scaled(before), self._scaled(after)
        gains = self._covariance(after, self.looks) - self._covariance(before, self.looks)
        prior = np.array(
            [
                self._covariance(one, one)[0, 0]
                + self._covariance(before, before)[0, 0]
                - 2 * self._covariance(one, before)[0, 0]
                for one in (_one(after, row) for row in range(len(after.author)))
            ]
        )
        explained = (gains * cho_solve(self.factor, gains.T).T).sum(axis=1)
        return gains @ self.weights, np.sqrt(np.maximum(prior - explained, 0))

    def _covariance(self, left: Looks, right: Looks) -> FloatArray:
        kernels = left.kernels(right)
        total: FloatArray = np.sum(
            [self.variances.get(name, 0.0) * kernel for name, kernel in kernels.items()], axis=0
        )
        return total

    def _scaled(self, looks: Looks) -> Looks:
        if looks.forms is None:
            return looks
        return replace(looks, forms=(looks.forms - self.middle) / self.scale)


def learn_evidence(bank: MemoryBank, encoder: TextEncoder | None) -> Evidence | None:
    """Read a bank's newest posts; kept in the bank for the next question.

    Variances are those of greatest marginal likelihood on a grid, one after the other (Rasmussen
    and Williams, Gaussian Processes for Machine Learning, 2006, algorithm 2.1 and chapter 5).

    Parameters
    ----------
    bank : MemoryBank
    encoder : TextEncoder or None
        Reads texts as it reads drafts, where the bank keeps no vectors.

    Returns
    -------
    Evidence or None
        None of too few posts.
    """
    if "evidence" not in bank.worked_out:
        bank.worked_out["evidence"] = _learned(bank, encoder)
    found: Evidence | None = bank.worked_out["evidence"]
    return found


def _learned(bank: MemoryBank, encoder: TextEncoder | None) -> Evidence | None:
    rows = np.flatnonzero(bank.has_text & bank.is_learned)
    if bank.ordering == "time" and bank.order is not None:
        rows = rows[bank.order[rows] < LATEST]
        rows = rows[np.argsort(bank.order[rows], kind="stable")]
    rows = rows[-MOST_POSTS:]
    if len(rows) < FEWEST_POSTS:
        return None
    rank = bank.rank[rows] - bank.rank[rows].mean()
    if not rank.any():
        return None
    texts = None if bank.wordings is None else bank.wordings.at(rows)
    vectors = bank.vectors
    if vectors is not None:
        vectors = vectors[rows]
    elif texts is not None and encoder is not None:
        vectors = unit_rows(encoder.encode(texts))
    timed = bank.ordering == "time" and bank.order is not None
    time = bank.order[rows] if timed and bank.order is not None else None
    looks = Looks(bank.author[rows], vectors, None if texts is None else _forms(texts), time)
    middle, scale = np.zeros(len(OF_TEXT)), np.ones(len(OF_TEXT))
    if looks.forms is not None:
        middle, spread = looks.forms.mean(axis=0), looks.forms.std(axis=0)
        scale = np.where(spread > 1e-9, spread, np.inf)  # a form that never varied tells nothing
        looks = replace(looks, forms=(looks.forms - middle) / scale)
    return _fitted(looks, rank, middle, scale)


def _fitted(looks: Looks, rank: FloatArray, middle: FloatArray, scale: FloatArray) -> Evidence:
    from scipy.linalg import cho_factor, cho_solve

    kernels, total = looks.kernels(looks), float(rank.var())
    shares = dict.fromkeys(kernels, 0.1) | {"noise": 0.7}

    def factored(shares: Mapping[str, float]) -> tuple[Any, FloatArray, float]:
        covariance = shares["noise"] * np.eye(len(rank))
        for name, kernel in kernels.items():
            covariance += shares[name] * kernel
        factor = cho_factor(covariance * total, lower=True, check_finite=False)
        weights = cho_solve(factor, rank, check_finite=False)
        return factor, weights, float(-rank @ weights / 2 - np.log(np.diag(factor[0])).sum())

    best = factored(shares)
    for _ in range(SWEEPS):
        for name in shares:
            for level in NOISE if name == "noise" else LEVELS:
                tried = shares | {name: level}
                if tried != shares and (found := factored(tried))[2] > best[2]:
                    best, shares = found, tried
    variances = {name: share * total for name, share in shares.items() if name != "noise"}
    return Evidence(looks, variances, best[0], best[1], middle, scale)


def looks_of(drafts: Drafts, bank: MemoryBank, encoder: TextEncoder | None) -> Looks:
    """Return what drafts are told apart by; their hours only where all are known."""
    time = drafts.order if bank.ordering == "time" else None
    if time is not None and (time >= LATEST).any():
        time = None
    vectors = None if encoder is None else unit_rows(encoder.encode(drafts.texts))
    return Looks(bank.codes_of(drafts.authors), vectors, _forms(drafts.texts), time)


def _forms(texts: Any) -> FloatArray:
    """Return what texts look like from outside, logs of what is counted, shape (n_texts, 14)."""
    forms: FloatArray = np.log1p(np.asarray(context(texts, None).matrix, dtype=np.float64))
    return forms


def _one(looks: Looks, row: int) -> Looks:
    rows = np.array([row])
    return Looks(
        looks.author[rows],
        None if looks.vectors is None else looks.vectors[rows],
        None if looks.forms is None else looks.forms[rows],
        None if looks.time is None else looks.time[rows],
    )
