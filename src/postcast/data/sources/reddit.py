"""Reddit submissions: JSON Lines, lists and listings, or CSV, with a selftext.

Knows that what was removed says so in place of its words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl

from postcast.data.columns import Columns
from postcast.data.sources import delimited
from postcast.data.sources.format import Format, Table, keys_of
from postcast.data.sources.json_lines import fits as is_json
from postcast.data.sources.json_records import inside, table_of, values_of

if TYPE_CHECKING:
    from postcast.data.sources.files import Files

GONE = ("[removed]", "[deleted]")
"""What stands where the words or the author were."""

_NEEDED = frozenset({"title", "selftext"})
_ROLES = {
    "title": "title",
    "author": "author",
    "time": "created_utc",
    "count": "score",
    "id": "id",
    "category": "subreddit",
}


def read(files: Files) -> Table:
    """Read submissions; where not one has words of its own, their titles are the text.

    Raises
    ------
    ReadError
        If the file is broken, or has no submission.
    """
    name = files.names[0]
    if is_json(files):
        values = values_of(files.text_of(name), files.name)
        records = [record for value in values for record in _submissions(value)]
        table = table_of(records, Columns(), files.name)
    else:
        table = delimited.table_of(files.bytes_of(name), files.name)
    cells = table.cells.with_columns(
        _without_gone(column) for column in ("selftext", "author") if column in table.cells.columns
    )
    words = cells["selftext"].str.strip_chars().fill_null("") if "selftext" in cells.columns else ()
    has_words = any(word != "" for word in words)
    text = "selftext" if has_words or "title" not in cells.columns else "title"
    there: dict[str, Any] = {role: name for role, name in _ROLES.items() if name in cells.columns}
    columns = Columns(text=(text,), **there)
    return replace(table, cells=cells, columns=columns)


def fits(files: Files) -> bool:
    """Tell whether JSON or CSV has a title and a selftext."""
    if files.is_set:
        return False
    head = files.head_of(files.names[0])
    return _NEEDED.issubset(keys_of(head) if is_json(files) else delimited.header_of(head))


def _submissions(value: Any) -> Iterator[Any]:
    """Yield the submissions of a listing, or the value itself, without its envelope."""
    children = inside(value, "data", "children")
    for one in children if isinstance(children, list) else [value]:
        data = inside(one, "data")
        yield data if isinstance(data, Mapping) else one


def _without_gone(column: str) -> pl.Expr:
    is_gone = pl.col(column).str.strip_chars().is_in(GONE)
    return pl.when(~is_gone).then(pl.col(column)).alias(column)


FORMAT = Format(
    what="Reddit submissions (JSON Lines, a listing, or CSV)",
    needs="title, selftext and score; a dump, an API listing or a table of them",
    told_by="the members or columns title and selftext",
    takes={
        "text": "selftext, [removed] and [deleted] left out; title where not one has any",
        "title": "title",
        "author": "author",
        "time": "created_utc",
        "engagement": "score",
        "category": "subreddit",
    },
    fits=fits,
    read=read,
)
