"""Workbooks (.xlsx, .xls, .ods, and XML that is called .xls) → a table of text cells.

Knows sheets and where a table begins within one; each cell is written as its own digits.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import polars as pl

from postcast.data.names import spellings
from postcast.data.sources.cells import texts
from postcast.data.sources.delimited import numbered
from postcast.data.sources.format import Format, Table
from postcast.data.sources.limits import check_columns, check_unpacked
from postcast.data.synonyms import SYNONYMS
from postcast.errors import ReadError

if TYPE_CHECKING:
    from postcast.data.sources.files import Files

OLE = b"\xd0\xcf\x11\xe0"
_ZIP = b"PK\x03\x04"
_XML = (b"<?xml", b"\xef\xbb\xbf<?xml")
_SHEET = "urn:schemas-microsoft-com:office:spreadsheet"
_LOOKED_AT = 4096

_HEADER_WITHIN = 20
"""Rows among which a sheet's header is looked for."""

_LARGEST_WHOLE = 2.0**53
_LONE_AMPERSAND = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});)")
_EXPECTED = "a workbook with a sheet of posts"
_ACTION = "save the sheet as CSV"

_KNOWN = frozenset(form for names in SYNONYMS.values() for one in names for form in spellings(one))


@dataclass(frozen=True)
class Sheet:
    """A sheet's name and its rows, as Python values."""

    name: str
    rows: Sequence[Sequence[Any]]


def read(files: Files) -> Table:
    """Read the sheet whose header names most of what posts have, from that header on.

    Raises
    ------
    ReadError
        If the file is damaged, unpacks to too much, or holds no table.
    """
    data = files.bytes_of(files.names[0])
    sheets = _sheets_of_xml(data, files.name) if _is_xml(data) else _sheets_of(data, files.name)
    begun = [(sheet, *_header(sheet.rows)) for sheet in sheets if len(sheet.rows) > 1]
    if not begun:
        raise ReadError(f"{files.name} has no sheet with a table", _EXPECTED)
    sheet, row, _ = max(begun, key=lambda one: one[2])
    notes = []
    if len(sheets) > 1:
        notes.append(f"of {len(sheets)} sheets {sheet.name!r} is read")
    if row:
        notes.append(f"the header stands in row {row + 1} of {sheet.name!r}")
    return Table(_table(sheet.rows, row, files.name), notes=tuple(notes))


def fits(files: Files) -> bool:
    """Tell by a file's first bytes whether it is a workbook."""
    if files.is_set:
        return False
    data = files.fetch(files.names[0], _LOOKED_AT)
    return data.startswith((OLE, _ZIP)) or _is_xml(data)


def _is_xml(data: bytes) -> bool:
    return data.startswith(_XML) and _SHEET.encode() in data[:_LOOKED_AT]


def _sheets_of(data: bytes, name: str) -> list[Sheet]:
    from python_calamine import CalamineWorkbook

    if data.startswith(_ZIP):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            check_unpacked(name, len(data), sum(one.file_size for one in archive.infolist()))
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        return [
            Sheet(one, book.get_sheet_by_name(one).to_python(skip_empty_area=True))
            for one in book.sheet_names
        ]
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # a panic of the reader's is no Exception
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ReadError(
            f"{name} is no workbook that can be read ({reason})", action=_ACTION
        ) from None


def _sheets_of_xml(data: bytes, name: str) -> list[Sheet]:
    """Read SpreadsheetML 2003, which Facebook's old exports call ``.xls``."""
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise ReadError(f"{name} declares entities, which workbooks do not", action=_ACTION)
    try:
        root = ElementTree.fromstring(_LONE_AMPERSAND.sub(b"&amp;", data))  # noqa: S314
    except ElementTree.ParseError as error:
        raise ReadError(f"{name} is broken XML ({error})", _EXPECTED, _ACTION) from None
    mark = f"{{{_SHEET}}}"
    return [
        Sheet(sheet.get(f"{mark}Name", ""), [_cells(row, mark) for row in sheet.iter(f"{mark}Row")])
        for sheet in root.iter(f"{mark}Worksheet")
    ]


def _cells(row: ElementTree.Element, mark: str) -> list[str]:
    cells: list[str] = []
    for cell in row.iter(f"{mark}Cell"):
        place = cell.get(f"{mark}Index", "")
        if place.isdecimal() and len(place) < 6:  # cells that are empty are left out
            cells += [""] * (int(place) - 1 - len(cells))
        data = cell.find(f"{mark}Data")
        cells.append("" if data is None else "".join(data.itertext()))
    return cells


def _header(rows: Sequence[Sequence[Any]]) -> tuple[int, int]:
    """Return the row with most names that are known, and how many; the first of equals."""
    best = (0, -1)
    for place, row in enumerate(rows[: min(_HEADER_WITHIN, len(rows) - 1)]):
        words = [cell for cell in row if isinstance(cell, str) and cell.strip()]
        n_known = sum(not _KNOWN.isdisjoint(spellings(word)) for word in words if len(word) < 200)
        if len(words) > 1 and n_known > best[1]:
            best = (place, n_known)
    return best


def _table(rows: Sequence[Sequence[Any]], header: int, name: str) -> pl.DataFrame:
    names = [_written(cell) or "" for cell in rows[header]]
    width = max((place for place, one in enumerate(names, 1) if one.strip()), default=0)
    check_columns(name, width)
    below = [row for row in rows[header + 1 :] if any(cell not in ("", None) for cell in row)]
    columns = (texts(_column(below, place)) for place in range(width))
    return pl.DataFrame(dict(zip(numbered(names[:width]), columns, strict=True)))


def _column(rows: Sequence[Sequence[Any]], place: int) -> Iterator[str | None]:
    return (_written(row[place]) if place < len(row) else None for row in rows)


def _written(value: Any) -> str | None:
    """Return a cell as text: whole numbers without a point, times as ISO 8601 has them."""
    if value is None or value == "":
        return None
    if isinstance(value, float) and value.is_integer() and abs(value) < _LARGEST_WHOLE:
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value.total_seconds())
    return str(value)


FORMAT = Format(
    what="a workbook: .xlsx, .xls, .ods",
    needs="a sheet with a header within its first 20 rows; the sheet and the row that name most "
    "of what posts have are taken; the rest as for csv",
    told_by="its first bytes, or SpreadsheetML",
    takes={"each": "what csv takes"},
    fits=fits,
    read=read,
)
