"""From class probabilities to engagement: what a class was worth among the posts remembered.

Knows a forecaster's bank and thresholds; no text and no feature.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from postcast.data.label import classify

if TYPE_CHECKING:
    from postcast.forecaster import Forecaster
    from postcast.models.distribution import Outlook
    from postcast.schema import FloatArray, IntArray


def is_relative(forecaster: Forecaster) -> bool:
    """Return whether its classes stand against each author's own mean."""
    return forecaster.facts.get("target") == "relative"


def class_codes(forecaster: Forecaster) -> IntArray:
    """Return the popularity class of each of the bank's posts, shape (n_bank,)."""
    return classify(_outcomes(forecaster), forecaster.rule.thresholds)


def _outcomes(forecaster: Forecaster) -> FloatArray:
    """Return what the classes are classes of, shape (n_bank,)."""
    bank = forecaster.bank
    if not is_relative(forecaster):
        return bank.engagement
    logs = np.log1p(np.maximum(bank.engagement, 0))
    n_authors = int(bank.author.max(initial=-1)) + 2
    posts = np.bincount(bank.author + 1, minlength=n_authors)
    sums = np.bincount(bank.author + 1, weights=logs, minlength=n_authors)
    less: FloatArray = logs - (sums / np.maximum(posts, 1))[bank.author + 1]
    return less


def class_logs(forecaster: Forecaster) -> FloatArray:
    """Return the mean log(1 + count) of the bank's training posts of each class, shape (3,).

    Of classes that stand against an author's own mean, the mean log of count to that mean.
    """
    outcomes = _outcomes(forecaster)
    logs = outcomes if is_relative(forecaster) else np.log1p(np.maximum(outcomes, 0))
    return _class_means(forecaster, logs)


def class_ranks(forecaster: Forecaster) -> FloatArray:
    """Return the mean rank, 0 to 1, of the bank's training posts of each class, shape (3,)."""
    return _class_means(forecaster, forecaster.bank.rank)


def _class_means(forecaster: Forecaster, values: FloatArray) -> FloatArray:
    learned = slice(None, forecaster.bank.n_learned)
    values, codes = values[learned], class_codes(forecaster)[learned]
    posts = np.bincount(codes, minlength=3)[:3]
    sums = np.bincount(codes, weights=values, minlength=3)[:3]
    overall = float(values.mean()) if len(values) else 0.0
    means: FloatArray = np.where(posts > 0, sums / np.maximum(posts, 1), overall)
    return means


def expected_logs(
    forecaster: Forecaster, probabilities: FloatArray, outlook: Outlook | None
) -> FloatArray:
    """Return the expected log(1 + count) of some posts, shape (n_posts,).

    A forecaster's own count where it knows counts; else the mean over the classes, by their
    probabilities, of what each was worth.

    Parameters
    ----------
    forecaster : Forecaster
    probabilities : ndarray of float, shape (n_posts, 3)
    outlook : Outlook or None
    """
    if outlook is not None:
        return np.log1p(np.maximum(outlook.expected, 0))
    logs: FloatArray = probabilities @ class_logs(forecaster)
    return logs
