"""Text → counts, in the ways in which exports write them. Knows no column and no file."""

from __future__ import annotations

import polars as pl

_UNITS = (
    "likes? views? videos? comments? shares? retweets? reactions? claps? saves? points? upvotes? "
    "votes? plays? reposts? followers? replies reply"
).replace(" ", "|")
_SUFFIXES = (
    ("(?:[kK]|[tT]sd\\.?|тыс\\.?|千)", "e3"),
    ("(?:万|萬|만)", "e4"),
    ("(?:[mM]|[mM]io\\.?|[mM]ln\\.?|млн\\.?)", "e6"),
    ("(?:亿|億|억)", "e8"),
    ("(?:[bB]|[mM]rd\\.?|млрд\\.?)", "e9"),
)
_NUMBER = r"^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$"

_DIGITS = r"^[+-]?[0-9]{1,300}$"
_BETWEEN_THOUSANDS = "[\u0020\u00a0\u2009\u202f'’]"
_SPACED = rf"^[+-]?[0-9]{{1,3}}({_BETWEEN_THOUSANDS}[0-9]{{3}})+([.,][0-9]+)?$"
_SUFFIX = r"(\s*\p{L}{1,4}\.?)?$"
_POINTS = rf"^[+-]?[1-9][0-9]{{0,2}}(\.[0-9]{{3}})+(,[0-9]+)?{_SUFFIX}"
_COMMAS = rf"^[+-]?[0-9]{{1,3}}(,[0-9]{{3}})+(\.[0-9]+)?{_SUFFIX}"
_DECIMAL_COMMA = rf"^[+-]?[0-9]+,[0-9]+{_SUFFIX}"


def counts(texts: pl.Series) -> pl.Series:
    """Read the counts of a column.

    Where points stand between thousands (``1.234``) and where they begin a fraction is decided
    for the whole column: between thousands where three digits follow each of them. A comma
    between thousands is one in any column; where other digits follow, it begins a fraction.

    Parameters
    ----------
    texts : polars.Series of String
        Such as ``12``, ``1,234``, ``12.0``, ``1e3``, ``1.2K``, ``3M``, ``1 234``, ``1.2万``,
        ``10+``, ``1,234 likes``, ``赞[74065]``.

    Returns
    -------
    polars.Series of Float64
        Null where the text is no finite number; percentages are none.
    """
    if texts.str.contains(_DIGITS).fill_null(value=True).all():
        return texts.cast(pl.Float64)
    table = texts.alias("text").to_frame().select(_bare(pl.col("text")).alias("text"))
    pointed = table["text"].filter(table["text"].str.contains(".", literal=True))
    by_points = len(pointed) > 0 and bool(pointed.str.contains(_POINTS).all())
    text = pl.col("text")
    without_points = text.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    text = (
        pl.when(text.str.contains(_POINTS) & pl.lit(by_points))
        .then(without_points)
        .when(text.str.contains(_COMMAS))
        .then(text.str.replace_all(",", "", literal=True))
        .when(text.str.contains(_DECIMAL_COMMA))
        .then(text.str.replace(",", ".", literal=True))
        .otherwise(text)
    )
    for suffix, exponent in _SUFFIXES:
        text = text.str.replace(rf"([0-9])\s*{suffix}$", f"${{1}}{exponent}")
    number = pl.when(text.str.contains(_NUMBER)).then(text).cast(pl.Float64, strict=False)
    finite = pl.when(number.is_finite()).then(number)
    return table.select(finite.alias(texts.name)).to_series()


def _bare(text: pl.Expr) -> pl.Expr:
    """Return texts without what may stand around a number."""
    text = text.str.strip_chars()
    text = text.str.replace(r"^\p{L}{1,8}\s*\[([0-9.,]+)\]$", "${1}")
    text = text.str.replace(r"^([0-9][0-9.,]*)\+$", "${1}")
    text = text.str.replace(rf"(?i)^(.*[0-9]\S{{0,4}})\s+({_UNITS})$", "${1}")
    spaced = text.str.contains(_SPACED)
    return pl.when(spaced).then(text.str.replace_all(_BETWEEN_THOUSANDS, "")).otherwise(text)
