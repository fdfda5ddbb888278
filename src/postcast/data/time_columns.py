"""A column of times → moments: what one cell leaves open, all of them together decide.

Knows cells and their order in the file; knows no role of a column.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, tzinfo

import numpy as np
import polars as pl

from postcast.data.times import DateStyle, moment_of

_SERIAL = r"^[0-9]{5}(\.[0-9]+)?$"
_GROUPS = (
    r"(?:^|[^0-9])(?<first>[0-9]{1,2})(?<mark>[/.-])(?<second>[0-9]{1,2})(?<again>[/.-])"
    r"(?<third>[0-9]{4}|[0-9]{2})(?:[^0-9]|$)"
)
_THREE_NUMBERS = r"(?:^|[^0-9])[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{2}"
_SERIALS = (20_000, 80_000)
"""Days since 1899-12-30 of the years 1954 to 2119."""

_MOSTLY = 0.9
_CLEARLY = 0.75
"""The share of neighbouring rows in one direction from which a file counts as sorted by time."""

_FEW = 3
_MOMENT = pl.Datetime("us", "UTC")


@dataclass(frozen=True)
class TimeColumn:
    """The times of a column.

    Parameters
    ----------
    moments : polars.Series of Datetime("us", "UTC")
        Null where a cell is empty or no time.
    notes : tuple of str
        What had to be decided, in words, where nothing in the column decided it.
    """

    moments: pl.Series
    notes: tuple[str, ...] = ()


def read_times(cells: pl.Series, zone: tzinfo, day_first: bool | None = None) -> TimeColumn:
    """Read a column of times.

    Three numbers, such as ``03/04/2025``, may begin with the day or the month. It is decided for
    all that have the same mark between the numbers: by a number above 12, else by the order of
    the rows where one reading sorts them and the other does not, else the month is taken to come
    first, but the day where the mark is a point; a note then says so.

    Parameters
    ----------
    cells : polars.Series of String
        Stripped; null where there is nothing.
    zone : tzinfo
        Of times that name none.
    day_first : bool, optional
        Decides for all marks.

    Returns
    -------
    TimeColumn
    """
    is_serial = cells.str.contains(_SERIAL).fill_null(value=False)
    numbers = cells.filter(is_serial).cast(pl.Float64)
    are_serials = (
        len(numbers) > 0
        and len(numbers) >= _MOSTLY * cells.count()
        and bool(numbers.is_between(*_SERIALS).all())
    )
    styles, notes = _day_first(cells, day_first)
    style = DateStyle(styles, are_serials)
    at_once = _read_at_once(cells, style) if zone is UTC else _nothing(len(cells))
    left = cells.set(at_once.is_not_null(), None)
    distinct = left.drop_nulls().unique()
    moments = {text: moment_of(text, zone, style) for text in distinct}
    if not moments:
        return TimeColumn(at_once, notes)
    one_by_one = [None if text is None else moments[text] for text in left]
    read = pl.select(pl.coalesce(at_once, pl.Series(one_by_one, dtype=_MOMENT))).to_series()
    return TimeColumn(read, notes)


def _read_at_once(cells: pl.Series, style: DateStyle) -> pl.Series:
    """Return the times, in UTC, of cells in the most usual formats, null for all others.

    What it reads `moment_of` would read alike, some ten times more slowly.
    """
    text, tail = pl.col("text"), r"(?: ([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?)?$"
    iso = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z?$"
    read = [_parsed(text.str.slice(0, 19).str.replace("T", " "), "%Y-%m-%d %H:%M:%S", iso, text)]
    for mark, day_first in style.day_first.items():
        pattern = rf"^[0-9]{{1,2}}\{mark}[0-9]{{1,2}}\{mark}[0-9]{{4}}{tail}"
        date = f"%d{mark}%m{mark}%Y" if day_first else f"%m{mark}%d{mark}%Y"
        whole = pl.when(text.str.contains(":", literal=True)).then(text).otherwise(text + " 0:00")
        read += [
            _parsed(whole, f"{date} {clock}", pattern, text) for clock in ("%H:%M", "%H:%M:%S")
        ]
    table = cells.alias("text").to_frame()
    return table.select(pl.coalesce(read).dt.replace_time_zone("UTC")).to_series()


def _parsed(written: pl.Expr, clock: str, pattern: str, text: pl.Expr) -> pl.Expr:
    """Return the times of texts that match a pattern; null for others, and for no date."""
    moment = written.str.to_datetime(clock, strict=False, time_unit="us")
    return pl.when(text.str.contains(pattern)).then(moment)


def _nothing(n_rows: int) -> pl.Series:
    return pl.repeat(None, n_rows, dtype=_MOMENT, eager=True)


def _day_first(cells: pl.Series, day_first: bool | None) -> tuple[dict[str, bool], tuple[str, ...]]:
    """Return for each mark whether the day comes first, and what was decided without a reason."""
    filled = cells.drop_nulls()
    dates = (
        filled.filter(filled.str.contains(_THREE_NUMBERS))
        .alias("text")
        .to_frame()
        .with_columns(pl.col("text").str.extract_groups(_GROUPS).alias("parts"))
        .unnest("parts")
        .filter(pl.col("mark") == pl.col("again"))
        .cast({"first": pl.Int64, "second": pl.Int64, "third": pl.Int64})
    )
    decided: dict[str, bool] = {}
    notes = []
    for (mark,), rows in dates.group_by("mark", maintain_order=True):
        numbers = rows.select("first", "second", "third").to_numpy()
        known = day_first if day_first is not None else _decided(numbers)
        decided[mark] = (mark == ".") if known is None else known
        if known is None:
            order = "day" if decided[mark] else "month"
            other = "monthfirst" if decided[mark] else "dayfirst"
            notes.append(
                f"whether {rows['text'][0]!r} begins with the day or the month nothing tells: "
                f"the {order} is taken; --{other} reads it the other way"
            )
    return decided, tuple(notes)


def _decided(triples: np.ndarray) -> bool | None:
    """Return whether the day comes first, where a number above 12 or the rows' order tells.

    Parameters
    ----------
    triples : ndarray of int, shape (n_dates, 3)
        The numbers as they stand, in the order of the file.
    """
    above = [int((triples[:, place] > 12).sum()) for place in (0, 1)]
    if above[0] != above[1]:
        return above[0] > above[1]
    if len(triples) < _FEW:
        return None
    a, b, year = triples.T
    sorted_by_day, sorted_by_month = _sortedness(year, b, a), _sortedness(year, a, b)
    if max(sorted_by_day, sorted_by_month) < _CLEARLY or sorted_by_day == sorted_by_month:
        return None
    return sorted_by_day > sorted_by_month


def _sortedness(year: np.ndarray, month: np.ndarray, day: np.ndarray) -> float:
    """Return the share of neighbouring rows that go in the more frequent direction."""
    steps = np.diff((year * 16 + month) * 32 + day)
    steps = steps[steps != 0]
    return 0.0 if len(steps) == 0 else float(max((steps > 0).mean(), (steps < 0).mean()))
