"""Cells of any type → text, losing no digit; lists of records and data frames → text tables.

Knows no file and no role of a column.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import narwhals as nw
import polars as pl

from postcast.errors import ReadError

MANY_CELLS = 1_000_000
"""A table of fewer is made however few of its cells are filled."""

MOSTLY_EMPTY = 50
"""So many cells for each that is filled are too many in a larger one."""

_UNFIT = re.compile("[\0\ud800-\udfff]")
_REPLACEMENT = "\ufffd"


def text_table(table: pl.DataFrame) -> pl.DataFrame:
    """Return the same table with every column as String."""
    return pl.DataFrame({column.name: _text_column(column) for column in table.get_columns()})


def native_table(frame: object) -> pl.DataFrame:
    """Return a data frame of any library that narwhals knows as a table of text cells.

    Raises
    ------
    TypeError
        If narwhals does not know it.
    """
    if isinstance(frame, pl.DataFrame):
        return text_table(frame)
    known = nw.from_native(frame, eager_only=True)  # type: ignore[call-overload]
    columns = {}
    for column in known.iter_columns():
        pairs = zip(column.to_list(), column.is_null().to_list(), strict=True)
        columns[str(column.name)] = texts(None if null else value for value, null in pairs)
    return pl.DataFrame(columns)


def record_table(records: Sequence[Mapping[str, object]]) -> pl.DataFrame:
    """Return records as a table of text cells, columns in order of first appearance.

    Raises
    ------
    ReadError
        If the records have so many different members that nearly every cell would be empty.
    """
    names = dict.fromkeys(name for record in records for name in record)
    check_bounded(len(records), len(names), sum(map(len, records)))
    return pl.DataFrame(
        {_fit(str(name)): texts(record.get(name) for record in records) for name in names}
    )


def check_bounded(n_records: int, n_names: int, n_filled: int) -> None:
    """Refuse records whose table would be far larger than they are.

    Raises
    ------
    ReadError
    """
    if n_records * n_names > max(MANY_CELLS, MOSTLY_EMPTY * n_filled):
        raise ReadError(
            f"{n_records:,} records have {n_names:,} different members, and each has few of them",
            "much the same members in each",
        )


def texts(values: Iterable[object]) -> pl.Series:
    """Return values as a String series; None and not-a-number are null."""
    return pl.Series([as_text(value) for value in values], dtype=pl.String)


def as_text(value: object) -> str | None:
    """Return one cell as text; None for None and not-a-number.

    Numbers keep all their digits (`float` as its shortest exact form, with a point), lists
    are joined by commas, and NUL characters and lone surrogates become U+FFFD.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, float):
        return float.__repr__(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return ", ".join(text for item in value if (text := as_text(item)) is not None)
    if isinstance(value, Mapping):
        return _fit(json.dumps(value, ensure_ascii=False, default=str))
    return _fit(str(value))


def _fit(text: str) -> str:
    if text.isascii() and "\0" not in text:
        return text
    if _UNFIT.search(text) is None:
        return text
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.replace("\0", _REPLACEMENT)


def _text_column(column: pl.Series) -> pl.Series:
    if isinstance(column.dtype, (pl.Categorical, pl.Enum)):
        column = column.cast(pl.String)
    if column.dtype == pl.String:
        return column.str.replace_all("\0", _REPLACEMENT, literal=True)
    if column.dtype.is_integer():
        return column.cast(pl.String)
    return texts(column.to_list())
