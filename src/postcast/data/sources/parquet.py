"""Parquet → a table of text cells. Knows nothing of posts."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import polars as pl

from postcast.data.sources.cells import text_table
from postcast.data.sources.format import Format, Table
from postcast.data.sources.limits import check_columns, check_unpacked, table_in_memory
from postcast.data.sources.parquet_pages import unpacked
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
    data = files.bytes_of(files.names[0])
    try:
        return Table(text_table(bounded_table(data, files.name)))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ReadError(
            f"{files.name} is no Parquet file that can be read ({reason})", action="write it again"
        ) from None


def bounded_table(data: bytes, name: str) -> pl.DataFrame:
    """Return the table of a Parquet file that unpacks to no more than is allowed.

    Raises
    ------
    ReadError
        If it is damaged, unpacks to too much, or has too many columns.
    """
    told = unpacked(data, name)
    check_columns(name, told.n_columns)
    check_unpacked(name, len(data), told.n_bytes, table_in_memory(told.n_rows))
    table = pl.read_parquet(io.BytesIO(data))
    n_bytes = sum(map(_text_bytes, table.get_columns()))  # a dictionary's text, each time
    check_unpacked(name, len(data), told.n_bytes + n_bytes)
    return table


def _text_bytes(column: pl.Series) -> int:
    """Return how many bytes the texts of a column hold."""
    kind = column.dtype
    if isinstance(kind, (pl.Categorical, pl.Enum)):
        column, kind = column.cast(pl.String), pl.String()
    if kind == pl.String:
        return int(column.str.len_bytes().sum())
    if kind == pl.Binary:
        return int(column.bin.size().sum())
    if isinstance(kind, (pl.List, pl.Array)):
        return _text_bytes(column.explode())
    if isinstance(kind, pl.Struct):
        return sum(_text_bytes(column.struct.field(field.name)) for field in kind.fields)
    return 0


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
