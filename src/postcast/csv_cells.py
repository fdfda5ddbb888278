"""Tables as CSV that a person may open: a cell of somebody else's text is never a formula.

Knows cells; knows no file and no column's meaning.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING

from postcast.wording import rounded_count

if TYPE_CHECKING:
    import polars as pl

GUARD = "'"
"""What spreadsheets read as: this is text, as OWASP advises ("CSV Injection")."""

_BEGINS_FORMULA = r"^(?:'*[ \u00a0]*[=+\-@＝＋－＠]|'*[\t\r\n])"
"""Guards that stand there already count, so that reading takes away what writing has added."""

_IS_NUMBER = r"^[+-]?[0-9][0-9.,]*(?:[eE][+-]?[0-9]+)?%?$"
"""Which a spreadsheet reads as that number, and not as a formula."""


def csv_text(table: pl.DataFrame, *, raw: bool = False) -> str:
    """Return a table as CSV, decimals to six places.

    Parameters
    ----------
    table : polars.DataFrame
    raw : bool
        True leaves text as it is, for programs; else a cell that a spreadsheet would compute is
        guarded by an apostrophe. Numbers, negative ones too, stay as they are.
    """
    return (table if raw else _guarded(table)).write_csv(float_precision=6)


def _guarded(table: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    text = pl.col(pl.String)
    computes = text.str.contains(_BEGINS_FORMULA) & ~text.str.contains(_IS_NUMBER)
    return table.with_columns(pl.when(computes).then(GUARD + text).otherwise(text).name.keep())


def unguarded(table: pl.DataFrame) -> pl.DataFrame:
    """Return cells that were read from CSV without the apostrophe that guards what is in them."""
    import polars as pl

    text = pl.col(pl.String)
    is_guarded = text.str.starts_with(GUARD) & text.str.contains(_BEGINS_FORMULA)
    return table.with_columns(
        pl.when(is_guarded).then(text.str.slice(1)).otherwise(text).name.keep()
    )


def count_cell(count: float | None) -> str | None:
    """Return a count as a cell holds it: a whole one in full, another to six digits."""
    if count is None or not math.isfinite(count):
        return None
    return format(Decimal(repr(rounded_count(count))), "f")
