"""Parquet → a table of text cells. Knows nothing of posts."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import polars as pl

from postcast.data.sources.cells import text_table
from postcast.data.sources.format import Format, Table
from postcast.errors import ReadError

if TYPE_CHECKING:
    from postcast.data.sources.files import Files

MAGIC = "PAR1"


def read(files: Files) -> Table:
    """Read a whole Parquet file.

    Raises
    ------
    ReadError
        If the file is damaged.
    """
    try:
        table = pl.read_parquet(io.BytesIO(files.bytes_of(files.names[0])))
        return Table(text_table(table))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ReadError(
            f"{files.name} is no Parquet file that can be read ({reason})", action="write it again"
        ) from None


def fits(files: Files) -> bool:
    """Tell whether a file begins as Parquet does."""
    return not files.is_set and files.head_of(files.names[0]).startswith(MAGIC)


FORMAT = Format(
    what="Apache Parquet",
    needs="a column of texts and one of counts, found by their names or named",
    told_by="its first four bytes, PAR1",
    takes={"each": "what csv takes"},
    fits=fits,
    read=read,
)
