"""Text → counts, in the ways in which exports write them. Knows no column and no file."""

from __future__ import annotations

import polars as pl

_GROUPED = r"^[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?\s*[kKmMbB]?$"
_NUMBER = r"^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$"
_SUFFIXES = (("[kK]", "e3"), ("[mM]", "e6"), ("[bB]", "e9"))


def counts(texts: pl.Series) -> pl.Series:
    """Read counts.

    Parameters
    ----------
    texts : polars.Series of String
        Such as ``12``, ``1,234``, ``12.0``, ``1e3``, ``1.2K``, ``3M``.

    Returns
    -------
    polars.Series of Float64
        Null where the text is no finite number; percentages are none.
    """
    text = pl.col("text").str.strip_chars()
    text = (
        pl.when(text.str.contains(_GROUPED))
        .then(text.str.replace_all(",", "", literal=True))
        .otherwise(text)
    )
    for suffix, exponent in _SUFFIXES:
        text = text.str.replace(rf"([0-9])\s*{suffix}$", f"${{1}}{exponent}")
    number = pl.when(text.str.contains(_NUMBER)).then(text).cast(pl.Float64, strict=False)
    finite = pl.when(number.is_finite()).then(number)
    return texts.alias("text").to_frame().select(finite.alias(texts.name)).to_series()
