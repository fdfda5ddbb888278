"""Copies on both sides of a split, told with what they are worth there.

In the split that is used they are a leak where they surely give something away; in a random one,
which is not used, they are noted.

Knows this rule and its thresholds: copies of texts, and posts of the same image.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from postcast.audit.case import Case
from postcast.audit.findings import COPIES, SAME_IMAGES, Finding, gives_away
from postcast.audit.worth import compare, one_hot
from postcast.data.leaks import straddling
from postcast.evaluate.words import signed
from postcast.learning.copies import SAME_IMAGE
from postcast.wording import counted

if TYPE_CHECKING:
    from postcast.schema import IntArray, Matrix

STRADDLING, FEWEST_COPIES = 0.01, 3
"""Share and number of a split's test posts with copies in training, from which they are told."""


def of_copies(case: Case) -> Iterator[Finding]:
    """Judge the copies of a text that a random split would leave on both sides."""
    whose = "whose text, or nearly the same, stands"
    yield from _of_straddling(case, case.trial.table["group"].to_numpy(), COPIES, whose)


def of_same_images(case: Case) -> Iterator[Finding]:
    """Judge the posts of the same image that a random split would leave on both sides."""
    if SAME_IMAGE not in case.trial.table.columns:
        return
    image = case.trial.table[SAME_IMAGE].to_numpy()
    own = np.where(image >= 0, image, image.max() + 1 + np.arange(len(image)))
    yield from _of_straddling(case, own, SAME_IMAGES, "whose image stands")


def _of_straddling(case: Case, group: IntArray, subject: str, whose: str) -> Iterator[Finding]:
    trial = case.trial
    if _are_many(group, trial.train, trial.test):
        is_used, train, test = True, trial.train, trial.test
    else:
        is_used = False
        n_posts = len(case.counts)
        drawn = np.random.default_rng(case.how.seed).permutation(n_posts)
        n_test = max(1, round(n_posts * case.how.test_size))
        test, train = np.sort(drawn[:n_test]), np.sort(drawn[n_test:])
    apart = train[~np.isin(group[train], group[test])]
    if not _are_many(group, train, test) or not len(apart):
        return
    what = "text" if subject == COPIES else "text and which image it is"
    seen = trial.text if subject == COPIES else _beside_images(trial.text, group)
    worth = compare(
        "copies left in training",
        trial.forecast(seen, train, test),
        "copies left out",
        trial.forecast(seen, apart, test),
    )
    n_copied, n_test = len(straddling(group, train, test)), len(test)
    says = (
        f"{'The split tests' if is_used else 'A random split would test'} on {n_copied:,} of "
        f"{counted(n_test, 'post')} ({n_copied / n_test:.0%}) {whose} in training"
    )
    dealt_with = "postcast's own splits keep copies together"
    if is_used:
        dealt_with = "choose another split, which keeps copies together"
    reaches = "reaches" if subject == COPIES else "reach"
    yield Finding(
        kind="copies",
        subject=subject,
        says=says,
        dealt_with=dealt_with,
        sentence=f"{says}. With "
        f"these copies the {what} {reaches} macro-F1 {worth.score}; without them "
        f"{worth.score_without}, a difference of {signed(worth.difference)}. "
        f"{dealt_with[0].upper() if is_used else dealt_with[0]}{dealt_with[1:]}.",
        worth=worth,
        is_leak=is_used and gives_away(worth),
    )


def _are_many(group: IntArray, train: IntArray, test: IntArray) -> bool:
    """Return whether enough test posts have copies in training to be told."""
    n_copied = len(straddling(group, train, test))
    return n_copied >= FEWEST_COPIES and n_copied > STRADDLING * len(test)


def _beside_images(text: Matrix, image: IntArray) -> Matrix:
    """Return the texts with a column for each image that several posts share."""
    import scipy.sparse as sp

    shared = np.bincount(image)[image] > 1
    columns = np.unique(np.where(shared, image, -1), return_inverse=True)[1]
    return sp.hstack([text, one_hot(columns)], format="csr")
