"""A table of text cells and its columns' roles → the canonical columns of `postcast.schema`.

Knows how counts, times and texts are written; rejects no row.
"""

from __future__ import annotations

import polars as pl

from postcast.data.columns import Columns
from postcast.data.numbers import counts
from postcast.data.tags import canonical_tags
from postcast.data.time_columns import read_times
from postcast.data.times import FORMATS, zone_of
from postcast.errors import ReadError
from postcast.wording import counted

_DECIMAL = r"^[0-9]+(\.0+|[.,][0-9]+[eE]\+?[0-9]+|[eE]\+[0-9]+)$"
"""An id or a name that a program took for a number; its digits may be lost."""

_ERROR_VALUE = r"^#(NAME\?|REF!|VALUE!|DIV/0!|N/A|NULL!|NUM!|SPILL!|CALC!|ERROR!|#{3,})$"
"""What a spreadsheet shows in the place of a cell."""

_NOTHING = r"(?i)^(-+|–|—|n/?a|null|none|nan|nat|unknown|undefined|\\n)$"
"""What programs and people write where they have no count or time."""

_MOSTLY = 0.5
"""The share of a column's cells from which it is the column that is mangled, not some cells."""

_EXAMPLES = 3


def cast(
    raw: pl.DataFrame,
    columns: Columns,
    *,
    timezone: str = "UTC",
    day_first: bool | None = None,
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Bring text cells to the canonical columns, row for row.

    Parameters
    ----------
    raw : polars.DataFrame
        All columns String.
    columns : Columns
        Names that exist in `raw`.
    timezone : str
        The zone of times that name none.
    day_first : bool, optional
        Whether dates such as ``03/04/2025`` begin with the day; without it the column decides.

    Returns
    -------
    table : polars.DataFrame
        ``row`` (UInt32, 1-based), ``id``, ``author``, ``title`` (null where there is none),
        ``text`` (empty where there is none), ``tags`` (as `canonical_tags` writes them),
        ``category``, ``image``, ``time`` (UTC, microseconds), ``engagement`` (Float64); and what
        the source has for the last two, stripped, null where it has nothing: ``time_found``
        and ``count_found``, each only where there is such a column. Cells that a spreadsheet
        mangled are empty, and stand in ``id_found``, ``author_found`` and ``text_found``, each
        only where there are some.
    notes : tuple of str
        What was decided in reading them, where the cells leave it open.

    Raises
    ------
    SettingsError
        If there is no such time zone.
    """
    rows = pl.int_range(1, raw.height + 1, dtype=pl.UInt32, eager=True).alias("row")
    ids, authors = _filled(raw, columns.id), _filled(raw, columns.author)
    notes: list[str] = []
    if columns.id is None or _are_rounded(ids):
        if columns.id is not None:
            notes.append(_rounded(ids, columns.id, "row numbers are used instead"))
        ids = rows.cast(pl.String)
    if _are_rounded(authors):
        notes.append(_rounded(authors, str(columns.author), "no author is read"))
        authors = _filled(raw, None)
    ids, *mangled_ids = _without_mangled(ids, "id")
    authors, *mangled_authors = _without_mangled(authors, "author")
    text, *mangled_texts = _joined(raw, columns.text)
    counted = _known(_filled(raw, columns.count)).alias("count_found")
    dated = _known(_filled(raw, columns.time)).alias("time_found")
    times = read_times(dated, zone_of(timezone), day_first)
    found = [
        *([counted] if columns.count else []),
        *([dated] if columns.time else []),
    ]
    table = pl.DataFrame(
        [
            rows,
            ids.alias("id"),
            authors.alias("author"),
            _filled(raw, columns.title).alias("title"),
            text.alias("text"),
            canonical_tags(_filled(raw, columns.tags)).alias("tags"),
            _filled(raw, columns.category).alias("category"),
            _filled(raw, columns.image).alias("image"),
            times.moments.alias("time"),
            counts(counted).alias("engagement"),
            *found,
            *mangled_ids,
            *mangled_authors,
            *mangled_texts,
        ]
    )
    return table, (*notes, *times.notes)


def _filled(raw: pl.DataFrame, name: str | None) -> pl.Series:
    """Return a column without surrounding white space, null where nothing is left."""
    if name is None:
        return pl.repeat(None, raw.height, dtype=pl.String, eager=True)
    stripped = pl.col(name).str.strip_chars()
    return raw.select(pl.when(stripped != "").then(stripped).alias(name)).to_series()


def _known(cells: pl.Series) -> pl.Series:
    """Return counts or times without the words that stand for none."""
    return cells.set(cells.str.contains(_NOTHING).fill_null(value=False), None)


def _joined(raw: pl.DataFrame, names: tuple[str, ...]) -> list[pl.Series]:
    """Return the columns joined, empty where one is an error value, and those where there are."""
    parts = [_filled(raw, name).alias(str(part)) for part, name in enumerate(names)]
    joined = pl.concat_str(pl.all(), separator="\n", ignore_nulls=True).fill_null("")
    mangled = pl.coalesce(pl.when(pl.all().str.contains(_ERROR_VALUE)).then(pl.all()))
    table = pl.DataFrame(parts).select(joined.alias("text"), mangled.alias("text_found"))
    found = table["text_found"]
    if found.null_count() == len(found):
        return [table["text"]]
    return [table["text"].set(found.is_not_null(), ""), found]


def _are_rounded(keys: pl.Series) -> bool:
    """Tell whether most ids or authors were written as decimal numbers."""
    decimal = keys.str.contains(_DECIMAL).fill_null(value=False)
    return bool(decimal.any()) and decimal.sum() >= _MOSTLY * keys.count()


def _rounded(keys: pl.Series, name: str, instead: str) -> str:
    decimal = keys.filter(keys.str.contains(_DECIMAL).fill_null(value=False))
    written = f"{counted(len(decimal), 'cell')} of the column {name!r} such as {decimal[0]!r}"
    return f"a program rounded {written}: {instead}"


def _without_mangled(keys: pl.Series, role: str) -> list[pl.Series]:
    """Return ids or authors without those mangled, and the mangled ones where there are some."""
    mangled = keys.str.contains(f"{_DECIMAL}|{_ERROR_VALUE}").fill_null(value=False)
    if not mangled.any():
        return [keys]
    return [keys.set(mangled, None), keys.set(~mangled, None).alias(f"{role}_found")]


def check_readable(table: pl.DataFrame, columns: Columns, role: str) -> None:
    """Refuse a cast table none of whose counts (or times) could be read.

    Parameters
    ----------
    table : polars.DataFrame
        What `cast` returned.
    columns : Columns
        What it was given.
    role : {"count", "time"}

    Raises
    ------
    ReadError
        If that column exists and nothing in it could be read.
    """
    found, read, problem, expected = _READABLE[role]
    if found not in table.columns or table[read].null_count() < table.height:
        return
    some = table[found].drop_nulls().unique(maintain_order=True).head(_EXAMPLES).to_list()
    examples = f"e.g. {', '.join(map(repr, some))}" if some else "empty cells only"
    raise ReadError(
        f"no {role} in column {columns.names(role)[0]!r} {problem}, found {examples}",
        expected,
        f"choose --{role}-col",
    )


_READABLE = {
    "count": ("count_found", "engagement", "is a number", "such as 12, 1,234 or 1.2K"),
    "time": ("time_found", "time", "can be read", FORMATS),
}
