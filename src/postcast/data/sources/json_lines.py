"""JSON Lines, or a JSON array of objects → a table of text cells.

Numbers are kept as they are written, so that no id passes through a float.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from postcast.data.sources.cells import record_table
from postcast.data.sources.format import Format, Table
from postcast.data.sources.json_records import parsed
from postcast.errors import ReadError

if TYPE_CHECKING:
    from postcast.data.sources.files import Files

_EXPECTED = "one JSON object a line, or an array of objects"
_START = re.compile(r'\s*+(\[\s*+[\[{\]"]|\{\s*+["}])')


def read(files: Files) -> Table:
    """Read a whole file of JSON.

    Raises
    ------
    ReadError
        If a line is not a JSON object; its number is named.
    """
    text = files.text_of(files.names[0])
    is_array = text.lstrip().startswith("[")
    records = _array(text, files.name) if is_array else _lines(text, files.name)
    return Table(record_table(records, files.name))


def fits(files: Files) -> bool:
    """Tell whether a file begins as JSON does."""
    return not files.is_set and _START.match(files.head_of(files.names[0])) is not None


def _array(text: str, name: str) -> list[dict[str, Any]]:
    records = parsed(text, name)
    for number, record in enumerate(records, 1):
        if not isinstance(record, dict):
            raise ReadError(f"{name}: element {number} of the array is not an object", _EXPECTED)
    if not records:
        raise ReadError(f"{name} is an empty array", "at least one post")
    return list(records)


def _lines(text: str, name: str) -> list[dict[str, Any]]:
    records = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        record = parsed(line, name, number - 1)
        if not isinstance(record, dict):
            raise ReadError(f"{name}, line {number} is not a JSON object", _EXPECTED)
        records.append(record)
    return records


FORMAT = Format(
    what="JSON Lines, or one JSON array",
    needs="one object a line, or an array of objects; the rest as for csv",
    told_by="a first character [ or {",
    takes={"each": "what csv takes"},
    fits=fits,
    read=read,
)
