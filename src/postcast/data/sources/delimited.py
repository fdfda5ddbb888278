"""CSV and its kin (comma, semicolon, tab, bar) → a table of text cells.

Knows quoting and line numbers; decides nothing about what a column means.
"""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
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

TOO_WIDE = "row has too many fields"
OPEN_QUOTE = "quote is not closed"

_SEPARATOR = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
_SHOWN = 80
_SAMPLE_RECORDS = 50
_SAMPLE_LINES = 400


def read(files: Files) -> Table:
    """Read a whole delimited file, as `table_of` does."""
    return table_of(files.bytes_of(files.names[0]), files.name)


def fits(files: Files) -> bool:
    """Tell whether there is one file alone; what is no table then says so."""
    return not files.is_set


def table_of(data: bytes, name: str) -> Table:
    """Return the cells of a whole delimited file; `name` is for messages.

    A line ``sep=;`` and lines of a title before the header are left out. Rows that lack their last
    fields are filled with empty ones; rows with too many, and lines on which a quote opens that is
    never closed, are problems. Of columns that share a name, the later ones are numbered. The
    apostrophe that guards a cell from being computed by a spreadsheet is taken away.

    Raises
    ------
    ReadError
        If the file is empty, or has too many columns.
    """
    found = decode(data, name)
    lines = list(io.StringIO(found.text, newline=""))
    first = next(line for line in lines if line.strip())
    told = _SEPARATOR.fullmatch(first.strip())
    if told:
        lines = lines[lines.index(first) + 1 :]
        first = next((line for line in lines if line.strip()), "")
    check_columns(name, 1 + max(first.count(mark) for mark in DELIMITERS))
    with fields_of_any_size(len(data)):
        delimiter = told[1] if told else delimiter_of(lines)
        records = _records(lines, delimiter)
        header, ahead = _header(records, name)
        table = _table(header, itertools.chain(ahead, records))
    return replace(table, notes=(found.note, *table.notes)) if found.note else table


def cells_of(data: bytes, name: str) -> pl.DataFrame:
    """Return the cells of `table_of` alone: rows that are problems are empty."""
    return table_of(data, name).cells


def _header(
    records: Iterator[list[str] | _Broken], name: str
) -> tuple[list[str], list[list[str] | _Broken]]:
    """Return the header, its names made different, and the records read on the way.

    It is the first record; but where that has one field and most of the first fifty have more, a
    title, it is the first as wide as most are.

    Raises
    ------
    ReadError
        If there is none, or it has too many columns.
    """
    ahead = list(itertools.islice(records, _SAMPLE_RECORDS))
    whole = [record for record in ahead if not isinstance(record, _Broken)]
    if not whole:
        raise ReadError(f"{name} is empty", "a header and at least one post")
    widths = Counter(len(record) for record in whole[1:] or whole)
    width = max(widths, key=lambda one: (widths[one], one))
    is_short = len(whole[0]) == 1 < width
    begins = next((at for at, one in enumerate(whole) if len(one) >= width), 0) if is_short else 0
    header = whole[begins]
    check_columns(name, len(header))
    return numbered(header), ahead[ahead.index(header) + 1 :]


def numbered(names: list[str]) -> list[str]:
    """Return column names of which the later ones of a name are numbered, as in ``text (2)``."""
    taken: dict[str, None] = {}
    for name in names:
        other, number = name, 1
        while other in taken:
            number += 1
            other = f"{name} ({number})".strip()
        taken[other] = None
    return list(taken)


def _table(header: list[str], records: Iterator[list[str] | _Broken]) -> Table:
    """Return the records as cells under a header, and what is wrong with some."""
    columns: list[list[str]] = [[] for _ in header]
    problems: dict[int, tuple[str, str]] = {}
    width, n_short, row = len(header), 0, 0
    for row, record in enumerate(records, 1):
        if len(record) != width:
            n_short += len(record) < width and not isinstance(record, _Broken)
            problem = _problem(record, width)
            if problem is not None:
                problems[row] = problem
            filled = [] if problem is not None else record[:width]
            fields = [*filled, *[""] * (width - len(filled))]
        else:
            fields = record
        for column, field in zip(columns, fields, strict=True):
            column.append(field)
    cells = pl.DataFrame(
        {
            name: pl.Series(column, dtype=pl.String)
            for name, column in zip(header, columns, strict=True)
        }
    )
    notes = (f"{counted(n_short, 'row')} without the last fields of the header",) if n_short else ()
    return Table(unguarded(cells), problems=problems, notes=notes)


def _problem(record: list[str] | _Broken, width: int) -> tuple[str, str] | None:
    """Return why a record of another width than the header is none, and its beginning."""
    if isinstance(record, _Broken):
        return OPEN_QUOTE, record[0][:_SHOWN]
    if any(cell.strip() for cell in record[width:]):
        return TOO_WIDE, f"{len(record)} fields: {', '.join(record)}"[:_SHOWN]
    return None


class _Broken(list[str]):
    """The line on which a record begins that cannot be read."""


def _records(lines: list[str], delimiter: str) -> Iterator[list[str] | _Broken]:
    """Yield each record without blank ones; of one whose quotes are broken, its first line.

    A record that fails was open at the end of each of its lines: a quote that opens on one of them
    and is open at its end would fail in the same place. So they are read each by itself, and no
    line is read more than a few times.
    """
    start = 0
    while start < len(lines):
        reader = csv.reader(itertools.islice(lines, start, None), delimiter=delimiter, strict=True)
        begins = start
        try:
            for record in reader:
                if not _is_blank(record):
                    yield record
                begins = start + reader.line_num
        except csv.Error as error:
            was_open = "unexpected end" in str(error)
            start += reader.line_num - (0 if was_open else 1)
            yield _Broken([lines[begins].strip()])
            yield from _one_by_one(lines[begins + 1 : start], delimiter)
            start = max(start, begins + 1)
        else:
            return


def _one_by_one(lines: list[str], delimiter: str) -> Iterator[list[str] | _Broken]:
    """Yield the record of each line that holds a whole one; others are broken."""
    for line in lines:
        try:
            record = next(csv.reader([line], delimiter=delimiter, strict=True), [])
        except csv.Error:
            yield _Broken([line.strip()])
        else:
            if not _is_blank(record):
                yield record


def _is_blank(record: list[str]) -> bool:
    return not record or (len(record) == 1 and not record[0].strip())


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
    [(width, n_records)] = Counter(widths).most_common(1) or [(0, 0)]
    return (n_records / len(widths), width) if width > 1 else (0.0, 0)


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
