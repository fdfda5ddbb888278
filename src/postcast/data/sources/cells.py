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

from postcast.data.sources.limits import check_columns
from postcast.errors import ReadError
from postcast.wording import counted

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


def record_table(
    records: Sequence[Mapping[str, object]], source: str = "a list of posts"
) -> pl.DataFrame:
    """Return records as a table of text cells, columns in order of first appearance.

    Parameters
    ----------
    records : sequence of mapping
    source : str
        What they stand in, for messages.

    Raises
    ------
    ReadError
        If the records have so many different members that nearly every cell would be empty.
    """
    names = dict.fromkeys(name for record in records for name in record)
    check_columns(source, len(names), "different members")
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
            f"{n_records:,} records have {counted(n_names, 'different member')}, "
            "and each has few of them",
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
    if column.dtype.is_nested() and _holds_times(column.dtype):
        return texts(column.to_physical().to_list())
    if not column.dtype.is_temporal():
        return texts(column.to_list())
    return _moment_texts(column)


_DAY = {"ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}
_FIRST_DAY, _LAST_DAY = -719_160, 2_932_894
"""Days since 1970 within which Python has a date whatever the zone, of the years 1 to 9999."""


def _moment_texts(column: pl.Series) -> pl.Series:
    """Return times as text; those that Python has no date for as numbers, which are no times."""
    unit = getattr(column.dtype, "time_unit", None)
    a_day, physical = _DAY.get(str(unit), 1), column.to_physical()
    if column.dtype == pl.Time:
        return texts(column.to_list())
    first, last = max(_FIRST_DAY * a_day, -(2**63)), min(_LAST_DAY * a_day, 2**63 - 1)
    fits = physical.is_between(first, last).fill_null(value=False)
    beyond = (physical.cast(pl.String) + f" {unit or 'days'}").to_list()
    moments = pl.select(pl.when(fits).then(column)).to_series().to_list()
    known = column.is_not_null().to_list()
    return texts(
        other if moment is None and is_known else moment
        for moment, other, is_known in zip(moments, beyond, known, strict=True)
    )


def _holds_times(kind: pl.DataType) -> bool:
    inner = getattr(kind, "inner", None)
    fields = [field.dtype for field in getattr(kind, "fields", ())]
    kinds = [one for one in (inner, *fields) if one is not None]
    return any(one.is_temporal() or _holds_times(one) for one in kinds)
