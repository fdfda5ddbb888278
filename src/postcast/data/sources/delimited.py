"""CSV and its kin (comma, semicolon, tab, bar) → a table of text cells.

Knows quoting and line numbers; decides nothing about what a column means.
"""

from __future__ import annotations

import contextlib
import csv
import io
import re
from collections.abc import Iterator

import polars as pl

from postcast.data.sources.text import decode
from postcast.errors import ReadError

DELIMITERS = (",", ";", "\t", "|")

_SAMPLE_RECORDS = 50
_SAMPLE_LINES = 400


def read(data: bytes, name: str) -> pl.DataFrame:
    """Read a whole delimited file; `name` is for messages.

    Raises
    ------
    ReadError
        If a quote is not closed, a row has more or fewer fields than the header, or two
        columns share a name; the line (1-based, as an editor counts them) is named.
    """
    lines = list(io.StringIO(decode(data, name), newline=""))
    with _fields_of_any_size(len(data)):
        records = list(_records(lines, _delimiter(lines), name))
    _, header = records[0]
    _check_header(header, name)
    for line, row in records:
        if len(row) != len(header):
            raise ReadError(
                f"{name}, line {line}: {len(row)} fields",
                f"{len(header)} as in the header",
                "quote the fields that contain the delimiter",
            )
    columns = zip(*(row for _, row in records), strict=True)
    return pl.DataFrame({head: pl.Series(cells, dtype=pl.String) for head, *cells in columns})


def _records(lines: list[str], delimiter: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each record with the line on which it begins, without blank ones."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    begins = 1
    try:
        for record in reader:
            if len(record) > 1 or (record and record[0].strip()):
                yield begins, record
            begins = reader.line_num + 1
    except csv.Error as error:
        opened = _opening_line("".join(lines[begins - 1 :]), delimiter) + begins - 1
        never_closed = "unexpected end" in str(error)
        raise ReadError(
            f"{name}: the quote that opens on line {opened} is never closed"
            if never_closed
            else f"{name}, line {reader.line_num}: text follows a closing quote, "
            f"which opened on line {opened}",
            action="close it, and double the quotes inside quoted fields",
        ) from None


def _opening_line(record: str, delimiter: str) -> int:
    """Return the 1-based line of a broken record on which its unclosed quote opens."""
    stops = rf"{re.escape(delimiter)}\r\n"
    field = re.compile(rf'"[^"]*+(?:""[^"]*+)*+"(?=[{stops}]|\Z)|(?!")[^{stops}]*')
    position = 0
    while position < len(record) and (match := field.match(record, position)):
        position = match.end() + 1
    return len(re.findall(r"\r\n|\r|\n", record[:position])) + 1


def _delimiter(lines: list[str]) -> str:
    """Return the delimiter that gives the first records the most even number of fields."""
    evenness = {mark: _evenness(lines[:_SAMPLE_LINES], mark) for mark in DELIMITERS}
    return max(DELIMITERS, key=evenness.__getitem__)


def _evenness(lines: list[str], delimiter: str) -> tuple[float, int]:
    records = [record for record in csv.reader(lines, delimiter=delimiter) if record]
    widths = [len(record) for record in records[:_SAMPLE_RECORDS]]
    if widths[0] < 2:
        return 0.0, 0
    return widths.count(widths[0]) / len(widths), widths[0]


def _check_header(header: list[str], name: str) -> None:
    for column in header:
        if header.count(column) > 1:
            raise ReadError(
                f"{name}: {header.count(column)} columns are named {column!r}",
                "names that differ",
                "rename one",
            )


@contextlib.contextmanager
def _fields_of_any_size(size: int) -> Iterator[None]:
    before = csv.field_size_limit()
    csv.field_size_limit(max(before, size))
    try:
        yield
    finally:
        csv.field_size_limit(before)
