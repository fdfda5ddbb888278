"""Bytes in any supported format → a table of text cells, told apart by their content.

Knows the formats' names and marks; each format's own module knows how to read it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import polars as pl

from postcast.data.sources import delimited, json_lines, parquet
from postcast.data.sources.text import decode
from postcast.errors import ReadError, SettingsError

READERS: Mapping[str, Callable[[bytes, str], pl.DataFrame]] = {
    "csv": delimited.read,
    "json": json_lines.read,
    "parquet": parquet.read,
}
"""Reader by name: bytes and a name for messages → a table whose cells are all text."""

_JSON_START = re.compile(r'\s*(\[\s*[\[{\]"]|\{\s*["}])')


def read_bytes(data: bytes, name: str, reader: str = "auto") -> pl.DataFrame:
    """Read a table from bytes.

    Parameters
    ----------
    data : bytes
        A whole file.
    name : str
        The file's name, for messages.
    reader : str
        A key of `READERS`, or ``"auto"`` to tell the format from the content.

    Returns
    -------
    polars.DataFrame
        One row a record, every column String, null where the source has nothing.

    Raises
    ------
    ReadError
        If the file is empty, binary, broken, or has no rows.
    SettingsError
        If there is no such reader.
    """
    if reader != "auto" and reader not in READERS:
        raise SettingsError(f"no reader {reader!r}", f"one of auto, {', '.join(READERS)}")
    chosen = reader if reader != "auto" else _format_of(data, name)
    table = READERS[chosen](data, name)
    if table.is_empty():
        raise ReadError(f"{name} has a header but no rows", "at least one post")
    return table


def _format_of(data: bytes, name: str) -> str:
    if data.startswith(parquet.MAGIC):
        return "parquet"
    return "json" if _JSON_START.match(decode(data, name)) else "csv"
