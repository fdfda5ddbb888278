"""Parquet → a table of text cells. Knows nothing of posts."""

from __future__ import annotations

import io

import polars as pl

from postcast.data.sources.cells import text_table
from postcast.errors import ReadError

MAGIC = b"PAR1"


def read(data: bytes, name: str) -> pl.DataFrame:
    """Read a whole Parquet file; `name` is for messages.

    Raises
    ------
    ReadError
        If the file is damaged.
    """
    try:
        table = pl.read_parquet(io.BytesIO(data))
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ReadError(
            f"{name} is no Parquet file that can be read ({reason})", action="write it again"
        ) from None
    return text_table(table)
