"""Any supported source of posts → a clean table, or a table of drafts, row for row.

Knows the order of the steps; each step knows its own business.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import polars as pl

from postcast.data.cast import cast, check_readable
from postcast.data.clean import clean
from postcast.data.columns import Columns, check_asked, resolve
from postcast.data.near_duplicates import groups
from postcast.data.order import order_posts
from postcast.data.prepared import read_prepared, write_prepared, write_rejected
from postcast.data.roles import check_posts, settle
from postcast.data.sources import read_files
from postcast.data.sources.cells import native_table, record_table, texts
from postcast.data.sources.files import Files
from postcast.data.sources.format import Table
from postcast.data.sources.origin import files_of, image_root_of
from postcast.errors import ReadError
from postcast.schema import Post, Posts, Source
from postcast.wording import counted

if TYPE_CHECKING:
    from narwhals.typing import IntoDataFrame

    from postcast.schema import Ordering

    PostsLike = str | Path | BinaryIO | IntoDataFrame | Sequence[Post] | Sequence[Mapping[str, Any]]

__all__ = [
    "are_prepared",
    "read_cells",
    "read_drafts",
    "read_posts",
    "read_prepared",
    "write_prepared",
    "write_rejected",
]

COLUMNS = (
    "row",
    "id",
    "author",
    "title",
    "text",
    "tags",
    "category",
    "image",
    "time",
    "order",
    "engagement",
    "group",
)
"""The columns of a table of posts, as `postcast.schema.Posts` describes them."""

_ANY_COLUMNS = Columns()

log = logging.getLogger(__name__)


def read_posts(
    source: PostsLike,
    columns: Columns | Mapping[str, str | Sequence[str]] = _ANY_COLUMNS,
    *,
    timezone: str = "UTC",
    day_first: bool | None = None,
    needs_count: bool = True,
    keep_negative: bool = False,
    reader: str = "auto",
) -> Posts:
    """Read published posts and part those to learn from and the rejected ones.

    Parameters
    ----------
    source : path, "-", binary file, data frame, or sequence
        A file, folder or ZIP archive of a format in `postcast.data.sources.READERS` (``"-"``
        is standard input), a Kaggle handle ``kaggle:owner/name``, a data frame of any library
        that narwhals knows, or a list of records or of `Post`.
    columns : Columns, or mapping of str to str or list of str
        What to take for what, such as ``{"text": ["description", "title"], "count": "saves"}``;
        the rest is as the format has it, or found by common names.
    timezone : str
        The zone of times that name none.
    day_first : bool, optional
        Whether dates such as ``03/04/2025`` begin with the day; without it the column decides.
    needs_count : bool
        False reads posts whose engagement is not known, or does not matter.
    keep_negative : bool
        Keep counts below zero, as the reference's protocol does.
    reader : str
        ``"auto"``, or one of `postcast.data.sources.READERS`.

    Returns
    -------
    Posts
        With ``order`` 0 for the few posts whose id is unlike the others'.

    Raises
    ------
    ReadError
        If the source is missing, empty, broken, or has no usable row or column.
    SettingsError
        If there is no such reader or time zone.
    """
    raw = _raw(source, reader)
    asked = Columns.of(columns)
    settled, choices = _settled(
        raw.table, asked, needs_count=needs_count, join_title=not keep_negative
    )
    table, notes = cast(raw.table.cells, settled, timezone=timezone, day_first=day_first)
    table = _with_problems(table, raw.table)
    if not needs_count:
        table = table.drop("count_found", strict=False)
    sound = table.filter(pl.col("problem").is_null()) if raw.table.problems else table
    if not sound.is_empty():
        check_readable(sound, settled, "count")
        check_readable(sound, settled, "time")
    table, rejected = clean(table, keep_negative=keep_negative)
    if table.is_empty():
        [(reason, n_rows)] = Counter(rejected["reason"]).most_common(1)
        role = reason.split(" ", 1)[0]
        raise ReadError(
            f"none of the {counted(raw.table.cells.height, 'row')} of {raw.name} can be used "
            f"({reason}: {n_rows:,})",
            "at least one",
            f"see --{role}-col" if role in ("count", "time", "id", "author") else "",
        )
    table, ordering = order_posts(table)
    if ordering == "id":
        table = table.with_columns(pl.col("order").fill_null(0))
    group = pl.Series("group", groups(table["text"].to_list()), dtype=pl.UInt32)
    return Posts(
        table=table.with_columns(group).select(COLUMNS),
        rejected=rejected,
        source=Source(
            name=raw.name,
            sha256=raw.digest,
            columns=settled.as_mapping(),
            ordering=ordering,
            rows_read=raw.table.cells.height,
            notes=(*raw.table.notes, *choices, *notes),
            scores_counts=raw.table.scores_counts,
            image_root=raw.folder,
        ),
    )


def read_drafts(
    source: PostsLike,
    columns: Columns | Mapping[str, str | Sequence[str]] = _ANY_COLUMNS,
    *,
    timezone: str = "UTC",
    day_first: bool | None = None,
    reader: str = "auto",
    ordering: Ordering | None = None,
) -> pl.DataFrame:
    """Read posts to forecast: one row out for each row in, none rejected.

    Parameters
    ----------
    source, columns, timezone, day_first, reader
        As for `read_posts`.
    ordering : {"time", "id", "none"}, optional
        What ``order`` shall mean: that of the posts that the forecaster learned from.

    Returns
    -------
    polars.DataFrame
        The columns of `Posts.table`. What a row lacks, or what cannot be read, is null, but
        ``text`` is then empty and ``id`` the row's number; ``group`` is the row itself.

    Raises
    ------
    ReadError
        If the source is missing, empty or broken, or has times and none can be read.
    SettingsError
        If there is no such reader or time zone.
    """
    raw = _raw(source, reader)
    settled, _ = _settled(raw.table, Columns.of(columns), needs_count=False, strict_times=True)
    table, notes = cast(raw.table.cells, settled, timezone=timezone, day_first=day_first)
    for note in (*raw.table.notes, *notes):
        log.warning("%s%s.", note[:1].upper(), note[1:])
    check_readable(table, settled, "time")
    table, _ = order_posts(table, ordering)
    return table.with_columns(
        pl.col("id").fill_null(pl.col("row").cast(pl.String)),
        (pl.col("row") - 1).alias("group"),
    ).select(COLUMNS)


def read_cells(source: PostsLike, reader: str = "auto") -> pl.DataFrame:
    """Return every column of a source as text cells, in its own names and order.

    Parameters
    ----------
    source, reader
        As for `read_posts`; row `n` of its posts is row ``n - 1`` here.

    Raises
    ------
    ReadError
        If the source is missing, empty or broken.
    """
    return _raw(source, reader).table.cells


def are_prepared(columns: Sequence[str]) -> bool:
    """Tell whether these are the columns of a prepared table, with or without a category."""
    return [name for name in columns if name != "category"] == [
        name for name in COLUMNS if name != "category"
    ]


@dataclass(frozen=True)
class _Raw:
    """A source as text cells; `digest` is of its bytes, or of its cells where it has none.

    The folder is that from which relative paths of images start, and outside of which none is
    read; None for what Python hands over, whose paths are the program's own.
    """

    table: Table
    name: str
    digest: str
    folder: Path | None = None


def _raw(source: PostsLike, reader: str) -> _Raw:
    if isinstance(source, (str, Path)):
        files = files_of(source)
        return _from_files(files, reader, files.folder or image_root_of(source))
    if hasattr(source, "read"):
        name = str(getattr(source, "name", "a file"))
        return _from_files(Files.of_bytes(source.read(), name), reader, image_root_of(source))
    if isinstance(source, Sequence):
        return _from_cells(record_table(_records(source)), "a list of posts")
    try:
        return _from_cells(native_table(source), "a data frame")
    except TypeError:
        raise ReadError(
            f"posts cannot be read from {type(source).__name__}",
            "a path, '-', a data frame, or a list of records",
        ) from None


def _from_files(files: Files, reader: str, folder: Path | None) -> _Raw:
    table = read_files(files, reader)
    return _Raw(table, files.name, files.digest, folder)


def _from_cells(cells: pl.DataFrame, name: str) -> _Raw:
    if cells.is_empty():
        raise ReadError(f"{name} has no rows", "at least one post")
    told = _canonical_json(cells.to_dict(as_series=False))
    return _Raw(Table(cells), name, hashlib.sha256(told).hexdigest())


def _records(source: Sequence[object]) -> list[Mapping[str, Any]]:
    records: list[Mapping[str, Any]] = []
    for number, item in enumerate(source, 1):
        if isinstance(item, Post):
            values = {field.name: getattr(item, field.name) for field in fields(item)}
            records.append({name: value for name, value in values.items() if value is not None})
        elif isinstance(item, Mapping):
            records.append(item)
        else:
            raise ReadError(
                f"element {number} of the list is {type(item).__name__}", "records or posts"
            )
    return records


def _settled(
    raw: Table,
    asked: Columns,
    *,
    needs_count: bool,
    join_title: bool = True,
    strict_times: bool = False,
) -> tuple[Columns, tuple[str, ...]]:
    """Settle the columns: those asked for, the usual ones, the format's own, then by their cells.

    Raises
    ------
    ReadError
        If an asked column does not exist, or no column holds the text or a needed count.
    """
    found = raw.cells.columns
    check_asked(found, asked)
    chosen = asked.or_usual(found)
    chosen = replace(chosen, usual=raw.columns).or_usual(found)
    if asked.time is None and chosen.time and _is_blank(raw.cells[chosen.time]):
        chosen = replace(chosen, time=None)
    settled, notes, unfit = settle(
        raw.cells, chosen, join_title=join_title, strict_times=strict_times
    )
    if needs_count:
        check_posts(found, settled)
    if needs_count and settled.count is None and unfit:
        raise ReadError(
            f"no count among the columns: {unfit[0]}",
            "whole numbers, one for each post",
            "name them with --count-col",
        )
    return resolve(found, settled, needs_count=needs_count), notes


def _is_blank(cells: pl.Series) -> bool:
    return bool(cells.str.strip_chars().fill_null("").eq("").all())


def _with_problems(table: pl.DataFrame, raw: Table) -> pl.DataFrame:
    """Add what the reader found wrong with some rows, where it did."""
    if not raw.problems:
        return table
    found = [raw.problems.get(row, (None, None)) for row in table["row"]]
    names = ("problem", "problem_found")
    columns = zip(names, zip(*found, strict=True), strict=True)
    return table.with_columns(texts(one).alias(name) for name, one in columns)


def _canonical_json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
