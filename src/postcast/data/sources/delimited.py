"""CSV and its kin (comma, semicolon, tab, bar) → a table of text cells.

Knows quoting and line numbers; decides nothing about what a column means.
"""

from __future__ import annotations

import contextlib
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import polars as pl

from postcast.csv_cells import unguarded
from postcast.data.columns import COMMON_NAMES
from postcast.data.sources.format import Format, Table
from postcast.data.sources.limits import check_columns
from postcast.data.sources.text import decode
from postcast.errors import ReadError
from postcast.wording import counted

if TYPE_CHECKING:
    from postcast.data.sources.files import Files

DELIMITERS = (",", ";", "\t", "|")

_SAMPLE_RECORDS = 50
_SAMPLE_LINES = 400


def read(files: Files) -> Table:
    """Read a whole delimited file, as `cells_of` does."""
    return Table(cells_of(files.bytes_of(files.names[0]), files.name))


def fits(files: Files) -> bool:
    """Tell whether there is one file alone; what is no table then says so."""
    return not files.is_set


def cells_of(data: bytes, name: str) -> pl.DataFrame:
    """Return the cells of a whole delimited file; `name` is for messages.

    The apostrophe that guards a cell from being computed by a spreadsheet is taken away.

    Raises
    ------
    ReadError
        If a quote is not closed, a row has more or fewer fields than the header, or two
        columns share a name; the line (1-based, as an editor counts them) is named.
    """
    lines = list(io.StringIO(decode(data, name), newline=""))
    first = next(line for line in lines if line.strip())
    check_columns(name, 1 + max(first.count(mark) for mark in DELIMITERS))
    with fields_of_any_size(len(data)):
        records = _records(lines, delimiter_of(lines), name)
        _, header = next(records, (1, []))
        _check_header(header, name)
        columns = _columns(header, records, name)
    return unguarded(
        pl.DataFrame({head: pl.Series(cells, dtype=pl.String) for head, cells in columns.items()})
    )


def _columns(
    header: list[str], records: Iterator[tuple[int, list[str]]], name: str
) -> dict[str, list[str]]:
    """Return the cells of each column."""
    columns: list[list[str]] = [[] for _ in header]
    for line, row in records:
        if len(row) != len(header):
            raise ReadError(
                f"{name}, line {line}: {counted(len(row), 'field')}",
                f"{len(header)} as in the header",
                "quote the fields that contain the delimiter",
            )
        for column, cell in zip(columns, row, strict=True):
            column.append(cell)
    return dict(zip(header, columns, strict=True))


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


def header_of(head: str) -> list[str]:
    """Return the names in the first line of a delimited text."""
    lines = [line for line in head.splitlines()[:_SAMPLE_LINES] if line.strip()][:1]
    try:
        return next(csv.reader(lines, delimiter=delimiter_of(lines)), [])
    except csv.Error:
        return []


def delimiter_of(lines: list[str]) -> str:
    """Return the delimiter that gives the first records the most even number of fields."""
    evenness = {mark: _evenness(lines[:_SAMPLE_LINES], mark) for mark in DELIMITERS}
    return max(DELIMITERS, key=evenness.__getitem__)


def _evenness(lines: list[str], delimiter: str) -> tuple[float, int]:
    records = [record for record in csv.reader(lines, delimiter=delimiter) if record]
    widths = [len(record) for record in records[:_SAMPLE_RECORDS]]
    if not widths or widths[0] < 2:
        return 0.0, 0
    return widths.count(widths[0]) / len(widths), widths[0]


def _check_header(header: list[str], name: str) -> None:
    if not header:
        raise ReadError(f"{name} is empty", "a header and at least one post")
    check_columns(name, len(header))
    column, times = Counter(header).most_common(1)[0]
    if times > 1:
        raise ReadError(
            f"{name}: {times} columns are named {column!r}", "names that differ", "rename one"
        )


@contextlib.contextmanager
def fields_of_any_size(size: int) -> Iterator[None]:
    """Let the csv module take fields as long as a whole file of `size`, and then as before."""
    before = csv.field_size_limit()
    csv.field_size_limit(max(before, size))
    try:
        yield
    finally:
        csv.field_size_limit(before)


FORMAT = Format(
    what="CSV and its kin",
    needs="a header with a column of texts and one of counts, found by their names or named; "
    "comma, semicolon, tab or bar between fields",
    told_by="being none of the others",
    takes={
        "engagement" if role == "count" else role: ", ".join(names)
        for role, names in COMMON_NAMES.items()
    },
    fits=fits,
    read=read,
)
