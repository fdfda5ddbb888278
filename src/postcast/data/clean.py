"""What goes and why: rows that cannot be learned from, each with its one reason.

Knows the canonical columns, and nothing of where they came from.
"""

from __future__ import annotations

import polars as pl

REASONS = (
    "record is broken",
    "row has too many fields",
    "quote is not closed",
    "post is a retweet",
    "count is missing",
    "count is not a number",
    "count is negative",
    "count is too large",
    "time is missing",
    "time is not a date",
    "id is mangled",
    "author is mangled",
    "id is missing",
    "id is repeated",
    "text is mangled",
    "text is blank",
)
"""Why a row is rejected, in order of precedence; rows of the last two stay as history."""

_SILENT = ("text is mangled", "text is blank")


LARGEST_COUNT = 2.0**53
"""Beyond it a float skips whole numbers: such a count is none that was counted."""


def clean(table: pl.DataFrame, *, keep_negative: bool = False) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Part the rows to learn from and the rejected ones.

    Parameters
    ----------
    table : polars.DataFrame
        Canonical columns (see `postcast.data.cast`). ``count_found`` and ``time_found``,
        where they are present, hold what the source has; null where it has nothing.
        ``id_found``, ``author_found`` and ``text_found``, where they are present, hold the cells
        that are mangled.
        ``problem`` and ``problem_found``, where they are present, say what its reader rejects.
    keep_negative : bool
        Keep counts below zero, as the reference's protocol does.

    Returns
    -------
    table : polars.DataFrame
        The rows that stay, without those columns. Rows of blank or mangled text stay.
    rejected : polars.DataFrame
        ``row`` (UInt32, 1-based), ``id``, ``reason`` (one of `REASONS`), ``value``.
    """
    judged = table.with_columns(_unreadable(table, keep_negative=keep_negative).alias("reason"))
    usable = pl.col("reason").is_null()
    seen_before = usable & ~pl.struct("id", usable.alias("usable")).is_first_distinct()
    blank = usable & (pl.col("text") == "")
    has_mangled = "text_found" in table.columns
    mangled = pl.col("text_found").is_not_null() if has_mangled else pl.lit(value=False)
    judged = judged.with_columns(
        pl.when(seen_before)
        .then(pl.lit("id is repeated"))
        .when(blank & mangled)
        .then(pl.lit("text is mangled"))
        .when(blank)
        .then(pl.lit("text is blank"))
        .otherwise("reason")
        .alias("reason")
    )
    stays = pl.col("reason").is_null() | pl.col("reason").is_in(_SILENT)
    return judged.filter(stays).drop("reason", *_found(table)), _rejected(judged, table)


def _unreadable(table: pl.DataFrame, *, keep_negative: bool) -> pl.Expr:
    """Return the reason for which a row alone, without the others, is rejected."""
    rules: list[tuple[pl.Expr, str]] = []
    reader = [pl.col("problem")] if "problem" in table.columns else []
    if "count_found" in table.columns:
        rules += [
            (pl.col("count_found").is_null(), "count is missing"),
            (pl.col("engagement").is_null(), "count is not a number"),
        ]
        if not keep_negative:
            rules.append((pl.col("engagement") < 0, "count is negative"))
        rules.append((pl.col("engagement").abs() > LARGEST_COUNT, "count is too large"))
    if "time_found" in table.columns:
        rules += [
            (pl.col("time_found").is_null(), "time is missing"),
            (pl.col("time").is_null(), "time is not a date"),
        ]
    rules += [
        (pl.col(f"{role}_found").is_not_null(), f"{role} is mangled")
        for role in ("id", "author")
        if f"{role}_found" in table.columns
    ]
    rules.append((pl.col("id").is_null(), "id is missing"))
    return pl.coalesce(*reader, *(pl.when(rule).then(pl.lit(reason)) for rule, reason in rules))


def _rejected(judged: pl.DataFrame, table: pl.DataFrame) -> pl.DataFrame:
    value = pl.col("problem_found") if "problem" in table.columns else pl.lit("")
    for prefix, column in (("count", "count_found"), ("time", "time_found"), ("id", "id")):
        if column in table.columns:
            value = (
                pl.when(pl.col("reason").str.starts_with(prefix))
                .then(pl.col(column))
                .otherwise(value)
            )
    for role in ("id", "author", "text"):
        if f"{role}_found" in table.columns:
            is_mangled = pl.col("reason") == f"{role} is mangled"
            value = pl.when(is_mangled).then(pl.col(f"{role}_found")).otherwise(value)
    return judged.filter(pl.col("reason").is_not_null()).select(
        "row", pl.col("id").fill_null(""), "reason", value.fill_null("").alias("value")
    )


def _found(table: pl.DataFrame) -> list[str]:
    roles = ("count", "time", "id", "author", "text")
    names = (*(f"{role}_found" for role in roles), "problem", "problem_found")
    return [name for name in names if name in table.columns]
