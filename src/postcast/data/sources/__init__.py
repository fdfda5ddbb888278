"""Files in any supported format → a table of text cells, told apart by their content.

Knows the formats' names and their order; each format's own module knows its marks and layout.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import replace

from postcast.data.sources import (
    delimited,
    icip2020,
    instagram,
    json_lines,
    parquet,
    pinterest,
    pinterest_analytics,
    pinterest_api,
    reddit,
    smpd,
    workbook,
    x_archive,
)
from postcast.data.sources.files import Files, printable
from postcast.data.sources.format import Format, Table
from postcast.data.sources.several import MOST_FILES, Part, joined
from postcast.errors import ReadError, SettingsError

READERS: Mapping[str, Format] = {
    "csv": delimited.FORMAT,
    "json": json_lines.FORMAT,
    "parquet": parquet.FORMAT,
    "workbook": workbook.FORMAT,
    "reddit": reddit.FORMAT,
    "pinterest": pinterest.FORMAT,
    "pinterest-analytics": pinterest_analytics.FORMAT,
    "pinterest-api": pinterest_api.FORMAT,
    "instagram": instagram.FORMAT,
    "x": x_archive.FORMAT,
    "icip2020": icip2020.FORMAT,
    "smpd": smpd.FORMAT,
}
"""Format by the name of its reader; auto asks them from the last to the first."""

_SHOWN = 8


def read_files(files: Files, reader: str = "auto") -> Table:
    """Read a table from files.

    Parameters
    ----------
    files : Files
    reader : str
        A key of `READERS`, or ``"auto"`` to tell the format from the content.

    Returns
    -------
    Table
        With at least one row.

    Raises
    ------
    ReadError
        If a file is empty, binary or broken, none is of any format, or there are no rows.
    SettingsError
        If there is no such reader.
    """
    if reader != "auto" and reader not in READERS:
        near = difflib.get_close_matches(reader, READERS, 1)
        raise SettingsError(
            f"no reader {reader!r}",
            f"one of auto, {', '.join(READERS)}",
            f"did you mean {near[0]!r}?" if near else "see postcast formats",
        )
    try:
        table = _read(files, reader)
    except RecursionError:
        raise ReadError(f"{files.name} is nested too deeply", "a table of posts") from None
    if table.cells.is_empty():
        raise ReadError(f"{files.name} has a header but no rows", "at least one post")
    return replace(table, notes=(*files.notes, *table.notes))


def _read(files: Files, reader: str) -> Table:
    names = reversed(list(READERS)) if reader == "auto" else [reader]
    chosen = next((READERS[name] for name in names if READERS[name].fits(files)), None)
    if chosen is None and files.is_set:
        return _table_among(files, reader)
    return (chosen or READERS[reader]).read(files)


def _table_among(files: Files, reader: str) -> Table:
    """Return the table of a folder or archive of no known layout, joined where it has parts.

    Raises
    ------
    ReadError
        If there is none, or several that are no parts of one.
    """
    if len(files.names) == 1:
        return _read(files.alone(files.names[0]), reader)
    kind = "a folder" if files.folder is not None else "an archive"
    if not files.names:
        raise ReadError(
            f"{files.name} is {kind} without a file of posts",
            "one of a format that is read",
            "see postcast formats",
        )
    if len(files.names) <= MOST_FILES:
        parts = [part for name in files.names if (part := _part(files, name, reader)) is not None]
        table = joined(parts)
        if table is not None:
            return table
    shown = ", ".join(map(printable, files.names[:_SHOWN]))
    more = f" and {len(files.names) - _SHOWN} more" if len(files.names) > _SHOWN else ""
    raise ReadError(
        f"{files.name} is {kind} of several files ({shown}{more}) and of no known layout",
        "one file of posts, or a layout that postcast formats lists",
        "give one of the files",
    )


def _part(files: Files, name: str, reader: str) -> Part | None:
    """Return one of several files as a table; None where it is none that can be read."""
    try:
        return Part(printable(name), _read(files.alone(name), reader))
    except ReadError:
        return None
