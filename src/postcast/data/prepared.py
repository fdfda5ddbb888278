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

from postcast.data.sources.origin import bytes_of, folder_of
from postcast.errors import ReadError
from postcast.files import replacing
from postcast.schema import IMAGE_PRINT, Posts, Source

FORMAT = 1
"""Grows whenever an older postcast could no longer read what this one writes."""

_KEY = "postcast"
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
    source = about["source"]
    source["columns"] = {role: tuple(names) for role, names in source["columns"].items()}
    source["sha256"] = hashlib.sha256(data).hexdigest()
    table = pl.read_parquet(io.BytesIO(data))
    if "category" not in table.columns:  # those prepared before posts had one
        category = pl.lit(None, pl.String).alias("category")
        table = table.insert_column(table.columns.index("image"), category)
    return Posts(
        table=table,
        rejected=pl.DataFrame(about["rejected"], schema=_REJECTED),
        source=Source(**source, image_root=folder_of(path)),
    )


def is_prepared(path: str | Path) -> bool:
    """Return whether a file is one that `write_prepared` wrote."""
    try:
        return _KEY in pl.read_parquet_metadata(Path(path))
    except (pl.exceptions.PolarsError, OSError):
        return False


def write_rejected(posts: Posts, path: str | Path) -> None:
    """Write the rejected rows as CSV: ``row, id, reason, value``.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    with replacing(Path(path)) as temporary:
        posts.rejected.write_csv(temporary)


def _about(data: bytes, name: str) -> dict[str, Any]:
    try:
        return dict(json.loads(pl.read_parquet_metadata(io.BytesIO(data))[_KEY]))
    except (pl.exceptions.PolarsError, OSError, KeyError, ValueError):
        raise ReadError(
            f"{name} does not hold prepared posts",
            "a file that `postcast prepare` wrote",
            "run `postcast prepare` first",
        ) from None
