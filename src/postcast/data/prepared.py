"""Prepared posts on disk: a Parquet table that carries its source and what was rejected.

Knows the file's layout, and nothing of how posts are read or cleaned.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import polars as pl

from postcast.csv_cells import csv_text
from postcast.data.clean import LARGEST_COUNT
from postcast.data.sources.origin import bytes_of, image_root_of
from postcast.data.sources.parquet import bounded_table
from postcast.errors import ReadError
from postcast.files import replacing, write_text
from postcast.schema import IMAGE_PRINT, Posts, Source

FORMAT = 2
"""Grows whenever an older postcast could no longer read what this one writes."""

_KEY = "postcast"
_DAMAGE = (KeyError, TypeError, ValueError, AttributeError, OverflowError)
_TEXTS = ("id", "author", "title", "text", "tags", "category", "image")
_TYPES = {
    "row": pl.UInt32,
    **dict.fromkeys(_TEXTS, pl.String),
    "time": pl.Datetime("us", "UTC"),
    "order": pl.Int64,
    "engagement": pl.Float64,
    "group": pl.UInt32,
}
_REJECTED = {"row": pl.UInt32, "id": pl.String, "reason": pl.String, "value": pl.String}


def write_prepared(posts: Posts, path: str | Path) -> None:
    """Write posts as Parquet, whole or not at all, for `read_prepared` to read back.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    source = dataclasses.asdict(posts.source)
    del source["image_root"]  # of this machine; the paths stand in the table as they were given
    about = {
        "format": FORMAT,
        "source": source,
        "rejected": posts.rejected.to_dict(as_series=False),
    }
    with replacing(Path(path)) as temporary:
        # of files that may change or be gone
        table = posts.table.drop("same_image", IMAGE_PRINT, strict=False)
        table.write_parquet(temporary, metadata={_KEY: json.dumps(about, sort_keys=True)})


def read_prepared(path: str | Path) -> Posts:
    """Read the posts that `write_prepared` wrote; the source's hash is that of this file.

    Raises
    ------
    ReadError
        If the file is missing, damaged, not prepared posts, or of another format.
    """
    data = bytes_of(path)
    name = "standard input" if str(path) == "-" else Path(path).name
    about = _about(data, name)
    if about.get("format") != FORMAT:
        raise ReadError(
            f"{name} is of format {about.get('format')}",
            f"format {FORMAT}",
            "run `postcast prepare` again",
        )
    try:
        source = about["source"]
        source["columns"] = {role: tuple(names) for role, names in source["columns"].items()}
        source["notes"] = tuple(map(str, source["notes"]))
        source["sha256"] = hashlib.sha256(data).hexdigest()
        table = bounded_table(data, name)
        if "category" not in table.columns:  # those prepared before posts had one
            category = pl.lit(None, pl.String).alias("category")
            table = table.insert_column(table.columns.index("image"), category)
        return Posts(
            table=_checked(table),
            rejected=pl.DataFrame(about["rejected"], schema=_REJECTED),
            source=Source(**source, image_root=image_root_of(path)),
        )
    except (pl.exceptions.PolarsError, *_DAMAGE) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ReadError(
            f"{name} holds prepared posts that cannot be read ({reason})",
            "a file as `postcast prepare` wrote it",
            "run `postcast prepare` again",
        ) from None


def _checked(table: pl.DataFrame) -> pl.DataFrame:
    """Return a table whose columns are of the types, and whose counts within the bounds, of posts.

    Raises
    ------
    ValueError
        If they are not.
    """
    for column, kind in _TYPES.items():
        if table.schema[column] != kind:
            raise ValueError(f"the column {column} is of type {table.schema[column]}")
    for column in ("row", "id", "text", "group"):
        if table[column].null_count():
            raise ValueError(f"the column {column} has gaps")
    counts = table["engagement"]
    if not (counts.is_finite() & (counts.abs() <= LARGEST_COUNT)).all():
        raise ValueError("a count is too large")
    return table


def is_prepared(path: str | Path) -> bool:
    """Return whether a file is one that `write_prepared` wrote."""
    try:
        return _KEY in pl.read_parquet_metadata(Path(path))
    except (pl.exceptions.PolarsError, OSError):
        return False


def write_rejected(posts: Posts, path: str | Path, *, raw_csv: bool = False) -> None:
    """Write the rejected rows as CSV: ``row, id, reason, value``.

    Parameters
    ----------
    posts : Posts
    path : path-like
    raw_csv : bool
        Whether text stays as it is; see `postcast.csv_cells.csv_text`.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    write_text(Path(path), csv_text(posts.rejected, raw=raw_csv))


def _about(data: bytes, name: str) -> dict[str, Any]:
    try:
        return dict(json.loads(pl.read_parquet_metadata(io.BytesIO(data))[_KEY]))
    except (pl.exceptions.PolarsError, OSError, KeyError, ValueError, TypeError):
        raise ReadError(
            f"{name} does not hold prepared posts",
            "a file that `postcast prepare` wrote",
            "run `postcast prepare` first",
        ) from None
