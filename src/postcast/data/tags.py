"""Tags in the ways in which platforms write them → one: between commas, without ``#``.

Knows no column and no file.
"""

from __future__ import annotations

import ast
import re
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

SEPARATOR = ", "
"""Between the tags of a post."""

_LITERAL = re.compile(r"""'(?:[^'\\]|\\.?)*+(?:'|\Z)|"(?:[^"\\]|\\.?)*+(?:"|\Z)""", re.DOTALL)
"""A string literal; one that is never closed reaches to the end, so that no end is sought twice."""

_MARKS = re.compile(r"[,;|\n]")


def canonical_tags(cells: pl.Series) -> pl.Series:
    """Write each cell's tags in the one way; null where a cell has none."""
    import polars as pl

    if cells.null_count() == len(cells):
        return cells
    written = [None if cell is None else SEPARATOR.join(tags_of(cell)) or None for cell in cells]
    return pl.Series(cells.name, written, dtype=pl.String)


def tags_of(text: str) -> tuple[str, ...]:
    """Return the tags that a text names, each once.

    Parameters
    ----------
    text : str
        A Python or JSON list; else words between commas, semicolons or bars; else hashtags or
        words between spaces.
    """
    text = text.strip()
    if text.startswith("[") and text.endswith("]"):
        parts = _listed(text[1:-1])
    elif _MARKS.search(text):
        parts = _MARKS.split(text)
    else:
        parts = text.split()
    words = (" ".join(part.replace(",", " ").split()).lstrip("#").strip() for part in parts)
    return tuple(dict.fromkeys(word for word in words if word))


def _listed(text: str) -> list[str]:
    literals = _LITERAL.findall(text)
    return [_unquoted(literal) for literal in literals] if literals else text.split(",")


def _unquoted(literal: str) -> str:
    """Return what a string literal stands for; nothing but literals is ever evaluated."""
    if "\\" not in literal:
        return literal.strip(literal[0])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _whole(str(ast.literal_eval(literal)))
    except (ValueError, SyntaxError):
        return literal.strip(literal[0])


def _whole(text: str) -> str:
    """Replace what escapes can name and no text can hold: NUL and halves of characters."""
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.replace("\0", "\ufffd")
