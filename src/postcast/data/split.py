"""Training rows and test rows: by time, by chance in strata, or by author.

Knows order, author, group and count of each row; knows no text and no file.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from postcast.data.known import newest, unsettled
from postcast.data.order import Maturity
from postcast.data.rows import Rows
from postcast.errors import SettingsError, SplitError
from postcast.wording import counted, number_in_words

if TYPE_CHECKING:
    from postcast.data.known import Timeline
    from postcast.schema import BoolArray, IntArray, Ordering

MIN_TRAIN, MIN_TEST = 30, 5

_AT_ONCE = Maturity()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Split:
    """Positions of training and test rows.

    Parameters
    ----------
    train, test : ndarray of int64
        Positions in the rows that were split.
    name : str
    dropped : ndarray of int64
        Rows in neither: copies of test posts, and posts whose counts had not settled.
    description : str
        How it was split, in words.
    block : ndarray of int, shape (n_rows,), or None
        Posts that stay together when the training rows are split again, beside those of
        like texts.
    """

    train: IntArray
    test: IntArray
    name: str
    dropped: IntArray
    description: str
    block: IntArray | None = None


def default_split(ordering: Ordering) -> str:
    """Return the split to choose where nobody did."""
    return "stratified" if ordering == "none" else "chronological"


def split(
    rows: Rows,
    how: str,
    *,
    test_size: float = 0.2,
    seed: int = 42,
    maturity: Maturity = _AT_ONCE,
) -> Split:
    """Part rows into training and test rows; no group has rows in both.

    Parameters
    ----------
    rows : Rows
    how : {"chronological", "stratified", "grouped"}
        The newest posts (of all by time, of each author by id) for testing; or groups
        drawn within three strata of engagement; or whole authors drawn.
    test_size : float
        Share of test rows, in (0, 1).
    seed : int
        For the two that draw.
    maturity : Maturity
        Chronological only: younger training posts are dropped.

    Returns
    -------
    Split

    Raises
    ------
    SettingsError
        If an option makes no sense, by itself or for these rows.
    SplitError
        If the rows have no order, too few authors, or too few posts.
    """
    if how not in _WAYS:
        raise SettingsError(f"no split {how!r}", f"one of {', '.join(_WAYS)}", "choose --split")
    if not 0 < test_size < 1:
        raise SettingsError(f"test size {number_in_words(test_size)}", "a share between 0 and 1")
    is_young = np.zeros(len(rows), dtype=bool)
    if how == "chronological":
        is_test = newest(rows.timeline, test_size)
        if not is_test.any():
            raise SplitError(
                "no post is newer than the others: the posts have the same time",
                "posts of several times",
                "choose --split stratified",
            )
        sentence = _newest_are_tested(rows.timeline, is_test, test_size)
        is_young = young(rows, is_test, maturity)
    else:
        draw = _stratified if how == "stratified" else _grouped
        is_test, sentence = draw(rows, test_size, np.random.default_rng(seed))
    is_copy = ~is_test & np.isin(rows.group, rows.group[is_test])
    return _checked(
        Split(
            train=np.flatnonzero(~(is_test | is_copy | is_young)),
            test=np.flatnonzero(is_test),
            name=how,
            dropped=np.flatnonzero(is_copy | is_young),
            description=sentence + _left_out(is_copy, is_young & ~is_copy),
        )
    )


_WAYS = ("chronological", "stratified", "grouped")


def reference_split(n_rows: int, seed: int = 42) -> Split:
    """Return the reference's split: a fifth by chance, copies and time notwithstanding.

    Rows stand in scikit-learn's shuffled order, which the reference trains in.

    Raises
    ------
    SplitError
        If there are too few rows.
    """
    from sklearn.model_selection import train_test_split

    if n_rows < MIN_TRAIN + MIN_TEST:
        raise SplitError(counted(n_rows, "post"), f"at least {MIN_TRAIN + MIN_TEST}")
    train, test = train_test_split(np.arange(n_rows), test_size=0.2, random_state=seed)
    return _checked(
        Split(
            train=train,
            test=test,
            name="reference",
            dropped=np.zeros(0, dtype=np.int64),
            description=f"A random fifth of the posts is for testing (seed {seed}), as in the "
            "reference; copies of a text may stand on both sides.",
        )
    )


def young(rows: Rows, is_later: BoolArray, maturity: Maturity) -> BoolArray:
    """Mark the rows whose counts had not settled when the later ones began.

    Raises
    ------
    SplitError
        If nothing orders the rows.
    SettingsError
        If the maturity is a duration, and only ids order them.
    """
    check_maturity(rows, maturity)
    return unsettled(rows.timeline, is_later, rows.everyone, maturity)


def check_maturity(rows: Rows, maturity: Maturity) -> None:
    """Refuse a duration where nothing tells the time.

    Raises
    ------
    SettingsError
    """
    if maturity.duration > timedelta(0) and rows.ordering == "id":
        raise SettingsError(
            "a maturity in time, but only ids order these posts",
            "a number of posts, such as --maturity 20",
        )


def _newest_are_tested(posts: Timeline, is_test: BoolArray, test_size: float) -> str:
    if posts.ordering == "time":
        cut = _EPOCH + timedelta(microseconds=int(posts.order.max(where=~is_test, initial=0)))
        which = f"{test_size:.0%} of all posts, after {cut:%Y-%m-%d %H:%M},"
        return f"The newest {which} are for testing."
    return f"The newest {test_size:.0%} of each author's posts are for testing."


def _stratified(rows: Rows, test_size: float, rng: np.random.Generator) -> tuple[BoolArray, str]:
    stratum = np.searchsorted(np.quantile(rows.counts, [1 / 3, 2 / 3]), rows.counts)
    _, first, member = np.unique(rows.group, return_index=True, return_inverse=True)
    sizes, of_group = np.bincount(member), stratum[first]
    chosen: set[int] = set()
    wanted = 0.0
    for one in np.unique(of_group):
        groups = rng.permutation(np.flatnonzero(of_group == one))
        wanted += test_size * sizes[groups].sum()
        taken = _fill(groups, sizes, wanted)
        wanted -= sizes[taken].sum()
        chosen.update(taken)
    is_test = np.isin(member, list(chosen))
    return is_test, (
        f"{test_size:.0%} of the posts, drawn alike from the lower, middle and upper third of "
        "engagement, are for testing; copies of a text stay together."
    )


def _grouped(rows: Rows, test_size: float, rng: np.random.Generator) -> tuple[BoolArray, str]:
    sizes = np.bincount(rows.author)
    authors = np.flatnonzero(sizes)
    if len(authors) < 2:
        raise SplitError(
            counted(len(authors), "author"), "two or more", "name their column with --author-col"
        )
    drawn = rng.permutation(authors)
    smallest = [int(drawn[np.argmin(sizes[drawn])])]
    taken = _fill(drawn, sizes, test_size * len(rows)) or smallest
    return np.isin(rows.author, taken), (
        f"The posts of {len(taken):,} of {counted(len(authors), 'author')} are for testing: "
        "authors that "
        "training never saw."
    )


def _fill(numbers: IntArray, sizes: IntArray, wanted: float) -> list[int]:
    """Take numbers, first come first served, while their sizes fit into what is wanted."""
    taken = []
    for number in numbers.tolist():
        if sizes[number] <= wanted + 1e-9:
            taken.append(number)
            wanted -= sizes[number]
    return taken


def _left_out(is_copy: BoolArray, is_young: BoolArray) -> str:
    copies = f"{counted(is_copy.sum(), 'copy', 'copies')} of test posts"
    young_posts = f"{counted(is_young.sum(), 'post')} with unsettled counts"
    marks = ((is_copy, copies), (is_young, young_posts))
    parts = [told for mark, told in marks if mark.any()]
    return f" Left out of training: {' and '.join(parts)}." if parts else ""


def _checked(parts: Split) -> Split:
    if len(parts.train) < MIN_TRAIN or len(parts.test) < MIN_TEST:
        raise SplitError(
            f"too few posts: {len(parts.train)} for training and {len(parts.test)} for testing",
            f"at least {MIN_TRAIN} and {MIN_TEST}",
            "give more posts or another --test-size",
        )
    return parts
