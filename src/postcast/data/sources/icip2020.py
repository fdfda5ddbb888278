"""The popularity challenge of ICIP 2020 on Flickr: tables keyed by FlickrId and UserId.

Knows how they are joined, and which of the days of views is the answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from postcast.data.columns import Columns
from postcast.data.numbers import counts
from postcast.data.sources.cells import texts
from postcast.data.sources.delimited import cells_of
from postcast.data.sources.format import Format, Table
from postcast.errors import ReadError

if TYPE_CHECKING:
    from postcast.data.sources.files import Files

COLUMNS = Columns(
    text=("Description",),
    title="Title",
    author="UserId",
    time="DatePosted",
    count="engagement",
    id="FlickrId",
    tags="Tags",
)

DAYS = 30
"""Label = log2(Day30 / 30 + 1)."""

_EXPECTED = "the tables of the ICIP 2020 popularity challenge"


def read(files: Files) -> Table:
    """Join the tables of the training posts, or of the test posts where those are alone.

    Raises
    ------
    ReadError
        If a table is broken, or lacks the key that joins it.
    """
    share = next((one for one in ("TRAIN", "TEST") if _find(files, "headers", one)), None)
    if share is None:
        raise ReadError(f"{files.name} has no headers_TRAIN.csv", _EXPECTED, "see postcast formats")
    posts = _table(files, "headers", share, "FlickrId")
    if posts is None:
        raise ReadError(f"{files.name} has no posts", _EXPECTED)
    for part, key in (("img_info", "FlickrId"), ("users", "UserId")):
        other = _table(files, part, share, key)
        if other is not None and key in posts.columns:
            posts = _joined(posts, other, key)
    views = _table(files, "popularity", share, "FlickrId")
    if views is not None:
        posts = _joined(posts, _a_day(views, files.name), "FlickrId")
    return Table(posts, COLUMNS, scores_counts=True)


def fits(files: Files) -> bool:
    """Tell whether a folder or archive has the challenge's headers."""
    return files.is_set and any(_find(files, "headers", one) for one in ("TRAIN", "TEST"))


def _find(files: Files, part: str, share: str) -> str | None:
    return next(iter(files.named(f"{part}_{share}\\.csv")), None)


def _table(files: Files, part: str, share: str, key: str) -> pl.DataFrame | None:
    name = _find(files, part, share)
    if name is None:
        return None
    cells = cells_of(files.bytes_of(name), files.label(name))
    if key not in cells.columns:
        raise ReadError(f"{files.label(name)} has no column {key}", _EXPECTED)
    return cells.with_columns(pl.col(key).str.strip_chars())


def _joined(posts: pl.DataFrame, other: pl.DataFrame, key: str) -> pl.DataFrame:
    """Add the columns that are new, of the first row that has a key."""
    new = [name for name in other.columns if name == key or name not in posts.columns]
    first = other.select(new).unique(key, keep="first", maintain_order=True)
    return posts.join(first, on=key, how="left", maintain_order="left")


def _a_day(views: pl.DataFrame, name: str) -> pl.DataFrame:
    """Return the views a day over the first thirty; what is no number stays as it is."""
    last = f"Day{DAYS}"
    if last not in views.columns:
        raise ReadError(f"popularity_TRAIN.csv of {name} has no column {last}", _EXPECTED)
    a_day = texts((counts(views[last]) / DAYS).to_list())
    return views.select("FlickrId", pl.coalesce(a_day.alias("a day"), last).alias("engagement"))


FORMAT = Format(
    what="ICIP 2020 popularity challenge (Flickr)",
    needs="a folder or ZIP with headers_TRAIN.csv and, as far as they are there, "
    "img_info_TRAIN.csv, users_TRAIN.csv and popularity_TRAIN.csv; or the same of TEST",
    told_by="headers_TRAIN.csv or headers_TEST.csv in the folder",
    takes={
        "id": "FlickrId",
        "text": "Description",
        "title": "Title",
        "author": "UserId",
        "time": "DatePosted",
        "engagement": "views a day, Day30 / 30, which is 2^label - 1",
        "tags": "Tags, a Python list as text",
    },
    fits=fits,
    read=read,
)
