"""Several splits of the same posts, by which forecasters are compared.

Knows order, author, group and count of each row, and how `split` parts them once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from postcast.data.known import newest
from postcast.data.order import Maturity
from postcast.data.rows import Rows
from postcast.data.split import Split, reference_split, split, young
from postcast.errors import SettingsError, SplitError
from postcast.grouping import rows_by
from postcast.wording import counted

if TYPE_CHECKING:
    from postcast.schema import BoolArray, IntArray

FOLDS = 5
BLOCK = 25
"""Neighbouring posts of an author that stand or fall together."""

ORIGINS, SPAN = (0.4, 0.5, 0.6, 0.7), 0.1
"""Shares of the oldest posts that rolling origins learn from, and the share that then tests."""

FEW_AUTHORS = 20
"""Below so many authors each is left out by itself."""

PROTOCOLS = {
    "cv": "Cross-validation: five folds of like class shares, copies of a text kept together.",
    "blocks": f"Five folds of blocks of {BLOCK} neighbouring posts of an author.",
    "chronological": "The newest 20% test.",
    "rolling": "Four origins, at 40, 50, 60 and 70% of the posts, each tested on the next 10%.",
    "unseen": "Authors that training never saw.",
    "reference": "The reference's own random fifth, copies of a text on both sides.",
}
"""The ways of splitting, and what each is."""

REPEATED = ("cv", "blocks")


def folds(
    rows: Rows, protocol: str, *, repeats: int = 1, seed: int = 42, maturity: Maturity
) -> list[list[Split]]:
    """Split rows by a protocol.

    Parameters
    ----------
    rows : Rows
    protocol : str
        One of `PROTOCOLS`.
    repeats : int
        How often ``cv`` and ``blocks`` draw anew; the others have nothing to draw.
    seed : int
    maturity : Maturity
        Of ``chronological`` and ``rolling``: younger training posts are dropped.

    Returns
    -------
    list of list of Split
        For each repeat its folds, which test each row once at most; each origin of
        ``rolling`` is a repeat by itself.

    Raises
    ------
    SettingsError
        If there is no such protocol.
    SplitError
        If the rows cannot be split so.
    """
    if protocol not in PROTOCOLS:
        raise SettingsError(f"no protocol {protocol!r}", f"one of {', '.join(PROTOCOLS)}")
    if protocol == "reference":
        return [[reference_split(len(rows))]]
    if protocol == "chronological":
        return [[split(rows, "chronological", maturity=maturity)]]
    if protocol == "rolling":
        return [[_origin(rows, start, maturity)] for start in ORIGINS]
    if protocol == "unseen":
        return [list(_unseen(rows, seed))]
    draw = _stratified if protocol == "cv" else _blocks
    return [list(draw(rows, seed + repeat)) for repeat in range(repeats)]


def _stratified(rows: Rows, seed: int) -> Iterator[Split]:
    for test in _drawn(rows, rows.group, seed):
        yield _apart(rows, test, "cv")


def _blocks(rows: Rows, seed: int) -> Iterator[Split]:
    order = rows.timeline.order
    block = np.zeros(len(rows), dtype=np.int64)
    n_blocks = 0
    for own in rows_by(rows.author).values():
        oldest_first = own[np.argsort(order[own], kind="stable")]
        block[oldest_first] = n_blocks + np.arange(len(own)) // BLOCK
        n_blocks = int(block.max()) + 1
    for test in _drawn(rows, block, seed):
        yield _apart(rows, test, "blocks", block)


def _drawn(rows: Rows, together: IntArray, seed: int) -> Iterator[IntArray]:
    """Yield the test rows of five folds with like shares of the three thirds of engagement."""
    from sklearn.model_selection import StratifiedGroupKFold

    third = np.searchsorted(np.quantile(rows.counts, [1 / 3, 2 / 3]), rows.counts)
    if len(np.unique(together)) < FOLDS:
        n_groups = counted(len(np.unique(together)), "group")
        raise SplitError(f"{n_groups} of posts", f"at least {FOLDS}")
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    for _, test in folds.split(third, third, together):
        yield test


def _unseen(rows: Rows, seed: int) -> Iterator[Split]:
    of_author = list(rows_by(rows.author).values())
    if len(of_author) < 2:
        raise SplitError(
            counted(len(of_author), "author"), "two or more", "name their column with --author-col"
        )
    if len(of_author) < FEW_AUTHORS:
        parts: list[Any] = of_author
    else:
        drawn = np.random.default_rng(seed).permutation(len(of_author))
        parts = [
            np.concatenate([of_author[author] for author in drawn[fold::FOLDS]])
            for fold in range(FOLDS)
        ]
    for test in parts:
        yield _apart(rows, np.sort(test), "unseen")


def _origin(rows: Rows, start: float, maturity: Maturity) -> Split:
    """Learn from the oldest posts up to a share of them, test on the next tenth."""
    later = newest(rows.timeline, 1 - start)
    is_test = later & ~newest(rows.timeline, 1 - start - SPAN)
    if not is_test.any():
        share = f"{start:.0%} to {start + SPAN:.0%}"
        raise SplitError(
            f"too many posts have the same time: none stand apart as the {share} oldest",
            "posts of several times",
        )
    is_young = young(rows, later, maturity)
    return _apart(rows, np.flatnonzero(is_test), "rolling", is_out=later & ~is_test | is_young)


def _apart(
    rows: Rows,
    test: IntArray,
    name: str,
    block: IntArray | None = None,
    is_out: BoolArray | None = None,
) -> Split:
    """Return a split whose training rows hold no copy of a test row."""
    is_test = np.zeros(len(rows), dtype=bool)
    is_test[test] = True
    dropped = ~is_test & np.isin(rows.group, rows.group[is_test])
    if is_out is not None:
        dropped |= is_out
    return Split(
        train=np.flatnonzero(~is_test & ~dropped),
        test=test,
        name=name,
        dropped=np.flatnonzero(dropped),
        description=PROTOCOLS[name],
        block=block,
    )
