"""What each format's module offers, and what a reader gives back. Knows no format."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from postcast.data.columns import Columns

if TYPE_CHECKING:
    import polars as pl

    from postcast.data.sources.files import Files

BROKEN = "record is broken"
RETWEET = "post is a retweet"

_KEY = re.compile(r'"([A-Za-z0-9_]{1,60})"\s*+:')


@dataclass(frozen=True)
class Table:
    """A source as text cells.

    Parameters
    ----------
    cells : polars.DataFrame
        One row a record, every column String, null where the source has nothing.
    columns : Columns
        What the format takes for what, where nobody asks for anything else.
    problems : mapping of int to (str, str)
        Row, from 1, to why it cannot be learned from, and what was found.
    notes : tuple of str
        What had to be mended in the whole file, in words.
    scores_counts : bool
        Whether the source's field scores forecasts of counts rather than of classes.
    """

    cells: pl.DataFrame
    columns: Columns = Columns()  # noqa: RUF009
    problems: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    scores_counts: bool = False


@dataclass(frozen=True, kw_only=True)
class Format:
    """A format that can be read.

    Parameters
    ----------
    what : str
        What it is, for people.
    needs : str
        Which files, and what must be in them.
    told_by : str
        By what it is recognised.
    takes : mapping of str to str
        Role, or ``engagement``, to where it comes from.
    fits : callable
        Whether some files look like it, by their names and beginnings.
    read : callable
        Files to their table.
    """

    what: str
    needs: str
    told_by: str
    takes: Mapping[str, str]
    fits: Callable[[Files], bool]
    read: Callable[[Files], Table]


def keys_of(head: str) -> frozenset[str]:
    """Return the names of members in the beginning of a JSON text."""
    return frozenset(_KEY.findall(head))
