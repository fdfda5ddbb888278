"""JSON Lines, an array of objects, or objects within an envelope → a table of text cells.

Numbers are kept as they are written, so that no id passes through a float.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from postcast.data.columns import Columns
from postcast.data.sources.format import Format, Table
from postcast.data.sources.json_records import flat, records_among, table_of, values_of
from postcast.errors import ReadError

if TYPE_CHECKING:
    from postcast.data.sources.files import Files

_START = re.compile(r'\s*+(\[\s*+[\[{\]"]|\{\s*+["}])')


def read(files: Files) -> Table:
    """Read a whole file of JSON; what is no object among others is a rejected row.

    Members of nested objects become columns with dotted names, such as ``stats.likes``.

    Raises
    ------
    ReadError
        If it is not JSON, or holds no object.
    """
    values = values_of(files.text_of(files.names[0]), files.name)
    if values == [[]] or not values:
        raise ReadError(f"{files.name} is an empty array", "at least one post")
    records = [flat(record) for record in records_among(values)]
    return table_of(records, Columns(), files.name)


def fits(files: Files) -> bool:
    """Tell whether a file begins as JSON does."""
    return not files.is_set and _START.match(files.head_of(files.names[0])) is not None


FORMAT = Format(
    what="JSON Lines, or JSON",
    needs="one object a line, an array of objects, or an object that holds them; nested members "
    "have dotted names; the rest as for csv",
    told_by="a first character [ or {",
    takes={"each": "what csv takes"},
    fits=fits,
    read=read,
)
