"""Which posts learn and which test, what their classes are, and what was known of others.

The one place where splits, labels, held-out rows and memories are put together. Knows no model.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from postcast.data.known import as_stale_as, block_starts, settled_until
from postcast.data.label import classify, fixed_thresholds, quantile_thresholds
from postcast.data.order import parse_maturity
from postcast.data.split import Split, check_maturity, default_split, reference_split, split
from postcast.errors import SettingsError, SplitError
from postcast.features.assemble import Drafts
from postcast.learning.learnable import Learnable, learnable
from postcast.wording import agreeing, counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from postcast.data.rows import Rows
    from postcast.schema import BoolArray, FloatArray, IntArray, Posts

HELD_OUT_SHARE, LARGEST_HELD_OUT_SHARE, ENOUGH_HELD_OUT = 0.15, 0.3, 40
"""Of the training rows, for early stopping, calibration and conformal sets: a share, more of
it where that is fewer than enough posts, but never more than another share."""

FORWARD = ("chronological", "rolling")
"""The splits whose test posts come after the training posts."""

_HELD_OUT_BY = {
    "reference": "stratified",
    "cv": "stratified",
    "blocks": "stratified",
    "rolling": "chronological",
    "unseen": "grouped",
}
"""How rows are held out where that is not how the test rows were split off."""


@dataclass(frozen=True, kw_only=True)
class How:
    """How posts are to be divided.

    Parameters
    ----------
    protocol : {"postcast", "reference"}
    split : {"auto", "chronological", "stratified", "grouped"}
    test_size : float
        Share of the posts that test.
    maturity : str
        As `postcast.data.order.parse_maturity` reads it.
    mode : {"frozen", "online"}
        Whether earlier test posts become known, once they are mature.
    target : {"class", "count", "relative"}
        What the classes are classes of; see `postcast.learning.learnable.learnable`.
    thresholds : tuple of float
        Where medium and high begin; empty for the terciles of the training counts.
    seed : int
    """

    protocol: str = "postcast"
    split: str = "auto"
    test_size: float = 0.2
    maturity: str = "0"
    mode: str = "frozen"
    target: str = "class"
    thresholds: tuple[float, ...] = ()
    seed: int = 42


@dataclass(frozen=True)
class Division:
    """Posts divided into those that learn and those that test.

    Parameters
    ----------
    drafts : Drafts
        Every post with a text and a count.
    train, test : Drafts
    remembered : Drafts
        The training posts, and posts without text whose counts were known with theirs.
    remembered_counts : ndarray of float
    later : Drafts
        What becomes known while testing; nothing unless the mode is online.
    later_counts : ndarray of float
    train_counts, test_counts : ndarray of float
        Raw engagement.
    train_outcomes, test_outcomes : ndarray of float
        What the classes are classes of: the raw engagement, or what it is relative to.
    train_classes : ndarray of int, shape (n_train,)
    together : ndarray of int, shape (n_train,)
        Training posts of one number stay together when they are split again.
    held_out : ndarray of bool, shape (n_train,)
        Training rows for early stopping and calibration, split off as the test rows were.
    thresholds : tuple of float
        From the training rows alone, except under the reference protocol.
    split : Split
    warnings : tuple of str
    target : {"class", "count", "relative"}
    discreet : bool
        Whether of words and tags only those may be learned that several authors have in common.
    """

    drafts: Drafts
    train: Drafts
    test: Drafts
    remembered: Drafts
    remembered_counts: FloatArray
    later: Drafts
    later_counts: FloatArray
    train_counts: FloatArray
    test_counts: FloatArray
    train_outcomes: FloatArray
    test_outcomes: FloatArray
    train_classes: IntArray
    together: IntArray
    held_out: BoolArray
    thresholds: tuple[float, float]
    split: Split
    warnings: tuple[str, ...]
    target: str = "class"
    discreet: bool = False

    @property
    def told_by(self) -> Sequence[str | None] | None:
        """The authors of the training posts where it matters whose words are learned."""
        return self.train.authors if self.discreet else None


def divide(posts: Posts, how: How) -> Division:
    """Split and label posts.

    Raises
    ------
    SplitError
        If the posts cannot be split as asked, or are too few.
    LabelError
        If three classes cannot be made of the training posts' counts.
    SettingsError
        If the choices contradict one another.
    """
    found = learnable(posts, how.target)
    return arrange(found, _outer(found.rows, how), how)


def arrange(found: Learnable, outer: Split, how: How) -> Division:
    """Label posts that are split already, and settle what is known of which.

    Raises
    ------
    LabelError, SettingsError
        As `divide`.
    """
    if how.mode == "online" and outer.name not in FORWARD:
        raise SettingsError(
            f"mode online with a {outer.name} split",
            "a chronological one: only later posts can learn from earlier test posts",
            "choose --mode frozen or --split chronological",
        )
    train, held_out, warnings = _inner(found.rows, outer, how)
    outcomes, test = found.outcomes, outer.test
    fitted_on = outcomes if how.protocol == "reference" else outcomes[train]
    thresholds = (
        fixed_thresholds(how.thresholds, fitted_on)
        if how.thresholds
        else quantile_thresholds(fitted_on)
    )
    known_in_train, known_in_test = _known(found.rows, train, outer, how)
    learned = found.drafts.take(train)
    silent = _remembered_silent(found, learned, outer)
    later, later_counts = _later(found, train, outer.test, silent, how)
    group = found.rows.group[train]
    return Division(
        drafts=found.drafts,
        train=replace(learned, known_until=known_in_train),
        test=replace(found.drafts.take(test), known_until=known_in_test),
        remembered=learned.joined(found.silent.take(silent)),
        remembered_counts=np.concatenate([found.counts[train], found.silent_counts[silent]]),
        later=later,
        later_counts=later_counts,
        train_counts=found.counts[train],
        test_counts=found.counts[test],
        train_outcomes=outcomes[train],
        test_outcomes=outcomes[test],
        train_classes=classify(outcomes[train], thresholds),
        together=group if outer.block is None else outer.block[train],
        held_out=held_out,
        thresholds=thresholds,
        split=outer,
        warnings=warnings,
        target=how.target,
    )


def _outer(rows: Rows, how: How) -> Split:
    if how.protocol == "reference":
        return reference_split(len(rows))
    name = default_split(rows.ordering) if how.split == "auto" else how.split
    return split(
        rows, name, test_size=how.test_size, maturity=parse_maturity(how.maturity), seed=how.seed
    )


def _inner(rows: Rows, outer: Split, how: How) -> tuple[IntArray, BoolArray, tuple[str, ...]]:
    """Hold out a part of the training rows as the test rows were split off.

    Returns
    -------
    train : ndarray of int
        The training rows, less copies of held-out texts.
    held_out : ndarray of bool, shape (n_train,)
    warnings : tuple of str
    """
    train = outer.train
    share = min(max(HELD_OUT_SHARE, ENOUGH_HELD_OUT / len(train)), LARGEST_HELD_OUT_SHARE)
    name = _HELD_OUT_BY.get(outer.name, outer.name)
    for attempt in dict.fromkeys((name, "stratified")):
        try:
            inner = split(rows.take(train), attempt, test_size=share, seed=how.seed + 1)
        except SplitError:
            continue
        if outer.name == "reference":
            kept, chosen = np.arange(len(train)), inner.test
        else:
            kept = np.sort(np.concatenate([inner.train, inner.test]))
            chosen = np.searchsorted(kept, inner.test)
        held_out = np.zeros(len(kept), dtype=bool)
        held_out[chosen] = True
        return train[kept], held_out, ()
    posts = f"{counted(len(train), 'training post')} {agreeing(len(train), 'is', 'are')}"
    few = f"{posts} too few to hold any out: nothing is calibrated"
    return train, np.zeros(len(train), dtype=bool), (few,)


def _known(
    rows: Rows, train: IntArray, outer: Split, how: How
) -> tuple[IntArray | None, IntArray | None]:
    """Return up to when counts are known as training posts are learned from, and as others test.

    Training posts are shown no more than testing will see.
    """
    if rows.order is None:
        return None, None
    mine, tested = rows.timeline.take(train), rows.timeline.take(outer.test)
    if outer.block is not None:
        starts = block_starts(rows.timeline, outer.block)
        return starts[train], starts[outer.test]
    maturity = parse_maturity(how.maturity)
    check_maturity(rows, maturity)
    if how.mode == "frozen" and outer.name in FORWARD:
        stale = replace(mine, order=as_stale_as(mine, tested))
        return settled_until(stale, rows.everyone, maturity), tested.order
    return (
        settled_until(mine, rows.everyone, maturity),
        settled_until(tested, rows.everyone, maturity),
    )


def _remembered_silent(found: Learnable, train: Drafts, outer: Split) -> IntArray:
    """Return which posts without text were known when the training ended."""
    silent = found.silent
    learned = set(train.authors)
    known = np.array([name in learned for name in silent.authors], dtype=bool)
    if outer.name in FORWARD and train.order is not None and silent.order is not None:
        newest: dict[str | None, int] = {}
        for name, order in zip(train.authors, train.order.tolist(), strict=True):
            newest[name] = max(order, newest.get(name, order))
        limit = [newest.get(name, np.iinfo(np.int64).min) for name in silent.authors]
        known &= silent.order <= np.array(limit, dtype=np.int64)
    return np.flatnonzero(known)


def _later(
    found: Learnable, train: IntArray, test: IntArray, silent: IntArray, how: How
) -> tuple[Drafts, FloatArray]:
    """Return what becomes known while testing, and its counts: the posts not yet remembered.

    Copies of test posts, and test posts that are copies of others, stand among them without
    their texts, so that no post is forecast from a copy of itself.
    """
    if how.mode == "frozen":
        return found.drafts.take(train[:0]), found.counts[:0]
    others = np.setdiff1d(np.arange(len(found.drafts)), train)
    untold = np.setdiff1d(np.arange(len(found.silent)), silent)
    told = found.drafts.silenced(found.copies_of(test)).take(others)
    drafts = told.joined(found.silent.take(untold))
    return drafts, np.concatenate([found.counts[others], found.silent_counts[untold]])
