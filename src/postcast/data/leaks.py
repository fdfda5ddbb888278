"""What in a source may tell the count without forecasting it: columns, row order, copies.

Knows names, cells and counts; measures no forecast.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from postcast.data.columns import COMMON_NAMES
from postcast.data.numbers import counts
from postcast.data.times import moment_of, zone_of

if TYPE_CHECKING:
    from postcast.schema import FloatArray, IntArray

Kind = Literal["number", "time", "category"]

MOSTLY = 0.9
"""Share of a column's filled cells that must read as numbers, times or addresses for it to
be one of these."""

ROWS_A_CATEGORY = 5
"""A column of words is one of categories where each has so many rows on average."""

_ENGAGEMENT = (
    "comment reply view impression click clickthrough share retweet repost reblog reaction like "
    "dislike favorite favourite save repin upvote downvote vote score karma award gild crosspost "
    "bookmark quote play watch reach engagement ctr rank ranking percentile popularity virality "
    "trending"
)
"""Words that name engagement or a place among other posts; many mean other things as well
(`sentiment_score`, `market_share`), so that they count in the plural, with a word of
counting, or alone."""

_LATER = (
    "crawl crawled scrape scraped retrieved fetched collected downloaded indexed exported update "
    "updated edit edited modified removed deleted archived upvote downvote retweet repost reblog "
    "repin crosspost impression dislike gilded percentile virality karma replies"
)
"""Words that mean what is known later wherever they stand."""

_STEM = "|".join(sorted({*_ENGAGEMENT.split(), *_LATER.split()}, key=len, reverse=True))
_COUNTED = "num|number|counts?|total|ratio|rate"
_ALONE = re.compile(rf"({_COUNTED}|sum|n|no)?(of)?({_STEM})s?({_COUNTED})?")
_WITHIN = re.compile(rf"(^|_)({_STEM})_?({_COUNTED})(_|$)")
_PLURALS = frozenset({*_LATER.split(), *(f"{word}s" for word in _ENGAGEMENT.split())})
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_HOST = r"^(?:[a-zA-Z][a-zA-Z0-9+.-]*)://(?:www\.)?([^/?#:]+)"


def is_known_after(name: str) -> bool:
    """Tell whether a column of this name is known only after publishing.

    True for other engagement counts, a place among other posts, and the moment of a crawl
    or a later edit, however the words are joined: ``num_comments``, ``ViewCount``, ``likes``.
    """
    words = [word.casefold() for word in _WORD.findall(name)]
    folded = "".join(words)
    return (
        folded in {"".join(name.split("_")) for name in COMMON_NAMES["count"]}
        or _ALONE.fullmatch(folded) is not None
        or _WITHIN.search("_".join(words)) is not None
        or not _PLURALS.isdisjoint(words)
    )


@dataclass(frozen=True)
class Candidate:
    """A column that postcast took for nothing.

    Parameters
    ----------
    name : str
    kind : {"number", "time", "category"}
        Web addresses are categories: their hosts.
    values : ndarray of float, shape (n_rows,)
        Numbers, seconds since 1970, or codes of categories; nan where a cell is empty or
        unlike the others.
    """

    name: str
    kind: Kind
    values: FloatArray


def candidates(cells: pl.DataFrame, taken: Collection[str]) -> tuple[list[Candidate], list[str]]:
    """Return the columns that can be judged, and the names of those that cannot.

    Parameters
    ----------
    cells : polars.DataFrame
        Every column String.
    taken : collection of str
        Columns that play a role; they are left out.

    Returns
    -------
    judged : list of Candidate
        Columns that say the same in every row are left out.
    others : list of str
        Columns of free text.
    """
    judged, others = [], []
    for name in cells.columns:
        if name in taken:
            continue
        stripped = cells[name].str.strip_chars()
        filled = stripped.set(stripped == "", None)
        if filled.n_unique() < 2:
            continue
        found = _candidate(name, filled)
        if found is None:
            others.append(name)
        else:
            judged.append(found)
    return judged, others


def _candidate(name: str, cells: pl.Series) -> Candidate | None:
    n_filled = len(cells) - cells.null_count()
    numbers = counts(cells.str.strip_suffix("%"))
    looks_like_time = _share_of_times(cells) >= MOSTLY
    if looks_like_time and not _is_small(numbers):
        return Candidate(name, "time", _seconds(cells))
    if len(numbers) - numbers.null_count() >= MOSTLY * n_filled:
        return Candidate(name, "number", numbers.to_numpy().astype(np.float64))
    hosts = cells.str.extract(_HOST).str.to_lowercase()
    if len(hosts) - hosts.null_count() >= MOSTLY * n_filled:
        cells = hosts
    if cells.drop_nulls().n_unique() * ROWS_A_CATEGORY > n_filled:
        return None
    codes = cells.rank("dense").cast(pl.Float64) - 1
    return Candidate(name, "category", codes.to_numpy().astype(np.float64))


def _is_small(numbers: pl.Series) -> bool:
    """Tell whether numbers are too small to be epoch seconds."""
    largest = numbers.max()
    return isinstance(largest, float) and largest < 1e9


def _share_of_times(cells: pl.Series, sample: int = 200) -> float:
    some = cells.drop_nulls().head(sample)
    zone = zone_of("UTC")
    return sum(moment_of(text, zone) is not None for text in some) / max(len(some), 1)


def _seconds(cells: pl.Series) -> FloatArray:
    zone = zone_of("UTC")
    moments = [None if text is None else moment_of(text, zone) for text in cells]
    return np.array([np.nan if m is None else m.timestamp() for m in moments])


def neighbour_correlation(engagement: FloatArray, author: IntArray) -> float:
    """Return how alike the counts of neighbouring rows are, beyond what their authors explain.

    Parameters
    ----------
    engagement : ndarray of float, shape (n_rows,)
        In the order of the file.
    author : ndarray of int, shape (n_rows,)
        Author codes.

    Returns
    -------
    float
        The correlation between each row's rank, less its author's mean rank, and that of the
        author's next row: 0 where the order tells nothing, near 1 in a sorted file, and in
        one that consists of sorted runs.
    """
    code = np.unique(engagement, return_inverse=True)[1]
    n_posts = np.bincount(code)
    rank = (np.cumsum(n_posts) - n_posts / 2)[code]
    rank = rank - (np.bincount(author, rank) / np.maximum(np.bincount(author), 1))[author]
    rows = np.argsort(author, kind="stable")
    same = np.flatnonzero(author[rows][1:] == author[rows][:-1])
    first, second = rank[rows[same]], rank[rows[same + 1]]
    spread = np.sqrt((first @ first) * (second @ second))
    return float(first @ second / spread) if spread > 0 else 0.0


def straddling(group: IntArray, train: IntArray, test: IntArray) -> IntArray:
    """Return the test rows that have a copy, or nearly one, among the training rows."""
    return test[np.isin(group[test], group[train])]
