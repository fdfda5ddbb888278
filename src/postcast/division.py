"""Which posts learn and which test, and what their classes are.

The one place where splits, labels and the held-out rows are put together. Knows no model.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from postcast.data.label import classify, fixed_thresholds, quantile_thresholds
from postcast.data.order import parse_maturity
from postcast.data.split import Rows, Split, default_split, reference_split, split
from postcast.errors import SplitError
from postcast.features.assemble import Drafts, drafts_of_table

if TYPE_CHECKING:
    from postcast.schema import BoolArray, FloatArray, IntArray, Posts

HELD_OUT_SHARE, LARGEST_HELD_OUT_SHARE, ENOUGH_HELD_OUT = 0.15, 0.3, 40
"""Of the training rows, for early stopping, calibration and conformal sets: a share, more of
it where that is fewer than enough posts, but never more than another share."""


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
    thresholds : tuple of float
        Where medium and high begin; empty for the terciles of the training counts.
    seed : int
    """

    protocol: str = "postcast"
    split: str = "auto"
    test_size: float = 0.2
    maturity: str = "0"
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
    train_counts, test_counts : ndarray of float
        Raw engagement.
    train_classes : ndarray of int, shape (n_train,)
    held_out : ndarray of bool, shape (n_train,)
        Training rows for early stopping and calibration, split off as the test rows were.
    thresholds : tuple of float
        From the training rows alone, except under the reference protocol.
    split : Split
    warnings : tuple of str
    """

    drafts: Drafts
    train: Drafts
    test: Drafts
    remembered: Drafts
    remembered_counts: FloatArray
    train_counts: FloatArray
    test_counts: FloatArray
    train_classes: IntArray
    held_out: BoolArray
    thresholds: tuple[float, float]
    split: Split
    warnings: tuple[str, ...]


def divide(posts: Posts, how: How) -> Division:
    """Split and label posts.

    Raises
    ------
    SplitError
        If the posts cannot be split as asked, or are too few.
    LabelError
        If three classes cannot be made of the training posts' counts.
    """
    table = posts.table.filter((pl.col("text") != "") & pl.col("engagement").is_not_null())
    if table.is_empty():
        raise SplitError(
            f"none of {posts.table.height:,} posts has a text and a count",
            action="name the columns with --text-col and --count-col",
        )
    drafts = drafts_of_table(table)
    counts = table["engagement"].to_numpy()
    rows = Rows.of(table, posts.source.ordering)
    chosen = _outer(rows, how)
    train, held_out, warnings = _inner(rows, chosen, how)
    fitted_on = counts if how.protocol == "reference" else counts[train]
    thresholds = (
        fixed_thresholds(how.thresholds, fitted_on)
        if how.thresholds
        else quantile_thresholds(fitted_on)
    )
    known = replace(drafts.take(train), known_until=_known_until(rows, train, chosen.name, how))
    silent, silent_counts = _without_text(posts, drafts.take(train), chosen.name)
    return Division(
        drafts=drafts,
        train=known,
        remembered=_joined(known, silent),
        remembered_counts=np.concatenate([counts[train], silent_counts]),
        test=drafts.take(chosen.test),
        train_counts=counts[train],
        test_counts=counts[chosen.test],
        train_classes=classify(counts[train], thresholds),
        held_out=held_out,
        thresholds=thresholds,
        split=chosen,
        warnings=warnings,
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
    name = "stratified" if how.protocol == "reference" else outer.name
    for attempt in dict.fromkeys((name, "stratified")):
        try:
            inner = split(rows.take(train), attempt, test_size=share, seed=how.seed + 1)
        except SplitError:
            continue
        if how.protocol == "reference":
            kept, chosen = np.arange(len(train)), inner.test
        else:
            kept = np.sort(np.concatenate([inner.train, inner.test]))
            chosen = np.searchsorted(kept, inner.test)
        held_out = np.zeros(len(kept), dtype=bool)
        held_out[chosen] = True
        return train[kept], held_out, ()
    few = f"{len(train)} training posts are too few to hold any out: nothing is calibrated"
    return train, np.zeros(len(train), dtype=bool), (few,)


def _known_until(rows: Rows, train: IntArray, split_name: str, how: How) -> IntArray | None:
    """Return up to when counts are known as each training post is learned from.

    A test post of a chronological split knows nothing of its whole span, and one of an unseen
    author nothing of that author at all; training posts are shown no more than that.
    """
    if rows.order is None:
        return None
    order, author = rows.order[train], rows.author[train]
    if split_name == "grouped":
        return np.full(len(train), np.iinfo(np.int64).min)
    known = order.copy()
    if split_name != "chronological":
        return known
    for one in np.unique(author):
        own = np.flatnonzero(author == one)
        own = own[np.argsort(order[own], kind="stable")]
        span = max(round(len(own) * how.test_size / (1 - how.test_size)), 2)
        starts = np.arange(len(own)) // span * span
        known[own] = order[own[starts]]
    return known


def _without_text(posts: Posts, train: Drafts, split_name: str) -> tuple[Drafts, FloatArray]:
    """Return the posts without text that were known when the training ended, and their counts."""
    table = posts.table.filter((pl.col("text") == "") & pl.col("engagement").is_not_null())
    drafts = drafts_of_table(table)
    learned = set(train.authors)
    known = np.array([name in learned for name in drafts.authors], dtype=bool)
    if split_name == "chronological" and train.order is not None and drafts.order is not None:
        newest: dict[str | None, int] = {}
        for name, order in zip(train.authors, train.order.tolist(), strict=True):
            newest[name] = max(order, newest.get(name, order))
        limit = [newest.get(name, np.iinfo(np.int64).min) for name in drafts.authors]
        known &= drafts.order <= np.array(limit, dtype=np.int64)
    rows = np.flatnonzero(known)
    return drafts.take(rows), table["engagement"].to_numpy()[rows]


def _joined(first: Drafts, second: Drafts) -> Drafts:
    order = None
    if first.order is not None and second.order is not None:
        order = np.concatenate([first.order, second.order])
    return Drafts(
        ids=[*first.ids, *second.ids],
        texts=[*first.texts, *second.texts],
        authors=[*first.authors, *second.authors],
        group=np.concatenate([first.group, second.group]),
        order=order if len(second) else first.order,
    )
